/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_control.c - a served board's power socket: a command a line, a reply a
 * line, `ok` or `error` in front.
 */
#include "cmd/serve.h"

#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const positions[] = {"before", "torn", "after"};
static const char *const causes[DUT_CAUSE_COUNT] = {"power-on", "pin", "software", "watchdog", "fault", "brown-out"};

void bp_serve_accept(struct bp_serve *s)
{
	int fd = accept4(s->power_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (unsigned i = 0; fd >= 0 && i < BP_SERVE_CLIENTS; i++)
		if (s->client[i].fd < 0) {
			s->client[i] = (struct bp_serve_client){.fd = fd};
			return;
		}
	if (fd >= 0)
		close(fd); /* more than anybody needs */
}

static void hang_up(struct bp_serve_client *c)
{
	close(c->fd);
	c->fd = -1;
	c->len = 0;
}

static void show_cut(struct bp_json *j, const struct bp_truth *t)
{
	const struct bp_cut_report *cut = &t->cut;

	bp_json_key(j, "cut");
	bp_json_object(j);
	bp_json_kv_bool(j, "in_op", cut->in_op);
	bp_json_kv_bool(j, "halted", t->halted);
	bp_json_kv_u64(j, "ops", t->ops);
	if (cut->in_op) {
		bp_json_kv_u64(j, "op", cut->op.ordinal);
		bp_json_kv_text(j, "kind", cut->op.kind == BP_OP_ERASE ? "erase" : "program");
		bp_json_kv_u64(j, "addr", cut->op.addr);
		bp_json_kv_u64(j, "len", cut->op.len);
		bp_json_kv_text(j, "position", positions[cut->position]);
		bp_json_kv_u64(j, "percent", cut->position == BP_CUT_TORN ? cut->torn.percent : cut->position == BP_CUT_AFTER ? 100 : 0);
	}
	bp_json_object_end(j);
}

static void show_truth(struct bp_json *j, const struct bp_serve *s)
{
	const struct bp_truth *t = &s->truth;

	bp_json_object(j);
	bp_json_kv_text(j, "power", !s->powered ? "off" : s->falling ? "falling" : "on");
	bp_json_kv_u64(j, "ops", bp_vboard_ops(s->b));
	bp_json_kv_u64(j, "losses", t->losses);
	bp_json_kv_u64(j, "on_command_ns", t->mono_on_command);
	bp_json_kv_u64(j, "on_relay_ns", t->mono_on_relay);
	bp_json_kv_u64(j, "first_byte_ns", t->mono_first_byte);
	bp_json_kv_u64(j, "off_command_ns", t->mono_off_command);
	bp_json_kv_u64(j, "off_relay_ns", t->mono_off_relay);
	bp_json_kv_u64(j, "flash_dead_ns", t->mono_flash_dead);
	bp_json_kv_u64(j, "dead_ns", t->mono_dead);
	bp_json_kv_u64(j, "halt_ns", t->mono_halt);
	if (t->losses)
		show_cut(j, t);
	bp_json_object_end(j);
}

static void show_status(struct bp_json *j, const struct bp_serve *s)
{
	bool held = s->reset_by_client || s->reset_by_probe || s->reset_by_relay;
	int row = bp_vboard_running(s->b);

	bp_json_object(j);
	bp_json_kv_text(j, "power", !s->powered ? "off" : s->falling ? "falling" : "on");
	bp_json_kv_u64(j, "rail_mv", bp_vboard_rail_mv(s->b));
	bp_json_kv_text(j, "core", !s->powered ? "off" : held ? "reset" : s->frozen ? "halted" : bp_vboard_idle(s->b) ? "idle" : "running");
	bp_json_kv_text(j, "runs", !s->powered ? "nothing" : row >= 0 ? s->v->images.row[row].name : row == -1 ? "bootloader" : "unknown");
	bp_json_kv_text(j, "cause", causes[bp_vboard_cause(s->b)]);
	bp_json_kv_u64(j, "boots", bp_vboard_boots(s->b));
	bp_json_kv_u64(j, "ops", bp_vboard_ops(s->b));
	bp_json_kv_u64(j, "board_ns", bp_vboard_now(s->b));
	bp_json_kv_u64(j, "mono_ns", bp_serve_mono());
	bp_json_object_end(j);
}

static int power(struct bp_serve *s, bool on, const char *at, struct bp_json *j, struct bp_err *err)
{
	uint64_t mono = bp_serve_mono();
	int rc = 0;

	if (at)
		rc = bp_parse_u64(at, 1, UINT64_MAX / 2, &mono, err);
	if (!rc)
		rc = bp_serve_switch(s, on, mono, err);
	if (rc)
		return rc;
	bp_json_object(j);
	bp_json_kv_u64(j, "command_ns", mono);
	bp_json_object_end(j);
	return 0;
}

/* "ADDR FILE": what a ROM loader does, which needs no debug port. Only while no firmware runs. */
static int load(struct bp_serve *s, const char *argument, struct bp_err *err)
{
	const struct bp_geometry *geo = &bp_vboard_flash(s->b)->geo;
	const char *path = strchr(argument, ' ');
	char address[16], *bytes;
	uint64_t at = 0;
	size_t len = 0;
	int rc;

	if (!path)
		return bp_fail(err, BP_EUSAGE, "expected load ADDRESS FILE");
	snprintf(address, sizeof(address), "%.*s", (int)(path - argument), argument);
	rc = bp_parse_u64(address, 0, geo->size_bytes - 1, &at, err);
	if (!rc && s->powered && !s->reset_by_client)
		rc = bp_fail(err, BP_EUSAGE, "load: the firmware runs; switch the board off, or `reset assert` first");
	if (!rc)
		rc = bp_read_file(s->scratch, path + 1, geo->size_bytes - (size_t)at, &bytes, &len, err);
	if (!rc)
		bp_flash_load(bp_vboard_flash(s->b), (uint32_t)at, (const uint8_t *)bytes, (uint32_t)len);
	return rc;
}

static int command(struct bp_serve *s, char *line, struct bp_json *j, struct bp_err *err)
{
	const char *argument = NULL;
	char *blank = strchr(line, ' ');
	char quoted[64];

	if (blank) {
		*blank = '\0';
		argument = blank + 1;
	}
	if (!strcmp(line, "off-at") && argument)
		return power(s, false, argument, j, err);
	if (!strcmp(line, "reset") && argument && (!strcmp(argument, "assert") || !strcmp(argument, "release"))) {
		s->reset_by_client = *argument == 'a';
		bp_serve_reset_pin(s);
		return 0;
	}
	if (!strcmp(line, "load") && argument)
		return load(s, argument, err);
	if (argument)
		return bp_fail(err, BP_EUSAGE, "no command %s with %s", bp_quote(quoted, sizeof(quoted) / 2, line), argument);
	if (!strcmp(line, "on") || !strcmp(line, "off"))
		return power(s, line[1] == 'n', NULL, j, err);
	if (!strcmp(line, "status"))
		show_status(j, s);
	else if (!strcmp(line, "truth"))
		show_truth(j, s);
	else if (!strcmp(line, "count"))
		bp_vboard_count_ops(s->b);
	else
		return bp_fail(err, BP_EUSAGE, "no command %s; expected on, off, off-at NS, reset assert|release, load ADDRESS FILE, status, "
			       "truth or count",
			       bp_quote(quoted, sizeof(quoted), line));
	return 0;
}

static void answer(struct bp_serve *s, struct bp_serve_client *c, char *line)
{
	struct bp_text reply, body;
	struct bp_err err = {0};
	struct bp_json j;
	int rc;

	bp_arena_reset(s->scratch);
	bp_text_init(&reply, s->scratch);
	bp_text_init(&body, s->scratch);
	bp_json_init(&j, &body);
	bp_serve_advance(s, bp_serve_mono());
	rc = command(s, line, &j, &err);
	if (rc)
		bp_text_printf(&reply, "error %s\n", err.text);
	else
		bp_text_printf(&reply, "ok%s%s\n", body.len ? " " : "", body.len ? body.bytes : "");
	if (reply.failed || send(c->fd, reply.bytes, reply.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)reply.len)
		hang_up(c); /* it does not read: nothing is owed to it */
}

void bp_serve_control(struct bp_serve *s, struct bp_serve_client *c)
{
	ssize_t n = recv(c->fd, c->line + c->len, sizeof(c->line) - c->len, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->len += (uint32_t)n;
	while (c->fd >= 0 && (end = memchr(c->line, '\n', c->len))) {
		uint32_t used = (uint32_t)(end - c->line) + 1;

		*end = '\0';
		if (end > c->line && end[-1] == '\r')
			end[-1] = '\0';
		answer(s, c, c->line);
		memmove(c->line, c->line + used, c->len - used);
		c->len -= used;
	}
	if (c->fd >= 0 && c->len == sizeof(c->line)) {
		static const char text[] = "error the line is too long\n";

		send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		hang_up(c);
	}
}
