/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the name of a case, from which it can be run again:
 *
 *   bp1:PRODUCT:SCENARIO:HASH8:CUTS:EDIT:SEED
 *
 * HASH8 covers the scenario's text and the product's geometry, areas, and artifact names,
 * versions and sizes; not the firmware, the compiler or the world. CUTS is "-"
 * or cut points joined by "+", each in the recovery from the one before it; EDIT is "-", a corruption operator, or damage=N (the N-th row).
 */
#ifndef BP_EXPLORE_TOKEN_H
#define BP_EXPLORE_TOKEN_H

#include "explore/plan.h"

#define BP_TOKEN_BYTES 2048

struct bp_token {
	char product[48], scenario[64], hash8[9];
	unsigned n_cuts;
	struct bp_cutpoint cut[BP_MAX_DEPTH];
	char edit[48];            /* "" when there is none */
	uint32_t damage;          /* row from 1, 0: none */
	uint64_t seed;
};

/* HASH8 of scenario s on product p, 8 hex digits and a NUL into out. */
void bp_token_hash8(const struct bp_scenario *s, const struct bp_product *p, char out[9]);

/* The token of a case into out; returns out. */
char *bp_token_show(char out[BP_TOKEN_BYTES], const struct bp_plan *plan, const char *product, const struct bp_case *c);

/* Text → parts. BP_EUSAGE says which part is wrong. */
int bp_token_parse(const char *text, struct bp_token *out, struct bp_err *err);

/* The case of a plan's scenario that the token names, up to its first cut, resolved against the log. BP_EUSAGE when there is none. */
int bp_token_case(const struct bp_token *t, const struct bp_plan *plan, struct bp_case *out, struct bp_err *err);

#endif
