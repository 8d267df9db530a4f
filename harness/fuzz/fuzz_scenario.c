/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_scenario.c - scenario files of any content, read against the small product
 * (without its images and key files). A scenario that is accepted must keep the
 * promises that planning and execution rely on.
 */
#include "base/text.h"
#include "bench/product_parts.h"
#include "image/key.h"
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

#define PRODUCT "fixtures/products/small.yaml"
#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

static void must(int ok)
{
	if (!ok)
		abort();
}

/* The name decides the key: two names, two keys. */
static int load_key(void *ctx, const char *path, struct bp_key *key, struct bp_err *err)
{
	uint8_t seed[32] = {0};

	(void)ctx, (void)err;
	memcpy(seed, path, strnlen(path, sizeof(seed)));
	bp_key_from_seed(seed, "fuzz", key);
	return 0;
}

static const struct bp_product *the_product(void)
{
	static const struct bp_product_source source = {.load_key = load_key, .check_only = true};
	static struct bp_product *p;
	struct bp_arena *a;
	char *text;
	size_t len;

	if (p)
		return p;
	a = bp_arena_new(ARENA_BYTES); /* as long as the program */
	must(a && !bp_read_file(a, PRODUCT, BP_YAML_MAX_BYTES, &text, &len, NULL));
	must(!bp_product_parse(a, PRODUCT, text, len, &source, &p, NULL));
	return p;
}

static void check_expect(const struct bp_expect *e, const struct bp_product *p)
{
	must(!(e->running >> p->n_artifacts));
	must(p->n_reasons >= 64 || !(e->reasons >> p->n_reasons));
}

static void check_artifact(int artifact, const struct bp_scenario *s, const struct bp_product *p)
{
	must(artifact < (int)p->n_artifacts && (artifact >= 0 || s->missing));
}

static void check_damage(const struct bp_damage *d)
{
	must(d->areas && !(d->areas >> DUT_AREA_COUNT) && d->how < BP_DAMAGE_HOWS);
}

static void check_steps(const struct bp_scenario *s, const struct bp_product *p)
{
	must(s->n_steps <= BP_MAX_STEPS);
	for (unsigned i = 0; i < s->n_steps; i++) {
		const struct bp_step *st = &s->step[i];

		if (st->kind == BP_STEP_UPDATE || st->kind == BP_STEP_UPLOAD)
			check_artifact(st->artifact, s, p);
		if (st->kind == BP_STEP_DAMAGE)
			check_damage(&st->damage);
		must(st->times >= 1 && st->until_percent <= 100);
	}
}

static void check_faults(const struct bp_scenario *s, const struct bp_product *p)
{
	must(s->n_sweeps <= BP_MAX_SWEEPS && s->n_edits <= BP_MAX_EDITS && s->n_damages <= BP_MAX_DAMAGES);
	must(!s->n_sweeps || !s->n_edits);
	for (unsigned i = 0; i < s->n_sweeps; i++) {
		const struct bp_sweep *w = &s->sweep[i];

		must(w->event < BP_EVENTS && !(w->phases >> BP_PHASES) && w->every >= 1 && w->n_positions <= BP_MAX_POSITIONS);
		must(w->fault < BP_FAULTS && (w->fault_arg > 0) == (w->fault == BP_FAULT_BROWN_OUT || w->fault == BP_FAULT_BOUNCE));
		must(!bp_fault_is_live(w->fault) || s->trouble_reasons);
		for (unsigned k = 0; k < w->n_positions; k++)
			must(w->position[k].position != BP_CUT_TORN || w->position[k].shape ||
			     (w->position[k].percent >= 1 && w->position[k].percent <= 99));
		must(w->n_at <= BP_MAX_POSITIONS && (!w->n_at || (!w->n_positions && !w->phases)));
		for (unsigned k = 0; k < w->n_at; k++)
			must(w->at[k].event < BP_EVENTS && w->at[k].n >= 1 && (!bp_fault_is_live(w->at[k].fault) || s->trouble_reasons));
	}
	for (unsigned i = 0; i < s->n_edits; i++) {
		must(s->edit[i].op && s->edit[i].seeds >= 1 && s->edit[i].refused <= BP_REFUSED_PAYLOAD);
		check_expect(&s->edit[i].expect, p);
	}
	for (unsigned i = 0; i < s->n_damages; i++) {
		must(s->damage[i].label && s->damage[i].label[0]);
		check_damage(&s->damage[i].damage);
		check_expect(&s->damage[i].expect, p);
	}
}

static void check(const struct bp_scenario *s, const struct bp_product *p)
{
	must(s->name && s->title && s->path && s->text && strlen(s->text) <= s->text_len);
	must(s->n_covers >= 1 && s->n_covers <= BP_MAX_COVERS);
	for (unsigned i = 0; i < s->n_covers; i++)
		must(s->covers[i] != NULL);
	check_artifact(s->start[0], s, p);
	must(s->start[1] < (int)p->n_artifacts);
	must(s->missing == (s->missing_what != NULL));
	must(s->missing || (s->end.running && s->end.reasons));
	check_expect(&s->end, p);
	check_steps(s, p);
	check_faults(s, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bp_product *p = the_product();
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	struct bp_scenario *s = NULL;
	struct bp_err err = {.text = ""};
	int rc;

	if (!arena)
		return 0;
	rc = bp_scenario_parse(arena, "fuzz.yaml", (const char *)data, size, p, &s, &err);
	if (rc)
		must(err.text[0] && !s);
	else
		check(s, p);
	bp_arena_free(arena);
	return 0;
}
