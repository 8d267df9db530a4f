/* SPDX-License-Identifier: Apache-2.0 */
/* gates.h - may an update go on now? What the surroundings say, by the limits that the board has for it. */
#ifndef FW_GATES_H
#define FW_GATES_H

#include "boot/reason.h"

/* Before a download: LOW_BATTERY, NO_MAINS, or NONE. */
enum reason gate_download(void);

/* Before a trial is asked for: these, and OUTSIDE_WINDOW. */
enum reason gate_install(void);

#endif
