/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/pool.h"

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
#include <time.h>
#include <unistd.h>

#define BATCH 16u
#define WORKERS_LOST 1000u /* more than this in one sweep, and something is wrong with the host */
#define LOG_BYTES BP_RECOVERY_BYTES
#define BATCH_LIMIT_S 120 /* a run takes a millisecond; the slowest, an endless poll loop, a few seconds */

struct task {
	uint32_t first, count;
};

struct worker {
	pid_t pid;
	int fd;
	struct task task;       /* count 0: has nothing to do */
	bool begun;             /* it has taken the task up: a task that is sent to a dying worker harms nobody */
	uint32_t at;            /* results of the task that have come */
	struct timespec since;
	uint8_t *logs;          /* shared: LOG_BYTES for each run of a batch; NULL when none are recorded */
};

#define TASK_BEGUN UINT32_MAX

struct answer {
	uint32_t index;         /* of a run, or TASK_BEGUN */
	int rc;                 /* 0, or the rig's error */
	uint32_t log_bytes;     /* of its recovery, in the worker's shared memory; 0: none */
	uint32_t n_asked;       /* pages that it looked at; 0: not told */
	uint8_t asked[BP_CLASS_PAGES];
	struct bp_judgement j;
};

struct pool {
	struct bp_runner *runner;
	struct bp_plan *plan;
	struct worker worker[BP_MAX_JOBS];
	unsigned jobs;
	uint32_t first;         /* run that the arrays begin with */
	struct answer *answer;  /* by run; shared by nobody, filled by messages */
	unsigned char *state;   /* 0 open, 1 answered */
	unsigned char *crashes;
	uint32_t next, merged;  /* next run to hand out; runs given to `done` */
	uint32_t retry[BP_MAX_JOBS * BATCH]; /* as many runs as can be out: new ones are given out when it is empty */
	unsigned n_retries, lost;
};

/* ---- in the worker ---- */

static void judge_one(struct pool *p, uint32_t index, uint8_t *log, struct answer *a)
{
	struct bp_plan *plan = p->plan;
	struct bp_err err = {0};

	*a = (struct answer){.index = index};
	a->rc = bp_runner_case(p->runner, plan, &plan->cases[plan->run[index].first_case], &a->j, &err);
	if (a->rc >= 0 && plan->record && a->j.verdict == BP_PASS && bp_case_is_logged(&plan->cases[plan->run[index].first_case])) {
		a->log_bytes = (uint32_t)p->runner->packed_bytes;
		memcpy(log, p->runner->packed, p->runner->packed_bytes);
	}
	if (a->rc >= 0 && plan->ask) {
		a->n_asked = p->runner->n_asked;
		memcpy(a->asked, p->runner->asked, a->n_asked);
	}
	if (a->rc >= 0)
		return;
	a->j = (struct bp_judgement){.verdict = BP_RIG, .invariant = -1, .running = -1, .reason = -1};
	snprintf(a->j.text, sizeof(a->j.text), "%.*s", (int)sizeof(a->j.text) - 1, err.text);
}

__attribute__((noreturn)) static void work(struct pool *p, const struct worker *w, int fd, pid_t parent)
{
	const struct answer begun = {.index = TASK_BEGUN};
	struct task t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN); /* the parent decides */
	if (bp_vboard_forked(NULL))
		_exit(1);
	while (recv(fd, &t, sizeof(t), 0) == (ssize_t)sizeof(t)) {
		if (send(fd, &begun, sizeof(begun), MSG_NOSIGNAL) != (ssize_t)sizeof(begun))
			_exit(0);
		for (uint32_t i = t.first; i < t.first + t.count; i++) {
			struct answer a;

			judge_one(p, i, w->logs + (i - t.first) * LOG_BYTES, &a);
			if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) != (ssize_t)sizeof(a))
				_exit(0);
		}
	}
	_exit(0);
}

/* ---- in the parent ---- */

