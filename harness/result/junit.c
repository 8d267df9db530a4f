/* SPDX-License-Identifier: Apache-2.0 */
#include "result/junit.h"

#include "base/xml.h"
#include "result/words.h"

#include <stdio.h>

#define TOKENS_MAX 20     /* failing tokens with evidence in one failure; the rest is counted */
#define TIMELINE_LINES 8  /* the last of them: what led to the verdict */
#define CONSOLE_LINES 8
#define CONSOLE_BYTES 2048

struct counts {
	uint32_t tests, failures, errors, skipped;
};

struct junit {
	const struct bp_results *r;
	struct bp_xml xml;
	struct bp_text body;     /* of the element at hand */
	struct counts suite;     /* counted on a first pass over the suite */
	bool dry;                /* that first pass: count, write nothing */
};

enum kind { KIND_PASSED, KIND_FAILURE, KIND_ERROR, KIND_SKIPPED };

static void property(struct junit *j, const char *name, const char *value)
{
	bp_xml_open(&j->xml, "property");
	bp_xml_attr(&j->xml, "name", name);
	bp_xml_attr(&j->xml, "value", value);
	bp_xml_close(&j->xml);
}

static void property_u(struct junit *j, const char *name, uint64_t value)
{
	bp_xml_open(&j->xml, "property");
	bp_xml_attr(&j->xml, "name", name);
	bp_xml_attrf(&j->xml, "value", "%llu", (unsigned long long)value);
	bp_xml_close(&j->xml);
}

static void count_properties(struct junit *j, const uint32_t *count, uint32_t cases, uint32_t merged)
{
	property_u(j, "cases", cases);
	property_u(j, "merged", merged);
	for (unsigned v = 0; v < BP_VERDICTS; v++)
		property_u(j, bp_verdict_name((enum bp_verdict)v), count[v]);
}

/* Text of known length: a console may hold NUL, which XML has no place for. */
static void add_bytes(struct bp_text *t, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i])
			bp_text_add(t, &s[i], 1);
		else
			bp_text_puts(t, "\xef\xbf\xbd");
	}
}

static void evidence_lines(struct bp_text *t, const struct bp_journal_evidence *e)
{
	size_t from = e->n_timeline > TIMELINE_LINES ? e->n_timeline - TIMELINE_LINES : 0;
	size_t tail = bp_show_tail(e->console, e->console_len, CONSOLE_LINES, CONSOLE_BYTES);

	if (e->n_timeline)
		bp_text_puts(t, "  time line, its end:\n");
	for (size_t i = from; i < e->n_timeline; i++) {
		bp_text_puts(t, "    ");
		bp_show_moment(t, e->timeline[i].at_ns);
		bp_text_printf(t, "  %s\n", e->timeline[i].what);
	}
	if (!e->console_len)
		return;
	bp_text_puts(t, "  console, its end:\n    ");
	for (size_t at = tail; at < e->console_len; at++) {
		add_bytes(t, e->console + at, 1);
		if (e->console[at] == '\n' && at + 1 < e->console_len)
			bp_text_puts(t, "    ");
	}
	if (e->console[e->console_len - 1] != '\n')
		bp_text_puts(t, "\n");
}

static void case_lines(struct junit *j, const struct bp_journal_case *c)
{
	const struct bp_journal_evidence *e = bp_results_evidence(j->r, c->evidence);
	struct bp_text *t = &j->body;

	bp_text_printf(t, "%s\n  %s: %s\n", c->token, *c->invariant ? c->invariant : bp_verdict_name(c->verdict), c->text);
	if (c->op != BP_NO_OP || *c->phase) {
		bp_text_puts(t, "  at ");
		bp_show_place(t, c);
		bp_text_puts(t, "\n");
	}
	bp_text_puts(t, "  again with: ");
	bp_show_replay(t, j->r->run.replay, c->token);
	bp_text_puts(t, "\n");
	if (e)
		evidence_lines(t, e);
	bp_text_puts(t, "\n");
}

