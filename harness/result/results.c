/* SPDX-License-Identifier: Apache-2.0 */
#include "result/results.h"

#include "result/results_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int parse(struct bp_results_reader *rd, const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;

		if (n > BP_JOURNAL_LINE_BYTES)
			return bp_fail(rd->err, BP_ECONFIG, "%s:%lu: error: a line of more than %zu bytes", rd->name,
				       rd->line + 1, BP_JOURNAL_LINE_BYTES);
		if (bp_results_reader_line(rd, text + at, n, nl != NULL))
			return rd->rc;
		at += n + (nl != NULL);
	}
	return bp_results_reader_done(rd);
}

int bp_results_parse(struct bp_arena *a, const char *name, const char *text, size_t len, struct bp_results **out,
		     struct bp_err *err)
{
	struct bp_results_reader rd;
	int rc = bp_results_reader_init(&rd, a, NULL, name, err);

	if (!rc)
		rc = parse(&rd, text, len);
	if (!rc)
		*out = rd.r;
	return rc;
}

int bp_results_parse_timing(struct bp_arena *a, struct bp_results *r, const char *name, const char *text, size_t len,
			    struct bp_err *err)
{
	struct bp_results_reader rd;
	int rc = bp_results_reader_init(&rd, a, r, name, err);

	return rc ? rc : parse(&rd, text, len);
}

/* Take the whole lines off the front of the buffer; *have is what stays. */
static int take_lines(struct bp_results_reader *rd, char *buf, size_t *have)
{
	size_t at = 0;
	const char *nl;

	while ((nl = memchr(buf + at, '\n', *have - at))) {
		size_t n = (size_t)(nl - buf) - at;

		if (bp_results_reader_line(rd, buf + at, n, true))
			return rd->rc;
		at += n + 1;
	}
	memmove(buf, buf + at, *have - at);
	*have -= at;
	return 0;
}

static int read_lines(struct bp_results_reader *rd, int fd, char *buf)
{
	size_t have = 0;

	for (;;) {
		ssize_t n;

		if (have > BP_JOURNAL_LINE_BYTES)
			return bp_fail(rd->err, BP_ECONFIG, "%s:%lu: error: a line of more than %zu bytes", rd->name,
				       rd->line + 1, BP_JOURNAL_LINE_BYTES);
		n = read(fd, buf + have, BP_JOURNAL_LINE_BYTES + 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bp_fail(rd->err, BP_EIO, "%s: cannot read: %s", rd->name, strerror(errno));
		if (n == 0)
			break;
		have += (size_t)n;
		if (take_lines(rd, buf, &have))
			return rd->rc;
	}
	if (have && bp_results_reader_line(rd, buf, have, false))
		return rd->rc;
	return bp_results_reader_done(rd);
}

/* BP_ENOENT when there is no such file. */
static int read_file(struct bp_results_reader *rd, char *buf)
{
	int fd = open(rd->name, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return bp_fail(rd->err, errno == ENOENT ? BP_ENOENT : BP_EIO, "%s: cannot open: %s", rd->name,
			       strerror(errno));
	rc = read_lines(rd, fd, buf);
	close(fd);
	return rc;
}

int bp_results_read(struct bp_arena *a, const char *dir, struct bp_results **out, struct bp_err *err)
{
	const char *journal = bp_arena_printf(a, "%s/journal.jsonl", dir);
	const char *timing = bp_arena_printf(a, "%s/timing.jsonl", dir);
	char *buf = bp_arena_alloc(a, BP_JOURNAL_LINE_BYTES + 1);
	struct bp_results_reader rd;
	struct bp_results *r;
	int rc;

	if (!journal || !timing || !buf)
		return bp_fail(err, BP_ENOMEM, "%s: no memory", dir);
	rc = bp_results_reader_init(&rd, a, NULL, journal, err);
	if (!rc)
		rc = read_file(&rd, buf);
	if (rc)
		return rc;
	r = rd.r;
	rc = bp_results_reader_init(&rd, a, r, timing, err);
	if (!rc)
		rc = read_file(&rd, buf);
	if (rc && rc != BP_ENOENT)
		return rc;
	*out = r;
	return 0;
}

const struct bp_journal_evidence *bp_results_evidence(const struct bp_results *r, uint32_t id)
{
	size_t low = 0, high = r->n_evidence;

	while (id && low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->evidence[mid].id == id)
			return &r->evidence[mid];
		if (r->evidence[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const char *bp_outcome_name(enum bp_outcome o)
{
	static const char *const names[] = {
		[BP_OUTCOME_PASSED] = "passed",
		[BP_OUTCOME_FAILED] = "failed",
		[BP_OUTCOME_ERROR] = "error",
		[BP_OUTCOME_INCOMPLETE] = "incomplete",
	};

	return (unsigned)o < sizeof(names) / sizeof(names[0]) ? names[o] : "unknown";
}

enum bp_outcome bp_sums_outcome(bool required, bool control, const struct bp_journal_sums *s)
{
	if (control)
		return s->count[BP_FAIL] ? BP_OUTCOME_PASSED : BP_OUTCOME_ERROR;
	if (s->count[BP_FAIL])
		return BP_OUTCOME_FAILED;
	/* A required scenario of which nothing was judged has shown nothing. */
	if (s->count[BP_RIG] || (required && (s->count[BP_NOT_EXERCISED] || !s->count[BP_PASS])))
		return BP_OUTCOME_ERROR;
	return BP_OUTCOME_PASSED;
}

enum bp_outcome bp_result_outcome(const struct bp_result_scenario *s)
{
	enum bp_outcome o = bp_sums_outcome(s->head.required, s->head.control != NULL, &s->sums);

	if (s->ended || o == BP_OUTCOME_FAILED)
		return o;
	return BP_OUTCOME_INCOMPLETE;
}
