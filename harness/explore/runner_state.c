/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner_state.c - the sweep's way to a case: its state is built from the flash log,
 * and booted; or it is known already what a state like it comes to.
 *
 * Two points are remembered, both with the power off, where only the flash lives on:
 * the cut itself, and the first further boot, where states meet that differed only in
 * what the recovery has mended.
 */
#include "explore/cases.h"
#include "explore/log_pack.h"
#include "explore/runner_parts.h"

#include <string.h>
#include <xxhash.h>

#define MEMO_BYTES ((size_t)32 * 1024 * 1024)
#define MEMO_LOGS_BYTES ((size_t)256 * 1024 * 1024) /* with what the host did then: a log is some 20 KiB */

/* One state on its way through the judge. */
struct bp_meeting {
	struct bp_exec *exec;
	struct bp_hash128 root, rest_root;
	struct bp_hash128 *content, *rest_content; /* of all pages, at both points */
	uint32_t *page;                            /* looked at since the first, in order */
	uint8_t *how;                              /* up to the second: BP_ASKED_… */
	uint32_t n_pages;
	uint64_t rest_began, rest_ns;              /* rest_ns: of an end that was known */
	bool met, known;                           /* the second point was reached; the end was known there */
};

/* The state before the case's own operation: in r->prefix, and on the board. */
static void stand_before(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c)
{
	const struct bp_log *log = bp_plan_log(p, c);

	if (r->prefix_log != log || r->prefix_of != c->parent || c->state.prefix < r->prefix_ops) {
		bp_plan_base(p, c, r->prefix);
		r->prefix_ops = 0;
		r->prefix_log = log;
		r->prefix_of = c->parent;
		bp_flash_copy(bp_runner_flash(r), r->prefix);
	}
	bp_log_apply(log, r->prefix, r->prefix_ops, c->state.prefix);
	r->prefix_ops = c->state.prefix;
	bp_flash_sync(bp_runner_flash(r), r->prefix);
}

/* Bring the board's flash into the state, and check that it is the planned one: the proof that the fault fired. */
static bool build_state(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judgement *out)
{
	const struct bp_state *s = &c->state;
	struct bp_hash128 hash, planned = p->run[c->run].flash;

	stand_before(r, p, c);
	if (r->opt.disarm) {
		bp_case_not_exercised(out, "self-test: the fault was planned but not injected");
		return false;
	}
	if (s->is_torn)
		bp_log_tear(bp_plan_log(p, c), bp_runner_flash(r), s->prefix, s->torn);
	bp_runner_flash(r)->epoch = 0; /* power-ups are counted from the fault, as on the live board */
	hash = bp_flash_hash(bp_runner_flash(r));
	if (hash.lo != planned.lo || hash.hi != planned.hi) {
		bp_case_not_exercised(out, "the state that was built is not the one that was planned");
		return false;
	}
	return true;
}

/* ---- the recovery, recorded ---- */

static void on_recovery_owed(void *ctx, const struct bp_obligation *o)
{
	struct bp_runner *r = ctx;

	bp_log_owe(r->recovery, bp_vboard_now(r->v->vboard), o);
}

static void recovered(void *ctx)
{
	struct bp_runner *r = ctx;

	bp_vboard_watch(r->v->vboard, NULL);
	r->meeting->exec->on_owed = NULL;
}

static void record(struct bp_runner *r, struct bp_exec *x, struct bp_judge *j)
{
	struct bp_vboard_watch watch = {.op = bp_log_op, .ctx = r->recovery};

	bp_log_restart(r->recovery);
	x->on_owed = on_recovery_owed;
	x->ctx = r;
	j->settled = recovered;
	bp_vboard_watch(r->v->vboard, &watch);
	on_recovery_owed(r, &x->owed);
}

int bp_runner_record(struct bp_runner *r, struct bp_arena *a, struct bp_err *err)
{
	if (r->recovery)
		return 0;
	r->packed = bp_arena_alloc(a, BP_RECOVERY_BYTES);
	if (r->memo) {
		bp_memo_free(r->memo);
		r->memo = NULL;
		if (bp_memo_new(MEMO_LOGS_BYTES, &r->memo))
			return bp_fail(err, BP_ENOMEM, "no memory to remember judgements");
	}
	if (!r->packed || bp_log_new(a, &r->product->board.flash, NULL, &r->recovery))
		return bp_fail(err, BP_ENOMEM, "no memory for the logs of recoveries");
	return 0;
}

