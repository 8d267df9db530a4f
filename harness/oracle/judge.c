/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Record a breach, once: the first one stands. Always returns true. */
__attribute__((format(printf, 3, 4)))
static bool breach(struct bp_judgement *out, enum bp_invariant which, const char *fmt, ...)
{
	va_list ap;

	out->verdict = BP_FAIL;
	out->invariant = (int)which;
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	return true;
}

static const char *artifact_name(const struct bp_judge *j, int artifact)
{
	const struct bp_product *p = j->exec->board->product;

	if (artifact >= 0 && artifact < (int)p->n_artifacts)
		return p->artifact[artifact].name;
	return artifact == BP_OBSERVED_UNKNOWN ? "unknown code" : "no image";
}

static const char *reason_name(const struct bp_judge *j, unsigned code)
{
	const struct bp_product *p = j->exec->board->product;

	return code < p->n_reasons && p->reason[code] ? p->reason[code] : "?";
}

/*
 * Images allowed to run once settled. Before the trial was asked for: what ran.
 * While the request is on its way: that or the outcome. Once acknowledged: the
 * outcome, unless power went as often as the trial has attempts.
 */
static uint32_t allowed_running(const struct bp_judge *j)
{
	const struct bp_obligation *o = &j->exec->owed;
	uint32_t good = o->good >= 0 ? 1u << o->good : 0;

	if (o->damaged)
		return o->end_running;
	switch ((enum bp_stage)o->stage) {
	case BP_STAGE_IDLE:
		return j->exec->n_updates ? good : o->end_running;
	case BP_STAGE_OFFERED:
	case BP_STAGE_DOWNLOADING:
	case BP_STAGE_WRITTEN:
		return good;
	case BP_STAGE_REFUSED:
		return o->end_running;
	case BP_STAGE_TEST_SENT:
		return good | o->end_running;
	case BP_STAGE_TEST_ACKED:
		if (o->power_cycles >= j->exec->board->product->board.dut.trial_attempts)
			return good | o->end_running;
		return o->end_running;
	default:
		return o->end_running;
	}
}

static uint64_t allowed_reasons(const struct bp_judge *j)
{
	const struct bp_obligation *o = &j->exec->owed;

	if (o->damaged || o->stage == BP_STAGE_REFUSED || o->stage >= BP_STAGE_TEST_ACKED)
		return o->end_reasons;
	return o->stage == BP_STAGE_TEST_SENT ? o->start_reasons | o->end_reasons : o->start_reasons;
}

/* Breaches that can be seen at any time. */
static int check_always(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_exec *x = j->exec;
	const struct bp_board *b = x->board;
	struct bp_observation o;
	int rc = b->debug.ops->observe(b->debug.self, &o, err);

	if (rc)
		return rc;
	if (o.unknown_runs)
		breach(out, BP_INV_NO_UNKNOWN_CODE, "the bootloader jumped to bytes that are no known artifact");
	else if (o.n_traps && o.trap_running_slot)
		breach(out, BP_INV_SLOT_OF_RUNNING_UNTOUCHED, "%s at 0x%x", o.trap, o.trap_addr);
	else if (o.n_traps && o.trap_bootloader)
		breach(out, BP_INV_BOOTLOADER_UNTOUCHED, "%s at 0x%x", o.trap, o.trap_addr);
	else if (o.n_traps)
		breach(out, BP_INV_FLASH_DISCIPLINE, "%s at 0x%x", o.trap, o.trap_addr);
	else if (x->unhealthy_confirmed)
		breach(out, BP_INV_NEVER_CONFIRMS_UNHEALTHY, "%s was reported as confirmed", artifact_name(j, x->owed.target));
	else if (x->broken_promise)
		breach(out, BP_INV_ACKNOWLEDGED_DURABLE, "reported as confirmed, yet %s was on trial again afterwards",
		       artifact_name(j, x->owed.target));
	if (out->verdict == BP_FAIL)
		return 0;
	rc = b->debug.ops->matches(b->debug.self, b->product->board.dut.area[DUT_AREA_BOOT].addr, j->bootloader->data,
				   (uint32_t)j->bootloader->len, err);
	if (rc == 0)
		breach(out, BP_INV_BOOTLOADER_UNTOUCHED, "the bootloader's bytes changed");
	return rc < 0 ? rc : 0;
}

