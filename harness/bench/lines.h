/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h - the text lines in what a board's console sends, and the one that a
 * cut waits for. Frames of the link (SMP, on the same wire) are no lines.
 */
#ifndef BP_BENCH_LINES_H
#define BP_BENCH_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_LINE_BYTES 128u

struct bp_lines {
	char text[BP_LINE_BYTES]; /* the line under way, or the one that just ended: cut at the end, without CR and LF */
	size_t len;
	bool ended;
};

/*
 * Feed up to n bytes, but no further than the end of a line. Returns the bytes
 * taken; l->ended when a line of text ended there: it is in l until the next call.
 */
size_t bp_lines_feed(struct bp_lines *l, const uint8_t *bytes, size_t n);

/* Does the line hold the text? */
bool bp_line_holds(const char *line, size_t len, const char *text);

/* The line that is waited for. */
struct bp_line_wait {
	const char *text;  /* borrowed */
	uint32_t left;     /* so many lines that hold it are to come, the awaited one among them; 0: none is awaited */
	uint64_t after_ns; /* the cut comes so long after it */
};

/* A line has ended: is it the awaited one? It is awaited no longer then. */
bool bp_line_came(struct bp_line_wait *w, const struct bp_lines *l);

#endif
