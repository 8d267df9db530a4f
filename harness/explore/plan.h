/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - the cases of a scenario in plan order, and the runs that judge them.
 *
 * A case is one coordinate; a run is one state actually booted. Cases that leave
 * the board in the same state, owing the same, share a run.
 */
#ifndef BP_EXPLORE_PLAN_H
#define BP_EXPLORE_PLAN_H

#include "explore/log.h"
#include "scenario/scenario.h"

#define BP_MAX_VARIANTS 192

enum bp_case_kind {
	BP_CASE_NO_FAULT,
	BP_CASE_CUT,
	BP_CASE_EDIT,
	BP_CASE_DAMAGE,
	BP_CASE_EMPTY,               /* a sweep that selects no point: not exercised, never silent */
};

struct bp_case {
	enum bp_case_kind kind;
	struct bp_cutpoint cut;      /* cut; empty: the listed point that the update lacks, n 0 when a phase is empty */
	struct bp_state state;       /* cut: what it resolves to */
	uint16_t row;                /* edit, damage, empty: index in the scenario */
	uint16_t variant;
	uint8_t phase;               /* enum bp_phase */
	uint64_t seed;
	uint32_t run;                /* index into bp_plan.run */
	bool merged;                 /* an earlier case's run judges it */
};

struct bp_run {
	uint32_t first_case;         /* the case it is run as */
	struct bp_hash128 flash;     /* cut: the flash it must start from */
};

struct bp_plan {
	const struct bp_scenario *scenario;
	const struct bp_log *log;
	uint64_t seed;
	char hash8[9];
	struct bp_case *cases;
	struct bp_run *run;
	uint32_t n_cases, n_runs;
	uint32_t all_cases;          /* before a budget was applied */
	char *variant[BP_MAX_VARIANTS];
	unsigned n_variants;
};

/*
 * Lay out all cases. budget: most cut cases, spread evenly over the sweep; 0: all.
 * scratch: a flash of the log's geometry.
 */
int bp_plan_make(struct bp_arena *a, const struct bp_scenario *s, const struct bp_log *log, struct bp_flash *scratch,
		 uint64_t seed, uint32_t budget, struct bp_plan **out, struct bp_err *err);

#endif
