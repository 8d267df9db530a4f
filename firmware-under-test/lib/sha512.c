/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha512.c - SHA-512 (FIPS 180-4 sections 5.1.2, 6.4).
 *
 * Only Ed25519 uses it, on short messages: written for size, not speed.
 */
#include "lib/sha512.h"

#include <stddef.h>
#include <string.h>

#define BLOCK_BYTES 128u

/* FIPS 180-4 section 4.2.3: fractions of the cube roots of the first 80 primes. */
static const uint64_t k512[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

/* FIPS 180-4 section 5.3.5: fractions of the square roots of the first 8 primes. */
static const uint64_t h512[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static inline uint64_t ror(uint64_t x, unsigned n)
{
	return (x >> n) | (x << (64 - n));
}

static uint64_t load_be64(const uint8_t *p)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void store_be64(uint8_t *p, uint64_t v)
{
	unsigned i;

	for (i = 8; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

/* W(t) of section 6.4.2 step 1 from the sixteen words before it. */
static uint64_t schedule(const uint64_t w[16], size_t t)
{
	/* cppcheck-suppress uninitvar ; the caller has loaded all sixteen */
	uint64_t w2 = w[(t + 14) & 15], w15 = w[(t + 1) & 15];
	uint64_t small1 = ror(w2, 19) ^ ror(w2, 61) ^ (w2 >> 6);
	uint64_t small0 = ror(w15, 1) ^ ror(w15, 8) ^ (w15 >> 7);

	return small1 + w[(t + 9) & 15] + small0 + w[t & 15];
}

/* One round, section 6.4.2 step 3; s is a to h. */
static void step(uint64_t s[8], uint64_t kw)
{
	uint64_t a = s[0], e = s[4];
	uint64_t big1 = ror(e, 14) ^ ror(e, 18) ^ ror(e, 41);
	uint64_t big0 = ror(a, 28) ^ ror(a, 34) ^ ror(a, 39);
	uint64_t ch = s[6] ^ (e & (s[5] ^ s[6]));
	uint64_t maj = (a & s[1]) | (s[2] & (a | s[1]));
	uint64_t t1 = s[7] + big1 + ch + kw;

	memmove(s + 1, s, 7 * sizeof(s[0]));
	s[4] += t1;
	s[0] = t1 + big0 + maj;
}

static void compress(uint64_t h[8], const uint8_t *p)
{
	uint64_t w[16], s[8];
	size_t t;

	memcpy(s, h, sizeof(s));
	for (t = 0; t < 80; t++) {
		w[t & 15] = t < 16 ? load_be64(p + 8 * t) : schedule(w, t);
		step(s, k512[t] + w[t & 15]);
	}
	for (t = 0; t < 8; t++)
		h[t] += s[t];
}

void sha512_init(struct sha512 *s)
{
	memcpy(s->h, h512, sizeof(s->h));
	s->len = 0;
}

void sha512_update(struct sha512 *s, const void *data, uint32_t len)
{
	const uint8_t *p = data;

	while (len) {
		uint32_t have = (uint32_t)(s->len % BLOCK_BYTES);
		uint32_t take = BLOCK_BYTES - have < len ? BLOCK_BYTES - have : len;

		memcpy(s->block + have, p, take);
		s->len += take;
		p += take;
		len -= take;
		if (have + take == BLOCK_BYTES)
			compress(s->h, s->block);
	}
}

void sha512_final(struct sha512 *s, uint8_t digest[64])
{
	uint32_t have = (uint32_t)(s->len % BLOCK_BYTES);
	size_t i;

	/* Section 5.1.2: a one bit, zeros, the length in bits in the last sixteen bytes. */
	s->block[have++] = 0x80;
	if (have > BLOCK_BYTES - 16) {
		memset(s->block + have, 0, BLOCK_BYTES - have);
		compress(s->h, s->block);
		have = 0;
	}
	memset(s->block + have, 0, BLOCK_BYTES - have);
	store_be64(s->block + BLOCK_BYTES - 16, s->len >> 61);
	store_be64(s->block + BLOCK_BYTES - 8, s->len << 3);
	compress(s->h, s->block);
	for (i = 0; i < 8; i++)
		store_be64(digest + 8 * i, s->h[i]);
}
