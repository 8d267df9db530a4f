/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/log_pack.h"

#include <string.h>

struct head {
	uint32_t n_ops, n_owed, n_data, zero;
};

struct packed_op {
	uint32_t addr, data, owed;
	uint8_t kind, first, last, zero;
};

static size_t bytes_of(const struct head *h)
{
	return sizeof(*h) + (size_t)h->n_ops * sizeof(struct packed_op) + (size_t)h->n_owed * sizeof(struct bp_obligation) + h->n_data;
}

size_t bp_log_pack(const struct bp_log *l, void *out, size_t cap)
{
	struct head h = {l->n_ops, l->n_owed, l->n_data, 0};
	size_t need = bytes_of(&h);
	uint8_t *p = out;

	if (need > cap)
		return need;
	memcpy(p, &h, sizeof(h));
	p += sizeof(h);
	for (uint32_t i = 0; i < l->n_ops; i++, p += sizeof(struct packed_op)) {
		const struct bp_log_op *o = &l->op[i];
		struct packed_op packed = {o->addr, o->data, o->owed, o->kind, o->first, o->last, 0};

		memcpy(p, &packed, sizeof(packed));
	}
	for (uint32_t i = 0; i < l->n_owed; i++, p += sizeof(struct bp_obligation))
		memcpy(p, &l->owed[i].owed, sizeof(struct bp_obligation));
	if (l->n_data)
		memcpy(p, l->data, l->n_data);
	return need;
}

int bp_log_unpack(struct bp_arena *a, const void *in, size_t len, uint32_t unit_bytes, struct bp_log **out)
{
	const uint8_t *p = in;
	struct bp_log *l = bp_arena_alloc(a, sizeof(*l));
	struct head h;

	if (len < sizeof(h))
		return BP_EPROTO;
	memcpy(&h, p, sizeof(h));
	p += sizeof(h);
	if (bytes_of(&h) != len)
		return BP_EPROTO;
	if (!l)
		return BP_ENOMEM;
	*l = (struct bp_log){.arena = a, .unit_bytes = unit_bytes, .n_ops = h.n_ops, .n_owed = h.n_owed, .n_data = h.n_data};
	l->op = bp_arena_array(a, h.n_ops + 1u, sizeof(*l->op));
	l->owed = bp_arena_array(a, h.n_owed + 1u, sizeof(*l->owed));
	l->data = bp_arena_alloc(a, h.n_data + 1u);
	if (!l->op || !l->owed || !l->data)
		return BP_ENOMEM;
	for (uint32_t i = 0; i < h.n_ops; i++, p += sizeof(struct packed_op)) {
		struct packed_op o;

		memcpy(&o, p, sizeof(o));
		if (o.owed >= h.n_owed || (o.kind == BP_OP_PROGRAM && (h.n_data < unit_bytes || o.data > h.n_data - unit_bytes)))
			return BP_EPROTO;
		l->op[i] = (struct bp_log_op){.addr = o.addr, .data = o.data, .owed = o.owed, .kind = o.kind, .first = o.first, .last = o.last};
	}
	for (uint32_t i = 0; i < h.n_owed; i++, p += sizeof(struct bp_obligation))
		memcpy(&l->owed[i].owed, p, sizeof(struct bp_obligation));
	memcpy(l->data, p, h.n_data);
	*out = l;
	return 0;
}
