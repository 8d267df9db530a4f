/* SPDX-License-Identifier: Apache-2.0 */
/* The debug port of a virtual board: registers, the serial wire, the adapters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "tests/tiny_board.h"
#include "vboard/probe/map.h"
#include "vboard/probe/probe.h"

#define DHCSR 0xe000edf0u
#define DCRSR 0xe000edf4u
#define DCRDR 0xe000edf8u
#define DEMCR 0xe000edfcu
#define DFSR 0xe000ed30u
#define AIRCR 0xe000ed0cu
#define HALT 0xa05f0003u
#define RUN 0xa05f0001u
#define STEP 0xa05f0005u
#define S_HALT (1u << 17)
#define S_RESET (1u << 25)
#define PAGE_A TINY_FREE
#define PAGE_B (TINY_FREE + TINY_PAGE)

static struct bp_arena *arena;
static struct bp_probe probe;
static bool reset_low;

static void on_reset(void *ctx, bool low)
{
	(void)ctx;
	reset_low = low;
}

static int begin(void **state)
{
	arena = bp_arena_new((size_t)1024 * 1024);
	reset_low = false;
	return arena ? tiny_begin(state) : -1;
}

static int end(void **state)
{
	bp_arena_free(arena);
	return tiny_end(state);
}

/* Powered, the core not run yet. */
static void on(void (*boot)(void))
{
	struct bp_err err = {.text = ""};

	tiny_new(BP_ACCEL_NONE, boot, NULL);
	if (bp_probe_init(&probe, arena, tiny, 5, on_reset, NULL, &err))
		fail_msg("%s", err.text);
	bp_probe_power(&probe, true);
	bp_vboard_power_on(tiny);
}

static void off(void)
{
	bp_vboard_lose_power(tiny);
	bp_probe_power(&probe, false);
}

static uint32_t get(uint32_t addr)
{
	uint32_t v = 0;

	assert_int_equal(bp_core_read(&probe.core, addr, 4, &v), 0);
	return v;
}

static void put(uint32_t addr, uint32_t value)
{
	assert_int_equal(bp_core_write(&probe.core, addr, 4, value), 0);
}

static uint32_t reg(uint32_t n)
{
	put(DCRSR, n);
	return get(DCRDR);
}

static void breakpoint(unsigned i, uint32_t addr)
{
	put(0xe0002000u, 3);
	put(0xe0002008u + 4 * i, addr ? (addr & 0x1ffffffcu) | (addr & 2 ? 1u << 31 : 1u << 30) | 1 : 0);
}

/* ---- firmware ---- */

static const uint8_t pattern[3 * TINY_UNIT] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void writes(void)
{
	tiny_tell((uint64_t)(dut_flash_erase(PAGE_A) + 100));
	tiny_tell((uint64_t)(dut_flash_program(PAGE_A, pattern, sizeof(pattern)) + 200));
	tiny_idle();
}

static void jumps(void)
{
	dut_jump(TINY_SLOT_A);
}

static void resets_once(void)
{
	if (tiny_seen.boots < 2)
		dut_reset();
	tiny_idle();
}

/* ---- the core ---- */

static void halts_and_goes_on(void **state)
{
	uint64_t now;

	(void)state;
	on(tiny_idle);
	tiny_run(5);
	assert_int_equal(get(0xe000ed00u), 0x410fc241u);
	put(DHCSR, RUN);
	put(DHCSR, HALT);
	assert_true(get(DHCSR) & S_HALT);
	assert_int_equal(get(DFSR) & 1, 1);
	assert_int_equal(reg(15), BP_CODE_RUNNING);
	now = bp_vboard_now(tiny);
	assert_int_equal(bp_vboard_run(tiny, now + 1000), BP_STOP_HALT);
	assert_int_equal(bp_vboard_now(tiny), now);
	put(DCRDR, 0x1234);
	put(DCRSR, 1u << 16 | 5);
	assert_int_equal(reg(5), 0x1234);
	put(DHCSR, RUN);
	assert_false(get(DHCSR) & S_HALT);
	assert_int_equal(tiny_run(5), BP_STOP_TIME);
}

