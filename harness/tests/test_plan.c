/* SPDX-License-Identifier: Apache-2.0 */
/* The plan that is laid out over a flash log, on a log made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "explore/plan.h"
#include "explore/runner.h"
#include "tests/hand_log.h"

#define ALL_PHASES ((1u << BP_PHASES) - 1)

static struct bp_plan *plan(const struct bp_scenario *s, const struct bp_log *l, uint32_t budget)
{
	struct bp_flash *scratch = hand_copy(l);
	struct bp_plan *p = NULL;
	struct bp_err err = {.text = ""};

	if (bp_plan_make(hand_arena, s, l, scratch, HAND_SEED, budget, &p, &err))
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
		f = hand_copy(p->log);
		bp_log_apply(p->log, f, 0, c->state.prefix);
		if (c->state.is_torn)
			bp_log_tear(p->log, f, c->state.prefix, c->state.torn);
		assert_true(hand_same(bp_flash_hash(f), p->run[c->run].flash));
		a = bp_obligation_key(&p->log->owed[c->state.owed].owed);
		b = bp_obligation_key(&p->log->owed[first->state.owed].owed);
		assert_memory_equal(&a, &b, sizeof(a));
		for (uint32_t k = 0; k < p->n_runs; k++) {
			const struct bp_case *other = &p->cases[p->run[k].first_case];

			if (k == c->run || other->kind != BP_CASE_CUT || !hand_same(p->run[k].flash, p->run[c->run].flash))
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
	struct bp_plan *p = plan(&s, hand_log, 0);

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
	struct bp_log *l = hand_new();
	struct bp_plan *p;

	(void)state;
	hand_owe(l, 0, BP_STAGE_TEST_ACKED, BP_PHASE_INSTALL, 0);
	hand_program(l, 0, 0, 1);
	hand_owe(l, 150, BP_STAGE_TEST_ACKED, BP_PHASE_FIRST_BOOT, 0);
	hand_program(l, 200, 8, 2);
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
		struct bp_log *l = hand_new();
		struct bp_plan *p;

		bp_log_owe(l, 0, &o[0]);
		hand_program(l, 0, 0, 1);
		bp_log_owe(l, 150, &o[i]);
		hand_program(l, 200, 8, 2);
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
	struct bp_plan *p = plan(&s, hand_log, 0);
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
	p = plan(&s, hand_log, 0);
	assert_int_equal(p->n_cases, 1 + 4 * hand_log->n_ops + 2); /* two erases may show wear */
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
	struct bp_log *l = hand_new();
	struct bp_plan *p;

	(void)state;
	hand_owe(l, 0, BP_STAGE_IDLE, BP_PHASE_IDLE, 0);
	hand_program(l, 0, 0, 0xff);
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
	p = plan(&s, hand_log, 0);
	assert_int_equal(p->n_cases, 3);
	assert_int_equal(p->cases[1].cut.n, 6);
	w.phases = ALL_PHASES;
	w.every = 4;
	s.sweep[0] = w;
	p = plan(&s, hand_log, 0);
	assert_int_equal(p->n_cases, 5);
	assert_int_equal(p->cases[1].cut.n, 1);
	assert_int_equal(p->cases[3].cut.n, 5);
	w.event = BP_EVENT_LINK_BYTE;
	w.every = 7;
	s.sweep[0] = w;
	p = plan(&s, hand_log, 0);
	assert_int_equal(p->n_cases, 4);
	assert_int_equal(p->cases[3].cut.n, 15);
}

static void budget_thins_evenly(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};

	(void)state;
	for (uint32_t budget = 1; budget <= 13; budget++) {
		struct bp_plan *p = plan(&s, hand_log, budget);
		uint32_t cuts = p->n_cases - 1;

		check_plan(p);
		assert_int_equal(p->all_cases, 13);
		assert_in_range(cuts, budget < 12 ? (budget + 1) / 2 : 12, budget);
		assert_int_equal(p->cases[1].cut.n, 1);
	}
	assert_int_equal(plan(&s, hand_log, 4)->cases[2].cut.n, 2); /* every third of before 1, after 1, before 2, after 2, … */
	assert_int_equal(plan(&s, hand_log, 4)->cases[2].cut.position, BP_CUT_AFTER);
}

static void same_plan_twice(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_sweeps = 1, .sweep = {edges()}};
	struct bp_plan *p = plan(&s, hand_log, 0), *q = plan(&s, hand_log, 0);

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
	p = plan(&s, hand_log, 0);
	assert_int_equal(p->n_cases, 14);
	assert_int_equal(p->cases[13].kind, BP_CASE_EMPTY);
	assert_int_equal(p->cases[13].row, 1);
	assert_false(p->cases[13].merged);
	assert_int_equal(bp_runner_case(&unused, p, &p->cases[13], &j, &err), 0);
	assert_int_equal(j.verdict, BP_NOT_EXERCISED);
	assert_non_null(strstr(j.text, "sweep 2"));
	assert_int_equal(plan(&s, hand_log, 1)->n_cases, 3); /* no budget leaves it out */
	assert_int_equal(plan(&s, hand_new(), 0)->n_cases, 3); /* no fault, and both sweeps empty */
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
	struct bp_plan *p = plan(&s, hand_log, 0);

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
	struct bp_plan *p = plan(&s, hand_log, 0);
	char text[BP_CUTPOINT_TEXT];

	(void)state;
	assert_int_equal(p->n_cases, 5); /* no fault, and four lines of five */
	assert_string_equal(bp_cutpoint_show(text, &p->cases[2].cut), "line:agent%3a%20half#1");
	assert_string_equal(p->variant[p->cases[4].variant], "line");
	s.sweep[0].phases = 1u << BP_PHASE_INSTALL;
	assert_int_equal(plan(&s, hand_log, 0)->n_cases, 3);
	s.sweep[0].phases = 1u << BP_PHASE_ROLLBACK;
	p = plan(&s, hand_log, 0);
	assert_int_equal(p->cases[1].kind, BP_CASE_EMPTY);
	assert_int_equal(p->cases[1].cut.n, 0);
}

static void edits_and_damages_each_run(void **state)
{
	struct bp_scenario s = {.name = "hand-made", .n_edits = 2, .n_damages = 1,
				.edit = {{.op = bp_operator_find("body-bit"), .seeds = 3}, {.op = bp_operator_find("truncate-one"), .seeds = 1}},
				.damage = {{.label = "state-a zero"}}};
	struct bp_plan *p = plan(&s, hand_log, 1); /* a budget thins cuts only */

	(void)state;
	check_plan(p);
	assert_int_equal(p->n_cases, 6);
	assert_int_equal(p->n_runs, 6);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_int_equal(p->cases[i].kind, BP_CASE_EDIT);
		assert_int_equal(p->cases[i].seed, HAND_SEED + i - 1);
	}
	assert_int_equal(p->cases[4].row, 1);
	assert_int_equal(p->cases[5].kind, BP_CASE_DAMAGE);
	assert_string_equal(p->variant[p->cases[1].variant], "edit body-bit");
	assert_string_equal(p->variant[p->cases[5].variant], "damage state-a zero");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, hand_begin, hand_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(edges_merge_unless_more_is_owed), TEST(phase_alone_keeps_nothing_apart), TEST(all_that_binds_keeps_apart),
		TEST(events_share_runs), TEST(live_faults_and_bounces), TEST(torn_nothing_merges), TEST(phases_and_strides_select),
		TEST(budget_thins_evenly), TEST(same_plan_twice), TEST(empty_sweep_is_not_exercised), TEST(listed_points),
		TEST(lines_are_swept), TEST(edits_and_damages_each_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