/* The element that says why a testcase did not pass: its first cases with that verdict, with evidence. */
static void complaint(struct junit *j, const struct bp_result_scenario *s, size_t variant, enum bp_verdict v,
		      const char *element)
{
	const struct bp_result_variant *var = &s->variants[variant];
	const struct bp_journal_case *first = NULL;
	uint32_t seen = 0;

	bp_text_clear(&j->body);
	for (size_t i = 0; i < s->n_cases && seen < TOKENS_MAX; i++) {
		if (s->variant_of[i] != variant || s->cases[i].verdict != v)
			continue;
		if (!first)
			first = &s->cases[i];
		case_lines(j, &s->cases[i]);
		seen++;
	}
	if (var->count[v] > seen)
		bp_text_printf(&j->body, "… and %u more: see journal.jsonl\n", var->count[v] - seen);
	bp_xml_open(&j->xml, element);
	bp_xml_attrf(&j->xml, "message", "%u of %u cases %s: %s%s%s", var->count[v], var->cases, bp_show_verdict(v),
		     first ? first->invariant : "", first && *first->invariant ? ": " : "", first ? first->text : "");
	bp_xml_attr(&j->xml, "type", v == BP_FAIL && first && *first->invariant ? first->invariant : bp_verdict_name(v));
	bp_xml_text(&j->xml, j->body.len ? j->body.bytes : "");
	bp_xml_close(&j->xml);
}

/* Wall time when it is known, else board time; split by cases. */
static uint64_t time_ns(const struct bp_result_scenario *s, uint32_t cases)
{
	uint64_t all = s->timed ? s->timing.wall_ns : s->sums.virtual_ns;

	return s->sums.cases ? all / s->sums.cases * cases : 0;
}

static void testcase_open(struct junit *j, const struct bp_result_scenario *s, const char *name, uint32_t cases)
{
	char seconds[BP_SHOW_COUNT_BYTES];

	bp_xml_open(&j->xml, "testcase");
	bp_xml_attrf(&j->xml, "classname", "brickproof.%s.%s",
		     *s->head.product ? s->head.product : j->r->run.product, s->head.name);
	bp_xml_attr(&j->xml, "name", name);
	bp_xml_attr(&j->xml, "time", bp_show_seconds(seconds, time_ns(s, cases)));
}

static void count_kind(struct junit *j, enum kind kind)
{
	j->suite.tests++;
	j->suite.failures += kind == KIND_FAILURE;
	j->suite.errors += kind == KIND_ERROR;
	j->suite.skipped += kind == KIND_SKIPPED;
}

/* A device failure outranks rig trouble, which outranks a fault that did not fire. */
static enum bp_verdict worst_of(const struct bp_result_variant *v)
{
	static const enum bp_verdict order[] = {BP_FAIL, BP_RIG, BP_NOT_EXERCISED, BP_PASS};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (v->count[order[i]])
			return order[i];
	}
	return BP_SKIP;
}

static enum kind kind_of(const struct bp_result_scenario *s, const struct bp_result_variant *v, enum bp_verdict worst)
{
	if (worst == BP_FAIL)
		return KIND_FAILURE;
	if (worst == BP_RIG || (worst == BP_NOT_EXERCISED && s->head.required))
		return KIND_ERROR;
	return v->count[BP_PASS] ? KIND_PASSED : KIND_SKIPPED;
}

static void testcase_variant(struct junit *j, const struct bp_result_scenario *s, size_t i)
{
	const struct bp_result_variant *v = &s->variants[i];
	enum bp_verdict why = worst_of(v);
	enum kind kind = kind_of(s, v, why);
	static const char *const element[] = {NULL, "failure", "error", "skipped"};

	if (j->dry) {
		count_kind(j, kind);
		return;
	}
	testcase_open(j, s, v->name, v->cases);
	bp_xml_open(&j->xml, "properties");
	count_properties(j, v->count, v->cases, v->merged);
	bp_xml_close(&j->xml);
	if (kind == KIND_SKIPPED) {
		bp_xml_open(&j->xml, "skipped");
		bp_xml_attrf(&j->xml, "message", "%u of %u cases %s", v->count[why], v->cases, bp_show_verdict(why));
		bp_xml_close(&j->xml);
	} else if (kind != KIND_PASSED) {
		complaint(j, s, i, why, element[kind]);
	}
	bp_xml_close(&j->xml);
}

