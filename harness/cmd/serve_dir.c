/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_dir.c - the folder of a served board: ptys, sockets, configuration. All
 * that is made here is removed in the end, and nothing else.
 */
#include "cmd/serve.h"

#include "base/json.h"
#include "base/text.h"
#include "vboard/probe/map.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static const char *const names[] = {"console", "buspirate", "power", "smp", "board.elf", "openocd-stlink.cfg",
				    "openocd-buspirate.cfg", "ready"};

static const char *path_of(struct bp_serve *s, const char *name)
{
	const char *p = bp_arena_printf(s->arena, "%s/%s", s->dir, name);

	return p ? p : "";
}

static void remove_all(struct bp_serve *s)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(s->dir_fd, names[i], 0);
}

static int make_dir(struct bp_serve *s, struct bp_err *err)
{
	char template[] = "/tmp/brickproof-board-XXXXXX", *full;
	const char *dir = s->opt.dir;

	if (!dir)
		dir = mkdtemp(template);
	if (!dir)
		return bp_fail(err, BP_EIO, "cannot make a folder in /tmp: %s", strerror(errno));
	s->made_dir = !s->opt.dir || mkdir(dir, 0700) == 0;
	full = realpath(dir, NULL);
	if (!full)
		return bp_fail(err, BP_EUSAGE, "--dir %s: %s", dir, strerror(errno));
	s->dir = bp_arena_text(s->arena, full, strlen(full));
	free(full);
	s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!s->dir || s->dir_fd < 0)
		return bp_fail(err, BP_EUSAGE, "--dir %s: %s", dir, strerror(errno));
	if (flock(s->dir_fd, LOCK_EX | LOCK_NB)) {
		close(s->dir_fd);
		s->dir_fd = -1; /* what stands there is the other's */
		return bp_fail(err, BP_EUSAGE, "--dir %s: another board is served there", dir);
	}
	remove_all(s); /* what one left that was killed */
	return 0;
}

/* A raw pty; its slave side stays open here too, so that clients may come and go. */
static int make_pty(struct bp_serve *s, const char *name, int *master, int *slave, struct bp_err *err)
{
	char tty[64];
	struct termios t;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) || unlockpt(*master) || ptsname_r(*master, tty, sizeof(tty)))
		return bp_fail(err, BP_EIO, "no pseudo terminal for the %s: %s", name, strerror(errno));
	*slave = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 || tcgetattr(*slave, &t))
		return bp_fail(err, BP_EIO, "%s: %s", tty, strerror(errno));
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	if (tcsetattr(*slave, TCSANOW, &t) || fcntl(*master, F_SETFL, O_NONBLOCK))
		return bp_fail(err, BP_EIO, "%s: %s", tty, strerror(errno));
	if (symlinkat(tty, s->dir_fd, name))
		return bp_fail(err, BP_EIO, "%s/%s: %s", s->dir, name, strerror(errno));
	return 0;
}

static int listen_power(struct bp_serve *s, struct bp_err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *path = path_of(s, "power");

	if (strlen(path) >= sizeof(a.sun_path))
		return bp_fail(err, BP_EUSAGE, "--dir %s: too long a path for a socket; at most %zu characters", s->dir,
			       sizeof(a.sun_path) - sizeof("/power"));
	memcpy(a.sun_path, path, strlen(path) + 1);
	s->power_listen = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->power_listen < 0 || bind(s->power_listen, (const struct sockaddr *)&a, sizeof(a)) || listen(s->power_listen, 8))
		return bp_fail(err, BP_EIO, "%s: %s", path, strerror(errno));
	return 0;
}

/* On loopback, for one client at a time; wanted 0: any port that is free. */
static int listen_tcp(const char *what, uint32_t wanted, int *fd, uint32_t *port, struct bp_err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)wanted)};
	socklen_t len = sizeof(a);
	int one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) || bind(*fd, (const struct sockaddr *)&a, sizeof(a)) ||
	    listen(*fd, 1) || getsockname(*fd, (struct sockaddr *)&a, &len))
		return bp_fail(err, BP_EIO, "port %u for %s: %s", wanted, what, strerror(errno));
	*port = ntohs(a.sin_port);
	return 0;
}

static int open_smp(struct bp_serve *s, struct bp_err *err)
{
	if (s->opt.smp_tcp)
		return listen_tcp("SMP", s->opt.smp_tcp_port, &s->smp.listen, &s->smp.port, err);
	return s->opt.smp_pty ? make_pty(s, "smp", &s->smp.pty, &s->smp.slave, err) : 0;
}

/* The target is named vb.cpu whatever the adapter is. */
static const char target_cfg[] =
	"bindto 127.0.0.1\n"
	"telnet_port disabled\n"
	"gdb_port disabled\n"
	"source [find target/swj-dp.tcl]\n"
	"swj_newdap vb cpu -irlen 4 -expected-id 0x2ba01477\n"
	"dap create vb.dap -chain-position vb.cpu\n"
	"target create vb.cpu cortex_m -dap vb.dap\n"
	"cortex_m reset_config sysresetreq\n";

