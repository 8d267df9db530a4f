/* SPDX-License-Identifier: Apache-2.0 */
/* test_progress.c - the download's record: what it tells after any cut is true, and nothing acknowledged is lost. */
#include "agent/progress.h"
#include "tests/fake_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SLOT_PAGE 256u /* of the slot that is written of: any size does */

static struct progress image(uint8_t which, uint32_t size, uint32_t off)
{
	struct progress p = {.step = PROGRESS_DOWNLOADING, .slot = 1, .size = size, .off = off};

	memset(p.sha256, which, sizeof(p.sha256));
	return p;
}

static void fresh(uint32_t unit, uint8_t erased)
{
	fake_new(unit, erased);
	fake_power_on(0);
	progress_init();
}

static void power_cycle(uint32_t luck)
{
	fake_power_on(luck);
	progress_init();
}

static struct progress load(void)
{
	struct progress p;

	progress_load(&p);
	return p;
}

static void test_blank(void **state)
{
	(void)state;
	for (uint32_t erased = 0; erased < 256; erased += 255) {
		fresh(4, (uint8_t)erased);
		assert_int_equal(load().step, PROGRESS_NONE);
		assert_int_equal(progress_clear(), 0);
		assert_int_equal(fake.ops, 0);
		assert_int_equal(progress_advance(SLOT_PAGE, PROGRESS_DOWNLOADING), -1);
	}
}

static void test_units(void **state)
{
	(void)state;
	for (uint32_t unit = 1; unit <= DUT_MAX_UNIT; unit *= 2) {
		struct progress p = image(7, 300 * SLOT_PAGE, 0), got;

		fresh(unit, unit & 2 ? 0x00 : 0xff);
		assert_int_equal(progress_begin(&p), 0);
		for (uint32_t off = SLOT_PAGE; off < p.size; off += SLOT_PAGE) {
			assert_int_equal(progress_advance(off, PROGRESS_DOWNLOADING), 0);
			got = load();
			assert_int_equal(got.step, PROGRESS_DOWNLOADING);
			assert_int_equal(got.off, off);
		}
		assert_int_equal(progress_advance(p.size, PROGRESS_WRITTEN), 0);
		power_cycle(0);
		got = load();
		assert_int_equal(got.step, PROGRESS_WRITTEN);
		assert_int_equal(got.slot, 1);
		assert_int_equal(got.size, p.size);
		assert_int_equal(got.off, p.size);
		assert_memory_equal(got.sha256, p.sha256, sizeof(p.sha256));
		assert_int_equal(progress_clear(), 0);
		assert_int_equal(load().step, PROGRESS_NONE);
		assert_int_equal(fake.rule_breaks, 0);
	}
}

static void test_begin_is_asked_for_again_after_a_reset(void **state)
{
	struct progress p = image(1, 8 * SLOT_PAGE, 0);

	(void)state;
	fresh(4, 0xff);
	assert_int_equal(progress_begin(&p), 0);
	power_cycle(0);
	assert_int_equal(progress_advance(SLOT_PAGE, PROGRESS_DOWNLOADING), -1);
	assert_int_equal(load().off, 0);
}

static void test_board_without_the_area(void **state)
{
	struct progress p = image(1, 8 * SLOT_PAGE, 0);

	(void)state;
	fresh(4, 0xff);
	fake.board.area[DUT_AREA_PROGRESS] = (struct dut_area){0, 0};
	assert_int_equal(progress_begin(&p), 0);
	assert_int_equal(progress_advance(SLOT_PAGE, PROGRESS_DOWNLOADING), 0);
	assert_int_equal(progress_clear(), 0);
	assert_int_equal(load().step, PROGRESS_NONE);
	assert_int_equal(fake.ops, 0);
}

static void test_failing_flash(void **state)
{
	struct progress p = image(1, 8 * SLOT_PAGE, 0);

	(void)state;
	for (uint32_t n = 1; n <= 20; n++) {
		fresh(4, 0xff);
		fake.fail_from = n;
		assert_int_equal(progress_begin(&p) || progress_advance(SLOT_PAGE, PROGRESS_DOWNLOADING), 1);
		/* A place that may be half written is not written again. */
		assert_int_equal(progress_advance(SLOT_PAGE, PROGRESS_DOWNLOADING), -1);
		fake.fail_from = 0;
		assert_int_equal(progress_begin(&p), 0);
		assert_int_equal(progress_advance(SLOT_PAGE, PROGRESS_DOWNLOADING), 0);
		assert_int_equal(load().off, SLOT_PAGE);
		assert_int_equal(fake.rule_breaks, 0);
	}
}

