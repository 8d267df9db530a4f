/* SPDX-License-Identifier: Apache-2.0 */
/* le.h - little-endian numbers in bytes that come from elsewhere, at any alignment. */
#ifndef BP_BASE_LE_H
#define BP_BASE_LE_H

#include <stdint.h>

static inline uint16_t bp_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t bp_le32(const uint8_t *p)
{
	return bp_le16(p) | (uint32_t)bp_le16(p + 2) << 16;
}

static inline void bp_put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void bp_put_le32(uint8_t *p, uint32_t v)
{
	bp_put_le16(p, (uint16_t)v);
	bp_put_le16(p + 2, (uint16_t)(v >> 16));
}

#endif
