/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/product.h"

#include "base/text.h"
#include "bench/product_parts.h"
#include "bench/smp.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Most of an SMP message that upload needs besides its payload is 73 bytes (first request); rounded up. */
#define UPLOAD_OVERHEAD_BYTES 128
#define MIN_CHUNK_BYTES 16
#define MAX_ERASES 1000000u
#define MAX_BUDGET_NS (UINT64_C(24) * 3600 * BP_NS_PER_S)
/* Offset of the version in the image header (MCUboot design document, "Image format") and its size. */
#define HEADER_VERSION_AT 20
#define HEADER_VERSION_BYTES 8

/* ---- values ---------------------------------------------------------------- */

const struct bp_node *bp_product_section(struct bp_product_reader *r, const struct bp_node *map, const char *key,
					 const char *what)
{
	const struct bp_node *node = bp_map_need(&r->diag, map, key, what);

	return bp_node_is(&r->diag, node, BP_NODE_MAP) ? node : NULL;
}

void bp_product_need_u32(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		 uint32_t min, uint32_t max, uint32_t *out)
{
	bp_node_u32(&r->diag, bp_map_need(&r->diag, map, key, what), min, max, out);
}

void bp_product_need_bytes(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		   uint32_t min, uint32_t max, uint32_t *out)
{
	bp_node_bytes(&r->diag, bp_map_need(&r->diag, map, key, what), min, max, out);
}

void bp_product_need_duration(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		      uint64_t min_ns, uint64_t max_ns, uint64_t *out_ns)
{
	bp_node_duration(&r->diag, bp_map_need(&r->diag, map, key, what), min_ns, max_ns, out_ns);
}

void bp_product_need_text(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		  const char **out)
{
	const struct bp_node *node = bp_map_need(&r->diag, map, key, what);

	if (!bp_node_text(&r->diag, node, out) && !**out)
		bp_diag_at(&r->diag, node, "'%s' is empty; expected %s", key, what);
}

