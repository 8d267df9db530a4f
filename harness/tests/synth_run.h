/* SPDX-License-Identifier: Apache-2.0 */
/*
 * synth_run.h - a made-up run of a realistic size, written through the journal.
 */
#ifndef BP_TESTS_SYNTH_RUN_H
#define BP_TESTS_SYNTH_RUN_H

#include "result/results.h"

#define SYNTH_SCENARIOS 11u   /* ten and the control */
#define SYNTH_HOSTILE "\x1b[31m<script>alert(1)</script> & \"]]>\" '\x01\xff\xfe caf\xc3\xa9"

struct synth {
	uint32_t operations;      /* of the large sweep; five cases each */
	bool failures;            /* a cluster of device failures, with evidence */
	bool rig, not_exercised;
	bool control_missed;
	bool cut;                 /* the run dies inside the last scenario but one */
};

/* Everything, from the run line to run-end. Returns 0 or the writer's error. */
int synth_write(struct bp_journal *j, const struct synth *o, struct bp_err *err);

/* Likewise timing.jsonl. */
int synth_write_timing(struct bp_journal *j, struct bp_err *err);

/* The journal of such a run as text, and read back; a failure fails the test. */
const char *synth_text(struct bp_arena *a, const struct synth *o, size_t *len);
struct bp_results *synth_results(struct bp_arena *a, const struct synth *o);

/* How often `what` occurs in text. */
unsigned synth_occurs(const char *text, const char *what);

/* The smallest run line and scenario line, for journals written by hand. */
#define SYNTH_RUN                                                                                                        \
	"{\"t\":\"run\",\"format\":1,\"program\":\"v\",\"product\":\"p\",\"firmware\":\"f\",\"seed\":\"1\",\"scenarios\":1}\n"
#define SYNTH_SCENARIO "{\"t\":\"scenario\",\"name\":\"s\",\"required\":true,\"cases\":1,\"operations\":9}\n"

#endif
