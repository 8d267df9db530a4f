/* SPDX-License-Identifier: Apache-2.0 */
/* console_peers.c - the other ends of the console drivers' contract tests. */
#include "contract_console.h"

#include "base/clock.h"
#include "telnet_peer.h"
#include "tiny_board.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SER2NET "/usr/sbin/ser2net"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void stop_server(struct console_contract *c)
{
	if (c->server > 0) {
		kill(c->server, SIGKILL);
		waitpid(c->server, NULL, 0);
	}
	c->server = 0;
}

/* ---- a pseudo terminal ------------------------------------------------------------------ */

static const char *make_pty(struct console_contract *c)
{
	struct termios raw;
	char name[64];

	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	raw.c_cflag |= CREAD | CLOCAL;
	cfsetspeed(&raw, B115200);
	if (openpty(&c->fd, &c->slave, name, &raw, NULL))
		return "no pseudo terminals here";
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	fcntl(c->fd, F_SETFD, FD_CLOEXEC);
	fcntl(c->slave, F_SETFD, FD_CLOEXEC);
	unlink(c->link);
	return symlink(name, c->link) ? "no symlinks here" : NULL;
}

static const char *make_dir(struct console_contract *c)
{
	snprintf(c->dir, sizeof(c->dir), "/tmp/bp-console-XXXXXX");
	if (!mkdtemp(c->dir))
		return "no temporary folder";
	snprintf(c->link, sizeof(c->link), "%s/console", c->dir);
	return NULL;
}

static const char *begin_pty(struct console_contract *c)
{
	const char *why = make_dir(c);

	return why ? why : make_pty(c);
}

static void end_pty(struct console_contract *c)
{
	stop_server(c);
	close_fd(&c->fd);
	close_fd(&c->slave);
	if (c->link[0])
		unlink(c->link);
	if (c->dir[0])
		rmdir(c->dir);
}

static void config_pty(const struct console_contract *c, char *out, size_t cap)
{
	snprintf(out, cap, "path: %s", c->link);
}

static void vanish_pty(struct console_contract *c)
{
	close_fd(&c->slave);
	close_fd(&c->fd);
	unlink(c->link);
}

/* A plug keeps the old name busy, so that it comes back under another. */
static void come_back_pty(struct console_contract *c)
{
	int plug = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	make_pty(c);
	close_fd(&plug);
}

/* ---- a USB device, from outside this program: BP_TTY_SERIAL its number, BP_TTY_FAR the other end of its line, and
 * commands: BP_TTY_VANISH pulls its plug, BP_TTY_RETURN puts it back; it is there when that one ends. ------------ */

static const char *open_far(struct console_contract *c)
{
	struct termios raw;

	c->fd = open(getenv("BP_TTY_FAR"), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0 || tcgetattr(c->fd, &raw))
		return "BP_TTY_FAR cannot be opened";
	cfmakeraw(&raw);
	raw.c_cflag |= CREAD | CLOCAL;
	cfsetspeed(&raw, B115200);
	tcsetattr(c->fd, TCSANOW, &raw);
	tcflush(c->fd, TCIOFLUSH); /* the test before this one */
	return NULL;
}

static const char *begin_usb(struct console_contract *c)
{
	return getenv("BP_TTY_SERIAL") && getenv("BP_TTY_FAR") ? open_far(c) : "no BP_TTY_SERIAL and BP_TTY_FAR";
}

static void config_usb(const struct console_contract *c, char *out, size_t cap)
{
	(void)c;
	snprintf(out, cap, "usb-serial: %s", getenv("BP_TTY_SERIAL"));
}

static void vanish_usb(struct console_contract *c)
{
	close_fd(&c->fd);
	c->away = system(getenv("BP_TTY_VANISH")) == 0;
}

static void come_back_usb(struct console_contract *c)
{
	c->away = system(getenv("BP_TTY_RETURN")) != 0;
	open_far(c);
}

static void end_usb(struct console_contract *c)
{
	if (c->away)
		come_back_usb(c);
	close_fd(&c->fd);
}

/* ---- a TCP socket --------------------------------------------------------------------------- */

