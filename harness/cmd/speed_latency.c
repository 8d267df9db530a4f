/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speed_latency.c - from a trigger to the cut that it is to cause.
 *
 * A child writes lines to a pty, as a board would, and notes when. They come
 * through the real serial driver, the one wait, the line trigger and the cut, as
 * on a bench; the switch alone is made of an eventfd, so that no relay is
 * measured. Beside it, in turns, stands the least that a program could do: poll,
 * read, look for the text, write to the same eventfd.
 */
#include "cmd/speed_latency.h"

#include "base/clock.h"
#include "bench/console_parts.h"
#include "bench/real_parts.h"
#include "explore/aim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define TURNS 20
#define ROUNDS 50u                        /* a turn: 1000 samples of each */
#define PATIENCE_NS BP_NS_PER_S           /* a line that has not come by then is lost */
#define LINE "boot: run b trial 1/3\n"
#define MARK " trial 1"
#define FRAME "01234567890123456789\n"

void bp_latency_add(struct bp_latency *l, uint64_t ns)
{
	if (l->n < l->cap)
		l->v[l->n++] = ns;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bp_latency_percentile(struct bp_latency *l, unsigned percent)
{
	if (!l->n)
		return 0;
	qsort(l->v, l->n, sizeof(*l->v), by_value);
	return l->v[(l->n * percent + 99) / 100 - 1];
}

void bp_latency_print(const char *what, struct bp_latency *l)
{
	printf("%-44s %9.1f %9.1f us  (%zu)\n", what, (double)bp_latency_percentile(l, 50) / 1e3, (double)bp_latency_percentile(l, 99) / 1e3, l->n);
	fflush(stdout);
}

/* ---- the child that writes lines ------------------------------------------------------- */

struct speaker {
	pid_t pid;
	int master, slave, go; /* go: a byte for each line that is wanted */
	char path[64];         /* of the slave */
	uint64_t *said_ns;     /* shared: just before the last line was written */
};

__attribute__((noreturn)) static void speak(const struct speaker *s, int go)
{
	uint8_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; read(go, &n, 1) == 1; i++) {
		struct timespec t = bp_clock_timespec(BP_NS_PER_MS / 2 + i * 37 % 1500 * BP_NS_PER_US);

		nanosleep(&t, NULL); /* whoever waits for the line sleeps by now */
		__atomic_store_n(s->said_ns, bp_clock_ns(), __ATOMIC_RELEASE);
		if (write(s->master, LINE, sizeof(LINE) - 1) != (ssize_t)sizeof(LINE) - 1)
			break;
	}
	_exit(0);
}

static void stop_speaker(struct speaker *s)
{
	if (s->go >= 0)
		close(s->go); /* that ends it */
	while (s->pid > 0 && waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (s->master >= 0)
		close(s->master);
	if (s->slave >= 0)
		close(s->slave);
	if (s->said_ns)
		munmap(s->said_ns, sizeof(*s->said_ns));
}

/* Raw from the start: no echo of the lines comes back. */
static int open_pty(struct speaker *s, struct bp_err *err)
{
	struct termios t;

	s->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->master < 0 || grantpt(s->master) || unlockpt(s->master) || ptsname_r(s->master, s->path, sizeof(s->path)))
		return bp_fail(err, BP_EIO, "no pty: %s", strerror(errno));
	s->slave = open(s->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->slave < 0 || tcgetattr(s->slave, &t))
		return bp_fail(err, BP_EIO, "%s: %s", s->path, strerror(errno));
	cfmakeraw(&t);
	return tcsetattr(s->slave, TCSANOW, &t) ? bp_fail(err, BP_EIO, "%s: %s", s->path, strerror(errno)) : 0;
}

static int start_speaker(struct speaker *s, struct bp_err *err)
{
	int pair[2], rc;

	*s = (struct speaker){.master = -1, .slave = -1, .go = -1};
	rc = open_pty(s, err);
	if (rc)
		return rc;
	s->said_ns = mmap(NULL, sizeof(*s->said_ns), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->said_ns == MAP_FAILED)
		s->said_ns = NULL;
	if (!s->said_ns || pipe2(pair, O_CLOEXEC))
		return bp_fail(err, BP_EIO, "no memory to share: %s", strerror(errno));
	fflush(NULL);
	s->pid = fork();
	if (!s->pid) {
		close(pair[1]);
		speak(s, pair[0]);
	}
	close(pair[0]);
	s->go = pair[1];
	return s->pid < 0 ? bp_fail(err, BP_EIO, "no child: %s", strerror(errno)) : 0;
}

static int want_line(const struct speaker *s, struct bp_err *err)
{
	return write(s->go, "", 1) == 1 ? 0 : bp_fail(err, BP_EIO, "the child that writes lines has gone");
}

