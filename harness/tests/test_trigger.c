/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts that the host hears or sees coming: lines of the console, times, bytes of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/real_parts.h"
#include "explore/aim.h"

#define MS BP_NS_PER_MS

/* ---- lines in a stream ------------------------------------------------------------------ */

/* Feed in pieces of `step` bytes; all lines into out, each in brackets. */
static void lines_of(const char *text, size_t n, size_t step, char *out, size_t cap)
{
	struct bp_lines l = {0};
	size_t len = 0;

	out[0] = '\0';
	for (size_t at = 0; at < n;) {
		size_t piece = n - at < step ? n - at : step, taken = bp_lines_feed(&l, (const uint8_t *)text + at, piece);

		assert_in_range(taken, 1, piece);
		assert_true(l.len <= BP_LINE_BYTES);
		at += taken;
		if (l.ended)
			len += (size_t)snprintf(out + len, cap - len, "[%.*s]", (int)l.len, l.text);
	}
}

static void lines_end(void **state)
{
	static const char text[] = "boot: a\nboot: b\r\n\n\x06\x09" "AAECAw==\n\x04\x14" "AAEC\nx\x06\x09y\r\n\rz\nnever ended";
	char got[200];

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		lines_of(text, sizeof(text) - 1, step, got, sizeof(got));
		assert_string_equal(got, "[boot: a][boot: b][][x\x06\x09y][\rz]");
	}
}

static void long_lines_are_cut(void **state)
{
	char text[3 * BP_LINE_BYTES], got[2 * BP_LINE_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 5, "\nend\n", 5);
	for (size_t step = 1; step <= sizeof(text); step++) {
		lines_of(text, sizeof(text), step, got, sizeof(got));
		assert_int_equal(strlen(got), BP_LINE_BYTES + 2 + 5);
		assert_string_equal(got + BP_LINE_BYTES + 2, "[end]");
	}
}

/* ---- a board of which only console and switch are there --------------------------------------- */

static struct {
	int fd[2];             /* the rig's end, the board's end */
	uint64_t off_ns[4];    /* when the switch was told */
	unsigned offs;
	char sent[64];         /* what the board got until its power went */
	size_t n_sent;
} desk;

static int desk_poll(void *self, short *events, uint64_t *deadline_ns)
{
	(void)self;
	*events = 1; /* POLLIN */
	*deadline_ns = BP_NEVER;
	return desk.fd[0];
}

static int desk_read(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	ssize_t n = recv(desk.fd[0], buf, cap, MSG_DONTWAIT);

	(void)self, (void)err;
	*at_ns = bp_clock_ns();
	return n > 0 ? (int)n : 0;
}

static int desk_write(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	(void)self, (void)err;
	assert_false(desk.offs);
	memcpy(desk.sent + desk.n_sent, buf, len);
	desk.n_sent += len;
	return 0;
}

static int desk_off(void *self, struct bp_err *err)
{
	(void)self, (void)err;
	desk.off_ns[desk.offs++ % 4] = bp_clock_ns();
	return 0;
}

static int desk_detach(void *self, struct bp_err *err)
{
	(void)self, (void)err;
	return 0;
}

static const struct bp_console_ops desk_console = {.name = "desk", .poll = desk_poll, .read = desk_read, .write = desk_write};
static const struct bp_power_ops desk_power = {.name = "desk", .off = desk_off};
static const struct bp_debug_ops desk_debug = {.name = "desk", .detach = desk_detach};

static struct bp_bench_board bench;
static struct bp_product product;
static struct bp_real real;
static struct bp_log the_log;
static struct bp_aim aim;
static struct bp_err err;
static char heard[400];

static void on_text(void *ctx, uint64_t at_ns, const char *line, size_t len)
{
	size_t n = strlen(heard);

	(void)ctx, (void)at_ns;
	snprintf(heard + n, sizeof(heard) - n, "[%.*s]", (int)len, line);
}

