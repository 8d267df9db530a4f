/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *const bp_damage_names[BP_DAMAGE_HOWS] = {"bit", "erase", "zero", "garbage", "torn-erase", "image"};

#define NS_PER_MS UINT64_C(1000000)
#define MAX_TIMES 1000u
#define MAX_INTERVAL 86400u /* seconds: firmware-under-test/README.md, "SMP" */
#define MAX_AFTER_NS (UINT64_C(600) * 1000000000)
#define DEFAULT_REASONS 3u /* NONE and INTERRUPTED: an update that was not asked to run yet */

struct reader {
	struct bp_arena *arena;
	struct bp_diag diag;
	const struct bp_product *product;
	struct bp_scenario *s;
};

int bp_artifact_index(const struct bp_product *p, const char *name)
{
	for (unsigned i = 0; i < p->n_artifacts; i++)
		if (!strcmp(p->artifact[i].name, name))
			return (int)i;
	return -1;
}

/* What the product lacks leaves the cell uncovered; the first such thing is told, where node asks for it. */
static void missing(struct reader *r, const struct bp_node *node, const char *kind, const char *name)
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
static int artifact(struct reader *r, const struct bp_node *node, int *out)
{
	const char *name;
	int rc = bp_node_text(&r->diag, node, &name);

	if (rc)
		return rc;
	*out = bp_artifact_index(r->product, name);
	if (*out < 0)
		missing(r, node, "artifact", name);
	return 0;
}

static void read_covers(struct reader *r, const struct bp_node *node)
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

static void read_start(struct reader *r, const struct bp_node *node)
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
		missing(r, bp_map_get(node, "number"), "numbered record", "records");
	if (s->start[0] < 0 && !s->missing)
		bp_diag_at(&r->diag, node, "'start' has nothing in slot-a; the device starts from there");
	bp_map_done(&r->diag, node);
}

/* Code of the reason that node names. */
static void reason(struct reader *r, const struct bp_node *node, int *out)
{
	const char *name;

	if (bp_node_text(&r->diag, node, &name))
		return;
	*out = bp_product_reason(r->product, name);
	if (*out < 0)
		bp_diag_at(&r->diag, node, "the product has no reason '%s'; expected one of its `reasons`", name);
}

static void read_reasons(struct reader *r, const struct bp_node *list, uint64_t *out)
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

static void read_expect(struct reader *r, const struct bp_node *map, struct bp_expect *e)
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
static void read_around(struct reader *r, const struct bp_node *map, struct bp_around *a)
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

static void read_areas(struct reader *r, const struct bp_node *node, uint32_t *areas)
{
	unsigned id;

	if (!node || !bp_node_is(&r->diag, node, BP_NODE_SEQ))
		return;
	for (size_t i = 0; i < node->n; i++) {
		if (bp_node_enum(&r->diag, node->items[i], r->product->area_name, DUT_AREA_COUNT, &id))
			continue;
		*areas |= 1u << id;
		if (!r->product->board.dut.area[id].size)
			missing(r, node->items[i], "area", r->product->area_name[id]);
	}
	if (!*areas)
		bp_diag_at(&r->diag, node, "no area is named; expected at least one, such as [state-a]");
}

/* The image that is put into the slots, damaged by the operator or as it is. */
static void read_put(struct reader *r, const struct bp_node *map, struct bp_damage *d)
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

static void read_damage(struct reader *r, const struct bp_node *map, struct bp_damage *d)
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

static void read_swap(struct reader *r, const struct bp_node *body, struct bp_step *st)
{
	const struct bp_node *swap = bp_map_get(body, "swap");

	if (!swap)
		return;
	artifact(r, swap, &st->swap);
	bp_node_percent(&r->diag, bp_map_need(&r->diag, body, "at", "from which share of the bytes on they are another image's"), &st->swap_percent);
}

static void read_step_body(struct reader *r, const struct bp_node *body, struct bp_step *st)
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
			missing(r, body, "area", r->product->area_name[DUT_AREA_CONFIG_A]);
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

