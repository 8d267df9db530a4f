/* SPDX-License-Identifier: Apache-2.0 */
/* What is built from a journal: JUnit, the page, the table; and progress. */
#include "result/html.h"
#include "result/junit.h"
#include "result/progress.h"
#include "result/table.h"
#include "result/words.h"
#include "synth_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define PAGE_BYTES_MAX (1500u * 1024u) /* what the page may weigh for 45,000 cases */

static struct bp_arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static const char *junit_of(const struct bp_results *r)
{
	struct bp_err err = {0};
	struct bp_text t;

	bp_text_init(&t, arena);
	if (bp_junit_write(r, &t, &err))
		fail_msg("%s", err.text);
	return t.bytes;
}

static const char *html_of(const struct bp_results *r, size_t *len)
{
	struct bp_err err = {0};
	struct bp_text t;

	bp_text_init(&t, arena);
	if (bp_html_write(r, &t, &err))
		fail_msg("%s", err.text);
	if (len)
		*len = t.len;
	return t.bytes;
}

#define assert_has(text, what) assert_non_null(strstr(text, what))
#define assert_lacks(text, what) assert_null(strstr(text, what))

static const struct synth clean = {.operations = 300};
static const struct synth dirty = {.operations = 300, .failures = true, .rig = true, .not_exercised = true};

/* ---- JUnit */

static void test_junit_clean(void **state)
{
	const char *xml = junit_of(synth_results(arena, &clean));

	(void)state;
	assert_int_equal(strncmp(xml, "<?xml version=\"1.0\"", 19), 0);
	assert_int_equal(synth_occurs(xml, "<testsuite "), SYNTH_SCENARIOS);
	assert_int_equal(synth_occurs(xml, "<testcase "), synth_occurs(xml, "</testcase>"));
	assert_int_equal(synth_occurs(xml, "<failure"), 0);
	assert_int_equal(synth_occurs(xml, "<error"), 0);
	/* 4 sweeps of 6 variants, link 4, edits 3 each, loops 3 each, one control. */
	assert_int_equal(synth_occurs(xml, "<testcase "), 4 * 6 + 4 + 2 * 3 + 3 * 3 + 4 + 1);
	assert_has(xml, "<testsuites name=\"brickproof reference\" tests=\"48\" failures=\"0\" errors=\"0\" skipped=\"0\"");
	assert_has(xml, "classname=\"brickproof.reference.power-cut-update\" name=\"flash torn 10%\"");
	assert_has(xml, "<property name=\"covers\" value=\"PWR-1 PWR-2 STATE-1\"/>");
	assert_has(xml, "name=\"the mutant early-ack is caught\"");
	assert_has(xml, "caught by 29 of 1001 cases");
}

static void test_junit_dirty(void **state)
{
	const struct synth o = {.operations = 8302, .failures = true, .rig = true, .not_exercised = true};
	const char *xml = junit_of(synth_results(arena, &o));

	(void)state;
	assert_has(xml, "message=\"12 of 8302 cases failed: boots-a-released-image: no slot verifies");
	assert_has(xml, "type=\"boots-a-released-image\"");
	assert_has(xml, "again with: brickproof replay &#39;bp1:reference:power-cut-update:9f21c0de:flash:8095/torn=10%.1:-:1&#39;");
	assert_has(xml, "type=\"rig\"");
	assert_has(xml, "1 of 130 cases not exercised: fault-fired");
	assert_has(xml, "<property name=\"fail\" value=\"12\"/>");
	/* The device's own bytes are text, whatever they are. */
	assert_lacks(xml, "<script");
	assert_lacks(xml, "\x1b");
	assert_has(xml, "[31m&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;]]&gt;&quot;");
}

static void test_junit_twenty_tokens(void **state)
{
	struct bp_results *r = synth_results(arena, &clean);
	struct bp_result_scenario *s = &r->scenarios[0];
	const char *xml;

	(void)state;
	for (size_t i = 0; i < s->n_cases; i++) {
		if (s->variant_of[i] == 1) {
			s->cases[i].verdict = BP_FAIL;
			s->cases[i].invariant = "broken";
			s->cases[i].text = "it is";
		}
	}
	s->variants[1].count[BP_FAIL] = 300;
	s->variants[1].count[BP_PASS] = 0;
	xml = junit_of(r);
	assert_int_equal(synth_occurs(xml, "again with: "), 20);
	assert_has(xml, "… and 280 more");
}

