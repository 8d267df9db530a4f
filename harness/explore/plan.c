/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/plan.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define WHEREVER ((1u << BP_PHASES) - 1) /* all phases named: those that there are */

/* Key of a state with what is owed in it → the run that judges it. */
struct slot {
	struct bp_hash128 key;
	uint32_t run_plus_1;
};

struct maker {
	struct bp_arena *arena;
	struct bp_plan *plan;
	const struct bp_log *log;
	struct bp_flash *flash, *prefix; /* scratch, and the state that moves along the log */
	uint32_t prefix_ops;
	uint32_t cap_cases;
	uint32_t stride;                 /* of the budget and the sweep at hand: every stride-th cut case is planned */
	uint32_t budget;                 /* 0: all */
	uint32_t count[BP_MAX_SWEEPS];   /* cut cases of each sweep, from the first round */
	uint32_t in_sweep;               /* cut cases of the sweep at hand so far */
	uint32_t phases;                 /* in which the sweep at hand met an event */
	struct slot *table;
	uint32_t table_mask;
	bool counting;                   /* first round: only count cut cases */
	uint32_t cut_cases;
};

static int variant(struct maker *m, const char *name, uint16_t *out)
{
	struct bp_plan *p = m->plan;

	for (unsigned i = 0; i < p->n_variants; i++)
		if (!strcmp(p->variant[i], name)) {
			*out = (uint16_t)i;
			return 0;
		}
	if (p->n_variants == BP_MAX_VARIANTS)
		return BP_ENOMEM;
	p->variant[p->n_variants] = bp_arena_text(m->arena, name, strlen(name));
	if (!p->variant[p->n_variants])
		return BP_ENOMEM;
	*out = (uint16_t)p->n_variants++;
	return 0;
}

static struct bp_case *add_case(struct maker *m, enum bp_case_kind kind, const char *variant_name, enum bp_phase phase)
{
	struct bp_case *c;

	if (m->plan->n_cases == m->cap_cases)
		return NULL;
	c = &m->plan->cases[m->plan->n_cases];
	*c = (struct bp_case){.kind = kind, .phase = (uint8_t)phase, .seed = m->plan->seed};
	if (variant(m, variant_name, &c->variant))
		return NULL;
	m->plan->n_cases++;
	return c;
}

static void own_run(struct maker *m, struct bp_case *c)
{
	c->run = m->plan->n_runs++;
	m->plan->run[c->run] = (struct bp_run){.first_case = (uint32_t)(c - m->plan->cases)};
}

/* Hash of the flash in which the case leaves the board. */
static struct bp_hash128 state_hash(struct maker *m, const struct bp_state *s)
{
	if (s->prefix < m->prefix_ops) {
		bp_flash_copy(m->prefix, m->log->start);
		m->prefix_ops = 0;
		bp_flash_copy(m->flash, m->prefix);
	}
	bp_log_apply(m->log, m->prefix, m->prefix_ops, s->prefix);
	m->prefix_ops = s->prefix;
	bp_flash_sync(m->flash, m->prefix);
	if (s->is_torn)
		bp_log_tear(m->log, m->flash, s->prefix, s->torn);
	return bp_flash_hash(m->flash);
}

static void find_run(struct maker *m, struct bp_case *c)
{
	struct bp_obligation owed = bp_obligation_key(&m->log->owed[c->state.owed].owed);
	struct bp_hash128 flash = state_hash(m, &c->state);
	XXH128_hash_t h = XXH3_128bits_withSeed(&owed, sizeof(owed), flash.lo);
	struct bp_hash128 key = {h.low64 ^ flash.hi, h.high64 ^ flash.lo};

	if (c->state.fault != BP_FAULT_POWER_CUT) { /* the core remembers */
		h = XXH3_128bits_withSeed(m->log->kept + c->state.kept, m->log->kept_bytes, c->state.fault);
		key.lo ^= h.low64;
		key.hi ^= h.high64;
	}

	for (uint32_t i = (uint32_t)key.lo & m->table_mask;; i = (i + 1) & m->table_mask) {
		struct slot *s = &m->table[i];

		if (!s->run_plus_1) {
			own_run(m, c);
			m->plan->run[c->run].flash = flash;
			*s = (struct slot){key, c->run + 1};
			return;
		}
		if (s->key.lo == key.lo && s->key.hi == key.hi) {
			c->run = s->run_plus_1 - 1;
			c->merged = true;
			return;
		}
	}
}

static int cut_case(struct maker *m, const struct bp_cutpoint *cut, enum bp_phase phase, const char *variant_name, struct bp_err *err)
{
	struct bp_case *c;

	m->phases |= 1u << phase;
	m->cut_cases++;
	if (m->in_sweep++ % m->stride || m->counting)
		return 0;
	c = add_case(m, BP_CASE_CUT, variant_name, phase);
	if (!c)
		return bp_fail(err, BP_ENOMEM, "%s: too many cases", m->plan->scenario->name);
	c->cut = *cut;
	if (bp_log_resolve(m->log, cut, &c->state))
		return bp_fail(err, BP_EINTERNAL, "%s: a planned cut resolves to no state", m->plan->scenario->name);
	find_run(m, c);
	return 0;
}

