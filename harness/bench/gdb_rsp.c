/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/gdb_rsp.h"

#include "base/clock.h"
#include "bench/debug_stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPEATS 3         /* of a packet that the other side calls damaged */
#define MIN_PACKET_BYTES 64u  /* a stub that takes less cannot even say what it supports */
#define INTERRUPT 0x03

/* ---- the connection --------------------------------------------------------- */

/* What came in time counts even when we are late, but no more than one read brings: a peer that never stops talking must not hold us. */
static int next_event(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	bool late = false;

	for (;;) {
		while (g->in_at < g->in_len) {
			enum bp_gdb_event e = bp_gdb_parse(&g->parser, g->in[g->in_at++]);

			if (e != BP_GDB_NOTHING)
				return (int)e;
		}
		if (bp_clock_ns() >= deadline_ns) {
			if (late || g->parser.state != BP_GDB_IDLE)
				return bp_fail(err, BP_ETIMEOUT, "gdb: no end of an answer in time");
			late = true;
		}
		int n = bp_stream_receive(g->fd, g->in, sizeof(g->in), deadline_ns, err);

		if (n < 0)
			return n;
		g->in_at = 0;
		g->in_len = (size_t)n;
	}
}

static int damaged(struct bp_gdb *g, unsigned *tries, uint64_t deadline_ns, struct bp_err *err)
{
	if (g->no_ack || ++*tries > MAX_REPEATS)
		return bp_fail(err, BP_EPROTO, "gdb: a damaged packet");
	return bp_stream_send(g->fd, "-", 1, deadline_ns, err);
}

/* The next packet, acknowledged: its length, or a negative error. */
static int receive(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	unsigned tries = 0;

	for (;;) {
		int e = next_event(g, deadline_ns, err), rc = 0;

		if (e < 0)
			return e;
		if (bp_clock_ns() >= deadline_ns && e != BP_GDB_PACKET)
			return bp_fail(err, BP_ETIMEOUT, "gdb: no answer in time");
		if (e == BP_GDB_TOO_LONG)
			return bp_fail(err, BP_EPROTO, "gdb: a packet beyond %u bytes", BP_GDB_MAX_BODY);
		if (e == BP_GDB_DAMAGED)
			rc = damaged(g, &tries, deadline_ns, err);
		if (e == BP_GDB_PACKET && !g->no_ack)
			rc = bp_stream_send(g->fd, "+", 1, deadline_ns, err);
		if (rc)
			return rc;
		if (e == BP_GDB_PACKET)
			return (int)g->parser.len;
	}
}

/* n: of the packet just received. O and hex digits is what the target or the stub prints: the first packet behind that. */
static int skip_output(struct bp_gdb *g, int n, uint64_t deadline_ns, struct bp_err *err)
{
	while (n > 0 && g->parser.body[0] == 'O' && strcmp(g->parser.body, "OK")) {
		if (bp_clock_ns() >= deadline_ns && g->in_at == g->in_len)
			return bp_fail(err, BP_ETIMEOUT, "gdb: output without end, and no answer in time");
		n = receive(g, deadline_ns, err);
	}
	return n;
}

/* Wait for the stub's '+', sending again at each '-'. */
static int acknowledged(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	for (unsigned tries = 0;;) {
		int e = next_event(g, deadline_ns, err), rc;

		if (e < 0 || e == BP_GDB_ACK)
			return e < 0 ? e : 0;
		if (bp_clock_ns() >= deadline_ns)
			return bp_fail(err, BP_ETIMEOUT, "gdb: no answer in time");
		if (e != BP_GDB_NAK)
			continue; /* left over from before */
		if (++tries > MAX_REPEATS)
			return bp_fail(err, BP_EPROTO, "gdb: the stub refuses every packet as damaged");
		rc = bp_stream_send(g->fd, g->framed, g->framed_len, deadline_ns, err);
		if (rc)
			return rc;
	}
}

