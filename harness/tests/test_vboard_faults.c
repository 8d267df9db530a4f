/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware that misbehaves, and a part that does: what the virtual board traps, and faults that the core lives through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/tiny_board.h"

#define LOW_MS 20u
#define PAGE (TINY_FREE + TINY_PAGE)
#define SLOT_A_ONLY (1u << DUT_AREA_SLOT_A)

static const uint8_t zeros[64];

static int64_t told(unsigned i)
{
	return (int64_t)tiny_seen.value[i];
}

static void tell_rc(int rc)
{
	tiny_tell((uint64_t)(int64_t)rc);
}

/* ---- traps ------------------------------------------------------------------------ */

static void programs_twice(void)
{
	static const uint8_t some[4] = {0xf0, 0xff, 0xff, 0xff}, back[4] = {0xff, 0xff, 0xff, 0xff};

	dut_flash_program(TINY_FREE, some, 4);
	dut_flash_program(TINY_FREE, back, 4);
	tiny_idle();
}

static void programs_a_weak_unit(void)
{
	dut_flash_program(TINY_FREE, zeros, 4);
	tiny_idle();
}

static void erases_in_the_boot_area(void)
{
	dut_flash_erase(TINY_PAGE);
	tiny_idle();
}

static void erases_slot_b(void)
{
	dut_flash_erase(TINY_SLOT_B);
	tiny_idle();
}

static void erases_a_page_of_no_area(void)
{
	dut_flash_erase(TINY_FREE);
	tiny_idle();
}

static void erases_half_a_page(void)
{
	dut_flash_erase(TINY_FREE + TINY_UNIT);
	tiny_idle();
}

static void jumps_to_slot_a(void)
{
	dut_jump(TINY_SLOT_A);
}

static void jumps_to_nowhere(void)
{
	dut_jump(0x40000);
}

static void erases_slot_a(void)
{
	dut_flash_erase(TINY_SLOT_A);
	tiny_idle();
}

static void ignores_the_supply(void)
{
	dut_flash_erase(PAGE);
	dut_flash_erase(PAGE);
	tiny_idle();
}

static void weak_unit(void) { bp_flash_program_torn(bp_vboard_flash(tiny), TINY_FREE, zeros, (struct bp_torn){99, 6}); }
static void garbage_in_a(void) { bp_flash_load(bp_vboard_flash(tiny), TINY_SLOT_A, zeros, 64); }
static void image_in_a(void) { tiny_load_image(0, 0); }
static void once_a_unit(void) { bp_vboard_flash(tiny)->geo.writes_per_unit = 1; }
static void only_slot_a(void) { bp_vboard_allow(tiny, SLOT_A_ONLY); }

static void low_supply(void)
{
	bp_vboard_arm_op(tiny, 1, BP_CUT_AFTER, (struct bp_torn){0, 0});
	bp_vboard_arm_fault(tiny, BP_FAULT_BROWN_OUT, LOW_MS * TINY_MS);
}

static const struct trap_row {
	const char *name;
	void (*boot)(void), (*app)(void), (*before)(void);
	enum bp_trap_kind trap;
	uint32_t addr;
} traps[] = {
	{"program over cleared bits", programs_twice, NULL, NULL, BP_TRAP_OVERWRITE, TINY_FREE},
	{"a unit twice where once is all", programs_twice, NULL, once_a_unit, BP_TRAP_TOO_OFTEN, TINY_FREE},
	{"program a weak unit", programs_a_weak_unit, NULL, weak_unit, BP_TRAP_WEAK_UNIT, TINY_FREE},
	{"within a page", erases_half_a_page, NULL, NULL, BP_TRAP_OUTSIDE, TINY_FREE + TINY_UNIT},
	{"the bootloader", erases_in_the_boot_area, NULL, NULL, BP_TRAP_BOOTLOADER, TINY_PAGE},
	{"the running slot", jumps_to_slot_a, erases_slot_a, image_in_a, BP_TRAP_RUNNING_SLOT, TINY_SLOT_A},
	{"an area that this step must not touch", erases_slot_b, NULL, only_slot_a, BP_TRAP_FORBIDDEN_AREA, TINY_SLOT_B},
	{"no area at all", erases_a_page_of_no_area, NULL, only_slot_a, BP_TRAP_FORBIDDEN_AREA, TINY_FREE},
	{"an area that it may", erases_slot_a, NULL, only_slot_a, BP_TRAP_NONE, 0},
	{"anywhere, with no rule", erases_a_page_of_no_area, NULL, NULL, BP_TRAP_NONE, 0},
	{"code that was never written", jumps_to_slot_a, NULL, NULL, BP_TRAP_BLANK_CODE, TINY_SLOT_A},
	{"code that is no known image", jumps_to_slot_a, NULL, garbage_in_a, BP_TRAP_UNKNOWN_CODE, TINY_SLOT_A},
	{"a jump out of the flash", jumps_to_nowhere, NULL, NULL, BP_TRAP_BLANK_CODE, 0x40000},
	{"an operation on a supply too low", ignores_the_supply, NULL, low_supply, BP_TRAP_LOW_SUPPLY, PAGE},
};

