/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual board's clocks, serial port and accelerators, as firmware and host find them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "tests/tiny_board.h"

#define RESET_NS UINT64_C(100000) /* vboard.c: reset pulse and start-up */
#define CALL_NS UINT64_C(200)     /* dut.c: a register access */
#define BYTE_NS UINT64_C(86805)   /* 115200 baud */

/* ---- time and surroundings ------------------------------------------------------------ */

static void spends(void)
{
	tiny_tell(dut_time_us());
	dut_wait_ms(3);
	tiny_tell(dut_time_us());
	dut_spend(DUT_COST_SHA256, 1000);
	tiny_tell(dut_time_us());
	dut_spend(DUT_COST_ED25519_VERIFY, 2);
	tiny_tell(dut_time_us());
	dut_spend(DUT_COST_COUNT, 1000000);
	tiny_tell(dut_time_us());
	tiny_tell((uint64_t)dut_wallclock_s());
	tiny_tell(dut_battery_percent());
	tiny_tell((uint64_t)dut_mains());
	tiny_tell((uint64_t)dut_selftest());
	tiny_tell(dut_board()->write_unit);
	tiny_tell(dut_flash_page_size(0));
	tiny_idle();
}

static void time_and_surroundings(void **state)
{
	static const uint64_t want[] = {0, 3000, 3100, 7100, 7101, 1000020, 42, 1, 0, TINY_UNIT, TINY_PAGE};

	(void)state;
	tiny_new(BP_ACCEL_NONE, spends, NULL);
	tiny_run(20000); /* the wall clock goes on while the board is off; its own clock starts at the reset */
	bp_vboard_power_on(tiny);
	tiny_run(100);
	assert_int_equal(tiny_seen.n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < tiny_seen.n; i++)
		assert_in_range(tiny_seen.value[i], want[i], want[i] + (i < 5 ? 1 : 0));
}

static void looks_around(void)
{
	for (;;) {
		tiny_tell((uint64_t)dut_wallclock_s());
		tiny_tell(dut_battery_percent());
		tiny_tell((uint64_t)dut_mains());
		dut_wait_ms(5000);
	}
}

static void surroundings_change(void **state)
{
	static const uint64_t want[] = {1000000, 42, 1, 77, 5, 0, 82, 5, 0, 1000015, 42, 1};
	static const struct bp_around other = {5, 0, 75};

	(void)state;
	tiny_new(BP_ACCEL_NONE, looks_around, NULL);
	bp_vboard_power_on(tiny);
	tiny_run(3000);
	bp_vboard_surround(tiny, &other);
	tiny_run(10000);
	bp_vboard_surround(tiny, NULL);
	tiny_run(3000);
	assert_int_equal(tiny_seen.n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < tiny_seen.n; i++)
		assert_int_equal(tiny_seen.value[i], want[i]);
}

static void polls_between_work(void)
{
	for (int i = 0; i < 6000; i++) {
		dut_time_us();
		dut_wait_ms(i % 1000 == 0);
	}
	tiny_tell(dut_time_us());
	tiny_idle();
}

/* Only a loop that gets nowhere is charged more. */
static void calls_between_work_keep_their_price(void **state)
{
	(void)state;
	tiny_on(polls_between_work);
	tiny_run(100);
	assert_int_equal(tiny_seen.n, 1);
	assert_in_range(tiny_seen.value[0], 7200, 7201); /* 6 ms of sleep, 6,000 calls of 200 ns */
}

/* ---- serial port ---------------------------------------------------------------------- */

static uint32_t timeout_ms;

static void reads_lines(void)
{
	uint8_t line[8];

	for (;;) {
		uint32_t n = dut_uart_read(line, sizeof(line), '\n', timeout_ms);

		tiny_tell(n);
		tiny_tell(dut_time_us());
		if (!timeout_ms)
			dut_wait_ms(1);
	}
}

struct read_row {
	const char *name, *sent;
	uint32_t timeout_ms;
	uint32_t n;           /* bytes the first read returns */
	uint64_t us;          /* when: since the reset; what is sent starts at 5000 */
};

/* A byte takes 86.8 us; the first read begins at 0. */
static const struct read_row read_rows[] = {
	{"a line", "hi\n", 1000, 3, 5260},
	{"the first of two lines", "hi\nho\n", 1000, 3, 5260},
	{"as much as fits", "12345678\n", 1000, 8, 5694},
	{"nothing", "", 20, 0, 20000},
	{"no end of line: what came by the time-out", "hi", 20, 2, 20000},
	{"a line that is late: what came by the time-out", "1234567\n", 5, 0, 5000},
	{"a line cut by the time-out", "1234\n", 6, 5, 5434},
	{"a longer one cut by the time-out", "12345678901234567890", 6, 8, 5694},
};

