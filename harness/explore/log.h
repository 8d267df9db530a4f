/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - the flash log: one update, recorded once, from which the state after
 * any cut is built.
 *
 * After power loss only the flash survives (with weak bits and wear). So the
 * state after a cut is the start image, plus the operations that were complete,
 * plus one torn operation; and what the device owes is what it had acknowledged
 * by then. No prefix is ever run again.
 */
#ifndef BP_EXPLORE_LOG_H
#define BP_EXPLORE_LOG_H

#include "scenario/execute.h"
#include "vboard/vboard.h"

#include <stdint.h>

struct bp_log_op {
	uint64_t start_ns, end_ns;
	uint32_t addr;
	uint32_t data;       /* program: offset into bp_log.data */
	uint32_t owed;       /* index into bp_log.owed, at its start and its end */
	uint32_t kept;       /* offset into bp_log.kept: what a reset at its start or its end would keep */
	uint8_t kind;        /* enum bp_op_kind */
	bool first, last;    /* of the firmware's call */
};

struct bp_log_owed {
	uint64_t at_ns;
	struct bp_obligation owed;
};

struct bp_log_send {         /* one message of the host on the wire */
	uint64_t at_ns;      /* its first bit */
	uint32_t first, len; /* bytes of the link, counted from 1 */
};

struct bp_log_line {         /* one line of the device's console */
	uint64_t at_ns;      /* its end has arrived */
	const char *text;
	size_t len;
};

struct bp_log {
	struct bp_arena *arena;
	struct bp_flash *start;          /* flash when the update began; NULL: a recovery's log, whose plan knows it */
	uint32_t unit_bytes;
	uint64_t byte_ns;                /* of the link */
	struct bp_log_op *op;
	struct bp_log_owed *owed;
	struct bp_log_send *send;
	struct bp_log_line *line;
	uint8_t *data;
	const struct bp_vboard *board;   /* whose registers and .noinit are recorded; NULL: nobody's */
	uint8_t *kept;                   /* rows of kept_bytes, each unlike the one before */
	uint32_t kept_bytes, n_kept, cap_kept; /* n, cap: bytes */
	uint32_t n_ops, n_owed, n_sends, n_lines, n_data;
	uint32_t cap_ops, cap_owed, cap_sends, cap_lines, cap_data;
	uint64_t begin_ns, end_ns;       /* board time when the steps began and were over */
	uint32_t n_traps;                /* breaches of the flash's rules in the steps: states that are built know nothing of them */
	const char *useless;             /* why no point of it can be cut at: more than its tables hold, …; NULL: it is sound */
};

/* Tables for an update on this board; start: an empty flash of the same geometry. */
int bp_log_new(struct bp_arena *a, const struct bp_geometry *g, struct bp_flash *start, struct bp_log **out);

/* Record with each operation what a reset of this board would keep. 0 or BP_ENOMEM. */
int bp_log_keep(struct bp_log *log, const struct bp_vboard *board);

/* Forget all that was recorded; the tables stay. */
void bp_log_restart(struct bp_log *log);

/* Forget all that was recorded: the update cannot be cut. why: borrowed, a sentence without its stop. */
void bp_log_give_up(struct bp_log *log, const char *why);

/* Observers to hang on the board, the executor and the wire. */
void bp_log_op(void *log, const struct bp_op *op);
void bp_log_owe(struct bp_log *log, uint64_t at_ns, const struct bp_obligation *o);
void bp_log_sent(struct bp_log *log, uint64_t at_ns, size_t len);
void bp_log_line(void *log, uint64_t at_ns, const char *line, size_t len);

/* A state: `prefix` operations complete, then, when torn, operation number `prefix` (from 0) torn by `torn`. */
struct bp_state {
	uint32_t prefix;
	uint32_t owed;           /* index into bp_log.owed */
	bool is_torn;
	struct bp_torn torn;
	enum bp_fault fault;
	uint32_t kept;           /* a reset: offset into bp_log.kept */
	uint32_t bounces;        /* power comes and goes so many times more before it stays */
};

/* The state in which a cut leaves the board. 0, or BP_ENOENT when the update has no such point. */
int bp_log_resolve(const struct bp_log *log, const struct bp_cutpoint *cut, struct bp_state *out);

/* Carry flash f forward by operations [from, to). */
void bp_log_apply(const struct bp_log *log, struct bp_flash *f, uint32_t from, uint32_t to);

/* Tear operation number i on f. */
void bp_log_tear(const struct bp_log *log, struct bp_flash *f, uint32_t i, struct bp_torn torn);

/* The page that operation number i (from 0) is on. Of an update's log: it has its start. */
static inline struct bp_flash_page bp_log_page(const struct bp_log *log, uint32_t i)
{
	return bp_flash_page_at(&log->start->geo, log->op[i].addr);
}

/* Does the page read as erased already when erase number i (from 0) begins? Then nothing shows that it has. Of an update's log. */
bool bp_log_erases_blank(const struct bp_log *log, uint32_t i);

/* How many events of this kind the update has; times: none. */
uint32_t bp_log_events(const struct bp_log *log, enum bp_event event);

/* The cut point of event i (from 1) that is no flash operation. False when nothing can name it: a line of control characters. */
bool bp_log_point(const struct bp_log *log, enum bp_event event, uint32_t i, struct bp_cutpoint *out);

/* Number of the link's last byte of message `frame` (from 1), 0 when there is none. */
uint32_t bp_log_frame_end(const struct bp_log *log, uint32_t frame);

#endif
