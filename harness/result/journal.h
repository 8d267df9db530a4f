/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the journal as data: what a run writes, what all reports are made of.
 *
 * The schema is journal.md; there is one struct for each type of line. Lines are
 * buffered whole and written in batches, so that a killed run leaves at most one
 * line that is cut short. All text here is borrowed for the length of the call:
 * the writer keeps nothing.
 */
#ifndef BP_RESULT_JOURNAL_H
#define BP_RESULT_JOURNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "oracle/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_JOURNAL_FORMAT 1
#define BP_JOURNAL_BATCH_BYTES ((size_t)64 * 1024)       /* whole lines up to this much, then write() */
#define BP_JOURNAL_LINE_BYTES ((size_t)4 * 1024 * 1024)  /* longer lines are neither written nor read */
#define BP_JOURNAL_CONSOLE_BYTES ((size_t)256 * 1024)    /* of a console log: more is cut in its middle, and says so */
#define BP_JOURNAL_TIMELINE_MAX 2000u                /* entries of a time line: likewise */
#define BP_NO_OP UINT32_MAX                          /* the case has no flash operation */

struct bp_journal_run {              /* t: run, the first line */
	const char *program;         /* version of brickproof */
	const char *product, *firmware, *title;
	const char *budget;          /* "all" or "N of M" */
	const char *replay;          /* options that replaying needs, such as "--firmware X"; NULL or "": none */
	uint64_t seed;
	uint32_t scenarios;
};

struct bp_journal_phase {            /* a range of operation ordinals */
	const char *phase;
	uint32_t first, count;
};

struct bp_journal_scenario {         /* t: scenario, before its cases */
	const char *name, *title, *file, *product, *hash8;
	const char *const *covers;   /* ids of requirement rows */
	size_t n_covers;
	bool required;
	const char *control;         /* name of the mutant; NULL: no positive control */
	const char *retries;         /* artifact that ends each case, as the product has no `followup`; NULL: it has one */
	uint32_t cases;              /* planned */
	uint32_t operations;         /* flash operations of the traced update */
	const struct bp_journal_phase *phases;
	size_t n_phases;
};

struct bp_journal_case {             /* t: case, in plan order */
	const char *token;
	const char *scenario;
	const char *variant;         /* the JUnit testcase it is summed into: "flash torn 10%" */
	const char *phase;           /* "" when it has none */
	const char *kind;            /* "program", "erase", "" */
	uint32_t op;                 /* ordinal, BP_NO_OP without one; of a nested cut, in the recovery that it cuts */
	uint32_t depth;              /* how many cuts; 0 or 1: no nested one */
	uint32_t addr;               /* of that operation */
	uint32_t run;                /* number of the run that judged it */
	enum bp_verdict verdict;
	bool merged;                 /* judged by the run of an earlier case */
	const char *running;         /* artifact that ran in the end; NULL or "" when none */
	const char *reason;          /* reason code's name, likewise */
	const char *invariant;       /* these three for anything but a pass; NULL: absent */
	const char *text;
	uint32_t evidence;           /* id, counted from 1; 0: none kept */
	uint64_t service_ns;         /* longest time without an answer while an update was loaded; 0: not told */
};

struct bp_journal_moment {           /* an entry of the time line */
	uint64_t at_ns;              /* board time since the case began */
	const char *what;
};

struct bp_journal_field {            /* of a boot state */
	const char *name, *value;
};

struct bp_journal_area {             /* one-word content summary of a flash area */
	const char *area, *before, *after;
};

struct bp_journal_evidence {         /* t: evidence, anywhere after the run line */
	uint32_t id;                 /* from 1, unique in the run */
	const char *token;
	const struct bp_journal_moment *timeline;
	size_t n_timeline;
	const char *console;         /* any bytes */
	size_t console_len;
	const struct bp_journal_field *state_before, *state_after;
	size_t n_before, n_after;
	const struct bp_journal_area *flash;
	size_t n_flash;
};

struct bp_journal_level {            /* nested cuts: all cases of so many cuts */
	uint32_t depth;
	uint32_t cases;              /* cut points met */
	uint32_t merged;             /* of them: led to a state that was judged already */
	uint32_t states;             /* of them: new, each run and listed as a case */
	uint32_t open;               /* of them: new, but the budget was used up */
};

