/* SPDX-License-Identifier: Apache-2.0 */
/* The reference firmware on the virtual board, on both products: up, deterministic, updatable, cut. Skipped when it is not built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "explore/runner.h"

#define FIRMWARE "build/firmware/reference.so"
#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define SEED UINT64_C(1)
#define MS UINT64_C(1000000)

static const char update[] = "scenario: made-up\n"
			     "title: an update\n"
			     "covers: [P-1]\n"
			     "steps:\n"
			     "  - update: {to: to}\n"
			     "end: {running: to, reasons: [OK]}\n"
			     "sweep:\n"
			     "  - {event: flash, phases: [download, install, first-boot, confirm], positions: [before, torn 50%, after]}\n"
			     "  - {event: link-frame, phases: [download, install]}\n";

struct rig {
	struct bp_arena *arena;
	struct bp_product *product;
	struct bp_scenario *scenario;
	struct bp_runner *runner;
	struct bp_exec exec;
};

static void open_rig(struct rig *r, const char *product)
{
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = SEED, .follow_up = true};
	struct bp_err err = {.text = ""};

	if (access(FIRMWARE, R_OK)) {
		print_message("%s is not built (`make firmware`): skipped\n", FIRMWARE);
		skip();
	}
	r->arena = bp_arena_new(ARENA_BYTES);
	if (bp_product_read(r->arena, product, &r->product, &err) ||
	    bp_scenario_parse(r->arena, "made-up.yaml", update, strlen(update), r->product, &r->scenario, &err) ||
	    bp_runner_open(r->arena, r->product, FIRMWARE, &opt, &r->runner, &err))
		fail_msg("%s", err.text);
}

static void close_rig(struct rig *r)
{
	bp_runner_close(r->runner);
	bp_arena_free(r->arena);
}

/* Console of some seconds from power-on, in a fixed buffer. */
static size_t watch(struct bp_vboard *b, uint64_t ms, char *out, size_t cap)
{
	uint64_t until = bp_vboard_now(b) + ms * MS, at;
	enum bp_stop stop;
	size_t len = 0;

	do {
		stop = bp_vboard_run(b, until);
		len += bp_vboard_receive(b, (uint8_t *)out + len, cap - 1 - len, &at);
	} while (stop == BP_STOP_OUTPUT);
	out[len] = '\0';
	return len;
}

/* Nothing in its slots: it says so, and stays reachable. */
static void blank_board(void **state)
{
	char console[4096];
	struct bp_vboard *b;
	struct rig r;

	(void)state;
	open_rig(&r, "fixtures/products/small.yaml");
	b = r.runner->v->vboard;
	bp_vboard_power_on(b);
	watch(b, 5000, console, sizeof(console));
	assert_non_null(strstr(console, "boot: cause power-on"));
	assert_non_null(strstr(console, "boot: NO_IMAGE"));
	assert_null(strstr(console, "app: up"));
	assert_true(bp_vboard_idle(b));
	assert_int_equal(bp_vboard_running(b), -1);
	close_rig(&r);
}

static void provisioned_board(struct rig *r, const char *product)
{
	struct bp_err err = {.text = ""};

	open_rig(r, product);
	bp_exec_begin(&r->exec, &r->runner->v->board, r->scenario);
	if (bp_exec_provision(&r->exec, &err))
		fail_msg("%s", err.text);
}

/* Two lives from the same start are the same to the byte and to the nanosecond. */
static void boots_the_same_each_time(void **state)
{
	static const char *const products[] = {"fixtures/products/small.yaml", "fixtures/products/reference.yaml"};
	char console[2][4096];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint64_t ops[2], last[2];

		for (int k = 0; k < 2; k++) {
			struct bp_vboard *b;
			struct rig r;

			provisioned_board(&r, products[i]);
			b = r.runner->v->vboard;
			bp_vboard_power_on(b);
			watch(b, 10000, console[k], sizeof(console[k]));
			ops[k] = bp_vboard_ops(b);
			last[k] = bp_vboard_last_op_ns(b);
			assert_true(bp_vboard_idle(b) && bp_vboard_sane(b));
			assert_int_equal(bp_vboard_running_slot(b), 0);
			assert_int_equal(bp_vboard_flash(b)->n_traps, 0);
			close_rig(&r);
		}
		assert_string_equal(console[0], console[1]);
		assert_non_null(strstr(console[0], "app: up 1.0.0"));
		assert_int_equal(ops[0], ops[1]);
		assert_int_equal(last[0], last[1]);
	}
}

