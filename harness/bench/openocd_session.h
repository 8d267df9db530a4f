/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openocd_session.h - one OpenOCD, kept alive: our own child, or one that runs
 * elsewhere (private to the openocd driver).
 *
 *     debug:
 *       driver: openocd
 *       interface: interface/jlink.cfg        # a file of OpenOCD's, or
 *       config: ["adapter driver st-link"]    # lines of its configuration, after the interface
 *       target: target/nrf52.cfg              # after config
 *       attach: 127.0.0.1:6666                # instead of all three: an OpenOCD already running
 *       core: nrf52.cpu                       # default: OpenOCD's current target
 *       flash: driver                         # OpenOCD's; or nrf: through the NVMC of an nRF51 or nRF52, as a served
 *       page: 4 KiB                           # virtual board has it too; page: what one erase takes (with nrf)
 *       binary: openocd
 *       start: 10 s                           # from start to the first answer
 *       answer: 5 s                           # one that takes longer has hung
 *
 * A child talks through its standard input and output ("tcl_port pipe"): it has
 * no port that another could take or reach, and ends when the rig ends.
 */
#ifndef BP_BENCH_OPENOCD_SESSION_H
#define BP_BENCH_OPENOCD_SESSION_H

#include "bench/debug.h"
#include "bench/debug_child.h"
#include "bench/openocd_rpc.h"

#define BP_OPENOCD_POINTS 16u   /* Cortex-M: up to 8 comparators of the FPB and 4 of the DWT */

struct bp_openocd_point {
	uint32_t addr, len;     /* len 0: breakpoint; else writes into so many bytes */
};

struct bp_openocd {
	const char *board;
	/* configuration */
	char **argv;            /* of the child; NULL: attach */
	const char *attach, *core;
	uint64_t start_ns, answer_ns;
	bool nrf;               /* flash through the NVMC */
	uint32_t page_bytes;    /* then: its pages */
	/* the process and its connection */
	struct bp_child child;
	struct bp_rpc rpc;
	bool up;                /* rpc is connected, and set up */
	unsigned lives;         /* starts left until a command has been answered again */
	unsigned starts;
	/* the board */
	bool on;                /* attached: commands may go to the target */
	bool held;              /* reset line asserted for the next attach() */
	unsigned n_points;
	struct bp_openocd_point point[BP_OPENOCD_POINTS];
};

/* Configuration from the board's map; problems are recorded in d. BP_ENOMEM or BP_ECONFIG. */
int bp_openocd_configure(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_openocd *o,
			 struct bp_err *err);

/* Start or connect, once, within `start`. BP_EIO names the board and quotes OpenOCD. */
int bp_openocd_start(struct bp_openocd *o, struct bp_err *err);
void bp_openocd_stop(struct bp_openocd *o, uint64_t grace_ns);

/*
 * Run a command; its result stands in o->rpc.reply. An OpenOCD that died or hung is
 * started again, once (which may take `start` longer), and the command is
 * repeated if there is time left.
 * BP_EREFUSED: the command failed, OpenOCD is well. BP_ETIMEOUT; BP_EIO.
 */
int bp_openocd_call(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for commands that touch the target: BP_EPOWER while it is off, and a command that fails is BP_EIO. */
int bp_openocd_target(struct bp_openocd *o, uint64_t deadline_ns, struct bp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
