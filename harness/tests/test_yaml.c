/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML reader: each message in full, with line, column and caret; and what a good file gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

/* ---- documents that are refused on reading ---- */

#define AT(place, message) "x.yaml:" place ": error: " message

static const struct {
	const char *text, *message;
} bad[] = {
	{"", AT("1:1", "the document is empty; expected a map or a list")},
	{"\n \n", AT("1:1", "the document is empty; expected a map or a list")},
	{"# nothing\n", AT("1:1", "the document is empty; expected a map or a list\n# nothing\n^")},
	{"---\n", AT("2:1", "the document is empty; expected a map or a list")},
	{"a: &x 1\n", AT("1:4", "anchors ('&name') are not read; expected the value itself\na: &x 1\n   ^")},
	{"a:\n- &x {}\n", AT("2:3", "anchors ('&name') are not read; expected the value itself\n- &x {}\n  ^")},
	{"a: &x []\n", AT("1:4", "anchors ('&name') are not read; expected the value itself\na: &x []\n   ^")},
	{"a: 1\nb: *x\n", AT("2:4", "aliases ('*name') are not read; expected the value itself\nb: *x\n   ^")},
	{"*x : 1\n", AT("1:1", "aliases ('*name') are not read; expected the value itself\n*x : 1\n^")},
	{"a: !!int 1\n", AT("1:4", "tags ('!name') are not read; expected the value itself\na: !!int 1\n   ^")},
	{"!t [a]\n", AT("1:1", "tags ('!name') are not read; expected the value itself\n!t [a]\n^")},
	{"a: ! {}\n", AT("1:4", "tags ('!name') are not read; expected the value itself\na: ! {}\n   ^")},
	{"%YAML 1.1\n---\na: 1\n", AT("1:1", "directives ('%YAML', '%TAG') are not read; expected a map or a list\n%YAML 1.1\n^")},
	{"a: 1\n---\nb: 2\n", AT("2:1", "a second document; expected one document a file\n---\n^")},
	{"a: 1\n...\nb\n", AT("3:1", "text after the end of the document; expected one document a file\nb\n^")},
	{"{a: 1}}", AT("1:7", "text after the end of the document; expected one document a file\n{a: 1}}\n      ^")},
	{"? [a]\n: 1\n", AT("1:3", "this key is a list; expected text\n? [a]\n  ^")},
	{"{{a: 1}: 2}\n", AT("1:2", "this key is a map; expected text\n{{a: 1}: 2}\n ^")},
	{"a: {'': 1}\n", AT("1:5", "this key is empty; expected 'key: value'\na: {'': 1}\n    ^")},
	{"a: 1\nb: 2\na: 3\nb: 4\n", AT("3:1", "duplicate key 'a'; expected it once, and line 1 has it\na: 3\n^")},
	{"a: {x: 1, 'x': 2}\n", AT("1:11", "duplicate key 'x'; expected it once, and line 1 has it\na: {x: 1, 'x': 2}\n          ^")},
	{"a: \"x\\0y\"\n", AT("1:4", "this text holds a NUL byte; expected text without one\na: \"x\\0y\"\n   ^")},
	{"a: b\033c\n", AT("1:5", "unprintable character U+001B; expected text\na: b?c\n    ^")},
	{"a: b\xef\xbb\xbf\n", AT("1:5", "unprintable character U+FEFF; expected text\na: b\xef\xbb\xbf\n    ^")},
	{"a: \xe2\x82\xac\xff\n", AT("1:5", "byte 0xff is no UTF-8; expected UTF-8 text\na: \xe2\x82\xac?\n    ^")},
	{"a: 1\nb: \xc3", AT("2:4", "byte 0xc3 is no UTF-8; expected UTF-8 text\nb: ?\n   ^")},
	{"a: b: c\n", AT("1:5", "a ':' does not fit here; expected one 'key: value' a line, indented like its neighbours, "
				 "or the text in quotes\na: b: c\n    ^")},
	{"a: 1\n  b: 2\n", AT("2:4", "a ':' does not fit here; expected one 'key: value' a line, indented like its neighbours, "
				      "or the text in quotes\n  b: 2\n   ^")},
	{"a:\n\tb: 1\n", AT("2:1", "a tab here; expected spaces\n\tb: 1\n^")},
	{"a: >\n\t\tfoo\n", AT("2:1", "a tab here; expected spaces\n\t\tfoo\n^")},
	{"a: 1\nfoo\nb: 2\n", AT("2:1", "this key has no ': '; expected 'key: value', with a space after the ':'\nfoo\n^")},
	{"a:\n  b: 1\n c: 2\n", AT("3:2", "this does not belong here; expected 'key: value', indented like the lines above\n c: 2\n ^")},
	{"a: \"x\" y\n", AT("1:8", "this does not belong here; expected 'key: value', indented like the lines above\na: \"x\" y\n       ^")},
	{"- 1\nb: 1\n", AT("2:1", "this does not belong here; expected '- ', indented like the items above\nb: 1\n^")},
	{"a: - 1\n", AT("1:4", "a list may not begin here; expected '- ' on a line of its own\na: - 1\n   ^")},
	{"a: [1, 2\nb: 3\n", AT("2:2", "the list in brackets is broken; expected ',' or ']'\nb: 3\n ^")},
	{"a: [1, 2\n", AT("1:4", "the list in brackets is broken; expected ',' or ']'\na: [1, 2\n   ^")},
	{"a: {b: 1 c: 2}\n", AT("1:11", "the map in braces is broken; expected ',' or '}'\na: {b: 1 c: 2}\n          ^")},
	{"a: 1\nb: \"c\nd: 1\n", AT("2:4", "the text in quotes never ends; expected a closing quote\nb: \"c\n   ^")},
	{"a: @x\n", AT("1:4", "this character cannot begin a value; expected the text in quotes\na: @x\n   ^")},
	{"a: \"\\q\"\n", AT("1:5", "no such escape; expected one as in JSON, or the text in single quotes\na: \"\\q\"\n    ^")},
	{"a: \"\\xd\"\n", AT("1:7", "this escape is cut short; expected hex digits\na: \"\\xd\"\n      ^")},
	{"a: |x\n", AT("1:5", "did not find expected comment or line break while scanning a block scalar\na: |x\n    ^")},
	{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", AT("1:17", "too deep; expected at most 16 levels of maps and lists\n"
						   "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n                ^")},
	/* The caret stands right behind tabs, other line ends, a byte order mark, and characters of several bytes. */
	{"a:\t[1,\t*x]\n", AT("1:8", "aliases ('*name') are not read; expected the value itself\na:\t[1,\t*x]\n  \t   \t^")},
	{"a: 1\r\nb: *x\r\n", AT("2:4", "aliases ('*name') are not read; expected the value itself\nb: *x\n   ^")},
	{"a: 1\rb: *x\r", AT("2:4", "aliases ('*name') are not read; expected the value itself\nb: *x\n   ^")},
	{"a: 1\xe2\x80\xa8" "b: *x\n", AT("2:4", "aliases ('*name') are not read; expected the value itself\nb: *x\n   ^")},
	{"\xef\xbb\xbf" "a: *x", AT("1:4", "aliases ('*name') are not read; expected the value itself\na: *x\n   ^")},
	{"\xe2\x82\xac: *x", AT("1:4", "aliases ('*name') are not read; expected the value itself\n\xe2\x82\xac: *x\n   ^")},
};

