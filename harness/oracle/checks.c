/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COMPARE_BYTES 512u

/* ---- words ------------------------------------------------------------------------------ */

/* Says how a row is broken. Always true. */
__attribute__((format(printf, 2, 3)))
static bool broken(struct bp_judgement *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	return true;
}

static const struct bp_product *product_of(const struct bp_judge *j)
{
	return j->exec->board->product;
}

static const char *name_of(const struct bp_judge *j, int artifact)
{
	const struct bp_product *p = product_of(j);

	if (artifact >= 0 && artifact < (int)p->n_artifacts)
		return p->artifact[artifact].name;
	return artifact == BP_OBSERVED_UNKNOWN ? "unknown code" : "no image";
}

static const char *reason_of(const struct bp_judge *j, unsigned code)
{
	const struct bp_product *p = product_of(j);

	return code < p->n_reasons && p->reason[code] ? p->reason[code] : "?";
}

static const char *stage_of(const struct bp_judge *j)
{
	return bp_stage_names[j->exec->owed.stage];
}

static const struct bp_artifact *running(const struct bp_judge *j, const struct bp_facts *f)
{
	return f->o.artifact >= 0 ? &product_of(j)->artifact[f->o.artifact] : NULL;
}

/* ---- facts ------------------------------------------------------------------------------ */

/*
 * 1 when both copies of the boot state read alike and can be relied on, 0 when
 * not. A copy whose last word was cut may read whole and be weak, which nothing
 * tells the device: one such copy is what the other one is for. An ECC part tells.
 */
static int state_alike(const struct bp_board *b, struct bp_err *err)
{
	const struct dut_area one = b->product->board.dut.area[DUT_AREA_STATE_A], two = b->product->board.dut.area[DUT_AREA_STATE_B];
	const struct bp_debug *d = &b->debug;
	uint8_t held[COMPARE_BYTES], other[COMPARE_BYTES];
	int first = 1, second = 1;

	if (one.size != two.size)
		return 1;
	for (uint32_t at = 0, n; at < one.size; at += n) {
		int rc;

		n = one.size - at < sizeof(held) ? one.size - at : (uint32_t)sizeof(held);
		rc = d->ops->read(d->self, one.addr + at, held, n, err);
		if (!rc)
			rc = d->ops->read(d->self, two.addr + at, other, n, err);
		if (!rc && memcmp(held, other, n))
			return 0;
		if (!rc && first)
			rc = first = d->ops->matches(d->self, one.addr + at, held, n, err);
		if (rc >= 0 && second)
			rc = second = d->ops->matches(d->self, two.addr + at, held, n, err);
		if (rc < 0)
			return rc;
	}
	return b->product->board.flash.ecc ? first && second : first || second;
}

static int ask_status(struct bp_judge *j, struct bp_facts *f, struct bp_err *err)
{
	int rc = bp_exec_status(j->exec, &f->status, err);

	if (rc && !bp_link_device_trouble(rc))
		return rc;
	f->has_status = !rc;
	if (rc)
		snprintf(f->no_status, sizeof(f->no_status), "%.*s", (int)sizeof(f->no_status) - 1, err->text);
	return 0;
}

/* Nothing but its own word is known of the device: what cannot be seen is not held against it. */
static int gather_blind(struct bp_judge *j, struct bp_facts *f, struct bp_err *err)
{
	f->bootloader_same = f->image_whole = f->state_alike = true;
	return f->settled ? ask_status(j, f, err) : 0;
}

