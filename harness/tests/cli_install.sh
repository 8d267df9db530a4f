#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts below DESTDIR works from there: program, home folder, man page, completion, udev rules. Every
# option that a --help lists is described in the man page and offered by the completion.
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

# Commands, each with the section of the man page that tells of it; and the options that its help lists.
commands='run replay explain bench:bench board:board list mutants report image,sign:image image,show:image image,corrupt:image
	image,keygen:image speed'
options_of() { # COMMAND WORD...
	"$program" "$@" --help 2>&1 | grep -oE '(^|[ [])--[a-z][a-z-]*' | tr -d ' [' | sort -u
}

begin "the man page describes every command and option"
page=$root/usr/share/man/man1/brickproof.1
sed 's/\\-/-/g' "$page" >"$work/page"
want "no name" grep -q '^brickproof - ' "$work/page"
for row in $commands; do
	read -ra words <<<"$(tr ',' ' ' <<<"${row%%:*}")"
	sed -n "/^\.SS ${words[0]}\$/,/^\.S[SH] /p" "$work/page" | sed '1d' >"$work/section"
	[ -n "$(options_of "${words[@]}")" ] || fail "brickproof ${words[*]} --help lists no option"
	for option in $(options_of "${words[@]}"); do
		[ "$option" = --help ] || grep -qE -- "^\.B(I|R)? $option( |\$)" "$work/section" || fail "${words[*]} $option is not in the man page"
	done
done
for command in $("$program" --help | awk '/^  [a-z]/ { print $1 }'); do
	grep -qx ".SS $command" "$work/page" || fail "$command has no section"
	case " $(tr ',:\n\t' '    ' <<<"$commands") " in *" $command "*) ;; *) fail "$command is not among the commands of this test" ;; esac
done

begin "completion offers commands, options and what they take"
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
want "no operator" test "$(complete_line "$program" image corrupt x --op truncate-o)" = truncate-one
want "no invariant" test "$(complete_line "$program" mutants --without upd)" = updatable
want "files are not left to bash" test -z "$(complete_line "$program" run --bench x)"
want "not the products that there are" test "$(complete_line "$program" run --product '' | sort)" = \
	"$(cd "$root/usr/share/brickproof/fixtures/products" && ls -- *.yaml | sed 's/\.yaml//' | sort)"
for row in $commands; do
	read -ra words <<<"$(tr ',' ' ' <<<"${row%%:*}")"
	complete_line "$program" "${words[@]}" -- >"$work/offered"
	for option in $(options_of "${words[@]}"); do
		grep -qxF -- "$option" "$work/offered" || fail "${words[*]} $option is not offered"
	done
done

begin "udev rules are where udev looks for them"
rules=$root/usr/lib/udev/rules.d/60-brickproof.rules
want "none" test -s "$rules"
for name in 'GROUP="plugdev"' 'uaccess' 'SUBSYSTEM=="gpio"' 'ATTR{bDeviceClass}=="09"' 'ATTR{idVendor}=="0403"' 'latency_timer'; do
	want_in "$rules" "$name"
done

begin "make uninstall takes all of it away, and nothing else"
touch "$root/usr/bin/another"
cd "$home" || exit 1
want "make uninstall fails" make --no-print-directory uninstall DESTDIR="$root" prefix=/usr
[ "$(cd "$root" && find . -type f)" = ./usr/bin/another ] || fail "left behind: $(cd "$root" && find . -type f | head)"

finish
