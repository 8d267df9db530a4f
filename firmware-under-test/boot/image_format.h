/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_format.h - the MCUboot image format (MCUboot design document, "Image
 * format"), from bytes in RAM: no flash, no crypto.
 */
#ifndef FW_IMAGE_FORMAT_H
#define FW_IMAGE_FORMAT_H

#include "boot/boot_state.h"

#include <stdint.h>

#define IMAGE_HEADER_BYTES 32u
#define IMAGE_TLV_INFO_BYTES 4u /* magic u16, length u16 of the area with these four */
/*
 * Longest TLV area that is taken: ours have 12 and 148 bytes. A bound keeps the
 * area in one buffer and its walk short before anything has been authenticated.
 */
#define IMAGE_TLV_MAX_BYTES 512u

struct image_header {
	uint32_t load_addr;
	uint32_t prot_at;        /* offset of the protected TLV area: header and body */
	uint32_t prot_bytes;     /* 0: there is none */
	struct fw_version version;
};

struct image_tlvs {              /* values, in the caller's buffer; NULL: absent */
	const uint8_t *sha256;   /* 32 bytes */
	const uint8_t *key_hash; /* 32 bytes */
	const uint8_t *ed25519;  /* 64 bytes */
	const uint8_t *counter;  /* u32, little-endian; protected area only */
};

/* 0, or -1: no image, or one that needs more than `room` bytes. */
int image_header_parse(const uint8_t in[IMAGE_HEADER_BYTES], uint32_t room, struct image_header *h);

/*
 * Length of a TLV area from its first four bytes, at most `room` and IMAGE_TLV_MAX_BYTES; 0: not such an
 * area, or too long. `protected` picks the magic.
 */
uint32_t image_tlv_bytes(const uint8_t info[IMAGE_TLV_INFO_BYTES], int protected, uint32_t room);

/* Collect the values of an area of len bytes, its info included. 0, or -1: malformed, a TLV of ours twice or of the wrong size. */
int image_tlvs_parse(const uint8_t *area, uint32_t len, int protected, struct image_tlvs *t);

#endif
