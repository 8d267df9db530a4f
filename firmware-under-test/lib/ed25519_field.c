/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519_field.c - integers modulo 2^255 - 19 in ten limbs.
 *
 * Why nothing overflows: with A = 1.6 * 2^27 as bound of an even limb and A/2
 * of an odd one, column 0 of a product, the largest, is below
 *   A^2 + 5 * 38 * (A/2)^2 + 4 * 19 * A^2 = 124.5 A^2 < 2^62.4,
 * and 19 times a limb is below 2^32 (1.6 * 19 = 30.4 < 32).
 */
#include "lib/ed25519_field.h"

#include <stddef.h>
#include <string.h>

#define MASK26 0x3ffffffu
#define MASK25 0x1ffffffu

const struct fe fe_zero = { { 0 } };
const struct fe fe_one = { { 1 } };

static inline unsigned width(unsigned i)
{
	return 26 - (i & 1);
}

static inline uint32_t mask(unsigned i)
{
	return i & 1 ? MASK25 : MASK26;
}

void fe_from_bytes(struct fe *r, const uint8_t bytes[32])
{
	unsigned i;

	for (i = 0; i < FE_LIMBS; i++) {
		unsigned bit = (51 * i + 1) / 2; /* ceil(25.5 i); with its limb it never spans more than 4 bytes */
		const uint8_t *p = bytes + bit / 8;
		uint32_t word = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

		r->v[i] = (word >> (bit % 8)) & mask(i);
	}
}

/* One pass over limbs below 2^30: tight, limb 0 by far the only one above its width. */
static void carry(struct fe *r)
{
	uint32_t c = 0;
	unsigned i;

	for (i = 0; i < FE_LIMBS; i++) {
		c += r->v[i];
		r->v[i] = c & mask(i);
		c >>= width(i);
	}
	r->v[0] += 19 * c; /* 2^255 = 19 mod p */
}

void fe_to_bytes(uint8_t bytes[32], const struct fe *a)
{
	struct fe t = *a;
	uint64_t acc = 0;
	unsigned i, bits = 0;
	uint32_t q = 19;

	carry(&t);
	/* Now t < 2^255 + 2^10 < 2p. t >= p exactly when t + 19 reaches bit 255: q. */
	for (i = 0; i < FE_LIMBS; i++)
		q = (t.v[i] + q) >> width(i);
	/* t + 19q without bit 255 is t - qp. */
	t.v[0] += 19 * q;
	for (i = 0; i < FE_LIMBS - 1; i++) {
		t.v[i + 1] += t.v[i] >> width(i);
		t.v[i] &= mask(i);
	}
	t.v[FE_LIMBS - 1] &= MASK25;
	for (i = 0; i < FE_LIMBS; i++) {
		acc |= (uint64_t)t.v[i] << bits;
		for (bits += width(i); bits >= 8; bits -= 8, acc >>= 8)
			*bytes++ = (uint8_t)acc;
	}
	*bytes = (uint8_t)acc; /* 255 bits: seven are left */
}

void fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	unsigned i;

	for (i = 0; i < FE_LIMBS; i++)
		r->v[i] = a->v[i] + b->v[i];
}

/* Limbs of 2p, each at least as large as a tight limb. */
static inline uint32_t two_p(unsigned i)
{
	return i == 0 ? 2 * (MASK26 - 18) : 2 * mask(i);
}

void fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	unsigned i;

	for (i = 0; i < FE_LIMBS; i++)
		r->v[i] = a->v[i] + two_p(i) - b->v[i];
}

void fe_add_carry(struct fe *r, const struct fe *a, const struct fe *b)
{
	fe_add(r, a, b);
	carry(r);
}

void fe_sub_carry(struct fe *r, const struct fe *a, const struct fe *b)
{
	unsigned i;

	/* 4p is at least as large as a loose b in each limb. */
	for (i = 0; i < FE_LIMBS; i++)
		r->v[i] = a->v[i] + 2 * two_p(i) - b->v[i];
	carry(r);
}

