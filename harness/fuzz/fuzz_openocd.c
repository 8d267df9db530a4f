/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_openocd.c - answers of an OpenOCD gone wild: cut into answers, and what they hold. */
#include "bench/openocd_rpc.h"

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

static void holds(const char *text)
{
	uint32_t words[32], regs[17];
	int rc;

	for (size_t n = 0; n <= 32; n += 8) {
		rc = bp_rpc_words(text, words, n, NULL);
		must(rc == 0 || rc == BP_EPROTO);
	}
	rc = bp_rpc_registers(text, regs, NULL);
	must(rc == 0 || rc == BP_EPROTO);
}

/* Cut at other places, the answers are the same. */
static void cut(const uint8_t *data, size_t size)
{
	static struct bp_rpc whole, bytes;
	size_t at = 0;

	bp_rpc_begin(&whole, -1);
	bp_rpc_begin(&bytes, -1);
	while (at < size) {
		bool done = false, one = false;
		int n = bp_rpc_take(&whole, data + at, size - at, &done, NULL);

		if (n < 0)
			return;
		must(n > 0 && (size_t)n <= size - at);
		for (int i = 0; i < n; i++) {
			must(!one);
			must(bp_rpc_take(&bytes, data + at + (size_t)i, 1, &one, NULL) == 1);
		}
		must(one == done && whole.len == bytes.len && !memcmp(whole.reply, bytes.reply, whole.len + 1));
		if (done) {
			holds(whole.reply);
			whole.len = bytes.len = 0;
		}
		at += (size_t)n;
	}
}

/* As many answers as data[0] says are owed; an answer to the command itself would have come unasked. */
static void session(const uint8_t *data, size_t size)
{
	static struct bp_rpc r;
	int fd[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return;
	bp_rpc_begin(&r, fd[0]);
	r.owed = data[0] % 4;
	must(send(fd[1], data, size, MSG_DONTWAIT) == (ssize_t)size);
	shutdown(fd[1], SHUT_WR);
	rc = bp_rpc_call(&r, BP_NEVER, NULL, "x");
	must(rc < 0 || (size_t)rc == strlen(r.reply) || memchr(r.reply, 0, (size_t)rc));
	close(fd[0]);
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cut(data, size);
	if (size && size <= 4096)
		session(data, size);
	return 0;
}
