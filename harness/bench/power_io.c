/* SPDX-License-Identifier: Apache-2.0 */
/* power_io.c - deadlines, connections and lines for the power drivers (power_parts.h). */
#include "bench/power_parts.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h> /* POLLIN, POLLOUT */
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HURRY_NS (900 * BP_NS_PER_MS) /* power.h: close() is bounded by a second */

static int hurry;

void bp_power_timeout(struct bp_diag *d, const struct bp_node *config, uint64_t *timeout_ns)
{
	bp_node_duration(d, bp_map_get(config, "timeout"), BP_NS_PER_MS, 60 * BP_NS_PER_S, timeout_ns);
}

void bp_power_hurry(bool on)
{
	hurry += on ? 1 : -1;
}

uint64_t bp_power_deadline(uint64_t timeout_ns)
{
	return bp_deadline_in(hurry && timeout_ns > HURRY_NS ? HURRY_NS : timeout_ns);
}

/* Wait for events on fd. 0, BP_ETIMEOUT or BP_EIO. */
static int wait_fd(int fd, short events, uint64_t deadline_ns, struct bp_err *err)
{
	int n = bp_clock_poll_fd(fd, events, deadline_ns);

	if (n < 0)
		return bp_fail(err, BP_EIO, "poll: %s", strerror(errno));
	return n ? 0 : bp_fail(err, BP_ETIMEOUT, events & POLLOUT ? "did not take the command in time" : "no answer in time");
}

/* Connect a new socket within the deadline; gives fd back or closes it. */
static int connect_fd(int fd, const struct sockaddr *to, socklen_t len, uint64_t deadline_ns, struct bp_err *err)
{
	int failure = 0;
	socklen_t size = sizeof(failure);
	int rc = 0;

	if (connect(fd, to, len)) {
		failure = errno;
		if (failure == EINPROGRESS || failure == EINTR) {
			rc = wait_fd(fd, POLLOUT, deadline_ns, err);
			if (!rc && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size))
				failure = errno;
		}
	}
	if (!rc && failure)
		rc = bp_fail(err, BP_EIO, "%s", strerror(failure));
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

int bp_power_connect_unix(const char *path, uint64_t deadline_ns, struct bp_err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return bp_fail(err, BP_ECONFIG, "path is longer than %zu characters", sizeof(to.sun_path) - 1);
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return bp_fail(err, BP_EIO, "socket: %s", strerror(errno));
	return connect_fd(fd, (const struct sockaddr *)&to, sizeof(to), deadline_ns, err);
}

int bp_power_connect_tcp(const char *host, const char *port, uint64_t deadline_ns, struct bp_err *err)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC}, *list, *at;
	int rc;

	/* The resolver has no deadline of its own: one try of one second for each name server. */
	if (!res_init()) {
		_res.retrans = 1;
		_res.retry = 1;
	}
	rc = getaddrinfo(host, port, &want, &list);
	if (rc)
		return bp_fail(err, BP_EIO, "%s", gai_strerror(rc));
	rc = bp_fail(err, BP_EIO, "no address");
	for (at = list; at; at = at->ai_next) {
		int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);

		rc = fd < 0 ? bp_fail(err, BP_EIO, "socket: %s", strerror(errno)) :
			      connect_fd(fd, at->ai_addr, at->ai_addrlen, deadline_ns, err);
		if (rc >= 0)
			break;
	}
	freeaddrinfo(list);
	return rc;
}

int bp_power_split_host(struct bp_arena *a, const char *text, const char *port, const char **host_out,
			const char **port_out, struct bp_err *err)
{
	const char *colon = strrchr(text, ':'), *end = text + strlen(text);
	const char *close_bracket = *text == '[' ? strchr(text, ']') : NULL;
	uint64_t number;

	if (close_bracket && close_bracket[1] != ':')
		colon = NULL;
	if (!colon && !port)
		return bp_fail(err, BP_ECONFIG, "expected HOST:PORT");
	if (colon)
		end = colon;
	*port_out = colon ? colon + 1 : port;
	if (bp_parse_u64(*port_out, 1, 65535, &number, err))
		return bp_prefix(err, "port");
	if (close_bracket) {
		text++;
		end = close_bracket;
	}
	if (end == text)
		return bp_fail(err, BP_ECONFIG, "expected HOST:PORT");
	*host_out = bp_arena_text(a, text, (size_t)(end - text));
	return *host_out ? 0 : bp_fail(err, BP_ENOMEM, "out of memory");
}

int bp_power_write(int fd, const char *bytes, size_t len, uint64_t deadline_ns, struct bp_err *err)
{
	while (len) {
		/* A terminal is no socket: SIGPIPE is for sockets and pipes alone. */
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		int rc;

		if (n < 0 && errno == ENOTSOCK)
			n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			rc = wait_fd(fd, POLLOUT, deadline_ns, err);
			if (rc)
				return rc;
			continue;
		}
		if (n < 0)
			return bp_fail(err, BP_EIO, "write: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* More bytes into buf. 0 or a negative error. */
static int fill(struct bp_power_lines *in, uint64_t deadline_ns, struct bp_err *err)
{
	for (;;) {
		ssize_t n = read(in->fd, in->buf + in->len, sizeof(in->buf) - 1 - in->len);
		int rc;

		if (n > 0) {
			in->len += (size_t)n;
			return 0;
		}
		if (!n)
			return bp_fail(err, BP_EIO, in->len ? "closed in the middle of its answer" : "closed the connection");
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return bp_fail(err, BP_EIO, "read: %s", strerror(errno));
		rc = wait_fd(in->fd, POLLIN, deadline_ns, err);
		if (rc == BP_ETIMEOUT && in->len)
			return bp_fail(err, rc, "only half an answer in time");
		if (rc)
			return rc;
	}
}

int bp_power_read_line(struct bp_power_lines *in, char **line, uint64_t deadline_ns, struct bp_err *err)
{
	char *end;

	memmove(in->buf, in->buf + in->taken, in->len - in->taken);
	in->len -= in->taken;
	in->taken = 0;
	while (!(end = memchr(in->buf, '\n', in->len))) {
		int rc;

		if (in->len == sizeof(in->buf) - 1)
			return bp_fail(err, BP_EPROTO, "answer of more than %zu characters without a line end", in->len);
		rc = fill(in, deadline_ns, err);
		if (rc)
			return rc;
	}
	in->taken = (size_t)(end - in->buf) + 1;
	while (end > in->buf && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	*end = '\0';
	*line = in->buf;
	return strlen(in->buf) == (size_t)(end - in->buf) ? 0 : bp_fail(err, BP_EPROTO, "answer holds a zero byte");
}

void bp_power_drop_input(struct bp_power_lines *in)
{
	ssize_t n;

	/* Bounded: a peer that never stops talking is found by the next answer. */
	for (int i = 0; i < 64; i++) {
		n = read(in->fd, in->buf, sizeof(in->buf));
		if (n <= 0)
			break;
	}
	in->len = in->taken = 0;
}
