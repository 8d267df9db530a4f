/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual board as firmware finds it: resets and crashes, RAM, hand-over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/tiny_board.h"

#define RESET_NS UINT64_C(100000) /* vboard.c: reset pulse and start-up */

void __sanitizer_cov_trace_pc(void); /* what the compiler puts on each edge of a firmware object */

/* ---- power, resets, crashes ------------------------------------------------------- */

static void power_on_and_off(void **state)
{
	uint64_t now;

	(void)state;
	tiny_new(BP_ACCEL_NONE, tiny_idle, NULL);
	assert_false(bp_vboard_is_on(tiny));
	assert_int_equal(tiny_run(5), BP_STOP_OFF); /* time passes for a board that is off, too */
	assert_int_equal(bp_vboard_now(tiny), 5 * TINY_MS);
	assert_int_equal(tiny_seen.boots, 0);
	bp_vboard_power_on(tiny);
	assert_int_equal(bp_vboard_now(tiny), 5 * TINY_MS + RESET_NS);
	assert_false(bp_vboard_idle(tiny));
	assert_int_equal(tiny_run(5), BP_STOP_TIME);
	assert_true(bp_vboard_is_on(tiny) && bp_vboard_idle(tiny));
	assert_int_equal(tiny_seen.boots, 1);
	assert_int_equal(tiny_seen.cause[0], DUT_CAUSE_POWER_ON);
	assert_int_equal(bp_vboard_running(tiny), -1);
	bp_vboard_power_on(tiny); /* is on */
	assert_int_equal(tiny_run(5), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 1);
	now = bp_vboard_now(tiny);
	bp_vboard_power_off(tiny);
	assert_false(bp_vboard_is_on(tiny) || bp_vboard_idle(tiny));
	assert_int_equal(tiny_run(7), BP_STOP_OFF);
	assert_int_equal(bp_vboard_now(tiny), now + 7 * TINY_MS);
	bp_vboard_power_off(tiny);
	bp_vboard_pin_reset(tiny); /* no power, no reset */
	bp_vboard_power_on(tiny);
	tiny_run(1);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_POWER_ON);
	assert_int_equal(bp_vboard_boots(tiny), 2);
	bp_vboard_rewind(tiny);
	assert_int_equal(bp_vboard_now(tiny), 0);
	assert_int_equal(bp_vboard_boots(tiny), 0);
	assert_false(bp_vboard_is_on(tiny));
}

static void software_reset(void) { dut_reset(); }
static void runs_off(void) {}
static void jump_nowhere(void) { dut_jump(0x1234); }

static volatile int zero;
static const uint32_t zero_words[2];
static volatile uint32_t *volatile null_pointer;
static void (*volatile null_function)(void);

__attribute__((no_sanitize("address", "undefined")))
static void null_write(void) { *null_pointer = 1; }

__attribute__((no_sanitize("address", "undefined")))
static void null_call(void) { null_function(); }

static void illegal_instruction(void) { __builtin_trap(); }

__attribute__((noinline, no_sanitize("address", "undefined")))
static int deeper(int n)
{
	volatile char frame[500];

	frame[n & 255] = (char)n;
	return zero ? n : deeper(n + 1) + frame[n & 127];
}

static void stack_overflow(void) { tiny_tell((uint64_t)deeper(1)); }

/* The host's code is never handed what it cannot touch, and never runs on a stack that is used up. */
static void flash_read_to_nowhere(void) { dut_flash_read(0, (void *)(uintptr_t)null_pointer, 4); }
static void programs_from_nowhere(void) { dut_flash_program(TINY_FREE, (const void *)(uintptr_t)null_pointer, TINY_UNIT); }
static void sends_from_nowhere(void) { dut_uart_write((const void *)(uintptr_t)null_pointer, 1u << 20); }

__attribute__((noinline, no_sanitize("address", "undefined")))
static int calling_deeper(int n)
{
	volatile char frame[500];

	frame[n & 255] = (char)dut_time_us();
	return zero ? n : calling_deeper(n + 1) + frame[n & 127];
}

static void stack_overflow_in_calls(void) { tiny_tell((uint64_t)calling_deeper(1)); }

static void silent_poll(void)
{
	dut_watchdog_start(100);
	for (;;)
		tiny_seen.value[0] = dut_time_us();
}

/* A loop without a call, as the compiler makes it of a firmware object. */
static void silent_edges(void)
{
	dut_watchdog_start(100);
	for (;;)
		__sanitizer_cov_trace_pc();
}

