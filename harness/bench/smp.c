/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.c - the console framing of SMP, both ways.
 *
 * Every byte of every simulated update passes here: tables, no allocation, one
 * pass. Sources: Zephyr, "SMP Transport Specification", "UART/serial and
 * console"; RFC 4648 section 4 (base64).
 */
#include "bench/smp.h"

#include <assert.h>
#include <string.h>

#define MARK_BYTES ((size_t)2)
#define LENGTH_BYTES ((size_t)2)
#define CRC_BYTES ((size_t)2)
/* Base64 quads that fit on a line behind the marker: 31, which carry 93 bytes. */
#define QUADS_PER_LINE ((BP_SMP_MAX_LINE - MARK_BYTES) / 4)

static const uint8_t mark_start[MARK_BYTES] = {0x06, 0x09};
static const uint8_t mark_more[MARK_BYTES] = {0x04, 0x14};

/*
 * CRC-16/XMODEM (polynomial 0x1021, initial value 0) in steps of four bytes. The
 * CRC is linear, so the value for byte i is the exclusive or of the values for
 * its bits; bits[k] below are those of bit 0 to 7 of a byte that k zero bytes
 * follow, and the compiler makes the tables from them.
 */
#define BIT(i, b, v) (((i) >> (b) & 1) ? (v) : 0)
#define CRC_0(i) (BIT(i, 0, 0x1021) ^ BIT(i, 1, 0x2042) ^ BIT(i, 2, 0x4084) ^ BIT(i, 3, 0x8108) ^ \
		  BIT(i, 4, 0x1231) ^ BIT(i, 5, 0x2462) ^ BIT(i, 6, 0x48c4) ^ BIT(i, 7, 0x9188))
#define CRC_1(i) (BIT(i, 0, 0x3331) ^ BIT(i, 1, 0x6662) ^ BIT(i, 2, 0xccc4) ^ BIT(i, 3, 0x89a9) ^ \
		  BIT(i, 4, 0x0373) ^ BIT(i, 5, 0x06e6) ^ BIT(i, 6, 0x0dcc) ^ BIT(i, 7, 0x1b98))
#define CRC_2(i) (BIT(i, 0, 0x3730) ^ BIT(i, 1, 0x6e60) ^ BIT(i, 2, 0xdcc0) ^ BIT(i, 3, 0xa9a1) ^ \
		  BIT(i, 4, 0x4363) ^ BIT(i, 5, 0x86c6) ^ BIT(i, 6, 0x1dad) ^ BIT(i, 7, 0x3b5a))
#define CRC_3(i) (BIT(i, 0, 0x76b4) ^ BIT(i, 1, 0xed68) ^ BIT(i, 2, 0xcaf1) ^ BIT(i, 3, 0x85c3) ^ \
		  BIT(i, 4, 0x1ba7) ^ BIT(i, 5, 0x374e) ^ BIT(i, 6, 0x6e9c) ^ BIT(i, 7, 0xdd38))
#define ROW4(f, i) f(i), f((i) + 1), f((i) + 2), f((i) + 3)
#define ROW16(f, i) ROW4(f, i), ROW4(f, (i) + 4), ROW4(f, (i) + 8), ROW4(f, (i) + 12)
#define ROW64(f, i) ROW16(f, i), ROW16(f, (i) + 16), ROW16(f, (i) + 32), ROW16(f, (i) + 48)
#define TABLE(f) {ROW64(f, 0), ROW64(f, 64), ROW64(f, 128), ROW64(f, 192)}

static const uint16_t crc_table[4][256] = {TABLE(CRC_0), TABLE(CRC_1), TABLE(CRC_2), TABLE(CRC_3)};

