/* SPDX-License-Identifier: Apache-2.0 */
#include "result/html.h"

#include "base/xml.h"
#include "result/html_parts.h"
#include "result/words.h"

#include <stdio.h>
#include <string.h>

#define TOKENS_IN_STRIPS 3000 /* some 80 bytes each: keeps the page small when tokens follow no pattern */

extern const char bp_page_css[], bp_page_css_end[], bp_page_js[], bp_page_js_end[]; /* page.S */

/* Signs of the verdicts, 16 by 16, drawn in the colour of the text around them. */
static const char signs[] =
	"<svg width=\"0\" height=\"0\" aria-hidden=\"true\" class=\"defs\"><defs>"
	"<symbol id=\"g-pass\" viewBox=\"0 0 16 16\"><path d=\"M3 8.5l3.4 3.5L13 4.8\" fill=\"none\" stroke=\"currentColor\" "
	"stroke-width=\"2.2\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></symbol>"
	"<symbol id=\"g-fail\" viewBox=\"0 0 16 16\"><path d=\"M4 4l8 8M12 4l-8 8\" fill=\"none\" stroke=\"currentColor\" "
	"stroke-width=\"2.4\" stroke-linecap=\"round\"/></symbol>"
	"<symbol id=\"g-not-exercised\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5\" fill=\"none\" "
	"stroke=\"currentColor\" stroke-width=\"2\" stroke-dasharray=\"2.6 2.6\"/></symbol>"
	"<symbol id=\"g-rig\" viewBox=\"0 0 16 16\"><path d=\"M8 2.5L14.5 13.5h-13z\" fill=\"none\" stroke=\"currentColor\" "
	"stroke-width=\"1.8\" stroke-linejoin=\"round\"/><path d=\"M8 6.5v3.2M8 11.4v.3\" stroke=\"currentColor\" "
	"stroke-width=\"1.8\" stroke-linecap=\"round\"/></symbol>"
	"<symbol id=\"g-skip\" viewBox=\"0 0 16 16\"><path d=\"M4 8h8\" stroke=\"currentColor\" stroke-width=\"2\" "
	"stroke-linecap=\"round\"/></symbol>"
	"</defs></svg>\n";

void bp_page_textn(struct bp_page *p, const char *s, size_t len)
{
	bp_xml_escape(p->out, s, len);
}

void bp_page_text(struct bp_page *p, const char *s)
{
	bp_page_textn(p, s, strlen(s));
}

void bp_page_count(struct bp_page *p, uint64_t n)
{
	char text[BP_SHOW_COUNT_BYTES];

	bp_text_puts(p->out, bp_show_count(text, n));
}

void bp_page_plural(struct bp_page *p, uint64_t n, const char *what)
{
	bp_page_count(p, n);
	bp_text_printf(p->out, " %s%s", what, n == 1 ? "" : "s");
}

void bp_page_duration(struct bp_page *p, uint64_t ns)
{
	char text[64];

	bp_page_text(p, bp_show_duration(text, sizeof(text), ns));
}

void bp_page_glyph(struct bp_page *p, const char *name)
{
	bp_text_printf(p->out, "<svg class=\"g\" aria-hidden=\"true\"><use href=\"#g-%s\"/></svg>", name);
}

const char *bp_page_outcome_class(enum bp_outcome o)
{
	switch (o) {
	case BP_OUTCOME_PASSED: return "pass";
	case BP_OUTCOME_FAILED: return "fail";
	default: return "rig";
	}
}

static void head(struct bp_page *p)
{
	bp_text_puts(p->out,
		     "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
		     "script-src 'unsafe-inline'\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		     "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	bp_text_clear(&p->scratch);
	bp_show_headline(&p->scratch, p->r);
	bp_page_textn(p, p->scratch.bytes, p->scratch.len);
	bp_text_puts(p->out, " · brickproof ");
	bp_page_text(p, p->r->run.product);
	bp_text_puts(p->out, "</title>\n<style>\n");
	/* cppcheck-suppress comparePointers ; both names are of one object, in page.S */
	bp_text_add(p->out, bp_page_css, (size_t)(bp_page_css_end - bp_page_css));
	bp_text_puts(p->out, "</style>\n</head>\n<body>\n");
	bp_text_puts(p->out, signs);
}

/* First control that was caught, or not: one is all there is in most runs. */
static void control_sentence(struct bp_page *p)
{
	const struct bp_results *r = p->r;

	if (!r->end.controls) {
		bp_text_puts(p->out, " No positive control ran.");
		return;
	}
	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &r->scenarios[i];

		if (!s->head.control)
			continue;
		bp_text_puts(p->out, " The seeded defect <b>");
		bp_page_text(p, s->head.control);
		bp_text_puts(p->out, s->sums.count[BP_FAIL] ? "</b> was caught." : "</b> was <b>not</b> caught.");
	}
}

