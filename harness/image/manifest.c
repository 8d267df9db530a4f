/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include "image/cbor_item.h"
#include "image/cose.h"

#include <stdbool.h>
#include <string.h>

#define FORMAT 1u

/* Keys of the payload map and of one of its payloads: firmware-under-test/README.md, "Manifest". */
enum { KEY_FORMAT = 1, KEY_PRODUCT, KEY_HARDWARE, KEY_BOOTLOADER, KEY_ROLLBACK, KEY_VERSION, KEY_PAYLOADS, KEYS = 7 };
enum { KEY_SLOT = 1, KEY_SIZE, KEY_SHA256, PAYLOAD_KEYS = 3 };

/* A name that reads the same on every console: visible ASCII. */
static bool visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	return len > 0;
}

/* Slots must differ, or it is open which payload is meant. */
static bool slot_twice(const struct bp_manifest *m)
{
	for (unsigned i = 0; i < m->n_payloads; i++)
		for (unsigned j = 0; j < i; j++)
			if (m->payload[i].slot == m->payload[j].slot)
				return true;
	return false;
}

/* What parsing and signing both refuse. */
static int check(const struct bp_manifest *m, struct bp_err *err)
{
	struct bp_version v;
	int rc;

	if (!visible(m->product, strnlen(m->product, sizeof(m->product))) || m->product[sizeof(m->product) - 1])
		return bp_fail(err, BP_ECONFIG, "manifest: product: expected 1 to %zu visible ASCII characters",
			       sizeof(m->product) - 1);
	if (m->n_hw < 1 || m->n_hw > BP_MANIFEST_MAX_HW)
		return bp_fail(err, BP_ECONFIG, "manifest: %u hardware revisions; expected 1 to %d", m->n_hw,
			       BP_MANIFEST_MAX_HW);
	if (m->version[sizeof(m->version) - 1])
		return bp_fail(err, BP_ECONFIG, "manifest: the version is too long");
	rc = bp_version_parse(m->version, &v, err);
	if (rc < 0) {
		bp_prefix(err, "manifest");
		return rc;
	}
	if (m->n_payloads < 1 || m->n_payloads > BP_MANIFEST_MAX_PAYLOADS)
		return bp_fail(err, BP_ECONFIG, "manifest: %u payloads; expected 1 to %d", m->n_payloads,
			       BP_MANIFEST_MAX_PAYLOADS);
	if (slot_twice(m))
		return bp_fail(err, BP_ECONFIG, "manifest: two payloads for one slot");
	return 0;
}

static void put_payload(struct bp_cbor_out *o, const struct bp_payload *p)
{
	bp_cbor_put_map(o, PAYLOAD_KEYS);
	bp_cbor_put_uint(o, KEY_SLOT);
	bp_cbor_put_uint(o, p->slot);
	bp_cbor_put_uint(o, KEY_SIZE);
	bp_cbor_put_uint(o, p->size);
	bp_cbor_put_uint(o, KEY_SHA256);
	bp_cbor_put_bytes(o, p->sha256, sizeof(p->sha256));
}

/* Keys rise, each one byte: the bytewise order that RFC 8949 section 4.2.1 asks for. */
static void put_fields(struct bp_cbor_out *o, const struct bp_manifest *m)
{
	bp_cbor_put_map(o, KEYS);
	bp_cbor_put_uint(o, KEY_FORMAT);
	bp_cbor_put_uint(o, m->format);
	bp_cbor_put_uint(o, KEY_PRODUCT);
	bp_cbor_put_text(o, m->product);
	bp_cbor_put_uint(o, KEY_HARDWARE);
	bp_cbor_put_array(o, m->n_hw);
	for (unsigned i = 0; i < m->n_hw; i++)
		bp_cbor_put_uint(o, m->hw[i]);
	bp_cbor_put_uint(o, KEY_BOOTLOADER);
	bp_cbor_put_uint(o, m->min_bootloader);
	bp_cbor_put_uint(o, KEY_ROLLBACK);
	bp_cbor_put_uint(o, m->rollback_index);
	bp_cbor_put_uint(o, KEY_VERSION);
	bp_cbor_put_text(o, m->version);
	bp_cbor_put_uint(o, KEY_PAYLOADS);
	bp_cbor_put_array(o, m->n_payloads);
	for (unsigned i = 0; i < m->n_payloads; i++)
		put_payload(o, &m->payload[i]);
}

