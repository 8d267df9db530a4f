/* SPDX-License-Identifier: Apache-2.0 */
#include "image/spec.h"

#include "base/text.h"
#include "base/yaml.h"
#include "image/manifest.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum spec_kind { SPEC_IMAGE, SPEC_MANIFEST, SPEC_KINDS };

static const char *const kind_names[SPEC_KINDS] = {"image", "manifest"};
static const char *const slot_names[] = {"a", "b"};

struct spec {
	struct bp_arena *arena;
	const char *path;
	const struct bp_node *root;
	struct bp_diag diag;
	const struct bp_key *key; /* instead of the file's own, or NULL */
	struct bp_key own_key;
};

static int open_spec(struct bp_arena *a, const char *path, struct spec *s, unsigned *kind, struct bp_err *err)
{
	struct bp_node *root;
	int rc = bp_yaml_read(a, path, &root, err);

	if (rc < 0)
		return rc;
	*s = (struct spec){.arena = a, .path = path, .root = root, .diag = {.arena = a}};
	if (!bp_node_is(&s->diag, root, BP_NODE_MAP))
		return bp_diag_result(&s->diag, err);
	*kind = SPEC_KINDS;
	bp_node_enum(&s->diag, bp_map_need(&s->diag, root, "kind", "what is described: image or manifest"), kind_names,
		     SPEC_KINDS, kind);
	return bp_diag_result(&s->diag, err);
}

/* name as seen from the folder of the spec; NULL when the arena is full. */
static const char *beside(const struct spec *s, const char *name)
{
	const char *slash = strrchr(s->path, '/');

	if (name[0] == '/' || !slash)
		return name;
	return bp_arena_printf(s->arena, "%.*s/%s", (int)(slash - s->path), s->path, name);
}

/* The file that a scalar names; NULL node or trouble: recorded, BP_ECONFIG. */
static int take_file(struct spec *s, const struct bp_node *node, struct bp_bytes *out)
{
	const char *name = NULL, *path;
	struct bp_err err;
	char *bytes;
	size_t len;

	if (bp_node_text(&s->diag, node, &name) != 0)
		return BP_ECONFIG;
	path = beside(s, name);
	if (!path)
		return bp_diag_at(&s->diag, node, "no memory");
	if (bp_read_file(s->arena, path, BP_IMAGE_MAX_BYTES, &bytes, &len, &err) < 0)
		return bp_diag_at(&s->diag, node, "%s", err.text);
	*out = (struct bp_bytes){.data = (uint8_t *)bytes, .len = len};
	return 0;
}

/* *key stays NULL for "none"; trouble is recorded. */
static void take_key(struct spec *s, const struct bp_key **key)
{
	const char *what = "PEM file to sign with, or none";
	const struct bp_node *node;
	const char *name = NULL, *path;
	struct bp_err err;

	*key = s->key;
	node = s->key ? bp_map_get(s->root, "key") : bp_map_need(&s->diag, s->root, "key", what);
	if (s->key || bp_node_text(&s->diag, node, &name) != 0 || strcmp(name, "none") == 0)
		return;
	path = beside(s, name);
	if (!path)
		bp_diag_at(&s->diag, node, "no memory");
	else if (bp_key_read(path, &s->own_key, &err) < 0)
		bp_diag_at(&s->diag, node, "%s", err.text);
	else
		*key = &s->own_key;
}

static void take_version(struct spec *s, const struct bp_node *node, struct bp_version *out)
{
	const char *text = NULL;
	struct bp_err err;

	if (bp_node_text(&s->diag, node, &text) == 0 && bp_version_parse(text, out, &err) < 0)
		bp_diag_at(&s->diag, node, "%s", err.text);
}

static void take_seeded_body(struct spec *s, const struct bp_node *node, struct bp_image_spec *image)
{
	struct bp_diag *d = &s->diag;
	uint64_t seed = 0;
	uint32_t size = 0;
	unsigned slot = 0;
	uint8_t *body;

	bp_node_u64(d, bp_map_need(d, node, "seed", "seed of the filler"), 0, UINT64_MAX, &seed);
	bp_node_bytes(d, bp_map_need(d, node, "size", "bytes of filler"), 1, BP_IMAGE_MAX_BYTES, &size);
	bp_node_enum(d, bp_map_get(node, "slot"), slot_names, 2, &slot);
	bp_map_done(d, node);
	if (!size)
		return;
	body = bp_arena_alloc(s->arena, size);
	if (!body) {
		bp_diag_at(d, node, "no memory for %u bytes", size);
		return;
	}
	bp_image_fill(body, size, seed, slot);
	image->body = body;
	image->body_len = size;
}

static void take_body(struct spec *s, struct bp_image_spec *image)
{
	const struct bp_node *node = bp_map_need(&s->diag, s->root, "body", "a file, or {seed: N, size: SIZE}");
	struct bp_bytes b = {0};

	if (node && node->kind == BP_NODE_MAP) {
		take_seeded_body(s, node, image);
	} else if (node && take_file(s, node, &b) == 0) {
		image->body = b.data;
		image->body_len = b.len;
	}
}

static int make_image(struct spec *s, struct bp_bytes *out, struct bp_err *err)
{
	struct bp_image_spec image = {0};
	struct bp_diag *d = &s->diag;
	int rc;

	take_body(s, &image);
	bp_node_u32(d, bp_map_need(d, s->root, "load-address", "address of the slot"), 0, UINT32_MAX, &image.load_addr);
	take_version(s, bp_map_need(d, s->root, "version", "major.minor.revision"), &image.version);
	bp_node_u32(d, bp_map_need(d, s->root, "counter", "security counter"), 0, UINT32_MAX, &image.security_counter);
	take_key(s, &image.key);
	bp_map_done(d, s->root);
	rc = bp_diag_result(d, err);
	if (rc < 0)
		return rc;
	rc = bp_image_build(s->arena, &image, out, err);
	if (rc < 0)
		bp_prefix(err, "%s", s->path);
	return rc;
}

