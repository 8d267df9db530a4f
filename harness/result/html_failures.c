/* SPDX-License-Identifier: Apache-2.0 */
/* What did not pass: device failures with evidence, then faults that did not fire and rig trouble. */
#include "result/html_evidence.h"

#include "result/words.h"

#include <string.h>

#define FAILURES_MAX 50u  /* listed; the rest is counted */
#define OPEN_MAX 1u       /* of them unfolded from the start */
#define FIRST_MAX 5u      /* of them in view; the others wait behind one line */
#define OTHERS_MAX 50u    /* kinds of what was not exercised, or of rig trouble */
#define KINDS_MAX 12u     /* rows of the summary by invariant */

struct kind_of_failure {
	const char *invariant;
	const struct bp_result_scenario *first, *last;
	uint32_t cases, scenarios;
};

/* Copies itself to the clipboard; hidden where there is no script. */
static void copy_button(struct bp_page *p, const char *what, const char *text)
{
	bp_text_puts(p->out, "<button type=\"button\" class=\"copy\" data-copy=\"");
	bp_page_text(p, text);
	bp_text_printf(p->out, "\">copy<span class=\"vh\"> the %s</span></button>", what);
}

static void replay_line(struct bp_page *p, const char *token)
{
	bp_text_clear(&p->scratch);
	bp_show_replay(&p->scratch, p->r->run.replay, token);
	if (!p->scratch.bytes)
		return;
	bp_text_puts(p->out, "<p class=\"replay\"><code><span aria-hidden=\"true\">$ </span>");
	bp_page_text(p, p->scratch.bytes);
	bp_text_puts(p->out, "</code>");
	copy_button(p, "command", p->scratch.bytes);
	bp_text_puts(p->out, "</p>\n");
}

static void place(struct bp_page *p, const struct bp_result_scenario *s, const struct bp_journal_case *c)
{
	bp_text_clear(&p->scratch);
	bp_show_place(&p->scratch, c);
	bp_text_puts(p->out, "<p class=\"meta\">");
	bp_page_text(p, s->head.name);
	bp_text_puts(p->out, " · ");
	bp_page_text(p, c->variant);
	if (p->scratch.len) {
		bp_text_puts(p->out, " · ");
		bp_page_textn(p, p->scratch.bytes, p->scratch.len);
	}
	if (*c->running || *c->reason) {
		bp_text_puts(p->out, " · running in the end: <b>");
		bp_page_text(p, *c->running ? c->running : "nothing known");
		bp_text_puts(p->out, "</b>");
	}
	if (*c->reason) {
		bp_text_puts(p->out, " · reason reported: <b>");
		bp_page_text(p, c->reason);
		bp_text_puts(p->out, "</b>");
	}
	bp_text_puts(p->out, "</p>\n");
}

static void failure(struct bp_page *p, const struct bp_result_scenario *s, const struct bp_journal_case *c, bool open)
{
	const struct bp_journal_evidence *e = bp_results_evidence(p->r, c->evidence);

	bp_text_printf(p->out, "<details class=\"failure\"%s>\n<summary><span class=\"what\"><b>", open ? " open" : "");
	bp_page_text(p, *c->invariant ? c->invariant : bp_verdict_name(c->verdict));
	bp_text_puts(p->out, "</b> ");
	bp_page_text(p, c->text);
	bp_text_puts(p->out, "</span><code class=\"token\">");
	bp_page_text(p, c->token);
	bp_text_puts(p->out, "</code></summary>\n<div class=\"inside\">\n");
	place(p, s, c);
	bp_text_puts(p->out, "<p class=\"replay\"><code>");
	bp_page_text(p, c->token);
	bp_text_puts(p->out, "</code>");
	copy_button(p, "token", c->token);
	bp_text_puts(p->out, "</p>\n");
	replay_line(p, c->token);
	if (e)
		bp_page_evidence(p, e);
	else
		bp_text_puts(p->out, "<p class=\"note\">No evidence was kept of this case; replay it to get some.</p>\n");
	bp_text_puts(p->out, "</div>\n</details>\n");
}

static size_t find_kinds(const struct bp_results *r, struct kind_of_failure *kinds)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &r->scenarios[i];

		for (size_t k = 0; k < s->n_cases && !s->head.control; k++) {
			size_t at = 0;

			if (s->cases[k].verdict != BP_FAIL)
				continue;
			/* Texts of a journal are interned. */
			while (at < n && kinds[at].invariant != s->cases[k].invariant)
				at++;
			if (at == KINDS_MAX)
				continue;
			if (at == n)
				kinds[n++] = (struct kind_of_failure){.invariant = s->cases[k].invariant, .first = s};
			kinds[at].cases++;
			kinds[at].scenarios += kinds[at].last != s;
			kinds[at].last = s;
		}
	}
	return n;
}

/* Which invariants broke, how often, where: many failures are mostly one defect. */
static void summary(struct bp_page *p)
{
	struct kind_of_failure kinds[KINDS_MAX];
	size_t n = find_kinds(p->r, kinds);

	bp_text_puts(p->out, "<ul class=\"kinds\">\n");
	for (size_t i = 0; i < n; i++) {
		bp_text_puts(p->out, "<li>");
		bp_page_glyph(p, "fail");
		bp_text_puts(p->out, "<b>");
		bp_page_text(p, *kinds[i].invariant ? kinds[i].invariant : "(no invariant named)");
		bp_text_puts(p->out, "</b> <span>");
		bp_page_plural(p, kinds[i].cases, "case");
		bp_text_puts(p->out, " in ");
		bp_page_text(p, kinds[i].first->head.name);
		if (kinds[i].scenarios > 1)
			bp_text_printf(p->out, " and %u more", kinds[i].scenarios - 1);
		bp_text_puts(p->out, "</span></li>\n");
	}
	bp_text_puts(p->out, "</ul>\n");
}

