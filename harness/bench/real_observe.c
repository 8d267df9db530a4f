/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_observe.c - what an assembled board says and does, from outside: the
 * console that is listened to, and the answer to "what runs?".
 */
#include "bench/real_parts.h"

#include "base/clock.h"

#include <sodium.h>
#include <string.h>

#define QUIET_NS BP_NS_PER_S /* silent so long: the application waits for input, or it hangs; a request tells */

void bp_real_forget(struct bp_real *r)
{
	r->asked = false;
	r->no_image = false;
	r->lines = (struct bp_lines){0};
	r->heard_ns = bp_clock_ns();
}

/* ---- the console ------------------------------------------------------------------------------ */

static bool in_line(const struct bp_real *r, const char *mark)
{
	return mark && *mark && bp_line_holds(r->lines.text, r->lines.len, mark);
}

/* The awaited line first: nothing stands between its end and the cut. */
static int line_ended(struct bp_real *r, uint64_t at_ns, struct bp_err *err)
{
	uint64_t lead_ns = r->bench->calibration.dead_ns;
	int rc = 0;

	if (bp_line_came(&r->cut_line, &r->lines)) {
		if (r->cut_line.after_ns > lead_ns)
			r->cut_at_ns = at_ns + r->cut_line.after_ns - lead_ns;
		else
			rc = bp_real_fire(r, at_ns, err);
	}
	bp_real_cause_line(r, r->lines.text, r->lines.len);
	if (in_line(r, r->product->marks.boot))
		r->no_image = r->asked = false;
	r->no_image = r->no_image || in_line(r, r->product->marks.no_image);
	return rc;
}

static int heard(struct bp_real *r, const uint8_t *bytes, size_t n, uint64_t at_ns, struct bp_err *err)
{
	int rc = 0;

	for (size_t at = 0; at < n && rc >= 0;) {
		at += bp_lines_feed(&r->lines, bytes + at, n - at);
		if (r->lines.ended)
			rc = line_ended(r, at_ns, err);
	}
	r->heard_ns = bp_clock_ns();
	return rc;
}

static int console_poll(void *self, short *events, uint64_t *deadline_ns)
{
	struct bp_real *r = self;

	return r->console.ops->poll(r->console.self, events, deadline_ns);
}

static int read_from(struct bp_real *r, const struct bp_console *c, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	int n = c->ops->read(c->self, buf, cap, at_ns, err);

	*at_ns = *at_ns > r->epoch_ns ? *at_ns - r->epoch_ns : 0;
	return n;
}

static int console_read(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	struct bp_real *r = self;
	int n = read_from(r, &r->console, buf, cap, at_ns, err);
	int rc = n > 0 ? heard(r, buf, (size_t)n, *at_ns + r->epoch_ns, err) : 0;

	return rc < 0 ? rc : n;
}

/* The bytes up to the armed one, then the cut as that byte has arrived; the rest meets a board that is off. */
static int write_and_cut(struct bp_real *r, const struct bp_console *c, const uint8_t *buf, struct bp_err *err)
{
	size_t n = (size_t)(r->cut_link_byte - r->link_sent);
	int rc = c->ops->write(c->self, buf, n, err);

	if (rc < 0)
		return rc;
	r->link_sent += n;
	r->sent_until_ns += n * r->byte_ns;
	return bp_real_fire(r, r->sent_until_ns - r->bench->calibration.dead_ns, err);
}

/* All that the host writes is the link's. */
static int write_to(struct bp_real *r, const struct bp_console *c, const uint8_t *buf, size_t len, struct bp_err *err)
{
	uint64_t now = bp_clock_ns();

	if (!r->on)
		return 0; /* a board without power hears nothing */
	if (r->sent_until_ns < now)
		r->sent_until_ns = now;
	if (!r->asking && r->cut_link_byte && r->link_sent + len >= r->cut_link_byte)
		return write_and_cut(r, c, buf, err);
	if (!r->asking)
		r->link_sent += len;
	r->sent_until_ns += len * r->byte_ns;
	return c->ops->write(c->self, buf, len, err);
}

static int console_write(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	struct bp_real *r = self;

	return write_to(r, &r->console, buf, len, err);
}

const struct bp_console_ops bp_real_console_ops = {
	.name = "real", .help = "a bench board's serial port, listened to", .poll = console_poll, .read = console_read, .write = console_write,
};

static int port_poll(void *self, short *events, uint64_t *deadline_ns)
{
	struct bp_real *r = self;

	return r->port.ops->poll(r->port.self, events, deadline_ns);
}