static void sentence(struct bp_page *p)
{
	const struct bp_journal_sums *s = &p->r->end.sums;

	bp_text_puts(p->out, "<p class=\"lead\">");
	if (s->count[BP_FAIL]) {
		bp_page_count(p, s->count[BP_FAIL]);
		bp_text_puts(p->out, " of ");
		bp_page_plural(p, s->cases, "case");
		bp_text_puts(p->out, " broke an invariant.");
	} else if (s->count[BP_PASS] == s->cases) {
		bp_text_puts(p->out, s->cases > 1 ? "All " : "");
		bp_page_plural(p, s->cases, "case");
		bp_text_puts(p->out, " passed.");
	} else {
		bp_page_count(p, s->count[BP_PASS]);
		bp_text_puts(p->out, " of ");
		bp_page_plural(p, s->cases, "case");
		bp_text_puts(p->out, " passed.");
	}
	if (s->count[BP_RIG]) {
		bp_text_puts(p->out, " In ");
		bp_page_count(p, s->count[BP_RIG]);
		bp_text_puts(p->out, " the rig itself had trouble.");
	}
	if (s->count[BP_NOT_EXERCISED]) {
		bp_text_puts(p->out, " In ");
		bp_page_count(p, s->count[BP_NOT_EXERCISED]);
		bp_text_puts(p->out, " the fault never took place.");
	}
	control_sentence(p);
	if (!p->r->complete)
		bp_text_puts(p->out, " The journal ends early: what follows is what had been judged by then.");
	bp_text_puts(p->out, "</p>\n");
}

static void headline(struct bp_page *p)
{
	enum bp_outcome o;

	bp_text_clear(&p->scratch);
	o = bp_show_headline(&p->scratch, p->r);
	bp_text_printf(p->out, "<header class=\"top v-%s\">\n<p class=\"over\">brickproof · ", bp_page_outcome_class(o));
	bp_page_text(p, *p->r->run.title ? p->r->run.title : p->r->run.product);
	bp_text_puts(p->out, "</p>\n<h1><span class=\"seal\">");
	bp_page_glyph(p, bp_page_outcome_class(o));
	bp_text_puts(p->out, "</span><span>");
	bp_page_textn(p, p->scratch.bytes, p->scratch.len);
	bp_text_puts(p->out, "</span></h1>\n");
	sentence(p);
	bp_text_puts(p->out, "</header>\n");
}

static void tile(struct bp_page *p, const char *verdict, const char *what, uint64_t n)
{
	bp_text_printf(p->out, "<div class=\"tile%s%s\"><dt>%s</dt><dd>", n && verdict ? " v-" : "", n && verdict ? verdict : "",
		       what);
	if (n && verdict)
		bp_page_glyph(p, verdict);
	bp_page_count(p, n);
	bp_text_puts(p->out, "</dd></div>\n");
}

static void tiles(struct bp_page *p)
{
	const struct bp_journal_sums *s = &p->r->end.sums;

	bp_text_puts(p->out, "<dl class=\"tiles\">\n");
	tile(p, NULL, "cases", s->cases);
	tile(p, NULL, "runs booted and judged", s->runs);
	tile(p, NULL, "merged into another’s run", s->merged);
	tile(p, "fail", "failed", s->count[BP_FAIL]);
	tile(p, "not-exercised", "not exercised", s->count[BP_NOT_EXERCISED]);
	tile(p, "rig", "rig trouble", s->count[BP_RIG]);
	bp_text_puts(p->out, "</dl>\n");
}

static void fact(struct bp_page *p, const char *name, const char *value)
{
	if (!*value)
		return;
	bp_text_printf(p->out, "<div><dt>%s</dt><dd>", name);
	bp_page_text(p, value);
	bp_text_puts(p->out, "</dd></div>\n");
}

