# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# One served board of the product `small`, in $board: started anew with other options, and stopped when the script ends.
#
# Sourced after tap.sh.

board=$work/board
serve_pid=''
at_exit=stop_board

stop_board() {
	[ -n "$serve_pid" ] || return 0
	kill "$serve_pid" 2>/dev/null
	wait "$serve_pid" 2>/dev/null
	serve_pid=''
	rm -rf "$board"
}

start_board() { # OPTIONS...
	stop_board
	"$program" board serve --product small --dir "$board" "$@" >"$work/serve.out" 2>"$work/serve.err" </dev/null &
	serve_pid=$!
	for ((i = 0; i < 600; i++)); do
		[ -e "$board/ready" ] && return
		kill -0 "$serve_pid" 2>/dev/null || break
		sleep 0.05
	done
	fail "board serve $*: not ready: $(cat "$work/serve.err")"
}
