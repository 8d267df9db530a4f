/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/execute.h"

#include "base/rng.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define QUIET_NS NS_PER_S               /* settled: so long without a flash operation */
#define OFF_NS (500 * NS_PER_MS)        /* power stays off so long: every rail is down, RAM is lost */
#define RAIL_NS (5 * NS_PER_S)          /* a rail that has not fallen by then is a stuck relay */

const char *const bp_stage_names[BP_STAGES] = {
	"idle", "offered", "downloading", "written", "trial request sent", "trial request acknowledged", "confirmed", "refused",
};

void bp_exec_note(struct bp_exec *x, const char *fmt, ...)
{
	struct bp_trace *t = x->trace;
	char line[200];
	va_list ap;

	if (!t || t->n == t->cap)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	t->moment[t->n].at_ns = bp_world_now(&x->board->world);
	t->moment[t->n].what = bp_arena_text(t->arena, line, strlen(line));
	if (t->moment[t->n].what)
		t->n++;
}

void bp_obligation_cut(struct bp_obligation *o, uint32_t attempts)
{
	if ((o->stage == BP_STAGE_TEST_SENT || o->stage == BP_STAGE_TEST_ACKED) && o->power_cycles < attempts && o->power_cycles < UINT8_MAX)
		o->power_cycles++;
}

struct bp_obligation bp_obligation_key(const struct bp_obligation *o)
{
	struct bp_obligation key = *o;

	key.phase = 0;
	return key;
}

/* What the device may write in this phase. */
static void allow(const struct bp_exec *x)
{
	const struct bp_debug *d = &x->board->debug;

	if (d->ops->allow)
		d->ops->allow(d->self, x->board->product->writes[x->owed.phase]);
}

void bp_exec_owe(struct bp_exec *x, enum bp_stage stage, enum bp_phase phase)
{
	if (x->owed.stage != stage)
		bp_exec_note(x, "stage: %s", bp_stage_names[stage]);
	x->owed.stage = (uint8_t)stage;
	x->owed.phase = (uint8_t)phase;
	allow(x);
	if (x->on_owed)
		x->on_owed(x->ctx, &x->owed);
}

static bool has(const char *line, size_t len, const char *mark)
{
	return mark && *mark && memmem(line, len, mark, strlen(mark));
}

static void boot_began(struct bp_exec *x)
{
	x->marks.boots++;
	x->marks.trial = x->marks.up = false;
	if (x->owed.stage >= BP_STAGE_TEST_ACKED && x->owed.stage != BP_STAGE_REFUSED)
		bp_exec_owe(x, (enum bp_stage)x->owed.stage,
			    x->owed.phase == BP_PHASE_INSTALL ? BP_PHASE_FIRST_BOOT : BP_PHASE_ROLLBACK);
}

static void reported_confirmed(struct bp_exec *x)
{
	x->marks.confirmed = true;
	x->marks.trial = false;
	if (x->owed.target < 0 || x->owed.stage < BP_STAGE_TEST_SENT || x->owed.stage == BP_STAGE_REFUSED)
		return;
	/* Damage and forced power cycles end an update that is healthy in itself. */
	if (!(x->owed.end_running & (1u << x->owed.target)) && !x->owed.damaged && !x->owed.power_cycles)
		x->unhealthy_confirmed = true;
	/* The report comes after the security counter is raised: from here on it is owed. */
	if (x->owed.counter_floor < x->board->product->artifact[x->owed.target].security_counter)
		x->owed.counter_floor = x->board->product->artifact[x->owed.target].security_counter;
	bp_exec_owe(x, BP_STAGE_CONFIRMED, (enum bp_phase)x->owed.phase);
}

static void on_text(void *ctx, uint64_t at_ns, const char *line, size_t len)
{
	struct bp_exec *x = ctx;
	const struct bp_marks *m = &x->board->product->marks;

	if (x->trace) {
		bp_text_printf(&x->trace->console, "[%5llu.%06llu] ", (unsigned long long)(at_ns / NS_PER_S),
			       (unsigned long long)(at_ns % NS_PER_S / 1000));
		bp_text_add(&x->trace->console, line, len);
		bp_text_puts(&x->trace->console, "\n");
	}
	if (has(line, len, m->boot))
		boot_began(x);
	if (has(line, len, m->trial)) {
		x->marks.trial = true;
		if (x->owed.stage == BP_STAGE_CONFIRMED)
			x->broken_promise = true;
	}
	if (has(line, len, m->up)) {
		x->marks.up = true;
		if (x->owed.phase == BP_PHASE_FIRST_BOOT)
			bp_exec_owe(x, (enum bp_stage)x->owed.stage, BP_PHASE_CONFIRM);
	}
	if (has(line, len, m->confirmed))
		reported_confirmed(x);
	x->marks.rollback = x->marks.rollback || has(line, len, m->rollback);
	x->marks.no_image = x->marks.no_image || has(line, len, m->no_image);
	x->marks.state_lost = x->marks.state_lost || has(line, len, m->state_lost);
}