/* A testcase that stands for the scenario as a whole; message NULL: it passed, and `out` says how. */
static void testcase_whole(struct junit *j, const struct bp_result_scenario *s, const char *name, const char *type,
			   const char *message, const char *out)
{
	if (j->dry) {
		count_kind(j, message ? KIND_ERROR : KIND_PASSED);
		return;
	}
	testcase_open(j, s, name, s->head.control ? s->sums.cases : 0);
	if (message) {
		bp_xml_open(&j->xml, "error");
		bp_xml_attr(&j->xml, "message", message);
		bp_xml_attr(&j->xml, "type", type);
		bp_xml_close(&j->xml);
	}
	if (out) {
		bp_xml_open(&j->xml, "system-out");
		bp_xml_text(&j->xml, out);
		bp_xml_close(&j->xml);
	}
	bp_xml_close(&j->xml);
}

static const struct bp_journal_case *first_failure(const struct bp_result_scenario *s)
{
	for (size_t i = 0; i < s->n_cases; i++) {
		if (s->cases[i].verdict == BP_FAIL)
			return &s->cases[i];
	}
	return NULL;
}

static void testcase_control(struct junit *j, const struct bp_result_scenario *s)
{
	const struct bp_journal_case *c = first_failure(s);
	char *name = bp_arena_printf(j->body.arena, "the mutant %s is caught", s->head.control);

	if (!name) {
		j->body.failed = 1;
		return;
	}
	bp_text_clear(&j->body);
	if (c)
		bp_text_printf(&j->body, "caught by %u of %u cases, first by %s\n  %s: %s\n", s->sums.count[BP_FAIL],
			       s->sums.cases, c->token, c->invariant, c->text);
	testcase_whole(j, s, name, "control", c ? NULL : "no case caught the mutant: the rig is blind to this defect",
		       c ? j->body.bytes : NULL);
}

static void testcases(struct junit *j, const struct bp_result_scenario *s)
{
	char message[128];

	if (s->head.control) {
		testcase_control(j, s);
	} else {
		for (size_t i = 0; i < s->n_variants; i++)
			testcase_variant(j, s, i);
		if (s->ended && s->head.required && s->sums.count[BP_SKIP] == s->sums.cases)
			testcase_whole(j, s, "cases are judged", "nothing-judged",
				       "a required scenario of which no case was judged", NULL);
	}
	snprintf(message, sizeof(message), "the run ended after %u of %u planned cases", s->sums.cases, s->head.cases);
	if (!s->ended)
		testcase_whole(j, s, "the scenario is finished", "incomplete", message, NULL);
}

static void search_properties(struct junit *j, const struct bp_journal_search *s)
{
	uint64_t states = 0;

	bp_text_clear(&j->body);
	for (size_t i = 0; i < s->n_levels; i++) {
		bp_text_printf(&j->body, "%s%u", i ? " " : "", s->levels[i].states);
		states += s->levels[i].states;
	}
	property(j, "new_states_by_depth", j->body.len ? j->body.bytes : "");
	property_u(j, "depth", s->levels[s->n_levels - 1].depth);
	property_u(j, "states", states);
	property_u(j, "open_states", s->open);
	property(j, "search", s->end);
}

static void suite_properties(struct junit *j, const struct bp_result_scenario *s)
{
	struct bp_text *t = &j->body;

	bp_xml_open(&j->xml, "properties");
	property(j, "title", s->head.title);
	property(j, "file", s->head.file);
	property(j, "product", s->head.product);
	property(j, "hash8", s->head.hash8);
	bp_text_clear(t);
	for (size_t i = 0; i < s->head.n_covers; i++)
		bp_text_printf(t, "%s%s", i ? " " : "", s->head.covers[i]);
	property(j, "covers", t->len ? t->bytes : "");
	property(j, "required", s->head.required ? "true" : "false");
	if (s->head.control)
		property(j, "control", s->head.control);
	property_u(j, "planned", s->head.cases);
	property_u(j, "operations", s->head.operations);
	property_u(j, "runs", s->sums.runs);
	property_u(j, "virtual_ns", s->sums.virtual_ns);
	count_properties(j, s->sums.count, s->sums.cases, s->sums.merged);
	if (s->search.n_levels)
		search_properties(j, &s->search);
	bp_xml_close(&j->xml);
}

