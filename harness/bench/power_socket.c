/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_socket.c - power of a served virtual board, through its control socket.
 *
 *     power:
 *       driver: socket
 *       path: /run/user/1000/brickproof/board.sock
 *       timeout: 1 s
 *
 * `brickproof board serve` listens there. Lines `on`, `off`, `off-at NS` (of the
 * monotonic clock), `status`; each is answered by `ok …` or `error …`. After any
 * trouble the connection is dropped, so that a late answer never stands for the
 * next command, and made anew by that one.
 */
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct socket_power {
	const char *board, *path;
	uint64_t timeout_ns;
	struct bp_power_lines lines;
};

static void hang_up(struct socket_power *s)
{
	if (s->lines.fd >= 0)
		close(s->lines.fd);
	s->lines = (struct bp_power_lines){.fd = -1};
}

static int call(struct socket_power *s, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_err why;

	s->lines.fd = bp_power_connect_unix(s->path, deadline_ns, &why);
	if (s->lines.fd >= 0)
		return 0;
	return bp_fail(err, why.code, "board %s: power socket %s: %.200s: is 'brickproof board serve' running there?", s->board, s->path,
		       why.text);
}

static int ask(struct socket_power *s, const char *command, uint64_t deadline_ns, struct bp_err *err)
{
	char line[64], *answer;
	int len = snprintf(line, sizeof(line), "%s\n", command), rc;

	bp_power_drop_input(&s->lines);
	rc = bp_power_write(s->lines.fd, line, (size_t)len, deadline_ns, err);
	if (!rc)
		rc = bp_power_read_line(&s->lines, &answer, deadline_ns, err);
	if (!rc && strcmp(answer, "ok") && strncmp(answer, "ok ", 3)) {
		char shown[160];

		if (!strncmp(answer, "error", 5))
			rc = bp_fail(err, BP_EIO, "refused: %s", bp_quote(shown, sizeof(shown), answer));
		else
			rc = bp_fail(err, BP_EPROTO, "answered %s; expected 'ok'", bp_quote(shown, sizeof(shown), answer));
	}
	return rc;
}

static int say(struct socket_power *s, const char *command, struct bp_err *err)
{
	uint64_t deadline = bp_power_deadline(s->timeout_ns);
	bool stale = s->lines.fd >= 0;
	int rc = stale ? 0 : call(s, deadline, err);

	if (rc)
		return rc;
	rc = ask(s, command, deadline, err);
	/* A server that was started anew has closed the old connection; the commands may be repeated. */
	if (rc == BP_EIO && stale) {
		hang_up(s);
		rc = call(s, deadline, err);
		if (rc)
			return rc;
		rc = ask(s, command, deadline, err);
	}
	if (!rc)
		return 0;
	hang_up(s);
	bp_advise(err, "is 'brickproof board serve' still running there?");
	return bp_prefix(err, "board %s: power socket %s: '%s'", s->board, s->path, command);
}

static int socket_on(void *self, struct bp_err *err)
{
	return say(self, "on", err);
}

static int socket_off(void *self, struct bp_err *err)
{
	return say(self, "off", err);
}

static int socket_off_at(void *self, uint64_t at_ns, struct bp_err *err)
{
	char command[40];

	snprintf(command, sizeof(command), "off-at %" PRIu64, at_ns);
	return say(self, command, err);
}

static void socket_close(void *self)
{
	struct socket_power *s = self;

	bp_power_hurry(true);
	bp_safe_drop(self, !socket_off(self, NULL));
	bp_power_hurry(false);
	hang_up(s);
}

static int socket_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		       struct bp_err *err)
{
	struct socket_power *s = bp_arena_alloc(a, sizeof(*s));
	unsigned before = d->count;
	int rc;

	if (!s)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	s->board = board;
	s->timeout_ns = BP_NS_PER_S;
	s->lines.fd = -1;
	bp_node_text(d, bp_map_need(d, config, "path", "the control socket of 'brickproof board serve'"), &s->path);
	bp_power_timeout(d, config, &s->timeout_ns);
	bp_map_done(d, config);
	if (d->count != before)
		return bp_diag_result(d, err);
	rc = call(s, bp_power_deadline(s->timeout_ns < BP_NS_PER_S ? s->timeout_ns : BP_NS_PER_S), err);
	if (rc)
		return rc;
	rc = bp_safe_add(&bp_power_socket_ops, s, board, config, err);
	if (rc) {
		hang_up(s);
		return bp_prefix(err, "board %s: power", board);
	}
	*self = s;
	return 0;
}

const struct bp_power_ops bp_power_socket_ops = {
	.name = "socket",
	.help = "a served virtual board: path: SOCKET",
	.open = socket_open, .close = socket_close, .on = socket_on, .off = socket_off, .off_at = socket_off_at,
};
