/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_openocd.c - the debug role through OpenOCD 0.12; its configuration is in
 * openocd_session.h. For Arm Cortex-M cores.
 *
 * Polling is off: OpenOCD touches the target only when asked, because each touch
 * of a target without power blocks it for up to a second. So OpenOCD's idea of
 * the core's state is old at times, and `bp_poll` (openocd_session.c) brings it
 * up to date.
 */
#include "base/clock.h"
#include "bench/debug_parts.h"
#include "bench/debug_stream.h"
#include "bench/openocd_session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MS BP_NS_PER_MS
#define S BP_NS_PER_S
/* Armv7-M Architecture Reference Manual (DDI 0403), C1.6.2 and C1.6.5. */
#define LOOK_NS (250 * MS)
#define DHCSR 0xe000edf0u
#define DHCSR_S_HALT (UINT32_C(1) << 17)
#define DHCSR_DEBUG_HALT 0xa05f0001u    /* DBGKEY, C_DEBUGEN */
#define DEMCR 0xe000edfcu
#define DEMCR_CATCH_RESET 0x01000001u   /* TRCENA, VC_CORERESET */
#define CLOSE_NS (500 * MS)
#define WRITE_NS (60 * S)               /* a slot of a large part through a slow probe */
#define HALT_MAX_MS 600000u
#define REFUSALS 3u                     /* reads in a row that fail before the probe counts as gone: a reset costs one */

static uint64_t now(void)
{
	return bp_clock_ns();
}

static unsigned left_ms(uint64_t deadline_ns)
{
	uint64_t t = now(), ms = deadline_ns > t ? (deadline_ns - t) / MS : 0;

	return ms < 1 ? 1 : ms > HALT_MAX_MS ? HALT_MAX_MS : (unsigned)ms;
}

static void stop_openocd(void *self)
{
	struct bp_openocd *o = self;
	uint64_t deadline = now() + CLOSE_NS;

	/* A core left with breakpoints would stop at them with nobody there. */
	for (unsigned i = 0; o->up && o->on && i < o->n_points; i++)
		bp_rpc_call(&o->rpc, deadline, NULL, "%s 0x%x", o->point[i].len ? "rwp" : "rbp", o->point[i].addr);
	if (o->up && o->on)
		bp_rpc_call(&o->rpc, deadline, NULL, "bp_poll; if {[$bp_t curstate] eq {halted}} resume");
	if (o->up && o->held)
		bp_rpc_call(&o->rpc, deadline, NULL, "adapter deassert srst");
	bp_openocd_stop(o, CLOSE_NS);
}

static int open_openocd(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
			struct bp_err *err)
{
	struct bp_openocd *o = bp_arena_alloc(a, sizeof(*o));
	int rc;

	if (!o)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for its probe", board);
	o->board = board;
	bp_child_init(&o->child);
	o->lives = 1;
	rc = bp_openocd_configure(a, d, config, o, err);
	if (!rc)
		rc = bp_openocd_start(o, err);
	if (rc)
		return rc;
	o->on = true;
	*self = o;
	return 0;
}

/* ---- power ------------------------------------------------------------------------- */

static bool state_is(const struct bp_openocd *o, const char *state)
{
	return !strcmp(o->rpc.reply, state);
}

/* Poll the core until its state is one of two; the last one stands in o->rpc.reply. Right after a reset it is "reset" once. */
static int poll_until(struct bp_openocd *o, const char *one, const char *other, uint64_t deadline_ns, struct bp_err *err)
{
	for (;;) {
		int rc = bp_openocd_target(o, deadline_ns, err, "catch bp_poll; $bp_t curstate");

		if (rc < 0)
			return rc;
		if (state_is(o, one) || state_is(o, other))
			return 0;
		if (now() >= deadline_ns)
			return bp_fail(err, BP_ETIMEOUT, "board %s: the core does not answer its debug port (state: %.40s)", o->board,
				       o->rpc.reply);
	}
}

/* What OpenOCD knows is from before the power went: the first look only tells it that it knows nothing. */
static int poll_afresh(struct bp_openocd *o, const char *one, const char *other, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = bp_openocd_target(o, deadline_ns, err, "catch bp_poll");

	return rc < 0 ? rc : poll_until(o, one, other, deadline_ns, err);
}

