/* SPDX-License-Identifier: Apache-2.0 */
/* product_probe.c - section `probe` of product.yaml: what a debug port finds on a real board. */
#include "bench/product_parts.h"

static void read_cause(struct bp_product_reader *r, const struct bp_node *map, struct bp_probe_map *p)
{
	const struct bp_node *cause = bp_map_get(map, "reset-cause");

	if (!cause || !bp_node_is(&r->diag, cause, BP_NODE_MAP))
		return;
	p->has_cause = true;
	p->cause_mask = UINT32_MAX;
	bp_product_need_u32(r, cause, "at", "address of the register that tells the cause of a reset", 0, UINT32_MAX - 3, &p->cause_at);
	if (p->cause_at % 4)
		bp_diag_at(&r->diag, bp_map_get(cause, "at"), "'at' is no address of a word; expected a multiple of 4");
	bp_node_u32(&r->diag, bp_map_get(cause, "mask"), 1, UINT32_MAX, &p->cause_mask);
	bp_product_need_u32(r, cause, "power-on", "what it holds after power-on", 0, UINT32_MAX, &p->cause_power_on);
	bp_map_done(&r->diag, cause);
}

void bp_product_probe(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *map = bp_map_get(root, "probe");
	struct bp_probe_map *p = &r->p->probe;

	if (!map || !bp_node_is(&r->diag, map, BP_NODE_MAP))
		return;
	p->given = true;
	bp_node_text(&r->diag, bp_map_get(map, "elf"), &p->elf);
	bp_product_need_text(r, map, "program", "the function that programs flash", &p->program);
	bp_product_need_text(r, map, "erase", "the function that erases a page", &p->erase);
	bp_product_need_text(r, map, "canary", "an object in RAM that nobody uses", &p->canary);
	read_cause(r, map, p);
	bp_map_done(&r->diag, map);
}
