/* SPDX-License-Identifier: Apache-2.0 */
/* OpenOCD's Tcl interface against a peer of our own that misbehaves in every way we know of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/openocd_rpc.h"

#define MS BP_NS_PER_MS
#define LATE (1500 * MS) /* a loaded machine's grace */

static struct bp_rpc rpc;
static struct bp_err err;

/* ---- the peer: reads a command, then does what its script says ---------------------- */

struct act {
	unsigned wait_ms;
	const char *say;        /* NULL: the end of this answer */
	unsigned times;         /* say it so often; 0: once */
};

#define ACTS 6
#define COMMANDS 4

struct script {
	struct act act[COMMANDS][ACTS];
};

static pid_t peer;

static void say_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0);
		bytes += n;
		len -= (size_t)n;
	}
}

static void peer_main(int fd, const struct script *s)
{
	char byte = 0;

	for (unsigned c = 0; c < COMMANDS; c++) {
		do {
			if (read(fd, &byte, 1) != 1)
				_exit(0);
		} while (byte != BP_RPC_END);
		for (unsigned a = 0; a < ACTS && s->act[c][a].say; a++) {
			const struct act *act = &s->act[c][a];

			usleep(act->wait_ms * 1000);
			if (!strcmp(act->say, "close"))
				_exit(0);
			for (unsigned i = 0; i < (act->times ? act->times : 1); i++)
				say_all(fd, act->say, strlen(act->say));
		}
	}
	while (read(fd, &byte, 1) == 1)
		;
	_exit(0);
}

static void begin(const struct script *s)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	peer = fork();
	if (!peer) {
		close(fd[0]);
		peer_main(fd[1], s);
	}
	close(fd[1]);
	bp_rpc_begin(&rpc, fd[0]);
}

static void end(void)
{
	close(rpc.fd);
	kill(peer, SIGKILL);
	assert_int_equal(waitpid(peer, NULL, 0), peer);
}

static int ask(uint64_t ns)
{
	return bp_rpc_call(&rpc, bp_deadline_in(ns), &err, "x%d", 1);
}

/* ---- one answer ----------------------------------------------------------------------- */

struct answer_row {
	const char *name;
	struct act act[ACTS];
	int rc;                 /* negative: the code; else the length */
	const char *says;       /* the result, or what the error names */
};

static const struct answer_row answer_rows[] = {
	{"a result", {{0, "0 abc\x1a", 0}}, 3, "abc"},
	{"an empty one", {{0, "0 \x1a", 0}}, 0, ""},
	{"blanks and line ends at its end", {{0, "0 a b \n\n\x1a", 0}}, 3, "a b"},
	{"lines", {{0, "0 a\nb\n\x1a", 0}}, 3, "a\nb"},
	{"byte by byte", {{0, "0", 0}, {2, " ", 0}, {2, "a", 0}, {2, "bc", 0}, {2, "\x1a", 0}}, 3, "abc"},
	{"a refusal", {{0, "1 no such thing\n\x1a", 0}}, BP_EREFUSED, "OpenOCD: no such thing"},
	{"a refusal without a word", {{0, "1 \x1a", 0}}, BP_EREFUSED, "OpenOCD: error 1"},
	{"OpenOCD's own code", {{0, "-304 \x1a", 0}}, BP_EREFUSED, "OpenOCD: error -304"},
	{"half an answer", {{0, "0 ab", 0}}, BP_ETIMEOUT, NULL},
	{"nothing", {{0, NULL, 0}}, BP_ETIMEOUT, NULL},
	{"too late", {{400, "0 a\x1a", 0}}, BP_ETIMEOUT, NULL},
	{"garbage", {{0, "\xff\xfe%s\x01\x1a", 0}}, BP_EPROTO, "an answer that is none"},
	{"no code", {{0, "abc\x1a", 0}}, BP_EPROTO, "an answer that is none"},
	{"nothing in it", {{0, "\x1a", 0}}, BP_EPROTO, "an answer that is none"},
	{"a code and no blank", {{0, "0\x1a", 0}}, BP_EPROTO, "an answer that is none"},
	{"a code of many digits", {{0, "0000000000000000 \x1a", 0}}, BP_EPROTO, "an answer that is none"},
	{"the largest that fits", {{0, "0 ", 0}, {0, "abcdefghijklmn", 4681}, {0, "\x1a", 0}}, 4681 * 14, "abc"},
	{"too long, and its end", {{0, "0 ", 0}, {0, "abcdefgh", 9000}, {0, "\x1a", 0}}, BP_EPROTO, "beyond 65536 bytes"},
	{"without end", {{0, "abcdefgh", 1000000}}, BP_EPROTO, "beyond 65536 bytes"},
	{"closed at once", {{0, "close", 0}}, BP_EIO, "connection"},
	{"closed within", {{0, "0 ab", 0}, {0, "close", 0}}, BP_EIO, "connection"},
};

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answer_rows) / sizeof(answer_rows[0]); i++) {
		const struct answer_row *row = &answer_rows[i];
		struct script s = {.act = {{{0}}}};
		uint64_t start = bp_clock_ns();
		int rc;

		memcpy(s.act[0], row->act, sizeof(row->act));
		begin(&s);
		rc = ask(200 * MS);
		if (rc != row->rc)
			fail_msg("%s: %d (%s), expected %d", row->name, rc, rc < 0 ? err.text : rpc.reply, row->rc);
		if (row->says && !strstr(rc < 0 ? err.text : rpc.reply, row->says))
			fail_msg("%s: '%s', expected '%s'", row->name, rc < 0 ? err.text : rpc.reply, row->says);
		if (bp_clock_ns() - start > 200 * MS + LATE)
			fail_msg("%s: took too long", row->name);
		end();
	}
}

