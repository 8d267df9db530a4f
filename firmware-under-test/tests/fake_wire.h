/* SPDX-License-Identifier: Apache-2.0 */
/* fake_wire.h - SMP messages as a host puts them on the console, written down from the definitions and not for speed. */
#ifndef FW_TESTS_FAKE_WIRE_H
#define FW_TESTS_FAKE_WIRE_H

#include <stdint.h>

#define FAKE_WIRE_MAX_MESSAGE 2000u
#define FAKE_WIRE_BYTES 4096u /* room for the longest message, 93 bytes a line */

/* msg[len] as lines into out, `per_line` bytes of the frame each. Returns the characters. */
uint32_t fake_wire(const uint8_t *msg, uint32_t len, uint32_t per_line, char *out);

#endif
