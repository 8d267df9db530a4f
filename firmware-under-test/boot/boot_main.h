/* SPDX-License-Identifier: Apache-2.0 */
/* boot_main.h - reset vector of the bootloader. */
#ifndef FW_BOOT_MAIN_H
#define FW_BOOT_MAIN_H

__attribute__((noreturn, visibility("default"))) void boot_main(void);

#endif
