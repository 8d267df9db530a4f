/* SPDX-License-Identifier: Apache-2.0 */
/* matrix_bench.c - a scenario on the real boards of a bench. */
#include "cmd/matrix_parts.h"

#include "explore/select.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEEP_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* The bench's boards of this scenario's product. */
static unsigned boards_of(const struct bp_sweep_run *s, const struct bp_bench_board *out[BP_BENCH_BOARDS], unsigned index[BP_BENCH_BOARDS])
{
	const struct bp_matrix_bench *b = s->m->bench;
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++)
		if (!strcmp(b->product[i]->path, s->product->path)) {
			index[n] = i;
			out[n++] = b->board[i];
		}
	return n;
}

int bp_matrix_bench_plan(struct bp_sweep_run *s, struct bp_arena *a, struct bp_err *err)
{
	const struct bp_bench_board *boards[BP_BENCH_BOARDS];
	unsigned index[BP_BENCH_BOARDS], n = boards_of(s, boards, index);
	uint32_t virtual_only = 0;
	int rc;

	if (!n)
		return bp_fail(err, BP_ECONFIG, "scenario %s: no board of the bench is a %s", s->name, s->product->name);
	rc = bp_plan_select(a, s->plan, boards, n, s->m->opt.budget, &s->plan, &virtual_only, err);
	s->m->virtual_only += virtual_only;
	if (!rc)
		s->kept = bp_arena_array(a, s->plan->n_runs + 1u, sizeof(*s->kept));
	return rc || s->kept ? rc : bp_fail(err, BP_ENOMEM, "%s: no memory", s->name);
}

/* ---- in the worker: evidence, while the board stands as the case left it ------------------------ */

static int load(struct bp_arena *a, const struct bp_rig *g, struct bp_flash **out)
{
	const struct bp_geometry *geo = &g->real->product->board.flash;
	int rc = bp_flash_new(a, geo, 0, out);

	if (!rc)
		bp_flash_load(*out, 0, g->seen, geo->size_bytes);
	return rc;
}

static uint32_t evidence_id(const struct bp_sweep_run *s, uint32_t run)
{
	return s->m->runs + run + 1;
}

static int keep(void *ctx, struct bp_rig *g, const struct bp_case *c, uint32_t index, const struct bp_trace *t, int fd, struct bp_err *err)
{
	const struct bp_sweep_run *s = ctx;
	struct bp_arena *a = bp_arena_new(KEEP_ARENA_BYTES);
	struct bp_flash *before = NULL, *after = NULL;
	bool seen = bp_real_sees(g->real);
	char token[BP_TOKEN_BYTES];
	struct bp_journal j;
	int rc = a && (!seen || !load(a, g, &before)) ? 0 : bp_fail(err, BP_ENOMEM, "no memory for evidence");

	if (!rc && seen)
		rc = bp_rig_look(g, err);
	if (!rc && seen && load(a, g, &after))
		rc = bp_fail(err, BP_ENOMEM, "no memory for evidence");
	if (!rc)
		rc = bp_journal_open(&j, dup(fd), err);
	if (!rc) {
		bp_token_show(token, s->plan, s->product->name, c);
		rc = bp_evidence_line(&j, s->product, a, t, before, after, token, evidence_id(s, index), err);
		if (bp_journal_close(&j, rc ? NULL : err))
			rc = BP_EIO;
	}
	bp_arena_free(a);
	return rc;
}

/* ---- in the parent --------------------------------------------------------------------------------- */

static int put_shots(struct bp_sweep_run *s, const struct bp_case *c, const struct bp_boards_answer *a, struct bp_err *err)
{
	char token[BP_TOKEN_BYTES];
	int rc = 0;

	bp_token_show(token, s->plan, s->product->name, c);
	for (unsigned i = 0; i < a->report.tries && i < BP_RIG_TRIES && c->kind == BP_CASE_CUT && !rc; i++) {
		const struct bp_shot *shot = &a->report.shot[i];
		struct bp_timing_cut line = {
			.token = token, .board = a->board, .method = shot->method, .seen = shot->seen, .number = i + 1, .hit = shot->hit,
			.wanted_ns = shot->wanted_ns, .issued_ns = shot->issued_ns, .heard_ns = shot->heard_ns,
			.fifo = a->report.fifo, .locked = a->report.locked, .cpu_latency = a->report.cpu_latency,
		};

		rc = bp_journal_put_timing_cut(&s->m->dir->timing, &line, err);
	}
	return rc;
}

static int put_detached(struct bp_sweep_run *s, const struct bp_case *c, const struct bp_boards_answer *a, struct bp_err *err)
{
	char token[BP_TOKEN_BYTES];

	if (!a->report.detached)
		return 0;
	bp_token_show(token, s->plan, s->product->name, c);
	return bp_journal_put_timing_detached(&s->m->dir->timing, token, a->board, err);
}

static int put_kept(struct bp_journal *j, const char *bytes, size_t len, struct bp_err *err)
{
	int rc = bp_journal_flush(j, err);

	for (size_t done = 0; done < len && !rc;) {
		ssize_t w = write(j->fd, bytes + done, len - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return bp_fail(err, BP_EIO, "writing the journal: %s", strerror(errno));
		done += (size_t)w;
	}
	return rc;
}

static int done(void *ctx, uint32_t index, const struct bp_boards_answer *a, struct bp_err *err)
{
	struct bp_sweep_run *s = ctx;
	const struct bp_case *c = &s->plan->cases[s->plan->run[index].first_case];
	int rc = put_detached(s, c, a, err);

	if (!rc)
		rc = put_shots(s, c, a, err);
	s->kept[index] = a->kept_len ? evidence_id(s, index) : 0;
	if (!rc)
		rc = bp_sweep_judged(s, index, &a->judgement, err);
	if (!rc && a->kept_len)
		rc = put_kept(&s->m->dir->journal, a->kept, a->kept_len, err);
	return rc;
}

static void trouble(void *ctx, const char *board, const char *why)
{
	struct bp_sweep_run *s = ctx;

	s->m->trouble = true; /* even when the others pass all of its cases */
	fprintf(stderr, "brickproof: %s: board %s is out of use from here on: %s\n", s->name, board, why);
}

int bp_matrix_bench_judge(struct bp_sweep_run *s, struct bp_err *err)
{
	const struct bp_boards_ops ops = {.keep = keep, .done = done, .trouble = trouble, .ctx = s};
	const struct bp_bench_board *boards[BP_BENCH_BOARDS];
	unsigned index[BP_BENCH_BOARDS], n = boards_of(s, boards, index);
	bool out_of_use[BP_BENCH_BOARDS];
	int rc;

	for (unsigned i = 0; i < n; i++)
		out_of_use[i] = s->m->bench->out_of_use[index[i]];
	rc = bp_boards_judge(s->runner, s->plan, boards, out_of_use, n, &ops, err);
	for (unsigned i = 0; i < n; i++)
		s->m->bench->out_of_use[index[i]] = out_of_use[i];
	return rc;
}
