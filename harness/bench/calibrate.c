/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/calibrate.h"

#include "base/clock.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define LEAD_NS (2 * BP_NS_PER_MS)       /* a command for later leaves so far ahead: the readings run by then */
#define SETTLE_MS 20                     /* the core has run so long: it is in its firmware, not in its start-up */
#define DEAD_NS (20 * BP_NS_PER_S)       /* a board that answers for so long has not been switched off */
#define OFF_NS (500 * BP_NS_PER_MS)
#define FIRST_BYTE_NS (5 * BP_NS_PER_S)
#define BOOTS 5u
#define MEETS_FROM 0.50
#define MEETS_TO 0.90
#define FAST 10u                         /* one in so many readings is as fast or faster: the host did not hold it up */
#define WIDE 3                           /* an interval so many times the width of a fast one tells nothing */
#define LEAST_TELLING 0.25               /* of all cuts */
#define WINDOW 0.95                      /* of all cuts: what `jitter` is the half width of */
#define SURE 8                           /* standard errors that fit into what a calibration may be off: the readings' own error comes on top */
#define EVEN 0.23                        /* standard error of the half width from one draw of an even distribution, of that half width */
#define STEP_NS 5000.0                   /* of the distribution, or a part of its width */
#define STEPS 4000u
#define ROUNDS 400                       /* the distribution has long stood still by then */
#define MAY_BE_OFF_NS 50e3               /* a calibration is good for that, or a tenth */

/* ---- numbers ------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct spread {
	double from, step;
	uint32_t n;
	double p[STEPS], next[STEPS];
};

static uint32_t bin(const struct spread *s, uint64_t ns)
{
	double at = ((double)ns - s->from) / s->step;

	return at <= 0 ? 0 : at >= s->n - 1 ? s->n - 1 : (uint32_t)at;
}

/*
 * The distribution under which just these intervals are most likely (Turnbull
 * 1976, the empirical distribution from censored data): each interval is shared
 * out over its bins as they weigh so far, until nothing moves.
 */
static void most_likely(struct spread *s, const uint64_t *low, const uint64_t *high, uint32_t n)
{
	for (uint32_t k = 0; k < s->n; k++)
		s->p[k] = 1.0 / s->n;
	for (int round = 0; round < ROUNDS; round++) {
		memset(s->next, 0, sizeof(s->next));
		for (uint32_t i = 0; i < n; i++) {
			uint32_t first = bin(s, low[i]), last = bin(s, high[i]);
			double sum = 0;

			for (uint32_t k = first; k <= last; k++)
				sum += s->p[k];
			for (uint32_t k = first; k <= last && sum > 0; k++)
				s->next[k] += s->p[k] / sum / n;
		}
		memcpy(s->p, s->next, sizeof(s->p));
	}
}

static double quantile(const struct spread *s, double q)
{
	double sum = 0;
	uint32_t k = 0;

	while (k < s->n - 1 && sum + s->p[k] < q)
		sum += s->p[k++];
	return s->from + s->step * (k + (s->p[k] > 0 ? (q - sum) / s->p[k] : 0.5));
}

static double may_be_off(double ns)
{
	return ns / 10 > MAY_BE_OFF_NS ? ns / 10 : MAY_BE_OFF_NS;
}

/* Standard error of a quantile from n draws: what the distribution spans between the ranks that it may have (Woodruff 1952). */
static double quantile_error(const struct spread *s, double q, uint32_t n)
{
	double ranks = sqrt(q * (1 - q) / n);

	return (quantile(s, fmin(q + ranks, 1)) - quantile(s, fmax(q - ranks, 0))) / 2;
}

static uint64_t width_of(const struct bp_intervals *seen, uint32_t i)
{
	return seen->high_ns[i] - seen->low_ns[i];
}

/* Bins for all that may be, and the most likely distribution in them. */
static void fit(struct spread *s, const struct bp_intervals *seen)
{
	uint64_t from = BP_NEVER, to = 0;

	for (uint32_t i = 0; i < seen->n; i++) {
		from = seen->low_ns[i] < from ? seen->low_ns[i] : from;
		to = seen->high_ns[i] > to ? seen->high_ns[i] : to;
	}
	s->from = (double)from;
	s->step = fmax((double)(to - from) / STEPS, STEP_NS);
	s->n = 1 + (uint32_t)((double)(to - from) / s->step);
	s->n = s->n < STEPS ? s->n : STEPS;
	most_likely(s, seen->low_ns, seen->high_ns, seen->n);
}

