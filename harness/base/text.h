/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - a growing text buffer, strict number parsing, hex, whole files.
 *
 * A number that is refused reads "VALUE; expected WHAT" in err->text ("0; expected
 * 1 to 1000"), so that a caller only has to name the thing in front of it.
 */
#ifndef BP_BASE_TEXT_H
#define BP_BASE_TEXT_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Grows in its arena; `bytes` is always NUL-terminated. `failed` is set once the
 * arena was full, what follows is dropped, and bp_text_clear() does not reset it:
 * look at it once, at the end.
 */
struct bp_text {
	struct bp_arena *arena;
	char *bytes;
	size_t len, cap;
	int failed;
};

void bp_text_init(struct bp_text *t, struct bp_arena *a);
void bp_text_add(struct bp_text *t, const char *bytes, size_t len);
void bp_text_puts(struct bp_text *t, const char *s);
void bp_text_printf(struct bp_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void bp_text_clear(struct bp_text *t);

/* Whole text of `s` as a number, decimal or 0x…; empty, signed, trailing or overflowing text is refused. */
int bp_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out, struct bp_err *err);
/* "41us" "85 ms" "1.5s" "2min" "1 h" → ns; a unit is required; at most 9 decimals, and a whole number of ns. */
int bp_parse_duration(const char *s, uint64_t min_ns, uint64_t max_ns, uint64_t *out_ns, struct bp_err *err);
/* "512 B" "4 KiB" "1 MiB" → bytes; a unit is required unless the number is 0x… */
int bp_parse_bytes(const char *s, uint64_t min, uint64_t max, uint64_t *out, struct bp_err *err);
/* "10%" → 10 */
int bp_parse_percent(const char *s, uint32_t *out, struct bp_err *err);

/* 2*len lower-case digits and a NUL into out (2*len+1 bytes). Returns out. */
char *bp_hex(char *out, const uint8_t *bytes, size_t len);
/* Even number of hex digits → bytes; returns the count or BP_ECONFIG. */
int bp_unhex(const char *s, uint8_t *out, size_t cap, struct bp_err *err);

/* Human duration ("1.25 s", "41 us", "2 min 5 s"; at most three decimals, rounded) into out; returns out. */
char *bp_show_duration(char *out, size_t cap, uint64_t ns);
/* Exact duration that bp_parse_duration() reads back ("1.25s", "41us"): for tokens. Returns out. */
char *bp_exact_duration(char *out, size_t cap, uint64_t ns);
/* Exact size in the largest unit that divides it ("32 KiB", "1000 B"); returns out. */
char *bp_show_bytes(char *out, size_t cap, uint64_t bytes);

/* 's' in single quotes for a message; control characters and what is no UTF-8 as \xNN; cut to fit cap (at least 16). Returns out. */
char *bp_quote(char *out, size_t cap, const char *s);

/* Bytes (1 to 4) of the valid UTF-8 character (RFC 3629 section 4) at s[len], its code point in *cp; 0: none valid there. */
size_t bp_utf8(const char *s, size_t len, uint32_t *cp);

/* Nearest of names[n] (NULL entries are passed over) to word by edit distance, NULL when none is near (for "did you mean"). */
const char *bp_nearest(const char *word, const char *const *names, size_t n);

/* Whole file into the arena (NUL appended); over max_bytes is BP_ECONFIG, unreadable BP_EIO naming the path. */
int bp_read_file(struct bp_arena *a, const char *path, size_t max_bytes, char **bytes, size_t *len, struct bp_err *err);

/* Write a file whole: temporary name beside it, fsync, rename, so that a reader sees the old or the new one. */
int bp_write_file(const char *path, const void *bytes, size_t len, struct bp_err *err);

#endif
