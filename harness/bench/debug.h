/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug.h - role: the board's memory and what its core does, without its help.
 *
 * A probe on a real board reads memory of the running core; the virtual driver
 * looks into the board. write() is for a board whose core does not run.
 */
#ifndef BP_BENCH_DEBUG_H
#define BP_BENCH_DEBUG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

#include <stdbool.h>
#include <stdint.h>

#define BP_OBSERVED_NONE (-1)    /* bootloader, or nothing */
#define BP_OBSERVED_UNKNOWN (-2) /* bytes that are no known artifact */

struct bp_observation {
	bool blind;              /* only the board's own word: its flash cannot be read, and what it holds is not judged */
	int artifact;            /* index in the product that runs, or BP_OBSERVED_… */
	uint32_t slot;           /* it runs from, when artifact >= 0 */
	bool idle;               /* waits for input, nothing unread */
	unsigned unknown_runs;   /* times that unknown code ran since power was first on in this case */
	uint64_t last_op_ns;     /* end of the last flash operation, 0 before the first */
	uint64_t ops;            /* flash operations counted so far */
	bool weak_records;       /* an area that holds no image has weak cells, which the next power-up may read otherwise */
	uint32_t erases, page_erases; /* since mark_wear(): in all, and of the page that was erased most often; 0 when nobody sees them */
	unsigned n_traps;        /* breaches of flash rules; `trap` tells of the first */
	const char *trap;
	uint32_t trap_addr;
	int trap_running_slot, trap_bootloader, trap_outside; /* the first trap is of that kind */
};

struct bp_debug_ops {
	const char *name, *help;
	/* As in power.h, from the board's `debug:` map. Opened with the board powered; may block for deadline_ns given there. */
	int (*open)(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		    struct bp_err *err);
	void (*close)(void *self);
	/*
	 * The control of a running core, for probes of real boards; all NULL for the
	 * virtual driver, which sees everything. Each blocks until deadline_ns
	 * (monotonic) at most: BP_ETIMEOUT.
	 */
	int (*attach)(void *self, uint64_t deadline_ns, struct bp_err *err); /* after power came back: re-attach */
	int (*detach)(void *self, struct bp_err *err);                        /* before power goes: send nothing more */
	/*
	 * Before power comes: hold the core in reset, so that the next attach() ends with it halted at its very first
	 * instruction. Optional; and not every part's debug port answers under reset: attach() then runs into its deadline.
	 */
	int (*hold)(void *self, uint64_t deadline_ns, struct bp_err *err);
	int (*halt)(void *self, uint64_t deadline_ns, struct bp_err *err);
	int (*resume)(void *self, uint64_t deadline_ns, struct bp_err *err);
	/*
	 * Resume with the least delay, when a cut is timed from there: the core is halted where no breakpoint stands, and
	 * nothing but detach() may follow. Optional: NULL is resume().
	 */
	int (*go)(void *self, uint64_t deadline_ns, struct bp_err *err);
	int (*reset)(void *self, bool halt, uint64_t deadline_ns, struct bp_err *err);
	int (*breakpoint)(void *self, uint32_t addr, bool set, uint64_t deadline_ns, struct bp_err *err); /* hardware */
	int (*watchpoint)(void *self, uint32_t addr, uint32_t len, bool set, uint64_t deadline_ns, struct bp_err *err); /* on write */
	/* Wait for a halt; regs: r0 to r15, then xPSR; NULL: not wanted, which is faster. */
	int (*wait_halt)(void *self, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err);
	int (*read_ram)(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err);
	int (*write_ram)(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err);
	/* Flash programming through the probe's own loader (provisioning). */
	int (*program)(void *self, uint32_t addr, const void *buf, uint32_t len, uint64_t deadline_ns, struct bp_err *err);
	/* ---- what every driver has ---- */
	/* Flash as the CPU would read it at addr. BP_EIO when the probe fails. */
	int (*read)(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err);
	/* Flash content, whatever rules the part has (a provisioning write). */
	int (*write)(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err);
	/* True when flash at addr is settled and equal to expected[len]; weak or torn cells make it false. */
	int (*matches)(void *self, uint32_t addr, const void *expected, uint32_t len, struct bp_err *err);
	int (*observe)(void *self, struct bp_observation *out, struct bp_err *err);
	/* Areas (bit mask of enum dut_area_id) that the device may write from now on, 0: any; others are a trap. NULL: nobody watches. */
	void (*allow)(void *self, uint32_t areas);
	/* Count erases from here on, for observe(). NULL: nobody sees them. */
	void (*mark_wear)(void *self);
	/* A count that grows when the flash was written to, looked up now; NULL: observe()'s `ops`, which is always up to date. */
	int (*count)(void *self, uint64_t *count, struct bp_err *err);
};

extern const struct bp_debug_ops *const bp_debug_drivers[]; /* in debug.c, ends with NULL */

struct bp_debug {
	const struct bp_debug_ops *ops;
	void *self;
};

#endif
