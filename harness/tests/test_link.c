/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links' contract: on the virtual board, and on served ones behind a serial
 * port, a second one, TCP, a command, and the real OpenOCD. What goes wrong with
 * the other end of SMP, and with a user's command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "bench/link_parts.h"
#include "bench/real.h"
#include "bench/virtual.h"
#include "cmd/serve.h"
#include "contract_console.h"
#include "contract_link.h"
#include "tiny_board.h"

#define MS BP_NS_PER_MS
#define PRODUCT "fixtures/products/small.yaml"
#define FIRMWARE "build/firmware/reference.so"
#define REQUEST "harness/tests/request_trial.pl"
#define STATES "'0x4800', '0x4c00'" /* of product small */

static struct bp_arena *arena;
static struct bp_product *product;
static struct bp_err err;

/* ---- boards --------------------------------------------------------------------------------- */

static pid_t server;
static char dir[48];
static struct bp_real *real;
static struct bp_virtual *virtual;

static int begin(void **state)
{
	(void)state;
	arena = bp_arena_new((size_t)512 << 20);
	if (!arena || bp_product_read(arena, PRODUCT, &product, &err))
		return -1;
	server = 0;
	real = NULL;
	virtual = NULL;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	bp_real_close(real);
	bp_virtual_close(virtual);
	if (server > 0) {
		kill(server, SIGTERM);
		waitpid(server, NULL, 0);
		rmdir(dir);
	}
	bp_arena_free(arena);
	return 0;
}

static void serve(const char *smp)
{
	struct bp_serve_options o = {.product = PRODUCT, .firmware = "reference", .dir = dir, .decay_ns = UINT64_MAX, .seed = 1,
				     .smp_pty = !strcmp(smp, "pty"), .smp_tcp = !strcmp(smp, "tcp")};
	char ready[64];
	int null;

	snprintf(dir, sizeof(dir), "/tmp/bp-link-XXXXXX");
	assert_non_null(mkdtemp(dir));
	server = fork();
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		if (bp_serve(&o, &err))
			fprintf(stderr, "%s\n", err.text);
		_exit(0);
	}
	snprintf(ready, sizeof(ready), "%s/ready", dir);
	for (unsigned i = 0; i < 1200 && access(ready, F_OK); i++)
		poll(NULL, 0, 50);
	if (access(ready, F_OK))
		fail_msg("the board is not served");
}

/* A number of the ready line. */
static unsigned told(const char *key)
{
	char path[64], *text, *at;
	size_t len;

	snprintf(path, sizeof(path), "%s/ready", dir);
	assert_int_equal(bp_read_file(arena, path, 65536, &text, &len, &err), 0);
	at = strstr(text, key);
	assert_non_null(at);
	return (unsigned)strtoul(strchr(at, ':') + 1, NULL, 10);
}

/* The served board, assembled from a bench file. lines: what its entry has more. */
static void assemble(const char *lines)
{
	char text[2048];
	struct bp_bench *bench;

	snprintf(text, sizeof(text),
		 "bench: b\nboards:\n- name: served\n  product: small\n  power: {driver: socket, path: %s/power}\n"
		 "  console: {driver: serial, path: %s/console, baud: 115200}\n  calibration: {dead: 1.1 ms, jitter: 0.1 ms}\n%s",
		 dir, dir, lines);
	if (bp_bench_parse(arena, "b.yaml", text, strlen(text), &bench, &err) || bp_real_open(arena, &bench->board[0], product, &real, &err))
		fail_msg("%s", err.text);
	bp_real_rewind(real);
}

/* As runs of this suite do without a debug port, nothing is provisioned: a served board has `from` on it. */
#define NO_PROBE "  provision: {command: ['true']}\n"

static struct bp_board *on_console(void)
{
	serve("");
	assemble(NO_PROBE);
	return &real->board;
}

static struct bp_board *on_second_port(void)
{
	char lines[256];

	serve("pty");
	snprintf(lines, sizeof(lines), NO_PROBE "  link: {driver: smp, over: {driver: serial, path: %s/smp, baud: 115200}}\n", dir);
	assemble(lines);
	return &real->board;
}

static struct bp_board *on_tcp(void)
{
	char lines[256];

