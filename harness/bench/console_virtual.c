/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/virtual.h"

static int read_bytes(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	struct bp_virtual *v = self;
	size_t n = bp_vboard_receive(v->vboard, buf, cap, at_ns);

	(void)err;
	for (size_t at = 0; at < n;) {
		at += bp_lines_feed(&v->lines, buf + at, n - at);
		if (!v->lines.ended)
			continue;
		if (v->on_line)
			v->on_line(v->on_line_ctx, *at_ns, v->lines.text, v->lines.len);
		if (bp_line_came(&v->cut_line, &v->lines))
			bp_vboard_arm_time(v->vboard, *at_ns + v->cut_line.after_ns);
	}
	return (int)n;
}

static int write_bytes(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	struct bp_virtual *v = self;
	uint64_t sent = v->board.wire.sent, end;

	(void)err;
	end = bp_vboard_send(v->vboard, buf, len);
	/* wire.sent counts this write already; byte N of the link lies in it when sent - len < N <= sent. */
	if (v->cut_link_byte && v->cut_link_byte <= sent && v->cut_link_byte > sent - len)
		bp_vboard_arm_time(v->vboard, end - (sent - v->cut_link_byte) * bp_vboard_byte_ns(v->vboard));
	return 0;
}

const struct bp_console_ops bp_console_virtual_ops = {
	.name = "virtual",
	.help = "the virtual board's serial port",
	.read = read_bytes, .write = write_bytes,
};
