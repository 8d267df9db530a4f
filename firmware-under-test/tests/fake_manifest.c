/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_manifest.h"

#include "lib/cbor.h"
#include "tests/fake_dut.h"

#include <sodium.h>
#include <string.h>

static void key_pair(enum fake_key which, uint8_t pub[32], uint8_t secret[64])
{
	uint8_t seed[32];

	memset(seed, (int)which, sizeof(seed));
	crypto_sign_seed_keypair(pub, secret, seed);
}

static void key_id(enum fake_key which, uint8_t id[8])
{
	uint8_t pub[32], secret[64], digest[32];

	key_pair(which, pub, secret);
	crypto_hash_sha256(digest, pub, sizeof(pub));
	memcpy(id, digest, 8);
}

void fake_manifest_key(void)
{
	struct dut_key *row = &fake.board.key[2];
	uint8_t secret[64];

	key_pair(FAKE_KEY_GOOD, row->pub, secret);
	key_id(FAKE_KEY_GOOD, row->id);
	row->id_len = sizeof(row->id);
	fake.accel = -1;
}

struct fake_fields fake_fields_good(void)
{
	struct fake_fields f = {
		.format = 1, .product = "fake", .hw = {1, 2}, .n_hw = 2, .min_bootloader = 3, .rollback_index = 10,
		.version = "1.2.3+4", .n_payloads = 2,
	};

	for (uint32_t i = 0; i < sizeof(f.payload) / sizeof(f.payload[0]); i++) {
		f.payload[i].slot = i;
		f.payload[i].size = 100;
		memset(f.payload[i].sha256, (int)(0xa0 + i), sizeof(f.payload[i].sha256));
	}
	return f;
}

static void put_pair(struct cbor_writer *w, uint32_t key, uint32_t value)
{
	cbor_put_uint(w, key);
	cbor_put_uint(w, value);
}

uint32_t fake_payload(const struct fake_fields *f, uint8_t *out)
{
	struct cbor_writer w;

	cbor_writer_init(&w, out, FAKE_MANIFEST_BYTES);
	cbor_put_map(&w, 7);
	put_pair(&w, 1, f->format);
	cbor_put_uint(&w, 2);
	cbor_put_text(&w, f->product);
	cbor_put_uint(&w, 3);
	cbor_put_array(&w, f->n_hw);
	for (uint32_t i = 0; i < f->n_hw; i++)
		cbor_put_uint(&w, f->hw[i]);
	put_pair(&w, 4, f->min_bootloader);
	put_pair(&w, 5, f->rollback_index);
	cbor_put_uint(&w, 6);
	cbor_put_text(&w, f->version);
	cbor_put_uint(&w, 7);
	cbor_put_array(&w, f->n_payloads);
	for (uint32_t i = 0; i < f->n_payloads; i++) {
		cbor_put_map(&w, 3);
		put_pair(&w, 1, f->payload[i].slot);
		put_pair(&w, 2, f->payload[i].size);
		cbor_put_uint(&w, 3);
		cbor_put_bytes(&w, f->payload[i].sha256, sizeof(f->payload[i].sha256));
	}
	return (uint32_t)(w.at - out);
}

static uint32_t put_protected(enum fake_key named, uint8_t out[32])
{
	struct cbor_writer w;
	uint8_t id[8];

	cbor_writer_init(&w, out, 32);
	cbor_put_map(&w, named == FAKE_KEY_NONE ? 1 : 2);
	cbor_put_uint(&w, 1);
	cbor_put_int(&w, -8);
	if (named != FAKE_KEY_NONE) {
		key_id(named, id);
		cbor_put_uint(&w, 4);
		cbor_put_bytes(&w, id, sizeof(id));
	}
	return (uint32_t)(w.at - out);
}

/* RFC 9052 section 4.4. */
static void sign(enum fake_key by, const uint8_t *prot, uint32_t prot_len, const uint8_t *payload, uint32_t len,
		 uint8_t sig[64])
{
	uint8_t tbs[FAKE_MANIFEST_BYTES + 64], pub[32], secret[64];
	struct cbor_writer w;

	cbor_writer_init(&w, tbs, sizeof(tbs));
	cbor_put_array(&w, 4);
	cbor_put_text(&w, "Signature1");
	cbor_put_bytes(&w, prot, prot_len);
	cbor_put_bytes(&w, NULL, 0);
	cbor_put_bytes(&w, payload, len);
	key_pair(by, pub, secret);
	crypto_sign_detached(sig, NULL, tbs, (unsigned long long)(w.at - tbs), secret);
}

uint32_t fake_cose(const uint8_t *payload, uint32_t len, enum fake_key named, enum fake_key by, uint8_t *out)
{
	uint8_t prot[32], sig[64];
	uint32_t prot_len = put_protected(named, prot);
	struct cbor_writer w;

	if (by != FAKE_KEY_NONE)
		sign(by, prot, prot_len, payload, len, sig);
	cbor_writer_init(&w, out, FAKE_MANIFEST_BYTES);
	cbor_put_tag(&w, 18);
	cbor_put_array(&w, 4);
	cbor_put_bytes(&w, prot, prot_len);
	cbor_put_map(&w, 0);
	cbor_put_bytes(&w, payload, len);
	cbor_put_bytes(&w, sig, by == FAKE_KEY_NONE ? 0 : sizeof(sig));
	return (uint32_t)(w.at - out);
}

uint32_t fake_manifest(const struct fake_fields *f, uint8_t *out)
{
	uint8_t payload[FAKE_MANIFEST_BYTES];

	return fake_cose(payload, fake_payload(f, payload), FAKE_KEY_GOOD, FAKE_KEY_GOOD, out);
}
