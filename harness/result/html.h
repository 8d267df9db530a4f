/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html.h - the results as one page that needs nothing but itself.
 *
 * Style and script are real files in reports/page/, compiled in by page.S. The
 * page fetches nothing: it reads the same from file://, from a mail and from an
 * artifact store.
 */
#ifndef BP_RESULT_HTML_H
#define BP_RESULT_HTML_H

#include "base/text.h"
#include "result/results.h"

/* Appends the document to out. BP_ENOMEM when its arena is full. */
int bp_html_write(const struct bp_results *r, struct bp_text *out, struct bp_err *err);

#endif