static int send_packet(struct bp_gdb *g, size_t len, uint64_t deadline_ns, struct bp_err *err)
{
	int n = bp_gdb_frame(g->body, len, g->framed, sizeof(g->framed), err);

	if (n < 0)
		return n;
	g->framed_len = (size_t)n;
	n = bp_stream_send(g->fd, g->framed, g->framed_len, deadline_ns, err);
	if (n || g->no_ack)
		return n;
	return acknowledged(g, deadline_ns, err);
}

static int ask_raw(struct bp_gdb *g, size_t len, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = send_packet(g, len, deadline_ns, err);

	return rc ? rc : receive(g, deadline_ns, err);
}

int bp_gdb_ask(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(g->body, sizeof(g->body), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(g->body))
		return bp_fail(err, BP_EINTERNAL, "gdb: a packet too long to build");
	return ask_raw(g, (size_t)n, deadline_ns, err);
}

/* An answer that must be OK. */
static int expect_ok(struct bp_gdb *g, int n, const char *what, struct bp_err *err)
{
	if (n < 0)
		return n;
	if (n == 0)
		return bp_fail(err, BP_EIO, "gdb: the stub cannot %s", what);
	if (strcmp(g->parser.body, "OK"))
		return bp_fail(err, BP_EIO, "gdb: the stub refused to %s: %.40s", what, g->parser.body);
	return 0;
}

/* ---- beginning and end -------------------------------------------------------- */

static void features(struct bp_gdb *g, bool *no_ack)
{
	const char *size = strstr(g->parser.body, "PacketSize=");
	unsigned long n = size ? strtoul(size + strlen("PacketSize="), NULL, 16) : 0;

	/* The stub's number counts the whole packet for some, the body for others: stay on the safe side. */
	if (n >= MIN_PACKET_BYTES)
		g->packet_bytes = (uint32_t)(n - 4 < BP_GDB_MAX_BODY ? n - 4 : BP_GDB_MAX_BODY);
	*no_ack = strstr(g->parser.body, "QStartNoAckMode+") != NULL;
}

/* S and T: stopped. W and X: gone. 0, or an error. */
static int stopped(struct bp_gdb *g, unsigned *signal, struct bp_err *err)
{
	const char *b = g->parser.body;
	int high = bp_gdb_digit((uint8_t)b[0] ? (uint8_t)b[1] : 0), low = high < 0 ? -1 : bp_gdb_digit((uint8_t)b[2]);

	if (b[0] == 'W' || b[0] == 'X' || b[0] == 'N')
		return bp_fail(err, BP_EIO, "gdb: the target is gone (%.20s)", b);
	if ((b[0] != 'S' && b[0] != 'T') || low < 0)
		return bp_fail(err, BP_EPROTO, "gdb: '%.40s' where a stop was expected", b);
	if (signal)
		*signal = (unsigned)(high << 4 | low);
	return 0;
}

int bp_gdb_begin(struct bp_gdb *g, int fd, uint64_t deadline_ns, struct bp_err *err)
{
	bool no_ack = false;
	int n;

	memset(g, 0, sizeof(*g));
	g->fd = fd;
	g->packet_bytes = 400; /* what a stub takes that does not say: gdb's own default */
	/* Whatever the stub sent before we came is acknowledged, as gdb does. */
	n = bp_stream_send(fd, "+", 1, deadline_ns, err);
	if (!n)
		n = bp_gdb_ask(g, deadline_ns, err, "qSupported:swbreak+;hwbreak+;vContSupported+");
	if (n < 0)
		return n;
	features(g, &no_ack);
	if (no_ack) {
		n = bp_gdb_ask(g, deadline_ns, err, "QStartNoAckMode");
		if (n < 0)
			return n;
		g->no_ack = !strcmp(g->parser.body, "OK");
	}
	n = bp_gdb_ask(g, deadline_ns, err, "vCont?");
	if (n < 0)
		return n;
	g->vcont = strstr(g->parser.body, ";c") && strstr(g->parser.body, ";s");
	n = bp_gdb_ask(g, deadline_ns, err, "?");
	return n < 0 ? n : stopped(g, NULL, err);
}

