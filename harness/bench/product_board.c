/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product_board.c - the board's part of product.yaml: board, flash, supply, costs
 * and the memory map.
 */
#include "bench/product_parts.h"

#include "base/text.h"

#include <string.h>

#define MAX_FLASH_BYTES BP_IMAGE_MAX_BYTES
#define MIN_PAGE_BYTES 64u               /* boards have 128 B (STM32L0) to 128 KiB (STM32F4) */
#define MAX_PAGE_BYTES (256u * 1024u)
#define MAX_OPERATION_NS (60 * BP_NS_PER_S)
#define MAX_COST_NS (60 * BP_NS_PER_S)
#define MAX_WATCHDOG_NS (3600 * BP_NS_PER_S)
#define MAX_SUPPLY_MV 60000u
#define MAX_BAUD 12000000u               /* fastest FTDI USB serial bridges */

const char *const bp_phase_names[BP_PHASES] = {"download", "install", "first-boot", "confirm", "rollback", "idle"};

static const char *const area_names[DUT_AREA_COUNT] = {
	[DUT_AREA_BOOT] = "boot",           [DUT_AREA_SLOT_A] = "slot-a",
	[DUT_AREA_SLOT_B] = "slot-b",       [DUT_AREA_STATE_A] = "state-a",
	[DUT_AREA_STATE_B] = "state-b",     [DUT_AREA_COUNTER_A] = "counter-a",
	[DUT_AREA_COUNTER_B] = "counter-b", [DUT_AREA_PROGRESS] = "progress",
	[DUT_AREA_CONFIG_A] = "config-a",   [DUT_AREA_CONFIG_B] = "config-b",
};

/* ---- board ------------------------------------------------------------------ */

static void need_ms(struct bp_product_reader *r, const struct bp_node *map, const char *key, const char *what,
		    uint32_t *out_ms)
{
	uint64_t ns = 0;

	bp_product_need_duration(r, map, key, what, BP_NS_PER_MS, MAX_WATCHDOG_NS, &ns);
	if (ns % BP_NS_PER_MS)
		bp_diag_at(&r->diag, bp_map_get(map, key), "'%s' is no whole number of milliseconds", key);
	*out_ms = (uint32_t)(ns / BP_NS_PER_MS);
}

static void read_trial(struct bp_product_reader *r, const struct bp_node *board)
{
	struct dut_board *dut = &r->p->board.dut;
	const struct bp_node *map = bp_product_section(r, board, "trial", "what a trial image gets");

	if (!map)
		return;
	bp_product_need_u32(r, map, "attempts", "boots of a trial image", 1, 15, &dut->trial_attempts);
	need_ms(r, map, "budget", "time to confirm in", &dut->trial_budget_ms);
	bp_map_done(&r->diag, map);
}

/* "22:00": a minute of the day; *text moves behind it. 0 or -1. */
static int clock_minute(const char **text, uint16_t *out)
{
	const char *t = *text;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? t[i] != ':' : t[i] < '0' || t[i] > '9')
			return -1;
	*out = (uint16_t)(((t[0] - '0') * 10 + t[1] - '0') * 60 + (t[3] - '0') * 10 + t[4] - '0');
	*text = t + 5;
	return *out < 24 * 60 && t[3] < '6' ? 0 : -1;
}

static void read_gates(struct bp_product_reader *r, const struct bp_node *map)
{
	struct dut_gates *g = &r->p->board.dut.gates;
	const struct bp_node *node;
	uint32_t battery = 0, mains = 0;
	const char *text;

	if (!map || !bp_node_is(&r->diag, map, BP_NODE_MAP))
		return;
	bp_node_percent(&r->diag, bp_map_get(map, "battery"), &battery);
	bp_node_percent(&r->diag, bp_map_get(map, "mains-below"), &mains);
	g->battery_percent = (uint8_t)battery;
	g->mains_below_percent = (uint8_t)mains;
	node = bp_map_get(map, "window");
	if (!bp_node_text(&r->diag, node, &text) && node &&
	    (clock_minute(&text, &g->window_from_min) || *text++ != '-' || clock_minute(&text, &g->window_to_min) || *text))
		bp_diag_at(&r->diag, node, "'window' is no part of a day; expected \"HH:MM-HH:MM\", as in \"22:00-06:00\"");
	bp_map_done(&r->diag, map);
}

