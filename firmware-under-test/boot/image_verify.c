/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/image_verify.h"

#include "boot/image_format.h"
#include "boot/record.h"
#include "dut.h"
#include "lib/ed25519.h"
#include "lib/sha256.h"

#include <string.h>

#define HASH_BLOCK_BYTES 512u /* read at a time where the board has no accelerator */

/* An image as read from its slot. Only one, and static: too large for a small stack. */
static struct image {
	struct image_header header;
	struct image_tlvs tlvs;
	uint32_t tlv_at, end;    /* offsets: TLV area (end of what is hashed), end of the image */
	uint8_t prot[IMAGE_TLV_MAX_BYTES], tlv[IMAGE_TLV_MAX_BYTES];
} found;

static const struct dut_area *slot_area(uint32_t slot)
{
	return &dut_board()->area[slot ? DUT_AREA_SLOT_B : DUT_AREA_SLOT_A];
}

/* The TLV area at offset `at` of the slot into buf. Its length, or 0: malformed or unreadable. */
static uint32_t read_area(const struct dut_area *a, uint32_t at, int protected, uint8_t *buf, struct image_tlvs *t)
{
	uint32_t room = a->size - at, len;

	if (room < IMAGE_TLV_INFO_BYTES || dut_flash_read(a->addr + at, buf, IMAGE_TLV_INFO_BYTES))
		return 0;
	len = image_tlv_bytes(buf, protected, room);
	if (!len || dut_flash_read(a->addr + at, buf, len) || image_tlvs_parse(buf, len, protected, t))
		return 0;
	return len;
}

static enum reason read_image(uint32_t slot, struct image *im)
{
	const struct dut_area *a = slot_area(slot);
	uint8_t head[IMAGE_HEADER_BYTES];
	uint32_t len;

	memset(&im->tlvs, 0, sizeof(im->tlvs));
	if (slot > 1 || a->size < sizeof(head) || dut_flash_read(a->addr, head, sizeof(head)) ||
	    image_header_parse(head, a->size, &im->header))
		return REASON_BAD_IMAGE;
	if (im->header.load_addr != a->addr)
		return REASON_WRONG_SLOT;
	im->tlv_at = im->header.prot_at + im->header.prot_bytes;
	if (im->header.prot_bytes &&
	    read_area(a, im->header.prot_at, 1, im->prot, &im->tlvs) != im->header.prot_bytes)
		return REASON_BAD_IMAGE;
	len = read_area(a, im->tlv_at, 0, im->tlv, &im->tlvs);
	if (!len || !im->tlvs.sha256)
		return REASON_BAD_IMAGE;
	im->end = im->tlv_at + len;
	return REASON_NONE;
}

static void tell(const struct image *im, struct image_info *info)
{
	info->version = im->header.version;
	info->size = im->end;
	info->counter = im->tlvs.counter ? get_le32(im->tlvs.counter) : 0;
	memcpy(info->digest, im->tlvs.sha256, sizeof(info->digest));
}

enum reason image_inspect(uint32_t slot, struct image_info *info)
{
	enum reason why = read_image(slot, &found);

	if (why == REASON_NONE)
		tell(&found, info);
	return why;
}

int flash_sha256(uint32_t addr, uint32_t len, uint8_t digest[32])
{
	static uint8_t block[HASH_BLOCK_BYTES];
	struct sha256 s;

	dut_spend(DUT_COST_SHA256, len);
	if (!dut_accel_sha256(addr, len, digest))
		return 0;
	sha256_init(&s);
	for (uint32_t n; len; addr += n, len -= n) {
		n = len < sizeof(block) ? len : (uint32_t)sizeof(block);
		if (dut_flash_read(addr, block, n))
			return -1;
		sha256_update(&s, block, n);
	}
	sha256_final(&s, digest);
	return 0;
}

int key_verify(uint32_t row, const void *msg, uint32_t len, const uint8_t sig[64])
{
	const uint8_t *pub;
	int rc;

	if (row >= DUT_MAX_KEYS || !dut_board()->key[row].id_len)
		return 0;
	pub = dut_board()->key[row].pub;
	/* RFC 8032 section 5.1.7 hashes R, A and the message. */
	dut_spend(DUT_COST_SHA512, 64 + len);
	dut_spend(DUT_COST_ED25519_VERIFY, 1);
	rc = dut_accel_ed25519(pub, msg, len, sig);
	return rc >= 0 ? rc : ed25519_verify(pub, msg, len, sig);
}

/* The board's key whose SubjectPublicKeyInfo hashes to `hash`; DUT_MAX_KEYS when it has none. */
static uint32_t find_key(const uint8_t hash[32])
{
	/* RFC 8410 section 4: SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }. */
	static const uint8_t spki[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	uint8_t digest[32];
	struct sha256 s;

	for (uint32_t row = 0; row < DUT_MAX_KEYS; row++) {
		const struct dut_key *key = &dut_board()->key[row];

		if (!key->id_len)
			continue;
		dut_spend(DUT_COST_SHA256, sizeof(spki) + sizeof(key->pub));
		sha256_init(&s);
		sha256_update(&s, spki, sizeof(spki));
		sha256_update(&s, key->pub, sizeof(key->pub));
		sha256_final(&s, digest);
		if (memcmp(digest, hash, sizeof(digest)) == 0)
			return row;
	}
	return DUT_MAX_KEYS;
}

static enum reason check_signature(const struct image *im)
{
	uint32_t row;

	if (!im->tlvs.ed25519)
		return REASON_UNSIGNED;
	row = im->tlvs.key_hash ? find_key(im->tlvs.key_hash) : DUT_MAX_KEYS;
	if (row == DUT_MAX_KEYS)
		return REASON_UNKNOWN_KEY;
	if (dut_board()->key[row].revoked)
		return REASON_REVOKED_KEY;
	return key_verify(row, im->tlvs.sha256, 32, im->tlvs.ed25519) ? REASON_NONE : REASON_BAD_SIGNATURE;
}

enum reason image_verify(uint32_t slot, uint32_t least_counter, struct image_info *info)
{
	enum reason why = read_image(slot, &found);
	uint8_t digest[32];

	if (why != REASON_NONE)
		return why;
	tell(&found, info);
	if (flash_sha256(slot_area(slot)->addr, found.tlv_at, digest) || memcmp(digest, found.tlvs.sha256, sizeof(digest)) != 0)
		return REASON_BAD_HASH;
	why = check_signature(&found);
	if (why != REASON_NONE)
		return why;
	return info->counter >= least_counter ? REASON_NONE : REASON_ROLLBACK_INDEX;
}
