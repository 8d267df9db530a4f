/* SPDX-License-Identifier: Apache-2.0 */
/* ed25519.h - Ed25519 signature verification (RFC 8032 section 5.1.7), no heap. */
#ifndef FW_ED25519_H
#define FW_ED25519_H

#include <stdint.h>

/*
 * 1 when sig is pub's signature of msg, else 0. Refuses S >= L, non-canonical
 * encodings of R and A, and small-order A or R. Works on public data only, so it need not
 * run in constant time.
 */
int ed25519_verify(const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64]);

#endif
