/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/hunt.h"

#include "cmd/home.h"

#include <stdio.h>
#include <string.h>

#define HUNT_ENDS BP_ENOENT /* what ends a sweep that has seen enough */

/* ---- the prediction ------------------------------------------------------------------ */

/* The invariant that text begins with; *end is behind it. -1: none. */
static int leading_invariant(const char *text, const char **end)
{
	size_t n = strcspn(text, " (");
	char name[64];

	*end = text + n;
	if (n >= sizeof(name))
		return -1;
	memcpy(name, text, n);
	name[n] = '\0';
	return bp_invariant_find(name);
}

int bp_prediction_parse(const char *text, struct bp_prediction *out, struct bp_err *err)
{
	static const char comes[] = " comes first: ";
	const char *at, *why;

	*out = (struct bp_prediction){.invariant = -1, .first = -1};
	if (!*text)
		return 0;
	out->invariant = out->first = leading_invariant(text, &at);
	if (out->invariant >= 0 && !*at)
		return 0;
	if (out->invariant >= 0 && !strncmp(at, " (", 2)) {
		out->first = leading_invariant(at + 2, &at);
		why = strncmp(at, comes, sizeof(comes) - 1) ? "" : at + sizeof(comes) - 1;
		if (out->first >= 0 && out->first != out->invariant && strlen(why) > 1 && why[strlen(why) - 1] == ')')
			return 0;
	}
	return bp_fail(err, BP_ECONFIG, "expects '%s'; expected an invariant, or `one (other comes first: why)`; "
		       "`brickproof list --invariants` names them", text);
}

bool bp_kill_as_predicted(const struct bp_kill *k, const struct bp_prediction *p)
{
	if (!k->caught || p->invariant < 0 || k->invariant != p->first)
		return false;
	return p->first == p->invariant || k->others & 1u << p->invariant;
}

/* ---- the hunt ---------------------------------------------------------------------------- */

struct sweep {
	const struct bp_hunt *h;
	const struct bp_product *product;
	const struct bp_plan *plan;
	struct bp_kill *kill;
	uint32_t before; /* cases of the scenarios before this one */
};

static int judged(void *ctx, uint32_t index, const struct bp_judgement *j, struct bp_err *err)
{
	struct sweep *s = ctx;
	struct bp_kill *k = s->kill;
	uint32_t at = s->plan->run[index].first_case, number = s->before + at + 1;

	if (k->caught && number > k->cases + BP_HUNT_MORE)
		return HUNT_ENDS;
	if (j->verdict == BP_RIG)
		return bp_fail(err, BP_EINTERNAL, "%s: %s", bp_token_show(k->token, s->plan, s->product->name, &s->plan->cases[at]), j->text);
	if (j->verdict != BP_FAIL)
		return 0;
	if (k->caught) {
		k->others |= j->invariant == k->invariant ? 0 : 1u << j->invariant;
		return 0;
	}
	k->caught = true;
	k->invariant = j->invariant;
	k->cases = number;
	snprintf(k->scenario, sizeof(k->scenario), "%s", s->plan->scenario->name);
	bp_token_show(k->token, s->plan, s->product->name, &s->plan->cases[at]);
	return 0;
}

static int sweep(struct sweep *s, struct bp_arena *a, struct bp_runner *r, const struct bp_scenario *scenario, struct bp_err *err)
{
	struct bp_flash *scratch = NULL;
	struct bp_plan *plan = NULL;
	struct bp_log *log = NULL;
	int rc = bp_runner_trace(r, a, scenario, &log, err);

	if (!rc && bp_flash_new(a, &s->product->board.flash, s->h->seed, &scratch))
		rc = bp_fail(err, BP_ENOMEM, "no memory");
	if (!rc)
		rc = bp_plan_make(a, scenario, log, scratch, s->h->seed, 0, &plan, err);
	if (rc)
		return rc;
	bp_token_hash8(scenario, s->product, plan->hash8);
	s->plan = plan;
	rc = bp_pool_judge(r, plan, 0, s->h->jobs, judged, s, err);
	s->before += plan->n_cases;
	return rc;
}

/* The scenario's product is its own or the hunt's. Not ours: the product runs another firmware. */
static int read_scenario(struct sweep *s, struct bp_arena *a, const char *path, bool *ours, struct bp_scenario **out, struct bp_err *err)
{
	const char *name, *product, *product_path;
	struct bp_product *own;
	int rc = bp_scenario_peek(a, path, &name, &product, err);

	s->product = s->h->product;
	if (!rc && product && strcmp(product, s->product->name)) {
		rc = bp_home_product_for(a, product, s->product->path, &product_path, err);
		if (!rc && strcmp(product_path, s->product->path)) {
			rc = bp_product_read(a, product_path, &own, err);
			if (!rc)
				s->product = own;
		}
	}
	*ours = !rc && !strcmp(s->product->firmware, s->h->product->firmware);
	if (!*ours)
		return rc;
	rc = bp_scenario_read(a, path, s->product, out, err);
	*ours = !rc && !(*out)->missing;
	return rc;
}

static int one_scenario(struct sweep *s, const char *firmware, const char *name, struct bp_err *err)
{
	struct bp_runner_options opt = {
		.accel = BP_ACCEL_REMEMBER, .seed = s->h->seed, .follow_up = true, .without = s->h->without,
	};
	struct bp_arena *a = bp_arena_new(BP_SCENARIO_ARENA_BYTES);
	struct bp_scenario *scenario;
	struct bp_runner *r;
	const char *path;
	bool ours = false;
	int rc;

	if (!a)
		return bp_fail(err, BP_ENOMEM, "no memory");
	rc = bp_home_scenario(a, name, &path, err);
	if (!rc)
		rc = read_scenario(s, a, path, &ours, &scenario, err);
	if (rc || !ours)
		goto out;
	rc = bp_runner_open(a, s->product, firmware, &opt, &r, err);
	if (rc)
		goto out;
	rc = sweep(s, a, r, scenario, err);
	bp_runner_close(r);
out:
	bp_arena_free(a);
	return rc;
}

int bp_hunt(const struct bp_hunt *h, const char *firmware, struct bp_kill *out, struct bp_err *err)
{
	struct sweep s = {.h = h, .kill = out};
	int rc = 0;

	*out = (struct bp_kill){.invariant = -1};
	for (size_t i = 0; i < h->n_scenarios && !rc; i++)
		rc = one_scenario(&s, firmware, h->scenario[i], err);
	if (!out->caught)
		out->cases = s.before;
	return rc == HUNT_ENDS && out->caught ? 0 : rc;
}