static void read_steps(struct reader *r, const struct bp_node *node)
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

static const struct bp_torn_shape *find_shape(const char *name)
{
	for (unsigned i = 0; i < BP_TORN_SHAPES; i++)
		if (!strcmp(bp_torn_shapes[i].name, name))
			return &bp_torn_shapes[i];
	return NULL;
}

/* "before", "after", "torn 50%", "torn first-byte" */
static void read_position(struct reader *r, const struct bp_node *node, struct bp_sweep *w)
{
	struct bp_position *p = &w->position[w->n_positions];
	const char *text;
	struct bp_err err;

	if (bp_node_text(&r->diag, node, &text))
		return;
	if (w->n_positions == BP_MAX_POSITIONS) {
		bp_diag_at(&r->diag, node, "more than %d positions", BP_MAX_POSITIONS);
		return;
	}
	if (!strcmp(text, "before")) {
		*p = (struct bp_position){.position = BP_CUT_BEFORE};
	} else if (!strcmp(text, "after")) {
		*p = (struct bp_position){.position = BP_CUT_AFTER};
	} else if (!strncmp(text, "torn ", 5) && !bp_parse_percent(text + 5, &p->percent, &err) &&
		   p->percent >= 1 && p->percent <= 99) {
		*p = (struct bp_position){.position = BP_CUT_TORN, .percent = p->percent};
	} else if (!strncmp(text, "torn ", 5) && find_shape(text + 5)) {
		*p = (struct bp_position){.position = BP_CUT_TORN, .shape = find_shape(text + 5)};
	} else {
		bp_diag_at(&r->diag, node, "'%s' is no position; expected 'before', 'after', 'torn P%%' with P from 1 to 99, or torn and one of "
			   "first-byte, all-but-last, all-but-one-bit, first-half, second-half, weak, pre-programmed", text);
		return;
	}
	w->n_positions++;
}

/* A fault other than a power cut is aimed at flash operations. */
static void check_fault(struct reader *r, const struct bp_node *map, const struct bp_sweep *w)
{
	const struct bp_node *node = bp_map_get(map, "fault");
	const char *name = bp_fault_names[w->fault];

	if (!node || w->fault == BP_FAULT_POWER_CUT)
		return;
	if (bp_fault_is_link(w->fault)) {
		if (w->event != BP_EVENT_LINK_FRAME)
			bp_diag_at(&r->diag, node, "'%s' with 'event: %s'; expected 'event: link-frame'", name, bp_event_names[w->event]);
		return;
	}
	if (w->event != BP_EVENT_FLASH)
		bp_diag_at(&r->diag, node, "'%s' with 'event: %s'; expected 'event: flash'", name, bp_event_names[w->event]);
	for (unsigned i = 0; i < w->n_positions; i++)
		if (!bp_fault_fits(w->fault, w->position[i].position)) {
			bp_diag_at(&r->diag, node, bp_fault_is_reset(w->fault) ? "'%s' tears no operation; expected positions 'before' and 'after'"
										: "'%s' befalls a whole operation; expected position 'before'", name);
			return;
		}
	if (bp_fault_is_live(w->fault))
		r->s->live_faults = true;
}

/* How long a brown-out lasts; how often power bounces. */
static void read_fault(struct reader *r, const struct bp_node *map, struct bp_sweep *w)
{
	unsigned fault = BP_FAULT_POWER_CUT;
	uint64_t ns = 0;

	bp_node_enum(&r->diag, bp_map_get(map, "fault"), bp_fault_names, BP_FAULTS, &fault);
	w->fault = (enum bp_fault)fault;
	if (w->fault == BP_FAULT_BROWN_OUT) {
		const struct bp_node *lasts = bp_map_need(&r->diag, map, "lasts", "how long the rail stays too low for the flash");

		bp_node_duration(&r->diag, lasts, NS_PER_MS, BP_MAX_BROWN_OUT_MS * NS_PER_MS, &ns);
		if (ns % NS_PER_MS)
			bp_diag_at(&r->diag, lasts, "'lasts' is no whole number of milliseconds");
		w->fault_arg = (uint32_t)(ns / NS_PER_MS);
	}
	if (w->fault == BP_FAULT_BOUNCE)
		bp_node_u32(&r->diag, bp_map_need(&r->diag, map, "times", "how often power comes back and goes again"), 1, BP_MAX_BOUNCES,
			    &w->fault_arg);
	check_fault(r, map, w);
}

