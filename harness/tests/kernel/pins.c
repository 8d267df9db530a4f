/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - the outside of an emulated device: a file of pins, and a relay on one of them (usb_device.h). */
#include "usb_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOTE_BYTES 16u

struct pins pins = {.power = -1};

void pins_open(const char *path, unsigned n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	pins.n = pins.stuck = pins.relay = n;
	if (fd < 0 || ftruncate(fd, (off_t)(n + 1 + NOTE_BYTES))) {
		fprintf(stderr, "usb_device: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	pins.file = mmap(NULL, n + 1 + NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (pins.file == MAP_FAILED) {
		fprintf(stderr, "usb_device: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	memset(pins.file, '0', n);
	pins.file[n] = '\n';
	pins_note(&pins, 0);
}

void pins_note(struct pins *p, unsigned value)
{
	char text[NOTE_BYTES + 1];

	p->note = value;
	snprintf(text, sizeof(text), "%-6u %-8u\n", value, p->switched);
	memcpy(p->file + p->n + 1, text, NOTE_BYTES);
}

bool pins_get(const struct pins *p, unsigned pin)
{
	return p->file[pin] == '1';
}

/* The board's replies are nobody's. */
static void relay(struct pins *p, bool on)
{
	const char *line = on ? "on\n" : "off\n";
	char drop[256];

	while (recv(p->power, drop, sizeof(drop), MSG_DONTWAIT) > 0)
		;
	send(p->power, line, strlen(line), MSG_NOSIGNAL);
	p->switched++;
	pins_note(p, p->note);
}

void pins_set(struct pins *p, unsigned pin, bool level)
{
	bool was = pins_get(p, pin);

	if (pin == p->stuck)
		level = p->stuck_level;
	p->file[pin] = level ? '1' : '0';
	if (pin == p->relay && p->power >= 0 && was != level)
		relay(p, level != p->relay_low);
}
