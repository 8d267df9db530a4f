/* SPDX-License-Identifier: Apache-2.0 */
#include "image/cose.h"

#include "image/cbor_item.h"
#include "image/layout.h"
#include "image/manifest.h"

#include <sodium.h>
#include <string.h>

#define TAG_SIGN1 18u     /* RFC 9052 section 2, table 1 */
#define LABEL_ALG 1u      /* RFC 9052 section 3.1, table 3 */
#define LABEL_KID 4u
#define ALG_EDDSA_NEG 7u  /* EdDSA is -8 = -1 - 7: RFC 9053 section 2.2, table 2 */
#define PROTECTED_MAX 16u /* a2 01 27 04 48 and the key id are 13 */
#define AROUND_MAX 32u    /* heads and "Signature1" around protected and payload */

static int parse_protected(const uint8_t *data, size_t len, struct bp_cose *c, struct bp_err *err)
{
	struct bp_cbor_in in = {.what = "manifest: protected header", .bytes = data, .len = len};
	struct bp_cbor_item item;
	uint64_t pairs;
	int rc = bp_cbor_take(&in, BP_CBOR_MAP, "header", &item, err);

	if (rc < 0)
		return rc;
	pairs = item.n;
	if (pairs != 1 && pairs != 2)
		return bp_fail(err, BP_ECONFIG, "%s: expected 1: -8 (EdDSA) and 4: key id", in.what);
	rc = bp_cbor_take_key(&in, LABEL_ALG, "algorithm", err);
	if (rc < 0)
		return rc;
	rc = bp_cbor_take(&in, BP_CBOR_NEGATIVE, "algorithm", &item, err);
	if (rc < 0)
		return rc;
	if (item.n != ALG_EDDSA_NEG)
		return bp_fail(err, BP_ECONFIG, "%s: the algorithm is not -8 (EdDSA)", in.what);
	if (pairs == 1)
		return bp_cbor_end(&in, err);
	rc = bp_cbor_take_key(&in, LABEL_KID, "key id", err);
	if (rc < 0)
		return rc;
	rc = bp_cbor_take(&in, BP_CBOR_BYTES, "key id", &item, err);
	if (rc < 0)
		return rc;
	if (item.n != BP_KEY_ID_BYTES)
		return bp_fail(err, BP_ECONFIG, "%s: a key id of %zu bytes; expected %d", in.what, (size_t)item.n,
			       BP_KEY_ID_BYTES);
	memcpy(c->key_id, item.bytes, BP_KEY_ID_BYTES);
	c->has_key_id = 1;
	return bp_cbor_end(&in, err);
}

/* A byte string's place in the input. */
static int take_bytes(struct bp_cbor_in *in, const char *name, size_t *at, size_t *len, struct bp_err *err)
{
	struct bp_cbor_item item;
	int rc = bp_cbor_take(in, BP_CBOR_BYTES, name, &item, err);

	if (rc < 0)
		return rc;
	*len = (size_t)item.n;
	*at = in->at - *len;
	return 0;
}

/* Tag, array of four and the empty unprotected map; the rest goes into c. */
static int parse_outer(struct bp_cbor_in *in, struct bp_cose *c, struct bp_err *err)
{
	struct bp_cbor_item item;
	int rc = bp_cbor_take(in, BP_CBOR_TAG, "COSE_Sign1", &item, err);

	if (rc < 0)
		return rc;
	if (item.n != TAG_SIGN1)
		return bp_fail(err, BP_ECONFIG, "%s: offset 0: the tag is not 18 (COSE_Sign1)", in->what);
	rc = bp_cbor_take(in, BP_CBOR_ARRAY, "COSE_Sign1", &item, err);
	if (rc < 0)
		return rc;
	if (item.n != 4)
		return bp_fail(err, BP_ECONFIG, "%s: offset 1: an array of %zu; COSE_Sign1 has 4", in->what, (size_t)item.n);
	rc = take_bytes(in, "protected header", &c->protected_at, &c->protected_len, err);
	if (rc < 0)
		return rc;
	rc = bp_cbor_take(in, BP_CBOR_MAP, "unprotected header", &item, err);
	if (rc < 0)
		return rc;
	if (item.n != 0)
		return bp_fail(err, BP_ECONFIG, "%s: the unprotected header is not empty", in->what);
	rc = take_bytes(in, "payload", &c->payload_at, &c->payload_len, err);
	if (rc < 0)
		return rc;
	return take_bytes(in, "signature", &c->sig_at, &c->sig_len, err);
}

