/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_parts.h - what the drivers of the role "power" share (private to them and
 * to safe.c).
 */
#ifndef BP_BENCH_POWER_PARTS_H
#define BP_BENCH_POWER_PARTS_H

#include "base/clock.h"
#include "base/text.h"
#include "bench/power.h"

#include <stdbool.h>
#include <stddef.h>

extern const struct bp_power_ops bp_power_exec_ops, bp_power_socket_ops, bp_power_ftdi_ops, bp_power_gpio_ops,
	bp_power_usbhub_ops, bp_power_scpi_ops, bp_power_pdudaemon_ops;

/* The key `timeout` (1 ms to 60 s), else what timeout_ns holds already. */
void bp_power_timeout(struct bp_diag *d, const struct bp_node *config, uint64_t *timeout_ns);

/* Deadline of a command; at the end of a program (closing, guardian) no command may take longer than 0.9 s. */
uint64_t bp_power_deadline(uint64_t timeout_ns);
void bp_power_hurry(bool on); /* the end has come, or is put off again: calls pair up */

/* Non-blocking stream to len-bounded names; the fd, or a negative error that says who does not answer. */
int bp_power_connect_unix(const char *path, uint64_t deadline_ns, struct bp_err *err);
int bp_power_connect_tcp(const char *host, const char *port, uint64_t deadline_ns, struct bp_err *err);

/* "host:port", "[v6]:port" or "host" → parts in a; port: what stands for a missing one, NULL: it must be there. */
int bp_power_split_host(struct bp_arena *a, const char *text, const char *port, const char **host_out,
			const char **port_out, struct bp_err *err);

/* A stream that is read line by line. All zero but the fd, which is non-blocking. */
struct bp_power_lines {
	int fd;
	size_t len;              /* bytes in buf */
	size_t taken;            /* of them: the line handed out last, with its end */
	char buf[512];
};

int bp_power_write(int fd, const char *bytes, size_t len, uint64_t deadline_ns, struct bp_err *err);

/* One line without its CR and LF, valid until the next call. 0, BP_ETIMEOUT, BP_EPROTO (too long, binary) or BP_EIO (closed). */
int bp_power_read_line(struct bp_power_lines *in, char **line, uint64_t deadline_ns, struct bp_err *err);

/* Drop what has come unasked. */
void bp_power_drop_input(struct bp_power_lines *in);

/* What to do when access to a USB device or GPIO chip was refused. */
#define BP_POWER_PERMISSION \
	"no permission: install 60-brickproof.rules into /etc/udev/rules.d, join the group plugdev, log in and plug the device in again"

#endif
