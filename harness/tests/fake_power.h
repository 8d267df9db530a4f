/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_power.h - the other side of a power driver, as a process of its own: the
 * control socket of a served board, a programmable supply on a pty or over TCP,
 * an HTTP server that answers as pdudaemon does. It can be told to misbehave.
 */
#ifndef BP_TESTS_FAKE_POWER_H
#define BP_TESTS_FAKE_POWER_H

#include <stdint.h>
#include <sys/types.h>

enum fake_kind { FAKE_SOCKET, FAKE_SCPI_TTY, FAKE_SCPI_TCP, FAKE_HTTP };

enum fake_mode {
	FAKE_OK,
	FAKE_STALL,      /* no answer */
	FAKE_GARBAGE,
	FAKE_HALF,       /* half an answer, then nothing */
	FAKE_HANG_UP,    /* half an answer, then closed */
	FAKE_SLOW,       /* the two halves, 100 ms apart */
	FAKE_FLOOD,      /* more than any answer, with no end of line */
	FAKE_REFUSE,
	FAKE_STUCK,      /* says yes, switches nothing */
};

/* Shared with the process. */
struct fake_state {
	volatile int on, mode;
	volatile unsigned asked, quiet; /* see fake_power_quiet() */
	volatile uint32_t mv;
	volatile uint64_t off_at_ns;
	char query[256];         /* HTTP: what followed '?' */
};

struct fake_power {
	struct fake_state *state;
	pid_t pid;
	char path[100];          /* the socket, or the pty's other side */
	char port[8];            /* TCP, on 127.0.0.1 */
};

/* folder: for the socket. 0 or -1. */
int fake_power_start(struct fake_power *f, enum fake_kind kind, const char *folder);
void fake_power_stop(struct fake_power *f);

/* Wait until it has nothing left to read: what was sent before is dealt with, in the mode of then. 0, or -1 after ten seconds. */
int fake_power_quiet(struct fake_power *f);

/* A TCP port of 127.0.0.1 that nobody listens on, or -1. */
int fake_free_port(void);

#endif