static void bad_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bp_node *root = NULL;
		struct bp_err err = {0};

		bp_arena_reset(arena);
		if (bp_yaml_parse(arena, "x.yaml", bad[i].text, strlen(bad[i].text), &root, &err) != BP_ECONFIG)
			fail_msg("accepted: %s", bad[i].text);
		assert_int_equal(err.code, BP_ECONFIG);
		assert_string_equal(err.text, bad[i].message);
		assert_null(root);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	struct bp_node *root;
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_yaml_parse(arena, "x.yaml", "a: 1\nb\0c: 1\n", 12, &root, &err), BP_ECONFIG);
	assert_string_equal(err.text, AT("2:2", "a NUL byte here; expected text\nb?c: 1\n ^"));
}

/* 300 characters, cut to 96 around the column, with dots where something is missing. */
static void long_lines_are_cut(void **state)
{
	char text[512], want[512], fill[301];
	struct bp_node *root;
	struct bp_err err;

	(void)state;
	memset(fill, 'x', 300);
	fill[300] = '\0';
	snprintf(text, sizeof(text), "a: [%.200s, *y, %.200s]\n", fill, fill);
	snprintf(want, sizeof(want), AT("1:207", "aliases ('*name') are not read; expected the value itself\n...%.61s, *y, %.29s...\n%66s^"),
		 fill, fill, "");
	assert_int_equal(bp_yaml_parse(arena, "x.yaml", text, strlen(text), &root, &err), BP_ECONFIG);
	assert_string_equal(err.text, want);
	snprintf(text, sizeof(text), "a: *y # %s\n", fill);
	snprintf(want, sizeof(want), AT("1:4", "aliases ('*name') are not read; expected the value itself\na: *y # %.88s...\n   ^"), fill);
	assert_int_equal(bp_yaml_parse(arena, "x.yaml", text, strlen(text), &root, &err), BP_ECONFIG);
	assert_string_equal(err.text, want);
}

