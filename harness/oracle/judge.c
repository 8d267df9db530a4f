/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/judge.h"

#include "oracle/checks.h"

#include <stdio.h>
#include <string.h>

#define ABANDON_PERCENT 25 /* of an image of some pages: one of them */

static const struct bp_judgement nothing_broken = {.verdict = BP_PASS, .invariant = -1, .running = BP_OBSERVED_NONE, .reason = -1};

static int settle(struct bp_judge *j, struct bp_facts *f, struct bp_err *err)
{
	int settled = bp_exec_settle(j->exec, err);

	if (settled < 0)
		return settled;
	if (settled == BP_SETTLED_OFF && j->cut_armed)
		return BP_JUDGE_CUT;
	if (settled == BP_SETTLED_OFF)
		return bp_fail(err, BP_EIO, "%s: the board lost power %s, which nobody asked for", j->exec->board->name, f->when);
	f->settled = settled == BP_SETTLED;
	return 0;
}

/* Gather and ask. 1: *out is a fail; 0; negative: the rig's trouble. */
static int look(struct bp_judge *j, struct bp_facts *f, struct bp_judgement *out, struct bp_err *err)
{
	int rc = bp_facts_gather(j, f, err);

	return rc < 0 ? rc : bp_checks(j, f, out);
}

/*
 * Power comes and goes some times more before it stays: primes of milliseconds, so
 * that the bootloader is met at work and at rest.
 */
static int bounce(struct bp_exec *x, struct bp_err *err)
{
	static const uint64_t on_ms[BP_MAX_BOUNCES] = {3, 11, 29, 71, 173, 337, 701, 1409};
	int rc = 0;

	for (uint32_t i = 0; i < x->bounces && !rc; i++) {
		rc = bp_exec_power_on(x, err);
		if (!rc)
			rc = bp_exec_run_for(x, on_ms[i] * UINT64_C(1000000), err);
		if (!rc)
			rc = bp_exec_power_off(x, err);
		if (x->owed.stage == BP_STAGE_TEST_ACKED)
			x->owed.power_cycles++;
	}
	return rc;
}

/*
 * The core lived through the fault. What it did then ends with a power cycle:
 * from there on it must do as any other.
 */
static int lived_through(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_facts f = {.at = BP_AT_LIVE, .when = "after the fault"};
	int rc = settle(j, &f, err);

	if (!rc)
		rc = look(j, &f, out, err);
	if (!rc)
		rc = bp_exec_power_off(j->exec, err);
	if (!rc && j->exec->owed.stage == BP_STAGE_TEST_ACKED)
		j->exec->owed.power_cycles++;
	return rc ? rc : bp_exec_power_on(j->exec, err);
}

/* Whoever records the recovery has it all. */
static void over(const struct bp_judge *j)
{
	if (j->settled)
		j->settled(j->ctx);
}

/* The device at rest after the fault. */
static int recovered(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_facts f = {.at = BP_AT_RECOVERY, .when = "after power returned"};
	int rc = settle(j, &f, err);

	if (!rc && !j->action)
		over(j);
	if (!rc)
		rc = look(j, &f, out, err);
	if (rc < 0 || !f.settled)
		return rc;
	out->running = f.o.artifact;
	if (f.has_status && f.status.has_reason)
		out->reason = (int)f.status.reason;
	if (!rc && f.has_status && f.status.counter > j->exec->owed.counter_floor)
		j->exec->owed.counter_floor = f.status.counter;
	return rc;
}

/* Ordinary power cycles: the same image runs, and nothing is written. */
static int further_boots(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_board *b = j->exec->board;
	struct bp_facts f = {.at = BP_AT_BOOT, .when = "in a further boot"};
	int rc = b->debug.ops->observe(b->debug.self, &f.before, err);

	for (int i = 0; i < BP_FURTHER_BOOTS && !rc; i++) {
		rc = bp_exec_power_off(j->exec, err);
		if (!rc && !i && j->off)
			rc = j->off(j->ctx, out);
		if (!rc)
			rc = bp_exec_power_on(j->exec, err);
		if (!rc)
			rc = settle(j, &f, err);
		if (!rc)
			rc = look(j, &f, out, err);
	}
	return rc;
}

/* ---- updates ------------------------------------------------------------------------- */

/* From here on the device owes this update; what the case itself came to stays in *out. */
static int begin(struct bp_exec *x, int artifact, const struct bp_judgement *out, struct bp_err *err)
{
	x->owed.good = (int8_t)out->running;
	x->owed.end_running = 1u << artifact;
	if (out->reason >= 0 && out->reason < 64) /* how the one before ended is told until this one has an end */
		x->owed.start_reasons |= UINT64_C(1) << out->reason;
	x->owed.stage = BP_STAGE_IDLE;
	x->owed.damaged = 0;
	x->owed.power_cycles = 0;
	x->unhealthy_confirmed = x->broken_promise = false;
	x->edit = NULL; /* the damaged release is over */
	return x->board->senses.set ? bp_exec_surround(x, NULL, err) : 0; /* what a scenario's step made of them is over */
}

/* 0, negative, or BP_JUDGE_CUT. */
static int update(struct bp_judge *j, const struct bp_step *step, const struct bp_judgement *out, struct bp_err *err)
{
	int rc = begin(j->exec, step->artifact, out, err);

	if (!rc)
		rc = bp_exec_update(j->exec, step, err);
	return !rc && j->cut_armed && j->exec->update.code == BP_EPOWER ? BP_JUDGE_CUT : rc;
}

