/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - MCUboot images: build, parse, sign.
 *
 * Format: MCUboot design document, "Image format", and imgtool: 32-byte header,
 * body, protected TLVs (security counter), TLVs (SHA-256, key hash, Ed25519 over
 * the digest). See firmware-under-test/README.md for the fields that we use.
 */
#ifndef BP_IMAGE_IMAGE_H
#define BP_IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define BP_IMAGE_MAGIC 0x96f3b83du
#define BP_IMAGE_HEADER_BYTES 32u
#define BP_TLV_INFO_MAGIC 0x6907u
#define BP_TLV_PROT_INFO_MAGIC 0x6908u
#define BP_TLV_KEYHASH 0x01u
#define BP_TLV_SHA256 0x10u
#define BP_TLV_ED25519 0x24u
#define BP_TLV_SEC_CNT 0x50u
#define BP_IMAGE_F_ROM_FIXED 0x100u /* load_addr is the address that the image was linked for */
#define BP_IMAGE_MAX_BYTES (16u * 1024u * 1024u)

struct bp_version {
	uint8_t major, minor;
	uint16_t revision;
	uint32_t build;
};

/* An Ed25519 key pair; pub only when !has_secret. */
struct bp_key {
	char name[32];
	uint8_t pub[32], secret[64]; /* secret in libsodium's order: seed, pub */
	int has_secret;
};

struct bp_bytes {
	uint8_t *data;
	size_t len;
};

struct bp_image_spec {
	uint32_t load_addr;          /* slot address */
	struct bp_version version;
	uint32_t security_counter;
	const uint8_t *body;
	size_t body_len;
	const struct bp_key *key;    /* NULL: unsigned (hash TLV only) */
};

/* Where the parts of a parsed image lie: offsets into the bytes, all checked against len. */
struct bp_image_info {
	uint32_t load_addr, body_len, flags;
	uint16_t header_len, prot_len;
	struct bp_version version;
	size_t prot_at, tlv_at, end;      /* end: header + body + protected + TLV areas */
	size_t sha_at, keyhash_at, sig_at; /* value offsets, 0 when the TLV is absent */
	size_t counter_at;
	uint32_t security_counter;
	int has_counter;
};

/* Bytes of the image that spec makes, without building it. */
size_t bp_image_size(const struct bp_image_spec *spec);

/* Build and sign; *out lives in a. Deterministic. */
int bp_image_build(struct bp_arena *a, const struct bp_image_spec *spec, struct bp_bytes *out, struct bp_err *err);

/* Structure only, no crypto. Every length is bounded by len. BP_ECONFIG names the first thing wrong and its offset. */
int bp_image_parse(const uint8_t *data, size_t len, struct bp_image_info *info, struct bp_err *err);

/* Hash over header, body and protected TLVs against the SHA-256 TLV, signature against key (NULL: hash only). 0 or BP_ECONFIG with what is wrong. */
int bp_image_verify(const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err);

/*
 * Recompute hash TLV, key hash TLV and signature in place after header or body were
 * edited; TLVs that the image lacks stay absent. key NULL: the hash TLV alone, as
 * somebody who cannot sign would. BP_ECONFIG when the image does not parse.
 */
int bp_image_resign(uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err);

/*
 * Seeded filler (base/rng.h) for bodies that nobody executes; body takes len
 * bytes. slot: 0 A, 1 B; bodies differ as those of a program linked for each.
 */
void bp_image_fill(uint8_t *body, size_t len, uint64_t seed, unsigned slot);

int bp_version_parse(const char *text, struct bp_version *out, struct bp_err *err); /* "1.2.3" or "1.2.3+4" */
char *bp_version_show(char out[32], const struct bp_version *v);                   /* always with +build when not 0 */
int bp_version_compare(const struct bp_version *a, const struct bp_version *b);

#endif