static void limits(void **state)
{
	size_t len = BP_YAML_MAX_BYTES;
	char *big = malloc(len + 1);
	struct bp_arena *small = bp_arena_new(4096);
	struct bp_node *root;
	struct bp_err err;

	(void)state;
	memset(big, '#', len + 1);
	memcpy(big, "a: 1 ", 5);
	assert_int_equal(bp_yaml_parse(arena, "x.yaml", big, len, &root, &err), 0);
	assert_int_equal(bp_yaml_parse(arena, "x.yaml", big, len + 1, &root, &err), BP_ECONFIG);
	assert_string_equal(err.text, "x.yaml is larger than 1 MiB");
	assert_int_equal(bp_yaml_parse(small, "x.yaml", big, len, &root, &err), BP_ENOMEM);
	assert_string_equal(err.text, "x.yaml: no memory left to read it");
	for (size_t i = 0; i < 1000; i++)
		memcpy(big + 2 * i, "- ", 2); /* a list in a list in a list … */
	assert_int_equal(bp_yaml_parse(arena, "x.yaml", big, 2000, &root, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "x.yaml:1:33: error: too deep"));
	for (size_t i = 0; i < 500; i++)
		memcpy(big + 4 * i, "- a\n", 4);
	assert_int_equal(bp_yaml_parse(small, "x.yaml", big, 2000, &root, &err), BP_ENOMEM); /* while the tree grows */
	bp_arena_free(small);
	free(big);
}

/* ---- good documents ---- */

