# SPDX-License-Identifier: Apache-2.0
# Set-up, the matrix, the tests. `matrix` and `check` install what is missing first.

SETUP = harness/tests/setup.sh
RELEASE := build/release/brickproof

.PHONY: setup matrix check check-long check-bench meta bench bench-peers
setup: ## install the packages that the build and the tests need
	@$(SETUP) $(CHECK_PACKAGES)

matrix: ## run the OTA failure matrix on the virtual board
	@$(SETUP) $(PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) all mutant-objects
	@$(RELEASE) run $(if $(DEPTH),--depth $(DEPTH)) $(RUN)

# A second make, so that compilers and libraries that were just installed are found.
check: ## release and sanitizer suites, fuzzers, sampled matrix, one mutant
	@$(SETUP) $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) tests fuzzers mutant-objects
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=1 tests
	@$(MAKE) --no-print-directory run-check

check-long: ## valgrind, full matrix, Debian 13, kill loops, long fuzzing
	@$(SETUP) $(LONG_PACKAGES) $(KERNEL_PACKAGES)
	@harness/tests/kernel/fetch.sh || test $$? = 77
	@$(TRIXIE) true || test $$? = 77
	@$(MAKE) --no-print-directory -j$(JOBS) tests kernel-tests fuzzers mutant-objects
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=1 tests kernel-tests
	@test ! -d build/trixie/root || $(MAKE) --no-print-directory build-trixie
	@$(MAKE) --no-print-directory run-check-long

# Real time, for a machine that does nothing else: half an hour.
check-bench: ## the bench on served boards: every mutant, both debug adapters, all calibrations
	@$(SETUP) $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) all mutant-objects
	@JOBS=1 LIMIT=3000 harness/tests/run.sh $(foreach t,worlds bench boards links endurance,\
		"tap:cli_$(t).sh:BRICKPROOF=$(RELEASE) WORLDS=all CALIBRATE=all LINKS=all CYCLES=500 bash harness/tests/cli_$(t).sh") \
		"step:latencies meet their targets:harness/tests/latency.sh $(RELEASE)"

meta: ## the test of the test: the harness with a defect of its own, which a control must notice
	@$(SETUP) $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) all mutant-objects
	@JOBS=$(JOBS) harness/tests/meta.sh

bench: ## runs and cases a second, scaling, memory, share of time; from a trigger to the cut
	@$(SETUP) $(PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(RELEASE) speed
	@$(RELEASE) speed --latency

bench-peers: ## from a console line to an action, beside labgrid and pexpect
	@$(SETUP) $(PEER_PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@/usr/bin/python3 harness/tests/peers.py $(RELEASE)

.PHONY: tests
tests: all $(TESTS) $(FW_TESTS)

UNIT = $(foreach t,$(notdir $(TESTS) $(FW_TESTS)),$(foreach v,release san,"unit:$(t) ($(v)):build/$(v)/tests/$(t)"))
CLI = $(foreach t,$(wildcard harness/tests/cli_*.sh),"tap:$(notdir $(t)):BRICKPROOF=$(RELEASE) BRICKPROOF_SAN=build/san/brickproof $(1) bash $(t)")
FUZZ = $(foreach f,$(FUZZERS),"step:fuzz $(notdir $(f)) $(1) s:harness/tests/fuzz.sh $(f) $(patsubst fuzz_%,%,$(notdir $(f))) $(1)")
# The sampled matrix brings the positive control along.
SAMPLED = "step:matrix, sampled (release):$(RELEASE) run --quiet --reports build/check-reports --budget 3000" \
	  "step:matrix, sampled (san):build/san/brickproof run --quiet --reports build/check-reports --budget 150" \
	  "step:mutant signature-unchecked is caught:$(RELEASE) mutants signature-unchecked"

.PHONY: run-check run-check-long
run-check: $(KERNEL_TESTS)
	@JOBS=$(JOBS) harness/tests/run.sh $(KERNEL) $(UNIT) $(call CLI,) $(call FUZZ,5) $(SAMPLED)

# Programs under valgrind are built to tell it of the firmware's stack. make/valgrind.supp: the faults that firmware is made to have.
VALGRIND = valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --suppressions=make/valgrind.supp
# Left out: test_power_faults, as valgrind 3.19 knows no pidfd_open (a command's child that holds stderr is waited for), and
# suites that hold real devices' deadlines, as a child takes longer under valgrind than they allow.
VALGRIND_TESTS = $(filter-out test_power_faults test_peer_faults test_debug test_world,$(notdir $(TESTS) $(FW_TESTS)))
run-check-long: $(KERNEL_TESTS)
	@$(MAKE) --no-print-directory -j$(JOBS) B=build/valgrind CFLAGS=-DBP_VALGRIND tests
	@JOBS=$(JOBS) LIMIT=3000 harness/tests/run.sh \
		$(foreach t,$(VALGRIND_TESTS),"unit:$(t) (valgrind):$(VALGRIND) build/valgrind/tests/$(t)") \
		"step:matrix on small (valgrind):$(VALGRIND) --trace-children=no build/valgrind/brickproof run --quiet --reports build/check-reports --product small --budget 20" \
		"step:matrix, whole:$(RELEASE) run --quiet --reports build/check-reports" \
		"step:matrix, whole (san):build/san/brickproof run --quiet --reports build/check-reports" \
		"step:JUnit is well-formed XML:xmllint --noout build/check-reports/latest/junit.xml" \
		"step:all mutants are caught:$(RELEASE) mutants" \
		"tap:meta.sh:bash harness/tests/meta.sh" \
		$(KERNEL_ALL) $(TRIXIE_TESTS) $(call CLI,KILL_RUNS=50 MERGING=all CLOSED=all EXACT=all) $(call FUZZ,60)
