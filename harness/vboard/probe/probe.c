/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/probe/probe.h"

int bp_probe_init(struct bp_probe *p, struct bp_arena *a, struct bp_vboard *b, uint64_t seed, void (*reset)(void *ctx, bool low),
		  void *ctx, struct bp_err *err)
{
	int rc = bp_core_init(&p->core, a, b, seed, err);

	if (rc)
		return rc;
	bp_dap_init(&p->dap, &p->core);
	bp_swd_init(&p->swd, &p->dap);
	bp_stlink_init(&p->stlink, &p->dap, reset, ctx);
	bp_buspirate_init(&p->buspirate, &p->swd, reset, ctx);
	return 0;
}

void bp_probe_power(struct bp_probe *p, bool on)
{
	bp_core_power(&p->core, on);
	bp_dap_power(&p->dap, on);
	bp_swd_init(&p->swd, &p->dap);
	bp_stlink_unlink(&p->stlink);
}

void bp_probe_reset_pin(struct bp_probe *p, bool low)
{
	bp_core_reset_pin(&p->core, low);
}
