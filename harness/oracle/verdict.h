/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - what a case comes to.
 *
 * A device that misbehaves is BP_FAIL, a result. Trouble of the bench or of the
 * rig itself is BP_RIG. The two never mix.
 */
#ifndef BP_ORACLE_VERDICT_H
#define BP_ORACLE_VERDICT_H

#include "base/err.h"

enum bp_verdict {
	BP_PASS,          /* the fault fired and every invariant held */
	BP_FAIL,          /* the device broke an invariant */
	BP_NOT_EXERCISED, /* the fault never fired, or hit something else: never a pass */
	BP_RIG,           /* the bench or the rig failed, nothing is known of the device */
	BP_SKIP,          /* not run, for a reason that is written down */
};

#define BP_VERDICTS 5

/* "pass", "fail", "not-exercised", "rig", "skip"; static storage, never NULL. */
const char *bp_verdict_name(enum bp_verdict v);

/* Name → *out; BP_ECONFIG naming what was expected. */
int bp_verdict_parse(const char *name, enum bp_verdict *out, struct bp_err *err);

#endif
