/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/aim.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>

#define COMMAND_NS (5 * BP_NS_PER_S)
#define RETURN_NS (2 * BP_NS_PER_S) /* on top of the call's own time */
#define WINDOWS 4u                  /* a torn erase wants the switch's jitter to fit so often into it */
#define R_LR 14
#define R_PC 15

const char *bp_aim_refuses(const struct bp_bench_board *b, const struct bp_log *log, const struct bp_cutpoint *cut)
{
	const struct bp_log_op *op;

	if (cut->fault != BP_FAULT_POWER_CUT)
		return bp_fault_is_reset(cut->fault) ? "resets are left to the virtual board" : "such faults are left to the virtual board";
	if (cut->event != BP_EVENT_FLASH)
		return NULL;
	if (!b->debug)
		return "flash operations are aimed at through a debug port";
	op = &log->op[cut->n - 1];
	if (cut->position == BP_CUT_BEFORE)
		return op->first ? NULL : "within a call of the firmware, where no breakpoint reaches";
	if (cut->position == BP_CUT_AFTER)
		return op->last ? NULL : "within a call of the firmware, where no breakpoint reaches";
	if (op->kind != BP_OP_ERASE)
		return "a torn word is too short to aim at";
	if (bp_log_erases_blank(log, cut->n - 1))
		return "its page is blank already: a bench cannot see whether the erase began";
	if (!b->calibration.known)
		return "torn erases need a calibration: run `brickproof bench calibrate`";
	return 2 * b->calibration.jitter_ns * WINDOWS > bp_log_page(log, cut->n - 1).erase_ns ? "the switch strays too far for a torn erase" : NULL;
}

__attribute__((format(printf, 2, 3)))
static void lost(struct bp_aim *a, const char *fmt, ...)
{
	va_list ap;

	a->lost = true;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
}

static int points(struct bp_aim *a, bool set, struct bp_err *err)
{
	const struct bp_debug *d = &a->real->debug;
	int rc = d->ops->breakpoint(d->self, a->real->program_at, set, bp_deadline_in(COMMAND_NS), err);

	if (!rc)
		rc = d->ops->breakpoint(d->self, a->real->erase_at, set, bp_deadline_in(COMMAND_NS), err);
	if (!rc)
		a->set = set;
	return rc;
}

static int resume(struct bp_aim *a, struct bp_err *err)
{
	const struct bp_debug *d = &a->real->debug;

	return d->ops->resume(d->self, bp_deadline_in(COMMAND_NS), err);
}

static int cut_at(struct bp_aim *a, uint64_t at_ns, const char *method, struct bp_err *err)
{
	snprintf(a->method, sizeof(a->method), "%s", method);
	a->fired = true;
	a->real->look = NULL;
	return bp_real_cut(a->real, at_ns, err);
}

/* Run to the return of the call and cut there. */
static int cut_at_return(struct bp_aim *a, const uint32_t regs[17], uint64_t call_ns, struct bp_err *err)
{
	const struct bp_debug *d = &a->real->debug;
	uint32_t back = regs[R_LR] & ~1u, now[17];
	int rc = d->ops->breakpoint(d->self, back, true, bp_deadline_in(COMMAND_NS), err), off;

	if (!rc)
		rc = resume(a, err);
	if (!rc)
		rc = d->ops->wait_halt(d->self, now, bp_deadline_in(call_ns + RETURN_NS), err);
	off = d->ops->breakpoint(d->self, back, false, bp_deadline_in(COMMAND_NS), rc ? NULL : err);
	if (rc == BP_ETIMEOUT) {
		lost(a, "the call never came back to 0x%x", back);
		return 0;
	}
	if (rc || off)
		return rc ? rc : off;
	if (now[R_PC] != back) {
		lost(a, "the core halted at 0x%x instead of the call's return to 0x%x", now[R_PC], back);
		return resume(a, err);
	}
	return cut_at(a, bp_clock_ns(), "at the call's return", err);
}

/* The rail is to be down so far into the erase. A switch slower than that gets its command before the core runs on. */
static int cut_torn(struct bp_aim *a, struct bp_err *err)
{
	int64_t into = (int64_t)(bp_log_page(a->log, a->cut.n - 1).erase_ns * a->cut.torn.percent / 100) + a->shift_ns;
	int rc = points(a, false, err); /* a core that stands at a breakpoint must be stepped over it, which takes time */

	a->fired = true;
	a->real->look = NULL;
	snprintf(a->method, sizeof(a->method), "delay from the call");
	return rc ? rc : bp_real_go_and_cut(a->real, into - (int64_t)a->real->bench->calibration.dead_ns, err);
}

