/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/memo.h"

#include "explore/states.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_NODES 1024u
#define NOTHING UINT32_MAX /* asks nothing more: this is an end */

struct node {
	uint32_t page;          /* asked for here, or NOTHING */
	uint32_t end;           /* of NOTHING: index */
};

struct bp_memo {
	struct bp_arena *arena;
	size_t limit;
	struct bp_states *step; /* (node, content) → node + 1; (root) → node + 1 */
	struct node *node;
	struct bp_memo_end *end;
	uint32_t n_nodes, cap_nodes, n_ends, cap_ends;
};

/* Anew. The arena's old memory is in pieces of which none may fit. */
static int start(struct bp_memo *m)
{
	bp_arena_free(m->arena);
	m->arena = bp_arena_new(2 * m->limit); /* tables that grow are there twice for a moment */
	if (!m->arena)
		return BP_ENOMEM;
	m->n_nodes = m->n_ends = 0;
	m->cap_nodes = m->cap_ends = FIRST_NODES;
	m->step = bp_states_new(m->arena);
	m->node = bp_arena_array(m->arena, m->cap_nodes, sizeof(*m->node));
	m->end = bp_arena_array(m->arena, m->cap_ends, sizeof(*m->end));
	return m->step && m->node && m->end ? 0 : BP_ENOMEM;
}

int bp_memo_new(size_t limit_bytes, struct bp_memo **out)
{
	struct bp_memo *m = calloc(1, sizeof(*m));

	if (!m)
		return BP_ENOMEM;
	m->limit = limit_bytes;
	if (!start(m)) {
		*out = m;
		return 0;
	}
	bp_memo_free(m);
	return BP_ENOMEM;
}

void bp_memo_free(struct bp_memo *m)
{
	if (!m)
		return;
	bp_arena_free(m->arena);
	free(m);
}

static struct bp_hash128 answer(uint32_t node, struct bp_hash128 content)
{
	struct {
		struct bp_hash128 content;
		uint64_t node;
	} all = {content, node + UINT64_C(1)};
	XXH128_hash_t h = XXH3_128bits(&all, sizeof(all));

	return (struct bp_hash128){h.low64, h.high64};
}

const struct bp_memo_end *bp_memo_find(struct bp_memo *m, struct bp_hash128 root, const struct bp_hash128 *content)
{
	uint32_t at = bp_states_get(m->step, root);

	while (at && m->node[at - 1].page != NOTHING)
		at = bp_states_get(m->step, answer(at - 1, content[m->node[at - 1].page]));
	return at ? &m->end[m->node[at - 1].end] : NULL;
}

static const void *copy(struct bp_memo *m, const void *from, size_t n)
{
	void *p = bp_arena_alloc(m->arena, n + 1);

	if (p && n)
		memcpy(p, from, n);
	return p;
}

/* The node behind this key; one that asks for page when it is new. *node: index. 0, BP_ENOMEM, BP_EINTERNAL. */
static int step_to(struct bp_memo *m, struct bp_hash128 key, uint32_t page, uint32_t *node)
{
	uint32_t *number = bp_states_at(m->step, key);

	if (!number)
		return BP_ENOMEM;
	if (*number) {
		*node = *number - 1;
		return m->node[*node].page == page ? 0 : BP_EINTERNAL;
	}
	if (m->n_nodes == m->cap_nodes) {
		struct node *all = bp_arena_more(m->arena, m->node, m->n_nodes, &m->cap_nodes, sizeof(*m->node));

		if (!all)
			return BP_ENOMEM;
		m->node = all;
	}
	*node = m->n_nodes++;
	m->node[*node] = (struct node){page, NOTHING};
	*number = m->n_nodes;
	return 0;
}

static int keep_end(struct bp_memo *m, struct node *n, const struct bp_memo_end *end)
{
	struct bp_memo_end e = *end;

	e.page = copy(m, end->page, end->n_pages * sizeof(*end->page));
	e.log = end->log ? copy(m, end->log, end->log_bytes) : NULL;
	if (!e.page || (end->log && !e.log))
		return BP_ENOMEM;
	if (n->end == NOTHING) {
		if (m->n_ends == m->cap_ends) {
			struct bp_memo_end *all = bp_arena_more(m->arena, m->end, m->n_ends, &m->cap_ends, sizeof(*m->end));

			if (!all)
				return BP_ENOMEM;
			m->end = all;
		}
		n->end = m->n_ends++;
	}
	m->end[n->end] = e;
	return 0;
}

static int add(struct bp_memo *m, struct bp_hash128 root, const struct bp_hash128 *content, const struct bp_memo_end *end)
{
	struct bp_hash128 key = root;
	uint32_t node = 0;

	for (uint32_t i = 0; i <= end->n_pages; i++) {
		uint32_t page = i < end->n_pages ? end->page[i] : NOTHING;
		int rc = step_to(m, key, page, &node);

		if (rc)
			return rc;
		if (page != NOTHING)
			key = answer(node, content[page]);
	}
	return keep_end(m, &m->node[node], end);
}

int bp_memo_add(struct bp_memo *m, struct bp_hash128 root, const struct bp_hash128 *content, const struct bp_memo_end *end,
		struct bp_err *err)
{
	int rc = bp_arena_used(m->arena) > m->limit ? start(m) : 0;

	if (!rc)
		rc = add(m, root, content, end);
	if (rc == BP_ENOMEM)
		rc = start(m);
	return rc == BP_EINTERNAL ? bp_fail(err, rc, "two states that were alike were not treated alike: a defect of the rig")
	       : rc ? bp_fail(err, rc, "no memory to remember judgements") : 0;
}