static uint16_t crc16(const uint8_t *p, size_t len)
{
	unsigned crc = 0;

	for (; len >= 4; len -= 4, p += 4)
		crc = (unsigned)(crc_table[3][(crc >> 8) ^ p[0]] ^ crc_table[2][(crc & 0xff) ^ p[1]] ^
				 crc_table[1][p[2]] ^ crc_table[0][p[3]]);
	for (; len; len--, p++)
		crc = ((crc << 8) & 0xffff) ^ crc_table[0][(crc >> 8) ^ *p];
	return (uint16_t)crc;
}

/* ---- base64 -------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of a base64 character, with GOOD set; 0 for everything else. */
#define GOOD 0x40
static const uint8_t values[256] = {
	['A'] = GOOD | 0,  ['B'] = GOOD | 1,  ['C'] = GOOD | 2,  ['D'] = GOOD | 3,  ['E'] = GOOD | 4,
	['F'] = GOOD | 5,  ['G'] = GOOD | 6,  ['H'] = GOOD | 7,  ['I'] = GOOD | 8,  ['J'] = GOOD | 9,
	['K'] = GOOD | 10, ['L'] = GOOD | 11, ['M'] = GOOD | 12, ['N'] = GOOD | 13, ['O'] = GOOD | 14,
	['P'] = GOOD | 15, ['Q'] = GOOD | 16, ['R'] = GOOD | 17, ['S'] = GOOD | 18, ['T'] = GOOD | 19,
	['U'] = GOOD | 20, ['V'] = GOOD | 21, ['W'] = GOOD | 22, ['X'] = GOOD | 23, ['Y'] = GOOD | 24,
	['Z'] = GOOD | 25, ['a'] = GOOD | 26, ['b'] = GOOD | 27, ['c'] = GOOD | 28, ['d'] = GOOD | 29,
	['e'] = GOOD | 30, ['f'] = GOOD | 31, ['g'] = GOOD | 32, ['h'] = GOOD | 33, ['i'] = GOOD | 34,
	['j'] = GOOD | 35, ['k'] = GOOD | 36, ['l'] = GOOD | 37, ['m'] = GOOD | 38, ['n'] = GOOD | 39,
	['o'] = GOOD | 40, ['p'] = GOOD | 41, ['q'] = GOOD | 42, ['r'] = GOOD | 43, ['s'] = GOOD | 44,
	['t'] = GOOD | 45, ['u'] = GOOD | 46, ['v'] = GOOD | 47, ['w'] = GOOD | 48, ['x'] = GOOD | 49,
	['y'] = GOOD | 50, ['z'] = GOOD | 51, ['0'] = GOOD | 52, ['1'] = GOOD | 53, ['2'] = GOOD | 54,
	['3'] = GOOD | 55, ['4'] = GOOD | 56, ['5'] = GOOD | 57, ['6'] = GOOD | 58, ['7'] = GOOD | 59,
	['8'] = GOOD | 60, ['9'] = GOOD | 61, ['+'] = GOOD | 62, ['/'] = GOOD | 63,
};

static void quad_encode(uint8_t *out, unsigned a, unsigned b, unsigned c)
{
	out[0] = (uint8_t)digits[a >> 2];
	out[1] = (uint8_t)digits[(a & 3) << 4 | b >> 4];
	out[2] = (uint8_t)digits[(b & 15) << 2 | c >> 6];
	out[3] = (uint8_t)digits[c & 63];
}

/* Four characters without padding → three bytes. 0, or -1 for a bad character. */
static int quad_decode(const uint8_t *in, uint8_t *out)
{
	unsigned a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];

	if (!(a & b & c & d & GOOD))
		return -1;
	a = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
	out[0] = (uint8_t)(a >> 16);
	out[1] = (uint8_t)(a >> 8);
	out[2] = (uint8_t)a;
	return 0;
}

/*
 * n characters (whole quads, the last one may be padded) → at most 3n/4 bytes,
 * which out must hold. Returns the bytes, or -1. Bits that padding leaves over
 * must be zero: the CRC does not cover them.
 */
