/* SPDX-License-Identifier: Apache-2.0 */
/* Text buffer, numbers, durations, sizes, hex, suggestions, JSON and XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xml.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct bp_arena *arena;
static struct bp_text text;

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new(1 << 20);
	bp_text_init(&text, arena);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

/* ---- buffer ---- */

static void text_grows(void **state)
{
	(void)state;
	assert_string_equal(text.bytes, "");
	bp_text_clear(&text);
	for (int i = 0; i < 1000; i++)
		bp_text_printf(&text, "%03d,", i);
	assert_int_equal(text.len, 4000);
	assert_memory_equal(text.bytes, "000,001,", 8);
	assert_string_equal(text.bytes + 3992, "998,999,");
	bp_text_clear(&text);
	assert_string_equal(text.bytes, "");
	bp_text_puts(&text, "ab");
	bp_text_add(&text, "cd!", 2);
	bp_text_printf(&text, "%s", "");
	assert_string_equal(text.bytes, "abcd");
	assert_false(text.failed);
}

static void text_fails_once_and_stays_whole(void **state)
{
	struct bp_arena *small = bp_arena_new(512);
	struct bp_text t;

	(void)state;
	bp_text_init(&t, small);
	for (int i = 0; i < 255; i++)
		bp_text_add(&t, "x", 1);
	assert_false(t.failed);
	bp_text_add(&t, "yy", 2);
	assert_true(t.failed);
	assert_int_equal(t.len, 255);
	assert_int_equal(strlen(t.bytes), 255);
	bp_text_printf(&t, "z");
	bp_text_clear(&t);
	bp_text_puts(&t, "z");
	assert_string_equal(t.bytes, "");
	assert_true(t.failed);
	bp_arena_free(small);
}

/* ---- numbers ---- */

enum kind { U64, DURATION, BYTES, PERCENT };

static int parse(enum kind kind, const char *s, uint64_t min, uint64_t max, uint64_t *out, struct bp_err *err)
{
	uint32_t percent = 0;
	int rc;

	switch (kind) {
	case U64: return bp_parse_u64(s, min, max, out, err);
	case DURATION: return bp_parse_duration(s, min, max, out, err);
	case BYTES: return bp_parse_bytes(s, min, max, out, err);
	default:
		rc = bp_parse_percent(s, &percent, err);
		if (!rc)
			*out = percent;
		return rc;
	}
}

static void good_numbers(void **state)
{
	static const struct {
		enum kind kind;
		const char *s;
		uint64_t value;
	} rows[] = {
		{U64, "0", 0}, {U64, "1000", 1000}, {U64, "007", 7}, {U64, "0x1F", 31}, {U64, "0xffffffffffffffff", UINT64_MAX},
		{U64, "18446744073709551615", UINT64_MAX},
		{DURATION, "41us", 41000}, {DURATION, "41 us", 41000}, {DURATION, "41\xc2\xb5s", 41000},
		{DURATION, "41 \xce\xbcs", 41000}, {DURATION, "85 ms", 85000000}, {DURATION, "1.5s", 1500000000},
		{DURATION, "0.000000001 s", 1}, {DURATION, "1.500 us", 1500}, {DURATION, "2min", UINT64_C(120000000000)},
		{DURATION, "0.5 h", UINT64_C(1800000000000)}, {DURATION, "0 ns", 0}, {DURATION, "7.0 ns", 7},
		{DURATION, "18446744073.709551615 s", UINT64_MAX}, {DURATION, "18446744073709551615ns", UINT64_MAX},
		{DURATION, "1.000000001 h", UINT64_C(3600000003600)},
		{BYTES, "512 B", 512}, {BYTES, "4 KiB", 4096}, {BYTES, "4KiB", 4096}, {BYTES, "1 MiB", 1 << 20},
		{BYTES, "2GiB", UINT64_C(1) << 31}, {BYTES, "0x16400", 0x16400}, {BYTES, "0x10 KiB", 16384}, {BYTES, "0 B", 0},
		{BYTES, "17179869183 GiB", UINT64_C(17179869183) << 30},
		{PERCENT, "0%", 0}, {PERCENT, "10%", 10}, {PERCENT, "100 %", 100},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bp_err err = {0};
		uint64_t v = 99;

		if (parse(rows[i].kind, rows[i].s, 0, UINT64_MAX, &v, &err) || v != rows[i].value)
			fail_msg("%s: %llu %s", rows[i].s, (unsigned long long)v, err.text);
	}
}

