/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - console lines, built in one buffer and sent whole. */
#ifndef FW_PRINT_H
#define FW_PRINT_H

#include "boot/boot_state.h"

#include <stdint.h>

#define LINE_BYTES 96u

struct line {
	char text[LINE_BYTES];
	uint32_t len;
};

void line_start(struct line *l, const char *text);
void line_text(struct line *l, const char *text);
void line_u32(struct line *l, uint32_t v);
void line_version(struct line *l, const struct fw_version *v);
void line_end(struct line *l); /* adds the newline and sends */
void print(const char *text);  /* a whole line */

#endif
