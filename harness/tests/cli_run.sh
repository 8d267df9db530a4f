#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whole runs: what they write, what they print, how they end; and single cases run again.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

reports=$work/reports
control=trial-counter-not-persisted
if ! have_mutant $control; then
	skip "whole runs" "mutants are not built"
	finish
fi

# Sums of the run-end line of the latest run below FOLDER.
sum_of() { # KEY FOLDER
	tail -n 1 "$2/latest/journal.jsonl" | json_value "$1"
}

want_sum() { # KEY N FOLDER
	local n
	n=$(sum_of "$1" "$3")
	[ "$n" = "$2" ] || fail "$tried: $1 is '$n' in the run-end line, expected $2"
}

tokens_of() { # VERDICT JOURNAL
	grep '"t":"case"' "$2" | grep "\"verdict\":\"$1\"" | json_value token
}

# ---- the whole matrix, sampled, with its positive control
begin "a sampled run of the whole matrix passes"
try run --budget 20 --jobs 2 --reports "$reports" --junit "$work/junit.xml"
want_status 0
latest=$reports/latest
journal=$latest/journal.jsonl
scenarios=$("$program" list | wc -l)
cp "$out" "$work/table"

begin "plain progress lines on stderr, one a scenario"
want_lines "$err" $((scenarios + 2)) '^\[[0-9]+/[0-9]+\] passed '
want_lines "$err" $((scenarios + 2)) .

begin "the run's files, and no others"
want "other files: $(ls "$latest/")" test "$(cd "$latest" && echo *)" = 'index.html journal.jsonl junit.xml timing.jsonl'
want "other files: $(ls -A "$reports")" test "$(cd "$reports" && echo .[!.]* ./* | wc -w)" = 3
want "empty files" test -z "$(find "$latest/" -size 0)"

begin "latest is a link to the run beside it"
want "no link" test -L "$reports/latest"
want "it leads elsewhere: $(readlink "$latest")" bash -c "[[ '$(readlink "$latest")' =~ ^run-[0-9]{8}-[0-9]{6}-[0-9]+\$ ]]"
want_in "$work/table" "report: $reports/$(readlink "$latest")/index.html"

begin "journal: run first, run-end last, a scenario around its cases"
want "the first line is no run" bash -c "head -n 1 '$journal' | grep -q '^{\"t\":\"run\",\"format\":1,'"
want "the last line is no run-end" bash -c "tail -n 1 '$journal' | grep -q '^{\"t\":\"run-end\",.*}\$'"
fail "$(awk -F '"' '
	$4 == "scenario" { if (open) print NR ": a scenario in a scenario"; open = 1; next }
	$4 == "case" && !open { print NR ": a case outside" }
	$4 == "scenario-end" { if (!open) print NR ": nothing ends here"; open = 0 }
	NR > 1 && $4 == "run" { print NR ": a second run" }
	!/^[{].*[}]$/ { print NR ": no object" }' "$journal" | head -n 5)"
want_lines "$journal" $((scenarios + 2)) '^\{"t":"scenario",'

begin "journal: the sums are those of the cases"
for pair in pass:pass fail:fail not_exercised:not-exercised rig:rig skip:skip; do
	n=$(sed -n '/"control":/,$!p' "$journal" | grep '"t":"case"' | grep -c "\"verdict\":\"${pair#*:}\"")
	want_sum "${pair%:*}" "$n" "$reports"
done
want_sum exit 0 "$reports"
want_sum fail 0 "$reports"
want_sum not_exercised 0 "$reports"

begin "journal: every token once; the control has one that is there already"
want_lines <(sed '/"control":/,$d' "$journal" | json_value token | sort | uniq -d) 0 .

begin "the table counts what the journal counts"
for word in cases runs pass; do
	[ "$word" = cases ] && column=5 || column=6
	[ "$word" = pass ] && column=7
	n=$(awk '/^ +all but control / { print $'$((column - 1))' }' "$work/table")
	want_sum "$word" "$n" "$reports"
done
want_lines "$work/table" "$scenarios" '^ok '
want_lines "$work/table" 1 "^caught control $control "
want_in "$work/table" "All $scenarios scenarios passed; 2 of 2 controls caught."

begin "the positive control is there, and caught"
want_lines "$journal" 1 "^\\{\"t\":\"scenario\",\"name\":\"control $control\",.*\"control\":\"$control\""
want "no failing case" bash -c "sed -n '/\"control\":/,\$p' '$journal' | grep -q '\"verdict\":\"fail\"'"
want_sum controls 2 "$reports"
want_sum controls_caught 2 "$reports"

