/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - a board's clock, and the one wait.
 *
 * Virtual time, or the monotonic clock and poll(): the code that executes a case
 * is the same. wait() is the only call in which time passes.
 */
#ifndef BP_BENCH_WORLD_H
#define BP_BENCH_WORLD_H

#include "base/err.h"

#include <stdint.h>

enum bp_wake {
	BP_WAKE_TIME,    /* until_ns was reached */
	BP_WAKE_OUTPUT,  /* the console has bytes */
	BP_WAKE_OFF,     /* the board has no power; a real world cannot always tell and goes on to TIME */
};

struct bp_world_ops {
	const char *name;
	uint64_t (*now_ns)(void *self);
	/* Blocks until until_ns at the latest. A code of enum bp_wake, or a negative error of the rig. */
	int (*wait)(void *self, uint64_t until_ns, struct bp_err *err);
};

struct bp_world {
	const struct bp_world_ops *ops;
	void *self;
};

static inline uint64_t bp_world_now(const struct bp_world *w)
{
	return w->ops->now_ns(w->self);
}

static inline int bp_world_wait(const struct bp_world *w, uint64_t until_ns, struct bp_err *err)
{
	return w->ops->wait(w->self, until_ns, err);
}

#endif
