/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telnet.c - the telnet protocol (RFC 854, 855) with the COM-PORT option (RFC
 * 2217), client side. Bytes in, bytes out; bounded by the size of its struct.
 */
#include "bench/console_parts.h"

#include <string.h>

/* RFC 854, "Telnet command structure". */
enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
/* Options: RFC 856, RFC 858, RFC 2217 section 2. */
enum { OPT_BINARY = 0, OPT_SGA = 3, OPT_COM_PORT = 44 };
/* RFC 2217 section 3: client to server; the server's answer is the same plus 100. */
enum {
	SET_BAUDRATE = 1, SET_DATASIZE = 2, SET_PARITY = 3, SET_STOPSIZE = 4, SET_CONTROL = 5,
	SUSPEND = 8, RESUME = 9, SERVER = 100,
};
#define CONTROL_NO_FLOW 1u /* SET-CONTROL: use no flow control */
/* Settings that must be answered before the port is ready: bits of bp_telnet.acked. */
#define MUST_ACK (1u << SET_BAUDRATE | 1u << SET_DATASIZE | 1u << SET_PARITY | 1u << SET_STOPSIZE)

size_t bp_telnet_escape(uint8_t *out, const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == IAC)
			out[n++] = IAC;
		out[n++] = bytes[i];
	}
	return n;
}

static int say(struct bp_telnet *t, uint8_t verb, uint8_t option, struct bp_err *err)
{
	const uint8_t bytes[] = {IAC, verb, option};

	return t->send(t->ctx, bytes, sizeof(bytes), err);
}

static int say_setting(struct bp_telnet *t, uint8_t command, const uint8_t *value, size_t len, struct bp_err *err)
{
	uint8_t bytes[4 + 2 * 4 + 2] = {IAC, SB, OPT_COM_PORT, command};
	size_t n = 4 + bp_telnet_escape(bytes + 4, value, len); /* len <= 4 */

	bytes[n++] = IAC;
	bytes[n++] = SE;
	return t->send(t->ctx, bytes, n, err);
}

static int say_settings(struct bp_telnet *t, struct bp_err *err)
{
	uint32_t baud = t->want.baud;
	const uint8_t speed[] = {(uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8), (uint8_t)baud};
	const uint8_t control = CONTROL_NO_FLOW;
	int rc = say_setting(t, SET_BAUDRATE, speed, sizeof(speed), err);

	if (!rc)
		rc = say_setting(t, SET_DATASIZE, &t->want.data_bits, 1, err);
	if (!rc)
		rc = say_setting(t, SET_PARITY, &t->want.parity, 1, err);
	if (!rc)
		rc = say_setting(t, SET_STOPSIZE, &t->want.stop_bits, 1, err);
	return rc ? rc : say_setting(t, SET_CONTROL, &control, 1, err);
}

static int ask_us(struct bp_telnet *t, uint8_t option, struct bp_err *err)
{
	t->asked_us[option] = true;
	return say(t, WILL, option, err);
}

static int ask_them(struct bp_telnet *t, uint8_t option, struct bp_err *err)
{
	t->asked_them[option] = true;
	return say(t, DO, option, err);
}

int bp_telnet_begin(struct bp_telnet *t, struct bp_err *err)
{
	const struct bp_telnet fresh = {.want = t->want, .send = t->send, .ctx = t->ctx};
	int rc;

	*t = fresh;
	rc = ask_us(t, OPT_COM_PORT, err);
	if (!rc)
		rc = ask_us(t, OPT_BINARY, err);
	if (!rc)
		rc = ask_them(t, OPT_BINARY, err);
	if (!rc)
		rc = ask_us(t, OPT_SGA, err);
	return rc ? rc : ask_them(t, OPT_SGA, err);
}

static bool wanted(uint8_t option)
{
	return option == OPT_BINARY || option == OPT_SGA || option == OPT_COM_PORT;
}

/* DO, DONT: about our side. An answer goes out only when something changes (RFC 854: no loops of answers). */
static int about_us(struct bp_telnet *t, bool on, uint8_t option, struct bp_err *err)
{
	bool asked = t->asked_us[option], was = t->us[option];
	int rc = 0;

	t->asked_us[option] = false;
	t->us[option] = on && wanted(option);
	if (on && !wanted(option))
		return say(t, WONT, option, err);
	if (!on && option == OPT_COM_PORT && (asked || was))
		return bp_fail(err, BP_EREFUSED, "the server does not do RFC 2217 (no COM-PORT option): use the driver tcp, or set it up there");
	if (!asked && on != was)
		rc = say(t, on ? WILL : WONT, option, err);
	if (!rc && on && !was && option == OPT_COM_PORT)
		rc = say_settings(t, err);
	return rc;
}

