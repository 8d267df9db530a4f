/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.h - a streaming XML writer into a bp_text.
 *
 * Elements nest and indent; attribute values and text are escaped; characters
 * that XML 1.0 (section 2.2) forbids, a device's console may hold any byte, are
 * written as U+FFFD.
 */
#ifndef BP_BASE_XML_H
#define BP_BASE_XML_H

#include "base/text.h"

#include <stdbool.h>

#define BP_XML_MAX_DEPTH 16

struct bp_xml {
	struct bp_text *out;
	unsigned depth;
	const char *open[BP_XML_MAX_DEPTH]; /* borrowed element names */
	bool in_tag, has_text;
};

void bp_xml_init(struct bp_xml *x, struct bp_text *out); /* writes the declaration */
void bp_xml_open(struct bp_xml *x, const char *element);
void bp_xml_attr(struct bp_xml *x, const char *name, const char *value);
void bp_xml_attrf(struct bp_xml *x, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void bp_xml_text(struct bp_xml *x, const char *text);
void bp_xml_close(struct bp_xml *x);

/* Escape for XML or HTML text and attributes into out. */
void bp_xml_escape(struct bp_text *out, const char *text, size_t len);

#endif
