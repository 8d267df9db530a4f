/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_symbols.h - where things lie in the product's firmware: symbols of its ELF
 * file, by name.
 *
 * The file is untrusted: whatever it holds ends in an error that names it. Never
 * blocks but for reading the file.
 */
#ifndef BP_BENCH_ELF_SYMBOLS_H
#define BP_BENCH_ELF_SYMBOLS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_symbol {
	const char *name;
	uint32_t addr;    /* of a Thumb function without its low bit: where its first instruction lies */
	uint32_t size;    /* bytes; 0 when the file does not say */
	bool function;
	bool global;
};

struct bp_symbols {
	const char *path;              /* for texts */
	unsigned n;
	const struct bp_symbol *symbol; /* functions and objects, sorted by name, global before local */
};

/*
 * Read all functions and objects of the file into a. BP_EIO: unreadable;
 * BP_ECONFIG: no ELF file, damaged, stripped, or addresses beyond 32 bits;
 * BP_ENOMEM. Nothing stays open.
 */
int bp_symbols_read(struct bp_arena *a, const char *path, struct bp_symbols *out, struct bp_err *err);

/* The same from len bytes, which may be changed and are not needed afterwards. name, which must live as long as *out, stands in for the path. */
int bp_symbols_parse(struct bp_arena *a, const char *name, void *bytes, size_t len, struct bp_symbols *out,
		     struct bp_err *err);

/*
 * The symbol of that name, the global one if there are several. BP_ENOENT: none,
 * with the nearest name as a suggestion; BP_ECONFIG: several local ones that
 * lie at different places.
 */
int bp_symbols_find(const struct bp_symbols *s, const char *name, struct bp_symbol *out, struct bp_err *err);

#endif
