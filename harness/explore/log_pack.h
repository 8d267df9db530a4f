/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_pack.h - a recovery's flash log as bytes, for the way from a worker to the
 * parent. Times and what only the first level needs (the link, what resets keep)
 * are left out: equal recoveries are equal bytes.
 */
#ifndef BP_EXPLORE_LOG_PACK_H
#define BP_EXPLORE_LOG_PACK_H

#include "explore/log.h"

/* Into out[cap]. How many bytes that takes; more than cap: nothing was written. */
size_t bp_log_pack(const struct bp_log *log, void *out, size_t cap);

/* The log again, in a, with no start. BP_EPROTO when the bytes are no log; BP_ENOMEM. */
int bp_log_unpack(struct bp_arena *a, const void *in, size_t len, uint32_t unit_bytes, struct bp_log **out);

#endif
