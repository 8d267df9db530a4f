/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debug role: its contract against every driver, and what goes wrong with a
 * probe. Counterparts: the virtual board in the process; `brickproof board serve`
 * through the real OpenOCD; QEMU's gdb server. What is not installed is skipped.
 *
 * BP_CYCLES=N: that many power cycles with OpenOCD attached (default 20):
 *     BP_CYCLES=500 build/release/tests/test_debug cycles
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "bench/elf_symbols.h"
#include "bench/openocd_session.h"
#include "bench/virtual.h"
#include "tests/contract_debug.h"
#include "tests/tiny_board.h"

#define SOON bp_deadline_in(10 * BP_NS_PER_S)
#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

static struct bp_arena *arena;
static struct bp_err err;
static struct contract_debug unit; /* the driver under test */

/* ---- help ---------------------------------------------------------------------- */

static bool installed(const char *program)
{
	const char *const argv[] = {program, "--version", NULL};
	char out[256], text[256];
	struct bp_proc_io io = {.out = out, .out_cap = sizeof(out), .err = text, .err_cap = sizeof(text)};

	return bp_proc_run(argv, &io, SOON, NULL) == 0;
}

static const struct bp_debug_ops *driver(const char *name)
{
	for (size_t i = 0; bp_debug_drivers[i]; i++)
		if (!strcmp(bp_debug_drivers[i]->name, name))
			return bp_debug_drivers[i];
	fail_msg("no driver '%s'", name);
	return NULL;
}

/* Open by the text of a debug map. */
static int open_driver(const char *name, const char *board, const char *yaml, void **self)
{
	struct bp_diag d = {.arena = arena};
	struct bp_node *root;
	int rc;

	if (bp_yaml_parse(arena, "bench.yaml", yaml, strlen(yaml), &root, &err))
		fail_msg("%s", err.text);
	rc = driver(name)->open(arena, &d, root, board, self, &err);
	if (d.count)
		bp_diag_result(&d, &err);
	return rc;
}

