/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/flash.h"

#include "base/err.h"
#include "base/rng.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

const char *bp_trap_name(enum bp_trap_kind kind)
{
	static const char *const names[BP_TRAP_COUNT] = {
		"none", "program over cleared bits", "unit programmed too often",
		"program of a weak unit", "write outside the flash or unaligned",
		"write to the bootloader", "write to the running slot",
	};

	return kind < BP_TRAP_COUNT ? names[kind] : "unknown";
}

int bp_flash_new(struct bp_arena *a, const struct bp_geometry *geo, uint64_t seed, struct bp_flash **out)
{
	struct bp_flash *f = bp_arena_alloc(a, sizeof(*f));
	uint32_t pages = geo->size_bytes / geo->page_bytes;
	uint32_t units = geo->size_bytes / geo->unit_bytes;

	if (!f)
		return BP_ENOMEM;
	f->geo = *geo;
	f->seed = seed;
	f->n_pages = pages;
	f->n_units = units;
	f->units_per_page = geo->page_bytes / geo->unit_bytes;
	f->bytes = bp_arena_alloc(a, geo->size_bytes);
	f->weak = bp_arena_alloc(a, geo->size_bytes);
	f->units = bp_arena_alloc(a, units);
	f->wear = bp_arena_array(a, pages, sizeof(*f->wear));
	f->page_weak = bp_arena_alloc(a, pages);
	f->page_torn = bp_arena_alloc(a, pages);
	f->touched = bp_arena_alloc(a, pages);
	f->stale = bp_arena_alloc(a, pages);
	f->page_hash = bp_arena_array(a, pages, sizeof(*f->page_hash));
	if (!f->bytes || !f->weak || !f->units || !f->wear || !f->page_weak || !f->page_torn ||
	    !f->touched || !f->stale || !f->page_hash)
		return BP_ENOMEM;
	memset(f->bytes, geo->erased, geo->size_bytes);
	memset(f->touched, 1, pages);
	memset(f->stale, 1, pages);
	*out = f;
	return 0;
}

static uint32_t page_of(const struct bp_flash *f, uint32_t addr)
{
	assert(f->geo.page_bytes && f->geo.unit_bytes);
	return addr / f->geo.page_bytes;
}

static void touch(struct bp_flash *f, uint32_t page)
{
	f->touched[page] = 1;
	f->stale[page] = 1;
}

static void count_write(struct bp_flash *f, uint32_t unit)
{
	if ((f->units[unit] & BP_UNIT_WRITES) < BP_UNIT_WRITES)
		f->units[unit]++;
}

/* Value of a cell byte after a complete program of `value` over `old`. */
static uint8_t programmed(const struct bp_flash *f, uint8_t old, uint8_t value)
{
	return f->geo.erased ? (uint8_t)(old & value) : (uint8_t)(old | value);
}

enum bp_trap_kind bp_flash_program_rule(const struct bp_flash *f, uint32_t addr, const uint8_t *src)
{
	uint32_t unit = addr / f->geo.unit_bytes, writes = f->units[unit] & BP_UNIT_WRITES;

	if (f->page_weak[page_of(f, addr)])
		for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
			if (f->weak[addr + i])
				return BP_TRAP_WEAK_UNIT;
	if (f->geo.writes_per_unit && writes >= f->geo.writes_per_unit)
		return BP_TRAP_TOO_OFTEN;
	if (writes)
		for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
			if (programmed(f, f->bytes[addr + i], src[i]) != src[i])
				return BP_TRAP_OVERWRITE;
	return BP_TRAP_NONE;
}

void bp_flash_program(struct bp_flash *f, uint32_t addr, const uint8_t *src)
{
	count_write(f, addr / f->geo.unit_bytes);
	for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
		f->bytes[addr + i] = programmed(f, f->bytes[addr + i], src[i]);
	touch(f, page_of(f, addr));
	f->n_programs++;
}

/* The page's flags, from its cells: they are part of the hash, so one that is left over would keep equal states apart. */
static void flag_page(struct bp_flash *f, uint32_t page)
{
	const uint8_t *weak = f->weak + page * f->geo.page_bytes, *unit = f->units + page * f->units_per_page;
	uint8_t any_weak = 0, any_unit = 0;

	for (uint32_t i = 0; i < f->geo.page_bytes; i++)
		any_weak |= weak[i];
	for (uint32_t i = 0; i < f->units_per_page; i++)
		any_unit |= unit[i];
	f->page_weak[page] = any_weak != 0;
	f->page_torn[page] = (any_unit & BP_UNIT_TORN) != 0;
}

static void page_settled(struct bp_flash *f, uint32_t page)
{
	memset(f->units + page * f->units_per_page, 0, f->units_per_page);
	if (f->page_weak[page])
		memset(f->weak + page * f->geo.page_bytes, 0, f->geo.page_bytes);
	f->page_weak[page] = 0;
	f->page_torn[page] = 0;
}

void bp_flash_erase(struct bp_flash *f, uint32_t addr)
{
	uint32_t page = page_of(f, addr);

	memset(f->bytes + page * f->geo.page_bytes, f->geo.erased, f->geo.page_bytes);
	page_settled(f, page);
	f->wear[page]++;
	f->n_erases++;
	touch(f, page);
}

static void draw(struct bp_rng *r, const struct bp_flash *f, uint32_t addr, uint64_t what, struct bp_torn t,
		 const uint8_t *old, const uint8_t *new, uint32_t len)
{
	uint64_t words[6] = {f->seed, addr, what, ((uint64_t)t.percent << 32) | t.k,
			     XXH3_64bits(old, len), new ? XXH3_64bits(new, len) : 0};

	bp_rng_seed(r, words, 6);
}

