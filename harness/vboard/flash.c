/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/flash_cells.h"

#include "base/err.h"
#include "base/rng.h"

#include <string.h>
#include <xxhash.h>

const char *bp_trap_name(enum bp_trap_kind kind)
{
	static const char *const names[BP_TRAP_COUNT] = {
		"none", "program over cleared bits", "unit programmed too often",
		"program of a weak unit", "write outside the flash or unaligned",
		"write to the bootloader", "write to the running slot", "write to an area that this step must not touch",
		"operation begun on a supply too low", "jump to code that was never written", "jump to bytes that are no known image",
	};

	return kind < BP_TRAP_COUNT ? names[kind] : "unknown";
}

int bp_flash_new(struct bp_arena *a, const struct bp_geometry *geo, uint64_t seed, struct bp_flash **out)
{
	struct bp_flash *f = bp_arena_alloc(a, sizeof(*f));
	uint32_t pages = bp_flash_page_count(geo);
	uint32_t units = geo->size_bytes / geo->unit_bytes;

	if (!f)
		return BP_ENOMEM;
	f->geo = *geo;
	f->seed = seed;
	f->n_pages = pages;
	f->n_units = units;
	f->page_start = bp_arena_array(a, pages + 1, sizeof(*f->page_start));
	f->bytes = bp_arena_alloc(a, geo->size_bytes);
	f->weak = bp_arena_alloc(a, geo->size_bytes);
	f->units = bp_arena_alloc(a, units);
	f->wear = bp_arena_array(a, pages, sizeof(*f->wear));
	f->page_weak = bp_arena_alloc(a, pages);
	f->page_torn = bp_arena_alloc(a, pages);
	f->touched = bp_arena_alloc(a, pages);
	f->stale = bp_arena_alloc(a, pages);
	f->page_hash = bp_arena_array(a, pages, sizeof(*f->page_hash));
	f->asked = bp_arena_alloc(a, sizeof(*f->asked));
	if (!f->asked)
		return BP_ENOMEM;
	f->asked->how = bp_arena_alloc(a, pages);
	f->asked->page = bp_arena_array(a, pages, sizeof(*f->asked->page));
	if (!f->page_start || !f->bytes || !f->weak || !f->units || !f->wear || !f->page_weak || !f->page_torn ||
	    !f->touched || !f->stale || !f->page_hash || !f->asked->how || !f->asked->page)
		return BP_ENOMEM;
	for (uint32_t p = 0, at = 0; p <= pages; p++) {
		f->page_start[p] = at;
		at += at < geo->size_bytes ? bp_flash_page_at(geo, at).bytes : 0;
	}
	memset(f->bytes, geo->erased, geo->size_bytes);
	memset(f->touched, 1, pages);
	memset(f->stale, 1, pages);
	*out = f;
	return 0;
}

enum bp_trap_kind bp_flash_program_rule(const struct bp_flash *f, uint32_t addr, const uint8_t *src)
{
	uint32_t unit = addr / f->geo.unit_bytes, writes = f->units[unit] & BP_UNIT_WRITES;

	bp_cells_ask(f, bp_cells_page(f, addr));
	if (f->page_weak[bp_cells_page(f, addr)])
		for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
			if (f->weak[addr + i])
				return BP_TRAP_WEAK_UNIT;
	if (f->geo.writes_per_unit && writes >= f->geo.writes_per_unit)
		return BP_TRAP_TOO_OFTEN;
	if (writes)
		for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
			if (bp_cells_programmed(f, f->bytes[addr + i], src[i]) != src[i])
				return BP_TRAP_OVERWRITE;
	return BP_TRAP_NONE;
}

void bp_flash_program(struct bp_flash *f, uint32_t addr, const uint8_t *src)
{
	bp_cells_ask(f, bp_cells_page(f, addr));
	bp_cells_count_write(f, addr / f->geo.unit_bytes);
	for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
		f->bytes[addr + i] = bp_cells_programmed(f, f->bytes[addr + i], src[i]);
	bp_cells_touch(f, bp_cells_page(f, addr));
	f->n_programs++;
}

