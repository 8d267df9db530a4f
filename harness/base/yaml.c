/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c - from text to a tree of nodes, over libyaml's events (yaml.h). */
#include "base/yaml.h"

#include "base/text.h"
#include "base/yaml_priv.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NAME_BYTES 64 /* of a name within a message */

struct reader {
	struct bp_arena *arena;
	const struct bp_source *source;
	struct bp_err *err;
	yaml_parser_t parser;
};

/* What we use of a libyaml event, copied, so that no path has to free one. */
struct event {
	yaml_event_type_t type;
	int line, col;
	const char *text;
	size_t len;
	bool quoted;
};

struct list {
	struct bp_node **item;
	size_t n, cap;
};

static int fail_memory(struct reader *r)
{
	return bp_fail(r->err, BP_ENOMEM, "%s: no memory left to read it", r->source->name);
}

static int fail_parser(struct reader *r)
{
	if (r->parser.error == YAML_MEMORY_ERROR)
		return fail_memory(r);
	return bp_yaml_fail_parser(r->err, r->source, &r->parser);
}

static int fail_event(struct reader *r, const struct event *e, const char *what)
{
	return bp_yaml_fail(r->err, r->source, e->line, e->col, "%s", what);
}

/* Anchors, aliases, tags, directives; NULL when the event has none. */
static const char *refused(const yaml_event_t *y)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (y->type) {
	case YAML_ALIAS_EVENT:
		return "aliases ('*name') are not read; expected the value itself";
	case YAML_DOCUMENT_START_EVENT:
		if (y->data.document_start.version_directive ||
		    y->data.document_start.tag_directives.start != y->data.document_start.tag_directives.end)
			return "directives ('%YAML', '%TAG') are not read; expected a map or a list";
		return NULL;
	case YAML_SCALAR_EVENT:
		anchor = y->data.scalar.anchor;
		tag = y->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = y->data.sequence_start.anchor;
		tag = y->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = y->data.mapping_start.anchor;
		tag = y->data.mapping_start.tag;
		break;
	default:
		return NULL;
	}
	if (anchor)
		return "anchors ('&name') are not read; expected the value itself";
	return tag ? "tags ('!name') are not read; expected the value itself" : NULL;
}

static int next_event(struct reader *r, struct event *e)
{
	const char *problem;
	yaml_event_t y;
	int rc = 0;

	if (!yaml_parser_parse(&r->parser, &y))
		return fail_parser(r);
	*e = (struct event){.type = y.type, .line = (int)y.start_mark.line + 1, .col = (int)y.start_mark.column + 1};
	problem = refused(&y);
	if (!problem && y.type == YAML_SCALAR_EVENT) {
		const char *value = (const char *)y.data.scalar.value;

		e->len = y.data.scalar.length;
		e->quoted = y.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		if (memchr(value, '\0', e->len))
			problem = "this text holds a NUL byte; expected text without one";
		else if (!(e->text = bp_arena_text(r->arena, value, e->len)))
			rc = fail_memory(r);
	}
	yaml_event_delete(&y);
	return problem ? fail_event(r, e, problem) : rc;
}

static int list_add(struct reader *r, struct list *l, struct bp_node *node)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct bp_node **p = bp_arena_array(r->arena, cap, sizeof(struct bp_node *));

		if (!p)
			return fail_memory(r);
		if (l->n)
			memcpy(p, l->item, l->n * sizeof(struct bp_node *));
		l->item = p;
		l->cap = cap;
	}
	l->item[l->n++] = node;
	return 0;
}

