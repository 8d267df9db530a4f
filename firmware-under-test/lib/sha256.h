/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - SHA-256 (FIPS 180-4), one pass, no heap. */
#ifndef FW_SHA256_H
#define FW_SHA256_H

#include <stdint.h>

struct sha256 {
	uint32_t h[8];
	uint64_t len;       /* bytes so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, uint32_t len);
void sha256_final(struct sha256 *s, uint8_t digest[32]);

#endif