static unsigned open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static unsigned long rss_kib(pid_t pid)
{
	char path[64], line[128];
	unsigned long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static void no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- the virtual board in this process --------------------------------------------- */

static struct bp_virtual inside;
static uint32_t no_wear[64];
static const struct bp_product no_areas; /* nothing of it is asked but its memory map */

static int virtual_begin(void **state)
{
	if (tiny_begin(state))
		return -1;
	tiny_new(BP_ACCEL_NONE, tiny_idle, NULL);
	inside = (struct bp_virtual){.vboard = tiny, .board.product = &no_areas, .wear = no_wear};
	unit = (struct contract_debug){.name = "virtual", .ops = driver("virtual"), .self = &inside, .flash = TINY_FREE,
				       .flash_bytes = 2 * TINY_PAGE, .bad_addr = 0x90000000};
	return 0;
}

/* ---- the served board behind OpenOCD -------------------------------------------------- */

static struct bp_proc serve;
static char serve_dir[64];
static int serve_power = -1;
static struct bp_symbols symbols;

static const char *program_path(void)
{
	static char path[512];
	const char *given = getenv("BRICKPROOF");
	ssize_t n;

	if (given)
		return given;
	n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	if (n <= 0)
		return "build/release/brickproof";
	path[n] = '\0';
	*strrchr(path, '/') = '\0'; /* …/tests */
	strcpy(strrchr(path, '/'), "/brickproof");
	return access(path, X_OK) ? "build/release/brickproof" : path;
}

/* A command to the power socket; its answer must be ok. */
static int control(const char *command, char *reply, size_t cap)
{
	size_t len = 0;

	if (send(serve_power, command, strlen(command), MSG_NOSIGNAL) < 0)
		return bp_fail(&err, BP_EIO, "the served board is gone");
	while (!len || reply[len - 1] != '\n') {
		ssize_t n = bp_clock_poll_fd(serve_power, POLLIN, SOON) > 0 ? read(serve_power, reply + len, cap - 1 - len) : -1;

		if (n <= 0)
			return bp_fail(&err, BP_EIO, "no answer to %s", command);
		len += (size_t)n;
	}
	reply[len] = '\0';
	return strncmp(reply, "ok", 2) ? bp_fail(&err, BP_EIO, "%s", reply) : 0;
}

static int serve_switch(void *ctx, bool on)
{
	uint64_t deadline = SOON;
	char reply[1024];
	int rc = control(on ? "on\n" : "off\n", reply, sizeof(reply));

	(void)ctx;
	while (!rc) { /* the rail takes its time */
		rc = control("status\n", reply, sizeof(reply));
		if (rc || strstr(reply, on ? "\"power\":\"on\"" : "\"power\":\"off\""))
			break;
		if (bp_deadline_passed(deadline))
			return bp_fail(&err, BP_ETIMEOUT, "the rail does not follow: %s", reply);
	}
	return rc;
}

static int serve_reset(void *ctx)
{
	char reply[1024];
	int rc = control("reset assert\n", reply, sizeof(reply));

	(void)ctx;
	return rc ? rc : control("reset release\n", reply, sizeof(reply));
}

static void serve_stop(void)
{
	const char *const argv[] = {"rm", "-rf", serve_dir, NULL};
	struct bp_proc_io io = {0};

	if (serve_power >= 0)
		close(serve_power);
	serve_power = -1;
	bp_proc_stop(&serve, 2 * BP_NS_PER_S);
	if (serve_dir[0])
		bp_proc_run(argv, &io, SOON, NULL);
	serve_dir[0] = '\0';
}

/* 0, or what is missing. */
static const char *serve_start(void)
{
	const char *program = program_path();
	struct bp_proc_options o = {.in = BP_PROC_PIPE, .out = BP_PROC_PIPE, .err = BP_PROC_OURS};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *argv[] = {program, "board", "serve", "--on", "--stdin", "--dir", serve_dir, NULL};
	char line[2048];
	size_t len = 0;

	if (access(program, X_OK))
		return "build/release/brickproof is not built";
	strcpy(serve_dir, "/tmp/brickproof-debug-XXXXXX");
	if (!mkdtemp(serve_dir))
		return "no temporary folder";
	o.argv = argv;
	if (bp_proc_start(&serve, &o, &err))
		fail_msg("%s", err.text);
	while (!len || line[len - 1] != '\n') {
		ssize_t n = bp_clock_poll_fd(serve.out, POLLIN, SOON) > 0 ? read(serve.out, line + len, sizeof(line) - len) : -1;

		if (n <= 0)
			fail_msg("%s does not start", program);
		len += (size_t)n;
	}
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/power", serve_dir);
	serve_power = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (serve_power < 0 || connect(serve_power, (const struct sockaddr *)&at, sizeof(at)))
		fail_msg("%s: %s", at.sun_path, strerror(errno));
	return NULL;
}

static uint32_t symbol(const char *name)
{
	struct bp_symbol s = {0};

	if (bp_symbols_find(&symbols, name, &s, &err))
		fail_msg("%s", err.text);
	return s.addr;
}

static void served_unit(const char *yaml)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/board.elf", serve_dir);
	if (bp_symbols_read(arena, path, &symbols, &err))
		fail_msg("%s", err.text);
	unit = (struct contract_debug){
		/* Below bp_scratch, which the board writes to. */
		.name = "served", .ops = driver("openocd"), .bad_addr = 0x90000000, .ram = symbol("bp_scratch") - 4096, .ram_bytes = 4096,
		.flash = symbol("bp_area_state_a") - 2048, .flash_bytes = 2048, .code = symbol("dut_jump"), .reset_pc = symbol("boot_entry"),
		.provoke = serve_reset, .power = serve_switch,
	};
	if (open_driver("openocd", unit.name, yaml, &unit.self))
		fail_msg("%s", err.text);
}

static int served_begin(void **state)
{
	const char *missing = installed("openocd") ? NULL : "openocd is not installed";

	(void)state;
	memset(&unit, 0, sizeof(unit));
	arena = bp_arena_new(ARENA_BYTES);
	if (!missing)
		missing = serve_start();
	if (missing)
		print_message("skipped: %s\n", missing);
	else
		served_unit(bp_arena_printf(arena, "{target: %s/openocd-stlink.cfg, flash: nrf, page: 1 KiB, answer: 1 s}", serve_dir));
	return 0;
}

static int probe_end(void **state)
{
	(void)state;
	if (unit.self)
		unit.ops->close(unit.self);
	serve_stop();
	bp_arena_free(arena);
	arena = NULL;
	no_children();
	return 0;
}

/* ---- QEMU's gdb server ------------------------------------------------------------------- */

#define QEMU_CODE 0x48u
#define QEMU_COUNTER 0x20000100u

static struct bp_proc qemu;
static char image[64];

