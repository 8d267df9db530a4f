/* SPDX-License-Identifier: Apache-2.0 */
/* The sweeps: for each scenario its strips, with phases below and a legend above. */
#include "result/strip.h"

#include "result/words.h"

#include <string.h>

#define STRIPS_MAX 6       /* of one scenario */
#define BAND_PERCENT 9     /* a narrower phase has no room for its name */

bool bp_page_has_sweep(const struct bp_result_scenario *s)
{
	struct bp_strip one;

	return bp_strips_find(s, &one, 1) > 0;
}

static void legend_item(struct bp_page *p, char letter, const char *words)
{
	static const struct {
		char letter;
		const char *shape;
	} shapes[] = {
		{'p', "<path d=\"M0 8h20\" stroke-width=\"10\"/>"},
		{'m', "<path d=\"M0 8h20\" stroke-width=\"10\"/>"},
		{'f', "<path d=\"M10 0v16\" stroke-width=\"4\"/>"},
		{'n', "<path d=\"M0 8h20\" stroke-width=\"4\"/>"},
		{'r', "<path d=\"M0 4.5h20M0 11.5h20\" stroke-width=\"3\"/>"},
		{'s', "<path d=\"M0 12h20\" stroke-width=\"2\"/>"},
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].letter == letter)
			bp_text_printf(p->out, "<li><svg viewBox=\"0 0 20 16\" class=\"key k-%c\" aria-hidden=\"true\">%s</svg>%s</li>",
				       letter, shapes[i].shape, words);
	}
}

static void legend(struct bp_page *p)
{
	bp_text_puts(p->out, "<ul class=\"legend\" aria-label=\"Legend\">");
	legend_item(p, 'p', "passed");
	legend_item(p, 'm', "passed, same state as an earlier case");
	legend_item(p, 'f', "failed (tall mark)");
	legend_item(p, 'n', "not exercised (thin bar)");
	legend_item(p, 'r', "rig trouble (split bar)");
	legend_item(p, 's', "skipped (base line)");
	bp_text_puts(p->out, "<li><span class=\"key gap\"></span>no case here</li></ul>\n");
}

static void row_sum(struct bp_page *p, const struct bp_result_variant *v)
{
	static const enum bp_verdict order[] = {BP_FAIL, BP_RIG, BP_NOT_EXERCISED, BP_SKIP};
	unsigned n = 0;

	bp_text_puts(p->out, "<span class=\"sum\">");
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!v->count[order[i]])
			continue;
		bp_text_printf(p->out, "%s<b class=\"v-%s\">", n++ ? " · " : "", bp_verdict_name(order[i]));
		bp_page_count(p, v->count[order[i]]);
		bp_text_printf(p->out, " %s</b>", bp_show_verdict(order[i]));
	}
	if (!n) {
		bp_page_count(p, v->count[BP_PASS]);
		bp_text_puts(p->out, " passed");
	}
	bp_text_puts(p->out, "</span>");
}

/* In thousandths of a percent. */
static unsigned share(uint32_t n, uint32_t of)
{
	uint64_t all = of ? (uint64_t)n * 100000 / of : 0;

	return all < 100000 ? (unsigned)all : 100000;
}

static void put_share(struct bp_page *p, const char *name, uint32_t n, uint32_t of)
{
	bp_text_printf(p->out, "%s:%u.%03u%%", name, share(n, of) / 1000, share(n, of) % 1000);
}

/* Coloured bands in the scale of the strip; what is too narrow for its name is named by the buttons. */
static void bands(struct bp_page *p, const struct bp_strip *t)
{
	const struct bp_journal_scenario *h = &t->s->head;

	bp_text_puts(p->out, "<div class=\"row axis\"><span class=\"lab\">phase</span><div class=\"bands\">");
	for (size_t i = 0; i < h->n_phases; i++) {
		const struct bp_journal_phase *f = &h->phases[i];

		if (f->first >= t->places)
			continue;
		bp_text_printf(p->out, "<div class=\"band b%zu\" data-phase=\"%zu\" style=\"", i % 2, i);
		put_share(p, "left", f->first, t->places);
		put_share(p, ";width", f->count, t->places);
		bp_text_puts(p->out, "\" title=\"");
		bp_page_text(p, f->phase);
		bp_text_puts(p->out, "\"><span>");
		bp_page_text(p, share(f->count, t->places) >= BAND_PERCENT * 1000 ? f->phase : "");
		bp_text_puts(p->out, "</span></div>");
	}
	bp_text_puts(p->out, "</div><span class=\"sum\"></span></div>\n");
}

