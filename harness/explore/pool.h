/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - worker processes that judge runs; the parent merges.
 *
 * Workers are forked with the plan in memory, so a task is a number. They judge
 * and answer, and write nothing else. A worker that crashes or hangs is thrown
 * away and its run is done once more in a fresh process: twice is a rig verdict.
 * Workers die with the parent, whatever kills it.
 */
#ifndef BP_EXPLORE_POOL_H
#define BP_EXPLORE_POOL_H

#include "explore/runner.h"

#define BP_MAX_JOBS 64

/* Called in the parent, in plan order of runs: run `index` is judged. A negative return ends the sweep. */
typedef int bp_pool_done(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err);

/*
 * Judge the plan's runs from `first` on with `jobs` workers. With plan->record the
 * logs of their recoveries are kept in the plan. Blocks until done.
 */
int bp_pool_judge(struct bp_runner *r, struct bp_plan *p, uint32_t first, unsigned jobs, bp_pool_done *done, void *ctx,
		  struct bp_err *err);

#endif
