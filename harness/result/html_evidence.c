/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of one case: time line, console, boot state and flash, before and after. */
#include "result/html_evidence.h"

#include "result/words.h"

#include <string.h>

#define TIMELINE_HEAD 20u        /* how it began, and how it ended; the rest is in the journal */
#define TIMELINE_TAIL 80u
#define CONSOLE_LINES 200u
#define CONSOLE_BYTES 8192u      /* 50 failures of this size keep the page under its 1.5 MB */

static void moment(struct bp_page *p, const struct bp_journal_moment *m)
{
	bp_text_puts(p->out, "<li><time>");
	bp_show_moment(p->out, m->at_ns);
	bp_text_puts(p->out, "</time><span>");
	bp_page_text(p, m->what);
	bp_text_puts(p->out, "</span></li>\n");
}

static void timeline(struct bp_page *p, const struct bp_journal_evidence *e)
{
	size_t cut = e->n_timeline > TIMELINE_HEAD + TIMELINE_TAIL ? e->n_timeline - TIMELINE_HEAD - TIMELINE_TAIL : 0;

	if (!e->n_timeline)
		return;
	bp_text_puts(p->out, "<section class=\"part\"><h4>Time line <small>board time</small></h4>\n"
			     "<ol class=\"timeline\" tabindex=\"0\" aria-label=\"Time line\">\n");
	for (size_t i = 0; i < e->n_timeline; i++) {
		if (cut && i == TIMELINE_HEAD) {
			bp_text_puts(p->out, "<li class=\"cut\">… ");
			bp_page_count(p, cut);
			bp_text_puts(p->out, " more in journal.jsonl …</li>\n");
			i += cut;
		}
		moment(p, &e->timeline[i]);
	}
	bp_text_puts(p->out, "</ol></section>\n");
}

static void console(struct bp_page *p, const struct bp_journal_evidence *e)
{
	size_t from = bp_show_tail(e->console, e->console_len, CONSOLE_LINES, CONSOLE_BYTES);

	if (!e->console_len)
		return;
	bp_text_puts(p->out, "<section class=\"part\"><h4>Console");
	if (from)
		bp_text_puts(p->out, " <small>its end; all of it is in journal.jsonl</small>");
	bp_text_puts(p->out, "</h4>\n<pre class=\"console\" tabindex=\"0\" aria-label=\"Console log\">");
	bp_page_textn(p, e->console + from, e->console_len - from);
	bp_text_puts(p->out, "</pre></section>\n");
}

static const char *value_of(const struct bp_journal_field *f, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(f[i].name, name) == 0)
			return f[i].value;
	}
	return NULL;
}

static void change_row(struct bp_page *p, const char *name, const char *before, const char *after)
{
	bool differs = !before || !after || strcmp(before, after) != 0;

	bp_text_printf(p->out, "<tr%s><th scope=\"row\">", differs ? " class=\"diff\"" : "");
	bp_page_text(p, name);
	bp_text_puts(p->out, "</th><td>");
	bp_page_text(p, before ? before : "—");
	bp_text_printf(p->out, "</td><td class=\"sign\">%s</td><td>", differs ? "<abbr title=\"differs\">≠</abbr>" : "");
	bp_page_text(p, after ? after : "—");
	bp_text_puts(p->out, "</td></tr>\n");
}

static void change_head(struct bp_page *p, const char *title, const char *what)
{
	bp_text_printf(p->out, "<section class=\"part\"><h4>%s</h4>\n<table class=\"change\"><thead><tr><th scope=\"col\">%s</th>"
			       "<th scope=\"col\">before</th><td></td><th scope=\"col\">after</th></tr></thead><tbody>\n", title, what);
}

static void state(struct bp_page *p, const struct bp_journal_evidence *e)
{
	if (!e->n_before && !e->n_after)
		return;
	change_head(p, "Boot state", "field");
	for (size_t i = 0; i < e->n_before; i++)
		change_row(p, e->state_before[i].name, e->state_before[i].value,
			   value_of(e->state_after, e->n_after, e->state_before[i].name));
	for (size_t i = 0; i < e->n_after; i++) {
		if (!value_of(e->state_before, e->n_before, e->state_after[i].name))
			change_row(p, e->state_after[i].name, NULL, e->state_after[i].value);
	}
	bp_text_puts(p->out, "</tbody></table></section>\n");
}

static void flash(struct bp_page *p, const struct bp_journal_evidence *e)
{
	if (!e->n_flash)
		return;
	change_head(p, "Flash", "area");
	for (size_t i = 0; i < e->n_flash; i++)
		change_row(p, e->flash[i].area, e->flash[i].before, e->flash[i].after);
	bp_text_puts(p->out, "</tbody></table></section>\n");
}

void bp_page_evidence(struct bp_page *p, const struct bp_journal_evidence *e)
{
	bp_text_puts(p->out, "<div class=\"parts\">\n<div class=\"col\">\n");
	timeline(p, e);
	console(p, e);
	bp_text_puts(p->out, "</div>\n<div class=\"col\">\n");
	state(p, e);
	flash(p, e);
	bp_text_puts(p->out, "</div>\n</div>\n");
}
