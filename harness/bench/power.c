/* SPDX-License-Identifier: Apache-2.0 */
/* power.c - the drivers of the role "power". */
#include "bench/power_parts.h"
#include "bench/virtual.h"

const struct bp_power_ops *const bp_power_drivers[] = {
	&bp_power_virtual_ops, &bp_power_exec_ops, &bp_power_socket_ops, &bp_power_ftdi_ops, &bp_power_gpio_ops,
	&bp_power_usbhub_ops, &bp_power_scpi_ops, &bp_power_pdudaemon_ops, NULL,
};