static void key_is_needed(void **state)
{
	(void)state;
	on(tiny_idle);
	put(DHCSR, 3);
	assert_false(get(DHCSR) & S_HALT);
	put(0xe0002000u, 1);
	assert_int_equal(get(0xe0002000u), 0x60);
}

/* Registers of the call, and then what it does, step by step. */
static void stops_at_calls(void **state)
{
	(void)state;
	on(writes);
	put(DHCSR, RUN);
	breakpoint(0, BP_CALL_ADDR(BP_CALL_ERASE));
	breakpoint(5, BP_CALL_ADDR(BP_CALL_PROGRAM));
	assert_int_equal(tiny_run(500), BP_STOP_HALT);
	assert_int_equal(reg(15), BP_CALL_ADDR(BP_CALL_ERASE));
	assert_int_equal(reg(0), PAGE_A);
	assert_int_equal(reg(14), BP_CALL_BACK(BP_CALL_ERASE) | 1);
	assert_int_equal(get(DFSR) & 2, 2);
	assert_int_equal(bp_vboard_ops(tiny), 0);
	put(DHCSR, RUN); /* a comparator that matches holds it, until a step */
	assert_true(bp_vboard_halted(tiny));
	put(DHCSR, STEP);
	assert_int_equal(reg(15), BP_CALL_ADDR(BP_CALL_ERASE) + 2);
	assert_int_equal(bp_vboard_ops(tiny), 0);
	put(DHCSR, RUN);
	assert_int_equal(tiny_run(500), BP_STOP_HALT);
	assert_int_equal(bp_vboard_ops(tiny), 1);
	assert_int_equal(reg(15), BP_CALL_ADDR(BP_CALL_PROGRAM));
	assert_int_equal(reg(0), PAGE_A);
	assert_int_equal(reg(1), BP_RAM_SCRATCH);
	assert_int_equal(reg(2), sizeof(pattern));
	assert_int_equal(get(BP_RAM_SCRATCH + 8), 0x0c0b0a09);
	put(DHCSR, STEP);
	put(DHCSR, STEP);
	assert_int_equal(reg(15), BP_CALL_BACK(BP_CALL_PROGRAM));
	assert_int_equal(reg(0), 0);
	assert_int_equal(bp_vboard_ops(tiny), 4);
	assert_int_equal(get(PAGE_A), 0x04030201);
	put(DHCSR, RUN);
	tiny_run(5);
	assert_int_equal(tiny_seen.value[0], 100);
	assert_int_equal(tiny_seen.value[1], 200);
}

static void stops_where_a_call_returns(void **state)
{
	(void)state;
	on(writes);
	put(DHCSR, RUN);
	breakpoint(1, BP_CALL_BACK(BP_CALL_ERASE));
	assert_int_equal(tiny_run(500), BP_STOP_HALT);
	assert_int_equal(reg(15), BP_CALL_BACK(BP_CALL_ERASE));
	assert_int_equal(bp_vboard_ops(tiny), 1);
	assert_int_equal(tiny_seen.n, 0);
}

static void stops_at_jumps_and_resets(void **state)
{
	(void)state;
	on(jumps);
	put(DHCSR, RUN);
	breakpoint(0, BP_CALL_ADDR(BP_CALL_JUMP));
	assert_int_equal(tiny_run(5), BP_STOP_HALT);
	assert_int_equal(reg(15), BP_CALL_ADDR(BP_CALL_JUMP));
	assert_int_equal(reg(0), TINY_SLOT_A);
}

