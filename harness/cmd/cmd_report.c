/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd_report.h"

#include "base/arena.h"
#include "base/term.h"
#include "result/rundir.h"
#include "result/table.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_RIG 99
#define ARENA_BYTES ((size_t)2 * 1024 * 1024 * 1024) /* some 400 bytes a case, evidence and the page on top */

static const char help[] =
	"usage: brickproof report [--color WHEN] [RUNDIR]\n"
	"\n"
	"Build junit.xml and index.html of a run again from its journal.jsonl (and\n"
	"timing.jsonl, when there is one), and show the table. No hardware is touched.\n"
	"\n"
	"  RUNDIR         folder of the run (default: reports/latest)\n"
	"  --color WHEN   auto, always or never (default: auto)\n"
	"  --help         this text\n"
	"\n"
	"Exit status: 0 written, whatever the verdict; 2 usage, or a journal that is\n"
	"missing or wrong; 99 the reports cannot be written.\n";

static int misuse(const char *text, const char *what)
{
	fprintf(stderr, "brickproof report: %s%s\nTry 'brickproof report --help'.\n", text, what);
	return EXIT_USAGE;
}

static int failed(const struct bp_err *err)
{
	fprintf(stderr, "brickproof report: %s\n", err->text);
	return err->code == BP_ECONFIG || err->code == BP_ENOENT ? EXIT_USAGE : EXIT_RIG;
}

static int show(struct bp_arena *a, const struct bp_results *r, const char *dir, enum bp_color_mode color,
		struct bp_err *err)
{
	struct bp_table_style style = {.color = bp_term_color(color, STDOUT_FILENO)};
	struct bp_text t;
	int rc;

	if (isatty(STDOUT_FILENO))
		style.columns = bp_term_width(STDOUT_FILENO);
	bp_text_init(&t, a);
	rc = bp_table_write(r, &style, &t, err);
	if (rc)
		return rc;
	if (printf("%s%s/index.html\n%s/junit.xml\n", t.bytes, dir, dir) < 0 || fflush(stdout))
		return bp_fail(err, BP_EIO, "cannot write to standard output");
	return 0;
}

static int build(const char *dir, enum bp_color_mode color)
{
	struct bp_err err = {0};
	struct bp_results *r = NULL;
	struct bp_arena *a = bp_arena_new(ARENA_BYTES);
	int rc = a ? 0 : bp_fail(&err, BP_ENOMEM, "no memory");

	if (!rc)
		rc = bp_rundir_build(a, dir, &r, &err);
	if (!rc && r->cut_line)
		fprintf(stderr, "brickproof report: %s/journal.jsonl:%lu: warning: the line is cut short: the run was killed\n",
			dir, r->cut_line);
	if (!rc)
		rc = show(a, r, dir, color, &err);
	bp_arena_free(a);
	return rc ? failed(&err) : 0;
}

int bp_cmd_report(int argc, char **argv)
{
	static const struct option options[] = {
		{"color", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	enum bp_color_mode color = BP_COLOR_AUTO;
	struct bp_err err;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			return fputs(help, stdout) < 0 || fflush(stdout) ? EXIT_RIG : 0;
		case 'c':
			if (bp_color_mode_parse(optarg, &color, &err))
				return misuse("--color: ", err.text);
			break;
		case ':':
			return misuse("--color needs a value: ", "auto, always or never");
		default:
			return misuse("unknown option ", argv[optind - 1]);
		}
	}
	if (argc - optind > 1)
		return misuse("expected one RUNDIR", "");
	return build(optind < argc ? argv[optind] : "reports/latest", color);
}
