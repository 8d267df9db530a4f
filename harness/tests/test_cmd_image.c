/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "cmd/cmd_image.h"
#include "image/corrupt.h"
#include "image/key.h"
#include "image/manifest.h"
#include "image/spec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ARGS 16

static struct bp_arena *arena;
static struct bp_err err;
static char folder[] = "/tmp/bp-test-image-XXXXXX";
static const char *const files[] = {
	"good.pem", "good.pub.pem", "other.pem", "body.bin", "image.yaml", "manifest.yaml", "a.img", "u.cose", "out",
	"spec.yaml", "stdout", "stderr", "random1.pem", "random2.pem",
};

/* "folder/name"; lives as long as the test program. */
static char *at(const char *name)
{
	char *path = bp_arena_printf(arena, "%s/%s", folder, name);

	assert_non_null(path);
	return path;
}

static void put(const char *name, const char *text)
{
	assert_int_equal(bp_write_file(at(name), text, strlen(text), &err), 0);
}

static char *get(const char *name)
{
	char *text = NULL;
	size_t len;

	if (bp_read_file(arena, at(name), 1u << 20, &text, &len, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

/* Point fd at a file in the folder; returns what it pointed at before. */
static int divert(int fd, const char *name)
{
	int saved = dup(fd), to = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(saved >= 0 && to >= 0);
	assert_true(dup2(to, fd) == fd);
	close(to);
	return saved;
}

static void restore(int fd, int saved)
{
	assert_true(dup2(saved, fd) == fd);
	close(saved);
}

/* `brickproof image ARGS`, blanks between them, names of files[] taken from the folder. Output: "stdout", "stderr". */
static int image(const char *args)
{
	char *argv[MAX_ARGS + 1] = {(char[]){"image"}}, *rest = bp_arena_text(arena, args, strlen(args)), *word;
	int argc = 1, status, out, errfd;

	while ((word = strsep(&rest, " ")) && argc < MAX_ARGS) {
		argv[argc] = word;
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			if (strcmp(word, files[i]) == 0)
				argv[argc] = at(word);
		argc += *word != '\0';
	}
	argv[argc] = NULL;
	fflush(NULL);
	out = divert(1, "stdout");
	errfd = divert(2, "stderr");
	status = bp_cmd_image(argc, argv);
	fflush(NULL);
	restore(1, out);
	restore(2, errfd);
	return status;
}

static void expect(const char *args, int status, const char *on_stdout, const char *on_stderr)
{
	int got = image(args);
	const char *out = get("stdout"), *text = get("stderr");

	if (got != status || (on_stdout ? !strstr(out, on_stdout) : *out) || (on_stderr ? !strstr(text, on_stderr) : *text))
		fail_msg("image %s: status %d\nstdout: %s\nstderr: %s", args, got, out, text);
}

static void remove_file(const char *name)
{
	unlink(at(name));
}

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new((size_t)64 << 20);
	return arena && mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		remove_file(files[i]);
	bp_arena_free(arena);
	return rmdir(folder);
}

/* Keys, specs, an image and a manifest, all made by the command; each test begins with them. */
static int make_files(void **state)
{
	(void)state;
	expect("keygen -o good.pem --pub good.pub.pem --force --seed "
	       "0101010101010101010101010101010101010101010101010101010101010101", 0, "good.pem", NULL);
	expect("keygen -o other.pem --force --seed 0202020202020202020202020202020202020202020202020202020202020202", 0,
	       "test only", NULL);
	put("body.bin", "a body");
	put("image.yaml", "kind: image\nbody: {seed: 1, size: 4 KiB}\nload-address: 0x4000\nversion: 1.1.0\ncounter: 11\n"
			  "key: good.pem\n");
	put("manifest.yaml", "kind: manifest\nproduct: acme\nhardware: [2, 3]\nmin-bootloader: 3\nrollback-index: 11\n"
			     "version: 1.1.0+7\npayloads: [{slot: a, file: a.img}, {slot: b, image: image.yaml}]\n"
			     "key: good.pem\n");
	expect("sign image.yaml -o a.img --force", 0, "a.img: 4284 bytes, sha256 ", NULL);
	expect("sign manifest.yaml -o u.cose --force", 0, "u.cose: ", NULL);
	remove_file("out");
	return 0;
}

static void test_signed_image_verifies(void **state)
{
	struct bp_image_info info;
	struct bp_key key;
	char *bytes;
	size_t len;

	(void)state;
	assert_int_equal(bp_key_read(at("good.pub.pem"), &key, &err), 0);
	assert_int_equal(bp_read_file(arena, at("a.img"), 1u << 20, &bytes, &len, &err), 0);
	assert_int_equal(bp_image_verify((uint8_t *)bytes, len, &key, &err), 0);
	assert_int_equal(bp_image_parse((uint8_t *)bytes, len, &info, &err), 0);
	assert_int_equal(info.load_addr, 0x4000);
	assert_int_equal(info.security_counter, 11);
	assert_int_equal(info.version.minor, 1);
}

static void test_signed_manifest_verifies(void **state)
{
	uint8_t id[BP_KEY_ID_BYTES];
	struct bp_manifest m;
	struct bp_key key;
	char *bytes;
	size_t len;

	(void)state;
	assert_int_equal(bp_key_read(at("good.pub.pem"), &key, &err), 0);
	assert_int_equal(bp_read_file(arena, at("u.cose"), 1u << 20, &bytes, &len, &err), 0);
	assert_int_equal(bp_manifest_verify((uint8_t *)bytes, len, &key, &err), 0);
	assert_int_equal(bp_manifest_parse((uint8_t *)bytes, len, &m, id, &err), 0);
	assert_string_equal(m.product, "acme");
	assert_string_equal(m.version, "1.1.0+7");
	assert_int_equal(m.n_hw, 2);
	assert_int_equal(m.payload[1].slot, 1);
	/* the image given as a file and the one built from its description are one and the same */
	assert_int_equal(m.payload[0].size, 4284);
	assert_memory_equal(m.payload[0].sha256, m.payload[1].sha256, 32);
}

static void test_show(void **state)
{
	(void)state;
	expect("show a.img", 0, "signature    not checked", NULL);
	expect("show a.img --key good.pub.pem", 0, "signature    ok", NULL);
	expect("show a.img --key other.pem", 1, "signature    BAD: image: offset ", NULL);
	expect("show u.cose --key good.pem", 0, "payload      slot b, 4284 bytes, sha256 ", NULL);
	expect("show u.cose --key other.pem", 1, "signature    BAD: manifest: signed with another key", NULL);
	expect("show good.pem", 0, "Ed25519 private key", NULL);
	expect("show good.pub.pem", 0, "Ed25519 public key", NULL);
	expect("show body.bin", 2, NULL, "neither an MCUboot image nor a signed manifest nor a PEM key");
	expect("show out", 2, NULL, "cannot read");
	expect("corrupt a.img --op body-bit -o out", 0, "out: 4284 bytes", NULL);
	expect("show out", 1, "hash         BAD", NULL);
	expect("corrupt a.img --op truncate-one -o out --force", 0, "out: 4283 bytes", NULL);
	expect("show out", 2, NULL, "image: offset ");
}

static void test_show_keeps_the_secret(void **state)
{
	(void)state;
	assert_int_equal(image("show good.pem"), 0);
	assert_null(strstr(get("stdout"), "01010101"));
}

static void test_unsigned(void **state)
{
	(void)state;
	put("spec.yaml", "kind: image\nbody: body.bin\nload-address: 0\nversion: 0.0.1\ncounter: 0\nkey: none\n");
	expect("sign spec.yaml -o out", 0, "out: 90 bytes", NULL);
	expect("show out", 0, "signature    none", NULL);
	expect("show out --key good.pem", 1, "signature    BAD: image: no Ed25519 signature", NULL);
	expect("sign spec.yaml -o out --key good.pem --force", 0, "out: 194 bytes", NULL);
	expect("show out --key good.pem", 0, "signature    ok", NULL);
}

static void test_nothing_is_written_over(void **state)
{
	(void)state;
	put("out", "precious");
	expect("sign image.yaml -o out", 2, NULL, "exists; --force writes over it");
	expect("keygen -o out", 2, NULL, "exists");
	expect("keygen -o random1.pem --pub out", 2, NULL, "exists");
	expect("corrupt a.img --op body-bit -o out", 2, NULL, "exists");
	assert_string_equal(get("out"), "precious");
	assert_int_equal(access(at("random1.pem"), F_OK), -1);
	/* and not when the work fails half way, --force or not */
	expect("corrupt body.bin --op body-bit -o out --force", 2, NULL, "body-bit: corrupt: image: offset 0");
	expect("sign body.bin -o out --force", 2, NULL, "body.bin:1:1: error:");
	assert_string_equal(get("out"), "precious");
	expect("sign image.yaml -o out --force", 0, "out: 4284 bytes", NULL);
}

static void test_random_keys_differ(void **state)
{
	struct stat st;

	(void)state;
	remove_file("random1.pem");
	remove_file("random2.pem");
	expect("keygen -o random1.pem", 0, "test only", NULL);
	expect("keygen -o random2.pem", 0, "test only", NULL);
	assert_string_not_equal(get("random1.pem"), get("random2.pem"));
	assert_non_null(strstr(get("random1.pem"), "test only: never sign anything real"));
	assert_int_equal(stat(at("random1.pem"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_corrupt(void **state)
{
	char *first;

	(void)state;
	expect("corrupt --list", 0, "body-bit ", NULL);
	for (const struct bp_operator *op = bp_operators; op->name; op++)
		if (!strstr(get("stdout"), op->name))
			fail_msg("%s is not listed", op->name);
	expect("corrupt a.img --op sig-unknown-key --key good.pem --other-key other.pem -o out", 0, "out: ", NULL);
	expect("show out --key other.pem", 0, "signature    ok", NULL);
	expect("corrupt a.img --op oversize-slot-by-one --slot-size 0x2000 -o out --force", 0, "out: 8193 bytes", NULL);
	expect("corrupt u.cose --op manifest-rollback-lower --key good.pem -o out --force", 0, "out: ", NULL);
	expect("show out --key good.pem", 0, "rollback     0", NULL);
	expect("corrupt a.img --op body-bit --seed 1 -o out --force", 0, "out: ", NULL);
	first = get("stdout");
	expect("corrupt a.img --op body-bit --seed 1 -o out --force", 0, first, NULL);
	assert_int_equal(image("corrupt a.img --op body-bit --seed 2 -o out --force"), 0);
	assert_string_not_equal(first, get("stdout"));
}

static void test_misuse(void **state)
{
	static const struct {
		const char *args, *says;
	} rows[] = {
		{"", "Usage: brickproof image COMMAND"},
		{"frobnicate", "no command 'frobnicate'"},
		{"sign", "expected SPEC.yaml -o OUT"},
		{"sign image.yaml", "-o OUT is missing"},
		{"sign image.yaml -o", "-o needs a value"},
		{"sign image.yaml a.img -o out", "expected SPEC.yaml"},
		{"sign image.yaml -o out --nonsense", "unknown option --nonsense"},
		{"sign image.yaml -o out --key nowhere.pem", "--key: cannot read nowhere.pem"},
		{"sign image.yaml -o out --key body.bin", "neither '-----BEGIN PRIVATE KEY-----'"},
		{"sign image.yaml -o out --key good.pub.pem", "has no secret half"},
		{"keygen", "-o FILE is missing"},
		{"keygen -o out --seed 0102", "--seed: 2 bytes; expected 32"},
		{"keygen -o out --seed xyz", "--seed"},
		{"show", "expected FILE"},
		{"show -o out a.img", "unknown option -o"},
		{"corrupt a.img -o out", "--op NAME is missing"},
		{"corrupt a.img --op body-bit", "-o OUT is missing"},
		{"corrupt a.img --op boby-bit -o out", "did you mean 'body-bit'"},
		{"corrupt a.img --op body-bit --seed -1 -o out", "--seed: "},
		{"corrupt a.img --op oversize-slot-by-one --slot-size 12 -o out", "--slot-size: "},
		{"corrupt a.img --op oversize-slot-by-one -o out", "needs the slot's size"},
		{"corrupt a.img --op sig-unknown-key -o out", "needs a key"},
		{"corrupt nowhere.img --op body-bit -o out", "cannot read nowhere.img"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].args, 2, NULL, rows[i].says);
	assert_int_equal(access(at("out"), F_OK), -1);
}

static void test_rig_trouble_is_99(void **state)
{
	(void)state;
	expect("sign image.yaml -o /nonexistent/out", 99, NULL, "cannot write /nonexistent/out");
	expect("keygen -o /nonexistent/out", 99, NULL, "/nonexistent/out");
}

static void test_help(void **state)
{
	(void)state;
	expect("--help", 0, "keygen", NULL);
	expect("-h", 0, "corrupt", NULL);
	expect("sign --help", 0, "Usage: brickproof image sign SPEC.yaml -o OUT", NULL);
	expect("keygen -h", 0, "Usage: brickproof image keygen", NULL);
	expect("show --help --key nowhere", 0, "Usage: brickproof image show", NULL);
	expect("corrupt --help", 0, "--slot-size", NULL);
}

/* Descriptions that are wrong: each error points, and names what was expected. */
static void test_spec_errors(void **state)
{
#define IMAGE_HEAD "kind: image\nbody: body.bin\nload-address: 0x4000\n"
#define MANIFEST_HEAD "kind: manifest\nproduct: acme\nhardware: [2]\nmin-bootloader: 3\nrollback-index: 1\n"
	static const struct {
		const char *name, *yaml, *says;
	} rows[] = {
		{"no map", "- a\n", "spec.yaml:1:1: error:"},
		{"no kind", "body: body.bin\n", "missing 'kind'"},
		{"other kind", "kind: picture\n", "spec.yaml:1:7: error:"},
		{"nothing else", "kind: image\n", "missing 'body'"},
		{"no counter", IMAGE_HEAD "version: 1.0.0\nkey: none\n", "missing 'counter'"},
		{"no key", IMAGE_HEAD "version: 1.0.0\ncounter: 1\n", "missing 'key'"},
		{"unknown key word", IMAGE_HEAD "version: 1.0.0\ncounter: 1\nkey: none\ncolour: red\n", "colour"},
		{"version", IMAGE_HEAD "version: 1.0\ncounter: 1\nkey: none\n", "spec.yaml:4:10: error: '1.0' is no version"},
		{"counter", IMAGE_HEAD "version: 1.0.0\ncounter: many\nkey: none\n", "spec.yaml:5:10: error:"},
		{"key file", IMAGE_HEAD "version: 1.0.0\ncounter: 1\nkey: gone.pem\n", "spec.yaml:6:6: error: cannot read"},
		{"key content", IMAGE_HEAD "version: 1.0.0\ncounter: 1\nkey: body.bin\n", "neither '-----BEGIN PRIVATE"},
		{"body file", "kind: image\nbody: gone.bin\nload-address: 0\nversion: 1.0.0\ncounter: 1\nkey: none\n",
		 "spec.yaml:2:7: error: cannot read"},
		{"body without size",
		 "kind: image\nbody: {seed: 1}\nload-address: 0\nversion: 1.0.0\ncounter: 1\nkey: none\n", "missing 'size'"},
		{"body too large",
		 "kind: image\nbody: {seed: 1, size: 17 MiB}\nload-address: 0\nversion: 1.0.0\ncounter: 1\nkey: none\n",
		 "17 MiB"},
		{"body a list", "kind: image\nbody: [1]\nload-address: 0\nversion: 1.0.0\ncounter: 1\nkey: none\n",
		 "spec.yaml:2:7: error:"},
		{"no payloads", MANIFEST_HEAD "version: 1.0.0\nkey: none\n", "missing 'payloads'"},
		{"payloads empty", MANIFEST_HEAD "version: 1.0.0\npayloads: []\nkey: none\n", "0 payloads; expected 1 to 4"},
		{"payload a scalar", MANIFEST_HEAD "version: 1.0.0\npayloads: [a.img]\nkey: none\n", "spec.yaml:7:12: error:"},
		{"payload without a slot", MANIFEST_HEAD "version: 1.0.0\npayloads: [{file: a.img}]\nkey: none\n",
		 "missing 'slot'"},
		{"slot c", MANIFEST_HEAD "version: 1.0.0\npayloads: [{slot: c, file: a.img}]\nkey: none\n", "spec.yaml:7:19:"},
		{"payload twofold",
		 MANIFEST_HEAD "version: 1.0.0\npayloads: [{slot: a, file: a.img, image: image.yaml}]\nkey: none\n",
		 "either 'file', an image, or 'image'"},
		{"payload of nothing", MANIFEST_HEAD "version: 1.0.0\npayloads: [{slot: a}]\nkey: none\n", "either 'file'"},
		{"payload a manifest",
		 MANIFEST_HEAD "version: 1.0.0\npayloads: [{slot: a, image: manifest.yaml}]\nkey: none\n", "expected kind: image"},
		{"slot twice",
		 MANIFEST_HEAD "version: 1.0.0\npayloads: [{slot: a, file: a.img}, {slot: a, file: a.img}]\nkey: none\n",
		 "two payloads for one slot"},
		{"product too long",
		 "kind: manifest\nproduct: abcdefghijklmnopqrstuvwxyz\nhardware: [1]\nmin-bootloader: 1\nrollback-index: 1\n"
		 "version: 1.0.0\npayloads: [{slot: a, file: a.img}]\nkey: none\n", "too long; expected at most 23"},
		{"no hardware",
		 "kind: manifest\nproduct: a\nhardware: []\nmin-bootloader: 1\nrollback-index: 1\nversion: 1.0.0\n"
		 "payloads: [{slot: a, file: a.img}]\nkey: none\n", "0 revisions; expected 1 to 8"},
	};
	struct bp_bytes out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put("spec.yaml", rows[i].yaml);
		if (bp_spec_make(arena, at("spec.yaml"), NULL, &out, &err) != BP_ECONFIG || !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.text);
	}
	assert_int_equal(bp_spec_make(arena, at("out"), NULL, &out, &err), BP_EIO);
}

/* The examples, from the top of the source tree, where make runs the tests. */
static void test_examples(void **state)
{
	uint8_t id[BP_KEY_ID_BYTES];
	struct bp_manifest m;
	struct bp_bytes out;
	struct bp_key key;

	(void)state;
	assert_int_equal(bp_key_read("fixtures/keys/release.pub.pem", &key, &err), 0);
	if (bp_spec_make(arena, "fixtures/manifests/update.yaml", NULL, &out, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(bp_manifest_verify(out.data, out.len, &key, &err), 0);
	assert_int_equal(bp_manifest_parse(out.data, out.len, &m, id, &err), 0);
	assert_int_equal(bp_spec_make(arena, "fixtures/manifests/image-b.yaml", NULL, &out, &err), 0);
	assert_int_equal(bp_image_verify(out.data, out.len, &key, &err), 0);
	assert_int_equal(out.len, m.payload[1].size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_signed_image_verifies, make_files),
		cmocka_unit_test_setup(test_signed_manifest_verifies, make_files),
		cmocka_unit_test_setup(test_show, make_files),
		cmocka_unit_test_setup(test_show_keeps_the_secret, make_files),
		cmocka_unit_test_setup(test_unsigned, make_files),
		cmocka_unit_test_setup(test_nothing_is_written_over, make_files),
		cmocka_unit_test_setup(test_random_keys_differ, make_files),
		cmocka_unit_test_setup(test_corrupt, make_files),
		cmocka_unit_test_setup(test_misuse, make_files),
		cmocka_unit_test_setup(test_rig_trouble_is_99, make_files),
		cmocka_unit_test_setup(test_help, make_files),
		cmocka_unit_test_setup(test_spec_errors, make_files),
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
