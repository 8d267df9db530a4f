/* SPDX-License-Identifier: Apache-2.0 */
/* power_gpio2.c - a line over libgpiod 2.x (power_gpio_line.h). */
#include <gpiod.h>

#ifndef GPIOD_LINE_BULK_MAX_LINES /* 1.x alone defines it; with 1.x this file is empty */

#include "bench/power_gpio_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int bp_gpio_label(const char *path, char *out)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);
	struct gpiod_chip_info *info = chip ? gpiod_chip_get_info(chip) : NULL;
	int rc = info ? 0 : -errno;

	if (info)
		snprintf(out, BP_GPIO_NAME_BYTES, "%s", gpiod_chip_info_get_label(info));
	gpiod_chip_info_free(info);
	if (chip)
		gpiod_chip_close(chip);
	return rc;
}

/* Offset of the wished line, or -1 with errno ENOENT. */
static int offset_of(struct gpiod_chip *chip, const struct bp_gpio_wish *wish)
{
	struct gpiod_line_info *info;

	if (wish->name)
		return gpiod_chip_get_line_offset_from_name(chip, wish->name);
	info = gpiod_chip_get_line_info(chip, wish->offset);
	if (!info)
		errno = errno == EINVAL ? ENOENT : errno;
	gpiod_line_info_free(info);
	return info ? (int)wish->offset : -1;
}

/* What the library is told about the line; NULL without memory. */
static struct gpiod_line_config *describe(const struct bp_gpio_wish *wish, unsigned offset, enum gpiod_line_direction direction,
					  enum gpiod_line_value value)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *config = gpiod_line_config_new();

	if (!settings || !config || gpiod_line_settings_set_direction(settings, direction) ||
	    gpiod_line_settings_set_output_value(settings, value))
		goto err_free;
	gpiod_line_settings_set_active_low(settings, wish->active_low);
	if (gpiod_line_config_add_line_settings(config, &offset, 1, settings))
		goto err_free;
	gpiod_line_settings_free(settings);
	return config;
err_free:
	gpiod_line_settings_free(settings);
	gpiod_line_config_free(config);
	return NULL;
}

/* Held as it is. NULL with errno. */
static struct gpiod_line_request *hold(struct gpiod_chip *chip, const struct bp_gpio_wish *wish, unsigned offset)
{
	struct gpiod_line_config *as_is = describe(wish, offset, GPIOD_LINE_DIRECTION_AS_IS, GPIOD_LINE_VALUE_INACTIVE);
	struct gpiod_request_config *who = gpiod_request_config_new();
	struct gpiod_line_request *line = NULL;
	int error;

	if (who && as_is) {
		gpiod_request_config_set_consumer(who, "brickproof");
		line = gpiod_chip_request_lines(chip, who, as_is);
	}
	error = errno;
	gpiod_request_config_free(who);
	gpiod_line_config_free(as_is);
	errno = error;
	return line;
}

/* The level that it has becomes the one that it is driven to. */
static int drive(struct gpiod_line_request *line, const struct bp_gpio_wish *wish, unsigned offset)
{
	enum gpiod_line_value value = gpiod_line_request_get_value(line, offset);
	struct gpiod_line_config *output;
	int rc;

	if (value == GPIOD_LINE_VALUE_ERROR)
		return -1;
	output = describe(wish, offset, GPIOD_LINE_DIRECTION_OUTPUT, value);
	if (!output)
		return -1;
	rc = gpiod_line_request_reconfigure_lines(line, output);
	gpiod_line_config_free(output);
	return rc;
}

static int fail_busy(struct gpiod_chip *chip, const struct bp_gpio_wish *wish, unsigned offset, int error, struct bp_err *err)
{
	struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
	int rc = bp_gpio_fail(wish, error, info ? gpiod_line_info_get_consumer(info) : NULL, err);

	gpiod_line_info_free(info);
	return rc;
}

int bp_gpio_open(struct bp_gpio_line *l, const struct bp_gpio_wish *wish, struct bp_err *err)
{
	struct gpiod_chip *chip = gpiod_chip_open(wish->path);
	struct gpiod_line_request *line;
	int offset, rc;

	if (!chip)
		return bp_gpio_fail(wish, errno, NULL, err);
	offset = offset_of(chip, wish);
	if (offset < 0) {
		rc = bp_gpio_fail(wish, errno, NULL, err);
		goto err_close;
	}
	line = hold(chip, wish, (unsigned)offset);
	if (!line) {
		rc = fail_busy(chip, wish, (unsigned)offset, errno, err);
		goto err_close;
	}
	if (drive(line, wish, (unsigned)offset)) {
		rc = bp_gpio_fail(wish, errno, NULL, err);
		goto err_release;
	}
	*l = (struct bp_gpio_line){.chip = chip, .line = line, .offset = (unsigned)offset};
	return 0;
err_release:
	gpiod_line_request_release(line);
err_close:
	gpiod_chip_close(chip);
	return rc;
}

void bp_gpio_close(struct bp_gpio_line *l)
{
	gpiod_line_request_release(l->line);
	gpiod_chip_close(l->chip);
}

int bp_gpio_set(struct bp_gpio_line *l, bool on, struct bp_err *err)
{
	enum gpiod_line_value want = on ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE, value;

	if (gpiod_line_request_set_value(l->line, l->offset, want))
		return bp_fail(err, BP_EIO, "%s", strerror(errno));
	value = gpiod_line_request_get_value(l->line, l->offset);
	if (value == GPIOD_LINE_VALUE_ERROR)
		return bp_fail(err, BP_EIO, "reading it back: %s", strerror(errno));
	return value == want ? 0 : bp_fail(err, BP_EIO, "reads back %s: is something else driving it?", on ? "inactive" : "active");
}

#endif
