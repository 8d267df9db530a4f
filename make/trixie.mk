# SPDX-License-Identifier: Apache-2.0
# Debian 13: other compilers and libraries, libgpiod 2.x among them (harness/tests/trixie.sh).

TRIXIE := harness/tests/trixie.sh make $(sort $(PACKAGES) libcmocka-dev perl busybox-static openocd uhubctl udev) --
TRIXIE_TESTS = "step:Debian 13, unit suites and sampled matrix:$(TRIXIE) make --no-print-directory JOBS=$(JOBS) run-check-trixie" \
	       "step:Debian 13, emulated USB devices:KERNEL_BUILD=build/trixie/build KERNEL_SYSTEM=build/trixie/root harness/tests/kernel.sh release"

.PHONY: check-trixie build-trixie run-check-trixie
check-trixie: ## build, suites and drivers in QEMU with Debian 13, whose libgpiod is 2.x
	@$(SETUP) debootstrap $(KERNEL_PACKAGES)
	@harness/tests/kernel/fetch.sh
	@$(MAKE) --no-print-directory build-trixie
	@LOGS=build/logs-trixie JOBS=1 LIMIT=3000 harness/tests/run.sh $(TRIXIE_TESTS)

build-trixie:
	@$(TRIXIE) make -s -j$(JOBS) CI=true all mutant-objects tests kernel-tests

# In there. Suites that want programs which are not installed skip.
run-check-trixie:
	@JOBS=$(JOBS) harness/tests/run.sh $(foreach t,$(notdir $(TESTS) $(FW_TESTS)),"unit:$(t):$(B)/tests/$(t)") \
		"step:matrix, sampled:$(RELEASE) run --quiet --reports build/check-reports --budget 1000" \
		"step:udev rules:udevadm verify --resolve-names=never harness/doc/60-brickproof.rules"
