#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `brickproof bench`: discover, check and calibrate, on served boards. A board that is wired wrong must be found out; a
# calibration must come to what the board itself knows of its deaths.
#
# CALIBRATE=all takes all six pairs of delay and jitter, with as many cuts as `bench calibrate` itself finds to be enough
# (a quarter of an hour); CALIBRATE="DELAY JITTER" one of them and nothing else.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

pids=()
at_exit=stop_boards

stop_boards() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
	pids=()
	rm -rf "$work"/board-*
}

start_board() { # NAME OPTIONS...
	local dir=$work/board-$1
	shift
	"$program" board serve --product small --dir "$dir" "$@" >"$work/serve.out" 2>"$work/serve.err" </dev/null &
	pids+=($!)
	for ((i = 0; i < 600; i++)); do
		[ -e "$dir/ready" ] && return
		sleep 0.05
	done
	fail "board serve $*: not ready: $(cat "$work/serve.err")"
}

bench_file() { # POWER CONSOLE PROBE: of which board each is
	cat >"$work/bench.yaml" <<-YAML
		bench: bench-$$
		boards:
		  - name: first
		    product: small
		    power: {driver: socket, path: $work/board-$1/power}
		    console: {driver: serial, path: $work/board-$2/console, baud: 115200}
		    debug: {driver: openocd, interface: $work/board-$3/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB}
		    elf: $work/board-$3/board.elf
	YAML
	rm -f "$work/bench.calibration.yaml"
}

check_board() {
	try bench check --bench "$work/bench.yaml"
}

# Every death of the board, from its own account: ns from the command to the end, one a line.
watch_deaths() { # NAME
	perl -MIO::Socket::UNIX -e '
		my %seen;
		$| = 1;
		while (1) {
			my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit;
			$s->autoflush(1);
			print $s "truth\n";
			my $t = <$s>;
			defined $t or exit;
			my ($losses) = $t =~ /"losses":(\d+)/;
			my ($command) = $t =~ /"off_command_ns":(\d+)/;
			my ($dead) = $t =~ /"dead_ns":(\d+)/;
			my ($power) = $t =~ /"power":"(\w+)"/;
			print $dead - $command, "\n" if $power eq "off" && $losses && !$seen{$losses}++;
			select(undef, undef, undef, 0.1);
		}' "$work/board-$1/power" >"$work/deaths" 2>/dev/null &
	pids+=($!)
}

