/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - what a board comes to, remembered: states that meet again are judged once.
 *
 * What happens from a point on where only the flash lives on, power being off, is a
 * function of the flash and of what else is given there (the root). It looks at one
 * page after another, and which it looks at next hangs on what it saw: a tree of
 * questions, each answered by a page's content. A flash that answers them all as an
 * earlier one did comes to the same end, whatever its other pages hold; times
 * included. Nothing is guessed: pages that were written onto or compared count as
 * looked at (bp_flash_asked), and only pages erased whole before that do not.
 */
#ifndef BP_EXPLORE_MEMO_H
#define BP_EXPLORE_MEMO_H

#include "oracle/judge.h"
#include "vboard/flash.h"

struct bp_memo;

struct bp_memo_end {
	struct bp_judgement j;
	const void *log;          /* packed log of the recovery, log_bytes; NULL: it was not recorded */
	size_t log_bytes;
	const uint32_t *page;     /* looked at, in order */
	uint32_t n_pages;
	uint32_t number;          /* the caller's own */
};

/* limit_bytes: when so much is remembered, all is forgotten. 0 or BP_ENOMEM. */
int bp_memo_new(size_t limit_bytes, struct bp_memo **out);
void bp_memo_free(struct bp_memo *m);

/* The end that a flash with these contents (by page: page_hash of struct bp_flash) comes to; NULL: not known. Good until the next bp_memo_add(). */
const struct bp_memo_end *bp_memo_find(struct bp_memo *m, struct bp_hash128 root, const struct bp_hash128 *content);

/*
 * This is how it ended. All that *end points to is copied. 0; BP_EINTERNAL: an
 * earlier one that answered alike was asked something else then, so that what
 * happens is no function of what is given: a defect of the rig.
 */
int bp_memo_add(struct bp_memo *m, struct bp_hash128 root, const struct bp_hash128 *content, const struct bp_memo_end *end,
		struct bp_err *err);

#endif
