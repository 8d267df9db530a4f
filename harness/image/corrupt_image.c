/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt_image.c - operators that know the image format and damage it without
 * a key: on the way, or as somebody would who cannot sign.
 */
#include "image/corrupt_ops.h"

#include "image/layout.h"

#include <string.h>

#define PAGE_BYTES 1024u            /* a flash page of the reference product */
#define FLAG_ENCRYPTED 0x4u         /* MCUboot, IMAGE_F_ENCRYPTED_AES128 */
#define TLV_NOBODY_KNOWS 0x00a5u    /* in MCUboot's vendor range */

/* Copy the image and find its parts. */
static int open_image(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_image_info *info,
		      struct bp_bytes *out, struct bp_err *err)
{
	int rc = bp_image_parse(in, len, info, err);

	if (rc < 0) {
		bp_prefix(err, "corrupt");
		return rc;
	}
	return bp_edit_copy(ctx, in, len, len, out, err);
}

static int no_tlv(const char *what, struct bp_err *err)
{
	return bp_fail(err, BP_ECONFIG, "corrupt: the image has no %s", what);
}

int bp_op_body_bit(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		   struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.body_len)
		return no_tlv("body", err);
	bp_edit_flip(ctx, out->data + info.header_len, info.body_len);
	return 0;
}

int bp_op_body_byte(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		    struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);
	size_t at;

	if (rc < 0)
		return rc;
	if (!info.body_len)
		return no_tlv("body", err);
	at = info.header_len + bp_edit_pick(ctx, 0, info.body_len);
	out->data[at] ^= (uint8_t)(1 + bp_edit_pick(ctx, 1, 255)); /* never 0: it must change */
	return 0;
}

/* Set one seeded page's worth of the body; the next one when that has the value already. */
static int body_page(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, int value, struct bp_bytes *out,
		     struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);
	size_t pages, first;

	if (rc < 0)
		return rc;
	pages = ((size_t)info.body_len + PAGE_BYTES - 1) / PAGE_BYTES;
	if (!pages)
		return no_tlv("body", err);
	first = bp_edit_pick(ctx, 0, pages);
	for (size_t k = 0; k < pages; k++) {
		size_t at = (first + k) % pages * PAGE_BYTES;
		size_t n = info.body_len - at < PAGE_BYTES ? info.body_len - at : PAGE_BYTES;
		uint8_t *page = out->data + info.header_len + at;

		memset(page, value, n);
		if (memcmp(page, in + info.header_len + at, n) != 0)
			break;
	}
	return bp_edit_changed(in, len, out, err);
}

int bp_op_body_zero_page(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			 struct bp_err *err)
{
	return body_page(ctx, in, len, 0x00, out, err);
}

int bp_op_body_ff_page(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	return body_page(ctx, in, len, 0xff, out, err);
}

/* ---- header ----------------------------------------------------------------- */

int bp_op_header_magic(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_edit_flip(ctx, out->data + BP_AT_MAGIC, 4);
	return 0;
}

int bp_op_header_load_addr(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			   struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_edit_flip(ctx, out->data + BP_AT_LOAD_ADDR, 4);
	return 0;
}

int bp_op_header_length_over(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			     struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_put_le16(out->data + BP_AT_HEADER_LEN, UINT16_MAX);
	return bp_edit_changed(in, len, out, err);
}

int bp_op_header_size_plus_one(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			       struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_put_le32(out->data + BP_AT_BODY_LEN, info.body_len + 1);
	return 0;
}

int bp_op_header_flags(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_put_le32(out->data + BP_AT_FLAGS, info.flags ^ FLAG_ENCRYPTED);
	return 0;
}

int bp_op_header_version(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			 struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_put_le16(out->data + BP_AT_REVISION, (uint16_t)(info.version.revision + 1));
	return 0;
}

/* ---- TLVs ----------------------------------------------------------------- */

int bp_op_prot_counter_up(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.has_counter || info.security_counter == UINT32_MAX)
		return no_tlv("security counter that could be higher", err);
	bp_put_le32(out->data + info.counter_at, info.security_counter + 1);
	return 0;
}

int bp_op_prot_length(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		      struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.prot_len)
		return no_tlv("protected TLV area", err);
	bp_put_le16(out->data + info.prot_at + 2, UINT16_MAX);
	return bp_edit_changed(in, len, out, err);
}

int bp_op_tlv_magic(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		    struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_edit_flip(ctx, out->data + info.tlv_at, 2);
	return 0;
}

int bp_op_tlv_length_over(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_put_le16(out->data + info.tlv_at + 2, UINT16_MAX);
	return bp_edit_changed(in, len, out, err);
}

int bp_op_tlv_hash_missing(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			   struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.sha_at)
		return no_tlv("SHA-256 TLV", err);
	bp_put_le16(out->data + info.sha_at - BP_TLV_HEAD_BYTES, TLV_NOBODY_KNOWS);
	return 0;
}

int bp_op_tlv_hash_flip(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.sha_at)
		return no_tlv("SHA-256 TLV", err);
	bp_edit_flip(ctx, out->data + info.sha_at, BP_SHA_BYTES);
	return 0;
}

int bp_op_tlv_keyhash_flip(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			   struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.keyhash_at)
		return no_tlv("key hash TLV", err);
	bp_edit_flip(ctx, out->data + info.keyhash_at, BP_SHA_BYTES);
	return 0;
}

int bp_op_tlv_sig_flip(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.sig_at)
		return no_tlv("signature", err);
	bp_edit_flip(ctx, out->data + info.sig_at, BP_SIG_BYTES);
	return 0;
}

int bp_op_tlv_sig_zero(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	struct bp_image_info info;
	int rc = open_image(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.sig_at)
		return no_tlv("signature", err);
	memset(out->data + info.sig_at, 0, BP_SIG_BYTES);
	return bp_edit_changed(in, len, out, err);
}
