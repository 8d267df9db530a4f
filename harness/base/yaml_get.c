/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_get.c - typed values out of a tree of nodes (yaml.h). */
#include "base/text.h"
#include "base/yaml.h"
#include "base/yaml_priv.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES 64   /* of a name or a value within a message */
#define LIST_BYTES 512  /* of a list of names within a message */
#define LISTED_KEYS 12  /* more known keys than that are not listed */

static const char *const kind_words[] = {[BP_NODE_SCALAR] = "text", [BP_NODE_SEQ] = "a list", [BP_NODE_MAP] = "a map"};

/* A plain scalar that YAML reads as nothing. */
static bool is_null(const struct bp_node *node)
{
	return node->kind == BP_NODE_SCALAR && !node->quoted &&
	       (!node->n || !strcmp(node->text, "~") || !strcmp(node->text, "null"));
}

static const char *kind_of(const struct bp_node *node)
{
	return is_null(node) ? "empty" : kind_words[node->kind];
}

/* How a message calls the node: "'times'", "item 2 of 'faults'", "the document". */
static char *subject(char out[NAME_BYTES + 32], const struct bp_node *node)
{
	char key[NAME_BYTES];

	if (node->key)
		bp_quote(key, sizeof(key), node->key);
	if (node->key && node->index)
		snprintf(out, NAME_BYTES + 32, "item %zu of %s", node->index, key);
	else if (node->index)
		snprintf(out, NAME_BYTES + 32, "item %zu", node->index);
	else
		snprintf(out, NAME_BYTES + 32, "%s", node->key ? key : "the document");
	return out;
}

/* "'a', 'b' or 'c'", cut when it grows too long. */
static char *join(char out[LIST_BYTES], const char *const *names, size_t n)
{
	size_t at = 0, left = 0;
	char name[NAME_BYTES];

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		left += names[i] != NULL;
	for (size_t i = 0; i < n; i++) {
		const char *between = !at ? "" : left == 1 ? " or " : ", ";

		if (!names[i])
			continue;
		bp_quote(name, sizeof(name), names[i]);
		if (at + strlen(between) + strlen(name) + sizeof(", ...") > LIST_BYTES) {
			snprintf(out + at, LIST_BYTES - at, ", ...");
			break;
		}
		at += (size_t)snprintf(out + at, LIST_BYTES - at, "%s%s", between, name);
		left--;
	}
	return out;
}

/* Remember that key means something to this map. Without memory only a suggestion is lost. */
static void know(struct bp_map_known *known, const char *key)
{
	struct bp_known *k;

	for (k = known->first; k; k = k->next)
		if (!strcmp(k->name, key))
			return;
	k = bp_arena_alloc(known->arena, sizeof(*k));
	if (!k)
		return;
	k->name = bp_arena_text(known->arena, key, strlen(key));
	if (!k->name)
		return;
	if (known->last)
		known->last->next = k;
	else
		known->first = k;
	known->last = k;
}

struct bp_node *bp_map_get(const struct bp_node *map, const char *key)
{
	if (!map || map->kind != BP_NODE_MAP)
		return NULL;
	know(map->known, key);
	for (size_t i = 0; i < map->n; i++) {
		if (!strcmp(map->keys[i]->text, key)) {
			map->items[i]->used = true;
			return map->items[i];
		}
	}
	return NULL;
}

struct bp_node *bp_map_need(struct bp_diag *d, const struct bp_node *map, const char *key, const char *what)
{
	struct bp_node *value = bp_map_get(map, key);
	char name[NAME_BYTES], in[NAME_BYTES + 32];

	if (value || !map)
		return value;
	bp_quote(name, sizeof(name), key);
	subject(in, map);
	if (!map->key && !map->index)
		bp_diag_at(d, map, "missing %s%s%s", name, what ? ": " : "", what ? what : "");
	else
		bp_diag_at(d, map, "missing %s in %s%s%s", name, in, what ? ": " : "", what ? what : "");
	return NULL;
}

static int unknown_key(struct bp_diag *d, const struct bp_node *key, const char *const *names, size_t n)
{
	const char *near = bp_nearest(key->text, names, n);
	char name[NAME_BYTES], other[NAME_BYTES], list[LIST_BYTES];

	bp_quote(name, sizeof(name), key->text);
	if (near)
		return bp_diag_at(d, key, "unknown key %s; did you mean %s?", name, bp_quote(other, sizeof(other), near));
	if (n && n <= LISTED_KEYS)
		return bp_diag_at(d, key, "unknown key %s; expected %s", name, join(list, names, n));
	return bp_diag_at(d, key, "unknown key %s; expected no such key", name);
}

int bp_map_done(struct bp_diag *d, const struct bp_node *map)
{
	const char *names[128]; /* keys that our own models ask one map for: at most some thirty */
	size_t n = 0;
	int rc = 0;

	if (!map || map->kind != BP_NODE_MAP)
		return 0;
	for (const struct bp_known *k = map->known->first; k && n < sizeof(names) / sizeof(names[0]); k = k->next)
		names[n++] = k->name;
	for (size_t i = 0; i < map->n; i++)
		if (!map->items[i]->used)
			rc = unknown_key(d, map->keys[i], names, n);
	return rc;
}

static int wrong_kind(struct bp_diag *d, const struct bp_node *node, const char *expected)
{
	char who[NAME_BYTES + 32];

	return bp_diag_at(d, node, "%s is %s; expected %s", subject(who, node), kind_of(node), expected);
}

