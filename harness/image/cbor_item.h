/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cbor_item.h - CBOR one item at a time, deterministic both ways (RFC 8949
 * section 4.2.1), over libcbor's streaming decoder and encoders.
 *
 * The writer makes shortest forms and definite lengths only; the order of map
 * keys is the caller's. The reader refuses anything that the writer would not
 * have written, with the offset; checking key order is the caller's again.
 * Nothing here allocates.
 */
#ifndef BP_IMAGE_CBOR_ITEM_H
#define BP_IMAGE_CBOR_ITEM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct bp_cbor_out {
	uint8_t *bytes;
	size_t cap, len;
	int failed; /* it did not fit: len and bytes mean nothing */
};

void bp_cbor_put_uint(struct bp_cbor_out *o, uint64_t v);
void bp_cbor_put_negative(struct bp_cbor_out *o, uint64_t v); /* the integer -1 - v */
void bp_cbor_put_bytes(struct bp_cbor_out *o, const uint8_t *bytes, size_t len);
void bp_cbor_put_text(struct bp_cbor_out *o, const char *text);
void bp_cbor_put_array(struct bp_cbor_out *o, size_t items);
void bp_cbor_put_map(struct bp_cbor_out *o, size_t pairs);
void bp_cbor_put_tag(struct bp_cbor_out *o, uint64_t tag);

enum bp_cbor_kind {
	BP_CBOR_UINT,
	BP_CBOR_NEGATIVE,
	BP_CBOR_BYTES,
	BP_CBOR_TEXT,
	BP_CBOR_ARRAY,
	BP_CBOR_MAP,
	BP_CBOR_TAG,
	BP_CBOR_OTHER, /* floats, simple values */
	BP_CBOR_INDEFINITE, /* an indefinite length or its break: always refused */
};

struct bp_cbor_item {
	enum bp_cbor_kind kind;
	uint64_t n;           /* value (-1 - n when negative), bytes of a string, items, pairs, tag */
	const uint8_t *bytes; /* strings: within the input */
};

struct bp_cbor_in {
	const char *what; /* first word of error texts: "manifest" */
	const uint8_t *bytes;
	size_t len, at;
};

/* Read the next item, which must be of that kind; name says what it is for. BP_ECONFIG with the offset otherwise. */
int bp_cbor_take(struct bp_cbor_in *in, enum bp_cbor_kind kind, const char *name, struct bp_cbor_item *item,
		 struct bp_err *err);

/* Same for an unsigned integer from min to max. */
int bp_cbor_take_uint(struct bp_cbor_in *in, const char *name, uint64_t min, uint64_t max, uint64_t *out,
		      struct bp_err *err);

/* The next map key, which must be the integer `key`; name is the field's. */
int bp_cbor_take_key(struct bp_cbor_in *in, uint64_t key, const char *name, struct bp_err *err);

/* BP_ECONFIG when bytes are left. */
int bp_cbor_end(const struct bp_cbor_in *in, struct bp_err *err);

#endif
