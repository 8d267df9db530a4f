/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_serial.c - a serial port of this host (libserialport).
 *
 *	console: {driver: serial, usb-serial: A50285BI, baud: 115200}
 *	console: {driver: serial, path: /dev/ttyUSB0}
 *
 * By USB serial number the port is found again under whatever name it comes back;
 * by path the path is opened again, which may be a symlink. `interface` chooses
 * among several ports of one USB device. `with-power: true` is for a port that the
 * board itself offers: it is gone while the board is off.
 */
#include "bench/console_parts.h"
#include "bench/serial_port.h"

#include "base/clock.h"
#include "base/text.h"

#define OPEN_NS BP_NS_PER_S

struct serial {
	struct bp_port port;
	struct bp_serial_where at;
	struct bp_serial_handle handle;
};

static int attach(struct bp_port *p, struct bp_err *err)
{
	struct serial *s = p->driver;
	int rc = bp_serial_open(&s->handle, &s->at, err);

	if (rc)
		return rc;
	p->fd = s->handle.fd;
	bp_port_set_ready(p);
	return 0;
}

static void detach(struct bp_port *p)
{
	bp_serial_close(&((struct serial *)p->driver)->handle);
	p->fd = -1;
}

static const struct bp_port_hooks hooks = {.attach = attach, .detach = detach};

static void read_keys(struct serial *s, struct bp_arena *a, struct bp_diag *d, const struct bp_node *config)
{
	const struct bp_node *path = bp_map_get(config, "path"), *usb = bp_map_get(config, "usb-serial");
	const struct bp_node *interface = bp_map_get(config, "interface");
	uint32_t n = 0;

	s->at.baud = 115200;
	s->at.interface = -1;
	s->port.where = "";
	bp_node_u32(d, bp_map_get(config, "baud"), 50, 12000000, &s->at.baud);
	if (interface && !bp_node_u32(d, interface, 0, 31, &n))
		s->at.interface = (int)n;
	if (!path == !usb) {
		bp_diag_at(d, config, "a serial console has a 'path' or a 'usb-serial'; expected one of the two");
		return;
	}
	if (path) {
		if (!bp_node_text(d, path, &s->at.path))
			s->port.where = s->at.path;
		if (interface)
			bp_diag_at(d, interface, "'interface' goes with 'usb-serial'; expected no such key beside 'path'");
	} else if (!bp_node_text(d, usb, &s->at.usb_serial)) {
		s->port.where = bp_arena_printf(a, "of USB device %s", s->at.usb_serial);
	}
	if ((s->at.path && !*s->at.path) || (s->at.usb_serial && !*s->at.usb_serial))
		bp_diag_at(d, path ? path : usb, "this is empty; expected %s",
			   path ? "the path of a serial port" : "a serial number, as `brickproof bench discover` shows it");
}

static int open_serial(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		       struct bp_err *err)
{
	struct serial *s = bp_arena_alloc(a, sizeof(*s));

	if (!s)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for a console", board);
	s->port.hooks = &hooks;
	s->port.driver = s;
	s->port.board = board;
	s->port.advice = "plug it in again, check the cable, or say 'with-power: true' when the board itself offers the port";
	s->handle.fd = -1;
	bp_port_config(&s->port, d, config);
	read_keys(s, a, d, config);
	bp_map_done(d, config);
	if (d->count)
		return bp_diag_result(d, err);
	*self = s;
	return bp_port_open(&s->port, bp_deadline_in(OPEN_NS), err);
}

static void close_serial(void *self)
{
	bp_port_close(&((struct serial *)self)->port);
}

static int poll_serial(void *self, short *events, uint64_t *deadline_ns)
{
	return bp_port_poll(&((struct serial *)self)->port, events, deadline_ns);
}

static int read_serial(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	return bp_port_read(&((struct serial *)self)->port, buf, cap, at_ns, err);
}

static int write_serial(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	return bp_port_write(&((struct serial *)self)->port, buf, len, err);
}

static unsigned losses_serial(void *self)
{
	return ((struct serial *)self)->port.losses;
}

static const char *note_serial(void *self)
{
	const struct serial *s = self;

	return s->handle.note[0] ? s->handle.note : NULL;
}

const struct bp_console_ops bp_console_serial_ops = {
	.name = "serial",
	.help = "a serial port of this host: usb-serial: NUMBER or path: /dev/…, baud: N",
	.open = open_serial, .close = close_serial, .poll = poll_serial, .read = read_serial, .write = write_serial,
	.losses = losses_serial, .note = note_serial,
};
