/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/classes.h"

#include "explore/memo.h"
#include "explore/states.h"

#include <string.h>
#include <xxhash.h>

#define QUESTIONS_BYTES ((size_t)1 << 32) /* beyond that all questions are forgotten: no truth is lost, but states are judged again */
#define FIRST_ROWS 256u

struct row {
	const struct bp_hash128 *content; /* of the class's first state */
	uint64_t reached;                 /* pages asked for: by its own judgements, and by those that cuts lead to */
	uint64_t differ;                  /* in which other states of it differ from the first */
	uint32_t tag;
};

struct lead {
	uint32_t from, to;
	uint64_t erased;
};

struct bp_classes {
	struct bp_arena *arena;
	uint32_t n_pages;
	struct bp_memo *questions;
	struct row *row;
	uint32_t n, cap;
	struct lead *lead;
	uint32_t n_leads, cap_leads;
	struct bp_states *known;          /* leads */
};

struct bp_classes *bp_classes_new(struct bp_arena *a, uint32_t n_pages)
{
	struct bp_classes *k = bp_arena_alloc(a, sizeof(*k));

	if (!k)
		return NULL;
	k->arena = a;
	k->n_pages = n_pages;
	k->cap = k->cap_leads = FIRST_ROWS;
	k->row = bp_arena_array(a, k->cap, sizeof(*k->row));
	k->lead = bp_arena_array(a, k->cap_leads, sizeof(*k->lead));
	k->known = bp_states_new(a);
	if (!k->row || !k->lead || !k->known || bp_memo_new(QUESTIONS_BYTES, &k->questions))
		return NULL;
	return k;
}

void bp_classes_free(struct bp_classes *k)
{
	if (k)
		bp_memo_free(k->questions);
}

static void differ(struct bp_classes *k, uint32_t class, const struct bp_hash128 *content)
{
	struct row *r = &k->row[class];

	for (uint32_t i = 0; i < k->n_pages; i++)
		if (memcmp(&r->content[i], &content[i], sizeof(content[i])) != 0)
			r->differ |= UINT64_C(1) << i;
}

uint32_t bp_classes_find(struct bp_classes *k, struct bp_hash128 root, const struct bp_hash128 *content)
{
	const struct bp_memo_end *end = bp_memo_find(k->questions, root, content);

	if (!end)
		return BP_NO_CLASS;
	differ(k, end->number, content);
	return end->number;
}

static int new_row(struct bp_classes *k, const struct bp_hash128 *content, uint64_t asked, uint32_t tag)
{
	struct bp_hash128 *own = bp_arena_array(k->arena, k->n_pages, sizeof(*own));

	if (k->n == k->cap) {
		struct row *all = bp_arena_more(k->arena, k->row, k->n, &k->cap, sizeof(*k->row));

		if (!all)
			return BP_ENOMEM;
		k->row = all;
	}
	if (!own)
		return BP_ENOMEM;
	memcpy(own, content, k->n_pages * sizeof(*own));
	k->row[k->n++] = (struct row){.content = own, .reached = asked, .tag = tag};
	return 0;
}

int bp_classes_add(struct bp_classes *k, struct bp_hash128 root, const struct bp_hash128 *content, const uint8_t *asked, uint32_t n_asked,
		   uint32_t tag, uint32_t *class, bool *is_new)
{
	uint32_t page[BP_CLASS_PAGES];
	struct bp_memo_end end = {.number = k->n, .page = page, .n_pages = n_asked};
	uint64_t mask = 0;
	int rc;

	*class = bp_classes_find(k, root, content);
	*is_new = *class == BP_NO_CLASS;
	if (!*is_new)
		return 0;
	for (uint32_t i = 0; i < n_asked; i++) {
		page[i] = asked[i];
		mask |= UINT64_C(1) << asked[i];
	}
	rc = new_row(k, content, mask, tag);
	if (!rc)
		rc = bp_memo_add(k->questions, root, content, &end, NULL);
	*class = end.number;
	return rc;
}

int bp_classes_lead(struct bp_classes *k, uint32_t from, uint32_t to, uint64_t erased)
{
	struct lead l = {from, to, erased};
	XXH128_hash_t h = XXH3_128bits(&l, sizeof(l));
	uint32_t *known;

	if (to == BP_NO_CLASS) { /* nobody knows what is looked at there */
		k->row[from].reached = UINT64_MAX;
		return 0;
	}
	known = bp_states_at(k->known, (struct bp_hash128){h.low64, h.high64});

	if (!known)
		return BP_ENOMEM;
	if (*known)
		return 0;
	if (k->n_leads == k->cap_leads) {
		struct lead *all = bp_arena_more(k->arena, k->lead, k->n_leads, &k->cap_leads, sizeof(*k->lead));

		if (!all)
			return BP_ENOMEM;
		k->lead = all;
	}
	k->lead[k->n_leads++] = l;
	*known = k->n_leads;
	return 0;
}

uint32_t bp_classes_unproven(struct bp_classes *k)
{
	uint32_t n = 0;

	for (bool grew = true; grew;) {
		grew = false;
		for (uint32_t i = 0; i < k->n_leads; i++) {
			const struct lead *l = &k->lead[i];
			uint64_t reached = k->row[l->to].reached & ~l->erased;

			grew = grew || (reached & ~k->row[l->from].reached);
			k->row[l->from].reached |= reached;
		}
	}
	for (uint32_t i = 0; i < k->n; i++)
		n += (k->row[i].differ & k->row[i].reached) != 0;
	return n;
}

uint32_t bp_classes_tag(const struct bp_classes *k, uint32_t class)
{
	return k->row[class].tag;
}

uint32_t bp_classes_count(const struct bp_classes *k)
{
	return k->n;
}