int bp_manifest_sign(struct bp_arena *a, const struct bp_manifest *m, const struct bp_key *key, struct bp_bytes *out,
		     struct bp_err *err)
{
	uint8_t payload[BP_MANIFEST_MAX_BYTES];
	struct bp_cbor_out o = {.bytes = payload, .cap = sizeof(payload)};
	int rc = check(m, err);

	if (rc < 0)
		return rc;
	if (!m->format)
		return bp_fail(err, BP_ECONFIG, "manifest: format is 0; expected %u", FORMAT);
	put_fields(&o, m);
	if (o.failed)
		return bp_fail(err, BP_ECONFIG, "manifest: over %d bytes", BP_MANIFEST_MAX_BYTES);
	return bp_cose_sign(a, payload, o.len, key, out, err);
}

/* Text that fits out[cap] with its NUL. */
static int take_text(struct bp_cbor_in *in, const char *name, char *out, size_t cap, struct bp_err *err)
{
	struct bp_cbor_item item;
	int rc = bp_cbor_take(in, BP_CBOR_TEXT, name, &item, err);

	if (rc < 0)
		return rc;
	if (item.n >= cap || !visible((const char *)item.bytes, item.n))
		return bp_fail(err, BP_ECONFIG, "manifest: %s: expected 1 to %zu visible ASCII characters", name, cap - 1);
	memcpy(out, item.bytes, item.n);
	out[item.n] = '\0';
	return 0;
}

static int take_u32(struct bp_cbor_in *in, uint64_t key, const char *name, uint32_t *out, struct bp_err *err)
{
	uint64_t v;
	int rc = bp_cbor_take_key(in, key, name, err);

	if (rc < 0)
		return rc;
	rc = bp_cbor_take_uint(in, name, 0, UINT32_MAX, &v, err);
	if (rc < 0)
		return rc;
	*out = (uint32_t)v;
	return 0;
}

/* Key, then an array of 1 to max items; the count is the result. */
static int take_array(struct bp_cbor_in *in, uint64_t key, const char *name, unsigned max, struct bp_err *err)
{
	struct bp_cbor_item item;
	int rc = bp_cbor_take_key(in, key, name, err);

	if (rc < 0)
		return rc;
	rc = bp_cbor_take(in, BP_CBOR_ARRAY, name, &item, err);
	if (rc < 0)
		return rc;
	if (item.n < 1 || item.n > max)
		return bp_fail(err, BP_ECONFIG, "manifest: %s: %zu items; expected 1 to %u", name, (size_t)item.n, max);
	return (int)item.n;
}

static int take_hardware(struct bp_cbor_in *in, struct bp_manifest *m, struct bp_err *err)
{
	int n = take_array(in, KEY_HARDWARE, "hardware revisions", BP_MANIFEST_MAX_HW, err);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		uint64_t v;
		int rc = bp_cbor_take_uint(in, "hardware revision", 0, UINT32_MAX, &v, err);

		if (rc < 0)
			return rc;
		m->hw[i] = (uint32_t)v;
	}
	m->n_hw = (unsigned)n;
	return 0;
}

