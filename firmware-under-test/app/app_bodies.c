/* SPDX-License-Identifier: Apache-2.0 */
/* app_bodies.c - entry points of the images. */
#include "app/app_main.h"

void app_healthy(void)
{
	app_main(APP_HEALTHY);
}

void app_crash(void)
{
	app_main(APP_CRASH);
}

void app_hang(void)
{
	app_main(APP_HANG);
}

void app_never_confirm(void)
{
	app_main(APP_NEVER_CONFIRM);
}

void app_explicit_fail(void)
{
	app_main(APP_EXPLICIT_FAIL);
}

void app_confirm_then_crash(void)
{
	app_main(APP_CONFIRM_THEN_CRASH);
}
