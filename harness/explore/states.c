/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/states.h"

#define FIRST_ROWS 1024u

struct row {
	struct bp_hash128 key;
	uint32_t number;
	uint32_t used;
};

struct bp_states {
	struct bp_arena *arena;
	struct row *row;
	uint32_t mask, n;
};

struct bp_states *bp_states_new(struct bp_arena *a)
{
	struct bp_states *s = bp_arena_alloc(a, sizeof(*s));

	if (!s)
		return NULL;
	s->arena = a;
	s->mask = FIRST_ROWS - 1;
	s->row = bp_arena_array(a, FIRST_ROWS, sizeof(*s->row));
	return s->row ? s : NULL;
}

/* The row of the key, or the free one where it belongs. Keys are hashes: their low bits are as good as any. */
static struct row *find(struct row *rows, uint32_t mask, struct bp_hash128 key)
{
	uint32_t i = (uint32_t)key.lo & mask;

	while (rows[i].used && (rows[i].key.lo != key.lo || rows[i].key.hi != key.hi))
		i = (i + 1) & mask;
	return &rows[i];
}

static int grow(struct bp_states *s)
{
	uint32_t mask = 2 * s->mask + 1;
	struct row *rows = bp_arena_array(s->arena, (size_t)mask + 1, sizeof(*rows));

	if (!rows)
		return -1;
	for (uint32_t i = 0; i <= s->mask; i++)
		if (s->row[i].used)
			*find(rows, mask, s->row[i].key) = s->row[i];
	s->row = rows;
	s->mask = mask;
	return 0;
}

uint32_t *bp_states_at(struct bp_states *s, struct bp_hash128 key)
{
	struct row *r = find(s->row, s->mask, key);

	if (r->used)
		return &r->number;
	if (s->n > s->mask / 2) {
		if (grow(s))
			return NULL;
		r = find(s->row, s->mask, key);
	}
	*r = (struct row){.key = key, .used = 1};
	s->n++;
	return &r->number;
}

uint32_t bp_states_get(const struct bp_states *s, struct bp_hash128 key)
{
	return find(s->row, s->mask, key)->number;
}

uint32_t bp_states_count(const struct bp_states *s)
{
	return s->n;
}
