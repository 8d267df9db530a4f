/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_dut.h"

#include <string.h>

struct fake_dut fake;

#define SLOT_BYTES (8u * 1024u)

void fake_new(uint32_t write_unit, uint8_t erased)
{
	static const uint32_t sizes[DUT_AREA_COUNT] = {
		[DUT_AREA_BOOT] = FAKE_PAGE_BYTES, [DUT_AREA_SLOT_A] = SLOT_BYTES, [DUT_AREA_SLOT_B] = SLOT_BYTES,
		[DUT_AREA_STATE_A] = FAKE_PAGE_BYTES, [DUT_AREA_STATE_B] = FAKE_PAGE_BYTES,
		[DUT_AREA_COUNTER_A] = FAKE_PAGE_BYTES, [DUT_AREA_COUNTER_B] = FAKE_PAGE_BYTES,
		[DUT_AREA_PROGRESS] = 4 * FAKE_PAGE_BYTES, [DUT_AREA_CONFIG_A] = FAKE_PAGE_BYTES,
		[DUT_AREA_CONFIG_B] = FAKE_PAGE_BYTES,
	};
	uint32_t addr = 0;

	memset(&fake, 0, sizeof(fake));
	memset(fake.flash, erased, sizeof(fake.flash));
	fake.accel = -1;
	fake.battery_percent = 80;
	fake.mains = 1;
	fake.wallclock_s = 1767225600; /* 2026-01-01 */
	fake.board = (struct dut_board){
		.product = "fake", .hw_rev = 2, .boot_version = 3, .flash_size = FAKE_FLASH_BYTES, .write_unit = write_unit,
		.erased = erased, .trial_attempts = 3, .trial_budget_ms = 10000, .watchdog_ms = 4000,
	};
	for (uint32_t i = 0; i < DUT_AREA_COUNT; i++) {
		fake.board.area[i] = (struct dut_area){addr, sizes[i]};
		addr += sizes[i];
	}
}

void fake_reset(enum dut_reset_cause cause)
{
	fake.cause = cause;
	fake.now_us = 0;
	fake.watchdog_ms = 0;
	fake.jump_addr = 0;
}

void fake_power_on(uint32_t luck)
{
	fake_reset(DUT_CAUSE_POWER_ON);
	memset(fake.retained, 0, sizeof(fake.retained));
	fake.luck = luck;
	fake.ops = 0;
	fake.cut_at = 0;
	fake.dies_at_us = 0;
	fake.fail_from = 0;
	fake.feeds = 0;
	fake.text_len = 0;
	fake.text[0] = '\0';
}

enum fake_exit fake_run(void (*fn)(void *ctx), void *ctx)
{
	enum fake_exit how = (enum fake_exit)setjmp(fake.back);

	if (how == FAKE_RETURNED)
		fn(ctx);
	return how;
}

static void pass_ms(uint32_t ms)
{
	fake.now_us += (uint64_t)ms * 1000;
	if (fake.dies_at_us && fake.now_us >= fake.dies_at_us)
		longjmp(fake.back, FAKE_POWER_LOST);
}

static int inside(uint32_t addr, uint32_t len)
{
	return addr <= FAKE_FLASH_BYTES && len <= FAKE_FLASH_BYTES - addr;
}

const struct dut_board *dut_board(void)
{
	return &fake.board;
}

uint32_t dut_flash_page_size(uint32_t addr)
{
	(void)addr;
	return FAKE_PAGE_BYTES;
}

int dut_flash_read(uint32_t addr, void *buf, uint32_t len)
{
	uint8_t *out = buf;

	if (!inside(addr, len))
		return -1;
	memcpy(out, fake.flash + addr, len);
	for (uint32_t at = addr; at < addr + len; at++) {
		if (!fake.weak[at])
			continue;
		if (fake.ecc)
			return -1;
		if (fake.luck >> at / FAKE_PAGE_BYTES % 32 & 1)
			out[at - addr] = fake.other[at];
	}
	return 0;
}

/* The operation at hand did all of its work in `other`; now it is torn: [addr, addr + len) gives either reading. */
static void tear(uint32_t addr, uint32_t len, const uint8_t *now, const uint8_t *other)
{
	for (uint32_t i = 0; i < len; i++) {
		fake.weak[addr + i] = (uint8_t)(fake.flash[addr + i] != now[i] || now[i] != other[i] || fake.weak[addr + i]);
		fake.flash[addr + i] = now[i];
		fake.other[addr + i] = other[i];
	}
}

/* Begin an operation: 0 to do it, 1 when it has to be torn; may not return. */
static int begin_op(void)
{
	fake.ops++;
	if (fake.ops != fake.cut_at || fake.cut == FAKE_AFTER)
		return 0;
	if (fake.cut == FAKE_BEFORE)
		longjmp(fake.back, FAKE_POWER_LOST);
	return 1;
}

static void end_op(void)
{
	if (fake.ops == fake.cut_at)
		longjmp(fake.back, FAKE_POWER_LOST);
}

static void program_unit(uint32_t addr, const uint8_t *src)
{
	uint32_t unit = fake.board.write_unit;
	uint8_t half[DUT_MAX_UNIT];

	for (uint32_t i = 0; i < unit; i++)
		if (fake.weak[addr + i] || fake.written[addr + i] || fake.flash[addr + i] != fake.board.erased)
			fake.rule_breaks++;
	memset(fake.written + addr, 1, unit);
	if (begin_op()) {
		memset(half, fake.board.erased, sizeof(half));
		if (fake.cut != FAKE_TORN_BLANK)
			memcpy(half, src, unit / 2);
		tear(addr, unit, half, src);
	} else {
		memcpy(fake.flash + addr, src, unit);
	}
	end_op();
}

