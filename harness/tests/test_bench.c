/* SPDX-License-Identifier: Apache-2.0 */
/* Bench files: the examples, and each message; the locks of boards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/lock.h"

#define MS UINT64_C(1000000)
#define PC "power: {driver: exec}, console: {driver: serial}"
#define BOARD(more) "bench: b\nboards:\n- {name: x, product: small, " PC more "}\n"

static struct bp_arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new((size_t)16 << 20);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static struct bp_bench *parse(const char *text)
{
	struct bp_bench *b = NULL;
	struct bp_err err;

	if (bp_bench_parse(arena, "b.yaml", text, strlen(text), &b, &err))
		fail_msg("%s", err.text);
	return b;
}

/* ---- what a good file gives ---- */

static void least(void **state)
{
	const struct bp_bench *b = parse(BOARD(""));
	const struct bp_bench_board *x = &b->board[0];

	(void)state;
	assert_string_equal(b->name, "b");
	assert_string_equal(b->path, "b.yaml");
	assert_int_equal(b->n_boards, 1);
	assert_string_equal(x->name, "x");
	assert_string_equal(x->product, "small");
	assert_string_equal(x->power->name, "exec");
	assert_string_equal(x->console->name, "serial");
	assert_true(!x->debug && !x->debug_config && !x->over && !x->link_config);
	assert_string_equal(x->link->name, "smp");
	assert_false(x->calibration.known);
	assert_int_equal(x->erases_per_night, 0);
	assert_false(x->safe_on);
}

static void everything(void **state)
{
	const struct bp_bench *b = parse(BOARD(
		", debug: {driver: gdb}, link: {driver: smp, over: {driver: tcp, address: 'h:1'}}, safe: on, erases-per-night: 7,"
		" calibration: {dead: 1.8 ms, jitter: 200 us, first-byte: 12 ms, cuts: 50, measured: 2026-05-02}"));
	const struct bp_bench_board *x = &b->board[0];

	(void)state;
	assert_string_equal(x->debug->name, "gdb");
	assert_string_equal(x->over->name, "tcp");
	assert_non_null(bp_map_get(x->over_config, "address"));
	assert_true(x->safe_on && x->calibration.known);
	assert_int_equal(x->erases_per_night, 7);
	assert_true(x->calibration.dead_ns == 1800000 && x->calibration.jitter_ns == 200000);
	assert_true(x->calibration.first_byte_ns == 12 * MS && x->calibration.cuts == 50);
	assert_string_equal(x->calibration.measured, "2026-05-02");
	b = parse(BOARD(", debug: {driver: gdb}, detached: 10%"));
	assert_int_equal(b->board[0].detached_percent, 10);
	b = parse(BOARD(", provision: {command: [x]}")); /* its keys are checked on opening */
	assert_non_null(bp_map_get(b->board[0].provision_config, "command"));
	b = parse(BOARD(", debug: {driver: openocd}, link: {driver: debug}"));
	assert_string_equal(b->board[0].link->name, "debug");
	b = parse(BOARD(", link: {driver: exec, send: [x]}")); /* its other keys are its own to check */
	assert_string_equal(b->board[0].link->name, "exec");
}

static void finding(void **state)
{
	const struct bp_bench *b = parse("bench: b\nboards:\n- {name: left, product: p, " PC "}\n- {name: right, product: p, " PC "}\n");
	const struct bp_bench_board *found = NULL;
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_bench_find(b, "right", &found, &err), 0);
	assert_ptr_equal(found, &b->board[1]);
	assert_int_equal(bp_bench_find(b, "rigth", &found, &err), BP_EUSAGE);
	assert_string_equal(err.text, "bench b has no board 'rigth'; did you mean 'right'?");
	assert_int_equal(bp_bench_find(b, "quite-another", &found, &err), BP_EUSAGE);
	assert_string_equal(err.text, "bench b has no board 'quite-another'; b.yaml has 2, from 'left' on");
}

/* ---- each message ---- */

