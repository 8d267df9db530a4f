/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that power loss tears, and how what they leave is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/flash_parts.h"

#define WIDE (&flash_parts[FLASH_PARTS - 1].geo)

/* ---- torn programs -------------------------------------------------------------- */

/* Where a torn result may come from. */
struct draw_row {
	const char *name;
	uint64_t seed;
	uint32_t addr;
	uint8_t old, new;  /* of the unit's first byte; the others are blank before, programmed whole */
	struct bp_torn torn;
};

static void tear(struct bp_flash *f, const struct draw_row *row)
{
	uint8_t unit[DUT_MAX_UNIT], old[DUT_MAX_UNIT];

	memset(old, f->geo.erased, sizeof(old));
	memset(unit, flash_opposite(&f->geo), sizeof(unit));
	old[0] = row->old;
	unit[0] = row->new;
	bp_flash_program(f, row->addr, old);
	bp_flash_program_torn(f, row->addr, unit, row->torn);
}

static const struct draw_row draw_rows[] = {
	{"as it is", FLASH_SEED, 1024, 0x00, 0xff, {50, 0}},
	{"another seed", FLASH_SEED + 1, 1024, 0x00, 0xff, {50, 0}},
	{"another address", FLASH_SEED, 1056, 0x00, 0xff, {50, 0}},
	{"other bytes before", FLASH_SEED, 1024, 0x01, 0xff, {50, 0}},
	{"other bytes to write", FLASH_SEED, 1024, 0x00, 0xfe, {50, 0}},
	{"other bytes both, the same bits to move", FLASH_SEED, 1024, 0x01, 0xfe, {50, 0}},
	{"another P", FLASH_SEED, 1024, 0x00, 0xff, {51, 0}},
	{"another K", FLASH_SEED, 1024, 0x00, 0xff, {50, 1}},
};
#define N_DRAWS (sizeof(draw_rows) / sizeof(draw_rows[0]))

/* The bits depend on (seed, address, old, new, P, K), all of them, and on nothing else. */
static void torn_program_is_drawn_from(void **state)
{
	uint8_t unit[N_DRAWS][DUT_MAX_UNIT];

	(void)state;
	for (size_t i = 0; i < N_DRAWS; i++) {
		const struct draw_row *row = &draw_rows[i];
		struct bp_flash *f = flash_blank(WIDE, row->seed), *later = flash_blank(WIDE, row->seed);

		tear(f, row);
		memcpy(unit[i], f->bytes + row->addr, WIDE->unit_bytes);
		flash_fill_page(later, 0); /* another history: operations, tears, power-ups, an erase of the page */
		bp_flash_erase_torn(later, 0, (struct bp_torn){30, 2});
		flash_fill_page(later, 1);
		bp_flash_program_torn(later, 2048, unit[i], (struct bp_torn){40, 0});
		later->epoch = 9;
		bp_flash_erase(later, 1024);
		tear(later, row);
		assert_memory_equal(f->bytes + 1024, later->bytes + 1024, 1024);
		assert_memory_equal(f->weak + 1024, later->weak + 1024, 1024);
		for (size_t k = 0; k < i; k++) /* but the byte in which they differ anyway */
			if (!memcmp(unit[i] + 1, unit[k] + 1, WIDE->unit_bytes - 1))
				fail_msg("'%s' draws the same bits as '%s'", row->name, draw_rows[k].name);
	}
}

