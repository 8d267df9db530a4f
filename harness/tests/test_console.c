/* SPDX-License-Identifier: Apache-2.0 */
/* The consoles' contract, against each driver with a real counterpart; telnet; what goes wrong on opening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <grp.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "contract_console.h"
#include "tiny_board.h"

#define MS BP_NS_PER_MS
#define BURST 10240u
#define NOBODY 65534

static struct console_contract c;

static void begin(void **state, const char *extra)
{
	const struct console_peer *peer = *state;
	const char *why = console_begin(&c, peer, extra);

	if (why) {
		print_message("skipped, %s: %s\n", peer->name, why);
		console_end(&c);
		skip();
	}
	assert_non_null(c.console.ops);
}

/* Read until there are want bytes, or limit_ns of the board's time is over: how many came. */
static size_t read_for(uint8_t *buf, size_t want, uint64_t limit_ns)
{
	uint64_t until_ns = bp_world_now(&c.world) + limit_ns, at_ns = 0, last_ns = 0;
	struct bp_err err = {0};
	size_t n = 0;

	while (n < want && bp_world_now(&c.world) < until_ns) {
		int rc = c.console.ops->read(c.console.self, buf + n, want - n, &at_ns, &err);

		if (rc < 0)
			fail_msg("%s", err.text);
		n += (size_t)rc;
		if (rc) {
			assert_true(at_ns >= last_ns && at_ns <= bp_world_now(&c.world));
			last_ns = at_ns;
		} else {
			rc = bp_world_wait(&c.world, bp_world_now(&c.world) + MS, &err);
			assert_true(rc >= 0);
		}
	}
	return n;
}

/* What the driver sends arrives at the other side: want bytes of it. */
static void hear(uint8_t *buf, size_t want)
{
	uint64_t deadline_ns = bp_deadline_in(5000 * MS), at_ns;
	struct bp_err err = {0};
	uint8_t drop[64];
	size_t n = 0;

	while (n < want && !bp_deadline_passed(deadline_ns)) {
		console_hear(&c, buf, want, &n);
		/* A queue is sent on from within read(). */
		assert_true(c.console.ops->read(c.console.self, drop, sizeof(drop), &at_ns, &err) >= 0);
		if (n < want)
			bp_world_wait(&c.world, bp_world_now(&c.world) + MS / 5, &err);
	}
	assert_int_equal(n, want);
}

/* ---- the contract ---------------------------------------------------------------------------- */

static void silence(void **state)
{
	uint64_t at_ns = 77, before;
	struct bp_err err;
	uint8_t byte;

	begin(state, "");
	assert_int_equal(c.console.ops->read(c.console.self, &byte, 1, &at_ns, &err), 0);
	before = bp_world_now(&c.world);
	assert_int_equal(read_for(&byte, 1, 20 * MS), 0);
	assert_true(bp_world_now(&c.world) >= before + 20 * MS);
	console_end(&c);
}

static void every_byte_both_ways(void **state)
{
	uint8_t sent[512], got[512];
	struct bp_err err;

	begin(state, "");
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i < 256 ? i : 511 - i);
	if (c.peer->config) {
		assert_int_equal(c.console.ops->write(c.console.self, sent, sizeof(sent), &err), 0);
		hear(got, sizeof(got));
		assert_memory_equal(got, sent, sizeof(sent));
	}
	console_say(&c, sent, sizeof(sent));
	assert_int_equal(read_for(got, sizeof(got), 2000 * MS), sizeof(got));
	assert_memory_equal(got, sent, sizeof(sent));
	console_end(&c);
}

static void burst(void **state)
{
	static uint8_t sent[BURST], got[BURST];
	struct bp_err err;
	struct bp_rng rng;
	size_t part = 1024;

	begin(state, "");
	bp_rng_seed(&rng, &(uint64_t){7}, 1);
	bp_rng_fill(&rng, sent, sizeof(sent));
	if (c.peer->config) {
		assert_int_equal(c.console.ops->write(c.console.self, sent, sizeof(sent), &err), 0);
		hear(got, sizeof(got));
		assert_memory_equal(got, sent, sizeof(sent));
	}
	for (size_t at = 0; at < sizeof(sent); at += part) {
		console_say(&c, sent + at, part);
		assert_int_equal(read_for(got + at, part, 2000 * MS), part);
	}
	assert_memory_equal(got, sent, sizeof(sent));
	console_end(&c);
}

