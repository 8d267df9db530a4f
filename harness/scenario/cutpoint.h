/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cutpoint.h - where a cut falls, and how that is written.
 *
 *   flash:N/before   flash:N/torn=P%.K   flash:N/after   (K: which subset, vboard/flash_torn.c)
 *   link:N           (the host's N-th byte has arrived)
 *   link:frame=N     (the last byte of the host's N-th message has arrived)
 *   line:"TEXT"#N    (the N-th line of the device's console that holds TEXT has ended)
 *   line:"TEXT"#N+D  (so long after that: 35ms, 1.25s)
 *   time:D           (so long after the update began)
 *
 * Behind it, `!` and the fault, when it is no power cut: flash:N/before!reset-pin,
 * flash:N/torn=P%.K!brown-out=20ms, flash:N/before!bounce=3, flash:N/before!op-rejected.
 *
 * Faults of the link go with a message of the host's: link:frame=N!drop.
 *
 * Last, behind `@`, what the host does once the device has recovered, unless that is
 * nothing: flash:N/after@resume, @restart, @another. A further cut may fall into it.
 *
 * N counts from 1, from the moment the update starts, across warm resets. Frames of
 * the link on the same wire are no lines.
 *
 * Tokens write TEXT without quotes, with every byte but letters, digits and "-._~"
 * as %xx, lower case (RFC 3986, 2.1 and 2.3): no shell and no separator of a token
 * meets anything that means something to it. That form is read everywhere; between
 * quotes stands any text without a quote in it.
 */
#ifndef BP_SCENARIO_CUTPOINT_H
#define BP_SCENARIO_CUTPOINT_H

#include "base/err.h"
#include "vboard/vboard.h"

#include <stddef.h>
#include <stdint.h>

enum bp_event { BP_EVENT_FLASH, BP_EVENT_LINK_BYTE, BP_EVENT_LINK_FRAME, BP_EVENT_LINE, BP_EVENT_TIME };

#define BP_EVENTS 5
#define BP_SWEEP_EVENTS 4                           /* those that can be counted through; a time is listed */
extern const char *const bp_event_names[BP_EVENTS]; /* "flash", "link-byte", "link-frame", "line", "time" */

/* What the host does after a recovery, where there is something to do: its image does not run yet, and the device may still be given it. */
enum bp_action {
	BP_ACTION_NOTHING,
	BP_ACTION_RESUME,              /* the update that was cut, again: it goes on where the device says */
	BP_ACTION_RESTART,             /* another release is begun first, so that this one goes from its first byte */
	BP_ACTION_ANOTHER,             /* another release instead */
};
#define BP_ACTIONS 4
extern const char *const bp_action_names[BP_ACTIONS]; /* "nothing", "resume", "restart", "another" */

#define BP_CUT_LINE_BYTES 32                        /* text of a line, with its NUL */
#define BP_MAX_BROWN_OUT_MS 60000u
#define BP_MAX_BOUNCES 8u
#define BP_CUT_MAX_NS (UINT64_C(86400) * 1000000000) /* a day: longer than any update */

struct bp_cutpoint {
	enum bp_event event;
	uint32_t n;                    /* ordinal, from 1; time: 1 */
	enum bp_cut_position position; /* flash only */
	struct bp_torn torn;           /* flash torn only */
	enum bp_fault fault;
	uint32_t fault_arg;            /* brown-out: milliseconds; bounce: times; else 0 */
	uint64_t after_ns;             /* line: after its end; time: after the update began */
	enum bp_action action;         /* after the recovery from it */
	char line[BP_CUT_LINE_BYTES];  /* line only */
};

extern const char *const bp_fault_names[BP_FAULTS]; /* "power-cut", "reset-pin", … */

/* Does the fault go with this position of a flash operation? */
bool bp_fault_fits(enum bp_fault fault, enum bp_cut_position position);

#define BP_CUTPOINT_TEXT 160

/* The written form, as in tokens, into out; returns out. */
char *bp_cutpoint_show(char out[BP_CUTPOINT_TEXT], const struct bp_cutpoint *c);

/* Parse exactly one written form. BP_ECONFIG says what was expected. */
int bp_cutpoint_parse(const char *text, struct bp_cutpoint *out, struct bp_err *err);

#endif
