/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "scenario/cutpoint.h"

struct form {
	const char *text;
	struct bp_cutpoint cut;
};

static const struct form forms[] = {
	{"flash:1/before", {.event = BP_EVENT_FLASH, .n = 1}},
	{"flash:1/after", {.event = BP_EVENT_FLASH, .n = 1, .position = BP_CUT_AFTER}},
	{"flash:600/torn=50%.0", {.event = BP_EVENT_FLASH, .n = 600, .position = BP_CUT_TORN, .torn = {50, 0}}},
	{"flash:9/torn=1%.2", {.event = BP_EVENT_FLASH, .n = 9, .position = BP_CUT_TORN, .torn = {1, 2}}},
	{"flash:9/torn=99%.255", {.event = BP_EVENT_FLASH, .n = 9, .position = BP_CUT_TORN, .torn = {99, 255}}},
	{"flash:4294967294/torn=99%.255", {.event = BP_EVENT_FLASH, .n = UINT32_MAX - 1, .position = BP_CUT_TORN, .torn = {99, 255}}},
	{"flash:7/before!reset-pin", {.event = BP_EVENT_FLASH, .n = 7, .fault = BP_FAULT_RESET_PIN}},
	{"flash:7/after!reset-software", {.event = BP_EVENT_FLASH, .n = 7, .position = BP_CUT_AFTER, .fault = BP_FAULT_RESET_SOFTWARE}},
	{"flash:4294967294/before!reset-watchdog", {.event = BP_EVENT_FLASH, .n = UINT32_MAX - 1, .fault = BP_FAULT_RESET_WATCHDOG}},
	{"flash:7/torn=50%.0!brown-out=20ms",
	 {.event = BP_EVENT_FLASH, .n = 7, .position = BP_CUT_TORN, .torn = {50, 0}, .fault = BP_FAULT_BROWN_OUT, .fault_arg = 20}},
	{"flash:7/after!brown-out=60000ms",
	 {.event = BP_EVENT_FLASH, .n = 7, .position = BP_CUT_AFTER, .fault = BP_FAULT_BROWN_OUT, .fault_arg = 60000}},
	{"flash:7/torn=1%.6!bounce=8",
	 {.event = BP_EVENT_FLASH, .n = 7, .position = BP_CUT_TORN, .torn = {1, 6}, .fault = BP_FAULT_BOUNCE, .fault_arg = 8}},
	{"flash:7/before@resume", {.event = BP_EVENT_FLASH, .n = 7, .action = BP_ACTION_RESUME}},
	{"flash:7/torn=50%.0@restart",
	 {.event = BP_EVENT_FLASH, .n = 7, .position = BP_CUT_TORN, .torn = {50, 0}, .action = BP_ACTION_RESTART}},
	{"flash:7/after@another", {.event = BP_EVENT_FLASH, .n = 7, .position = BP_CUT_AFTER, .action = BP_ACTION_ANOTHER}},
	{"flash:7/before!op-rejected", {.event = BP_EVENT_FLASH, .n = 7, .fault = BP_FAULT_OP_REJECTED}},
	{"flash:7/before!op-ignored", {.event = BP_EVENT_FLASH, .n = 7, .fault = BP_FAULT_OP_IGNORED}},
	{"flash:7/before!page-dead", {.event = BP_EVENT_FLASH, .n = 7, .fault = BP_FAULT_PAGE_DEAD}},
	{"flash:7/before!page-worn", {.event = BP_EVENT_FLASH, .n = 7, .fault = BP_FAULT_PAGE_WORN}},
	{"link:frame=3!drop", {.event = BP_EVENT_LINK_FRAME, .n = 3, .fault = BP_FAULT_DROP}},
	{"link:frame=3!link-reset", {.event = BP_EVENT_LINK_FRAME, .n = 3, .fault = BP_FAULT_LINK_RESET}},
	{"link:1", {.event = BP_EVENT_LINK_BYTE, .n = 1}},
	{"link:8192", {.event = BP_EVENT_LINK_BYTE, .n = 8192}},
	{"link:4294967294", {.event = BP_EVENT_LINK_BYTE, .n = UINT32_MAX - 1}},
	{"link:frame=1", {.event = BP_EVENT_LINK_FRAME, .n = 1}},
	{"link:frame=4294967294", {.event = BP_EVENT_LINK_FRAME, .n = UINT32_MAX - 1}},
	{"line:swap#1", {.event = BP_EVENT_LINE, .n = 1, .line = "swap"}},
	{"line:swap#4294967294", {.event = BP_EVENT_LINE, .n = UINT32_MAX - 1, .line = "swap"}},
	{"line:swap#1+35ms", {.event = BP_EVENT_LINE, .n = 1, .after_ns = 35000000, .line = "swap"}},
	{"line:swap#2+1ns", {.event = BP_EVENT_LINE, .n = 2, .after_ns = 1, .line = "swap"}},
	{"line:boot%3a%20trial#1+5ms", {.event = BP_EVENT_LINE, .n = 1, .after_ns = 5000000, .line = "boot: trial"}},
	{"line:%22%25%23%2b%2c%2f%3b%5c~#1", {.event = BP_EVENT_LINE, .n = 1, .line = "\"%#+,/;\\~"}},
	{"line:%01%7f%c3%bc-._#1", {.event = BP_EVENT_LINE, .n = 1, .line = "\1\177\303\274-._"}},
	{"line:1234567890123456789012345678901#1", {.event = BP_EVENT_LINE, .n = 1, .line = "1234567890123456789012345678901"}},
	{"time:1.25s", {.event = BP_EVENT_TIME, .n = 1, .after_ns = 1250000000}},
	{"time:1ns", {.event = BP_EVENT_TIME, .n = 1, .after_ns = 1}},
	{"time:86400s", {.event = BP_EVENT_TIME, .n = 1, .after_ns = BP_CUT_MAX_NS}},
};

