/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aim.h - bringing a cut to its point on a real board, through the debug port.
 *
 * Breakpoints stand at the firmware's two flash functions. Each halt there is
 * expanded to the hardware operations of the call and kept in lock-step with the
 * virtual board's log: the first that differs ends the aiming, for what would be
 * hit then is not what the token names.
 *
 * - before: the cut is issued while the core is halted at the call.
 * - after: the core runs to the call's return address and halts there; then the cut.
 * - torn, erases only: the core runs on, and the command leaves so that the rail is
 *   down that far into the erase; before the core runs when the switch is slower
 *   than that. Where within is the board's calibration to tell, and the flash
 *   afterwards.
 * - a byte or frame of the link: the host's own count.
 * - a line of the console: at once, in the wake-up that brings its end; or so long
 *   after that, by the host's clock, as is a time since the update began. The board's
 *   calibrated delay is taken off what is to be waited.
 *
 * Words torn within a call are not promised (41 to 90 us each): such positions are
 * left to the virtual board.
 */
#ifndef BP_EXPLORE_AIM_H
#define BP_EXPLORE_AIM_H

#include "bench/real.h"
#include "explore/log.h"

#define BP_AIM_TEXT 120

struct bp_aim {
	struct bp_real *real;
	const struct bp_log *log;
	struct bp_cutpoint cut;
	uint32_t next;           /* operations of the log that calls have covered so far */
	int64_t shift_ns;        /* torn: later by so much, from the tries before */
	bool set;                /* the breakpoints stand */
	bool fired, lost;        /* lost: out of step, or the point lies within a call */
	char method[40];         /* how it was hit */
	char text[BP_AIM_TEXT];  /* lost: why */
};

/* Can this board be cut there at all? NULL, or why it is left to the virtual board (static text). */
const char *bp_aim_refuses(const struct bp_bench_board *b, const struct bp_log *log, const struct bp_cutpoint *cut);

/* Aim. The board runs and has settled; operations and link bytes count from here. shift_ns stands already. */
int bp_aim_arm(struct bp_aim *a, struct bp_real *real, const struct bp_log *log, const struct bp_cutpoint *cut, struct bp_err *err);

/* Take the breakpoints out. The board has power and answers its probe. */
int bp_aim_disarm(struct bp_aim *a, struct bp_err *err);

#endif
