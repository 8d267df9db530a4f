/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the page's script tells of each place of a strip, kept small: codes are
 * run-length encoded ("p8302"), operations are runs of a kind whose addresses
 * grow by a constant, and tokens that count up are a pattern with exceptions.
 */
#include "result/strip.h"

#include "base/json.h"
#include "result/words.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

struct pattern {                     /* token = prefix, start + stride * place, suffix */
	const char *token;           /* one that fits; prefix and suffix are parts of it */
	size_t prefix, suffix;       /* bytes */
	int64_t start, stride;
	bool found;
};

static const struct bp_journal_case *case_at(const struct bp_strip *t, const struct bp_strip_row *row, uint32_t at)
{
	return &t->s->cases[row->case_at[at]];
}

static void put_codes(struct bp_json *w, struct bp_text *text, const struct bp_strip *t, const struct bp_strip_row *row)
{
	bp_text_clear(text);
	for (uint32_t at = 0, n; at < t->places; at += n) {
		for (n = 1; at + n < t->places && row->code[at + n] == row->code[at];)
			n++;
		if (n > 1)
			bp_text_printf(text, "%c%u", row->code[at], n);
		else
			bp_text_add(text, &row->code[at], 1);
	}
	bp_json_key(w, "codes");
	bp_json_textn(w, text->bytes, text->len);
}

/* Digits of s from `from`, len of them, as a number; -1 when they are none, or have a leading zero. */
static int64_t number_in(const char *s, size_t from, size_t len)
{
	int64_t n = 0;

	if (!len || len > 12 || (s[from] == '0' && len > 1))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[from + i]))
			return -1;
		n = n * 10 + (s[from + i] - '0');
	}
	return n;
}

/* From two tokens that differ in one number. */
static bool find_numbers(struct pattern *f, const char *a, uint32_t at_a, const char *b, uint32_t at_b)
{
	size_t la = strlen(a), lb = strlen(b), pre = 0, post = 0;
	int64_t na, nb, distance = (int64_t)at_b - (int64_t)at_a;

	while (pre < la && pre < lb && a[pre] == b[pre])
		pre++;
	while (pre && isdigit((unsigned char)a[pre - 1]))
		pre--;
	while (post < la - pre && post < lb - pre && a[la - 1 - post] == b[lb - 1 - post])
		post++;
	while (post && isdigit((unsigned char)a[la - post]))
		post--;
	na = number_in(a, pre, la - pre - post);
	nb = number_in(b, pre, lb - pre - post);
	if (na < 0 || nb < 0 || (nb - na) % distance != 0)
		return false;
	*f = (struct pattern){.token = a, .prefix = pre, .suffix = post, .found = true};
	f->stride = (nb - na) / distance;
	f->start = na - f->stride * (int64_t)at_a;
	return true;
}

static struct pattern find_pattern(const struct bp_strip *t, const struct bp_strip_row *row)
{
	struct pattern f = {0};
	bool one = false;
	uint32_t first = 0;

	for (uint32_t at = 0; at < t->places; at++) {
		if (row->code[at] == '-')
			continue;
		if (one) {
			find_numbers(&f, case_at(t, row, first)->token, first, case_at(t, row, at)->token, at);
			break;
		}
		one = true;
		first = at;
	}
	return f;
}

static bool fits(const struct pattern *f, struct bp_text *text, const char *token, uint32_t at)
{
	if (!f->found)
		return false;
	bp_text_clear(text);
	bp_text_add(text, f->token, f->prefix);
	bp_text_printf(text, "%" PRId64, f->start + f->stride * (int64_t)at);
	bp_text_puts(text, f->token + strlen(f->token) - f->suffix);
	return text->bytes && strcmp(text->bytes, token) == 0;
}

static void put_pattern(struct bp_json *w, const struct pattern *f)
{
	bp_json_key(w, "tokens");
	bp_json_array(w);
	bp_json_textn(w, f->token, f->prefix);
	bp_json_i64(w, f->start);
	bp_json_i64(w, f->stride);
	bp_json_text(w, f->token + strlen(f->token) - f->suffix);
	bp_json_array_end(w);
}

