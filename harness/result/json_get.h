/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_get.h - typed getters on a journal line; private to this folder.
 *
 * Errors are sticky in the reader: the first one is kept, named "file:line:",
 * and getters after it answer empty values that never crash a caller. `get`
 * needs the key, `opt` answers "" or an empty list without it (or with null).
 * Unless they say otherwise, texts are interned: equal texts, equal pointers.
 */
#ifndef BP_RESULT_JSON_GET_H
#define BP_RESULT_JSON_GET_H

#include "result/results_read.h"

#include <jansson.h>

int bp_json_get_fail(struct bp_results_reader *rd, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

const char *bp_json_get_text(struct bp_results_reader *rd, const json_t *o, const char *key);
const char *bp_json_opt_text(struct bp_results_reader *rd, const json_t *o, const char *key);
const char *bp_json_get_long_text(struct bp_results_reader *rd, const json_t *o, const char *key); /* not interned */
const char *bp_json_get_bytes(struct bp_results_reader *rd, const json_t *o, const char *key, size_t *len); /* may hold NUL */
const char *bp_json_item_text(struct bp_results_reader *rd, const json_t *item, const char *list);
uint64_t bp_json_get_u64(struct bp_results_reader *rd, const json_t *o, const char *key, uint64_t max);
uint32_t bp_json_get_u32(struct bp_results_reader *rd, const json_t *o, const char *key);
bool bp_json_get_bool(struct bp_results_reader *rd, const json_t *o, const char *key);
const json_t *bp_json_opt_array(struct bp_results_reader *rd, const json_t *o, const char *key); /* NULL: empty */

#endif
