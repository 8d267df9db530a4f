/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_request.c - SMP requests: an 8-byte header and a CBOR map.
 *
 * Sources: Zephyr, "SMP Protocol Specification" (header, version 0), "Default /
 * OS Management Group", "Application/software image management group".
 */
#include "bench/smp.h"

#include <cbor.h>
#include <string.h>

/* Command ids of the groups that we use; the specification and the firmware's README name them. */
enum { OS_ECHO = 0, OS_RESET = 5, IMAGE_STATE = 0, IMAGE_UPLOAD = 1, OWN_MANIFEST = 0, OWN_STATUS = 1, OWN_CONFIG = 3, OWN_HOLD = 4 };
#define BOOT_MODE_BOOTLOADER 1u /* Zephyr, retention/bootmode.h */

struct writer {
	uint8_t *out;
	size_t cap, at;
	int full;
};

/* n: bytes that an encoder wrote at out + at; it writes 0 when they do not fit. */
static void took(struct writer *w, size_t n)
{
	if (!n)
		w->full = 1;
	w->at += n;
}

static uint8_t *here(const struct writer *w)
{
	return w->out + w->at;
}

static size_t room(const struct writer *w)
{
	return w->full ? 0 : w->cap - w->at;
}

static void put_raw(struct writer *w, const void *bytes, size_t len)
{
	if (len > room(w)) {
		w->full = 1;
		return;
	}
	if (len)
		memcpy(here(w), bytes, len);
	w->at += len;
}

static void put_map(struct writer *w, size_t pairs)
{
	took(w, cbor_encode_map_start(pairs, here(w), room(w)));
}

static void put_text(struct writer *w, const char *s)
{
	size_t len = strlen(s);

	took(w, cbor_encode_string_start(len, here(w), room(w)));
	put_raw(w, s, len);
}

static void put_bytes(struct writer *w, const char *key, const uint8_t *bytes, size_t len)
{
	put_text(w, key);
	took(w, cbor_encode_bytestring_start(len, here(w), room(w)));
	put_raw(w, bytes, len);
}

static void put_uint(struct writer *w, const char *key, uint32_t value)
{
	put_text(w, key);
	took(w, cbor_encode_uint(value, here(w), room(w)));
}

static void put_bool(struct writer *w, const char *key, bool value)
{
	put_text(w, key);
	took(w, cbor_encode_bool(value, here(w), room(w)));
}

/* Header without its length, which end() puts in, and the map's head. */
static struct writer begin(uint8_t *out, size_t cap, uint8_t seq, enum bp_smp_op op, enum bp_smp_group group,
			   uint8_t id, size_t pairs)
{
	const uint8_t header[BP_SMP_HEADER_BYTES] = {(uint8_t)op, 0, 0, 0, 0, (uint8_t)group, seq, id};
	struct writer w = {.out = out, .cap = cap < BP_SMP_MAX_MESSAGE ? cap : BP_SMP_MAX_MESSAGE};

	put_raw(&w, header, sizeof(header));
	put_map(&w, pairs);
	return w;
}

static int end(struct writer *w, const char *what, struct bp_err *err)
{
	size_t len = w->at - BP_SMP_HEADER_BYTES;

	if (w->full)
		return bp_fail(err, BP_ENOMEM, "SMP %s: the request does not fit in %zu bytes", what, w->cap);
	w->out[2] = (uint8_t)(len >> 8);
	w->out[3] = (uint8_t)len;
	return (int)w->at;
}

int bp_smp_echo(uint8_t *out, size_t cap, uint8_t seq, const char *text, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_OS, OS_ECHO, 1);

	put_text(&w, "d");
	put_text(&w, text);
	return end(&w, "echo", err);
}

int bp_smp_reset(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_OS, OS_RESET, 0);

	return end(&w, "reset", err);
}

int bp_smp_reset_recovery(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_OS, OS_RESET, 1);

	put_uint(&w, "boot_mode", BOOT_MODE_BOOTLOADER);
	return end(&w, "reset", err);
}

int bp_smp_image_list(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_READ, BP_SMP_IMAGE, IMAGE_STATE, 0);

	return end(&w, "image list", err);
}

int bp_smp_image_test(uint8_t *out, size_t cap, uint8_t seq, const uint8_t hash[32], struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_IMAGE, IMAGE_STATE, 2);

	put_bytes(&w, "hash", hash, 32);
	put_bool(&w, "confirm", false);
	return end(&w, "image test", err);
}

int bp_smp_image_confirm(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_IMAGE, IMAGE_STATE, 1);

	put_bool(&w, "confirm", true);
	return end(&w, "image confirm", err);
}

int bp_smp_upload(uint8_t *out, size_t cap, uint8_t seq, uint32_t off, const uint8_t *data, size_t len,
		  int first, uint32_t image_len, const uint8_t sha[32], struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_IMAGE, IMAGE_UPLOAD, first ? 4 : 2);

	if (first && off)
		return bp_fail(err, BP_EINTERNAL, "SMP upload: a first request at offset %u", off);
	put_uint(&w, "off", off);
	if (first) {
		put_uint(&w, "len", image_len);
		put_bytes(&w, "sha", sha, 32);
	}
	put_bytes(&w, "data", data, len);
	return end(&w, "upload", err);
}

int bp_smp_manifest(uint8_t *out, size_t cap, uint8_t seq, const uint8_t *m, size_t len, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_OWN, OWN_MANIFEST, 1);

	put_bytes(&w, "m", m, len);
	return end(&w, "manifest", err);
}

int bp_smp_status(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_READ, BP_SMP_OWN, OWN_STATUS, 0);

	return end(&w, "status", err);
}

int bp_smp_config(uint8_t *out, size_t cap, uint8_t seq, uint32_t interval, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_OWN, OWN_CONFIG, 1);

	put_uint(&w, "interval", interval);
	return end(&w, "configuration", err);
}

int bp_smp_hold(uint8_t *out, size_t cap, uint8_t seq, int hold, struct bp_err *err)
{
	struct writer w = begin(out, cap, seq, BP_SMP_WRITE, BP_SMP_OWN, OWN_HOLD, 1);

	put_bool(&w, "hold", hold);
	return end(&w, "hold", err);
}
