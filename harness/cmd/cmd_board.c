/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_board.c - `brickproof board serve`: its options.
 */
#include "cmd/commands.h"
#include "cmd/serve.h"

#include "base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static const struct option longs[] = {
	{"product", 1, 0, 'p'}, {"firmware", 1, 0, 'f'}, {"dir", 1, 0, 'd'}, {"stlink", 1, 0, 'l'},
	{"relay-delay", 1, 0, 'y'}, {"relay-jitter", 1, 0, 'j'}, {"decay", 1, 0, 'c'}, {"seed", 1, 0, 's'},
	{"reset-only", 0, 0, 'r'}, {"stuck-on", 0, 0, 'u'}, {"blank", 0, 0, 'b'}, {"on", 0, 0, 'o'},
	{"stdin", 0, 0, 'i'}, {"smp", 1, 0, 'm'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0},
};

static void usage(FILE *out)
{
	fprintf(out, "usage: brickproof board serve [OPTIONS]\n\n"
		     "Offers a virtual board to the outside, in real time, on this machine only. Prints one line of JSON\n"
		     "when it is there, and ends with a signal. Its folder holds `console` (serial port), `power` (socket:\n"
		     "a command a line: on, off, off-at NS, reset assert|release, load ADDRESS FILE, status, truth,\n"
		     "count), `buspirate` (debug probe), `board.elf` (symbols), `openocd-stlink.cfg` and `openocd-buspirate.cfg`, `ready`.\n\n"
		     "  --product NAME       the board's kind (default: reference)\n"
		     "  --firmware NAME      what it runs (default: the product's)\n"
		     "  --blank              nothing in its slots\n"
		     "  --on                 start with power\n"
		     "  --dir FOLDER         where its files are (default: a new folder in /tmp)\n"
		     "  --stlink PORT        of the debug probe on 127.0.0.1 (default: any)\n"
		     "  --smp pty            SMP has a second serial port, `smp`\n"
		     "  --smp tcp[:PORT]     SMP has a port on 127.0.0.1, as ser2net offers one\n"
		     "  --relay-delay TIME   from a command to the relay's contact (default: 0 s)\n"
		     "  --relay-jitter TIME  up to so much more, evenly spread (default: 0 s)\n"
		     "  --decay TIME         the rail's way from nominal to 0 V (default: the product's)\n"
		     "  --seed N             of jitter and of what RAM holds at power-up (default: 1)\n"
		     "  --reset-only         a bad relay: off only holds the core in reset\n"
		     "  --stuck-on           a bad relay: off does nothing\n"
		     "  --stdin              end when standard input ends\n");
}

/* "pty", "tcp" or "tcp:PORT". */
static int smp_port(struct bp_serve_options *o, const char *text, struct bp_err *err)
{
	uint64_t port = 0;
	int rc = 0;

	o->smp_pty = !strcmp(text, "pty");
	o->smp_tcp = !strncmp(text, "tcp", 3) && (!text[3] || text[3] == ':');
	if (!o->smp_pty && !o->smp_tcp)
		return bp_fail(err, BP_EUSAGE, "--smp: expected pty, tcp or tcp:PORT, not '%s'", text);
	if (o->smp_tcp && text[3])
		rc = bp_parse_u64(text + 4, 1, 65535, &port, err);
	o->smp_tcp_port = (uint32_t)port;
	return rc ? bp_prefix(err, "--smp %s", text) : 0;
}

/* A value with its option's name in front of what is wrong with it. */
static int value(struct bp_serve_options *o, int c, struct bp_err *err)
{
	uint64_t number = 0;
	int rc = 0;

	switch (c) {
	case 'l':
		rc = bp_parse_u64(optarg, 1, 65535, &number, err);
		o->stlink_port = (uint32_t)number;
		return rc ? bp_prefix(err, "--stlink %s", optarg) : 0;
	case 'm':
		return smp_port(o, optarg, err);
	case 's':
		rc = bp_parse_u64(optarg, 0, UINT64_MAX, &o->seed, err);
		return rc ? bp_prefix(err, "--seed") : 0;
	case 'y':
		rc = bp_parse_duration(optarg, 0, 10 * NS_PER_S, &o->relay_delay_ns, err);
		return rc ? bp_prefix(err, "--relay-delay") : 0;
	case 'j':
		rc = bp_parse_duration(optarg, 0, 10 * NS_PER_S, &o->relay_jitter_ns, err);
		return rc ? bp_prefix(err, "--relay-jitter") : 0;
	default:
		rc = bp_parse_duration(optarg, 0, 10 * NS_PER_S, &o->decay_ns, err);
		return rc ? bp_prefix(err, "--decay") : 0;
	}
}

/* 0, 1: help was asked for, or negative. */
static int parse(int argc, char **argv, struct bp_serve_options *o, struct bp_err *err)
{
	int c, rc = 0;

	optind = 1;
	opterr = 0;
	while (!rc && (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1)
		switch (c) {
		case 'h': return 1;
		case 'p': o->product = optarg; break;
		case 'f': o->firmware = optarg; break;
		case 'd': o->dir = optarg; break;
		case 'r': o->reset_only = true; break;
		case 'u': o->stuck_on = true; break;
		case 'b': o->blank = true; break;
		case 'o': o->on = true; break;
		case 'i': o->until_stdin_ends = true; break;
		case '?':
		case ':': return bp_bad_option(c, longs, argv, err);
		default: rc = value(o, c, err);
		}
	if (!rc && optind < argc)
		rc = bp_fail(err, BP_EUSAGE, "board serve takes no '%s'; `brickproof board --help` tells what it takes", argv[optind]);
	return rc;
}

int bp_cmd_board(int argc, char **argv)
{
	struct bp_serve_options o = {.product = "reference", .decay_ns = UINT64_MAX, .seed = 1};
	struct bp_err err = {0};
	int rc;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage(stdout);
		return BP_EXIT_PASSED;
	}
	if (argc < 2 || strcmp(argv[1], "serve")) {
		if (argc >= 2)
			fprintf(stderr, "brickproof: board: no command '%s'; expected serve\n", argv[1]);
		else
			usage(stderr);
		return BP_EXIT_USAGE;
	}
	rc = parse(argc - 1, argv + 1, &o, &err);
	if (rc > 0) {
		usage(stdout);
		return BP_EXIT_PASSED;
	}
	if (!rc)
		rc = bp_serve(&o, &err);
	return rc ? bp_complain(&err) : BP_EXIT_PASSED;
}
