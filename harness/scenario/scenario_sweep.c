/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_sweep.c - where a scenario cuts, how deep, and what the host does then. */
#include "scenario/scenario_parts.h"

#include "base/text.h"

#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

static const struct bp_torn_shape *find_shape(const char *name)
{
	for (unsigned i = 0; i < BP_TORN_SHAPES; i++)
		if (!strcmp(bp_torn_shapes[i].name, name))
			return &bp_torn_shapes[i];
	return NULL;
}

/* "before", "after", "torn 50%", "torn first-byte" */
static void read_position(struct bp_scenario_reader *r, const struct bp_node *node, struct bp_sweep *w)
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
static void check_fault(struct bp_scenario_reader *r, const struct bp_node *map, const struct bp_sweep *w)
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
static void read_fault(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_sweep *w)
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

static void read_listed(struct bp_scenario_reader *r, const struct bp_node *list, struct bp_sweep *w)
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

void bp_scenario_depth(struct bp_scenario_reader *r, const struct bp_node *node)
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
void bp_scenario_actions(struct bp_scenario_reader *r, const struct bp_node *node)
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
			bp_scenario_missing(r, node->items[i], "artifact", "followup");
	}
	s->n_actions = (unsigned)node->n;
	if (s->after == BP_AFTER_RESUME)
		bp_diag_at(&r->diag, node, "'actions' and 'after: resume' in one scenario; expected one of them");
	if (!ends_updated(s))
		bp_diag_at(&r->diag, node, "'actions' without a step 'update' that goes through; expected one, which the host can take up again");
	if (!bp_scenario_cuts(s))
		bp_diag_at(&r->diag, node, "'actions' without power cuts at flash operations; expected a sweep of them");
}

void bp_scenario_sweep(struct bp_scenario_reader *r, const struct bp_node *map, struct bp_sweep *w)
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
