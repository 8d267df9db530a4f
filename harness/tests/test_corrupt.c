/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/corrupt.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BODY_BYTES 4096u
#define SLOT_BYTES 8192u
#define SLOT_ADDR 0x4000u
#define SEEDS 24

/* What a damaged payload or manifest must fail at; several when the seed decides. */
enum {
	PARSE = 1, /* its structure */
	HASH = 2,  /* SHA-256 TLV of an image */
	SIG = 4,   /* signature, or the key that it is from */
	NONE = 8,  /* nothing: well made, but not what the device may take */
};

static const struct {
	const char *name;
	unsigned fails;
} expected[] = {
	{"truncate-one", PARSE},
	{"truncate-half", PARSE},
	{"truncate-header", PARSE},
	{"one-byte", PARSE},
	{"empty", PARSE},
	{"append-one", NONE},
	{"oversize-slot-by-one", NONE},
	{"swap-halves", PARSE},
	{"swap-chunks", PARSE | HASH},
	{"repeat-chunk", HASH},
	{"drop-chunk", PARSE},
	{"double-chunk", PARSE},
	{"all-zero", PARSE},
	{"all-ff", PARSE},
	{"body-bit", HASH},
	{"body-byte", HASH},
	{"body-zero-page", HASH},
	{"body-ff-page", HASH},
	{"header-magic", PARSE},
	{"header-length-over", PARSE},
	{"header-size-plus-one", PARSE},
	{"header-load-addr", HASH},
	{"header-version", HASH},
	{"header-flags", HASH},
	{"prot-tlv-counter-up", HASH},
	{"prot-tlv-length-over", PARSE},
	{"tlv-magic", PARSE},
	{"tlv-length-over", PARSE},
	{"tlv-hash-flip", HASH},
	{"tlv-hash-missing", HASH},
	{"tlv-keyhash-flip", SIG},
	{"tlv-sig-flip", SIG},
	{"tlv-sig-zero", SIG},
	{"body-bit-source", HASH},
	{"hash-missing-source", HASH},
	{"hash-recomputed-sig-stale", SIG},
	{"sig-missing", SIG},
	{"sig-stripped-hash-ok", SIG},
	{"sig-unknown-key", SIG},
	{"sig-revoked-key", SIG},
	{"sig-wrong-key", SIG},
	{"sig-s-plus-l", SIG},
	{"load-addr-resigned", NONE},
	{"counter-lower-resigned", NONE},
	{"counter-zero-resigned", NONE},
	{"counter-missing-resigned", NONE},
	{"size-over-slot-source", NONE},
	{"manifest-product", NONE},
	{"manifest-hardware", NONE},
	{"manifest-bootloader", NONE},
	{"manifest-rollback-lower", NONE},
	{"manifest-format", PARSE},
	{"manifest-other-image", NONE},
	{"manifest-size-plus-one", NONE},
	{"manifest-size-minus-one", NONE},
	{"manifest-other-slot-only", NONE},
	{"manifest-unknown-key", SIG},
	{"manifest-wrong-key", SIG},
	{"manifest-indefinite", PARSE},
	{"manifest-long-integer", PARSE},
	{"manifest-duplicate-key", PARSE},
	{"manifest-unknown-field", PARSE},
	{"manifest-empty", PARSE},
	{"manifest-unsigned", SIG},
	{"manifest-sig-flip", SIG},
	{"manifest-sig-s-plus-l", SIG},
	{"manifest-key-id-flip", SIG},
	{"manifest-payload-flip", PARSE | SIG},
	{"manifest-truncated", PARSE},
	{"manifest-append-one", PARSE},
	{"manifest-not-cbor", PARSE},
};

#define N_EXPECTED (sizeof(expected) / sizeof(expected[0]))

static struct bp_arena *arena;
static struct bp_key key, other;
static struct bp_bytes image, cose;
static struct bp_manifest manifest;
static struct bp_err err;

