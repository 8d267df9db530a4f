/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/discover.h"

#include "bench/power_usb.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <linux/gpio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_FOUND 256u
#define MAX_GPIO 64u
#define RULES "  not usable yet: permission denied; install harness/doc/60-brickproof.rules (`make install`), join the group, and plug it in again\n"
/* Hub descriptor, USB 2.0 specification 11.23.2.1: wHubCharacteristics bits 1..0, 01 = each port switches its own power. */
#define HUB_PER_PORT 0x01
#define HUB_POWER_MASK 0x03
#define REQUEST_MS 500

struct list {
	struct bp_arena *arena;
	struct bp_found *found;
	unsigned n;
};

__attribute__((format(printf, 2, 3)))
static const char *text(struct list *l, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return bp_arena_text(l->arena, line, strlen(line));
}

static void add(struct list *l, const char *role, const char *what, const char *yaml, const char *trouble)
{
	if (l->n < MAX_FOUND && what && yaml)
		l->found[l->n++] = (struct bp_found){role, what, yaml, trouble};
}

/* ---- serial ports ------------------------------------------------------------------------------ */

static const char *or_not(const char *s)
{
	return s && *s ? s : "";
}

static void serial_port(struct list *l, struct sp_port *port)
{
	const char *path = sp_get_port_name(port), *serial, *trouble = NULL;
	bool usb = sp_get_port_transport(port) == SP_TRANSPORT_USB;

	if (sp_get_port_transport(port) == SP_TRANSPORT_NATIVE) /* 8250 ports that no machine has any more are listed, too */
		return;
	if (access(path, R_OK | W_OK))
		trouble = text(l, "  not usable yet: %s: %s; join the group that owns it (usually dialout) and log in again\n", path,
			       strerror(errno));
	serial = usb ? or_not(sp_get_port_usb_serial(port)) : "";
	add(l, "console", text(l, "%s, %s %s", path, or_not(sp_get_port_description(port)), serial),
	    *serial ? text(l, "    console: {driver: serial, usb-serial: \"%s\", baud: 115200}\n", serial)
		    : text(l, "    console: {driver: serial, path: %s, baud: 115200}\n", path), trouble);
}

static void serial_ports(struct list *l)
{
	struct sp_port **ports;

	if (sp_list_ports(&ports) != SP_OK)
		return;
	for (unsigned i = 0; ports[i]; i++)
		serial_port(l, ports[i]);
	sp_free_port_list(ports);
}

/* ---- USB: FTDI chips, hubs, probes ---------------------------------------------------------------- */

static const struct {
	uint16_t vendor, product; /* product 0: all of the vendor's */
	const char *name, *interface, *serial; /* serial: OpenOCD's command that chooses one by its number */
} probes[] = { /* as the makers' own drivers list them */
	{0x0483, 0x3748, "ST-LINK/V2", "interface/stlink-dap.cfg", "adapter serial"},
	{0x0483, 0x374b, "ST-LINK/V2-1", "interface/stlink-dap.cfg", "adapter serial"},
	{0x0483, 0x374e, "ST-LINK/V3", "interface/stlink-dap.cfg", "adapter serial"},
	{0x0483, 0x374f, "ST-LINK/V3", "interface/stlink-dap.cfg", "adapter serial"},
	{0x1366, 0, "SEGGER J-Link", "interface/jlink.cfg", "adapter serial"},
	{0x0d28, 0x0204, "Arm CMSIS-DAP", "interface/cmsis-dap.cfg", "adapter serial"},
	{0x2e8a, 0x000c, "Raspberry Pi Debug Probe", "interface/cmsis-dap.cfg", "adapter serial"},
	{0x1fc9, 0x0143, "NXP MCU-Link", "interface/cmsis-dap.cfg", "adapter serial"},
};

static const struct {
	const char *name;
	unsigned bits;
	uint16_t product;
} ftdi_chips[] = {{"FT232R or FT245R", 8, 0x6001}, {"FT2232H", 8, 0x6010}, {"FT4232H", 8, 0x6011}, {"FT232H", 8, 0x6014}, {"FT-X", 4, 0x6015}};

static const char *usb_text(struct list *l, libusb_device_handle *h, uint8_t index)
{
	unsigned char s[128];
	int n = h && index ? libusb_get_string_descriptor_ascii(h, index, s, sizeof(s)) : 0;

	return n > 0 ? text(l, "%.*s", n, s) : "";
}

static void ftdi(struct list *l, const struct libusb_device_descriptor *d, libusb_device_handle *h, const char *where, const char *trouble)
{
	for (size_t i = 0; i < sizeof(ftdi_chips) / sizeof(ftdi_chips[0]); i++) {
		const char *serial;

		if (d->idVendor != 0x0403 || d->idProduct != ftdi_chips[i].product)
			continue;
		serial = usb_text(l, h, d->iSerialNumber);
		add(l, "power", text(l, "FTDI %s at USB %s, serial %s: a relay card has one channel a bit (a serial cable is one of these, too)",
				     ftdi_chips[i].name, where, *serial ? serial : "unknown"),
		    text(l, "    power: {driver: ftdi, serial: \"%s\", channel: 1}   # to %u\n", serial, ftdi_chips[i].bits), trouble);
	}
}

