/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execute.h - carrying out the steps of a case on a board, and what the host
 * learns on the way.
 *
 * The same code runs on the virtual board and on a real one. It keeps the
 * obligation: what the device owes after all that it has acknowledged so far.
 * Whoever cuts the power at any moment may hold the device to the obligation of
 * that moment.
 */
#ifndef BP_SCENARIO_EXECUTE_H
#define BP_SCENARIO_EXECUTE_H

#include "base/text.h"
#include "bench/board.h"
#include "scenario/scenario.h"

#include <stdbool.h>
#include <stdint.h>

enum bp_stage {
	BP_STAGE_IDLE,         /* no update was offered */
	BP_STAGE_OFFERED,      /* the manifest is on its way or accepted */
	BP_STAGE_DOWNLOADING,  /* payload is on its way */
	BP_STAGE_WRITTEN,      /* the device acknowledged the last byte */
	BP_STAGE_TEST_SENT,    /* the trial request is on its way */
	BP_STAGE_TEST_ACKED,   /* the device acknowledged it */
	BP_STAGE_CONFIRMED,    /* the device reported the image as confirmed */
	BP_STAGE_REFUSED,      /* the device refused the update */
	BP_STAGES
};
extern const char *const bp_stage_names[BP_STAGES];

/* All that counts when states are compared: no padding, no pointers. */
struct bp_obligation {
	uint8_t stage;            /* enum bp_stage */
	uint8_t phase;            /* enum bp_phase: for sweeps, not owed; see bp_obligation_key() */
	int8_t good;              /* artifact that ran confirmed before the update */
	int8_t target;            /* artifact offered, -1: none */
	uint8_t power_cycles;     /* cuts since the trial request was sent; counted up to the trial's attempts */
	uint8_t damaged;          /* the scenario damaged the flash: only its own expectation binds */
	uint16_t zero;
	uint32_t acked_off;       /* payload bytes acknowledged, until the trial is, when the host is going to resume; else 0 */
	uint32_t counter_floor;   /* security counter the device may not fall below */
	uint32_t config;          /* interval of the configuration that must be readable; 0: none was looked at */
	uint32_t config_next;     /* or this one, which is being stored; 0: none */
	uint32_t end_running;     /* where it must end: bit masks as in struct bp_expect */
	uint32_t zero2;
	uint64_t end_reasons;
	uint64_t start_reasons;
};

/* What the console told since power came on. */
struct bp_marks_seen {
	bool trial, confirmed, rollback, no_image, state_lost, up;
	unsigned boots;
};

struct bp_moment {                /* of the time line, when tracing */
	uint64_t at_ns;
	const char *what;
};

struct bp_trace {
	struct bp_arena *arena;
	struct bp_moment *moment;
	unsigned n, cap;
	struct bp_text console;   /* every text line with its time */
};

/* What one update came to. */
struct bp_update_result {
	bool manifest_refused, payload_refused, test_refused;
	uint32_t reason;          /* with a refusal */
	uint32_t slot, resumed_at;/* the device's answer to the offer */
	uint64_t asked_for;       /* payload bytes, a whole chunk for each request */
	uint64_t ops_before_offer, ops_after_offer; /* flash operations counted when the manifest went out, and when its answer came */
	int code;                 /* 0, or the device trouble that ended it: BP_EPOWER, BP_ETIMEOUT, … */
	char text[160];           /* of that trouble */
};

struct bp_exec {
	struct bp_board *board;
	const struct bp_scenario *scenario;
	struct bp_obligation owed;
	enum bp_fault live;           /* a fault that the core lives through struck in this case; else BP_FAULT_POWER_CUT */
	bool held;                    /* the application holds resets back */
	uint64_t service_gap_ns;      /* longest time that the device left a request unanswered while it was loading */
	unsigned again;               /* so often the host may still begin an update again */
	uint32_t bounces;             /* after the case's power cut, power comes and goes so many times more */
	struct bp_marks_seen marks;
	bool unhealthy_confirmed;     /* an image that must not confirm was reported confirmed */
	bool broken_promise;          /* a trial began after its confirm was reported */
	struct bp_update_result update;
	char step_trouble[160];       /* device trouble other than power loss in any step: the first */
	bool never_settled;           /* an update or a power cycle ended in a device that never settled */
	uint64_t idle_ops;            /* flash operations of power cycles with no update before them */
	bool damage_done;             /* a damage step changed bytes */
	char not_refused[128];        /* an update that a step wants refused went through, or for another reason: the first */
	bool other_reason;            /* of these two, the latter */
	struct bp_trace *trace;       /* NULL: no tracing */
	/* The log's observer: the obligation changed. NULL: nobody. */
	void (*on_owed)(void *ctx, const struct bp_obligation *owed);
	void *ctx;
	/* This case's edit, for the scenario's last update; NULL: none. */
	const struct bp_edit *edit;
	uint64_t edit_seed;
	struct bp_bytes edited_manifest, edited_image[BP_SLOTS]; /* prepared by bp_exec_prepare_edit() */
	unsigned update_index, n_updates; /* which update step is under way, of how many */
};

