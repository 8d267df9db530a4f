/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hardfault.c - a crash in the firmware is the board's HardFault.
 *
 * The signal arrives on a stack of its own. When the firmware's code ran, the
 * handler returns not to it but to a function that hands over to the host, on
 * the firmware's own stack; so the signal mask is restored by the kernel. Any
 * other crash is the harness's and kills the process: the parent sees it.
 */
#include "vboard/board.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define ALT_STACK_BYTES ((size_t)64 * 1024)

/*
 * A loop without hardware calls is found by counting edges (dut.c). Code that is
 * not compiled for that, or a loop that the compiler left without an edge, shows
 * as CPU time in which neither counter moves: nothing honest takes so long.
 */
#define TICK_US 500000
#define STUCK_TICKS 4u

static void fault(void)
{
	bp_board_running->leave = BP_LEAVE_FAULT;
	bp_coroutine_abandon(&bp_board_running->co);
}

static void stuck(void)
{
	bp_board_running->leave = BP_LEAVE_STUCK;
	bp_coroutine_abandon(&bp_board_running->co);
}

/* Let the interrupted firmware go on in hand_over instead, at the top of its stack. */
static void aim(ucontext_t *uc, void (*hand_over)(void))
{
	uintptr_t top = (uintptr_t)bp_board_running->co.stack + BP_STACK_BYTES;

#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)hand_over;
	uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(top - 8); /* as after a call: System V ABI 3.2.2 */
#elif defined(__aarch64__)
	uc->uc_mcontext.pc = (uintptr_t)hand_over;
	uc->uc_mcontext.sp = top;
#endif
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)info;
	if (bp_board_in_firmware && bp_board_running) {
		bp_board_in_firmware = false;
		aim(context, fault);
		return;
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
	static uint32_t spin, entries, ticks;

	(void)sig, (void)info;
	if (!bp_board_in_firmware || spin != bp_board_spin || entries != bp_board_entries) {
		spin = bp_board_spin;
		entries = bp_board_entries;
		ticks = 0;
		return;
	}
	if (++ticks < STUCK_TICKS)
		return;
	ticks = 0;
	bp_board_in_firmware = false;
	aim(context, stuck);
}

/* Timers are not inherited by fork(): each process that runs a board starts its own. */
static int watch(struct bp_err *err)
{
	static pid_t watched;
	struct itimerval tick = {{0, TICK_US}, {0, TICK_US}};
	struct sigaction sa = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};

	if (watched == getpid())
		return 0;
	if (sigaction(SIGVTALRM, &sa, NULL) || setitimer(ITIMER_VIRTUAL, &tick, NULL))
		return bp_fail(err, BP_EIO, "cannot watch for endless loops: %s", strerror(errno));
	watched = getpid();
	return 0;
}

int bp_hardfault_catch(struct bp_err *err)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	static unsigned char stack[ALT_STACK_BYTES];
	static bool done;
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	if (done)
		return watch(err);
	if (sigaltstack(&alt, NULL))
		return bp_fail(err, BP_EIO, "no signal stack: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &sa, NULL))
			return bp_fail(err, BP_EIO, "cannot catch signal %d: %s", signals[i], strerror(errno));
	done = true;
	return watch(err);
}