static void fact_times(struct bp_page *p)
{
	const struct bp_results *r = p->r;
	uint64_t ms = r->timing.wall_ns / 1000000;

	bp_text_puts(p->out, "<div><dt>Board time</dt><dd>");
	bp_page_duration(p, r->end.sums.virtual_ns);
	bp_text_puts(p->out, " for the updates without a fault</dd></div>\n");
	if (!r->timed)
		return;
	fact(p, "Started", r->timing.started);
	bp_text_puts(p->out, "<div><dt>Wall time</dt><dd>");
	bp_page_duration(p, r->timing.wall_ns);
	bp_text_printf(p->out, " with %u job%s", r->timing.jobs, r->timing.jobs == 1 ? "" : "s");
	if (ms) {
		bp_text_puts(p->out, ", ");
		bp_page_count(p, (uint64_t)r->end.sums.cases * 1000 / ms);
		bp_text_puts(p->out, " cases a second");
	}
	bp_text_puts(p->out, "</dd></div>\n");
	fact(p, "Host", r->timing.host);
	if (!r->detached)
		return;
	bp_text_puts(p->out, "<div><dt>Probe detached</dt><dd>");
	bp_page_count(p, r->detached);
	bp_text_puts(p->out, " cases</dd></div>\n");
}

static void fact_operations(struct bp_page *p)
{
	uint64_t operations = 0;

	for (size_t i = 0; i < p->r->n_scenarios; i++) {
		if (!p->r->scenarios[i].head.control && bp_page_has_sweep(&p->r->scenarios[i]))
			operations += p->r->scenarios[i].head.operations;
	}
	bp_text_puts(p->out, "<div><dt>Operations swept</dt><dd>");
	bp_page_count(p, operations);
	bp_text_puts(p->out, "</dd></div>\n");
}

/* Which update shows in the end that a device can still be updated, where it is no release of its own. */
static const char *retries(const struct bp_results *r)
{
	for (size_t i = 0; i < r->n_scenarios; i++)
		if (r->scenarios[i].head.retries)
			return r->scenarios[i].head.retries;
	return "";
}

static void facts(struct bp_page *p)
{
	const struct bp_journal_run *run = &p->r->run;
	char seed[24];

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)run->seed);
	bp_text_puts(p->out, "<dl class=\"facts\">\n");
	fact(p, "Product", run->product);
	fact(p, "Firmware", run->firmware);
	fact_operations(p);
	fact(p, "Cases end with, for want of a follow-up", retries(p->r));
	fact(p, "Budget", run->budget);
	fact(p, "Seed", seed);
	fact_times(p);
	fact(p, "Program", run->program);
	bp_text_puts(p->out, "</dl>\n");
}

static void foot(struct bp_page *p)
{
	bp_text_puts(p->out,
		     "<footer>Built from <code>journal.jsonl</code> in this folder; nothing is fetched. "
		     "<kbd>←</kbd> <kbd>→</kbd> step through a strip, <kbd>n</kbd> <kbd>p</kbd> jump to what did not pass, "
		     "<kbd>Enter</kbd> copies the token.</footer>\n"
		     "<div id=\"tip\" role=\"status\" aria-live=\"polite\" hidden></div>\n<script>\n");
	/* cppcheck-suppress comparePointers ; both names are of one object, in page.S */
	bp_text_add(p->out, bp_page_js, (size_t)(bp_page_js_end - bp_page_js));
	bp_text_puts(p->out, "</script>\n</body>\n</html>\n");
}

int bp_html_write(const struct bp_results *r, struct bp_text *out, struct bp_err *err)
{
	struct bp_page p = {.r = r, .out = out, .tokens_left = TOKENS_IN_STRIPS};

	bp_text_init(&p.scratch, out->arena);
	head(&p);
	bp_text_puts(out, "<main>\n");
	headline(&p);
	tiles(&p);
	facts(&p);
	bp_page_failures(&p);
	bp_page_matrix(&p);
	bp_page_sweeps(&p);
	bp_page_nested(&p);
	bp_page_others(&p);
	bp_page_covers(&p);
	bp_text_puts(out, "</main>\n");
	foot(&p);
	if (out->failed || p.scratch.failed)
		return bp_fail(err, BP_ENOMEM, "html: the report does not fit in memory");
	return 0;
}