static void forms_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		char text[BP_CUTPOINT_TEXT];
		struct bp_cutpoint c;
		struct bp_err err;

		assert_string_equal(bp_cutpoint_show(text, &f->cut), f->text);
		memset(&c, 0xff, sizeof(c));
		if (bp_cutpoint_parse(f->text, &c, &err))
			fail_msg("%s: %s", f->text, err.text);
		assert_int_equal(c.event, f->cut.event);
		assert_int_equal(c.n, f->cut.n);
		assert_int_equal(c.position, f->cut.position);
		assert_int_equal(c.torn.percent, f->cut.torn.percent);
		assert_int_equal(c.torn.k, f->cut.torn.k);
		assert_int_equal(c.fault, f->cut.fault);
		assert_int_equal(c.fault_arg, f->cut.fault_arg);
		assert_true(c.after_ns == f->cut.after_ns);
		assert_string_equal(c.line, f->cut.line);
	}
}

/* What may be written in other ways, and how tokens write it. */
static const struct {
	const char *text, *token;
} others[] = {
	{"line:\"swap\"#1+35ms", "line:swap#1+35ms"},
	{"line:\"boot: trial\"#3", "line:boot%3a%20trial#3"},
	{"line:\" a#1+2 % \"#1", "line:%20a%231%2b2%20%25%20#1"},
	{"line:\"swap\"#1+0.035s", "line:swap#1+35ms"},
	{"line:a#1+1500us", "line:a#1+1.5ms"},
	{"time:1250ms", "time:1.25s"},
	{"time:2min", "time:120s"},
};

static void other_ways_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char text[BP_CUTPOINT_TEXT];
		struct bp_cutpoint c;
		struct bp_err err;

		if (bp_cutpoint_parse(others[i].text, &c, &err))
			fail_msg("%s: %s", others[i].text, err.text);
		assert_string_equal(bp_cutpoint_show(text, &c), others[i].token);
	}
}

/* The longest of all fits, and its token means nothing to a shell. */
static void longest(void **state)
{
	struct bp_cutpoint c = {.event = BP_EVENT_LINE, .n = UINT32_MAX - 1, .after_ns = BP_CUT_MAX_NS - 1}, back;
	char text[BP_CUTPOINT_TEXT];

	(void)state;
	memset(c.line, '"', sizeof(c.line) - 1);
	bp_cutpoint_show(text, &c);
	assert_true(strlen(text) < sizeof(text) - 1);
	assert_null(strpbrk(text, " \t\"'`$\\!*?[](){}<>|&;,"));
	assert_int_equal(bp_cutpoint_parse(text, &back, NULL), 0);
	assert_true(back.after_ns == c.after_ns && back.n == c.n && !strcmp(back.line, c.line));
}

