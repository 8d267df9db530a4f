/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/rig.h"

#include "base/clock.h"
#include "base/text.h"
#include "explore/cases.h"

#include <stdio.h>
#include <string.h>

#define LATE_NS (10 * BP_NS_PER_MS) /* as much as a mechanical relay strays */
#define CASE_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* ---- the board --------------------------------------------------------------------------- */

static const struct dut_area *area_of(const struct bp_rig *g, unsigned i)
{
	return &g->real->product->board.dut.area[i];
}

/* The bootloader is the board's own: what stands there now must stand there for ever. */
static int read_bootloader(struct bp_arena *a, struct bp_rig *g, struct bp_err *err)
{
	const struct dut_area *boot = area_of(g, DUT_AREA_BOOT);

	if (!bp_real_sees(g->real))
		return 0;
	g->bootloader = (struct bp_bytes){.data = bp_arena_alloc(a, boot->size), .len = boot->size};
	if (!g->bootloader.data)
		return bp_fail(err, BP_ENOMEM, "no memory for the bootloader's bytes");
	return g->real->board.debug.ops->read(g->real, boot->addr, (uint8_t *)g->bootloader.data, boot->size, err);
}

int bp_rig_open(struct bp_arena *a, const struct bp_bench_board *b, struct bp_runner *r, struct bp_rig **out, struct bp_err *err)
{
	uint32_t size = r->product->board.flash.size_bytes;
	struct bp_rig *g = bp_arena_alloc(a, sizeof(*g));
	int rc;

	if (!g)
		return bp_fail(err, BP_ENOMEM, "no memory for board %s", b->name);
	g->twin = r;
	g->board_arena = a;
	g->seen = bp_arena_alloc(a, size);
	g->unreadable = bp_arena_alloc(a, size);
	g->force = bp_arena_alloc(a, bp_flash_page_count(&r->product->board.flash));
	if (!g->seen || !g->unreadable || !g->force)
		return bp_fail(err, BP_ENOMEM, "no memory for board %s", b->name);
	rc = bp_real_open(a, b, r->product, &g->real, err);
	if (rc)
		return rc;
	rc = read_bootloader(a, g, err);
	if (!rc) {
		g->arena = bp_arena_new(CASE_ARENA_BYTES);
		rc = g->arena ? 0 : bp_fail(err, BP_ENOMEM, "no memory for cases");
	}
	if (rc) {
		bp_real_close(g->real);
		return rc;
	}
	bp_realtime_ask(&g->asked);
	bp_realtime_rush(&g->asked, false);
	*out = g;
	return 0;
}

void bp_rig_close(struct bp_rig *g)
{
	if (!g)
		return;
	bp_realtime_drop(&g->asked);
	bp_real_close(g->real);
	bp_arena_free(g->arena);
}

/* ---- start ------------------------------------------------------------------------------- */

static int provision(struct bp_rig *g, struct bp_err *err)
{
	const struct bp_geometry *geo = &g->real->product->board.flash;
	int rc = 0;

	if (!bp_real_sees(g->real))
		return bp_real_provision(g->real, g->twin->start->bytes, err);
	for (unsigned i = DUT_AREA_BOOT + 1; i < DUT_AREA_COUNT && !rc; i++) {
		const struct dut_area *area = area_of(g, i);

		if (area->size)
			rc = bp_real_load(g->real, area->addr, g->twin->start->bytes + area->addr, area->size,
					  g->force + bp_flash_page_at(geo, area->addr).number, err);
	}
	if (!rc)
		memset(g->force, 0, bp_flash_page_count(geo));
	return rc;
}

int bp_rig_look(struct bp_rig *g, struct bp_err *err)
{
	uint32_t size = g->real->product->board.flash.size_bytes;
	int rc = g->real->on && bp_real_sees(g->real) ? 0 : g->real->board.debug.ops->read(g->real, 0, g->seen, 4, err); /* puts it into service */

	memset(g->seen, g->real->product->board.flash.erased, size);
	memset(g->unreadable, 0, size);
	for (unsigned i = 0; i < DUT_AREA_COUNT && !rc; i++) {
		const struct dut_area *area = area_of(g, i);

		if (area->size)
			rc = bp_real_read_flash(g->real, area->addr, g->seen + area->addr, area->size, g->unreadable + area->addr, err);
	}
	return rc;
}

/* What no log tells of is not to count: the bootloader's own bytes, and what no area holds. */
static void only_areas(struct bp_rig *g, const struct bp_flash *start)
{
	uint32_t from = area_of(g, DUT_AREA_BOOT)->addr, end = from + area_of(g, DUT_AREA_BOOT)->size;

	for (uint32_t i = 0; i < start->geo.size_bytes; i++) {
		bool counts = false;

		for (unsigned k = DUT_AREA_BOOT + 1; k < DUT_AREA_COUNT && !counts; k++)
			counts = i >= area_of(g, k)->addr && i - area_of(g, k)->addr < area_of(g, k)->size;
		if (counts && !(i >= from && i < end))
			continue;
		g->seen[i] = start->bytes[i];
		g->unreadable[i] = 0;
	}
}

