/* SPDX-License-Identifier: Apache-2.0 */
#include "result/results_read.h"

#include "result/results_lines.h"

#include <stdlib.h>
#include <string.h>

static struct bp_result_scenario *scenario_now(struct bp_results_reader *rd)
{
	return &rd->r->scenarios[rd->r->n_scenarios - 1];
}

static void read_sums(struct bp_results_reader *rd, const json_t *o, struct bp_journal_sums *s)
{
	s->count[BP_PASS] = bp_json_get_u32(rd, o, "pass");
	s->count[BP_FAIL] = bp_json_get_u32(rd, o, "fail");
	s->count[BP_NOT_EXERCISED] = bp_json_get_u32(rd, o, "not_exercised");
	s->count[BP_RIG] = bp_json_get_u32(rd, o, "rig");
	s->count[BP_SKIP] = bp_json_get_u32(rd, o, "skip");
	s->cases = bp_json_get_u32(rd, o, "cases");
	s->runs = bp_json_get_u32(rd, o, "runs");
	s->merged = bp_json_get_u32(rd, o, "merged");
	s->virtual_ns = bp_json_get_u64(rd, o, "virtual_ns", INT64_MAX);
}

/* What a line claims must be what the lines above it add up to. */
static void check_sums(struct bp_results_reader *rd, const char *what, const struct bp_journal_sums *claimed,
		       const struct bp_journal_sums *counted)
{
	for (unsigned v = 0; v < BP_VERDICTS; v++) {
		if (!rd->rc && claimed->count[v] != counted->count[v])
			bp_json_get_fail(rd, BP_ECONFIG, "%s says %u %s, its cases say %u", what, claimed->count[v],
					 bp_verdict_name((enum bp_verdict)v), counted->count[v]);
	}
	if (!rd->rc && claimed->cases != counted->cases)
		bp_json_get_fail(rd, BP_ECONFIG, "%s says %u cases, there are %u", what, claimed->cases, counted->cases);
	if (!rd->rc && claimed->merged != counted->merged)
		bp_json_get_fail(rd, BP_ECONFIG, "%s says %u merged, there are %u", what, claimed->merged,
				 counted->merged);
}

static void read_scenario_end(struct bp_results_reader *rd, const json_t *o)
{
	const char *name = bp_json_get_text(rd, o, "name");
	struct bp_journal_sums sums = {0};
	struct bp_result_scenario *s;

	read_sums(rd, o, &sums);
	if (rd->rc)
		return;
	if (!rd->open || strcmp(scenario_now(rd)->head.name, name) != 0) {
		bp_json_get_fail(rd, BP_ECONFIG, "the end of scenario '%s', which is not open", name);
		return;
	}
	s = scenario_now(rd);
	check_sums(rd, "scenario-end", &sums, &s->sums);
	s->sums.runs = sums.runs;
	s->sums.virtual_ns = sums.virtual_ns;
	s->ended = true;
	rd->open = false;
}

static uint32_t add_u32(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* The run's sums from its scenarios; controls are counted apart. */
static void add_up(struct bp_results *r)
{
	struct bp_journal_end *e = &r->end;

	*e = (struct bp_journal_end){.exit = e->exit};
	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &r->scenarios[i];

		if (s->head.control) {
			e->controls++;
			e->controls_caught += s->sums.count[BP_FAIL] > 0;
			continue;
		}
		for (unsigned v = 0; v < BP_VERDICTS; v++)
			e->sums.count[v] = add_u32(e->sums.count[v], s->sums.count[v]);
		e->sums.cases = add_u32(e->sums.cases, s->sums.cases);
		e->sums.runs = add_u32(e->sums.runs, s->sums.runs);
		e->sums.merged = add_u32(e->sums.merged, s->sums.merged);
		e->sums.virtual_ns = s->sums.virtual_ns > UINT64_MAX - e->sums.virtual_ns
					     ? UINT64_MAX : e->sums.virtual_ns + s->sums.virtual_ns;
	}
}

static void read_run_end(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_journal_sums sums = {0};
	uint32_t controls = bp_json_get_u32(rd, o, "controls");
	uint32_t caught = bp_json_get_u32(rd, o, "controls_caught");

	read_sums(rd, o, &sums);
	rd->r->end.exit = (int)bp_json_get_u64(rd, o, "exit", 255);
	if (rd->rc)
		return;
	if (rd->open) {
		bp_json_get_fail(rd, BP_ECONFIG, "run-end before scenario '%s' has ended", scenario_now(rd)->head.name);
		return;
	}
	add_up(rd->r);
	check_sums(rd, "run-end", &sums, &rd->r->end.sums);
	if (!rd->rc && (controls != rd->r->end.controls || caught != rd->r->end.controls_caught))
		bp_json_get_fail(rd, BP_ECONFIG, "run-end says %u of %u controls caught, the scenarios say %u of %u", caught,
				 controls, rd->r->end.controls_caught, rd->r->end.controls);
	rd->r->complete = true;
}

