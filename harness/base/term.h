/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term.h - what a stream's other end can show: colour, a line that is redrawn, its width.
 *
 * Decided once for each stream, then carried as a bool; nothing is written here.
 */
#ifndef BP_BASE_TERM_H
#define BP_BASE_TERM_H

#include "base/err.h"

#include <stdbool.h>

enum bp_color_mode { BP_COLOR_AUTO, BP_COLOR_ALWAYS, BP_COLOR_NEVER };

/* "auto", "always", "never", the values of --color; else BP_EUSAGE. */
int bp_color_mode_parse(const char *s, enum bp_color_mode *out, struct bp_err *err);

/* --color decides; then NO_COLOR, set and not empty (no-color.org), says no; then whether fd is a terminal that is not dumb. */
bool bp_term_color(enum bp_color_mode mode, int fd);

/* May progress be redrawn in place: fd is a terminal, and TERM is set and not "dumb". */
bool bp_term_live(int fd);

/* Columns of the terminal at fd; 80 when it does not say. */
unsigned bp_term_width(int fd);

/* ECMA-48 section 8.3.117, SGR. */
enum bp_sgr { BP_SGR_RESET, BP_SGR_BOLD, BP_SGR_DIM, BP_SGR_RED, BP_SGR_GREEN, BP_SGR_YELLOW, BP_SGR_BLUE, BP_SGR_COUNT };

/* The escape sequence, or "" when on is false; static storage. */
const char *bp_sgr(bool on, enum bp_sgr what);

/* Back to column 1 with the line cleared, for bp_term_live() streams. */
#define BP_TERM_REDRAW "\r\033[K"

#endif
