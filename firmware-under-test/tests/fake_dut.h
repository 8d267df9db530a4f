/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_dut.h - the board for the unit suites: dut.h over an array, with a power
 * cut at the operation that a test names.
 *
 * Firmware runs inside fake_run(), which comes back when it returns, is cut, resets
 * or jumps. A torn unit or page is weak: which of its two readings it gives is
 * drawn at power-up, by the test: see fake_power_on().
 */
#ifndef FW_TESTS_FAKE_DUT_H
#define FW_TESTS_FAKE_DUT_H

#include "dut.h"

#include <setjmp.h>
#include <stdint.h>

#define FAKE_FLASH_BYTES (32u * 1024u)
#define FAKE_PAGE_BYTES 1024u
#define FAKE_TEXT_BYTES 65536u

enum fake_cut {
	FAKE_BEFORE,       /* power dies as the operation begins */
	FAKE_TORN,         /* a unit half done, a page erased from its start; both weak */
	FAKE_TORN_END,     /* a unit: as TORN; a page: erased in its second half only */
	FAKE_TORN_BLANK,   /* a unit: reads done or blank; a page: reads blank or as garbage */
	FAKE_AFTER,
	FAKE_CUTS
};

enum fake_exit { FAKE_RETURNED, FAKE_POWER_LOST, FAKE_RESET, FAKE_JUMPED };

struct fake_dut {
	struct dut_board board;
	uint8_t flash[FAKE_FLASH_BYTES];     /* one reading, and the other where weak */
	uint8_t other[FAKE_FLASH_BYTES];
	uint8_t weak[FAKE_FLASH_BYTES];      /* 1: torn here */
	uint8_t written[FAKE_FLASH_BYTES];   /* 1: the unit was programmed since the erase */
	uint32_t luck;                       /* bit n: weak bytes of page n (modulo 32) give their other reading */
	uint32_t ops;                        /* operations since fake_power_on() */
	uint32_t cut_at;                     /* operation to be cut, counted from 1; 0: none */
	enum fake_cut cut;
	uint32_t stuck_at;                   /* a byte that no erase reaches any more; 0: none */
	uint32_t low_polls;                  /* so often the supply is found too low, then it is well again */
	uint32_t fail_from;                  /* operations from this one on fail (-1); 0: none do */
	uint32_t rule_breaks;                /* programs of weak or written units, of bits that cannot move, out of range */
	int ecc;                             /* reading a torn unit fails */
	int accel;                           /* Ed25519: 1 says good, 0 bad, -1: none, the firmware computes */
	uint64_t now_us;
	uint64_t dies_at_us;                 /* power is lost once time has come so far; 0: never */
	uint32_t spent[DUT_COST_COUNT];
	enum dut_reset_cause cause;
	uint32_t retained[DUT_RETAINED_WORDS];
	uint32_t watchdog_ms, feeds;
	int sick;                            /* dut_selftest() fails */
	uint32_t battery_percent;
	int mains;
	int64_t wallclock_s;
	uint32_t jump_addr;
	char text[FAKE_TEXT_BYTES];          /* what went out since power-on, NUL-terminated; cut when full */
	uint32_t text_len;
	const uint8_t *in;                   /* what is still to come in */
	uint32_t in_len;
	jmp_buf back;
};

extern struct fake_dut fake;

/* A blank board with pages of FAKE_PAGE_BYTES and two slots of 8 KiB; write_unit and erased as given. */
void fake_new(uint32_t write_unit, uint8_t erased);

/* Power returns: counters, console, cut and dies_at_us are cleared, retained words lost; luck as in the struct. */
void fake_power_on(uint32_t luck);

/* Reset without power loss. */
void fake_reset(enum dut_reset_cause cause);

/* Call fn(ctx); how it ended. */
enum fake_exit fake_run(void (*fn)(void *ctx), void *ctx);

#endif
