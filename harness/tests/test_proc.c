/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes and the clock: what they say, how they end, that none stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

#define MS BP_NS_PER_MS
#define SH(script) {"/bin/sh", "-c", script, NULL}

/* ---- run: one row a program ---- */

static const struct {
	const char *name, *argv[4], *in;
	int rc;
	const char *out;        /* what it wrote to stdout, or what the error says */
} runs[] = {
	{"nothing", SH("exit 0"), NULL, 0, ""},
	{"a status", SH("exit 3"), NULL, 3, ""},
	{"output", SH("echo hello; echo no >&2"), NULL, 0, "hello\n"},
	{"input", SH("read a; echo got $a"), "line\n", 0, "got line\n"},
	{"no input: end of file at once", SH("cat"), NULL, 0, ""},
	{"it does not read its input", SH("exec <&-; echo done"), "unread", 0, "done\n"},
	{"found in PATH", {"true", NULL}, NULL, 0, ""},
	{"not there", {"/no/such/program", NULL}, NULL, BP_EIO,
	 "/no/such/program: cannot be run: No such file or directory (install it, or give its path)"},
	{"not in PATH", {"no-such-program", NULL}, NULL, BP_EIO, "no-such-program: cannot be run: No such file"},
	{"no program", {"/etc/passwd", NULL}, NULL, BP_EIO, "/etc/passwd: cannot be run: Permission denied"},
	{"a signal", SH("kill -9 $$"), NULL, BP_EIO, "/bin/sh: killed by signal 9 (Killed)"},
	{"a signal, and words", SH("echo the relay is stuck >&2; kill -15 $$"), NULL, BP_EIO,
	 "killed by signal 15 (Terminated); it said 'the relay is stuck'"},
	{"too long, and words", SH("echo waiting >&2; sleep 100"), NULL, BP_ETIMEOUT, "takes too long; it said 'waiting'"},
	{"stopped signals are not inherited", SH("kill -13 $$"), NULL, BP_EIO, "killed by signal 13"},
};

static void run(void **state)
{
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		char out[256] = "";
		struct bp_proc_io io = {.in = runs[i].in, .in_len = runs[i].in ? strlen(runs[i].in) : 0, .out = out, .out_cap = sizeof(out)};
		uint64_t limit_ns = runs[i].rc == BP_ETIMEOUT ? 150 * MS : 5000 * MS;
		struct bp_err err = {0};
		int rc = bp_proc_run(runs[i].argv, &io, bp_deadline_in(limit_ns), &err);

		if (rc != runs[i].rc || !strstr(rc < 0 ? err.text : out, runs[i].out))
			fail_msg("%s: %d, out '%s', error '%s'", runs[i].name, rc, out, rc < 0 ? err.text : "");
	}
	signal(SIGPIPE, old);
	/* Every child was reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void much_both_ways(void **state)
{
	static const char *const argv[] = {"cat", NULL};
	static char in[300000], out[300001];
	struct bp_proc_io io = {.in = in, .in_len = sizeof(in), .out = out, .out_cap = sizeof(out)};
	struct bp_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)('a' + i % 23);
	assert_int_equal(bp_proc_run(argv, &io, bp_deadline_in(5000 * MS), &err), 0);
	assert_int_equal(io.out_len, sizeof(in));
	assert_false(io.out_cut);
	assert_memory_equal(in, out, sizeof(in));
}

/* One that never stops talking is cut, and stopped in time. */
static void babble(void **state)
{
	static const char *const argv[] = {"yes", NULL};
	uint64_t began = bp_clock_ns();
	struct bp_err err;
	char out[16];
	struct bp_proc_io io = {.out = out, .out_cap = sizeof(out)};

	(void)state;
	assert_int_equal(bp_proc_run(argv, &io, bp_deadline_in(100 * MS), &err), BP_ETIMEOUT);
	assert_true(io.out_cut);
	assert_int_equal(io.out_len, sizeof(out) - 1);
	assert_string_equal(out, "y\ny\ny\ny\ny\ny\ny\ny");
	assert_true(bp_clock_ns() - began < 2000 * MS);
}

/* ---- start and stop ---- */

static void start(struct bp_proc *p, const char *script)
{
	const char *const argv[] = SH(script);
	const struct bp_proc_options o = {.argv = argv, .in = BP_PROC_PIPE, .out = BP_PROC_PIPE, .err = BP_PROC_OUT};
	struct bp_err err;

	if (bp_proc_start(p, &o, &err))
		fail_msg("%s", err.text);
}

