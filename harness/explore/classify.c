/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/classify.h"

#include <stdio.h>
#include <string.h>

struct view {
	const uint8_t *seen, *unreadable;
	uint8_t *now;            /* the flash at this point of the log */
};

/* Bytes of the range that do not read as they stand in the log. */
static uint32_t differ(const struct view *v, uint32_t addr, uint32_t len)
{
	uint32_t n = 0;

	for (uint32_t i = addr; i < addr + len; i++)
		n += v->now[i] != v->seen[i] || v->unreadable[i];
	return n;
}

/* Each bit reads as before the operation or as after it: what was done in part leaves nothing else. old: len bytes as before. */
static bool in_part(const struct view *v, const uint8_t *old, uint32_t addr, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (((v->seen[addr + i] ^ old[i]) & (v->seen[addr + i] ^ v->now[addr + i])) && !v->unreadable[addr + i])
			return false;
	return true;
}

static void apply(const struct bp_log *log, const struct bp_log_op *op, uint8_t *bytes)
{
	const struct bp_geometry *g = &log->start->geo;

	if (op->kind == BP_OP_ERASE) {
		memset(bytes + op->addr, g->erased, bp_flash_page_at(g, op->addr).bytes);
		return;
	}
	for (uint32_t i = 0; i < g->unit_bytes; i++) {
		uint8_t *old = &bytes[op->addr + i], data = log->data[op->data + i];

		*old = (uint8_t)(g->erased ? *old & data : *old | data);
	}
}

int bp_classify(struct bp_arena *a, const struct bp_log *log, const uint8_t *seen, const uint8_t *unreadable, struct bp_fit *out,
		struct bp_err *err)
{
	const struct bp_geometry *g = &log->start->geo;
	struct view v = {seen, unreadable, bp_arena_alloc(a, g->size_bytes)};
	uint8_t *old = bp_arena_alloc(a, g->page_bytes);
	uint32_t wrong;

	*out = (struct bp_fit){.at = bp_arena_alloc(a, log->n_ops + 1u), .n = log->n_ops + 1};
	if (!out->at || !v.now || !old)
		return bp_fail(err, BP_ENOMEM, "no memory to classify a cut");
	memcpy(v.now, log->start->bytes, g->size_bytes);
	wrong = differ(&v, 0, g->size_bytes);
	for (uint32_t k = 0; k <= log->n_ops; k++) {
		const struct bp_log_op *op = &log->op[k];
		uint32_t len, before, after;

		out->at[k] = wrong ? 0 : BP_FIT_WHOLE;
		if (k == log->n_ops)
			break;
		len = op->kind == BP_OP_ERASE ? bp_flash_page_at(g, op->addr).bytes : g->unit_bytes;
		before = differ(&v, op->addr, len);
		memcpy(old, v.now + op->addr, len);
		apply(log, op, v.now);
		after = differ(&v, op->addr, len);
		if (wrong == before && before && after && in_part(&v, old, op->addr, len))
			out->at[k] |= BP_FIT_TORN;
		wrong = wrong - before + after;
	}
	for (uint32_t k = 0; k < out->n; k++) {
		if (!out->at[k])
			continue;
		out->first = out->fits++ ? out->first : k;
		out->last = k;
	}
	return 0;
}

bool bp_fit_has(const struct bp_fit *fit, const struct bp_state *s)
{
	return s->prefix < fit->n && (fit->at[s->prefix] & (s->is_torn ? BP_FIT_TORN : BP_FIT_WHOLE));
}

void bp_fit_show(const struct bp_fit *fit, char *text, size_t cap)
{
	if (!fit->fits)
		snprintf(text, cap, "a flash that no state of the update fits");
	else if (fit->fits == 1 && (fit->at[fit->first] & BP_FIT_TORN))
		snprintf(text, cap, "operation %u done in part", fit->first + 1);
	else if (fit->first == fit->last)
		snprintf(text, cap, "%u operations done", fit->first);
	else
		snprintf(text, cap, "%u to %u operations done", fit->first, fit->last);
}
