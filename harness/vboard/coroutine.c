/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/coroutine.h"

#include "base/rng.h"
#include "vboard/fiber.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* switch_ARCH.S: push the callee-saved registers, *save = sp, sp = load, pop, return. */
void bp_stack_switch(void **save, void *load);

/* The coroutine being started; set just before its first switch. */
static struct bp_coroutine *starting;

#define WHOLE_BYTES (BP_STACK_ROOM_BYTES + BP_STACK_BYTES)

static unsigned char *bottom(const struct bp_coroutine *c)
{
	return c->stack - BP_STACK_ROOM_BYTES;
}

int bp_coroutine_new(struct bp_coroutine *c, struct bp_err *err)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p;

	memset(c, 0, sizeof(*c));
	p = mmap(NULL, guard + WHOLE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return bp_fail(err, BP_ENOMEM, "no memory for the board's stack: %s", strerror(errno));
	if (mprotect(p, guard, PROT_NONE)) {
		munmap(p, guard + WHOLE_BYTES);
		return bp_fail(err, BP_EIO, "cannot guard the board's stack: %s", strerror(errno));
	}
	c->stack = p + guard + BP_STACK_ROOM_BYTES;
	bp_fiber_stack(bottom(c), WHOLE_BYTES);
	return 0;
}

void bp_coroutine_free(struct bp_coroutine *c)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);

	if (c->stack)
		munmap(bottom(c) - guard, guard + WHOLE_BYTES);
	c->stack = NULL;
}

void bp_coroutine_poison(struct bp_coroutine *c, uint64_t seed)
{
	uint64_t *w = (uint64_t *)(void *)c->stack, word = bp_mix64(seed);

	bp_fiber_unpoison(bottom(c), WHOLE_BYTES);
	for (size_t i = 0; i < BP_STACK_BYTES / sizeof(*w); i++)
		w[i] = word += 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio: neighbours differ */
}

static void begin(void)
{
	struct bp_coroutine *c = starting;

	bp_fiber_arrived(NULL, &c->outer_bottom, &c->outer_size);
	c->entry();
	bp_coroutine_abandon(c); /* an entry that returns runs off into nothing: the board stops */
}

void bp_coroutine_start(struct bp_coroutine *c, void (*entry)(void))
{
	void **sp = (void **)(void *)(c->stack + BP_STACK_BYTES) - BP_SWITCH_WORDS;

	/* The frame that bp_stack_switch() pops. */
	memset(sp, 0, BP_SWITCH_WORDS * sizeof(*sp));
	sp[BP_SWITCH_RETURN] = (void *)begin;
	bp_fiber_unpoison(bottom(c), WHOLE_BYTES);
	c->asan_inner = NULL;
	c->inner_sp = sp;
	c->entry = entry;
}

void bp_coroutine_enter(struct bp_coroutine *c)
{
	starting = c;
	bp_fiber_leave(&c->asan_outer, bottom(c), WHOLE_BYTES);
	bp_stack_switch(&c->outer_sp, c->inner_sp);
	bp_fiber_arrived(c->asan_outer, NULL, NULL);
}

void bp_coroutine_leave(struct bp_coroutine *c)
{
	bp_fiber_leave(&c->asan_inner, c->outer_bottom, c->outer_size);
	bp_stack_switch(&c->inner_sp, c->outer_sp);
	bp_fiber_arrived(c->asan_inner, &c->outer_bottom, &c->outer_size);
}

void bp_coroutine_abandon(struct bp_coroutine *c)
{
	bp_fiber_leave(NULL, c->outer_bottom, c->outer_size);
	bp_stack_switch(&c->inner_sp, c->outer_sp);
	__builtin_unreachable();
}
