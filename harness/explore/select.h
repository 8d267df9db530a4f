/* SPDX-License-Identifier: Apache-2.0 */
/* select.h - what of a plan is run on boards: the points that they can be cut at, and no more than is asked for. */
#ifndef BP_EXPLORE_SELECT_H
#define BP_EXPLORE_SELECT_H

#include "bench/bench.h"
#include "explore/plan.h"

/*
 * A plan of a part of p's cases, each with a run of its own, in plan order: the
 * one without fault, and at most `budget` others (0: all), spread evenly over
 * variants and, within each, over its points. Points that none of the n boards
 * can be cut at are left to the virtual board: *virtual_only counts them.
 * Everything in a. 0 or BP_ENOMEM.
 */
int bp_plan_select(struct bp_arena *a, const struct bp_plan *p, const struct bp_bench_board *const *boards, unsigned n,
		   uint32_t budget, struct bp_plan **out, uint32_t *virtual_only, struct bp_err *err);

/* Can this board run the case at all? NULL, or why it is left to others (static text). */
const char *bp_plan_refuses(const struct bp_plan *p, const struct bp_case *c, const struct bp_bench_board *b);

/* Can the case run without a probe? Not what is aimed at a flash operation, nor damage at rest. */
bool bp_plan_detachable(const struct bp_plan *p, const struct bp_case *c);

/*
 * Is this case one of `percent` of the plan's that run with the probe detached? So many of all, at least one, spread
 * evenly over those that can: by its place in the plan alone.
 */
bool bp_plan_detached(const struct bp_plan *p, uint32_t index, uint32_t percent);

#endif
