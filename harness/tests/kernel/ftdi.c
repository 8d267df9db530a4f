/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftdi.c - an FT232R. FTDI publishes no list of its requests: these are the ones
 * that libftdi1 1.5 and Linux's ftdi_sio were seen to send. Modes: AN_232R-01 "Bit
 * Bang Modes for the FT232R and FT245R". Latency timer: AN232B-04.
 *
 * Pins 0 to 7 are the data bus, 8 to 11 are CBUS0 to CBUS3; a pin that nothing
 * drives is low, as with the pull-down that a relay card has.
 */
#include "usb_device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum request {
	RESET = 0x00, MODEM_CTRL, FLOW, BAUD, FORMAT, MODEM_STATUS, EVENT_CHAR, ERROR_CHAR,
	SET_LATENCY = 0x09, GET_LATENCY, SET_MODE, READ_PINS, READ_EEPROM = 0x90,
};
enum mode { UART = 0x00, BITBANG = 0x01, SYNC_BITBANG = 0x04, CBUS = 0x20 };

#define CBUS_PIN 8u
#define PACKET 64u
#define STATUS 2u                /* each packet begins with two bytes: modem and line status */
#define FIRST_STATUS 0x01        /* bit 0 is always set */
#define SECOND_STATUS 0x60       /* transmitter empty */
#define EEPROM_CBUS 0x0a         /* word: functions of CBUS0 to CBUS3, a nibble each */
#define ALL_IO 0xaaaa            /* 0xa: bit-bang */
#define MS UINT64_C(1000000)

const char *uart_path;

static struct {
	uint8_t mode, outputs, latch;
	uint8_t cbus;                /* directions in the high nibble, levels in the low one */
	uint8_t latency_ms;
	int uart, slave;             /* slave: kept open, so that the other side may come and go */
	uint8_t rx[4096];            /* from the UART, not yet fetched by the host */
	unsigned rx_len;
	uint64_t rx_since;           /* when the oldest of them came */
} f = {.latency_ms = 16, .uart = -1, .slave = -1};

/* ---- pins --------------------------------------------------------------------------------- */

static void drive(void)
{
	bool data = f.mode == BITBANG || f.mode == SYNC_BITBANG;

	for (unsigned i = 0; i < 8; i++)
		pins_set(&pins, i, data && f.outputs >> i & 1 && f.latch >> i & 1);
	for (unsigned i = 0; i < 4; i++)
		pins_set(&pins, CBUS_PIN + i, f.mode == CBUS && f.cbus >> (4 + i) & 1 && f.cbus >> i & 1);
}

static uint8_t read_pins(void)
{
	unsigned from = f.mode == CBUS ? CBUS_PIN : 0, n = f.mode == CBUS ? 4 : 8, value = 0;

	for (unsigned i = 0; i < n; i++)
		value |= (unsigned)pins_get(&pins, from + i) << i;
	return (uint8_t)value;
}

static void set_mode(uint8_t mode, uint8_t mask)
{
	f.mode = mode;
	if (mode == CBUS)
		f.cbus = mask;
	else
		f.outputs = mask;
	drive();
}

/* ---- requests -------------------------------------------------------------------------------- */

static void reset(unsigned what)
{
	if (what == 2) /* purges what the chip would send on by its UART: nothing is held here */
		return;
	f.rx_len = 0;
	if (f.uart >= 0 && !what)
		tcflush(f.uart, TCIFLUSH);
}

static int answer(uint8_t *data, uint8_t first, uint8_t second)
{
	data[0] = first;
	data[1] = second;
	return 2;
}

static int control(const uint8_t setup[8], uint8_t *data, unsigned len)
{
	unsigned word;

	(void)len;
	switch ((enum request)setup[1]) {
	case RESET: reset(setup[2]); return 0;
	case SET_LATENCY:
		f.latency_ms = setup[2];
		pins_note(&pins, f.latency_ms);
		return 0;
	case GET_LATENCY: data[0] = f.latency_ms; return 1;
	case SET_MODE: set_mode(setup[3], setup[2]); return 0;
	case READ_PINS: data[0] = read_pins(); return 1;
	case MODEM_STATUS: return answer(data, FIRST_STATUS, SECOND_STATUS);
	case READ_EEPROM:
		word = setup[4] == EEPROM_CBUS ? ALL_IO : 0xffff; /* else: blank */
		return answer(data, (uint8_t)word, (uint8_t)(word >> 8));
	case MODEM_CTRL:
	case FLOW:
	case BAUD:
	case FORMAT:
	case EVENT_CHAR:
	case ERROR_CHAR: return 0;
	}
	return -EPIPE;
}

