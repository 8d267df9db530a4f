/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix: scenarios against classes of variants; and which requirement rows were covered. */
#include "result/html_parts.h"

#include "result/words.h"
#include "scenario/cutpoint.h"

#include <stdio.h>
#include <string.h>

#define CLASSES_MAX 16  /* columns; the last one takes what is left */
#define CLASS_BYTES 32

struct classes {
	size_t n;
	char name[CLASSES_MAX][CLASS_BYTES];
};

/* "flash torn 10%" → "flash torn", "flash before brown-out 20 ms" → "supply", "edit body-bit" → "edit", "no fault" as it stands. */
static void class_name(const char *variant, char *out)
{
	static const char *const whole[] = {"no fault", "flash before", "flash after", "flash torn"};
	static const struct { const char *of, *name; } others[] = {{"line", "line, time"}, {"time", "line, time"}, {"cut", "nested"}};
	size_t len = strcspn(variant, " :");

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (strncmp(variant, whole[i], strlen(whole[i])) == 0)
			len = strlen(whole[i]);
	}
	for (unsigned i = BP_FAULT_POWER_CUT + 1; i < BP_FAULTS; i++) {
		if (strncmp(variant, "flash ", 6) != 0 || !strstr(variant, bp_fault_names[i]))
			continue;
		variant = bp_fault_is_reset((enum bp_fault)i) ? "reset" : i <= BP_FAULT_BROWN_OUT ? "supply" : "flash fault";
		len = strlen(variant);
		break;
	}
	snprintf(out, CLASS_BYTES, "%.*s", (int)(len < CLASS_BYTES ? len : CLASS_BYTES - 1), variant);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(out, others[i].of) == 0)
			snprintf(out, CLASS_BYTES, "%s", others[i].name);
}

static size_t class_index(struct classes *c, const char *variant)
{
	char name[CLASS_BYTES];

	class_name(variant, name);
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->name[i], name) == 0)
			return i;
	}
	if (c->n == CLASSES_MAX) {
		snprintf(c->name[CLASSES_MAX - 1], CLASS_BYTES, "other");
		return CLASSES_MAX - 1;
	}
	snprintf(c->name[c->n], CLASS_BYTES, "%s", name);
	return c->n++;
}

static void find_classes(const struct bp_results *r, struct classes *c)
{
	static const char *const first[] = {"no fault", "flash before", "flash torn", "flash after"};

	/* These stand in the order of time; but only when the run has them. */
	for (size_t f = 0; f < sizeof(first) / sizeof(first[0]); f++) {
		for (size_t i = 0; i < r->n_scenarios; i++) {
			for (size_t v = 0; v < r->scenarios[i].n_variants; v++) {
				char name[CLASS_BYTES];

				class_name(r->scenarios[i].variants[v].name, name);
				if (strcmp(name, first[f]) == 0)
					class_index(c, first[f]);
			}
		}
	}
	for (size_t i = 0; i < r->n_scenarios; i++) {
		for (size_t v = 0; v < r->scenarios[i].n_variants; v++)
			class_index(c, r->scenarios[i].variants[v].name);
	}
}

static enum bp_verdict worst_of(const uint32_t *count)
{
	enum bp_verdict worst = BP_PASS;

	for (unsigned v = 0; v < BP_VERDICTS; v++) {
		if (count[v] && bp_show_severity((enum bp_verdict)v) > bp_show_severity(worst))
			worst = (enum bp_verdict)v;
	}
	return worst;
}

/* Worst first; a clean cell is one number. */
static void counts(struct bp_page *p, const uint32_t *count)
{
	static const enum bp_verdict order[] = {BP_FAIL, BP_RIG, BP_NOT_EXERCISED, BP_SKIP, BP_PASS};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *name = bp_verdict_name(order[i]);

		if (!count[order[i]])
			continue;
		bp_text_printf(p->out, "<span class=\"n v-%s\" title=\"%s\">", name, bp_show_verdict(order[i]));
		bp_page_glyph(p, name);
		bp_page_count(p, count[order[i]]);
		bp_text_printf(p->out, "<span class=\"vh\"> %s</span></span>", bp_show_verdict(order[i]));
	}
}

static void cell(struct bp_page *p, const char *label, const uint32_t *count)
{
	uint64_t all = 0;

	for (unsigned v = 0; v < BP_VERDICTS; v++)
		all += count[v];
	if (!all) {
		bp_text_puts(p->out, "<td class=\"none\"><span class=\"vh\">none</span></td>");
		return;
	}
	bp_text_printf(p->out, "<td class=\"c-%s\" data-label=\"", bp_verdict_name(worst_of(count)));
	bp_page_text(p, label);
	bp_text_puts(p->out, "\"><span class=\"ns\">");
	counts(p, count);
	bp_text_puts(p->out, "</span></td>");
}

