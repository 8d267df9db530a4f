/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual board's flash calls, and power that goes within them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/tiny_board.h"

#define RESET_NS UINT64_C(100000)
#define WORDS 8u
#define OPS (WORDS + 1) /* of writes() */
#define OLD_PAGE (TINY_FREE + TINY_PAGE)

/* ---- calls --------------------------------------------------------------------------- */

struct call {
	const char *name;
	enum { READ, PROGRAM, ERASE } what;
	uint32_t addr, len;
	int rc;
	uint32_t ops;
	enum bp_trap_kind trap;
};

static const struct call calls[] = {
	{"read", READ, 0, 16, 0, 0, BP_TRAP_NONE},
	{"read the last byte", READ, 0x3fff, 1, 0, 0, BP_TRAP_NONE},
	{"read nothing at the end", READ, 0x4000, 0, 0, 0, BP_TRAP_NONE},
	{"read over the end", READ, 0x3fff, 2, -1, 0, BP_TRAP_NONE},
	{"read with an address that wraps", READ, 0xfffffff0, 16, -1, 0, BP_TRAP_NONE},
	{"program a unit", PROGRAM, TINY_FREE, 4, 0, 1, BP_TRAP_NONE},
	{"program four units", PROGRAM, TINY_FREE, 16, 0, 4, BP_TRAP_NONE},
	{"program nothing", PROGRAM, TINY_FREE, 0, 0, 0, BP_TRAP_NONE},
	{"program at an odd address", PROGRAM, TINY_FREE + 2, 4, -1, 0, BP_TRAP_OUTSIDE},
	{"program half a unit", PROGRAM, TINY_FREE, 6, -1, 0, BP_TRAP_OUTSIDE},
	{"program over the end", PROGRAM, 0x3ffc, 8, -1, 0, BP_TRAP_OUTSIDE},
	{"program with a length that wraps", PROGRAM, 8, 0xfffffffc, -1, 0, BP_TRAP_OUTSIDE},
	{"program the bootloader", PROGRAM, 0xffc, 4, 0, 1, BP_TRAP_BOOTLOADER},
	{"program a slot from the bootloader", PROGRAM, TINY_SLOT_A, 4, 0, 1, BP_TRAP_NONE},
	{"erase a page", ERASE, TINY_FREE, 0, 0, 1, BP_TRAP_NONE},
	{"erase within a page", ERASE, TINY_FREE + 4, 0, -1, 0, BP_TRAP_OUTSIDE},
	{"erase behind the flash", ERASE, 0x4000, 0, -1, 0, BP_TRAP_OUTSIDE},
	{"erase the bootloader", ERASE, 0x200, 0, 0, 1, BP_TRAP_BOOTLOADER},
};

static const struct call *call;

static void makes_call(void)
{
	uint8_t buf[16] = {0};
	int rc = call->what == READ ? dut_flash_read(call->addr, buf, call->len)
		 : call->what == PROGRAM ? dut_flash_program(call->addr, buf, call->len) : dut_flash_erase(call->addr);

	tiny_tell((uint64_t)(int64_t)rc);
	tiny_idle();
}

static void flash_calls(void **state)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint64_t took;

		call = &calls[i];
		tiny_end(state);
		tiny_begin(state);
		tiny_on(makes_call);
		tiny_run(50);
		if ((int)(int64_t)tiny_seen.value[0] != call->rc || bp_vboard_ops(tiny) != call->ops ||
		    bp_vboard_flash(tiny)->trap.kind != call->trap)
			fail_msg("%s: rc %d, %llu operations, %s", call->name, (int)(int64_t)tiny_seen.value[0],
				 (unsigned long long)bp_vboard_ops(tiny), bp_trap_name(bp_vboard_flash(tiny)->trap.kind));
		took = call->ops * (call->what == ERASE ? TINY_ERASE_NS : TINY_PROGRAM_NS);
		assert_int_equal(bp_vboard_last_op_ns(tiny), took ? RESET_NS + took : 0);
		assert_int_equal(bp_vboard_flash(tiny)->n_traps, call->trap != BP_TRAP_NONE);
		assert_int_equal(bp_vboard_flash(tiny)->trap.addr, call->trap ? call->addr : 0);
	}
}

