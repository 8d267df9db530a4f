/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/firmware.h"

#include "base/rng.h"

#include <dlfcn.h>
#include <string.h>

static size_t extent(const void *start, const void *end)
{
	return (size_t)((const char *)end - (const char *)start);
}

static int keep(struct bp_arena *a, const struct dut_ram *ram, void **copy)
{
	size_t n = extent(ram->data, ram->data_end);

	*copy = bp_arena_alloc(a, n ? n : 1);
	if (!*copy)
		return BP_ENOMEM;
	memcpy(*copy, ram->data, n);
	return 0;
}

int bp_firmware_load(struct bp_arena *a, const char *path, struct bp_firmware *out, struct bp_err *err)
{
	const struct dut_firmware *fw;

	memset(out, 0, sizeof(*out));
	out->path = bp_arena_text(a, path, strlen(path));
	out->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!out->handle)
		return bp_fail(err, BP_ECONFIG, "cannot load firmware: %s (build it with `make firmware mutant-objects`)", dlerror());
	fw = dlsym(out->handle, "dut_firmware");
	if (!fw || fw->abi != DUT_FIRMWARE_ABI) {
		bp_fail(err, BP_ECONFIG, fw ? "%s: built for another version of dut.h; rebuild it"
					    : "%s: exports no dut_firmware, so it is no firmware object", path);
		bp_firmware_unload(out);
		return BP_ECONFIG;
	}
	if (keep(a, &fw->boot_ram, &out->boot_data) || keep(a, &fw->app_ram, &out->app_data)) {
		bp_firmware_unload(out);
		return bp_fail(err, BP_ENOMEM, "%s: no memory for its data", path);
	}
	out->fw = fw;
	return 0;
}

void bp_firmware_unload(struct bp_firmware *f)
{
	if (f->handle)
		dlclose(f->handle);
	f->handle = NULL;
	f->fw = NULL;
}

void (*bp_firmware_entry(const struct bp_firmware *f, const char *name))(void)
{
	for (const struct dut_entry *e = f->fw->entries; e->name; e++)
		if (!strcmp(e->name, name))
			return e->enter;
	return NULL;
}

static void garbage(void *start, void *end, uint64_t seed)
{
	uint64_t word = bp_mix64(seed);
	unsigned char *p = start;
	size_t n = extent(start, end), i = 0;

	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(p + i, &word, sizeof(word));
		word += 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio */
	}
	for (; i < n; i++, word >>= 8)
		p[i] = (unsigned char)word;
}

static void poison_ram(const struct dut_ram *ram, uint64_t seed)
{
	garbage(ram->data, ram->data_end, seed);
	garbage(ram->bss, ram->bss_end, seed + 1);
}

static void start_ram(const struct dut_ram *ram, const void *data)
{
	memcpy(ram->data, data, extent(ram->data, ram->data_end));
	memset(ram->bss, 0, extent(ram->bss, ram->bss_end));
}

void bp_firmware_poison(const struct bp_firmware *f, uint64_t seed)
{
	garbage(f->fw->noinit, f->fw->noinit_end, seed);
}

void bp_firmware_start_boot(const struct bp_firmware *f, uint64_t seed)
{
	poison_ram(&f->fw->app_ram, seed);
	start_ram(&f->fw->boot_ram, f->boot_data);
}

void bp_firmware_start_app(const struct bp_firmware *f, uint64_t seed)
{
	poison_ram(&f->fw->boot_ram, seed);
	start_ram(&f->fw->app_ram, f->app_data);
}
