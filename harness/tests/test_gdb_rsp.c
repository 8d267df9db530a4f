/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb's remote protocol: packets, and a stub of our own that misbehaves. The real
 * gdbserver is in test_gdbserver.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/gdb_rsp.h"

#define MS BP_NS_PER_MS
#define SOON bp_deadline_in(5 * BP_NS_PER_S)

static struct bp_gdb gdb;
static struct bp_err err;

/* ---- packets ---------------------------------------------------------------------- */

struct parse_row {
	const char *name, *bytes;
	enum bp_gdb_event event; /* the last one; none before it */
	const char *body;
};

static const struct parse_row parse_rows[] = {
	{"OK", "$OK#9a", BP_GDB_PACKET, "OK"},
	{"empty", "$#00", BP_GDB_PACKET, ""},
	{"capital digits", "$m#6D", BP_GDB_PACKET, "m"},
	{"run length: gdb's manual has 0* for 0000", "$0* #7a", BP_GDB_PACKET, "0000"},
	{"two runs", "$a*\"b* #59", BP_GDB_PACKET, "aaaaaabbbb"},
	{"escapes", "$}\x03}\x04}]}\x0a#62", BP_GDB_PACKET, "#$}*"},
	{"noise before", "xyz\n$OK#9a", BP_GDB_PACKET, "OK"},
	{"a packet cut short by the next", "$abc$OK#9a", BP_GDB_PACKET, "OK"},
	{"notification", "%Stop:T05#99", BP_GDB_NOTIFICATION, "Stop:T05"},
	{"ack", "+", BP_GDB_ACK, NULL},
	{"nak", "-", BP_GDB_NAK, NULL},
	{"wrong sum", "$OK#9b", BP_GDB_DAMAGED, NULL},
	{"sum that is none", "$OK#zz", BP_GDB_DAMAGED, NULL},
	{"half a sum that is none", "$OK#9z", BP_GDB_DAMAGED, NULL},
	{"run of nothing", "$* #4a", BP_GDB_DAMAGED, NULL},
	{"run without count", "$0*#5a", BP_GDB_DAMAGED, NULL},
	{"run with a count below blank", "$0*\x1f#79", BP_GDB_DAMAGED, NULL},
	{"escape at the end", "$}#7d", BP_GDB_DAMAGED, NULL},
	{"not complete", "$OK#9", BP_GDB_NOTHING, NULL},
};

static enum bp_gdb_event feed(struct bp_gdb_parser *p, const char *bytes, size_t len)
{
	enum bp_gdb_event e = BP_GDB_NOTHING;

	for (size_t i = 0; i < len; i++) {
		assert_int_equal(e, BP_GDB_NOTHING);
		e = bp_gdb_parse(p, (uint8_t)bytes[i]);
	}
	return e;
}

static void parsing(void **state)
{
	static struct bp_gdb_parser p;

	(void)state;
	for (size_t i = 0; i < sizeof(parse_rows) / sizeof(parse_rows[0]); i++) {
		const struct parse_row *row = &parse_rows[i];
		enum bp_gdb_event e;

		memset(&p, 0, sizeof(p));
		e = feed(&p, row->bytes, strlen(row->bytes));
		if (e != row->event || (row->body && (strcmp(p.body, row->body) || p.len != strlen(row->body))))
			fail_msg("%s: event %d, '%s'", row->name, (int)e, p.body);
	}
}

/* Every byte survives; the largest body fits, one more does not. */
static void framing(void **state)
{
	static char out[2 * BP_GDB_MAX_BODY + 8];
	static struct bp_gdb_parser p;
	static uint8_t body[BP_GDB_MAX_BODY + 1];
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)i;
	for (size_t len = 0; len <= BP_GDB_MAX_BODY; len = len ? len * 2 : 1) {
		n = bp_gdb_frame(body, len, out, 2 * len + 4, &err);
		assert_true(n > 0);
		memset(&p, 0, sizeof(p));
		assert_int_equal(feed(&p, out, (size_t)n), BP_GDB_PACKET);
		assert_int_equal(p.len, len);
		assert_memory_equal(p.body, body, len);
	}
	n = bp_gdb_frame(body, sizeof(body), out, sizeof(out), &err);
	assert_true(n > 0);
	assert_int_equal(feed(&p, out, (size_t)n), BP_GDB_TOO_LONG);
	assert_int_equal(bp_gdb_frame("abc", 3, out, 6, &err), BP_ENOMEM);
	assert_int_equal(bp_gdb_frame("abc", 3, out, 7, &err), 7);
	assert_int_equal(bp_gdb_frame("a#c", 3, out, 7, &err), BP_ENOMEM);
}

