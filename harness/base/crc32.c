/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32.h"

#define POLYNOMIAL 0xedb88320u /* reflected */

uint32_t bp_crc32(uint32_t crc, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	crc = ~crc;
	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
	}
	return ~crc;
}
