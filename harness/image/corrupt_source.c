/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt_source.c - images that are wrong from the start: TLVs missing,
 * signed with the wrong key, or well signed and still not for this device.
 */
#include "image/corrupt_ops.h"

#include "image/key.h"
#include "image/layout.h"

#include <string.h>

/* Copy a signed image and find its parts. */
static int open_signed(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_image_info *info,
		       struct bp_bytes *out, struct bp_err *err)
{
	int rc = bp_image_parse(in, len, info, err);

	if (rc < 0) {
		bp_prefix(err, "corrupt");
		return rc;
	}
	if (!info->sha_at || !info->keyhash_at || !info->sig_at)
		return bp_fail(err, BP_ECONFIG, "corrupt: the image is not signed");
	return bp_edit_copy(ctx, in, len, len, out, err);
}

static int resign(const struct bp_key *key, const uint8_t *in, size_t len, struct bp_bytes *out, struct bp_err *err)
{
	int rc = bp_edit_need_key(key, err);

	if (rc == 0)
		rc = bp_image_resign(out->data, out->len, key, err);
	return rc < 0 ? rc : bp_edit_changed(in, len, out, err);
}

/* Cut n bytes out of the image at `at`. */
static void cut(struct bp_bytes *out, size_t at, size_t n)
{
	memmove(out->data + at, out->data + at + n, out->len - at - n);
	out->len -= n;
}

/* Remove the TLV whose value lies at `at` from the TLV area. */
static void remove_tlv(struct bp_bytes *out, const struct bp_image_info *info, size_t at, size_t value_len)
{
	uint8_t *total = out->data + info->tlv_at + 2;

	bp_put_le16(total, (uint16_t)(bp_le16(total) - BP_TLV_HEAD_BYTES - value_len));
	cut(out, at - BP_TLV_HEAD_BYTES, BP_TLV_HEAD_BYTES + value_len);
}

int bp_op_hash_missing_source(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			      struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	remove_tlv(out, &info, info.sha_at, BP_SHA_BYTES);
	return 0;
}

int bp_op_sig_missing(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		      struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	remove_tlv(out, &info, info.sig_at, BP_SIG_BYTES);
	return 0;
}

int bp_op_sig_stripped(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = bp_op_sig_missing(ctx, in, len, out, err);

	if (rc == 0)
		rc = bp_image_parse(out->data, out->len, &info, err);
	if (rc < 0)
		return rc;
	remove_tlv(out, &info, info.keyhash_at, BP_SHA_BYTES);
	return 0;
}

int bp_op_hash_recomputed(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	int rc = bp_op_body_byte(ctx, in, len, out, err);

	return rc < 0 ? rc : bp_image_resign(out->data, out->len, NULL, err);
}

int bp_op_sig_unknown_key(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	return rc < 0 ? rc : resign(ctx->other_key, in, len, out, err);
}

int bp_op_sig_revoked_key(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	return rc < 0 ? rc : resign(ctx->revoked_key, in, len, out, err);
}

int bp_op_sig_wrong_key(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	if (rc == 0)
		rc = resign(ctx->other_key, in, len, out, err);
	if (rc < 0)
		return rc;
	memcpy(out->data + info.keyhash_at, in + info.keyhash_at, BP_SHA_BYTES);
	return bp_edit_changed(in, len, out, err);
}

int bp_op_sig_s_plus_l(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		       struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	bp_edit_add_order(out->data + info.sig_at);
	return 0;
}

int bp_op_load_addr_resigned(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			     struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = bp_edit_need_slot(ctx, err);

	if (rc == 0)
		rc = open_signed(ctx, in, len, &info, out, err);
	if (rc < 0)
		return rc;
	/* Down where there is room, else up: of two slots side by side this is the other one. */
	bp_put_le32(out->data + BP_AT_LOAD_ADDR,
		    info.load_addr >= ctx->slot_size ? info.load_addr - ctx->slot_size : info.load_addr + ctx->slot_size);
	return resign(ctx->key, in, len, out, err);
}

/* by: how much lower; UINT32_MAX: down to 0. */
static int lower_counter(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, uint32_t by,
			 struct bp_bytes *out, struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.security_counter)
		return bp_fail(err, BP_ECONFIG, "corrupt: the image has no security counter above 0");
	bp_put_le32(out->data + info.counter_at, info.security_counter > by ? info.security_counter - by : 0);
	return resign(ctx->key, in, len, out, err);
}

int bp_op_counter_lower_resigned(const struct bp_edit_context *ctx, const uint8_t *in, size_t len,
				 struct bp_bytes *out, struct bp_err *err)
{
	return lower_counter(ctx, in, len, 1, out, err);
}

int bp_op_counter_zero_resigned(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				struct bp_err *err)
{
	return lower_counter(ctx, in, len, UINT32_MAX, out, err);
}

int bp_op_counter_missing_resigned(const struct bp_edit_context *ctx, const uint8_t *in, size_t len,
				   struct bp_bytes *out, struct bp_err *err)
{
	struct bp_image_info info = {0};
	int rc = open_signed(ctx, in, len, &info, out, err);

	if (rc < 0)
		return rc;
	if (!info.has_counter)
		return bp_fail(err, BP_ECONFIG, "corrupt: the image has no security counter");
	bp_put_le16(out->data + BP_AT_PROT_LEN, 0); /* no protected TLVs */
	cut(out, info.prot_at, info.prot_len);
	return resign(ctx->key, in, len, out, err);
}

int bp_op_size_over_slot(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			 struct bp_err *err)
{
	size_t want = (size_t)ctx->slot_size + 1, grow;
	struct bp_image_info info = {0};
	int rc = bp_edit_need_slot(ctx, err);

	if (rc == 0)
		rc = open_signed(ctx, in, len, &info, out, err);
	if (rc < 0)
		return rc;
	if (len >= want)
		return bp_fail(err, BP_ECONFIG, "corrupt: %zu bytes cannot grow past a slot of %u", len, ctx->slot_size);
	grow = want - len;
	rc = bp_edit_copy(ctx, in, len, want, out, err);
	if (rc < 0)
		return rc;
	memcpy(out->data + info.prot_at + grow, in + info.prot_at, len - info.prot_at);
	bp_image_fill(out->data + info.prot_at, grow, ctx->seed, 0);
	bp_put_le32(out->data + BP_AT_BODY_LEN, info.body_len + (uint32_t)grow);
	return resign(ctx->key, in, len, out, err);
}
