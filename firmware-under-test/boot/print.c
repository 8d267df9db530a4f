/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/print.h"

#include "dut.h"

/* What does not fit is dropped; line_end() always finds room for its newline. */
static void put(struct line *l, char c)
{
	if (l->len < LINE_BYTES - 1)
		l->text[l->len++] = c;
}

void line_start(struct line *l, const char *text)
{
	l->len = 0;
	line_text(l, text);
}

void line_text(struct line *l, const char *text)
{
	while (*text)
		put(l, *text++);
}

void line_u32(struct line *l, uint32_t v)
{
	char digits[10]; /* 2^32 - 1 has ten */
	uint32_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		put(l, digits[--n]);
}

void line_version(struct line *l, const struct fw_version *v)
{
	line_u32(l, v->major);
	put(l, '.');
	line_u32(l, v->minor);
	put(l, '.');
	line_u32(l, v->revision);
	if (!v->build)
		return;
	put(l, '+');
	line_u32(l, v->build);
}

void line_end(struct line *l)
{
	l->text[l->len++] = '\n';
	dut_uart_write(l->text, l->len);
}

void print(const char *text)
{
	struct line l;

	line_start(&l, text);
	line_end(&l);
}
