/* SPDX-License-Identifier: Apache-2.0 */
/* test_boot_select.c - what the bootloader decides, first as pure functions, then on the fake board from reset to jump. */
#include "boot/boot_select.h"

#include "boot/boot_counter.h"
#include "boot/boot_main.h"
#include "boot/handover.h"
#include "tests/fake_dut.h"
#include "tests/fake_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- pure ---- */

static const struct update_row {
	const char *name;
	struct boot_state s;
	enum select_update want;
} update_rows[] = {
	{"idle", {.pending = SLOT_NONE}, SELECT_NO_UPDATE},
	{"idle with a left-over slot", {.pending = 1, .attempts = 3}, SELECT_NO_UPDATE},
	{"pending", {.pending = 1, .attempts = 3, .phase = BOOT_PENDING}, SELECT_TRY},
	{"on trial", {.pending = 1, .attempts = 1, .phase = BOOT_TRIAL}, SELECT_TRY},
	{"out of attempts", {.pending = 1, .phase = BOOT_TRIAL}, SELECT_GIVE_UP},
	{"no slot", {.pending = SLOT_NONE, .attempts = 3, .phase = BOOT_PENDING}, SELECT_GIVE_UP},
	{"the active slot", {.active = 1, .pending = 1, .attempts = 3, .phase = BOOT_PENDING}, SELECT_GIVE_UP},
};

static void test_update(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof(update_rows) / sizeof(update_rows[0]); i++)
		if (select_update(&update_rows[i].s) != update_rows[i].want)
			fail_msg("%s", update_rows[i].name);
}

static const struct reason_row {
	const char *name;
	uint8_t phase;
	enum reason noted;
	enum dut_reset_cause cause;
	enum reason want;
} reason_rows[] = {
	{"said by the image", BOOT_TRIAL, REASON_UNHEALTHY, DUT_CAUSE_SOFTWARE, REASON_UNHEALTHY},
	{"crash", BOOT_TRIAL, REASON_NONE, DUT_CAUSE_FAULT, REASON_CRASHED},
	{"watchdog", BOOT_TRIAL, REASON_NONE, DUT_CAUSE_WATCHDOG, REASON_WATCHDOG},
	{"its own reset", BOOT_TRIAL, REASON_NONE, DUT_CAUSE_SOFTWARE, REASON_NO_CONFIRM},
	{"power loss", BOOT_TRIAL, REASON_NONE, DUT_CAUSE_POWER_ON, REASON_NO_CONFIRM},
	{"a reason of the update before", BOOT_PENDING, REASON_OK, DUT_CAUSE_POWER_ON, REASON_NO_CONFIRM},
};

static void test_trial_reason(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof(reason_rows) / sizeof(reason_rows[0]); i++) {
		const struct reason_row *r = &reason_rows[i];
		struct boot_state s = {.phase = r->phase, .reason = (uint8_t)r->noted};

		if (select_trial_reason(&s, r->cause) != r->want)
			fail_msg("%s", r->name);
	}
}

static const struct lost_row {
	const char *name;
	struct slot_check check[2];
	uint32_t want;
} lost_rows[] = {
	{"none", {{REASON_BAD_IMAGE, 0}, {REASON_BAD_HASH, 0}}, SLOT_NONE},
	{"a alone", {{REASON_NONE, 1}, {REASON_BAD_HASH, 9}}, 0},
	{"b alone", {{REASON_BAD_HASH, 9}, {REASON_NONE, 1}}, 1},
	{"b higher", {{REASON_NONE, 1}, {REASON_NONE, 2}}, 1},
	{"a higher", {{REASON_NONE, 3}, {REASON_NONE, 2}}, 0},
	{"equal", {{REASON_NONE, 2}, {REASON_NONE, 2}}, 0},
	{"no counters", {{REASON_NONE, 0}, {REASON_NONE, 0}}, 0},
};

static void test_without_state(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof(lost_rows) / sizeof(lost_rows[0]); i++)
		if (select_without_state(lost_rows[i].check) != lost_rows[i].want)
			fail_msg("%s", lost_rows[i].name);
}

/* ---- on the fake board ---- */

