/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.c - SHA-256 (FIPS 180-4 sections 5.1.1, 6.2).
 *
 * Eight rounds are written out: on the host this is much of the time that a
 * simulated update takes, and straight code is what a compiler does best with.
 */
#include "lib/sha256.h"

#include <stddef.h>
#include <string.h>

#define BLOCK_BYTES 64u

/* FIPS 180-4 section 4.2.2: fractions of the cube roots of the first 64 primes. */
static const uint32_t k256[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* FIPS 180-4 section 5.3.3: fractions of the square roots of the first 8 primes. */
static const uint32_t h256[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t ror(uint32_t x, unsigned n)
{
	return (x >> n) | (x << (32 - n));
}

static inline uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* The functions of section 4.1.2; ch and maj in forms with fewer operations. */
static inline uint32_t ch(uint32_t x, uint32_t y, uint32_t z)
{
	return z ^ (x & (y ^ z));
}

static inline uint32_t maj(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (z & (x | y));
}

static inline uint32_t big0(uint32_t x)
{
	return ror(x, 2) ^ ror(x, 13) ^ ror(x, 22);
}

static inline uint32_t big1(uint32_t x)
{
	return ror(x, 6) ^ ror(x, 11) ^ ror(x, 25);
}

static inline uint32_t small0(uint32_t x)
{
	return ror(x, 7) ^ ror(x, 18) ^ (x >> 3);
}

static inline uint32_t small1(uint32_t x)
{
	return ror(x, 17) ^ ror(x, 19) ^ (x >> 10);
}

/* Message schedule, section 6.2.2 step 1: w[j] becomes W(t+16), in place. */
#define NEXT(w, j) \
	((w)[j] += small1((w)[((j) + 14) & 15]) + (w)[((j) + 9) & 15] + small0((w)[((j) + 1) & 15]))

static inline void schedule(uint32_t w[16])
{
	NEXT(w, 0), NEXT(w, 1), NEXT(w, 2), NEXT(w, 3);
	NEXT(w, 4), NEXT(w, 5), NEXT(w, 6), NEXT(w, 7);
	NEXT(w, 8), NEXT(w, 9), NEXT(w, 10), NEXT(w, 11);
	NEXT(w, 12), NEXT(w, 13), NEXT(w, 14), NEXT(w, 15);
}

/* Section 6.2.2 step 3; the caller renames the variables instead of moving them. */
#define ROUND(a, b, c, d, e, f, g, h, kw)                     \
	do {                                                  \
		(h) += big1(e) + ch((e), (f), (g)) + (kw);    \
		(d) += (h);                                   \
		(h) += big0(a) + maj((a), (b), (c));          \
	} while (0)

/* Eight rounds: after them the names are back in place. */
static inline void rounds8(uint32_t s[8], const uint32_t *k, const uint32_t *w)
{
	uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
	uint32_t e = s[4], f = s[5], g = s[6], h = s[7];

	ROUND(a, b, c, d, e, f, g, h, k[0] + w[0]);
	ROUND(h, a, b, c, d, e, f, g, k[1] + w[1]);
	ROUND(g, h, a, b, c, d, e, f, k[2] + w[2]);
	ROUND(f, g, h, a, b, c, d, e, k[3] + w[3]);
	ROUND(e, f, g, h, a, b, c, d, k[4] + w[4]);
	ROUND(d, e, f, g, h, a, b, c, k[5] + w[5]);
	ROUND(c, d, e, f, g, h, a, b, k[6] + w[6]);
	ROUND(b, c, d, e, f, g, h, a, k[7] + w[7]);
	s[0] = a, s[1] = b, s[2] = c, s[3] = d;
	s[4] = e, s[5] = f, s[6] = g, s[7] = h;
}

/* n whole blocks. */
static void compress(uint32_t h[8], const uint8_t *p, uint32_t n)
{
	for (; n; n--, p += BLOCK_BYTES) {
		uint32_t w[16], s[8];
		size_t i;

		for (i = 0; i < 16; i++)
			w[i] = load_be32(p + 4 * i);
		memcpy(s, h, sizeof(s));
		for (i = 0; i < 64; i += 16) {
			if (i)
				schedule(w);
			rounds8(s, k256 + i, w);
			rounds8(s, k256 + i + 8, w + 8);
		}
		for (i = 0; i < 8; i++)
			h[i] += s[i];
	}
}

void sha256_init(struct sha256 *s)
{
	memcpy(s->h, h256, sizeof(s->h));
	s->len = 0;
}

void sha256_update(struct sha256 *s, const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint32_t have = (uint32_t)(s->len % BLOCK_BYTES);

	if (!len)
		return; /* data may be NULL then, and memcpy must not see it */
	s->len += len;
	if (have) {
		uint32_t take = BLOCK_BYTES - have < len ? BLOCK_BYTES - have : len;

		memcpy(s->block + have, p, take);
		if (have + take < BLOCK_BYTES)
			return;
		compress(s->h, s->block, 1);
		p += take;
		len -= take;
	}
	compress(s->h, p, len / BLOCK_BYTES);
	memcpy(s->block, p + (len - len % BLOCK_BYTES), len % BLOCK_BYTES);
}

void sha256_final(struct sha256 *s, uint8_t digest[32])
{
	uint32_t have = (uint32_t)(s->len % BLOCK_BYTES);
	uint64_t bits = s->len * 8;
	size_t i;

	/* Section 5.1.1: a one bit, zeros, the length in bits in the last eight bytes. */
	s->block[have++] = 0x80;
	if (have > BLOCK_BYTES - 8) {
		memset(s->block + have, 0, BLOCK_BYTES - have);
		compress(s->h, s->block, 1);
		have = 0;
	}
	memset(s->block + have, 0, BLOCK_BYTES - 8 - have);
	store_be32(s->block + BLOCK_BYTES - 8, (uint32_t)(bits >> 32));
	store_be32(s->block + BLOCK_BYTES - 4, (uint32_t)bits);
	compress(s->h, s->block, 1);
	for (i = 0; i < 8; i++)
		store_be32(digest + 4 * i, s->h[i]);
}
