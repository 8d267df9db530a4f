/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invariant.h - the named properties that must hold after every fault.
 *
 * The table's order decides which one is reported when several break at the same
 * moment: specific before general. checks.c has the check of each row.
 */
#ifndef BP_ORACLE_INVARIANT_H
#define BP_ORACLE_INVARIANT_H

enum bp_invariant {
	BP_INV_NO_UNKNOWN_CODE,
	BP_INV_SLOT_OF_RUNNING_UNTOUCHED,
	BP_INV_BOOTLOADER_UNTOUCHED,
	BP_INV_NO_WRITE_OUTSIDE,
	BP_INV_FLASH_DISCIPLINE,
	BP_INV_REFUSES_BAD_UPDATE,
	BP_INV_NEVER_CONFIRMS_UNHEALTHY,
	BP_INV_ACKNOWLEDGED_DURABLE,
	BP_INV_BOOTS_BOUNDED,
	BP_INV_RECOVERS_IN_TIME,
	BP_INV_COUNTER_NOT_ADVANCED,
	BP_INV_ROLLBACK_INDEX_MONOTONIC,
	BP_INV_AUTHENTIC,
	BP_INV_NO_SPURIOUS_FALLBACK,
	BP_INV_BOOTS_ALLOWED_IMAGE,
	BP_INV_IMAGE_INTACT,
	BP_INV_STATE_REPAIRED,
	BP_INV_CONFIG_READABLE,
	BP_INV_TRANSITIONS_IN_ORDER,
	BP_INV_REASON_REPORTED,
	BP_INV_WEAR_BOUNDED,
	BP_INV_STABLE,
	BP_INV_SERVICE_KEPT,
	BP_INV_RESUMES,
	BP_INV_TARGET_REACHED_ON_RETRY,
	BP_INV_UPDATABLE,
	BP_INVARIANTS
};

/* When a row is checked. A later moment has a later virtual time: what breaks first is reported. */
enum bp_at {
	BP_AT_STEPS = 1,     /* the scenario's steps are over, and power never went */
	BP_AT_RECOVERY = 2,  /* power is back and the device has settled, or its time is over */
	BP_AT_BOOT = 4,      /* settled in a further boot, which nothing disturbed */
	BP_AT_RETRY = 8,     /* the same update again is over */
	BP_AT_FOLLOW_UP = 16,/* another good update is over */
	BP_AT_LIVE = 32,     /* a fault that the core lived through is over, and the steps; before anything else */
	BP_AT_ANY_REST = BP_AT_LIVE | BP_AT_RECOVERY | BP_AT_BOOT | BP_AT_RETRY | BP_AT_FOLLOW_UP,
};

struct bp_invariant_row {
	const char *name;
	const char *text;      /* what must hold, one sentence */
	const char *covers;    /* requirement ids, separated by blanks */
	unsigned at;           /* bit mask of enum bp_at */
};

extern const struct bp_invariant_row bp_invariants[BP_INVARIANTS];

/* Index of the row of that name, or -1. */
int bp_invariant_find(const char *name);

#endif
