/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtual.h - the virtual board on the bench: its world and its drivers for
 * power, console and debug, over vboard/. Debug tells the ground truth.
 */
#ifndef BP_BENCH_VIRTUAL_H
#define BP_BENCH_VIRTUAL_H

#include "bench/board.h"
#include "bench/lines.h"
#include "bench/link_smp.h"
#include "vboard/vboard.h"

struct bp_virtual {
	struct bp_vboard *vboard;
	struct bp_firmware firmware;
	struct bp_image_table images;
	struct bp_link_smp smp;
	uint32_t *wear;              /* of each page when erases were last counted from */
	uint64_t cut_link_byte;      /* cut when the host's byte of this number has arrived; 0: none */
	struct bp_line_wait cut_line;/* cut by a line of the console */
	struct bp_lines lines;
	void (*on_line)(void *ctx, uint64_t at_ns, const char *line, size_t len); /* NULL: nobody listens */
	void *on_line_ctx;
	struct bp_board board;
};

/* firmware: path of the object. Everything in a; close gives back stack and object. */
int bp_virtual_open(struct bp_arena *a, const struct bp_product *product, const char *firmware, enum bp_accel accel,
		    uint64_t seed, struct bp_virtual **out, struct bp_err *err);
void bp_virtual_close(struct bp_virtual *v);

extern const struct bp_world_ops bp_world_virtual_ops;
extern const struct bp_power_ops bp_power_virtual_ops;
extern const struct bp_console_ops bp_console_virtual_ops;
extern const struct bp_debug_ops bp_debug_virtual_ops;

#endif
