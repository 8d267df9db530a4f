/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_mutants.c - `brickproof mutants`: the kill table. The checks are proven on
 * firmware with one seeded defect each, and each defect on the invariant that its
 * patch predicts.
 *
 * Mutants are hunted side by side, one process each; rows are printed in the order
 * of names.
 */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/hunt.h"

#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define HUNT_LIMIT_S 600u /* one mutant; the slowest takes a few seconds */

static void help(void)
{
	printf("usage: brickproof mutants [OPTIONS] [MUTANT...]\n\n"
	       "Runs the matrix against each mutant of the reference firmware until a check catches it, and some\n"
	       "cases more. Prints the kill table: mutant, scenario, the invariant that broke first, cases until\n"
	       "then, the other invariants that broke within %u cases more, and the token, separated by tabs.\n"
	       "Exit status 0 when each is caught as its patch predicts, and each invariant catches one first.\n\n"
	       "  --product NAME     product of scenarios that name none (small), or one that it is like\n"
	       "  --jobs N           worker processes (number of cores)\n"
	       "  --without NAME     leave this invariant out: its mutants must be missed\n", BP_HUNT_MORE);
}

struct mutant {
	const char *name, *firmware;
	struct bp_prediction predicted;
};

/* What comes out of a hunt's process. */
struct catch {
	int rc;
	struct bp_kill kill;
	char trouble[400];
};

struct hunter {
	pid_t pid;              /* 0: none */
	int fd;
	size_t mutant;
};

struct kills {
	struct bp_hunt hunt;
	struct bp_arena *arena;
	struct mutant *mutant;
	size_t n;
	struct catch *catch;
	bool *done;
	struct hunter hunter[BP_MAX_JOBS];
	unsigned jobs;
	bool complete;          /* all mutants that there are: then each invariant must have one */
};

/* ---- hunts side by side ------------------------------------------------------------------ */

__attribute__((noreturn)) static void hunt_in_child(const struct kills *k, size_t i, int fd)
{
	struct catch c = {0};
	struct bp_err err = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(HUNT_LIMIT_S);
	c.rc = bp_hunt(&k->hunt, k->mutant[i].firmware, &c.kill, &err);
	if (c.rc < 0)
		snprintf(c.trouble, sizeof(c.trouble), "%.*s", (int)sizeof(c.trouble) - 1, err.text);
	_exit(write(fd, &c, sizeof(c)) != (ssize_t)sizeof(c));
}

static int start(struct kills *k, struct hunter *h, size_t i, struct bp_err *err)
{
	int fds[2];

	if (pipe(fds))
		return bp_fail(err, BP_EIO, "cannot start a hunt: %s", strerror(errno));
	fflush(NULL);
	h->pid = fork();
	if (h->pid < 0) {
		h->pid = 0;
		close(fds[0]);
		close(fds[1]);
		return bp_fail(err, BP_EIO, "cannot start a hunt: %s", strerror(errno));
	}
	if (!h->pid) {
		close(fds[0]);
		hunt_in_child(k, i, fds[1]);
	}
	close(fds[1]);
	h->fd = fds[0];
	h->mutant = i;
	return 0;
}

/* The hunt's process is over, or is to be. */
static int reap(struct hunter *h, bool now)
{
	int status = 0;

	if (!h->pid)
		return 0;
	if (now)
		kill(h->pid, SIGKILL);
	close(h->fd);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	h->pid = 0;
	return status;
}

/* A result that is shorter than the pipe's atomic size comes whole, or not at all. */
static int collect(struct kills *k, struct hunter *h, struct bp_err *err)
{
	struct catch *c = &k->catch[h->mutant];
	ssize_t n = read(h->fd, c, sizeof(*c));
	int status = reap(h, false);

	_Static_assert(sizeof(*c) <= 4096, "PIPE_BUF of Linux: one write is one read");
	if (n != (ssize_t)sizeof(*c))
		return bp_fail(err, BP_EIO, "mutant %s: its hunt ended with status 0x%x", k->mutant[h->mutant].name, (unsigned)status);
	if (c->rc < 0)
		return bp_fail(err, c->rc, "mutant %s: %s", k->mutant[h->mutant].name, c->trouble);
	k->done[h->mutant] = true;
	return 0;
}

