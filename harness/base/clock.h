/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the monotonic clock and deadlines on it.
 *
 * A deadline is a time of the monotonic clock in ns, made once at the start of a
 * thing and passed down, so that retries cannot stretch it. BP_NEVER is none.
 */
#ifndef BP_BASE_CLOCK_H
#define BP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define BP_NEVER UINT64_MAX
#define BP_NS_PER_US UINT64_C(1000)
#define BP_NS_PER_MS UINT64_C(1000000)
#define BP_NS_PER_S UINT64_C(1000000000)

/* CLOCK_MONOTONIC in ns. It cannot fail on Linux. */
static inline uint64_t bp_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * BP_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* The deadline ns from now; BP_NEVER when that is past the end of time. */
uint64_t bp_deadline_in(uint64_t ns);

/* What is left until deadline_ns at now_ns: 0 once it has passed. */
uint64_t bp_deadline_left(uint64_t deadline_ns, uint64_t now_ns);

static inline bool bp_deadline_passed(uint64_t deadline_ns)
{
	return deadline_ns != BP_NEVER && bp_clock_ns() >= deadline_ns;
}

/* What is left, for poll(): ms, rounded up so that nothing is tried too early; -1 for BP_NEVER. */
int bp_deadline_poll_ms(uint64_t deadline_ns);

/* A duration for ppoll() and nanosleep(). */
struct timespec bp_clock_timespec(uint64_t ns);

/* poll() one fd until deadline_ns. Its revents (not 0); 0: the deadline passed; -1 with errno. Signals do not end it. */
int bp_clock_poll_fd(int fd, short events, uint64_t deadline_ns);

#endif
