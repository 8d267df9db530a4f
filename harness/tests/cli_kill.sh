#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The program is killed while it runs, KILL_RUNS times, evenly over the time that a run takes: what it had written stays
# good, what was there before stays as it was, and no worker is left behind.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

kills=${KILL_RUNS:-10}
reports=$work/reports # also what our processes are known by
exe=$(readlink -f "$program")
scenarios=(power-cut-download power-cut-rollback)
target_ms=800

now_ms() {
	local t=$EPOCHREALTIME
	t=${t/[.,]/}
	echo $((t / 1000))
}

# Processes of this program, workers too, that write to our reports. A dead one that nobody has waited for has no exe.
# Nothing is started for it: a look at all processes must be short beside a run.
ours() {
	local p words
	for p in /proc/[0-9]*; do
		[ "$p/exe" -ef "$exe" ] && mapfile -d '' -t words <"$p/cmdline" && [[ " ${words[*]} " = *" --reports $reports "* ]] &&
			echo "${p##*/}"
	done 2>/dev/null
	return 0
}

end_ours() {
	local p
	for p in $(ours); do kill -9 "$p" 2>/dev/null; done
}
at_exit=end_ours

# In the background, in a process group of its own, with the signals that a terminal would give it: $pid.
start() { # OPTIONS...
	set -m
	"$program" run --quiet --control none --jobs 2 --reports "$reports" "$@" "${scenarios[@]}" >"$out" 2>"$err" </dev/null &
	pid=$!
	set +m
}

# Wait for it: $status.
reap() {
	{ wait "$pid"; } 2>/dev/null
	status=$?
}

sleep_ms() {
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# ---- a run that is there before, and a budget with which one lasts long enough
measure() { # BUDGET: $took, the shorter of two, in ms
	local started
	took=999999
	for _ in 1 2; do
		started=$(now_ms)
		start --budget "$1"
		reap
		tried="run --budget $1"
		want_status 0
		started=$(($(now_ms) - started))
		[ $started -ge $took ] || took=$((started > 0 ? started : 1))
	done
}

begin "a run that is not killed"
budget=1000
measure $budget
if [ $took -lt $target_ms ]; then
	budget=$((budget * target_ms / took))
	measure $budget
fi
earlier=$(readlink "$reports/latest")
want "no run to keep" test -n "$earlier"
kept=$(fingerprint "$reports/$earlier")
echo "# a run with --budget $budget takes $took ms"

begin "its two workers are seen while it runs"
start --budget $budget
seen=0
while [ "$seen" -lt 3 ] && kill -0 "$pid" 2>/dev/null; do
	seen=$(ours | wc -l)
done
want "$seen processes, expected 3" test "$seen" -ge 3
reap
tried='run' # to its end
want_status 0

# The folder that appeared since $folders was filled, or nothing.
new_folder() {
	local d
	for d in "$reports"/run-*; do
		[[ " $folders " = *" ${d##*/} "* ]] || echo "$d"
	done
}

list_folders() {
	local d
	folders=
	for d in "$reports"/run-*; do folders+="${d##*/} "; done
}

want_nobody() {
	local deadline left
	deadline=$(($(now_ms) + 1000))
	while left=$(ours) && [ -n "$left" ]; do
		if [ "$(now_ms)" -gt "$deadline" ]; then
			fail "alive one second later: $left"
			end_ours
			return
		fi
	done
}

# All that latest leads to is there, to the last line.
want_latest_whole() {
	local to
	to=$(readlink "$reports/latest") || fail "latest is no link any more"
	want "latest leads to $to, whose journal does not end" bash -c "tail -n 1 '$reports/$to/journal.jsonl' | grep -q '^{\"t\":\"run-end\".*}\$'"
	want "latest leads to $to, whose JUnit file does not end" test "$(tail -n 1 "$reports/$to/junit.xml")" = '</testsuites>'
	want "latest leads to $to, whose page does not end" bash -c "tail -n 1 '$reports/$to/index.html' | grep -q '</html>'"
}

# The journal of a run that was cut off can be read up to there, by the program and as lines.
want_journal_good() { # FOLDER
	local whole
	rm -rf "$work/copy"
	cp -r "$1" "$work/copy"
	whole=$(tr -cd '\n' <"$work/copy/journal.jsonl" | wc -c)
	lines=$((lines + whole))
	head -n "$whole" "$work/copy/journal.jsonl" >"$work/whole"
	want_lines "$work/whole" "$whole" '^\{"t":"(run|scenario|case|evidence|scenario-end|run-end)",.*\}$'
	try report "$work/copy"
	if [ "$whole" = 0 ]; then
		want_refused "no 'run' line"
		return
	fi
	want_status 0
	want "no reports of what there is" test -s "$work/copy/junit.xml" -a -s "$work/copy/index.html"
}

lines=0 cut=0 done_before=0 unborn=0
check_killed() { # STATUS that the kill gives
	local dir
	want_nobody
	case $status in
	0) done_before=$((done_before + 1)) ;;
	"$1") cut=$((cut + 1)) ;;
	*) fail "status $status, expected $1: $(head -n 3 "$err")" ;;
	esac
	dir=$(new_folder)
	if [ -z "$dir" ]; then
		unborn=$((unborn + 1))
		[ "$status" != 0 ] || fail "no reports of a run that ended"
	elif [ -e "$dir/journal.jsonl" ]; then
		want_journal_good "$dir"
	fi
	want "the earlier run has changed" test "$(fingerprint "$reports/$earlier")" = "$kept"
	want_latest_whole
}

