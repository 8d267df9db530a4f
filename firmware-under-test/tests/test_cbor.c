/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cbor.c - the CBOR reader and writer against appendix A of RFC 8949, then
 * against everything that must be refused.
 */
#include "lib/cbor.h"
#include "tests/cbor_vectors.h"
#include "tests/hex.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what the reader tells, as text -------------------------------------- */

struct text {
	char s[512];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof(t->s) - t->len);
	t->len += (size_t)n;
}

static void say_item(struct cbor_reader *r, const struct cbor_item *it, struct text *t);

static void say_string(const struct cbor_item *it, struct text *t)
{
	uint32_t i;

	say(t, it->type == CBOR_TEXT ? "\"" : "h'");
	for (i = 0; i < it->count; i++)
		say(t, it->type == CBOR_TEXT ? "%c" : "%02x", it->bytes[i]);
	say(t, it->type == CBOR_TEXT ? "\"" : "'");
}

static void say_nested(struct cbor_reader *r, const struct cbor_item *head, struct text *t)
{
	uint64_t i, n = head->count;
	struct cbor_item it;

	if (head->type == CBOR_MAP && n != CBOR_INDEFINITE)
		n *= 2;
	say(t, "%s%s", head->type == CBOR_MAP ? "{" : "[", n == CBOR_INDEFINITE ? "_ " : "");
	for (i = 0; i < n; i++) {
		assert_int_equal(cbor_next(r, &it), 0);
		if (n == CBOR_INDEFINITE && it.type == CBOR_BREAK)
			break;
		if (i)
			say(t, head->type == CBOR_MAP && i % 2 ? ": " : ", ");
		say_item(r, &it, t);
	}
	say(t, head->type == CBOR_MAP ? "}" : "]");
}

static void say_item(struct cbor_reader *r, const struct cbor_item *it, struct text *t)
{
	struct cbor_item content;

	switch (it->type) {
	case CBOR_UINT:
		say(t, "%" PRIu64, it->value);
		break;
	case CBOR_NINT:
		say(t, "-1-%" PRIu64, it->value);
		break;
	case CBOR_BYTES:
	case CBOR_TEXT:
		say_string(it, t);
		break;
	case CBOR_ARRAY:
	case CBOR_MAP:
		say_nested(r, it, t);
		break;
	case CBOR_TAG:
		say(t, "%" PRIu64 "(", it->value);
		assert_int_equal(cbor_next(r, &content), 0);
		say_item(r, &content, t);
		say(t, ")");
		break;
	case CBOR_BOOL:
		say(t, it->value ? "true" : "false");
		break;
	case CBOR_NULL:
		say(t, "null");
		break;
	default:
		assert_int_equal(it->type, CBOR_OTHER);
		say(t, "other(%" PRIx64 ")", it->value);
	}
}

/* Bytes of hex in a heap block of just that size: a sanitizer sees a read past the end. */
static uint8_t *block(const char *hex, uint32_t *len)
{
	uint8_t *bytes = malloc(strlen(hex) / 2 + !*hex);

	assert_non_null(bytes);
	*len = (uint32_t)unhex(hex, bytes, strlen(hex) / 2);
	return bytes;
}

static void check_text(const struct good *g, int deterministic)
{
	struct cbor_reader r;
	struct cbor_item it;
	struct text t = { .len = 0 };
	uint32_t len;
	uint8_t *bytes = block(g->hex, &len);

	cbor_reader_init(&r, bytes, len);
	r.deterministic = deterministic;
	assert_int_equal(cbor_next(&r, &it), 0);
	say_item(&r, &it, &t);
	assert_string_equal(t.s, g->text);
	assert_ptr_equal(r.at, bytes + len);
	assert_int_equal(cbor_next(&r, &it), -1);

	cbor_reader_init(&r, bytes, len);
	r.deterministic = deterministic;
	assert_int_equal(cbor_skip(&r), 0);
	assert_ptr_equal(r.at, bytes + len);
	free(bytes);
}

/* Every shorter input must be refused as a whole. */
static void check_truncations(const struct good *g)
{
	uint32_t len, n;
	uint8_t *bytes = block(g->hex, &len);

	for (n = 0; n < len; n++) {
		uint8_t *part = malloc(n + !n);
		struct cbor_reader r;

		assert_non_null(part);
		memcpy(part, bytes, n);
		cbor_reader_init(&r, part, n);
		assert_int_equal(cbor_skip(&r), -1);
		free(part);
	}
	free(bytes);
}

