/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/matrix_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "cmd/home.h"
#include "explore/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *artifact_name(const struct bp_product *p, int i)
{
	return i >= 0 && i < (int)p->n_artifacts ? p->artifact[i].name : i == BP_OBSERVED_UNKNOWN ? "unknown code" : NULL;
}

/* A control is caught by its own invariant; what else its defect breaks proves nothing about the one it is there for. */
static const struct bp_judgement *as_control(const struct bp_sweep_run *s, const struct bp_judgement *j, struct bp_judgement *other)
{
	if (!s->control || s->control->invariant < 0 || j->verdict != BP_FAIL || j->invariant == s->control->invariant)
		return j;
	*other = *j;
	other->verdict = BP_SKIP;
	other->invariant = -1;
	snprintf(other->text, sizeof(other->text), "breaks %s; this control is there for %s", bp_invariants[j->invariant].name,
		 bp_invariants[s->control->invariant].name);
	return other;
}

static int put_case(struct bp_sweep_run *s, uint32_t index, struct bp_err *err)
{
	const struct bp_case *c = &s->plan->cases[index];
	struct bp_judgement other;
	const struct bp_judgement *j = as_control(s, &s->judged[c->run], &other);
	char token[BP_TOKEN_BYTES];
	struct bp_journal_case line = {
		.token = bp_token_show(token, s->plan, s->product->name, c), .scenario = s->name,
		.variant = s->plan->variant[c->variant], .phase = c->phase == BP_PHASE_IDLE ? "" : bp_phase_names[c->phase],
		.kind = "", .op = BP_NO_OP, .depth = c->depth, .run = s->m->runs + c->run + 1, .verdict = j->verdict, .merged = c->merged,
		.running = artifact_name(s->product, j->running),
		.reason = j->reason >= 0 && j->reason < (int)s->product->n_reasons ? s->product->reason[j->reason] : NULL,
	};

	if (c->kind == BP_CASE_NO_FAULT && !s->real)
		line.service_ns = j->service_ns;
	if (c->kind == BP_CASE_CUT && c->cut.event == BP_EVENT_FLASH) {
		const struct bp_log_op *op = &bp_plan_log(s->plan, c)->op[c->cut.n - 1];

		line.op = c->cut.n;
		line.addr = op->addr;
		line.kind = op->kind == BP_OP_PROGRAM ? "program" : "erase";
	}
	if (j->verdict != BP_PASS) {
		line.invariant = j->invariant >= 0 ? bp_invariants[j->invariant].name : NULL;
		line.text = j->text;
		if (s->real)
			line.evidence = s->kept[c->run];
		else if (j->verdict == BP_FAIL && !c->merged && s->n_evidence < BP_EVIDENCE_PER_SCENARIO) {
			line.evidence = ++s->m->evidence;
			s->evidence[s->n_evidence].case_index = index;
			s->evidence[s->n_evidence++].id = line.evidence;
		}
	}
	s->sums.count[j->verdict]++;
	s->sums.cases++;
	s->sums.merged += c->merged;
	return bp_journal_put_case(&s->m->dir->journal, &line, err);
}

int bp_sweep_judged(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	struct bp_sweep_run *s = ctx;
	int rc = 0;

	s->judged[index] = *j;
	while (s->next_case < s->plan->n_cases && s->plan->cases[s->next_case].run <= index && !rc)
		rc = put_case(s, s->next_case++, err);
	if (s->m->progress)
		bp_progress_update(s->m->progress, s->next_case, index + 1, s->sums.count[BP_FAIL], bp_clock_ns());
	return rc;
}

static int put_head(struct bp_sweep_run *s, struct bp_err *err)
{
	int followup = bp_case_followup(s->product);
	struct bp_journal_phase ranges[64];
	size_t n = 0;
	struct bp_journal_scenario head = {
		.name = s->name, .title = s->scenario->title, .file = s->file, .product = s->product->name,
		.hash8 = s->plan->hash8, .covers = s->scenario->covers, .n_covers = s->scenario->n_covers,
		.required = s->scenario->required, .control = s->control ? s->control->mutant : NULL, .cases = s->plan->n_cases,
		.operations = s->log->n_ops, .phases = ranges,
		.retries = bp_product_artifact(s->product, "followup") ? NULL : followup < 0 ? "nothing" : s->product->artifact[followup].name,
	};

	for (uint32_t i = 0; i < s->log->n_ops; i++) {
		const char *phase = bp_phase_names[s->log->owed[s->log->op[i].owed].owed.phase];

		if (n && !strcmp(ranges[n - 1].phase, phase))
			ranges[n - 1].count++;
		else if (n < sizeof(ranges) / sizeof(ranges[0]))
			ranges[n++] = (struct bp_journal_phase){phase, i + 1, 1};
	}
	head.n_phases = n;
	return bp_journal_put_scenario(&s->m->dir->journal, &head, err);
}

/* Failing cases again, from the start and traced: evidence, and a second opinion on the verdict. */
static int put_evidence(struct bp_sweep_run *s, struct bp_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < s->n_evidence && !rc; i++) {
		const struct bp_case *c = &s->plan->cases[s->evidence[i].case_index];
		enum bp_evidence_made made = BP_EVIDENCE_NONE;
		char token[BP_TOKEN_BYTES];

		rc = bp_evidence_add(&s->m->dir->journal, s->runner, s->plan, c, s->evidence[i].id, &s->judged[c->run], &made, err);
		if (rc || made == BP_EVIDENCE_SAME)
			continue;
		s->m->trouble = true;
		fprintf(stderr, "brickproof: %s: %s\n", bp_token_show(token, s->plan, s->product->name, c),
			made == BP_EVIDENCE_NONE ? "its evidence could not be made"
						 : "run again from the start it came to another verdict: a defect of the rig");
	}
	return rc;
}

