/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_yaml.c - configuration that somebody else wrote: parse, then ask every node everything.
 *
 * An accepted document keeps the promises of yaml.h; an error has its place in
 * the text, and no message carries a control character of the input.
 */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)

static void must(int ok)
{
	if (!ok)
		abort();
}

/* Line ends and tabs belong to a diagnostic; anything else would act on a terminal. */
static void check_message(const char *s)
{
	for (; *s; s++)
		must((unsigned char)*s >= 0x20 || *s == '\n' || *s == '\t');
}

/* 0, or BP_ECONFIG with one error more. */
static void check(const struct bp_diag *d, unsigned *count, int rc)
{
	must(rc == 0 || rc == BP_ECONFIG);
	must(d->count == *count + (rc != 0));
	*count = d->count;
}

static void ask(struct bp_diag *d, const struct bp_node *n)
{
	static const char *const names[] = {"required", NULL, "optional"};
	unsigned count = d->count, which = 0;
	const char *text = NULL;
	uint8_t bytes[8];
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	size_t len = 0;
	bool b;

	check(d, &count, bp_node_text(d, n, &text));
	check(d, &count, bp_node_bool(d, n, &b));
	check(d, &count, bp_node_u32(d, n, 3, 1000, &u32));
	must(!u32 || (u32 >= 3 && u32 <= 1000));
	check(d, &count, bp_node_u64(d, n, 0, UINT64_MAX, &u64));
	u32 = 1024;
	check(d, &count, bp_node_bytes(d, n, 1024, 1 << 20, &u32));
	must(u32 >= 1024 && u32 <= 1 << 20);
	u64 = 1000;
	check(d, &count, bp_node_duration(d, n, 1000, 1000000000, &u64));
	must(u64 >= 1000 && u64 <= 1000000000);
	check(d, &count, bp_node_percent(d, n, &u32));
	check(d, &count, bp_node_hex(d, n, bytes, sizeof(bytes), &len));
	must(len <= sizeof(bytes));
	check(d, &count, bp_node_enum(d, n, names, 3, &which));
	must(which == 0 || which == 2);
	for (int kind = BP_NODE_SCALAR; kind <= BP_NODE_MAP; kind++)
		must(bp_node_is(d, n, (enum bp_node_kind)kind) == ((int)n->kind == kind));
}

static void walk_map(struct bp_diag *d, const struct bp_node *map)
{
	bp_map_get(map, "faults");
	bp_map_need(d, map, "times", "how often");
	bp_map_done(d, map);
	for (size_t i = 0; i < map->n; i++) {
		must(map->keys[i]->kind == BP_NODE_SCALAR && map->keys[i]->n);
		must(bp_map_get(map, map->keys[i]->text) == map->items[i]); /* no duplicates */
		must(map->items[i]->used);
	}
	must(bp_map_done(d, map) == 0);
}

static void walk(struct bp_diag *d, const struct bp_node *n, int depth)
{
	must(n->line >= 1 && n->col >= 1 && depth <= BP_YAML_MAX_DEPTH + 1);
	ask(d, n);
	if (n->kind == BP_NODE_SCALAR)
		must(strlen(n->text) == n->n);
	else
		must(depth <= BP_YAML_MAX_DEPTH);
	if (n->kind == BP_NODE_MAP)
		walk_map(d, n);
	for (size_t i = 0; n->kind != BP_NODE_SCALAR && i < n->n; i++)
		walk(d, n->items[i], depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bp_arena *arena;
	struct bp_diag d = {0};
	struct bp_node *root = NULL;
	struct bp_err err = {0};
	int rc;

	if (!arena)
		arena = bp_arena_new(ARENA_BYTES);
	must(arena != NULL);
	bp_arena_reset(arena);
	rc = bp_yaml_parse(arena, "f.yaml", (const char *)data, size, &root, &err);
	must(rc == 0 || rc == BP_ECONFIG || rc == BP_ENOMEM);
	must((rc == 0) == (root != NULL));
	check_message(err.text);
	if (rc)
		return 0;
	d.arena = arena;
	walk(&d, root, 1);
	bp_diag_result(&d, &err);
	check_message(err.text);
	return 0;
}