/* Item by item into the writer; -1 when one of them is nothing that the writer can write. */
static int rewrite(struct cbor_reader *r, struct cbor_writer *w)
{
	struct cbor_item it;
	char text[64];

	while (!cbor_next(r, &it)) {
		if (it.type == CBOR_UINT)
			cbor_put_uint(w, it.value);
		else if (it.type == CBOR_NINT && it.value <= INT64_MAX)
			cbor_put_int(w, -1 - (int64_t)it.value);
		else if (it.type == CBOR_BYTES)
			cbor_put_bytes(w, it.bytes, it.count);
		else if (it.type == CBOR_TEXT && it.count < sizeof(text))
			cbor_put_text(w, memcpy(memset(text, 0, sizeof(text)), it.bytes, it.count));
		else if (it.type == CBOR_ARRAY)
			cbor_put_array(w, it.count);
		else if (it.type == CBOR_MAP)
			cbor_put_map(w, it.count);
		else if (it.type == CBOR_TAG)
			cbor_put_tag(w, it.value);
		else if (it.type == CBOR_BOOL)
			cbor_put_bool(w, (int)it.value);
		else if (it.type == CBOR_NULL)
			cbor_put_null(w);
		else
			return -1;
	}
	return 0;
}

static void good_both_ways(void **state)
{
	const struct good *g = *state;
	struct cbor_reader r;
	struct cbor_writer w;
	uint8_t out[64];
	uint32_t len, cap;
	uint8_t *bytes = block(g->hex, &len);

	check_text(g, 0);
	check_text(g, 1);
	check_truncations(g);
	for (cap = 0; cap <= len; cap++) { /* with too little room, up to just enough */
		cbor_reader_init(&r, bytes, len);
		cbor_writer_init(&w, out, cap);
		if (rewrite(&r, &w))
			break;
		assert_int_equal(w.failed, cap < len);
		if (cap < len)
			continue;
		assert_ptr_equal(w.at, out + len);
		assert_memory_equal(out, bytes, len);
	}
	free(bytes);
}

static void loose_is_not_deterministic(void **state)
{
	const struct good *g = *state;
	struct cbor_reader r;
	uint32_t len;
	uint8_t *bytes = block(g->hex, &len);

	check_text(g, 0);
	check_truncations(g);
	cbor_reader_init(&r, bytes, len);
	r.deterministic = 1;
	assert_int_equal(cbor_skip(&r), -1);
	free(bytes);
}

static void shortest_float(void **state)
{
	check_text(*state, 0);
	check_text(*state, 1);
}

static void bad_is_refused(void **state)
{
	const struct bad *b = *state;
	struct cbor_reader r;
	uint32_t len;
	uint8_t *bytes = block(b->hex, &len);

	cbor_reader_init(&r, bytes, len);
	assert_int_equal(cbor_skip(&r), -1);
	free(bytes);
}

/* ---- single properties --------------------------------------------------- */

static void failed_next_does_not_move(void **state)
{
	static const uint8_t bytes[] = { 0x01, 0x43, 0x61, 0x62 };
	struct cbor_reader r;
	struct cbor_item it;

	(void)state;
	cbor_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(cbor_next(&r, &it), 0);
	assert_int_equal(cbor_next(&r, &it), -1);
	assert_ptr_equal(r.at, bytes + 1);
}

