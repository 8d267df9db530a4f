/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_smp.c - a served board's second serial port, for SMP alone: a pty, or a
 * TCP socket on loopback as ser2net would offer it.
 *
 * The firmware has one serial port. As boards with two do, the served one sends
 * frames out of the second: a line that begins with one of the framing's two
 * markers is a part of a frame (Zephyr, "SMP over console": 0x06 0x09, 0x04 0x14).
 */
#include "cmd/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

bool bp_serve_smp_wanted(const struct bp_serve *s)
{
	return s->opt.smp_pty || s->opt.smp_tcp;
}

/* A port that nobody reads, or that is full, loses it, as a wire does. */
static void put(struct bp_serve *s, bool frame, const uint8_t *bytes, size_t n)
{
	if (!n)
		return;
	if (!frame && write(s->console, bytes, n) < 0)
		return;
	if (frame && s->smp.pty >= 0 && write(s->smp.pty, bytes, n) < 0)
		return;
	if (frame && s->smp.client >= 0 && send(s->smp.client, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static bool marker(uint8_t first, uint8_t second)
{
	return (first == 0x06 && second == 0x09) || (first == 0x04 && second == 0x14);
}

/* The second byte of a line that began like a marker. */
static void second(struct bp_serve *s, uint8_t byte)
{
	s->smp.in_frame = marker(s->smp.held, byte);
	put(s, s->smp.in_frame, &s->smp.held, 1);
	s->smp.held = 0;
	s->smp.in_line = true;
}

void bp_serve_output(struct bp_serve *s, const uint8_t *bytes, size_t n)
{
	struct bp_serve_smp *m = &s->smp;
	size_t from = 0;

	if (!bp_serve_smp_wanted(s)) {
		put(s, false, bytes, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (m->held)
			second(s, bytes[i]);
		else if (!m->in_line && (bytes[i] == 0x06 || bytes[i] == 0x04)) {
			m->held = bytes[i];
			from = i + 1;
			continue;
		}
		m->in_line = bytes[i] != '\n';
		if (m->in_line && i + 1 < n)
			continue;
		put(s, m->in_frame, bytes + from, i + 1 - from);
		m->in_frame = m->in_frame && m->in_line;
		from = i + 1;
	}
}

void bp_serve_smp_accept(struct bp_serve *s)
{
	int one = 1;

	s->smp.client = accept4(s->smp.listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s->smp.client >= 0)
		setsockopt(s->smp.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void bp_serve_smp_input(struct bp_serve *s)
{
	bool tcp = s->smp.client >= 0;
	uint8_t bytes[1024];
	ssize_t n = read(tcp ? s->smp.client : s->smp.pty, bytes, sizeof(bytes));

	if (tcp && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))) {
		close(s->smp.client);
		s->smp.client = -1;
	}
	bp_serve_advance(s, bp_serve_mono());
	if (n > 0)
		bp_vboard_send(s->b, bytes, (size_t)n);
}
