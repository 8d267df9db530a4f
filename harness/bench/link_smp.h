/* SPDX-License-Identifier: Apache-2.0 */
/* link_smp.h - the update over SMP (mcumgr), over whatever console the wire reads. */
#ifndef BP_BENCH_LINK_SMP_H
#define BP_BENCH_LINK_SMP_H

#include "bench/link.h"
#include "bench/wire.h"

struct bp_link_smp {
	struct bp_wire *wire;
	uint8_t seq;             /* of the next request: answers are matched by it */
};

extern const struct bp_link_ops bp_link_smp_ops;

#endif
