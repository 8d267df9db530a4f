/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elfmap.h - a table of addresses as an ELF32 file for ARM (ELF for the Arm
 * Architecture, AAELF32), with no bytes in it: what a debugger or a rig needs to
 * find things by name.
 */
#ifndef BP_VBOARD_ELFMAP_H
#define BP_VBOARD_ELFMAP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum bp_symbol_kind { BP_SYMBOL_FUNCTION, BP_SYMBOL_OBJECT, BP_SYMBOL_LABEL };

/* A function's address gets its Thumb bit in the file (AAELF32, section 5.5.3). */
struct bp_symbol {
	const char *name;
	uint32_t addr, size;
	enum bp_symbol_kind kind;
};

struct bp_region {
	const char *name;        /* of the section, ".flash" */
	uint32_t addr, size;
	int code;                /* executable, else data */
};

/* Write the file at path. Each symbol belongs to the region that holds it, or is absolute. At most 16 regions. */
int bp_elfmap_write(const char *path, const struct bp_region *regions, size_t n_regions, const struct bp_symbol *symbols,
		    size_t n_symbols, uint32_t entry, struct bp_err *err);

#endif
