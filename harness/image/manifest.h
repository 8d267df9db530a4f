/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - the signed manifest: deterministic CBOR (RFC 8949 section 4.2) in a
 * COSE_Sign1 (RFC 9052 section 4.2), Ed25519 (RFC 9053 section 2.2).
 * Fields and integer keys: firmware-under-test/README.md, "Manifest".
 */
#ifndef BP_IMAGE_MANIFEST_H
#define BP_IMAGE_MANIFEST_H

#include "image/image.h"
#include "image/key.h"

#define BP_MANIFEST_MAX_HW 8
#define BP_MANIFEST_MAX_PAYLOADS 4
#define BP_MANIFEST_MAX_BYTES 1024

struct bp_payload {
	uint32_t slot, size;
	uint8_t sha256[32];
};

struct bp_manifest {
	uint32_t format;
	char product[24];
	uint32_t hw[BP_MANIFEST_MAX_HW];
	unsigned n_hw;
	uint32_t min_bootloader, rollback_index;
	char version[32];
	struct bp_payload payload[BP_MANIFEST_MAX_PAYLOADS];
	unsigned n_payloads;
};

/* Encode and sign. key NULL: the COSE_Sign1 carries an empty signature (a test of "unsigned"). *out lives in a. */
int bp_manifest_sign(struct bp_arena *a, const struct bp_manifest *m, const struct bp_key *key, struct bp_bytes *out, struct bp_err *err);

/* Parse; bounded; refuses non-deterministic encodings and unknown keys. key_id gets 8 bytes (zero when absent). No signature check. */
int bp_manifest_parse(const uint8_t *data, size_t len, struct bp_manifest *m, uint8_t key_id[BP_KEY_ID_BYTES], struct bp_err *err);

/* Signature check against key. 0 or BP_ECONFIG. */
int bp_manifest_verify(const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err);

#endif
