/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - the console split into text lines and SMP messages, in order, each
 * with its time. The only reader of the console: whoever waits, waits here, so
 * that no line is lost while an answer is awaited.
 *
 * SMP may have a port of its own: then messages come and go there alone, and what
 * is text there is nobody's. The framing is the console's on both, as mcumgr's is
 * on every serial port.
 */
#ifndef BP_BENCH_WIRE_H
#define BP_BENCH_WIRE_H

#include "bench/console.h"
#include "bench/smp.h"
#include "bench/wire_fault.h"
#include "bench/world.h"

#include <stdbool.h>

enum bp_wire_event {
	BP_WIRE_TIME,     /* until_ns was reached */
	BP_WIRE_TEXT,     /* a text line: handed to on_text already */
	BP_WIRE_MESSAGE,  /* msg, msg_len: valid until the next call */
	BP_WIRE_BAD,      /* a frame was damaged and dropped */
	BP_WIRE_OFF,      /* the board is off */
};

struct bp_wire_port {
	const struct bp_console *console; /* NULL: there is none */
	struct bp_smp_deframer deframer;
	uint8_t buf[1024];
	size_t at, len;
	uint64_t buf_ns;                 /* time of the newest byte in buf */
};

struct bp_wire {
	const struct bp_world *world;
	struct bp_wire_port text, smp;   /* smp: a port of its own, or none: SMP shares the console */
	size_t late_bytes;               /* read after the deadline of the wait at hand */
	uint64_t sent;                   /* bytes that the host has put on the wire: link:N counts these */
	const uint8_t *msg;
	size_t msg_len;
	struct bp_wire_fault fault;      /* all zero: the link is good */
	/* Observers; NULL when nobody listens. */
	void (*on_text)(void *ctx, uint64_t at_ns, const char *line, size_t len);
	void (*on_send)(void *ctx, uint64_t at_ns, const uint8_t *bytes, size_t len);
	void (*on_note)(void *ctx, const char *line); /* for the time line: what a command says that carries an update */
	void (*on_message)(void *ctx, uint64_t at_ns, const uint8_t *msg, size_t len);
	void *ctx;
};

/* smp: SMP's own port, NULL: the console's. Both borrowed. */
void bp_wire_init(struct bp_wire *w, const struct bp_world *world, const struct bp_console *console, const struct bp_console *smp);

/* Forget half-received bytes (power is off). */
void bp_wire_clear(struct bp_wire *w);

/* Wait for the next event, until until_ns at most. An enum bp_wire_event or a negative error of the rig. */
int bp_wire_next(struct bp_wire *w, uint64_t until_ns, struct bp_err *err);

/* Frame a message and put it on the wire. 0 or a negative error. */
int bp_wire_send(struct bp_wire *w, const uint8_t *msg, size_t len, struct bp_err *err);

#endif