/* Counts in RAM for ever. Every exception starts it anew. */
static int write_image(void)
{
	static const uint16_t code[] = {
		0x4802,         /* 40: ldr r0, [pc, #8]  of 4c */
		0x2100,         /* 42: movs r1, #0 */
		0x3101,         /* 44: adds r1, #1 */
		0x6001,         /* 46: str r1, [r0] */
		0xbf00,         /* 48: nop */
		0xe7fb,         /* 4a: b 44 */
		0x0100, 0x2000, /* 4c: QEMU_COUNTER */
	};
	uint32_t vectors[16] = {0x20002000};
	int fd;

	for (size_t i = 1; i < 16; i++)
		vectors[i] = 0x41;
	strcpy(image, "/tmp/brickproof-thumb-XXXXXX");
	fd = mkstemp(image);
	if (fd < 0 || write(fd, vectors, sizeof(vectors)) != sizeof(vectors) || write(fd, code, sizeof(code)) != sizeof(code))
		return -1;
	return close(fd);
}

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) || getsockname(s, (struct sockaddr *)&a, &len))
		fail_msg("no port: %s", strerror(errno));
	close(s);
	return ntohs(a.sin_port);
}

static void qemu_unit(const char *yaml)
{
	unit = (struct contract_debug){
		.name = "qemu", .ops = driver("gdb"), .bad_addr = 0x90000000, .ram = 0x20001000, .ram_bytes = 1024, .flash = 0x2000,
		.flash_bytes = 2048, .code = QEMU_CODE, .watched = QEMU_COUNTER, .reset_pc = 0x40,
	};
	if (open_driver("gdb", unit.name, yaml, &unit.self))
		fail_msg("%s", err.text);
}

static int qemu_begin(bool child)
{
	const char *common = "reset: system_reset, reset-halt: system_reset, flash: memory";
	uint16_t port = free_port();
	char gdb[64];
	const char *const argv[] = {"qemu-system-arm", "-M", "microbit", "-S", "-gdb", gdb, "-display", "none", "-monitor", "none",
				    "-serial", "null", "-kernel", image, NULL};
	struct bp_proc_options o = {.argv = argv, .in = BP_PROC_NULL, .out = BP_PROC_NULL, .err = BP_PROC_OURS};

	memset(&unit, 0, sizeof(unit));
	arena = bp_arena_new(ARENA_BYTES);
	if (!installed("qemu-system-arm")) {
		print_message("skipped: qemu-system-arm is not installed\n");
		return 0;
	}
	if (write_image())
		return -1;
	if (child) {
		qemu_unit(bp_arena_printf(arena, "{command: [qemu-system-arm, -M, microbit, -S, -gdb, stdio, -display, none, -monitor, none, "
						 "-serial, 'null', -kernel, %s], %s}", image, common));
		return 0;
	}
	snprintf(gdb, sizeof(gdb), "tcp:127.0.0.1:%u", port);
	if (bp_proc_start(&qemu, &o, &err))
		fail_msg("%s", err.text);
	qemu_unit(bp_arena_printf(arena, "{connect: '127.0.0.1:%u', %s}", port, common));
	return 0;
}

static int qemu_tcp_begin(void **state)
{
	(void)state;
	return qemu_begin(false);
}

static int qemu_pipe_begin(void **state)
{
	(void)state;
	return qemu_begin(true);
}

static int qemu_end(void **state)
{
	if (unit.self)
		unit.ops->close(unit.self);
	unit.self = NULL;
	bp_proc_stop(&qemu, 0);
	if (image[0])
		unlink(image);
	image[0] = '\0';
	return probe_end(state);
}

/* ---- the contract ------------------------------------------------------------------------- */

static void need_unit(void)
{
	if (!unit.self)
		skip();
}

static void contract(void **state)
{
	(void)state;
	need_unit();
	contract_debug_flash(&unit);
	contract_debug_observe(&unit);
	contract_debug_bad_address(&unit);
}

static void probe_contract(void **state)
{
	contract(state);
	contract_debug_halt(&unit);
	contract_debug_memory(&unit);
	contract_debug_breakpoint(&unit);
	contract_debug_watchpoint(&unit);
	contract_debug_reset(&unit);
}

static void detach_contract(void **state)
{
	(void)state;
	need_unit();
	contract_debug_detach(&unit);
	contract_debug_breakpoint(&unit);
}

static void power_contract(void **state)
{
	(void)state;
	need_unit();
	contract_debug_power(&unit);
	contract_debug_first_instruction(&unit);
	contract_debug_power(&unit);
}

