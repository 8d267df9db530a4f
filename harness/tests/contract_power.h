/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_power.h - what every power driver must do (bench/power.h), as tests
 * that run against any driver and its counterpart.
 */
#ifndef BP_TESTS_CONTRACT_POWER_H
#define BP_TESTS_CONTRACT_POWER_H

#include "bench/power.h"
#include "tests/fake_power.h"

#include <stdbool.h>

/* A driver at work in one test. */
struct contract_rig {
	struct bp_arena *arena;
	char folder[40];         /* empty at first, removed with what is in it */
	char yaml[1024];         /* the `power:` map without `driver`, set by start() */
	struct fake_power fake;
	const char *why_not;     /* set: the test is skipped */
};

struct contract_power {
	const char *name;        /* of the row */
	const char *driver;
	/* Start the counterpart and write yaml. NULL, or why it cannot be had here. */
	const char *(*start)(struct contract_rig *r);
	/* 1: the board has power, 0: it has not, -1: cannot tell. */
	int (*observe)(struct contract_rig *r);
	/* The switch by other means than the driver. NULL: there are none. */
	void (*preset)(struct contract_rig *r, bool on);
	void (*stop)(struct contract_rig *r); /* may be NULL */
};

/* cmocka's tests: prestate is a struct contract_power. */
int contract_begin(void **state);
int contract_end(void **state);
void contract_leaves_as_is(void **state);
void contract_switches(void **state);
void contract_close_is_safe(void **state);
void contract_make_safe(void **state);
void contract_killed_is_safe(void **state);
void contract_unknown_key(void **state);

/* In these the driver is opened from r->yaml. 0 or the error. */
const struct bp_power_ops *contract_driver(const char *name);
int contract_open(struct contract_rig *r, const char *driver, struct bp_power *out, struct bp_err *err);

/* Does the observation become `want` within ms? */
bool contract_sees(const struct contract_power *row, struct contract_rig *r, int want, int ms);

/* What a test's state holds. */
struct contract_state {
	const struct contract_power *row;
	struct contract_rig rig;
};

void contract_rig_begin(struct contract_rig *r);
void contract_rig_end(struct contract_rig *r);

#endif
