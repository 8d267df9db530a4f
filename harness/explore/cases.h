/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases.h - what a case that is run from the start has in common on every board:
 * its judge, and the faults that are no cuts.
 */
#ifndef BP_EXPLORE_CASES_H
#define BP_EXPLORE_CASES_H

#include "explore/plan.h"
#include "oracle/judge.h"

/* The good update that ends a case: the product's `followup`; without one `to` is sent once more; -1: it has neither. */
int bp_case_followup(const struct bp_product *p);

/* The judge of a case of x's scenario. bootloader (borrowed): what must stand in its area. */
struct bp_judge bp_case_judge(struct bp_exec *x, const struct bp_bytes *bootloader, bool follow_up, uint32_t without);

/* The verdict not-exercised, with why. */
void bp_case_not_exercised(struct bp_judgement *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a sweep without a point, or a listed point that the update lacks. log: of the undisturbed update. */
void bp_case_empty(struct bp_judgement *out, const struct bp_log *log, const struct bp_case *c);

/*
 * Faults that need no aim. Damage at rest of a damage case is done, the edit of an
 * edit case is prepared in a; what the row expects is owed. 1: go on; 0: not
 * exercised (*out says why; disarm: a self-test); negative: the rig's trouble.
 */
int bp_case_prepare(struct bp_exec *x, struct bp_judge *j, const struct bp_case *c, bool disarm, struct bp_arena *a,
		    struct bp_judgement *out, struct bp_err *err);

/* Faults that are steps of the scenario, or the image itself: did they happen? False: not exercised, *out says why. */
bool bp_case_scripted_fault_happened(const struct bp_exec *x, struct bp_judgement *out);

#endif