static void catches_at_reset(void **state)
{
	(void)state;
	on(resets_once);
	put(DHCSR, RUN);
	put(DEMCR, 0x01000001);
	put(AIRCR, 0x05fa0004);
	assert_true(bp_vboard_halted(tiny));
	assert_int_equal(tiny_seen.boots, 0);
	assert_int_equal(reg(15), BP_BOOT_ENTRY);
	assert_int_equal(get(DFSR) & 8, 8);
	assert_true(get(DHCSR) & S_RESET);
	assert_false(get(DHCSR) & S_RESET);
	assert_int_equal(bp_vboard_cause(tiny), DUT_CAUSE_SOFTWARE);
	put(DHCSR, RUN);
	assert_int_equal(tiny_run(5), BP_STOP_HALT); /* its own reset is caught too */
	assert_int_equal(tiny_seen.boots, 1);
	put(DEMCR, 0);
	put(DHCSR, RUN);
	assert_int_equal(tiny_run(5), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 2);
}

static void reset_pin_holds_the_core(void **state)
{
	(void)state;
	tiny_new(BP_ACCEL_NONE, tiny_idle, NULL);
	assert_int_equal(bp_core_init(&probe.core, arena, tiny, 5, NULL), 0);
	bp_vboard_hold_reset(tiny, true);
	bp_core_reset_pin(&probe.core, true);
	bp_core_power(&probe.core, true);
	bp_vboard_power_on(tiny);
	assert_int_equal(tiny_run(5), BP_STOP_TIME);
	assert_int_equal(tiny_seen.boots, 0);
	assert_true(get(DHCSR) & S_RESET);
	put(DHCSR, RUN);
	put(DEMCR, 1);
	bp_core_reset_pin(&probe.core, false);
	bp_vboard_hold_reset(tiny, false);
	assert_true(get(DHCSR) & S_HALT);
	assert_int_equal(bp_vboard_cause(tiny), DUT_CAUSE_POWER_ON);
	put(DEMCR, 0);
	put(DHCSR, RUN);
	tiny_run(5);
	bp_vboard_hold_reset(tiny, true);
	bp_vboard_hold_reset(tiny, false);
	tiny_run(5);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_PIN);
}

static void watches_operations(void **state)
{
	(void)state;
	on(writes);
	put(DHCSR, RUN);
	put(DEMCR, 1u << 24);
	put(0xe0001020u, PAGE_A + 4);
	put(0xe0001024u, 2);
	put(0xe0001028u, 6);
	assert_int_equal(tiny_run(500), BP_STOP_HALT); /* the erase has the word in it */
	assert_int_equal(bp_vboard_ops(tiny), 0);
	assert_true(get(0xe0001028u) & 1u << 24);
	assert_false(get(0xe0001028u) & 1u << 24);
	assert_int_equal(get(DFSR) & 4, 4);
	put(DHCSR, RUN);
	assert_int_equal(tiny_run(500), BP_STOP_HALT);
	assert_int_equal(bp_vboard_ops(tiny), 2); /* the first unit is written, the second is not */
	assert_int_equal(reg(3), PAGE_A + 4);
	assert_int_equal(get(PAGE_A + 4), 0xffffffff);
	off();
	assert_int_equal(bp_vboard_ops(tiny), 2);
	assert_int_equal(bp_vboard_flash(tiny)->bytes[PAGE_A + 4], 0xff);
}

/* ---- time within operations ---- */

static void operations_take_their_time(void **state)
{
	(void)state;
	on(writes);
	tiny_run(10);
	assert_true(bp_vboard_in_op(tiny));
	assert_int_equal(bp_vboard_flash(tiny)->n_erases, 0);
	assert_in_range(bp_vboard_next_event(tiny), TINY_ERASE_NS, TINY_ERASE_NS + TINY_MS);
	tiny_run(11);
	assert_int_equal(bp_vboard_flash(tiny)->n_erases, 1);
	assert_int_equal(tiny_seen.value[1], 200);
}

static void power_loss_tears(void **state)
{
	const struct bp_cut_report *r;

	(void)state;
	on(writes);
	tiny_run(10);
	bp_vboard_power_off(tiny);
	assert_int_equal(bp_vboard_run(tiny, bp_vboard_now(tiny)), BP_STOP_OFF);
	r = bp_vboard_cut_report(tiny);
	assert_true(r->fired && r->in_op);
	assert_int_equal(r->position, BP_CUT_TORN);
	assert_in_range(r->torn.percent, 45, 55);
}