static void traps_are_set_off(void **state)
{
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		const struct trap_row *row = &traps[i];
		const struct bp_flash *f;

		tiny_end(state);
		tiny_begin(state);
		tiny_new(BP_ACCEL_NONE, row->boot, row->app);
		if (row->before)
			row->before();
		bp_vboard_power_on(tiny);
		tiny_run(100);
		f = bp_vboard_flash(tiny);
		if (f->trap.kind != row->trap || f->trap.addr != row->addr || !f->n_traps != (row->trap == BP_TRAP_NONE))
			fail_msg("%s: %u traps, the first: %s at 0x%x", row->name, f->n_traps, bp_trap_name(f->trap.kind), f->trap.addr);
	}
}

/* Rules of a step end with the next one, and with the case. */
static void allowed_areas_change(void **state)
{
	(void)state;
	tiny_new(BP_ACCEL_NONE, erases_slot_b, NULL);
	bp_vboard_allow(tiny, SLOT_A_ONLY);
	bp_vboard_allow(tiny, SLOT_A_ONLY | 1u << DUT_AREA_SLOT_B);
	bp_vboard_power_on(tiny);
	tiny_run(50);
	assert_int_equal(bp_vboard_flash(tiny)->n_traps, 0);
	bp_vboard_allow(tiny, SLOT_A_ONLY);
	bp_vboard_power_off(tiny);
	bp_vboard_rewind(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(50);
	assert_int_equal(bp_vboard_flash(tiny)->n_traps, 0);
}

/* ---- faults that the core lives through ------------------------------------------------- */

/* Two operations, each on its page, once more when the supply is well; what each comes to is told. */
static void works_on(void)
{
	uint32_t ones = 0xffffffff;

	tell_rc(dut_flash_erase(PAGE));
	tell_rc(dut_flash_program(TINY_FREE, zeros, 4));
	tiny_tell((uint64_t)dut_supply_ok());
	while (!dut_supply_ok())
		dut_wait_ms(1);
	tell_rc(dut_flash_erase(PAGE));
	tell_rc(dut_flash_program(TINY_FREE + 4, zeros, 4));
	dut_flash_read(PAGE, &ones, 4);
	tiny_tell(ones);
	tiny_idle();
}

static void live(enum bp_fault fault, uint64_t op, enum bp_cut_position position)
{
	uint8_t unit[4] = {0};

	tiny_new(BP_ACCEL_NONE, works_on, NULL);
	for (uint32_t at = 0; at < TINY_PAGE; at += TINY_UNIT)
		bp_flash_program(bp_vboard_flash(tiny), PAGE + at, unit);
	bp_vboard_arm_op(tiny, op, position, (struct bp_torn){50, 0});
	bp_vboard_arm_fault(tiny, fault, LOW_MS * TINY_MS);
	bp_vboard_power_on(tiny);
	assert_int_equal(tiny_run(200), BP_STOP_TIME);
	assert_true(bp_vboard_cut_report(tiny)->fired);
	assert_int_equal(bp_vboard_cut_report(tiny)->fault, fault);
	assert_int_equal(bp_vboard_cut_report(tiny)->op.ordinal, op);
	assert_int_equal(tiny_seen.boots, 1);
}

static const struct live_row {
	const char *name;
	enum bp_fault fault;
	uint64_t op;
	enum bp_cut_position position;
	int silent;
	int64_t rc[4];          /* of erase, program, erase, program */
	int ok;                 /* the supply, after the first two */
	unsigned ops;           /* that did something */
} rows[] = {
	{"sags before the erase", BP_FAULT_BROWN_OUT, 1, BP_CUT_BEFORE, 0, {-1, -1, 0, 0}, 0, 2},
	{"sags within the erase", BP_FAULT_BROWN_OUT, 1, BP_CUT_TORN, 0, {-1, -1, 0, 0}, 0, 3},
	{"sags after the erase", BP_FAULT_BROWN_OUT, 1, BP_CUT_AFTER, 0, {0, -1, 0, 0}, 0, 3},
	{"silently before", BP_FAULT_BROWN_OUT, 1, BP_CUT_BEFORE, 1, {0, 0, 0, 0}, 1, 3}, /* the erase took as long as the sag */
	{"silently within", BP_FAULT_BROWN_OUT, 2, BP_CUT_TORN, 1, {0, 0, 0, 0}, 0, 4},
	{"refused once", BP_FAULT_OP_REJECTED, 2, BP_CUT_BEFORE, 0, {0, -1, 0, 0}, 1, 3},
	{"swallowed once", BP_FAULT_OP_IGNORED, 1, BP_CUT_BEFORE, 0, {0, 0, 0, 0}, 1, 3},
	{"dead from then on", BP_FAULT_PAGE_DEAD, 1, BP_CUT_BEFORE, 0, {-1, 0, -1, 0}, 1, 2},
	{"worn from then on", BP_FAULT_PAGE_WORN, 1, BP_CUT_BEFORE, 0, {0, 0, 0, 0}, 1, 4},
};

static void core_lives_on(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct live_row *row = &rows[i];

		tiny_end(state);
		tiny_begin(state);
		tiny_config.flash.low_is_silent = row->silent;
		live(row->fault, row->op, row->position);
		if (told(0) != row->rc[0] || told(1) != row->rc[1] || told(2) != row->ok || told(3) != row->rc[2] || told(4) != row->rc[3])
			fail_msg("%s: %lld %lld, supply %lld, then %lld %lld", row->name, (long long)told(0), (long long)told(1), (long long)told(2),
				 (long long)told(3), (long long)told(4));
		if (bp_vboard_ops(tiny) != row->ops)
			fail_msg("%s: %llu operations", row->name, (unsigned long long)bp_vboard_ops(tiny));
		/* What was refused or swallowed has changed nothing; the last erase worked, unless the page is gone. */
		assert_int_equal(told(5) == UINT32_MAX, row->fault != BP_FAULT_PAGE_DEAD);
	}
}

