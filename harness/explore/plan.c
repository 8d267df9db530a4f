/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/plan_parts.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define WHEREVER ((1u << BP_PHASES) - 1) /* all phases named: those that there are */

static int variant(struct bp_maker *m, const char *name, uint16_t *out)
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

/* Below the first level nobody knows how many cases there will be. */
static int grow(struct bp_maker *m)
{
	struct bp_plan *p = m->plan;
	uint32_t cap = m->cap_cases;
	struct bp_case *cases = m->level ? bp_arena_more(m->arena, p->cases, p->n_cases, &cap, sizeof(*cases)) : NULL;
	struct bp_run *run = cases ? bp_arena_more(m->arena, p->run, p->n_runs, &m->cap_cases, sizeof(*run)) : NULL;

	if (!run)
		return BP_ENOMEM;
	p->cases = cases;
	p->run = run;
	return 0;
}

static struct bp_case *add_case(struct bp_maker *m, enum bp_case_kind kind, const char *variant_name, enum bp_phase phase)
{
	struct bp_case *c;

	if (m->plan->n_cases == m->cap_cases && grow(m))
		return NULL;
	c = &m->plan->cases[m->plan->n_cases];
	*c = (struct bp_case){.kind = kind, .phase = (uint8_t)phase, .seed = m->plan->seed, .parent = m->parent, .depth = (uint8_t)m->depth};
	if (variant(m, variant_name, &c->variant))
		return NULL;
	m->plan->n_cases++;
	return c;
}

static void own_run(struct bp_maker *m, struct bp_case *c)
{
	c->run = m->plan->n_runs++;
	m->plan->run[c->run] = (struct bp_run){.first_case = (uint32_t)(c - m->plan->cases), .of_state = 1};
}

/* Pages that operations [from, to) of the log erase whole. */
static uint64_t erased(const struct bp_maker *m, uint32_t from, uint32_t to)
{
	uint64_t mask = 0;

	for (uint32_t i = from; i < to && m->flash->n_pages <= BP_CLASS_PAGES; i++)
		if (m->log->op[i].kind == BP_OP_ERASE)
			mask |= UINT64_C(1) << bp_flash_page_at(&m->flash->geo, m->log->op[i].addr).number;
	return mask;
}

void bp_plan_state(struct bp_maker *m, const struct bp_state *s)
{
	if (s->prefix < m->prefix_ops)
		bp_plan_stand(m, m->log, m->base);
	bp_log_apply(m->log, m->prefix, m->prefix_ops, s->prefix);
	m->erased |= erased(m, m->prefix_ops, s->prefix);
	m->prefix_ops = s->prefix;
	bp_flash_sync(m->flash, m->prefix);
	if (s->is_torn)
		bp_log_tear(m->log, m->flash, s->prefix, s->torn);
	bp_flash_hash(m->flash);
	memcpy(m->content, m->flash->page_hash, m->flash->n_pages * sizeof(*m->content));
	if (m->records)
		bp_records_contents(m->records, m->flash, m->content);
}

void bp_plan_stand(struct bp_maker *m, const struct bp_log *log, struct bp_flash *base)
{
	m->log = log;
	m->base = base;
	m->prefix_ops = 0;
	m->erased = 0;
	bp_flash_copy(m->prefix, base);
	bp_flash_copy(m->flash, m->prefix);
}

/* Seeded hash of any bytes. */
static struct bp_hash128 hash(const void *p, size_t n, uint64_t seed)
{
	XXH128_hash_t h = XXH3_128bits_withSeed(p, n, seed);

	return (struct bp_hash128){h.low64, h.high64};
}

/* What the host does, as a number: one action, or all of the scenario's in their turn. */
static uint64_t acts(const struct bp_cutpoint *cut, unsigned n)
{
	return n > 1 ? BP_ACTIONS : (uint64_t)cut->action;
}

/* The state at hand, what it owes, and under which actions it is judged. */
static struct bp_hash128 state_key(struct bp_maker *m, const struct bp_case *c, unsigned n)
{
	const struct bp_state *s = &c->state;
	struct bp_obligation owed = m->log->owed[s->owed].owed;
	struct bp_hash128 flash = hash(m->content, m->flash->n_pages * sizeof(*m->content), acts(&c->cut, n));
	struct bp_hash128 h, key;

