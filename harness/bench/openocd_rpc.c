/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/openocd_rpc.h"

#include "base/clock.h"
#include "bench/debug_stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 60

void bp_rpc_begin(struct bp_rpc *r, int fd)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
}

int bp_rpc_take(struct bp_rpc *r, const uint8_t *bytes, size_t n, bool *complete, struct bp_err *err)
{
	const uint8_t *end = memchr(bytes, BP_RPC_END, n);
	size_t part = end ? (size_t)(end - bytes) : n;

	*complete = end != NULL;
	if (part > BP_RPC_MAX_REPLY - r->len)
		return bp_fail(err, BP_EPROTO, "OpenOCD: an answer beyond %u bytes", BP_RPC_MAX_REPLY);
	memcpy(r->reply + r->len, bytes, part);
	r->len += part;
	r->reply[r->len] = '\0';
	return (int)(end ? part + 1 : part);
}

/* One whole answer into r->reply. */
static int next_reply(struct bp_rpc *r, uint64_t deadline_ns, struct bp_err *err)
{
	for (;;) {
		bool complete = false;
		int n;

		if (r->in_at == r->in_len) {
			n = bp_stream_receive(r->fd, r->in, sizeof(r->in), deadline_ns, err);
			if (n < 0)
				return n;
			r->in_at = 0;
			r->in_len = (size_t)n;
		}
		n = bp_rpc_take(r, r->in + r->in_at, r->in_len - r->in_at, &complete, err);
		if (n < 0)
			return n;
		r->in_at += (size_t)n;
		if (complete)
			return 0;
		if (bp_clock_ns() >= deadline_ns) /* a peer that never comes to an end */
			return bp_fail(err, BP_ETIMEOUT, "OpenOCD: half an answer by the deadline");
	}
}

/* Answers that were given up before. */
static int settle(struct bp_rpc *r, uint64_t deadline_ns, struct bp_err *err)
{
	int rc;

	while (r->owed) {
		rc = next_reply(r, deadline_ns, err);
		if (rc)
			return rc;
		r->owed--;
		r->len = 0;
	}
	/* Nothing was asked: what has come belongs to no command, and would shift all answers by one. */
	if (r->in_at != r->in_len || (rc = bp_stream_receive(r->fd, r->in, sizeof(r->in), 0, err)) > 0)
		return bp_fail(err, BP_EPROTO, "OpenOCD: an answer that nobody asked for");
	return rc == BP_ETIMEOUT ? 0 : rc;
}

/* "0 result", "1 error", "-304 ": catch's code taken off. Commands of OpenOCD fail with codes of its own, and often without a word. */
static int unwrap(struct bp_rpc *r, struct bp_err *err)
{
	size_t sign = r->reply[0] == '-', digits = strspn(r->reply + sign, "0123456789"), head = sign + digits + 1;
	bool failed = sign || digits != 1 || r->reply[0] != '0';
	char code[12] = "";

	if (!digits || digits > 9 || r->reply[sign + digits] != ' ')
		return bp_fail(err, BP_EPROTO, "OpenOCD: an answer that is none: '%.*s'", SHOWN_BYTES, r->reply);
	memcpy(code, r->reply, sign + digits);
	r->len -= head;
	memmove(r->reply, r->reply + head, r->len + 1);
	while (r->len && (r->reply[r->len - 1] == '\n' || r->reply[r->len - 1] == ' '))
		r->reply[--r->len] = '\0';
	if (failed && !r->len)
		return bp_fail(err, BP_EREFUSED, "OpenOCD: error %s", code);
	if (failed)
		return bp_fail(err, BP_EREFUSED, "OpenOCD: %.*s", 4 * SHOWN_BYTES, r->reply);
	return (int)r->len;
}

