/* SPDX-License-Identifier: Apache-2.0 */
/* matrix_parts.h - a scenario being run, on the virtual board or on real ones (private to matrix*.c). */
#ifndef BP_CMD_MATRIX_PARTS_H
#define BP_CMD_MATRIX_PARTS_H

#include "cmd/matrix.h"

/* One scenario being run. */
struct bp_sweep_run {
	struct bp_matrix *m;
	struct bp_runner *runner;
	const struct bp_product *product;
	const struct bp_scenario *scenario;
	struct bp_plan *plan;
	struct bp_log *log;
	const struct bp_control *control;
	const char *name, *file;
	struct bp_judgement *judged;         /* by run */
	uint32_t cap_judged;
	uint32_t next_case;                  /* first case not yet in the journal */
	struct bp_journal_sums sums;
	struct {
		uint32_t case_index, id;
	} evidence[BP_EVIDENCE_PER_SCENARIO];
	unsigned n_evidence;
	/* on real boards */
	bool real;
	uint32_t *kept;                      /* by run: id of the evidence that its worker kept, 0: none */
};

/* A run is judged, in order: all cases up to the first that waits for a later run go to the journal. */
int bp_sweep_judged(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err);

/* How many cuts a case may have here; BP_DEPTH_CLOSED: any. */
uint32_t bp_sweep_depth(const struct bp_sweep_run *s);

/* Before the first level is judged: recoveries are recorded when they are going to be cut. */
int bp_sweep_record(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err);

/* The levels below the first, when there are any, and the journal's line about the search. */
int bp_sweep_nested(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err);

#endif
