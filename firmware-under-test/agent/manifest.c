/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.c - the payload is read only once its signature is good: a parser that
 * meets no stranger's bytes is not attacked.
 */
#include "agent/manifest.h"

#include "agent/cose.h"
#include "dut.h"
#include "lib/cbor.h"

#include <string.h>

#define FORMAT 1u
#define VERSION_BYTES 32u

/* Keys of the map and of one payload (README.md, "Manifest"): rising, as deterministic CBOR has them. */
enum { KEY_FORMAT = 1, KEY_PRODUCT, KEY_HARDWARE, KEY_BOOTLOADER, KEY_ROLLBACK, KEY_VERSION, KEY_PAYLOADS, KEYS = 7 };
enum { KEY_SLOT = 1, KEY_SIZE, KEY_SHA256, PAYLOAD_KEYS = 3 };

static int take(struct cbor_reader *r, enum cbor_type type, struct cbor_item *item)
{
	return cbor_next(r, item) || item->type != type ? -1 : 0;
}

static int take_u32(struct cbor_reader *r, uint32_t *out)
{
	struct cbor_item item;

	if (take(r, CBOR_UINT, &item) || item.value > UINT32_MAX)
		return -1;
	*out = (uint32_t)item.value;
	return 0;
}

static int take_key(struct cbor_reader *r, uint32_t want)
{
	uint32_t key;

	return take_u32(r, &key) || key != want ? -1 : 0;
}

static int take_u32_of(struct cbor_reader *r, uint32_t key, uint32_t *out)
{
	return take_key(r, key) || take_u32(r, out) ? -1 : 0;
}

/* 1 to cap - 1 bytes of text, none of them NUL, and a NUL. */
static int take_text(struct cbor_reader *r, char *out, uint32_t cap)
{
	struct cbor_item item;

	if (take(r, CBOR_TEXT, &item) || !item.count || item.count >= cap || memchr(item.bytes, 0, item.count))
		return -1;
	memcpy(out, item.bytes, item.count);
	out[item.count] = '\0';
	return 0;
}

/* Key, then an array of 1 to max items. */
static int take_array(struct cbor_reader *r, uint32_t key, uint32_t max, uint32_t *n)
{
	struct cbor_item item;

	if (take_key(r, key) || take(r, CBOR_ARRAY, &item) || item.count < 1 || item.count > max)
		return -1;
	*n = item.count;
	return 0;
}

/* Digits without a leading zero, at most max; *at moves behind them. */
static int number(const char **at, uint64_t max, uint64_t *out)
{
	const char *p = *at;
	uint64_t v = 0;

	if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return -1;
	}
	if (p == *at)
		return -1;
	*at = p;
	*out = v;
	return 0;
}

static int number_after(const char **at, char mark, uint64_t max, uint64_t *out)
{
	if (**at != mark)
		return -1;
	++*at;
	return number(at, max, out);
}

/* major.minor.revision and, perhaps, +build. */
static int take_version(struct cbor_reader *r, struct fw_version *v)
{
	char text[VERSION_BYTES];
	const char *at = text;
	uint64_t major, minor, revision, build = 0;

	if (take_key(r, KEY_VERSION) || take_text(r, text, sizeof(text)))
		return -1;
	if (number(&at, UINT8_MAX, &major) || number_after(&at, '.', UINT8_MAX, &minor) ||
	    number_after(&at, '.', UINT16_MAX, &revision))
		return -1;
	if (*at && (number_after(&at, '+', UINT32_MAX, &build) || *at))
		return -1;
	v->major = (uint8_t)major;
	v->minor = (uint8_t)minor;
	v->revision = (uint16_t)revision;
	v->build = (uint32_t)build;
	return 0;
}

