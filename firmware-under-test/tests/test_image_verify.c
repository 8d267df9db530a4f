/* SPDX-License-Identifier: Apache-2.0 */
/* test_image_verify.c - what an image in a slot may be, and what each damage to it is called. */
#include "boot/image_verify.h"

#include "lib/sha256.h"
#include "tests/fake_dut.h"
#include "tests/fake_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SHA_AT (FAKE_IMAGE_TLV_AT + 4u)
#define KEY_AT (SHA_AT + 36u)
#define SIG_AT (KEY_AT + 36u)

static void new_image(void)
{
	fake_new(4, 0xff);
	fake_keys();
	fake_image(1, 11, 7);
	fake_power_on(0);
}

static void test_good(void **state)
{
	struct image_info info;

	(void)state;
	new_image();
	assert_int_equal(image_verify(1, 11, &info), REASON_NONE);
	assert_int_equal(info.counter, 11);
	assert_int_equal(info.size, FAKE_IMAGE_BYTES);
	assert_int_equal(info.version.major, 1);
	assert_int_equal(info.version.minor, 7);
	assert_memory_equal(info.digest, fake_slot(1) + SHA_AT + 4, 32);
	/* Hashed: the image up to its TLVs, and one key of DER; each costs, accelerator or not. */
	assert_int_equal(fake.spent[DUT_COST_SHA256], FAKE_IMAGE_TLV_AT + 44);
	assert_int_equal(fake.spent[DUT_COST_ED25519_VERIFY], 1);
	assert_int_equal(image_inspect(1, &info), REASON_NONE);
	assert_int_equal(image_inspect(0, &info), REASON_BAD_IMAGE);
	assert_int_equal(image_inspect(2, &info), REASON_BAD_IMAGE);
}

/* One byte of the image becomes `value`; `rehash`: the SHA-256 TLV is made to fit again. */
static const struct row {
	const char *name;
	uint32_t at;
	uint8_t value;
	int rehash;
	enum reason want;
} rows[] = {
	{"magic", 0, 0, 1, REASON_BAD_IMAGE},
	{"load address", 5, 0xee, 1, REASON_WRONG_SLOT},
	{"header shorter than a header", 8, 31, 1, REASON_BAD_IMAGE},
	{"header longer than the slot", 9, 0xff, 1, REASON_BAD_IMAGE},
	{"body larger than the slot", 13, 0x20, 1, REASON_BAD_IMAGE},
	{"body beyond 32 bits of address", 15, 0xff, 1, REASON_BAD_IMAGE},
	{"protected area beyond the slot", 11, 0xff, 1, REASON_BAD_IMAGE},
	{"protected area not of the header's size", 10, 11, 1, REASON_BAD_IMAGE},
	{"protected area's magic", FAKE_IMAGE_PROT_AT, 7, 1, REASON_BAD_IMAGE},
	{"protected area empty of itself", FAKE_IMAGE_PROT_AT + 2, 3, 1, REASON_BAD_IMAGE},
	{"counter of five bytes", FAKE_IMAGE_PROT_AT + 6, 5, 1, REASON_BAD_IMAGE},
	{"counter of three bytes", FAKE_IMAGE_PROT_AT + 6, 3, 1, REASON_BAD_IMAGE},
	{"TLV area's magic", FAKE_IMAGE_TLV_AT, 8, 1, REASON_BAD_IMAGE},
	{"TLV area longer than is taken", FAKE_IMAGE_TLV_AT + 3, 3, 1, REASON_BAD_IMAGE},
	{"TLV past its area", SIG_AT + 2, 65, 1, REASON_BAD_IMAGE},
	{"signature too short", SIG_AT + 2, 60, 1, REASON_BAD_IMAGE},
	{"no hash", SHA_AT, 0xa0, 0, REASON_BAD_IMAGE},
	{"hash twice", KEY_AT, 0x10, 0, REASON_BAD_IMAGE},
	{"body", 100, 1, 0, REASON_BAD_HASH},
	{"counter, not hashed anew", FAKE_IMAGE_PROT_AT + 8, 99, 0, REASON_BAD_HASH},
	{"hash", SHA_AT + 4, 1, 0, REASON_BAD_HASH},
	{"no signature", SIG_AT, 0xa0, 0, REASON_UNSIGNED},
	{"no key hash", KEY_AT, 0xa0, 0, REASON_UNKNOWN_KEY},
	{"another key", KEY_AT + 4, 1, 0, REASON_UNKNOWN_KEY},
	{"older", FAKE_IMAGE_PROT_AT + 8, 10, 1, REASON_ROLLBACK_INDEX},
	{"no counter", FAKE_IMAGE_PROT_AT + 4, 0xa0, 1, REASON_ROLLBACK_INDEX},
};