/* A good update must go through from here. */
static int good_update(struct bp_judge *j, int artifact, enum bp_at at, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_step step = {.kind = BP_STEP_UPDATE, .artifact = artifact, .wait = true, .until_percent = 100, .refused = -1};
	struct bp_facts f = {
		.at = at, .when = "in a good update", .artifact = artifact, .resent_from = j->exec->owed.acked_off,
	};
	int rc = update(j, &step, out, err);

	f.settled = j->exec->owed.stage == BP_STAGE_CONFIRMED;
	if (!rc && j->action)
		over(j);
	return rc ? rc : look(j, &f, out, err);
}

/* ---- what the host does --------------------------------------------------------------- */

/* A release beside this one that the device may still be given: not older than what it holds. -1: there is none. */
static int another(const struct bp_judge *j, int artifact)
{
	const struct bp_artifact *a = j->exec->board->product->artifact;
	int other = artifact == j->followup ? j->resume : j->followup;

	return other >= 0 && other != artifact && a[other].security_counter >= j->exec->owed.counter_floor ? other : -1;
}

/* One page of another release at most goes first: the device gives up where it stood. It must take that, too. */
static int abandon(struct bp_judge *j, int other, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_step step = {.kind = BP_STEP_UPLOAD, .artifact = other, .until_percent = ABANDON_PERCENT, .refused = -1};
	struct bp_facts f = {.at = BP_AT_FOLLOW_UP, .when = "in an update that is begun", .artifact = other};
	const struct bp_update_result *u = &j->exec->update;
	int rc = update(j, &step, out, err);

	return !rc && (u->code || u->manifest_refused || u->payload_refused) ? look(j, &f, out, err) : rc;
}

/*
 * What the host does. *acted: it did something, and out->running is what must run now;
 * not when its image runs already, or no other may be given. Returns as look(), or
 * BP_JUDGE_CUT.
 */
static int act(struct bp_judge *j, bool *acted, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_exec *x = j->exec;
	int cut = x->owed.target >= 0 ? x->owed.target : j->resume, other = another(j, cut);
	int artifact = j->action == BP_ACTION_ANOTHER ? other : cut, rc = 0;

	if (artifact < 0 || out->running == artifact || out->running < 0) {
		over(j);
		return 0;
	}
	bp_exec_note(x, "the host: %s", bp_action_names[j->action]);
	if (out->reason >= 0 && out->reason == x->board->product->given_up)
		x->owed.acked_off = 0; /* the device has tried what it was sent: the download has served its purpose */
	if (j->action == BP_ACTION_RESTART && other >= 0)
		rc = abandon(j, other, out, err);
	if (rc)
		return rc;
	if (j->action != BP_ACTION_RESUME)
		x->owed.acked_off = 0;
	rc = good_update(j, artifact, j->action == BP_ACTION_ANOTHER ? BP_AT_FOLLOW_UP : BP_AT_RETRY, out, err);
	if (!rc)
		out->running = artifact;
	*acted = true;
	return rc;
}

static int after_recovery(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_exec *x = j->exec;
	/* The same update again, unless its image runs already. */
	bool resume = x->scenario->after == BP_AFTER_RESUME && j->resume >= 0 && out->running != j->resume;
	bool acted = false;
	int rc = j->action ? act(j, &acted, out, err) : 0;

	j->action = BP_ACTION_NOTHING;
	if (!rc && !acted)
		rc = resume ? good_update(j, j->resume, BP_AT_RETRY, out, err) : further_boots(j, out, err);
	if (!rc && resume)
		out->running = j->resume;
	if (!rc && j->follow_up && j->followup >= 0 && !(acted && out->running == j->followup))
		rc = good_update(j, j->followup, BP_AT_FOLLOW_UP, out, err);
	return rc;
}

int bp_judge_recovery(struct bp_judge *j, bool on, struct bp_judgement *out, struct bp_err *err)
{
	uint64_t began = bp_world_now(&j->exec->board->world);
	int rc = 0;

	*out = nothing_broken;
	out->service_ns = j->exec->service_gap_ns;
	if (!on)
		rc = bounce(j->exec, err);
	if (!rc && !on)
		rc = bp_exec_power_on(j->exec, err);
	if (!rc && on && j->exec->live)
		rc = lived_through(j, out, err);
	if (!rc)
		rc = recovered(j, out, err);
	if (!rc)
		rc = after_recovery(j, out, err);
	out->virtual_ns = bp_world_now(&j->exec->board->world) - began;
	if (out->verdict == BP_FAIL)
		bp_exec_note(j->exec, "%s: %s", bp_invariants[out->invariant].name, out->text);
	return rc < 0 || rc == BP_JUDGE_CUT ? rc : 0;
}

int bp_judge_start(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_facts f = {.at = BP_AT_RECOVERY, .when = "in its start state"};
	int rc;

	*out = nothing_broken;
	rc = look(j, &f, out, err);
	if (!rc) { /* whoever leaves that invariant out */
		out->verdict = BP_NOT_EXERCISED;
		snprintf(out->text, sizeof(out->text), "the device does not come up from its start state");
	}
	return rc < 0 ? rc : 0;
}

bool bp_judge_steps(struct bp_judge *j, struct bp_judgement *out)
{
	struct bp_facts f = {.at = BP_AT_STEPS, .when = "in the scenario's steps"};

	*out = nothing_broken;
	return bp_checks(j, &f, out);
}
