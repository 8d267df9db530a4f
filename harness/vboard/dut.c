/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dut.c - the hardware that the firmware calls (dut.h), on the virtual board.
 *
 * Everything here runs on the firmware's stack. Time moves in move_to(); when it
 * meets next_stop, the host's side takes over and may never come back.
 */
#include "dut.h"

#include "vboard/board.h"

#include <string.h>

struct bp_vboard *bp_board_running;
volatile uint32_t bp_board_spin, bp_board_entries;
volatile bool bp_board_in_firmware;

#define NS_PER_MS UINT64_C(1000000)
#define CALL_NS 200u            /* a register access and its driver: some 13 cycles at 64 MHz */
/*
 * A loop that only polls gets 4,096 calls at their true price; from then on each
 * costs a millisecond, so that it meets the watchdog soon in host time as well.
 */
#define POLL_CALLS 4096u
#define POLL_NS NS_PER_MS
/*
 * Edges between two hardware calls after which code counts as an endless loop.
 * The longest honest stretch is a manifest's parsing, some thousand edges. A
 * count of edges is never turned into time: that would make virtual time depend
 * on the compiler.
 */
#define SPIN_EDGES 1000000u
#define STILL_CALLS 1000000u    /* as many calls; a product whose hashing costs nothing makes some ten thousand */
#define TOUCH_BYTES 4096u       /* a page of the host */

__attribute__((weak)) void __sanitizer_cov_trace_pc(void); /* a fuzzer has one of its own */

static inline void hand_over(struct bp_vboard *b, enum bp_leave why)
{
	b->leave = why;
	bp_coroutine_leave(&b->co);
}

__attribute__((noreturn)) static void hand_over_for_good(struct bp_vboard *b, enum bp_leave why)
{
	b->leave = why;
	bp_coroutine_abandon(&b->co);
}

/* The host's code runs on the firmware's stack, in room of its own below it: a firmware that has used up its part faults here. */
static inline struct bp_vboard *host_side(void)
{
	struct bp_vboard *b = bp_board_running;

	bp_board_in_firmware = false;
	bp_board_spin = 0;
	bp_board_entries = bp_board_entries + 1;
	if ((const unsigned char *)__builtin_frame_address(0) < b->co.stack)
		hand_over_for_good(b, BP_LEAVE_FAULT);
	return b;
}

static void firmware_side(void)
{
	bp_board_in_firmware = true;
}

/* Memory that the firmware hands over, touched while a fault is still its own HardFault: the host's code must not meet one. */
__attribute__((no_sanitize("address", "undefined"))) static void touch(const void *buf, uint32_t len)
{
	const volatile unsigned char *p = buf;

	bp_board_in_firmware = true;
	for (size_t i = 0; i < len; i += TOUCH_BYTES)
		(void)p[i];
	if (len)
		(void)p[len - 1];
	bp_board_in_firmware = false;
}

__attribute__((no_sanitize("address", "undefined"))) static void write_back(volatile unsigned char *p)
{
	unsigned char byte = *p;

	*p = byte;
}

/* The same of memory that is going to be written. */
__attribute__((no_sanitize("address", "undefined"))) static void touch_to_write(void *buf, uint32_t len)
{
	unsigned char *p = buf;

	bp_board_in_firmware = true;
	for (size_t i = 0; i < len; i += TOUCH_BYTES)
		write_back(p + i);
	if (len)
		write_back(p + len - 1);
	bp_board_in_firmware = false;
}

static void move_to(struct bp_vboard *b, uint64_t t)
{
	while (t > b->next_stop) {
		if (b->now < b->next_stop)
			b->now = b->next_stop;
		b->wake_at = t;
		hand_over(b, BP_LEAVE_TIME);
	}
	if (b->now < t)
		b->now = t;
}

/* Price of a call that gets the firmware nowhere by itself. */
static void poll_price(struct bp_vboard *b)
{
	move_to(b, b->now + (++b->calls > POLL_CALLS ? POLL_NS : CALL_NS));
}

