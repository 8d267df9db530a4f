/* SPDX-License-Identifier: Apache-2.0 */
/* speed_latency.h - what `brickproof speed --latency` measures: how long a cut takes to leave. */
#ifndef BP_CMD_SPEED_LATENCY_H
#define BP_CMD_SPEED_LATENCY_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Samples of one figure, in ns. */
struct bp_latency {
	uint64_t *v;
	size_t n, cap;
};

void bp_latency_add(struct bp_latency *l, uint64_t ns);
/* Sorts. percent of the samples are not above it; 0 when there are none. */
uint64_t bp_latency_percentile(struct bp_latency *l, unsigned percent);
void bp_latency_print(const char *what, struct bp_latency *l);

/*
 * Over a pty: console line, bare poll-and-write loop, link byte, time. Prints the
 * figures; lines for programs (`#mark …`, ns) stand among them. 0 or negative.
 */
int bp_speed_triggers(struct bp_arena *a, struct bp_err *err);

/* On a served board: OpenOCD's halt at a flash operation. Prints why when it cannot be measured here. */
int bp_speed_halt(struct bp_arena *a, struct bp_err *err);

#endif
