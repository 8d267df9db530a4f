/* SPDX-License-Identifier: Apache-2.0 */
#include "result/strip.h"

#include "result/words.h"

#include <string.h>

#define TALL 10          /* height of a row in its view box */
#define SPARSE 4         /* fewer than one place in four has a case */
#define NARROW 300       /* a run narrower than this part of the row needs a mark to be seen */

static const char letters[BP_VERDICTS] = {
	[BP_PASS] = 'p', [BP_FAIL] = 'f', [BP_NOT_EXERCISED] = 'n', [BP_RIG] = 'r', [BP_SKIP] = 's',
};

/* Length of the first word: variants of a family share it. */
static size_t family(const char *name)
{
	return strcspn(name, " ");
}

/* All cases of a variant have an operation, within reason; *places: one past the last. */
static bool has_ops(const struct bp_result_scenario *s, size_t variant, uint32_t *places)
{
	for (size_t i = 0; i < s->n_cases; i++) {
		if (s->variant_of[i] != variant)
			continue;
		if (s->cases[i].op >= BP_STRIP_PLACES_MAX)
			return false;
		if (s->cases[i].op >= *places)
			*places = s->cases[i].op + 1;
	}
	return true;
}

static void row_add(struct bp_strip *t, size_t variant)
{
	if (t->n_rows < BP_STRIP_ROWS_MAX)
		t->rows[t->n_rows++] = variant;
	else
		t->n_hidden++;
}

/* "flash before", "flash after" → labels "before", "after". */
static void find_common(struct bp_strip *t)
{
	const char *first = t->s->variants[t->rows[0]].name;
	size_t len = family(first);

	t->drop = first[len] ? len + 1 : 0;
	for (size_t i = 1; i < t->n_rows; i++) {
		const char *name = t->s->variants[t->rows[i]].name;

		if (strncmp(name, first, len + 1) != 0 || !name[t->drop])
			t->drop = 0;
	}
}

static bool find_by_op(const struct bp_result_scenario *s, struct bp_strip *t, bool *taken)
{
	uint32_t cases = 0, operations = s->head.operations;

	*t = (struct bp_strip){.s = s, .by_op = true};
	t->places = operations < BP_STRIP_PLACES_MAX ? operations : 0;
	for (size_t v = 0; v < s->n_variants; v++) {
		uint32_t places = t->places;

		if (taken[v] || !has_ops(s, v, &places))
			continue;
		t->places = places;
		taken[v] = true;
		row_add(t, v);
		cases += s->variants[v].cases;
	}
	if (!t->n_rows || cases < BP_STRIP_CASES_MIN)
		return false;
	find_common(t);
	return true;
}

static bool find_family(const struct bp_result_scenario *s, struct bp_strip *t, bool *taken)
{
	*t = (struct bp_strip){.s = s};
	for (size_t v = 0; v < s->n_variants; v++) {
		const char *name = s->variants[v].name;

		if (taken[v] || s->variants[v].cases < BP_STRIP_CASES_MIN)
			continue;
		if (t->n_rows && strncmp(name, s->variants[t->rows[0]].name, family(name) + 1) != 0)
			continue;
		taken[v] = true;
		row_add(t, v);
		if (s->variants[v].cases > t->places)
			t->places = s->variants[v].cases;
	}
	if (!t->n_rows)
		return false;
	if (t->places > BP_STRIP_PLACES_MAX)
		t->places = BP_STRIP_PLACES_MAX;
	find_common(t);
	return true;
}

size_t bp_strips_find(const struct bp_result_scenario *s, struct bp_strip *out, size_t max)
{
	/* More variants than this in one scenario get no strip; the matrix still counts them. */
	bool taken[256] = {false};
	size_t n = 0;

	if (s->n_variants > sizeof(taken) / sizeof(taken[0]))
		return 0;
	for (size_t i = 0; i < s->n_cases; i++) /* nested cuts lie in recoveries, not along the update */
		taken[s->variant_of[i]] |= s->cases[i].depth > 1;
	if (max && find_by_op(s, &out[n], taken))
		n++;
	while (n < max && find_family(s, &out[n], taken))
		n++;
	return n;
}

int bp_strip_row_init(struct bp_strip_row *row, struct bp_arena *a, uint32_t places)
{
	*row = (struct bp_strip_row){0};
	row->code = bp_arena_array(a, places, sizeof(*row->code));
	row->case_at = bp_arena_array(a, places, sizeof(*row->case_at));
	return row->code && row->case_at ? 0 : BP_ENOMEM;
}

static unsigned rank(const struct bp_journal_case *c)
{
	/* Of two passes the one that was run itself shows. */
	return bp_show_severity(c->verdict) * 2 + !c->merged;
}

