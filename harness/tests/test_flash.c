/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/rng.h"
#include "tests/flash_parts.h"

/* ---- whole operations --------------------------------------------------------- */

static void complete_operations(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++) {
		const struct bp_geometry *g = &flash_parts[i].geo;
		struct bp_flash *f = flash_blank(g, FLASH_SEED);
		uint8_t unit[DUT_MAX_UNIT], got[DUT_MAX_UNIT];
		uint32_t addr = g->page_bytes + g->unit_bytes;

		for (uint32_t k = 0; k < g->size_bytes; k++)
			assert_int_equal(f->bytes[k], g->erased);
		memset(unit, 0x5a, sizeof(unit));
		bp_flash_program(f, addr, unit);
		assert_int_equal(bp_flash_read(f, addr, got, g->unit_bytes), 0);
		assert_memory_equal(got, unit, g->unit_bytes);
		assert_int_equal(f->bytes[addr - 1], g->erased);
		assert_int_equal(f->bytes[addr + g->unit_bytes], g->erased);
		memset(unit, 0x33, sizeof(unit)); /* bits only move away from the erased value */
		bp_flash_program(f, addr, unit);
		assert_int_equal(f->bytes[addr], g->erased ? 0x5a & 0x33 : 0x5a | 0x33);
		assert_int_equal(f->units[addr / g->unit_bytes], 2);
		bp_flash_erase(f, addr - addr % g->page_bytes);
		assert_int_equal(f->bytes[addr], g->erased);
		assert_int_equal(f->units[addr / g->unit_bytes], 0);
		assert_true(f->n_programs == 2 && f->n_erases == 1);
		assert_false(bp_flash_unsettled(f, 0, g->size_bytes));
	}
}

/* The count of writes is kept in seven bits; it must not run into the flag beside it. */
static void write_count_saturates(void **state)
{
	struct bp_flash *f = flash_blank(&flash_parts[2].geo, FLASH_SEED);
	uint8_t byte = 0;

	(void)state;
	for (int i = 0; i < 300; i++)
		bp_flash_program(f, 3, &byte);
	assert_int_equal(f->units[3], BP_UNIT_WRITES);
	assert_int_equal(bp_flash_program_rule(f, 3, &byte), BP_TRAP_NONE);
}

/* STM32F4-like: 4 pages of one size, one of four times that, two of eight times. */
static void unequal_pages(void **state)
{
	static const struct bp_geometry g = {
		.size_bytes = 4 * 256 + 1024 + 2 * 2048, .page_bytes = 2048, .unit_bytes = 4, .erased = 0xff, .erase_ns = 3,
		.sectors = {{4, 256, 1}, {1, 1024, 2}, {2, 2048, 3}}, .n_sectors = 3,
	};
	static const uint32_t start[] = {0, 256, 512, 768, 1024, 2048, 4096, 6144};
	struct bp_flash *f = flash_blank(&g, FLASH_SEED), *g2 = flash_blank(&g, FLASH_SEED);
	uint8_t got[4096];

	(void)state;
	assert_int_equal(f->n_pages, 7);
	assert_memory_equal(f->page_start, start, sizeof(start));
	for (uint32_t p = 0; p < 7; p++) {
		struct bp_flash_page first = bp_flash_page_at(&g, start[p]), last = bp_flash_page_at(&g, start[p + 1] - 1);

		assert_true(last.number == p && last.start == first.start && last.bytes == first.bytes && last.erase_ns == first.erase_ns);
		assert_true(first.number == p && first.start == start[p] && first.bytes == start[p + 1] - start[p]);
		assert_int_equal(first.erase_ns, p < 4 ? 1 : p < 5 ? 2 : 3);
		flash_fill_page(f, p);
	}
	bp_flash_erase(f, 1024); /* the one in the middle, and no other */
	bp_flash_erase_torn(f, 4096, (struct bp_torn){50, 0});
	for (uint32_t i = 0; i < g.size_bytes; i++)
		assert_int_equal(f->bytes[i], (i >= 1024 && i < 2048) || (i >= 4096 && i < 5120) ? 0xff : 0x00);
	assert_true(f->wear[4] == 1 && f->wear[6] == 1 && f->wear[3] == 0 && f->wear[5] == 0);
	assert_true(bp_flash_unsettled(f, 4000, 97));
	assert_false(bp_flash_unsettled(f, 0, 4096));
	flash_assert_flags(f);
	bp_flash_copy(g2, f);
	assert_true(flash_same_hash(f, g2));
	memset(got, 0x11, sizeof(got));
	bp_flash_load(f, 2048, got, 2048);
	bp_flash_sync(g2, f);
	assert_true(flash_same_hash(f, g2));
	assert_int_equal(g2->bytes[4095], 0x11);
}

