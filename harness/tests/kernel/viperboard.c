/* SPDX-License-Identifier: Apache-2.0 */
/*
 * viperboard.c - a Nano River Technologies Viperboard, of which Linux makes two
 * GPIO chips of 16 lines: "viperboard gpio a" (pins 0 to 15) and "… b" (16 to 31).
 * Only what Linux's gpio-viperboard sends is understood.
 */
#include "usb_device.h"

#include <errno.h>

#define MAJOR 0xea               /* requests */
#define MINOR 0xeb
#define GPIO_A 0xed
#define GPIO_B 0xdd
#define A_OUT 3                  /* commands of chip a: one line at a time */
#define A_IN 4
#define A_GET 6
#define B_DIRECTION 0            /* of chip b: 16 bits of values, 16 of mask, big endian */
#define B_VALUE 1

static struct {
	uint8_t asked;               /* line of chip a that was asked for */
	uint16_t outputs, latch;     /* of chip b */
} v;

static int chip_a(const uint8_t *data, unsigned len)
{
	if (len < 8 || data[2] > 15)
		return -EPIPE;
	if (data[0] == A_OUT)
		pins_set(&pins, data[2], data[7] != 0);
	else if (data[0] == A_IN)
		pins_set(&pins, data[2], false);
	else if (data[0] == A_GET)
		v.asked = data[2];
	return 0;
}

static int chip_b(const uint8_t *data, unsigned len)
{
	unsigned value, mask;

	if (len < 5)
		return -EPIPE;
	value = (unsigned)data[1] << 8 | data[2];
	mask = (unsigned)data[3] << 8 | data[4];
	if (data[0] == B_DIRECTION)
		v.outputs = (uint16_t)((v.outputs & ~mask) | (value & mask));
	else if (data[0] == B_VALUE)
		v.latch = (uint16_t)((v.latch & ~mask) | (value & mask));
	for (unsigned i = 0; i < 16; i++)
		pins_set(&pins, 16 + i, v.outputs >> i & 1 && v.latch >> i & 1);
	return 0;
}

static int read_b(uint8_t *data)
{
	unsigned value = 0;

	for (unsigned i = 0; i < 16; i++)
		value |= (unsigned)pins_get(&pins, 16 + i) << i;
	data[1] = (uint8_t)(value >> 8);
	data[2] = (uint8_t)value;
	return 5;
}

static int control(const uint8_t setup[8], uint8_t *data, unsigned len)
{
	bool in = setup[0] & 0x80;

	switch (setup[1]) {
	case MAJOR:
	case MINOR: data[0] = 1; return 1;
	case GPIO_A:
		if (!in)
			return chip_a(data, len);
		data[9] = pins_get(&pins, v.asked);
		return 11;
	case GPIO_B: return in ? read_b(data) : chip_b(data, len);
	default: return -EPIPE;
	}
}

static void gone(void)
{
	for (unsigned i = 0; i < pins.n; i++)
		pins_set(&pins, i, false);
}

struct usb_device usb_viperboard = {
	.kind = "viperboard", .vendor = 0x2058, .product = 0x1005, .release = 0x0100, .name = "Viperboard",
	.endpoint = {{0x86, 64}, {0x02, 64}}, .n_pins = 32, .control = control, .gone = gone,
};