/* The same without a probe, as far as the board's word goes. */
static int same_image(struct bp_rig *g, const struct bp_exec *x, struct bp_err *err)
{
	const struct bp_product *p = g->real->product;
	struct bp_observation o;
	int rc = g->real->board.debug.ops->observe(g->real, &o, err), twin = x->owed.good < 0 ? -1 : (int)(uint8_t)x->owed.good;

	memcpy(g->seen, g->twin->start->bytes, p->board.flash.size_bytes); /* as it was written: nobody reads it back */
	if (rc || twin < 0 || o.artifact == twin)
		return rc;
	return bp_fail(err, BP_EIO, "board %s: before the update it runs %s, not '%s' of product %s: did its provision command do its work?",
		       g->real->bench->name, o.artifact >= 0 ? p->artifact[o.artifact].name : "no image that is known",
		       p->artifact[twin].name, p->name);
}

/* The board must stand where its twin stood: else another firmware is on it, and nothing that follows means anything. */
static int same_start(struct bp_rig *g, const struct bp_exec *x, const struct bp_log *log, struct bp_err *err)
{
	int rc;

	if (!bp_real_sees(g->real))
		return same_image(g, x, err);
	rc = bp_rig_look(g, err);
	if (rc)
		return rc;
	only_areas(g, log->start);
	for (uint32_t i = 0; i < log->start->geo.size_bytes; i++)
		if (g->seen[i] != log->start->bytes[i] || g->unreadable[i])
			return bp_fail(err, BP_EIO, "board %s: before the update its flash is not what the virtual board's is, first at 0x%x: is the "
				       "firmware on it the one that --firmware names?", g->real->bench->name, i);
	return 0;
}

static int begin(struct bp_rig *g, const struct bp_plan *p, struct bp_exec *x, struct bp_trace *trace, struct bp_err *err)
{
	int rc;

	bp_real_rewind(g->real);
	bp_exec_begin(x, &g->real->board, p->scenario);
	x->trace = trace;
	if (trace) {
		trace->n = 0;
		trace->console.len = 0;
	}
	rc = provision(g, err);
	if (!rc && g->detached)
		rc = bp_real_unplug(g->real, err);
	if (!rc)
		rc = bp_exec_power_on(x, err);
	if (!rc)
		rc = bp_exec_settle(x, err);
	if (rc == BP_SETTLED_NOT || rc == BP_SETTLED_OFF)
		return bp_fail(err, BP_EIO, "board %s: the device does not settle in its start state", g->real->bench->name);
	return rc ? rc : same_start(g, x, p->log, err);
}

/* ---- after the cut ------------------------------------------------------------------------- */

/* Power is back, the core has not run yet: what did the cut leave? */
static int powered(void *ctx, bool caught, struct bp_err *err)
{
	struct bp_rig *g = ctx;
	int rc = bp_aim_disarm(&g->aim, err);

	g->caught = caught;
	if (!caught || rc)
		return rc;
	rc = bp_rig_look(g, err);
	if (rc)
		return rc;
	only_areas(g, g->plan->log->start);
	g->looked = true;
	return bp_classify(g->arena, g->plan->log, g->seen, g->unreadable, &g->fit, err);
}

/* Pages that the operation under way touched hold cells that nobody knows; unclassified, it may have been any. */
static void suspect(struct bp_rig *g)
{
	const struct bp_log *log = g->plan->log;
	uint32_t first = g->looked ? g->fit.first : 0, last = g->looked ? g->fit.last : log->n_ops;

	for (uint32_t k = first; (!g->looked || g->fit.fits) && k <= last && k < log->n_ops; k++)
		g->force[bp_log_page(log, k).number] = 1;
}

static bool is_torn(const struct bp_case *c)
{
	return c->cut.event == BP_EVENT_FLASH && c->cut.position == BP_CUT_TORN;
}

/*
 * Was it the cut that the token names? What is not aimed at an operation is the host's own count:
 * any state of the update will do. A torn erase may read blank, and be weak: the
 * core had halted at that very call and was let go, the erase has begun, and the
 * operation after it, which follows within microseconds, has not.
 */
static bool right_place(const struct bp_rig *g, const struct bp_case *c)
{
	struct bp_state blank = {.prefix = c->cut.n}, before = {.prefix = c->cut.n - 1};

	if (c->cut.event != BP_EVENT_FLASH)
		return !g->looked || g->fit.fits > 0;
	return bp_fit_has(&g->fit, &c->state) || (is_torn(c) && bp_fit_has(&g->fit, &blank) && !bp_fit_has(&g->fit, &before));
}

