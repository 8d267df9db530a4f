/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c - `brickproof run`: scenarios into a journal and its reports. */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/matrix.h"
#include "cmd/use_bench.h"

#include "base/clock.h"
#include "base/term.h"
#include "base/text.h"
#include "result/table.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUN_ARENA_BYTES ((size_t)2 * 1024 * 1024 * 1024) /* the journal, read for the report: some 400 bytes a case */
#define MAX_PRODUCTS (BP_BENCH_BOARDS + 16)
#define BUDGET_UNSAID UINT32_MAX
#define BENCH_BUDGET 10u /* faults a scenario on real boards: each takes some twenty seconds */
/*
 * The positive controls: mutants that must be caught in every run, each by its own
 * invariant. One fails without any cut, one only in states that the flash log
 * gives: it watches the sweep's own way.
 */
static const struct bp_control controls[] = {
	{"trial-counter-not-persisted", "reboot-loop-crash", BP_INV_BOOTS_BOUNDED},
	{"confirmed-before-written", "power-cut-confirm", BP_INV_ACKNOWLEDGED_DURABLE},
};

#define N_CONTROLS (sizeof(controls) / sizeof(controls[0]))

struct args {
	struct bp_matrix_options matrix;
	const char *product, *firmware, *reports, *junit, *control, *bench, *board;
	enum bp_color_mode color;
	bool quiet;
	char **names;
	int n_names;
};

static void help(void)
{
	printf("usage: brickproof run [OPTIONS] [SCENARIO...]\n\n"
	       "Runs scenarios on the virtual board; without names, all of scenarios/. Writes\n"
	       "REPORTS/run-TIME-PID/ (journal, JUnit, HTML) and points REPORTS/latest to it.\n\n"
	       "  --bench FILE       run on the real boards of this bench file\n"
	       "  --board NAME       only on this one of them\n"
	       "  --product NAME     product for scenarios that name none (reference), or one that it is like\n"
	       "  --firmware NAME    firmware object instead of the product's own: a name in build/firmware or a path\n"
	       "  --jobs N           worker processes (number of cores)\n"
	       "  --depth N|closed   cuts within recoveries, too: up to N in a case, or until no new state appears (1, or what the\n"
	       "                     scenario says)\n"
	       "  --budget N         at most N cut points a scenario, spread evenly (all); on a bench, N faults (10), 0: all\n"
	       "  --seed N           seed of all that is drawn (1)\n"
	       "  --reports DIR      where runs are written (reports)\n"
	       "  --junit FILE       write the JUnit file there, too\n"
	       "  --control MUTANT   one positive control instead of the usual ones; 'none' leaves them out\n"
	       "  --verify HOW       hashes and signatures: software, sodium, or remembered (remembered)\n"
	       "  --unmerged         run every state to its end, also when it is known what it comes to: slower, the same journal\n"
	       "  --exact            nested cuts: tell states apart by all of their flash, though nothing looks at it: far slower\n"
	       "  --self-test disarm plan faults but inject none: must end with status 99\n"
	       "  --color WHEN       auto, always or never\n"
	       "  --quiet            no progress\n");
}

static int choice(const char *option, const char *value, const char *const *names, int n, struct bp_err *err)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(value, names[i]))
			return i;
	return bp_fail(err, BP_EUSAGE, "%s is '%s'; expected %s, %s or %s", option, value, names[0], names[1], names[2]);
}

static int number(const char *option, const char *value, uint64_t min, uint64_t max, uint64_t *out, struct bp_err *err)
{
	int rc = bp_parse_u64(value, min, max, out, err);

	if (rc) {
		bp_prefix(err, "%s", option);
		err->code = BP_EUSAGE;
	}
	return rc ? BP_EUSAGE : 0;
}