static void slow_bytes_have_their_own_times(void **state)
{
	begin(state, "");
	for (unsigned i = 0; i < 10; i++) {
		uint64_t before = bp_world_now(&c.world), at_ns = 0;
		uint8_t byte = 0;
		struct bp_err err;
		int rc = 0;

		console_say(&c, &(uint8_t){(uint8_t)('a' + i)}, 1);
		while (!rc && bp_world_now(&c.world) < before + 1000 * MS) {
			bp_world_wait(&c.world, before + 1000 * MS, &err);
			rc = c.console.ops->read(c.console.self, &byte, 1, &at_ns, &err);
		}
		assert_int_equal(rc, 1);
		assert_int_equal(byte, 'a' + i);
		assert_true(at_ns >= before && at_ns <= bp_world_now(&c.world));
		assert_int_equal(read_for(&byte, 1, 2 * MS), 0);
	}
	console_end(&c);
}

static char heard[256];

static void on_text(void *ctx, uint64_t at_ns, const char *line, size_t len)
{
	(void)ctx;
	(void)at_ns;
	snprintf(heard, sizeof(heard), "%.*s", (int)len, line);
}

/* Half a line is no line; garbage is none that harms the next. */
static void lines(void **state)
{
	uint8_t garbage[300];
	struct bp_wire wire;
	struct bp_rng rng;
	struct bp_err err;
	int rc;

	begin(state, "");
	bp_wire_init(&wire, &c.world, &c.console, NULL);
	wire.on_text = on_text;
	console_say(&c, "app: ", 5);
	assert_int_equal(bp_wire_next(&wire, bp_world_now(&c.world) + 20 * MS, &err), BP_WIRE_TIME);
	console_say(&c, "up\n", 3);
	assert_int_equal(bp_wire_next(&wire, bp_world_now(&c.world) + 1000 * MS, &err), BP_WIRE_TEXT);
	assert_string_equal(heard, "app: up");
	bp_rng_seed(&rng, &(uint64_t){3}, 1);
	bp_rng_fill(&rng, garbage, sizeof(garbage));
	console_say(&c, garbage, sizeof(garbage));
	console_say(&c, "\nboot: cause\n", 13);
	do {
		rc = bp_wire_next(&wire, bp_world_now(&c.world) + 1000 * MS, &err);
		assert_true(rc == BP_WIRE_TEXT || rc == BP_WIRE_BAD || rc == BP_WIRE_MESSAGE);
	} while (rc != BP_WIRE_TEXT || strcmp(heard, "boot: cause") != 0);
	console_end(&c);
}

/* ---- the port goes and comes ------------------------------------------------------------------ */

static void need_vanish(void **state)
{
	const struct console_peer *peer = *state;

	if (!peer->vanish)
		skip();
}

/* The other side has noticed, and so has the driver. */
static void let_vanish(void)
{
	uint64_t deadline_ns, at_ns;
	short events;
	uint8_t byte;

	c.peer->vanish(&c);
	deadline_ns = bp_deadline_in(2000 * MS);
	do
		read_for(&byte, 1, 2 * MS);
	while (c.console.ops->poll(c.console.self, &events, &at_ns) >= 0 && !bp_deadline_passed(deadline_ns));
	assert_true(at_ns != BP_NEVER);
}

