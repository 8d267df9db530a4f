/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h - Ed25519 keys as PEM files (PKCS#8 private, SubjectPublicKeyInfo public:
 * RFC 8410), the form that imgtool and openssl read and write. Test keys only.
 */
#ifndef BP_IMAGE_KEY_H
#define BP_IMAGE_KEY_H

#include "image/image.h"

#define BP_KEY_ID_BYTES 8

int bp_key_read(const char *path, struct bp_key *key, struct bp_err *err);
/* The same from len bytes of PEM text; name (cut to fit) becomes key->name. key is untouched on failure. */
int bp_key_parse(const char *text, size_t len, const char *name, struct bp_key *key, struct bp_err *err);
int bp_key_write(const char *path, const struct bp_key *key, struct bp_err *err);     /* private PEM, mode 0600 */
int bp_key_write_pub(const char *path, const struct bp_key *key, struct bp_err *err);
void bp_key_from_seed(const uint8_t seed[32], const char *name, struct bp_key *key);
/* First 8 bytes of SHA-256 over the raw public key: the COSE key id. */
void bp_key_id(const struct bp_key *key, uint8_t id[BP_KEY_ID_BYTES]);
/* SHA-256 over the DER SubjectPublicKeyInfo: MCUboot's key hash TLV. */
void bp_key_hash(const struct bp_key *key, uint8_t hash[32]);

#endif
