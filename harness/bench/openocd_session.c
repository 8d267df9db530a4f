/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/openocd_session.h"

#include "base/clock.h"
#include "bench/debug_stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MS BP_NS_PER_MS
#define S BP_NS_PER_S
#define SAID_BYTES 500
#define MAX_LINES 64u           /* configuration lines of a board */
#define QUIT_NS (500 * MS)      /* OpenOCD ends within 2 ms of its input's end, measured */
#define RETRY_MS 20u            /* between attempts to reach an OpenOCD elsewhere */
#define LIVES 1u
/*
 * A core of which OpenOCD knew nothing, and then that it stands halted, has no
 * registers yet: they are read when a core is seen to go from running to halted, and
 * get_reg gives zeros for what was never read.
 */
#define POLL_PROC "proc bp_poll {{was {}}} {global bp_t; if {$was eq {}} {set was [$bp_t curstate]}; $bp_t arp_poll; " \
		  "if {$was eq {unknown} && [$bp_t curstate] eq {halted}} {get_reg -force {" BP_RPC_REGISTERS "}}}"
#define MAX_PAGE_BYTES 4096u   /* nRF52, nRF52840 product specifications; nRF51 has 1 KiB */

/* Names go into Tcl commands: nothing that Tcl gives a meaning to. */
static bool plain(const char *name)
{
	return name[0] && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-")];
}

/* ---- configuration -------------------------------------------------------------- */

struct line_list {
	char *item[2 * MAX_LINES + 16];
	unsigned n;
};

static void add(struct line_list *l, const char *flag, const char *value)
{
	if (flag)
		l->item[l->n++] = (char *)flag;
	l->item[l->n++] = (char *)value;
}

static void config_lines(struct bp_diag *d, const struct bp_node *lines, struct line_list *l)
{
	if (!lines || !bp_node_is(d, lines, BP_NODE_SEQ))
		return;
	if (lines->n > MAX_LINES) {
		bp_diag_at(d, lines, "%zu lines; expected %u at most: put them into a file and name it as 'target'", lines->n, MAX_LINES);
		return;
	}
	for (size_t i = 0; i < lines->n; i++) {
		const char *text = NULL;

		if (!bp_node_text(d, lines->items[i], &text))
			add(l, "-c", text);
	}
}

static int command_line(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_openocd *o,
			struct bp_err *err)
{
	/* No ports: nothing else is to talk to this OpenOCD. */
	static const char *const first[] = {"bindto 127.0.0.1", "tcl_port pipe", "telnet_port disabled", "gdb_port disabled"};
	const char *binary = "openocd", *interface = NULL, *target = NULL;
	struct line_list l = {.n = 0};

	bp_node_text(d, bp_map_get(config, "binary"), &binary);
	bp_node_text(d, bp_map_get(config, "interface"), &interface);
	bp_node_text(d, bp_map_get(config, "target"), &target);
	add(&l, NULL, binary);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		add(&l, "-c", first[i]);
	if (interface)
		add(&l, "-f", interface);
	config_lines(d, bp_map_get(config, "config"), &l);
	if (target)
		add(&l, "-f", target);
	o->argv = bp_arena_array(a, l.n + 1, sizeof(*o->argv));
	for (unsigned i = 0; o->argv && i < l.n; i++) {
		o->argv[i] = bp_arena_text(a, l.item[i], strlen(l.item[i]));
		if (!o->argv[i])
			o->argv = NULL;
	}
	return o->argv ? 0 : bp_fail(err, BP_ENOMEM, "board %s: no memory for its probe", o->board);
}

static void check_attach(struct bp_diag *d, const struct bp_node *config, struct bp_openocd *o)
{
	static const char *const own[] = {"interface", "config", "target", "binary"};
	const struct bp_node *attach = bp_map_get(config, "attach");
	char host[BP_STREAM_HOST_BYTES], port[6];
	struct bp_err why;

	if (!o->attach) {
		if (!bp_map_get(config, "interface") && !bp_map_get(config, "config") && !bp_map_get(config, "target"))
			bp_diag_at(d, config, "which probe? expected 'interface' and 'target', 'config', or 'attach'");
		return;
	}
	if (bp_stream_address(o->attach, host, port, &why))
		bp_diag_at(d, attach, "%s", why.text);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (bp_map_get(config, own[i]))
			bp_diag_at(d, bp_map_get(config, own[i]), "'%s' is for an OpenOCD of our own; 'attach' names one that runs already",
				   own[i]);
}

