/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dap.h - the debug access port of a virtual board: a version 1 debug port and
 * one memory access port (AHB), register by register. ARM Debug Interface v5
 * Architecture Specification (ARM IHI 0031), chapters B2, C2 and D1.
 */
#ifndef BP_VBOARD_PROBE_DAP_H
#define BP_VBOARD_PROBE_DAP_H

#include "vboard/probe/core.h"

#include <stdbool.h>
#include <stdint.h>

#define BP_DP_IDCODE 0x2ba01477u  /* SW-DP of a Cortex-M4: its technical reference manual */
#define BP_AP_IDR 0x24770011u     /* AHB-AP of a Cortex-M4 */

/* The three bits of an acknowledge, first bit lowest; no power: the pull-up reads as ones. B4.2. */
enum bp_ack { BP_ACK_OK = 1, BP_ACK_WAIT = 2, BP_ACK_FAULT = 4, BP_ACK_NONE = 7 };

struct bp_dap {
	struct bp_core *core;
	bool powered;
	uint32_t ctrl_stat, select, dlcr, rdbuff;
	uint32_t csw, tar;
};

void bp_dap_init(struct bp_dap *d, struct bp_core *core);
void bp_dap_power(struct bp_dap *d, bool on);

/*
 * One transaction as the wire has it: reg is 0, 4, 8 or 12. Reads of the access
 * port are posted: they return what the one before has read.
 */
enum bp_ack bp_dap_read(struct bp_dap *d, bool ap, uint32_t reg, uint32_t *value);
enum bp_ack bp_dap_write(struct bp_dap *d, bool ap, uint32_t reg, uint32_t value);

/* What acknowledge a transaction will get, before its data. */
enum bp_ack bp_dap_ack(const struct bp_dap *d, bool ap, bool read, uint32_t reg);

/* The same for adapters that select banks and collect results themselves: reg has all eight bits. */
enum bp_ack bp_dap_ap_read(struct bp_dap *d, uint32_t ap, uint32_t reg, uint32_t *value);
enum bp_ack bp_dap_ap_write(struct bp_dap *d, uint32_t ap, uint32_t reg, uint32_t value);

/* A bus error has happened and was not cleared. */
bool bp_dap_failed(const struct bp_dap *d);
/* Overrun detection is on: each transaction has a data phase. */
bool bp_dap_overrun_detect(const struct bp_dap *d);
void bp_dap_overrun(struct bp_dap *d);

#endif
