/* SPDX-License-Identifier: Apache-2.0 */
/* html_nested.c - nested cuts: how new states die out, level by level. */
#include "result/html_parts.h"
#include "result/words.h"

/* Bars by the number's bits: what falls from ten thousands to none stays to be seen. 0 to 100. */
static unsigned length(uint32_t n, uint32_t most)
{
	unsigned bits = 0, all = 0;

	for (; n; n >>= 1)
		bits++;
	for (; most; most >>= 1)
		all++;
	return all ? 100 * bits / all : 0;
}

static void number_cell(struct bp_page *p, uint32_t n)
{
	bp_text_puts(p->out, "<td class=\"num\">");
	bp_page_count(p, n);
	bp_text_puts(p->out, "</td>");
}

static void level(struct bp_page *p, const struct bp_journal_level *l, uint32_t most)
{
	bp_text_printf(p->out, "<tr><th scope=\"row\">%u</th>", l->depth);
	number_cell(p, l->cases);
	number_cell(p, l->merged);
	number_cell(p, l->states);
	bp_text_printf(p->out, "<td><span class=\"states\" style=\"width:%u%%\"></span></td></tr>\n", length(l->states, most));
}

static void search(struct bp_page *p, const struct bp_result_scenario *s)
{
	uint32_t most = 0;

	for (size_t i = 0; i < s->search.n_levels; i++)
		most = s->search.levels[i].states > most ? s->search.levels[i].states : most;
	bp_text_clear(&p->scratch);
	bp_show_search(&p->scratch, &s->search);
	bp_text_puts(p->out, "<article class=\"sweep\">\n<h3>");
	bp_page_text(p, s->head.name);
	bp_text_puts(p->out, "</h3>\n<p>");
	bp_page_textn(p, p->scratch.bytes, p->scratch.len);
	bp_text_puts(p->out, "</p>\n<table class=\"levels\">\n<thead><tr><th scope=\"col\">cuts</th><th scope=\"col\">cut points</th>"
			     "<th scope=\"col\">led to known states</th><th scope=\"col\">new states</th><th scope=\"col\">"
			     "new states, drawn by powers of two</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < s->search.n_levels; i++)
		level(p, &s->search.levels[i], most);
	bp_text_puts(p->out, "</tbody>\n</table>\n</article>\n");
}

void bp_page_nested(struct bp_page *p)
{
	bool any = false;

	for (size_t i = 0; i < p->r->n_scenarios; i++) {
		if (!p->r->scenarios[i].search.n_levels)
			continue;
		if (!any)
			bp_text_puts(p->out, "<section id=\"nested\">\n<h2>Nested cuts</h2>\n");
		any = true;
		search(p, &p->r->scenarios[i]);
	}
	if (any)
		bp_text_puts(p->out, "</section>\n");
}
