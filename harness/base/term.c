/* SPDX-License-Identifier: Apache-2.0 */
#include "base/term.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80u

int bp_color_mode_parse(const char *s, enum bp_color_mode *out, struct bp_err *err)
{
	static const char *const names[] = {"auto", "always", "never"};
	char shown[64];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(s, names[i])) {
			*out = (enum bp_color_mode)i;
			return 0;
		}
	}
	return bp_fail(err, BP_EUSAGE, "%s; expected 'auto', 'always' or 'never'", bp_quote(shown, sizeof(shown), s));
}

bool bp_term_live(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool bp_term_color(enum bp_color_mode mode, int fd)
{
	const char *no_color = getenv("NO_COLOR");

	if (mode != BP_COLOR_AUTO)
		return mode == BP_COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	return bp_term_live(fd);
}

unsigned bp_term_width(int fd)
{
	struct winsize ws;

	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return DEFAULT_COLUMNS;
}

const char *bp_sgr(bool on, enum bp_sgr what)
{
	static const char *const sequence[BP_SGR_COUNT] = {
		[BP_SGR_RESET] = "\033[0m",   [BP_SGR_BOLD] = "\033[1m",    [BP_SGR_DIM] = "\033[2m",   [BP_SGR_RED] = "\033[31m",
		[BP_SGR_GREEN] = "\033[32m", [BP_SGR_YELLOW] = "\033[33m", [BP_SGR_BLUE] = "\033[34m",
	};

	return on && what < BP_SGR_COUNT ? sequence[what] : "";
}