static void count_suite(struct junit *j, const struct bp_result_scenario *s)
{
	j->suite = (struct counts){0};
	j->dry = true;
	testcases(j, s);
	j->dry = false;
}

static void count_attrs(struct junit *j, const struct counts *c, uint64_t ns)
{
	char seconds[BP_SHOW_COUNT_BYTES];

	bp_xml_attrf(&j->xml, "tests", "%u", c->tests);
	bp_xml_attrf(&j->xml, "failures", "%u", c->failures);
	bp_xml_attrf(&j->xml, "errors", "%u", c->errors);
	bp_xml_attrf(&j->xml, "skipped", "%u", c->skipped);
	bp_xml_attr(&j->xml, "time", bp_show_seconds(seconds, ns));
}

static void suite(struct junit *j, const struct bp_result_scenario *s)
{
	count_suite(j, s);
	bp_xml_open(&j->xml, "testsuite");
	bp_xml_attr(&j->xml, "name", s->head.name);
	count_attrs(j, &j->suite, s->timed ? s->timing.wall_ns : s->sums.virtual_ns);
	suite_properties(j, s);
	testcases(j, s);
	bp_xml_close(&j->xml);
}

/* Scenarios that the run never reached have no suite: say so in one of its own. */
static bool missing_scenarios(const struct bp_results *r)
{
	return !r->complete || r->n_scenarios < r->run.scenarios;
}

static void missing_suite(struct junit *j)
{
	const struct counts one = {.tests = 1, .errors = 1};

	bp_xml_open(&j->xml, "testsuite");
	bp_xml_attr(&j->xml, "name", "the run");
	count_attrs(j, &one, 0);
	bp_xml_open(&j->xml, "testcase");
	bp_xml_attrf(&j->xml, "classname", "brickproof.%s", j->r->run.product);
	bp_xml_attr(&j->xml, "name", "all scenarios are run");
	bp_xml_open(&j->xml, "error");
	bp_xml_attrf(&j->xml, "message", "the run was cut short: %zu of %u scenarios were begun", j->r->n_scenarios,
		     j->r->run.scenarios);
	bp_xml_attr(&j->xml, "type", "incomplete");
	bp_xml_close(&j->xml);
	bp_xml_close(&j->xml);
	bp_xml_close(&j->xml);
}

static struct counts count_all(struct junit *j, uint64_t *ns)
{
	struct counts all = {0};

	*ns = 0;
	for (size_t i = 0; i < j->r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &j->r->scenarios[i];

		count_suite(j, s);
		all.tests += j->suite.tests;
		all.failures += j->suite.failures;
		all.errors += j->suite.errors;
		all.skipped += j->suite.skipped;
		*ns += s->timed ? s->timing.wall_ns : s->sums.virtual_ns;
	}
	all.tests += missing_scenarios(j->r);
	all.errors += missing_scenarios(j->r);
	return all;
}

int bp_junit_write(const struct bp_results *r, struct bp_text *out, struct bp_err *err)
{
	struct junit j = {.r = r};
	struct counts all;
	uint64_t ns;

	bp_text_init(&j.body, out->arena);
	all = count_all(&j, &ns);
	bp_xml_init(&j.xml, out);
	bp_xml_open(&j.xml, "testsuites");
	bp_xml_attrf(&j.xml, "name", "brickproof %s", r->run.product);
	count_attrs(&j, &all, ns);
	for (size_t i = 0; i < r->n_scenarios; i++)
		suite(&j, &r->scenarios[i]);
	if (missing_scenarios(r))
		missing_suite(&j);
	bp_xml_close(&j.xml);
	if (out->failed || j.body.failed)
		return bp_fail(err, BP_ENOMEM, "junit: the report does not fit in memory");
	return 0;
}