void bp_cells_flag(struct bp_flash *f, uint32_t page)
{
	uint32_t at = f->page_start[page], n = bp_cells_bytes(f, page);
	const uint8_t *weak = f->weak + at, *unit = f->units + at / f->geo.unit_bytes;
	uint8_t any_weak = 0, any_unit = 0;

	for (uint32_t i = 0; i < n; i++)
		any_weak |= weak[i];
	for (uint32_t i = 0; i < n / f->geo.unit_bytes; i++)
		any_unit |= unit[i];
	f->page_weak[page] = any_weak != 0;
	f->page_torn[page] = (any_unit & BP_UNIT_TORN) != 0;
}

static void page_settled(struct bp_flash *f, uint32_t page)
{
	uint32_t at = f->page_start[page], n = bp_cells_bytes(f, page);

	memset(f->units + at / f->geo.unit_bytes, 0, n / f->geo.unit_bytes);
	if (f->page_weak[page])
		memset(f->weak + at, 0, n);
	f->page_weak[page] = 0;
	f->page_torn[page] = 0;
}

void bp_flash_erase(struct bp_flash *f, uint32_t addr)
{
	uint32_t page = bp_cells_page(f, addr);

	if (!f->asked->how[page])
		f->asked->how[page] = BP_ASKED_ERASED;
	memset(f->bytes + f->page_start[page], f->geo.erased, bp_cells_bytes(f, page));
	page_settled(f, page);
	f->wear[page]++;
	f->n_erases++;
	bp_cells_touch(f, page);
}

void bp_flash_ask_anew(struct bp_flash *f)
{
	memset(f->asked->how, BP_ASKED_NOT, f->n_pages);
	f->asked->n = 0;
}

void bp_flash_ask(const struct bp_flash *f, uint32_t addr, uint32_t len)
{
	for (uint32_t p = bp_cells_page(f, addr); len && p <= bp_cells_page(f, addr + len - 1); p++)
		bp_cells_ask(f, p);
}

bool bp_flash_unsettled(const struct bp_flash *f, uint32_t addr, uint32_t len)
{
	bp_flash_ask(f, addr, len);
	for (uint32_t p = bp_cells_page(f, addr); len && p <= bp_cells_page(f, addr + len - 1); p++)
		if (f->page_weak[p] || f->page_torn[p])
			return true;
	return false;
}

/* A weak cell's reading, drawn anew at each power-up but steady until the next. */
static uint8_t weak_reading(const struct bp_flash *f, uint32_t addr)
{
	return (uint8_t)bp_mix64(bp_mix64(f->seed ^ addr) + f->epoch);
}

int bp_flash_read(const struct bp_flash *f, uint32_t addr, void *buf, uint32_t len)
{
	uint8_t *out = buf;
	int rc = 0;

	memcpy(out, f->bytes + addr, len);
	if (!bp_flash_unsettled(f, addr, len))
		return 0;
	for (uint32_t i = 0; i < len; i++) {
		if (f->weak[addr + i])
			out[i] ^= f->weak[addr + i] & weak_reading(f, addr + i);
		if (f->geo.ecc && (f->units[(addr + i) / f->geo.unit_bytes] & BP_UNIT_TORN))
			rc = -1;
	}
	return rc;
}

void bp_flash_load(struct bp_flash *f, uint32_t addr, const uint8_t *src, uint32_t len)
{
	uint32_t unit = f->geo.unit_bytes;

	if (!len)
		return;
	bp_flash_ask(f, addr, len);
	memcpy(f->bytes + addr, src, len);
	memset(f->weak + addr, 0, len);
	for (uint32_t u = addr / unit; u <= (addr + len - 1) / unit; u++) {
		bool blank = true;

		for (uint32_t i = 0; i < unit; i++)
			blank = blank && f->bytes[u * unit + i] == f->geo.erased;
		f->units[u] = blank ? 0 : 1;
	}
	for (uint32_t p = bp_cells_page(f, addr); p <= bp_cells_page(f, addr + len - 1); p++) {
		bp_cells_flag(f, p);
		bp_cells_touch(f, p);
	}
}

