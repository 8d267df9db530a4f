/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_parts.h - the reading of a scenario file (private to scenario.c and scenario_sweep.c). */
#ifndef BP_SCENARIO_PARTS_H
#define BP_SCENARIO_PARTS_H

#include "scenario/scenario.h"

struct bp_scenario_reader {
	struct bp_arena *arena;
	struct bp_diag diag;
	const struct bp_product *product;
	struct bp_scenario *s;
};

/* What the product lacks leaves the cell uncovered; the first such thing is told, where node asks for it. */
void bp_scenario_missing(struct bp_scenario_reader *r, const struct bp_node *node, const char *kind, const char *name);

/* One item of `sweep`; `depth`; `actions`, once steps, end, sweeps and `after` have been read. NULL: the key is not there. */
void bp_scenario_sweep(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_sweep *w);
void bp_scenario_depth(struct bp_scenario_reader *r, const struct bp_node *node);
void bp_scenario_actions(struct bp_scenario_reader *r, const struct bp_node *node);

#endif
