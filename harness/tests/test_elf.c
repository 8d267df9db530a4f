/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols by name, from ELF files made here: 32-bit Arm as a product's linker writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "bench/elf_symbols.h"

struct entry {
	const char *name;
	uint32_t value, size;
	unsigned char bind, type;
	uint16_t section;
};

#define ENTRIES 12

static const struct entry usual[ENTRIES] = {
	{"$t", 0x1000, 0, STB_LOCAL, STT_NOTYPE, 1},
	{"main.c", 0, 0, STB_LOCAL, STT_FILE, SHN_ABS},
	{"helper", 0x1201, 8, STB_LOCAL, STT_FUNC, 1},
	{"helper", 0x1301, 8, STB_LOCAL, STT_FUNC, 1},
	{"twice", 0x1401, 8, STB_LOCAL, STT_FUNC, 1},
	{"twice", 0x1501, 8, STB_GLOBAL, STT_FUNC, 1},
	{"flash_erase", 0x1101, 32, STB_GLOBAL, STT_FUNC, 1},
	{"flash_write", 0x1121, 48, STB_WEAK, STT_FUNC, 1},
	{"canary", 0x20000101, 64, STB_GLOBAL, STT_OBJECT, 2},
	{"label", 0x1180, 0, STB_GLOBAL, STT_NOTYPE, 1},
	{"elsewhere", 0, 0, STB_GLOBAL, STT_NOTYPE, SHN_UNDEF},
};

static struct bp_arena *arena;
static struct bp_err err;
static uint8_t file[4096];
static size_t file_len;

/* e[ENTRIES] up to one without a name; machine of the head; no table when e is NULL. */
static void build(const struct entry *e, uint16_t machine)
{
	Elf32_Shdr section[4] = {{0}};
	Elf32_Ehdr head = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC, .e_machine = machine,
		.e_version = EV_CURRENT, .e_shoff = sizeof(head), .e_ehsize = sizeof(head), .e_shentsize = sizeof(section[0]),
		.e_shnum = e ? 4 : 2, .e_shstrndx = 1,
	};
	uint32_t names = sizeof(head) + sizeof(section), table = names + 512, n = 1, at = 1;

	memset(file, 0, sizeof(file));
	section[1] = (Elf32_Shdr){.sh_type = SHT_STRTAB, .sh_offset = names, .sh_size = 512};
	for (; e && n <= ENTRIES && e[n - 1].name; n++) {
		Elf32_Sym s = {.st_name = at, .st_value = e[n - 1].value, .st_size = e[n - 1].size,
			       .st_info = (unsigned char)(e[n - 1].bind << 4 | e[n - 1].type), .st_shndx = e[n - 1].section};

		strcpy((char *)file + names + at, e[n - 1].name);
		at += (uint32_t)strlen(e[n - 1].name) + 1;
		memcpy(file + table + n * sizeof(s), &s, sizeof(s));
	}
	section[2] = (Elf32_Shdr){.sh_type = SHT_SYMTAB, .sh_offset = table, .sh_size = n * (uint32_t)sizeof(Elf32_Sym), .sh_link = 1,
				  .sh_entsize = sizeof(Elf32_Sym)};
	section[3] = (Elf32_Shdr){.sh_type = SHT_PROGBITS};
	memcpy(file, &head, sizeof(head));
	memcpy(file + sizeof(head), section, sizeof(section));
	file_len = table + n * sizeof(Elf32_Sym);
}