static void torn_program_moves_by_p(void **state)
{
	static const uint32_t percent[] = {1, 10, 50, 90, 99};

	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++) {
		const struct bp_geometry *g = &flash_parts[i].geo;
		unsigned last = 0, most = g->page_bytes * 8;
		uint8_t unit[DUT_MAX_UNIT];

		memset(unit, flash_opposite(g), sizeof(unit));
		for (size_t p = 0; p < sizeof(percent) / sizeof(percent[0]); p++) {
			struct bp_flash *f = flash_blank(g, FLASH_SEED);
			unsigned moved = 0;

			for (uint32_t at = 0; at < g->page_bytes; at += g->unit_bytes)
				bp_flash_program_torn(f, at, unit, (struct bp_torn){percent[p], 0});
			for (uint32_t at = 0; at < g->page_bytes; at++)
				moved += flash_bits((uint8_t)(f->bytes[at] ^ g->erased));
			assert_in_range(moved, most * percent[p] / 100 * 3 / 4, most * percent[p] / 100 * 5 / 4 + 40);
			assert_true(moved > last || percent[p] == 1);
			last = moved;
			assert_in_range(flash_weak_bits(f), most / 5, most * 3 / 10); /* a quarter */
			assert_true(bp_flash_unsettled(f, 0, 1));
			assert_false(bp_flash_unsettled(f, g->page_bytes, g->page_bytes));
			flash_assert_flags(f);
		}
	}
}

/* Only cells that had to move are in doubt. */
static void torn_program_spares_the_rest(void **state)
{
	const struct bp_geometry *g = WIDE;
	struct bp_flash *f = flash_blank(g, FLASH_SEED);
	uint8_t old[DUT_MAX_UNIT], new[DUT_MAX_UNIT];

	(void)state;
	memset(old, 0x0f, sizeof(old));
	memset(new, 0x3c, sizeof(new)); /* of 0x3c, the low half is there already */
	bp_flash_program(f, 0, old);
	bp_flash_program_torn(f, 0, new, (struct bp_torn){50, 0});
	for (uint32_t i = 0; i < g->unit_bytes; i++) {
		assert_int_equal(f->bytes[i] & ~0x30, 0x0f);
		assert_int_equal(f->weak[i] & ~0x30, 0);
	}
	assert_int_equal(f->units[0], BP_UNIT_TORN | 2);
}

static void torn_program_of_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++) {
		const struct bp_geometry *g = &flash_parts[i].geo;
		struct bp_flash *f = flash_blank(g, FLASH_SEED), *as_it_was = flash_blank(g, FLASH_SEED);
		uint8_t unit[DUT_MAX_UNIT], same[DUT_MAX_UNIT];

		memset(unit, 0x5a, sizeof(unit));
		memset(same, g->erased, sizeof(same));
		bp_flash_program(f, 0, unit);
		bp_flash_program(as_it_was, 0, unit);
		bp_flash_program_torn(f, 0, unit, (struct bp_torn){50, 0});
		bp_flash_program_torn(f, g->unit_bytes, same, (struct bp_torn){50, 0});
		assert_true(flash_same_hash(f, as_it_was));
		assert_memory_equal(f->units, as_it_was->units, f->n_units);
		assert_false(bp_flash_unsettled(f, 0, g->size_bytes));
	}
}

/* ---- shapes ------------------------------------------------------------------------- */

struct shape_row {
	const char *name;
	uint32_t from, to;     /* bytes that have moved; the unit's size when `to` is 0 */
	unsigned less;         /* cells of them that have not */
	bool weak;
};

#define UNIT (WIDE->unit_bytes)

static const struct bp_torn_shape *shape_of(const char *name)
{
	for (unsigned i = 0; i < BP_TORN_SHAPES; i++)
		if (!strcmp(bp_torn_shapes[i].name, name))
			return &bp_torn_shapes[i];
	fail_msg("no shape %s", name);
	return NULL;
}

