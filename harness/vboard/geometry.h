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

/* A run of pages of one size. Each page starts at a multiple of its size: so it is on every part that we know. */
struct bp_sectors {
	uint32_t pages, page_bytes;
	uint64_t erase_ns;           /* one page */
};

#define BP_MAX_SECTORS 8

struct bp_geometry {
	uint32_t size_bytes, page_bytes, unit_bytes; /* page_bytes: the largest page */
	uint8_t erased;              /* value of an erased byte */
	uint32_t writes_per_unit;    /* most programs of a unit between erases; 0: no limit */
	int ecc;                     /* a torn unit faults when read */
	int low_is_silent;           /* below the flash's voltage: operations do nothing and report success, else they fail */
	uint64_t program_ns, erase_ns; /* one unit, one page (datasheet) */
	/* Unequal pages, from address 0 on; n_sectors 0: pages of page_bytes throughout. */
	struct bp_sectors sectors[BP_MAX_SECTORS];
	unsigned n_sectors;
};

struct bp_flash_page {
	uint32_t number, start, bytes; /* number: from 0 */
	uint64_t erase_ns;
};

/* The page that holds addr, which lies within the flash. */
static inline struct bp_flash_page bp_flash_page_at(const struct bp_geometry *g, uint32_t addr)
{
	struct bp_flash_page p = {0, 0, g->page_bytes, g->erase_ns};

	for (unsigned i = 0; i < g->n_sectors; i++) {
		const struct bp_sectors *r = &g->sectors[i];

		p.bytes = r->page_bytes;
		p.erase_ns = r->erase_ns;
		if (addr - p.start < r->pages * r->page_bytes || i == g->n_sectors - 1)
			break;
		p.number += r->pages;
		p.start += r->pages * r->page_bytes;
	}
	p.number += (addr - p.start) / p.bytes;
	p.start += (addr - p.start) / p.bytes * p.bytes;
	return p;
}

static inline uint32_t bp_flash_page_count(const struct bp_geometry *g)
{
	return bp_flash_page_at(g, g->size_bytes - 1).number + 1;
}

struct bp_costs {                    /* charged by dut_spend(), ns a unit */
	uint64_t ns[DUT_COST_COUNT];
};

struct bp_rail {                     /* supply of the board, for cuts */
	uint32_t nominal_mv, flash_min_mv, core_min_mv; /* below: flash operations fail; the core stops */
	uint64_t decay_ns;           /* from nominal to 0 mV, linear; 0: at once */
};

struct bp_around {                   /* what a board senses of its surroundings */
	uint32_t battery_percent;
	int mains;
	int64_t wallclock_s;         /* seconds since 1970 */
};

struct bp_board_config {
	struct dut_board dut;        /* what the firmware is told */
	struct bp_geometry flash;
	struct bp_costs costs;
	struct bp_rail rail;
	uint32_t baud;
	struct bp_around around;     /* at power-on, unless the host changes it */
};

#endif
