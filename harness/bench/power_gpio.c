/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_gpio.c - power through a relay or load switch on a GPIO line.
 *
 *     power:
 *       driver: gpio
 *       chip: pinctrl-bcm2711        # label, gpiochip0 or /dev/gpiochip0; left out: the chip that has the line
 *       usb-serial: A10KZP45         # of the USB device that the chip is on, where several have that label
 *       line: 17                     # offset, or name: GPIO17; in quotes it is always a name
 *       active: low                  # the level that gives power; high when left out
 *
 * The line is held for as long as the board is in use. What it does when it is
 * given back is the chip's affair: a switch without power must be off by itself
 * (pull-down at the gate).
 */
#include "bench/power_gpio_line.h"
#include "bench/power_parts.h"
#include "bench/power_usb.h"
#include "bench/safe.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

struct gpio {
	const char *board, *chip, *usb_serial, *line_text;
	struct bp_gpio_wish wish;
	struct bp_gpio_line line;
	char shown[2 * BP_GPIO_NAME_BYTES]; /* "gpiochip0 line 17" */
};

int bp_gpio_fail(const struct bp_gpio_wish *wish, int error, const char *busy, struct bp_err *err)
{
	char line[BP_GPIO_NAME_BYTES];

	if (error == EACCES || error == EPERM)
		return bp_fail(err, BP_EIO, "%s: " BP_POWER_PERMISSION, wish->path);
	if (wish->name)
		snprintf(line, sizeof(line), "line '%s'", wish->name);
	else
		snprintf(line, sizeof(line), "line %u", wish->offset);
	if (error == ENOENT)
		return bp_fail(err, BP_ENOENT, "%s has no %s: see gpioinfo", wish->path, line);
	if (error == EBUSY)
		return bp_fail(err, BP_EIO, "%s %s is in use by '%s': stop that program or kernel driver first", wish->path, line,
			       busy ? busy : "someone else");
	return bp_fail(err, BP_EIO, "%s %s: %s", wish->path, line, strerror(error));
}

static bool on_usb_device(const struct gpio *g, const char *path)
{
	char sysfs[96], serial[BP_GPIO_NAME_BYTES];

	if (!g->usb_serial)
		return true;
	snprintf(sysfs, sizeof(sysfs), "/sys/bus/gpio/devices/%.32s", path + strlen("/dev/"));
	return !strcmp(bp_usb_serial_above(sysfs, serial, sizeof(serial)), g->usb_serial);
}

/* Is the chip at path the one that is asked for? */
static bool is_chip(const struct gpio *g, const char *path, int *error)
{
	char label[BP_GPIO_NAME_BYTES];
	int rc;

	if (!on_usb_device(g, path))
		return false;
	if (!g->chip || !strcmp(path, g->chip) || !strcmp(path + strlen("/dev/"), g->chip))
		return true;
	rc = bp_gpio_label(path, label);
	if (rc)
		*error = -rc;
	return !rc && !strcmp(label, g->chip);
}

static int none_fits(const struct gpio *g, int error, struct bp_err *err)
{
	if (error == EACCES || error == EPERM)
		return bp_fail(err, BP_EIO, "GPIO chips: " BP_POWER_PERMISSION);
	return bp_fail(err, BP_EIO, "no GPIO chip%s%s%s%s%s: see gpiodetect and bench discover", g->chip ? " with label or name '" : "",
		       g->chip ? g->chip : "", g->chip ? "'" : "", g->usb_serial ? " on a USB device with serial number " : "",
		       g->usb_serial ? g->usb_serial : "");
}

/* Leaves in chips those that fit. A line that is wished by name may be on any of them; a chip that is named must be one. */
static int narrow(const struct gpio *g, glob_t *chips, struct bp_err *err)
{
	size_t fit = 0;
	int error = ENOENT;

	for (size_t i = 0; i < chips->gl_pathc; i++) {
		char *path = chips->gl_pathv[i];

		if (!is_chip(g, path, &error))
			continue;
		chips->gl_pathv[i] = chips->gl_pathv[fit]; /* swapped, so that all are freed */
		chips->gl_pathv[fit++] = path;
	}
	if (!fit)
		return none_fits(g, error, err);
	if (g->chip && fit > 1)
		return bp_fail(err, BP_EIO, "%zu GPIO chips are called '%s' (%s, %s): which? give the 'usb-serial' that bench discover shows, "
			       "or the path", fit, g->chip, chips->gl_pathv[0], chips->gl_pathv[1]);
	return (int)fit;
}