static void test_junit_control_missed(void **state)
{
	const struct synth o = {.operations = 20, .control_missed = true};
	struct bp_results *r = synth_results(arena, &o);
	const char *xml = junit_of(r);

	(void)state;
	assert_has(xml, "<error message=\"no case caught the mutant");
	assert_has(xml, "type=\"control\"");
	assert_has(html_of(r, NULL), "The positive control was not caught");
}

static void test_junit_cut(void **state)
{
	const struct synth o = {.operations = 20, .cut = true};
	struct bp_results *r = synth_results(arena, &o);
	const char *xml = junit_of(r);

	(void)state;
	assert_false(r->complete);
	assert_has(xml, "name=\"the scenario is finished\"");
	assert_has(xml, "name=\"all scenarios are run\"");
	assert_has(xml, "the run was cut short: 10 of 11 scenarios were begun");
	assert_has(xml, "errors=\"2\"");
	assert_has(html_of(r, NULL), "The run was cut short: 9 of 11 scenarios finished");
}

/* ---- nested cuts: all three reports tell how far they went */

static const char searched[] =
	SYNTH_RUN SYNTH_SCENARIO
	"{\"t\":\"case\",\"token\":\"bp1:p:s:0:flash:1/after:-:1\",\"scenario\":\"s\",\"variant\":\"flash after\",\"phase\":\"\",\"op\":1,"
	"\"kind\":\"erase\",\"addr\":0,\"verdict\":\"pass\",\"run\":1,\"merged\":false}\n"
	"{\"t\":\"case\",\"token\":\"bp1:p:s:0:flash:1/after+flash:7/after:-:1\",\"scenario\":\"s\",\"variant\":\"cut 2: flash after\","
	"\"phase\":\"\",\"op\":7,\"kind\":\"erase\",\"addr\":0,\"depth\":2,\"verdict\":\"pass\",\"run\":2,\"merged\":false}\n"
	"{\"t\":\"search\",\"scenario\":\"s\",\"end\":\"%s\",\"open\":%u,\"levels\":["
	"{\"depth\":1,\"cases\":1,\"merged\":0,\"states\":1,\"open\":0},"
	"{\"depth\":2,\"cases\":40961,\"merged\":40000,\"states\":1,\"open\":%u}]}\n"
	"{\"t\":\"scenario-end\",\"name\":\"s\",\"pass\":2,\"fail\":0,\"not_exercised\":0,\"rig\":0,\"skip\":0,\"cases\":2,\"runs\":2,"
	"\"merged\":0,\"virtual_ns\":5}\n";

static struct bp_results *searched_results(const char *end, unsigned open)
{
	struct bp_results *r = NULL;
	struct bp_err err = {.text = ""};
	char text[sizeof(searched) + 64];
	int n = snprintf(text, sizeof(text), searched, end, open, open);

	if (bp_results_parse(arena, "j", text, (size_t)n, &r, &err))
		fail_msg("%s", err.text);
	return r;
}

static const char *table_of(const struct bp_results *r, unsigned columns, bool color);