static const struct {
	const char *text, *message;
} bad[] = {
	{"[]\n", "b.yaml:1:1: error: "},
	{"bench: b\n", "missing 'boards'"},
	{"boards: []\n", "missing 'bench'"},
	{"bench: b\nboards: []\n", "b.yaml:2:9: error: 0 boards; expected 1 to 64"},
	{"bench: b\nboards: {}\n", "b.yaml:2:9: error: "},
	{"bench: B\nboards: [x]\n", "b.yaml:1:8: error: 'B' is no name; expected 1 to 63 small letters, digits, '-' or '_'"},
	{"bench: ../b\nboards: [x]\n", "'../b' is no name"},
	{"bench: b\nboards: [x]\n", "b.yaml:2:10: error: "},
	{"bench: b\nboards:\n- {product: small, " PC "}\n", "missing 'name'"},
	{"bench: b\nboards:\n- {name: x, " PC "}\n", "missing 'product'"},
	{"bench: b\nboards:\n- {name: x, product: '', " PC "}\n", "'product' is empty"},
	{"bench: b\nboards:\n- {name: x, product: p, console: {driver: tcp}}\n", "missing 'power'"},
	{"bench: b\nboards:\n- {name: x, product: p, power: {driver: exec}}\n", "missing 'console'"},
	{"bench: b\nboards:\n- {name: x, product: p, power: exec, console: {driver: tcp}}\n", "b.yaml:3:32: error: "},
	{"bench: b\nboards:\n- {name: x, product: p, power: {on: 1}, console: {driver: tcp}}\n", "missing 'driver'"},
	{"bench: b\nboards:\n- {name: x, product: p, power: {driver: relay}, console: {driver: tcp}}\n", "expected 'exec', 'socket', 'ftdi', 'gpio'"},
	{"bench: b\nboards:\n- {name: x, product: p, power: {driver: exec}, console: {driver: virtual}}\n", "expected 'serial', 'tcp' or 'rfc2217'"},
	{BOARD(", colour: red"), "colour"},
	{BOARD(", calibrated: {dead: 1 ms, jitter: 1 ms}"), "'calibration'"},
	{BOARD(", debug: {driver: jlink}"), "openocd"},
	{BOARD(", link: {driver: smp, over: serial}"), "console"},
	{BOARD(", link: {driver: smp, over: {address: 'x:1'}}"), "missing 'driver'"},
	{BOARD(", link: {driver: smp, under: console}"), "under"},
	{BOARD(", link: {driver: carrier-pigeon}"), "expected 'smp', 'debug' or 'exec'"},
	{BOARD(", debug: {driver: gdb}, detached: 10%, link: {driver: debug}"), "cannot be done with the probe detached"},
	{BOARD(", link: {driver: exec, over: serial}"), "console"},
	{BOARD(", link: {driver: debug}"), "an update through the debug port needs one"},
	{BOARD(", debug: {driver: gdb}, provision: {command: [x]}"), "b.yaml:3:112: error: a board with a debug port is provisioned through it"},
	{BOARD(", provision: flash.sh"), "expected a map"},
	{BOARD(", detached: 10%"), "b.yaml:3:89: error: a board without a probe has none to detach"},
	{BOARD(", debug: {driver: gdb}, detached: 10"), "'detached' is '10'"},
	{BOARD(", debug: {driver: gdb}, detached: 101%"), "'detached' is "},
	{BOARD(", calibration: {jitter: 1 ms}"), "missing 'dead'"},
	{BOARD(", calibration: {dead: 1 ms}"), "missing 'jitter'"},
	{BOARD(", calibration: {dead: 1, jitter: 1 ms}"), "'dead' is '1'"},
	{BOARD(", calibration: {dead: 11 s, jitter: 1 ms}"), "dead"},
	{BOARD(", calibration: {dead: 1 ms, jitter: 1 ms, mean: 1 ms}"), "mean"},
	{BOARD(", safe: maybe"), "safe"},
	{BOARD(", erases-per-night: 0"), "'erases-per-night' is 0"},
	{"bench: b\nboards:\n- {name: x, product: p, " PC "}\n- {name: x, product: p, " PC "}\n",
	 "b.yaml:4:10: error: a board 'x' stands in line 3 already; expected another name"},
	{BOARD("") "bank: 3\n", "bank"},
};

static void messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bp_bench *b = NULL;
		struct bp_err err = {0};
		int rc = bp_bench_parse(arena, "b.yaml", bad[i].text, strlen(bad[i].text), &b, &err);

		if (rc != BP_ECONFIG || b || !strstr(err.text, bad[i].message))
			fail_msg("%s: %d: %s", bad[i].text, rc, err.text);
	}
}

static void no_file(void **state)
{
	struct bp_bench *b = NULL;
	struct bp_err err;

	(void)state;
	assert_true(bp_bench_read(arena, "/no/such/bench.yaml", &b, &err) < 0);
	assert_non_null(strstr(err.text, "/no/such/bench.yaml"));
}

