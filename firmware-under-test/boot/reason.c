/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/reason.h"

#include <stdint.h>

const char *reason_name(enum reason r)
{
	static const char *const names[REASON_COUNT] = {
		"NONE", "INTERRUPTED", "BAD_MANIFEST", "UNSIGNED", "UNKNOWN_KEY", "BAD_SIGNATURE", "WRONG_PRODUCT",
		"WRONG_HARDWARE", "BOOTLOADER_TOO_OLD", "ROLLBACK_INDEX", "WRONG_SIZE", "BAD_HASH", "BAD_IMAGE",
		"BAD_OFFSET", "FLASH_FAILED", "NO_CONFIRM", "UNHEALTHY", "CRASHED", "WATCHDOG", "STATE_LOST", "NO_IMAGE",
		"BUSY", "OK", "WRONG_SLOT", "LOW_BATTERY", "NO_MAINS", "OUTSIDE_WINDOW", "NO_SPACE", "REVOKED_KEY",
	};

	return (uint32_t)r < REASON_COUNT ? names[r] : "UNKNOWN";
}
