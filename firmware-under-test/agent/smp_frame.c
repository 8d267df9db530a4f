/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/smp_frame.h"

#include "dut.h"
#include "lib/base64.h"
#include "lib/crc.h"

#include <string.h>

#define MARK_BYTES 2u
#define LENGTH_BYTES 2u
#define CRC_BYTES 2u
/* A line has 127 characters at most, the newline among them as Zephyr counts: 124 of base64, which carry 93 bytes. */
#define LINE_PAYLOAD 93u
#define LINE_TEXT 124u
#define ANSWER_FRAME (LENGTH_BYTES + SMP_MAX_ANSWER + CRC_BYTES)
#define ANSWER_LINES ((ANSWER_FRAME + LINE_PAYLOAD - 1) / LINE_PAYLOAD)

static const uint8_t mark_start[MARK_BYTES] = {0x06, 0x09};
static const uint8_t mark_more[MARK_BYTES] = {0x04, 0x14};

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Whole frame or not yet, or damaged: then it is dropped. */
static int frame_state(struct smp_rx *rx, const uint8_t **msg, uint32_t *msg_len)
{
	uint32_t want;

	if (rx->len < LENGTH_BYTES)
		goto drop;
	want = be16(rx->frame);
	if (want <= CRC_BYTES || want > SMP_MAX_REQUEST + CRC_BYTES || rx->len > LENGTH_BYTES + want)
		goto drop;
	if (rx->len < LENGTH_BYTES + want)
		return 0;
	rx->len = 0;
	*msg = rx->frame + LENGTH_BYTES;
	*msg_len = want - CRC_BYTES;
	return crc16_xmodem(0, *msg, *msg_len) == be16(*msg + *msg_len);
drop:
	rx->len = 0;
	return 0;
}

int smp_rx_line(struct smp_rx *rx, const uint8_t *line, uint32_t line_len, const uint8_t **msg, uint32_t *msg_len)
{
	int32_t n;

	while (line_len && (line[line_len - 1] == '\n' || line[line_len - 1] == '\r'))
		line_len--;
	if (line_len < MARK_BYTES)
		return 0;
	if (!memcmp(line, mark_start, MARK_BYTES))
		rx->len = 0;
	else if (memcmp(line, mark_more, MARK_BYTES) || !rx->len)
		return 0;
	n = base64_decode((const char *)line + MARK_BYTES, line_len - MARK_BYTES, rx->frame + rx->len,
			  (uint32_t)sizeof(rx->frame) - rx->len);
	if (n < 0) {
		rx->len = 0;
		return 0;
	}
	rx->len += (uint32_t)n;
	return frame_state(rx, msg, msg_len);
}

void smp_tx(const uint8_t *msg, uint32_t len)
{
	static uint8_t frame[ANSWER_FRAME];
	static char out[ANSWER_LINES * (MARK_BYTES + LINE_TEXT + 1)];
	uint32_t total = LENGTH_BYTES + len + CRC_BYTES, at = 0;
	const uint8_t *mark = mark_start;

	put_be16(frame, len + CRC_BYTES);
	memcpy(frame + LENGTH_BYTES, msg, len);
	put_be16(frame + LENGTH_BYTES + len, crc16_xmodem(0, msg, len));
	for (uint32_t from = 0; from < total; from += LINE_PAYLOAD) {
		uint32_t n = total - from < LINE_PAYLOAD ? total - from : LINE_PAYLOAD;

		memcpy(out + at, mark, MARK_BYTES);
		at += MARK_BYTES;
		at += base64_encode(frame + from, n, out + at);
		out[at++] = '\n';
		mark = mark_more;
	}
	dut_uart_write(out, at);
}
