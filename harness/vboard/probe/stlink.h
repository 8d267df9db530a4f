/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stlink.h - an ST-LINK/V3 behind ST's server protocol, as OpenOCD's `st-link
 * backend tcp` speaks it: what an ST-LINK does with DP and AP registers and with
 * memory, nothing of JTAG, SWIM or trace.
 */
#ifndef BP_VBOARD_PROBE_STLINK_H
#define BP_VBOARD_PROBE_STLINK_H

#include "vboard/probe/dap.h"

#include <stddef.h>

#define BP_STLINK_VID 0x0483u
#define BP_STLINK_PID 0x374fu
#define BP_STLINK_BUFFER (10240u + 64u) /* longest request or reply of the protocol, and its head */

struct bp_stlink {
	struct bp_dap *dap;
	void (*reset)(void *ctx, bool low);
	void *ctx;
	bool debugging;  /* SWD mode was entered */
	bool linked;     /* … and the target has had power since */
	uint8_t status;  /* of the last memory access */
	uint32_t at;     /* where it failed */
};

void bp_stlink_init(struct bp_stlink *l, struct bp_dap *dap, void (*reset)(void *ctx, bool low), void *ctx);

/* The target lost its power. */
void bp_stlink_unlink(struct bp_stlink *l);

/* A client came or went: the adapter lets go of the target's reset and leaves SWD mode. */
void bp_stlink_client(struct bp_stlink *l);

/*
 * One request from in[len]: *used are its bytes, 0 while it is incomplete. The
 * reply goes to out (BP_STLINK_BUFFER bytes); returns its length. Negative: not
 * the protocol.
 */
int bp_stlink_request(struct bp_stlink *l, const uint8_t *in, size_t len, size_t *used, uint8_t *out);

#endif
