/* SPDX-License-Identifier: Apache-2.0 */
/* test_config.c - the configuration: schemas, its two pages, and power cuts at every operation. */
#include "agent/config.h"
#include "tests/fake_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *page(uint32_t i)
{
	return fake.flash + fake.board.area[i ? DUT_AREA_CONFIG_B : DUT_AREA_CONFIG_A].addr;
}

static struct config read_as(enum config_schema schema)
{
	struct config c;

	config_init(schema);
	assert_int_equal(config_read(&c), 0);
	return c;
}

static void assert_reads(enum config_schema as, enum config_schema schema, uint32_t interval_s)
{
	struct config c = read_as(as);

	assert_int_equal(c.schema, schema);
	assert_int_equal(c.interval_s, interval_s);
}

static void write_as(enum config_schema schema, uint32_t interval_s)
{
	config_init(schema);
	assert_int_equal(config_write(interval_s), 0);
}

static void test_blank(void **state)
{
	struct config c;

	(void)state;
	fake_new(4, 0xff);
	config_init(CONFIG_NONE);
	assert_int_equal(config_read(&c), -1);
	assert_int_equal(config_write(5), -1);
	assert_reads(CONFIG_SECONDS, CONFIG_NONE, CONFIG_INTERVAL_DEFAULT_S);
	assert_int_equal(config_migrate(), 0);
	fake_new(4, 0x00);
	assert_reads(CONFIG_MILLISECONDS, CONFIG_NONE, CONFIG_INTERVAL_DEFAULT_S);
	assert_int_equal(fake.ops, 0);
	assert_int_equal(config_write(0), -1);
	assert_int_equal(config_write(CONFIG_INTERVAL_MAX_S + 1), -1);
	fake.board.area[DUT_AREA_CONFIG_A].size = fake.board.area[DUT_AREA_CONFIG_B].size = 0;
	assert_reads(CONFIG_SECONDS, CONFIG_NONE, CONFIG_INTERVAL_DEFAULT_S);
	assert_int_equal(config_write(5), -1);
	assert_int_equal(fake.ops, 0);
}

static void test_copy_on_write(void **state)
{
	uint8_t kept[FAKE_PAGE_BYTES];

	(void)state;
	for (uint32_t unit = 1; unit <= DUT_MAX_UNIT; unit *= 2) {
		fake_new(unit, unit & 1 ? 0x00 : 0xff);
		for (uint32_t i = 0; i < 5; i++) {
			memcpy(kept, page(~i & 1), sizeof(kept));
			write_as(CONFIG_MILLISECONDS, 86400 - i);
			assert_reads(CONFIG_MILLISECONDS, CONFIG_MILLISECONDS, 86400 - i);
			assert_memory_equal(kept, page(~i & 1), sizeof(kept));
		}
		assert_int_equal(fake.rule_breaks, 0);
	}
}

static void test_schemas(void **state)
{
	uint32_t ops;

	(void)state;
	fake_new(4, 0xff);
	write_as(CONFIG_SECONDS, 700);
	assert_reads(CONFIG_MILLISECONDS, CONFIG_SECONDS, 700);
	assert_int_equal(config_migrate(), 0);
	assert_reads(CONFIG_MILLISECONDS, CONFIG_MILLISECONDS, 700);
	assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 700); /* the old image finds its own record still */
	config_init(CONFIG_MILLISECONDS);
	ops = fake.ops;
	assert_int_equal(config_migrate(), 0);
	assert_int_equal(fake.ops, ops);
	/* The old image stores again: that is the newest one for both. */
	write_as(CONFIG_SECONDS, 800);
	assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 800);
	assert_reads(CONFIG_MILLISECONDS, CONFIG_SECONDS, 800);
	write_as(CONFIG_MILLISECONDS, 900);
	write_as(CONFIG_MILLISECONDS, 901);
	assert_reads(CONFIG_SECONDS, CONFIG_NONE, CONFIG_INTERVAL_DEFAULT_S); /* nothing that it could read is left */
	write_as(CONFIG_SECONDS, 30);
	assert_reads(CONFIG_MILLISECONDS, CONFIG_SECONDS, 30);
}

