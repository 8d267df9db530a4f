/* SPDX-License-Identifier: Apache-2.0 */
/* power_usb.c - where a USB device is and who holds it (power_usb.h). */
#include "bench/power_usb.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *bp_usb_location(libusb_device *dev, char out[BP_USB_LOCATION_BYTES])
{
	uint8_t ports[7]; /* USB 3.0 specification: no more than 7 tiers */
	int n = libusb_get_port_numbers(dev, ports, sizeof(ports)), at;

	if (n <= 0) {
		snprintf(out, BP_USB_LOCATION_BYTES, "usb%u", libusb_get_bus_number(dev));
		return out;
	}
	at = snprintf(out, BP_USB_LOCATION_BYTES, "%u", libusb_get_bus_number(dev));
	for (int i = 0; i < n; i++)
		at += snprintf(out + at, BP_USB_LOCATION_BYTES - (size_t)at, "%c%u", i ? '.' : '-', ports[i]);
	return out;
}

char *bp_usb_driver(libusb_device *dev, int number, char *out, size_t cap)
{
	char location[BP_USB_LOCATION_BYTES], path[128], target[256];
	struct libusb_config_descriptor *config;
	const char *name;
	unsigned value = 1;
	ssize_t n;

	if (!libusb_get_active_config_descriptor(dev, &config)) {
		value = config->bConfigurationValue;
		libusb_free_config_descriptor(config);
	}
	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s:%u.%d/driver", bp_usb_location(dev, location), value, number);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	name = strrchr(target, '/');
	snprintf(out, cap, "%s", name ? name + 1 : "");
	return out;
}

/* The files that sysfs has for USB devices alone: devnum, serial. */
static bool serial_in(const char *folder, char *out, size_t cap)
{
	char path[PATH_MAX + 16];
	FILE *f;
	bool is_device;

	snprintf(path, sizeof(path), "%s/devnum", folder);
	is_device = !access(path, F_OK);
	snprintf(path, sizeof(path), "%s/serial", folder);
	f = is_device ? fopen(path, "re") : NULL;
	if (f && fgets(out, (int)cap, f))
		out[strcspn(out, "\n")] = '\0';
	if (f)
		fclose(f);
	return is_device;
}

char *bp_usb_serial_above(const char *sysfs, char *out, size_t cap)
{
	char folder[PATH_MAX], *slash;

	*out = '\0';
	if (!realpath(sysfs, folder))
		return out;
	while (!serial_in(folder, out, cap) && (slash = strrchr(folder, '/')) && slash > folder)
		*slash = '\0';
	return out;
}

bool bp_usb_is_location(const char *text)
{
	bool root = !strncmp(text, "usb", 3);
	const char *p = root ? text + 3 : text;

	for (bool more = true, first = true; more; first = false) {
		if (!isdigit((unsigned char)*p))
			return false;
		while (isdigit((unsigned char)*p))
			p++;
		more = !root && *p == (first ? '-' : '.');
		if (!more)
			return !*p && (root || !first);
		p++;
	}
	return false;
}
