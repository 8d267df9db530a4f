/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_stream.h - the byte stream to a probe's server: a TCP connection, or the
 * socket pair of a child process (private to the debug drivers).
 *
 * Every call blocks until deadline_ns (monotonic) at most. No call raises SIGPIPE.
 */
#ifndef BP_BENCH_DEBUG_STREAM_H
#define BP_BENCH_DEBUG_STREAM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define BP_STREAM_HOST_BYTES 256 /* a DNS name has up to 253 characters, RFC 1035 section 2.3.4 */

/* "host:port", "[v6]:port" → host (NUL-terminated) and port. BP_ECONFIG. */
int bp_stream_address(const char *text, char host[BP_STREAM_HOST_BYTES], char port[6], struct bp_err *err);

/*
 * Connect to address ("host:port"); *fd is non-blocking, close-on-exec and the caller's.
 * A host that is no address is looked up first, which has the resolver's own time limits. BP_ECONFIG, BP_EIO, BP_ETIMEOUT.
 */
int bp_stream_connect(const char *address, uint64_t deadline_ns, int *fd, struct bp_err *err);

/* All of len bytes. BP_EIO: the peer has gone; BP_ETIMEOUT. */
int bp_stream_send(int fd, const void *bytes, size_t len, uint64_t deadline_ns, struct bp_err *err);

/* At least one byte, at most cap: their count. BP_EIO: the peer closed or has gone; BP_ETIMEOUT. */
int bp_stream_receive(int fd, void *bytes, size_t cap, uint64_t deadline_ns, struct bp_err *err);

#endif
