/* SPDX-License-Identifier: Apache-2.0 */
/* The power drivers in trouble: peers that misbehave, commands that fail, devices that are not there, maps that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/contract_power.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct contract_rig rig;
static struct bp_err err;
static bool open_now; /* for the teardown, when a test failed half-way */
static struct bp_power power;

static int begin(void **state)
{
	(void)state;
	contract_rig_begin(&rig);
	open_now = false;
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (open_now)
		power.ops->close(power.self);
	contract_rig_end(&rig);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void open_power(const char *driver)
{
	if (contract_open(&rig, driver, &power, &err))
		fail_msg("%s", err.text);
	open_now = true;
}

/* ---- peers that misbehave --------------------------------------------------------------------- */

#define TIMES_OUT "250 ms"
#define ENOUGH "30 s"  /* for what has to succeed, on the slowest machine */
#define HANGS_MS 25000 /* what takes longer has not kept its timeout of 250 ms, or waited for what it should not */

static const struct {
	const char *name, *driver;
	enum fake_kind kind;
	const char *yaml;      /* two %s: the path or port, the timeout */
} peers[] = {
	{"socket", "socket", FAKE_SOCKET, "path: %s\ntimeout: %s\n"},
	{"scpi, serial", "scpi", FAKE_SCPI_TTY, "serial: %s\ntimeout: %s\n"},
	{"scpi, TCP", "scpi", FAKE_SCPI_TCP, "tcp: 127.0.0.1:%s\ntimeout: %s\n"},
	{"pdudaemon", "pdudaemon", FAKE_HTTP, "daemon: 127.0.0.1:%s\nhostname: pdu05\nport: 4\ntimeout: %s\n"},
};
#define ALL 4u

static const struct {
	const char *name;
	unsigned peer;         /* index, or ALL */
	enum fake_mode mode;
	int code;
	const char *says;
} faults[] = {
	{"stall", ALL, FAKE_STALL, BP_ETIMEOUT, "no answer in time"},
	{"slow, but in time", ALL, FAKE_SLOW, 0, NULL},
	{"half an answer, then nothing", 0, FAKE_HALF, BP_ETIMEOUT, "only half an answer in time"},
	{"half an answer, then nothing", 3, FAKE_HALF, BP_ETIMEOUT, "only half an answer in time"},
	{"half an answer, then nothing", 2, FAKE_HALF, BP_ETIMEOUT, "only half an answer in time"},
	{"half an answer, then closed", 0, FAKE_HANG_UP, BP_EIO, "closed in the middle of its answer"},
	{"half an answer, then closed", 2, FAKE_HANG_UP, BP_EIO, "closed in the middle of its answer"},
	{"half an answer, then closed", 3, FAKE_HANG_UP, BP_EPROTO, "closed the connection in the middle of its answer"},
	{"garbage", 0, FAKE_GARBAGE, BP_EPROTO, "zero byte"},
	{"garbage", 1, FAKE_GARBAGE, BP_EPROTO, "zero byte"},
	{"garbage", 3, FAKE_GARBAGE, BP_EPROTO, "expected HTTP"},
	{"flood", 0, FAKE_FLOOD, BP_EPROTO, "without a line end"},
	{"flood", 2, FAKE_FLOOD, BP_EPROTO, "without a line end"},
	{"flood", 3, FAKE_FLOOD, BP_EPROTO, "more than 4095 bytes"},
	{"refused", 0, FAKE_REFUSE, BP_EIO, "refused: 'error: not now'"},
	{"refused", 1, FAKE_REFUSE, BP_EIO, "-221,\"Settings conflict\""},
	{"refused", 3, FAKE_REFUSE, BP_EIO, "status 500 'Invalid request'"},
	{"output does not follow", 1, FAKE_STUCK, BP_EIO, "its output stays off"},
};

/* On, within so many tries that only time itself can spoil. */
static void recovers(void)
{
	int rc = BP_ETIMEOUT;

	for (int i = 0; i < 20 && rc == BP_ETIMEOUT; i++) {
		assert_int_equal(fake_power_quiet(&rig.fake), 0);
		rc = power.ops->on(power.self, &err);
	}
	if (rc)
		fail_msg("%s", err.text);
}

static void one_fault(unsigned peer, size_t fault)
{
	uint64_t start;
	int rc;

	begin(NULL);
	assert_int_equal(fake_power_start(&rig.fake, peers[peer].kind, rig.folder), 0);
	snprintf(rig.yaml, sizeof(rig.yaml), peers[peer].yaml, *rig.fake.port ? rig.fake.port : rig.fake.path,
		 faults[fault].code == BP_ETIMEOUT ? TIMES_OUT : ENOUGH);
	open_power(peers[peer].driver);
	print_message("%s: %s\n", peers[peer].name, faults[fault].name);
	rig.fake.state->mode = (int)faults[fault].mode;
	start = now_ms();
	rc = power.ops->on(power.self, &err);
	assert_in_range(now_ms() - start, 0, HANGS_MS);
	assert_int_equal(rc, faults[fault].code);
	if (rc) {
		print_message("  %s\n", err.text);
		assert_non_null(strstr(err.text, faults[fault].says));
		assert_memory_equal(err.text, "board left: ", 12);
		assert_int_equal(err.text[strlen(err.text) - 1], '?'); /* it ends with what to look at */
	}
	/* Once it behaves again, so does the driver; nothing late is taken for an answer. */
	assert_int_equal(fake_power_quiet(&rig.fake), 0);
	rig.fake.state->mode = FAKE_OK;
	if (faults[fault].code == BP_ETIMEOUT) /* a machine that stood still for its timeout is no fault of the driver's */
		recovers();
	else
		assert_int_equal(power.ops->on(power.self, &err), 0);
	assert_int_equal(rig.fake.state->on, 1);
	end(NULL);
}

static void peers_that_misbehave(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		for (unsigned peer = 0; peer < ALL; peer++)
			if (faults[i].peer == ALL || faults[i].peer == peer)
				one_fault(peer, i);
}

/* A peer that was started anew in the meantime is called again. */
static void a_peer_that_was_away(void **state)
{
	(void)state;
	for (unsigned peer = 0; peer < ALL; peer += 3) { /* at an address of its own: the socket */
		if (peers[peer].kind != FAKE_SOCKET)
			continue;
		assert_int_equal(fake_power_start(&rig.fake, FAKE_SOCKET, rig.folder), 0);
		snprintf(rig.yaml, sizeof(rig.yaml), peers[peer].yaml, rig.fake.path, ENOUGH);
		open_power("socket");
		assert_int_equal(power.ops->on(power.self, &err), 0);
		fake_power_stop(&rig.fake);
		assert_int_equal(power.ops->on(power.self, &err), BP_EIO);
		assert_non_null(strstr(err.text, "board serve"));
		assert_int_equal(fake_power_start(&rig.fake, FAKE_SOCKET, rig.folder), 0);
		assert_int_equal(power.ops->on(power.self, &err), 0);
		assert_int_equal(rig.fake.state->on, 1);
		fake_power_stop(&rig.fake);
		assert_int_equal(fake_power_start(&rig.fake, FAKE_SOCKET, rig.folder), 0);
		assert_int_equal(power.ops->off(power.self, &err), 0);
	}
}

/* ---- commands that fail ---------------------------------------------------------------------------- */

static const struct {
	const char *name, *script;
	int code;
	const char *says;
} commands[] = {
	{"status and stderr", "echo relay board missing >&2; exit 3", BP_EIO, "ended with status 3: relay board missing"},
	{"silent failure", "exit 1", BP_EIO, "status 1: it said nothing on stderr"},
	{"ended by a signal", "kill -SEGV $$", BP_EIO, "killed by signal 11"},
	{"stall", "echo $$ >pid; echo waiting for the relay >&2; sleep 60 & wait", BP_ETIMEOUT,
	 "did not end and was killed after"},
	{"noise on stderr", "printf '\\001\\033[2Jx' >&2; exit 1", BP_EIO, "status 1:   [2Jx"},
	{"flood on stderr", "head -c 200000 /dev/zero | tr '\\0' x >&2; exit 1", BP_EIO, "status 1: xxxx"},
	{"flood on stdout is no matter", "head -c 200000 /dev/zero", 0, NULL},
	{"leaves a child behind that holds stderr", "sleep 28 & exit 0", 0, NULL},
};

static void one_command(size_t i)
{
	char path[100], said[16] = "";
	uint64_t start;
	FILE *f;
	int rc;

	begin(NULL);
	snprintf(path, sizeof(path), "%s/relay", rig.folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\ncd %s\n[ \"$1\" = off ] && exit 0\n%s\n", rig.folder, commands[i].script);
	assert_int_equal(fchmod(fileno(f), 0755), 0);
	fclose(f);
	snprintf(rig.yaml, sizeof(rig.yaml), "on: [%s, on]\noff: [%s, off]\ntimeout: %s\n", path, path,
		 commands[i].code == BP_ETIMEOUT ? TIMES_OUT : ENOUGH);
	open_power("exec");
	print_message("exec: %s\n", commands[i].name);
	start = now_ms();
	rc = power.ops->on(power.self, &err);
	assert_in_range(now_ms() - start, 0, HANGS_MS);
	assert_int_equal(rc, commands[i].code);
	if (rc) {
		print_message("  %.120s\n", err.text);
		assert_non_null(strstr(err.text, commands[i].says));
		assert_non_null(strstr(err.text, "board left: power command"));
	}
	snprintf(path, sizeof(path), "%s/pid", rig.folder);
	f = fopen(path, "r");
	if (f) { /* killed, and reaped */
		assert_non_null(fgets(said, sizeof(said), f));
		fclose(f);
		assert_int_equal(kill(atoi(said), 0), -1);
	}
	end(NULL);
}

static void commands_that_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		one_command(i);
}

/* ---- nobody there, and maps that are wrong ---------------------------------------------------------------- */

static const struct {
	const char *driver, *yaml;
	int code;
	const char *says, *too;
} maps[] = {
	{"exec", "on: [/bin/true]\n", BP_ECONFIG, "missing 'off'", "switches the board off"},
	{"exec", "on: /bin/true\noff: [/bin/true]\n", BP_ECONFIG, "expected a list", "bench.yaml:1"},
	{"exec", "on: []\noff: [/bin/true]\n", BP_ECONFIG, "a command and its arguments", NULL},
	{"exec", "on: [/no/such/relay]\noff: [no-such-relay]\n", BP_ECONFIG, "no program '/no/such/relay'", "no program 'no-such-relay'"},
	{"exec", "on: [true]\noff: [true]\ntimeout: 2\n", BP_ECONFIG, "timeout", "unit"},
	{"socket", "path: /no/such/socket\n", BP_EIO, "board left: power socket /no/such/socket", "is 'brickproof board serve' running"},
	{"socket", "{}\n", BP_ECONFIG, "missing 'path'", NULL},
	{"scpi", "serial: /dev/no-such-port\n", BP_EIO, "board left: supply on /dev/no-such-port", "plugged in"},
	{"scpi", "serial: /dev/null\n", BP_EIO, "/dev/null", "serial port"},
	{"scpi", "tcp: 127.0.0.1:1\n", BP_EIO, "board left: supply at 127.0.0.1:1", "refused"},
	{"scpi", "tcp: 127.0.0.1\n", BP_ECONFIG, "HOST:PORT", NULL},
	{"scpi", "tcp: \"127.0.0.1:0\"\n", BP_ECONFIG, "port", "1 to 65535"},
	{"scpi", "tcp: \"[::1]:\"\n", BP_ECONFIG, "port", NULL},
	{"scpi", "baud: 9600\n", BP_ECONFIG, "needs 'serial: PATH' or 'tcp: HOST:PORT'", NULL},
	{"scpi", "serial: /dev/ttyS0\nbaud: 1234\n", BP_ECONFIG, "9600", NULL},
	{"scpi", "serial: /dev/ttyS0\nlevel: VOLT\n", BP_ECONFIG, "{v}", NULL},
	{"pdudaemon", "daemon: 127.0.0.1:1\nhostname: x\nport: 1\n", BP_EIO, "board left: pdudaemon 127.0.0.1:1", "\"listener\": \"http\""},
	{"pdudaemon", "daemon: 127.0.0.1:1\nhostname: x\n", BP_ECONFIG, "missing 'port'", NULL},
	{"pdudaemon", "daemon: 127.0.0.1:1\nalias: x\nport: 1\n", BP_ECONFIG, "'alias' stands for", NULL},
	{"ftdi", "serial: NO-SUCH-CHIP\nchannel: 1\n", BP_EIO, "board left: FTDI chip NO-SUCH-CHIP bit 0", "not"},
	{"ftdi", "channel: 1\n", BP_ECONFIG, "needs 'serial'", NULL},
	{"ftdi", "serial: x\n", BP_ECONFIG, "'channel' (from 1) or 'bit' (from 0)", NULL},
	{"ftdi", "serial: x\nchannel: 1\nbit: 0\n", BP_ECONFIG, "not both", NULL},
	{"ftdi", "serial: x\nbit: 8\n", BP_ECONFIG, "0 to 7", NULL},
	{"ftdi", "serial: x\nbit: 4\nmode: cbus\n", BP_ECONFIG, "0 to 3", NULL},
	{"ftdi", "serial: x\nbit: 3\noutputs: 0x7\n", BP_ECONFIG, "bit 3", "outputs"},
	{"ftdi", "serial: x\nbit: 3\nusb: 0403-6001\n", BP_ECONFIG, "VENDOR:PRODUCT", NULL},
	{"ftdi", "serial: x\nbit: 3\nactive: lo\n", BP_ECONFIG, "'low'", NULL},
	{"ftdi", "serial: x\nbit: 3\nserail: y\n", BP_ECONFIG, "serail", "serial"},
	{"gpio", "chip: no-such-chip\nline: 3\n", BP_EIO, "board left: power", "GPIO chip"},
	{"gpio", "chip: no-such-chip\nusb-serial: A1\nline: 3\n", BP_EIO, "board left: power", "GPIO chip"},
	{"gpio", "line: 3\n", BP_ECONFIG, "needs the key 'chip'", NULL},
	{"gpio", "chip: x\n", BP_ECONFIG, "missing 'line'", NULL},
	{"usbhub", "hub: \"98-1.4\"\nport: 2\n", BP_EIO, "board left: ", "98-1.4"},
	{"usbhub", "hub: 1.4\nport: 2\n", BP_ECONFIG, "BUS-PORT", NULL},
	{"usbhub", "hub: \"1-1.4\"\nport: 0\n", BP_ECONFIG, "port", "1 to 255"},
	{"usbhub", "hub: \"1-1.4\"\nport: 1\ncompanion: some\n", BP_ECONFIG, "BUS-PORT", NULL},
	{"usbhub", "port: 1\n", BP_ECONFIG, "missing 'hub'", NULL},
};

static void maps_that_are_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		int rc;

		snprintf(rig.yaml, sizeof(rig.yaml), "%s", maps[i].yaml);
		rc = contract_open(&rig, maps[i].driver, &power, &err);
		if (rc != maps[i].code || !strstr(err.text, maps[i].says) || (maps[i].too && !strstr(err.text, maps[i].too)))
			fail_msg("%s: %s: %d: %s", maps[i].driver, maps[i].yaml, rc, rc ? err.text : "opened");
		print_message("%s\n", err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_that_misbehave),
		cmocka_unit_test_setup_teardown(a_peer_that_was_away, begin, end),
		cmocka_unit_test(commands_that_fail),
		cmocka_unit_test_setup_teardown(maps_that_are_wrong, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
