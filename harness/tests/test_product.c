/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/product.h"
#include "bench/product_parts.h"
#include "image/key.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* ---- the products of this tree ------------------------------------------------- */

static const char *const files[] = {"fixtures/products/reference.yaml", "fixtures/products/small.yaml"};

static void check_image(const struct bp_product *p, const struct bp_artifact *a, unsigned slot)
{
	const struct dut_area *area = &p->board.dut.area[DUT_AREA_SLOT_A + slot];
	const struct bp_bytes *image = &a->image[slot];
	uint8_t *content = malloc(area->size);
	struct bp_image_info info;
	struct bp_err err;

	assert_non_null(content);
	assert_true(image->len <= area->size);
	assert_int_equal(bp_image_parse(image->data, image->len, &info, &err), 0);
	assert_int_equal(bp_image_verify(image->data, image->len, a->key, &err), 0);
	assert_int_not_equal(bp_image_verify(image->data, image->len, a->key == &p->other_key ? &p->key : &p->other_key, &err), 0);
	assert_int_equal(info.load_addr, area->addr);
	assert_int_equal(info.security_counter, a->security_counter);
	assert_int_equal(info.body_len, a->body_bytes);
	assert_memory_equal(a->digest[slot], image->data + info.sha_at, 32);
	memset(content, 0xff, area->size);
	memcpy(content, image->data, image->len);
	assert_ptr_equal(bp_product_identify(p, slot, content, area->size), a);
	assert_null(bp_product_identify(p, 1 - slot, content, area->size));
	for (size_t at = 0; at < image->len; at += at < 64 || at + 200 > image->len ? 1 : 97) {
		content[at] ^= 1;
		assert_null(bp_product_identify(p, slot, content, area->size));
		content[at] ^= 1;
	}
	assert_null(bp_product_identify(p, slot, content, image->len - 1));
	assert_null(bp_product_identify(p, slot, content, 31));
	assert_null(bp_product_identify(p, BP_SLOTS, content, area->size));
	free(content);
}

static void check_manifest(const struct bp_product *p, const struct bp_artifact *a)
{
	uint8_t id[BP_KEY_ID_BYTES];
	struct bp_manifest m;
	struct bp_err err;
	char version[32];

	assert_int_equal(bp_manifest_verify(a->manifest_cose.data, a->manifest_cose.len, a->key, &err), 0);
	assert_int_equal(bp_manifest_parse(a->manifest_cose.data, a->manifest_cose.len, &m, id, &err), 0);
	if (a->key != &p->other_key) /* which no board has */
		assert_memory_equal(id, p->board.dut.key[a->key == &p->key ? 0 : a->key == &p->next_key ? 1 : 2].id, sizeof(id));
	assert_string_equal(m.product, p->name);
	assert_int_equal(m.n_hw, 1);
	assert_int_equal(m.hw[0], p->board.dut.hw_rev);
	assert_int_equal(m.min_bootloader, p->board.dut.boot_version);
	assert_int_equal(m.rollback_index, a->security_counter);
	assert_string_equal(m.version, bp_version_show(version, &a->version));
	assert_int_equal(m.n_payloads, BP_SLOTS);
	for (unsigned slot = 0; slot < BP_SLOTS; slot++) {
		assert_int_equal(m.payload[slot].slot, slot);
		assert_int_equal(m.payload[slot].size, a->image[slot].len);
		assert_memory_equal(m.payload[slot].sha256, a->sha256[slot], 32);
	}
}

static struct bp_product *read_file(struct bp_arena *a, const char *path)
{
	struct bp_product *p = NULL;
	struct bp_err err = {.text = ""};
	int ret = bp_product_read(a, path, &p, &err);

	if (ret)
		print_message("%s\n", err.text);
	assert_int_equal(ret, 0);
	return p;
}

static void files_are_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
		const struct bp_product *p = read_file(arena, files[i]);

		assert_true(p->n_artifacts == 12 && p->n_reasons == 29);
		assert_string_equal(p->firmware, "reference");
		assert_int_equal(p->board.dut.trial_attempts, 3);
		assert_int_equal(p->board.dut.trial_budget_ms, 10000);
		assert_int_equal(p->board.dut.watchdog_ms, 4000);
		assert_int_equal(p->board.dut.key[0].id_len, 8);
		assert_memory_equal(p->board.dut.key[0].pub, p->key.pub, 32);
		assert_memory_equal(p->board.dut.key[1].pub, p->next_key.pub, 32);
		assert_memory_equal(p->board.dut.key[2].pub, p->revoked_key.pub, 32);
		assert_true(!p->board.dut.key[0].revoked && !p->board.dut.key[1].revoked && p->board.dut.key[2].revoked);
		assert_int_equal(p->board.dut.key[3].id_len, 0);
		assert_true(p->board.dut.gates.battery_percent == 30 && p->board.dut.gates.mains_below_percent == 60);
		assert_true(p->board.dut.gates.window_from_min == 1320 && p->board.dut.gates.window_to_min == 360);
		assert_string_equal(p->board.dut.product, p->name);
		assert_int_equal(bp_product_reason(p, "OK"), 22);
		assert_int_equal(bp_product_reason(p, "WRONG_SLOT"), 23);
		assert_int_equal(bp_product_reason(p, "ok"), -1);
		assert_string_equal(p->area_name[DUT_AREA_PROGRESS], "progress");
		assert_string_equal(p->marks.state_lost, "boot: STATE_LOST");
		assert_string_equal(p->marks.power_on, "cause power-on");
		assert_non_null(bp_product_artifact(p, "crash"));
		assert_false(bp_product_artifact(p, "old")->released);
		assert_null(bp_product_artifact(p, "newer"));
		for (unsigned k = 0; k < p->n_artifacts; k++) {
			check_image(p, &p->artifact[k], 0);
			check_image(p, &p->artifact[k], 1);
			check_manifest(p, &p->artifact[k]);
		}
		bp_arena_free(arena);
	}
}

