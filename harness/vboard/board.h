/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.h - inside the virtual board: shared by vboard.c (the host's side),
 * dut.c (the firmware's side), hardfault.c and accel.c. Nobody else includes it.
 */
#ifndef BP_VBOARD_BOARD_H
#define BP_VBOARD_BOARD_H

#include "vboard/coroutine.h"
#include "vboard/uart.h"
#include "vboard/vboard.h"

enum bp_leave {             /* why the firmware's side handed over */
	BP_LEAVE_NONE,      /* it was stopped by the host: power or pin */
	BP_LEAVE_TIME,      /* next_stop was reached */
	BP_LEAVE_WAIT,      /* it waits for input until wake_at */
	BP_LEAVE_OUTPUT,    /* a line is out */
	BP_LEAVE_RESET,     /* software reset */
	BP_LEAVE_FAULT,     /* HardFault */
	BP_LEAVE_JUMP,      /* to jump_addr */
	BP_LEAVE_OFF,       /* the armed cut fired */
	BP_LEAVE_STUCK,     /* endless loop that not even counts edges: only the watchdog helps */
	BP_LEAVE_OP,        /* real time: within an operation, until wake_at */
	BP_LEAVE_HALT,      /* a debugger's stop within a call */
};

#define BP_RUNNING_BOOT (-1)
#define BP_RUNNING_UNKNOWN (-2)

struct bp_accel_cache;

struct bp_vboard {
	uint64_t canary_low;
	const struct bp_board_config *config;
	const struct bp_firmware *firmware;
	const struct bp_image_table *images;
	enum bp_accel accel;
	struct bp_accel_cache *cache;
	uint64_t seed;
	struct bp_flash *flash;
	struct bp_coroutine co;
	struct bp_vboard_watch watch;

	bool on;
	uint64_t now, run_until, next_stop, wake_at;
	uint64_t flash_dead_at, core_dead_at; /* the rail falls: BP_NEVER while it is up */
	uint64_t reset_at, watchdog_at, watchdog_ns;
	enum dut_reset_cause cause;
	uint32_t retained[DUT_RETAINED_WORDS];
	struct bp_around around;              /* wallclock_s: at time 0 */

	enum bp_leave leave;
	uint32_t jump_addr;
	int running;
	uint32_t running_slot;
	unsigned boots, unknown_runs;
	unsigned boots_since_fault;           /* seeds poison: the same however the fault was reached */

	uint64_t ops, last_op_ns;
	uint64_t arm_op, arm_time;            /* 0 and BP_NEVER: not armed */
	enum bp_cut_position arm_position;
	struct bp_torn arm_torn;
	enum bp_fault arm_fault;
	uint64_t arm_lasts_ns;
	uint64_t low_from, low_until;         /* the rail is too low for the flash; 0, 0: it is not */
	uint32_t bad_page;                    /* number + 1 of a page that is dead or worn, 0: none */
	enum bp_fault bad_how;
	uint32_t allowed;                     /* areas that may be written, 0: no such rule */
	bool warm;                            /* off, but only held in reset: what a reset keeps is there */
	enum dut_reset_cause warm_cause;
	struct bp_cut_report report;

	uint32_t calls;                       /* hardware calls since the last one that got anywhere */
	uint32_t jumps;                       /* since the last reset */
	uint32_t still;                       /* calls since time moved last, … */
	uint64_t still_at;                    /* … to here */
	struct bp_vboard_debug debug;
	bool debugged;                        /* in real time, with a debugger: debug is set */
	bool halted, halt_wanted, held;
	bool up_while_held;                   /* power came while the reset pin was low */
	const struct bp_op *pending;          /* real time: under way, no effect yet */
	uint64_t fell_at;                     /* when the rail began to fall, while it does */
	struct bp_uart uart;
	uint64_t canary_high;
};

#define BP_CANARY 0x62726b70726f6f66u /* "brkproof" */

/* The board whose firmware runs in this process. */
extern struct bp_vboard *bp_board_running;

/* Edges run since the last hardware call (see dut.c), and hardware calls so far. */
extern volatile uint32_t bp_board_spin, bp_board_entries;

/* True only while the firmware's own code runs: a signal then is its HardFault. */
extern volatile bool bp_board_in_firmware;

void bp_board_next_stop(struct bp_vboard *b); /* recompute next_stop */

/* debugged.c: what a call does when a debugger is there, on the firmware's stack. */
void bp_board_call(struct bp_vboard *b, enum bp_call call, const uint32_t arg[3], const void *data);
void bp_board_back(struct bp_vboard *b, enum bp_call call, int result);
/* Halt before the operation if the debugger wants to, then let its time pass, up to its end or the death of the rail. */
void bp_board_pass(struct bp_vboard *b, const struct bp_op *op);
/* The operation's effect. */
void bp_board_apply(struct bp_vboard *b, const struct bp_op *op);

/*
 * trouble.c: faults that the core lives through. 1: the operation is as it should
 * be; else it is done with, and *rc is what the firmware is told.
 */
int bp_board_trouble(struct bp_vboard *b, const struct bp_op *op, int *rc);
/* The supply is high enough for the flash, as the part's comparator sees it. */
bool bp_board_supply_ok(const struct bp_vboard *b);

/* A cut fired: record how, and draw weak bits and poison by what happens since. */
void bp_board_fault(struct bp_vboard *b, const struct bp_cut_report *report);

/* hardfault.c: catch SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP of the firmware, and watch for endless loops. Once a process. */
int bp_hardfault_catch(struct bp_err *err);

/* accel.c */
struct bp_accel_cache *bp_accel_cache_new(struct bp_arena *a);
/* SHA-256 of what the CPU reads at addr. 0, or -1 when an ECC part met a torn unit (digest of the garbage). */
int bp_accel_sha256(struct bp_vboard *b, uint32_t addr, uint32_t len, uint8_t digest[32]);
int bp_accel_ed25519(struct bp_vboard *b, const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64]);

#endif