static int base64_decode(const uint8_t *in, size_t n, uint8_t *out)
{
	size_t pad, i, at = 0;
	uint8_t last[4], tail[3];

	if (n % 4 || !n)
		return -1;
	for (i = 0; i < n - 4; i += 4, at += 3)
		if (quad_decode(in + i, out + at))
			return -1;
	memcpy(last, in + i, 4);
	for (pad = 0; pad < 2 && last[3 - pad] == '='; pad++)
		last[3 - pad] = 'A';
	if (quad_decode(last, tail))
		return -1;
	for (i = 3 - pad; i < 3; i++)
		if (tail[i])
			return -1;
	memcpy(out + at, tail, 3 - pad);
	return (int)(at + 3 - pad);
}

/* ---- framing ------------------------------------------------------------- */

/* Where the next quad goes; the caller has made sure that everything fits. */
struct pen {
	uint8_t *at;
	size_t left; /* quads that the line still takes; 0: no line is open */
};

static void line_open(struct pen *p, const uint8_t mark[MARK_BYTES])
{
	if (mark == mark_more)
		*p->at++ = '\n';
	memcpy(p->at, mark, MARK_BYTES);
	p->at += MARK_BYTES;
	p->left = QUADS_PER_LINE;
}

static void put_triples(struct pen *p, const uint8_t *in, size_t triples)
{
	while (triples) {
		size_t run;

		if (!p->left)
			line_open(p, mark_more);
		run = triples < p->left ? triples : p->left;
		triples -= run;
		p->left -= run;
		for (; run; run--, in += 3, p->at += 4)
			quad_encode(p->at, in[0], in[1], in[2]);
	}
}

int bp_smp_frame(const uint8_t *msg, size_t len, uint8_t *out, size_t cap, struct bp_err *err)
{
	size_t quads = (LENGTH_BYTES + len + CRC_BYTES + 2) / 3;
	size_t lines = (quads + QUADS_PER_LINE - 1) / QUADS_PER_LINE;
	size_t body, triples, rest, want, pad;
	uint8_t head[3], tail[6] = {0};
	struct pen pen = {.at = out};
	uint16_t crc;

	if (!len || len > BP_SMP_MAX_MESSAGE)
		return bp_fail(err, BP_ENOMEM, "an SMP message of %zu bytes; 1 to %d can be framed", len, BP_SMP_MAX_MESSAGE);
	want = 4 * quads + lines * (MARK_BYTES + 1);
	if (want > cap)
		return bp_fail(err, BP_ENOMEM, "an SMP frame of %zu bytes; the buffer holds %zu", want, cap);
	crc = crc16(msg, len);
	head[0] = (uint8_t)((len + CRC_BYTES) >> 8);
	head[1] = (uint8_t)(len + CRC_BYTES);
	head[2] = msg[0];
	body = len - 1;
	triples = body / 3;
	rest = body % 3;
	memcpy(tail, msg + 1 + 3 * triples, rest);
	tail[rest] = (uint8_t)(crc >> 8);
	tail[rest + 1] = (uint8_t)crc;
	rest += CRC_BYTES; /* 2 to 4 bytes: one quad or two */
	pad = (6 - rest) % 3;

	line_open(&pen, mark_start);
	put_triples(&pen, head, 1);
	put_triples(&pen, msg + 1, triples);
	put_triples(&pen, tail, (rest + 2) / 3);
	memset(pen.at - pad, '=', pad);
	*pen.at++ = '\n';
	assert((size_t)(pen.at - out) == want);
	return (int)want;
}

/* ---- deframing ----------------------------------------------------------- */

static enum bp_smp_event drop(struct bp_smp_deframer *d)
{
	d->msg_want = 0;
	d->msg_len = 0;
	return BP_SMP_BAD;
}

/*
 * The first quad of a frame: the length and the message's first byte. It is taken
 * apart from the others so that these decode straight to their place.
 */
