/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_ftdi_card.c - an FTDI chip as a relay card (power_ftdi_card.h).
 *
 * FTDI AN_232R-01 "Bit Bang Modes for the FT232R and FT245R": mode 0x01 drives
 * the data bus by its bit mask, mode 0x20 the four CBUS pins, directions in the
 * high and values in the low nibble of the mask itself; these pins must be set to
 * "I/O" in the EEPROM.
 */
#include "bench/power_ftdi_card.h"
#include "bench/power_parts.h"
#include "bench/power_usb.h"

#include <ftdi.h>
#include <stdio.h>
#include <string.h>

#define CARDS 16
#define USB_MS 500               /* of one transfer: a relay card answers within 2 ms */
#define READ_BACKS 3             /* the pins follow within 0.2 ms (measured); a read takes a frame of 1 ms */

struct bp_ftdi_card {
	struct bp_ftdi_key key;
	unsigned users;          /* 0: free */
	struct ftdi_context *ftdi; /* NULL: unplugged */
	uint8_t shadow;          /* levels of the pins that are driven */
};

static struct bp_ftdi_card cards[CARDS];

static int fail(const struct bp_ftdi_card *c, const char *what, struct bp_err *err)
{
	return bp_fail(err, BP_EIO, "%s: %s", what, ftdi_get_error_string(c->ftdi));
}

/* FT232R and FT245R, FT2232, FT4232H, FT232H, FT-X. */
static bool is_ftdi(const struct bp_ftdi_key *key, const struct libusb_device_descriptor *d)
{
	static const uint16_t products[] = {0x6001, 0x6010, 0x6011, 0x6014, 0x6015};

	if (d->idVendor != key->vendor)
		return false;
	if (key->product)
		return d->idProduct == key->product;
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++)
		if (d->idProduct == products[i])
			return true;
	return false;
}

static bool has_string(libusb_device_handle *h, uint8_t number, const char *want)
{
	char text[BP_FTDI_NAME_BYTES] = "";

	if (!*want)
		return true;
	return number && libusb_get_string_descriptor_ascii(h, number, (unsigned char *)text, sizeof(text) - 1) > 0 &&
	       !strcmp(text, want);
}

/* What the search met. */
struct search {
	libusb_device *found;
	unsigned seen, refused, fit; /* FTDI chips; of them: not to be opened, fitting */
	int rc;                      /* of the last that could not be opened */
};

static void look(const struct bp_ftdi_key *key, libusb_device *dev, struct search *s)
{
	struct libusb_device_descriptor d;
	libusb_device_handle *h;
	bool fits;
	int rc;

	if (libusb_get_device_descriptor(dev, &d) || !is_ftdi(key, &d))
		return;
	s->seen++;
	rc = libusb_open(dev, &h);
	if (rc) {
		s->refused++;
		s->rc = rc;
		return;
	}
	fits = has_string(h, d.iSerialNumber, key->serial) && has_string(h, d.iProduct, key->description);
	libusb_close(h);
	if (fits && s->fit++ == key->index)
		s->found = dev;
}

static int not_found(const struct bp_ftdi_key *key, const struct search *s, struct bp_err *err)
{
	if (s->refused)
		return bp_fail(err, BP_EIO, "not among the FTDI chips that could be opened, and %u could not: %s", s->refused,
			       s->rc == LIBUSB_ERROR_ACCESS ? BP_POWER_PERMISSION : libusb_strerror(s->rc));
	if (!s->seen)
		return bp_fail(err, BP_EIO, "not found: no FTDI chip is plugged in (lsusb -d %04x:)", key->vendor);
	if (s->fit)
		return bp_fail(err, BP_EIO, "not found: %u fit, there is no index %u", s->fit, (unsigned)key->index);
	return bp_fail(err, BP_EIO, "not found among %u FTDI chip%s: see lsusb -v -d %04x: for iSerial", s->seen, s->seen == 1 ? "" : "s",
		       key->vendor);
}

static int open_device(struct bp_ftdi_card *c, libusb_device *dev, struct bp_err *err)
{
	char driver[64];
	int rc = ftdi_usb_open_dev(c->ftdi, dev);

	if (!rc)
		return 0;
	/* libftdi: -4 cannot be opened, -5 cannot be claimed */
	if (rc == -5) {
		bp_usb_driver(dev, c->key.interface, driver, sizeof(driver));
		return bp_fail(err, BP_EIO, "interface %c is busy: %s%s", 'A' + c->key.interface,
			       strcmp(driver, "usbfs") ? "held by the kernel driver " : "held by another program (lsof /dev/bus/usb/*/*)",
			       strcmp(driver, "usbfs") ? *driver ? driver : "(unknown)" : "");
	}
	return fail(c, "cannot be used", err);
}

static int find(struct bp_ftdi_card *c, struct bp_err *err)
{
	struct search s = {0};
	libusb_device **list;
	ssize_t n = libusb_get_device_list(c->ftdi->usb_ctx, &list);
	int rc;

	if (n < 0)
		return bp_fail(err, BP_EIO, "list of USB devices: %s", libusb_strerror((int)n));
	for (ssize_t i = 0; i < n; i++)
		look(&c->key, list[i], &s);
	rc = s.found ? open_device(c, s.found, err) : not_found(&c->key, &s, err);
	libusb_free_device_list(list, 1);
	return rc;
}