static void on_note(void *ctx, const char *line)
{
	bp_exec_note(ctx, "says: %s", line);
}

void bp_exec_begin(struct bp_exec *x, struct bp_board *board, const struct bp_scenario *s)
{
	memset(x, 0, sizeof(*x));
	x->board = board;
	x->scenario = s;
	x->owed.phase = BP_PHASE_IDLE;
	x->owed.target = -1;
	x->owed.good = (int8_t)s->start[0];
	if (s->start[0] >= 0)
		x->owed.counter_floor = board->product->artifact[s->start[0]].security_counter;
	x->owed.end_running = s->end.running;
	x->owed.end_reasons = s->end.reasons;
	x->owed.start_reasons = s->start_reasons;
	for (unsigned i = 0; i < s->n_steps; i++)
		x->n_updates += s->step[i].kind == BP_STEP_UPDATE || s->step[i].kind == BP_STEP_UPLOAD;
	board->wire.on_text = on_text;
	board->wire.on_note = on_note;
	board->wire.ctx = x;
	bp_wire_clear(&board->wire);
}

int bp_exec_power_on(struct bp_exec *x, struct bp_err *err)
{
	int rc = bp_exec_run_for(x, OFF_NS, err);

	if (rc < 0)
		return rc;
	bp_wire_clear(&x->board->wire);
	memset(&x->marks, 0, sizeof(x->marks));
	x->held = false; /* the application forgot it */
	bp_exec_note(x, "power on");
	allow(x);
	return x->board->power.ops->on(x->board->power.self, err);
}

int bp_exec_power_off(struct bp_exec *x, struct bp_err *err)
{
	uint64_t until = bp_world_now(&x->board->world) + RAIL_NS;
	int rc = x->board->power.ops->off(x->board->power.self, err);

	bp_exec_note(x, "power off");
	while (rc >= 0 && rc != BP_WIRE_OFF) {
		rc = bp_wire_next(&x->board->wire, until, err);
		if (rc == BP_WIRE_TIME)
			return bp_fail(err, BP_EIO, "%s: power was switched off, but the board still runs: check the relay", x->board->name);
	}
	return rc < 0 ? rc : 0;
}

int bp_exec_run_for(struct bp_exec *x, uint64_t ns, struct bp_err *err)
{
	uint64_t until = bp_world_now(&x->board->world) + ns;
	int rc;

	do
		rc = bp_wire_next(&x->board->wire, until, err);
	while (rc >= 0 && rc != BP_WIRE_TIME && rc != BP_WIRE_OFF);
	return rc < 0 ? rc : 0;
}

static int settle(struct bp_exec *x, bool or_trial, struct bp_err *err)
{
	struct bp_board *b = x->board;
	uint64_t began = bp_world_now(&b->world), deadline = began + b->product->recovery_budget_ns;
	struct bp_observation o;
	int rc;

	for (;;) {
		uint64_t now = bp_world_now(&b->world), quiet_at, until;

		rc = b->debug.ops->observe(b->debug.self, &o, err);
		if (rc)
			return rc;
		if (or_trial && x->marks.trial)
			return BP_SETTLED;
		quiet_at = (o.last_op_ns > began ? o.last_op_ns : began) + QUIET_NS;
		if (o.idle && !x->marks.trial && now >= quiet_at && (o.artifact >= 0 || x->marks.no_image)) {
			bp_exec_note(x, "settled");
			return BP_SETTLED;
		}
		if (now >= deadline)
			return BP_SETTLED_NOT;
		until = quiet_at > now ? quiet_at : now + 100 * NS_PER_MS;
		rc = bp_wire_next(&b->wire, until < deadline ? until : deadline, err);
		if (rc < 0)
			return rc;
		if (rc == BP_WIRE_OFF)
			return BP_SETTLED_OFF;
	}
}

int bp_exec_settle(struct bp_exec *x, struct bp_err *err)
{
	return settle(x, false, err);
}

int bp_exec_settle_or_trial(struct bp_exec *x, struct bp_err *err)
{
	return settle(x, true, err);
}

int bp_exec_status(struct bp_exec *x, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_board *b = x->board;

	return b->link.ops->status(b->link.self, bp_world_now(&b->world) + b->product->reply_budget_ns, out, err);
}
