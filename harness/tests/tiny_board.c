/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>

#include "tests/tiny_board.h"

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

uint32_t tiny_boot_data[2] = {0xb007da7a, 1}, tiny_boot_bss[4], tiny_app_data[2] = {0xa99da7a, 2}, tiny_app_bss[4], tiny_noinit[8];
const uint32_t tiny_boot_loaded[2] = {0xb007da7a, 1}, tiny_app_loaded[2] = {0xa99da7a, 2};
struct tiny_seen tiny_seen;
struct bp_board_config tiny_config;
struct bp_vboard *tiny;

static struct bp_arena *arena;
static void (*boot_does)(void), (*app_does)(void);
static struct bp_image_row rows[4]; /* artifact 0 and 1, each for slot A and B */
static struct bp_image_table images = {rows, 4};
static uint8_t image[4][TINY_IMAGE_BYTES];
static uint32_t boot_copy[2], app_copy[2];

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
static struct sigaction caught[sizeof(crashes) / sizeof(crashes[0])];

static void boot(void)
{
	if (tiny_seen.boots < 16)
		tiny_seen.cause[tiny_seen.boots] = dut_reset_cause();
	tiny_seen.boots++;
	boot_does();
}

static void app(void)
{
	app_does();
}

static const struct dut_entry entries[] = {{"app", app}, {NULL, NULL}};
static const struct dut_firmware object = {
	.abi = DUT_FIRMWARE_ABI, .name = "tiny", .mechanism = "", .expect = "", .mirrors = "", .boot = boot,
	.boot_ram = {tiny_boot_data, tiny_boot_data + 2, tiny_boot_bss, tiny_boot_bss + 4},
	.app_ram = {tiny_app_data, tiny_app_data + 2, tiny_app_bss, tiny_app_bss + 4},
	.noinit = tiny_noinit, .noinit_end = tiny_noinit + 8, .entries = entries,
};
static const struct bp_firmware firmware = {
	.path = "the test", .fw = &object, .boot_data = boot_copy, .app_data = app_copy,
};

static void make_images(void)
{
	for (unsigned i = 0; i < 4; i++) {
		memset(image[i], (int)(0x10 + i), TINY_IMAGE_BYTES);
		rows[i] = (struct bp_image_row){.name = i < 2 ? "one" : "two", .runs = "app", .slot = i % 2, .size = TINY_IMAGE_BYTES,
						.artifact = (int)i / 2, .released = true};
		crypto_hash_sha256(rows[i].sha256, image[i], TINY_IMAGE_BYTES);
	}
}

int tiny_begin(void **state)
{
	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	if (!arena)
		return -1;
	memset(&tiny_seen, 0, sizeof(tiny_seen));
	memcpy(boot_copy, tiny_boot_loaded, sizeof(boot_copy));
	memcpy(app_copy, tiny_app_loaded, sizeof(app_copy));
	make_images();
	tiny_config = (struct bp_board_config){
		.flash = {.size_bytes = 0x4000, .page_bytes = TINY_PAGE, .unit_bytes = TINY_UNIT, .erased = 0xff,
			  .program_ns = TINY_PROGRAM_NS, .erase_ns = TINY_ERASE_NS},
		.costs = {.ns = {[DUT_COST_SHA256] = 100, [DUT_COST_ED25519_VERIFY] = 2000000, [DUT_COST_CYCLES] = 15}},
		.baud = 115200, .around = {.battery_percent = 42, .mains = 1, .wallclock_s = 1000000},
	};
	tiny_config.dut.write_unit = TINY_UNIT;
	tiny_config.dut.area[DUT_AREA_BOOT] = (struct dut_area){0, 0x1000};
	tiny_config.dut.area[DUT_AREA_SLOT_A] = (struct dut_area){TINY_SLOT_A, TINY_SLOT_BYTES};
	tiny_config.dut.area[DUT_AREA_SLOT_B] = (struct dut_area){TINY_SLOT_B, TINY_SLOT_BYTES};
	return 0;
}

int tiny_end(void **state)
{
	bool sane = !tiny || bp_vboard_sane(tiny);

	(void)state;
	bp_vboard_free(tiny);
	tiny = NULL;
	bp_arena_free(arena);
	return sane ? 0 : -1;
}

int tiny_catch(void)
{
	int rc = tiny_begin(NULL);

	if (rc)
		return rc;
	tiny_new(BP_ACCEL_NONE, tiny_idle, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		if (sigaction(crashes[i], NULL, &caught[i]))
			rc = -1;
	return tiny_end(NULL) ? -1 : rc;
}

void tiny_new(enum bp_accel accel, void (*boot_code)(void), void (*app_code)(void))
{
	struct bp_vboard_setup setup = {&tiny_config, &firmware, &images, accel, TINY_SEED};
	struct bp_err err = {.text = ""};

	boot_does = boot_code;
	app_does = app_code;
	if (bp_vboard_new(arena, &setup, &tiny, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		if (caught[i].sa_sigaction)
			sigaction(crashes[i], &caught[i], NULL);
}

void tiny_on(void (*boot_code)(void))
{
	tiny_new(BP_ACCEL_NONE, boot_code, NULL);
	bp_vboard_power_on(tiny);
}

enum bp_stop tiny_run_until(uint64_t at_ns)
{
	enum bp_stop stop;

	do {
		size_t room = sizeof(tiny_seen.console) - 1 - tiny_seen.console_len;

		stop = bp_vboard_run(tiny, at_ns);
		tiny_seen.console_len += bp_vboard_receive(tiny, (uint8_t *)tiny_seen.console + tiny_seen.console_len, room,
							   &tiny_seen.console_ns);
	} while (stop == BP_STOP_OUTPUT);
	return stop;
}

enum bp_stop tiny_run(uint64_t ms)
{
	return tiny_run_until(bp_vboard_now(tiny) + ms * TINY_MS);
}

void tiny_idle(void)
{
	uint8_t byte;

	for (;;)
		dut_uart_read(&byte, 1, '\n', 1000);
}

void tiny_tell(uint64_t value)
{
	if (tiny_seen.n < 32)
		tiny_seen.value[tiny_seen.n++] = value;
}

void tiny_load_image(int artifact, uint32_t slot)
{
	bp_flash_load(bp_vboard_flash(tiny), slot ? TINY_SLOT_B : TINY_SLOT_A, image[artifact * 2 + (int)slot], TINY_IMAGE_BYTES);
}