static void wear_counts_erases(void **state)
{
	struct bp_flash *f = flash_blank(&flash_parts[0].geo, FLASH_SEED);
	uint8_t page[1024] = {0};

	(void)state;
	bp_flash_erase(f, 1024);
	bp_flash_erase(f, 1024);
	bp_flash_erase_torn(f, 1024, (struct bp_torn){50, 0}); /* the pulse was long enough to wear */
	flash_fill_page(f, 2);
	bp_flash_load(f, 1024, page, sizeof(page)); /* the probe's way: not counted */
	assert_int_equal(f->wear[0], 0);
	assert_int_equal(f->wear[1], 3);
	assert_int_equal(f->wear[2], 0);
	bp_flash_reset(f);
	assert_int_equal(f->wear[1], 0);
}

/* ---- rules and traps ------------------------------------------------------------ */

enum before { BLANK, WRITTEN_0F, WRITTEN_0F_TWICE, TORN, LOADED };

struct rule_row {
	const char *name;
	uint32_t writes_per_unit;
	uint8_t erased;
	enum before before;
	uint8_t value;
	enum bp_trap_kind trap;
};

static const struct rule_row rule_rows[] = {
	{"first program of a blank unit", 1, 0xff, BLANK, 0x0f, BP_TRAP_NONE},
	{"second program that moves on", 2, 0xff, WRITTEN_0F, 0x0e, BP_TRAP_NONE},
	{"second program that moves back", 2, 0xff, WRITTEN_0F, 0x1f, BP_TRAP_OVERWRITE},
	{"the same, erased is 0x00", 2, 0x00, WRITTEN_0F, 0x0e, BP_TRAP_OVERWRITE},
	{"second program of a part that allows one", 1, 0xff, WRITTEN_0F, 0x0e, BP_TRAP_TOO_OFTEN},
	{"third program of a part that allows two", 2, 0xff, WRITTEN_0F_TWICE, 0x0e, BP_TRAP_TOO_OFTEN},
	{"third program of a part without a limit", 0, 0xff, WRITTEN_0F_TWICE, 0x0e, BP_TRAP_NONE},
	{"program of a unit with weak bits", 0, 0xff, TORN, 0x00, BP_TRAP_WEAK_UNIT},
	{"program over what the probe wrote", 1, 0xff, LOADED, 0x0e, BP_TRAP_TOO_OFTEN},
};

static void program_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rule_rows) / sizeof(rule_rows[0]); i++) {
		const struct rule_row *row = &rule_rows[i];
		struct bp_geometry g = {.size_bytes = 1024, .page_bytes = 256, .unit_bytes = 4, .erased = row->erased,
					.writes_per_unit = row->writes_per_unit};
		struct bp_flash *f = flash_blank(&g, FLASH_SEED);
		uint8_t first[4], next[4];

		memset(first, 0x0f, sizeof(first));
		memset(next, row->value, sizeof(next));
		if (row->before == WRITTEN_0F || row->before == WRITTEN_0F_TWICE)
			bp_flash_program(f, 64, first);
		if (row->before == WRITTEN_0F_TWICE)
			bp_flash_program(f, 64, first);
		if (row->before == TORN)
			bp_flash_program_torn(f, 64, next, (struct bp_torn){50, 0});
		if (row->before == LOADED)
			bp_flash_load(f, 64, first, sizeof(first));
		if (bp_flash_program_rule(f, 64, next) != row->trap)
			fail_msg("%s: %s; expected %s", row->name, bp_trap_name(bp_flash_program_rule(f, 64, next)), bp_trap_name(row->trap));
		assert_int_equal(bp_flash_program_rule(f, 68, first), BP_TRAP_NONE);
	}
}