	if (!m->classes) /* of which each phase has its own */
		owed = bp_obligation_key(&owed);
	h = hash(&owed, sizeof(owed), flash.lo);
	key = (struct bp_hash128){h.lo ^ flash.hi, h.hi ^ flash.lo};
	if (s->bounces)
		key.lo ^= XXH3_64bits(&s->bounces, sizeof(s->bounces));
	if (bp_fault_is_reset(s->fault)) { /* the core remembers */
		h = hash(m->log->kept + s->kept, m->log->kept_bytes, s->fault);
		key.lo ^= h.lo;
		key.hi ^= h.hi;
	}
	return key;
}

struct bp_hash128 bp_plan_root(const struct bp_maker *m, const struct bp_case *c, unsigned n)
{
	struct bp_obligation owed = bp_plan_log(m->plan, c)->owed[c->state.owed].owed;

	return hash(&owed, sizeof(owed), acts(&c->cut, n));
}

#define NAMED_DEPTH 4u       /* deeper levels share their variants' names */
#define LEFT_OPEN UINT32_MAX /* instead of a run: the budget was used up */

static bool budget_is_used_up(const struct bp_maker *m)
{
	uint32_t most = m->plan->nested_budget ? m->plan->nested_budget : m->budget;

	return m->level && most && m->nested >= most;
}

/* Classes are made of states that power cuts leave: nothing but the flash lives on. */
static bool has_class(const struct bp_maker *m, const struct bp_case *c)
{
	return m->classes && c->cut.fault == BP_FAULT_POWER_CUT;
}

/* Is a state like it known? Then the first run of that. */
static uint32_t alike(struct bp_maker *m, const struct bp_case *c, unsigned n)
{
	uint32_t class = has_class(m, c) ? bp_classes_find(m->classes, bp_plan_root(m, c, n), m->content) : BP_NO_CLASS;

	return class == BP_NO_CLASS ? 0 : bp_classes_tag(m->classes, class) + 1;
}

/* The first of the n runs that judge the case's state: of earlier ones, or of its own. */
static int find_run(struct bp_maker *m, struct bp_case *c, unsigned n)
{
	uint32_t *run;

	if (bp_fault_runs_on(c->cut.fault)) { /* no log tells where the core gets to */
		c->run = m->plan->n_runs;
		return 0;
	}
	bp_plan_state(m, &c->state);
	run = bp_states_at(m->states, state_key(m, c, n));
	if (!run)
		return BP_ENOMEM;
	if (!*run)
		*run = alike(m, c, n);
	c->merged = *run != 0;
	c->run = *run - 1;
	if (!*run) {
		c->run = budget_is_used_up(m) ? LEFT_OPEN : m->plan->n_runs;
		*run = c->run == LEFT_OPEN ? LEFT_OPEN : c->run + 1;
	}
	return m->level && c->run < LEFT_OPEN - 1 ? bp_plan_lead(m, c->run) : 0;
}

/* Below the first level only what is new is listed; the rest is counted. */
static bool is_listed(struct bp_maker *m, const struct bp_case *c)
{
	bool is_open = c->run == LEFT_OPEN, is_new = !c->merged && !is_open;

	if (!m->level)
		return true;
	m->level->cases++;
	m->level->merged += c->merged;
	m->level->open += is_open;
	m->level->states += is_new;
	m->nested += is_new;
	return is_new;
}

/* "flash before", "cut 2: flash before, resume" */
static void case_name(const struct bp_maker *m, char *out, size_t cap, const char *variant_name, enum bp_action action)
{
	char level[32] = "";

	if (m->level)
		snprintf(level, sizeof(level), m->depth < NAMED_DEPTH ? "cut %u: " : "cut %u or later: ",
			 m->depth < NAMED_DEPTH ? m->depth : NAMED_DEPTH);
	snprintf(out, cap, "%s%s%s%s", level, variant_name, action ? ", " : "", action ? bp_action_names[action] : "");
}

/* The state that the first case leaves, under this action of the host. */
static int act_case(struct bp_maker *m, const struct bp_case *first, unsigned nth, unsigned of, enum bp_action action, const char *variant_name)
{
	char name[128];
	struct bp_case *c;

	case_name(m, name, sizeof(name), variant_name, action);
	c = add_case(m, BP_CASE_CUT, name, (enum bp_phase)first->phase);
	if (!c)
		return BP_ENOMEM;
	c->cut = first->cut;
	c->cut.action = action;
	c->state = first->state;
	c->merged = first->merged;
	c->run = first->run + nth;
	if (c->merged)
		return 0;
	own_run(m, c);
	m->plan->run[c->run].of_state = (uint8_t)of;
	if (!bp_fault_runs_on(c->cut.fault))
		m->plan->run[c->run].flash = bp_flash_hash(m->flash);
	return 0;
}

