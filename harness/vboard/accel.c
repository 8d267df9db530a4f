/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accel.c - the native board's hash and signature unit: libsodium, with results
 * remembered by content. Remembering changes how long the host works, never
 * what the board sees or how long it takes in virtual time.
 */
#include "vboard/board.h"

#include <sodium.h>
#include <string.h>
#include <xxhash.h>

#define ROWS 8192u /* a power of two; a matrix meets about a hundred contents at a time */

struct row {
	struct bp_hash128 key;
	uint8_t digest[32]; /* SHA-256, or digest[0]: signature good */
	bool used;
};

struct bp_accel_cache {
	struct row sha[ROWS], sig[ROWS];
};

struct bp_accel_cache *bp_accel_cache_new(struct bp_arena *a)
{
	return bp_arena_alloc(a, sizeof(struct bp_accel_cache));
}

static struct row *find(struct row *rows, struct bp_hash128 key)
{
	struct row *r = &rows[key.lo & (ROWS - 1)];

	if (r->used && (r->key.lo != key.lo || r->key.hi != key.hi))
		r->used = false; /* one place a key: the newer content wins */
	r->key = key;
	return r;
}

static int sha_read(struct bp_vboard *b, uint32_t addr, uint32_t len, uint8_t digest[32])
{
	crypto_hash_sha256_state s;
	uint8_t buf[1024];
	int rc = 0;

	crypto_hash_sha256_init(&s);
	for (uint32_t n; len; addr += n, len -= n) {
		n = len < sizeof(buf) ? len : (uint32_t)sizeof(buf);
		rc |= bp_flash_read(b->flash, addr, buf, n);
		crypto_hash_sha256_update(&s, buf, n);
	}
	crypto_hash_sha256_final(&s, digest);
	return rc;
}

int bp_accel_sha256(struct bp_vboard *b, uint32_t addr, uint32_t len, uint8_t digest[32])
{
	const struct bp_geometry *g = &b->config->flash;
	uint32_t first = bp_flash_page_at(g, addr).number, last;
	XXH128_hash_t h;
	struct row *r;

	if (b->accel != BP_ACCEL_REMEMBER || !len || bp_flash_unsettled(b->flash, addr, len))
		return sha_read(b, addr, len, digest);
	last = bp_flash_page_at(g, addr + len - 1).number;
	for (uint32_t p = first; p <= last; p++)
		bp_flash_page_hash(b->flash, p);
	h = XXH3_128bits_withSeed(&b->flash->page_hash[first], (last - first + 1) * sizeof(struct bp_hash128),
				  ((uint64_t)addr << 32) | len);
	r = find(b->cache->sha, (struct bp_hash128){h.low64, h.high64});
	if (!r->used) {
		sha_read(b, addr, len, r->digest);
		r->used = true;
	}
	memcpy(digest, r->digest, 32);
	return 0;
}

int bp_accel_ed25519(struct bp_vboard *b, const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64])
{
	struct { uint8_t pub[32], sig[64]; uint64_t msg[2]; } key;
	XXH128_hash_t h;
	struct row *r;

	if (b->accel != BP_ACCEL_REMEMBER)
		return crypto_sign_verify_detached(sig, msg, len, pub) == 0;
	h = XXH3_128bits_withSeed(msg, len, len);
	memcpy(key.pub, pub, 32);
	memcpy(key.sig, sig, 64);
	key.msg[0] = h.low64;
	key.msg[1] = h.high64;
	h = XXH3_128bits(&key, sizeof(key));
	r = find(b->cache->sig, (struct bp_hash128){h.low64, h.high64});
	if (!r->used) {
		r->digest[0] = crypto_sign_verify_detached(sig, msg, len, pub) == 0;
		r->used = true;
	}
	return r->digest[0];
}
