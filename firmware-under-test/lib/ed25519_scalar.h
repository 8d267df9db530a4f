/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519_scalar.h - integers modulo the group order L, for ed25519*.c only.
 * L = 2^252 + 27742317777372353535851937790883648493 (RFC 8032 section 5.1).
 */
#ifndef FW_ED25519_SCALAR_H
#define FW_ED25519_SCALAR_H

#include <stdint.h>

/* 1 when the 32 bytes, little-endian, are below L. */
int scalar_is_canonical(const uint8_t s[32]);

/* out = wide mod L; both little-endian. */
void scalar_reduce(uint8_t out[32], const uint8_t wide[64]);

#endif
