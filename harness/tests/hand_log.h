/* SPDX-License-Identifier: Apache-2.0 */
/* hand_log.h - a flash log made by hand, on a flash of eight pages of 128 bytes, and what it is made with. */
#ifndef BP_TESTS_HAND_LOG_H
#define BP_TESTS_HAND_LOG_H

#include "explore/log.h"

#include <stdbool.h>
#include <stdint.h>

#define HAND_SEED UINT64_C(5)

extern struct bp_arena *hand_arena;
extern struct bp_log *hand_log; /* six operations, three messages, five lines: see hand_begin() */

/* cmocka fixtures: the log above, in an arena of its own. */
int hand_begin(void **state);
int hand_end(void **state);

/* An empty one. */
struct bp_log *hand_new(void);

/* Something happens at a board time (ns). A program fills its unit of 8 bytes with the value. */
void hand_owe(struct bp_log *l, uint64_t at_ns, enum bp_stage stage, enum bp_phase phase, uint32_t acked);
void hand_program(struct bp_log *l, uint64_t start_ns, uint32_t addr, uint8_t value);
void hand_erase(struct bp_log *l, uint64_t start_ns, uint32_t addr);
void hand_say(struct bp_log *l, uint64_t at_ns, const char *text);

/* A copy of the flash that the log starts from. */
struct bp_flash *hand_copy(const struct bp_log *l);

bool hand_same(struct bp_hash128 a, struct bp_hash128 b);

#endif
