/* SPDX-License-Identifier: Apache-2.0 */
/* The flash log, and the plan that is laid out over it, on a log made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "explore/plan.h"
#include "explore/runner.h"

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define SEED UINT64_C(5)
#define BYTE_NS UINT64_C(100)
#define ALL_PHASES ((1u << BP_PHASES) - 1)

static const struct bp_geometry geo = {.size_bytes = 1024, .page_bytes = 128, .unit_bytes = 8, .erased = 0xff, .writes_per_unit = 1};

static struct bp_arena *arena;
static struct bp_log *hand; /* the log below */

static struct bp_log *new_log(void)
{
	struct bp_flash *start = NULL;
	struct bp_log *l = NULL;

	assert_int_equal(bp_flash_new(arena, &geo, SEED, &start), 0);
	assert_int_equal(bp_log_new(arena, &geo, start, &l), 0);
	l->byte_ns = BYTE_NS;
	return l;
}

static void owe(struct bp_log *l, uint64_t at_ns, enum bp_stage stage, enum bp_phase phase, uint32_t acked)
{
	struct bp_obligation o = {.stage = (uint8_t)stage, .phase = (uint8_t)phase, .target = 1, .acked_off = acked};

	bp_log_owe(l, at_ns, &o);
}

static void program(struct bp_log *l, uint64_t start_ns, uint32_t addr, uint8_t value)
{
	uint8_t data[8];
	struct bp_op op = {.kind = BP_OP_PROGRAM, .addr = addr, .len = 8, .start_ns = start_ns, .end_ns = start_ns + 100, .data = data};

	memset(data, value, sizeof(data));
	bp_log_op(l, &op);
}

static void erase(struct bp_log *l, uint64_t start_ns, uint32_t addr)
{
	struct bp_op op = {.kind = BP_OP_ERASE, .addr = addr, .len = 128, .start_ns = start_ns, .end_ns = start_ns + 1000};

	bp_log_op(l, &op);
}

static void say(struct bp_log *l, uint64_t at_ns, const char *text)
{
	bp_log_line(l, at_ns, text, strlen(text));
}

static int begin(void **state)
{
	uint8_t old[256];
	struct bp_log *l;

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	l = hand = new_log();
	memset(old, 0x5a, sizeof(old));
	bp_flash_load(l->start, 0x100, old, sizeof(old)); /* two full pages: an erase that finds nothing makes no new state */
	owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	bp_log_sent(l, 0, 10);                                      /* bytes 1 to 10, arriving at 100 to 1000 */
	owe(l, 1000, BP_STAGE_OFFERED, BP_PHASE_DOWNLOAD, 0);
	erase(l, 1200, 0x100);                                      /* operation 1 */
	program(l, 2300, 0x100, 0x11);
	program(l, 2400, 0x108, 0x22);
	owe(l, 3000, BP_STAGE_DOWNLOADING, BP_PHASE_DOWNLOAD, 16);
	bp_log_sent(l, 3000, 5);                                    /* bytes 11 to 15, at 3100 to 3500 */
	program(l, 3250, 0x110, 0x33);                              /* operation 4 */
	erase(l, 5000, 0x180);
	bp_log_sent(l, 5400, 3);                                    /* bytes 16 to 18, at 5500 to 5700 */
	owe(l, 7000, BP_STAGE_TEST_ACKED, BP_PHASE_INSTALL, 16);
	program(l, 8000, 0x180, 0x44);                              /* operation 6 */
	say(l, 1000, "agent: ready");                               /* as byte 10 arrives */
	say(l, 3300, "agent: half");                                /* within operation 4 */
	say(l, 7500, "boot: a line that is longer than what a cut point holds of it");
	say(l, 7600, "\1 boot");
	say(l, 8100, "boot: done");                                 /* as operation 6 ends */
	l->begin_ns = 200;
	l->end_ns = 9000;
	return 0;
}

