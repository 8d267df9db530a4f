/* SPDX-License-Identifier: Apache-2.0 */
/* select.h - what of a plan is run on boards: the points that they can be cut at, and no more than is asked for. */
#ifndef BP_EXPLORE_SELECT_H
#define BP_EXPLORE_SELECT_H

#include "bench/bench.h"
#include "explore/plan.h"

/*
 * A plan of a part of p's cases, each with a run of its own, in plan order: the
 * one without fault, and at most `budget` others (0: all), spread evenly over
 * variants and, within each, over its points. Points that one of the n boards
 * cannot be cut at are left to the virtual board: *virtual_only counts them.
 * Everything in a. 0 or BP_ENOMEM.
 */
int bp_plan_select(struct bp_arena *a, const struct bp_plan *p, const struct bp_bench_board *const *boards, unsigned n,
		   uint32_t budget, struct bp_plan **out, uint32_t *virtual_only, struct bp_err *err);

#endif
