/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/debug_child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAID_MAX_BYTES 65536
#define SAID_READ_BYTES 4096

void bp_child_init(struct bp_child *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = c->said_fd = -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Writes beyond the file's size fail: a child that never stops complaining fills no memory. */
static int said_file(void)
{
	int fd = memfd_create("brickproof-child", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, SAID_MAX_BYTES) || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW)))
		close_fd(&fd);
	return fd;
}

int bp_child_start(struct bp_child *c, char *const argv[], struct bp_err *err)
{
	int io[2] = {-1, -1}, rc;

	bp_child_init(c);
	c->said_fd = said_file();
	if (c->said_fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io)) {
		rc = bp_fail(err, BP_EIO, "%s: cannot make its descriptors: %s", argv[0], strerror(errno));
	} else {
		struct bp_proc_options o = {.argv = (const char *const *)argv, .in = io[1], .out = io[1], .err = c->said_fd};

		c->fd = io[0];
		rc = bp_proc_start(&c->proc, &o, err);
	}
	close_fd(&io[1]);
	if (rc)
		bp_child_stop(c, 0);
	return rc;
}

void bp_child_stop(struct bp_child *c, uint64_t grace_ns)
{
	close_fd(&c->fd);
	close_fd(&c->said_fd);
	if (c->proc.pid && grace_ns)
		bp_proc_wait(&c->proc, bp_deadline_in(grace_ns), NULL);
	bp_proc_stop(&c->proc, 0);
	bp_child_init(c);
}

/* Append line[len] to out with "; " in between, if it fits. */
static void add_line(char *out, size_t cap, const char *line, size_t len)
{
	size_t used = strlen(out);

	if (used + len + 3 < cap)
		snprintf(out + used, cap - used, "%s%.*s", used ? "; " : "", (int)len, line);
}

static void lines_with(char *out, size_t cap, const char *text, const char *word)
{
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len = strcspn(p, "\n");
		const char *at = word ? memmem(p, len, word, strlen(word)) : p;

		if (len && at)
			add_line(out, cap, p, len);
	}
}

char *bp_child_said(const struct bp_child *c, char *out, size_t cap)
{
	/* Both ends share one file position: it tells how much was written. */
	off_t end = c->said_fd < 0 ? 0 : lseek(c->said_fd, 0, SEEK_CUR), from = end > SAID_READ_BYTES ? end - SAID_READ_BYTES : 0;
	char text[SAID_READ_BYTES + 1];
	ssize_t n = end > 0 ? pread(c->said_fd, text, (size_t)(end - from), from) : 0;

	text[n > 0 ? n : 0] = '\0';
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\n')
			*p = ' ';
	out[0] = '\0';
	lines_with(out, cap, text, "rror");
	if (!out[0])
		lines_with(out, cap, text, NULL);
	return out;
}
