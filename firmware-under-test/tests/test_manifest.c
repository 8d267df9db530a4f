/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c - the signed manifest: what is read, and each thing that is refused. */
#include "agent/manifest.h"
#include "tests/fake_dut.h"
#include "tests/fake_manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAST 10u

static int setup(void **state)
{
	(void)state;
	fake_new(4, 0xff);
	fake_manifest_key();
	return 0;
}

/* manifest_open() on a copy of the very size, so that a sanitizer sees a byte too many read. */
static enum reason open_copy(const uint8_t *data, uint32_t len, struct manifest *m)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum reason why;

	assert_non_null(copy);
	memcpy(copy, data, len);
	why = manifest_open(copy, len, m);
	free(copy);
	return why;
}

static void test_good(void **state)
{
	struct fake_fields f = fake_fields_good();
	uint8_t bytes[FAKE_MANIFEST_BYTES];
	struct manifest m;

	(void)state;
	assert_int_equal(open_copy(bytes, fake_manifest(&f, bytes), &m), REASON_NONE);
	assert_string_equal(m.product, "fake");
	assert_int_equal(m.n_hw, 2);
	assert_int_equal(m.hw[1], 2);
	assert_int_equal(m.min_bootloader, 3);
	assert_int_equal(m.rollback_index, 10);
	assert_int_equal(m.version.major, 1);
	assert_int_equal(m.version.minor, 2);
	assert_int_equal(m.version.revision, 3);
	assert_int_equal(m.version.build, 4);
	assert_int_equal(m.n_payloads, 2);
	assert_int_equal(manifest_for_slot(&m, 1)->sha256[31], 0xa1);
	assert_int_equal(manifest_for_slot(&m, 0)->size, 100);
	assert_null(manifest_for_slot(&m, 2));
	assert_int_equal(manifest_check(&m, LEAST), REASON_NONE);
	assert_int_equal(fake.spent[DUT_COST_ED25519_VERIFY], 1);
}

/* ---- fields, each under a good signature ---------------------------------- */

struct field_row {
	const char *name;
	enum reason want;
	void (*change)(struct fake_fields *f);
};

#define CHANGE(name, code) static void change_##name(struct fake_fields *f) { code; }
CHANGE(nothing, (void)f)
CHANGE(format, f->format = 2)
CHANGE(product, f->product = "fakes")
CHANGE(product_prefix, f->product = "fak")
CHANGE(product_empty, f->product = "")
CHANGE(product_long, f->product = "0123456789012345678901234")
CHANGE(hw, (f->hw[0] = 3, f->n_hw = 1))
CHANGE(hw_none, f->n_hw = 0)
CHANGE(hw_many, f->n_hw = MANIFEST_MAX_HW + 1)
CHANGE(boot, f->min_bootloader = 4)
CHANGE(boot_older, f->min_bootloader = 0)
CHANGE(rollback, f->rollback_index = LEAST - 1)
CHANGE(rollback_higher, f->rollback_index = UINT32_MAX)
CHANGE(version_short, f->version = "1.2")
CHANGE(version_zero, f->version = "01.2.3")
CHANGE(version_major, f->version = "256.0.0")
CHANGE(version_minor, f->version = "0.256.0")
CHANGE(version_revision, f->version = "0.0.65536")
CHANGE(version_build, f->version = "0.0.0+4294967296")
CHANGE(version_most, f->version = "255.255.65535+4294967295")
CHANGE(version_tail, f->version = "1.2.3 ")
CHANGE(version_empty, f->version = "")
CHANGE(version_plus, f->version = "1.2.3+")
CHANGE(payloads_none, f->n_payloads = 0)
CHANGE(payloads_many, f->n_payloads = MANIFEST_MAX_PAYLOADS + 1)
CHANGE(payloads_same, f->payload[1].slot = 0)

