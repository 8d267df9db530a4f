/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - the signed manifest of a release (README.md, "Manifest"): reading
 * and the checks that need no flash.
 */
#ifndef FW_MANIFEST_H
#define FW_MANIFEST_H

#include "boot/boot_state.h"
#include "boot/reason.h"

#include <stdint.h>

#define MANIFEST_MAX_HW 8u
#define MANIFEST_MAX_PAYLOADS 4u
#define MANIFEST_PRODUCT_BYTES 24u

struct manifest_payload {
	uint32_t slot, size;
	uint8_t sha256[32];      /* of the whole image file */
};

struct manifest {
	char product[MANIFEST_PRODUCT_BYTES];
	uint32_t hw[MANIFEST_MAX_HW], n_hw;
	uint32_t min_bootloader, rollback_index;
	struct fw_version version;
	struct manifest_payload payload[MANIFEST_MAX_PAYLOADS];
	uint32_t n_payloads;
};

/*
 * Parse data[len] and check its signature with the board's keys: structure
 * (BAD_MANIFEST), an empty signature (UNSIGNED), key id (UNKNOWN_KEY, REVOKED_KEY), then
 * BAD_SIGNATURE. *m is filled on REASON_NONE only.
 */
enum reason manifest_open(const uint8_t *data, uint32_t len, struct manifest *m);

/* Is it meant for this board: WRONG_PRODUCT, WRONG_HARDWARE, BOOTLOADER_TOO_OLD, or ROLLBACK_INDEX below `least`. */
enum reason manifest_check(const struct manifest *m, uint32_t least);

/* The payload for slot, or NULL. */
const struct manifest_payload *manifest_for_slot(const struct manifest *m, uint32_t slot);

#endif