static void vanish_and_return(void **state)
{
	struct bp_err err = {0};
	uint8_t got[8], byte;
	int rc;

	need_vanish(state);
	begin(state, "");
	for (unsigned i = 0; i < 3; i++) {
		uint64_t deadline_ns;

		let_vanish();
		assert_int_equal(c.console.ops->write(c.console.self, (const uint8_t *)"x", 1, &err), BP_EIO);
		assert_non_null(strstr(err.text, "board bench-1: console "));
		c.peer->come_back(&c);
		deadline_ns = bp_deadline_in(3000 * MS);
		do {
			read_for(&byte, 1, 5 * MS);
			rc = c.console.ops->write(c.console.self, (const uint8_t *)"ping", 4, &err);
		} while (rc && !bp_deadline_passed(deadline_ns));
		assert_int_equal(rc, 0);
		hear(got, 4);
		assert_memory_equal(got, "ping", 4);
		console_say(&c, "pong", 4);
		assert_int_equal(read_for(got, 4, 2000 * MS), 4);
		assert_memory_equal(got, "pong", 4);
		assert_true(c.console.ops->losses(c.console.self) >= i + 1);
	}
	console_end(&c);
}

static void vanish_for_good(void **state)
{
	uint64_t began, at_ns;
	struct bp_err err = {0};
	uint8_t byte;
	int rc = 0;

	need_vanish(state);
	begin(state, ", patience: 300 ms");
	c.peer->vanish(&c);
	began = bp_clock_ns();
	while (!rc && bp_clock_ns() < began + 5000 * MS) {
		bp_world_wait(&c.world, bp_clock_ns() + 50 * MS, &err);
		rc = c.console.ops->read(c.console.self, &byte, 1, &at_ns, &err);
	}
	assert_int_equal(rc, BP_EIO);
	assert_true(bp_clock_ns() - began < 3000 * MS);
	assert_non_null(strstr(err.text, "board bench-1: console "));
	assert_non_null(strstr(err.text, " is gone since "));
	console_end(&c);
}

/* A port that the board itself offers: gone is no trouble, and what is sent then is heard by nobody. */
static void gone_with_the_power(void **state)
{
	struct bp_err err;
	uint8_t byte;

	need_vanish(state);
	begin(state, ", patience: 1 ms, with-power: true");
	let_vanish();
	assert_int_equal(c.console.ops->write(c.console.self, (const uint8_t *)"x", 1, &err), 0);
	assert_int_equal(read_for(&byte, 1, 50 * MS), 0);
	assert_int_equal(c.console.ops->losses(c.console.self), 0);
	console_end(&c);
}

/* A port that takes nothing: no call blocks, and in the end there is an error. */
static void stall(void **state)
{
	static const uint8_t block[4096];
	struct bp_err err = {0};
	uint64_t at_ns, longest = 0;
	uint8_t byte;
	int rc = 0;

	need_vanish(state);
	begin(state, "");
	for (unsigned i = 0; i < 20000 && !rc; i++) {
		uint64_t began = bp_clock_ns();

		rc = c.console.ops->write(c.console.self, block, sizeof(block), &err);
		longest = bp_clock_ns() - began > longest ? bp_clock_ns() - began : longest;
		if (!rc)
			assert_true(c.console.ops->read(c.console.self, &byte, 1, &at_ns, &err) >= 0);
	}
	assert_int_equal(rc, BP_EIO);
	assert_non_null(strstr(err.text, "board bench-1: console "));
	assert_non_null(strstr(err.text, "takes no more bytes"));
	assert_true(longest < 500 * MS);
	console_end(&c);
}

