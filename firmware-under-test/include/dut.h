/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dut.h - the hardware that a device under test sees.
 *
 * The firmware calls these functions and nothing else of the world; a board
 * provides them: the virtual board inside brickproof, or a port to a real chip.
 * It is the only file that firmware and harness both include.
 *
 * Rules that every board keeps
 * - The CPU runs one thread. No call but dut_uart_read() and dut_wait_ms() waits
 *   for the outside; each of the others takes the time its hardware takes.
 * - Power may vanish within any call. A call that starts a flash operation
 *   returns only when the operation is complete.
 * - Addresses are offsets into the one flash, counted from 0.
 */
#ifndef DUT_H
#define DUT_H

#include <stddef.h>
#include <stdint.h>

/* ---- what board this is (constant after power-on) ---------------------- */

enum dut_area_id {
	DUT_AREA_BOOT,      /* bootloader: never written */
	DUT_AREA_SLOT_A,
	DUT_AREA_SLOT_B,
	DUT_AREA_STATE_A,   /* boot state, first copy */
	DUT_AREA_STATE_B,   /* boot state, second copy */
	DUT_AREA_COUNTER_A, /* security counter, append-only, two pages that take turns */
	DUT_AREA_COUNTER_B,
	DUT_AREA_PROGRESS,  /* how far a download has come */
	DUT_AREA_CONFIG_A,  /* application configuration, copy on write */
	DUT_AREA_CONFIG_B,
	DUT_AREA_COUNT
};

struct dut_area {
	uint32_t addr, size; /* bytes; size 0: this board has no such area */
};

#define DUT_MAX_KEYS 4
#define DUT_MAX_UNIT 32 /* largest write unit of any board, bytes */

struct dut_key {
	uint8_t pub[32];     /* Ed25519 public key (RFC 8032) */
	uint8_t id[8];       /* key id as it stands in a COSE header: first 8 bytes of SHA-256(pub) */
	uint8_t id_len;      /* 0: this table row is empty */
	uint8_t revoked;     /* 1: known, and accepted no more */
};

/* When an update may go on. All zero: always. */
struct dut_gates {
	uint8_t battery_percent;      /* at least so much charge */
	uint8_t mains_below_percent;  /* with less than this, mains power too */
	uint16_t window_from_min, window_to_min; /* minutes of the day (UTC) in which to install; equal: any */
};

struct dut_board {
	char product[24];         /* NUL-terminated */
	uint32_t hw_rev;          /* hardware revision */
	uint32_t boot_version;    /* bootloader version */
	uint32_t flash_size;      /* bytes */
	uint32_t write_unit;      /* bytes programmed by one operation: 1 to DUT_MAX_UNIT */
	uint8_t erased;           /* value of an erased byte: 0xff or 0x00 */
	uint32_t trial_attempts;  /* boots that a trial image gets */
	uint32_t trial_budget_ms; /* time in which a trial image must confirm */
	uint32_t watchdog_ms;     /* watchdog period that the bootloader sets */
	struct dut_gates gates;
	struct dut_area area[DUT_AREA_COUNT];
	struct dut_key key[DUT_MAX_KEYS];
};

/* Borrowed; valid and unchanged until power is lost. */
const struct dut_board *dut_board(void);

/* ---- flash ------------------------------------------------------------- */

/*
 * Size in bytes of the page (smallest erasable piece) that holds addr, 0 outside
 * the flash. Pages may differ in size; each starts at a multiple of its own.
 */
uint32_t dut_flash_page_size(uint32_t addr);

/* Copy len bytes from addr. 0, or -1: outside the flash, or an ECC part met a torn unit (its NMI handler tells the driver). */
int dut_flash_read(uint32_t addr, void *buf, uint32_t len);

/*
 * Program len bytes at addr, both multiples of the write unit. One hardware
 * operation a unit, in rising order. Bits only move away from the erased value.
 * 0, or -1: range or alignment wrong, or the controller reported a failure.
 */
int dut_flash_program(uint32_t addr, const void *src, uint32_t len);

/* Erase the page that starts at addr: one hardware operation. 0 or -1 as above. */
int dut_flash_erase(uint32_t addr);

/* ---- serial port ------------------------------------------------------- */

/* Send len bytes; returns when the last one is on the wire. */
void dut_uart_write(const void *buf, uint32_t len);

