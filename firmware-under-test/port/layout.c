/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.c - the pieces as one firmware object for a native board: where each
 * side's RAM lies, and the entries by the names that products use.
 *
 * boot.ld and app.ld gather each side's variables into sections of their own; the
 * linker provides the __start_ and __stop_ of them.
 *
 * FW_NAME, FW_MECHANISM, FW_EXPECT and FW_MIRRORS come from the build, and FW_RESET, the bootloader's entry, when it is another.
 */
#include "app/app_main.h"
#include "dut.h"

#ifndef FW_RESET
#define FW_RESET boot_main
#endif

#define END_OF_RAM extern unsigned char __attribute__((visibility("hidden")))

END_OF_RAM __start_boot_data[], __stop_boot_data[], __start_boot_bss[], __stop_boot_bss[];
END_OF_RAM __start_app_data[], __stop_app_data[], __start_app_bss[], __stop_app_bss[];
END_OF_RAM __start_noinit[], __stop_noinit[];

/* A section without variables would not be there, nor its ends. Either side has variables that start as zero. */
#define ONE_WORD_IN(name) __attribute__((used, section(name))) static uint32_t

ONE_WORD_IN("boot_data") boot_word = 0;
ONE_WORD_IN("app_data") app_word = 0;
ONE_WORD_IN("noinit") noinit_word;

extern const struct dut_firmware dut_firmware;
extern __attribute__((noreturn)) void FW_RESET(void);

static const struct dut_entry entries[] = {
	{"healthy", app_healthy},
	{"healthy-old-config", app_healthy_old_config},
	{"crash", app_crash},
	{"hang", app_hang},
	{"never-confirm", app_never_confirm},
	{"explicit-fail", app_explicit_fail},
	{"confirm-then-crash", app_confirm_then_crash},
	{NULL, NULL},
};

__attribute__((visibility("default"))) const struct dut_firmware dut_firmware = {
	.abi = DUT_FIRMWARE_ABI,
	.name = FW_NAME,
	.mechanism = FW_MECHANISM,
	.expect = FW_EXPECT,
	.mirrors = FW_MIRRORS,
	.boot = FW_RESET,
	.boot_ram = {__start_boot_data, __stop_boot_data, __start_boot_bss, __stop_boot_bss},
	.app_ram = {__start_app_data, __stop_app_data, __start_app_bss, __stop_app_bss},
	.noinit = __start_noinit,
	.noinit_end = __stop_noinit,
	.entries = entries,
};