#define A_NUMBER "; expected a number, 1 to 1000"
#define A_DURATION "; expected a duration with a unit, such as '41 us' or '1.5 s'"
#define A_SIZE "; expected a size with a unit, such as '512 B' or '4 KiB'"
#define A_PERCENTAGE "; expected a percentage, such as '10%'"

/* The range is 1 to 1000 (ns, bytes). */
static void bad_numbers(void **state)
{
	static const struct {
		enum kind kind;
		const char *s, *message;
	} rows[] = {
		{U64, "", "empty" A_NUMBER}, {U64, "abc", "'abc'" A_NUMBER}, {U64, "-1", "'-1'" A_NUMBER},
		{U64, "+1", "'+1'" A_NUMBER}, {U64, " 1", "' 1'" A_NUMBER}, {U64, "1 ", "'1 '" A_NUMBER},
		{U64, "1.5", "'1.5'" A_NUMBER}, {U64, "1e3", "'1e3'" A_NUMBER}, {U64, "0x", "'0x'" A_NUMBER},
		{U64, "0xfg", "'0xfg'" A_NUMBER}, {U64, "0b1", "'0b1'" A_NUMBER}, {U64, "0X1", "'0X1'" A_NUMBER},
		{U64, "1_000", "'1_000'" A_NUMBER},
		{U64, "0", "0; expected 1 to 1000"}, {U64, "1001", "1001; expected 1 to 1000"},
		{U64, "18446744073709551616", "18446744073709551616; expected 1 to 1000"},
		{U64, "0x10000000000000001", "0x10000000000000001; expected 1 to 1000"},
		{U64, "99999999999999999999999999999x", "'99999999999999999999999999999x'" A_NUMBER},
		{U64, "a\033[31m\xff", "'a\\x1b[31m\\xff'" A_NUMBER},
		{DURATION, "", "empty" A_DURATION}, {DURATION, "41", "'41'" A_DURATION}, {DURATION, "us", "'us'" A_DURATION},
		{DURATION, "-1 us", "'-1 us'" A_DURATION}, {DURATION, ".5 us", "'.5 us'" A_DURATION},
		{DURATION, "1. us", "'1. us'" A_DURATION}, {DURATION, "1,5 us", "'1,5 us'" A_DURATION},
		{DURATION, "1 us ", "'1 us '" A_DURATION}, {DURATION, "1  us", "'1  us'" A_DURATION},
		{DURATION, "1 sec", "'1 sec'" A_DURATION}, {DURATION, "1 S", "'1 S'" A_DURATION},
		{DURATION, "0.1234567891 s", "'0.1234567891 s'" A_DURATION}, {DURATION, "1.2.3 s", "'1.2.3 s'" A_DURATION},
		{DURATION, "0x10 s", "'0x10 s'" A_DURATION},
		{DURATION, "1.5 ns", "'1.5 ns'; expected a whole number of nanoseconds"},
		{DURATION, "0.0001 us", "'0.0001 us'; expected a whole number of nanoseconds"},
		{DURATION, "0 s", "0 s; expected 1 ns to 1 us"}, {DURATION, "1001 ns", "1001 ns; expected 1 ns to 1 us"},
		{DURATION, "18446744073.709551616 s", "18446744073.709551616 s; expected 1 ns to 1 us"},
		{DURATION, "5124096 h", "5124096 h; expected 1 ns to 1 us"},
		{DURATION, "99999999999999999999 ns", "99999999999999999999 ns; expected 1 ns to 1 us"},
		{BYTES, "", "empty" A_SIZE}, {BYTES, "512", "'512'" A_SIZE}, {BYTES, "4 KB", "'4 KB'" A_SIZE},
		{BYTES, "4 kiB", "'4 kiB'" A_SIZE}, {BYTES, "1.5 KiB", "'1.5 KiB'" A_SIZE}, {BYTES, "-4 B", "'-4 B'" A_SIZE},
		{BYTES, "0x", "'0x'" A_SIZE}, {BYTES, "0x1z", "'0x1z'" A_SIZE}, {BYTES, "B", "'B'" A_SIZE},
		{BYTES, "1 KiB", "1 KiB; expected 1 B to 1000 B"}, {BYTES, "0x0", "0x0; expected 1 B to 1000 B"},
		{BYTES, "17179869184 GiB", "17179869184 GiB; expected 1 B to 1000 B"},
		{PERCENT, "", "empty" A_PERCENTAGE}, {PERCENT, "10", "'10'" A_PERCENTAGE}, {PERCENT, "%", "'%'" A_PERCENTAGE},
		{PERCENT, "-1%", "'-1%'" A_PERCENTAGE}, {PERCENT, "1.5%", "'1.5%'" A_PERCENTAGE},
		{PERCENT, "10%%", "'10%%'" A_PERCENTAGE},
		{PERCENT, "101%", "101%; expected 0% to 100%"},
		{PERCENT, "18446744073709551626%", "18446744073709551626%; expected 0% to 100%"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bp_err err = {0};
		uint64_t v = 99;

		if (parse(rows[i].kind, rows[i].s, 1, 1000, &v, &err) != BP_ECONFIG || v != 99)
			fail_msg("'%s' was taken for %llu", rows[i].s, (unsigned long long)v);
		assert_string_equal(err.text, rows[i].message);
	}
	assert_int_equal(bp_parse_u64("x", 0, 1, &(uint64_t){0}, NULL), BP_ECONFIG);
}

static void durations_and_sizes_are_shown(void **state)
{
	static const struct {
		uint64_t ns;
		const char *human, *exact;
	} rows[] = {
		{0, "0 ns", "0ns"}, {999, "999 ns", "999ns"}, {1000, "1 us", "1us"}, {41000, "41 us", "41us"},
		{1500, "1.5 us", "1.5us"}, {999999, "999.999 us", "999.999us"}, {85000000, "85 ms", "85ms"},
		{1234567, "1.235 ms", "1.234567ms"}, {999999499, "999.999 ms", "999.999499ms"},
		{999999500, "1 s", "999.9995ms"}, {1250000000, "1.25 s", "1.25s"}, {1050000000, "1.05 s", "1.05s"},
		{1000000001, "1 s", "1.000000001s"}, {UINT64_C(60000000000), "1 min", "60s"},
		{UINT64_C(90000000000), "90 s", "90s"}, {UINT64_C(125000000000), "2 min 5 s", "125s"},
		{UINT64_C(3599600000000), "1 h", "3599.6s"}, {UINT64_C(3600000000000), "1 h", "3600s"},
		{UINT64_C(12060000000000), "3 h 21 min", "12060s"},
		{UINT64_MAX, "5124095 h 34 min", "18446744073.709551615s"},
	};
	char out[48];
	uint64_t again;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(bp_show_duration(out, sizeof(out), rows[i].ns), rows[i].human);
		assert_string_equal(bp_exact_duration(out, sizeof(out), rows[i].ns), rows[i].exact);
		assert_int_equal(bp_parse_duration(out, 0, UINT64_MAX, &again, NULL), 0);
		assert_true(again == rows[i].ns);
	}
	assert_string_equal(bp_show_bytes(out, sizeof(out), 0), "0 B");
	assert_string_equal(bp_show_bytes(out, sizeof(out), 1000), "1000 B");
	assert_string_equal(bp_show_bytes(out, sizeof(out), 32768), "32 KiB");
	assert_string_equal(bp_show_bytes(out, sizeof(out), 1 << 20), "1 MiB");
	assert_string_equal(bp_show_bytes(out, sizeof(out), UINT64_C(3) << 30), "3 GiB");
	assert_string_equal(bp_show_bytes(out, sizeof(out), UINT64_MAX), "18446744073709551615 B");
}

