/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.h - one row of the failure matrix, from scenarios/NAME.yaml.
 *
 *   scenario: power-cut-download       # the file's name
 *   title: ...                         # one line for reports
 *   covers: [C-1, P-2]                 # requirement rows
 *   product: reference                 # default: the run's product
 *   start: {slot-a: from}              # what stands where; slot-b may be an artifact too
 *   steps:
 *     - board: {battery: 5%, mains: false, wallclock: 0}   # what it senses from here on; what is left out stays
 *     - update: {to: to, refused: LOW_BATTERY}             # and must be refused for
 *     - update: {to: to, swap: crash, at: 50%, refused: BAD_HASH}   # another image's bytes from the middle on
 *     - hold: {}                       # resets are held back: the update then needs `wait: false`
 *     - release: {}
 *     - config: {interval: 777}        # store a setting: it must be readable from then on
 *     - update: {to: to}               # offer, upload, request trial, reset, wait for the outcome
 *                                    # `wait: false` does not wait; `reset: false` ends with the request
 *   end: {running: to, reasons: [OK]}  # where it must end when nothing goes wrong; `before`: reasons allowed until the request
 *   sweep:                             # cut points, one list for each event
 *     - {event: flash, phases: [download], positions: [before, torn 10%, torn 50%, torn 90%, after]}
 *                                      # or a shape, flash_torn.c: torn first-byte, torn all-but-one-bit, torn weak, ...
 *     - {event: flash, fault: reset-pin, phases: [install], positions: [before, after]}   # resets keep .noinit and registers
 *     - {event: line, phases: [install]}             # also: link-byte, link-frame; `every: N`
 *     - at: ['line:"boot: trial"#1+5ms', time:1.25s] # cut points by name, see cutpoint.h
 *     - {event: flash, fault: brown-out, lasts: 20 ms, phases: [download], positions: [before, torn 50%]}
 *                                      # live faults: also op-rejected, op-ignored, page-dead, page-worn; end: {trouble: [FLASH_FAILED]}
 *     - {event: link-frame, fault: drop, phases: [download]}   # also lose-answer, duplicate, reorder, truncate, corrupt, stall, slow, link-reset
 *     - {event: flash, fault: bounce, times: 3, phases: [install], positions: [before]}   # a cut, and power comes and goes again
 *   edits:                             # or: what is damaged on its way
 *     - {op: body-bit, refused: payload, reasons: [BAD_HASH]}
 *   damages:                           # or: what is damaged in flash before power-on
 *     - {areas: [state-a], how: zero}
 *     - {areas: [slot-b], image: to, op: tlv-hash-flip}   # an artifact put there, damaged by an operator or as it is
 *   damages-after: start               # or steps: when the damage is done, before or after the steps
 *   after: followup                    # or resume: what the host does after recovery
 *   depth: 2                           # cuts within recoveries, too, up to so many in a case; closed: until no new state appears
 *   required: true                     # a cell not exercised makes the run exit 99
 */
#ifndef BP_SCENARIO_SCENARIO_H
#define BP_SCENARIO_SCENARIO_H

#include "base/arena.h"
#include "base/yaml.h"
#include "bench/product.h"
#include "image/corrupt.h"
#include "scenario/cutpoint.h"

#include <stdbool.h>

#define BP_MAX_STEPS 16
#define BP_MAX_SWEEPS 12
#define BP_MAX_POSITIONS 16
#define BP_MAX_EDITS 96
#define BP_MAX_DAMAGES 64
#define BP_MAX_COVERS 24

enum bp_step_kind {
	BP_STEP_UPDATE,      /* whole update, to its outcome */
	BP_STEP_UPLOAD,      /* offer and upload a part of it, no trial */
	BP_STEP_POWER_CYCLE, /* times: off, on, then run for `after_ns` (0: settle) */
	BP_STEP_RESET,       /* software reset through the link, then settle */
	BP_STEP_DAMAGE,      /* power off, damage flash, power on, settle */
	BP_STEP_CONFIG,      /* store a setting of the device's configuration */
	BP_STEP_BOARD,       /* what the board senses changes */
	BP_STEP_HOLD,        /* the application holds resets back */
	BP_STEP_RELEASE,     /* and lets go: the one that waits happens, and has an outcome */
};

enum bp_damage_how {
	BP_DAMAGE_BIT,       /* one seeded bit flipped */
	BP_DAMAGE_ERASE,     /* whole area blank */
	BP_DAMAGE_ZERO,      /* whole area opposite of blank */
	BP_DAMAGE_GARBAGE,   /* seeded bytes */
	BP_DAMAGE_TORN_ERASE,/* the first page torn half-way through an erase */
	BP_DAMAGE_IMAGE,     /* an image is put there; written as `image`, not as `how` */
	BP_DAMAGE_HOWS
};
extern const char *const bp_damage_names[BP_DAMAGE_HOWS];

struct bp_damage {
	uint32_t areas;            /* bit mask of enum dut_area_id */
	enum bp_damage_how how;
	struct bp_bytes image[BP_SLOTS]; /* BP_DAMAGE_IMAGE */
};

/* Where the device must stand at the end. Bit masks: artifacts by index, reasons by code. */
struct bp_expect {
	uint32_t running;          /* 0: inherit from the scenario */
	uint64_t reasons;          /* 0: inherit */
};

