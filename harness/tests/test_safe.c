/* SPDX-License-Identifier: Apache-2.0 */
/* The guardian: whatever becomes of the program, its switches go to safe. The drivers' own part is in test_power.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/safe.h"
#include "bench/safe_node.h"
#include "tests/contract_power.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct contract_rig rig;

/* A relay that is a file: "0" or "1", and a line in `log` for each command. */
static int begin(void **state)
{
	char path[100];
	FILE *f;

	(void)state;
	contract_rig_begin(&rig);
	snprintf(path, sizeof(path), "%s/relay", rig.folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\ncd %s\necho $1 $2 >>log\n[ -e wedged-$1-$2 ] && sleep 30\nprintf %%s $2 >new-$1\nmv new-$1 state-$1\n", rig.folder);
	assert_int_equal(fchmod(fileno(f), 0755), 0);
	return fclose(f);
}

static int end(void **state)
{
	(void)state;
	contract_rig_end(&rig);
	return 0;
}

static char *read_text(const char *name, char *out, size_t cap)
{
	char path[100];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
	f = fopen(path, "r");
	if (f) {
		n = fread(out, 1, cap - 1, f);
		fclose(f);
	}
	out[n] = '\0';
	return out;
}

static bool sees(const char *relay, const char *want, int ms)
{
	char name[32], text[8];

	snprintf(name, sizeof(name), "state-%s", relay);
	for (; strcmp(read_text(name, text, sizeof(text)), want); ms -= 10) {
		if (ms <= 0)
			return false;
		poll(NULL, 0, 10);
	}
	return true;
}

/* Open relay `name` and switch it on. In children too: no assertions. */
static int switch_on(const char *name, struct bp_power *p)
{
	struct bp_err err;

	snprintf(rig.yaml, sizeof(rig.yaml), "on: [%s/relay, %s, \"1\"]\noff: [%s/relay, %s, \"0\"]\n", rig.folder, name, rig.folder, name);
	if (contract_open(&rig, "exec", p, &err) || p->ops->on(p->self, &err)) {
		dprintf(2, "%s\n", err.text);
		return -1;
	}
	return 0;
}

/* ---- the ways to end ---------------------------------------------------------------------- */

static void end_by_exit(void)
{
	exit(0);
}

static void end_by_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void end_by_crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void end_by_term(void)
{
	raise(SIGTERM);
}

static void end_by_kill(void)
{
	raise(SIGKILL);
}

/* As a terminal that is closed, or Ctrl-C: the guardian's group is another one. */
static void end_by_group(void)
{
	setpgid(0, 0);
	kill(0, SIGKILL);
}

static const struct {
	const char *name;
	void (*end)(void);
} ends[] = {
	{"exit() without closing", end_by_exit}, {"abort()", end_by_abort}, {"crash", end_by_crash}, {"SIGTERM", end_by_term},
	{"SIGKILL", end_by_kill}, {"SIGKILL to its whole group", end_by_group},
};

static void every_end_is_safe(void **state)
{
	const struct rlimit none = {0, 0};
	struct bp_power p;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		pid_t pid = fork();

		if (!pid) {
			setrlimit(RLIMIT_CORE, &none);
			if (!switch_on("a", &p))
				ends[i].end();
			_exit(9);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		print_message("%s\n", ends[i].name);
		assert_true(sees("a", "0", 2500));
	}
}

/* One relay whose command hangs does not keep another from being switched off, nor the guardian alive. */
static void a_wedged_switch(void **state)
{
	char path[100], said[600] = "";
	struct bp_power p;
	int fd[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	snprintf(path, sizeof(path), "%s/wedged-a-0", rig.folder);
	pid = fork();
	if (!pid) {
		dup2(fd[1], 2); /* the guardian's words */
		if (switch_on("a", &p) || switch_on("b", &p))
			_exit(9);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		raise(SIGKILL);
	}
	close(fd[1]);
	waitpid(pid, NULL, 0);
	assert_true(sees("b", "0", 1000));
	alarm(5); /* the pipe closes once the guardian has gone */
	while (len < sizeof(said) - 1 && (n = read(fd[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	alarm(0);
	close(fd[0]);
	said[len] = '\0';
	print_message("%s", said);
	assert_non_null(strstr(said, "a board's power on: board left: power command"));
	assert_non_null(strstr(said, "Switch it off by hand"));
}

/* What was closed in order is left alone. */
static void closed_is_left_alone(void **state)
{
	char log[200];
	struct bp_power p;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		if (switch_on("a", &p))
			_exit(9);
		p.ops->close(p.self);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	poll(NULL, 0, 200);
	assert_string_equal(read_text("log", log, sizeof(log)), "a 1\na 0\n");
}

/* The end of a worker is not the end of its parent's switches, and the parent's end is seen while workers live. */
static void lists_belong_to_a_process(void **state)
{
	struct bp_power p, p2;
	int hold[2];
	pid_t pid, worker;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (!pid) {
		if (switch_on("a", &p))
			_exit(9);
		worker = fork();
		if (!worker) {
			if (switch_on("b", &p2))
				_exit(9);
			raise(SIGKILL);
		}
		waitpid(worker, NULL, 0);
		if (!sees("b", "0", 2500) || !sees("a", "1", 0))
			_exit(8);
		worker = fork();
		if (!worker) { /* lives on, with what it inherited */
			close(hold[1]);
			if (read(hold[0], &byte, 1) < 0)
				_exit(1);
			_exit(0);
		}
		raise(SIGKILL);
	}
	close(hold[0]);
	waitpid(pid, NULL, 0);
	assert_true(sees("a", "0", 2500));
	close(hold[1]);
}

static unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* More openings than the guardian has places: each is given back. */
static void nothing_grows(void **state)
{
	struct bp_power p;
	struct bp_err err;
	unsigned files = 0;

	(void)state;
	snprintf(rig.yaml, sizeof(rig.yaml), "on: [\"true\"]\noff: [\"true\"]\n");
	for (int i = 0; i < 3 * BP_SAFE_MAX; i++) {
		if (contract_open(&rig, "exec", &p, &err))
			fail_msg("%d: %s", i, err.text);
		p.ops->close(p.self);
		if (!i)
			files = open_files();
	}
	assert_int_equal(open_files(), files);
}

/* In a process of its own, as a guardian is for ever. 64 switches at once are the limit, and said. */
static void the_list_is_full(void **state)
{
	struct bp_power p[BP_SAFE_MAX + 1];
	struct bp_err err = {0};
	int status, n = 0;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		snprintf(rig.yaml, sizeof(rig.yaml), "on: [\"true\"]\noff: [\"true\"]\n");
		while (n <= BP_SAFE_MAX && !contract_open(&rig, "exec", &p[n], &err))
			n++;
		for (int i = 0; i < n; i++)
			p[i].ops->close(p[i].self);
		_exit(n == BP_SAFE_MAX && strstr(err.text, "more than 64 switches") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The guardian of the process that works in this test's folder, by /proc; 0: none. */
static pid_t find_guardian(void)
{
	FILE *f = popen("grep -ls bp-guardian /proc/[0-9]*/comm", "r");
	char line[64], link[64], cwd[128];
	pid_t found = 0;

	while (f && fgets(line, sizeof(line), f)) {
		pid_t pid = (pid_t)atoi(line + strlen("/proc/"));
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
		n = readlink(link, cwd, sizeof(cwd) - 1);
		cwd[n > 0 ? n : 0] = '\0';
		if (!strcmp(cwd, rig.folder))
			found = pid;
	}
	if (f)
		pclose(f);
	return found;
}

/* Without its guardian a program opens no more switches. In a process of its own. */
static void a_guardian_that_is_gone(void **state)
{
	pid_t guardian, pid = fork();
	struct bp_power p;
	struct bp_err err = {0};
	int status;

	(void)state;
	if (!pid) {
		if (chdir(rig.folder) || bp_safe_start(&err))
			_exit(2);
		/* It names itself a moment after it was started. */
		for (int i = 0; !(guardian = find_guardian()) && i < 50; i++)
			poll(NULL, 0, 20);
		if (!guardian)
			_exit(3);
		kill(guardian, SIGKILL);
		poll(NULL, 0, 50);
		snprintf(rig.yaml, sizeof(rig.yaml), "on: [\"true\"]\noff: [\"true\"]\n");
		if (contract_open(&rig, "exec", &p, &err) != BP_EIO)
			_exit(4);
		dprintf(1, "%s\n", err.text);
		_exit(strstr(err.text, "board left: power: guardian of the switches is gone") ? 0 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- the text that goes to the guardian --------------------------------------------------------- */

static bool same(const struct bp_node *a, const struct bp_node *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == BP_NODE_SCALAR)
		return a->quoted == b->quoted && !strcmp(a->text, b->text);
	for (size_t i = 0; i < a->n; i++)
		if (!same(a->items[i], b->items[i]) || (a->kind == BP_NODE_MAP && !same(a->keys[i], b->keys[i])))
			return false;
	return true;
}

static void text_comes_back(void **state)
{
	static const char *const texts[] = {
		"on: [relay, \"1\", close]\noff: [relay, '2', open]\n",
		"a: 0x10\nb: \"0x10\"\nc: true\nd: ~\ne:\nf: \"\"\n",
		"{a: {b: [c, [d, e], {f: g}]}, h: [], i: {}}\n",
		"a: \"line\\nend\\t\\\"q\\\" \\\\ \\x7f\\e \\u00e9\\U0001F600\"\n",
		"a: plain, with [brackets] and a:colon\n",
		"- a\n- - b\n  - c\n- d: e\n  f: g\n",
		"\"quoted: key\": 'it''s'\nhttp://x: y\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct bp_node *one, *two;
		struct bp_text out;
		struct bp_err err;

		if (bp_yaml_parse(rig.arena, "one", texts[i], strlen(texts[i]), &one, &err)) {
			print_message("not YAML of ours: %s\n", texts[i]);
			continue;
		}
		bp_text_init(&out, rig.arena);
		bp_node_write(&out, one);
		if (out.failed || bp_yaml_parse(rig.arena, "two", out.bytes, out.len, &two, &err) || !same(one, two))
			fail_msg("%s became %s: %s", texts[i], out.bytes, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_end_is_safe, begin, end),
		cmocka_unit_test_setup_teardown(a_wedged_switch, begin, end),
		cmocka_unit_test_setup_teardown(closed_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(lists_belong_to_a_process, begin, end),
		cmocka_unit_test_setup_teardown(nothing_grows, begin, end),
		cmocka_unit_test_setup_teardown(the_list_is_full, begin, end),
		cmocka_unit_test_setup_teardown(text_comes_back, begin, end),
		cmocka_unit_test_setup_teardown(a_guardian_that_is_gone, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
