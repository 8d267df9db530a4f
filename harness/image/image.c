/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include "base/rng.h"
#include "image/key.h"
#include "image/layout.h"

#include <sodium.h>
#include <string.h>

#define COUNTER_BYTES 4u
#define PROT_BYTES (BP_TLV_INFO_BYTES + BP_TLV_HEAD_BYTES + COUNTER_BYTES)

static size_t tlv_area_bytes(const struct bp_image_spec *spec)
{
	size_t n = BP_TLV_INFO_BYTES + BP_TLV_HEAD_BYTES + BP_SHA_BYTES;

	if (spec->key)
		n += 2 * BP_TLV_HEAD_BYTES + BP_SHA_BYTES + BP_SIG_BYTES;
	return n;
}

size_t bp_image_size(const struct bp_image_spec *spec)
{
	return BP_IMAGE_HEADER_BYTES + spec->body_len + PROT_BYTES + tlv_area_bytes(spec);
}

static void put_header(uint8_t *p, const struct bp_image_spec *spec)
{
	bp_put_le32(p + BP_AT_MAGIC, BP_IMAGE_MAGIC);
	bp_put_le32(p + BP_AT_LOAD_ADDR, spec->load_addr);
	bp_put_le16(p + BP_AT_HEADER_LEN, BP_IMAGE_HEADER_BYTES);
	bp_put_le16(p + BP_AT_PROT_LEN, PROT_BYTES);
	bp_put_le32(p + BP_AT_BODY_LEN, (uint32_t)spec->body_len);
	bp_put_le32(p + BP_AT_FLAGS, BP_IMAGE_F_ROM_FIXED);
	p[BP_AT_MAJOR] = spec->version.major;
	p[BP_AT_MINOR] = spec->version.minor;
	bp_put_le16(p + BP_AT_REVISION, spec->version.revision);
	bp_put_le32(p + BP_AT_BUILD, spec->version.build);
}

/* A TLV head, and where its value goes. */
static uint8_t *put_tlv(uint8_t *p, uint16_t type, uint16_t len)
{
	bp_put_le16(p, type);
	bp_put_le16(p + 2, len);
	return p + BP_TLV_HEAD_BYTES;
}

/* TLV heads with empty values; bp_image_resign() fills them. */
static void put_tlvs(uint8_t *p, const struct bp_image_spec *spec)
{
	bp_put_le16(p, BP_TLV_PROT_INFO_MAGIC);
	bp_put_le16(p + 2, PROT_BYTES);
	p = put_tlv(p + BP_TLV_INFO_BYTES, BP_TLV_SEC_CNT, COUNTER_BYTES);
	bp_put_le32(p, spec->security_counter);
	p += COUNTER_BYTES;
	bp_put_le16(p, BP_TLV_INFO_MAGIC);
	bp_put_le16(p + 2, (uint16_t)tlv_area_bytes(spec));
	p = put_tlv(p + BP_TLV_INFO_BYTES, BP_TLV_SHA256, BP_SHA_BYTES) + BP_SHA_BYTES;
	if (!spec->key)
		return;
	p = put_tlv(p, BP_TLV_KEYHASH, BP_SHA_BYTES) + BP_SHA_BYTES;
	put_tlv(p, BP_TLV_ED25519, BP_SIG_BYTES);
}

int bp_image_build(struct bp_arena *a, const struct bp_image_spec *spec, struct bp_bytes *out, struct bp_err *err)
{
	struct bp_bytes b;

	if (!spec->body_len)
		return bp_fail(err, BP_ECONFIG, "image: the body is empty");
	if (spec->body_len > BP_IMAGE_MAX_BYTES || bp_image_size(spec) > BP_IMAGE_MAX_BYTES)
		return bp_fail(err, BP_ECONFIG, "image: a body of %zu bytes is too large; an image has at most %u bytes",
			       spec->body_len, BP_IMAGE_MAX_BYTES);
	b.len = bp_image_size(spec);
	b.data = bp_arena_alloc(a, b.len);
	if (!b.data)
		return bp_fail(err, BP_ENOMEM, "image: no memory for %zu bytes", b.len);
	put_header(b.data, spec);
	memcpy(b.data + BP_IMAGE_HEADER_BYTES, spec->body, spec->body_len);
	put_tlvs(b.data + BP_IMAGE_HEADER_BYTES + spec->body_len, spec);
	*out = b;
	return bp_image_resign(b.data, b.len, spec->key, err);
}