static int take_payload(struct cbor_reader *r, struct manifest_payload *p)
{
	struct cbor_item item;

	if (take(r, CBOR_MAP, &item) || item.count != PAYLOAD_KEYS)
		return -1;
	if (take_u32_of(r, KEY_SLOT, &p->slot) || take_u32_of(r, KEY_SIZE, &p->size))
		return -1;
	if (take_key(r, KEY_SHA256) || take(r, CBOR_BYTES, &item) || item.count != sizeof(p->sha256))
		return -1;
	memcpy(p->sha256, item.bytes, sizeof(p->sha256));
	return 0;
}

static int take_payloads(struct cbor_reader *r, struct manifest *m)
{
	if (take_array(r, KEY_PAYLOADS, MANIFEST_MAX_PAYLOADS, &m->n_payloads))
		return -1;
	for (uint32_t i = 0; i < m->n_payloads; i++) {
		if (take_payload(r, &m->payload[i]))
			return -1;
		/* Two for one slot: it is open which one is meant. */
		for (uint32_t j = 0; j < i; j++)
			if (m->payload[j].slot == m->payload[i].slot)
				return -1;
	}
	return 0;
}

static int take_fields(struct cbor_reader *r, struct manifest *m)
{
	struct cbor_item head;
	uint32_t format;

	if (take(r, CBOR_MAP, &head) || head.count != KEYS)
		return -1;
	if (take_u32_of(r, KEY_FORMAT, &format) || format != FORMAT)
		return -1;
	if (take_key(r, KEY_PRODUCT) || take_text(r, m->product, sizeof(m->product)))
		return -1;
	if (take_array(r, KEY_HARDWARE, MANIFEST_MAX_HW, &m->n_hw))
		return -1;
	for (uint32_t i = 0; i < m->n_hw; i++)
		if (take_u32(r, &m->hw[i]))
			return -1;
	if (take_u32_of(r, KEY_BOOTLOADER, &m->min_bootloader) || take_u32_of(r, KEY_ROLLBACK, &m->rollback_index))
		return -1;
	if (take_version(r, &m->version) || take_payloads(r, m))
		return -1;
	return r->at == r->end ? 0 : -1;
}

enum reason manifest_open(const uint8_t *data, uint32_t len, struct manifest *m)
{
	static struct manifest read;
	struct cbor_reader r;
	const uint8_t *payload;
	uint32_t payload_len;
	enum reason why = cose_open(data, len, &payload, &payload_len);

	if (why != REASON_NONE)
		return why;
	memset(&read, 0, sizeof(read));
	cbor_reader_init(&r, payload, payload_len);
	r.deterministic = 1;
	if (take_fields(&r, &read))
		return REASON_BAD_MANIFEST;
	*m = read;
	return REASON_NONE;
}

static int lists_hardware(const struct manifest *m, uint32_t rev)
{
	for (uint32_t i = 0; i < m->n_hw; i++)
		if (m->hw[i] == rev)
			return 1;
	return 0;
}

static int same_text(const char *a, const char *b, uint32_t cap)
{
	uint32_t i = 0;

	while (i < cap && a[i] == b[i] && a[i])
		i++;
	return i < cap && a[i] == b[i];
}

enum reason manifest_check(const struct manifest *m, uint32_t least)
{
	const struct dut_board *b = dut_board();

	_Static_assert(MANIFEST_PRODUCT_BYTES == sizeof(b->product), "both hold the same text");
	if (!same_text(m->product, b->product, MANIFEST_PRODUCT_BYTES))
		return REASON_WRONG_PRODUCT;
	if (!lists_hardware(m, b->hw_rev))
		return REASON_WRONG_HARDWARE;
	if (m->min_bootloader > b->boot_version)
		return REASON_BOOTLOADER_TOO_OLD;
	if (m->rollback_index < least)
		return REASON_ROLLBACK_INDEX;
	return REASON_NONE;
}

const struct manifest_payload *manifest_for_slot(const struct manifest *m, uint32_t slot)
{
	for (uint32_t i = 0; i < m->n_payloads; i++)
		if (m->payload[i].slot == slot)
			return &m->payload[i];
	return NULL;
}
