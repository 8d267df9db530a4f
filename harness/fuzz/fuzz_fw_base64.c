/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_fw_base64.c - the firmware's base64 decoder on any bytes: what it takes is
 * exactly what the encoder writes, and all that the encoder writes is taken.
 */
#include "lib/base64.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 4096u

#define REQUIRE(condition)              \
	do {                            \
		if (!(condition))       \
			abort();        \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_then_encode(const char *text, uint32_t len)
{
	static char again[MAX_BYTES + 4];
	uint32_t cap = len / 4 * 3;
	uint8_t *out = malloc(cap + 1); /* of the heap, so that one byte too many is seen */
	int32_t n;

	REQUIRE(out);
	n = base64_decode(text, len, out, cap);
	if (n >= 0) {
		REQUIRE((uint32_t)n <= cap);
		REQUIRE(base64_encode(out, (uint32_t)n, again) == len);
		REQUIRE(memcmp(again, text, len) == 0);
		if (n)
			REQUIRE(base64_decode(text, len, out, (uint32_t)n - 1) == -1);
	}
	free(out);
}

static void encode_then_decode(const uint8_t *data, uint32_t len)
{
	static char text[MAX_BYTES * 2];
	static uint8_t again[MAX_BYTES];
	uint32_t n = base64_encode(data, len, text);

	REQUIRE(n == 4 * ((len + 2) / 3));
	REQUIRE(base64_decode(text, n, again, len) == (int32_t)len);
	REQUIRE(memcmp(again, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > MAX_BYTES)
		return 0;
	decode_then_encode((const char *)data, (uint32_t)size);
	encode_then_decode(data, (uint32_t)size);
	return 0;
}