static int by_name_then_place(const void *a, const void *b)
{
	const struct bp_node *x = *(struct bp_node *const *)a, *y = *(struct bp_node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	return x->line != y->line ? (x->line > y->line) - (x->line < y->line) : (x->col > y->col) - (x->col < y->col);
}

/* Sorted, so that a hostile file of a hundred thousand keys costs no more than it weighs. */
static int check_duplicates(struct reader *r, const struct bp_node *map)
{
	const struct bp_node *bad = NULL, *first = NULL;
	struct bp_node **sorted;
	char name[NAME_BYTES];

	if (map->n < 2)
		return 0;
	sorted = bp_arena_array(r->arena, map->n, sizeof(struct bp_node *));
	if (!sorted)
		return fail_memory(r);
	memcpy(sorted, map->keys, map->n * sizeof(struct bp_node *));
	qsort(sorted, map->n, sizeof(struct bp_node *), by_name_then_place);
	for (size_t i = 1; i < map->n; i++) {
		const struct bp_node *k = sorted[i];

		if (strcmp(k->text, sorted[i - 1]->text) != 0)
			continue;
		if (!bad || k->line < bad->line || (k->line == bad->line && k->col < bad->col)) {
			bad = k;
			first = sorted[i - 1];
		}
	}
	if (!bad)
		return 0;
	return bp_yaml_fail(r->err, r->source, bad->line, bad->col, "duplicate key %s; expected it once, and line %d has it",
			    bp_quote(name, sizeof(name), bad->text), first->line);
}

static int read_node(struct reader *r, const struct event *e, unsigned depth, const char *key, struct bp_node **out);

static int read_seq(struct reader *r, struct bp_node *seq, unsigned depth)
{
	struct list items = {0};
	struct event e = {0};
	int rc;

	for (;;) {
		struct bp_node *item = NULL;

		rc = next_event(r, &e);
		if (rc)
			return rc;
		if (e.type == YAML_SEQUENCE_END_EVENT)
			break;
		rc = read_node(r, &e, depth + 1, seq->key, &item);
		if (!rc)
			rc = list_add(r, &items, item);
		if (rc)
			return rc;
		item->index = items.n;
	}
	seq->n = items.n;
	seq->items = items.item;
	return 0;
}

static int read_pair(struct reader *r, const struct event *e, unsigned depth, struct list *keys, struct list *values)
{
	struct bp_node *key = NULL, *value = NULL;
	struct event of_value = {0};
	int rc;

	if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
		return fail_event(r, e, e->type == YAML_SEQUENCE_START_EVENT ? "this key is a list; expected text"
									     : "this key is a map; expected text");
	if (!e->len)
		return fail_event(r, e, "this key is empty; expected 'key: value'");
	rc = read_node(r, e, depth, NULL, &key);
	if (!rc)
		rc = next_event(r, &of_value);
	if (!rc)
		rc = read_node(r, &of_value, depth, key->text, &value);
	if (!rc)
		rc = list_add(r, keys, key);
	if (!rc)
		rc = list_add(r, values, value);
	return rc;
}

static int read_map(struct reader *r, struct bp_node *map, unsigned depth)
{
	struct list keys = {0}, values = {0};
	struct event e = {0};
	int rc;

	map->known = bp_arena_alloc(r->arena, sizeof(*map->known));
	if (!map->known)
		return fail_memory(r);
	map->known->arena = r->arena;
	for (;;) {
		rc = next_event(r, &e);
		if (rc)
			return rc;
		if (e.type == YAML_MAPPING_END_EVENT)
			break;
		rc = read_pair(r, &e, depth + 1, &keys, &values);
		if (rc)
			return rc;
	}
	map->n = keys.n;
	map->keys = keys.item;
	map->items = values.item;
	return check_duplicates(r, map);
}

/* The node that e begins, under key; the root has depth 1. Recursion ends at BP_YAML_MAX_DEPTH. */
static int read_node(struct reader *r, const struct event *e, unsigned depth, const char *key, struct bp_node **out)
{
	struct bp_node *node = bp_arena_alloc(r->arena, sizeof(*node));

	if (!node)
		return fail_memory(r);
	*out = node;
	node->source = r->source;
	node->line = e->line;
	node->col = e->col;
	node->key = key;
	if (e->type == YAML_SCALAR_EVENT) {
		node->text = e->text;
		node->n = e->len;
		node->quoted = e->quoted;
		return 0;
	}
	if (depth > BP_YAML_MAX_DEPTH)
		return bp_yaml_fail(r->err, r->source, e->line, e->col, "too deep; expected at most %d levels of maps and lists",
				    BP_YAML_MAX_DEPTH);
	node->kind = e->type == YAML_SEQUENCE_START_EVENT ? BP_NODE_SEQ : BP_NODE_MAP;
	return node->kind == BP_NODE_SEQ ? read_seq(r, node, depth) : read_map(r, node, depth);
}

/* Events come as: stream start, [document start, node, document end]…, stream end. */
static int read_stream(struct reader *r, struct bp_node **root)
{
	static const char empty[] = "the document is empty; expected a map or a list";
	struct bp_node *node = NULL;
	struct event e = {0};
	int rc;

	rc = next_event(r, &e);
	if (!rc)
		rc = next_event(r, &e);
	if (!rc && e.type == YAML_STREAM_END_EVENT)
		return bp_yaml_fail(r->err, r->source, 1, 1, "%s", empty);
	if (!rc)
		rc = next_event(r, &e);
	if (!rc && e.type == YAML_SCALAR_EVENT && !e.len && !e.quoted)
		return fail_event(r, &e, empty);
	if (!rc)
		rc = read_node(r, &e, 1, NULL, &node);
	if (!rc)
		rc = next_event(r, &e); /* the document's end */
	if (!rc)
		rc = next_event(r, &e);
	if (!rc && e.type != YAML_STREAM_END_EVENT)
		return fail_event(r, &e, "a second document; expected one document a file");
	if (!rc)
		*root = node;
	return rc;
}

static int parse_source(struct bp_arena *a, const struct bp_source *source, struct bp_node **root, struct bp_err *err)
{
	struct reader r = {.arena = a, .source = source, .err = err};
	int rc = bp_yaml_check_characters(source, err);

	if (rc)
		return rc;
	if (!yaml_parser_initialize(&r.parser))
		return fail_memory(&r);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)source->text, source->len);
	rc = read_stream(&r, root);
	yaml_parser_delete(&r.parser);
	return rc;
}

/* text[len] lies in the arena. */
static int parse_kept(struct bp_arena *a, const char *name, const char *text, size_t len, struct bp_node **root,
		      struct bp_err *err)
{
	struct bp_source *source = bp_arena_alloc(a, sizeof(*source));
	const char *kept_name = bp_arena_text(a, name, strlen(name));

	if (!source || !kept_name)
		return bp_fail(err, BP_ENOMEM, "%s: no memory left to read it", name);
	/* A byte order mark is no character of line 1. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	*source = (struct bp_source){.name = kept_name, .text = text, .len = len};
	return parse_source(a, source, root, err);
}

int bp_yaml_parse(struct bp_arena *a, const char *name, const char *text, size_t len, struct bp_node **root,
		  struct bp_err *err)
{
	char size[32];
	const char *kept;

	if (len > BP_YAML_MAX_BYTES)
		return bp_fail(err, BP_ECONFIG, "%s is larger than %s", name, bp_show_bytes(size, sizeof(size), BP_YAML_MAX_BYTES));
	kept = bp_arena_text(a, text, len);
	if (!kept)
		return bp_fail(err, BP_ENOMEM, "%s: no memory left to read it", name);
	return parse_kept(a, name, kept, len, root, err);
}

int bp_yaml_read(struct bp_arena *a, const char *path, struct bp_node **root, struct bp_err *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc = bp_read_file(a, path, BP_YAML_MAX_BYTES, &text, &len, err);

	return rc ? rc : parse_kept(a, path, text, len, root, err);
}
