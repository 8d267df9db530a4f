/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.c - the core behind the debug port: halts, steps, the calls it stops at.
 */
#include "vboard/probe/core_parts.h"

#include "base/rng.h"

#include <string.h>

/* A step over a call: longer than any operation of any part, 10 s of board time in the end. */
#define STEP_NS UINT64_C(1000000)
#define STEPS 10000u

const char *const bp_call_names[BP_CALLS] = {"dut_flash_program", "dut_flash_erase", "dut_jump", "dut_reset"};

static void set_pc(struct bp_core *c, uint32_t pc)
{
	c->reg[15] = pc;
}

static bool breakpoint_at(const struct bp_core *c, uint32_t pc)
{
	/* FP_COMP: bit 0 enables, 28:2 are the address, 31:30 say which half words of it. */
	uint32_t half = pc & 2 ? 2u : 1u;

	if (!(c->dhcsr & BP_C_DEBUGEN) || !(c->fp_ctrl & 1))
		return false;
	for (unsigned i = 0; i < BP_FPB_CODE; i++)
		if ((c->fp_comp[i] & 1) && (c->fp_comp[i] & 0x1ffffffcu) == (pc & 0x1ffffffcu) && (c->fp_comp[i] >> 30 & half))
			return true;
	return false;
}

static bool halt_for(struct bp_core *c, uint32_t why)
{
	c->dfsr |= why;
	c->dhcsr |= BP_C_HALT;
	return true;
}

static bool on_call(void *ctx, enum bp_call call, const uint32_t arg[3], const void *data)
{
	struct bp_core *c = ctx;
	uint32_t n = arg[2] < BP_RAM_SCRATCH_BYTES ? arg[2] : BP_RAM_SCRATCH_BYTES;

	memcpy(c->reg, arg, 3 * sizeof(arg[0]));
	c->reg[3] = 0;
	if (data) {
		memcpy(c->ram + (BP_RAM_SCRATCH - BP_RAM_BASE), data, n);
		c->reg[1] = BP_RAM_SCRATCH;
	}
	c->reg[14] = BP_CALL_BACK(call) | 1;
	c->call = (int)call;
	set_pc(c, BP_CALL_ADDR(call));
	return breakpoint_at(c, c->reg[15]) && halt_for(c, BP_DFSR_BKPT);
}

/* A watch on writes whose range meets the operation's. */
static bool on_op(void *ctx, const struct bp_op *op)
{
	struct bp_core *c = ctx;
	bool hit = false;

	if (!(c->dhcsr & BP_C_DEBUGEN) || !(c->demcr & BP_DEMCR_TRCENA))
		return false;
	for (unsigned i = 0; i < BP_DWT_COMPARATORS; i++) {
		struct bp_watch_point *w = &c->dwt[i];
		uint64_t size = UINT64_C(1) << w->mask, from = w->comp & ~(size - 1);
		uint32_t function = w->function & 15;

		if ((function != BP_DWT_WRITE && function != BP_DWT_ACCESS) || from >= (uint64_t)op->addr + op->len || op->addr >= from + size)
			continue;
		w->function |= BP_DWT_MATCHED;
		hit = true;
	}
	if (!hit)
		return false;
	c->reg[3] = op->addr;
	set_pc(c, BP_CALL_ADDR(c->call < 0 ? 0 : c->call) + 4);
	return halt_for(c, BP_DFSR_DWTTRAP);
}

static bool on_back(void *ctx, enum bp_call call, int result)
{
	struct bp_core *c = ctx;
	bool stepped = c->stepping;

	c->reg[0] = (uint32_t)result;
	set_pc(c, BP_CALL_BACK(call));
	c->call = -1;
	c->stepping = false;
	if (breakpoint_at(c, c->reg[15]))
		return halt_for(c, BP_DFSR_BKPT);
	return stepped && halt_for(c, BP_DFSR_HALTED);
}

static bool on_reset(void *ctx, enum dut_reset_cause cause)
{
	struct bp_core *c = ctx;
	bool stepped = c->stepping;

	(void)cause;
	memset(c->reg, 0, sizeof(c->reg));
	c->reg[13] = c->reg[17] = BP_RAM_TOP;
	c->reg[14] = 0xffffffffu; /* B1.4.7: LR after reset */
	c->reg[16] = 0x01000000u; /* xPSR: Thumb */
	set_pc(c, BP_BOOT_ENTRY);
	c->call = -1;
	c->stepping = false;
	c->reset_seen = true;
	c->dhcsr &= BP_C_DEBUGEN;
	c->nvmc_config = c->vtor = c->shcsr = 0;
	if (!(c->dhcsr & BP_C_DEBUGEN))
		return false;
	if (c->demcr & BP_DEMCR_VC_CORERESET)
		return halt_for(c, BP_DFSR_VCATCH);
	if (breakpoint_at(c, c->reg[15]))
		return halt_for(c, BP_DFSR_BKPT);
	return stepped && halt_for(c, BP_DFSR_HALTED);
}

