/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_pull.h - a pull reader for the CBOR of SMP answers (private to the link).
 *
 * libcbor's streaming decoder takes one item apart at a call and tells by
 * callback what it was. The callbacks here only write it down, which makes a pull
 * reader of it: the parser asks for the next item where it expects one, instead
 * of keeping a state machine across 24 callbacks. Nothing is allocated, nesting
 * is bounded, and every item consumes at least one byte, so work is linear.
 *
 * Strings of indefinite length are refused: no SMP server sends them.
 */
#ifndef BP_BENCH_SMP_PULL_H
#define BP_BENCH_SMP_PULL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bp_pull_kind {
	BP_PULL_UINT,
	BP_PULL_NEGINT,
	BP_PULL_BYTES,
	BP_PULL_TEXT,
	BP_PULL_ARRAY,
	BP_PULL_MAP,
	BP_PULL_TAG,
	BP_PULL_BOOL,
	BP_PULL_OTHER,   /* null, undefined, floating point */
	BP_PULL_BREAK,
	BP_PULL_ENDLESS_STRING,
};

struct bp_pull_item {
	enum bp_pull_kind kind;
	bool endless;       /* array or map of indefinite length */
	uint64_t n;         /* number or bool: value; string: bytes; array: items; map: pairs; tag: number */
	const uint8_t *ptr; /* string: content, inside the message */
};

struct bp_pull {
	const uint8_t *start, *at; /* start: what error texts count from */
	size_t left;               /* bytes from `at` to the end */
	unsigned group, id;        /* of the answer, for error texts */
	struct bp_pull_item item;  /* the item read last */
	struct bp_err *err;
};

/* The items of an array, map or tag that are still to be read. */
struct bp_pull_scope {
	uint64_t n;         /* items to come; endless: items so far */
	bool endless, map;
};

/* Record what is wrong at the reader's place. Returns BP_EPROTO. */
int bp_pull_bad(const struct bp_pull *r, const char *what);

/* Read one item: a whole number or string, or only the head of an array, map or tag. 0 or BP_EPROTO. */
int bp_pull_next(struct bp_pull *r);

/* The scope that the array, map or tag read last opens. */
struct bp_pull_scope bp_pull_scope_of(const struct bp_pull_item *it);

/* Read the next item of a scope: 1, 0 at the scope's end, or BP_EPROTO. */
int bp_pull_scope_next(struct bp_pull *r, struct bp_pull_scope *s);

/* Step over the rest of the value whose first item was read last; at most 8 levels. */
int bp_pull_skip(struct bp_pull *r);

/* "a map", "text", …; static storage. */
const char *bp_pull_kind_name(enum bp_pull_kind kind);

#endif
