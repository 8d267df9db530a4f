/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_board.h - a device that follows a script, behind the five interfaces of a
 * board. Left alone it is a good device; each field of the script is one way in
 * which it is not. No firmware, no flash: what the rig asks is answered.
 */
#ifndef BP_TESTS_FAKE_BOARD_H
#define BP_TESTS_FAKE_BOARD_H

#include "bench/board.h"

#include <stdbool.h>

/* Boots count from 1, the first since fake_begin(). A field that is 0 or NULL changes nothing. */
struct fake_script {
	/* what it runs and does */
	const char *runs;         /* artifact; "none": the bootloader's recovery */
	const char *other;        /* artifact that runs from boot other_from on */
	unsigned other_from;
	unsigned writes_from;     /* from this boot on, each boot does a flash operation */
	unsigned restless_from;   /* from this boot on it never waits for input */
	unsigned dies_at;         /* this boot ends in the dark, 2 ms after it began */
	unsigned reboots;         /* so many times each boot begins anew */
	const char *says;         /* one more console line at the first boot, before the application is up */
	const char *then_says;    /* and one after it */
	/* what can be seen of it */
	unsigned unknown_runs, traps;
	uint32_t erases, page_erases;
	bool trap_running_slot, trap_bootloader, trap_outside;
	bool bootloader_changed, image_damaged;
	unsigned state_differs_from; /* from this boot on the copies of its state are not alike */
	/* what it tells */
	int status;               /* BP_ETIMEOUT, …: no status */
	bool no_reason;
	uint32_t reason_plus_1;   /* code + 1 */
	uint32_t counter, transitions_plus_1;
	uint32_t interval;        /* of its configuration; 0: it tells of none */
	/* how it takes an update */
	enum { FAKE_TAKES, FAKE_REFUSES_OFFER, FAKE_REFUSES_DATA, FAKE_REFUSES_TEST } update;
	unsigned good_updates;    /* that it takes before it refuses any */
	int send;                 /* BP_ETIMEOUT, …: what comes of the payload */
	uint32_t resume_at, send_takes_ms;
	bool wants_last_byte;     /* for ever */
	bool no_reset, chatters, stays_in_trial, never_confirms, keeps_old, damages_new, traps_in_update;
	/* the rig's own trouble */
	bool power_fails, relay_sticks, probe_fails, compare_fails;
};

#define FAKE_LINES 16

struct fake {
	struct bp_board board;    /* what the code under test is given */
	struct fake_script script;
	uint64_t now_ns;
	bool on;
	unsigned boots;
	int running;              /* artifact, BP_OBSERVED_NONE in the dark or without an image */
	uint32_t slot, counter, reason, transitions;
	int pending;              /* artifact of the next boot, -1: none */
	unsigned updates;         /* that went through */
	unsigned sends;           /* requests with payload */
	uint64_t idle_at_ns, dies_ns, ops, last_op_ns;
	struct fake_line { uint64_t at_ns; char text[64]; } line[FAKE_LINES];
	unsigned n_lines, next_line;
};

/* A device of that product, off, with artifact `runs` in its place and nothing else to tell. */
void fake_begin(struct fake *f, const struct bp_product *product, const char *runs, uint32_t reason, const struct fake_script *script);

#endif
