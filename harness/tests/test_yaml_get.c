/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a YAML file that have the wrong kind, unit or range, and the list of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT(place, message) "x.yaml:" place ": error: " message

static struct bp_arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new(16 << 20);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static struct bp_node *parse(const char *text)
{
	struct bp_node *root = NULL;
	struct bp_err err;

	if (bp_yaml_parse(arena, "x.yaml", text, strlen(text), &root, &err))
		fail_msg("%s", err.text);
	return root;
}

static void what_is_missing_leaves_the_default(void **state)
{
	struct bp_diag d = {.arena = arena};
	struct bp_node *root = parse("[a]");
	const char *s = "default";
	uint32_t u32 = 7;
	uint64_t u64 = 7;
	bool b = true;
	uint8_t byte = 7;
	size_t len = 7;
	unsigned e = 7;

	(void)state;
	assert_null(bp_map_get(NULL, "x"));
	assert_null(bp_map_get(root, "x")); /* no map */
	assert_null(bp_map_need(&d, NULL, "x", "what"));
	assert_int_equal(bp_map_done(&d, NULL), 0);
	assert_false(bp_node_is(&d, NULL, BP_NODE_MAP));
	assert_int_equal(bp_node_text(&d, NULL, &s), BP_ENOENT);
	assert_int_equal(bp_node_bool(&d, NULL, &b), BP_ENOENT);
	assert_int_equal(bp_node_u32(&d, NULL, 0, 1, &u32), BP_ENOENT);
	assert_int_equal(bp_node_u64(&d, NULL, 0, 1, &u64), BP_ENOENT);
	assert_int_equal(bp_node_bytes(&d, NULL, 0, 1, &u32), BP_ENOENT);
	assert_int_equal(bp_node_duration(&d, NULL, 0, 1, &u64), BP_ENOENT);
	assert_int_equal(bp_node_percent(&d, NULL, &u32), BP_ENOENT);
	assert_int_equal(bp_node_hex(&d, NULL, &byte, 1, &len), BP_ENOENT);
	assert_int_equal(bp_node_enum(&d, NULL, (const char *const[]){"a"}, 1, &e), BP_ENOENT);
	assert_true(b && u32 == 7 && u64 == 7 && byte == 7 && len == 7 && e == 7 && !strcmp(s, "default"));
	assert_int_equal(d.count, 0);
}

enum getter { TEXT, BOOL, U32, U64, BYTES, DURATION, PERCENT, HEX, ENUM, IS_MAP, IS_SEQ, IS_TEXT, NEED, DONE };

static const char *const kinds[] = {"required", "optional"};

static int get(enum getter getter, struct bp_diag *d, struct bp_node *n)
{
	const char *s;
	uint64_t u64;
	uint32_t u32;
	uint8_t bytes[4];
	size_t len;
	unsigned which;
	bool b;

	switch (getter) {
	case TEXT: return bp_node_text(d, n, &s);
	case BOOL: return bp_node_bool(d, n, &b);
	case U32: return bp_node_u32(d, n, 1, 1000, &u32);
	case U64: return bp_node_u64(d, n, 0, UINT64_MAX, &u64);
	case BYTES: return bp_node_bytes(d, n, 1024, 65536, &u32);
	case DURATION: return bp_node_duration(d, n, 1000000, UINT64_C(60000000000), &u64);
	case PERCENT: return bp_node_percent(d, n, &u32);
	case HEX: return bp_node_hex(d, n, bytes, sizeof(bytes), &len);
	case ENUM: return bp_node_enum(d, n, kinds, 2, &which);
	case IS_MAP: return bp_node_is(d, n, BP_NODE_MAP) ? 0 : BP_ECONFIG;
	case IS_SEQ: return bp_node_is(d, n, BP_NODE_SEQ) ? 0 : BP_ECONFIG;
	case IS_TEXT: return bp_node_is(d, n, BP_NODE_SCALAR) ? 0 : BP_ECONFIG;
	case NEED: return bp_map_need(d, n, "page", "size of a flash page") ? 0 : BP_ECONFIG;
	default:
		bp_map_get(n, "faults");
		bp_map_get(n, "times");
		return bp_map_done(d, n);
	}
}