static void reference_numbers(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	const struct bp_product *p = read_file(arena, files[0]);
	const struct bp_board_config *b = &p->board;

	(void)state;
	assert_string_equal(p->name, "reference");
	assert_true(b->flash.size_bytes == 131072 && b->flash.page_bytes == 1024 && b->flash.unit_bytes == 4);
	assert_true(b->flash.program_ns == 41000 && b->flash.erase_ns == 85000000);
	assert_true(b->flash.erased == 0xff && b->dut.erased == 0xff && b->flash.writes_per_unit == 2 && !b->flash.ecc);
	assert_true(b->dut.flash_size == 131072 && b->dut.write_unit == 4);
	assert_true(b->rail.nominal_mv == 3300 && b->rail.flash_min_mv == 2400 && b->rail.core_min_mv == 1700);
	assert_int_equal(b->rail.decay_ns, 2000000);
	assert_int_equal(b->costs.ns[DUT_COST_SHA256], 420);
	assert_int_equal(b->costs.ns[DUT_COST_ED25519_VERIFY], 20000000);
	assert_true(b->baud == 115200 && b->around.battery_percent == 80 && b->around.mains && b->around.wallclock_s == 1767225600);
	assert_true(b->dut.area[DUT_AREA_SLOT_B].addr == 0xd000 && b->dut.area[DUT_AREA_SLOT_B].size == 36 * 1024);
	assert_true(p->chunk_bytes == 512 && p->manifest == BP_MANIFEST_REQUIRED);
	assert_true(p->recovery_budget_ns == 60 * BP_NS_PER_S && p->reply_budget_ns == 5 * BP_NS_PER_S);
	assert_int_equal(p->artifact[1].security_counter, 11);
	assert_string_equal(p->artifact[3].runs, "crash");
	bp_arena_free(arena);
}

/* Bodies differ between slots and artifacts, and are the same each time. */
static void images_are_reproducible(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	const struct bp_product *p = read_file(arena, files[1]), *q = read_file(arena, files[1]);

	(void)state;
	for (unsigned i = 0; i < p->n_artifacts; i++) {
		const struct bp_artifact *a = &p->artifact[i], *b = &q->artifact[i];

		assert_memory_not_equal(a->image[0].data + 32, a->image[1].data + 32, a->body_bytes);
		for (unsigned slot = 0; slot < BP_SLOTS; slot++)
			assert_memory_equal(a->sha256[slot], b->sha256[slot], 32);
		assert_int_equal(a->manifest_cose.len, b->manifest_cose.len);
		assert_memory_equal(a->manifest_cose.data, b->manifest_cose.data, a->manifest_cose.len);
		if (i)
			assert_memory_not_equal(a->image[0].data + 32, p->artifact[0].image[0].data + 32, 64);
	}
	bp_arena_free(arena);
}

static void missing_file_is_named(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	struct bp_product *p = NULL;
	struct bp_err err;

	(void)state;
	assert_true(bp_product_read(arena, "fixtures/products/none.yaml", &p, &err) < 0);
	assert_non_null(strstr(err.text, "fixtures/products/none.yaml"));
	assert_null(p);
	bp_arena_free(arena);
}

/* ---- bad products: one line of a good text replaced ------------------------------ */

static const char *const good[] = {
	/*  1 */ "product: tiny",
	/*  2 */ "title: A tiny one",
	/*  3 */ "firmware: reference",
	/*  4 */ "board:",
	/*  5 */ "  hardware-revision: 2",
	/*  6 */ "  bootloader-version: 3",
	/*  7 */ "  trial: {attempts: 3, budget: 10 s}",
	/*  8 */ "  watchdog: 4 s",
	/*  9 */ "  baud: 115200",
	/* 10 */ "  battery: 80%",
	/* 11 */ "  mains: true",
	/* 12 */ "  wallclock: 0",
	/* 13 */ "flash:",
	/* 14 */ "  size: 16 KiB",
	/* 15 */ "  page: 1 KiB",
	/* 16 */ "  write-unit: 4 B",
	/* 17 */ "  erased: 0xff",
	/* 18 */ "  program-time: 41 us",
	/* 19 */ "  erase-time: 85 ms",
	/* 20 */ "  writes-per-unit: 0",
	/* 21 */ "  ecc: false",
	/* 22 */ "supply: {nominal: 3300, flash-min: 2400, core-min: 1700, decay: 0 s}",
	/* 23 */ "costs: {sha256: 1 ns, sha512: 1 ns, ed25519-verify: 1 ms, cycles: 1 ns}",
	/* 24 */ "areas:",
	/* 25 */ "  boot:      {at: 0x0000, size: 1 KiB}",
	/* 26 */ "  slot-a:    {at: 0x0400, size: 2 KiB}",
	/* 27 */ "  slot-b:    {at: 0x0c00, size: 2 KiB}",
	/* 28 */ "  state-a:   {at: 0x1400, size: 1 KiB}",
	/* 29 */ "  state-b:   {at: 0x1800, size: 1 KiB}",
	/* 30 */ "  counter-a: {at: 0x1c00, size: 1 KiB}",
	/* 31 */ "  counter-b: {at: 0x2000, size: 1 KiB}",
	/* 32 */ "  progress:  {at: 0x2400, size: 1 KiB}",
	/* 33 */ "  config-a:  {at: 0x2800, size: 1 KiB}",
	/* 34 */ "  config-b:  {at: 0x2c00, size: 1 KiB}",
	/* 35 */ "keys: {release: r.pem, other: o.pem}",
	/* 36 */ "artifacts:",
	/* 37 */ "  from: {version: 1.0.0, counter: 10, body: 1 KiB, seed: 1, runs: healthy}",
	/* 38 */ "  to:   {version: 1.1.0, counter: 11, body: 1 KiB, seed: 2, runs: healthy}",
	/* 39 */ "link: {chunk: 512 B, manifest: required}",
	/* 40 */ "budgets: {recovery: 60 s, update: 120 s, reply: 5 s}",
	/* 41 */ "marks: {boot: a, trial: b, up: c, confirmed: d, rollback: e, no-image: f, state-lost: g}",
	/* 42 */ "reasons: [NONE, OK]",
};
#define LINES (sizeof(good) / sizeof(good[0]))

