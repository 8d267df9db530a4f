/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash.h - NOR flash: what operations do to bits, also when power dies in one.
 *
 * Model
 * - A program moves bits away from the erased value, one write unit an
 *   operation; an erase sets a page to the erased value, one operation.
 * - A torn operation leaves part of its effect, and weak bits: cells near the
 *   read threshold, which read differently after each power-up until erased.
 * - An ECC part reports a read error for a torn unit.
 * - Traps record a driver's breach of the part's rules; they never stop it.
 *
 * Sources: Micron TN-29-17 (NOR program/erase are not atomic), nRF52840 product
 * specification section 4.3 (n_WRITE, t_WRITE, t_ERASEPAGE), STM32L4 reference
 * manual RM0351 section 3.3.7 (one program a double word, ECC).
 *
 * All bits of torn results come from a generator seeded by (seed, address, old,
 * new, P, K): the same cut gives the same bytes whatever came before it.
 */
#ifndef BP_VBOARD_FLASH_H
#define BP_VBOARD_FLASH_H

#include "base/arena.h"
#include "vboard/geometry.h"

#include <stdbool.h>
#include <stdint.h>

enum bp_op_kind { BP_OP_PROGRAM, BP_OP_ERASE };

enum bp_trap_kind {
	BP_TRAP_NONE,
	BP_TRAP_OVERWRITE,      /* programs a bit that would have to move back */
	BP_TRAP_TOO_OFTEN,      /* unit programmed more often than the part allows */
	BP_TRAP_WEAK_UNIT,      /* programs a unit that holds weak bits */
	BP_TRAP_OUTSIDE,        /* range or alignment wrong */
	BP_TRAP_BOOTLOADER,     /* writes the bootloader */
	BP_TRAP_RUNNING_SLOT,   /* writes the slot whose image runs */
	BP_TRAP_FORBIDDEN_AREA, /* writes an area that this step of the update must not touch, or none at all */
	BP_TRAP_LOW_SUPPLY,     /* begins while the supply is known to be too low for the flash */
	BP_TRAP_BLANK_CODE,     /* runs code that was never written */
	BP_TRAP_UNKNOWN_CODE,   /* runs bytes that are no known image */
	BP_TRAP_COUNT
};

const char *bp_trap_name(enum bp_trap_kind kind);

struct bp_trap {
	enum bp_trap_kind kind;
	uint32_t addr;
	uint64_t at_ns;
	uint64_t op;            /* ordinal of the operation, as in flash:N */
};

struct bp_hash128 {
	uint64_t lo, hi;
};

struct bp_torn {
	uint32_t percent;       /* fraction done, 1 to 99 */
	uint32_t k;             /* which subset: see flash_torn.c */
};

/* Subsets that a plain `torn P%` takes: K counts from 0. */
#define BP_ERASE_K 3
#define BP_PROGRAM_K 1

/* Subsets with a name, each for one kind of operation: what P and K stand for it. */
struct bp_torn_shape {
	const char *name;       /* "first-byte" */
	enum bp_op_kind kind;
	struct bp_torn torn;
};

#define BP_TORN_SHAPES 7
extern const struct bp_torn_shape bp_torn_shapes[BP_TORN_SHAPES];

#define BP_UNIT_TORN 0x80u      /* in units[]: last program was torn */
#define BP_UNIT_WRITES 0x7fu    /* in units[]: programs since the erase, saturating */

/*
 * Which pages' content has mattered so far: read, compared, or written onto. A page
 * that was erased whole first does not count: what it held is gone unseen. Two
 * flashes that are alike in the pages asked for are alike to whoever asked.
 */
struct bp_flash_asked {
	uint8_t *how;               /* n_pages: BP_ASKED_… */
	uint32_t *page;             /* in the order of asking */
	uint32_t n;
};

enum { BP_ASKED_NOT, BP_ASKED_FOR, BP_ASKED_ERASED };

/*
 * Content of one flash. Fields are read by the snapshot and hash code; only
 * flash*.c changes them. All arrays live in the arena given on creation.
 */
