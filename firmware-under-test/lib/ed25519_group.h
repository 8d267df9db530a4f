/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519_group.h - points of edwards25519 (RFC 8032 section 5.1), for ed25519*.c only.
 */
#ifndef FW_ED25519_GROUP_H
#define FW_ED25519_GROUP_H

#include "lib/ed25519_field.h"

/* Extended coordinates (RFC 8032 section 5.1.4): x = X/Z, y = Y/Z, x y = T/Z. All tight. */
struct ge {
	struct fe x, y, z, t;
};

/* A point made ready to be added, with Z = 1: y + x, y - x, 2 d x y. All loose. */
struct ge_ready {
	struct fe yp, ym, t2d;
};

/* The table that a digit of the recoded scalars picks from: P, 3P, 5P, … 15P. */
#define GE_TABLE 8

extern const struct ge_ready ge_base_table[GE_TABLE]; /* of the base point B */

/* Decode (RFC 8032 section 5.1.3). 1, or 0: y not below p, no such point, or "minus zero". */
int ge_decode(struct ge *r, const uint8_t bytes[32]);

void ge_encode(uint8_t bytes[32], const struct ge *p);

/* 1 when the order of p divides the cofactor 8. */
int ge_is_small_order(const struct ge *p);

/* r = s B - h A, T not filled in. s and h: little-endian, below 2^253. */
void ge_sub_products(struct ge *r, const uint8_t s[32], const uint8_t h[32], const struct ge *a);

#endif