int bp_calibrate_estimate(const char *board, const struct bp_intervals *seen, struct bp_calibrated *out, struct bp_err *err)
{
	static struct spread s;
	uint64_t width[BP_CALIBRATE_MAX_CUTS];
	uint32_t n = seen->n, telling = 0;
	double low, high, error, off;

	if (n < BP_CALIBRATE_MIN_CUTS || n > BP_CALIBRATE_MAX_CUTS)
		return bp_fail(err, BP_EINTERNAL, "%u cuts to calibrate from", n);
	for (uint32_t i = 0; i < n; i++)
		width[i] = width_of(seen, i);
	qsort(width, n, sizeof(width[0]), ascending);
	for (uint32_t i = 0; i < n; i++)
		telling += width[i] <= WIDE * width[n / FAST];
	if (telling < LEAST_TELLING * n)
		return bp_fail(err, BP_EREFUSED, "board %s: %u of %u cuts could not be timed, as this host was held up: try again when it is "
			       "less busy", board, n - telling, n);
	fit(&s, seen);
	low = quantile(&s, (1 - WINDOW) / 2);
	high = quantile(&s, (1 + WINDOW) / 2);
	error = hypot(quantile_error(&s, (1 - WINDOW) / 2, telling), quantile_error(&s, (1 + WINDOW) / 2, telling)) / 2;
	/* By chance the most likely distribution stands in few bins near the ends, and seems surer than an even one can be. */
	error = fmax(error, EVEN * (high - low) / 2 / sqrt(telling));
	*out = (struct bp_calibrated){
		.dead_ns = (uint64_t)((low + high) / 2), .jitter_ns = (uint64_t)((high - low) / 2), .error_ns = (uint64_t)error,
		.resolution_ns = width[n / 2] / 2, .cuts = n,
	};
	/* Were the middles of the intervals all that is known, they would be so far off in the mean; all of them may be shifted alike. */
	off = fmax((double)out->resolution_ns / sqrt(telling), (double)seen->unsure_ns);
	if (off > may_be_off((double)out->dead_ns))
		return bp_fail(err, BP_EREFUSED, "board %s: its probe tells the end to %.2f ms only, too coarse for a delay of %.2f ms from %u "
			       "cuts: a faster adapter speed or a less busy host is needed", board, (double)out->resolution_ns / 1e6,
			       (double)out->dead_ns / 1e6, n);
	return 0;
}

bool bp_calibrate_sure(const struct bp_calibrated *c)
{
	return SURE * (double)c->error_ns <= fmin(may_be_off((double)c->dead_ns), may_be_off((double)c->jitter_ns));
}

/* ---- a cut ------------------------------------------------------------------------------------ */

struct reading {
	uint64_t began, ended;
};

static int read_word(struct bp_real *r, struct reading *out, struct bp_err *err)
{
	uint8_t word[4];
	int rc;

	out->began = bp_clock_ns();
	rc = r->debug.ops->read_ram(r->debug.self, r->canary_at, word, sizeof(word), err);
	out->ended = bp_clock_ns();
	return rc;
}

struct cut {
	int64_t answered_ns, failed_ns; /* begin of the last reading that was answered, and of the one after it, from the command on */
	uint64_t took_ns, pause_ns, vain_ns; /* the former's time, the pause between them, the latter's time */
};

/* Switch off and read until there is no answer. */
static int one_cut(struct bp_real *r, struct cut *out, struct bp_err *err)
{
	struct reading last = {0}, now = {0};
	uint64_t command, deadline = bp_deadline_in(DEAD_NS);
	int rc = read_word(r, &last, err), reading = 0;

	if (rc)
		return bp_prefix(err, "board %s: before it was switched off", r->bench->name);
	if (r->power.ops->off_at) {
		command = bp_clock_ns() + LEAD_NS;
		rc = r->power.ops->off_at(r->power.self, command, err);
	} else {
		command = bp_clock_ns();
		rc = r->power.ops->off(r->power.self, err);
	}
	while (!rc && !(reading = read_word(r, &now, err)) && !bp_deadline_passed(deadline))
		last = now;
	if (!rc && !reading)
		rc = bp_fail(err, BP_EIO, "board %s: it answered its probe for %.0f s after it was switched off: check the relay", r->bench->name,
			     (double)DEAD_NS / 1e9);
	if (bp_real_power_down(r, rc ? NULL : err) && !rc)
		rc = BP_EIO;
	if (rc)
		return rc;
	*out = (struct cut){(int64_t)(last.began - command), (int64_t)(now.began - command), last.ended - last.began, now.began - last.ended,
			    now.ended - now.began};
	return 0;
}

/* Power on with nothing attached: when does the console say something? 0: not in time. */
static int first_byte(struct bp_real *r, uint64_t *after_ns, struct bp_err *err)
{
	uint64_t since = bp_clock_ns() + OFF_NS, on, at = 0, deadline;
	uint8_t bytes[256];
	int rc;

	while (bp_clock_ns() < since)
		poll(NULL, 0, 10);
	bp_console_drop(&r->console);
	on = bp_clock_ns();
	deadline = on + FIRST_BYTE_NS;
	rc = r->power.ops->on(r->power.self, err);
	*after_ns = 0;
	while (!rc && !*after_ns && !bp_deadline_passed(deadline)) {
		bp_world_real_ops.wait(&r->world, deadline, NULL);
		rc = r->console.ops->read(r->console.self, bytes, sizeof(bytes), &at, err);
		if (rc > 0) {
			*after_ns = at > on ? at - on : 1;
			rc = 0;
		}
	}
	if (bp_real_power_down(r, rc ? NULL : err) && !rc)
		rc = BP_EIO;
	return rc;
}