static void serial_reads(void **state)
{
	for (size_t i = 0; i < sizeof(read_rows) / sizeof(read_rows[0]); i++) {
		const struct read_row *r = &read_rows[i];
		uint64_t sent_at;

		tiny_end(state);
		tiny_begin(state);
		timeout_ms = r->timeout_ms;
		tiny_on(reads_lines);
		tiny_run_until(RESET_NS + 5 * TINY_MS - 1000);
		sent_at = RESET_NS + 5 * TINY_MS - 1000;
		assert_true(bp_vboard_idle(tiny));
		assert_int_equal(bp_vboard_send(tiny, (const uint8_t *)r->sent, strlen(r->sent)), sent_at + strlen(r->sent) * BYTE_NS);
		assert_int_equal(bp_vboard_idle(tiny), !r->sent[0]);
		tiny_run(50);
		assert_true(tiny_seen.n >= 2);
		if (tiny_seen.value[0] != r->n || tiny_seen.value[1] + 2 < r->us || tiny_seen.value[1] > r->us + 2)
			fail_msg("%s: %llu bytes at %llu us", r->name, (unsigned long long)tiny_seen.value[0],
				 (unsigned long long)tiny_seen.value[1]);
	}
}

/* A time-out of 0 takes what is there; a loop of them does not make time stand still. */
static void serial_reads_at_once(void **state)
{
	(void)state;
	timeout_ms = 0;
	tiny_on(reads_lines);
	tiny_run(3);
	assert_true(tiny_seen.n >= 4);
	assert_int_equal(tiny_seen.value[0], 0);
	bp_vboard_send(tiny, (const uint8_t *)"abc", 3);
	tiny_seen.n = 0;
	tiny_run(3);
	assert_true(tiny_seen.n >= 4 && tiny_seen.n % 2 == 0);
	assert_int_equal(tiny_seen.value[0] + tiny_seen.value[2], 3); /* they are on their way for 260 us */
}

static void polls_serial(void)
{
	uint8_t c;

	dut_watchdog_start(100);
	while (!dut_uart_read(&c, 1, '\n', 0))
		;
	tiny_idle();
}

static void serial_poll_meets_watchdog(void **state)
{
	(void)state;
	tiny_on(polls_serial);
	tiny_run(150);
	assert_int_equal(tiny_seen.boots, 2);
	assert_int_equal(tiny_seen.cause[1], DUT_CAUSE_WATCHDOG);
}

/* Unread bytes do not outlive a reset, nor reach a board without power. */
static void input_is_lost_with_a_reset(void **state)
{
	uint64_t now;

	(void)state;
	timeout_ms = 1000;
	tiny_on(reads_lines);
	tiny_run(1);
	bp_vboard_send(tiny, (const uint8_t *)"1\n2\n", 4);
	bp_vboard_pin_reset(tiny);
	tiny_run(5);
	assert_int_equal(tiny_seen.n, 0);
	bp_vboard_power_off(tiny);
	now = bp_vboard_now(tiny);
	assert_int_equal(bp_vboard_send(tiny, (const uint8_t *)"3\n", 2), now);
	bp_vboard_power_on(tiny);
	tiny_run(5);
	assert_int_equal(tiny_seen.n, 0);
}

static void says_hello(void)
{
	dut_uart_write("hel", 3);
	dut_wait_ms(2);
	dut_uart_write("lo\nyou", 6);
	tiny_tell(dut_time_us());
	tiny_idle();
}

static void serial_output(void **state)
{
	uint64_t at;
	uint8_t got[16];

	(void)state;
	tiny_on(says_hello);
	assert_int_equal(bp_vboard_byte_ns(tiny), BYTE_NS);
	assert_int_equal(bp_vboard_run(tiny, 100 * TINY_MS), BP_STOP_OUTPUT); /* a line is complete */
	assert_int_equal(bp_vboard_now(tiny), RESET_NS + 2 * TINY_MS + 9 * BYTE_NS);
	assert_int_equal(bp_vboard_receive(tiny, got, sizeof(got), &at), 9);
	assert_memory_equal(got, "hello\nyou", 9);
	assert_int_equal(at, bp_vboard_now(tiny));
	assert_int_equal(bp_vboard_run(tiny, 100 * TINY_MS), BP_STOP_TIME);
	assert_int_equal(bp_vboard_receive(tiny, got, sizeof(got), &at), 0);
	assert_int_equal(tiny_seen.value[0], (2 * TINY_MS + 9 * BYTE_NS + CALL_NS) / 1000);
}

