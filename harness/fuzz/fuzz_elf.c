/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_elf.c - symbols of an ELF file from anywhere: found again by name, or refused with a text. */
#include "bench/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 65536

static void must(int ok)
{
	if (!ok)
		abort();
}

static void look_up(const struct bp_symbols *s)
{
	for (unsigned i = 0; i < s->n && i < 64; i++) {
		struct bp_symbol got;
		int rc = bp_symbols_find(s, s->symbol[i].name, &got, NULL);

		must(rc == 0 || rc == BP_ECONFIG);
		must(rc || !strcmp(got.name, s->symbol[i].name));
		must(i == 0 || strcmp(s->symbol[i - 1].name, s->symbol[i].name) <= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bp_arena *arena;
	static uint8_t copy[MAX_BYTES];
	struct bp_symbols s;
	struct bp_err err = {.text = ""};
	int rc;

	if (!arena)
		arena = bp_arena_new((size_t)64 << 20);
	if (!arena || size > sizeof(copy))
		return 0;
	bp_arena_reset(arena);
	if (size)
		memcpy(copy, data, size);
	rc = bp_symbols_parse(arena, "fuzz", copy, size, &s, &err);
	must(rc == 0 || ((rc == BP_ECONFIG || rc == BP_ENOMEM) && err.text[0]));
	if (!rc)
		look_up(&s);
	return 0;
}
