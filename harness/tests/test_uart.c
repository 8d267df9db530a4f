/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "vboard/uart.h"

#define BAUD 115200u
#define BYTE_NS UINT64_C(86805) /* 10 bits of 8680.55 ns, rounded down */

static struct bp_uart u;

static int fresh(void **state)
{
	(void)state;
	memset(&u, 0xaa, sizeof(u)); /* nothing may depend on what was there */
	bp_uart_init(&u, BAUD);
	return 0;
}

static uint64_t say(uint64_t now_ns, const char *text)
{
	return bp_uart_send(&u, now_ns, (const uint8_t *)text, strlen(text));
}

/* What the board finds: bytes up to the stop character, the arrival of the last. */
static uint32_t peek(uint32_t cap, bool *done, uint64_t *at)
{
	return bp_uart_peek(&u, '\n', cap, done, at);
}

static void byte_time(void **state)
{
	(void)state;
	assert_int_equal(u.byte_ns, BYTE_NS);
	bp_uart_init(&u, 9600);
	assert_int_equal(u.byte_ns, 1041666);
}

static void bytes_arrive_one_after_the_other(void **state)
{
	(void)state;
	assert_int_equal(say(1000, "abc"), 1000 + 3 * BYTE_NS);
	assert_int_equal(bp_uart_arrived(&u, 9, 1000), 0);
	assert_int_equal(bp_uart_arrived(&u, 9, 1000 + BYTE_NS - 1), 0);
	assert_int_equal(bp_uart_arrived(&u, 9, 1000 + BYTE_NS), 1);
	assert_int_equal(bp_uart_arrived(&u, 9, 1000 + 2 * BYTE_NS), 2);
	assert_int_equal(bp_uart_arrived(&u, 9, 1000 + 9 * BYTE_NS), 3);
	assert_int_equal(bp_uart_arrived(&u, 2, 1000 + 9 * BYTE_NS), 2);
}

/* What is sent while the wire is busy waits for it; after a pause, a new burst begins. */
static void bursts(void **state)
{
	uint64_t at;
	bool done;

	(void)state;
	assert_int_equal(say(0, "ab"), 2 * BYTE_NS);
	assert_int_equal(say(BYTE_NS, "cd"), 4 * BYTE_NS);
	assert_int_equal(u.n_bursts, 1);
	assert_int_equal(say(10 * BYTE_NS, "e\n"), 12 * BYTE_NS);
	assert_int_equal(u.n_bursts, 2);
	assert_int_equal(bp_uart_arrived(&u, 9, 4 * BYTE_NS), 4);
	assert_int_equal(bp_uart_arrived(&u, 9, 10 * BYTE_NS), 4);
	assert_int_equal(bp_uart_arrived(&u, 9, 11 * BYTE_NS), 5);
	assert_int_equal(peek(9, &done, &at), 6);
	assert_true(done);
	assert_int_equal(at, 12 * BYTE_NS);
}

struct peek_row {
	const char *name, *sent;
	uint32_t cap, n;
	bool done;
};

static const struct peek_row peek_rows[] = {
	{"nothing there", "", 8, 0, false},
	{"no stop character yet", "abc", 8, 3, false},
	{"up to the stop character and no further", "ab\ncd\n", 8, 3, true},
	{"the stop character alone", "\n", 8, 1, true},
	{"the buffer is full before it", "abcdef\n", 4, 4, true},
	{"it is the last byte that fits", "abc\nx", 4, 4, true},
	{"no room at all", "abc\n", 0, 0, false},
};

static void stop_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(peek_rows) / sizeof(peek_rows[0]); i++) {
		const struct peek_row *row = &peek_rows[i];
		uint64_t at = 99;
		bool done = !row->done;
		uint32_t n;

		bp_uart_clear(&u);
		say(500, row->sent);
		n = peek(row->cap, &done, &at);
		if (n != row->n || done != row->done || at != (n ? 500 + n * BYTE_NS : 0))
			fail_msg("%s: %u bytes, done %d, at %llu", row->name, n, done, (unsigned long long)at);
	}
}

static void take(void **state)
{
	uint8_t got[8];
	uint64_t at;
	bool done;

	(void)state;
	say(0, "ab\ncd\n");
	assert_true(u.rx_news);
	bp_uart_take(&u, got, 3);
	assert_memory_equal(got, "ab\n", 3);
	assert_int_equal(peek(8, &done, &at), 3);
	assert_int_equal(at, 6 * BYTE_NS);
	bp_uart_take(&u, got, 3);
	assert_memory_equal(got, "cd\n", 3);
	assert_int_equal(peek(8, &done, &at), 0);
	assert_int_equal(u.n_bursts, 0); /* all read: the receiver starts over */
	assert_false(u.rx_news);
	assert_int_equal(say(0, "x"), 7 * BYTE_NS); /* but the wire is still busy with what was sent */
}

/* A reset loses what was not read, and what the board sent stays with the host. */
static void clear(void **state)
{
	uint8_t got[8];
	uint64_t at;
	bool done;

	(void)state;
	say(0, "abc\n");
	bp_uart_put(&u, (const uint8_t *)"up", 2, 777);
	bp_uart_clear_rx(&u);
	assert_int_equal(peek(8, &done, &at), 0);
	assert_int_equal(bp_uart_receive(&u, got, sizeof(got), &at), 2);
	assert_int_equal(at, 777);
	bp_uart_put(&u, (const uint8_t *)"up", 2, 777);
	bp_uart_clear(&u);
	assert_int_equal(bp_uart_receive(&u, got, sizeof(got), &at), 0);
	assert_int_equal(say(5, "a"), 5 + BYTE_NS);
}

