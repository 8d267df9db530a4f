/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_mutants.c - `brickproof mutants`: the checks are proven on firmware with
 * one seeded defect each. First means: lowest scenario in order of names, then
 * lowest case in plan order.
 */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/matrix.h"

#include "base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct hunt {
	struct bp_arena *arena;
	const struct bp_product *product;
	struct bp_matrix_options opt;
	const char *const *scenario;
	size_t n_scenarios;
	/* the catch */
	const char *in;
	struct bp_judgement by;
	char token[BP_TOKEN_BYTES];
	uint32_t cases;         /* judged until then */
};

static void help(void)
{
	printf("usage: brickproof mutants [--product NAME] [--jobs N] [MUTANT...]\n\n"
	       "Runs the matrix against each mutant of the reference firmware until a check catches it, and prints\n"
	       "mutant, scenario, invariant, cases until then, and the token, separated by tabs.\n"
	       "Exit status 0 when all are caught, 1 when one is not.\n\n"
	       "  --product NAME   product to run on (small)\n"
	       "  --jobs N         worker processes (number of cores)\n");
}

struct sweep {
	struct hunt *h;
	const struct bp_plan *plan;
};

/* Stop at the first failing run: cases before its first one have passed. */
static int judged(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	struct sweep *s = ctx;
	uint32_t at = s->plan->run[index].first_case;

	(void)err;
	if (j->verdict != BP_FAIL)
		return 0;
	s->h->by = *j;
	s->h->in = bp_arena_text(s->h->arena, s->plan->scenario->name, strlen(s->plan->scenario->name));
	s->h->cases += at + 1;
	bp_token_show(s->h->token, s->plan, s->h->product->name, &s->plan->cases[at]);
	return BP_ENOENT; /* ends the sweep */
}

static int one_scenario(struct hunt *h, const char *firmware, const char *path, struct bp_err *err)
{
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = h->opt.seed, .follow_up = true};
	struct bp_arena *a = bp_arena_new(BP_SCENARIO_ARENA_BYTES);
	struct sweep sweep = {.h = h};
	struct bp_scenario *s = NULL;
	struct bp_flash *scratch = NULL;
	struct bp_runner *r = NULL;
	struct bp_plan *plan = NULL;
	struct bp_log *log = NULL;
	int rc;

	if (!a)
		return bp_fail(err, BP_ENOMEM, "no memory");
	rc = bp_scenario_read(a, path, h->product, &s, err);
	if (rc || s->missing)
		goto out_arena;
	rc = bp_runner_open(a, h->product, firmware, &opt, &r, err);
	if (rc)
		goto out_arena;
	rc = bp_runner_trace(r, a, s, &log, err);
	if (!rc)
		rc = bp_flash_new(a, &h->product->board.flash, h->opt.seed, &scratch) ? bp_fail(err, BP_ENOMEM, "no memory")
			: bp_plan_make(a, s, log, scratch, h->opt.seed, 0, &plan, err);
	if (rc || !plan)
		goto out_runner;
	bp_token_hash8(s, h->product, plan->hash8);
	sweep.plan = plan;
	rc = bp_pool_judge(r, plan, h->opt.jobs, judged, &sweep, err);
	if (rc == BP_ENOENT)
		rc = 1;
	else if (!rc)
		h->cases += plan->n_cases;
out_runner:
	bp_runner_close(r);
out_arena:
	bp_arena_free(a);
	return rc;
}

/* 1 caught, 0 survived, negative: the rig's trouble. */
static int hunt_one(struct hunt *h, const char *mutant, struct bp_err *err)
{
	const char *firmware = NULL, *path = NULL;
	int rc = bp_home_firmware(h->arena, bp_arena_printf(h->arena, "mutant-%s", mutant), &firmware, err);

	h->in = NULL;
	h->cases = 0;
	for (size_t i = 0; i < h->n_scenarios && !rc; i++) {
		rc = bp_home_scenario(h->arena, h->scenario[i], &path, err);
		if (!rc)
			rc = one_scenario(h, firmware, path, err);
	}
	return rc;
}

/* Columns for people, tabs for programs. */
static void print_row(const struct hunt *h, const char *mutant, bool caught)
{
	const char *in = caught ? h->in : "SURVIVED", *by = caught ? bp_invariants[h->by.invariant].name : "-";

	if (isatty(STDOUT_FILENO))
		printf("%-30s %-28s %-27s after %6u cases\n", mutant, in, by, h->cases);
	else
		printf("%s\t%s\t%s\t%u\t%s\n", mutant, in, by, h->cases, caught ? h->token : "-");
}

static int hunt_all(struct hunt *h, const char *const *names, size_t n, struct bp_err *err)
{
	size_t caught = 0;

	for (size_t i = 0; i < n; i++) {
		int rc = hunt_one(h, names[i], err);

		if (rc < 0) {
			bp_prefix(err, "mutant %s", names[i]);
			return rc;
		}
		caught += rc == 1;
		print_row(h, names[i], rc == 1);
		fflush(stdout);
	}
	fprintf(stderr, "%zu of %zu mutants caught\n", caught, n);
	return caught == n ? BP_EXIT_PASSED : BP_EXIT_FAILED;
}

static int run(struct hunt *h, const char *product, char **argv, int argc, struct bp_err *err)
{
	const char *const *names = (const char *const *)argv, *path;
	struct bp_product *p;
	size_t n = (size_t)argc;
	int rc = bp_home_product(h->arena, product, &path, err);

	if (!rc)
		rc = bp_product_read(h->arena, path, &p, err);
	if (!rc)
		rc = bp_home_scenarios(h->arena, &h->scenario, &h->n_scenarios, err);
	if (!rc && !argc)
		rc = bp_home_mutants(h->arena, &names, &n, err);
	if (rc)
		return rc;
	h->product = p;
	if (!n) {
		fprintf(stderr, "brickproof: no mutant is built; `make mutants` builds them\n");
		return BP_EXIT_NOTHING;
	}
	return hunt_all(h, names, n, err);
}

int bp_cmd_mutants(int argc, char **argv)
{
	static const struct option longs[] = {
		{"product", 1, 0, 'p'}, {"jobs", 1, 0, 'j'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0},
	};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct hunt h = {.opt = {.seed = 1, .jobs = cores > 0 ? (unsigned)cores : 1}};
	const char *product = "small";
	struct bp_err err = {0};
	uint64_t v;
	int c, rc;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			help();
			return BP_EXIT_PASSED;
		}
		if (c == '?' || c == ':') {
			bp_bad_option(c, longs, argv, &err);
			return bp_complain(&err);
		}
		if (c == 'p')
			product = optarg;
		if (c == 'j') {
			if (bp_parse_u64(optarg, 1, BP_MAX_JOBS, &v, &err)) {
				bp_prefix(&err, "--jobs");
				err.code = BP_EUSAGE;
				return bp_complain(&err);
			}
			h.opt.jobs = (unsigned)v;
		}
	}
	h.arena = bp_arena_new(ARENA_BYTES);
	rc = h.arena ? run(&h, product, argv + optind, argc - optind, &err) : bp_fail(&err, BP_ENOMEM, "no memory");
	bp_arena_free(h.arena);
	return rc < 0 ? bp_complain(&err) : rc;
}