static void first_trap_is_kept(void **state)
{
	struct bp_flash *f = flash_blank(&flash_parts[0].geo, FLASH_SEED);

	(void)state;
	bp_flash_trap(f, BP_TRAP_OVERWRITE, 0x40, 1000, 3);
	bp_flash_trap(f, BP_TRAP_BOOTLOADER, 0x44, 2000, 4);
	assert_int_equal(f->n_traps, 2);
	assert_int_equal(f->trap.kind, BP_TRAP_OVERWRITE);
	assert_int_equal(f->trap.addr, 0x40);
	assert_int_equal(f->trap.at_ns, 1000);
	assert_int_equal(f->trap.op, 3);
	for (unsigned i = 0; i < BP_TRAP_COUNT; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(bp_trap_name((enum bp_trap_kind)i), bp_trap_name((enum bp_trap_kind)k));
	assert_string_equal(bp_trap_name(BP_TRAP_COUNT), "unknown");
}

/* ---- load, sync, hash ------------------------------------------------------------ */

static void load(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++) {
		const struct bp_geometry *g = &flash_parts[i].geo;
		struct bp_flash *f = flash_blank(g, FLASH_SEED), *fresh = flash_blank(g, FLASH_SEED);
		uint32_t at = g->page_bytes - 1, len = g->page_bytes + 2; /* three pages, two of them by one byte */
		uint8_t content[1026];

		memset(content, 0x5a, sizeof(content));
		memset(content + g->page_bytes / 2, g->erased, g->page_bytes / 4);
		flash_fill_page(f, 0), flash_fill_page(f, 1), flash_fill_page(f, 2);
		bp_flash_erase_torn(f, g->page_bytes, (struct bp_torn){50, 2});
		bp_flash_erase(f, 0);
		bp_flash_erase(f, 2 * g->page_bytes);
		bp_flash_load(f, at, content, len);
		bp_flash_load(f, at, content, 0);
		bp_flash_load(fresh, at, content, len);
		assert_memory_equal(f->bytes, fresh->bytes, g->size_bytes);
		assert_memory_equal(f->bytes + at, content, len);
		assert_int_equal(flash_weak_bits(f), 0);
		for (uint32_t u = 0; u < f->n_units; u++) {
			bool empty = true;

			for (uint32_t k = u * g->unit_bytes; k < (u + 1) * g->unit_bytes; k++)
				empty = empty && f->bytes[k] == g->erased;
			assert_int_equal(f->units[u], empty ? 0 : 1);
		}
		flash_assert_flags(f);
		assert_true(flash_same_hash(f, fresh)); /* where a content came from does not matter */
	}
}

/* Some operation or other, on f. */
static void anything(struct bp_flash *f, struct bp_rng *r)
{
	uint32_t unit = bp_rng_below(r, f->n_units), addr = unit * f->geo.unit_bytes;
	struct bp_torn t = {1 + bp_rng_below(r, 99), bp_rng_below(r, BP_ERASE_K)};
	uint8_t data[DUT_MAX_UNIT];

	bp_rng_fill(r, data, sizeof(data));
	switch (bp_rng_below(r, 12)) {
	case 0: bp_flash_erase(f, addr - addr % f->geo.page_bytes); break;
	case 1: bp_flash_erase_torn(f, addr - addr % f->geo.page_bytes, t); break;
	case 2: bp_flash_program_torn(f, addr, data, t); break;
	case 3: bp_flash_load(f, addr, data, f->geo.unit_bytes); break;
	case 4: flash_fill_page(f, addr / f->geo.page_bytes); break;
	case 5: f->epoch++; break;
	case 6: bp_flash_trap(f, BP_TRAP_OUTSIDE, addr, 1, 1); break;
	case 7: (void)bp_flash_hash(f); break;
	default: bp_flash_program(f, addr, data); break;
	}
}

/* The hash as it would be had it never been computed before: content carried over by hand, flags from the cells. */
static struct bp_flash *from_scratch(const struct bp_flash *f)
{
	struct bp_flash *g = flash_blank(&f->geo, f->seed);

	memcpy(g->bytes, f->bytes, f->geo.size_bytes);
	memcpy(g->weak, f->weak, f->geo.size_bytes);
	memcpy(g->units, f->units, f->n_units);
	for (uint32_t i = 0; i < f->geo.size_bytes; i++)
		if (g->weak[i])
			g->page_weak[i / f->geo.page_bytes] = 1;
	return g;
}

static void hash_is_kept_up(void **state)
{
	static const struct bp_geometry small = {.size_bytes = 1024, .page_bytes = 128, .unit_bytes = 4, .erased = 0xff};
	struct bp_flash *f = flash_blank(&small, FLASH_SEED);
	uint64_t seed = 1;
	struct bp_rng r;

	(void)state;
	bp_rng_seed(&r, &seed, 1);
	for (int i = 0; i < 1000; i++) {
		anything(f, &r);
		flash_assert_flags(f);
		assert_true(flash_same_hash(f, from_scratch(f)));
	}
}