void bp_gdb_end(struct bp_gdb *g, bool kill, uint64_t deadline_ns)
{
	if (g->fd < 0)
		return;
	/* k is never answered. */
	g->body[0] = kill ? 'k' : 'D';
	if (!g->running && !send_packet(g, 1, deadline_ns, NULL) && !kill)
		receive(g, deadline_ns, NULL);
	g->fd = -1;
}

/* ---- memory and points ----------------------------------------------------------- */

static int unhex_into(struct bp_gdb *g, uint32_t addr, uint8_t *out, uint32_t len, struct bp_err *err)
{
	const char *b = g->parser.body;

	if (b[0] == 'E' && g->parser.len == 3)
		return bp_fail(err, BP_EIO, "gdb: the stub cannot read 0x%08x: %s", addr, b);
	if (g->parser.len == 0 || g->parser.len % 2 || g->parser.len / 2 > len)
		return bp_fail(err, BP_EPROTO, "gdb: %zu digits where %u bytes were asked for", g->parser.len, len);
	for (size_t i = 0; i < g->parser.len / 2; i++) {
		int high = bp_gdb_digit((uint8_t)b[2 * i]), low = bp_gdb_digit((uint8_t)b[2 * i + 1]);

		if (high < 0 || low < 0)
			return bp_fail(err, BP_EPROTO, "gdb: memory of 0x%08x came as no hex digits", addr);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return (int)(g->parser.len / 2);
}

int bp_gdb_read(struct bp_gdb *g, uint32_t addr, void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	uint32_t most = g->packet_bytes / 2, done = 0;

	while (done < len) {
		uint32_t part = len - done < most ? len - done : most;
		int n = bp_gdb_ask(g, deadline_ns, err, "m%x,%x", addr + done, part);

		if (n >= 0) /* less than asked for is allowed: the rest is asked for again */
			n = unhex_into(g, addr + done, (uint8_t *)buf + done, part, err);
		if (n < 0)
			return n;
		done += (uint32_t)n;
	}
	return 0;
}

/* X, binary: as many bytes as fit when each were escaped. */
static int write_part(struct bp_gdb *g, uint32_t addr, const uint8_t *bytes, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	int head = snprintf(g->body, sizeof(g->body), "X%x,%x:", addr, len), n;

	memcpy(g->body + head, bytes, len);
	n = ask_raw(g, (size_t)head + len, deadline_ns, err);
	if (n != 0)
		return expect_ok(g, n, "write memory", err);
	/* An empty answer: a stub without X. */
	head = snprintf(g->body, sizeof(g->body), "M%x,%x:", addr, len);
	for (uint32_t i = 0; i < len; i++)
		head += snprintf(g->body + head, sizeof(g->body) - (size_t)head, "%02x", bytes[i]);
	return expect_ok(g, ask_raw(g, (size_t)head, deadline_ns, err), "write memory", err);
}

int bp_gdb_write(struct bp_gdb *g, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	uint32_t most = (g->packet_bytes - 24) / 2; /* 24: "X12345678,12345678:" */

	for (uint32_t done = 0; done < len;) {
		uint32_t part = len - done < most ? len - done : most;
		int rc = write_part(g, addr + done, (const uint8_t *)buf + done, part, deadline_ns, err);

		if (rc) {
			bp_prefix(err, "0x%08x", addr + done);
			return rc;
		}
		done += part;
	}
	return 0;
}

int bp_gdb_flash(struct bp_gdb *g, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	uint32_t most = (g->packet_bytes - 24) / 2; /* 24: "vFlashWrite:12345678:" */
	int rc = expect_ok(g, bp_gdb_ask(g, deadline_ns, err, "vFlashErase:%x,%x", addr, len), "erase flash", err);

	for (uint32_t done = 0; !rc && done < len;) {
		uint32_t part = len - done < most ? len - done : most;
		int head = snprintf(g->body, sizeof(g->body), "vFlashWrite:%x:", addr + done);

		memcpy(g->body + head, (const uint8_t *)buf + done, part);
		rc = expect_ok(g, ask_raw(g, (size_t)head + part, deadline_ns, err), "write flash", err);
		done += part;
	}
	if (!rc)
		rc = expect_ok(g, bp_gdb_ask(g, deadline_ns, err, "vFlashDone"), "finish writing flash", err);
	if (rc)
		bp_prefix(err, "0x%08x", addr);
	return rc;
}

int bp_gdb_monitor(struct bp_gdb *g, const char *command, uint64_t deadline_ns, struct bp_err *err)
{
	int at = snprintf(g->body, sizeof(g->body), "qRcmd,"), n;

	for (const char *p = command; *p && (size_t)at + 3 < sizeof(g->body); p++)
		at += snprintf(g->body + at, sizeof(g->body) - (size_t)at, "%02x", (unsigned char)*p);
	n = skip_output(g, ask_raw(g, (size_t)at, deadline_ns, err), deadline_ns, err);
	return expect_ok(g, n, "run that command", err);
}

int bp_gdb_point(struct bp_gdb *g, unsigned type, uint32_t addr, uint32_t kind, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	int n = bp_gdb_ask(g, deadline_ns, err, "%c%u,%x,%x", set ? 'Z' : 'z', type, addr, kind);
	int rc = expect_ok(g, n, type < 2 ? "set or clear a breakpoint" : "set or clear a watchpoint", err);

	if (rc)
		bp_prefix(err, "0x%08x", addr);
	return rc;
}

/* ---- the core ---------------------------------------------------------------------- */

int bp_gdb_continue(struct bp_gdb *g, bool step, uint64_t deadline_ns, struct bp_err *err)
{
	int len = snprintf(g->body, sizeof(g->body), "%s%c", g->vcont ? "vCont;" : "", step ? 's' : 'c');
	int rc = send_packet(g, (size_t)len, deadline_ns, err);

	if (!rc)
		g->running = true;
	return rc;
}

int bp_gdb_interrupt(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	return bp_stream_send(g->fd, (const uint8_t[]){INTERRUPT}, 1, deadline_ns, err);
}

int bp_gdb_wait_stop(struct bp_gdb *g, unsigned *signal, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = skip_output(g, receive(g, deadline_ns, err), deadline_ns, err);

	if (rc >= 0)
		rc = stopped(g, signal, err);
	if (!rc)
		g->running = false;
	return rc;
}

static int word(const struct bp_gdb *g, size_t index, uint32_t *out)
{
	const char *b = g->parser.body + 8 * index;
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++) { /* target's byte order: little on every Cortex-M */
		int high = bp_gdb_digit((uint8_t)b[2 * i]), low = bp_gdb_digit((uint8_t)b[2 * i + 1]);

		if (high < 0 || low < 0)
			return BP_EPROTO;
		v |= (uint32_t)(high << 4 | low) << (8 * i);
	}
	*out = v;
	return 0;
}