static void says_forever(void)
{
	for (;;)
		dut_uart_write("0123456789", 10);
}

/* Power that goes within a write leaves the bytes that were on the wire by then. */
static void output_is_cut(void **state)
{
	(void)state;
	tiny_new(BP_ACCEL_NONE, says_forever, NULL);
	for (uint64_t byte = 0; byte < 25; byte += 3) {
		bp_vboard_rewind(tiny);
		tiny_seen.console_len = 0;
		bp_vboard_arm_time(tiny, RESET_NS + byte * BYTE_NS + BYTE_NS / 2);
		bp_vboard_power_on(tiny);
		assert_int_equal(tiny_run(100), BP_STOP_OFF);
		assert_int_equal(tiny_seen.console_len, byte);
		for (size_t i = 0; i < byte; i++)
			assert_int_equal(tiny_seen.console[i], '0' + (int)(i % 10));
	}
}

/* ---- accelerators ----------------------------------------------------------------------- */

static uint8_t accel_digest[2][32], public_key[32], signature[64];
static const char message[] = "signed";

static void accelerates(void)
{
	uint8_t byte = 0, bad[64];

	memcpy(bad, signature, sizeof(bad));
	bad[3] ^= 1;
	tiny_tell((uint64_t)(int64_t)dut_accel_sha256(TINY_FREE, 100, accel_digest[0]));
	dut_flash_program(TINY_FREE, (const uint8_t[4]){byte, 1, 2, 3}, 4);
	tiny_tell((uint64_t)(int64_t)dut_accel_sha256(TINY_FREE, 100, accel_digest[1]));
	tiny_tell((uint64_t)(int64_t)dut_accel_sha256(0x3ff0, 17, accel_digest[1]));
	for (int i = 0; i < 2; i++) { /* twice: computed, then remembered */
		tiny_tell((uint64_t)(int64_t)dut_accel_ed25519(public_key, message, sizeof(message), signature));
		tiny_tell((uint64_t)(int64_t)dut_accel_ed25519(public_key, message, sizeof(message), bad));
		tiny_tell((uint64_t)(int64_t)dut_accel_ed25519(public_key, message, sizeof(message) - 1, signature));
	}
	tiny_idle();
}

static void accelerators(void **state)
{
	static const enum bp_accel kinds[] = {BP_ACCEL_NONE, BP_ACCEL_COMPUTE, BP_ACCEL_REMEMBER};
	uint8_t secret[64], content[100], want[2][32];

	assert_true(sodium_init() >= 0);
	crypto_sign_keypair(public_key, secret);
	crypto_sign_detached(signature, NULL, (const uint8_t *)message, sizeof(message), secret);
	memset(content, 0xff, sizeof(content));
	crypto_hash_sha256(want[0], content, sizeof(content));
	memcpy(content, (const uint8_t[4]){0, 1, 2, 3}, 4);
	crypto_hash_sha256(want[1], content, sizeof(content));
	for (size_t i = 0; i < 3; i++) {
		int64_t none = kinds[i] == BP_ACCEL_NONE;

		tiny_end(state);
		tiny_begin(state);
		tiny_new(kinds[i], accelerates, NULL);
		bp_vboard_power_on(tiny);
		tiny_run(10);
		assert_int_equal(tiny_seen.n, 9);
		assert_int_equal((int64_t)tiny_seen.value[0], -none);
		assert_int_equal((int64_t)tiny_seen.value[1], -none);
		assert_int_equal((int64_t)tiny_seen.value[2], -1); /* outside the flash */
		for (size_t k = 3; k < 9; k++)
			assert_int_equal((int64_t)tiny_seen.value[k], none ? -1 : k % 3 == 0);
		if (!none)
			assert_memory_equal(accel_digest, want, sizeof(want));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tiny_begin, tiny_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(time_and_surroundings),
		TEST(surroundings_change), TEST(calls_between_work_keep_their_price), TEST(serial_reads), TEST(serial_reads_at_once),
		TEST(serial_poll_meets_watchdog), TEST(input_is_lost_with_a_reset), TEST(serial_output), TEST(output_is_cut),
		TEST(accelerators),
	};

	if (tiny_catch())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
