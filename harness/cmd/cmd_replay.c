/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_replay.c - `brickproof replay TOKEN`: one case from the start, with all it
 * did. The sweep judged it from the flash log; both ways must agree. With --bench
 * the same case on a real board.
 */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/use_bench.h"
#include "explore/follow.h"
#include "explore/select.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define REPLAY_ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define MOMENTS 20000u

struct options {
	const char *firmware, *scenario, *bench, *board;
	bool detached;
	struct bp_token token;
};

static void help(void)
{
	printf("usage: brickproof replay [OPTIONS] TOKEN\n\n"
	       "Runs the case that TOKEN names and prints its time line, its console and its verdict.\n"
	       "TOKEN is what reports print: bp1:product:scenario:hash8:cuts:edit:seed.\n\n"
	       "  --firmware NAME   firmware object instead of the product's own, such as mutant-NAME\n"
	       "  --scenario FILE   the token's scenario, when it does not stand in scenarios/\n"
	       "  --bench FILE      on a real board of this bench file, which runs that firmware\n"
	       "  --board NAME      which one of them (the first of the token's product)\n"
	       "  --detached        with its probe detached, as timing.jsonl says that the case was run\n");
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

/* The case that the token names, and what the sweep's own way makes of its state, so that both ways can be compared. */
static int case_of(struct bp_arena *a, struct bp_runner *r, const struct bp_scenario *s, const struct bp_token *t, struct bp_plan *plan,
		   const struct bp_case **c, struct bp_judgement *out, struct bp_err *err)
{
	struct bp_log *log = NULL;
	int rc = bp_runner_trace(r, a, s, &log, err);

	*plan = (struct bp_plan){.scenario = s, .log = log, .seed = t->seed};
	memcpy(plan->hash8, t->hash8, sizeof(plan->hash8));
	return rc ? rc : bp_follow(r, a, t, plan, c, out, err);
}

static void print_shots(const struct bp_rig_report *r)
{
	for (unsigned i = 0; i < r->tries && i < BP_RIG_TRIES && r->shot[i].seen[0]; i++)
		printf("try %u    %s%scommand at %.6f s; %s\n", i + 1, r->shot[i].method, *r->shot[i].method ? ", " : "",
		       (double)r->shot[i].issued_ns / 1e9, r->shot[i].seen);
}

static int pick_board(const struct bp_use_bench *b, const struct bp_product *p, const struct bp_bench_board **out, struct bp_err *err)
{
	for (unsigned i = 0; i < b->matrix.n; i++)
		if (!strcmp(b->matrix.product[i]->path, p->path)) {
			*out = b->matrix.board[i];
			return 0;
		}
	return bp_fail(err, BP_EUSAGE, "%s: no board of it is a %s, which the token's case is for", b->bench->path, p->name);
}

/* On a board; opened after the twin's trace, so that the start state is the scenario's. */
static int on_board(struct bp_arena *a, const struct options *o, struct bp_runner *r, const struct bp_plan *plan, const struct bp_case *c,
		    struct bp_trace *trace, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_bench_board *board = NULL;
	struct bp_rig_report report = {0};
	struct bp_use_bench use = {0};
	struct bp_rig *g = NULL;
	int rc = bp_use_bench_read(a, o->bench, o->board, &use, err);
	const char *refused;

	if (!rc)
		rc = pick_board(&use, r->product, &board, err);
	if (!rc && c->parent)
		rc = bp_fail(err, BP_EUSAGE, "board %s: nested cuts are left to the virtual board; leave out --bench", board->name);
	if (!rc && c->kind == BP_CASE_CUT && (refused = bp_plan_refuses(plan, c, board)))
		rc = bp_fail(err, BP_EUSAGE, "board %s cannot be cut there: %s; leave out --bench to run it on the virtual board",
			     board->name, refused);
	if (!rc && o->detached && (!board->debug || !bp_plan_detachable(plan, c)))
		rc = bp_fail(err, BP_EUSAGE, "--detached: %s", board->debug ? "this case needs the probe" : "the board has no probe to detach");
	if (!rc)
		rc = bp_use_bench_lock(&use, "replay", err);
	if (rc)
		return rc;
	rc = bp_rig_open(a, board, r, &g, err);
	if (!rc)
		rc = bp_rig_case(g, plan, c, o->detached, trace, &report, out, err);
	bp_rig_close(g);
	bp_use_bench_drop(&use);
	print_shots(&report);
	return rc;
}

static int replay(struct bp_arena *a, const struct options *o, struct bp_err *err)
{
	const struct bp_token *t = &o->token;
	const char *scenario = o->scenario, *firmware = o->firmware;
	struct bp_runner_options opt = {.accel = BP_ACCEL_REMEMBER, .seed = t->seed, .follow_up = true};
	struct bp_trace trace = {.arena = a, .cap = MOMENTS};
	const char *product_path, *scenario_path, *firmware_path;
	char hash8[9], token[BP_TOKEN_BYTES];
	struct bp_judgement whole = {0}, state = {0};
	struct bp_scenario *s;
	struct bp_product *p;
	struct bp_runner *r;
	struct bp_plan plan = {0};
	const struct bp_case *c = NULL;
	bool logged;
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
	rc = trace.moment ? case_of(a, r, s, t, &plan, &c, &state, err) : bp_fail(err, BP_ENOMEM, "no memory");
	logged = !rc && c->kind == BP_CASE_CUT && !o->bench && !bp_fault_runs_on(c->cut.fault);
	if (!rc && o->bench)
		rc = on_board(a, o, r, &plan, c, &trace, &whole, err);
	else if (!rc)
		rc = bp_runner_whole(r, &plan, c, &trace, NULL, &whole, err);
	bp_runner_close(r);
	if (rc)
		return rc;
	print_trace(&trace);
	print_judgement(p, bp_token_show(token, &plan, p->name, c), &whole);
	if (logged && !same(&whole, &state))
		return bp_fail(err, BP_EINTERNAL, "the state built from the flash log came to '%s' instead: a defect of the rig",
			       bp_verdict_name(state.verdict));
	return status_of(&whole);
}

int bp_cmd_replay(int argc, char **argv)
{
	static const struct option longs[] = {{"firmware", 1, 0, 'f'}, {"scenario", 1, 0, 's'}, {"bench", 1, 0, 'B'}, {"board", 1, 0, 'o'},
					      {"detached", 0, 0, 'd'},
					      {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	struct options o = {0};
	struct bp_err err = {0};
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
		if (c == 'd')
			o.detached = true;
		else
			*(c == 'f' ? &o.firmware : c == 's' ? &o.scenario : c == 'B' ? &o.bench : &o.board) = optarg;
	}
	if (argc - optind != 1) {
		bp_fail(&err, BP_EUSAGE, "replay takes one token; `brickproof replay --help` tells its form");
		return bp_complain(&err);
	}
	rc = bp_token_parse(argv[optind], &o.token, &err);
	if (rc)
		return bp_complain(&err);
	a = bp_arena_new(REPLAY_ARENA_BYTES);
	rc = a ? replay(a, &o, &err) : bp_fail(&err, BP_ENOMEM, "no memory");
	bp_arena_free(a);
	return rc < 0 ? bp_complain(&err) : rc;
}
