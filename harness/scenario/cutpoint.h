/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cutpoint.h - where a cut falls, and how that is written.
 *
 *   flash:N/before   flash:N/torn=P%.K   flash:N/after
 *   link:N           (the host's N-th byte has arrived)
 *   link:frame=N     (the last byte of the host's N-th message has arrived)
 *
 * Behind it, `!` and the fault, when it is none of power: flash:N/before!reset-pin
 *
 * N counts from 1, from the moment the update starts, across warm resets.
 */
#ifndef BP_SCENARIO_CUTPOINT_H
#define BP_SCENARIO_CUTPOINT_H

#include "base/err.h"
#include "vboard/vboard.h"

#include <stddef.h>
#include <stdint.h>

enum bp_event { BP_EVENT_FLASH, BP_EVENT_LINK_BYTE, BP_EVENT_LINK_FRAME };

#define BP_EVENTS 3
extern const char *const bp_event_names[BP_EVENTS]; /* "flash", "link-byte", "link-frame" */

struct bp_cutpoint {
	enum bp_event event;
	uint32_t n;                    /* ordinal, from 1 */
	enum bp_cut_position position; /* flash only */
	struct bp_torn torn;           /* flash torn only */
	enum bp_fault fault;
};

extern const char *const bp_fault_names[BP_FAULTS]; /* "power-cut", "reset-pin", … */

#define BP_CUTPOINT_TEXT 64

/* The written form into out; returns out. */
char *bp_cutpoint_show(char out[BP_CUTPOINT_TEXT], const struct bp_cutpoint *c);

/* Parse exactly one written form. BP_ECONFIG says what was expected. */
int bp_cutpoint_parse(const char *text, struct bp_cutpoint *out, struct bp_err *err);

#endif