static void copy_page(struct bp_flash *f, const struct bp_flash *from, uint32_t p)
{
	uint32_t at = f->page_start[p], size = bp_cells_bytes(f, p), unit = f->geo.unit_bytes;

	memcpy(f->bytes + at, from->bytes + at, size);
	memcpy(f->units + at / unit, from->units + at / unit, size / unit);
	if (from->page_weak[p] || f->page_weak[p])
		memcpy(f->weak + at, from->weak + at, size);
	f->page_weak[p] = from->page_weak[p];
	f->page_torn[p] = from->page_torn[p];
	f->wear[p] = from->wear[p];
	f->page_hash[p] = from->page_hash[p];
	f->stale[p] = from->stale[p];
}

void bp_flash_sync(struct bp_flash *f, struct bp_flash *from)
{
	for (uint32_t p = 0; p < f->n_pages; p++) {
		if (!f->touched[p] && !from->touched[p])
			continue;
		copy_page(f, from, p);
		f->touched[p] = from->touched[p] = 0;
	}
	f->epoch = from->epoch;
	f->n_programs = from->n_programs;
	f->n_erases = from->n_erases;
	f->n_traps = from->n_traps;
	f->trap = from->trap;
}

void bp_flash_copy(struct bp_flash *f, struct bp_flash *from)
{
	memset(f->touched, 1, f->n_pages);
	bp_flash_sync(f, from);
}

void bp_flash_reset(struct bp_flash *f)
{
	memset(f->bytes, f->geo.erased, f->geo.size_bytes);
	memset(f->weak, 0, f->geo.size_bytes);
	memset(f->units, 0, f->n_units);
	memset(f->wear, 0, f->n_pages * sizeof(*f->wear));
	memset(f->page_weak, 0, f->n_pages);
	memset(f->page_torn, 0, f->n_pages);
	memset(f->touched, 1, f->n_pages);
	memset(f->stale, 1, f->n_pages);
	f->epoch = 0;
	f->n_programs = f->n_erases = 0;
	f->n_traps = 0;
	f->trap = (struct bp_trap){0};
}

static void hash_page(struct bp_flash *f, uint32_t p)
{
	uint32_t at = f->page_start[p], size = bp_cells_bytes(f, p), unit = f->geo.unit_bytes;
	XXH128_hash_t h = XXH3_128bits(f->bytes + at, size);
	XXH128_hash_t u = XXH3_128bits_withSeed(f->units + at / unit, size / unit, h.low64);

	if (f->page_weak[p])
		u = XXH3_128bits_withSeed(f->weak + at, size, u.low64 ^ u.high64);
	f->page_hash[p] = (struct bp_hash128){u.low64 ^ h.high64, u.high64 ^ h.low64};
	f->stale[p] = 0;
}

struct bp_hash128 bp_flash_hash(struct bp_flash *f)
{
	XXH128_hash_t h;

	for (uint32_t p = 0; p < f->n_pages; p++)
		if (f->stale[p])
			hash_page(f, p);
	h = XXH3_128bits(f->page_hash, f->n_pages * sizeof(*f->page_hash));
	return (struct bp_hash128){h.low64, h.high64};
}

struct bp_hash128 bp_flash_page_hash(struct bp_flash *f, uint32_t page)
{
	bp_cells_ask(f, page);
	if (f->stale[page])
		hash_page(f, page);
	return f->page_hash[page];
}

void bp_flash_trap(struct bp_flash *f, enum bp_trap_kind kind, uint32_t addr, uint64_t at_ns, uint64_t op)
{
	if (!f->n_traps++)
		f->trap = (struct bp_trap){.kind = kind, .addr = addr, .at_ns = at_ns, .op = op};
}
