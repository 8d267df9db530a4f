/* SPDX-License-Identifier: Apache-2.0 */
/* gdb's remote protocol against the real gdbserver over a pipe, with a program of a few bytes of machine code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/debug_child.h"
#include "bench/gdb_rsp.h"

#define MS BP_NS_PER_MS
#define SOON bp_deadline_in(5 * BP_NS_PER_S)

static struct bp_gdb gdb;
static struct bp_err err;

#define LOAD 0x400000u
#define CODE (LOAD + 0x80)
#define COUNTER (LOAD + 0x100)
#define NOP (CODE + 7)

static char program[64];

/* An x86-64 program that counts for ever: 512 bytes, one segment. */
static int write_program(void)
{
	static const uint8_t code[] = {
		0xff, 0x04, 0x25, 0x00, 0x01, 0x40, 0x00, /* incl COUNTER */
		0x90,                                     /* nop */
		0xeb, 0xf6,                               /* back to the start */
	};
	Elf64_Ehdr head = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_entry = CODE, .e_phoff = sizeof(head), .e_ehsize = sizeof(head), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr segment = {.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_vaddr = LOAD, .p_filesz = 512, .p_memsz = 512, .p_align = 4096};
	uint8_t file[512] = {0};
	int fd;

	memcpy(file, &head, sizeof(head));
	memcpy(file + sizeof(head), &segment, sizeof(segment));
	memcpy(file + (CODE - LOAD), code, sizeof(code));
	strcpy(program, "/tmp/brickproof-counts-XXXXXX");
	fd = mkstemp(program);
	if (fd < 0 || write(fd, file, sizeof(file)) != (ssize_t)sizeof(file) || fchmod(fd, 0700))
		return -1;
	return close(fd);
}

static uint32_t counter(void)
{
	uint32_t n = 0;

	if (bp_gdb_read(&gdb, COUNTER, &n, 4, SOON, &err))
		fail_msg("%s", err.text);
	return n;
}

static void fine(int rc)
{
	if (rc)
		fail_msg("%d: %s", rc, err.text);
}

/* Some virtual machines have debug registers that nothing comes of: is the program stopped where one says? */
static bool debug_registers_work(void)
{
	int status;
	pid_t pid = fork();
	bool hit = false;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(program, program, (char *)NULL);
		_exit(9);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status)); /* by the exec */
#ifdef __x86_64__ /* as the program is */
	/* DR0 is the address, bit 0 of DR7 turns it on for instructions (Intel SDM volume 3, 18.2). */
	if (!ptrace(PTRACE_POKEUSER, pid, (void *)offsetof(struct user, u_debugreg[0]), (void *)(uintptr_t)NOP) &&
	    !ptrace(PTRACE_POKEUSER, pid, (void *)offsetof(struct user, u_debugreg[7]), (void *)1) && !ptrace(PTRACE_CONT, pid, NULL, NULL))
		for (int i = 0; i < 200 && !hit; i++) {
			poll(NULL, 0, 5);
			hit = waitpid(pid, &status, WNOHANG) == pid;
		}
#endif
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return hit;
}

static void points(void)
{
	static const uint32_t kinds[] = {1, 1, 4}; /* a breakpoint of x86 covers a byte */
	unsigned signal, types = debug_registers_work() ? 3 : 1;

	if (types < 3)
		print_message("hardware points are left out: this machine's debug registers stop nothing\n");
	for (unsigned type = 0; type < types; type++) {
		uint32_t addr = type == 2 ? COUNTER : NOP, before = counter();

		fine(bp_gdb_point(&gdb, type, addr, kinds[type], true, SOON, &err));
		for (unsigned i = 1; i <= 3; i++) {
			fine(bp_gdb_continue(&gdb, false, SOON, &err));
			fine(bp_gdb_wait_stop(&gdb, &signal, SOON, &err));
			assert_int_equal(signal, 5);
			if (counter() != before + i)
				fail_msg("Z%u: stop %u: counted to %u from %u", type, i, counter(), before);
			/* Past it, as every debugger does: without the point, one step, with it again. */
			fine(bp_gdb_point(&gdb, type, addr, kinds[type], false, SOON, &err));
			fine(bp_gdb_continue(&gdb, true, SOON, &err));
			fine(bp_gdb_wait_stop(&gdb, &signal, SOON, &err));
			fine(bp_gdb_point(&gdb, type, addr, kinds[type], true, SOON, &err));
		}
		fine(bp_gdb_point(&gdb, type, addr, kinds[type], false, SOON, &err));
	}
}

static void with_gdbserver(void **state)
{
	char *const argv[] = {"gdbserver", "--once", "-", program, NULL};
	struct bp_child child;
	uint8_t wrote[300], got[300];
	uint32_t before;
	char said[256];

	(void)state;
#ifndef __x86_64__
	print_message("skipped: the program is x86-64 machine code\n");
	skip();
#endif
	bp_child_init(&child);
	if (write_program())
		fail_msg("cannot write %s", program);
	if (bp_child_start(&child, argv, &err)) {
		unlink(program);
		print_message("skipped: %s\n", err.text);
		skip();
	}
	if (bp_gdb_begin(&gdb, child.fd, SOON, &err)) {
		print_message("skipped: gdbserver cannot trace here: %s: %s\n", err.text, bp_child_said(&child, said, sizeof(said)));
		bp_child_stop(&child, 0);
		unlink(program);
		skip();
	}
	assert_true(gdb.no_ack && gdb.vcont);
	assert_int_equal(counter(), 0);
	for (size_t i = 0; i < sizeof(wrote); i++)
		wrote[i] = (uint8_t)(i * 7);
	fine(bp_gdb_write(&gdb, LOAD + 0x104, wrote, 200, SOON, &err));
	fine(bp_gdb_read(&gdb, LOAD + 0x104, got, 200, SOON, &err));
	assert_memory_equal(got, wrote, 200);
	assert_int_equal(bp_gdb_read(&gdb, 0x10, got, 4, SOON, &err), BP_EIO);
	points();
	before = counter();
	fine(bp_gdb_continue(&gdb, true, SOON, &err));
	fine(bp_gdb_wait_stop(&gdb, NULL, SOON, &err));
	fine(bp_gdb_continue(&gdb, false, SOON, &err));
	assert_int_equal(bp_gdb_wait_stop(&gdb, NULL, bp_deadline_in(30 * MS), &err), BP_ETIMEOUT);
	fine(bp_gdb_interrupt(&gdb, SOON, &err));
	fine(bp_gdb_wait_stop(&gdb, NULL, SOON, &err));
	assert_true(counter() > before + 1000);
	bp_gdb_end(&gdb, true, SOON);
	bp_child_stop(&child, BP_NS_PER_S);
	unlink(program);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(with_gdbserver)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
