/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_bench.c - `brickproof bench`: what is plugged in, whether boards are wired right, how fast their switches are. */
#include "cmd/commands.h"
#include "cmd/use_bench.h"

#include "base/term.h"
#include "base/text.h"
#include "bench/calibrate.h"
#include "bench/calibration.h"
#include "bench/check.h"
#include "bench/discover.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

struct options {
	const char *bench, *board;
	uint32_t cuts;
	bool dry;
};

static void usage(FILE *out)
{
	fprintf(out, "usage: brickproof bench discover\n"
		     "       brickproof bench check --bench FILE [--board NAME]\n"
		     "       brickproof bench calibrate --bench FILE [--board NAME] [--cuts N]\n\n"
		     "discover   lists what is plugged in, with the lines to paste into a bench file\n"
		     "check      proves for each board what a run takes for granted: that its relay takes its power\n"
		     "           away, that nothing else feeds it, that console, probe and relay are of one board\n"
		     "calibrate  measures how long the board lives on after the command to switch off, and how far\n"
		     "           that strays; writes FILE's neighbour, NAME.calibration.yaml\n\n"
		     "  --bench FILE   the boards\n"
		     "  --board NAME   only this one of them\n"
		     "  --cuts N       power cycles to measure, about a second each (as many as it\n"
		     "                 takes to be sure: 100 to 400)\n"
		     "  --dry-run      calibrate: print what was measured, write nothing\n");
}

/* ---- discover ---------------------------------------------------------------------------------------- */

static int discover(struct bp_arena *a, struct bp_err *err)
{
	struct bp_found *found = NULL;
	unsigned n = 0;
	int rc = bp_discover(a, &found, &n, err);

	for (unsigned i = 0; i < n && !rc; i++)
		printf("%s%s: %s\n%s%s", i ? "\n" : "", found[i].role, found[i].what, found[i].yaml ? found[i].yaml : "",
		       found[i].trouble ? found[i].trouble : "");
	if (!rc && !n)
		printf("nothing is plugged in that brickproof knows: no serial port, FTDI chip, GPIO chip, switchable hub or debug probe.\n"
		       "`brickproof board serve` offers a virtual board to try a bench with; fixtures/benches/served.yaml describes it.\n");
	return rc;
}

/* ---- check ------------------------------------------------------------------------------------------------ */

static void print_row(void *ctx, const struct bp_check_row *row)
{
	static const char *const results[] = {[BP_CHECK_OK] = "ok", [BP_CHECK_FAILED] = "FAILED", [BP_CHECK_SKIPPED] = "skipped"};

	(void)ctx;
	printf("  %-8s %-38s %s\n", results[row->result], row->what, row->text);
	fflush(stdout);
}

static int check(const struct bp_use_bench *use, struct bp_err *err)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < use->matrix.n; i++) {
		const struct bp_bench_board *b = use->matrix.board[i];
		struct bp_arena *a = bp_arena_new(ARENA_BYTES);

		if (!a)
			return bp_fail(err, BP_ENOMEM, "no memory for board %s", b->name);
		printf("board %s (%s)\n", b->name, b->product);
		fflush(stdout);
		failed += bp_check_board(a, b, use->matrix.product[i], print_row, NULL) > 0;
		bp_arena_free(a);
	}
	printf("%u of %u boards are fit to be cut\n", use->matrix.n - failed, use->matrix.n);
	return failed ? BP_EXIT_RIG : BP_EXIT_PASSED;
}

/* ---- calibrate ---------------------------------------------------------------------------------------------- */

static void progress(void *ctx, uint32_t n, uint32_t all)
{
	const char *name = ctx;

	if (bp_term_live(STDERR_FILENO))
		fprintf(stderr, "\r%s: cut %u of %u, about %u s left \033[K%s", name, n, all, all - n, n == all ? "\n" : "");
}

static int calibrate_one(const struct bp_bench_board *b, const struct bp_product *p, uint32_t cuts, struct bp_calibration *out, struct bp_err *err)
{
	struct bp_arena *a = bp_arena_new(ARENA_BYTES);
	struct bp_calibrated c = {0};
	struct bp_real *r = NULL;
	int rc = a ? bp_real_open(a, b, p, &r, err) : bp_fail(err, BP_ENOMEM, "no memory for board %s", b->name);

	if (!rc)
		rc = bp_calibrate(r, cuts, progress, (void *)b->name, &c, err);
	bp_real_close(r);
	bp_arena_free(a);
	if (rc)
		return rc;
	*out = (struct bp_calibration){.known = true, .stored = true, .dead_ns = c.dead_ns, .jitter_ns = c.jitter_ns,
				       .first_byte_ns = c.first_byte_ns, .cuts = c.cuts};
	printf("%s: dead %.3f ms after the command, jitter %.3f ms, first byte %.3f ms after power-on; %u cuts, standard error %.3f ms, "
	       "resolution %.3f ms\n", b->name, (double)c.dead_ns / 1e6, (double)c.jitter_ns / 1e6, (double)c.first_byte_ns / 1e6, c.cuts,
	       (double)c.error_ns / 1e6, (double)c.resolution_ns / 1e6);
	if (!bp_calibrate_sure(&c))
		printf("%s: its switch strays so much that these numbers stray, too: more --cuts make them surer\n", b->name);
	fflush(stdout);
	return 0;
}

