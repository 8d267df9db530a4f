/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/world_real.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>

#define TIMER_SLACK_NS 1UL

struct polled {
	struct pollfd fds[BP_WORLD_REAL_CONSOLES + BP_WORLD_REAL_FDS];
	uint64_t driver_ns;     /* earliest time at which a console driver wants to be read */
};

void bp_world_real_init(struct bp_world_real *w)
{
	*w = (struct bp_world_real){.late_until_ns = BP_NEVER};
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0UL, 0UL, 0UL);
}

int bp_world_real_add_console(struct bp_world_real *w, const struct bp_console *console, struct bp_err *err)
{
	if (w->n_consoles == BP_WORLD_REAL_CONSOLES)
		return bp_fail(err, BP_ENOMEM, "a board has %d serial ports at most", BP_WORLD_REAL_CONSOLES);
	w->console[w->n_consoles++] = console;
	return 0;
}

int bp_world_real_add_fd(struct bp_world_real *w, int fd, short events, bp_world_ready ready, void *ctx, struct bp_err *err)
{
	if (w->n_fds == BP_WORLD_REAL_FDS)
		return bp_fail(err, BP_ENOMEM, "a board has %d further descriptors at most", BP_WORLD_REAL_FDS);
	w->fd[w->n_fds++] = (struct bp_world_fd){fd, events, ready, ctx};
	return 0;
}

void bp_world_real_drop_fd(struct bp_world_real *w, int fd)
{
	for (unsigned i = 0; i < w->n_fds; i++) {
		if (w->fd[i].fd != fd)
			continue;
		w->fd[i] = w->fd[--w->n_fds];
		return;
	}
}

void bp_world_real_spin(struct bp_world_real *w, uint64_t ns)
{
	w->spin_ns = ns < BP_WORLD_REAL_MAX_SPIN_NS ? ns : BP_WORLD_REAL_MAX_SPIN_NS;
}

/* What every console wants at the moment: its fd may have changed since the last look. */
static nfds_t prepare(const struct bp_world_real *w, struct polled *p)
{
	nfds_t n = 0;

	p->driver_ns = BP_NEVER;
	for (unsigned i = 0; i < w->n_consoles; i++, n++) {
		uint64_t deadline_ns = BP_NEVER;
		short events = POLLIN;
		int fd = w->console[i]->ops->poll(w->console[i]->self, &events, &deadline_ns);

		p->fds[n] = (struct pollfd){.fd = fd, .events = events};
		if (deadline_ns < p->driver_ns)
			p->driver_ns = deadline_ns;
	}
	for (unsigned i = 0; i < w->n_fds; i++, n++)
		p->fds[n] = (struct pollfd){.fd = w->fd[i].fd, .events = w->fd[i].events};
	return n;
}

/* 1: somebody has output; 0: nobody; negative: an error. Handlers may add and drop descriptors. */
static int dispatch(struct bp_world_real *w, const struct polled *p, struct bp_err *err)
{
	const struct pollfd *more = p->fds + w->n_consoles;
	struct bp_world_fd fd[BP_WORLD_REAL_FDS];
	unsigned n = w->n_fds;
	int output = 0;

	for (unsigned i = 0; i < w->n_consoles; i++)
		output |= p->fds[i].revents != 0;
	memcpy(fd, w->fd, sizeof(fd));
	for (unsigned i = 0; i < n; i++) {
		int rc = more[i].revents ? fd[i].ready(fd[i].ctx, more[i].revents, err) : 0;

		if (rc < 0)
			return rc;
		output |= rc;
	}
	return output != 0;
}

/* How long to sleep before the next look at the clock, ns. */
static uint64_t sleep_ns(const struct bp_world_real *w, const struct polled *p, uint64_t until_ns, uint64_t now)
{
	uint64_t wait = bp_deadline_left(until_ns, now), driver = bp_deadline_left(p->driver_ns, now);

	wait = wait > w->spin_ns ? wait - w->spin_ns : 0;
	return driver < wait ? driver : wait;
}

static int look(struct bp_world_real *w, uint64_t until_ns, uint64_t now, struct bp_err *err)
{
	struct polled p;
	nfds_t n = prepare(w, &p);
	struct timespec t = bp_clock_timespec(sleep_ns(w, &p, until_ns, now));
	int rc = ppoll(p.fds, n, until_ns == BP_NEVER && p.driver_ns == BP_NEVER ? NULL : &t, NULL);

	if (rc < 0 && errno != EINTR)
		return bp_fail(err, BP_EIO, "waiting for the board failed: %s", strerror(errno));
	rc = rc > 0 ? dispatch(w, &p, err) : 0;
	return rc ? rc : bp_deadline_passed(p.driver_ns);
}

static uint64_t now_ns(void *self)
{
	(void)self;
	return bp_clock_ns();
}

/*
 * What arrived in time counts even when the host itself came late: a wait that is
 * over still tells of output, but only once, so that a board that babbles without
 * end cannot hold off a deadline.
 */
static int wait(void *self, uint64_t until_ns, struct bp_err *err)
{
	struct bp_world_real *w = self;

	for (;;) {
		uint64_t now = bp_clock_ns();
		bool over = now >= until_ns;
		int rc = over && w->late_until_ns == until_ns ? 0 : look(w, until_ns, now, err);

		w->woke_ns = bp_clock_ns();
		if (rc < 0)
			return rc;
		if (rc) {
			w->late_until_ns = over ? until_ns : BP_NEVER;
			return BP_WAKE_OUTPUT;
		}
		if (over)
			return BP_WAKE_TIME;
	}
}

const struct bp_world_ops bp_world_real_ops = {.name = "real", .now_ns = now_ns, .wait = wait};