int bp_facts_gather(struct bp_judge *j, struct bp_facts *f, struct bp_err *err)
{
	const struct bp_board *b = j->exec->board;
	const struct bp_artifact *a;
	int rc = b->debug.ops->observe(b->debug.self, &f->o, err);

	if (f->o.blind)
		return rc ? rc : gather_blind(j, f, err);
	if (!rc)
		rc = b->debug.ops->matches(b->debug.self, b->product->board.dut.area[DUT_AREA_BOOT].addr, j->bootloader->data,
					   (uint32_t)j->bootloader->len, err);
	f->bootloader_same = rc > 0;
	if (rc < 0 || !f->settled)
		return rc < 0 ? rc : 0;
	if (f->o.artifact >= 0 && f->at != BP_AT_BOOT) {
		a = running(j, f);
		rc = b->debug.ops->matches(b->debug.self, b->product->board.dut.area[DUT_AREA_SLOT_A + f->o.slot].addr,
					   a->image[f->o.slot].data, (uint32_t)a->image[f->o.slot].len, err);
	}
	f->image_whole = rc > 0;
	if (rc >= 0)
		rc = state_alike(b, err);
	f->state_alike = rc > 0;
	if (rc < 0)
		return rc;
	return f->at == BP_AT_BOOT ? 0 : ask_status(j, f, err);
}

/* ---- allowed sets ------------------------------------------------------------------------ */

/* Power went as often since the trial was acknowledged as it has attempts: it may be over. */
static bool attempts_may_be_gone(const struct bp_judge *j)
{
	return j->exec->owed.power_cycles >= product_of(j)->board.dut.trial_attempts;
}

/*
 * Images allowed to run once settled. Before the trial was asked for: what ran.
 * While the request is on its way: that or the outcome. Once acknowledged: the
 * outcome, unless power went as often as the trial has attempts.
 */
static uint32_t allowed_running(const struct bp_judge *j)
{
	const struct bp_obligation *o = &j->exec->owed;
	const struct bp_product *p = j->exec->board->product;
	uint32_t good = o->good >= 0 ? 1u << o->good : 0;

	/* One slot: from the first word on, the recovery image stands in for the one that is replaced. */
	if (p->recovery >= 0 && o->stage != BP_STAGE_IDLE)
		good |= 1u << p->recovery;
	if (o->damaged)
		return o->end_running;
	/* Flash that failed leaves it to the device how far it got, as long as nothing was promised. */
	if (j->exec->live && o->stage == BP_STAGE_REFUSED && !j->exec->update.test_refused)
		return good;
	if (j->exec->live && o->stage >= BP_STAGE_TEST_SENT && o->stage != BP_STAGE_CONFIRMED)
		return good | o->end_running;
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
		return attempts_may_be_gone(j) ? good | o->end_running : o->end_running;
	default:
		return o->end_running;
	}
}

/* What a device may say of a trial that power took so often. */
static uint64_t given_up_reason(const struct bp_judge *j)
{
	int reason = j->exec->board->product->given_up;

	return attempts_may_be_gone(j) && reason >= 0 ? UINT64_C(1) << reason : 0;
}

static uint64_t allowed_reasons(const struct bp_judge *j)
{
	const struct bp_obligation *o = &j->exec->owed;

	if (j->exec->live)
		return o->start_reasons | o->end_reasons | j->exec->scenario->trouble_reasons;
	/* The host ends a refused update in recovery with a reset, and what the answer told is gone with it. */
	if (o->stage == BP_STAGE_REFUSED && j->exec->board->product->recovery >= 0)
		return o->end_reasons | o->start_reasons;
	if (o->stage == BP_STAGE_TEST_ACKED && !o->damaged)
		return o->end_reasons | given_up_reason(j);
	if (o->damaged || o->stage == BP_STAGE_REFUSED || o->stage > BP_STAGE_TEST_ACKED)
		return o->end_reasons;
	return o->stage == BP_STAGE_TEST_SENT ? o->start_reasons | o->end_reasons | given_up_reason(j) : o->start_reasons;
}

/* ---- seen at any time ---------------------------------------------------------------------- */

static bool unknown_code(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)j;
	return f->o.unknown_runs && broken(out, "the bootloader jumped to bytes that are no known artifact");
}

static bool running_slot_touched(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)j;
	return f->o.n_traps && f->o.trap_running_slot && broken(out, "%s at 0x%x", f->o.trap, f->o.trap_addr);
}