/* ---- a stub that follows a script ----------------------------------------------------- */

#define ENDLESS UINT_MAX

struct step {
	const char *hear;       /* raw bytes that must come; NULL: the end */
	const char *say;        /* raw bytes, "close", or a packet's body behind a ':' */
	unsigned times;
};

static pid_t stub;

/* What a stub says without end, faster than anybody listens; none while flood_len is 0. */
static char flood[512];
static size_t flood_len;

/* In libc's place: behind what has really come stands the flood, whole packets of it. */
ssize_t recv(int fd, void *buf, size_t cap, int flags)
{
	ssize_t n = recvfrom(fd, buf, cap, flags, NULL, NULL);

	if (n >= 0 || errno != EAGAIN || !flood_len)
		return n;
	for (n = 0; (size_t)n + flood_len <= cap; n += (ssize_t)flood_len)
		memcpy((char *)buf + n, flood, flood_len);
	return n;
}

/* The bytes of what is said. */
static size_t spell(const char *say, char out[static 512])
{
	int n = say[0] == ':' ? bp_gdb_frame(say + 1, strlen(say + 1), out, 512, NULL) : snprintf(out, 512, "%s", say);

	return (size_t)n;
}

static void stub_say(int fd, const char *say, unsigned times)
{
	char bytes[512];
	size_t len = spell(say, bytes);

	if (!strcmp(say, "close"))
		_exit(0);
	for (unsigned i = 0; times != ENDLESS && i < (times ? times : 1); i++)
		if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
			_exit(0);
}

static void stub_main(int fd, const struct step *s)
{
	char want[512], got;

	for (; s->hear; s++) {
		size_t len = spell(s->hear, want);

		for (size_t i = 0; i < len; i++)
			if (read(fd, &got, 1) != 1 || got != want[i])
				_exit(9);
		stub_say(fd, s->say, s->times);
	}
	if (read(fd, &got, 1) == 1)
		_exit(8); /* more than the script expects */
	_exit(0);
}

static int start(const struct step *s)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	stub = fork();
	if (!stub) {
		close(fd[0]);
		stub_main(fd[1], s);
	}
	close(fd[1]);
	return fd[0];
}

/* The stub must have heard its whole script and nothing else, unless it is a broken one. */
static void finish(int fd, const char *name, bool whole)
{
	int status;

	close(fd);
	assert_int_equal(waitpid(stub, &status, 0), stub);
	if (whole && (!WIFEXITED(status) || WEXITSTATUS(status)))
		fail_msg("%s: the stub heard what it did not expect (%d)", name, status);
}

#define ASK "qSupported:swbreak+;hwbreak+;vContSupported+"

/* A stub that supports nothing: every packet is acknowledged. */
#define OLD_STUB {"+", "", 0}, {":" ASK, "+", 0}, {"", ":", 0}, {"+", "", 0}, {":vCont?", "+", 0}, {"", ":", 0}, {"+", "", 0}, \
	{":?", "+", 0}, {"", ":S05", 0}, {"+", "", 0}
/* One with everything, in no-ack mode. */
#define NEW_STUB {"+", "", 0}, {":" ASK, "+", 0}, {"", ":PacketSize=100;QStartNoAckMode+;x", 0}, {"+", "", 0}, \
	{":QStartNoAckMode", "+", 0}, {"", ":OK", 0}, {"+", "", 0}, {":vCont?", ":vCont;c;C;s;S", 0}, {":?", ":T05thread:01;", 0}

struct talk_row {
	const char *name;
	struct step step[20];
	int (*talk)(void);
	int rc;
	const char *says;
	bool broken;            /* the stub does not hear its whole script */
};

static uint64_t brief(void)
{
	return bp_deadline_in(200 * MS);
}

static int nothing(void)
{
	return 0;
}

static int read_four(void)
{
	uint8_t buf[4];
	int rc = bp_gdb_read(&gdb, 0x20, buf, 4, brief(), &err);

	if (!rc)
		assert_memory_equal(buf, "\x01\x02\xab\xcd", 4);
	return rc;
}

