/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - addresses that a debugger sees on a virtual board. The firmware is
 * native code, so that what it calls has pseudo addresses: a breakpoint there
 * stops the core as it makes the call. Flash lies at 0.
 */
#ifndef BP_VBOARD_PROBE_MAP_H
#define BP_VBOARD_PROBE_MAP_H

#include "vboard/vboard.h"

/* Within what the FPB of ARMv7-M can compare: below 0x20000000. Reads as NOP. */
#define BP_CODE_BASE 0x1f000000u
#define BP_CODE_BYTES 0x1000u
#define BP_BOOT_ENTRY BP_CODE_BASE                /* before the bootloader's first instruction */
#define BP_CODE_RUNNING (BP_CODE_BASE + 0x40u)    /* anywhere else in the firmware */
#define BP_CALL_BYTES 0x20u
/* The call is made; under way (+2: not begun, +4: before an operation); and comes back (in lr). */
#define BP_CALL_ADDR(call) (BP_CODE_BASE + 0x100u + BP_CALL_BYTES * (uint32_t)(call))
#define BP_CALL_BACK(call) (BP_CODE_BASE + 0x800u + BP_CALL_BYTES * (uint32_t)(call))

/* RAM of the debugger's side: lost with power, kept by a reset. The firmware's own is the host's. */
#define BP_RAM_BASE 0x20000000u
#define BP_RAM_BYTES 0x10000u
#define BP_RAM_CANARY (BP_RAM_BASE + 0x100u)      /* 64 bytes that nobody else uses */
#define BP_RAM_CANARY_BYTES 64u
#define BP_RAM_SCRATCH (BP_RAM_BASE + 0x8000u)    /* a copy of what dut_flash_program() is given */
#define BP_RAM_SCRATCH_BYTES 0x7000u
#define BP_RAM_TOP (BP_RAM_BASE + BP_RAM_BYTES)

/* For provisioning: registers as nRF51/nRF52 have them (nRF52832 product specification, NVMC and POWER). */
#define BP_NVMC_BASE 0x4001e000u
#define BP_RESETREAS 0x40000400u

/* Name of a call in the firmware's source, "dut_flash_erase". */
extern const char *const bp_call_names[BP_CALLS];

/*
 * The map as an ELF file: boot_entry; dut_flash_program, dut_flash_erase,
 * dut_jump, dut_reset, the first two also with _return; bp_canary, bp_scratch;
 * bp_area_NAME for each area of the flash.
 */
int bp_map_write(const char *path, const struct bp_board_config *config, const char *const area_names[DUT_AREA_COUNT],
		 struct bp_err *err);

#endif
