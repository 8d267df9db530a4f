/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - JSON as RFC 8259 has it (json.h). */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void bp_json_init(struct bp_json *j, struct bp_text *out)
{
	*j = (struct bp_json){.out = out};
}

/* Before each key and each value that has none. */
static void separate(struct bp_json *j)
{
	if (j->need_comma && !j->after_key)
		bp_text_add(j->out, ",", 1);
	j->after_key = false;
}

static void open_with(struct bp_json *j, const char *bracket)
{
	separate(j);
	bp_text_add(j->out, bracket, 1);
	j->need_comma = false;
	j->depth++;
}

static void close_with(struct bp_json *j, const char *bracket)
{
	assert(j->depth && !j->after_key);
	bp_text_add(j->out, bracket, 1);
	j->depth--;
	/* Top-level values are lines of their own: no comma between them. */
	j->need_comma = j->depth > 0;
}

void bp_json_object(struct bp_json *j)
{
	open_with(j, "{");
}

void bp_json_object_end(struct bp_json *j)
{
	close_with(j, "}");
}

void bp_json_array(struct bp_json *j)
{
	open_with(j, "[");
}

void bp_json_array_end(struct bp_json *j)
{
	close_with(j, "]");
}

static void escaped(struct bp_text *out, unsigned char c)
{
	switch (c) {
	case '"': bp_text_puts(out, "\\\""); break;
	case '\\': bp_text_puts(out, "\\\\"); break;
	case '\n': bp_text_puts(out, "\\n"); break;
	case '\r': bp_text_puts(out, "\\r"); break;
	case '\t': bp_text_puts(out, "\\t"); break;
	default: bp_text_printf(out, "\\u%04x", (unsigned)c); break;
	}
}

static void quoted(struct bp_text *out, const char *s, size_t len)
{
	size_t from = 0, at = 0;

	bp_text_add(out, "\"", 1);
	while (at < len) {
		uint32_t cp = 0;
		size_t n = bp_utf8(s + at, len - at, &cp);

		/* RFC 8259 section 7 names quote, backslash and below U+0020; DEL is kept off terminals. */
		if (n && cp >= 0x20 && cp != '"' && cp != '\\' && cp != 0x7f) {
			at += n;
			continue;
		}
		bp_text_add(out, s + from, at - from);
		escaped(out, (unsigned char)s[at]);
		from = ++at;
	}
	bp_text_add(out, s + from, at - from);
	bp_text_add(out, "\"", 1);
}

void bp_json_key(struct bp_json *j, const char *key)
{
	assert(j->depth && !j->after_key);
	separate(j);
	quoted(j->out, key, strlen(key));
	bp_text_add(j->out, ":", 1);
	j->after_key = true;
	j->need_comma = true;
}

static void plain(struct bp_json *j, const char *s)
{
	separate(j);
	bp_text_puts(j->out, s);
	j->need_comma = j->depth > 0;
}

void bp_json_textn(struct bp_json *j, const char *s, size_t len)
{
	separate(j);
	quoted(j->out, s, len);
	j->need_comma = j->depth > 0;
}

void bp_json_text(struct bp_json *j, const char *s)
{
	if (s)
		bp_json_textn(j, s, strlen(s));
	else
		plain(j, "null");
}

void bp_json_u64(struct bp_json *j, uint64_t v)
{
	separate(j);
	bp_text_printf(j->out, "%" PRIu64, v);
	j->need_comma = j->depth > 0;
}

void bp_json_i64(struct bp_json *j, int64_t v)
{
	separate(j);
	bp_text_printf(j->out, "%" PRId64, v);
	j->need_comma = j->depth > 0;
}

void bp_json_bool(struct bp_json *j, bool v)
{
	plain(j, v ? "true" : "false");
}

void bp_json_kv_text(struct bp_json *j, const char *key, const char *s)
{
	bp_json_key(j, key);
	bp_json_text(j, s);
}

void bp_json_kv_u64(struct bp_json *j, const char *key, uint64_t v)
{
	bp_json_key(j, key);
	bp_json_u64(j, v);
}

void bp_json_kv_bool(struct bp_json *j, const char *key, bool v)
{
	bp_json_key(j, key);
	bp_json_bool(j, v);
}
