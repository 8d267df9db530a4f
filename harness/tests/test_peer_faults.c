/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that misbehave from the first byte: what the drivers that reach a board
 * over TCP make of them. Each ends in time, in a text that names the board and
 * where it was looked for, and says what to do. (test_power_faults.c has power's.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/yaml.h"
#include "bench/console_parts.h"
#include "bench/debug_parts.h"

#define LIMIT_NS (20 * BP_NS_PER_S) /* the longest driver waits 2 s; what takes longer keeps no deadline */

enum fault { REFUSED, STALL, GARBAGE, HALF, CLOSED, FLOOD, FAULTS };

static const char *const fault_names[FAULTS] = {"refused", "stall", "garbage", "half an answer, then silence", "closed at once", "flood"};

struct server {
	pid_t pid;
	unsigned port;
};

/* ---- the server, a child ---- */

static void all_of(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

/* What comes is read and thrown away; half: the beginning of what would be an answer. */
static void misbehave(int fd, enum fault fault, const char *half)
{
	static const char noise[] = "\x01\x80\xf3noise}\x13#$##zz+-\x1a\x03";
	static char drop[65536]; /* a flood in blocks of that size is faster than any driver reads */
	bool once = false;

	if (fault == CLOSED)
		return;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN | (fault == FLOOD ? POLLOUT : 0)};

		poll(&p, 1, -1);
		if ((p.revents & POLLIN) && recv(fd, drop, sizeof(drop), 0) <= 0)
			return;
		if (fault == FLOOD && (p.revents & POLLOUT)) {
			memset(drop, 'x', sizeof(drop));
			all_of(fd, drop, sizeof(drop));
		} else if (fault == GARBAGE) {
			all_of(fd, noise, sizeof(noise) - 1);
		} else if (fault == HALF && !once) {
			once = true;
			all_of(fd, half, strlen(half));
		}
	}
}

static struct server start(enum fault fault, const char *half)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	struct server s;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	s.port = ntohs(at.sin_port);
	assert_true(fault == REFUSED || !listen(listener, 8));
	s.pid = fork();
	assert_true(s.pid >= 0);
	if (s.pid) {
		close(listener);
		return s;
	}
	alarm(60); /* whatever becomes of the test */
	for (;;) { /* bound but not listening refuses, and nobody else gets the port */
		int fd = fault == REFUSED ? (pause(), -1) : accept(listener, NULL, NULL);

		if (fd >= 0) {
			misbehave(fd, fault, half);
			close(fd);
		}
	}
}

static void stop(const struct server *s)
{
	kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

/* ---- the drivers ---- */

static struct bp_arena *arena;

typedef int open_fn(struct bp_diag *d, const struct bp_node *config, struct bp_err *err);

static int open_gdb(struct bp_diag *d, const struct bp_node *config, struct bp_err *err)
{
	void *self;

	return bp_debug_gdb_ops.open(arena, d, config, "left", &self, err);
}

static int open_openocd(struct bp_diag *d, const struct bp_node *config, struct bp_err *err)
{
	void *self;

	return bp_debug_openocd_ops.open(arena, d, config, "left", &self, err);
}

static int open_rfc2217(struct bp_diag *d, const struct bp_node *config, struct bp_err *err)
{
	void *self;

	return bp_console_rfc2217_ops.open(arena, d, config, "left", &self, err);
}

static int open_tcp(struct bp_diag *d, const struct bp_node *config, struct bp_err *err)
{
	void *self;

	return bp_console_tcp_ops.open(arena, d, config, "left", &self, err);
}

static const struct driver {
	const char *name;
	open_fn *open;
	const char *yaml;           /* %u: the port */
	const char *half;
	const char *remedy;
	const char *says[FAULTS];   /* NULL: no fault to this driver */
} drivers[] = {
	{"gdb", open_gdb, "{connect: 127.0.0.1:%u, answer: 400 ms}", "+$PacketSize=", "is the server running, the probe plugged in",
	 {"Connection refused", "no answer in time", "gdb server at 127.0.0.1:", "in time", "the connection ", "gdb server at 127.0.0.1:"}},
	{"openocd elsewhere", open_openocd, "{attach: 127.0.0.1:%u, start: 400 ms}", "0 of", "is it running, and is its tcl_port open?",
	 {"Connection refused", "no answer in time", "OpenOCD at 127.0.0.1:", "in time", "the connection ", "OpenOCD at 127.0.0.1:"}},
	{"rfc2217", open_rfc2217, "{address: '127.0.0.1:%u'}", "\xff\xfd", "is the server (ser2net) running, reachable, and set to telnet",
	 {"Connection refused", "no answer in time", "no answer in time", "no answer in time", "cannot be opened: ", "no answer in time"}},
	{"tcp", open_tcp, "{address: '127.0.0.1:%u'}", "", "is the server (ser2net, socat) running and reachable?", {"Connection refused"}},
};

static void one(const struct driver *driver, enum fault fault)
{
	struct bp_diag d = {.arena = arena};
	struct server s = start(fault, driver->half);
	struct bp_err err = {0};
	struct bp_node *root;
	char yaml[128], where[32];
	uint64_t began = bp_clock_ns();
	int rc;

	/* From the table above: a format of ours. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(yaml, sizeof(yaml), driver->yaml, s.port);
#pragma GCC diagnostic pop
	snprintf(where, sizeof(where), "127.0.0.1:%u", s.port);
	assert_int_equal(bp_yaml_parse(arena, "bench.yaml", yaml, strlen(yaml), &root, &err), 0);
	rc = driver->open(&d, root, &err);
	stop(&s);
	print_message("%s, %s: %s\n", driver->name, fault_names[fault], err.text);
	assert_true(bp_clock_ns() - began < LIMIT_NS);
	assert_true(rc == BP_EIO || rc == BP_ETIMEOUT);
	assert_int_equal(err.code, rc);
	assert_memory_equal(err.text, "board left: ", 12);
	assert_non_null(strstr(err.text, where));
	assert_non_null(strstr(err.text, driver->says[fault]));
	assert_non_null(strstr(err.text, driver->remedy));
}

static void misbehaving(void **state)
{
	const struct driver *driver = *state;

	arena = bp_arena_new((size_t)4 << 20);
	assert_non_null(arena);
	for (enum fault f = 0; f < FAULTS; f++)
		if (driver->says[f])
			one(driver, f);
	bp_arena_free(arena);
}

#define DRIVER(i) {"misbehaving server: " #i, misbehaving, NULL, NULL, (void *)&drivers[i]}

int main(void)
{
	const struct CMUnitTest tests[] = {DRIVER(0), DRIVER(1), DRIVER(2), DRIVER(3)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
