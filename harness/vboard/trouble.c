/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trouble.c - faults that the core lives through: a rail too low for the flash,
 * operations that the part refuses or swallows, pages that are worn.
 */
#include "vboard/board.h"

#define REFUSED_NS 1000u /* a status register says so: some reads of it */

bool bp_board_supply_ok(const struct bp_vboard *b)
{
	return !(b->now >= b->low_from && b->now < b->low_until) && b->now < b->flash_dead_at;
}

/* The operation that was armed begins: the fault is here, and proven to be. */
static void strike(struct bp_vboard *b, const struct bp_op *op)
{
	uint64_t span = op->end_ns - op->start_ns;

	b->report = (struct bp_cut_report){
		.fired = true, .in_op = true, .op = *op, .position = b->arm_position, .torn = b->arm_torn, .fault = b->arm_fault,
		.at_ns = op->start_ns,
	};
	b->report.op.data = NULL;
	if (b->arm_fault == BP_FAULT_BROWN_OUT) {
		b->low_from = b->arm_position == BP_CUT_BEFORE ? op->start_ns : b->arm_position == BP_CUT_AFTER ? op->end_ns :
			      op->start_ns + span * b->arm_torn.percent / 100;
		b->low_until = b->low_from + b->arm_lasts_ns;
	} else if (bp_fault_is_lasting(b->arm_fault)) {
		b->bad_page = bp_flash_page_at(&b->config->flash, op->addr).number + 1;
		b->bad_how = b->arm_fault;
	}
}

/* No effect. Told as an error at once, or as a success after the time it should have taken. */
static int nothing_done(struct bp_vboard *b, const struct bp_op *op, bool silent)
{
	b->ops--; /* what changes nothing is no operation */
	b->now = silent ? op->end_ns : op->start_ns + REFUSED_NS;
	return silent ? 0 : -1;
}

/* The rail falls within the operation. */
static int torn(struct bp_vboard *b, const struct bp_op *op)
{
	struct bp_torn t = {bp_vboard_torn_percent(op->start_ns, op->end_ns, b->low_from), b->arm_torn.k};

	if (op->kind == BP_OP_PROGRAM)
		bp_flash_program_torn(b->flash, op->addr, op->data, t);
	else
		bp_flash_erase_torn(b->flash, op->addr, t);
	b->now = b->last_op_ns = op->end_ns;
	return b->config->flash.low_is_silent ? 0 : -1;
}

/* 1 when the rail has no part in it. */
static int low_rail(struct bp_vboard *b, const struct bp_op *op, bool struck, int *rc)
{
	if (op->end_ns <= b->low_from || op->start_ns >= b->low_until)
		return 1;
	/* Within one call the firmware cannot look at the supply before each unit. */
	if (op->first && !struck && op->start_ns >= b->low_from)
		bp_flash_trap(b->flash, BP_TRAP_LOW_SUPPLY, op->addr, b->now, op->ordinal);
	*rc = op->start_ns < b->low_from ? torn(b, op) : nothing_done(b, op, b->config->flash.low_is_silent);
	return 0;
}

int bp_board_trouble(struct bp_vboard *b, const struct bp_op *op, int *rc)
{
	bool struck = op->ordinal == b->arm_op && bp_fault_is_live(b->arm_fault), bad;

	if (struck) {
		strike(b, op);
		b->arm_op = 0;
	}
	if (!low_rail(b, op, struck, rc))
		return 0;
	bad = b->bad_page && bp_flash_page_at(&b->config->flash, op->addr).number + 1 == b->bad_page;
	if ((struck && b->arm_fault == BP_FAULT_OP_REJECTED) || (bad && b->bad_how == BP_FAULT_PAGE_DEAD))
		*rc = nothing_done(b, op, false);
	else if (struck && b->arm_fault == BP_FAULT_OP_IGNORED)
		*rc = nothing_done(b, op, true);
	else if (bad && b->bad_how == BP_FAULT_PAGE_WORN && op->kind == BP_OP_ERASE) {
		bp_board_apply(b, op);
		bp_flash_wear_out(b->flash, op->addr);
		*rc = 0;
	} else
		return 1;
	return 0;
}