/* Columns below 2^63 to tight limbs. */
static inline void reduce(struct fe *r, uint64_t h[FE_LIMBS])
{
	/* Two chains side by side, 0 to 4 and 5 to 9: half the latency of one. */
	h[1] += h[0] >> 26;
	h[6] += h[5] >> 25;
	h[2] += h[1] >> 25;
	h[7] += h[6] >> 26;
	h[3] += h[2] >> 26;
	h[8] += h[7] >> 25;
	h[4] += h[3] >> 25;
	h[9] += h[8] >> 26;
	h[5] = (h[5] & MASK25) + (h[4] >> 26);
	h[0] = (h[0] & MASK26) + (h[9] >> 25) * 19;
	/* h[0] and h[5] are below 2^43 again: one more step brings them down. */
	h[1] = (h[1] & MASK25) + (h[0] >> 26);
	h[6] = (h[6] & MASK26) + (h[5] >> 25);
	r->v[0] = (uint32_t)h[0] & MASK26;
	r->v[1] = (uint32_t)h[1];
	r->v[2] = (uint32_t)h[2] & MASK26;
	r->v[3] = (uint32_t)h[3] & MASK25;
	r->v[4] = (uint32_t)h[4] & MASK26;
	r->v[5] = (uint32_t)h[5] & MASK25;
	r->v[6] = (uint32_t)h[6];
	r->v[7] = (uint32_t)h[7] & MASK25;
	r->v[8] = (uint32_t)h[8] & MASK26;
	r->v[9] = (uint32_t)h[9] & MASK25;
}

static inline uint64_t m(uint32_t a, uint32_t b)
{
	return (uint64_t)a * b;
}

/*
 * Limb i times limb j weighs 2^(ceil(25.5 i) + ceil(25.5 j)): once more by two
 * than column i + j when both are odd (the d limbs), and from column 10 on it
 * comes back at the bottom times 19 (the n limbs).
 */
void fe_mul(struct fe *r, const struct fe *fa, const struct fe *fb)
{
	const uint32_t *a = fa->v, *b = fb->v;
	uint32_t d1 = 2 * a[1], d3 = 2 * a[3], d5 = 2 * a[5], d7 = 2 * a[7], d9 = 2 * a[9];
	uint32_t n1 = 19 * b[1], n2 = 19 * b[2], n3 = 19 * b[3], n4 = 19 * b[4], n5 = 19 * b[5];
	uint32_t n6 = 19 * b[6], n7 = 19 * b[7], n8 = 19 * b[8], n9 = 19 * b[9];
	uint64_t h[FE_LIMBS];

	h[0] = m(a[0], b[0]) + m(d1, n9) + m(a[2], n8) + m(d3, n7) + m(a[4], n6) +
	       m(d5, n5) + m(a[6], n4) + m(d7, n3) + m(a[8], n2) + m(d9, n1);
	h[1] = m(a[0], b[1]) + m(a[1], b[0]) + m(a[2], n9) + m(a[3], n8) + m(a[4], n7) +
	       m(a[5], n6) + m(a[6], n5) + m(a[7], n4) + m(a[8], n3) + m(a[9], n2);
	h[2] = m(a[0], b[2]) + m(d1, b[1]) + m(a[2], b[0]) + m(d3, n9) + m(a[4], n8) +
	       m(d5, n7) + m(a[6], n6) + m(d7, n5) + m(a[8], n4) + m(d9, n3);
	h[3] = m(a[0], b[3]) + m(a[1], b[2]) + m(a[2], b[1]) + m(a[3], b[0]) + m(a[4], n9) +
	       m(a[5], n8) + m(a[6], n7) + m(a[7], n6) + m(a[8], n5) + m(a[9], n4);
	h[4] = m(a[0], b[4]) + m(d1, b[3]) + m(a[2], b[2]) + m(d3, b[1]) + m(a[4], b[0]) +
	       m(d5, n9) + m(a[6], n8) + m(d7, n7) + m(a[8], n6) + m(d9, n5);
	h[5] = m(a[0], b[5]) + m(a[1], b[4]) + m(a[2], b[3]) + m(a[3], b[2]) + m(a[4], b[1]) +
	       m(a[5], b[0]) + m(a[6], n9) + m(a[7], n8) + m(a[8], n7) + m(a[9], n6);
	h[6] = m(a[0], b[6]) + m(d1, b[5]) + m(a[2], b[4]) + m(d3, b[3]) + m(a[4], b[2]) +
	       m(d5, b[1]) + m(a[6], b[0]) + m(d7, n9) + m(a[8], n8) + m(d9, n7);
	h[7] = m(a[0], b[7]) + m(a[1], b[6]) + m(a[2], b[5]) + m(a[3], b[4]) + m(a[4], b[3]) +
	       m(a[5], b[2]) + m(a[6], b[1]) + m(a[7], b[0]) + m(a[8], n9) + m(a[9], n8);
	h[8] = m(a[0], b[8]) + m(d1, b[7]) + m(a[2], b[6]) + m(d3, b[5]) + m(a[4], b[4]) +
	       m(d5, b[3]) + m(a[6], b[2]) + m(d7, b[1]) + m(a[8], b[0]) + m(d9, n9);
	h[9] = m(a[0], b[9]) + m(a[1], b[8]) + m(a[2], b[7]) + m(a[3], b[6]) + m(a[4], b[5]) +
	       m(a[5], b[4]) + m(a[6], b[3]) + m(a[7], b[2]) + m(a[8], b[1]) + m(a[9], b[0]);
	reduce(r, h);
}

