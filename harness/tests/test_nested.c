/* SPDX-License-Identifier: Apache-2.0 */
/* Nested cuts: levels of a plan, the same for any number of workers, each case the same from the start. Skipped without the firmware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "explore/follow.h"
#include "explore/log_pack.h"
#include "explore/pool.h"
#include "explore/states.h"

#define FIRMWARE "build/firmware/reference.so"
#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define SEED UINT64_C(1)

static const char text[] = "scenario: made-up\n"
			   "title: an update\n"
			   "covers: [P-1]\n"
			   "steps:\n"
			   "  - update: {to: to}\n"
			   "end: {running: to, reasons: [OK]}\n"
			   "sweep:\n"
			   "  - {event: flash, phases: [confirm], positions: [before, torn 50%, after]}\n"
			   "depth: 2\n";

/* What the host does then is cut as well. */
static const char host_text[] = "scenario: made-up\n"
				"title: an update\n"
				"covers: [P-1]\n"
				"steps:\n"
				"  - update: {to: to}\n"
				"end: {running: to, reasons: [OK]}\n"
				"sweep:\n"
				"  - {event: flash, phases: [install], positions: [before, torn 50%, after]}\n"
				"actions: [nothing, resume, restart, another]\n"
				"depth: 2\n";

static struct bp_arena *arena;
static struct bp_product *product;
static struct bp_scenario *scenario, *silent, *host;
static struct bp_runner *runner;

/* ---- a table of keys ------------------------------------------------------------------ */

static void keys_keep_their_numbers(void **state)
{
	struct bp_states *s = bp_states_new(arena);

	(void)state;
	assert_non_null(s);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			/* Low bits collide on purpose. */
			uint32_t *n = bp_states_at(s, (struct bp_hash128){i & 7, i});

			assert_non_null(n);
			assert_int_equal(*n, round ? i + 1 : 0);
			*n = i + 1;
		}
	assert_int_equal(bp_states_count(s), 5000);
}

/* ---- logs as bytes -------------------------------------------------------------------- */

