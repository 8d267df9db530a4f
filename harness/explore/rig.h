/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h - one real board that runs cases from the start: provision, aim, cut,
 * prove, classify, judge.
 *
 * A virtual twin of the board, with the same firmware, gives the start state, the
 * log that the aiming is kept in step with, and the states that a cut can leave.
 * A cut that power loss, its place or the log's states do not bear out is not
 * exercised; it is tried again, three times at most, each try reported.
 */
#ifndef BP_EXPLORE_RIG_H
#define BP_EXPLORE_RIG_H

#include "bench/real.h"
#include "explore/aim.h"
#include "explore/classify.h"
#include "explore/runner.h"

#define BP_RIG_TRIES 4u
#define BP_RIG_TEXT 120

struct bp_shot {                 /* one try at a cut */
	char method[40];         /* "halted at the call" */
	char seen[BP_RIG_TEXT];  /* what the flash says was hit, or why nothing was */
	uint64_t wanted_ns, issued_ns; /* when the command was to leave and left, since the case began; 0: none left */
	uint64_t heard_ns;       /* the last that the console said before power came back; 0: nothing was cut */
	bool hit;
};

struct bp_rig_report {
	bool detached;
	unsigned tries;
	struct bp_shot shot[BP_RIG_TRIES];
	bool fifo, locked, cpu_latency;  /* of what was asked for short latencies: granted */
};

struct bp_rig {
	struct bp_runner *twin;
	struct bp_real *real;
	struct bp_arena *arena;          /* of a case */
	struct bp_arena *board_arena;    /* of the board and its drivers */
	bool detached;                   /* the case under way runs with the probe detached */
	struct bp_bytes bootloader;      /* as it was found on the board */
	struct bp_realtime asked;
	uint8_t *seen, *unreadable;      /* the whole flash, when it was last looked at */
	uint8_t *force;                  /* a flag a page: its cells may be weak */
	struct bp_aim aim;
	/* the power-up under way */
	const struct bp_plan *plan;
	struct bp_fit fit;
	bool caught, looked;
};

/* Open the board, whose twin is r; everything in a. Blocks for seconds. */
int bp_rig_open(struct bp_arena *a, const struct bp_bench_board *b, struct bp_runner *r, struct bp_rig **out, struct bp_err *err);
/* The board is left in its safe state. NULL is fine. */
void bp_rig_close(struct bp_rig *g);

/*
 * Run a case of the plan; what the twin started last must be its scenario (a
 * trace). detached: the probe is taken away once the start state is written, and
 * comes back afterwards; only for cases that bp_plan_detachable() says so. trace: where the time line goes; it is begun anew with each try. Blocks
 * for the case's real time: an update or two, seconds to minutes. A negative
 * return is the rig's trouble; the report holds what was tried in any case.
 */
int bp_rig_case(struct bp_rig *g, const struct bp_plan *p, const struct bp_case *c, bool detached, struct bp_trace *trace,
		struct bp_rig_report *report, struct bp_judgement *out, struct bp_err *err);

/* Read the whole flash into g->seen; afterwards, for evidence. */
int bp_rig_look(struct bp_rig *g, struct bp_err *err);

#endif