int bp_cose_parse(const uint8_t *data, size_t len, struct bp_cose *c, struct bp_err *err)
{
	struct bp_cbor_in in = {.what = "manifest", .bytes = data, .len = len};
	int rc;

	*c = (struct bp_cose){0};
	if (len > BP_MANIFEST_MAX_BYTES)
		return bp_fail(err, BP_ECONFIG, "manifest: %zu bytes; at most %d are read", len, BP_MANIFEST_MAX_BYTES);
	rc = parse_outer(&in, c, err);
	if (rc < 0)
		return rc;
	if (c->sig_len != 0 && c->sig_len != BP_SIG_BYTES)
		return bp_fail(err, BP_ECONFIG, "manifest: a signature of %zu bytes; expected %u, or 0 when unsigned", c->sig_len,
			       BP_SIG_BYTES);
	rc = bp_cbor_end(&in, err);
	return rc < 0 ? rc : parse_protected(data + c->protected_at, c->protected_len, c, err);
}

int bp_cose_tbs(const uint8_t *protected_bytes, size_t protected_len, const uint8_t *payload, size_t payload_len,
		uint8_t *out, size_t cap, struct bp_err *err)
{
	struct bp_cbor_out o = {.bytes = out, .cap = cap};

	bp_cbor_put_array(&o, 4);
	bp_cbor_put_text(&o, "Signature1");
	bp_cbor_put_bytes(&o, protected_bytes, protected_len);
	bp_cbor_put_bytes(&o, NULL, 0);
	bp_cbor_put_bytes(&o, payload, payload_len);
	if (o.failed)
		return bp_fail(err, BP_ENOMEM, "manifest: too large to sign (%zu bytes)", payload_len);
	return (int)o.len;
}

static void put_protected(struct bp_cbor_out *o, const struct bp_key *key)
{
	uint8_t id[BP_KEY_ID_BYTES];

	bp_cbor_put_map(o, key ? 2 : 1);
	bp_cbor_put_uint(o, LABEL_ALG);
	bp_cbor_put_negative(o, ALG_EDDSA_NEG);
	if (!key)
		return;
	bp_key_id(key, id);
	bp_cbor_put_uint(o, LABEL_KID);
	bp_cbor_put_bytes(o, id, sizeof(id));
}

int bp_cose_sign(struct bp_arena *a, const uint8_t *payload, size_t len, const struct bp_key *key, struct bp_bytes *out,
		 struct bp_err *err)
{
	uint8_t prot[PROTECTED_MAX], sig[BP_SIG_BYTES], tbs[BP_MANIFEST_MAX_BYTES + AROUND_MAX];
	struct bp_cbor_out p = {.bytes = prot, .cap = sizeof(prot)};
	struct bp_cbor_out o = {.cap = BP_MANIFEST_MAX_BYTES};
	size_t tbs_len;
	int n;

	if (key && !key->has_secret)
		return bp_fail(err, BP_ECONFIG, "key '%s' has no secret half; signing needs it", key->name);
	put_protected(&p, key);
	n = bp_cose_tbs(prot, p.len, payload, len, tbs, sizeof(tbs), err);
	if (n < 0)
		return n;
	tbs_len = (size_t)n;
	if (key)
		crypto_sign_detached(sig, NULL, tbs, tbs_len, key->secret);
	o.bytes = bp_arena_alloc(a, o.cap);
	if (!o.bytes)
		return bp_fail(err, BP_ENOMEM, "manifest: no memory");
	bp_cbor_put_tag(&o, TAG_SIGN1);
	bp_cbor_put_array(&o, 4);
	bp_cbor_put_bytes(&o, prot, p.len);
	bp_cbor_put_map(&o, 0);
	bp_cbor_put_bytes(&o, payload, len);
	bp_cbor_put_bytes(&o, sig, key ? sizeof(sig) : 0);
	if (o.failed)
		return bp_fail(err, BP_ECONFIG, "manifest: over %d bytes", BP_MANIFEST_MAX_BYTES);
	*out = (struct bp_bytes){.data = o.bytes, .len = o.len};
	return 0;
}

int bp_cose_verify(const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err)
{
	uint8_t id[BP_KEY_ID_BYTES], tbs[BP_MANIFEST_MAX_BYTES + AROUND_MAX];
	struct bp_cose c;
	size_t tbs_len;
	int n = bp_cose_parse(data, len, &c, err);

	if (n < 0)
		return n;
	if (!c.sig_len)
		return bp_fail(err, BP_ECONFIG, "manifest: it is not signed");
	bp_key_id(key, id);
	if (c.has_key_id && memcmp(c.key_id, id, sizeof(id)) != 0)
		return bp_fail(err, BP_ECONFIG, "manifest: signed with another key than '%s'", key->name);
	n = bp_cose_tbs(data + c.protected_at, c.protected_len, data + c.payload_at, c.payload_len, tbs, sizeof(tbs), err);
	if (n < 0)
		return n;
	tbs_len = (size_t)n;
	if (crypto_sign_verify_detached(data + c.sig_at, tbs, tbs_len, key->pub) != 0)
		return bp_fail(err, BP_ECONFIG, "manifest: the signature does not fit key '%s'", key->name);
	return 0;
}