/* Drive the pins by the shadow. */
static int put(struct bp_ftdi_card *c, struct bp_err *err)
{
	uint8_t byte = c->shadow;

	if (c->key.cbus)
		return ftdi_set_bitmode(c->ftdi, (uint8_t)(c->key.outputs << 4 | (c->shadow & 0xf)), BITMODE_CBUS) ?
			       fail(c, "CBUS bit-bang", err) : 0;
	return ftdi_write_data(c->ftdi, &byte, 1) == 1 ? 0 : fail(c, "write", err);
}

/*
 * Take over the pins at the levels that they have. CBUS pins can only be read in
 * their own mode, which makes them inputs for about a millisecond.
 */
static int take_over(struct bp_ftdi_card *c, struct bp_err *err)
{
	if (c->key.cbus && ftdi_set_bitmode(c->ftdi, 0, BITMODE_CBUS))
		return fail(c, "CBUS bit-bang (has this chip CBUS pins?)", err);
	if (ftdi_read_pins(c->ftdi, &c->shadow))
		return fail(c, "reading the pins", err);
	if (!c->key.cbus && ftdi_set_bitmode(c->ftdi, c->key.outputs, BITMODE_BITBANG))
		return fail(c, "bit-bang", err);
	return put(c, err);
}

/* The pins keep their levels: bit-bang mode is not left, and ftdi_sio, which would leave it, not attached again. */
static void shut(struct bp_ftdi_card *c)
{
	if (c->ftdi)
		ftdi_free(c->ftdi);
	c->ftdi = NULL;
}

static int open_card(struct bp_ftdi_card *c, struct bp_err *err)
{
	int rc;

	c->ftdi = ftdi_new();
	if (!c->ftdi)
		return bp_fail(err, BP_EIO, "libftdi could not be started");
	c->ftdi->usb_read_timeout = USB_MS;
	c->ftdi->usb_write_timeout = USB_MS;
	c->ftdi->module_detach_mode = AUTO_DETACH_SIO_MODULE;
	rc = ftdi_set_interface(c->ftdi, (enum ftdi_interface)(INTERFACE_A + c->key.interface)) ?
		     fail(c, "interface", err) : find(c, err);
	if (!rc)
		rc = take_over(c, err);
	if (rc)
		shut(c);
	return rc;
}

static bool same(const struct bp_ftdi_key *a, const struct bp_ftdi_key *b)
{
	return !strcmp(a->serial, b->serial) && !strcmp(a->description, b->description) && a->index == b->index &&
	       a->vendor == b->vendor && a->product == b->product && a->interface == b->interface && a->cbus == b->cbus;
}

int bp_ftdi_card_get(const struct bp_ftdi_key *key, struct bp_ftdi_card **out, struct bp_err *err)
{
	struct bp_ftdi_card *free_card = NULL;
	int rc;

	for (unsigned i = 0; i < CARDS; i++) {
		struct bp_ftdi_card *c = &cards[i];

		if (!c->users) {
			free_card = c;
		} else if (same(&c->key, key)) {
			if (c->key.outputs != key->outputs)
				return bp_fail(err, BP_ECONFIG, "two boards on it give different 'outputs'");
			c->users++;
			*out = c;
			return 0;
		}
	}
	if (!free_card)
		return bp_fail(err, BP_ENOMEM, "more than %d FTDI chips in one process", CARDS);
	*free_card = (struct bp_ftdi_card){.key = *key};
	rc = open_card(free_card, err);
	if (rc)
		return rc;
	free_card->users = 1;
	*out = free_card;
	return 0;
}

void bp_ftdi_card_release(struct bp_ftdi_card *card)
{
	if (!--card->users)
		shut(card);
}

static int set_once(struct bp_ftdi_card *c, unsigned bit, bool high, struct bp_err *err)
{
	uint8_t mask = (uint8_t)(1u << bit), pins = 0;
	int rc;

	if (!c->ftdi) {
		rc = open_card(c, err);
		if (rc)
			return rc;
	}
	c->shadow = (uint8_t)(high ? c->shadow | mask : c->shadow & ~mask);
	rc = put(c, err);
	for (int i = 0; !rc && i < READ_BACKS; i++) {
		if (ftdi_read_pins(c->ftdi, &pins))
			rc = fail(c, "reading the pins", err);
		else if (!(pins & mask) == !high)
			return 0;
	}
	if (rc) {
		shut(c);
		return rc;
	}
	return bp_fail(err, BP_EPROTO, "bit %u stays %s: is the pin shorted, or not an output (CBUS: EEPROM)?", bit,
		       high ? "low" : "high");
}

int bp_ftdi_card_set(struct bp_ftdi_card *card, unsigned bit, bool high, struct bp_err *err)
{
	bool was_open = card->ftdi != NULL;
	int rc = set_once(card, bit, high, err);

	/* Unplugged and plugged in again: another address, another handle. */
	if (rc == BP_EIO && was_open)
		rc = set_once(card, bit, high, err);
	if (rc == BP_EPROTO && err)
		err->code = BP_EIO;
	return rc == BP_EPROTO ? BP_EIO : rc;
}
