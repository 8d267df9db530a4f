/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strip.h - a sweep as strips: one row a variant, one place an operation; private to this folder.
 *
 * A row is a code letter for each place: '-' no case, 'p' passed, 'm' passed in
 * an earlier case's run (merged), 'f' failed, 'n' not exercised, 'r' rig trouble,
 * 's' skipped. When two cases share a place, the worse one shows.
 */
#ifndef BP_RESULT_STRIP_H
#define BP_RESULT_STRIP_H

#include "result/html_parts.h"

#define BP_STRIP_PLACES_MAX 1000000u /* ordinals above are no flash operation of any update: shown by order instead */
#define BP_STRIP_ROWS_MAX 24u        /* rows beyond are named, not drawn */
#define BP_STRIP_CASES_MIN 8u        /* fewer cases are no sweep: the matrix has them already */

struct bp_strip {
	const struct bp_result_scenario *s;
	bool by_op;                  /* place = operation ordinal; else the order of the cases */
	uint32_t places;
	size_t rows[BP_STRIP_ROWS_MAX]; /* indices of variants */
	size_t n_rows, n_hidden;
	size_t drop;                 /* bytes that all names begin with ("flash "), left out of labels */
};

struct bp_strip_row {
	const struct bp_result_variant *variant;
	char *code;                  /* `places` letters */
	uint32_t *case_at;           /* index of the case that shows, valid where code is not '-' */
	bool sparse;                 /* so few cases that single ones need to be marked to be seen */
};

/* Strips of a scenario: by operation first, then one for each family of other variants. Returns the count, at most max. */
size_t bp_strips_find(const struct bp_result_scenario *s, struct bp_strip *out, size_t max);

/* Buffers for rows of `places` letters, used again from row to row. BP_ENOMEM. */
int bp_strip_row_init(struct bp_strip_row *row, struct bp_arena *a, uint32_t places);
void bp_strip_row_fill(struct bp_strip_row *row, const struct bp_strip *t, size_t row_index);

/* One row as SVG, readable without the script. */
void bp_strip_draw(struct bp_page *p, const struct bp_strip *t, const struct bp_strip_row *row);

/* What the script needs to tell of each place: JSON text appended to out. begin, a row each, end. */
void bp_strip_data(struct bp_page *p, const struct bp_strip *t, struct bp_strip_row *row);

#endif
