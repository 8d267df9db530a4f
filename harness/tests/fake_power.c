/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_power.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEERS 8
#define HALVES_MS 100
#define LOOK_MS 5
#define HANG_MS 10000 /* no machine is that slow */

struct peer {
	int fd;
	size_t len;
	char text[1024];
};

static struct fake_state *state; /* in the fake's process */
static enum fake_kind kind;
static struct peer peers[PEERS];

static void hang_up(struct peer *p)
{
	if (kind != FAKE_SCPI_TTY) {
		close(p->fd);
		p->fd = -1;
	}
	p->len = 0;
}

static void put(struct peer *p, const char *text, size_t len)
{
	/* Who went away in the meantime needs no answer. */
	if (write(p->fd, text, len) != (ssize_t)len)
		p->len = 0;
}

static void answer(struct peer *p, const char *text)
{
	static const char garbage[] = "\x01\xff\xfe?!\x00zz\r\n";
	char flood[2048];
	size_t len = strlen(text);

	switch ((enum fake_mode)state->mode) {
	case FAKE_STALL:
		return;
	case FAKE_GARBAGE:
		put(p, garbage, sizeof(garbage) - 1);
		break;
	case FAKE_HALF:
		put(p, text, len / 2);
		return;
	case FAKE_HANG_UP:
		put(p, text, len / 2);
		hang_up(p);
		return;
	case FAKE_FLOOD:
		memset(flood, 'x', sizeof(flood));
		for (int i = 0; i < 3; i++)
			put(p, flood, sizeof(flood));
		break;
	case FAKE_SLOW:
		put(p, text, len / 2);
		poll(NULL, 0, HALVES_MS);
		put(p, text + len / 2, len - len / 2);
		break;
	default:
		put(p, text, len);
	}
	if (kind == FAKE_HTTP)
		hang_up(p);
}

static void set(int on)
{
	if (state->mode != FAKE_STUCK && state->mode != FAKE_REFUSE)
		state->on = on;
}

static void socket_line(struct peer *p, const char *line)
{
	if (!strcmp(line, "on") || !strcmp(line, "off"))
		set(!strcmp(line, "on"));
	else if (sscanf(line, "off-at %" SCNu64, &(uint64_t){0}) == 1)
		state->off_at_ns = strtoull(line + 7, NULL, 10);
	else
		state->mode = FAKE_REFUSE;
	answer(p, state->mode == FAKE_REFUSE ? "error: not now\n" : "ok done\n");
}

static void scpi_line(struct peer *p, const char *line)
{
	unsigned v, mv;

	if (!strcmp(line, "OUTP ON") || !strcmp(line, "OUTP OFF"))
		set(!strcmp(line, "OUTP ON"));
	else if (sscanf(line, "VOLT %u.%3u", &v, &mv) == 2)
		state->mv = v * 1000 + mv;
	else if (!strcmp(line, "OUTP?"))
		answer(p, state->mode == FAKE_STUCK ? "0\n" : state->mode == FAKE_REFUSE || state->on ? "1\n" : "0\n");
	else if (!strcmp(line, "SYST:ERR?"))
		answer(p, state->mode == FAKE_REFUSE ? "-221,\"Settings conflict\"\n" : "0,\"No error\"\n");
}

static void http_request(struct peer *p, const char *line)
{
	char command[16];

	if (sscanf(line, "GET /power/control/%15[a-z]?%255[^ ] HTTP/1.0", command, state->query) == 2 && state->mode != FAKE_REFUSE) {
		set(!strcmp(command, "on"));
		answer(p, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\nOK - accepted request\n");
	} else {
		answer(p, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 16\r\n\r\nInvalid request\n");
	}
}

/* Whether there was something to hear. */
static int hear(struct peer *p)
{
	const char *end_of = kind == FAKE_HTTP ? "\r\n\r\n" : "\n";
	ssize_t n = read(p->fd, p->text + p->len, sizeof(p->text) - 1 - p->len);
	char *end;

	if (n <= 0) {
		hang_up(p);
		if (kind == FAKE_SCPI_TTY)
			poll(NULL, 0, 2); /* nobody has the other side open */
		return 0;
	}
	p->len += (size_t)n;
	p->text[p->len] = '\0';
	while (p->fd >= 0 && (end = strstr(p->text, end_of))) {
		char line[sizeof(p->text)];
		size_t taken = (size_t)(end - p->text) + strlen(end_of);

		*end = '\0';
		memcpy(line, p->text, taken);
		memmove(p->text, p->text + taken, p->len - taken + 1);
		p->len -= taken;
		(kind == FAKE_SOCKET ? socket_line : kind == FAKE_HTTP ? http_request : scpi_line)(p, line);
	}
	return 1;
}

/* fd: listens, or is the pty. */
static _Noreturn void serve(int fd, pid_t parent)
{
	struct pollfd p[PEERS + 1];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < PEERS; i++)
		peers[i].fd = -1;
	if (kind == FAKE_SCPI_TTY)
		peers[0].fd = fd;
	for (;;) {
		unsigned asked = state->asked;
		int busy;

		p[PEERS] = (struct pollfd){.fd = kind == FAKE_SCPI_TTY ? -1 : fd, .events = POLLIN};
		for (int i = 0; i < PEERS; i++)
			p[i] = (struct pollfd){.fd = peers[i].fd, .events = POLLIN};
		poll(p, PEERS + 1, LOOK_MS);
		busy = p[PEERS].revents != 0;
		for (int i = 0; i < PEERS; i++)
			if (p[i].revents)
				busy |= hear(&peers[i]);
		if (!busy)
			state->quiet = asked;
		for (int i = 0; p[PEERS].revents && i < PEERS; i++) {
			if (peers[i].fd >= 0)
				continue;
			peers[i] = (struct peer){.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC)};
			break;
		}
	}
}

static int listen_tcp(char port[8])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, PEERS) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -1;
	snprintf(port, 8, "%u", ntohs(at.sin_port));
	return fd;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, PEERS) ? -1 : fd;
}

static int open_pty(char *path, size_t cap)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, path, cap) ? -1 : fd;
}

int fake_power_start(struct fake_power *f, enum fake_kind k, const char *folder)
{
	pid_t parent = getpid();
	int fd;

	*f = (struct fake_power){.pid = -1};
	f->state = mmap(NULL, sizeof(*f->state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f->state == MAP_FAILED)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/power.sock", folder);
	fd = k == FAKE_SOCKET ? listen_unix(f->path) : k == FAKE_SCPI_TTY ? open_pty(f->path, sizeof(f->path)) : listen_tcp(f->port);
	if (fd < 0)
		return -1;
	f->pid = fork();
	if (!f->pid) {
		state = f->state;
		kind = k;
		serve(fd, parent);
	}
	close(fd);
	return f->pid < 0 ? -1 : 0;
}

int fake_power_quiet(struct fake_power *f)
{
	unsigned asked = ++f->state->asked;

	for (int i = 0; i < HANG_MS / LOOK_MS && f->state->quiet != asked; i++)
		poll(NULL, 0, LOOK_MS);
	return f->state->quiet == asked ? 0 : -1;
}

void fake_power_stop(struct fake_power *f)
{
	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	if (!strncmp(f->path, "/tmp/", 5))
		unlink(f->path);
	if (f->state)
		munmap(f->state, sizeof(*f->state));
	*f = (struct fake_power){.pid = -1};
}

int fake_free_port(void)
{
	char port[8];
	int fd = listen_tcp(port);

	if (fd < 0)
		return -1;
	close(fd);
	return atoi(port);
}