/* The bad text itself and all forms must be named. */
static const char *const bad[] = {
	"flash:1/before@", "flash:1/before@nothing", "flash:1/before@resum", "flash:1/before@resume ", "flash:1/before!reset-pin@resume",
	"flash:1/before@resume!reset-pin", "link:3@resume", "time:1s@resume",
	"", "flash", "flash:", "flash:1", "flash:1/", "flash:0/before", "flash:1/Before", "flash:1/before ", "flash:1/beforehand",
	" flash:1/before", "flash:01/before", "flash:+1/before", "flash:-1/before", "flash:0x1/before", "flash: 1/before",
	"flash:4294967295/before", "flash:99999999999999999999/before", "flash:1/after,link:1", "flash:1/torn", "flash:1/torn=",
	"flash:1/torn=50", "flash:1/torn=50%", "flash:1/torn=50%.", "flash:1/torn=0%.0", "flash:1/torn=100%.0", "flash:1/torn=50.0",
	"flash:1/torn=5.5%.0", "flash:1/torn=050%.0", "flash:1/torn=50%.00", "flash:1/torn=50%.256", "flash:1/torn=50%.-1",
	"flash:1/torn=50%.0/", "link", "link:", "link:0", "link:00", "link:4294967295", "link:1.5", "link:one", "link:frame",
	"link:frame=", "link:frame=0", "link:frame=1 ", "link:frame=01", "link:byte=3", "Flash:1/before", "sym:main#1", "-",
	"line", "line:", "line:1", "line:#1", "line:\"\"#1", "line:swap", "line:swap#", "line:swap#0", "line:swap#01", "line:swap#1+",
	"line:swap#1+0ms", "line:swap#1+35", "line:swap#1-35ms", "line:swap#1+35 ms", "line:swap#1+35ms ", "line:swap#1+86401s",
	"line:swap#4294967295", "line:boot: trial#1", "line:a b#1", "line:%#1", "line:%2#1", "line:%2X#1", "line:%3A#1", "line:%61#1",
	"line:%00#1", "line:%0a#1", "line:\"a\nb\"#1", "line:\"swap#1", "line:swap\"#1", "line:\"swap\"", "line:\"sw\"ap\"#1",
	"line:12345678901234567890123456789012#1", "line:\"12345678901234567890123456789012\"#1",
	"time", "time:", "time:0s", "time:1", "time:-1s", "time:1 s", "time:1.0000000001s", "time:86400.000000001s", "time:1s+1ms",
	"flash:1/before!", "flash:1/before!power-cut", "flash:1/before!reset", "flash:1/before!reset-pin ", "flash:1/before!!reset-pin",
	"flash:1/torn=50%.0!reset-pin", "link:1!reset-pin", "link:frame=1!reset-watchdog", "!reset-pin",
	"link:3!drop", "flash:1/before!drop", "link:frame=3!drop=1", "link:frame=3!reset-pin",
	"line:boot#1!reset-pin", "time:1s!reset-pin", "flash:1/before!reset-pin=1", "flash:1/before!brown-out", "flash:1/before!brown-out=",
	"flash:1/before!brown-out=20", "flash:1/before!brown-out=0ms", "flash:1/before!brown-out=60001ms", "flash:1/before!brown-out=20s",
	"flash:1/before!brown-out=020ms", "flash:1/before!brown-out=20ms!bounce=1", "flash:1/before!bounce", "flash:1/before!bounce=0",
	"flash:1/before!bounce=9", "flash:1/before!bounce=1ms", "flash:1/after!op-rejected", "flash:1/torn=50%.0!page-worn",
	"flash:1/before!page-dead=1", "link:1!brown-out=20ms", "link:1!bounce=1",
};

static void bad_texts(void **state)
{
	static const char *const words[] = {
		"flash:N/before", "flash:N/torn=P%.K", "flash:N/after", "link:N", "link:frame=N", "line:\"TEXT\"#N+D", "time:D", "1 to 99",
		"!reset-pin",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bp_cutpoint c = {.n = 77}, before = c;
		char quoted[80];
		struct bp_err err;

		if (bp_cutpoint_parse(bad[i], &c, &err) != BP_ECONFIG)
			fail_msg("'%s' was taken for a cut point", bad[i]);
		assert_memory_equal(&c, &before, sizeof(c)); /* nothing is written */
		snprintf(quoted, sizeof(quoted), "'%s'", bad[i]);
		assert_non_null(strstr(err.text, quoted));
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (!strstr(err.text, words[k]))
				fail_msg("'%s': the message lacks '%s': %s", bad[i], words[k], err.text);
	}
}

/* Every prefix of a good text, and every text with one character too many, is refused. */
static void cut_short_or_long(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char text[BP_CUTPOINT_TEXT], shown[BP_CUTPOINT_TEXT];
		struct bp_cutpoint c;

		for (size_t n = 0; n < strlen(forms[i].text); n++) {
			snprintf(text, sizeof(text), "%.*s", (int)n, forms[i].text);
			if (!bp_cutpoint_parse(text, &c, NULL)) /* a shorter number is a number */
				assert_string_equal(bp_cutpoint_show(shown, &c), text);
		}
		snprintf(text, sizeof(text), "%s/", forms[i].text);
		assert_int_equal(bp_cutpoint_parse(text, &c, NULL), BP_ECONFIG);
	}
}

static void event_names(void **state)
{
	(void)state;
	assert_string_equal(bp_event_names[BP_EVENT_FLASH], "flash");
	assert_string_equal(bp_event_names[BP_EVENT_LINK_BYTE], "link-byte");
	assert_string_equal(bp_event_names[BP_EVENT_LINK_FRAME], "link-frame");
	assert_string_equal(bp_event_names[BP_EVENT_LINE], "line");
	assert_string_equal(bp_event_names[BP_EVENT_TIME], "time");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_both_ways), cmocka_unit_test(bad_texts), cmocka_unit_test(cut_short_or_long),
		cmocka_unit_test(event_names), cmocka_unit_test(other_ways_to_write), cmocka_unit_test(longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