static void read_board(struct bp_product_reader *r, const struct bp_node *root)
{
	struct bp_board_config *b = &r->p->board;
	const struct bp_node *map = bp_product_section(r, root, "board", "what the device is told of itself");
	uint64_t clock = 0;
	bool mains = false;

	if (!map)
		return;
	if (r->p->name)
		memcpy(b->dut.product, r->p->name, strlen(r->p->name));
	bp_product_need_u32(r, map, "hardware-revision", "for manifests", 0, UINT32_MAX, &b->dut.hw_rev);
	bp_product_need_u32(r, map, "bootloader-version", "for manifests", 0, UINT32_MAX, &b->dut.boot_version);
	read_trial(r, map);
	need_ms(r, map, "watchdog", "period of the watchdog", &b->dut.watchdog_ms);
	bp_product_need_u32(r, map, "baud", "rate of the console", 300, MAX_BAUD, &b->baud);
	bp_node_percent(&r->diag, bp_map_need(&r->diag, map, "battery", "charge of the battery"), &b->around.battery_percent);
	bp_node_bool(&r->diag, bp_map_need(&r->diag, map, "mains", "mains power is there"), &mains);
	bp_node_u64(&r->diag, bp_map_need(&r->diag, map, "wallclock", "seconds since 1970"), 0, INT64_MAX, &clock);
	read_gates(r, bp_map_get(map, "gates"));
	b->around.mains = mains;
	b->around.wallclock_s = (int64_t)clock;
	bp_map_done(&r->diag, map);
}

/* ---- flash, supply, costs ------------------------------------------------------ */

static void check_unit(struct bp_product_reader *r, const struct bp_node *node, uint32_t page_bytes)
{
	const struct bp_geometry *f = &r->p->board.flash;
	char page[32];

	bp_show_bytes(page, sizeof(page), page_bytes);
	if (page_bytes && f->unit_bytes && page_bytes % f->unit_bytes)
		bp_diag_at(&r->diag, node, "'write-unit' is %u B, which does not divide the page of %s", f->unit_bytes, page);
}

static void check_flash(struct bp_product_reader *r, const struct bp_node *map)
{
	const struct bp_geometry *f = &r->p->board.flash;
	char page[32];

	bp_show_bytes(page, sizeof(page), f->page_bytes);
	if (f->page_bytes && f->size_bytes % f->page_bytes)
		bp_diag_at(&r->diag, bp_map_get(map, "size"), "'size' is no whole number of pages of %s", page);
	check_unit(r, bp_map_get(map, "write-unit"), f->page_bytes);
}

/* One run of pages. Their sum is kept within the largest flash, so that it cannot overflow. */
static void read_run(struct bp_product_reader *r, const struct bp_node *node, uint32_t *total)
{
	struct bp_geometry *f = &r->p->board.flash;
	struct bp_sectors *g = &f->sectors[f->n_sectors];
	unsigned before = r->diag.count;
	char size[32];

	if (!bp_node_is(&r->diag, node, BP_NODE_MAP))
		return;
	bp_product_need_u32(r, node, "pages", "how many follow each other", 1, MAX_FLASH_BYTES / MIN_PAGE_BYTES, &g->pages);
	bp_product_need_bytes(r, node, "page", "smallest erasable piece", MIN_PAGE_BYTES, MAX_PAGE_BYTES, &g->page_bytes);
	bp_product_need_duration(r, node, "erase-time", "one page", 1, MAX_OPERATION_NS, &g->erase_ns);
	bp_map_done(&r->diag, node);
	if (r->diag.count != before)
		return;
	bp_show_bytes(size, sizeof(size), g->page_bytes);
	if (g->pages > (MAX_FLASH_BYTES - *total) / g->page_bytes)
		bp_diag_at(&r->diag, node, "pages past the largest flash");
	else if (*total % g->page_bytes)
		bp_diag_at(&r->diag, node, "pages of %s begin at 0x%x; expected a multiple of their size", size, *total);
	if (r->diag.count != before)
		return;
	check_unit(r, bp_map_get(node, "page"), g->page_bytes);
	*total += g->pages * g->page_bytes;
	if (f->page_bytes < g->page_bytes)
		f->page_bytes = g->page_bytes;
	if (f->erase_ns < g->erase_ns)
		f->erase_ns = g->erase_ns;
	f->n_sectors++;
}

