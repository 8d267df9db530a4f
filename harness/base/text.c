/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAP ((size_t)256)
#define NEAREST_MAX 64 /* a longer name is never suggested */

static char no_text[1];

void bp_text_init(struct bp_text *t, struct bp_arena *a)
{
	*t = (struct bp_text){.arena = a, .bytes = no_text};
}

/* Room for more bytes and the NUL; 0 when the arena is full. */
static int text_room(struct bp_text *t, size_t more)
{
	size_t need, cap = t->cap ? t->cap : FIRST_CAP;
	char *p;

	if (t->failed || more > SIZE_MAX / 4 - t->len - 1)
		goto full;
	need = t->len + more + 1;
	if (need <= t->cap)
		return 1;
	while (cap < need)
		cap *= 2;
	p = bp_arena_alloc(t->arena, cap);
	if (!p)
		goto full;
	memcpy(p, t->bytes, t->len + 1);
	t->bytes = p;
	t->cap = cap;
	return 1;
full:
	t->failed = 1;
	return 0;
}

void bp_text_add(struct bp_text *t, const char *bytes, size_t len)
{
	if (!len || !text_room(t, len))
		return;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	t->bytes[t->len] = '\0';
}

void bp_text_puts(struct bp_text *t, const char *s)
{
	bp_text_add(t, s, strlen(s));
}

void bp_text_printf(struct bp_text *t, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		t->failed = 1;
	} else if (n > 0 && text_room(t, (size_t)n)) {
		vsnprintf(t->bytes + t->len, (size_t)n + 1, fmt, again);
		t->len += (size_t)n;
	}
	va_end(again);
}

void bp_text_clear(struct bp_text *t)
{
	t->len = 0;
	if (t->cap)
		t->bytes[0] = '\0';
}

char *bp_hex(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int bp_unhex(const char *s, uint8_t *out, size_t cap, struct bp_err *err)
{
	size_t digits = strlen(s), n = digits / 2;
	char shown[64];

	for (size_t i = 0; i < digits; i++)
		if (hex_digit(s[i]) < 0)
			return bp_fail(err, BP_ECONFIG, "%s; expected hex digits, two for each byte",
				       bp_quote(shown, sizeof(shown), s));
	if (digits % 2)
		return bp_fail(err, BP_ECONFIG, "%zu hex digits; expected two for each byte", digits);
	if (n > cap || n > INT32_MAX)
		return bp_fail(err, BP_ECONFIG, "%zu bytes; expected at most %zu", n, cap);
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 | hex_digit(s[2 * i + 1]));
	return (int)n;
}

/* RFC 3629 section 4: no overlong form, no surrogate, nothing above U+10FFFF. */
size_t bp_utf8(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = len ? (unsigned char)s[0] : 0x80;
	uint32_t value;
	size_t n;

	if (first < 0x80) {
		*cp = first;
		return 1;
	}
	n = first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	if (!n || n > len)
		return 0;
	value = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (c & 0x3f);
	}
	if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*cp = value;
	return n;
}

char *bp_quote(char *out, size_t cap, const char *s)
{
	size_t len = strlen(s), at = 0, used = 1;

	out[0] = '\'';
	while (at < len) {
		uint32_t cp = 0;
		size_t n = bp_utf8(s + at, len - at, &cp);
		int plain = n && cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0);
		size_t need;

		n = n ? n : 1;
		need = plain ? n : 4 * n;
		/* "...'" and the NUL must still fit behind this character. */
		if (used + need + 5 > cap) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (plain)
			memcpy(out + used, s + at, n);
		for (size_t i = 0; !plain && i < n; i++)
			snprintf(out + used + 4 * i, 5, "\\x%02x", (unsigned)(unsigned char)s[at + i]);
		used += need;
		at += n;
	}
	out[used++] = '\'';
	out[used] = '\0';
	return out;
}

/* Case and the choice between '-' and '_' are no difference worth counting. */
static int fold(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b: optimal string alignment. */
static unsigned edits(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[3][NEAREST_MAX + 1];
	unsigned *before = row[0], *above = row[1], *now = row[2];

	for (size_t j = 0; j <= nb; j++)
		above[j] = before[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *spare = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned same = fold(a[i - 1]) == fold(b[j - 1]);

			now[j] = least_of(least_of(above[j], now[j - 1]) + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
				now[j] = least_of(now[j], before[j - 2] + 1);
		}
		before = above;
		above = now;
		now = spare;
	}
	return above[nb];
}

const char *bp_nearest(const char *word, const char *const *names, size_t n)
{
	size_t nw = strlen(word);
	const char *best = NULL;
	unsigned least = NEAREST_MAX;

	for (size_t i = 0; i < n; i++) {
		size_t len = names[i] ? strlen(names[i]) : 0;
		size_t longer = len > nw ? len : nw;
		unsigned e;

		if (!len || longer > NEAREST_MAX)
			continue;
		e = edits(word, nw, names[i], len);
		/* Up to a third of the letters may be wrong, one always, all never. */
		if (e < least && e < longer && e <= (longer < 6 ? 1 : longer / 3)) {
			least = e;
			best = names[i];
		}
	}
	return best;
}
