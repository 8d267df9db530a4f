/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - child processes: started in a process group of their own, never
 * outliving us, always reaped.
 *
 * A child gets the three standard descriptors and nothing else of ours, default
 * signals, and SIGKILL from the kernel when the thread that started it ends
 * (PR_SET_PDEATHSIG, prctl(2)). What is left of its group is killed when it ends.
 * Deadlines are times of the monotonic clock (base/clock.h).
 */
#ifndef BP_BASE_PROC_H
#define BP_BASE_PROC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Instead of an fd: /dev/null, a pipe whose other end is in struct bp_proc, our own, or (stderr only) wherever stdout goes. */
#define BP_PROC_NULL (-1)
#define BP_PROC_PIPE (-2)
#define BP_PROC_OURS (-3)
#define BP_PROC_OUT (-4)

struct bp_proc_options {
	const char *const *argv;  /* ends with NULL; argv[0] is looked for in PATH unless it has a '/' */
	const char *const *env;   /* "NAME=value" to add or replace; ends with NULL; NULL: none */
	const char *dir;          /* working directory, NULL: ours */
	int in, out, err;         /* an fd (stays the caller's), or BP_PROC_… */
};

struct bp_proc {
	pid_t pid;                /* 0: none, or reaped */
	int pidfd;                /* readable once it has ended; -1 where the kernel has none */
	int in, out, err;         /* our ends of the pipes asked for, non-blocking and close-on-exec; else -1 */
	int status;               /* as of waitpid(), once reaped */
	bool reaped;
	char name[32];            /* last part of argv[0], for texts */
};

/* Start it. BP_EIO with the reason when it cannot be run (also: no such program). Blocks for fork() and exec() only. */
int bp_proc_start(struct bp_proc *p, const struct bp_proc_options *o, struct bp_err *err);

/* 1 it has ended (and is reaped, its group killed), 0 it runs. Never blocks. */
int bp_proc_ended(struct bp_proc *p);

/* Until it has ended, and is reaped: 0; BP_ETIMEOUT: it still runs. */
int bp_proc_wait(struct bp_proc *p, uint64_t deadline_ns, struct bp_err *err);

/*
 * SIGTERM to its group, SIGKILL grace_ns later (0: at once), reap, close the pipes.
 * Safe on one that never started (all zero) or has ended, and when called twice.
 */
void bp_proc_stop(struct bp_proc *p, uint64_t grace_ns);

/* "exit status 3", "killed by signal 9 (Killed)", "still running" into out. Returns out. */
const char *bp_proc_how(const struct bp_proc *p, char *out, size_t cap);

/* What goes in, and what came out: NUL-terminated; more than cap - 1 bytes are dropped, and `cut` says so. */
struct bp_proc_io {
	const void *in;
	size_t in_len;
	char *out, *err;          /* NULL: dropped */
	size_t out_cap, err_cap;  /* at least 1 unless NULL */
	size_t out_len, err_len;
	bool out_cut, err_cut;
};

/*
 * Feed io->in to its stdin pipe (then close it), collect stdout and stderr pipes
 * until it has closed them and ended. 0: ended (see status); BP_ETIMEOUT: it runs
 * on, the caller stops it. A child that does not read all of its input is no error.
 */
int bp_proc_talk(struct bp_proc *p, struct bp_proc_io *io, uint64_t deadline_ns, struct bp_err *err);

/*
 * All in one: start argv, feed, collect, stop. Returns its exit status (0 to 255),
 * or BP_EIO (cannot be run, killed by a signal), BP_ETIMEOUT (killed by us). The
 * text names the program and holds the last line of what it wrote to stderr.
 */
int bp_proc_run(const char *const *argv, struct bp_proc_io *io, uint64_t deadline_ns, struct bp_err *err);

#endif
