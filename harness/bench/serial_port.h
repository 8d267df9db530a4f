/* SPDX-License-Identifier: Apache-2.0 */
/* serial_port.h - opening a serial port of this host, by path or by USB serial number. Never blocks. */
#ifndef BP_BENCH_SERIAL_PORT_H
#define BP_BENCH_SERIAL_PORT_H

#include "base/err.h"

#include <stdint.h>

struct sp_port;

struct bp_serial_where {
	const char *path, *usb_serial; /* one of the two */
	int interface;                 /* of the USB device; -1: it has one port only */
	uint32_t baud;
};

struct bp_serial_handle {
	int fd;                        /* -1: closed */
	struct sp_port *port;          /* NULL: a terminal that is no serial port (a pty) */
	char name[64];                 /* as it is called at the moment: "/dev/ttyUSB1" */
	char note[256];                /* what cannot be had: "" or a sentence */
};

/* Open for reading and writing, raw, 8N1, no flow control, non-blocking. BP_ENOENT: not there; BP_EIO: the text says what to do. */
int bp_serial_open(struct bp_serial_handle *h, const struct bp_serial_where *at, struct bp_err *err);
void bp_serial_close(struct bp_serial_handle *h);

/* Number of the USB interface behind a serial port's device file, -1 when it has none. */
int bp_serial_interface(const char *dev);

#endif
