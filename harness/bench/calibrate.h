/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calibrate.h - how long a board's switch takes: from the command to the moment
 * its core has stopped, and how far that strays.
 *
 * The running core's memory is read through the probe, again and again; the board
 * died between the last reading that was answered and the first that was not.
 * Each cut so gives an interval, a fraction of a millisecond wide; the
 * distribution that makes all of them most likely gives the numbers, whatever
 * the width of each. Cuts go on until both numbers are known to an eighth of what a
 * calibration may be off: 50 us or a tenth, whichever is more.
 */
#ifndef BP_BENCH_CALIBRATE_H
#define BP_BENCH_CALIBRATE_H

#include "bench/real.h"

#define BP_CALIBRATE_MIN_CUTS 10u
#define BP_CALIBRATE_ENOUGH 0u       /* as many cuts as it takes: */
#define BP_CALIBRATE_FIRST_CUTS 100u
#define BP_CALIBRATE_MORE_CUTS 50u
#define BP_CALIBRATE_LAST_CUTS 400u  /* and then it is what it is */
#define BP_CALIBRATE_MAX_CUTS 2000u

struct bp_calibrated {
	uint64_t dead_ns;        /* the middle of the window that holds 95 of 100 cuts */
	uint64_t jitter_ns;      /* half its width */
	uint64_t error_ns;       /* standard error of both: how far other cuts of the same switch would come out */
	uint64_t first_byte_ns;  /* power on → first byte on the console, median; 0: none came in 5 s */
	uint64_t resolution_ns;  /* half the typical interval between two readings */
	uint32_t cuts;
};

/* Called after each cut, n of all; NULL: nobody. */
typedef void bp_calibrate_progress(void *ctx, uint32_t n, uint32_t all);

/*
 * Measure by so many cuts, or BP_CALIBRATE_ENOUGH; the board is off before and
 * afterwards. Blocks for about a second a cut. BP_EREFUSED when the host was too slow to tell: readings too far apart for the
 * delay that they show; and for the rig's own trouble.
 */
int bp_calibrate(struct bp_real *r, uint32_t cuts, bp_calibrate_progress *progress, void *ctx, struct bp_calibrated *out, struct bp_err *err);

/* What the cuts told. */
struct bp_intervals {
	uint64_t low_ns[BP_CALIBRATE_MAX_CUTS], high_ns[BP_CALIBRATE_MAX_CUTS]; /* after the command: it lived, it was dead */
	uint32_t n;
	uint64_t unsure_ns;      /* all of them may lie so much too early or too late, alike */
};

/* The numbers from intervals. BP_EREFUSED as above; board is for the text. */
int bp_calibrate_estimate(const char *board, const struct bp_intervals *seen, struct bp_calibrated *out, struct bp_err *err);

/* Are the numbers as sure as a calibration has to be? */
bool bp_calibrate_sure(const struct bp_calibrated *c);

#endif
