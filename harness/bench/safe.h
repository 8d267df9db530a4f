/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safe.h - no switch stays on when the program goes, however it goes.
 *
 * Each power driver lists its switch here when it is opened. bench_make_safe()
 * switches all of them off in an orderly exit. For every other end (a signal, a
 * crash, kill -9) there is a guardian: a small child process, started before the
 * first switch of this process is opened, that holds the other end of a socket.
 * When the socket closes, it opens each switch that is still listed anew, from
 * the text of its `power:` map, and switches it off: all at the same time, 2 s at
 * most, whatever the driver. It ignores the signals of a terminal and tells on
 * stderr which switch it could not reach.
 *
 * The list belongs to one process. A child made by fork() starts with an empty
 * one and gets a guardian of its own when it opens a switch.
 */
#ifndef BP_BENCH_SAFE_H
#define BP_BENCH_SAFE_H

#include "bench/power.h"

#define BP_SAFE_MAX 64           /* switches of one process */
#define BP_SAFE_GUARD_S 2        /* the guardian's time for a switch */

/* Start this process's guardian unless it has one. Before a library that starts threads (libusb) is used. */
int bp_safe_start(struct bp_err *err);

/* List a switch; board and config are copied to the guardian. BP_ENOMEM when the list is full. In the guardian: nothing. */
int bp_safe_add(const struct bp_power_ops *ops, void *self, const char *board, const struct bp_node *config,
		struct bp_err *err);

/* Take a switch off the list, for close(). is_off false: the guardian keeps it and tries again at the end. */
void bp_safe_drop(void *self, int is_off);

/*
 * Switch off every switch of this process; only before the end, as commands are
 * cut short from now on. 0, or the last failure with a line for each board that
 * may still have power.
 */
int bench_make_safe(struct bp_err *err);

#endif