static int write_cfg(struct bp_serve *s, struct bp_err *err)
{
	char *stlink = bp_arena_printf(s->arena,
				       "# The virtual board's ST-LINK, for OpenOCD 0.12. Made by `brickproof board serve`.\n"
				       "adapter driver st-link\nst-link vid_pid 0x0483 0x374f\nst-link backend tcp %u\n"
				       "transport select dapdirect_swd\nreset_config srst_only srst_nogate\nadapter speed 8000\n%s",
				       s->stlink_port, target_cfg);
	char *pirate = bp_arena_printf(s->arena,
				       "# The virtual board's Bus Pirate, for OpenOCD 0.12. Made by `brickproof board serve`.\n"
				       "adapter driver buspirate\nbuspirate port %s/buspirate\nbuspirate speed fast\n"
				       "buspirate vreg 0\nbuspirate mode normal\nbuspirate pullup 0\nadapter speed 400\n"
				       "transport select swd\nreset_config srst_only srst_nogate\n%s",
				       s->dir, target_cfg);
	int rc;

	if (!stlink || !pirate)
		return bp_fail(err, BP_ENOMEM, "no memory for OpenOCD's configuration");
	rc = bp_write_file(path_of(s, "openocd-stlink.cfg"), stlink, strlen(stlink), err);
	return rc ? rc : bp_write_file(path_of(s, "openocd-buspirate.cfg"), pirate, strlen(pirate), err);
}

static int write_ready(struct bp_serve *s, struct bp_err *err)
{
	static const struct {
		const char *key, *file;
	} files[] = {{"console", "console"}, {"buspirate", "buspirate"}, {"power", "power"}, {"elf", "board.elf"},
		     {"openocd_stlink", "openocd-stlink.cfg"}, {"openocd_buspirate", "openocd-buspirate.cfg"}};
	struct bp_text t;
	struct bp_json j;
	int rc;

	bp_text_init(&t, s->arena);
	bp_json_init(&j, &t);
	bp_json_object(&j);
	bp_json_kv_bool(&j, "ready", true);
	bp_json_kv_text(&j, "product", s->v->board.product->name);
	bp_json_kv_text(&j, "firmware", s->v->firmware.path);
	bp_json_kv_text(&j, "dir", s->dir);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		bp_json_kv_text(&j, files[i].key, path_of(s, files[i].file));
	bp_json_kv_u64(&j, "stlink_port", s->stlink_port);
	if (s->opt.smp_pty)
		bp_json_kv_text(&j, "smp", path_of(s, "smp"));
	if (s->opt.smp_tcp)
		bp_json_kv_u64(&j, "smp_port", s->smp.port);
	bp_json_kv_u64(&j, "pid", (uint64_t)getpid());
	bp_json_object_end(&j);
	bp_text_puts(&t, "\n");
	if (t.failed)
		return bp_fail(err, BP_ENOMEM, "no memory for the ready line");
	rc = bp_write_file(path_of(s, "ready"), t.bytes, t.len, err);
	if (!rc && (fwrite(t.bytes, 1, t.len, stdout) != t.len || fflush(stdout)))
		rc = bp_fail(err, BP_EIO, "cannot write to standard output");
	return rc;
}

int bp_serve_open(struct bp_serve *s, struct bp_err *err)
{
	int rc = make_dir(s, err);

	if (!rc)
		rc = make_pty(s, "console", &s->console, &s->console_slave, err);
	if (!rc)
		rc = make_pty(s, "buspirate", &s->buspirate, &s->buspirate_slave, err);
	if (!rc)
		rc = listen_power(s, err);
	if (!rc)
		rc = listen_tcp("the debug probe", s->opt.stlink_port, &s->stlink_listen, &s->stlink_port, err);
	if (!rc)
		rc = open_smp(s, err);
	if (!rc)
		rc = write_cfg(s, err);
	if (!rc)
		rc = bp_map_write(path_of(s, "board.elf"), &s->v->board.product->board, s->v->board.product->area_name, err);
	return rc ? rc : write_ready(s, err);
}

void bp_serve_close(struct bp_serve *s)
{
	int *fds[] = {&s->console, &s->console_slave, &s->buspirate, &s->buspirate_slave, &s->power_listen, &s->stlink_listen, &s->stlink,
		      &s->smp.pty, &s->smp.slave, &s->smp.listen, &s->smp.client};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	for (unsigned i = 0; i < BP_SERVE_CLIENTS; i++)
		if (s->client[i].fd >= 0)
			close(s->client[i].fd);
	if (s->dir_fd < 0)
		return;
	remove_all(s);
	if (s->made_dir)
		rmdir(s->dir);
	close(s->dir_fd);
}
