/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/wire.h"

#include <string.h>

void bp_wire_init(struct bp_wire *w, const struct bp_world *world, const struct bp_console *console)
{
	memset(w, 0, sizeof(*w));
	w->world = world;
	w->console = console;
}

void bp_wire_clear(struct bp_wire *w)
{
	memset(&w->deframer, 0, sizeof(w->deframer));
	w->at = w->len = 0;
}

/* The next event among the bytes at hand, or BP_WIRE_TIME when they are used up. */
static int from_buffer(struct bp_wire *w)
{
	while (w->at < w->len) {
		enum bp_smp_event e;

		w->at += bp_smp_feed(&w->deframer, w->buf + w->at, w->len - w->at, &e);
		switch (e) {
		case BP_SMP_NOTHING:
			break;
		case BP_SMP_TEXT:
			if (w->on_text)
				w->on_text(w->ctx, w->buf_ns, (const char *)w->deframer.line, w->deframer.line_len);
			return BP_WIRE_TEXT;
		case BP_SMP_MESSAGE:
			w->msg = w->deframer.msg;
			w->msg_len = w->deframer.msg_len;
			if (w->on_message)
				w->on_message(w->ctx, w->buf_ns, w->msg, w->msg_len);
			return BP_WIRE_MESSAGE;
		case BP_SMP_BAD:
			return BP_WIRE_BAD;
		}
	}
	return BP_WIRE_TIME;
}

int bp_wire_next(struct bp_wire *w, uint64_t until_ns, struct bp_err *err)
{
	for (;;) {
		int rc = from_buffer(w);

		if (rc != BP_WIRE_TIME)
			return rc;
		rc = w->console->ops->read(w->console->self, w->buf, sizeof(w->buf), &w->buf_ns, err);
		if (rc < 0)
			return rc;
		w->at = 0;
		w->len = (size_t)rc;
		if (rc)
			continue;
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
	uint8_t out[BP_SMP_MAX_FRAMED];
	int n = bp_smp_frame(msg, len, out, sizeof(out), err);

	if (n < 0)
		return n;
	if (w->on_send)
		w->on_send(w->ctx, bp_world_now(w->world), out, (size_t)n);
	w->sent += (uint64_t)n;
	return w->console->ops->write(w->console->self, out, (size_t)n, err);
}