/* ---- one after another -------------------------------------------------------------------- */

/* An answer that came too late is not taken for the next command's. */
static void owed(void **state)
{
	static const struct script s = {.act = {{{150, "0 la", 0}, {0, "te\x1a", 0}}, {{0, "0 second\x1a", 0}}}};

	(void)state;
	begin(&s);
	assert_int_equal(ask(20 * MS), BP_ETIMEOUT);
	assert_int_equal(rpc.owed, 1);
	assert_int_equal(ask(2000 * MS), 6);
	assert_string_equal(rpc.reply, "second");
	assert_int_equal(rpc.owed, 0);
	end();
}

/* Half of it had come when it was given up. */
static void owed_half(void **state)
{
	static const struct script s = {.act = {{{0, "0 fir", 0}, {150, "st\x1a", 0}}, {{0, "0 second\x1a", 0}}}};

	(void)state;
	begin(&s);
	assert_int_equal(ask(50 * MS), BP_ETIMEOUT);
	assert_int_equal(ask(2000 * MS), 6);
	assert_string_equal(rpc.reply, "second");
	end();
}

/* It is still owed at the next deadline: that command was never sent. */
static void owed_long(void **state)
{
	static const struct script s = {.act = {{{300, "0 first\x1a", 0}}, {{0, "0 second\x1a", 0}}}};
	uint64_t asked;

	(void)state;
	begin(&s);
	assert_int_equal(ask(20 * MS), BP_ETIMEOUT);
	asked = rpc.asked_ns;
	assert_int_equal(ask(20 * MS), BP_ETIMEOUT);
	assert_int_equal(rpc.owed, 1);
	assert_int_equal(rpc.asked_ns, asked);
	assert_int_equal(ask(2000 * MS), 6);
	assert_string_equal(rpc.reply, "second");
	end();
}

/* Two answers to one command: the second would shift all that follow. */
static void unasked(void **state)
{
	static const struct script s = {.act = {{{0, "0 one\x1a" "0 two\x1a", 0}}, {{0, "0 second\x1a", 0}}}};

	(void)state;
	begin(&s);
	assert_int_equal(ask(500 * MS), 3);
	assert_int_equal(ask(500 * MS), BP_EPROTO);
	assert_non_null(strstr(err.text, "nobody asked for"));
	end();
}