static void a_falling_rail_tears(void **state)
{
	(void)state;
	tiny_config.rail = (struct bp_rail){3300, 2400, 1700, 8 * TINY_MS};
	on(writes);
	tiny_run(10);
	bp_vboard_power_off(tiny);
	assert_int_equal(bp_vboard_rail_mv(tiny), 3300);
	tiny_run(1);
	assert_int_equal(bp_vboard_rail_mv(tiny), 3300 - 412);
	assert_int_equal(tiny_run(5), BP_STOP_OFF);
	assert_int_equal(bp_vboard_rail_mv(tiny), 0);
	assert_in_range(bp_vboard_cut_report(tiny)->torn.percent, 55, 65); /* 10 ms and 2.18 ms of 20 ms */
}

static void halts_after_the_operation(void **state)
{
	(void)state;
	on(writes);
	put(DHCSR, RUN);
	tiny_run(10);
	put(DHCSR, HALT);
	assert_false(get(DHCSR) & S_HALT);
	assert_int_equal(tiny_run(50), BP_STOP_HALT);
	assert_int_equal(bp_vboard_flash(tiny)->n_erases, 1);
	assert_int_equal(reg(15), BP_CALL_BACK(BP_CALL_ERASE));
	assert_int_equal(tiny_seen.n, 0);
}

static void reset_completes_the_operation(void **state)
{
	(void)state;
	on(writes);
	tiny_run(10);
	bp_vboard_pin_reset(tiny);
	assert_int_equal(bp_vboard_flash(tiny)->n_erases, 1);
	assert_true(bp_vboard_now(tiny) < TINY_ERASE_NS);
	assert_int_equal(tiny_run(50), BP_STOP_TIME);
	assert_int_equal(bp_vboard_flash(tiny)->n_erases, 2);
}

/* ---- memory ---- */

static void power_loss_wipes_ram_and_debug_registers(void **state)
{
	uint32_t first;

	(void)state;
	on(tiny_idle);
	put(BP_RAM_CANARY, 0xc0ffee);
	put(DHCSR, RUN);
	breakpoint(0, 0x100);
	put(AIRCR, 0x05fa0004);
	assert_int_equal(get(BP_RAM_CANARY), 0xc0ffee);
	assert_int_equal(get(0xe0002000u) & 1, 1); /* a reset keeps breakpoints */
	off();
	bp_probe_power(&probe, true);
	bp_vboard_power_on(tiny);
	first = get(BP_RAM_CANARY);
	assert_int_not_equal(first, 0xc0ffee);
	assert_int_equal(get(DHCSR) & 15, 0);
	assert_int_equal(get(0xe0002008u), 0);
	off();
	bp_probe_power(&probe, true);
	bp_vboard_power_on(tiny);
	assert_int_not_equal(get(BP_RAM_CANARY), first);
}

static void provisioning(void **state)
{
	uint32_t v;

	(void)state;
	on(tiny_idle);
	assert_int_equal(bp_core_write(&probe.core, PAGE_B, 4, 0), -1);
	put(0x4001e504u, 1);
	put(PAGE_B, 0x0ff0ffff);
	put(PAGE_B, 0xff00ffff);
	assert_int_equal(get(PAGE_B), 0x0f00ffff);
	put(0x4001e508u, PAGE_B); /* not without erase enabled */
	assert_int_equal(get(PAGE_B), 0x0f00ffff);
	put(0x4001e504u, 2);
	put(0x4001e508u, PAGE_B);
	assert_int_equal(get(PAGE_B), 0xffffffff);
	assert_int_equal(get(0x4001e400u), 1);
	assert_int_equal(bp_core_read(&probe.core, 0x30000000u, 4, &v), -1);
	assert_int_equal(bp_core_read(&probe.core, 0x4000u, 4, &v), -1); /* the flash ends there */
	assert_int_equal(bp_core_read(&probe.core, 0x3ffcu, 4, &v), 0);
	assert_int_equal(get(BP_CODE_BASE), 0xbf00bf00);
}

