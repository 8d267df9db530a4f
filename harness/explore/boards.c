/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/boards.h"

#include "base/clock.h"
#include "explore/select.h"
#include "bench/safe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOARD_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define TRACE_BYTES ((size_t)64 * 1024 * 1024)
#define MOMENTS 2000u
#define CASE_LIMIT_NS (1800 * BP_NS_PER_S) /* every wait within has a deadline of its own; this is the last resort */
#define RETURN_NS (10 * BP_NS_PER_S)       /* a console's patience, too */
#define RETURN_PAUSE_MS 250
#define KEPT_MAX ((off_t)4 * 1024 * 1024)

struct answer {
	uint32_t index;
	bool judged;             /* else: the board is out of use, text says why */
	struct bp_judgement j;
	struct bp_rig_report report;
	char text[BP_ERR_TEXT_BYTES];
};

struct worker {
	const struct bp_bench_board *board;
	bool *out_of_use;
	pid_t pid;
	int fd, kept_fd;
	bool busy;
	uint32_t index;
	uint64_t deadline_ns;
};

struct outcome {                 /* of a run, until its turn comes */
	bool known, taken;       /* taken: a board runs it */
	const char *board;
	struct answer a;
	char *kept;
	size_t kept_len;
};

struct boards {
	struct bp_runner *runner;
	const struct bp_plan *plan;
	const struct bp_boards_ops *ops;
	struct worker worker[BP_BENCH_BOARDS];
	unsigned n;
	struct outcome *outcome;
	uint32_t merged;
	char last_trouble[BP_ERR_TEXT_BYTES];
};

/* ---- in the worker ----------------------------------------------------------------------- */

static void rig_verdict(struct bp_judgement *j, const char *text)
{
	*j = (struct bp_judgement){.verdict = BP_RIG, .invariant = -1, .running = BP_OBSERVED_NONE, .reason = -1};
	snprintf(j->text, sizeof(j->text), "%.*s", (int)sizeof(j->text) - 1, text);
}

static void keep(struct boards *b, struct worker *w, struct bp_rig *g, const struct answer *a, const struct bp_trace *t)
{
	struct bp_err err;

	if (ftruncate(w->kept_fd, 0) || lseek(w->kept_fd, 0, SEEK_SET) || !b->ops->keep || a->j.verdict == BP_PASS)
		return;
	if (b->ops->keep(b->ops->ctx, g, &b->plan->cases[b->plan->run[a->index].first_case], a->index, t, w->kept_fd, &err) &&
	    ftruncate(w->kept_fd, 0))
		return;
}

static int one(struct boards *b, struct worker *w, struct bp_rig *g, struct bp_arena *arena, struct answer *a, struct bp_err *err)
{
	struct bp_trace t = {.arena = arena, .cap = MOMENTS};
	uint32_t first = b->plan->run[a->index].first_case;
	bool detached = bp_plan_detached(b->plan, first, w->board->detached_percent);
	int rc;

	bp_arena_reset(arena);
	bp_text_init(&t.console, arena);
	t.moment = bp_arena_array(arena, t.cap, sizeof(*t.moment));
	rc = t.moment ? bp_rig_case(g, b->plan, &b->plan->cases[first], detached, &t, &a->report, &a->j, err)
		      : bp_fail(err, BP_ENOMEM, "no memory for a time line");
	a->judged = true;
	if (rc)
		rig_verdict(&a->j, err->text);
	else
		keep(b, w, g, a, &t);
	return rc;
}

/* Opening takes the board's memory anew: a board that failed is begun from nothing. */
static struct bp_rig *open_board(struct boards *b, struct worker *w, struct bp_arena *a, struct bp_err *err)
{
	struct bp_rig *g;

	bp_arena_reset(a);
	return bp_rig_open(a, w->board, b->runner, &g, err) ? NULL : g;
}

/* A plug that was pulled may be put back: a board that was there gets so long to return, as the parent does not hang up. */
static struct bp_rig *reopen(struct boards *b, struct worker *w, struct bp_arena *a, struct bp_rig *old, int fd, struct bp_err *err)
{
	uint64_t deadline = bp_deadline_in(RETURN_NS);
	struct pollfd parent = {.fd = fd};
	struct bp_rig *g;

	bp_rig_close(old);
	do
		g = open_board(b, w, a, err);
	while (!g && !bp_deadline_passed(deadline) && poll(&parent, 1, RETURN_PAUSE_MS) == 0);
	return g;
}