/* A loop of calls that take no time must not make it stand still. */
static void keep_going(struct bp_vboard *b)
{
	if (b->now != b->still_at)
		b->still = 0;
	else if (++b->still > STILL_CALLS)
		move_to(b, b->now + POLL_NS);
	b->still_at = b->now;
}

/*
 * The end of a call that gets somewhere, and takes what time it takes. That may be
 * none: nothing to write, a wait of 0, a computation that is said to cost nothing.
 */
static void own_price(struct bp_vboard *b)
{
	b->calls = 0;
	keep_going(b);
}

void __sanitizer_cov_trace_pc(void)
{
	struct bp_vboard *b;

	if ((bp_board_spin = bp_board_spin + 1) < SPIN_EDGES)
		return;
	b = host_side();
	move_to(b, b->next_stop + 1);
	firmware_side();
}

const struct dut_board *dut_board(void)
{
	return &bp_board_running->config->dut;
}

/* ---- flash ---- */

uint32_t dut_flash_page_size(uint32_t addr)
{
	const struct bp_geometry *g = &bp_board_running->config->flash;

	return addr < g->size_bytes ? bp_flash_page_at(g, addr).bytes : 0;
}

static bool inside(const struct bp_vboard *b, uint32_t addr, uint32_t len)
{
	uint32_t size = b->config->flash.size_bytes;

	return addr <= size && len <= size - addr;
}

int dut_flash_read(uint32_t addr, void *buf, uint32_t len)
{
	struct bp_vboard *b = host_side();
	int rc = -1;

	/* Flash is memory: reading it costs nothing of its own, so that hashing costs the same however it is done. */
	if (++b->calls > POLL_CALLS)
		move_to(b, b->now + POLL_NS);
	if (inside(b, addr, len)) {
		touch_to_write(buf, len);
		rc = len ? bp_flash_read(b->flash, addr, buf, len) : 0;
	}
	firmware_side();
	return rc;
}

uint32_t bp_vboard_torn_percent(uint64_t start_ns, uint64_t end_ns, uint64_t at_ns)
{
	if (at_ns <= start_ns)
		return 0;
	if (at_ns >= end_ns)
		return 100;
	/* Within the operation: never reported as an edge. */
	uint64_t p = (at_ns - start_ns) * 100 / (end_ns - start_ns);
	return p < 1 ? 1 : (uint32_t)p;
}

void bp_board_apply(struct bp_vboard *b, const struct bp_op *op)
{
	if (op->kind == BP_OP_PROGRAM)
		bp_flash_program(b->flash, op->addr, op->data);
	else
		bp_flash_erase(b->flash, op->addr);
	b->last_op_ns = op->end_ns;
	b->now = op->end_ns;
}

/* What is armed strikes, or the rail is down. */
__attribute__((noreturn)) static void power_dies(struct bp_vboard *b, const struct bp_op *op, enum bp_cut_position position,
						  struct bp_torn torn, uint64_t at_ns)
{
	struct bp_cut_report report = {
		.fired = true, .in_op = true, .op = *op, .position = position, .torn = torn, .at_ns = at_ns,
		.fault = op->ordinal == b->arm_op ? b->arm_fault : BP_FAULT_POWER_CUT,
	};

	if (position == BP_CUT_TORN && op->kind == BP_OP_PROGRAM)
		bp_flash_program_torn(b->flash, op->addr, op->data, torn);
	else if (position == BP_CUT_TORN)
		bp_flash_erase_torn(b->flash, op->addr, torn);
	b->now = at_ns;
	if (position != BP_CUT_BEFORE)
		b->last_op_ns = at_ns;
	report.op.data = NULL;
	bp_board_fault(b, &report);
	hand_over_for_good(b, BP_LEAVE_OFF);
}