static void waits_for_nothing(void)
{
	dut_watchdog_start(100);
	for (;;)
		dut_wait_ms(0);
}

static void costs_nothing(void)
{
	dut_watchdog_start(100);
	for (;;)
		dut_spend(DUT_COST_SHA256, 0);
}

static void erases_no_page(void)
{
	dut_watchdog_start(100);
	while (dut_flash_erase(TINY_FREE + 4))
		;
}

static void programs_part_of_a_unit(void)
{
	dut_watchdog_start(100);
	while (dut_flash_program(TINY_FREE, &zero_words, TINY_UNIT - 1))
		;
}

static void sends_nothing(void)
{
	dut_watchdog_start(100);
	for (;;)
		dut_uart_write("", 0);
}

static void polls_input(void)
{
	uint8_t c;

	dut_watchdog_start(100);
	while (!dut_uart_read(&c, 1, '\n', 0))
		tiny_seen.value[0]++;
}

static void sleeps_too_long(void)
{
	dut_watchdog_start(100);
	dut_wait_ms(5000);
}

static void reads_too_long(void)
{
	uint8_t c;

	dut_watchdog_start(100);
	dut_uart_read(&c, 1, '\n', 5000);
}

struct reset_row {
	const char *name;
	void (*does)(void);
	enum dut_reset_cause cause;
	uint64_t after_ns; /* from the first boot to the second, at least */
};

static const struct reset_row reset_rows[] = {
	{"software reset", software_reset, DUT_CAUSE_SOFTWARE, 0},
	{"write through a null pointer", null_write, DUT_CAUSE_FAULT, 0},
	{"call through a null pointer", null_call, DUT_CAUSE_FAULT, 0},
	{"illegal instruction", illegal_instruction, DUT_CAUSE_FAULT, 0},
	{"stack overflow", stack_overflow, DUT_CAUSE_FAULT, 0},
	{"stack overflow with calls of the hardware", stack_overflow_in_calls, DUT_CAUSE_FAULT, 0},
	{"flash is read to a null pointer", flash_read_to_nowhere, DUT_CAUSE_FAULT, 0},
	{"a null pointer is programmed", programs_from_nowhere, DUT_CAUSE_FAULT, 0},
	{"a null pointer is sent", sends_from_nowhere, DUT_CAUSE_FAULT, 0},
	{"the entry returns", runs_off, DUT_CAUSE_FAULT, 0},
	{"jump to where no slot is", jump_nowhere, DUT_CAUSE_FAULT, 0},
	{"silent loop that reads the clock", silent_poll, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop that calls nothing", silent_edges, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop of waits of 0", waits_for_nothing, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop of computations that cost nothing", costs_nothing, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop of erases of no page", erases_no_page, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop of programs of half a unit", programs_part_of_a_unit, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop that sends nothing", sends_nothing, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"silent loop that polls for input", polls_input, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"sleep longer than the watchdog", sleeps_too_long, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
	{"wait for input longer than the watchdog", reads_too_long, DUT_CAUSE_WATCHDOG, 100 * TINY_MS},
};

static const struct reset_row *row;
static uint64_t second_boot_ns;

static void misbehave_once(void)
{
	if (dut_reset_cause() == DUT_CAUSE_POWER_ON)
		row->does();
	else
		tiny_idle();
}

static void note_reset(void *ctx, enum dut_reset_cause cause)
{
	(void)ctx;
	if (cause != DUT_CAUSE_POWER_ON)
		second_boot_ns = bp_vboard_now(tiny);
}

static void reset_causes(void **state)
{
	struct bp_vboard_watch watch = {.reset = note_reset};

	for (size_t i = 0; i < sizeof(reset_rows) / sizeof(reset_rows[0]); i++) {
		row = &reset_rows[i];
		tiny_end(state);
		tiny_begin(state);
		tiny_new(BP_ACCEL_NONE, misbehave_once, NULL);
		bp_vboard_watch(tiny, &watch);
		bp_vboard_power_on(tiny);
		assert_int_equal(tiny_run(1000), BP_STOP_TIME);
		if (tiny_seen.boots != 2 || tiny_seen.cause[1] != row->cause)
			fail_msg("%s: %u boots, cause %d", row->name, tiny_seen.boots, (int)tiny_seen.cause[1]);
		if (second_boot_ns < row->after_ns || second_boot_ns > row->after_ns + 10 * TINY_MS)
			fail_msg("%s: second boot at %llu ns", row->name, (unsigned long long)second_boot_ns);
		assert_true(bp_vboard_idle(tiny) && bp_vboard_sane(tiny));
		assert_int_equal(bp_vboard_where(), BP_IN_HARNESS);
	}
}

/* The same crash over and over is many resets, in a bounded time of the host. */
static void crash_loop(void **state)
{
	(void)state;
	tiny_on(null_write);
	assert_int_equal(tiny_run(100), BP_STOP_TIME);
	assert_in_range(tiny_seen.boots, 900, 1000);
	assert_in_range(bp_vboard_boots(tiny), tiny_seen.boots, tiny_seen.boots + 1); /* the last one may not have begun */
}

static void pin_reset(void **state)
{
	(void)state;
	tiny_on(tiny_idle);
	tiny_run(5);
	bp_vboard_pin_reset(tiny);
	tiny_run(5);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_PIN);
}

