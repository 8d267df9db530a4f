/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "image/cose.h"
#include "image/manifest.h"

#include <sodium.h>
#include <string.h>

/*
 * The fields of example() in deterministic CBOR, put together by hand from
 * firmware-under-test/README.md and RFC 8949 section 3; keys rise.
 */
#define SHA_A "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define SHA_B "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
#define F_PRODUCT "026461636d65"                 /* "acme" */
#define F_HARDWARE "0382021864"                  /* [2, 100] */
#define F_BOOTLOADER "0403"
#define F_ROLLBACK "051a00010000"                /* 65536 */
#define F_VERSION "0665312e322e33"               /* "1.2.3" */
#define P_A "a30100021980bc035820" SHA_A         /* slot 0, 32956 bytes */
#define P_B "a30101021980bc035820" SHA_B
#define F_PAYLOADS "0782" P_A P_B
#define FIELDS "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS

static struct bp_arena *arena;
static struct bp_key key, other;
static struct bp_err err;

/*
 * The published EdDSA example of the COSE working group (Examples, eddsa-examples/eddsa-sig-01): key of RFC 8032
 * section 7.1 TEST 1, protected {1: -8, 3: 0}, payload "This is the content."; Sig_structure as in RFC 9052 section 4.4.
 */
static void test_published_signature(void **state)
{
	static const char seed_hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
	static const char tbs_hex[] = "846a5369676e61747572653145a2012703004054546869732069732074686520636f6e74656e742e";
	static const char sig_hex[] = "7142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb87"
				      "11497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d";
	static const uint8_t protected_bytes[] = {0xa2, 0x01, 0x27, 0x03, 0x00};
	static const char payload[] = "This is the content.";
	uint8_t seed[32], tbs[128], sig[64];
	char hex[2 * sizeof(tbs) + 1];
	struct bp_key k;
	int n;

	(void)state;
	assert_int_equal(bp_unhex(seed_hex, seed, sizeof(seed), &err), 32);
	bp_key_from_seed(seed, "published", &k);
	n = bp_cose_tbs(protected_bytes, sizeof(protected_bytes), (const uint8_t *)payload, sizeof(payload) - 1, tbs, sizeof(tbs),
			&err);
	assert_true(n > 0);
	assert_string_equal(bp_hex(hex, tbs, (size_t)n), tbs_hex);
	assert_int_equal(crypto_sign_detached(sig, NULL, tbs, (unsigned long long)n, k.secret), 0);
	assert_string_equal(bp_hex(hex, sig, sizeof(sig)), sig_hex);
}

static int setup(void **state)
{
	uint8_t seed[32] = {1};

	(void)state;
	bp_key_from_seed(seed, "good", &key);
	seed[0] = 2;
	bp_key_from_seed(seed, "other", &other);
	arena = bp_arena_new((size_t)4 << 20);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static struct bp_manifest example(void)
{
	struct bp_manifest m = {
		.format = 1,
		.product = "acme",
		.hw = {2, 100},
		.n_hw = 2,
		.min_bootloader = 3,
		.rollback_index = 65536,
		.version = "1.2.3",
		.payload = {{.slot = 0, .size = 32956}, {.slot = 1, .size = 32956}},
		.n_payloads = 2,
	};

	for (unsigned i = 0; i < 32; i++) {
		m.payload[0].sha256[i] = (uint8_t)(0xa0 + i);
		m.payload[1].sha256[i] = (uint8_t)(0xc0 + i);
	}
	return m;
}

static struct bp_bytes sign(const struct bp_key *k)
{
	struct bp_manifest m = example();
	struct bp_bytes out = {0};

	assert_int_equal(bp_manifest_sign(arena, &m, k, &out, &err), 0);
	return out;
}

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	int n = bp_unhex(hex, out, cap, &err);

	if (n < 0)
		fail_msg("%s", err.text);
	return (size_t)n;
}

