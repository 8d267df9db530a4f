/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_product.c - product files of any content. Keys come from a seed and no
 * artifact is made: what is fuzzed is reading and checking. A product that is
 * accepted must keep the promises that everybody behind it relies on.
 */
#include "bench/product_parts.h"
#include "image/key.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

static void must(int ok)
{
	if (!ok)
		abort();
}

/* The name decides the key: two names, two keys. */
static int load_key(void *ctx, const char *path, struct bp_key *key, struct bp_err *err)
{
	uint8_t seed[32] = {0};

	(void)ctx;
	(void)err;
	memcpy(seed, path, strnlen(path, sizeof(seed)));
	bp_key_from_seed(seed, "fuzz", key);
	return 0;
}

static void check_areas(const struct bp_product *p)
{
	const struct bp_geometry *f = &p->board.flash;
	const struct dut_area *area = p->board.dut.area;

	must(f->unit_bytes && f->unit_bytes <= DUT_MAX_UNIT && f->page_bytes % f->unit_bytes == 0);
	must(f->size_bytes && f->size_bytes % f->page_bytes == 0);
	must(area[DUT_AREA_SLOT_A].size && area[DUT_AREA_SLOT_A].size == area[DUT_AREA_SLOT_B].size);
	for (unsigned i = 0; i < DUT_AREA_COUNT; i++) {
		must(area[i].size || i == DUT_AREA_CONFIG_A || i == DUT_AREA_CONFIG_B);
		must(area[i].addr % f->page_bytes == 0 && area[i].size % f->page_bytes == 0);
		must(area[i].addr <= f->size_bytes && area[i].size <= f->size_bytes - area[i].addr);
		for (unsigned j = 0; j < i; j++)
			must(!area[i].size || !area[j].size || area[i].addr >= area[j].addr + area[j].size ||
			     area[j].addr >= area[i].addr + area[i].size);
	}
}

static void check_rest(const struct bp_product *p)
{
	const struct bp_artifact *from = bp_product_artifact(p, "from");

	must(from && p->name && p->title && p->firmware && p->n_reasons);
	must(p->marks.boot && p->marks.trial && p->marks.up && p->marks.confirmed && p->marks.rollback &&
	     p->marks.no_image && p->marks.state_lost);
	must(p->board.dut.trial_attempts >= 1 && p->board.dut.trial_attempts <= 15);
	must(p->board.dut.watchdog_ms && p->board.dut.trial_budget_ms && p->chunk_bytes);
	must(p->board.flash.program_ns && p->board.flash.erase_ns && p->board.costs.ns[DUT_COST_CYCLES]);
	must(p->recovery_budget_ns && p->update_budget_ns && p->reply_budget_ns);
	for (unsigned i = 0; i < p->n_artifacts; i++) {
		must(p->artifact[i].name && p->artifact[i].runs);
		for (unsigned j = 0; j < i; j++)
			must(bp_version_compare(&p->artifact[i].version, &p->artifact[j].version) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bp_product_source source = {.load_key = load_key, .check_only = true};
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	struct bp_product *p = NULL;
	struct bp_err err;

	if (!arena)
		return 0;
	if (!bp_product_parse(arena, "fuzz.yaml", (const char *)data, size, &source, &p, &err)) {
		check_areas(p);
		check_rest(p);
	}
	bp_arena_free(arena);
	return 0;
}
