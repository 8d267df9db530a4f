/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - the one loop of a served board.
 */
#include "cmd/serve.h"

#include "cmd/home.h"
#include "scenario/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)20 * 1024 * 1024) /* a reply, or a file to load: the largest flash */
#define START_ARTIFACT "from"

enum {
	FD_CONSOLE, FD_POWER, FD_STDIN, FD_STLINK_LISTEN, FD_STLINK, FD_BUSPIRATE, FD_SMP_LISTEN, FD_SMP, FD_CLIENT,
	FDS = FD_CLIENT + BP_SERVE_CLIENTS
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int provision(struct bp_serve *s, struct bp_err *err)
{
	const struct bp_product *p = s->v->board.product;
	const struct bp_artifact *from = bp_product_artifact(p, START_ARTIFACT);
	struct bp_scenario start = {.start = {-1, -1}};
	struct bp_exec x = {.board = &s->v->board, .scenario = &start};

	if (!s->opt.blank && !from)
		return bp_fail(err, BP_ECONFIG, "%s: no artifact '%s' to start with; --blank starts without", p->path, START_ARTIFACT);
	if (!s->opt.blank)
		start.start[0] = (int)(from - p->artifact);
	return bp_exec_provision(&x, err);
}

static int make_board(struct bp_serve *s, struct bp_err *err)
{
	const char *path = NULL, *firmware = NULL;
	struct bp_product *p = NULL;
	int rc = bp_home_product(s->arena, s->opt.product, &path, err);

	if (!rc)
		rc = bp_product_read(s->arena, path, &p, err);
	if (!rc)
		rc = bp_home_firmware(s->arena, s->opt.firmware ? s->opt.firmware : p->firmware, &firmware, err);
	if (rc)
		return rc;
	if (s->opt.decay_ns != UINT64_MAX)
		p->board.rail.decay_ns = s->opt.decay_ns;
	rc = bp_virtual_open(s->arena, p, firmware, BP_ACCEL_REMEMBER, s->opt.seed, &s->v, err);
	if (rc)
		return rc;
	s->b = s->v->vboard;
	bp_rng_seed(&s->rng, &s->opt.seed, 1);
	return provision(s, err);
}

/* What came for the board, as far as it can take it; without power nobody hears. */
static void console_input(struct bp_serve *s)
{
	uint8_t bytes[1024];
	ssize_t n = read(s->console, bytes, sizeof(bytes));

	bp_serve_advance(s, bp_serve_mono());
	if (n > 0)
		bp_vboard_send(s->b, bytes, (size_t)n);
}

static void want(struct bp_serve *s, struct pollfd *fds)
{
	for (unsigned i = 0; i < FDS; i++)
		fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	if (!s->frozen) {
		fds[FD_CONSOLE].fd = s->console;
		fds[FD_SMP].fd = s->opt.smp_tcp ? s->smp.client : s->smp.pty;
	}
	if (s->smp.client < 0)
		fds[FD_SMP_LISTEN].fd = s->smp.listen;
	fds[FD_POWER].fd = s->power_listen;
	if (s->opt.until_stdin_ends)
		fds[FD_STDIN].fd = STDIN_FILENO;
	if (s->stlink < 0)
		fds[FD_STLINK_LISTEN].fd = s->stlink_listen;
	fds[FD_STLINK].fd = s->stlink;
	fds[FD_BUSPIRATE].fd = s->buspirate;
	for (unsigned i = 0; i < BP_SERVE_CLIENTS; i++)
		fds[FD_CLIENT + i].fd = s->client[i].fd;
}

static bool stdin_ended(void)
{
	char bytes[256];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void take_input(struct bp_serve *s, const struct pollfd *fds)
{
	if (fds[FD_CONSOLE].revents & POLLIN)
		console_input(s);
	if (fds[FD_SMP].revents)
		bp_serve_smp_input(s);
	if (fds[FD_SMP_LISTEN].revents)
		bp_serve_smp_accept(s);
	if (fds[FD_POWER].revents)
		bp_serve_accept(s);
	if (fds[FD_STLINK_LISTEN].revents)
		bp_serve_stlink_accept(s);
	if (fds[FD_STLINK].revents)
		bp_serve_stlink(s);
	if (fds[FD_BUSPIRATE].revents & POLLIN)
		bp_serve_buspirate(s);
	if (fds[FD_STDIN].revents && stdin_ended())
		stopped = 1;
	for (unsigned i = 0; i < BP_SERVE_CLIENTS; i++)
		if (fds[FD_CLIENT + i].revents && s->client[i].fd == fds[FD_CLIENT + i].fd)
			bp_serve_control(s, &s->client[i]);
}

static int loop(struct bp_serve *s, const sigset_t *while_waiting, struct bp_err *err)
{
	struct pollfd fds[FDS];

	while (!stopped) {
		uint64_t now = bp_serve_mono(), next;
		struct timespec wait = {0, 0};
		int n;

		bp_serve_advance(s, now);
		next = bp_serve_next(s);
		if (next > now) {
			wait.tv_sec = (time_t)((next - now) / 1000000000u);
			wait.tv_nsec = (long)((next - now) % 1000000000u);
		}
		want(s, fds);
		n = ppoll(fds, FDS, next == UINT64_MAX ? NULL : &wait, while_waiting);
		if (n < 0 && errno != EINTR)
			return bp_fail(err, BP_EIO, "poll: %s", strerror(errno));
		if (n > 0)
			take_input(s, fds);
		if (!bp_vboard_sane(s->b))
			return bp_fail(err, BP_EINTERNAL, "the board's own memory is damaged");
	}
	return 0;
}

/* Signals that end the program come through only while it waits. */
static void catch_signals(sigset_t *while_waiting)
{
	static const int ending[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction sa = {.sa_handler = on_stop};
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		sigaddset(&block, ending[i]);
		sigaction(ending[i], &sa, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &block, while_waiting);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigdelset(while_waiting, ending[i]);
	prctl(PR_SET_TIMERSLACK, 1000ul); /* ns */
}

static int serve(struct bp_serve *s, struct bp_err *err)
{
	sigset_t while_waiting;
	int rc = make_board(s, err);

	if (rc)
		return rc;
	catch_signals(&while_waiting);
	rc = bp_serve_probe_init(s, err);
	if (!rc)
		rc = bp_serve_open(s, err);
	s->offset = bp_serve_mono() - bp_vboard_now(s->b);
	if (!rc && s->opt.on)
		rc = bp_serve_switch(s, true, bp_serve_mono(), err);
	if (!rc)
		rc = loop(s, &while_waiting, err);
	bp_serve_close(s);
	bp_virtual_close(s->v);
	return rc;
}

int bp_serve(const struct bp_serve_options *opt, struct bp_err *err)
{
	static struct bp_serve s;
	int rc = 0;

	s = (struct bp_serve){.opt = *opt, .dir_fd = -1, .console = -1, .console_slave = -1, .buspirate = -1,
			      .buspirate_slave = -1, .power_listen = -1, .stlink_listen = -1, .stlink = -1,
			      .smp = {.pty = -1, .slave = -1, .listen = -1, .client = -1}};
	for (unsigned i = 0; i < BP_SERVE_CLIENTS; i++)
		s.client[i].fd = -1;
	s.arena = bp_arena_new(ARENA_BYTES);
	s.scratch = bp_arena_new(SCRATCH_BYTES);
	rc = s.arena && s.scratch ? serve(&s, err) : bp_fail(err, BP_ENOMEM, "no memory");
	bp_arena_free(s.scratch);
	bp_arena_free(s.arena);
	return rc;
}
