/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/wire_fault.h"

#include "bench/wire.h"

#include <string.h>

#define NS_PER_MS UINT64_C(1000000)
#define STALL_NS (3000 * NS_PER_MS) /* longer than any pause within a message that the device waits for */
#define SLOW_BYTES 16u
#define SLOW_NS (20 * NS_PER_MS)    /* a radio link of 800 bytes a second */
#define REOPEN_NS (500 * NS_PER_MS) /* a USB serial port that was plugged out and in */

static int put(struct bp_wire *w, const uint8_t *bytes, size_t n, struct bp_err *err)
{
	const struct bp_console *c = w->smp.console ? w->smp.console : w->text.console;

	return n ? c->ops->write(c->self, bytes, n, err) : 0;
}

/* Time passes; what the device says meanwhile is read later. */
static int pause(struct bp_wire *w, uint64_t ns, struct bp_err *err)
{
	uint64_t until = bp_world_now(w->world) + ns;
	int rc;

	do
		rc = bp_world_wait(w->world, until, err);
	while (rc == BP_WAKE_OUTPUT && bp_world_now(w->world) < until);
	return rc < 0 ? rc : rc == BP_WAKE_OFF ? bp_fail(err, BP_EPOWER, "the board lost power") : 0;
}

static int slowly(struct bp_wire *w, const uint8_t *bytes, size_t n, struct bp_err *err)
{
	int rc = 0;

	for (size_t at = 0; at < n && !rc; at += SLOW_BYTES) {
		rc = put(w, bytes + at, n - at < SLOW_BYTES ? n - at : SLOW_BYTES, err);
		if (!rc)
			rc = pause(w, SLOW_NS, err);
	}
	return rc;
}

static int in_two(struct bp_wire *w, const uint8_t *bytes, size_t n, uint64_t ns, struct bp_err *err)
{
	int rc = put(w, bytes, n / 2, err);

	if (!rc)
		rc = pause(w, ns, err);
	return rc ? rc : put(w, bytes + n / 2, n - n / 2, err);
}

static int link_reset(struct bp_wire *w, const uint8_t *bytes, size_t n, struct bp_err *err)
{
	int rc = put(w, bytes, n / 2, err);

	if (!rc)
		rc = pause(w, REOPEN_NS, err);
	if (rc)
		return rc;
	bp_wire_clear(w);
	return bp_fail(err, BP_ETIMEOUT, "the link was reset");
}

static int strike(struct bp_wire *w, const uint8_t *bytes, size_t n, struct bp_err *err)
{
	struct bp_wire_fault *f = &w->fault;
	int rc;

	f->fired = f->kind != BP_WIRE_LOSE_ANSWER; /* that one fires when the answer comes */
	switch (f->kind) {
	case BP_WIRE_FAULT_NONE:
		break;
	case BP_WIRE_DROP:
		return 0;
	case BP_WIRE_LOSE_ANSWER:
		f->eat = true;
		break;
	case BP_WIRE_DUPLICATE:
		rc = put(w, bytes, n, err);
		return rc ? rc : put(w, bytes, n, err);
	case BP_WIRE_REORDER:
		memcpy(f->held, bytes, n);
		f->held_len = n;
		return 0;
	case BP_WIRE_TRUNCATE:
		return put(w, bytes, n / 2, err);
	case BP_WIRE_CORRUPT:
		memcpy(f->held, bytes, n);
		f->held[n / 2] ^= 0x01;
		return put(w, f->held, n, err);
	case BP_WIRE_STALL:
		return in_two(w, bytes, n, STALL_NS, err);
	case BP_WIRE_SLOW:
		return slowly(w, bytes, n, err);
	case BP_WIRE_RESET:
		return link_reset(w, bytes, n, err);
	}
	return put(w, bytes, n, err);
}

int bp_wire_fault_send(struct bp_wire *w, const uint8_t *bytes, size_t n, struct bp_err *err)
{
	struct bp_wire_fault *f = &w->fault;
	size_t held = f->held_len;
	int rc;

	if (++f->sent == f->frame)
		return strike(w, bytes, n, err);
	rc = put(w, bytes, n, err);
	f->held_len = 0;
	return rc ? rc : put(w, f->held, held, err);
}
