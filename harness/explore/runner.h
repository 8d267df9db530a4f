/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner.h - one virtual board that boots states and judges them.
 *
 * Two ways lead to a case: from the flash log (a state is built and booted: the
 * sweep's way), and from the start (the whole scenario is run with the fault
 * armed: replay's way, and that of cases that are no cuts). Both must come to
 * the same verdict.
 */
#ifndef BP_EXPLORE_RUNNER_H
#define BP_EXPLORE_RUNNER_H

#include "bench/virtual.h"
#include "explore/classes.h"
#include "explore/memo.h"
#include "explore/plan.h"
#include "oracle/judge.h"

struct bp_runner_options {
	enum bp_accel accel;
	uint64_t seed;
	bool follow_up;
	uint32_t without;/* invariants that are not asked: bit mask, see struct bp_judge */
	bool unmerged;   /* run every state on the board, also when it is known what it comes to */
	bool disarm;     /* self-test: plan faults but inject none; every case must end not-exercised */
};

struct bp_runner {
	struct bp_runner_options opt;
	const struct bp_product *product;
	struct bp_virtual *v;
	struct bp_arena *case_arena;       /* reset for each case */
	struct bp_bytes bootloader;
	struct bp_flash *start;            /* provisioned and booted once: where updates begin */
	struct bp_flash *prefix;           /* moves along the log */
	uint32_t prefix_ops, prefix_of;    /* of which case's recovery, 0: the update's own */
	const struct bp_log *prefix_log;
	const struct bp_scenario *started; /* scenario that `start` is of */
	struct bp_flash *before;           /* bp_runner_check(): the flash just before power returned */
	struct bp_obligation owed_at_fault;/* of the last whole run, as a key */
	struct bp_log *recovery;           /* being recorded; NULL: none ever is */
	uint8_t *packed;                   /* BP_RECOVERY_BYTES: the log of the last recovery, when it was wanted and passed */
	size_t packed_bytes;               /* 0: there is none */
	uint8_t asked[BP_CLASS_PAGES];     /* pages that the last state's judgement looked at, in order */
	uint32_t n_asked;                  /* 0: not known */
	struct bp_memo *memo;              /* what states came to in this process; NULL: none yet, or opt.unmerged */
	struct bp_meeting *meeting;        /* the state being judged */
	uint64_t n_states, n_known, n_rest_known; /* judged; of them, known before power-up, and known once they had recovered */
};

#define BP_RECOVERY_BYTES ((size_t)1024 * 1024) /* a log, packed: a whole update of 32 KiB in words takes 160 KiB */

/* firmware: path of the object. Everything in a, but what bp_runner_close() gives back. */
int bp_runner_open(struct bp_arena *a, const struct bp_product *p, const char *firmware,
		   const struct bp_runner_options *opt, struct bp_runner **out, struct bp_err *err);
void bp_runner_close(struct bp_runner *r);

/* Run the scenario's steps with nothing wrong, recorded. *out lives in a. */
int bp_runner_trace(struct bp_runner *r, struct bp_arena *a, const struct bp_scenario *s, struct bp_log **out,
		    struct bp_err *err);

/* Make room for recoveries' logs, in a: needed before a plan that wants them is judged. */
int bp_runner_record(struct bp_runner *r, struct bp_arena *a, struct bp_err *err);

/* Judge a cut case from the log. With p->record, r->packed is its log when it passed. A negative return is the rig's trouble. */
int bp_runner_state(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judgement *out,
		    struct bp_err *err);

/* Judge any case from the start. trace: NULL, or where the time line goes. state_before: NULL, or gets the flash just before power returns. */
int bp_runner_whole(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_trace *trace,
		    struct bp_flash *state_before, struct bp_judgement *out, struct bp_err *err);

/*
 * The second opinion: run a cut case from the start and compare with what the
 * sweep did: the flash that the cut left, what was owed, and the judgement. 1
 * when they agree, 0 with what differs in text[cap], negative: the rig's trouble.
 */
int bp_runner_check(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c,
		    const struct bp_judgement *judged, char *text, size_t cap, struct bp_err *err);

/* The sweep's way for cuts, the whole way for all others. */
int bp_runner_case(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judgement *out,
		   struct bp_err *err);

#endif