static int end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

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
		rc = bp_log_resolve(hand, &cut, &s);
		if (rc != row->rc || s.prefix != row->state.prefix || s.owed != row->state.owed || s.is_torn != row->state.is_torn ||
		    s.torn.percent != row->state.torn.percent || s.torn.k != row->state.torn.k)
			fail_msg("%s: rc %d, prefix %u, owed %u, torn %d %u%%.%u", row->cut, rc, s.prefix, s.owed, s.is_torn,
				 s.torn.percent, s.torn.k);
	}
	assert_int_equal(bp_log_resolve(hand, &none, &s), BP_ENOENT); /* ordinals count from 1 */
	none.event = BP_EVENT_LINK_BYTE;
	assert_int_equal(bp_log_resolve(hand, &none, &s), BP_ENOENT);
	none.event = BP_EVENT_LINK_FRAME;
	assert_int_equal(bp_log_resolve(hand, &none, &s), BP_ENOENT);
}

/* The points that a sweep over lines visits: each names its own line again. */
static void lines_name_themselves(void **state)
{
	static const char *const named[] = {
		"line:agent%3a%20ready#1", "line:agent%3a%20half#1",
		"line:boot%3a%20a%20line%20that%20is%20longer%20tha#1", NULL, "line:boot%3a%20done#1",
	};

	(void)state;
	assert_int_equal(bp_log_events(hand, BP_EVENT_LINE), 5);
	assert_int_equal(bp_log_events(hand, BP_EVENT_TIME), 0);
	for (uint32_t i = 1; i <= 5; i++) {
		struct bp_cutpoint cut, time = {.event = BP_EVENT_TIME, .n = 1, .after_ns = hand->line[i - 1].at_ns - hand->begin_ns};
		char text[BP_CUTPOINT_TEXT];
		struct bp_state s, same;

		if (!named[i - 1]) {
			assert_false(bp_log_point(hand, BP_EVENT_LINE, i, &cut));
			continue;
		}
		assert_true(bp_log_point(hand, BP_EVENT_LINE, i, &cut));
		assert_string_equal(bp_cutpoint_show(text, &cut), named[i - 1]);
		assert_int_equal(bp_log_resolve(hand, &cut, &s), 0);
		assert_int_equal(bp_log_resolve(hand, &time, &same), 0);
		assert_memory_equal(&s, &same, sizeof(s));
	}
	assert_true(bp_log_point(hand, BP_EVENT_LINK_FRAME, 2, &(struct bp_cutpoint){.n = 0}));
}

static void frames_end_at(void **state)
{
	(void)state;
	assert_int_equal(bp_log_frame_end(hand, 0), 0);
	assert_int_equal(bp_log_frame_end(hand, 1), 10);
	assert_int_equal(bp_log_frame_end(hand, 2), 15);
	assert_int_equal(bp_log_frame_end(hand, 3), 18);
	assert_int_equal(bp_log_frame_end(hand, 4), 0);
}

