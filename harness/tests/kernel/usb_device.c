/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_device.c - the cable between a device (usb_device.h) and the kernel.
 *
 * USB/IP: Documentation/usb/usbip_protocol.rst of Linux; all numbers big endian.
 * A request that the device cannot serve yet waits, as one that a device NAKs.
 */
#include "usb_device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CMD_SUBMIT 1u
#define CMD_UNLINK 2u
#define RET_SUBMIT 3u
#define RET_UNLINK 4u
#define WAITING 64u              /* requests that the kernel has under way at once: ftdi_sio and libftdi need 4 */
#define TRANSFER_MAX 65536u      /* bytes; libftdi and usb-serial stay below 4 KiB */
#define FULL_SPEED 2u            /* enum usb_device_speed */
#define VHCI "/sys/devices/platform/vhci_hcd.0/attach"

/* As on the wire. */
struct header {
	uint32_t command, seqnum, devid, direction, ep;
	union {
		struct {
			uint32_t flags, len, start, packets, interval;
			uint8_t setup[8];
		} submit;
		struct {
			uint32_t status, len, start, packets, errors;
			uint8_t pad[8];
		} ret;
		uint32_t unlink_seqnum;
		uint32_t unlink_status;
		uint8_t size[28];
	};
};
_Static_assert(sizeof(struct header) == 48, "USB/IP");

struct request {
	bool used;
	uint32_t seqnum, len, done;
	bool in;
	uint8_t *data;
};

static struct usb_device *dev;
static const char *serial;
static int cable;
static struct request waiting[WAITING]; /* the oldest of an endpoint has the lowest seqnum */
static volatile sig_atomic_t ended;

uint64_t usb_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* The kernel closed the cable, or this program is to end. */
static _Noreturn void unplug(int status)
{
	dev->gone();
	exit(status);
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "usb_device %s: %s: %s\n", serial, what, strerror(errno));
	unplug(1);
}

/* ---- the wire ------------------------------------------------------------------------------ */

static void get(void *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(cable, (char *)buf + at, len - at);

		if (n == 0)
			unplug(0);
		if (n < 0 && errno != EINTR)
			die("cable");
		at += n > 0 ? (size_t)n : 0;
	}
}

static void put(const void *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(cable, (const char *)buf + at, len - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EPIPE)
			unplug(0);
		if (n < 0 && errno != EINTR)
			die("cable");
		at += n > 0 ? (size_t)n : 0;
	}
}

/* in: data goes along. */
static void complete(uint32_t seqnum, int status, bool in, const uint8_t *data, uint32_t len)
{
	struct header h = {.command = htonl(RET_SUBMIT), .seqnum = htonl(seqnum)};

	h.ret.status = htonl((uint32_t)status);
	h.ret.len = htonl(len);
	put(&h, sizeof(h));
	if (in && len)
		put(data, len);
}

/* ---- what every device answers: USB 2.0 specification, chapter 9 --------------------------- */

static unsigned device_descriptor(uint8_t *out)
{
	const uint8_t d[18] = {
		18, 1, 0x00, 0x02, 0, 0, 0, 64, (uint8_t)dev->vendor, (uint8_t)(dev->vendor >> 8), (uint8_t)dev->product,
		(uint8_t)(dev->product >> 8), (uint8_t)dev->release, (uint8_t)(dev->release >> 8), 1, 2, 3, 1,
	};

	memcpy(out, d, sizeof(d));
	return sizeof(d);
}

static unsigned config_descriptor(uint8_t *out)
{
	uint8_t d[32] = {9, 2, sizeof(d), 0, 1, 1, 0, 0x80, 45, 9, 4, 0, 0, 2, 0xff, 0xff, 0xff, 0};

	for (int i = 0; i < 2; i++) {
		const struct usb_endpoint *e = &dev->endpoint[i];
		const uint8_t text[7] = {7, 5, e->address, 2, (uint8_t)e->packet, (uint8_t)(e->packet >> 8), 0};

		memcpy(d + 18 + 7 * i, text, sizeof(text));
	}
	memcpy(out, d, sizeof(d));
	return sizeof(d);
}

static unsigned string_descriptor(unsigned number, uint8_t *out)
{
	const char *texts[] = {NULL, "brickproof test", dev->name, serial};
	unsigned n = 2;

	if (number == 0) {
		memcpy(out, "\x04\x03\x09\x04", 4);
		return 4;
	}
	if (number > 3)
		return 0;
	for (const char *p = texts[number]; *p && n < 250; p++, n += 2) {
		out[n] = (uint8_t)*p;
		out[n + 1] = 0;
	}
	out[0] = (uint8_t)n;
	out[1] = 3;
	return n;
}

/* Bytes of the answer in data, or negative: stall. */
static int standard(const uint8_t setup[8], uint8_t *data)
{
	unsigned n = 0;

	if (setup[1] == 0) { /* GET_STATUS */
		memset(data, 0, 2);
		return 2;
	}
	if (setup[1] != 6) /* SET_CONFIGURATION and what else changes nothing here */
		return setup[0] & 0x80 ? -EPIPE : 0;
	if (setup[3] == 1)
		n = device_descriptor(data);
	else if (setup[3] == 2 && !setup[2])
		n = config_descriptor(data);
	else if (setup[3] == 3)
		n = string_descriptor(setup[2], data);
	return n ? (int)n : -EPIPE;
}

static void control(uint32_t seqnum, const uint8_t setup[8], bool in, uint8_t *data, uint32_t len)
{
	uint8_t answer[512] = {0};
	uint32_t n = len < sizeof(answer) ? len : (uint32_t)sizeof(answer);
	int rc;

	if (!in)
		memcpy(answer, data, n);
	rc = (setup[0] & 0x60) == 0x40 ? dev->control(setup, answer, n) : standard(setup, answer);
	if (in && rc > (int)n)
		rc = (int)n;
	complete(seqnum, rc < 0 ? -EPIPE : 0, in, answer, rc < 0 ? 0 : in ? (uint32_t)rc : len);
}

