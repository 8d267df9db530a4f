/* SPDX-License-Identifier: Apache-2.0 */
/* realtime.c - asking the system for short latencies: asked for, never required. */
#include "bench/world_real.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Documentation/power/pm_qos_interface.rst: a 32-bit number of us, in force while the file is open. */
#define LATENCY_FILE "/dev/cpu_dma_latency"

static const char *answer(bool granted, int code)
{
	return granted ? "granted" : strerror(code);
}

static bool ask_cpu_latency(struct bp_realtime *r, int *code)
{
	const int32_t zero_us = 0;
	bool granted;

	r->latency_fd = open(LATENCY_FILE, O_WRONLY | O_CLOEXEC);
	granted = r->latency_fd >= 0 && write(r->latency_fd, &zero_us, sizeof(zero_us)) == (ssize_t)sizeof(zero_us);
	*code = errno;
	if (!granted && r->latency_fd >= 0) {
		close(r->latency_fd);
		r->latency_fd = -1;
	}
	return granted;
}

void bp_realtime_ask(struct bp_realtime *r)
{
	const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	int code[3];

	*r = (struct bp_realtime){.latency_fd = -1};
	/* Children (OpenOCD) must not inherit it: one that spins would lock up the machine. */
	r->fifo = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;
	code[0] = errno;
	/* What is used, when it is: arenas are far larger than that. */
	r->locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
	code[1] = errno;
	r->cpu_latency = ask_cpu_latency(r, &code[2]);
	snprintf(r->text, sizeof(r->text), "real-time priority: %s; memory lock: %s; CPU latency 0 us: %s",
		 answer(r->fifo, code[0]), answer(r->locked, code[1]), answer(r->cpu_latency, code[2]));
}

void bp_realtime_rush(struct bp_realtime *r, bool on)
{
	/* Children (OpenOCD) must not inherit it: one that spins would lock up the machine. */
	const int policy = (on ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK;
	const struct sched_param p = {.sched_priority = on ? sched_get_priority_min(SCHED_FIFO) : 0};
	int code;

	if (r->fifo)
		sched_setscheduler(0, policy, &p);
	if (on && r->cpu_latency && r->latency_fd < 0)
		ask_cpu_latency(r, &code);
	if (!on && r->latency_fd >= 0) {
		close(r->latency_fd);
		r->latency_fd = -1;
	}
}

void bp_realtime_drop(struct bp_realtime *r)
{
	bp_realtime_rush(r, false);
	if (r->locked)
		munlockall();
	*r = (struct bp_realtime){.latency_fd = -1};
}
