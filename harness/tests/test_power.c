/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power drivers, each against its counterpart. Here: commands, sockets, a pty,
 * the real pdudaemon, the virtual board. Where there is hardware (or a kernel that
 * emulates it) the environment names it:
 *
 *   BP_FTDI_SERIAL  [BP_FTDI_BIT=0] [BP_FTDI_BIT2: a neighbour's] [BP_FTDI_ACTIVE] [BP_FTDI_MODE]
 *   BP_GPIO_CHIP BP_GPIO_LINE [BP_GPIO_ACTIVE] [BP_GPIO_SERIAL]
 *   BP_HUB_LOCATION BP_HUB_PORT [BP_HUB_COMPANION=none]
 *   BP_PIN_OBSERVE  a shell command that prints 0 or 1: the level of the pin, or of
 *                   the port's power; BP_PIN tells it which (bit, line or port)
 *
 * An argument names the tests to run: test_power 'ftdi: *'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/virtual.h"
#include "tests/contract_power.h"
#include "tests/tiny_board.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a file that holds 0 or 1: what the commands of exec and of pdudaemon switch ---- */

static void relay_file(const struct contract_rig *r, const char *name, char out[96])
{
	snprintf(out, 96, "%s/%s", r->folder, name);
}

static int read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	int c = f ? fgetc(f) : '0';

	if (f)
		fclose(f);
	return c == EOF ? -1 : c - '0';
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* ---- exec -------------------------------------------------------------------------- */

static int exec_observe(struct contract_rig *r)
{
	char path[96];

	relay_file(r, "state", path);
	return read_file(path);
}

static void exec_preset(struct contract_rig *r, bool on)
{
	char path[96];

	relay_file(r, "state", path);
	write_file(path, on ? "1" : "0", 0644);
}

static const char *exec_start(struct contract_rig *r)
{
	char path[96], text[300];

	relay_file(r, "relay", path);
	snprintf(text, sizeof(text), "#!/bin/sh\nprintf %%s \"$1\" >%s/new && mv %s/new %s/state\n", r->folder, r->folder, r->folder);
	write_file(path, text, 0755);
	snprintf(r->yaml, sizeof(r->yaml), "on: [%s, \"1\"]\noff: [%s, \"0\"]\nlevel: [%s, \"{mv}\"]\n", path, path, path);
	return NULL;
}

static const struct contract_power exec_row = {"exec", "exec", exec_start, exec_observe, exec_preset, NULL};

/* ---- the fakes ------------------------------------------------------------------------ */

static int fake_observe(struct contract_rig *r)
{
	return r->fake.state->on;
}

static void fake_preset(struct contract_rig *r, bool on)
{
	r->fake.state->on = on;
}

static const char *socket_start(struct contract_rig *r)
{
	if (fake_power_start(&r->fake, FAKE_SOCKET, r->folder))
		return "no socket could be made";
	snprintf(r->yaml, sizeof(r->yaml), "path: %s\n", r->fake.path);
	return NULL;
}

static const char *scpi_tty_start(struct contract_rig *r)
{
	if (fake_power_start(&r->fake, FAKE_SCPI_TTY, r->folder))
		return "no pty could be opened";
	snprintf(r->yaml, sizeof(r->yaml), "serial: %s\nbaud: 115200\n", r->fake.path);
	return NULL;
}

static const char *scpi_tcp_start(struct contract_rig *r)
{
	if (fake_power_start(&r->fake, FAKE_SCPI_TCP, r->folder))
		return "no port could be opened";
	snprintf(r->yaml, sizeof(r->yaml), "tcp: 127.0.0.1:%s\n", r->fake.port);
	return NULL;
}

static const char *http_start(struct contract_rig *r)
{
	if (fake_power_start(&r->fake, FAKE_HTTP, r->folder))
		return "no port could be opened";
	snprintf(r->yaml, sizeof(r->yaml), "daemon: 127.0.0.1:%s\nhostname: pdu05\nport: 4\n", r->fake.port);
	return NULL;
}

static const struct contract_power socket_row = {"socket", "socket", socket_start, fake_observe, fake_preset, NULL};
static const struct contract_power scpi_tty_row = {"scpi (serial)", "scpi", scpi_tty_start, fake_observe, fake_preset, NULL};
static const struct contract_power scpi_tcp_row = {"scpi (TCP)", "scpi", scpi_tcp_start, fake_observe, fake_preset, NULL};
static const struct contract_power http_row = {"pdudaemon (fake)", "pdudaemon", http_start, fake_observe, fake_preset, NULL};

/* ---- the real pdudaemon: started once, on loopback ----------------------------------------- */

#define PDUDAEMON "/usr/sbin/pdudaemon"

static struct {
	pid_t pid;
	int port;
	struct contract_rig rig; /* its folder */
} daemon_run;

static bool answers(int port)
{
	struct contract_rig r;
	struct bp_power p;
	struct bp_err err;
	int rc;

	contract_rig_begin(&r);
	snprintf(r.yaml, sizeof(r.yaml), "daemon: 127.0.0.1:%d\nhostname: relay\nport: 1\n", port);
	rc = contract_open(&r, "pdudaemon", &p, &err);
	if (!rc)
		p.ops->close(p.self);
	contract_rig_end(&r);
	return !rc;
}

static const char *daemon_begin(void)
{
	char conf[96], log[96], text[600];
	int fd;

	if (access(PDUDAEMON, X_OK))
		return "pdudaemon is not installed (apt-get install pdudaemon)";
	contract_rig_begin(&daemon_run.rig);
	daemon_run.port = fake_free_port();
	relay_file(&daemon_run.rig, "conf", conf);
	relay_file(&daemon_run.rig, "log", log);
	snprintf(text, sizeof(text),
		 "{\"daemon\": {\"hostname\": \"127.0.0.1\", \"port\": %d, \"listener\": \"http\"}, "
		 "\"pdus\": {\"relay\": {\"driver\": \"localcmdline\", "
		 "\"cmd_on\": \"echo 1 >%s/state%%s\", \"cmd_off\": \"echo 0 >%s/state%%s\"}}, "
		 "\"aliases\": {\"left\": {\"hostname\": \"relay\", \"port\": 1}}}",
		 daemon_run.port, daemon_run.rig.folder, daemon_run.rig.folder);
	write_file(conf, text, 0644);
	daemon_run.pid = fork();
	if (!daemon_run.pid) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(PDUDAEMON, PDUDAEMON, "--conf", conf, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 100; i++) {
		if (answers(daemon_run.port))
			return NULL;
		poll(NULL, 0, 100);
	}
	return "pdudaemon does not answer within 10 s";
}

static int daemon_end(void **state)
{
	(void)state;
	if (daemon_run.pid > 0) {
		kill(daemon_run.pid, SIGKILL);
		waitpid(daemon_run.pid, NULL, 0);
		contract_rig_end(&daemon_run.rig);
	}
	return 0;
}

static const char *pdudaemon_start(struct contract_rig *r)
{
	static const char *why_not;

	if (!daemon_run.pid && !why_not)
		why_not = daemon_begin();
	snprintf(r->yaml, sizeof(r->yaml), "daemon: 127.0.0.1:%d\nhostname: relay\nport: 1\n", daemon_run.port);
	return why_not;
}

static int pdudaemon_observe(struct contract_rig *r)
{
	char path[96];

	(void)r;
	relay_file(&daemon_run.rig, "state1", path);
	return read_file(path);
}

static void pdudaemon_preset(struct contract_rig *r, bool on)
{
	char path[96];

	(void)r;
	relay_file(&daemon_run.rig, "state1", path);
	write_file(path, on ? "1" : "0", 0644);
}

static const struct contract_power pdudaemon_row = {
	"pdudaemon (real)", "pdudaemon", pdudaemon_start, pdudaemon_observe, pdudaemon_preset, NULL,
};

/* By alias; and a PDU that the daemon does not know is refused. */
static void pdudaemon_names(void **state)
{
	struct contract_state *s = *state;
	struct bp_power p;
	struct bp_err err;

	if (s->rig.why_not)
		skip();
	snprintf(s->rig.yaml, sizeof(s->rig.yaml), "daemon: 127.0.0.1:%d\nalias: left\n", daemon_run.port);
	assert_int_equal(contract_open(&s->rig, "pdudaemon", &p, &err), 0);
	assert_int_equal(p.ops->on(p.self, &err), 0);
	assert_int_equal(pdudaemon_observe(&s->rig), 1);
	p.ops->close(p.self);
	assert_int_equal(pdudaemon_observe(&s->rig), 0);
	snprintf(s->rig.yaml, sizeof(s->rig.yaml), "daemon: 127.0.0.1:%d\nhostname: \"other one\"\nport: 1\n", daemon_run.port);
	assert_int_equal(contract_open(&s->rig, "pdudaemon", &p, &err), 0);
	assert_int_equal(p.ops->on(p.self, &err), BP_EIO);
	assert_non_null(strstr(err.text, "board left: pdudaemon 127.0.0.1"));
	assert_non_null(strstr(err.text, "500"));
	p.ops->close(p.self);
}

/* ---- hardware, named by the environment -------------------------------------------------------- */

static const char *env(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

/* Level of a pin as the command in BP_PIN_OBSERVE sees it. */
static int pin_level(const char *pin)
{
	char answer[8] = "";
	FILE *f;

	setenv("BP_PIN", pin, 1);
	f = popen(env("BP_PIN_OBSERVE", "echo '?'"), "r");
	if (!f)
		return -1;
	if (!fgets(answer, sizeof(answer), f))
		answer[0] = '\0';
	pclose(f);
	return answer[0] == '0' || answer[0] == '1' ? answer[0] - '0' : -1;
}

static int observed(const char *pin, const char *active)
{
	int level = pin_level(pin);

	return level < 0 ? -1 : !strcmp(active, "low") ? !level : level;
}

static const char *missing(const char *const *names)
{
	static char why[200];

	for (; *names; names++) {
		if (getenv(*names))
			continue;
		snprintf(why, sizeof(why), "%s does not name a device", *names);
		return why;
	}
	return NULL;
}

static const char *ftdi_start(struct contract_rig *r)
{
	static const char *const names[] = {"BP_FTDI_SERIAL", "BP_PIN_OBSERVE", NULL};

	snprintf(r->yaml, sizeof(r->yaml), "serial: \"%s\"\nbit: %s\nactive: %s\nmode: %s\n", env("BP_FTDI_SERIAL", ""),
		 env("BP_FTDI_BIT", "0"), env("BP_FTDI_ACTIVE", "high"), env("BP_FTDI_MODE", "bitbang"));
	return missing(names);
}

static int ftdi_observe(struct contract_rig *r)
{
	(void)r;
	return observed(env("BP_FTDI_BIT", "0"), env("BP_FTDI_ACTIVE", "high"));
}

static const struct contract_power ftdi_row = {"ftdi", "ftdi", ftdi_start, ftdi_observe, NULL, NULL};

/* Two boards on one relay card: each switches alone, and the last one keeps the card. */
static void ftdi_neighbour(void **state)
{
	struct contract_state *s = *state;
	const char *bit = env("BP_FTDI_BIT", "0"), *bit2 = env("BP_FTDI_BIT2", NULL), *active = env("BP_FTDI_ACTIVE", "high");
	struct bp_power p, p2;
	struct bp_err err;

	if (s->rig.why_not || !bit2)
		skip();
	if (contract_open(&s->rig, "ftdi", &p, &err))
		fail_msg("%s", err.text);
	snprintf(s->rig.yaml, sizeof(s->rig.yaml), "serial: \"%s\"\nbit: %s\nactive: %s\nmode: %s\n", env("BP_FTDI_SERIAL", ""), bit2,
		 active, env("BP_FTDI_MODE", "bitbang"));
	if (contract_open(&s->rig, "ftdi", &p2, &err) || p.ops->on(p.self, &err) || p2.ops->on(p2.self, &err))
		fail_msg("%s", err.text);
	assert_true(observed(bit, active) == 1 && observed(bit2, active) == 1);
	assert_int_equal(p.ops->off(p.self, &err), 0);
	assert_true(observed(bit, active) == 0 && observed(bit2, active) == 1);
	assert_int_equal(p.ops->on(p.self, &err), 0);
	p.ops->close(p.self);
	assert_true(observed(bit, active) == 0 && observed(bit2, active) == 1);
	assert_int_equal(p2.ops->off(p2.self, &err), 0);
	assert_int_equal(observed(bit2, active), 0);
	p2.ops->close(p2.self);
}

static const char *gpio_start(struct contract_rig *r)
{
	static const char *const names[] = {"BP_GPIO_CHIP", "BP_GPIO_LINE", "BP_PIN_OBSERVE", NULL};

	snprintf(r->yaml, sizeof(r->yaml), "chip: \"%s\"\nline: %s\nactive: %s\n%s%s\n", env("BP_GPIO_CHIP", ""), env("BP_GPIO_LINE", "0"),
		 env("BP_GPIO_ACTIVE", "high"), getenv("BP_GPIO_SERIAL") ? "usb-serial: " : "", env("BP_GPIO_SERIAL", ""));
	return missing(names);
}

static int gpio_observe(struct contract_rig *r)
{
	(void)r;
	return observed(env("BP_GPIO_LINE", "0"), env("BP_GPIO_ACTIVE", "high"));
}

static const struct contract_power gpio_row = {"gpio", "gpio", gpio_start, gpio_observe, NULL, NULL};

static const char *hub_start(struct contract_rig *r)
{
	static const char *const names[] = {"BP_HUB_LOCATION", "BP_HUB_PORT", "BP_PIN_OBSERVE", NULL};

	snprintf(r->yaml, sizeof(r->yaml), "hub: \"%s\"\nport: %s\ncompanion: %s\n", env("BP_HUB_LOCATION", ""), env("BP_HUB_PORT", "1"),
		 env("BP_HUB_COMPANION", "none"));
	return missing(names);
}

static int hub_observe(struct contract_rig *r)
{
	(void)r;
	return observed(env("BP_HUB_PORT", "1"), "high");
}

static const struct contract_power hub_row = {"usbhub", "usbhub", hub_start, hub_observe, NULL, NULL};

/* ---- what only some can do ------------------------------------------------------------------------- */

static void exec_level(void **state)
{
	struct contract_state *s = *state;
	struct bp_power p;
	struct bp_err err;
	char path[96], text[16] = "";
	FILE *f;

	assert_int_equal(contract_open(&s->rig, "exec", &p, &err), 0);
	assert_int_equal(p.ops->level(p.self, 1850, &err), 0);
	relay_file(&s->rig, "state", path);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "1850");
	p.ops->close(p.self);
}

static void scpi_level(void **state)
{
	struct contract_state *s = *state;
	struct bp_power p;
	struct bp_err err;

	assert_int_equal(contract_open(&s->rig, "scpi", &p, &err), 0);
	assert_int_equal(p.ops->level(p.self, 1850, &err), 0);
	assert_int_equal(s->rig.fake.state->mv, 1850);
	assert_int_equal(p.ops->level(p.self, 3005, &err), 0);
	assert_int_equal(s->rig.fake.state->mv, 3005);
	p.ops->close(p.self);
}

static void socket_off_at(void **state)
{
	struct contract_state *s = *state;
	struct bp_power p;
	struct bp_err err;

	assert_int_equal(contract_open(&s->rig, "socket", &p, &err), 0);
	assert_int_equal(p.ops->off_at(p.self, UINT64_C(123456789012345), &err), 0);
	assert_int_equal(s->rig.fake.state->off_at_ns, UINT64_C(123456789012345));
	p.ops->close(p.self);
}

static void pdudaemon_encodes(void **state)
{
	struct contract_state *s = *state;
	struct bp_power p;
	struct bp_err err;

	snprintf(s->rig.yaml, sizeof(s->rig.yaml), "daemon: 127.0.0.1:%s\nhostname: \"a b&c=d/\\u00e9\"\nport: 12\n", s->rig.fake.port);
	assert_int_equal(contract_open(&s->rig, "pdudaemon", &p, &err), 0);
	assert_int_equal(p.ops->on(p.self, &err), 0);
	assert_string_equal(s->rig.fake.state->query, "hostname=a%20b%26c%3Dd%2F%C3%A9&port=12");
	p.ops->close(p.self);
}

/* The virtual board's own rail, in board time. */
static void virtual_switches(void **state)
{
	struct bp_virtual v = {0};
	const struct bp_power_ops *ops = contract_driver("virtual");
	struct bp_err err;

	(void)state;
	assert_non_null(ops);
	assert_null(ops->open);
	tiny_new(BP_ACCEL_NONE, tiny_idle, NULL);
	v.vboard = tiny;
	assert_int_equal(ops->on(&v, &err), 0);
	assert_int_equal(tiny_run(5), BP_STOP_TIME);
	assert_true(bp_vboard_is_on(tiny));
	assert_int_equal(ops->off(&v, &err), 0);
	assert_int_equal(tiny_run(50), BP_STOP_OFF);
	assert_false(bp_vboard_is_on(tiny));
	assert_int_equal(ops->on(&v, &err), 0);
	assert_int_equal(ops->off_at(&v, bp_vboard_now(tiny) + 5 * TINY_MS, &err), 0);
	assert_int_equal(tiny_run(4), BP_STOP_TIME);
	assert_int_equal(tiny_run(50), BP_STOP_OFF);
}

#define CONTRACT(row) \
	{row ## _NAME ": keeps the switch as it is when opened", contract_leaves_as_is, contract_begin, contract_end, (void *)&row ## _row}, \
	{row ## _NAME ": on and off", contract_switches, contract_begin, contract_end, (void *)&row ## _row}, \
	{row ## _NAME ": closing is safe", contract_close_is_safe, contract_begin, contract_end, (void *)&row ## _row}, \
	{row ## _NAME ": an orderly end is safe", contract_make_safe, contract_begin, contract_end, (void *)&row ## _row}, \
	{row ## _NAME ": kill -9 is safe within 2 s", contract_killed_is_safe, contract_begin, contract_end, (void *)&row ## _row}, \
	{row ## _NAME ": an unknown key is named", contract_unknown_key, contract_begin, contract_end, (void *)&row ## _row}
#define exec_NAME "exec"
#define socket_NAME "socket"
#define scpi_tty_NAME "scpi (serial)"
#define scpi_tcp_NAME "scpi (TCP)"
#define http_NAME "pdudaemon (fake)"
#define pdudaemon_NAME "pdudaemon (real)"
#define ftdi_NAME "ftdi"
#define gpio_NAME "gpio"
#define hub_NAME "usbhub"

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CONTRACT(exec), CONTRACT(socket), CONTRACT(scpi_tty), CONTRACT(scpi_tcp), CONTRACT(http), CONTRACT(pdudaemon),
		CONTRACT(ftdi), CONTRACT(gpio), CONTRACT(hub),
		{"ftdi: a board does not disturb its neighbour", ftdi_neighbour, contract_begin, contract_end, (void *)&ftdi_row},
		{"exec: level", exec_level, contract_begin, contract_end, (void *)&exec_row},
		{"scpi: level", scpi_level, contract_begin, contract_end, (void *)&scpi_tty_row},
		{"socket: off at a time", socket_off_at, contract_begin, contract_end, (void *)&socket_row},
		{"pdudaemon: names are encoded", pdudaemon_encodes, contract_begin, contract_end, (void *)&http_row},
		{"pdudaemon (real): names", pdudaemon_names, contract_begin, contract_end, (void *)&pdudaemon_row},
		cmocka_unit_test_setup_teardown(virtual_switches, tiny_begin, tiny_end),
	};

	if (tiny_catch())
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, daemon_end);
}
