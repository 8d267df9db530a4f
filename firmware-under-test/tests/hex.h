/* SPDX-License-Identifier: Apache-2.0 */
/* hex.h - test vectors as text. */
#ifndef FW_TESTS_HEX_H
#define FW_TESTS_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Hex digits to bytes; returns their number. A vector that is no hex or over cap bytes fails the test. */
size_t unhex(const char *hex, uint8_t *out, size_t cap);

#endif
