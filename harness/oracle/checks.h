/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks.h - what is known of the device at one moment, and the check of each
 * invariant on it.
 *
 * All facts of a moment are gathered first, then the rows are asked in the
 * table's order: which one is reported does not hang on the order of looking.
 */
#ifndef BP_ORACLE_CHECKS_H
#define BP_ORACLE_CHECKS_H

#include "oracle/judge.h"

struct bp_facts {
	enum bp_at at;
	const char *when;               /* in words, for the texts */
	bool settled;                   /* else only what is seen at any time is known */
	struct bp_observation o;
	bool bootloader_same;
	bool image_whole;               /* the running image stands in its slot, settled */
	bool state_alike;               /* both copies of the boot state, settled; true where the board has no two */
	bool has_status;
	struct bp_smp_reply status;
	char no_status[100];            /* why there is none */
	/* a further boot */
	struct bp_observation before;   /* at rest, before it */
	/* a good update */
	int artifact;                   /* that was sent */
	uint32_t resent_from;           /* bytes that had been acknowledged before */
};

/* Look at the device: everything that the moment's rows ask for. `at`, `when`, `settled` and what only the caller knows stand already. */
int bp_facts_gather(struct bp_judge *j, struct bp_facts *f, struct bp_err *err);

/* Ask the rows of the moment. True: *out is a fail, by the first that is broken. */
bool bp_checks(const struct bp_judge *j, const struct bp_facts *f, struct bp_judgement *out);

#endif
