/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_main.h - the application, in each way that an image may behave: the good
 * one, and the ways to fail that an update must survive.
 */
#ifndef FW_APP_MAIN_H
#define FW_APP_MAIN_H

#include "agent/config.h"

enum app_kind {
	APP_HEALTHY,             /* checks itself, confirms, serves updates */
	APP_CRASH,               /* faults right after its first line */
	APP_HANG,                /* loops without feeding the watchdog */
	APP_NEVER_CONFIRM,       /* serves, but never calls itself healthy */
	APP_EXPLICIT_FAIL,       /* finds itself unhealthy and says so */
	APP_CONFIRM_THEN_CRASH,  /* confirms, then faults; healthy from the next boot on */
};

/* schema: the newest of the configuration that the image knows. */
__attribute__((noreturn)) void app_main(enum app_kind kind, enum config_schema schema);

/* Loop for ever; the watchdog is all that ends it. hang.c */
__attribute__((noreturn)) void hang_forever(void);

/* Entry points, one for each kind. */
#define APP_ENTRY __attribute__((noreturn, visibility("default")))
APP_ENTRY void app_healthy(void);
APP_ENTRY void app_healthy_old_config(void); /* as a release of last year, before the configuration's schema changed */
APP_ENTRY void app_crash(void);
APP_ENTRY void app_hang(void);
APP_ENTRY void app_never_confirm(void);
APP_ENTRY void app_explicit_fail(void);
APP_ENTRY void app_confirm_then_crash(void);

#endif