/* Attach to the board: from here on the wire reports to x. */
void bp_exec_begin(struct bp_exec *x, struct bp_board *board, const struct bp_scenario *s);

/* Build the damaged manifest and images of the case's edit into a. An operator that changes nothing is an error. */
int bp_exec_prepare_edit(struct bp_exec *x, struct bp_arena *a, struct bp_err *err);

/* Write the start images and blank everything else (bootloader: seeded filler), as a factory would. */
int bp_exec_provision(struct bp_exec *x, struct bp_err *err);

/* The bootloader's bytes of a product: seeded filler, area-sized, in a. */
int bp_exec_bootloader(struct bp_arena *a, const struct bp_product *p, struct bp_bytes *out, struct bp_err *err);

/* The copies of the numbered record that are there, on a board that is off, are made to bear the scenario's number. */
int bp_exec_renumber(struct bp_exec *x, struct bp_err *err);

/* Damage areas of a board that is off. */
int bp_exec_damage(struct bp_exec *x, const struct bp_damage *d, uint64_t seed, struct bp_err *err);

int bp_exec_power_on(struct bp_exec *x, struct bp_err *err);
/* Off, and wait until the board is dead. */
int bp_exec_power_off(struct bp_exec *x, struct bp_err *err);

enum bp_settled {
	BP_SETTLED,        /* waits for input, nothing pending, quiet for one second */
	BP_SETTLED_NOT,    /* budget over */
	BP_SETTLED_OFF,    /* power went in the meantime */
};
/* Silent wait, for the product's recovery budget at most. An enum bp_settled, or a negative error of the rig. */
int bp_exec_settle(struct bp_exec *x, struct bp_err *err);

/* The same, but over (BP_SETTLED) as soon as the bootloader starts a trial. */
int bp_exec_settle_or_trial(struct bp_exec *x, struct bp_err *err);

/* Run for ns of the board's time, or until it is off. 0 or negative. */
int bp_exec_run_for(struct bp_exec *x, uint64_t ns, struct bp_err *err);

/* A whole update to artifact; what it came to is in x->update. Negative only for errors of the rig. */
int bp_exec_update(struct bp_exec *x, const struct bp_step *step, struct bp_err *err);

/* All steps of the scenario. 1 when the power went on the way (an armed cut), 0 when done, negative: error of the rig. */
int bp_exec_steps(struct bp_exec *x, struct bp_err *err);

/* The board senses this from now on; NULL: as the product says. 0, or BP_EIO: the bench cannot change it. */
int bp_exec_surround(struct bp_exec *x, const struct bp_around *around, struct bp_err *err);

/* The host's link is known to be bad: it repeats what is not answered, and begins an update again that came to nothing; or no more. */
void bp_exec_patient(struct bp_exec *x, bool patient);

/* The security counter, reason and so on as the device tells. Codes as in link.h. */
int bp_exec_status(struct bp_exec *x, struct bp_smp_reply *out, struct bp_err *err);

/* Add to the time line; nothing when not tracing. */
void bp_exec_note(struct bp_exec *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Change the obligation and tell the observer. */
void bp_exec_owe(struct bp_exec *x, enum bp_stage stage, enum bp_phase phase);

/* Power went: what is owed from now on, when a trial has so many attempts. */
void bp_obligation_cut(struct bp_obligation *o, uint32_t attempts);

/* The obligation with everything cleared that does not bind. */
struct bp_obligation bp_obligation_key(const struct bp_obligation *o);

#endif