/* An image that a manifest's payload describes by another spec. */
static int take_built(struct spec *s, const struct bp_node *node, struct bp_bytes *out)
{
	const char *name = NULL, *path;
	unsigned kind = SPEC_KINDS;
	struct bp_err err;
	struct spec *inner = bp_arena_alloc(s->arena, sizeof(*inner));
	int rc;

	if (bp_node_text(&s->diag, node, &name) != 0)
		return BP_ECONFIG;
	path = beside(s, name);
	if (!inner || !path)
		return bp_diag_at(&s->diag, node, "no memory");
	rc = open_spec(s->arena, path, inner, &kind, &err);
	if (rc == 0 && kind != SPEC_IMAGE)
		rc = bp_fail(&err, BP_ECONFIG, "%s: a payload is an image; expected kind: image", path);
	if (rc == 0)
		rc = make_image(inner, out, &err);
	return rc < 0 ? bp_diag_at(&s->diag, node, "%s", err.text) : 0;
}

static void take_payload(struct spec *s, const struct bp_node *node, struct bp_payload *p)
{
	struct bp_diag *d = &s->diag;
	const struct bp_node *file, *image;
	struct bp_bytes b = {0};
	unsigned slot = 0;

	if (!bp_node_is(d, node, BP_NODE_MAP))
		return;
	bp_node_enum(d, bp_map_need(d, node, "slot", "a or b"), slot_names, 2, &slot);
	file = bp_map_get(node, "file");
	image = bp_map_get(node, "image");
	if (!file == !image)
		bp_diag_at(d, node, "a payload has either 'file', an image, or 'image', the description of one");
	else if (file)
		take_file(s, file, &b);
	else
		take_built(s, image, &b);
	bp_map_done(d, node);
	p->slot = slot;
	if (!b.data)
		return; /* recorded above */
	p->size = (uint32_t)b.len;
	crypto_hash_sha256(p->sha256, b.data, b.len);
}

static void take_payloads(struct spec *s, struct bp_manifest *m)
{
	const struct bp_node *list = bp_map_need(&s->diag, s->root, "payloads", "one image for each slot");

	if (!bp_node_is(&s->diag, list, BP_NODE_SEQ))
		return;
	if (list->n < 1 || list->n > BP_MANIFEST_MAX_PAYLOADS) {
		bp_diag_at(&s->diag, list, "%zu payloads; expected 1 to %d", list->n, BP_MANIFEST_MAX_PAYLOADS);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		take_payload(s, list->items[i], &m->payload[i]);
	m->n_payloads = (unsigned)list->n;
}

static void take_hardware(struct spec *s, struct bp_manifest *m)
{
	const struct bp_node *list = bp_map_need(&s->diag, s->root, "hardware", "list of hardware revisions");

	if (!bp_node_is(&s->diag, list, BP_NODE_SEQ))
		return;
	if (list->n < 1 || list->n > BP_MANIFEST_MAX_HW) {
		bp_diag_at(&s->diag, list, "%zu revisions; expected 1 to %d", list->n, BP_MANIFEST_MAX_HW);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		bp_node_u32(&s->diag, list->items[i], 0, UINT32_MAX, &m->hw[i]);
	m->n_hw = (unsigned)list->n;
}

static void take_product(struct spec *s, struct bp_manifest *m)
{
	const struct bp_node *node = bp_map_need(&s->diag, s->root, "product", "name of the product");
	const char *text = NULL;

	if (bp_node_text(&s->diag, node, &text) != 0)
		return;
	if (strlen(text) >= sizeof(m->product))
		bp_diag_at(&s->diag, node, "'%.40s' is too long; expected at most %zu characters", text, sizeof(m->product) - 1);
	else
		snprintf(m->product, sizeof(m->product), "%s", text);
}

static int make_manifest(struct spec *s, struct bp_bytes *out, struct bp_err *err)
{
	struct bp_manifest m = {.format = 1};
	struct bp_version version = {0};
	const struct bp_key *key;
	struct bp_diag *d = &s->diag;
	int rc;

	take_product(s, &m);
	take_hardware(s, &m);
	bp_node_u32(d, bp_map_need(d, s->root, "min-bootloader", "oldest bootloader version"), 0, UINT32_MAX,
		    &m.min_bootloader);
	bp_node_u32(d, bp_map_need(d, s->root, "rollback-index", "security counter of the images"), 0, UINT32_MAX,
		    &m.rollback_index);
	take_version(s, bp_map_need(d, s->root, "version", "major.minor.revision"), &version);
	bp_version_show(m.version, &version);
	take_payloads(s, &m);
	take_key(s, &key);
	bp_map_done(d, s->root);
	rc = bp_diag_result(d, err);
	if (rc < 0)
		return rc;
	rc = bp_manifest_sign(s->arena, &m, key, out, err);
	if (rc < 0)
		bp_prefix(err, "%s", s->path);
	return rc;
}

int bp_spec_make(struct bp_arena *a, const char *path, const struct bp_key *key, struct bp_bytes *out,
		 struct bp_err *err)
{
	struct spec s;
	unsigned kind = SPEC_KINDS;
	int rc = open_spec(a, path, &s, &kind, err);

	if (rc < 0)
		return rc;
	s.key = key;
	return kind == SPEC_IMAGE ? make_image(&s, out, err) : make_manifest(&s, out, err);
}