/* The good text with line `line` (from 1) replaced; 0: as it is. */
static char *text_with(unsigned line, const char *with)
{
	char *text = malloc(16384);
	size_t n = 0;

	assert_non_null(text);
	for (unsigned i = 0; i < LINES; i++) {
		const char *s = i + 1 == line ? with : good[i];

		if (s)
			n += (size_t)snprintf(text + n, 16384 - n, "%s\n", s);
	}
	return text;
}

/* "same.pem" is the release key again, "pub.pem" cannot sign, "none.pem" is not there. */
static int fake_key(void *ctx, const char *path, struct bp_key *key, struct bp_err *err)
{
	uint8_t seed[32] = {(uint8_t)(strstr(path, "o.pem") ? 2 : 1)};

	*(const char **)ctx = path;
	if (strstr(path, "none.pem"))
		return bp_fail(err, BP_EIO, "%s: no such file", path);
	bp_key_from_seed(seed, path, key);
	if (strstr(path, "pub.pem"))
		key->has_secret = 0;
	return 0;
}

static const char *last_path;
static const struct bp_product_source source = {.load_key = fake_key, .ctx = &last_path};

static const struct {
	const char *name;
	unsigned line;
	const char *with;   /* NULL: the line is left out */
	const char *at;     /* line:col of the first error */
	const char *want[3];
} bad[] = {
	{"name missing", 1, NULL, "1:1", {"missing 'product'"}},
	{"name with a colon", 1, "product: \"a:b\"", "1:10", {"a:b", "small letters"}},
	{"name too long", 1, "product: abcdefghijklmnopqrstuvwx", "1:10", {"1 to 23"}},
	{"name in capitals", 1, "product: Tiny", "1:10", {"Tiny"}},
	{"title empty", 2, "title: \"\"", "2:8", {"'title' is empty"}},
	{"firmware a path", 3, "firmware: ../x", "3:11", {"../x"}},
	{"unknown key", 2, "title: t\nlinks: 3", "3:1", {"links", "'link'"}},
	{"board unknown key", 9, "  baud: 9600\n  bauds: 3", "10:3", {"bauds", "'baud'"}},
	{"board no map", 4, "board: 3\nboards:", "4:8", {"'board'", "a map"}},
	{"trial without attempts", 7, "  trial: {budget: 1 s}", "7:10", {"missing 'attempts'", "trial"}},
	{"no attempts", 7, "  trial: {attempts: 0, budget: 1 s}", "7:21", {"attempts", "1 to 15"}},
	{"sixteen attempts", 7, "  trial: {attempts: 16, budget: 1 s}", "7:21", {"attempts", "1 to 15"}},
	{"budget without unit", 7, "  trial: {attempts: 3, budget: 10}", "7:32", {"budget", "unit"}},
	{"watchdog of half a millisecond", 8, "  watchdog: 1500 us", "8:13", {"'watchdog'", "milliseconds"}},
	{"watchdog of nothing", 8, "  watchdog: 0 s", "8:13", {"'watchdog'"}},
	{"battery without percent", 10, "  battery: 80", "10:12", {"battery"}},
	{"mains maybe", 11, "  mains: maybe", "11:10", {"mains", "true or false"}},
	{"gates battery without percent", 12, "  wallclock: 0\n  gates: {battery: 30}", "13:20", {"battery"}},
	{"gates unknown", 12, "  wallclock: 0\n  gates: {batery: 30%}", "13:11", {"unknown key 'batery'", "battery"}},
	{"gates window", 12, "  wallclock: 0\n  gates: {window: 22-06}", "13:19", {"'window' is no part of a day", "22:00-06:00"}},
	{"gates window 24:00", 12, "  wallclock: 0\n  gates: {window: \"22:00-24:00\"}", "13:19", {"no part of a day"}},
	{"gates window :60", 12, "  wallclock: 0\n  gates: {window: \"22:60-23:00\"}", "13:19", {"no part of a day"}},
	{"gates window trailing", 12, "  wallclock: 0\n  gates: {window: \"22:00-23:00 \"}", "13:19", {"no part of a day"}},
	{"wallclock negative", 12, "  wallclock: -1", "12:14", {"wallclock"}},
	{"flash size without unit", 14, "  size: 16", "14:9", {"size", "unit"}},
	{"flash size and page do not fit", 14, "  size: 16385 B", "14:9", {"whole number of pages", "1 KiB"}},
	{"page too small", 15, "  page: 1 B", "15:9", {"page"}},
	{"write unit too large", 16, "  write-unit: 64 B", "16:15", {"write-unit"}},
	{"write unit does not divide the page", 16, "  write-unit: 24 B", "16:15", {"24 B", "does not divide", "1 KiB"}},
	{"write unit of nothing", 16, "  write-unit: 0 B", "16:15", {"write-unit"}},
	{"erased to 0xaa", 17, "  erased: 0xaa", "17:11", {"0xaa", "0xff or 0x00"}},
	{"program takes no time", 18, "  program-time: 0 us", "18:17", {"program-time"}},
	{"erase time missing", 19, NULL, "14:3", {"missing 'erase-time'", "'flash'"}},
	{"ecc a number", 21, "  ecc: 1", "21:8", {"ecc", "true or false"}},
	{"supply in volts", 22, "supply: {nominal: 3.3 V, flash-min: 2400, core-min: 1700, decay: 0 s}", "22:19", {"nominal"}},
	{"flash needs more than nominal", 22, "supply: {nominal: 2400, flash-min: 2400, core-min: 1700, decay: 0 s}",
	 "22:36", {"'flash-min'", "less than nominal"}},
	{"core needs more than flash", 22, "supply: {nominal: 3300, flash-min: 2400, core-min: 2500, decay: 0 s}",
	 "22:52", {"'core-min'", "at most flash-min"}},
	{"cost of nothing", 23, "costs: {sha256: 1 ns, sha512: 1 ns, ed25519-verify: 1 ms, cycles: 0 ns}", "23:67", {"cycles"}},
	{"area missing", 30, NULL, "25:3", {"missing 'counter-a'"}},
	{"area misspelt", 33, "  config-c:  {at: 0x2800, size: 1 KiB}", "34:14", {"go together"}},
	{"area of nothing", 28, "  state-a:   {at: 0x1400, size: 0 KiB}", "28:33", {"size"}},
	{"area off the page", 28, "  state-a:   {at: 0x1480, size: 1 KiB}", "28:19", {"0x1480", "multiple of the page", "0x400"}},
	{"area of half a page", 28, "  state-a:   {at: 0x1400, size: 512 B}", "28:33", {"'size'", "0x200", "multiple"}},
	{"area outside", 32, "  progress:  {at: 0x4000, size: 1 KiB}", "32:14", {"'progress'", "0x4400", "outside"}},
	{"areas overlap", 32, "  progress:  {at: 0x1c00, size: 1 KiB}", "32:14", {"'progress'", "overlaps 'counter-a'", "0x1fff"}},
	{"slots overlap", 27, "  slot-b:    {at: 0x0800, size: 2 KiB}", "27:14", {"'slot-b'", "overlaps 'slot-a'"}},
	{"slots differ", 27, "  slot-b:    {at: 0x0c00, size: 1 KiB}", "27:33", {"slot-b", "slot-a", "same"}},
	{"config-b missing", 34, NULL, "33:14", {"'config-b'", "missing"}},
	{"area with unknown key", 28, "  state-a:   {at: 0x1400, length: 1 KiB, size: 1 KiB}", "28:27", {"length"}},
	{"key file missing", 35, "keys: {release: none.pem, other: o.pem}", "35:17", {"'release'", "dir/none.pem", "no such file"}},
	{"release key cannot sign", 35, "keys: {release: pub.pem, other: o.pem}", "35:17", {"'release'", "public only"}},
	{"a revoked key that is the release key", 35, "keys: {release: r.pem, revoked: same.pem, other: o.pem}", "35:33",
	 {"'revoked' is the release key"}},
	{"keys are the same", 35, "keys: {release: r.pem, other: same.pem}", "35:31", {"'other'", "release key"}},
	{"from missing", 37, NULL, "37:3", {"missing 'from'", "start from"}},
	{"artifact name", 38, "  To:   {version: 1.1.0, counter: 11, body: 1 KiB, seed: 2, runs: healthy}", "38:3", {"'To'"}},
	{"artifact no map", 38, "  to: 1.1.0", "38:7", {"'to'", "a map"}},
	{"version of two numbers", 38, "  to:   {version: 1.1, counter: 11, body: 1 KiB, seed: 2, runs: healthy}", "38:19",
	 {"'version'", "1.1", "major.minor.revision"}},
	{"version twice", 38, "  to:   {version: 1.0.0, counter: 11, body: 1 KiB, seed: 2, runs: healthy}", "38:19",
	 {"1.0.0", "'from'"}},
	{"counter negative", 38, "  to:   {version: 1.1.0, counter: -1, body: 1 KiB, seed: 2, runs: healthy}", "38:35", {"counter"}},
	{"body too large", 38, "  to:   {version: 1.1.0, counter: 11, body: 2 KiB, seed: 2, runs: healthy}", "38:45",
	 {"'to'", "2048", "slot holds"}},
	{"body of nothing", 38, "  to:   {version: 1.1.0, counter: 11, body: 0 B, seed: 2, runs: healthy}", "38:45", {"body"}},
	{"seed missing", 38, "  to:   {version: 1.1.0, counter: 11, body: 1 KiB, runs: healthy}", "38:9", {"missing 'seed'", "'to'"}},
	{"runs a path", 38, "  to:   {version: 1.1.0, counter: 11, body: 1 KiB, seed: 2, runs: a/b}", "38:67", {"a/b"}},
	{"key that the product lacks", 38, "  to:   {version: 1.1.0, counter: 11, body: 1 KiB, seed: 2, runs: healthy, key: next}", "38:81",
	 {"no key 'next'", "under 'keys'"}},
	{"released perhaps", 38, "  to:   {version: 1.1.0, counter: 11, body: 1 KiB, seed: 2, runs: healthy, released: no}", "38:86",
	 {"released", "true or false"}},
	{"chunk too large", 39, "link: {chunk: 4 KiB, manifest: required}", "39:15", {"chunk"}},
	{"manifest policy", 39, "link: {chunk: 512 B, manifest: require}", "39:32", {"require", "'required'", "'optional'"}},
	{"recovery unknown", 39, "link: {chunk: 512 B, manifest: required, recovery: rescue}", "39:52", {"rescue", "artifacts"}},
	{"request of no list", 39, "link: {chunk: 512 B, manifest: required, request: 1}", "39:51", {"request", "list"}},
	{"request nowhere", 39, "link: {chunk: 512 B, manifest: required, request: [{area: attic, at: 0 B, bytes: 00}]}", "39:59", {"attic"}},
	{"request at both", 39, "link: {chunk: 512 B, manifest: required, request: [{area: slot, at: 0 B, from-end: 4 B, bytes: 00}]}", "39:52",
	 {"either 'at' or 'from-end'"}},
	{"request too long", 39, "link: {chunk: 512 B, manifest: required, request: [{area: slot, from-end: 1 B, bytes: 0000}]}", "39:52",
	 {"do not fit"}},
	{"request in the bootloader", 39, "link: {chunk: 512 B, manifest: required, request: [{area: boot, at: 0 B, bytes: 00}]}", "39:52",
	 {"do not fit"}},
	{"request of no hex", 39, "link: {chunk: 512 B, manifest: required, request: [{area: slot, at: 0 B, bytes: 0x00}]}", "39:81", {"bytes"}},
	{"budget of nothing", 40, "budgets: {recovery: 0 s, update: 120 s, reply: 5 s}", "40:21", {"recovery"}},
	{"no erase at all", 40, "budgets: {recovery: 1 s, update: 120 s, reply: 5 s, page-erases: 0}", "40:66", {"page-erases", "1 to"}},
	{"mark missing", 41, "marks: {boot: a, trial: b, up: c, confirmed: d, rollback: e, no-image: f}", "41:8",
	 {"missing 'state-lost'"}},
	{"mark power-on empty", 41, "marks: {boot: a, trial: b, up: c, confirmed: d, rollback: e, no-image: f, state-lost: g, power-on: \"\"}",
	 "41:100",
	 {"'power-on' is empty"}},
	{"mark empty", 41, "marks: {boot: \"\", trial: b, up: c, confirmed: d, rollback: e, no-image: f, state-lost: g}", "41:15",
	 {"'boot' is empty"}},
	{"marks the same", 41, "marks: {boot: a, trial: b, up: a, confirmed: d, rollback: e, no-image: f, state-lost: g}", "41:32",
	 {"'up'", "'boot'", "same"}},
	{"reason twice", 42, "reasons: [NONE, OK, NONE]", "42:21", {"'NONE'", "code 0"}},
	{"reason in small letters", 42, "reasons: [NONE, ok]", "42:17", {"capitals"}},
	{"no reasons", 42, "reasons: []", "42:10", {"'reasons'", "1 to 64"}},
	{"reasons no list", 42, "reasons: NONE", "42:10", {"reasons", "list"}},
	{"records no list", 42, "reasons: [OK]\nrecords: {crc: 4}", "43:10", {"'records'", "list"}},
	{"too many records", 42, "reasons: [OK]\nrecords: [{areas: [state-a], crc: 8}, {areas: [state-b], crc: 8}, {areas: [counter-a], crc: 8}, "
				 "{areas: [counter-b], crc: 8}, {areas: [progress], crc: 8}]", "43:10", {"'records' holds 5 entries", "at most 4"}},
	{"record nowhere", 42, "reasons: [OK]\nrecords: [{crc: 8}]", "43:11", {"missing 'areas'"}},
	{"record without CRC", 42, "reasons: [OK]\nrecords: [{areas: [state-a]}]", "43:11", {"missing 'crc'", "all bytes before it"}},
	{"record longer than a page", 42, "reasons: [OK]\nrecords: [{areas: [state-a], crc: 1024}]",
	 "43:20", {"smaller than the record of 1028 bytes"}},
	{"number of one copy", 42, "reasons: [OK]\nrecords: [{areas: [state-a], crc: 8, number: 4}]", "43:46", {"on 1 pages", "expected two"}},
	{"number behind the CRC", 42, "reasons: [OK]\nrecords: [{areas: [state-a, state-b], crc: 6, number: 4}]",
	 "43:44", {"before the number's end, 8"}},
	{"entry of its CRC alone", 42, "reasons: [OK]\nrecords: [{areas: [state-a], crc: 8, entries: {bytes: 16, crc: 14, number: 0, supersede: 0}}]",
	 "43:64", {"an entry of 16 bytes ends before its CRC does", "12 at most"}},
	{"entry's number behind its CRC", 42,
	 "reasons: [OK]\nrecords: [{areas: [state-a], crc: 8, entries: {bytes: 16, crc: 12, number: 10, supersede: 0}}]",
	 "43:64", {"stands before its number's end, 14"}},
	{"superseded beyond the CRC", 42,
	 "reasons: [OK]\nrecords: [{areas: [state-a], crc: 8, entries: {bytes: 16, crc: 12, number: 8, supersede: 6}}]",
	 "43:90", {"not within the 8 bytes"}},
	{"records twice", 42,
	 "reasons: [OK]\nrecords: [{areas: [state-a], crc: 8}, {areas: [state-b, state-a], crc: 8}]", "43:57", {"'state-a' stands here twice"}},
	{"numbered and appended to", 42,
	 "reasons: [OK]\nrecords: [{areas: [state-a, state-b], crc: 8, number: 4, entries: {bytes: 16, crc: 12, number: 8, supersede: 4}}]",
	 "43:55", {"'number' and 'entries'"}},
	{"records on no flash", 15, "  page: 0 KiB\n", "15:9", {"'page'"}},
	{"writes no map", 42, "reasons: [OK]\nwrites: [state-a]", "43:9", {"'writes'", "map"}},
	{"writes nothing always", 42, "reasons: [OK]\nwrites: {download: [slot-a]}", "43:9", {"missing 'always'", "at any time"}},
	{"writes in no phase", 42, "reasons: [OK]\nwrites: {always: [state-a], update: [slot-a]}", "43:29", {"unknown key 'update'", "rollback"}},
	{"writes no area", 42, "reasons: [OK]\nwrites: {always: [state-c]}", "43:19", {"'state-c'", "did you mean 'state-a'"}},
	{"below the minimum", 21, "  ecc: false\n  below-minimum: stops", "22:18", {"'stops'", "'fails' or 'silent'"}},
	{"key twice", 2, "title: t\ntitle: t", "3:1", {"title"}},
};