/* A torn erase and a torn program are left by a sag as by a power cut. */
static void a_sag_tears(void **state)
{
	struct bp_flash *f;

	(void)state;
	live(BP_FAULT_BROWN_OUT, 2, BP_CUT_TORN);
	f = bp_vboard_flash(tiny);
	assert_int_equal(told(1), -1);
	assert_int_equal(f->units[TINY_FREE / TINY_UNIT] & BP_UNIT_TORN, BP_UNIT_TORN);
}

/* Cells that an erase no longer reaches: seen by who looks, and trapped by who programs there all the same. */
static void worn_page(void **state)
{
	struct bp_flash *f;
	unsigned stuck = 0;

	(void)state;
	live(BP_FAULT_PAGE_WORN, 1, BP_CUT_BEFORE);
	f = bp_vboard_flash(tiny);
	for (uint32_t i = 0; i < TINY_PAGE; i += TINY_UNIT) {
		bool here = false;

		for (uint32_t k = 0; k < TINY_UNIT; k++)
			here = here || f->bytes[PAGE + i + k] != 0xff;
		stuck += here;
		if (here)
			assert_int_not_equal(bp_flash_program_rule(f, PAGE + i, zeros), BP_TRAP_NONE);
	}
	assert_in_range(stuck, 1, TINY_PAGE / TINY_UNIT / 8);
	assert_int_equal(f->wear[PAGE / TINY_PAGE], 2);
}

/* A page stays bad over power cycles, and is well in the next case. */
static void bad_pages_stay(void **state)
{
	(void)state;
	live(BP_FAULT_PAGE_DEAD, 1, BP_CUT_BEFORE);
	bp_vboard_power_off(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(200);
	assert_int_equal(told(6), -1);
	bp_vboard_power_off(tiny);
	bp_vboard_rewind(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(200);
	assert_int_equal(told(12), 0);
}

static void never_struck(void **state)
{
	(void)state;
	tiny_new(BP_ACCEL_NONE, works_on, NULL);
	bp_vboard_arm_op(tiny, 9, BP_CUT_BEFORE, (struct bp_torn){0, 0});
	bp_vboard_arm_fault(tiny, BP_FAULT_OP_REJECTED, 0);
	bp_vboard_power_on(tiny);
	tiny_run(200);
	assert_false(bp_vboard_cut_report(tiny)->fired);
	assert_int_equal(bp_vboard_ops(tiny), 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_begin, tiny_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(traps_are_set_off), TEST(allowed_areas_change), TEST(core_lives_on), TEST(a_sag_tears), TEST(worn_page),
		TEST(bad_pages_stay), TEST(never_struck),
	};

	if (tiny_catch())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