int bp_openocd_configure(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_openocd *o,
			 struct bp_err *err)
{
	static const char *const ways[] = {"driver", "nrf"};
	unsigned before = d->count, way = 0;
	const char *core = NULL;
	int rc;

	o->start_ns = 10 * S;
	o->answer_ns = 5 * S;
	bp_node_text(d, bp_map_get(config, "attach"), &o->attach);
	bp_node_text(d, bp_map_get(config, "core"), &core);
	bp_node_duration(d, bp_map_get(config, "start"), 10 * MS, 120 * S, &o->start_ns);
	bp_node_duration(d, bp_map_get(config, "answer"), 10 * MS, 120 * S, &o->answer_ns);
	bp_node_enum(d, bp_map_get(config, "flash"), ways, 2, &way);
	o->nrf = way == 1;
	if (o->nrf)
		bp_node_bytes(d, bp_map_need(d, config, "page", "what the NVMC erases at once"), 64, MAX_PAGE_BYTES, &o->page_bytes);
	if (o->page_bytes & (o->page_bytes - 1))
		bp_diag_at(d, bp_map_get(config, "page"), "'page' is no power of two");
	check_attach(d, config, o);
	if (core && !plain(core))
		bp_diag_at(d, bp_map_get(config, "core"), "'core' is no name of an OpenOCD target, as in nrf52.cpu");
	o->core = core;
	rc = command_line(a, d, config, o, err);
	if (o->attach)
		o->argv = NULL;
	bp_map_done(d, config);
	return rc ? rc : d->count > before ? bp_fail(err, BP_ECONFIG, "board %s: its debug map is wrong", o->board) : 0;
}

/* ---- the process ------------------------------------------------------------------ */

void bp_openocd_stop(struct bp_openocd *o, uint64_t grace_ns)
{
	if (o->argv)
		bp_child_stop(&o->child, grace_ns); /* its socket is the connection */
	else if (o->rpc.fd >= 0)
		close(o->rpc.fd);
	o->rpc.fd = -1;
	o->up = false;
}

static int cannot_start(struct bp_openocd *o, struct bp_err *err)
{
	char said[SAID_BYTES], why[SAID_BYTES];

	snprintf(why, sizeof(why), "%.*s", SAID_BYTES - 1, err ? err->text : "");
	if (!o->argv)
		return bp_fail(err, BP_EIO, "board %s: OpenOCD at %s: %s; is it running, and is its tcl_port open?", o->board, o->attach, why);
	bp_child_said(&o->child, said, sizeof(said));
	return bp_fail(err, BP_EIO, "board %s: OpenOCD did not come up (%s): %s; is the probe plugged in, and has the board power?",
		       o->board, why, said[0] ? said : "it said nothing");
}

/* An OpenOCD elsewhere may be about to open its port. */
static int reach(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err)
{
	int rc;

	for (;;) {
		rc = bp_stream_connect(o->attach, deadline_ns, &o->rpc.fd, err);
		if (!rc || rc == BP_ECONFIG || bp_clock_ns() + RETRY_MS * MS >= deadline_ns)
			return rc;
		usleep(RETRY_MS * 1000);
	}
}

/*
 * The first answer comes once `init` is through. Its log would grow with every
 * answer from then on; polling and messages would come between commands.
 */
static int set_up(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = bp_rpc_call_text(&o->rpc, "poll off", deadline_ns, err);

	if (rc >= 0 && o->argv)
		rc = bp_rpc_call_text(&o->rpc, "debug_level -1; log_output /dev/null", deadline_ns, err);
	if (rc >= 0 && !o->core) {
		rc = bp_rpc_call_text(&o->rpc, "target current", deadline_ns, err);
		if (rc >= 0 && !plain(o->rpc.reply))
			return bp_fail(err, BP_EPROTO, "'%.40s' is its current target", o->rpc.reply);
	} else if (rc >= 0) {
		rc = bp_rpc_call(&o->rpc, deadline_ns, err, "targets %s", o->core);
	}
	/* Tcl's own names for what every command needs, so that commands stay short. */
	if (rc >= 0)
		rc = bp_rpc_call(&o->rpc, deadline_ns, err, "set bp_t %s", o->core ? o->core : o->rpc.reply);
	if (rc >= 0)
		rc = bp_rpc_call_text(&o->rpc, POLL_PROC, deadline_ns, err);
	if (rc >= 0)
		rc = bp_rpc_call_text(&o->rpc, "catch {bp_poll unknown}", deadline_ns, err);
	return rc < 0 ? rc : 0;
}