static void bad_table(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
		char *text = text_with(bad[i].line, bad[i].with), prefix[64];
		struct bp_product *p = NULL;
		struct bp_err err = {.text = ""};
		int ret = bp_product_parse(arena, "dir/bad.yaml", text, strlen(text), &source, &p, &err), ok = ret == BP_ECONFIG;

		snprintf(prefix, sizeof(prefix), "dir/bad.yaml:%s", bad[i].at);
		ok &= !strncmp(err.text, prefix, strlen(prefix)) && !p;
		for (int k = 0; k < 3 && bad[i].want[k]; k++)
			ok &= strstr(err.text, bad[i].want[k]) != NULL;
		print_message("%s %s: %s\n", ok ? "  " : "NO", bad[i].name, err.text);
		failed += !ok;
		free(text);
		bp_arena_free(arena);
	}
	assert_int_equal(failed, 0);
}

/* ---- good products that are not obvious --------------------------------------------- */

static const struct bp_product *parse_good(struct bp_arena *arena, unsigned line, const char *with)
{
	char *text = text_with(line, with);
	struct bp_product *p = NULL;
	struct bp_err err = {.text = ""};
	int ret = bp_product_parse(arena, "dir/good.yaml", text, strlen(text), &source, &p, &err);

	if (ret)
		print_message("%s\n", err.text);
	assert_int_equal(ret, 0);
	free(text);
	return p;
}

