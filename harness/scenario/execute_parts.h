/* SPDX-License-Identifier: Apache-2.0 */
/* execute_parts.h - what an update and the other steps of a scenario share (private to update.c and steps.c). */
#ifndef BP_SCENARIO_EXECUTE_PARTS_H
#define BP_SCENARIO_EXECUTE_PARTS_H

#include "scenario/execute.h"

/* Device trouble ends the update but not the case; other errors are the rig's and are passed on. */
int bp_exec_trouble(struct bp_exec *x, int code, const struct bp_err *err);

/* When an answer to what is asked now is late, in board time. */
uint64_t bp_exec_reply_deadline(const struct bp_exec *x);

/* Flash operations so far. 0 or negative. */
int bp_exec_count_ops(struct bp_exec *x, uint64_t *ops, struct bp_err *err);

/* A reset whose answer is lost is seen on the console. It is asked for again only when it was not. */
int bp_exec_ask_reset(struct bp_exec *x, struct bp_err *err);

/* Wait until the update has an outcome (marks were cleared before it was asked for); a reset that is announced is given time to happen. */
int bp_exec_after_boot(struct bp_exec *x, struct bp_err *err);

#endif