__attribute__((noreturn)) static void work(struct boards *b, struct worker *w, int fd, pid_t parent)
{
	struct bp_arena *a = bp_arena_new(BOARD_ARENA_BYTES), *trace = bp_arena_new(TRACE_BYTES);
	struct bp_err err = {.text = "no memory"};
	struct bp_rig *g = NULL;
	struct answer out;
	uint32_t index;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN); /* the parent decides */
	if (a && trace)
		g = open_board(b, w, a, &err);
	while (recv(fd, &index, sizeof(index), 0) == (ssize_t)sizeof(index)) {
		memset(&out, 0, sizeof(out));
		out.index = index;
		if (!g)
			snprintf(out.text, sizeof(out.text), "%.*s", (int)sizeof(out.text) - 1, err.text);
		else if (one(b, w, g, trace, &out, &err))
			g = reopen(b, w, a, g, fd, &err);
		if (send(fd, &out, sizeof(out), MSG_NOSIGNAL) != (ssize_t)sizeof(out))
			break;
	}
	bp_rig_close(g);
	bench_make_safe(&err);
	_exit(0);
}

/* ---- in the parent ------------------------------------------------------------------------- */

static int start_worker(struct boards *b, struct worker *w, struct bp_err *err)
{
	pid_t parent = getpid();
	int pair[2];

	w->kept_fd = memfd_create("brickproof-evidence", MFD_CLOEXEC);
	if (w->kept_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return bp_fail(err, BP_EIO, "cannot start the worker of board %s: %s", w->board->name, strerror(errno));
	fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		close(pair[0]);
		for (unsigned i = 0; i < b->n; i++)
			if (&b->worker[i] != w && b->worker[i].fd >= 0)
				close(b->worker[i].fd);
		work(b, w, pair[1], parent);
	}
	close(pair[1]);
	w->fd = pair[0];
	return w->pid < 0 ? bp_fail(err, BP_EIO, "cannot start the worker of board %s: %s", w->board->name, strerror(errno)) : 0;
}

/* Its socket closes: it leaves the board safe and goes. One that does not is killed, and its guardian does it. */
static void end_worker(struct worker *w, bool now)
{
	uint64_t deadline = bp_deadline_in(10 * BP_NS_PER_S);

	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	while (w->pid > 0 && waitpid(w->pid, NULL, WNOHANG) == 0) {
		if (now || bp_deadline_passed(deadline))
			kill(w->pid, SIGKILL);
		poll(NULL, 0, 5);
	}
	if (w->kept_fd >= 0)
		close(w->kept_fd);
	w->kept_fd = -1;
	w->pid = 0;
}

static void fetch_kept(struct outcome *o, int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);

	if (len <= 0 || len > KEPT_MAX)
		return;
	o->kept = malloc((size_t)len);
	if (o->kept && pread(fd, o->kept, (size_t)len, 0) == (ssize_t)len)
		o->kept_len = (size_t)len;
}

static void retire(struct boards *b, struct worker *w, const char *why)
{
	snprintf(b->last_trouble, sizeof(b->last_trouble), "%.*s", (int)sizeof(b->last_trouble) - 1, why);
	b->ops->trouble(b->ops->ctx, w->board->name, why);
	*w->out_of_use = true;
	end_worker(w, true);
}

static bool can_run(const struct boards *b, const struct worker *w, uint32_t run)
{
	return !bp_plan_refuses(b->plan, &b->plan->cases[b->plan->run[run].first_case], w->board);
}

static void hand_out(struct boards *b, struct worker *w)
{
	uint32_t next = b->merged;

	while (next < b->plan->n_runs && (b->outcome[next].known || b->outcome[next].taken || !can_run(b, w, next)))
		next++;
	w->busy = next < b->plan->n_runs;
	if (!w->busy)
		return;
	b->outcome[next].taken = true;
	w->index = next;
	w->deadline_ns = bp_deadline_in(CASE_LIMIT_NS);
	if (send(w->fd, &w->index, sizeof(w->index), MSG_NOSIGNAL) == (ssize_t)sizeof(w->index))
		return;
	b->outcome[next].taken = false;
	retire(b, w, "its worker is gone");
}

static void lost(struct boards *b, struct worker *w, const char *why)
{
	struct outcome *o = &b->outcome[w->index];

	o->known = true;
	o->board = w->board->name;
	rig_verdict(&o->a.j, why);
	retire(b, w, why);
}

