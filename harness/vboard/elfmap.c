/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/elfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define MAX_REGIONS 16u
#define MAX_SYMBOLS 128u
#define MAX_NAMES 8192u
#define ABI_VERSION_5 0x05000000u /* EF_ARM_ABI_VER5 */

struct names {
	char bytes[MAX_NAMES];
	uint32_t len;
	bool full;
};

struct writer {
	Elf *elf;
	struct names names, section_names;
	Elf32_Sym sym[MAX_SYMBOLS];
};

static uint32_t add_name(struct names *n, const char *name)
{
	uint32_t at = n->len, len = (uint32_t)strlen(name) + 1;

	if (len > MAX_NAMES - at) {
		n->full = true;
		return 0;
	}
	memcpy(n->bytes + at, name, len);
	n->len += len;
	return at;
}

static bool section(struct writer *w, const char *name, const Elf32_Shdr *like, void *bytes, size_t size, Elf_Type type)
{
	Elf_Scn *scn = elf_newscn(w->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf32_Shdr *h = scn ? elf32_getshdr(scn) : NULL;

	if (!data || !h)
		return false;
	h->sh_name = add_name(&w->section_names, name);
	h->sh_type = like->sh_type;
	h->sh_flags = like->sh_flags;
	h->sh_addr = like->sh_addr;
	h->sh_link = like->sh_link;
	h->sh_info = like->sh_info;
	h->sh_entsize = like->sh_entsize;
	data->d_buf = bytes;
	data->d_size = size;
	data->d_type = type;
	data->d_align = 4;
	data->d_version = EV_CURRENT;
	return true;
}

static Elf32_Half region_of(const struct bp_region *r, size_t n, const struct bp_symbol *s)
{
	for (size_t i = 0; i < n; i++)
		if (s->addr >= r[i].addr && s->addr - r[i].addr < r[i].size)
			return (Elf32_Half)(i + 1);
	return SHN_ABS;
}

static void fill_symbols(struct writer *w, const struct bp_region *r, size_t n_r, const struct bp_symbol *s, size_t n)
{
	static const unsigned char types[] = {STT_FUNC, STT_OBJECT, STT_NOTYPE};

	for (size_t i = 0; i < n; i++) /* the first symbol of a table is none */
		w->sym[i + 1] = (Elf32_Sym){
			.st_name = add_name(&w->names, s[i].name),
			.st_value = s[i].addr | (s[i].kind == BP_SYMBOL_FUNCTION),
			.st_size = s[i].size,
			.st_info = ELF32_ST_INFO(STB_GLOBAL, types[s[i].kind]),
			.st_shndx = region_of(r, n_r, &s[i]),
		};
}

static bool build(struct writer *w, const struct bp_region *r, size_t n_r, size_t n_symbols, uint32_t entry)
{
	Elf32_Ehdr *e = elf32_newehdr(w->elf);
	Elf32_Shdr symbols = {.sh_type = SHT_SYMTAB, .sh_link = (Elf32_Word)n_r + 2, .sh_info = 1, .sh_entsize = sizeof(Elf32_Sym)};
	Elf32_Shdr strings = {.sh_type = SHT_STRTAB};
	bool ok = e != NULL;

	if (!ok)
		return false;
	e->e_ident[EI_DATA] = ELFDATA2LSB;
	e->e_machine = EM_ARM;
	e->e_type = ET_EXEC;
	e->e_version = EV_CURRENT;
	e->e_flags = ABI_VERSION_5;
	e->e_entry = entry | 1;
	e->e_shstrndx = (Elf32_Half)(n_r + 3);
	for (size_t i = 0; ok && i < n_r; i++) {
		Elf32_Shdr h = {.sh_type = SHT_NOBITS, .sh_addr = r[i].addr,
				.sh_flags = SHF_ALLOC | (r[i].code ? SHF_EXECINSTR : SHF_WRITE)};

		ok = section(w, r[i].name, &h, NULL, r[i].size, ELF_T_BYTE);
	}
	ok = ok && section(w, ".symtab", &symbols, w->sym, (n_symbols + 1) * sizeof(Elf32_Sym), ELF_T_SYM);
	ok = ok && section(w, ".strtab", &strings, w->names.bytes, w->names.len, ELF_T_BYTE);
	ok = ok && section(w, ".shstrtab", &strings, w->section_names.bytes, 0, ELF_T_BYTE);
	if (!ok)
		return false;
	/* Its own name is in it now. */
	elf_getdata(elf_getscn(w->elf, n_r + 3), NULL)->d_size = w->section_names.len;
	return !w->names.full && !w->section_names.full && elf_update(w->elf, ELF_C_WRITE) >= 0;
}

int bp_elfmap_write(const char *path, const struct bp_region *regions, size_t n_regions, const struct bp_symbol *symbols,
		    size_t n_symbols, uint32_t entry, struct bp_err *err)
{
	static struct writer w;
	int fd, rc = 0;

	if (n_regions > MAX_REGIONS || n_symbols >= MAX_SYMBOLS || elf_version(EV_CURRENT) == EV_NONE)
		return bp_fail(err, BP_EINTERNAL, "%s: too many regions or symbols", path);
	memset(&w, 0, sizeof(w));
	w.names.len = w.section_names.len = 1; /* the empty name is at 0 */
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return bp_fail(err, BP_EIO, "%s: %s", path, strerror(errno));
	w.elf = elf_begin(fd, ELF_C_WRITE, NULL);
	fill_symbols(&w, regions, n_regions, symbols, n_symbols);
	if (!w.elf || !build(&w, regions, n_regions, n_symbols, entry))
		rc = bp_fail(err, BP_EIO, "%s: %s", path, elf_errmsg(-1));
	if (w.elf)
		elf_end(w.elf);
	if (close(fd) && !rc)
		rc = bp_fail(err, BP_EIO, "%s: %s", path, strerror(errno));
	return rc;
}
