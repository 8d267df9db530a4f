/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt_blind.c - operators on any bytes: what a link, a proxy or a broken
 * downloader does to a file.
 */
#include "image/corrupt_ops.h"

#include <string.h>

#define CHUNK_BYTES 512u /* payload of one upload request: fixtures/products, link.chunk */

static int resized(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, size_t new_len,
		   struct bp_bytes *out, struct bp_err *err)
{
	int rc = bp_edit_copy(ctx, in, len, new_len, out, err);

	return rc < 0 ? rc : bp_edit_changed(in, len, out, err);
}

int bp_op_truncate_one(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	return resized(ctx, in, len, len ? len - 1 : 0, out, err);
}

int bp_op_truncate_half(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			struct bp_err *err)
{
	return resized(ctx, in, len, len / 2, out, err);
}

int bp_op_truncate_header(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	return resized(ctx, in, len, len < BP_IMAGE_HEADER_BYTES ? len : BP_IMAGE_HEADER_BYTES, out, err);
}

int bp_op_one_byte(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		   struct bp_err *err)
{
	return resized(ctx, in, len, len ? 1 : 0, out, err);
}

int bp_op_empty(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		struct bp_err *err)
{
	return resized(ctx, in, len, 0, out, err);
}

int bp_op_append_one(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		     struct bp_err *err)
{
	int rc = bp_edit_copy(ctx, in, len, len + 1, out, err);

	if (rc < 0)
		return rc;
	out->data[len] = (uint8_t)bp_edit_pick(ctx, 0, 256);
	return 0;
}

int bp_op_oversize_slot(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			struct bp_err *err)
{
	size_t want = (size_t)ctx->slot_size + 1;
	int rc = bp_edit_need_slot(ctx, err);

	if (rc < 0)
		return rc;
	if (len >= want)
		return bp_fail(err, BP_ECONFIG, "corrupt: %zu bytes cannot grow past a slot of %u", len, ctx->slot_size);
	rc = bp_edit_copy(ctx, in, len, want, out, err);
	if (rc < 0)
		return rc;
	bp_image_fill(out->data + len, want - len, ctx->seed, 0);
	return 0;
}

int bp_op_swap_halves(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		      struct bp_err *err)
{
	size_t half = len / 2;
	int rc = bp_edit_copy(ctx, in, len, len, out, err);

	if (rc < 0)
		return rc;
	memcpy(out->data, in + half, len - half);
	memcpy(out->data + len - half, in, half);
	return bp_edit_changed(in, len, out, err);
}

/* How many whole chunks there are; one operator needs `need` of them. */
static int chunks(size_t len, size_t need, size_t *n, struct bp_err *err)
{
	*n = len / CHUNK_BYTES;
	if (*n < need)
		return bp_fail(err, BP_ECONFIG, "corrupt: %zu bytes are less than %zu pieces of %u", len, need, CHUNK_BYTES);
	return 0;
}

int bp_op_swap_chunks(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		      struct bp_err *err)
{
	size_t n = 0, i, j, step;
	int rc = chunks(len, 2, &n, err);

	if (rc == 0)
		rc = bp_edit_copy(ctx, in, len, len, out, err);
	if (rc < 0 || n < 2)
		return rc;
	i = bp_edit_pick(ctx, 0, n);
	step = bp_edit_pick(ctx, 1, n - 1);
	for (size_t k = 0; k < n - 1; k++) {
		j = (i + 1 + (step + k) % (n - 1)) % n; /* every other piece once, until one has other bytes */
		if (memcmp(in + i * CHUNK_BYTES, in + j * CHUNK_BYTES, CHUNK_BYTES) == 0)
			continue;
		memcpy(out->data + i * CHUNK_BYTES, in + j * CHUNK_BYTES, CHUNK_BYTES);
		memcpy(out->data + j * CHUNK_BYTES, in + i * CHUNK_BYTES, CHUNK_BYTES);
		break;
	}
	return bp_edit_changed(in, len, out, err);
}

int bp_op_repeat_chunk(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	size_t n = 0, first;
	int rc = chunks(len, 2, &n, err);

	if (rc == 0)
		rc = bp_edit_copy(ctx, in, len, len, out, err);
	if (rc < 0)
		return rc;
	first = bp_edit_pick(ctx, 0, n - 1);
	for (size_t k = 0; k < n - 1; k++) {
		size_t at = (first + k) % (n - 1) * CHUNK_BYTES;

		if (memcmp(in + at, in + at + CHUNK_BYTES, CHUNK_BYTES) == 0)
			continue;
		memcpy(out->data + at + CHUNK_BYTES, in + at, CHUNK_BYTES);
		break;
	}
	return bp_edit_changed(in, len, out, err);
}

int bp_op_drop_chunk(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		     struct bp_err *err)
{
	size_t n = 0, at;
	int rc = chunks(len, 1, &n, err);

	if (rc == 0)
		rc = bp_edit_copy(ctx, in, len, len - CHUNK_BYTES, out, err);
	if (rc < 0)
		return rc;
	at = bp_edit_pick(ctx, 0, n) * CHUNK_BYTES;
	memcpy(out->data + at, in + at + CHUNK_BYTES, len - at - CHUNK_BYTES);
	return 0;
}

int bp_op_double_chunk(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	size_t n = 0, at;
	int rc = chunks(len, 1, &n, err);

	if (rc == 0)
		rc = bp_edit_copy(ctx, in, len, len + CHUNK_BYTES, out, err);
	if (rc < 0)
		return rc;
	at = bp_edit_pick(ctx, 0, n) * CHUNK_BYTES;
	memcpy(out->data + at + CHUNK_BYTES, in + at, len - at);
	return 0;
}

static int all(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, int value, struct bp_bytes *out,
	       struct bp_err *err)
{
	int rc = bp_edit_copy(ctx, in, len, len, out, err);

	if (rc < 0)
		return rc;
	memset(out->data, value, len);
	return bp_edit_changed(in, len, out, err);
}

int bp_op_all_zero(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		   struct bp_err *err)
{
	return all(ctx, in, len, 0x00, out, err);
}

int bp_op_all_ff(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		 struct bp_err *err)
{
	return all(ctx, in, len, 0xff, out, err);
}
