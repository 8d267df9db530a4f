#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts below DESTDIR works from there: program, home folder, man page, completion.
set -u
. "$(dirname "$0")/tap.sh"

root=$work/root
begin "make install, into an empty folder"
want "make install fails" make --no-print-directory install DESTDIR="$root" prefix=/usr >"$work/log" 2>&1

program=$root/usr/bin/brickproof
begin "the installed program finds its home from anywhere"
cd / || exit 1
want "list fails" test "$("$program" list | grep -c '^power-cut-')" -ge 5
want "a run fails" "$program" run --quiet --product small --budget 5 --reports "$work/reports" power-cut-confirm >"$work/log" 2>&1
want "no report" test -s "$work/reports/latest/index.html"

begin "the man page is there"
want "no name" grep -q '^brickproof .- ' "$root/usr/share/man/man1/brickproof.1"

begin "completion offers commands, options and scenarios"
complete_line() { # WORD...: what is offered for the last word
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_brickproof
	printf '%s\n' "${COMPREPLY[@]}"
}
# shellcheck disable=SC1091
. "$root/usr/share/bash-completion/completions/brickproof"
want "no command" test "$(complete_line "$program" re | sort | tr '\n' ' ')" = "replay report "
want "no option" test "$(complete_line "$program" run --bud)" = "--budget"
want "no bench command" test "$(complete_line "$program" bench cal)" = calibrate
want "no scenario" test "$(complete_line "$program" run power-cut-conf)" = "power-cut-confirm"

finish
