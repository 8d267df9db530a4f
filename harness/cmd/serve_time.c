/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_time.c - a served board's time and its supply: relay, rail, power loss.
 */
#include "cmd/serve.h"

#include <time.h>
#include <unistd.h>

uint64_t bp_serve_mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* What the board has sent goes to whoever listens. */
static void drain(struct bp_serve *s)
{
	uint8_t bytes[4096];
	uint64_t at;
	size_t n;

	while ((n = bp_vboard_receive(s->b, bytes, sizeof(bytes), &at)) > 0) {
		if (!s->truth.mono_first_byte)
			s->truth.mono_first_byte = at + s->offset;
		bp_serve_output(s, bytes, n);
	}
}

static void lost_power(struct bp_serve *s, uint64_t mono)
{
	const struct bp_cut_report *cut = bp_vboard_cut_report(s->b);
	struct bp_truth *t = &s->truth;

	t->losses++;
	t->ops = bp_vboard_ops(s->b);
	t->cut = cut->fired && cut->at_ns + s->offset >= t->mono_off_relay ? *cut : (struct bp_cut_report){0};
	t->halted = s->frozen;
	t->mono_dead = mono;
	if (mono < t->mono_flash_dead || !s->falling)
		t->mono_flash_dead = mono;
	s->falling = false;
	s->powered = false;
	bp_probe_power(&s->probe, false);
}

void bp_serve_sync(struct bp_serve *s, uint64_t mono)
{
	bool halted = bp_vboard_halted(s->b);

	if (s->powered && !bp_vboard_is_on(s->b))
		lost_power(s, s->frozen ? mono : bp_vboard_now(s->b) + s->offset);
	if (s->frozen && !halted) {
		s->offset = mono - bp_vboard_now(s->b);
		if (s->falling)
			bp_vboard_rail_dies(s->b, s->truth.mono_flash_dead - s->offset, s->truth.mono_dead - s->offset);
	}
	if (halted && !s->frozen)
		s->truth.mono_halt = mono;
	s->frozen = halted;
}

/* Up to mono, no switch of the relay in between. */
static void run_to(struct bp_serve *s, uint64_t mono)
{
	enum bp_stop stop = BP_STOP_OUTPUT;

	while (stop == BP_STOP_OUTPUT && !s->frozen) {
		if (mono < bp_vboard_now(s->b) + s->offset)
			return; /* a reset's own time ran a little ahead */
		stop = bp_vboard_run(s->b, mono - s->offset);
		drain(s);
		bp_serve_sync(s, mono);
		if (stop == BP_STOP_OFF && bp_vboard_now(s->b) + s->offset < mono)
			stop = BP_STOP_OUTPUT;
	}
	if (s->frozen && s->falling && mono >= s->truth.mono_dead) {
		uint64_t dead = s->truth.mono_dead;

		bp_vboard_lose_power(s->b);
		bp_serve_sync(s, dead);
		run_to(s, mono); /* time goes on without power */
	}
}

void bp_serve_reset_pin(struct bp_serve *s)
{
	bp_vboard_hold_reset(s->b, s->reset_by_client || s->reset_by_probe || s->reset_by_relay);
	bp_probe_reset_pin(&s->probe, s->reset_by_client || s->reset_by_probe || s->reset_by_relay);
	bp_serve_sync(s, bp_serve_mono());
}

static void rail_up(struct bp_serve *s, const struct bp_switch *w)
{
	s->truth.mono_on_command = w->mono_command;
	s->truth.mono_on_relay = w->mono_at;
	s->falling = false;
	if (!s->powered) {
		s->truth.mono_first_byte = 0;
		bp_probe_power(&s->probe, true);
	}
	bp_vboard_power_on(s->b);
	s->smp.in_line = s->smp.in_frame = false; /* what power loss cut off has no end */
	s->smp.held = 0;
	s->powered = true;
	bp_serve_sync(s, w->mono_at);
}

static void rail_down(struct bp_serve *s, const struct bp_switch *w)
{
	const struct bp_rail *r = &s->v->board.product->board.rail;

	if (!s->powered || s->falling)
		return; /* a command more, to a board that is off: the truth is of the one that did it */
	s->truth.mono_off_command = w->mono_command;
	s->truth.mono_off_relay = w->mono_at;
	s->falling = true;
	s->truth.mono_flash_dead = s->truth.mono_dead = w->mono_at;
	if (r->nominal_mv) {
		s->truth.mono_flash_dead += r->decay_ns * (r->nominal_mv - r->flash_min_mv) / r->nominal_mv;
		s->truth.mono_dead += r->decay_ns * (r->nominal_mv - r->core_min_mv) / r->nominal_mv;
	}
	if (!s->frozen)
		bp_vboard_power_off(s->b);
	bp_serve_sync(s, w->mono_at);
}

static void take_effect(struct bp_serve *s, const struct bp_switch *w)
{
	if (s->opt.stuck_on && !w->on)
		return;
	if (s->opt.reset_only && s->powered) {
		s->reset_by_relay = !w->on;
		bp_serve_reset_pin(s);
	} else if (w->on) {
		rail_up(s, w);
	} else {
		rail_down(s, w);
	}
}

int bp_serve_switch(struct bp_serve *s, bool on, uint64_t mono_command, struct bp_err *err)
{
	struct bp_switch w = {mono_command, mono_command + s->opt.relay_delay_ns, on};
	unsigned at;

	if (s->n_queue == BP_SERVE_SWITCHES)
		return bp_fail(err, BP_ENOMEM, "%u commands to the relay wait already", s->n_queue);
	if (s->opt.relay_jitter_ns)
		w.mono_at += bp_rng_next(&s->rng) % s->opt.relay_jitter_ns;
	for (at = s->n_queue; at > 0 && s->queue[at - 1].mono_command > mono_command; at--)
		s->queue[at] = s->queue[at - 1];
	if (at > 0 && w.mono_at < s->queue[at - 1].mono_at) /* a relay does not overtake itself */
		w.mono_at = s->queue[at - 1].mono_at;
	s->queue[at] = w;
	s->n_queue++;
	return 0;
}

void bp_serve_advance(struct bp_serve *s, uint64_t mono)
{
	while (s->n_queue && s->queue[0].mono_at <= mono) {
		struct bp_switch w = s->queue[0];

		s->n_queue--;
		for (unsigned i = 0; i < s->n_queue; i++)
			s->queue[i] = s->queue[i + 1];
		run_to(s, w.mono_at);
		take_effect(s, &w);
	}
	run_to(s, mono);
}

uint64_t bp_serve_next(const struct bp_serve *s)
{
	uint64_t next = s->n_queue ? s->queue[0].mono_at : UINT64_MAX, event;

	if (s->frozen) {
		if (s->falling && s->truth.mono_dead < next)
			next = s->truth.mono_dead;
		return next;
	}
	event = bp_vboard_next_event(s->b);
	return event != BP_NEVER && event + s->offset < next ? event + s->offset : next;
}
