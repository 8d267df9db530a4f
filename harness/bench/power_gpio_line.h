/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_gpio_line.h - one output line of a GPIO chip, over whichever libgpiod is
 * installed: power_gpio.c drives it, power_gpio1.c (1.x) or power_gpio2.c (2.x)
 * is it. Lines are held, so that the level stays. Errors name chip and line.
 */
#ifndef BP_BENCH_POWER_GPIO_LINE_H
#define BP_BENCH_POWER_GPIO_LINE_H

#include "base/err.h"

#include <stdbool.h>

#define BP_GPIO_NAME_BYTES 64

struct bp_gpio_line {
	void *chip, *line;       /* the library's */
	unsigned offset;
};

struct bp_gpio_wish {
	const char *path;        /* /dev/gpiochipN */
	const char *name;        /* of the line; NULL: by offset */
	unsigned offset;
	bool active_low;
};

/* Label of the chip at path into out (BP_GPIO_NAME_BYTES). 0 or a negative errno. */
int bp_gpio_label(const char *path, char *out);

/*
 * Hold the line as an output at the level that it has. BP_ENOENT: the chip has no
 * such line; BP_EIO. bp_gpio_close() gives it back.
 */
int bp_gpio_open(struct bp_gpio_line *l, const struct bp_gpio_wish *wish, struct bp_err *err);
void bp_gpio_close(struct bp_gpio_line *l);

/* Drive, then read back: 0, or BP_EIO. */
int bp_gpio_set(struct bp_gpio_line *l, bool on, struct bp_err *err);

/* Text and code for a failed call, from errno; busy: who holds the line, NULL when unknown. */
int bp_gpio_fail(const struct bp_gpio_wish *wish, int error, const char *busy, struct bp_err *err);

#endif