/* A count that the rest of the input cannot hold is refused with its head, before anyone loops over it. */
static void count_fits_the_input(void **state)
{
	static const struct {
		const char *hex;
		int want;
	} rows[] = {
		{ "830000", -1 }, { "83000000", 0 }, { "a2000000", -1 }, { "a200000000", 0 }, { "8100", 0 }, { "81", -1 },
		{ "a100", -1 },   { "80", 0 },       { "9f", 0 },        { "420000", 0 },     { "4200", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		uint8_t bytes[8];
		struct cbor_reader r;
		struct cbor_item it;

		cbor_reader_init(&r, bytes, (uint32_t)unhex(rows[i].hex, bytes, sizeof(bytes)));
		assert_int_equal(cbor_next(&r, &it), rows[i].want);
	}
}

static void nested_8_deep_is_allowed(void **state)
{
	static const char *const rows[] = {
		"818181818181818100", "a100a100a100a100a100a100a100a10000", "9f9f9f9f9f9f9f9fffffffffffffffff",
		"81818181818181c1c2c38100", /* tags are no level */
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		uint8_t bytes[32];
		struct cbor_reader r;

		cbor_reader_init(&r, bytes, (uint32_t)unhex(rows[i], bytes, sizeof(bytes)));
		assert_int_equal(cbor_skip(&r), 0);
		assert_ptr_equal(r.at, r.end);
	}
}

static void skip_takes_one_value(void **state)
{
	static const uint8_t bytes[] = { 0x82, 0x01, 0x9f, 0xff, 0xc1, 0x02, 0x61, 'x' };
	struct cbor_reader r;

	(void)state;
	cbor_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(cbor_skip(&r), 0);
	assert_ptr_equal(r.at, bytes + 4);
	assert_int_equal(cbor_skip(&r), 0);
	assert_ptr_equal(r.at, bytes + 6);
	assert_int_equal(cbor_skip(&r), 0);
	assert_ptr_equal(r.at, r.end);
	assert_int_equal(cbor_skip(&r), -1);
}

static void text_is(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t count;
		const char *s;
		int want;
	} rows[] = {
		{ "off", 3, "off", 1 }, { "off", 3, "of", 0 },      { "off", 3, "offs", 0 },    { "of", 2, "off", 0 },
		{ "", 0, "", 1 },       { "", 0, "a", 0 },          { "a", 1, "", 0 },          { "OFF", 3, "off", 0 },
		{ "of\0", 3, "of", 0 }, { "\xc3\xbc", 2, "\xc3\xbc", 1 },
	};
	struct cbor_item it = { .type = CBOR_BYTES, .bytes = (const uint8_t *)"off", .count = 3 };
	size_t i;

	(void)state;
	assert_int_equal(cbor_text_is(&it, "off"), 0); /* bytes are no text */
	for (i = 0; i < LENGTH(rows); i++) {
		it = (struct cbor_item){
			.type = CBOR_TEXT, .bytes = (const uint8_t *)rows[i].bytes, .count = rows[i].count,
		};
		assert_int_equal(cbor_text_is(&it, rows[i].s), rows[i].want);
	}
}

static void put_int(void **state)
{
	static const struct {
		int64_t v;
		const char *hex;
	} rows[] = {
		{ 0, "00" },  { 23, "17" },   { 24, "1818" }, { 255, "18ff" }, { 256, "190100" }, { 65536, "1a00010000" },
		{ -1, "20" }, { -24, "37" },  { -25, "3818" }, { -256, "38ff" }, { -257, "390100" },
		{ INT64_MAX, "1b7fffffffffffffff" }, { INT64_MIN, "3b7fffffffffffffff" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		uint8_t want[16], got[16];
		size_t len = unhex(rows[i].hex, want, sizeof(want));
		struct cbor_writer w;

		cbor_writer_init(&w, got, sizeof(got));
		cbor_put_int(&w, rows[i].v);
		assert_int_equal(w.failed, 0);
		assert_ptr_equal(w.at, got + len);
		assert_memory_equal(got, want, len);
	}
}

/* Once full, nothing more is written, even if it would fit. */
static void full_writer_stays_full(void **state)
{
	uint8_t out[4] = { 0xee, 0xee, 0xee, 0xee };
	struct cbor_writer w;

	(void)state;
	cbor_writer_init(&w, out, 3);
	cbor_put_uint(&w, 1);
	cbor_put_uint(&w, 65536);
	assert_int_equal(w.failed, 1);
	cbor_put_null(&w);
	assert_ptr_equal(w.at, out + 1);
	assert_int_equal(out[1], 0xee);
	assert_int_equal(out[3], 0xee);
	cbor_writer_init(&w, NULL, 0);
	cbor_put_bytes(&w, NULL, 0);
	assert_int_equal(w.failed, 1);
}

#define FIXED 7

static struct CMUnitTest tests[FIXED + LENGTH(goods) + LENGTH(loose) + LENGTH(shortest) + LENGTH(bads)] = {
	cmocka_unit_test(failed_next_does_not_move),
	cmocka_unit_test(count_fits_the_input),
	cmocka_unit_test(nested_8_deep_is_allowed),
	cmocka_unit_test(skip_takes_one_value),
	cmocka_unit_test(text_is),
	cmocka_unit_test(put_int),
	cmocka_unit_test(full_writer_stays_full),
};

static size_t add_rows(size_t n, const struct good *rows, size_t count, CMUnitTestFunction f)
{
	size_t i;

	for (i = 0; i < count; i++)
		tests[n++] = (struct CMUnitTest){
			.name = rows[i].hex, .test_func = f, .initial_state = (void *)&rows[i],
		};
	return n;
}

int main(void)
{
	size_t i, n = FIXED;

	n = add_rows(n, goods, LENGTH(goods), good_both_ways);
	n = add_rows(n, loose, LENGTH(loose), loose_is_not_deterministic);
	n = add_rows(n, shortest, LENGTH(shortest), shortest_float);
	for (i = 0; i < LENGTH(bads); i++)
		tests[n++] = (struct CMUnitTest){
			.name = bads[i].name, .test_func = bad_is_refused, .initial_state = (void *)&bads[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