/* ---- the examples ---- */

static void examples(void **state)
{
	static const struct {
		const char *name;
		unsigned boards;
	} rows[] = {{"nrf52-dk", 1}, {"eight-boards", 8}, {"brown-out", 1}, {"remote", 2}, {"served", 1}, {"no-probe", 1}, {"other-links", 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_bench *b = NULL;
		char path[96];
		struct bp_err err;

		snprintf(path, sizeof(path), "fixtures/benches/%s.yaml", rows[i].name);
		if (bp_bench_read(arena, path, &b, &err))
			fail_msg("%s", err.text);
		assert_int_equal(b->n_boards, rows[i].boards);
	}
}

/* ---- locks ---- */

static char run_dir[64];

static int lock_setup(void **state)
{
	(void)state;
	snprintf(run_dir, sizeof(run_dir), "/tmp/bp-lock-XXXXXX");
	if (!mkdtemp(run_dir))
		return -1;
	return setenv("XDG_RUNTIME_DIR", run_dir, 1);
}

static int lock_teardown(void **state)
{
	char path[128];

	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	snprintf(path, sizeof(path), "%s/brickproof/desk.x.lock", run_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/brickproof/desk.y.lock", run_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/brickproof", run_dir);
	if (rmdir(path))
		unlink(path);
	return rmdir(run_dir);
}

static void one_holder(void **state)
{
	struct bp_lock first, second, other;
	char pid[32];
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_lock_take(&first, "desk", "x", "run power-cycles\x1b[2J", &err), 0);
	assert_int_equal(bp_lock_take(&other, "desk", "y", "run", &err), 0);
	assert_int_equal(bp_lock_take(&second, "desk", "x", "bench check", &err), BP_EIO);
	snprintf(pid, sizeof(pid), ", pid %d, since 2", (int)getpid());
	assert_non_null(strstr(err.text, "board x is in use by '"));
	assert_non_null(strstr(err.text, pid));
	assert_non_null(strstr(err.text, ": run power-cycles\\x1b[2J': wait for it, or end it"));
	bp_lock_drop(&second);
	bp_lock_drop(&first);
	assert_int_equal(bp_lock_take(&second, "desk", "x", "bench check", &err), 0);
	bp_lock_drop(&second);
	bp_lock_drop(&second);
	bp_lock_drop(&other);
}

/* A holder that is killed holds nothing. */
static void holder_killed(void **state)
{
	struct bp_lock l;
	struct bp_err err;
	int ready[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		if (bp_lock_take(&l, "desk", "x", "a child", &err) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(bp_lock_take(&l, "desk", "x", "the parent", &err), BP_EIO);
	assert_non_null(strstr(err.text, "a child"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(bp_lock_take(&l, "desk", "x", "the parent", &err), 0);
	bp_lock_drop(&l);
	close(ready[0]);
	close(ready[1]);
}

static void bad_folders(void **state)
{
	char path[128];
	struct bp_lock l;
	struct bp_err err;

	(void)state;
	snprintf(path, sizeof(path), "%s/brickproof", run_dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(bp_lock_take(&l, "desk", "x", "run", &err), BP_EIO);
	assert_non_null(strstr(err.text, "belongs to somebody else or is writable for others: remove it"));
	assert_int_equal(l.fd, -1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(bp_lock_take(&l, "desk", "x", "run", &err), BP_EIO);
	assert_non_null(strstr(err.text, "cannot be opened"));
	setenv("XDG_RUNTIME_DIR", "/no/such/folder", 1);
	assert_int_equal(bp_lock_take(&l, "desk", "x", "run", &err), BP_EIO);
	assert_non_null(strstr(err.text, "/no/such/folder/brickproof"));
	assert_non_null(strstr(err.text, "XDG_RUNTIME_DIR chooses it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(least, setup, teardown),
		cmocka_unit_test_setup_teardown(everything, setup, teardown),
		cmocka_unit_test_setup_teardown(finding, setup, teardown),
		cmocka_unit_test_setup_teardown(messages, setup, teardown),
		cmocka_unit_test_setup_teardown(no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(examples, setup, teardown),
		cmocka_unit_test_setup_teardown(one_holder, lock_setup, lock_teardown),
		cmocka_unit_test_setup_teardown(holder_killed, lock_setup, lock_teardown),
		cmocka_unit_test_setup_teardown(bad_folders, lock_setup, lock_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
