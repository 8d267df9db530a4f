/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the application's configuration, kept apart from the firmware: one
 * setting, in a record that names its schema. Copy on write: a new record goes to
 * the page that does not hold the one in force.
 *
 * An image reads the newest record of a schema that it knows. It writes its own
 * schema, but touches an older record only once it is confirmed: a rollback before
 * that finds what the old image can read.
 */
#ifndef FW_CONFIG_H
#define FW_CONFIG_H

#include <stdint.h>

#define CONFIG_INTERVAL_MAX_S 86400u
#define CONFIG_INTERVAL_DEFAULT_S 60u

enum config_schema {
	CONFIG_NONE,        /* nothing is stored: defaults */
	CONFIG_SECONDS,     /* the interval in seconds */
	CONFIG_MILLISECONDS,
};

struct config {
	enum config_schema schema;  /* of the record that was read */
	uint32_t interval_s;
};

/* The newest schema that this image knows. Until then, as in recovery, there is no configuration. */
void config_init(enum config_schema newest);

/* What is in force. 0, or -1: this image has no configuration. */
int config_read(struct config *out);

/* interval_s: 1 to CONFIG_INTERVAL_MAX_S. It is in flash, and read back, when this returns. 0 or -1. */
int config_write(uint32_t interval_s);

/* Only in a confirmed image: rewrite an older record in this image's schema. 0 or -1. */
int config_migrate(void);

#endif
