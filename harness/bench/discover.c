/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/discover.h"

#include "bench/power_usb.h"
#include "bench/serial_port.h"

#include <ctype.h>
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

/* What a device says of itself, as a scalar of YAML: in quotes, other characters than ASCII's printable ones escaped. */
static const char *quoted(struct list *l, const char *s)
{
	char line[512];
	size_t at = 0;

	for (const unsigned char *p = (const unsigned char *)s; *p && at < sizeof(line) - 5; p++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, isprint(*p) ? *p == '"' || *p == '\\' ? "\\%c" : "%c" : "\\x%02x", *p);
	return text(l, "\"%.*s\"", (int)at, line);
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

/* 8250 ports that no machine has any more are listed, too: of a type that the kernel does not know. */
static bool is_there(struct list *l, const char *path)
{
	const char *slash = strrchr(path, '/');
	FILE *f = fopen(or_not(text(l, "/sys/class/tty/%s/type", slash ? slash + 1 : path)), "re");
	int type = f ? getc(f) : EOF;

	if (f)
		fclose(f);
	return type != '0';
}

/* An adapter with several ports has one serial number for them all: then its interface tells them apart. */
static const char *by_serial(struct list *l, struct sp_port *const *ports, const char *path, const char *serial)
{
	unsigned same = 0;

	for (unsigned i = 0; ports[i]; i++)
		same += !strcmp(or_not(sp_get_port_usb_serial(ports[i])), serial);
	return text(l, same > 1 ? "    console: {driver: serial, usb-serial: %s, interface: %d, baud: 115200}\n"
				: "    console: {driver: serial, usb-serial: %s, baud: 115200}\n", quoted(l, serial), bp_serial_interface(path));
}

static void serial_port(struct list *l, struct sp_port *const *ports, const struct sp_port *port)
{
	const char *path = sp_get_port_name(port), *serial, *trouble = NULL;
	bool usb = sp_get_port_transport(port) == SP_TRANSPORT_USB;

	if (!usb && !is_there(l, path))
		return;
	if (access(path, R_OK | W_OK))
		trouble = text(l, "  not usable yet: %s: %s; join the group that owns it (usually dialout) and log in again\n", path,
			       strerror(errno));
	serial = usb ? or_not(sp_get_port_usb_serial(port)) : "";
	add(l, "console", text(l, "%s, %s %s", path, or_not(sp_get_port_description(port)), serial),
	    *serial ? by_serial(l, ports, path, serial)
		    : text(l, "    console: {driver: serial, path: %s, baud: 115200}\n", path), trouble);
}

static void serial_ports(struct list *l)
{
	struct sp_port **ports;

	if (sp_list_ports(&ports) != SP_OK)
		return;
	for (unsigned i = 0; ports[i]; i++)
		serial_port(l, ports, ports[i]);
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

/* One that is found. */
struct usb_found {
	struct libusb_device_descriptor desc;
	libusb_device_handle *handle; /* NULL: not to be opened */
	const char *where, *serial, *trouble;
};

static void ftdi(struct list *l, const struct usb_found *u)
{
	for (size_t i = 0; i < sizeof(ftdi_chips) / sizeof(ftdi_chips[0]); i++) {
		if (u->desc.idVendor != 0x0403 || u->desc.idProduct != ftdi_chips[i].product)
			continue;
		add(l, "power", text(l, "FTDI %s at USB %s, serial %s: a relay card has one channel a bit (a serial cable is one of these, too)",
				     ftdi_chips[i].name, u->where, *u->serial ? u->serial : "unknown"),
		    *u->serial ? text(l, "    power: {driver: ftdi, serial: %s, channel: 1}   # to %u\n", quoted(l, u->serial), ftdi_chips[i].bits)
			       : text(l, "    power: {driver: ftdi, usb: \"%04x:%04x\", channel: 1}   # to %u; it has no serial number\n",
				      u->desc.idVendor, u->desc.idProduct, ftdi_chips[i].bits), u->trouble);
	}
}

static void probe(struct list *l, const struct usb_found *u)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		if (u->desc.idVendor != probes[i].vendor || (probes[i].product && u->desc.idProduct != probes[i].product))
			continue;
		add(l, "debug", text(l, "%s at USB %s, serial %s", probes[i].name, u->where, *u->serial ? u->serial : "unknown"),
		    *u->serial ? text(l, "    debug: {driver: openocd, interface: %s, config: [%s], target: target/YOURS.cfg}\n", probes[i].interface,
				      quoted(l, text(l, "%s %s", probes[i].serial, u->serial)))
			       : text(l, "    debug: {driver: openocd, interface: %s, target: target/YOURS.cfg}\n", probes[i].interface), u->trouble);
		return;
	}
}

