/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - role: bytes in and out of the board's serial port.
 *
 * Neither op blocks. read() returns 0 when nothing has come; waiting is the
 * world's. A port that vanished comes back by itself, from within read(), also
 * under another name; one that stays away longer than its patience is BP_EIO.
 */
#ifndef BP_BENCH_CONSOLE_H
#define BP_BENCH_CONSOLE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

#include <stddef.h>
#include <stdint.h>

struct bp_console_ops {
	const char *name, *help;
	/* As in power.h, from the board's `console:` map. The port is open before the board has power. */
	int (*open)(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		    struct bp_err *err);
	void (*close)(void *self);
	/*
	 * What to poll for: an fd and POLL… events, and the monotonic time (ns) at which
	 * the driver wants read() called even so (UINT64_MAX: never), as after a port
	 * vanished. -1 when there is no fd at the moment. NULL: virtual.
	 */
	int (*poll)(void *self, short *events, uint64_t *deadline_ns);
	/* Bytes moved into buf, or a negative error; *at_ns: when the newest of them was complete. */
	int (*read)(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err);
	/* All of len goes on the wire from now on; a board without power hears nothing, which is no error. */
	int (*write)(void *self, const uint8_t *buf, size_t len, struct bp_err *err);
	/*
	 * Times since open() that the port vanished although it should not have: bytes may
	 * be lost, and what follows is the rig's doing, not the device's. NULL: never.
	 */
	unsigned (*losses)(void *self);
	/* What the user should know of the port (a latency that cannot be lowered), for reports; NULL: nothing. Optional. */
	const char *(*note)(void *self);
};

extern const struct bp_console_ops *const bp_console_drivers[]; /* in console.c, ends with NULL */

struct bp_console {
	const struct bp_console_ops *ops;
	void *self;
};

/*
 * Read what has come and throw it away: the number of bytes, 0 without a port (ops
 * NULL). Does not block, and gives up on a port that babbles without end.
 */
size_t bp_console_drop(const struct bp_console *c);

#endif