static int restore_points(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err)
{
	for (unsigned i = 0; i < o->n_points; i++) {
		const struct bp_openocd_point *p = &o->point[i];
		int rc;

		if (p->len) /* watchpoints can be set on a halted core only */
			rc = bp_rpc_call(&o->rpc, deadline_ns, err, "halt 1000; wp 0x%x %u w; resume", p->addr, p->len);
		else
			rc = bp_rpc_call(&o->rpc, deadline_ns, err, "bp 0x%x 2 hw", p->addr);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int bp_openocd_start(struct bp_openocd *o, struct bp_err *err)
{
	struct bp_err own = {.text = ""}, *why = err ? err : &own;
	uint64_t deadline_ns = bp_clock_ns() + o->start_ns;
	int rc;

	bp_rpc_begin(&o->rpc, -1);
	o->starts++;
	if (o->argv) {
		rc = bp_child_start(&o->child, o->argv, why);
		o->rpc.fd = o->child.fd;
	} else {
		rc = reach(o, deadline_ns, why);
	}
	if (!rc)
		rc = set_up(o, deadline_ns, why);
	if (!rc)
		rc = restore_points(o, deadline_ns, why);
	if (!rc) {
		o->up = true;
		return 0;
	}
	rc = cannot_start(o, why);
	bp_openocd_stop(o, 0);
	return rc;
}

/* ---- commands ------------------------------------------------------------------------ */

static int start_anew(struct bp_openocd *o, struct bp_err *err)
{
	if (!o->lives)
		return bp_fail(err, BP_EIO, "board %s: OpenOCD hung or died again after it was started anew; is the probe still plugged in?",
			       o->board);
	o->lives--;
	return bp_openocd_start(o, err);
}

/* Its answers no longer come, or are none. A probe that was unplugged shows now: the new one says so. */
static int lost(struct bp_openocd *o, int why, struct bp_err *err)
{
	int rc;

	bp_openocd_stop(o, 0);
	rc = start_anew(o, err);
	if (rc)
		return rc;
	return why == BP_ETIMEOUT ? bp_fail(err, why, "board %s: OpenOCD hung and was started anew", o->board) :
				    bp_fail(err, BP_EIO, "board %s: OpenOCD was lost and started anew", o->board);
}

static int once(struct bp_openocd *o, const char *command, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = o->up ? 0 : start_anew(o, err);

	if (rc)
		return rc;
	rc = bp_rpc_call_text(&o->rpc, command, deadline_ns, err);
	if (rc >= 0 || rc == BP_EREFUSED)
		o->lives = LIVES;
	if (rc >= 0 || rc == BP_EREFUSED || rc == BP_EINTERNAL)
		return rc;
	/* A short deadline says nothing about OpenOCD's health: its answer is owed. */
	if (rc == BP_ETIMEOUT && bp_clock_ns() < o->rpc.asked_ns + o->answer_ns)
		return bp_fail(err, BP_ETIMEOUT, "board %s: no answer of OpenOCD in time", o->board);
	return lost(o, rc, err);
}

static int call_text(struct bp_openocd *o, const char *command, uint64_t deadline_ns, struct bp_err *err)
{
	unsigned starts = o->starts;
	int rc = once(o, command, deadline_ns, err);

	/* A new OpenOCD, and time left: the command is worth a second try. */
	if (rc < 0 && rc != BP_EREFUSED && o->up && o->starts != starts && bp_clock_ns() < deadline_ns)
		rc = once(o, command, deadline_ns, err);
	return rc;
}

int bp_openocd_call(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
{
	char command[BP_RPC_MAX_COMMAND];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(command))
		return bp_fail(err, BP_EINTERNAL, "board %s: a command too long for OpenOCD", o->board);
	return call_text(o, command, deadline_ns, err);
}

int bp_openocd_target(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
{
	char command[BP_RPC_MAX_COMMAND];
	va_list ap;
	int n, rc;

	if (!o->on)
		return bp_fail(err, BP_EPOWER, "board %s: the probe is detached", o->board);
	va_start(ap, fmt);
	n = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(command))
		return bp_fail(err, BP_EINTERNAL, "board %s: a command too long for OpenOCD", o->board);
	rc = call_text(o, command, deadline_ns, err);
	if (rc != BP_EREFUSED)
		return rc;
	bp_prefix(err, "board %s: probe", o->board);
	if (err)
		err->code = BP_EIO;
	return BP_EIO;
}
