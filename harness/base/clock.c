/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

uint64_t bp_deadline_in(uint64_t ns)
{
	uint64_t now = bp_clock_ns();

	return ns < BP_NEVER - now ? now + ns : BP_NEVER;
}

uint64_t bp_deadline_left(uint64_t deadline_ns, uint64_t now_ns)
{
	return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

int bp_deadline_poll_ms(uint64_t deadline_ns)
{
	uint64_t left, ms;

	if (deadline_ns == BP_NEVER)
		return -1;
	left = bp_deadline_left(deadline_ns, bp_clock_ns());
	ms = left / BP_NS_PER_MS + (left % BP_NS_PER_MS != 0);
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

struct timespec bp_clock_timespec(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / BP_NS_PER_S), .tv_nsec = (long)(ns % BP_NS_PER_S)};
}

int bp_clock_poll_fd(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int rc = poll(&p, 1, bp_deadline_poll_ms(deadline_ns));

		if (rc > 0)
			return p.revents;
		if (rc < 0 && errno != EINTR)
			return -1;
		if (bp_deadline_passed(deadline_ns))
			return 0;
	}
}
