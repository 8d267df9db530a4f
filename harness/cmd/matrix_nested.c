/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matrix_nested.c - the levels of a scenario's sweep below the first: breadth first,
 * until the depth is reached, no new state appears, or the budget is used up.
 */
#include "cmd/matrix_parts.h"

#include <stdio.h>
#include <string.h>

/*
 * A depth that is the scenario's own, and no option's, must not run for hours because a
 * firmware looks at pages that others erase unseen: the reference needs some 3,400.
 */
#define UNASKED_STATES 20000u

uint32_t bp_sweep_depth(const struct bp_sweep_run *s)
{
	if (s->real || s->control || s->m->opt.disarm)
		return 1; /* boards are cut once; a control has its own place; what is disarmed leads nowhere */
	return s->m->opt.depth ? s->m->opt.depth : s->scenario->depth;
}

int bp_sweep_record(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err)
{
	s->plan->product = s->product;
	s->plan->exact = s->m->opt.exact;
	s->plan->nested_budget = s->m->opt.depth || s->m->opt.budget ? 0 : UNASKED_STATES;
	s->plan->record = bp_sweep_depth(s) > 1;
	s->plan->ask = s->plan->record && !s->plan->exact;
	return s->plan->record ? bp_runner_record(s->runner, a, err) : 0;
}

/* The first level, as the others are told. */
static struct bp_level level_one(const struct bp_plan *p)
{
	struct bp_level l = {.depth = 1};

	for (uint32_t i = 0; i < p->n_cases; i++) {
		const struct bp_case *c = &p->cases[i];
		bool again = c->cut.event == BP_EVENT_FLASH && c->cut.fault == BP_FAULT_POWER_CUT && c->cut.action != p->scenario->action[0];

		if (c->kind != BP_CASE_CUT || (again && p->scenario->n_actions > 1)) /* a cut is counted once, whatever the host does then */
			continue;
		l.cases++;
		l.merged += p->cases[i].merged;
	}
	l.states = l.cases - l.merged;
	return l;
}

static int room(struct bp_sweep_run *s, struct bp_arena *a, uint32_t had, struct bp_err *err)
{
	while (s->cap_judged < s->plan->n_runs) {
		struct bp_judgement *all = bp_arena_more(a, s->judged, had, &s->cap_judged, sizeof(*all));

		if (!all)
			return bp_fail(err, BP_ENOMEM, "%s: no memory for %u runs", s->name, s->plan->n_runs);
		s->judged = all;
	}
	return 0;
}

static const char *end_word(const struct bp_level *last, uint32_t most, uint32_t open, uint32_t unproven)
{
	if (open)
		return BP_SEARCH_BUDGET;
	if (unproven)
		return BP_SEARCH_UNPROVEN;
	return last->states ? BP_SEARCH_DEPTH : most == BP_DEPTH_CLOSED || last->depth < most ? BP_SEARCH_CLOSED : BP_SEARCH_DEPTH;
}

static int put_search(struct bp_sweep_run *s, const struct bp_level *level, uint32_t n, uint32_t most, struct bp_err *err)
{
	struct bp_journal_level out[BP_MAX_DEPTH + 1];
	struct bp_journal_search search = {.scenario = s->name, .levels = out, .n_levels = n};
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		out[i] = (struct bp_journal_level){level[i].depth, level[i].cases, level[i].merged, level[i].states, level[i].open};
		search.open += level[i].open;
	}
	rc = bp_plan_unproven(s->plan, &search.unproven, err);
	if (rc)
		return rc;
	search.classes = bp_plan_classes(s->plan);
	if (search.unproven) {
		s->m->trouble = true;
		fprintf(stderr, "brickproof: %s: %u classes hold states that were taken for alike and are not: what the product says in 'records' "
			"does not hold for this firmware; run with --exact\n", s->name, search.unproven);
	}
	search.end = end_word(&level[n - 1], most, search.open, search.unproven);
	return bp_journal_put_search(&s->m->dir->journal, &search, err);
}

/* Plan some more of the level, and judge it. */
static int slice(struct bp_sweep_run *s, struct bp_arena *a, uint32_t first, struct bp_level *level, uint32_t most, struct bp_err *err)
{
	struct bp_plan *p = s->plan;
	uint32_t had = p->n_runs;
	int rc = bp_plan_deepen(p, first, level, err);

	if (!rc)
		rc = room(s, a, had, err);
	if (rc)
		return rc;
	if (s->m->progress)
		bp_progress_more(s->m->progress, p->n_cases);
	p->record = level->depth < most && !level->open;
	return bp_pool_judge(s->runner, p, had, s->m->opt.jobs, bp_sweep_judged, s, err);
}

int bp_sweep_nested(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err)
{
	uint32_t most = bp_sweep_depth(s), n = 0, first = 0;
	struct bp_level level[BP_MAX_DEPTH + 1];
	struct bp_plan *p = s->plan;
	int rc = 0;

	if (most == 1)
		return 0;
	level[n++] = level_one(p);
	if (!level[0].cases)
		return 0; /* nothing is cut here */
	while (!rc && level[n - 1].states && level[n - 1].depth < most && level[n - 1].depth < BP_MAX_DEPTH) {
		uint32_t had = p->n_runs;

		level[n] = (struct bp_level){0};
		do
			rc = slice(s, a, first, &level[n], most, err);
		while (!rc && level[n].more);
		first = had;
		n++;
	}
	rc = rc ? rc : put_search(s, level, n, most, err);
	bp_plan_end(p);
	return rc;
}