static int calibrate(struct bp_arena *a, struct bp_use_bench *use, const struct options *o, struct bp_err *err)
{
	char today[16];
	time_t now = time(NULL);
	struct tm tm;
	int rc = 0;

	gmtime_r(&now, &tm);
	strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	for (unsigned i = 0; i < use->matrix.n && !rc; i++) {
		struct bp_calibration c;

		rc = calibrate_one(use->matrix.board[i], use->matrix.product[i], o->cuts, &c, err);
		if (rc)
			break;
		c.measured = today;
		for (unsigned k = 0; k < use->bench->n_boards; k++)
			if (&use->bench->board[k] == use->matrix.board[i])
				use->bench->board[k].calibration = c;
		if (!o->dry)
			rc = bp_calibration_write(a, use->bench, err);
	}
	if (!rc && !o->dry)
		printf("written to %s\n", bp_calibration_path(a, use->bench->path));
	return rc;
}

/* ---- the command --------------------------------------------------------------------------------------------- */

/* 0, 1: help was asked for, or negative. */
static int parse(int argc, char **argv, struct options *o, struct bp_err *err)
{
	static const struct option longs[] = {{"bench", 1, 0, 'B'}, {"board", 1, 0, 'o'}, {"cuts", 1, 0, 'n'}, {"dry-run", 0, 0, 'd'},
					      {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	uint64_t v = BP_CALIBRATE_ENOUGH;
	int c, rc = 0;

	optind = 1;
	opterr = 0;
	while (!rc && (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1)
		switch (c) {
		case 'h': return 1;
		case 'B': o->bench = optarg; break;
		case 'o': o->board = optarg; break;
		case 'd': o->dry = true; break;
		case 'n':
			rc = bp_parse_u64(optarg, BP_CALIBRATE_MIN_CUTS, BP_CALIBRATE_MAX_CUTS, &v, err);
			if (rc) {
				bp_prefix(err, "--cuts");
				rc = err->code = BP_EUSAGE;
			}
			break;
		default: return bp_bad_option(c, longs, argv, err);
		}
	o->cuts = (uint32_t)v;
	if (!rc && optind < argc)
		rc = bp_fail(err, BP_EUSAGE, "bench %s takes no '%s'; `brickproof bench --help` tells what it takes", argv[0], argv[optind]);
	return rc;
}

static int on_boards(struct bp_arena *a, const char *what, const struct options *o, struct bp_err *err)
{
	struct bp_use_bench use = {0};
	int rc;

	if (!o->bench)
		return bp_fail(err, BP_EUSAGE, "bench %s needs a bench file; expected --bench FILE", what);
	rc = bp_use_bench_read(a, o->bench, o->board, &use, err);
	if (!rc)
		rc = bp_use_bench_lock(&use, what, err);
	if (rc)
		return rc;
	rc = !strcmp(what, "check") ? check(&use, err) : calibrate(a, &use, o, err);
	bp_use_bench_drop(&use);
	return rc;
}

int bp_cmd_bench(int argc, char **argv)
{
	static const char *const names[] = {"discover", "check", "calibrate"};
	const char *what = argc > 1 ? argv[1] : "", *near;
	struct options o = {0};
	struct bp_err err = {0};
	struct bp_arena *a;
	bool known = false;
	int rc;

	if (!strcmp(what, "--help") || !strcmp(what, "-h")) {
		usage(stdout);
		return BP_EXIT_PASSED;
	}
	for (unsigned i = 0; i < 3; i++)
		known = known || !strcmp(what, names[i]);
	if (!known) {
		near = bp_nearest(what, names, 3);
		if (argc < 2)
			usage(stderr);
		else
			fprintf(stderr, "brickproof: bench: no command '%s'; %s%s%s\n", what,
				near ? "did you mean '" : "expected discover, check or calibrate", near ? near : "", near ? "'?" : "");
		return BP_EXIT_USAGE;
	}
	rc = parse(argc - 1, argv + 1, &o, &err);
	if (rc == 1) {
		usage(stdout);
		return BP_EXIT_PASSED;
	}
	if (rc)
		return bp_complain(&err);
	a = bp_arena_new(ARENA_BYTES);
	if (!a)
		rc = bp_fail(&err, BP_ENOMEM, "no memory");
	else
		rc = !strcmp(what, "discover") ? discover(a, &err) : on_boards(a, what, &o, &err);
	bp_arena_free(a);
	return rc < 0 ? bp_complain(&err) : rc;
}