static void good_variants(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	const struct bp_product *p = parse_good(arena, 0, NULL);

	(void)state;
	assert_string_equal(last_path, "dir/o.pem");
	assert_true(p->n_artifacts == 2 && p->artifact[1].released);
	p = parse_good(arena, 38, NULL);
	assert_int_equal(p->n_artifacts, 1);
	bp_arena_free(arena);
}

/* ---- like another ----------------------------------------------------------------- */

static const char *base_text, *base_path, *geometry_text; /* geometry_text: of dir/part.yaml; base_text: of any other */
static char like_line[256];

static int fake_base(void *ctx, struct bp_arena *a, const char *path, struct bp_node **root, struct bp_err *err)
{
	const char *text = strcmp(path, "dir/part.yaml") ? base_text : geometry_text;

	(void)ctx;
	base_path = bp_arena_text(a, path, strlen(path));
	return text ? bp_yaml_parse(a, path, text, strlen(text), root, err) : bp_fail(err, BP_EIO, "%s: no such file", path);
}

static const struct bp_product_source with_files = {.load_key = fake_key, .load_base = fake_base, .ctx = &last_path};

static int parse_like(struct bp_arena *a, const char *text, const struct bp_product_source *from, struct bp_product **p, struct bp_err *err)
{
	*p = NULL;
	err->text[0] = 0;
	return bp_product_parse(a, "dir/like.yaml", text, strlen(text), from, p, err);
}