/*
 * Receive until the byte `stop` has come (it is stored too), cap bytes are
 * stored, or timeout_ms have passed since the call; the CPU sleeps meanwhile.
 * Returns the number of bytes stored (a DMA receiver with character match), 0
 * when none came in time.
 */
uint32_t dut_uart_read(void *buf, uint32_t cap, uint8_t stop, uint32_t timeout_ms);

/* ---- time -------------------------------------------------------------- */

uint64_t dut_time_us(void);      /* since this reset was released; monotonic */
int64_t dut_wallclock_s(void);   /* seconds since 1970 as the battery-backed clock has it; may be 0 or wrong */
void dut_wait_ms(uint32_t ms);   /* sleep */

/* Work that a compiler-independent clock must account for; `n` as named. */
enum dut_cost {
	DUT_COST_SHA256,         /* n bytes hashed */
	DUT_COST_SHA512,         /* n bytes hashed */
	DUT_COST_ED25519_VERIFY, /* n verifications */
	DUT_COST_CYCLES,         /* n CPU cycles of anything else */
	DUT_COST_COUNT
};
void dut_spend(enum dut_cost what, uint32_t n);

/* ---- watchdog, resets, what survives them ------------------------------ */

void dut_watchdog_start(uint32_t period_ms); /* cannot be stopped; a second call only feeds */
void dut_watchdog_feed(void);

enum dut_reset_cause {
	DUT_CAUSE_POWER_ON,
	DUT_CAUSE_PIN,
	DUT_CAUSE_SOFTWARE,
	DUT_CAUSE_WATCHDOG,
	DUT_CAUSE_FAULT,     /* HardFault or lock-up */
	DUT_CAUSE_BROWN_OUT,
	DUT_CAUSE_COUNT
};
enum dut_reset_cause dut_reset_cause(void);
__attribute__((noreturn)) void dut_reset(void); /* software reset */

#define DUT_RETAINED_WORDS 4
/* Registers that a reset keeps and power loss clears. i < DUT_RETAINED_WORDS. */
uint32_t dut_retained(uint32_t i);
void dut_retained_set(uint32_t i, uint32_t value);

/* RAM that no start-up code touches: kept by a reset, garbage after power loss. */
#define DUT_NOINIT __attribute__((section("noinit")))

/* ---- surroundings ------------------------------------------------------ */

/*
 * 1 while the supply is high enough for the flash, as a power-fail comparator
 * sees it (nRF POFCON, STM32 PVD). No flash operation may begin while it is 0.
 */
int dut_supply_ok(void);

uint32_t dut_battery_percent(void); /* 0 to 100 */
int dut_mains(void);                /* 1 while mains power is present */
int dut_selftest(void);             /* 0: sensors and radio answer; the health check's raw material */

/* ---- hand-over --------------------------------------------------------- */

/*
 * Leave the bootloader and run the image whose header is at addr: stack and RAM
 * are the image's from here on. What the board finds there that is no program
 * ends in a HardFault.
 */
__attribute__((noreturn)) void dut_jump(uint32_t addr);

/* ---- accelerators (optional hardware) ---------------------------------- */

/* SHA-256 of len bytes of flash at addr. 0, or -1: this board has none, compute it. */
int dut_accel_sha256(uint32_t addr, uint32_t len, uint8_t digest[32]);
/* Ed25519 verify. 1 good, 0 bad, -1: this board has none, compute it. */
int dut_accel_ed25519(const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64]);

/* ---- entry points: what a native firmware object exports ---------------- */

/*
 * A native firmware is a shared object that exports one symbol, `dut_firmware`.
 * RAM regions are what start-up code restores (data) or clears (bss) at each
 * reset or jump, and what is poisoned at power-up (noinit).
 */
struct dut_ram {
	void *data, *data_end, *bss, *bss_end;
};

struct dut_entry {
	const char *name;    /* as the product's artifact table names it */
	void (*enter)(void);
};

#define DUT_FIRMWARE_ABI 2

struct dut_firmware {
	uint32_t abi;               /* DUT_FIRMWARE_ABI */
	const char *name;           /* "reference", or a mutant's name */
	const char *mechanism;      /* a mutant's defect in one sentence, "" else */
	const char *expect;         /* what must catch it, "" else: the rig's business, carried through */
	const char *mirrors;        /* the public bug that it mirrors, "" when there is none */
	void (*boot)(void);         /* reset vector of the bootloader */
	struct dut_ram boot_ram, app_ram;
	void *noinit, *noinit_end;
	const struct dut_entry *entries; /* ends with name NULL */
};

#endif