static void only_feeds(void)
{
	dut_watchdog_start(50);
	for (;; tiny_seen.value[0]++)
		dut_watchdog_feed();
}

/* It never meets the watchdog; it must meet the host's deadline, and that soon in the host's time as well. */
static void loop_that_only_feeds(void **state)
{
	(void)state;
	tiny_on(only_feeds);
	assert_int_equal(tiny_run(60000), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 1);
	assert_in_range(tiny_seen.value[0], 60000, 65000); /* a millisecond each, after the first 4,096 */
	assert_false(bp_vboard_idle(tiny));
}

static void feeds_then_stops(void)
{
	dut_watchdog_start(50);
	dut_watchdog_start(5000); /* only feeds: the period stays */
	for (int i = 0; i < 10; i++) {
		dut_wait_ms(40);
		dut_watchdog_feed();
	}
	tiny_tell(dut_time_us());
	dut_wait_ms(60);
	tiny_tell(1);
	tiny_idle();
}

static void watchdog_period(void **state)
{
	(void)state;
	tiny_on(feeds_then_stops);
	tiny_run(455);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_WATCHDOG);
	assert_int_equal(tiny_seen.n, 1);
	assert_in_range(tiny_seen.value[0], 400000, 400100);
}

static void feeds_what_is_off(void)
{
	if (dut_reset_cause() == DUT_CAUSE_POWER_ON) {
		dut_watchdog_start(50);
		dut_reset();
	}
	dut_watchdog_feed();
	dut_wait_ms(200);
	tiny_tell(1);
	dut_watchdog_start(500);
	dut_wait_ms(400);
	tiny_tell(2);
	dut_wait_ms(200);
	tiny_tell(3);
}

/* A reset stops the watchdog, and forgets its period. */
static void watchdog_is_off_after_a_reset(void **state)
{
	(void)state;
	tiny_on(feeds_what_is_off);
	tiny_run(650);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.n, 2);
	tiny_run(100);
	assert_int_equal(tiny_seen.boots, 3);
	assert_int_equal(tiny_seen.cause[2], DUT_CAUSE_WATCHDOG);
}

/* A loop without an edge, which the compiler's counting cannot see: found by CPU time, some 2 s of it. */
static void loops_without_an_edge(void)
{
	if (dut_reset_cause() != DUT_CAUSE_POWER_ON)
		tiny_idle();
	dut_watchdog_start(300);
	for (;;)
		__asm__ volatile("");
}

static void endless_loop_without_edges(void **state)
{
	(void)state;
	tiny_on(loops_without_an_edge);
	assert_int_equal(tiny_run(200), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 1);
	assert_int_equal(tiny_run(200), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_WATCHDOG);
}

/* ---- RAM ------------------------------------------------------------------------- */

static void uses_ram(void)
{
	for (unsigned i = 0; i < DUT_RETAINED_WORDS; i++)
		tiny_tell(dut_retained(i));
	tiny_tell(dut_retained(DUT_RETAINED_WORDS));
	tiny_tell(tiny_noinit[3]);
	tiny_tell(tiny_boot_data[0]);
	tiny_tell(tiny_boot_bss[1]);
	for (unsigned i = 0; i < DUT_RETAINED_WORDS; i++)
		dut_retained_set(i, i + 100);
	dut_retained_set(DUT_RETAINED_WORDS, 7);
	tiny_noinit[3] = 0x600d;
	tiny_boot_data[0] = tiny_boot_bss[1] = 0xbad;
	tiny_idle();
}

