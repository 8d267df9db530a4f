/* SPDX-License-Identifier: Apache-2.0 */
/* gdb_packet.c - packets of the remote serial protocol, taken apart and made. */
#include "bench/gdb_rsp.h"

#define ESCAPE_XOR 0x20 /* "Overview": the escaped byte's bit 5 is turned */

int bp_gdb_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void put(struct bp_gdb_parser *p, uint8_t byte)
{
	if (p->len < BP_GDB_MAX_BODY)
		p->body[p->len++] = (char)byte;
	else
		p->too_long = true;
}

static void body_byte(struct bp_gdb_parser *p, uint8_t byte)
{
	p->sum = (uint8_t)(p->sum + byte);
	if (p->escaped) {
		p->escaped = false;
		put(p, byte ^ ESCAPE_XOR);
	} else if (p->repeat) {
		/* A count n is sent as n + 29, a printable character from 32 on. */
		p->repeat = false;
		if (byte < 32 || byte > 126 || !p->len) {
			p->damaged = true;
			return;
		}
		for (int n = byte - 29; n > 0; n--)
			put(p, (uint8_t)p->body[p->len - 1]);
	} else if (byte == '}') {
		p->escaped = true;
	} else if (byte == '*') {
		p->repeat = true;
	} else {
		put(p, byte);
	}
}

static void start(struct bp_gdb_parser *p, uint8_t byte)
{
	p->state = BP_GDB_BODY;
	p->notification = byte == '%';
	p->damaged = p->too_long = p->escaped = p->repeat = false;
	p->sum = 0;
	p->len = 0;
}

static enum bp_gdb_event finish(struct bp_gdb_parser *p, int low)
{
	p->state = BP_GDB_IDLE;
	p->body[p->len] = '\0';
	if (low < 0 || p->damaged || p->escaped || p->repeat || p->sum != (p->sent_sum | low))
		return BP_GDB_DAMAGED;
	if (p->too_long)
		return BP_GDB_TOO_LONG;
	return p->notification ? BP_GDB_NOTIFICATION : BP_GDB_PACKET;
}

enum bp_gdb_event bp_gdb_parse(struct bp_gdb_parser *p, uint8_t byte)
{
	int digit;

	switch (p->state) {
	case BP_GDB_IDLE:
		if (byte == '$' || byte == '%')
			start(p, byte);
		return byte == '+' ? BP_GDB_ACK : byte == '-' ? BP_GDB_NAK : BP_GDB_NOTHING;
	case BP_GDB_BODY:
		if (byte == '#')
			p->state = BP_GDB_SUM_HIGH;
		else if (byte == '$' && !p->escaped && !p->repeat) /* the end of the last one was lost */
			start(p, byte);
		else
			body_byte(p, byte);
		return BP_GDB_NOTHING;
	case BP_GDB_SUM_HIGH:
		digit = bp_gdb_digit(byte);
		p->damaged |= digit < 0;
		p->sent_sum = (uint8_t)((unsigned)digit << 4);
		p->state = BP_GDB_SUM_LOW;
		return BP_GDB_NOTHING;
	case BP_GDB_SUM_LOW:
		break;
	}
	return finish(p, bp_gdb_digit(byte));
}

int bp_gdb_frame(const void *body, size_t len, char *out, size_t cap, struct bp_err *err)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = body;
	uint8_t sum = 0;
	size_t n = 0;

	if (cap < 4)
		return bp_fail(err, BP_ENOMEM, "gdb: no room for a packet");
	out[n++] = '$';
	for (size_t i = 0; i < len; i++) {
		/* '*' needs no escape from the debugger, but does no harm. */
		bool escape = b[i] == '$' || b[i] == '#' || b[i] == '}' || b[i] == '*';

		if (n + (escape ? 2 : 1) + 3 > cap)
			return bp_fail(err, BP_ENOMEM, "gdb: a packet of %zu bytes is too long", len);
		if (escape) {
			out[n++] = '}';
			sum = (uint8_t)(sum + '}');
		}
		out[n] = (char)(escape ? b[i] ^ ESCAPE_XOR : b[i]);
		sum = (uint8_t)(sum + (uint8_t)out[n++]);
	}
	out[n++] = '#';
	out[n++] = digits[sum >> 4];
	out[n++] = digits[sum & 15];
	return (int)n;
}
