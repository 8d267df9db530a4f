/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/elf_symbols.h"

#include "base/text.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)256 * 1024 * 1024) /* debug builds of large firmware reach tens of MiB */
#define MAX_SYMBOLS 4000000u
#define SHOWN_NAME_BYTES 80u

struct reader {
	struct bp_arena *arena;
	const char *name;
	Elf *elf;
	bool arm;               /* function addresses carry the Thumb bit */
	Elf_Scn *table;         /* the symbol table, or NULL */
	size_t strings;         /* section of its names */
	struct bp_symbol *symbol;
	unsigned n;
};

static int damaged(const struct reader *r, struct bp_err *err)
{
	return bp_fail(err, BP_ECONFIG, "%s: damaged ELF file: %s; build the firmware again", r->name, elf_errmsg(-1));
}

/* The section that holds all symbols; the dynamic one will not do: firmware has none. */
static int find_table(struct reader *r, size_t *entries, struct bp_err *err)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(r->elf, section)) != NULL) {
		GElf_Shdr head;

		if (!gelf_getshdr(section, &head))
			return damaged(r, err);
		if (head.sh_type != SHT_SYMTAB)
			continue;
		if (!head.sh_entsize || head.sh_size / head.sh_entsize > MAX_SYMBOLS)
			return bp_fail(err, BP_ECONFIG, "%s: damaged ELF file: its symbol table has no sensible size", r->name);
		r->table = section;
		r->strings = head.sh_link;
		*entries = (size_t)(head.sh_size / head.sh_entsize);
		return 0;
	}
	return bp_fail(err, BP_ECONFIG, "%s: stripped, it has no symbol table; give the linker's ELF file, not the stripped one", r->name);
}

static int take(struct reader *r, const GElf_Sym *sym, struct bp_err *err)
{
	unsigned char type = GELF_ST_TYPE(sym->st_info);
	struct bp_symbol *s = &r->symbol[r->n];
	const char *name;

	/* Assembler labels (STT_NOTYPE) count too: vendor flash code is often assembler. */
	if ((type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE) || sym->st_shndx == SHN_UNDEF)
		return 0;
	name = elf_strptr(r->elf, r->strings, sym->st_name);
	if (!name)
		return damaged(r, err);
	/* Mapping symbols mark code and data, ELF for the Arm Architecture (IHI 0044) section 5.5.5. */
	if (!name[0] || (r->arm && name[0] == '$'))
		return 0;
	if (sym->st_value > UINT32_MAX || sym->st_size > UINT32_MAX) {
		if (sym->st_shndx == SHN_ABS)
			return 0;
		return bp_fail(err, BP_ECONFIG, "%s: symbol '%.80s' lies beyond 32 bits: no firmware of a microcontroller", r->name, name);
	}
	*s = (struct bp_symbol){
		.name = bp_arena_text(r->arena, name, strlen(name)),
		.addr = (uint32_t)sym->st_value, .size = (uint32_t)sym->st_size,
		.function = type == STT_FUNC, .global = GELF_ST_BIND(sym->st_info) != STB_LOCAL,
	};
	if (!s->name)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for its symbols", r->name);
	if (r->arm && s->function)
		s->addr &= ~UINT32_C(1);
	r->n++;
	return 0;
}

static int by_name(const void *left, const void *right)
{
	const struct bp_symbol *l = left, *r = right;
	int order = strcmp(l->name, r->name);

	if (order)
		return order;
	if (l->global != r->global)
		return l->global ? -1 : 1;
	return l->addr < r->addr ? -1 : l->addr > r->addr;
}

static int read_symbols(struct reader *r, struct bp_err *err)
{
	size_t entries = 0;
	int rc = find_table(r, &entries, err);
	Elf_Data *data;

	if (rc)
		return rc;
	data = elf_getdata(r->table, NULL);
	if (!data)
		return damaged(r, err);
	r->symbol = bp_arena_array(r->arena, entries + 1, sizeof(*r->symbol));
	if (!r->symbol)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for its symbols", r->name);
	for (size_t i = 1; i < entries; i++) { /* entry 0 is the undefined symbol */
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			return damaged(r, err);
		rc = take(r, &sym, err);
		if (rc)
			return rc;
	}
	if (!r->n)
		return bp_fail(err, BP_ECONFIG, "%s: its symbol table is empty; give the linker's ELF file, not a stripped one", r->name);
	qsort(r->symbol, r->n, sizeof(*r->symbol), by_name);
	return 0;
}

