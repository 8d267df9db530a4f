#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Help, misuse, lists: what is on which stream, and with what status.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

commands='run replay explain list mutants report image speed'

for option in --help -h help; do
	begin "brickproof $option"
	try $option
	want_status 0
	want_empty "$err"
	want_out 'usage: brickproof COMMAND'
	want_out 'Exit status: 0 all passed, 1 a device failed'
	for c in $commands; do want_lines "$out" 1 "^  $c "; done
done

for c in $commands 'image sign' 'image keygen' 'image show' 'image corrupt'; do
	for option in --help -h; do
		begin "brickproof $c $option"
		# shellcheck disable=SC2086
		try $c $option
		want_status 0
		want_empty "$err"
		want_lines "$out" 1 "^[Uu]sage: brickproof $c"
	done
done

begin "options in the help of run are options of run"
try run --help
grep -oE '^  --[a-z-]+' "$out" >"$work/options"
want "no options in the help" test -s "$work/options"
while read -r option; do
	try run "$option=x" no-such-scenario
	want_status 2
	want_not_in "$err" 'no option'
done <"$work/options"

begin "explain: a sweep in words"
try explain power-cut-download
want_status 0
want_empty "$err"
want_out 'power-cut-download: Power is cut while an update is downloaded'
want_out "On product 'reference'"
want_out "1. Update to 'to'"
want_out 'Power is cut at every flash operation, while the update is downloaded: before it, with 10% of it done, with 50% of it done, with 90% of it done, after it.'
want_out 'Power is cut at every byte that the host sends, while the update is downloaded.'
want_out "When nothing goes wrong, it ends with 'to' running, and reports OK."
want_out 'a good update must go through'
want_lines "$out" 1 '^  boots-allowed-image  '
want_lines "$out" 1 '^  C-1   Power cut during download$'

begin "explain: every scenario, its own product, and all rows that it covers"
try list
while IFS=$'\t' read -r name covers title; do
	"$program" explain "$name" >"$work/explained" 2>"$work/said" || fail "explain $name: $(head -c 200 "$work/said")"
	for row in $covers; do
		grep -q "^  $row  *[A-Z]" "$work/explained" || fail "explain $name does not tell row $row"
	done
	grep -qF "$title" "$work/explained" || fail "explain $name does not tell its title"
	for part in 'What is done' 'What goes wrong' 'What happens afterwards' 'What must hold' 'What it covers'; do
		grep -qx "$part" "$work/explained" || fail "explain $name has no '$part'"
	done
done <"$out"

begin "explain: refusals, faults of the link, surroundings, edits"
try explain gate-battery
want_out 'the board senses: battery 5%, mains there'
want_out 'The device must refuse it: LOW_BATTERY.'
try explain link-faults
want_out "The device's answer is lost: every message of the host, while the update is downloaded, and while the trial is requested."
try explain wrong-target
want_out 'manifest-product: validly signed for another product; must be refused with its manifest'

begin "every C-row but those that come later has a scenario"
try list --requirements

awk -F '\t' '$1 ~ /^C-/ && $2 == "-" { print $1 }' "$out" >"$work/uncovered"
want "uncovered: $(tr '\n' ' ' <"$work/uncovered")" test "$(grep -cvxE 'C-8|C-21' "$work/uncovered")" = 0

begin "the version"
try --version
want_status 0
want_empty "$err"
want_lines "$out" 1 '^brickproof [0-9]+\.[0-9]+\.[0-9]+$'

begin "no command"
try
want_refused 'usage: brickproof COMMAND'