static int option(struct args *a, int c, const char *value, struct bp_err *err)
{
	static const char *const verify[] = {"software", "sodium", "remembered"};
	uint64_t v = 0;
	int rc = 0;

	switch (c) {
	case 'p': a->product = value; break;
	case 'f': a->firmware = value; break;
	case 'R': a->reports = value; break;
	case 'x': a->junit = value; break;
	case 'c': a->control = value; break;
	case 'B': a->bench = value; break;
	case 'o': a->board = value; break;
	case 'q': a->quiet = true; break;
	case 'u': a->matrix.unmerged = true; break;
	case 'E': a->matrix.exact = true; break;
	case 'j':
		rc = number("--jobs", value, 1, BP_MAX_JOBS, &v, err);
		a->matrix.jobs = (unsigned)v;
		break;
	case 'b':
		rc = number("--budget", value, 0, UINT32_MAX - 1, &v, err);
		a->matrix.budget = (uint32_t)v;
		break;
	case 'D':
		rc = bp_depth_parse(value, &a->matrix.depth, err);
		if (rc) {
			bp_prefix(err, "--depth");
			rc = err->code = BP_EUSAGE;
		}
		break;
	case 's': rc = number("--seed", value, 0, UINT64_MAX, &a->matrix.seed, err); break;
	case 'C':
		rc = bp_color_mode_parse(value, &a->color, err);
		if (rc)
			bp_prefix(err, "--color");
		break;
	case 'v':
		rc = choice("--verify", value, verify, 3, err);
		a->matrix.accel = rc == 0 ? BP_ACCEL_NONE : rc == 1 ? BP_ACCEL_COMPUTE : BP_ACCEL_REMEMBER;
		break;
	case 'd':
		if (strcmp(value, "disarm"))
			return bp_fail(err, BP_EUSAGE, "--self-test is '%s'; expected disarm", value);
		a->matrix.disarm = true;
		break;
	default: break;
	}
	return rc < 0 ? rc : 0;
}

/* 1: help was asked for. */
static int parse(int argc, char **argv, struct args *a, struct bp_err *err)
{
	static const struct option longs[] = {
		{"bench", 1, 0, 'B'}, {"board", 1, 0, 'o'}, {"product", 1, 0, 'p'}, {"firmware", 1, 0, 'f'}, {"jobs", 1, 0, 'j'},
		{"budget", 1, 0, 'b'}, {"depth", 1, 0, 'D'},
		{"seed", 1, 0, 's'}, {"reports", 1, 0, 'R'}, {"junit", 1, 0, 'x'}, {"control", 1, 0, 'c'},
		{"verify", 1, 0, 'v'}, {"self-test", 1, 0, 'd'}, {"color", 1, 0, 'C'}, {"quiet", 0, 0, 'q'}, {"unmerged", 0, 0, 'u'},
		{"exact", 0, 0, 'E'},
		{"help", 0, 0, 'h'}, {0, 0, 0, 0},
	};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int c, rc;

	*a = (struct args){.reports = "reports"};
	a->matrix = (struct bp_matrix_options){
		.budget = BUDGET_UNSAID, .jobs = cores > 0 && cores < BP_MAX_JOBS ? (unsigned)cores : 1, .seed = 1,
		.accel = BP_ACCEL_REMEMBER, .follow_up = true,
	};
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h')
			return 1;
		if (c == '?' || c == ':')
			return bp_bad_option(c, longs, argv, err);
		rc = option(a, c, optarg, err);
		if (rc)
			return rc;
	}
	if (a->board && !a->bench)
		return bp_fail(err, BP_EUSAGE, "--board needs a bench file; expected --bench FILE, too");
	if (!a->matrix.budget && !a->bench)
		return bp_fail(err, BP_EUSAGE, "--budget is 0; expected 1 to %u, or a bench", UINT32_MAX - 1);
	if (a->matrix.budget == BUDGET_UNSAID)
		a->matrix.budget = a->bench ? BENCH_BUDGET : 0;
	a->names = argv + optind;
	a->n_names = argc - optind;
	return 0;
}

/* A scenario to run, checked against its product. */
struct item {
	const char *path, *name;
	const struct bp_product *product;
	const char *firmware;
};

struct job {
	struct bp_arena *arena;
	struct bp_product *product[MAX_PRODUCTS];
	unsigned n_products;
	struct item *item;
	size_t n_items;
	struct item control[N_CONTROLS];
	struct bp_control is[N_CONTROLS];   /* what each control is */
	size_t n_controls;
	struct bp_use_bench bench;
};