static void rom_table(void **state)
{
	(void)state;
	on(tiny_idle);
	assert_int_equal(get(0xe00ff000u) & ~3u, 0xfff0f000u); /* SCS */
	assert_int_equal(get(0xe00fffd0u), 4);
	assert_int_equal(get(0xe00ffff0u), 0x0d);
	assert_int_equal(get(0xe000eff4u), 0xe0);
}

/* ---- the access port ---- */

static void dap_on(void)
{
	on(tiny_idle);
	assert_int_equal(bp_dap_write(&probe.dap, false, 4, 0x50000000), BP_ACK_OK);
}

static void access_port(void **state)
{
	uint32_t v;

	(void)state;
	on(tiny_idle);
	assert_int_equal(bp_dap_ap_read(&probe.dap, 0, 0xfc, &v), BP_ACK_FAULT); /* debug power is off */
	bp_dap_write(&probe.dap, false, 4, 0x50000000);
	bp_dap_read(&probe.dap, false, 4, &v);
	assert_int_equal(v, 0xf0000000);
	assert_int_equal(bp_dap_ap_read(&probe.dap, 0, 0xfc, &v), BP_ACK_OK);
	assert_int_equal(v, BP_AP_IDR);
	bp_dap_ap_read(&probe.dap, 1, 0xfc, &v);
	assert_int_equal(v, 0);
	bp_dap_ap_write(&probe.dap, 0, 0x00, 0x23000002);
	bp_dap_ap_write(&probe.dap, 0, 0x04, 0x30000000);
	bp_dap_ap_read(&probe.dap, 0, 0x0c, &v);
	assert_true(bp_dap_failed(&probe.dap));
	assert_int_equal(bp_dap_ap_read(&probe.dap, 0, 0x00, &v), BP_ACK_FAULT);
	assert_int_equal(bp_dap_read(&probe.dap, false, 4, &v), BP_ACK_OK);
	assert_int_equal(v & 0x20, 0x20);
	bp_dap_write(&probe.dap, false, 0, 4);
	assert_int_equal(bp_dap_ap_read(&probe.dap, 0, 0x00, &v), BP_ACK_OK);
}

/* Lanes, counting, packed transfers. */
static void transfers(void **state)
{
	static const struct row {
		const char *name;
		uint32_t csw, tar, value, word, next;
	} rows[] = {
		{"word", 0x02, BP_RAM_BASE, 0x11223344, 0x11223344, BP_RAM_BASE},
		{"word, counting", 0x12, BP_RAM_BASE, 0x11223344, 0x11223344, BP_RAM_BASE + 4},
		{"byte 0", 0x10, BP_RAM_BASE, 0x000000aa, 0x000000aa, BP_RAM_BASE + 1},
		{"byte 2", 0x10, BP_RAM_BASE + 2, 0x00aa0000, 0x00aa0000, BP_RAM_BASE + 3},
		{"byte 2, wrong lane", 0x10, BP_RAM_BASE + 2, 0x000000aa, 0, BP_RAM_BASE + 3},
		{"half word 2", 0x11, BP_RAM_BASE + 2, 0xbbaa0000, 0xbbaa0000, BP_RAM_BASE + 4},
		{"bytes, packed", 0x20, BP_RAM_BASE, 0x44332211, 0x44332211, BP_RAM_BASE + 4},
		{"half words, packed", 0x21, BP_RAM_BASE, 0x44332211, 0x44332211, BP_RAM_BASE + 4},
	};
	uint32_t v;

	(void)state;
	dap_on();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(BP_RAM_BASE, 0);
		bp_dap_ap_write(&probe.dap, 0, 0x00, rows[i].csw);
		bp_dap_ap_write(&probe.dap, 0, 0x04, rows[i].tar);
		bp_dap_ap_write(&probe.dap, 0, 0x0c, rows[i].value);
		bp_dap_ap_read(&probe.dap, 0, 0x04, &v);
		if (get(BP_RAM_BASE) != rows[i].word || v != rows[i].next)
			fail_msg("%s: 0x%08x, then at 0x%08x", rows[i].name, get(BP_RAM_BASE), v);
		bp_dap_ap_write(&probe.dap, 0, 0x04, rows[i].tar);
		bp_dap_ap_read(&probe.dap, 0, 0x0c, &v);
		if (v != rows[i].word)
			fail_msg("%s: read back 0x%08x", rows[i].name, v);
	}
	bp_dap_ap_write(&probe.dap, 0, 0x00, 0x12);
	bp_dap_ap_write(&probe.dap, 0, 0x04, BP_RAM_BASE + 0xffc);
	bp_dap_ap_read(&probe.dap, 0, 0x0c, &v);
	bp_dap_ap_read(&probe.dap, 0, 0x04, &v);
	assert_int_equal(v, BP_RAM_BASE); /* counts within 4 KiB */
}

