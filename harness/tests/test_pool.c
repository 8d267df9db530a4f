/* SPDX-License-Identifier: Apache-2.0 */
/* Worker processes may die at any moment: the judgements are the same, or say that a worker died. Skipped without the firmware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "explore/pool.h"

#define FIRMWARE "build/firmware/reference.so"
#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define SEED UINT64_C(1)
#define MAX_RUNS 200u

static const char text[] = "scenario: made-up\n"
			   "title: an update\n"
			   "covers: [P-1]\n"
			   "steps:\n"
			   "  - update: {to: to}\n"
			   "end: {running: to, reasons: [OK]}\n"
			   "sweep:\n"
			   "  - {event: flash, phases: [install, first-boot, confirm], positions: [before, torn 50%]}\n"
			   "  - {event: link-frame, phases: [download]}\n";

static const char long_text[] = "scenario: made-up\n"
				"title: an update, cut everywhere\n"
				"covers: [P-1]\n"
				"steps:\n"
				"  - update: {to: to}\n"
				"end: {running: to, reasons: [OK]}\n"
				"sweep:\n"
				"  - {event: flash, phases: [download], positions: [before, torn 50%]}\n";

static struct bp_arena *arena;
static struct bp_product *product;
static struct bp_runner *runner;
static struct bp_plan *plan, *long_plan;
static struct bp_judgement expected[MAX_RUNS];

/* ---- what the parent is given, and whom it ends ------------------------------------ */

struct listener {
	struct bp_judgement j[MAX_RUNS];
	uint32_t n;
	bool out_of_order;
	uint32_t stop_at;         /* end the sweep at this run, 0: never */
	/* called with each judgement; may end workers */
	void (*each)(struct listener *l, uint32_t index);
	uint32_t kill_at;
	unsigned killed;
};

static int listen_to(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	struct listener *l = ctx;

	if (index != l->n || index >= MAX_RUNS) {
		l->out_of_order = true;
		return bp_fail(err, BP_EINTERNAL, "out of order");
	}
	l->j[l->n++] = *j;
	if (l->each)
		l->each(l, index);
	return l->stop_at && index == l->stop_at ? bp_fail(err, BP_ENOENT, "enough") : 0;
}

/* Children of this process, dead ones that wait to be reaped included. */
static unsigned children(pid_t *pid, unsigned cap)
{
	char path[64];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (n < cap && fscanf(f, "%d", &pid[n]) == 1)
		n++;
	fclose(f);
	return n;
}

/* The state letter of /proc/PID/stat, behind the name in parentheses. */
static char process_state(pid_t pid)
{
	char path[64], line[512] = "";
	const char *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return '?';
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	p = strrchr(line, ')');
	return p && p[1] ? p[2] : '?';
}

/* Everything a worker was asked for is answered: it sleeps, and goes on sleeping. False: it is gone already. */
static bool wait_until_idle(pid_t pid)
{
	for (int quiet = 0, tries = 0; quiet < 10 && tries < 5000; tries++) {
		char state = process_state(pid);

		if (state == 'Z')
			return false;
		quiet = state == 'S' ? quiet + 1 : 0;
		usleep(1000);
	}
	return true;
}

static void end_one(struct listener *l, bool idle)
{
	pid_t pid[BP_MAX_JOBS];
	unsigned n = children(pid, BP_MAX_JOBS);

	if (!n || (idle && !wait_until_idle(pid[0])))
		return;
	if (!kill(pid[l->kill_at % n], SIGKILL))
		l->killed++;
}

/* ---- the plan of a real update -------------------------------------------------------- */

static int make_plan(const char *yaml, uint32_t budget, struct bp_plan **out, struct bp_err *err)
{
	struct bp_scenario *s;
	struct bp_flash *scratch;
	struct bp_log *log;
	int rc = bp_scenario_parse(arena, "made-up.yaml", yaml, strlen(yaml), product, &s, err);

	if (!rc)
		rc = bp_runner_trace(runner, arena, s, &log, err);
	if (!rc)
		rc = bp_flash_new(arena, &product->board.flash, SEED, &scratch);
	return rc ? rc : bp_plan_make(arena, s, log, scratch, SEED, budget, out, err);
}

static int begin(void **state)
{
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = SEED};
	struct bp_err err = {.text = ""};

	(void)state;
	if (access(FIRMWARE, R_OK)) {
		print_message("%s is not built (`make firmware`): skipped\n", FIRMWARE);
		return 0;
	}
	arena = bp_arena_new(ARENA_BYTES);
	if (arena && !bp_product_read(arena, "fixtures/products/small.yaml", &product, &err) &&
	    !bp_runner_open(arena, product, FIRMWARE, &opt, &runner, &err) && !make_plan(text, 150, &plan, &err) &&
	    !make_plan(long_text, 0, &long_plan, &err))
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int end(void **state)
{
	(void)state;
	bp_runner_close(runner);
	bp_arena_free(arena);
	return 0;
}

