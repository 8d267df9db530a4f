/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/token.h"

#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void add_u32(crypto_hash_sha256_state *h, uint32_t v)
{
	uint8_t le[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	crypto_hash_sha256_update(h, le, sizeof(le));
}

static void add_text(crypto_hash_sha256_state *h, const char *s)
{
	crypto_hash_sha256_update(h, (const uint8_t *)s, strlen(s) + 1);
}

void bp_token_hash8(const struct bp_scenario *s, const struct bp_product *p, char out[9])
{
	const struct bp_geometry *g = &p->board.flash;
	crypto_hash_sha256_state h;
	uint8_t digest[32];
	char version[32];

	crypto_hash_sha256_init(&h);
	crypto_hash_sha256_update(&h, (const uint8_t *)s->text, s->text_len);
	add_u32(&h, g->size_bytes);
	add_u32(&h, g->page_bytes);
	add_u32(&h, g->unit_bytes);
	add_u32(&h, g->erased);
	add_u32(&h, g->writes_per_unit);
	add_u32(&h, (uint32_t)g->ecc);
	for (unsigned i = 0; i < g->n_sectors; i++) {
		add_u32(&h, g->sectors[i].pages);
		add_u32(&h, g->sectors[i].page_bytes);
	}
	for (unsigned i = 0; i < DUT_AREA_COUNT; i++) {
		add_u32(&h, p->board.dut.area[i].addr);
		add_u32(&h, p->board.dut.area[i].size);
	}
	for (unsigned i = 0; i < p->n_artifacts; i++) {
		add_text(&h, p->artifact[i].name);
		add_text(&h, bp_version_show(version, &p->artifact[i].version));
		add_u32(&h, p->artifact[i].body_bytes);
	}
	crypto_hash_sha256_final(&h, digest);
	bp_hex(out, digest, 4);
}

static void show_cuts(char *out, size_t cap, const struct bp_plan *plan, const struct bp_case *c)
{
	char cut[BP_CUTPOINT_TEXT];
	size_t n;

	if (c->parent)
		show_cuts(out, cap, plan, &plan->cases[c->parent]);
	n = strlen(out);
	snprintf(out + n, cap - n, "%s%s", c->parent ? "+" : "", bp_cutpoint_show(cut, &c->cut));
}

char *bp_token_show(char out[BP_TOKEN_BYTES], const struct bp_plan *plan, const char *product, const struct bp_case *c)
{
	char cuts[BP_TOKEN_BYTES - 256] = "", edit[48] = "-";

	if (c->kind == BP_CASE_CUT)
		show_cuts(cuts, sizeof(cuts), plan, c);
	if (c->kind == BP_CASE_EDIT)
		snprintf(edit, sizeof(edit), "%s", plan->scenario->edit[c->row].op->name);
	if (c->kind == BP_CASE_DAMAGE)
		snprintf(edit, sizeof(edit), "damage=%u", c->row + 1u);
	snprintf(out, BP_TOKEN_BYTES, "bp1:%s:%s:%s:%s:%s:%llu", product, plan->scenario->name, plan->hash8, *cuts ? cuts : "-", edit,
		 (unsigned long long)c->seed);
	return out;
}

/* Text from *p up to the next colon into out; *p moves behind the colon. */
static int part(const char **p, char *out, size_t cap, const char *what, struct bp_err *err)
{
	const char *colon = strchr(*p, ':');
	size_t n = colon ? (size_t)(colon - *p) : 0;

	if (!n || n >= cap)
		return bp_fail(err, BP_EUSAGE, "token: %s is missing or too long; expected bp1:product:scenario:hash8:cuts:edit:seed", what);
	memcpy(out, *p, n);
	out[n] = '\0';
	*p = colon + 1;
	return 0;
}

static int edit_part(const char *text, struct bp_token *t, struct bp_err *err)
{
	uint64_t row;

	if (!strcmp(text, "-"))
		return 0;
	if (!strncmp(text, "damage=", 7)) {
		if (bp_parse_u64(text + 7, 1, BP_MAX_DAMAGES, &row, NULL))
			return bp_fail(err, BP_EUSAGE, "token: '%s' is no damage row; expected damage=N, N from 1 to %d", text, BP_MAX_DAMAGES);
		t->damage = (uint32_t)row;
		return 0;
	}
	snprintf(t->edit, sizeof(t->edit), "%.47s", text);
	return 0;
}

/* "flash:3/after+flash:1/before": a "+" within a cut point stands before a number. */
static int cuts_part(char *text, struct bp_token *t, struct bp_err *err)
{
	char *end;

	if (!strcmp(text, "-"))
		return 0;
	for (char *at = text; at; at = end) {
		end = strchr(at, '+');
		while (end && !(end[1] >= 'a' && end[1] <= 'z'))
			end = strchr(end + 1, '+');
		if (end)
			*end++ = '\0';
		if (t->n_cuts == BP_MAX_DEPTH)
			return bp_fail(err, BP_EUSAGE, "token: more than %d cuts", BP_MAX_DEPTH);
		if (bp_cutpoint_parse(at, &t->cut[t->n_cuts], err)) {
			bp_prefix(err, "token");
			return BP_EUSAGE;
		}
		if (t->n_cuts && (t->cut[t->n_cuts].event != BP_EVENT_FLASH || t->cut[t->n_cuts].fault != BP_FAULT_POWER_CUT))
			return bp_fail(err, BP_EUSAGE, "token: '%s' cannot be a second cut; expected a power cut at a flash operation", at);
		t->n_cuts++;
	}
	return 0;
}

int bp_token_parse(const char *text, struct bp_token *t, struct bp_err *err)
{
	char head[8], cuts[BP_TOKEN_BYTES], edit[48];
	const char *p = text, *end, *colon;
	int rc;

	memset(t, 0, sizeof(*t));
	if (strlen(text) >= BP_TOKEN_BYTES)
		return bp_fail(err, BP_EUSAGE, "token: longer than %d characters", BP_TOKEN_BYTES - 1);
	rc = part(&p, head, sizeof(head), "the format", err);
	if (rc)
		return rc;
	if (strcmp(head, "bp1"))
		return bp_fail(err, BP_EUSAGE, "token: format '%s'; expected bp1", head);
	if ((rc = part(&p, t->product, sizeof(t->product), "the product", err)) ||
	    (rc = part(&p, t->scenario, sizeof(t->scenario), "the scenario", err)) ||
	    (rc = part(&p, t->hash8, sizeof(t->hash8), "hash8", err)))
		return rc;
	/* Cut points hold colons: the edit and the seed are taken from the end. */
	end = strrchr(p, ':');
	colon = end ? memrchr(p, ':', (size_t)(end - p)) : NULL;
	if (!colon || colon == p || end == colon + 1 || (size_t)(colon - p) >= sizeof(cuts) ||
	    (size_t)(end - colon - 1) >= sizeof(edit))
		return bp_fail(err, BP_EUSAGE, "token: cuts, edit or seed is missing; expected bp1:product:scenario:hash8:cuts:edit:seed");
	memcpy(cuts, p, (size_t)(colon - p));
	cuts[colon - p] = '\0';
	memcpy(edit, colon + 1, (size_t)(end - colon - 1));
	edit[end - colon - 1] = '\0';
	if (bp_parse_u64(end + 1, 0, UINT64_MAX, &t->seed, err)) {
		bp_prefix(err, "token: seed");
		return BP_EUSAGE;
	}
	rc = cuts_part(cuts, t, err);
	if (rc)
		return rc;
	return edit_part(edit, t, err);
}

int bp_token_case(const struct bp_token *t, const struct bp_plan *plan, struct bp_case *out, struct bp_err *err)
{
	const struct bp_scenario *s = plan->scenario;

	*out = (struct bp_case){.kind = BP_CASE_NO_FAULT, .seed = t->seed, .phase = BP_PHASE_IDLE};
	if (t->n_cuts && (t->damage || t->edit[0]))
		return bp_fail(err, BP_EUSAGE, "token: a cut and an edit in one case; %s has one or the other", s->name);
	if (t->n_cuts) {
		out->kind = BP_CASE_CUT;
		out->cut = t->cut[0];
		out->depth = 1;
		if (bp_log_resolve(plan->log, &t->cut[0], &out->state))
			return bp_fail(err, BP_EUSAGE, "token: the update of %s has no such cut point; it has %u flash operations, "
				       "%u link bytes and %u lines", s->name, plan->log->n_ops,
				       bp_log_events(plan->log, BP_EVENT_LINK_BYTE), plan->log->n_lines);
		out->phase = plan->log->owed[out->state.owed].owed.phase;
		return 0;
	}
	if (t->damage) {
		if (t->damage > s->n_damages)
			return bp_fail(err, BP_EUSAGE, "token: damage=%u, but %s has %u damage rows", t->damage, s->name, s->n_damages);
		out->kind = BP_CASE_DAMAGE;
		out->row = (uint16_t)(t->damage - 1);
		return 0;
	}
	if (!t->edit[0])
		return 0;
	out->kind = BP_CASE_EDIT;
	for (unsigned i = 0; i < s->n_edits; i++)
		if (!strcmp(s->edit[i].op->name, t->edit)) {
			out->row = (uint16_t)i;
			return 0;
		}
	return bp_fail(err, BP_EUSAGE, "token: %s has no edit '%s'", s->name, t->edit);
}