/* The positions of one operation. */
static int op_cases(struct maker *m, const struct bp_sweep *w, uint32_t n, enum bp_phase phase, struct bp_err *err)
{
	enum bp_op_kind kind = (enum bp_op_kind)m->log->op[n - 1].kind;
	uint32_t ks = kind == BP_OP_ERASE ? BP_ERASE_K : BP_PROGRAM_K;
	int rc = 0;

	for (unsigned i = 0; i < w->n_positions && !rc; i++) {
		struct bp_cutpoint cut = {.event = BP_EVENT_FLASH, .n = n, .position = w->position[i].position, .fault = w->fault};
		const char *of = w->fault == BP_FAULT_POWER_CUT ? "" : bp_fault_names[w->fault];
		char name[48];

		if (cut.position != BP_CUT_TORN) {
			snprintf(name, sizeof(name), "flash %s%s%s", cut.position == BP_CUT_BEFORE ? "before" : "after", *of ? " " : "", of);
			rc = cut_case(m, &cut, phase, name, err);
			continue;
		}
		if (w->position[i].shape) {
			cut.torn = w->position[i].shape->torn;
			snprintf(name, sizeof(name), "flash torn %s", w->position[i].shape->name);
			if (w->position[i].shape->kind == kind)
				rc = cut_case(m, &cut, phase, name, err);
			continue;
		}
		snprintf(name, sizeof(name), "flash torn %u%%", w->position[i].percent);
		cut.torn.percent = w->position[i].percent;
		for (cut.torn.k = 0; cut.torn.k < ks && !rc; cut.torn.k++)
			rc = cut_case(m, &cut, phase, name, err);
	}
	return rc;
}

static int flash_sweep(struct maker *m, const struct bp_sweep *w, struct bp_err *err)
{
	int rc = 0;

	for (uint32_t n = 1; n <= m->log->n_ops && !rc; n += w->every) {
		uint8_t phase = m->log->owed[m->log->op[n - 1].owed].owed.phase;

		if (w->phases & (1u << phase))
			rc = op_cases(m, w, n, (enum bp_phase)phase, err);
	}
	return rc;
}

static int point_case(struct maker *m, const struct bp_cutpoint *cut, uint32_t phases, const char *variant_name, struct bp_err *err)
{
	struct bp_state s;
	uint8_t phase;

	if (bp_log_resolve(m->log, cut, &s))
		return BP_ENOENT;
	phase = m->log->owed[s.owed].owed.phase;
	return phases & (1u << phase) ? cut_case(m, cut, (enum bp_phase)phase, variant_name, err) : 0;
}

/* What the wire carries, either way. */
static int wire_sweep(struct maker *m, const struct bp_sweep *w, struct bp_err *err)
{
	static const char *const names[BP_EVENTS] = {
		[BP_EVENT_LINK_BYTE] = "link byte", [BP_EVENT_LINK_FRAME] = "link frame", [BP_EVENT_LINE] = "line",
	};
	uint32_t n = bp_log_events(m->log, w->event);
	int rc = 0;

	for (uint32_t i = 1; i <= n && !rc; i += w->every) {
		struct bp_cutpoint cut;

		if (bp_log_point(m->log, w->event, i, &cut))
			rc = point_case(m, &cut, w->phases, names[w->event], err);
		if (rc == BP_ENOENT)
			return bp_fail(err, BP_EINTERNAL, "%s %u resolves to no state", names[w->event], i);
	}
	return rc;
}

/* A sweep that cuts nowhere, or not at the listed point, must not look like one that passed. */
static int empty_case(struct maker *m, unsigned sweep, const struct bp_cutpoint *point, struct bp_err *err)
{
	struct bp_case *c = add_case(m, BP_CASE_EMPTY, "empty sweep", BP_PHASE_IDLE);

	if (!c)
		return bp_fail(err, BP_ENOMEM, "%s: too many cases", m->plan->scenario->name);
	c->row = (uint16_t)sweep;
	if (point)
		c->cut = *point;
	own_run(m, c);
	return 0;
}

/* Points by name. Each is a variant of its own, so that each is also run from the start. */
static int listed(struct maker *m, unsigned sweep, struct bp_err *err)
{
	const struct bp_sweep *w = &m->plan->scenario->sweep[sweep];
	int rc = 0;

	for (unsigned i = 0; i < w->n_at && !rc; i++) {
		char name[BP_CUTPOINT_TEXT];

		rc = point_case(m, &w->at[i], WHEREVER, bp_cutpoint_show(name, &w->at[i]), err);
		if (rc == BP_ENOENT)
			rc = m->counting ? 0 : empty_case(m, sweep, &w->at[i], err);
	}
	return rc;
}

