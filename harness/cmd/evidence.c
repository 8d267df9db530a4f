/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.c - a failing case again, from the start, with everything written
 * down. In a child process: what crashed a worker must not crash the parent.
 */
#include "cmd/matrix.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOMENTS 2000u
#define TRACE_BYTES ((size_t)64 * 1024 * 1024)
#define LIMIT_NS (120 * BP_NS_PER_S)
#define STATE_BYTES 96u

static const char *hex_of(struct bp_arena *a, const struct bp_flash *f, const struct dut_area *area)
{
	uint32_t n = area->size < STATE_BYTES ? area->size : STATE_BYTES;
	char *out = bp_arena_alloc(a, 2u * n + n / 4u + 1u), *p = out;

	for (uint32_t i = 0; out && i < n; i++)
		p += sprintf(p, "%s%02x", i && i % 4 == 0 ? " " : "", f->bytes[area->addr + i]);
	return out;
}

/* One word on what an area holds. */
static const char *summary(struct bp_arena *a, const struct bp_product *p, const struct bp_flash *f, unsigned id)
{
	const struct dut_area *area = &p->board.dut.area[id];
	uint32_t used = 0, weak = 0;

	if (id == DUT_AREA_SLOT_A || id == DUT_AREA_SLOT_B) {
		const struct bp_artifact *art = bp_product_identify(p, id - DUT_AREA_SLOT_A, f->bytes + area->addr, area->size);

		if (art && !bp_flash_unsettled(f, area->addr, area->size))
			return art->name;
	}
	for (uint32_t i = 0; i < area->size; i++) {
		used += f->bytes[area->addr + i] != p->board.flash.erased;
		weak += f->weak[area->addr + i] != 0;
	}
	if (!used && !weak)
		return "blank";
	return bp_arena_printf(a, weak ? "%u bytes, %u weak" : "%u bytes", used, weak);
}

static const struct bp_journal_field *state_fields(struct bp_arena *a, const struct bp_product *p, const struct bp_flash *f)
{
	static const unsigned ids[4] = {DUT_AREA_STATE_A, DUT_AREA_STATE_B, DUT_AREA_COUNTER_A, DUT_AREA_COUNTER_B};
	struct bp_journal_field *out = bp_arena_array(a, 4, sizeof(*out));

	for (unsigned i = 0; out && i < 4; i++)
		out[i] = (struct bp_journal_field){p->area_name[ids[i]], hex_of(a, f, &p->board.dut.area[ids[i]])};
	return out;
}

int bp_evidence_line(struct bp_journal *j, const struct bp_product *p, struct bp_arena *a, const struct bp_trace *t,
		     const struct bp_flash *before, const struct bp_flash *after, const char *token, uint32_t id, struct bp_err *err)
{
	struct bp_journal_moment *m = bp_arena_array(a, t->n + 1, sizeof(*m));
	struct bp_journal_area *areas = bp_arena_array(a, DUT_AREA_COUNT, sizeof(*areas));
	struct bp_journal_evidence e = {
		.id = id, .token = token, .timeline = m, .n_timeline = t->n, .console = t->console.bytes,
		.console_len = t->console.len, .n_before = after ? 4 : 0, .n_after = after ? 4 : 0, .flash = areas,
	};

	e.state_before = after ? state_fields(a, p, before) : NULL;
	e.state_after = after ? state_fields(a, p, after) : NULL;
	if (!m || !areas || (after && (!e.state_before || !e.state_after)))
		return bp_fail(err, BP_ENOMEM, "no memory for evidence");
	for (unsigned i = 0; i < t->n; i++)
		m[i] = (struct bp_journal_moment){t->moment[i].at_ns, t->moment[i].what};
	for (unsigned i = 0; after && i < DUT_AREA_COUNT; i++)
		if (p->board.dut.area[i].size)
			areas[e.n_flash++] = (struct bp_journal_area){p->area_name[i], summary(a, p, before, i), summary(a, p, after, i)};
	return bp_journal_put_evidence(j, &e, err);
}

