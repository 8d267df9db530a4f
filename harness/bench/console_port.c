/* SPDX-License-Identifier: Apache-2.0 */
/* console_port.c - a console's port, whatever it is: gone, coming, ready. */
#include "bench/console_parts.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FIRST_PAUSE_NS (10 * BP_NS_PER_MS)
#define MAX_PAUSE_NS (250 * BP_NS_PER_MS)
#define TRY_NS (3 * BP_NS_PER_S)      /* for connecting and negotiating once */
#define PATIENCE_NS (10 * BP_NS_PER_S)
#define MAX_PATIENCE_NS (3600 * BP_NS_PER_S)
#define STEADY_NS BP_NS_PER_S
#define STALL_NS (5 * BP_NS_PER_S)    /* 16 KiB at 115200 Bd take 1.4 s: a port that takes nothing for so long is stuck */

void bp_port_config(struct bp_port *p, struct bp_diag *d, const struct bp_node *config)
{
	p->fd = -1;
	p->patience_ns = PATIENCE_NS;
	bp_node_duration(d, bp_map_get(config, "patience"), BP_NS_PER_MS, MAX_PATIENCE_NS, &p->patience_ns);
	bp_node_bool(d, bp_map_get(config, "with-power"), &p->with_power);
}

/* Not ready from now on; the next try comes soon. */
static void lose(struct bp_port *p, uint64_t now)
{
	if (p->fd >= 0)
		p->hooks->detach(p);
	p->fd = -1;
	p->losses += p->ready && !p->with_power;
	/* One that comes and goes all the time is as good as gone: neither patience nor pause begin anew. */
	if (p->ready && now - p->ready_ns >= STEADY_NS) {
		p->gone_ns = now;
		p->pause_ns = FIRST_PAUSE_NS;
	}
	p->ready = p->connecting = p->held = false;
	p->out_at = p->out_len = 0;
	p->stalled_ns = 0;
	p->retry_ns = now + p->pause_ns;
	p->pause_ns = p->pause_ns * 2 < MAX_PAUSE_NS ? p->pause_ns * 2 : MAX_PAUSE_NS;
}

void bp_port_set_ready(struct bp_port *p)
{
	p->ready = true;
	p->ready_ns = bp_clock_ns();
}

static void try_again(struct bp_port *p, uint64_t now)
{
	int rc;

	p->retry_ns = now + TRY_NS;
	rc = p->hooks->attach(p, &p->why);
	if (rc < 0)
		lose(p, now);
}

static int give_up(const struct bp_port *p, uint64_t now, struct bp_err *err)
{
	char since[32];

	bp_show_duration(since, sizeof(since), (now - p->gone_ns) / BP_NS_PER_MS * BP_NS_PER_MS);
	return bp_fail(err, BP_EIO, "board %s: console %s is gone since %s and does not come back (%s): %s", p->board, p->where,
		       since, p->why.text[0] ? p->why.text : "no reason given", p->advice);
}

/* ---- the queue --------------------------------------------------------------------- */

/* Send what goes. 0, or a negative code: the port is lost. */
static int flush(struct bp_port *p, uint64_t now)
{
	while (p->out_at < p->out_len && !p->held) {
		const uint8_t *from = p->out + p->out_at;
		size_t len = p->out_len - p->out_at;
		ssize_t n = p->is_socket ? send(p->fd, from, len, MSG_NOSIGNAL) : write(p->fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			p->stalled_ns = p->stalled_ns ? p->stalled_ns : now;
			return 0;
		}
		if (n < 0)
			return bp_fail(&p->why, BP_EIO, "%s", strerror(errno));
		p->out_at += (size_t)n;
		p->stalled_ns = 0;
	}
	if (p->out_at == p->out_len)
		p->out_at = p->out_len = 0;
	return 0;
}

int bp_port_queue(struct bp_port *p, const uint8_t *buf, size_t len, struct bp_err *err)
{
	if (len > sizeof(p->out) - p->out_len && p->out_at) {
		memmove(p->out, p->out + p->out_at, p->out_len - p->out_at);
		p->out_len -= p->out_at;
		p->out_at = 0;
	}
	if (len > sizeof(p->out) - p->out_len)
		return bp_fail(err, BP_EIO, "board %s: console %s takes no more bytes, %zu wait: check flow control and the wiring",
			       p->board, p->where, p->out_len);
	memcpy(p->out + p->out_len, buf, len);
	p->out_len += len;
	return 0;
}

int bp_port_write(struct bp_port *p, const uint8_t *buf, size_t len, struct bp_err *err)
{
	uint64_t now = bp_clock_ns();
	int rc;

	if (!p->ready)
		return p->with_power ? 0 : bp_fail(err, BP_EIO, "board %s: console %s is gone (%s): %s", p->board, p->where,
						   p->why.text, p->advice);
	rc = bp_port_queue(p, buf, len, err);
	/* A device that takes nothing from its own USB port is the device's trouble: it hears nothing. */
	if (rc)
		return p->with_power ? 0 : rc;
	if (flush(p, now) < 0)
		lose(p, now);
	return 0;
}

