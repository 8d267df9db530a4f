/* SPDX-License-Identifier: Apache-2.0 */
/* Records: what of them tells states apart, on the flash of the product `small`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32.h"
#include "explore/records.h"

#define STATE_BYTES 96u
#define IDENTITY_BYTES 64u
#define ENTRY_BYTES 16u

static struct bp_arena *arena;
static struct bp_product *product;
static struct bp_records_read *records;
static struct bp_flash *flash;
static uint32_t state_a, state_b, progress;

static void put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Program whole units, as firmware would. */
static void program(uint32_t addr, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += product->board.flash.unit_bytes)
		bp_flash_program(flash, addr + i, bytes + i);
}

static void put_state(uint32_t addr, uint32_t number, uint8_t rest)
{
	uint8_t record[STATE_BYTES];

	memset(record, rest, sizeof(record));
	put_le32(record + 4, number);
	put_le32(record + 92, bp_crc32(0, record, 92));
	program(addr, record, sizeof(record));
}

/* An identity that begins at `off`, and entries that go on from there; the last one may be torn. */
static void put_progress(uint32_t off, const uint32_t *entries, unsigned n, bool torn)
{
	uint8_t id[IDENTITY_BYTES] = {1, 2, 3}, entry[ENTRY_BYTES];
	uint32_t crc;

	put_le32(id + 20, off);
	crc = bp_crc32(0, id, 60);
	put_le32(id + 60, crc);
	program(progress, id, sizeof(id));
	for (unsigned i = 0; i < n; i++) {
		memset(entry, 0, sizeof(entry));
		put_le32(entry, entries[i]);
		put_le32(entry + 8, i + 1);
		put_le32(entry + 12, bp_crc32(crc, entry, 12));
		program(progress + IDENTITY_BYTES + i * ENTRY_BYTES, entry, sizeof(entry));
	}
	if (torn)
		bp_flash_program_torn(flash, progress + IDENTITY_BYTES + n * ENTRY_BYTES, entry, (struct bp_torn){50, 0});
}

/* One hash of what tells the state apart. */
static struct bp_hash128 now(void)
{
	struct bp_hash128 content[64], sum = {0};

	bp_flash_hash(flash);
	memcpy(content, flash->page_hash, flash->n_pages * sizeof(*content));
	bp_records_contents(records, flash, content);
	for (uint32_t i = 0; i < flash->n_pages; i++) {
		sum.lo = sum.lo * 31 + content[i].lo;
		sum.hi = sum.hi * 31 + content[i].hi;
	}
	bp_flash_reset(flash);
	return sum;
}

static bool same(struct bp_hash128 a, struct bp_hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static struct bp_hash128 pair(uint32_t a, uint32_t b)
{
	put_state(state_a, a, 9);
	put_state(state_b, b, 9);
	return now();
}

static const struct {
	uint32_t a, b, c, d;
	bool alike;
	const char *name;
} number_rows[] = {
	{4, 4, 6, 6, true, "both even"},
	{5, 5, 7, 7, true, "both odd"},
	{4, 4, 5, 5, false, "which is written first differs"},
	{5, 4, 7, 6, true, "A newer by one"},
	{4, 5, 5, 4, false, "B newer, A newer"},
	{5, 4, 7, 7, false, "newer, or equal"},
	{9, 2, 7, 2, true, "by more than one is by more than one"},
	{8, 7, 8, 6, false, "by one, by two"},
	{0, 0xffffffff, 2, 1, true, "newer by one across the end"},
	{0xffffffff, 0, 1, 2, true, "the other way"},
	{0xfffffffe, 0xfffffffd, 4, 3, true, "before the end"},
};

static void numbers_count_as_they_are_compared(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(number_rows) / sizeof(number_rows[0]); i++)
		if (same(pair(number_rows[i].a, number_rows[i].b), pair(number_rows[i].c, number_rows[i].d)) != number_rows[i].alike)
			fail_msg("%s", number_rows[i].name);
}

static void the_rest_of_a_record_counts(void **state)
{
	struct bp_hash128 one = pair(4, 4), two;

	(void)state;
	put_state(state_a, 4, 9);
	put_state(state_b, 4, 8);
	two = now();
	assert_false(same(one, two));
}

