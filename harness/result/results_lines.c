/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that carry things: run, scenario, case, evidence. */
#include "result/results_lines.h"

#include <string.h>

static int out_of_memory(struct bp_results_reader *rd)
{
	return bp_json_get_fail(rd, BP_ENOMEM, "no room left for what is in the file");
}

/* Room for one more item in an array that doubles inside the arena. NULL: sticky error. */
static void *grow(struct bp_results_reader *rd, void *items, size_t n, size_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return items;
	more = bp_arena_array(rd->arena, *cap ? *cap * 2 : 16, size);
	if (!more) {
		out_of_memory(rd);
		return NULL;
	}
	if (n)
		memcpy(more, items, n * size);
	*cap = *cap ? *cap * 2 : 16;
	return more;
}

static struct bp_result_scenario *scenario_now(struct bp_results_reader *rd)
{
	return &rd->r->scenarios[rd->r->n_scenarios - 1];
}

void bp_line_run(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_journal_run *run = &rd->r->run;
	const char *seed;
	struct bp_err why;

	if (rd->have_run) {
		bp_json_get_fail(rd, BP_ECONFIG, "a second 'run' line");
		return;
	}
	if (bp_json_get_u64(rd, o, "format", UINT32_MAX) != BP_JOURNAL_FORMAT) {
		bp_json_get_fail(rd, BP_ECONFIG, "journal of another format; this program reads format %d",
				 BP_JOURNAL_FORMAT);
		return;
	}
	run->program = bp_json_get_text(rd, o, "program");
	run->product = bp_json_get_text(rd, o, "product");
	run->firmware = bp_json_get_text(rd, o, "firmware");
	run->title = bp_json_opt_text(rd, o, "title");
	run->budget = bp_json_opt_text(rd, o, "budget");
	run->replay = bp_json_opt_text(rd, o, "replay");
	run->scenarios = bp_json_get_u32(rd, o, "scenarios");
	seed = bp_json_get_text(rd, o, "seed");
	if (!rd->rc && bp_parse_u64(seed, 0, UINT64_MAX, &run->seed, &why))
		bp_json_get_fail(rd, BP_ECONFIG, "'seed': %s", why.text);
	rd->have_run = true;
}

static void read_covers(struct bp_results_reader *rd, const json_t *o, struct bp_journal_scenario *head)
{
	const json_t *list = bp_json_opt_array(rd, o, "covers");
	size_t n = json_array_size(list);
	const char **ids = bp_arena_array(rd->arena, n, sizeof(*ids));

	if (!ids) {
		out_of_memory(rd);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ids[i] = bp_json_item_text(rd, json_array_get(list, i), "covers");
	head->covers = ids;
	head->n_covers = n;
}

static void read_phases(struct bp_results_reader *rd, const json_t *o, struct bp_journal_scenario *head)
{
	const json_t *list = bp_json_opt_array(rd, o, "events");
	size_t n = json_array_size(list);
	struct bp_journal_phase *p = bp_arena_array(rd->arena, n, sizeof(*p));

	if (!p) {
		out_of_memory(rd);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);

		p[i].phase = bp_json_get_text(rd, item, "phase");
		p[i].first = bp_json_get_u32(rd, item, "first");
		p[i].count = bp_json_get_u32(rd, item, "count");
	}
	head->phases = p;
	head->n_phases = n;
}