/* Each message names the key, or the item of the list. */
static const struct {
	enum getter getter;
	int levels;
	const char *text, *message;
} refused[] = {
	{U32, 1, "times: 0", AT("1:8", "'times' is 0; expected 1 to 1000\ntimes: 0\n       ^")},
	{U32, 1, "times: many", AT("1:8", "'times' is 'many'; expected a number, 1 to 1000\ntimes: many\n       ^")},
	{U32, 1, "times: '5'", AT("1:8", "'times' is text in quotes; expected 5 without quotes\ntimes: '5'\n       ^")},
	{U32, 1, "times:", AT("1:7", "'times' is empty; expected a number\ntimes:\n      ^")},
	{U32, 1, "times: ~", AT("1:8", "'times' is '~'; expected a number, 1 to 1000\ntimes: ~\n       ^")},
	{U32, 1, "times: [1]", AT("1:8", "'times' is a list; expected a number\ntimes: [1]\n       ^")},
	{U32, 1, "times:\n  a: 1", AT("2:3", "'times' is a map; expected a number\n  a: 1\n  ^")},
	{U32, 1, "[5, 1001]", AT("1:5", "item 2 is 1001; expected 1 to 1000\n[5, 1001]\n    ^")},
	{U32, 2, "k: [5, 1001]", AT("1:8", "item 2 of 'k' is 1001; expected 1 to 1000\nk: [5, 1001]\n       ^")},
	{U64, 1, "n: 18446744073709551616",
	 AT("1:4", "'n' is 18446744073709551616; expected 0 to 18446744073709551615\nn: 18446744073709551616\n   ^")},
	{BYTES, 1, "size: 4096", AT("1:7", "'size' is '4096'; expected a size with a unit, such as '512 B' or '4 KiB'\nsize: 4096\n      ^")},
	{BYTES, 1, "size: 1 MiB", AT("1:7", "'size' is 1 MiB; expected 1 KiB to 64 KiB\nsize: 1 MiB\n      ^")},
	{DURATION, 1, "hold: 41",
	 AT("1:7", "'hold' is '41'; expected a duration with a unit, such as '41 us' or '1.5 s'\nhold: 41\n      ^")},
	{DURATION, 1, "hold: 41 us", AT("1:7", "'hold' is 41 us; expected 1 ms to 1 min\nhold: 41 us\n      ^")},
	{PERCENT, 1, "p: 0.5", AT("1:4", "'p' is '0.5'; expected a percentage, such as '10%'\np: 0.5\n   ^")},
	{PERCENT, 1, "p: 200%", AT("1:4", "'p' is 200%; expected 0% to 100%\np: 200%\n   ^")},
	{HEX, 1, "h: 0x12", AT("1:4", "'h' is '0x12'; expected hex digits, two for each byte\nh: 0x12\n   ^")},
	{HEX, 1, "h: '0011223344'", AT("1:4", "'h' is 5 bytes; expected at most 4\nh: '0011223344'\n   ^")},
	{HEX, 1, "h: {}", AT("1:4", "'h' is a map; expected hex digits, two for each byte\nh: {}\n   ^")},
	{BOOL, 1, "ecc: yes", AT("1:6", "'ecc' is 'yes'; expected true or false\necc: yes\n     ^")},
	{BOOL, 1, "ecc: \"true\"", AT("1:6", "'ecc' is text in quotes; expected true without quotes\necc: \"true\"\n     ^")},
	{TEXT, 1, "title: null", AT("1:8", "'title' is empty; expected text\ntitle: null\n       ^")},
	{TEXT, 1, "title: []", AT("1:8", "'title' is a list; expected text\ntitle: []\n       ^")},
	{ENUM, 1, "m: optinal", AT("1:4", "'m' is 'optinal'; expected 'required' or 'optional'; did you mean 'optional'?\nm: optinal\n   ^")},
	{ENUM, 1, "m: no", AT("1:4", "'m' is 'no'; expected 'required' or 'optional'\nm: no\n   ^")},
	{ENUM, 1, "m: {a}", AT("1:4", "'m' is a map; expected 'required' or 'optional'\nm: {a}\n   ^")},
	{ENUM, 1, "m: \"\\e[31m\"", AT("1:4", "'m' is '\\x1b[31m'; expected 'required' or 'optional'\nm: \"\\e[31m\"\n   ^")},
	{IS_MAP, 1, "flash: 128 KiB", AT("1:8", "'flash' is text; expected a map\nflash: 128 KiB\n       ^")},
	{IS_MAP, 1, "flash:", AT("1:7", "'flash' is empty; expected a map\nflash:\n      ^")},
	{IS_SEQ, 1, "f:\n  a: 1", AT("2:3", "'f' is a map; expected a list\n  a: 1\n  ^")},
	{IS_TEXT, 1, "f:\n- a", AT("2:1", "'f' is a list; expected text\n- a\n^")},
	{NEED, 1, "flash: {size: 1 KiB}", AT("1:8", "missing 'page' in 'flash': size of a flash page\nflash: {size: 1 KiB}\n       ^")},
	{NEED, 2, "areas:\n- {a: 1}", AT("2:3", "missing 'page' in item 1 of 'areas': size of a flash page\n- {a: 1}\n  ^")},
	{DONE, 1, "x: {facult: 1}", AT("1:5", "unknown key 'facult'; did you mean 'faults'?\nx: {facult: 1}\n    ^")},
	{DONE, 1, "x: {times: 1, power: 1}",
	 AT("1:15", "unknown key 'power'; expected 'faults' or 'times'\nx: {times: 1, power: 1}\n              ^")},
};

