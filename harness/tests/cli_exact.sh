#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nested searches take states for alike, by what is looked at and by rules about records (explore/classes.h, records.h). Held
# against searches that tell states apart by all of their flash: of each firmware, the same invariants fail in the same phases.
# A few mutants to a depth of 2; with EXACT=all every mutant to a depth of 3. A mutant that reads its records otherwise than the
# product says is told as such, and fails the same all the same.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

failures() { # NAME FIRMWARE DEPTH SCENARIO OPTIONS...: "invariant phase" lines
	try run --quiet --product small --control none --firmware "$2" --jobs 2 --reports "$work/r-$1" --depth "$3" "$4" "${@:5}"
	case $status in 0 | 1 | 99) ;; *) fail "$tried: status $status" ;; esac
	sed -nE 's/.*"phase":"([^"]*)".*"verdict":"fail".*"invariant":"([^"]*)".*/\2 \1/p' "$work/r-$1/latest/journal.jsonl" | sort -u >"$work/$1"
	# An update that no sweep can cut has nothing to search, and says so.
	grep '"t":"search"' "$work/r-$1/latest/journal.jsonl" >"$work/$1-search" ||
		grep -q 'cuts nowhere: the undisturbed update' "$work/r-$1/latest/journal.jsonl" || fail "$tried: no search"
	rm -rf "$work/r-$1"
}

check() { # FIRMWARE DEPTH SCENARIO
	begin "$1, $3, up to $2 cuts: alike, and exact"
	failures alike "$1" "$2" "$3"
	failures exact "$1" "$2" "$3" --exact
	cmp -s "$work/alike" "$work/exact" || fail "$1: $(diff "$work/alike" "$work/exact" | grep '^[<>]' | tr '\n' ';')"
	[ "$1" != reference ] || grep -q '"unproven":0' "$work/alike-search" || fail "$1: $(cat "$work/alike-search")"
	! grep -q '"classes"' "$work/exact-search" || fail "$1: an exact search made classes"
}

check reference 2 power-cut-twice-update
if ! have_mutant older-copy-repaired-from; then
	skip "mutants, alike and exact" "mutants are not built"
elif [ "${EXACT:-}" != all ]; then
	check mutant-older-copy-repaired-from 2 power-cut-twice-update
	[ -s "$work/exact" ] || fail "no case fails: nothing is compared"
	check mutant-trial-counter-not-persisted 2 power-cut-twice-rollback
else
	for object in build/firmware/mutant-*.so; do
		check "$(basename "$object" .so)" 3 power-cut-twice-update
		check "$(basename "$object" .so)" 3 power-cut-number-wraps
	done
fi
finish