/* ---- the wire, as a host with its own timing drives it ---- */

static uint32_t bits(unsigned n, uint32_t value)
{
	uint32_t got = 0;

	for (unsigned i = 0; i < n; i++)
		got |= (uint32_t)bp_swd_edge(&probe.swd, value >> i & 1) << i;
	return got;
}

static void ones(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		bits(1, 1);
}

static uint32_t header(bool ap, bool read, uint32_t r)
{
	uint32_t four = (uint32_t)ap | (uint32_t)read << 1 | r >> 2 << 2;

	bits(8, 1 | four << 1 | (uint32_t)__builtin_parity(four) << 5 | 0x80);
	return bits(3, 7);
}

static uint32_t wire_read(bool ap, uint32_t r, uint32_t *value)
{
	uint32_t ack = header(ap, true, r), parity;

	if (ack != BP_ACK_OK) {
		bits(1, 1);
		return ack;
	}
	*value = bits(32, 0xffffffffu);
	parity = bits(1, 1);
	assert_int_equal(parity, __builtin_parity(*value));
	bits(2, 3);
	return ack;
}

static uint32_t wire_write(bool ap, uint32_t r, uint32_t value)
{
	uint32_t ack = header(ap, false, r);

	bits(ack == BP_ACK_OK ? 2 : 1, 3);
	if (ack == BP_ACK_OK) {
		bits(32, value);
		bits(1, (uint32_t)__builtin_parity(value));
	}
	return ack;
}

static void line_reset(void)
{
	ones(52);
	bits(4, 0);
}

static void to_swd(void)
{
	ones(52);
	bits(16, 0xe79e);
	line_reset();
}

static void wire_needs_the_switch(void **state)
{
	uint32_t v = 0;

	(void)state;
	on(tiny_idle);
	line_reset();
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_NONE);
	bits(8, 0);
	ones(49); /* too few */
	bits(16, 0xe79e);
	line_reset();
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_NONE);
	bits(32, 0);
	to_swd();
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_OK);
	assert_int_equal(v, BP_DP_IDCODE);
	ones(52);
	bits(16, 0xe73c); /* and back to JTAG */
	line_reset();
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_NONE);
}

static void wire_wants_idcode_first(void **state)
{
	uint32_t v = 0;

	(void)state;
	on(tiny_idle);
	to_swd();
	assert_int_equal(wire_read(false, 4, &v), BP_ACK_NONE);
	bits(8, 0);
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_NONE); /* lost until the next line reset */
	line_reset();
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_OK);
	assert_int_equal(wire_read(false, 4, &v), BP_ACK_OK);
}

static void wire_reaches_memory(void **state)
{
	uint32_t v = 0;

	(void)state;
	on(tiny_idle);
	to_swd();
	wire_read(false, 0, &v);
	assert_int_equal(wire_read(true, 0, &v), BP_ACK_FAULT);
	assert_int_equal(wire_write(false, 4, 0x50000000), BP_ACK_OK);
	wire_write(false, 8, 0);
	wire_write(true, 0, 0x23000012);
	wire_write(true, 4, BP_RAM_BASE);
	/* Sixty ones in a row on the wire are data, no line reset, if the target sends them. */
	assert_int_equal(wire_write(true, 12, 0xffffffff), BP_ACK_OK);
	assert_int_equal(wire_write(true, 12, 0x55aa1234), BP_ACK_OK);
	wire_write(true, 4, BP_RAM_BASE);
	wire_read(true, 12, &v); /* posted */
	wire_read(true, 12, &v);
	assert_int_equal(v, 0xffffffff);
	wire_read(false, 12, &v);
	assert_int_equal(v, 0x55aa1234);
	off();
	assert_int_equal(wire_read(false, 0, &v), BP_ACK_NONE);
}