static int take_payload(struct bp_cbor_in *in, struct bp_payload *p, struct bp_err *err)
{
	struct bp_cbor_item item;
	int rc = bp_cbor_take(in, BP_CBOR_MAP, "payload", &item, err);

	if (rc < 0)
		return rc;
	if (item.n != PAYLOAD_KEYS)
		return bp_fail(err, BP_ECONFIG, "manifest: payload: %zu keys; expected slot, size, sha256", (size_t)item.n);
	rc = take_u32(in, KEY_SLOT, "slot", &p->slot, err);
	if (rc < 0)
		return rc;
	rc = take_u32(in, KEY_SIZE, "size", &p->size, err);
	if (rc < 0)
		return rc;
	rc = bp_cbor_take_key(in, KEY_SHA256, "sha256", err);
	if (rc < 0)
		return rc;
	rc = bp_cbor_take(in, BP_CBOR_BYTES, "sha256", &item, err);
	if (rc < 0)
		return rc;
	if (item.n != sizeof(p->sha256))
		return bp_fail(err, BP_ECONFIG, "manifest: sha256: %zu bytes; expected %zu", (size_t)item.n, sizeof(p->sha256));
	memcpy(p->sha256, item.bytes, sizeof(p->sha256));
	return 0;
}

static int take_payloads(struct bp_cbor_in *in, struct bp_manifest *m, struct bp_err *err)
{
	int n = take_array(in, KEY_PAYLOADS, "payloads", BP_MANIFEST_MAX_PAYLOADS, err);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		int rc = take_payload(in, &m->payload[i], err);

		if (rc < 0)
			return rc;
	}
	m->n_payloads = (unsigned)n;
	return 0;
}

static int take_head(struct bp_cbor_in *in, struct bp_manifest *m, struct bp_err *err)
{
	struct bp_cbor_item item;
	int rc = bp_cbor_take(in, BP_CBOR_MAP, "manifest", &item, err);

	if (rc < 0)
		return rc;
	rc = take_u32(in, KEY_FORMAT, "format", &m->format, err);
	if (rc < 0)
		return rc;
	if (m->format != FORMAT)
		return bp_fail(err, BP_ECONFIG, "manifest: format %u; only %u is known", m->format, FORMAT);
	if (item.n != KEYS)
		return bp_fail(err, BP_ECONFIG, "manifest: %zu keys; format %u has %d", (size_t)item.n, FORMAT, KEYS);
	rc = bp_cbor_take_key(in, KEY_PRODUCT, "product", err);
	return rc < 0 ? rc : take_text(in, "product", m->product, sizeof(m->product), err);
}

static int take_fields(struct bp_cbor_in *in, struct bp_manifest *m, struct bp_err *err)
{
	int rc = take_head(in, m, err);

	if (rc < 0)
		return rc;
	rc = take_hardware(in, m, err);
	if (rc < 0)
		return rc;
	rc = take_u32(in, KEY_BOOTLOADER, "minimum bootloader version", &m->min_bootloader, err);
	if (rc < 0)
		return rc;
	rc = take_u32(in, KEY_ROLLBACK, "rollback index", &m->rollback_index, err);
	if (rc < 0)
		return rc;
	rc = bp_cbor_take_key(in, KEY_VERSION, "version", err);
	if (rc < 0)
		return rc;
	rc = take_text(in, "version", m->version, sizeof(m->version), err);
	if (rc < 0)
		return rc;
	rc = take_payloads(in, m, err);
	return rc < 0 ? rc : bp_cbor_end(in, err);
}

int bp_manifest_parse(const uint8_t *data, size_t len, struct bp_manifest *m, uint8_t key_id[BP_KEY_ID_BYTES],
		      struct bp_err *err)
{
	struct bp_cbor_in in = {.what = "manifest payload"};
	struct bp_cose c;
	int rc = bp_cose_parse(data, len, &c, err);

	*m = (struct bp_manifest){0};
	memset(key_id, 0, BP_KEY_ID_BYTES);
	if (rc < 0)
		return rc;
	in.bytes = data + c.payload_at;
	in.len = c.payload_len;
	rc = take_fields(&in, m, err);
	if (rc < 0)
		return rc;
	memcpy(key_id, c.key_id, BP_KEY_ID_BYTES);
	return check(m, err);
}

int bp_manifest_verify(const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err)
{
	return bp_cose_verify(data, len, key, err);
}
