# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Tests of the whole program from outside, sourced by cli_NAME.sh. Output is TAP; the plan comes last, so that a script
# that dies has none.
#
#	begin "an unknown command"          # a test; it ends where the next one begins
#	try rnu                             # runs the program: $status, $out and $err (files)
#	want_status 2
#	want_err "did you mean 'run'?"
#	finish                              # prints the plan and exits
#
# A want_ that does not hold fails the test, whatever the others say. The scripts run in the project's folder; what they
# write stands in $work.
set -u
export LC_ALL=C
unset BRICKPROOF_HOME NO_COLOR
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

absolute() {
	case $1 in
	/*) printf '%s' "$1" ;;
	*) printf '%s/%s' "$PWD" "$1" ;;
	esac
}

# shellcheck disable=SC2034 # for the scripts
home=$PWD
program=$(absolute "${BRICKPROOF:-build/release/brickproof}")
# shellcheck disable=SC2034
program_san=$(absolute "${BRICKPROOF_SAN:-build/san/brickproof}")
work=$(mktemp -d) || exit 1
out=$work/stdout err=$work/stderr status=0
tap_number=0 tap_failed=0 tap_name='' tap_trouble='' tap_skip=''

clean_up() {
	[ -z "${at_exit:-}" ] || "$at_exit"
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

if ! [ -x "$program" ]; then
	echo "Bail out! $program is not built"
	exit 1
fi

tap_end() {
	[ -n "$tap_name" ] || return 0
	tap_number=$((tap_number + 1))
	if [ -n "$tap_trouble" ]; then
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n' "$tap_number" "$tap_name"
		printf '%s' "$tap_trouble" | sed 's/^/# /'
	elif [ -n "$tap_skip" ]; then
		printf 'ok %d - %s # SKIP %s\n' "$tap_number" "$tap_name" "$tap_skip"
	else
		printf 'ok %d - %s\n' "$tap_number" "$tap_name"
	fi
	tap_name='' tap_trouble='' tap_skip=''
}

begin() { # NAME
	tap_end
	tap_name=$1
}

# A test that cannot be made here.
skip() { # NAME REASON
	begin "$1"
	tap_skip=$2
	tap_end
}

finish() {
	tap_end
	printf '1..%d\n' "$tap_number"
	[ "$tap_failed" = 0 ]
	exit
}

fail() { # TEXT...; no text is no failure
	[ -z "$*" ] || tap_trouble+="$*"$'\n'
}

# Run a program, at most two minutes. What a sanitizer or the kernel ended fails the test by itself.
try_as() { # PROGRAM ARGUMENTS...
	tried="${1##*/} ${*:2}"
	timeout -k 5 120 "$@" >"$out" 2>"$err" </dev/null
	status=$?
	if [ $status -ge 124 ] || grep -qE 'runtime error:|Sanitizer' "$err"; then
		fail "$tried: status $status"
		fail "$(head -n 20 "$err")"
	fi
}

try() {
	try_as "$program" "$@"
}

want_status() { # N
	[ "$status" = "$1" ] && return
	fail "$tried: status $status, expected $1"
	fail "$(head -n 5 "$err")"
}

want_in() { # FILE TEXT
	grep -qF -- "$2" "$1" && return
	fail "$tried: ${1##*/} lacks: $2"
	fail "$(head -n 5 "$1")"
}

want_not_in() { # FILE TEXT
	grep -qF -- "$2" "$1" || return 0
	fail "$tried: ${1##*/} has: $(grep -F -- "$2" "$1" | head -n 3)"
}

want_out() { want_in "$out" "$1"; }
want_err() { want_in "$err" "$1"; }

want_empty() { # FILE
	[ -s "$1" ] || return 0
	fail "$tried: ${1##*/} is not empty:"
	fail "$(head -n 5 "$1")"
}

# Lines of FILE that match an extended regular expression.
want_lines() { # FILE N REGEX
	local n
	n=$(grep -cE -- "$3" "$1")
	[ "$n" = "$2" ] || fail "$tried: ${1##*/} has $n lines that match '$3', expected $2"
}

# Anything else: a command that must succeed.
want() { # WHAT COMMAND...
	local what=$1
	shift
	"$@" >/dev/null 2>&1 || fail "$what"
}

# Misuse and bad input: status 2, a message, and no result.
want_refused() { # TEXT...
	local text
	want_status 2
	want_empty "$out"
	for text in "$@"; do want_err "$text"; done
}

# Names, links and contents of everything below FOLDER, in one line.
fingerprint() { # FOLDER
	(cd "$1" && find . -type f -exec sha256sum {} + -o -printf '%p %y %l\n' | sort | sha256sum)
}

# A value of a line of JSON, as the journal writes it: no blanks, no nested quotes.
json_value() { # KEY, stdin
	sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

have_mutant() { # NAME
	[ -e "build/firmware/mutant-$1.so" ]
}