static void equal_obligations_are_one(void **state)
{
	struct bp_log *l = new_log();

	(void)state;
	owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	owe(l, 5, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	owe(l, 6, BP_STAGE_OFFERED, BP_PHASE_DOWNLOAD, 0);
	owe(l, 7, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	assert_int_equal(l->n_owed, 3);
	assert_int_equal(l->owed[1].at_ns, 6);
}

static void full_tables_are_told(void **state)
{
	struct bp_log *l = new_log();

	(void)state;
	l->cap_owed = 1;
	owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	assert_null(l->useless);
	owe(l, 1, BP_STAGE_OFFERED, BP_PHASE_IDLE, 0);
	assert_non_null(l->useless);
	l->useless = NULL;
	l->cap_ops = 1;
	erase(l, 0, 0);
	assert_null(l->useless);
	erase(l, 2000, 0);
	assert_non_null(l->useless);
	l->useless = NULL;
	l->cap_ops = 9;
	l->cap_data = 15;
	program(l, 4000, 0, 1);
	assert_null(l->useless);
	program(l, 5000, 8, 1);
	assert_non_null(l->useless);
	l->useless = NULL;
	l->cap_sends = 0;
	bp_log_sent(l, 0, 1);
	assert_non_null(l->useless);
	assert_true(l->n_owed == 1 && l->n_ops == 2 && l->n_sends == 0);
	l->useless = NULL;
	say(l, 0, "one");
	l->cap_lines = l->n_lines = 65536;
	say(l, 1, "two");
	assert_true(l->useless && l->n_lines == 65536);
}

static void lines_find_room(void **state)
{
	struct bp_log *l = new_log();

	(void)state;
	l->cap_lines = 1;
	say(l, 0, "one");
	say(l, 1, "two");
	say(l, 2, "three");
	assert_null(l->useless);
	assert_int_equal(l->n_lines, 3);
	assert_string_equal(l->line[0].text, "one");
	assert_string_equal(l->line[2].text, "three");
}

/* Of a log that was given up no point is a state, not even a time, of which it needs no record. */
static void a_useless_log_has_no_point(void **state)
{
	struct bp_log *l = new_log();
	const struct bp_cutpoint at_5_us = {.event = BP_EVENT_TIME, .n = 1, .after_ns = 5000}, first_op = {.event = BP_EVENT_FLASH, .n = 1};
	struct bp_state s;

	(void)state;
	owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	erase(l, 0, 0);
	l->end_ns = 10000;
	assert_int_equal(bp_log_resolve(l, &at_5_us, &s), 0);
	assert_int_equal(bp_log_resolve(l, &first_op, &s), 0);
	bp_log_give_up(l, "it is too long");
	owe(l, 0, BP_STAGE_CONFIRMED, BP_PHASE_IDLE, 0);
	assert_int_equal(bp_log_resolve(l, &at_5_us, &s), BP_ENOENT);
	assert_int_equal(bp_log_resolve(l, &first_op, &s), BP_ENOENT);
	assert_int_equal(bp_log_events(l, BP_EVENT_FLASH), 0);
}

/* ---- carrying a flash along ------------------------------------------------------- */

static struct bp_flash *start_copy(const struct bp_log *l)
{
	struct bp_flash *f = NULL;

	assert_int_equal(bp_flash_new(arena, &geo, SEED, &f), 0);
	bp_flash_copy(f, l->start);
	return f;
}

static bool same_hash(struct bp_hash128 a, struct bp_hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static void applied_operations_are_the_real_ones(void **state)
{
	struct bp_flash *f = start_copy(hand), *g = start_copy(hand), *steps = start_copy(hand);
	uint8_t unit[8];

	(void)state;
	bp_log_apply(hand, f, 0, 6);
	bp_flash_erase(g, 0x100);
	memset(unit, 0x11, 8), bp_flash_program(g, 0x100, unit);
	memset(unit, 0x22, 8), bp_flash_program(g, 0x108, unit);
	memset(unit, 0x33, 8), bp_flash_program(g, 0x110, unit);
	bp_flash_erase(g, 0x180);
	memset(unit, 0x44, 8), bp_flash_program(g, 0x180, unit);
	assert_true(same_hash(bp_flash_hash(f), bp_flash_hash(g)));
	assert_memory_equal(f->wear, g->wear, f->n_pages * sizeof(*f->wear));
	for (uint32_t i = 0; i < 6; i++)
		bp_log_apply(hand, steps, i, i + 1);
	bp_log_apply(hand, steps, 6, 6);
	assert_true(same_hash(bp_flash_hash(f), bp_flash_hash(steps)));
}

static void torn_operations_are_the_real_ones(void **state)
{
	struct bp_torn t = {50, 0}, weak = {30, 2};
	struct bp_flash *f = start_copy(hand), *g = start_copy(hand);
	uint8_t unit[8];

	(void)state;
	bp_log_tear(hand, f, 0, weak);
	bp_flash_erase_torn(g, 0x100, weak);
	assert_true(same_hash(bp_flash_hash(f), bp_flash_hash(g)));
	memset(unit, 0x44, 8);
	bp_log_tear(hand, f, 5, t);
	bp_flash_program_torn(g, 0x180, unit, t);
	assert_true(same_hash(bp_flash_hash(f), bp_flash_hash(g)));
}

/* ---- plans ------------------------------------------------------------------------ */

static struct bp_plan *plan(const struct bp_scenario *s, const struct bp_log *l, uint32_t budget)
{
	struct bp_flash *scratch = start_copy(l);
	struct bp_plan *p = NULL;
	struct bp_err err = {.text = ""};

	if (bp_plan_make(arena, s, l, scratch, SEED, budget, &p, &err))
		fail_msg("%s", err.text);
	return p;
}

/* Each case stands on the run that has its flash and owes what it owes; no two runs have both in common. */
static void check_plan(const struct bp_plan *p)
{
	for (uint32_t i = 0; i < p->n_cases; i++) {
		const struct bp_case *c = &p->cases[i], *first;
		struct bp_obligation a, b;
		struct bp_flash *f;

		assert_in_range(c->run, 0, p->n_runs - 1);
		first = &p->cases[p->run[c->run].first_case];
		assert_int_equal(c->merged, first != c);
		assert_true(first <= c);
		assert_true(c->variant < p->n_variants);
		if (c->kind != BP_CASE_CUT) {
			assert_false(c->merged);
			continue;
		}
		f = start_copy(p->log);
		bp_log_apply(p->log, f, 0, c->state.prefix);
		if (c->state.is_torn)
			bp_log_tear(p->log, f, c->state.prefix, c->state.torn);
		assert_true(same_hash(bp_flash_hash(f), p->run[c->run].flash));
		a = bp_obligation_key(&p->log->owed[c->state.owed].owed);
		b = bp_obligation_key(&p->log->owed[first->state.owed].owed);
		assert_memory_equal(&a, &b, sizeof(a));
		for (uint32_t k = 0; k < p->n_runs; k++) {
			const struct bp_case *other = &p->cases[p->run[k].first_case];

			if (k == c->run || other->kind != BP_CASE_CUT || !same_hash(p->run[k].flash, p->run[c->run].flash))
				continue;
			b = bp_obligation_key(&p->log->owed[other->state.owed].owed);
			assert_memory_not_equal(&a, &b, sizeof(a));
		}
	}
}

static struct bp_sweep edges(void)
{
	return (struct bp_sweep){.event = BP_EVENT_FLASH, .phases = ALL_PHASES, .every = 1, .n_positions = 2,
				 .position = {{.position = BP_CUT_BEFORE}, {.position = BP_CUT_AFTER}}};
}

/* after N and before N+1 are the same state; where the obligation changed in between they are two runs. */
static void edges_merge_unless_more_is_owed(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};
	struct bp_plan *p = plan(&s, hand, 0);

	(void)state;
	check_plan(p);
	assert_int_equal(p->n_cases, 13); /* no fault, 6 operations with two edges */
	assert_int_equal(p->all_cases, 13);
	assert_int_equal(p->cases[0].kind, BP_CASE_NO_FAULT);
	/* 7 states, two of them (before 4, before 6) under two obligations, and the run without a fault */
	assert_int_equal(p->n_runs, 10);
	for (uint32_t i = 1; i < 13; i++) {
		bool before = i % 2 == 1, first_of_stage = i == 1 || i == 7 || i == 11;

		assert_int_equal(p->cases[i].cut.n, (i + 1) / 2);
		assert_int_equal(p->cases[i].cut.position, before ? BP_CUT_BEFORE : BP_CUT_AFTER);
		assert_int_equal(p->cases[i].merged, before && !first_of_stage);
	}
}

/* The phase says which sweep a case belongs to; the device does not owe it. */
static void phase_alone_keeps_nothing_apart(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};
	struct bp_log *l = new_log();
	struct bp_plan *p;

	(void)state;
	owe(l, 0, BP_STAGE_TEST_ACKED, BP_PHASE_INSTALL, 0);
	program(l, 0, 0, 1);
	owe(l, 150, BP_STAGE_TEST_ACKED, BP_PHASE_FIRST_BOOT, 0);
	program(l, 200, 8, 2);
	p = plan(&s, l, 0);
	check_plan(p);
	assert_int_equal(p->n_runs, 4);
	assert_int_equal(p->cases[2].phase, BP_PHASE_INSTALL);
	assert_true(p->cases[3].merged);
	assert_int_equal(p->cases[3].phase, BP_PHASE_FIRST_BOOT);
}

/* Each field of the obligation that binds keeps states apart, alone. */
static void all_that_binds_keeps_apart(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};
	struct bp_obligation o[12];

	(void)state;
	memset(o, 0, sizeof(o));
	o[1].stage = 1, o[2].good = 1, o[3].target = 1, o[4].power_cycles = 1, o[5].damaged = 1, o[6].acked_off = 1;
	o[7].counter_floor = 1, o[8].end_running = 1, o[9].end_reasons = 1, o[10].start_reasons = 1;
	o[11].phase = BP_PHASE_IDLE; /* does not bind */
	for (size_t i = 0; i < 12; i++) {
		struct bp_log *l = new_log();
		struct bp_plan *p;

		bp_log_owe(l, 0, &o[0]);
		program(l, 0, 0, 1);
		bp_log_owe(l, 150, &o[i]);
		program(l, 200, 8, 2);
		p = plan(&s, l, 0);
		assert_int_equal(p->n_cases, 5);
		assert_int_equal(p->cases[3].merged, i == 0 || i == 11); /* before 2, after 1 */
	}
}

