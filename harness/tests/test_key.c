/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "image/key.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 8410 section 10.3 (the first example) and section 10.1: the two halves of one key. */
#define RFC_PRIVATE \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n" \
	"-----END PRIVATE KEY-----\n"
#define RFC_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n" \
	"-----END PUBLIC KEY-----\n"

static struct bp_err err;
static char folder[] = "/tmp/bp-test-key-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void in_folder(char out[128], const char *name)
{
	snprintf(out, 128, "%s/%s", folder, name);
}

/* RFC 8032 section 7.1, test 1. */
static void test_public_half_of_rfc8032(void **state)
{
	uint8_t seed[32];
	char hex[65];
	struct bp_key key;

	(void)state;
	assert_int_equal(bp_unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, 32, &err), 32);
	bp_key_from_seed(seed, "rfc", &key);
	assert_string_equal(bp_hex(hex, key.pub, 32), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	assert_string_equal(key.name, "rfc");
	assert_int_equal(key.has_secret, 1);
	assert_memory_equal(key.secret, seed, 32);
	assert_memory_equal(key.secret + 32, key.pub, 32);
}

static void test_keys_of_rfc8410(void **state)
{
	struct bp_key both, pub;

	(void)state;
	assert_int_equal(bp_key_parse(RFC_PRIVATE, strlen(RFC_PRIVATE), "a", &both, &err), 0);
	assert_int_equal(bp_key_parse(RFC_PUBLIC, strlen(RFC_PUBLIC), "b", &pub, &err), 0);
	assert_int_equal(both.has_secret, 1);
	assert_int_equal(pub.has_secret, 0);
	assert_memory_equal(both.pub, pub.pub, 32);
}

static void test_ids_by_hand(void **state)
{
	uint8_t der[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	uint8_t want[32], hash[32], id[BP_KEY_ID_BYTES];
	struct bp_key key;

	(void)state;
	assert_int_equal(bp_key_parse(RFC_PUBLIC, strlen(RFC_PUBLIC), "", &key, &err), 0);
	memcpy(der + 12, key.pub, 32);
	crypto_hash_sha256(want, der, sizeof(der));
	bp_key_hash(&key, hash);
	assert_memory_equal(hash, want, 32);
	crypto_hash_sha256(want, key.pub, 32);
	bp_key_id(&key, id);
	assert_memory_equal(id, want, 8);
}

static void test_text_around_is_ignored(void **state)
{
	static const char text[] = "a comment\n" RFC_PRIVATE "and another\n";
	struct bp_key key;

	(void)state;
	assert_int_equal(bp_key_parse(text, strlen(text), "a-name-that-is-longer-than-thirty-one-letters", &key, &err), 0);
	assert_int_equal(strlen(key.name), sizeof(key.name) - 1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *text, *says;
	} rows[] = {
		{"empty", "", "neither '-----BEGIN PRIVATE KEY-----' nor"},
		{"other label", "-----BEGIN RSA PRIVATE KEY-----\nAA==\n", "neither '-----BEGIN PRIVATE KEY-----' nor"},
		{"no end", "-----BEGIN PUBLIC KEY-----\nMCow\n", "without '-----END PUBLIC KEY-----'"},
		{"other end", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PRIVATE KEY-----\n", "without '-----END PUBLIC"},
		{"no base64", "-----BEGIN PUBLIC KEY-----\nM*ow\n-----END PUBLIC KEY-----\n", "no base64"},
		{"bad padding", "-----BEGIN PUBLIC KEY-----\nMCo\n-----END PUBLIC KEY-----\n", "no base64"},
		{"nothing in it", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "not Ed25519"},
		{"X25519", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
			   "-----END PUBLIC KEY-----\n", "not Ed25519"},
		{"a byte short", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZg==\n"
				 "-----END PUBLIC KEY-----\n", "not Ed25519"},
		{"too much", "-----BEGIN PRIVATE KEY-----\n"
			     "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCAAAA\n"
			     "-----END PRIVATE KEY-----\n", "at most 48 bytes"},
		{"public in a private wrapping",
		 "-----BEGIN PRIVATE KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
		 "-----END PRIVATE KEY-----\n", "not Ed25519"},
	};
	struct bp_key key, before;

	(void)state;
	memset(&key, 0x5a, sizeof(key));
	before = key;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (bp_key_parse(rows[i].text, strlen(rows[i].text), "x", &key, &err) != BP_ECONFIG ||
		    !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.text);
		assert_memory_equal(&key, &before, sizeof(key));
	}
}

static void test_files(void **state)
{
	uint8_t seed[32] = {7};
	char path[128], pub_path[128];
	struct bp_key key, back, pub;
	struct stat st;

	(void)state;
	in_folder(path, "mine.pem");
	in_folder(pub_path, "mine.pub.pem");
	bp_key_from_seed(seed, "mine", &key);
	assert_int_equal(bp_key_write(path, &key, &err), 0);
	assert_int_equal(bp_key_write_pub(pub_path, &key, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(bp_key_read(path, &back, &err), 0);
	assert_memory_equal(&back, &key, sizeof(key)); /* the name is the file's */
	assert_int_equal(bp_key_read(pub_path, &pub, &err), 0);
	assert_string_equal(pub.name, "mine.pub");
	assert_int_equal(pub.has_secret, 0);
	assert_memory_equal(pub.pub, key.pub, 32);
	assert_int_equal(bp_key_write(path, &pub, &err), BP_ECONFIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(pub_path), 0);
}

static void test_file_trouble(void **state)
{
	char path[128];
	uint8_t seed[32] = {7};
	struct bp_key key;

	(void)state;
	in_folder(path, "missing.pem");
	assert_int_equal(bp_key_read(path, &key, &err), BP_EIO);
	assert_non_null(strstr(err.text, "missing.pem"));
	in_folder(path, "no/such/folder.pem");
	bp_key_from_seed(seed, "x", &key);
	assert_int_equal(bp_key_write(path, &key, &err), BP_EIO);
	assert_non_null(strstr(err.text, "no/such/folder.pem"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_half_of_rfc8032),
		cmocka_unit_test(test_keys_of_rfc8410),
		cmocka_unit_test(test_ids_by_hand),
		cmocka_unit_test(test_text_around_is_ignored),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_file_trouble),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