static int frame_begin(struct bp_smp_deframer *d, const uint8_t *quad, size_t n)
{
	uint8_t head[3];

	if (n < 4 || quad_decode(quad, head))
		return -1;
	d->msg_want = (size_t)head[0] << 8 | head[1];
	if (d->msg_want <= CRC_BYTES || d->msg_want > BP_SMP_MAX_MESSAGE + CRC_BYTES)
		return -1;
	d->msg[0] = head[2];
	d->msg_len = 1;
	return 0;
}

static enum bp_smp_event frame_line(struct bp_smp_deframer *d, int start)
{
	const uint8_t *in = d->line + MARK_BYTES;
	size_t n = d->line_len - MARK_BYTES;
	int got = 0;

	if (d->line_skip || (!start && !d->msg_want))
		return drop(d);
	if (start) {
		if (frame_begin(d, in, n))
			return drop(d);
		in += 4;
		n -= 4;
	}
	/* More characters than the announced length may need are refused before they are decoded. */
	if (n / 4 > (d->msg_want - d->msg_len + 2) / 3)
		return drop(d);
	if (n || !start)
		got = base64_decode(in, n, d->msg + d->msg_len);
	if (got < 0 || (size_t)got > d->msg_want - d->msg_len)
		return drop(d);
	d->msg_len += (size_t)got;
	if (d->msg_len < d->msg_want)
		return got % 3 ? drop(d) : BP_SMP_NOTHING;
	d->msg_len -= CRC_BYTES;
	if (crc16(d->msg, d->msg_len) != (d->msg[d->msg_len] << 8 | d->msg[d->msg_len + 1]))
		return drop(d);
	d->msg_want = 0;
	return BP_SMP_MESSAGE;
}

static int line_is(const struct bp_smp_deframer *d, const uint8_t mark[MARK_BYTES])
{
	return d->line_len >= MARK_BYTES && !memcmp(d->line, mark, MARK_BYTES);
}

static enum bp_smp_event line_end(struct bp_smp_deframer *d)
{
	d->line_done = 1;
	d->line[d->line_len] = '\0';
	if (line_is(d, mark_start))
		return frame_line(d, 1);
	if (line_is(d, mark_more))
		return frame_line(d, 0);
	return BP_SMP_TEXT;
}

enum bp_smp_event bp_smp_deframe(struct bp_smp_deframer *d, uint8_t byte)
{
	if (d->line_done) {
		d->line_done = 0;
		d->line_skip = 0;
		d->line_len = 0;
	}
	if (byte == '\n')
		return line_end(d);
	if (byte == '\r')
		return BP_SMP_NOTHING;
	if (d->line_len == BP_SMP_MAX_LINE) {
		d->line_skip = 1;
		return BP_SMP_NOTHING;
	}
	d->line[d->line_len++] = byte;
	if (d->line_len == MARK_BYTES && d->msg_want && line_is(d, mark_start))
		return drop(d);
	return BP_SMP_NOTHING;
}

size_t bp_smp_feed(struct bp_smp_deframer *d, const uint8_t *bytes, size_t len, enum bp_smp_event *event)
{
	size_t at = 0;

	*event = BP_SMP_NOTHING;
	while (at < len && *event == BP_SMP_NOTHING) {
		const uint8_t *in = bytes + at, *end = memchr(in, '\n', len - at);
		size_t run = end ? (size_t)(end - in) : len - at;

		/* The usual case at one go: inside a line (past the marker, where an event may lie), no CR, room for all. */
		if (!d->line_done && d->line_len >= MARK_BYTES && run && run <= BP_SMP_MAX_LINE - d->line_len &&
		    !memchr(in, '\r', run)) {
			memcpy(d->line + d->line_len, in, run);
			d->line_len += run;
			at += run;
			continue;
		}
		*event = bp_smp_deframe(d, *in);
		at++;
	}
	return at;
}