/* The armed cut by ordinal, and cuts by time or by the falling rail that meet the operation. */
static void meet_cut(struct bp_vboard *b, const struct bp_op *op)
{
	uint64_t death = b->arm_time < b->flash_dead_at ? b->arm_time : b->flash_dead_at;
	uint64_t span = op->end_ns - op->start_ns;
	uint32_t percent;

	if (op->ordinal == b->arm_op) {
		struct bp_torn none = {0, 0};

		switch (b->arm_position) {
		case BP_CUT_BEFORE:
			b->ops--; /* it never began */
			power_dies(b, op, BP_CUT_BEFORE, none, op->start_ns);
		case BP_CUT_TORN:
			power_dies(b, op, BP_CUT_TORN, b->arm_torn, op->start_ns + span * b->arm_torn.percent / 100);
		case BP_CUT_AFTER:
			bp_board_apply(b, op);
			power_dies(b, op, BP_CUT_AFTER, none, op->end_ns);
		}
	}
	if (death >= op->end_ns)
		return;
	percent = bp_vboard_torn_percent(op->start_ns, op->end_ns, death);
	if (!percent) {
		b->ops--;
		power_dies(b, op, BP_CUT_BEFORE, (struct bp_torn){0, 0}, op->start_ns);
	}
	power_dies(b, op, BP_CUT_TORN, (struct bp_torn){percent, 0}, death);
}

/* One hardware operation, from its start to its end. 0, or -1: the part refused it, or the rail is too low. */
static int operate(struct bp_vboard *b, enum bp_op_kind kind, uint32_t addr, const uint8_t *data, bool first, bool last)
{
	const struct bp_geometry *g = &b->config->flash;
	/* A program is of a unit; its page does not matter, and there are thousands. */
	struct bp_flash_page page = kind == BP_OP_ERASE ? bp_flash_page_at(g, addr) : (struct bp_flash_page){0};
	struct bp_op op = {
		.kind = kind, .addr = addr, .data = data, .ordinal = ++b->ops, .start_ns = b->now,
		.len = kind == BP_OP_PROGRAM ? g->unit_bytes : page.bytes, .first = first, .last = last,
	};
	int rc = 0;

	op.end_ns = op.start_ns + (kind == BP_OP_PROGRAM ? g->program_ns : page.erase_ns);
	if (b->flash_dead_at <= b->now) {
		b->ops--;
		move_to(b, b->now + CALL_NS);
		return -1;
	}
	if (b->watch.op)
		b->watch.op(b->watch.ctx, &op);
	if (b->debugged)
		bp_board_pass(b, &op);
	if ((op.ordinal == b->arm_op && !bp_fault_is_live(b->arm_fault)) || op.end_ns > b->arm_time || op.end_ns > b->flash_dead_at)
		meet_cut(b, &op);
	if (!(op.ordinal == b->arm_op || b->low_until || b->bad_page) || bp_board_trouble(b, &op, &rc))
		bp_board_apply(b, &op);
	if (b->now > b->next_stop)
		move_to(b, b->now);
	return rc;
}

static bool in_area(const struct dut_area *a, uint32_t addr)
{
	return addr >= a->addr && addr - a->addr < a->size;
}

static void check_place(struct bp_vboard *b, uint32_t addr)
{
	const struct dut_area *area = b->config->dut.area;
	bool allowed = !b->allowed;

	for (unsigned i = 0; i < DUT_AREA_COUNT && !allowed; i++)
		allowed = (b->allowed & 1u << i) && in_area(&area[i], addr);
	if (in_area(&area[DUT_AREA_BOOT], addr))
		bp_flash_trap(b->flash, BP_TRAP_BOOTLOADER, addr, b->now, b->ops + 1);
	if (b->running >= 0 && in_area(&area[DUT_AREA_SLOT_A + b->running_slot], addr))
		bp_flash_trap(b->flash, BP_TRAP_RUNNING_SLOT, addr, b->now, b->ops + 1);
	if (!allowed)
		bp_flash_trap(b->flash, BP_TRAP_FORBIDDEN_AREA, addr, b->now, b->ops + 1);
}

