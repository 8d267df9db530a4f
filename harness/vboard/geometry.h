/* SPDX-License-Identifier: Apache-2.0 */
/*
 * geometry.h - flash geometry, costs and supply of a board, as plain numbers.
 *
 * Defined here, below the product model that fills it from product.yaml.
 */
#ifndef BP_VBOARD_GEOMETRY_H
#define BP_VBOARD_GEOMETRY_H

#include "dut.h"

#include <stdint.h>

struct bp_geometry {
	uint32_t size_bytes, page_bytes, unit_bytes;
	uint8_t erased;              /* value of an erased byte */
	uint32_t writes_per_unit;    /* most programs of a unit between erases; 0: no limit */
	int ecc;                     /* a torn unit faults when read */
	uint64_t program_ns, erase_ns; /* one unit, one page (datasheet) */
};

struct bp_costs {                    /* charged by dut_spend(), ns a unit */
	uint64_t ns[DUT_COST_COUNT];
};

struct bp_rail {                     /* supply of the board, for cuts */
	uint32_t nominal_mv, flash_min_mv, core_min_mv; /* below: flash operations fail; the core stops */
	uint64_t decay_ns;           /* from nominal to 0 mV, linear; 0: at once */
};

struct bp_board_config {
	struct dut_board dut;        /* what the firmware is told */
	struct bp_geometry flash;
	struct bp_costs costs;
	struct bp_rail rail;
	uint32_t baud;
	uint32_t battery_percent;
	int mains;
	int64_t wallclock_s;
};

#endif
