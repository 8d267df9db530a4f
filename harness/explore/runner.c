/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/runner_parts.h"

#include "explore/cases.h"

#include <stdio.h>
#include <string.h>

#define CASE_ARENA_BYTES ((size_t)16 * 1024 * 1024)

int bp_runner_open(struct bp_arena *a, const struct bp_product *p, const char *firmware,
		   const struct bp_runner_options *opt, struct bp_runner **out, struct bp_err *err)
{
	struct bp_runner *r = bp_arena_alloc(a, sizeof(*r));
	int rc;

	if (!r)
		return bp_fail(err, BP_ENOMEM, "no memory for a runner");
	r->opt = *opt;
	r->product = p;
	rc = bp_exec_bootloader(a, p, &r->bootloader, err);
	if (rc)
		return rc;
	if (bp_flash_new(a, &p->board.flash, opt->seed, &r->start) || bp_flash_new(a, &p->board.flash, opt->seed, &r->prefix) ||
	    bp_flash_new(a, &p->board.flash, opt->seed, &r->before))
		return bp_fail(err, BP_ENOMEM, "no memory for a runner's flash");
	rc = bp_virtual_open(a, p, firmware, opt->accel, opt->seed, &r->v, err);
	if (rc)
		return rc;
	r->case_arena = bp_arena_new(CASE_ARENA_BYTES);
	rc = r->case_arena ? bp_runner_remember(r, a, err) : bp_fail(err, BP_ENOMEM, "no memory for cases");
	if (rc) {
		bp_runner_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void bp_runner_close(struct bp_runner *r)
{
	if (!r)
		return;
	bp_virtual_close(r->v);
	bp_arena_free(r->case_arena);
	bp_memo_free(r->memo);
}

void bp_runner_rewind(struct bp_runner *r)
{
	bp_vboard_watch(r->v->vboard, NULL);
	bp_vboard_rewind(r->v->vboard);
	r->v->cut_link_byte = r->v->cut_line.left = 0;
	r->v->lines = (struct bp_lines){0};
	r->v->on_line = NULL;
	bp_wire_init(&r->v->board.wire, &r->v->board.world, &r->v->board.console, NULL);
	r->v->smp.seq = 0;
	r->v->smp.repeats = 0;
}

/* Power on, and wait for the device to come to rest. 0, 1: it does not, which is its own doing; negative: trouble of the rig. */
static int come_up(struct bp_exec *x, struct bp_err *err)
{
	int rc = bp_exec_power_on(x, err);

	if (!rc)
		rc = bp_exec_settle(x, err);
	return rc < 0 ? rc : rc == BP_SETTLED_NOT || rc == BP_SETTLED_OFF;
}

/* Provision, and let the board boot once: a device that left the factory. As come_up(). */
static int factory(struct bp_runner *r, const struct bp_scenario *s, struct bp_exec *x, struct bp_trace *trace, struct bp_err *err)
{
	int rc;

	if (r->started == s)
		return 0;
	bp_flash_reset(bp_runner_flash(r));
	bp_runner_rewind(r);
	bp_exec_begin(x, &r->v->board, s);
	x->trace = trace;
	rc = bp_exec_provision(x, err);
	if (!rc)
		rc = come_up(x, err);
	if (rc)
		return rc;
	rc = bp_exec_power_off(x, err);
	if (!rc && s->renumbered)
		rc = bp_exec_renumber(x, err);
	if (rc)
		return rc;
	bp_flash_copy(r->start, bp_runner_flash(r));
	r->started = s;
	r->prefix_log = NULL;
	return 0;
}

/* Board on, settled in the start state; operations and link bytes count from here. As come_up(). */
static int begin(struct bp_runner *r, const struct bp_scenario *s, struct bp_exec *x, struct bp_trace *trace, struct bp_err *err)
{
	int rc = factory(r, s, x, NULL, err);

	if (rc > 0 && trace) /* then that is what there is to see */
		rc = factory(r, s, x, trace, err);
	if (rc)
		return rc;
	bp_flash_copy(bp_runner_flash(r), r->start);
	bp_runner_rewind(r);
	bp_runner_flash(r)->n_traps = r->start->n_traps; /* of the very first boot: nothing else would judge it */
	bp_runner_flash(r)->trap = r->start->trap;
	bp_exec_begin(x, &r->v->board, s);
	x->trace = trace;
	rc = come_up(x, err);
	bp_vboard_count_ops(r->v->vboard);
	return rc;
}

/* ---- the recorded update ---- */

struct recorder {
	struct bp_log *log;
	struct bp_virtual *v;
};

static void on_owed(void *ctx, const struct bp_obligation *o)
{
	struct recorder *rec = ctx;

	bp_log_owe(rec->log, bp_vboard_now(rec->v->vboard), o);
}

static struct recorder *recording; /* wire and executor have one context; the wire's is the executor */

static void on_send(void *ctx, uint64_t at_ns, const uint8_t *bytes, size_t len)
{
	(void)ctx, (void)bytes;
	bp_log_sent(recording->log, at_ns, len);
}

/*
 * The log stands for the board: played on a copy of the start it must give the
 * very flash that the board has now. (Damage steps write behind the log's back.)
 */
static int check_log(struct bp_runner *r, const struct bp_log *log, const struct bp_scenario *s, struct bp_err *err)
{
	struct bp_hash128 played, live;

	for (unsigned i = 0; i < s->n_steps; i++)
		if (s->step[i].kind == BP_STEP_DAMAGE)
			return 0;
	bp_flash_copy(r->prefix, log->start);
	r->prefix_log = NULL;
	bp_log_apply(log, r->prefix, 0, log->n_ops);
	played = bp_flash_hash(r->prefix);
	live = bp_flash_hash(bp_runner_flash(r));
	if (played.lo != live.lo || played.hi != live.hi)
		return bp_fail(err, BP_EINTERNAL, "%s: the flash log does not give the flash that the update left: a defect of the rig", s->name);
	return 0;
}

int bp_runner_trace(struct bp_runner *r, struct bp_arena *a, const struct bp_scenario *s, struct bp_log **out,
		    struct bp_err *err)
{
	struct recorder rec = {.v = r->v};
	struct bp_vboard_watch watch = {.op = bp_log_op};
	struct bp_flash *start;
	struct bp_exec x;
	const char *why;
	bool is_up;
	int rc = begin(r, s, &x, NULL, err);

	if (rc < 0)
		return rc;
	is_up = !rc;
	if (bp_flash_new(a, &r->product->board.flash, r->opt.seed, &start) ||
	    bp_log_new(a, &r->product->board.flash, start, &rec.log) ||
	    bp_log_keep(rec.log, r->v->vboard))
		return bp_fail(err, BP_ENOMEM, "%s: no memory for the flash log", s->name);
	bp_flash_copy(start, bp_runner_flash(r));
	rec.log->byte_ns = bp_vboard_byte_ns(r->v->vboard);
	rec.log->begin_ns = bp_vboard_now(r->v->vboard);
	x.on_owed = on_owed;
	x.ctx = &rec;
	recording = &rec;
	r->v->board.wire.on_send = on_send;
	r->v->on_line = bp_log_line;
	r->v->on_line_ctx = rec.log;
	watch.ctx = rec.log;
	bp_vboard_watch(r->v->vboard, &watch);
	on_owed(&rec, &x.owed);
	rc = is_up ? bp_exec_steps(&x, err) : 0;
	bp_vboard_watch(r->v->vboard, NULL);
	r->v->board.wire.on_send = NULL;
	r->v->on_line = NULL;
	recording = NULL;
	if (rc < 0)
		return rc;
	/* A device that writes for ever, say, is no trouble of the rig: the case without a fault judges it. */
	why = !is_up ? "the device does not come up from its start state" : rec.log->useless;
	if (!why && bp_vboard_cut_report(r->v->vboard)->fired)
		why = "a power cycle of its own steps hits a flash operation";
	if (why) {
		bp_log_give_up(rec.log, why);
		on_owed(&rec, &x.owed); /* a log owes something at each point, and be there none */
	} else if ((rc = check_log(r, rec.log, s, err)) != 0) {
		return rc;
	}
	rec.log->end_ns = bp_vboard_now(r->v->vboard);
	rec.log->n_traps = bp_runner_flash(r)->n_traps;
	*out = rec.log;
	return 0;
}

/* ---- judging, from the start ---- */

/* Was the armed cut met where the plan says? */
static bool fired(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judgement *out)
{
	const struct bp_cut_report *report = bp_vboard_cut_report(r->v->vboard);

	if (bp_fault_is_link(c->cut.fault)) {
		if (!r->v->board.wire.fault.fired)
			bp_case_not_exercised(out, "the fault never fired: the update ended before message %u", c->cut.n);
		return r->v->board.wire.fault.fired;
	}
	if (!report->fired) {
		bp_case_not_exercised(out, "the fault never fired: the update ended before its cut point");
		return false;
	}
	if (c->cut.event == BP_EVENT_FLASH) {
		const struct bp_log_op *op = &bp_plan_log(p, c)->op[c->cut.n - 1];

		if (!report->in_op || report->op.ordinal != c->cut.n || report->op.addr != op->addr ||
		    report->op.kind != (enum bp_op_kind)op->kind || report->position != c->cut.position ||
		    report->fault != c->cut.fault) {
			bp_case_not_exercised(out, "the cut hit operation %llu at 0x%x instead of %u at 0x%x",
				      (unsigned long long)report->op.ordinal, report->op.addr, c->cut.n, op->addr);
			return false;
		}
	}
	return true;
}

static void arm(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c)
{
	if (r->opt.disarm || c->kind != BP_CASE_CUT)
		return;
	switch (c->cut.event) {
	case BP_EVENT_FLASH:
		bp_vboard_arm_op(r->v->vboard, c->cut.n, c->cut.position, c->cut.torn);
		bp_vboard_arm_fault(r->v->vboard, c->cut.fault, c->cut.fault_arg * UINT64_C(1000000));
		break;
	case BP_EVENT_LINK_BYTE:
		r->v->cut_link_byte = c->cut.n;
		break;
	case BP_EVENT_LINK_FRAME:
		if (bp_fault_is_link(c->cut.fault)) {
			r->v->board.wire.fault.kind = (enum bp_wire_fault_kind)(BP_WIRE_DROP + c->cut.fault - BP_FAULT_DROP);
			r->v->board.wire.fault.frame = c->cut.n;
			break;
		}
		r->v->cut_link_byte = bp_log_frame_end(p->log, c->cut.n);
		break;
	case BP_EVENT_LINE:
		r->v->cut_line = (struct bp_line_wait){c->cut.line, c->cut.n, c->cut.after_ns};
		break;
	case BP_EVENT_TIME:
		bp_vboard_arm_time(r->v->vboard, p->log->begin_ns + c->cut.after_ns);
		break;
	}
}

/* The cuts behind the first, each in the recovery from the one before. 1: all have fired; 0: *out says why not. */
static int cut_recoveries(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judge *j,
			  struct bp_judgement *out, struct bp_err *err)
{
	int rc;

	if (!c->parent)
		return 1;
	rc = cut_recoveries(r, p, &p->cases[c->parent], j, out, err);
	if (rc <= 0)
		return rc;
	bp_vboard_count_ops(r->v->vboard);
	arm(r, p, c);
	j->cut_armed = true;
	j->action = p->cases[c->parent].cut.action;
	rc = bp_judge_recovery(j, false, out, err);
	j->cut_armed = false;
	if (rc < 0 || !fired(r, p, c, out))
		return rc < 0 ? rc : 0;
	bp_vboard_disarm(r->v->vboard);
	bp_obligation_cut(&j->exec->owed, r->product->board.dut.trial_attempts);
	return 1;
}

static const struct bp_case *first_cut(const struct bp_plan *p, const struct bp_case *c)
{
	while (c->parent)
		c = &p->cases[c->parent];
	return c;
}

static int steps_and_judge(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_exec *x,
			   struct bp_judge *j, struct bp_flash *state_before, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_case *first = first_cut(p, c);
	bool off;
	int rc;

	arm(r, p, first);
	if (c->kind == BP_CASE_CUT && bp_fault_is_link(c->cut.fault))
		bp_exec_patient(x, true);
	x->live = c->kind == BP_CASE_CUT && bp_fault_is_live(c->cut.fault) ? c->cut.fault : BP_FAULT_POWER_CUT;
	x->bounces = c->kind == BP_CASE_CUT ? c->state.bounces : 0;
	rc = bp_exec_steps(x, err);
	if (rc < 0)
		return rc;
	off = !bp_vboard_is_on(r->v->vboard);
	if (c->kind == BP_CASE_CUT && !fired(r, p, first, out))
		return 0;
	bp_vboard_disarm(r->v->vboard);
	bp_exec_patient(x, false);
	r->v->board.wire.fault.kind = BP_WIRE_FAULT_NONE;
	if (off)
		bp_obligation_cut(&x->owed, r->product->board.dut.trial_attempts);
	rc = off ? cut_recoveries(r, p, c, j, out, err) : 1;
	if (rc <= 0)
		return rc;
	if (state_before)
		bp_flash_copy(state_before, bp_runner_flash(r));
	if (!off && !x->live && bp_judge_steps(j, out))
		return 0;
	if (!off && c->kind == BP_CASE_NO_FAULT && !bp_case_scripted_fault_happened(x, out))
		return 0;
	r->owed_at_fault = bp_obligation_key(&x->owed);
	j->action = c->cut.action;
	return bp_judge_recovery(j, !off, out, err);
}

int bp_runner_whole(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_trace *trace,
		    struct bp_flash *state_before, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_scenario *s = p->scenario;
	struct bp_exec x;
	struct bp_judge j;
	int rc = begin(r, s, &x, trace, err);

	if (rc < 0)
		return rc;
	bp_arena_reset(r->case_arena);
	j = bp_case_judge(&x, &r->bootloader, r->opt.follow_up, r->opt.without);
	if (rc)
		return bp_judge_start(&j, out, err);
	r->prefix_log = NULL;
	r->v->board.wire.sent = 0;
	rc = bp_case_prepare(&x, &j, c, r->opt.disarm, r->case_arena, out, err);
	if (rc <= 0)
		return rc;
	if (c->kind == BP_CASE_DAMAGE) {
		bp_vboard_count_ops(r->v->vboard);
		return bp_judge_recovery(&j, false, out, err);
	}
	return steps_and_judge(r, p, c, &x, &j, state_before, out, err);
}

static bool same_end(const struct bp_judgement *a, const struct bp_judgement *b)
{
	return a->verdict == b->verdict && a->invariant == b->invariant && a->running == b->running && a->reason == b->reason;
}

static const char *broken_by(const struct bp_judgement *j)
{
	return j->invariant >= 0 ? bp_invariants[j->invariant].name : "nothing broken";
}

int bp_runner_check(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c,
		    const struct bp_judgement *judged, char *text, size_t cap, struct bp_err *err)
{
	struct bp_obligation owed = bp_obligation_key(&bp_plan_log(p, c)->owed[c->state.owed].owed);
	struct bp_hash128 planned = p->run[c->run].flash, got;
	struct bp_judgement whole;
	int rc = bp_runner_whole(r, p, c, NULL, r->before, &whole, err);

	if (rc)
		return rc;
	if (whole.verdict == BP_NOT_EXERCISED) {
		snprintf(text, cap, "run from the start, %.100s", whole.text);
		return 0;
	}
	got = bp_flash_hash(r->before);
	bp_obligation_cut(&owed, r->product->board.dut.trial_attempts); /* both ways count the cut */
	if (got.lo != planned.lo || got.hi != planned.hi)
		snprintf(text, cap, "the cut leaves another flash than the log says");
	else if (memcmp(&owed, &r->owed_at_fault, sizeof(owed)))
		snprintf(text, cap, "the device owes other things at the cut (stage '%s') than the log says ('%s')",
			 bp_stage_names[r->owed_at_fault.stage], bp_stage_names[owed.stage]);
	/* A breach before the cut fails it there; the case without a fault fails for it, too. */
	else if (!(whole.verdict == BP_FAIL && p->log->n_traps) && !same_end(&whole, judged))
		snprintf(text, cap, "run from the start it comes to '%s' (%s), from the log to '%s' (%s)", bp_verdict_name(whole.verdict),
			 broken_by(&whole), bp_verdict_name(judged->verdict), broken_by(judged));
	else
		return 1;
	return 0;
}

int bp_runner_case(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judgement *out,
		   struct bp_err *err)
{
	if (c->kind == BP_CASE_CUT && !bp_fault_runs_on(c->cut.fault))
		return bp_runner_state(r, p, c, out, err);
	if (c->kind == BP_CASE_EMPTY) {
		bp_case_empty(out, p->log, c);
		return 0;
	}
	return bp_runner_whole(r, p, c, NULL, NULL, out, err);
}