static void need_plan(void)
{
	if (!plan)
		skip();
	assert_in_range(plan->n_runs, 60, MAX_RUNS);
}

/* Only a kernel that lists children (CONFIG_PROC_CHILDREN) tells whom to end. */
static void need_children(void)
{
	char path[64];

	need_plan();
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (access(path, R_OK)) {
		print_message("%s is not there: skipped\n", path);
		skip();
	}
}

static int judge(struct listener *l, unsigned jobs, struct bp_err *err)
{
	pid_t pid[BP_MAX_JOBS];
	int rc;

	err->text[0] = '\0';
	rc = bp_pool_judge(runner, plan, 0, jobs, listen_to, l, err);
	assert_int_equal(children(pid, BP_MAX_JOBS), 0); /* every worker is reaped, however it ended */
	assert_false(l->out_of_order);
	return rc;
}

static bool same(const struct bp_judgement *a, const struct bp_judgement *b)
{
	return a->verdict == b->verdict && a->invariant == b->invariant && a->running == b->running && a->reason == b->reason &&
	       a->virtual_ns == b->virtual_ns && !strcmp(a->text, b->text);
}

static void assert_expected(const struct listener *l)
{
	assert_int_equal(l->n, plan->n_runs);
	for (uint32_t i = 0; i < l->n; i++)
		if (!same(&l->j[i], &expected[i]))
			fail_msg("run %u: %s \"%s\" instead of %s", i, bp_verdict_name(l->j[i].verdict), l->j[i].text,
				 bp_verdict_name(expected[i].verdict));
}

/* ---- tests ----------------------------------------------------------------------------- */

static void any_number_of_workers(void **state)
{
	static const unsigned jobs[] = {1, 2, 3, 7, 64, 1000, 0};
	struct bp_err err;

	(void)state;
	need_plan();
	for (uint32_t i = 0; i < plan->n_runs; i++) /* in this process: what all must come to */
		assert_int_equal(bp_runner_case(runner, plan, &plan->cases[plan->run[i].first_case], &expected[i], &err), 0);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		struct listener l = {0};

		assert_int_equal(judge(&l, jobs[i], &err), 0);
		assert_expected(&l);
	}
}

static void listener_ends_the_sweep(void **state)
{
	struct listener l = {.stop_at = 20};
	struct bp_err err;

	(void)state;
	need_plan();
	assert_int_equal(judge(&l, 3, &err), BP_ENOENT);
	assert_string_equal(err.text, "enough");
	assert_int_equal(l.n, 21);
}

/* One a sweep: a run that loses its worker twice is the rig's trouble, and rightly. */
static void kill_at(struct listener *l, uint32_t index)
{
	if (index == l->kill_at)
		end_one(l, false);
}

static void killed_workers_change_nothing(void **state)
{
	struct bp_err err;

	(void)state;
	need_children();
	for (unsigned jobs = 1; jobs <= 4; jobs++)
		for (uint32_t at = 0; at < plan->n_runs; at += plan->n_runs / 4) {
			struct listener l = {.each = kill_at, .kill_at = at};

			if (judge(&l, jobs, &err))
				fail_msg("%u workers: %s", jobs, err.text);
			assert_int_equal(l.killed, 1);
			assert_expected(&l);
		}
}

static void kill_idle(struct listener *l, uint32_t index)
{
	if (index % 8 == 0)
		end_one(l, true);
}

/* A worker that dies when it has answered everything is met only as it is given something new. */
static void workers_killed_between_batches(void **state)
{
	struct listener l = {.each = kill_idle};
	struct bp_err err;

	(void)state;
	need_children();
	if (judge(&l, 1, &err))
		fail_msg("%s", err.text);
	assert_true(l.killed > 3);
	assert_expected(&l);
}

static void kill_all(struct listener *l, uint32_t index)
{
	pid_t pid[BP_MAX_JOBS];
	unsigned n = children(pid, BP_MAX_JOBS);

	if (index != 0)
		return;
	for (unsigned i = 0; i < n; i++)
		l->killed += !kill(pid[i], SIGKILL);
}

/* All at once, each with a batch in its hands. */
static void all_workers_killed(void **state)
{
	struct listener l = {.each = kill_all};
	struct bp_err err;

	(void)state;
	need_children();
	if (judge(&l, 16, &err))
		fail_msg("%s", err.text);
	assert_true(l.killed >= 12);
	assert_expected(&l);
}

