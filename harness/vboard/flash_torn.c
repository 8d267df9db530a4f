/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_torn.c - what an operation leaves when power dies in it.
 *
 * K picks the subset of the cells. Of a program:
 *   0 seeded       each cell that had to move has moved with probability P, and each
 *                  one is weak with probability 1/4
 *   1 first byte   parts that program a word byte by byte
 *   2 all but the last byte
 *   3 all but one bit (seeded): the slowest cell
 *   4, 5 first half, second half: parts whose words are two of the array's
 *   6 weak         it reads whole, and one cell in eight is weak
 * Higher ones are seeded, as 0. 1 to 5 leave firm cells: they read the same always.
 *
 * Of an erase:
 *   0, 1 progress  the erased part grew from the page's start, or end; the write unit
 *                  at the edge is weak throughout
 *   2 weak         every cell reads erased and one in eight is weak: blank, not to be
 *                  trusted. Interrupted erases leave undefined bits on nRF parts
 *                  (nRF52840 product specification, section 4.3.2)
 *   3 pre-programmed  the part programs all cells before it erases any ("the Embedded
 *                  Erase algorithm automatically preprograms and verifies the entire
 *                  memory for an all zero data pattern", AMD Am29LV160B datasheet,
 *                  sector erase): P of the page, from its start
 */
#include "vboard/flash_cells.h"

#include "base/rng.h"

#include <xxhash.h>

enum { PROGRAM_SEEDED, PROGRAM_FIRST_BYTE, PROGRAM_BUT_LAST, PROGRAM_BUT_ONE_BIT, PROGRAM_FIRST_HALF, PROGRAM_SECOND_HALF, PROGRAM_WEAK };
enum { ERASE_FROM_START, ERASE_FROM_END, ERASE_WEAK, ERASE_PRE_PROGRAMMED };

const struct bp_torn_shape bp_torn_shapes[BP_TORN_SHAPES] = {
	{"first-byte", BP_OP_PROGRAM, {10, PROGRAM_FIRST_BYTE}},
	{"all-but-last", BP_OP_PROGRAM, {90, PROGRAM_BUT_LAST}},
	{"all-but-one-bit", BP_OP_PROGRAM, {99, PROGRAM_BUT_ONE_BIT}},
	{"first-half", BP_OP_PROGRAM, {50, PROGRAM_FIRST_HALF}},
	{"second-half", BP_OP_PROGRAM, {50, PROGRAM_SECOND_HALF}},
	{"weak", BP_OP_PROGRAM, {99, PROGRAM_WEAK}},
	{"pre-programmed", BP_OP_ERASE, {50, ERASE_PRE_PROGRAMMED}},
};

static void draw(struct bp_rng *r, const struct bp_flash *f, uint32_t addr, uint64_t what, struct bp_torn t,
		 const uint8_t *old, const uint8_t *new, uint32_t len)
{
	uint64_t words[6] = {f->seed, addr, what, ((uint64_t)t.percent << 32) | t.k,
			     XXH3_64bits(old, len), new ? XXH3_64bits(new, len) : 0};

	bp_rng_seed(r, words, 6);
}

/* ---- programs ---- */

/* Cells of the unit that a complete program would move: their number; must[]: which. */
static uint32_t to_move(const struct bp_flash *f, uint32_t addr, const uint8_t *src, uint8_t must[DUT_MAX_UNIT])
{
	uint32_t cells = 0;

	for (uint32_t i = 0; i < f->geo.unit_bytes; i++) {
		uint8_t old = f->bytes[addr + i];

		must[i] = (uint8_t)(old ^ bp_cells_programmed(f, old, src[i]));
		cells += (uint32_t)__builtin_popcount(must[i]);
	}
	return cells;
}

/* K 0. Any cell that had to move may be in doubt. */
static void program_seeded(struct bp_flash *f, uint32_t addr, const uint8_t *must, struct bp_torn t, struct bp_rng *r)
{
	for (uint32_t i = 0; i < f->geo.unit_bytes; i++)
		for (unsigned bit = 0; must[i] >> bit && bit < 8; bit++) {
			uint8_t mask = (uint8_t)(1u << bit);

			if (!(must[i] & mask))
				continue;
			if (bp_rng_below(r, 100) < t.percent)
				f->bytes[addr + i] ^= mask;
			if (bp_rng_below(r, 4) == 0)
				f->weak[addr + i] |= mask;
		}
}

/* K 1 to 6. True when the unit is torn: not when nothing has moved, nor when all has and is firm. */
static bool program_shaped(struct bp_flash *f, uint32_t addr, const uint8_t *must, uint32_t cells, struct bp_torn t, struct bp_rng *r)
{
	uint32_t unit = f->geo.unit_bytes, half = unit / 2, moved = 0, nth = 0;
	uint32_t odd = t.k == PROGRAM_BUT_ONE_BIT || t.k == PROGRAM_WEAK ? bp_rng_below(r, cells) : 0;

	for (uint32_t i = 0; i < unit; i++) {
		bool in = t.k == PROGRAM_FIRST_BYTE ? i == 0 : t.k == PROGRAM_BUT_LAST ? i < unit - 1 :
			  t.k == PROGRAM_FIRST_HALF ? i < half : t.k == PROGRAM_SECOND_HALF ? i >= half : true;

		for (unsigned bit = 0; must[i] >> bit && bit < 8; bit++) {
			uint8_t mask = (uint8_t)(1u << bit);

			if (!(must[i] & mask))
				continue;
			/* One cell at least is weak. */
			if (t.k == PROGRAM_WEAK && (nth == odd || bp_rng_below(r, 8) == 0))
				f->weak[addr + i] |= mask;
			if (in && !(t.k == PROGRAM_BUT_ONE_BIT && nth == odd)) {
				f->bytes[addr + i] ^= mask;
				moved++;
			}
			nth++;
		}
	}
	if (moved)
		bp_cells_count_write(f, addr / unit);
	return moved && (moved < cells || t.k == PROGRAM_WEAK);
}

