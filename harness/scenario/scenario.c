/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_parts.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *const bp_damage_names[BP_DAMAGE_HOWS] = {"bit", "erase", "zero", "garbage", "torn-erase", "image"};

#define MAX_TIMES 1000u
#define MAX_INTERVAL 86400u /* seconds: firmware-under-test/README.md, "SMP" */
#define MAX_AFTER_NS (UINT64_C(600) * 1000000000)
#define DEFAULT_REASONS 3u /* NONE and INTERRUPTED: an update that was not asked to run yet */

int bp_artifact_index(const struct bp_product *p, const char *name)
{
	for (unsigned i = 0; i < p->n_artifacts; i++)
		if (!strcmp(p->artifact[i].name, name))
			return (int)i;
	return -1;
}

void bp_scenario_missing(struct bp_scenario_reader *r, const struct bp_node *node, const char *kind, const char *name)
{
	struct bp_scenario *s = r->s;

	if (s->missing)
		return;
	s->missing = true;
	s->missing_kind = kind;
	s->missing_what = name;
	s->missing_line = node->line;
	s->missing_col = node->col;
}

/* Index of the artifact that node names. One that the product lacks leaves the cell uncovered. */
static int artifact(struct bp_scenario_reader *r, const struct bp_node *node, int *out)
{
	const char *name;
	int rc = bp_node_text(&r->diag, node, &name);

	if (rc)
		return rc;
	*out = bp_artifact_index(r->product, name);
	if (*out < 0)
		bp_scenario_missing(r, node, "artifact", name);
	return 0;
}

static void read_covers(struct bp_scenario_reader *r, const struct bp_node *node)
{
	struct bp_scenario *s = r->s;

	if (!node || !bp_node_is(&r->diag, node, BP_NODE_SEQ))
		return;
	if (!node->n || node->n > BP_MAX_COVERS) {
		bp_diag_at(&r->diag, node, "'covers' holds %zu ids; expected 1 to %d", node->n, BP_MAX_COVERS);
		return;
	}
	for (size_t i = 0; i < node->n; i++)
		if (!bp_node_text(&r->diag, node->items[i], &s->covers[s->n_covers]))
			s->n_covers++;
}

static void read_start(struct bp_scenario_reader *r, const struct bp_node *node)
{
	static const char *const slots[BP_SLOTS] = {"slot-a", "slot-b"};
	struct bp_scenario *s = r->s;

	s->start[0] = bp_artifact_index(r->product, "from");
	s->start[1] = r->product->recovery;
	if (!node || !bp_node_is(&r->diag, node, BP_NODE_MAP))
		return;
	s->start[0] = -1;
	for (int i = 0; i < BP_SLOTS; i++)
		artifact(r, bp_map_get(node, slots[i]), &s->start[i]);
	s->renumbered = bp_map_get(node, "number") != NULL;
	bp_node_u32(&r->diag, bp_map_get(node, "number"), 0, UINT32_MAX, &s->start_number);
	if (s->renumbered && !bp_product_numbered(r->product))
		bp_scenario_missing(r, bp_map_get(node, "number"), "numbered record", "records");
	if (s->start[0] < 0 && !s->missing)
		bp_diag_at(&r->diag, node, "'start' has nothing in slot-a; the device starts from there");
	bp_map_done(&r->diag, node);
}

/* Code of the reason that node names. */
static void reason(struct bp_scenario_reader *r, const struct bp_node *node, int *out)
{
	const char *name;

	if (bp_node_text(&r->diag, node, &name))
		return;
	*out = bp_product_reason(r->product, name);
	if (*out < 0)
		bp_diag_at(&r->diag, node, "the product has no reason '%s'; expected one of its `reasons`", name);
}