static int begin(void **state)
{
	(void)state;
	arena = bp_arena_new((size_t)1 << 20);
	return arena ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

static int parse(struct bp_symbols *s)
{
	err.text[0] = '\0';
	return bp_symbols_parse(arena, "fw.elf", file, file_len, s, &err);
}

struct find_row {
	const char *name;
	int rc;
	uint32_t addr, size;
	const char *says;
};

static const struct find_row find_rows[] = {
	{"flash_erase", 0, 0x1100, 32, NULL},
	{"flash_write", 0, 0x1120, 48, NULL},
	{"canary", 0, 0x20000101, 64, NULL},
	{"label", 0, 0x1180, 0, NULL},
	{"twice", 0, 0x1500, 8, NULL},
	{"helper", BP_ECONFIG, 0, 0, "fw.elf: 'helper' is local to several files, at 0x00001200 and at 0x00001300"},
	{"flash_erese", BP_ENOENT, 0, 0, "fw.elf: no symbol 'flash_erese'; did you mean 'flash_erase'?"},
	{"kanary", BP_ENOENT, 0, 0, "did you mean 'canary'?"},
	{"nothing_like_it", BP_ENOENT, 0, 0, "fw.elf: no symbol 'nothing_like_it'"},
	{"", BP_ENOENT, 0, 0, "no symbol ''"},
	{"$t", BP_ENOENT, 0, 0, "no symbol"},
	{"main.c", BP_ENOENT, 0, 0, "no symbol"},
	{"elsewhere", BP_ENOENT, 0, 0, "no symbol"},
	{"zzz", BP_ENOENT, 0, 0, "no symbol"},
};

static void found(void **state)
{
	struct bp_symbols s;

	(void)state;
	build(usual, EM_ARM);
	assert_int_equal(parse(&s), 0);
	memset(file, 0xee, sizeof(file)); /* not needed any more */
	assert_int_equal(s.n, 8);
	for (size_t i = 0; i < sizeof(find_rows) / sizeof(find_rows[0]); i++) {
		const struct find_row *row = &find_rows[i];
		struct bp_symbol got = {0};
		int rc = bp_symbols_find(&s, row->name, &got, &err);

		if (rc != row->rc || (!rc && (got.addr != row->addr || got.size != row->size)))
			fail_msg("%s: %d, 0x%x+%u: %s", row->name, rc, got.addr, got.size, rc ? err.text : "");
		if (row->says && !strstr(err.text, row->says))
			fail_msg("%s: '%s', expected '%s'", row->name, err.text, row->says);
	}
}

/* Off Arm, the low bit of a function's address is part of it. */
static void other_machine(void **state)
{
	struct bp_symbol got;
	struct bp_symbols s;

	(void)state;
	build(usual, EM_RISCV);
	assert_int_equal(parse(&s), 0);
	assert_int_equal(bp_symbols_find(&s, "flash_erase", &got, &err), 0);
	assert_int_equal(got.addr, 0x1101);
	assert_true(got.function && got.global);
}

static void put16(size_t at, uint16_t v)
{
	memcpy(file + at, &v, sizeof(v));
}

static void put32(size_t at, uint32_t v)
{
	memcpy(file + at, &v, sizeof(v));
}

#define TABLE (sizeof(Elf32_Ehdr) + 2 * sizeof(Elf32_Shdr))

struct bad_row {
	const char *name;
	void (*damage)(void);
	const char *says;
};

static void empty(void) { file_len = 0; }
static void text(void) { memcpy(file, ":10000000", 9); }
static void short_head(void) { file_len = 20; }
static void no_table(void) { build(NULL, EM_ARM); }
static void no_entries(void) { put32(TABLE + offsetof(Elf32_Shdr, sh_size), 16); }
static void entry_size(void) { put32(TABLE + offsetof(Elf32_Shdr, sh_entsize), 0); }
static void huge_table(void) { put32(TABLE + offsetof(Elf32_Shdr, sh_size), 0xfffffff0); }
static void table_beyond(void) { put32(TABLE + offsetof(Elf32_Shdr, sh_offset), 0x10000); }
static void no_names(void) { put32(TABLE + offsetof(Elf32_Shdr, sh_link), 99); }
static void name_beyond(void) { put32(sizeof(Elf32_Ehdr) + 4 * sizeof(Elf32_Shdr) + 512 + sizeof(Elf32_Sym), 0x7fffffff); }
static void sections_beyond(void) { put32(offsetof(Elf32_Ehdr, e_shoff), 0xfffff000); }
static void many_sections(void) { put16(offsetof(Elf32_Ehdr, e_shnum), 0xff00); }

static const struct bad_row bad_rows[] = {
	{"empty", empty, "fw.elf: empty, not an ELF file"},
	{"hex file", text, "fw.elf: not an ELF file; give the linker's output"},
	{"short", short_head, "fw.elf: "},
	{"stripped", no_table, "fw.elf: stripped, it has no symbol table"},
	{"only the first entry", no_entries, "fw.elf: its symbol table is empty"},
	{"entries of no size", entry_size, "no sensible size"},
	{"huge table", huge_table, "fw.elf: "},
	{"table beyond the end", table_beyond, "fw.elf: damaged ELF file"},
	{"no names", no_names, "fw.elf: damaged ELF file"},
	{"name beyond the end", name_beyond, "fw.elf: damaged ELF file"},
	{"sections beyond the end", sections_beyond, "fw.elf: "},
	{"more sections than there are", many_sections, "fw.elf: "},
};

static void bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		struct bp_symbols s;
		int rc;

		build(usual, EM_ARM);
		bad_rows[i].damage();
		rc = parse(&s);
		if (rc != BP_ECONFIG || !strstr(err.text, bad_rows[i].says))
			fail_msg("%s: %d: '%s', expected '%s'", bad_rows[i].name, rc, err.text, bad_rows[i].says);
	}
}

/* By path; a missing one is named. */
static void from_file(void **state)
{
	char path[] = "/tmp/brickproof-elf-XXXXXX";
	struct bp_symbols s;
	struct bp_symbol got;
	int fd = mkstemp(path);

	(void)state;
	build(usual, EM_ARM);
	assert_int_equal(write(fd, file, file_len), (ssize_t)file_len);
	close(fd);
	assert_int_equal(bp_symbols_read(arena, path, &s, &err), 0);
	assert_int_equal(bp_symbols_find(&s, "canary", &got, &err), 0);
	assert_string_equal(s.path, path);
	unlink(path);
	assert_int_equal(bp_symbols_read(arena, path, &s, &err), BP_EIO);
	assert_non_null(strstr(err.text, path));
}

static void small_arena(void **state)
{
	struct bp_arena *small = bp_arena_new(300);
	struct bp_symbols s;

	(void)state;
	build(usual, EM_ARM);
	assert_non_null(small);
	assert_int_equal(bp_symbols_parse(small, "fw.elf", file, file_len, &s, &err), BP_ENOMEM);
	bp_arena_free(small);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static const struct CMUnitTest tests[] = {
	TEST(found), TEST(other_machine), TEST(bad), TEST(from_file), TEST(small_arena),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
