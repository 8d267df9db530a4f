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
	{"flash:1/before", {BP_EVENT_FLASH, 1, BP_CUT_BEFORE, {0, 0}, BP_FAULT_POWER_CUT}},
	{"flash:1/after", {BP_EVENT_FLASH, 1, BP_CUT_AFTER, {0, 0}, BP_FAULT_POWER_CUT}},
	{"flash:600/torn=50%.0", {BP_EVENT_FLASH, 600, BP_CUT_TORN, {50, 0}, BP_FAULT_POWER_CUT}},
	{"flash:9/torn=1%.2", {BP_EVENT_FLASH, 9, BP_CUT_TORN, {1, 2}, BP_FAULT_POWER_CUT}},
	{"flash:9/torn=99%.255", {BP_EVENT_FLASH, 9, BP_CUT_TORN, {99, 255}, BP_FAULT_POWER_CUT}},
	{"flash:4294967294/torn=99%.255", {BP_EVENT_FLASH, UINT32_MAX - 1, BP_CUT_TORN, {99, 255}, BP_FAULT_POWER_CUT}},
	{"flash:7/before!reset-pin", {BP_EVENT_FLASH, 7, BP_CUT_BEFORE, {0, 0}, BP_FAULT_RESET_PIN}},
	{"flash:7/after!reset-software", {BP_EVENT_FLASH, 7, BP_CUT_AFTER, {0, 0}, BP_FAULT_RESET_SOFTWARE}},
	{"flash:4294967294/before!reset-watchdog", {BP_EVENT_FLASH, UINT32_MAX - 1, BP_CUT_BEFORE, {0, 0}, BP_FAULT_RESET_WATCHDOG}},
	{"link:1", {BP_EVENT_LINK_BYTE, 1, BP_CUT_BEFORE, {0, 0}, BP_FAULT_POWER_CUT}},
	{"link:8192", {BP_EVENT_LINK_BYTE, 8192, BP_CUT_BEFORE, {0, 0}, BP_FAULT_POWER_CUT}},
	{"link:4294967294", {BP_EVENT_LINK_BYTE, UINT32_MAX - 1, BP_CUT_BEFORE, {0, 0}, BP_FAULT_POWER_CUT}},
	{"link:frame=1", {BP_EVENT_LINK_FRAME, 1, BP_CUT_BEFORE, {0, 0}, BP_FAULT_POWER_CUT}},
	{"link:frame=4294967294", {BP_EVENT_LINK_FRAME, UINT32_MAX - 1, BP_CUT_BEFORE, {0, 0}, BP_FAULT_POWER_CUT}},
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
	}
}

/* The bad text itself and all forms must be named. */
static const char *const bad[] = {
	"", "flash", "flash:", "flash:1", "flash:1/", "flash:0/before", "flash:1/Before", "flash:1/before ", "flash:1/beforehand",
	" flash:1/before", "flash:01/before", "flash:+1/before", "flash:-1/before", "flash:0x1/before", "flash: 1/before",
	"flash:4294967295/before", "flash:99999999999999999999/before", "flash:1/after,link:1", "flash:1/torn", "flash:1/torn=",
	"flash:1/torn=50", "flash:1/torn=50%", "flash:1/torn=50%.", "flash:1/torn=0%.0", "flash:1/torn=100%.0", "flash:1/torn=50.0",
	"flash:1/torn=5.5%.0", "flash:1/torn=050%.0", "flash:1/torn=50%.00", "flash:1/torn=50%.256", "flash:1/torn=50%.-1",
	"flash:1/torn=50%.0/", "link", "link:", "link:0", "link:00", "link:4294967295", "link:1.5", "link:one", "link:frame",
	"link:frame=", "link:frame=0", "link:frame=1 ", "link:frame=01", "link:byte=3", "Flash:1/before", "time:1.25s", "sym:main#1", "-",
	"flash:1/before!", "flash:1/before!power-cut", "flash:1/before!reset", "flash:1/before!reset-pin ", "flash:1/before!!reset-pin",
	"flash:1/torn=50%.0!reset-pin", "link:1!reset-pin", "link:frame=1!reset-watchdog", "!reset-pin",
};

static void bad_texts(void **state)
{
	static const char *const words[] = {
		"flash:N/before", "flash:N/torn=P%.K", "flash:N/after", "link:N", "link:frame=N", "1 to 99", "!reset-pin",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bp_cutpoint c = {.n = 77}, before = c;
		char quoted[64];
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
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_both_ways), cmocka_unit_test(bad_texts), cmocka_unit_test(cut_short_or_long),
		cmocka_unit_test(event_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
