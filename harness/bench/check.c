/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/check.h"

#include "base/clock.h"
#include "bench/calibrate.h"
#include "bench/real_parts.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CYCLES 3u
#define LONG_OFF_MS 2000                 /* RAM fed through a pin or a debug port lives on; without any supply it is gone by then */
#define MARK_NS (10 * BP_NS_PER_S)
#define COMMAND_NS (5 * BP_NS_PER_S)

struct checker {
	struct bp_real *r;
	bp_check_told *told;
	void *ctx;
	unsigned failed;
	bool marked;             /* the boot mark was heard */
	bool up;
};

__attribute__((format(printf, 4, 5)))
static void tell(struct checker *c, const char *what, enum bp_check_result result, const char *fmt, ...)
{
	struct bp_check_row row = {.what = what, .result = result};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row.text, sizeof(row.text), fmt, ap);
	va_end(ap);
	c->failed += result == BP_CHECK_FAILED;
	c->told(c->ctx, &row);
}

static void on_text(void *ctx, uint64_t at_ns, const char *line, size_t len)
{
	struct checker *c = ctx;
	const struct bp_marks *m = &c->r->product->marks;

	(void)at_ns;
	c->marked = c->marked || memmem(line, len, m->boot, strlen(m->boot));
	c->up = c->up || memmem(line, len, m->up, strlen(m->up));
}

/* Listen until the flag is set. 0, BP_ETIMEOUT, or the rig's trouble. */
static int listen_for(struct checker *c, const bool *flag, uint64_t ns, struct bp_err *err)
{
	uint64_t until = bp_world_now(&c->r->board.world) + ns;
	int rc = BP_WIRE_TEXT;

	while (!*flag && rc >= 0 && rc != BP_WIRE_TIME && rc != BP_WIRE_OFF)
		rc = bp_wire_next(&c->r->board.wire, until, err);
	return *flag ? 0 : rc < 0 ? rc : BP_ETIMEOUT;
}

static int power_up(struct checker *c, struct bp_err *err)
{
	bp_wire_clear(&c->r->board.wire);
	c->marked = c->up = false;
	return c->r->board.power.ops->on(c->r, err);
}

/* ---- the checks --------------------------------------------------------------------------------- */

static void comes_back(struct checker *c)
{
	static const char what[] = "power comes on";
	struct bp_err err;

	if (power_up(c, &err)) {
		tell(c, what, BP_CHECK_FAILED, "%.230s", err.text);
		return;
	}
	if (!bp_real_sees(c->r)) {
		tell(c, what, BP_CHECK_SKIPPED, "no debug port: its console is to tell");
		return;
	}
	tell(c, what, BP_CHECK_OK, "the core answers its probe");
	if (c->r->can_catch)
		tell(c, "core is caught at power-on", BP_CHECK_OK, "halted before its first instruction");
	else
		tell(c, "core is caught at power-on", BP_CHECK_FAILED, "the debug port does not answer under reset: what a cut left cannot be "
		     "classified; is nRESET wired to the probe?");
}

/* Without a probe the application must be up before the console can have said whether power was lost. */
static int hear_cause(struct checker *c, struct bp_err *err)
{
	int rc = bp_real_sees(c->r) ? 0 : listen_for(c, &c->up, c->r->product->recovery_budget_ns, err);

	if (!bp_real_sees(c->r) && !rc)
		bp_real_cause_due(c->r);
	if (rc == BP_ETIMEOUT)
		return bp_fail(err, rc, "its console never said '%s': is there an image on it, and is the console's speed right?",
			       c->r->product->marks.up);
	return rc;
}

/* The relay, the probe and the board belong together: power that this relay takes away is missed by the RAM that this probe reads. */
static void loses_power(struct checker *c)
{
	static const char what[] = "power is lost when switched off";
	struct bp_err err = {0};
	int rc = 0;

	c->r->unproven = 0;
	for (unsigned i = 0; i < CYCLES && !rc; i++) {
		rc = bp_real_power_down(c->r, &err);
		if (!rc)
			rc = power_up(c, &err);
		if (!rc)
			rc = hear_cause(c, &err);
	}
	if (rc)
		tell(c, what, BP_CHECK_FAILED, "%.230s", err.text);
	else if (c->r->unproven)
		tell(c, what, BP_CHECK_FAILED, "%s (%u of %u times): is this the relay of the board that this probe is on? does it open? is it only "
		     "wired to reset?", c->r->unproven_text, c->r->unproven, CYCLES);
	else
		tell(c, what, BP_CHECK_OK, bp_real_sees(c->r) ? "RAM is lost and the cause of the reset is power-on, %u of %u times"
			     : "its console tells it, %u of %u times", CYCLES, CYCLES);
}