void bp_line_scenario(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_results *r = rd->r;
	struct bp_journal_scenario head = {0};
	const char *control, *retries;

	head.name = bp_json_get_text(rd, o, "name");
	head.title = bp_json_opt_text(rd, o, "title");
	head.file = bp_json_opt_text(rd, o, "file");
	head.product = bp_json_opt_text(rd, o, "product");
	head.hash8 = bp_json_opt_text(rd, o, "hash8");
	head.required = bp_json_get_bool(rd, o, "required");
	control = bp_json_opt_text(rd, o, "control");
	head.control = *control ? control : NULL;
	retries = bp_json_opt_text(rd, o, "retries");
	head.retries = *retries ? retries : NULL;
	head.cases = bp_json_get_u32(rd, o, "cases");
	head.operations = bp_json_get_u32(rd, o, "operations");
	read_covers(rd, o, &head);
	read_phases(rd, o, &head);
	if (rd->rc)
		return;
	for (size_t i = 0; i < r->n_scenarios; i++) {
		if (strcmp(r->scenarios[i].head.name, head.name) == 0) {
			bp_json_get_fail(rd, BP_ECONFIG, "a second scenario '%s'", head.name);
			return;
		}
	}
	if (rd->open) {
		bp_json_get_fail(rd, BP_ECONFIG, "scenario '%s' begins before '%s' has ended", head.name,
				 scenario_now(rd)->head.name);
		return;
	}
	r->scenarios = grow(rd, r->scenarios, r->n_scenarios, &rd->cap_scenarios, sizeof(*r->scenarios));
	if (!r->scenarios)
		return;
	r->scenarios[r->n_scenarios++] = (struct bp_result_scenario){.head = head};
	rd->cap_cases = rd->cap_variants = rd->last_variant = 0;
	rd->open = true;
}

/* Index of the case's variant, a new one if need be. */
static size_t variant_of(struct bp_results_reader *rd, struct bp_result_scenario *s, const char *name)
{
	/* Names are interned: the same text is the same pointer. */
	if (rd->last_variant < s->n_variants && s->variants[rd->last_variant].name == name)
		return rd->last_variant;
	for (size_t i = 0; i < s->n_variants; i++) {
		if (s->variants[i].name == name)
			return i;
	}
	s->variants = grow(rd, s->variants, s->n_variants, &rd->cap_variants, sizeof(*s->variants));
	if (!s->variants)
		return 0;
	s->variants[s->n_variants].name = name;
	return s->n_variants++;
}

static void case_add(struct bp_results_reader *rd, const struct bp_journal_case *c)
{
	struct bp_result_scenario *s = scenario_now(rd);
	size_t cap = rd->cap_cases;
	struct bp_result_variant *v;
	size_t index;

	s->cases = grow(rd, s->cases, s->n_cases, &rd->cap_cases, sizeof(*s->cases));
	s->variant_of = grow(rd, s->variant_of, s->n_cases, &cap, sizeof(*s->variant_of));
	index = variant_of(rd, s, c->variant);
	if (rd->rc)
		return;
	rd->last_variant = index;
	v = &s->variants[index];
	s->cases[s->n_cases] = *c;
	s->variant_of[s->n_cases++] = (uint32_t)index;
	v->cases++;
	v->count[c->verdict]++;
	v->merged += c->merged;
	s->sums.cases++;
	s->sums.count[c->verdict]++;
	s->sums.merged += c->merged;
}

void bp_line_case(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_journal_case c = {.op = BP_NO_OP};
	struct bp_err why;

	c.token = bp_json_get_long_text(rd, o, "token");
	c.scenario = bp_json_get_text(rd, o, "scenario");
	c.variant = bp_json_get_text(rd, o, "variant");
	c.phase = bp_json_opt_text(rd, o, "phase");
	c.kind = bp_json_opt_text(rd, o, "kind");
	if (json_object_get(o, "op"))
		c.op = bp_json_get_u32(rd, o, "op");
	if (json_object_get(o, "addr"))
		c.addr = bp_json_get_u32(rd, o, "addr");
	if (json_object_get(o, "depth"))
		c.depth = bp_json_get_u32(rd, o, "depth");
	c.run = bp_json_get_u32(rd, o, "run");
	c.merged = bp_json_get_bool(rd, o, "merged");
	c.running = bp_json_opt_text(rd, o, "running");
	c.reason = bp_json_opt_text(rd, o, "reason");
	c.invariant = bp_json_opt_text(rd, o, "invariant");
	c.text = bp_json_opt_text(rd, o, "text");
	if (json_object_get(o, "evidence"))
		c.evidence = bp_json_get_u32(rd, o, "evidence");
	if (bp_verdict_parse(bp_json_get_text(rd, o, "verdict"), &c.verdict, &why))
		bp_json_get_fail(rd, BP_ECONFIG, "%s", why.text);
	if (rd->rc)
		return;
	if (!rd->open || strcmp(scenario_now(rd)->head.name, c.scenario) != 0) {
		bp_json_get_fail(rd, BP_ECONFIG, "a case of scenario '%s' outside of it", c.scenario);
		return;
	}
	case_add(rd, &c);
}

