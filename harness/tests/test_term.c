/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal is taken for, on a real pseudo-terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/term.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int open_terminal(int *other)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	if (fd < 0) {
		print_message("no pseudo terminal on this machine (is /dev/pts mounted?)\n");
		skip();
	}
	assert_int_equal(grantpt(fd), 0);
	assert_int_equal(unlockpt(fd), 0);
	*other = open(ptsname(fd), O_RDWR | O_NOCTTY);
	assert_true(*other >= 0);
	return fd;
}

static void colour_is_decided_in_order(void **state)
{
	static const struct {
		const char *name;
		enum bp_color_mode mode;
		const char *no_color, *term;
		bool terminal, color;
	} rows[] = {
		{"a terminal", BP_COLOR_AUTO, NULL, "xterm", true, true},
		{"a pipe", BP_COLOR_AUTO, NULL, "xterm", false, false},
		{"NO_COLOR", BP_COLOR_AUTO, "1", "xterm", true, false},
		{"NO_COLOR, but empty", BP_COLOR_AUTO, "", "xterm", true, true},
		{"a dumb terminal", BP_COLOR_AUTO, NULL, "dumb", true, false},
		{"no TERM", BP_COLOR_AUTO, NULL, NULL, true, false},
		{"--color=always outranks NO_COLOR", BP_COLOR_ALWAYS, "1", "dumb", false, true},
		{"--color=never", BP_COLOR_NEVER, NULL, "xterm", true, false},
	};
	int pipes[2], fd, other;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	fd = open_terminal(&other);
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsetenv("NO_COLOR");
		unsetenv("TERM");
		if (rows[i].no_color)
			setenv("NO_COLOR", rows[i].no_color, 1);
		if (rows[i].term)
			setenv("TERM", rows[i].term, 1);
		if (bp_term_color(rows[i].mode, rows[i].terminal ? other : pipes[1]) != rows[i].color)
			fail_msg("%s", rows[i].name);
	}
	setenv("TERM", "xterm", 1);
	assert_true(bp_term_live(other));
	assert_false(bp_term_live(pipes[1]));
	setenv("TERM", "dumb", 1);
	assert_false(bp_term_live(other));
	close(pipes[0]);
	close(pipes[1]);
	close(other);
	close(fd);
}

static void width_comes_from_the_terminal(void **state)
{
	struct winsize ws = {.ws_row = 24, .ws_col = 132};
	int other, fd = open_terminal(&other);

	(void)state;
	assert_int_equal(bp_term_width(-1), 80);
	assert_int_equal(bp_term_width(other), 80); /* a new one has 0 columns */
	assert_int_equal(ioctl(fd, TIOCSWINSZ, &ws), 0);
	assert_int_equal(bp_term_width(other), 132);
	close(other);
	close(fd);
}

static void colour_mode_and_sequences(void **state)
{
	enum bp_color_mode mode = BP_COLOR_AUTO;
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_color_mode_parse("never", &mode, &err), 0);
	assert_int_equal(mode, BP_COLOR_NEVER);
	assert_int_equal(bp_color_mode_parse("always", &mode, &err), 0);
	assert_int_equal(mode, BP_COLOR_ALWAYS);
	assert_int_equal(bp_color_mode_parse("auto", &mode, &err), 0);
	assert_int_equal(mode, BP_COLOR_AUTO);
	assert_int_equal(bp_color_mode_parse("sometimes", &mode, &err), BP_EUSAGE);
	assert_string_equal(err.text, "'sometimes'; expected 'auto', 'always' or 'never'");
	assert_string_equal(bp_sgr(false, BP_SGR_RED), "");
	assert_string_equal(bp_sgr(true, BP_SGR_RED), "\033[31m");
	assert_string_equal(bp_sgr(true, BP_SGR_RESET), "\033[0m");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(colour_is_decided_in_order),
		cmocka_unit_test(width_comes_from_the_terminal),
		cmocka_unit_test(colour_mode_and_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
