/* SPDX-License-Identifier: Apache-2.0 */
#include "image/show.h"

#include "image/cose.h"
#include "image/key.h"
#include "image/layout.h"
#include "image/manifest.h"

#include <sodium.h>
#include <string.h>

#define COSE_SIGN1_BYTE 0xd2 /* tag 18 in one byte: RFC 9052 section 2 */
#define SHOWN_MAX 16u        /* of a long value */

static void show_hex(struct bp_text *out, const uint8_t *bytes, size_t len)
{
	char hex[2 * 64 + 1];

	for (size_t n; len; bytes += n, len -= n) {
		n = len < 64 ? len : 64;
		bp_text_puts(out, bp_hex(hex, bytes, n));
	}
}

static void show_sha256(struct bp_text *out, const uint8_t *data, size_t len)
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, data, len);
	bp_text_puts(out, "  file sha256  ");
	show_hex(out, digest, sizeof(digest));
	bp_text_puts(out, "\n");
}

static const char *tlv_name(uint16_t type)
{
	switch (type) {
	case BP_TLV_KEYHASH:
		return "key hash";
	case BP_TLV_SHA256:
		return "SHA-256";
	case BP_TLV_ED25519:
		return "Ed25519 signature";
	case BP_TLV_SEC_CNT:
		return "security counter";
	default:
		return "unknown to brickproof";
	}
}

/* The area's TLVs; their lengths have been checked. */
static void show_tlvs(struct bp_text *out, const uint8_t *data, size_t at, size_t end, const char *area)
{
	at += BP_TLV_INFO_BYTES;
	while (at < end) {
		uint16_t type = bp_le16(data + at), len = bp_le16(data + at + 2);

		bp_text_printf(out, "  %s 0x%02x  %u bytes, %s: ", area, type, len, tlv_name(type));
		at += BP_TLV_HEAD_BYTES;
		show_hex(out, data + at, len < SHOWN_MAX ? len : SHOWN_MAX);
		bp_text_puts(out, len > SHOWN_MAX ? "…\n" : "\n");
		at += len;
	}
}

/* rc and err of a check; returns 1 when it was bad. */
static int show_check(struct bp_text *out, const char *what, int rc, const struct bp_err *err)
{
	bp_text_printf(out, "  %-12s %s%s\n", what, rc < 0 ? "BAD: " : "ok", rc < 0 ? err->text : "");
	return rc < 0;
}

static int show_signature(struct bp_text *out, int present, const struct bp_key *key, int rc, const struct bp_err *err)
{
	if (key)
		return show_check(out, "signature", rc, err);
	bp_text_printf(out, "  signature    %s\n", present ? "not checked; give a key" : "none");
	return 0;
}

static int show_image(struct bp_text *out, const uint8_t *data, size_t len, const struct bp_key *key,
		      struct bp_err *err)
{
	struct bp_image_info info;
	char version[32];
	int rc = bp_image_parse(data, len, &info, err);
	int bad;

	if (rc < 0)
		return rc;
	bp_text_printf(out, "MCUboot image, %zu bytes\n", info.end);
	if (len != info.end)
		bp_text_printf(out, "  behind it    %zu bytes that are no part of the image\n", len - info.end);
	bp_text_printf(out, "  version      %s\n", bp_version_show(version, &info.version));
	bp_text_printf(out, "  header       %u bytes, flags 0x%x%s\n", info.header_len, info.flags,
		       info.flags & BP_IMAGE_F_ROM_FIXED ? " (made for its load address)" : "");
	bp_text_printf(out, "  load address 0x%08x\n", info.load_addr);
	bp_text_printf(out, "  body         %u bytes\n", info.body_len);
	if (info.has_counter)
		bp_text_printf(out, "  counter      %u\n", info.security_counter);
	else
		bp_text_puts(out, "  counter      none\n");
	if (info.prot_len)
		show_tlvs(out, data, info.prot_at, info.tlv_at, "protected   ");
	show_tlvs(out, data, info.tlv_at, info.end, "TLV         ");
	show_sha256(out, data, len);
	rc = bp_image_verify(data, len, NULL, err);
	bad = show_check(out, "hash", rc, err);
	rc = bp_image_verify(data, len, key, err);
	return bad + show_signature(out, info.sig_at != 0, key, rc, err);
}

static void show_fields(struct bp_text *out, const struct bp_manifest *m)
{
	bp_text_printf(out, "  product      %s\n  hardware    ", m->product);
	for (unsigned i = 0; i < m->n_hw; i++)
		bp_text_printf(out, " %u", m->hw[i]);
	bp_text_printf(out, "\n  bootloader   %u or later\n  rollback     %u\n  version      %s\n", m->min_bootloader,
		       m->rollback_index, m->version);
	for (unsigned i = 0; i < m->n_payloads; i++) {
		const struct bp_payload *p = &m->payload[i];

		bp_text_puts(out, "  payload      slot ");
		if (p->slot < 2)
			bp_text_puts(out, p->slot ? "b" : "a");
		else
			bp_text_printf(out, "%u", p->slot);
		bp_text_printf(out, ", %u bytes, sha256 ", p->size);
		show_hex(out, p->sha256, sizeof(p->sha256));
		bp_text_puts(out, "\n");
	}
}

static int show_manifest(struct bp_text *out, const uint8_t *data, size_t len, const struct bp_key *key,
			 struct bp_err *err)
{
	uint8_t key_id[BP_KEY_ID_BYTES];
	struct bp_manifest m = {0};
	struct bp_cose c = {0};
	int rc = bp_cose_parse(data, len, &c, err);

	if (rc == 0)
		rc = bp_manifest_parse(data, len, &m, key_id, err);
	if (rc < 0)
		return rc;
	bp_text_printf(out, "signed manifest, %zu bytes, format %u\n  key id       ", len, m.format);
	if (c.has_key_id)
		show_hex(out, key_id, sizeof(key_id));
	else
		bp_text_puts(out, "none");
	bp_text_puts(out, "\n");
	show_fields(out, &m);
	show_sha256(out, data, len);
	rc = key ? bp_manifest_verify(data, len, key, err) : 0;
	return show_signature(out, c.sig_len != 0, key, rc, err);
}

static int show_key(struct bp_text *out, const uint8_t *data, size_t len, struct bp_err *err)
{
	uint8_t id[BP_KEY_ID_BYTES], hash[BP_SHA_BYTES];
	struct bp_key key;
	int rc = bp_key_parse((const char *)data, len, "", &key, err);

	if (rc < 0)
		return rc;
	bp_text_printf(out, "Ed25519 %s key\n  public       ", key.has_secret ? "private" : "public");
	show_hex(out, key.pub, sizeof(key.pub));
	bp_key_id(&key, id);
	bp_text_puts(out, "\n  key id       ");
	show_hex(out, id, sizeof(id));
	bp_key_hash(&key, hash);
	bp_text_puts(out, "\n  key hash     ");
	show_hex(out, hash, sizeof(hash));
	bp_text_puts(out, "\n");
	sodium_memzero(&key, sizeof(key));
	return 0;
}

int bp_show(struct bp_text *out, const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err)
{
	static const char pem[] = "-----BEGIN ";

	if (len >= 4 && bp_le32(data) == BP_IMAGE_MAGIC)
		return show_image(out, data, len, key, err);
	if (len && data[0] == COSE_SIGN1_BYTE)
		return show_manifest(out, data, len, key, err);
	if (memmem(data, len, pem, strlen(pem)))
		return show_key(out, data, len, err);
	return bp_fail(err, BP_ECONFIG, "neither an MCUboot image nor a signed manifest nor a PEM key");
}
