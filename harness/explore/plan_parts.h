/* SPDX-License-Identifier: Apache-2.0 */
/* plan_parts.h - the making of a plan (private to plan.c and nested.c). */
#ifndef BP_EXPLORE_PLAN_PARTS_H
#define BP_EXPLORE_PLAN_PARTS_H

#include "explore/plan.h"
#include "explore/states.h"

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
	uint32_t nested;                 /* runs below the first level so far */
	struct bp_level *level;          /* being made; NULL: the first */
};

/* The flash just before the log begins stands in m->base, m->prefix and m->flash alike. */
void bp_plan_stand(struct bp_maker *m, const struct bp_log *log, struct bp_flash *base);

/* Cases for the positions that sweep w lists of operation n of the log. */
int bp_plan_op_cases(struct bp_maker *m, const struct bp_sweep *w, uint32_t n, enum bp_phase phase, struct bp_err *err);

#endif
