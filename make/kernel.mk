# SPDX-License-Identifier: Apache-2.0
# The bench in a virtual machine: real kernel, real libraries, emulated devices (harness/tests/kernel.sh).

KERNEL_PACKAGES := $(CHECK_PACKAGES) qemu-system-x86 busybox-static openocd uhubctl
USB_DEVICE_OBJ := $(patsubst %,$(B)/harness/tests/kernel/%.c.o,usb_device pins ftdi viperboard)
KERNEL_TESTS := $(B)/kernel/usb_device $(B)/kernel/hub_wire

$(B)/kernel/usb_device: $(USB_DEVICE_OBJ)
$(B)/kernel/hub_wire: $(B)/harness/tests/kernel/hub_wire.c.o
$(KERNEL_TESTS):
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $^

# Parts of the machine's tests, each a run of its own. `make check` takes the first one.
KERNEL_PARTS := release:suites san:suites release:cuts release:faults release:worlds-ftdi release:worlds-cbus
kernel_step = "step:kernel, $(subst :, ,$(1)):harness/tests/kernel.sh $(subst :, ,$(1))"
# Skipped where QEMU or the kernel is missing: `make check-kernel` fetches both.
KERNEL = $(call kernel_step,$(firstword $(KERNEL_PARTS)))
KERNEL_ALL = $(foreach p,$(KERNEL_PARTS),$(call kernel_step,$(p)))
KERNEL_NEEDS = brickproof tests/test_power tests/test_console kernel/usb_device kernel/hub_wire

.PHONY: check-kernel kernel-tests
kernel-tests: $(KERNEL_TESTS)

check-kernel: ## the bench in QEMU: Debian's kernel, emulated USB devices; drivers, cuts, faults, mutants
	@$(SETUP) $(KERNEL_PACKAGES)
	@harness/tests/kernel/fetch.sh
	@$(MAKE) --no-print-directory -j$(JOBS) mutant-objects firmware $(KERNEL_NEEDS:%=build/release/%)
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=1 $(KERNEL_NEEDS:%=build/san/%)
	@JOBS=$(JOBS) LIMIT=3000 harness/tests/run.sh $(KERNEL_ALL)