static int first_bytes(struct bp_real *r, uint64_t *median, struct bp_err *err)
{
	uint64_t after[BOOTS];

	for (unsigned i = 0; i < BOOTS; i++) {
		int rc = first_byte(r, &after[i], err);

		if (rc)
			return rc;
	}
	qsort(after, BOOTS, sizeof(after[0]), ascending);
	*median = after[BOOTS / 2];
	return 0;
}

/*
 * A reading meets the board 50 to 90 per cent into its time; before that the
 * command is on its way, after that the answer (OpenOCD 0.12 with an ST-LINK,
 * against a served board's own account of its death, November 2026: 99 of 100; what
 * another adapter shifts is a part of one reading). The board lived when the last
 * one that was answered met it, and was dead when the next met it. A reading that
 * the host held up may have met it as early as a fast one does, and as late as all
 * that it was held up: such an interval is wide, but never wrong.
 */
static void intervals(const struct cut *cut, uint32_t n, struct bp_intervals *out)
{
	uint64_t took[BP_CALIBRATE_MAX_CUTS] = {0}, vain[BP_CALIBRATE_MAX_CUTS] = {0}, fast, in_vain;

	for (uint32_t i = 0; i < n; i++) {
		took[i] = cut[i].took_ns;
		vain[i] = cut[i].vain_ns;
	}
	qsort(took, n, sizeof(took[0]), ascending);
	qsort(vain, n, sizeof(vain[0]), ascending);
	fast = took[n / FAST];
	in_vain = vain[n / FAST];
	for (uint32_t i = 0; i < n; i++) {
		uint64_t least = cut[i].took_ns < fast ? cut[i].took_ns : fast, held = cut[i].vain_ns > in_vain ? cut[i].vain_ns - in_vain : 0;
		int64_t from = cut[i].answered_ns + (int64_t)((double)least * MEETS_FROM);
		int64_t to = cut[i].failed_ns + (int64_t)((double)fast * MEETS_TO) + (int64_t)held;

		out->low_ns[i] = from > 0 ? (uint64_t)from : 0;
		out->high_ns[i] = to > from && to > 0 ? (uint64_t)to : out->low_ns[i];
	}
	out->n = n;
	out->unsure_ns = (uint64_t)((double)fast * (MEETS_TO - MEETS_FROM) / 2);
}

static int next_cut(struct bp_real *r, struct cut *out, struct bp_err *err)
{
	int rc = r->board.power.ops->on(r, err);

	if (!rc)
		poll(NULL, 0, SETTLE_MS);
	if (!rc)
		rc = one_cut(r, out, err);
	if (!rc && r->unproven)
		rc = bp_fail(err, BP_EIO, "board %s: %s", r->bench->name, r->unproven_text);
	return rc;
}

/* So many more cuts, and what they come to. */
static int more_cuts(struct bp_real *r, struct cut *cut, uint32_t from, uint32_t to, bp_calibrate_progress *progress, void *ctx,
		     struct bp_calibrated *out, struct bp_err *err)
{
	static struct bp_intervals seen;

	for (uint32_t i = from; i < to; i++) {
		int rc = next_cut(r, &cut[i], err);

		if (rc)
			return rc;
		if (progress)
			progress(ctx, i + 1, to);
	}
	intervals(cut, to, &seen);
	return bp_calibrate_estimate(r->bench->name, &seen, out, err);
}

int bp_calibrate(struct bp_real *r, uint32_t cuts, bp_calibrate_progress *progress, void *ctx, struct bp_calibrated *out, struct bp_err *err)
{
	static struct cut cut[BP_CALIBRATE_MAX_CUTS];
	bool enough = cuts == BP_CALIBRATE_ENOUGH;
	uint64_t byte_ns = 0;
	uint32_t n = 0;
	int rc = r->on ? bp_real_power_down(r, err) : 0;

	if (!rc && !enough && (cuts < BP_CALIBRATE_MIN_CUTS || cuts > BP_CALIBRATE_MAX_CUTS))
		rc = bp_fail(err, BP_EINTERNAL, "%u cuts to calibrate from", cuts);
	if (!rc && !bp_real_sees(r))
		rc = bp_fail(err, BP_ECONFIG, "board %s: when it stops is seen through its debug port, which it has not; write a 'calibration' from "
			     "the data of its switch", r->bench->name);
	bp_real_rewind(r);
	cuts = enough ? BP_CALIBRATE_FIRST_CUTS : cuts;
	while (!rc && n < cuts) {
		rc = more_cuts(r, cut, n, cuts, progress, ctx, out, err);
		n = cuts;
		if (!rc && enough && n < BP_CALIBRATE_LAST_CUTS && !bp_calibrate_sure(out))
			cuts += BP_CALIBRATE_MORE_CUTS;
	}
	if (!rc)
		rc = first_bytes(r, &byte_ns, err);
	out->first_byte_ns = rc ? 0 : byte_ns;
	return rc;
}