void bp_line_search(struct bp_results_reader *rd, const json_t *o)
{
	const json_t *list = bp_json_opt_array(rd, o, "levels");
	struct bp_journal_search s = {.n_levels = json_array_size(list)};
	struct bp_journal_level *l = bp_arena_array(rd->arena, s.n_levels + 1, sizeof(*l));

	s.scenario = bp_json_get_text(rd, o, "scenario");
	s.end = bp_json_get_text(rd, o, "end");
	s.open = bp_json_get_u32(rd, o, "open");
	if (json_object_get(o, "classes")) {
		s.classes = bp_json_get_u32(rd, o, "classes");
		s.unproven = bp_json_get_u32(rd, o, "unproven");
	}
	s.levels = l;
	if (!l) {
		out_of_memory(rd);
		return;
	}
	for (size_t i = 0; i < s.n_levels; i++) {
		const json_t *item = json_array_get(list, i);

		l[i] = (struct bp_journal_level){
			.depth = bp_json_get_u32(rd, item, "depth"), .cases = bp_json_get_u32(rd, item, "cases"),
			.merged = bp_json_get_u32(rd, item, "merged"), .states = bp_json_get_u32(rd, item, "states"),
			.open = bp_json_get_u32(rd, item, "open"),
		};
	}
	if (rd->rc)
		return;
	if (!rd->open || strcmp(scenario_now(rd)->head.name, s.scenario) != 0)
		bp_json_get_fail(rd, BP_ECONFIG, "the search of scenario '%s' outside of it", s.scenario);
	else
		scenario_now(rd)->search = s;
}

static void read_timeline(struct bp_results_reader *rd, const json_t *o, struct bp_journal_evidence *e)
{
	const json_t *list = bp_json_opt_array(rd, o, "timeline");
	size_t n = json_array_size(list);
	struct bp_journal_moment *m = bp_arena_array(rd->arena, n, sizeof(*m));

	if (!m) {
		out_of_memory(rd);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);

		m[i].at_ns = bp_json_get_u64(rd, item, "at_ns", INT64_MAX);
		m[i].what = bp_json_get_text(rd, item, "what");
	}
	e->timeline = m;
	e->n_timeline = n;
}

static const struct bp_journal_field *read_state(struct bp_results_reader *rd, const json_t *o, const char *key,
						 size_t *count)
{
	const json_t *list = bp_json_opt_array(rd, o, key);
	size_t n = json_array_size(list);
	struct bp_journal_field *f = bp_arena_array(rd->arena, n, sizeof(*f));

	if (!f) {
		out_of_memory(rd);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);

		f[i].name = bp_json_get_text(rd, item, "name");
		f[i].value = bp_json_get_text(rd, item, "value");
	}
	*count = n;
	return f;
}

static void read_flash(struct bp_results_reader *rd, const json_t *o, struct bp_journal_evidence *e)
{
	const json_t *list = bp_json_opt_array(rd, o, "flash");
	size_t n = json_array_size(list);
	struct bp_journal_area *area = bp_arena_array(rd->arena, n, sizeof(*area));

	if (!area) {
		out_of_memory(rd);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);

		area[i].area = bp_json_get_text(rd, item, "area");
		area[i].before = bp_json_get_text(rd, item, "before");
		area[i].after = bp_json_get_text(rd, item, "after");
	}
	e->flash = area;
	e->n_flash = n;
}

void bp_line_evidence(struct bp_results_reader *rd, const json_t *o)
{
	struct bp_results *r = rd->r;
	struct bp_journal_evidence e = {0};

	e.id = bp_json_get_u32(rd, o, "id");
	e.token = bp_json_get_long_text(rd, o, "token");
	e.console = bp_json_get_bytes(rd, o, "console", &e.console_len);
	read_timeline(rd, o, &e);
	e.state_before = read_state(rd, o, "state_before", &e.n_before);
	e.state_after = read_state(rd, o, "state_after", &e.n_after);
	read_flash(rd, o, &e);
	r->evidence = grow(rd, r->evidence, r->n_evidence, &rd->cap_evidence, sizeof(*r->evidence));
	if (!rd->rc)
		r->evidence[r->n_evidence++] = e;
}