static int check_head(struct reader *r, struct bp_err *err)
{
	GElf_Ehdr head;

	if (elf_kind(r->elf) != ELF_K_ELF)
		return bp_fail(err, BP_ECONFIG, "%s: not an ELF file; give the linker's output, not the .bin or .hex made of it", r->name);
	if (!gelf_getehdr(r->elf, &head))
		return damaged(r, err);
	r->arm = head.e_machine == EM_ARM;
	return 0;
}

int bp_symbols_parse(struct bp_arena *a, const char *name, void *bytes, size_t len, struct bp_symbols *out,
		     struct bp_err *err)
{
	struct reader r = {.arena = a, .name = name};
	int rc;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return bp_fail(err, BP_EINTERNAL, "libelf is too old: %s", elf_errmsg(-1));
	if (!len)
		return bp_fail(err, BP_ECONFIG, "%s: empty, not an ELF file", name);
	r.elf = elf_memory(bytes, len);
	if (!r.elf)
		return damaged(&r, err);
	rc = check_head(&r, err);
	if (!rc)
		rc = read_symbols(&r, err);
	elf_end(r.elf);
	if (!rc)
		*out = (struct bp_symbols){.path = name, .n = r.n, .symbol = r.symbol};
	return rc;
}

int bp_symbols_read(struct bp_arena *a, const char *path, struct bp_symbols *out, struct bp_err *err)
{
	struct bp_arena *whole = bp_arena_new(MAX_FILE_BYTES + 4096);
	const char *name = bp_arena_text(a, path, strlen(path));
	char *bytes;
	size_t len;
	int rc;

	if (!whole || !name) {
		bp_arena_free(whole);
		return bp_fail(err, BP_ENOMEM, "%s: no memory to read it", path);
	}
	rc = bp_read_file(whole, path, MAX_FILE_BYTES, &bytes, &len, err);
	if (!rc)
		rc = bp_symbols_parse(a, name, bytes, len, out, err);
	bp_arena_free(whole);
	return rc;
}

/* Index of the first symbol whose name is not less than name. */
static unsigned lower_bound(const struct bp_symbols *s, const char *name)
{
	unsigned low = 0, high = s->n;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (strcmp(s->symbol[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int no_symbol(const struct bp_symbols *s, const char *name, struct bp_err *err)
{
	char shown[SHOWN_NAME_BYTES];
	const char *best = NULL;

	/* Pairs against the best so far: no table of all names is needed. */
	for (unsigned i = 0; i < s->n; i++) {
		const char *pair[2] = {best, s->symbol[i].name};

		best = bp_nearest(name, pair, 2);
	}
	bp_quote(shown, sizeof(shown), name);
	if (best)
		return bp_fail(err, BP_ENOENT, "%s: no symbol %s; did you mean '%.80s'?", s->path, shown, best);
	return bp_fail(err, BP_ENOENT, "%s: no symbol %s", s->path, shown);
}

int bp_symbols_find(const struct bp_symbols *s, const char *name, struct bp_symbol *out, struct bp_err *err)
{
	unsigned at = lower_bound(s, name);
	const struct bp_symbol *found = &s->symbol[at];

	if (at == s->n || strcmp(found->name, name))
		return no_symbol(s, name, err);
	for (unsigned i = at + 1; !found->global && i < s->n && !strcmp(s->symbol[i].name, name); i++)
		if (s->symbol[i].addr != found->addr)
			return bp_fail(err, BP_ECONFIG, "%s: '%.80s' is local to several files, at 0x%08x and at 0x%08x; name another symbol",
				       s->path, name, found->addr, s->symbol[i].addr);
	*out = *found;
	return 0;
}
