/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product_parts.h - how product.yaml is read, split by section (private to the
 * product model and its tests).
 */
#ifndef BP_BENCH_PRODUCT_PARTS_H
#define BP_BENCH_PRODUCT_PARTS_H

#include "base/yaml.h"
#include "bench/product.h"

#define BP_NS_PER_MS UINT64_C(1000000)
#define BP_NS_PER_S UINT64_C(1000000000)

/* Where keys come from and whether the artifacts are made: a test or fuzzer needs no files and no crypto. */
struct bp_product_source {
	/* path: as the product file names it, put behind that file's folder. */
	int (*load_key)(void *ctx, const char *path, struct bp_key *key, struct bp_err *err);
	/* The file of `like` or `geometry`, beside the product's. NULL: there are no files. */
	int (*load_base)(void *ctx, struct bp_arena *a, const char *path, struct bp_node **root, struct bp_err *err);
	void *ctx;
	bool check_only; /* artifacts get no images and no manifests */
};

struct bp_product_reader {
	struct bp_diag diag;
	struct bp_arena *arena;
	const struct bp_product_source *source;
	struct bp_product *p;
};

/* Like bp_product_read(), from len bytes of text; name stands in for the path. source NULL: key files, everything made. */
int bp_product_parse(struct bp_arena *a, const char *name, const char *text, size_t len,
		     const struct bp_product_source *source, struct bp_product **out, struct bp_err *err);

/* The sections; each takes the file's root and records what is wrong. */
void bp_product_board(struct bp_product_reader *r, const struct bp_node *root);     /* board, flash, supply, costs, areas */
void bp_product_keys(struct bp_product_reader *r, const struct bp_node *root);      /* after board */
void bp_product_artifacts(struct bp_product_reader *r, const struct bp_node *root); /* after keys */
void bp_product_probe(struct bp_product_reader *r, const struct bp_node *root);     /* may be missing */
int bp_product_build(struct bp_product_reader *r, struct bp_err *err);              /* images and manifests; nothing recorded so far */

/* Map under key, NULL (recorded) when it is missing or no map. what: what it is for. */
const struct bp_node *bp_product_section(struct bp_product_reader *r, const struct bp_node *map, const char *key,
					 const char *what);

/* Values that must be there; what is wrong is recorded, *out then keeps its value. */
void bp_product_need_u32(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		 uint32_t min, uint32_t max, uint32_t *out);
void bp_product_need_bytes(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		   uint32_t min, uint32_t max, uint32_t *out);
void bp_product_need_duration(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		      uint64_t min_ns, uint64_t max_ns, uint64_t *out_ns);
void bp_product_need_text(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		  const char **out);

/* A name: small letters, digits, '-', '_'; it stands in tokens, file names and tables. */
#define BP_NAME_MAX 23 /* characters; dut_board.product holds 24 with its NUL */
void bp_product_need_name(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		  const char **out);
bool bp_product_check_name(struct bp_product_reader *r, const struct bp_node *node);

#endif
