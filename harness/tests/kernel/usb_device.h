/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_device.h - a USB device made of a program: Linux's vhci-hcd takes one end
 * of a socket pair as the cable and speaks USB/IP over it, so that the kernel's
 * own drivers and the real libraries meet the device. Killing the program pulls
 * the plug. Only tests use it, inside a virtual machine.
 */
#ifndef BP_TESTS_KERNEL_USB_DEVICE_H
#define BP_TESTS_KERNEL_USB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_NEVER UINT64_MAX

/* ---- pins: a file that tests read ------------------------------------------------------------ */

#define PINS_MAX 32u

struct pins {
	char *file;              /* mapped: '0' or '1' for each pin, then a line with note and switched */
	unsigned n;
	unsigned stuck;          /* a pin that stays at stuck_level whatever drives it; n: none */
	bool stuck_level;
	unsigned relay;          /* the pin that switches a served board's power; n: none */
	bool relay_low;          /* by a low level */
	int power;               /* that board's power socket, -1: none */
	unsigned switched;       /* times that the relay went */
	unsigned note;
};

/* Make the file, all low. Exits when it cannot. */
void pins_open(const char *path, unsigned n);

/* A pin's level at the outside. A change of the relay's reaches the board before this returns. */
void pins_set(struct pins *p, unsigned pin, bool level);
bool pins_get(const struct pins *p, unsigned pin);

/* A number that the device's host has set and a test asks for: an FTDI's latency (ms). */
void pins_note(struct pins *p, unsigned value);

/* ---- a device ---------------------------------------------------------------------------------- */

struct usb_endpoint {
	uint8_t address;         /* 0x80: into the host */
	uint16_t packet;         /* bytes; all are of the type bulk */
};

struct usb_device {
	const char *kind;        /* on the command line */
	uint16_t vendor, product, release;
	const char *name;        /* iProduct */
	struct usb_endpoint endpoint[2];
	unsigned n_pins;
	/* A request of type "vendor": bytes put into data (at most len) or taken from it; negative: stall. */
	int (*control)(const uint8_t setup[8], uint8_t *data, unsigned len);
	/* Bytes for the device: how many it takes now; fewer than len: asked again later. NULL: none go there. */
	unsigned (*out)(const uint8_t *data, unsigned len);
	/* Bytes for the host, at most cap; 0: none now. NULL: never any. */
	unsigned (*in)(uint8_t *data, unsigned cap);
	/* What to wait for: an fd (-1: none), its poll events (from 0), and the monotonic time (ns) of the next look. May be NULL. */
	int (*wait)(short *events, uint64_t *deadline_ns);
	/* The plug is pulled: what the pins do without power. */
	void (*gone)(void);
};

extern struct usb_device usb_ftdi, usb_viperboard;
extern struct pins pins;
extern const char *uart_path;    /* FTDI: a terminal that is there, or a link to one that is made; NULL: nothing on the UART */

uint64_t usb_now(void);

#endif