static void scale(struct bp_page *p, const struct bp_strip *t)
{
	bp_text_printf(p->out, "<div class=\"row ticks\"><span class=\"lab\">%s</span><div class=\"scale\"><span class=\"from\">0</span>"
			       "<span class=\"mid\">", t->by_op ? "operation" : "case");
	bp_page_count(p, t->places / 2);
	bp_text_puts(p->out, "</span><span class=\"to\">");
	bp_page_count(p, t->places - 1);
	bp_text_puts(p->out, "</span></div><span class=\"sum\"></span></div>\n");
}

static void zoom_button(struct bp_page *p, const char *name, uint32_t first, uint32_t count, bool pressed)
{
	bp_text_printf(p->out, "<button type=\"button\" data-first=\"%u\" data-count=\"%u\" aria-pressed=\"%s\">", first, count,
		       pressed ? "true" : "false");
	bp_page_text(p, name);
	bp_text_puts(p->out, " <small>");
	bp_page_count(p, count);
	bp_text_puts(p->out, "</small></button>");
}

static void zoom(struct bp_page *p, const struct bp_strip *t)
{
	const struct bp_journal_scenario *h = &t->s->head;

	bp_text_puts(p->out, "<div class=\"zoom\" role=\"group\" aria-label=\"Show one phase\">");
	zoom_button(p, "all", 0, t->places, true);
	for (size_t i = 0; i < h->n_phases; i++) {
		const struct bp_journal_phase *f = &h->phases[i];

		if (f->first < t->places && f->count && f->count <= t->places - f->first)
			zoom_button(p, f->phase, f->first, f->count, false);
	}
	bp_text_puts(p->out, "</div>\n");
}

static void strip(struct bp_page *p, const struct bp_strip *t)
{
	struct bp_strip_row row;

	if (bp_strip_row_init(&row, p->out->arena, t->places)) {
		p->out->failed = 1;
		return;
	}
	bp_text_puts(p->out, "<div class=\"strip\">\n");
	if (t->by_op && t->s->head.n_phases)
		zoom(p, t);
	for (size_t i = 0; i < t->n_rows; i++) {
		bp_strip_row_fill(&row, t, i);
		bp_text_puts(p->out, "<div class=\"row\"><span class=\"lab\">");
		bp_page_text(p, row.variant->name + t->drop);
		bp_text_puts(p->out, "</span>");
		bp_strip_draw(p, t, &row);
		row_sum(p, row.variant);
		bp_text_puts(p->out, "</div>\n");
	}
	if (t->by_op && t->s->head.n_phases)
		bands(p, t);
	scale(p, t);
	if (t->n_hidden) {
		bp_text_puts(p->out, "<p class=\"note\">");
		bp_page_plural(p, t->n_hidden, "more variant");
		bp_text_puts(p->out, " not drawn; the matrix counts them.</p>\n");
	}
	bp_strip_data(p, t, &row);
	bp_text_puts(p->out, "</div>\n");
}

static void sweep_head(struct bp_page *p, const struct bp_result_scenario *s, size_t index)
{
	bp_text_printf(p->out, "<article class=\"sweep\" id=\"sweep-%zu\">\n<h3>", index);
	bp_page_text(p, *s->head.title ? s->head.title : s->head.name);
	bp_text_puts(p->out, "</h3>\n<p class=\"meta\"><code>");
	bp_page_text(p, s->head.name);
	bp_text_puts(p->out, "</code> · ");
	if (s->head.operations) {
		bp_page_plural(p, s->head.operations, "flash operation");
		bp_text_puts(p->out, " · ");
	}
	bp_page_plural(p, s->sums.cases, "case");
	bp_text_puts(p->out, " · ");
	bp_page_plural(p, s->sums.runs, "run");
	if (s->head.control) {
		bp_text_puts(p->out, " · positive control: failures of the seeded defect <b>");
		bp_page_text(p, s->head.control);
		bp_text_puts(p->out, "</b> are wanted here");
	}
	bp_text_puts(p->out, "</p>\n");
}

void bp_page_sweeps(struct bp_page *p)
{
	struct bp_strip strips[STRIPS_MAX];
	bool any = false;

	for (size_t i = 0; i < p->r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &p->r->scenarios[i];
		size_t n = bp_strips_find(s, strips, STRIPS_MAX);

		if (!n)
			continue;
		if (!any) {
			bp_text_puts(p->out, "<section id=\"sweeps\">\n<h2>Sweeps</h2>\n");
			legend(p);
		}
		any = true;
		sweep_head(p, s, i);
		for (size_t k = 0; k < n; k++)
			strip(p, &strips[k]);
		bp_text_puts(p->out, "</article>\n");
	}
	if (any)
		bp_text_puts(p->out, "</section>\n");
}
