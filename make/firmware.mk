# SPDX-License-Identifier: Apache-2.0
# Firmware objects for the native virtual board: $(FWB)/reference.so, and one
# $(FWB)/mutant-NAME.so for each $(FW)/mutants/NAME.patch.
#
# The sides of a firmware, bootloader and application, share sources but no RAM: each is linked on its own
# (ld -r) with its variables in sections of its own, then made blind to the other's names.

FW_FLAGS = $(FW_WARN) -O2 -g -fPIC -ffreestanding -fno-stack-protector -fvisibility=hidden -fno-common -MMD -MP
# Lets time pass in a loop that calls no hardware. Not in lib/: its cost is what dut_spend() says.
FW_TRACE = $(if $(findstring /lib/,$(1)),,-fsanitize-coverage=trace-pc)

FW_LIB_SRC := $(wildcard $(FW)/lib/*.c)
FW_AGENT_SRC := $(wildcard $(FW)/agent/*.c)
FW_BOOT_SRC := $(wildcard $(FW)/boot/*.c)
FW_APP_SRC := $(wildcard $(FW)/app/*.c)
FW_BOOT_ONLY := $(FW)/boot/boot_main.c $(FW)/boot/boot_select.c
FW_SIDE_boot := $(FW_BOOT_SRC) $(FW_AGENT_SRC) $(FW_LIB_SRC)
FW_SIDE_app := $(FW_APP_SRC) $(filter-out $(FW_BOOT_ONLY),$(FW_BOOT_SRC)) $(FW_AGENT_SRC) $(FW_LIB_SRC)
FW_ALL_SRC := $(FW_BOOT_SRC) $(FW_APP_SRC) $(FW_AGENT_SRC) $(FW_LIB_SRC)
FW_EVERYTHING := $(FW_ALL_SRC) $(foreach d,include lib boot agent app,$(wildcard $(FW)/$(d)/*.h)) $(wildcard $(FW)/port/*)
MUTANTS := $(patsubst $(FW)/mutants/%.patch,%,$(wildcard $(FW)/mutants/*.patch))
MUTB := build/mutants

.PHONY: firmware mutant-objects mutants
firmware: $(FWB)/reference.so $(FWB)/single.so ## build the reference firmware and the example for the native board
mutant-objects: $(MUTANTS:%=$(FWB)/mutant-%.so) ## build every mutant of it
	@for f in $(FWB)/mutant-*.so; do n=$${f##*/mutant-}; [ -e $(FW)/mutants/$${n%.so}.patch ] || rm -f $$f; done # of patches that are gone
mutants: $(B)/brickproof mutant-objects ## the kill table: which invariant catches each mutant first
	@$(B)/brickproof mutants --jobs $(JOBS)

# $(call fw_compile,SOURCE,TREE,EXTRA FLAGS): $@ from SOURCE, headers from TREE
define fw_compile
	@mkdir -p $(@D)
	@echo "  FWCC  $(1)"
	@$(CC) $(FW_FLAGS) $(call FW_TRACE,$(1)) $(3) -I$(2)/include -I$(2) -c -o $@ $(1)
endef

# $(call fw_side,SCRIPT): one side's objects to one, with only its entry points visible
define fw_side
	@mkdir -p $(@D)
	@$(LD) -r -T $(1) -o $@ $(filter %.o,$^)
	@$(OBJCOPY) --localize-hidden $@
endef

# Both sides and the layout to a firmware object, which may want nothing of the host but the board.
define fw_link
	@mkdir -p $(@D)
	@echo "  FW    $@"
	@$(CC) -shared -nostartfiles -Wl,-z,now -Wl,-z,noexecstack -Wl,--version-script=$(FW)/port/exports.map -o $@ $(filter %.o,$^)
	@alien=$$($(NM) -D $@ | awk '$$NF !~ /^(dut_|mem(cpy|set|cmp|move|chr)(@|$$)|__sanitizer_cov_trace_pc$$)/ { print $$NF }'); \
	test -z "$$alien" || { echo "$@: neither the board's nor the firmware's own: $$alien" >&2; exit 1; }
endef

NM ?= nm
OBJCOPY ?= objcopy

# ---- the reference
FW_OBJ = $(patsubst $(FW)/%,$(FWB)/obj/%.o,$(1))

$(FWB)/obj/%.c.o: $(FW)/%.c make/firmware.mk
	$(call fw_compile,$<,$(FW),$(if $(findstring /port/,$<),-DFW_NAME='"reference"' -DFW_MECHANISM='""' -DFW_EXPECT='""' -DFW_MIRRORS='""'))

$(FWB)/obj/boot.o: $(FW)/port/boot.ld $(call FW_OBJ,$(FW_SIDE_boot))
	$(call fw_side,$<)

$(FWB)/obj/app.o: $(FW)/port/app.ld $(call FW_OBJ,$(FW_SIDE_app))
	$(call fw_side,$<)