static void test_damage(void **state)
{
	struct image_info info;

	(void)state;
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum reason why;

		new_image();
		fake_slot(1)[rows[i].at] = rows[i].value;
		if (rows[i].rehash)
			fake_rehash(1);
		why = image_verify(1, 11, &info);
		if (why != rows[i].want)
			fail_msg("%s: %s", rows[i].name, reason_name(why));
	}
}

static void test_bad_signature(void **state)
{
	struct image_info info;

	(void)state;
	new_image();
	fake.accel = 0;
	assert_int_equal(image_verify(1, 11, &info), REASON_BAD_SIGNATURE);
	fake.accel = -1; /* computed here: all zeros is no signature of that key */
	assert_int_equal(image_verify(1, 11, &info), REASON_BAD_SIGNATURE);
}

static void test_the_other_slots_image(void **state)
{
	struct image_info info;

	(void)state;
	new_image();
	memcpy(fake_slot(0), fake_slot(1), FAKE_IMAGE_BYTES);
	assert_int_equal(image_verify(0, 0, &info), REASON_WRONG_SLOT);
}

static void test_torn_unit_with_ecc(void **state)
{
	struct image_info info;

	(void)state;
	new_image();
	fake.ecc = 1;
	fake.weak[fake_slot(1) - fake.flash + 100] = 1;
	assert_int_equal(image_verify(1, 11, &info), REASON_BAD_HASH);
	fake.weak[fake_slot(1) - fake.flash + SIG_AT] = 1;
	assert_int_equal(image_verify(1, 11, &info), REASON_BAD_IMAGE);
}

/* Every flipped bit is noticed, but for TLVs that nothing covers and nobody needs. */
static void test_every_flipped_bit(void **state)
{
	struct image_info info;

	(void)state;
	new_image();
	for (uint32_t bit = 0; bit < (SIG_AT + 4) * 8; bit++) {
		fake_slot(1)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(image_verify(1, 0, &info), REASON_NONE);
		fake_slot(1)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void test_empty_rows_hold_no_key(void **state)
{
	static const uint8_t sig[64];

	(void)state;
	new_image();
	assert_int_equal(key_verify(1, "x", 1, sig), 1);
	assert_int_equal(key_verify(0, "x", 1, sig), 0);
	assert_int_equal(key_verify(DUT_MAX_KEYS, "x", 1, sig), 0);
}

static void test_hash_in_pieces(void **state)
{
	static const uint32_t lengths[] = {0, 1, 511, 512, 513, 4096};
	uint8_t digest[32], want[32];

	(void)state;
	new_image();
	for (uint32_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct sha256 s;

		sha256_init(&s);
		sha256_update(&s, fake_slot(1), lengths[i]);
		sha256_final(&s, want);
		assert_int_equal(flash_sha256(fake.board.area[DUT_AREA_SLOT_B].addr, lengths[i], digest), 0);
		assert_memory_equal(digest, want, sizeof(want));
	}
	assert_int_equal(flash_sha256(FAKE_FLASH_BYTES - 1, 2, digest), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_bad_signature),
		cmocka_unit_test(test_the_other_slots_image),
		cmocka_unit_test(test_torn_unit_with_ecc),
		cmocka_unit_test(test_every_flipped_bit),
		cmocka_unit_test(test_empty_rows_hold_no_key),
		cmocka_unit_test(test_hash_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