static const struct field_row field_rows[] = {
	{"good", REASON_NONE, change_nothing},
	{"format 2", REASON_BAD_MANIFEST, change_format},
	{"another product", REASON_WRONG_PRODUCT, change_product},
	{"a prefix of the product", REASON_WRONG_PRODUCT, change_product_prefix},
	{"empty product", REASON_BAD_MANIFEST, change_product_empty},
	{"product too long", REASON_BAD_MANIFEST, change_product_long},
	{"another hardware", REASON_WRONG_HARDWARE, change_hw},
	{"no hardware", REASON_BAD_MANIFEST, change_hw_none},
	{"too many hardware revisions", REASON_BAD_MANIFEST, change_hw_many},
	{"newer bootloader wanted", REASON_BOOTLOADER_TOO_OLD, change_boot},
	{"older bootloader wanted", REASON_NONE, change_boot_older},
	{"rollback index too low", REASON_ROLLBACK_INDEX, change_rollback},
	{"rollback index higher", REASON_NONE, change_rollback_higher},
	{"version of two numbers", REASON_BAD_MANIFEST, change_version_short},
	{"version with a leading zero", REASON_BAD_MANIFEST, change_version_zero},
	{"major too large", REASON_BAD_MANIFEST, change_version_major},
	{"minor too large", REASON_BAD_MANIFEST, change_version_minor},
	{"revision too large", REASON_BAD_MANIFEST, change_version_revision},
	{"build too large", REASON_BAD_MANIFEST, change_version_build},
	{"largest version", REASON_NONE, change_version_most},
	{"version with a tail", REASON_BAD_MANIFEST, change_version_tail},
	{"empty version", REASON_BAD_MANIFEST, change_version_empty},
	{"version with an empty build", REASON_BAD_MANIFEST, change_version_plus},
	{"no payload", REASON_BAD_MANIFEST, change_payloads_none},
	{"too many payloads", REASON_BAD_MANIFEST, change_payloads_many},
	{"two payloads for a slot", REASON_BAD_MANIFEST, change_payloads_same},
};

static void test_field(void **state)
{
	const struct field_row *row = *state;
	struct fake_fields f = fake_fields_good();
	uint8_t bytes[FAKE_MANIFEST_BYTES];
	struct manifest m;
	enum reason why;

	setup(NULL);
	row->change(&f);
	why = open_copy(bytes, fake_manifest(&f, bytes), &m);
	if (why == REASON_NONE)
		why = manifest_check(&m, LEAST);
	assert_string_equal(reason_name(why), reason_name(row->want));
}

/* ---- other encodings of the same fields, validly signed -------------------- */

struct encoding_row {
	const char *name;
	uint32_t at, cut, n;   /* replace `cut` bytes at `at` by the n of `put`; at UINT32_MAX: the end */
	uint8_t put[4];
};

/* The map begins a7 01 01 02 64 "fake" 03 82 01 02 04 03. */
static const struct encoding_row encoding_rows[] = {
	{"map of indefinite length", 0, 1, 1, {0xbf}},
	{"map one pair short", 0, 1, 1, {0xa6}},
	{"map one pair long", 0, 1, 1, {0xa8}},
	{"array instead of a map", 0, 1, 1, {0x87}},
	{"key not in its shortest form", 1, 1, 2, {0x18, 0x01}},
	{"value not in its shortest form", 2, 1, 3, {0x19, 0x00, 0x01}},
	{"keys in another order", 3, 1, 1, {0x03}},
	{"product as bytes", 4, 1, 1, {0x44}},
	{"product with a NUL", 6, 1, 1, {0x00}},
	{"text longer than the input", 4, 1, 2, {0x79, 0xff}},
	{"hardware revision negative", 11, 1, 1, {0x20}},
	{"hardware revision of 64 bits", 11, 1, 0, {0}},
	{"a byte behind the map", UINT32_MAX, 0, 1, {0x00}},
	{"nothing", 0, UINT32_MAX, 0, {0}},
	{"empty map", 0, UINT32_MAX, 1, {0xa0}},
};

static void test_encoding(void **state)
{
	const struct encoding_row *row = *state;
	uint8_t payload[FAKE_MANIFEST_BYTES], bytes[FAKE_MANIFEST_BYTES];
	struct fake_fields f = fake_fields_good();
	uint32_t len = fake_payload(&f, payload), at = row->at < len ? row->at : len;
	uint32_t cut = row->cut < len - at ? row->cut : len - at;
	struct manifest m;

	setup(NULL);
	memmove(payload + at + row->n, payload + at + cut, len - at - cut);
	memcpy(payload + at, row->put, row->n);
	len += row->n - cut;
	len = fake_cose(payload, len, FAKE_KEY_GOOD, FAKE_KEY_GOOD, bytes);
	assert_string_equal(reason_name(open_copy(bytes, len, &m)), "BAD_MANIFEST");
}

/* ---- the envelope --------------------------------------------------------- */

struct signer_row {
	const char *name;
	enum fake_key named, by;
	enum reason want;
};

