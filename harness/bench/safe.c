/* SPDX-License-Identifier: Apache-2.0 */
/* safe.c - the list of open switches, and the line to the guardian (safe.h). */
#include "bench/safe.h"
#include "bench/power_parts.h"
#include "bench/safe_guard.h"
#include "bench/safe_node.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct listed {
	const struct bp_power_ops *ops; /* NULL: free */
	void *self;
	unsigned id;                    /* the guardian's name for it */
};

static struct listed list[BP_SAFE_MAX];
static unsigned last_id;
static int guard_fd = -1;               /* to the guardian */
static bool in_guardian, at_fork;

/* The parent's switches are not the child's, and the guardian must see the parent's end alone. */
static void forget_parent(void)
{
	if (guard_fd >= 0)
		close(guard_fd);
	guard_fd = -1;
	memset(list, 0, sizeof(list));
}

/*
 * Forked twice, so that the guardian is nobody's child here: a program that waits
 * for any child does not meet it.
 */
static int fork_guardian(int fd, int other, struct bp_err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return bp_fail(err, BP_EIO, "guardian of the switches: fork: %s", strerror(errno));
	if (!pid) {
		close(other);
		in_guardian = true;
		pid = fork();
		if (pid)
			_exit(pid < 0);
		bp_safe_guard(fd);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return bp_fail(err, BP_EIO, "guardian of the switches: waitpid: %s", strerror(errno));
	if (status)
		return bp_fail(err, BP_EIO, "guardian of the switches could not be started");
	return 0;
}

int bp_safe_start(struct bp_err *err)
{
	int pair[2], rc;

	if (in_guardian || guard_fd >= 0)
		return 0;
	if (!at_fork && pthread_atfork(NULL, NULL, forget_parent))
		return bp_fail(err, BP_ENOMEM, "guardian of the switches: out of memory");
	at_fork = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return bp_fail(err, BP_EIO, "guardian of the switches: socketpair: %s", strerror(errno));
	rc = fork_guardian(pair[1], pair[0], err);
	close(pair[1]);
	if (rc)
		close(pair[0]);
	else
		guard_fd = pair[0];
	return rc;
}

/* One message; the guardian's answer makes sure that it is there and has understood. */
static int tell(const char *bytes, size_t len, struct bp_err *err)
{
	struct timeval limit = {.tv_sec = 1};
	char answer;

	setsockopt(guard_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (recv(guard_fd, &answer, 1, MSG_DONTWAIT) == 1)
		; /* an answer that came too late for its question */
	if (send(guard_fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		return bp_fail(err, BP_EIO, "guardian of the switches %s",
			       errno == EPIPE ? "is gone: something killed it" : strerror(errno));
	for (;;) {
		ssize_t n = recv(guard_fd, &answer, 1, 0);

		if (n == 1 && answer == BP_GUARD_OK)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		return bp_fail(err, BP_EIO, "guardian of the switches %s",
			       n == 1 ? "has no room" : n ? "does not answer" : "is gone: something killed it");
	}
}

static struct listed *find(const void *self)
{
	for (unsigned i = 0; i < BP_SAFE_MAX; i++)
		if (self ? list[i].ops && list[i].self == self : !list[i].ops)
			return &list[i];
	return NULL;
}

int bp_safe_add(const struct bp_power_ops *ops, void *self, const char *board, const struct bp_node *config,
		struct bp_err *err)
{
	struct listed *free_place = find(NULL);
	struct bp_arena *a;
	struct bp_text text;
	int rc;

	if (in_guardian)
		return 0;
	if (!free_place)
		return bp_fail(err, BP_ENOMEM, "more than %d switches in one process", BP_SAFE_MAX);
	rc = bp_safe_start(err);
	if (rc)
		return rc;
	a = bp_arena_new(BP_GUARD_MESSAGE_BYTES * 4);
	if (!a)
		return bp_fail(err, BP_ENOMEM, "out of memory");
	bp_text_init(&text, a);
	bp_text_printf(&text, "%c%u%c%s%c%s%c", BP_GUARD_ADD, last_id + 1, 0, ops->name, 0, board, 0);
	bp_node_write(&text, config);
	if (text.failed || text.len >= BP_GUARD_MESSAGE_BYTES)
		rc = bp_fail(err, BP_ENOMEM, "the description of the power switch is too long");
	else
		rc = tell(text.bytes, text.len, err);
	bp_arena_free(a);
	if (!rc)
		*free_place = (struct listed){.ops = ops, .self = self, .id = ++last_id};
	return rc;
}

void bp_safe_drop(void *self, int is_off)
{
	struct listed *l = find(self);
	char message[16];
	int len;

	if (!l)
		return;
	len = snprintf(message, sizeof(message), "%c%u", BP_GUARD_DROP, l->id);
	l->ops = NULL;
	/* A guardian that is gone needs not be told. */
	if (is_off)
		tell(message, (size_t)len + 1, NULL);
}

int bench_make_safe(struct bp_err *err)
{
	size_t at = 0;
	int rc = 0;

	bp_power_hurry(true);
	for (unsigned i = 0; i < BP_SAFE_MAX; i++) {
		struct bp_err one = {0};
		int n;

		if (!list[i].ops || !list[i].ops->off(list[i].self, &one))
			continue;
		rc = one.code;
		if (!err || at >= sizeof(err->text))
			continue;
		err->code = rc;
		n = snprintf(err->text + at, sizeof(err->text) - at, "%s%s", at ? "\n" : "", one.text);
		at += n > 0 ? (size_t)n : 0;
	}
	bp_power_hurry(false);
	return rc;
}
