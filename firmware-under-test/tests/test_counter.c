/* SPDX-License-Identifier: Apache-2.0 */
/* test_counter.c - the security counter: its record, its two pages, and power cuts at every operation. */
#include "boot/boot_counter.h"
#include "lib/crc.h"
#include "tests/fake_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *page(enum dut_area_id id)
{
	return fake.flash + fake.board.area[id].addr;
}

static void test_blank_is_zero(void **state)
{
	(void)state;
	fake_new(4, 0xff);
	assert_int_equal(boot_counter_read(), 0);
	fake_new(4, 0x00); /* all bytes alike must not pass for a record either */
	assert_int_equal(boot_counter_read(), 0);
	assert_int_equal(boot_counter_raise(0), 0);
	assert_int_equal(fake.ops, 0);
}

static void test_layout(void **state)
{
	/* README.md, "Flash": magic, value, ~value, crc32, little-endian. */
	static const uint8_t want[] = {'B', 'P', 'S', 'C', 4, 3, 2, 1, 0xfb, 0xfc, 0xfd, 0xfe};
	uint32_t crc = crc32_ieee(0, want, sizeof(want));
	const uint8_t *p;

	(void)state;
	fake_new(4, 0xff);
	assert_int_equal(boot_counter_raise(0x01020304), 0);
	p = page(DUT_AREA_COUNTER_A);
	assert_memory_equal(p, want, sizeof(want));
	assert_int_equal(p[12] | (uint32_t)p[13] << 8 | (uint32_t)p[14] << 16 | (uint32_t)p[15] << 24, crc);
	for (uint32_t i = 16; i < FAKE_PAGE_BYTES; i++)
		assert_int_equal(p[i], 0xff);
}

static void test_only_rises_and_takes_turns(void **state)
{
	static const uint32_t values[] = {1, 2, 10, 11, 1000, UINT32_MAX};
	uint8_t kept[FAKE_PAGE_BYTES];

	(void)state;
	for (uint32_t unit = 1; unit <= DUT_MAX_UNIT; unit *= 2) {
		fake_new(unit, unit & 1 ? 0x00 : 0xff);
		for (uint32_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			enum dut_area_id older = i % 2 ? DUT_AREA_COUNTER_A : DUT_AREA_COUNTER_B;

			memcpy(kept, page(older), sizeof(kept));
			assert_int_equal(boot_counter_raise(values[i]), 0);
			assert_int_equal(boot_counter_read(), values[i]);
			assert_memory_equal(kept, page(older), sizeof(kept));
			fake.ops = 0;
			assert_int_equal(boot_counter_raise(values[i]), 0);
			assert_int_equal(boot_counter_raise(values[i] - 1), 0);
			assert_int_equal(fake.ops, 0);
		}
		assert_int_equal(fake.rule_breaks, 0);
	}
}

static void test_any_flipped_bit_voids_the_record(void **state)
{
	uint8_t *p;

	(void)state;
	fake_new(8, 0xff);
	assert_int_equal(boot_counter_raise(10), 0);
	assert_int_equal(boot_counter_raise(11), 0);
	p = page(DUT_AREA_COUNTER_B);
	for (uint32_t bit = 0; bit < 16 * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(boot_counter_read(), 10);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(boot_counter_read(), 11);
}

static void test_failing_flash(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 5; n++) {
		fake_new(4, 0xff);
		assert_int_equal(boot_counter_raise(10), 0);
		fake_power_on(0);
		fake.fail_from = n;
		assert_int_equal(boot_counter_raise(11), -1);
		assert_int_equal(boot_counter_read(), 10);
		fake.fail_from = 0;
		assert_int_equal(boot_counter_raise(11), 0);
		assert_int_equal(boot_counter_read(), 11);
	}
}

static void raise_to(void *ctx)
{
	const uint32_t *value = ctx;

	assert_int_equal(boot_counter_raise(*value), 0);
}

/* The same raise again and again, cut in each power session at the operation given, and each reading drawn. */
static void cut_and_retry(uint32_t op, enum fake_cut cut, uint32_t lucks, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t read;

		fake_power_on(lucks >> i & 1 ? UINT32_MAX : 0);
		fake.cut_at = op;
		fake.cut = cut;
		read = boot_counter_read();
		assert_true(read == value - 1 || read == value);
		fake_run(raise_to, &value);
	}
	fake_power_on(0);
	assert_int_equal(fake_run(raise_to, &value), FAKE_RETURNED);
	assert_int_equal(boot_counter_read(), value);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_cuts(void **state)
{
	(void)state;
	for (uint32_t start = 9; start <= 10; start++) /* so that either page is the older one */
		for (uint32_t op = 1; op <= 6; op++)
			for (int cut = 0; cut < FAKE_CUTS; cut++)
				for (uint32_t lucks = 0; lucks < 16; lucks++) {
					fake_new(4, 0xff);
					for (uint32_t v = 9; v <= start; v++)
						assert_int_equal(boot_counter_raise(v), 0);
					cut_and_retry(op, (enum fake_cut)cut, lucks, start + 1);
				}
}

static void test_a_torn_unit_with_ecc(void **state)
{
	(void)state;
	for (uint32_t op = 1; op <= 5; op++) {
		fake_new(4, 0xff);
		fake.ecc = 1;
		assert_int_equal(boot_counter_raise(10), 0);
		cut_and_retry(op, FAKE_TORN, 0, 11);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blank_is_zero),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_only_rises_and_takes_turns),
		cmocka_unit_test(test_any_flipped_bit_voids_the_record),
		cmocka_unit_test(test_failing_flash),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_a_torn_unit_with_ecc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
