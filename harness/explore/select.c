/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/select.h"

#include "explore/aim.h"

#include <string.h>

enum { LEFT, CANDIDATE, TAKEN };

bool bp_plan_detachable(const struct bp_plan *p, const struct bp_case *c)
{
	for (unsigned i = 0; i < p->scenario->n_steps; i++)
		if (p->scenario->step[i].kind == BP_STEP_DAMAGE)
			return false;
	return c->kind != BP_CASE_EMPTY && c->kind != BP_CASE_DAMAGE && !(c->kind == BP_CASE_CUT && c->cut.event == BP_EVENT_FLASH);
}

bool bp_plan_detached(const struct bp_plan *p, uint32_t index, uint32_t percent)
{
	uint64_t can = 0, before = 0, want;

	if (!percent || !bp_plan_detachable(p, &p->cases[index]))
		return false;
	for (uint32_t i = 0; i < p->n_cases; i++) {
		before += i < index && bp_plan_detachable(p, &p->cases[i]);
		can += bp_plan_detachable(p, &p->cases[i]);
	}
	want = ((uint64_t)p->n_cases * percent + 99) / 100;
	want = want < can ? want : can;
	if (!can)
		return false;
	return (before + 1) * want / can != before * want / can;
}

const char *bp_plan_refuses(const struct bp_plan *p, const struct bp_case *c, const struct bp_bench_board *b)
{
	if (!b->debug && c->kind == BP_CASE_DAMAGE)
		return "damage at rest is written through a debug port";
	if (b->link && b->link->deliver && c->kind == BP_CASE_EDIT)
		return "what the device refuses, and why, is not told through its link";
	if (b->link && b->link->deliver && c->kind == BP_CASE_CUT && (c->cut.event == BP_EVENT_LINK_BYTE || c->cut.event == BP_EVENT_LINK_FRAME))
		return "its link is a command's or the probe's: the host does not count its bytes";
	if (b->link && b->link->offline && c->kind == BP_CASE_CUT && c->cut.event == BP_EVENT_FLASH)
		return "its image is written by the probe: flash operations are others than the virtual board's";
	return c->kind == BP_CASE_CUT ? bp_aim_refuses(b, p->log, &c->cut) : NULL;
}

static bool reachable(const struct bp_plan *p, const struct bp_case *c, const struct bp_bench_board *const *boards, unsigned n)
{
	bool any = !n;

	for (unsigned i = 0; i < n && !any; i++)
		any = !bp_plan_refuses(p, c, boards[i]);
	return any;
}

/* `quota` candidates of one variant, from the middles of so many equal parts. */
static void take(const struct bp_plan *p, uint8_t *mark, uint16_t variant, uint32_t count, uint32_t quota)
{
	uint32_t at = 0, taken = 0;

	for (uint32_t i = 0; i < p->n_cases && taken < quota; i++) {
		if (mark[i] != CANDIDATE || p->cases[i].variant != variant)
			continue;
		if (at++ == (uint32_t)((2 * (uint64_t)taken + 1) * count / (2 * (uint64_t)quota))) {
			mark[i] = TAKEN;
			taken++;
		}
	}
}

/* Each variant in turn gets one more, until the budget is used up; with fewer than there are variants, every so-many-th gets one. */
static void spread(const struct bp_plan *p, uint8_t *mark, const uint32_t count[BP_MAX_VARIANTS], uint32_t budget)
{
	uint32_t quota[BP_MAX_VARIANTS] = {0}, present = 0, left = budget, nth = 0;
	bool more = true;

	for (unsigned v = 0; v < p->n_variants; v++)
		present += count[v] > 0;
	for (unsigned v = 0; v < p->n_variants && present > budget; v++)
		if (count[v]) {
			quota[v] = (nth + 1) * (uint64_t)budget / present > nth * (uint64_t)budget / present;
			nth++;
		}
	while (present <= budget && left && more) {
		more = false;
		for (unsigned v = 0; v < p->n_variants && left; v++)
			if (quota[v] < count[v]) {
				quota[v]++;
				left--;
				more = true;
			}
	}
	for (unsigned v = 0; v < p->n_variants; v++)
		if (quota[v])
			take(p, mark, (uint16_t)v, count[v], quota[v]);
}

int bp_plan_select(struct bp_arena *a, const struct bp_plan *p, const struct bp_bench_board *const *boards, unsigned n,
		   uint32_t budget, struct bp_plan **out, uint32_t *virtual_only, struct bp_err *err)
{
	uint8_t *mark = bp_arena_alloc(a, p->n_cases + 1u);
	struct bp_plan *plan = bp_arena_alloc(a, sizeof(*plan));
	uint32_t count[BP_MAX_VARIANTS] = {0}, total = 0;

	if (!mark || !plan)
		return bp_fail(err, BP_ENOMEM, "no memory to select cases");
	*virtual_only = 0;
	for (uint32_t i = 0; i < p->n_cases; i++) {
		const struct bp_case *c = &p->cases[i];

		mark[i] = c->kind == BP_CASE_NO_FAULT || c->kind == BP_CASE_EMPTY ? TAKEN : reachable(p, c, boards, n) ? CANDIDATE : LEFT;
		*virtual_only += mark[i] == LEFT;
		count[c->variant] += mark[i] == CANDIDATE;
		total += mark[i] == CANDIDATE;
	}
	spread(p, mark, count, budget ? budget : total);
	*plan = *p;
	plan->n_cases = plan->n_runs = 0;
	plan->cases = bp_arena_array(a, p->n_cases + 1u, sizeof(*plan->cases));
	plan->run = bp_arena_array(a, p->n_cases + 1u, sizeof(*plan->run));
	if (!plan->cases || !plan->run)
		return bp_fail(err, BP_ENOMEM, "no memory to select cases");
	for (uint32_t i = 0; i < p->n_cases; i++) {
		struct bp_case *c = &plan->cases[plan->n_cases];

		if (mark[i] != TAKEN)
			continue;
		*c = p->cases[i];
		plan->run[plan->n_runs] = p->run[c->run];
		plan->run[plan->n_runs].first_case = plan->n_cases++;
		c->run = plan->n_runs++;
		c->merged = false;
	}
	*out = plan;
	return 0;
}