static void read_timing_scenario(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_timing_scenario t = {.name = bp_json_get_text(rd, o, "name")};

	t.wall_ns = bp_json_get_u64(rd, o, "wall_ns", INT64_MAX);
	t.plan_ns = bp_json_get_u64(rd, o, "plan_ns", INT64_MAX);
	t.runs = bp_json_get_u32(rd, o, "runs");
	t.jobs = bp_json_get_u32(rd, o, "jobs");
	for (size_t i = 0; !rd->rc && i < rd->r->n_scenarios; i++) {
		if (strcmp(rd->r->scenarios[i].head.name, t.name) == 0) {
			rd->r->scenarios[i].timing = t;
			rd->r->scenarios[i].timed = true;
		}
	}
}

static void read_timing_run(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_timing_run t = {.wall_ns = bp_json_get_u64(rd, o, "wall_ns", INT64_MAX)};

	t.jobs = bp_json_get_u32(rd, o, "jobs");
	t.started = bp_json_opt_text(rd, o, "started");
	t.host = bp_json_opt_text(rd, o, "host");
	if (rd->rc)
		return;
	rd->r->timing = t;
	rd->r->timed = true;
}

static void read_timing_detached(struct bp_results_reader *rd, const json_t *o)
{
	bp_json_get_text(rd, o, "token");
	rd->r->detached += !rd->rc;
}

static const struct line_type {
	const char *name;
	bool timing;                 /* of timing.jsonl */
	void (*read)(struct bp_results_reader *rd, const json_t *o);
} line_types[] = {
	{"case", false, bp_line_case},
	{"evidence", false, bp_line_evidence},
	{"scenario", false, bp_line_scenario},
	{"search", false, bp_line_search},
	{"scenario-end", false, read_scenario_end},
	{"run", false, bp_line_run},
	{"run-end", false, read_run_end},
	{"scenario", true, read_timing_scenario},
	{"run", true, read_timing_run},
	{"detached", true, read_timing_detached},
};

static void read_object(struct bp_results_reader *rd, const json_t *o)
{
	const char *type = bp_json_get_text(rd, o, "t");
	const struct line_type *known = NULL;

	if (rd->rc)
		return;
	for (size_t i = 0; i < sizeof(line_types) / sizeof(line_types[0]); i++) {
		if (line_types[i].timing == rd->timing && strcmp(line_types[i].name, type) == 0)
			known = &line_types[i];
	}
	if (!rd->timing && !rd->have_run && (!known || known->read != bp_line_run))
		bp_json_get_fail(rd, BP_ECONFIG, "the first line is '%s'; expected 'run': is this a journal?", type);
	else if (rd->r->complete && !rd->timing)
		bp_json_get_fail(rd, BP_ECONFIG, "a '%s' line after run-end", type);
	else if (known)
		known->read(rd, o);
}

int bp_results_reader_line(struct bp_results_reader *rd, const char *text, size_t len, bool whole)
{
	json_error_t why;
	json_t *o;

	rd->line++;
	if (rd->rc)
		return rd->rc;
	o = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
	if (!o && !whole) {
		/* Lines are written in batches: only a kill leaves one without its newline. */
		rd->r->cut_line = rd->timing ? rd->r->cut_line : rd->line;
		return 0;
	}
	if (!o)
		return bp_json_get_fail(rd, BP_ECONFIG, "no JSON: %s (column %d)", why.text, why.column);
	if (json_is_object(o))
		read_object(rd, o);
	else
		bp_json_get_fail(rd, BP_ECONFIG, "expected an object {…}");
	json_decref(o);
	return rd->rc;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct bp_journal_evidence *)a)->id, y = ((const struct bp_journal_evidence *)b)->id;

	return (x > y) - (x < y);
}

int bp_results_reader_done(struct bp_results_reader *rd)
{
	struct bp_results *r = rd->r;

	if (rd->rc || rd->timing)
		return rd->rc;
	if (!rd->have_run)
		return bp_fail(rd->err, BP_ECONFIG, "%s: no 'run' line: the run was killed before it wrote anything",
			       rd->name);
	if (r->n_evidence)
		qsort(r->evidence, r->n_evidence, sizeof(*r->evidence), by_id);
	for (size_t i = 1; i < r->n_evidence; i++) {
		if (r->evidence[i].id == r->evidence[i - 1].id)
			return bp_fail(rd->err, BP_ECONFIG, "%s: evidence %u occurs twice", rd->name, r->evidence[i].id);
	}
	add_up(r);
	return 0;
}

int bp_results_reader_init(struct bp_results_reader *rd, struct bp_arena *a, struct bp_results *r, const char *name,
			   struct bp_err *err)
{
	*rd = (struct bp_results_reader){.arena = a, .r = r, .name = name, .err = err, .timing = r != NULL};
	if (!r)
		rd->r = bp_arena_alloc(a, sizeof(*rd->r));
	return rd->r ? 0 : bp_fail(err, BP_ENOMEM, "%s: no memory", name);
}