int bp_core_init(struct bp_core *c, struct bp_arena *a, struct bp_vboard *b, uint64_t seed, struct bp_err *err)
{
	struct bp_vboard_debug debug = {.call = on_call, .op = on_op, .back = on_back, .reset = on_reset, .ctx = c};

	*c = (struct bp_core){.board = b, .seed = seed, .call = -1, .ram = bp_arena_alloc(a, BP_RAM_BYTES)};
	if (!c->ram)
		return bp_fail(err, BP_ENOMEM, "no memory for the board's RAM");
	bp_vboard_debug(b, &debug);
	return 0;
}

void bp_core_power(struct bp_core *c, bool on)
{
	uint64_t words[2] = {c->seed, ++c->power_ups};
	struct bp_rng r;

	*c = (struct bp_core){.board = c->board, .seed = c->seed, .power_ups = c->power_ups, .reset_low = c->reset_low,
			      .call = -1, .ram = c->ram};
	(void)on; /* what was there is gone either way */
	bp_rng_seed(&r, words, 2);
	bp_rng_fill(&r, c->ram, BP_RAM_BYTES);
}

void bp_core_reset_pin(struct bp_core *c, bool low)
{
	c->reset_low = low;
	if (low)
		c->reset_seen = true;
}

static void halt(struct bp_core *c)
{
	if (bp_vboard_halted(c->board))
		return;
	bp_vboard_halt(c->board);
	c->dfsr |= BP_DFSR_HALTED;
	if (bp_vboard_halted(c->board)) /* else at the end of the operation under way */
		set_pc(c, BP_CODE_RUNNING);
}

/* Run until the step is over; see the head of core.h. */
static void step(struct bp_core *c)
{
	uint32_t pc = c->reg[15];
	int call = c->call;

	c->dfsr |= BP_DFSR_HALTED;
	if (pc == BP_BOOT_ENTRY || call < 0 || pc == BP_CALL_ADDR(call)) {
		set_pc(c, call < 0 && pc != BP_BOOT_ENTRY ? BP_CODE_RUNNING : pc + 2);
		c->dhcsr |= BP_C_HALT;
		return;
	}
	c->stepping = true;
	bp_vboard_resume(c->board);
	if (call == BP_CALL_JUMP) {
		bp_vboard_run(c->board, bp_vboard_now(c->board) + 1);
		c->call = -1;
	}
	for (unsigned i = 0; call != BP_CALL_JUMP && i < STEPS && !bp_vboard_halted(c->board) && bp_vboard_is_on(c->board); i++)
		bp_vboard_run(c->board, bp_vboard_now(c->board) + STEP_NS);
	c->stepping = false;
	halt(c);
	c->dhcsr |= BP_C_HALT;
}

void bp_core_control(struct bp_core *c, uint32_t value)
{
	if (value >> 16 != 0xa05fu) /* DBGKEY */
		return;
	c->dhcsr = value & (BP_C_DEBUGEN | BP_C_HALT | BP_C_STEP | BP_C_MASKINTS);
	if (!(value & BP_C_DEBUGEN)) {
		c->dhcsr = 0;
		bp_vboard_resume(c->board);
	} else if (value & BP_C_HALT) {
		halt(c);
	} else if (bp_vboard_halted(c->board) && (value & BP_C_STEP)) {
		step(c);
	} else if (bp_vboard_halted(c->board) && breakpoint_at(c, c->reg[15])) {
		halt_for(c, BP_DFSR_BKPT); /* a debugger that wants to go on steps first */
	} else {
		bp_vboard_resume(c->board);
	}
}

uint32_t bp_core_status(struct bp_core *c)
{
	bool halted = bp_vboard_halted(c->board);
	uint32_t v = c->dhcsr | BP_S_REGRDY;

	if (halted)
		v |= BP_S_HALT;
	else
		v |= BP_S_RETIRE;
	if (!halted && bp_vboard_idle(c->board))
		v |= BP_S_SLEEP;
	if (c->reset_seen || c->reset_low)
		v |= BP_S_RESET;
	c->reset_seen = false;
	return v;
}

void bp_core_select(struct bp_core *c, uint32_t value)
{
	uint32_t n = value & 0x7f;

	if (!bp_vboard_halted(c->board))
		return;
	if (n == 17) /* MSP is what SP is */
		n = 13;
	if (n < BP_CORE_REGS && (value & BP_DCRSR_WRITE))
		c->reg[n] = c->dcrdr;
	else if (n < BP_CORE_REGS)
		c->dcrdr = c->reg[n];
	else if (!(value & BP_DCRSR_WRITE))
		c->dcrdr = 0;
}

void bp_core_reset_request(struct bp_core *c)
{
	bp_vboard_soft_reset(c->board);
}