static void read_header(const uint8_t *p, struct bp_image_info *info)
{
	info->load_addr = bp_le32(p + BP_AT_LOAD_ADDR);
	info->header_len = bp_le16(p + BP_AT_HEADER_LEN);
	info->prot_len = bp_le16(p + BP_AT_PROT_LEN);
	info->body_len = bp_le32(p + BP_AT_BODY_LEN);
	info->flags = bp_le32(p + BP_AT_FLAGS);
	info->version = (struct bp_version){
		.major = p[BP_AT_MAJOR],
		.minor = p[BP_AT_MINOR],
		.revision = bp_le16(p + BP_AT_REVISION),
		.build = bp_le32(p + BP_AT_BUILD),
	};
}

/* Where info keeps the offset of this TLV, and how long it must be; NULL: not one of ours, or in the wrong area. */
static size_t *known_tlv(struct bp_image_info *info, uint16_t type, int prot, size_t *want)
{
	*want = BP_SHA_BYTES;
	if (prot) {
		*want = COUNTER_BYTES;
		return type == BP_TLV_SEC_CNT ? &info->counter_at : NULL;
	}
	switch (type) {
	case BP_TLV_SHA256:
		return &info->sha_at;
	case BP_TLV_KEYHASH:
		return &info->keyhash_at;
	case BP_TLV_ED25519:
		*want = BP_SIG_BYTES;
		return &info->sig_at;
	default:
		return NULL;
	}
}

static int walk_tlvs(const uint8_t *data, size_t at, size_t end, int prot, struct bp_image_info *info,
		     struct bp_err *err)
{
	while (at < end) {
		size_t want, len, *known;
		uint16_t type;

		if (end - at < BP_TLV_HEAD_BYTES)
			return bp_fail(err, BP_ECONFIG, "image: offset %zu: %zu bytes left over in the TLV area", at, end - at);
		type = bp_le16(data + at);
		len = bp_le16(data + at + 2);
		if (len > end - at - BP_TLV_HEAD_BYTES)
			return bp_fail(err, BP_ECONFIG, "image: offset %zu: TLV 0x%02x of %zu bytes runs past its area", at,
				       type, len);
		known = known_tlv(info, type, prot, &want);
		if (known && *known)
			return bp_fail(err, BP_ECONFIG, "image: offset %zu: TLV 0x%02x comes twice", at, type);
		if (known && len != want)
			return bp_fail(err, BP_ECONFIG, "image: offset %zu: TLV 0x%02x has %zu bytes; expected %zu", at, type,
				       len, want);
		if (known)
			*known = at + BP_TLV_HEAD_BYTES;
		at += BP_TLV_HEAD_BYTES + len;
	}
	return 0;
}

/* Check the TLV area at `at`; returns its length or BP_ECONFIG. */
static int parse_area(const uint8_t *data, size_t len, size_t at, int prot, struct bp_image_info *info,
		      struct bp_err *err)
{
	const char *what = prot ? "protected TLV area" : "TLV area";
	uint16_t want = prot ? BP_TLV_PROT_INFO_MAGIC : BP_TLV_INFO_MAGIC;
	uint16_t magic, total;
	int rc;

	if (len - at < BP_TLV_INFO_BYTES)
		return bp_fail(err, BP_ECONFIG, "image: offset %zu: the file ends before the %s", at, what);
	magic = bp_le16(data + at);
	total = bp_le16(data + at + 2);
	if (magic != want)
		return bp_fail(err, BP_ECONFIG, "image: offset %zu: %s begins with 0x%04x; expected 0x%04x", at, what, magic,
			       want);
	if (total < BP_TLV_INFO_BYTES || total > len - at)
		return bp_fail(err, BP_ECONFIG, "image: offset %zu: %s of %u bytes; %zu are there", at, what, total, len - at);
	rc = walk_tlvs(data, at + BP_TLV_INFO_BYTES, at + total, prot, info, err);
	return rc < 0 ? rc : total;
}

static int parse_head(const uint8_t *data, size_t len, struct bp_image_info *info, struct bp_err *err)
{
	if (len > BP_IMAGE_MAX_BYTES)
		return bp_fail(err, BP_ECONFIG, "image: %zu bytes; at most %u are read", len, BP_IMAGE_MAX_BYTES);
	if (len < BP_IMAGE_HEADER_BYTES)
		return bp_fail(err, BP_ECONFIG, "image: offset 0: %zu bytes; the header alone takes %u", len,
			       BP_IMAGE_HEADER_BYTES);
	if (bp_le32(data + BP_AT_MAGIC) != BP_IMAGE_MAGIC)
		return bp_fail(err, BP_ECONFIG, "image: offset 0: magic 0x%08x; expected 0x%08x", bp_le32(data + BP_AT_MAGIC),
			       BP_IMAGE_MAGIC);
	read_header(data, info);
	if (info->header_len < BP_IMAGE_HEADER_BYTES || info->header_len > len)
		return bp_fail(err, BP_ECONFIG, "image: offset %d: header of %u bytes; expected %u to %zu", BP_AT_HEADER_LEN,
			       info->header_len, BP_IMAGE_HEADER_BYTES, len);
	if (info->body_len > len - info->header_len)
		return bp_fail(err, BP_ECONFIG, "image: offset %d: body of %u bytes; %zu are there", BP_AT_BODY_LEN,
			       info->body_len, len - info->header_len);
	return 0;
}

