/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vboard.h - one deterministic simulated board in virtual time.
 *
 * The firmware runs as a coroutine; the host lets it run with bp_vboard_run()
 * until something happens that the host may act on. Time is an integer number of
 * nanoseconds since the board was made and moves only there. A process has one
 * board running at a time (the firmware's RAM is one), never two interleaved.
 */
#ifndef BP_VBOARD_VBOARD_H
#define BP_VBOARD_VBOARD_H

#include "base/arena.h"
#include "base/err.h"
#include "vboard/firmware.h"
#include "vboard/flash.h"
#include "vboard/geometry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_NEVER UINT64_MAX

struct bp_vboard;

/* What an image's bytes are, by the SHA-256 of the whole image. Borrowed by the board. */
struct bp_image_row {
	uint8_t sha256[32];
	const char *name;        /* artifact */
	const char *runs;        /* entry of the firmware object */
	uint32_t slot, size;     /* slot it is linked for; bytes of the image */
	int artifact;            /* index for the caller */
	bool released;
};

struct bp_image_table {
	const struct bp_image_row *row;
	unsigned n;
};

enum bp_accel {
	BP_ACCEL_NONE,     /* the firmware computes everything itself */
	BP_ACCEL_COMPUTE,  /* libsodium computes */
	BP_ACCEL_REMEMBER, /* libsodium computes once for each content */
};

enum bp_cut_position { BP_CUT_BEFORE, BP_CUT_TORN, BP_CUT_AFTER };

/* What happens at an armed operation. */
enum bp_fault {
	BP_FAULT_POWER_CUT,
	/* A reset keeps .noinit and the retained registers, and tears nothing. */
	BP_FAULT_RESET_PIN, BP_FAULT_RESET_SOFTWARE, BP_FAULT_RESET_WATCHDOG,
	/* A power cut, after which power comes and goes some times more: the host's doing, a cut to the board. */
	BP_FAULT_BOUNCE,
	/* The core lives on. The rail is too low for the flash for some time: */
	BP_FAULT_BROWN_OUT,
	/* The part is at fault, once: the operation is refused; or it reports success and does nothing. */
	BP_FAULT_OP_REJECTED, BP_FAULT_OP_IGNORED,
	/* The page that the operation meets refuses every one from now on; or each erase leaves stuck cells. */
	BP_FAULT_PAGE_DEAD, BP_FAULT_PAGE_WORN,
	/* Not the board's: the host's link goes wrong once, as bench/wire_fault.h has it. */
	BP_FAULT_DROP, BP_FAULT_LOSE_ANSWER, BP_FAULT_DUPLICATE, BP_FAULT_REORDER, BP_FAULT_TRUNCATE, BP_FAULT_CORRUPT, BP_FAULT_STALL,
	BP_FAULT_SLOW, BP_FAULT_LINK_RESET,
	BP_FAULTS
};

static inline bool bp_fault_is_reset(enum bp_fault f) { return f >= BP_FAULT_RESET_PIN && f <= BP_FAULT_RESET_WATCHDOG; }
/* The core lives on: no log of another run tells the state. */
static inline bool bp_fault_is_live(enum bp_fault f) { return f >= BP_FAULT_BROWN_OUT && f <= BP_FAULT_PAGE_WORN; }
/* The part never gets well again. */
static inline bool bp_fault_is_lasting(enum bp_fault f) { return f == BP_FAULT_PAGE_DEAD || f == BP_FAULT_PAGE_WORN; }
static inline bool bp_fault_is_link(enum bp_fault f) { return f >= BP_FAULT_DROP; }
/* The board runs on after it: a case is run from the start alone. */
static inline bool bp_fault_runs_on(enum bp_fault f) { return bp_fault_is_live(f) || bp_fault_is_link(f); }

struct bp_op {                     /* one flash operation, as it is about to happen */
	enum bp_op_kind kind;
	uint32_t addr, len;        /* len: unit or page */
	uint64_t ordinal;          /* from 1, since bp_vboard_count_ops() */
	uint64_t start_ns, end_ns;
	const uint8_t *data;       /* program: len bytes; erase: NULL */
	bool first, last;          /* of the firmware's call: what a breakpoint can tell apart */
};

/* Called from within bp_vboard_run(), on the firmware's stack: do little, never call the board. */
struct bp_vboard_watch {
	void (*op)(void *ctx, const struct bp_op *op);                 /* before its effect */
	void (*reset)(void *ctx, enum dut_reset_cause cause);          /* bootloader begins */
	void (*jump)(void *ctx, int artifact, uint32_t slot, uint64_t at_ns); /* artifact: image row, -1: unknown code */
	void *ctx;
};

struct bp_vboard_setup {
	const struct bp_board_config *config;
	const struct bp_firmware *firmware;
	const struct bp_image_table *images;
	enum bp_accel accel;
	uint64_t seed;             /* of poison, torn results, weak reads */
};

/* Board with blank flash, power off. Everything lives in a but the stack: bp_vboard_free() gives it back. */
int bp_vboard_new(struct bp_arena *a, const struct bp_vboard_setup *setup, struct bp_vboard **out, struct bp_err *err);
void bp_vboard_free(struct bp_vboard *b);

/* In a forked child that is going to run boards: timers are not inherited. */
int bp_vboard_forked(struct bp_err *err);

/* Put another firmware object in (power must be off). */
void bp_vboard_firmware(struct bp_vboard *b, const struct bp_firmware *fw);

void bp_vboard_watch(struct bp_vboard *b, const struct bp_vboard_watch *watch); /* copied; NULL ops allowed */

struct bp_flash *bp_vboard_flash(struct bp_vboard *b);
uint64_t bp_vboard_now(const struct bp_vboard *b);

/* Back to the state of a board just made, flash excepted: off, time 0, retained registers clear. */
void bp_vboard_rewind(struct bp_vboard *b);

/* Another battery, mains or clock from now on; NULL: as configured, the clock counted from the board's time 0. Undone by a rewind. */
void bp_vboard_surround(struct bp_vboard *b, const struct bp_around *around);

/* ---- power ---- */
void bp_vboard_power_on(struct bp_vboard *b);
void bp_vboard_power_off(struct bp_vboard *b); /* opens the relay: the rail decays as the supply says */
void bp_vboard_pin_reset(struct bp_vboard *b);
bool bp_vboard_is_on(const struct bp_vboard *b);

/* A fault was proven to have fired: how the last cut met the flash. */
struct bp_cut_report {
	bool fired;
	bool in_op;                    /* an operation was under way or about to begin */
	struct bp_op op;               /* it (data is NULL) */
	enum bp_cut_position position;
	struct bp_torn torn;
	enum bp_fault fault;
	uint64_t at_ns;
};

/* Cut the power at operation `ordinal`. Disarmed by firing and by bp_vboard_rewind(). */
void bp_vboard_arm_op(struct bp_vboard *b, uint64_t ordinal, enum bp_cut_position position, struct bp_torn torn);
/*
 * What the armed operation meets instead of a power cut. At a reset the board
 * stops as if it were off, and bp_vboard_power_on() lets the core go, with what a
 * reset keeps and the reset's cause. A live fault strikes and the board runs on.
 * lasts_ns: of a brown-out. Reset by bp_vboard_arm_op() and disarming.
 */
void bp_vboard_arm_fault(struct bp_vboard *b, enum bp_fault fault, uint64_t lasts_ns);
/* Cut the power at virtual time at_ns, within an operation if one is under way. */
void bp_vboard_arm_time(struct bp_vboard *b, uint64_t at_ns);
void bp_vboard_disarm(struct bp_vboard *b);
const struct bp_cut_report *bp_vboard_cut_report(const struct bp_vboard *b);

/* What survives a reset beside the flash: bp_vboard_kept_bytes() bytes of retained registers, then .noinit. */
size_t bp_vboard_kept_bytes(const struct bp_vboard *b);
void bp_vboard_kept(const struct bp_vboard *b, uint8_t *out);
/* A board that is off stands as such a fault left it: the next bp_vboard_power_on() is the end of that reset. */
void bp_vboard_hold_kept(struct bp_vboard *b, enum bp_fault fault, const uint8_t *kept);

/* Areas that may be written in this step: bit i is enum dut_area_id i. 0: no such rule, as after bp_vboard_rewind(). */
void bp_vboard_allow(struct bp_vboard *b, uint32_t areas);

/* Operations counted from now on: the next one is number 1. */
void bp_vboard_count_ops(struct bp_vboard *b);
uint64_t bp_vboard_ops(const struct bp_vboard *b);
uint64_t bp_vboard_last_op_ns(const struct bp_vboard *b); /* end of the last operation, 0 before the first */

/* Which fraction of an operation a cut at at_ns tears; 0 or 100 when it falls on an edge. */
uint32_t bp_vboard_torn_percent(uint64_t start_ns, uint64_t end_ns, uint64_t at_ns);

/* ---- running ---- */
enum bp_stop {
	BP_STOP_TIME,    /* until_ns was reached */
	BP_STOP_OUTPUT,  /* a console line is complete */
	BP_STOP_OFF,     /* the board is off; time stands at until_ns, or where the cut fired */
	BP_STOP_HALT,    /* a debugger holds the core: time stands until bp_vboard_resume() */
};

enum bp_stop bp_vboard_run(struct bp_vboard *b, uint64_t until_ns);

/* Board waits for input on its serial port, and has nothing unread. */
bool bp_vboard_idle(const struct bp_vboard *b);
/* Image row that runs, -1: bootloader, -2: unknown code ran last. */
int bp_vboard_running(const struct bp_vboard *b);
uint32_t bp_vboard_running_slot(const struct bp_vboard *b);
unsigned bp_vboard_boots(const struct bp_vboard *b);        /* resets of any kind since rewind */
unsigned bp_vboard_unknown_runs(const struct bp_vboard *b); /* jumps to unknown code since rewind */

/* ---- console ---- */
/* Put bytes on the wire towards the board, back to back from now on. Returns the time the last one has arrived. */
uint64_t bp_vboard_send(struct bp_vboard *b, const uint8_t *bytes, size_t len);
/* Bytes the board has sent: up to cap are moved out; *at_ns is when the last of them was complete. */
size_t bp_vboard_receive(struct bp_vboard *b, uint8_t *bytes, size_t cap, uint64_t *at_ns);
uint64_t bp_vboard_byte_ns(const struct bp_vboard *b);

/*
 * ---- a board in real time, with a debugger ----
 * From bp_vboard_debug() on, a flash operation takes its time before its effect
 * shows: bp_vboard_run() returns within it, so that a cut that the host learns of
 * meanwhile still tears it. The hooks are called on the firmware's stack (reset:
 * on the host's) and return true to halt the core there.
 */
enum bp_call { BP_CALL_PROGRAM, BP_CALL_ERASE, BP_CALL_JUMP, BP_CALL_RESET, BP_CALLS };

struct bp_vboard_debug {
	/*
	 * The firmware calls dut_…, before any effect. arg: as passed, addresses of the
	 * host as 0; data: len bytes to program, NULL when that is refused.
	 */
	bool (*call)(void *ctx, enum bp_call call, const uint32_t arg[3], const void *data);
	bool (*op)(void *ctx, const struct bp_op *op);         /* before the operation's effect */
	bool (*back)(void *ctx, enum bp_call call, int result); /* the call is about to return */
	bool (*reset)(void *ctx, enum dut_reset_cause cause);  /* before the bootloader's first instruction */
	void *ctx;
};

/* Copied. NULL: no debugger, virtual time again; only while the board is off. */
void bp_vboard_debug(struct bp_vboard *b, const struct bp_vboard_debug *debug);

/* Halt as soon as the core can: at once, or at the end of the operation under way. */
void bp_vboard_halt(struct bp_vboard *b);
void bp_vboard_resume(struct bp_vboard *b);
bool bp_vboard_halted(const struct bp_vboard *b);

/* Reset pin held low or let go, also while power comes. Letting go of it resets the core. */
void bp_vboard_hold_reset(struct bp_vboard *b, bool held);

/* The rail is gone for a core that is halted or held: the board is off at once. */
void bp_vboard_lose_power(struct bp_vboard *b);

/* The rail falls since some time: when it stops flash operations and the core; earlier than now is now. */
void bp_vboard_rail_dies(struct bp_vboard *b, uint64_t flash_ns, uint64_t core_ns);
/* The core resets itself (SYSRESETREQ). */
void bp_vboard_soft_reset(struct bp_vboard *b);

/* When running on makes a difference unless input comes: board time, now or later; BP_NEVER: never. */
uint64_t bp_vboard_next_event(const struct bp_vboard *b);

/* A flash operation is under way. */
bool bp_vboard_in_op(const struct bp_vboard *b);
/* The rail's level now, mV. */
uint32_t bp_vboard_rail_mv(const struct bp_vboard *b);
/* When the falling rail stops flash operations, and the core; BP_NEVER while it does not fall. */
uint64_t bp_vboard_flash_dead_ns(const struct bp_vboard *b);
uint64_t bp_vboard_core_dead_ns(const struct bp_vboard *b);
enum dut_reset_cause bp_vboard_cause(const struct bp_vboard *b);

/* Where the process is at this moment; safe to call from a signal handler (a sampling profiler's). */
enum bp_where { BP_IN_HARNESS, BP_IN_BOARD, BP_IN_FIRMWARE };
enum bp_where bp_vboard_where(void);

/* Damage done to RAM outside what the firmware owns is our bug or its: the case must be thrown away. */
bool bp_vboard_sane(const struct bp_vboard *b);

#endif
