/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_gdb.c - the debug role through any gdb server for Arm Cortex-M: J-Link's,
 * Black Magic, pyOCD, OpenOCD's, QEMU's.
 *
 *     debug:
 *       driver: gdb
 *       connect: 127.0.0.1:2331              # a server that runs, or
 *       command: [JLinkGDBServer, "..."]     # one of ours, on its standard input and output
 *       reset: "reset"                       # the server's own command, and
 *       reset-halt: "reset halt"             # the one that leaves the core halted
 *       flash: vflash                        # or memory: plain writes, as QEMU takes them
 *       breakpoint-bytes: 2
 *       answer: 5 s                          # connecting, and any answer, takes no longer
 *
 * A server stops the core when a debugger comes, and hears nothing while the core
 * runs. So after open() and attach() the driver lets it run, and memory of a
 * running core is read by stopping it for a moment: a few hundred µs with QEMU,
 * some ms with a probe. Where that disturbs, use the openocd driver.
 */
#include "base/clock.h"
#include "bench/debug_child.h"
#include "bench/debug_parts.h"
#include "bench/debug_stream.h"
#include "bench/gdb_rsp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS BP_NS_PER_MS
#define S BP_NS_PER_S
#define MAX_ARGS 63u
#define POINTS 16u
#define CLOSE_NS (500 * MS)
#define RETRY_US 20000u
#define WRITE_NS (60 * S)
#define SAID_BYTES 400
#define HARDWARE_BREAKPOINT 1u  /* of Z packets */
#define WRITE_WATCHPOINT 2u
#define SIGNAL_INTERRUPT 2u     /* gdb's own numbering, include/gdb/signals.def */

struct point {
	uint32_t addr, len;     /* len 0: breakpoint */
};

struct gdb {
	const char *board, *connect, *reset, *reset_halt;
	char **argv;            /* NULL: connect */
	uint64_t answer_ns;
	bool flash_memory, on;
	uint32_t breakpoint_bytes;
	struct bp_child child;
	bool hit;               /* it stands still because of a point, or of itself: not because we asked */
	unsigned n_points;
	struct point point[POINTS];
	struct bp_gdb rsp;
};

static uint64_t now(void)
{
	return bp_clock_ns();
}

static uint64_t soon(const struct gdb *g)
{
	return bp_deadline_in(g->answer_ns);
}

/* ---- the connection -------------------------------------------------------------- */

static void disconnect(struct gdb *g, uint64_t grace_ns)
{
	if (g->argv)
		bp_child_stop(&g->child, grace_ns);
	else if (g->rsp.fd >= 0)
		close(g->rsp.fd);
	g->rsp.fd = -1;
}

/* An error of the server: its connection is of no use any more, unless it only refused. */
static int failed(struct gdb *g, int rc, struct bp_err *err)
{
	char said[SAID_BYTES] = "";

	if (rc >= 0)
		return 0;
	if (g->argv)
		bp_child_said(&g->child, said, sizeof(said));
	bp_prefix(err, "board %s: gdb server%s%s%s%s", g->board, g->connect ? " at " : "", g->connect ? g->connect : "",
		  said[0] ? " said: " : "", said);
	if (rc == BP_EPROTO || rc == BP_ETIMEOUT)
		disconnect(g, 0);
	if (rc == BP_EPROTO || rc == BP_ENOENT)
		rc = BP_EIO;
	if (err)
		err->code = rc;
	return rc;
}

static int reach(struct gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	int fd, rc;

	if (g->argv) {
		rc = bp_child_start(&g->child, g->argv, err);
		fd = g->child.fd;
	} else {
		do { /* it may be about to open its port */
			rc = bp_stream_connect(g->connect, deadline_ns, &fd, err);
		} while (rc == BP_EIO && now() < deadline_ns && !usleep(RETRY_US));
	}
	if (!rc)
		rc = bp_gdb_begin(&g->rsp, fd, deadline_ns, err);
	return rc;
}

