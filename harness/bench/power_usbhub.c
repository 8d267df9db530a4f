/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_usbhub.c - power of a board that hangs on a USB hub with switched ports.
 *
 *     power:
 *       driver: usbhub
 *       hub: "1-1.4"                 # as in /sys/bus/usb/devices, usb1 for a root hub
 *       port: 2
 *       companion: "2-1.4"           # USB 3 hubs: the other half; none: there is none
 *
 * Hub class requests: USB 2.0 specification section 11.24.2 and table 11-13, USB
 * 3.2 specification section 10.16.2. A USB 3 hub is two hubs in one case, and a
 * port gives power for as long as either half says so: both are switched.
 * Many hubs claim to switch and do not: bench check finds out.
 */
#include "bench/power_parts.h"
#include "bench/power_usb.h"
#include "bench/safe.h"

#include <stdio.h>
#include <string.h>

#define GET_STATUS 0x00          /* table 11-16 */
#define CLEAR_FEATURE 0x01
#define SET_FEATURE 0x03
#define GET_DESCRIPTOR 0x06
#define PORT_POWER 8             /* table 11-17 */
#define PORT_OUT 0x23            /* table 11-15: host to device, class, other */
#define PORT_IN 0xa3
#define HUB_IN 0xa0
#define STATUS_POWER_2 0x0100u   /* table 11-21, bit 8 */
#define STATUS_POWER_3 0x0200u   /* USB 3.2 table 10-13, bit 9 */
#define TRIES 3                  /* some hubs lose the first request while a device on the port is busy */

struct hub {
	const char *location;    /* NULL: no such half */
	libusb_device_handle *handle;
	bool usb3;
};

struct usbhub {
	const char *board;
	libusb_context *usb;
	struct hub half[2];
	bool sole;               /* companion: none */
	uint32_t port;
	uint64_t timeout_ns;
};

static int usb_fail(const struct usbhub *u, const struct hub *h, const char *what, int rc, struct bp_err *err)
{
	if (rc == LIBUSB_ERROR_ACCESS)
		return bp_fail(err, BP_EIO, "board %s: hub %s: " BP_POWER_PERMISSION, u->board, h->location);
	return bp_fail(err, rc == LIBUSB_ERROR_TIMEOUT ? BP_ETIMEOUT : BP_EIO, "board %s: hub %s port %u: %s: %s", u->board, h->location,
		       (unsigned)u->port, what, rc < 0 ? libusb_strerror(rc) : "short answer");
}

/* The open handle of the hub at h->location. */
static int find(const struct usbhub *u, struct hub *h, struct bp_err *err)
{
	libusb_device **list;
	char location[BP_USB_LOCATION_BYTES];
	ssize_t n = libusb_get_device_list(u->usb, &list);
	int rc = LIBUSB_ERROR_NOT_FOUND;

	if (n < 0)
		return usb_fail(u, h, "list of USB devices", (int)n, err);
	for (ssize_t i = 0; i < n; i++) {
		struct libusb_device_descriptor desc;

		if (strcmp(bp_usb_location(list[i], location), h->location) || libusb_get_device_descriptor(list[i], &desc))
			continue;
		if (desc.bDeviceClass != LIBUSB_CLASS_HUB) {
			libusb_free_device_list(list, 1);
			return bp_fail(err, BP_EIO, "board %s: the USB device at %s is no hub: name the hub, and its port as 'port'",
				       u->board, h->location);
		}
		h->usb3 = desc.bcdUSB >= 0x0300;
		rc = libusb_open(list[i], &h->handle);
		/* Both halves of a USB 3 hub say so: 2.10 or later on the one, 3.x on the other. */
		if (!rc && desc.bcdUSB >= 0x0210 && !u->half[1].location && !u->sole)
			rc = LIBUSB_ERROR_OTHER;
		break;
	}
	libusb_free_device_list(list, 1);
	if (rc == LIBUSB_ERROR_NOT_FOUND)
		return bp_fail(err, BP_EIO, "board %s: no USB hub at %s: see lsusb -t; is it plugged in, and at that port?", u->board,
			       h->location);
	if (rc == LIBUSB_ERROR_OTHER && h->handle)
		return bp_fail(err, BP_EIO,
			       "board %s: hub %s is one half of a USB 3 hub, which gives power until both halves are off: "
			       "name the other half as 'companion' (see lsusb -t), or 'companion: none'",
			       u->board, h->location);
	return rc ? usb_fail(u, h, "open", rc, err) : 0;
}

/* Does this hub switch this port, alone? */
static int check(const struct usbhub *u, const struct hub *h, struct bp_err *err)
{
	uint8_t desc[32];
	uint16_t type = h->usb3 ? 0x2a00 : 0x2900; /* descriptor type in the high byte */
	int n = libusb_control_transfer(h->handle, HUB_IN, GET_DESCRIPTOR, type, 0, desc, sizeof(desc),
					(unsigned)(u->timeout_ns / BP_NS_PER_MS));
	unsigned mode;

	if (n < 5)
		return usb_fail(u, h, "hub descriptor", n, err);
	if (!u->port || u->port > desc[2])
		return bp_fail(err, BP_EIO, "board %s: hub %s has %u ports, no port %u", u->board, h->location, desc[2],
			       (unsigned)u->port);
	mode = desc[3] & 3u; /* wHubCharacteristics, bits 1 and 0 */
	if (mode == 1)
		return 0;
	return bp_fail(err, BP_EIO, "board %s: hub %s %s: use a hub with per-port power switching, or a relay", u->board, h->location,
		       mode ? "does not switch the power of its ports" :
			      "switches all its ports together (ganged), which would take the power of other boards too");
}