static int pack(struct bp_runner *r, struct bp_err *err)
{
	size_t n = bp_log_pack(r->recovery, r->packed, BP_RECOVERY_BYTES);

	if (r->recovery->useless || n > BP_RECOVERY_BYTES)
		return bp_fail(err, BP_ENOMEM, "a recovery is too long for the flash log");
	r->packed_bytes = n;
	return 0;
}

/* ---- what is known ---- */

int bp_runner_remember(struct bp_runner *r, struct bp_arena *a, struct bp_err *err)
{
	uint32_t n = r->start->n_pages;
	struct bp_meeting *m = bp_arena_alloc(a, sizeof(*m));

	if (!m)
		return bp_fail(err, BP_ENOMEM, "no memory for a runner");
	m->content = bp_arena_array(a, n, sizeof(*m->content));
	m->rest_content = bp_arena_array(a, n, sizeof(*m->rest_content));
	m->page = bp_arena_array(a, 2 * (size_t)n, sizeof(*m->page));
	m->how = bp_arena_alloc(a, n);
	r->meeting = m;
	if (!m->content || !m->rest_content || !m->page || !m->how || (!r->opt.unmerged && bp_memo_new(MEMO_BYTES, &r->memo)))
		return bp_fail(err, BP_ENOMEM, "no memory to remember judgements");
	return 0;
}

/* All that is given where power returns after the fault, but the flash. */
static struct bp_hash128 root_of(const struct bp_plan *p, const struct bp_case *c, const struct bp_obligation *owed)
{
	const struct bp_log *log = bp_plan_log(p, c);
	struct {
		struct bp_obligation owed;
		uint64_t scenario, fault, bounces, kept, action;
	} given = {*owed, (uintptr_t)p->scenario, (uint64_t)c->state.fault, c->state.bounces, 0, (uint64_t)c->cut.action};
	XXH128_hash_t h;

	if (bp_fault_is_reset(c->state.fault))
		given.kept = XXH3_64bits(log->kept + c->state.kept, log->kept_bytes);
	h = XXH3_128bits(&given, sizeof(given));
	return (struct bp_hash128){h.low64, h.high64};
}

/* The same for the first further boot: what had come out by then, and what seeds the next power-ups. */
static struct bp_hash128 rest_root_of(const struct bp_runner *r, const struct bp_exec *x, const struct bp_judgement *sofar)
{
	struct {
		struct bp_obligation owed;
		uint64_t scenario, bounces, running, slot, reason, epoch, boots, seq;
	} given = {
		x->owed, (uintptr_t)x->scenario, x->bounces, (uint64_t)sofar->running, bp_vboard_running_slot(r->v->vboard), (uint64_t)sofar->reason,
		bp_vboard_flash(r->v->vboard)->epoch, bp_vboard_boots(r->v->vboard), r->v->smp.seq,
	};
	XXH128_hash_t h = XXH3_128bits_withSeed(&given, sizeof(given), 1);

	return (struct bp_hash128){h.low64, h.high64};
}

static void contents(struct bp_flash *f, struct bp_hash128 *out)
{
	bp_flash_hash(f);
	memcpy(out, f->page_hash, f->n_pages * sizeof(*out));
}

/* Pages that the rest looks at and the recovery neither looked at nor erased: then they stand as at the cut. */
static void add_pages(struct bp_meeting *m, const uint32_t *page, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!m->how[page[i]])
			m->page[m->n_pages++] = page[i];
}

static bool first_further_boot(void *ctx, struct bp_judgement *out)
{
	struct bp_runner *r = ctx;
	struct bp_flash *f = bp_runner_flash(r);
	struct bp_meeting *m = r->meeting;
	const struct bp_memo_end *end;

	m->met = true;
	memcpy(m->page, f->asked->page, f->asked->n * sizeof(*m->page));
	m->n_pages = f->asked->n;
	memcpy(m->how, f->asked->how, f->n_pages);
	contents(f, m->rest_content);
	m->rest_root = rest_root_of(r, m->exec, out);
	m->rest_began = bp_vboard_now(r->v->vboard);
	bp_flash_ask_anew(f);
	end = bp_memo_find(r->memo, m->rest_root, m->rest_content);
	if (!end)
		return false;
	*out = end->j;
	m->rest_ns = end->j.virtual_ns;
	m->known = true;
	r->n_rest_known++;
	add_pages(m, end->page, end->n_pages);
	return true;
}