/* Tokens off the pattern, and what there is to say of cases that did not pass: as far as the page's budget goes. */
static void put_exceptions(struct bp_page *p, struct bp_json *w, struct bp_text *text, const struct bp_strip *t,
			   const struct bp_strip_row *row)
{
	struct pattern f = find_pattern(t, row);

	if (f.found)
		put_pattern(w, &f);
	bp_json_key(w, "more");
	bp_json_array(w);
	for (uint32_t at = 0; at < t->places && p->tokens_left; at++) {
		const struct bp_journal_case *c = case_at(t, row, at);
		bool usual;

		if (row->code[at] == '-')
			continue;
		usual = fits(&f, text, c->token, at);
		if (usual && c->verdict == BP_PASS)
			continue;
		p->tokens_left--;
		bp_json_array(w);
		bp_json_u64(w, at);
		bp_json_text(w, usual ? NULL : c->token);
		if (c->verdict != BP_PASS)
			bp_json_text(w, *c->invariant ? c->invariant : c->text);
		bp_json_array_end(w);
	}
	bp_json_array_end(w);
}

/* The operations of all rows together: [first, count, kind, address, stride]. */
static void put_operations(struct bp_json *w, const struct bp_strip *t, const struct bp_journal_case **ops)
{
	bp_json_key(w, "ops");
	bp_json_array(w);
	for (uint32_t at = 0, n; at < t->places; at += n) {
		const struct bp_journal_case *c = ops[at];
		int64_t stride = 0;

		n = 1;
		if (!c || !*c->kind)
			continue;
		if (at + 1 < t->places && ops[at + 1] && ops[at + 1]->kind == c->kind)
			stride = (int64_t)ops[at + 1]->addr - (int64_t)c->addr;
		while (at + n < t->places && ops[at + n] && ops[at + n]->kind == c->kind &&
		       (int64_t)ops[at + n]->addr == (int64_t)c->addr + stride * (int64_t)n)
			n++;
		bp_json_array(w);
		bp_json_u64(w, at);
		bp_json_u64(w, n);
		bp_json_text(w, c->kind);
		bp_json_u64(w, c->addr);
		bp_json_i64(w, stride);
		bp_json_array_end(w);
	}
	bp_json_array_end(w);
}

static void put_phases(struct bp_json *w, const struct bp_strip *t)
{
	bp_json_key(w, "phases");
	bp_json_array(w);
	for (size_t i = 0; t->by_op && i < t->s->head.n_phases; i++) {
		bp_json_array(w);
		bp_json_text(w, t->s->head.phases[i].phase);
		bp_json_u64(w, t->s->head.phases[i].first);
		bp_json_u64(w, t->s->head.phases[i].count);
		bp_json_array_end(w);
	}
	bp_json_array_end(w);
}

/* JSON inside <script>: '<' as \u003c, so that no text can end the element. */
static void put_script(struct bp_page *p, const struct bp_text *json)
{
	bp_text_puts(p->out, "<script type=\"application/json\" class=\"data\">");
	for (size_t from = 0, at; from < json->len; from = at + 1) {
		const char *lt = memchr(json->bytes + from, '<', json->len - from);

		at = lt ? (size_t)(lt - json->bytes) : json->len;
		bp_text_add(p->out, json->bytes + from, at - from);
		if (lt)
			bp_text_puts(p->out, "\\u003c");
	}
	bp_text_puts(p->out, "</script>\n");
}

void bp_strip_data(struct bp_page *p, const struct bp_strip *t, struct bp_strip_row *row)
{
	const struct bp_journal_case **ops = bp_arena_array(p->out->arena, t->places, sizeof(const struct bp_journal_case *));
	struct bp_text json, text;
	struct bp_json w;

	bp_text_init(&json, p->out->arena);
	bp_text_init(&text, p->out->arena);
	bp_json_init(&w, &json);
	bp_json_object(&w);
	bp_json_kv_u64(&w, "places", t->places);
	bp_json_kv_bool(&w, "byOp", t->by_op);
	bp_json_key(&w, "rows");
	bp_json_array(&w);
	for (size_t i = 0; i < t->n_rows && ops; i++) {
		bp_strip_row_fill(row, t, i);
		for (uint32_t at = 0; at < t->places; at++) {
			if (row->code[at] != '-' && !ops[at])
				ops[at] = case_at(t, row, at);
		}
		bp_json_object(&w);
		bp_json_kv_text(&w, "name", row->variant->name);
		put_codes(&w, &text, t, row);
		put_exceptions(p, &w, &text, t, row);
		bp_json_object_end(&w);
	}
	bp_json_array_end(&w);
	put_phases(&w, t);
	if (t->by_op && ops)
		put_operations(&w, t, ops);
	bp_json_object_end(&w);
	if (json.failed || text.failed || !ops)
		p->out->failed = 1;
	else
		put_script(p, &json);
}
