/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - the boards that a host can reach, from bench.yaml.
 *
 *     bench: desk
 *     boards:
 *       - name: nrf-1
 *         product: reference
 *         power: {driver: ftdi, …}
 *         console: {driver: serial, …}
 *         debug: {driver: openocd, …}           # may be missing: no flash:N, no classification
 *         provision: {command: [flash.sh], timeout: 2 min}   # puts the start state onto a board without `debug`
 *         detached: 10%                         # of the cases run with the probe detached
 *         link: {driver: smp, over: console}    # this is what stands for a missing one; over: the map of another
 *                                               # console driver, whose port carries SMP's frames alone
 *         # or {driver: debug, request: [...]}, {driver: exec, command: [...]}: link_debug.c, link_exec.c
 *         # or from the file that `bench calibrate` writes beside this one, see calibration.h:
 *         calibration: {dead: 1.8 ms, jitter: 0.2 ms, first-byte: 12 ms}
 *         erases-per-night: 200
 *         safe: off                             # how a board is left: off or on
 *         elf: build/zephyr/zephyr.elf          # symbols, when they are not the product's own
 *
 * Reading opens nothing. Names of drivers and the keys above are checked here;
 * what else stands in a driver's map is its open()'s to check.
 */
#ifndef BP_BENCH_BENCH_H
#define BP_BENCH_BENCH_H

#include "bench/console.h"
#include "bench/debug.h"
#include "bench/link.h"
#include "bench/power.h"

#include <stdbool.h>

#define BP_BENCH_BOARDS 64

/* Times of a board's power switch, measured by `bench calibrate`. All 0: not measured. */
struct bp_calibration {
	bool known;
	bool stored;            /* from the file that `bench calibrate` writes (calibration.h), not from the bench file */
	uint64_t dead_ns;       /* command → the core has stopped, median */
	uint64_t jitter_ns;     /* half the width of the window that holds 95 of 100 cuts */
	uint64_t first_byte_ns; /* power on → first byte on the console; 0: not measured */
	uint32_t cuts;          /* measured from so many; 0: not told */
	const char *measured;   /* when, as written; NULL: not told */
};

struct bp_bench_board {
	const struct bp_node *node;             /* the whole entry, for error texts */
	const char *name;
	const char *product;                    /* name or path, as written */
	const struct bp_node *product_node;
	/* Each driver with its map, `driver` taken. */
	const struct bp_power_ops *power;
	const struct bp_console_ops *console;
	const struct bp_debug_ops *debug;       /* NULL: no probe */
	const struct bp_node *power_config, *console_config, *debug_config;
	const struct bp_node *provision_config; /* NULL: none */
	uint32_t detached_percent;
	const struct bp_link_ops *link;
	const struct bp_node *link_config;      /* NULL: none was given */
	const struct bp_console_ops *over;      /* SMP over a port of its own, also to ask only; NULL: over the console */
	const struct bp_node *over_config;
	struct bp_calibration calibration;
	uint32_t erases_per_night;              /* 0: no limit given */
	const char *elf;                        /* path; NULL: the product's */
	bool safe_on;
};

struct bp_bench {
	const char *name, *path;
	unsigned n_boards;
	struct bp_bench_board board[BP_BENCH_BOARDS];
};

/* Read and check; everything lives in a. Errors carry file:line:col. */
int bp_bench_read(struct bp_arena *a, const char *path, struct bp_bench **out, struct bp_err *err);

/* The same from len bytes of text; name stands in for the path. */
int bp_bench_parse(struct bp_arena *a, const char *name, const char *text, size_t len, struct bp_bench **out, struct bp_err *err);

/* The board of that name; BP_EUSAGE with the nearest name, or all of them. */
int bp_bench_find(const struct bp_bench *b, const char *name, const struct bp_bench_board **out, struct bp_err *err);

#endif