enum bp_refused { BP_REFUSED_NOT, BP_REFUSED_MANIFEST, BP_REFUSED_PAYLOAD };

struct bp_step {
	enum bp_step_kind kind;
	int artifact;              /* update, upload: index in the product */
	uint32_t until_percent;    /* upload: stop after this share of the bytes */
	bool wait;                 /* update: wait for the outcome after the reset */
	bool stay;                 /* update: ends with the request for the trial, without a reset */
	uint32_t times;            /* power-cycle */
	uint64_t after_ns;         /* power-cycle: run so long, then cut; 0: until settled */
	bool at_trial;             /* power-cycle: or until the bootloader starts a trial */
	struct bp_damage damage;   /* damage */
	uint32_t interval;         /* config */
	struct bp_around around;   /* board: from here on */
	int swap;                  /* update: from swap_percent on the bytes are this artifact's; -1: none */
	uint32_t swap_percent;
	int refused;               /* update: reason code with which the device must refuse it; -1: it must go through */
};

struct bp_position {
	enum bp_cut_position position;
	uint32_t percent;                  /* torn */
	const struct bp_torn_shape *shape; /* torn in a named way; NULL: every plain K of percent */
};

struct bp_sweep {
	enum bp_event event;
	uint32_t phases;           /* bit mask of enum bp_phase */
	struct bp_position position[BP_MAX_POSITIONS];
	unsigned n_positions;
	uint32_t every;            /* each N-th event */
	enum bp_fault fault;
	uint32_t fault_arg;        /* as in struct bp_cutpoint */
	struct bp_cutpoint at[BP_MAX_POSITIONS]; /* or: these points, and nothing of the above */
	unsigned n_at;
};

struct bp_edit {
	const struct bp_operator *op;
	enum bp_refused refused;   /* where the device must refuse it */
	struct bp_expect expect;
	uint32_t seeds;            /* how many seeded instances, from 1 */
};

struct bp_damage_row {
	const char *label;         /* "state-a+state-b zero" */
	struct bp_damage damage;
	struct bp_expect expect;
	bool state_lost;           /* the device must report STATE_LOST on its console */
};

#define BP_DEPTH_MAX 40       /* cuts that a token can name */
#define BP_DEPTH_CLOSED UINT32_MAX

/* "closed" or a number of cuts, from 1 to BP_DEPTH_MAX. BP_ECONFIG says what was expected. */
int bp_depth_parse(const char *text, uint32_t *out, struct bp_err *err);

enum bp_after { BP_AFTER_FOLLOWUP, BP_AFTER_RESUME };

struct bp_scenario {
	const char *name, *title, *path, *text; /* text: whole file, for hash8 */
	size_t text_len;
	const char *covers[BP_MAX_COVERS];
	unsigned n_covers;
	const char *product;               /* NULL: the run's */
	int start[BP_SLOTS];               /* artifact index, -1: blank */
	bool renumbered;                   /* the boot state's copies bear start_number when the update begins */
	uint32_t start_number;
	struct bp_step step[BP_MAX_STEPS];
	unsigned n_steps;
	struct bp_expect end;
	uint32_t end_boots;                /* boots that must have been seen after the last update's reset, or the fault did not happen */
	uint64_t trouble_reasons;          /* allowed in addition once a live fault has struck */
	bool live_faults;                  /* a sweep has one */
	uint64_t start_reasons;            /* allowed as long as the update has not been asked to run */
	struct bp_sweep sweep[BP_MAX_SWEEPS];
	unsigned n_sweeps;
	struct bp_edit edit[BP_MAX_EDITS];
	unsigned n_edits;
	struct bp_damage_row damage[BP_MAX_DAMAGES];
	unsigned n_damages;
	bool damages_after_steps;          /* else they are done before power-on, and no step is */
	enum bp_after after;
	enum bp_action action[BP_ACTIONS]; /* of the host after a recovery from a power cut at a flash operation: each is a variant */
	unsigned n_actions;                /* from 1 */
	uint32_t depth;                    /* most cuts in a case, from 1; BP_DEPTH_CLOSED: until no new state appears */
	bool required;
	bool missing;                      /* names an artifact, or needs an area, that the product lacks: uncovered */
	const char *missing_kind, *missing_what; /* "artifact", "area", "numbered record", and its name */
	int missing_line, missing_col;     /* where it is named */
};

/* Name and product of a scenario file, without checking the rest (to choose the product). */
int bp_scenario_peek(struct bp_arena *a, const char *path, const char **name, const char **product, struct bp_err *err);

/* Read and check against a product. */
int bp_scenario_read(struct bp_arena *a, const char *path, const struct bp_product *p, struct bp_scenario **out,
		     struct bp_err *err);

/* The same from text, for tests and fuzzers. name stands in for the path. */
int bp_scenario_parse(struct bp_arena *a, const char *name, const char *text, size_t len, const struct bp_product *p,
		      struct bp_scenario **out, struct bp_err *err);

/* The first sweep that cuts power at flash operations; NULL: there is none. Its positions are those of nested cuts. */
const struct bp_sweep *bp_scenario_cuts(const struct bp_scenario *s);

/* The host may take an update that was cut up again where it stood: what was acknowledged binds. */
bool bp_scenario_resumes(const struct bp_scenario *s);

/* Index of an artifact by name, or -1. */
int bp_artifact_index(const struct bp_product *p, const char *name);

#endif
