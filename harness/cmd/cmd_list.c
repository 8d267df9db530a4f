/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_list.c - `brickproof list`: what there is to run, and what it covers. */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/hunt.h"
#include "cmd/requirements.h"

#include "base/text.h"
#include "base/yaml.h"
#include "image/corrupt.h"
#include "oracle/invariant.h"
#include "scenario/scenario.h"
#include "vboard/firmware.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define LIST_ARENA_BYTES ((size_t)64 * 1024 * 1024)

static void help(void)
{
	printf("usage: brickproof list [--requirements | --invariants | --mutants | --operators]\n\n"
	       "Without options, the scenarios: name, what it covers, title, separated by tabs.\n\n"
	       "  --requirements  requirement rows and the scenarios that cover each\n"
	       "  --invariants    what is checked after every fault, and the mutants that each catches first\n"
	       "  --mutants       the mutants that are built: defect, what must catch it, the public bug it mirrors\n"
	       "  --operators     the corruption operators of edits\n");
}

static int with_scenarios(struct bp_arena *a, int (*each)(struct bp_arena *, void *, const struct bp_scenario *, struct bp_err *),
			  void *ctx, struct bp_err *err)
{
	const char *const *names, *path, *name, *product, *product_path;
	struct bp_product *reference, *p;
	struct bp_scenario *s;
	size_t n;
	int rc = bp_home_scenarios(a, &names, &n, err);

	if (!rc)
		rc = bp_home_product(a, "reference", &product_path, err);
	if (!rc)
		rc = bp_product_read(a, product_path, &reference, err);
	for (size_t i = 0; i < n && !rc; i++) {
		rc = bp_home_scenario(a, names[i], &path, err);
		if (!rc)
			rc = bp_scenario_peek(a, path, &name, &product, err);
		p = reference;
		if (!rc && product && strcmp(product, "reference")) {
			rc = bp_home_product(a, product, &product_path, err);
			if (!rc)
				rc = bp_product_read(a, product_path, &p, err);
		}
		if (!rc)
			rc = bp_scenario_read(a, path, p, &s, err);
		if (!rc)
			rc = each(a, ctx, s, err);
	}
	return rc;
}

static int print_scenario(struct bp_arena *a, void *ctx, const struct bp_scenario *s, struct bp_err *err)
{
	(void)a, (void)ctx, (void)err;
	printf("%s\t", s->name);
	for (unsigned i = 0; i < s->n_covers; i++)
		printf("%s%s", i ? " " : "", s->covers[i]);
	printf("\t%s\n", s->title);
	return 0;
}

struct table {
	struct bp_requirement *row;
	size_t n;
};

static int cover(struct bp_arena *a, void *ctx, const struct bp_scenario *s, struct bp_err *err)
{
	struct table *t = ctx;

	(void)a;
	for (unsigned i = 0; i < s->n_covers; i++) {
		struct bp_requirement *row = bp_requirement_find(t->row, t->n, s->covers[i]);

		if (!row)
			return bp_fail(err, BP_ECONFIG, "%s: error: covers '%s', which scenarios/requirements.yaml does not have", s->path,
				       s->covers[i]);
		bp_text_printf(&row->by, "%s%s", row->by.len ? " " : "", s->name);
	}
	return 0;
}

static int list_requirements(struct bp_arena *a, struct bp_err *err)
{
	struct table t = {0};
	int rc = bp_requirements_read(a, &t.row, &t.n, err);

	if (!rc)
		rc = with_scenarios(a, cover, &t, err);
	for (size_t i = 0; i < t.n && !rc; i++)
		printf("%s\t%s\t%s\n", t.row[i].id, t.row[i].by.len ? t.row[i].by.bytes : "-", t.row[i].text);
	return rc;
}

static int with_mutants(struct bp_arena *a, int (*each)(void *, const char *, const struct dut_firmware *, struct bp_err *), void *ctx,
			struct bp_err *err)
{
	const char *const *names, *path;
	struct bp_firmware fw;
	size_t n;
	int rc = bp_home_mutants(a, &names, &n, err);

	for (size_t i = 0; i < n && !rc; i++) {
		rc = bp_home_firmware(a, bp_arena_printf(a, "mutant-%s", names[i]), &path, err);
		if (!rc)
			rc = bp_firmware_load(a, path, &fw, err);
		if (rc)
			break;
		rc = each(ctx, names[i], fw.fw, err);
		bp_firmware_unload(&fw);
	}
	return rc;
}

static int print_mutant(void *ctx, const char *name, const struct dut_firmware *fw, struct bp_err *err)
{
	(void)ctx, (void)err;
	printf("%s\t%s\t%s\t%s\n", name, fw->mechanism, *fw->expect ? fw->expect : "-", *fw->mirrors ? fw->mirrors : "-");
	return 0;
}

static int add_to_its_invariant(void *ctx, const char *name, const struct dut_firmware *fw, struct bp_err *err)
{
	struct bp_text *caught = ctx;
	struct bp_prediction p;
	int rc = bp_prediction_parse(fw->expect, &p, err);

	if (rc)
		return bp_prefix(err, "mutant %s", name);
	if (p.first >= 0)
		bp_text_printf(&caught[p.first], "%s%s", caught[p.first].len ? " " : "", name);
	return 0;
}

static int list_invariants(struct bp_arena *a, struct bp_err *err)
{
	struct bp_text caught[BP_INVARIANTS];
	int rc;

	for (int i = 0; i < BP_INVARIANTS; i++)
		bp_text_init(&caught[i], a);
	rc = with_mutants(a, add_to_its_invariant, caught, err);
	for (int i = 0; i < BP_INVARIANTS && !rc; i++)
		printf("%s\t%s\t%s\t%s\n", bp_invariants[i].name, bp_invariants[i].covers, caught[i].len ? caught[i].bytes : "-",
		       bp_invariants[i].text);
	return rc;
}

static void list_operators(void)
{
	for (const struct bp_operator *op = bp_operators; op->name; op++)
		printf("%s\t%s\n", op->name, op->help);
}

int bp_cmd_list(int argc, char **argv)
{
	static const struct option longs[] = {
		{"requirements", 0, 0, 'r'}, {"invariants", 0, 0, 'i'}, {"mutants", 0, 0, 'm'}, {"operators", 0, 0, 'o'},
		{"help", 0, 0, 'h'}, {0, 0, 0, 0},
	};
	struct bp_err err = {0};
	struct bp_arena *a;
	int c, what = 0, rc = 0;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == '?' || c == ':') {
			bp_bad_option(c, longs, argv, &err);
			return bp_complain(&err);
		}
		what = c;
	}
	if (what == 'h') {
		help();
		return BP_EXIT_PASSED;
	}
	if (optind < argc) {
		bp_fail(&err, BP_EUSAGE, "list takes no '%s'; `brickproof list --help` tells what it takes", argv[optind]);
		return bp_complain(&err);
	}
	a = bp_arena_new(LIST_ARENA_BYTES);
	if (!a) {
		bp_fail(&err, BP_ENOMEM, "no memory");
		return bp_complain(&err);
	}
	switch (what) {
	case 'r': rc = list_requirements(a, &err); break;
	case 'm': rc = with_mutants(a, print_mutant, NULL, &err); break;
	case 'i': rc = list_invariants(a, &err); break;
	case 'o': list_operators(); break;
	default: rc = with_scenarios(a, print_scenario, NULL, &err); break;
	}
	bp_arena_free(a);
	return rc ? bp_complain(&err) : BP_EXIT_PASSED;
}
