# SPDX-License-Identifier: Apache-2.0
# Completion of brickproof's commands, options, scenarios and mutants for bash.
_brickproof() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
	local words
	if [ "$COMP_CWORD" = 1 ]; then
		words="$("$program" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }') --help --version"
	elif [[ $prev == --bench || $prev == --junit || $prev == --reports || $prev == --dir ]]; then
		return # a file
	elif [[ $cur == -* ]]; then
		words=$("$program" "$command" --help 2>/dev/null | grep -o -- '--[a-z-]*' | sort -u)
	else
		case "$command $prev" in
		*\ --product) words="reference small" ;;
		*\ --firmware) words="reference $("$program" list --mutants 2>/dev/null | awk -F '\t' '{ print "mutant-" $1 }')" ;;
		*\ --without) words=$("$program" list --invariants 2>/dev/null | cut -f 1) ;;
		*\ --control | mutants\ *) words="none $("$program" list --mutants 2>/dev/null | cut -f 1)" ;;
		*\ --verify) words="software sodium remembered" ;;
		*\ --depth) words="1 2 3 closed" ;;
		*\ --color) words="auto always never" ;;
		run\ *) words=$("$program" list 2>/dev/null | cut -f 1) ;;
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
