/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product.h - what is true of every board of a kind, from product.yaml.
 *
 * Everything lives in the arena given on reading. Artifacts are built while
 * reading (seeded bodies, signed with the product's key), one payload per slot,
 * and every one is known bit for bit.
 */
#ifndef BP_BENCH_PRODUCT_H
#define BP_BENCH_PRODUCT_H

#include "base/arena.h"
#include "base/err.h"
#include "image/image.h"
#include "image/manifest.h"
#include "vboard/geometry.h"

#include <stdbool.h>

#define BP_SLOTS 2
#define BP_MAX_ARTIFACTS 16
#define BP_MAX_REASONS 64

/* Phases of an update, as sweeps and products name them. */
enum bp_phase {
	BP_PHASE_DOWNLOAD,   /* from the manifest's offer until the last byte is acknowledged */
	BP_PHASE_INSTALL,    /* trial request and what it writes */
	BP_PHASE_FIRST_BOOT, /* the bootloader after the reset, until it jumps */
	BP_PHASE_CONFIRM,    /* the trial image, until it is confirmed and quiet */
	BP_PHASE_ROLLBACK,   /* everything from the second boot after the reset on */
	BP_PHASE_IDLE,       /* no update under way */
	BP_PHASES
};
extern const char *const bp_phase_names[BP_PHASES];

struct bp_artifact {
	const char *name;              /* "from", "to", "followup", "crash", … */
	const char *runs;              /* entry of the native firmware that it enters: "healthy", "crash", … */
	struct bp_version version;
	uint32_t security_counter;
	uint32_t body_bytes;
	uint64_t seed;                 /* of the body's filler */
	const struct bp_key *key;      /* that signs it */
	int released;                  /* 0: no device may ever run it */
	struct bp_bytes image[BP_SLOTS];
	uint8_t sha256[BP_SLOTS][32];  /* of the whole file */
	uint8_t digest[BP_SLOTS][32];  /* the image's own SHA-256 TLV: what SMP calls its hash */
	struct bp_manifest manifest;   /* fields, for manifest edits */
	struct bp_bytes manifest_cose; /* signed */
};

/* Console lines that mean something: a line mark matches when the text occurs in it. */
struct bp_marks {
	const char *boot;       /* a boot begins: "boot: cause" */
	const char *trial;      /* the bootloader starts a trial: "trial" */
	const char *up;         /* an application runs: "app: up" or alike */
	const char *confirmed;  /* the application reports its confirm */
	const char *rollback;
	const char *no_image;
	const char *state_lost;
	const char *power_on;   /* the console tells that power was lost: "cause power-on"; NULL: it never does */
};

/* What a debug port finds on a real board: names in the firmware's ELF, and how the core tells that power was lost. */
struct bp_probe_map {
	bool given;
	const char *elf;               /* path, NULL: the bench file names it */
	const char *program, *erase;   /* functions: (address, source, bytes) and (address of a page) */
	const char *canary;            /* object: RAM that nobody uses and no start-up code clears */
	bool has_cause;
	uint32_t cause_at, cause_mask, cause_power_on; /* register, its bits, and what they are after power-on */
};

#define BP_MAX_REQUEST 8
#define BP_REQUEST_SLOT (-1)

/* Bytes that ask the bootloader to try an image which was written into its slot by other means than the device's. */
struct bp_request_words {
	int area;                      /* enum dut_area_id, or BP_REQUEST_SLOT: the slot that was written */
	bool from_end;                 /* `at` counts from the area's end */
	uint32_t at;
	uint8_t bytes[64];
	size_t n;
};

#define BP_MAX_RECORDS 4
#define BP_MAX_RECORD_PAGES 8
#define BP_RECORD_BYTES 4096 /* most, with the CRC */

/*
 * Records of the firmware that stand at the start of pages and end in the CRC-32 of all
 * before it. Of one that is kept twice: the number (32 bits, little-endian) that grows
 * with each commit. Of one that entries are appended to: their bytes, up to whole write
 * units, and where in one its CRC stands, which is carried on from the record's, and a
 * number that counts them.
 */
struct bp_records {
	uint32_t addr[BP_MAX_RECORD_PAGES]; /* of each page that may begin with one */
	unsigned n;                         /* numbered: two */
	uint32_t crc_at, number_at;         /* offsets in the record */
	bool numbered;
	uint32_t entry_bytes, entry_crc_at, entry_number_at; /* entry_bytes 0: none are appended */
	uint32_t superseded_at;             /* in the record: 32 bits that an entry goes before */
};

enum bp_manifest_policy { BP_MANIFEST_REQUIRED, BP_MANIFEST_OPTIONAL };

struct bp_product {
	const char *name, *title, *path;
	const char *firmware;          /* native firmware object, name without folder and suffix */
	struct bp_board_config board;
	const char *area_name[DUT_AREA_COUNT];
	uint32_t writes[BP_PHASES];    /* areas that the device may write in each phase, bit masks of enum dut_area_id; 0: any */
	unsigned n_artifacts;
	struct bp_artifact artifact[BP_MAX_ARTIFACTS];
	struct bp_key key, other_key;  /* release key, and one that no device knows */
	struct bp_key next_key, revoked_key; /* that devices know too: the release key of tomorrow, and one revoked; all zero: the product has none */
	enum bp_manifest_policy manifest;
	int recovery;                  /* artifact that stands in slot B and carries out the updates of slot A; -1: the slots take turns */
	unsigned n_request;
	struct bp_request_words request[BP_MAX_REQUEST]; /* written in this order */
	uint32_t chunk_bytes;          /* payload bytes of an upload request */
	uint64_t recovery_budget_ns;   /* power return → settled */
	uint64_t update_budget_ns;     /* whole update, from first byte to confirmed; an upload that takes longer is given up */
	uint64_t reply_budget_ns;      /* one SMP answer */
	uint64_t service_budget_ns;    /* longest time without an answer while an update is loaded; 0: no limit */
	uint32_t page_erases, update_erases; /* most erases that an update may cost: of one page, in all; 0: any number */
	struct bp_marks marks;
	struct bp_probe_map probe;
	unsigned n_records;
	struct bp_records records[BP_MAX_RECORDS];
	unsigned n_reasons;
	int given_up;                  /* reason of a trial whose attempts power cycles have used up; -1: none is told */
	const char *reason[BP_MAX_REASONS]; /* index = code on the wire; NULL: unused */
};

/*
 * Read, check and build. Errors carry file:line:col. With `like: NAME`, the
 * sections that the file does not have are those of NAME.yaml beside it; with
 * `geometry: NAME`, flash and areas are those of that file.
 */
int bp_product_read(struct bp_arena *a, const char *path, struct bp_product **out, struct bp_err *err);

/* Only the name after `like`, in a; NULL when the product is like no other. */
int bp_product_peek(struct bp_arena *a, const char *path, const char **like, struct bp_err *err);

/* NULL when there is none of that name. */
const struct bp_artifact *bp_product_artifact(const struct bp_product *p, const char *name);

/* Code of a reason name, or -1. */
int bp_product_reason(const struct bp_product *p, const char *name);

/* The record that is kept twice and numbered; NULL: the product tells of none. */
const struct bp_records *bp_product_numbered(const struct bp_product *p);

/* Which artifact stands in slot (its bytes from the start of the slot, bit for bit), or NULL. slot_bytes: slot's content. */
const struct bp_artifact *bp_product_identify(const struct bp_product *p, unsigned slot, const uint8_t *slot_bytes, size_t len);

#endif
