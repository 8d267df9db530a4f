/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cbor.h - the part of CBOR (RFC 8949) that SMP and the manifest need: a
 * bounded pull reader and a writer, no heap. Definite lengths only for strings; maps and
 * arrays may be indefinite (mcumgr clients send such) unless the reader is `deterministic`.
 */
#ifndef FW_CBOR_H
#define FW_CBOR_H

#include <stdint.h>

enum cbor_type {
	CBOR_UINT, CBOR_NINT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG,
	CBOR_BOOL, CBOR_NULL, CBOR_BREAK, CBOR_OTHER
};

#define CBOR_INDEFINITE UINT32_MAX

struct cbor_item {
	enum cbor_type type;
	uint64_t value;       /* UINT: value; NINT: -1-value; BOOL: 0/1; TAG: number; OTHER: simple value or bits of a float */
	uint32_t count;       /* BYTES, TEXT: length; ARRAY: items; MAP: pairs; or CBOR_INDEFINITE */
	const uint8_t *bytes; /* BYTES, TEXT: where they lie in the input */
};

struct cbor_reader {
	const uint8_t *at, *end;
	int deterministic;    /* refuse what RFC 8949 section 4.2.1 forbids: long forms, indefinite lengths (order of map keys is the caller's) */
};

void cbor_reader_init(struct cbor_reader *r, const void *data, uint32_t len);

/*
 * Next item head; strings are stepped over whole. 0, or -1: truncated, malformed, or not
 * deterministic; the reader then stands where it stood. A count is never more than the input
 * behind it can hold.
 */
int cbor_next(struct cbor_reader *r, struct cbor_item *item);

/* Step over one whole value (its head not yet read), nested at most 8 deep. 0 or -1. */
int cbor_skip(struct cbor_reader *r);

/* 1 when item is text equal to s (NUL-terminated). */
int cbor_text_is(const struct cbor_item *item, const char *s);

struct cbor_writer {
	uint8_t *at, *end;
	int failed;           /* set once the buffer is full; writes after that are dropped */
};

void cbor_writer_init(struct cbor_writer *w, void *buf, uint32_t cap);
void cbor_put_uint(struct cbor_writer *w, uint64_t v);
void cbor_put_int(struct cbor_writer *w, int64_t v);
void cbor_put_bytes(struct cbor_writer *w, const void *data, uint32_t len);
void cbor_put_text(struct cbor_writer *w, const char *s);
void cbor_put_array(struct cbor_writer *w, uint32_t n);
void cbor_put_map(struct cbor_writer *w, uint32_t n);
void cbor_put_tag(struct cbor_writer *w, uint64_t tag);
void cbor_put_bool(struct cbor_writer *w, int v);
void cbor_put_null(struct cbor_writer *w);

#endif