/* On port, 0: any. */
static const char *listen_on(struct console_contract *c, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(a);
	int on = 1, small = 4096;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(c->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&a, len) || listen(c->listener, 2) ||
	    getsockname(c->listener, (struct sockaddr *)&a, &len))
		return "no TCP on loopback";
	c->port = ntohs(a.sin_port);
	return NULL;
}

static const char *begin_tcp(struct console_contract *c)
{
	return listen_on(c, 0);
}

static void vanish_tcp(struct console_contract *c)
{
	close_fd(&c->fd);
	close_fd(&c->listener);
}

static void come_back_tcp(struct console_contract *c)
{
	listen_on(c, c->port);
}

static void config_tcp(const struct console_contract *c, char *out, size_t cap)
{
	snprintf(out, cap, "address: '127.0.0.1:%u'", c->port);
}

/* ---- a telnet server of our own: a child process with a socket pair to the test ---------------- */

static void start_telnet(struct console_contract *c)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	c->server = fork();
	if (!c->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		telnet_peer_serve(c->listener, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	c->fd = pair[0];
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

static const char *begin_telnet(struct console_contract *c)
{
	const char *why = listen_on(c, 0);

	if (!why)
		start_telnet(c);
	return why;
}

static void vanish_telnet(struct console_contract *c)
{
	stop_server(c);
	vanish_tcp(c);
}

static void come_back_telnet(struct console_contract *c)
{
	listen_on(c, c->port);
	start_telnet(c);
}

static void end_telnet(struct console_contract *c)
{
	vanish_telnet(c);
}

static void config_telnet(const struct console_contract *c, char *out, size_t cap)
{
	snprintf(out, cap, "address: '127.0.0.1:%u', baud: 57600", c->port);
}

/* ---- ser2net on a pseudo terminal ---------------------------------------------------------------- */

static bool wait_for_listener(unsigned port)
{
	uint64_t deadline_ns = bp_deadline_in(5 * BP_NS_PER_S);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while (!bp_deadline_passed(deadline_ns)) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc = connect(fd, (struct sockaddr *)&a, sizeof(a));

		close(fd);
		if (!rc)
			return true;
		usleep(5000);
	}
	return false;
}

static const char *start_ser2net(struct console_contract *c)
{
	char config[512], name[128];
	FILE *f;

	snprintf(name, sizeof(name), "%s/ser2net.yaml", c->dir);
	snprintf(config, sizeof(config), "connection: &c\n  accepter: telnet(rfc2217),tcp,127.0.0.1,%u\n  enable: on\n"
		 "  options:\n    kickolduser: true\n  connector: serialdev,%s,9600n81,local\n", c->port, c->link);
	f = fopen(name, "we");
	if (!f)
		return "no configuration for ser2net";
	fputs(config, f);
	fclose(f);
	c->server = fork();
	if (!c->server) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 1);
		dup2(null, 2);
		execl(SER2NET, SER2NET, "-n", "-u", "-c", name, (char *)NULL);
		_exit(127);
	}
	return wait_for_listener(c->port) ? NULL : "ser2net does not start";
}

static const char *begin_ser2net(struct console_contract *c)
{
	const char *why;

	if (access(SER2NET, X_OK))
		return "ser2net is not installed";
	why = begin_pty(c);
	if (!why)
		why = listen_on(c, 0); /* to learn of a free port */
	close_fd(&c->listener);
	return why ? why : start_ser2net(c);
}

static void vanish_ser2net(struct console_contract *c)
{
	stop_server(c);
}

static void come_back_ser2net(struct console_contract *c)
{
	start_ser2net(c);
}

static void end_ser2net(struct console_contract *c)
{
	char name[128];

	stop_server(c);
	snprintf(name, sizeof(name), "%s/ser2net.yaml", c->dir);
	unlink(name);
	end_pty(c);
}

/* ---- the virtual board: its firmware sends everything back ---------------------------------------- */

static void echo(void)
{
	uint8_t byte;

	for (;;)
		if (dut_uart_read(&byte, 1, '\n', 1000))
			dut_uart_write(&byte, 1);
}

