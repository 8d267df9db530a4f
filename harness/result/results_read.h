/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results_read.h - the reader behind results.h, line by line; private to this folder.
 */
#ifndef BP_RESULT_RESULTS_READ_H
#define BP_RESULT_RESULTS_READ_H

#include "result/results.h"

struct bp_intern {                   /* texts that repeat, each kept once; open addressing */
	const char **slot;
	uint32_t *hash;
	size_t cap, n;
};

struct bp_results_reader {
	struct bp_arena *arena;
	struct bp_results *r;
	const char *name;            /* of the file, for errors */
	unsigned long line;          /* number of the line at hand, from 1 */
	int rc;                      /* first error; sticky */
	struct bp_err *err;
	struct bp_intern intern;
	bool have_run, open;         /* a run line was seen; a scenario is open */
	bool timing;                 /* this is timing.jsonl */
	size_t cap_scenarios, cap_cases, cap_variants, cap_evidence;
	size_t last_variant;         /* cases of a variant mostly follow each other */
};

/* r: NULL for a journal (a new model is made), the model for timing.jsonl. */
int bp_results_reader_init(struct bp_results_reader *rd, struct bp_arena *a, struct bp_results *r, const char *name,
			   struct bp_err *err);

/* One line without its newline; `whole`: the newline was there. 0 or the (sticky) error. */
int bp_results_reader_line(struct bp_results_reader *rd, const char *text, size_t len, bool whole);

/* After the last line: check, sort, add up. */
int bp_results_reader_done(struct bp_results_reader *rd);

#endif
