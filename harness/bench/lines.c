/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/lines.h"

#include <string.h>

/* How lines of a frame begin: mcumgr's console transport, as in smp.c. */
static bool is_frame(const struct bp_lines *l)
{
	return l->len >= 2 && (!memcmp(l->text, "\x06\x09", 2) || !memcmp(l->text, "\x04\x14", 2));
}

size_t bp_lines_feed(struct bp_lines *l, const uint8_t *bytes, size_t n)
{
	const uint8_t *end = n ? memchr(bytes, '\n', n) : NULL;
	size_t taken = end ? (size_t)(end - bytes) + 1 : n, text = end ? taken - 1 : taken, room;

	if (l->ended)
		l->len = 0;
	room = BP_LINE_BYTES - l->len;
	if (text)
		memcpy(l->text + l->len, bytes, text < room ? text : room);
	l->len += text < room ? text : room;
	if (end && l->len && l->text[l->len - 1] == '\r')
		l->len--;
	l->ended = end && !is_frame(l);
	if (end && !l->ended)
		l->len = 0;
	return taken;
}

bool bp_line_holds(const char *line, size_t len, const char *text)
{
	return memmem(line, len, text, strlen(text)) != NULL;
}

bool bp_line_came(struct bp_line_wait *w, const struct bp_lines *l)
{
	return w->left && bp_line_holds(l->text, l->len, w->text) && !--w->left;
}
