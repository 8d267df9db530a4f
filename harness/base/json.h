/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - a streaming JSON writer into a bp_text, for lines and reports.
 *
 * Commas and quoting are the writer's; numbers are integers or exact decimals
 * (no floating point: the same bytes on every machine). Bytes that are no UTF-8
 * are each written as \u00XX.
 */
#ifndef BP_BASE_JSON_H
#define BP_BASE_JSON_H

#include "base/text.h"

#include <stdbool.h>

struct bp_json {
	struct bp_text *out;
	unsigned depth;
	bool need_comma, after_key;
};

void bp_json_init(struct bp_json *j, struct bp_text *out);
void bp_json_object(struct bp_json *j);        /* { */
void bp_json_object_end(struct bp_json *j);
void bp_json_array(struct bp_json *j);
void bp_json_array_end(struct bp_json *j);
void bp_json_key(struct bp_json *j, const char *key);
void bp_json_text(struct bp_json *j, const char *s);             /* NULL → null */
void bp_json_textn(struct bp_json *j, const char *s, size_t len);
void bp_json_u64(struct bp_json *j, uint64_t v);
void bp_json_i64(struct bp_json *j, int64_t v);
void bp_json_bool(struct bp_json *j, bool v);
/* key and value at once */
void bp_json_kv_text(struct bp_json *j, const char *key, const char *s);
void bp_json_kv_u64(struct bp_json *j, const char *key, uint64_t v);
void bp_json_kv_bool(struct bp_json *j, const char *key, bool v);

#endif