static void wire_checks_parity(void **state)
{
	uint32_t v = 0;

	(void)state;
	on(tiny_idle);
	to_swd();
	wire_read(false, 0, &v);
	header(false, false, 4);
	bits(2, 3);
	bits(32, 0x50000000);
	bits(1, 1); /* wrong */
	wire_read(false, 4, &v);
	assert_int_equal(v & 0x50000000, 0);
	bits(8, 0xa5 ^ 0x20); /* a header with a wrong parity bit */
	assert_int_equal(bits(3, 7), BP_ACK_NONE);
}

/* ---- adapters ---- */

static size_t pirate(const uint8_t *in, size_t n, uint8_t *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += bp_buspirate_byte(&probe.buspirate, in[i], out + len);
	return len;
}

static void bus_pirate(void **state)
{
	static const uint8_t zeros[20], raw[] = {0x05}, reset_seq[] = {0x16, 255, 255, 255, 255, 255, 255, 255, 0x11, 0x9e, 0xe7,
		0x17, 255, 255, 255, 255, 255, 255, 255, 0}, idcode[] = {0x10, 0xa5, 7, 7, 7, 6, 6, 6, 6, 7, 0x21};
	static const uint8_t aux_low[] = {0x40}, aux_high[] = {0x42}, leave[] = {0x00, 0x0f};
	uint8_t out[256];

	(void)state;
	on(tiny_idle);
	assert_int_equal(pirate(zeros, 20, out), 5);
	assert_memory_equal(out, "BBIO1", 5);
	assert_int_equal(pirate(raw, 1, out), 4);
	assert_memory_equal(out, "RAW1", 4);
	out[0] = 0x8a; /* low bit first, push-pull */
	pirate(out, 1, out);
	pirate(aux_low, 1, out);
	assert_false(reset_low);
	pirate(aux_high, 1, out);
	pirate(aux_low, 1, out);
	assert_true(reset_low);
	pirate(aux_high, 1, out);
	assert_false(reset_low);
	pirate(reset_seq, sizeof(reset_seq), out);
	assert_int_equal(pirate(idcode, sizeof(idcode), out), 11);
	assert_int_equal(out[2] | out[3] << 1 | out[4] << 2, BP_ACK_OK);
	assert_int_equal((uint32_t)out[5] | (uint32_t)out[6] << 8 | (uint32_t)out[7] << 16 | (uint32_t)out[8] << 24, BP_DP_IDCODE);
	pirate(leave, 2, out);
	assert_int_equal(probe.buspirate.mode, BP_PIRATE_TERMINAL);
}

static int ask(const void *in, size_t len, uint8_t *out)
{
	size_t used;

	return bp_stlink_request(&probe.stlink, in, len, &used, out);
}

/* An ST-LINK command of up to 16 bytes that reads size bytes. */
static int st(const uint8_t *cmd, size_t n, uint32_t size, uint8_t *out)
{
	uint8_t in[32] = {5};

	memcpy(in + 8, cmd, n);
	in[24] = 1;
	memcpy(in + 28, &size, 4);
	return ask(in, sizeof(in), out);
}