bool bp_node_is(struct bp_diag *d, const struct bp_node *node, enum bp_node_kind kind)
{
	if (!node)
		return false;
	if (node->kind == kind)
		return true;
	wrong_kind(d, node, kind_words[kind]);
	return false;
}

/* 0 when node is a scalar whose text may be read as expected says. */
static int need_scalar(struct bp_diag *d, const struct bp_node *node, const char *expected)
{
	if (!node)
		return BP_ENOENT;
	if (node->kind != BP_NODE_SCALAR || !node->n)
		return wrong_kind(d, node, expected);
	return 0;
}

/* err->text is "VALUE; expected WHAT" (text.h). */
static int wrong_value(struct bp_diag *d, const struct bp_node *node, const struct bp_err *err)
{
	char who[NAME_BYTES + 32];

	return bp_diag_at(d, node, "%s is %s", subject(who, node), err->text);
}

int bp_node_text(struct bp_diag *d, const struct bp_node *node, const char **out)
{
	if (!node)
		return BP_ENOENT;
	if (node->kind != BP_NODE_SCALAR || is_null(node))
		return wrong_kind(d, node, "text");
	*out = node->text;
	return 0;
}

int bp_node_bool(struct bp_diag *d, const struct bp_node *node, bool *out)
{
	char who[NAME_BYTES + 32], shown[NAME_BYTES];
	int rc = need_scalar(d, node, "true or false");
	bool yes;

	if (rc)
		return rc;
	yes = !strcmp(node->text, "true");
	if (!yes && strcmp(node->text, "false") != 0)
		return bp_diag_at(d, node, "%s is %s; expected true or false", subject(who, node),
				  bp_quote(shown, sizeof(shown), node->text));
	if (node->quoted)
		return bp_diag_at(d, node, "%s is text in quotes; expected %s without quotes", subject(who, node), node->text);
	*out = yes;
	return 0;
}

int bp_node_u64(struct bp_diag *d, const struct bp_node *node, uint64_t min, uint64_t max, uint64_t *out)
{
	char who[NAME_BYTES + 32];
	struct bp_err err;
	int rc = need_scalar(d, node, "a number");
	uint64_t v = 0;

	if (rc)
		return rc;
	if (bp_parse_u64(node->text, min, max, &v, &err))
		return wrong_value(d, node, &err);
	if (node->quoted)
		return bp_diag_at(d, node, "%s is text in quotes; expected %s without quotes", subject(who, node), node->text);
	*out = v;
	return 0;
}

int bp_node_u32(struct bp_diag *d, const struct bp_node *node, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	int rc = bp_node_u64(d, node, min, max, &v);

	if (!rc)
		*out = (uint32_t)v;
	return rc;
}

int bp_node_bytes(struct bp_diag *d, const struct bp_node *node, uint32_t min, uint32_t max, uint32_t *out)
{
	struct bp_err err;
	int rc = need_scalar(d, node, "a size with a unit, such as '512 B' or '4 KiB'");
	uint64_t v = 0;

	if (rc)
		return rc;
	if (bp_parse_bytes(node->text, min, max, &v, &err))
		return wrong_value(d, node, &err);
	*out = (uint32_t)v;
	return 0;
}

int bp_node_duration(struct bp_diag *d, const struct bp_node *node, uint64_t min_ns, uint64_t max_ns, uint64_t *out_ns)
{
	struct bp_err err;
	int rc = need_scalar(d, node, "a duration with a unit, such as '41 us' or '1.5 s'");

	if (rc)
		return rc;
	if (bp_parse_duration(node->text, min_ns, max_ns, out_ns, &err))
		return wrong_value(d, node, &err);
	return 0;
}

int bp_node_percent(struct bp_diag *d, const struct bp_node *node, uint32_t *out)
{
	struct bp_err err;
	int rc = need_scalar(d, node, "a percentage, such as '10%'");

	if (rc)
		return rc;
	if (bp_parse_percent(node->text, out, &err))
		return wrong_value(d, node, &err);
	return 0;
}

int bp_node_hex(struct bp_diag *d, const struct bp_node *node, uint8_t *out, size_t cap, size_t *len)
{
	struct bp_err err;
	int rc = need_scalar(d, node, "hex digits, two for each byte");

	if (rc)
		return rc;
	rc = bp_unhex(node->text, out, cap, &err);
	if (rc < 0)
		return wrong_value(d, node, &err);
	*len = (size_t)rc;
	return 0;
}

int bp_node_enum(struct bp_diag *d, const struct bp_node *node, const char *const *names, size_t n, unsigned *out)
{
	char who[NAME_BYTES + 32], shown[NAME_BYTES], other[NAME_BYTES], list[LIST_BYTES];
	const char *near;
	int rc;

	join(list, names, n);
	rc = need_scalar(d, node, list);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (names[i] && !strcmp(node->text, names[i])) {
			*out = (unsigned)i;
			return 0;
		}
	}
	near = bp_nearest(node->text, names, n);
	return bp_diag_at(d, node, "%s is %s; expected %s%s%s%s", subject(who, node), bp_quote(shown, sizeof(shown), node->text),
			  list, near ? "; did you mean " : "", near ? bp_quote(other, sizeof(other), near) : "",
			  near ? "?" : "");
}