/* ---- the UART ----------------------------------------------------------------------------------- */

static void open_uart(void)
{
	char name[64];
	struct termios t;

	f.uart = open(uart_path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (f.uart < 0) {
		unlink(uart_path);
		if (openpty(&f.uart, &f.slave, name, NULL, NULL) || symlink(name, uart_path)) {
			fprintf(stderr, "usb_device: %s: %s\n", uart_path, strerror(errno));
			exit(1);
		}
		fcntl(f.uart, F_SETFL, O_NONBLOCK);
	}
	if (tcgetattr(f.uart, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(f.uart, TCSANOW, &t);
	}
}

/* A chip whose buffer is full loses what comes. (The FT232R's holds 128 bytes; this one is for a host that is emulated.) */
static void listen(void)
{
	uint8_t lost[256];
	bool full = f.rx_len == sizeof(f.rx);
	ssize_t n;

	if (f.uart < 0)
		return;
	n = read(f.uart, full ? lost : f.rx + f.rx_len, full ? sizeof(lost) : sizeof(f.rx) - f.rx_len);
	if (n == 0 || (n < 0 && errno == EIO)) { /* the board is gone for good */
		close(f.uart);
		f.uart = -1;
		uart_path = NULL;
	}
	if (n <= 0 || full)
		return;
	if (!f.rx_len)
		f.rx_since = usb_now();
	f.rx_len += (unsigned)n;
}

static int wait_uart(short *events, uint64_t *deadline_ns)
{
	if (f.uart < 0 && uart_path)
		open_uart();
	listen();
	*events |= POLLIN;
	if (f.rx_len)
		*deadline_ns = f.rx_since + f.latency_ms * MS;
	return f.uart;
}

static unsigned out(const uint8_t *data, unsigned len)
{
	ssize_t n;

	if (f.mode == BITBANG || f.mode == SYNC_BITBANG) {
		for (unsigned i = 0; i < len; i++) {
			f.latch = data[i];
			drive();
		}
		return len;
	}
	if (f.uart < 0)
		return len; /* nothing hangs on the wire */
	n = write(f.uart, data, len);
	return n < 0 ? errno == EAGAIN ? 0 : len : (unsigned)n;
}

/* Whole packets at once; a shorter one when the latency timer says so. */
static unsigned in(uint8_t *data, unsigned cap)
{
	unsigned used = 0, at = 0;

	if (!f.rx_len || (f.rx_len < PACKET - STATUS && usb_now() < f.rx_since + f.latency_ms * MS))
		return 0;
	while (used < f.rx_len && at + STATUS < cap) {
		unsigned room = cap - at - STATUS, n = f.rx_len - used;

		n = n > PACKET - STATUS ? PACKET - STATUS : n;
		n = n > room ? room : n;
		data[at] = FIRST_STATUS;
		data[at + 1] = SECOND_STATUS;
		memcpy(data + at + STATUS, f.rx + used, n);
		at += STATUS + n;
		used += n;
	}
	f.rx_len -= used;
	memmove(f.rx, f.rx + used, f.rx_len);
	f.rx_since = usb_now();
	return at;
}

static void gone(void)
{
	set_mode(UART, 0);
	if (f.slave >= 0)
		unlink(uart_path);
}

struct usb_device usb_ftdi = {
	.kind = "ftdi", .vendor = 0x0403, .product = 0x6001, .release = 0x0600, .name = "FT232R USB UART",
	.endpoint = {{0x81, PACKET}, {0x02, PACKET}}, .n_pins = 12,
	.control = control, .out = out, .in = in, .wait = wait_uart, .gone = gone,
};