static int wait_for_one(struct kills *k, struct bp_err *err)
{
	struct pollfd fds[BP_MAX_JOBS];
	int rc = 0;

	for (unsigned i = 0; i < k->jobs; i++)
		fds[i] = (struct pollfd){.fd = k->hunter[i].pid ? k->hunter[i].fd : -1, .events = POLLIN};
	if (poll(fds, k->jobs, (int)HUNT_LIMIT_S * 1000) < 0 && errno != EINTR)
		return bp_fail(err, BP_EIO, "poll: %s", strerror(errno));
	for (unsigned i = 0; i < k->jobs && !rc; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			rc = collect(k, &k->hunter[i], err);
	return rc;
}

/* ---- the table ------------------------------------------------------------------------------ */

static const char *list_of(char *text, size_t cap, uint32_t mask)
{
	size_t n = 0;

	snprintf(text, cap, "-");
	for (int i = 0; i < BP_INVARIANTS && n < cap; i++)
		if (mask & 1u << i)
			n += (size_t)snprintf(text + n, cap - n, "%s%s", n ? " " : "", bp_invariants[i].name);
	return text;
}

/* Columns for people, tabs for programs. */
static bool print_row(const struct mutant *m, const struct bp_kill *k)
{
	const char *in = k->caught ? k->scenario : "SURVIVED", *by = k->caught ? bp_invariants[k->invariant].name : "-";
	bool good = bp_kill_as_predicted(k, &m->predicted);
	char others[1024];

	list_of(others, sizeof(others), k->others);
	if (isatty(STDOUT_FILENO))
		printf("%-34s %-26s %-35s %6u  %s\n", m->name, in, by, k->cases, others);
	else
		printf("%s\t%s\t%s\t%u\t%s\t%s\n", m->name, in, by, k->cases, others, k->caught ? k->token : "-");
	fflush(stdout);
	if (good)
		return true;
	fprintf(stderr, "mutant %s: ", m->name);
	if (m->predicted.invariant < 0)
		fprintf(stderr, "its patch predicts nothing; expected a line 'Expect: INVARIANT'\n");
	else if (!k->caught)
		fprintf(stderr, "%s was to catch it; it survived\n", bp_invariants[m->predicted.first].name);
	else if (k->invariant != m->predicted.first)
		fprintf(stderr, "%s was to catch it first, not %s\n", bp_invariants[m->predicted.first].name, by);
	else
		fprintf(stderr, "%s was to catch it, too, within %u cases more\n", bp_invariants[m->predicted.invariant].name, BP_HUNT_MORE);
	return false;
}

/* An invariant that catches no mutant first is one whose check is not proven. */
static uint32_t unproven(const struct kills *k)
{
	uint32_t idle = (1u << BP_INVARIANTS) - 1;

	for (size_t i = 0; i < k->n; i++)
		if (k->catch[i].kill.caught)
			idle &= ~(1u << k->catch[i].kill.invariant);
	return k->complete ? idle : 0;
}

static int hunt_all(struct kills *k, struct bp_err *err)
{
	size_t next = 0, printed = 0, good = 0;
	uint32_t idle;
	char names[1024];
	int rc = 0;

	while (printed < k->n && !rc) {
		for (unsigned i = 0; i < k->jobs && next < k->n && !rc; i++)
			if (!k->hunter[i].pid)
				rc = start(k, &k->hunter[i], next++, err);
		if (!rc)
			rc = wait_for_one(k, err);
		for (; !rc && printed < k->n && k->done[printed]; printed++)
			good += print_row(&k->mutant[printed], &k->catch[printed].kill);
	}
	for (unsigned i = 0; i < k->jobs; i++)
		reap(&k->hunter[i], true);
	if (rc)
		return rc;
	idle = unproven(k);
	if (idle)
		fprintf(stderr, "first on no mutant: %s\n", list_of(names, sizeof(names), idle));
	fprintf(stderr, "%zu of %zu mutants caught as predicted\n", good, k->n);
	return good == k->n && !idle ? BP_EXIT_PASSED : BP_EXIT_FAILED;
}

/* ---- what to hunt ------------------------------------------------------------------------------ */

static int load_mutant(struct kills *k, const char *name, struct mutant *m, struct bp_err *err)
{
	struct bp_firmware fw;
	int rc = bp_home_firmware(k->arena, bp_arena_printf(k->arena, "mutant-%s", name), &m->firmware, err);

	if (!rc)
		rc = bp_firmware_load(k->arena, m->firmware, &fw, err);
	if (rc)
		return rc;
	m->name = name;
	rc = bp_prediction_parse(fw.fw->expect, &m->predicted, err);
	bp_firmware_unload(&fw);
	return rc ? bp_prefix(err, "mutant %s", name) : 0;
}

static int run(struct kills *k, const char *product, char **argv, int argc, struct bp_err *err)
{
	const char *const *names = (const char *const *)argv, *path;
	struct bp_product *p;
	int rc = bp_home_product(k->arena, product, &path, err);

	k->n = (size_t)argc;
	k->complete = !argc;
	if (!rc)
		rc = bp_product_read(k->arena, path, &p, err);
	if (!rc)
		rc = bp_home_scenarios(k->arena, &k->hunt.scenario, &k->hunt.n_scenarios, err);
	if (!rc && !argc)
		rc = bp_home_mutants(k->arena, &names, &k->n, err);
	if (rc)
		return rc;
	k->hunt.product = p;
	if (!k->n) {
		fprintf(stderr, "brickproof: no mutant is built; `make mutant-objects` builds them\n");
		return BP_EXIT_NOTHING;
	}
	k->mutant = bp_arena_array(k->arena, k->n, sizeof(*k->mutant));
	k->catch = bp_arena_array(k->arena, k->n, sizeof(*k->catch));
	k->done = bp_arena_array(k->arena, k->n, sizeof(*k->done));
	if (!k->mutant || !k->catch || !k->done)
		return bp_fail(err, BP_ENOMEM, "no memory for %zu mutants", k->n);
	for (size_t i = 0; i < k->n && !rc; i++)
		rc = load_mutant(k, names[i], &k->mutant[i], err);
	if (rc)
		return rc;
	/* Few mutants and many cores: each hunt gets a share of them. */
	k->hunt.jobs = k->n < k->jobs ? k->jobs / (unsigned)k->n : 1;
	return hunt_all(k, err);
}

static int option(struct kills *k, const char **product, int c, const char *value, struct bp_err *err)
{
	uint64_t v;
	int rc = 0, invariant;

	if (c == 'p')
		*product = value;
	if (c == 'j') {
		rc = bp_parse_u64(value, 1, BP_MAX_JOBS, &v, err);
		if (!rc)
			k->jobs = (unsigned)v;
	}
	if (c == 'w') {
		invariant = bp_invariant_find(value);
		if (invariant < 0)
			return bp_fail(err, BP_EUSAGE, "--without: '%s' is no invariant; `brickproof list --invariants` names them", value);
		k->hunt.without |= 1u << invariant;
	}
	if (rc) {
		bp_prefix(err, "--jobs");
		err->code = BP_EUSAGE;
	}
	return rc;
}

int bp_cmd_mutants(int argc, char **argv)
{
	static const struct option longs[] = {
		{"product", 1, 0, 'p'}, {"jobs", 1, 0, 'j'}, {"without", 1, 0, 'w'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0},
	};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct kills k = {.hunt = {.seed = 1}, .jobs = cores > 0 && cores < BP_MAX_JOBS ? (unsigned)cores : 1};
	const char *product = "small";
	struct bp_err err = {0};
	int c, rc;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			help();
			return BP_EXIT_PASSED;
		}
		if (c == '?' || c == ':')
			bp_bad_option(c, longs, argv, &err);
		else
			option(&k, &product, c, optarg, &err);
		if (err.code)
			return bp_complain(&err);
	}
	k.arena = bp_arena_new(ARENA_BYTES);
	rc = k.arena ? run(&k, product, argv + optind, argc - optind, &err) : bp_fail(&err, BP_ENOMEM, "no memory");
	bp_arena_free(k.arena);
	return rc < 0 ? bp_complain(&err) : rc;
}
