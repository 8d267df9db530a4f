/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the one error idiom of the harness.
 *
 * Every fallible function returns int: zero or a count on success, a negative
 * enum bp_code otherwise, and takes a struct bp_err as its last parameter. The
 * failing site writes `return bp_fail(err, BP_EIO, "uart %s: …")`; a caller may
 * only put words in front with bp_prefix(). The code picks the branch, the text
 * says which thing failed and what to do about it.
 *
 * A device that misbehaves is never an error: it is a verdict (oracle/verdict.h).
 */
#ifndef BP_BASE_ERR_H
#define BP_BASE_ERR_H

#include <stdarg.h>

enum bp_code {
	BP_OK = 0,
	BP_ENOMEM = -1,     /* an arena or a fixed table is full */
	BP_ECONFIG = -2,    /* configuration or input file is wrong: exit status 2 */
	BP_EUSAGE = -3,     /* command line is wrong: exit status 2 */
	BP_EIO = -4,        /* a system call or a driver failed */
	BP_ETIMEOUT = -5,   /* a deadline passed */
	BP_EPOWER = -6,     /* the board is off: the step ends, no error by itself */
	BP_EPROTO = -7,     /* the peer sent bytes that break the protocol */
	BP_EREFUSED = -8,   /* the device refused, with a reason code */
	BP_ENOENT = -9,     /* no such name */
	BP_EINTERNAL = -10, /* our own bug, caught before it could judge anything */
};

#define BP_ERR_TEXT_BYTES 1024

struct bp_err {
	int code;
	char text[BP_ERR_TEXT_BYTES]; /* one line or several, no trailing newline */
};

/* Store code and text; returns code. err may be NULL (text is dropped). */
int bp_report(struct bp_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same. Its value is visible where it is used, so that analysers know that `return bp_fail(…)` is a failure. */
#define bp_fail(err, code, ...) bp_code_of(bp_report((err), (code), __VA_ARGS__), (code))

static inline int bp_code_of(int reported, int code)
{
	(void)reported;
	return code;
}

int bp_vfail(struct bp_err *err, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* Put "fmt: " in front of the text already stored; returns err's code. */
int bp_prefix(struct bp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What to do about it, behind the text, as in "TEXT; is it plugged in?"; unless the text says itself, and ends with a question. */
int bp_advise(struct bp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A short word for a code ("timeout"); static storage, never NULL. */
const char *bp_code_name(int code);

#endif
