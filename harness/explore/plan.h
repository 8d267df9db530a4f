/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - the cases of a scenario in plan order, and the runs that judge them.
 *
 * A case is one coordinate; a run is one state actually booted. Cases that leave
 * the board in the same state, owing the same, share a run.
 *
 * Nested cuts: what the board does after a cut, from power-up until it has settled,
 * is a flash log as well. Each level of the plan cuts the logs of the level before
 * it at every operation. Only cuts that lead to a state which no run has judged yet
 * become cases there; the others are counted.
 */
#ifndef BP_EXPLORE_PLAN_H
#define BP_EXPLORE_PLAN_H

#include "explore/log.h"
#include "scenario/scenario.h"

#define BP_MAX_VARIANTS 256

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
	uint32_t parent;             /* nested cut: the case whose recovery is cut; 0: the update is */
	uint8_t depth;               /* how many cuts, its own included; of other cases 1 */
	bool merged;                 /* an earlier case's run judges it */
};

struct bp_run {
	uint32_t first_case;         /* the case it is run as */
	struct bp_hash128 flash;     /* cut: the flash it must start from */
	const struct bp_log *log;    /* its recovery, when it passed and was recorded; else NULL */
	const uint8_t *asked;        /* pages that it looked at, in order, n_asked; NULL: not told */
	uint32_t n_asked;
	bool passed;                 /* known like n_asked */
	uint8_t of_state;            /* runs that judge its state together, one for each action of the host; in each of them */
};

#define BP_MAX_DEPTH BP_DEPTH_MAX

struct bp_level {
	uint32_t depth;              /* cuts of each of its cases */
	uint32_t cases;              /* cut points met */
	uint32_t merged;             /* of them: led to a state that had a run already */
	uint32_t states;             /* of them: new, each a run of its own */
	uint32_t open;               /* of them: new, but the budget was used up */
	bool more;                   /* only a slice of it has been planned */
};

struct bp_maker;

struct bp_plan {
	const struct bp_scenario *scenario;
	const struct bp_log *log;
	uint64_t seed;
	char hash8[9];
	struct bp_case *cases;
	struct bp_run *run;
	uint32_t n_cases, n_runs;    /* a state that is judged under several actions has so many runs, one behind the other */
	uint32_t all_cases;          /* before a budget was applied */
	char *variant[BP_MAX_VARIANTS];
	unsigned n_variants;
	struct bp_maker *maker;      /* NULL: a plan that cannot be deepened */
	bool record;                 /* runs are to tell their recovery's log */
	bool ask;                    /* and what they looked at */
	const struct bp_product *product; /* whose records are read alike when they differ in what explore/records.h says; NULL: nobody's */
	uint32_t nested_budget;      /* most new states below the first level; 0: the budget of bp_plan_make() */
	bool exact;                  /* states are told apart by all of their flash: no classes, no rules about records */
};

/* The case's recovery has a log, in which cuts can be nested: not when the core lived on, nor when power came and went meanwhile. */
static inline bool bp_case_is_logged(const struct bp_case *c)
{
	return c->kind == BP_CASE_CUT && !bp_fault_runs_on(c->cut.fault) && !c->state.bounces;
}

/*
 * Lay out all cases. budget: most cut cases, spread evenly over the sweep; 0: all.
 * scratch: a flash of the log's geometry.
 */
int bp_plan_make(struct bp_arena *a, const struct bp_scenario *s, const struct bp_log *log, struct bp_flash *scratch,
		 uint64_t seed, uint32_t budget, struct bp_plan **out, struct bp_err *err);

/* The log that the case's cut counts in, and the flash at its beginning: those of its parent's recovery, or of the update. */
const struct bp_log *bp_plan_log(const struct bp_plan *p, const struct bp_case *c);

/* Make f the flash at the beginning of that log. */
void bp_plan_base(const struct bp_plan *p, const struct bp_case *c, struct bp_flash *f);

/*
 * The recovery of run `index` was `text`, len bytes as bp_log_pack() wrote them. 0,
 * BP_EPROTO when it is no log, BP_ENOMEM. Equal ones are kept once.
 */
int bp_plan_keep_log(struct bp_plan *p, uint32_t index, const void *text, size_t len, struct bp_err *err);

/* Run `index` looked at these pages, n of them, and passed or not. 0 or BP_ENOMEM. */
int bp_plan_keep_asked(struct bp_plan *p, uint32_t index, const uint8_t *page, uint32_t n, bool passed, struct bp_err *err);

/*
 * *n: how many classes of states hold some that a further cut could tell apart, or told
 * apart: of a search that counts none may. 0, or as bp_plan_deepen().
 */
int bp_plan_unproven(struct bp_plan *p, uint32_t *n, struct bp_err *err);

/* Classes of states so far; 0: none are made. */
uint32_t bp_plan_classes(const struct bp_plan *p);

/* Give back what is not the arena's. */
void bp_plan_end(struct bp_plan *p);

/*
 * The next level: cut the logs of the runs from `first` on, at the positions of the
 * scenario's first sweep that cuts power at flash operations (none: nothing is cut).
 * *level tells what it came to; cases and runs are appended. A level is planned in
 * slices: *level, all zero at its beginning, tells in `more` that this one is to be
 * judged, and the call to be made again. The budget of
 * bp_plan_make() bounds the new states of all levels below the first together.
 */
int bp_plan_deepen(struct bp_plan *p, uint32_t first, struct bp_level *level, struct bp_err *err);

#endif
