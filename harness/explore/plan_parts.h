/* SPDX-License-Identifier: Apache-2.0 */
/* plan_parts.h - the making of a plan (private to plan.c and nested.c). */
#ifndef BP_EXPLORE_PLAN_PARTS_H
#define BP_EXPLORE_PLAN_PARTS_H

#include "explore/classes.h"
#include "explore/plan.h"
#include "explore/records.h"
#include "explore/states.h"

/* A state that was judged. */
struct bp_met {
	uint32_t class;    /* BP_NO_CLASS: it stands for itself */
	bool first;        /* of its class: its recoveries are cut */
};

/* A cut within a recovery led there. */
struct bp_lead {
	uint32_t from, to; /* class; run */
	uint64_t erased;   /* pages, whole, by then */
};

struct bp_maker {
	struct bp_arena *arena;
	struct bp_plan *plan;
	const struct bp_log *log;
	struct bp_flash *base;           /* the flash at the log's beginning */
	struct bp_flash *flash, *prefix; /* scratch, and the state that moves along the log */
	uint32_t prefix_ops;
	uint32_t cap_cases;
	uint32_t stride;                 /* of the budget and the sweep at hand: every stride-th cut case is planned */
	uint32_t budget;                 /* 0: all */
	uint32_t count[BP_MAX_SWEEPS];   /* cut cases of each sweep, from the first round */
	uint32_t in_sweep;               /* cut cases of the sweep at hand so far */
	uint32_t phases;                 /* in which the sweep at hand met an event */
	struct bp_states *states;        /* of what has been planned: the run that judges it, + 1 */
	bool counting;                   /* first round: only count cut cases */
	uint32_t cut_cases;
	/* nested cuts */
	struct bp_flash *nested_base;
	struct bp_states *logs;          /* number in log_of, + 1, by content */
	const struct bp_log **log_of;
	uint32_t n_logs, cap_logs;
	uint32_t parent, depth;          /* of the cases being made */
	uint32_t nested;                 /* states below the first level so far */
	uint64_t erased;                 /* pages that the operations up to `prefix` erased whole */
	struct bp_hash128 *content;      /* of all pages, as keys take them: of the state at hand */
	struct bp_records_read *records; /* whose rules count below the first level; NULL: none do */
	struct bp_classes *classes;      /* of what has been judged; NULL: every state stands for itself */
	struct bp_met *met;              /* by run: of all that have been judged and classified */
	uint32_t n_met, cap_met;
	uint32_t untrue;                 /* states that were not like their class after all */
	uint32_t class;                  /* of the state whose recovery is being cut */
	struct bp_lead *lead;            /* to runs that are to be judged */
	uint32_t n_leads, cap_leads;
	uint32_t first, at, end;         /* runs of the level above: the first, the next to be cut, and behind the last */
	unsigned pass;                   /* over them */
	struct bp_level *level;          /* being made; NULL: the first */
};

/* All that is given when power returns from this cut, but the flash; n runs judge what comes then. */
struct bp_hash128 bp_plan_root(const struct bp_maker *m, const struct bp_case *c, unsigned n);

/* Bring m->flash and m->content into the state. */
void bp_plan_state(struct bp_maker *m, const struct bp_state *s);

/* A new state, or one that is known by its class, was met within the recovery at hand. 0 or BP_ENOMEM. */
int bp_plan_lead(struct bp_maker *m, uint32_t run);

/* Runs that were judged since are classified. */
int bp_plan_classify(struct bp_maker *m, struct bp_err *err);

/* The flash just before the log begins stands in m->base, m->prefix and m->flash alike. */
void bp_plan_stand(struct bp_maker *m, const struct bp_log *log, struct bp_flash *base);

/* Cases for the positions that sweep w lists of operation n of the log. */
int bp_plan_op_cases(struct bp_maker *m, const struct bp_sweep *w, uint32_t n, enum bp_phase phase, struct bp_err *err);

#endif
