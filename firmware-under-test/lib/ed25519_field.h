/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519_field.h - integers modulo p = 2^255 - 19, for ed25519*.c only.
 *
 * An element is ten limbs of 26 and 25 bits in turn, least significant first:
 * limb i weighs 2^ceil(25.5 i). Products of limbs are 32 x 32 -> 64 bits, which
 * is one instruction on a Cortex-M3 and up. Limbs are unsigned and may exceed
 * their width; how far is part of each function's contract:
 *
 *   tight  even limbs < 2^26 + 2^18, odd limbs < 2^25 + 2^18
 *   loose  even limbs < 1.6 * 2^27,  odd limbs < 1.6 * 2^26
 *
 * Tight is also loose. Results may be the same object as arguments. Nothing
 * here is constant time: verification handles public data only.
 */
#ifndef FW_ED25519_FIELD_H
#define FW_ED25519_FIELD_H

#include <stdint.h>

#define FE_LIMBS 10

struct fe {
	uint32_t v[FE_LIMBS];
};

extern const struct fe fe_zero, fe_one;

/* 255 bits, little-endian; bit 255 is ignored. Tight. Values p to 2^255 - 1 are taken as they are. */
void fe_from_bytes(struct fe *r, const uint8_t bytes[32]);

/* The one representative below p, little-endian; bit 255 is 0. a: loose. */
void fe_to_bytes(uint8_t bytes[32], const struct fe *a);

/* a + b and a - b of tight elements; the result is loose. */
void fe_add(struct fe *r, const struct fe *a, const struct fe *b);
void fe_sub(struct fe *r, const struct fe *a, const struct fe *b);

/* a + b and a - b of loose elements; the result is tight. */
void fe_add_carry(struct fe *r, const struct fe *a, const struct fe *b);
void fe_sub_carry(struct fe *r, const struct fe *a, const struct fe *b);

/* Loose arguments, tight results. */
void fe_mul(struct fe *r, const struct fe *a, const struct fe *b);
void fe_sqr(struct fe *r, const struct fe *a);

void fe_invert(struct fe *r, const struct fe *a);   /* a^(p-2): 1/a, and 0 for 0 */
void fe_pow_p58(struct fe *r, const struct fe *a);  /* a^((p-5)/8) */

int fe_is_zero(const struct fe *a);                 /* a: loose */
int fe_is_odd(const struct fe *a);                  /* lowest bit of the representative below p */

#endif