static bool bootloader_touched(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)j;
	if (f->o.n_traps && f->o.trap_bootloader)
		return broken(out, "%s at 0x%x", f->o.trap, f->o.trap_addr);
	return !f->bootloader_same && broken(out, "the bootloader's bytes changed");
}

static bool wrote_outside(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)j;
	return f->o.n_traps && f->o.trap_outside && broken(out, "%s at 0x%x", f->o.trap, f->o.trap_addr);
}

static bool undisciplined(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)j;
	return f->o.n_traps && !f->o.trap_running_slot && !f->o.trap_bootloader && !f->o.trap_outside &&
	       broken(out, "%s at 0x%x", f->o.trap, f->o.trap_addr);
}

static bool unhealthy_confirmed(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)f;
	return j->exec->unhealthy_confirmed && broken(out, "%s was reported as confirmed", name_of(j, j->exec->owed.target));
}

static bool promise_broken(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	(void)f;
	return j->exec->broken_promise &&
	       broken(out, "reported as confirmed, yet %s was on trial again afterwards", name_of(j, j->exec->owed.target));
}

static bool too_many_boots(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	unsigned most = product_of(j)->board.dut.trial_attempts + 1;

	return j->exec->marks.boots > most && broken(out, "%u boots %s, %u allowed", j->exec->marks.boots, f->when, most);
}

static bool too_late(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	if (f->at & (BP_AT_STEPS | BP_AT_LIVE) && j->exec->never_settled)
		return broken(out, "did not settle after an update within the recovery budget");
	if (f->at == BP_AT_STEPS)
		return false;
	return !f->settled && broken(out, "did not settle %s within the recovery budget", f->when);
}

/* ---- the running image ---------------------------------------------------------------------- */

static bool counter_too_high(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_artifact *a = running(j, f);
	uint32_t most = j->exec->owed.counter_floor;

	if (a && a->security_counter > most)
		most = a->security_counter;
	return f->has_status && f->status.has_status && f->status.counter > most &&
	       broken(out, "security counter is %u, though %s runs and nothing above %u was confirmed", f->status.counter,
		      name_of(j, f->o.artifact), most);
}

static bool counter_too_low(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_artifact *a = running(j, f);
	uint32_t floor = j->exec->owed.counter_floor;

	/* The recovery image is as old as the device. */
	if (a && f->o.artifact != j->exec->board->product->recovery && a->security_counter < floor)
		return broken(out, "%s runs with security counter %u, below %u", a->name, a->security_counter, floor);
	return f->has_status && f->status.has_status && f->status.counter < floor &&
	       broken(out, "security counter is %u, expected at least %u", f->status.counter, floor);
}

static bool not_authentic(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_artifact *a = running(j, f);

	return a && !a->released && broken(out, "%s runs, which was never released", a->name);
}

static bool fell_back(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_obligation *o = &j->exec->owed;
	bool bound = o->stage == BP_STAGE_CONFIRMED || (o->stage == BP_STAGE_TEST_ACKED && !attempts_may_be_gone(j) && !j->exec->live);

	return bound && !o->damaged && o->good >= 0 && f->o.artifact == o->good && !(o->end_running & 1u << o->good) &&
	       broken(out, "%s runs again after stage '%s', with nothing wrong with %s", name_of(j, o->good), stage_of(j),
		      name_of(j, o->target));
}

static bool not_allowed(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	return (f->o.artifact < 0 || !(allowed_running(j) & 1u << f->o.artifact)) &&
	       broken(out, "%s runs, which is not allowed after stage '%s'", name_of(j, f->o.artifact), stage_of(j));
}

static bool not_whole(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_artifact *a = running(j, f);

	return a && f->settled && !f->image_whole &&
	       broken(out, "%s runs from slot %c, but its bytes are damaged or weak", a->name, 'a' + (char)f->o.slot);
}

/* ---- what it keeps and tells ------------------------------------------------------------------ */