static void boot(void *ctx)
{
	(void)ctx;
	boot_main();
}

static enum fake_exit boot_once(void)
{
	return fake_run(boot, NULL);
}

/* A board with one image in slot A (counter 10), booted once. */
static void new_device(void)
{
	fake_new(8, 0xff);
	fake_keys();
	fake_image(0, 10, 0);
	fake_power_on(0);
	assert_int_equal(boot_once(), FAKE_JUMPED);
}

/* The same with an update in slot B (counter 11) that waits for its trial. */
static void device_with_update(void)
{
	struct boot_state s;

	new_device();
	fake_image(1, 11, 1);
	assert_int_equal(boot_state_load(&s), STATE_BOTH);
	s.pending = 1;
	s.attempts = 3;
	s.phase = BOOT_PENDING;
	s.reason = REASON_OK; /* of the update before */
	s.transitions = TRANSITION_DOWNLOADED | TRANSITION_WRITTEN;
	assert_int_equal(boot_state_commit(&s), 0);
	fake_power_on(0);
}

static void expect_run(uint32_t slot, int trial)
{
	struct handover h;

	assert_int_equal(fake.jump_addr, fake.board.area[slot ? DUT_AREA_SLOT_B : DUT_AREA_SLOT_A].addr);
	assert_int_equal(handover_get(&h), 0);
	assert_int_equal(h.slot, slot);
	assert_int_equal(h.trial, trial);
	assert_int_equal(fake.watchdog_ms, 4000);
	assert_int_equal(fake.rule_breaks, 0);
}

static void expect_text(const char *text)
{
	assert_string_equal(fake.text, text);
	fake.text_len = 0;
	fake.text[0] = '\0';
}

static struct boot_state loaded(void)
{
	struct boot_state s = {.seq = 0};

	assert_int_equal(boot_state_load(&s), STATE_BOTH);
	return s;
}

static void test_factory(void **state)
{
	struct boot_state s;

	(void)state;
	new_device();
	expect_run(0, 0);
	expect_text("boot: cause power-on\nboot: run a confirmed\n");
	s = loaded();
	assert_int_equal(s.active, 0);
	assert_int_equal(s.reason, REASON_NONE);
	assert_int_equal(boot_counter_read(), 10);
	fake_power_on(0);
	assert_int_equal(boot_once(), FAKE_JUMPED);
	assert_int_equal(fake.ops, 0);
	fake_reset(DUT_CAUSE_PIN);
	assert_int_equal(boot_once(), FAKE_JUMPED);
	assert_int_equal(handover_boots(), 2);
	assert_non_null(strstr(fake.text, "boot: cause pin\n"));
}

static void test_cut_in_the_factory(void **state)
{
	enum fake_exit how = FAKE_POWER_LOST;

	(void)state;
	for (uint32_t op = 1; how == FAKE_POWER_LOST; op++)
		for (int cut = 0; cut < FAKE_CUTS; cut++)
			for (uint32_t luck = 0; luck < 2; luck++) {
				fake_new(8, 0xff);
				fake_keys();
				fake_image(1, 10, 0);
				fake_power_on(0);
				fake.cut_at = op;
				fake.cut = (enum fake_cut)cut;
				how = boot_once();
				fake_power_on(luck ? UINT32_MAX : 0);
				assert_int_equal(boot_once(), FAKE_JUMPED);
				expect_run(1, 0);
				assert_null(strstr(fake.text, "STATE_LOST"));
				assert_int_equal(loaded().reason, REASON_NONE);
				assert_int_equal(boot_counter_read(), 10);
			}
}

static void spoil_state(uint8_t value)
{
	memset(fake.flash + fake.board.area[DUT_AREA_STATE_A].addr, value, FAKE_PAGE_BYTES);
	memset(fake.flash + fake.board.area[DUT_AREA_STATE_B].addr, value, FAKE_PAGE_BYTES);
}

