/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_child.h - a probe's server as a child process (private to the debug
 * drivers): its stdin and stdout are one socket, its stderr is kept, up to a limit.
 */
#ifndef BP_BENCH_DEBUG_CHILD_H
#define BP_BENCH_DEBUG_CHILD_H

#include "base/err.h"
#include "base/proc.h"

#include <stddef.h>
#include <stdint.h>

struct bp_child {
	struct bp_proc proc;
	int fd;        /* to its stdin and from its stdout, close-on-exec; -1: none */
	int said_fd;   /* its stderr; -1: none */
};

/* What a child is before it is started, and after it was stopped. */
void bp_child_init(struct bp_child *c);

/* Start argv[0], looked up in PATH. BP_EIO. */
int bp_child_start(struct bp_child *c, char *const argv[], struct bp_err *err);

/* Close its socket, give it grace_ns to end by itself, then kill it; reaped in any case. As after bp_child_init(). */
void bp_child_stop(struct bp_child *c, uint64_t grace_ns);

/* The last lines on its stderr, those with "rror" in them if there are any, in one line. Returns out. */
char *bp_child_said(const struct bp_child *c, char *out, size_t cap);

#endif
