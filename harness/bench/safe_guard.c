/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safe_guard.c - the guardian: outlives the program and switches off what the
 * program left on (safe.h).
 */
#include "bench/safe_guard.h"
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARDED_MAX (2 * BP_SAFE_MAX) /* also switches that were closed but could not be switched off */
#define TRY_NS (1800 * BP_NS_PER_MS)   /* within BP_SAFE_GUARD_S */
#define AGAIN_MS 20                   /* a dead program's USB interfaces and lines come free one after the other */

struct guarded {
	size_t len;
	unsigned id;                        /* 0: free */
	char message[BP_GUARD_MESSAGE_BYTES + 1];
};

static struct guarded guarded[GUARDED_MAX];

/* The parts of a message of "+": strings that follow each other; yaml ends in the NUL that the store adds. */
struct parts {
	const char *driver, *board, *yaml;
};

static bool split(const struct guarded *g, struct parts *out)
{
	const char **part[] = {&out->driver, &out->board, &out->yaml};
	const char *p = g->message, *end = g->message + g->len;

	for (unsigned i = 0; i < 3; i++) {
		p = memchr(p, '\0', (size_t)(end - p));
		if (!p)
			return false;
		*part[i] = ++p;
	}
	return true;
}

static struct guarded *find(unsigned id)
{
	for (unsigned i = 0; i < GUARDED_MAX; i++)
		if (guarded[i].id == id)
			return &guarded[i];
	return NULL;
}

static char take(const char *message, size_t len)
{
	unsigned id = (unsigned)strtoul(message + 1, NULL, 10);
	struct guarded *g = find(message[0] == BP_GUARD_ADD ? 0 : id);
	struct parts parts;

	if (!g)
		return BP_GUARD_FULL;
	if (message[0] != BP_GUARD_ADD) {
		g->id = 0;
		return BP_GUARD_OK;
	}
	memcpy(g->message, message, len);
	g->message[len] = '\0';
	g->len = len;
	if (!split(g, &parts))
		return BP_GUARD_FULL;
	g->id = id;
	return BP_GUARD_OK;
}

/* Serve the list until the program is gone. */
static void listen_to(int fd)
{
	static char message[BP_GUARD_MESSAGE_BYTES + 1];

	for (;;) {
		ssize_t n = recv(fd, message, BP_GUARD_MESSAGE_BYTES, 0);
		char answer;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		message[n] = '\0';
		answer = take(message, (size_t)n);
		if (send(fd, &answer, 1, MSG_NOSIGNAL) != 1)
			return;
	}
}

/* Open the switch anew and switch it off. */
static int switch_off(const struct parts *p, struct bp_err *err)
{
	struct bp_arena *a = bp_arena_new(1u << 20);
	struct bp_diag diag = {.arena = a};
	const struct bp_power_ops *const *ops = bp_power_drivers;
	struct bp_node *config;
	void *self;
	int rc;

	if (!a)
		return bp_fail(err, BP_ENOMEM, "out of memory");
	while (*ops && strcmp((*ops)->name, p->driver))
		ops++;
	if (!*ops || !(*ops)->open)
		return bp_fail(err, BP_EINTERNAL, "board %s: no power driver %s", p->board, p->driver);
	rc = bp_yaml_parse(a, "power", p->yaml, strlen(p->yaml), &config, err);
	if (!rc) {
		bp_map_get(config, "driver"); /* whoever opens has taken this key */
		rc = (*ops)->open(a, &diag, config, p->board, &self, err);
	}
	if (!rc) {
		rc = (*ops)->off(self, err);
		(*ops)->close(self);
	}
	bp_arena_free(a);
	return rc;
}

/* In a process of its own. */
static _Noreturn void rescue(const struct parts *p)
{
	uint64_t deadline = bp_deadline_in(TRY_NS);
	struct bp_err err;

	alarm(BP_SAFE_GUARD_S);
	bp_power_hurry(true);
	while (switch_off(p, &err)) {
		if (bp_deadline_passed(deadline)) {
			dprintf(2, "brickproof ended with a board's power on: %s. Switch it off by hand.\n", err.text);
			_exit(1);
		}
		poll(NULL, 0, AGAIN_MS);
	}
	dprintf(2, "brickproof ended with the power of board %s on: it is off now\n", p->board);
	_exit(0);
}

static void rescue_all(void)
{
	pid_t pid[GUARDED_MAX] = {0};
	struct parts p;
	int status;

	for (unsigned i = 0; i < GUARDED_MAX; i++) {
		if (!guarded[i].id || !split(&guarded[i], &p))
			continue;
		pid[i] = fork();
		if (!pid[i])
			rescue(&p);
	}
	for (unsigned i = 0; i < GUARDED_MAX; i++) {
		if (pid[i] <= 0)
			continue;
		while (waitpid(pid[i], &status, 0) < 0 && errno == EINTR)
			;
		if (WIFSIGNALED(status) && split(&guarded[i], &p))
			dprintf(2, "brickproof ended with a board's power on: board %s: its switch (%s) did not take the command within %d s. "
				"Switch it off by hand.\n",
				p.board, p.driver, BP_SAFE_GUARD_S);
	}
}

/* Free of the program's terminal, handlers, files: a pipe that is held open here would keep its reader waiting. */
static int settle(int fd)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTTOU};
	sigset_t none;
	int null;

	setsid();
	prctl(PR_SET_NAME, "bp-guardian");
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	if (fd != 3)
		fd = dup3(fd, 3, O_CLOEXEC);
	close_range(4, ~0u, 0);
	return fd;
}

_Noreturn void bp_safe_guard(int fd)
{
	listen_to(settle(fd));
	rescue_all();
	_exit(0);
}
