/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_probe.c - a served board's debug adapters: the ST-LINK server's
 * connection and the Bus Pirate's pty.
 */
#include "cmd/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void drive_reset(void *ctx, bool low)
{
	struct bp_serve *s = ctx;

	if (s->reset_by_probe == low)
		return;
	s->reset_by_probe = low;
	bp_serve_reset_pin(s);
}

int bp_serve_probe_init(struct bp_serve *s, struct bp_err *err)
{
	return bp_probe_init(&s->probe, s->arena, s->b, s->opt.seed, drive_reset, s, err);
}

/* One client at a time, as one adapter has: the next waits in the backlog. */
void bp_serve_stlink_accept(struct bp_serve *s)
{
	int one = 1;

	s->stlink = accept4(s->stlink_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s->stlink < 0)
		return;
	setsockopt(s->stlink, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->stlink_len = 0;
	bp_stlink_client(&s->probe.stlink);
}

static void hang_up(struct bp_serve *s)
{
	close(s->stlink);
	s->stlink = -1;
	bp_stlink_client(&s->probe.stlink);
}

/* What the client asked changes the core in the board's present; whether it runs on is seen afterwards. */
void bp_serve_stlink(struct bp_serve *s)
{
	ssize_t got = recv(s->stlink, s->stlink_in + s->stlink_len, sizeof(s->stlink_in) - s->stlink_len, 0);
	size_t used;
	int n;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		hang_up(s);
		return;
	}
	s->stlink_len += (size_t)got;
	do {
		bp_serve_advance(s, bp_serve_mono());
		n = bp_stlink_request(&s->probe.stlink, s->stlink_in, s->stlink_len, &used, s->stlink_out);
		bp_serve_sync(s, bp_serve_mono());
		if (n < 0 || (n > 0 && send(s->stlink, s->stlink_out, (size_t)n, MSG_NOSIGNAL) != n)) {
			hang_up(s);
			return;
		}
		memmove(s->stlink_in, s->stlink_in + used, s->stlink_len - used);
		s->stlink_len -= used;
	} while (used);
}

void bp_serve_buspirate(struct bp_serve *s)
{
	uint8_t in[256], out[sizeof(in) * 8];
	ssize_t got = read(s->buspirate, in, sizeof(in));
	size_t n = 0;

	bp_serve_advance(s, bp_serve_mono());
	for (ssize_t i = 0; i < got; i++)
		n += bp_buspirate_byte(&s->probe.buspirate, in[i], out + n);
	bp_serve_sync(s, bp_serve_mono());
	if (n && write(s->buspirate, out, n) < 0)
		return; /* nobody reads: as on a wire */
}
