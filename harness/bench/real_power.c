/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_power.c - power of an assembled board: caught power-ups with proof that
 * power was lost, cuts, and the world in which a board may be off.
 */
#include "bench/real_parts.h"

#include "base/clock.h"
#include "base/rng.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define OFF_NS (500 * BP_NS_PER_MS)      /* the supply stays off so long: every rail is down, RAM is lost */
#define SPIN_NS (200 * BP_NS_PER_US)     /* the last part of a sleep before a cut */
#define STALE_NS (200 * BP_NS_PER_MS)    /* bytes still come so long after a board is dead: buffers on the way */
#define ATTACH_NS (5 * BP_NS_PER_S)
#define DEMCR 0xe000edfcu                /* ARMv7-M architecture reference manual, C1.6.5 */
#define DEMCR_TRCENA 0x01000000u

static void sleep_until(uint64_t at_ns, bool spin)
{
	uint64_t early = spin ? SPIN_NS : 0;

	for (uint64_t left = bp_deadline_left(at_ns, bp_clock_ns()); left > early; left = bp_deadline_left(at_ns, bp_clock_ns())) {
		struct timespec t = bp_clock_timespec(left - early);

		if (nanosleep(&t, NULL) && errno != EINTR)
			break;
	}
	while (spin && bp_clock_ns() < at_ns)
		;
}

/* The probe, if there is one, sends nothing more. */
static void let_go(struct bp_real *r)
{
	if (bp_real_sees(r))
		r->debug.ops->detach(r->debug.self, NULL);
}

/* ---- off -------------------------------------------------------------------------------- */

int bp_real_cut(struct bp_real *r, uint64_t at_ns, struct bp_err *err)
{
	bool later = at_ns > bp_clock_ns() + SPIN_NS && r->power.ops->off_at;
	int rc;

	let_go(r);
	if (later) {
		rc = r->power.ops->off_at(r->power.self, at_ns, err);
		sleep_until(at_ns, false);
	} else {
		sleep_until(at_ns, true);
		rc = r->power.ops->off(r->power.self, err);
	}
	r->off_ns = later ? at_ns : bp_clock_ns();
	r->cut_wanted_ns = at_ns;
	r->cut_issued_ns = r->off_ns;
	r->on = r->service = false;
	return rc;
}

int bp_real_fire(struct bp_real *r, uint64_t at_ns, struct bp_err *err)
{
	bp_real_disarm(r);
	r->cut_fired = true;
	return bp_real_cut(r, at_ns, err);
}

static int go(struct bp_real *r, struct bp_err *err)
{
	const struct bp_debug_ops *ops = r->debug.ops;

	return (ops->go ? ops->go : ops->resume)(r->debug.self, bp_deadline_in(BP_REAL_DEBUG_NS), err);
}

static int cut_and_go(struct bp_real *r, uint64_t ahead_ns, struct bp_err *err)
{
	uint64_t issued = bp_clock_ns();
	int rc = r->power.ops->off(r->power.self, err);

	r->off_ns = r->cut_wanted_ns = r->cut_issued_ns = issued;
	sleep_until(issued + ahead_ns, true);
	go(r, NULL); /* the board may be gone already: then it never began, which its flash tells */
	r->debug.ops->detach(r->debug.self, NULL);
	r->on = r->service = false;
	return rc;
}

int bp_real_go_and_cut(struct bp_real *r, int64_t later_ns, struct bp_err *err)
{
	uint64_t before = bp_clock_ns();
	int rc;

	if (later_ns < 0)
		return cut_and_go(r, (uint64_t)-later_ns, err);
	rc = go(r, err);
	/* The core runs on somewhere between the command and its answer. */
	return rc ? rc : bp_real_cut(r, before + (bp_clock_ns() - before) / 2 + (uint64_t)later_ns, err);
}

int bp_real_power_down(struct bp_real *r, struct bp_err *err)
{
	int rc;

	if (r->on)
		let_go(r);
	rc = r->power.ops->off(r->power.self, err);
	r->on = r->service = false;
	r->off_ns = bp_clock_ns();
	return rc;
}

/* ---- on --------------------------------------------------------------------------------- */