/* A unit in which nothing had to move stays as it was, and is not torn. */
void bp_flash_program_torn(struct bp_flash *f, uint32_t addr, const uint8_t *src, struct bp_torn t)
{
	uint32_t unit = f->geo.unit_bytes, page = bp_cells_page(f, addr), cells;
	uint8_t must[DUT_MAX_UNIT];
	bool torn = true;
	struct bp_rng r;

	bp_cells_ask(f, page);
	f->n_programs++;
	cells = to_move(f, addr, src, must);
	if (!cells)
		return;
	draw(&r, f, addr, BP_OP_PROGRAM, t, f->bytes + addr, src, unit);
	if (t.k == PROGRAM_SEEDED || t.k > PROGRAM_WEAK) {
		program_seeded(f, addr, must, t, &r);
		bp_cells_count_write(f, addr / unit);
	} else {
		torn = program_shaped(f, addr, must, cells, t, &r);
	}
	if (torn) {
		f->units[addr / unit] |= BP_UNIT_TORN;
		f->page_torn[page] = 1;
	}
	for (uint32_t i = 0; i < unit; i++)
		f->page_weak[page] |= f->weak[addr + i] != 0;
	bp_cells_touch(f, page);
}

/* ---- erases ---- */

/* One write unit of a page whose erase ended early; rank: how many units the erase had met before it. */
static void erase_unit(struct bp_flash *f, uint32_t u, uint32_t rank, uint32_t done, struct bp_torn t, struct bp_rng *r)
{
	uint32_t unit = f->geo.unit_bytes;
	uint8_t *b = f->bytes + u * unit, *w = f->weak + u * unit, was = f->units[u];
	uint8_t end = t.k == ERASE_PRE_PROGRAMMED ? (uint8_t)~f->geo.erased : f->geo.erased;
	bool edge = t.k != ERASE_WEAK && rank == done, gone = t.k == ERASE_WEAK || rank < done;

	for (uint32_t i = 0; i < unit; i++) {
		uint64_t draw8 = bp_rng_next(r);
		uint8_t noise = (uint8_t)(draw8 & (draw8 >> 8) & (draw8 >> 16)); /* each bit with probability 1/8 */
		uint8_t moved = (uint8_t)(b[i] ^ end);

		if (gone)
			b[i] = end;
		w[i] = edge ? moved : t.k == ERASE_WEAK ? (uint8_t)(noise & moved) : gone ? 0 : w[i];
		if (moved && (edge || t.k == ERASE_WEAK || (gone && t.k == ERASE_PRE_PROGRAMMED)))
			was |= BP_UNIT_TORN;
	}
	if (gone && t.k != ERASE_WEAK && t.k != ERASE_PRE_PROGRAMMED)
		was = 0;
	if (gone && t.k == ERASE_PRE_PROGRAMMED && !(was & BP_UNIT_WRITES))
		was++; /* no longer blank */
	f->units[u] = was;
}

/* Units outside the part that was reached keep their content. */
void bp_flash_erase_torn(struct bp_flash *f, uint32_t addr, struct bp_torn t)
{
	uint32_t page = bp_cells_page(f, addr), size = bp_cells_bytes(f, page), start = f->page_start[page];
	uint32_t n = size / f->geo.unit_bytes, done = (uint32_t)((uint64_t)n * t.percent / 100);
	struct bp_rng r;

	bp_cells_ask(f, page);
	draw(&r, f, start, BP_OP_ERASE, t, f->bytes + start, NULL, size);
	for (uint32_t u = 0; u < n; u++)
		erase_unit(f, start / f->geo.unit_bytes + u, t.k == ERASE_FROM_END ? n - 1 - u : u, done, t, &r);
	bp_cells_flag(f, page);
	f->wear[page]++;
	f->n_erases++;
	bp_cells_touch(f, page);
}

/* ---- wear ---- */

#define STUCK_UNITS 32u /* one unit in so many has a stuck cell; at least one of a page has */

/*
 * Past its endurance a page's erase no longer reaches every cell: slow cells stay
 * programmed (JEDEC JESD22-A117: endurance ends with the first cell that fails).
 */
void bp_flash_wear_out(struct bp_flash *f, uint32_t addr)
{
	uint32_t page = bp_cells_page(f, addr), start = f->page_start[page], unit = f->geo.unit_bytes;
	uint32_t n = bp_cells_bytes(f, page) / unit;
	uint64_t words[3] = {f->seed, start, UINT64_C(0x3ea7)};
	struct bp_rng r;
	uint32_t sure;

	bp_rng_seed(&r, words, 3);
	sure = bp_rng_below(&r, n < 4 ? n : 4); /* near the start: where records are */
	for (uint32_t u = 0; u < n; u++) {
		uint32_t at = start + u * unit + bp_rng_below(&r, unit), bit = bp_rng_below(&r, 7);

		if (bp_rng_below(&r, STUCK_UNITS) && u != sure)
			continue;
		f->bytes[at] ^= (uint8_t)(1u << bit);
		f->weak[at] |= (uint8_t)(2u << bit);
		f->units[start / unit + u] = BP_UNIT_TORN | 1;
	}
	bp_cells_flag(f, page);
	bp_cells_touch(f, page);
}
