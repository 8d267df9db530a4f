/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt_manifest.c - operators on manifests: fields changed by somebody who
 * can sign, encodings that a strict reader refuses, and damage on the way.
 */
#include "image/corrupt_ops.h"

#include "image/cose.h"

#include <sodium.h>
#include <string.h>

#define FIELDS_HEAD 0xa7u /* map of 7 pairs: RFC 8949 section 3.1 */

/* ---- changed fields, signed again ----------------------------------------- */

static int fields(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_manifest *m,
		  struct bp_err *err)
{
	uint8_t key_id[BP_KEY_ID_BYTES];
	int rc;

	if (ctx->manifest) {
		*m = *ctx->manifest;
		return 0;
	}
	rc = bp_manifest_parse(in, len, m, key_id, err);
	if (rc < 0)
		bp_prefix(err, "corrupt");
	return rc;
}

typedef void change_fn(struct bp_manifest *m);

/* The manifest with `change` done to it (NULL: nothing), signed with key. */
static int changed(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, change_fn *change,
		   const struct bp_key *key, struct bp_bytes *out, struct bp_err *err)
{
	struct bp_manifest m = {0};
	int rc = bp_edit_need_key(key, err);

	if (rc == 0)
		rc = fields(ctx, in, len, &m, err);
	if (rc < 0)
		return rc;
	if (change)
		change(&m);
	rc = bp_manifest_sign(ctx->arena, &m, key, out, err);
	return rc < 0 ? rc : bp_edit_changed(in, len, out, err);
}

static void change_product(struct bp_manifest *m)
{
	m->product[0] = m->product[0] == 'x' ? 'y' : 'x';
}

int bp_op_manifest_product(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			   struct bp_err *err)
{
	return changed(ctx, in, len, change_product, ctx->key, out, err);
}

static int lists(const struct bp_manifest *m, uint32_t rev)
{
	for (unsigned i = 0; i < m->n_hw; i++)
		if (m->hw[i] == rev)
			return 1;
	return 0;
}

/* One revision that is not in the list: the good manifest lists the device's. */
static void change_hardware(struct bp_manifest *m)
{
	uint32_t rev = m->hw[0];

	while (lists(m, rev))
		rev++;
	m->hw[0] = rev;
	m->n_hw = 1;
}

int bp_op_manifest_hardware(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			    struct bp_err *err)
{
	return changed(ctx, in, len, change_hardware, ctx->key, out, err);
}

static void change_bootloader(struct bp_manifest *m)
{
	m->min_bootloader = UINT32_MAX;
}

int bp_op_manifest_bootloader(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			      struct bp_err *err)
{
	return changed(ctx, in, len, change_bootloader, ctx->key, out, err);
}

static void change_rollback(struct bp_manifest *m)
{
	m->rollback_index = 0;
}

int bp_op_manifest_rollback_lower(const struct bp_edit_context *ctx, const uint8_t *in, size_t len,
				  struct bp_bytes *out, struct bp_err *err)
{
	return changed(ctx, in, len, change_rollback, ctx->key, out, err);
}

static void change_format(struct bp_manifest *m)
{
	m->format++;
}

int bp_op_manifest_format(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			  struct bp_err *err)
{
	return changed(ctx, in, len, change_format, ctx->key, out, err);
}

static void change_images(struct bp_manifest *m)
{
	for (unsigned i = 0; i < m->n_payloads; i++) {
		uint8_t *sha = m->payload[i].sha256;

		crypto_hash_sha256(sha, sha, sizeof(m->payload[i].sha256));
	}
}

int bp_op_manifest_other_image(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			       struct bp_err *err)
{
	return changed(ctx, in, len, change_images, ctx->key, out, err);
}

static void change_sizes_up(struct bp_manifest *m)
{
	for (unsigned i = 0; i < m->n_payloads; i++)
		m->payload[i].size++;
}

int bp_op_manifest_size_plus_one(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				 struct bp_err *err)
{
	return changed(ctx, in, len, change_sizes_up, ctx->key, out, err);
}

static void change_sizes_down(struct bp_manifest *m)
{
	for (unsigned i = 0; i < m->n_payloads; i++)
		m->payload[i].size--;
}

int bp_op_manifest_size_minus_one(const struct bp_edit_context *ctx, const uint8_t *in, size_t len,
				  struct bp_bytes *out, struct bp_err *err)
{
	return changed(ctx, in, len, change_sizes_down, ctx->key, out, err);
}

/* Slots 0 and 1 are A and B; which of them the device would fill is not known here, so neither is left. */
static void change_slots(struct bp_manifest *m)
{
	for (unsigned i = 0; i < m->n_payloads; i++)
		m->payload[i].slot += 2;
}

