/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - words and numbers that all reports put the same way; private to this folder.
 */
#ifndef BP_RESULT_WORDS_H
#define BP_RESULT_WORDS_H

#include "base/text.h"
#include "result/results.h"

#define BP_SHOW_COUNT_BYTES 32

/* 8302 → "8,302" into out (BP_SHOW_COUNT_BYTES bytes). Returns out. */
char *bp_show_count(char *out, uint64_t n);

/* Seconds with three decimals, as JUnit wants them, into out (BP_SHOW_COUNT_BYTES bytes). Returns out. */
char *bp_show_seconds(char *out, uint64_t ns);

/* The command that runs one case again, quoted for a POSIX shell. */
void bp_show_replay(struct bp_text *out, const char *options, const char *token);

/* "flash operation 4,711: program at 0x0000d3c4, in download"; nothing for a case without an operation or phase. */
void bp_show_place(struct bp_text *out, const struct bp_journal_case *c);

/* Board time of a time line: "1.250 000 s". */
void bp_show_moment(struct bp_text *out, uint64_t at_ns);

/* "in words" of a verdict: "passed", "failed", "not exercised", "rig trouble", "skipped". */
const char *bp_show_verdict(enum bp_verdict v);

/* Which of two verdicts a reader must hear of first: higher is worse. */
unsigned bp_show_severity(enum bp_verdict v);

/* Where the last `lines` lines of text begin, at most `bytes` before its end, never inside a UTF-8 sequence. */
size_t bp_show_tail(const char *text, size_t len, size_t lines, size_t bytes);

/* The run in one sentence: "All 11 scenarios passed". */
enum bp_outcome bp_show_headline(struct bp_text *out, const struct bp_results *r);

/* "312 states after up to 2 cuts, no new one beyond", … for a scenario with nested cuts. */
void bp_show_search(struct bp_text *out, const struct bp_journal_search *s);

#endif
