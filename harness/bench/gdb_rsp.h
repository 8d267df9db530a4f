/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb_rsp.h - the remote serial protocol of gdb, from the debugger's side.
 *
 * Packets are `$body#xx`, xx the sum of the body's bytes; `}` escapes, `*` repeats
 * ("Debugging with GDB", appendix "Remote Serial Protocol", "Overview").
 * All-stop mode: while the target runs, a stub hears nothing but the interrupt.
 *
 * Deadlines are monotonic ns; BP_ETIMEOUT leaves the answer owed: the connection
 * can only be closed then. BP_EPROTO: bytes that break the protocol, the same.
 */
#ifndef BP_BENCH_GDB_RSP_H
#define BP_BENCH_GDB_RSP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_GDB_MAX_BODY 16384u /* what QEMU and OpenOCD 0.12 announce as PacketSize: 0x1000 and 0x4000 */

enum bp_gdb_event {
	BP_GDB_NOTHING,
	BP_GDB_ACK, BP_GDB_NAK,
	BP_GDB_PACKET,      /* body[len], expanded, NUL behind it */
	BP_GDB_NOTIFICATION,/* %…: asked for by nobody, dropped */
	BP_GDB_DAMAGED,     /* wrong sum, or an escape or repeat that means nothing */
	BP_GDB_TOO_LONG,    /* beyond BP_GDB_MAX_BODY once expanded */
};

/* Takes the peer's bytes apart. Starts zeroed. */
struct bp_gdb_parser {
	enum { BP_GDB_IDLE, BP_GDB_BODY, BP_GDB_SUM_HIGH, BP_GDB_SUM_LOW } state;
	bool notification, damaged, too_long, escaped, repeat;
	uint8_t sum, sent_sum;
	size_t len;
	char body[BP_GDB_MAX_BODY + 1];
};

enum bp_gdb_event bp_gdb_parse(struct bp_gdb_parser *p, uint8_t byte);

/* body[len] as a packet into out: bytes written, or BP_ENOMEM. cap: 2 * len + 4 always suffices. */
int bp_gdb_frame(const void *body, size_t len, char *out, size_t cap, struct bp_err *err);

/* Value of a hex digit, or -1. */
int bp_gdb_digit(uint8_t c);

struct bp_gdb {
	int fd;                   /* -1: not connected; the owner's to close */
	bool no_ack, vcont, running;
	uint32_t packet_bytes;    /* longest body that the stub takes */
	struct bp_gdb_parser parser;
	uint8_t in[4096];
	size_t in_at, in_len;
	size_t framed_len;
	char framed[2 * BP_GDB_MAX_BODY + 4]; /* last packet sent, for the stub's '-' */
	char body[BP_GDB_MAX_BODY + 1];
};

/* Take over a fresh connection: features, no-ack mode, and what stopped the target: it stands still now. */
int bp_gdb_begin(struct bp_gdb *g, int fd, uint64_t deadline_ns, struct bp_err *err);

/* Packet out, answer in: its length; it stands in g->parser.body until the next call. Ennn answers are not errors here. */
int bp_gdb_ask(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The target stands still: len bytes at addr. BP_EIO: the stub refuses. */
int bp_gdb_read(struct bp_gdb *g, uint32_t addr, void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err);
int bp_gdb_write(struct bp_gdb *g, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err);

/* Flash through the stub's loader (vFlash packets): erase the blocks that hold [addr, addr+len), write. The blocks are the caller's to know. */
int bp_gdb_flash(struct bp_gdb *g, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err);

/* A command of the stub's own ("monitor" in gdb); what it prints is dropped. BP_EIO: refused or unknown. */
int bp_gdb_monitor(struct bp_gdb *g, const char *command, uint64_t deadline_ns, struct bp_err *err);

/* Z and z packets: type 0 to 4, kind: bytes of the instruction, or of the watched memory. BP_EIO: refused or unknown. */
int bp_gdb_point(struct bp_gdb *g, unsigned type, uint32_t addr, uint32_t kind, bool set, uint64_t deadline_ns, struct bp_err *err);

/* Run, or (step) one instruction; both return at once. */
int bp_gdb_continue(struct bp_gdb *g, bool step, uint64_t deadline_ns, struct bp_err *err);

/* Ask a running target to stop; bp_gdb_wait_stop() tells when it did. */
int bp_gdb_interrupt(struct bp_gdb *g, uint64_t deadline_ns, struct bp_err *err);

/* Wait for the stop; *signal is its number (may be NULL). BP_ETIMEOUT: it runs on, and can be waited for again. BP_EIO: it exited. */
int bp_gdb_wait_stop(struct bp_gdb *g, unsigned *signal, uint64_t deadline_ns, struct bp_err *err);

/* r0 to r15 and xPSR of an Arm core that stands still. */
int bp_gdb_registers(struct bp_gdb *g, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err);

/* Leave: detach (the target runs on) or kill. Best effort. */
void bp_gdb_end(struct bp_gdb *g, bool kill, uint64_t deadline_ns);

#endif