/* An FTDI chip is told to hand on what it has after 1 ms and not after 16: BP_TTY_LATENCY prints what it was told. */
static void latency(void **state)
{
	char text[16] = "";
	FILE *f;

	begin(state, "");
	assert_null(c.console.ops->note(c.console.self));
	assert_non_null(getenv("BP_TTY_LATENCY"));
	f = popen(getenv("BP_TTY_LATENCY"), "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	pclose(f);
	assert_int_equal(strtol(text, NULL, 10), 1);
	console_end(&c);
}

/* ---- opening ------------------------------------------------------------------------------------- */

static int fresh(void **state)
{
	(void)state;
	memset(&c, 0, sizeof(c));
	c.arena = bp_arena_new((size_t)1 << 20);
	return c.arena ? 0 : -1;
}

static int done(void **state)
{
	(void)state;
	bp_arena_free(c.arena);
	return 0;
}

static const struct {
	const struct bp_console_ops *ops;
	const char *yaml;
	int code;
	const char *text;
} bad[] = {
	{&bp_console_serial_ops, "{path: /tmp/no/such/port}", BP_EIO,
	 "board bench-1: console /tmp/no/such/port cannot be opened: /tmp/no/such/port is not there: is it plugged in?"},
	{&bp_console_serial_ops, "{path: /dev/null}", BP_EIO, "/dev/null is no serial port"},
	{&bp_console_serial_ops, "{path: /tmp}", BP_EIO, "board bench-1: console /tmp cannot be opened: "},
	{&bp_console_serial_ops, "{usb-serial: no-such-thing}", BP_EIO,
	 "no serial port of a USB device with serial number no-such-thing is there"},
	{&bp_console_serial_ops, "{baud: 9600}", BP_ECONFIG, "a serial console has a 'path' or a 'usb-serial'; expected one of the two"},
	{&bp_console_serial_ops, "{path: /dev/x, usb-serial: y}", BP_ECONFIG, "expected one of the two"},
	{&bp_console_serial_ops, "{path: /dev/x, interface: 1}", BP_ECONFIG, "'interface' goes with 'usb-serial'"},
	{&bp_console_serial_ops, "{path: ''}", BP_ECONFIG, "this is empty; expected the path of a serial port"},
	{&bp_console_serial_ops, "{path: /dev/x, boud: 9600}", BP_ECONFIG, "boud"},
	{&bp_console_serial_ops, "{path: /dev/x, baud: 0}", BP_ECONFIG, "'baud' is 0"},
	{&bp_console_serial_ops, "{path: /dev/x, patience: 3}", BP_ECONFIG, "patience"},
	{&bp_console_tcp_ops, "{}", BP_ECONFIG, "address"},
	{&bp_console_tcp_ops, "{address: localhost}", BP_ECONFIG, "'localhost' is no address; expected HOST:PORT or [IPV6]:PORT"},
	{&bp_console_tcp_ops, "{address: '::1:80'}", BP_ECONFIG, "is no address"},
	{&bp_console_tcp_ops, "{address: 'host:0'}", BP_ECONFIG, "is no address"},
	{&bp_console_tcp_ops, "{address: 'host:65536'}", BP_ECONFIG, "is no address"},
	{&bp_console_tcp_ops, "{address: '-s:1'}", BP_ECONFIG, "is no address"},
	{&bp_console_tcp_ops, "{address: '127.0.0.1:1', baud: 9600}", BP_ECONFIG, "baud"},
	{&bp_console_tcp_ops, "{address: '127.0.0.1:1'}", BP_EIO,
	 "board bench-1: console 127.0.0.1:1 cannot be opened: Connection refused"},
	{&bp_console_rfc2217_ops, "{address: 'localhost:1'}", BP_EIO,
	 "board bench-1: console localhost:1 cannot be opened: Connection refused"},
	{&bp_console_rfc2217_ops, "{address: '127.0.0.1:1', parity: some}", BP_ECONFIG, "parity"},
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bp_err err = {0};
		int rc = console_open(&c, bad[i].ops, bad[i].yaml, &err);

		if (rc != bad[i].code || !strstr(err.text, bad[i].text))
			fail_msg("%s: %d: %s", bad[i].yaml, rc, err.text);
	}
}

static void no_permission(void **state)
{
	int master, slave, rc;
	struct bp_err err = {0};
	const struct group *tty = getgrnam("tty");
	char name[64], yaml[96];

	(void)state;
	assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
	if (!tty || (!getuid() && chown(name, 0, tty->gr_gid)))
		skip();
	assert_int_equal(chmod(name, 0), 0);
	snprintf(yaml, sizeof(yaml), "{path: %s}", name);
	if (!getuid() && seteuid(NOBODY))
		skip();
	rc = console_open(&c, &bp_console_serial_ops, yaml, &err);
	if (!getuid())
		assert_int_equal(seteuid(0), 0);
	close(master);
	close(slave);
	assert_int_equal(rc, BP_EIO);
	assert_non_null(strstr(err.text, "no permission for /dev/pts/"));
	assert_non_null(strstr(err.text, "usermod -aG tty $USER"));
	assert_non_null(strstr(err.text, "60-brickproof.rules"));
}

