/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libserialport.h>
#include <limits.h>
#include <linux/serial.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* An FTDI chip keeps bytes for 16 ms unless told otherwise (AN232B-04); 1 ms is its least. */
#define LATENCY_MS "1"

/* ---- texts ---------------------------------------------------------------------------- */

static int refuse(const char *path, int code, struct bp_err *err)
{
	const struct group *g;
	struct stat st;

	if (code == EBUSY)
		return bp_fail(err, BP_EIO, "%s is in use: end the program that has it open (`fuser %s` names it)", path, path);
	if (code == ENOENT)
		return bp_fail(err, BP_ENOENT, "%s is not there: is it plugged in? (bench discover lists the ports)", path);
	if (code != EACCES && code != EPERM)
		return bp_fail(err, BP_EIO, "%s: %s", path, strerror(code));
	g = stat(path, &st) ? NULL : getgrgid(st.st_gid);
	if (!g || g->gr_gid == 0)
		return bp_fail(err, BP_EIO, "no permission for %s: install 60-brickproof.rules into /etc/udev/rules.d and plug the "
			       "device in again", path);
	return bp_fail(err, BP_EIO, "no permission for %s: add yourself to its group (`sudo usermod -aG %s $USER`) and log in again, or "
		       "install 60-brickproof.rules into /etc/udev/rules.d", path, g->gr_name);
}

static int refuse_sp(const char *path, enum sp_return code, struct bp_err *err)
{
	if (code == SP_ERR_FAIL)
		return refuse(path, sp_last_error_code(), err);
	return bp_fail(err, BP_EIO, "%s: %s", path, code == SP_ERR_SUPP ? "it cannot be set so (speed, 8N1)" :
		       code == SP_ERR_MEM ? "no memory" : "libserialport refuses it");
}

/* ---- which port -------------------------------------------------------------------------- */

/* sysfs keeps it one or two levels up. */
int bp_serial_interface(const char *dev)
{
	static const char *const files[] = {"device/bInterfaceNumber", "device/../bInterfaceNumber"};
	const char *slash = strrchr(dev, '/');
	char path[PATH_MAX], text[8] = "";

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f;
		bool got;

		snprintf(path, sizeof(path), "/sys/class/tty/%s/%s", slash ? slash + 1 : dev, files[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		got = fgets(text, sizeof(text), f) != NULL;
		fclose(f);
		if (got)
			return (int)strtol(text, NULL, 16);
	}
	return -1;
}

/* The name of the one port that fits. */
static int find_usb(const struct bp_serial_where *at, char *name, size_t cap, struct bp_err *err)
{
	struct sp_port **list = NULL;
	unsigned fits = 0;

	if (sp_list_ports(&list) != SP_OK)
		return bp_fail(err, BP_EIO, "the serial ports of this host cannot be listed");
	for (unsigned i = 0; list[i]; i++) {
		const char *serial = sp_get_port_usb_serial(list[i]);

		if (!serial || strcmp(serial, at->usb_serial) != 0)
			continue;
		if (at->interface >= 0 && bp_serial_interface(sp_get_port_name(list[i])) != at->interface)
			continue;
		if (!fits++)
			snprintf(name, cap, "%s", sp_get_port_name(list[i]));
	}
	sp_free_port_list(list);
	if (fits == 1)
		return 0;
	if (fits)
		return bp_fail(err, BP_EIO, "%u serial ports belong to USB device %s: choose one by 'interface: N' (bench discover shows "
			       "them)", fits, at->usb_serial);
	return bp_fail(err, BP_ENOENT, "no serial port of a USB device with serial number %s is there (bench discover lists them)",
		       at->usb_serial);
}

/* ---- how it is set ----------------------------------------------------------------------- */

static const struct {
	uint32_t baud;
	speed_t code;
} speeds[] = {
	{9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400},
	{460800, B460800}, {921600, B921600}, {1000000, B1000000}, {2000000, B2000000},
};

/* Raw; a read() of nothing is EAGAIN and not 0, which then means that the port has gone: MIN 1 (termios(3)). baud 0: keep. */
static int make_raw(int fd, uint32_t baud)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return -1;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].baud == baud)
			cfsetspeed(&t, speeds[i].code);
	return tcsetattr(fd, TCSANOW, &t);
}

