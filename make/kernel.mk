# SPDX-License-Identifier: Apache-2.0
# The bench in a virtual machine: real kernel, real libraries, emulated devices (harness/tests/kernel.sh).

KERNEL_PACKAGES := $(CHECK_PACKAGES) qemu-system-x86 busybox-static openocd uhubctl
USB_DEVICE_OBJ := $(patsubst %,$(B)/harness/tests/kernel/%.c.o,usb_device pins ftdi viperboard)
KERNEL_TESTS := $(B)/kernel/usb_device

$(B)/kernel/usb_device: $(USB_DEVICE_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $^

.PHONY: check-kernel kernel-tests
kernel-tests: $(KERNEL_TESTS)

check-kernel: ## the drivers against Debian's kernel and emulated USB devices, in QEMU
	@$(SETUP) $(KERNEL_PACKAGES)
	@harness/tests/kernel/fetch.sh
	@$(MAKE) --no-print-directory -j$(JOBS) all $(patsubst $(B)/%,build/release/%,$(KERNEL_TESTS) $(B)/tests/test_power $(B)/tests/test_console)
	@harness/tests/kernel.sh release
