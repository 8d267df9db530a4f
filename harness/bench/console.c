/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - the drivers of the role "console", and what is done to each of them alike. */
#include "bench/console_parts.h"
#include "bench/virtual.h"

#define DROP_BYTES ((size_t)16 << 20) /* more than a TCP connection buffers (Linux: 6 MiB, tcp_rmem) */

const struct bp_console_ops *const bp_console_drivers[] = {
	&bp_console_virtual_ops, &bp_console_serial_ops, &bp_console_tcp_ops, &bp_console_rfc2217_ops, NULL,
};

size_t bp_console_drop(const struct bp_console *c)
{
	uint8_t bytes[4096];
	uint64_t at;
	size_t dropped = 0;
	int n;

	while (c->ops && dropped < DROP_BYTES && (n = c->ops->read(c->self, bytes, sizeof(bytes), &at, NULL)) > 0)
		dropped += (size_t)n;
	return dropped;
}