/* True when `1` stands in the file, or the kernel does not know the file. */
static bool set_latency_file(const char *name)
{
	char path[PATH_MAX];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "/sys/class/tty/%s/device/latency_timer", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR;
	ok = write(fd, LATENCY_MS, 1) == 1;
	close(fd);
	return ok;
}

/* What setserial calls low_latency: allowed without root, and ftdi_sio turns it into 1 ms. */
static bool set_low_latency(int fd)
{
	struct serial_struct s;

	if (ioctl(fd, TIOCGSERIAL, &s))
		return false;
	s.flags |= (int)ASYNC_LOW_LATENCY;
	return ioctl(fd, TIOCSSERIAL, &s) == 0;
}

static void lower_latency(struct bp_serial_handle *h)
{
	const char *name = strrchr(h->name, '/');

	h->note[0] = '\0';
	if (!name || set_latency_file(name + 1) || set_low_latency(h->fd))
		return;
	snprintf(h->note, sizeof(h->note), "%s keeps bytes back for up to 16 ms, its latency timer cannot be set to 1 ms: install "
		 "60-brickproof.rules into /etc/udev/rules.d and plug the device in again", h->name);
}

/* ---- open ----------------------------------------------------------------------------------- */

/* What libserialport does not know: ptys. */
static int open_terminal(struct bp_serial_handle *h, const struct bp_serial_where *at, struct bp_err *err)
{
	int code;

	h->fd = open(h->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (h->fd < 0)
		return refuse(h->name, errno, err);
	if (!make_raw(h->fd, at->baud))
		return 0;
	code = errno;
	bp_serial_close(h);
	if (code == ENOTTY)
		return bp_fail(err, BP_EIO, "%s is no serial port", h->name);
	return refuse(h->name, code, err);
}

static int open_port(struct bp_serial_handle *h, const struct bp_serial_where *at, struct bp_err *err)
{
	enum sp_return rc = sp_open(h->port, SP_MODE_READ_WRITE);

	if (rc != SP_OK) {
		int code = refuse_sp(h->name, rc, err);

		sp_free_port(h->port);
		h->port = NULL;
		return code;
	}
	rc = sp_set_baudrate(h->port, (int)at->baud);
	if (rc == SP_OK)
		rc = sp_set_bits(h->port, 8);
	if (rc == SP_OK)
		rc = sp_set_parity(h->port, SP_PARITY_NONE);
	if (rc == SP_OK)
		rc = sp_set_stopbits(h->port, 1);
	if (rc == SP_OK)
		rc = sp_set_flowcontrol(h->port, SP_FLOWCONTROL_NONE);
	if (rc == SP_OK)
		rc = sp_get_port_handle(h->port, &h->fd);
	if (rc == SP_OK && !make_raw(h->fd, 0) && !fcntl(h->fd, F_SETFD, FD_CLOEXEC)) {
		lower_latency(h);
		return 0;
	}
	rc = rc == SP_OK ? SP_ERR_FAIL : rc;
	refuse_sp(h->name, rc, err);
	bp_serial_close(h);
	return BP_EIO;
}

int bp_serial_open(struct bp_serial_handle *h, const struct bp_serial_where *at, struct bp_err *err)
{
	char real[PATH_MAX];
	int rc;

	h->fd = -1;
	h->port = NULL;
	if (at->usb_serial) {
		rc = find_usb(at, h->name, sizeof(h->name), err);
		if (rc)
			return rc;
	} else {
		if (!realpath(at->path, real))
			return refuse(at->path, errno, err);
		if (strlen(real) >= sizeof(h->name))
			return bp_fail(err, BP_EIO, "%s leads to a path that is too long", at->path);
		snprintf(h->name, sizeof(h->name), "%.63s", real);
	}
	if (sp_get_port_by_name(h->name, &h->port) == SP_OK)
		return open_port(h, at, err);
	h->port = NULL;
	return open_terminal(h, at, err);
}

void bp_serial_close(struct bp_serial_handle *h)
{
	if (h->port) {
		sp_close(h->port);
		sp_free_port(h->port);
	} else if (h->fd >= 0) {
		close(h->fd);
	}
	h->port = NULL;
	h->fd = -1;
}