/* Protected header of a COSE_Sign1 signed with k: {1: -8, 4: key id}. */
static size_t protected_by_hand(const struct bp_key *k, uint8_t out[13])
{
	uint8_t hash[32];

	crypto_hash_sha256(hash, k->pub, 32);
	memcpy(out, "\xa2\x01\x27\x04\x48", 5);
	memcpy(out + 5, hash, 8);
	return 13;
}

static void test_bytes_as_by_hand(void **state)
{
	struct bp_bytes cose = sign(&key);
	uint8_t payload[512], prot[13], tbs[600], *p = tbs;
	size_t n = unhex("a7" FIELDS, payload, sizeof(payload));
	const uint8_t *at = cose.data;

	(void)state;
	protected_by_hand(&key, prot);
	/* COSE_Sign1: tag 18, array of 4, protected, {}, payload (two length bytes), signature */
	assert_int_equal(cose.len, 2 + 1 + 13 + 1 + 2 + n + 2 + 64);
	assert_memory_equal(at, "\xd2\x84\x4d", 3);
	assert_memory_equal(at + 3, prot, 13);
	assert_int_equal(at[16], 0xa0);
	assert_true(n > 23 && n < 256);
	assert_int_equal(at[17], 0x58);
	assert_int_equal(at[18], n);
	assert_memory_equal(at + 19, payload, n);
	assert_memory_equal(at + 19 + n, "\x58\x40", 2);
	/* Sig_structure: RFC 9052 section 4.4 */
	memcpy(p, "\x84\x6aSignature1\x4d", 13);
	p += 13;
	memcpy(p, prot, 13);
	p += 13;
	*p++ = 0x40; /* external_aad: empty */
	*p++ = 0x58;
	*p++ = (uint8_t)n;
	memcpy(p, payload, n);
	p += n;
	assert_int_equal(crypto_sign_verify_detached(at + 21 + n, tbs, (size_t)(p - tbs), key.pub), 0);
}