begin "--junit: a copy"
want "no copy" cmp -s "$work/junit.xml" "$latest/junit.xml"
want_lines "$work/junit.xml" 1 '^<\?xml version="1.0" encoding="UTF-8"\?>$'
want_lines "$work/junit.xml" 1 '^<testsuites [^>]* failures="0" errors="0" '
want_lines "$work/junit.xml" "$(grep -c '</testsuite>' "$work/junit.xml")" '<testsuite '
want "it does not end" test "$(tail -n 1 "$work/junit.xml")" = '</testsuites>'

begin "the page needs nothing from elsewhere"
want "no HTML" bash -c "head -c 100 '$latest/index.html' | grep -qi '<!doctype html>'"
want "it does not end" bash -c "tail -n 1 '$latest/index.html' | grep -qi '</html>'"
want_lines "$latest/index.html" 0 '(src|href)="?(https?:)?//|@import|url\((https?:)?//'

begin "report builds the same again from the journal"
cp -r "$latest/" "$work/again"
rm "$work/again/junit.xml" "$work/again/index.html"
try report "$work/again"
want_status 0
want_empty "$err"
want "another JUnit file" cmp -s "$latest/junit.xml" "$work/again/junit.xml"
want "another page" cmp -s "$latest/index.html" "$work/again/index.html"
want "another table" cmp -s <(grep -v '^report:' "$work/table") <(grep -v "^$work/again/" "$out")

begin "a second run has its own folder, and leaves the first alone"
before=$(fingerprint "$reports/$(readlink "$latest")/")
first=$(readlink "$latest")
try run --quiet --control none --budget 2 --reports "$reports" power-cut-confirm
want_status 0
want_empty "$err"
want "latest has not moved" test "$(readlink "$latest")" != "$first"
want "the first run has changed" test "$(fingerprint "$reports/$first")" = "$before"
want_sum controls 0 "$reports"
want_lines "$out" 0 control
journal=$reports/$first/journal.jsonl

begin "a budget is kept, and all names the case without a fault"
want_lines "$latest/journal.jsonl" 3 '"t":"case"'
want_lines "$latest/journal.jsonl" 1 '"variant":"no fault"'

# ---- cases of that run, one of each kind, again
for variant in 'no fault' 'flash before' 'flash torn 10%' 'flash torn 50%' 'flash torn 90%' 'flash after' 'link byte' 'link frame' line; do
	begin "replay of a passing case: $variant"
	token=$(grep -F "\"variant\":\"$variant\"" "$journal" | grep '"verdict":"pass"' | tail -n 1 | json_value token)
	want "the run has none" test -n "$token"
	try replay "$token"
	want_status 0
	want_empty "$err"
	want_lines "$out" 1 '^time line$'
	want_lines "$out" 1 '^console$'
	want_in "$out" "token    $token"
	want_lines "$out" 1 '^verdict  pass$'
	want_lines "$out" 1 '^running  '
done

begin "a cut at a line or at a time, in every way to write it"
hash8=$(grep '"t":"scenario"' "$journal" | grep -F '"name":"power-cut-console"' | json_value hash8)
for cut in 'line:boot%3a%20cause#1+100ms' 'line:"boot: cause"#1+0.1s' line:up#1 time:250ms 'time:1.25s'; do
	try replay "bp1:reference:power-cut-console:$hash8:$cut:-:1"
	want_status 0
	want_lines "$out" 1 '^verdict  pass$'
done
for cut in 'line:"boot: cause"#9' 'line:app%3a%20up#1+1h' time:1h; do
	try replay "bp1:reference:power-cut-console:$hash8:$cut:-:1"
	want_status 2
	want_err "has no such cut point"
done

begin "replay of passing cases: every tenth edit, every fifth damage"
grep -E '"token":"[^"]*:-:[a-z0-9-]+:[0-9]+"' "$journal" | json_value token | awk 'NR % 10 == 1' >"$work/tokens"
grep -E '"token":"[^"]*:-:damage=[0-9]+:[0-9]+"' "$journal" | json_value token | awk 'NR % 5 == 1' >>"$work/tokens"
want "the run has few" test "$(wc -l <"$work/tokens")" -ge 6
while read -r token; do
	try replay "$token"
	want_status 0
	want_lines "$out" 1 '^verdict  pass$'
done <"$work/tokens"

