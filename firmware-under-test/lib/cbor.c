/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cbor.c - CBOR reader and writer (RFC 8949 section 3, appendix C).
 */
#include "lib/cbor.h"

#include <stddef.h>
#include <string.h>

#define MAX_DEPTH 8

/* Major types (section 3.1) and the additional information that is no value (section 3). */
enum { MAJOR_UINT, MAJOR_NINT, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { INFO_1 = 24, INFO_2, INFO_4, INFO_8, INFO_INDEFINITE = 31 };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE, SIMPLE_NULL }; /* section 3.3 */

/* ---- reader -------------------------------------------------------------- */

void cbor_reader_init(struct cbor_reader *r, const void *data, uint32_t len)
{
	r->at = data;
	r->end = len ? r->at + len : r->at; /* data may be NULL when there is none */
	r->deterministic = 0;
}

/*
 * The argument of a head (section 3) into *arg; p stands behind the initial
 * byte. Returns the bytes that it takes, or -1: truncated, reserved.
 */
static int read_argument(const uint8_t *p, const uint8_t *end, unsigned info, uint64_t *arg)
{
	int i, n;

	*arg = info;
	if (info < INFO_1 || info == INFO_INDEFINITE)
		return 0;
	if (info > INFO_8)
		return -1; /* 28 to 30 are reserved */
	n = 1 << (info - INFO_1);
	if (end - p < n)
		return -1;
	for (*arg = 0, i = 0; i < n; i++)
		*arg = *arg << 8 | p[i];
	return n;
}

/* Section 4.2.1: does arg need all the bytes that info spends on it? */
static int is_shortest(unsigned info, uint64_t arg)
{
	switch (info) {
	case INFO_1:
		return arg >= INFO_1;
	case INFO_2:
		return arg > UINT8_MAX;
	case INFO_4:
		return arg > UINT16_MAX;
	case INFO_8:
		return arg > UINT32_MAX;
	default:
		return info != INFO_INDEFINITE;
	}
}

/*
 * Does the IEEE 754 value bits, with a fraction of frac bits and an exponent of
 * exp bits, also fit the next smaller format (to_frac, to_exp)? By integers: the
 * target may have no floating point unit.
 */
static int float_narrows(uint64_t bits, int frac, int exp, int to_frac, int to_exp)
{
	uint64_t fraction = bits & (((uint64_t)1 << frac) - 1);
	int top = (1 << exp) - 1, to_bias = (1 << (to_exp - 1)) - 1;
	int e = (int)(bits >> frac) & top;
	int power = e - top / 2; /* top / 2 is the bias */
	int lost = frac - to_frac;

	if (e == top)        /* infinity and not-a-number keep their exponent */
		power = to_bias;
	else if (e == 0)     /* zero fits; a subnormal is far below the smaller format */
		return fraction == 0;
	if (power > to_bias)
		return 0;
	if (power < 1 - to_bias) { /* subnormal there: the leading one moves into the fraction */
		lost += 1 - to_bias - power;
		if (lost > frac)
			return 0;
	}
	return (fraction & (((uint64_t)1 << lost) - 1)) == 0;
}

static int simple_is_shortest(unsigned info, uint64_t arg)
{
	if (info == INFO_4)
		return !float_narrows(arg, 23, 8, 10, 5);
	if (info == INFO_8)
		return !float_narrows(arg, 52, 11, 23, 8);
	return info != INFO_INDEFINITE;
}

/* Major type 7 (section 3.3). */
static int read_simple(struct cbor_item *it, unsigned info, uint64_t arg)
{
	it->value = arg;
	if (info == INFO_INDEFINITE) {
		it->type = CBOR_BREAK;
	} else if (info == SIMPLE_FALSE || info == SIMPLE_TRUE) {
		it->type = CBOR_BOOL;
		it->value = info == SIMPLE_TRUE;
	} else if (info == SIMPLE_NULL) {
		it->type = CBOR_NULL;
	} else {
		it->type = CBOR_OTHER;
		if (info == INFO_1 && arg < 32)
			return -1; /* table 4: not well-formed */
	}
	return 0;
}

/*
 * Length of a string, items of an array, pairs of a map. left: bytes of input
 * behind the head, and each item takes at least one of them, so that a count
 * that passes here can be trusted as a bound.
 */
static int read_count(struct cbor_item *it, unsigned info, uint64_t arg, uint64_t left)
{
	if (info == INFO_INDEFINITE) {
		it->count = CBOR_INDEFINITE;
		return it->type == CBOR_ARRAY || it->type == CBOR_MAP ? 0 : -1;
	}
	if (it->type == CBOR_MAP)
		left /= 2;
	if (arg > left)
		return -1;
	it->count = (uint32_t)arg; /* left is below UINT32_MAX: the head is gone from it */
	return 0;
}

static int read_body(struct cbor_item *it, unsigned info, uint64_t arg, uint64_t left)
{
	switch (it->type) {
	case CBOR_BYTES:
	case CBOR_TEXT:
	case CBOR_ARRAY:
	case CBOR_MAP:
		return read_count(it, info, arg, left);
	case CBOR_OTHER:
		return read_simple(it, info, arg);
	default:
		it->value = arg;
		return info == INFO_INDEFINITE ? -1 : 0;
	}
}