static void add_sums(struct bp_matrix *m, const struct bp_sweep_run *s, enum bp_outcome outcome)
{
	struct bp_journal_sums *t = &m->end.sums;

	m->runs += s->plan->n_runs;
	if (s->real)
		m->evidence = m->runs; /* ids of what its workers kept go up to there */
	m->trouble = m->trouble || outcome == BP_OUTCOME_ERROR;
	if (s->control) {
		m->end.controls++;
		m->end.controls_caught += s->sums.count[BP_FAIL] > 0;
		return;
	}
	m->failed = m->failed || outcome == BP_OUTCOME_FAILED;
	for (int v = 0; v < BP_VERDICTS; v++)
		t->count[v] += s->sums.count[v];
	t->cases += s->sums.cases;
	t->runs += s->sums.runs;
	t->merged += s->sums.merged;
	t->virtual_ns += s->sums.virtual_ns;
}

static int sweep_run(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err)
{
	struct bp_matrix *m = s->m;
	struct bp_timing_scenario timing = {.name = s->name, .jobs = m->opt.jobs};
	uint64_t began = bp_clock_ns();
	enum bp_outcome outcome;
	struct bp_flash *scratch;
	int rc = bp_runner_trace(s->runner, a, s->scenario, &s->log, err);

	if (rc)
		return rc;
	if (bp_flash_new(a, &s->product->board.flash, m->opt.seed, &scratch))
		return bp_fail(err, BP_ENOMEM, "%s: no memory", s->name);
	s->real = m->bench && !s->control;
	rc = bp_plan_make(a, s->scenario, s->log, scratch, m->opt.seed, s->real ? 0 : m->opt.budget, &s->plan, err);
	if (rc)
		return rc;
	bp_token_hash8(s->scenario, s->product, s->plan->hash8);
	rc = s->real ? bp_matrix_bench_plan(s, a, err) : 0;
	if (rc)
		return rc;
	s->cap_judged = s->plan->n_runs;
	s->judged = bp_arena_array(a, s->cap_judged, sizeof(*s->judged));
	if (!s->judged)
		return bp_fail(err, BP_ENOMEM, "%s: no memory", s->name);
	timing.plan_ns = bp_clock_ns() - began;
	rc = put_head(s, err);
	if (!rc)
		rc = bp_sweep_record(s, a, err);
	if (!rc && m->progress)
		bp_progress_begin(m->progress, s->name, s->plan->n_cases, bp_clock_ns());
	if (!rc)
		rc = s->real ? bp_matrix_bench_judge(s, err) : bp_pool_judge(s->runner, s->plan, 0, m->opt.jobs, bp_sweep_judged, s, err);
	if (!rc)
		rc = bp_sweep_nested(s, a, err);
	if (!rc)
		rc = put_evidence(s, err);
	if (rc)
		return rc;
	if (!m->opt.disarm && !s->control && !s->real) {
		rc = bp_crosscheck(s->runner, s->plan, s->judged, err);
		if (rc < 0)
			return rc;
		m->trouble = m->trouble || !rc;
	}
	s->sums.runs = s->plan->n_runs;
	s->sums.virtual_ns = s->log->end_ns;
	rc = bp_journal_put_scenario_end(&m->dir->journal, s->name, &s->sums, err);
	if (!rc)
		rc = bp_journal_flush(&m->dir->journal, err);
	outcome = bp_sums_outcome(s->scenario->required, s->control != NULL, &s->sums);
	add_sums(m, s, outcome);
	timing.runs = s->plan->n_runs;
	timing.wall_ns = bp_clock_ns() - began;
	if (!rc)
		rc = bp_journal_put_timing_scenario(&m->dir->timing, &timing, err);
	if (m->progress)
		bp_progress_end(m->progress, &s->sums, outcome, bp_clock_ns());
	return rc;
}

int bp_matrix_scenario(struct bp_matrix *m, const struct bp_product *p, const char *firmware, const char *scenario_path,
		       const struct bp_control *control, struct bp_err *err)
{
	struct bp_runner_options opt = {
		.accel = m->opt.accel, .seed = m->opt.seed, .follow_up = m->opt.follow_up, .disarm = m->opt.disarm, .unmerged = m->opt.unmerged,
	};
	struct bp_sweep_run s = {.m = m, .product = p, .control = control};
	struct bp_arena *a = bp_arena_new(BP_SCENARIO_ARENA_BYTES);
	struct bp_scenario *scenario;
	int rc;

	if (!a)
		return bp_fail(err, BP_ENOMEM, "no memory for a scenario");
	rc = bp_scenario_read(a, scenario_path, p, &scenario, err);
	if (rc)
		goto out;
	s.scenario = scenario;
	s.file = bp_home_show(a, scenario->path);
	s.name = control ? bp_arena_printf(a, "control %s", control->mutant) : scenario->name;
	rc = bp_runner_open(a, p, firmware, &opt, &s.runner, err);
	if (rc)
		goto out;
	rc = sweep_run(&s, a, err);
	bp_runner_close(s.runner);
out:
	bp_arena_free(a);
	return rc;
}

int bp_matrix_exit(const struct bp_matrix *m)
{
	if (m->failed)
		return 1;
	return m->trouble ? 99 : 0;
}