static void row_head(struct bp_page *p, const struct bp_result_scenario *s, size_t index)
{
	enum bp_outcome o = bp_result_outcome(s);
	bool link = bp_page_has_sweep(s);

	bp_text_printf(p->out, "<tr class=\"o-%s%s\"><th scope=\"row\"><div class=\"rh\"><span class=\"mark v-%s\">", bp_outcome_name(o),
		       s->head.control ? " control" : "",
		       bp_page_outcome_class(o));
	bp_page_glyph(p, bp_page_outcome_class(o));
	bp_text_printf(p->out, "<span class=\"vh\">%s: </span></span><span class=\"who\">", bp_outcome_name(o));
	if (link)
		bp_text_printf(p->out, "<a href=\"#sweep-%zu\">", index);
	bp_page_text(p, s->head.name);
	bp_text_puts(p->out, link ? "</a>" : "");
	if (s->head.control) {
		bp_text_puts(p->out, " <em class=\"tag\">control: ");
		bp_text_puts(p->out, s->sums.count[BP_FAIL] ? "caught" : "not caught");
		bp_text_puts(p->out, "</em>");
	} else if (!s->head.required) {
		bp_text_puts(p->out, " <em class=\"tag\">optional</em>");
	}
	if (!s->ended)
		bp_text_puts(p->out, " <em class=\"tag\">cut short</em>");
	bp_text_puts(p->out, "<small>");
	bp_page_text(p, s->head.title);
	bp_text_puts(p->out, "</small></span></div></th>");
}

static void row(struct bp_page *p, struct classes *c, size_t index)
{
	const struct bp_result_scenario *s = &p->r->scenarios[index];
	uint32_t count[CLASSES_MAX][BP_VERDICTS] = {{0}};

	for (size_t v = 0; v < s->n_variants; v++) {
		size_t at = class_index(c, s->variants[v].name);

		for (unsigned k = 0; k < BP_VERDICTS; k++)
			count[at][k] += s->variants[v].count[k];
	}
	row_head(p, s, index);
	for (size_t i = 0; i < c->n; i++)
		cell(p, c->name[i], count[i]);
	bp_text_puts(p->out, "<td class=\"num\" data-label=\"runs\">");
	bp_page_count(p, s->sums.runs);
	bp_text_puts(p->out, "</td></tr>\n");
}

void bp_page_matrix(struct bp_page *p)
{
	struct classes c = {0};

	find_classes(p->r, &c);
	bp_text_puts(p->out, "<section id=\"matrix\">\n<h2>Matrix</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
			     "aria-label=\"Matrix of scenarios and faults\">\n"
			     "<table class=\"matrix\">\n<thead><tr><th scope=\"col\">Scenario</th>");
	for (size_t i = 0; i < c.n; i++) {
		bp_text_puts(p->out, "<th scope=\"col\">");
		bp_page_text(p, c.name[i]);
		bp_text_puts(p->out, "</th>");
	}
	bp_text_puts(p->out, "<th scope=\"col\">runs</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < p->r->n_scenarios; i++)
		row(p, &c, i);
	bp_text_puts(p->out, "</tbody>\n</table>\n</div>\n</section>\n");
}

static bool covers(const struct bp_result_scenario *s, const char *id)
{
	for (size_t i = 0; i < s->head.n_covers; i++) {
		if (strcmp(s->head.covers[i], id) == 0)
			return true;
	}
	return false;
}

/* One requirement row: every scenario that covers it, coloured by the worst of them. */
static void cover(struct bp_page *p, const char *id)
{
	enum bp_outcome worst = BP_OUTCOME_PASSED;

	for (size_t i = 0; i < p->r->n_scenarios; i++) {
		enum bp_outcome o = bp_result_outcome(&p->r->scenarios[i]);

		if (covers(&p->r->scenarios[i], id) && o != BP_OUTCOME_PASSED && worst != BP_OUTCOME_FAILED)
			worst = o;
	}
	bp_text_printf(p->out, "<li class=\"v-%s\">", bp_page_outcome_class(worst));
	bp_page_glyph(p, bp_page_outcome_class(worst));
	bp_text_puts(p->out, "<b>");
	bp_page_text(p, id);
	bp_text_puts(p->out, "</b><span>");
	for (size_t i = 0, n = 0; i < p->r->n_scenarios; i++) {
		if (!covers(&p->r->scenarios[i], id))
			continue;
		bp_text_puts(p->out, n++ ? ", " : "");
		bp_page_text(p, p->r->scenarios[i].head.name);
	}
	bp_text_printf(p->out, "<span class=\"vh\">: %s</span></span></li>\n", bp_outcome_name(worst));
}

/* Whether an earlier scenario, or an earlier place in the same list, named it before. */
static bool seen(const struct bp_results *r, size_t scenario, size_t at)
{
	const struct bp_result_scenario *s = &r->scenarios[scenario];

	for (size_t i = 0; i < at; i++) {
		if (strcmp(s->head.covers[i], s->head.covers[at]) == 0)
			return true;
	}
	for (size_t i = 0; i < scenario; i++) {
		if (covers(&r->scenarios[i], s->head.covers[at]))
			return true;
	}
	return false;
}

void bp_page_covers(struct bp_page *p)
{
	const struct bp_results *r = p->r;
	bool any = false;

	for (size_t i = 0; i < r->n_scenarios; i++) {
		for (size_t k = 0; k < r->scenarios[i].head.n_covers; k++) {
			if (seen(r, i, k))
				continue;
			if (!any)
				bp_text_puts(p->out, "<section id=\"covers\">\n<h2>Requirements covered</h2>\n<ul class=\"covers\">\n");
			any = true;
			cover(p, r->scenarios[i].head.covers[k]);
		}
	}
	if (any)
		bp_text_puts(p->out, "</ul>\n</section>\n");
}
