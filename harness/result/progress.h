/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - how far the run is, on stderr.
 *
 * Live: one line that is redrawn at most ten times a second, with rate and time
 * left. Not live (a log, a pipe): one line when a scenario has ended. Times are
 * the caller's monotonic clock. Nothing here fails: a line that cannot be written
 * is lost.
 */
#ifndef BP_RESULT_PROGRESS_H
#define BP_RESULT_PROGRESS_H

#include "result/results.h"

#include <stdbool.h>
#include <stdint.h>

#define BP_PROGRESS_REDRAW_NS 100000000u /* 10 a second: faster than that nobody reads */

struct bp_progress {
	int fd;
	bool live, color, drawn;
	unsigned columns;
	const char *scenario;                /* borrowed until the scenario's end */
	uint32_t index, of;                  /* scenario number (from 1) of so many */
	uint32_t total, done, runs, failed;
	uint64_t began_ns, drawn_ns;
};

/* of: scenarios of the run. columns: width of the terminal, 0: 80. */
void bp_progress_init(struct bp_progress *p, int fd, bool live, bool color, unsigned columns, uint32_t of);

/* A scenario of `total` cases begins. name stays the caller's until bp_progress_end(). */
void bp_progress_begin(struct bp_progress *p, const char *name, uint32_t total, uint64_t now_ns);

/* The scenario has more cases than was thought: `total` of them. */
void bp_progress_more(struct bp_progress *p, uint32_t total);

/* So many cases judged so far, by so many runs, of which so many failed. Cheap: call it for each case. */
void bp_progress_update(struct bp_progress *p, uint32_t done, uint32_t runs, uint32_t failed, uint64_t now_ns);

/* The scenario has ended; outcome: see bp_sums_outcome(). */
void bp_progress_end(struct bp_progress *p, const struct bp_journal_sums *sums, enum bp_outcome outcome, uint64_t now_ns);

/* Take the live line off the terminal, before anything else is printed there. */
void bp_progress_clear(struct bp_progress *p);

#endif
