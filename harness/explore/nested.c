/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested.c - the levels of a plan below the first: cuts within recoveries.
 *
 * The host is silent in them, so the search closes by itself: between power-ups alone
 * a boot state is committed only as often as a trial has attempts, and sequence
 * numbers are compared as they are. Nothing is abstracted. What the host may do after
 * a recovery, an update resumed or another, is judged and not cut: with it sequence
 * numbers go on for ever, and only a written rule about them could close the search.
 */
#include "explore/log_pack.h"
#include "explore/plan_parts.h"

#include <string.h>
#include <xxhash.h>

#define FIRST_LOGS 64u

const struct bp_log *bp_plan_log(const struct bp_plan *p, const struct bp_case *c)
{
	return c->parent ? p->run[p->cases[c->parent].run].log : p->log;
}

void bp_plan_base(const struct bp_plan *p, const struct bp_case *c, struct bp_flash *f)
{
	const struct bp_case *way[BP_MAX_DEPTH];
	unsigned n = 0;

	for (const struct bp_case *at = c; at->parent && n < BP_MAX_DEPTH; n++)
		way[n] = at = &p->cases[at->parent];
	bp_flash_copy(f, p->log->start);
	while (n--) {
		const struct bp_log *log = bp_plan_log(p, way[n]);

		bp_log_apply(log, f, 0, way[n]->state.prefix);
		if (way[n]->state.is_torn)
			bp_log_tear(log, f, way[n]->state.prefix, way[n]->state.torn);
	}
}

/* ---- recoveries -------------------------------------------------------------------- */

static int add_log(struct bp_maker *m, const struct bp_log *log)
{
	if (m->n_logs == m->cap_logs) {
		uint32_t cap = m->cap_logs ? 2 * m->cap_logs : FIRST_LOGS;
		const struct bp_log **all = bp_arena_array(m->arena, cap, sizeof(*all)); /* NOLINT(bugprone-sizeof-expression): pointers they are */

		if (!all)
			return BP_ENOMEM;
		if (m->n_logs)
			memcpy(all, m->log_of, m->n_logs * sizeof(*all)); /* NOLINT(bugprone-sizeof-expression) */
		m->log_of = all;
		m->cap_logs = cap;
	}
	m->log_of[m->n_logs++] = log;
	return 0;
}

int bp_plan_keep_log(struct bp_plan *p, uint32_t index, const void *text, size_t len, struct bp_err *err)
{
	struct bp_maker *m = p->maker;
	XXH128_hash_t h = XXH3_128bits(text, len);
	uint32_t *number;
	int rc = 0;

	if (!m->logs)
		m->logs = bp_states_new(m->arena);
	number = m->logs ? bp_states_at(m->logs, (struct bp_hash128){h.low64, h.high64}) : NULL;
	if (!number)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for the logs of recoveries", p->scenario->name);
	if (!*number) {
		struct bp_log *log;

		rc = bp_log_unpack(m->arena, text, len, p->log->unit_bytes, &log);
		if (!rc)
			rc = add_log(m, log);
		if (rc)
			return bp_fail(err, rc, "%s: the log of a recovery cannot be read or kept", p->scenario->name);
		*number = m->n_logs;
	}
	p->run[index].log = m->log_of[*number - 1];
	return 0;
}

/* ---- the next level ------------------------------------------------------------------ */

static const struct bp_sweep *positions_of(const struct bp_scenario *s)
{
	for (unsigned i = 0; i < s->n_sweeps; i++)
		if (s->sweep[i].event == BP_EVENT_FLASH && s->sweep[i].fault == BP_FAULT_POWER_CUT && s->sweep[i].n_positions)
			return &s->sweep[i];
	return NULL;
}

static int cut_recovery(struct bp_maker *m, const struct bp_sweep *w, uint32_t run, struct bp_err *err)
{
	struct bp_plan *p = m->plan;
	const struct bp_log *log = p->run[run].log;
	struct bp_case inner = {.parent = p->run[run].first_case};
	int rc = 0;

	if (!log || !log->n_ops)
		return 0;
	bp_plan_base(p, &inner, m->nested_base);
	bp_plan_stand(m, log, m->nested_base);
	m->parent = inner.parent;
	for (uint32_t n = 1; n <= log->n_ops && !rc; n++)
		rc = bp_plan_op_cases(m, w, n, (enum bp_phase)log->owed[log->op[n - 1].owed].owed.phase, err);
	return rc;
}

int bp_plan_deepen(struct bp_plan *p, uint32_t first, struct bp_level *level, struct bp_err *err)
{
	const struct bp_sweep *w = positions_of(p->scenario);
	struct bp_maker *m = p->maker;
	uint32_t end = p->n_runs;
	int rc = 0;

	*level = (struct bp_level){.depth = m->depth + 1};
	if (!w || m->depth + 1 > BP_MAX_DEPTH)
		return 0;
	if (!m->nested_base && bp_flash_new(m->arena, &p->log->start->geo, p->log->start->seed, &m->nested_base))
		return bp_fail(err, BP_ENOMEM, "%s: no memory for nested cuts", p->scenario->name);
	m->depth++;
	m->level = level;
	m->stride = 1;
	m->in_sweep = 0;
	for (uint32_t run = first; run < end && !rc; run++)
		rc = cut_recovery(m, w, run, err);
	m->level = NULL;
	return rc;
}
