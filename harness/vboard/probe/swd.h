/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swd.h - the serial wire, bit by bit: what a target does at each rising edge of
 * the clock. ARM IHI 0031, chapters B4 (serial wire) and B5 (switching).
 */
#ifndef BP_VBOARD_PROBE_SWD_H
#define BP_VBOARD_PROBE_SWD_H

#include "vboard/probe/dap.h"

enum bp_swd_state {
	BP_SWD_OTHER,    /* JTAG is selected, as after power-up: deaf but to the switching sequence */
	BP_SWD_RESET,    /* ones of a line reset, until a zero */
	BP_SWD_IDLE,
	BP_SWD_HEADER,
	BP_SWD_ACK,
	BP_SWD_READ,
	BP_SWD_WRITE,
	BP_SWD_LOST,     /* after a protocol error: deaf until a line reset */
};

struct bp_swd {
	struct bp_dap *dap;
	enum bp_swd_state state;
	uint32_t n;              /* edges in this state */
	uint32_t header, data;
	enum bp_ack ack;
	bool identify;           /* after a line reset IDCODE must be read first */
	uint32_t ones;           /* in a row, so far */
	uint32_t sequence, n_sequence; /* what followed a row of 50 */
	bool in_sequence;
};

void bp_swd_init(struct bp_swd *s, struct bp_dap *dap);

/*
 * One rising edge with the host's level on the line (1 when it does not drive:
 * the line is pulled up). Returns the level after the edge, as seen by a host
 * that does not drive.
 */
bool bp_swd_edge(struct bp_swd *s, bool level);

#endif
