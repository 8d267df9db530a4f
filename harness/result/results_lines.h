/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results_lines.h - the lines of a journal that carry things; private to this folder.
 *
 * Each takes the line's object and adds what it says to the reader's model;
 * errors are sticky in the reader.
 */
#ifndef BP_RESULT_RESULTS_LINES_H
#define BP_RESULT_RESULTS_LINES_H

#include "result/json_get.h"

void bp_line_run(struct bp_results_reader *rd, const json_t *o);
void bp_line_scenario(struct bp_results_reader *rd, const json_t *o);
void bp_line_case(struct bp_results_reader *rd, const json_t *o);
void bp_line_search(struct bp_results_reader *rd, const json_t *o);
void bp_line_evidence(struct bp_results_reader *rd, const json_t *o);

#endif
