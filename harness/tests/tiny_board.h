/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiny_board.h - a virtual board whose firmware is functions of the test.
 *
 * They run on the board's own stack and call dut_… as any firmware does. They
 * must not assert (an assertion leaves by longjmp): what they see goes into
 * tiny_seen, which the test looks at when the board has stopped.
 */
#ifndef BP_TESTS_TINY_BOARD_H
#define BP_TESTS_TINY_BOARD_H

#include "vboard/vboard.h"

#define TINY_SEED UINT64_C(21)
#define TINY_PAGE 512u
#define TINY_UNIT 4u
#define TINY_PROGRAM_NS UINT64_C(50000)
#define TINY_ERASE_NS UINT64_C(20000000)
#define TINY_SLOT_A 0x1000u
#define TINY_SLOT_B 0x2000u
#define TINY_SLOT_BYTES 0x1000u
#define TINY_FREE 0x3000u       /* belongs to no area with rules */
#define TINY_IMAGE_BYTES 300u
#define TINY_MS UINT64_C(1000000)

/* RAM of the two sides, by the names of their sections. */
extern uint32_t tiny_boot_data[2], tiny_boot_bss[4], tiny_app_data[2], tiny_app_bss[4], tiny_noinit[8];
extern const uint32_t tiny_boot_loaded[2], tiny_app_loaded[2];

struct tiny_seen {
	unsigned boots;
	enum dut_reset_cause cause[16];
	uint64_t value[32];     /* whatever the test's firmware wants to tell */
	unsigned n;
	char console[2048];     /* what came out, and when its newest byte was complete */
	size_t console_len;
	uint64_t console_ns;
};
extern struct tiny_seen tiny_seen;

extern struct bp_board_config tiny_config; /* set up by tiny_begin(); a test may change it before tiny_new() */
extern struct bp_vboard *tiny;

/* cmocka fixtures: a fresh configuration; the board given back, and proven undamaged. */
int tiny_begin(void **state);
int tiny_end(void **state);

/* Once in main(), before the tests. cmocka catches crashes itself; tiny_new() gives them back to the board. 0 or -1. */
int tiny_catch(void);

/* The board, off. boot and app are what the bootloader and every image do; both note their start in tiny_seen. */
void tiny_new(enum bp_accel accel, void (*boot)(void), void (*app)(void));

/* The same, on. */
void tiny_on(void (*boot)(void));

/* Let ms of board time pass; output goes to tiny_seen. Returns how it ended: TIME or OFF. */
enum bp_stop tiny_run(uint64_t ms);
enum bp_stop tiny_run_until(uint64_t at_ns);

/* Firmware: wait for input that never comes; tell the test a number. */
void tiny_idle(void);
void tiny_tell(uint64_t value);

/* A known image's bytes into a slot: artifact 0 or 1, linked for that slot. */
void tiny_load_image(int artifact, uint32_t slot);

#endif
