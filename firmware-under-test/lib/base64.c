/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64.c - base64 (RFC 4648 section 4), by table.
 *
 * The decoder takes exactly one text for each byte string: padding is required
 * and the bits that it leaves over must be zero (section 3.5), so that a frame
 * cannot be changed without its bytes changing.
 */
#include "lib/base64.h"

#include <stddef.h>

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/*
 * Value of a character plus one; what is not named is 0, a character outside
 * of the alphabet. The subtraction turns that into a value with high bits set.
 */
static const uint8_t value_plus_1[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
	['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* 0 to 63, or at least 2^31 for a character outside of the alphabet. */
static inline uint32_t value(char c)
{
	return (uint32_t)value_plus_1[(uint8_t)c] - 1;
}

uint32_t base64_encode(const void *data, uint32_t len, char *out)
{
	const uint8_t *p = data;
	char *o = out;

	for (; len >= 3; len -= 3, p += 3, o += 4) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		o[0] = alphabet[v >> 18];
		o[1] = alphabet[v >> 12 & 63];
		o[2] = alphabet[v >> 6 & 63];
		o[3] = alphabet[v & 63];
	}
	if (len) {
		uint32_t v = (uint32_t)p[0] << 16 | (len == 2 ? (uint32_t)p[1] << 8 : 0);

		o[0] = alphabet[v >> 18];
		o[1] = alphabet[v >> 12 & 63];
		o[2] = o[3] = '=';
		if (len == 2)
			o[2] = alphabet[v >> 6 & 63];
		o += 4;
	}
	return (uint32_t)(o - out);
}

/* The last group, with pad (1 or 2) '=' at its end. Returns its bytes or -1. */
static int decode_padded(const char *t, uint32_t pad, uint8_t *out)
{
	uint32_t a = value(t[0]), b = value(t[1]), c = pad == 2 ? 0 : value(t[2]);
	uint32_t v = a << 18 | b << 12 | c << 6;

	if ((a | b | c) > 63 || (v & (pad == 2 ? 0xffffu : 0xffu)))
		return -1;
	out[0] = (uint8_t)(v >> 16);
	if (pad == 1)
		out[1] = (uint8_t)(v >> 8);
	return (int)(3 - pad);
}

int32_t base64_decode(const char *text, uint32_t len, void *out, uint32_t cap)
{
	uint8_t *o = out;
	uint32_t pad, bytes, groups;

	if (!len)
		return 0;
	if (len % 4)
		return -1;
	pad = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
	bytes = len / 4 * 3 - pad;
	if (bytes > cap || bytes > INT32_MAX)
		return -1;
	for (groups = len / 4 - (pad != 0); groups; groups--, text += 4, o += 3) {
		uint32_t a = value(text[0]), b = value(text[1]), c = value(text[2]), d = value(text[3]);
		uint32_t v = a << 18 | b << 12 | c << 6 | d;

		if ((a | b | c | d) > 63)
			return -1;
		o[0] = (uint8_t)(v >> 16);
		o[1] = (uint8_t)(v >> 8);
		o[2] = (uint8_t)v;
	}
	if (pad && decode_padded(text, pad, o) < 0)
		return -1;
	return (int32_t)bytes;
}