static void tell_asked(struct bp_runner *r, const uint32_t *page, uint32_t n)
{
	r->n_asked = n <= BP_CLASS_PAGES && r->start->n_pages <= BP_CLASS_PAGES ? n : 0;
	for (uint32_t i = 0; i < r->n_asked; i++)
		r->asked[i] = (uint8_t)page[i];
}

/* It has been judged: remember from both points on. */
static int remember(struct bp_runner *r, struct bp_judgement *out, struct bp_err *err)
{
	const struct bp_flash_asked *asked = bp_runner_flash(r)->asked;
	struct bp_meeting *m = r->meeting;
	struct bp_memo_end end = {.j = *out, .page = asked->page, .n_pages = asked->n};
	int rc = 0;

	if (m->met && !m->known) {
		add_pages(m, asked->page, asked->n);
		end.j.virtual_ns = bp_vboard_now(r->v->vboard) - m->rest_began;
		rc = bp_memo_add(r->memo, m->rest_root, m->rest_content, &end, err);
	}
	out->virtual_ns += m->rest_ns;
	end.j = *out;
	if (m->met) {
		end.page = m->page;
		end.n_pages = m->n_pages;
	}
	tell_asked(r, end.page, end.n_pages);
	end.log = r->packed_bytes ? r->packed : NULL;
	end.log_bytes = r->packed_bytes;
	return rc ? rc : bp_memo_add(r->memo, m->root, m->content, &end, err);
}

/* True: *out is what such a state comes to, and r->packed its log. */
static bool is_known(struct bp_runner *r, const struct bp_plan *p, struct bp_judgement *out)
{
	struct bp_meeting *m = r->meeting;
	const struct bp_memo_end *end;

	contents(bp_runner_flash(r), m->content);
	end = bp_memo_find(r->memo, m->root, m->content);
	if (!end || (p->record && end->j.verdict == BP_PASS && !end->log))
		return false;
	*out = end->j;
	if (p->record && end->log) {
		memcpy(r->packed, end->log, end->log_bytes);
		r->packed_bytes = end->log_bytes;
	}
	tell_asked(r, end->page, end->n_pages);
	r->n_known++;
	return true;
}

int bp_runner_state(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, struct bp_judgement *out,
		    struct bp_err *err)
{
	const struct bp_log *log = bp_plan_log(p, c);
	struct bp_meeting *m = r->meeting;
	struct bp_exec x;
	struct bp_judge j;
	int rc;

	r->packed_bytes = r->n_asked = 0;
	bp_runner_rewind(r);
	bp_exec_begin(&x, &r->v->board, p->scenario);
	j = bp_case_judge(&x, &r->bootloader, r->opt.follow_up, r->opt.without);
	if (!build_state(r, p, c, out))
		return 0;
	x.owed = log->owed[c->state.owed].owed;
	bp_obligation_cut(&x.owed, r->product->board.dut.trial_attempts);
	m->root = root_of(p, c, &x.owed);
	m->exec = &x;
	m->met = m->known = false;
	m->rest_ns = 0;
	r->n_states++;
	if (r->memo && is_known(r, p, out))
		return 0;
	x.bounces = c->state.bounces;
	if (bp_fault_is_reset(c->state.fault))
		bp_vboard_hold_kept(r->v->vboard, c->state.fault, log->kept + c->state.kept);
	bp_vboard_count_ops(r->v->vboard);
	j.ctx = r;
	j.off = r->memo ? first_further_boot : NULL;
	if (p->record && bp_case_is_logged(c))
		record(r, &x, &j);
	bp_flash_ask_anew(bp_runner_flash(r));
	j.action = c->cut.action;
	rc = bp_judge_recovery(&j, false, out, err);
	if (!rc && p->record && bp_case_is_logged(c) && out->verdict == BP_PASS)
		rc = pack(r, err);
	if (!rc && !r->memo)
		tell_asked(r, bp_runner_flash(r)->asked->page, bp_runner_flash(r)->asked->n);
	return rc || !r->memo ? rc : remember(r, out, err);
}