/* fe_mul with equal arguments: each mixed product once, doubled (t limbs: twice; d, n as above). */
void fe_sqr(struct fe *r, const struct fe *fa)
{
	const uint32_t *a = fa->v;
	uint32_t t0 = 2 * a[0], t1 = 2 * a[1], t2 = 2 * a[2], t3 = 2 * a[3], t4 = 2 * a[4];
	uint32_t t5 = 2 * a[5], t6 = 2 * a[6], t7 = 2 * a[7];
	uint32_t n5 = 19 * a[5], n6 = 19 * a[6], n7 = 19 * a[7], n8 = 19 * a[8], n9 = 19 * a[9];
	uint64_t h[FE_LIMBS];

	h[0] = m(a[0], a[0]) + 2 * (m(t1, n9) + m(a[2], n8) + m(t3, n7) + m(a[4], n6)) + m(t5, n5);
	h[1] = m(t0, a[1]) + m(t2, n9) + m(t3, n8) + m(t4, n7) + m(t5, n6);
	h[2] = m(t0, a[2]) + m(t1, a[1]) + 2 * (m(t3, n9) + m(a[4], n8) + m(t5, n7)) + m(a[6], n6);
	h[3] = m(t0, a[3]) + m(t1, a[2]) + m(t4, n9) + m(t5, n8) + m(t6, n7);
	h[4] = m(t0, a[4]) + 2 * m(t1, a[3]) + m(a[2], a[2]) + 2 * (m(t5, n9) + m(a[6], n8)) + m(t7, n7);
	h[5] = m(t0, a[5]) + m(t1, a[4]) + m(t2, a[3]) + m(t6, n9) + m(t7, n8);
	h[6] = m(t0, a[6]) + 2 * m(t1, a[5]) + m(t2, a[4]) + m(t3, a[3]) + 2 * m(t7, n9) + m(a[8], n8);
	h[7] = m(t0, a[7]) + m(t1, a[6]) + m(t2, a[5]) + m(t3, a[4]) + 2 * m(a[8], n9);
	h[8] = m(t0, a[8]) + 2 * (m(t1, a[7]) + m(t3, a[5])) + m(t2, a[6]) + m(a[4], a[4]) + 2 * m(a[9], n9);
	h[9] = m(t0, a[9]) + m(t1, a[8]) + m(t2, a[7]) + m(t3, a[6]) + m(t4, a[5]);
	reduce(r, h);
}

/* r = a^(2^n) * b */
static void sqr_mul(struct fe *r, const struct fe *a, unsigned n, const struct fe *b)
{
	struct fe t = *a;

	for (; n; n--)
		fe_sqr(&t, &t);
	fe_mul(r, &t, b);
}

/* a^(2^250 - 1), the long part of both exponents; a^11 on the way. */
static void pow_250(struct fe *r, struct fe *a11, const struct fe *a)
{
	struct fe a9, x5, x10, x20, x50, x100; /* xN = a^(2^N - 1) */

	fe_sqr(&a9, a);
	*a11 = a9;                    /* a^2 for now */
	sqr_mul(&a9, &a9, 2, a);      /* a^(8 + 1) */
	fe_mul(a11, a11, &a9);        /* a^(2 + 9) */
	sqr_mul(&x5, a11, 1, &a9);    /* a^(22 + 9) */
	sqr_mul(&x10, &x5, 5, &x5);
	sqr_mul(&x20, &x10, 10, &x10);
	sqr_mul(&x50, &x20, 20, &x20);  /* x40 */
	sqr_mul(&x50, &x50, 10, &x10);
	sqr_mul(&x100, &x50, 50, &x50);
	sqr_mul(r, &x100, 100, &x100);  /* x200 */
	sqr_mul(r, r, 50, &x50);
}

void fe_invert(struct fe *r, const struct fe *a)
{
	struct fe x250, a11;

	pow_250(&x250, &a11, a);
	sqr_mul(r, &x250, 5, &a11); /* 2^255 - 2^5 + 11 = p - 2 */
}

void fe_pow_p58(struct fe *r, const struct fe *a)
{
	struct fe x250, a11;

	pow_250(&x250, &a11, a);
	sqr_mul(r, &x250, 2, a); /* 2^252 - 2^2 + 1 = (p - 5) / 8 */
}

int fe_is_zero(const struct fe *a)
{
	static const uint8_t zero[32];
	uint8_t bytes[32];

	fe_to_bytes(bytes, a);
	return memcmp(bytes, zero, sizeof(zero)) == 0;
}

int fe_is_odd(const struct fe *a)
{
	uint8_t bytes[32];

	fe_to_bytes(bytes, a);
	return bytes[0] & 1;
}