/* A torn erase leaves any bytes; on this part none of them can be read. */
static void bad_is_bad(void **state)
{
	struct bp_hash128 torn[3], good = pair(6, 6), blank;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		put_state(state_a, 6, 9);
		put_state(state_b, 6 + i, (uint8_t)(9 + i));
		bp_flash_erase_torn(flash, state_b, (struct bp_torn){5, 0}); /* its edge within the record */
		torn[i] = now();
	}
	put_state(state_a, 6, 9);
	blank = now();
	assert_true(same(torn[0], torn[1]) && same(torn[1], torn[2]));
	assert_false(same(torn[0], blank)); /* who skips an erase since a page looks blank must be met */
	assert_false(same(torn[0], good));
}

/* Weak bits, and every unit readable: it may turn out either way, and counts with every bit. */
static void what_may_read_either_way_counts(void **state)
{
	struct bp_hash128 one, two;

	(void)state;
	put_state(state_a, 6, 9);
	bp_flash_reset(flash);
	for (int i = 0; i < 2; i++) {
		put_state(state_a, 6, 9);
		put_state(state_b, 6, 9);
		flash->weak[state_b + 8] = (uint8_t)(1 + i);
		flash->page_weak[state_b / product->board.flash.page_bytes] = 1;
		flash->stale[state_b / product->board.flash.page_bytes] = 1;
		*(i ? &two : &one) = now();
	}
	assert_false(same(one, two));
}

/* Beside it the other copy's number counts as it is: which is newer hangs on what the weak one turns out to be. */
static void beside_a_weak_copy_numbers_are_not_taken_for_others(void **state)
{
	struct bp_hash128 seen[2];

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		put_state(state_a, 5 + 2 * i, 9);
		put_state(state_b, 6, 9);
		flash->weak[state_b + 8] = 1;
		flash->page_weak[state_b / product->board.flash.page_bytes] = 1;
		flash->stale[state_b / product->board.flash.page_bytes] = 1;
		seen[i] = now();
	}
	assert_false(same(seen[0], seen[1]));
}

/* A product that tells of records where there are none is not believed. */
static void records_that_never_read_as_good_do_not_count(void **state)
{
	struct bp_records_read *all = records;
	struct bp_hash128 one, two;

	(void)state;
	records = bp_records_new(arena, product);
	assert_non_null(records);
	one = pair(4, 4);
	two = pair(6, 6);
	assert_false(same(one, two));
	records = all;
}

static void the_last_entry_counts(void **state)
{
	static const uint32_t steps[] = {0, 1024, 2048}, more[] = {0, 1024, 2048, 3072};
	struct bp_hash128 long_way, short_way, torn, further, from_there, unsealed;

	(void)state;
	put_progress(0, steps, 3, false);
	long_way = now();
	put_progress(2048, steps + 2, 1, false); /* number 1, but the number does not count */
	short_way = now();
	put_progress(0, steps, 3, true);
	torn = now();
	put_progress(0, more, 4, false);
	further = now();
	put_progress(3072, more + 3, 1, false);
	from_there = now();
	put_progress(2048, NULL, 0, false);
	unsealed = now();
	assert_true(same(long_way, short_way));
	assert_true(same(long_way, torn));
	assert_false(same(long_way, further));
	assert_true(same(further, from_there));
	assert_false(same(unsealed, short_way));
}

static int setup(void **state)
{
	struct bp_err err = {.text = ""};

	(void)state;
	arena = bp_arena_new((size_t)64 * 1024 * 1024);
	if (!arena || bp_product_read(arena, "fixtures/products/small.yaml", &product, &err) ||
	    bp_flash_new(arena, &product->board.flash, 1, &flash) || !(records = bp_records_new(arena, product))) {
		print_error("%s\n", err.text);
		return -1;
	}
	state_a = product->board.dut.area[DUT_AREA_STATE_A].addr;
	state_b = product->board.dut.area[DUT_AREA_STATE_B].addr;
	progress = product->board.dut.area[DUT_AREA_PROGRESS].addr;
	put_state(state_a, 1, 9);
	put_progress(0, NULL, 0, false);
	bp_records_look(records, flash);
	bp_flash_reset(flash);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_count_as_they_are_compared),
		cmocka_unit_test(the_rest_of_a_record_counts),
		cmocka_unit_test(bad_is_bad),
		cmocka_unit_test(what_may_read_either_way_counts),
		cmocka_unit_test(beside_a_weak_copy_numbers_are_not_taken_for_others),
		cmocka_unit_test(records_that_never_read_as_good_do_not_count),
		cmocka_unit_test(the_last_entry_counts),
	};

	return cmocka_run_group_tests_name("records", tests, setup, teardown);
}