/* Pages of unequal size, from address 0 on. */
static void read_sectors(struct bp_product_reader *r, const struct bp_node *list)
{
	struct bp_geometry *f = &r->p->board.flash;
	unsigned before = r->diag.count;
	uint32_t total = 0;

	if (!bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return;
	if (!list->n || list->n > BP_MAX_SECTORS) {
		bp_diag_at(&r->diag, list, "'sectors' holds %zu runs of pages; expected 1 to %d", list->n, BP_MAX_SECTORS);
		return;
	}
	for (size_t i = 0; i < list->n && r->diag.count == before; i++)
		read_run(r, list->items[i], &total);
	if (r->diag.count == before && total != f->size_bytes)
		bp_diag_at(&r->diag, list, "'sectors' are 0x%x bytes together; expected 'size' (0x%x)", total, f->size_bytes);
}

static void read_flash(struct bp_product_reader *r, const struct bp_node *root)
{
	struct bp_board_config *b = &r->p->board;
	struct bp_geometry *f = &b->flash;
	const struct bp_node *map = bp_product_section(r, root, "flash", "geometry of the flash"), *sectors;
	static const char *const below[] = {"fails", "silent"}; /* what an operation comes to on a supply too low */
	uint32_t erased = 0xff;
	unsigned how = 0;
	bool ecc = false;

	if (!map)
		return;
	bp_product_need_bytes(r, map, "size", "the whole flash", MIN_PAGE_BYTES, MAX_FLASH_BYTES, &f->size_bytes);
	sectors = bp_map_get(map, "sectors");
	if (!sectors)
		bp_product_need_bytes(r, map, "page", "smallest erasable piece; or `sectors`", MIN_PAGE_BYTES, MAX_PAGE_BYTES,
				      &f->page_bytes);
	bp_product_need_bytes(r, map, "write-unit", "bytes of one program operation", 1, DUT_MAX_UNIT, &f->unit_bytes);
	bp_product_need_u32(r, map, "erased", "value of an erased byte", 0, 0xff, &erased);
	if (erased != 0 && erased != 0xff)
		bp_diag_at(&r->diag, bp_map_get(map, "erased"), "'erased' is 0x%02x; expected 0xff or 0x00", erased);
	bp_product_need_duration(r, map, "program-time", "one write unit", 1, MAX_OPERATION_NS, &f->program_ns);
	if (!sectors)
		bp_product_need_duration(r, map, "erase-time", "one page", 1, MAX_OPERATION_NS, &f->erase_ns);
	bp_product_need_u32(r, map, "writes-per-unit", "programs between erases, 0: no limit", 0, UINT32_MAX, &f->writes_per_unit);
	bp_node_bool(&r->diag, bp_map_need(&r->diag, map, "ecc", "a torn unit faults when read"), &ecc);
	if (!bp_node_enum(&r->diag, bp_map_get(map, "below-minimum"), below, 2, &how))
		f->low_is_silent = (int)how;
	f->erased = b->dut.erased = (uint8_t)erased;
	f->ecc = ecc;
	b->dut.flash_size = f->size_bytes;
	b->dut.write_unit = f->unit_bytes;
	if (sectors)
		read_sectors(r, sectors);
	else
		check_flash(r, map);
	bp_map_done(&r->diag, map);
}

static void read_supply(struct bp_product_reader *r, const struct bp_node *root)
{
	struct bp_rail *rail = &r->p->board.rail;
	const struct bp_node *map = bp_product_section(r, root, "supply", "levels of the supply, mV");
	unsigned before = r->diag.count;

	if (!map)
		return;
	bp_product_need_u32(r, map, "nominal", "mV", 1, MAX_SUPPLY_MV, &rail->nominal_mv);
	bp_product_need_u32(r, map, "flash-min", "mV, below: flash operations fail", 1, MAX_SUPPLY_MV, &rail->flash_min_mv);
	bp_product_need_u32(r, map, "core-min", "mV, below: the core stops", 1, MAX_SUPPLY_MV, &rail->core_min_mv);
	bp_product_need_duration(r, map, "decay", "from nominal to 0 V", 0, MAX_OPERATION_NS, &rail->decay_ns);
	if (r->diag.count == before && rail->flash_min_mv >= rail->nominal_mv)
		bp_diag_at(&r->diag, bp_map_get(map, "flash-min"), "'flash-min' is %u; expected less than nominal (%u)",
			   rail->flash_min_mv, rail->nominal_mv);
	if (r->diag.count == before && rail->core_min_mv > rail->flash_min_mv)
		bp_diag_at(&r->diag, bp_map_get(map, "core-min"), "'core-min' is %u; expected at most flash-min (%u)",
			   rail->core_min_mv, rail->flash_min_mv);
	bp_map_done(&r->diag, map);
}

static void read_costs(struct bp_product_reader *r, const struct bp_node *root)
{
	uint64_t *ns = r->p->board.costs.ns;
	const struct bp_node *map = bp_product_section(r, root, "costs", "time of work without hardware calls");

	if (!map)
		return;
	bp_product_need_duration(r, map, "sha256", "a byte hashed", 1, MAX_COST_NS, &ns[DUT_COST_SHA256]);
	bp_product_need_duration(r, map, "sha512", "a byte hashed", 1, MAX_COST_NS, &ns[DUT_COST_SHA512]);
	bp_product_need_duration(r, map, "ed25519-verify", "a verification", 1, MAX_COST_NS, &ns[DUT_COST_ED25519_VERIFY]);
	bp_product_need_duration(r, map, "cycles", "a CPU cycle", 1, MAX_COST_NS, &ns[DUT_COST_CYCLES]);
	bp_map_done(&r->diag, map);
}

/* ---- areas ------------------------------------------------------------------------ */

/* at: an address where a page must begin, which is what key says. */
static void check_page(struct bp_product_reader *r, const struct bp_node *area, const char *key, uint32_t value, uint32_t at)
{
	const struct bp_geometry *f = &r->p->board.flash;

	if (!f->page_bytes)
		return;
	if (!f->n_sectors && value % f->page_bytes)
		bp_diag_at(&r->diag, bp_map_get(area, key), "'%s' is 0x%x; expected a multiple of the page (0x%x)", key, value,
			   f->page_bytes);
	else if (f->n_sectors && at < f->size_bytes && bp_flash_page_at(f, at).start != at)
		bp_diag_at(&r->diag, bp_map_get(area, key), "'%s' is 0x%x, which lies within the page from 0x%x to 0x%x", key, value,
			   bp_flash_page_at(f, at).start, bp_flash_page_at(f, at).start + bp_flash_page_at(f, at).bytes - 1);
}

/* Reads one area; size 0 is left when it is missing or wrong. */
static void read_area(struct bp_product_reader *r, const struct bp_node *node, const char *name, struct dut_area *area)
{
	uint32_t flash = r->p->board.flash.size_bytes;
	unsigned before = r->diag.count;

	if (!bp_node_is(&r->diag, node, BP_NODE_MAP))
		return;
	bp_product_need_bytes(r, node, "at", "offset in the flash", 0, MAX_FLASH_BYTES, &area->addr);
	bp_product_need_bytes(r, node, "size", "bytes of the area", 1, MAX_FLASH_BYTES, &area->size);
	bp_map_done(&r->diag, node);
	if (r->diag.count != before) {
		area->size = 0;
		return;
	}
	check_page(r, node, "at", area->addr, area->addr);
	check_page(r, node, "size", area->size, area->addr + area->size);
	/* Both are at most MAX_FLASH_BYTES: the sum cannot overflow. */
	if (flash && area->addr + area->size > flash)
		bp_diag_at(&r->diag, node, "'%s' ends at 0x%x, outside of the flash of 0x%x bytes", name,
			   area->addr + area->size, flash);
}

static void check_overlap(struct bp_product_reader *r, const struct bp_node *areas, unsigned i)
{
	const struct dut_area *all = r->p->board.dut.area, *a = &all[i];

	for (unsigned j = 0; j < i; j++) {
		const struct dut_area *b = &all[j];

		if (a->size && b->size && a->addr < b->addr + b->size && b->addr < a->addr + a->size)
			bp_diag_at(&r->diag, bp_map_get(areas, area_names[i]),
				   "'%s' (0x%x to 0x%x) overlaps '%s' (0x%x to 0x%x)", area_names[i], a->addr,
				   a->addr + a->size - 1, area_names[j], b->addr, b->addr + b->size - 1);
	}
}

static void check_areas(struct bp_product_reader *r, const struct bp_node *map)
{
	const struct dut_area *a = r->p->board.dut.area;
	const struct dut_area *slot_a = &a[DUT_AREA_SLOT_A], *slot_b = &a[DUT_AREA_SLOT_B];
	const struct bp_node *config_a = bp_map_get(map, "config-a"), *config_b = bp_map_get(map, "config-b");

	if (slot_a->size && slot_b->size && slot_a->size != slot_b->size)
		bp_diag_at(&r->diag, bp_map_get(bp_map_get(map, "slot-b"), "size"),
			   "'size' of slot-b is 0x%x and that of slot-a 0x%x; expected the same", slot_b->size, slot_a->size);
	if (!config_a != !config_b)
		bp_diag_at(&r->diag, config_a ? config_a : config_b, "'config-a' and 'config-b' go together; one is missing");
}

static void read_areas(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *map = bp_product_section(r, root, "areas", "memory map of the flash");

	for (unsigned i = 0; i < DUT_AREA_COUNT; i++)
		r->p->area_name[i] = area_names[i];
	if (!map)
		return;
	for (unsigned i = 0; i < DUT_AREA_COUNT; i++) {
		bool optional = i == DUT_AREA_CONFIG_A || i == DUT_AREA_CONFIG_B;
		const struct bp_node *node = optional ? bp_map_get(map, area_names[i])
						      : bp_map_need(&r->diag, map, area_names[i], "an area of the flash");

		read_area(r, node, area_names[i], &r->p->board.dut.area[i]);
		check_overlap(r, map, i);
	}
	check_areas(r, map);
	bp_map_done(&r->diag, map);
}

static uint32_t read_area_list(struct bp_product_reader *r, const struct bp_node *list)
{
	uint32_t areas = 0;
	unsigned id;

	if (!list || !bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		if (bp_node_enum(&r->diag, list->items[i], area_names, DUT_AREA_COUNT, &id))
			continue;
		if (!r->p->board.dut.area[id].size)
			bp_diag_at(&r->diag, list->items[i], "the product has no area '%s'", area_names[id]);
		areas |= 1u << id;
	}
	return areas;
}

/* What may be written when: always, and in a phase on top of that. */
static void read_writes(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *map = bp_map_get(root, "writes");
	uint32_t always;

	if (!map || !bp_node_is(&r->diag, map, BP_NODE_MAP))
		return;
	always = read_area_list(r, bp_map_need(&r->diag, map, "always", "areas that may be written at any time"));
	for (unsigned i = 0; i < BP_PHASES; i++)
		r->p->writes[i] = always | read_area_list(r, bp_map_get(map, bp_phase_names[i]));
	if (!always)
		bp_diag_at(&r->diag, map, "'always' names no area; expected those of the boot state at least");
	bp_map_done(&r->diag, map);
}

/* The start of each page of an area. */
static void add_pages(struct bp_product_reader *r, const struct bp_node *node, unsigned id, struct bp_records *rec)
{
	const struct dut_area *area = &r->p->board.dut.area[id];
	struct bp_flash_page p;

	for (const struct bp_records *other = r->p->records; other <= rec; other++)
		for (unsigned i = 0; i < other->n; i++)
			if (area->size && other->addr[i] == area->addr) {
				bp_diag_at(&r->diag, node, "area '%s' stands here twice", area_names[id]);
				return;
			}
	for (uint32_t at = area->addr; at < area->addr + area->size; at = p.start + p.bytes) {
		p = bp_flash_page_at(&r->p->board.flash, at);
		if (rec->n == BP_MAX_RECORD_PAGES) {
			bp_diag_at(&r->diag, node, "the areas have more than %d pages", BP_MAX_RECORD_PAGES);
			return;
		}
		if (p.bytes < rec->crc_at + 4)
			bp_diag_at(&r->diag, node, "a page of area '%s' is smaller than the record of %u bytes", area_names[id], rec->crc_at + 4);
		rec->addr[rec->n++] = at;
	}
}

/* What is appended to the record. */
static void read_entries(struct bp_product_reader *r, const struct bp_node *map, struct bp_records *rec)
{
	const struct bp_node *crc;
	uint32_t unit = r->p->board.dut.write_unit;

	if (!map || !bp_node_is(&r->diag, map, BP_NODE_MAP))
		return;
	bp_product_need_u32(r, map, "bytes", "the length of an entry", 8, BP_RECORD_BYTES, &rec->entry_bytes);
	crc = bp_map_need(&r->diag, map, "crc", "where in an entry the CRC-32 of all before it stands");
	bp_node_u32(&r->diag, crc, 4, BP_RECORD_BYTES, &rec->entry_crc_at);
	if (rec->entry_bytes && rec->entry_crc_at > rec->entry_bytes - 4)
		bp_diag_at(&r->diag, crc, "an entry of %u bytes ends before its CRC does; expected it at %u at most", rec->entry_bytes,
			   rec->entry_bytes - 4);
	bp_product_need_u32(r, map, "number", "where in an entry it is numbered", 0, BP_RECORD_BYTES, &rec->entry_number_at);
	if (rec->entry_number_at + 4 > rec->entry_crc_at)
		bp_diag_at(&r->diag, crc, "the CRC of an entry stands before its number's end, %u; expected it behind", rec->entry_number_at + 4);
	bp_product_need_u32(r, map, "supersede", "where the record holds what the last entry goes before", 0, BP_RECORD_BYTES, &rec->superseded_at);
	if (rec->superseded_at + 4 > rec->crc_at)
		bp_diag_at(&r->diag, bp_map_get(map, "supersede"), "'supersede' is not within the %u bytes before the record's CRC", rec->crc_at);
	rec->entry_bytes = unit ? (rec->entry_bytes + unit - 1) / unit * unit : 0;
	bp_map_done(&r->diag, map);
}

static void read_record(struct bp_product_reader *r, const struct bp_node *map, struct bp_records *rec)
{
	const struct bp_node *list = bp_map_need(&r->diag, map, "areas", "the areas whose pages begin with such a record");
	const struct bp_node *crc = bp_map_need(&r->diag, map, "crc", "where the CRC-32 of all bytes before it stands");
	const struct bp_node *number = bp_map_get(map, "number");
	unsigned id;

	bp_node_u32(&r->diag, crc, 4, BP_RECORD_BYTES - 4, &rec->crc_at);
	rec->numbered = number != NULL;
	bp_node_u32(&r->diag, number, 0, BP_RECORD_BYTES - 8, &rec->number_at);
	if (number && rec->crc_at < rec->number_at + 4)
		bp_diag_at(&r->diag, crc, "the CRC stands before the number's end, %u; expected it behind", rec->number_at + 4);
	for (size_t i = 0; list && bp_node_is(&r->diag, list, BP_NODE_SEQ) && i < list->n; i++)
		if (!bp_node_enum(&r->diag, list->items[i], area_names, DUT_AREA_COUNT, &id))
			add_pages(r, list->items[i], id, rec);
	if (number && rec->n != 2)
		bp_diag_at(&r->diag, number, "'number' of a record on %u pages; expected two, which hold a copy each", rec->n);
	if (number && bp_map_get(map, "entries"))
		bp_diag_at(&r->diag, number, "'number' and 'entries' of one record; expected one of them");
	read_entries(r, bp_map_get(map, "entries"), rec);
	bp_map_done(&r->diag, map);
}

/* False of a flash that was told of wrongly: its areas have no pages to go through. */
static bool has_pages(const struct bp_geometry *g)
{
	for (unsigned i = 0; i < g->n_sectors; i++)
		if (!g->sectors[i].page_bytes)
			return false;
	return g->n_sectors || g->page_bytes;
}

static void read_records(struct bp_product_reader *r, const struct bp_node *root)
{
	const struct bp_node *list = bp_map_get(root, "records");

	if (!list || !bp_node_is(&r->diag, list, BP_NODE_SEQ) || !has_pages(&r->p->board.flash))
		return;
	if (list->n > BP_MAX_RECORDS)
		bp_diag_at(&r->diag, list, "'records' holds %zu entries; expected at most %d", list->n, BP_MAX_RECORDS);
	for (size_t i = 0; i < list->n && i < BP_MAX_RECORDS; i++)
		if (bp_node_is(&r->diag, list->items[i], BP_NODE_MAP))
			read_record(r, list->items[i], &r->p->records[r->p->n_records++]);
}

void bp_product_board(struct bp_product_reader *r, const struct bp_node *root)
{
	read_board(r, root);
	read_flash(r, root);
	read_supply(r, root);
	read_costs(r, root);
	read_areas(r, root);
	read_writes(r, root);
	read_records(r, root);
}