static void st_link(void **state)
{
	static const uint8_t enter[] = {0xf2, 0x30, 0xa3}, idcodes[] = {0xf2, 0x31}, status[] = {0xf2, 0x3e}, leave[] = {0xf2, 0x21},
		read32[] = {0xf2, 0x07, 0, 1, 0, 0x20, 8, 0, 0}, nowhere[] = {0xf2, 0x07, 0, 0, 0, 0x30, 4, 0, 0},
		low[] = {0xf2, 0x3c, 0}, high[] = {0xf2, 0x3c, 1};
	static uint8_t out[BP_STLINK_BUFFER];
	uint32_t v;

	(void)state;
	on(tiny_idle);
	put(BP_RAM_CANARY, 0x11223344);
	put(BP_RAM_CANARY + 4, 0x55667788);
	assert_int_equal(st(idcodes, 2, 12, out), 16);
	assert_int_not_equal(out[4], 0x80); /* not in SWD mode yet */
	st(enter, 3, 2, out);
	assert_int_equal(out[4], 0x80);
	st(idcodes, 2, 12, out);
	memcpy(&v, out + 8, 4);
	assert_int_equal(v, BP_DP_IDCODE);
	assert_int_equal(st(read32, sizeof(read32), 8, out), 12);
	assert_memory_equal(out + 4, "\x44\x33\x22\x11\x88\x77\x66\x55", 8);
	st(status, 2, 12, out);
	assert_int_equal(out[4], 0x80);
	st(nowhere, sizeof(nowhere), 4, out);
	st(status, 2, 12, out);
	assert_int_equal(out[4], 0x11);
	st(low, 3, 2, out);
	assert_true(reset_low);
	st(high, 3, 2, out);
	assert_false(reset_low);
	off();
	st(idcodes, 2, 12, out);
	assert_int_not_equal(out[4], 0x80);
	st(enter, 3, 2, out);
	assert_int_not_equal(out[4], 0x80);
	st(leave, 2, 0, out);
}

static void st_link_server(void **state)
{
	static const uint8_t version[] = {6, 1, 0, 0}, info[] = {2, 0, 0, 0, 41, 0, 0, 0}, huge[32] = {5, [24] = 0, [28] = 255, 255, 255, 255},
		garbage[] = {0x47, 0x45, 0x54};
	static uint8_t out[BP_STLINK_BUFFER], in[BP_STLINK_BUFFER];
	uint64_t seed = 3;
	struct bp_rng r;

	(void)state;
	on(tiny_idle);
	assert_int_equal(ask(version, 4, out), 16);
	assert_int_equal(ask(version, 3, out), 0);
	assert_int_equal(ask(info, 8, out), 45);
	assert_int_equal(ask(huge, 32, out), BP_EPROTO);
	assert_int_equal(ask(garbage, 3, out), BP_EPROTO);
	bp_rng_seed(&r, &seed, 1);
	for (unsigned i = 0; i < 20000; i++) { /* whatever comes, it answers or refuses */
		size_t used, len = 32 + bp_rng_below(&r, 64);
		int n;

		bp_rng_fill(&r, in, len);
		in[0] = 5;
		in[24] = (uint8_t)bp_rng_below(&r, 2);
		memset(in + 28, 0, 4);
		in[28] = (uint8_t)bp_rng_below(&r, 64);
		in[8] = i % 4 ? 0xf2 : in[8];
		n = bp_stlink_request(&probe.stlink, in, len, &used, out);
		assert_in_range(n, 0, 4 + 64);
		assert_in_range(used, 0, len);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(halts_and_goes_on), TEST(key_is_needed), TEST(stops_at_calls), TEST(stops_where_a_call_returns),
		TEST(stops_at_jumps_and_resets), TEST(catches_at_reset), TEST(reset_pin_holds_the_core), TEST(watches_operations),
		TEST(operations_take_their_time), TEST(power_loss_tears), TEST(a_falling_rail_tears), TEST(halts_after_the_operation),
		TEST(reset_completes_the_operation), TEST(power_loss_wipes_ram_and_debug_registers), TEST(provisioning), TEST(rom_table),
		TEST(access_port), TEST(transfers), TEST(wire_needs_the_switch), TEST(wire_wants_idcode_first), TEST(wire_reaches_memory),
		TEST(wire_checks_parity), TEST(bus_pirate), TEST(st_link), TEST(st_link_server),
	};

	if (tiny_catch())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