static void unasked_later(void **state)
{
	static const struct script s = {.act = {{{0, "0 one\x1a", 0}, {20, "0 two\x1a", 0}}, {{0, "0 second\x1a", 0}}}};

	(void)state;
	begin(&s);
	assert_int_equal(ask(500 * MS), 3);
	usleep(150000);
	assert_int_equal(ask(500 * MS), BP_EPROTO);
	end();
}

/* A peer that does not read: what cannot be sent is given up in time. */
static void not_reading(void **state)
{
	static char huge[BP_RPC_MAX_COMMAND];
	int fd[2], rc = 0;

	(void)state;
	memset(huge, 'x', sizeof(huge) - 100);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	bp_rpc_begin(&rpc, fd[0]);
	for (unsigned i = 0; i < 1000 && rc != BP_EIO; i++) {
		rc = bp_rpc_call_text(&rpc, huge, bp_deadline_in(MS), &err);
		rpc.owed = 0;
	}
	assert_int_equal(rc, BP_EIO);
	assert_int_equal(bp_rpc_call(&rpc, bp_deadline_in(MS), &err, "%s%s", huge, huge), BP_EINTERNAL);
	close(fd[0]);
	close(fd[1]);
}

/* ---- what answers hold --------------------------------------------------------------------- */

struct words_row {
	const char *text;
	unsigned n;
	int rc;
	uint32_t first, last;
};

static const struct words_row words_rows[] = {
	{"0x0", 1, 0, 0, 0},
	{"0x12345678 0xFFFFFFFF", 2, 0, 0x12345678, 0xffffffff},
	{" 0x1\n0x2  0x3 ", 3, 0, 1, 3},
	{"0X00000001", 1, 0, 1, 1},
	{"", 0, 0, 0, 0},
	{"", 1, BP_EPROTO, 0, 0},
	{"0x1", 2, BP_EPROTO, 0, 0},
	{"0x1 0x2", 1, BP_EPROTO, 0, 0},
	{"0x", 1, BP_EPROTO, 0, 0},
	{"12", 1, BP_EPROTO, 0, 0},
	{"0x1g", 1, BP_EPROTO, 0, 0},
	{"0x1,0x2", 2, BP_EPROTO, 0, 0},
	{"0x123456789", 1, BP_EPROTO, 0, 0},
	{"-0x1", 1, BP_EPROTO, 0, 0},
	{"0x1 error", 1, BP_EPROTO, 0, 0},
};

static void words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(words_rows) / sizeof(words_rows[0]); i++) {
		const struct words_row *row = &words_rows[i];
		uint32_t out[4] = {0};
		int rc = bp_rpc_words(row->text, out, row->n, &err);

		if (rc != row->rc || (!rc && row->n && (out[0] != row->first || out[row->n - 1] != row->last)))
			fail_msg("'%s': %d, 0x%x", row->text, rc, out[0]);
	}
}

#define MOST "r0 0x0 r1 0x1 r2 0x2 r3 0x3 r4 0x4 r5 0x5 r6 0x6 r7 0x7 r8 0x8 r9 0x9 r10 0xa r11 0xb r12 0xc sp 0xd lr 0xe "

static void registers(void **state)
{
	static const char *const bad[] = {"", MOST "pc 0xf", MOST "pc 0xf xPSR", MOST "pc 0xf xPSR 0x10 r0 0x1", MOST "pc 0xf xPSR 0x10 control 0x0",
					  MOST "pc 0xf xPSR z", "r0 r0 r0"};
	uint32_t regs[17];

	(void)state;
	assert_int_equal(bp_rpc_registers(MOST "xPSR 0x10 pc 0xf\n", regs, &err), 0);
	for (uint32_t i = 0; i < 17; i++)
		assert_int_equal(regs[i], i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bp_rpc_registers(bad[i], regs, &err) != BP_EPROTO)
			fail_msg("taken: '%s'", bad[i]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(answers),
	cmocka_unit_test(owed),
	cmocka_unit_test(owed_half),
	cmocka_unit_test(owed_long),
	cmocka_unit_test(unasked),
	cmocka_unit_test(unasked_later),
	cmocka_unit_test(not_reading),
	cmocka_unit_test(words),
	cmocka_unit_test(registers),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