	serve("tcp");
	snprintf(lines, sizeof(lines), NO_PROBE "  link: {driver: smp, over: {driver: tcp, address: '127.0.0.1:%u'}}\n", told("smp_port"));
	assemble(lines);
	return &real->board;
}

static struct bp_board *by_exec(void)
{
	char lines[512];

	serve("");
	snprintf(lines, sizeof(lines), NO_PROBE "  link: {driver: exec, command: [" REQUEST ", " STATES ", %s/power, '0x2000', '0x3400']}\n", dir);
	assemble(lines);
	return &real->board;
}

static struct bp_board *by_openocd(void)
{
	char lines[768];

	if (access("/usr/bin/openocd", X_OK))
		return NULL;
	serve("");
	snprintf(lines, sizeof(lines),
		 "  elf: %s/board.elf\n  debug: {driver: openocd, interface: %s/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB,"
		 " start: 30 s, answer: 30 s}\n  link: {driver: debug, request: [" REQUEST ", " STATES "]}\n", dir, dir);
	assemble(lines);
	return &real->board;
}

static struct bp_board *open_virtual(void)
{
	const struct bp_bytes *from = &bp_product_artifact(product, "from")->image[0];

	assert_int_equal(bp_virtual_open(arena, product, FIRMWARE, BP_ACCEL_REMEMBER, 1, &virtual, &err), 0);
	bp_flash_load(bp_vboard_flash(virtual->vboard), product->board.dut.area[DUT_AREA_SLOT_A].addr, from->data, (uint32_t)from->len);
	return &virtual->board;
}

/* A link of the bench file's kind on any board; BP_ECONFIG with what is wrong. */
static int open_link(struct bp_board *b, const struct bp_link_ops *ops, const char *yaml)
{
	struct bp_diag d = {.arena = arena};
	struct bp_node *config;

	assert_int_equal(bp_yaml_parse(arena, "b.yaml", yaml, strlen(yaml), &config, &err), 0);
	b->link.ops = ops;
	return ops->open(arena, &d, config, b, &b->link.self, &err) || d.count ? bp_diag_result(&d, &err) : 0;
}

static struct bp_board *virtual_by_debug(void)
{
	struct bp_board *b = open_virtual();

	assert_int_equal(open_link(b, &bp_link_debug_ops, "request: [" REQUEST ", " STATES "]\n"), 0);
	return b;
}

static const struct row {
	const char *name;
	struct bp_board *(*open)(void); /* NULL: it cannot be had here */
} rows[] = {
	{"virtual smp", open_virtual},      {"virtual debug", virtual_by_debug}, {"smp over the console", on_console},
	{"smp over a second port", on_second_port}, {"smp over tcp", on_tcp},   {"exec", by_exec},
	{"debug by openocd", by_openocd},
};

static void contract(void **state)
{
	const struct row *row = *state;
	struct contract_link c = {.name = row->name, .board = row->open()};

	if (!c.board)
		skip();
	assert_non_null(bp_link_drivers[0]);
	contract_link(&c);
}

/* ---- SMP whose other end misbehaves: a pseudo terminal, TCP, telnet ------------------------------- */

static struct console_contract peer;
static struct bp_wire wire;
static struct bp_link_smp smp;

static const uint8_t answer[] = {3, 0, 0, 6, 0, 64, 0, 1, 0xa1, 0x63, 'r', 'u', 'n', 0x00}; /* a status, of sequence number 0 */

static size_t frame(uint8_t *out, size_t cap, uint8_t seq)
{
	uint8_t msg[sizeof(answer)];
	int n;

	memcpy(msg, answer, sizeof(msg));
	msg[6] = seq;
	n = bp_smp_frame(msg, sizeof(msg), out, cap, &err);
	assert_true(n > 0);
	return (size_t)n;
}

static int ask(struct bp_smp_reply *r, uint64_t ns)
{
	return bp_link_smp_ops.status(&smp, bp_world_now(&peer.world) + ns, r, &err);
}

static void connect_peer(void **state)
{
	const struct console_peer *with = *state;
	const char *why = console_begin(&peer, with, "");

	if (why || !with->config) {
		console_end(&peer);
		skip();
	}
	bp_wire_init(&wire, &peer.world, &peer.console, NULL);
	smp = (struct bp_link_smp){.wire = &wire};
}