/* All cases of one cut: one for each action of the host. */
static int cut_case(struct bp_maker *m, const struct bp_cutpoint *cut, enum bp_phase phase, const char *variant_name, struct bp_err *err)
{
	const struct bp_scenario *s = m->plan->scenario;
	bool all = cut->fault == BP_FAULT_POWER_CUT && cut->event == BP_EVENT_FLASH && !cut->action;
	unsigned n = all && s->n_actions ? s->n_actions : 1; /* 0: a scenario that was made by hand */
	struct bp_case first = {.kind = BP_CASE_CUT, .cut = *cut, .phase = (uint8_t)phase, .parent = m->parent};
	int rc = 0;

	m->phases |= 1u << phase;
	m->cut_cases += n;
	m->in_sweep += n;
	if ((m->in_sweep / n - 1) % m->stride || m->counting)
		return 0;
	if (bp_log_resolve(m->log, cut, &first.state))
		return bp_fail(err, BP_EINTERNAL, "%s: a planned cut resolves to no state", s->name);
	first.cut.action = all ? s->action[0] : cut->action;
	if (find_run(m, &first, n))
		return bp_fail(err, BP_ENOMEM, "%s: too many states", s->name);
	if (!is_listed(m, &first))
		return 0;
	for (unsigned i = 0; i < n && !rc; i++)
		rc = act_case(m, &first, i, n, all ? s->action[i] : cut->action, variant_name);
	return rc ? bp_fail(err, rc, "%s: too many cases", s->name) : 0;
}

/* " reset-pin", " brown-out 20 ms"; nothing for a power cut. */
static void fault_name(char out[32], const struct bp_cutpoint *c)
{
	out[0] = 0;
	if (c->fault != BP_FAULT_POWER_CUT)
		snprintf(out, 32, " %s", bp_fault_names[c->fault]);
	if (c->fault_arg)
		snprintf(out + strlen(out), 32 - strlen(out), " %u%s", c->fault_arg, c->fault == BP_FAULT_BROWN_OUT ? " ms" : "");
}

/* The positions of one operation. */
int bp_plan_op_cases(struct bp_maker *m, const struct bp_sweep *w, uint32_t n, enum bp_phase phase, struct bp_err *err)
{
	enum bp_op_kind kind = (enum bp_op_kind)m->log->op[n - 1].kind;
	uint32_t ks = kind == BP_OP_ERASE && !bp_fault_is_live(w->fault) ? BP_ERASE_K : BP_PROGRAM_K;
	int rc = 0;

	if (w->fault == BP_FAULT_PAGE_WORN && kind != BP_OP_ERASE)
		return 0; /* wear shows in an erase */
	for (unsigned i = 0; i < w->n_positions && !rc; i++) {
		struct bp_cutpoint cut = {.event = BP_EVENT_FLASH, .n = n, .position = w->position[i].position,
					  .fault = w->fault, .fault_arg = w->fault_arg};
		char of[32], name[64];

		fault_name(of, &cut);

		if (cut.position != BP_CUT_TORN) {
			snprintf(name, sizeof(name), "flash %s%s", cut.position == BP_CUT_BEFORE ? "before" : "after", of);
			rc = cut_case(m, &cut, phase, name, err);
			continue;
		}
		if (w->position[i].shape) {
			cut.torn = w->position[i].shape->torn;
			snprintf(name, sizeof(name), "flash torn %s%s", w->position[i].shape->name, of);
			if (w->position[i].shape->kind == kind)
				rc = cut_case(m, &cut, phase, name, err);
			continue;
		}
		snprintf(name, sizeof(name), "flash torn %u%%%s", w->position[i].percent, of);
		cut.torn.percent = w->position[i].percent;
		for (cut.torn.k = 0; cut.torn.k < ks && !rc; cut.torn.k++)
			rc = cut_case(m, &cut, phase, name, err);
	}
	return rc;
}

static int flash_sweep(struct bp_maker *m, const struct bp_sweep *w, struct bp_err *err)
{
	int rc = 0;

	for (uint32_t n = 1; n <= m->log->n_ops && !rc; n += w->every) {
		uint8_t phase = m->log->owed[m->log->op[n - 1].owed].owed.phase;

		if (w->phases & (1u << phase))
			rc = bp_plan_op_cases(m, w, n, (enum bp_phase)phase, err);
	}
	return rc;
}