static void make_manifest(void)
{
	manifest = (struct bp_manifest){
		.format = 1,
		.product = "reference",
		.hw = {2, 3, 5},
		.n_hw = 3,
		.min_bootloader = 3,
		.rollback_index = 11,
		.version = "1.1.0",
		.payload = {{.slot = 0, .size = (uint32_t)image.len}, {.slot = 1, .size = (uint32_t)image.len}},
		.n_payloads = 2,
	};
	crypto_hash_sha256(manifest.payload[0].sha256, image.data, image.len);
	manifest.payload[1].sha256[0] = 1;
}

static int setup(void **state)
{
	static uint8_t body[BODY_BYTES];
	uint8_t seed[32] = {1};
	struct bp_image_spec spec = {
		.load_addr = SLOT_ADDR,
		.version = {1, 1, 0, 0},
		.security_counter = 11,
		.body = body,
		.body_len = sizeof(body),
		.key = &key,
	};

	(void)state;
	bp_key_from_seed(seed, "good", &key);
	seed[0] = 2;
	bp_key_from_seed(seed, "other", &other);
	bp_image_fill(body, sizeof(body), 1, 0);
	arena = bp_arena_new((size_t)256 << 20);
	if (!arena || bp_image_build(arena, &spec, &image, &err) < 0)
		return -1;
	make_manifest();
	return bp_manifest_sign(arena, &manifest, &key, &cose, &err);
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static struct bp_edit_context context(uint64_t seed)
{
	return (struct bp_edit_context){
		.arena = arena,
		.seed = seed,
		.key = &key,
		.other_key = &other,
		.revoked_key = &other,
		.slot_size = SLOT_BYTES,
		.manifest = &manifest,
	};
}

static struct bp_bytes input_of(const struct bp_operator *op)
{
	return op->target == BP_EDIT_PAYLOAD ? image : cose;
}

/* op on its input; the input stays as it is. */
static struct bp_bytes apply(const char *name, uint64_t seed)
{
	const struct bp_operator *op = bp_operator_find(name);
	struct bp_edit_context ctx = context(seed);
	struct bp_bytes in, out = {0}, before;

	if (!op)
		fail_msg("%s: no such operator", name);
	in = input_of(op);
	before = (struct bp_bytes){.data = bp_arena_alloc(arena, in.len), .len = in.len};
	memcpy(before.data, in.data, in.len);
	if (op->apply(&ctx, in.data, in.len, &out, &err) != 0)
		fail_msg("%s: %s", name, err.text);
	assert_memory_equal(before.data, in.data, in.len);
	return out;
}

static unsigned image_fails(const struct bp_bytes *b)
{
	struct bp_image_info info;

	if (bp_image_parse(b->data, b->len, &info, &err) != 0)
		return PARSE;
	if (bp_image_verify(b->data, b->len, NULL, &err) != 0)
		return HASH;
	return bp_image_verify(b->data, b->len, &key, &err) != 0 ? SIG : NONE;
}

static unsigned manifest_fails(const struct bp_bytes *b)
{
	uint8_t id[BP_KEY_ID_BYTES];
	struct bp_manifest m;

	if (bp_manifest_parse(b->data, b->len, &m, id, &err) != 0)
		return PARSE;
	return bp_manifest_verify(b->data, b->len, &key, &err) != 0 ? SIG : NONE;
}

static void test_table(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct bp_operator *op = bp_operators; op->name; op++, n++) {
		assert_non_null(op->help);
		assert_non_null(op->apply);
		assert_ptr_equal(bp_operator_find(op->name), op); /* names differ */
		assert_int_equal(op->target == BP_EDIT_MANIFEST, strncmp(op->name, "manifest-", 9) == 0);
	}
	assert_int_equal(n, N_EXPECTED);
	assert_true(n >= 30);
	assert_null(bp_operator_find("no-such-operator"));
	assert_null(bp_operator_find(""));
}

static void test_good_ones_pass(void **state)
{
	(void)state;
	assert_int_equal(image_fails(&image), NONE);
	assert_int_equal(manifest_fails(&cose), NONE);
}