static void probe(struct list *l, const struct libusb_device_descriptor *d, libusb_device_handle *h, const char *where, const char *trouble)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		const char *serial;

		if (d->idVendor != probes[i].vendor || (probes[i].product && d->idProduct != probes[i].product))
			continue;
		serial = usb_text(l, h, d->iSerialNumber);
		add(l, "debug", text(l, "%s at USB %s, serial %s", probes[i].name, where, *serial ? serial : "unknown"),
		    text(l, "    debug: {driver: openocd, interface: %s, config: [\"%s %s\"], target: target/YOURS.cfg}\n", probes[i].interface,
			 probes[i].serial, serial), trouble);
		return;
	}
}

static void hub(struct list *l, libusb_device_handle *h, const char *where, const char *trouble)
{
	unsigned char d[16] = {0};
	/* GetDescriptor(hub), USB 2.0 specification 11.24.2.5; type 0x29 of a USB 2 hub. */
	uint8_t type = LIBUSB_ENDPOINT_IN | LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_DEVICE;
	int n = h ? libusb_control_transfer(h, type, LIBUSB_REQUEST_GET_DESCRIPTOR, 0x2900, 0, d, sizeof(d), REQUEST_MS) : 0;
	const char *ports;

	if (h && (n < 7 || (d[3] & HUB_POWER_MASK) != HUB_PER_PORT))
		return; /* all ports at once, or none: no switch for a board */
	ports = h ? text(l, ", %u ports that switch power one by one, as it says (try it with a meter)", d[2]) : "";
	add(l, "power", text(l, "USB hub at %s%s", where, ports ? ports : ""),
	    text(l, "    power: {driver: usbhub, hub: \"%s\", port: 1}\n", where), trouble);
}

static void usb_device(struct list *l, libusb_device *dev)
{
	struct libusb_device_descriptor d;
	libusb_device_handle *h = NULL;
	char where[BP_USB_LOCATION_BYTES];
	const char *trouble;

	if (libusb_get_device_descriptor(dev, &d))
		return;
	trouble = libusb_open(dev, &h) == LIBUSB_ERROR_ACCESS ? RULES : NULL;
	bp_usb_location(dev, where);
	ftdi(l, &d, h, where, trouble);
	probe(l, &d, h, where, trouble);
	if (d.bDeviceClass == LIBUSB_CLASS_HUB && bp_usb_is_location(where) && strncmp(where, "usb", 3))
		hub(l, h, where, trouble);
	if (h)
		libusb_close(h);
}

static int usb(struct list *l, struct bp_err *err)
{
	libusb_context *ctx = NULL;
	libusb_device **devs;
	ssize_t n;
	int rc = libusb_init(&ctx);

	if (rc)
		return bp_fail(err, BP_EIO, "USB cannot be used: %s", libusb_error_name(rc));
	n = libusb_get_device_list(ctx, &devs);
	for (ssize_t i = 0; i < n; i++)
		usb_device(l, devs[i]);
	if (n >= 0)
		libusb_free_device_list(devs, 1);
	libusb_exit(ctx);
	return 0;
}

/* ---- GPIO chips ------------------------------------------------------------------------------------- */

/* By the kernel's own call (linux/gpio.h), as libgpiod 1 and 2 differ in it. */
static void gpio_chips(struct list *l)
{
	for (unsigned i = 0; i < MAX_GPIO; i++) {
		const char *path = text(l, "/dev/gpiochip%u", i);
		struct gpiochip_info info = {0};
		int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

		if (fd < 0 && errno == EACCES)
			add(l, "power", text(l, "GPIO chip %s", path), text(l, "    power: {driver: gpio, chip: gpiochip%u, line: 0}\n", i),
			    "  not usable yet: permission denied; join the group that owns it (usually gpio) and log in again\n");
		if (fd < 0)
			continue;
		if (!ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &info))
			add(l, "power", text(l, "GPIO chip %s, '%s', %u lines", path, info.label, info.lines),
			    text(l, "    power: {driver: gpio, chip: \"%s\", line: 0}   # to %u, or a line's name\n",
				 *info.label ? info.label : info.name, info.lines ? info.lines - 1 : 0), NULL);
		close(fd);
	}
}

static int in_order(const void *a, const void *b)
{
	const struct bp_found *x = a, *y = b;
	int rc = strcmp(x->role, y->role);

	return rc ? rc : strcmp(x->what, y->what);
}

int bp_discover(struct bp_arena *a, struct bp_found **out, unsigned *n, struct bp_err *err)
{
	struct list l = {.arena = a, .found = bp_arena_array(a, MAX_FOUND, sizeof(*l.found))};
	int rc;

	if (!l.found)
		return bp_fail(err, BP_ENOMEM, "no memory to list what is plugged in");
	serial_ports(&l);
	gpio_chips(&l);
	rc = usb(&l, err);
	qsort(l.found, l.n, sizeof(*l.found), in_order);
	*out = l.found;
	*n = l.n;
	return rc;
}
