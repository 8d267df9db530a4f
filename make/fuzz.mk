# SPDX-License-Identifier: Apache-2.0
# libFuzzer targets, built by clang with ASan and UBSan: one for each parser of outside bytes.

FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_LIB_OBJ := $(patsubst %,build/fuzz/%.o,$(LIB_SRC))
# Targets fuzz_fw_… link the firmware and its fake board instead of the harness: both have a dut.h.
FUZZ_FW_OBJ := $(patsubst %,build/fuzz/%.o,$(filter-out $(FW)/boot/boot_main.c,$(FW_UNIT_SRC)) $(wildcard $(FW)/tests/fake_*.c))
FUZZERS := $(patsubst harness/fuzz/%.c,build/fuzz/%,$(wildcard harness/fuzz/fuzz_*.c))

.PHONY: fuzzers
fuzzers: $(FUZZERS) ## build the fuzz targets

build/fuzz/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	@clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -Iharness -I$(FW)/include -I$(FW) $(PKG_CFLAGS) -c -o $@ $<

build/fuzz/%.S.o: %.S
	@mkdir -p $(@D)
	@clang -c -o $@ $<

build/fuzz/libfuzz.a: $(FUZZ_LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

build/fuzz/libfuzzfw.a: $(FUZZ_FW_OBJ)
	@rm -f $@
	@ar rcs $@ $^

build/fuzz/fuzz_fw_%: build/fuzz/harness/fuzz/fuzz_fw_%.c.o build/fuzz/libfuzzfw.a
	@clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ -lsodium

build/fuzz/fuzz_%: build/fuzz/harness/fuzz/fuzz_%.c.o build/fuzz/libfuzz.a
	@clang $(FUZZ_FLAGS) -fsanitize=fuzzer -rdynamic -o $@ $^ $(PKG_LIBS) -ldl