/*
 * A program pulse that ended early: each cell that had to move has moved with
 * probability P; each moved or missed one is weak with probability 1/4. A unit
 * in which nothing had to move stays as it was, and is not torn.
 */
void bp_flash_program_torn(struct bp_flash *f, uint32_t addr, const uint8_t *src, struct bp_torn t)
{
	uint32_t unit = f->geo.unit_bytes, page = page_of(f, addr);
	struct bp_rng r;
	bool moves = false;

	draw(&r, f, addr, BP_OP_PROGRAM, t, f->bytes + addr, src, unit);
	for (uint32_t i = 0; i < unit; i++) {
		uint8_t old = f->bytes[addr + i];
		uint8_t must = (uint8_t)(old ^ programmed(f, old, src[i]));

		for (unsigned bit = 0; must >> bit && bit < 8; bit++) {
			uint8_t mask = (uint8_t)(1u << bit);

			if (!(must & mask))
				continue;
			moves = true;
			if (bp_rng_below(&r, 100) < t.percent)
				f->bytes[addr + i] ^= mask;
			if (bp_rng_below(&r, 4) == 0)
				f->weak[addr + i] |= mask, f->page_weak[page] = 1;
		}
	}
	f->n_programs++;
	if (!moves)
		return;
	count_write(f, addr / unit);
	f->units[addr / unit] |= BP_UNIT_TORN;
	f->page_torn[page] = 1;
	touch(f, page);
}

/*
 * An erase that ended early. K = 0: the erased part grew from the page's start,
 * 1: from its end; the write unit at the edge is weak throughout. K = 2: every
 * cell reads erased already but one in eight is weak: blank, not to be trusted.
 * Units outside the erased part keep their content; all of the page's units
 * count as torn where their content changed. Interrupted erases leave undefined
 * bits on nRF parts (nRF52840 product specification, section 4.3.2).
 */
void bp_flash_erase_torn(struct bp_flash *f, uint32_t addr, struct bp_torn t)
{
	uint32_t page = page_of(f, addr), size = f->geo.page_bytes, unit = f->geo.unit_bytes;
	uint32_t start = page * size, done = (uint32_t)((uint64_t)f->units_per_page * t.percent / 100);
	struct bp_rng r;

	draw(&r, f, start, BP_OP_ERASE, t, f->bytes + start, NULL, size);
	for (uint32_t u = 0; u < f->units_per_page; u++) {
		uint32_t rank = t.k == 1 ? f->units_per_page - 1 - u : u;
		uint8_t *b = f->bytes + start + u * unit, *w = f->weak + start + u * unit;
		bool edge = t.k != 2 && rank == done, gone = t.k == 2 || rank < done;

		for (uint32_t i = 0; i < unit; i++) {
			uint64_t draw8 = bp_rng_next(&r);
			uint8_t noise = (uint8_t)(draw8 & (draw8 >> 8) & (draw8 >> 16)); /* each bit with probability 1/8 */
			uint8_t moved = (uint8_t)(b[i] ^ f->geo.erased);

			if (gone)
				b[i] = f->geo.erased;
			w[i] = edge ? moved : t.k == 2 ? (uint8_t)(noise & moved) : gone ? 0 : w[i];
			if (moved && (edge || t.k == 2))
				f->units[page * f->units_per_page + u] |= BP_UNIT_TORN;
		}
		if (gone && t.k != 2)
			f->units[page * f->units_per_page + u] = 0;
	}
	flag_page(f, page);
	f->wear[page]++;
	f->n_erases++;
	touch(f, page);
}

bool bp_flash_unsettled(const struct bp_flash *f, uint32_t addr, uint32_t len)
{
	for (uint32_t p = page_of(f, addr); len && p <= page_of(f, addr + len - 1); p++)
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
	memcpy(f->bytes + addr, src, len);
	memset(f->weak + addr, 0, len);
	for (uint32_t u = addr / unit; u <= (addr + len - 1) / unit; u++) {
		bool blank = true;

		for (uint32_t i = 0; i < unit; i++)
			blank = blank && f->bytes[u * unit + i] == f->geo.erased;
		f->units[u] = blank ? 0 : 1;
	}
	for (uint32_t p = page_of(f, addr); p <= page_of(f, addr + len - 1); p++) {
		flag_page(f, p);
		touch(f, p);
	}
}

static void copy_page(struct bp_flash *f, const struct bp_flash *from, uint32_t p)
{
	uint32_t size = f->geo.page_bytes, n = f->units_per_page;

	memcpy(f->bytes + p * size, from->bytes + p * size, size);
	memcpy(f->units + p * n, from->units + p * n, n);
	if (from->page_weak[p] || f->page_weak[p])
		memcpy(f->weak + p * size, from->weak + p * size, size);
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
	uint32_t size = f->geo.page_bytes, n = f->units_per_page;
	XXH128_hash_t h = XXH3_128bits(f->bytes + p * size, size);
	XXH128_hash_t u = XXH3_128bits_withSeed(f->units + p * n, n, h.low64);

	if (f->page_weak[p])
		u = XXH3_128bits_withSeed(f->weak + p * size, size, u.low64 ^ u.high64);
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
	if (f->stale[page])
		hash_page(f, page);
	return f->page_hash[page];
}

void bp_flash_trap(struct bp_flash *f, enum bp_trap_kind kind, uint32_t addr, uint64_t at_ns, uint64_t op)
{
	if (!f->n_traps++)
		f->trap = (struct bp_trap){.kind = kind, .addr = addr, .at_ns = at_ns, .op = op};
}
