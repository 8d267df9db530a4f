/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cose.h - COSE_Sign1 around opaque payload bytes, the one form that we use:
 * tag 18, protected {1: -8 (EdDSA), 4: key id}, unprotected {}, payload,
 * signature (RFC 9052 sections 3.1, 4.2, 4.4; RFC 9053 section 2.2).
 */
#ifndef BP_IMAGE_COSE_H
#define BP_IMAGE_COSE_H

#include "image/image.h"
#include "image/key.h"

/* Offsets are within the bytes given to bp_cose_parse(). */
struct bp_cose {
	size_t protected_at, protected_len;
	size_t payload_at, payload_len;
	size_t sig_at, sig_len; /* sig_len 64, or 0: unsigned */
	uint8_t key_id[BP_KEY_ID_BYTES];
	int has_key_id;
};

/* Structure only. BP_ECONFIG names the first thing wrong; encodings that are not deterministic are wrong. */
int bp_cose_parse(const uint8_t *data, size_t len, struct bp_cose *c, struct bp_err *err);

/* Wrap and sign; key NULL: no key id, an empty signature. *out lives in a. */
int bp_cose_sign(struct bp_arena *a, const uint8_t *payload, size_t len, const struct bp_key *key, struct bp_bytes *out,
		 struct bp_err *err);

/* 0, or BP_ECONFIG: unsigned, another key id, or the signature does not fit. */
int bp_cose_verify(const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err);

/*
 * The bytes that are signed: ["Signature1", protected, h'', payload]. Returns
 * their count; BP_ENOMEM when they do not fit into cap.
 */
int bp_cose_tbs(const uint8_t *protected_bytes, size_t protected_len, const uint8_t *payload, size_t payload_len,
		uint8_t *out, size_t cap, struct bp_err *err);

#endif
