/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_image.h"

#include "lib/sha256.h"
#include "tests/fake_dut.h"

#include <string.h>

/* RFC 8410 section 4: what stands before the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo. */
static const uint8_t spki[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

void fake_keys(void)
{
	/* Row 0 stays empty: rows are not looked up by position. */
	memset(fake.board.key[1].pub, 0x5a, sizeof(fake.board.key[1].pub));
	fake.board.key[1].id_len = 8;
	fake.accel = 1;
}

uint8_t *fake_slot(uint32_t slot)
{
	return fake.flash + fake.board.area[slot ? DUT_AREA_SLOT_B : DUT_AREA_SLOT_A].addr;
}

static uint8_t *put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v & 0xffff), v >> 16);
}

static uint8_t *put_tlv(uint8_t *p, uint32_t type, uint32_t len)
{
	p = put16(put16(p, type), len);
	memset(p, 0, len);
	return p + len;
}

static void put_key_hash(uint8_t *p)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, spki, sizeof(spki));
	sha256_update(&s, fake.board.key[1].pub, sizeof(fake.board.key[1].pub));
	sha256_final(&s, p);
}

void fake_rehash(uint32_t slot)
{
	uint8_t *image = fake_slot(slot);
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, image, FAKE_IMAGE_TLV_AT);
	sha256_final(&s, image + FAKE_IMAGE_TLV_AT + 8);
}

void fake_image(uint32_t slot, uint32_t counter, uint8_t minor)
{
	uint8_t *image = fake_slot(slot), *p = image;

	memset(image, fake.board.erased, fake.board.area[DUT_AREA_SLOT_A].size);
	p = put32(p, 0x96f3b83d);
	p = put32(p, (uint32_t)(image - fake.flash));
	p = put16(p, 32);
	p = put16(p, 12);
	p = put32(p, FAKE_BODY_BYTES);
	p = put32(p, 0);
	*p++ = 1;
	*p++ = minor;
	memset(p, 0, 10);
	memset(p + 10, minor, FAKE_BODY_BYTES);
	p = image + FAKE_IMAGE_PROT_AT;
	p = put16(put16(p, 0x6908), 12);
	p = put_tlv(p, 0x50, 4);
	put32(p - 4, counter);
	p = put16(put16(p, 0x6907), 4 + 36 + 36 + 68);
	p = put_tlv(p, 0x10, 32);
	p = put_tlv(p, 0x01, 32);
	put_key_hash(p - 32);
	put_tlv(p, 0x24, 64);
	fake_rehash(slot);
}
