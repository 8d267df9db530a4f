/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_image.c - `brickproof image`: make, look at and damage images, manifests
 * and test keys.
 */
#include "cmd/cmd_image.h"

#include "image/corrupt.h"
#include "image/show.h"
#include "image/spec.h"

#include <getopt.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_BAD 1
#define EXIT_USAGE 2
#define EXIT_RIG 99
#define ARENA_BYTES ((size_t)256 * 1024 * 1024) /* several copies of the largest image */

struct options {
	const char *output, *pub, *op, *key_path, *other_key_path;
	uint64_t seed;
	uint8_t key_seed[32];
	int has_key_seed, force, list, help;
	uint32_t slot_size;
	struct bp_key key, other_key;
};

struct subcommand {
	const char *name, *args, *help, *options;
	const struct option *longopts;
	const char *shortopts;
	int operands; /* how many there must be */
	int (*run)(struct bp_arena *a, struct options *o, char **operands, const struct subcommand *sub);
};

enum { OPT_KEY = 256, OPT_OTHER_KEY, OPT_OP, OPT_SEED, OPT_KEY_SEED, OPT_SLOT_SIZE, OPT_PUB, OPT_FORCE, OPT_LIST };

__attribute__((format(printf, 2, 3))) static int misuse(const struct subcommand *sub, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "brickproof image %s: ", sub->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry 'brickproof image %s --help'.\n", sub->name);
	return EXIT_USAGE;
}

/* Report err; a bad or missing input is the user's (2), anything else the rig's (99). */
static int input_failed(const struct bp_err *err)
{
	int own = err->code == BP_ENOMEM || err->code == BP_EINTERNAL;

	fprintf(stderr, "brickproof image: %s\n", err->text);
	return own ? EXIT_RIG : EXIT_USAGE;
}

static int output_failed(const struct bp_err *err)
{
	fprintf(stderr, "brickproof image: %s\n", err->text);
	return EXIT_RIG;
}

/* 0 when path may be written: nothing is there, or --force. */
static int may_write(const struct options *o, const char *path)
{
	struct stat st;

	if (o->force || lstat(path, &st) != 0)
		return 0;
	fprintf(stderr, "brickproof image: %s exists; --force writes over it\n", path);
	return EXIT_USAGE;
}

