/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested.c - the levels of a plan below the first: cuts within recoveries.
 *
 * What the host does after a recovery, as the scenario's `actions` say, belongs to it.
 *
 * Of states that are alike (classes.h, records.h) only the first is cut further. They
 * are seen to be alike only when the first has been judged: so a level is planned in
 * slices, each of which is judged before the next, and in two passes.
 */
#include "explore/log_pack.h"
#include "explore/plan_parts.h"

#include <xxhash.h>

#define SLICE_RUNS 2048u /* planned at a time: more is seen to be alike when these have been judged */
/*
 * Cuts of neighbouring operations mostly lead to states that are alike, once one of them
 * has been judged. So a first pass cuts few, and the second one meets little that is new.
 */
#define SPARSE 32u
#define PASSES 2u

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
		const struct bp_log **all = bp_arena_more(m->arena, m->log_of, m->n_logs, &m->cap_logs, sizeof(const struct bp_log *));

		if (!all)
			return BP_ENOMEM;
		m->log_of = all;
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

/* Operations that both logs begin with. */
static uint32_t shared(const struct bp_log *log, const struct bp_log *other)
{
	uint32_t n = 0;

	while (other && n < log->n_ops && n < other->n_ops && log->op[n].addr == other->op[n].addr && log->op[n].kind == other->op[n].kind)
		n++;
	return n;
}

/* silent: of the same state when the host does nothing: what both do is cut there. NULL: nowhere else. */
static int cut_recovery(struct bp_maker *m, const struct bp_sweep *w, uint32_t run, const struct bp_log *silent, struct bp_err *err)
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
	m->class = m->met[run].class;
	for (uint32_t n = 1 + shared(log, silent); n <= log->n_ops && !rc; n++)
		if (!m->classes || (n % SPARSE == 1) == (m->pass == 0))
			rc = bp_plan_op_cases(m, w, n, (enum bp_phase)log->owed[log->op[n - 1].owed].owed.phase, err);
	return rc;
}

static int begin_level(struct bp_maker *m, uint32_t first, struct bp_level *level, struct bp_err *err)
{
	const struct bp_flash *start = m->plan->log->start;
	bool classes = !m->plan->exact && start->n_pages <= BP_CLASS_PAGES;

	if (!m->nested_base && bp_flash_new(m->arena, &start->geo, start->seed, &m->nested_base))
		return bp_fail(err, BP_ENOMEM, "%s: no memory for nested cuts", m->plan->scenario->name);
	if (!m->records && m->plan->product && !m->plan->exact) {
		m->records = bp_records_new(m->arena, m->plan->product);
		if (!m->records)
			return bp_fail(err, BP_ENOMEM, "%s: no memory for records", m->plan->scenario->name);
		bp_flash_copy(m->nested_base, m->plan->log->start);
		bp_records_look(m->records, m->nested_base);
		bp_log_apply(m->plan->log, m->nested_base, 0, m->plan->log->n_ops);
		bp_records_look(m->records, m->nested_base);
	}
	if (!m->classes && classes)
		m->classes = bp_classes_new(m->arena, start->n_pages);
	if (!m->classes && classes)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for classes of states", m->plan->scenario->name);
	level->depth = ++m->depth;
	m->first = m->at = first;
	m->end = m->plan->n_runs;
	m->pass = 0;
	m->stride = 1;
	m->in_sweep = 0;
	return 0;
}

int bp_plan_deepen(struct bp_plan *p, uint32_t first, struct bp_level *level, struct bp_err *err)
{
	const struct bp_sweep *w = bp_scenario_cuts(p->scenario);
	struct bp_maker *m = p->maker;
	uint32_t most = p->n_runs + SLICE_RUNS;
	unsigned n = 1;
	int rc = 0;

	if (!level->more && (!w || m->depth + 1 > BP_MAX_DEPTH)) {
		level->depth = m->depth + 1;
		return 0;
	}
	if (!level->more)
		rc = begin_level(m, first, level, err);
	if (!rc)
		rc = bp_plan_classify(m, err);
	m->level = level;
	for (; m->at < m->end && p->n_runs < most && !rc; m->at += n) {
		bool silent = p->cases[p->run[m->at].first_case].cut.action == BP_ACTION_NOTHING;

		n = p->run[m->at].of_state;
		for (unsigned i = 0; i < n && m->met[m->at].first && !rc; i++)
			rc = cut_recovery(m, w, m->at + i, i && silent ? p->run[m->at].log : NULL, err);
	}
	level->more = m->at < m->end;
	if (!level->more && m->classes && ++m->pass < PASSES) {
		m->at = m->first;
		level->more = true;
	}
	m->level = NULL;
	return rc;
}
