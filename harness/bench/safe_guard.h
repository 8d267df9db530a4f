/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safe_guard.h - the guardian process (private to safe.c).
 *
 * Messages to it, one packet each: "+ID\0DRIVER\0BOARD\0YAML\0" lists a switch,
 * "-ID\0" takes it off the list. Each is answered by one byte.
 */
#ifndef BP_BENCH_SAFE_GUARD_H
#define BP_BENCH_SAFE_GUARD_H

#define BP_GUARD_ADD '+'
#define BP_GUARD_DROP '-'
#define BP_GUARD_OK 'y'
#define BP_GUARD_FULL 'n'
#define BP_GUARD_MESSAGE_BYTES 4096

/* Listen on fd until it closes, then switch off what is listed. Never returns. */
_Noreturn void bp_safe_guard(int fd);

#endif
