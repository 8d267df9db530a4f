/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/debug_stream.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int bp_stream_address(const char *text, char host[BP_STREAM_HOST_BYTES], char port[6], struct bp_err *err)
{
	const char *colon = strrchr(text, ':');
	size_t skip = text[0] == '[', len = colon ? (size_t)(colon - text) : 0;
	uint64_t number;

	if (len && skip && text[len - 1] != ']')
		len = 0;
	if (len <= 2 * skip || len >= BP_STREAM_HOST_BYTES || strlen(colon + 1) > 5 ||
	    bp_parse_u64(colon + 1, 1, UINT16_MAX, &number, NULL) || !strncmp(colon + 1, "0x", 2))
		return bp_fail(err, BP_ECONFIG, "'%.80s' is no address; expected host:port, as in 127.0.0.1:6666", text);
	memcpy(host, text + skip, len - 2 * skip);
	host[len - 2 * skip] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

/* Until fd is ready for events: 0, BP_ETIMEOUT or BP_EIO. What ails the fd shows in the call that follows. */
static int ready(int fd, short events, uint64_t deadline_ns, struct bp_err *err)
{
	int n = bp_clock_poll_fd(fd, events, deadline_ns);

	if (n > 0)
		return 0;
	return n < 0 ? bp_fail(err, BP_EIO, "poll: %s", strerror(errno)) : bp_fail(err, BP_ETIMEOUT, "no answer in time");
}

static int connect_one(const struct addrinfo *at, uint64_t deadline_ns, int *fd, struct bp_err *err)
{
	int s = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, failed = 0, rc;
	socklen_t len = sizeof(failed);

	if (s < 0)
		return bp_fail(err, BP_EIO, "socket: %s", strerror(errno));
	if (connect(s, at->ai_addr, at->ai_addrlen) && errno != EINPROGRESS) {
		rc = bp_fail(err, BP_EIO, "%s", strerror(errno));
		goto err_close;
	}
	rc = ready(s, POLLOUT, deadline_ns, err);
	if (rc)
		goto err_close;
	if (getsockopt(s, SOL_SOCKET, SO_ERROR, &failed, &len) || failed) {
		rc = bp_fail(err, BP_EIO, "%s", strerror(failed ? failed : errno));
		goto err_close;
	}
	/* Requests are small and each waits for its answer: Nagle would only delay them. */
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*fd = s;
	return 0;

err_close:
	close(s);
	return rc;
}

int bp_stream_connect(const char *address, uint64_t deadline_ns, int *fd, struct bp_err *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
	char host[BP_STREAM_HOST_BYTES], port[6];
	int rc = bp_stream_address(address, host, port, err), why;

	if (rc)
		return rc;
	why = getaddrinfo(host, port, &hints, &list);
	if (why)
		return bp_fail(err, BP_EIO, "%s: %s", address, gai_strerror(why));
	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		rc = connect_one(at, deadline_ns, fd, err);
		if (!rc)
			break;
		bp_prefix(err, "connecting to %s", address);
	}
	freeaddrinfo(list);
	return rc;
}

int bp_stream_send(int fd, const void *bytes, size_t len, uint64_t deadline_ns, struct bp_err *err)
{
	const uint8_t *p = bytes;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return bp_fail(err, BP_EIO, "the connection is gone: %s", strerror(errno));
		if (n < 0 && errno == EAGAIN) {
			int rc = ready(fd, POLLOUT, deadline_ns, err);

			if (rc)
				return rc;
		}
	}
	return 0;
}

int bp_stream_receive(int fd, void *bytes, size_t cap, uint64_t deadline_ns, struct bp_err *err)
{
	for (;;) {
		ssize_t n = recv(fd, bytes, cap, MSG_DONTWAIT);
		int rc;

		if (n > 0)
			return (int)n;
		if (n == 0)
			return bp_fail(err, BP_EIO, "the connection was closed");
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return bp_fail(err, BP_EIO, "the connection is gone: %s", strerror(errno));
		rc = ready(fd, POLLIN, deadline_ns, err);
		if (rc)
			return rc;
	}
}
