/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/follow.h"

#include "explore/log_pack.h"

/* The flash in which the case leaves the board. */
static struct bp_hash128 planned(const struct bp_plan *p, const struct bp_case *c, struct bp_flash *scratch)
{
	const struct bp_log *log = bp_plan_log(p, c);

	bp_plan_base(p, c, scratch);
	bp_log_apply(log, scratch, 0, c->state.prefix);
	if (c->state.is_torn)
		bp_log_tear(log, scratch, c->state.prefix, c->state.torn);
	return bp_flash_hash(scratch);
}

static int keep(struct bp_runner *r, struct bp_arena *a, const struct bp_log **out)
{
	struct bp_log *log;
	int rc = bp_log_unpack(a, r->packed, r->packed_bytes, r->recovery->unit_bytes, &log);

	*out = log;
	return rc;
}

/* Cut k + 1 (from 0) of the token. */
static int next(struct bp_runner *r, struct bp_arena *a, const struct bp_token *t, unsigned k, struct bp_plan *p, struct bp_flash *scratch,
		struct bp_judgement *out, struct bp_err *err)
{
	struct bp_case *c = &p->cases[k + 1];
	struct bp_run *run = &p->run[k + 1];
	const struct bp_log *log;
	int rc;

	if (k)
		*c = (struct bp_case){.kind = BP_CASE_CUT, .cut = t->cut[k], .seed = t->seed, .parent = k, .depth = (uint8_t)(k + 1)};
	log = bp_plan_log(p, c);
	if (k && bp_log_resolve(log, &t->cut[k], &c->state))
		return bp_fail(err, BP_EUSAGE, "token: cut %u of %s: the recovery has no such cut point; it has %u flash operations", k + 1,
			       p->scenario->name, log->n_ops);
	c->phase = log->owed[c->state.owed].owed.phase;
	c->run = k + 1;
	*run = (struct bp_run){.first_case = k + 1, .flash = planned(p, c, scratch)};
	p->record = k + 1 < t->n_cuts;
	if (p->record && !bp_case_is_logged(c))
		return bp_fail(err, BP_EUSAGE, "token: cut %u leaves a recovery that nothing can be cut in", k + 1);
	if (bp_fault_runs_on(c->cut.fault)) /* run from the start alone */
		return 0;
	rc = bp_runner_state(r, p, c, out, err);
	if (rc || !p->record)
		return rc;
	if (out->verdict != BP_PASS)
		return bp_fail(err, BP_EUSAGE, "token: after cut %u the device fails by itself (%s): nothing is cut there", k + 1, out->text);
	return keep(r, a, &run->log) ? bp_fail(err, BP_ENOMEM, "no memory") : 0;
}

int bp_follow(struct bp_runner *r, struct bp_arena *a, const struct bp_token *t, struct bp_plan *p, const struct bp_case **c,
	      struct bp_judgement *out, struct bp_err *err)
{
	struct bp_flash *scratch;
	int rc = bp_runner_record(r, a, err);

	if (rc)
		return rc;
	p->cases = bp_arena_array(a, t->n_cuts + 1u, sizeof(*p->cases));
	p->run = bp_arena_array(a, t->n_cuts + 1u, sizeof(*p->run));
	if (!p->cases || !p->run || bp_flash_new(a, &r->product->board.flash, r->opt.seed, &scratch))
		return bp_fail(err, BP_ENOMEM, "no memory");
	p->n_cases = p->n_runs = t->n_cuts + 1;
	rc = bp_token_case(t, p, &p->cases[t->n_cuts > 0], err);
	for (unsigned k = 0; k < t->n_cuts && !rc; k++)
		rc = next(r, a, t, k, p, scratch, out, err);
	*c = &p->cases[t->n_cuts];
	return rc;
}