static int setup(void **state)
{
	(void)state;
	memset(&desk, 0, sizeof(desk));
	memset(heard, 0, sizeof(heard));
	bench = (struct bp_bench_board){.name = "desk"};
	product = (struct bp_product){.board.baud = 115200, .marks.boot = "boot:"};
	real = (struct bp_real){.bench = &bench, .product = &product, .on = true, .cut_at_ns = BP_NEVER, .window_ns = MS,
				.console = {&desk_console, NULL}, .power = {&desk_power, NULL}, .debug = {&desk_debug, NULL}};
	real.epoch_ns = bp_clock_ns();
	real.board.world = (struct bp_world){&bp_real_world_ops, &real};
	real.board.console = (struct bp_console){&bp_real_console_ops, &real};
	bp_wire_init(&real.board.wire, &real.board.world, &real.board.console, NULL);
	real.board.wire.on_text = on_text;
	bp_world_real_init(&real.world);
	aim = (struct bp_aim){0};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, desk.fd))
		return -1;
	return bp_world_real_add_console(&real.world, &real.board.console, &err);
}

static int teardown(void **state)
{
	(void)state;
	close(desk.fd[0]);
	close(desk.fd[1]);
	return 0;
}

static void arm(const char *text)
{
	struct bp_cutpoint cut;

	assert_int_equal(bp_cutpoint_parse(text, &cut, &err), 0);
	assert_int_equal(bp_aim_arm(&aim, &real, &the_log, &cut, &err), 0);
}

static void say(const char *text)
{
	assert_int_equal(write(desk.fd[1], text, strlen(text)), strlen(text));
}

/* Until the board is off, or for 30 ms. */
static void run(void)
{
	uint64_t until = bp_world_now(&real.board.world) + 30 * MS;
	int rc;

	do
		rc = bp_wire_next(&real.board.wire, until, &err);
	while (rc >= 0 && rc != BP_WIRE_TIME && rc != BP_WIRE_OFF);
	assert_true(rc >= 0);
}

static void not_cut(void)
{
	run();
	assert_int_equal(desk.offs, 0);
	assert_true(real.on && !real.cut_fired);
}

static void was_cut(void)
{
	run();
	assert_int_equal(desk.offs, 1);
	assert_true(!real.on && real.cut_fired);
	assert_true(real.cut_issued_ns >= real.cut_wanted_ns && desk.off_ns[0] >= real.cut_wanted_ns);
}

/* ---- lines --------------------------------------------------------------------------------------- */

static void line_is_cut_at_its_end(void **state)
{
	uint64_t said;

	(void)state;
	arm("line:trial#2");
	say("boot: trial 1\nboot: run\n\x06\x09" "trial\nboot: tria");
	not_cut();
	say("l 2");
	not_cut();
	said = bp_clock_ns();
	say("\nboot: more\n");
	was_cut();
	assert_true(real.cut_wanted_ns >= said);
	assert_string_equal(aim.method, "the line's end");
	assert_string_equal(heard, "[boot: trial 1][boot: run][boot: trial 2][boot: more]");
	say("boot: trial 3\n");
	run();
	assert_int_equal(desk.offs, 1); /* once */
}

/* In the read that brings it, before anybody is told of the lines before it. */
static void cut_comes_first(void **state)
{
	uint8_t buf[100];
	uint64_t at;

	(void)state;
	arm("line:now#1");
	say("one\ntwo\nnow\nthree\n");
	assert_int_equal(real.board.console.ops->read(&real, buf, sizeof(buf), &at, &err), 18);
	assert_int_equal(desk.offs, 1);
	assert_string_equal(heard, "");
}

static void delay_from_a_line(void **state)
{
	static const uint64_t dead_ns[] = {0, 2 * MS, 5 * MS, 9 * MS}, waits_ns[] = {5 * MS, 3 * MS, 0, 0};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bench.calibration.dead_ns = dead_ns[i];
		desk.offs = 0;
		real.on = true;
		real.cut_fired = false;
		arm("line:up#1+5ms");
		say("app: up\n");
		was_cut();
		/* Bytes were read after they were said, and before the command. */
		assert_in_range(real.cut_issued_ns - real.cut_wanted_ns, 0, 200 * MS);
		if (waits_ns[i])
			assert_true(desk.off_ns[0] >= real.heard_ns + waits_ns[i] - MS);
		assert_string_equal(aim.method, "delay from the line's end");
	}
}

