/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_console.h - what every console driver must do, as tests that run
 * against a table of drivers, each with a real counterpart: a pseudo terminal, a
 * TCP socket, a telnet server, ser2net, a USB device, the virtual board.
 */
#ifndef BP_TESTS_CONTRACT_CONSOLE_H
#define BP_TESTS_CONTRACT_CONSOLE_H

#include "bench/console_parts.h"
#include "bench/virtual.h"
#include "bench/wire.h"
#include "bench/world_real.h"

#include <sys/types.h>

struct console_contract {
	const struct console_peer *peer;
	struct bp_arena *arena;
	struct bp_world_real real;
	struct bp_virtual virtual;
	struct bp_world world;
	struct bp_console console;
	/* the other side */
	int fd;                     /* its bytes: what the driver sends, what it is to read; -1: none */
	int listener, slave;        /* -1: none */
	unsigned port;
	pid_t server;               /* a child process between fd and the driver; 0: none */
	char dir[64], link[96];     /* temporary folder; a symlink in it to the pseudo terminal */
	bool away;                  /* a USB device that is to be put back */
};

struct console_peer {
	const char *name;           /* of the row */
	const struct bp_console_ops *ops;
	/* 0, or a text: why it cannot be tested here. */
	const char *(*begin)(struct console_contract *c);
	void (*end)(struct console_contract *c);
	/* The driver's map as YAML, without `patience` and `with-power`; NULL: nothing to open. */
	void (*config)(const struct console_contract *c, char *out, size_t cap);
	/* The port goes away, and comes back (if it can: under another name). NULL: it cannot. */
	void (*vanish)(struct console_contract *c);
	void (*come_back)(struct console_contract *c);
};

extern const struct console_peer console_peers[]; /* ends with a NULL name */

/* Peer and driver, ready to talk; extra: YAML keys to add. A reason when it cannot be tested here, else NULL. */
const char *console_begin(struct console_contract *c, const struct console_peer *peer, const char *extra);
void console_end(struct console_contract *c);

/* The board says something; all of it is under way when this returns. */
void console_say(struct console_contract *c, const void *bytes, size_t len);

/* What the driver sent so far goes into out (appended at *len), at most cap. Accepts connections, too. */
void console_hear(struct console_contract *c, uint8_t *out, size_t cap, size_t *len);

/* Open the driver from YAML text, as a bench file would. Its code; fills c->console. */
int console_open(struct console_contract *c, const struct bp_console_ops *ops, const char *yaml, struct bp_err *err);

#endif
