/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debugged.c - the virtual board in real time, with a debugger at its core: what
 * the firmware's calls do then, and what the host asks.
 */
#include "vboard/board.h"

void bp_vboard_debug(struct bp_vboard *b, const struct bp_vboard_debug *debug)
{
	b->debugged = debug != NULL;
	b->debug = debug ? *debug : (struct bp_vboard_debug){0};
}

static void halt_here(struct bp_vboard *b)
{
	b->halted = true;
	b->halt_wanted = false;
	b->leave = BP_LEAVE_HALT;
	bp_coroutine_leave(&b->co);
}

void bp_board_call(struct bp_vboard *b, enum bp_call call, const uint32_t arg[3], const void *data)
{
	if (b->debug.call && b->debug.call(b->debug.ctx, call, arg, data))
		halt_here(b);
}

void bp_board_back(struct bp_vboard *b, enum bp_call call, int result)
{
	bool halt = b->debug.back && b->debug.back(b->debug.ctx, call, result);

	if (halt || b->halt_wanted)
		halt_here(b);
}

void bp_board_pass(struct bp_vboard *b, const struct bp_op *op)
{
	if (b->debug.op && b->debug.op(b->debug.ctx, op)) {
		b->ops--; /* it has not begun, and power may go now */
		halt_here(b);
		b->ops++;
	}
	for (;;) {
		uint64_t death = b->arm_time < b->flash_dead_at ? b->arm_time : b->flash_dead_at;

		if (op->ordinal == b->arm_op || (death < op->end_ns ? death : op->end_ns) <= b->run_until)
			break;
		if (b->now < b->run_until)
			b->now = b->run_until;
		b->pending = op;
		b->wake_at = op->end_ns;
		b->leave = BP_LEAVE_OP;
		bp_coroutine_leave(&b->co);
	}
	b->pending = NULL;
}

void bp_vboard_halt(struct bp_vboard *b)
{
	if (!b->on || b->held || b->halted)
		return;
	if (b->leave == BP_LEAVE_OP)
		b->halt_wanted = true; /* see bp_board_back() */
	else
		b->halted = true;
}

void bp_vboard_resume(struct bp_vboard *b)
{
	b->halted = b->halt_wanted = false;
}

bool bp_vboard_halted(const struct bp_vboard *b)
{
	return b->halted;
}

uint64_t bp_vboard_next_event(const struct bp_vboard *b)
{
	uint64_t t = b->core_dead_at < b->watchdog_at ? b->core_dead_at : b->watchdog_at;

	if (!b->on || b->halted)
		return BP_NEVER;
	if (b->held)
		return b->core_dead_at;
	switch (b->leave) {
	case BP_LEAVE_OP:
		return b->wake_at < b->flash_dead_at ? b->wake_at : b->flash_dead_at;
	case BP_LEAVE_TIME:
		return b->wake_at < t ? b->wake_at : t;
	case BP_LEAVE_WAIT:
		if (b->uart.rx_news)
			return b->now;
		return b->wake_at < t ? b->wake_at : t;
	case BP_LEAVE_STUCK:
		return t;
	default:
		return b->now;
	}
}

uint32_t bp_vboard_rail_mv(const struct bp_vboard *b)
{
	const struct bp_rail *r = &b->config->rail;
	uint64_t fallen = b->now - b->fell_at;

	if (!b->on)
		return 0;
	if (b->core_dead_at == BP_NEVER)
		return r->nominal_mv;
	return fallen >= r->decay_ns ? 0 : (uint32_t)(r->nominal_mv - r->nominal_mv * fallen / r->decay_ns);
}

bool bp_vboard_in_op(const struct bp_vboard *b) { return b->pending != NULL; }
uint64_t bp_vboard_flash_dead_ns(const struct bp_vboard *b) { return b->flash_dead_at; }
uint64_t bp_vboard_core_dead_ns(const struct bp_vboard *b) { return b->core_dead_at; }
enum dut_reset_cause bp_vboard_cause(const struct bp_vboard *b) { return b->cause; }