/* The sweep's way (state built from the log) and replay's way (the whole scenario, the cut armed) come to the same. */
static void both_ways_agree(void **state)
{
	struct bp_err err = {.text = ""};
	struct bp_flash *scratch, *before;
	struct bp_plan *plan;
	struct bp_log *log;
	unsigned cuts = 0;
	struct rig r;

	(void)state;
	open_rig(&r, "fixtures/products/small.yaml");
	assert_int_equal(bp_flash_new(r.arena, &r.product->board.flash, SEED, &scratch), 0);
	assert_int_equal(bp_flash_new(r.arena, &r.product->board.flash, SEED, &before), 0);
	if (bp_runner_trace(r.runner, r.arena, r.scenario, &log, &err) ||
	    bp_plan_make(r.arena, r.scenario, log, scratch, SEED, 24, &plan, &err))
		fail_msg("%s", err.text);
	assert_true(plan->n_cases >= 14 && log->n_ops > 500);
	for (uint32_t i = 0; i < plan->n_cases; i++) {
		const struct bp_case *c = &plan->cases[i];
		struct bp_judgement quick, whole;
		struct bp_hash128 hash;

		if (bp_runner_case(r.runner, plan, c, &quick, &err) || bp_runner_whole(r.runner, plan, c, NULL, before, &whole, &err))
			fail_msg("case %u: %s", i, err.text);
		assert_string_equal(bp_verdict_name(quick.verdict), bp_verdict_name(whole.verdict));
		assert_string_equal(quick.text, whole.text);
		assert_int_equal(quick.running, whole.running);
		assert_int_equal(quick.reason, whole.reason);
		assert_int_equal(quick.invariant, whole.invariant);
		assert_int_equal(quick.verdict, BP_PASS);
		if (c->kind != BP_CASE_CUT)
			continue;
		hash = bp_flash_hash(before);
		assert_true(hash.lo == plan->run[c->run].flash.lo && hash.hi == plan->run[c->run].flash.hi);
		cuts++;
	}
	assert_true(cuts >= 12);
	close_rig(&r);
}

/* A rig that injects nothing must say so of every case: none may pass for one that was tested. */
static void disarmed_rig_exercises_nothing(void **state)
{
	struct bp_err err = {.text = ""};
	struct bp_flash *scratch;
	struct bp_plan *plan;
	struct bp_log *log;
	struct rig r;

	(void)state;
	open_rig(&r, "fixtures/products/small.yaml");
	r.runner->opt.disarm = true;
	assert_int_equal(bp_flash_new(r.arena, &r.product->board.flash, SEED, &scratch), 0);
	if (bp_runner_trace(r.runner, r.arena, r.scenario, &log, &err) ||
	    bp_plan_make(r.arena, r.scenario, log, scratch, SEED, 8, &plan, &err))
		fail_msg("%s", err.text);
	for (uint32_t i = 1; i < plan->n_cases; i++) {
		struct bp_judgement quick, whole;

		if (bp_runner_case(r.runner, plan, &plan->cases[i], &quick, &err) ||
		    bp_runner_whole(r.runner, plan, &plan->cases[i], NULL, NULL, &whole, &err))
			fail_msg("case %u: %s", i, err.text);
		assert_int_equal(quick.verdict, BP_NOT_EXERCISED);
		assert_int_equal(whole.verdict, BP_NOT_EXERCISED);
	}
	close_rig(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blank_board), cmocka_unit_test(boots_the_same_each_time), cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(disarmed_rig_exercises_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