static int port_read(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	struct bp_real *r = self;
	int n = read_from(r, &r->port, buf, cap, at_ns, err);

	if (n > 0)
		r->heard_ns = bp_clock_ns();
	return n;
}

static int port_write(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	struct bp_real *r = self;

	return write_to(r, &r->port, buf, len, err);
}

const struct bp_console_ops bp_real_port_ops = {
	.name = "real", .help = "a bench board's port for SMP", .poll = port_poll, .read = port_read, .write = port_write,
};

/* ---- what runs ---------------------------------------------------------------------------------- */

/* Content of all areas but the bootloader's, which is judged byte by byte: has it changed since the last look? */
static int look_at_flash(struct bp_real *r, struct bp_err *err)
{
	uint8_t held[1024], digest[32];
	crypto_hash_sha256_state s;
	int rc = 0;

	crypto_hash_sha256_init(&s);
	for (unsigned i = DUT_AREA_BOOT + 1; i < DUT_AREA_COUNT; i++) {
		const struct dut_area *area = &r->product->board.dut.area[i];

		for (uint32_t at = 0, n; at < area->size && !rc; at += n) {
			n = area->size - at < sizeof(held) ? area->size - at : (uint32_t)sizeof(held);
			rc = bp_real_read_flash(r, area->addr + at, held, n, NULL, err);
			crypto_hash_sha256_update(&s, held, n);
		}
	}
	crypto_hash_sha256_final(&s, digest);
	if (rc)
		return rc;
	r->changes += r->has_digest && memcmp(digest, r->digest, sizeof(digest));
	memcpy(r->digest, digest, sizeof(digest));
	r->has_digest = true;
	return 0;
}

/* Which artifact's bytes stand in the slot, BP_OBSERVED_UNKNOWN for none. */
static int identify(struct bp_real *r, uint32_t slot, int *artifact, struct bp_err *err)
{
	*artifact = BP_OBSERVED_UNKNOWN;
	for (unsigned i = 0; i < r->product->n_artifacts; i++) {
		const struct bp_bytes *image = &r->product->artifact[i].image[slot];
		int rc;

		if (!image->len)
			continue;
		rc = bp_real_debug_ops.matches(r, r->product->board.dut.area[DUT_AREA_SLOT_A + slot].addr, image->data, (uint32_t)image->len, err);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		*artifact = (int)i;
		return 0;
	}
	return 0;
}

static int ask_status(struct bp_real *r, struct bp_err *err)
{
	const struct bp_link *l = &r->board.link;
	struct bp_smp_reply reply;
	int rc = l->ops->status(l->self, bp_world_now(&r->board.world) + r->product->reply_budget_ns, &reply, err);

	if (rc && !bp_link_device_trouble(rc))
		return rc;
	/* Off: a cut that was armed came with the answer, and what runs is nothing. */
	if (rc || !r->on || !reply.has_status || reply.running >= BP_SLOTS)
		return 0;
	r->seen.idle = true;
	r->seen.slot = reply.running;
	return identify(r, reply.running, &r->seen.artifact, err);
}

static int ask(struct bp_real *r, struct bp_err *err)
{
	int rc;

	r->seen.artifact = BP_OBSERVED_NONE;
	r->seen.idle = r->no_image;
	r->asking = true;
	rc = bp_real_sees(r) ? ask_status(r, err) : bp_real_ask_images(r, err);
	r->asking = false;
	r->asked = !rc && r->seen.idle; /* a board that says nothing may still be at its update: it is asked again */
	return rc;
}

int bp_real_count(void *self, uint64_t *count, struct bp_err *err)
{
	struct bp_real *r = self;
	int rc = r->on && bp_real_sees(r) ? look_at_flash(r, err) : 0;

	*count = r->changes;
	return rc;
}

int bp_real_observe(void *self, struct bp_observation *out, struct bp_err *err)
{
	struct bp_real *r = self;
	int rc = 0;
	bool quiet = r->on && !r->service && bp_clock_ns() - r->heard_ns >= QUIET_NS;

	*out = (struct bp_observation){.artifact = BP_OBSERVED_NONE, .ops = r->changes, .blind = !bp_real_sees(r)};
	if (!quiet && (!r->asked || !r->on))
		return 0;
	if (!r->asked) {
		rc = ask(r, err);
		if (!rc && r->on && r->asked && bp_real_sees(r))
			rc = look_at_flash(r, err);
		if (rc || !r->on)
			return rc;
	}
	*out = r->seen;
	out->blind = !bp_real_sees(r);
	out->idle = out->idle && quiet;
	out->ops = r->changes;
	return 0;
}
