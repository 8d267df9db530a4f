/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calibrate.h - how long a board's switch takes: from the command to the moment
 * its core has stopped, and how far that strays.
 *
 * The running core's memory is read through the probe, again and again; the board
 * died between the last reading that was answered and the first that was not.
 * Each cut so gives an interval, a fraction of a millisecond wide; the
 * distribution that makes all of them most likely gives the numbers, whatever
 * the width of each.
 */
#ifndef BP_BENCH_CALIBRATE_H
#define BP_BENCH_CALIBRATE_H

#include "bench/real.h"

#define BP_CALIBRATE_MIN_CUTS 10u
#define BP_CALIBRATE_MAX_CUTS 2000u

struct bp_calibrated {
	uint64_t dead_ns;        /* median */
	uint64_t jitter_ns;      /* half the width of the window that holds 95 of 100 cuts */
	uint64_t first_byte_ns;  /* power on → first byte on the console, median; 0: none came in 5 s */
	uint64_t resolution_ns;  /* half the typical interval between two readings */
	uint32_t cuts;           /* that counted */
};

/* Called after each cut, n of all; NULL: nobody. */
typedef void bp_calibrate_progress(void *ctx, uint32_t n, uint32_t all);

/*
 * Measure; the board is off before and afterwards. Blocks for about a second a
 * cut. BP_EREFUSED when the host was too slow to tell: readings too far apart for the
 * delay that they show; and for the rig's own trouble.
 */
int bp_calibrate(struct bp_real *r, uint32_t cuts, bp_calibrate_progress *progress, void *ctx, struct bp_calibrated *out, struct bp_err *err);

/*
 * The numbers from intervals: low[i], high[i] in ns after the command, n of them.
 * BP_EREFUSED as above; board is for the text.
 */
int bp_calibrate_estimate(const char *board, const uint64_t *low, const uint64_t *high, uint32_t n, struct bp_calibrated *out, struct bp_err *err);

#endif