int bp_op_manifest_other_slot_only(const struct bp_edit_context *ctx, const uint8_t *in, size_t len,
				   struct bp_bytes *out, struct bp_err *err)
{
	return changed(ctx, in, len, change_slots, ctx->key, out, err);
}

int bp_op_manifest_unknown_key(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			       struct bp_err *err)
{
	return changed(ctx, in, len, NULL, ctx->other_key, out, err);
}

int bp_op_manifest_wrong_key(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			     struct bp_err *err)
{
	struct bp_key liar;
	int rc = bp_edit_need_key(ctx->other_key, err);

	if (rc == 0)
		rc = bp_edit_need_key(ctx->key, err);
	if (rc < 0)
		return rc;
	/* The key id comes from the public half, the signature from the secret one. */
	liar = *ctx->other_key;
	memcpy(liar.pub, ctx->key->pub, sizeof(liar.pub));
	return changed(ctx, in, len, NULL, &liar, out, err);
}

/* ---- other encodings of the fields, signed -------------------------------- */

/*
 * The payload bytes of the good manifest with one to four bytes of room behind
 * them, in buf; *n is their count.
 */
static int payload_of(const struct bp_edit_context *ctx, const uint8_t *in, size_t len,
		      uint8_t buf[BP_MANIFEST_MAX_BYTES + 4], size_t *n, struct bp_err *err)
{
	struct bp_manifest m = {0};
	struct bp_bytes cose = {0};
	struct bp_cose c = {0};
	int rc = bp_edit_need_key(ctx->key, err);

	if (rc == 0)
		rc = fields(ctx, in, len, &m, err);
	if (rc == 0)
		rc = bp_manifest_sign(ctx->arena, &m, ctx->key, &cose, err);
	if (rc == 0)
		rc = bp_cose_parse(cose.data, cose.len, &c, err);
	if (rc < 0 || !cose.data || !c.payload_len)
		return rc;
	memcpy(buf, cose.data + c.payload_at, c.payload_len);
	*n = c.payload_len;
	return buf[0] == FIELDS_HEAD ? 0 : bp_fail(err, BP_EINTERNAL, "corrupt: the manifest's map is not of 7 pairs");
}

static int signed_bytes(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, const uint8_t *payload,
			size_t n, struct bp_bytes *out, struct bp_err *err)
{
	int rc = bp_cose_sign(ctx->arena, payload, n, ctx->key, out, err);

	return rc < 0 ? rc : bp_edit_changed(in, len, out, err);
}

int bp_op_manifest_indefinite(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			      struct bp_err *err)
{
	uint8_t buf[BP_MANIFEST_MAX_BYTES + 4];
	size_t n = 0;
	int rc = payload_of(ctx, in, len, buf, &n, err);

	if (rc < 0)
		return rc;
	buf[0] = 0xbf; /* map of indefinite length, ended by 0xff: RFC 8949 section 3.2.2 */
	buf[n] = 0xff;
	return signed_bytes(ctx, in, len, buf, n + 1, out, err);
}

int bp_op_manifest_long_integer(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				struct bp_err *err)
{
	uint8_t buf[BP_MANIFEST_MAX_BYTES + 4];
	size_t n = 0;
	int rc = payload_of(ctx, in, len, buf, &n, err);

	if (rc < 0)
		return rc;
	/* Key 1, format 1 begin the map; the key becomes 0x18 0x01, one byte longer than need be. */
	memmove(buf + 2, buf + 1, n - 1);
	buf[1] = 0x18;
	return signed_bytes(ctx, in, len, buf, n + 1, out, err);
}

/* One more pair (two bytes) at the end of the map. */
static int one_more_pair(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, uint8_t key, uint8_t value,
			 struct bp_bytes *out, struct bp_err *err)
{
	uint8_t buf[BP_MANIFEST_MAX_BYTES + 4];
	size_t n = 0;
	int rc = payload_of(ctx, in, len, buf, &n, err);

	if (rc < 0)
		return rc;
	buf[0] = FIELDS_HEAD + 1;
	buf[n] = key;
	buf[n + 1] = value;
	return signed_bytes(ctx, in, len, buf, n + 2, out, err);
}

int bp_op_manifest_duplicate_key(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				 struct bp_err *err)
{
	return one_more_pair(ctx, in, len, 0x07, 0x80, out, err); /* payloads: empty array */
}

int bp_op_manifest_unknown_field(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
				 struct bp_err *err)
{
	return one_more_pair(ctx, in, len, 0x08, 0x00, out, err);
}

int bp_op_manifest_empty(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
			 struct bp_err *err)
{
	static const uint8_t empty_map[] = {0xa0};
	int rc = bp_edit_need_key(ctx->key, err);

	return rc < 0 ? rc : signed_bytes(ctx, in, len, empty_map, sizeof(empty_map), out, err);
}
