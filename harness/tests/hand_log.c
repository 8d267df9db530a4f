/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hand_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define BYTE_NS UINT64_C(100)

static const struct bp_geometry geo = {.size_bytes = 1024, .page_bytes = 128, .unit_bytes = 8, .erased = 0xff, .writes_per_unit = 1};

struct bp_arena *hand_arena;
struct bp_log *hand_log;

struct bp_log *hand_new(void)
{
	struct bp_flash *start = NULL;
	struct bp_log *l = NULL;

	assert_int_equal(bp_flash_new(hand_arena, &geo, HAND_SEED, &start), 0);
	assert_int_equal(bp_log_new(hand_arena, &geo, start, &l), 0);
	l->byte_ns = BYTE_NS;
	return l;
}

void hand_owe(struct bp_log *l, uint64_t at_ns, enum bp_stage stage, enum bp_phase phase, uint32_t acked)
{
	struct bp_obligation o = {.stage = (uint8_t)stage, .phase = (uint8_t)phase, .target = 1, .acked_off = acked};

	bp_log_owe(l, at_ns, &o);
}

void hand_program(struct bp_log *l, uint64_t start_ns, uint32_t addr, uint8_t value)
{
	uint8_t data[8];
	struct bp_op op = {.kind = BP_OP_PROGRAM, .addr = addr, .len = 8, .start_ns = start_ns, .end_ns = start_ns + 100, .data = data};

	memset(data, value, sizeof(data));
	bp_log_op(l, &op);
}

void hand_erase(struct bp_log *l, uint64_t start_ns, uint32_t addr)
{
	struct bp_op op = {.kind = BP_OP_ERASE, .addr = addr, .len = 128, .start_ns = start_ns, .end_ns = start_ns + 1000};

	bp_log_op(l, &op);
}

void hand_say(struct bp_log *l, uint64_t at_ns, const char *text)
{
	bp_log_line(l, at_ns, text, strlen(text));
}

int hand_begin(void **state)
{
	uint8_t old[256];
	struct bp_log *l;

	(void)state;
	hand_arena = bp_arena_new(ARENA_BYTES);
	l = hand_log = hand_new();
	memset(old, 0x5a, sizeof(old));
	bp_flash_load(l->start, 0x100, old, sizeof(old)); /* two full pages: an erase that finds nothing makes no new state */
	hand_owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	bp_log_sent(l, 0, 10);                                      /* bytes 1 to 10, arriving at 100 to 1000 */
	hand_owe(l, 1000, BP_STAGE_OFFERED, BP_PHASE_DOWNLOAD, 0);
	hand_erase(l, 1200, 0x100);                                      /* operation 1 */
	hand_program(l, 2300, 0x100, 0x11);
	hand_program(l, 2400, 0x108, 0x22);
	hand_owe(l, 3000, BP_STAGE_DOWNLOADING, BP_PHASE_DOWNLOAD, 16);
	bp_log_sent(l, 3000, 5);                                    /* bytes 11 to 15, at 3100 to 3500 */
	hand_program(l, 3250, 0x110, 0x33);                              /* operation 4 */
	hand_erase(l, 5000, 0x180);
	bp_log_sent(l, 5400, 3);                                    /* bytes 16 to 18, at 5500 to 5700 */
	hand_owe(l, 7000, BP_STAGE_TEST_ACKED, BP_PHASE_INSTALL, 16);
	hand_program(l, 8000, 0x180, 0x44);                              /* operation 6 */
	hand_say(l, 1000, "agent: ready");                               /* as byte 10 arrives */
	hand_say(l, 3300, "agent: half");                                /* within operation 4 */
	hand_say(l, 7500, "boot: a line that is longer than what a cut point holds of it");
	hand_say(l, 7600, "\1 boot");
	hand_say(l, 8100, "boot: done");                                 /* as operation 6 ends */
	l->begin_ns = 200;
	l->end_ns = 9000;
	return 0;
}

int hand_end(void **state)
{
	(void)state;
	bp_arena_free(hand_arena);
	return 0;
}

struct bp_flash *hand_copy(const struct bp_log *l)
{
	struct bp_flash *f = NULL;

	assert_int_equal(bp_flash_new(hand_arena, &geo, HAND_SEED, &f), 0);
	bp_flash_copy(f, l->start);
	return f;
}

bool hand_same(struct bp_hash128 a, struct bp_hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}