static void test_each_changes_its_input_the_same_way_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_EXPECTED; i++)
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct bp_bytes a = apply(expected[i].name, seed), b = apply(expected[i].name, seed);
			struct bp_bytes in = input_of(bp_operator_find(expected[i].name));

			assert_int_equal(a.len, b.len);
			assert_memory_equal(a.data, b.data, a.len);
			if (a.len == in.len && memcmp(a.data, in.data, a.len) == 0)
				fail_msg("%s, seed %u: nothing changed", expected[i].name, (unsigned)seed);
		}
}

static void test_each_fails_where_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_EXPECTED; i++)
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			const struct bp_operator *op = bp_operator_find(expected[i].name);
			struct bp_bytes out = apply(expected[i].name, seed);
			unsigned got = op->target == BP_EDIT_PAYLOAD ? image_fails(&out) : manifest_fails(&out);

			if (!(got & expected[i].fails))
				fail_msg("%s, seed %u: %u, expected %u: %s", op->name, (unsigned)seed, got, expected[i].fails,
					 err.text);
		}
}

/* Operators that draw from the seed reach more than one place. */
static void test_seeds_differ(void **state)
{
	static const char *const names[] = {
		"body-bit",    "body-byte",  "body-zero-page",   "body-ff-page", "header-magic",      "swap-chunks",
		"drop-chunk",  "append-one", "tlv-hash-flip",    "tlv-sig-flip", "manifest-sig-flip", "repeat-chunk",
		"double-chunk", "oversize-slot-by-one", "manifest-payload-flip",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bp_bytes first = apply(names[i], 0);
		unsigned others = 0;

		for (uint64_t seed = 1; seed < SEEDS; seed++) {
			struct bp_bytes b = apply(names[i], seed);

			others += b.len != first.len || memcmp(b.data, first.data, b.len) != 0;
		}
		if (!others)
			fail_msg("%s: every seed does the same", names[i]);
	}
}

static void parse_image(const char *name, struct bp_bytes *out, struct bp_image_info *info)
{
	*out = apply(name, 5);
	assert_int_equal(bp_image_parse(out->data, out->len, info, &err), 0);
}

static void test_images_say_what_was_meant(void **state)
{
	struct bp_image_info good, info;
	struct bp_bytes out;

	(void)state;
	assert_int_equal(bp_image_parse(image.data, image.len, &good, &err), 0);
	parse_image("load-addr-resigned", &out, &info);
	assert_int_equal(info.load_addr, SLOT_ADDR - SLOT_BYTES);
	parse_image("counter-lower-resigned", &out, &info);
	assert_int_equal(info.security_counter, 10);
	parse_image("counter-zero-resigned", &out, &info);
	assert_int_equal(info.has_counter, 1);
	assert_int_equal(info.security_counter, 0);
	parse_image("counter-missing-resigned", &out, &info);
	assert_int_equal(info.has_counter, 0);
	assert_int_equal(info.prot_len, 0);
	parse_image("size-over-slot-source", &out, &info);
	assert_int_equal(out.len, SLOT_BYTES + 1);
	assert_int_equal(info.end, SLOT_BYTES + 1);
	parse_image("oversize-slot-by-one", &out, &info);
	assert_int_equal(out.len, SLOT_BYTES + 1);
	parse_image("sig-missing", &out, &info);
	assert_true(!info.sig_at && info.keyhash_at && info.sha_at);
	parse_image("sig-stripped-hash-ok", &out, &info);
	assert_true(!info.sig_at && !info.keyhash_at && info.sha_at);
	parse_image("hash-missing-source", &out, &info);
	assert_true(info.sig_at && info.keyhash_at && !info.sha_at);
	parse_image("prot-tlv-counter-up", &out, &info);
	assert_int_equal(info.security_counter, 12);
	parse_image("sig-wrong-key", &out, &info);
	assert_memory_equal(out.data + info.keyhash_at, image.data + good.keyhash_at, 32);
	parse_image("sig-unknown-key", &out, &info);
	assert_int_equal(bp_image_verify(out.data, out.len, &other, &err), 0);
	parse_image("sig-s-plus-l", &out, &info);
	assert_memory_equal(out.data + info.sig_at, image.data + good.sig_at, 32); /* R stays */
	assert_int_equal(out.data[info.sig_at + 63] & 0xf0, 0x10);                 /* S + L: bit 252 set, or one higher */
}

