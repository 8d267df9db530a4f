/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/flash_parts.h"

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

const struct flash_part flash_parts[FLASH_PARTS] = {
	{"nRF-like: words, erased 0xff", {.size_bytes = 8192, .page_bytes = 1024, .unit_bytes = 4, .erased = 0xff, .writes_per_unit = 2}},
	{"STM32-like: 64-bit words, ECC", {.size_bytes = 8192, .page_bytes = 512, .unit_bytes = 8, .erased = 0xff, .writes_per_unit = 1, .ecc = 1}},
	{"bytes, erased 0x00, no limit", {.size_bytes = 4096, .page_bytes = 256, .unit_bytes = 1, .erased = 0x00}},
	{"widest unit, erased 0x00, ECC", {.size_bytes = 8192, .page_bytes = 1024, .unit_bytes = DUT_MAX_UNIT, .erased = 0x00, .ecc = 1}},
};

static struct bp_arena *arena;

int flash_begin(void **state)
{
	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	return arena ? 0 : -1;
}

int flash_end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

struct bp_flash *flash_blank(const struct bp_geometry *geo, uint64_t seed)
{
	struct bp_flash *f = NULL;

	assert_int_equal(bp_flash_new(arena, geo, seed, &f), 0);
	return f;
}

uint8_t flash_opposite(const struct bp_geometry *g)
{
	return (uint8_t)~g->erased;
}

void flash_fill_page(struct bp_flash *f, uint32_t page)
{
	uint8_t unit[DUT_MAX_UNIT];

	memset(unit, flash_opposite(&f->geo), sizeof(unit));
	for (uint32_t at = f->page_start[page]; at < f->page_start[page + 1]; at += f->geo.unit_bytes)
		bp_flash_program(f, at, unit);
}

unsigned flash_bits(uint8_t byte)
{
	return (unsigned)__builtin_popcount(byte);
}

unsigned flash_weak_bits(const struct bp_flash *f)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < f->geo.size_bytes; i++)
		n += flash_bits(f->weak[i]);
	return n;
}

bool flash_same_hash(struct bp_flash *a, struct bp_flash *b)
{
	struct bp_hash128 x = bp_flash_hash(a), y = bp_flash_hash(b);

	return x.lo == y.lo && x.hi == y.hi;
}

/* A page flag that says "nothing here" must be true of every cell: reads and hashes rely on it; and it is taken back. */
void flash_assert_flags(const struct bp_flash *f)
{
	for (uint32_t p = 0; p < f->n_pages; p++) {
		bool weak = false, torn = false;

		for (uint32_t i = f->page_start[p]; i < f->page_start[p + 1]; i++) {
			weak = weak || f->weak[i];
			torn = torn || (f->units[i / f->geo.unit_bytes] & BP_UNIT_TORN);
		}
		assert_int_equal(f->page_weak[p], weak);
		assert_int_equal(f->page_torn[p], torn);
	}
}
