#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# States that meet again are judged once: the journal must be the same bytes as when every state is run to its end. On the
# reference, and on mutants, whose failures must not be lost: a few, or with MERGING=all each of them.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

journal() { # NAME FIRMWARE OPTIONS...
	try run --quiet --product small --control none --firmware "$2" --jobs 2 --reports "$work/r-$1" "${@:3}"
	cp "$work/r-$1/latest/journal.jsonl" "$work/$1" 2>/dev/null || fail "$tried: no journal"
	rm -rf "$work/r-$1"
}

check() { # FIRMWARE OPTIONS...
	begin "$1: merged and unmerged"
	journal merged "$@"
	journal unmerged "$@" --unmerged
	cmp -s "$work/merged" "$work/unmerged" || fail "$1: the journals differ: $(cmp "$work/merged" "$work/unmerged" 2>&1)"
}

check reference
failed='"verdict":"fail"'
if have_mutant state-kept-once; then
	for mutant in state-kept-once confirmed-before-written; do
		check "mutant-$mutant" power-cut-confirm power-cut-install power-cut-twice-update
		grep -q "$failed" "$work/merged" || fail "$mutant: no case fails: nothing is compared"
	done
else
	skip "mutants: merged and unmerged" "mutants are not built"
fi
[ "${MERGING:-}" != all ] || for object in build/firmware/mutant-*.so; do
	check "$(basename "$object" .so)"
done
finish
