/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ed25519.c - signature verification: the vectors of RFC 8032, and forgeries
 * that satisfy the equation and must still be refused; each answer is also
 * libsodium's.
 */
#include "lib/ed25519.h"
#include "lib/ed25519_group.h"
#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 8032 section 7.1. */
static const struct vector {
	const char *name, *pub, *msg, *sig;
} vectors[] = {
	{ "rfc8032 test 1", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "rfc8032 test 2", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "rfc8032 test 3", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
	{ "rfc8032 test 1024", "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
	  "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f77b1e355f6c50544e23fb1433ddf73be84d8"
	  "79de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc"
	  "1a858efcb8550ee3a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e"
	  "06203b33890cc9b832f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7"
	  "aff6f6c94fcd7204ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2"
	  "d17ba70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f270"
	  "88d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65bd92dd597b07"
	  "07e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128bab27af87a71314f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255dc51a"
	  "ddd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429ec96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb7"
	  "51fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8"
	  "ca61783aacec57fb3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401adebf5a7e08"
	  "d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab47b57f7f7276cd419c17a3ca8e1b939ae49e4"
	  "88acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504ccc493d97e"
	  "6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5fb93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b5"
	  "0d334ba77c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380d"
	  "b2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0",
	  "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03" },
	{ "rfc8032 test sha(abc)", "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	  "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704" },
};

/*
 * Every encoding that decodes, strictly or with y taken modulo p, to one of the
 * eight points whose order divides 8.
 */
static const struct small {
	const char *name, *point;
} smalls[] = {
	{ "small order 1", "0100000000000000000000000000000000000000000000000000000000000000" },
	{ "small order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
	{ "small order 4", "0000000000000000000000000000000000000000000000000000000000000000" },
	{ "small order 4, x odd", "0000000000000000000000000000000000000000000000000000000000000080" },
	{ "small order 8, lower y", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05" },
	{ "small order 8, lower y, x odd", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85" },
	{ "small order 8, upper y", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" },
	{ "small order 8, upper y, x odd", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa" },
	{ "small order 1, minus zero", "0100000000000000000000000000000000000000000000000000000000000080" },
	{ "small order 2, minus zero", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
	{ "small order 4, y = p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
	{ "small order 4, y = p, x odd", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
	{ "small order 1, y = p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
	{ "small order 1, y = p + 1, minus zero", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
};

static const uint8_t order_l[32] = { /* L, RFC 8032 section 5.1 */
	0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	[31] = 0x10,
};

/* Our answer, after checking that libsodium gives the same. */
static int verify(const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64])
{
	int ours = ed25519_verify(pub, msg, len, sig);

	assert_int_equal(ours, crypto_sign_verify_detached(sig, msg, len, pub) == 0);
	return ours;
}

/* a + b for 32 bytes, little-endian. */
static void add256(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
	unsigned i, carry = 0;

	for (i = 0; i < 32; i++) {
		carry += (unsigned)a[i] + b[i];
		out[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

/* h = SHA-512(R || A || msg) mod L. */
static void challenge(uint8_t h[32], const uint8_t r[32], const uint8_t pub[32], const void *msg, size_t len)
{
	crypto_hash_sha512_state sha;
	uint8_t digest[64];

	crypto_hash_sha512_init(&sha);
	crypto_hash_sha512_update(&sha, r, 32);
	crypto_hash_sha512_update(&sha, pub, 32);
	crypto_hash_sha512_update(&sha, msg, len);
	crypto_hash_sha512_final(&sha, digest);
	crypto_core_ed25519_scalar_reduce(h, digest);
}

static void published(void **state)
{
	const struct vector *v = *state;
	uint8_t pub[32], sig[64], msg[1024] = {0};
	uint32_t len = (uint32_t)unhex(v->msg, msg, sizeof(msg)), i;

	unhex(v->pub, pub, sizeof(pub));
	unhex(v->sig, sig, sizeof(sig));
	assert_int_equal(verify(pub, msg, len, sig), 1);
	for (i = 0; i < len; i += 1 + len / 16) {
		msg[i] ^= 0x20;
		assert_int_equal(verify(pub, msg, len, sig), 0);
		msg[i] ^= 0x20;
	}
	assert_int_equal(verify(pub, msg, len + 1, sig), 0);
	if (len)
		assert_int_equal(verify(pub, msg, len - 1, sig), 0);
}

static void every_flipped_bit(void **state)
{
	uint8_t bytes[64 + 32], secret[64], msg[] = "brickproof";
	unsigned i;

	(void)state;
	crypto_sign_keypair(bytes + 64, secret);
	crypto_sign_detached(bytes, NULL, msg, sizeof(msg), secret);
	assert_int_equal(verify(bytes + 64, msg, sizeof(msg), bytes), 1);
	for (i = 0; i < 8 * sizeof(bytes); i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(verify(bytes + 64, msg, sizeof(msg), bytes), 0);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void random_signatures(void **state)
{
	uint8_t pub[32], secret[64], sig[64], msg[300];
	unsigned i;

	(void)state;
	for (i = 0; i < 400; i++) {
		uint32_t len = randombytes_uniform(sizeof(msg) + 1);

		crypto_sign_keypair(pub, secret);
		randombytes_buf(msg, sizeof(msg));
		crypto_sign_detached(sig, NULL, msg, len, secret);
		assert_int_equal(verify(pub, msg, len, sig), 1);
		sig[randombytes_uniform(64)] ^= (uint8_t)(1 + randombytes_uniform(255));
		assert_int_equal(verify(pub, msg, len, sig), 0);
	}
}

/* Bytes that nobody signed, half of them with an S below L so that the curve is reached. */
static void random_bytes(void **state)
{
	uint8_t pub[32], sig[64], msg[8];
	unsigned i;

	(void)state;
	for (i = 0; i < 400; i++) {
		randombytes_buf(pub, sizeof(pub));
		randombytes_buf(sig, sizeof(sig));
		randombytes_buf(msg, sizeof(msg));
		if (i % 2)
			sig[63] &= 0x0f;
		assert_int_equal(verify(pub, msg, sizeof(msg), sig), 0);
	}
}

/* S + k L satisfies the same equation: a second signature for the same message. */
static void s_not_below_l(void **state)
{
	uint8_t pub[32], secret[64], sig[64], msg[] = "malleable";
	unsigned i;

	(void)state;
	crypto_sign_keypair(pub, secret);
	crypto_sign_detached(sig, NULL, msg, sizeof(msg), secret);
	for (i = 0; i < 14; i++) { /* S + 14 L still fits 256 bits */
		add256(sig + 32, sig + 32, order_l);
		assert_int_equal(verify(pub, msg, sizeof(msg), sig), 0);
	}
}

/*
 * A key without secret: with A of order n, h a multiple of n and R = s B the
 * equation holds for any s. One message in 8 at least has such an h.
 */
static void small_order_key(void **state)
{
	const struct small *row = *state;
	uint8_t pub[32], sig[64], h[32];
	unsigned forged = 0;
	uint32_t msg;

	unhex(row->point, pub, sizeof(pub));
	crypto_core_ed25519_scalar_random(sig + 32);
	assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(sig, sig + 32), 0);
	for (msg = 0; forged < 3; msg++) {
		challenge(h, sig, pub, &msg, sizeof(msg));
		assert_int_equal(verify(pub, &msg, sizeof(msg), sig), 0);
		forged += h[0] % 8 == 0;
	}
}

/*
 * R of small order: with A = a B + T, S = h a the equation asks for R = -h T; some
 * message fits. T runs through all points of small order.
 */
static void small_order_r(void **state)
{
	const struct small *row = *state;
	uint8_t sig[64], secret[32], pub[32], torsion[32], h[32];
	uint32_t msg;
	size_t i;

	unhex(row->point, sig, 32);
	crypto_core_ed25519_scalar_random(secret);
	for (i = 0; i < 8; i++) {
		assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(pub, secret), 0);
		unhex(smalls[i].point, torsion, sizeof(torsion));
		assert_int_equal(crypto_core_ed25519_add(pub, pub, torsion), 0);
		for (msg = 0; msg < 24; msg++) {
			challenge(h, sig, pub, &msg, sizeof(msg));
			crypto_core_ed25519_scalar_mul(sig + 32, h, secret);
			assert_int_equal(verify(pub, &msg, sizeof(msg), sig), 0);
		}
	}
}

/*
 * A = a B + T with T of order 8: signatures hold only where h is a multiple of 8
 * (no cofactor in the equation). Both answers must occur.
 */
static void key_of_mixed_order(void **state)
{
	uint8_t secret[32], nonce[32], pub[32], torsion[32], sig[64], h[32];
	unsigned good = 0;
	uint32_t msg;

	(void)state;
	unhex(smalls[4].point, torsion, sizeof(torsion));
	crypto_core_ed25519_scalar_random(secret);
	crypto_core_ed25519_scalar_random(nonce);
	assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(pub, secret), 0);
	assert_int_equal(crypto_core_ed25519_add(pub, pub, torsion), 0);
	assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(sig, nonce), 0);
	for (msg = 0; msg < 300; msg++) {
		int answer;

		challenge(h, sig, pub, &msg, sizeof(msg));
		crypto_core_ed25519_scalar_mul(sig + 32, h, secret);
		crypto_core_ed25519_scalar_add(sig + 32, sig + 32, nonce);
		answer = verify(pub, &msg, sizeof(msg), sig);
		assert_int_equal(answer, h[0] % 8 == 0);
		good += (unsigned)answer;
	}
	assert_in_range(good, 1, 299);
}

/* y = p + k, 0 <= k < 19, are the 255-bit values with a second encoding. */
static void y_not_below_p(void **state)
{
	uint8_t twin[32], canonical[32], sig[64] = { 0 };
	unsigned k, sign, decoded = 0;
	struct ge p;

	(void)state;
	sig[32] = 1;
	for (k = 0; k < 19; k++) {
		for (sign = 0; sign < 2; sign++) {
			memset(canonical, 0, sizeof(canonical));
			canonical[0] = (uint8_t)k;
			canonical[31] = (uint8_t)(sign << 7);
			decoded += (unsigned)ge_decode(&p, canonical);
			memset(twin, 0xff, sizeof(twin));
			twin[0] = (uint8_t)(0xed + k);
			twin[31] = (uint8_t)(0x7f | sign << 7);
			assert_int_equal(ge_decode(&p, twin), 0);
			assert_int_equal(verify(twin, "x", 1, sig), 0);
		}
	}
	assert_true(decoded > 2); /* else nothing was told apart */
}

/* The first eight rows are the canonical ones: all of them are points, the others are none. */
static void all_small_points(void **state)
{
	uint8_t bytes[32];
	struct ge p;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(smalls); i++) {
		unhex(smalls[i].point, bytes, sizeof(bytes));
		assert_int_equal(ge_decode(&p, bytes), i < 8);
		if (i < 8)
			assert_int_equal(ge_is_small_order(&p), 1);
	}
}

#define FIXED 7

static struct CMUnitTest tests[FIXED + LENGTH(vectors) + 2 * LENGTH(smalls)] = {
	cmocka_unit_test(every_flipped_bit),
	cmocka_unit_test(random_signatures),
	cmocka_unit_test(random_bytes),
	cmocka_unit_test(s_not_below_l),
	cmocka_unit_test(key_of_mixed_order),
	cmocka_unit_test(y_not_below_p),
	cmocka_unit_test(all_small_points),
};

int main(void)
{
	size_t i, n = FIXED;

	if (sodium_init() < 0)
		return 99;
	for (i = 0; i < LENGTH(vectors); i++)
		tests[n++] = (struct CMUnitTest){
			.name = vectors[i].name, .test_func = published, .initial_state = (void *)&vectors[i],
		};
	for (i = 0; i < LENGTH(smalls); i++) {
		tests[n++] = (struct CMUnitTest){
			.name = smalls[i].name, .test_func = small_order_key, .initial_state = (void *)&smalls[i],
		};
		tests[n++] = (struct CMUnitTest){
			.name = smalls[i].name, .test_func = small_order_r, .initial_state = (void *)&smalls[i],
		};
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