static void a_product_is_read(void **state)
{
	struct bp_diag d = {.arena = arena};
	struct bp_node *root = parse("---\n"
				     "product: reference      # a comment\n"
				     "title: 'it''s #1'\n"
				     "flash: {size: 128 KiB, erased: 0xff, erase-time: 85 ms, at: 0x4000}\n"
				     "reasons: [NONE, \"BAD\\tHASH\"]\n"
				     "ecc: false\n"
				     "steps:\n"
				     "- cut: 10%\n"
				     "  id: 00ff\n"
				     "- cut: 100%\n"
				     "log: |\n"
				     "  one\n"
				     "  two\n"
				     "none:\n"
				     "huge: 18446744073709551615\n"
				     "...\n");
	struct bp_node *flash, *steps;
	const char *s = NULL;
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	bool yes = true;
	uint8_t id[4];
	size_t len = 0;
	unsigned which = 9;

	(void)state;
	assert_true(bp_node_is(&d, root, BP_NODE_MAP));
	assert_int_equal(bp_node_text(&d, bp_map_need(&d, root, "product", NULL), &s), 0);
	assert_string_equal(s, "reference");
	assert_int_equal(bp_node_text(&d, bp_map_get(root, "title"), &s), 0);
	assert_string_equal(s, "it's #1");
	flash = bp_map_get(root, "flash");
	assert_true(bp_node_is(&d, flash, BP_NODE_MAP));
	assert_int_equal(flash->line, 4);
	assert_int_equal(flash->col, 8);
	assert_int_equal(bp_node_bytes(&d, bp_map_get(flash, "size"), 1, 1 << 20, &u32), 0);
	assert_int_equal(u32, 128 * 1024);
	assert_int_equal(bp_node_u32(&d, bp_map_get(flash, "erased"), 0, 255, &u32), 0);
	assert_int_equal(u32, 255);
	assert_int_equal(bp_node_bytes(&d, bp_map_get(flash, "at"), 0, UINT32_MAX, &u32), 0);
	assert_int_equal(u32, 0x4000);
	assert_int_equal(bp_node_duration(&d, bp_map_get(flash, "erase-time"), 0, 1000000000, &u64), 0);
	assert_int_equal(u64, 85000000);
	assert_int_equal(bp_map_done(&d, flash), 0);
	assert_int_equal(bp_map_get(root, "reasons")->n, 2);
	assert_string_equal(bp_map_get(root, "reasons")->items[1]->text, "BAD\tHASH");
	assert_int_equal(bp_node_bool(&d, bp_map_get(root, "ecc"), &yes), 0);
	assert_false(yes);
	steps = bp_map_get(root, "steps");
	assert_true(bp_node_is(&d, steps, BP_NODE_SEQ));
	assert_int_equal(bp_node_percent(&d, bp_map_get(steps->items[1], "cut"), &u32), 0);
	assert_int_equal(u32, 100);
	assert_int_equal(bp_node_hex(&d, bp_map_get(steps->items[0], "id"), id, sizeof(id), &len), 0);
	assert_int_equal(len, 2);
	assert_int_equal(id[1], 0xff);
	assert_int_equal(bp_node_text(&d, bp_map_get(root, "log"), &s), 0);
	assert_string_equal(s, "one\ntwo\n");
	assert_int_equal(bp_node_enum(&d, bp_map_get(root, "product"), (const char *const[]){"small", NULL, "reference"}, 3, &which), 0);
	assert_int_equal(which, 2);
	assert_int_equal(bp_node_u64(&d, bp_map_get(root, "huge"), 0, UINT64_MAX, &u64), 0);
	assert_true(u64 == UINT64_MAX);
	assert_non_null(bp_map_get(root, "none"));
	assert_int_equal(bp_map_done(&d, root), 0);
	assert_int_equal(d.count, 0);
	assert_int_equal(bp_diag_result(&d, NULL), 0);
}

static void a_file_is_read_by_name(void **state)
{
	char path[] = "/tmp/brickproof-yaml-XXXXXX", want[128];
	struct bp_node *root = NULL;
	struct bp_err err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: 1\nb: *c\n", 11), 11);
	close(fd);
	assert_int_equal(bp_yaml_read(arena, path, &root, &err), BP_ECONFIG);
	snprintf(want, sizeof(want), "%s:2:4: error: aliases ('*name') are not read; expected the value itself\nb: *c\n   ^", path);
	assert_string_equal(err.text, want);
	assert_int_equal(bp_write_file(path, "a: 1\n", 5, &err), 0);
	assert_int_equal(bp_yaml_read(arena, path, &root, &err), 0);
	assert_string_equal(root->items[0]->text, "1");
	unlink(path);
	assert_int_equal(bp_yaml_read(arena, path, &root, &err), BP_EIO);
	assert_non_null(strstr(err.text, path));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bad_documents, setup, teardown),
		cmocka_unit_test_setup_teardown(a_nul_byte_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lines_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_product_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_is_read_by_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
