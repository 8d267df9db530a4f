/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calibration.h - what `bench calibrate` measured, beside the bench file: for
 * desk.yaml the file desk.calibration.yaml. The program writes it; it stands above
 * what the bench file itself says.
 *
 *     calibration:
 *       - {board: nrf-1, dead: 4.613021 ms, jitter: 0.702000 ms, first-byte: 38.113456 ms, cuts: 200, measured: "2026-05-02"}
 */
#ifndef BP_BENCH_CALIBRATION_H
#define BP_BENCH_CALIBRATION_H

#include "bench/bench.h"

/* Path of the file that belongs to a bench file; NULL: no memory. */
const char *bp_calibration_path(struct bp_arena *a, const char *bench_path);

/* Read it into the boards of b. A file that is not there is no error; one that is wrong is BP_ECONFIG, file:line:col. */
int bp_calibration_read(struct bp_arena *a, struct bp_bench *b, struct bp_err *err);

/*
 * Write what was measured of the boards of b (`stored`), all of them, in place of what was there: whole or not at all.
 * What the bench file itself says stays there alone, so that a change of it counts. Scratch memory in a. BP_ENOMEM, BP_EIO.
 */
int bp_calibration_write(struct bp_arena *a, const struct bp_bench *b, struct bp_err *err);

#endif