/* ---- cuts ---------------------------------------------------------------- */

/* What a session of a device does: resume what is known, write some pages, each recorded once it is complete. */
static struct session {
	struct progress want;
	uint32_t told;      /* by the record at power-up: where to resume */
	uint32_t complete;  /* bytes that are in flash: what is told may not be more */
	uint32_t recorded;  /* bytes whose record was finished: what is told may not be less */
	int written;        /* the image's end was recorded */
} world;

static void download(void *ctx)
{
	struct progress p = world.want;

	(void)ctx;
	p.off = world.told;
	if (p.off == p.size)
		p.step = PROGRESS_WRITTEN;
	assert_int_equal(progress_begin(&p), 0);
	world.recorded = p.off; /* what was told may have been a torn record's luck; now it stands */
	world.written = p.off == p.size;
	if (world.written)
		return;
	for (uint32_t off = p.off + SLOT_PAGE; off < p.size; off += SLOT_PAGE) {
		world.complete = off;
		assert_int_equal(progress_advance(off, PROGRESS_DOWNLOADING), 0);
		world.recorded = off;
	}
	world.complete = p.size;
	assert_int_equal(progress_advance(p.size, PROGRESS_WRITTEN), 0);
	world.recorded = p.size;
	world.written = 1;
}

/* Power comes back; what the record tells is true, and the device goes by it. */
static void check(uint32_t luck)
{
	struct progress got;

	power_cycle(luck);
	got = load();
	world.told = 0;
	if (got.step == PROGRESS_NONE) {
		assert_int_equal(world.recorded, 0);
		return;
	}
	assert_memory_equal(got.sha256, world.want.sha256, sizeof(got.sha256));
	assert_int_equal(got.size, world.want.size);
	assert_in_range(got.off, world.recorded, world.complete);
	assert_int_equal(got.step == PROGRESS_WRITTEN, got.off == got.size);
	world.told = got.off;
}

static uint32_t ops_of_a_download(uint32_t size)
{
	fresh(16, 0xff);
	world = (struct session){.want = image(2, size, 0)};
	assert_int_equal(fake_run(download, NULL), FAKE_RETURNED);
	return fake.ops;
}

/* Cut at operation `first`, then each later session at `second`; `lucks`: how each power-up reads what is weak. */
static void cut_twice(uint32_t size, uint32_t first, uint32_t second, enum fake_cut cut, uint32_t lucks)
{
	fresh(16, 0xff);
	world = (struct session){.want = image(2, size, 0)};
	fake.cut_at = first;
	fake.cut = cut;
	for (uint32_t i = 0; i < 4 && !world.written; i++) {
		fake_run(download, NULL);
		check(lucks >> i & 1 ? UINT32_MAX : 0);
		fake.cut_at = second;
		fake.cut = cut;
	}
	if (!world.written) {
		fake.cut_at = 0;
		assert_int_equal(fake_run(download, NULL), FAKE_RETURNED);
	}
	power_cycle(lucks >> 4 & 1 ? UINT32_MAX : 0);
	assert_int_equal(load().step, PROGRESS_WRITTEN);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_pairs_of_cuts(void **state)
{
	const uint32_t size = 5 * SLOT_PAGE, ops = ops_of_a_download(size);

	(void)state;
	for (int cut = 0; cut < FAKE_CUTS; cut++)
		for (uint32_t first = 1; first <= ops; first++)
			for (uint32_t second = 1; second <= ops; second++)
				for (uint32_t lucks = 0; lucks < 32; lucks++)
					cut_twice(size, first, second, (enum fake_cut)cut, lucks);
}

/* Many sessions, each cut anywhere and anyhow, each page's weak bits read at random. */
static void test_seeded_cuts(void **state)
{
	const uint32_t size = 5 * SLOT_PAGE, ops = ops_of_a_download(size);
	uint32_t seed = 1;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		fresh(16, 0xff);
		world = (struct session){.want = image(2, size, 0)};
		for (uint32_t i = 0; i < 8 && !world.written; i++) {
			seed = seed * 1664525 + 1013904223; /* Numerical Recipes' generator: its upper bits are good enough */
			fake.cut_at = 1 + (seed >> 16) % (ops + 1);
			fake.cut = (enum fake_cut)((seed >> 8) % FAKE_CUTS);
			fake_run(download, NULL);
			seed = seed * 1664525 + 1013904223;
			check(seed >> 1);
		}
		assert_int_equal(fake_run(download, NULL), FAKE_RETURNED);
		power_cycle(seed);
		assert_int_equal(load().step, PROGRESS_WRITTEN);
		assert_int_equal(fake.rule_breaks, 0);
	}
}