static void jumps_to_a(void) { dut_jump(TINY_SLOT_A); }

static void app_writes_both_slots(void)
{
	dut_flash_erase(TINY_SLOT_B);
	tiny_tell(bp_vboard_flash(tiny)->n_traps);
	dut_flash_erase(TINY_SLOT_A + TINY_PAGE);
	tiny_idle();
}

static void running_slot_is_watched(void **state)
{
	(void)state;
	tiny_new(BP_ACCEL_NONE, jumps_to_a, app_writes_both_slots);
	tiny_load_image(1, 0);
	bp_vboard_power_on(tiny);
	tiny_run(100);
	assert_int_equal(tiny_seen.value[0], 0);
	assert_int_equal(bp_vboard_flash(tiny)->n_traps, 1);
	assert_int_equal(bp_vboard_flash(tiny)->trap.kind, BP_TRAP_RUNNING_SLOT);
	assert_int_equal(bp_vboard_flash(tiny)->trap.addr, TINY_SLOT_A + TINY_PAGE);
	assert_int_equal(bp_vboard_flash(tiny)->trap.op, 2);
}

static void reads_torn(void)
{
	uint8_t got[4];

	tiny_tell((uint64_t)(int64_t)dut_flash_read(TINY_FREE, got, 4));
	tiny_tell((uint64_t)(int64_t)dut_flash_read(TINY_FREE + 4, got, 4));
	tiny_idle();
}

static void torn_unit_of_an_ecc_part(void **state)
{
	(void)state;
	tiny_config.flash.ecc = 1;
	tiny_new(BP_ACCEL_NONE, reads_torn, NULL);
	bp_flash_program_torn(bp_vboard_flash(tiny), TINY_FREE, (const uint8_t[4]){0}, (struct bp_torn){50, 0});
	bp_vboard_power_on(tiny);
	tiny_run(1);
	assert_int_equal((int64_t)tiny_seen.value[0], -1);
	assert_int_equal(tiny_seen.value[1], 0);
}

/* Operations are told before they take effect, numbered since they were counted last. */
static struct bp_op told[OPS * 2];
static unsigned n_told;
static uint8_t first_byte[OPS * 2];

static void note_op(void *ctx, const struct bp_op *op)
{
	(void)ctx;
	if (n_told == OPS * 2)
		return;
	first_byte[n_told] = bp_vboard_flash(tiny)->bytes[op->addr];
	told[n_told++] = *op;
}

/* The firmware that is cut below: eight words, then one page. A second life does it again, elsewhere. */
static void writes(void)
{
	for (uint32_t i = 0; i < WORDS; i++) {
		uint8_t word[4];

		memset(word, (int)i, sizeof(word));
		dut_flash_program(TINY_FREE + i * 4, word, 4);
	}
	dut_flash_erase(OLD_PAGE);
	tiny_tell(1);
	tiny_idle();
}

