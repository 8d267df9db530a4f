/* SPDX-License-Identifier: Apache-2.0 */
/* fake_manifest.h - manifests as a release would make them, and the key that signs them (libsodium). */
#ifndef FW_TESTS_FAKE_MANIFEST_H
#define FW_TESTS_FAKE_MANIFEST_H

#include "agent/manifest.h"

#include <stdint.h>

#define FAKE_MANIFEST_BYTES 2048u

enum fake_key { FAKE_KEY_NONE, FAKE_KEY_GOOD, FAKE_KEY_STRANGER };

struct fake_fields {
	uint32_t format;
	const char *product;
	uint32_t hw[MANIFEST_MAX_HW + 1], n_hw;
	uint32_t min_bootloader, rollback_index;
	const char *version;
	struct manifest_payload payload[MANIFEST_MAX_PAYLOADS + 1];
	uint32_t n_payloads;
};

/* Put the good key in the board's row 2; signatures are computed from then on. */
void fake_manifest_key(void);

/* What the fake board accepts: two payloads of 100 bytes with made-up hashes. */
struct fake_fields fake_fields_good(void);

/* The signed map as bytes into out[FAKE_MANIFEST_BYTES]. Returns its length. */
uint32_t fake_payload(const struct fake_fields *f, uint8_t *out);

/* COSE_Sign1 around payload[len]; `named` is whose key id stands in the header, `by` who signs (NONE: nobody). */
uint32_t fake_cose(const uint8_t *payload, uint32_t len, enum fake_key named, enum fake_key by, uint8_t *out);

/* Both, all by the good key. */
uint32_t fake_manifest(const struct fake_fields *f, uint8_t *out);

#endif