/* A cut by the link that tears an operation as the sweep does is the same run. */
static void events_share_runs(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 3, .sweep = {
		{.event = BP_EVENT_FLASH, .phases = ALL_PHASES, .every = 1, .n_positions = 1, .position = {{.position = BP_CUT_TORN, .percent = 50}}},
		{.event = BP_EVENT_LINK_BYTE, .phases = ALL_PHASES, .every = 1},
		{.event = BP_EVENT_LINK_FRAME, .phases = ALL_PHASES, .every = 1},
	}};
	struct bp_plan *p = plan(&s, hand, 0);
	unsigned shared = 0, kinds = 0;

	(void)state;
	check_plan(p);
	/* 4 programs, 2 erases with BP_ERASE_K subsets, 18 bytes, 3 frames */
	assert_int_equal(p->n_cases, 1 + 4 + 2 * BP_ERASE_K + 18 + 3);
	for (uint32_t i = 0; i < p->n_cases; i++) {
		const struct bp_case *c = &p->cases[i], *first = &p->cases[p->run[c->run].first_case];

		shared += c->kind == BP_CASE_CUT && c->cut.event != BP_EVENT_FLASH && first->cut.event == BP_EVENT_FLASH;
		kinds += c->cut.event == BP_EVENT_LINK_FRAME && c->merged;
	}
	assert_int_equal(shared, 2); /* bytes 13 and 16 */
	assert_int_equal(kinds, 3);  /* a frame's end is a byte's */
	assert_int_equal(p->n_variants, 4);
	assert_string_equal(p->variant[0], "no fault");
	assert_string_equal(p->variant[1], "flash torn 50%");
	assert_string_equal(p->variant[2], "link byte");
	assert_string_equal(p->variant[3], "link frame");
}