int cbor_next(struct cbor_reader *r, struct cbor_item *item)
{
	static const uint8_t type_of_major[8] = {
		[MAJOR_UINT] = CBOR_UINT, [MAJOR_NINT] = CBOR_NINT, [MAJOR_BYTES] = CBOR_BYTES,
		[MAJOR_TEXT] = CBOR_TEXT, [MAJOR_ARRAY] = CBOR_ARRAY, [MAJOR_MAP] = CBOR_MAP,
		[MAJOR_TAG] = CBOR_TAG, [MAJOR_SIMPLE] = CBOR_OTHER,
	};
	const uint8_t *p = r->at;
	unsigned major, info;
	uint64_t arg;
	int n;

	if (p == r->end)
		return -1;
	major = *p >> 5;
	info = *p++ & 31;
	n = read_argument(p, r->end, info, &arg);
	if (n < 0)
		return -1;
	if (r->deterministic && !(major == MAJOR_SIMPLE ? simple_is_shortest(info, arg) : is_shortest(info, arg)))
		return -1;
	p += n;
	*item = (struct cbor_item){ .type = (enum cbor_type)type_of_major[major] };
	if (read_body(item, info, arg, (uint64_t)(r->end - p)))
		return -1;
	if (item->type == CBOR_BYTES || item->type == CBOR_TEXT) {
		item->bytes = p;
		p += item->count;
	}
	r->at = p; /* only now: a failed call leaves the reader where it was */
	return 0;
}

/* An array or map that is open: the values that it still holds. */
struct level {
	uint64_t left;
	uint8_t indefinite, is_map;
};

struct nesting {
	struct level level[MAX_DEPTH + 1]; /* level 0: the one value that is stepped over */
	unsigned depth;
	int tagged;           /* a tag was read, its content was not */
};

/* A break ends the innermost level: only an indefinite one, and a map only between pairs. */
static int end_level(struct nesting *n)
{
	struct level *l = &n->level[n->depth];

	if (n->tagged || !l->indefinite || (l->is_map && l->left % 2))
		return -1;
	l->indefinite = 0;
	l->left = 0;
	return 0;
}

static int take_item(struct nesting *n, const struct cbor_item *it)
{
	struct level *l = &n->level[n->depth];

	n->tagged = it->type == CBOR_TAG;
	if (n->tagged)
		return 0;
	l->left--; /* an indefinite level counts down from 0: only its parity is used */
	if (it->type != CBOR_ARRAY && it->type != CBOR_MAP)
		return 0;
	if (n->depth == MAX_DEPTH)
		return -1;
	l = &n->level[++n->depth];
	l->is_map = it->type == CBOR_MAP;
	l->indefinite = it->count == CBOR_INDEFINITE;
	l->left = l->indefinite ? 0 : (uint64_t)it->count << l->is_map;
	return 0;
}

int cbor_skip(struct cbor_reader *r)
{
	struct nesting n = { .level = { { .left = 1 } } };

	for (;;) {
		struct cbor_item it;

		if (cbor_next(r, &it) || (it.type == CBOR_BREAK ? end_level(&n) : take_item(&n, &it)))
			return -1;
		while (!n.level[n.depth].indefinite && !n.level[n.depth].left) {
			if (!n.depth)
				return 0;
			n.depth--;
		}
	}
}

int cbor_text_is(const struct cbor_item *item, const char *s)
{
	uint32_t i;

	if (item->type != CBOR_TEXT)
		return 0;
	for (i = 0; i < item->count; i++)
		if (!s[i] || (uint8_t)s[i] != item->bytes[i])
			return 0;
	return !s[i];
}

/* ---- writer -------------------------------------------------------------- */

void cbor_writer_init(struct cbor_writer *w, void *buf, uint32_t cap)
{
	w->at = buf;
	w->end = cap ? w->at + cap : w->at;
	w->failed = 0;
}

static void put(struct cbor_writer *w, const void *bytes, uint32_t len)
{
	if (w->failed || (uint64_t)(w->end - w->at) < len) {
		w->failed = 1;
		return;
	}
	if (len)
		memcpy(w->at, bytes, len);
	w->at += len;
}

/* A head in its shortest form (section 4.2.1). */
static void put_head(struct cbor_writer *w, unsigned major, uint64_t arg)
{
	uint8_t head[9];
	unsigned info = arg < INFO_1 ? (unsigned)arg : arg <= UINT8_MAX ? INFO_1 :
			arg <= UINT16_MAX ? INFO_2 : arg <= UINT32_MAX ? INFO_4 : INFO_8;
	unsigned i, n = info < INFO_1 ? 0 : 1u << (info - INFO_1);

	head[0] = (uint8_t)(major << 5 | info);
	for (i = n; i; i--, arg >>= 8)
		head[i] = (uint8_t)arg;
	put(w, head, n + 1);
}

void cbor_put_uint(struct cbor_writer *w, uint64_t v)
{
	put_head(w, MAJOR_UINT, v);
}

void cbor_put_int(struct cbor_writer *w, int64_t v)
{
	if (v < 0)
		put_head(w, MAJOR_NINT, ~(uint64_t)v); /* -1 - v without overflow */
	else
		put_head(w, MAJOR_UINT, (uint64_t)v);
}

void cbor_put_bytes(struct cbor_writer *w, const void *data, uint32_t len)
{
	put_head(w, MAJOR_BYTES, len);
	put(w, data, len);
}

void cbor_put_text(struct cbor_writer *w, const char *s)
{
	uint32_t len = 0;

	while (s[len])
		len++;
	put_head(w, MAJOR_TEXT, len);
	put(w, s, len);
}

void cbor_put_array(struct cbor_writer *w, uint32_t n)
{
	put_head(w, MAJOR_ARRAY, n);
}

void cbor_put_map(struct cbor_writer *w, uint32_t n)
{
	put_head(w, MAJOR_MAP, n);
}

void cbor_put_tag(struct cbor_writer *w, uint64_t tag)
{
	put_head(w, MAJOR_TAG, tag);
}

void cbor_put_bool(struct cbor_writer *w, int v)
{
	put_head(w, MAJOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_put_null(struct cbor_writer *w)
{
	put_head(w, MAJOR_SIMPLE, SIMPLE_NULL);
}
