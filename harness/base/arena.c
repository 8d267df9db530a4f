/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)256 * 1024)
#define FIRST_ROWS 64u
#define ALIGN_BYTES ((size_t)16)

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(16) unsigned char bytes[];
};

struct bp_arena {
	struct chunk *first, *now;
	size_t limit, held, used;
};

struct bp_arena *bp_arena_new(size_t limit_bytes)
{
	struct bp_arena *a = calloc(1, sizeof(*a));

	if (a)
		a->limit = limit_bytes;
	return a;
}

void bp_arena_free(struct bp_arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->first, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

static struct chunk *chunk_add(struct bp_arena *a, size_t size)
{
	size_t want = size > CHUNK_BYTES ? size : CHUNK_BYTES;
	struct chunk *c;

	if (a->held + want > a->limit)
		want = size;
	if (a->held + want > a->limit || want > SIZE_MAX - sizeof(*c))
		return NULL;
	c = malloc(sizeof(*c) + want);
	if (!c)
		return NULL;
	*c = (struct chunk){.size = want};
	a->held += want;
	if (a->now) {
		c->next = a->now->next;
		a->now->next = c;
	} else {
		a->first = c;
	}
	return c;
}

/* The analyzer of gcc 12 does not see that chunks hang on a->first, from where bp_arena_free() takes them. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

void *bp_arena_alloc(struct bp_arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX - ALIGN_BYTES)
		return NULL;
	size = (size + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
	for (;;) {
		struct chunk *next = a->now ? a->now->next : a->first;

		if (a->now && a->now->size - a->now->used >= size)
			break;

		/* Chunks behind `now` are left over from before a reset. */
		if (!next || next->size < size) {
			next = chunk_add(a, size);
			if (!next)
				return NULL;
		}
		next->used = 0;
		a->now = next;
	}
	p = a->now->bytes + a->now->used;
	a->now->used += size;
	a->used += size;
	return memset(p, 0, size);
}

void *bp_arena_array(struct bp_arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return NULL;
	return bp_arena_alloc(a, n * size);
}

void *bp_arena_more(struct bp_arena *a, const void *rows, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? 2 * *cap : FIRST_ROWS;
	void *all = more > *cap ? bp_arena_array(a, more, size) : NULL;

	if (!all)
		return NULL;
	if (n)
		memcpy(all, rows, n * size);
	*cap = more;
	return all;
}

char *bp_arena_text(struct bp_arena *a, const char *text, size_t len)
{
	char *p = len < SIZE_MAX ? bp_arena_alloc(a, len + 1) : NULL;

	if (p)
		memcpy(p, text, len);
	return p;
}

char *bp_arena_printf(struct bp_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		p = bp_arena_alloc(a, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

void bp_arena_reset(struct bp_arena *a)
{
	a->now = NULL;
	a->used = 0;
}

size_t bp_arena_used(const struct bp_arena *a)
{
	return a->used;
}
