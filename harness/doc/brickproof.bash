# SPDX-License-Identifier: Apache-2.0
# Completion of brickproof's commands, options, scenarios and mutants for bash. Options are those that --help lists.
_brickproof_products() { # PROGRAM
	local bin home
	bin=$(dirname "$(type -P -- "$1")")
	for home in "${BRICKPROOF_HOME:-.}" "$bin/../share/brickproof" "$bin/../.."; do
		[ -d "$home/fixtures/products" ] || continue
		find "$home/fixtures/products" -maxdepth 1 -name '*.yaml' -printf '%f\n' | sed 's/\.yaml$//'
		return
	done
}

_brickproof() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
	local words sub=()
	[[ $command != image || $COMP_CWORD -lt 3 || ${COMP_WORDS[2]} == -* ]] || sub=("${COMP_WORDS[2]}")
	if [ "$COMP_CWORD" = 1 ]; then
		words="$("$program" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }') --help --version"
	elif [[ $cur == -* ]]; then
		words="$("$program" "$command" "${sub[@]}" --help 2>/dev/null | grep -oE -- '(^|[ [])--[a-z][a-z-]*' | tr -d ' [' | sort -u) --help"
	else
		case "$command $prev" in
		*\ --bench | *\ --junit | *\ --reports | *\ --dir | *\ --scenario | *\ --output | *\ -o | *\ --key | *\ --other-key | *\ --pub)
			return ;; # files
		*\ --board | *\ --jobs | *\ --budget | *\ --seed | *\ --cuts | *\ --stlink | *\ --relay-* | *\ --decay | *\ --slot-size)
			return ;;
		*\ --product) words=$(_brickproof_products "$program") ;;
		*\ --firmware) words="reference $("$program" list --mutants 2>/dev/null | awk -F '\t' '{ print "mutant-" $1 }')" ;;
		*\ --without) words=$("$program" list --invariants 2>/dev/null | cut -f 1) ;;
		*\ --control | mutants\ *) words="none $("$program" list --mutants 2>/dev/null | cut -f 1)" ;;
		*\ --verify) words="software sodium remembered" ;;
		*\ --depth) words="1 2 3 closed" ;;
		*\ --self-test) words=disarm ;;
		*\ --color) words="auto always never" ;;
		*\ --smp) words="pty tcp" ;;
		*\ --op) words=$("$program" list --operators 2>/dev/null | cut -f 1) ;;
		run\ * | explain\ *) words=$("$program" list 2>/dev/null | cut -f 1) ;;
		bench\ bench) words="discover check calibrate" ;;
		board\ board) words=serve ;;
		image\ image) words="sign show corrupt keygen" ;;
		*) return ;; # files
		esac
	fi
	# shellcheck disable=SC2207
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _brickproof brickproof