static int write_five(void)
{
	return bp_gdb_write(&gdb, 0x20, "a}#$b", 5, brief(), &err);
}

static int point(void)
{
	return bp_gdb_point(&gdb, 1, 0x100, 2, true, brief(), &err);
}

static int run_and_stop(void)
{
	unsigned signal = 0;
	int rc = bp_gdb_continue(&gdb, false, brief(), &err);

	if (!rc)
		rc = bp_gdb_interrupt(&gdb, brief(), &err);
	if (!rc)
		rc = bp_gdb_wait_stop(&gdb, &signal, brief(), &err);
	return rc ? rc : (int)signal;
}

static int run_for_ever(void)
{
	int rc = bp_gdb_continue(&gdb, false, brief(), &err);

	if (!rc)
		rc = bp_gdb_wait_stop(&gdb, NULL, brief(), &err);
	assert_true(gdb.running);
	return rc;
}

static int monitor(void)
{
	return bp_gdb_monitor(&gdb, "hi", brief(), &err);
}

static int flash(void)
{
	return bp_gdb_flash(&gdb, 0x1000, "ab", 2, brief(), &err);
}

static int leave(void)
{
	bp_gdb_end(&gdb, false, brief());
	return gdb.fd;
}

static int leave_killing(void)
{
	bp_gdb_end(&gdb, true, brief());
	return gdb.fd;
}

