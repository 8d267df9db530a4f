/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world_real.h - the world of a real board: the monotonic clock and one poll()
 * over its consoles and whatever else is registered.
 *
 * wait() returns BP_WAKE_OUTPUT also when a console driver merely wants read() to
 * be called (a port to be opened again): read() then gives 0 and the caller waits
 * on. It never returns BP_WAKE_OFF: nobody tells a host that a rail is down.
 */
#ifndef BP_BENCH_WORLD_REAL_H
#define BP_BENCH_WORLD_REAL_H

#include "bench/console.h"
#include "bench/world.h"

#include <stdbool.h>

#define BP_WORLD_REAL_CONSOLES 4
#define BP_WORLD_REAL_FDS 8
#define BP_WORLD_REAL_MAX_SPIN_NS UINT64_C(200000)

/*
 * Called in wait() when fd is ready, with poll()'s revents. 0: wait on; 1: wait()
 * returns BP_WAKE_OUTPUT; negative: an error of the rig, which ends the wait.
 */
typedef int (*bp_world_ready)(void *ctx, short revents, struct bp_err *err);

struct bp_world_fd {
	int fd;
	short events;
	bp_world_ready ready;
	void *ctx;
};

struct bp_world_real {
	const struct bp_console *console[BP_WORLD_REAL_CONSOLES];
	unsigned n_consoles;
	struct bp_world_fd fd[BP_WORLD_REAL_FDS];
	unsigned n_fds;
	uint64_t spin_ns;       /* the last part of a wait is spent looking, not sleeping */
	uint64_t late_until_ns; /* a wait that was over already and told of output even so: not twice */
	uint64_t woke_ns;       /* when the last wait() ended */
};

extern const struct bp_world_ops bp_world_real_ops;

/* Caller-owned storage. Also asks for a timer slack of 1 ns (PR_SET_TIMERSLACK; the default is 50 us). */
void bp_world_real_init(struct bp_world_real *w);

/* The console (borrowed) is polled from now on. BP_ENOMEM. */
int bp_world_real_add_console(struct bp_world_real *w, const struct bp_console *console, struct bp_err *err);

/* Poll one more fd (borrowed). BP_ENOMEM. */
int bp_world_real_add_fd(struct bp_world_real *w, int fd, short events, bp_world_ready ready, void *ctx, struct bp_err *err);
void bp_world_real_drop_fd(struct bp_world_real *w, int fd);

/* Waits end with a spin of ns (at most BP_WORLD_REAL_MAX_SPIN_NS) from now on; 0: none. For time triggers. */
void bp_world_real_spin(struct bp_world_real *w, uint64_t ns);

/* What was asked of the system for short latencies, and whether it was granted; nothing is required. */
struct bp_realtime {
	bool fifo, locked, cpu_latency;
	int latency_fd;         /* /dev/cpu_dma_latency: the request stands while it is open; -1: none */
	char text[320];         /* one line for the journal: what was granted, what refused and why */
};

/* SCHED_FIFO at the lowest priority, mlockall(), and 0 us for the CPU's sleep states; for this process. */
void bp_realtime_ask(struct bp_realtime *r);
void bp_realtime_drop(struct bp_realtime *r);

/*
 * Give priority and CPU latency back for a while, or take again what was granted: what only computes must not keep
 * others from the processor, nor the processor from its sleep.
 */
void bp_realtime_rush(struct bp_realtime *r, bool on);

#endif
