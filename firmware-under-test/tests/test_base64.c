/* SPDX-License-Identifier: Apache-2.0 */
/* test_base64.c - base64 against RFC 4648 and libsodium, good texts and bad ones. */
#include "lib/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 4648 section 10. */
static const struct good {
	const char *name, *plain, *text;
} goods[] = {
	{ "rfc4648 empty", "", "" },
	{ "rfc4648 f", "f", "Zg==" },
	{ "rfc4648 fo", "fo", "Zm8=" },
	{ "rfc4648 foo", "foo", "Zm9v" },
	{ "rfc4648 foob", "foob", "Zm9vYg==" },
	{ "rfc4648 fooba", "fooba", "Zm9vYmE=" },
	{ "rfc4648 foobar", "foobar", "Zm9vYmFy" },
};

static const struct bad {
	const char *name, *text;
	uint32_t len; /* 0: the text's own */
} bads[] = {
	{ "bad one character", "Z", 0 },
	{ "bad two characters", "Zg", 0 },
	{ "bad three characters", "Zm8", 0 },
	{ "bad padding missing in second group", "Zm9vYg", 0 },
	{ "bad one pad where two belong", "Zg=", 0 },
	{ "bad three pads", "Z===", 0 },
	{ "bad only pads", "====", 0 },
	{ "bad group of pads behind a good one", "Zm9v====", 0 },
	{ "bad pad first", "=Zm9", 0 },
	{ "bad pad second", "Z=m9", 0 },
	{ "bad pad third only", "Zm=v", 0 },
	{ "bad padding before the end", "Zg==Zm9v", 0 },
	{ "bad padding twice", "Zg==Zg==", 0 },
	{ "bad bits left over, two pads", "Zh==", 0 },
	{ "bad high bits left over, two pads", "Zo==", 0 },
	{ "bad bits left over, one pad", "Zm9=", 0 },
	{ "bad newline at the end", "Zm9v\n", 0 },
	{ "bad newline inside", "Zm\n9", 0 },
	{ "bad space", "Zm 9", 0 },
	{ "bad url alphabet minus", "Zm-9", 0 },
	{ "bad url alphabet underscore", "Zm_9", 0 },
	{ "bad nul inside", "Zm\0v", 4 },
	{ "bad nul first", "\0m9v", 4 },
	{ "bad character over 127", "Zm9\xff", 0 },
	{ "bad at sign, beside A", "Zm9@", 0 },
	{ "bad bracket, beside Z", "Zm9[", 0 },
	{ "bad grave, beside a", "Zm9`", 0 },
	{ "bad brace, beside z", "Zm9{", 0 },
	{ "bad dot, beside slash", "Zm9.", 0 },
	{ "bad colon, beside 9", "Zm9:", 0 },
	{ "bad in the first of two groups", "Z!9vZm9v", 0 },
	{ "bad in the group with padding", "Zm9v!g==", 0 },
	{ "bad in the last before a pad", "Zm9vZm!=", 0 },
};

static void good_both_ways(void **state)
{
	const struct good *g = *state;
	uint32_t plain_len = (uint32_t)strlen(g->plain), text_len = (uint32_t)strlen(g->text);
	char text[16];
	uint8_t plain[16];

	assert_int_equal(base64_encode(g->plain, plain_len, text), text_len);
	assert_memory_equal(text, g->text, text_len);
	assert_int_equal(base64_decode(g->text, text_len, plain, plain_len), plain_len);
	assert_memory_equal(plain, g->plain, plain_len);
	if (plain_len)
		assert_int_equal(base64_decode(g->text, text_len, plain, plain_len - 1), -1);
}

static void bad_is_refused(void **state)
{
	const struct bad *b = *state;
	uint8_t out[16];

	assert_int_equal(base64_decode(b->text, b->len ? b->len : (uint32_t)strlen(b->text), out, sizeof(out)), -1);
}

/* Buffers of exactly the size that is needed, on the heap: a sanitizer sees one byte too many. */
static void all_lengths_as_libsodium(void **state)
{
	uint8_t data[200];
	char want[300];
	uint32_t len;

	(void)state;
	randombytes_buf(data, sizeof(data));
	for (len = 0; len <= sizeof(data); len++) {
		uint32_t text_len = 4 * ((len + 2) / 3);
		char *text = malloc(text_len + !text_len);
		uint8_t *plain = malloc(len + !len);

		assert_true(text && plain);
		sodium_bin2base64(want, sizeof(want), data, len, sodium_base64_VARIANT_ORIGINAL);
		assert_int_equal(base64_encode(data, len, text), text_len);
		assert_memory_equal(text, want, text_len);
		assert_int_equal(base64_decode(text, text_len, plain, len), len);
		assert_memory_equal(plain, data, len);
		free(plain);
		free(text);
	}
}

/*
 * Each value of each character in a group, alone and behind another group, as
 * libsodium judges it; but 1.0.18 takes characters over 127, which are all refused here.
 */
static void every_character(void **state)
{
	static const char *const groups[] = { "Zm9v", "Zm8=", "Zg==", "Zm9vZm9v", "Zm9vZm8=", "Zm9vZg==" };
	size_t g, i, want_len;

	(void)state;
	for (g = 0; g < LENGTH(groups); g++) {
		size_t len = strlen(groups[g]);

		for (i = 0; i < len * 256; i++) {
			char text[9];
			uint8_t want[8], got[8];
			int refused;

			memcpy(text, groups[g], len + 1);
			text[i / 256] = (char)(i % 256);
			refused = i % 256 > 127 || sodium_base642bin(want, sizeof(want), text, len, NULL, &want_len,
								     NULL, sodium_base64_VARIANT_ORIGINAL);
			assert_int_equal(base64_decode(text, (uint32_t)len, got, sizeof(got)),
					 refused ? -1 : (int)want_len);
			if (!refused)
				assert_memory_equal(got, want, want_len);
		}
	}
}

static void no_room_writes_nothing(void **state)
{
	uint8_t out[3] = { 1, 2, 3 };

	(void)state;
	assert_int_equal(base64_decode("Zm9vYmFy", 8, out, 3), -1);
	assert_int_equal(out[0] << 16 | out[1] << 8 | out[2], 0x010203);
	assert_int_equal(base64_decode("", 0, NULL, 0), 0);
	assert_int_equal(base64_encode(NULL, 0, NULL), 0);
}

#define FIXED 3

static struct CMUnitTest tests[FIXED + LENGTH(goods) + LENGTH(bads)] = {
	cmocka_unit_test(all_lengths_as_libsodium),
	cmocka_unit_test(every_character),
	cmocka_unit_test(no_room_writes_nothing),
};

int main(void)
{
	size_t i, n = FIXED;

	if (sodium_init() < 0)
		return 99;
	for (i = 0; i < LENGTH(goods); i++)
		tests[n++] = (struct CMUnitTest){
			.name = goods[i].name, .test_func = good_both_ways, .initial_state = (void *)&goods[i],
		};
	for (i = 0; i < LENGTH(bads); i++)
		tests[n++] = (struct CMUnitTest){
			.name = bads[i].name, .test_func = bad_is_refused, .initial_state = (void *)&bads[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
