/* SPDX-License-Identifier: Apache-2.0 */
/* The real world: one wait for consoles, other descriptors and the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/wire.h"
#include "bench/world_real.h"

#define MS BP_NS_PER_MS
#define US BP_NS_PER_US

/* A console that is one end of a socket pair. */
struct fake {
	int fd[2];              /* the driver's, the board's */
	uint64_t deadline_ns;
	short events;
};

static int fake_poll(void *self, short *events, uint64_t *deadline_ns)
{
	struct fake *f = self;

	*events = f->events;
	*deadline_ns = f->deadline_ns;
	return f->fd[0];
}

/* A board that babbles, faster than anybody reads. */
static int fake_read(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *e)
{
	(void)self, (void)e;
	memset(buf, '\n', cap);
	*at_ns = bp_clock_ns();
	return (int)cap;
}

static const struct bp_console_ops fake_ops = {.name = "fake", .poll = fake_poll, .read = fake_read};

static struct bp_world_real real;
static struct bp_world world;
static struct fake fake;
static struct bp_console console;
static struct bp_err err;

static int setup(void **state)
{
	(void)state;
	bp_world_real_init(&real);
	world = (struct bp_world){&bp_world_real_ops, &real};
	fake = (struct fake){.deadline_ns = BP_NEVER, .events = POLLIN};
	console = (struct bp_console){&fake_ops, &fake};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fake.fd))
		return -1;
	return bp_world_real_add_console(&real, &console, &err);
}

static int teardown(void **state)
{
	(void)state;
	if (fake.fd[0] >= 0)
		close(fake.fd[0]);
	if (fake.fd[1] >= 0)
		close(fake.fd[1]);
	return 0;
}

static void say(void)
{
	assert_int_equal(write(fake.fd[1], "x", 1), 1);
}

static void hear(void)
{
	char byte;

	assert_int_equal(read(fake.fd[0], &byte, 1), 1);
}

static void time_alone(void **state)
{
	uint64_t until = bp_world_now(&world) + 5 * MS;

	(void)state;
	assert_int_equal(bp_world_wait(&world, until, &err), BP_WAKE_TIME);
	assert_true(bp_world_now(&world) >= until);
	assert_true(real.woke_ns >= until && real.woke_ns <= bp_world_now(&world));
	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
}

static void output_first(void **state)
{
	uint64_t began = bp_clock_ns();

	(void)state;
	say();
	assert_int_equal(bp_world_wait(&world, began + 1000 * MS, &err), BP_WAKE_OUTPUT);
	assert_true(bp_clock_ns() < began + 500 * MS);
	hear();
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + MS, &err), BP_WAKE_TIME);
}

/* A late host hears what came in time, but a board that babbles does not hold off the deadline. */
static void output_of_a_late_wait(void **state)
{
	uint64_t past = bp_clock_ns() - 1;

	(void)state;
	say();
	assert_int_equal(bp_world_wait(&world, past, &err), BP_WAKE_OUTPUT);
	assert_int_equal(bp_world_wait(&world, past, &err), BP_WAKE_TIME);
	assert_int_equal(bp_world_wait(&world, past, &err), BP_WAKE_TIME);
	assert_int_equal(bp_world_wait(&world, past + 1, &err), BP_WAKE_OUTPUT);
	hear();
	assert_int_equal(bp_world_wait(&world, past, &err), BP_WAKE_TIME);
}

static void babble_without_end(void **state)
{
	uint64_t until = bp_clock_ns() + 5 * MS, lines = 0;
	struct bp_wire wire;
	int rc;

	(void)state;
	bp_wire_init(&wire, &world, &console, NULL);
	while ((rc = bp_wire_next(&wire, until, &err)) == BP_WIRE_TEXT)
		assert_true(lines++ < UINT64_C(100000000));
	assert_int_equal(rc, BP_WIRE_TIME);
	assert_true(bp_clock_ns() >= until);
	/* The next wait is one of its own. */
	assert_int_equal(bp_wire_next(&wire, bp_clock_ns() + MS, &err), BP_WIRE_TEXT);
	assert_true(bp_console_drop(&console) > 0);
}

static void hang_up_is_output(void **state)
{
	(void)state;
	close(fake.fd[1]);
	fake.fd[1] = -1;
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + 1000 * MS, &err), BP_WAKE_OUTPUT);
}

/* The driver wants to be read at a time, with or without a descriptor. */
static void a_drivers_deadline(void **state)
{
	int fd = fake.fd[0];

	(void)state;
	for (int i = 0; i < 2; i++) {
		fake.deadline_ns = bp_clock_ns() + 3 * MS;
		assert_int_equal(bp_world_wait(&world, bp_clock_ns() + 1000 * MS, &err), BP_WAKE_OUTPUT);
		assert_true(bp_clock_ns() >= fake.deadline_ns);
		fake.fd[0] = -1;
	}
	fake.deadline_ns = BP_NEVER;
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + MS, &err), BP_WAKE_TIME);
	fake.fd[0] = fd;
}

