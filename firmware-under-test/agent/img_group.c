/* SPDX-License-Identifier: Apache-2.0 */
/* img_group.c - SMP group 1 (Zephyr, "Application/software image management group"): list, trial, confirm, upload. */
#include "agent/smp_server.h"
#include "agent/update.h"
#include "boot/image_verify.h"

#include <string.h>

#define HASH_BYTES 32u
#define IMAGE_KEYS 9u

static void put_image(struct cbor_writer *w, uint32_t slot, const struct image_info *info, const struct update_status *s)
{
	cbor_put_map(w, IMAGE_KEYS);
	smp_put_uint(w, "image", 0);
	smp_put_uint(w, "slot", slot);
	smp_put_version(w, &info->version);
	cbor_put_text(w, "hash");
	cbor_put_bytes(w, info->digest, sizeof(info->digest));
	smp_put_bool(w, "bootable", 1);
	smp_put_bool(w, "pending", s->state->phase == BOOT_PENDING && s->state->pending == slot);
	smp_put_bool(w, "confirmed", slot == s->running && !s->trial);
	smp_put_bool(w, "active", slot == s->running);
	smp_put_bool(w, "permanent", 0);
}

static enum smp_rc put_list(struct cbor_writer *w)
{
	struct update_status s;
	struct image_info info[2];
	int present[2];

	update_status(&s);
	for (uint32_t slot = 0; slot < 2; slot++)
		present[slot] = image_inspect(slot, &info[slot]) == REASON_NONE;
	cbor_put_map(w, 1);
	cbor_put_text(w, "images");
	cbor_put_array(w, (uint32_t)(present[0] + present[1]));
	for (uint32_t slot = 0; slot < 2; slot++)
		if (present[slot])
			put_image(w, slot, &info[slot], &s);
	return SMP_OK;
}

enum smp_rc img_list(struct cbor_reader *in, struct smp_answer *answer)
{
	(void)in;
	return put_list(&answer->out);
}

struct state_request {
	const uint8_t *hash; /* HASH_BYTES, or NULL */
	int confirm;
};

static int read_state(struct cbor_reader *in, struct state_request *r)
{
	struct cbor_item key, v;
	uint32_t left;
	int more;

	memset(r, 0, sizeof(*r));
	if (smp_map(in, &left))
		return -1;
	while ((more = smp_next_key(in, &left, &key)) > 0) {
		if (cbor_text_is(&key, "hash")) {
			if (cbor_next(in, &v))
				return -1;
			if (v.type == CBOR_NULL)
				continue;
			if (v.type != CBOR_BYTES || (v.count && v.count != HASH_BYTES))
				return -1;
			r->hash = v.count ? v.bytes : NULL;
		} else if (cbor_text_is(&key, "confirm")) {
			if (cbor_next(in, &v) || v.type != CBOR_BOOL)
				return -1;
			r->confirm = v.value != 0;
		} else if (cbor_skip(in)) {
			return -1;
		}
	}
	return more;
}

enum smp_rc img_set_state(struct cbor_reader *in, struct smp_answer *answer)
{
	struct state_request r;
	enum reason why;

	if (read_state(in, &r) || (!r.hash && !r.confirm))
		return SMP_EINVAL;
	/* Confirming an image that never ran would skip its trial. */
	if (r.hash && r.confirm)
		return SMP_ENOTSUP;
	why = r.confirm ? update_confirm() : update_request_trial(r.hash);
	return why == REASON_NONE ? put_list(&answer->out) : smp_refused(answer, why);
}

/* A number of 32 bits. */
static int next_u32(struct cbor_reader *in, uint32_t *out)
{
	struct cbor_item v;

	if (cbor_next(in, &v) || v.type != CBOR_UINT || v.value > UINT32_MAX)
		return -1;
	*out = (uint32_t)v.value;
	return 0;
}

static int next_bytes(struct cbor_reader *in, struct cbor_item *v)
{
	return cbor_next(in, v) || v->type != CBOR_BYTES ? -1 : 0;
}

struct upload_request {
	struct update_chunk chunk;
	uint32_t image;
	int has_off, has_data;
};

/* The value of one key. */
static int read_upload_key(struct cbor_reader *in, const struct cbor_item *key, struct upload_request *r)
{
	struct cbor_item v;

	if (cbor_text_is(key, "off")) {
		r->has_off = 1;
		return next_u32(in, &r->chunk.off);
	}
	if (cbor_text_is(key, "data")) {
		if (next_bytes(in, &v))
			return -1;
		r->has_data = 1;
		r->chunk.data = v.bytes;
		r->chunk.data_len = v.count;
		return 0;
	}
	if (cbor_text_is(key, "len")) {
		r->chunk.has_len = 1;
		return next_u32(in, &r->chunk.len);
	}
	if (cbor_text_is(key, "image"))
		return next_u32(in, &r->image);
	if (!cbor_text_is(key, "sha"))
		return cbor_skip(in);
	if (next_bytes(in, &v) || v.count != HASH_BYTES)
		return -1;
	r->chunk.sha256 = v.bytes;
	return 0;
}

enum smp_rc img_upload(struct cbor_reader *in, struct smp_answer *answer)
{
	struct upload_request r;
	struct cbor_item key;
	uint32_t left, next = 0;
	enum reason why;
	int more;

	memset(&r, 0, sizeof(r));
	if (smp_map(in, &left))
		return SMP_EINVAL;
	while ((more = smp_next_key(in, &left, &key)) > 0)
		if (read_upload_key(in, &key, &r))
			return SMP_EINVAL;
	if (more < 0 || !r.has_off || !r.has_data || r.image)
		return SMP_EINVAL;
	why = update_write(&r.chunk, &next);
	if (why != REASON_NONE)
		return smp_refused(answer, why);
	cbor_put_map(&answer->out, 2);
	smp_put_uint(&answer->out, "rc", 0);
	smp_put_uint(&answer->out, "off", next);
	return SMP_OK;
}
