/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested_classes.c - classes of the states that a search of nested cuts has judged, so
 * that of states that are alike only the first is cut further. See classes.h.
 */
#include "explore/plan_parts.h"

#include <string.h>

int bp_plan_keep_asked(struct bp_plan *p, uint32_t index, const uint8_t *page, uint32_t n, bool passed, struct bp_err *err)
{
	uint8_t *own = bp_arena_alloc(p->maker->arena, n + 1u);

	if (!own)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for what runs looked at", p->scenario->name);
	memcpy(own, page, n);
	p->run[index].asked = own;
	p->run[index].n_asked = n;
	p->run[index].passed = passed;
	return 0;
}

int bp_plan_lead(struct bp_maker *m, uint32_t run)
{
	struct bp_lead l = {m->class, run, m->erased};

	if (!m->classes || m->class == BP_NO_CLASS)
		return 0;
	if (run < m->n_met)
		return bp_classes_lead(m->classes, m->class, m->met[run].class, m->erased);
	if (m->n_leads && !memcmp(&m->lead[m->n_leads - 1], &l, sizeof(l)))
		return 0;
	if (m->n_leads == m->cap_leads) {
		struct bp_lead *all = bp_arena_more(m->arena, m->lead, m->n_leads, &m->cap_leads, sizeof(l));

		if (!all)
			return BP_ENOMEM;
		m->lead = all;
	}
	m->lead[m->n_leads++] = l;
	return 0;
}

/* What the state's runs looked at, one behind the other and each page once. Their number; 0: some did not tell. */
static uint32_t asked_of(const struct bp_plan *p, uint32_t run, unsigned n, uint8_t page[BP_CLASS_PAGES])
{
	uint64_t seen = 0;
	uint32_t all = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct bp_run *r = &p->run[run + i];

		if (!r->asked)
			return 0;
		for (uint32_t k = 0; k < r->n_asked; k++)
			if (!(seen & UINT64_C(1) << r->asked[k])) {
				seen |= UINT64_C(1) << r->asked[k];
				page[all++] = r->asked[k];
			}
	}
	return all;
}

/* What is programmed may differ, in what the rules about records leave out. */
static bool same_operations(const struct bp_log *a, const struct bp_log *b)
{
	if (a == b)
		return true;
	if (a->n_ops != b->n_ops || a->n_owed != b->n_owed)
		return false;
	for (uint32_t i = 0; i < a->n_ops; i++)
		if (a->op[i].addr != b->op[i].addr || a->op[i].kind != b->op[i].kind || a->op[i].owed != b->op[i].owed)
			return false;
	for (uint32_t i = 0; i < a->n_owed; i++)
		if (memcmp(&a->owed[i].owed, &b->owed[i].owed, sizeof(a->owed[i].owed)) != 0)
			return false;
	return true;
}

/*
 * States of one class that were judged both, as none was known when they were planned:
 * many in each search. They must have come to the same, by the same operations, and
 * have looked at the same.
 */
static bool alike(const struct bp_plan *p, uint32_t run, uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct bp_run *one = &p->run[run + i], *other = &p->run[first + i];

		if (one->passed != other->passed || one->n_asked != other->n_asked || memcmp(one->asked, other->asked, one->n_asked) != 0)
			return false;
		if (one->log && other->log && !same_operations(one->log, other->log)) /* on the last level none is kept */
			return false;
	}
	return true;
}

/*
 * The state that runs [run, run + n) have judged. When it is not like its class after
 * all, the firmware does not read its records as the product says: it stands for itself,
 * and the search is not proven. Without such rules it would be a defect of the rig.
 */
static int classify(struct bp_maker *m, uint32_t run, unsigned n, struct bp_met *met)
{
	const struct bp_case *c = &m->plan->cases[m->plan->run[run].first_case];
	uint8_t page[BP_CLASS_PAGES];
	uint32_t asked = m->classes && c->kind == BP_CASE_CUT && c->cut.fault == BP_FAULT_POWER_CUT ? asked_of(m->plan, run, n, page) : 0;
	int rc;

	*met = (struct bp_met){BP_NO_CLASS, true};
	if (!asked)
		return 0;
	bp_plan_base(m->plan, c, m->nested_base);
	bp_plan_stand(m, bp_plan_log(m->plan, c), m->nested_base);
	bp_plan_state(m, &c->state);
	rc = bp_classes_add(m->classes, bp_plan_root(m, c, n), m->content, page, asked, run, &met->class, &met->first);
	if (rc == BP_EINTERNAL || (!rc && !met->first && !alike(m->plan, run, bp_classes_tag(m->classes, met->class), n))) {
		*met = (struct bp_met){BP_NO_CLASS, true};
		m->untrue++;
		return m->plan->product && m->plan->product->n_records ? 0 : BP_EINTERNAL;
	}
	return rc;
}

int bp_plan_classify(struct bp_maker *m, struct bp_err *err)
{
	struct bp_plan *p = m->plan;
	int rc = 0;

	while (m->cap_met < p->n_runs && !rc) {
		struct bp_met *all = bp_arena_more(m->arena, m->met, m->n_met, &m->cap_met, sizeof(*m->met));

		rc = all ? 0 : BP_ENOMEM;
		m->met = all ? all : m->met;
	}
	while (m->n_met < p->n_runs && !rc) {
		unsigned n = p->run[m->n_met].of_state;

		rc = classify(m, m->n_met, n, &m->met[m->n_met]);
		for (unsigned i = 1; i < n; i++)
			m->met[m->n_met + i] = m->met[m->n_met];
		m->n_met += n;
	}
	for (uint32_t i = 0; i < m->n_leads && !rc; i++)
		rc = bp_classes_lead(m->classes, m->lead[i].from, m->met[m->lead[i].to].class, m->lead[i].erased);
	m->n_leads = 0;
	return !rc ? 0 : bp_fail(err, rc, rc == BP_EINTERNAL ? "%s: states that are alike were not judged alike: a defect of the rig"
							     : "%s: no memory for classes of states", p->scenario->name);
}

int bp_plan_unproven(struct bp_plan *p, uint32_t *n, struct bp_err *err)
{
	int rc = p->maker->classes ? bp_plan_classify(p->maker, err) : 0;

	*n = !rc && p->maker->classes ? bp_classes_unproven(p->maker->classes) + p->maker->untrue : 0;
	return rc;
}

uint32_t bp_plan_classes(const struct bp_plan *p)
{
	return p->maker->classes ? bp_classes_count(p->maker->classes) : 0;
}

void bp_plan_end(struct bp_plan *p)
{
	if (p->maker)
		bp_classes_free(p->maker->classes);
}

