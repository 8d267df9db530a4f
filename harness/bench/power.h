/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power.h - role: the board's supply.
 *
 * Ops never wait for the board's rail, only for the switch to take the command.
 * Errors are the rig's (BP_EIO, BP_ETIMEOUT) and name the device.
 */
#ifndef BP_BENCH_POWER_H
#define BP_BENCH_POWER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

#include <stdint.h>

struct bp_power_ops {
	const char *name, *help;
	/*
	 * Open from the board's `power:` map in bench.yaml (the key `driver` is taken
	 * already); unknown keys are the opener's to report. board: its name, for texts.
	 * Everything lives in a or is given back by close(). May block up to a second.
	 * Leaves the switch as it is. NULL: a driver that no bench file opens (virtual).
	 */
	int (*open)(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		    struct bp_err *err);
	/* Puts the switch into its safe state, then gives everything back. Never fails; bounded by a second. */
	void (*close)(void *self);
	int (*on)(void *self, struct bp_err *err);
	int (*off)(void *self, struct bp_err *err);
	/* Cut at the world's time at_ns, without the host in between. Optional: NULL when the driver cannot. */
	int (*off_at)(void *self, uint64_t at_ns, struct bp_err *err);
	/* Supply level in mV, for brown-outs. Optional. */
	int (*level)(void *self, uint32_t mv, struct bp_err *err);
};

/* All drivers of this build, ends with NULL: one visible table, in power.c. */
extern const struct bp_power_ops *const bp_power_drivers[];

struct bp_power {
	const struct bp_power_ops *ops;
	void *self;
};

#endif