static int start_worker(struct pool *p, struct worker *w, struct bp_err *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return bp_fail(err, BP_EIO, "cannot start a worker: %s", strerror(errno));
	w->pid = fork();
	if (w->pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return bp_fail(err, BP_EIO, "cannot start a worker: %s", strerror(errno));
	}
	if (w->pid == 0) {
		close(pair[0]);
		for (unsigned i = 0; i < p->jobs; i++)
			if (&p->worker[i] != w && p->worker[i].fd >= 0)
				close(p->worker[i].fd);
		work(p, w, pair[1], parent);
	}
	close(pair[1]);
	w->fd = pair[0];
	w->task.count = 0;
	return 0;
}

static void end_worker(struct worker *w, bool now)
{
	if (w->pid <= 0)
		return;
	if (now)
		kill(w->pid, SIGKILL);
	close(w->fd);
	w->fd = -1;
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}

static int replace_worker(struct pool *p, struct worker *w, struct bp_err *err)
{
	end_worker(w, true);
	if (++p->lost > WORKERS_LOST)
		return bp_fail(err, BP_EIO, "workers keep dying");
	return start_worker(p, w, err);
}

static int hand_out(struct pool *p, struct worker *w, struct bp_err *err)
{
	bool again = p->n_retries > 0;

	if (again) {
		w->task = (struct task){p->retry[--p->n_retries], 1};
	} else if (p->next < p->plan->n_runs) {
		uint32_t left = p->plan->n_runs - p->next, fair = left / (p->jobs * 4) + 1;

		w->task = (struct task){p->next, fair < BATCH ? fair : BATCH};
		p->next += w->task.count;
	} else {
		w->task.count = 0;
		return 0;
	}
	w->at = 0;
	w->begun = false;
	clock_gettime(CLOCK_MONOTONIC, &w->since);
	if (send(w->fd, &w->task, sizeof(w->task), MSG_NOSIGNAL) == (ssize_t)sizeof(w->task))
		return 0;
	/* It died with nothing to do: no run is suspect, and what it did not get waits for the next worker. */
	if (again)
		p->n_retries++;
	else
		p->next -= w->task.count;
	return replace_worker(p, w, err);
}

static void crashed(struct pool *p, uint32_t index, const char *how)
{
	struct answer *a = &p->answer[index - p->first];

	if (!p->crashes[index - p->first]++) {
		p->retry[p->n_retries++] = index;
		return;
	}
	*a = (struct answer){.index = index, .j = {.verdict = BP_RIG, .invariant = -1, .running = -1, .reason = -1}};
	snprintf(a->j.text, sizeof(a->j.text), "the worker that judged it %s, twice", how);
	p->state[index - p->first] = 1;
}

/* A worker is gone or stuck: its current run is suspect, the rest of its batch goes back. */
static int replace(struct pool *p, struct worker *w, const char *how, struct bp_err *err)
{
	struct task t = w->task;
	uint32_t at = w->at;

	if (t.count && w->begun)
		crashed(p, t.first + at++, how);
	for (uint32_t i = at; i < t.count; i++)
		p->retry[p->n_retries++] = t.first + i;
	return replace_worker(p, w, err);
}

static int receive(struct pool *p, struct worker *w, struct bp_err *err)
{
	struct answer a;
	ssize_t n = recv(w->fd, &a, sizeof(a), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == (ssize_t)sizeof(a) && a.index == TASK_BEGUN) {
		w->begun = true;
		return 0;
	}
	if (n != (ssize_t)sizeof(a) || a.index < p->first || a.index >= p->plan->n_runs)
		return replace(p, w, "died", err);
	if (a.log_bytes && (a.index < w->task.first || a.index - w->task.first >= w->task.count || a.log_bytes > LOG_BYTES))
		return replace(p, w, "died", err);
	if (a.log_bytes) {
		int rc = bp_plan_keep_log(p->plan, a.index, w->logs + (a.index - w->task.first) * LOG_BYTES, a.log_bytes, err);

		if (rc)
			return rc;
	}
	if (a.n_asked > BP_CLASS_PAGES)
		return replace(p, w, "died", err);
	if (a.n_asked) {
		int rc = bp_plan_keep_asked(p->plan, a.index, a.asked, a.n_asked, a.j.verdict == BP_PASS, err);

		if (rc)
			return rc;
	}
	p->answer[a.index - p->first] = a;
	p->state[a.index - p->first] = 1;
	if (++w->at == w->task.count)
		return hand_out(p, w, err);
	return 0;
}

