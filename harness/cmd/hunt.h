/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunt.h - one mutant against the whole matrix, until a check catches it.
 *
 * First means: lowest case in plan order, scenarios in the order of their names;
 * within a case what breaks earliest in virtual time; at one moment the row that
 * stands first in the invariants' table.
 */
#ifndef BP_CMD_HUNT_H
#define BP_CMD_HUNT_H

#include "cmd/matrix.h"

#define BP_HUNT_MORE 2000u /* cases judged beyond the first catch: what else fires there is told, too */

/* What a mutant's patch predicts: `Expect: INVARIANT`, or `Expect: INVARIANT (OTHER comes first: why)`. */
struct bp_prediction {
	int invariant;          /* the one that its defect breaks; -1: nothing is predicted */
	int first;              /* the one that sees it first; most often the same */
};

/* text: as the firmware object tells. BP_ECONFIG says what was expected. */
int bp_prediction_parse(const char *text, struct bp_prediction *out, struct bp_err *err);

struct bp_hunt {
	const struct bp_product *product; /* of scenarios that name none */
	const char *const *scenario; /* names, in order */
	size_t n_scenarios;
	unsigned jobs;
	uint64_t seed;
	uint32_t without;       /* invariants that are not asked: bit mask */
};

struct bp_kill {
	bool caught;
	int invariant;          /* the first; -1 when it survived */
	uint32_t cases;         /* judged up to it, itself included; of one that survived: all */
	uint32_t others;        /* bit mask of the other invariants that fired within BP_HUNT_MORE cases more */
	char scenario[64];
	char token[BP_TOKEN_BYTES];
};

/* Negative: the rig's trouble. Blocks; forks workers. */
int bp_hunt(const struct bp_hunt *h, const char *firmware, struct bp_kill *out, struct bp_err *err);

/* Is the prediction borne out? */
bool bp_kill_as_predicted(const struct bp_kill *k, const struct bp_prediction *p);

#endif