# ---- firmware with a defect
caught() { # MUTANT SCENARIO
	local dir=$work/$1 token invariant line
	begin "mutant $1 in $2: status 1, with tokens"
	if ! have_mutant "$1"; then
		tap_skip="it is not built"
		return
	fi
	try run --quiet --product small --firmware "mutant-$1" --control none --reports "$dir" "$2"
	want_status 1
	want_lines "$out" 1 "^FAIL +$2 "
	want_in "$out" "The device failed in 1 of 1 scenario"
	want_sum exit 1 "$dir"
	want "no failure in the JUnit file" grep -q '<failure ' "$dir/latest/junit.xml"
	token=$(tokens_of fail "$dir/latest/journal.jsonl" | head -n 1)
	want "no token" test -n "$token"
	want_in "$out" "brickproof replay --firmware mutant-$1 '$token'"
	line=$(grep -m 1 -F "$token" "$out")
	want "no token in the JUnit file" grep -qF "$token" "$dir/latest/junit.xml"
	want "no token in the page" grep -qF "$token" "$dir/latest/index.html"
	want "no evidence" grep -q '"t":"evidence"' "$dir/latest/journal.jsonl"

	begin "mutant $1: the line that was printed fails again, in the same way"
	invariant=$(grep -F "\"token\":\"$token\"" "$dir/latest/journal.jsonl" | json_value invariant | head -n 1)
	eval "try ${line#*brickproof }"
	want_status 1
	want_empty "$err"
	want_lines "$out" 1 '^time line$'
	want_lines "$out" 1 '^verdict  fail$'
	want_in "$out" "broken   $invariant: "
	want_lines "$out" 1 '^detail   .'

	begin "mutant $1: its token passes on the reference"
	try replay "$token"
	want_status 0
	want_lines "$out" 1 '^verdict  pass$'
}
caught $control reboot-loop-crash
caught confirmed-before-written power-cut-confirm
caught signature-unchecked corrupted-payload
caught state-kept-once state-damaged

