/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records.h - what a firmware reads alike of the records that it keeps in flash, taken
 * out of what tells states apart.
 *
 * A search of nested cuts ends when no cut leads to a state unlike all others. Some
 * things keep it from ending, though no firmware that is any good minds them:
 *
 * A record that is bad
 *   After a torn erase or program a record's page holds any bytes. The firmware finds
 *   that its CRC does not hold, or that the part cannot read it, and writes it anew.
 *   So a record that is bad for certain is bad, whatever its page holds: its units are
 *   torn, on a part with ECC; or its bits are settled, and the CRC does not hold. A
 *   page that is blank is told from one that is not. A record that may read as good or
 *   bad, because of weak bits, counts with every bit, and so does its other copy.
 *
 * A number that grows
 *   Of a record that is kept twice, the number tells which copy is newer. With it no
 *   two states are ever the same, and nobody looks at more of it than which is newer,
 *   whether by one, and whether it is odd (which copy is written first). So where both
 *   copies are good the newest, by less than half the range, is taken for 2 or 3, as
 *   it is even or odd, and the other for as much less: by 0, 1, or, farther, 2. One
 *   that is good beside one that is bad is taken for 2 or 3. All other bytes count as
 *   they are, the CRC aside, which follows from them. How numbers wrap is another
 *   matter: scenarios start there (`start: {number: N}`).
 *
 * Entries that supersede each other
 *   Behind a good record the last good entry counts, with what it does not supersede
 *   of the record; not how many stand before it, nor what stands behind it: nothing is
 *   appended in a later power session.
 *
 * These are the rules of a product's `records`. They are applied to those that read as
 * good at the beginning of the update or at its end: what a product tells wrongly does
 * not count. A firmware that looks at more has a
 * defect which a search by them may miss; so the rules are held against searches
 * without them (`--exact`): the same mutants fail the same invariants in the same
 * phases (harness/tests/cli_exact.sh).
 */
#ifndef BP_EXPLORE_RECORDS_H
#define BP_EXPLORE_RECORDS_H

#include "base/arena.h"
#include "bench/product.h"
#include "vboard/flash.h"

struct bp_records_read;

/* Of this product's records, with what was read of them before. In a; NULL: no memory. */
struct bp_records_read *bp_records_new(struct bp_arena *a, const struct bp_product *p);

/* A flash as it stands when nothing has gone wrong: only records that were good in one of those are read at all. */
void bp_records_look(struct bp_records_read *m, const struct bp_flash *f);

/* content: page_hash of f, which is up to date, by page; of pages that may begin with a record it is made what the rules make of it. */
void bp_records_contents(struct bp_records_read *m, const struct bp_flash *f, struct bp_hash128 *content);

#endif