static int set_points(struct gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	for (unsigned i = 0; i < g->n_points; i++) {
		const struct point *p = &g->point[i];
		unsigned type = p->len ? WRITE_WATCHPOINT : HARDWARE_BREAKPOINT;
		uint32_t kind = p->len ? p->len : g->breakpoint_bytes;
		int rc;

		/* Some servers keep them beyond a connection, and count twice. */
		bp_gdb_point(&g->rsp, type, p->addr, kind, false, deadline_ns, NULL);
		rc = bp_gdb_point(&g->rsp, type, p->addr, kind, true, deadline_ns, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int attach(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	struct gdb *g = self;
	uint64_t latest = soon(g);
	int rc;

	if (latest > deadline_ns)
		latest = deadline_ns;
	disconnect(g, 0);
	g->hit = false;
	rc = reach(g, latest, err);
	if (!rc)
		rc = set_points(g, latest, err);
	if (!rc)
		rc = bp_gdb_continue(&g->rsp, false, latest, err);
	g->on = !rc;
	if (!rc)
		return 0;
	rc = failed(g, rc, err);
	bp_advise(err, "is %sthe probe plugged in, and has the board power?", g->connect ? "the server running, " : "");
	disconnect(g, 0);
	return rc;
}

static int detach(void *self, struct bp_err *err)
{
	(void)err;
	((struct gdb *)self)->on = false;
	return 0;
}

/* ---- stopping and running on -------------------------------------------------------- */

static int usable(const struct gdb *g, struct bp_err *err)
{
	if (!g->on)
		return bp_fail(err, BP_EPOWER, "board %s: the probe is detached", g->board);
	if (g->rsp.fd < 0)
		return bp_fail(err, BP_EIO, "board %s: the gdb server was lost; is the probe still plugged in?", g->board);
	return 0;
}

static bool at_breakpoint(struct gdb *g, uint64_t deadline_ns)
{
	uint32_t regs[17];

	if (!g->n_points || bp_gdb_registers(&g->rsp, regs, deadline_ns, NULL))
		return false;
	for (unsigned i = 0; i < g->n_points; i++)
		if (!g->point[i].len && g->point[i].addr == regs[15])
			return true;
	return false;
}

/* The server says what stopped the core, if it was a watchpoint. */
static bool stopped_by_watch(const struct gdb *g)
{
	return strstr(g->rsp.parser.body, "watch:") != NULL;
}

/*
 * Stop a running core. It may have met one of its points just before: then the
 * stop is that one's, which wait_halt() is going to tell of.
 */
static int stop(struct gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	unsigned signal = 0;
	int rc = bp_gdb_interrupt(&g->rsp, deadline_ns, err);

	if (!rc)
		rc = bp_gdb_wait_stop(&g->rsp, &signal, deadline_ns, err);
	if (!rc)
		g->hit = stopped_by_watch(g) || (signal != SIGNAL_INTERRUPT && at_breakpoint(g, deadline_ns));
	return rc;
}

static int set_all(struct gdb *g, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	for (unsigned i = 0; i < g->n_points; i++) {
		const struct point *p = &g->point[i];
		int rc = bp_gdb_point(&g->rsp, p->len ? WRITE_WATCHPOINT : HARDWARE_BREAKPOINT, p->addr,
				      p->len ? p->len : g->breakpoint_bytes, set, deadline_ns, err);

		if (rc)
			return rc;
	}
	return 0;
}

/* A server runs on from where the core stands, into the very same point: step over it without any. */
static int run_on(struct gdb *g, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = 0;

	if (g->hit) {
		rc = set_all(g, false, deadline_ns, err);
		if (!rc)
			rc = bp_gdb_continue(&g->rsp, true, deadline_ns, err);
		if (!rc)
			rc = bp_gdb_wait_stop(&g->rsp, NULL, deadline_ns, err);
		if (!rc)
			rc = set_all(g, true, deadline_ns, err);
	}
	g->hit = false;
	return rc ? rc : bp_gdb_continue(&g->rsp, false, deadline_ns, err);
}

/* Around what needs a core that stands still. */
static int pause_core(struct gdb *g, bool *ran, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = usable(g, err);

	*ran = !rc && g->rsp.running;
	if (*ran)
		rc = failed(g, stop(g, deadline_ns, err), err);
	return rc;
}

static int unpause(struct gdb *g, bool ran, int rc, uint64_t deadline_ns, struct bp_err *err)
{
	int again = 0;

	rc = failed(g, rc, err);
	if (ran && !g->hit && g->rsp.fd >= 0)
		again = failed(g, run_on(g, deadline_ns, rc ? NULL : err), rc ? NULL : err);
	return rc ? rc : again;
}

static int halt(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	bool ran;

	return pause_core(self, &ran, deadline_ns, err);
}

static int resume(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	struct gdb *g = self;
	int rc = usable(g, err);

	if (rc || g->rsp.running)
		return rc;
	/* Halted by hand where a breakpoint stands: it would not get away from there. */
	g->hit = g->hit || at_breakpoint(g, deadline_ns);
	return failed(g, run_on(g, deadline_ns, err), err);
}

static int reset(void *self, bool halted, uint64_t deadline_ns, struct bp_err *err)
{
	struct gdb *g = self;
	bool ran;
	int rc = pause_core(g, &ran, deadline_ns, err);

	if (rc)
		return rc;
	rc = bp_gdb_monitor(&g->rsp, halted ? g->reset_halt : g->reset, deadline_ns, err);
	if (rc) {
		bp_prefix(err, "'%s'", halted ? g->reset_halt : g->reset);
		return failed(g, rc, err);
	}
	g->hit = at_breakpoint(g, deadline_ns);
	/* Servers differ in whether the core runs after a plain reset; all take it that they stand still. */
	return halted ? 0 : failed(g, run_on(g, deadline_ns, err), err);
}

static int not_halted(const struct gdb *g, struct bp_err *err)
{
	return bp_fail(err, BP_ETIMEOUT, "board %s: the core was not halted in time", g->board);
}

static int wait_halt(void *self, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err)
{
	struct gdb *g = self;
	unsigned signal = 0;
	int rc = usable(g, err);

	while (!rc && g->rsp.running) {
		rc = bp_gdb_wait_stop(&g->rsp, &signal, deadline_ns, err);
		if (rc == BP_ETIMEOUT) /* it runs on: all is well with the server */
			return not_halted(g, err);
		/* A late answer to an interrupt that met a point: nobody asked for this stop. */
		if (!rc && signal == SIGNAL_INTERRUPT && !stopped_by_watch(g)) {
			rc = bp_gdb_continue(&g->rsp, false, deadline_ns, err);
			if (!rc && now() >= deadline_ns) /* a server that tells of one after the other */
				return not_halted(g, err);
		} else if (!rc) {
			g->hit = true;
		}
	}
	if (!rc && regs)
		rc = bp_gdb_registers(&g->rsp, regs, deadline_ns, err);
	return failed(g, rc, err);
}

/* ---- points and memory --------------------------------------------------------------- */

static int change_point(struct gdb *g, uint32_t addr, uint32_t len, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	struct point *found = NULL;
	bool ran;
	int rc;

	for (unsigned i = 0; i < g->n_points; i++)
		if (g->point[i].addr == addr && g->point[i].len == len)
			found = &g->point[i];
	if (set ? found != NULL : found == NULL)
		return usable(g, err);
	if (set && g->n_points == POINTS)
		return bp_fail(err, BP_ENOMEM, "board %s: more than %u breakpoints and watchpoints", g->board, POINTS);
	rc = pause_core(g, &ran, deadline_ns, err);
	if (rc)
		return rc;
	rc = bp_gdb_point(&g->rsp, len ? WRITE_WATCHPOINT : HARDWARE_BREAKPOINT, addr, len ? len : g->breakpoint_bytes, set,
			  deadline_ns, err);
	if (!rc && found)
		*found = g->point[--g->n_points];
	else if (!rc)
		g->point[g->n_points++] = (struct point){addr, len};
	return unpause(g, ran, rc, deadline_ns, err);
}

static int breakpoint(void *self, uint32_t addr, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	return change_point(self, addr, 0, set, deadline_ns, err);
}

static int watchpoint(void *self, uint32_t addr, uint32_t len, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	struct gdb *g = self;

	if (!len)
		return bp_fail(err, BP_EINTERNAL, "board %s: a watchpoint of no bytes", g->board);
	return change_point(g, addr, len, set, deadline_ns, err);
}

static int read_mem(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err)
{
	struct gdb *g = self;
	uint64_t deadline = soon(g);
	bool ran;
	int rc = pause_core(g, &ran, deadline, err);

	return rc ? rc : unpause(g, ran, bp_gdb_read(&g->rsp, addr, buf, len, deadline, err), deadline, err);
}

static int write_ram(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	struct gdb *g = self;
	uint64_t deadline = soon(g);
	bool ran;
	int rc = pause_core(g, &ran, deadline, err);

	return rc ? rc : unpause(g, ran, bp_gdb_write(&g->rsp, addr, buf, len, deadline, err), deadline, err);
}

static int matches(void *self, uint32_t addr, const void *expected, uint32_t len, struct bp_err *err)
{
	struct gdb *g = self;
	uint64_t deadline = soon(g);
	uint8_t part[4096];
	bool ran, same = true;
	int rc = pause_core(g, &ran, deadline, err);

	if (rc)
		return rc;
	for (uint32_t done = 0; !rc && same && done < len;) {
		uint32_t n = len - done < sizeof(part) ? len - done : (uint32_t)sizeof(part);

		rc = bp_gdb_read(&g->rsp, addr + done, part, n, soon(g), err);
		same = !rc && !memcmp(part, (const uint8_t *)expected + done, n);
		done += n;
	}
	rc = unpause(g, ran, rc, soon(g), err);
	return rc ? rc : same;
}

/* Blocks that buf touches in part lose the rest: callers give whole ones. Leaves the core halted. */
static int program(void *self, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	struct gdb *g = self;
	int rc = halt(g, deadline_ns, err);

	if (rc)
		return rc;
	if (g->flash_memory)
		rc = bp_gdb_write(&g->rsp, addr, buf, len, deadline_ns, err);
	else
		rc = bp_gdb_flash(&g->rsp, addr, buf, len, deadline_ns, err);
	rc = failed(g, rc, err);
	if (rc)
		return rc;
	rc = matches(g, addr, buf, len, err);
	if (rc == 0)
		return bp_fail(err, BP_EIO, "board %s: flash at 0x%08x does not hold what was programmed; is it protected?", g->board, addr);
	return rc < 0 ? rc : 0;
}

static int write_flash(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	return program(self, addr, buf, len, now() + WRITE_NS, err);
}

/* ---- opening and closing ---------------------------------------------------------------- */

static int command_line(struct bp_arena *a, struct bp_diag *d, const struct bp_node *list, struct gdb *g)
{
	if (!bp_node_is(d, list, BP_NODE_SEQ))
		return 0;
	if (!list->n || list->n > MAX_ARGS) {
		bp_diag_at(d, list, "%zu words; expected a program and its arguments, %u at most", list->n, MAX_ARGS);
		return 0;
	}
	g->argv = bp_arena_array(a, list->n + 1, sizeof(*g->argv));
	for (size_t i = 0; g->argv && i < list->n; i++) {
		const char *text = NULL;

		if (bp_node_text(d, list->items[i], &text))
			return 0;
		g->argv[i] = bp_arena_text(a, text, strlen(text));
		if (!g->argv[i])
			return BP_ENOMEM;
	}
	return g->argv ? 0 : BP_ENOMEM;
}

static int configure(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct gdb *g, struct bp_err *err)
{
	static const char *const ways[] = {"vflash", "memory"};
	const struct bp_node *connect = bp_map_get(config, "connect"), *command = bp_map_get(config, "command");
	unsigned before = d->count, way = 0;
	char host[BP_STREAM_HOST_BYTES], port[6];
	struct bp_err why;

	bp_node_text(d, connect, &g->connect);
	if (g->connect && bp_stream_address(g->connect, host, port, &why))
		bp_diag_at(d, connect, "%s", why.text);
	if (!connect == !command)
		bp_diag_at(d, config, "which gdb server? expected either 'connect' or 'command'");
	else if (command && command_line(a, d, command, g))
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for its probe", g->board);
	bp_node_text(d, bp_map_get(config, "reset"), &g->reset);
	bp_node_text(d, bp_map_get(config, "reset-halt"), &g->reset_halt);
	bp_node_enum(d, bp_map_get(config, "flash"), ways, 2, &way);
	bp_node_u32(d, bp_map_get(config, "breakpoint-bytes"), 1, 8, &g->breakpoint_bytes);
	bp_node_duration(d, bp_map_get(config, "answer"), 10 * MS, 120 * S, &g->answer_ns);
	g->flash_memory = way == 1;
	bp_map_done(d, config);
	return d->count > before ? bp_fail(err, BP_ECONFIG, "board %s: its debug map is wrong", g->board) : 0;
}

static int open_gdb(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		    struct bp_err *err)
{
	struct gdb *g = bp_arena_alloc(a, sizeof(*g));
	int rc;

	if (!g)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for its probe", board);
	g->board = board;
	g->reset = "reset";
	g->reset_halt = "reset halt";
	g->breakpoint_bytes = 2; /* a Thumb instruction, as gdb's own for Arm */
	g->answer_ns = 5 * S;
	bp_child_init(&g->child);
	g->rsp.fd = -1;
	rc = configure(a, d, config, g, err);
	if (!rc)
		rc = attach(g, soon(g), err);
	if (!rc)
		*self = g;
	return rc;
}

/* The core runs on without points; a server of ours ends. */
static void close_gdb(void *self)
{
	struct gdb *g = self;
	uint64_t deadline = now() + CLOSE_NS;

	if (g->on && g->rsp.fd >= 0 && (!g->rsp.running || !stop(g, deadline, NULL)) && !set_all(g, false, deadline, NULL))
		bp_gdb_end(&g->rsp, g->argv != NULL, deadline);
	disconnect(g, CLOSE_NS);
}

const struct bp_debug_ops bp_debug_gdb_ops = {
	.name = "gdb",
	.help = "any gdb server: J-Link's, Black Magic, pyOCD, QEMU's; stops the core for a moment to read its memory",
	.open = open_gdb, .close = close_gdb,
	.attach = attach, .detach = detach, .halt = halt, .resume = resume, .reset = reset,
	.breakpoint = breakpoint, .watchpoint = watchpoint, .wait_halt = wait_halt,
	.read_ram = read_mem, .write_ram = write_ram, .program = program,
	.read = read_mem, .write = write_flash, .matches = matches, .observe = bp_debug_observe_nothing,
};