for ((k = 1; k <= kills; k++)); do
	at=$((took * k / kills))
	begin "killed after $at ms of $took"
	list_folders
	start --budget $budget
	sleep_ms $at
	kill -9 "$pid" 2>/dev/null
	reap
	check_killed 137
	# The folders of killed runs would only make the next checks slow.
	dir=$(new_folder)
	[ -z "$dir" ] || [ "$(readlink "$reports/latest")" = "${dir##*/}" ] || rm -rf "$dir"
done

begin "they were cut off while they wrote"
want "only $cut of $kills were cut off" test $((cut * 4)) -ge "$kills"
want "no line was written" test "$lines" -gt 0
echo "# $cut cut off ($unborn before their folder), $done_before had ended, $lines whole lines read back"

# ---- signals that can be caught: to the program, and to all of a terminal's foreground group
for signal in INT:130 TERM:143 HUP:129; do
	for whom in program group; do
		begin "SIG${signal%:*} to the $whom"
		list_folders
		start --budget $budget
		sleep_ms $((took / 2))
		[ $whom = program ] && to=$pid || to=-$pid
		kill -s "${signal%:*}" -- "$to" 2>/dev/null
		reap
		check_killed "${signal#*:}"
	done
done

begin "a worker is killed: its case is judged again, the journal is the same"
start --budget $budget
worker=
while [ -z "$worker" ] && kill -0 "$pid" 2>/dev/null; do
	worker=$(ours | grep -vx "$pid" | head -n 1)
done
want "no worker" test -n "$worker"
[ -z "$worker" ] || kill -9 "$worker"
reap
tried='run'
want_status 0
want_nobody
want "another journal" cmp -s "$reports/$earlier/journal.jsonl" "$reports/latest/journal.jsonl"

begin "a run after all that passes, and is the latest"
list_folders
start --budget $budget
reap
tried='run'
want_status 0
want "latest leads elsewhere" test "$reports/$(readlink "$reports/latest")" = "$(new_folder)"
want "another journal" cmp -s "$reports/$earlier/journal.jsonl" "$reports/latest/journal.jsonl"
want "links left behind: $(find "$reports" -maxdepth 1 -name '.latest*')" test -z "$(find "$reports" -maxdepth 1 -name '.latest*')"
finish
