/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coroutine.h - the firmware's own stack, entered and left like a CPU that is
 * clocked and stopped.
 *
 * One switch saves the callee-saved registers of the System V ABI (x86-64:
 * section 3.2.1; AArch64: AAPCS64 section 6.1.1) and exchanges stack pointers. A
 * stack that is left for good, by a reset or a power cut, is simply refilled.
 */
#ifndef BP_VBOARD_COROUTINE_H
#define BP_VBOARD_COROUTINE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define BP_STACK_BYTES ((size_t)64 * 1024)
#define BP_STACK_ROOM_BYTES ((size_t)64 * 1024) /* below it: for the host's code that the firmware calls, up to an Ed25519 verification under ASan */

struct bp_coroutine {
	unsigned char *stack;   /* BP_STACK_BYTES; below are BP_STACK_ROOM_BYTES, and a guard page */
	void *inner_sp, *outer_sp;
	void (*entry)(void);
	void *asan_outer, *asan_inner; /* fake stacks of the sanitizer build */
	const void *outer_bottom;
	size_t outer_size;
};

int bp_coroutine_new(struct bp_coroutine *c, struct bp_err *err);
void bp_coroutine_free(struct bp_coroutine *c);

/* Fill the stack with the bytes of seed: what it held is gone. */
void bp_coroutine_poison(struct bp_coroutine *c, uint64_t seed);

/* The next bp_coroutine_enter() starts entry at the top of an empty stack. */
void bp_coroutine_start(struct bp_coroutine *c, void (*entry)(void));

/* From the host: run until the coroutine leaves. */
void bp_coroutine_enter(struct bp_coroutine *c);

/* From the firmware's side: back to the host, until entered again. */
void bp_coroutine_leave(struct bp_coroutine *c);

/* From the firmware's side: back to the host for good; its stack is abandoned. */
__attribute__((noreturn)) void bp_coroutine_abandon(struct bp_coroutine *c);

#endif