/* ---- a board of which only console and switch are there ---------------------------------- */

static int switch_fd;

static int switch_off(void *self, struct bp_err *err)
{
	const uint64_t one = 1;

	(void)self;
	return write(switch_fd, &one, sizeof(one)) == (ssize_t)sizeof(one) ? 0 : bp_fail(err, BP_EIO, "no switch: %s", strerror(errno));
}

static int nothing_to_detach(void *self, struct bp_err *err)
{
	(void)self, (void)err;
	return 0;
}

static const struct bp_power_ops switch_ops = {.name = "eventfd", .off = switch_off};
static const struct bp_debug_ops no_probe = {.name = "none", .detach = nothing_to_detach};

struct desk {
	struct speaker speaker;
	struct bp_bench_board bench;
	struct bp_product product;
	struct bp_real real;
	struct bp_log log;      /* empty: nothing is aimed at operations */
	struct bp_aim aim;
	struct bp_latency mark, bare, byte, time;
};

static int open_desk(struct bp_arena *a, struct desk *d, struct bp_err *err)
{
	struct bp_diag diag = {.arena = a};
	struct bp_node *config;
	char text[128];
	int rc = start_speaker(&d->speaker, err);

	if (rc)
		return rc;
	snprintf(text, sizeof(text), "path: %s\nbaud: 115200\n", d->speaker.path);
	rc = bp_yaml_parse(a, "pty", text, strlen(text), &config, err);
	if (!rc)
		rc = bp_console_serial_ops.open(a, &diag, config, "pty", &d->real.console.self, err);
	if (rc)
		return rc;
	d->bench.name = "pty";
	d->product.board.baud = 115200;
	d->real.bench = &d->bench;
	d->real.product = &d->product;
	d->real.byte_ns = 10 * BP_NS_PER_S / d->product.board.baud;
	d->real.cut_at_ns = BP_NEVER;
	d->real.console.ops = &bp_console_serial_ops;
	d->real.power = (struct bp_power){&switch_ops, NULL};
	d->real.debug = (struct bp_debug){&no_probe, NULL};
	d->real.epoch_ns = bp_clock_ns();
	d->real.board.world = (struct bp_world){&bp_real_world_ops, &d->real};
	d->real.board.console = (struct bp_console){&bp_real_console_ops, &d->real};
	bp_wire_init(&d->real.board.wire, &d->real.board.world, &d->real.board.console, NULL);
	bp_world_real_init(&d->real.world);
	return bp_world_real_add_console(&d->real.world, &d->real.board.console, err);
}

static void close_desk(struct desk *d)
{
	if (d->real.console.ops)
		d->real.console.ops->close(d->real.console.self);
	stop_speaker(&d->speaker);
}

static int arm(struct desk *d, const struct bp_cutpoint *cut, struct bp_err *err)
{
	d->real.on = true;
	d->real.cut_fired = false;
	return bp_aim_arm(&d->aim, &d->real, &d->log, cut, err);
}

/* Wait as the execution of a case does, until the cut has been made. */
static int until_cut(struct desk *d, struct bp_err *err)
{
	uint64_t until = bp_world_now(&d->real.board.world) + PATIENCE_NS;
	int rc;

	do
		rc = bp_wire_next(&d->real.board.wire, until, err);
	while (!d->real.cut_fired && rc >= 0 && rc != BP_WIRE_TIME);
	if (d->real.cut_fired)
		return 0;
	return rc < 0 ? rc : bp_fail(err, BP_ETIMEOUT, "the pty: a trigger was never met");
}

/* ---- one sample of each ----------------------------------------------------------------------- */

static int mark_once(struct desk *d, struct bp_err *err)
{
	const struct bp_cutpoint cut = {.event = BP_EVENT_LINE, .n = 1, .line = MARK};
	int rc = arm(d, &cut, err);

	if (!rc)
		rc = want_line(&d->speaker, err);
	if (!rc)
		rc = until_cut(d, err);
	if (!rc)
		bp_latency_add(&d->mark, d->real.cut_issued_ns - *d->speaker.said_ns);
	return rc;
}

static int bare_once(struct desk *d, struct bp_err *err)
{
	struct pollfd p = {.fd = d->speaker.slave, .events = POLLIN};
	char buf[256];
	size_t len = 0;
	int rc = want_line(&d->speaker, err);

	while (!rc) {
		ssize_t n;

		if (poll(&p, 1, 1000) <= 0)
			return bp_fail(err, BP_ETIMEOUT, "the pty: a line was lost");
		n = read(p.fd, buf + len, sizeof(buf) - len);
		len += n > 0 ? (size_t)n : 0;
		if (!len || buf[len - 1] != '\n' || !memmem(buf, len, MARK, sizeof(MARK) - 1))
			continue;
		rc = switch_off(NULL, err);
		bp_latency_add(&d->bare, bp_clock_ns() - *d->speaker.said_ns);
		return rc;
	}
	return rc;
}