/* In reset since before power came: catch the first instruction, let go. */
static int catch_first(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = poll_afresh(o, "reset", "reset", deadline_ns, err);

	if (!rc)
		rc = bp_openocd_target(o, deadline_ns, err, "write_memory 0x%x 32 {0x%x}; write_memory 0x%x 32 {0x%x}; adapter deassert srst",
				       DHCSR, DHCSR_DEBUG_HALT, DEMCR, DEMCR_CATCH_RESET);
	if (rc < 0)
		return rc;
	o->held = false;
	return poll_until(o, "halted", "halted", deadline_ns, err);
}

static int attach_by(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err)
{
	if (o->held)
		return catch_first(o, deadline_ns, err);
	return poll_afresh(o, "running", "halted", deadline_ns, err);
}

/*
 * A probe that was unplugged, and one whose server went away, stays lost to an
 * OpenOCD for ever. So when half the time has passed, a new one is started: it
 * attaches, or says what is wrong with the probe.
 */
static int attach(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	uint64_t start = now(), half = deadline_ns > start ? start + (deadline_ns - start) / 2 : deadline_ns;
	int rc;

	o->on = true;
	o->lives = 1;
	rc = attach_by(o, o->held ? deadline_ns : half, err);
	if (!rc || o->held || !o->argv || rc == BP_EINTERNAL) {
		o->on = !rc;
		return rc;
	}
	bp_openocd_stop(o, 0);
	rc = bp_openocd_start(o, err);
	if (!rc)
		rc = attach_by(o, deadline_ns, err);
	o->on = !rc;
	return rc;
}

static int detach(void *self, struct bp_err *err)
{
	struct bp_openocd *o = self;

	(void)err;
	o->on = false;
	return 0;
}

/* The reset line is the probe's own: asserting it needs no target. */
static int hold(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	int rc = bp_openocd_call(o, deadline_ns, err, "adapter assert srst");

	if (rc == BP_EREFUSED) {
		bp_prefix(err, "board %s: the probe cannot hold the reset line (reset_config?)", o->board);
		if (err)
			err->code = BP_EIO;
		return BP_EIO;
	}
	o->held = rc >= 0;
	return rc < 0 ? rc : 0;
}

/* ---- the core ------------------------------------------------------------------------ */

static int words_of(struct bp_openocd *o, uint32_t addr, uint32_t *out, size_t n, struct bp_err *err)
{
	if (!bp_rpc_words(o->rpc.reply, out, n, err))
		return 0;
	bp_prefix(err, "board %s: reading 0x%08x", o->board, addr);
	if (err)
		err->code = BP_EIO;
	return BP_EIO;
}

/* OpenOCD learns of what happened behind its back. */
static int look(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err)
{
	return poll_until(o, "running", "halted", deadline_ns, err);
}

static int halt(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	int rc = bp_openocd_target(o, deadline_ns, err, "bp_poll; halt %u", left_ms(deadline_ns));

	return rc < 0 ? rc : 0;
}

static int resume(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	int rc = look(o, deadline_ns, err);

	if (!rc && state_is(o, "running"))
		return 0;
	if (!rc)
		rc = bp_openocd_target(o, deadline_ns, err, "resume");
	return rc < 0 ? rc : 0;
}

/* One access instead of OpenOCD's dozen: C_HALT is cleared in DHCSR (ARMv7-M, C1.6.2). OpenOCD learns of it with the next attach(). */
static int go(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = bp_openocd_target(self, deadline_ns, err, "write_memory 0x%x 32 {0x%x}", DHCSR, DHCSR_DEBUG_HALT);

	return rc < 0 ? rc : 0;
}

static int reset(void *self, bool halted, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	int rc = bp_openocd_target(o, deadline_ns, err, "reset %s", halted ? "halt" : "run");

	if (rc < 0)
		return rc;
	return poll_until(o, halted ? "halted" : "running", halted ? "halted" : "running", deadline_ns, err);
}

static struct bp_openocd_point *find_point(struct bp_openocd *o, uint32_t addr, uint32_t len)
{
	for (unsigned i = 0; i < o->n_points; i++)
		if (o->point[i].addr == addr && !o->point[i].len == !len)
			return &o->point[i];
	return NULL;
}