static void operations_are_told(void **state)
{
	struct bp_vboard_watch watch = {.op = note_op};

	(void)state;
	n_told = 0;
	tiny_new(BP_ACCEL_NONE, writes, NULL);
	bp_vboard_watch(tiny, &watch);
	bp_vboard_power_on(tiny);
	tiny_run(100);
	assert_int_equal(n_told, OPS);
	for (unsigned i = 0; i < OPS; i++) {
		bool erase = i == WORDS;

		assert_int_equal(told[i].kind, erase ? BP_OP_ERASE : BP_OP_PROGRAM);
		assert_int_equal(told[i].addr, erase ? OLD_PAGE : TINY_FREE + 4 * i);
		assert_int_equal(told[i].len, erase ? TINY_PAGE : TINY_UNIT);
		assert_int_equal(told[i].ordinal, i + 1);
		assert_int_equal(told[i].start_ns, RESET_NS + i * TINY_PROGRAM_NS);
		assert_int_equal(told[i].end_ns, told[i].start_ns + (erase ? TINY_ERASE_NS : TINY_PROGRAM_NS));
		assert_int_equal(first_byte[i], 0xff);
	}
	bp_vboard_pin_reset(tiny); /* a warm reset: the count goes on */
	tiny_run(100);
	assert_int_equal(told[OPS].ordinal, OPS + 1);
	bp_vboard_count_ops(tiny);
	n_told = 0;
	bp_vboard_pin_reset(tiny);
	tiny_run(100);
	assert_int_equal(told[0].ordinal, 1);
	assert_int_equal(bp_vboard_ops(tiny), OPS);
}

/* ---- cuts ----------------------------------------------------------------------------- */

static struct bp_flash *board_with_old_page(void)
{
	static const uint8_t old[TINY_PAGE] = {1, 2, 3, 4, 5};

	tiny_new(BP_ACCEL_NONE, writes, NULL);
	bp_flash_load(bp_vboard_flash(tiny), OLD_PAGE, old, sizeof(old));
	return bp_vboard_flash(tiny);
}

/* What a cut of writes() leaves: `done` operations whole, then, when torn, one torn. */
static void assert_left(struct bp_flash *f, uint64_t done, const struct bp_torn *torn)
{
	struct bp_arena *arena = bp_arena_new((size_t)1024 * 1024);
	struct bp_hash128 is = bp_flash_hash(f), want;
	struct bp_flash *model = NULL;

	assert_int_equal(bp_flash_new(arena, &f->geo, TINY_SEED, &model), 0);
	bp_flash_load(model, OLD_PAGE, (const uint8_t[TINY_PAGE]){1, 2, 3, 4, 5}, TINY_PAGE);
	for (uint32_t i = 0; i < OPS && i < done + (torn ? 1 : 0); i++) {
		uint8_t word[4];

		memset(word, (int)i, sizeof(word));
		if (i < done && i < WORDS)
			bp_flash_program(model, TINY_FREE + i * 4, word);
		else if (i < done)
			bp_flash_erase(model, OLD_PAGE);
		else if (i < WORDS)
			bp_flash_program_torn(model, TINY_FREE + i * 4, word, *torn);
		else
			bp_flash_erase_torn(model, OLD_PAGE, *torn);
	}
	want = bp_flash_hash(model);
	assert_true(is.lo == want.lo && is.hi == want.hi);
	assert_memory_equal(f->bytes, model->bytes, f->geo.size_bytes);
	bp_arena_free(arena);
}

static uint64_t op_start(uint64_t n) /* ordinal */
{
	return RESET_NS + (n - 1) * TINY_PROGRAM_NS;
}

static uint64_t op_end(uint64_t n)
{
	return op_start(n) + (n > WORDS ? TINY_ERASE_NS : TINY_PROGRAM_NS);
}