static void shapes_of_a_program(void **state)
{
	const struct shape_row rows[] = {
		{"first-byte", 0, 1, 0, false},          {"all-but-last", 0, UNIT - 1, 0, false},
		{"all-but-one-bit", 0, UNIT, 1, false},  {"first-half", 0, UNIT / 2, 0, false},
		{"second-half", UNIT / 2, UNIT, 0, false}, {"weak", 0, UNIT, 0, true},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		const struct bp_torn_shape *shape = shape_of(rows[k].name);
		struct bp_flash *f = flash_blank(WIDE, FLASH_SEED);
		uint8_t unit[DUT_MAX_UNIT], got[DUT_MAX_UNIT];
		unsigned missing = 0;

		assert_int_equal(shape->kind, BP_OP_PROGRAM);
		memset(unit, flash_opposite(WIDE), sizeof(unit));
		bp_flash_program_torn(f, 64, unit, shape->torn);
		for (uint32_t i = 0; i < UNIT; i++) {
			bool moved = i >= rows[k].from && i < rows[k].to;

			missing += flash_bits((uint8_t)(f->bytes[64 + i] ^ (moved ? flash_opposite(WIDE) : WIDE->erased)));
		}
		if (missing != rows[k].less || (flash_weak_bits(f) > 0) != rows[k].weak)
			fail_msg("%s: %u cells differ, %u weak", rows[k].name, missing, flash_weak_bits(f));
		assert_int_equal(f->units[64 / UNIT], BP_UNIT_TORN | 1);
		assert_int_equal(bp_flash_read(f, 64, got, UNIT), -1); /* an ECC part */
		flash_assert_flags(f);
	}
}

/* A shape that moves all there is to move has programmed the unit; one that moves nothing never began. */
static void shapes_that_are_whole(void **state)
{
	struct bp_flash *f = flash_blank(WIDE, FLASH_SEED), *whole = flash_blank(WIDE, FLASH_SEED), *blank = flash_blank(WIDE, FLASH_SEED);
	uint8_t unit[DUT_MAX_UNIT];

	(void)state;
	memset(unit, WIDE->erased, sizeof(unit));
	unit[0] = flash_opposite(WIDE);
	bp_flash_program_torn(f, 0, unit, shape_of("second-half")->torn);
	assert_true(flash_same_hash(f, blank));
	bp_flash_program_torn(f, 0, unit, shape_of("first-byte")->torn);
	bp_flash_program(whole, 0, unit);
	assert_true(flash_same_hash(f, whole));
	unit[0] = WIDE->erased;
	bp_flash_program_torn(f, 32, unit, shape_of("all-but-one-bit")->torn); /* nothing to move */
	assert_true(flash_same_hash(f, whole));
}

/* The part of the page that was reached holds the opposite of blank, and is torn where that changed it. */
static void pre_programmed_erase(void **state)
{
	struct bp_torn t = shape_of("pre-programmed")->torn;
	struct bp_flash *f = flash_blank(WIDE, FLASH_SEED);
	uint32_t n = WIDE->page_bytes / UNIT;
	uint8_t unit[DUT_MAX_UNIT];

	(void)state;
	memset(unit, flash_opposite(WIDE), sizeof(unit));
	bp_flash_program(f, 1024, unit);
	bp_flash_erase_torn(f, 1024, t);
	for (uint32_t u = 0; u < n; u++)
		for (uint32_t i = 0; i < UNIT; i++)
			assert_int_equal(f->bytes[1024 + u * UNIT + i], u < n * t.percent / 100 ? flash_opposite(WIDE) : WIDE->erased);
	assert_int_equal(f->units[1024 / UNIT], 1); /* it was all programmed before */
	assert_int_equal(f->units[1024 / UNIT + 1], BP_UNIT_TORN | 1);
	flash_assert_flags(f);
}

/* ---- torn erases ---------------------------------------------------------------- */

/* Progress from the start (K 0) or from the end (K 1): done, one unit at the edge, untouched. */
static void check_progress(const struct bp_geometry *g, struct bp_torn t)
{
	struct bp_flash *f = flash_blank(g, FLASH_SEED);
	uint32_t n = g->page_bytes / g->unit_bytes, done = n * t.percent / 100;

	flash_fill_page(f, 1);
	bp_flash_erase_torn(f, g->page_bytes, t);
	for (uint32_t rank = 0; rank < n; rank++) {
		uint32_t u = n + (t.k ? n - 1 - rank : rank);

		for (uint32_t i = u * g->unit_bytes; i < (u + 1) * g->unit_bytes; i++) {
			assert_int_equal(f->bytes[i], rank < done ? g->erased : flash_opposite(g));
			assert_int_equal(f->weak[i], rank == done ? 0xff : 0);
		}
		assert_int_equal(f->units[u], rank < done ? 0 : rank == done ? BP_UNIT_TORN | 1 : 1);
	}
	assert_int_equal(f->wear[1], 1);
	flash_assert_flags(f);
}

