/* SPDX-License-Identifier: Apache-2.0 */
/* proc_talk.c - feeding a child process and collecting what it says. */
#include "base/proc.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_NS (200 * BP_NS_PER_MS)

/* write() without SIGPIPE: blocked for the call, and taken off when it was ours. */
static ssize_t write_quietly(int fd, const void *bytes, size_t len)
{
	const struct timespec zero = {0, 0};
	sigset_t pipe_set, old, pending;
	ssize_t n;
	int code;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &pipe_set, &old);
	n = write(fd, bytes, len);
	code = errno;
	if (n < 0 && code == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe_set, NULL, &zero);
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = code;
	return n;
}

static void close_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

static void feed(struct bp_proc *p, const struct bp_proc_io *io, size_t *at)
{
	while (*at < io->in_len) {
		ssize_t n = write_quietly(p->in, (const char *)io->in + *at, io->in_len - *at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break; /* it reads no more: its own affair */
		*at += (size_t)n;
	}
	close_end(&p->in);
}

static void collect(int *fd, char *out, size_t cap, size_t *len, bool *cut)
{
	char buf[4096];

	for (;;) {
		ssize_t n = read(*fd, buf, sizeof(buf));
		size_t room = out ? cap - 1 - *len : 0, take;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_end(fd);
			return;
		}
		take = (size_t)n < room ? (size_t)n : room;
		if (out && take)
			memcpy(out + *len, buf, take);
		*len += take;
		if (out)
			out[*len] = '\0';
		if (take < (size_t)n) {
			*cut = true;
			return; /* one that babbles without end must not keep us from the clock */
		}
	}
}

int bp_proc_talk(struct bp_proc *p, struct bp_proc_io *io, uint64_t deadline_ns, struct bp_err *err)
{
	size_t at = 0;

	if (io->out)
		io->out[0] = '\0';
	if (io->err)
		io->err[0] = '\0';
	io->out_len = io->err_len = 0;
	while (p->in >= 0 || p->out >= 0 || p->err >= 0) {
		struct pollfd fds[] = {
			{.fd = p->in, .events = POLLOUT}, {.fd = p->out, .events = POLLIN}, {.fd = p->err, .events = POLLIN},
			{.fd = p->pidfd, .events = POLLIN},
		};

		if (poll(fds, 4, bp_deadline_poll_ms(deadline_ns)) < 0 && errno != EINTR)
			return bp_fail(err, BP_EIO, "%s: cannot wait for it: %s", p->name, strerror(errno));
		if (bp_deadline_passed(deadline_ns))
			return bp_fail(err, BP_ETIMEOUT, "%s (pid %d) takes too long", p->name, (int)p->pid);
		if (fds[0].revents)
			feed(p, io, &at);
		if (fds[1].revents)
			collect(&p->out, io->out, io->out_cap, &io->out_len, &io->out_cut);
		if (fds[2].revents)
			collect(&p->err, io->err, io->err_cap, &io->err_len, &io->err_cut);
		/* It has ended and all that it wrote is read: a child of its own may hold the pipes open for ever. */
		if (fds[3].revents && !fds[1].revents && !fds[2].revents)
			break;
	}
	return bp_proc_wait(p, deadline_ns, err);
}

/* The last line of text that is not empty, without its end, shown safely. */
static const char *last_line(char *out, size_t cap, char *text)
{
	size_t len = strlen(text);
	char *line;

	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	line = strrchr(text, '\n');
	return bp_quote(out, cap, line ? line + 1 : text);
}

int bp_proc_run(const char *const *argv, struct bp_proc_io *io, uint64_t deadline_ns, struct bp_err *err)
{
	const struct bp_proc_options o = {
		.argv = argv, .in = io->in_len ? BP_PROC_PIPE : BP_PROC_NULL, .out = BP_PROC_PIPE, .err = BP_PROC_PIPE,
	};
	char said[1024] = "", shown[320], how[64];
	struct bp_proc_io own = *io;
	struct bp_proc p;
	int rc = bp_proc_start(&p, &o, err);

	if (rc)
		return rc;
	if (!own.err) {
		own.err = said;
		own.err_cap = sizeof(said);
	}
	rc = bp_proc_talk(&p, &own, deadline_ns, err);
	bp_proc_stop(&p, rc ? GRACE_NS : 0);
	io->out_len = own.out_len;
	io->out_cut = own.out_cut;
	io->err_len = own.err_len;
	io->err_cut = own.err_cut;
	if (!rc && WIFEXITED(p.status))
		return WEXITSTATUS(p.status);
	if (!rc)
		rc = bp_fail(err, BP_EIO, "%s: %s", argv[0], bp_proc_how(&p, how, sizeof(how)));
	if (own.err == said && own.err_len && err) {
		char before[BP_ERR_TEXT_BYTES];

		snprintf(before, sizeof(before), "%s", err->text);
		bp_fail(err, rc, "%.500s; it said %s", before, last_line(shown, sizeof(shown), said));
	}
	return rc;
}