static bool state_differs(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	/* A page that is gone for good leaves one copy. */
	return !f->state_alike && !bp_fault_is_lasting(j->exec->live) && broken(out, "the copies of the boot state differ or are weak %s", f->when);
}

/* The setting that was acknowledged, or one that was on its way. */
static bool config_wrong(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_obligation *o = &j->exec->owed;
	const struct bp_smp_reply *s = &f->status;

	if (!o->config || !f->has_status || (s->has_interval && (s->interval == o->config || (o->config_next && s->interval == o->config_next))))
		return false;
	if (!s->has_interval)
		return broken(out, "the status tells of no configuration");
	return broken(out, "%s reads interval %u (schema %u), expected %u", name_of(j, f->o.artifact), s->interval, s->schema, o->config);
}

/* One follows the other: a set bit asks for the one before it; an update ends one way. */
static bool in_order(uint32_t t)
{
	if (t & BP_SMP_WRITTEN && !(t & BP_SMP_DOWNLOADED))
		return false;
	if (t & (BP_SMP_TRIAL | BP_SMP_ROLLED_BACK) && !(t & BP_SMP_WRITTEN))
		return false;
	if (t & BP_SMP_CONFIRMED)
		return (t & BP_SMP_TRIAL) && !(t & BP_SMP_ROLLED_BACK);
	return !(t & BP_SMP_TRIAL) || t & BP_SMP_ROLLED_BACK; /* at rest a trial is over */
}

static bool transitions_wrong(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	bool confirmed = f->at != BP_AT_RECOVERY || (j->exec->owed.stage == BP_STAGE_CONFIRMED && !j->exec->owed.damaged);

	if (!f->has_status || !f->status.has_status || bp_fault_is_lasting(j->exec->live))
		return false;
	if (confirmed && !(f->status.transitions & BP_SMP_CONFIRMED))
		return broken(out, "transitions are 0x%x: the confirm is missing", f->status.transitions);
	return !in_order(f->status.transitions) && broken(out, "transitions are 0x%x: one is missing, or both ends are told", f->status.transitions);
}

static bool bad_reason(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_smp_reply *s = &f->status;

	if (j->expect_state_lost && !j->exec->marks.state_lost)
		return broken(out, "both copies of the boot state were lost, which the console never said");
	if (!f->has_status)
		return broken(out, "no status after recovery: %.90s", f->no_status);
	if (!s->has_status || !s->has_reason)
		return broken(out, "the status tells no reason code");
	return (s->reason >= 64 || !(allowed_reasons(j) & UINT64_C(1) << s->reason)) &&
	       broken(out, "reason %s (%u) does not fit stage '%s'", reason_of(j, s->reason), s->reason, stage_of(j));
}

/* A refusal has a reason of its own, in its answer. */
static bool bad_refusal(const struct bp_judge *j, struct bp_judgement *out)
{
	const struct bp_edit *e = j->exec->edit;
	uint32_t reason = j->exec->update.reason;

	if (j->exec->not_refused[0] && j->exec->other_reason)
		return broken(out, "%s", j->exec->not_refused);
	return e && e->refused != BP_REFUSED_NOT && e->expect.reasons &&
	       (reason >= 64 || !(e->expect.reasons & UINT64_C(1) << reason)) &&
	       broken(out, "%s was refused for reason %s (%u)", e->op->name, reason_of(j, reason), reason);
}

static bool reason_wrong(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	return f->at == BP_AT_STEPS ? bad_refusal(j, out) : bad_reason(j, f, out);
}

static bool worn(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_product *p = product_of(j);

	if (p->page_erases && f->o.page_erases > p->page_erases)
		return broken(out, "an update erased one page %u times, %u allowed", f->o.page_erases, p->page_erases);
	return p->update_erases && f->o.erases > p->update_erases &&
	       broken(out, "an update took %u erases, %u allowed", f->o.erases, p->update_erases);
}

