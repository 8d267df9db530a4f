/* SPDX-License-Identifier: Apache-2.0 */
#include "result/table.h"

#include "base/term.h"
#include "result/words.h"

#include <stdio.h>
#include <string.h>

#define CELL_BYTES 48
#define NAME_MIN 12u      /* a scenario's name is never cut below this */
#define TROUBLE_MAX 5u    /* tokens below the table */
#define STATUS_WIDTH 6u   /* "caught" */

enum column { COL_CASES, COL_RUNS, COL_PASS, COL_FAIL, COL_NOT, COL_RIG, COL_SKIP, COL_BOARD, COL_WALL, COLUMNS };

static const char *const titles[COLUMNS] = {
	"cases", "runs", "passed", "failed", "not ex.", "rig", "skip", "board", "wall",
};

/* What a narrow terminal does without, first things first. */
static const enum column expendable[] = {COL_WALL, COL_BOARD, COL_SKIP, COL_RUNS, COL_PASS};

struct table {
	const struct bp_results *r;
	const struct bp_table_style *style;
	struct bp_text *out;
	bool shown[COLUMNS];
	unsigned width[COLUMNS];
	unsigned name_width;
};

/* Columns that a text takes: code points, which is right for all that we print ourselves. */
static unsigned text_width(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void count_cell(char *out, uint64_t n)
{
	if (n)
		bp_show_count(out, n);
	else
		snprintf(out, CELL_BYTES, "-");
}

static void cell(char *out, enum column c, const struct bp_journal_sums *s, bool timed, uint64_t wall_ns)
{
	static const enum bp_verdict verdict[COLUMNS] = {
		[COL_PASS] = BP_PASS, [COL_FAIL] = BP_FAIL, [COL_NOT] = BP_NOT_EXERCISED, [COL_RIG] = BP_RIG,
		[COL_SKIP] = BP_SKIP,
	};

	if (c == COL_CASES)
		count_cell(out, s->cases);
	else if (c == COL_RUNS)
		count_cell(out, s->runs);
	else if (c == COL_BOARD)
		bp_show_duration(out, CELL_BYTES, s->virtual_ns);
	else if (c != COL_WALL)
		count_cell(out, s->count[verdict[c]]);
	else if (timed)
		bp_show_duration(out, CELL_BYTES, wall_ns);
	else
		snprintf(out, CELL_BYTES, "-");
}

static void measure_row(struct table *t, const struct bp_journal_sums *s, bool timed, uint64_t wall_ns)
{
	char text[CELL_BYTES];

	for (unsigned c = 0; c < COLUMNS; c++) {
		cell(text, (enum column)c, s, timed, wall_ns);
		if (text_width(text) > t->width[c])
			t->width[c] = text_width(text);
	}
}

static unsigned total_width(const struct table *t)
{
	unsigned n = STATUS_WIDTH + 1 + t->name_width;

	for (unsigned c = 0; c < COLUMNS; c++)
		n += t->shown[c] ? t->width[c] + 2 : 0;
	return n;
}

/* Widths of everything, then what has to go. */
static void measure(struct table *t)
{
	const struct bp_results *r = t->r;
	unsigned columns = t->style->columns;

	t->name_width = NAME_MIN;
	for (unsigned c = 0; c < COLUMNS; c++) {
		t->width[c] = text_width(titles[c]);
		t->shown[c] = true;
	}
	t->shown[COL_WALL] = r->timed;
	t->shown[COL_SKIP] = r->end.sums.count[BP_SKIP] > 0;
	measure_row(t, &r->end.sums, r->timed, r->timing.wall_ns);
	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &r->scenarios[i];

		measure_row(t, &s->sums, s->timed, s->timing.wall_ns);
		if (text_width(s->head.name) > t->name_width)
			t->name_width = text_width(s->head.name);
	}
	for (size_t i = 0; columns && total_width(t) > columns && i < sizeof(expendable) / sizeof(expendable[0]); i++) {
		unsigned over = total_width(t) - columns;

		/* A name that is a little shorter costs less than a column. */
		if (t->name_width > NAME_MIN * 2 && over <= t->name_width - NAME_MIN * 2)
			break;
		t->shown[expendable[i]] = false;
	}
	if (columns && total_width(t) > columns) {
		unsigned over = total_width(t) - columns;

		t->name_width = over < t->name_width - NAME_MIN ? t->name_width - over : NAME_MIN;
	}
}

