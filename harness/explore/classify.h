/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify.h - what a cut on a real board hit: the states of the log that fit the
 * flash which it left.
 *
 * Cells are read once, as they read now: whether they are weak does not show. An
 * operation that leaves no trace (it writes what stood there) fits before and
 * after; so the answer is a set.
 */
#ifndef BP_EXPLORE_CLASSIFY_H
#define BP_EXPLORE_CLASSIFY_H

#include "explore/log.h"

#define BP_FIT_WHOLE 1 /* so many operations complete, the next not begun */
#define BP_FIT_TORN 2  /* the next is done in part: its cells read as neither before nor after */

struct bp_fit {
	uint8_t *at;             /* n_ops + 1: BP_FIT_… by the number of operations that are complete */
	uint32_t n;              /* entries */
	uint32_t fits;           /* entries that are not 0 */
	uint32_t first, last;    /* of those; meaningless when none fits */
};

/*
 * seen: the whole flash, log->start's size; unreadable: as many flags, 1 where the
 * part refused to read (only an operation that was cut leaves that). Areas that
 * are not to count hold log->start's bytes. Everything in a. 0 or BP_ENOMEM.
 */
int bp_classify(struct bp_arena *a, const struct bp_log *log, const uint8_t *seen, const uint8_t *unreadable, struct bp_fit *out,
		struct bp_err *err);

/* Does the state s fit? Torn ones by operation, not by how far it came. */
bool bp_fit_has(const struct bp_fit *fit, const struct bp_state *s);

/* In words, into text[cap]: "operation 137 done in part", "136 to 138 operations done". */
void bp_fit_show(const struct bp_fit *fit, char *text, size_t cap);

#endif
