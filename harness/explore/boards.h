/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boards.h - the cases of a plan on real boards: one worker process a board; the
 * parent hands out one case at a time and merges in plan order.
 *
 * A board in trouble costs the case that it was at: a verdict `rig`. It is opened
 * anew, and when that fails it is left out of what remains of the plan; the run
 * goes on with the others. Workers die with the parent, whatever kills it, and
 * each has a guardian that leaves its relay safe (bench/safe.h).
 */
#ifndef BP_EXPLORE_BOARDS_H
#define BP_EXPLORE_BOARDS_H

#include "explore/rig.h"

struct bp_boards_answer {
	const char *board;               /* its name; NULL: no board was left to run it */
	struct bp_judgement judgement;
	struct bp_rig_report report;
	const char *kept;                /* what `keep` wrote, kept_len bytes */
	size_t kept_len;
};

struct bp_boards_ops {
	/* In the worker, after a case that is no pass, the board still as it was left: write what is worth keeping to fd. NULL: nothing. */
	int (*keep)(void *ctx, struct bp_rig *g, const struct bp_case *c, uint32_t index, const struct bp_trace *t, int fd, struct bp_err *err);
	/* In the parent, in plan order. A negative return ends the sweep. */
	int (*done)(void *ctx, uint32_t index, const struct bp_boards_answer *a, struct bp_err *err);
	/* In the parent: a board is left out from now on. */
	void (*trouble)(void *ctx, const char *board, const char *why);
	void *ctx;
};

/*
 * Run all runs of the plan on n boards of the runner's product, whose trace was
 * the plan's scenario. out_of_use: n flags; a board with trouble that lasts is
 * marked and left out from then on. Blocks until done. Negative: the rig's
 * trouble that is no board's.
 */
int bp_boards_judge(struct bp_runner *r, const struct bp_plan *p, const struct bp_bench_board *const *boards, bool *out_of_use,
		    unsigned n, const struct bp_boards_ops *ops, struct bp_err *err);

#endif
