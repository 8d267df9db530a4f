/* SPDX-License-Identifier: Apache-2.0 */
/* single_boot.h - reset vector of the example bootloader. */
#ifndef FW_SINGLE_BOOT_H
#define FW_SINGLE_BOOT_H

__attribute__((noreturn, visibility("default"))) void single_boot(void);

#endif
