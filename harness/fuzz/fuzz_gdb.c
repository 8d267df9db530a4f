/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_gdb.c - bytes from a gdb stub gone wild: the packet parser, and a whole
 * session that hears nothing but them.
 */
#include "bench/gdb_rsp.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(int ok)
{
	if (!ok)
		abort();
}

/* What comes out of the parser goes through it again, unchanged. */
static void again(const struct bp_gdb_parser *p)
{
	static char out[2 * BP_GDB_MAX_BODY + 4];
	static struct bp_gdb_parser q;
	enum bp_gdb_event e = BP_GDB_NOTHING;
	int n = bp_gdb_frame(p->body, p->len, out, sizeof(out), NULL);

	must(n > 0);
	memset(&q, 0, sizeof(q));
	for (int i = 0; i < n; i++)
		e = bp_gdb_parse(&q, (uint8_t)out[i]);
	must(e == BP_GDB_PACKET && q.len == p->len && !memcmp(q.body, p->body, p->len));
}

/* The stub hangs up behind its bytes: nothing waits. */
static void session(const uint8_t *data, size_t size)
{
	static struct bp_gdb g;
	uint32_t regs[17];
	uint8_t buf[16];
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return;
	must(send(fd[1], data, size, MSG_DONTWAIT) == (ssize_t)size);
	shutdown(fd[1], SHUT_WR);
	if (!bp_gdb_begin(&g, fd[0], BP_NEVER, NULL)) {
		bp_gdb_read(&g, 0, buf, sizeof(buf), BP_NEVER, NULL);
		bp_gdb_write(&g, 0, buf, sizeof(buf), BP_NEVER, NULL);
		bp_gdb_registers(&g, regs, BP_NEVER, NULL);
		bp_gdb_point(&g, 1, 0, 2, true, BP_NEVER, NULL);
		bp_gdb_monitor(&g, "reset", BP_NEVER, NULL);
		bp_gdb_continue(&g, false, BP_NEVER, NULL);
		bp_gdb_wait_stop(&g, NULL, BP_NEVER, NULL);
		bp_gdb_end(&g, false, BP_NEVER);
	}
	close(fd[0]);
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bp_gdb_parser p;

	memset(&p, 0, sizeof(p));
	for (size_t i = 0; i < size; i++) {
		enum bp_gdb_event e = bp_gdb_parse(&p, data[i]);

		must(p.len <= BP_GDB_MAX_BODY);
		if (e == BP_GDB_PACKET || e == BP_GDB_NOTIFICATION)
			again(&p);
	}
	if (size && size <= 4096)
		session(data, size);
	return 0;
}
