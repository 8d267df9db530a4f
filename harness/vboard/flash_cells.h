/* SPDX-License-Identifier: Apache-2.0 */
/* flash_cells.h - cells and pages, shared by flash.c and flash_torn.c. Nobody else includes it. */
#ifndef BP_VBOARD_FLASH_CELLS_H
#define BP_VBOARD_FLASH_CELLS_H

#include "vboard/flash.h"

#include <assert.h>

static inline uint32_t bp_cells_page(const struct bp_flash *f, uint32_t addr)
{
	assert(f->geo.page_bytes && f->geo.unit_bytes);
	return f->geo.n_sectors ? bp_flash_page_at(&f->geo, addr).number : addr / f->geo.page_bytes;
}

static inline uint32_t bp_cells_bytes(const struct bp_flash *f, uint32_t page)
{
	return f->page_start[page + 1] - f->page_start[page];
}

static inline void bp_cells_touch(struct bp_flash *f, uint32_t page)
{
	f->touched[page] = 1;
	f->stale[page] = 1;
}

static inline void bp_cells_count_write(struct bp_flash *f, uint32_t unit)
{
	if ((f->units[unit] & BP_UNIT_WRITES) < BP_UNIT_WRITES)
		f->units[unit]++;
}

static inline void bp_cells_ask(const struct bp_flash *f, uint32_t page)
{
	struct bp_flash_asked *a = f->asked;

	if (a->how[page])
		return;
	a->how[page] = BP_ASKED_FOR;
	a->page[a->n++] = page;
}

/* Value of a cell byte after a complete program of `value` over `old`. */
static inline uint8_t bp_cells_programmed(const struct bp_flash *f, uint8_t old, uint8_t value)
{
	return f->geo.erased ? (uint8_t)(old & value) : (uint8_t)(old | value);
}

/* The page's flags, from its cells: they are part of the hash, so one that is left over would keep equal states apart. */
void bp_cells_flag(struct bp_flash *f, uint32_t page);

#endif