/* ---- hex, names, UTF-8 ---- */

static void hex_both_ways(void **state)
{
	static const uint8_t bytes[] = {0x00, 0xff, 0x5a, 0xa5};
	uint8_t back[5] = {0, 0, 0, 0, 0xee};
	struct bp_err err;
	char out[9];

	(void)state;
	assert_string_equal(bp_hex(out, bytes, 4), "00ff5aa5");
	assert_string_equal(bp_hex(out, NULL, 0), "");
	assert_int_equal(bp_unhex("00FF5aa5", back, 4, &err), 4);
	assert_memory_equal(back, bytes, 4);
	assert_int_equal(back[4], 0xee);
	assert_int_equal(bp_unhex("", back, 4, &err), 0);
	assert_int_equal(bp_unhex("0g", back, 4, &err), BP_ECONFIG);
	assert_string_equal(err.text, "'0g'; expected hex digits, two for each byte");
	assert_int_equal(bp_unhex("012", back, 4, &err), BP_ECONFIG);
	assert_string_equal(err.text, "3 hex digits; expected two for each byte");
	assert_int_equal(bp_unhex("0011223344", back, 4, &err), BP_ECONFIG);
	assert_string_equal(err.text, "5 bytes; expected at most 4");
}

static void nearest_name(void **state)
{
	static const char *const names[] = {"faults", NULL, "times", "at", "hardware-revision", "a", "tags"};
	static const struct {
		const char *word, *near;
	} rows[] = {
		{"facult", "faults"}, {"fault", "faults"}, {"FAULTS", "faults"}, {"afults", "faults"}, {"tiems", "times"},
		{"hardware_revison", "hardware-revision"}, {"hradwrae-rveision", "hardware-revision"}, {"aat", "at"},
		{"b", NULL}, {"", NULL}, {"power", NULL}, {"bus", NULL}, {"faultsfaults", NULL},
		{"a-very-long-name-that-is-longer-than-any-name-that-anybody-would-ever-give-to-a-key", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *near = bp_nearest(rows[i].word, names, COUNT(names));

		if (near != rows[i].near && (!near || !rows[i].near || strcmp(near, rows[i].near) != 0))
			fail_msg("'%s' is near '%s'", rows[i].word, near ? near : "(none)");
	}
	assert_null(bp_nearest("x", NULL, 0));
}

static void utf8_and_quotes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, n;
		uint32_t cp;
	} rows[] = {
		{"a", 1, 1, 'a'}, {"\0", 1, 1, 0}, {"", 0, 0, 0}, {"\xc3\xa9", 2, 2, 0xe9}, {"\xe2\x82\xac", 3, 3, 0x20ac},
		{"\xf0\x9f\x92\xa5", 4, 4, 0x1f4a5}, {"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff},
		{"\xc3", 1, 0, 0}, {"\xc3(", 2, 0, 0}, {"\x80", 1, 0, 0}, {"\xff", 1, 0, 0}, {"\xc0\x80", 2, 0, 0},
		{"\xe0\x80\x80", 3, 0, 0}, {"\xed\xa0\x80", 3, 0, 0}, {"\xf4\x90\x80\x80", 4, 0, 0}, {"\xf8\x88\x80\x80\x80", 5, 0, 0},
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t cp = 0;

		assert_int_equal(bp_utf8(rows[i].bytes, rows[i].len, &cp), rows[i].n);
		assert_int_equal(cp, rows[i].cp);
	}
	assert_string_equal(bp_quote(out, sizeof(out), ""), "''");
	assert_string_equal(bp_quote(out, sizeof(out), "\xc3\xa9\n\xc2\x85"), "'\xc3\xa9\\x0a...'");
	assert_string_equal(bp_quote(out, sizeof(out), "0123456789abcdef"), "'0123456789...'");
}