static void a_peer_that_misbehaves(void **state)
{
	uint8_t bytes[256], heard[512];
	struct bp_smp_reply r;
	size_t n, len = 0;
	uint64_t before;

	connect_peer(state);
	before = bp_world_now(&peer.world);
	assert_int_equal(ask(&r, 50 * MS), BP_ETIMEOUT); /* stall */
	assert_true(bp_world_now(&peer.world) >= before + 50 * MS);
	assert_string_equal(err.text, "no answer from the device");
	n = frame(bytes, sizeof(bytes), 1);
	console_say(&peer, bytes, n / 2); /* half a reply */
	assert_int_equal(ask(&r, 50 * MS), BP_ETIMEOUT);
	console_say(&peer, "\n", 1);
	console_say(&peer, "\x06\x09 not base64 at all\n", 22); /* garbage in a frame's clothes */
	assert_int_equal(ask(&r, 500 * MS), BP_EPROTO);
	assert_int_equal(ask(&r, 500 * MS), BP_EPROTO); /* both were damaged */
	n = frame(bytes, sizeof(bytes), 77); /* an answer to nobody's question, and text: passed over */
	console_say(&peer, "boot: cause\n", 12);
	console_say(&peer, bytes, n);
	n = frame(bytes, sizeof(bytes), 4);
	for (size_t i = 0; i < n; i++) /* slow, but in time */
		console_say(&peer, bytes + i, 1);
	assert_int_equal(ask(&r, 5000 * MS), 0);
	assert_int_equal(r.header.seq, 4);
	console_hear(&peer, heard, sizeof(heard), &len);
	assert_true(len > 0);
	console_end(&peer);
}

/* ---- commands that misbehave ------------------------------------------------------------------------ */

static char noted[256];

static void on_note(void *ctx, const char *line)
{
	(void)ctx;
	snprintf(noted, sizeof(noted), "%s", line);
}

static int deliver(struct bp_board *b)
{
	const struct bp_artifact *to = bp_product_artifact(product, "to");
	struct bp_delivery d = {.artifact = "to", .version = "1.1.0", .manifest = to->manifest_cose, .image = to->image[1], .slot = 1,
				.sha256 = to->sha256[1]};

	return b->link.ops->deliver(b->link.self, &d, &err);
}

static const struct {
	const char *yaml;
	int rc;
	const char *text, *note;
} commands[] = {
	{"command: [sh, -c, 'echo one; printf two; exit 0']\n", 0, "", "one"},
	{"command: [sh, -c, 'echo cannot open port >&2; exit 5']\n", BP_EIO,
	 "board served: update command 'sh': exit status 5: cannot open port; statuses that are the device's doing", "cannot open port"},
	{"command: [sh, -c, 'echo bad signature; exit 3']\nrefused: [2, 3]\n", BP_EREFUSED,
	 "the device refused the update, says 'sh' (status 3): bad signature", "bad signature"},
	{"command: [sh, -c, 'exit 4']\nno-answer: [4]\n", BP_ETIMEOUT, "no answer from the device, says 'sh' (status 4): it said nothing", NULL},
	{"command: [sh, -c, 'echo 10%; exec sleep 60']\ntimeout: 200 ms\n", BP_EIO, "did not end and was killed after 200 ms (timeout): 10%", "10%"},
	{"command: [sh, -c, 'kill -SEGV $$']\n", BP_EIO, "killed by signal 11", NULL},
	{"command: [sh, -c, 'yes & exec sleep 60']\ntimeout: 200 ms\n", BP_EIO, "was killed after 200 ms", "y"},
	{"command: [sh, -c, 'test \"$0 $1 $2\" = \"1.1.0 b to\" && test \"$3\" = \"$BRICKPROOF_IMAGE\" && test -s \"$3\"', '{version}', '{slot}',"
	 " '{artifact}', '{image}']\n", 0, "", NULL},
	{"command: [sh, -c, 'test -s \"$BRICKPROOF_MANIFEST\" && test \"$BRICKPROOF_BOARD$BRICKPROOF_SLOT\" = servedb &&"
	 " test \"$(sha256sum <\"$BRICKPROOF_IMAGE\")\" = \"$BRICKPROOF_SHA256  -\"']\n", 0, "", NULL},
};