void bp_strip_row_fill(struct bp_strip_row *row, const struct bp_strip *t, size_t row_index)
{
	const struct bp_result_scenario *s = t->s;
	size_t variant = t->rows[row_index];
	uint32_t next = 0;

	row->variant = &s->variants[variant];
	row->sparse = row->variant->cases < t->places / SPARSE;
	memset(row->code, '-', t->places);
	for (size_t i = 0; i < s->n_cases; i++) {
		const struct bp_journal_case *c = &s->cases[i];
		uint32_t at;

		if (s->variant_of[i] != variant)
			continue;
		at = t->by_op ? c->op : next++;
		if (at >= t->places)
			break;
		if (row->code[at] != '-' && rank(&s->cases[row->case_at[at]]) >= rank(c))
			continue;
		row->code[at] = letters[c->verdict];
		if (c->verdict == BP_PASS && c->merged)
			row->code[at] = 'm';
		row->case_at[at] = (uint32_t)i;
	}
}

/* How each letter is drawn: a bar in the row's own scale, and a mark of fixed width where a bar would vanish. */
static const struct look {
	char letter;
	bool always_marked;
	const char *bars[2];   /* attributes of the bars' path: where it lies and how thick */
	const char *at[2];     /* its height */
	const char *mark;      /* downward strokes of a mark */
	const char *mark_top;
} looks[] = {
	{'m', false, {"stroke-width=\"10\"", NULL}, {"5", NULL}, "v10", "0"},
	{'p', false, {"stroke-width=\"10\"", NULL}, {"5", NULL}, "v10", "0"},
	{'s', false, {"stroke-width=\"2\"", NULL}, {"9", NULL}, "v2", "8"},
	{'n', false, {"stroke-width=\"4\"", NULL}, {"5", NULL}, "v4", "3"},
	{'r', false, {"stroke-width=\"3\"", "stroke-width=\"3\""}, {"1.5", "8.5"}, "v3m0 4v3", "0"},
	{'f', true, {"stroke-width=\"10\"", NULL}, {"5", NULL}, "v16", "-3"},
};

static uint32_t run_length(const struct bp_strip *t, const struct bp_strip_row *row, uint32_t from)
{
	uint32_t at = from + 1;

	while (at < t->places && row->code[at] == row->code[from])
		at++;
	return at - from;
}

/* "M0 5h12m3 0h7": horizontal bars, relative moves keep them short. */
static void draw_bars(struct bp_page *p, const struct bp_strip *t, const struct bp_strip_row *row, const struct look *k,
		      unsigned which)
{
	uint32_t end = 0;
	bool any = false;

	for (uint32_t at = 0, n; at < t->places; at += n) {
		n = run_length(t, row, at);
		if (row->code[at] != k->letter)
			continue;
		if (any)
			bp_text_printf(p->out, "m%u 0h%u", at - end, n);
		else
			bp_text_printf(p->out, "<path class=\"k-%c\" %s d=\"M%u %sh%u", k->letter, k->bars[which], at,
				       k->at[which], n);
		any = true;
		end = at + n;
	}
	if (any)
		bp_text_puts(p->out, "\"/>");
}

/* Vertical strokes whose width is in pixels of the screen, whatever the row's scale. gap: the room around them instead. */
static void draw_marks(struct bp_page *p, const struct bp_strip *t, const struct bp_strip_row *row, const struct look *k,
		       bool gap)
{
	bool usual = k->letter == 'p' || k->letter == 'm', any = false;

	if (gap && k->letter != 'n' && k->letter != 'r')
		return;

	for (uint32_t at = 0, n; at < t->places; at += n) {
		n = run_length(t, row, at);
		if (row->code[at] != k->letter || (usual && !row->sparse))
			continue;
		if (!k->always_marked && n > t->places / NARROW)
			continue;
		if (!any && gap)
			bp_text_puts(p->out, "<path class=\"gap\" d=\"");
		else if (!any)
			bp_text_printf(p->out, "<path class=\"k-%c mk\" d=\"", k->letter);
		any = true;
		bp_text_printf(p->out, "M%u.5 %s%s", at + n / 2, gap ? "0" : k->mark_top, gap ? "v10" : k->mark);
	}
	if (any)
		bp_text_puts(p->out, "\"/>");
}

/* What the row says, for those who do not see it. */
static void draw_label(struct bp_page *p, const struct bp_strip_row *row)
{
	bp_page_text(p, row->variant->name);
	bp_text_puts(p->out, ":");
	for (unsigned v = 0; v < BP_VERDICTS; v++) {
		if (!row->variant->count[v])
			continue;
		bp_text_puts(p->out, " ");
		bp_page_count(p, row->variant->count[v]);
		bp_text_printf(p->out, " %s", bp_show_verdict((enum bp_verdict)v));
	}
}

void bp_strip_draw(struct bp_page *p, const struct bp_strip *t, const struct bp_strip_row *row)
{
	bp_text_puts(p->out, "<svg class=\"cells\" tabindex=\"0\" role=\"img\" preserveAspectRatio=\"none\" aria-label=\"");
	draw_label(p, row);
	bp_text_printf(p->out, "\" viewBox=\"0 0 %u %u\">", t->places, TALL);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		for (unsigned b = 0; b < 2 && looks[i].bars[b]; b++)
			draw_bars(p, t, row, &looks[i], b);
		draw_marks(p, t, row, &looks[i], true);
		draw_marks(p, t, row, &looks[i], false);
	}
	bp_text_puts(p->out, "</svg>");
}