static void assert_ram(const uint64_t *v, uint64_t retained, bool noinit_kept)
{
	for (unsigned i = 0; i < DUT_RETAINED_WORDS; i++)
		assert_int_equal(v[i], retained ? retained + i : 0);
	assert_int_equal(v[4], 0); /* there is no fifth register */
	assert_int_equal(v[5] == 0x600d, noinit_kept);
	assert_int_equal(v[6], tiny_boot_loaded[0]);
	assert_int_equal(v[7], 0);
}

static void ram_over_resets(void **state)
{
	(void)state;
	tiny_on(uses_ram);
	tiny_run(1);
	bp_vboard_pin_reset(tiny);
	tiny_run(1);
	bp_vboard_power_off(tiny);
	tiny_run(1);
	bp_vboard_power_on(tiny);
	tiny_run(1);
	assert_int_equal(tiny_seen.n, 24);
	assert_ram(tiny_seen.value, 0, false);
	assert_ram(tiny_seen.value + 8, 100, true);
	assert_ram(tiny_seen.value + 16, 0, false);
	assert_true(tiny_seen.value[5] != 0 && tiny_seen.value[5] != tiny_seen.value[21]); /* garbage, other garbage */
}

/* Garbage is drawn from the seed: the same board's next life begins the same. */
static void garbage_is_reproducible(void **state)
{
	uint32_t first[8];

	(void)state;
	tiny_on(tiny_idle);
	tiny_run(1);
	memcpy(first, tiny_noinit, sizeof(first));
	bp_vboard_power_off(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(1);
	assert_memory_not_equal(first, tiny_noinit, sizeof(first));
	bp_vboard_rewind(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(1);
	assert_memory_equal(first, tiny_noinit, sizeof(first));
}

/* What an earlier life left on the stack must not be found in the next. */
static void reads_old_stack(void)
{
	volatile uint32_t *deep = (volatile uint32_t *)(uintptr_t)__builtin_frame_address(0) - 2000;

	tiny_tell(*deep);
	*deep = 0x57acc;
	tiny_idle();
}

static void stack_is_lost(void **state)
{
	(void)state;
	tiny_on(reads_old_stack);
	tiny_run(1);
	bp_vboard_power_off(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(1);
	assert_int_equal(tiny_seen.n, 2);
	assert_int_not_equal(tiny_seen.value[0], 0x57acc);
	assert_int_not_equal(tiny_seen.value[1], 0x57acc);
}

/* ---- hand-over --------------------------------------------------------------------- */

static uint32_t jump_to;

static void boot_jumps(void)
{
	tiny_tell(tiny_app_data[0] != tiny_app_loaded[0]);
	if (tiny_seen.boots > 1)
		tiny_idle();
	tiny_boot_data[1] = tiny_boot_bss[0] = 0x5ec4e7;
	dut_jump(jump_to);
}

static void app_looks(void)
{
	tiny_tell(tiny_app_data[0]);
	tiny_tell(tiny_app_bss[2]);
	tiny_tell(tiny_boot_data[1] == 0x5ec4e7 || tiny_boot_bss[0] == 0x5ec4e7);
	tiny_app_data[0] = tiny_app_bss[2] = 3;
	tiny_idle();
}

struct jumped {
	int artifact, times;
	uint32_t slot;
};

static void note_jump(void *ctx, int artifact, uint32_t slot, uint64_t at_ns)
{
	struct jumped *j = ctx;

	(void)at_ns;
	*j = (struct jumped){artifact, j->times + 1, slot};
}

static struct jumped jump(uint32_t addr)
{
	struct jumped j = {-9, 0, 9};
	struct bp_vboard_watch watch = {.jump = note_jump, .ctx = &j};

	jump_to = addr;
	bp_vboard_watch(tiny, &watch);
	bp_vboard_power_on(tiny);
	tiny_run(10);
	return j;
}

static void known_images_run(void **state)
{
	for (int artifact = 0; artifact < 2; artifact++)
		for (uint32_t slot = 0; slot < 2; slot++) {
			struct jumped j;

			tiny_end(state);
			tiny_begin(state);
			tiny_new(artifact ? BP_ACCEL_REMEMBER : BP_ACCEL_NONE, boot_jumps, app_looks);
			tiny_load_image(artifact, slot);
			tiny_load_image(1 - artifact, 1 - slot);
			j = jump(slot ? TINY_SLOT_B : TINY_SLOT_A);
			assert_int_equal(j.times, 1);
			assert_int_equal(j.artifact, artifact * 2 + (int)slot); /* its row */
			assert_int_equal(j.slot, slot);
			assert_int_equal(bp_vboard_running(tiny), j.artifact);
			assert_int_equal(bp_vboard_running_slot(tiny), slot);
			assert_int_equal(bp_vboard_boots(tiny), 1);
			assert_int_equal(tiny_seen.n, 4);
			assert_int_equal(tiny_seen.value[0], 1);           /* the application's RAM is garbage to the bootloader */
			assert_int_equal(tiny_seen.value[1], tiny_app_loaded[0]);
			assert_int_equal(tiny_seen.value[2], 0);
			assert_int_equal(tiny_seen.value[3], 0);           /* and the bootloader's is gone in the application */
		}
}

static void boot_watches_and_jumps(void)
{
	if (dut_reset_cause() != DUT_CAUSE_POWER_ON)
		tiny_idle();
	dut_watchdog_start(100);
	dut_jump(TINY_SLOT_A);
}

static void app_starts_itself(void)
{
	dut_jump(TINY_SLOT_A);
}

static void an_image_that_starts_itself(void **state)
{
	(void)state;
	tiny_new(BP_ACCEL_REMEMBER, boot_watches_and_jumps, app_starts_itself);
	tiny_load_image(0, 0);
	bp_vboard_power_on(tiny);
	assert_int_equal(tiny_run(300), BP_STOP_TIME);
	assert_int_equal(tiny_seen.cause[bp_vboard_boots(tiny) - 1], DUT_CAUSE_WATCHDOG);
	assert_int_equal(bp_vboard_boots(tiny), 2);
}

struct unknown_row {
	const char *name;
	uint32_t jump_to;
	uint32_t damage; /* address of a byte that is changed, 0: none */
	bool other_slot; /* the image of slot B stands in slot A */
};

static const struct unknown_row unknown_rows[] = {
	{"a blank slot", TINY_SLOT_B, 0, false},
	{"an image with its first byte changed", TINY_SLOT_A, TINY_SLOT_A, false},
	{"an image with its last byte changed", TINY_SLOT_A, TINY_SLOT_A + TINY_IMAGE_BYTES - 1, false},
	{"an image of the other slot", TINY_SLOT_A, 0, true},
	{"an address within a slot", TINY_SLOT_A + 4, 0, false},
	{"an address outside the flash", 0xfffffff0, 0, false},
};

static void unknown_code_faults(void **state)
{
	for (size_t i = 0; i < sizeof(unknown_rows) / sizeof(unknown_rows[0]); i++) {
		const struct unknown_row *u = &unknown_rows[i];
		struct bp_flash *f;
		struct jumped j;

		tiny_end(state);
		tiny_begin(state);
		tiny_new(BP_ACCEL_NONE, boot_jumps, app_looks);
		f = bp_vboard_flash(tiny);
		tiny_load_image(0, u->other_slot ? 1 : 0);
		if (u->other_slot)
			bp_flash_load(f, TINY_SLOT_A, f->bytes + TINY_SLOT_B, TINY_IMAGE_BYTES);
		if (u->damage)
			f->bytes[u->damage] ^= 0x40;
		j = jump(u->jump_to);
		if (j.times != 1 || j.artifact != -1 || bp_vboard_unknown_runs(tiny) != 1 || tiny_seen.boots != 2)
			fail_msg("%s: %d jumps, image %d, %u boots", u->name, j.times, j.artifact, tiny_seen.boots);
		assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_FAULT);
		assert_int_equal(bp_vboard_running(tiny), -2);
		bp_vboard_rewind(tiny);
		assert_int_equal(bp_vboard_unknown_runs(tiny), 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_begin, tiny_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(power_on_and_off), TEST(reset_causes), TEST(crash_loop), TEST(pin_reset), TEST(loop_that_only_feeds),
		TEST(watchdog_period), TEST(watchdog_is_off_after_a_reset), TEST(endless_loop_without_edges), TEST(ram_over_resets),
		TEST(garbage_is_reproducible), TEST(stack_is_lost), TEST(known_images_run),
		TEST(an_image_that_starts_itself), TEST(unknown_code_faults),
	};

	if (tiny_catch())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
