/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invariant.h - the named properties that must hold after every fault.
 *
 * The table's order decides which one is reported when several break at the same
 * moment: specific before general.
 */
#ifndef BP_ORACLE_INVARIANT_H
#define BP_ORACLE_INVARIANT_H

enum bp_invariant {
	BP_INV_NO_UNKNOWN_CODE,
	BP_INV_SLOT_OF_RUNNING_UNTOUCHED,
	BP_INV_BOOTLOADER_UNTOUCHED,
	BP_INV_FLASH_DISCIPLINE,
	BP_INV_REFUSES_BAD_UPDATE,
	BP_INV_NEVER_CONFIRMS_UNHEALTHY,
	BP_INV_ACKNOWLEDGED_DURABLE,
	BP_INV_ROLLBACK_INDEX_MONOTONIC,
	BP_INV_RECOVERS_IN_TIME,
	BP_INV_BOOTS_ALLOWED_IMAGE,
	BP_INV_IMAGE_INTACT,
	BP_INV_AUTHENTIC,
	BP_INV_STABLE,
	BP_INV_REASON_REPORTED,
	BP_INV_RESUMES,
	BP_INV_UPDATABLE,
	BP_INVARIANTS
};

struct bp_invariant_row {
	const char *name;
	const char *text;      /* what must hold, one sentence */
	const char *covers;    /* requirement ids, separated by blanks */
};

extern const struct bp_invariant_row bp_invariants[BP_INVARIANTS];

/* Index of the row of that name, or -1. */
int bp_invariant_find(const char *name);

#endif
