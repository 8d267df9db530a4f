/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product_artifact.c - keys and artifacts of product.yaml, and the images and
 * manifests that are made from them.
 */
#include "bench/product_parts.h"

#include "image/key.h"

#include <sodium.h>
#include <string.h>

/* ---- keys ------------------------------------------------------------------- */

/* Path of a file that the product names: relative to the product file's folder. */
static const char *beside(struct bp_product_reader *r, const char *path)
{
	const char *slash = strrchr(r->p->path, '/');

	if (!slash || path[0] == '/')
		return path;
	return bp_arena_printf(r->arena, "%.*s/%s", (int)(slash - r->p->path), r->p->path, path);
}

static void read_key(struct bp_product_reader *r, const struct bp_node *map, const char *name, struct bp_key *key)
{
	const struct bp_node *node = bp_map_get(map, name);
	const char *path = NULL;
	struct bp_err e;

	if (bp_node_text(&r->diag, node, &path))
		return;
	path = beside(r, path);
	if (!path)
		bp_diag_at(&r->diag, node, "out of memory");
	else if (r->source->load_key(r->source->ctx, path, key, &e))
		bp_diag_at(&r->diag, node, "key '%s': %s", name, e.text);
	else if (!key->has_secret)
		bp_diag_at(&r->diag, node, "key '%s' is public only; expected one that can sign", name);
}

/* A row of the device's key table. */
static void know(struct bp_product_reader *r, const struct bp_key *key, bool revoked)
{
	struct dut_key *row = r->p->board.dut.key;

	if (!key->has_secret)
		return;
	while (row->id_len)
		row++;
	_Static_assert(sizeof(row->id) == BP_KEY_ID_BYTES && DUT_MAX_KEYS >= 3, "key table");
	memcpy(row->pub, key->pub, sizeof(row->pub));
	bp_key_id(key, row->id);
	row->id_len = BP_KEY_ID_BYTES;
	row->revoked = revoked;
}

static const char *const key_names[] = {"release", "next", "revoked", "other"};

static struct bp_key *key_of(struct bp_product *p, unsigned i)
{
	struct bp_key *const keys[] = {&p->key, &p->next_key, &p->revoked_key, &p->other_key};

	return keys[i];
}

/* One key under two names: what is revoked would be good. */
static void check_keys(struct bp_product_reader *r, const struct bp_node *map)
{
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < i; k++)
			if (key_of(r->p, i)->has_secret && key_of(r->p, k)->has_secret &&
			    !memcmp(key_of(r->p, i)->pub, key_of(r->p, k)->pub, sizeof(r->p->key.pub)))
				bp_diag_at(&r->diag, bp_map_get(map, key_names[i]), "'%s' is the %s key; expected another one", key_names[i],
					   key_names[k]);
}

void bp_product_keys(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *map = bp_product_section(r, root, "keys", "files of the signing keys");
	unsigned before = r->diag.count;

	if (!map)
		return;
	bp_map_need(&r->diag, map, "release", "the key that devices know");
	bp_map_need(&r->diag, map, "other", "a key that no device knows");
	for (unsigned i = 0; i < 4; i++)
		read_key(r, map, key_names[i], key_of(r->p, i));
	bp_map_done(&r->diag, map);
	if (r->diag.count != before)
		return;
	check_keys(r, map);
	know(r, &r->p->key, false);
	know(r, &r->p->next_key, false);
	know(r, &r->p->revoked_key, true);
}

/* ---- the table ----------------------------------------------------------------- */

static struct bp_image_spec spec_of(const struct bp_product *p, const struct bp_artifact *a, unsigned slot)
{
	return (struct bp_image_spec){
		.load_addr = p->board.dut.area[DUT_AREA_SLOT_A + slot].addr,
		.version = a->version,
		.security_counter = a->security_counter,
		.body_len = a->body_bytes,
		.key = a->key,
	};
}

static void read_version(struct bp_product_reader *r, const struct bp_node *map, struct bp_artifact *a)
{
	const struct bp_node *node;
	const char *text = NULL;
	struct bp_err e;

	bp_product_need_text(r, map, "version", "major.minor.revision", &text);
	node = bp_map_get(map, "version");
	if (!text || !*text)
		return;
	if (bp_version_parse(text, &a->version, &e)) {
		bp_diag_at(&r->diag, node, "'version': %s", e.text);
		return;
	}
	/* Images and console lines are told apart by version. */
	for (const struct bp_artifact *b = r->p->artifact; b < a; b++)
		if (!bp_version_compare(&a->version, &b->version))
			bp_diag_at(&r->diag, node, "version %s is that of '%s' already; expected one for each artifact", text,
				   b->name);
}

/* The release key, unless another one is named. */
static void read_signer(struct bp_product_reader *r, const struct bp_node *node, struct bp_artifact *a)
{
	unsigned which = 0;

	if (!bp_node_enum(&r->diag, node, key_names, 4, &which) && !key_of(r->p, which)->has_secret)
		bp_diag_at(&r->diag, node, "the product has no key '%s'; expected it under 'keys'", key_names[which]);
	a->key = key_of(r->p, which);
}