/* What the core lives through is never merged; bounces are apart from cuts, and from other bounces. */
static void live_faults_and_bounces(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 5};
	struct bp_plan *p;

	(void)state;
	for (unsigned i = 0; i < s.n_sweeps; i++)
		s.sweep[i] = (struct bp_sweep){.event = BP_EVENT_FLASH, .phases = ALL_PHASES, .every = 1, .n_positions = 1,
					       .position = {{.position = BP_CUT_BEFORE}}};
	s.sweep[1].fault = BP_FAULT_OP_REJECTED;
	s.sweep[2].fault = BP_FAULT_PAGE_WORN;
	s.sweep[3].fault = s.sweep[4].fault = BP_FAULT_BOUNCE;
	s.sweep[3].fault_arg = 1;
	s.sweep[4].fault_arg = 2;
	p = plan(&s, hand, 0);
	assert_int_equal(p->n_cases, 1 + 4 * hand->n_ops + 2); /* two erases may show wear */
	assert_string_equal(p->variant[2], "flash before op-rejected");
	assert_string_equal(p->variant[5], "flash before bounce 2");
	for (uint32_t i = 1; i < p->n_cases; i++) {
		const struct bp_case *c = &p->cases[i];

		assert_false(bp_fault_is_live(c->cut.fault) && c->merged);
		assert_int_equal(p->cases[p->run[c->run].first_case].cut.fault, c->cut.fault);
		assert_int_equal(p->cases[p->run[c->run].first_case].cut.fault_arg, c->cut.fault_arg);
	}
}

