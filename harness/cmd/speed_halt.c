/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speed_halt.c - from a halt at a flash operation to the cut, through the real
 * OpenOCD: a board is served by a child, an update is run on it, and at each halt
 * the rig does what it does to cut there. Only the switch is a dummy, so that one
 * update gives many halts. When the core really halted, the served board tells.
 */
#include "cmd/speed_latency.h"

#include "base/clock.h"
#include "base/proc.h"
#include "bench/power_parts.h"
#include "bench/real_parts.h"
#include "cmd/home.h"
#include "scenario/execute.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVED_NS (20 * BP_NS_PER_S)
#define ANSWER_NS BP_NS_PER_S
#define COMMAND_NS (5 * BP_NS_PER_S)
#define SAMPLES 200u

struct halts {
	struct bp_real *real;
	struct bp_power_lines truth; /* a connection of our own to the served board */
	struct bp_latency seen;
};

static int dummy_off(void *self, struct bp_err *err)
{
	(void)self, (void)err;
	return 0;
}

static const struct bp_power_ops dummy = {.name = "dummy", .off = dummy_off};

static int halted_at(struct halts *h, uint64_t *ns, struct bp_err *err)
{
	static const char key[] = "\"halt_ns\":";
	char *line, *value;
	int rc = bp_power_write(h->truth.fd, "truth\n", 6, bp_deadline_in(ANSWER_NS), err);

	if (!rc)
		rc = bp_power_read_line(&h->truth, &line, bp_deadline_in(ANSWER_NS), err);
	if (rc)
		return rc;
	value = strstr(line, key);
	if (!value)
		return bp_fail(err, BP_EPROTO, "the served board does not tell when it halted");
	*ns = strtoull(value + sizeof(key) - 1, NULL, 10);
	return 0;
}

/* As the aiming does it: a look, the registers, the cut. */
static int look(void *ctx, struct bp_err *err)
{
	struct halts *h = ctx;
	struct bp_real *r = h->real;
	struct bp_power power = r->power;
	uint32_t regs[17];
	uint64_t halt_ns = 0;
	int rc = r->debug.ops->wait_halt(r->debug.self, regs, bp_clock_ns(), err);

	if (rc)
		return rc == BP_ETIMEOUT ? 0 : rc;
	r->power.ops = &dummy;
	rc = bp_real_cut(r, bp_clock_ns(), err);
	r->power = power;
	r->on = true;
	if (!rc)
		rc = halted_at(h, &halt_ns, err);
	if (!rc)
		rc = r->debug.ops->attach(r->debug.self, bp_deadline_in(COMMAND_NS), err);
	if (rc)
		return rc;
	bp_latency_add(&h->seen, r->cut_issued_ns - halt_ns);
	if (h->seen.n == h->seen.cap) { /* enough: let it run */
		r->look = NULL;
		rc = r->debug.ops->breakpoint(r->debug.self, r->program_at, false, bp_deadline_in(COMMAND_NS), err);
		if (!rc)
			rc = r->debug.ops->breakpoint(r->debug.self, r->erase_at, false, bp_deadline_in(COMMAND_NS), err);
	}
	return rc ? rc : r->debug.ops->resume(r->debug.self, bp_deadline_in(COMMAND_NS), err);
}

static int update(struct halts *h, const struct bp_scenario *s, struct bp_err *err)
{
	struct bp_real *r = h->real;
	struct bp_exec x;
	int rc;

	bp_real_rewind(r);
	bp_exec_begin(&x, &r->board, s);
	rc = bp_exec_power_on(&x, err);
	if (!rc)
		rc = bp_exec_settle(&x, err);
	if (rc)
		return rc < 0 ? rc : bp_fail(err, BP_EIO, "the served board does not settle");
	rc = r->debug.ops->breakpoint(r->debug.self, r->program_at, true, bp_deadline_in(COMMAND_NS), err);
	if (!rc)
		rc = r->debug.ops->breakpoint(r->debug.self, r->erase_at, true, bp_deadline_in(COMMAND_NS), err);
	r->look_ctx = h;
	r->look = look;
	if (!rc)
		rc = bp_exec_steps(&x, err);
	r->look = NULL;
	return rc < 0 ? rc : 0;
}

