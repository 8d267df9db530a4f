/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_speed.c - `brickproof speed`: how fast states are judged here.
 *
 * Every figure is measured in this process, several times; min, median and max
 * are printed. Ratios count: the machine may be loaded.
 */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/matrix.h"
#include "cmd/speed_latency.h"

#include "base/clock.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define ROUNDS 7
#define MERGED_ROUNDS 3        /* of some thirty thousand runs each */
#define RUNS_A_ROUND 300u
#define SOFTWARE_RUNS 60u   /* software hashing is slow: fewer runs give as steady a figure */
#define SAMPLE_US 1000      /* asked for; the kernel gives one a tick, 4 ms */
#define PROFILE_ROUNDS 30

struct rig {
	struct bp_arena *arena;  /* product, scenario */
	struct bp_arena *work;   /* runner and plan, until close_rig() */
	const struct bp_product *product;
	const char *firmware;
	const struct bp_scenario *scenario;
	struct bp_runner *runner;
	struct bp_plan *plan;
};

struct figure {
	double min, median, max;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct figure figure_of(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return (struct figure){v[0], v[n / 2], v[n - 1]};
}

/* unmerged: every run goes to its end, so that a run costs a run. */
static int open_rig(struct rig *g, enum bp_accel accel, bool follow_up, bool unmerged, struct bp_err *err)
{
	struct bp_runner_options opt = {.accel = accel, .seed = 1, .follow_up = follow_up, .unmerged = unmerged};
	struct bp_flash *scratch;
	struct bp_log *log;
	int rc;

	g->work = bp_arena_new(ARENA_BYTES);
	if (!g->work)
		return bp_fail(err, BP_ENOMEM, "no memory");
	rc = bp_runner_open(g->work, g->product, g->firmware, &opt, &g->runner, err);
	if (rc)
		goto err_arena;
	rc = bp_runner_trace(g->runner, g->work, g->scenario, &log, err);
	if (!rc)
		rc = bp_flash_new(g->work, &g->product->board.flash, 1, &scratch) ? bp_fail(err, BP_ENOMEM, "no memory")
			: bp_plan_make(g->work, g->scenario, log, scratch, 1, 0, &g->plan, err);
	if (!rc)
		return 0;
	bp_runner_close(g->runner);
err_arena:
	bp_arena_free(g->work);
	return rc;
}

static void close_rig(struct rig *g)
{
	bp_runner_close(g->runner);
	bp_arena_free(g->work);
}

/* Runs spread evenly over the sweep, in order, one process. */
static int round_once(struct rig *g, uint32_t runs, uint32_t offset, double *per_s, struct bp_err *err)
{
	uint32_t stride = g->plan->n_runs / runs ? g->plan->n_runs / runs : 1;
	uint64_t began = bp_clock_ns();
	uint32_t n = 0;

	for (uint32_t i = offset % stride; i < g->plan->n_runs && n < runs; i += stride, n++) {
		struct bp_judgement j;
		int rc = bp_runner_case(g->runner, g->plan, &g->plan->cases[g->plan->run[i].first_case], &j, err);

		if (rc)
			return rc;
		if (j.verdict != BP_PASS)
			return bp_fail(err, BP_EINTERNAL, "the reference firmware fails (%s): nothing to measure", j.text);
	}
	*per_s = n / ((double)(bp_clock_ns() - began) / 1e9);
	return 0;
}

static int measure(struct rig *g, enum bp_accel accel, bool follow_up, const char *label, struct figure *out, struct bp_err *err)
{
	uint32_t runs = accel == BP_ACCEL_NONE ? SOFTWARE_RUNS : RUNS_A_ROUND;
	double v[ROUNDS], cases_a_run, warm;
	int rc = open_rig(g, accel, follow_up, true, err);

	if (rc)
		return rc;
	rc = round_once(g, runs, 0, &warm, err);
	for (int i = 0; i < ROUNDS && !rc; i++)
		rc = round_once(g, runs, 7u * (uint32_t)i, &v[i], err);
	cases_a_run = (double)g->plan->n_cases / g->plan->n_runs;
	close_rig(g);
	if (rc)
		return rc;
	*out = figure_of(v, ROUNDS);
	printf("%-44s %7.0f %7.0f %7.0f runs/s  %7.0f cases/s\n", label, out->min, out->median, out->max, out->median * cases_a_run);
	fflush(stdout);
	return 0;
}

/*
 * The whole sweep in one process, states that meet again judged once: the way the
 * matrix goes. A fresh process knows nothing, so each round begins anew.
 */
static int measure_merged(struct rig *g, struct figure *out, struct bp_err *err)
{
	double v[MERGED_ROUNDS], known = 0, rest = 0;
	int rc = 0;

	for (int i = 0; i < MERGED_ROUNDS && !rc; i++) {
		const struct bp_runner *r;

		rc = open_rig(g, BP_ACCEL_REMEMBER, true, false, err);
		if (rc)
			return rc;
		r = g->runner;
		rc = round_once(g, g->plan->n_runs, 0, &v[i], err);
		if (r->n_states) {
			known = 100.0 * (double)r->n_known / (double)r->n_states;
			rest = 100.0 * (double)r->n_rest_known / (double)r->n_states;
		}
		close_rig(g);
	}
	if (rc)
		return rc;
	*out = figure_of(v, MERGED_ROUNDS);
	printf("%-44s %7.0f %7.0f %7.0f runs/s\n", "whole sweep, states that meet judged once", out->min, out->median, out->max);
	printf("%-44s %.1f %% known at the cut, %.1f %% once recovered\n", "states saved by merging", known, rest);
	fflush(stdout);
	return 0;
}

static int ignore(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	(void)ctx, (void)index, (void)j, (void)err;
	return 0;
}

/* The whole sweep by worker processes. */
static int with_jobs(struct rig *g, unsigned jobs, double *per_s, struct bp_err *err)
{
	uint64_t began = bp_clock_ns();
	int rc = bp_pool_judge(g->runner, g->plan, 0, jobs, ignore, NULL, err);

	*per_s = g->plan->n_runs / ((double)(bp_clock_ns() - began) / 1e9);
	return rc;
}

static int scaling(struct rig *g, struct bp_err *err)
{
	double one[3], two[3];
	struct figure f1, f2;
	int rc = open_rig(g, BP_ACCEL_REMEMBER, true, true, err);

	if (rc)
		return rc;
	if (g->plan->n_runs > 6000)
		g->plan->n_runs = 6000;
	for (int i = 0; i < 3 && !rc; i++) {
		rc = with_jobs(g, 1, &one[i], err);
		if (!rc)
			rc = with_jobs(g, 2, &two[i], err);
	}
	close_rig(g);
	if (rc)
		return rc;
	f1 = figure_of(one, 3);
	f2 = figure_of(two, 3);
	printf("%-44s %7.0f %7.0f %7.0f runs/s\n", "one worker process", f1.min, f1.median, f1.max);
	printf("%-44s %7.0f %7.0f %7.0f runs/s\n", "two worker processes", f2.min, f2.median, f2.max);
	printf("%-44s %23.2f times\n", "scaling, medians", f2.median / f1.median);
	return 0;
}

static volatile unsigned samples[3];

static void on_sample(int sig)
{
	(void)sig;
	samples[bp_vboard_where()]++;
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Where the processor's time goes, in runs that go to their end, or as the matrix runs. */
static int profile(struct rig *g, bool unmerged, double *harness_us, struct bp_err *err)
{
	struct itimerval tick = {{0, SAMPLE_US}, {0, SAMPLE_US}}, off = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = on_sample, .sa_flags = SA_RESTART | SA_ONSTACK};
	double ignored, all, began;
	int rc = open_rig(g, BP_ACCEL_REMEMBER, true, unmerged, err);
	uint32_t runs;

	if (rc)
		return rc;
	samples[0] = samples[1] = samples[2] = 0;
	sigaction(SIGPROF, &sa, NULL);
	setitimer(ITIMER_PROF, &tick, NULL);
	began = cpu_us();
	runs = unmerged ? PROFILE_ROUNDS * RUNS_A_ROUND : g->plan->n_runs;
	for (uint32_t i = 0; i < PROFILE_ROUNDS && !rc && (unmerged || !i); i++)
		rc = round_once(g, unmerged ? RUNS_A_ROUND : runs, 11 * i, &ignored, err);
	began = (cpu_us() - began) / runs;
	setitimer(ITIMER_PROF, &off, NULL);
	close_rig(g);
	all = samples[0] + samples[1] + samples[2];
	if (rc || all <= 0)
		return rc;
	*harness_us = began * samples[BP_IN_HARNESS] / all;
	printf("%-44s firmware %.0f %%, board model %.0f %%, harness %.0f %% of %.0f us (%.0f samples)\n",
	       unmerged ? "a run to its end" : "a run of the whole sweep, merged", 100 * samples[BP_IN_FIRMWARE] / all,
	       100 * samples[BP_IN_BOARD] / all, 100 * samples[BP_IN_HARNESS] / all, began, all);
	return 0;
}

static long peak_kib(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss;
}

static int speed(struct rig *g, const char *product, struct bp_err *err)
{
	const char *path;
	struct bp_product *p;
	struct bp_scenario *s;
	struct figure with, without, merged, f;
	double to_end = 0, met = 0;
	int rc;

	if ((rc = bp_home_product(g->arena, product, &path, err)) || (rc = bp_product_read(g->arena, path, &p, err)) ||
	    (rc = bp_home_scenario(g->arena, "power-cut-download", &path, err)) ||
	    (rc = bp_scenario_read(g->arena, path, p, &s, err)) ||
	    (rc = bp_home_firmware(g->arena, p->firmware, &g->firmware, err)))
		return rc;
	g->product = p;
	g->scenario = s;
	printf("product %s, scenario %s; min, median, max of %d rounds, one process\n", p->name, s->name, ROUNDS);
	if ((rc = measure(g, BP_ACCEL_REMEMBER, true, "with follow-up, verification remembered", &with, err)) ||
	    (rc = measure(g, BP_ACCEL_REMEMBER, false, "without follow-up, verification remembered", &without, err)) ||
	    (rc = measure(g, BP_ACCEL_COMPUTE, true, "with follow-up, computed by libsodium", &f, err)) ||
	    (rc = measure(g, BP_ACCEL_COMPUTE, false, "without follow-up, computed by libsodium", &f, err)) ||
	    (rc = measure(g, BP_ACCEL_NONE, true, "with follow-up, computed by the firmware", &f, err)) ||
	    (rc = measure(g, BP_ACCEL_NONE, false, "without follow-up, computed by the firmware", &f, err)) ||
	    (rc = measure_merged(g, &merged, err)) || (rc = scaling(g, err)) || (rc = profile(g, true, &to_end, err)) ||
	    (rc = profile(g, false, &met, err)))
		return rc;
	printf("%-44s %23.1f MiB\n", "peak memory of a process", (double)peak_kib() / 1024);
	printf("%-44s %.0f us to its end, %.0f us when states that meet are judged once\n", "harness of a run", to_end, met);
	printf("targets: 800 with follow-up (%.2f of it), 1500 without (%.2f of it), 3000 when states that meet are judged once\n"
	       "(%.2f of it), scaling 1.8, harness 150 us a run, 100 MiB\n", with.median / 800, without.median / 1500, merged.median / 3000);
	return BP_EXIT_PASSED;
}

static int latencies(struct bp_arena *a, struct bp_err *err)
{
	int rc = bp_speed_triggers(a, err);

	return rc ? rc : bp_speed_halt(a, err);
}

int bp_cmd_speed(int argc, char **argv)
{
	static const struct option longs[] = {{"product", 1, 0, 'p'}, {"latency", 0, 0, 'l'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	const char *product = "reference";
	struct bp_err err = {0};
	struct rig g = {0};
	bool latency = false;
	int c, rc;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			printf("usage: brickproof speed [--product NAME] [--latency]\n\n"
			       "Measures how many states a second are booted and judged on this machine;\n"
			       "with --latency, how long a cut on a bench takes from its trigger.\n");
			return BP_EXIT_PASSED;
		}
		if (c == '?' || c == ':') {
			bp_bad_option(c, longs, argv, &err);
			return bp_complain(&err);
		}
		if (c == 'l')
			latency = true;
		else
			product = optarg;
	}
	g.arena = bp_arena_new(ARENA_BYTES);
	rc = g.arena ? (latency ? latencies(g.arena, &err) : speed(&g, product, &err)) : bp_fail(&err, BP_ENOMEM, "no memory");
	bp_arena_free(g.arena);
	return rc < 0 ? bp_complain(&err) : rc;
}