/* A point is kept in the table while it is set: a new OpenOCD gets it again. Setting twice, clearing what is not set: no error. */
static int change_point(struct bp_openocd *o, uint32_t addr, uint32_t len, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd_point *p = find_point(o, addr, len);
	int rc;

	if (set ? p != NULL : p == NULL)
		return o->on ? 0 : bp_fail(err, BP_EPOWER, "board %s: the probe is detached", o->board);
	if (set && o->n_points == BP_OPENOCD_POINTS)
		return bp_fail(err, BP_ENOMEM, "board %s: more than %u breakpoints and watchpoints", o->board, BP_OPENOCD_POINTS);
	if (!set) /* taken out first: an OpenOCD started meanwhile must not get it again */
		*p = o->point[--o->n_points];
	if (!set)
		rc = bp_openocd_target(o, deadline_ns, err, "%s 0x%x", len ? "rwp" : "rbp", addr);
	else if (len)
		rc = bp_openocd_target(o, deadline_ns, err, "wp 0x%x %u w", addr, len);
	else
		rc = bp_openocd_target(o, deadline_ns, err, "bp 0x%x 2 hw", addr);
	if (rc < 0)
		return rc;
	if (set)
		o->point[o->n_points++] = (struct bp_openocd_point){addr, len};
	return 0;
}

static int breakpoint(void *self, uint32_t addr, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	return change_point(self, addr, 0, set, deadline_ns, err);
}

/* OpenOCD 0.12 takes a watchpoint on a halted core only. */
static int watchpoint(void *self, uint32_t addr, uint32_t len, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	bool ran;
	int rc;

	if (!len)
		return bp_fail(err, BP_EINTERNAL, "board %s: a watchpoint of no bytes", o->board);
	rc = look(o, deadline_ns, err);
	if (rc)
		return rc;
	ran = !state_is(o, "halted");
	if (ran)
		rc = halt(o, deadline_ns, err);
	if (!rc)
		rc = change_point(o, addr, len, set, deadline_ns, err);
	if (ran && o->on) {
		int again = resume(o, deadline_ns, rc ? NULL : err);

		rc = rc ? rc : again;
	}
	return rc;
}

static int registers(struct bp_openocd *o, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err)
{
	int rc = look(o, deadline_ns, err);

	if (!rc)
		rc = bp_openocd_target(o, deadline_ns, err, "get_reg {%s}", BP_RPC_REGISTERS);
	if (rc >= 0 && bp_rpc_registers(o->rpc.reply, regs, err)) {
		bp_prefix(err, "board %s", o->board);
		if (err)
			err->code = BP_EIO;
		return BP_EIO;
	}
	return rc < 0 ? rc : 0;
}

/* A look that began in time may end late: who only wants to know whether the core stands halted gives no time at all. */
static uint64_t look_until(uint64_t deadline_ns)
{
	uint64_t least = now() + LOOK_NS;

	return deadline_ns > least ? deadline_ns : least;
}

/* Reading the core's status in a loop tells of a halt within two round trips; OpenOCD's own polling takes 50 ms. */
static int wait_halt(void *self, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	unsigned refused = 0;

	for (;;) {
		uint32_t dhcsr = 0;
		int rc = bp_openocd_target(o, look_until(deadline_ns), err, "read_memory 0x%x 32 1", DHCSR);

		if (rc >= 0) {
			refused = 0;
			rc = words_of(o, DHCSR, &dhcsr, 1, err);
		} else if (rc == BP_EIO && o->up && ++refused < REFUSALS) {
			rc = 0;
		}
		if (rc < 0)
			return rc;
		if (dhcsr & DHCSR_S_HALT)
			break;
		if (now() >= deadline_ns)
			return bp_fail(err, BP_ETIMEOUT, "board %s: the core was not halted in time", o->board);
	}
	return regs ? registers(o, regs, look_until(deadline_ns), err) : 0;
}

/* ---- memory ---------------------------------------------------------------------------- */

/* Whole words: one command each for up to 4096 of them is far faster than many small ones. */
static int read_mem(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err)
{
	struct bp_openocd *o = self;
	uint64_t deadline = now() + o->answer_ns;
	uint8_t *out = buf;

	while (len) {
		uint32_t words[BP_RPC_READ_WORDS], skip = addr & 3, span = len < sizeof(words) - skip ? len : (uint32_t)sizeof(words) - skip;
		uint32_t n = (skip + span + 3) / 4;
		int rc = bp_openocd_target(o, deadline, err, "read_memory 0x%x 32 %u", addr - skip, n);

		if (rc >= 0)
			rc = words_of(o, addr, words, n, err);
		if (rc < 0)
			return rc;
		for (uint32_t i = 0; i < span; i++) /* memory order is little-endian on every Cortex-M with a debug port of Arm's */
			out[i] = (uint8_t)(words[(skip + i) / 4] >> (8 * ((skip + i) % 4)));
		out += span;
		addr += span;
		len -= span;
		deadline = now() + o->answer_ns;
	}
	return 0;
}