/* ---- poll and read ------------------------------------------------------------------ */

int bp_port_poll(struct bp_port *p, short *events, uint64_t *deadline_ns)
{
	*events = POLLIN;
	*deadline_ns = p->ready ? BP_NEVER : p->retry_ns;
	if (p->connecting)
		*events = POLLOUT;
	else if (p->out_at < p->out_len && !p->held)
		*events = POLLIN | POLLOUT;
	if (p->ready && p->stalled_ns)
		*deadline_ns = p->stalled_ns + STALL_NS;
	return p->fd;
}

static int check_stall(struct bp_port *p, uint64_t now, struct bp_err *err)
{
	size_t wait = p->out_len - p->out_at;

	if (!p->stalled_ns || now - p->stalled_ns < STALL_NS)
		return 0;
	p->out_at = p->out_len = 0;
	p->stalled_ns = 0;
	if (p->with_power)
		return 0;
	return bp_fail(err, BP_EIO, "board %s: console %s has taken nothing for %d s, %zu bytes wait: check flow control and the wiring",
		       p->board, p->where, (int)(STALL_NS / BP_NS_PER_S), wait);
}

/* Take the port some steps further. 0 there is one to read from, 1 there is none, negative: given up. */
static int advance(struct bp_port *p, uint64_t now, struct bp_err *err)
{
	if (!p->ready && now >= p->retry_ns) {
		if (p->fd >= 0) {
			bp_fail(&p->why, BP_ETIMEOUT, "no answer for %d s", (int)(TRY_NS / BP_NS_PER_S));
			lose(p, now);
		} else {
			try_again(p, now);
		}
	}
	if (p->connecting) {
		struct pollfd f = {.fd = p->fd, .events = POLLOUT};

		if (poll(&f, 1, 0) > 0) {
			p->connecting = false;
			if (p->hooks->connected(p, &p->why) < 0)
				lose(p, now);
		}
	}
	if (!p->ready && !p->with_power && now - p->gone_ns >= p->patience_ns)
		return give_up(p, now, err);
	return p->fd < 0 || p->connecting;
}

/* Bytes, 0: none; negative: the port is lost. */
static int read_some(struct bp_port *p, uint8_t *buf, size_t cap)
{
	ssize_t n;

	do
		n = read(p->fd, buf, cap);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return p->hooks->filter ? p->hooks->filter(p, buf, (size_t)n, &p->why) : (int)n;
	if (n < 0 && errno == EAGAIN)
		return 0;
	return bp_fail(&p->why, BP_EIO, "%s", n ? strerror(errno) : "it was closed at the other end");
}

int bp_port_read(struct bp_port *p, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	/* Taken right after poll() and not after the read: a few us of copying are not the board's. */
	uint64_t now = bp_clock_ns();
	int rc = advance(p, now, err);

	if (rc)
		return rc < 0 ? rc : 0;
	rc = read_some(p, buf, cap);
	if (rc < 0 || flush(p, now) < 0)
		lose(p, now);
	if (rc > 0) {
		*at_ns = now;
		return rc;
	}
	return rc < 0 ? 0 : check_stall(p, now, err);
}

/* ---- open and close -------------------------------------------------------------------- */

int bp_port_open(struct bp_port *p, uint64_t deadline_ns, struct bp_err *err)
{
	uint64_t now = bp_clock_ns();

	p->gone_ns = now;
	p->pause_ns = FIRST_PAUSE_NS;
	try_again(p, now);
	while (p->fd >= 0 && !p->ready && !bp_deadline_passed(deadline_ns)) {
		uint8_t drop[256];
		uint64_t at;
		short events;
		int fd = bp_port_poll(p, &events, &at);

		if (bp_clock_poll_fd(fd, events, deadline_ns) > 0 && bp_port_read(p, drop, sizeof(drop), &at, &p->why) < 0)
			break;
	}
	if (p->ready || p->with_power)
		return 0;
	if (p->fd >= 0)
		bp_fail(&p->why, BP_ETIMEOUT, "no answer in time");
	bp_port_close(p);
	return bp_fail(err, BP_EIO, "board %s: console %s cannot be opened: %s%s%s", p->board, p->where, p->why.text,
		       p->is_socket ? "; " : "", p->is_socket ? p->advice : ""); /* a serial port's reason says itself what to do */
}

void bp_port_close(struct bp_port *p)
{
	uint64_t now = bp_clock_ns();

	if (p->fd >= 0)
		flush(p, now);
	if (p->fd >= 0)
		p->hooks->detach(p);
	p->fd = -1;
	p->ready = false;
}