static void receive(struct boards *b, struct worker *w)
{
	struct outcome *o;
	struct answer a;
	ssize_t n = recv(w->fd, &a, sizeof(a), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(a) || a.index != w->index || !w->busy) {
		lost(b, w, "the worker that ran it died");
		return;
	}
	if (!a.judged) { /* the case waits for another board */
		b->outcome[a.index].taken = false;
		retire(b, w, a.text);
		return;
	}
	o = &b->outcome[a.index];
	o->known = true;
	o->board = w->board->name;
	o->a = a;
	fetch_kept(o, w->kept_fd);
	hand_out(b, w);
}

static int merge(struct boards *b, struct bp_err *err)
{
	int rc = 0;

	while (b->merged < b->plan->n_runs && b->outcome[b->merged].known && rc >= 0) {
		struct outcome *o = &b->outcome[b->merged];
		struct bp_boards_answer a = {.board = o->board, .judgement = o->a.j, .report = o->a.report, .kept = o->kept, .kept_len = o->kept_len};

		rc = b->ops->done(b->ops->ctx, b->merged++, &a, err);
		free(o->kept);
		o->kept = NULL;
	}
	return rc < 0 ? rc : 0;
}

/* No board is left that can: what remains is not run, and says so. */
static void give_up(struct boards *b)
{
	char text[2 * BP_ERR_TEXT_BYTES];

	snprintf(text, sizeof(text), "no board is left to run it: %s", b->last_trouble);
	for (uint32_t i = 0; i < b->plan->n_runs; i++)
		if (!b->outcome[i].known) {
			b->outcome[i].known = true;
			rig_verdict(&b->outcome[i].a.j, text);
		}
}

static int loop(struct boards *b, struct bp_err *err)
{
	struct pollfd fds[BP_BENCH_BOARDS];
	int rc = 0;

	while (b->merged < b->plan->n_runs && !rc) {
		unsigned busy = 0;

		for (unsigned i = 0; i < b->n; i++) {
			struct worker *w = &b->worker[i];

			if (w->fd >= 0 && !w->busy)
				hand_out(b, w);
			if (w->fd >= 0 && w->busy && bp_deadline_passed(w->deadline_ns))
				lost(b, w, "the case did not end in half an hour");
			busy += w->fd >= 0 && w->busy;
			fds[i] = (struct pollfd){.fd = w->fd, .events = POLLIN};
		}
		if (!busy)
			give_up(b);
		else if (poll(fds, b->n, 1000) < 0 && errno != EINTR)
			return bp_fail(err, BP_EIO, "poll: %s", strerror(errno));
		for (unsigned i = 0; i < b->n && busy; i++)
			if (fds[i].revents && b->worker[i].fd >= 0)
				receive(b, &b->worker[i]);
		rc = merge(b, err);
	}
	return rc;
}

int bp_boards_judge(struct bp_runner *r, const struct bp_plan *p, const struct bp_bench_board *const *boards, bool *out_of_use,
		    unsigned n, const struct bp_boards_ops *ops, struct bp_err *err)
{
	struct boards *b = calloc(1, sizeof(*b));
	int rc = 0;

	if (!b)
		return bp_fail(err, BP_ENOMEM, "no memory for workers");
	*b = (struct boards){.runner = r, .plan = p, .ops = ops, .n = n < BP_BENCH_BOARDS ? n : BP_BENCH_BOARDS,
			     .last_trouble = "every board had trouble in a scenario before"};
	b->outcome = calloc(p->n_runs + 1u, sizeof(*b->outcome));
	if (!b->outcome)
		rc = bp_fail(err, BP_ENOMEM, "no memory for %u cases", p->n_runs);
	for (unsigned i = 0; i < b->n; i++)
		b->worker[i] = (struct worker){.board = boards[i], .out_of_use = &out_of_use[i], .fd = -1, .kept_fd = -1};
	for (unsigned i = 0; i < b->n && !rc; i++)
		if (!out_of_use[i])
			rc = start_worker(b, &b->worker[i], err);
	if (!rc)
		rc = loop(b, err);
	for (unsigned i = 0; i < b->n; i++)
		end_worker(&b->worker[i], rc != 0);
	for (uint32_t i = 0; b->outcome && i < p->n_runs; i++)
		free(b->outcome[i].kept);
	free(b->outcome);
	free(b);
	return rc;
}
