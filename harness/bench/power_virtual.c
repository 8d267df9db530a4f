/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/virtual.h"

static int on(void *self, struct bp_err *err)
{
	(void)err;
	bp_vboard_power_on(((struct bp_virtual *)self)->vboard);
	return 0;
}

static int off(void *self, struct bp_err *err)
{
	(void)err;
	bp_vboard_power_off(((struct bp_virtual *)self)->vboard);
	return 0;
}

static int off_at(void *self, uint64_t at_ns, struct bp_err *err)
{
	(void)err;
	bp_vboard_arm_time(((struct bp_virtual *)self)->vboard, at_ns);
	return 0;
}

const struct bp_power_ops bp_power_virtual_ops = {
	.name = "virtual",
	.help = "the virtual board's rail",
	.on = on, .off = off, .off_at = off_at,
};
