/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - the pseudo addresses as a file of symbols. */
#include "vboard/probe/map.h"

#include "vboard/elfmap.h"

#include <stdio.h>

#define MAX_SYMBOLS 64u
#define NAME_BYTES 48u

static char names[MAX_SYMBOLS][NAME_BYTES];

static void add(struct bp_symbol *s, size_t *n, const char *pattern, const char *name, struct bp_symbol value)
{
	if (*n == MAX_SYMBOLS)
		return;
	snprintf(names[*n], NAME_BYTES, pattern, name);
	for (char *p = names[*n]; *p; p++)
		if (*p == '-')
			*p = '_';
	value.name = names[*n];
	s[(*n)++] = value;
}

int bp_map_write(const char *path, const struct bp_board_config *config, const char *const area_names[DUT_AREA_COUNT], struct bp_err *err)
{
	const struct bp_region regions[] = {
		{".flash", 0, config->flash.size_bytes, 1},
		{".calls", BP_CODE_BASE, BP_CODE_BYTES, 1},
		{".ram", BP_RAM_BASE, BP_RAM_BYTES, 0},
	};
	struct bp_symbol s[MAX_SYMBOLS];
	size_t n = 0;

	add(s, &n, "%s", "boot_entry", (struct bp_symbol){NULL, BP_BOOT_ENTRY, 0x20, BP_SYMBOL_FUNCTION});
	add(s, &n, "%s", "dut_running", (struct bp_symbol){NULL, BP_CODE_RUNNING, 0x20, BP_SYMBOL_FUNCTION});
	for (unsigned i = 0; i < BP_CALLS; i++) {
		add(s, &n, "%s", bp_call_names[i], (struct bp_symbol){NULL, BP_CALL_ADDR(i), BP_CALL_BYTES, BP_SYMBOL_FUNCTION});
		if (i <= BP_CALL_ERASE) /* the others never come back */
			add(s, &n, "%s_return", bp_call_names[i], (struct bp_symbol){NULL, BP_CALL_BACK(i), 2, BP_SYMBOL_FUNCTION});
	}
	add(s, &n, "%s", "bp_canary", (struct bp_symbol){NULL, BP_RAM_CANARY, BP_RAM_CANARY_BYTES, BP_SYMBOL_OBJECT});
	add(s, &n, "%s", "bp_scratch", (struct bp_symbol){NULL, BP_RAM_SCRATCH, BP_RAM_SCRATCH_BYTES, BP_SYMBOL_OBJECT});
	for (unsigned i = 0; i < DUT_AREA_COUNT; i++)
		if (config->dut.area[i].size && area_names[i])
			add(s, &n, "bp_area_%s", area_names[i],
			    (struct bp_symbol){NULL, config->dut.area[i].addr, config->dut.area[i].size, BP_SYMBOL_OBJECT});
	return bp_elfmap_write(path, regions, sizeof(regions) / sizeof(regions[0]), s, n, BP_BOOT_ENTRY, err);
}