static void read_reasons(struct bp_scenario_reader *r, const struct bp_node *list, uint64_t *out)
{
	if (!list || !bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return;
	for (size_t i = 0; i < list->n; i++) {
		int code = -1;

		reason(r, list->items[i], &code);
		if (code >= 0)
			*out |= UINT64_C(1) << code;
	}
}

static void read_expect(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_expect *e)
{
	const struct bp_node *running = bp_map_get(map, "running");
	int index;

	if (running && running->kind == BP_NODE_SEQ) {
		for (size_t i = 0; i < running->n; i++)
			if (!artifact(r, running->items[i], &index) && index >= 0)
				e->running |= 1u << index;
	} else if (running && !artifact(r, running, &index) && index >= 0) {
		e->running |= 1u << index;
	}
	read_reasons(r, bp_map_get(map, "reasons"), &e->reasons);
}

/* What is left out stays as the step before said, or the product. */
static void read_around(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_around *a)
{
	uint64_t clock;
	bool mains;

	*a = r->product->board.around;
	for (unsigned i = 0; i < r->s->n_steps; i++)
		if (r->s->step[i].kind == BP_STEP_BOARD)
			*a = r->s->step[i].around;
	bp_node_percent(&r->diag, bp_map_get(map, "battery"), &a->battery_percent);
	mains = a->mains;
	bp_node_bool(&r->diag, bp_map_get(map, "mains"), &mains);
	a->mains = mains;
	if (!bp_node_u64(&r->diag, bp_map_get(map, "wallclock"), 0, INT64_MAX / 2, &clock))
		a->wallclock_s = (int64_t)clock;
}

static void read_areas(struct bp_scenario_reader *r, const struct bp_node *node, uint32_t *areas)
{
	unsigned id;

	if (!node || !bp_node_is(&r->diag, node, BP_NODE_SEQ))
		return;
	for (size_t i = 0; i < node->n; i++) {
		if (bp_node_enum(&r->diag, node->items[i], r->product->area_name, DUT_AREA_COUNT, &id))
			continue;
		*areas |= 1u << id;
		if (!r->product->board.dut.area[id].size)
			bp_scenario_missing(r, node->items[i], "area", r->product->area_name[id]);
	}
	if (!*areas)
		bp_diag_at(&r->diag, node, "no area is named; expected at least one, such as [state-a]");
}

/* The image that is put into the slots, damaged by the operator or as it is. */
static void read_put(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_damage *d)
{
	const struct bp_node *node = bp_map_get(map, "op");
	struct bp_edit_context ctx = {
		.arena = r->arena, .seed = 1, .key = &r->product->key, .other_key = &r->product->other_key,
		.slot_size = r->product->board.dut.area[DUT_AREA_SLOT_A].size,
	};
	const struct bp_operator *op = NULL;
	const char *name = NULL;
	struct bp_err e;
	int index = -1;

	d->how = BP_DAMAGE_IMAGE;
	if (d->areas & ~(1u << DUT_AREA_SLOT_A | 1u << DUT_AREA_SLOT_B))
		bp_diag_at(&r->diag, map, "an image is put into another area than a slot; expected slot-a or slot-b");
	if (node && !bp_node_text(&r->diag, node, &name)) {
		op = bp_operator_find(name);
		if (!op || op->target != BP_EDIT_PAYLOAD)
			bp_diag_at(&r->diag, node, "no operator '%s' for payloads; `brickproof image corrupt --list` names them", name);
	}
	artifact(r, bp_map_get(map, "image"), &index);
	for (unsigned s = 0; index >= 0 && s < BP_SLOTS; s++) {
		const struct bp_bytes *good = &r->product->artifact[index].image[s];

		d->image[s] = *good;
		if (op && op->target == BP_EDIT_PAYLOAD && op->apply(&ctx, good->data, good->len, &d->image[s], &e))
			bp_diag_at(&r->diag, node, "%s", e.text);
	}
}

static void read_damage(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_damage *d)
{
	unsigned how = 0;

	read_areas(r, bp_map_need(&r->diag, map, "areas", "which areas of the flash are damaged"), &d->areas);
	if (bp_map_get(map, "image")) {
		read_put(r, map, d);
		return;
	}
	bp_node_enum(&r->diag, bp_map_need(&r->diag, map, "how", "the kind of damage, or `image`, what is put there"), bp_damage_names,
		     BP_DAMAGE_IMAGE, &how);
	d->how = (enum bp_damage_how)how;
}

static void read_swap(struct bp_scenario_reader *r, const struct bp_node *body, struct bp_step *st)
{
	const struct bp_node *swap = bp_map_get(body, "swap");

	if (!swap)
		return;
	artifact(r, swap, &st->swap);
	bp_node_percent(&r->diag, bp_map_need(&r->diag, body, "at", "from which share of the bytes on they are another image's"), &st->swap_percent);
}

static void read_step_body(struct bp_scenario_reader *r, const struct bp_node *body, struct bp_step *st)
{
	struct bp_diag *d = &r->diag;
	bool reset = true;

	st->times = 1;
	st->until_percent = 100;
	st->wait = true;
	st->artifact = -1;
	st->refused = st->swap = -1;
	switch (st->kind) {
	case BP_STEP_UPDATE:
		artifact(r, bp_map_need(d, body, "to", "the artifact to install"), &st->artifact);
		bp_node_bool(d, bp_map_get(body, "wait"), &st->wait);
		bp_node_bool(d, bp_map_get(body, "reset"), &reset);
		st->stay = !reset;
		reason(r, bp_map_get(body, "refused"), &st->refused);
		read_swap(r, body, st);
		break;
	case BP_STEP_UPLOAD:
		artifact(r, bp_map_need(d, body, "of", "the artifact to send"), &st->artifact);
		bp_node_percent(d, bp_map_need(d, body, "until", "the share of its bytes to send"), &st->until_percent);
		break;
	case BP_STEP_POWER_CYCLE:
		bp_node_u32(d, bp_map_get(body, "times"), 1, MAX_TIMES, &st->times);
		bp_node_duration(d, bp_map_get(body, "after"), 1, MAX_AFTER_NS, &st->after_ns);
		bp_node_bool(d, bp_map_get(body, "at-trial"), &st->at_trial);
		break;
	case BP_STEP_DAMAGE:
		read_damage(r, body, &st->damage);
		break;
	case BP_STEP_CONFIG:
		bp_node_u32(d, bp_map_need(d, body, "interval", "the setting to store"), 1, MAX_INTERVAL, &st->interval);
		if (!r->product->board.dut.area[DUT_AREA_CONFIG_A].size)
			bp_scenario_missing(r, body, "area", r->product->area_name[DUT_AREA_CONFIG_A]);
		break;
	case BP_STEP_BOARD:
		read_around(r, body, &st->around);
		break;
	case BP_STEP_HOLD:
	case BP_STEP_RELEASE:
	case BP_STEP_RESET:
		break;
	}
}

static void read_steps(struct bp_scenario_reader *r, const struct bp_node *node)
{
	static const char *const kinds[] = {"update", "upload", "power-cycle", "reset", "damage", "config", "board", "hold", "release"};
	struct bp_scenario *s = r->s;

	if (!node || !bp_node_is(&r->diag, node, BP_NODE_SEQ))
		return;
	for (size_t i = 0; i < node->n; i++) {
		const struct bp_node *item = node->items[i];
		struct bp_step *st = &s->step[s->n_steps];
		unsigned kind = 0;

		if (s->n_steps == BP_MAX_STEPS) {
			bp_diag_at(&r->diag, item, "more than %d steps", BP_MAX_STEPS);
			return;
		}
		if (!bp_node_is(&r->diag, item, BP_NODE_MAP))
			continue;
		if (item->n != 1) {
			bp_diag_at(&r->diag, item, "a step has one key; expected one of update, upload, power-cycle, reset, damage, config, "
						   "board, hold, release");
			continue;
		}
		item->keys[0]->key = item->key; /* an error names the step, "item 1 of 'steps'" */
		item->keys[0]->index = item->index;
		if (bp_node_enum(&r->diag, item->keys[0], kinds, sizeof(kinds) / sizeof(kinds[0]), &kind))
			continue;
		st->kind = (enum bp_step_kind)kind;
		if (!bp_node_is(&r->diag, item->items[0], BP_NODE_MAP))
			continue;
		read_step_body(r, item->items[0], st);
		bp_map_done(&r->diag, item->items[0]);
		s->n_steps++;
	}
}

static void read_edit(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_edit *e)
{
	static const char *const refused[] = {"no", "manifest", "payload"};
	const struct bp_node *op = bp_map_need(&r->diag, map, "op", "the corruption operator");
	const char *name;
	unsigned where = BP_REFUSED_PAYLOAD;

	if (op && !bp_node_text(&r->diag, op, &name)) {
		e->op = bp_operator_find(name);
		if (!e->op)
			bp_diag_at(&r->diag, op, "no corruption operator '%s'; `brickproof image corrupt --list` names them", name);
	}
	bp_node_enum(&r->diag, bp_map_need(&r->diag, map, "refused", "where the device must refuse: manifest, payload, or no"),
		     refused, 3, &where);
	e->refused = (enum bp_refused)where;
	e->seeds = 1;
	bp_node_u32(&r->diag, bp_map_get(map, "seeds"), 1, 1000, &e->seeds);
	read_expect(r, map, &e->expect);
	bp_map_done(&r->diag, map);
}

static void read_damage_row(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_damage_row *row)
{
	struct bp_text label;

	read_damage(r, map, &row->damage);
	bp_text_init(&label, r->arena);
	for (unsigned i = 0; i < DUT_AREA_COUNT; i++)
		if (row->damage.areas & (1u << i))
			bp_text_printf(&label, "%s%s", label.len ? "+" : "", r->product->area_name[i]);
	if (row->damage.how == BP_DAMAGE_IMAGE) {
		const struct bp_node *op = bp_map_get(map, "op");

		bp_text_printf(&label, " holds %s%s%s", bp_map_get(map, "image")->text, op ? " " : "", op && op->text ? op->text : "");
	} else {
		bp_text_printf(&label, " %s", bp_damage_names[row->damage.how]);
	}
	row->label = label.bytes;
	read_expect(r, map, &row->expect);
	bp_node_bool(&r->diag, bp_map_get(map, "state-lost"), &row->state_lost);
	bp_map_done(&r->diag, map);
}

/* Items of the list under key that are maps, at most max; others are recorded. */
static size_t list_of_maps(struct bp_scenario_reader *r, const struct bp_node *root, const char *key, size_t max, struct bp_node ***items)
{
	const struct bp_node *node = bp_map_get(root, key);

	if (!node || !bp_node_is(&r->diag, node, BP_NODE_SEQ))
		return 0;
	if (node->n > max) {
		bp_diag_at(&r->diag, node, "'%s' holds %zu entries; expected at most %zu", key, node->n, max);
		return 0;
	}
	for (size_t i = 0; i < node->n; i++)
		if (!bp_node_is(&r->diag, node->items[i], BP_NODE_MAP))
			return 0;
	*items = node->items;
	return node->n;
}

static void read_faults(struct bp_scenario_reader *r, const struct bp_node *root)
{
	struct bp_scenario *s = r->s;
	struct bp_node **items = NULL;
	size_t n;

	n = list_of_maps(r, root, "sweep", BP_MAX_SWEEPS, &items);
	for (size_t i = 0; i < n; i++)
		bp_scenario_sweep(r, items[i], &s->sweep[s->n_sweeps++]);
	n = list_of_maps(r, root, "edits", BP_MAX_EDITS, &items);
	for (size_t i = 0; i < n; i++)
		read_edit(r, items[i], &s->edit[s->n_edits++]);
	n = list_of_maps(r, root, "damages", BP_MAX_DAMAGES, &items);
	for (size_t i = 0; i < n; i++)
		read_damage_row(r, items[i], &s->damage[s->n_damages++]);
}

/* The name stands in tokens: a word without colons. */
static void check_name(struct bp_scenario_reader *r, const struct bp_node *node)
{
	const char *name = r->s->name;
	size_t n = name ? strlen(name) : 0;

	if (name && (!n || n > 63 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n))
		bp_diag_at(&r->diag, node, "'%s' is no scenario name; expected 1 to 63 of a to z, 0 to 9 and '-'", name);
}

static void read_root(struct bp_scenario_reader *r, const struct bp_node *root)
{
	static const char *const after[] = {"followup", "resume"}, *const moment[] = {"start", "steps"};
	struct bp_scenario *s = r->s;
	const struct bp_node *end;
	unsigned then = 0, damaged = 0;

	bp_node_text(&r->diag, bp_map_need(&r->diag, root, "scenario", "its name"), &s->name);
	check_name(r, bp_map_get(root, "scenario"));
	bp_node_text(&r->diag, bp_map_need(&r->diag, root, "title", "one line for the reports"), &s->title);
	bp_node_text(&r->diag, bp_map_get(root, "product"), &s->product);
	read_covers(r, bp_map_need(&r->diag, root, "covers", "the requirement rows it covers"));
	read_start(r, bp_map_get(root, "start"));
	read_steps(r, bp_map_need(&r->diag, root, "steps", "what the host does"));
	end = bp_map_need(&r->diag, root, "end", "where the device must stand when nothing goes wrong");
	if (end && bp_node_is(&r->diag, end, BP_NODE_MAP)) {
		read_expect(r, end, &s->end);
		bp_node_u32(&r->diag, bp_map_get(end, "boots"), 1, 1000, &s->end_boots);
		read_reasons(r, bp_map_get(end, "before"), &s->start_reasons);
		read_reasons(r, bp_map_get(end, "trouble"), &s->trouble_reasons);
		bp_map_done(&r->diag, end);
		if ((!s->end.running || !s->end.reasons) && !s->missing)
			bp_diag_at(&r->diag, end, "'end' needs both 'running' and 'reasons'");
	}
	if (!s->start_reasons)
		s->start_reasons = DEFAULT_REASONS;
	read_faults(r, root);
	if (!bp_node_enum(&r->diag, bp_map_get(root, "after"), after, 2, &then))
		s->after = (enum bp_after)then;
	if (!bp_node_enum(&r->diag, bp_map_get(root, "damages-after"), moment, 2, &damaged))
		s->damages_after_steps = damaged;
	s->required = true;
	bp_scenario_actions(r, bp_map_get(root, "actions"));
	bp_scenario_depth(r, bp_map_get(root, "depth"));
	bp_node_bool(&r->diag, bp_map_get(root, "required"), &s->required);
	bp_map_done(&r->diag, root);
	for (unsigned i = 0; i < s->n_steps && s->n_sweeps; i++)
		if (s->step[i].kind == BP_STEP_BOARD)
			bp_diag_at(&r->diag, root, "a step 'board' and 'sweep' in one scenario; expected one of them");
	if (end && s->live_faults && !s->trouble_reasons)
		bp_diag_at(&r->diag, end, "'end' needs 'trouble': the reasons that the device may give for a fault that it lives through");
	if (s->n_edits && s->n_sweeps)
		bp_diag_at(&r->diag, root, "'edits' and 'sweep' in one scenario; expected one of them");
}

int bp_scenario_parse(struct bp_arena *a, const char *name, const char *text, size_t len, const struct bp_product *p,
		      struct bp_scenario **out, struct bp_err *err)
{
	struct bp_scenario_reader r = {.arena = a, .diag = {.arena = a}, .product = p};
	struct bp_node *root;
	int rc = bp_yaml_parse(a, name, text, len, &root, err);

	if (rc)
		return rc;
	r.s = bp_arena_alloc(a, sizeof(*r.s));
	if (!r.s)
		return bp_fail(err, BP_ENOMEM, "%s: no memory", name);
	r.s->path = bp_arena_text(a, name, strlen(name));
	r.s->text = bp_arena_text(a, text, len);
	r.s->text_len = len;
	if (bp_node_is(&r.diag, root, BP_NODE_MAP))
		read_root(&r, root);
	rc = bp_diag_result(&r.diag, err);
	if (rc)
		return rc;
	*out = r.s;
	return 0;
}

int bp_scenario_read(struct bp_arena *a, const char *path, const struct bp_product *p, struct bp_scenario **out,
		     struct bp_err *err)
{
	char *text;
	size_t len;
	int rc = bp_read_file(a, path, BP_YAML_MAX_BYTES, &text, &len, err);

	return rc ? rc : bp_scenario_parse(a, path, text, len, p, out, err);
}

int bp_scenario_peek(struct bp_arena *a, const char *path, const char **name, const char **product, struct bp_err *err)
{
	struct bp_diag d = {.arena = a};
	struct bp_node *root;
	int rc = bp_yaml_read(a, path, &root, err);

	if (rc)
		return rc;
	*product = NULL;
	if (bp_node_is(&d, root, BP_NODE_MAP)) {
		bp_node_text(&d, bp_map_need(&d, root, "scenario", "its name"), name);
		bp_node_text(&d, bp_map_get(root, "product"), product);
	}
	return bp_diag_result(&d, err);
}