/* A child that is started anew by attach() is a board that lost its power. */
static void pipe_attach(void **state)
{
	(void)state;
	need_unit();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(unit.ops->detach(unit.self, &err), 0);
		if (unit.ops->attach(unit.self, SOON, &err))
			fail_msg("%s", err.text);
		contract_debug_breakpoint(&unit);
	}
}

/* ---- trouble with OpenOCD ------------------------------------------------------------------- */

static struct bp_openocd *openocd(void)
{
	return unit.self;
}

static void works(void)
{
	uint32_t word;

	if (unit.ops->read_ram(unit.self, unit.ram, &word, 4, &err))
		fail_msg("%s", err.text);
}

static void cycles(void **state)
{
	const char *given = getenv("BP_CYCLES");
	unsigned n = given ? (unsigned)strtoul(given, NULL, 10) : 20, fds = 0;
	unsigned long ours = 0, theirs = 0;
	uint64_t slowest = 0;

	(void)state;
	need_unit();
	for (unsigned i = 0; i < n; i++) {
		uint64_t start;

		assert_int_equal(unit.ops->detach(unit.self, &err), 0);
		assert_int_equal(serve_switch(NULL, false), 0);
		assert_int_equal(serve_switch(NULL, true), 0);
		start = bp_clock_ns();
		if (unit.ops->attach(unit.self, SOON, &err))
			fail_msg("cycle %u: %s", i, err.text);
		slowest = bp_clock_ns() - start > slowest ? bp_clock_ns() - start : slowest;
		works();
		if (i == n / 5) { /* both have warmed up */
			fds = open_fds();
			ours = rss_kib(getpid());
			theirs = rss_kib(openocd()->child.proc.pid);
		}
	}
	assert_int_equal(open_fds(), fds);
	assert_int_equal(openocd()->starts, 1);
	print_message("%u cycles, slowest attach %.1f ms; rig %+ld KiB, OpenOCD %+ld KiB\n", n, (double)slowest / 1e6,
		      (long)(rss_kib(getpid()) - ours), (long)(rss_kib(openocd()->child.proc.pid) - theirs));
	assert_true(rss_kib(getpid()) <= ours + 256);
	assert_true(rss_kib(openocd()->child.proc.pid) <= theirs + 256);
}

/* It died: the next command finds it started anew, with its breakpoints. */
static void died(void **state)
{
	(void)state;
	need_unit();
	assert_int_equal(unit.ops->breakpoint(unit.self, unit.code, true, SOON, &err), 0);
	for (unsigned i = 1; i <= 3; i++) {
		kill(openocd()->child.proc.pid, SIGKILL);
		works();
		assert_int_equal(openocd()->starts, 1 + i);
	}
	assert_int_equal(serve_reset(NULL), 0);
	if (unit.ops->wait_halt(unit.self, NULL, SOON, &err))
		fail_msg("%s", err.text);
	assert_int_equal(unit.ops->breakpoint(unit.self, unit.code, false, SOON, &err), 0);
	contract_debug_breakpoint(&unit);
}

/* It died while the core stood halted: the new one, which never saw it run, has its registers all the same. */
static void died_halted(void **state)
{
	uint32_t before[17], after[17];

	(void)state;
	need_unit();
	assert_int_equal(unit.ops->halt(unit.self, SOON, &err), 0);
	assert_int_equal(unit.ops->wait_halt(unit.self, before, SOON, &err), 0);
	kill(openocd()->child.proc.pid, SIGKILL);
	works();
	if (unit.ops->wait_halt(unit.self, after, SOON, &err))
		fail_msg("%s", err.text);
	assert_memory_equal(after, before, sizeof(before));
	assert_int_equal(unit.ops->resume(unit.self, SOON, &err), 0);
}

/* It answers no more: given up within `answer`, and started anew. */
static void hung(void **state)
{
	uint64_t start = bp_clock_ns();
	uint32_t word;

	(void)state;
	need_unit();
	kill(openocd()->child.proc.pid, SIGSTOP);
	assert_int_equal(unit.ops->wait_halt(unit.self, NULL, bp_deadline_in(50 * BP_NS_PER_MS), &err), BP_ETIMEOUT);
	assert_int_equal(openocd()->starts, 1); /* a short deadline proves nothing yet */
	assert_int_equal(unit.ops->read_ram(unit.self, unit.ram, &word, 4, &err), BP_ETIMEOUT);
	assert_non_null(strstr(err.text, "board served: OpenOCD hung"));
	assert_in_range(bp_clock_ns() - start, BP_NS_PER_S, 4 * BP_NS_PER_S);
	assert_int_equal(openocd()->starts, 2);
	works();
	assert_int_equal(openocd()->starts, 2);
	contract_debug_breakpoint(&unit);
}