static void test_state_lost(void **state)
{
	(void)state;
	for (int value = 0; value <= 0xff; value += 0xff) { /* garbage, and erased though the counter says that it had a past */
		device_with_update();
		spoil_state((uint8_t)value);
		assert_int_equal(boot_once(), FAKE_JUMPED);
		expect_run(1, 0);
		expect_text("boot: cause power-on\nboot: STATE_LOST\nboot: run b confirmed\n");
		assert_int_equal(loaded().active, 1);
		assert_int_equal(loaded().reason, REASON_STATE_LOST);
		assert_int_equal(boot_counter_read(), 11);
	}
}

static void test_state_lost_keeps_the_counter(void **state)
{
	(void)state;
	new_device();
	fake_image(0, 9, 0); /* an old image does not come back this way */
	spoil_state(0);
	fake_power_on(0);
	fake.dies_at_us = UINT64_C(60000000);
	assert_int_equal(boot_once(), FAKE_POWER_LOST);
	assert_non_null(strstr(fake.text, "boot: NO_IMAGE\n"));
}

static void test_no_image(void **state)
{
	(void)state;
	fake_new(8, 0xff);
	fake_keys();
	fake_power_on(0);
	fake.dies_at_us = UINT64_C(60000000);
	assert_int_equal(boot_once(), FAKE_POWER_LOST); /* it serves on until then */
	expect_text("boot: cause power-on\nboot: NO_IMAGE\n");
	assert_int_equal(fake.watchdog_ms, 0);
	assert_int_equal(fake.ops, 0);
}

static void test_trial_to_rollback(void **state)
{
	static const struct {
		enum dut_reset_cause cause;
		const char *text;
		enum reason why;
	} rows[] = {
		{DUT_CAUSE_FAULT, "boot: cause fault\nboot: rollback to a reason CRASHED\nboot: run a confirmed\n", REASON_CRASHED},
		{DUT_CAUSE_WATCHDOG, "boot: cause watchdog\nboot: rollback to a reason WATCHDOG\nboot: run a confirmed\n", REASON_WATCHDOG},
		{DUT_CAUSE_SOFTWARE, "boot: cause software\nboot: rollback to a reason NO_CONFIRM\nboot: run a confirmed\n", REASON_NO_CONFIRM},
		{DUT_CAUSE_POWER_ON, "boot: cause power-on\nboot: rollback to a reason NO_CONFIRM\nboot: run a confirmed\n", REASON_NO_CONFIRM},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct boot_state s;

		device_with_update();
		for (uint32_t left = 3; left--; fake_reset(rows[i].cause)) {
			fake.text_len = 0;
			assert_int_equal(boot_once(), FAKE_JUMPED);
			expect_run(1, 1);
			assert_int_equal(loaded().attempts, left);
			assert_int_equal(loaded().phase, BOOT_TRIAL);
		}
		assert_non_null(strstr(fake.text, "boot: run b trial 3/3\n"));
		expect_text(fake.text);
		assert_int_equal(boot_once(), FAKE_JUMPED);
		expect_run(0, 0);
		expect_text(rows[i].text);
		s = loaded();
		assert_int_equal(s.phase, BOOT_IDLE);
		assert_int_equal(s.pending, SLOT_NONE);
		assert_int_equal(s.reason, rows[i].why);
		assert_int_equal(s.transitions, TRANSITION_DOWNLOADED | TRANSITION_WRITTEN | TRANSITION_TRIAL | TRANSITION_ROLLED_BACK);
		assert_int_equal(boot_counter_read(), 10);
	}
}

static void test_pending_image_is_bad(void **state)
{
	(void)state;
	device_with_update();
	fake_slot(1)[100] ^= 1;
	assert_int_equal(boot_once(), FAKE_JUMPED);
	expect_run(0, 0);
	expect_text("boot: cause power-on\nboot: rollback to a reason BAD_HASH\nboot: run a confirmed\n");
	assert_int_equal(loaded().reason, REASON_BAD_HASH);
}

static void test_pending_image_is_too_old(void **state)
{
	(void)state;
	device_with_update();
	fake_image(1, 9, 1);
	assert_int_equal(boot_once(), FAKE_JUMPED);
	expect_run(0, 0);
	assert_int_equal(loaded().reason, REASON_ROLLBACK_INDEX);
}

