/* SPDX-License-Identifier: Apache-2.0 */
/* power_gpio1.c - a line over libgpiod 1.x (power_gpio_line.h). */
#include <gpiod.h>

#ifdef GPIOD_LINE_BULK_MAX_LINES /* 1.x alone defines it; with 2.x this file is empty */

#include "bench/power_gpio_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int bp_gpio_label(const char *path, char *out)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);

	if (!chip)
		return -errno;
	snprintf(out, BP_GPIO_NAME_BYTES, "%s", gpiod_chip_label(chip));
	gpiod_chip_close(chip);
	return 0;
}

static int request(struct gpiod_line *line, const struct bp_gpio_wish *wish, struct bp_err *err)
{
	const struct gpiod_line_request_config as_is = {
		.consumer = "brickproof", .request_type = GPIOD_LINE_REQUEST_DIRECTION_AS_IS,
		.flags = wish->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0,
	};
	int value;

	if (gpiod_line_request(line, &as_is, 0))
		return bp_gpio_fail(wish, errno, gpiod_line_consumer(line), err);
	value = gpiod_line_get_value(line);
	if (value < 0 || gpiod_line_set_direction_output(line, value)) {
		bp_gpio_fail(wish, errno, NULL, err);
		gpiod_line_release(line);
		return BP_EIO;
	}
	return 0;
}

int bp_gpio_open(struct bp_gpio_line *l, const struct bp_gpio_wish *wish, struct bp_err *err)
{
	struct gpiod_chip *chip = gpiod_chip_open(wish->path);
	struct gpiod_line *line;
	int rc;

	if (!chip)
		return bp_gpio_fail(wish, errno, NULL, err);
	line = wish->name ? gpiod_chip_find_line(chip, wish->name) :
	       wish->offset < gpiod_chip_num_lines(chip) ? gpiod_chip_get_line(chip, wish->offset) : NULL;
	rc = line ? request(line, wish, err) : bp_gpio_fail(wish, ENOENT, NULL, err);
	if (rc) {
		gpiod_chip_close(chip);
		return rc;
	}
	*l = (struct bp_gpio_line){.chip = chip, .line = line, .offset = gpiod_line_offset(line)};
	return 0;
}

void bp_gpio_close(struct bp_gpio_line *l)
{
	gpiod_line_release(l->line);
	gpiod_chip_close(l->chip);
}

int bp_gpio_set(struct bp_gpio_line *l, bool on, struct bp_err *err)
{
	int value;

	if (gpiod_line_set_value(l->line, on))
		return bp_fail(err, BP_EIO, "%s", strerror(errno));
	value = gpiod_line_get_value(l->line);
	if (value < 0)
		return bp_fail(err, BP_EIO, "reading it back: %s", strerror(errno));
	return value == on ? 0 : bp_fail(err, BP_EIO, "reads back %s: is something else driving it?", value ? "active" : "inactive");
}

#endif