static void check_cut(uint64_t n, enum bp_cut_position position, struct bp_torn torn)
{
	struct bp_flash *f = board_with_old_page();
	const struct bp_cut_report *report = bp_vboard_cut_report(tiny);
	uint64_t at = position == BP_CUT_BEFORE ? op_start(n) : position == BP_CUT_AFTER ? op_end(n)
		      : op_start(n) + (op_end(n) - op_start(n)) * torn.percent / 100;

	bp_vboard_arm_op(tiny, n, position, torn);
	assert_false(report->fired);
	bp_vboard_power_on(tiny);
	assert_int_equal(tiny_run(100), BP_STOP_OFF);
	assert_false(bp_vboard_is_on(tiny));
	assert_true(report->fired && report->in_op);
	assert_int_equal(report->op.ordinal, n);
	assert_int_equal(report->op.addr, n > WORDS ? OLD_PAGE : TINY_FREE + 4 * (n - 1));
	assert_int_equal(report->op.kind, n > WORDS ? BP_OP_ERASE : BP_OP_PROGRAM);
	assert_null(report->op.data);
	assert_int_equal(report->position, position);
	assert_int_equal(report->torn.percent, torn.percent);
	assert_int_equal(report->torn.k, torn.k);
	assert_int_equal(report->at_ns, at);
	assert_int_equal(bp_vboard_ops(tiny), n - (position == BP_CUT_BEFORE));
	assert_left(f, position == BP_CUT_AFTER ? n : n - 1, position == BP_CUT_TORN ? &torn : NULL);
	assert_int_equal(tiny_seen.n, 0);
	bp_vboard_power_on(tiny); /* it fires once */
	tiny_run(100);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_POWER_ON);
	assert_int_equal(tiny_seen.n, 1);
}

static void cuts_at_operations(void **state)
{
	static const struct bp_torn torn[] = {{1, 0}, {50, 0}, {99, 0}, {50, 1}, {50, 2}};
	struct bp_torn none = {0, 0};

	for (uint64_t n = 1; n <= OPS; n += n == 1 ? 3 : 1) {
		for (size_t i = 0; i < 2 + sizeof(torn) / sizeof(torn[0]); i++) {
			tiny_end(state);
			tiny_begin(state);
			check_cut(n, i == 0 ? BP_CUT_BEFORE : i == 1 ? BP_CUT_AFTER : BP_CUT_TORN, i < 2 ? none : torn[i - 2]);
		}
	}
}

static const struct reset_row {
	enum bp_fault fault;
	enum dut_reset_cause cause;
} reset_rows[] = {
	{BP_FAULT_RESET_PIN, DUT_CAUSE_PIN},
	{BP_FAULT_RESET_SOFTWARE, DUT_CAUSE_SOFTWARE},
	{BP_FAULT_RESET_WATCHDOG, DUT_CAUSE_WATCHDOG},
};

static void keeps_and_works(void)
{
	tiny_tell(dut_retained(1));
	tiny_tell(tiny_noinit[2]);
	dut_retained_set(1, 77);
	tiny_noinit[2] = 0x600d;
	dut_flash_erase(OLD_PAGE);
	dut_flash_erase(OLD_PAGE);
	tiny_idle();
}

/* A reset at the second operation: the first one's effect stands, RAM and registers too; power lost during the reset takes them. */
static void check_reset(const struct reset_row *row, enum bp_cut_position position, bool power_lost)
{
	const struct bp_cut_report *report = bp_vboard_cut_report(tiny);
	uint8_t kept[256];

	assert_true(bp_vboard_kept_bytes(tiny) <= sizeof(kept));
	bp_vboard_arm_op(tiny, 2, position, (struct bp_torn){0, 0});
	bp_vboard_arm_fault(tiny, row->fault, 0);
	bp_vboard_power_on(tiny);
	assert_int_equal(tiny_run(100), BP_STOP_OFF);
	assert_true(report->fired && report->in_op && report->op.ordinal == 2 && report->fault == row->fault);
	assert_int_equal(bp_vboard_ops(tiny), position == BP_CUT_AFTER ? 2 : 1);
	bp_vboard_kept(tiny, kept);
	if (power_lost)
		bp_vboard_power_off(tiny);
	bp_vboard_power_on(tiny);
	tiny_run(100);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], power_lost ? DUT_CAUSE_POWER_ON : row->cause);
	assert_int_equal(tiny_seen.n, 4);
	assert_int_equal(tiny_seen.value[2], power_lost ? 0 : 77);
	assert_int_equal(tiny_seen.value[3] == 0x600d, !power_lost);
	/* What was kept can be put into a board that never ran: it comes up alike. */
	bp_vboard_power_off(tiny);
	bp_vboard_rewind(tiny);
	bp_vboard_hold_kept(tiny, row->fault, kept);
	assert_false(bp_vboard_is_on(tiny));
	bp_vboard_power_on(tiny);
	tiny_run(100);
	assert_int_equal(tiny_seen.cause[2], row->cause);
	assert_int_equal(tiny_seen.value[4], 77);
	assert_int_equal(tiny_seen.value[5], 0x600d);
}