# ---- the rig is not believed without proof
begin "--self-test disarm: nothing is exercised, nothing passes but the fault-free cases of sweeps, edits and damages"
try run --quiet --self-test disarm --budget 5 --reports "$work/disarmed"
want_status 99
want_sum exit 99 "$work/disarmed"
want_sum fail 0 "$work/disarmed"
want_sum controls_caught 0 "$work/disarmed"
dir=$work/disarmed
faulted=$(grep -lE "^(sweep|edits|damages):" scenarios/*.yaml | wc -l)
want_sum pass "$faulted" "$dir"
want_sum not_exercised $(($(sum_of cases "$dir") - faulted)) "$dir"
want "few cases" test "$(sum_of not_exercised "$dir")" -gt 100
want_lines <(tokens_of pass "$dir/latest/journal.jsonl" | grep -v ':-:-:') 0 .
want_lines "$out" "$scenarios" '^ERROR '

begin "a disarmed case is no success in the JUnit file"
want_lines "$dir/latest/junit.xml" 1 '^<testsuites [^>]* failures="0" errors="[1-9][0-9]*"'

mkdir -p "$work/home/build/firmware"
ln -s "$home/scenarios" "$home/fixtures" "$work/home/"
cp build/firmware/reference.so "$work/home/build/firmware/"
cp build/firmware/reference.so "$work/home/build/firmware/mutant-behaves.so"
cp "build/firmware/mutant-$control.so" "$work/home/build/firmware/mutant-broken.so"

begin "a control that behaves: nothing in this run is proven"
BRICKPROOF_HOME=$work/home try run --quiet --budget 2 --control behaves --reports "$work/missed" power-cut-confirm
want_status 99
want_lines "$out" 1 '^MISSED control behaves '
want_in "$out" '0 of 1 controls caught'
want_sum controls_caught 0 "$work/missed"
want_sum exit 99 "$work/missed"

begin "a failing device outranks a control that behaves"
BRICKPROOF_HOME=$work/home try run --quiet --control behaves --firmware mutant-broken --reports "$work/missed" reboot-loop-crash
want_status 1
want_sum exit 1 "$work/missed"

begin "an update that sees no end: the device has failed, and the cuts that nobody could make are told"
try run --quiet --control none --product small --firmware mutant-record-wiped-for-ever --reports "$work/endless" power-cut-install
want_status 1
want_lines "$out" 1 '^fail power-cut-install: recovers-in-time: did not settle'
want_lines "$out" 4 '^not-exercised power-cut-install: sweep [1-4] cuts nowhere: the undisturbed update has more flash operations than its log holds'
want_sum fail 1 "$work/endless"
want_sum not_exercised 4 "$work/endless"

begin "a device that does not come up from its start state has failed"
{ sed 's/^scenario: .*/scenario: starts-crashing/' scenarios/power-cut-install.yaml && echo 'start: {slot-a: crash}'; } >"$work/starts-crashing.yaml"
try run --quiet --control none --product small --reports "$work/down" "$work/starts-crashing.yaml"
want_status 1
want_lines "$out" 1 '^fail starts-crashing: boots-bounded: [0-9]* boots in its start state, 4 allowed'
want_lines "$out" 4 '^not-exercised starts-crashing: sweep [1-4] cuts nowhere: the device does not come up from its start state'
try replay --scenario "$work/starts-crashing.yaml" "$(sed -n "s/.*replay '\(.*\)'/\1/p" "$out" | head -n 1)"
want_status 1
want_in "$out" 'app: up 1.1.1 slot a'

begin "without its control there is no run"
BRICKPROOF_HOME=$work/home try run --quiet --budget 2 --reports "$work/nothing" power-cut-confirm
want_refused "mutant-$control"
want "reports were written" test ! -e "$work/nothing"

begin "an empty matrix is nothing to run"
mkdir -p "$work/empty/scenarios"
BRICKPROOF_HOME=$work/empty try run --quiet --control none --reports "$work/nothing"
want_status 77
want "reports were written" test ! -e "$work/nothing"

# ---- the seeded defects
begin "mutants: one line each, all caught as predicted"
try mutants confirmed-before-written signature-unchecked
want_status 0
want_lines "$out" 2 "^[a-z-]+	[a-z-]+	[a-z-]+	[0-9]+	[a-z -]+	bp1:small:[^	]+\$"
want_lines "$out" 1 "^confirmed-before-written	config-update	acknowledged-durable	[0-9]+	"
want_lines "$out" 1 "^signature-unchecked	corrupted-payload	refuses-bad-update	[0-9]+	"
want_err '2 of 2 mutants caught as predicted'
cp "$out" "$work/kills"

begin "mutants: the same rows on one core and on many"
try mutants --jobs 1 confirmed-before-written signature-unchecked
want "the two tables differ" cmp -s "$out" "$work/kills"

begin "mutants: an invariant that is left out lets its mutants through"
try mutants --without acknowledged-durable confirmed-before-written
want_status 1
want_err 'acknowledged-durable was to catch it'
want_err '0 of 1 mutants caught as predicted'

begin "mutants: a prediction that is not borne out fails the command"
# Both names have 20 characters: the object stays an object.
sed 's/acknowledged-durable/bootloader-untouched/' build/firmware/mutant-confirmed-before-written.so \
	>"$work/home/build/firmware/mutant-otherwise.so"
BRICKPROOF_HOME=$work/home try mutants otherwise
want_status 1
want_err 'bootloader-untouched was to catch it first, not acknowledged-durable'

begin "mutants: a prediction that names no invariant"
sed 's/acknowledged-durable/acknowledged-durably/' build/firmware/mutant-confirmed-before-written.so \
	>"$work/home/build/firmware/mutant-otherwise.so"
BRICKPROOF_HOME=$work/home try mutants otherwise
want_refused 'mutant otherwise' "'acknowledged-durably'" 'list --invariants'

begin "mutants: one that behaves survives, and fails the command"
BRICKPROOF_HOME=$work/home try mutants behaves
want_status 1
want_lines "$out" 1 '^behaves	SURVIVED	-	[0-9]+	-	-$'
want_err 'predicts nothing'
want_err '0 of 1 mutants caught as predicted'

begin "mutants: none is built"
rm "$work"/home/build/firmware/mutant-*.so
BRICKPROOF_HOME=$work/home try mutants
want_status 77
want_empty "$out"
begin "a product without a follow-up: cases end with its update once more, and the report says so"
mkdir -p "$work/products"
cp -r fixtures/keys "$work/keys"
sed -e '/^  followup:/d' -e 's/^product: small/product: frugal/' fixtures/products/small.yaml >"$work/products/frugal.yaml"
try run --product "$work/products/frugal.yaml" --control none --budget 40 --reports "$work/frugal" power-cut-confirm
want_status 0
want_lines "$work/frugal/latest/journal.jsonl" 1 '"t":"scenario".*"retries":"to"'
want_lines "$work/frugal/latest/index.html" 1 'for want of a follow-up</dt><dd>to<'
try run --product small --control none --budget 5 --reports "$work/whole" power-cut-confirm
want_lines "$work/whole/latest/journal.jsonl" 0 '"retries"'

finish