/* ---- telnet --------------------------------------------------------------------------------------- */

static uint8_t said[512];
static size_t n_said;

static int note(void *ctx, const uint8_t *bytes, size_t len, struct bp_err *err)
{
	(void)ctx;
	(void)err;
	assert_true(n_said + len <= sizeof(said));
	memcpy(said + n_said, bytes, len);
	n_said += len;
	return 0;
}

struct telnet_row {
	const char *name;
	const char *in;
	size_t in_len;
	int rc;                 /* bytes kept, or a code */
	const char *kept;       /* or what the error says */
	const char *out;        /* what is answered */
	size_t out_len;
	bool agreed, held;
};

#define IN(s) s, sizeof(s) - 1
#define SETTINGS \
	"\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0" "\xff\xfa\x2c\x02\x08\xff\xf0" "\xff\xfa\x2c\x03\x01\xff\xf0" \
	"\xff\xfa\x2c\x04\x01\xff\xf0" "\xff\xfa\x2c\x05\x01\xff\xf0"
#define SPEED "\xff\xfa\x2c\x65\x00\x01\xc2\x00\xff\xf0"
#define FORMAT "\xff\xfa\x2c\x66\x08\xff\xf0" "\xff\xfa\x2c\x67\x01\xff\xf0" "\xff\xfa\x2c\x68\x01\xff\xf0"

static const struct telnet_row telnet_rows[] = {
	{"plain bytes", IN("abc"), 3, "abc", IN(""), false, false},
	{"a doubled IAC is a byte", IN("a\xff\xff" "b"), 3, "a\xff" "b", IN(""), false, false},
	{"commands are dropped", IN("a\xff\xf1" "b\xff\xf9"), 2, "ab", IN(""), false, false},
	{"COM-PORT: the settings follow", IN("\xff\xfd\x2c"), 0, "", IN(SETTINGS), false, false},
	{"COM-PORT agreed twice: once is enough", IN("\xff\xfd\x2c\xff\xfd\x2c"), 0, "", IN(SETTINGS), false, false},
	{"COM-PORT refused", IN("\xff\xfe\x2c"), BP_EREFUSED, "the server does not do RFC 2217", IN(""), false, false},
	{"COM-PORT withdrawn", IN("\xff\xfd\x2c\xff\xfe\x2c"), BP_EREFUSED, "does not do RFC 2217", IN(SETTINGS), false, false},
	{"all settings in force", IN("\xff\xfd\x2c" SPEED FORMAT "x"), 1, "x", IN(SETTINGS), true, false},
	{"one is missing", IN("\xff\xfd\x2c" FORMAT), 0, "", IN(SETTINGS), false, false},
	{"another speed", IN("\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0"), BP_EREFUSED, "has set the baud rate to 9600, not 115200", IN(""),
	 false, false},
	{"another parity", IN("\xff\xfa\x2c\x67\x02\xff\xf0"), BP_EREFUSED, "has set the parity to 2, not 1", IN(""), false, false},
	{"a speed cut short", IN("\xff\xfa\x2c\x65\x00\x01\xff\xf0"), BP_EPROTO, "about the baud rate is cut short", IN(""), false, false},
	{"an answer to what was asked is not answered", IN("\xff\xfd\x00\xff\xfb\x00\xff\xfd\x03\xff\xfb\x03"), 0, "", IN(""), false, false},
	{"a wish of the server's is", IN("\xff\xfb\x01\xff\xfd\x18"), 0, "", IN("\xff\xfe\x01\xff\xfc\x18"), false, false},
	{"suspend", IN("\xff\xfa\x2c\x6c\xff\xf0"), 0, "", IN(""), false, true},
	{"suspend and resume", IN("\xff\xfa\x2c\x6c\xff\xf0\xff\xfa\x2c\x6d\xff\xf0"), 0, "", IN(""), false, false},
	{"other subnegotiations", IN("\xff\xfa\x18\x01\xff\xf0" "a"), 1, "a", IN(""), false, false},
	{"modem state", IN("\xff\xfa\x2c\x6b\xff\xff\xff\xf0" "a"), 1, "a", IN(""), false, false},
};

