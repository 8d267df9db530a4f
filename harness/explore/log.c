/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/log.h"

#include "bench/lines.h"

#include <string.h>

/* Room for an update that erases and programs the whole flash four times. */
#define ROUNDS 4u
#define OWED_MAX 65536u
#define SENDS_MAX 65536u
#define KEPT_FIRST (1024u * 1024u) /* bytes; registers and .noinit change once a boot or so, with a crash log there at each operation */
#define KEPT_MAX (64u * KEPT_FIRST)
#define LINES_FIRST 4096u
#define LINES_MAX (16u * LINES_FIRST)

int bp_log_new(struct bp_arena *a, const struct bp_geometry *g, struct bp_flash *start, struct bp_log **out)
{
	struct bp_log *l = bp_arena_alloc(a, sizeof(*l));

	if (!l)
		return BP_ENOMEM;
	l->arena = a;
	l->start = start;
	l->unit_bytes = g->unit_bytes;
	l->cap_ops = ROUNDS * (g->size_bytes / g->unit_bytes + bp_flash_page_count(g));
	l->cap_data = ROUNDS * g->size_bytes;
	l->cap_owed = OWED_MAX;
	l->cap_sends = SENDS_MAX;
	l->cap_lines = LINES_FIRST;
	l->op = bp_arena_array(a, l->cap_ops, sizeof(*l->op));
	l->data = bp_arena_alloc(a, l->cap_data);
	l->owed = bp_arena_array(a, l->cap_owed, sizeof(*l->owed));
	l->send = bp_arena_array(a, l->cap_sends, sizeof(*l->send));
	l->line = bp_arena_array(a, l->cap_lines, sizeof(*l->line));
	if (!l->op || !l->data || !l->owed || !l->send || !l->line)
		return BP_ENOMEM;
	*out = l;
	return 0;
}

void bp_log_restart(struct bp_log *l)
{
	l->n_ops = l->n_owed = l->n_sends = l->n_lines = l->n_data = l->n_kept = 0;
	l->useless = NULL;
}

void bp_log_give_up(struct bp_log *l, const char *why)
{
	bp_log_restart(l);
	l->useless = why;
}

int bp_log_keep(struct bp_log *l, const struct bp_vboard *board)
{
	l->board = board;
	l->kept_bytes = (uint32_t)bp_vboard_kept_bytes(board);
	l->cap_kept = KEPT_FIRST;
	l->kept = bp_arena_alloc(l->arena, l->cap_kept);
	return l->kept ? 0 : BP_ENOMEM;
}

/* Offset of what a reset would keep now. */
static uint32_t kept_now(struct bp_log *l)
{
	uint8_t *row;

	if (!l->board)
		return 0;
	if (l->cap_kept - l->n_kept < l->kept_bytes) {
		row = l->cap_kept < KEPT_MAX ? bp_arena_more(l->arena, l->kept, l->n_kept, &l->cap_kept, 1) : NULL;
		if (!row) {
			l->useless = "what a reset keeps changes more often in the undisturbed update than its log holds";
			return 0;
		}
		l->kept = row;
	}
	row = l->kept + l->n_kept;
	bp_vboard_kept(l->board, row);
	if (l->n_kept && !memcmp(row - l->kept_bytes, row, l->kept_bytes))
		return l->n_kept - l->kept_bytes;
	l->n_kept += l->kept_bytes;
	return l->n_kept - l->kept_bytes;
}

void bp_log_op(void *log, const struct bp_op *op)
{
	struct bp_log *l = log;
	struct bp_log_op *o;

	if (l->n_ops == l->cap_ops || l->cap_data - l->n_data < l->unit_bytes) {
		l->useless = "the undisturbed update has more flash operations than its log holds: four times the whole flash";
		return;
	}
	o = &l->op[l->n_ops++];
	*o = (struct bp_log_op){
		.start_ns = op->start_ns, .end_ns = op->end_ns, .addr = op->addr, .data = l->n_data,
		.owed = l->n_owed - 1, .kept = kept_now(l), .kind = (uint8_t)op->kind, .first = op->first, .last = op->last,
	};
	if (op->kind == BP_OP_PROGRAM) {
		memcpy(l->data + l->n_data, op->data, l->unit_bytes);
		l->n_data += l->unit_bytes;
	}
}

