/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_bench.c - bench files of any content. Nothing is opened. A bench that is
 * accepted must keep the promises that everybody behind it relies on.
 */
#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

static void must(int ok)
{
	if (!ok)
		abort();
}

static void check(const struct bp_bench *bench)
{
	must(bench->name && bench->path && bench->n_boards >= 1 && bench->n_boards <= BP_BENCH_BOARDS);
	for (unsigned i = 0; i < bench->n_boards; i++) {
		const struct bp_bench_board *b = &bench->board[i], *found = NULL;

		must(b->node && b->name && !strchr(b->name, '/') && b->product && *b->product);
		must(b->power && b->power->open && b->power_config);
		must(b->console && b->console->open && b->console_config);
		must(!b->debug == !b->debug_config && (!b->debug || b->debug->open));
		must(!b->over == !b->over_config && (!b->over || b->over->open));
		must(b->detached_percent <= 100 && (!b->detached_percent || b->debug_config) && (!b->provision_config || !b->debug_config));
		must(b->link && (!b->link->offline || b->debug_config));
		must(b->calibration.known == (b->calibration.dead_ns != 0));
		must(!bp_bench_find(bench, b->name, &found, NULL) && found == b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	struct bp_bench *bench = NULL;
	struct bp_err err;

	if (!arena)
		return 0;
	if (!bp_bench_parse(arena, "fuzz.yaml", (const char *)data, size, &bench, &err))
		check(bench);
	bp_arena_free(arena);
	return 0;
}