static void like_another(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"product: x\ntitle: t\nlike: ../tiny\n", "dir/like.yaml:3:7: error: '../tiny' is no name"},
		{"product: x\ntitle: t\nlike: [tiny]\n", "dir/like.yaml:3:7: error"},
		{"product: x\ntitle: t\nlike: tiny\nflsh: 3\n", "dir/like.yaml:4:1: error: unknown key 'flsh'"},
		{"product: x\ntitle: t\nlike: tiny\nwrites: {always: [state-c]}\n", "dir/like.yaml:4:19: error: item 1 of 'always'"},
	};
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	char *text = text_with(0, NULL), *bad_text = text_with(9, "  baud: fast"), *same = text_with(3, "like: other");
	struct bp_product *p;
	struct bp_err err;

	(void)state;
	base_text = text;
	assert_int_equal(parse_like(arena, "product: x\ntitle: another\nlike: tiny\nreasons: [NONE]\n", &with_files, &p, &err), 0);
	assert_string_equal(base_path, "dir/tiny.yaml");
	assert_string_equal(p->name, "x");
	assert_string_equal(p->board.dut.product, "x");
	assert_true(p->n_reasons == 1 && p->n_artifacts == 2 && p->board.flash.size_bytes == 16384); /* a section is taken whole */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse_like(arena, rows[i].text, &with_files, &p, &err) != BP_ECONFIG || strncmp(err.text, rows[i].want, strlen(rows[i].want)))
			fail_msg("%s: %s", rows[i].want, err.text);
	base_text = bad_text; /* what is wrong in the other file is told there */
	assert_int_equal(parse_like(arena, "product: x\ntitle: t\nlike: tiny\n", &with_files, &p, &err), BP_ECONFIG);
	assert_memory_equal(err.text, "dir/tiny.yaml:9:9: error", 24);
	base_text = same;
	assert_int_equal(parse_like(arena, "product: x\ntitle: t\nlike: tiny\n", &with_files, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "is like another product itself"));
	base_text = NULL;
	assert_int_equal(parse_like(arena, "product: x\ntitle: t\nlike: tiny\n", &with_files, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "dir/tiny.yaml: no such file"));
	assert_int_equal(parse_like(arena, "product: x\ntitle: t\nlike: tiny\n", &source, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "there are no files here"));
	free(text);
	free(bad_text);
	free(same);
	bp_arena_free(arena);
}