/* Name padded to its column; a longer one ends in "…". */
static void put_name(struct table *t, const char *name)
{
	unsigned width = text_width(name), keep = t->name_width;
	const char *s = name;

	if (width <= keep) {
		bp_text_printf(t->out, "%s%*s", name, (int)(keep - width), "");
		return;
	}
	for (unsigned n = 0; *s; s++) {
		n += ((unsigned char)*s & 0xc0) != 0x80;
		if (n == keep)
			break;
	}
	bp_text_add(t->out, name, (size_t)(s - name));
	bp_text_puts(t->out, "…");
}

static enum bp_sgr cell_color(enum column c, const struct bp_journal_sums *s, bool control)
{
	if (c == COL_FAIL && s->count[BP_FAIL] && !control)
		return BP_SGR_RED;
	if ((c == COL_NOT && s->count[BP_NOT_EXERCISED]) || (c == COL_RIG && s->count[BP_RIG]))
		return BP_SGR_YELLOW;
	return BP_SGR_RESET;
}

static void put_cells(struct table *t, const struct bp_journal_sums *s, bool timed, uint64_t wall_ns, bool control)
{
	char text[CELL_BYTES];

	for (unsigned c = 0; c < COLUMNS; c++) {
		enum bp_sgr color = cell_color((enum column)c, s, control);
		bool on = t->style->color && color != BP_SGR_RESET;

		if (!t->shown[c])
			continue;
		cell(text, (enum column)c, s, timed, wall_ns);
		bp_text_printf(t->out, "  %*s%s%s%s", (int)(t->width[c] - text_width(text)), "", bp_sgr(on, color), text,
			       bp_sgr(on, BP_SGR_RESET));
	}
	bp_text_puts(t->out, "\n");
}

static enum bp_sgr outcome_color(enum bp_outcome o)
{
	switch (o) {
	case BP_OUTCOME_PASSED: return BP_SGR_GREEN;
	case BP_OUTCOME_FAILED: return BP_SGR_RED;
	default: return BP_SGR_YELLOW;
	}
}

/* Words, since colour may be off; a control that was caught is no plain pass. */
static const char *status_word(const struct bp_result_scenario *s)
{
	enum bp_outcome o = bp_result_outcome(s);

	if (s->head.control && o != BP_OUTCOME_INCOMPLETE)
		return o == BP_OUTCOME_PASSED ? "caught" : "MISSED";
	switch (o) {
	case BP_OUTCOME_PASSED: return "ok";
	case BP_OUTCOME_FAILED: return "FAIL";
	case BP_OUTCOME_ERROR: return "ERROR";
	default: return "cut";
	}
}

static void put_scenario(struct table *t, const struct bp_result_scenario *s)
{
	enum bp_sgr color = outcome_color(bp_result_outcome(s));
	const char *word = status_word(s);

	bp_text_printf(t->out, "%s%s%s%*s ", bp_sgr(t->style->color, color), word, bp_sgr(t->style->color, BP_SGR_RESET),
		       (int)(STATUS_WIDTH - text_width(word)), "");
	put_name(t, s->head.name);
	put_cells(t, &s->sums, s->timed, s->timing.wall_ns, s->head.control != NULL);
}

static void put_head(struct table *t)
{
	bp_text_printf(t->out, "%s%*s", bp_sgr(t->style->color, BP_SGR_DIM), (int)STATUS_WIDTH + 1, "");
	put_name(t, "scenario");
	for (unsigned c = 0; c < COLUMNS; c++) {
		if (t->shown[c])
			bp_text_printf(t->out, "  %*s", (int)t->width[c], titles[c]);
	}
	bp_text_printf(t->out, "%s\n", bp_sgr(t->style->color, BP_SGR_RESET));
}