static void resets_at_operations(void **state)
{
	for (size_t i = 0; i < sizeof(reset_rows) / sizeof(reset_rows[0]) * 4; i++) {
		tiny_end(state);
		tiny_begin(state);
		tiny_new(BP_ACCEL_NONE, keeps_and_works, NULL);
		check_reset(&reset_rows[i / 4], i & 1 ? BP_CUT_AFTER : BP_CUT_BEFORE, i & 2);
	}
}

/* A cut that is never met, one taken back, one forgotten by a rewind: nothing fires. */
static void cuts_that_do_not_fire(void **state)
{
	struct bp_torn none = {0, 0};

	for (int i = 0; i < 5; i++) {
		tiny_end(state);
		tiny_begin(state);
		board_with_old_page();
		bp_vboard_arm_op(tiny, i == 0 ? OPS + 1 : 3, BP_CUT_BEFORE, none);
		if (i == 1)
			bp_vboard_disarm(tiny);
		if (i == 2)
			bp_vboard_rewind(tiny);
		if (i >= 3) {
			bp_vboard_disarm(tiny);
			bp_vboard_arm_time(tiny, i == 3 ? UINT64_C(1000000000) : 3 * TINY_MS);
		}
		if (i == 4)
			bp_vboard_disarm(tiny);
		bp_vboard_power_on(tiny);
		assert_int_equal(tiny_run(100), BP_STOP_TIME);
		assert_int_equal(tiny_seen.n, 1);
		assert_false(bp_vboard_cut_report(tiny)->fired);
	}
}

struct time_row {
	const char *name;
	uint64_t at_ns;
	bool in_op;
	enum bp_cut_position position;
	uint32_t done, percent;
};

static const struct time_row time_rows[] = {
	{"as the first operation begins", RESET_NS, true, BP_CUT_BEFORE, 0, 0},
	{"in a program", RESET_NS + 3 * TINY_PROGRAM_NS + TINY_PROGRAM_NS / 2, true, BP_CUT_TORN, 3, 50},
	{"one ns into it", RESET_NS + 3 * TINY_PROGRAM_NS + 1, true, BP_CUT_TORN, 3, 1},
	{"one ns before its end", RESET_NS + 4 * TINY_PROGRAM_NS - 1, true, BP_CUT_TORN, 3, 99},
	{"between two", RESET_NS + 4 * TINY_PROGRAM_NS, true, BP_CUT_BEFORE, 4, 0},
	{"in the erase", RESET_NS + WORDS * TINY_PROGRAM_NS + TINY_ERASE_NS / 4, true, BP_CUT_TORN, 8, 25},
	{"late in the erase", RESET_NS + WORDS * TINY_PROGRAM_NS + TINY_ERASE_NS / 10 * 9, true, BP_CUT_TORN, 8, 90},
	{"as it waits for input", RESET_NS + 50 * TINY_MS, false, BP_CUT_BEFORE, 9, 0},
};

