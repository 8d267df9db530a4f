/* SPDX-License-Identifier: Apache-2.0 */
#include "image/cbor_item.h"

#include <cbor.h>
#include <inttypes.h>
#include <string.h>

#define HEAD_MAX_BYTES 9 /* RFC 8949 section 3: initial byte and up to eight of argument */

/* ---- writing ------------------------------------------------------------ */

static void put(struct bp_cbor_out *o, const void *bytes, size_t len)
{
	if (len > o->cap - o->len)
		o->failed = 1;
	if (o->failed || !len)
		return;
	/* cppcheck-suppress uninitvar ; callers fill what they hand over */
	memcpy(o->bytes + o->len, bytes, len);
	o->len += len;
}

/* The head that an item begins with, in its shortest form; returns its length. */
static size_t encode_head(enum bp_cbor_kind kind, uint64_t n, uint8_t head[HEAD_MAX_BYTES])
{
	switch (kind) {
	case BP_CBOR_UINT:
		return cbor_encode_uint(n, head, HEAD_MAX_BYTES);
	case BP_CBOR_NEGATIVE:
		return cbor_encode_negint(n, head, HEAD_MAX_BYTES);
	case BP_CBOR_BYTES:
		return cbor_encode_bytestring_start(n, head, HEAD_MAX_BYTES);
	case BP_CBOR_TEXT:
		return cbor_encode_string_start(n, head, HEAD_MAX_BYTES);
	case BP_CBOR_ARRAY:
		return cbor_encode_array_start(n, head, HEAD_MAX_BYTES);
	case BP_CBOR_MAP:
		return cbor_encode_map_start(n, head, HEAD_MAX_BYTES);
	case BP_CBOR_TAG:
		return cbor_encode_tag(n, head, HEAD_MAX_BYTES);
	default:
		return 0;
	}
}

static void put_head(struct bp_cbor_out *o, enum bp_cbor_kind kind, uint64_t n)
{
	uint8_t head[HEAD_MAX_BYTES];

	put(o, head, encode_head(kind, n, head));
}

void bp_cbor_put_uint(struct bp_cbor_out *o, uint64_t v)
{
	put_head(o, BP_CBOR_UINT, v);
}

void bp_cbor_put_negative(struct bp_cbor_out *o, uint64_t v)
{
	put_head(o, BP_CBOR_NEGATIVE, v);
}

void bp_cbor_put_bytes(struct bp_cbor_out *o, const uint8_t *bytes, size_t len)
{
	put_head(o, BP_CBOR_BYTES, len);
	put(o, bytes, len);
}

void bp_cbor_put_text(struct bp_cbor_out *o, const char *text)
{
	put_head(o, BP_CBOR_TEXT, strlen(text));
	put(o, text, strlen(text));
}

void bp_cbor_put_array(struct bp_cbor_out *o, size_t items)
{
	put_head(o, BP_CBOR_ARRAY, items);
}

void bp_cbor_put_map(struct bp_cbor_out *o, size_t pairs)
{
	put_head(o, BP_CBOR_MAP, pairs);
}

void bp_cbor_put_tag(struct bp_cbor_out *o, uint64_t tag)
{
	put_head(o, BP_CBOR_TAG, tag);
}

/* ---- reading: libcbor calls back once for the item that it decodes ------- */

static void got(void *ctx, enum bp_cbor_kind kind, uint64_t n)
{
	*(struct bp_cbor_item *)ctx = (struct bp_cbor_item){.kind = kind, .n = n};
}

static void on_uint8(void *ctx, uint8_t v) { got(ctx, BP_CBOR_UINT, v); }
static void on_uint16(void *ctx, uint16_t v) { got(ctx, BP_CBOR_UINT, v); }
static void on_uint32(void *ctx, uint32_t v) { got(ctx, BP_CBOR_UINT, v); }
static void on_uint64(void *ctx, uint64_t v) { got(ctx, BP_CBOR_UINT, v); }
static void on_negint8(void *ctx, uint8_t v) { got(ctx, BP_CBOR_NEGATIVE, v); }
static void on_negint16(void *ctx, uint16_t v) { got(ctx, BP_CBOR_NEGATIVE, v); }
static void on_negint32(void *ctx, uint32_t v) { got(ctx, BP_CBOR_NEGATIVE, v); }
static void on_negint64(void *ctx, uint64_t v) { got(ctx, BP_CBOR_NEGATIVE, v); }
static void on_array(void *ctx, size_t n) { got(ctx, BP_CBOR_ARRAY, n); }
static void on_map(void *ctx, size_t n) { got(ctx, BP_CBOR_MAP, n); }
static void on_tag(void *ctx, uint64_t v) { got(ctx, BP_CBOR_TAG, v); }
static void on_indefinite(void *ctx) { got(ctx, BP_CBOR_INDEFINITE, 0); }

static void on_bytes(void *ctx, cbor_data bytes, size_t len)
{
	*(struct bp_cbor_item *)ctx = (struct bp_cbor_item){.kind = BP_CBOR_BYTES, .n = len, .bytes = bytes};
}