int dut_flash_program(uint32_t addr, const void *src, uint32_t len)
{
	struct bp_vboard *b = host_side();
	uint32_t unit = b->config->flash.unit_bytes;
	const uint8_t *data = src;
	bool good = inside(b, addr, len) && addr % unit == 0 && len % unit == 0;
	int rc = good ? 0 : -1;

	if (good)
		touch(src, len);
	if (b->debugged)
		bp_board_call(b, BP_CALL_PROGRAM, (const uint32_t[3]){addr, 0, len}, good ? src : NULL);
	if (!good) {
		bp_flash_trap(b->flash, BP_TRAP_OUTSIDE, addr, b->now, b->ops + 1);
		own_price(b);
		firmware_side();
		return -1;
	}
	if (len)
		check_place(b, addr);
	for (uint32_t done = 0; done < len && !rc; done += unit) {
		enum bp_trap_kind t = bp_flash_program_rule(b->flash, addr + done, data + done);

		if (t)
			bp_flash_trap(b->flash, t, addr + done, b->now, b->ops + 1);
		rc = operate(b, BP_OP_PROGRAM, addr + done, data + done, !done, done + unit == len);
	}
	if (b->debugged)
		bp_board_back(b, BP_CALL_PROGRAM, rc);
	own_price(b);
	firmware_side();
	return rc;
}

int dut_flash_erase(uint32_t addr)
{
	struct bp_vboard *b = host_side();
	int rc = -1;

	if (b->debugged)
		bp_board_call(b, BP_CALL_ERASE, (const uint32_t[3]){addr, 0, 0}, NULL);
	if (inside(b, addr, 1) && bp_flash_page_at(&b->config->flash, addr).start == addr) {
		check_place(b, addr);
		rc = operate(b, BP_OP_ERASE, addr, NULL, true, true);
	} else {
		bp_flash_trap(b->flash, BP_TRAP_OUTSIDE, addr, b->now, b->ops + 1);
	}
	if (b->debugged)
		bp_board_back(b, BP_CALL_ERASE, rc);
	own_price(b);
	firmware_side();
	return rc;
}

/* ---- serial port ---- */

void dut_uart_write(const void *buf, uint32_t len)
{
	struct bp_vboard *b = host_side();
	const uint8_t *p = buf;
	bool line;

	touch(buf, len);
	line = len && memchr(p, '\n', len);
	while (len) {
		uint64_t room = b->next_stop > b->now ? (b->next_stop - b->now) / b->uart.byte_ns : 0;
		uint32_t n = room < len ? (uint32_t)room : len;

		b->now += n * b->uart.byte_ns;
		bp_uart_put(&b->uart, p, n, b->now);
		p += n;
		len -= n;
		if (len) { /* the next byte is cut short by something, or outlives it */
			move_to(b, b->now + b->uart.byte_ns);
			bp_uart_put(&b->uart, p++, 1, b->now);
			len--;
		}
	}
	if (line || b->uart.tx_len > BP_UART_TX_BYTES / 2)
		hand_over(b, BP_LEAVE_OUTPUT);
	own_price(b);
	firmware_side();
}

uint32_t dut_uart_read(void *buf, uint32_t cap, uint8_t stop, uint32_t timeout_ms)
{
	struct bp_vboard *b = host_side();
	uint64_t began = b->now, deadline = b->now + timeout_ms * NS_PER_MS, at;
	uint32_t n = 0;
	bool done = false;

	while (cap) {
		n = bp_uart_peek(&b->uart, stop, cap, &done, &at);
		b->uart.rx_news = false;
		if (done && at <= deadline) {
			move_to(b, at);
			break;
		}
		if (b->now >= deadline) {
			n = bp_uart_arrived(&b->uart, cap, b->now);
			break;
		}
		b->wake_at = deadline;
		hand_over(b, BP_LEAVE_WAIT);
	}
	if (n || b->now != began) /* else it only polls */
		b->calls = 0;
	if (n) {
		touch_to_write(buf, n);
		bp_uart_take(&b->uart, buf, n);
	} else {
		poll_price(b); /* a time-out of 0 must not make time stand still */
	}
	firmware_side();
	return n;
}

/* ---- time, watchdog, resets, surroundings ---- */