/* Everything reads erased already, but not for sure: the trap for drivers that check a page for blankness. */
static void check_weak_blank(const struct bp_geometry *g, uint32_t percent)
{
	struct bp_flash *f = flash_blank(g, FLASH_SEED);
	uint8_t *strong = f->weak + g->page_bytes;
	unsigned weak;

	flash_fill_page(f, 1);
	bp_flash_load(f, g->page_bytes, &g->erased, 1);
	bp_flash_erase_torn(f, g->page_bytes, (struct bp_torn){percent, 2});
	for (uint32_t i = 0; i < g->page_bytes; i++)
		assert_int_equal(f->bytes[g->page_bytes + i], g->erased);
	assert_int_equal(strong[0], 0); /* was erased before: nothing moved, nothing in doubt */
	weak = flash_weak_bits(f);
	assert_in_range(weak, g->page_bytes * 3 / 4, g->page_bytes * 5 / 4); /* one in eight */
	assert_true(bp_flash_unsettled(f, g->page_bytes, 1));
	flash_assert_flags(f);
}

static void torn_erase(void **state)
{
	static const uint32_t percent[] = {1, 10, 50, 90, 99};

	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++)
		for (size_t p = 0; p < sizeof(percent) / sizeof(percent[0]); p++) {
			check_progress(&flash_parts[i].geo, (struct bp_torn){percent[p], 0});
			check_progress(&flash_parts[i].geo, (struct bp_torn){percent[p], 1});
			check_weak_blank(&flash_parts[i].geo, percent[p]);
		}
}

static void torn_erase_is_drawn_from(void **state)
{
	struct bp_flash *f = flash_blank(WIDE, FLASH_SEED), *later = flash_blank(WIDE, FLASH_SEED);
	struct bp_flash *other = flash_blank(WIDE, FLASH_SEED + 1), *less = flash_blank(WIDE, FLASH_SEED);
	struct bp_torn t = {50, 2};

	(void)state;
	flash_fill_page(later, 0);
	bp_flash_erase(later, 1024);
	later->epoch = 3;
	flash_fill_page(f, 1), flash_fill_page(later, 1), flash_fill_page(other, 1), flash_fill_page(less, 1);
	bp_flash_erase_torn(f, 1024, t);
	bp_flash_erase_torn(later, 1024 + 32, t); /* any address of the page */
	bp_flash_erase_torn(other, 1024, t);
	bp_flash_erase_torn(less, 1024, (struct bp_torn){49, 2});
	assert_memory_equal(f->weak + 1024, later->weak + 1024, 1024);
	assert_memory_not_equal(f->weak + 1024, other->weak + 1024, 1024);
	assert_memory_not_equal(f->weak + 1024, less->weak + 1024, 1024);
}

/* An erase torn over weak bits takes them away where it was done: the page is what its cells say. */
static void torn_erase_over_weak_bits(void **state)
{
	struct bp_flash *f = flash_blank(WIDE, FLASH_SEED);
	uint8_t unit[DUT_MAX_UNIT];

	(void)state;
	memset(unit, 0xff, sizeof(unit));
	bp_flash_program_torn(f, 0, unit, (struct bp_torn){50, 0});
	assert_true(bp_flash_unsettled(f, 0, 32));
	bp_flash_erase_torn(f, 0, (struct bp_torn){50, 0}); /* the edge falls into blank units */
	assert_int_equal(flash_weak_bits(f), 0);
	flash_assert_flags(f);
}

/* ---- reading -------------------------------------------------------------------- */