/* The other half of a USB 3 hub, as the kernel pairs their ports; none of one that says it is such a half, or nothing to say. */
static const char *companion(struct list *l, const struct usb_found *u)
{
	char target[256];
	const char *path = text(l, "/sys/bus/usb/devices/%s:1.0/%s-port1/peer", u->where, u->where);
	ssize_t n = path ? readlink(path, target, sizeof(target) - 1) : -1;
	char *name, *end;

	if (u->desc.bcdUSB < 0x0210)
		return "";
	target[n > 0 ? n : 0] = '\0';
	name = strrchr(target, '/');
	end = name ? strstr(name, "-port") : NULL;
	return end ? text(l, ", companion: \"%.*s\"", (int)(end - name - 1), name + 1) : ", companion: none";
}

static void hub(struct list *l, const struct usb_found *u)
{
	unsigned char d[16] = {0};
	/* GetDescriptor(hub), USB 2.0 specification 11.24.2.5; type 0x29 of a USB 2 hub. */
	uint8_t type = LIBUSB_ENDPOINT_IN | LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_DEVICE;
	int n = u->handle ? libusb_control_transfer(u->handle, type, LIBUSB_REQUEST_GET_DESCRIPTOR, 0x2900, 0, d, sizeof(d), REQUEST_MS) : 0;
	const char *ports;

	if (u->handle && (n < 7 || (d[3] & HUB_POWER_MASK) != HUB_PER_PORT))
		return; /* all ports at once, or none: no switch for a board */
	ports = u->handle ? text(l, ", %u ports that switch power one by one, as it says (try it with a meter)", d[2]) : "";
	add(l, "power", text(l, "USB hub at %s%s", u->where, or_not(ports)),
	    text(l, "    power: {driver: usbhub, hub: \"%s\"%s, port: 1}\n", u->where, or_not(companion(l, u))), u->trouble);
}

static void usb_device(struct list *l, libusb_device *dev)
{
	char where[BP_USB_LOCATION_BYTES], serial[128];
	struct usb_found u = {.where = where, .serial = serial};
	const char *sysfs;

	if (libusb_get_device_descriptor(dev, &u.desc))
		return;
	sysfs = text(l, "/sys/bus/usb/devices/%s", bp_usb_location(dev, where));
	bp_usb_serial_above(or_not(sysfs), serial, sizeof(serial)); /* which needs no permission */
	u.trouble = libusb_open(dev, &u.handle) == LIBUSB_ERROR_ACCESS ? RULES : NULL;
	ftdi(l, &u);
	probe(l, &u);
	if (u.desc.bDeviceClass == LIBUSB_CLASS_HUB && bp_usb_is_location(where) && strncmp(where, "usb", 3))
		hub(l, &u);
	if (u.handle)
		libusb_close(u.handle);
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

static void gpio_chip(struct list *l, const char *path, const struct gpiochip_info *info)
{
	const char *chip = quoted(l, *info->label ? info->label : info->name);
	const char *sysfs = text(l, "/sys/bus/gpio/devices/%s", info->name);
	char serial[128];

	bp_usb_serial_above(or_not(sysfs), serial, sizeof(serial));
	add(l, "power", text(l, "GPIO chip %s, '%s', %u lines%s%s", path, info->label, info->lines, *serial ? ", of USB device " : "", serial),
	    text(l, "    power: {driver: gpio, chip: %s%s%s, line: 0}   # to %u, or a line's name\n", chip, *serial ? ", usb-serial: " : "",
		 *serial ? quoted(l, serial) : "", info->lines ? info->lines - 1 : 0), NULL);
}

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
			gpio_chip(l, path, &info);
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
