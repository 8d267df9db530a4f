/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_parse.c - what an SMP answer says.
 *
 * Tables name the keys that are read, with the type that each must have; every
 * other key is stepped over. Keys that stand twice are refused (RFC 8949 section
 * 5.6), so that an answer has one meaning.
 */
#include "bench/smp.h"

#include "bench/smp_pull.h"

#include <stddef.h>
#include <string.h>

/* ---- fields -------------------------------------------------------------- */

enum field_type { F_U32, F_TEXT32, F_TEXT64, F_BOOL, F_HASH, F_IMAGES, F_ERR };

#define ANY 0xffffu /* group and id: the key means the same in every answer */

struct field {
	const char *key;
	enum field_type type;
	unsigned group, id;
	size_t value, has;  /* offsets into the struct that is filled; has 0: none */
};

#define AT(member) offsetof(struct bp_smp_reply, member)
#define STATUS(name) {#name, F_U32, BP_SMP_OWN, 1, AT(name), 0}

static const struct field reply_fields[] = {
	{"rc", F_U32, ANY, ANY, AT(rc), AT(has_rc)},
	{"err", F_ERR, ANY, ANY, 0, 0}, /* SMP version 2's place for rc */
	{"reason", F_U32, ANY, ANY, AT(reason), AT(has_reason)},
	{"off", F_U32, ANY, ANY, AT(off), AT(has_off)},
	{"slot", F_U32, ANY, ANY, AT(slot), AT(has_slot)},
	{"r", F_TEXT64, BP_SMP_OS, 0, AT(text), 0},
	{"images", F_IMAGES, BP_SMP_IMAGE, 0, 0, 0},
	{"version", F_TEXT32, BP_SMP_OWN, 1, AT(version), 0},
	{"schema", F_U32, BP_SMP_OWN, 1, AT(schema), 0},
	{"interval", F_U32, BP_SMP_OWN, 1, AT(interval), AT(has_interval)},
	STATUS(step), STATUS(running), STATUS(active), STATUS(pending), STATUS(attempts),
	STATUS(state), STATUS(counter), STATUS(transitions), STATUS(boots),
};
#define N_REPLY (sizeof(reply_fields) / sizeof(reply_fields[0]))
#define N_STATUS 9 /* STATUS() rows: together they make has_status */

static const struct field err_fields[] = {
	{"rc", F_U32, ANY, ANY, AT(rc), AT(has_rc)},
};

struct image_entry {
	uint32_t image, slot;
	int has_slot, confirmed, active, pending;
	uint8_t hash[32];
	char version[32];
};

#define IMG(member) offsetof(struct image_entry, member)

static const struct field image_fields[] = {
	{"image", F_U32, ANY, ANY, IMG(image), 0},
	{"slot", F_U32, ANY, ANY, IMG(slot), IMG(has_slot)},
	{"version", F_TEXT32, ANY, ANY, IMG(version), 0},
	{"hash", F_HASH, ANY, ANY, IMG(hash), 0},
	{"confirmed", F_BOOL, ANY, ANY, IMG(confirmed), 0},
	{"active", F_BOOL, ANY, ANY, IMG(active), 0},
	{"pending", F_BOOL, ANY, ANY, IMG(pending), 0},
};

/* A map that is walked: its table of fields and those that were seen. */
struct walk {
	const struct field *fields;
	size_t n;
	struct bp_pull_scope scope;
	uint32_t seen;      /* bit i: fields[i] */
};

/* The head of a map was just read. */
static int walk_begin(struct bp_pull *r, struct walk *w, const struct field *fields, size_t n)
{
	*w = (struct walk){.fields = fields, .n = n, .scope = bp_pull_scope_of(&r->item)};
	return r->item.kind == BP_PULL_MAP ? 0 : bp_pull_bad(r, "a map was expected");
}

static size_t field_find(const struct bp_pull *r, const struct walk *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		const struct field *f = &w->fields[i];

		if ((f->group == ANY || (f->group == r->group && f->id == r->id)) &&
		    strlen(f->key) == r->item.n && !memcmp(f->key, r->item.ptr, r->item.n))
			break;
	}
	return i;
}

static int stands_twice(const struct bp_pull *r, const char *key)
{
	return bp_fail(r->err, BP_EPROTO, "SMP answer %u/%u: '%s' stands twice", r->group, r->id, key);
}

/* Read a key and its value's first item; *f is the key's row, or NULL. 1, 0 at the map's end, or negative. */
static int walk_pair(struct bp_pull *r, struct walk *w, const struct field **f)
{
	int ret = bp_pull_scope_next(r, &w->scope);
	size_t i;

	*f = NULL;
	if (ret <= 0)
		return ret;
	if (r->item.kind != BP_PULL_TEXT)
		return bp_pull_bad(r, "a key that is no text");
	i = field_find(r, w);
	if (i < w->n && w->seen & 1u << i)
		return stands_twice(r, w->fields[i].key);
	if (i < w->n) {
		w->seen |= 1u << i;
		*f = &w->fields[i];
	}
	/* A definite map has a value behind each key, and an endless one is refused at a break here. */
	return bp_pull_scope_next(r, &w->scope);
}

/* The next row of the table that the map holds, its value's first item read. NULL: the map's end, or an error in *ret. */
static const struct field *walk_next(struct bp_pull *r, struct walk *w, int *ret)
{
	const struct field *f;

	for (;;) {
		*ret = walk_pair(r, w, &f);
		if (*ret <= 0)
			return NULL;
		if (f)
			return f;
		*ret = bp_pull_skip(r);
		if (*ret)
			return NULL;
	}
}

static int wrong(const struct bp_pull *r, const struct field *f, const char *want)
{
	return bp_fail(r->err, BP_EPROTO, "SMP answer %u/%u: '%s' is %s; expected %s", r->group, r->id,
		       f->key, bp_pull_kind_name(r->item.kind), want);
}

