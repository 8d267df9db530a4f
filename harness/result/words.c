/* SPDX-License-Identifier: Apache-2.0 */
#include "result/words.h"

#include <stdio.h>
#include <string.h>

char *bp_show_count(char *out, uint64_t n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

char *bp_show_seconds(char *out, uint64_t ns)
{
	uint64_t ms = ns / 1000000 + (ns % 1000000 >= 500000);

	snprintf(out, BP_SHOW_COUNT_BYTES, "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
	return out;
}

void bp_show_replay(struct bp_text *out, const char *options, const char *token)
{
	bp_text_printf(out, "brickproof replay %s%s'", options ? options : "", options && *options ? " " : "");
	for (const char *s = token; *s; s++) {
		if (*s == '\'')
			bp_text_puts(out, "'\\''");
		else
			bp_text_add(out, s, 1);
	}
	bp_text_puts(out, "'");
}

void bp_show_place(struct bp_text *out, const struct bp_journal_case *c)
{
	char n[BP_SHOW_COUNT_BYTES];

	if (c->op != BP_NO_OP) {
		bp_text_printf(out, "flash operation %s", bp_show_count(n, c->op));
		if (*c->kind)
			bp_text_printf(out, ": %s at 0x%08x", c->kind, c->addr);
	}
	if (*c->phase)
		bp_text_printf(out, "%sphase %s", c->op != BP_NO_OP ? ", " : "", c->phase);
}

void bp_show_moment(struct bp_text *out, uint64_t at_ns)
{
	uint64_t us = at_ns / 1000;

	bp_text_printf(out, "%llu.%03u %03u s", (unsigned long long)(us / 1000000), (unsigned)(us / 1000 % 1000),
		       (unsigned)(us % 1000));
}

const char *bp_show_verdict(enum bp_verdict v)
{
	static const char *const words[BP_VERDICTS] = {
		[BP_PASS] = "passed",
		[BP_FAIL] = "failed",
		[BP_NOT_EXERCISED] = "not exercised",
		[BP_RIG] = "rig trouble",
		[BP_SKIP] = "skipped",
	};

	return (unsigned)v < BP_VERDICTS ? words[v] : "unknown";
}

unsigned bp_show_severity(enum bp_verdict v)
{
	static const unsigned char rank[BP_VERDICTS] = {
		[BP_PASS] = 0, [BP_SKIP] = 1, [BP_NOT_EXERCISED] = 2, [BP_RIG] = 3, [BP_FAIL] = 4,
	};

	return (unsigned)v < BP_VERDICTS ? rank[v] : 0;
}

size_t bp_show_tail(const char *text, size_t len, size_t lines, size_t bytes)
{
	size_t at = len, end = len && text[len - 1] == '\n' ? len - 1 : len;

	for (at = end; at > 0 && len - at < bytes; at--) {
		if (text[at - 1] == '\n' && at <= end && --lines == 0)
			return at;
	}
	while (at && at < len && ((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void plural(struct bp_text *out, uint32_t n, const char *what)
{
	char count[BP_SHOW_COUNT_BYTES];

	bp_text_printf(out, "%s %s%s", bp_show_count(count, n), what, n == 1 ? "" : "s");
}

static void headline_incomplete(struct bp_text *out, const struct bp_results *r)
{
	uint32_t ended = 0;

	for (size_t i = 0; i < r->n_scenarios; i++)
		ended += r->scenarios[i].ended;
	bp_text_printf(out, "The run was cut short: %u of ", ended);
	plural(out, r->run.scenarios, "scenario");
	bp_text_puts(out, " finished");
}

enum bp_outcome bp_show_headline(struct bp_text *out, const struct bp_results *r)
{
	uint32_t of = (uint32_t)r->n_scenarios - r->end.controls, failed = 0, unproven = 0;

	for (size_t i = 0; i < r->n_scenarios; i++) {
		enum bp_outcome o = bp_result_outcome(&r->scenarios[i]);

		failed += o == BP_OUTCOME_FAILED;
		unproven += o == BP_OUTCOME_ERROR && !r->scenarios[i].head.control;
	}
	if (failed) {
		bp_text_printf(out, "The device failed in %u of ", failed);
		plural(out, of, "scenario");
		return BP_OUTCOME_FAILED;
	}
	if (!r->complete) {
		headline_incomplete(out, r);
		return BP_OUTCOME_INCOMPLETE;
	}
	if (r->end.controls_caught < r->end.controls) {
		bp_text_puts(out, "The positive control was not caught: this run proves nothing");
		return BP_OUTCOME_ERROR;
	}
	if (unproven) {
		bp_text_printf(out, "No failure, but %u of ", unproven);
		plural(out, of, "scenario");
		bp_text_puts(out, unproven == 1 ? " is not proven" : " are not proven");
		return BP_OUTCOME_ERROR;
	}
	if (!of) {
		bp_text_puts(out, "No scenario was run");
		return BP_OUTCOME_ERROR;
	}
	bp_text_puts(out, of == 1 ? "The scenario passed" : "All ");
	if (of > 1) {
		plural(out, of, "scenario");
		bp_text_puts(out, " passed");
	}
	return BP_OUTCOME_PASSED;
}

void bp_show_search(struct bp_text *out, const struct bp_journal_search *s)
{
	char n[BP_SHOW_COUNT_BYTES];
	uint64_t states = 0;

	for (size_t i = 0; i < s->n_levels; i++)
		states += s->levels[i].states;
	bp_text_printf(out, "%s states", bp_show_count(n, states));
	if (s->classes)
		bp_text_printf(out, " in %s classes", bp_show_count(n, s->classes));
	bp_text_printf(out, " after up to %u cut%s; ", s->levels[s->n_levels - 1].depth, s->levels[s->n_levels - 1].depth == 1 ? "" : "s");
	if (!strcmp(s->end, BP_SEARCH_CLOSED))
		bp_text_puts(out, "closed: no further cut leads to a new one");
	else if (!strcmp(s->end, BP_SEARCH_BUDGET))
		bp_text_printf(out, "budget-ended, %s states open", bp_show_count(n, s->open));
	else if (!strcmp(s->end, BP_SEARCH_UNPROVEN))
		bp_text_printf(out, "not closed: in %s classes a further cut could tell states apart that were taken for alike",
			       bp_show_count(n, s->unproven));
	else
		bp_text_puts(out, "deeper was not asked for");
}