static void read_listed(struct reader *r, const struct bp_node *list, struct bp_sweep *w)
{
	if (!bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return;
	if (!list->n || list->n > BP_MAX_POSITIONS) {
		bp_diag_at(&r->diag, list, "'at' holds %zu cut points; expected 1 to %d", list->n, BP_MAX_POSITIONS);
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const char *text;
		struct bp_err err;

		if (bp_node_text(&r->diag, list->items[i], &text))
			continue;
		if (bp_cutpoint_parse(text, &w->at[w->n_at], &err)) {
			bp_diag_at(&r->diag, list->items[i], "%s", err.text);
			continue;
		}
		r->s->live_faults = r->s->live_faults || bp_fault_is_live(w->at[w->n_at].fault);
		w->n_at++;
	}
}

int bp_depth_parse(const char *text, uint32_t *out, struct bp_err *err)
{
	uint64_t n;

	if (!strcmp(text, "closed")) {
		*out = BP_DEPTH_CLOSED;
		return 0;
	}
	if (bp_parse_u64(text, 1, BP_DEPTH_MAX, &n, NULL))
		return bp_fail(err, BP_ECONFIG, "'%s' is no depth; expected a number of cuts from 1 to %d, or closed", text, BP_DEPTH_MAX);
	*out = (uint32_t)n;
	return 0;
}

static void read_depth(struct reader *r, const struct bp_node *node)
{
	const char *text;
	struct bp_err err;

	r->s->depth = 1;
	if (node && !bp_node_text(&r->diag, node, &text) && bp_depth_parse(text, &r->s->depth, &err))
		bp_diag_at(&r->diag, node, "%s", err.text);
}

const struct bp_sweep *bp_scenario_cuts(const struct bp_scenario *s)
{
	for (unsigned i = 0; i < s->n_sweeps; i++)
		if (s->sweep[i].event == BP_EVENT_FLASH && s->sweep[i].fault == BP_FAULT_POWER_CUT && s->sweep[i].n_positions)
			return &s->sweep[i];
	return NULL;
}

bool bp_scenario_resumes(const struct bp_scenario *s)
{
	for (unsigned i = 0; i < s->n_actions; i++)
		if (s->action[i] == BP_ACTION_RESUME)
			return true;
	return s->after == BP_AFTER_RESUME;
}

/* The last update goes through and is confirmed: so must the same update again. */
static bool ends_updated(const struct bp_scenario *s)
{
	const struct bp_step *last = NULL;

	for (unsigned i = 0; i < s->n_steps; i++)
		if (s->step[i].kind == BP_STEP_UPDATE)
			last = &s->step[i];
	return last && last->refused < 0 && (last->artifact < 0 || s->end.running & 1u << last->artifact);
}

/* What the host does after a recovery; nothing where nothing is said. */
static void read_actions(struct reader *r, const struct bp_node *node)
{
	struct bp_scenario *s = r->s;
	unsigned seen = 0;

	s->n_actions = 1;
	if (!node || !bp_node_is(&r->diag, node, BP_NODE_SEQ))
		return;
	if (!node->n || node->n > BP_ACTIONS) {
		bp_diag_at(&r->diag, node, "'actions' holds %zu entries; expected 1 to %d", node->n, BP_ACTIONS);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		unsigned action = 0;

		if (bp_node_enum(&r->diag, node->items[i], bp_action_names, BP_ACTIONS, &action))
			continue;
		if (seen & (1u << action))
			bp_diag_at(&r->diag, node->items[i], "'%s' stands here twice", bp_action_names[action]);
		seen |= 1u << action;
		s->action[i] = (enum bp_action)action;
		if (action >= BP_ACTION_RESTART && bp_artifact_index(r->product, "followup") < 0)
			missing(r, node->items[i], "artifact", "followup");
	}
	s->n_actions = (unsigned)node->n;
	if (s->after == BP_AFTER_RESUME)
		bp_diag_at(&r->diag, node, "'actions' and 'after: resume' in one scenario; expected one of them");
	if (!ends_updated(s))
		bp_diag_at(&r->diag, node, "'actions' without a step 'update' that goes through; expected one, which the host can take up again");
	if (!bp_scenario_cuts(s))
		bp_diag_at(&r->diag, node, "'actions' without power cuts at flash operations; expected a sweep of them");
}

static void read_sweep(struct reader *r, const struct bp_node *map, struct bp_sweep *w)
{
	const struct bp_node *phases, *positions, *at = bp_map_get(map, "at");
	unsigned event = 0, phase;

	w->every = 1;
	if (at) {
		read_listed(r, at, w);
		bp_map_done(&r->diag, map);
		return;
	}
	bp_node_enum(&r->diag, bp_map_need(&r->diag, map, "event", "what is counted"), bp_event_names, BP_SWEEP_EVENTS, &event);
	w->event = (enum bp_event)event;
	phases = bp_map_need(&r->diag, map, "phases", "in which phases of the update to cut");
	if (phases && bp_node_is(&r->diag, phases, BP_NODE_SEQ))
		for (size_t i = 0; i < phases->n; i++)
			if (!bp_node_enum(&r->diag, phases->items[i], bp_phase_names, BP_PHASES, &phase))
				w->phases |= 1u << phase;
	positions = w->event == BP_EVENT_FLASH ? bp_map_need(&r->diag, map, "positions", "where within an operation to cut") : NULL;
	if (positions && bp_node_is(&r->diag, positions, BP_NODE_SEQ))
		for (size_t i = 0; i < positions->n; i++)
			read_position(r, positions->items[i], w);
	bp_node_u32(&r->diag, bp_map_get(map, "every"), 1, 65536, &w->every);
	read_fault(r, map, w);
	bp_map_done(&r->diag, map);
}

static void read_edit(struct reader *r, const struct bp_node *map, struct bp_edit *e)
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

static void read_damage_row(struct reader *r, const struct bp_node *map, struct bp_damage_row *row)
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
static size_t list_of_maps(struct reader *r, const struct bp_node *root, const char *key, size_t max, struct bp_node ***items)
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

static void read_faults(struct reader *r, const struct bp_node *root)
{
	struct bp_scenario *s = r->s;
	struct bp_node **items = NULL;
	size_t n;

	n = list_of_maps(r, root, "sweep", BP_MAX_SWEEPS, &items);
	for (size_t i = 0; i < n; i++)
		read_sweep(r, items[i], &s->sweep[s->n_sweeps++]);
	n = list_of_maps(r, root, "edits", BP_MAX_EDITS, &items);
	for (size_t i = 0; i < n; i++)
		read_edit(r, items[i], &s->edit[s->n_edits++]);
	n = list_of_maps(r, root, "damages", BP_MAX_DAMAGES, &items);
	for (size_t i = 0; i < n; i++)
		read_damage_row(r, items[i], &s->damage[s->n_damages++]);
}

/* The name stands in tokens: a word without colons. */
static void check_name(struct reader *r, const struct bp_node *node)
{
	const char *name = r->s->name;
	size_t n = name ? strlen(name) : 0;

	if (name && (!n || n > 63 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n))
		bp_diag_at(&r->diag, node, "'%s' is no scenario name; expected 1 to 63 of a to z, 0 to 9 and '-'", name);
}

static void read_root(struct reader *r, const struct bp_node *root)
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
	read_actions(r, bp_map_get(root, "actions"));
	read_depth(r, bp_map_get(root, "depth"));
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
	struct reader r = {.arena = a, .diag = {.arena = a}, .product = p};
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
