/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_rfc2217.c - a serial port behind telnet with the COM-PORT option, as
 * ser2net offers it: speed and format are ours to set.
 *
 *	console: {driver: rfc2217, address: rack7:2001, baud: 115200}
 */
#include "bench/console_parts.h"

#include "base/clock.h"

#define OPEN_NS (2 * BP_NS_PER_S) /* connect and some round trips */
#define MAX_BAUD 12000000u

struct rfc2217 {
	struct bp_port port;
	struct bp_port_address address;
	struct bp_telnet telnet;
};

static int send_now(void *ctx, const uint8_t *bytes, size_t len, struct bp_err *err)
{
	return bp_port_queue(ctx, bytes, len, err);
}

static int attach(struct bp_port *p, struct bp_err *err)
{
	return bp_port_tcp_attach(p, &((struct rfc2217 *)p->driver)->address, err);
}

static int connected(struct bp_port *p, struct bp_err *err)
{
	int rc = bp_port_tcp_connected(p, err);

	return rc ? rc : bp_telnet_begin(&((struct rfc2217 *)p->driver)->telnet, err);
}

static int filter(struct bp_port *p, uint8_t *buf, size_t n, struct bp_err *err)
{
	struct rfc2217 *r = p->driver;
	int kept = bp_telnet_feed(&r->telnet, buf, n, err);

	p->held = r->telnet.held;
	if (kept >= 0 && r->telnet.agreed && !p->ready)
		bp_port_set_ready(p);
	return kept;
}

static const struct bp_port_hooks hooks = {
	.attach = attach, .detach = bp_port_tcp_detach, .connected = connected, .filter = filter,
};

static void read_format(struct rfc2217 *r, struct bp_diag *d, const struct bp_node *config)
{
	static const char *const parities[] = {"none", "odd", "even"}; /* RFC 2217: 1, 2, 3 */
	uint32_t baud = 115200, data = 8, stop = 1;
	unsigned parity = 0;

	bp_node_u32(d, bp_map_get(config, "baud"), 50, MAX_BAUD, &baud);
	bp_node_u32(d, bp_map_get(config, "data-bits"), 7, 8, &data);
	bp_node_u32(d, bp_map_get(config, "stop-bits"), 1, 2, &stop);
	bp_node_enum(d, bp_map_get(config, "parity"), parities, 3, &parity);
	r->telnet.want = (struct bp_telnet_options){baud, (uint8_t)data, (uint8_t)(parity + 1), (uint8_t)stop};
}

static int open_rfc2217(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
			struct bp_err *err)
{
	uint64_t deadline_ns = bp_deadline_in(OPEN_NS);
	struct rfc2217 *r = bp_arena_alloc(a, sizeof(*r));
	int rc;

	if (!r)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for a console", board);
	r->port.hooks = &hooks;
	r->port.driver = r;
	r->port.board = board;
	r->port.advice = "is the server (ser2net) running, reachable, and set to telnet with rfc2217?";
	r->telnet.send = send_now;
	r->telnet.ctx = &r->port;
	bp_port_config(&r->port, d, config);
	read_format(r, d, config);
	rc = bp_port_resolve(&r->address, a, d, config, &r->port.where, deadline_ns, err);
	bp_map_done(d, config);
	if (d->count)
		return bp_diag_result(d, err);
	if (rc)
		return bp_prefix(err, "board %s: console", board);
	*self = r;
	return bp_port_open(&r->port, deadline_ns, err);
}

static void close_rfc2217(void *self)
{
	bp_port_close(&((struct rfc2217 *)self)->port);
}

static int poll_rfc2217(void *self, short *events, uint64_t *deadline_ns)
{
	return bp_port_poll(&((struct rfc2217 *)self)->port, events, deadline_ns);
}

static int read_rfc2217(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	return bp_port_read(&((struct rfc2217 *)self)->port, buf, cap, at_ns, err);
}

static int write_rfc2217(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	struct rfc2217 *r = self;
	uint8_t out[512];

	for (size_t at = 0; at < len;) {
		size_t part = len - at < sizeof(out) / 2 ? len - at : sizeof(out) / 2;
		int rc = bp_port_write(&r->port, out, bp_telnet_escape(out, buf + at, part), err);

		if (rc)
			return rc;
		at += part;
	}
	return 0;
}

static unsigned losses_rfc2217(void *self)
{
	return ((struct rfc2217 *)self)->port.losses;
}

const struct bp_console_ops bp_console_rfc2217_ops = {
	.name = "rfc2217",
	.help = "a serial port behind telnet with the COM-PORT option: address: HOST:PORT, baud: N",
	.open = open_rfc2217, .close = close_rfc2217, .poll = poll_rfc2217, .read = read_rfc2217, .write = write_rfc2217,
	.losses = losses_rfc2217,
};