static void fold(struct bp_page *p, uint32_t n)
{
	bp_text_puts(p->out, "<details class=\"more\">\n<summary>");
	bp_page_plural(p, n, "more failure");
	bp_text_puts(p->out, "</summary>\n");
}

void bp_page_failures(struct bp_page *p)
{
	const struct bp_results *r = p->r;
	uint32_t all = r->end.sums.count[BP_FAIL], listed = 0;

	if (!all)
		return;
	bp_text_puts(p->out, "<section id=\"failures\">\n<h2>Failures</h2>\n");
	summary(p);
	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &r->scenarios[i];

		for (size_t k = 0; k < s->n_cases && !s->head.control && listed < FAILURES_MAX; k++) {
			if (s->cases[k].verdict != BP_FAIL)
				continue;
			if (listed == FIRST_MAX)
				fold(p, (all < FAILURES_MAX ? all : FAILURES_MAX) - listed);
			failure(p, s, &s->cases[k], listed < OPEN_MAX);
			listed++;
		}
	}
	if (listed > FIRST_MAX)
		bp_text_puts(p->out, "</details>\n");
	if (all > listed) {
		bp_text_puts(p->out, "<p class=\"note\">The first ");
		bp_page_count(p, listed);
		bp_text_puts(p->out, " of ");
		bp_page_count(p, all);
		bp_text_puts(p->out, " failures are shown; all are in <code>journal.jsonl</code>.</p>\n");
	}
	bp_text_puts(p->out, "</section>\n");
}

/* Alike: same scenario, variant, invariant and words; texts of a journal are interned. */
struct group {
	const struct bp_result_scenario *s;
	const struct bp_journal_case *first;
	uint32_t cases;
};

static size_t find_groups(const struct bp_results *r, enum bp_verdict v, struct group *groups, uint32_t *listed)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &r->scenarios[i];

		for (size_t k = 0; k < s->n_cases && !s->head.control; k++) {
			const struct bp_journal_case *c = &s->cases[k];
			size_t at = 0;

			if (c->verdict != v)
				continue;
			while (at < n && (groups[at].s != s || groups[at].first->variant != c->variant ||
					  groups[at].first->invariant != c->invariant || groups[at].first->text != c->text))
				at++;
			if (at == OTHERS_MAX)
				continue;
			if (at == n)
				groups[n++] = (struct group){.s = s, .first = c};
			groups[at].cases++;
			(*listed)++;
		}
	}
	return n;
}

static void group(struct bp_page *p, const struct group *g)
{
	const struct bp_journal_case *c = g->first;

	bp_text_printf(p->out, "<li class=\"v-%s\">", bp_verdict_name(c->verdict));
	bp_page_glyph(p, bp_verdict_name(c->verdict));
	bp_text_puts(p->out, "<span><b>");
	bp_page_text(p, *c->invariant ? c->invariant : bp_show_verdict(c->verdict));
	bp_text_puts(p->out, "</b> ");
	bp_page_text(p, c->text);
	bp_text_puts(p->out, " <small>");
	bp_page_plural(p, g->cases, "case");
	bp_text_puts(p->out, " of ");
	bp_page_text(p, g->s->head.name);
	bp_text_puts(p->out, ", ");
	bp_page_text(p, c->variant);
	bp_text_puts(p->out, g->s->head.required ? "" : ", optional");
	bp_text_printf(p->out, "</small><code class=\"token\">%s", g->cases > 1 ? "first: " : "");
	bp_page_text(p, c->token);
	bp_text_puts(p->out, "</code></span></li>\n");
}

static void others_of(struct bp_page *p, enum bp_verdict v, const char *id, const char *title, const char *words)
{
	uint32_t all = p->r->end.sums.count[v], listed = 0;
	struct group groups[OTHERS_MAX];
	size_t n;

	if (!all)
		return;
	n = find_groups(p->r, v, groups, &listed);
	bp_text_printf(p->out, "<section id=\"%s\">\n<h2>%s <small>", id, title);
	bp_page_count(p, all);
	bp_text_printf(p->out, "</small></h2>\n<p class=\"meta\">%s</p>\n<ul class=\"others\">\n", words);
	for (size_t i = 0; i < n; i++)
		group(p, &groups[i]);
	bp_text_puts(p->out, "</ul>\n");
	if (all > listed) {
		bp_text_puts(p->out, "<p class=\"note\">… and ");
		bp_page_count(p, all - listed);
		bp_text_puts(p->out, " more in <code>journal.jsonl</code>.</p>\n");
	}
	bp_text_puts(p->out, "</section>\n");
}

void bp_page_others(struct bp_page *p)
{
	others_of(p, BP_NOT_EXERCISED, "not-exercised", "Not exercised",
		  "The fault never took place, or hit something else: these cases say nothing of the device.");
	others_of(p, BP_RIG, "rig", "Rig trouble", "The bench or the rig failed: nothing is known of the device.");
}