struct bp_flash {
	struct bp_geometry geo;
	uint32_t n_pages, n_units;
	uint32_t *page_start;       /* n_pages + 1: address of each page; the last: size_bytes */
	uint64_t seed;              /* of torn results and weak reads */
	uint8_t *bytes;             /* size_bytes: the settled value of each cell */
	uint8_t *weak;              /* size_bytes: mask of weak bits */
	uint8_t *units;             /* n_units: BP_UNIT_… */
	uint32_t *wear;             /* n_pages: erases so far */
	uint8_t *page_weak;         /* n_pages: the page holds weak bits */
	uint8_t *page_torn;         /* n_pages: the page holds torn units */
	uint8_t *touched;           /* n_pages: changed since bp_flash_sync() */
	uint8_t *stale;             /* n_pages: page_hash is out of date */
	struct bp_hash128 *page_hash;
	struct bp_flash_asked *asked;
	uint32_t epoch;             /* power-ups since the last fault: seeds weak reads */
	uint64_t n_programs, n_erases;
	uint32_t n_traps;
	struct bp_trap trap;        /* the first one */
};

/* A blank flash. 0 or BP_ENOMEM. */
int bp_flash_new(struct bp_arena *a, const struct bp_geometry *geo, uint64_t seed, struct bp_flash **out);

/* Complete operations. addr is checked by the caller. Wear counts. */
void bp_flash_program(struct bp_flash *f, uint32_t addr, const uint8_t *src);
void bp_flash_erase(struct bp_flash *f, uint32_t addr);

/* Power died within the operation. */
void bp_flash_program_torn(struct bp_flash *f, uint32_t addr, const uint8_t *src, struct bp_torn t);
void bp_flash_erase_torn(struct bp_flash *f, uint32_t addr, struct bp_torn t);

/* Leave a page that was just erased as worn cells do: some stuck at the programmed value, others weak beside them. */
void bp_flash_wear_out(struct bp_flash *f, uint32_t addr);

/* Read len bytes as the CPU sees them now. Returns 0, or -1 when an ECC part met a torn unit. */
int bp_flash_read(const struct bp_flash *f, uint32_t addr, void *buf, uint32_t len);

/* True when pages of the range hold weak bits or torn units: reads may differ from bytes[]. */
bool bp_flash_unsettled(const struct bp_flash *f, uint32_t addr, uint32_t len);

/* Write through the debug port while no firmware runs: whole content, no rules, no wear. */
void bp_flash_load(struct bp_flash *f, uint32_t addr, const uint8_t *src, uint32_t len);

/* Make f equal to from, copying only pages touched in either since the last sync of this pair. */
void bp_flash_sync(struct bp_flash *f, struct bp_flash *from);

/* Make f equal to from, all of it, and start a sync pair: nothing is touched afterwards. */
void bp_flash_copy(struct bp_flash *f, struct bp_flash *from);

/* Blank, as it came from the factory: no wear, no weak bits. */
void bp_flash_reset(struct bp_flash *f);

/* Hash of everything that lives on (bytes, weak bits, unit states), kept up page by page: then all of page_hash is up to date. */
struct bp_hash128 bp_flash_hash(struct bp_flash *f);

/* Hash of bytes[] of one page, for content-addressed caches (ignores weak bits). */
struct bp_hash128 bp_flash_page_hash(struct bp_flash *f, uint32_t page);

/* Forget what was asked for. */
void bp_flash_ask_anew(struct bp_flash *f);

/* The content of the range matters to the caller. */
void bp_flash_ask(const struct bp_flash *f, uint32_t addr, uint32_t len);

/* Record a breach of rules at operation op; the first is kept, all are counted. */
void bp_flash_trap(struct bp_flash *f, enum bp_trap_kind kind, uint32_t addr, uint64_t at_ns, uint64_t op);

/* Which trap, if any, programming src at addr would be (BP_TRAP_NONE when it keeps the rules). */
enum bp_trap_kind bp_flash_program_rule(const struct bp_flash *f, uint32_t addr, const uint8_t *src);

#endif