/* count units of width bytes each, from bytes. */
static int write_units(struct bp_openocd *o, uint32_t addr, unsigned width, const uint8_t *bytes, uint32_t count, struct bp_err *err)
{
	char values[11 * BP_RPC_WRITE_WORDS + 1];
	size_t at = 0;
	int rc;

	for (uint32_t i = 0; i < count; i++, bytes += width) {
		uint32_t v = 0;

		for (unsigned k = 0; k < width; k++)
			v |= (uint32_t)bytes[k] << (8 * k);
		at += (size_t)snprintf(values + at, sizeof(values) - at, "0x%x ", v);
	}
	rc = bp_openocd_target(o, now() + o->answer_ns, err, "write_memory 0x%x %u {%s}", addr, width * 8, values);
	return rc < 0 ? rc : 0;
}

static int write_ram(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	struct bp_openocd *o = self;
	const uint8_t *bytes = buf;

	while (len) {
		bool words = addr % 4 == 0 && len >= 4;
		uint32_t n = words ? len / 4 : addr % 4 && len > 4 - addr % 4 ? 4 - addr % 4 : len, unit = words ? 4 : 1;
		int rc;

		if (n > BP_RPC_WRITE_WORDS)
			n = BP_RPC_WRITE_WORDS;
		rc = write_units(o, addr, unit, bytes, n, err);
		if (rc)
			return rc;
		addr += n * unit;
		bytes += n * unit;
		len -= n * unit;
	}
	return 0;
}

static int matches(void *self, uint32_t addr, const void *expected, uint32_t len, struct bp_err *err)
{
	uint8_t part[4096];

	for (uint32_t done = 0; done < len;) {
		uint32_t n = len - done < sizeof(part) ? len - done : (uint32_t)sizeof(part);
		int rc = read_mem(self, addr + done, part, n, err);

		if (rc)
			return rc;
		if (memcmp(part, (const uint8_t *)expected + done, n))
			return 0;
		done += n;
	}
	return 1;
}

/* A file without a name, which OpenOCD opens through /proc: nothing is left behind. */
static int program_through_loader(struct bp_openocd *o, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	int fd = memfd_create("brickproof-program", MFD_CLOEXEC), rc;

	if (fd < 0 || write(fd, buf, len) != (ssize_t)len) {
		rc = bp_fail(err, BP_EIO, "board %s: no memory for what is to be programmed", o->board);
	} else {
		rc = bp_openocd_target(o, deadline_ns, err, "flash write_image erase {/proc/%d/fd/%d} 0x%x bin", (int)getpid(), fd, addr);
	}
	if (fd >= 0)
		close(fd);
	return rc < 0 ? rc : 0;
}

/* Sectors that buf touches in part lose the rest: callers give whole ones. Leaves the core halted, and RAM changed by the loader. */
static int program(void *self, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	struct bp_openocd *o = self;
	int rc = halt(o, deadline_ns, err);

	if (rc)
		return rc;
	if (o->nrf)
		rc = bp_debug_nrf_program(&bp_debug_openocd_ops, o, o->board, o->page_bytes, addr, buf, len, deadline_ns, err);
	else
		rc = program_through_loader(o, addr, buf, len, deadline_ns, err);
	if (rc)
		return rc;
	rc = matches(o, addr, buf, len, err);
	if (rc == 0)
		return bp_fail(err, BP_EIO,
			       "board %s: flash at 0x%08x does not hold what was programmed; is it protected, and does OpenOCD know this flash bank?",
			       o->board, addr);
	return rc < 0 ? rc : 0;
}

static int write_flash(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	return program(self, addr, buf, len, now() + WRITE_NS, err);
}

const struct bp_debug_ops bp_debug_openocd_ops = {
	.name = "openocd",
	.help = "a probe through OpenOCD: our own child process, or one that runs elsewhere",
	.open = open_openocd, .close = stop_openocd,
	.attach = attach, .detach = detach, .hold = hold, .halt = halt, .resume = resume, .go = go, .reset = reset,
	.breakpoint = breakpoint, .watchpoint = watchpoint, .wait_halt = wait_halt,
	.read_ram = read_mem, .write_ram = write_ram, .program = program,
	.read = read_mem, .write = write_flash, .matches = matches, .observe = bp_debug_observe_nothing,
};