static bool unstable(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	if (f->at == BP_AT_STEPS)
		return j->exec->idle_ops && broken(out, "ordinary power cycles did %llu flash operations", (unsigned long long)j->exec->idle_ops);
	if (f->o.artifact != f->before.artifact)
		return broken(out, "%s ran after recovery, %s in a further boot", name_of(j, f->before.artifact), name_of(j, f->o.artifact));
	/* A record that reads whole and is weak is repaired in the boot that reads it otherwise. */
	return f->o.ops != f->before.ops && !f->before.weak_records && !bp_fault_is_lasting(j->exec->live) &&
	       broken(out, "an ordinary power cycle did %llu flash operations", (unsigned long long)(f->o.ops - f->before.ops));
}

/* ---- updates ----------------------------------------------------------------------------------- */

static bool bad_update_taken(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_update_result *u = &j->exec->update;
	const struct bp_edit *e = j->exec->edit;

	(void)f;
	if (j->exec->not_refused[0] && !j->exec->other_reason)
		return broken(out, "%s", j->exec->not_refused);
	if (!e)
		return false;
	if (e->refused == BP_REFUSED_MANIFEST && !u->manifest_refused)
		return broken(out, "the manifest edited by %s was accepted", e->op->name);
	if (e->refused == BP_REFUSED_MANIFEST && u->ops_after_offer != u->ops_before_offer)
		return broken(out, "%llu flash operations before the manifest edited by %s was refused",
			      (unsigned long long)(u->ops_after_offer - u->ops_before_offer), e->op->name);
	return e->refused == BP_REFUSED_PAYLOAD && !u->manifest_refused && !u->payload_refused && !u->test_refused &&
	       broken(out, "the payload edited by %s was accepted", e->op->name);
}

static bool service_lost(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	uint64_t gap = j->exec->service_gap_ns, most = product_of(j)->service_budget_ns;

	(void)f;
	return most && gap > most &&
	       broken(out, "no answer for %llu ms while an update was loaded, at most %llu ms allowed", (unsigned long long)(gap / 1000000),
		      (unsigned long long)(most / 1000000));
}

static bool resent_too_much(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_product *p = product_of(j);
	uint32_t most = p->chunk_bytes + p->board.flash.page_bytes;

	return f->resent_from > j->exec->update.resumed_at + most &&
	       broken(out, "%u bytes were acknowledged, but it resumes at %u", f->resent_from, j->exec->update.resumed_at);
}

static bool is_trouble(const struct bp_judge *j, uint32_t reason)
{
	return reason < 64 && (j->exec->scenario->trouble_reasons & UINT64_C(1) << reason);
}

/* A fault that the core lived through: refused for that reason, or as if nothing were. Silence is neither. */
static bool trouble_untold(const struct bp_judge *j, struct bp_judgement *out)
{
	const struct bp_update_result *u = &j->exec->update;

	if (u->manifest_refused || u->payload_refused || u->test_refused)
		return !is_trouble(j, u->reason) && broken(out, "an update whose flash failed was refused: %s", reason_of(j, u->reason));
	return u->code && broken(out, "an update whose flash failed: %.100s", u->text);
}

/* With a page gone for good no update need succeed: it is refused for that reason, or given up, and an image that may runs. */
static bool lasting_failed(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	if (trouble_untold(j, out))
		return true;
	return f->o.artifact != f->artifact && f->o.artifact != j->exec->owed.good &&
	       broken(out, "%s runs after an update to %s on worn flash", name_of(j, f->o.artifact), name_of(j, f->artifact));
}