static int word(struct bp_real *r, uint32_t addr, uint32_t *out, struct bp_err *err)
{
	uint8_t b[4];
	int rc = r->debug.ops->read_ram(r->debug.self, addr, b, sizeof(b), err);

	*out = rc ? 0 : (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return rc;
}

/* Was power lost since the power-up before? Then plant a new canary. */
static int prove(struct bp_real *r, struct bp_err *err)
{
	const struct bp_probe_map *map = &r->product->probe;
	uint64_t seed[2] = {UINT64_C(0xca9a), ++r->power_ups};
	uint8_t found[BP_REAL_CANARY_BYTES];
	uint32_t cause = 0;
	struct bp_rng rng;
	int rc = r->debug.ops->read_ram(r->debug.self, r->canary_at, found, sizeof(found), err);

	if (!rc && map->has_cause)
		rc = word(r, map->cause_at, &cause, err);
	if (rc)
		return rc;
	if (r->planted && !memcmp(found, r->canary, sizeof(found)))
		bp_real_unproven(r, "RAM kept what was written before");
	else if (map->has_cause && (cause & map->cause_mask) != map->cause_power_on)
		bp_real_unproven(r, "the cause of the reset is not power-on");
	bp_rng_seed(&rng, seed, 2);
	bp_rng_fill(&rng, r->canary, sizeof(r->canary));
	rc = r->debug.ops->write_ram(r->debug.self, r->canary_at, r->canary, sizeof(r->canary), err);
	r->planted = !rc;
	return rc;
}

static int attach(struct bp_real *r, struct bp_err *err)
{
	const uint8_t no_catch[4] = {0, 0, 0, DEMCR_TRCENA >> 24};
	int rc = r->debug.ops->attach(r->debug.self, bp_deadline_in(ATTACH_NS), err);

	/* The next warm reset is the firmware's own: it must not be caught. */
	if (!rc && r->can_catch)
		rc = r->debug.ops->write_ram(r->debug.self, DEMCR, no_catch, sizeof(no_catch), err);
	return rc;
}

/* Power on and attach, caught when the probe can. A board that could not be caught is tried once more without. */
static int energize(struct bp_real *r, struct bp_err *err)
{
	int rc = 0;

	sleep_until(r->off_ns + OFF_NS, false);
	bp_console_drop(&r->console);
	bp_console_drop(&r->port);
	r->can_catch = r->can_catch && (!bp_real_sees(r) || r->debug.ops->hold);
	if (r->can_catch && bp_real_sees(r))
		rc = r->debug.ops->hold(r->debug.self, bp_deadline_in(BP_REAL_DEBUG_NS), err);
	if (!rc)
		rc = r->power.ops->on(r->power.self, err);
	r->on = true;
	bp_real_forget(r);
	if (!bp_real_sees(r)) {
		bp_real_await_cause(r);
		return rc;
	}
	if (!rc)
		rc = attach(r, err);
	if (rc == BP_ETIMEOUT && r->can_catch) {
		r->can_catch = false;
		rc = r->debug.ops->attach(r->debug.self, bp_deadline_in(ATTACH_NS), err);
	}
	return rc ? bp_prefix(err, "board %s does not come up for its probe", r->bench->name) : prove(r, err);
}

int bp_real_service(struct bp_real *r, struct bp_err *err)
{
	int rc = bp_real_sees(r) ? 0 : bp_fail(err, BP_ECONFIG, "board %s has no debug port: its flash can be neither read nor written",
					       r->bench->name);

	if (!rc && r->on && !r->service)
		rc = bp_real_power_down(r, err);
	if (!rc && !r->on)
		rc = energize(r, err);
	if (!rc && !r->service && !r->can_catch)
		rc = r->debug.ops->halt(r->debug.self, bp_deadline_in(BP_REAL_DEBUG_NS), err);
	r->service = !rc;
	return rc;
}

static int on(void *self, struct bp_err *err)
{
	struct bp_real *r = self;
	int rc = 0;

	if (r->on && !r->service)
		return 0;
	if (r->service)
		rc = bp_real_power_down(r, err);
	if (!rc)
		rc = energize(r, err);
	if (!rc && r->powered)
		rc = r->powered(r->powered_ctx, r->can_catch && bp_real_sees(r), err);
	if (!rc && r->on && r->can_catch && bp_real_sees(r))
		rc = r->debug.ops->resume(r->debug.self, bp_deadline_in(BP_REAL_DEBUG_NS), err);
	return rc;
}

static int off(void *self, struct bp_err *err)
{
	return bp_real_power_down(self, err);
}

const struct bp_power_ops bp_real_power_ops = {
	.name = "real", .help = "a bench board's supply, with proof that power was lost", .on = on, .off = off,
};

/* ---- the world --------------------------------------------------------------------------- */

static uint64_t now_ns(void *self)
{
	const struct bp_real *r = self;

	return bp_clock_ns() - r->epoch_ns;
}

/* A board that is off is dead after its window; what it sent before that is still on its way. */
static int wait_off(struct bp_real *r, uint64_t until_ns, struct bp_err *err)
{
	uint64_t dead_ns = r->off_ns + r->window_ns;
	int rc = bp_world_real_ops.wait(&r->world, until_ns < dead_ns ? until_ns : dead_ns, err);

	if (rc < 0 || (rc == BP_WAKE_OUTPUT && bp_clock_ns() < dead_ns + STALE_NS))
		return rc;
	return bp_clock_ns() < dead_ns ? BP_WAKE_TIME : BP_WAKE_OFF;
}

static int wait_aimed(struct bp_real *r, uint64_t until_ns, struct bp_err *err)
{
	while (r->look && r->on) {
		int rc = bp_world_real_ops.wait(&r->world, bp_clock_ns(), err);

		if (rc)
			return rc;
		rc = r->look(r->look_ctx, err);
		if (rc)
			return rc < 0 ? rc : BP_WAKE_OUTPUT;
		if (bp_deadline_passed(until_ns))
			return BP_WAKE_TIME;
	}
	return BP_WAKE_OUTPUT; /* whoever waits looks again */
}

/* Until the armed time, the last part of it awake. */
static int wait_timed(struct bp_real *r, struct bp_err *err)
{
	uint64_t at_ns = r->cut_at_ns;
	int rc;

	bp_world_real_spin(&r->world, SPIN_NS);
	rc = bp_world_real_ops.wait(&r->world, at_ns, err);
	bp_world_real_spin(&r->world, 0);
	if (rc == BP_WAKE_TIME)
		rc = bp_real_fire(r, at_ns, err);
	return rc < 0 ? rc : BP_WAKE_OUTPUT; /* whoever waits looks again */
}

static int wait(void *self, uint64_t until_ns, struct bp_err *err)
{
	struct bp_real *r = self;

	until_ns = until_ns < BP_NEVER - r->epoch_ns ? until_ns + r->epoch_ns : BP_NEVER;
	if (!r->on || r->service)
		return wait_off(r, until_ns, err);
	if (r->look)
		return wait_aimed(r, until_ns, err);
	if (r->cut_at_ns <= until_ns)
		return wait_timed(r, err);
	return bp_world_real_ops.wait(&r->world, until_ns, err);
}

const struct bp_world_ops bp_real_world_ops = {.name = "real", .now_ns = now_ns, .wait = wait};