static void test_searches(void **state)
{
	static const struct {
		const char *end, *says;
		unsigned open;
	} rows[] = {
		{"closed", "2 states after up to 2 cuts; closed: no further cut leads to a new one", 0},
		{"budget-ended", "2 states after up to 2 cuts; budget-ended, 960 states open", 960},
		{"depth", "2 states after up to 2 cuts; deeper was not asked for", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_results *r = searched_results(rows[i].end, rows[i].open);
		const char *xml = junit_of(r), *html = html_of(r, NULL), *table = table_of(r, 0, false);
		char property[80];

		assert_has(table, "nested cuts, s: ");
		assert_has(table, rows[i].says);
		assert_has(html, "<section id=\"nested\">");
		assert_has(html, rows[i].says);
		assert_has(html, "<td class=\"num\">40,961</td><td class=\"num\">40,000</td><td class=\"num\">1</td>");
		assert_has(xml, "name=\"new_states_by_depth\" value=\"1 1\"");
		snprintf(property, sizeof(property), "name=\"search\" value=\"%s\"", rows[i].end);
		assert_has(xml, property);
		snprintf(property, sizeof(property), "name=\"open_states\" value=\"%u\"", rows[i].open);
		assert_has(xml, property);
	}
}

static void test_no_search(void **state)
{
	const struct synth o = {.operations = 20};
	struct bp_results *r = synth_results(arena, &o);

	(void)state;
	assert_lacks(html_of(r, NULL), "id=\"nested\"");
	assert_lacks(junit_of(r), "new_states_by_depth");
}

/* ---- HTML */

static void test_html_clean(void **state)
{
	const struct synth o = {.operations = 8302};
	size_t len;
	const char *html = html_of(synth_results(arena, &o), &len);

	(void)state;
	assert_true(len < PAGE_BYTES_MAX);
	assert_has(html, "<h1><span class=\"seal\">");
	assert_has(html, "All 10 scenarios passed</span></h1>");
	assert_has(html, "All 46,400 cases passed.");
	assert_has(html, "The seeded defect <b>early-ack</b> was caught.");
	assert_has(html, "<span class=\"sum\">8,302 passed</span>");
	assert_has(html, "18446744073709551615");
	assert_has(html, "<b>STATE-1</b>");
	/* A fault that is no power cut is a column of its own kind; a line's text is none. */
	assert_has(html, "<th scope=\"col\">supply</th>");
	assert_has(html, "<th scope=\"col\">reset</th>");
	assert_has(html, "<th scope=\"col\">flash fault</th>");
	assert_has(html, "<th scope=\"col\">line, time</th>");
	assert_lacks(html, "<th scope=\"col\">line:");
	assert_lacks(html, "<section id=\"failures\">");
	assert_lacks(html, "<section id=\"rig\">");
	/* Five strips by operation, three by order of the cases. */
	assert_int_equal(synth_occurs(html, "<div class=\"strip\">"), 8);
	assert_has(html, "\"codes\":\"pm8301\"");
	assert_has(html, "\"tokens\":[\"bp1:reference:power-cut-update:9f21c0de:flash:\",0,1,\"/before:-:1\"],\"more\":[]");
	assert_has(html, "\"tokens\":[\"bp1:reference:link-corruption:9f21c0de:link:\",0,16,\":-:1\"],\"more\":[]");
}

/* Nothing in the page may reach for the network: links go to the page itself, the namespace of SVG is a name. */
static void test_html_fetches_nothing(void **state)
{
	const char *html = html_of(synth_results(arena, &dirty), NULL);

	(void)state;
	assert_lacks(html, "https://");
	assert_int_equal(synth_occurs(html, "http://"), synth_occurs(html, "http://www.w3.org/2000/svg"));
	assert_lacks(html, "src=");
	assert_lacks(html, "<link");
	assert_lacks(html, "url(");
	assert_lacks(html, "@import");
	assert_int_equal(synth_occurs(html, "href=\""), synth_occurs(html, "href=\"#"));
	assert_has(html, "default-src 'none'");
}

static void test_html_dirty(void **state)
{
	const struct synth o = {.operations = 8302, .failures = true, .rig = true, .not_exercised = true};
	size_t len;
	const char *html = html_of(synth_results(arena, &o), &len);

	(void)state;
	assert_true(len < PAGE_BYTES_MAX);
	assert_has(html, "The device failed in 4 of 10 scenarios");
	assert_int_equal(synth_occurs(html, "<details class=\"failure\""), 50);
	assert_int_equal(synth_occurs(html, "<details class=\"failure\" open>"), 1);
	assert_has(html, "45 more failures");
	assert_has(html, "The first 50 of 63 failures are shown");
	assert_has(html, "data-copy=\"bp1:reference:power-cut-update:9f21c0de:flash:8095/torn=10%.1:-:1\"");
	assert_has(html, "<tr class=\"diff\"><th scope=\"row\">copy a</th><td>valid</td>");
	assert_has(html, "<section id=\"not-exercised\">");
	assert_has(html, "<small>59 cases of power-cut-update, flash torn 50%</small>");
	assert_has(html, "<section id=\"rig\">");
	/* Hostile bytes: only our own scripts, each ended by us. */
	assert_int_equal(synth_occurs(html, "<script"), 1 + 8);
	assert_int_equal(synth_occurs(html, "</script>"), 1 + 8);
	assert_lacks(html, "\x1b");
	assert_has(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
}

static void test_html_hostile_names(void **state)
{
	static const char bad[] = "</script><img src=x onerror=\\\"alert(1)\\\">'\\u0001";
	struct bp_results *r = NULL;
	struct bp_err err = {0};
	struct bp_text t;
	const char *html, *xml;

	(void)state;
	bp_text_init(&t, arena);
	bp_text_printf(&t, "{\"t\":\"run\",\"format\":1,\"program\":\"%s\",\"product\":\"%s\",\"firmware\":\"%s\",\"title\":\"%s\","
			   "\"seed\":\"1\",\"scenarios\":1}\n", bad, bad, bad, bad);
	bp_text_printf(&t, "{\"t\":\"scenario\",\"name\":\"%s\",\"title\":\"%s\",\"covers\":[\"%s\"],\"required\":true,\"cases\":9,"
			   "\"operations\":9,\"events\":[{\"phase\":\"%s\",\"first\":0,\"count\":9}]}\n", bad, bad, bad, bad);
	for (unsigned i = 0; i < 9; i++)
		bp_text_printf(&t, "{\"t\":\"case\",\"token\":\"%s\",\"scenario\":\"%s\",\"variant\":\"%s\",\"op\":%u,\"kind\":\"%s\","
				   "\"addr\":1,\"run\":1,\"merged\":false,\"verdict\":\"%s\",\"invariant\":\"%s\",\"text\":\"%s\","
				   "\"phase\":\"%s\",\"running\":\"%s\"}\n",
			       bad, bad, bad, i, bad, i % 2 ? "fail" : "rig", bad, bad, bad, bad);
	if (bp_results_parse(arena, "j", t.bytes, t.len, &r, &err))
		fail_msg("%s", err.text);
	html = html_of(r, NULL);
	xml = junit_of(r);
	assert_lacks(html, "<img");
	assert_int_equal(synth_occurs(html, "<script"), 2);
	assert_int_equal(synth_occurs(html, "</script>"), 2);
	assert_lacks(html, "\x01");
	assert_lacks(xml, "<img");
	assert_lacks(xml, "\x01");
}

/* Ordinals that no update reaches are shown by order, not by a page of a gigabyte. */
static void test_html_absurd_ordinals(void **state)
{
	struct bp_results *r = NULL;
	struct bp_err err = {0};
	struct bp_text t;
	size_t len;

	(void)state;
	bp_text_init(&t, arena);
	bp_text_puts(&t, SYNTH_RUN SYNTH_SCENARIO);
	for (unsigned i = 0; i < 10; i++)
		bp_text_printf(&t, "{\"t\":\"case\",\"token\":\"k%u\",\"scenario\":\"s\",\"variant\":\"flash before\",\"op\":%u,\"run\":1,"
				   "\"merged\":false,\"verdict\":\"pass\"}\n", i, 4294967000u + i);
	if (bp_results_parse(arena, "j", t.bytes, t.len, &r, &err))
		fail_msg("%s", err.text);
	assert_has(html_of(r, &len), "\"places\":10");
	assert_true(len < 100000);
}

/* ---- terminal */

static const char *table_of(const struct bp_results *r, unsigned columns, bool color)
{
	const struct bp_table_style style = {columns, color};
	struct bp_err err = {0};
	struct bp_text t;

	bp_text_init(&t, arena);
	if (bp_table_write(r, &style, &t, &err))
		fail_msg("%s", err.text);
	return t.bytes;
}

static void test_table(void **state)
{
	struct bp_results *r = synth_results(arena, &dirty);
	const char *text = table_of(r, 0, false);

	(void)state;
	assert_lacks(text, "\x1b");
	assert_has(text, "FAIL   power-cut-update ");
	assert_has(text, "ERROR  link-corruption ");
	assert_has(text, "ok     reboot-loop ");
	assert_has(text, "caught control-early-ack ");
	assert_has(text, "fail power-cut-update: ");
	assert_has(text, "    brickproof replay 'bp1:reference:");
	assert_has(text, "The device failed in 4 of 10 scenarios; 1 of 1 controls caught.\n");
	assert_has(table_of(r, 0, true), "\x1b[");
}

static void test_table_widths(void **state)
{
	struct bp_results *r = synth_results(arena, &clean);

	(void)state;
	for (unsigned columns = 50; columns <= 120; columns += 7) {
		const char *text = table_of(r, columns, false);

		/* The rows of the table; what follows an empty line may wrap. */
		for (const char *end; *text != '\n'; text = end + 1) {
			unsigned width = 0;

			end = strchr(text, '\n');
			for (const char *s = text; s < end; s++)
				width += ((unsigned char)*s & 0xc0) != 0x80;
			if (width > columns)
				fail_msg("%u columns: %.*s", columns, (int)(end - text), text);
		}
	}
	assert_has(table_of(r, 50, false), "…");
}

static const char *progress_of(bool live, unsigned columns)
{
	const struct bp_journal_sums sums = {.count = {[BP_PASS] = 990, [BP_FAIL] = 10}, .cases = 1000, .runs = 400};
	struct bp_progress p;
	static char out[65536];
	ssize_t n;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	bp_progress_init(&p, fds[1], live, false, columns, 11);
	bp_progress_begin(&p, "power-cut-update", 1000, 0);
	/* One case a millisecond: a second, so about ten redraws. */
	for (uint32_t i = 1; i <= 1000; i++)
		bp_progress_update(&p, i, i / 2, i / 100, (uint64_t)i * 1000000);
	bp_progress_end(&p, &sums, BP_OUTCOME_FAILED, 1000000000);
	close(fds[1]);
	n = read(fds[0], out, sizeof(out) - 1);
	assert_true(n > 0);
	out[n] = '\0';
	close(fds[0]);
	return out;
}

static void test_progress(void **state)
{
	const char *text = progress_of(true, 100);

	(void)state;
	assert_int_equal(synth_occurs(text, "\r\x1b[K"), 1 + 10 + 1);
	assert_has(text, "[1/11] power-cut-update  500 of 1,000  50%  5 failed  500 runs/s  1 s left");
	assert_has(text, "[1/11] failed power-cut-update: cases 1,000, runs 400, failed 10, 1 s\n");
	text = progress_of(true, 30);
	assert_lacks(text, "runs/s");
	text = progress_of(false, 0);
	assert_lacks(text, "\r");
	assert_int_equal(synth_occurs(text, "\n"), 1);
}

static void test_words(void **state)
{
	char out[BP_SHOW_COUNT_BYTES];
	struct bp_text t;

	(void)state;
	assert_string_equal(bp_show_count(out, 0), "0");
	assert_string_equal(bp_show_count(out, 999), "999");
	assert_string_equal(bp_show_count(out, 1000), "1,000");
	assert_string_equal(bp_show_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(bp_show_seconds(out, 1999600000), "2.000");
	assert_int_equal(bp_show_tail("", 0, 2, 100), 0);
	assert_int_equal(bp_show_tail("a\nb\nc\n", 6, 2, 100), 2);
	assert_int_equal(bp_show_tail("a\nb\nc", 5, 1, 100), 4);
	assert_int_equal(bp_show_tail("\xc3\xa9\xc3\xa9", 4, 9, 1), 4);
	assert_int_equal(bp_show_tail("\xc3\xa9\xc3\xa9", 4, 9, 3), 2);
	bp_text_init(&t, arena);
	bp_show_replay(&t, NULL, "it's");
	assert_string_equal(t.bytes, "brickproof replay 'it'\\''s'");
	bp_text_clear(&t);
	bp_show_replay(&t, "--firmware x", "t");
	assert_string_equal(t.bytes, "brickproof replay --firmware x 't'");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_junit_clean),
		TEST(test_junit_dirty),
		TEST(test_junit_twenty_tokens),
		TEST(test_junit_control_missed),
		TEST(test_junit_cut), TEST(test_searches), TEST(test_no_search),
		TEST(test_html_clean),
		TEST(test_html_fetches_nothing),
		TEST(test_html_dirty),
		TEST(test_html_hostile_names),
		TEST(test_html_absurd_ordinals),
		TEST(test_table),
		TEST(test_table_widths),
		TEST(test_progress),
		TEST(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
