/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/image_format.h"

#include "boot/record.h"

#include <stddef.h>

#define MAGIC 0x96f3b83du
#define TLV_MAGIC 0x6907u
#define TLV_PROTECTED_MAGIC 0x6908u
#define TLV_HEAD_BYTES 4u /* type u16, length u16 of the value */

enum { TLV_KEY_HASH = 0x01, TLV_SHA256 = 0x10, TLV_ED25519 = 0x24, TLV_COUNTER = 0x50 };

static uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

int image_header_parse(const uint8_t in[IMAGE_HEADER_BYTES], uint32_t room, struct image_header *h)
{
	uint32_t header = get_le16(in + 8), body = get_le32(in + 12);

	if (get_le32(in) != MAGIC || header < IMAGE_HEADER_BYTES || header > room || body > room - header)
		return -1;
	h->load_addr = get_le32(in + 4);
	h->prot_at = header + body;
	h->prot_bytes = get_le16(in + 10);
	if (h->prot_bytes > room - h->prot_at)
		return -1;
	h->version.major = in[20];
	h->version.minor = in[21];
	h->version.revision = get_le16(in + 22);
	h->version.build = get_le32(in + 24);
	return 0;
}

uint32_t image_tlv_bytes(const uint8_t info[IMAGE_TLV_INFO_BYTES], int protected, uint32_t room)
{
	uint32_t len = get_le16(info + 2);

	if (get_le16(info) != (protected ? TLV_PROTECTED_MAGIC : TLV_MAGIC) || len < IMAGE_TLV_INFO_BYTES)
		return 0;
	return len <= room && len <= IMAGE_TLV_MAX_BYTES ? len : 0;
}

/* Where the value of a TLV that we know is noted, and how long it must be; NULL: not ours, or not in this area. */
static const uint8_t **known(struct image_tlvs *t, uint32_t type, int protected, uint32_t *want)
{
	if (protected) {
		*want = 4;
		return type == TLV_COUNTER ? &t->counter : NULL;
	}
	*want = type == TLV_ED25519 ? 64 : 32;
	switch (type) {
	case TLV_SHA256:
		return &t->sha256;
	case TLV_KEY_HASH:
		return &t->key_hash;
	case TLV_ED25519:
		return &t->ed25519;
	default:
		return NULL;
	}
}

int image_tlvs_parse(const uint8_t *area, uint32_t len, int protected, struct image_tlvs *t)
{
	uint32_t at = IMAGE_TLV_INFO_BYTES;

	while (at < len) {
		uint32_t bytes, want;
		const uint8_t **value;

		if (len - at < TLV_HEAD_BYTES)
			return -1;
		bytes = get_le16(area + at + 2);
		if (bytes > len - at - TLV_HEAD_BYTES)
			return -1;
		value = known(t, get_le16(area + at), protected, &want);
		at += TLV_HEAD_BYTES;
		if (value && (*value || bytes != want))
			return -1;
		if (value)
			*value = area + at;
		at += bytes;
	}
	return 0;
}