static int store_text(const struct bp_pull *r, const struct field *f, char *out, size_t cap)
{
	const struct bp_pull_item *it = &r->item;

	if (it->kind != BP_PULL_TEXT)
		return wrong(r, f, "text");
	if (it->n >= cap || memchr(it->ptr, '\0', it->n))
		return bp_fail(r->err, BP_EPROTO, "SMP answer %u/%u: '%s' has %llu bytes or a NUL; expected at most %zu",
			       r->group, r->id, f->key, (unsigned long long)it->n, cap - 1);
	memcpy(out, it->ptr, it->n);
	out[it->n] = '\0';
	return 0;
}

/* The item just read into the struct at base. */
static int store(const struct bp_pull *r, const struct field *f, void *base)
{
	const struct bp_pull_item *it = &r->item;
	uint8_t *to = (uint8_t *)base + f->value;

	if (f->has)
		*(int *)(void *)((uint8_t *)base + f->has) = 1;
	switch (f->type) {
	case F_U32:
		if (it->kind != BP_PULL_UINT || it->n > UINT32_MAX)
			return wrong(r, f, "a number of 32 bits");
		*(uint32_t *)(void *)to = (uint32_t)it->n;
		return 0;
	case F_BOOL:
		if (it->kind != BP_PULL_BOOL)
			return wrong(r, f, "true or false");
		*(int *)(void *)to = it->n != 0;
		return 0;
	case F_HASH:
		if (it->kind != BP_PULL_BYTES || it->n != 32)
			return wrong(r, f, "32 bytes");
		memcpy(to, it->ptr, 32);
		return 0;
	case F_TEXT32:
		return store_text(r, f, (char *)to, 32);
	default:
		return store_text(r, f, (char *)to, 64);
	}
}

/* Every known field of the map whose head was just read. */
static int walk_all(struct bp_pull *r, const struct field *fields, size_t n, void *base)
{
	const struct field *f;
	struct walk w;
	int ret = walk_begin(r, &w, fields, n);

	while (!ret && (f = walk_next(r, &w, &ret)))
		ret = store(r, f, base);
	return ret;
}

/* The array of images: those of image 0 in the first two slots are kept. */
static int parse_images(struct bp_pull *r, struct bp_smp_reply *reply)
{
	struct bp_pull_scope list = bp_pull_scope_of(&r->item);
	int ret;

	if (r->item.kind != BP_PULL_ARRAY)
		return bp_pull_bad(r, "'images' is no array");
	while ((ret = bp_pull_scope_next(r, &list)) > 0) {
		struct image_entry e = {0};

		ret = walk_all(r, image_fields, sizeof(image_fields) / sizeof(image_fields[0]), &e);
		if (ret)
			return ret;
		if (!e.has_slot)
			return bp_pull_bad(r, "an image without 'slot'");
		if (e.image || e.slot > 1)
			continue;
		if (reply->image[e.slot].present)
			return bp_pull_bad(r, "the same slot stands twice");
		reply->image[e.slot].present = 1;
		reply->image[e.slot].active = e.active;
		reply->image[e.slot].confirmed = e.confirmed;
		reply->image[e.slot].pending = e.pending;
		memcpy(reply->image[e.slot].hash, e.hash, sizeof(e.hash));
		memcpy(reply->image[e.slot].version, e.version, sizeof(e.version));
	}
	return ret;
}

static int parse_map(struct bp_pull *r, struct bp_smp_reply *reply)
{
	const uint32_t status = ((1u << N_STATUS) - 1) << (N_REPLY - N_STATUS);
	const struct field *f;
	struct walk w;
	int ret = bp_pull_next(r);

	if (!ret)
		ret = walk_begin(r, &w, reply_fields, N_REPLY);
	while (!ret && (f = walk_next(r, &w, &ret))) {
		if (f->type == F_IMAGES)
			ret = parse_images(r, reply);
		else if (f->type == F_ERR)
			ret = walk_all(r, err_fields, 1, reply);
		else
			ret = store(r, f, reply);
	}
	if (ret)
		return ret;
	reply->has_status = (w.seen & status) == status;
	return r->left ? bp_pull_bad(r, "bytes after the map") : 0;
}

int bp_smp_parse(const uint8_t *msg, size_t len, struct bp_smp_reply *reply, struct bp_err *err)
{
	struct bp_smp_header *h = &reply->header;
	struct bp_pull r = {.start = msg, .err = err};

	memset(reply, 0, sizeof(*reply));
	if (len < BP_SMP_HEADER_BYTES)
		return bp_fail(err, BP_EPROTO, "an SMP answer of %zu bytes; the header alone has %d", len,
			       BP_SMP_HEADER_BYTES);
	*h = (struct bp_smp_header){
		.op = msg[0] & 7, /* the bits above are the version: servers answer 0 to us, and 1 differs in 'err' only */
		.flags = msg[1],
		.len = (uint16_t)(msg[2] << 8 | msg[3]),
		.group = (uint16_t)(msg[4] << 8 | msg[5]),
		.seq = msg[6],
		.id = msg[7],
	};
	r.group = h->group;
	r.id = h->id;
	r.at = msg + BP_SMP_HEADER_BYTES;
	r.left = len - BP_SMP_HEADER_BYTES;
	if (h->op != BP_SMP_READ_RSP && h->op != BP_SMP_WRITE_RSP)
		return bp_fail(err, BP_EPROTO, "SMP operation %u is no answer", h->op);
	if (h->len != r.left)
		return bp_fail(err, BP_EPROTO, "an SMP answer announces %u bytes and has %zu", h->len, r.left);
	return parse_map(&r, reply);
}