/*
 * Where xPSR stands: behind r15 in short answers of g (QEMU, OpenOCD: 17 words),
 * behind the FPA registers in long ones (8 of 12 bytes and a status: word 41).
 * Else it is register 25 of gdb's numbering for Arm, or OpenOCD's 16.
 */
int bp_gdb_registers(struct bp_gdb *g, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err)
{
	static const unsigned numbers[] = {25, 16};
	int n = bp_gdb_ask(g, deadline_ns, err, "g");

	if (n < 0)
		return n;
	if (n < 16 * 8)
		return bp_fail(err, BP_EPROTO, "gdb: %d digits of registers; expected r0 to r15 at least", n);
	for (size_t i = 0; i < 16; i++)
		if (word(g, i, &regs[i]))
			return bp_fail(err, BP_EPROTO, "gdb: r%zu is no number", i);
	if ((n == 17 * 8 || n == 42 * 8) && !word(g, (size_t)n / 8 - 1, &regs[16]))
		return 0;
	for (size_t i = 0; i < 2; i++) {
		n = bp_gdb_ask(g, deadline_ns, err, "p%x", numbers[i]);
		if (n < 0)
			return n;
		if (n == 8 && !word(g, 0, &regs[16]))
			return 0;
	}
	return bp_fail(err, BP_EPROTO, "gdb: the stub does not tell xPSR; is its target a Cortex-M?");
}