static void weak_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++) {
		const struct bp_geometry *g = &flash_parts[i].geo;
		struct bp_flash *f = flash_blank(g, FLASH_SEED);
		uint8_t first[1024], again[1024], seen[1024] = {0};

		flash_fill_page(f, 1);
		bp_flash_erase_torn(f, g->page_bytes, (struct bp_torn){50, 2});
		for (f->epoch = 1; f->epoch <= 16; f->epoch++) {
			bp_flash_read(f, g->page_bytes, first, g->page_bytes);
			bp_flash_read(f, g->page_bytes, again, g->page_bytes);
			assert_memory_equal(first, again, g->page_bytes); /* steady while power is on */
			for (uint32_t k = 0; k < g->page_bytes; k++)
				seen[k] |= (uint8_t)(first[k] ^ g->erased);
		}
		/* Over some power-ups each weak bit shows itself, and no other does; the chance that one hides is 2^-16. */
		for (uint32_t k = 0; k < g->page_bytes; k++) {
			assert_int_equal(seen[k] & ~f->weak[g->page_bytes + k], 0);
			seen[k] ^= f->weak[g->page_bytes + k];
		}
		assert_true(flash_weak_bits(f) > 0);
		bp_flash_erase(f, g->page_bytes);
		for (f->epoch = 1; f->epoch <= 4; f->epoch++) {
			assert_int_equal(bp_flash_read(f, g->page_bytes, first, g->page_bytes), 0);
			for (uint32_t k = 0; k < g->page_bytes; k++)
				assert_int_equal(first[k], g->erased);
		}
	}
}

/* Two power-ups read a weak page differently. */
static void weak_reads_differ_between_power_ups(void **state)
{
	struct bp_flash *f = flash_blank(&flash_parts[0].geo, FLASH_SEED);
	uint8_t one[1024], two[1024];

	(void)state;
	flash_fill_page(f, 0);
	bp_flash_erase_torn(f, 0, (struct bp_torn){50, 2});
	for (f->epoch = 1; f->epoch < 20;) {
		bp_flash_read(f, 0, one, sizeof(one));
		f->epoch++;
		bp_flash_read(f, 0, two, sizeof(two));
		assert_memory_not_equal(one, two, sizeof(one));
	}
}

static void ecc_read_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLASH_PARTS; i++) {
		const struct bp_geometry *g = &flash_parts[i].geo;
		struct bp_flash *f = flash_blank(g, FLASH_SEED);
		uint32_t unit = g->unit_bytes, addr = 2 * unit;
		uint8_t value[DUT_MAX_UNIT], got[4 * DUT_MAX_UNIT];
		int torn = g->ecc ? -1 : 0;

		memset(value, flash_opposite(g), sizeof(value));
		bp_flash_program_torn(f, addr, value, (struct bp_torn){50, 0});
		assert_int_equal(bp_flash_read(f, addr, got, unit), torn);
		assert_int_equal(bp_flash_read(f, addr, got, 1), torn);
		assert_int_equal(bp_flash_read(f, addr - unit, got, 2 * unit), torn);
		assert_int_equal(bp_flash_read(f, addr - unit, got, unit), 0);
		assert_int_equal(bp_flash_read(f, addr + unit, got, unit), 0);
		bp_flash_program(f, addr, value); /* a second pulse does not make it whole */
		assert_int_equal(bp_flash_read(f, addr, got, unit), torn);
		bp_flash_erase(f, addr - addr % g->page_bytes);
		assert_int_equal(bp_flash_read(f, addr, got, unit), 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, flash_begin, flash_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(torn_program_is_drawn_from), TEST(torn_program_moves_by_p), TEST(torn_program_spares_the_rest),
		TEST(torn_program_of_nothing), TEST(shapes_of_a_program), TEST(shapes_that_are_whole),
		TEST(pre_programmed_erase), TEST(torn_erase), TEST(torn_erase_is_drawn_from), TEST(torn_erase_over_weak_bits),
		TEST(weak_reads), TEST(weak_reads_differ_between_power_ups), TEST(ecc_read_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
