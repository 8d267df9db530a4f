/* SPDX-License-Identifier: Apache-2.0 */
#include "result/json_get.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int bp_json_get_fail(struct bp_results_reader *rd, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (rd->rc)
		return rd->rc;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rd->rc = code;
	return bp_fail(rd->err, code, "%s:%lu: error: %s", rd->name, rd->line, text);
}

/* FNV-1a, 32 bits: offset basis and prime of draft-eastlake-fnv. */
static uint32_t text_hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static size_t find_slot(const struct bp_intern *t, const char *s, size_t len, uint32_t hash)
{
	size_t at = hash & (t->cap - 1);

	while (t->slot[at] && (t->hash[at] != hash || strlen(t->slot[at]) != len || memcmp(t->slot[at], s, len) != 0))
		at = (at + 1) & (t->cap - 1);
	return at;
}

/* Twice the table, at least 64 slots; the old one stays behind in the arena. */
static int table_grow(struct bp_results_reader *rd)
{
	struct bp_intern old = rd->intern, t = {.n = old.n};

	t.cap = old.cap ? old.cap * 2 : 64;
	t.slot = bp_arena_array(rd->arena, t.cap, sizeof(*t.slot));
	t.hash = bp_arena_array(rd->arena, t.cap, sizeof(*t.hash));
	if (!t.slot || !t.hash)
		return bp_json_get_fail(rd, BP_ENOMEM, "no room left for texts");
	for (size_t i = 0; i < old.cap; i++) {
		size_t at = old.hash[i] & (t.cap - 1);

		if (!old.slot[i])
			continue;
		while (t.slot[at])
			at = (at + 1) & (t.cap - 1);
		t.slot[at] = old.slot[i];
		t.hash[at] = old.hash[i];
	}
	rd->intern = t;
	return 0;
}

static const char *intern(struct bp_results_reader *rd, const char *s, size_t len)
{
	struct bp_intern *t = &rd->intern;
	uint32_t hash;
	size_t at;

	if (!len)
		return "";
	if (t->n * 2 >= t->cap && table_grow(rd))
		return "";
	hash = text_hash(s, len);
	at = find_slot(t, s, len, hash);
	if (!t->slot[at]) {
		char *copy = bp_arena_text(rd->arena, s, len);

		if (!copy) {
			bp_json_get_fail(rd, BP_ENOMEM, "no room left for texts");
			return "";
		}
		t->slot[at] = copy;
		t->hash[at] = hash;
		t->n++;
	}
	return t->slot[at];
}

static const json_t *need(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		bp_json_get_fail(rd, BP_ECONFIG, "missing '%s'", key);
	return v;
}

/* A text as C string: cut at a NUL, which none of our own texts holds. */
static const char *text_of(struct bp_results_reader *rd, const json_t *v, const char *key)
{
	const char *s = json_string_value(v);

	if (!s) {
		bp_json_get_fail(rd, BP_ECONFIG, "'%s' is no text", key);
		return "";
	}
	return intern(rd, s, strlen(s));
}

const char *bp_json_get_text(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	const json_t *v = need(rd, o, key);

	return v ? text_of(rd, v, key) : "";
}

const char *bp_json_opt_text(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return v && !json_is_null(v) ? text_of(rd, v, key) : "";
}

const char *bp_json_item_text(struct bp_results_reader *rd, const json_t *item, const char *list)
{
	return text_of(rd, item, list);
}

const char *bp_json_get_bytes(struct bp_results_reader *rd, const json_t *o, const char *key, size_t *len)
{
	const json_t *v = need(rd, o, key);
	const char *s = json_string_value(v);
	char *copy;

	*len = 0;
	if (!v)
		return "";
	if (!s) {
		bp_json_get_fail(rd, BP_ECONFIG, "'%s' is no text", key);
		return "";
	}
	copy = bp_arena_text(rd->arena, s, json_string_length(v));
	if (!copy) {
		bp_json_get_fail(rd, BP_ENOMEM, "no room left for texts");
		return "";
	}
	*len = json_string_length(v);
	return copy;
}

const char *bp_json_get_long_text(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	size_t len;

	return bp_json_get_bytes(rd, o, key, &len);
}

uint64_t bp_json_get_u64(struct bp_results_reader *rd, const json_t *o, const char *key, uint64_t max)
{
	const json_t *v = need(rd, o, key);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max) {
		bp_json_get_fail(rd, BP_ECONFIG, "'%s' is no whole number from 0 to %llu", key, (unsigned long long)max);
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

uint32_t bp_json_get_u32(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	return (uint32_t)bp_json_get_u64(rd, o, key, UINT32_MAX);
}

bool bp_json_get_bool(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	const json_t *v = need(rd, o, key);

	if (v && !json_is_boolean(v))
		bp_json_get_fail(rd, BP_ECONFIG, "'%s' is neither true nor false", key);
	return json_is_true(v);
}

const json_t *bp_json_opt_array(struct bp_results_reader *rd, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return NULL;
	if (!json_is_array(v)) {
		bp_json_get_fail(rd, BP_ECONFIG, "'%s' is no list", key);
		return NULL;
	}
	return v;
}
