/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c - the steps of a scenario in their order; those that are no updates. */
#include "scenario/execute_parts.h"

#include <stdio.h>
#include <string.h>

#define DAMAGE_SEED UINT64_C(0xda3a9e)

/* A step that wants its update refused; this refusal is no trouble of the undisturbed update. */
static void check_refusal(struct bp_exec *x, const struct bp_step *st)
{
	struct bp_update_result *u = &x->update;
	bool refused = u->manifest_refused || u->payload_refused || u->test_refused;
	const char *want;

	if (st->refused < 0 || u->code == BP_EPOWER)
		return;
	want = x->board->product->reason[st->refused];
	if (!x->not_refused[0] && (!refused || u->reason != (uint32_t)st->refused)) {
		x->other_reason = refused;
		if (refused)
			snprintf(x->not_refused, sizeof(x->not_refused), "an update was refused for reason %u, expected %s", u->reason, want);
		else
			snprintf(x->not_refused, sizeof(x->not_refused), "an update was not refused, expected %s", want);
	}
	if (bp_link_device_trouble(u->code) || refused)
		memset(u, 0, sizeof(*u));
}

int bp_exec_surround(struct bp_exec *x, const struct bp_around *around, struct bp_err *err)
{
	if (!x->board->senses.set)
		return bp_fail(err, BP_EIO, "%s: this bench cannot change what the board senses", x->board->name);
	if (around)
		bp_exec_note(x, "the board senses: battery %u%%, mains %s, wall clock %lld", around->battery_percent, around->mains ? "yes" : "no",
			     (long long)around->wallclock_s);
	return x->board->senses.set(x->board->senses.self, around, err);
}

static int power_cycles(struct bp_exec *x, const struct bp_step *st, struct bp_err *err)
{
	bool idle = x->owed.stage == BP_STAGE_IDLE && !x->damage_done;
	uint64_t before = 0, after = 0;
	int rc = bp_exec_count_ops(x, &before, err);

	for (uint32_t i = 0; i < st->times && rc >= 0; i++) {
		rc = bp_exec_power_off(x, err);
		if (rc < 0)
			break;
		bp_obligation_cut(&x->owed, x->board->product->board.dut.trial_attempts);
		rc = bp_exec_power_on(x, err);
		if (rc >= 0)
			rc = st->after_ns ? bp_exec_run_for(x, st->after_ns, err)
			     : st->at_trial ? bp_exec_settle_or_trial(x, err) : bp_exec_settle(x, err);
		if (!st->after_ns && rc == BP_SETTLED_NOT) {
			x->never_settled = true;
			break;
		}
	}
	if (rc >= 0)
		rc = bp_exec_count_ops(x, &after, err);
	if (rc >= 0 && idle)
		x->idle_ops += after - before;
	return rc < 0 ? rc : 0;
}

static int damage(struct bp_exec *x, const struct bp_step *st, struct bp_err *err)
{
	int rc = bp_exec_power_off(x, err);

	if (!rc)
		rc = bp_exec_damage(x, &st->damage, DAMAGE_SEED, err);
	if (!rc)
		rc = bp_exec_power_on(x, err);
	if (!rc)
		rc = bp_exec_settle(x, err);
	if (rc == BP_SETTLED_NOT)
		x->never_settled = true;
	return rc < 0 ? rc : 0;
}

/* From here on the device owes the setting that it had, or the new one; once acknowledged, the new one. */
static int config_step(struct bp_exec *x, const struct bp_step *st, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct bp_smp_reply r;
	int rc = bp_exec_status(x, &r, err);

	if (rc)
		return bp_exec_trouble(x, rc, err);
	if (!r.has_interval || !l->ops->config)
		return bp_exec_trouble(x, bp_fail(err, BP_EPROTO, "the device tells of no configuration"), err);
	bp_exec_note(x, "store interval %u", st->interval);
	x->owed.config = r.interval;
	x->owed.config_next = st->interval;
	bp_exec_owe(x, (enum bp_stage)x->owed.stage, (enum bp_phase)x->owed.phase);
	rc = l->ops->config(l->self, st->interval, bp_exec_reply_deadline(x), &r, err);
	if (rc)
		return bp_exec_trouble(x, rc, err);
	x->owed.config = st->interval;
	x->owed.config_next = 0;
	bp_exec_owe(x, (enum bp_stage)x->owed.stage, (enum bp_phase)x->owed.phase);
	return 0;
}

static int hold_step(struct bp_exec *x, bool held, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct bp_smp_reply r;
	int rc;

	if (!l->ops->hold)
		return bp_fail(err, BP_ECONFIG, "%s: link '%s' cannot make the application hold a reset back", x->board->name, l->ops->name);
	memset(&x->marks, 0, sizeof(x->marks));
	bp_exec_note(x, held ? "resets are held back" : "resets are released");
	rc = l->ops->hold(l->self, held, bp_exec_reply_deadline(x), &r, err);
	if (rc)
		return bp_exec_trouble(x, rc, err);
	x->held = held;
	return held ? 0 : bp_exec_after_boot(x, err);
}

static int reset_step(struct bp_exec *x, struct bp_err *err)
{
	int rc = bp_exec_ask_reset(x, err);

	return rc ? bp_exec_trouble(x, rc, err) : bp_exec_after_boot(x, err);
}

int bp_exec_steps(struct bp_exec *x, struct bp_err *err)
{
	for (unsigned i = 0; i < x->scenario->n_steps; i++) {
		const struct bp_step *st = &x->scenario->step[i];
		int rc = 0;

		switch (st->kind) {
		case BP_STEP_UPDATE:
		case BP_STEP_UPLOAD:
			x->update_index++;
			rc = bp_exec_update(x, st, err);
			check_refusal(x, st);
			break;
		case BP_STEP_POWER_CYCLE: rc = power_cycles(x, st, err); break;
		case BP_STEP_RESET: rc = reset_step(x, err); break;
		case BP_STEP_DAMAGE: rc = damage(x, st, err); break;
		case BP_STEP_BOARD: rc = bp_exec_surround(x, &st->around, err); break;
		case BP_STEP_HOLD:
		case BP_STEP_RELEASE: rc = hold_step(x, st->kind == BP_STEP_HOLD, err); break;
		case BP_STEP_CONFIG: rc = config_step(x, st, err); break;
		}
		if (rc < 0)
			return rc;
		if (x->update.code == BP_EPOWER)
			return 1;
		if (x->update.code && !x->step_trouble[0])
			snprintf(x->step_trouble, sizeof(x->step_trouble), "%s", x->update.text);
	}
	return 0;
}