static const struct talk_row talk_rows[] = {
	{"old stub", {OLD_STUB}, nothing, 0, NULL, false},
	{"new stub", {NEW_STUB}, nothing, 0, NULL, false},
	{"read, acknowledged", {OLD_STUB, {":m20,4", "+", 0}, {"", ":0102abcd", 0}, {"+", "", 0}}, read_four, 0, NULL, false},
	{"it hears badly", {OLD_STUB, {":m20,4", "-", 0}, {":m20,4", "-", 0}, {":m20,4", "+", 0}, {"", ":0102abcd", 0}, {"+", "", 0}},
	 read_four, 0, NULL, false},
	{"it never hears", {OLD_STUB, {":m20,4", "-", 0}, {":m20,4", "-", 0}, {":m20,4", "-", 0}, {":m20,4", "-", 0}}, read_four, BP_EPROTO,
	 "refuses every packet", false},
	{"we hear badly", {OLD_STUB, {":m20,4", "+", 0}, {"", "$0102abcd#00", 0}, {"-", "$0102abxx#11", 0}, {"-", ":0102abcd", 0}, {"+", "", 0}},
	 read_four, 0, NULL, false},
	{"we never hear", {OLD_STUB, {":m20,4", "+", 0}, {"", "$x#00", 0}, {"-", "$x#00", 0}, {"-", "$x#00", 0}, {"-", "$x#00", 0}}, read_four,
	 BP_EPROTO, "damaged", false},
	{"no-ack: damage is the end", {NEW_STUB, {":m20,4", "$0102abcd#00", 0}}, read_four, BP_EPROTO, "damaged", false},
	{"in two parts", {NEW_STUB, {":m20,4", ":0102", 0}, {":m22,2", ":abcd", 0}}, read_four, 0, NULL, false},
	{"a notification before", {NEW_STUB, {":m20,4", "%Stop:T05#99", 3}, {"", ":0102abcd", 0}}, read_four, 0, NULL, false},
	{"noise before", {NEW_STUB, {":m20,4", "noise\r\n", 0}, {"", ":0102abcd", 0}}, read_four, 0, NULL, false},
	{"refused", {NEW_STUB, {":m20,4", ":E14", 0}}, read_four, BP_EIO, "cannot read 0x00000020: E14", false},
	{"too much", {NEW_STUB, {":m20,4", ":0102abcdef", 0}}, read_four, BP_EPROTO, "10 digits", false},
	{"nothing", {NEW_STUB, {":m20,4", ":", 0}}, read_four, BP_EPROTO, "0 digits", false},
	{"no digits", {NEW_STUB, {":m20,4", ":zz", 0}}, read_four, BP_EPROTO, "no hex digits", false},
	{"odd digits", {NEW_STUB, {":m20,4", ":010", 0}}, read_four, BP_EPROTO, "3 digits", false},
	{"stalled", {NEW_STUB, {":m20,4", "$01", 0}}, read_four, BP_ETIMEOUT, NULL, false},
	{"silent", {NEW_STUB, {":m20,4", "", 0}}, read_four, BP_ETIMEOUT, NULL, false},
	{"acks without end", {OLD_STUB, {":m20,4", "++++++++", ENDLESS}}, read_four, BP_ETIMEOUT, NULL, true},
	{"notifications without end", {NEW_STUB, {":m20,4", "%Stop:T05#99", ENDLESS}}, read_four, BP_ETIMEOUT, NULL, true},
	{"noise without end", {NEW_STUB, {":m20,4", "xyz", ENDLESS}}, read_four, BP_ETIMEOUT, NULL, true},
	{"a packet without end", {NEW_STUB, {":m20,4", "$", 0}, {"", "abcdefgh", ENDLESS}}, read_four, BP_ETIMEOUT, NULL, true},
	{"a huge packet", {NEW_STUB, {":m20,4", "$", 0}, {"", "abcdefgh", 4000}, {"", "#00", 0}}, read_four, BP_EPROTO, NULL, true},
	{"closed", {NEW_STUB, {":m20,4", "close", 0}}, read_four, BP_EIO, "closed", false},
	{"closed within", {NEW_STUB, {":m20,4", "$01", 0}, {"", "close", 0}}, read_four, BP_EIO, "closed", false},
	{"write", {NEW_STUB, {":X20,5:a}#$b", ":OK", 0}}, write_five, 0, NULL, false},
	{"write without X", {NEW_STUB, {":X20,5:a}#$b", ":", 0}, {":M20,5:617d232462", ":OK", 0}}, write_five, 0, NULL, false},
	{"write refused", {NEW_STUB, {":X20,5:a}#$b", ":E01", 0}}, write_five, BP_EIO,
	 "0x00000020: gdb: the stub refused to write memory: E01", false},
	{"no breakpoints", {NEW_STUB, {":Z1,100,2", ":", 0}}, point, BP_EIO, "cannot set or clear a breakpoint", false},
	{"none left", {NEW_STUB, {":Z1,100,2", ":E0e", 0}}, point, BP_EIO, "refused", false},
	{"run, new", {NEW_STUB, {":vCont;c", "", 0}, {"\x03", ":T02thread:01;", 0}}, run_and_stop, 2, NULL, false},
	{"run, old", {OLD_STUB, {":c", "+", 0}, {"\x03", ":S05", 0}, {"+", "", 0}}, run_and_stop, 5, NULL, false},
	{"it prints on the way", {NEW_STUB, {":vCont;c", ":O6869", 2}, {"\x03", ":S02", 0}}, run_and_stop, 2, NULL, false},
	{"it ends", {NEW_STUB, {":vCont;c", ":W00", 0}, {"\x03", "", 0}}, run_and_stop, BP_EIO, "the target is gone (W00)", false},
	{"no stop", {NEW_STUB, {":vCont;c", ":hello", 0}, {"\x03", "", 0}}, run_and_stop, BP_EPROTO, "where a stop was expected", false},
	{"half a stop", {NEW_STUB, {":vCont;c", ":T0", 0}, {"\x03", "", 0}}, run_and_stop, BP_EPROTO, "where a stop was expected", false},
	{"it runs on", {NEW_STUB, {":vCont;c", "", 0}}, run_for_ever, BP_ETIMEOUT, NULL, false},
	{"it prints without end", {NEW_STUB, {":vCont;c", ":O6869", ENDLESS}}, run_for_ever, BP_ETIMEOUT, NULL, true},
	{"monitor", {NEW_STUB, {":qRcmd,6869", ":O610a", 3}, {"", ":OK", 0}}, monitor, 0, NULL, false},
	{"monitor prints without end", {NEW_STUB, {":qRcmd,6869", ":O610a", ENDLESS}}, monitor, BP_ETIMEOUT, NULL, true},
	{"monitor refused", {NEW_STUB, {":qRcmd,6869", ":E01", 0}}, monitor, BP_EIO, "refused to run that command", false},
	{"flash", {NEW_STUB, {":vFlashErase:1000,2", ":OK", 0}, {":vFlashWrite:1000:ab", ":OK", 0}, {":vFlashDone", ":OK", 0}}, flash, 0,
	 NULL, false},
	{"flash cannot be erased", {NEW_STUB, {":vFlashErase:1000,2", ":", 0}}, flash, BP_EIO, "cannot erase flash", false},
	{"detach", {NEW_STUB, {":D", ":OK", 0}}, leave, -1, NULL, false},
	{"kill", {NEW_STUB, {":k", "close", 0}}, leave_killing, -1, NULL, false},
};