static int merge(struct pool *p, bp_pool_done *done, void *ctx, struct bp_err *err)
{
	while (p->merged < p->plan->n_runs && p->state[p->merged - p->first]) {
		int rc = done(ctx, p->merged, &p->answer[p->merged - p->first].j, err);

		if (rc < 0)
			return rc;
		p->merged++;
	}
	return 0;
}

static int stuck(struct pool *p, struct bp_err *err)
{
	struct timespec now;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned i = 0; i < p->jobs && !rc; i++) {
		struct worker *w = &p->worker[i];

		if (w->task.count && now.tv_sec - w->since.tv_sec > BATCH_LIMIT_S)
			rc = replace(p, w, "hung", err);
		if (!rc && !w->task.count && (p->n_retries || p->next < p->plan->n_runs))
			rc = hand_out(p, w, err);
	}
	return rc;
}

static int loop(struct pool *p, bp_pool_done *done, void *ctx, struct bp_err *err)
{
	struct pollfd fds[BP_MAX_JOBS];
	int rc = 0;

	while (p->merged < p->plan->n_runs && !rc) {
		rc = stuck(p, err);
		if (rc)
			break;
		for (unsigned i = 0; i < p->jobs; i++)
			fds[i] = (struct pollfd){.fd = p->worker[i].fd, .events = POLLIN};
		if (poll(fds, p->jobs, 1000) < 0 && errno != EINTR)
			return bp_fail(err, BP_EIO, "poll: %s", strerror(errno));
		for (unsigned i = 0; i < p->jobs && !rc; i++)
			if (fds[i].revents)
				rc = receive(p, &p->worker[i], err);
		if (!rc)
			rc = merge(p, done, ctx, err);
	}
	return rc;
}

static int share_memory(struct pool *p, struct bp_err *err)
{
	for (unsigned i = 0; i < p->jobs && p->plan->record; i++) {
		void *m = mmap(NULL, BATCH * LOG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED)
			return bp_fail(err, BP_ENOMEM, "no memory for the logs of recoveries: %s", strerror(errno));
		p->worker[i].logs = m;
	}
	return 0;
}

static void close_pool(struct pool *p, bool now)
{
	for (unsigned i = 0; i < p->jobs; i++) {
		end_worker(&p->worker[i], now);
		if (p->worker[i].logs)
			munmap(p->worker[i].logs, BATCH * LOG_BYTES);
	}
	free(p->answer);
	free(p->state);
	free(p->crashes);
	free(p);
}

int bp_pool_judge(struct bp_runner *r, struct bp_plan *plan, uint32_t first, unsigned jobs, bp_pool_done *done, void *ctx,
		  struct bp_err *err)
{
	uint32_t n = plan->n_runs - first;
	struct pool *p;
	int rc;

	if (!n)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return bp_fail(err, BP_ENOMEM, "no memory for workers");
	p->runner = r;
	p->plan = plan;
	p->first = p->next = p->merged = first;
	p->jobs = jobs < 1 ? 1 : jobs > BP_MAX_JOBS ? BP_MAX_JOBS : jobs;
	if (p->jobs > n)
		p->jobs = n;
	p->answer = calloc(n, sizeof(*p->answer));
	p->state = calloc(n, 1);
	p->crashes = calloc(n, 1);
	for (unsigned i = 0; i < p->jobs; i++)
		p->worker[i].fd = -1;
	rc = p->answer && p->state && p->crashes ? share_memory(p, err) : bp_fail(err, BP_ENOMEM, "no memory for %u runs", n);
	for (unsigned i = 0; i < p->jobs && !rc; i++)
		rc = start_worker(p, &p->worker[i], err);
	if (!rc)
		rc = loop(p, done, ctx, err);
	close_pool(p, rc != 0);
	return rc;
}
