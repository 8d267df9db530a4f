/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crosscheck.c - a second opinion on the sweep's own way of reaching states.
 *
 * The sweep builds states from the flash log; were the log or its reading wrong,
 * every case would be judged on a board that never was. So the first and the last
 * case of each variant and phase are run from the start as well, with the fault
 * armed on the live board: the flash that the cut leaves, what is owed, and the
 * judgement must be the same. And cases that share a run must owe the same, field
 * by field: the key that merged them is not asked again. In a child process, with a
 * deadline.
 */
#include "cmd/matrix.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 300u /* some seventy runs of a millisecond; a sick firmware takes seconds for one */
#define CELLS (BP_MAX_VARIANTS * BP_PHASES)

/* 1 when the case agrees. */
static int check(struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, const struct bp_judgement *judged)
{
	char token[BP_TOKEN_BYTES], text[200];
	struct bp_err err = {0};
	int rc;

	if (judged[c->run].verdict == BP_RIG)
		return 1; /* counted as trouble already */
	rc = bp_runner_check(r, p, c, &judged[c->run], text, sizeof(text), &err);
	if (rc == 1)
		return 1;
	fprintf(stderr, "brickproof: %s: %s: a defect of the rig\n", bp_token_show(token, p, r->product->name, c), rc < 0 ? err.text : text);
	return 0;
}

/* May the run of another case judge this one? */
static int shares_rightly(const struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c)
{
	struct bp_obligation mine = p->log->owed[c->state.owed].owed;
	struct bp_obligation judged = p->log->owed[p->cases[p->run[c->run].first_case].state.owed].owed;
	char token[BP_TOKEN_BYTES];

	mine.phase = judged.phase = 0; /* for sweeps, not owed */
	if (!memcmp(&mine, &judged, sizeof(mine)))
		return 1;
	fprintf(stderr, "brickproof: %s: it shares the run of a case that owes other things: a defect of the rig\n",
		bp_token_show(token, p, r->product->name, c));
	return 0;
}

static int child(struct bp_runner *r, const struct bp_plan *p, const struct bp_judgement *judged)
{
	static uint32_t first[CELLS], last[CELLS]; /* case index + 1 */
	int agree = 1;

	for (uint32_t i = 0; i < p->n_cases; i++) {
		uint32_t cell = p->cases[i].variant * (uint32_t)BP_PHASES + p->cases[i].phase;

		if (p->cases[i].kind != BP_CASE_CUT || bp_fault_runs_on(p->cases[i].cut.fault)) /* run from the start anyway */
			continue;
		if (agree && !shares_rightly(r, p, &p->cases[i]))
			agree = 0;
		if (!first[cell])
			first[cell] = i + 1;
		last[cell] = i + 1;
	}
	for (uint32_t cell = 0; cell < CELLS; cell++) {
		if (first[cell])
			agree &= check(r, p, &p->cases[first[cell] - 1], judged);
		if (last[cell] != first[cell])
			agree &= check(r, p, &p->cases[last[cell] - 1], judged);
	}
	return agree;
}

int bp_crosscheck(struct bp_runner *r, const struct bp_plan *p, const struct bp_judgement *judged, struct bp_err *err)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return bp_fail(err, BP_EIO, "cannot start the cross-check: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(LIMIT_S);
		_exit(bp_vboard_forked(NULL) || !child(r, p, judged));
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		fprintf(stderr, "brickproof: %s: the cross-check did not end within %u s: nobody knows whether both ways agree\n", p->scenario->name,
			LIMIT_S);
		return 0;
	}
	if (!WIFEXITED(status))
		return bp_fail(err, BP_EIO, "%s: the cross-check died of signal %d", p->scenario->name, WTERMSIG(status));
	return WEXITSTATUS(status) == 0;
}
