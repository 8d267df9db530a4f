# SPDX-License-Identifier: Apache-2.0
# Static analysis. Findings are mended, or explained where they are suppressed.

LINT_SRC := $(filter %.c,$(LIB_SRC)) harness/cmd/main.c $(FW_UNIT_SRC)
FORMAT_SRC := $(shell git ls-files '*.c' '*.h' '*.S' 2>/dev/null)

.PHONY: lint run-lint
lint: ## cppcheck, gcc -fanalyzer, clang-tidy, format
	@$(SETUP) $(LINT_PACKAGES)
	@$(MAKE) --no-print-directory run-lint

run-lint: lint-format lint-cppcheck lint-analyzer lint-tidy

.PHONY: lint-format lint-cppcheck lint-analyzer lint-tidy
lint-format:
	@echo "  format"
	@harness/tests/format.sh $(FORMAT_SRC)

lint-cppcheck:
	@echo "  cppcheck"
	@cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=make/cppcheck.txt -D__x86_64__ -j$(JOBS) -Iharness -I$(FW)/include -I$(FW) $(LINT_SRC)

# The analyzer of gcc 12 does not follow structs that come back from a library by value: those places say so.
lint-analyzer:
	@echo "  gcc -fanalyzer"
	@$(MAKE) --no-print-directory -j$(JOBS) B=build/analyzer CFLAGS='-fanalyzer -Werror' build/analyzer/libbrickproof.a build/analyzer/libfirmware.a | grep -v '^  CC' || test $${PIPESTATUS[0]} = 0

lint-tidy:
	@echo "  clang-tidy"
	@printf '%s\0' $(LINT_SRC) | xargs -0 -P $(JOBS) -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- -std=c11 -D_GNU_SOURCE \
		-Iharness -I$(FW)/include -I$(FW) $(PKG_CFLAGS) 2>/dev/null