static void put_total(struct table *t)
{
	bp_text_printf(t->out, "%*s", (int)STATUS_WIDTH + 1, "");
	put_name(t, t->r->end.controls ? "all but control" : "all");
	put_cells(t, &t->r->end.sums, t->r->timed, t->r->timing.wall_ns, false);
}

/* How far nested cuts went. */
static void put_searches(struct table *t)
{
	bool first = true;

	for (size_t i = 0; i < t->r->n_scenarios; i++) {
		const struct bp_result_scenario *s = &t->r->scenarios[i];

		if (!s->search.n_levels)
			continue;
		bp_text_printf(t->out, "%snested cuts, %s: ", first ? "\n" : "", s->head.name);
		bp_show_search(t->out, &s->search);
		bp_text_puts(t->out, "\n");
		first = false;
	}
}

static bool wanted(const struct bp_result_scenario *s, const struct bp_journal_case *c)
{
	if (s->head.control)
		return false;
	return c->verdict == BP_FAIL || c->verdict == BP_RIG || (c->verdict == BP_NOT_EXERCISED && s->head.required);
}

static void put_case(struct table *t, const struct bp_result_scenario *s, const struct bp_journal_case *c)
{
	bool on = t->style->color;

	bp_text_printf(t->out, "%s%s%s %s: %s%s%s\n    ", bp_sgr(on, c->verdict == BP_FAIL ? BP_SGR_RED : BP_SGR_YELLOW),
		       bp_verdict_name(c->verdict), bp_sgr(on, BP_SGR_RESET), s->head.name, c->invariant,
		       *c->invariant ? ": " : "", c->text);
	bp_show_replay(t->out, t->r->run.replay, c->token);
	bp_text_puts(t->out, "\n");
}

/* Failures first, then what makes the run unproven; the first few of each. */
static void put_trouble(struct table *t)
{
	static const enum bp_verdict order[] = {BP_FAIL, BP_RIG, BP_NOT_EXERCISED};
	uint32_t all = 0, shown = 0;

	for (size_t v = 0; v < sizeof(order) / sizeof(order[0]); v++) {
		for (size_t i = 0; i < t->r->n_scenarios; i++) {
			const struct bp_result_scenario *s = &t->r->scenarios[i];

			for (size_t k = 0; k < s->n_cases; k++) {
				if (s->cases[k].verdict != order[v] || !wanted(s, &s->cases[k]))
					continue;
				if (!all++)
					bp_text_puts(t->out, "\n");
				if (shown < TROUBLE_MAX) {
					put_case(t, s, &s->cases[k]);
					shown++;
				}
			}
		}
	}
	if (all > shown)
		bp_text_printf(t->out, "… and %u more\n", all - shown);
}

static void put_closing(struct table *t)
{
	struct bp_text line;
	enum bp_outcome o;

	bp_text_init(&line, t->out->arena);
	o = bp_show_headline(&line, t->r);
	bp_text_printf(t->out, "\n%s%s%s%s", bp_sgr(t->style->color, BP_SGR_BOLD), bp_sgr(t->style->color, outcome_color(o)),
		       line.bytes ? line.bytes : "", bp_sgr(t->style->color, BP_SGR_RESET));
	if (t->r->end.controls)
		bp_text_printf(t->out, "; %u of %u controls caught", t->r->end.controls_caught, t->r->end.controls);
	bp_text_puts(t->out, ".\n");
	t->out->failed |= line.failed;
}

int bp_table_write(const struct bp_results *r, const struct bp_table_style *style, struct bp_text *out,
		   struct bp_err *err)
{
	struct table t = {.r = r, .style = style, .out = out};

	measure(&t);
	put_head(&t);
	for (size_t i = 0; i < r->n_scenarios; i++)
		put_scenario(&t, &r->scenarios[i]);
	put_total(&t);
	put_searches(&t);
	put_trouble(&t);
	put_closing(&t);
	return out->failed ? bp_fail(err, BP_ENOMEM, "table: no memory") : 0;
}
