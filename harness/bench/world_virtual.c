/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/virtual.h"

static uint64_t now_ns(void *self)
{
	struct bp_virtual *v = self;

	return bp_vboard_now(v->vboard);
}

static int wait(void *self, uint64_t until_ns, struct bp_err *err)
{
	struct bp_virtual *v = self;

	switch (bp_vboard_run(v->vboard, until_ns)) {
	case BP_STOP_OUTPUT:
		return BP_WAKE_OUTPUT;
	case BP_STOP_OFF:
		return BP_WAKE_OFF;
	case BP_STOP_TIME:
	case BP_STOP_HALT: /* only under a debugger, which this world has not */
		break;
	}
	if (!bp_vboard_sane(v->vboard))
		return bp_fail(err, BP_EINTERNAL, "the virtual board's memory is damaged");
	return BP_WAKE_TIME;
}

const struct bp_world_ops bp_world_virtual_ops = {.name = "virtual", .now_ns = now_ns, .wait = wait};