static void a_command_that_misbehaves(void **state)
{
	static const struct console_peer *pty;
	struct bp_board b = {.name = "served", .product = product};

	(void)state;
	for (pty = console_peers; !pty->config; pty++)
		;
	assert_null(console_begin(&peer, pty, ""));
	b.world = peer.world;
	bp_wire_init(&b.wire, &peer.world, &peer.console, NULL);
	b.wire.on_note = on_note;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		noted[0] = err.text[0] = '\0';
		if (open_link(&b, &bp_link_exec_ops, commands[i].yaml))
			fail_msg("%s", err.text);
		if (deliver(&b) != commands[i].rc || !strstr(err.text, commands[i].text))
			fail_msg("%s: %s", commands[i].yaml, err.text);
		if (commands[i].note && strcmp(noted, commands[i].note))
			fail_msg("%s: noted '%s'", commands[i].yaml, noted);
	}
	console_end(&peer);
}

/* The board goes off while the command works on it: the device's trouble, at once. */
static void a_cut_within_a_command(void **state)
{
	struct bp_board *b = open_virtual();
	uint64_t before = bp_clock_ns();

	(void)state;
	assert_int_equal(open_link(b, &bp_link_exec_ops, "command: [sleep, '60']\n"), 0);
	assert_int_equal(b->power.ops->on(b->power.self, &err), 0);
	bp_vboard_arm_time(virtual->vboard, 50 * MS);
	assert_int_equal(deliver(b), BP_EPOWER);
	assert_true(bp_clock_ns() < before + 30 * BP_NS_PER_S);
}

static const struct {
	const char *yaml;
	int rc;
	const char *text;
} requests[] = {
	{"request: [sh, -c, 'echo \"# nothing to do\"; echo']\n", 0, ""},
	{"request: [sh, -c, 'echo 0x4800 00ff; echo \"0x4c00 01 \"']\n", 0, ""},
	{"request: [sh, -c, 'echo 0x4800']\n", BP_EIO, "board virtual: request command 'sh' said '0x4800' is no 'ADDRESS HEXBYTES'"},
	{"request: [sh, -c, 'echo here 00']\n", BP_EIO, "'here' is no address"},
	{"request: [sh, -c, 'echo 0x4800 0g']\n", BP_EIO, "at 0x4800: '0g' is no hex"},
	{"request: [sh, -c, 'echo 0x0 00']\n", BP_EIO, "wants 1 bytes at 0x0, which is no place within an area"},
	{"request: [sh, -c, 'echo 0x4bff 0000']\n", BP_EIO, "wants 2 bytes at 0x4bff"},
	{"request: [sh, -c, 'yes 0x4800']\n", BP_EIO, "board virtual: request command"},
	{"request: [sh, -c, 'exit 9']\n", BP_EIO, "request command 'sh' ended with status 9"},
	{"request: [sleep, '60']\ntimeout: 100 ms\n", BP_EIO, "did not end and was killed"},
	{"request: [sh, -c, 'for f in slot-a state-b progress; do test -s $BRICKPROOF_DIR/$f.bin || exit 1; done']\n", 0, ""},
};

static void a_request_that_misbehaves(void **state)
{
	const struct dut_area *state_a = &product->board.dut.area[DUT_AREA_STATE_A];
	struct bp_board *b = open_virtual();
	uint8_t got[2];

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		err.text[0] = '\0';
		if (open_link(b, &bp_link_debug_ops, requests[i].yaml))
			fail_msg("%s", err.text);
		if (deliver(b) != requests[i].rc || !strstr(err.text, requests[i].text))
			fail_msg("%s: %s", requests[i].yaml, err.text);
	}
	assert_int_equal(b->debug.ops->read(b->debug.self, state_a->addr, got, 2, &err), 0);
	assert_true(got[0] == 0 && got[1] == 0xff);
}

static int hung(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *e)
{
	(void)self, (void)addr, (void)buf, (void)len;
	return bp_fail(e, BP_ETIMEOUT, "board virtual: the probe hung");
}

