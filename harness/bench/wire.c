/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/wire.h"

#include <string.h>

#define LATE_BYTES 65536u /* what a board says in 5.7 s at 115,200 baud: no host is later than that */

void bp_wire_init(struct bp_wire *w, const struct bp_world *world, const struct bp_console *console, const struct bp_console *smp)
{
	memset(w, 0, sizeof(*w));
	w->world = world;
	w->text.console = console;
	w->smp.console = smp;
}

static void clear(struct bp_wire_port *p)
{
	memset(&p->deframer, 0, sizeof(p->deframer));
	p->at = p->len = 0;
}

void bp_wire_clear(struct bp_wire *w)
{
	clear(&w->text);
	clear(&w->smp);
}

static enum bp_wire_event text(struct bp_wire *w)
{
	if (w->on_text)
		w->on_text(w->ctx, w->text.buf_ns, (const char *)w->text.deframer.line, w->text.deframer.line_len);
	return BP_WIRE_TEXT;
}

static enum bp_wire_event message(struct bp_wire *w, const struct bp_wire_port *p)
{
	w->msg = p->deframer.msg;
	w->msg_len = p->deframer.msg_len;
	if (w->on_message)
		w->on_message(w->ctx, p->buf_ns, w->msg, w->msg_len);
	return BP_WIRE_MESSAGE;
}

/* The next event among the bytes at hand, or BP_WIRE_TIME when they are used up. */
static int from_buffer(struct bp_wire *w, struct bp_wire_port *p)
{
	bool texts = p == &w->text, messages = p == &w->smp || !w->smp.console;

	while (p->at < p->len) {
		enum bp_smp_event e;

		p->at += bp_smp_feed(&p->deframer, p->buf + p->at, p->len - p->at, &e);
		if (e == BP_SMP_TEXT && texts)
			return text(w);
		if (e == BP_SMP_MESSAGE && messages && w->fault.eat) {
			w->fault.eat = false;
			w->fault.fired = true;
			continue;
		}
		if (e == BP_SMP_MESSAGE && messages)
			return message(w, p);
		if (e == BP_SMP_BAD && messages)
			return BP_WIRE_BAD;
	}
	return BP_WIRE_TIME;
}

/* Bytes that came, 0: none. */
static int fill(struct bp_wire_port *p, struct bp_err *err)
{
	int n = p->console ? p->console->ops->read(p->console->self, p->buf, sizeof(p->buf), &p->buf_ns, err) : 0;

	p->at = 0;
	p->len = n > 0 ? (size_t)n : 0;
	return n;
}

/*
 * What came in time counts even when the host itself came late; but a board that
 * babbles faster than it is read cannot hold off a deadline.
 */
static bool babbles(struct bp_wire *w, uint64_t until_ns, int bytes)
{
	w->late_bytes = bp_world_now(w->world) < until_ns ? 0 : w->late_bytes + (size_t)bytes;
	return w->late_bytes > LATE_BYTES;
}

int bp_wire_next(struct bp_wire *w, uint64_t until_ns, struct bp_err *err)
{
	for (;;) {
		/* Of two ports the answer first: what a device says after its answer must not overtake it when the host is late. */
		int rc = from_buffer(w, &w->smp), more;

		if (rc == BP_WIRE_TIME)
			rc = from_buffer(w, &w->text);
		if (rc != BP_WIRE_TIME)
			return rc;
		rc = fill(&w->text, err);
		more = rc < 0 ? rc : fill(&w->smp, err);
		if (rc < 0 || more < 0)
			return rc < 0 ? rc : more;
		if (rc || more) {
			if (babbles(w, until_ns, rc + more))
				return BP_WIRE_TIME;
			continue;
		}
		rc = bp_world_wait(w->world, until_ns, err);
		if (rc < 0)
			return rc;
		if (rc == BP_WAKE_TIME)
			return BP_WIRE_TIME;
		if (rc == BP_WAKE_OFF)
			return BP_WIRE_OFF;
	}
}

int bp_wire_send(struct bp_wire *w, const uint8_t *msg, size_t len, struct bp_err *err)
{
	const struct bp_console *port = w->smp.console ? w->smp.console : w->text.console;
	uint8_t out[BP_SMP_MAX_FRAMED];
	int n = bp_smp_frame(msg, len, out, sizeof(out), err);

	if (n < 0)
		return n;
	if (w->on_send)
		w->on_send(w->ctx, bp_world_now(w->world), out, (size_t)n);
	w->sent += (uint64_t)n;
	if (w->fault.kind)
		return bp_wire_fault_send(w, out, (size_t)n, err);
	return port->ops->write(port->self, out, (size_t)n, err);
}
