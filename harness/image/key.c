/* SPDX-License-Identifier: Apache-2.0 */
#include "image/key.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A PEM of ours has under 300 bytes; others carry some text around it (RFC 7468 section 5.2). */
#define PEM_MAX_BYTES ((size_t)16 * 1024)
#define HALF_BYTES 32u /* seed or public key: RFC 8032 section 5.1.5 */

/* RFC 8410 section 7: PKCS#8 version 1, Ed25519 (1.3.101.112), 32 bytes of seed follow. */
static const uint8_t pkcs8_prefix[] = {
	0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
};

/* RFC 8410 section 4: SubjectPublicKeyInfo, Ed25519, 32 bytes of public key follow. */
static const uint8_t spki_prefix[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
};

struct pem_form {
	const char *begin, *end, *what;
	const uint8_t *prefix;
	size_t prefix_len;
};

static const struct pem_form private_form = {
	"-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "PKCS#8 private key", pkcs8_prefix, sizeof(pkcs8_prefix),
};
static const struct pem_form public_form = {
	"-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", "public key", spki_prefix, sizeof(spki_prefix),
};

#define DER_MAX_BYTES (sizeof(pkcs8_prefix) + HALF_BYTES)

void bp_key_from_seed(const uint8_t seed[32], const char *name, struct bp_key *key)
{
	*key = (struct bp_key){.has_secret = 1};
	snprintf(key->name, sizeof(key->name), "%s", name);
	crypto_sign_seed_keypair(key->pub, key->secret, seed);
}

void bp_key_id(const struct bp_key *key, uint8_t id[BP_KEY_ID_BYTES])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, key->pub, sizeof(key->pub));
	memcpy(id, hash, BP_KEY_ID_BYTES);
}

void bp_key_hash(const struct bp_key *key, uint8_t hash[32])
{
	uint8_t der[sizeof(spki_prefix) + HALF_BYTES];

	memcpy(der, spki_prefix, sizeof(spki_prefix));
	memcpy(der + sizeof(spki_prefix), key->pub, HALF_BYTES);
	crypto_hash_sha256(hash, der, sizeof(der));
}

/* The 32 bytes behind the form's prefix, from text that starts behind its BEGIN line. */
static int unwrap(const struct pem_form *f, const char *text, size_t len, uint8_t half[HALF_BYTES],
		  struct bp_err *err)
{
	const char *end = memmem(text, len, f->end, strlen(f->end));
	uint8_t der[DER_MAX_BYTES];
	const char *stop;
	size_t n = 0;
	int rc = 0;

	if (!end)
		return bp_fail(err, BP_ECONFIG, "key: '%s' without '%s'", f->begin, f->end);
	if (sodium_base642bin(der, sizeof(der), text, (size_t)(end - text), " \t\r\n", &n, &stop,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    stop != end)
		rc = bp_fail(err, BP_ECONFIG, "key: the %s is no base64 of at most %zu bytes", f->what, sizeof(der));
	else if (n != f->prefix_len + HALF_BYTES || memcmp(der, f->prefix, f->prefix_len) != 0)
		rc = bp_fail(err, BP_ECONFIG, "key: the %s is not Ed25519 in the form of RFC 8410 (%zu bytes of DER)", f->what,
			     f->prefix_len + HALF_BYTES);
	else
		memcpy(half, der + f->prefix_len, HALF_BYTES);
	sodium_memzero(der, sizeof(der));
	return rc;
}

int bp_key_parse(const char *text, size_t len, const char *name, struct bp_key *key, struct bp_err *err)
{
	const struct pem_form *f = &private_form;
	const char *begin = memmem(text, len, f->begin, strlen(f->begin));
	uint8_t half[HALF_BYTES];
	int rc;

	if (!begin) {
		f = &public_form;
		begin = memmem(text, len, f->begin, strlen(f->begin));
	}
	if (!begin)
		return bp_fail(err, BP_ECONFIG, "key: neither '%s' nor '%s' in it", private_form.begin, public_form.begin);
	begin += strlen(f->begin);
	rc = unwrap(f, begin, len - (size_t)(begin - text), half, err);
	if (rc < 0)
		return rc;
	if (f == &private_form) {
		bp_key_from_seed(half, name, key);
	} else {
		*key = (struct bp_key){0};
		snprintf(key->name, sizeof(key->name), "%s", name);
		memcpy(key->pub, half, HALF_BYTES);
	}
	sodium_memzero(half, sizeof(half));
	return 0;
}

/* "fixtures/keys/release.pem" → "release", cut to what a key's name holds. */
static void name_of(const char *path, char *name, size_t cap)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	if (len > 4 && strcmp(base + len - 4, ".pem") == 0)
		len -= 4;
	snprintf(name, cap, "%.*s", (int)(len < cap ? len : cap - 1), base);
}