static int find(struct gpio *g, struct bp_err *err)
{
	glob_t chips;
	int rc = BP_ENOENT, fit;

	if (glob("/dev/gpiochip*", 0, NULL, &chips))
		return bp_fail(err, BP_EIO, "this machine has no GPIO chip (/dev/gpiochip*): is the adapter plugged in and its driver loaded?");
	fit = narrow(g, &chips, err);
	for (int i = 0; i < fit && rc == BP_ENOENT; i++) {
		g->wish.path = chips.gl_pathv[i];
		rc = bp_gpio_open(&g->line, &g->wish, err);
	}
	if (fit < 0)
		rc = fit;
	else if (!rc)
		snprintf(g->shown, sizeof(g->shown), "%s line %s", g->wish.path, g->line_text);
	else if (rc == BP_ENOENT && fit > 1)
		rc = bp_fail(err, BP_EIO, "none of %d GPIO chips has the line %s: see gpioinfo", fit, g->line_text);
	globfree(&chips);
	g->wish.path = NULL;
	return rc == BP_ENOENT ? err->code = BP_EIO : rc;
}

static int set(struct gpio *g, bool on, struct bp_err *err)
{
	if (!bp_gpio_set(&g->line, on, err))
		return 0;
	return bp_prefix(err, "board %s: GPIO %s: switching %s", g->board, g->shown, on ? "on" : "off");
}

static int gpio_on(void *self, struct bp_err *err)
{
	return set(self, true, err);
}

static int gpio_off(void *self, struct bp_err *err)
{
	return set(self, false, err);
}

static void gpio_close(void *self)
{
	struct gpio *g = self;

	bp_safe_drop(self, !gpio_off(self, NULL));
	bp_gpio_close(&g->line);
}

static void read_config(struct bp_diag *d, const struct bp_node *config, struct gpio *g)
{
	static const char *const levels[] = {"high", "low"};
	const struct bp_node *line = bp_map_need(d, config, "line", "the GPIO line of the switch, by offset or name");
	unsigned active = 0;
	uint64_t offset;

	bp_node_text(d, bp_map_get(config, "chip"), &g->chip);
	bp_node_text(d, bp_map_get(config, "usb-serial"), &g->usb_serial);
	if (!bp_node_text(d, line, &g->line_text)) {
		g->wish.name = g->line_text;
		if (!line->quoted && !bp_parse_u64(line->text, 0, 65535, &offset, NULL)) {
			g->wish.name = NULL;
			g->wish.offset = (unsigned)offset;
			if (!g->chip)
				bp_diag_at(d, line, "a line given by its offset needs the key 'chip'");
		}
	}
	if (!bp_node_enum(d, bp_map_get(config, "active"), levels, 2, &active))
		g->wish.active_low = active;
	bp_map_done(d, config);
}

static int gpio_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		     struct bp_err *err)
{
	struct gpio *g = bp_arena_alloc(a, sizeof(*g));
	unsigned before = d->count;
	struct bp_err own;
	int rc;

	if (!err)
		err = &own;
	if (!g)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	g->board = board;
	read_config(d, config, g);
	if (d->count != before)
		return bp_diag_result(d, err);
	rc = find(g, err);
	if (rc)
		return bp_prefix(err, "board %s: power", board);
	rc = bp_safe_add(&bp_power_gpio_ops, g, board, config, err);
	if (rc) {
		bp_gpio_close(&g->line);
		return bp_prefix(err, "board %s: power", board);
	}
	*self = g;
	return 0;
}

const struct bp_power_ops bp_power_gpio_ops = {
	.name = "gpio",
	.help = "a relay or load switch on a GPIO line: chip: LABEL, line: NAME or OFFSET, active: high or low",
	.open = gpio_open, .close = gpio_close, .on = gpio_on, .off = gpio_off,
};
