/* SPDX-License-Identifier: Apache-2.0 */
/* real_parts.h - how an assembled board is split: power and time, flash, observation (private to real*.c). */
#ifndef BP_BENCH_REAL_PARTS_H
#define BP_BENCH_REAL_PARTS_H

#include "bench/real.h"

#define BP_REAL_DEBUG_NS UINT64_C(5000000000) /* one command to the probe: a real SWD without target blocks up to 1 s */

/* ---- real_power.c ---- */
extern const struct bp_power_ops bp_real_power_ops;
extern const struct bp_world_ops bp_real_world_ops;
/* The armed cut's moment has come: bp_real_cut(), and nothing is armed any more. */
int bp_real_fire(struct bp_real *r, uint64_t at_ns, struct bp_err *err);
/* On, with the core halted before its first instruction, for the debug port only. Nothing when it is so already. */
int bp_real_service(struct bp_real *r, struct bp_err *err);

/* ---- real_flash.c ---- */
extern const struct bp_debug_ops bp_real_debug_ops;

/* ---- real_observe.c ---- */
extern const struct bp_console_ops bp_real_console_ops, bp_real_port_ops;
int bp_real_observe(void *self, struct bp_observation *out, struct bp_err *err);
int bp_real_count(void *self, uint64_t *count, struct bp_err *err);
/* What was known of the board is out of date: it was reset, powered or written to. */
void bp_real_forget(struct bp_real *r);

/* ---- real_blind.c: boards without a probe ---- */
/* Power has come: the console must say so, or power was not lost. */
void bp_real_await_cause(struct bp_real *r);
/* A line of the console, len bytes. */
void bp_real_cause_line(struct bp_real *r, const char *line, size_t len);
/* The application answers: by now the console has said all that it had to say. */
void bp_real_cause_due(struct bp_real *r);
/* Which artifact the device says it runs, and from which slot. */
int bp_real_ask_images(struct bp_real *r, struct bp_err *err);
/* Record, for the first time, why nothing proves that power was lost. */
void bp_real_unproven(struct bp_real *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