/* named: by the scenario, NULL: it names none. */
static int product_for(struct job *job, const struct args *a, const char *named, const struct bp_product **out, struct bp_err *err)
{
	const char *path;
	int rc = bp_home_product_for(job->arena, named, a->bench ? job->bench.matrix.board[0]->product : a->product, &path, err);

	if (rc)
		return rc;
	for (unsigned i = 0; i < job->n_products; i++)
		if (!strcmp(job->product[i]->path, path)) {
			*out = job->product[i];
			return 0;
		}
	if (job->n_products == MAX_PRODUCTS)
		return bp_fail(err, BP_ENOMEM, "more than %d products in one run", MAX_PRODUCTS);
	rc = bp_product_read(job->arena, path, &job->product[job->n_products], err);
	if (!rc)
		*out = job->product[job->n_products++];
	return rc;
}

/* Make the board with its firmware once, and let it go. */
static int check_board(const struct job *job, const struct item *it, struct bp_err *err)
{
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = 1};
	struct bp_runner *r;
	struct bp_arena *a;
	int rc;

	for (size_t i = 0; i < job->n_items; i++)
		if (job->item[i].product == it->product && !strcmp(job->item[i].firmware, it->firmware))
			return 0;
	a = bp_arena_new(BP_SCENARIO_ARENA_BYTES);
	if (!a)
		return bp_fail(err, BP_ENOMEM, "no memory");
	rc = bp_runner_open(a, it->product, it->firmware, &opt, &r, err);
	if (!rc)
		bp_runner_close(r);
	bp_arena_free(a);
	return rc;
}

static int load_item(struct job *job, const struct args *a, const char *name, const char *firmware, struct item *out, struct bp_err *err)
{
	struct bp_scenario *s;
	const char *product = NULL;
	int rc = bp_home_scenario(job->arena, name, &out->path, err);

	if (!rc)
		rc = bp_scenario_peek(job->arena, out->path, &out->name, &product, err);
	if (!rc)
		rc = product_for(job, a, product, &out->product, err);
	if (!rc)
		rc = bp_scenario_read(job->arena, out->path, out->product, &s, err);
	if (!rc && s->missing)
		rc = bp_fail(err, BP_ECONFIG, "%s:%d:%d: error: product '%s' has no %s '%s', so this scenario is uncovered; "
			     "add it to %s or name the scenarios to run", out->path, s->missing_line, s->missing_col, out->product->name,
			     s->missing_kind, s->missing_what, out->product->path);
	/* Another firmware is put in place of the run's own; a scenario about a product with a bootloader of its own keeps that. */
	if (!rc && firmware && product && job->n_products && strcmp(out->product->firmware, job->product[0]->firmware) != 0)
		firmware = NULL;
	if (!rc)
		rc = bp_home_firmware(job->arena, firmware ? firmware : out->product->firmware, &out->firmware, err);
	return rc ? rc : check_board(job, out, err);
}

/* Tokens and reports know a scenario by its name. */
static int check_twice(const struct job *job, const struct item *it, struct bp_err *err)
{
	for (size_t i = 0; i < job->n_items; i++)
		if (!strcmp(job->item[i].name, it->name))
			return bp_fail(err, BP_EUSAGE, "scenario '%s' twice: %s and %s", it->name, job->item[i].path, it->path);
	return 0;
}

static int check_junit(const char *path, struct bp_err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	struct stat st;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	errno = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? EISDIR : 0;
	if (!*path || errno || access(folder, W_OK))
		return bp_fail(err, BP_EUSAGE, "--junit: cannot write '%s': %s", path, strerror(*path ? errno : ENOENT));
	return 0;
}

/* The usual controls, or the one asked for: in its own scenario when it is one of them, else in the first's, by any invariant. */
static int load_controls(struct job *job, const struct args *a, struct bp_err *err)
{
	int rc = 0;

	if (a->control) {
		job->is[0] = (struct bp_control){a->control, controls[0].scenario, -1};
		for (size_t i = 0; i < N_CONTROLS; i++)
			if (!strcmp(controls[i].mutant, a->control))
				job->is[0] = controls[i];
		job->n_controls = 1;
	} else {
		memcpy(job->is, controls, sizeof(controls));
		job->n_controls = N_CONTROLS;
	}
	for (size_t i = 0; i < job->n_controls && !rc; i++)
		rc = load_item(job, a, job->is[i].scenario, bp_arena_printf(job->arena, "mutant-%s", job->is[i].mutant), &job->control[i], err);
	return rc;
}