/* The running image: allowed, whole, authentic. */
static int check_running(struct bp_judge *j, uint32_t allowed, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_board *b = j->exec->board;
	const struct bp_artifact *a;
	struct bp_observation o;
	int rc = b->debug.ops->observe(b->debug.self, &o, err);

	if (rc)
		return rc;
	out->running = o.artifact;
	if (o.artifact < 0 || !(allowed & (1u << o.artifact))) {
		breach(out, BP_INV_BOOTS_ALLOWED_IMAGE, "%s runs, which is not allowed after stage '%s'",
		       artifact_name(j, o.artifact), bp_stage_names[j->exec->owed.stage]);
		return 0;
	}
	a = &b->product->artifact[o.artifact];
	rc = b->debug.ops->matches(b->debug.self, b->product->board.dut.area[DUT_AREA_SLOT_A + o.slot].addr,
				   a->image[o.slot].data, (uint32_t)a->image[o.slot].len, err);
	if (rc == 0)
		breach(out, BP_INV_IMAGE_INTACT, "%s runs from slot %c, but its bytes are damaged or weak", a->name, 'a' + (char)o.slot);
	else if (rc > 0 && !a->released)
		breach(out, BP_INV_AUTHENTIC, "%s runs, which was never released", a->name);
	else if (rc > 0 && a->security_counter < j->exec->owed.counter_floor)
		breach(out, BP_INV_ROLLBACK_INDEX_MONOTONIC, "%s runs with security counter %u, below %u", a->name,
		       a->security_counter, j->exec->owed.counter_floor);
	return rc < 0 ? rc : 0;
}

/* What the device says of itself: counter and reason. */
static int check_status(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_smp_reply r;
	int rc = bp_exec_status(j->exec, &r, err);

	if (rc && bp_link_device_trouble(rc)) {
		breach(out, BP_INV_REASON_REPORTED, "no status after recovery: %.100s", err->text);
		return 0;
	}
	if (rc)
		return rc;
	if (!r.has_status || !r.has_reason) {
		breach(out, BP_INV_REASON_REPORTED, "the status tells no reason code");
		return 0;
	}
	out->reason = (int)r.reason;
	if (r.counter < j->exec->owed.counter_floor)
		breach(out, BP_INV_ROLLBACK_INDEX_MONOTONIC, "security counter is %u, was %u", r.counter, j->exec->owed.counter_floor);
	else if (r.reason >= 64 || !(allowed_reasons(j) & (UINT64_C(1) << r.reason)))
		breach(out, BP_INV_REASON_REPORTED, "reason %s (%u) does not fit stage '%s'", reason_name(j, r.reason), r.reason,
		       bp_stage_names[j->exec->owed.stage]);
	else if (r.counter > j->exec->owed.counter_floor)
		j->exec->owed.counter_floor = r.counter;
	return 0;
}

static int settle(struct bp_judge *j, const char *when, struct bp_judgement *out, struct bp_err *err)
{
	int settled = bp_exec_settle(j->exec, err), rc;

	if (settled < 0)
		return settled;
	if (settled == BP_SETTLED_OFF)
		return bp_fail(err, BP_EIO, "%s: the board lost power %s, which nobody asked for", j->exec->board->name, when);
	rc = check_always(j, out, err);
	if (!rc && out->verdict != BP_FAIL && settled == BP_SETTLED_NOT)
		breach(out, BP_INV_RECOVERS_IN_TIME, "did not settle %s within the recovery budget", when);
	return rc;
}

