/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h - configuration files, read whole, with errors that point.
 *
 * A file becomes a tree of nodes in an arena; every node knows its line and
 * column (counted from 1). Getters check type, unit and range and report
 *
 *     scenarios/x.yaml:7:12: error: 'times' is 0; expected 1 to 1000
 *         times: 0
 *                ^
 *
 * through a struct bp_diag, which keeps up to ten of them; nothing is printed
 * here. Anchors, aliases, tags and multiple documents are refused: they make a
 * scenario harder to read than to write. Duplicate keys are refused on reading,
 * unknown keys by bp_map_done().
 */
#ifndef BP_BASE_YAML_H
#define BP_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_YAML_MAX_BYTES (1024u * 1024u) /* a larger file is refused */
#define BP_YAML_MAX_DEPTH 16
#define BP_DIAG_MAX 10

enum bp_node_kind { BP_NODE_SCALAR, BP_NODE_SEQ, BP_NODE_MAP };

struct bp_map_known;    /* names asked of a map that it does not hold */

struct bp_source {      /* one file, kept for the error texts */
	const char *name;   /* as the user gave it */
	const char *text;
	size_t len;
};

struct bp_node {
	enum bp_node_kind kind;
	bool quoted;                /* scalar in quotes: never a number, bool or null */
	bool used;                  /* set by bp_map_get() on map values */
	int line, col;              /* from 1 */
	const struct bp_source *source;
	const char *key;            /* map value: its key; list item: the list's key; else NULL */
	size_t index;               /* list item: from 1; else 0 */
	const char *text;           /* scalar, NUL-terminated, no NUL within */
	size_t n;                   /* scalar: bytes of text; seq: items; map: pairs */
	struct bp_node **items;     /* seq: n items; map: n values */
	struct bp_node **keys;      /* map: n keys (scalars) */
	struct bp_map_known *known; /* map: for the suggestions of bp_map_done() */
};

struct bp_diag {
	struct bp_arena *arena;     /* texts live here */
	unsigned count;             /* all errors seen, also those past BP_DIAG_MAX */
	char *text[BP_DIAG_MAX];    /* whole message with source line and caret */
};

/* Read the file at path. On failure err->text holds the whole diagnostic. */
int bp_yaml_read(struct bp_arena *a, const char *path, struct bp_node **root, struct bp_err *err);

/* Parse len bytes of text; name stands in for the path in messages. The text is copied. */
int bp_yaml_parse(struct bp_arena *a, const char *name, const char *text, size_t len,
		  struct bp_node **root, struct bp_err *err);

/* Record "file:line:col: error: fmt", the line and a caret at node. Returns BP_ECONFIG. */
int bp_diag_at(struct bp_diag *d, const struct bp_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 0 when nothing was recorded; else BP_ECONFIG with all messages joined in err->text. */
int bp_diag_result(const struct bp_diag *d, struct bp_err *err);

/* Value of key, or NULL (also when map is NULL or no map). Marks it used, and the name known. */
struct bp_node *bp_map_get(const struct bp_node *map, const char *key);

/* Like bp_map_get, but a missing key is recorded ("missing 'key'", what it is for). */
struct bp_node *bp_map_need(struct bp_diag *d, const struct bp_node *map, const char *key,
			    const char *what);

/* Record each key that nobody asked for, with the nearest known key as a suggestion. */
int bp_map_done(struct bp_diag *d, const struct bp_node *map);

/* True when node has that kind; else recorded as "expected a map/list/text". NULL node: false, silent. */
bool bp_node_is(struct bp_diag *d, const struct bp_node *node, enum bp_node_kind kind);

/*
 * Typed getters: *out is written on success only. Return 0, or BP_ECONFIG with
 * the error recorded. A NULL node is recorded nowhere and returns BP_ENOENT, so
 * that bp_node_u32(d, bp_map_get(m, "x"), …) leaves the default in *out.
 */
int bp_node_text(struct bp_diag *d, const struct bp_node *node, const char **out);
int bp_node_bool(struct bp_diag *d, const struct bp_node *node, bool *out);      /* true/false */
int bp_node_u32(struct bp_diag *d, const struct bp_node *node, uint32_t min, uint32_t max, uint32_t *out); /* decimal or 0x… */
int bp_node_u64(struct bp_diag *d, const struct bp_node *node, uint64_t min, uint64_t max, uint64_t *out);
/* "512 B", "4 KiB", "1 MiB"; a unit is required, but 0x… is allowed bare for addresses */
int bp_node_bytes(struct bp_diag *d, const struct bp_node *node, uint32_t min, uint32_t max, uint32_t *out);
/* "41us", "85 ms", "1.5 s", "2 min"; a unit is required */
int bp_node_duration(struct bp_diag *d, const struct bp_node *node, uint64_t min_ns, uint64_t max_ns, uint64_t *out_ns);
int bp_node_percent(struct bp_diag *d, const struct bp_node *node, uint32_t *out); /* "10%" → 10; 0 to 100 */
int bp_node_hex(struct bp_diag *d, const struct bp_node *node, uint8_t *out, size_t cap, size_t *len); /* "00ff…" */

/* Index into names[n] of a scalar; the error lists what was expected. */
int bp_node_enum(struct bp_diag *d, const struct bp_node *node, const char *const *names, size_t n, unsigned *out);

#endif
