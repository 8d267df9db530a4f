/* SPDX-License-Identifier: Apache-2.0 */
/* test_sha.c - SHA-256 and SHA-512 against FIPS 180-4 examples and libsodium. */
#include "lib/sha256.h"
#include "lib/sha512.h"
#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The NIST example values for FIPS 180-4, and the empty message. */
static const struct vector {
	const char *name;
	const char *text;
	unsigned times;
	const char *sha256, *sha512;
} vectors[] = {
	{ "empty", "", 1,
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
	{ "abc", "abc", 1,
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ "56 bytes", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	  "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
	  "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445" },
	{ "112 bytes",
	  "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1,
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
	  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
	  "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909" },
	{ "a million a", "aaaaaaaaaa", 100000,
	  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
	  "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
	  "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
};

static void published(void **state)
{
	const struct vector *v = *state;
	uint8_t want256[32], want512[64], got256[32], got512[64];
	struct sha256 a;
	struct sha512 b;
	unsigned i;

	unhex(v->sha256, want256, sizeof(want256));
	unhex(v->sha512, want512, sizeof(want512));
	sha256_init(&a);
	sha512_init(&b);
	for (i = 0; i < v->times; i++) {
		sha256_update(&a, v->text, (uint32_t)strlen(v->text));
		sha512_update(&b, v->text, (uint32_t)strlen(v->text));
	}
	sha256_final(&a, got256);
	sha512_final(&b, got512);
	assert_memory_equal(got256, want256, sizeof(want256));
	assert_memory_equal(got512, want512, sizeof(want512));
}

/* Bytes in pieces of 1 to max bytes, also empty ones, against libsodium's digest of the whole. */
static void check_pieces(const uint8_t *data, uint32_t len, uint32_t max)
{
	uint8_t want256[32], want512[64], got256[32], got512[64];
	struct sha256 a;
	struct sha512 b;
	uint32_t at, take;

	crypto_hash_sha256(want256, data, len);
	crypto_hash_sha512(want512, data, len);
	sha256_init(&a);
	sha512_init(&b);
	for (at = 0; at < len; at += take) {
		take = randombytes_uniform(max + 1);
		if (take > len - at)
			take = len - at;
		sha256_update(&a, take ? data + at : NULL, take);
		sha512_update(&b, take ? data + at : NULL, take);
	}
	sha256_final(&a, got256);
	sha512_final(&b, got512);
	assert_memory_equal(got256, want256, sizeof(want256));
	assert_memory_equal(got512, want512, sizeof(want512));
}

static void all_lengths_to_300(void **state)
{
	uint8_t data[300];
	uint32_t len;

	(void)state;
	randombytes_buf(data, sizeof(data));
	for (len = 0; len <= sizeof(data); len++)
		check_pieces(data, len, 300);
}

static void random_pieces(void **state)
{
	static uint8_t data[20000];
	unsigned i;

	(void)state;
	randombytes_buf(data, sizeof(data));
	for (i = 0; i < 200; i++)
		check_pieces(data, randombytes_uniform(sizeof(data) + 1), 1 + randombytes_uniform(400));
}

/* Messages whose length in bits needs more than 32 bits: both start as if 2^33 + 64 or + 128 bytes were hashed. */
static void length_over_32_bits(void **state)
{
	uint8_t want[64], got[64];
	crypto_hash_sha256_state theirs256;
	crypto_hash_sha512_state theirs512;
	struct sha256 a;
	struct sha512 b;

	(void)state;
	crypto_hash_sha256_init(&theirs256);
	theirs256.count = (((uint64_t)1 << 33) + 64) * 8;
	crypto_hash_sha256_update(&theirs256, (const uint8_t *)"end", 3);
	crypto_hash_sha256_final(&theirs256, want);
	sha256_init(&a);
	a.len = ((uint64_t)1 << 33) + 64;
	sha256_update(&a, "end", 3);
	sha256_final(&a, got);
	assert_memory_equal(got, want, 32);

	crypto_hash_sha512_init(&theirs512);
	theirs512.count[0] = 1; /* 2^64 bits */
	theirs512.count[1] = 1024;
	crypto_hash_sha512_update(&theirs512, (const uint8_t *)"end", 3);
	crypto_hash_sha512_final(&theirs512, want);
	sha512_init(&b);
	b.len = ((uint64_t)1 << 61) + 128;
	sha512_update(&b, "end", 3);
	sha512_final(&b, got);
	assert_memory_equal(got, want, 64);
}

static struct CMUnitTest tests[3 + LENGTH(vectors)] = {
	cmocka_unit_test(all_lengths_to_300),
	cmocka_unit_test(random_pieces),
	cmocka_unit_test(length_over_32_bits),
};

int main(void)
{
	size_t i;

	if (sodium_init() < 0)
		return 99;
	for (i = 0; i < LENGTH(vectors); i++)
		tests[3 + i] = (struct CMUnitTest){
			.name = vectors[i].name, .test_func = published, .initial_state = (void *)&vectors[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
