/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_request.c - what a request command (link_debug.c) says, line by line, of any content. */
#include "bench/link_parts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[BP_LINK_WRITE_BYTES];
	char *text = malloc(size + 1), *save = NULL;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint32_t addr = 0;
		size_t n = 0;
		struct bp_err err;
		int rc = bp_link_write_line(line, &addr, bytes, &n, &err);

		if (rc != 0 && rc != 1 && rc != BP_EPROTO)
			abort();
		if (rc == 1 && (!n || n > sizeof(bytes)))
			abort();
	}
	free(text);
	return 0;
}