static int point_case(struct bp_maker *m, const struct bp_cutpoint *cut, uint32_t phases, const char *variant_name, struct bp_err *err)
{
	struct bp_state s;
	uint8_t phase;

	if (bp_log_resolve(m->log, cut, &s))
		return BP_ENOENT;
	phase = m->log->owed[s.owed].owed.phase;
	return phases & (1u << phase) ? cut_case(m, cut, (enum bp_phase)phase, variant_name, err) : 0;
}

/* What the wire carries, either way. */
static int wire_sweep(struct bp_maker *m, const struct bp_sweep *w, struct bp_err *err)
{
	static const char *const names[BP_EVENTS] = {
		[BP_EVENT_LINK_BYTE] = "link byte", [BP_EVENT_LINK_FRAME] = "link frame", [BP_EVENT_LINE] = "line",
	};
	uint32_t n = bp_log_events(m->log, w->event);
	int rc = 0;

	for (uint32_t i = 1; i <= n && !rc; i += w->every) {
		struct bp_cutpoint cut;

		char of[32], name[64];

		if (bp_log_point(m->log, w->event, i, &cut)) {
			cut.fault = w->fault;
			fault_name(of, &cut);
			snprintf(name, sizeof(name), "%s%s", names[w->event], of);
			rc = point_case(m, &cut, w->phases, name, err);
		}
		if (rc == BP_ENOENT)
			return bp_fail(err, BP_EINTERNAL, "%s %u resolves to no state", names[w->event], i);
	}
	return rc;
}

/* A sweep that cuts nowhere, or not at the listed point, must not look like one that passed. */
static int empty_case(struct bp_maker *m, unsigned sweep, const struct bp_cutpoint *point, struct bp_err *err)
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
static int listed(struct bp_maker *m, unsigned sweep, struct bp_err *err)
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
static uint32_t stride_of(const struct bp_maker *m, unsigned sweep, uint32_t all)
{
	uint64_t share;

	if (m->counting || !all || !m->budget || all <= m->budget || !m->count[sweep])
		return 1;
	share = (uint64_t)m->budget * m->count[sweep] / all;
	return share ? (uint32_t)((m->count[sweep] + share - 1) / share) : m->count[sweep];
}

static int sweeps(struct bp_maker *m, uint32_t all, struct bp_err *err)
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

static int other_cases(struct bp_maker *m, struct bp_err *err)
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

static int tables(struct bp_maker *m, struct bp_err *err)
{
	m->states = bp_states_new(m->arena);
	m->plan->cases = bp_arena_array(m->arena, m->cap_cases, sizeof(*m->plan->cases));
	m->plan->run = bp_arena_array(m->arena, m->cap_cases, sizeof(*m->plan->run));
	if (!m->states || !m->plan->cases || !m->plan->run)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for %u cases", m->plan->scenario->name, m->cap_cases);
	return 0;
}

int bp_plan_make(struct bp_arena *a, const struct bp_scenario *s, const struct bp_log *log, struct bp_flash *scratch,
		 uint64_t seed, uint32_t budget, struct bp_plan **out, struct bp_err *err)
{
	struct bp_maker *m = bp_arena_alloc(a, sizeof(*m));
	uint32_t all;
	int rc;

	if (!m)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for a plan", s->name);
	*m = (struct bp_maker){.arena = a, .log = log, .flash = scratch, .stride = 1, .counting = true, .depth = 1};
	m->plan = bp_arena_alloc(a, sizeof(*m->plan));
	m->content = bp_arena_array(a, log->start->n_pages, sizeof(*m->content));
	if (!m->plan || !m->content || bp_flash_new(a, &log->start->geo, log->start->seed, &m->prefix))
		return bp_fail(err, BP_ENOMEM, "%s: no memory for a plan", s->name);
	*m->plan = (struct bp_plan){.scenario = s, .log = log, .seed = seed, .maker = m};
	rc = sweeps(m, 0, err);
	if (rc)
		return rc;
	m->counting = false;
	m->budget = budget;
	all = m->cut_cases;
	m->plan->all_cases = all + other_count(s);
	m->cap_cases = (budget && budget < all ? budget : all) + other_count(s) + (3 + BP_MAX_POSITIONS) * BP_MAX_SWEEPS;
	rc = tables(m, err);
	if (rc)
		return rc;
	bp_plan_stand(m, log, log->start);
	rc = other_cases(m, err);
	if (!rc)
		rc = sweeps(m, all, err);
	*out = m->plan;
	return rc;
}
