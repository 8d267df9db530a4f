/* SPDX-License-Identifier: Apache-2.0 */
/* crc32.h - CRC-32 of IEEE 802.3 (reflected, polynomial 0x04c11db7), which records in flash end in. */
#ifndef BP_BASE_CRC32_H
#define BP_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes, carried on from the CRC of what stands before them; 0: of nothing. */
uint32_t bp_crc32(uint32_t crc, const void *bytes, size_t n);

#endif