static void cuts_at_times(void **state)
{
	for (size_t i = 0; i < sizeof(time_rows) / sizeof(time_rows[0]); i++) {
		const struct time_row *row = &time_rows[i];
		const struct bp_cut_report *report;
		struct bp_torn torn = {row->percent, 0};
		struct bp_flash *f;

		tiny_end(state);
		tiny_begin(state);
		f = board_with_old_page();
		report = bp_vboard_cut_report(tiny);
		bp_vboard_arm_time(tiny, row->at_ns);
		bp_vboard_power_on(tiny);
		assert_int_equal(bp_vboard_run(tiny, 100 * TINY_MS), BP_STOP_OFF);
		if (!report->fired || report->in_op != row->in_op || report->at_ns != row->at_ns || report->position != row->position ||
		    report->torn.percent != row->percent)
			fail_msg("%s: in operation %d, position %d, %u%%, at %llu", row->name, report->in_op, (int)report->position,
				 report->torn.percent, (unsigned long long)report->at_ns);
		assert_int_equal(bp_vboard_now(tiny), row->at_ns); /* time stands where the cut fired */
		assert_left(f, row->done, row->percent ? &torn : NULL);
	}
}

static void torn_percent(void **state)
{
	(void)state;
	assert_int_equal(bp_vboard_torn_percent(100, 200, 99), 0);
	assert_int_equal(bp_vboard_torn_percent(100, 200, 100), 0);
	assert_int_equal(bp_vboard_torn_percent(100, 200, 101), 1);
	assert_int_equal(bp_vboard_torn_percent(100, 200, 150), 50);
	assert_int_equal(bp_vboard_torn_percent(100, 200, 199), 99);
	assert_int_equal(bp_vboard_torn_percent(100, 200, 200), 100);
	assert_int_equal(bp_vboard_torn_percent(100, 200, 201), 100);
	assert_int_equal(bp_vboard_torn_percent(0, 100000, 1), 1); /* within is never on an edge */
	assert_int_equal(bp_vboard_torn_percent(0, 100000, 99999), 99);
}

/* Weak bits that the last fault left are read in a way that a later life does not depend on. */
static void power_ups_count_from_the_fault(void **state)
{
	struct bp_flash *f;

	(void)state;
	f = board_with_old_page();
	for (int i = 0; i < 3; i++) { /* some history before */
		bp_vboard_power_on(tiny);
		tiny_run(50);
		bp_vboard_power_off(tiny);
	}
	assert_int_equal(f->epoch, 3);
	bp_vboard_power_on(tiny);
	bp_vboard_count_ops(tiny);
	bp_vboard_arm_op(tiny, OPS, BP_CUT_TORN, (struct bp_torn){50, 2});
	assert_int_equal(tiny_run(100), BP_STOP_OFF);
	assert_int_equal(f->epoch, 0);
	bp_vboard_power_on(tiny);
	assert_int_equal(f->epoch, 1);
}

/* ---- the rail --------------------------------------------------------------------------- */

/* From 3.3 V in 3.3 ms: flash works down to 2.2 V, 1.1 ms; the core down to 1.1 V, 2.2 ms. */
static const struct bp_rail slow = {.nominal_mv = 3300, .flash_min_mv = 2200, .core_min_mv = 1100, .decay_ns = 3300000};

static uint32_t wait_before_ms;

static void waits_then_writes(void)
{
	dut_wait_ms(10 + wait_before_ms);
	for (;;) {
		tiny_tell((uint64_t)(int64_t)dut_flash_program(TINY_FREE + 4 * (tiny_seen.n % 100), (const uint8_t[4]){0}, 4));
		dut_wait_ms(100);
	}
}

/* Power off 10 ms after the reset; the firmware writes once, `later_ms` after that. */
static enum bp_stop falls(void **state, uint32_t later_ms, uint64_t run_ns)
{
	tiny_end(state);
	tiny_begin(state);
	tiny_config.rail = slow;
	wait_before_ms = later_ms;
	tiny_on(waits_then_writes);
	tiny_run_until(RESET_NS + 10 * TINY_MS);
	bp_vboard_power_off(tiny);
	assert_true(bp_vboard_is_on(tiny));
	return tiny_run_until(RESET_NS + 10 * TINY_MS + run_ns);
}