void bp_log_owe(struct bp_log *l, uint64_t at_ns, const struct bp_obligation *o)
{
	if (l->n_owed && !memcmp(&l->owed[l->n_owed - 1].owed, o, sizeof(*o)))
		return;
	if (l->n_owed == l->cap_owed) {
		l->useless = "the undisturbed update has more steps than its log holds";
		return;
	}
	l->owed[l->n_owed].at_ns = at_ns;
	l->owed[l->n_owed++].owed = *o;
}

void bp_log_sent(struct bp_log *l, uint64_t at_ns, size_t len)
{
	uint32_t first = 1;

	if (l->n_sends)
		first = l->send[l->n_sends - 1].first + l->send[l->n_sends - 1].len;
	if (l->n_sends == l->cap_sends) {
		l->useless = "the undisturbed update has more messages than its log holds";
		return;
	}
	l->send[l->n_sends] = (struct bp_log_send){at_ns, first, (uint32_t)len};
	l->n_sends++;
}

void bp_log_line(void *log, uint64_t at_ns, const char *line, size_t len)
{
	struct bp_log *l = log;
	struct bp_log_line *all = l->line;
	char *text;

	if (l->n_lines == l->cap_lines)
		all = l->cap_lines < LINES_MAX ? bp_arena_more(l->arena, all, l->n_lines, &l->cap_lines, sizeof(*all)) : NULL;
	text = all ? bp_arena_text(l->arena, line, len) : NULL;
	if (!text) {
		l->useless = "the undisturbed update prints more lines than its log holds";
		return;
	}
	l->line = all;
	l->line[l->n_lines++] = (struct bp_log_line){at_ns, text, len};
}

uint32_t bp_log_events(const struct bp_log *l, enum bp_event event)
{
	switch (event) {
	case BP_EVENT_FLASH: return l->n_ops;
	case BP_EVENT_LINK_BYTE: return bp_log_frame_end(l, l->n_sends);
	case BP_EVENT_LINK_FRAME: return l->n_sends;
	case BP_EVENT_LINE: return l->n_lines;
	case BP_EVENT_TIME: break;
	}
	return 0;
}

/* Lines up to number n (from 1) that hold the text. */
static uint32_t lines_with(const struct bp_log *l, const char *text, uint32_t n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += bp_line_holds(l->line[i].text, l->line[i].len, text);
	return count;
}

bool bp_log_point(const struct bp_log *l, enum bp_event event, uint32_t i, struct bp_cutpoint *out)
{
	size_t n = 0;

	*out = (struct bp_cutpoint){.event = event, .n = i};
	if (event != BP_EVENT_LINE)
		return true;
	while (n < l->line[i - 1].len && n < BP_CUT_LINE_BYTES - 1 && (unsigned char)l->line[i - 1].text[n] >= ' ')
		n++;
	memcpy(out->line, l->line[i - 1].text, n);
	out->n = lines_with(l, out->line, i);
	return n > 0;
}

uint32_t bp_log_frame_end(const struct bp_log *l, uint32_t frame)
{
	if (!frame || frame > l->n_sends)
		return 0;
	return l->send[frame - 1].first + l->send[frame - 1].len - 1;
}

/* Arrival of link byte n at the board, or BP_NEVER. */
static uint64_t arrival(const struct bp_log *l, uint32_t n)
{
	uint32_t low = 0, high = l->n_sends;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (n < l->send[mid].first)
			high = mid;
		else if (n >= l->send[mid].first + l->send[mid].len)
			low = mid + 1;
		else
			return l->send[mid].at_ns + (n - l->send[mid].first + 1) * l->byte_ns;
	}
	return BP_NEVER;
}

