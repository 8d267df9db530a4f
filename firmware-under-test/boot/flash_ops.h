/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_ops.h - every flash operation of the firmware: none begins on a supply that
 * is too low, and none is believed.
 */
#ifndef FW_FLASH_OPS_H
#define FW_FLASH_OPS_H

#include <stdint.h>

/* Erase the page that starts at addr, and look: a worn page is no longer blank. 0, or -1 when it is not after some tries. */
int flash_erase(uint32_t addr);

/* dut_flash_program(), for who reads back what was written. */
int flash_program(uint32_t addr, const void *src, uint32_t len);

/* 1 when the range reads blank. */
int flash_is_erased(uint32_t addr, uint32_t len);

#endif