static void receive_in_pieces(void **state)
{
	uint8_t got[8];
	uint64_t at;

	(void)state;
	bp_uart_put(&u, (const uint8_t *)"hello", 5, 100);
	bp_uart_put(&u, (const uint8_t *)"\n", 1, 200);
	assert_int_equal(bp_uart_receive(&u, got, 4, &at), 4);
	assert_memory_equal(got, "hell", 4);
	assert_int_equal(at, 200);
	assert_int_equal(bp_uart_receive(&u, got, 4, &at), 2);
	assert_memory_equal(got, "o\n", 2);
	assert_int_equal(bp_uart_receive(&u, got, 4, &at), 0);
}

/* More than the receiver holds: the rest is lost, the wire was busy all the same. */
static void overrun(void **state)
{
	static uint8_t many[BP_UART_RX_BYTES + 100], got[BP_UART_RX_BYTES];
	uint64_t end;

	(void)state;
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = (uint8_t)(i % 251);
	end = bp_uart_send(&u, 0, many, sizeof(many));
	assert_int_equal(end, sizeof(many) * BYTE_NS);
	assert_int_equal(bp_uart_arrived(&u, UINT32_MAX, end), BP_UART_RX_BYTES);
	assert_int_equal(say(end, "late"), end + 4 * BYTE_NS);
	assert_int_equal(bp_uart_arrived(&u, UINT32_MAX, end + 4 * BYTE_NS), BP_UART_RX_BYTES);
	bp_uart_take(&u, got, BP_UART_RX_BYTES);
	assert_memory_equal(got, many, BP_UART_RX_BYTES);
	end = say(end + 9 * BYTE_NS, "on");
	assert_int_equal(bp_uart_arrived(&u, UINT32_MAX, end), 2);
}

/* A table of bursts is finite as well: bytes without a place in it are lost, never given a wrong time. */
static void too_many_bursts(void **state)
{
	uint64_t end = 0;

	(void)state;
	for (uint32_t i = 0; i < BP_UART_BURSTS + 5; i++)
		end = say(2 * i * BYTE_NS, "x");
	assert_int_equal(bp_uart_arrived(&u, UINT32_MAX, end), BP_UART_BURSTS);
	assert_int_equal(bp_uart_arrived(&u, UINT32_MAX, (2 * BP_UART_BURSTS - 1) * BYTE_NS), BP_UART_BURSTS);
	assert_int_equal(bp_uart_arrived(&u, UINT32_MAX, (2 * BP_UART_BURSTS - 1) * BYTE_NS - 1), BP_UART_BURSTS - 1);
}

static void unheard_output_is_lost(void **state)
{
	static uint8_t many[BP_UART_TX_BYTES], got[BP_UART_TX_BYTES + 1];
	uint64_t at;

	(void)state;
	memset(many, 'x', sizeof(many));
	bp_uart_put(&u, many, BP_UART_TX_BYTES - 1, 1);
	bp_uart_put(&u, (const uint8_t *)"yz", 2, 2);
	assert_int_equal(bp_uart_receive(&u, got, sizeof(got), &at), BP_UART_TX_BYTES);
	assert_int_equal(got[BP_UART_TX_BYTES - 1], 'y');
	assert_int_equal(at, 2);
}

/* Against the plainest model there is: one arrival time a byte. */
static void against_a_model(void **state)
{
	static struct { uint8_t byte; uint64_t at; } sent[4000];
	uint64_t seed = 3, now = 0, wire = 0;
	uint32_t n = 0, taken = 0;
	struct bp_rng r;

	(void)state;
	bp_rng_seed(&r, &seed, 1);
	while (n < 3900) {
		uint8_t bytes[24], got[24];
		uint32_t len = bp_rng_below(&r, sizeof(bytes)), cap = bp_rng_below(&r, sizeof(got)), arrived = 0, k;

		now += bp_rng_below(&r, 30) * BYTE_NS / 2;
		bp_rng_fill(&r, bytes, len);
		bp_uart_send(&u, now, bytes, len);
		wire = len && wire < now ? now : wire;
		for (k = 0; k < len; k++) {
			wire += BYTE_NS;
			sent[n].byte = bytes[k];
			sent[n++].at = wire;
		}
		while (taken + arrived < n && arrived < cap && sent[taken + arrived].at <= now)
			arrived++;
		assert_int_equal(bp_uart_arrived(&u, cap, now), arrived);
		bp_uart_take(&u, got, arrived);
		for (k = 0; k < arrived; k++)
			assert_int_equal(got[k], sent[taken + k].byte);
		taken += arrived;
		if (bp_rng_below(&r, 8) == 0) { /* wait for all of it, so that the receiver starts over */
			now = wire > now ? wire : now;
			while ((arrived = bp_uart_arrived(&u, sizeof(got), now)) > 0) {
				bp_uart_take(&u, got, arrived);
				taken += arrived;
			}
			assert_int_equal(taken, n);
		}
	}
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(byte_time), TEST(bytes_arrive_one_after_the_other), TEST(bursts), TEST(stop_character), TEST(take), TEST(clear),
		TEST(receive_in_pieces), TEST(overrun), TEST(too_many_bursts), TEST(unheard_output_is_lost), TEST(against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
