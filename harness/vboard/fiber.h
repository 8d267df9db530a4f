/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fiber.h - what a stack switch must tell AddressSanitizer (sanitizer/
 * common_interface_defs.h) or, in builds for it, valgrind; nothing in others.
 */
#ifndef BP_VBOARD_FIBER_H
#define BP_VBOARD_FIBER_H

#include <stddef.h>

#if defined(__x86_64__)
#define BP_SWITCH_WORDS 8   /* r15 r14 r13 r12 rbx rbp, return address, alignment */
#define BP_SWITCH_RETURN 6
#elif defined(__aarch64__)
#define BP_SWITCH_WORDS 20  /* d8-d15, x19-x30 */
#define BP_SWITCH_RETURN 19
#else
#error "the virtual board needs a stack switch for this CPU: add switch_ARCH.S"
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static inline void bp_fiber_leave(void **save, const void *bottom, size_t size)
{
	__sanitizer_start_switch_fiber(save, bottom, size);
}

static inline void bp_fiber_arrived(void *saved, const void **bottom, size_t *size)
{
	__sanitizer_finish_switch_fiber(saved, bottom, size);
}

static inline void bp_fiber_unpoison(void *p, size_t size)
{
	__asan_unpoison_memory_region(p, size);
}

static inline void bp_fiber_stack(void *p, size_t size)
{
	(void)p, (void)size;
}
#elif defined(BP_VALGRIND)
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

static inline void bp_fiber_leave(void **save, const void *bottom, size_t size)
{
	(void)save, (void)bottom, (void)size;
}

static inline void bp_fiber_arrived(void *saved, const void **bottom, size_t *size)
{
	(void)saved, (void)bottom, (void)size;
}

static inline void bp_fiber_unpoison(void *p, size_t size)
{
	VALGRIND_MAKE_MEM_DEFINED(p, size);
}

static inline void bp_fiber_stack(void *p, size_t size)
{
	VALGRIND_STACK_REGISTER(p, (char *)p + size);
}
#else
static inline void bp_fiber_leave(void **save, const void *bottom, size_t size)
{
	(void)save, (void)bottom, (void)size;
}

static inline void bp_fiber_arrived(void *saved, const void **bottom, size_t *size)
{
	(void)saved, (void)bottom, (void)size;
}

static inline void bp_fiber_unpoison(void *p, size_t size)
{
	(void)p, (void)size;
}

static inline void bp_fiber_stack(void *p, size_t size)
{
	(void)p, (void)size;
}
#endif

#endif