/* Ordinary power cycles: the same image runs, and nothing is written. */
static int further_boots(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_board *b = j->exec->board;
	struct bp_observation before, after;
	int rc = b->debug.ops->observe(b->debug.self, &before, err);

	for (int i = 0; i < BP_FURTHER_BOOTS && !rc && out->verdict != BP_FAIL; i++) {
		rc = bp_exec_power_off(j->exec, err);
		if (!rc)
			rc = bp_exec_power_on(j->exec, err);
		if (!rc)
			rc = settle(j, "in a further boot", out, err);
		if (rc || out->verdict == BP_FAIL)
			break;
		rc = b->debug.ops->observe(b->debug.self, &after, err);
		if (rc)
			break;
		if (after.artifact != before.artifact)
			breach(out, BP_INV_STABLE, "%s ran after recovery, %s in a further boot", artifact_name(j, before.artifact),
			       artifact_name(j, after.artifact));
		else if (after.ops != before.ops)
			breach(out, BP_INV_STABLE, "an ordinary power cycle did %llu flash operations",
			       (unsigned long long)(after.ops - before.ops));
	}
	return rc;
}

/* The security counter that the device tells is at least the one it owes. */
static int check_counter(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_smp_reply r;
	int rc = bp_exec_status(j->exec, &r, err);

	if (rc && bp_link_device_trouble(rc)) {
		breach(out, BP_INV_UPDATABLE, "no status after the good update: %.100s", err->text);
		return 0;
	}
	if (!rc && r.counter < j->exec->owed.counter_floor)
		breach(out, BP_INV_ROLLBACK_INDEX_MONOTONIC, "security counter is %u after a confirm, expected at least %u", r.counter,
		       j->exec->owed.counter_floor);
	return rc;
}

/* The good update's image runs, is whole, and the device says so. What the case itself came to stays in *out. */
static int check_good_end(struct bp_judge *j, int artifact, enum bp_invariant which, struct bp_judgement *out, struct bp_err *err)
{
	int running = out->running;
	int rc = check_running(j, 1u << artifact, out, err);

	if (!rc && out->verdict != BP_FAIL)
		rc = check_counter(j, out, err);
	if (!rc && out->verdict == BP_FAIL && out->invariant != BP_INV_ROLLBACK_INDEX_MONOTONIC)
		out->invariant = (int)which;
	out->running = running;
	return rc;
}

/* A good update must go through from here. */
static int good_update(struct bp_judge *j, int artifact, enum bp_invariant which, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_exec *x = j->exec;
	struct bp_step step = {.kind = BP_STEP_UPDATE, .artifact = artifact, .wait = true, .until_percent = 100};
	uint32_t acked = x->owed.acked_off, most = x->board->product->chunk_bytes + x->board->product->board.flash.page_bytes;
	int rc;

	x->owed.good = (int8_t)out->running;
	x->owed.end_running = 1u << artifact;
	x->owed.stage = BP_STAGE_IDLE;
	x->owed.damaged = 0;
	x->owed.power_cycles = 0;
	x->unhealthy_confirmed = x->broken_promise = false;
	x->edit = NULL; /* the damaged release is over */
	rc = bp_exec_update(x, &step, err);
	if (rc)
		return rc;
	if (which == BP_INV_RESUMES && acked > x->update.resumed_at + most) {
		breach(out, which, "%u bytes were acknowledged, but it resumes at %u", acked, x->update.resumed_at);
		return 0;
	}
	rc = check_always(j, out, err);
	if (rc || out->verdict == BP_FAIL)
		return rc;
	if (x->update.manifest_refused || x->update.payload_refused || x->update.test_refused)
		breach(out, which, "the good update %s was refused: %s", artifact_name(j, artifact), reason_name(j, x->update.reason));
	else if (x->update.code)
		breach(out, which, "the good update %s failed: %.100s", artifact_name(j, artifact), x->update.text);
	else if (x->owed.stage != BP_STAGE_CONFIRMED)
		breach(out, which, "the good update %s was never confirmed", artifact_name(j, artifact));
	if (out->verdict == BP_FAIL)
		return 0;
	return check_good_end(j, artifact, which, out, err);
}

