/* SPDX-License-Identifier: Apache-2.0 */
/* debug_parts.h - what the drivers of the role "debug" share (private to them). */
#ifndef BP_BENCH_DEBUG_PARTS_H
#define BP_BENCH_DEBUG_PARTS_H

#include "bench/debug.h"

extern const struct bp_debug_ops bp_debug_openocd_ops, bp_debug_gdb_ops;

/*
 * observe() of a probe, which sees memory and no history: nothing is known to run,
 * operations and traps are not counted (0). Whoever knows the product composes what
 * runs from console marks and memory.
 */
int bp_debug_observe_nothing(void *self, struct bp_observation *out, struct bp_err *err);

/*
 * Write flash through the NVMC of an nRF51 or nRF52, by the driver's own memory
 * accesses; the core is halted. Pages that hold what they should are left alone;
 * what else stands in a page that is touched stays. page_bytes: up to 4096.
 */
int bp_debug_nrf_program(const struct bp_debug_ops *ops, void *self, const char *board, uint32_t page_bytes, uint32_t addr, const void *buf,
			 uint32_t len, uint64_t deadline_ns, struct bp_err *err);

#endif
