/* SPDX-License-Identifier: Apache-2.0 */
#include "app/app_main.h"

#include <stdint.h>

/* The driver waits for a peripheral that never answers: nothing feeds the watchdog. */
void hang_forever(void)
{
	static volatile uint32_t ready;

	for (;;)
		(void)ready;
}
