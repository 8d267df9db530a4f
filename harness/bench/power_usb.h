/* SPDX-License-Identifier: Apache-2.0 */
/* power_usb.h - what the power drivers over USB share (private to them). */
#ifndef BP_BENCH_POWER_USB_H
#define BP_BENCH_POWER_USB_H

#include <libusb.h>
#include <stdbool.h>
#include <stddef.h>

#define BP_USB_LOCATION_BYTES 40

/* "1-1.4" as the kernel calls it (bus, then ports), "usb1" for a root hub. Returns out. */
char *bp_usb_location(libusb_device *dev, char out[BP_USB_LOCATION_BYTES]);

/* Driver that holds interface number of dev ("ftdi_sio"; "usbfs": another program), "" when none. Returns out (cap bytes). */
char *bp_usb_driver(libusb_device *dev, int number, char *out, size_t cap);

/* Serial number of the USB device that a device of this host belongs to, by its path in sysfs; "" when it has none. Returns out. */
char *bp_usb_serial_above(const char *sysfs, char *out, size_t cap);

/* Is the text a location: BUS-PORT(.PORT)…, or usbBUS? */
bool bp_usb_is_location(const char *text);

#endif
