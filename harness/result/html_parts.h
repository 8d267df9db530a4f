/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_parts.h - the parts of the report's page; private to this folder.
 *
 * Every part appends to page->out and never fails by itself: a full arena is
 * seen once, at the end, in out->failed.
 */
#ifndef BP_RESULT_HTML_PARTS_H
#define BP_RESULT_HTML_PARTS_H

#include "base/text.h"
#include "result/results.h"

struct bp_page {
	const struct bp_results *r;
	struct bp_text *out;
	struct bp_text scratch;      /* texts on their way into the page */
	uint32_t tokens_left;        /* tokens that may still be spelled out in the strips' data */
};

/* Text as HTML text or attribute value. */
void bp_page_text(struct bp_page *p, const char *s);
void bp_page_textn(struct bp_page *p, const char *s, size_t len); /* NUL shows as U+FFFD */

/* 8302 → 8,302 */
void bp_page_count(struct bp_page *p, uint64_t n);
void bp_page_plural(struct bp_page *p, uint64_t n, const char *what);
void bp_page_duration(struct bp_page *p, uint64_t ns);

/* The sign that goes with a colour, so that colour is never alone. */
void bp_page_glyph(struct bp_page *p, const char *name); /* "pass" "fail" "not-exercised" "rig" "skip" */
const char *bp_page_outcome_class(enum bp_outcome o);    /* one of those names */

/* Scenarios against classes of variants, and requirement rows against scenarios. */
void bp_page_matrix(struct bp_page *p);
void bp_page_covers(struct bp_page *p);

/* The strips of the sweeps; page_sweep: whether this scenario has one. */
void bp_page_sweeps(struct bp_page *p);
bool bp_page_has_sweep(const struct bp_result_scenario *s);

/* How far nested cuts went. */
void bp_page_nested(struct bp_page *p);

/* Failures with their evidence, then what was not exercised and what the rig did wrong. */
void bp_page_failures(struct bp_page *p);
void bp_page_others(struct bp_page *p);

#endif