/* The device is off meanwhile: nothing of that is its doing. */
static void a_probe_that_hangs(void **state)
{
	struct bp_board *b = open_virtual();
	const struct bp_debug_ops *good = b->debug.ops;
	struct bp_debug_ops bad = *good;

	(void)state;
	bad.write = hung;
	assert_int_equal(open_link(b, &bp_link_debug_ops, "{}"), 0);
	b->debug.ops = &bad;
	assert_int_equal(deliver(b), BP_EIO);
	b->debug.ops = good;
	assert_int_equal(err.code, BP_EIO);
	assert_string_equal(err.text, "board virtual: the probe hung");
}

/* Words of the product file, from both ends. */
static void words_of_the_product(void **state)
{
	const struct dut_area *slot = &product->board.dut.area[DUT_AREA_SLOT_B], *state_b = &product->board.dut.area[DUT_AREA_STATE_B];
	struct bp_board *b = open_virtual();
	uint8_t got[5];

	(void)state;
	product->n_request = 2;
	product->request[0] = (struct bp_request_words){.area = BP_REQUEST_SLOT, .from_end = true, .at = 4, .bytes = {1, 2, 3, 4}, .n = 4};
	product->request[1] = (struct bp_request_words){.area = DUT_AREA_STATE_B, .at = 8, .bytes = {5}, .n = 1};
	assert_int_equal(open_link(b, &bp_link_debug_ops, "{}\n"), 0);
	assert_int_equal(deliver(b), 0);
	assert_int_equal(b->debug.ops->read(b->debug.self, slot->addr + slot->size - 5, got, 5, &err), 0);
	assert_memory_equal(got, "\xff\x01\x02\x03\x04", 5);
	assert_int_equal(b->debug.ops->read(b->debug.self, state_b->addr + 7, got, 3, &err), 0);
	assert_memory_equal(got, "\xff\x05\xff", 3);
}

static void bad_maps(void **state)
{
	static const struct {
		const struct bp_link_ops *ops;
		const char *yaml, *text;
	} bad[] = {
		{&bp_link_exec_ops, "timeout: 1 s\n", "missing 'command'"},
		{&bp_link_exec_ops, "command: flash.sh\n", "b.yaml:1:10: error: 'command' is text; expected a list"},
		{&bp_link_exec_ops, "command: [/no/such/program]\n", "b.yaml:1:11: error: no program '/no/such/program' that can be run"},
		{&bp_link_exec_ops, "command: [sh]\nrefused: [0]\n", "b.yaml:2:11: error: "},
		{&bp_link_exec_ops, "command: [sh]\nno-answer: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "9 statuses; expected at most 8"},
		{&bp_link_exec_ops, "command: [sh]\nrefuse: [1]\n", "did you mean 'refused'?"},
		{&bp_link_debug_ops, "request: []\n", "b.yaml:1:10: error: expected a command and its arguments"},
		{&bp_link_debug_ops, "requests: [sh]\n", "did you mean 'request'?"},
		{&bp_link_debug_ops, "timeout: 1\n", "timeout"},
	};
	struct bp_board b = {.name = "served", .product = product};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (open_link(&b, bad[i].ops, bad[i].yaml) != BP_ECONFIG || !strstr(err.text, bad[i].text))
			fail_msg("%s: %s", bad[i].yaml, err.text);
}

int main(void)
{
	struct CMUnitTest tests[64] = {
		{"a command that misbehaves", a_command_that_misbehaves, begin, finish, NULL},
		{"a cut within a command", a_cut_within_a_command, begin, finish, NULL},
		{"a request that misbehaves", a_request_that_misbehaves, begin, finish, NULL},
		{"a probe that hangs", a_probe_that_hangs, begin, finish, NULL},
		{"words of the product", words_of_the_product, begin, finish, NULL},
		{"bad maps", bad_maps, begin, finish, NULL},
	};
	size_t n = 5;

	if (tiny_catch())
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[n++] = (struct CMUnitTest){rows[i].name, contract, begin, finish, (void *)(uintptr_t)&rows[i]};
	for (const struct console_peer *p = console_peers; p->name; p++)
		tests[n++] = (struct CMUnitTest){p->name, a_peer_that_misbehaves, NULL, NULL, (void *)(uintptr_t)p};
	return _cmocka_run_group_tests("links", tests, n, NULL, NULL);
}
