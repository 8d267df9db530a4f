/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - the results as a table on a terminal or in a log.
 */
#ifndef BP_RESULT_TABLE_H
#define BP_RESULT_TABLE_H

#include "base/text.h"
#include "result/results.h"

struct bp_table_style {
	unsigned columns;   /* width to keep to; 0: not a terminal, never shortened */
	bool color;         /* ANSI colours */
};

/* Appends the table, the tokens of the first failures and one closing line. BP_ENOMEM when out's arena is full. */
int bp_table_write(const struct bp_results *r, const struct bp_table_style *style, struct bp_text *out,
		   struct bp_err *err);

#endif
