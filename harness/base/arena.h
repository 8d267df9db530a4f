/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory of a run or of a case, given back all at once.
 *
 * One arena lives as long as the run, one is reset for each case; nothing else
 * allocates. Memory comes zeroed. Exhaustion is a NULL that the caller turns
 * into BP_ENOMEM. Not thread-safe; never blocks.
 */
#ifndef BP_BASE_ARENA_H
#define BP_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct bp_arena;

/* limit_bytes: most the arena may ever hold. NULL when the system has no memory. */
struct bp_arena *bp_arena_new(size_t limit_bytes);
void bp_arena_free(struct bp_arena *a); /* a may be NULL */

/* size bytes, zeroed, aligned for any type; NULL when the limit is reached. */
void *bp_arena_alloc(struct bp_arena *a, size_t size);

/* n * size with overflow check. */
void *bp_arena_array(struct bp_arena *a, size_t n, size_t size);

/*
 * An array that is full: a copy of its n rows with room for twice *cap, or for some when
 * that is 0; *cap becomes that. NULL: no memory, and all is as it was.
 */
void *bp_arena_more(struct bp_arena *a, const void *rows, uint32_t n, uint32_t *cap, size_t size);

/* Copy of len bytes of text with a terminating NUL. */
char *bp_arena_text(struct bp_arena *a, const char *text, size_t len);

/* printf into the arena; NULL when the limit is reached. */
char *bp_arena_printf(struct bp_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Forget everything allocated; the memory stays with the arena for reuse. */
void bp_arena_reset(struct bp_arena *a);

/* Bytes handed out since the last reset. */
size_t bp_arena_used(const struct bp_arena *a);

#endif
