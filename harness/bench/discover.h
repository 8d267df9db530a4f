/* SPDX-License-Identifier: Apache-2.0 */
/* discover.h - what is plugged into this host that a bench can be made of. */
#ifndef BP_BENCH_DISCOVER_H
#define BP_BENCH_DISCOVER_H

#include "base/arena.h"
#include "base/err.h"

struct bp_found {
	const char *role;        /* "console", "power", "debug" */
	const char *what;        /* one line: the thing, and where it is */
	const char *yaml;        /* lines to paste into a board of a bench file, each with its newline */
	const char *trouble;     /* lines on why it cannot be used yet and what to do; NULL: it can be */
};

/*
 * Look at serial ports, USB devices and GPIO chips; sorted by role and text. No
 * port is opened for longer than its name takes, nothing is switched. Everything
 * in a. BP_EIO when USB cannot be listed at all.
 */
int bp_discover(struct bp_arena *a, struct bp_found **out, unsigned *n, struct bp_err *err);

#endif