bool bp_product_check_name(struct bp_product_reader *r, const struct bp_node *node)
{
	size_t good = strspn(node->text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
	char shown[64];

	if (good == node->n && good && good <= BP_NAME_MAX)
		return true;
	bp_diag_at(&r->diag, node, "%s is no name; expected 1 to %d small letters, digits, '-' or '_'",
		   bp_quote(shown, sizeof(shown), node->text), BP_NAME_MAX);
	return false;
}

void bp_product_need_name(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		  const char **out)
{
	const struct bp_node *node = bp_map_need(&r->diag, map, key, what);
	const char *text = NULL;

	if (!bp_node_text(&r->diag, node, &text) && bp_product_check_name(r, node))
		*out = text;
}

/* ---- link, budgets, marks, reasons ------------------------------------------- */

/* A product of one slot: slot B holds the recovery image for good. */
static void read_recovery(struct bp_product_reader *r, const struct bp_node *node)
{
	const struct bp_artifact *a;
	const char *name = NULL;

	r->p->recovery = -1;
	if (!node || bp_node_text(&r->diag, node, &name))
		return;
	a = bp_product_artifact(r->p, name);
	if (a)
		r->p->recovery = (int)(a - r->p->artifact);
	else
		bp_diag_at(&r->diag, node, "'recovery' names '%s', which is none of the product's artifacts", name);
}

static void read_words(struct bp_product_reader *r, const struct bp_node *node, struct bp_request_words *out)
{
	const char *names[DUT_AREA_COUNT + 1] = {"slot"};
	const struct bp_node *at, *end;
	unsigned which = 0;
	uint32_t size;

	if (!bp_node_is(&r->diag, node, BP_NODE_MAP))
		return;
	for (unsigned i = 0; i < DUT_AREA_COUNT; i++)
		names[i + 1] = r->p->area_name[i];
	if (bp_node_enum(&r->diag, bp_map_need(&r->diag, node, "area", "where it is written: slot, or an area"), names, DUT_AREA_COUNT + 1, &which))
		return;
	out->area = which ? (int)which - 1 : BP_REQUEST_SLOT;
	size = r->p->board.dut.area[which ? which - 1 : DUT_AREA_SLOT_A].size;
	at = bp_map_get(node, "at");
	end = bp_map_get(node, "from-end");
	if (!at == !end)
		bp_diag_at(&r->diag, node, "expected either 'at' or 'from-end'");
	out->from_end = end != NULL;
	bp_node_bytes(&r->diag, end ? end : at, end ? 1 : 0, size, &out->at);
	bp_node_hex(&r->diag, bp_map_need(&r->diag, node, "bytes", "what is written, in hex"), out->bytes, sizeof(out->bytes), &out->n);
	if (which == DUT_AREA_BOOT + 1 || out->n > size || (out->from_end ? out->n > out->at : out->at > size - out->n))
		bp_diag_at(&r->diag, node, "the bytes do not fit there; expected a place within an area that the device may write");
	bp_map_done(&r->diag, node);
}

static void read_request(struct bp_product_reader *r, const struct bp_node *list)
{
	if (!list || !bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return;
	if (list->n > BP_MAX_REQUEST) {
		bp_diag_at(&r->diag, list, "'request' has %zu rows; expected at most %d", list->n, BP_MAX_REQUEST);
		return;
	}
	r->p->n_request = (unsigned)list->n;
	for (size_t i = 0; i < list->n; i++)
		read_words(r, list->items[i], &r->p->request[i]);
}

static void read_link(struct bp_product_reader *r, const struct bp_node *root)
{
	static const char *const policies[] = {[BP_MANIFEST_REQUIRED] = "required", [BP_MANIFEST_OPTIONAL] = "optional"};
	const struct bp_node *map = bp_product_section(r, root, "link", "how an update is sent");
	unsigned policy = BP_MANIFEST_REQUIRED;

	if (!map)
		return;
	bp_product_need_bytes(r, map, "chunk", "payload of an upload request", MIN_CHUNK_BYTES,
		      BP_SMP_MAX_MESSAGE - UPLOAD_OVERHEAD_BYTES, &r->p->chunk_bytes);
	bp_node_enum(&r->diag, bp_map_need(&r->diag, map, "manifest", "required or optional"), policies, 2, &policy);
	r->p->manifest = (enum bp_manifest_policy)policy;
	read_request(r, bp_map_get(map, "request"));
	read_recovery(r, bp_map_get(map, "recovery"));
	bp_map_done(&r->diag, map);
}

static void read_budgets(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *map = bp_product_section(r, root, "budgets", "how long things may take");

	if (!map)
		return;
	bp_product_need_duration(r, map, "recovery", "power return until settled", 1, MAX_BUDGET_NS, &r->p->recovery_budget_ns);
	bp_product_need_duration(r, map, "update", "first byte until confirmed", 1, MAX_BUDGET_NS, &r->p->update_budget_ns);
	bp_product_need_duration(r, map, "reply", "one answer", 1, MAX_BUDGET_NS, &r->p->reply_budget_ns);
	bp_node_duration(&r->diag, bp_map_get(map, "service"), 1, MAX_BUDGET_NS, &r->p->service_budget_ns);
	bp_node_u32(&r->diag, bp_map_get(map, "page-erases"), 1, MAX_ERASES, &r->p->page_erases);
	bp_node_u32(&r->diag, bp_map_get(map, "update-erases"), 1, MAX_ERASES, &r->p->update_erases);
	bp_map_done(&r->diag, map);
}

static void read_marks(struct bp_product_reader *r, const struct bp_node *root)
{
	static const struct {
		const char *key, *what;
		size_t at;
		bool optional;
	} rows[] = {
		{"boot", "the line that begins a boot", offsetof(struct bp_marks, boot), false},
		{"trial", "the line of a trial boot", offsetof(struct bp_marks, trial), false},
		{"up", "the line of a running application", offsetof(struct bp_marks, up), false},
		{"confirmed", "the line of a confirm", offsetof(struct bp_marks, confirmed), false},
		{"rollback", "the line of a rollback", offsetof(struct bp_marks, rollback), false},
		{"no-image", "the line of a device without an image", offsetof(struct bp_marks, no_image), false},
		{"state-lost", "the line of a lost boot state", offsetof(struct bp_marks, state_lost), false},
		{"power-on", "what tells of power that was lost", offsetof(struct bp_marks, power_on), true},
	};
	const struct bp_node *map = bp_product_section(r, root, "marks", "console lines that mean something");
	const char *seen[sizeof(rows) / sizeof(rows[0])] = {NULL};

	if (!map)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].optional && !bp_map_get(map, rows[i].key))
			continue;
		bp_product_need_text(r, map, rows[i].key, rows[i].what, &seen[i]);
		*(const char **)(void *)((char *)&r->p->marks + rows[i].at) = seen[i];
		for (size_t j = 0; j < i; j++)
			if (seen[i] && seen[j] && !strcmp(seen[i], seen[j]))
				bp_diag_at(&r->diag, bp_map_get(map, rows[i].key), "'%s' and '%s' are the same text",
					   rows[i].key, rows[j].key);
	}
	bp_map_done(&r->diag, map);
}