/* A budget is shared out by size; each sweep keeps its first case at least. */
static uint32_t stride_of(const struct maker *m, unsigned sweep, uint32_t all)
{
	uint64_t share;

	if (m->counting || !all || !m->budget || all <= m->budget || !m->count[sweep])
		return 1;
	share = (uint64_t)m->budget * m->count[sweep] / all;
	return share ? (uint32_t)((m->count[sweep] + share - 1) / share) : m->count[sweep];
}

static int sweeps(struct maker *m, uint32_t all, struct bp_err *err)
{
	const struct bp_scenario *s = m->plan->scenario;

	m->cut_cases = 0;
	for (unsigned i = 0; i < s->n_sweeps; i++) {
		const struct bp_sweep *w = &s->sweep[i];
		int rc;

		m->in_sweep = 0;
		m->phases = 0;
		m->stride = stride_of(m, i, all);
		rc = w->n_at ? listed(m, i, err) : w->event == BP_EVENT_FLASH ? flash_sweep(m, w, err) : wire_sweep(m, w, err);
		if (m->counting)
			m->count[i] = m->in_sweep;
		else if (!rc && !w->n_at && (w->phases == WHEREVER ? !m->phases : (w->phases & ~m->phases) != 0))
			rc = empty_case(m, i, NULL, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int other_cases(struct maker *m, struct bp_err *err)
{
	const struct bp_scenario *s = m->plan->scenario;
	struct bp_case *c = add_case(m, BP_CASE_NO_FAULT, "no fault", BP_PHASE_IDLE);
	char name[96];

	if (!c)
		goto full;
	own_run(m, c);
	for (unsigned i = 0; i < s->n_edits; i++) {
		snprintf(name, sizeof(name), "edit %s", s->edit[i].op->name);
		for (uint32_t k = 0; k < s->edit[i].seeds; k++) {
			c = add_case(m, BP_CASE_EDIT, name, BP_PHASE_DOWNLOAD);
			if (!c)
				goto full;
			c->row = (uint16_t)i;
			c->seed = m->plan->seed + k;
			own_run(m, c);
		}
	}
	for (unsigned i = 0; i < s->n_damages; i++) {
		snprintf(name, sizeof(name), "damage %s", s->damage[i].label);
		c = add_case(m, BP_CASE_DAMAGE, name, BP_PHASE_IDLE);
		if (!c)
			goto full;
		c->row = (uint16_t)i;
		own_run(m, c);
	}
	return 0;
full:
	return bp_fail(err, BP_ENOMEM, "%s: too many cases", s->name);
}

static uint32_t other_count(const struct bp_scenario *s)
{
	uint32_t n = 1 + s->n_damages;

	for (unsigned i = 0; i < s->n_edits; i++)
		n += s->edit[i].seeds;
	return n;
}

static int tables(struct maker *m, struct bp_err *err)
{
	uint32_t size = 1024;

	while (size < 2 * m->cap_cases)
		size *= 2;
	m->table_mask = size - 1;
	m->table = bp_arena_array(m->arena, size, sizeof(*m->table));
	m->plan->cases = bp_arena_array(m->arena, m->cap_cases, sizeof(*m->plan->cases));
	m->plan->run = bp_arena_array(m->arena, m->cap_cases, sizeof(*m->plan->run));
	if (!m->table || !m->plan->cases || !m->plan->run)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for %u cases", m->plan->scenario->name, m->cap_cases);
	return 0;
}

int bp_plan_make(struct bp_arena *a, const struct bp_scenario *s, const struct bp_log *log, struct bp_flash *scratch,
		 uint64_t seed, uint32_t budget, struct bp_plan **out, struct bp_err *err)
{
	struct maker m = {.arena = a, .log = log, .flash = scratch, .stride = 1, .counting = true};
	uint32_t all;
	int rc;

	m.plan = bp_arena_alloc(a, sizeof(*m.plan));
	if (!m.plan || bp_flash_new(a, &log->start->geo, log->start->seed, &m.prefix))
		return bp_fail(err, BP_ENOMEM, "%s: no memory for a plan", s->name);
	m.plan->scenario = s;
	m.plan->log = log;
	m.plan->seed = seed;
	rc = sweeps(&m, 0, err);
	if (rc)
		return rc;
	m.counting = false;
	m.budget = budget;
	all = m.cut_cases;
	m.plan->all_cases = all + other_count(s);
	m.cap_cases = (budget && budget < all ? budget : all) + other_count(s) + (3 + BP_MAX_POSITIONS) * BP_MAX_SWEEPS;
	rc = tables(&m, err);
	if (rc)
		return rc;
	bp_flash_copy(m.prefix, log->start);
	bp_flash_copy(m.flash, m.prefix);
	rc = other_cases(&m, err);
	if (!rc)
		rc = sweeps(&m, all, err);
	*out = m.plan;
	return rc;
}