static int after_recovery(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_exec *x = j->exec;
	bool resume = x->scenario->after == BP_AFTER_RESUME && j->resume >= 0 && x->owed.stage <= BP_STAGE_DOWNLOADING;
	int rc = check_running(j, allowed_running(j), out, err);

	if (!rc && out->verdict != BP_FAIL)
		rc = check_status(j, out, err);
	if (!rc && out->verdict != BP_FAIL && !resume)
		rc = further_boots(j, out, err);
	if (!rc && out->verdict != BP_FAIL && resume) {
		rc = good_update(j, j->resume, BP_INV_RESUMES, out, err);
		if (!rc && out->verdict != BP_FAIL)
			out->running = j->resume;
	}
	if (!rc && out->verdict != BP_FAIL && j->follow_up && j->followup >= 0)
		rc = good_update(j, j->followup, BP_INV_UPDATABLE, out, err);
	return rc;
}

int bp_judge_recovery(struct bp_judge *j, bool on, struct bp_judgement *out, struct bp_err *err)
{
	uint64_t began = bp_world_now(&j->exec->board->world);
	int rc = 0;

	*out = (struct bp_judgement){.verdict = BP_PASS, .invariant = -1, .running = BP_OBSERVED_NONE, .reason = -1};
	if (!on)
		rc = bp_exec_power_on(j->exec, err);
	if (!rc)
		rc = settle(j, "after power returned", out, err);
	if (!rc && out->verdict != BP_FAIL && j->expect_state_lost && !j->exec->marks.state_lost)
		breach(out, BP_INV_REASON_REPORTED, "both copies of the boot state were lost, which the console never said");
	if (!rc && out->verdict != BP_FAIL)
		rc = after_recovery(j, out, err);
	out->virtual_ns = bp_world_now(&j->exec->board->world) - began;
	if (out->verdict == BP_FAIL)
		bp_exec_note(j->exec, "%s: %s", bp_invariants[out->invariant].name, out->text);
	return rc;
}

bool bp_judge_steps(struct bp_judge *j, struct bp_judgement *out)
{
	const struct bp_update_result *u = &j->exec->update;
	const struct bp_edit *edit = j->exec->edit;

	*out = (struct bp_judgement){.verdict = BP_PASS, .invariant = -1, .running = BP_OBSERVED_NONE, .reason = -1};
	if (!edit) {
		if (j->exec->unhealthy_confirmed)
			return breach(out, BP_INV_NEVER_CONFIRMS_UNHEALTHY, "%s was reported as confirmed", artifact_name(j, j->exec->owed.target));
		if (j->exec->idle_ops)
			return breach(out, BP_INV_STABLE, "ordinary power cycles did %llu flash operations",
				      (unsigned long long)j->exec->idle_ops);
		if (j->exec->never_settled)
			return breach(out, BP_INV_RECOVERS_IN_TIME, "did not settle after an update within the recovery budget");
		if (j->exec->step_trouble[0])
			return breach(out, BP_INV_UPDATABLE, "the undisturbed update failed: %.100s", j->exec->step_trouble);
		if (u->manifest_refused || u->payload_refused || u->test_refused)
			return breach(out, BP_INV_UPDATABLE, "the undisturbed update was refused: %s", reason_name(j, u->reason));
		return false;
	}
	if (edit->refused == BP_REFUSED_MANIFEST && !u->manifest_refused)
		return breach(out, BP_INV_REFUSES_BAD_UPDATE, "the manifest edited by %s was accepted", edit->op->name);
	if (edit->refused == BP_REFUSED_MANIFEST && u->ops_after_offer != u->ops_before_offer)
		return breach(out, BP_INV_REFUSES_BAD_UPDATE, "%llu flash operations before the manifest edited by %s was refused",
			      (unsigned long long)(u->ops_after_offer - u->ops_before_offer), edit->op->name);
	if (edit->refused == BP_REFUSED_PAYLOAD && !u->manifest_refused && !u->payload_refused && !u->test_refused)
		return breach(out, BP_INV_REFUSES_BAD_UPDATE, "the payload edited by %s was accepted", edit->op->name);
	if (edit->refused != BP_REFUSED_NOT && edit->expect.reasons &&
	    (u->reason >= 64 || !(edit->expect.reasons & (UINT64_C(1) << u->reason))))
		return breach(out, BP_INV_REASON_REPORTED, "%s was refused for reason %s (%u)", edit->op->name,
			      reason_name(j, u->reason), u->reason);
	return false;
}
