/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real.h - one board of a bench, assembled: its drivers, the real world, and what
 * can be observed of it from outside. To the code that executes a case it looks
 * like the virtual board.
 *
 * Power
 * - Every power-up is caught when the probe can do that: the core is held in
 *   reset, gets power and halts before its first instruction. RAM then tells
 *   whether power was lost: a canary written after the power-up before must be
 *   gone, and the cause of the reset must be power-on. Then the canary is planted
 *   anew, the hook `powered` is called, and the core runs.
 * - A board that is off and whose flash is read or written is powered with its
 *   core halted (service); the next power-on takes that power away first.
 * - The supply stays off for half a second: every rail is down, RAM is lost.
 *
 * Without a probe (the bench file names none, or it is detached for a case)
 * - Nobody catches the core, and nobody reads RAM: power was lost if the console
 *   says so before the application answers (product.yaml, marks: power-on).
 * - What runs is what the device says: the hash of its active image.
 * - The start state comes by a command of the bench file's (`provision`).
 *
 * Observation (there is no window into the core)
 * - Nothing is heard for a second, and the application answers a status request:
 *   it waits for input. What runs is the slot it names, identified by its bytes.
 * - Flash operations cannot be counted: `ops` counts how often the content of the
 *   flash was found changed. Rules of the flash and unknown code go unseen.
 */
#ifndef BP_BENCH_REAL_H
#define BP_BENCH_REAL_H

#include "bench/bench.h"
#include "bench/board.h"
#include "bench/hook.h"
#include "bench/lines.h"
#include "bench/world_real.h"

#include <stdbool.h>

#define BP_REAL_CANARY_BYTES 16u

/* Called within power-up, core halted before its first instruction (caught), or running when it cannot be caught. */
typedef int bp_real_powered(void *ctx, bool caught, struct bp_err *err);
/* Called over and over within a wait: look whether the core has halted. Anything but 0 ends the wait. */
typedef int bp_real_look(void *ctx, struct bp_err *err);

struct bp_real {
	const struct bp_bench_board *bench;
	const struct bp_product *product;
	struct bp_board board;            /* what a case is executed on */
	/* The drivers themselves. */
	struct bp_power power;
	struct bp_console console;
	struct bp_console port;           /* SMP's own; ops NULL: it shares the console */
	struct bp_console heard_port;     /* the same, listened to */
	struct bp_debug debug;
	struct bp_world_real world;
	struct bp_hook provision;         /* argv[0] NULL: the probe does it */
	uint32_t program_at, erase_at, canary_at; /* symbols */
	uint32_t io_bytes;                /* most bytes of one reading of flash */

	uint64_t epoch_ns;                /* board time is the monotonic clock less this: cases begin at 0 */
	bool on, service;
	bool can_catch;                   /* as far as is known; one failure, and it is not tried again */
	uint64_t off_ns;                  /* when the last command to switch off was given */
	uint64_t window_ns;               /* from that command, the board is dead for sure */
	bool planted;
	uint8_t canary[BP_REAL_CANARY_BYTES];
	uint32_t power_ups;
	bool awaits_cause;                /* no probe: the console is yet to say that power was lost */
	unsigned unproven;                /* power-ups without proof that power was lost before */
	char unproven_text[120];          /* of the first of them */
	uint32_t pages_written;           /* by the probe, since open */

	bp_real_powered *powered;
	void *powered_ctx;
	bp_real_look *look;
	void *look_ctx;

	/* Cuts that the host can see coming. By its own bytes: after this one (from 1) has arrived; 0: none. */
	uint64_t cut_link_byte, link_sent;
	uint64_t byte_ns;                 /* a byte's time on the link's wire */
	struct bp_line_wait cut_line;     /* a cut by a line of the device, in the very wake-up that brings its end */
	uint64_t cut_at_ns;               /* a cut at this time of the monotonic clock; BP_NEVER: none */
	uint64_t sent_until_ns;           /* when the last bit of what was written is on the wire */
	bool cut_fired;
	uint64_t cut_wanted_ns, cut_issued_ns;

	/* What was heard, and what was made of it. */
	uint64_t heard_ns;
	bool no_image, asking, asked;     /* asked: `seen` holds until the next boot */
	struct bp_lines lines;
	struct bp_observation seen;
	uint64_t changes;
	uint8_t digest[32];
	bool has_digest;
};

/*
 * Open all drivers of a board whose product is p; everything lives in a. The
 * board gets power, as probes need it to attach, and loses it again. Blocks for
 * seconds. BP_ECONFIG: the bench file or the product lacks what is needed; other
 * errors name the driver.
 */
int bp_real_open(struct bp_arena *a, const struct bp_bench_board *b, const struct bp_product *p, struct bp_real **out,
		 struct bp_err *err);

/* The board is left in its safe state. NULL is fine. */
void bp_real_close(struct bp_real *r);

/* Give up the cut that is armed. */
void bp_real_disarm(struct bp_real *r);

/* Is there a probe, and is it attached to its lines? */
static inline bool bp_real_sees(const struct bp_real *r)
{
	return r->debug.ops != NULL;
}

/*
 * Take the probe away: its driver is closed, its lines float, the board is off.
 * And back: it is opened anew in a, on a board that gets power for it and loses it
 * again; blocks for seconds.
 */
int bp_real_unplug(struct bp_real *r, struct bp_err *err);
int bp_real_plug(struct bp_arena *a, struct bp_real *r, struct bp_err *err);

/*
 * Put the start state onto a board without a probe: its command is run with the
 * board powered, and finds in the folder BRICKPROOF_DIR a file AREA.bin for each
 * area of flash[] but the bootloader's, and `areas`: lines "NAME ADDRESS SIZE".
 * The board is off afterwards. BP_EIO, BP_ETIMEOUT: the command's failure.
 */
int bp_real_provision(struct bp_real *r, const uint8_t *flash, struct bp_err *err);

/* Give up observers and cuts that are armed: a new case begins. */
void bp_real_rewind(struct bp_real *r);

/* Cut the power: the command leaves at at_ns of the monotonic clock, at once when that is over. The probe sends nothing any more. */
int bp_real_cut(struct bp_real *r, uint64_t at_ns, struct bp_err *err);

/* Off, and nothing more: no cut is recorded. The probe sends nothing any more. */
int bp_real_power_down(struct bp_real *r, struct bp_err *err);

/*
 * Let the halted core run on, no breakpoint where it stands, and give the command to cut so much later; when later_ns is
 * negative, as much before: for switches that are slower than what they are to cut.
 */
int bp_real_go_and_cut(struct bp_real *r, int64_t later_ns, struct bp_err *err);

/*
 * Read flash of a board that has power. unreadable: NULL, or len flags, 1 where the
 * part refused to read (a torn word under ECC): such bytes read as 0.
 */
int bp_real_read_flash(struct bp_real *r, uint32_t addr, uint8_t *buf, uint32_t len, uint8_t *unreadable, struct bp_err *err);

/*
 * Bring flash[addr, addr+len) to want, whole pages: only those that differ are
 * written, and those that `force` names (a flag a page, NULL: none), twice, as
 * cells of a torn page may read right and be weak. The board is off, or in service.
 */
int bp_real_load(struct bp_real *r, uint32_t addr, const uint8_t *want, uint32_t len, const uint8_t *force, struct bp_err *err);

#endif
