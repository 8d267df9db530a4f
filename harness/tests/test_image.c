/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"
#include "image/key.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BODY_BYTES 16u
#define HASHED_BYTES (32u + BODY_BYTES + 12u) /* header, body, protected TLVs */
#define SIGNED_BYTES (HASHED_BYTES + 4u + 36u + 36u + 68u)

static const uint8_t body[BODY_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Header, body and protected TLVs put together by hand after MCUboot's image.h. */
static const uint8_t hashed_by_hand[HASHED_BYTES] = {
	0x3d, 0xb8, 0xf3, 0x96, /* magic */
	0x00, 0xd0, 0x00, 0x00, /* load address 0xd000 */
	0x20, 0x00,             /* header 32 */
	0x0c, 0x00,             /* protected TLVs 12 */
	0x10, 0x00, 0x00, 0x00, /* body 16 */
	0x00, 0x01, 0x00, 0x00, /* ROM_FIXED */
	1, 2, 0x04, 0x03, 0x08, 0x07, 0x06, 0x05, /* 1.2.772+84281096 */
	0, 0, 0, 0,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	0x08, 0x69, 0x0c, 0x00, /* protected area, 12 bytes */
	0x50, 0x00, 0x04, 0x00, 0x0b, 0x00, 0x00, 0x00, /* security counter 11 */
};

static struct bp_arena *arena;
static struct bp_key key, other;
static struct bp_err err;

static int setup(void **state)
{
	uint8_t seed[32] = {1};

	(void)state;
	bp_key_from_seed(seed, "good", &key);
	seed[0] = 2;
	bp_key_from_seed(seed, "other", &other);
	arena = bp_arena_new((size_t)1 << 20);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static struct bp_image_spec spec_for(const struct bp_key *k)
{
	return (struct bp_image_spec){
		.load_addr = 0xd000,
		.version = {1, 2, 0x0304, 0x05060708},
		.security_counter = 11,
		.body = body,
		.body_len = BODY_BYTES,
		.key = k,
	};
}

static struct bp_bytes build(const struct bp_key *k)
{
	struct bp_image_spec spec = spec_for(k);
	struct bp_bytes out = {0};

	assert_int_equal(bp_image_build(arena, &spec, &out, &err), 0);
	assert_int_equal(out.len, bp_image_size(&spec));
	return out;
}

static void test_bytes_as_by_hand(void **state)
{
	struct bp_bytes img = build(&key);
	uint8_t digest[32], keyhash[32];
	const uint8_t *p = img.data + HASHED_BYTES;

	(void)state;
	assert_int_equal(img.len, SIGNED_BYTES);
	assert_memory_equal(img.data, hashed_by_hand, HASHED_BYTES);
	assert_memory_equal(p, "\x07\x69\x90\x00", 4); /* area of 144 bytes */
	assert_memory_equal(p + 4, "\x10\x00\x20\x00", 4);
	crypto_hash_sha256(digest, hashed_by_hand, HASHED_BYTES);
	assert_memory_equal(p + 8, digest, 32);
	assert_memory_equal(p + 40, "\x01\x00\x20\x00", 4);
	bp_key_hash(&key, keyhash);
	assert_memory_equal(p + 44, keyhash, 32);
	assert_memory_equal(p + 76, "\x24\x00\x40\x00", 4);
	assert_int_equal(crypto_sign_verify_detached(p + 80, digest, 32, key.pub), 0);
}

static void test_parse_gives_fields(void **state)
{
	struct bp_bytes img = build(&key);
	struct bp_image_info info;

	(void)state;
	assert_int_equal(bp_image_parse(img.data, img.len, &info, &err), 0);
	assert_int_equal(info.load_addr, 0xd000);
	assert_int_equal(info.body_len, BODY_BYTES);
	assert_int_equal(info.header_len, 32);
	assert_int_equal(info.prot_len, 12);
	assert_int_equal(info.flags, BP_IMAGE_F_ROM_FIXED);
	assert_int_equal(info.version.revision, 0x0304);
	assert_int_equal(info.version.build, 0x05060708);
	assert_int_equal(info.prot_at, 48);
	assert_int_equal(info.tlv_at, 60);
	assert_int_equal(info.counter_at, 56);
	assert_int_equal(info.sha_at, 68);
	assert_int_equal(info.keyhash_at, 104);
	assert_int_equal(info.sig_at, 140);
	assert_int_equal(info.end, SIGNED_BYTES);
	assert_int_equal(info.has_counter, 1);
	assert_int_equal(info.security_counter, 11);
}

static void test_build_is_deterministic(void **state)
{
	struct bp_bytes a = build(&key), b = build(&key);

	(void)state;
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

static void test_unsigned_has_hash_only(void **state)
{
	struct bp_bytes img = build(NULL);
	struct bp_image_info info;

	(void)state;
	assert_int_equal(img.len, HASHED_BYTES + 4 + 36);
	assert_int_equal(bp_image_parse(img.data, img.len, &info, &err), 0);
	assert_int_equal(info.sig_at, 0);
	assert_int_equal(info.keyhash_at, 0);
	assert_int_equal(bp_image_verify(img.data, img.len, NULL, &err), 0);
	assert_int_equal(bp_image_verify(img.data, img.len, &key, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "no Ed25519 signature"));
}

static void test_build_refuses(void **state)
{
	struct bp_image_spec spec = spec_for(&key);
	struct bp_key pub_only = key;
	struct bp_bytes out;

	(void)state;
	spec.body_len = 0;
	assert_int_equal(bp_image_build(arena, &spec, &out, &err), BP_ECONFIG);
	spec.body_len = BP_IMAGE_MAX_BYTES;
	assert_int_equal(bp_image_build(arena, &spec, &out, &err), BP_ECONFIG);
	spec.body_len = SIZE_MAX;
	assert_int_equal(bp_image_build(arena, &spec, &out, &err), BP_ECONFIG);
	pub_only.has_secret = 0;
	spec = spec_for(&pub_only);
	assert_int_equal(bp_image_build(arena, &spec, &out, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "no secret half"));
}

static void test_verify_names_the_key(void **state)
{
	struct bp_bytes img = build(&key);
	struct bp_key pub_only = key;

	(void)state;
	pub_only.has_secret = 0;
	memset(pub_only.secret, 0, sizeof(pub_only.secret));
	assert_int_equal(bp_image_verify(img.data, img.len, &pub_only, &err), 0);
	assert_int_equal(bp_image_verify(img.data, img.len, &other, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "another key than 'other'"));
}

/* There is no bit that may change: header, body and protected TLVs are hashed, the TLVs are all needed. */
static void test_every_bit_flip_is_found(void **state)
{
	struct bp_bytes img = build(&key);

	(void)state;
	assert_int_equal(bp_image_verify(img.data, img.len, &key, &err), 0);
	for (size_t bit = 0; bit < img.len * 8; bit++) {
		img.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bp_image_verify(img.data, img.len, &key, &err) != BP_ECONFIG)
			fail_msg("bit %zu", bit);
		img.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(bp_image_verify(img.data, img.len, &key, &err), 0);
}

static void test_every_truncation_is_found(void **state)
{
	struct bp_bytes img = build(&key);
	struct bp_image_info info;

	(void)state;
	for (size_t len = 0; len < img.len; len++) {
		/* A copy of its own size, so that a sanitizer sees a byte too far. */
		uint8_t *cut = test_malloc(len + 1);

		memcpy(cut + 1, img.data, len);
		if (bp_image_parse(cut + 1, len, &info, &err) != BP_ECONFIG)
			fail_msg("%zu bytes", len);
		test_free(cut);
	}
}

static void test_bytes_behind_are_allowed(void **state)
{
	struct bp_bytes img = build(&key);
	uint8_t slot[512];
	struct bp_image_info info;

	(void)state;
	memset(slot, 0xff, sizeof(slot));
	memcpy(slot, img.data, img.len);
	assert_int_equal(bp_image_parse(slot, sizeof(slot), &info, &err), 0);
	assert_int_equal(info.end, img.len);
	assert_int_equal(bp_image_verify(slot, sizeof(slot), &key, &err), 0);
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *name;
		size_t at, len;
		const char *patch, *says;
	} rows[] = {
		{"magic", 0, 1, "\x00", "offset 0: magic 0x96f3b800; expected 0x96f3b83d"},
		{"header too short", 8, 2, "\x1f\x00", "offset 8: header of 31 bytes"},
		{"header past the end", 8, 2, "\xff\xff", "offset 8: header of 65535 bytes"},
		{"body past the end", 12, 4, "\xff\xff\xff\xff", "offset 12: body of 4294967295 bytes"},
		{"protected area's magic", 48, 2, "\x07\x69", "offset 48: protected TLV area begins with 0x6907"},
		{"protected area's length", 50, 2, "\x08\x00", "offset 52: TLV 0x50 of 4 bytes runs past its area"},
		{"protected area and header differ", 10, 2, "\x0d\x00", "offset 48: protected TLV area of 12 bytes; the header"},
		{"no protected area", 10, 2, "\x00\x00", "offset 48: TLV area begins with 0x6908"},
		{"counter of three bytes", 54, 2, "\x03\x00", "offset 52: TLV 0x50 has 3 bytes; expected 4"},
		{"area shorter than its head", 62, 2, "\x03\x00", "offset 60: TLV area of 3 bytes"},
		{"area past the end", 62, 2, "\x91\x00", "offset 60: TLV area of 145 bytes; 144 are there"},
		{"TLV past its area", 138, 2, "\x41\x00", "offset 136: TLV 0x24 of 65 bytes runs past"},
		{"left-over bytes", 138, 2, "\x3e\x00", "offset 202: 2 bytes left over"},
		{"hash twice", 100, 1, "\x10", "offset 100: TLV 0x10 comes twice"},
	};
	struct bp_image_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_bytes img = build(&key);

		memcpy(img.data + rows[i].at, rows[i].patch, rows[i].len);
		if (rows[i].at == 138 && rows[i].len == 2 && rows[i].patch[0] == 0x3e)
			img.data[136] = 0xa0; /* a type without a fixed length */
		if (bp_image_parse(img.data, img.len, &info, &err) != BP_ECONFIG || !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.text);
	}
}

static void test_resign(void **state)
{
	struct bp_bytes img = build(&key);

	(void)state;
	img.data[40] ^= 1;
	assert_int_equal(bp_image_resign(img.data, img.len, NULL, &err), 0);
	assert_int_equal(bp_image_verify(img.data, img.len, NULL, &err), 0);
	assert_int_equal(bp_image_verify(img.data, img.len, &key, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "signature does not fit"));
	assert_int_equal(bp_image_resign(img.data, img.len, &other, &err), 0);
	assert_int_equal(bp_image_verify(img.data, img.len, &other, &err), 0);
	assert_int_equal(bp_image_resign(img.data, img.len, &key, &err), 0);
	assert_int_equal(bp_image_verify(img.data, img.len, &key, &err), 0);
}

static void test_fill_is_seeded(void **state)
{
	uint8_t a[37], b[64], c[64], d[64];

	(void)state;
	bp_image_fill(a, sizeof(a), 1, 0);
	bp_image_fill(b, sizeof(b), 1, 0);
	bp_image_fill(c, sizeof(c), 2, 0);
	bp_image_fill(d, sizeof(d), 1, 1);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(b, c, sizeof(b));
	assert_memory_not_equal(b, d, sizeof(b));
}

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		struct bp_version v;
	} good[] = {
		{"0.0.0", {0, 0, 0, 0}},
		{"1.2.3", {1, 2, 3, 0}},
		{"1.2.3+4", {1, 2, 3, 4}},
		{"255.255.65535+4294967295", {255, 255, 65535, 4294967295u}},
	};
	static const char *const bad[] = {
		"",       "1",       "1.2",      "1.2.",    "1.2.3.",      "1.2.3+",   "1.2.3-4",
		"v1.2.3", "01.2.3",  "256.0.0",  "0.256.0", "0.0.65536",   "1.2.3+4 ", " 1.2.3",
		"1..3",   "1.2.3++4", "-1.2.3",  "0x1.2.3", "0.0.0+4294967296",
	};
	struct bp_version v;
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(bp_version_parse(good[i].text, &v, &err), 0);
		assert_memory_equal(&v, &good[i].v, sizeof(v));
		assert_string_equal(bp_version_show(text, &v), good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bp_version_parse(bad[i], &v, &err) != BP_ECONFIG || !strstr(err.text, "major.minor.revision"))
			fail_msg("'%s'", bad[i]);
}

static void test_versions_compare(void **state)
{
	static const struct bp_version rising[] = {
		{0, 9, 9, 9}, {1, 0, 0, 0}, {1, 0, 0, 1}, {1, 0, 1, 0}, {1, 1, 0, 0}, {2, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++) {
			int want = i < j ? -1 : i > j;

			assert_int_equal(bp_version_compare(&rising[i], &rising[j]), want);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_as_by_hand),
		cmocka_unit_test(test_parse_gives_fields),
		cmocka_unit_test(test_build_is_deterministic),
		cmocka_unit_test(test_unsigned_has_hash_only),
		cmocka_unit_test(test_build_refuses),
		cmocka_unit_test(test_verify_names_the_key),
		cmocka_unit_test(test_every_bit_flip_is_found),
		cmocka_unit_test(test_every_truncation_is_found),
		cmocka_unit_test(test_bytes_behind_are_allowed),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_resign),
		cmocka_unit_test(test_fill_is_seeded),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_versions_compare),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
