/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_debug.h - what every driver of the role "debug" must keep
 * (bench/debug.h), as checks over one opened driver. Each fails the running
 * cmocka test with the device's name in front.
 */
#ifndef BP_TESTS_CONTRACT_DEBUG_H
#define BP_TESTS_CONTRACT_DEBUG_H

#include "bench/debug.h"

#include <stdbool.h>
#include <stdint.h>

struct contract_debug {
	const char *name;
	const struct bp_debug_ops *ops;
	void *self;
	uint32_t flash, flash_bytes;    /* free for the test, whole pages */
	uint32_t bad_addr;              /* where nothing is; 0: not known */
	/* What follows: probes only. */
	uint32_t ram, ram_bytes;        /* free for the test */
	uint32_t code;                  /* the core passes here again and again, or after provoke() */
	uint32_t watched;               /* a word that it writes again and again; 0: none */
	uint32_t reset_pc;              /* its first instruction */
	int (*provoke)(void *ctx);      /* NULL: it passes by itself */
	int (*power)(void *ctx, bool on); /* NULL: cannot be switched */
	void *ctx;
};

/* Flash: what was written is read, matches, and stops to match when one byte differs. */
void contract_debug_flash(const struct contract_debug *c);
/* RAM of the running core at all alignments and lengths; neighbours stay. */
void contract_debug_memory(const struct contract_debug *c);
/* halt, resume, also when it is so already; registers; a deadline that passes. */
void contract_debug_halt(const struct contract_debug *c);
/* A breakpoint set on the running core is met, met again, and no more once it is cleared. */
void contract_debug_breakpoint(const struct contract_debug *c);
void contract_debug_watchpoint(const struct contract_debug *c);
/* reset(halt) stops before the first instruction; reset(run) runs. */
void contract_debug_reset(const struct contract_debug *c);
/* While detached, every op is BP_EPOWER and sends nothing; attach() brings back memory and breakpoints. */
void contract_debug_detach(const struct contract_debug *c);
/* Power goes and returns: RAM is lost, breakpoints are not. */
void contract_debug_power(const struct contract_debug *c);
/* hold() before power, attach() after: halted at the first instruction. */
void contract_debug_first_instruction(const struct contract_debug *c);
/* observe() succeeds, and claims nothing that a probe cannot know. */
void contract_debug_observe(const struct contract_debug *c);
/* What cannot be read is BP_EIO, and the text names the board. */
void contract_debug_bad_address(const struct contract_debug *c);

#endif