static void read_artifact(struct bp_product_reader *r, const struct bp_node *map, const char *name)
{
	struct bp_artifact *a = &r->p->artifact[r->p->n_artifacts];
	struct bp_image_spec spec;
	uint32_t slot = r->p->board.dut.area[DUT_AREA_SLOT_A].size;
	bool released = true;

	a->name = name;
	read_version(r, map, a);
	bp_product_need_u32(r, map, "counter", "security counter", 0, UINT32_MAX, &a->security_counter);
	bp_product_need_bytes(r, map, "body", "size of the program", 1, BP_IMAGE_MAX_BYTES / 2, &a->body_bytes);
	bp_node_u64(&r->diag, bp_map_need(&r->diag, map, "seed", "makes the filler"), 0, UINT64_MAX, &a->seed);
	bp_product_need_name(r, map, "runs", "entry of the native firmware", &a->runs);
	bp_node_bool(&r->diag, bp_map_get(map, "released"), &released);
	read_signer(r, bp_map_get(map, "key"), a);
	a->released = released;
	bp_map_done(&r->diag, map);
	spec = spec_of(r->p, a, 0);
	if (a->body_bytes && slot && bp_image_size(&spec) > slot)
		bp_diag_at(&r->diag, bp_map_get(map, "body"),
			   "the image of '%s' has %zu bytes with header and TLVs; a slot holds %u", name, bp_image_size(&spec),
			   slot);
	r->p->n_artifacts++;
}

void bp_product_artifacts(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *map = bp_product_section(r, root, "artifacts", "the images that the rig knows");

	if (!map)
		return;
	if (map->n > BP_MAX_ARTIFACTS) {
		bp_diag_at(&r->diag, map, "'artifacts' has %zu entries; expected at most %d", map->n, BP_MAX_ARTIFACTS);
		return;
	}
	/* What else is missing leaves cells of the matrix uncovered; without this one nothing can start. */
	bp_map_need(&r->diag, map, "from", "the image that updates start from");
	for (size_t i = 0; i < map->n; i++) {
		const char *name = map->keys[i]->text;
		const struct bp_node *node = bp_map_get(map, name);

		if (bp_product_check_name(r, map->keys[i]) && bp_node_is(&r->diag, node, BP_NODE_MAP))
			read_artifact(r, node, name);
	}
}

/* ---- making -------------------------------------------------------------------- */

static int build_image(struct bp_product_reader *r, struct bp_artifact *a, unsigned slot, uint8_t *body, struct bp_err *err)
{
	struct bp_image_spec spec = spec_of(r->p, a, slot);
	struct bp_image_info info;
	int ret;

	bp_image_fill(body, a->body_bytes, a->seed, slot);
	spec.body = body;
	ret = bp_image_build(r->arena, &spec, &a->image[slot], err);
	if (!ret)
		ret = bp_image_parse(a->image[slot].data, a->image[slot].len, &info, err);
	if (ret)
		return ret;
	crypto_hash_sha256(a->sha256[slot], a->image[slot].data, a->image[slot].len);
	memcpy(a->digest[slot], a->image[slot].data + info.sha_at, sizeof(a->digest[slot]));
	a->manifest.payload[slot] = (struct bp_payload){.slot = slot, .size = (uint32_t)a->image[slot].len};
	memcpy(a->manifest.payload[slot].sha256, a->sha256[slot], sizeof(a->sha256[slot]));
	return 0;
}

static int build_artifact(struct bp_product_reader *r, struct bp_artifact *a, uint8_t *body, struct bp_err *err)
{
	const struct dut_board *dut = &r->p->board.dut;
	struct bp_manifest *m = &a->manifest;
	int ret = 0;

	for (unsigned slot = 0; slot < BP_SLOTS && !ret; slot++)
		ret = build_image(r, a, slot, body, err);
	if (ret)
		return ret;
	m->format = 1;
	memcpy(m->product, dut->product, sizeof(m->product));
	m->hw[0] = dut->hw_rev;
	m->n_hw = 1;
	m->min_bootloader = dut->boot_version;
	m->rollback_index = a->security_counter;
	bp_version_show(m->version, &a->version);
	m->n_payloads = r->p->recovery < 0 ? BP_SLOTS : 1;
	return bp_manifest_sign(r->arena, m, a->key, &a->manifest_cose, err);
}

int bp_product_build(struct bp_product_reader *r, struct bp_err *err)
{
	struct bp_product *p = r->p;
	uint32_t most = 0;
	uint8_t *body;

	if (sodium_init() < 0)
		return bp_fail(err, BP_EINTERNAL, "libsodium does not start");
	for (unsigned i = 0; i < p->n_artifacts; i++)
		most = p->artifact[i].body_bytes > most ? p->artifact[i].body_bytes : most;
	body = bp_arena_alloc(r->arena, most);
	if (!body)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for the artifacts", p->path);
	for (unsigned i = 0; i < p->n_artifacts; i++) {
		int ret = build_artifact(r, &p->artifact[i], body, err);

		if (ret) {
			bp_prefix(err, "%s: artifact '%s'", p->path, p->artifact[i].name);
			return ret;
		}
	}
	return 0;
}