/* The probe is unplugged: a clear text, in time, every time; nothing is left running. */
static void unplugged(void **state)
{
	uint64_t start;
	uint32_t word;

	(void)state;
	need_unit();
	kill(serve.pid, SIGKILL);
	assert_int_equal(bp_proc_wait(&serve, SOON, &err), 0);
	start = bp_clock_ns();
	assert_int_equal(unit.ops->read_ram(unit.self, unit.ram, &word, 4, &err), BP_EIO);
	assert_non_null(strstr(err.text, "board served"));
	assert_int_equal(unit.ops->detach(unit.self, &err), 0);
	assert_int_equal(unit.ops->attach(unit.self, bp_deadline_in(BP_NS_PER_S), &err), BP_EIO);
	assert_non_null(strstr(err.text, "board served: OpenOCD did not come up"));
	assert_non_null(strstr(err.text, "is the probe plugged in"));
	print_message("%s\n", err.text);
	assert_int_equal(unit.ops->read_ram(unit.self, unit.ram, &word, 4, &err), BP_EPOWER);
	assert_in_range(bp_clock_ns() - start, 0, 8 * BP_NS_PER_S);
}

/* An OpenOCD that somebody else started. */
static void elsewhere(void **state)
{
	uint16_t port = free_port();
	char tcl[32], config[128];
	const char *const argv[] = {"openocd", "-c", tcl, "-f", config, NULL};
	struct bp_proc_options o = {.argv = argv, .in = BP_PROC_NULL, .out = BP_PROC_NULL, .err = BP_PROC_NULL};
	struct bp_proc other;

	(void)state;
	need_unit();
	unit.ops->close(unit.self);
	unit.self = NULL;
	snprintf(tcl, sizeof(tcl), "tcl_port %u", port);
	snprintf(config, sizeof(config), "%s/openocd-stlink.cfg", serve_dir);
	if (bp_proc_start(&other, &o, &err))
		fail_msg("%s", err.text);
	served_unit(bp_arena_printf(arena, "{attach: '127.0.0.1:%u', core: vb.cpu, flash: nrf, page: 1 KiB, start: 2 s}", port));
	contract_debug_memory(&unit);
	contract_debug_breakpoint(&unit);
	contract_debug_power(&unit);
	bp_proc_stop(&other, 0);
	assert_int_equal(unit.ops->halt(unit.self, bp_deadline_in(BP_NS_PER_S), &err), BP_EIO);
	assert_non_null(strstr(err.text, "board served: OpenOCD at 127.0.0.1:"));
}

/*
 * OpenOCD's own loader, as far as that goes without a flash chip: its `faux` bank
 * takes everything and writes it nowhere, which the driver must notice.
 */
static void loader(void **state)
{
	uint8_t held[512];

	(void)state;
	need_unit();
	unit.ops->close(unit.self);
	unit.self = NULL;
	served_unit(bp_arena_printf(arena, "{config: ['source %s/openocd-stlink.cfg', 'flash bank vb.faux faux 0 0x10000 0 0 vb.cpu']}", serve_dir));
	assert_int_equal(unit.ops->read(unit.self, 0xf800, held, sizeof(held), &err), 0);
	if (unit.ops->program(unit.self, 0xf800, held, sizeof(held), SOON, &err))
		fail_msg("%s", err.text);
	held[7] ^= 1;
	assert_int_equal(unit.ops->program(unit.self, 0xf800, held, sizeof(held), SOON, &err), BP_EIO);
	assert_non_null(strstr(err.text, "board served: flash at 0x0000f800 does not hold what was programmed"));
	assert_int_equal(unit.ops->program(unit.self, 0x18000, held, sizeof(held), SOON, &err), BP_EIO); /* no bank there */
	assert_non_null(strstr(err.text, "does OpenOCD know this flash bank"));
	works();
}

static void buspirate(void **state)
{
	(void)state;
	need_unit();
	unit.ops->close(unit.self);
	unit.self = NULL;
	served_unit(bp_arena_printf(arena, "{target: %s/openocd-buspirate.cfg, flash: nrf, page: 1 KiB}", serve_dir));
	contract_debug_memory(&unit);
	contract_debug_breakpoint(&unit);
	contract_debug_power(&unit);
	contract_debug_first_instruction(&unit);
}

