/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_wire.h"

#include <string.h>

/* CRC-16/XMODEM bit by bit. */
static uint16_t crc_by_definition(const uint8_t *p, uint32_t len)
{
	uint32_t crc = 0;

	for (uint32_t i = 0; i < len; i++) {
		crc ^= (uint32_t)p[i] << 8;
		for (int b = 0; b < 8; b++)
			crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
	}
	return (uint16_t)crc;
}

/* RFC 4648 section 4, the slow way. */
static uint32_t base64_by_definition(const uint8_t *p, uint32_t len, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t n = 0;

	for (uint32_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < len ? p[i + 2] : 0);

		out[n++] = digits[v >> 18];
		out[n++] = digits[v >> 12 & 63];
		out[n++] = i + 1 < len ? digits[v >> 6 & 63] : '=';
		out[n++] = i + 2 < len ? digits[v & 63] : '=';
	}
	return n;
}

uint32_t fake_wire(const uint8_t *msg, uint32_t len, uint32_t per_line, char *out)
{
	uint8_t frame[FAKE_WIRE_MAX_MESSAGE + 4];
	uint32_t total = len + 4, n = 0;
	uint16_t crc = crc_by_definition(msg, len);

	frame[0] = (uint8_t)((len + 2) >> 8);
	frame[1] = (uint8_t)(len + 2);
	memcpy(frame + 2, msg, len);
	frame[len + 2] = (uint8_t)(crc >> 8);
	frame[len + 3] = (uint8_t)crc;
	for (uint32_t at = 0; at < total; at += per_line) {
		memcpy(out + n, at ? "\x04\x14" : "\x06\x09", 2);
		n += 2 + base64_by_definition(frame + at, total - at < per_line ? total - at : per_line, out + n + 2);
		out[n++] = '\n';
	}
	return n;
}
