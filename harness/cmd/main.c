/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - one table drives dispatch and help. */
#include "cmd/cmd_image.h"
#include "cmd/cmd_report.h"
#include "cmd/commands.h"
#include "cmd/matrix.h"

#include "base/text.h"
#include "bench/safe.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct command {
	const char *name, *arguments, *help;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{"run", "[SCENARIO...]", "run scenarios (default: the whole failure matrix)", bp_cmd_run},
	{"replay", "TOKEN", "run one case again, with everything it did", bp_cmd_replay},
	{"explain", "SCENARIO", "in words what a scenario does, and what must hold", bp_cmd_explain},
	{"list", "", "scenarios, requirements, invariants, mutants", bp_cmd_list},
	{"mutants", "[MUTANT...]", "prove that the checks catch seeded defects", bp_cmd_mutants},
	{"report", "RUN", "build the reports of a run again from its journal", bp_cmd_report},
	{"image", "sign|show|corrupt|keygen", "make, read and damage images and manifests", bp_cmd_image},
	{"board", "serve", "a virtual board in real time, for real tools", bp_cmd_board},
	{"bench", "discover|check|calibrate", "the boards of a bench: what is there, is it wired right, how fast", bp_cmd_bench},
	{"speed", "", "measure how fast states are judged on this machine", bp_cmd_speed},
};

#define MAX_OPTIONS 32
#define MAX_OPTION_BYTES 32
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fprintf(out, "usage: brickproof COMMAND [ARGUMENTS]\n\n"
		     "Proves that firmware updates cannot brick devices: cuts the power of a board at every\n"
		     "point of an update, corrupts what it is sent, and checks that it always recovers.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-12s %-26s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	fprintf(out, "\n`brickproof COMMAND --help` tells more. Exit status: 0 all passed, 1 a device failed,\n"
		     "2 usage or configuration, 77 nothing to run, 99 trouble of the rig.\n");
}

int bp_complain(const struct bp_err *err)
{
	fflush(stdout);
	/* A place in a file stands at the line's start, where editors look for it. */
	fprintf(stderr, "%s%s\n", strstr(err->text, ": error: ") ? "" : "brickproof: ", err->text);
	return err->code == BP_ECONFIG || err->code == BP_EUSAGE || err->code == BP_ENOENT ? BP_EXIT_USAGE : BP_EXIT_RIG;
}

int bp_bad_option(int c, const struct option *longs, char **argv, struct bp_err *err)
{
	const char *at = argv[optind - 1], *names[MAX_OPTIONS], *near;
	char dashed[MAX_OPTIONS][MAX_OPTION_BYTES], given[MAX_OPTION_BYTES];
	size_t n = 0;

	if (c == ':')
		return bp_fail(err, BP_EUSAGE, "%s needs a value; `brickproof %s --help` tells which", at, argv[0]);
	if (optopt && !strncmp(at, "--", 2) && strchr(at, '='))
		return bp_fail(err, BP_EUSAGE, "%.*s takes no value", (int)strcspn(at, "="), at);
	if (optopt)
		return bp_fail(err, BP_EUSAGE, "no option '-%c'; `brickproof %s --help` lists all", optopt, argv[0]);
	for (; n < MAX_OPTIONS && longs[n].name; n++) {
		snprintf(dashed[n], sizeof(dashed[n]), "--%s", longs[n].name);
		names[n] = dashed[n];
	}
	snprintf(given, sizeof(given), "%.*s", (int)strcspn(at, "="), at);
	near = bp_nearest(given, names, n);
	return bp_fail(err, BP_EUSAGE, "no option '%s'%s%s%s; `brickproof %s --help` lists all", at, near ? "; did you mean '" : "",
		       near ? near : "", near ? "'?" : "", argv[0]);
}

static int unknown(const char *name)
{
	const char *names[N_COMMANDS], *near;

	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	near = bp_nearest(name, names, N_COMMANDS);
	fprintf(stderr, "brickproof: no command '%s'%s%s%s; `brickproof --help` names all\n", name, near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
	return BP_EXIT_USAGE;
}

/* However a command ended, no switch of this process stays on. */
static int left_safe(int status)
{
	struct bp_err err;

	if (!bench_make_safe(&err))
		return status;
	fprintf(stderr, "brickproof: %s\n", err.text);
	return status == BP_EXIT_PASSED ? BP_EXIT_RIG : status;
}

/* Results that cannot be printed are no results. */
static int flushed(int status)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != BP_EXIT_PASSED)
		return status;
	fprintf(stderr, "brickproof: cannot write to standard output\n");
	return BP_EXIT_RIG;
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0) {
		fprintf(stderr, "brickproof: libsodium does not start\n");
		return BP_EXIT_RIG;
	}
	if (argc < 2) {
		usage(stderr);
		return BP_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return flushed(BP_EXIT_PASSED);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("brickproof %s\n", BP_VERSION);
		return flushed(BP_EXIT_PASSED);
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return flushed(left_safe(commands[i].run(argc - 1, argv + 1)));
	return unknown(argv[1]);
}