/* ---- configuration ------------------------------------------------------------------------------ */

struct config_row {
	const char *name, *driver, *yaml, *says;
};

static const struct config_row config_rows[] = {
	{"no probe", "openocd", "{}", "which probe?"},
	{"own and other", "openocd", "{attach: '127.0.0.1:1', target: x.cfg}", "'target' is for an OpenOCD of our own"},
	{"no address", "openocd", "{attach: nowhere}", "'nowhere' is no address; expected host:port"},
	{"port too large", "openocd", "{attach: 'h:65536'}", "is no address"},
	{"core with Tcl in it", "openocd", "{config: [], core: 'a[exit]'}", "'core' is no name of an OpenOCD target"},
	{"unknown key", "openocd", "{config: [], adapter: x}", "adapter"},
	{"answer without unit", "openocd", "{config: [], answer: 5}", "answer"},
	{"nrf without page", "openocd", "{config: [], flash: nrf}", "page"},
	{"config is no list", "openocd", "{config: x}", "list"},
	{"no such program", "openocd", "{config: [], binary: /no/such/openocd}", "/no/such/openocd"},
	{"a program that ends", "openocd", "{config: [], binary: 'true'}", "board b: OpenOCD did not come up"},
	{"a program that says nothing", "openocd", "{config: [], binary: /usr/bin/yes, start: 100 ms}", "board b: OpenOCD did not come up"},
	{"nobody there", "openocd", "{attach: '127.0.0.1:1', start: 100 ms}", "board b: OpenOCD at 127.0.0.1:1"},
	{"no server", "gdb", "{}", "which gdb server?"},
	{"two servers", "gdb", "{connect: 'h:1', command: [x]}", "which gdb server?"},
	{"no address", "gdb", "{connect: h}", "'h' is no address"},
	{"empty command", "gdb", "{command: []}", "expected a program"},
	{"nobody there", "gdb", "{connect: '127.0.0.1:1', answer: 100 ms}", "board b: gdb server"},
	{"no such program", "gdb", "{command: [/no/such/server]}", "/no/such/server"},
	{"a program that ends", "gdb", "{command: ['false']}", "board b: gdb server"},
	{"a program that echoes", "gdb", "{command: [cat], answer: 200 ms}", "board b: gdb server"},
};

static void configuration(void **state)
{
	void *self;

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	for (size_t i = 0; i < sizeof(config_rows) / sizeof(config_rows[0]); i++) {
		const struct config_row *row = &config_rows[i];
		unsigned fds = open_fds();
		int rc = open_driver(row->driver, "b", row->yaml, &self);

		if (rc >= 0 || !strstr(err.text, row->says))
			fail_msg("%s, %s: %d: %s; expected '%s'", row->driver, row->name, rc, err.text, row->says);
		if (open_fds() != fds)
			fail_msg("%s, %s: descriptors leak", row->driver, row->name);
		no_children();
	}
	bp_arena_free(arena);
	arena = NULL;
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, served_begin, probe_end)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(configuration),
	{"contract: virtual", contract, virtual_begin, tiny_end, NULL},
	{"contract: openocd, ST-LINK", probe_contract, served_begin, probe_end, NULL},
	{"detach: openocd, ST-LINK", detach_contract, served_begin, probe_end, NULL},
	{"power: openocd, ST-LINK", power_contract, served_begin, probe_end, NULL},
	{"openocd, Bus Pirate", buspirate, served_begin, probe_end, NULL},
	{"openocd, its own loader", loader, served_begin, probe_end, NULL},
	{"openocd elsewhere", elsewhere, served_begin, probe_end, NULL},
	{"contract: gdb, TCP", probe_contract, qemu_tcp_begin, qemu_end, NULL},
	{"detach: gdb, TCP", detach_contract, qemu_tcp_begin, qemu_end, NULL},
	{"contract: gdb, child", probe_contract, qemu_pipe_begin, qemu_end, NULL},
	{"attach: gdb, child", pipe_attach, qemu_pipe_begin, qemu_end, NULL},
	SERVED(cycles),
	SERVED(died),
	SERVED(died_halted),
	SERVED(hung),
	SERVED(unplugged),
};

int main(int argc, char **argv)
{
	if (argc > 1) /* one test, or a pattern */
		cmocka_set_test_filter(argv[1]);
	if (tiny_catch())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