/* ---- writers ---- */

static void json_nests_and_escapes(void **state)
{
	struct bp_json j;

	(void)state;
	bp_json_init(&j, &text);
	bp_json_object(&j);
	bp_json_kv_text(&j, "t", "q\"b\\n\n\t\r\x01\x7f\xc3\xa9\xff</");
	bp_json_kv_text(&j, "none", NULL);
	bp_json_key(&j, "list");
	bp_json_array(&j);
	bp_json_u64(&j, UINT64_MAX);
	bp_json_i64(&j, INT64_MIN);
	bp_json_array(&j);
	bp_json_array_end(&j);
	bp_json_object(&j);
	bp_json_kv_bool(&j, "no", false);
	bp_json_kv_u64(&j, "k\"", 0);
	bp_json_object_end(&j);
	bp_json_bool(&j, true);
	bp_json_textn(&j, "a\0b", 3);
	bp_json_array_end(&j);
	bp_json_key(&j, "empty");
	bp_json_object(&j);
	bp_json_object_end(&j);
	bp_json_object_end(&j);
	bp_text_puts(&text, "\n");
	bp_json_object(&j); /* the next line begins without a comma */
	bp_json_object_end(&j);
	assert_string_equal(text.bytes,
			    "{\"t\":\"q\\\"b\\\\n\\n\\t\\r\\u0001\\u007f\xc3\xa9\\u00ff</\",\"none\":null,"
			    "\"list\":[18446744073709551615,-9223372036854775808,[],{\"no\":false,\"k\\\"\":0},true,\"a\\u0000b\"],"
			    "\"empty\":{}}\n{}");
}

