/* SPDX-License-Identifier: Apache-2.0 */
/* console_socket.c - TCP for the consoles: names, connecting without blocking. */
#include "bench/console_parts.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A peer that has gone without a word is noticed after about 2 + 3 * 2 s. */
#define KEEP_IDLE_S 2
#define KEEP_TRIES 3
#define UNACKED_MS 8000

/* "host:port", "[v6]:port" → the two in a. False: it is neither. */
static bool split(struct bp_arena *a, const char *text, const char **host, const char **port)
{
	const char *colon = strrchr(text, ':'), *end = colon;

	if (!colon || !colon[1])
		return false;
	if (text[0] == '[') {
		if (end == text || end[-1] != ']')
			return false;
		text++;
		end--;
	} else if (memchr(text, ':', (size_t)(end - text))) {
		return false;
	}
	if (end == text || text[0] == '-') /* a host is never an option for getent */
		return false;
	*host = bp_arena_text(a, text, (size_t)(end - text));
	*port = colon + 1;
	return *host && !bp_parse_u64(*port, 1, UINT16_MAX, &(uint64_t){0}, NULL);
}

static int add_numeric(struct bp_port_address *out, const char *host, const char *port)
{
	const struct addrinfo hint = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;

	if (out->n == BP_PORT_ADDRESSES || getaddrinfo(host, port, &hint, &found))
		return -1;
	memcpy(&out->at[out->n], found->ai_addr, found->ai_addrlen);
	out->len[out->n++] = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* getaddrinfo() itself may wait for a dead name server for as long as it likes: a child process may not. */
static int look_up(struct bp_port_address *out, const char *host, const char *port, uint64_t deadline_ns, struct bp_err *err)
{
	const char *const argv[] = {"getent", "ahosts", host, NULL};
	char text[4096], *save = NULL;
	struct bp_proc_io io = {.out = text, .out_cap = sizeof(text)};
	int rc = bp_proc_run(argv, &io, deadline_ns, err);

	if (rc < 0)
		return bp_prefix(err, "looking up %s", host);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, "STREAM"))
			continue;
		line[strcspn(line, " \t")] = '\0';
		add_numeric(out, line, port);
	}
	return out->n ? 0 : bp_fail(err, BP_EIO, "there is no host '%s': check the name, or give its address", host);
}

int bp_port_resolve(struct bp_port_address *out, struct bp_arena *a, struct bp_diag *d, const struct bp_node *config,
		    const char **where, uint64_t deadline_ns, struct bp_err *err)
{
	const struct bp_node *node = bp_map_need(d, config, "address", "HOST:PORT of the serial server");
	const char *text = NULL, *host = NULL, *port = NULL;
	char shown[96];

	*where = "";
	if (!node || bp_node_text(d, node, &text))
		return bp_fail(err, BP_ECONFIG, "no address");
	*where = text;
	if (!split(a, text, &host, &port)) {
		bp_diag_at(d, node, "%s is no address; expected HOST:PORT or [IPV6]:PORT", bp_quote(shown, sizeof(shown), text));
		return bp_fail(err, BP_ECONFIG, "no address");
	}
	if (!add_numeric(out, host, port))
		return 0;
	return d->count ? 0 : look_up(out, host, port, deadline_ns, err);
}

static void tune(int fd)
{
	const int on = 1, idle = KEEP_IDLE_S, tries = KEEP_TRIES, unacked = UNACKED_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked, sizeof(unacked));
}

int bp_port_tcp_attach(struct bp_port *p, struct bp_port_address *address, struct bp_err *err)
{
	unsigned i = address->next++ % address->n;

	p->is_socket = true;
	p->fd = socket(address->at[i].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return bp_fail(err, BP_EIO, "cannot make a socket: %s", strerror(errno));
	tune(p->fd);
	p->connecting = true;
	if (connect(p->fd, (const struct sockaddr *)&address->at[i], address->len[i]) && errno != EINPROGRESS)
		return bp_fail(err, BP_EIO, "%s", strerror(errno));
	return 0;
}

int bp_port_tcp_connected(struct bp_port *p, struct bp_err *err)
{
	socklen_t len = sizeof(int);
	int code = 0;

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &code, &len) || code)
		return bp_fail(err, BP_EIO, "%s", strerror(code ? code : errno));
	return 0;
}

void bp_port_tcp_detach(struct bp_port *p)
{
	close(p->fd);
	p->fd = -1;
}
