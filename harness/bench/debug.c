/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/debug.h"
#include "bench/debug_parts.h"
#include "bench/virtual.h"

const struct bp_debug_ops *const bp_debug_drivers[] = {
	&bp_debug_virtual_ops,
	&bp_debug_openocd_ops,
	&bp_debug_gdb_ops,
	NULL,
};

int bp_debug_observe_nothing(void *self, struct bp_observation *out, struct bp_err *err)
{
	(void)self;
	(void)err;
	*out = (struct bp_observation){.artifact = BP_OBSERVED_NONE};
	return 0;
}