/* In the child: run, and write the line to fd. Its exit status. */
static enum bp_evidence_made make(int fd, struct bp_arena *a, struct bp_runner *r, const struct bp_plan *p,
				  const struct bp_case *c, uint32_t id, const struct bp_judgement *expected)
{
	struct bp_trace t = {.arena = a, .cap = MOMENTS};
	char token[BP_TOKEN_BYTES];
	struct bp_judgement got;
	struct bp_flash *before;
	struct bp_journal j;
	struct bp_err err;

	if (bp_flash_new(a, &r->product->board.flash, 0, &before) || bp_journal_open(&j, fd, &err))
		return BP_EVIDENCE_NONE;
	bp_text_init(&t.console, a);
	t.moment = bp_arena_array(a, t.cap, sizeof(*t.moment));
	if (!t.moment || bp_runner_whole(r, p, c, &t, before, &got, &err))
		return BP_EVIDENCE_NONE;
	if (bp_evidence_line(&j, r->product, a, &t, before, bp_vboard_flash(r->v->vboard), bp_token_show(token, p, r->product->name, c), id, &err) ||
	    bp_journal_close(&j, &err))
		return BP_EVIDENCE_NONE;
	return got.verdict == expected->verdict && got.invariant == expected->invariant ? BP_EVIDENCE_SAME : BP_EVIDENCE_OTHER;
}

static int child(int fd, struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c, uint32_t id,
		 const struct bp_judgement *expected)
{
	struct bp_arena *a = bp_arena_new(TRACE_BYTES);
	int status = BP_EVIDENCE_NONE;

	if (a && !bp_vboard_forked(NULL))
		status = (int)make(fd, a, r, p, c, id, expected);
	bp_arena_free(a);
	return status;
}

/* Copy the child's line into the journal's file. */
static int copy(int from, struct bp_journal *j, struct bp_err *err)
{
	uint64_t deadline_ns = bp_deadline_in(LIMIT_NS);
	char buf[65536];

	for (;;) {
		ssize_t n;

		if (bp_clock_poll_fd(from, POLLIN, deadline_ns) <= 0)
			return bp_fail(err, BP_ETIMEOUT, "making evidence took too long");
		n = read(from, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bp_fail(err, BP_EIO, "reading evidence: %s", strerror(errno));
		if (n == 0)
			return 0;
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(j->fd, buf + done, (size_t)(n - done));
			if (w <= 0)
				return bp_fail(err, BP_EIO, "writing the journal: %s", strerror(errno));
		}
	}
}

int bp_evidence_add(struct bp_journal *j, struct bp_runner *r, const struct bp_plan *p, const struct bp_case *c,
		    uint32_t id, const struct bp_judgement *expected, enum bp_evidence_made *made, struct bp_err *err)
{
	int fds[2], status, rc = bp_journal_flush(j, err);
	off_t end;
	pid_t pid;

	if (rc)
		return rc;
	if (pipe2(fds, O_CLOEXEC))
		return bp_fail(err, BP_EIO, "cannot make evidence: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(child(fds[1], r, p, c, id, expected));
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return bp_fail(err, BP_EIO, "cannot make evidence: %s", strerror(errno));
	}
	end = lseek(j->fd, 0, SEEK_CUR);
	rc = copy(fds[0], j, err);
	close(fds[0]);
	if (rc)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*made = WIFEXITED(status) && WEXITSTATUS(status) <= BP_EVIDENCE_OTHER ? (enum bp_evidence_made)WEXITSTATUS(status)
									      : BP_EVIDENCE_NONE;
	/* A case that takes so long has been judged all the same: what there is of its evidence goes, the run goes on. */
	if (rc == BP_ETIMEOUT && !ftruncate(j->fd, end) && lseek(j->fd, end, SEEK_SET) == end)
		rc = 0;
	return rc;
}