/* Go into the map and then the list, as many levels as the row says: its first value, its last item. */
static struct bp_node *inside(struct bp_node *n, int levels)
{
	for (; levels; levels--)
		n = n->kind == BP_NODE_MAP ? n->items[0] : n->items[n->n - 1];
	return n;
}

static void bad_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct bp_diag d = {.arena = arena};
		struct bp_node *node = inside(parse(refused[i].text), refused[i].levels);
		struct bp_err err = {0};

		if (get(refused[i].getter, &d, node) != BP_ECONFIG)
			fail_msg("accepted: %s", refused[i].text);
		assert_int_equal(d.count, 1);
		assert_string_equal(d.text[0], refused[i].message);
		assert_int_equal(bp_diag_result(&d, &err), BP_ECONFIG);
		assert_int_equal(err.code, BP_ECONFIG);
		assert_string_equal(err.text, refused[i].message);
	}
}

static void the_root_is_the_document(void **state)
{
	struct bp_diag d = {.arena = arena};

	(void)state;
	assert_false(bp_node_is(&d, parse("just text"), BP_NODE_MAP));
	assert_string_equal(d.text[0], AT("1:1", "the document is text; expected a map\njust text\n^"));
	assert_null(bp_map_need(&d, parse("{}"), "name", NULL));
	assert_string_equal(d.text[1], AT("1:1", "missing 'name'\n{}\n^"));
	assert_int_equal(bp_map_done(&d, parse("zz: 1")), BP_ECONFIG);
	assert_string_equal(d.text[2], AT("1:1", "unknown key 'zz'; expected no such key\nzz: 1\n^"));
}

static void ten_errors_are_kept_and_all_counted(void **state)
{
	struct bp_diag d = {.arena = arena};
	struct bp_node *root = parse("{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1}");
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_map_done(&d, root), BP_ECONFIG);
	assert_int_equal(d.count, 12);
	assert_string_not_equal(d.text[9], "");
	assert_int_equal(bp_diag_result(&d, &err), BP_ECONFIG);
	assert_memory_equal(err.text, "x.yaml:1:2: error: unknown key 'a'; expected no such key\n{a: 1", 62);
	/* As many as err holds, each of them whole. */
	assert_string_equal(strrchr(err.text, '\n'), "\n6 more errors");
	assert_int_equal(bp_diag_result(&d, NULL), BP_ECONFIG);
}

static void diagnostics_survive_a_full_arena(void **state)
{
	struct bp_arena *full = bp_arena_new(0);
	struct bp_diag d = {.arena = full};
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_diag_at(&d, parse("a: 1"), "x"), BP_ECONFIG);
	assert_int_equal(bp_diag_at(&d, parse("a: 1"), "x"), BP_ECONFIG);
	assert_int_equal(bp_diag_result(&d, &err), BP_ECONFIG);
	assert_string_equal(err.text, "2 errors");
	bp_arena_free(full);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_missing_leaves_the_default, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_values, setup, teardown),
		cmocka_unit_test_setup_teardown(the_root_is_the_document, setup, teardown),
		cmocka_unit_test_setup_teardown(ten_errors_are_kept_and_all_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(diagnostics_survive_a_full_arena, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
