/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/cases.h"

#include <stdarg.h>
#include <stdio.h>

int bp_case_followup(const struct bp_product *p)
{
	int followup = bp_artifact_index(p, "followup");

	return followup >= 0 ? followup : bp_artifact_index(p, "to");
}

struct bp_judge bp_case_judge(struct bp_exec *x, const struct bp_bytes *bootloader, bool follow_up, uint32_t without)
{
	const struct bp_scenario *s = x->scenario;
	int resume = -1;

	for (unsigned i = 0; i < s->n_steps; i++)
		if (s->step[i].kind == BP_STEP_UPDATE)
			resume = s->step[i].artifact;
	return (struct bp_judge){
		.exec = x, .bootloader = bootloader, .follow_up = follow_up, .without = without,
		.followup = bp_case_followup(x->board->product), .resume = resume,
	};
}

void bp_case_not_exercised(struct bp_judgement *out, const char *fmt, ...)
{
	va_list ap;

	*out = (struct bp_judgement){.verdict = BP_NOT_EXERCISED, .invariant = -1, .running = BP_OBSERVED_NONE, .reason = -1};
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
}

void bp_case_empty(struct bp_judgement *out, const struct bp_log *log, const struct bp_case *c)
{
	char cut[BP_CUTPOINT_TEXT];

	if (log->useless)
		bp_case_not_exercised(out, "sweep %u cuts nowhere: %s", c->row + 1u, log->useless);
	else if (c->cut.n)
		bp_case_not_exercised(out, "sweep %u lists %s, which the update does not come to: nothing is cut there", c->row + 1u,
				      bp_cutpoint_show(cut, &c->cut));
	else
		bp_case_not_exercised(out, "sweep %u names a phase in which the update has no such event: nothing is cut there", c->row + 1u);
}

static void expect(struct bp_exec *x, const struct bp_expect *e)
{
	if (e->running)
		x->owed.end_running = e->running;
	if (e->reasons)
		x->owed.end_reasons = e->reasons;
}

/* Damage at rest, behind the steps or before them: only the row's own expectation binds afterwards. */
static int damaged(struct bp_exec *x, struct bp_judge *j, const struct bp_damage_row *row, uint64_t seed, bool disarm,
		   struct bp_judgement *out, struct bp_err *err)
{
	int rc = x->scenario->damages_after_steps ? bp_exec_steps(x, err) : 0;

	if (rc >= 0 && x->scenario->damages_after_steps && bp_judge_steps(j, out))
		return 0;
	if (rc >= 0)
		rc = bp_exec_power_off(x, err);
	if (rc < 0)
		return rc;
	if (disarm) {
		bp_case_not_exercised(out, "self-test: the damage was planned but not done");
		return 0;
	}
	rc = bp_exec_damage(x, &row->damage, seed, err);
	if (rc)
		return rc;
	if (!x->damage_done) {
		bp_case_not_exercised(out, "the damage changed nothing: %s held that already", row->label);
		return 0;
	}
	x->owed.damaged = 1;
	expect(x, &row->expect);
	j->expect_state_lost = row->state_lost;
	return 1;
}

static int edited(struct bp_exec *x, const struct bp_edit *edit, uint64_t seed, bool disarm, struct bp_arena *a,
		  struct bp_judgement *out, struct bp_err *err)
{
	int rc;

	x->edit = edit;
	x->edit_seed = seed;
	expect(x, &edit->expect);
	if (disarm) {
		bp_case_not_exercised(out, "self-test: the edit was planned but not made");
		return 0;
	}
	rc = bp_exec_prepare_edit(x, a, err);
	return rc ? rc : 1;
}

int bp_case_prepare(struct bp_exec *x, struct bp_judge *j, const struct bp_case *c, bool disarm, struct bp_arena *a,
		    struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_scenario *s = x->scenario;

	if (c->kind == BP_CASE_DAMAGE)
		return damaged(x, j, &s->damage[c->row], c->seed, disarm, out, err);
	if (c->kind == BP_CASE_EDIT)
		return edited(x, &s->edit[c->row], c->seed, disarm, a, out, err);
	if (disarm && c->kind == BP_CASE_NO_FAULT && !s->n_sweeps && !s->n_edits && !s->n_damages) {
		bp_case_not_exercised(out, "self-test: the scenario's own steps are its fault, and were not carried out");
		return 0;
	}
	return 1;
}

bool bp_case_scripted_fault_happened(const struct bp_exec *x, struct bp_judgement *out)
{
	const struct bp_scenario *s = x->scenario;

	if (s->end_boots && x->marks.boots < s->end_boots) {
		bp_case_not_exercised(out, "%u boots were seen after the update, expected %u: the image did not misbehave", x->marks.boots,
				      s->end_boots);
		return false;
	}
	for (unsigned i = 0; i < s->n_steps; i++)
		if (s->step[i].kind == BP_STEP_DAMAGE && !x->damage_done) {
			bp_case_not_exercised(out, "the scenario's damage changed nothing");
			return false;
		}
	return true;
}