static void on_text(void *ctx, cbor_data bytes, size_t len)
{
	*(struct bp_cbor_item *)ctx = (struct bp_cbor_item){.kind = BP_CBOR_TEXT, .n = len, .bytes = bytes};
}

/*
 * Tags that fit the initial byte (0xc0 to 0xd7, RFC 8949 section 3.1). libcbor up
 * to 0.8 refuses those that its table calls unassigned, 18 (COSE_Sign1) among them.
 */
static int short_tag(struct bp_cbor_in *in, struct bp_cbor_item *item)
{
	uint8_t first = in->bytes[in->at];

	if (first < 0xc0 || first > 0xd7)
		return 0;
	got(item, BP_CBOR_TAG, first & 0x1fu);
	in->at++;
	return 1;
}

static int decode(struct bp_cbor_in *in, struct bp_cbor_item *item, struct bp_err *err)
{
	struct cbor_callbacks on = cbor_empty_callbacks;
	struct cbor_decoder_result r;

	if (short_tag(in, item))
		return 0;
	on.uint8 = on_uint8;
	on.uint16 = on_uint16;
	on.uint32 = on_uint32;
	on.uint64 = on_uint64;
	on.negint8 = on_negint8;
	on.negint16 = on_negint16;
	on.negint32 = on_negint32;
	on.negint64 = on_negint64;
	on.byte_string = on_bytes;
	on.string = on_text;
	on.array_start = on_array;
	on.map_start = on_map;
	on.tag = on_tag;
	on.byte_string_start = on.string_start = on.indef_array_start = on_indefinite;
	on.indef_map_start = on.indef_break = on_indefinite;
	*item = (struct bp_cbor_item){.kind = BP_CBOR_OTHER};
	r = cbor_stream_decode(in->bytes + in->at, in->len - in->at, &on, item);
	if (r.status == CBOR_DECODER_NEDATA)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: the bytes end within an item", in->what, in->at);
	if (r.status != CBOR_DECODER_FINISHED)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: no CBOR", in->what, in->at);
	in->at += r.read;
	return 0;
}

static const char *const kind_names[] = {
	[BP_CBOR_UINT] = "an unsigned integer",
	[BP_CBOR_NEGATIVE] = "a negative integer",
	[BP_CBOR_BYTES] = "a byte string",
	[BP_CBOR_TEXT] = "text",
	[BP_CBOR_ARRAY] = "an array",
	[BP_CBOR_MAP] = "a map",
	[BP_CBOR_TAG] = "a tag",
	[BP_CBOR_OTHER] = "a simple value or float",
	[BP_CBOR_INDEFINITE] = "an indefinite length, which deterministic CBOR forbids",
};

int bp_cbor_take(struct bp_cbor_in *in, enum bp_cbor_kind kind, const char *name, struct bp_cbor_item *item,
		 struct bp_err *err)
{
	uint8_t head[HEAD_MAX_BYTES];
	size_t at = in->at, n;
	int rc;

	if (at >= in->len)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: the bytes end where %s was expected (%s)", in->what, at,
			       kind_names[kind], name);
	rc = decode(in, item, err);
	if (rc < 0)
		return rc;
	if (item->kind != kind)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: found %s; expected %s (%s)", in->what, at,
			       kind_names[item->kind], kind_names[kind], name);
	n = encode_head(kind, item->n, head);
	if (memcmp(head, in->bytes + at, n) != 0)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: not in the shortest form (RFC 8949 section 4.2.1) (%s)",
			       in->what, at, name);
	return 0;
}

int bp_cbor_take_uint(struct bp_cbor_in *in, const char *name, uint64_t min, uint64_t max, uint64_t *out,
		      struct bp_err *err)
{
	struct bp_cbor_item item = {0};
	size_t at = in->at;
	int rc = bp_cbor_take(in, BP_CBOR_UINT, name, &item, err);

	if (rc < 0)
		return rc;
	if (item.n < min || item.n > max)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: %s is %" PRIu64 "; expected %" PRIu64 " to %" PRIu64, in->what,
			       at, name, item.n, min, max);
	*out = item.n;
	return 0;
}

int bp_cbor_take_key(struct bp_cbor_in *in, uint64_t key, const char *name, struct bp_err *err)
{
	struct bp_cbor_item item = {0};
	size_t at = in->at;
	int rc = bp_cbor_take(in, BP_CBOR_UINT, name, &item, err);

	if (rc < 0)
		return rc;
	if (item.n != key)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: key %" PRIu64 " is %s; expected key %" PRIu64 " (%s)", in->what,
			       at, item.n, item.n < key ? "repeated or out of order" : "unknown or out of order", key, name);
	return 0;
}

int bp_cbor_end(const struct bp_cbor_in *in, struct bp_err *err)
{
	if (in->at != in->len)
		return bp_fail(err, BP_ECONFIG, "%s: offset %zu: %zu bytes too many", in->what, in->at, in->len - in->at);
	return 0;
}