/* WILL, WONT: about their side. */
static int about_them(struct bp_telnet *t, bool on, uint8_t option, struct bp_err *err)
{
	bool asked = t->asked_them[option], was = t->them[option];

	t->asked_them[option] = false;
	t->them[option] = on && wanted(option);
	if (on && !wanted(option))
		return say(t, DONT, option, err);
	return !asked && on != was ? say(t, on ? DO : DONT, option, err) : 0;
}

/* The server tells the value that is now in force: it must be ours. */
static int check_setting(struct bp_telnet *t, uint8_t command, struct bp_err *err)
{
	const char *const names[] = {[SET_BAUDRATE] = "baud rate", [SET_DATASIZE] = "data bits", [SET_PARITY] = "parity",
				     [SET_STOPSIZE] = "stop bits"};
	const uint32_t want[] = {[SET_BAUDRATE] = t->want.baud, [SET_DATASIZE] = t->want.data_bits,
				 [SET_PARITY] = t->want.parity, [SET_STOPSIZE] = t->want.stop_bits};
	size_t bytes = command == SET_BAUDRATE ? 4 : 1;
	uint32_t value = 0;

	if (t->sb_len < 2 + bytes)
		return bp_fail(err, BP_EPROTO, "the server's answer about the %s is cut short", names[command]);
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | t->sb[2 + i];
	if (value != want[command])
		return bp_fail(err, BP_EREFUSED, "the server has set the %s to %u, not %u", names[command], value, want[command]);
	t->acked |= 1u << command;
	t->agreed = (t->acked & MUST_ACK) == MUST_ACK;
	return 0;
}

static int subnegotiation(struct bp_telnet *t, struct bp_err *err)
{
	if (t->sb_len < 2 || t->sb[0] != OPT_COM_PORT)
		return 0;
	switch (t->sb[1]) {
	case SERVER + SET_BAUDRATE:
	case SERVER + SET_DATASIZE:
	case SERVER + SET_PARITY:
	case SERVER + SET_STOPSIZE:
		return check_setting(t, (uint8_t)(t->sb[1] - SERVER), err);
	case SERVER + SUSPEND:
		t->held = true;
		break;
	case SERVER + RESUME:
		t->held = false;
		break;
	default: /* signature, line and modem state: nothing that we need */
		break;
	}
	return 0;
}

static int option(struct bp_telnet *t, uint8_t c, struct bp_err *err)
{
	t->state = BP_TELNET_DATA;
	if (t->verb == DO || t->verb == DONT)
		return about_us(t, t->verb == DO, c, err);
	return about_them(t, t->verb == WILL, c, err);
}

static void sb_byte(struct bp_telnet *t, uint8_t c)
{
	if (t->sb_len < sizeof(t->sb))
		t->sb[t->sb_len++] = c;
}

/* One byte in any state but plain data. 1: it is a data byte after all (IAC IAC). */
static int step(struct bp_telnet *t, uint8_t c, struct bp_err *err)
{
	switch (t->state) {
	case BP_TELNET_DATA:
		return 1;
	case BP_TELNET_IAC:
		t->state = c >= WILL && c <= DONT ? BP_TELNET_OPTION : c == SB ? BP_TELNET_SB : BP_TELNET_DATA;
		t->verb = c;
		t->sb_len = 0;
		return c == IAC;
	case BP_TELNET_OPTION:
		return option(t, c, err);
	case BP_TELNET_SB:
		if (c == IAC)
			t->state = BP_TELNET_SB_IAC;
		else
			sb_byte(t, c);
		return 0;
	case BP_TELNET_SB_IAC:
		t->state = c == IAC ? BP_TELNET_SB : BP_TELNET_DATA;
		if (c == IAC)
			sb_byte(t, c);
		return c == SE ? subnegotiation(t, err) : 0;
	}
	return 0;
}

int bp_telnet_feed(struct bp_telnet *t, uint8_t *buf, size_t n, struct bp_err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = buf[i];
		int rc;

		if (t->state == BP_TELNET_DATA && c == IAC) {
			t->state = BP_TELNET_IAC;
			continue;
		}
		rc = step(t, c, err);
		if (rc < 0)
			return rc;
		if (rc)
			buf[kept++] = c;
	}
	return (int)kept;
}