static int switch_half(const struct usbhub *u, const struct hub *h, bool on, uint64_t deadline_ns, struct bp_err *err)
{
	unsigned want = on ? h->usb3 ? STATUS_POWER_3 : STATUS_POWER_2 : 0;
	unsigned mask = h->usb3 ? STATUS_POWER_3 : STATUS_POWER_2;

	for (int i = 0; i < TRIES; i++) {
		uint8_t status[4];
		int left = bp_deadline_poll_ms(deadline_ns), rc;

		if (!left)
			return usb_fail(u, h, on ? "power on" : "power off", LIBUSB_ERROR_TIMEOUT, err);
		rc = libusb_control_transfer(h->handle, PORT_OUT, on ? SET_FEATURE : CLEAR_FEATURE, PORT_POWER, (uint16_t)u->port,
					     NULL, 0, (unsigned)left);
		if (rc < 0)
			return usb_fail(u, h, on ? "power on" : "power off", rc, err);
		rc = libusb_control_transfer(h->handle, PORT_IN, GET_STATUS, 0, (uint16_t)u->port, status, sizeof(status),
					     (unsigned)left);
		if (rc < 4)
			return usb_fail(u, h, "port status", rc, err);
		if (((status[0] | (unsigned)status[1] << 8) & mask) == want)
			return 0;
	}
	return bp_fail(err, BP_EIO, "board %s: hub %s says that port %u stays %s: it does not really switch", u->board, h->location,
		       (unsigned)u->port, on ? "off" : "on");
}

/* Off: first the half that the board uses, then the other. */
static int switch_both(const struct usbhub *u, bool on, struct bp_err *err)
{
	uint64_t deadline = bp_power_deadline(u->timeout_ns);
	int rc = switch_half(u, &u->half[0], on, deadline, err);

	if (!rc && u->half[1].handle)
		rc = switch_half(u, &u->half[1], on, deadline, err);
	return rc;
}

static int usbhub_on(void *self, struct bp_err *err)
{
	return switch_both(self, true, err);
}

static int usbhub_off(void *self, struct bp_err *err)
{
	return switch_both(self, false, err);
}

static void give_back(struct usbhub *u)
{
	for (int i = 0; i < 2; i++)
		if (u->half[i].handle)
			libusb_close(u->half[i].handle);
	libusb_exit(u->usb);
}

static void usbhub_close(void *self)
{
	bp_power_hurry(true);
	bp_safe_drop(self, !usbhub_off(self, NULL));
	bp_power_hurry(false);
	give_back(self);
}

static void read_location(struct bp_diag *d, const struct bp_node *node, const char **out)
{
	if (!bp_node_text(d, node, out) && !bp_usb_is_location(*out))
		bp_diag_at(d, node, "expected a place as in /sys/bus/usb/devices: BUS-PORT.PORT, as in \"1-1.4\", or usb1 for a root hub");
}

static void read_config(struct bp_diag *d, const struct bp_node *config, struct usbhub *u)
{
	const struct bp_node *companion = bp_map_get(config, "companion");
	const char *text = "";

	read_location(d, bp_map_need(d, config, "hub", "where the hub is, as in \"1-1.4\" (see lsusb -t)"), &u->half[0].location);
	bp_node_u32(d, bp_map_need(d, config, "port", "the hub's port that the board is on, from 1"), 1, 255, &u->port);
	if (companion && companion->kind == BP_NODE_SCALAR)
		text = companion->text;
	u->sole = !strcmp(text, "none");
	if (!u->sole)
		read_location(d, companion, &u->half[1].location);
	bp_power_timeout(d, config, &u->timeout_ns);
	bp_map_done(d, config);
}

static int usbhub_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		       struct bp_err *err)
{
	struct usbhub *u = bp_arena_alloc(a, sizeof(*u));
	unsigned before = d->count;
	int rc;

	if (!u)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	u->board = board;
	u->timeout_ns = BP_NS_PER_S;
	read_config(d, config, u);
	if (d->count != before)
		return bp_diag_result(d, err);
	rc = bp_safe_start(err); /* before libusb's thread */
	if (rc)
		return bp_prefix(err, "board %s: power", board);
	rc = libusb_init(&u->usb);
	if (rc)
		return bp_fail(err, BP_EIO, "board %s: libusb: %s", board, libusb_strerror(rc));
	for (int i = 0; !rc && i < 2 && u->half[i].location; i++) {
		rc = find(u, &u->half[i], err);
		if (!rc)
			rc = check(u, &u->half[i], err);
	}
	if (!rc && bp_safe_add(&bp_power_usbhub_ops, u, board, config, err))
		rc = bp_prefix(err, "board %s: power", board);
	if (rc) {
		give_back(u);
		return rc;
	}
	*self = u;
	return 0;
}

const struct bp_power_ops bp_power_usbhub_ops = {
	.name = "usbhub",
	.help = "a USB hub that switches each port: hub: \"1-1.4\", port: N",
	.open = usbhub_open, .close = usbhub_close, .on = usbhub_on, .off = usbhub_off,
};
