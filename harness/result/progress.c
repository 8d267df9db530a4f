/* SPDX-License-Identifier: Apache-2.0 */
#include "result/progress.h"

#include "base/term.h"
#include "base/text.h"
#include "result/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512
#define SECOND_NS 1000000000u

void bp_progress_init(struct bp_progress *p, int fd, bool live, bool color, unsigned columns, uint32_t of)
{
	*p = (struct bp_progress){.fd = fd, .live = live, .color = color, .columns = columns ? columns : 80, .of = of};
}

/* What cannot be written is lost: progress is no result. */
static void put(const struct bp_progress *p, const char *s, size_t len)
{
	while (len) {
		ssize_t n = write(p->fd, s, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		s += n;
		len -= (size_t)n;
	}
}

/* Never onto the next line, or the redraw would not find it again. */
static void draw(struct bp_progress *p, char *line, size_t len)
{
	size_t room = p->columns > 1 ? p->columns - 1 : 1;
	char out[LINE_BYTES + sizeof(BP_TERM_REDRAW)];
	int n;

	n = snprintf(out, sizeof(out), BP_TERM_REDRAW "%.*s", (int)(len < room ? len : room), line);
	if (n > 0)
		put(p, out, (size_t)n < sizeof(out) ? (size_t)n : sizeof(out) - 1);
	p->drawn = true;
}

static uint64_t scaled(uint64_t a, uint64_t b, uint64_t by)
{
	if (!by)
		return 0;
	/* a * b may be too large for long runs; then the rounding of a/by does not matter. */
	return a > UINT64_MAX / (b ? b : 1) ? a / by * b : a * b / by;
}

static char *show_left(char *out, size_t cap, uint64_t ns)
{
	uint64_t s = (ns + SECOND_NS - 1) / SECOND_NS;

	if (s >= 3600)
		snprintf(out, cap, "%llu h %02u min", (unsigned long long)(s / 3600), (unsigned)(s / 60 % 60));
	else if (s >= 60)
		snprintf(out, cap, "%u min %02u s", (unsigned)(s / 60), (unsigned)(s % 60));
	else
		snprintf(out, cap, "%u s", (unsigned)s);
	return out;
}

static void redraw(struct bp_progress *p, uint64_t now_ns)
{
	uint64_t spent = now_ns > p->began_ns ? now_ns - p->began_ns : 0;
	char done[BP_SHOW_COUNT_BYTES], total[BP_SHOW_COUNT_BYTES], rate[BP_SHOW_COUNT_BYTES], left[40], line[LINE_BYTES];
	size_t n;

	n = (size_t)snprintf(line, sizeof(line), "[%u/%u] %.200s  %s of %s  %u%%", p->index, p->of, p->scenario,
			     bp_show_count(done, p->done), bp_show_count(total, p->total),
			     p->total ? (unsigned)((uint64_t)p->done * 100 / p->total) : 0);
	if (p->failed)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "  %u failed", p->failed);
	if (p->done && spent >= SECOND_NS / 10) {
		n += (size_t)snprintf(line + n, sizeof(line) - n, "  %s runs/s",
				      bp_show_count(rate, scaled(p->runs, SECOND_NS, spent)));
		if (p->done < p->total)
			n += (size_t)snprintf(line + n, sizeof(line) - n, "  %s left",
					      show_left(left, sizeof(left), scaled(spent, p->total - p->done, p->done)));
	}
	draw(p, line, n);
	p->drawn_ns = now_ns;
}

void bp_progress_begin(struct bp_progress *p, const char *name, uint32_t total, uint64_t now_ns)
{
	p->scenario = name;
	p->index++;
	p->total = total;
	p->done = p->runs = p->failed = 0;
	p->began_ns = now_ns;
	if (p->live)
		redraw(p, now_ns);
}

void bp_progress_more(struct bp_progress *p, uint32_t total)
{
	p->total = total;
}

void bp_progress_update(struct bp_progress *p, uint32_t done, uint32_t runs, uint32_t failed, uint64_t now_ns)
{
	p->done = done;
	p->runs = runs;
	p->failed = failed;
	if (p->live && now_ns - p->drawn_ns >= BP_PROGRESS_REDRAW_NS)
		redraw(p, now_ns);
}

void bp_progress_clear(struct bp_progress *p)
{
	if (p->drawn)
		put(p, BP_TERM_REDRAW, sizeof(BP_TERM_REDRAW) - 1);
	p->drawn = false;
}

static enum bp_sgr color_of(enum bp_outcome o)
{
	return o == BP_OUTCOME_PASSED ? BP_SGR_GREEN : o == BP_OUTCOME_FAILED ? BP_SGR_RED : BP_SGR_YELLOW;
}

void bp_progress_end(struct bp_progress *p, const struct bp_journal_sums *sums, enum bp_outcome outcome, uint64_t now_ns)
{
	uint64_t spent = now_ns > p->began_ns ? now_ns - p->began_ns : 0;
	char cases[BP_SHOW_COUNT_BYTES], runs[BP_SHOW_COUNT_BYTES], time[40], line[LINE_BYTES];
	int n;

	bp_progress_clear(p);
	n = snprintf(line, sizeof(line), "[%u/%u] %s%s%s %.200s: cases %s, runs %s, failed %u, %s\n", p->index, p->of,
		     bp_sgr(p->color, color_of(outcome)), bp_outcome_name(outcome), bp_sgr(p->color, BP_SGR_RESET), p->scenario,
		     bp_show_count(cases, sums->cases), bp_show_count(runs, sums->runs), sums->count[BP_FAIL],
		     bp_show_duration(time, sizeof(time), spent));
	if (n > 0)
		put(p, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}
