# SPDX-License-Identifier: Apache-2.0
# make install DESTDIR=… prefix=/usr: program, man page, completion, udev rules, and the home folder with scenarios, fixtures
# and firmware. udev reads rules below /usr/local/lib as well as below /usr/lib (udev(7)).

prefix ?= /usr/local
bindir = $(DESTDIR)$(prefix)/bin
share = $(DESTDIR)$(prefix)/share
udevdir ?= $(prefix)/lib/udev/rules.d
rules = $(DESTDIR)$(udevdir)/60-brickproof.rules

.PHONY: install uninstall
install: all mutant-objects ## install below DESTDIR and prefix (/usr/local)
	@install -d $(bindir) $(share)/man/man1 $(share)/bash-completion/completions $(share)/brickproof/build/firmware
	@install -m 755 build/release/brickproof $(bindir)/brickproof
	@install -m 644 harness/doc/brickproof.1 $(share)/man/man1/brickproof.1
	@install -m 644 harness/doc/brickproof.bash $(share)/bash-completion/completions/brickproof
	@install -D -m 644 harness/doc/60-brickproof.rules $(rules)
	@install -m 644 $(FWB)/*.so $(share)/brickproof/build/firmware/
	@for f in $$(find scenarios fixtures -type f); do install -D -m 644 $$f $(share)/brickproof/$$f; done
	@$(if $(DESTDIR),:,echo "now let udev know: udevadm control --reload && udevadm trigger; and join its groups: usermod -aG plugdev,dialout USER")

uninstall: ## remove what install put there
	@rm -rf $(share)/brickproof
	@rm -f $(bindir)/brickproof $(share)/man/man1/brickproof.1 $(share)/bash-completion/completions/brickproof $(rules)
