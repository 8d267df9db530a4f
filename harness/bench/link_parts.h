/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_parts.h - what the links share that carry an update as one piece (private
 * to them and their tests): the files and the environment of a user's command.
 */
#ifndef BP_BENCH_LINK_PARTS_H
#define BP_BENCH_LINK_PARTS_H

#include "bench/board.h"
#include "bench/hook.h"
#include "bench/link_smp.h"

extern const struct bp_link_ops bp_link_debug_ops, bp_link_exec_ops;

#define BP_LINK_ENV 8

/* A folder with the update's files, and variables that name them. */
struct bp_link_files {
	const struct bp_product *product;
	char dir[40], image[64], manifest[64];
	char text[BP_LINK_ENV][128];
	const char *env[BP_LINK_ENV + 1];
	bool areas;                   /* the folder holds AREA.bin of the board's flash, too */
};

/*
 * Make the folder: image.bin, manifest.cose; env: BRICKPROOF_BOARD, _ARTIFACT,
 * _VERSION, _SLOT (a or b), _IMAGE, _MANIFEST (paths), _SHA256 (of the image) and
 * _DIR. BP_EIO names the board.
 */
int bp_link_files_make(struct bp_link_files *f, const struct bp_board *b, const struct bp_delivery *d, struct bp_err *err);
void bp_link_files_remove(struct bp_link_files *f);

#define BP_LINK_WRITE_BYTES 4096u

/* A line of a request command, taken apart in place: "ADDRESS HEXBYTES". 1: it is one; 0: it is blank, or a comment (#); BP_EPROTO. */
int bp_link_write_line(char *line, uint32_t *addr, uint8_t bytes[BP_LINK_WRITE_BYTES], size_t *n, struct bp_err *err);

#endif
