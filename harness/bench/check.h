/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - is a board wired as its bench file says, and fit to be cut? What a
 * run takes for granted, proven one by one.
 */
#ifndef BP_BENCH_CHECK_H
#define BP_BENCH_CHECK_H

#include "bench/real.h"

enum bp_check_result { BP_CHECK_OK, BP_CHECK_FAILED, BP_CHECK_SKIPPED };

#define BP_CHECK_TEXT 240

struct bp_check_row {
	const char *what;        /* static text */
	enum bp_check_result result;
	char text[BP_CHECK_TEXT];/* what was seen, or what to do */
};

/* Told of each row as it is known. */
typedef void bp_check_told(void *ctx, const struct bp_check_row *row);

/*
 * Check one board, whose drivers are opened and closed here; scratch memory in a.
 * Blocks for some ten seconds. Returns how many rows failed; trouble of the rig
 * is a row that failed, too.
 */
unsigned bp_check_board(struct bp_arena *a, const struct bp_bench_board *b, const struct bp_product *p, bp_check_told *told, void *ctx);

#endif
