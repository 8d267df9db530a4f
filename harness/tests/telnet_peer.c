/* SPDX-License-Identifier: Apache-2.0 */
#include "telnet_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
	int net, data;
	int state;              /* 0 data, 1 after IAC, 2 after a verb, 3 in a subnegotiation, 4 after IAC in it */
	uint8_t verb, sb[64];
	size_t sb_len;
};

/* Blocking: what the test does not read waits here, and then in the client. */
static void put(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

/* The same setting back, command plus 100, IAC doubled. */
static void answer_setting(struct peer *p)
{
	uint8_t out[160] = {255, 250, 44, (uint8_t)(p->sb[1] + 100)};
	size_t n = 4;

	for (size_t i = 2; i < p->sb_len; i++) {
		if (p->sb[i] == 255)
			out[n++] = 255;
		out[n++] = p->sb[i];
	}
	out[n++] = 255;
	out[n++] = 240;
	put(p->net, out, n);
}

static void command(struct peer *p, uint8_t c)
{
	/* DO for every WILL, WILL for every DO. */
	const uint8_t yes[] = {255, p->verb == 251 ? 253 : 251, c};

	if (p->verb == 251 || p->verb == 253)
		put(p->net, yes, sizeof(yes));
}

static void keep(struct peer *p, uint8_t c)
{
	if (p->sb_len < sizeof(p->sb))
		p->sb[p->sb_len++] = c;
}

static void take(struct peer *p, uint8_t c)
{
	switch (p->state) {
	case 0:
		if (c == 255)
			p->state = 1;
		else
			put(p->data, &c, 1);
		break;
	case 1:
		p->verb = c;
		p->sb_len = 0;
		p->state = c == 250 ? 3 : c > 250 && c < 255 ? 2 : 0;
		if (c == 255)
			put(p->data, &c, 1);
		break;
	case 2:
		p->state = 0;
		command(p, c);
		break;
	case 3:
		if (c == 255)
			p->state = 4;
		else
			keep(p, c);
		break;
	case 4:
		p->state = c == 255 ? 3 : 0;
		if (c == 255)
			keep(p, c);
		else if (c == 240 && p->sb_len >= 2 && p->sb[0] == 44)
			answer_setting(p);
		break;
	}
}

/* 0: the connection is over; -1: the test is. */
static int serve_one(struct peer *p)
{
	for (;;) {
		struct pollfd f[] = {{.fd = p->net, .events = POLLIN}, {.fd = p->data, .events = POLLIN}};
		uint8_t buf[512], out[1024];
		ssize_t n;
		size_t len = 0;

		if (poll(f, 2, -1) < 0)
			return -1;
		if (f[0].revents) {
			n = read(p->net, buf, sizeof(buf));
			if (n <= 0)
				return 0;
			for (ssize_t i = 0; i < n; i++)
				take(p, buf[i]);
		}
		if (!f[1].revents)
			continue;
		n = read(p->data, buf, sizeof(buf));
		if (n <= 0)
			return -1;
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] == 255)
				out[len++] = 255;
			out[len++] = buf[i];
		}
		put(p->net, out, len);
	}
}

void telnet_peer_serve(int listener, int data)
{
	fcntl(listener, F_SETFL, 0);
	for (;;) {
		struct peer p = {.data = data};
		int rc;

		p.net = accept(listener, NULL, NULL);
		if (p.net < 0)
			return;
		rc = serve_one(&p);
		close(p.net);
		if (rc)
			return;
	}
}
