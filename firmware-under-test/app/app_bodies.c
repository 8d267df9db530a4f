/* SPDX-License-Identifier: Apache-2.0 */
/* app_bodies.c - entry points of the images. */
#include "app/app_main.h"

void app_healthy(void)
{
	app_main(APP_HEALTHY, CONFIG_MILLISECONDS);
}

void app_healthy_old_config(void)
{
	app_main(APP_HEALTHY, CONFIG_SECONDS);
}

void app_crash(void)
{
	app_main(APP_CRASH, CONFIG_MILLISECONDS);
}

void app_hang(void)
{
	app_main(APP_HANG, CONFIG_MILLISECONDS);
}

void app_never_confirm(void)
{
	app_main(APP_NEVER_CONFIRM, CONFIG_MILLISECONDS);
}

void app_explicit_fail(void)
{
	app_main(APP_EXPLICIT_FAIL, CONFIG_MILLISECONDS);
}

void app_confirm_then_crash(void)
{
	app_main(APP_CONFIRM_THEN_CRASH, CONFIG_MILLISECONDS);
}