static void disarmed(void **state)
{
	(void)state;
	arm("line:up#1");
	assert_int_equal(bp_aim_disarm(&aim, &err), 0);
	say("app: up\n");
	not_cut();
	arm("line:up#1+1ms");
	say("app: up\n");
	assert_int_equal(bp_wire_next(&real.board.wire, bp_world_now(&real.board.world) + MS / 2, &err), BP_WIRE_TEXT);
	assert_int_equal(bp_aim_disarm(&aim, &err), 0);
	not_cut();
	arm("time:5ms");
	assert_int_equal(bp_aim_disarm(&aim, &err), 0);
	not_cut();
}

/* ---- what runs? ------------------------------------------------------------------------------------- */

static unsigned silent_times;

static int desk_images(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *e)
{
	(void)self, (void)deadline_ns;
	if (silent_times && silent_times--)
		return bp_fail(e, BP_ETIMEOUT, "no answer from the device");
	*out = (struct bp_smp_reply){.image[1] = {.present = true, .active = true}};
	return 0;
}

/* A bootloader may be at its work for a while and say nothing: the board is asked until it answers, and then no more. */
static void a_silent_board_is_asked_again(void **state)
{
	static const struct bp_link_ops desk_link = {.name = "desk", .images = desk_images};
	struct bp_observation seen;

	(void)state;
	real.debug.ops = NULL;
	real.board.link = (struct bp_link){&desk_link, NULL};
	silent_times = 2;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(bp_real_observe(&real, &seen, &err), 0);
		assert_int_equal(seen.idle, i >= 2);
	}
	silent_times = 1;
	assert_int_equal(bp_real_observe(&real, &seen, &err), 0);
	assert_true(seen.idle && silent_times == 1);
}

/* ---- times ------------------------------------------------------------------------------------------ */

static void cut_at_a_time(void **state)
{
	uint64_t began = bp_clock_ns(), off;

	(void)state;
	arm("time:8ms");
	say("chatter\n"); /* what is heard meanwhile does not matter */
	was_cut();
	off = desk.off_ns[0];
	assert_true(off >= began + 8 * MS && real.cut_wanted_ns >= began + 8 * MS);
	assert_string_equal(aim.method, "the host's clock");
	assert_string_equal(heard, "[chatter]");
}

static void the_switchs_delay_is_taken_off(void **state)
{
	uint64_t began = bp_clock_ns();

	(void)state;
	bench.calibration.dead_ns = 6 * MS;
	arm("time:8ms");
	assert_in_range(real.cut_at_ns - began, 2 * MS, 100 * MS);
	was_cut();
	assert_true(desk.off_ns[0] >= began + 2 * MS);
}

/* Waits that end before the time are over when they should be. */
static void waits_go_on_beside_it(void **state)
{
	uint64_t now = bp_world_now(&real.board.world);

	(void)state;
	arm("time:60s");
	assert_int_equal(bp_wire_next(&real.board.wire, now + 5 * MS, &err), BP_WIRE_TIME);
	assert_true(bp_world_now(&real.board.world) < now + 10000 * MS);
	assert_int_equal(desk.offs, 0);
}

static void a_byte_of_the_link(void **state)
{
	(void)state;
	arm("link:5");
	assert_int_equal(real.board.console.ops->write(&real, (const uint8_t *)"abc", 3, &err), 0);
	not_cut();
	assert_int_equal(real.board.console.ops->write(&real, (const uint8_t *)"defg", 4, &err), 0);
	was_cut();
	assert_int_equal(desk.n_sent, 5);
	assert_memory_equal(desk.sent, "abcde", 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end), cmocka_unit_test(long_lines_are_cut), TEST(line_is_cut_at_its_end), TEST(cut_comes_first),
		TEST(delay_from_a_line), TEST(disarmed), TEST(cut_at_a_time), TEST(the_switchs_delay_is_taken_off),
		TEST(waits_go_on_beside_it), TEST(a_byte_of_the_link), TEST(a_silent_board_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