static void writes_by_phase(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	const struct bp_product *p = parse_good(arena, 0, NULL);

	(void)state;
	for (unsigned i = 0; i < BP_PHASES; i++)
		assert_int_equal(p->writes[i], 0);
	assert_int_equal(p->board.flash.low_is_silent, 0);
	p = parse_good(arena, 42, "reasons: [OK]\nwrites: {always: [state-a, state-b], download: [slot-b]}");
	assert_int_equal(p->writes[BP_PHASE_IDLE], 1u << DUT_AREA_STATE_A | 1u << DUT_AREA_STATE_B);
	assert_int_equal(p->writes[BP_PHASE_DOWNLOAD], p->writes[BP_PHASE_IDLE] | 1u << DUT_AREA_SLOT_B);
	p = parse_good(arena, 21, "  ecc: false\n  below-minimum: silent");
	assert_int_equal(p->board.flash.low_is_silent, 1);
	bp_arena_free(arena);
}

static void in_anothers_geometry(void **state)
{
	static const char other[] = "product: part\nlike: y\ntitle: t\n"
				    "flash: {size: 32 KiB, page: 1 KiB, write-unit: 4 B, erased: 0x00, program-time: 5 us, erase-time: 7 ms, "
				    "writes-per-unit: 1, ecc: false}\n"
				    "areas: {boot: {at: 0 B, size: 8 KiB}, slot-a: {at: 8 KiB, size: 5 KiB}, slot-b: {at: 13 KiB, size: 5 KiB}, "
				    "state-a: {at: 18 KiB, size: 1 KiB}, state-b: {at: 19 KiB, size: 1 KiB}, counter-a: {at: 20 KiB, size: 1 KiB}, "
				    "counter-b: {at: 21 KiB, size: 1 KiB}, progress: {at: 22 KiB, size: 2 KiB}}\nreasons: [X]\n";
	static const struct {
		const char *text, *other, *want;
	} rows[] = {
		{"geometry: ../part\n", other, "dir/like.yaml:1:11: error: '../part' is no name"},
		{"geometry: {at: 1}\n", other, "dir/like.yaml:1:11: error"},
		{"geometry: part\n", NULL, "dir/like.yaml:1:11: error: 'geometry': dir/part.yaml: no such file"},
		{"geometry: part\n", "- 1\n", "dir/part.yaml:1:1: error"},
		{"geometry: part\n", "product: part\nareas: {}\n", "dir/like.yaml:1:11: error: 'part' has no 'flash' of its own"},
		{"geometry: part\n", "product: part\nflash: {}\n", "dir/like.yaml:1:11: error: 'part' has no 'areas' of its own"},
		{"geometry: part\nflash: {}\n", other, "dir/like.yaml:2:8: error: 'geometry' and 'flash' in one product"},
		{"geometry: part\nareas: {}\n", other, "dir/like.yaml:2:8: error: 'geometry' and 'areas' in one product"},
		{"geometri: part\n", other, "dir/like.yaml:1:1: error: unknown key 'geometri'; did you mean 'geometry'?"},
	};
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	char *text = text_with(0, NULL), *like_text = text_with(3, "geometry: other");
	struct bp_product *p;
	struct bp_err err;

	(void)state;
	base_text = text;
	geometry_text = other;
	if (parse_like(arena, "product: x\ntitle: t\nlike: tiny\ngeometry: part\n", &with_files, &p, &err))
		fail_msg("%s", err.text);
	assert_true(p->board.flash.size_bytes == 32768 && p->board.flash.erased == 0 && p->board.dut.area[DUT_AREA_SLOT_B].addr == 13312);
	assert_true(p->n_reasons != 1); /* nothing else is taken */
	assert_string_equal(p->name, "x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		geometry_text = rows[i].other;
		snprintf(like_line, sizeof(like_line), "%sproduct: x\ntitle: t\nlike: tiny\n", rows[i].text);
		if (parse_like(arena, like_line, &with_files, &p, &err) != BP_ECONFIG || strncmp(err.text, rows[i].want, strlen(rows[i].want)))
			fail_msg("%s: %s", rows[i].want, err.text);
	}
	base_text = like_text;
	assert_int_equal(parse_like(arena, "product: x\ntitle: t\nlike: tiny\n", &with_files, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "or in its geometry"));
	free(text);
	free(like_text);
	bp_arena_free(arena);
}

static void peek(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	const char *like = "?";
	struct bp_err err = {.text = ""};

	(void)state;
	assert_int_equal(bp_product_peek(arena, "fixtures/products/single-nrf52.yaml", &like, &err), 0);
	assert_string_equal(like, "single");
	assert_int_equal(bp_product_peek(arena, "fixtures/products/single.yaml", &like, &err), 0);
	assert_null(like);
	assert_int_equal(bp_product_peek(arena, "scenarios/power-cut-confirm.yaml", &like, &err), 0);
	assert_null(like);
	assert_true(bp_product_peek(arena, "fixtures/products/none.yaml", &like, &err) < 0);
	assert_non_null(strstr(err.text, "none.yaml"));
	bp_arena_free(arena);
}

static void unused_codes(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	const struct bp_product *p = parse_good(arena, 42, "reasons: [NONE, ~, null, OK]");

	(void)state;
	assert_int_equal(p->n_reasons, 4);
	assert_null(p->reason[1]);
	assert_null(p->reason[2]);
	assert_int_equal(bp_product_reason(p, "OK"), 3);
	bp_arena_free(arena);
}

static void both_configs_may_be_missing(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	char *text = text_with(33, NULL), *b = strstr(text, "  config-b"), *keys = strstr(text, "keys:");
	struct bp_product *p = NULL;
	struct bp_err err;

	(void)state;
	memmove(b, keys, strlen(keys) + 1);
	assert_int_equal(bp_product_parse(arena, "good.yaml", text, strlen(text), &source, &p, &err), 0);
	assert_int_equal(p->board.dut.area[DUT_AREA_CONFIG_A].size, 0);
	assert_int_equal(p->board.dut.area[DUT_AREA_CONFIG_B].size, 0);
	assert_string_equal(last_path, "o.pem");
	free(text);
	bp_arena_free(arena);
}

