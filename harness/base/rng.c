/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <assert.h>

/* The odd number nearest to 2^64 divided by the golden ratio (Steele et al., section 3). */
#define GAMMA UINT64_C(0x9e3779b97f4a7c15)

uint64_t bp_mix64(uint64_t x)
{
	/* Shifts and factors: D. Stafford's "Mix13", which SplitMix64 uses. */
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void bp_rng_seed(struct bp_rng *r, const uint64_t *words, size_t n)
{
	uint64_t s = (uint64_t)n * GAMMA;

	/* GAMMA keeps a run of zero words from staying at zero. */
	for (size_t i = 0; i < n; i++)
		s = bp_mix64((s ^ words[i]) + GAMMA);
	r->state = s;
}

uint64_t bp_rng_next(struct bp_rng *r)
{
	r->state += GAMMA;
	return bp_mix64(r->state);
}

uint32_t bp_rng_below(struct bp_rng *r, uint32_t n)
{
	uint32_t uneven, x;

	assert(n);
	/* 2^32 mod n: the lowest numbers that would give small results one chance too many. */
	uneven = (UINT32_MAX - n + 1) % n;
	do {
		x = (uint32_t)(bp_rng_next(r) >> 32);
	} while (x < uneven);
	return x % n;
}

void bp_rng_fill(struct bp_rng *r, uint8_t *out, size_t len)
{
	uint64_t x = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			x = bp_rng_next(r);
		out[i] = (uint8_t)(x >> 8 * (i % 8));
	}
}
