/* SPDX-License-Identifier: Apache-2.0 */
/*
 * states.h - a number for each of many 128-bit keys: which states have been met,
 * and which run judges them. Grows; forgets nothing.
 */
#ifndef BP_EXPLORE_STATES_H
#define BP_EXPLORE_STATES_H

#include "base/arena.h"
#include "vboard/flash.h"

#include <stdint.h>

struct bp_states;

/* An empty table in a; NULL: no memory. */
struct bp_states *bp_states_new(struct bp_arena *a);

/* The number of this key, to be read or set; 0 when the key is new. NULL: no memory. Good until the next call. */
uint32_t *bp_states_at(struct bp_states *s, struct bp_hash128 key);

/* Likewise, only to look: 0 when there is none. */
uint32_t bp_states_get(const struct bp_states *s, struct bp_hash128 key);

uint32_t bp_states_count(const struct bp_states *s);

#endif