/* A good update that did not go through. */
static bool update_failed(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	const struct bp_update_result *u = &j->exec->update;
	const char *sent = name_of(j, f->artifact);

	if (bp_fault_is_lasting(j->exec->live))
		return lasting_failed(j, f, out);
	if (u->manifest_refused || u->payload_refused || u->test_refused)
		return broken(out, "the good update %s was refused: %s", sent, reason_of(j, u->reason));
	if (u->code)
		return broken(out, "the good update %s failed: %.100s", sent, u->text);
	if (j->exec->owed.stage != BP_STAGE_CONFIRMED)
		return broken(out, "the good update %s was never confirmed", sent);
	if (f->o.artifact != f->artifact)
		return broken(out, "the good update %s was confirmed, but %s runs", sent, name_of(j, f->o.artifact));
	return !f->has_status && broken(out, "no status after the good update: %.90s", f->no_status);
}

static bool steps_failed(const struct bp_judge *j, struct bp_judgement *out)
{
	const struct bp_update_result *u = &j->exec->update;

	if (j->exec->edit)
		return false;
	if (j->exec->step_trouble[0])
		return broken(out, "the undisturbed update failed: %.100s", j->exec->step_trouble);
	return (u->manifest_refused || u->payload_refused || u->test_refused) &&
	       broken(out, "the undisturbed update was refused: %s", reason_of(j, u->reason));
}

static bool not_updatable(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	return f->at == BP_AT_STEPS ? steps_failed(j, out) : f->at == BP_AT_LIVE ? trouble_untold(j, out) : update_failed(j, f, out);
}

/* ---- the table ----------------------------------------------------------------------------------- */

typedef bool check(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out);

static check *const checks[BP_INVARIANTS] = {
	[BP_INV_NO_UNKNOWN_CODE] = unknown_code,
	[BP_INV_SLOT_OF_RUNNING_UNTOUCHED] = running_slot_touched,
	[BP_INV_BOOTLOADER_UNTOUCHED] = bootloader_touched,
	[BP_INV_NO_WRITE_OUTSIDE] = wrote_outside,
	[BP_INV_FLASH_DISCIPLINE] = undisciplined,
	[BP_INV_REFUSES_BAD_UPDATE] = bad_update_taken,
	[BP_INV_NEVER_CONFIRMS_UNHEALTHY] = unhealthy_confirmed,
	[BP_INV_ACKNOWLEDGED_DURABLE] = promise_broken,
	[BP_INV_BOOTS_BOUNDED] = too_many_boots,
	[BP_INV_RECOVERS_IN_TIME] = too_late,
	[BP_INV_COUNTER_NOT_ADVANCED] = counter_too_high,
	[BP_INV_ROLLBACK_INDEX_MONOTONIC] = counter_too_low,
	[BP_INV_AUTHENTIC] = not_authentic,
	[BP_INV_NO_SPURIOUS_FALLBACK] = fell_back,
	[BP_INV_BOOTS_ALLOWED_IMAGE] = not_allowed,
	[BP_INV_IMAGE_INTACT] = not_whole,
	[BP_INV_STATE_REPAIRED] = state_differs,
	[BP_INV_CONFIG_READABLE] = config_wrong,
	[BP_INV_TRANSITIONS_IN_ORDER] = transitions_wrong,
	[BP_INV_REASON_REPORTED] = reason_wrong,
	[BP_INV_WEAR_BOUNDED] = worn,
	[BP_INV_STABLE] = unstable,
	[BP_INV_SERVICE_KEPT] = service_lost,
	[BP_INV_RESUMES] = resent_too_much,
	[BP_INV_TARGET_REACHED_ON_RETRY] = update_failed,
	[BP_INV_UPDATABLE] = not_updatable,
};

bool bp_checks(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out)
{
	for (int i = 0; i < BP_INVARIANTS; i++) {
		/* Of a device that never came to rest only what led there is known. */
		if (!f->settled && i > BP_INV_RECOVERS_IN_TIME && f->at & (BP_AT_LIVE | BP_AT_RECOVERY | BP_AT_BOOT))
			return false;
		if (!(bp_invariants[i].at & (unsigned)f->at) || j->without & 1u << i || !checks[i](j, f, out))
			continue;
		out->verdict = BP_FAIL;
		out->invariant = i;
		return true;
	}
	return false;
}