int bp_image_parse(const uint8_t *data, size_t len, struct bp_image_info *info, struct bp_err *err)
{
	int rc;

	*info = (struct bp_image_info){0};
	rc = parse_head(data, len, info, err);
	if (rc < 0)
		return rc;
	info->prot_at = info->header_len + (size_t)info->body_len;
	if (info->prot_len) {
		rc = parse_area(data, len, info->prot_at, 1, info, err);
		if (rc < 0)
			return rc;
		if (rc != info->prot_len)
			return bp_fail(err, BP_ECONFIG, "image: offset %zu: protected TLV area of %d bytes; the header says %u",
				       info->prot_at, rc, info->prot_len);
	}
	info->tlv_at = info->prot_at + info->prot_len;
	rc = parse_area(data, len, info->tlv_at, 0, info, err);
	if (rc < 0)
		return rc;
	info->end = info->tlv_at + (size_t)rc;
	if (info->counter_at) {
		info->has_counter = 1;
		info->security_counter = bp_le32(data + info->counter_at);
	}
	return 0;
}

static int verify_signature(const uint8_t *data, const struct bp_image_info *info, const uint8_t digest[BP_SHA_BYTES],
			    const struct bp_key *key, struct bp_err *err)
{
	uint8_t hash[BP_SHA_BYTES];

	if (!info->sig_at)
		return bp_fail(err, BP_ECONFIG, "image: no Ed25519 signature (TLV 0x%02x)", BP_TLV_ED25519);
	if (!info->keyhash_at)
		return bp_fail(err, BP_ECONFIG, "image: no key hash (TLV 0x%02x), which says whose signature it is",
			       BP_TLV_KEYHASH);
	bp_key_hash(key, hash);
	if (memcmp(data + info->keyhash_at, hash, sizeof(hash)) != 0)
		return bp_fail(err, BP_ECONFIG, "image: offset %zu: signed with another key than '%s'", info->keyhash_at,
			       key->name);
	if (crypto_sign_verify_detached(data + info->sig_at, digest, BP_SHA_BYTES, key->pub) != 0)
		return bp_fail(err, BP_ECONFIG, "image: offset %zu: the signature does not fit key '%s'", info->sig_at,
			       key->name);
	return 0;
}

int bp_image_verify(const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err)
{
	struct bp_image_info info;
	uint8_t digest[BP_SHA_BYTES];
	int rc = bp_image_parse(data, len, &info, err);

	if (rc < 0)
		return rc;
	if (!info.sha_at)
		return bp_fail(err, BP_ECONFIG, "image: no SHA-256 (TLV 0x%02x)", BP_TLV_SHA256);
	crypto_hash_sha256(digest, data, info.tlv_at);
	if (memcmp(digest, data + info.sha_at, sizeof(digest)) != 0)
		return bp_fail(err, BP_ECONFIG, "image: offset %zu: the SHA-256 does not fit header, body and protected TLVs",
			       info.sha_at);
	return key ? verify_signature(data, &info, digest, key, err) : 0;
}

int bp_image_resign(uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err)
{
	struct bp_image_info info;
	uint8_t digest[BP_SHA_BYTES];
	int rc = bp_image_parse(data, len, &info, err);

	if (rc < 0)
		return rc;
	if (key && !key->has_secret)
		return bp_fail(err, BP_ECONFIG, "key '%s' has no secret half; signing needs it", key->name);
	crypto_hash_sha256(digest, data, info.tlv_at);
	if (info.sha_at)
		memcpy(data + info.sha_at, digest, sizeof(digest));
	if (key && info.keyhash_at)
		bp_key_hash(key, data + info.keyhash_at);
	if (key && info.sig_at)
		crypto_sign_detached(data + info.sig_at, NULL, digest, sizeof(digest), key->secret);
	return 0;
}

void bp_image_fill(uint8_t *body, size_t len, uint64_t seed, unsigned slot)
{
	const uint64_t words[] = {seed, slot};
	struct bp_rng r;

	bp_rng_seed(&r, words, 2);
	bp_rng_fill(&r, body, len);
}
