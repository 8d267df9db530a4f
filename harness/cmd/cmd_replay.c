/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_replay.c - `brickproof replay TOKEN`: one case from the start, with all it
 * did. The sweep judged it from the flash log; both ways must agree.
 */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/matrix.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define REPLAY_ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define MOMENTS 20000u

static void help(void)
{
	printf("usage: brickproof replay [--firmware NAME] [--scenario FILE] TOKEN\n\n"
	       "Runs the case that TOKEN names and prints its time line, its console and its verdict.\n"
	       "TOKEN is what reports print: bp1:product:scenario:hash8:cuts:edit:seed.\n\n"
	       "  --firmware NAME   firmware object instead of the product's own, such as mutant-NAME\n"
	       "  --scenario FILE   the token's scenario, when it does not stand in scenarios/\n");
}

static void print_trace(const struct bp_trace *t)
{
	printf("time line\n");
	for (unsigned i = 0; i < t->n; i++)
		printf("  %12.6f s  %s\n", (double)t->moment[i].at_ns / 1e9, t->moment[i].what);
	printf("console\n%s", t->console.len ? t->console.bytes : "");
}

static void print_judgement(const struct bp_product *p, const char *token, const struct bp_judgement *j)
{
	printf("token    %s\nverdict  %s\n", token, bp_verdict_name(j->verdict));
	if (j->running >= 0)
		printf("running  %s\n", p->artifact[j->running].name);
	if (j->reason >= 0 && j->reason < (int)p->n_reasons && p->reason[j->reason])
		printf("reason   %s\n", p->reason[j->reason]);
	if (j->invariant >= 0)
		printf("broken   %s: %s\n", bp_invariants[j->invariant].name, bp_invariants[j->invariant].text);
	if (j->verdict != BP_PASS)
		printf("detail   %s\n", j->text);
}

static int status_of(const struct bp_judgement *j)
{
	if (j->verdict == BP_FAIL)
		return BP_EXIT_FAILED;
	return j->verdict == BP_PASS ? BP_EXIT_PASSED : BP_EXIT_RIG;
}

static int same(const struct bp_judgement *a, const struct bp_judgement *b)
{
	return a->verdict == b->verdict && a->invariant == b->invariant && a->running == b->running && a->reason == b->reason;
}

/* The scenario's plan without cut cases: a token names its own. */
static int plan_for(struct bp_arena *a, struct bp_runner *r, const struct bp_scenario *s, const struct bp_token *t,
		    struct bp_plan *plan, struct bp_err *err)
{
	struct bp_log *log = NULL;
	int rc = bp_runner_trace(r, a, s, &log, err);

	*plan = (struct bp_plan){.scenario = s, .log = log, .seed = t->seed, .run = bp_arena_alloc(a, sizeof(*plan->run))};
	if (!rc && (!plan->run || !log))
		rc = bp_fail(err, BP_ENOMEM, "no memory");
	memcpy(plan->hash8, t->hash8, sizeof(plan->hash8));
	return rc;
}

/* The state that the sweep would have booted, so that both ways can be compared. */
static int from_log(struct bp_arena *a, struct bp_runner *r, struct bp_plan *plan, struct bp_case *c, struct bp_judgement *out,
		    struct bp_err *err)
{
	struct bp_flash *scratch;

	if (bp_flash_new(a, &r->product->board.flash, r->opt.seed, &scratch))
		return bp_fail(err, BP_ENOMEM, "no memory");
	bp_flash_copy(scratch, plan->log->start);
	bp_log_apply(plan->log, scratch, 0, c->state.prefix);
	if (c->state.is_torn)
		bp_log_tear(plan->log, scratch, c->state.prefix, c->state.torn);
	plan->run[0].flash = bp_flash_hash(scratch);
	c->run = 0;
	return bp_runner_state(r, plan, c, out, err);
}

static int replay(struct bp_arena *a, const struct bp_token *t, const char *firmware, const char *scenario, struct bp_err *err)
{
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = t->seed, .follow_up = true};
	struct bp_trace trace = {.arena = a, .cap = MOMENTS};
	const char *product_path, *scenario_path, *firmware_path;
	char hash8[9], token[BP_TOKEN_BYTES];
	struct bp_judgement whole = {0}, state = {0};
	struct bp_scenario *s;
	struct bp_product *p;
	struct bp_runner *r;
	struct bp_plan plan = {0};
	struct bp_case c;
	int rc;

	if ((rc = bp_home_product(a, t->product, &product_path, err)) ||
	    (rc = bp_product_read(a, product_path, &p, err)) ||
	    (rc = bp_home_scenario(a, scenario ? scenario : t->scenario, &scenario_path, err)) ||
	    (rc = bp_scenario_read(a, scenario_path, p, &s, err)) ||
	    (rc = bp_home_firmware(a, firmware ? firmware : p->firmware, &firmware_path, err)))
		return rc;
	bp_token_hash8(s, p, hash8);
	if (strcmp(hash8, t->hash8))
		return bp_fail(err, BP_EUSAGE, "the token's hash8 is %s, but scenario %s on product %s has %s: the scenario's text, "
			       "the flash geometry or an artifact's version or size has changed since the token was made",
			       t->hash8, s->name, p->name, hash8);
	rc = bp_runner_open(a, p, firmware_path, &opt, &r, err);
	if (rc)
		return rc;
	bp_text_init(&trace.console, a);
	trace.moment = bp_arena_array(a, trace.cap, sizeof(*trace.moment));
	rc = trace.moment ? plan_for(a, r, s, t, &plan, err) : bp_fail(err, BP_ENOMEM, "no memory");
	if (!rc)
		rc = bp_token_case(t, &plan, &c, err);
	if (!rc)
		rc = bp_runner_whole(r, &plan, &c, &trace, NULL, &whole, err);
	if (!rc && c.kind == BP_CASE_CUT)
		rc = from_log(a, r, &plan, &c, &state, err);
	bp_runner_close(r);
	if (rc)
		return rc;
	print_trace(&trace);
	print_judgement(p, bp_token_show(token, &plan, p->name, &c), &whole);
	if (c.kind == BP_CASE_CUT && !same(&whole, &state))
		return bp_fail(err, BP_EINTERNAL, "the state built from the flash log came to '%s' instead: a defect of the rig",
			       bp_verdict_name(state.verdict));
	return status_of(&whole);
}

int bp_cmd_replay(int argc, char **argv)
{
	static const struct option longs[] = {{"firmware", 1, 0, 'f'}, {"scenario", 1, 0, 's'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	const char *firmware = NULL, *scenario = NULL;
	struct bp_err err = {0};
	struct bp_token t;
	struct bp_arena *a;
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
		if (c == 'f')
			firmware = optarg;
		else
			scenario = optarg;
	}
	if (argc - optind != 1) {
		bp_fail(&err, BP_EUSAGE, "replay takes one token; `brickproof replay --help` tells its form");
		return bp_complain(&err);
	}
	rc = bp_token_parse(argv[optind], &t, &err);
	if (rc)
		return bp_complain(&err);
	a = bp_arena_new(REPLAY_ARENA_BYTES);
	rc = a ? replay(a, &t, firmware, scenario, &err) : bp_fail(&err, BP_ENOMEM, "no memory");
	bp_arena_free(a);
	return rc < 0 ? bp_complain(&err) : rc;
}
