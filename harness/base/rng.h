/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.h - a small seeded generator for fault data: the same bytes on every machine.
 *
 * SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014. Not for keys.
 */
#ifndef BP_BASE_RNG_H
#define BP_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct bp_rng {
	uint64_t state;
};

/* The finaliser of SplitMix64: a bijection in which each input bit moves about half of the output bits. 0 stays 0. */
uint64_t bp_mix64(uint64_t x);

/* Start from words[n]; their order and number matter. */
void bp_rng_seed(struct bp_rng *r, const uint64_t *words, size_t n);

uint64_t bp_rng_next(struct bp_rng *r);

/* 0 to n - 1, each equally likely; n is at least 1. */
uint32_t bp_rng_below(struct bp_rng *r, uint32_t n);

/* len bytes: successive numbers, each low byte first; what is left of the last one is dropped. */
void bp_rng_fill(struct bp_rng *r, uint8_t *out, size_t len);

#endif