int bp_key_read(const char *path, struct bp_key *key, struct bp_err *err)
{
	char name[sizeof(key->name)];
	struct bp_arena *a = bp_arena_new(4 * PEM_MAX_BYTES);
	size_t len;
	char *text;
	int rc;

	if (!a)
		return bp_fail(err, BP_ENOMEM, "key %s: no memory", path);
	rc = bp_read_file(a, path, PEM_MAX_BYTES, &text, &len, err);
	if (rc < 0)
		goto out;
	name_of(path, name, sizeof(name));
	rc = bp_key_parse(text, len, name, key, err);
	if (rc < 0)
		bp_prefix(err, "%s", path);
	sodium_memzero(text, len);
out:
	bp_arena_free(a);
	return rc;
}

/* The PEM of one half into out; the text in front is ignored by readers (RFC 7468 section 5.2). */
static int wrap(const struct pem_form *f, const uint8_t half[HALF_BYTES], char *out, size_t cap)
{
	uint8_t der[DER_MAX_BYTES];
	char b64[sodium_base64_ENCODED_LEN(DER_MAX_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	size_t n = f->prefix_len + HALF_BYTES;
	int len;

	memcpy(der, f->prefix, f->prefix_len);
	memcpy(der + f->prefix_len, half, HALF_BYTES);
	sodium_bin2base64(b64, sizeof(b64), der, n, sodium_base64_VARIANT_ORIGINAL);
	/* 48 bytes of DER make exactly the 64 characters that a line may have (RFC 7468 section 2). */
	len = snprintf(out, cap, "test only: never sign anything real with this key\n%s\n%s\n%s\n", f->begin, b64, f->end);
	sodium_memzero(der, sizeof(der));
	sodium_memzero(b64, sizeof(b64));
	return len;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

/* Not bp_write_file(): the secret must never lie in a file that others may read, not for a moment. */
static int write_secret(const char *path, const char *text, size_t len, struct bp_err *err)
{
	char tmp[4096];
	int fd, saved;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return bp_fail(err, BP_EIO, "%.80s…: the path is too long", path);
	fd = mkostemp(tmp, O_CLOEXEC); /* mode 0600: mkostemp(3) */
	if (fd < 0)
		return bp_fail(err, BP_EIO, "%s: %s", path, strerror(errno));
	if (write_all(fd, text, len) < 0)
		goto err_unlink;
	if (close(fd) < 0) {
		fd = -1;
		goto err_unlink;
	}
	fd = -1;
	if (rename(tmp, path) < 0)
		goto err_unlink;
	return 0;

err_unlink:
	saved = errno;
	if (fd >= 0)
		close(fd);
	unlink(tmp);
	return bp_fail(err, BP_EIO, "%s: %s", path, strerror(saved));
}

int bp_key_write(const char *path, const struct bp_key *key, struct bp_err *err)
{
	char pem[512];
	int len, rc;

	if (!key->has_secret)
		return bp_fail(err, BP_ECONFIG, "key '%s' has no secret half to write", key->name);
	len = wrap(&private_form, key->secret, pem, sizeof(pem));
	rc = write_secret(path, pem, (size_t)len, err);
	sodium_memzero(pem, sizeof(pem));
	return rc;
}

int bp_key_write_pub(const char *path, const struct bp_key *key, struct bp_err *err)
{
	char pem[512];
	int len = wrap(&public_form, key->pub, pem, sizeof(pem));

	return bp_write_file(path, pem, (size_t)len, err);
}