static int hit(struct bp_aim *a, const uint32_t regs[17], uint32_t n, bool erase, struct bp_err *err)
{
	uint32_t target = a->cut.n - 1;

	if (a->cut.position == BP_CUT_BEFORE && target == a->next)
		return cut_at(a, bp_clock_ns(), "halted at the call", err);
	if (a->cut.position == BP_CUT_AFTER && target == a->next + n - 1)
		return cut_at_return(a, regs, n * (erase ? bp_log_page(a->log, target).erase_ns : a->log->start->geo.program_ns), err);
	if (a->cut.position == BP_CUT_TORN && erase)
		return cut_torn(a, err);
	lost(a, "operation %u lies within a call of %u operations", a->cut.n, n);
	return resume(a, err);
}

static int on_call(struct bp_aim *a, const uint32_t regs[17], struct bp_err *err)
{
	const struct bp_log_op *op = a->next < a->log->n_ops ? &a->log->op[a->next] : NULL;
	bool erase = regs[R_PC] == a->real->erase_at;
	uint32_t n = erase ? 1 : regs[2] / a->log->unit_bytes, target = a->cut.n - 1;

	if (!n)
		return resume(a, err);
	if (!op || op->addr != regs[0] || (op->kind == BP_OP_ERASE) != erase || a->next + n > a->log->n_ops) {
		lost(a, "out of step at operation %u: the board %s 0x%x, the virtual board %s", a->next + 1, erase ? "erases" : "programs",
		     regs[0], op ? "does something else" : "is done");
		return resume(a, err);
	}
	if (target >= a->next && target < a->next + n)
		return hit(a, regs, n, erase, err);
	a->next += n;
	return resume(a, err);
}

static int look(void *ctx, struct bp_err *err)
{
	struct bp_aim *a = ctx;
	const struct bp_debug *d = &a->real->debug;
	uint32_t regs[17];
	int rc = d->ops->wait_halt(d->self, regs, bp_clock_ns(), err);

	if (rc == BP_ETIMEOUT)
		return 0;
	if (rc)
		return rc;
	if (regs[R_PC] == a->real->program_at || regs[R_PC] == a->real->erase_at)
		rc = on_call(a, regs, err);
	else
		rc = resume(a, err); /* a halt of somebody else's, as by the firmware's own breakpoint instruction */
	if (rc < 0 || !a->lost || !a->set)
		return rc;
	a->real->look = NULL; /* the case goes on without: it is not exercised */
	return points(a, false, err);
}

int bp_aim_arm(struct bp_aim *a, struct bp_real *real, const struct bp_log *log, const struct bp_cutpoint *cut, struct bp_err *err)
{
	uint64_t lead_ns;

	*a = (struct bp_aim){.real = real, .log = log, .cut = *cut, .shift_ns = a->shift_ns};
	real->link_sent = 0;
	switch (cut->event) {
	case BP_EVENT_FLASH:
		real->look_ctx = a;
		real->look = look;
		return points(a, true, err);
	case BP_EVENT_LINK_BYTE:
	case BP_EVENT_LINK_FRAME:
		real->cut_link_byte = cut->event == BP_EVENT_LINK_FRAME ? bp_log_frame_end(log, cut->n) : cut->n;
		snprintf(a->method, sizeof(a->method), "the host's own count");
		break;
	case BP_EVENT_LINE:
		real->cut_line = (struct bp_line_wait){a->cut.line, cut->n, cut->after_ns};
		snprintf(a->method, sizeof(a->method), cut->after_ns ? "delay from the line's end" : "the line's end");
		break;
	case BP_EVENT_TIME:
		lead_ns = real->bench->calibration.dead_ns;
		real->cut_at_ns = bp_clock_ns() + (cut->after_ns > lead_ns ? cut->after_ns - lead_ns : 0);
		snprintf(a->method, sizeof(a->method), "the host's clock");
		break;
	}
	return 0;
}

int bp_aim_disarm(struct bp_aim *a, struct bp_err *err)
{
	bp_real_disarm(a->real);
	return a->set ? points(a, false, err) : 0;
}
