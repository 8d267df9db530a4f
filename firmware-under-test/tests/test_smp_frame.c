/* SPDX-License-Identifier: Apache-2.0 */
/* test_smp_frame.c - SMP over console lines, both ways. */
#include "agent/smp_frame.h"
#include "tests/fake_dut.h"
#include "tests/fake_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct smp_rx rx;

static int setup(void **state)
{
	(void)state;
	fake_new(4, 0xff);
	memset(&rx, 0, sizeof(rx));
	return 0;
}

/* Feed text[len] line by line. The number of messages; the last one in *msg. */
static int feed(const char *text, uint32_t len, const uint8_t **msg, uint32_t *msg_len)
{
	int n = 0;

	for (uint32_t at = 0, line; at < len; at += line) {
		const char *end = memchr(text + at, '\n', len - at);
		uint8_t *copy;

		line = end ? (uint32_t)(end - text) + 1 - at : len - at;
		copy = malloc(line); /* of the very size: a sanitizer sees a byte too many read */
		assert_non_null(copy);
		memcpy(copy, text + at, line);
		n += smp_rx_line(&rx, copy, line, msg, msg_len);
		free(copy);
	}
	return n;
}

static int feed_text(const char *text, const uint8_t **msg, uint32_t *msg_len)
{
	return feed(text, (uint32_t)strlen(text), msg, msg_len);
}

static uint8_t message[SMP_MAX_REQUEST + 32];
static char text[FAKE_WIRE_BYTES];

static void fill(uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		message[i] = (uint8_t)(i * 7 + len);
}

static void test_every_length(void **state)
{
	const uint8_t *msg;
	uint32_t len, n;

	(void)state;
	for (len = 1; len <= SMP_MAX_REQUEST; len++) {
		fill(len);
		assert_int_equal(feed(text, fake_wire(message, len, 93, text), &msg, &n), 1);
		assert_int_equal(n, len);
		assert_memory_equal(msg, message, len);
	}
	fill(len);
	assert_int_equal(feed(text, fake_wire(message, len, 93, text), &msg, &n), 0);
}

static void test_any_split(void **state)
{
	const uint8_t *msg;
	uint32_t n;

	(void)state;
	fill(300);
	for (uint32_t per_line = 30; per_line <= 93; per_line++) {
		assert_int_equal(feed(text, fake_wire(message, 300, per_line, text), &msg, &n), 1);
		assert_memory_equal(msg, message, 300);
	}
}

static void test_text_in_between(void **state)
{
	const uint8_t *msg;
	uint32_t n, len;

	(void)state;
	fill(150);
	len = fake_wire(message, 150, 93, text);
	text[len] = '\0';
	assert_int_equal(feed_text("app: up\n\n\r\nx\n", &msg, &n), 0);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		int last = end[1] == '\0';

		assert_int_equal(feed_text("boot: cause power-on\r\n", &msg, &n), 0);
		assert_int_equal(feed(line, (uint32_t)(end - line) + 1, &msg, &n), last);
	}
	assert_memory_equal(msg, message, 150);
}

static void test_carriage_return(void **state)
{
	const uint8_t *msg;
	uint32_t n, len;

	(void)state;
	fill(20);
	len = fake_wire(message, 20, 93, text);
	memcpy(text + len - 1, "\r\n", 2);
	assert_int_equal(feed(text, len + 1, &msg, &n), 1);
}

struct bad_row {
	const char *name, *text;
};

static const struct bad_row bad_rows[] = {
	{"marker alone", "\x06\x09\n"},
	{"half a marker", "\x06\n"},
	{"no base64", "\x06\x09!!!!\n"},
	{"base64 cut short", "\x06\x09" "AAM\n"},
	{"one byte", "\x06\x09" "AA==\n"},
	{"length 0", "\x06\x09" "AAAA\n"},
	{"length 2: the CRC alone", "\x06\x09" "AAIAAA==\n"},
	{"length 65535", "\x06\x09" "//8AAA==\n"},
	{"more bytes than announced", "\x06\x09" "AAMBAgMEBQYHCA==\n"},
	{"wrong CRC", "\x06\x09" "AAMBAgM=\n"},
	{"continued without a start", "\x04\x14" "AAMBAgM=\n"},
};

static void test_bad(void **state)
{
	const struct bad_row *row = *state;
	const uint8_t *msg;
	uint32_t n;

	setup(NULL);
	assert_int_equal(feed_text(row->text, &msg, &n), 0);
	/* Nothing of it disturbs the next message. */
	fill(9);
	assert_int_equal(feed(text, fake_wire(message, 9, 93, text), &msg, &n), 1);
	assert_memory_equal(msg, message, 9);
}

static void test_flipped_bits(void **state)
{
	const uint8_t *msg;
	uint32_t n, len;

	(void)state;
	fill(100);
	len = fake_wire(message, 100, 93, text);
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		char kept = text[bit / 8];

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(feed(text, len, &msg, &n), 0);
		text[bit / 8] = kept;
		assert_int_equal(feed(text, len, &msg, &n), 1);
	}
}

static void test_a_lost_line(void **state)
{
	const uint8_t *msg;
	uint32_t n, len, line;

	(void)state;
	fill(200);
	len = fake_wire(message, 200, 93, text);
	line = (uint32_t)((char *)memchr(text, '\n', len) - text) + 1;
	assert_int_equal(feed(text + line, len - line, &msg, &n), 0);
	assert_int_equal(feed(text, line, &msg, &n), 0);
	assert_int_equal(feed(text, len, &msg, &n), 1);
}

static void test_answers(void **state)
{
	const uint8_t *msg;
	uint32_t n;

	(void)state;
	for (uint32_t len = 1; len <= SMP_MAX_ANSWER; len++) {
		fill(len);
		fake_power_on(0);
		smp_tx(message, len);
		assert_int_equal(fake.text_len, fake_wire(message, len, 93, text));
		assert_memory_equal(fake.text, text, fake.text_len);
		for (const char *line = fake.text, *end; (end = strchr(line, '\n')); line = end + 1)
			assert_in_range(end - line, 6, 126);
		assert_int_equal(feed(fake.text, fake.text_len, &msg, &n), 1);
	}
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define PLAIN 7u

int main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS(bad_rows)] = {
		cmocka_unit_test_setup(test_every_length, setup),
		cmocka_unit_test_setup(test_any_split, setup),
		cmocka_unit_test_setup(test_text_in_between, setup),
		cmocka_unit_test_setup(test_carriage_return, setup),
		cmocka_unit_test_setup(test_flipped_bits, setup),
		cmocka_unit_test_setup(test_a_lost_line, setup),
		cmocka_unit_test_setup(test_answers, setup),
	};

	for (size_t i = 0; i < ROWS(bad_rows); i++)
		tests[PLAIN + i] = (struct CMUnitTest){bad_rows[i].name, test_bad, NULL, NULL, (void *)(uintptr_t)&bad_rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