#define BP_SEARCH_DEPTH "depth"      /* as deep as was asked for */
#define BP_SEARCH_CLOSED "closed"    /* no new state has appeared: deeper there is nothing */
#define BP_SEARCH_BUDGET "budget-ended"
#define BP_SEARCH_UNPROVEN "unproven" /* states were taken for alike that a further cut could tell apart */

struct bp_journal_search {           /* t: search, between a scenario's last case and its end; only with nested cuts */
	const char *scenario, *end;  /* end: one of the above */
	uint32_t open;               /* states that were met and not judged */
	uint32_t classes, unproven;  /* of states that are alike; those whose states a further cut could tell apart. 0: none were made */
	const struct bp_journal_level *levels; /* from depth 1 on */
	size_t n_levels;
};

struct bp_journal_sums {             /* t: scenario-end and run-end */
	uint32_t count[BP_VERDICTS]; /* by enum bp_verdict */
	uint32_t cases, runs, merged;
	uint64_t virtual_ns;         /* board time of the no-fault update; run-end: of all of them */
};

struct bp_journal_end {              /* t: run-end, the last line */
	struct bp_journal_sums sums; /* without control scenarios */
	uint32_t controls, controls_caught;
	int exit;                    /* status of the program: 0, 1, 2, 77, 99 */
};

/* The writer: an fd that the caller owns, and one buffer of whole lines. */
struct bp_journal {
	int fd;
	struct bp_arena *arena;
	struct bp_text lines;
	char *cut;                   /* a long console log with its middle cut out */
	uint64_t written;            /* bytes handed to the fd */
};

/* fd: open for writing, stays the caller's. Allocates the buffer. */
int bp_journal_open(struct bp_journal *j, int fd, struct bp_err *err);

/*
 * Append one line. 0; BP_EIO when the batch before it could not be written (then
 * nothing after it is of use); BP_ENOMEM; BP_EINTERNAL for a line over
 * BP_JOURNAL_LINE_BYTES. May block in write(), once a batch.
 */
int bp_journal_put_run(struct bp_journal *j, const struct bp_journal_run *r, struct bp_err *err);
int bp_journal_put_scenario(struct bp_journal *j, const struct bp_journal_scenario *s, struct bp_err *err);
int bp_journal_put_case(struct bp_journal *j, const struct bp_journal_case *c, struct bp_err *err);
int bp_journal_put_evidence(struct bp_journal *j, const struct bp_journal_evidence *e, struct bp_err *err);
int bp_journal_put_search(struct bp_journal *j, const struct bp_journal_search *s, struct bp_err *err);
int bp_journal_put_scenario_end(struct bp_journal *j, const char *name, const struct bp_journal_sums *s,
				struct bp_err *err);
int bp_journal_put_run_end(struct bp_journal *j, const struct bp_journal_end *e, struct bp_err *err);

/* timing.jsonl is written through a second struct bp_journal. */
struct bp_timing_scenario {
	const char *name;
	uint64_t wall_ns, plan_ns;
	uint32_t runs, jobs;
};

struct bp_timing_run {
	uint64_t wall_ns;
	uint32_t jobs;
	const char *started;         /* ISO 8601 */
	const char *host;
};

struct bp_timing_cut {               /* a try at a cut on a real board */
	const char *token, *board;
	const char *method;          /* how it was brought to its point */
	const char *seen;            /* what the board says was hit, or why nothing was */
	uint32_t number;             /* of the try, from 1 */
	bool hit;
	uint64_t wanted_ns, issued_ns; /* when the command was to leave and left, since the case began */
	uint64_t heard_ns;           /* the board's last sign of life on its console; 0: nothing was cut */
	bool fifo, locked, cpu_latency; /* granted by the system: real-time priority, memory lock, CPU latency */
};

/* A case of a real board that was run with its probe detached. */
int bp_journal_put_timing_detached(struct bp_journal *j, const char *token, const char *board, struct bp_err *err);
int bp_journal_put_timing_cut(struct bp_journal *j, const struct bp_timing_cut *t, struct bp_err *err);
int bp_journal_put_timing_scenario(struct bp_journal *j, const struct bp_timing_scenario *t, struct bp_err *err);
int bp_journal_put_timing_run(struct bp_journal *j, const struct bp_timing_run *t, struct bp_err *err);

/* Hand everything to the fd (a crash of the machine is not guarded against: no fsync). */
int bp_journal_flush(struct bp_journal *j, struct bp_err *err);

/* Flush and give the buffer back; the fd stays open. Safe after a failed open. */
int bp_journal_close(struct bp_journal *j, struct bp_err *err);

#endif