static const struct signer_row signer_rows[] = {
	{"signed", FAKE_KEY_GOOD, FAKE_KEY_GOOD, REASON_NONE},
	{"unsigned", FAKE_KEY_GOOD, FAKE_KEY_NONE, REASON_UNSIGNED},
	{"unsigned, no key id", FAKE_KEY_NONE, FAKE_KEY_NONE, REASON_UNSIGNED},
	{"signed by a stranger", FAKE_KEY_STRANGER, FAKE_KEY_STRANGER, REASON_UNKNOWN_KEY},
	{"signed, no key id", FAKE_KEY_NONE, FAKE_KEY_GOOD, REASON_UNKNOWN_KEY},
	{"signed by a stranger under the good key's id", FAKE_KEY_GOOD, FAKE_KEY_STRANGER, REASON_BAD_SIGNATURE},
};

static void test_signer(void **state)
{
	const struct signer_row *row = *state;
	uint8_t payload[FAKE_MANIFEST_BYTES], bytes[FAKE_MANIFEST_BYTES];
	struct fake_fields f = fake_fields_good();
	uint32_t len = fake_payload(&f, payload);
	struct manifest m;

	setup(NULL);
	len = fake_cose(payload, len, row->named, row->by, bytes);
	assert_string_equal(reason_name(open_copy(bytes, len, &m)), reason_name(row->want));
}

/* No flipped bit, no missing byte and no byte too many goes unnoticed. */
static void test_damage(void **state)
{
	uint8_t bytes[FAKE_MANIFEST_BYTES + 1];
	struct fake_fields f = fake_fields_good();
	uint32_t len = fake_manifest(&f, bytes);
	struct manifest m;

	(void)state;
	fake.accel = 1; /* lengths are the parser's to notice, whatever the signature says */
	for (uint32_t cut = 0; cut < len; cut++)
		assert_int_equal(open_copy(bytes, cut, &m), REASON_BAD_MANIFEST);
	bytes[len] = 0;
	assert_int_equal(open_copy(bytes, len + 1, &m), REASON_BAD_MANIFEST);
	fake.accel = -1;
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(open_copy(bytes, len, &m), REASON_NONE);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(open_copy(bytes, len, &m), REASON_NONE);
}

/* Any byte at any place, with a signature that is always good: the parser alone must hold. */
static void test_bytes_at_every_place(void **state)
{
	uint8_t bytes[FAKE_MANIFEST_BYTES];
	struct fake_fields f = fake_fields_good();
	uint32_t len = fake_manifest(&f, bytes);
	struct manifest m;

	(void)state;
	fake.accel = 1;
	for (uint32_t at = 0; at < len; at++) {
		uint8_t kept = bytes[at];

		for (unsigned v = 0; v < 256; v++) {
			bytes[at] = (uint8_t)v;
			if (open_copy(bytes, len, &m) == REASON_NONE)
				assert_in_range(m.n_payloads, 1, MANIFEST_MAX_PAYLOADS);
		}
		bytes[at] = kept;
	}
}

static void test_largest(void **state)
{
	uint8_t payload[FAKE_MANIFEST_BYTES], bytes[FAKE_MANIFEST_BYTES];
	struct manifest m;
	uint32_t len;

	(void)state;
	memset(payload, 0, sizeof(payload));
	/* Around a payload of 256 bytes or more are 86: heads, protected header, signature. */
	len = fake_cose(payload, 1024 - 86, FAKE_KEY_GOOD, FAKE_KEY_STRANGER, bytes);
	assert_int_equal(len, 1024);
	assert_int_equal(open_copy(bytes, len, &m), REASON_BAD_SIGNATURE);
	len = fake_cose(payload, 1025 - 86, FAKE_KEY_GOOD, FAKE_KEY_STRANGER, bytes);
	assert_int_equal(open_copy(bytes, len, &m), REASON_BAD_MANIFEST);
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define PLAIN 4u

int main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS(field_rows) + ROWS(encoding_rows) + ROWS(signer_rows)] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_damage, setup),
		cmocka_unit_test_setup(test_bytes_at_every_place, setup),
		cmocka_unit_test_setup(test_largest, setup),
	};
	size_t n = PLAIN;

	for (size_t i = 0; i < ROWS(field_rows); i++)
		tests[n++] = (struct CMUnitTest){field_rows[i].name, test_field, NULL, NULL, (void *)(uintptr_t)&field_rows[i]};
	for (size_t i = 0; i < ROWS(encoding_rows); i++)
		tests[n++] = (struct CMUnitTest){encoding_rows[i].name, test_encoding, NULL, NULL, (void *)(uintptr_t)&encoding_rows[i]};
	for (size_t i = 0; i < ROWS(signer_rows); i++)
		tests[n++] = (struct CMUnitTest){signer_rows[i].name, test_signer, NULL, NULL, (void *)(uintptr_t)&signer_rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
