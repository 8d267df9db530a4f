/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.h - the debug side of a Cortex-M4 around a virtual board: what a debug
 * access port reads and writes. ARMv7-M Architecture Reference Manual (ARM DDI
 * 0403E), chapter C1.
 *
 * Halting, breakpoints and watches act on the firmware's calls (map.h): the core
 * halts as it calls, r0 to r3 hold the arguments. A step from there first only
 * enters the call, so that what it does happens in the board's time once the
 * core runs on; a second step makes it happen.
 */
#ifndef BP_VBOARD_PROBE_CORE_H
#define BP_VBOARD_PROBE_CORE_H

#include "vboard/vboard.h"

#include <stdbool.h>
#include <stdint.h>

#define BP_FPB_CODE 6u
#define BP_DWT_COMPARATORS 4u
#define BP_CORE_REGS 21u /* r0-r15, xPSR, MSP, PSP, one reserved, CONTROL and masks (DCRSR's REGSEL) */

struct bp_watch_point {
	uint32_t comp, mask, function;
};

struct bp_core {
	struct bp_vboard *board;
	uint64_t seed;
	uint32_t power_ups;

	uint32_t dhcsr;          /* the C_ bits */
	uint32_t demcr, dcrdr, dfsr, vtor, shcsr;
	bool reset_seen, reset_low, stepping;
	int call;                /* enum bp_call under way, or -1 */
	uint32_t reg[BP_CORE_REGS];
	uint32_t fp_ctrl, fp_comp[BP_FPB_CODE];
	uint32_t dwt_ctrl;
	struct bp_watch_point dwt[BP_DWT_COMPARATORS];
	uint32_t nvmc_config;
	uint8_t *ram;            /* BP_RAM_BYTES */
};

/* From here on b runs in real time, with this debugger. RAM lives in a. 0 or BP_ENOMEM. */
int bp_core_init(struct bp_core *c, struct bp_arena *a, struct bp_vboard *b, uint64_t seed, struct bp_err *err);

/* Power came or went. Call it before bp_vboard_power_on(), after the board is off. */
void bp_core_power(struct bp_core *c, bool on);
/* The reset pin. */
void bp_core_reset_pin(struct bp_core *c, bool low);

/* One access of size 1, 2 or 4, addr aligned to it. 0, or -1: bus fault. The board has power. */
int bp_core_read(struct bp_core *c, uint32_t addr, uint32_t size, uint32_t *value);
int bp_core_write(struct bp_core *c, uint32_t addr, uint32_t size, uint32_t value);

#endif
