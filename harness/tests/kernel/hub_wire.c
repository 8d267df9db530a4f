/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub_wire.c - a wire from a USB hub's port to a served board: the board has power
 * while the port has. It asks the hub itself, over usbfs, and not the driver that
 * is tested.
 *
 *	hub_wire 1-1 2 /run/board/power
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PORT_IN 0xa3             /* USB 2.0 specification, table 11-15: device to host, class, other */
#define GET_STATUS 0x00          /* table 11-16 */
#define POWER 0x0100u            /* table 11-21, bit 8 */
#define TIMEOUT_MS 1000
#define PERIOD_MS 1

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "hub_wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned number_in(const char *place, const char *name)
{
	char path[128];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s/%s", place, name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%u", &n) != 1)
		die(path);
	fclose(f);
	return n;
}

static int open_hub(const char *place)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/bus/usb/%03u/%03u", number_in(place, "busnum"), number_in(place, "devnum"));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

static int open_board(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die(path);
	return fd;
}

static int has_power(int hub, unsigned port)
{
	unsigned char status[4];
	struct usbdevfs_ctrltransfer c = {
		.bRequestType = PORT_IN, .bRequest = GET_STATUS, .wIndex = (unsigned short)port, .wLength = sizeof(status),
		.timeout = TIMEOUT_MS, .data = status,
	};

	if (ioctl(hub, USBDEVFS_CONTROL, &c) != (int)sizeof(status))
		die("port status");
	return ((status[0] | (unsigned)status[1] << 8) & POWER) != 0;
}

int main(int argc, char **argv)
{
	int hub, board, on = 0, was = 0;
	char drop[256];

	if (argc != 4) {
		fprintf(stderr, "usage: hub_wire HUB PORT SOCKET\n");
		return 2;
	}
	hub = open_hub(argv[1]);
	board = open_board(argv[3]);
	for (;; was = on) {
		on = has_power(hub, (unsigned)atoi(argv[2]));
		if (on != was && send(board, on ? "on\n" : "off\n", on ? 3 : 4, MSG_NOSIGNAL) < 0)
			return 0; /* the board is gone */
		while (recv(board, drop, sizeof(drop), MSG_DONTWAIT) > 0)
			;
		poll(NULL, 0, PERIOD_MS);
	}
}