# What was measured against what is: the deaths that were timed (the first is from opening the board, the last five time its
# first byte), and what the board was started with, whose jitter is evenly spread. 10 % or 50 us.
compare() { # DELAY JITTER
	perl -e '
		my ($deaths, $measured, $delay, $jitter) = @ARGV;
		s/ms$// for $delay, $jitter;
		open my $f, "<", $measured or die;
		my ($m_dead, $m_jitter, $n) = <$f> =~ /dead ([\d.]+) ms.*jitter ([\d.]+) ms.* (\d+) cuts/ or die "nothing was measured\n";
		open $f, "<", $deaths or die;
		my @d = map { $_ / 1e6 } <$f>;
		@d = sort { $a <=> $b } @d[1 .. $n];
		@d == $n && defined $d[-1] or die "the board died another number of times\n";
		sub at { my $x = $_[0] * $#d; my $i = int $x; $d[$i] + ($x - $i) * (($d[$i + 1] // $d[$i]) - $d[$i]) }
		my ($low, $high) = (at(0.025), at(0.975));
		for (["delay", $m_dead, ($low + $high) / 2, $delay + $jitter / 2], ["jitter", $m_jitter, ($high - $low) / 2, 0.95 * $jitter / 2]) {
			my ($what, $got, $told, $set) = @$_;
			printf "# %s %.3f ms: the board tells %.3f ms, it was set to %.3f ms; %u cuts\n", $what, $got, $told, $set, $n;
			for my $is ($told, $set) {
				my $may = $is / 10 > 0.05 ? $is / 10 : 0.05;
				printf STDERR "%s is %.3f ms, measured %.3f ms\n", $what, $is, $got if abs($is - $got) > $may;
			}
		}' "$work/deaths" "$out" "$1" "$2" 2>"$work/differs"
	fail "$(cat "$work/differs")"
}

# A host that is held up says so and measures again, as its user would.
calibrate() { # DELAY JITTER
	begin "a switch of $1, jitter $2: delay and jitter are found"
	for attempt in 1 2 3; do
		tap_trouble=''
		start_board a --relay-delay "$1" --relay-jitter "$2" --decay 0s
		bench_file a a a
		watch_deaths a
		tried="bench calibrate, attempt $attempt"
		timeout -k 5 600 "$program" bench calibrate --bench "$work/bench.yaml" >"$out" 2>"$err" </dev/null
		status=$?
		sleep 0.5
		[ "$status" = 0 ] && compare "$1" "$2"
		stop_boards
		[ "$status" = 0 ] && break
		grep -qE 'held up|too coarse' "$err" || break
		tap_skip="this host was too busy, three times"
	done
	[ -n "$tap_skip" ] && [ "$status" = 99 ] && return
	tap_skip=''
	want_status 0
	want_in "$work/bench.calibration.yaml" "board: first"
}

if [[ ${CALIBRATE:-all} != all ]]; then
	# shellcheck disable=SC2086
	calibrate $CALIBRATE
	finish
fi

begin "discover says what there is, or that there is nothing"
try bench discover
want_status 0
want "discover prints something" test -s "$out"

begin "misuse"
try bench
want_status 2
try bench chek
want_status 2
want_err "did you mean 'check'?"
try bench check
want_refused "--bench FILE"
try bench calibrate --bench fixtures/benches/served.yaml --cuts 3
want_refused "--cuts"
printf 'calibration:\n  - {board: x, dead: 1 ms}\n' >"$work/desk.calibration.yaml"
sed 's/^bench:.*/bench: desk/' fixtures/benches/served.yaml >"$work/desk.yaml"
try bench check --bench "$work/desk.yaml"
want_refused "desk.calibration.yaml:2:" "jitter"

if ! command -v openocd >/dev/null; then
	skip "served boards" "openocd is not installed"
	finish
fi

begin "a board that is wired right is fit to be cut"
start_board a
bench_file a a a
check_board
want_status 0
want_lines "$out" 0 '^  FAILED'
want_lines "$out" 7 '^  ok .*(drivers open|power comes on|core is caught|power is lost|nothing feeds it|an image boots|of one board)'
want_lines "$out" 1 '^  (ok .*about|skipped .*(held up|too coarse))' # a host that is busy cannot time it
want_out "1 of 1 boards are fit"
stop_boards

for bad in --reset-only --stuck-on; do
	begin "a bad relay is found out: $bad"
	start_board a $bad
	bench_file a a a
	check_board
	want_status 99
	want_out "no power loss"
	want_out "0 of 1 boards are fit"
	stop_boards
done

begin "another board's console is found out"
start_board a
start_board b
bench_file a b a
check_board
want_status 99
want_lines "$out" 1 '^  FAILED +probe and console are of one board'
stop_boards

begin "another board's relay is found out"
start_board a --on
start_board b --on
bench_file b a a
check_board
want_status 99
want_lines "$out" 1 '^  FAILED +power is lost when switched off'
stop_boards

if [ "${CALIBRATE:-}" = all ]; then
	for delay in 0.2ms 5ms 10ms; do
		for jitter in 0.05ms 2ms; do
			calibrate $delay $jitter
		done
	done
else
	# Figures are for a quiet machine; here it is enough that there are some, or that the host is said to be too busy.
	begin "calibrate measures a switch, or refuses to"
	start_board a --relay-delay 5ms
	bench_file a a a
	timeout -k 5 300 "$program" bench calibrate --bench "$work/bench.yaml" --cuts 10 >"$out" 2>"$err" </dev/null
	status=$? tried="bench calibrate"
	if [ "$status" = 0 ]; then
		want_out "dead "
		want_in "$work/bench.calibration.yaml" "board: first"
	else
		want_status 99
		want "no reason" grep -qE 'held up|too coarse' "$err"
		want "a calibration that was refused is kept" test ! -e "$work/bench.calibration.yaml"
	fi
	stop_boards
fi
finish
