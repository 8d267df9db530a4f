/* SPDX-License-Identifier: Apache-2.0 */
/* sha512.h - SHA-512 (FIPS 180-4), one pass, no heap. */
#ifndef FW_SHA512_H
#define FW_SHA512_H

#include <stdint.h>

struct sha512 {
	uint64_t h[8];
	uint64_t len;        /* bytes so far; 2^64 bits are never reached here */
	uint8_t block[128];
};

void sha512_init(struct sha512 *s);
void sha512_update(struct sha512 *s, const void *data, uint32_t len);
void sha512_final(struct sha512 *s, uint8_t digest[64]);

#endif