/* A torn program of nothing is as if it had never begun. */
static void torn_nothing_merges(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {
		{.event = BP_EVENT_FLASH, .phases = ALL_PHASES, .every = 1, .n_positions = 3,
		 .position = {{.position = BP_CUT_BEFORE}, {.position = BP_CUT_TORN, .percent = 90}, {.position = BP_CUT_AFTER}}},
	}};
	struct bp_log *l = new_log();
	struct bp_plan *p;

	(void)state;
	owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	program(l, 0, 0, 0xff);
	p = plan(&s, l, 0);
	check_plan(p);
	assert_true(p->cases[2].merged);
	assert_false(p->cases[3].merged); /* whole, it counts: the unit has been written */
}

static void phases_and_strides_select(void **state)
{
	struct bp_sweep w = edges();
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1};
	struct bp_plan *p;

	(void)state;
	w.phases = 1u << BP_PHASE_INSTALL;
	s.sweep[0] = w;
	p = plan(&s, hand, 0);
	assert_int_equal(p->n_cases, 3);
	assert_int_equal(p->cases[1].cut.n, 6);
	w.phases = ALL_PHASES;
	w.every = 4;
	s.sweep[0] = w;
	p = plan(&s, hand, 0);
	assert_int_equal(p->n_cases, 5);
	assert_int_equal(p->cases[1].cut.n, 1);
	assert_int_equal(p->cases[3].cut.n, 5);
	w.event = BP_EVENT_LINK_BYTE;
	w.every = 7;
	s.sweep[0] = w;
	p = plan(&s, hand, 0);
	assert_int_equal(p->n_cases, 4);
	assert_int_equal(p->cases[3].cut.n, 15);
}

static void budget_thins_evenly(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};

	(void)state;
	for (uint32_t budget = 1; budget <= 13; budget++) {
		struct bp_plan *p = plan(&s, hand, budget);
		uint32_t cuts = p->n_cases - 1;

		check_plan(p);
		assert_int_equal(p->all_cases, 13);
		assert_in_range(cuts, budget < 12 ? (budget + 1) / 2 : 12, budget);
		assert_int_equal(p->cases[1].cut.n, 1);
	}
	assert_int_equal(plan(&s, hand, 4)->cases[2].cut.n, 2); /* every third of before 1, after 1, before 2, after 2, … */
	assert_int_equal(plan(&s, hand, 4)->cases[2].cut.position, BP_CUT_AFTER);
}

static void same_plan_twice(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};
	struct bp_plan *p = plan(&s, hand, 0), *q = plan(&s, hand, 0);

	(void)state;
	assert_int_equal(p->n_cases, q->n_cases);
	assert_int_equal(p->n_runs, q->n_runs);
	assert_memory_equal(p->cases, q->cases, p->n_cases * sizeof(*p->cases));
	assert_memory_equal(p->run, q->run, p->n_runs * sizeof(*p->run));
}

/* A sweep that cuts nowhere is a case that was not exercised, never nothing at all. */
static void empty_sweep_is_not_exercised(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 2, .sweep = {edges(), edges()}};
	struct bp_runner unused = {0};
	struct bp_judgement j;
	struct bp_err err;
	struct bp_plan *p;

	(void)state;
	s.sweep[1].phases = 1u << BP_PHASE_ROLLBACK;
	p = plan(&s, hand, 0);
	assert_int_equal(p->n_cases, 14);
	assert_int_equal(p->cases[13].kind, BP_CASE_EMPTY);
	assert_int_equal(p->cases[13].row, 1);
	assert_false(p->cases[13].merged);
	assert_int_equal(bp_runner_case(&unused, p, &p->cases[13], &j, &err), 0);
	assert_int_equal(j.verdict, BP_NOT_EXERCISED);
	assert_non_null(strstr(j.text, "sweep 2"));
	assert_int_equal(plan(&s, hand, 1)->n_cases, 3); /* no budget leaves it out */
	assert_int_equal(plan(&s, new_log(), 0)->n_cases, 3); /* no fault, and both sweeps empty */
}

static struct bp_cutpoint point(const char *text)
{
	struct bp_cutpoint c;

	assert_int_equal(bp_cutpoint_parse(text, &c, NULL), 0);
	return c;
}

