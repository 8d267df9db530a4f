/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_problem.c - what is no YAML at all, in the words of somebody who writes a scenario. */
#include "base/text.h"
#include "base/yaml_priv.h"

#include <string.h>
#include <yaml.h>

struct words {
	const char *problem; /* libyaml 0.2.5 */
	const char *ours;
	bool at_context;     /* the place that matters is where the construct began */
};

static const struct words table[] = {
	{"mapping values are not allowed in this context",
	 "a ':' does not fit here; expected one 'key: value' a line, indented like its neighbours, or the text in quotes", false},
	{"could not find expected ':'", "this key has no ': '; expected 'key: value', with a space after the ':'", true},
	{"did not find expected key", "this does not belong here; expected 'key: value', indented like the lines above", false},
	{"did not find expected '-' indicator", "this does not belong here; expected '- ', indented like the items above", false},
	{"did not find expected ',' or ']'", "the list in brackets is broken; expected ',' or ']'", false},
	{"did not find expected ',' or '}'", "the map in braces is broken; expected ',' or '}'", false},
	{"found unexpected end of stream", "the text in quotes never ends; expected a closing quote", true},
	{"block sequence entries are not allowed in this context",
	 "a list may not begin here; expected '- ' on a line of its own", false},
	{"found a tab character where an indentation space is expected", "a tab here; expected spaces", false},
	{"found unknown escape character", "no such escape; expected one as in JSON, or the text in single quotes", false},
	{"did not find expected hexdecimal number", "this escape is cut short; expected hex digits", false},
	{"did not find expected <document start>", "text after the end of the document; expected one document a file", false},
};

/* libyaml's words, where we have none of our own, stay as they are. */
static const struct words *reworded(const char *problem, char here)
{
	static const struct words tab = {NULL, "a tab here; expected spaces", false};
	static const struct words start = {NULL, "this character cannot begin a value; expected the text in quotes", false};

	if (!strcmp(problem, "found character that cannot start any token"))
		return here == '\t' ? &tab : &start;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(problem, table[i].problem))
			return &table[i];
	return NULL;
}

/* The byte at a mark, whose index counts characters; NUL at the end of the text. */
static char byte_at(const struct bp_source *source, const yaml_mark_t *mark)
{
	const char *p = source->text, *end = p + source->len;

	for (size_t i = 0; i < mark->index && p < end; i++) {
		uint32_t cp;
		size_t n = bp_utf8(p, (size_t)(end - p), &cp);

		p += n ? n : 1;
	}
	return *p; /* a NUL stands behind the text */
}

int bp_yaml_fail_parser(struct bp_err *err, const struct bp_source *source, const struct yaml_parser_s *parser)
{
	const char *problem = parser->problem ? parser->problem : "not readable as YAML";
	const char *context = parser->context;
	const yaml_mark_t *at = &parser->problem_mark;
	char here = byte_at(source, at);
	const struct words *w = reworded(problem, here);

	/* What breaks off at the end of the file went wrong where it began. */
	if (context && (!here || (w && w->at_context)))
		at = &parser->context_mark;
	if (w)
		return bp_yaml_fail(err, source, (int)at->line + 1, (int)at->column + 1, "%s", w->ours);
	return bp_yaml_fail(err, source, (int)at->line + 1, (int)at->column + 1, "%s%s%s", problem, context ? " " : "",
			    context ? context : "");
}

/* Text that libyaml would stop at, told with its place: its reader counts bytes, not lines. */
int bp_yaml_check_characters(const struct bp_source *source, struct bp_err *err)
{
	const char *p = source->text, *end = p + source->len;
	int line = 1, col = 1;

	while (p < end) {
		uint32_t cp = 0;
		size_t n = bp_utf8(p, (size_t)(end - p), &cp), skip = bp_yaml_break(p, end);

		if (skip) {
			p += skip;
			line++;
			col = 1;
			continue;
		}
		if (!n)
			return bp_yaml_fail(err, source, line, col, "byte 0x%02x is no UTF-8; expected UTF-8 text", (unsigned char)*p);
		if (!cp)
			return bp_yaml_fail(err, source, line, col, "a NUL byte here; expected text");
		/* YAML 1.2, c-printable. */
		if ((cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp < 0xa0) || (cp & 0xfffe) == 0xfffe || cp == 0xfeff)
			return bp_yaml_fail(err, source, line, col, "unprintable character U+%04X; expected text", (unsigned)cp);
		p += n;
		col++;
	}
	return 0;
}
