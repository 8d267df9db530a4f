/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flash_write.h"
#include "boot/flash_ops.h"
#include "boot/record.h"
#include "tests/fake_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE 8192u

static int begin(void **state)
{
	(void)state;
	fake_new(8, 0xff);
	fake_power_on(0);
	return 0;
}

/* No operation begins on a supply too low: it waits for a moment, and then gives up. */
static void waits_for_the_supply(void **state)
{
	static const uint8_t unit[8] = {1};

	(void)state;
	fake.low_polls = 20;
	assert_int_equal(flash_erase(PAGE), 0);
	assert_int_equal(fake.low_polls, 0);
	assert_in_range(fake.now_us, 20000, 21000);
	fake.low_polls = 20;
	assert_int_equal(flash_program(PAGE, unit, 8), 0);
	assert_int_equal(fake.ops, 2);
	fake.low_polls = 1000;
	assert_int_equal(flash_erase(PAGE), -1);
	assert_int_equal(flash_program(PAGE, unit, 8), -1);
	assert_int_equal(record_write(PAGE, unit, 8), -1);
	assert_int_equal(fake.ops, 2);
	assert_true(fake.now_us < 400000);
}

static void erase_is_looked_at(void **state)
{
	(void)state;
	fake.flash[PAGE + 1000] = 0;
	fake.stuck_at = PAGE + 1023;
	assert_int_equal(flash_erase(PAGE), -1);
	assert_int_equal(fake.ops, 2); /* tries */
	assert_int_equal(fake.feeds, 2);
	fake.stuck_at = 0;
	assert_int_equal(flash_erase(PAGE), 0);
	assert_true(flash_is_erased(PAGE, FAKE_PAGE_BYTES));
}

/* A record on a worn page is not written at all: nothing is programmed over stuck cells. */
static void worn_page_is_left_alone(void **state)
{
	static const uint8_t record[16] = {1, 2, 3};

	(void)state;
	fake.stuck_at = PAGE + 3;
	assert_int_equal(record_write(PAGE, record, sizeof(record)), -1);
	assert_int_equal(fake.rule_breaks, 0);
	fake.stuck_at = 0;
	assert_int_equal(record_write(PAGE, record, sizeof(record)), 0);
	assert_memory_equal(fake.flash + PAGE, record, sizeof(record));
}

static void blank_is_every_byte(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 600; at += 13) {
		fake.flash[PAGE + at] = 0xfe;
		assert_int_equal(flash_is_erased(PAGE, at), 1);
		assert_int_equal(flash_is_erased(PAGE, at + 1), 0);
		fake.flash[PAGE + at] = 0xff;
	}
	assert_int_equal(flash_is_erased(FAKE_FLASH_BYTES - 8, 16), 0); /* unreadable */
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(waits_for_the_supply), TEST(erase_is_looked_at), TEST(worn_page_is_left_alone), TEST(blank_is_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
