/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519_scalar.c - integers modulo L = 2^252 + c, c < 2^125.
 */
#include "lib/ed25519_scalar.h"

#include <stddef.h>

#define WORDS 8

/* L, 32 bits a word, least significant first. */
static const uint32_t order[WORDS] = {
	0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0, 0, 0, 0x10000000,
};

static uint32_t load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int scalar_is_canonical(const uint8_t s[32])
{
	size_t i;

	for (i = WORDS; i-- > 0;) {
		uint32_t word = load_le32(s + 4 * i);

		if (word != order[i])
			return word < order[i];
	}
	return 0; /* L itself */
}

/* r = r - q L modulo 2^288. q: below 2^17. */
static void sub_multiple(uint32_t r[WORDS + 1], uint32_t q)
{
	uint64_t product = 0;
	uint32_t borrow = 0;
	unsigned i;

	for (i = 0; i <= WORDS; i++) {
		uint64_t difference;

		product += i < WORDS ? (uint64_t)q * order[i] : 0;
		difference = (uint64_t)r[i] - (uint32_t)product - borrow;
		r[i] = (uint32_t)difference;
		borrow = (uint32_t)(difference >> 32) & 1;
		product >>= 32;
	}
}

static void add_order(uint32_t r[WORDS + 1])
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i <= WORDS; i++) {
		sum += (uint64_t)r[i] + (i < WORDS ? order[i] : 0);
		r[i] = (uint32_t)sum;
		sum >>= 32;
	}
}

/*
 * r = (r 2^16 + low) mod L for r < L. The quotient is guessed as the bits from
 * 252 on, at most 2^16. As L is a little more than 2^252 the guess is right or
 * one too large: it overshoots by q c < 2^142, far less than L.
 */
static void shift_in(uint32_t r[WORDS + 1], uint32_t low)
{
	unsigned i;

	for (i = 0; i <= WORDS; i++) {
		uint32_t up = r[i] >> 16;

		r[i] = r[i] << 16 | low;
		low = up;
	}
	sub_multiple(r, r[WORDS] << 4 | r[WORDS - 1] >> 28);
	if (r[WORDS]) /* negative */
		add_order(r);
}

void scalar_reduce(uint8_t out[32], const uint8_t wide[64])
{
	uint32_t r[WORDS + 1] = { 0 };
	unsigned i;

	for (i = 64; i; i -= 2)
		shift_in(r, (uint32_t)wide[i - 1] << 8 | wide[i - 2]);
	for (i = 0; i < 32; i++)
		out[i] = (uint8_t)(r[i / 4] >> (i % 4 * 8));
}
