/* SPDX-License-Identifier: Apache-2.0 */
/* runner_parts.h - what runner.c and runner_state.c share (private to them). */
#ifndef BP_EXPLORE_RUNNER_PARTS_H
#define BP_EXPLORE_RUNNER_PARTS_H

#include "explore/runner.h"

static inline struct bp_flash *bp_runner_flash(struct bp_runner *r)
{
	return bp_vboard_flash(r->v->vboard);
}

/* The board as it was made, but for its flash: nothing armed, nobody watching. */
void bp_runner_rewind(struct bp_runner *r);

/* Room to remember judgements, in a, but what bp_runner_close() gives back. */
int bp_runner_remember(struct bp_runner *r, struct bp_arena *a, struct bp_err *err);

#endif
