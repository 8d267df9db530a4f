/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matrix.h - running scenarios into a journal: what `run` and `mutants` share.
 */
#ifndef BP_CMD_MATRIX_H
#define BP_CMD_MATRIX_H

#include "explore/boards.h"
#include "explore/pool.h"
#include "explore/token.h"
#include "result/progress.h"
#include "result/rundir.h"

#define BP_EVIDENCE_PER_SCENARIO 8u /* cases whose evidence is kept; the others keep their token */
#define BP_SCENARIO_ARENA_BYTES ((size_t)8 * 1024 * 1024 * 1024) /* power-cut-twice-with-host, closed: the program peaks at 4.3 GiB */
#define BP_VERSION "0.1.0"

struct bp_matrix_options {
	unsigned jobs;
	uint32_t budget;            /* most cut cases a scenario, and as many nested ones; 0: all */
	uint32_t depth;             /* most cuts in a case, or BP_DEPTH_CLOSED; 0: as each scenario says */
	uint64_t seed;
	enum bp_accel accel;
	bool follow_up;
	bool disarm;
	bool unmerged;              /* run all states on the board */
	bool exact;                 /* nested cuts: no classes of states, no rules about records */
};

/* Real boards to run on, instead of the virtual one. */
struct bp_matrix_bench {
	const struct bp_bench_board *board[BP_BENCH_BOARDS];
	const struct bp_product *product[BP_BENCH_BOARDS]; /* of each */
	bool out_of_use[BP_BENCH_BOARDS];
	unsigned n;
};

struct bp_matrix {
	struct bp_matrix_options opt;
	struct bp_rundir *dir;
	struct bp_progress *progress;
	struct bp_matrix_bench *bench; /* NULL: the virtual board */
	uint32_t virtual_only;      /* cases that no board can be brought to */
	struct bp_journal_end end;
	uint32_t evidence;          /* ids given so far */
	uint32_t runs;              /* runs of the scenarios before: run numbers are unique in a journal */
	bool trouble;               /* some scenario came to BP_OUTCOME_ERROR */
	bool failed;                /* some device failed */
};

/* A positive control: a mutant that this scenario must catch by this invariant (-1: any). */
struct bp_control {
	const char *mutant, *scenario;
	int invariant;
};

/*
 * crosscheck.c: the first and last cut case of each variant and phase from the start, too. 1: all agree, 0: the token
 * and what differs are on stderr.
 */
int bp_crosscheck(struct bp_runner *r, const struct bp_plan *p, const struct bp_judgement *judged, struct bp_err *err);

/* One scenario on one firmware. control: NULL for none. Device trouble goes into the journal; a negative return is the rig's. */
int bp_matrix_scenario(struct bp_matrix *m, const struct bp_product *p, const char *firmware, const char *scenario_path,
		       const struct bp_control *control, struct bp_err *err);

/* Exit status so far: 0, 1, 99. */
int bp_matrix_exit(const struct bp_matrix *m);

/* matrix_bench.c: the sweep's plan, cut down to what the bench's boards of its product can do, and run on them. */
struct bp_sweep_run;
int bp_matrix_bench_plan(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err);
int bp_matrix_bench_judge(struct bp_sweep_run *s, struct bp_err *err);

enum bp_evidence_made {
	BP_EVIDENCE_SAME,   /* made, and the case came to the same judgement again */
	BP_EVIDENCE_OTHER,  /* made, but it came to another: the rig cannot be trusted */
	BP_EVIDENCE_NONE,   /* the process that made it failed */
};

/* evidence.c: run the case again, traced, in a process of its own; its evidence line goes to the journal. */
int bp_evidence_add(struct bp_journal *j, struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c,
		    uint32_t id, const struct bp_judgement *expected, enum bp_evidence_made *made, struct bp_err *err);

/* One evidence line, from a time line and the flash before and after. */
int bp_evidence_line(struct bp_journal *j, const struct bp_product *p, struct bp_arena *a, const struct bp_trace *t,
		     const struct bp_flash *before, const struct bp_flash *after, const char *token, uint32_t id, struct bp_err *err);

#endif