static void test_tbs_as_by_hand(void **state)
{
	static const char want[] = "\x84\x6aSignature1\x43\xa1\x01\x27\x40\x45hello";
	uint8_t out[64];
	int n = bp_cose_tbs((const uint8_t *)"\xa1\x01\x27", 3, (const uint8_t *)"hello", 5, out, sizeof(out), &err);

	(void)state;
	assert_int_equal(n, sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
	assert_int_equal(bp_cose_tbs(NULL, 0, out, sizeof(out), out, sizeof(out), &err), BP_ENOMEM);
}

static void test_sign_is_deterministic(void **state)
{
	struct bp_bytes a = sign(&key), b = sign(&key);

	(void)state;
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

static void test_parse_gives_fields(void **state)
{
	struct bp_bytes cose = sign(&key);
	struct bp_manifest want = example(), m;
	uint8_t id[BP_KEY_ID_BYTES], want_id[BP_KEY_ID_BYTES];

	(void)state;
	assert_int_equal(bp_manifest_parse(cose.data, cose.len, &m, id, &err), 0);
	assert_memory_equal(&m, &want, sizeof(m));
	bp_key_id(&key, want_id);
	assert_memory_equal(id, want_id, sizeof(id));
	assert_int_equal(bp_manifest_verify(cose.data, cose.len, &key, &err), 0);
	assert_int_equal(bp_manifest_verify(cose.data, cose.len, &other, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "another key than 'other'"));
}

static void test_unsigned(void **state)
{
	struct bp_bytes cose = sign(NULL);
	struct bp_manifest m;
	uint8_t id[BP_KEY_ID_BYTES], zero[BP_KEY_ID_BYTES] = {0};

	(void)state;
	assert_int_equal(cose.data[cose.len - 1], 0x40); /* empty byte string */
	assert_int_equal(bp_manifest_parse(cose.data, cose.len, &m, id, &err), 0);
	assert_memory_equal(id, zero, sizeof(id));
	assert_int_equal(bp_manifest_verify(cose.data, cose.len, &key, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "not signed"));
}

static void test_every_bit_flip_is_found(void **state)
{
	struct bp_bytes cose = sign(&key);
	struct bp_manifest m;
	uint8_t id[BP_KEY_ID_BYTES];

	(void)state;
	assert_int_equal(bp_manifest_parse(cose.data, cose.len, &m, id, &err), 0);
	assert_int_equal(bp_manifest_verify(cose.data, cose.len, &key, &err), 0);
	for (size_t bit = 0; bit < cose.len * 8; bit++) {
		cose.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bp_manifest_parse(cose.data, cose.len, &m, id, &err) == 0 &&
		    bp_manifest_verify(cose.data, cose.len, &key, &err) == 0)
			fail_msg("bit %zu", bit);
		cose.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void test_every_truncation_is_found(void **state)
{
	struct bp_bytes cose = sign(&key);
	struct bp_manifest m;
	uint8_t id[BP_KEY_ID_BYTES];

	(void)state;
	for (size_t len = 0; len < cose.len; len++) {
		uint8_t *cut = test_malloc(len + 1);

		memcpy(cut + 1, cose.data, len);
		if (bp_manifest_parse(cut + 1, len, &m, id, &err) != BP_ECONFIG)
			fail_msg("%zu bytes", len);
		test_free(cut);
	}
}

/* Payload maps under a valid signature: what the reader must not take. */
static void test_payload_refused(void **state)
{
	static const struct {
		const char *name, *hex, *says;
	} rows[] = {
		{"nothing", "", "offset 0: the bytes end where a map was expected"},
		{"no map", "80", "found an array; expected a map"},
		{"empty map", "a0", "the bytes end"},
		{"format 2", "a7" "0102" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS, "format 2; only 1"},
		{"key twice", "a8" FIELDS "0780", "8 keys; format 1 has 7"},
		{"key twice, count kept", "a7" "0101" F_PRODUCT F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_PAYLOADS,
		 "key 2 is repeated or out of order; expected key 3 (hardware revisions)"},
		{"keys swapped", "a7" "0101" F_HARDWARE F_PRODUCT F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS,
		 "key 3 is unknown or out of order; expected key 2 (product)"},
		{"unknown key", "a8" FIELDS "0800", "8 keys; format 1 has 7"},
		{"a key missing", "a6" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_PAYLOADS, "6 keys; format 1 has 7"},
		{"bytes behind", "a7" FIELDS "00", "1 bytes too many"},
		{"map of indefinite length", "bf" FIELDS "ff", "indefinite"},
		{"array of indefinite length",
		 "a7" "0101" F_PRODUCT "039f021864ff" F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS, "indefinite"},
		{"text of indefinite length",
		 "a7" "0101" "027f6461636d65ff" F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS, "indefinite"},
		{"long map head", "b807" FIELDS, "shortest form"},
		{"long key", "a7" "180101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS, "shortest form"},
		{"long integer",
		 "a7" "0101" F_PRODUCT F_HARDWARE "041803" F_ROLLBACK F_VERSION F_PAYLOADS, "shortest form"},
		{"integer in eight bytes",
		 "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER "051b0000000000010000" F_VERSION F_PAYLOADS, "shortest form"},
		{"long text head",
		 "a7" "0101" "02780461636d65" F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS, "shortest form"},
		{"integer over 32 bits",
		 "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER "051b0000000100000000" F_VERSION F_PAYLOADS,
		 "rollback index is 4294967296; expected 0 to 4294967295"},
		{"negative integer", "a7" "0101" F_PRODUCT F_HARDWARE "0420" F_ROLLBACK F_VERSION F_PAYLOADS,
		 "found a negative integer"},
		{"float", "a7" "0101" F_PRODUCT F_HARDWARE "04f94200" F_ROLLBACK F_VERSION F_PAYLOADS, "float"},
		{"tag", "a7" "0101" F_PRODUCT F_HARDWARE "04c103" F_ROLLBACK F_VERSION F_PAYLOADS, "found a tag"},
		{"reserved byte", "a7" "0101" F_PRODUCT F_HARDWARE "041c" F_ROLLBACK F_VERSION F_PAYLOADS, "no CBOR"},
		{"product empty", "a7" "0101" "0260" F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS,
		 "product: expected 1 to 23"},
		{"product with a NUL", "a7" "0101" "026461630065" F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS,
		 "product: expected 1 to 23"},
		{"product no UTF-8", "a7" "0101" "02646163ff65" F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS,
		 "product: expected 1 to 23"},
		{"product of 24 letters",
		 "a7" "0101" "027818616161616161616161616161616161616161616161616161" F_HARDWARE F_BOOTLOADER F_ROLLBACK
		 F_VERSION F_PAYLOADS, "product: expected 1 to 23"},
		{"no hardware", "a7" "0101" F_PRODUCT "0380" F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS,
		 "hardware revisions: 0 items; expected 1 to 8"},
		{"hardware of nine", "a7" "0101" F_PRODUCT "0389010203040506070809" F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS,
		 "hardware revisions: 9 items; expected 1 to 8"},
		{"array longer than memory",
		 "a7" "0101" F_PRODUCT "039bffffffffffffffff" F_BOOTLOADER F_ROLLBACK F_VERSION F_PAYLOADS, "expected 1 to 8"},
		{"no version", "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK "0663312e32" F_PAYLOADS,
		 "'1.2' is no version"},
		{"no payloads", "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION "0780",
		 "payloads: 0 items; expected 1 to 4"},
		{"payload for one slot twice", "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION "0782" P_A P_A,
		 "two payloads for one slot"},
		{"payload with two keys", "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION "0781a201000201",
		 "payload: 2 keys"},
		{"hash of 31 bytes",
		 "a7" "0101" F_PRODUCT F_HARDWARE F_BOOTLOADER F_ROLLBACK F_VERSION
		 "0781a3010002190bbc03581fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbe", "sha256: 31 bytes"},
	};
	uint8_t payload[600], id[BP_KEY_ID_BYTES];
	struct bp_manifest m;
	struct bp_bytes cose;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = unhex(rows[i].hex, payload, sizeof(payload));

		assert_int_equal(bp_cose_sign(arena, payload, n, &key, &cose, &err), 0);
		assert_int_equal(bp_manifest_verify(cose.data, cose.len, &key, &err), 0);
		if (bp_manifest_parse(cose.data, cose.len, &m, id, &err) != BP_ECONFIG || !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.text);
	}
}

/* The wrapping, with an empty payload and no signature: d2 84 protected {} payload signature. */
static void test_wrapping_refused(void **state)
{
	static const struct {
		const char *name, *hex, *says;
	} rows[] = {
		{"no tag", "8443a10127a04040", "found an array; expected a tag"},
		{"other tag", "d08443a10127a04040", "the tag is not 18"},
		{"long tag", "d8128443a10127a04040", "shortest form"},
		{"array of three", "d28343a10127a040", "an array of 3"},
		{"unprotected not empty", "d28443a10127a101274040", "the unprotected header is not empty"},
		{"payload nil", "d28443a10127a0f640", "expected a byte string (payload)"},
		{"signature of 63", "d28443a10127a040583f" "00000000000000000000000000000000000000000000000000000000000000"
				    "0000000000000000000000000000000000000000000000000000000000000000", "a signature of 63 bytes"},
		{"bytes behind", "d28443a10127a0404000", "1 bytes too many"},
		{"protected empty", "d28440a04040", "the bytes end where a map was expected"},
		{"protected of three", "d28445a301270400a04040", "expected 1: -8 (EdDSA) and 4: key id"},
		{"ES256", "d28443a10126a04040", "the algorithm is not -8"},
		{"key id first", "d2844da20448000102030405060701" "27a04040", "key 4 is unknown or out of order"},
		{"key id of four", "d28449a20127044400010203a04040", "a key id of 4 bytes"},
		{"bytes behind protected", "d28444a1012700a04040", "1 bytes too many"},
		{"long bytes", "d2845803a10127a04040", "shortest form"},
	};
	uint8_t bytes[128], id[BP_KEY_ID_BYTES];
	struct bp_manifest m;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = unhex(rows[i].hex, bytes, sizeof(bytes));

		if (bp_manifest_parse(bytes, n, &m, id, &err) != BP_ECONFIG || !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.text);
	}
}

static void test_too_large_is_refused(void **state)
{
	static uint8_t bytes[BP_MANIFEST_MAX_BYTES + 1];
	struct bp_manifest m;
	struct bp_bytes cose;
	uint8_t id[BP_KEY_ID_BYTES];

	(void)state;
	assert_int_equal(bp_manifest_parse(bytes, sizeof(bytes), &m, id, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "at most 1024"));
	assert_int_equal(bp_cose_sign(arena, bytes, BP_MANIFEST_MAX_BYTES - 1, &key, &cose, &err), BP_ECONFIG);
	assert_int_equal(bp_cose_sign(arena, bytes, sizeof(bytes) + 100, &key, &cose, &err), BP_ENOMEM);
}

static void no_product(struct bp_manifest *m) { m->product[0] = '\0'; }
static void long_product(struct bp_manifest *m) { memset(m->product, 'a', sizeof(m->product)); }
static void blank_product(struct bp_manifest *m) { m->product[1] = ' '; }
static void no_hardware(struct bp_manifest *m) { m->n_hw = 0; }
static void much_hardware(struct bp_manifest *m) { m->n_hw = BP_MANIFEST_MAX_HW + 1; }
static void no_version(struct bp_manifest *m) { m->version[0] = '\0'; }
static void long_version(struct bp_manifest *m) { memset(m->version, '1', sizeof(m->version)); }
static void no_payload(struct bp_manifest *m) { m->n_payloads = 0; }
static void much_payload(struct bp_manifest *m) { m->n_payloads = BP_MANIFEST_MAX_PAYLOADS + 1; }
static void one_slot(struct bp_manifest *m) { m->payload[1].slot = 0; }
static void no_format(struct bp_manifest *m) { m->format = 0; }

static void test_sign_refuses(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct bp_manifest *m);
		const char *says;
	} rows[] = {
		{"no product", no_product, "product"},
		{"product not ended", long_product, "product"},
		{"blank in the product", blank_product, "product"},
		{"no hardware", no_hardware, "0 hardware revisions"},
		{"too much hardware", much_hardware, "9 hardware revisions"},
		{"no version", no_version, "no version"},
		{"version not ended", long_version, "version is too long"},
		{"no payload", no_payload, "0 payloads"},
		{"too many payloads", much_payload, "5 payloads"},
		{"one slot twice", one_slot, "two payloads"},
		{"no format", no_format, "format is 0"},
	};
	struct bp_key pub_only = key;
	struct bp_manifest m = example();
	struct bp_bytes out;

	(void)state;
	pub_only.has_secret = 0;
	assert_int_equal(bp_manifest_sign(arena, &m, &pub_only, &out, &err), BP_ECONFIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		m = example();
		rows[i].change(&m);
		if (bp_manifest_sign(arena, &m, &key, &out, &err) != BP_ECONFIG || !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_as_by_hand),
		cmocka_unit_test(test_tbs_as_by_hand),
		cmocka_unit_test(test_sign_is_deterministic),
		cmocka_unit_test(test_parse_gives_fields),
		cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_every_bit_flip_is_found),
		cmocka_unit_test(test_every_truncation_is_found),
		cmocka_unit_test(test_payload_refused),
		cmocka_unit_test(test_wrapping_refused),
		cmocka_unit_test(test_too_large_is_refused),
		cmocka_unit_test(test_sign_refuses),
		cmocka_unit_test(test_published_signature),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
