/* SPDX-License-Identifier: Apache-2.0 */
/* link_smp.h - the update over SMP (mcumgr), over whatever console the wire reads. */
#ifndef BP_BENCH_LINK_SMP_H
#define BP_BENCH_LINK_SMP_H

#include "bench/link.h"
#include "bench/wire.h"

/* SMP is also how the other links ask a device what it runs. */
struct bp_link_smp {
	struct bp_wire *wire;
	uint8_t seq;             /* of the next request: answers are matched by it */
	unsigned repeats;        /* of a request that is not answered in time, or with a damaged frame */
};

extern const struct bp_link_ops bp_link_smp_ops;

/* What links that carry an update as one piece share with it: self begins with a struct bp_link_smp. */
int bp_link_smp_reset(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
int bp_link_smp_images(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
int bp_link_smp_status(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);

#endif