$(FWB)/reference.so: $(FWB)/obj/boot.o $(FWB)/obj/app.o $(FWB)/obj/port/layout.c.o $(FW)/port/exports.map
	$(fw_link)

# ---- the example of a bootloader of one's own: another boot side, the same application side
FW_SIDE_single := $(FW)/example/single_boot.c $(filter-out $(FW)/boot/boot_main.c,$(FW_BOOT_SRC)) $(FW_LIB_SRC)

$(FWB)/obj/single.o: $(FW)/port/boot.ld $(call FW_OBJ,$(FW_SIDE_single))
	$(call fw_side,$<)

$(FWB)/obj/example/layout.c.o: $(FW)/port/layout.c make/firmware.mk
	$(call fw_compile,$<,$(FW),-DFW_NAME='"single"' -DFW_MECHANISM='""' -DFW_EXPECT='""' -DFW_MIRRORS='""' -DFW_RESET=single_boot)

$(FWB)/single.so: $(FWB)/obj/single.o $(FWB)/obj/app.o $(FWB)/obj/example/layout.c.o $(FW)/port/exports.map
	$(fw_link)

# ---- mutants: a patched copy of the sources; what the patch leaves alone is taken from the reference
# Files that a patch changes, as below $(FW); a changed header changes them all.
fw_patched = $(shell sed -n 's,^+++ [^/]*/\([^[:space:]]*\).*,\1,p' $(FW)/mutants/$(1).patch)
fw_changed = $(if $(filter %.h,$(call fw_patched,$(1))),$(FW_ALL_SRC),$(addprefix $(FW)/,$(filter %.c,$(call fw_patched,$(1)))))
# $(call fw_mutant_obj,NAME,SOURCES)
fw_mutant_obj = $(patsubst $(FW)/%,$(MUTB)/$(1)/obj/%.o,$(filter $(CHANGED_$(1)),$(2))) $(call FW_OBJ,$(filter-out $(CHANGED_$(1)),$(2)))

# $(call fw_mutant_h,PATCH,NAME): what the object tells of itself, from the lines above the patch
define fw_mutant_h
	@awk -v name='$(2)' ' \
		/^--- / { exit } \
		/^(Mechanism|Expect|Mirrors): +[^ ]/ { key = $$1; sub(/^[A-Za-z]+: +/, ""); gsub(/[\\"]/, "\\\\&"); of[key] = $$0 } \
		END { \
			if (of["Mechanism:"] == "" || of["Expect:"] == "") { \
				print FILENAME ":1: error: expected \"Mechanism: \" and the defect in one sentence, then \"Expect: \" and the invariant that catches it" >"/dev/stderr"; \
				exit 1; \
			} \
			printf "#define FW_NAME \"%s\"\n#define FW_MECHANISM \"%s\"\n#define FW_EXPECT \"%s\"\n#define FW_MIRRORS \"%s\"\n", \
				name, of["Mechanism:"], of["Expect:"], of["Mirrors:"]; \
		}' $(1)
endef

# $(call fw_mutant,NAME). Everything waits for .patched, which starts with an empty directory.
define fw_mutant
CHANGED_$(1) := $$(call fw_changed,$(1))

$(MUTB)/$(1)/.patched: $(FW)/mutants/$(1).patch $(FW_EVERYTHING) make/firmware.mk
	@rm -rf $$(@D)
	@mkdir -p $$(@D)
	@cp -r $(foreach d,include lib boot agent app port,$(FW)/$(d)) $$(@D)
	$$(call fw_mutant_h,$$<,$(1)) >$$(@D)/mutant.h
	@patch -p1 --fuzz=0 -s -d $$(@D) <$$<
	@touch $$@

# The copies that dependency files name: they come anew with .patched.
$(patsubst $(FW)/%,$(MUTB)/$(1)/%,$(FW_EVERYTHING)): $(MUTB)/$(1)/.patched ;

$(MUTB)/$(1)/obj/%.c.o: $(MUTB)/$(1)/.patched
	$$(call fw_compile,$(MUTB)/$(1)/$$*.c,$(MUTB)/$(1),$$(if $$(filter port/%,$$*),-include $(MUTB)/$(1)/mutant.h))

$(MUTB)/$(1)/obj/boot.o: $(FW)/port/boot.ld $(MUTB)/$(1)/.patched $$(call fw_mutant_obj,$(1),$(FW_SIDE_boot))
	$$(call fw_side,$$<)

$(MUTB)/$(1)/obj/app.o: $(FW)/port/app.ld $(MUTB)/$(1)/.patched $$(call fw_mutant_obj,$(1),$(FW_SIDE_app))
	$$(call fw_side,$$<)

$(FWB)/mutant-$(1).so: $(MUTB)/$(1)/obj/boot.o $(MUTB)/$(1)/obj/app.o $(MUTB)/$(1)/obj/port/layout.c.o
	$$(fw_link)
endef
$(foreach m,$(MUTANTS),$(eval $(call fw_mutant,$(m))))