/* The good text with unequal pages, given as the value of `sectors`. */
static int parse_sectors(struct bp_arena *arena, const char *sectors, struct bp_product **p, struct bp_err *err)
{
	char line[400], *text, *erase, *after;
	int ret;

	snprintf(line, sizeof(line), "  sectors: %s", sectors);
	text = text_with(15, line);
	erase = strstr(text, "  erase-time");
	if (strstr(sectors, "  erase-time"))
		erase = strstr(erase + 1, "  erase-time");
	after = strstr(erase, "  writes-per-unit");
	memmove(erase, after, strlen(after) + 1);
	err->text[0] = 0;
	*p = NULL;
	ret = bp_product_parse(arena, "s.yaml", text, strlen(text), &source, p, err);
	free(text);
	return ret;
}

static void unequal_pages(void **state)
{
	static const struct {
		const char *sectors, *at, *want;
	} rows[] = {
		{"[]", "s.yaml:15:12", "expected 1 to 8"},
		{"3", "s.yaml:15:12", "expected a list"},
		{"[{pages: 16, page: 1 KiB}]", "s.yaml:15:13", "missing 'erase-time'"},
		{"[{pages: 0, page: 1 KiB, erase-time: 1 s}]", "s.yaml:15:21", "'pages' is 0"},
		{"[{pages: 4, page: 1 KiB, erase-time: 1 s}]", "s.yaml:15:12", "0x1000 bytes together; expected 'size' (0x4000)"},
		{"[{pages: 262144, page: 256 KiB, erase-time: 1 s}]", "s.yaml:15:13", "past the largest flash"},
		{"[{pages: 1, page: 1 KiB, erase-time: 1 s}, {pages: 5, page: 3 KiB, erase-time: 1 s}]", "s.yaml:15:55",
		 "multiple of their size"},
		{"[{pages: 4, page: 1 KiB, erase-time: 1 s, kind: x}]", "s.yaml:15:54", "unknown key 'kind'"},
		{"[{pages: 2, page: 8 KiB, erase-time: 1 s}]", "s.yaml:24:33", "within the page from 0x0 to 0x1fff"},
		{"[{pages: 4, page: 1022 B, erase-time: 1 s}]", "s.yaml:15:30", "does not divide"},
	};
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	struct bp_product *p;
	struct bp_err err;

	(void)state;
	assert_int_equal(parse_sectors(arena, "[{pages: 12, page: 1 KiB, erase-time: 3 ms}, {pages: 2, page: 2 KiB, erase-time: 5 ms}]",
				       &p, &err), 0);
	assert_true(p->board.flash.n_sectors == 2 && p->board.flash.page_bytes == 2048 && p->board.flash.erase_ns == 5000000);
	assert_true(p->board.flash.sectors[0].pages == 12 && p->board.flash.sectors[0].erase_ns == 3000000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse_sectors(arena, rows[i].sectors, &p, &err) != BP_ECONFIG || strncmp(err.text, rows[i].at, strlen(rows[i].at)) ||
		    !strstr(err.text, rows[i].want))
			fail_msg("%s: %s", rows[i].sectors, err.text);
	bp_arena_free(arena);
}

static void a_slot_may_be_full(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	size_t over = parse_good(arena, 0, NULL)->artifact[0].image[0].len - 1024;
	char line[128];
	const struct bp_product *p;

	(void)state;
	snprintf(line, sizeof(line), "  to:   {version: 1.1.0, counter: 11, body: %zu B, seed: 2, runs: healthy}", 2048 - over);
	p = parse_good(arena, 38, line);
	assert_int_equal(p->artifact[1].image[1].len, 2048);
	assert_ptr_equal(bp_product_identify(p, 1, p->artifact[1].image[1].data, 2048), &p->artifact[1]);
	bp_arena_free(arena);
}

static void many_errors_at_once(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	static const char text[] = "product: X\nflash: 3\nreasons: [a, b]\n";
	struct bp_product *p = NULL;
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_product_parse(arena, "x.yaml", text, sizeof(text) - 1, &source, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "x.yaml:1:10: error: "));
	assert_non_null(strstr(err.text, "more error"));
	bp_arena_free(arena);
}

static void a_list_is_no_product(void **state)
{
	struct bp_arena *arena = bp_arena_new(ARENA_BYTES);
	struct bp_product *p = NULL;
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_product_parse(arena, "x.yaml", "- a\n", 4, &source, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "x.yaml:1:1: error: "));
	assert_non_null(strstr(err.text, "a map"));
	bp_arena_free(arena);
}

/* Whatever memory there is, too little of it is an error and never a crash. */
static void little_memory(void **state)
{
	char *text = text_with(0, NULL);
	int last = -1;

	(void)state;
	for (size_t limit = 0; limit < 65536 && last; limit += 509) {
		struct bp_arena *arena = bp_arena_new(limit);
		struct bp_product *p = NULL;
		struct bp_err err;

		last = bp_product_parse(arena, "x.yaml", text, strlen(text), &source, &p, &err);
		assert_true(last ? !p : p != NULL);
		bp_arena_free(arena);
	}
	assert_int_equal(last, 0);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_good),
		cmocka_unit_test(reference_numbers),
		cmocka_unit_test(images_are_reproducible),
		cmocka_unit_test(missing_file_is_named),
		cmocka_unit_test(bad_table),
		cmocka_unit_test(good_variants),
		cmocka_unit_test(unused_codes),
		cmocka_unit_test(both_configs_may_be_missing),
		cmocka_unit_test(unequal_pages), cmocka_unit_test(writes_by_phase),
		cmocka_unit_test(like_another), cmocka_unit_test(in_anothers_geometry), cmocka_unit_test(peek), cmocka_unit_test(a_slot_may_be_full),
		cmocka_unit_test(many_errors_at_once),
		cmocka_unit_test(a_list_is_no_product),
		cmocka_unit_test(little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