# ---- misuse: arguments, then what the message must say
misuse() { # ARGUMENTS TEXT...
	begin "misuse: brickproof $1"
	# shellcheck disable=SC2086
	try $1
	shift
	want_refused "$@"
}
misuse 'frobnicate' "no command 'frobnicate'" 'brickproof --help'
misuse 'rnu' "no command 'rnu'"
misuse 'raport' "no command 'raport'" "did you mean 'report'?"
misuse '--bogus' "no command '--bogus'"
misuse 'run --bugdet 3' "no option '--bugdet'" "did you mean '--budget'?" 'brickproof run --help'
misuse 'run --bugdet=3' "no option '--bugdet=3'" "did you mean '--budget'?"
misuse 'run --xyzzy' "no option '--xyzzy'"
misuse 'run -z' "no option '-z'"
misuse 'run --depth 0' '--depth' 'from 1 to 40, or closed'
misuse 'run --depth deep' "'deep' is no depth"
misuse 'run --budget' '--budget needs a value'
misuse 'run --quiet=3' '--quiet takes no value'
misuse 'run --budget 0' '--budget' 'expected 1 to'
misuse 'run --budget 1x' '--budget' "'1x'"
misuse 'run --budget 4294967296' '--budget' 'expected 0 to'
misuse 'run --bench no/such/bench.yaml' 'no/such/bench.yaml'
misuse 'run --board b1' '--board needs a bench file'
misuse 'run --bench fixtures/benches/served.yaml --board srved' "did you mean 'served'?"
misuse 'run --jobs 0' '--jobs' 'expected 1 to'
misuse 'run --jobs 1000' '--jobs' 'expected 1 to'
misuse 'run --jobs two' '--jobs' "'two'"
misuse 'run --seed -1' '--seed' "'-1'"
misuse 'run --seed 18446744073709551616' '--seed'
misuse 'run --verify maybe' '--verify' 'software, sodium or remembered'
misuse 'run --self-test explode' '--self-test' 'disarm'
misuse 'run --color blue' '--color' 'auto'
misuse 'run power-cut-downlaod' "no scenario 'power-cut-downlaod'" "did you mean 'power-cut-download'?"
misuse 'run nothing-like-it' "no scenario 'nothing-like-it'" 'brickproof list'
misuse 'run --control none power-cut-confirm power-cut-confirm' "'power-cut-confirm' twice"
misuse 'run --product none power-cut-confirm' "no product 'none'"
misuse 'run --firmware none power-cut-confirm' "no firmware 'none'" 'make firmware'
misuse 'run --control no-such-mutant power-cut-confirm' "mutant-no-such-mutant" 'make firmware mutant-objects'
misuse 'run --control none --junit /nonexistent/junit.xml power-cut-confirm' '--junit' '/nonexistent/junit.xml'
misuse 'run --control none --junit / power-cut-confirm' '--junit'
misuse 'replay' 'one token'
misuse 'replay a b' 'one token'
misuse 'replay --firmwear x' "did you mean '--firmware'?"
misuse 'list --mutant=3' 'takes no value'
misuse 'list --mutantz' "did you mean '--mutants'?"
misuse 'list scenarios' "'scenarios'"
misuse 'mutants --job' 'needs a value'
misuse 'mutants --jobs 0' '--jobs'
misuse 'mutants no-such-mutant' 'no-such-mutant'
misuse 'mutants --without no-such-row' "'no-such-row'" 'list --invariants'
misuse 'report --colour' 'unknown option --colour'
misuse 'report --color' 'needs a value'
misuse 'report --color blue' '--color' "'blue'"
misuse 'report a b' 'one RUNDIR'
misuse 'report /nonexistent' '/nonexistent/journal.jsonl'
misuse 'speed --bogus' "no option '--bogus'"
misuse 'speed --product none' "no product 'none'"
misuse 'image' 'Usage: brickproof image COMMAND'
misuse 'image paint' "no command 'paint'"
misuse 'image show' 'expected FILE'
misuse 'image show a b' 'expected FILE'
misuse 'image sign --bogus' 'unknown option --bogus'

# ---- lists: fields are separated by tabs, none is empty
want_table() { # FIELDS
	want_status 0
	want_empty "$err"
	want "$tried: nothing is listed" test -s "$out"
	fail "$(awk -F '\t' -v n="$1" '
		NF != n { print NR ": " NF " fields, expected " n ": " $0 }
		{ for (i = 1; i <= NF; i++) if ($i == "") print NR ": field " i " is empty" }
		seen[$1]++ { print NR ": a second " $1 }' "$out")"
}

begin "list: name, requirements, title"
try list
want_table 3
want_lines "$out" 1 '^power-cut-download	C-1 [^	]*	Power is cut while an update is downloaded$'
cp "$out" "$work/scenarios"

