/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/smp_pull.h"

#include <cbor.h>

#define MAX_DEPTH 8 /* levels that bp_pull_skip() follows */

/* ---- libcbor's callbacks: write down what was read ------------------------ */

static void set(void *ctx, enum bp_pull_kind kind, uint64_t n)
{
	*(struct bp_pull_item *)ctx = (struct bp_pull_item){.kind = kind, .n = n};
}

static void set_string(void *ctx, enum bp_pull_kind kind, const uint8_t *p, uint64_t n)
{
	*(struct bp_pull_item *)ctx = (struct bp_pull_item){.kind = kind, .n = n, .ptr = p};
}

static void set_endless(void *ctx, enum bp_pull_kind kind)
{
	*(struct bp_pull_item *)ctx = (struct bp_pull_item){.kind = kind, .endless = true};
}

static void on_uint8(void *ctx, uint8_t v) { set(ctx, BP_PULL_UINT, v); }
static void on_uint16(void *ctx, uint16_t v) { set(ctx, BP_PULL_UINT, v); }
static void on_uint32(void *ctx, uint32_t v) { set(ctx, BP_PULL_UINT, v); }
static void on_uint64(void *ctx, uint64_t v) { set(ctx, BP_PULL_UINT, v); }
static void on_neg8(void *ctx, uint8_t v) { set(ctx, BP_PULL_NEGINT, v); }
static void on_neg16(void *ctx, uint16_t v) { set(ctx, BP_PULL_NEGINT, v); }
static void on_neg32(void *ctx, uint32_t v) { set(ctx, BP_PULL_NEGINT, v); }
static void on_neg64(void *ctx, uint64_t v) { set(ctx, BP_PULL_NEGINT, v); }
static void on_bytes(void *ctx, cbor_data p, size_t n) { set_string(ctx, BP_PULL_BYTES, p, n); }
static void on_text(void *ctx, cbor_data p, size_t n) { set_string(ctx, BP_PULL_TEXT, p, n); }
static void on_endless_string(void *ctx) { set(ctx, BP_PULL_ENDLESS_STRING, 0); }
static void on_array(void *ctx, size_t n) { set(ctx, BP_PULL_ARRAY, n); }
static void on_map(void *ctx, size_t n) { set(ctx, BP_PULL_MAP, n); }
static void on_endless_array(void *ctx) { set_endless(ctx, BP_PULL_ARRAY); }
static void on_endless_map(void *ctx) { set_endless(ctx, BP_PULL_MAP); }
static void on_tag(void *ctx, uint64_t v) { set(ctx, BP_PULL_TAG, v); }
static void on_bool(void *ctx, bool v) { set(ctx, BP_PULL_BOOL, v); }
static void on_break(void *ctx) { set(ctx, BP_PULL_BREAK, 0); }
static void on_simple(void *ctx) { set(ctx, BP_PULL_OTHER, 0); }

static void on_float(void *ctx, float v)
{
	(void)v;
	set(ctx, BP_PULL_OTHER, 0);
}

static void on_double(void *ctx, double v)
{
	(void)v;
	set(ctx, BP_PULL_OTHER, 0);
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8, .uint16 = on_uint16, .uint32 = on_uint32, .uint64 = on_uint64,
	.negint8 = on_neg8, .negint16 = on_neg16, .negint32 = on_neg32, .negint64 = on_neg64,
	.byte_string_start = on_endless_string, .byte_string = on_bytes,
	.string = on_text, .string_start = on_endless_string,
	.indef_array_start = on_endless_array, .array_start = on_array,
	.indef_map_start = on_endless_map, .map_start = on_map,
	.tag = on_tag, .float2 = on_float, .float4 = on_float, .float8 = on_double,
	.undefined = on_simple, .null = on_simple, .boolean = on_bool, .indef_break = on_break,
};

/* ---- the reader ----------------------------------------------------------- */

int bp_pull_bad(const struct bp_pull *r, const char *what)
{
	return bp_fail(r->err, BP_EPROTO, "SMP answer %u/%u, byte %zu: %s", r->group, r->id,
		       (size_t)(r->at - r->start), what);
}

const char *bp_pull_kind_name(enum bp_pull_kind kind)
{
	static const char *const names[] = {
		"a number", "a negative number", "bytes", "text", "an array", "a map", "a tag", "true or false",
		"null or a fraction", "a break", "a string of indefinite length",
	};

	return names[kind];
}

/* The analyzer of gcc 12 takes a struct that another library returns for uninitialised. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-use-of-uninitialized-value"
#endif

int bp_pull_next(struct bp_pull *r)
{
	struct cbor_decoder_result res;

	res = cbor_stream_decode(r->at, r->left, &callbacks, &r->item);
	if (res.status == CBOR_DECODER_NEDATA || (res.status == CBOR_DECODER_FINISHED && res.read > r->left))
		return bp_pull_bad(r, "CBOR is cut short");
	if (res.status != CBOR_DECODER_FINISHED || !res.read)
		return bp_pull_bad(r, "no CBOR");
	if (r->item.kind == BP_PULL_ENDLESS_STRING)
		return bp_pull_bad(r, "a string of indefinite length");
	r->at += res.read;
	r->left -= res.read;
	/* An announced count that the message cannot hold; also keeps twice the count of a map from overflowing. */
	if ((r->item.kind == BP_PULL_ARRAY || r->item.kind == BP_PULL_MAP) && r->item.n > r->left)
		return bp_pull_bad(r, "CBOR is cut short");
	return 0;
}

struct bp_pull_scope bp_pull_scope_of(const struct bp_pull_item *it)
{
	struct bp_pull_scope s = {.n = it->n, .endless = it->endless, .map = it->kind == BP_PULL_MAP};

	if (it->kind == BP_PULL_TAG)
		s.n = 1;
	else if (s.map)
		s.n *= 2;
	return s;
}

int bp_pull_scope_next(struct bp_pull *r, struct bp_pull_scope *s)
{
	int ret;

	if (!s->endless && !s->n)
		return 0;
	ret = bp_pull_next(r);
	if (ret)
		return ret;
	if (r->item.kind == BP_PULL_BREAK) {
		if (!s->endless || (s->map && s->n % 2))
			return bp_pull_bad(r, "a break where a value belongs");
		return 0;
	}
	if (s->endless)
		s->n++;
	else
		s->n--;
	return 1;
}

static bool opens(const struct bp_pull_item *it)
{
	return it->kind == BP_PULL_ARRAY || it->kind == BP_PULL_MAP || it->kind == BP_PULL_TAG;
}

int bp_pull_skip(struct bp_pull *r)
{
	struct bp_pull_scope open[MAX_DEPTH];
	int depth = 0;

	do {
		int ret = 0;

		if (opens(&r->item)) {
			if (depth == MAX_DEPTH)
				return bp_pull_bad(r, "values nested too deep");
			open[depth++] = bp_pull_scope_of(&r->item);
		}
		while (depth && !(ret = bp_pull_scope_next(r, &open[depth - 1])))
			depth--;
		if (ret < 0)
			return ret;
	} while (depth);
	return 0;
}
