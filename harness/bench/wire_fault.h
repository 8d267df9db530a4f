/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_fault.h - one thing that goes wrong on the host's link, once, at a message
 * of the host's that is counted from 1. In virtual time or real: it is done with
 * the bytes that the host itself sends and receives.
 */
#ifndef BP_BENCH_WIRE_FAULT_H
#define BP_BENCH_WIRE_FAULT_H

#include "base/err.h"
#include "bench/smp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_wire;

enum bp_wire_fault_kind {
	BP_WIRE_FAULT_NONE,
	BP_WIRE_DROP,        /* the message never reaches the wire */
	BP_WIRE_LOSE_ANSWER, /* the device acts and answers; the answer is lost */
	BP_WIRE_DUPLICATE,   /* the message comes twice */
	BP_WIRE_REORDER,     /* the message comes behind the one that is sent next */
	BP_WIRE_TRUNCATE,    /* only its first half comes, and no line end */
	BP_WIRE_CORRUPT,     /* one bit in the middle is flipped */
	BP_WIRE_STALL,       /* nothing comes for seconds after its first half */
	BP_WIRE_SLOW,        /* it comes a few bytes at a time */
	BP_WIRE_RESET,       /* the port vanishes after its first half and is opened anew: the host begins the update again */
};

struct bp_wire_fault {
	enum bp_wire_fault_kind kind;
	uint32_t frame;      /* the message that meets it */
	uint32_t sent;       /* messages since it was armed */
	bool fired;
	bool eat;            /* the next answer is lost */
	uint8_t held[BP_SMP_MAX_FRAMED];
	size_t held_len;     /* of a message that is still to come */
};

/* Put a framed message of n bytes on the wire as the fault has it. 0, BP_ETIMEOUT: the link was reset; or as bp_wire_send(). */
int bp_wire_fault_send(struct bp_wire *w, const uint8_t *bytes, size_t n, struct bp_err *err);

#endif