static void test_any_flipped_bit_voids_the_record(void **state)
{
	(void)state;
	fake_new(8, 0xff);
	write_as(CONFIG_SECONDS, 10);
	write_as(CONFIG_SECONDS, 11);
	for (uint32_t bit = 0; bit < 32 * 8; bit++) {
		page(1)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 10);
		page(1)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 11);
}

static void test_failing_flash(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 10; n++) {
		fake_new(4, 0xff);
		write_as(CONFIG_SECONDS, 10);
		fake_power_on(0);
		fake.fail_from = n;
		assert_int_equal(config_write(11), -1);
		assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 10);
		fake.fail_from = 0;
		assert_int_equal(config_write(11), 0);
		assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 11);
	}
}

static void store(void *ctx)
{
	const uint32_t *value = ctx;

	assert_int_equal(config_write(*value), 0);
}

static void migrate(void *ctx)
{
	(void)ctx;
	assert_int_equal(config_migrate(), 0);
}

/*
 * The same write again and again, cut in each power session, and each reading
 * drawn: the old setting or the new one. Two pages take any two cuts.
 */
static void cut_and_retry(uint32_t first, uint32_t second, enum fake_cut cut, uint32_t lucks, uint32_t value)
{
	uint32_t at[2] = {first, second};

	for (uint32_t i = 0; i < 2; i++) {
		struct config c;

		fake_power_on(lucks >> i & 1 ? UINT32_MAX : 0);
		fake.cut_at = at[i];
		fake.cut = cut;
		c = read_as(CONFIG_SECONDS);
		assert_true(c.interval_s == value - 1 || c.interval_s == value);
		fake_run(store, &value);
	}
	fake_power_on(lucks >> 2 & 1 ? UINT32_MAX : 0);
	assert_true(read_as(CONFIG_SECONDS).interval_s - (value - 1) < 2);
	assert_int_equal(fake_run(store, &value), FAKE_RETURNED);
	assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, value);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_cuts(void **state)
{
	(void)state;
	for (uint32_t start = 1; start <= 2; start++) /* so that either page is in force */
		for (uint32_t ops = 0; ops < 10 * 10; ops++)
			for (int cut = 0; cut < FAKE_CUTS; cut++)
				for (uint32_t lucks = 0; lucks < 8; lucks++) {
					fake_new(4, 0xff);
					for (uint32_t v = 1; v <= start; v++)
						write_as(CONFIG_SECONDS, v);
					cut_and_retry(ops / 10 + 1, ops % 10 + 1, (enum fake_cut)cut, lucks, start + 1);
				}
}

/* A migration that is cut leaves what either image reads as the same. */
static void test_cut_migrations(void **state)
{
	(void)state;
	for (uint32_t op = 1; op <= 10; op++)
		for (int cut = 0; cut < FAKE_CUTS; cut++)
			for (uint32_t lucks = 0; lucks < 8; lucks++) {
				fake_new(4, 0xff);
				write_as(CONFIG_SECONDS, 77);
				for (uint32_t i = 0; i < 3; i++) {
					fake_power_on(lucks >> i & 1 ? UINT32_MAX : 0);
					fake.cut_at = op;
					fake.cut = (enum fake_cut)cut;
					assert_int_equal(read_as(CONFIG_SECONDS).interval_s, 77);
					assert_int_equal(read_as(CONFIG_MILLISECONDS).interval_s, 77);
					fake_run(migrate, NULL);
				}
				fake_power_on(0);
				assert_int_equal(config_migrate(), 0);
				assert_reads(CONFIG_SECONDS, CONFIG_SECONDS, 77);
				assert_reads(CONFIG_MILLISECONDS, CONFIG_MILLISECONDS, 77);
				assert_int_equal(fake.rule_breaks, 0);
			}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_copy_on_write),
		cmocka_unit_test(test_schemas),
		cmocka_unit_test(test_any_flipped_bit_voids_the_record),
		cmocka_unit_test(test_failing_flash),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_cut_migrations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