uint64_t dut_time_us(void)
{
	struct bp_vboard *b = host_side();
	uint64_t us;

	poll_price(b);
	us = (b->now - b->reset_at) / 1000;
	firmware_side();
	return us;
}

int64_t dut_wallclock_s(void)
{
	struct bp_vboard *b = bp_board_running;

	return b->around.wallclock_s + (int64_t)(b->now / (1000 * NS_PER_MS));
}

void dut_wait_ms(uint32_t ms)
{
	struct bp_vboard *b = host_side();

	move_to(b, b->now + ms * NS_PER_MS);
	own_price(b);
	firmware_side();
}

void dut_spend(enum dut_cost what, uint32_t n)
{
	struct bp_vboard *b = host_side();

	if (what < DUT_COST_COUNT)
		move_to(b, b->now + b->config->costs.ns[what] * n);
	own_price(b);
	firmware_side();
}

void dut_watchdog_start(uint32_t period_ms)
{
	struct bp_vboard *b = host_side();

	poll_price(b);
	if (!b->watchdog_ns)
		b->watchdog_ns = period_ms * NS_PER_MS;
	b->watchdog_at = b->watchdog_ns ? b->now + b->watchdog_ns : BP_NEVER;
	bp_board_next_stop(b);
	firmware_side();
}

void dut_watchdog_feed(void)
{
	struct bp_vboard *b = host_side();

	poll_price(b);
	if (b->watchdog_ns)
		b->watchdog_at = b->now + b->watchdog_ns;
	bp_board_next_stop(b);
	firmware_side();
}

enum dut_reset_cause dut_reset_cause(void)
{
	return bp_board_running->cause;
}

void dut_reset(void)
{
	struct bp_vboard *b = host_side();

	if (b->debugged)
		bp_board_call(b, BP_CALL_RESET, (const uint32_t[3]){0, 0, 0}, NULL);
	hand_over_for_good(b, BP_LEAVE_RESET);
}

uint32_t dut_retained(uint32_t i)
{
	return i < DUT_RETAINED_WORDS ? bp_board_running->retained[i] : 0;
}

void dut_retained_set(uint32_t i, uint32_t value)
{
	if (i < DUT_RETAINED_WORDS)
		bp_board_running->retained[i] = value;
}

int dut_supply_ok(void)
{
	struct bp_vboard *b = host_side();
	int ok;

	poll_price(b);
	ok = bp_board_supply_ok(b);
	firmware_side();
	return ok;
}

uint32_t dut_battery_percent(void)
{
	return bp_board_running->around.battery_percent;
}

int dut_mains(void)
{
	return bp_board_running->around.mains;
}

int dut_selftest(void)
{
	struct bp_vboard *b = host_side();

	poll_price(b);
	firmware_side();
	return 0;
}

void dut_jump(uint32_t addr)
{
	struct bp_vboard *b = host_side();

	if (b->debugged)
		bp_board_call(b, BP_CALL_JUMP, (const uint32_t[3]){addr, 0, 0}, NULL);
	if (++b->jumps > POLL_CALLS) /* an image that starts itself over and over */
		move_to(b, b->now + POLL_NS);
	b->jump_addr = addr;
	hand_over_for_good(b, BP_LEAVE_JUMP);
}

/* ---- accelerators ---- */

int dut_accel_sha256(uint32_t addr, uint32_t len, uint8_t digest[32])
{
	struct bp_vboard *b = host_side();
	int rc = -1;

	if (b->accel != BP_ACCEL_NONE && inside(b, addr, len)) {
		touch_to_write(digest, 32);
		bp_accel_sha256(b, addr, len, digest);
		rc = 0;
	}
	keep_going(b);
	firmware_side();
	return rc;
}

int dut_accel_ed25519(const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64])
{
	struct bp_vboard *b = host_side();
	int rc = -1;

	if (b->accel != BP_ACCEL_NONE) {
		touch(pub, 32);
		touch(msg, len);
		touch(sig, 64);
		rc = bp_accel_ed25519(b, pub, msg, len, sig);
	}
	keep_going(b);
	firmware_side();
	return rc;
}