static int ask(struct bp_rpc *r, const char *line, size_t len, uint64_t deadline_ns, struct bp_err *err)
{
	int rc;

	rc = settle(r, deadline_ns, err);
	if (rc)
		return rc;
	r->len = 0;
	r->asked_ns = bp_clock_ns();
	rc = bp_stream_send(r->fd, line, len, deadline_ns, err);
	/* Half a command cannot be taken back: a peer that does not even read is lost. */
	if (rc)
		return bp_fail(err, BP_EIO, "OpenOCD takes no command");
	rc = next_reply(r, deadline_ns, err);
	if (rc == BP_ETIMEOUT)
		r->owed++;
	return rc ? rc : unwrap(r, err);
}

int bp_rpc_call_text(struct bp_rpc *r, const char *command, uint64_t deadline_ns, struct bp_err *err)
{
	char line[BP_RPC_MAX_COMMAND];
	int n = snprintf(line, sizeof(line), "format {%%d %%s} [catch {%s} bp_r] $bp_r%c", command, BP_RPC_END);

	if (n < 0 || (size_t)n >= sizeof(line))
		return bp_fail(err, BP_EINTERNAL, "OpenOCD: a command of %zu bytes is too long", strlen(command));
	return ask(r, line, (size_t)n, deadline_ns, err);
}

int bp_rpc_call(struct bp_rpc *r, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
{
	char command[BP_RPC_MAX_COMMAND];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(command))
		return bp_fail(err, BP_EINTERNAL, "OpenOCD: a command too long to build");
	return bp_rpc_call_text(r, command, deadline_ns, err);
}

/* ---- what answers hold ------------------------------------------------------- */

/* "0x…" at *p, which moves behind it. */
static bool hex_word(const char **p, uint32_t *out)
{
	const char *s = *p;
	uint32_t v = 0;
	unsigned digits = 0;

	if (s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return false;
	for (s += 2;; s++, digits++) {
		unsigned d;

		if (*s >= '0' && *s <= '9')
			d = (unsigned)(*s - '0');
		else if ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			d = (unsigned)((*s | 0x20) - 'a') + 10;
		else
			break;
		if (v >> 28)
			return false;
		v = v << 4 | d;
	}
	if (!digits || (*s && *s != ' ' && *s != '\n'))
		return false;
	*p = s;
	*out = v;
	return true;
}

static const char *skip_space(const char *p)
{
	while (*p == ' ' || *p == '\n')
		p++;
	return p;
}

int bp_rpc_words(const char *text, uint32_t *out, size_t n, struct bp_err *err)
{
	const char *p = skip_space(text);

	for (size_t i = 0; i < n; i++) {
		if (!hex_word(&p, &out[i]))
			return bp_fail(err, BP_EPROTO, "OpenOCD: '%.*s' is word %zu of %zu", SHOWN_BYTES, p, i + 1, n);
		p = skip_space(p);
	}
	if (*p)
		return bp_fail(err, BP_EPROTO, "OpenOCD: more than the %zu words asked for: '%.*s'", n, SHOWN_BYTES, p);
	return 0;
}

/* Index of the register whose name starts at p, or -1. */
static int which_register(const char *p, size_t len)
{
	static const char *const names[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11",
					    "r12", "sp", "lr", "pc", "xPSR"};

	for (int i = 0; i < 17; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], p, len))
			return i;
	return -1;
}

int bp_rpc_registers(const char *text, uint32_t regs[17], struct bp_err *err)
{
	const char *p = skip_space(text);
	uint32_t seen = 0;

	while (*p) {
		size_t len = strcspn(p, " \n");
		int i = which_register(p, len);
		const char *value = skip_space(p + len);

		if (i < 0 || seen >> i & 1 || !hex_word(&value, &regs[i]))
			return bp_fail(err, BP_EPROTO, "OpenOCD: '%.*s' where a register was expected", SHOWN_BYTES, p);
		seen |= UINT32_C(1) << i;
		p = skip_space(value);
	}
	if (seen != (UINT32_C(1) << 17) - 1)
		return bp_fail(err, BP_EPROTO, "OpenOCD: some registers are missing: '%.*s'", SHOWN_BYTES, text);
	return 0;
}