int dut_flash_program(uint32_t addr, const void *src, uint32_t len)
{
	uint32_t unit = fake.board.write_unit;

	if (!inside(addr, len) || addr % unit || len % unit) {
		fake.rule_breaks++;
		return -1;
	}
	for (uint32_t at = 0; at < len; at += unit) {
		if (fake.fail_from && fake.ops + 1 >= fake.fail_from)
			return -1;
		program_unit(addr + at, (const uint8_t *)src + at);
	}
	return 0;
}

static void tear_page(uint32_t addr)
{
	uint8_t now[FAKE_PAGE_BYTES], other[FAKE_PAGE_BYTES];
	uint32_t half = FAKE_PAGE_BYTES / 2;

	memcpy(now, fake.flash + addr, sizeof(now));
	switch (fake.cut) {
	case FAKE_TORN_END: /* what is left of the old content is as good as before */
		memset(now + half, fake.board.erased, half);
		memcpy(fake.flash + addr, now, sizeof(now));
		return;
	case FAKE_TORN_BLANK:
		memcpy(other, now, sizeof(other));
		for (uint32_t i = 0; i < sizeof(other); i += 3)
			other[i] = fake.board.erased;
		memset(now, fake.board.erased, sizeof(now));
		break;
	default:
		memset(now, fake.board.erased, 8);
		memcpy(other, now, sizeof(other));
		memset(other, fake.board.erased, 16);
		break;
	}
	tear(addr, sizeof(now), now, other);
}

int dut_flash_erase(uint32_t addr)
{
	if (!inside(addr, FAKE_PAGE_BYTES) || addr % FAKE_PAGE_BYTES) {
		fake.rule_breaks++;
		return -1;
	}
	if (fake.fail_from && fake.ops + 1 >= fake.fail_from)
		return -1;
	if (begin_op()) {
		tear_page(addr);
	} else {
		memset(fake.flash + addr, fake.board.erased, FAKE_PAGE_BYTES);
		memset(fake.weak + addr, 0, FAKE_PAGE_BYTES);
		memset(fake.written + addr, 0, FAKE_PAGE_BYTES);
		if (fake.stuck_at && fake.stuck_at - addr < FAKE_PAGE_BYTES)
			fake.flash[fake.stuck_at] ^= 0x10;
	}
	end_op();
	return 0;
}

void dut_uart_write(const void *buf, uint32_t len)
{
	uint32_t room = FAKE_TEXT_BYTES - 1 - fake.text_len, n = len < room ? len : room;

	memcpy(fake.text + fake.text_len, buf, n);
	fake.text_len += n;
	fake.text[fake.text_len] = '\0';
}

uint32_t dut_uart_read(void *buf, uint32_t cap, uint8_t stop, uint32_t timeout_ms)
{
	uint32_t n = fake.in_len < cap ? fake.in_len : cap;
	const uint8_t *end = n ? memchr(fake.in, stop, n) : NULL;

	if (!n) {
		pass_ms(timeout_ms);
		return 0;
	}
	if (end)
		n = (uint32_t)(end - fake.in) + 1;
	memcpy(buf, fake.in, n);
	fake.in += n;
	fake.in_len -= n;
	return n;
}

uint64_t dut_time_us(void)
{
	return fake.now_us;
}

int64_t dut_wallclock_s(void)
{
	return fake.wallclock_s;
}

void dut_wait_ms(uint32_t ms)
{
	pass_ms(ms);
}

void dut_spend(enum dut_cost what, uint32_t n)
{
	fake.spent[what] += n;
}

void dut_watchdog_start(uint32_t period_ms)
{
	if (!fake.watchdog_ms)
		fake.watchdog_ms = period_ms;
}

void dut_watchdog_feed(void)
{
	fake.feeds++;
}

enum dut_reset_cause dut_reset_cause(void)
{
	return fake.cause;
}

void dut_reset(void)
{
	longjmp(fake.back, FAKE_RESET);
}

uint32_t dut_retained(uint32_t i)
{
	return i < DUT_RETAINED_WORDS ? fake.retained[i] : 0;
}

void dut_retained_set(uint32_t i, uint32_t value)
{
	if (i < DUT_RETAINED_WORDS)
		fake.retained[i] = value;
}

uint32_t dut_battery_percent(void)
{
	return fake.battery_percent;
}

int dut_mains(void)
{
	return fake.mains;
}

int dut_supply_ok(void)
{
	if (!fake.low_polls)
		return 1;
	fake.low_polls--;
	return 0;
}

int dut_selftest(void)
{
	return fake.sick ? -1 : 0;
}

void dut_jump(uint32_t addr)
{
	fake.jump_addr = addr;
	longjmp(fake.back, FAKE_JUMPED);
}

int dut_accel_sha256(uint32_t addr, uint32_t len, uint8_t digest[32])
{
	(void)addr;
	(void)len;
	(void)digest;
	return -1;
}

int dut_accel_ed25519(const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64])
{
	(void)pub;
	(void)msg;
	(void)len;
	(void)sig;
	return fake.accel;
}
