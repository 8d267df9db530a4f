/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_fw_cbor.c - the firmware's CBOR reader on any bytes: it stays inside them,
 * cbor_skip() agrees with cbor_next(), and what is deterministic comes out of the
 * writer as the same bytes.
 */
#include "lib/cbor.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)              \
	do {                            \
		if (!(condition))       \
			abort();        \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 0, or -1 for what the writer has no function for. */
static int put(struct cbor_writer *w, const struct cbor_item *it)
{
	if (it->type == CBOR_UINT)
		cbor_put_uint(w, it->value);
	else if (it->type == CBOR_NINT && it->value <= INT64_MAX)
		cbor_put_int(w, -1 - (int64_t)it->value);
	else if (it->type == CBOR_BYTES)
		cbor_put_bytes(w, it->bytes, it->count);
	else if (it->type == CBOR_ARRAY)
		cbor_put_array(w, it->count);
	else if (it->type == CBOR_MAP)
		cbor_put_map(w, it->count);
	else if (it->type == CBOR_TAG)
		cbor_put_tag(w, it->value);
	else if (it->type == CBOR_BOOL)
		cbor_put_bool(w, (int)it->value);
	else if (it->type == CBOR_NULL)
		cbor_put_null(w);
	else
		return -1;
	return 0;
}

/* Each item by itself; when deterministic, written again into as many bytes. */
static void read_items(const uint8_t *data, size_t size, int deterministic)
{
	struct cbor_reader r;
	struct cbor_item it;

	cbor_reader_init(&r, data, (uint32_t)size);
	r.deterministic = deterministic;
	for (;;) {
		const uint8_t *before = r.at;
		uint8_t out[64];
		struct cbor_writer w;
		size_t used;

		if (cbor_next(&r, &it)) {
			REQUIRE(r.at == before);
			return;
		}
		REQUIRE(r.at > before && r.at <= r.end);
		used = (size_t)(r.at - before);
		if (it.type == CBOR_BYTES || it.type == CBOR_TEXT) {
			REQUIRE(it.bytes > before && it.bytes + it.count == r.at);
			(void)cbor_text_is(&it, "off");
		} else if (it.type == CBOR_ARRAY || it.type == CBOR_MAP) {
			REQUIRE(it.count == CBOR_INDEFINITE || it.count <= (size_t)(r.end - r.at));
		}
		cbor_writer_init(&w, out, used < sizeof(out) ? (uint32_t)used : 0);
		if (deterministic && used < sizeof(out) && !put(&w, &it))
			REQUIRE(!w.failed && w.at == out + used && memcmp(out, before, used) == 0);
	}
}

/* Strict reading accepts nothing that loose reading refuses, and ends at the same place. */
static void skip_values(const uint8_t *data, size_t size)
{
	struct cbor_reader loose, strict;

	cbor_reader_init(&loose, data, (uint32_t)size);
	cbor_reader_init(&strict, data, (uint32_t)size);
	strict.deterministic = 1;
	while (!cbor_skip(&strict)) {
		REQUIRE(!cbor_skip(&loose));
		REQUIRE(loose.at == strict.at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > UINT16_MAX)
		return 0;
	read_items(data, size, 0);
	read_items(data, size, 1);
	skip_values(data, size);
	return 0;
}