/* A serial line or a probe that feeds the board while it is off keeps RAM alive, or makes it talk. */
static void not_fed(struct checker *c)
{
	static const char what[] = "nothing feeds it while off";
	struct bp_err err = {0};
	size_t heard;
	int rc;

	if (c->r->unproven) {
		tell(c, what, BP_CHECK_SKIPPED, "it never loses its power");
		return;
	}
	rc = bp_real_power_down(c->r, &err);
	poll(NULL, 0, (int)(c->r->window_ns / BP_NS_PER_MS) + 1);
	bp_console_drop(&c->r->console);
	poll(NULL, 0, LONG_OFF_MS);
	heard = bp_console_drop(&c->r->console);
	if (!rc)
		rc = power_up(c, &err);
	if (!rc)
		rc = hear_cause(c, &err);
	if (rc)
		tell(c, what, BP_CHECK_FAILED, "%.230s", err.text);
	else if (heard || c->r->unproven)
		tell(c, what, BP_CHECK_FAILED, "%s: the board is fed through its serial or debug lines; put 1 kOhm into TX, or isolate them",
		     heard ? "its console talks while it is off" : c->r->unproven_text);
	else
		tell(c, what, BP_CHECK_OK, bp_real_sees(c->r) ? "silent for %d s, and RAM is lost" : "silent for %d s", LONG_OFF_MS / 1000);
}

static void boots(struct checker *c)
{
	struct bp_err err = {0};
	int rc = listen_for(c, &c->up, c->r->product->recovery_budget_ns, &err);

	if (rc == BP_ETIMEOUT)
		tell(c, "an image boots", BP_CHECK_FAILED, "its console never said '%s': is there an image on it, and is the console's speed right?",
		     c->r->product->marks.up);
	else if (rc)
		tell(c, "an image boots", BP_CHECK_FAILED, "%.230s", err.text);
	else
		tell(c, "an image boots", BP_CHECK_OK, "its console says '%s'", c->r->product->marks.up);
}

/* Console and probe are of one board: a reset through the one is heard on the other. */
static void one_board(struct checker *c)
{
	static const char what[] = "probe and console are of one board";
	const struct bp_debug *d = &c->r->debug;
	struct bp_err err = {0};
	int rc;

	if (!bp_real_sees(c->r)) {
		tell(c, what, BP_CHECK_SKIPPED, "there is no probe");
		return;
	}
	c->marked = false;
	bp_wire_clear(&c->r->board.wire);
	rc = d->ops->reset(d->self, false, bp_deadline_in(COMMAND_NS), &err);
	if (!rc)
		rc = listen_for(c, &c->marked, MARK_NS, &err);
	if (rc == BP_ETIMEOUT)
		tell(c, what, BP_CHECK_FAILED, "a reset through the probe brings no '%s' on the console: another board's console, or a wrong speed",
		     c->r->product->marks.boot);
	else if (rc)
		tell(c, what, BP_CHECK_FAILED, "%.230s", err.text);
	else
		tell(c, what, BP_CHECK_OK, "a reset through the probe is heard on the console");
}

static void how_fast(struct checker *c)
{
	const struct bp_calibration *known = &c->r->bench->calibration;
	struct bp_calibrated now;
	struct bp_err err = {0};
	int rc;

	if (c->r->unproven || !bp_real_sees(c->r)) {
		tell(c, "how fast it dies", BP_CHECK_SKIPPED, c->r->unproven ? "it never loses its power" : "there is no probe to see it");
		return;
	}
	rc = bp_calibrate(c->r, 2 * BP_CALIBRATE_MIN_CUTS, NULL, NULL, &now, &err);
	if (rc) /* a host that is too busy to tell says nothing against the board */
		tell(c, "how fast it dies", rc == BP_EREFUSED ? BP_CHECK_SKIPPED : BP_CHECK_FAILED, "%.230s", err.text);
	else if (known->known && (now.dead_ns > 2 * (known->dead_ns + known->jitter_ns) || 2 * (now.dead_ns + now.jitter_ns) < known->dead_ns))
		tell(c, "how fast it dies", BP_CHECK_FAILED, "%.2f ms from the command, but its calibration says %.2f ms: run `bench calibrate`",
		     (double)now.dead_ns / 1e6, (double)known->dead_ns / 1e6);
	else
		tell(c, "how fast it dies", BP_CHECK_OK, "about %.2f ms from the command%s", (double)now.dead_ns / 1e6,
		     known->known ? "" : "; `brickproof bench calibrate` measures it for torn erases");
}

unsigned bp_check_board(struct bp_arena *a, const struct bp_bench_board *b, const struct bp_product *p, bp_check_told *told, void *ctx)
{
	struct checker c = {.told = told, .ctx = ctx};
	struct bp_err err;

	if (bp_real_open(a, b, p, &c.r, &err)) {
		tell(&c, "drivers open", BP_CHECK_FAILED, "%.230s", err.text);
		return c.failed;
	}
	tell(&c, "drivers open", BP_CHECK_OK, "power %s, console %s, debug %s", b->power->name, b->console->name,
	     b->debug ? b->debug->name : "none");
	bp_real_rewind(c.r);
	c.r->board.wire.on_text = on_text;
	c.r->board.wire.ctx = &c;
	comes_back(&c);
	if (!c.failed || c.r->on) {
		loses_power(&c);
		not_fed(&c);
	}
	if (c.r->on) {
		boots(&c);
		one_board(&c);
		how_fast(&c);
	}
	bp_real_close(c.r);
	return c.failed;
}
