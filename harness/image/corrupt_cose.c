/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt_cose.c - damage to a signed manifest on its way.
 */
#include "image/corrupt_ops.h"

#include "image/cose.h"

/* Copy a signed manifest and find its parts. */
static int open_cose(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_cose *c,
		     struct bp_bytes *out, struct bp_err *err)
{
	int rc = bp_cose_parse(in, len, c, err);

	if (rc < 0) {
		bp_prefix(err, "corrupt");
		return rc;
	}
	if (!c->sig_len)
		return bp_fail(err, BP_ECONFIG, "corrupt: the manifest is not signed");
	return bp_edit_copy(ctx, in, len, len, out, err);
}

int bp_op_manifest_unsigned(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			    struct bp_err *err)
{
	struct bp_cose c;
	int rc = open_cose(ctx, in, len, &c, out, err);

	if (rc < 0)
		return rc;
	/* 0x58 0x40 and 64 bytes become 0x40, an empty string; the key id stays. */
	out->data[c.sig_at - 2] = 0x40;
	out->len = c.sig_at - 1;
	return 0;
}

int bp_op_manifest_sig_flip(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			    struct bp_err *err)
{
	struct bp_cose c;
	int rc = open_cose(ctx, in, len, &c, out, err);

	if (rc < 0)
		return rc;
	bp_edit_flip(ctx, out->data + c.sig_at, c.sig_len);
	return 0;
}

int bp_op_manifest_sig_s_plus_l(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				struct bp_err *err)
{
	struct bp_cose c;
	int rc = open_cose(ctx, in, len, &c, out, err);

	if (rc < 0)
		return rc;
	bp_edit_add_order(out->data + c.sig_at);
	return 0;
}

int bp_op_manifest_key_id_flip(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			       struct bp_err *err)
{
	struct bp_cose c;
	int rc = open_cose(ctx, in, len, &c, out, err);

	if (rc < 0)
		return rc;
	if (!c.has_key_id)
		return bp_fail(err, BP_ECONFIG, "corrupt: the manifest names no key id");
	/* The key id is the last thing in the protected header. */
	bp_edit_flip(ctx, out->data + c.protected_at + c.protected_len - BP_KEY_ID_BYTES, BP_KEY_ID_BYTES);
	return 0;
}

int bp_op_manifest_payload_flip(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				struct bp_err *err)
{
	struct bp_cose c;
	int rc = open_cose(ctx, in, len, &c, out, err);

	if (rc < 0)
		return rc;
	if (!c.payload_len)
		return bp_fail(err, BP_ECONFIG, "corrupt: the manifest's payload is empty");
	bp_edit_flip(ctx, out->data + c.payload_at, c.payload_len);
	return 0;
}

int bp_op_manifest_truncated(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			     struct bp_err *err)
{
	return bp_op_truncate_half(ctx, in, len, out, err);
}

int bp_op_manifest_append_one(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			      struct bp_err *err)
{
	return bp_op_append_one(ctx, in, len, out, err);
}

int bp_op_manifest_not_cbor(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			    struct bp_err *err)
{
	int rc = bp_edit_copy(ctx, in, len, len, out, err);

	if (rc < 0)
		return rc;
	if (len)
		out->data[0] = 0x1c; /* additional information 28 is reserved: RFC 8949 section 3 */
	return bp_edit_changed(in, len, out, err);
}