static void test_active_image_is_bad(void **state)
{
	(void)state;
	new_device();
	fake_image(1, 10, 1);
	fake_slot(0)[100] ^= 1;
	fake_power_on(0);
	assert_int_equal(boot_once(), FAKE_JUMPED);
	expect_run(1, 0);
	expect_text("boot: cause power-on\nboot: rollback to b reason BAD_HASH\nboot: run b confirmed\n");
	assert_int_equal(loaded().active, 1);
	assert_int_equal(loaded().reason, REASON_BAD_HASH);
	fake_image(0, 9, 0); /* below the counter: no refuge */
	fake_slot(1)[100] ^= 1;
	fake_power_on(0);
	fake.dies_at_us = UINT64_C(60000000);
	assert_int_equal(boot_once(), FAKE_POWER_LOST);
	assert_non_null(strstr(fake.text, "boot: NO_IMAGE\n"));
	assert_int_equal(fake.ops, 0);
}

/* A cut between a confirm's state and its counter: the next boot records it. */
static void test_counter_catches_up(void **state)
{
	struct boot_state s;

	(void)state;
	device_with_update();
	s = loaded();
	s.active = 1;
	s.pending = SLOT_NONE;
	s.phase = BOOT_IDLE;
	assert_int_equal(boot_state_commit(&s), 0);
	fake_power_on(0);
	assert_int_equal(boot_once(), FAKE_JUMPED);
	expect_run(1, 0);
	assert_int_equal(boot_counter_read(), 11);
}

static void test_an_uncounted_trial_is_not_made(void **state)
{
	(void)state;
	device_with_update();
	fake.fail_from = 1;
	assert_int_equal(boot_once(), FAKE_JUMPED);
	expect_run(0, 0);
	expect_text("boot: cause power-on\nboot: FLASH_FAILED\nboot: run a confirmed\n");
	fake.fail_from = 0;
	assert_int_equal(boot_once(), FAKE_JUMPED);
	expect_run(1, 1);
}

/* Power is cut in the n-th operation of each boot: still no more trials than attempts, and in the end slot A runs. */
static void cut_trials(uint32_t op, enum fake_cut cut, uint32_t lucks)
{
	uint32_t trials = 0;

	device_with_update();
	for (uint32_t i = 0; i < 8; i++) {
		enum fake_exit how;

		fake_power_on(lucks >> i & 1 ? UINT32_MAX : 0);
		if (i < 4) {
			fake.cut_at = op;
			fake.cut = cut;
		}
		how = boot_once();
		trials += how == FAKE_JUMPED && fake.jump_addr == fake.board.area[DUT_AREA_SLOT_B].addr;
		assert_null(strstr(fake.text, "STATE_LOST"));
		assert_int_equal(fake.rule_breaks, 0);
		if (how == FAKE_JUMPED)
			assert_true(boot_state_load(&(struct boot_state){.seq = 0}) == STATE_BOTH);
	}
	assert_true(trials <= 3);
	expect_run(0, 0);
	assert_int_equal(loaded().reason, REASON_NO_CONFIRM);
}

static void test_cut_trials(void **state)
{
	(void)state;
	for (uint32_t op = 1; op <= 60; op++)
		for (int cut = 0; cut < FAKE_CUTS; cut++)
			for (uint32_t lucks = 0; lucks < 16; lucks++)
				cut_trials(op, (enum fake_cut)cut, lucks);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_trial_reason),
		cmocka_unit_test(test_without_state),
		cmocka_unit_test(test_factory),
		cmocka_unit_test(test_cut_in_the_factory),
		cmocka_unit_test(test_state_lost),
		cmocka_unit_test(test_state_lost_keeps_the_counter),
		cmocka_unit_test(test_no_image),
		cmocka_unit_test(test_trial_to_rollback),
		cmocka_unit_test(test_pending_image_is_bad),
		cmocka_unit_test(test_pending_image_is_too_old),
		cmocka_unit_test(test_active_image_is_bad),
		cmocka_unit_test(test_counter_catches_up),
		cmocka_unit_test(test_an_uncounted_trial_is_not_made),
		cmocka_unit_test(test_cut_trials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