/* step bytes at a time. */
static void telnet_row(const struct telnet_row *row, size_t step)
{
	struct bp_telnet t = {.want = {115200, 8, 1, 1}, .send = note};
	struct bp_err err = {0};
	uint8_t kept[64];
	int total = 0, rc;

	assert_int_equal(bp_telnet_begin(&t, &err), 0);
	n_said = 0;
	for (size_t at = 0; at < row->in_len && total >= 0; at += step) {
		size_t n = row->in_len - at < step ? row->in_len - at : step;
		uint8_t buf[64];

		memcpy(buf, row->in + at, n);
		rc = bp_telnet_feed(&t, buf, n, &err);
		if (rc > 0)
			memcpy(kept + total, buf, (size_t)rc);
		total = rc < 0 ? rc : total + rc;
	}
	if (total != row->rc || t.agreed != row->agreed || t.held != row->held || n_said != row->out_len)
		fail_msg("%s, by %zu: %d, agreed %d, held %d, %zu said: %s", row->name, step, total, t.agreed, t.held, n_said, err.text);
	assert_memory_equal(said, row->out, n_said);
	if (total >= 0)
		assert_memory_equal(kept, row->kept, (size_t)total);
	else
		assert_non_null(strstr(err.text, row->kept));
}

static void telnet(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(telnet_rows) / sizeof(telnet_rows[0]); i++) {
		telnet_row(&telnet_rows[i], 64);
		telnet_row(&telnet_rows[i], 3);
		telnet_row(&telnet_rows[i], 1);
	}
}

static void escape(void **state)
{
	uint8_t out[8];

	(void)state;
	assert_int_equal(bp_telnet_escape(out, (const uint8_t *)"a\xff\xff" "b", 4), 6);
	assert_memory_equal(out, "a\xff\xff\xff\xff" "b", 6);
	assert_int_equal(bp_telnet_escape(out, NULL, 0), 0);
}

/* A long burst of bytes that must all be doubled fits the queue, and comes out whole. */
static void all_iac(void **state)
{
	uint8_t sent[6000], got[6000];
	struct bp_err err;

	begin(state, "");
	memset(sent, 0xff, sizeof(sent));
	assert_int_equal(c.console.ops->write(c.console.self, sent, sizeof(sent), &err), 0);
	hear(got, sizeof(got));
	assert_memory_equal(got, sent, sizeof(sent));
	console_end(&c);
}

#define EACH(test) \
	{"virtual: " #test, test, NULL, NULL, (void *)(uintptr_t)&console_peers[0]}, \
	{"serial: " #test, test, NULL, NULL, (void *)(uintptr_t)&console_peers[1]}, \
	{"tcp: " #test, test, NULL, NULL, (void *)(uintptr_t)&console_peers[2]}, \
	{"rfc2217: " #test, test, NULL, NULL, (void *)(uintptr_t)&console_peers[3]}, \
	{"rfc2217, ser2net: " #test, test, NULL, NULL, (void *)(uintptr_t)&console_peers[4]}, USB(test)
#define USB(test) {"usb: " #test, test, NULL, NULL, (void *)(uintptr_t)&console_peers[5]}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		EACH(silence), EACH(every_byte_both_ways), EACH(burst), EACH(slow_bytes_have_their_own_times), EACH(lines),
		EACH(vanish_and_return), EACH(vanish_for_good), EACH(gone_with_the_power), EACH(stall), USB(latency),
		{"rfc2217: all_iac", all_iac, NULL, NULL, (void *)(uintptr_t)&console_peers[3]},
		cmocka_unit_test_setup_teardown(refused, fresh, done),
		cmocka_unit_test_setup_teardown(no_permission, fresh, done),
		cmocka_unit_test(telnet), cmocka_unit_test(escape),
	};

	if (tiny_catch())
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (argc > 2)
		cmocka_set_skip_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