static struct bp_log *small_log(void)
{
	static const uint8_t unit[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct bp_op op = {.kind = BP_OP_ERASE, .addr = 0x4800, .start_ns = 5, .end_ns = 9, .first = true, .last = true};
	struct bp_obligation owed = {.stage = BP_STAGE_TEST_ACKED, .power_cycles = 2};
	struct bp_log *l;

	assert_int_equal(bp_log_new(arena, &product->board.flash, NULL, &l), 0);
	bp_log_owe(l, 3, &owed);
	bp_log_op(l, &op);
	owed.stage = BP_STAGE_CONFIRMED;
	bp_log_owe(l, 10, &owed);
	op = (struct bp_op){.kind = BP_OP_PROGRAM, .addr = 0x4808, .data = unit, .first = true};
	bp_log_op(l, &op);
	return l;
}

static void a_packed_log_comes_back(void **state)
{
	struct bp_log *l = small_log(), *back;
	uint8_t bytes[512];
	size_t n = bp_log_pack(l, bytes, sizeof(bytes));

	(void)state;
	assert_true(n && n <= sizeof(bytes));
	assert_int_equal(bp_log_unpack(arena, bytes, n, 8, &back), 0);
	assert_int_equal(back->n_ops, 2);
	assert_int_equal(back->op[0].kind, BP_OP_ERASE);
	assert_int_equal(back->op[1].addr, 0x4808);
	assert_int_equal(back->data[back->op[1].data + 7], 8);
	assert_int_equal(back->owed[back->op[0].owed].owed.power_cycles, 2);
	assert_int_equal(back->owed[back->op[1].owed].owed.stage, BP_STAGE_CONFIRMED);
	assert_true(bp_log_pack(l, bytes, n - 1) == n);
}

static void damaged_logs_are_refused(void **state)
{
	struct bp_log *back;
	uint8_t bytes[512];
	size_t n = bp_log_pack(small_log(), bytes, sizeof(bytes));

	(void)state;
	for (size_t len = 0; len < n; len++)
		assert_int_equal(bp_log_unpack(arena, bytes, len, 8, &back), BP_EPROTO);
	for (size_t at = 0; at < 16 + 32; at++) { /* counts, and both operations: never beyond what is there */
		uint8_t was = bytes[at];

		bytes[at] = 0xff;
		if (!bp_log_unpack(arena, bytes, n, 8, &back))
			for (uint32_t i = 0; i < back->n_ops; i++) {
				assert_true(back->op[i].owed < back->n_owed);
				assert_true(back->op[i].kind != BP_OP_PROGRAM || back->op[i].data + 8 <= back->n_data);
			}
		bytes[at] = was;
	}
}

/* ---- levels --------------------------------------------------------------------------- */

struct search {
	struct bp_plan *plan;
	struct bp_judgement *j;
	uint32_t n, cap;
	struct bp_level level;
};

static int keep(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	struct search *s = ctx;

	if (index != s->n || index >= s->cap)
		return bp_fail(err, BP_EINTERNAL, "run %u out of order", index);
	s->j[s->n++] = *j;
	return 0;
}

static void two_levels_of(struct bp_scenario *of, bool exact, struct search *s, unsigned jobs, uint32_t budget)
{
	struct bp_err err = {.text = ""};
	struct bp_flash *scratch;
	struct bp_log *log;
	uint32_t from;

	scenario = of;
	*s = (struct search){.cap = 20000};
	s->j = bp_arena_array(arena, s->cap, sizeof(*s->j));
	assert_non_null(s->j);
	if (bp_runner_trace(runner, arena, scenario, &log, &err) || bp_flash_new(arena, &product->board.flash, SEED, &scratch) ||
	    bp_plan_make(arena, scenario, log, scratch, SEED, budget, &s->plan, &err) || bp_runner_record(runner, arena, &err))
		fail_msg("%s", err.text);
	s->plan->record = true;
	s->plan->exact = exact;
	s->plan->ask = !exact;
	s->plan->product = product;
	if (bp_pool_judge(runner, s->plan, 0, jobs, keep, s, &err))
		fail_msg("%s", err.text);
	do {
		from = s->plan->n_runs;
		if (bp_plan_deepen(s->plan, 0, &s->level, &err))
			fail_msg("%s", err.text);
		s->plan->record = false;
		if (bp_pool_judge(runner, s->plan, from, jobs, keep, s, &err))
			fail_msg("%s", err.text);
	} while (s->level.more);
	assert_int_equal(s->n, s->plan->n_runs);
}

static void two_levels(struct search *s, unsigned jobs, uint32_t budget)
{
	two_levels_of(silent, true, s, jobs, budget);
}

/* The same plan and the same judgements, whoever works. */
static void workers_do_not_matter(struct bp_scenario *of, bool exact, uint32_t least, struct search *one)
{
	char a[BP_TOKEN_BYTES], b[BP_TOKEN_BYTES];
	struct search three;

	two_levels_of(of, exact, one, 1, 0);
	two_levels_of(of, exact, &three, 3, 0);
	assert_true(one->level.states > least);
	assert_int_equal(one->level.cases, one->level.merged + one->level.states);
	assert_memory_equal(&one->level, &three.level, sizeof(one->level));
	assert_int_equal(one->plan->n_cases, three.plan->n_cases);
	for (uint32_t i = 0; i < one->plan->n_cases; i++)
		assert_string_equal(bp_token_show(a, one->plan, "small", &one->plan->cases[i]),
				    bp_token_show(b, three.plan, "small", &three.plan->cases[i]));
	assert_memory_equal(one->j, three.j, one->n * sizeof(*one->j));
	bp_plan_end(three.plan);
}

static void levels_do_not_depend_on_the_workers(void **state)
{
	struct search one;

	(void)state;
	if (!runner)
		skip();
	workers_do_not_matter(silent, true, 100, &one);
}

/* Every tenth nested case, on a live board with both cuts armed: the flash, what is owed, the judgement. */
static void nested_cases_are_the_same_from_the_start(void **state)
{
	struct bp_err err = {.text = ""};
	struct search s;
	char why[200];
	unsigned n = 0;

	(void)state;
	if (!runner)
		skip();
	two_levels(&s, 2, 0);
	for (uint32_t i = 0; i < s.plan->n_cases; i++) {
		const struct bp_case *c = &s.plan->cases[i];

		if (!c->parent || i % 10)
			continue;
		assert_int_equal(c->depth, 2);
		n++;
		if (bp_runner_check(runner, s.plan, c, &s.j[c->run], why, sizeof(why), &err) != 1)
			fail_msg("case %u: %s%s", i, why, err.text);
	}
	assert_true(n > 10);
}

/* ---- what the host does -------------------------------------------------------------------- */

static void actions_do_not_depend_on_the_workers(void **state)
{
	struct search one;
	uint32_t unproven;

	(void)state;
	if (!runner)
		skip();
	workers_do_not_matter(host, false, 50, &one);
	assert_int_equal(bp_plan_unproven(one.plan, &unproven, NULL), 0);
	assert_int_equal(unproven, 0);
	assert_true(bp_plan_classes(one.plan) > 10 && bp_plan_classes(one.plan) < one.plan->n_runs);
	bp_plan_end(one.plan);
}

/* A second cut in what the host does, on a live board: the flash, what is owed, the judgement; by its token alone, too. */
static void acting_cases_are_the_same_from_the_start(void **state)
{
	struct bp_err err = {.text = ""};
	unsigned n[BP_ACTIONS] = {0};
	char token[BP_TOKEN_BYTES];
	struct search s;
	char why[200];

	(void)state;
	if (!runner)
		skip();
	two_levels_of(host, false, &s, 2, 0);
	bp_token_hash8(scenario, product, s.plan->hash8);
	for (uint32_t i = 0; i < s.plan->n_cases; i++) {
		struct bp_plan alone = {.scenario = scenario, .log = s.plan->log, .seed = SEED};
		const struct bp_case *c = &s.plan->cases[i], *again;
		struct bp_judgement j;
		struct bp_token t;

		if (c->kind != BP_CASE_CUT || n[c->cut.action] > 20 || i % 7)
			continue;
		n[c->cut.action]++;
		assert_int_equal(s.j[c->run].verdict, BP_PASS);
		if (bp_runner_check(runner, s.plan, c, &s.j[c->run], why, sizeof(why), &err) != 1)
			fail_msg("%s: %s%s", bp_token_show(token, s.plan, "small", c), why, err.text);
		memcpy(alone.hash8, s.plan->hash8, sizeof(alone.hash8));
		if (bp_token_parse(bp_token_show(token, s.plan, "small", c), &t, &err) || bp_follow(runner, arena, &t, &alone, &again, &j, &err))
			fail_msg("%s: %s", token, err.text);
		assert_memory_equal(&j, &s.j[c->run], sizeof(j));
	}
	for (unsigned a = 0; a < BP_ACTIONS; a++)
		assert_true(n[a] > 5);
	bp_plan_end(s.plan);
}

/* A cut that is not where the plan says is seen: the second of a case is moved by one operation. */
static void a_wrong_second_cut_is_seen(void **state)
{
	struct bp_err err = {.text = ""};
	char why[200] = "";
	struct search s;
	uint32_t i;

	(void)state;
	if (!runner)
		skip();
	two_levels(&s, 2, 0);
	for (i = 1; !s.plan->cases[i].parent || s.plan->cases[i].cut.position != BP_CUT_AFTER || s.plan->cases[i].cut.n < 3; i++)
		;
	s.plan->cases[i].cut.n--;
	assert_int_equal(bp_runner_check(runner, s.plan, &s.plan->cases[i], &s.j[s.plan->cases[i].run], why, sizeof(why), &err), 0);
	assert_true(why[0]);
}

static void the_budget_bounds_new_states(void **state)
{
	struct search all, few;

	(void)state;
	if (!runner)
		skip();
	two_levels(&all, 2, 0);
	two_levels(&few, 2, 25);
	assert_int_equal(few.level.states, 25);
	assert_true(few.level.open > 0);
	assert_int_equal(few.level.cases, few.level.merged + few.level.states + few.level.open);
}

/* A token's way alone comes to what the sweep came to. */
static void tokens_are_followed(void **state)
{
	struct bp_err err = {.text = ""};
	char token[BP_TOKEN_BYTES], again[BP_TOKEN_BYTES];
	const struct bp_case *c;
	struct bp_judgement j;
	struct bp_token t;
	struct search s;

	(void)state;
	if (!runner)
		skip();
	two_levels(&s, 2, 0);
	for (uint32_t i = s.plan->n_cases - 60; i < s.plan->n_cases; i += 7) {
		struct bp_plan alone = {.scenario = scenario, .log = s.plan->log, .seed = SEED};

		bp_token_hash8(scenario, product, s.plan->hash8);
		bp_token_show(token, s.plan, "small", &s.plan->cases[i]);
		memcpy(alone.hash8, s.plan->hash8, sizeof(alone.hash8));
		if (bp_token_parse(token, &t, &err) || bp_follow(runner, arena, &t, &alone, &c, &j, &err))
			fail_msg("%s: %s", token, err.text);
		assert_int_equal(t.n_cuts, 2);
		assert_string_equal(bp_token_show(again, &alone, "small", c), token);
		assert_memory_equal(&j, &s.j[s.plan->cases[i].run], sizeof(j));
	}
}

static const struct {
	const char *cuts, *says;
} bad_rows[] = {
	{"flash:600/after+flash:9999/after", "the recovery has no such cut point"},
	{"flash:600/after+", "is no cut point"},
	{"flash:600/after+link:3", "cannot be a second cut"},
	{"flash:600/after+flash:1/before!reset-pin", "cannot be a second cut"},
};

static void tokens_that_name_no_nested_cut(void **state)
{
	struct bp_plan plan = {.scenario = silent, .seed = SEED};
	struct bp_log *log;

	(void)state;
	if (!runner)
		skip();
	assert_int_equal(bp_runner_trace(runner, arena, silent, &log, NULL), 0);
	plan.log = log;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		struct bp_err err = {.text = ""};
		const struct bp_case *c;
		struct bp_judgement j;
		struct bp_token t;
		char token[256];

		snprintf(token, sizeof(token), "bp1:small:made-up:00000000:%s:-:1", bad_rows[i].cuts);
		if (!bp_token_parse(token, &t, &err) && !bp_follow(runner, arena, &t, &plan, &c, &j, &err))
			fail_msg("%s was taken", token);
		if (!strstr(err.text, bad_rows[i].says))
			fail_msg("%s: says '%s' instead of '%s'", token, err.text, bad_rows[i].says);
	}
}