static int kill_all_and_count(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	struct listener *l = ctx;

	(void)err;
	kill_all(l, index);
	l->n += j->verdict == BP_PASS;
	return 0;
}

/* More runs are lost at once than there are workers by far: each is found again. */
static void many_workers_killed(void **state)
{
	struct listener l = {0};
	struct bp_err err = {.text = ""};

	(void)state;
	need_children();
	assert_true(long_plan->n_runs > 1000);
	if (bp_pool_judge(runner, long_plan, 0, BP_MAX_JOBS, kill_all_and_count, &l, &err))
		fail_msg("%s", err.text);
	assert_int_equal(l.killed, BP_MAX_JOBS);
	assert_int_equal(l.n, long_plan->n_runs);
}

/* ---- a run that is deadly itself --------------------------------------------------------- */

static atomic_uint *deaths; /* shared with the workers */
static unsigned lives;      /* how often it kills before it lets be */

/* A corruption operator that ends its process, as a crash in the harness would. */
static int deadly(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out, struct bp_err *err)
{
	if (atomic_fetch_add(deaths, 1) < lives)
		kill(getpid(), SIGKILL);
	return bp_operator_find("body-bit")->apply(ctx, in, len, out, err);
}

static int fails(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out, struct bp_err *err)
{
	(void)ctx, (void)in, (void)len, (void)out;
	return bp_fail(err, BP_EIO, "out of paper");
}

/* The plan with run 5 as an edit by that operator. */
static void with_edit(struct listener *l, int (*apply)(const struct bp_edit_context *, const uint8_t *, size_t, struct bp_bytes *,
							struct bp_err *), unsigned kills, unsigned jobs)
{
	struct bp_operator op = {.name = "deadly", .help = "", .apply = apply};
	struct bp_scenario s = *plan->scenario;
	const struct bp_scenario *was = plan->scenario;
	struct bp_case *c = &plan->cases[plan->run[5].first_case], before = *c;
	struct bp_err err;
	int rc;

	lives = kills;
	atomic_store(deaths, 0);
	s.edit[0] = (struct bp_edit){.op = &op, .refused = BP_REFUSED_PAYLOAD, .seeds = 1};
	s.edit[0].expect.running = 1u << bp_artifact_index(product, "from");
	s.edit[0].expect.reasons = UINT64_C(1) << bp_product_reason(product, "BAD_HASH");
	plan->scenario = &s;
	*c = (struct bp_case){.kind = BP_CASE_EDIT, .seed = SEED, .run = 5};
	rc = judge(l, jobs, &err);
	plan->scenario = was;
	*c = before;
	if (rc)
		fail_msg("%s", err.text);
	assert_int_equal(l->n, plan->n_runs);
	for (uint32_t i = 0; i < l->n; i++)
		if (i != 5 && !same(&l->j[i], &expected[i]))
			fail_msg("run %u: %s \"%s\"", i, bp_verdict_name(l->j[i].verdict), l->j[i].text);
}

static void deadly_runs(void **state)
{
	(void)state;
	need_plan();
	deaths = mmap(NULL, sizeof(*deaths), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(deaths != MAP_FAILED);
	for (unsigned jobs = 1; jobs <= 3; jobs++) {
		struct listener l = {0};

		with_edit(&l, deadly, 0, jobs);
		assert_int_equal(l.j[5].verdict, BP_PASS);
		l = (struct listener){0};
		with_edit(&l, deadly, 1, jobs); /* once: run again in a fresh process */
		assert_int_equal(l.j[5].verdict, BP_PASS);
		l = (struct listener){0};
		with_edit(&l, deadly, UINT32_MAX, jobs); /* twice: the rig's trouble, and the others are judged all the same */
		assert_int_equal(l.j[5].verdict, BP_RIG);
		assert_int_equal(l.j[5].invariant, -1);
		assert_non_null(strstr(l.j[5].text, "died, twice"));
		assert_int_equal(atomic_load(deaths), 2);
		l = (struct listener){0};
		with_edit(&l, fails, 0, jobs); /* an error is no crash: not tried again */
		assert_int_equal(l.j[5].verdict, BP_RIG);
		assert_non_null(strstr(l.j[5].text, "out of paper"));
	}
	munmap(deaths, sizeof(*deaths));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_workers), cmocka_unit_test(listener_ends_the_sweep),
		cmocka_unit_test(killed_workers_change_nothing), cmocka_unit_test(workers_killed_between_batches),
		cmocka_unit_test(all_workers_killed), cmocka_unit_test(many_workers_killed), cmocka_unit_test(deadly_runs),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
