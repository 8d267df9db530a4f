/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - the drivers of the role "console". */
#include "bench/console_parts.h"
#include "bench/virtual.h"

const struct bp_console_ops *const bp_console_drivers[] = {
	&bp_console_virtual_ops, &bp_console_serial_ops, &bp_console_tcp_ops, &bp_console_rfc2217_ops, NULL,
};