static void parse_manifest(const char *name, struct bp_manifest *m, uint8_t id[BP_KEY_ID_BYTES])
{
	struct bp_bytes out = apply(name, 5);

	assert_int_equal(bp_manifest_parse(out.data, out.len, m, id, &err), 0);
}

static void test_manifests_say_what_was_meant(void **state)
{
	uint8_t id[BP_KEY_ID_BYTES], good_id[BP_KEY_ID_BYTES];
	struct bp_manifest m;

	(void)state;
	bp_key_id(&key, good_id);
	parse_manifest("manifest-product", &m, id);
	assert_string_not_equal(m.product, manifest.product);
	parse_manifest("manifest-hardware", &m, id);
	assert_int_equal(m.n_hw, 1);
	assert_int_equal(m.hw[0], 4);
	parse_manifest("manifest-bootloader", &m, id);
	assert_int_equal(m.min_bootloader, UINT32_MAX);
	parse_manifest("manifest-rollback-lower", &m, id);
	assert_int_equal(m.rollback_index, 0);
	parse_manifest("manifest-other-image", &m, id);
	assert_memory_not_equal(m.payload[0].sha256, manifest.payload[0].sha256, 32);
	parse_manifest("manifest-size-plus-one", &m, id);
	assert_int_equal(m.payload[1].size, image.len + 1);
	parse_manifest("manifest-size-minus-one", &m, id);
	assert_int_equal(m.payload[0].size, image.len - 1);
	parse_manifest("manifest-other-slot-only", &m, id);
	assert_true(m.payload[0].slot > 1 && m.payload[1].slot > 1);
	parse_manifest("manifest-unsigned", &m, id);
	assert_memory_equal(id, good_id, sizeof(id));
	parse_manifest("manifest-wrong-key", &m, id);
	assert_memory_equal(id, good_id, sizeof(id));
	parse_manifest("manifest-unknown-key", &m, id);
	assert_memory_not_equal(id, good_id, sizeof(id));
}

/* What a lax reader would take: the signature of the odd encodings is good. */
static void test_odd_encodings_are_validly_signed(void **state)
{
	static const char *const names[] = {
		"manifest-indefinite",    "manifest-long-integer", "manifest-duplicate-key",
		"manifest-unknown-field", "manifest-empty",        "manifest-format",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bp_bytes out = apply(names[i], 0);

		if (bp_manifest_verify(out.data, out.len, &key, &err) != 0)
			fail_msg("%s: %s", names[i], err.text);
	}
}

/* Fields come from the manifest itself when the context has none. */
static void test_manifest_without_context(void **state)
{
	struct bp_edit_context ctx = context(0);
	struct bp_bytes with = apply("manifest-product", 0), without;

	(void)state;
	ctx.manifest = NULL;
	assert_int_equal(bp_operator_find("manifest-product")->apply(&ctx, cose.data, cose.len, &without, &err), 0);
	assert_int_equal(with.len, without.len);
	assert_memory_equal(with.data, without.data, with.len);
}

static void test_refusals(void **state)
{
	static const uint8_t zeros[2048];
	static const struct {
		const char *name, *what;
		size_t len;
		const char *says;
	} rows[] = {
		{"all-zero", "zeros already", sizeof(zeros), "the result is the input"},
		{"swap-halves", "halves alike", sizeof(zeros), "the result is the input"},
		{"swap-chunks", "pieces alike", sizeof(zeros), "the result is the input"},
		{"repeat-chunk", "pieces alike", sizeof(zeros), "the result is the input"},
		{"swap-chunks", "too short", 1023, "less than 2 pieces"},
		{"drop-chunk", "too short", 511, "less than 1 pieces"},
		{"truncate-one", "nothing to cut", 0, "the result is the input"},
		{"truncate-half", "nothing to cut", 0, "the result is the input"},
		{"truncate-header", "no more than a header", 32, "the result is the input"},
		{"one-byte", "one byte already", 1, "the result is the input"},
		{"empty", "empty already", 0, "the result is the input"},
		{"all-ff", "empty", 0, "the result is the input"},
		{"body-bit", "no image", sizeof(zeros), "magic"},
		{"sig-missing", "no image", sizeof(zeros), "magic"},
		{"manifest-sig-flip", "no manifest", sizeof(zeros), "at most 1024"},
		{"manifest-unsigned", "no manifest", 100, "manifest: offset 0"},
	};
	struct bp_edit_context ctx = context(3);
	struct bp_bytes out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (bp_operator_find(rows[i].name)->apply(&ctx, zeros, rows[i].len, &out, &err) != BP_ECONFIG ||
		    !strstr(err.text, rows[i].says))
			fail_msg("%s, %s: '%s'", rows[i].name, rows[i].what, err.text);
}