static const char *begin_virtual(struct console_contract *c)
{
	if (tiny_begin(NULL))
		return "no virtual board";
	tiny_on(echo);
	c->virtual = (struct bp_virtual){.vboard = tiny};
	c->world = (struct bp_world){&bp_world_virtual_ops, &c->virtual};
	c->console = (struct bp_console){&bp_console_virtual_ops, &c->virtual};
	return NULL;
}

static void end_virtual(struct console_contract *c)
{
	(void)c;
	tiny_end(NULL);
}

const struct console_peer console_peers[] = {
	{"virtual", &bp_console_virtual_ops, begin_virtual, end_virtual, NULL, NULL, NULL},
	{"serial on a pty", &bp_console_serial_ops, begin_pty, end_pty, config_pty, vanish_pty, come_back_pty},
	{"tcp", &bp_console_tcp_ops, begin_tcp, vanish_tcp, config_tcp, vanish_tcp, come_back_tcp},
	{"rfc2217", &bp_console_rfc2217_ops, begin_telnet, end_telnet, config_telnet, vanish_telnet, come_back_telnet},
	{"rfc2217, ser2net", &bp_console_rfc2217_ops, begin_ser2net, end_ser2net, config_telnet, vanish_ser2net,
	 come_back_ser2net},
	{"serial on a USB device", &bp_console_serial_ops, begin_usb, end_usb, config_usb, vanish_usb, come_back_usb},
	{NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

/* ---- for all of them --------------------------------------------------------------------------------- */

int console_open(struct console_contract *c, const struct bp_console_ops *ops, const char *yaml, struct bp_err *err)
{
	struct bp_diag d = {.arena = c->arena};
	struct bp_node *root = NULL;
	int rc = bp_yaml_parse(c->arena, "bench.yaml", yaml, strlen(yaml), &root, err);

	if (rc)
		return rc;
	c->console.ops = ops;
	c->console.self = NULL;
	rc = ops->open(c->arena, &d, root, "bench-1", &c->console.self, err);
	if (rc)
		c->console.ops = NULL;
	return rc;
}

const char *console_begin(struct console_contract *c, const struct console_peer *peer, const char *extra)
{
	char keys[256], yaml[512];
	struct bp_err err;
	const char *why;

	memset(c, 0, sizeof(*c));
	c->peer = peer;
	c->fd = c->listener = c->slave = -1;
	c->arena = bp_arena_new((size_t)1 << 20);
	why = peer->begin(c);
	if (why || !peer->config)
		return why;
	bp_world_real_init(&c->real);
	c->world = (struct bp_world){&bp_world_real_ops, &c->real};
	peer->config(c, keys, sizeof(keys));
	snprintf(yaml, sizeof(yaml), "{%s%s}", keys, extra);
	if (console_open(c, peer->ops, yaml, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return NULL; /* the test finds no console and fails */
	}
	bp_world_real_add_console(&c->real, &c->console, &err);
	return NULL;
}

void console_end(struct console_contract *c)
{
	if (c->console.ops && c->console.ops->close)
		c->console.ops->close(c->console.self);
	c->peer->end(c);
	bp_arena_free(c->arena);
}

static void accept_one(struct console_contract *c)
{
	if (c->fd < 0 && c->listener >= 0)
		c->fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void console_say(struct console_contract *c, const void *bytes, size_t len)
{
	uint64_t deadline_ns = bp_deadline_in(BP_NS_PER_S);
	size_t at = 0;

	if (!c->peer->config) {
		c->console.ops->write(c->console.self, bytes, len, NULL);
		return;
	}
	while (c->fd < 0 && !bp_deadline_passed(deadline_ns))
		accept_one(c);
	while (at < len && !bp_deadline_passed(deadline_ns)) {
		ssize_t n = write(c->fd, (const char *)bytes + at, len - at);

		if (n > 0)
			at += (size_t)n;
		else
			return; /* full: what the rest would do, it does the same with less */
	}
}

void console_hear(struct console_contract *c, uint8_t *out, size_t cap, size_t *len)
{
	ssize_t n;

	accept_one(c);
	if (c->fd < 0)
		return;
	n = read(c->fd, out + *len, cap - *len);
	if (n > 0)
		*len += (size_t)n;
}
