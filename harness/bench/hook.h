/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook.h - a command of the user's that stands in a bench file: a list, the
 * program and its arguments. No shell. It gets no input, dies with the program
 * (base/proc.h), and what it leaves running behind it is ended with it.
 */
#ifndef BP_BENCH_HOOK_H
#define BP_BENCH_HOOK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

#include <stdint.h>

#define BP_HOOK_ARGS 32

struct bp_hook {
	char *argv[BP_HOOK_ARGS + 1]; /* argv[0] NULL: none */
	uint64_t timeout_ns;
};

/* The list at node (NULL: nothing is read). What is wrong with it, a program that is not there too, is recorded. */
void bp_hook_read(struct bp_arena *a, struct bp_diag *d, const struct bp_node *node, struct bp_hook *out);

/* Key `timeout` of the map; kept as it is when there is none. */
void bp_hook_timeout(struct bp_diag *d, const struct bp_node *map, uint64_t *out_ns);

/* What a command said on stderr, made one line for an error text, in place. */
const char *bp_hook_last_words(char *said);

/*
 * Run it to its end. what: "power command". env: "NAME=value" to add, ends with
 * NULL; NULL: none. 0; BP_EIO: it ended with another status, or cannot be run;
 * BP_ETIMEOUT: killed at its deadline. The text names board, command and what it
 * said.
 */
int bp_hook_run(const struct bp_hook *h, const char *what, const char *board, const char *const *env, uint64_t deadline_ns,
		struct bp_err *err);

/* The same, and what it says on stdout into out[cap], NUL-terminated; more than that is BP_EIO. */
int bp_hook_ask(const struct bp_hook *h, const char *what, const char *board, const char *const *env, uint64_t deadline_ns, char *out,
		size_t cap, struct bp_err *err);

#endif