/* Uniform bodies: the page operators must look for one that changes, and say so when there is none. */
static void test_uniform_bodies(void **state)
{
	static uint8_t body[3 * 1024 + 5];
	struct bp_image_spec spec = {.body = body, .body_len = sizeof(body), .key = &key};
	struct bp_edit_context ctx;
	struct bp_bytes img, out;

	(void)state;
	assert_int_equal(bp_image_build(arena, &spec, &img, &err), 0);
	ctx = context(0);
	assert_int_equal(bp_operator_find("body-zero-page")->apply(&ctx, img.data, img.len, &out, &err), BP_ECONFIG);
	assert_int_equal(bp_operator_find("body-ff-page")->apply(&ctx, img.data, img.len, &out, &err), 0);
	assert_int_equal(bp_operator_find("counter-lower-resigned")->apply(&ctx, img.data, img.len, &out, &err), BP_ECONFIG);
	body[sizeof(body) - 1] = 1; /* only the last, short page has something to lose */
	assert_int_equal(bp_image_build(arena, &spec, &img, &err), 0);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		ctx = context(seed);
		assert_int_equal(bp_operator_find("body-zero-page")->apply(&ctx, img.data, img.len, &out, &err), 0);
		assert_int_equal(out.data[32 + sizeof(body) - 1], 0);
	}
}

static void test_needs_are_named(void **state)
{
	static const struct {
		const char *name, *says;
	} rows[] = {
		{"sig-unknown-key", "needs a key"},     {"load-addr-resigned", "needs the slot's size"},
		{"size-over-slot-source", "needs the slot's size"}, {"oversize-slot-by-one", "needs the slot's size"},
		{"counter-lower-resigned", "needs a key"}, {"manifest-product", "needs a key"},
		{"manifest-unknown-key", "needs a key"}, {"manifest-wrong-key", "needs a key"},
		{"manifest-empty", "needs a key"},      {"manifest-indefinite", "needs a key"},
	};
	struct bp_edit_context ctx = {.arena = arena};
	struct bp_bytes out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bp_operator *op = bp_operator_find(rows[i].name);
		struct bp_bytes in = input_of(op);

		if (op->apply(&ctx, in.data, in.len, &out, &err) != BP_EUSAGE || !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", op->name, err.text);
	}
}

static void test_memory_runs_out(void **state)
{
	struct bp_arena *tiny = bp_arena_new(16);
	struct bp_edit_context ctx = context(0);
	struct bp_bytes out;

	(void)state;
	ctx.arena = tiny;
	for (const struct bp_operator *op = bp_operators; op->name; op++) {
		struct bp_bytes in = input_of(op);
		int rc = op->apply(&ctx, in.data, in.len, &out, &err);

		if (rc != BP_ENOMEM && !(rc == 0 && out.len <= 16))
			fail_msg("%s: %d", op->name, rc);
	}
	bp_arena_free(tiny);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_good_ones_pass),
		cmocka_unit_test(test_each_changes_its_input_the_same_way_twice),
		cmocka_unit_test(test_each_fails_where_it_should),
		cmocka_unit_test(test_seeds_differ),
		cmocka_unit_test(test_images_say_what_was_meant),
		cmocka_unit_test(test_manifests_say_what_was_meant),
		cmocka_unit_test(test_odd_encodings_are_validly_signed),
		cmocka_unit_test(test_manifest_without_context),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_uniform_bodies),
		cmocka_unit_test(test_needs_are_named),
		cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