static int begin(void **state)
{
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = SEED, .follow_up = true};
	struct bp_err err = {.text = ""};

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	if (!arena || bp_product_read(arena, "fixtures/products/small.yaml", &product, &err) ||
	    bp_scenario_parse(arena, "made-up.yaml", text, strlen(text), product, &silent, &err) ||
	    bp_scenario_parse(arena, "made-up.yaml", host_text, strlen(host_text), product, &host, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	scenario = silent;
	if (access(FIRMWARE, R_OK))
		return 0;
	if (bp_runner_open(arena, product, FIRMWARE, &opt, &runner, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	bp_runner_close(runner);
	bp_arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_keep_their_numbers),
		cmocka_unit_test(a_packed_log_comes_back),
		cmocka_unit_test(damaged_logs_are_refused),
		cmocka_unit_test(levels_do_not_depend_on_the_workers),
		cmocka_unit_test(nested_cases_are_the_same_from_the_start),
		cmocka_unit_test(actions_do_not_depend_on_the_workers),
		cmocka_unit_test(acting_cases_are_the_same_from_the_start),
		cmocka_unit_test(a_wrong_second_cut_is_seen),
		cmocka_unit_test(the_budget_bounds_new_states),
		cmocka_unit_test(tokens_are_followed),
		cmocka_unit_test(tokens_that_name_no_nested_cut),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