static struct {
	unsigned calls;
	int answer;
	short revents;
} seen;

static int on_ready(void *ctx, short revents, struct bp_err *e)
{
	char byte;

	seen.calls++;
	seen.revents = revents;
	if (read(*(int *)ctx, &byte, 1) != 1)
		return bp_fail(e, BP_EIO, "the other side has gone");
	return seen.answer;
}

static void other_descriptors(void **state)
{
	int fds[2];

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(bp_world_real_add_fd(&real, fds[0], POLLIN, on_ready, &fds[0], &err), 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + 5 * MS, &err), BP_WAKE_TIME);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(seen.revents, POLLIN);
	seen.answer = 1;
	assert_int_equal(write(fds[1], "d", 1), 1);
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + 1000 * MS, &err), BP_WAKE_OUTPUT);
	close(fds[1]);
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + 1000 * MS, &err), BP_EIO);
	assert_string_equal(err.text, "the other side has gone");
	bp_world_real_drop_fd(&real, fds[0]);
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + MS, &err), BP_WAKE_TIME);
	close(fds[0]);
}

static void full_tables(void **state)
{
	(void)state;
	for (int i = 1; i < BP_WORLD_REAL_CONSOLES; i++)
		assert_int_equal(bp_world_real_add_console(&real, &console, &err), 0);
	assert_int_equal(bp_world_real_add_console(&real, &console, &err), BP_ENOMEM);
	for (int i = 0; i < BP_WORLD_REAL_FDS; i++)
		assert_int_equal(bp_world_real_add_fd(&real, -1, POLLIN, on_ready, NULL, &err), 0);
	assert_int_equal(bp_world_real_add_fd(&real, -1, POLLIN, on_ready, NULL, &err), BP_ENOMEM);
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + MS, &err), BP_WAKE_TIME);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Asserted loosely: the machine may be busy. The figures are printed. */
static void wake_up_error(void **state)
{
	uint64_t late[300];
	unsigned n = sizeof(late) / sizeof(late[0]);

	(void)state;
	for (int spin = 0; spin < 2; spin++) {
		bp_world_real_spin(&real, spin ? 10 * MS : 0);
		assert_true(real.spin_ns <= BP_WORLD_REAL_MAX_SPIN_NS);
		for (unsigned i = 0; i < n; i++) {
			uint64_t until = bp_clock_ns() + MS;

			assert_int_equal(bp_world_wait(&world, until, &err), BP_WAKE_TIME);
			assert_true(real.woke_ns >= until);
			late[i] = real.woke_ns - until;
		}
		qsort(late, n, sizeof(late[0]), by_value);
		print_message("wake-up error, %s: p50 %.1f us, p99 %.1f us\n", spin ? "final spin" : "no spin", (double)late[n / 2] / 1e3,
			      (double)late[n - 1 - n / 100] / 1e3);
		assert_true(late[n / 2] < (spin ? 200 * US : 20 * MS));
	}
	/* Bytes count during the spin, too. */
	say();
	assert_int_equal(bp_world_wait(&world, bp_clock_ns() + 100 * US, &err), BP_WAKE_OUTPUT);
	hear();
}

/* Granted or not, it says which, and everything is given back. */
static void realtime(void **state)
{
	struct bp_realtime r;

	(void)state;
	bp_realtime_ask(&r);
	assert_non_null(strstr(r.text, r.fifo ? "real-time priority: granted; memory lock: " : "real-time priority: "));
	assert_non_null(strstr(r.text, r.cpu_latency ? "CPU latency 0 us: granted" : "CPU latency 0 us: "));
	assert_true(r.cpu_latency == (r.latency_fd >= 0));
	print_message("%s\n", r.text);
	for (int on = 0; r.fifo && on < 2; on++) {
		bp_realtime_rush(&r, on);
		assert_int_equal(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, on ? SCHED_FIFO : SCHED_OTHER);
		assert_true((r.latency_fd >= 0) == (on && r.cpu_latency));
	}
	bp_realtime_drop(&r);
	assert_true(!r.fifo && !r.locked && r.latency_fd == -1);
	assert_int_equal(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(time_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(output_first, setup, teardown),
		cmocka_unit_test_setup_teardown(output_of_a_late_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(babble_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(hang_up_is_output, setup, teardown),
		cmocka_unit_test_setup_teardown(a_drivers_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(other_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(full_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(wake_up_error, setup, teardown),
		cmocka_unit_test(realtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