/* Each is a variant; one that the update lacks is told by name; the same state is run once. */
static void listed_points(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {{.n_at = 5, .at = {
		point("line:half#1"), point("time:9us"), point("time:3.1us"), point("flash:4/after"), point("line:swap#1")}}}};
	struct bp_runner unused = {0};
	struct bp_judgement j;
	struct bp_err err;
	struct bp_plan *p = plan(&s, hand, 0);

	(void)state;
	assert_int_equal(p->n_cases, 6);
	assert_int_equal(p->cases[1].kind, BP_CASE_CUT);
	assert_string_equal(p->variant[p->cases[1].variant], "line:half#1");
	assert_int_equal(p->cases[1].phase, BP_PHASE_DOWNLOAD);
	assert_int_equal(p->cases[2].kind, BP_CASE_EMPTY);
	assert_true(p->cases[3].merged && p->cases[3].run == p->cases[1].run);
	assert_string_equal(p->variant[p->cases[4].variant], "flash:4/after");
	assert_int_equal(bp_runner_case(&unused, p, &p->cases[2], &j, &err), 0);
	assert_int_equal(j.verdict, BP_NOT_EXERCISED);
	assert_non_null(strstr(j.text, "sweep 1 lists time:9us"));
	assert_int_equal(bp_runner_case(&unused, p, &p->cases[5], &j, &err), 0);
	assert_non_null(strstr(j.text, "line:swap#1"));
}

static void lines_are_swept(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1,
				.sweep = {{.event = BP_EVENT_LINE, .phases = 1u << BP_PHASE_DOWNLOAD | 1u << BP_PHASE_INSTALL, .every = 1}}};
	struct bp_plan *p = plan(&s, hand, 0);
	char text[BP_CUTPOINT_TEXT];

	(void)state;
	assert_int_equal(p->n_cases, 5); /* no fault, and four lines of five */
	assert_string_equal(bp_cutpoint_show(text, &p->cases[2].cut), "line:agent%3a%20half#1");
	assert_string_equal(p->variant[p->cases[4].variant], "line");
	s.sweep[0].phases = 1u << BP_PHASE_INSTALL;
	assert_int_equal(plan(&s, hand, 0)->n_cases, 3);
	s.sweep[0].phases = 1u << BP_PHASE_ROLLBACK;
	p = plan(&s, hand, 0);
	assert_int_equal(p->cases[1].kind, BP_CASE_EMPTY);
	assert_int_equal(p->cases[1].cut.n, 0);
}

static void edits_and_damages_each_run(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_edits = 2, .n_damages = 1,
				.edit = {{.op = bp_operator_find("body-bit"), .seeds = 3}, {.op = bp_operator_find("truncate-one"), .seeds = 1}},
				.damage = {{.label = "state-a zero"}}};
	struct bp_plan *p = plan(&s, hand, 1); /* a budget thins cuts only */

	(void)state;
	check_plan(p);
	assert_int_equal(p->n_cases, 6);
	assert_int_equal(p->n_runs, 6);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_int_equal(p->cases[i].kind, BP_CASE_EDIT);
		assert_int_equal(p->cases[i].seed, SEED + i - 1);
	}
	assert_int_equal(p->cases[4].row, 1);
	assert_int_equal(p->cases[5].kind, BP_CASE_DAMAGE);
	assert_string_equal(p->variant[p->cases[1].variant], "edit body-bit");
	assert_string_equal(p->variant[p->cases[5].variant], "damage state-a zero");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(cuts_resolve), TEST(frames_end_at), TEST(equal_obligations_are_one), TEST(full_tables_are_told),
		TEST(lines_find_room), TEST(a_useless_log_has_no_point),
		TEST(applied_operations_are_the_real_ones), TEST(torn_operations_are_the_real_ones),
		TEST(edges_merge_unless_more_is_owed), TEST(phase_alone_keeps_nothing_apart), TEST(all_that_binds_keeps_apart),
		TEST(events_share_runs), TEST(live_faults_and_bounces), TEST(torn_nothing_merges), TEST(phases_and_strides_select),
		TEST(budget_thins_evenly),
		TEST(same_plan_twice), TEST(empty_sweep_is_not_exercised), TEST(listed_points), TEST(lines_are_swept),
		TEST(lines_name_themselves), TEST(edits_and_damages_each_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