/* A torn erase that came too early or too late: the next try is shifted by a quarter of an erase. */
static void correct(struct bp_rig *g, const struct bp_case *c)
{
	int64_t step;

	if (!is_torn(c) || right_place(g, c) || !g->fit.fits)
		return;
	step = (int64_t)(bp_log_page(g->plan->log, c->cut.n - 1).erase_ns / 4);
	g->aim.shift_ns += g->fit.first < c->cut.n ? step : -step;
}

/* The host's own lateness with a cut that it timed or heard coming: what was hit is not what was named then. */
static uint64_t late_ns(const struct bp_rig *g, const struct bp_case *c)
{
	const struct bp_real *r = g->real;
	bool timed = c->cut.event == BP_EVENT_LINE || c->cut.event == BP_EVENT_TIME;

	return timed && r->cut_issued_ns > r->cut_wanted_ns + LATE_NS ? r->cut_issued_ns - r->cut_wanted_ns : 0;
}

/* Why nobody could look at the flash. */
static const char *unseen(const struct bp_rig *g)
{
	if (g->detached)
		return "the probe is detached";
	return bp_real_sees(g->real) ? "the core cannot be caught at power-on" : "there is no debug port";
}

static void report_shot(struct bp_rig *g, const struct bp_case *c, struct bp_shot *s)
{
	const struct bp_real *r = g->real;
	bool fired = g->aim.fired || r->cut_fired;
	uint64_t late = fired ? late_ns(g, c) : 0;
	char by[32];

	snprintf(s->method, sizeof(s->method), "%s", g->aim.method);
	if (fired) {
		s->wanted_ns = r->cut_wanted_ns > r->epoch_ns ? r->cut_wanted_ns - r->epoch_ns : 0;
		s->issued_ns = r->cut_issued_ns - r->epoch_ns;
	}
	if (g->aim.lost)
		snprintf(s->seen, sizeof(s->seen), "%s", g->aim.text);
	else if (!fired)
		snprintf(s->seen, sizeof(s->seen), "the fault never fired: the update ended before its cut point");
	else if (r->unproven)
		snprintf(s->seen, sizeof(s->seen), "%s", r->unproven_text);
	else if (late)
		snprintf(s->seen, sizeof(s->seen), "the host was late by %s", bp_show_duration(by, sizeof(by), late));
	else if (!g->looked)
		snprintf(s->seen, sizeof(s->seen), "unclassified: %s", unseen(g));
	else
		bp_fit_show(&g->fit, s->seen, sizeof(s->seen));
	/* Unclassified, a cut that the host counted itself has hit what it names; one at an operation earns nothing. */
	s->hit = fired && !late && !g->aim.lost && !r->unproven && (g->looked || c->cut.event != BP_EVENT_FLASH) && right_place(g, c);
}

/* ---- cases -------------------------------------------------------------------------------------- */

/* The steps, the cut if there is one, and power again. 1: to be judged; 0: not exercised, *out says why. */
static int exercise(struct bp_rig *g, const struct bp_case *c, struct bp_exec *x, struct bp_judge *j, struct bp_shot *shot,
		    struct bp_judgement *out, struct bp_err *err)
{
	int rc = 0;

	g->looked = g->caught = false;
	g->fit = (struct bp_fit){0};
	if (c->kind == BP_CASE_CUT && g->twin->opt.disarm)
		g->aim = (struct bp_aim){.real = g->real};
	else if (c->kind == BP_CASE_CUT)
		rc = bp_aim_arm(&g->aim, g->real, g->plan->log, &c->cut, err);
	bp_realtime_rush(&g->asked, c->kind == BP_CASE_CUT);
	if (!rc)
		rc = bp_exec_steps(x, err);
	bp_realtime_rush(&g->asked, false);
	if (rc < 0)
		return rc;
	if (c->kind != BP_CASE_CUT)
		return bp_judge_steps(j, out) ? 0 : c->kind != BP_CASE_NO_FAULT || bp_case_scripted_fault_happened(x, out);
	if (g->real->on) { /* nothing was cut */
		rc = bp_aim_disarm(&g->aim, err);
	} else {
		bp_obligation_cut(&x->owed, x->board->product->board.dut.trial_attempts);
		bp_exec_note(x, "power cut: %s", g->aim.method);
		shot->heard_ns = g->real->heard_ns - g->real->epoch_ns;
		g->real->powered = powered;
		g->real->powered_ctx = g;
		rc = bp_exec_power_on(x, err);
		g->real->powered = NULL;
	}
	if (rc < 0)
		return rc;
	report_shot(g, c, shot);
	suspect(g);
	correct(g, c);
	bp_exec_note(x, "the cut left %s", shot->seen);
	if (!shot->hit)
		bp_case_not_exercised(out, "%s", shot->seen);
	return shot->hit;
}

