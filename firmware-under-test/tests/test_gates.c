/* SPDX-License-Identifier: Apache-2.0 */
/* test_gates.c - what the surroundings allow, at the edges of each limit. */
#include "agent/gates.h"
#include "tests/fake_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOON INT64_C(1767268800)   /* 2026-01-01 12:00:00 */
#define MIDNIGHT INT64_C(1767225600)
#define DAY 86400
#define HM(h, m) ((h) * 3600 + (m) * 60)

static void test_no_limits(void **state)
{
	(void)state;
	fake_new(4, 0xff);
	fake.battery_percent = 0;
	fake.mains = 0;
	fake.wallclock_s = NOON;
	assert_int_equal(gate_download(), REASON_NONE);
	assert_int_equal(gate_install(), REASON_NONE);
}

struct charge_row {
	uint32_t percent;
	int mains;
	enum reason want;
};

static void test_charge(void **state)
{
	static const struct charge_row rows[] = {
		{0, 1, REASON_LOW_BATTERY}, {29, 1, REASON_LOW_BATTERY}, {29, 0, REASON_LOW_BATTERY}, {30, 1, REASON_NONE},
		{30, 0, REASON_NO_MAINS}, {59, 0, REASON_NO_MAINS}, {59, 1, REASON_NONE}, {60, 0, REASON_NONE}, {100, 0, REASON_NONE},
	};

	(void)state;
	fake_new(4, 0xff);
	fake.board.gates.battery_percent = 30;
	fake.board.gates.mains_below_percent = 60;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.battery_percent = rows[i].percent;
		fake.mains = rows[i].mains;
		assert_int_equal(gate_download(), rows[i].want);
		assert_int_equal(gate_install(), rows[i].want);
	}
}

struct window_row {
	uint16_t from, to;
	int64_t clock;
	enum reason want;
};

static void test_window(void **state)
{
	static const struct window_row rows[] = {
		{22 * 60, 6 * 60, NOON, REASON_OUTSIDE_WINDOW},
		{22 * 60, 6 * 60, MIDNIGHT, REASON_NONE},
		{22 * 60, 6 * 60, MIDNIGHT + HM(6, 0) - 1, REASON_NONE},
		{22 * 60, 6 * 60, MIDNIGHT + HM(6, 0), REASON_OUTSIDE_WINDOW},
		{22 * 60, 6 * 60, MIDNIGHT + HM(22, 0) - 1, REASON_OUTSIDE_WINDOW},
		{22 * 60, 6 * 60, MIDNIGHT + HM(22, 0), REASON_NONE},
		{60, 120, MIDNIGHT + HM(1, 0) - 1, REASON_OUTSIDE_WINDOW},
		{60, 120, MIDNIGHT + HM(1, 0), REASON_NONE},
		{60, 120, MIDNIGHT + HM(2, 0) - 1, REASON_NONE},
		{60, 120, MIDNIGHT + HM(2, 0), REASON_OUTSIDE_WINDOW},
		{0, 0, NOON, REASON_NONE},
		{720, 720, NOON, REASON_NONE},
		/* a clock that was never set, is negative, or is past 32 bits */
		{22 * 60, 6 * 60, HM(12, 0), REASON_NONE},
		{22 * 60, 6 * 60, -DAY, REASON_NONE},
		{22 * 60, 6 * 60, INT64_MIN, REASON_NONE},
		{22 * 60, 6 * 60, INT64_C(49711) * DAY, REASON_NONE},
		{22 * 60, 6 * 60, INT64_C(49711) * DAY + HM(12, 0), REASON_OUTSIDE_WINDOW},
	};

	(void)state;
	fake_new(4, 0xff);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.board.gates.window_from_min = rows[i].from;
		fake.board.gates.window_to_min = rows[i].to;
		fake.wallclock_s = rows[i].clock;
		assert_int_equal(gate_install(), rows[i].want);
		assert_int_equal(gate_download(), REASON_NONE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_limits),
		cmocka_unit_test(test_charge),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