static void hash_tells_states_apart(void **state)
{
	struct bp_flash *f = flash_blank(&flash_parts[0].geo, FLASH_SEED), *g = flash_blank(&flash_parts[0].geo, FLASH_SEED);
	uint8_t unit[4] = {0};

	(void)state;
	assert_true(flash_same_hash(f, g));
	f->wear[0] = 9, f->epoch = 4; /* neither is part of what the bytes are */
	assert_true(flash_same_hash(f, g));
	bp_flash_program(f, 64, unit);
	assert_false(flash_same_hash(f, g));
	bp_flash_program(g, 64, unit);
	assert_true(flash_same_hash(f, g));
	bp_flash_program(f, 64, unit); /* same bytes, but this unit has been written once more */
	assert_false(flash_same_hash(f, g));
	bp_flash_program(g, 64, unit);
	flash_fill_page(f, 3), flash_fill_page(g, 3);
	bp_flash_erase_torn(f, 3072, (struct bp_torn){50, 2});
	bp_flash_erase(g, 3072);
	assert_memory_equal(f->bytes, g->bytes, f->geo.size_bytes);
	assert_false(flash_same_hash(f, g)); /* blank but weak */
	flash_fill_page(g, 3);
	bp_flash_erase_torn(g, 3072, (struct bp_torn){51, 2});
	assert_memory_equal(f->units, g->units, f->n_units);
	assert_false(flash_same_hash(f, g)); /* only other cells are weak */
	bp_flash_erase(f, 3072), bp_flash_erase(g, 3072);
	assert_true(flash_same_hash(f, g));
	flash_fill_page(f, 1), flash_fill_page(g, 2); /* the same page elsewhere */
	assert_false(flash_same_hash(f, g));
	bp_flash_reset(f), bp_flash_reset(g);
	assert_true(flash_same_hash(f, flash_blank(&flash_parts[0].geo, FLASH_SEED)));
}

static void assert_equal_flash(struct bp_flash *a, struct bp_flash *b)
{
	assert_memory_equal(a->bytes, b->bytes, a->geo.size_bytes);
	assert_memory_equal(a->weak, b->weak, a->geo.size_bytes);
	assert_memory_equal(a->units, b->units, a->n_units);
	assert_memory_equal(a->wear, b->wear, a->n_pages * sizeof(*a->wear));
	assert_memory_equal(a->page_weak, b->page_weak, a->n_pages);
	assert_memory_equal(a->page_torn, b->page_torn, a->n_pages);
	assert_int_equal(a->epoch, b->epoch);
	assert_int_equal(a->n_programs, b->n_programs);
	assert_int_equal(a->n_erases, b->n_erases);
	assert_int_equal(a->n_traps, b->n_traps);
	assert_int_equal(a->trap.kind, b->trap.kind);
	assert_true(flash_same_hash(a, b));
}

/* The explorer's use: one flash moves along, a second is made equal, changed on its own, made equal again. */
static void sync_makes_equal(void **state)
{
	static const struct bp_geometry small = {.size_bytes = 2048, .page_bytes = 128, .unit_bytes = 8, .erased = 0x00, .ecc = 1};
	struct bp_flash *f = flash_blank(&small, FLASH_SEED), *g = flash_blank(&small, FLASH_SEED), *other = flash_blank(&small, FLASH_SEED);
	uint64_t seed = 2;
	struct bp_rng r;

	(void)state;
	bp_rng_seed(&r, &seed, 1);
	bp_flash_copy(f, g);
	for (int i = 0; i < 400; i++) {
		for (uint32_t n = bp_rng_below(&r, 6); n; n--)
			anything(bp_rng_below(&r, 2) ? f : g, &r);
		if (bp_rng_below(&r, 20) == 0) { /* a third one comes between: the pair begins anew */
			anything(other, &r);
			bp_flash_copy(g, other);
			assert_equal_flash(g, other);
			bp_flash_copy(f, g);
		} else {
			bp_flash_sync(f, g);
		}
		assert_equal_flash(f, g);
	}
}

static void no_memory(void **state)
{
	struct bp_arena *tiny = bp_arena_new(4096);
	struct bp_flash *f;

	(void)state;
	assert_int_equal(bp_flash_new(tiny, &flash_parts[0].geo, FLASH_SEED, &f), BP_ENOMEM);
	bp_arena_free(tiny);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, flash_begin, flash_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(complete_operations), TEST(write_count_saturates), TEST(unequal_pages), TEST(wear_counts_erases), TEST(program_rules),
		TEST(first_trap_is_kept), TEST(load), TEST(hash_is_kept_up), TEST(hash_tells_states_apart), TEST(sync_makes_equal),
		TEST(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