static void read_reason(struct bp_product_reader *r, const struct bp_node *node)
{
	struct bp_product *p = r->p;
	const char *text = NULL;
	int known;

	/* YAML's null is a code that the device does not use. */
	if (node->kind == BP_NODE_SCALAR && !node->quoted && (!strcmp(node->text, "~") || !strcmp(node->text, "null"))) {
		p->reason[p->n_reasons++] = NULL;
		return;
	}
	if (bp_node_text(&r->diag, node, &text))
		return;
	known = bp_product_reason(p, text);
	if (known >= 0)
		bp_diag_at(&r->diag, node, "reason '%s' has code %d already", text, known);
	if (!*text || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != node->n)
		bp_diag_at(&r->diag, node, "a reason is written in capitals, digits and '_'");
	p->reason[p->n_reasons++] = text;
}

/* The reason that a trial ends with when power goes as often as it has attempts. */
static void read_given_up(struct bp_product_reader *r, const struct bp_node *node)
{
	const char *name;

	if (!node || bp_node_text(&r->diag, node, &name))
		return;
	r->p->given_up = bp_product_reason(r->p, name);
	if (r->p->given_up < 0)
		bp_diag_at(&r->diag, node, "'%s' is none of the product's reasons", name);
}

static void read_reasons(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *list = bp_map_need(&r->diag, root, "reasons", "names of the reason codes, from code 0");

	if (!bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return;
	if (list->n < 1 || list->n > BP_MAX_REASONS) {
		bp_diag_at(&r->diag, list, "'reasons' has %zu names; expected 1 to %d", list->n, BP_MAX_REASONS);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		read_reason(r, list->items[i]);
}

/* ---- the file ------------------------------------------------------------------ */

/* All pairs of `own`, and those of `base` whose keys it lacks. Nodes keep their files: errors point into either. */
static const struct bp_node *merge(struct bp_product_reader *r, const struct bp_node *own, const struct bp_node *base)
{
	struct bp_node *both = bp_arena_alloc(r->arena, sizeof(*both));

	if (!both)
		return NULL;
	*both = *own;
	both->keys = bp_arena_array(r->arena, own->n + base->n, sizeof(struct bp_node *));
	both->items = bp_arena_array(r->arena, own->n + base->n, sizeof(struct bp_node *));
	if (!both->keys || !both->items)
		return NULL;
	memcpy(both->keys, own->keys, own->n * sizeof(struct bp_node *));
	memcpy(both->items, own->items, own->n * sizeof(struct bp_node *));
	for (size_t i = 0; i < base->n; i++) {
		if (bp_map_get(own, base->keys[i]->text))
			continue;
		both->keys[both->n] = base->keys[i];
		both->items[both->n++] = base->items[i];
	}
	return both;
}

/* The file NAME.yaml beside the product's own, which node names under key; NULL when that is wrong. */
static const struct bp_node *beside(struct bp_product_reader *r, const struct bp_node *node, const char *key)
{
	const char *slash = strrchr(r->p->path, '/'), *name;
	struct bp_node *root = NULL;
	struct bp_err err;
	char path[512];

	if (bp_node_text(&r->diag, node, &name) || !bp_product_check_name(r, node))
		return NULL;
	snprintf(path, sizeof(path), "%.*s%s.yaml", slash ? (int)(slash - r->p->path + 1) : 0, r->p->path, name);
	if (r->source->load_base(r->source->ctx, r->arena, path, &root, &err)) {
		bp_diag_at(&r->diag, node, "'%s': %s", key, err.text);
		return NULL;
	}
	return bp_node_is(&r->diag, root, BP_NODE_MAP) ? root : NULL;
}

/* `geometry: NAME`: the flash and its areas are those of another product's file, and nothing else of it. */
static const struct bp_node *with_geometry(struct bp_product_reader *r, const struct bp_node *root)
{
	static const char *const sections[] = {"flash", "areas"};
	const struct bp_node *node = bp_map_get(root, "geometry"), *other;
	struct bp_node *keys[2], *items[2]; /* no map has a key twice */
	struct bp_node taken = {.kind = BP_NODE_MAP, .keys = keys, .items = items};

	if (!node)
		return root;
	other = beside(r, node, "geometry");
	for (size_t i = 0; other && i < 2; i++) {
		if (bp_map_get(root, sections[i]))
			bp_diag_at(&r->diag, bp_map_get(root, sections[i]), "'geometry' and '%s' in one product; expected one of them", sections[i]);
		for (size_t j = 0; j < other->n; j++)
			if (!strcmp(other->keys[j]->text, sections[i])) {
				keys[taken.n] = other->keys[j];
				items[taken.n++] = other->items[j];
			}
		if (taken.n <= i) {
			bp_diag_at(&r->diag, node, "'%s' has no '%s' of its own; expected a product that has", node->text, sections[i]);
			return NULL;
		}
	}
	return other ? merge(r, root, &taken) : NULL;
}

/* `like: NAME`: what the file does not say is as in NAME.yaml beside it, section by section. Returns the whole, NULL when it is wrong. */
static const struct bp_node *with_base(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *like = bp_map_get(root, "like"), *base;

	if (!like)
		return root;
	base = beside(r, like, "like");
	if (!base)
		return NULL;
	if (bp_map_get(base, "like") || bp_map_get(base, "geometry")) {
		bp_diag_at(&r->diag, like, "'%s' is like another product itself, or in its geometry; expected one that says all", like->text);
		return NULL;
	}
	return merge(r, root, base);
}

static void read_root(struct bp_product_reader *r, const struct bp_node *own)
{
	const struct bp_node *root = with_geometry(r, own);

	if (root)
		root = with_base(r, root);
	if (!root)
		return;
	bp_product_need_name(r, root, "product", "the product's name", &r->p->name);
	bp_product_need_text(r, root, "title", "the product in a few words", &r->p->title);
	bp_product_need_name(r, root, "firmware", "the native firmware object", &r->p->firmware);
	bp_product_board(r, root);
	bp_product_keys(r, root);
	bp_product_artifacts(r, root);
	read_link(r, root);
	read_budgets(r, root);
	read_marks(r, root);
	read_reasons(r, root);
	r->p->given_up = -1;
	read_given_up(r, bp_map_get(root, "given-up"));
	bp_product_probe(r, root);
	bp_map_done(&r->diag, root);
}

static int key_from_file(void *ctx, const char *path, struct bp_key *key, struct bp_err *err)
{
	(void)ctx;
	return bp_key_read(path, key, err);
}

static int base_from_file(void *ctx, struct bp_arena *a, const char *path, struct bp_node **root, struct bp_err *err)
{
	(void)ctx;
	return bp_yaml_read(a, path, root, err);
}

static int no_base(void *ctx, struct bp_arena *a, const char *path, struct bp_node **root, struct bp_err *err)
{
	(void)ctx, (void)a, (void)root;
	return bp_fail(err, BP_EIO, "%s: there are no files here", path);
}

static int from_tree(struct bp_arena *a, const char *path, const struct bp_node *root,
		     const struct bp_product_source *source, struct bp_product **out, struct bp_err *err)
{
	static const struct bp_product_source files = {.load_key = key_from_file, .load_base = base_from_file};
	struct bp_product_source given = source ? *source : files;
	struct bp_product_reader r = {.diag = {.arena = a}, .arena = a, .source = &given};
	int ret;

	if (!given.load_base)
		given.load_base = no_base;

	r.p = bp_arena_alloc(a, sizeof(*r.p));
	if (r.p)
		r.p->path = bp_arena_text(a, path, strlen(path));
	if (!r.p || !r.p->path)
		return bp_fail(err, BP_ENOMEM, "%s: out of memory", path);
	if (bp_node_is(&r.diag, root, BP_NODE_MAP))
		read_root(&r, root);
	ret = bp_diag_result(&r.diag, err);
	if (!ret && !r.source->check_only)
		ret = bp_product_build(&r, err);
	if (!ret)
		*out = r.p;
	return ret;
}

int bp_product_parse(struct bp_arena *a, const char *name, const char *text, size_t len,
		     const struct bp_product_source *source, struct bp_product **out, struct bp_err *err)
{
	struct bp_node *root;
	int ret = bp_yaml_parse(a, name, text, len, &root, err);

	return ret ? ret : from_tree(a, name, root, source, out, err);
}

int bp_product_read(struct bp_arena *a, const char *path, struct bp_product **out, struct bp_err *err)
{
	struct bp_node *root;
	int ret = bp_yaml_read(a, path, &root, err);

	return ret ? ret : from_tree(a, path, root, NULL, out, err);
}

int bp_product_peek(struct bp_arena *a, const char *path, const char **like, struct bp_err *err)
{
	struct bp_diag d = {.arena = a};
	struct bp_node *root;
	int ret = bp_yaml_read(a, path, &root, err);

	*like = NULL;
	if (ret)
		return ret;
	if (bp_node_is(&d, root, BP_NODE_MAP))
		bp_node_text(&d, bp_map_get(root, "like"), like);
	return bp_diag_result(&d, err);
}

/* ---- asking ---------------------------------------------------------------------- */

const struct bp_artifact *bp_product_artifact(const struct bp_product *p, const char *name)
{
	for (unsigned i = 0; i < p->n_artifacts; i++)
		if (!strcmp(p->artifact[i].name, name))
			return &p->artifact[i];
	return NULL;
}

const struct bp_records *bp_product_numbered(const struct bp_product *p)
{
	for (unsigned i = 0; i < p->n_records; i++)
		if (p->records[i].numbered)
			return &p->records[i];
	return NULL;
}

int bp_product_reason(const struct bp_product *p, const char *name)
{
	for (unsigned i = 0; i < p->n_reasons; i++)
		if (p->reason[i] && !strcmp(p->reason[i], name))
			return (int)i;
	return -1;
}

const struct bp_artifact *bp_product_identify(const struct bp_product *p, unsigned slot, const uint8_t *slot_bytes, size_t len)
{
	if (slot >= BP_SLOTS || len < BP_IMAGE_HEADER_BYTES)
		return NULL;
	/* Versions are unique, so at most one artifact is compared beyond its header. */
	for (unsigned i = 0; i < p->n_artifacts; i++) {
		const struct bp_bytes *image = &p->artifact[i].image[slot];

		if (image->len >= BP_IMAGE_HEADER_BYTES && image->len <= len &&
		    !memcmp(image->data + HEADER_VERSION_AT, slot_bytes + HEADER_VERSION_AT, HEADER_VERSION_BYTES) &&
		    !memcmp(image->data, slot_bytes, image->len))
			return &p->artifact[i];
	}
	return NULL;
}
