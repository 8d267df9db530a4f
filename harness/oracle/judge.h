/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - what a case comes to: recovery, invariants, further boots, follow-up.
 */
#ifndef BP_ORACLE_JUDGE_H
#define BP_ORACLE_JUDGE_H

#include "oracle/invariant.h"
#include "oracle/verdict.h"
#include "scenario/execute.h"

#include <stdbool.h>
#include <stdint.h>

#define BP_JUDGE_TEXT 256 /* bytes: trouble of the rig says what to do, too */
#define BP_FURTHER_BOOTS 2

struct bp_judgement {
	enum bp_verdict verdict;
	int invariant;             /* enum bp_invariant of a fail, -1 else */
	int running;               /* artifact after recovery, or BP_OBSERVED_… */
	int reason;                /* code reported, -1: none */
	uint64_t virtual_ns;       /* board time that the judging took */
	uint64_t service_ns;       /* longest time without an answer while the scenario's update was loaded */
	char text[BP_JUDGE_TEXT];  /* of anything but a pass */
};

/* What judging needs beside the execution. */
struct bp_judge {
	struct bp_exec *exec;
	const struct bp_bytes *bootloader;  /* what must stand in the bootloader's area */
	bool follow_up;                     /* end with the follow-up update (a benchmark may leave it out) */
	bool expect_state_lost;             /* the device must say so on its console */
	int followup, resume;               /* artifact indices; -1: the product has none */
	enum bp_action action;              /* of the host, once the device has recovered */
	uint32_t without;                   /* bit mask of invariants that are not asked: tests of the oracle itself */
	bool cut_armed;                     /* a cut may end the recovery: see bp_judge_recovery() */
	void (*settled)(void *ctx);         /* the recovery is over, and what the host did then; NULL: nobody asks */
	/* Power is off for the first further boot: only the flash lives on. True: *out is made what this is known to come to. NULL: nobody knows. */
	bool (*off)(void *ctx, struct bp_judgement *out);
	void *ctx;
};

#define BP_JUDGE_CUT 2 /* the armed cut has fired: before the device settled, or in what the host did then */

/*
 * Power returns (or is still on: `on`), and everything after it. The device's
 * trouble is a verdict in *out; a negative return is an error of the rig. With a
 * cut armed, BP_JUDGE_CUT when it fired, and *out means nothing.
 */
int bp_judge_recovery(struct bp_judge *j, bool on, struct bp_judgement *out, struct bp_err *err);

/*
 * The device never came to rest before the scenario's first step: *out is a fail.
 * Negative: an error of the rig.
 */
int bp_judge_start(struct bp_judge *j, struct bp_judgement *out, struct bp_err *err);

/* What the steps themselves came to, before recovery: refusals where they must be, an update that had to go through. True: *out is a fail. */
bool bp_judge_steps(struct bp_judge *j, struct bp_judgement *out);

#endif