/* Everything that can be wrong with the input is found here, before anything is written. */
static int load(struct job *job, const struct args *a, struct bp_err *err)
{
	const char *const *names = (const char *const *)a->names;
	size_t n = (size_t)a->n_names;
	int rc = 0;

	if (a->bench)
		rc = bp_use_bench_read(job->arena, a->bench, a->board, &job->bench, err);
	for (unsigned i = 0; i < job->bench.matrix.n && !rc; i++)
		job->product[job->n_products++] = (struct bp_product *)job->bench.matrix.product[i];
	if (rc)
		return rc;
	if (!n)
		rc = bp_home_scenarios(job->arena, &names, &n, err);
	if (rc)
		return rc;
	job->item = bp_arena_array(job->arena, n + 1, sizeof(*job->item));
	if (!job->item)
		return bp_fail(err, BP_ENOMEM, "no memory for scenarios");
	if (a->junit)
		rc = check_junit(a->junit, err);
	for (; job->n_items < n && !rc; job->n_items++) {
		struct item *it = &job->item[job->n_items];

		rc = load_item(job, a, names[job->n_items], a->firmware, it, err);
		if (!rc)
			rc = check_twice(job, it, err);
	}
	if (rc || (a->control && !strcmp(a->control, "none")))
		return rc;
	return load_controls(job, a, err);
}

static int put_run(struct bp_matrix *m, const struct job *job, const struct args *a, struct bp_err *err)
{
	char budget[64] = "all", replay[PATH_MAX + 16] = "";
	const struct item *first = job->n_items ? &job->item[0] : &job->control[0];
	struct bp_journal_run run = {
		.program = BP_VERSION, .product = a->bench ? first->product->name : a->product ? a->product : "reference",
		.firmware = a->firmware ? a->firmware : first->product->firmware,
		.title = first->product->title, .budget = budget, .replay = replay, .seed = m->opt.seed, .scenarios = (uint32_t)job->n_items,
	};

	if (a->firmware)
		snprintf(replay, sizeof(replay), "--firmware %s", a->firmware);
	if (m->opt.budget)
		snprintf(budget, sizeof(budget), m->bench ? "faults a scenario on real boards: at most %u" : "at most %u cut points a scenario",
			 m->opt.budget);
	/* Flushed at once: a run that is killed early can be told from a file that is no journal. */
	return bp_journal_put_run(&m->dir->journal, &run, err) ? err->code : bp_journal_flush(&m->dir->journal, err);
}

static int run_all(struct bp_matrix *m, const struct job *job, const struct args *a, struct bp_err *err)
{
	int rc = put_run(m, job, a, err);

	for (size_t i = 0; i < job->n_items && !rc; i++)
		rc = bp_matrix_scenario(m, job->item[i].product, job->item[i].firmware, job->item[i].path, NULL, err);
	for (size_t i = 0; i < job->n_controls && !rc; i++)
		rc = bp_matrix_scenario(m, job->control[i].product, job->control[i].firmware, job->control[i].path, &job->is[i], err);
	m->end.exit = bp_matrix_exit(m);
	if (!rc)
		rc = bp_journal_put_run_end(&m->dir->journal, &m->end, err);
	return rc;
}

static int put_timing(struct bp_matrix *m, uint64_t wall_ns, time_t started, struct bp_err *err)
{
	char iso[32], host[64] = "";
	struct tm tm;
	struct bp_timing_run t = {.wall_ns = wall_ns, .jobs = m->opt.jobs, .started = iso, .host = host};

	gmtime_r(&started, &tm);
	strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", &tm);
	gethostname(host, sizeof(host) - 1);
	return bp_journal_put_timing_run(&m->dir->timing, &t, err);
}

