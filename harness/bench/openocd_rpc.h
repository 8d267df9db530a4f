/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openocd_rpc.h - OpenOCD's Tcl interface: commands and answers that end in 0x1a
 * (OpenOCD User's Guide, "Tcl RPC server").
 *
 * The wire does not tell a result from an error, so bp_rpc_call() wraps its
 * command in a catch. Answers come in order: one that was not waited for is
 * owed, and is taken from the wire before the next command goes out.
 *
 * Deadlines are monotonic ns. BP_ETIMEOUT: no answer, the connection is still
 * good. BP_EIO: the peer has gone. BP_EPROTO: an answer that is none, or beyond
 * BP_RPC_MAX_REPLY: the connection can only be closed.
 */
#ifndef BP_BENCH_OPENOCD_RPC_H
#define BP_BENCH_OPENOCD_RPC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_RPC_END 0x1a
#define BP_RPC_MAX_REPLY 65536u     /* 4096 words of memory are 45 KiB of text */
#define BP_RPC_MAX_COMMAND 16384u   /* OpenOCD 0.12 takes 256 KiB (TCL_LINE_MAX in its tcl_server.c) */
#define BP_RPC_READ_WORDS 4096u     /* that one command may ask for */
#define BP_RPC_WRITE_WORDS 1024u

struct bp_rpc {
	int fd;                     /* -1: none; the owner's to close */
	unsigned owed;              /* answers to commands that nobody waits for any more */
	uint64_t asked_ns;          /* when the oldest unanswered command went out */
	size_t len;                 /* of the answer, or of what has come of it */
	char reply[BP_RPC_MAX_REPLY + 1]; /* NUL-terminated once complete */
	size_t in_at, in_len;
	uint8_t in[4096];
};

void bp_rpc_begin(struct bp_rpc *r, int fd);

/* Takes n bytes of the peer until an answer is complete. Bytes taken; *complete tells. BP_EPROTO: too long. */
int bp_rpc_take(struct bp_rpc *r, const uint8_t *bytes, size_t n, bool *complete, struct bp_err *err);

/*
 * Run a command, which must have balanced braces; its result stands in r->reply,
 * and its length is returned. BP_EREFUSED: OpenOCD ran it and it failed; err has its text.
 */
int bp_rpc_call(struct bp_rpc *r, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int bp_rpc_call_text(struct bp_rpc *r, const char *command, uint64_t deadline_ns, struct bp_err *err);

/* "0x12 0x34 …" → n words; exactly so many, each of 32 bits. BP_EPROTO. */
int bp_rpc_words(const char *text, uint32_t *out, size_t n, struct bp_err *err);

/* "r0 0x1 … xPSR 0x…" in any order → r0 to r15, xPSR; each exactly once. BP_EPROTO. */
int bp_rpc_registers(const char *text, uint32_t regs[17], struct bp_err *err);

/* What get_reg is to be asked for. */
#define BP_RPC_REGISTERS "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc xPSR"

#endif