static void xml_nests_indents_and_escapes(void **state)
{
	struct bp_xml x;

	(void)state;
	bp_xml_init(&x, &text);
	bp_xml_open(&x, "testsuites");
	bp_xml_attrf(&x, "tests", "%d", 2);
	bp_xml_open(&x, "testcase");
	bp_xml_attr(&x, "name", "a<b>&\"'\n\t\x1b\xff");
	bp_xml_close(&x);
	bp_xml_open(&x, "testcase");
	bp_xml_open(&x, "system-out");
	bp_xml_text(&x, "1 < 2 ]]>\r\n\tx\x00");
	bp_xml_text(&x, "\x02\xed\xa0\x80\xef\xbf\xbf\xf0\x9f\x92\xa5");
	bp_xml_close(&x);
	bp_xml_close(&x);
	bp_xml_close(&x);
	assert_string_equal(text.bytes,
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			    "<testsuites tests=\"2\">\n"
			    "  <testcase name=\"a&lt;b&gt;&amp;&quot;&#39;&#10;&#9;\xef\xbf\xbd\xef\xbf\xbd\"/>\n"
			    "  <testcase>\n"
			    "    <system-out>1 &lt; 2 ]]&gt;&#13;\n\tx"
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x92\xa5</system-out>\n"
			    "  </testcase>\n"
			    "</testsuites>\n");
	assert_int_equal(x.depth, 0);
	bp_text_clear(&text);
	bp_xml_escape(&text, "a\0<\nb", 5);
	assert_string_equal(text.bytes, "a\xef\xbf\xbd&lt;\nb");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_grows, setup, teardown),
		cmocka_unit_test(text_fails_once_and_stays_whole),
		cmocka_unit_test(good_numbers),
		cmocka_unit_test(bad_numbers),
		cmocka_unit_test(durations_and_sizes_are_shown),
		cmocka_unit_test(hex_both_ways),
		cmocka_unit_test(nearest_name),
		cmocka_unit_test(utf8_and_quotes),
		cmocka_unit_test_setup_teardown(json_nests_and_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(xml_nests_indents_and_escapes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
