/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_tcp.c - a serial port behind a raw TCP socket (ser2net `tcp`, socat, an
 * emulator's serial port).
 *
 *	console: {driver: tcp, address: rack7:2001}
 */
#include "bench/console_parts.h"

#include "base/clock.h"

#define OPEN_NS BP_NS_PER_S

struct tcp {
	struct bp_port port;
	struct bp_port_address address;
};

static int attach(struct bp_port *p, struct bp_err *err)
{
	return bp_port_tcp_attach(p, &((struct tcp *)p->driver)->address, err);
}

static int connected(struct bp_port *p, struct bp_err *err)
{
	int rc = bp_port_tcp_connected(p, err);

	if (!rc)
		bp_port_set_ready(p);
	return rc;
}

static const struct bp_port_hooks hooks = {.attach = attach, .detach = bp_port_tcp_detach, .connected = connected};

static int open_tcp(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		    struct bp_err *err)
{
	uint64_t deadline_ns = bp_deadline_in(OPEN_NS);
	struct tcp *t = bp_arena_alloc(a, sizeof(*t));
	int rc;

	if (!t)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for a console", board);
	t->port.hooks = &hooks;
	t->port.driver = t;
	t->port.board = board;
	t->port.advice = "is the server (ser2net, socat) running and reachable?";
	bp_port_config(&t->port, d, config);
	rc = bp_port_resolve(&t->address, a, d, config, &t->port.where, deadline_ns, err);
	bp_map_done(d, config);
	if (d->count)
		return bp_diag_result(d, err);
	if (rc)
		return bp_prefix(err, "board %s: console", board);
	*self = t;
	return bp_port_open(&t->port, deadline_ns, err);
}

static void close_tcp(void *self)
{
	bp_port_close(&((struct tcp *)self)->port);
}

static int poll_tcp(void *self, short *events, uint64_t *deadline_ns)
{
	return bp_port_poll(&((struct tcp *)self)->port, events, deadline_ns);
}

static int read_tcp(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	return bp_port_read(&((struct tcp *)self)->port, buf, cap, at_ns, err);
}

static int write_tcp(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	return bp_port_write(&((struct tcp *)self)->port, buf, len, err);
}

static unsigned losses_tcp(void *self)
{
	return ((struct tcp *)self)->port.losses;
}

const struct bp_console_ops bp_console_tcp_ops = {
	.name = "tcp",
	.help = "a serial port behind a raw TCP socket: address: HOST:PORT",
	.open = open_tcp, .close = close_tcp, .poll = poll_tcp, .read = read_tcp, .write = write_tcp, .losses = losses_tcp,
};