static int once(struct bp_rig *g, const struct bp_case *c, struct bp_trace *trace, struct bp_shot *shot, struct bp_judgement *out,
		struct bp_err *err)
{
	struct bp_exec x;
	struct bp_judge j;
	int rc = begin(g, g->plan, &x, trace, err);

	if (rc)
		return rc;
	j = bp_case_judge(&x, &g->bootloader, g->twin->opt.follow_up, g->twin->opt.without);
	g->real->link_sent = 0;
	rc = bp_case_prepare(&x, &j, c, g->twin->opt.disarm, g->arena, out, err);
	if (rc <= 0)
		return rc;
	if (c->kind == BP_CASE_DAMAGE)
		rc = bp_judge_recovery(&j, false, out, err);
	else if ((rc = exercise(g, c, &x, &j, shot, out, err)) > 0) {
		j.action = c->cut.action;
		rc = bp_judge_recovery(&j, g->real->on, out, err);
	}
	/* What was judged after a power cycle that was none is worth nothing, a pass as little as a fail. */
	if (rc >= 0 && g->real->unproven && out->verdict != BP_NOT_EXERCISED)
		bp_case_not_exercised(out, "%s", g->real->unproven_text);
	return rc < 0 ? rc : 0;
}

/* Steps that this board cannot take. NULL: none. */
static const char *out_of_reach(const struct bp_rig *g, const struct bp_case *c, bool detached)
{
	bool damage = c->kind == BP_CASE_DAMAGE;

	for (unsigned i = 0; i < g->plan->scenario->n_steps; i++) {
		if (g->plan->scenario->step[i].kind == BP_STEP_BOARD && !g->real->board.senses.set)
			return "the bench cannot change what the board senses: battery, mains, clock";
		if (g->plan->scenario->step[i].kind == BP_STEP_UPLOAD && g->real->board.link.ops->deliver)
			return "its link carries an update whole or not at all";
		damage = damage || g->plan->scenario->step[i].kind == BP_STEP_DAMAGE;
	}
	return damage && (detached || !bp_real_sees(g->real)) ? "damage at rest is written through a debug port, which the board has not" : NULL;
}

/* The probe comes back, whatever the case came to. */
static int attach_again(struct bp_rig *g, struct bp_err *err)
{
	int rc = g->detached && !bp_real_sees(g->real) ? bp_real_plug(g->board_arena, g->real, err) : 0;

	g->detached = false;
	return rc;
}

/* Times that a port vanished, of this board's ports together. */
static unsigned losses(const struct bp_rig *g)
{
	const struct bp_console *ports[] = {&g->real->console, &g->real->port};
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++)
		if (ports[i]->ops && ports[i]->ops->losses)
			n += ports[i]->ops->losses(ports[i]->self);
	return n;
}

int bp_rig_case(struct bp_rig *g, const struct bp_plan *p, const struct bp_case *c, bool detached, struct bp_trace *trace,
		struct bp_rig_report *report, struct bp_judgement *out, struct bp_err *err)
{
	bool cut = c->kind == BP_CASE_CUT;
	unsigned before = losses(g);
	int rc = 0, back;

	*report = (struct bp_rig_report){.detached = detached, .fifo = g->asked.fifo, .locked = g->asked.locked,
					 .cpu_latency = g->asked.cpu_latency};
	g->plan = p;
	g->detached = false;
	g->aim.shift_ns = 0;
	if (out_of_reach(g, c, detached)) {
		*out = (struct bp_judgement){.verdict = BP_SKIP, .invariant = -1, .running = BP_OBSERVED_NONE, .reason = -1};
		snprintf(out->text, sizeof(out->text), "%s", out_of_reach(g, c, detached));
		return 0;
	}
	if (c->kind == BP_CASE_EMPTY) {
		bp_case_empty(out, p->log, c);
		return 0;
	}
	g->detached = detached;
	do {
		bp_arena_reset(g->arena);
		rc = g->detached && !bp_real_sees(g->real) ? bp_real_plug(g->board_arena, g->real, err) : 0;
		if (rc)
			break;
		rc = once(g, c, trace, &report->shot[report->tries], out, err);
		report->tries++;
	} while (!rc && cut && !report->shot[report->tries - 1].hit && !g->real->unproven && report->tries < BP_RIG_TRIES);
	/* Bytes are lost with it: a device that was not heard has not failed, nor has it passed. */
	if (losses(g) != before)
		rc = bp_fail(err, BP_EIO, "board %s: a serial port of it went away during this case, which then tells nothing of the device: "
			     "check cable, plug and USB hub", g->real->bench->name);
	if (rc)
		g->real->board.power.ops->off(g->real, NULL);
	back = attach_again(g, rc ? NULL : err);
	return rc ? rc : back;
}
