/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/safe.h"
#include "tests/contract_power.h"

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEEN_MS 1000    /* a PDU daemon or a shell script on a loaded machine */
#define SAFE_MS 2500    /* the guardian's 2 s, and the machine's own pace */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void contract_rig_begin(struct contract_rig *r)
{
	*r = (struct contract_rig){.arena = bp_arena_new(1u << 20), .fake.pid = -1};
	snprintf(r->folder, sizeof(r->folder), "/tmp/bp-power-XXXXXX");
	assert_non_null(r->arena);
	assert_non_null(mkdtemp(r->folder));
}

static int remove_one(const char *path, const struct stat *s, int flag, struct FTW *ftw)
{
	(void)s, (void)flag, (void)ftw;
	return remove(path);
}

void contract_rig_end(struct contract_rig *r)
{
	fake_power_stop(&r->fake);
	nftw(r->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	bp_arena_free(r->arena);
}

int contract_begin(void **state)
{
	struct contract_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	s->row = *state;
	contract_rig_begin(&s->rig);
	s->rig.why_not = s->row->start(&s->rig);
	*state = s;
	return 0;
}

int contract_end(void **state)
{
	struct contract_state *s = *state;

	if (s->row->stop)
		s->row->stop(&s->rig);
	contract_rig_end(&s->rig);
	free(s);
	return 0;
}

static struct contract_state *take(void **state)
{
	struct contract_state *s = *state;

	if (s->rig.why_not) {
		print_message("skipped: %s\n", s->rig.why_not);
		skip();
	}
	return s;
}

const struct bp_power_ops *contract_driver(const char *name)
{
	for (const struct bp_power_ops *const *ops = bp_power_drivers; *ops; ops++)
		if (!strcmp((*ops)->name, name))
			return *ops;
	return NULL;
}

int contract_open(struct contract_rig *r, const char *driver, struct bp_power *out, struct bp_err *err)
{
	struct bp_diag diag = {.arena = r->arena};
	struct bp_node *config;

	out->ops = contract_driver(driver);
	if (!out->ops)
		return bp_fail(err, BP_ENOENT, "no driver '%s'", driver);
	if (bp_yaml_parse(r->arena, "bench.yaml", r->yaml, strlen(r->yaml), &config, err))
		return err->code;
	return out->ops->open(r->arena, &diag, config, "left", &out->self, err);
}

static struct bp_power open_or_fail(struct contract_state *s)
{
	struct bp_power p;
	struct bp_err err;

	if (contract_open(&s->rig, s->row->driver, &p, &err))
		fail_msg("%s", err.text);
	return p;
}

static void do_on(const struct bp_power *p)
{
	struct bp_err err;

	if (p->ops->on(p->self, &err))
		fail_msg("%s", err.text);
}

static void do_off(const struct bp_power *p)
{
	struct bp_err err;

	if (p->ops->off(p->self, &err))
		fail_msg("%s", err.text);
}

bool contract_sees(const struct contract_power *row, struct contract_rig *r, int want, int ms)
{
	uint64_t until = now_ms() + (uint64_t)ms;

	for (;;) {
		if (row->observe(r) == want)
			return true;
		if (now_ms() >= until)
			return false;
		poll(NULL, 0, 5);
	}
}

void contract_leaves_as_is(void **state)
{
	struct contract_state *s = take(state);
	struct bp_power p;

	if (!s->row->preset) {
		print_message("skipped: nothing but the driver can switch this one\n");
		skip();
	}
	for (int on = 0; on < 2; on++) {
		s->row->preset(&s->rig, on);
		p = open_or_fail(s);
		poll(NULL, 0, 20);
		assert_int_equal(s->row->observe(&s->rig), on);
		p.ops->close(p.self);
	}
}

void contract_switches(void **state)
{
	struct contract_state *s = take(state);
	struct bp_power p = open_or_fail(s);

	/* Twice the same is no error. */
	for (int i = 0; i < 3; i++) {
		do_on(&p);
		assert_true(contract_sees(s->row, &s->rig, 1, SEEN_MS));
		do_on(&p);
		assert_true(contract_sees(s->row, &s->rig, 1, SEEN_MS));
		do_off(&p);
		assert_true(contract_sees(s->row, &s->rig, 0, SEEN_MS));
		do_off(&p);
		assert_true(contract_sees(s->row, &s->rig, 0, SEEN_MS));
	}
	p.ops->close(p.self);
}

void contract_close_is_safe(void **state)
{
	struct contract_state *s = take(state);
	struct bp_power p = open_or_fail(s);

	do_on(&p);
	assert_true(contract_sees(s->row, &s->rig, 1, SEEN_MS));
	p.ops->close(p.self);
	assert_true(contract_sees(s->row, &s->rig, 0, SEEN_MS));
	/* What was closed can be opened again. */
	p = open_or_fail(s);
	do_on(&p);
	p.ops->close(p.self);
}

void contract_make_safe(void **state)
{
	struct contract_state *s = take(state);
	struct bp_power p = open_or_fail(s);
	struct bp_err err;

	do_on(&p);
	assert_true(contract_sees(s->row, &s->rig, 1, SEEN_MS));
	if (bench_make_safe(&err))
		fail_msg("%s", err.text);
	assert_true(contract_sees(s->row, &s->rig, 0, SEEN_MS));
	p.ops->close(p.self);
	assert_int_equal(bench_make_safe(&err), 0);
}

/* A program that switches on, says so and hangs. No assertions here: they would leave by longjmp into the parent's code. */
static _Noreturn void victim(struct contract_state *s, int say)
{
	struct bp_power p;
	struct bp_err err;

	if (contract_open(&s->rig, s->row->driver, &p, &err) || p.ops->on(p.self, &err)) {
		dprintf(2, "%s\n", err.text);
		_exit(1);
	}
	if (write(say, "y", 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

void contract_killed_is_safe(void **state)
{
	struct contract_state *s = take(state);
	uint64_t start;
	char said = 0;
	int fd[2], seen;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid)
		victim(s, fd[1]);
	close(fd[1]);
	if (read(fd[0], &said, 1) != 1)
		said = 0;
	close(fd[0]);
	seen = said == 'y' && contract_sees(s->row, &s->rig, 1, SEEN_MS);
	kill(pid, SIGKILL);
	start = now_ms();
	waitpid(pid, NULL, 0);
	assert_int_equal(said, 'y');
	assert_true(seen);
	assert_true(contract_sees(s->row, &s->rig, 0, SAFE_MS));
	print_message("safe %u ms after kill -9\n", (unsigned)(now_ms() - start));
}

void contract_unknown_key(void **state)
{
	struct contract_state *s = take(state);
	struct bp_power p;
	struct bp_err err;

	strcat(s->rig.yaml, "colour: red\n");
	assert_int_equal(contract_open(&s->rig, s->row->driver, &p, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "colour"));
	assert_non_null(strstr(err.text, "bench.yaml:"));
}
