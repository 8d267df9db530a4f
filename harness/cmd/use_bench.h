/* SPDX-License-Identifier: Apache-2.0 */
/* use_bench.h - the boards of a bench file that a command uses: chosen, their products read, locked. */
#ifndef BP_CMD_USE_BENCH_H
#define BP_CMD_USE_BENCH_H

#include "bench/bench.h"
#include "bench/lock.h"
#include "cmd/matrix.h"

struct bp_use_bench {
	struct bp_bench *bench;
	struct bp_matrix_bench matrix;
	struct bp_lock lock[BP_BENCH_BOARDS];
};

/*
 * Read the file and take its boards, or only the one named; products that stand
 * in several are read once. Everything in a. BP_ECONFIG, BP_EUSAGE.
 */
int bp_use_bench_read(struct bp_arena *a, const char *path, const char *board, struct bp_use_bench *out, struct bp_err *err);

/* Lock all of them; holder: one line on what for. BP_EIO names who has one of them: then none is held. Does not wait. */
int bp_use_bench_lock(struct bp_use_bench *b, const char *holder, struct bp_err *err);
void bp_use_bench_drop(struct bp_use_bench *b);

#endif