static void flash_fails_while_the_core_runs(void **state)
{
	assert_int_equal(falls(state, 2, 2199999), BP_STOP_TIME);
	assert_int_equal(tiny_seen.n, 1);
	assert_int_equal((int64_t)tiny_seen.value[0], -1);
	assert_int_equal(bp_vboard_flash(tiny)->bytes[TINY_FREE], 0xff);
	assert_int_equal(bp_vboard_ops(tiny), 0);
	assert_int_equal(tiny_run(1), BP_STOP_OFF);
	assert_int_equal(bp_vboard_now(tiny), RESET_NS + 10 * TINY_MS + 2200000);
}

static void flash_works_on_a_falling_rail(void **state)
{
	assert_int_equal(falls(state, 1, 2000000), BP_STOP_TIME); /* from 1.0 to 1.05 ms */
	assert_int_equal(tiny_seen.n, 1);
	assert_int_equal(tiny_seen.value[0], 0);
	assert_int_equal(bp_vboard_flash(tiny)->bytes[TINY_FREE], 0);
}

static void rail_tears_what_is_under_way(void **state)
{
	const struct bp_cut_report *report;

	tiny_end(state);
	tiny_begin(state);
	tiny_config.rail = slow;
	tiny_new(BP_ACCEL_NONE, writes, NULL);
	bp_vboard_power_on(tiny);
	tiny_run_until(RESET_NS + WORDS * TINY_PROGRAM_NS - 1);
	bp_vboard_power_off(tiny);
	assert_int_equal(tiny_run(50), BP_STOP_OFF);
	report = bp_vboard_cut_report(tiny);
	assert_true(report->fired && report->in_op);
	assert_int_equal(report->op.ordinal, OPS);
	assert_int_equal(report->position, BP_CUT_TORN);
	assert_int_equal(report->torn.percent, 5); /* 1.1 ms of 20 ms */
}

/* An operation that never began is not told to whoever records them. */
static void operations_without_power_are_not_told(void **state)
{
	struct bp_vboard_watch watch = {.op = note_op};

	n_told = 0;
	tiny_end(state);
	tiny_begin(state);
	tiny_config.rail = slow;
	wait_before_ms = 2;
	tiny_on(waits_then_writes);
	bp_vboard_watch(tiny, &watch);
	tiny_run_until(RESET_NS + 10 * TINY_MS);
	bp_vboard_power_off(tiny);
	assert_int_equal(tiny_run(10), BP_STOP_OFF);
	assert_int_equal((int64_t)tiny_seen.value[0], -1);
	assert_int_equal(n_told, 0);
}

static void rail_comes_back(void **state)
{
	assert_int_equal(falls(state, 2, 2100000), BP_STOP_TIME);
	bp_vboard_power_on(tiny); /* before the core noticed: it only saw a failed write */
	assert_int_equal(tiny_run(200), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 1);
	assert_int_equal((int64_t)tiny_seen.value[0], -1);
	assert_int_equal(tiny_seen.value[1], 0);
}

/* The relay is open already: opening it again does not lift the rail. */
static void second_power_off_changes_nothing(void **state)
{
	assert_int_equal(falls(state, 50, 2000000), BP_STOP_TIME);
	bp_vboard_power_off(tiny);
	assert_int_equal(tiny_run(10), BP_STOP_OFF);
	assert_int_equal(bp_vboard_now(tiny), RESET_NS + 10 * TINY_MS + 2200000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_begin, tiny_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(flash_calls), TEST(running_slot_is_watched), TEST(torn_unit_of_an_ecc_part), TEST(operations_are_told),
		TEST(cuts_at_operations), TEST(resets_at_operations), TEST(cuts_that_do_not_fire), TEST(cuts_at_times), TEST(torn_percent),
		TEST(power_ups_count_from_the_fault), TEST(flash_fails_while_the_core_runs), TEST(flash_works_on_a_falling_rail),
		TEST(rail_tears_what_is_under_way), TEST(operations_without_power_are_not_told), TEST(rail_comes_back),
		TEST(second_power_off_changes_nothing),
	};

	if (tiny_catch())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
