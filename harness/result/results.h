/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results.h - a journal read back: the model that every report is built from.
 *
 * Everything lives in the arena given on reading. A journal whose last line is
 * cut short, or that has no run-end, is the trace of a run that was killed: it is
 * read as far as it goes and says so (complete, cut_line). Anything else that
 * is wrong is an error with the number of its line.
 */
#ifndef BP_RESULT_RESULTS_H
#define BP_RESULT_RESULTS_H

#include "result/journal.h"

struct bp_result_variant {           /* cases of a scenario with the same `variant`, in order of first sight */
	const char *name;
	uint32_t count[BP_VERDICTS];
	uint32_t cases, merged;
};

struct bp_result_scenario {
	struct bp_journal_scenario head;
	struct bp_journal_case *cases;       /* in plan order */
	size_t n_cases;
	uint32_t *variant_of;                /* n_cases indices into variants */
	struct bp_result_variant *variants;
	size_t n_variants;
	struct bp_journal_sums sums;         /* verdicts, cases and merged are counted here from the case lines;
					      * runs and virtual_ns are of the scenario-end line */
	struct bp_journal_search search;     /* n_levels 0: no nested cuts */
	bool ended;                          /* a scenario-end line was seen */
	bool timed;
	struct bp_timing_scenario timing;    /* when timed */
};

struct bp_results {
	struct bp_journal_run run;
	struct bp_result_scenario *scenarios;
	size_t n_scenarios;
	struct bp_journal_evidence *evidence; /* sorted by id */
	size_t n_evidence;
	struct bp_journal_end end;           /* counted from the scenarios; exit is of the run-end line */
	bool complete;                       /* a run-end line was seen */
	unsigned long cut_line;              /* number of the last line when it is cut short, else 0 */
	bool timed;
	struct bp_timing_run timing;         /* when timed */
	uint32_t detached;                   /* cases on real boards that were run with the probe detached */
};

/* Reads journal text (name stands in for the path in errors). The text is not kept. */
int bp_results_parse(struct bp_arena *a, const char *name, const char *text, size_t len, struct bp_results **out,
		     struct bp_err *err);

/* Adds what timing.jsonl says; lines about unknown scenarios are passed over. */
int bp_results_parse_timing(struct bp_arena *a, struct bp_results *r, const char *name, const char *text, size_t len,
			    struct bp_err *err);

/* dir/journal.jsonl and, when it is there, dir/timing.jsonl, both line by line. */
int bp_results_read(struct bp_arena *a, const char *dir, struct bp_results **out, struct bp_err *err);

/* Evidence of a case, or NULL. */
const struct bp_journal_evidence *bp_results_evidence(const struct bp_results *r, uint32_t id);

/* What a scenario comes to, as the reports and the exit status see it. */
enum bp_outcome {
	BP_OUTCOME_PASSED,
	BP_OUTCOME_FAILED,       /* a device failed */
	BP_OUTCOME_ERROR,        /* rig trouble, a required case not exercised, or a control that was not caught */
	BP_OUTCOME_INCOMPLETE,   /* the run ended before the scenario did */
};

/* "passed", "failed", "error", "incomplete" */
const char *bp_outcome_name(enum bp_outcome o);

enum bp_outcome bp_result_outcome(const struct bp_result_scenario *s);

/* As bp_result_outcome(), from the head and the sums alone: for the run's own end. */
enum bp_outcome bp_sums_outcome(bool required, bool control, const struct bp_journal_sums *s);

#endif
