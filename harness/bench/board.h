/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.h - one device under test, as the code that executes a case sees it: a
 * world and the four roles.
 */
#ifndef BP_BENCH_BOARD_H
#define BP_BENCH_BOARD_H

#include "bench/console.h"
#include "bench/debug.h"
#include "bench/link.h"
#include "bench/power.h"
#include "bench/product.h"
#include "bench/wire.h"
#include "bench/world.h"

/* What the board senses beside its link. set NULL: this bench cannot change it. */
struct bp_senses {
	/* around NULL: as the product says. */
	int (*set)(void *self, const struct bp_around *around, struct bp_err *err);
	void *self;
};

struct bp_board {
	const char *name;
	const struct bp_product *product;
	struct bp_world world;
	struct bp_power power;
	struct bp_console console;
	struct bp_debug debug;
	struct bp_link link;
	struct bp_senses senses;
	struct bp_wire wire;     /* the console, split into text and messages */
};

#endif
