# SPDX-License-Identifier: Apache-2.0
# brickproof: build, test and run. `make help` lists the targets.
#
# Variables: SAN=1 (ASan and UBSan), JOBS=N, CI=true (warnings are errors), DEPTH=N or closed (nested cuts in `matrix`).
# Everything that is built lies in build/; everything that a run writes in reports/.

SHELL := /bin/bash
.DEFAULT_GOAL := all
# Every rule is written here: none of make's own, which would try to compile dependency files anew.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

JOBS ?= $(shell nproc)
V := $(if $(SAN),san,release)
B := build/$(V)
FW := firmware-under-test
FWB := build/firmware

# What a bare Debian 12 lacks, by target. `make setup` installs what is missing.
PACKAGES := gcc libc6-dev patch pkg-config libyaml-dev libsodium-dev libcbor-dev libxxhash-dev libjansson-dev libftdi1-dev libusb-1.0-0-dev libserialport-dev libgpiod-dev libelf-dev
CHECK_PACKAGES := $(PACKAGES) libcmocka-dev clang libclang-rt-14-dev openocd perl
LINT_PACKAGES := $(CHECK_PACKAGES) clang-tidy cppcheck
LONG_PACKAGES := $(CHECK_PACKAGES) valgrind libxml2-utils ser2net pdudaemon socat gdbserver qemu-system-arm debootstrap
PEER_PACKAGES := $(PACKAGES) openocd python3-labgrid python3-pexpect
LIBS := yaml-0.1 libsodium libcbor libxxhash jansson libftdi1 libusb-1.0 libserialport libgpiod libelf

CC ?= gcc
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(CI),-Werror)
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm
CFLAGS_V := $(if $(SAN),-O1 $(SAN_FLAGS),-O2)
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -g $(CFLAGS_V) $(WARN) -MMD -MP -Iharness -I$(FW)/include $(PKG_CFLAGS) $(CFLAGS)
# -rdynamic: firmware objects find the board's dut_ calls in the program that loads them.
LDFLAGS_ALL = $(if $(SAN),$(SAN_FLAGS)) -rdynamic $(LDFLAGS)

ROOMS := base image vboard vboard/probe bench scenario oracle explore result cmd
LIB_SRC := $(filter-out harness/cmd/main.c,$(foreach r,$(ROOMS),$(wildcard harness/$(r)/*.c harness/$(r)/*.S)))
LIB_OBJ := $(patsubst %,$(B)/%.o,$(LIB_SRC))
TESTS := $(patsubst harness/tests/%.c,$(B)/tests/%,$(wildcard harness/tests/test_*.c))
TEST_HELP_OBJ := $(patsubst %,$(B)/%.o,$(filter-out harness/tests/test_%,$(wildcard harness/tests/*.c)))

.PHONY: all
all: $(B)/brickproof firmware ## build the program and the reference firmware

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  %-12s %s\n", $$1, $$2 }' Makefile make/*.mk | sort


$(B)/libbrickproof.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(B)/brickproof: $(B)/harness/cmd/main.c.o $(B)/libbrickproof.a
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--whole-archive $(B)/libbrickproof.a -Wl,--no-whole-archive $(PKG_LIBS) -ldl

$(B)/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS_ALL) -c -o $@ $<

# .incbin is not tracked by -MMD.
$(B)/harness/result/page.S.o: reports/page/report.css reports/page/report.js

$(B)/%.S.o: %.S
	@mkdir -p $(@D)
	@$(CC) -c -o $@ $<

# ---- firmware unit suites: host objects of the firmware, instrumented with SAN=1
FW_UNIT_SRC := $(wildcard $(FW)/lib/*.c $(FW)/boot/*.c $(FW)/agent/*.c $(FW)/app/*.c)
FW_UNIT_OBJ := $(patsubst %,$(B)/unit/%.o,$(FW_UNIT_SRC))
FW_TESTS := $(patsubst $(FW)/tests/%.c,$(B)/tests/fw_%,$(wildcard $(FW)/tests/test_*.c))
FW_HELP_OBJ := $(patsubst %,$(B)/unit/%.o,$(filter-out $(FW)/tests/test_%,$(wildcard $(FW)/tests/*.c)))
FW_WARN := -std=c11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(CI),-Werror)

$(B)/unit/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< (unit)"
	@$(CC) $(FW_WARN) -D_GNU_SOURCE -g $(CFLAGS_V) -MMD -MP -I$(FW)/include -I$(FW) -c -o $@ $<

$(B)/libfirmware.a: $(FW_UNIT_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(B)/tests/fw_test_%: $(B)/unit/$(FW)/tests/test_%.c.o $(FW_HELP_OBJ) $(B)/libfirmware.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka -lsodium

$(B)/tests/test_%: $(B)/harness/tests/test_%.c.o $(TEST_HELP_OBJ) $(B)/libbrickproof.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) -lcmocka -ldl

include make/firmware.mk make/kernel.mk make/check.mk make/trixie.mk make/fuzz.mk make/lint.mk make/install.mk

.SECONDARY:
# Other systems' trees are none of ours (make/trixie.mk, make/kernel.mk).
-include $(shell find build \( -path build/trixie -o -name root \) -prune -o -name '*.d' -print 2>/dev/null)
