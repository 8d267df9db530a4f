/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_verify.h - is the image in a slot whole, authentic and meant for it?
 * Used by the bootloader at each boot and by the agent after a download.
 */
#ifndef FW_IMAGE_VERIFY_H
#define FW_IMAGE_VERIFY_H

#include "boot/boot_state.h"
#include "boot/reason.h"

#include <stdint.h>

struct image_info {
	struct fw_version version;
	uint32_t size;            /* header, body, protected and other TLVs */
	uint32_t counter;         /* security counter, 0 without one */
	uint8_t digest[32];       /* the SHA-256 TLV: what SMP calls the image's hash */
};

/* Structure only: header and TLVs of the image in slot (0 or 1). REASON_NONE, BAD_IMAGE or WRONG_SLOT. */
enum reason image_inspect(uint32_t slot, struct image_info *info);

/* Structure, hash, key, signature, and counter >= least. REASON_NONE or what is wrong. */
enum reason image_verify(uint32_t slot, uint32_t least_counter, struct image_info *info);

/* SHA-256 of len bytes of flash at addr; cost is accounted, the board's accelerator used when there is one. 0 or -1. */
int flash_sha256(uint32_t addr, uint32_t len, uint8_t digest[32]);

/* Ed25519 check with the board's key of that row, likewise. 1 good, 0 bad. */
int key_verify(uint32_t row, const void *msg, uint32_t len, const uint8_t sig[64]);

#endif
