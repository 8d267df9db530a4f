/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_parts.h - what the drivers of the role "console" share (private to
 * them and their tests): a port that may vanish and come back, and the telnet
 * protocol.
 *
 * A port is gone (fd < 0), coming (connecting, negotiating) or ready. While it is
 * not ready it is tried again at growing intervals from within read(); poll()
 * tells the world when. Gone for longer than its patience is an error of the rig,
 * unless the port lives on the board's own power.
 */
#ifndef BP_BENCH_CONSOLE_PARTS_H
#define BP_BENCH_CONSOLE_PARTS_H

#include "bench/console.h"

#include <stdbool.h>
#include <sys/socket.h>

#define BP_PORT_OUT_BYTES 16384u
#define BP_PORT_ADDRESSES 4

extern const struct bp_console_ops bp_console_serial_ops, bp_console_tcp_ops, bp_console_rfc2217_ops;

struct bp_port;

struct bp_port_hooks {
	/* Begin to open: sets p->fd (non-blocking, close-on-exec); ready too when that is all. Never blocks. */
	int (*attach)(struct bp_port *p, struct bp_err *err);
	/* Give p->fd back; it is set to -1 afterwards. */
	void (*detach)(struct bp_port *p);
	/* p->connecting is over: look how it went; set ready or wait for input. NULL: never connecting. */
	int (*connected)(struct bp_port *p, struct bp_err *err);
	/* What came, in place: the count of bytes that are the board's; may set ready. NULL: all of them. */
	int (*filter)(struct bp_port *p, uint8_t *buf, size_t n, struct bp_err *err);
};

struct bp_port {
	const struct bp_port_hooks *hooks;
	void *driver;
	const char *board, *where;  /* for texts: "/dev/ttyUSB0", "rack7:2001" */
	const char *advice;         /* what to do when it does not come back */
	int fd;
	bool is_socket, connecting, ready;
	bool held;                  /* the other side asked to send nothing for now */
	bool with_power;            /* the port vanishes with the board's power: that is no trouble */
	uint64_t gone_ns;           /* since when not ready; meaningless while ready */
	uint64_t ready_ns;          /* when it last became so */
	uint64_t retry_ns;          /* next try, or end of the try under way */
	uint64_t pause_ns;          /* to the try after that */
	uint64_t patience_ns;
	uint64_t stalled_ns;        /* since when nothing of the queue was taken; 0: it flows */
	unsigned losses;            /* times that it vanished and should not have */
	struct bp_err why;          /* of the last failed try */
	size_t out_at, out_len;     /* the queue: bytes out[out_at … out_len - 1] */
	uint8_t out[BP_PORT_OUT_BYTES];
};

/* Keys that all drivers have: `patience`, `with-power`. */
void bp_port_config(struct bp_port *p, struct bp_diag *d, const struct bp_node *config);

/* Open it until deadline_ns, blocking. A port that lives on the board's power may be missing. */
int bp_port_open(struct bp_port *p, uint64_t deadline_ns, struct bp_err *err);
void bp_port_close(struct bp_port *p);

/* For the hooks: the port is ready from now on. */
void bp_port_set_ready(struct bp_port *p);

/* For the hooks: put bytes into the queue. BP_EIO when it is full: nothing takes them. */
int bp_port_queue(struct bp_port *p, const uint8_t *buf, size_t len, struct bp_err *err);

/* The ops of struct bp_console_ops. */
int bp_port_poll(struct bp_port *p, short *events, uint64_t *deadline_ns);
int bp_port_read(struct bp_port *p, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err);
int bp_port_write(struct bp_port *p, const uint8_t *buf, size_t len, struct bp_err *err);

/* ---- TCP, for tcp and rfc2217 --------------------------------------------------- */

struct bp_port_address {
	struct sockaddr_storage at[BP_PORT_ADDRESSES];
	socklen_t len[BP_PORT_ADDRESSES];
	unsigned n, next;
};

/* "host:port" or "[v6]:port" from key `address`, resolved once, by deadline_ns. BP_ECONFIG (recorded in d), BP_EIO, BP_ETIMEOUT. */
int bp_port_resolve(struct bp_port_address *out, struct bp_arena *a, struct bp_diag *d, const struct bp_node *config,
		    const char **where, uint64_t deadline_ns, struct bp_err *err);

/* Hooks: begin to connect to the next of the addresses; see how it went; close. */
int bp_port_tcp_attach(struct bp_port *p, struct bp_port_address *address, struct bp_err *err);
int bp_port_tcp_connected(struct bp_port *p, struct bp_err *err);
void bp_port_tcp_detach(struct bp_port *p);

/* ---- telnet (RFC 854, 855), COM-PORT (RFC 2217) ------------------------------------- */

#define BP_TELNET_SB_BYTES 64 /* longer subnegotiations are cut: none that we read has more than 7 */

struct bp_telnet_options {
	uint32_t baud;
	uint8_t data_bits;       /* 5 to 8 */
	uint8_t parity;          /* RFC 2217: 1 none, 2 odd, 3 even */
	uint8_t stop_bits;       /* 1 or 2 */
};

enum bp_telnet_state { BP_TELNET_DATA, BP_TELNET_IAC, BP_TELNET_OPTION, BP_TELNET_SB, BP_TELNET_SB_IAC };

struct bp_telnet {
	struct bp_telnet_options want;
	/* Sends len bytes; its code, if negative, ends the feeding. */
	int (*send)(void *ctx, const uint8_t *bytes, size_t len, struct bp_err *err);
	void *ctx;
	enum bp_telnet_state state;
	uint8_t verb;
	uint8_t sb[BP_TELNET_SB_BYTES];
	size_t sb_len;
	bool us[256], them[256]; /* options in force on our side and on theirs */
	bool asked_us[256], asked_them[256]; /* we asked, the answer is to come */
	unsigned acked;          /* settings that the server has answered, a bit each */
	bool agreed;             /* all settings are in force: ready */
	bool held;               /* FLOWCONTROL-SUSPEND */
};

/* Forget everything and begin to negotiate. */
int bp_telnet_begin(struct bp_telnet *t, struct bp_err *err);

/* Feed what came; data bytes are kept, in place: their count. BP_EREFUSED: the server will not do COM-PORT or a setting. */
int bp_telnet_feed(struct bp_telnet *t, uint8_t *buf, size_t n, struct bp_err *err);

/* Bytes with each IAC doubled into out (2 * len bytes); returns the count. */
size_t bp_telnet_escape(uint8_t *out, const uint8_t *bytes, size_t len);

#endif
