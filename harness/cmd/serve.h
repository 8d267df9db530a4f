/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - a virtual board in real time, reachable from outside: its console on
 * a pty, its supply behind a socket, its debug port. Shared by serve*.c.
 *
 * Board time follows the monotonic clock and is never ahead of it; while a
 * debugger holds the core, board time stands. All times named mono_ are of the
 * monotonic clock.
 */
#ifndef BP_CMD_SERVE_H
#define BP_CMD_SERVE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "bench/virtual.h"
#include "vboard/probe/probe.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define BP_SERVE_CLIENTS 8u
#define BP_SERVE_LINE 256u
#define BP_SERVE_SWITCHES 16u

struct bp_serve_options {
	const char *product, *firmware, *dir; /* NULL: the product's own firmware, a temporary folder */
	uint32_t stlink_port;                 /* 0: any that is free */
	uint64_t relay_delay_ns, relay_jitter_ns;
	uint64_t decay_ns;                    /* UINT64_MAX: the product's */
	uint64_t seed;
	uint32_t smp_tcp_port;                /* of SMP's own port, 0: any that is free */
	bool smp_pty, smp_tcp;                /* SMP has a port of its own */
	bool reset_only, stuck_on, blank, on, until_stdin_ends;
};

struct bp_switch {              /* a command to the relay that has not taken effect */
	uint64_t mono_command, mono_at;
	bool on;
};

/* What really happened, for whoever wants to check a calibration against it; 0: not yet. */
struct bp_truth {
	uint64_t mono_on_command, mono_on_relay, mono_first_byte;
	uint64_t mono_off_command, mono_off_relay, mono_flash_dead, mono_dead;
	uint64_t mono_halt;     /* the core halted last */
	uint64_t ops;           /* when the power went */
	bool halted;            /* a debugger held the core as the power went */
	struct bp_cut_report cut;
	unsigned losses;        /* times that the board lost its power */
};

struct bp_serve_client {
	int fd;
	uint32_t len;
	char line[BP_SERVE_LINE];
};

/* SMP's own port beside the console: what the board sends is told apart by the framing's marker bytes. */
struct bp_serve_smp {
	int pty, slave, listen, client; /* -1: none */
	uint32_t port;
	bool in_line, in_frame; /* the line that the board sends has begun, and is a part of a frame */
	uint8_t held;           /* its first byte, when it may be the first of a marker; 0: none */
};

struct bp_serve {
	struct bp_serve_options opt;
	struct bp_arena *arena, *scratch; /* scratch: one reply */
	struct bp_virtual *v;
	struct bp_vboard *b;
	struct bp_probe probe;
	struct bp_rng rng;

	uint64_t offset;        /* mono = board time + offset, unless frozen */
	bool frozen;            /* the core is halted: board time stands */
	bool falling;           /* the rail falls: mono_flash_dead and mono_dead of the truth are to come */
	bool powered;           /* as last seen */
	bool reset_by_client, reset_by_probe, reset_by_relay;
	struct bp_switch queue[BP_SERVE_SWITCHES];
	unsigned n_queue;
	struct bp_truth truth;

	char *dir;
	int dir_fd;
	bool made_dir;
	int console, console_slave, buspirate, buspirate_slave;
	int power_listen, stlink_listen, stlink;
	struct bp_serve_smp smp;
	uint32_t stlink_port;
	size_t stlink_len;      /* bytes of a request that is not complete */
	uint8_t stlink_in[BP_STLINK_BUFFER], stlink_out[BP_STLINK_BUFFER];
	struct bp_serve_client client[BP_SERVE_CLIENTS];
};

uint64_t bp_serve_mono(void);

/* ---- serve_time.c: time and the rail ---- */
/* Let the board run, and the relay switch, up to mono. */
void bp_serve_advance(struct bp_serve *s, uint64_t mono);
/* When there is something to do unless input comes; UINT64_MAX: never. */
uint64_t bp_serve_next(const struct bp_serve *s);
/* A command to the relay, given at mono_command (now or later). 0, or BP_ENOMEM when too many wait. */
int bp_serve_switch(struct bp_serve *s, bool on, uint64_t mono_command, struct bp_err *err);
/* Look at what a debugger or the reset pin did to the core. */
void bp_serve_sync(struct bp_serve *s, uint64_t mono);
void bp_serve_reset_pin(struct bp_serve *s);

/* ---- serve_control.c: the lines of the power socket ---- */
void bp_serve_accept(struct bp_serve *s);
void bp_serve_control(struct bp_serve *s, struct bp_serve_client *c);

/* ---- serve_probe.c: the two adapters ---- */
/* The core's debugger, and the reset pin that both adapters drive. */
int bp_serve_probe_init(struct bp_serve *s, struct bp_err *err);
void bp_serve_stlink_accept(struct bp_serve *s);
void bp_serve_stlink(struct bp_serve *s);
void bp_serve_buspirate(struct bp_serve *s);

/* ---- serve_smp.c: SMP's own port ---- */
bool bp_serve_smp_wanted(const struct bp_serve *s);
/* What the board has sent, to where it belongs. */
void bp_serve_output(struct bp_serve *s, const uint8_t *bytes, size_t n);
void bp_serve_smp_accept(struct bp_serve *s);
/* What came for the board on a port. */
void bp_serve_smp_input(struct bp_serve *s);

/* ---- serve_dir.c: the folder and what stands in it ---- */
int bp_serve_open(struct bp_serve *s, struct bp_err *err);
void bp_serve_close(struct bp_serve *s);

/* ---- serve.c ---- */
/* Serves until a signal or the end of standard input. */
int bp_serve(const struct bp_serve_options *opt, struct bp_err *err);

#endif