static void talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(talk_rows) / sizeof(talk_rows[0]); i++) {
		const struct talk_row *row = &talk_rows[i];
		uint64_t before = bp_clock_ns();
		int fd = start(row->step), rc;

		err.text[0] = '\0';
		rc = bp_gdb_begin(&gdb, fd, SOON, &err);
		for (const struct step *s = row->step; s->hear; s++)
			flood_len = s->times == ENDLESS ? spell(s->say, flood) : 0;
		if (!rc)
			rc = row->talk();
		flood_len = 0;
		if (rc != row->rc || (row->says && !strstr(err.text, row->says)))
			fail_msg("%s: %d, expected %d: %s", row->name, rc, row->rc, err.text);
		if (bp_clock_ns() - before > 20 * BP_NS_PER_S)
			fail_msg("%s: took too long", row->name);
		finish(fd, row->name, !row->broken);
	}
}

/* A stop that comes in two halves, with a deadline in between, is not lost. */
static void slow_stop(void **state)
{
	static const struct step script[] = {NEW_STUB, {":vCont;c", "$T0", 0}, {"\x03", "5#b9", 0}, {NULL, NULL, 0}};
	int fd = start(script);
	unsigned signal = 0;

	(void)state;
	assert_int_equal(bp_gdb_begin(&gdb, fd, SOON, &err), 0);
	assert_int_equal(bp_gdb_continue(&gdb, false, SOON, &err), 0);
	assert_int_equal(bp_gdb_wait_stop(&gdb, &signal, bp_deadline_in(50 * MS), &err), BP_ETIMEOUT);
	assert_int_equal(bp_gdb_interrupt(&gdb, SOON, &err), 0);
	assert_int_equal(bp_gdb_wait_stop(&gdb, &signal, SOON, &err), 0);
	assert_int_equal(signal, 5);
	finish(fd, "slow stop", true);
}

/* ---- registers -------------------------------------------------------------------------- */

struct registers_row {
	const char *name;
	unsigned words;         /* of the answer to g */
	const char *p25, *p16;  /* answers, NULL: not asked */
	int rc;
	uint32_t xpsr;
};

static const struct registers_row registers_rows[] = {
	{"17 words: QEMU, OpenOCD", 17, NULL, NULL, 0, 16},
	{"42 words: with FPA, as gdb's default", 42, NULL, NULL, 0, 41},
	{"16 words, register 25", 16, ":78563412", NULL, 0, 0x12345678},
	{"16 words, register 16", 16, ":", ":78563412", 0, 0x12345678},
	{"26 words, register 16", 26, ":E01", ":78563412", 0, 0x12345678},
	{"no xPSR at all", 16, ":", ":", BP_EPROTO, 0},
	{"too few", 15, NULL, NULL, BP_EPROTO, 0},
	{"none", 0, NULL, NULL, BP_EPROTO, 0},
};

static void registers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(registers_rows) / sizeof(registers_rows[0]); i++) {
		const struct registers_row *row = &registers_rows[i];
		char g[8 * 42 + 2] = ":";
		struct step script[16] = {NEW_STUB, {":g", g, 0}};
		unsigned n = 10;
		uint32_t regs[17];
		int fd, rc;

		for (unsigned w = 0; w < row->words; w++)
			snprintf(g + 1 + 8 * w, 9, "%08x", w << 24);
		if (row->p25)
			script[n++] = (struct step){":p19", row->p25, 0};
		if (row->p16)
			script[n] = (struct step){":p10", row->p16, 0};
		fd = start(script);
		assert_int_equal(bp_gdb_begin(&gdb, fd, SOON, &err), 0);
		rc = bp_gdb_registers(&gdb, regs, brief(), &err);
		if (rc != row->rc || (!rc && (regs[16] != row->xpsr || regs[15] != 15)))
			fail_msg("%s: %d, xPSR 0x%x: %s", row->name, rc, regs[16], err.text);
		finish(fd, row->name, true);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(parsing),
	cmocka_unit_test(framing),
	cmocka_unit_test(talks),
	cmocka_unit_test(slow_stop),
	cmocka_unit_test(registers),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