/* Results that cannot be printed are no results. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "brickproof image: cannot write to standard output\n");
	return EXIT_RIG;
}

static int write_result(const struct options *o, const struct bp_bytes *b)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(digest) + 1];
	struct bp_err err;

	if (bp_write_file(o->output, b->data, b->len, &err) < 0)
		return output_failed(&err);
	crypto_hash_sha256(digest, b->data, b->len);
	printf("%s: %zu bytes, sha256 %s\n", o->output, b->len, bp_hex(hex, digest, sizeof(digest)));
	return flushed(0);
}

static int run_sign(struct bp_arena *a, struct options *o, char **operands, const struct subcommand *sub)
{
	struct bp_bytes out;
	struct bp_err err;
	int status;

	if (!o->output)
		return misuse(sub, "-o OUT is missing");
	status = may_write(o, o->output);
	if (status)
		return status;
	if (bp_spec_make(a, operands[0], o->key_path ? &o->key : NULL, &out, &err) < 0)
		return input_failed(&err);
	return write_result(o, &out);
}

static int run_keygen(struct bp_arena *a, struct options *o, char **operands, const struct subcommand *sub)
{
	struct bp_key key;
	struct bp_err err;
	int status;

	(void)a;
	(void)operands;
	if (!o->output)
		return misuse(sub, "-o FILE is missing");
	if (o->pub && !strcmp(o->pub, o->output))
		return misuse(sub, "-o and --pub are the same file, '%s'", o->pub);
	status = may_write(o, o->output);
	if (!status && o->pub)
		status = may_write(o, o->pub);
	if (status)
		return status;
	if (!o->has_key_seed)
		randombytes_buf(o->key_seed, sizeof(o->key_seed));
	bp_key_from_seed(o->key_seed, "new", &key);
	if (bp_key_write(o->output, &key, &err) < 0 || (o->pub && bp_key_write_pub(o->pub, &key, &err) < 0))
		status = output_failed(&err);
	sodium_memzero(&key, sizeof(key));
	if (status)
		return status;
	printf("%s: Ed25519 private key, test only: never sign anything real with it\n", o->output);
	return flushed(0);
}

static int run_show(struct bp_arena *a, struct options *o, char **operands, const struct subcommand *sub)
{
	struct bp_text text;
	struct bp_err err;
	char *bytes;
	size_t len;
	int bad;

	(void)sub;
	bp_text_init(&text, a);
	if (bp_read_file(a, operands[0], BP_IMAGE_MAX_BYTES, &bytes, &len, &err) < 0)
		return input_failed(&err);
	bad = bp_show(&text, (const uint8_t *)bytes, len, o->key_path ? &o->key : NULL, &err);
	if (bad < 0) {
		bp_prefix(&err, "%s", operands[0]);
		return input_failed(&err);
	}
	if (text.failed) {
		bp_fail(&err, BP_ENOMEM, "%s: no memory", operands[0]);
		return output_failed(&err);
	}
	fputs(text.bytes, stdout);
	return flushed(bad ? EXIT_BAD : 0);
}

static int list_operators(void)
{
	static const char *const targets[] = {"payload", "manifest"};
	static const char *const times[] = {"transit", "source"};

	for (const struct bp_operator *op = bp_operators; op->name; op++)
		printf("%-26s %-8s %-8s %s\n", op->name, targets[op->target], times[op->when], op->help);
	return flushed(0);
}

static int unknown_operator(struct bp_arena *a, const char *name, const struct subcommand *sub)
{
	const char **names, *near;
	size_t n = 0;

	while (bp_operators[n].name)
		n++;
	names = bp_arena_array(a, n, sizeof(*names));
	for (size_t i = 0; names && i < n; i++)
		names[i] = bp_operators[i].name;
	near = names ? bp_nearest(name, names, n) : NULL;
	if (near)
		return misuse(sub, "no operator '%s'; did you mean '%s'?", name, near);
	return misuse(sub, "no operator '%s'; --list names them", name);
}

static int run_corrupt(struct bp_arena *a, struct options *o, char **operands, const struct subcommand *sub)
{
	const struct bp_operator *op;
	struct bp_edit_context ctx;
	struct bp_bytes out;
	struct bp_err err;
	char *bytes;
	size_t len;
	int status;

	if (!o->op || !o->output)
		return misuse(sub, "%s is missing", o->op ? "-o OUT" : "--op NAME");
	op = bp_operator_find(o->op);
	if (!op)
		return unknown_operator(a, o->op, sub);
	status = may_write(o, o->output);
	if (status)
		return status;
	if (bp_read_file(a, operands[0], BP_IMAGE_MAX_BYTES, &bytes, &len, &err) < 0)
		return input_failed(&err);
	ctx = (struct bp_edit_context){
		.arena = a,
		.seed = o->seed,
		.key = o->key_path ? &o->key : NULL,
		.other_key = o->other_key_path ? &o->other_key : NULL,
		.revoked_key = o->other_key_path ? &o->other_key : NULL,
		.slot_size = o->slot_size,
	};
	if (op->apply(&ctx, (const uint8_t *)bytes, len, &out, &err) < 0) {
		bp_prefix(&err, "%s: %s", operands[0], op->name);
		return input_failed(&err);
	}
	return write_result(o, &out);
}

static const struct option sign_options[] = {
	{"output", required_argument, NULL, 'o'}, {"key", required_argument, NULL, OPT_KEY},
	{"force", no_argument, NULL, OPT_FORCE},  {"help", no_argument, NULL, 'h'},
	{0},
};

static const struct option keygen_options[] = {
	{"output", required_argument, NULL, 'o'},   {"seed", required_argument, NULL, OPT_KEY_SEED},
	{"pub", required_argument, NULL, OPT_PUB},  {"force", no_argument, NULL, OPT_FORCE},
	{"help", no_argument, NULL, 'h'},           {0},
};

static const struct option show_options[] = {
	{"key", required_argument, NULL, OPT_KEY},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const struct option corrupt_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"op", required_argument, NULL, OPT_OP},
	{"seed", required_argument, NULL, OPT_SEED},
	{"key", required_argument, NULL, OPT_KEY},
	{"other-key", required_argument, NULL, OPT_OTHER_KEY},
	{"slot-size", required_argument, NULL, OPT_SLOT_SIZE},
	{"list", no_argument, NULL, OPT_LIST},
	{"force", no_argument, NULL, OPT_FORCE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const struct subcommand subcommands[] = {
	{"sign", "SPEC.yaml -o OUT", "build and sign the image or manifest that SPEC.yaml describes",
	 "  -o, --output OUT     where to write it\n"
	 "      --key PEM        sign with this key instead of the one that SPEC.yaml names\n"
	 "      --force          write over an OUT that exists\n",
	 sign_options, ":o:h", 1, run_sign},
	{"keygen", "-o FILE", "make an Ed25519 key, test only",
	 "  -o, --output FILE    where to write the private key\n"
	 "      --pub FILE       write the public key there\n"
	 "      --seed HEX       64 hex digits: the same key each time; else it is random\n"
	 "      --force          write over files that exist\n",
	 keygen_options, ":o:h", 0, run_keygen},
	{"show", "FILE", "describe an image, a manifest or a key; exit 1 when a hash or signature is bad",
	 "      --key PEM        check the signature against this key\n", show_options, ":h", 1, run_show},
	{"corrupt", "FILE --op NAME -o OUT", "damage an image or manifest in one known way",
	 "      --op NAME        operator\n"
	 "      --list           name the operators: target, when the damage is done, what it does\n"
	 "      --seed N         which bit, byte or piece (0)\n"
	 "      --key PEM        the good key, for operators that sign\n"
	 "      --other-key PEM  a key that the device does not know\n"
	 "      --slot-size SIZE of the target slot, like \"36 KiB\"\n"
	 "  -o, --output OUT     where to write the result\n"
	 "      --force          write over an OUT that exists\n",
	 corrupt_options, ":o:h", 1, run_corrupt},
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static int read_key(const char *path, const char **kept, struct bp_key *key, struct bp_err *err)
{
	*kept = path;
	return bp_key_read(path, key, err);
}

/* The key seed takes exactly 32 bytes (RFC 8032 section 5.1.5). */
static int read_key_seed(struct options *o, struct bp_err *err)
{
	int n = bp_unhex(optarg, o->key_seed, sizeof(o->key_seed), err);

	if (n >= 0 && n != (int)sizeof(o->key_seed))
		return bp_fail(err, BP_EUSAGE, "%d bytes; expected 32 as 64 hex digits", n);
	o->has_key_seed = 1;
	return n < 0 ? n : 0;
}