/* A record that fills its page goes on in the other one. */
static void test_cuts_where_the_page_is_full(void **state)
{
	const uint32_t size = 70 * SLOT_PAGE, ops = ops_of_a_download(size);

	(void)state;
	for (int cut = 0; cut < FAKE_CUTS; cut++)
		for (uint32_t first = 55; first <= ops; first++)
			for (uint32_t lucks = 0; lucks < 4; lucks++)
				cut_twice(size, first, 3, (enum fake_cut)cut, lucks);
}

static void clear(void *ctx)
{
	(void)ctx;
	assert_int_equal(progress_clear(), 0);
}

static void begin_other(void *ctx)
{
	struct progress p = image(9, 3 * SLOT_PAGE, 0);

	(void)ctx;
	assert_int_equal(progress_begin(&p), 0);
}

/* What was forgotten or superseded never comes back once that has been finished. */
static void forget(void (*how)(void *), uint32_t op, enum fake_cut cut, uint32_t lucks)
{
	fresh(4, 0xff);
	world = (struct session){.want = image(2, 4 * SLOT_PAGE, 0)};
	assert_int_equal(fake_run(download, NULL), FAKE_RETURNED);
	power_cycle(0);
	fake.cut_at = op;
	fake.cut = cut;
	fake_run(how, NULL);
	power_cycle(lucks & 1 ? UINT32_MAX : 0);
	assert_int_equal(fake_run(how, NULL), FAKE_RETURNED);
	for (uint32_t i = 1; i < 4; i++) {
		struct progress got;

		got = load();
		if (how == begin_other)
			assert_int_equal(got.sha256[0], 9);
		power_cycle(lucks >> i & 1 ? UINT32_MAX : 0);
	}
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_forgetting(void **state)
{
	(void)state;
	for (int cut = 0; cut < FAKE_CUTS; cut++)
		for (uint32_t op = 1; op <= 17; op++)
			for (uint32_t lucks = 0; lucks < 16; lucks++) {
				forget(begin_other, op, (enum fake_cut)cut, lucks);
				forget(clear, op, (enum fake_cut)cut, lucks);
			}
}

static void test_a_torn_unit_with_ecc(void **state)
{
	const uint32_t size = 5 * SLOT_PAGE, ops = ops_of_a_download(size);

	(void)state;
	for (uint32_t first = 1; first <= ops; first++) {
		fresh(16, 0xff);
		fake.ecc = 1;
		world = (struct session){.want = image(2, size, 0)};
		fake.cut_at = first;
		fake.cut = FAKE_TORN;
		fake_run(download, NULL);
		check(0);
		assert_int_equal(fake_run(download, NULL), FAKE_RETURNED);
		assert_int_equal(load().step, PROGRESS_WRITTEN);
	}
}

/* One page in all: a cut in its erase may cost the record, never the truth. */
static void test_area_of_one_page(void **state)
{
	const uint32_t ops = ops_of_a_download(5 * SLOT_PAGE);

	(void)state;
	for (int cut = 0; cut < FAKE_CUTS; cut++)
		for (uint32_t first = 1; first <= ops; first++) {
			fresh(16, 0xff);
			fake.board.area[DUT_AREA_PROGRESS].size = FAKE_PAGE_BYTES;
			world = (struct session){.want = image(2, 5 * SLOT_PAGE, 0)};
			fake.cut_at = first;
			fake.cut = (enum fake_cut)cut;
			fake_run(download, NULL);
			power_cycle(0);
			assert_true(load().off <= world.complete);
			world.told = load().off;
			assert_int_equal(fake_run(download, NULL), FAKE_RETURNED);
			assert_int_equal(load().step, PROGRESS_WRITTEN);
			assert_int_equal(fake.rule_breaks, 0);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_begin_is_asked_for_again_after_a_reset),
		cmocka_unit_test(test_board_without_the_area),
		cmocka_unit_test(test_failing_flash),
		cmocka_unit_test(test_pairs_of_cuts),
		cmocka_unit_test(test_seeded_cuts),
		cmocka_unit_test(test_cuts_where_the_page_is_full),
		cmocka_unit_test(test_forgetting),
		cmocka_unit_test(test_a_torn_unit_with_ecc),
		cmocka_unit_test(test_area_of_one_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
