#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Served boards that are reached in other ways than by console and probe alone: no probe at all, a probe that is
# detached for a case, SMP on a port of its own.
#
# LINKS=all (of `make check-bench`) runs more of each.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$home/harness/tests/served.sh"

bench_file() { # LINES for the board
	cat >"$work/bench.yaml" <<-YAML
		bench: links-$$
		boards:
		  - name: served
		    product: small
		    power: {driver: socket, path: $board/power}
		    console: {driver: serial, path: $board/console, baud: 115200}
		    calibration: {dead: 1.03 ms, jitter: 0.1 ms}
		$(printf '    %s\n' "$@")
	YAML
}

probe=("debug: {driver: openocd, interface: $board/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB, start: 30 s, answer: 30 s}"
	"elf: $board/board.elf")

# What a ROM loader's tool is to a board without a debug port.
cat >"$work/provision" <<'PERL'
#!/usr/bin/perl
use IO::Socket::UNIX;
my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no socket: $!\n";
$s->autoflush(1);
sub ask { print $s "$_[0]\n"; my $r = <$s>; die "$_[0]: $r" unless $r =~ /^ok/ }
open my $f, "<", "$ENV{BRICKPROOF_DIR}/areas" or die "areas: $!\n";
ask("reset assert");
while (<$f>) { my ($name, $at) = split; ask("load $at $ENV{BRICKPROOF_DIR}/$name.bin") }
ask("reset release");
PERL
chmod +x "$work/provision"

replay() { # OPTIONS... TOKEN
	tried="replay $*"
	timeout -k 5 300 "$program" replay --bench "$work/bench.yaml" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

verdict() { sed -n 's/^verdict  //p' "$out"; }

"$program" run --quiet --product small --budget 1 --control none --reports "$work/virtual" power-cut-download >"$out" 2>"$err"
hash8=$(sed -n 's/.*"token":"bp1:small:power-cut-download:\([0-9a-f]*\):.*/\1/p' "$work/virtual/latest/journal.jsonl" | head -n 1)
token=bp1:small:power-cut-download:$hash8:link:frame=8:-:1

begin "no debug port: a cut of the link is judged, unclassified"
start_board
bench_file "provision: {command: [$work/provision, $board/power]}"
replay "$token"
want_status 0
want_out "verdict  pass"
want_out "unclassified: there is no debug port"

begin "no debug port: what is aimed at a flash operation is refused"
replay "bp1:small:power-cut-download:$hash8:flash:3/before:-:1"
want_refused "flash operations are aimed at through a debug port"
replay --detached "$token"
want_refused "the board has no probe to detach"

begin "no debug port: a board that only resets is no proof of power loss"
start_board --reset-only
replay "$token"
want_status 99
want_out "verdict  not-exercised"
want_out "no power loss: after power-on the console never said 'cause power-on'"

begin "no debug port: trouble with the start state is the rig's"
start_board
bench_file "provision: {command: [sh, -c, 'echo no loader here >&2; exit 3'], timeout: 5 s}"
replay "$token"
want_status 99
want_err "board served: provision command 'sh' ended with status 3: no loader here"
bench_file "provision: {command: [$work/none]}"
replay "$token"
want_refused "bench.yaml:8:27: error: no program '$work/none'"
bench_file "safe: off"
replay "$token"
want_refused "board served has no debug port: its start state cannot be written"
bench_file "provision: {command: ['true']}" # does nothing: the board runs what it ran
start_board --blank
replay "$token"
want_status 99
want_err "before the update it runs no image that is known, not 'from'"

if ! command -v openocd >/dev/null; then
	skip "OpenOCD" "openocd is not installed"
	finish
fi

begin "the probe is detached for a case, and comes back"
start_board --smp tcp
bench_file "${probe[@]}" "detached: 100%" "link: {driver: smp, over: {driver: tcp, address: '127.0.0.1:$(json_value smp_port <"$work/serve.out")'}}"
if [ "${LINKS:-}" = all ]; then
	timeout -k 5 300 "$program" run --bench "$work/bench.yaml" --budget 4 --control none --reports "$work/detached" power-cut-download >"$out" 2>"$err"
	status=$?
	# A torn erase of a page that was blank leaves nothing to be told by, and is not exercised: with the probe, that is.
	want_lines "$work/detached/latest/journal.jsonl" 0 '"t":"case".*"verdict":"(fail|rig|skip)"'
	for of in $(sed -n 's/.*"t":"detached","token":"\([^"]*\)".*/\1/p' "$work/detached/latest/timing.jsonl"); do
		grep -F "\"token\":\"$of\"" "$work/detached/latest/journal.jsonl" | grep -q '"verdict":"pass"' || fail "$of did not pass"
	done
	want_out "3 cases were run with the probe detached"
	want_lines "$work/detached/latest/timing.jsonl" 3 '"t":"detached"'
	want_lines "$work/detached/latest/index.html" 1 'Probe detached'
else
	replay --detached "$token"
	want_status 0
	want_out "unclassified: the probe is detached"
fi
replay "$token"
want_status 0
want_out "operations done"
want_not_in "$out" "unclassified"

finish