static void resolve_time(const struct bp_log *l, uint64_t at_ns, struct bp_state *out)
{
	uint32_t low = 0, high = l->n_ops;

	while (low < high) { /* first operation that is not complete at at_ns */
		uint32_t mid = (low + high) / 2;

		if (l->op[mid].end_ns <= at_ns)
			low = mid + 1;
		else
			high = mid;
	}
	*out = (struct bp_state){.prefix = low};
	if (low < l->n_ops) {
		out->torn.percent = bp_vboard_torn_percent(l->op[low].start_ns, l->op[low].end_ns, at_ns);
		out->is_torn = out->torn.percent > 0;
	}
	low = 0;
	high = l->n_owed;
	while (low < high) { /* the last obligation that began before at_ns or at it */
		uint32_t mid = (low + high) / 2;

		if (l->owed[mid].at_ns <= at_ns)
			low = mid + 1;
		else
			high = mid;
	}
	out->owed = low ? low - 1 : 0;
}

/* When line c->n that holds the text has ended, or BP_NEVER. */
static uint64_t line_end(const struct bp_log *l, const struct bp_cutpoint *c)
{
	uint32_t left = c->n;

	for (uint32_t i = 0; i < l->n_lines; i++)
		if (bp_line_holds(l->line[i].text, l->line[i].len, c->line) && !--left)
			return l->line[i].at_ns;
	return BP_NEVER;
}

/* The board time of a cut that is not at a flash operation, or BP_NEVER when the update has no such point. */
static uint64_t time_of(const struct bp_log *l, const struct bp_cutpoint *c)
{
	uint64_t at = BP_NEVER;

	switch (c->event) {
	case BP_EVENT_LINK_BYTE: return arrival(l, c->n);
	case BP_EVENT_LINK_FRAME: return arrival(l, bp_log_frame_end(l, c->n));
	case BP_EVENT_LINE:
		at = line_end(l, c);
		break;
	case BP_EVENT_TIME:
		at = l->begin_ns;
		break;
	case BP_EVENT_FLASH:
		break;
	}
	/* After the last step nothing is under way any more that a cut could hit. */
	return at != BP_NEVER && at + c->after_ns < l->end_ns ? at + c->after_ns : BP_NEVER;
}

int bp_log_resolve(const struct bp_log *l, const struct bp_cutpoint *c, struct bp_state *out)
{
	uint64_t at;

	if (!c->n || l->useless)
		return BP_ENOENT;
	if (c->event == BP_EVENT_FLASH) {
		if (c->n > l->n_ops)
			return BP_ENOENT;
		*out = (struct bp_state){
			.prefix = c->position == BP_CUT_AFTER ? c->n : c->n - 1,
			.owed = l->op[c->n - 1].owed,
			.is_torn = c->position == BP_CUT_TORN,
			.torn = c->torn,
			.fault = c->fault,
			.kept = l->op[c->n - 1].kept,
			.bounces = c->fault == BP_FAULT_BOUNCE ? c->fault_arg : 0,
		};
		return 0;
	}
	at = time_of(l, c);
	if (at == BP_NEVER)
		return BP_ENOENT;
	resolve_time(l, at, out);
	return 0;
}

void bp_log_apply(const struct bp_log *l, struct bp_flash *f, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		if (l->op[i].kind == BP_OP_PROGRAM)
			bp_flash_program(f, l->op[i].addr, l->data + l->op[i].data);
		else
			bp_flash_erase(f, l->op[i].addr);
	}
}

void bp_log_tear(const struct bp_log *l, struct bp_flash *f, uint32_t i, struct bp_torn torn)
{
	if (l->op[i].kind == BP_OP_PROGRAM)
		bp_flash_program_torn(f, l->op[i].addr, l->data + l->op[i].data, torn);
	else
		bp_flash_erase_torn(f, l->op[i].addr, torn);
}

static bool reads_erased(const uint8_t *bytes, uint32_t len, uint8_t erased)
{
	for (uint32_t i = 0; i < len; i++)
		if (bytes[i] != erased)
			return false;
	return true;
}

bool bp_log_erases_blank(const struct bp_log *l, uint32_t i)
{
	const struct bp_geometry *g = &l->start->geo;
	struct bp_flash_page page = bp_log_page(l, i);

	while (i-- > 0) {
		const struct bp_log_op *op = &l->op[i];

		if (bp_log_page(l, i).number != page.number)
			continue;
		if (op->kind == BP_OP_ERASE)
			return true;
		if (!reads_erased(l->data + op->data, l->unit_bytes, g->erased))
			return false;
	}
	return reads_erased(l->start->bytes + page.start, page.bytes, g->erased);
}
