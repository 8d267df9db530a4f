/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home.h - where scenarios, products and firmware objects lie.
 *
 * The home folder is $BRICKPROOF_HOME, else the working folder when it holds
 * scenarios/, else PREFIX/share/brickproof when installed as
 * PREFIX/bin/brickproof, else two folders above the program (build/release/brickproof).
 */
#ifndef BP_CMD_HOME_H
#define BP_CMD_HOME_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

/* The home folder, in a. BP_EUSAGE when none can be found. */
int bp_home(struct bp_arena *a, const char **out, struct bp_err *err);

/*
 * How journals name the file at path: without the home folder in front, so that
 * they are the same wherever the program was started.
 */
const char *bp_home_show(struct bp_arena *a, const char *path);

/* Path of a product: a name (fixtures/products/NAME.yaml) or a path with a '/' or ".yaml". */
int bp_home_product(struct bp_arena *a, const char *name, const char **out, struct bp_err *err);

/*
 * Path of the product that a scenario runs on. named: by the scenario, NULL: by none. given: for the run, NULL: none is.
 * The one named counts, but when the given one is like it, that takes its place; without either it is reference.
 */
int bp_home_product_for(struct bp_arena *a, const char *named, const char *given, const char **out, struct bp_err *err);

/* Path of a firmware object: a name (build/firmware/NAME.so) or a path. */
int bp_home_firmware(struct bp_arena *a, const char *name, const char **out, struct bp_err *err);

/* Path of a scenario: a name (scenarios/NAME.yaml) or a path. An unknown name is BP_EUSAGE with the nearest one. */
int bp_home_scenario(struct bp_arena *a, const char *name, const char **out, struct bp_err *err);

/* Names of all scenarios (scenarios/NAME.yaml but requirements.yaml), sorted. */
int bp_home_scenarios(struct bp_arena *a, const char *const **names, size_t *n, struct bp_err *err);

/* Names of all mutants that are built (build/firmware/mutant-NAME.so), sorted. */
int bp_home_mutants(struct bp_arena *a, const char *const **names, size_t *n, struct bp_err *err);

#endif
