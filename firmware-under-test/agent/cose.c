/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cose.h"

#include "boot/image_verify.h"
#include "dut.h"
#include "lib/cbor.h"

#include <string.h>

#define TAG_SIGN1 18u    /* RFC 9052 section 2, table 1 */
#define LABEL_ALG 1u     /* RFC 9052 section 3.1, table 3 */
#define LABEL_KID 4u
#define ALG_EDDSA_NEG 7u /* EdDSA is -8 = -1 - 7: RFC 9053 section 2.2, table 2 */
#define SIG_BYTES 64u
#define TBS_AROUND 32u   /* array head, "Signature1", h'' and the heads of protected and payload: at most 20 */

struct sign1 {
	struct cbor_item protected_header, payload, signature, key_id; /* key_id.count 0: none */
};

static int take(struct cbor_reader *r, enum cbor_type type, struct cbor_item *item)
{
	return cbor_next(r, item) || item->type != type ? -1 : 0;
}

static int take_uint(struct cbor_reader *r, uint64_t want)
{
	struct cbor_item item;

	return take(r, CBOR_UINT, &item) || item.value != want ? -1 : 0;
}

static int open_protected(struct sign1 *s)
{
	struct cbor_reader r;
	struct cbor_item head, alg;

	cbor_reader_init(&r, s->protected_header.bytes, s->protected_header.count);
	r.deterministic = 1;
	s->key_id.count = 0;
	if (take(&r, CBOR_MAP, &head) || head.count < 1 || head.count > 2)
		return -1;
	if (take_uint(&r, LABEL_ALG) || take(&r, CBOR_NINT, &alg) || alg.value != ALG_EDDSA_NEG)
		return -1;
	if (head.count == 2 && (take_uint(&r, LABEL_KID) || take(&r, CBOR_BYTES, &s->key_id)))
		return -1;
	return r.at == r.end ? 0 : -1;
}

static int open_sign1(const uint8_t *data, uint32_t len, struct sign1 *s)
{
	struct cbor_reader r;
	struct cbor_item item;

	if (len > COSE_MAX_BYTES)
		return -1;
	cbor_reader_init(&r, data, len);
	r.deterministic = 1;
	if (take(&r, CBOR_TAG, &item) || item.value != TAG_SIGN1)
		return -1;
	if (take(&r, CBOR_ARRAY, &item) || item.count != 4)
		return -1;
	if (take(&r, CBOR_BYTES, &s->protected_header) || take(&r, CBOR_MAP, &item) || item.count != 0)
		return -1;
	if (take(&r, CBOR_BYTES, &s->payload) || take(&r, CBOR_BYTES, &s->signature) || r.at != r.end)
		return -1;
	if (s->signature.count != 0 && s->signature.count != SIG_BYTES)
		return -1;
	return open_protected(s);
}

/* Row of the board's key with this id, or DUT_MAX_KEYS. */
static uint32_t find_key(const struct cbor_item *id)
{
	const struct dut_board *b = dut_board();
	uint32_t i;

	for (i = 0; i < DUT_MAX_KEYS; i++)
		if (b->key[i].id_len && b->key[i].id_len == id->count && !memcmp(b->key[i].id, id->bytes, id->count))
			break;
	return i;
}

/* Sig_structure (RFC 9052 section 4.4). */
static int check_signature(const struct sign1 *s, uint32_t key)
{
	static uint8_t tbs[COSE_MAX_BYTES + TBS_AROUND];
	struct cbor_writer w;

	cbor_writer_init(&w, tbs, sizeof(tbs));
	cbor_put_array(&w, 4);
	cbor_put_text(&w, "Signature1");
	cbor_put_bytes(&w, s->protected_header.bytes, s->protected_header.count);
	cbor_put_bytes(&w, NULL, 0);
	cbor_put_bytes(&w, s->payload.bytes, s->payload.count);
	return w.failed ? 0 : key_verify(key, tbs, (uint32_t)(w.at - tbs), s->signature.bytes);
}

enum reason cose_open(const uint8_t *data, uint32_t len, const uint8_t **payload, uint32_t *payload_len)
{
	struct sign1 s;
	uint32_t key;

	if (open_sign1(data, len, &s))
		return REASON_BAD_MANIFEST;
	if (!s.signature.count)
		return REASON_UNSIGNED;
	key = find_key(&s.key_id);
	if (key == DUT_MAX_KEYS)
		return REASON_UNKNOWN_KEY;
	if (dut_board()->key[key].revoked)
		return REASON_REVOKED_KEY;
	if (check_signature(&s, key) != 1)
		return REASON_BAD_SIGNATURE;
	*payload = s.payload.bytes;
	*payload_len = s.payload.count;
	return REASON_NONE;
}