static int take_option(struct options *o, int c, struct bp_err *err)
{
	uint64_t v = 0;
	int rc = 0;

	switch (c) {
	case 'o':
		o->output = optarg;
		break;
	case 'h':
		o->help = 1;
		break;
	case OPT_KEY:
		rc = read_key(optarg, &o->key_path, &o->key, err);
		break;
	case OPT_OTHER_KEY:
		rc = read_key(optarg, &o->other_key_path, &o->other_key, err);
		break;
	case OPT_OP:
		o->op = optarg;
		break;
	case OPT_SEED:
		rc = bp_parse_u64(optarg, 0, UINT64_MAX, &o->seed, err);
		break;
	case OPT_KEY_SEED:
		rc = read_key_seed(o, err);
		break;
	case OPT_SLOT_SIZE:
		rc = bp_parse_bytes(optarg, 1, BP_IMAGE_MAX_BYTES - 1, &v, err);
		o->slot_size = (uint32_t)v;
		break;
	case OPT_PUB:
		o->pub = optarg;
		break;
	case OPT_FORCE:
		o->force = 1;
		break;
	default:
		o->list = 1;
		break;
	}
	return rc;
}

/* All options of argv into o; 0 or the exit status. */
static int take_options(const struct subcommand *sub, int argc, char **argv, struct options *o)
{
	struct bp_err err;
	int c, at = -1;

	optind = 0; /* glibc: start over, getopt(3) */
	opterr = 0;
	while ((c = getopt_long(argc, argv, sub->shortopts, sub->longopts, &at)) != -1) {
		if (c == ':')
			return misuse(sub, "%s needs a value", argv[optind - 1]);
		if (c == '?')
			return misuse(sub, "unknown option %s", argv[optind - 1]);
		if (take_option(o, c, &err) < 0) {
			if (at >= 0)
				bp_prefix(&err, "--%s", sub->longopts[at].name);
			return input_failed(&err);
		}
		if (o->help)
			return 0;
		at = -1;
	}
	return 0;
}

static int run(const struct subcommand *sub, int argc, char **argv)
{
	struct options o = {0};
	struct bp_arena *a;
	int status = take_options(sub, argc, argv, &o);

	if (status)
		goto out;
	if (o.help) {
		printf("Usage: brickproof image %s %s\n%s.\n\n%s  -h, --help           this text\n", sub->name, sub->args,
		       sub->help, sub->options);
		status = flushed(0);
		goto out;
	}
	if (o.list) {
		status = list_operators();
		goto out;
	}
	if (argc - optind != sub->operands) {
		status = misuse(sub, "expected %s", sub->args);
		goto out;
	}
	a = bp_arena_new(ARENA_BYTES);
	if (!a || sodium_init() < 0) {
		fprintf(stderr, "brickproof image: no memory, or no randomness\n");
		status = EXIT_RIG;
	} else {
		status = sub->run(a, &o, argv + optind, sub);
	}
	bp_arena_free(a);
out:
	sodium_memzero(&o, sizeof(o));
	return status;
}

static void print_help(FILE *to)
{
	fprintf(to, "Usage: brickproof image COMMAND …\n\n");
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		fprintf(to, "  %-8s %s\n", subcommands[i].name, subcommands[i].help);
	fprintf(to, "\n'brickproof image COMMAND --help' tells more.\n");
}

int bp_cmd_image(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (name && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
		print_help(stdout);
		return flushed(0);
	}
	for (size_t i = 0; name && i < N_SUBCOMMANDS; i++)
		if (strcmp(name, subcommands[i].name) == 0)
			return run(&subcommands[i], argc - 1, argv + 1);
	if (name)
		fprintf(stderr, "brickproof image: no command '%s'\n", name);
	print_help(stderr);
	return EXIT_USAGE;
}