static int print_table(const struct bp_results *r, struct bp_arena *a, enum bp_color_mode color, struct bp_err *err)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct bp_table_style style = {terminal ? bp_term_width(STDOUT_FILENO) : 0, bp_term_color(color, STDOUT_FILENO)};
	struct bp_text out;
	int rc;

	bp_text_init(&out, a);
	rc = bp_table_write(r, &style, &out, err);
	if (rc)
		return rc;
	if (fwrite(out.bytes, 1, out.len, stdout) != out.len || fflush(stdout))
		return bp_fail(err, BP_EIO, "cannot write to standard output: %s", strerror(errno));
	return 0;
}

static int copy_junit(struct bp_arena *a, const struct bp_rundir *dir, const char *to, struct bp_err *err)
{
	const char *from = bp_arena_printf(a, "%s/junit.xml", dir->path);
	char *bytes = NULL;
	size_t len = 0;
	int rc = from ? bp_read_file(a, from, (size_t)128 * 1024 * 1024, &bytes, &len, err) : bp_fail(err, BP_ENOMEM, "no memory");

	return rc ? rc : bp_write_file(to, bytes, len, err);
}

static int execute(const struct job *job, const struct args *a, struct bp_err *err)
{
	struct bp_progress progress;
	struct bp_matrix_bench bench = job->bench.matrix;
	struct bp_rundir dir;
	struct bp_matrix m = {.opt = a->matrix, .dir = &dir};
	uint64_t began = bp_clock_ns();
	time_t started = time(NULL);
	struct bp_results *results = NULL;
	int rc = bp_rundir_create(&dir, a->reports, started, err);

	if (rc)
		return rc;
	m.bench = a->bench ? &bench : NULL;
	if (!a->quiet) {
		bp_progress_init(&progress, STDERR_FILENO, bp_term_live(STDERR_FILENO), bp_term_color(a->color, STDERR_FILENO),
				 bp_term_width(STDERR_FILENO), (uint32_t)(job->n_items + job->n_controls));
		m.progress = &progress;
	}
	rc = run_all(&m, job, a, err);
	if (m.progress)
		bp_progress_clear(m.progress);
	if (!rc)
		rc = put_timing(&m, bp_clock_ns() - began, started, err);
	if (rc) {
		struct bp_err ignored;

		bp_rundir_close(&dir, &ignored);
		return rc;
	}
	rc = bp_rundir_close(&dir, err);
	if (!rc)
		rc = bp_rundir_build(job->arena, dir.path, &results, err);
	if (!rc)
		rc = bp_rundir_publish(&dir, err);
	if (!rc && a->junit)
		rc = copy_junit(job->arena, &dir, a->junit, err);
	if (!rc)
		rc = print_table(results, job->arena, a->color, err);
	if (rc)
		return rc;
	if (results->detached)
		printf("%u cases were run with the probe detached\n", results->detached);
	if (m.virtual_only)
		printf("%u cut points cannot be brought to a board and are left to the virtual one\n", m.virtual_only);
	printf("report: %s/index.html\n", dir.path);
	return bp_matrix_exit(&m);
}

int bp_cmd_run(int argc, char **argv)
{
	struct bp_err err = {0};
	struct args a;
	struct job job = {0};
	int rc = parse(argc, argv, &a, &err);

	if (rc == 1) {
		help();
		return BP_EXIT_PASSED;
	}
	if (rc)
		return bp_complain(&err);
	job.arena = bp_arena_new(RUN_ARENA_BYTES);
	if (!job.arena) {
		bp_fail(&err, BP_ENOMEM, "no memory");
		return bp_complain(&err);
	}
	signal(SIGPIPE, SIG_IGN);
	rc = load(&job, &a, &err);
	if (!rc && !job.n_items) {
		fprintf(stderr, "brickproof: there is no scenario to run\n");
		bp_arena_free(job.arena);
		return BP_EXIT_NOTHING;
	}
	if (!rc && a.bench)
		rc = bp_use_bench_lock(&job.bench, "run", &err);
	if (!rc)
		rc = execute(&job, &a, &err);
	if (a.bench)
		bp_use_bench_drop(&job.bench);
	bp_arena_free(job.arena);
	return rc < 0 ? bp_complain(&err) : rc;
}
