/* SPDX-License-Identifier: Apache-2.0 */
/* xml.c - XML 1.0 (fifth edition), always UTF-8 (xml.h). */
#include "base/xml.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ATTR_BYTES 1024            /* of a formatted attribute value; a longer one is cut */

/* Section 2.2, Char. */
static bool allowed(uint32_t cp)
{
	return cp == '\t' || cp == '\n' || cp == '\r' || (cp >= 0x20 && cp <= 0xd7ff) ||
	       (cp >= 0xe000 && cp <= 0xfffd) || cp >= 0x10000;
}

/*
 * What to write instead of a character, NULL: itself. A reader turns line ends
 * (section 2.11), and all white space of an attribute (section 3.3.3), into
 * others unless they are references.
 */
static const char *instead(uint32_t cp, bool attribute)
{
	switch (cp) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	case '\r': return "&#13;";
	case '\n': return attribute ? "&#10;" : NULL;
	case '\t': return attribute ? "&#9;" : NULL;
	default: return allowed(cp) ? NULL : REPLACEMENT;
	}
}

static void escape(struct bp_text *out, const char *text, size_t len, bool attribute)
{
	size_t from = 0, at = 0;

	while (at < len) {
		uint32_t cp = 0;
		size_t n = bp_utf8(text + at, len - at, &cp);
		const char *other = n ? instead(cp, attribute) : REPLACEMENT;

		if (other) {
			bp_text_add(out, text + from, at - from);
			bp_text_puts(out, other);
			from = at + (n ? n : 1);
		}
		at += n ? n : 1;
	}
	bp_text_add(out, text + from, at - from);
}

void bp_xml_escape(struct bp_text *out, const char *text, size_t len)
{
	escape(out, text, len, false);
}

void bp_xml_init(struct bp_xml *x, struct bp_text *out)
{
	*x = (struct bp_xml){.out = out};
	bp_text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
}

static void end_tag(struct bp_xml *x)
{
	if (x->in_tag)
		bp_text_add(x->out, ">", 1);
	x->in_tag = false;
}

/* Not beside text, where white space would become part of it. */
static void new_line(struct bp_xml *x)
{
	if (!x->has_text)
		bp_text_printf(x->out, "\n%*s", (int)x->depth * 2, "");
}

void bp_xml_open(struct bp_xml *x, const char *element)
{
	assert(x->depth < BP_XML_MAX_DEPTH);
	end_tag(x);
	new_line(x);
	bp_text_printf(x->out, "<%s", element);
	x->open[x->depth++] = element;
	x->in_tag = true;
	x->has_text = false;
}

void bp_xml_attr(struct bp_xml *x, const char *name, const char *value)
{
	assert(x->in_tag);
	bp_text_printf(x->out, " %s=\"", name);
	escape(x->out, value, strlen(value), true);
	bp_text_add(x->out, "\"", 1);
}

void bp_xml_attrf(struct bp_xml *x, const char *name, const char *fmt, ...)
{
	char value[ATTR_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	bp_xml_attr(x, name, value);
}

void bp_xml_text(struct bp_xml *x, const char *text)
{
	assert(x->depth);
	end_tag(x);
	escape(x->out, text, strlen(text), false);
	x->has_text = true;
}

void bp_xml_close(struct bp_xml *x)
{
	assert(x->depth);
	x->depth--;
	if (x->in_tag) {
		bp_text_add(x->out, "/>", 2);
	} else {
		new_line(x);
		bp_text_printf(x->out, "</%s>", x->open[x->depth]);
	}
	x->in_tag = false;
	x->has_text = false;
	if (!x->depth)
		bp_text_add(x->out, "\n", 1);
}
