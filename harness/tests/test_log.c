/* SPDX-License-Identifier: Apache-2.0 */
/* The flash log, on one made by hand. The plan that is laid out over it is in test_plan.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/hand_log.h"

/* ---- states --------------------------------------------------------------------- */

struct resolve_row {
	const char *cut;
	int rc;
	struct bp_state state;
};

static const struct resolve_row resolve_rows[] = {
	{"flash:1/before", 0, {0, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"flash:1/torn=50%.2", 0, {0, 1, true, {50, 2}, BP_FAULT_POWER_CUT, 0, 0}},
	{"flash:1/after", 0, {1, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"flash:3/after", 0, {3, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"flash:4/before", 0, {3, 2, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},  /* the same flash as before it, but more is owed */
	{"flash:6/torn=1%.0", 0, {5, 3, true, {1, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"flash:6/after", 0, {6, 3, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"flash:7/before", BP_ENOENT, {0}},
	{"link:1", 0, {0, 0, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:9", 0, {0, 0, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:10", 0, {0, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},         /* arrives as the obligation changes: it binds */
	{"link:11", 0, {3, 2, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:12", 0, {3, 2, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:13", 0, {3, 2, true, {50, 0}, BP_FAULT_POWER_CUT, 0, 0}},         /* half-way through operation 4 */
	{"link:14", 0, {4, 2, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:16", 0, {4, 2, true, {50, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:18", 0, {4, 2, true, {70, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:19", BP_ENOENT, {0}},
	{"link:frame=1", 0, {0, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},    /* as link:10 */
	{"link:frame=2", 0, {4, 2, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:frame=3", 0, {4, 2, true, {70, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"link:frame=4", BP_ENOENT, {0}},
	{"line:agent#1", 0, {0, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},    /* as link:10 */
	{"line:agent#2", 0, {3, 2, true, {50, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"line:half#1", 0, {3, 2, true, {50, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"line:agent#3", BP_ENOENT, {0}},
	{"line:Agent#1", BP_ENOENT, {0}},
	{"line:agent#1+2.2us", 0, {3, 2, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}}, /* 3200: between two operations */
	{"line:agent#1+200ns", 0, {0, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}}, /* as an operation begins: before it */
	{"line:agent#1+300ns", 0, {0, 1, true, {10, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"line:boot#3", 0, {6, 3, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"line:boot#3+899ns", 0, {6, 3, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"line:boot#3+900ns", BP_ENOENT, {0}},         /* the steps are over */
	{"time:800ns", 0, {0, 1, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"time:1ns", 0, {0, 0, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"time:3.1us", 0, {3, 2, true, {50, 0}, BP_FAULT_POWER_CUT, 0, 0}},      /* 3300 */
	{"time:8.799us", 0, {6, 3, false, {0, 0}, BP_FAULT_POWER_CUT, 0, 0}},
	{"time:8.8us", BP_ENOENT, {0}},
};

static void cuts_resolve(void **state)
{
	struct bp_cutpoint none = {.event = BP_EVENT_FLASH};
	struct bp_state s;

	(void)state;
	for (size_t i = 0; i < sizeof(resolve_rows) / sizeof(resolve_rows[0]); i++) {
		const struct resolve_row *row = &resolve_rows[i];
		struct bp_cutpoint cut;
		int rc;

		memset(&s, 0, sizeof(s));
		assert_int_equal(bp_cutpoint_parse(row->cut, &cut, NULL), 0);
		rc = bp_log_resolve(hand_log, &cut, &s);
		if (rc != row->rc || s.prefix != row->state.prefix || s.owed != row->state.owed || s.is_torn != row->state.is_torn ||
		    s.torn.percent != row->state.torn.percent || s.torn.k != row->state.torn.k)
			fail_msg("%s: rc %d, prefix %u, owed %u, torn %d %u%%.%u", row->cut, rc, s.prefix, s.owed, s.is_torn,
				 s.torn.percent, s.torn.k);
	}
	assert_int_equal(bp_log_resolve(hand_log, &none, &s), BP_ENOENT); /* ordinals count from 1 */
	none.event = BP_EVENT_LINK_BYTE;
	assert_int_equal(bp_log_resolve(hand_log, &none, &s), BP_ENOENT);
	none.event = BP_EVENT_LINK_FRAME;
	assert_int_equal(bp_log_resolve(hand_log, &none, &s), BP_ENOENT);
}

/* The points that a sweep over lines visits: each names its own line again. */
static void lines_name_themselves(void **state)
{
	static const char *const named[] = {
		"line:agent%3a%20ready#1", "line:agent%3a%20half#1",
		"line:boot%3a%20a%20line%20that%20is%20longer%20tha#1", NULL, "line:boot%3a%20done#1",
	};

	(void)state;
	assert_int_equal(bp_log_events(hand_log, BP_EVENT_LINE), 5);
	assert_int_equal(bp_log_events(hand_log, BP_EVENT_TIME), 0);
	for (uint32_t i = 1; i <= 5; i++) {
		struct bp_cutpoint cut, time = {.event = BP_EVENT_TIME, .n = 1, .after_ns = hand_log->line[i - 1].at_ns - hand_log->begin_ns};
		char text[BP_CUTPOINT_TEXT];
		struct bp_state s, same;

		if (!named[i - 1]) {
			assert_false(bp_log_point(hand_log, BP_EVENT_LINE, i, &cut));
			continue;
		}
		assert_true(bp_log_point(hand_log, BP_EVENT_LINE, i, &cut));
		assert_string_equal(bp_cutpoint_show(text, &cut), named[i - 1]);
		assert_int_equal(bp_log_resolve(hand_log, &cut, &s), 0);
		assert_int_equal(bp_log_resolve(hand_log, &time, &same), 0);
		assert_memory_equal(&s, &same, sizeof(s));
	}
	assert_true(bp_log_point(hand_log, BP_EVENT_LINK_FRAME, 2, &(struct bp_cutpoint){.n = 0}));
}

static void frames_end_at(void **state)
{
	(void)state;
	assert_int_equal(bp_log_frame_end(hand_log, 0), 0);
	assert_int_equal(bp_log_frame_end(hand_log, 1), 10);
	assert_int_equal(bp_log_frame_end(hand_log, 2), 15);
	assert_int_equal(bp_log_frame_end(hand_log, 3), 18);
	assert_int_equal(bp_log_frame_end(hand_log, 4), 0);
}

static void equal_obligations_are_one(void **state)
{
	struct bp_log *l = hand_new();

	(void)state;
	hand_owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	hand_owe(l, 5, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	hand_owe(l, 6, BP_STAGE_OFFERED, BP_PHASE_DOWNLOAD, 0);
	hand_owe(l, 7, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	assert_int_equal(l->n_owed, 3);
	assert_int_equal(l->owed[1].at_ns, 6);
}

static void full_tables_are_told(void **state)
{
	struct bp_log *l = hand_new();

	(void)state;
	l->cap_owed = 1;
	hand_owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	assert_null(l->useless);
	hand_owe(l, 1, BP_STAGE_OFFERED, BP_PHASE_IDLE, 0);
	assert_non_null(l->useless);
	l->useless = NULL;
	l->cap_ops = 1;
	hand_erase(l, 0, 0);
	assert_null(l->useless);
	hand_erase(l, 2000, 0);
	assert_non_null(l->useless);
	l->useless = NULL;
	l->cap_ops = 9;
	l->cap_data = 15;
	hand_program(l, 4000, 0, 1);
	assert_null(l->useless);
	hand_program(l, 5000, 8, 1);
	assert_non_null(l->useless);
	l->useless = NULL;
	l->cap_sends = 0;
	bp_log_sent(l, 0, 1);
	assert_non_null(l->useless);
	assert_true(l->n_owed == 1 && l->n_ops == 2 && l->n_sends == 0);
	l->useless = NULL;
	hand_say(l, 0, "one");
	l->cap_lines = l->n_lines = 65536;
	hand_say(l, 1, "two");
	assert_true(l->useless && l->n_lines == 65536);
}

static void lines_find_room(void **state)
{
	struct bp_log *l = hand_new();

	(void)state;
	l->cap_lines = 1;
	hand_say(l, 0, "one");
	hand_say(l, 1, "two");
	hand_say(l, 2, "three");
	assert_null(l->useless);
	assert_int_equal(l->n_lines, 3);
	assert_string_equal(l->line[0].text, "one");
	assert_string_equal(l->line[2].text, "three");
}

/* Of a log that was given up no point is a state, not even a time, of which it needs no record. */
static void a_useless_log_has_no_point(void **state)
{
	struct bp_log *l = hand_new();
	const struct bp_cutpoint at_5_us = {.event = BP_EVENT_TIME, .n = 1, .after_ns = 5000}, first_op = {.event = BP_EVENT_FLASH, .n = 1};
	struct bp_state s;

	(void)state;
	hand_owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	hand_erase(l, 0, 0);
	l->end_ns = 10000;
	assert_int_equal(bp_log_resolve(l, &at_5_us, &s), 0);
	assert_int_equal(bp_log_resolve(l, &first_op, &s), 0);
	bp_log_give_up(l, "it is too long");
	hand_owe(l, 0, BP_STAGE_CONFIRMED, BP_PHASE_IDLE, 0);
	assert_int_equal(bp_log_resolve(l, &at_5_us, &s), BP_ENOENT);
	assert_int_equal(bp_log_resolve(l, &first_op, &s), BP_ENOENT);
	assert_int_equal(bp_log_events(l, BP_EVENT_FLASH), 0);
}

/* ---- carrying a flash along ------------------------------------------------------- */

static void applied_operations_are_the_real_ones(void **state)
{
	struct bp_flash *f = hand_copy(hand_log), *g = hand_copy(hand_log), *steps = hand_copy(hand_log);
	uint8_t unit[8];

	(void)state;
	bp_log_apply(hand_log, f, 0, 6);
	bp_flash_erase(g, 0x100);
	memset(unit, 0x11, 8), bp_flash_program(g, 0x100, unit);
	memset(unit, 0x22, 8), bp_flash_program(g, 0x108, unit);
	memset(unit, 0x33, 8), bp_flash_program(g, 0x110, unit);
	bp_flash_erase(g, 0x180);
	memset(unit, 0x44, 8), bp_flash_program(g, 0x180, unit);
	assert_true(hand_same(bp_flash_hash(f), bp_flash_hash(g)));
	assert_memory_equal(f->wear, g->wear, f->n_pages * sizeof(*f->wear));
	for (uint32_t i = 0; i < 6; i++)
		bp_log_apply(hand_log, steps, i, i + 1);
	bp_log_apply(hand_log, steps, 6, 6);
	assert_true(hand_same(bp_flash_hash(f), bp_flash_hash(steps)));
}

static void torn_operations_are_the_real_ones(void **state)
{
	struct bp_torn t = {50, 0}, weak = {30, 2};
	struct bp_flash *f = hand_copy(hand_log), *g = hand_copy(hand_log);
	uint8_t unit[8];

	(void)state;
	bp_log_tear(hand_log, f, 0, weak);
	bp_flash_erase_torn(g, 0x100, weak);
	assert_true(hand_same(bp_flash_hash(f), bp_flash_hash(g)));
	memset(unit, 0x44, 8);
	bp_log_tear(hand_log, f, 5, t);
	bp_flash_program_torn(g, 0x180, unit, t);
	assert_true(hand_same(bp_flash_hash(f), bp_flash_hash(g)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, hand_begin, hand_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(cuts_resolve), TEST(lines_name_themselves), TEST(frames_end_at), TEST(equal_obligations_are_one),
		TEST(full_tables_are_told), TEST(lines_find_room), TEST(a_useless_log_has_no_point),
		TEST(applied_operations_are_the_real_ones), TEST(torn_operations_are_the_real_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