/* ---- the served board --------------------------------------------------------------------- */

static int serve(struct bp_proc *p, const char *dir, struct bp_err *err)
{
	const char *const argv[] = {"/proc/self/exe", "board", "serve", "--product", "small", "--dir", dir, NULL};
	const struct bp_proc_options o = {.argv = argv, .in = BP_PROC_NULL, .out = BP_PROC_NULL, .err = BP_PROC_OURS};
	uint64_t deadline = bp_deadline_in(SERVED_NS);
	char ready[128];
	int rc = bp_proc_start(p, &o, err);

	snprintf(ready, sizeof(ready), "%s/ready", dir);
	while (!rc && access(ready, F_OK)) {
		if (bp_proc_ended(p) || bp_deadline_passed(deadline))
			return bp_fail(err, BP_EIO, "no board is served in %s", dir);
		poll(NULL, 0, 10);
	}
	return rc;
}

static int open_board(struct bp_arena *a, const char *dir, const struct bp_product *product, struct halts *h, struct bp_err *err)
{
	struct bp_bench *bench;
	const char *text = bp_arena_printf(a,
		"bench: speed\nboards:\n  - name: served\n    product: small\n    power: {driver: socket, path: %s/power}\n"
		"    console: {driver: serial, path: %s/console, baud: 115200}\n"
		"    debug: {driver: openocd, interface: %s/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB}\n"
		"    elf: %s/board.elf\n", dir, dir, dir, dir);
	int rc = text ? bp_bench_parse(a, "speed", text, strlen(text), &bench, err) : bp_fail(err, BP_ENOMEM, "no memory for a bench");

	if (!rc)
		rc = bp_real_open(a, &bench->board[0], product, &h->real, err);
	if (rc)
		return rc;
	h->truth.fd = bp_power_connect_unix(bp_arena_printf(a, "%s/power", dir), bp_deadline_in(ANSWER_NS), err);
	return h->truth.fd < 0 ? h->truth.fd : 0;
}

static bool have_openocd(void)
{
	static const char *const argv[] = {"openocd", "--version", NULL};
	struct bp_proc_io io = {0};
	struct bp_err err;

	return bp_proc_run(argv, &io, bp_deadline_in(COMMAND_NS), &err) == 0;
}

static int measure(struct bp_arena *a, const char *dir, struct bp_err *err)
{
	struct halts h = {.truth.fd = -1, .seen.cap = SAMPLES};
	struct bp_proc board = {0};
	struct bp_product *product;
	struct bp_scenario *s;
	struct bp_realtime asked;
	const char *path;
	int rc;

	h.seen.v = bp_arena_array(a, h.seen.cap, sizeof(*h.seen.v));
	if (!h.seen.v)
		return bp_fail(err, BP_ENOMEM, "no memory for latencies");
	if ((rc = bp_home_product(a, "small", &path, err)) || (rc = bp_product_read(a, path, &product, err)) ||
	    (rc = bp_home_scenario(a, "power-cut-download", &path, err)) || (rc = bp_scenario_read(a, path, product, &s, err)))
		return rc;
	rc = serve(&board, dir, err);
	if (!rc)
		rc = open_board(a, dir, product, &h, err);
	bp_realtime_ask(&asked);
	if (!rc)
		rc = update(&h, s, err);
	bp_realtime_drop(&asked);
	if (!rc)
		bp_latency_print("halt at a flash operation to cut, OpenOCD", &h.seen);
	if (h.truth.fd >= 0)
		close(h.truth.fd);
	bp_real_close(h.real);
	bp_proc_stop(&board, BP_NS_PER_S);
	return rc;
}

int bp_speed_halt(struct bp_arena *a, struct bp_err *err)
{
	char dir[] = "/tmp/brickproof-speed-XXXXXX";
	int rc;

	if (!have_openocd()) {
		printf("%-44s not measured: openocd is not installed\n", "halt at a flash operation to cut, OpenOCD");
		return 0;
	}
	if (!mkdtemp(dir))
		return bp_fail(err, BP_EIO, "no temporary folder");
	rc = measure(a, dir, err);
	rmdir(dir); /* the served board has taken away what it put there */
	return rc;
}
