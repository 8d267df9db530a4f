/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_parts.h - bits of the debug registers, and what core.c does when one is
 * touched; for core.c and core_regs.c. Section numbers: ARM DDI 0403E.
 */
#ifndef BP_VBOARD_PROBE_CORE_PARTS_H
#define BP_VBOARD_PROBE_CORE_PARTS_H

#include "vboard/probe/core.h"
#include "vboard/probe/map.h"

/* C1.6.2 DHCSR */
#define BP_C_DEBUGEN (1u << 0)
#define BP_C_HALT (1u << 1)
#define BP_C_STEP (1u << 2)
#define BP_C_MASKINTS (1u << 3)
#define BP_S_REGRDY (1u << 16)
#define BP_S_HALT (1u << 17)
#define BP_S_SLEEP (1u << 18)
#define BP_S_RETIRE (1u << 24)
#define BP_S_RESET (1u << 25)
/* C1.6.3 DCRSR */
#define BP_DCRSR_WRITE (1u << 16)
/* C1.6.5 DEMCR */
#define BP_DEMCR_VC_CORERESET (1u << 0)
#define BP_DEMCR_TRCENA (1u << 24)
/* C1.6.1 DFSR */
#define BP_DFSR_HALTED (1u << 0)
#define BP_DFSR_BKPT (1u << 1)
#define BP_DFSR_DWTTRAP (1u << 2)
#define BP_DFSR_VCATCH (1u << 3)
/* C1.8.17 DWT_FUNCTION: what is watched */
#define BP_DWT_WRITE 6u
#define BP_DWT_ACCESS 7u
#define BP_DWT_MATCHED (1u << 24)

void bp_core_control(struct bp_core *c, uint32_t value); /* DHCSR written */
uint32_t bp_core_status(struct bp_core *c);              /* DHCSR read */
void bp_core_select(struct bp_core *c, uint32_t value);  /* DCRSR written */
void bp_core_reset_request(struct bp_core *c);           /* AIRCR.SYSRESETREQ */

#endif
