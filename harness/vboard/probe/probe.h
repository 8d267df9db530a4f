/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - the debug port of a virtual board, as a whole: core, access port,
 * serial wire, and the two adapters that reach it.
 */
#ifndef BP_VBOARD_PROBE_PROBE_H
#define BP_VBOARD_PROBE_PROBE_H

#include "vboard/probe/buspirate.h"
#include "vboard/probe/core.h"
#include "vboard/probe/dap.h"
#include "vboard/probe/stlink.h"
#include "vboard/probe/swd.h"

struct bp_probe {
	struct bp_core core;
	struct bp_dap dap;
	struct bp_swd swd;
	struct bp_stlink stlink;
	struct bp_buspirate buspirate;
};

/* From here on b runs in real time. reset: an adapter drives the reset pin (true: low). */
int bp_probe_init(struct bp_probe *p, struct bp_arena *a, struct bp_vboard *b, uint64_t seed, void (*reset)(void *ctx, bool low),
		  void *ctx, struct bp_err *err);

/* The board's supply comes, or has gone: all that is in RAM and in registers of the debug logic is lost. */
void bp_probe_power(struct bp_probe *p, bool on);
/* The reset pin was pulled low or let go, by whomever. */
void bp_probe_reset_pin(struct bp_probe *p, bool low);

#endif