/* ---- requests that wait ------------------------------------------------------------------------- */

static struct request *oldest(bool in)
{
	struct request *r = NULL;

	for (unsigned i = 0; i < WAITING; i++)
		if (waiting[i].used && waiting[i].in == in && (!r || (int32_t)(waiting[i].seqnum - r->seqnum) < 0))
			r = &waiting[i];
	return r;
}

static void finish(struct request *r, uint32_t len)
{
	complete(r->seqnum, 0, r->in, r->data, len);
	free(r->data);
	r->used = false;
}

static void serve(void)
{
	static uint8_t none[1];
	struct request *r;
	unsigned n;

	while (dev->out && (r = oldest(false))) {
		r->done += dev->out(r->len ? r->data + r->done : none, r->len - r->done);
		if (r->done < r->len)
			break;
		finish(r, r->len);
	}
	while (dev->in && (r = oldest(true)) && (n = dev->in(r->data, r->len)))
		finish(r, n);
}

static void submit(const struct header *h)
{
	uint32_t len = ntohl(h->submit.len), seqnum = ntohl(h->seqnum);
	bool in = ntohl(h->direction);
	struct request *r = waiting;
	uint8_t *data;

	if (len > TRANSFER_MAX)
		die("a transfer is too long");
	data = malloc(len + 1);
	if (!data)
		die("memory");
	if (!in)
		get(data, len);
	if (!h->ep) {
		control(seqnum, h->submit.setup, in, data, len);
		free(data);
		return;
	}
	while (r < waiting + WAITING && r->used)
		r++;
	if (r == waiting + WAITING)
		die("too many requests at once");
	*r = (struct request){.used = true, .seqnum = seqnum, .len = len, .in = in, .data = data};
}

/* The kernel gives a request up; one that is done already is not taken back. */
static void unlink_request(const struct header *h)
{
	struct header answer = {.command = htonl(RET_UNLINK), .seqnum = h->seqnum};

	for (unsigned i = 0; i < WAITING; i++)
		if (waiting[i].used && waiting[i].seqnum == ntohl(h->unlink_seqnum)) {
			answer.unlink_status = htonl((uint32_t)-ECONNRESET);
			free(waiting[i].data);
			waiting[i].used = false;
		}
	put(&answer, sizeof(answer));
}

static void loop(void)
{
	while (!ended) {
		struct pollfd fds[2] = {{.fd = cable, .events = POLLIN}, {.fd = -1}};
		uint64_t deadline = USB_NEVER, now;
		int ms = -1;

		serve();
		if (dev->wait)
			fds[1].fd = dev->wait(&fds[1].events, &deadline);
		/* An end that takes no bytes is looked at again when it does. */
		if (oldest(false))
			fds[1].events |= POLLOUT;
		now = usb_now();
		if (deadline != USB_NEVER && oldest(true))
			ms = deadline <= now ? 0 : (int)((deadline - now + 999999) / 1000000);
		if (poll(fds, 2, ms) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents) {
			struct header h;

			get(&h, sizeof(h));
			if (ntohl(h.command) == CMD_SUBMIT)
				submit(&h);
			else if (ntohl(h.command) == CMD_UNLINK)
				unlink_request(&h);
			else
				die("a command that is not known");
		}
	}
}

/* ---- start ------------------------------------------------------------------------------------------ */

/* Plug it into a port of vhci's first root hub: 0 to 7 are those for full speed. */
static void plug_in(unsigned port)
{
	int pair[2], fd;
	char text[64];
	int n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	cable = pair[0];
	fd = open(VHCI, O_WRONLY | O_CLOEXEC);
	n = snprintf(text, sizeof(text), "%u %d %u %u", port, pair[1], port + 2, FULL_SPEED);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		die(VHCI);
	close(fd);
	close(pair[1]); /* the kernel holds it from now on */
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die(path);
	return fd;
}

/* --relay SOCKET PIN high|low, --stuck PIN high|low, --uart PATH */
static int parse(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--relay") && i + 3 < argc) {
			pins.power = connect_to(argv[i + 1]);
			pins.relay = (unsigned)atoi(argv[i + 2]);
			pins.relay_low = !strcmp(argv[i + 3], "low");
			i += 3;
		} else if (!strcmp(argv[i], "--stuck") && i + 2 < argc) {
			pins.stuck = (unsigned)atoi(argv[i + 1]);
			pins.stuck_level = !strcmp(argv[i + 2], "high");
			i += 2;
		} else if (!strcmp(argv[i], "--uart") && i + 1 < argc) {
			uart_path = argv[++i];
		} else {
			return -1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	struct usb_device *kinds[] = {&usb_ftdi, &usb_viperboard};
	struct sigaction action = {.sa_handler = on_signal};

	for (int i = 0; argc > 4 && i < 2; i++)
		if (!strcmp(argv[1], kinds[i]->kind))
			dev = kinds[i];
	if (!dev) {
		fprintf(stderr, "usage: usb_device ftdi|viperboard SERIAL PORT PINS-FILE [--relay SOCKET PIN high|low] "
				"[--stuck PIN high|low] [--uart PATH]\n");
		return 2;
	}
	serial = argv[2];
	pins_open(argv[4], dev->n_pins);
	if (parse(argc - 5, argv + 5)) {
		fprintf(stderr, "usb_device %s: wrong option\n", serial);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (unsigned i = 0; i < pins.n; i++)
		pins_set(&pins, i, false);
	plug_in((unsigned)atoi(argv[3]));
	loop();
	unplug(0);
}