begin "list names every file of scenarios/"
want "a scenario is missing or in no order" cmp -s <(cut -f 1 "$work/scenarios") \
	<(for f in scenarios/*.yaml; do basename "$f" .yaml; done | grep -vx requirements | LC_ALL=C sort)

begin "a scenario has the name of its file"
for f in scenarios/*.yaml; do
	[ "$f" = scenarios/requirements.yaml ] || want_lines "$f" 1 "^scenario: $(basename "$f" .yaml)\$"
done

begin "list --requirements: id, scenarios, text"
try list --requirements
want_table 3
cp "$out" "$work/requirements"

begin "every id that a scenario covers is a requirement"
fail "$(awk -F '\t' 'NR == FNR { id[$1] = 1; next }
	{ n = split($2, c, " "); for (i = 1; i <= n; i++) if (!(c[i] in id)) print $1 " covers " c[i] }' \
	"$work/requirements" "$work/scenarios")"

begin "list --requirements says what list says"
want "the two lists differ" cmp -s \
	<(awk -F '\t' '{ n = split($2, c, " "); for (i = 1; i <= n; i++) print c[i], $1 }' "$work/scenarios" | sort) \
	<(awk -F '\t' '$2 != "-" { n = split($2, s, " "); for (i = 1; i <= n; i++) print $1, s[i] }' "$work/requirements" | sort)

begin "a scenario that covers an unknown id is told"
mkdir -p "$work/home/scenarios"
cp scenarios/*.yaml "$work/home/scenarios/"
ln -s "$home/fixtures" "$work/home/fixtures"
sed -i 's/C-20/C-999/' "$work/home/scenarios/power-cut-download.yaml"
BRICKPROOF_HOME=$work/home try list --requirements
want_refused 'power-cut-download.yaml' "'C-999'"

begin "list --invariants: name, requirements, mutants, text"
try list --invariants
want_table 4
fail "$(awk -F '\t' 'NR == FNR { id[$1] = 1; next }
	{ n = split($2, c, " "); for (i = 1; i <= n; i++) if (!(c[i] in id)) print $1 " covers " c[i] }' "$work/requirements" "$out")"

begin "list --operators: name, what it does"
try list --operators
want_table 2
cut -f 1 "$out" >"$work/operators"

begin "image corrupt --list names the same operators"
try image corrupt --list
want_status 0
want_empty "$err"
want "the two lists differ" cmp -s <(awk '{ print $1 }' "$out") "$work/operators"
want_lines "$out" "$(wc -l <"$work/operators")" '^[a-z0-9-]+ +(payload|manifest) +(transit|source) +[^ ]'

if compgen -G 'build/firmware/mutant-*.so' >/dev/null; then
	begin "list --mutants: name, mechanism, what catches it, what it mirrors"
	try list --mutants
	want_table 4
	want_lines "$out" "$(compgen -G 'build/firmware/mutant-*.so' | wc -l)" .
else
	skip "list --mutants: name, mechanism, what catches it, what it mirrors" "no mutant is built"
fi

# ---- where it is started, and where its output goes
begin "the home folder is found from the program; a file named scenarios is none"
(cd "$work" && "$program" list >"$out" 2>"$err")
status=$? tried="list in $work"
want_status 0
want "another list than at home" cmp -s "$out" "$work/scenarios"

begin "BRICKPROOF_HOME that is none"
BRICKPROOF_HOME=$work/nowhere try list
want_refused 'BRICKPROOF_HOME' "$work/nowhere"

for a in list --help --version 'list --operators' 'run --help' 'image --help' 'report --help'; do
	begin "results that cannot be printed: $a"
	# shellcheck disable=SC2086
	"$program" $a >/dev/full 2>"$err"
	status=$? tried=$a
	want_status 99
done

one='run --control none --quiet --budget 1 power-cut-confirm'
escape=$(printf '\033')
for how in 'never 0' 'auto 0' 'always 1'; do
	begin "--color ${how% *}"
	# shellcheck disable=SC2086
	try $one --reports "$work/reports" --color "${how% *}"
	want_status 0
	if [ "${how#* }" = 1 ]; then
		want "no colour" grep -q "$escape" "$out"
	else
		want "colour" bash -c "! grep -q '$escape' '$out'"
	fi
done

begin "--color always outranks NO_COLOR"
# shellcheck disable=SC2086
NO_COLOR=1 try $one --reports "$work/reports" --color always
want "no colour" grep -q "$escape" "$out"
finish