/* A line, without its end. */
static void read_line(struct bp_proc *p, char *out, size_t cap)
{
	uint64_t deadline_ns = bp_deadline_in(5000 * MS);
	size_t n = 0;

	while (n + 1 < cap && bp_clock_poll_fd(p->out, POLLIN, deadline_ns) > 0 && read(p->out, out + n, 1) == 1 && out[n] != '\n')
		n++;
	out[n] = '\0';
}

static void stopping(void **state)
{
	static const struct {
		const char *name, *script;
		uint64_t grace_ns;
		const char *how;
	} rows[] = {
		{"asked", "echo; exec sleep 100", 2000 * MS, "killed by signal 15 (Terminated)"},
		{"tidies up", "trap 'exit 7' TERM; echo; while :; do sleep 0.01; done", 2000 * MS, "exit status 7"},
		{"deaf", "trap '' TERM; echo; while :; do sleep 0.01; done", 100 * MS, "killed by signal 9 (Killed)"},
		{"at once", "echo; exec sleep 100", 0, "killed by signal 9 (Killed)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_proc p;
		char how[64], line[8];

		start(&p, rows[i].script);
		read_line(&p, line, sizeof(line));
		assert_int_equal(bp_proc_ended(&p), 0);
		assert_string_equal(bp_proc_how(&p, how, sizeof(how)), "still running");
		bp_proc_stop(&p, rows[i].grace_ns);
		if (strcmp(bp_proc_how(&p, how, sizeof(how)), rows[i].how) != 0)
			fail_msg("%s: %s", rows[i].name, how);
		assert_true(p.in == -1 && p.out == -1 && p.pidfd == -1);
		bp_proc_stop(&p, 0);
	}
}

static bool gone(pid_t pid)
{
	uint64_t deadline_ns = bp_deadline_in(3000 * MS);
	char path[64], stat[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (!bp_deadline_passed(deadline_ns)) {
		FILE *f = fopen(path, "re");
		bool zombie;

		if (!f)
			return true;
		zombie = fgets(stat, sizeof(stat), f) && strstr(stat, ") Z ");
		fclose(f);
		if (zombie) /* it is init's to reap */
			return true;
		usleep(2000);
	}
	return false;
}

/* Its own children go with it, whether it is stopped or ends by itself. */
static void the_whole_group(void **state)
{
	static const char *const scripts[] = {"sleep 100 & echo $!; wait", "sleep 100 & echo $!; exit 0"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bp_proc p;
		char line[32];

		start(&p, scripts[i]);
		read_line(&p, line, sizeof(line));
		assert_true(atoi(line) > 1);
		if (i)
			assert_int_equal(bp_proc_wait(&p, bp_deadline_in(5000 * MS), NULL), 0);
		bp_proc_stop(&p, 0);
		assert_true(gone(atoi(line)));
	}
}

/* The kernel ends the child of a parent that was killed. */
static void parent_killed(void **state)
{
	int pipe_fd[2];
	pid_t child = 0, parent;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	parent = fork();
	if (!parent) {
		struct bp_proc p;

		start(&p, "exec sleep 100");
		if (write(pipe_fd[1], &p.pid, sizeof(p.pid)) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(pipe_fd[0], &child, sizeof(child)), sizeof(child));
	waitpid(parent, NULL, 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	assert_true(child > 1);
	assert_true(gone(child));
}

/* What we have open, with or without close-on-exec, the child has not. */
static void only_three_descriptors(void **state)
{
	static const char *const argv[] = SH("ls /proc/self/fd | wc -l");
	int loose = dup(0), far = fcntl(0, F_DUPFD, 100);
	char out[32];
	struct bp_proc_io io = {.out = out, .out_cap = sizeof(out)};
	struct bp_err err;

	(void)state;
	assert_int_equal(bp_proc_run(argv, &io, bp_deadline_in(5000 * MS), &err), 0);
	assert_int_equal(atoi(out), 4); /* and the folder that ls reads */
	close(loose);
	close(far);
}

static void options(void **state)
{
	static const char *const argv[] = SH("pwd; echo $BP_TEST; echo no >&2"), *const env[] = {"BP_TEST=word", NULL};
	const struct bp_proc_options o = {.argv = argv, .env = env, .dir = "/usr", .in = BP_PROC_NULL, .out = BP_PROC_PIPE,
					  .err = BP_PROC_OUT};
	struct bp_proc_options nowhere = o;
	char out[64];
	struct bp_proc_io io = {.out = out, .out_cap = sizeof(out)};
	struct bp_err err;
	struct bp_proc p;

	(void)state;
	assert_int_equal(bp_proc_start(&p, &o, &err), 0);
	assert_int_equal(bp_proc_talk(&p, &io, bp_deadline_in(5000 * MS), &err), 0);
	bp_proc_stop(&p, 0);
	assert_string_equal(out, "/usr\nword\nno\n");
	nowhere.dir = "/no/such/folder";
	assert_int_equal(bp_proc_start(&p, &nowhere, &err), BP_EIO);
	assert_string_equal(err.text, "/bin/sh: cannot be run: No such file or directory");
}

/* The standard descriptors in the wrong order, as a program has them that was started without any. */
static void crossed_descriptors(void **state)
{
	static const char *const argv[] = SH("cat; echo err >&2");
	struct bp_proc_options o = {.argv = argv};
	int in[2], out[2], err_fd[2], n;
	char got[16];
	struct bp_err err;
	struct bp_proc p;

	(void)state;
	assert_int_equal(pipe(in) | pipe(out) | pipe(err_fd), 0);
	o.in = fcntl(in[0], F_DUPFD, 3);
	o.out = fcntl(out[1], F_DUPFD, 3);
	o.err = fcntl(err_fd[1], F_DUPFD, 3);
	assert_int_equal(bp_proc_start(&p, &o, &err), 0);
	assert_int_equal(write(in[1], "x", 1), 1);
	close(in[1]);
	assert_int_equal(bp_proc_wait(&p, bp_deadline_in(5000 * MS), &err), 0);
	n = (int)read(out[0], got, sizeof(got));
	assert_int_equal(n, 1);
	assert_int_equal(got[0], 'x');
	n = (int)read(err_fd[0], got, sizeof(got));
	assert_int_equal(n, 4);
	bp_proc_stop(&p, 0);
	for (int fd = 3; fd < 32; fd++)
		if (fd == in[0] || fd == out[0] || fd == out[1] || fd == err_fd[0] || fd == err_fd[1] || fd == o.in || fd == o.out ||
		    fd == o.err)
			close(fd);
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void nothing_leaks(void **state)
{
	static const char *const good[] = {"true", NULL}, *const bad[] = {"/no/such", NULL};
	struct bp_proc_io io = {.out = NULL};
	unsigned before = open_fds();
	struct bp_proc never = {0};
	struct bp_err err;

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		bp_proc_run(good, &io, bp_deadline_in(5000 * MS), &err);
		bp_proc_run(bad, &io, bp_deadline_in(5000 * MS), &err);
	}
	bp_proc_stop(&never, 0);
	assert_int_equal(open_fds(), before);
}

/* ---- the clock ---- */

static void deadlines(void **state)
{
	uint64_t now = bp_clock_ns(), soon = bp_deadline_in(30 * MS);
	int fds[2];

	(void)state;
	assert_true(bp_clock_ns() >= now);
	assert_true(bp_deadline_in(BP_NEVER) == BP_NEVER);
	assert_false(bp_deadline_passed(BP_NEVER));
	assert_true(bp_deadline_passed(now));
	assert_int_equal(bp_deadline_poll_ms(BP_NEVER), -1);
	assert_int_equal(bp_deadline_poll_ms(now), 0);
	assert_true(bp_deadline_poll_ms(bp_deadline_in(MS / 2)) <= 1);
	assert_int_equal(bp_deadline_poll_ms(BP_NEVER - 1), INT32_MAX);
	assert_true(bp_deadline_left(10, 3) == 7 && bp_deadline_left(3, 10) == 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(bp_clock_poll_fd(fds[0], POLLIN, soon), 0);
	assert_true(bp_clock_ns() >= soon);
	assert_int_equal(bp_clock_poll_fd(fds[1], POLLOUT, soon), POLLOUT);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(bp_clock_timespec(1500000001).tv_sec, 1);
	assert_int_equal(bp_clock_timespec(1500000001).tv_nsec, 500000001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run), cmocka_unit_test(much_both_ways), cmocka_unit_test(babble), cmocka_unit_test(stopping),
		cmocka_unit_test(the_whole_group), cmocka_unit_test(parent_killed), cmocka_unit_test(only_three_descriptors),
		cmocka_unit_test(options), cmocka_unit_test(crossed_descriptors), cmocka_unit_test(nothing_leaks),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
