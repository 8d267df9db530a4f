#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The journal is the same, byte for byte, whoever judged it: any number of workers, any build, any way to verify.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

have_san=1
[ -x "$program_san" ] || have_san=''

# Run into a folder of its own, and put the journal into $work/NAME.
journal() { # NAME PROGRAM OPTIONS...
	local name=$1
	shift
	try_as "$1" run --quiet --reports "$work/r-$name" "${@:2}"
	[ "$status" = "$expected" ] || want_status "$expected"
	cp "$work/r-$name/latest/journal.jsonl" "$work/$name" 2>/dev/null || fail "$tried: no journal"
	rm -rf "$work/r-$name"
}

same() { # NAME NAME
	cmp -s "$work/$1" "$work/$2" && return
	fail "journals $1 and $2 differ:"
	fail "$(cmp "$work/$1" "$work/$2" 2>&1)"
	fail "$(diff "$work/$1" "$work/$2" | cut -c 1-300 | head -n 6)"
}

differ() { # NAME NAME
	! cmp -s "$work/$1" "$work/$2" || fail "journals $1 and $2 are the same"
}

expected=0
matrix=(--control none --budget 150)
begin "the matrix: one worker, two, seven"
journal one "$program" "${matrix[@]}" --jobs 1
journal two "$program" "${matrix[@]}" --jobs 2
journal seven "$program" "${matrix[@]}" --jobs 7
want "few cases" test "$(grep -c '"t":"case"' "$work/one")" -gt 500
same one two
same one seven

begin "the matrix: two runs in a row"
journal again "$program" "${matrix[@]}" --jobs 2
same one again

begin "the matrix: from another folder"
cd "$work" || exit 1
journal away "$program" "${matrix[@]}" --jobs 2
cd "$home" || exit 1
BRICKPROOF_HOME=$home journal named "$program" "${matrix[@]}" --jobs 2
same one away
same one named

if [ $have_san ]; then
	begin "the matrix: release and sanitizer builds"
	journal san "$program_san" --control none --budget 25 --jobs 2
	journal release "$program" --control none --budget 25 --jobs 2
	same release san
	begin "a sweep under sanitizers: one worker, two"
	journal san-one "$program_san" --control none --budget 25 --jobs 1 power-cut-install
	journal san-two "$program_san" --control none --budget 25 --jobs 2 power-cut-install
	same san-one san-two
else
	skip "release and sanitizer builds" "no sanitizer build"
fi

begin "nothing of this machine in it"
want "names the folder" bash -c "! grep -qF '$work' '$work/one'"
want "names the machine" bash -c "! grep -qE '\"(host|wall_ns|started|pid|jobs)\"' '$work/one'"

begin "another seed: other torn words, other journal"
journal seed "$program" "${matrix[@]}" --jobs 2 --seed 2
differ one seed
journal seed-again "$program" "${matrix[@]}" --jobs 1 --seed 2
same seed seed-again

small=(--control none --product small --budget 20)
begin "hashes and signatures: by the firmware, by libsodium, remembered"
for how in software sodium remembered; do
	journal $how "$program" "${small[@]}" --jobs 2 --verify $how
done
same sodium remembered
same software sodium

begin "as a default they are remembered"
journal default "$program" "${small[@]}" --jobs 2
same default remembered

begin "by the firmware: one worker, two"
journal software-one "$program" "${small[@]}" --jobs 1 --verify software
journal software-two "$program" "${small[@]}" --jobs 2 --verify software
same software-one software-two

if [ $have_san ]; then
	begin "by the firmware, under sanitizers"
	journal san-software "$program_san" --control none --product small --budget 3 --jobs 2 --verify software power-cut-confirm
	journal release-software "$program" --control none --product small --budget 3 --jobs 1 --verify sodium power-cut-confirm
	same san-software release-software
fi

# Failures bring evidence: time lines, console, flash.
expected=1
if have_mutant confirmed-before-written; then
	failing=(--control none --product small --firmware mutant-confirmed-before-written power-cut-confirm)
	begin "failures and their evidence: one worker, two, two runs"
	journal bad-one "$program" "${failing[@]}" --jobs 1
	journal bad-two "$program" "${failing[@]}" --jobs 2
	journal bad-again "$program" "${failing[@]}" --jobs 2
	want "no evidence" grep -q '"t":"evidence"' "$work/bad-one"
	same bad-one bad-two
	same bad-two bad-again
	if [ $have_san ]; then
		begin "failures and their evidence: under sanitizers"
		journal bad-san "$program_san" "${failing[@]}" --jobs 2
		same bad-one bad-san
	fi
else
	skip "failures and their evidence" "mutants are not built"
fi

expected=0
if have_mutant trial-counter-not-persisted; then
	begin "the positive control, too"
	journal control-one "$program" --budget 3 --jobs 1 power-cut-confirm
	journal control-two "$program" --budget 3 --jobs 2 power-cut-confirm
	want "no control" grep -q '"control":' "$work/control-one"
	same control-one control-two
else
	skip "the positive control, too" "mutants are not built"
fi

begin "a token is replayed in the same words each time"
token=$(grep '"variant":"flash torn' "$work/one" | head -n 1 | json_value token)
try replay "$token"
want_status 0
cp "$out" "$work/replay"
try replay "$token"
want "another time line" cmp -s "$out" "$work/replay"
if [ $have_san ]; then
	try_as "$program_san" replay "$token"
	want "another time line under sanitizers" cmp -s "$out" "$work/replay"
fi
finish
