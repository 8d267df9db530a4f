/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_diag.c - errors that point into a file, and their list. */
#include "base/yaml_priv.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_COLUMNS 96 /* of a source line; a longer one is cut around the column */
#define SHOWN_BEFORE 64  /* columns kept before the column that matters */
#define CUT "..."

size_t bp_yaml_break(const char *p, const char *end)
{
	uint32_t cp = 0;
	size_t n;

	if (p == end)
		return 0;
	if (*p == '\r')
		return end - p > 1 && p[1] == '\n' ? 2 : 1;
	n = bp_utf8(p, (size_t)(end - p), &cp);
	return cp == '\n' || cp == 0x85 || cp == 0x2028 || cp == 0x2029 ? n : 0;
}

/* Start of the line, counted from 1; the end of the text when it has fewer. */
static const char *line_start(const struct bp_source *source, int line)
{
	const char *p = source->text, *end = p + source->len;

	while (line > 1 && p < end) {
		size_t n = bp_yaml_break(p, end);

		line -= n > 0;
		p += n ? n : 1;
	}
	return p;
}

/* A source line as it is shown, and what stands before the caret: both at most SHOWN_COLUMNS characters and two cuts. */
struct view {
	char line[SHOWN_COLUMNS * 4 + 2 * sizeof(CUT)];
	char indent[SHOWN_COLUMNS + sizeof(CUT)];
	size_t line_len, indent_len;
};

static void show(struct view *v, const char *p, size_t n, uint32_t cp, bool before)
{
	bool control = cp < 0x20 || (cp >= 0x7f && cp < 0xa0);

	/* A tab goes into both lines: the caret then stands right at any tab width. */
	if (before)
		v->indent[v->indent_len++] = cp == '\t' ? '\t' : ' ';
	if (!n || (control && cp != '\t')) {
		v->line[v->line_len++] = '?';
		return;
	}
	memcpy(v->line + v->line_len, p, n);
	v->line_len += n;
}

static void look(struct view *v, const char *p, const char *end, size_t col)
{
	size_t from = col > SHOWN_COLUMNS ? col - SHOWN_BEFORE : 0, at = 0;

	*v = (struct view){.line = ""};
	if (from) {
		memcpy(v->line, CUT, v->line_len = sizeof(CUT) - 1);
		memset(v->indent, ' ', v->indent_len = sizeof(CUT) - 1);
	}
	for (; p < end && !bp_yaml_break(p, end); at++) {
		uint32_t cp = 0;
		size_t n = bp_utf8(p, (size_t)(end - p), &cp);

		if (at == from + SHOWN_COLUMNS) {
			memcpy(v->line + v->line_len, CUT, sizeof(CUT));
			v->line_len += sizeof(CUT) - 1;
			break;
		}
		if (at >= from)
			show(v, p, n, cp, at + 1 < col);
		p += n ? n : 1;
	}
	v->line[v->line_len] = '\0';
	v->indent[v->indent_len] = '\0';
}

void bp_yaml_point(char *out, size_t cap, const struct bp_source *source, int line, int col, const char *what)
{
	const char *end = source->text + source->len;
	struct view v;

	look(&v, line_start(source, line), end, col > 0 ? (size_t)col : 1);
	if (v.line_len)
		snprintf(out, cap, "%s:%d:%d: error: %s\n%s\n%s^", source->name, line, col, what, v.line, v.indent);
	else
		snprintf(out, cap, "%s:%d:%d: error: %s", source->name, line, col, what);
}

int bp_yaml_fail(struct bp_err *err, const struct bp_source *source, int line, int col, const char *fmt, ...)
{
	char what[BP_ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (err) {
		err->code = BP_ECONFIG;
		bp_yaml_point(err->text, sizeof(err->text), source, line, col, what);
	}
	return BP_ECONFIG;
}

int bp_diag_at(struct bp_diag *d, const struct bp_node *node, const char *fmt, ...)
{
	char what[BP_ERR_TEXT_BYTES], whole[2 * BP_ERR_TEXT_BYTES];
	va_list ap;

	if (d->count < BP_DIAG_MAX) {
		va_start(ap, fmt);
		vsnprintf(what, sizeof(what), fmt, ap);
		va_end(ap);
		bp_yaml_point(whole, sizeof(whole), node->source, node->line, node->col, what);
		d->text[d->count] = bp_arena_text(d->arena, whole, strlen(whole));
	}
	d->count++;
	return BP_ECONFIG;
}

int bp_diag_result(const struct bp_diag *d, struct bp_err *err)
{
	/* Room kept for the line that counts what does not fit. */
	static const size_t room = BP_ERR_TEXT_BYTES - 48;
	unsigned shown = 0;
	size_t at = 0;

	if (!d->count)
		return 0;
	if (!err)
		return BP_ECONFIG;
	err->code = BP_ECONFIG;
	err->text[0] = '\0';
	for (; shown < d->count && shown < BP_DIAG_MAX && d->text[shown]; shown++) {
		size_t len = strlen(d->text[shown]);

		/* The first error is always told, cut if need be; a further one whole or not at all. */
		if (shown && at + len + 1 > room)
			break;
		at += (size_t)snprintf(err->text + at, room - at, "%s%s", shown ? "\n" : "", d->text[shown]);
		at = at < room ? at : room - 1;
	}
	if (shown < d->count)
		snprintf(err->text + at, sizeof(err->text) - at, "%s%u%s error%s", shown ? "\n" : "", d->count - shown,
			 shown ? " more" : "", d->count - shown > 1 ? "s" : "");
	return BP_ECONFIG;
}