static int byte_once(struct desk *d, struct bp_err *err)
{
	const struct bp_cutpoint cut = {.event = BP_EVENT_LINK_BYTE, .n = 12};
	char drop[64];
	int rc = arm(d, &cut, err);

	if (!rc)
		rc = d->real.board.console.ops->write(&d->real, (const uint8_t *)FRAME, sizeof(FRAME) - 1, err);
	if (rc < 0)
		return rc;
	bp_latency_add(&d->byte, d->real.cut_issued_ns - d->real.cut_wanted_ns);
	return read(d->speaker.master, drop, sizeof(drop)) == (ssize_t)cut.n ? 0 : bp_fail(err, BP_EIO, "the pty: other bytes than were sent");
}

static int time_once(struct desk *d, struct bp_err *err)
{
	const struct bp_cutpoint cut = {.event = BP_EVENT_TIME, .n = 1, .after_ns = BP_NS_PER_MS + d->time.n * 37 % 1000 * BP_NS_PER_US};
	int rc = arm(d, &cut, err);

	if (!rc)
		rc = until_cut(d, err);
	if (!rc)
		bp_latency_add(&d->time, d->real.cut_issued_ns - d->real.cut_wanted_ns);
	return rc;
}

static int turns(struct desk *d, struct bp_err *err)
{
	static int (*const once[])(struct desk *d, struct bp_err *err) = {mark_once, bare_once, byte_once, time_once};
	int rc = 0;

	d->mark.n = d->bare.n = d->byte.n = d->time.n = 0;
	for (unsigned t = 0; t < TURNS && !rc; t++)
		for (unsigned k = 0; k < sizeof(once) / sizeof(once[0]) && !rc; k++)
			for (unsigned i = 0; i < ROUNDS && !rc; i++)
				rc = once[k](d, err);
	return rc;
}

static void target(const char *what, bool met)
{
	printf("  target: %-34s %9s\n", what, met ? "met" : "missed");
}

static void show(struct desk *d)
{
	uint64_t mark = bp_latency_percentile(&d->mark, 50), bare = bp_latency_percentile(&d->bare, 50);
	uint64_t mark99 = bp_latency_percentile(&d->mark, 99), bare99 = bp_latency_percentile(&d->bare, 99);

	bp_latency_print("console mark to cut, over a pty", &d->mark);
	printf("#mark %llu %llu\n", (unsigned long long)mark, (unsigned long long)mark99);
	bp_latency_print("the same by a bare poll-and-write loop", &d->bare);
	printf("%-44s %9.2f %9.2f times\n", "ratio", (double)mark / (double)bare, (double)mark99 / (double)bare99);
	target("ratio of medians at most 1.5", 2 * mark <= 3 * bare);
	target("ratio of p99 at most 2", mark99 <= 2 * bare99);
	bp_latency_print("link byte to cut", &d->byte);
	bp_latency_print("time to cut, final spin", &d->time);
	target("p99 of a time below 50 us", bp_latency_percentile(&d->time, 99) < 50 * BP_NS_PER_US);
}

int bp_speed_triggers(struct bp_arena *a, struct bp_err *err)
{
	struct bp_latency *all[4];
	struct desk *d = bp_arena_alloc(a, sizeof(*d));
	struct bp_realtime asked;
	int rc = 0;

	if (!d)
		return bp_fail(err, BP_ENOMEM, "no memory for latencies");
	all[0] = &d->mark, all[1] = &d->bare, all[2] = &d->byte, all[3] = &d->time;
	for (unsigned i = 0; i < 4; i++) {
		all[i]->cap = TURNS * ROUNDS;
		all[i]->v = bp_arena_array(a, all[i]->cap, sizeof(*all[i]->v));
		if (!all[i]->v)
			return bp_fail(err, BP_ENOMEM, "no memory for latencies");
	}
	switch_fd = eventfd(0, EFD_CLOEXEC);
	rc = open_desk(a, d, err);
	if (!rc)
		rc = turns(d, err);
	if (!rc) {
		printf("%-44s %9s %9s\n", "from a trigger to the cut, as the system is", "p50", "p99");
		show(d);
		bp_realtime_ask(&asked);
		printf("the same, asked for: %s\n", asked.text);
		rc = turns(d, err);
		bp_realtime_drop(&asked);
	}
	if (!rc)
		show(d);
	close_desk(d);
	close(switch_fd);
	return rc;
}
