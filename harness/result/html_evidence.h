/* SPDX-License-Identifier: Apache-2.0 */
/* html_evidence.h - the evidence of one case on the page; private to this folder. */
#ifndef BP_RESULT_HTML_EVIDENCE_H
#define BP_RESULT_HTML_EVIDENCE_H

#include "result/html_parts.h"

void bp_page_evidence(struct bp_page *p, const struct bp_journal_evidence *e);

#endif
