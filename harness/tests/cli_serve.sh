#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `brickproof board serve`: console, power socket, and the unmodified OpenOCD through both debug adapters.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

board=$work/board
serve_pid=''
at_exit=stop_board

stop_board() {
	[ -n "$serve_pid" ] || return 0
	kill "$serve_pid" 2>/dev/null
	wait "$serve_pid" 2>/dev/null
	serve_status=$?
	serve_pid=''
}

start_board() { # OPTIONS...
	tried="board serve $*"
	timeout -k 5 100 "$program" board serve --dir "$board" "$@" >"$out" 2>"$err" </dev/null &
	serve_pid=$!
	for ((i = 0; i < 200; i++)); do
		[ -s "$out" ] && [ -e "$board/ready" ] && return
		kill -0 "$serve_pid" 2>/dev/null || break
		sleep 0.05
	done
	fail "$tried: not ready: $(cat "$err")"
}

# Commands to the power socket, one a line on stdin; the replies stand in $work/replies.
power() {
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no power socket: $!\n";
		$s->autoflush(1);
		while (my $line = <STDIN>) {
			if ($line =~ /^sleep ([0-9.]+)/) { select(undef, undef, undef, $1); next }
			print $s $line;
			my $reply = <$s>;
			defined $reply or die "hung up\n";
			print $reply;
		}' "$board/power" >"$work/replies" 2>&1 || fail "$(cat "$work/replies")"
}

reply() { # N KEY
	sed -n "$1p" "$work/replies" | json_value "$2"
}

openocd_script() { # CONFIG; Tcl on stdin, run before `init`
	{
		cat <<-'TCL'
			proc power {c} {
				set p [socket unix $::board/power]
				puts $p $c
				flush $p
				set r [gets $p]
				close $p
				return $r
			}
			proc field {json key} {
				set pattern [string map [list KEY $key] {"KEY":"?([^,"\x7d]*)}]
				if {![regexp $pattern $json all value]} { return none }
				return $value
			}
			proc until {want} {
				for {set i 0} {$i < 2000} {incr i} {
					catch {vb.cpu arp_poll}
					if {[vb.cpu curstate] eq $want} { return $want }
					after 1
				}
				return "never $want but [vb.cpu curstate]"
			}
			proc is {what got want} {
				puts stderr [expr {$got eq $want ? "pass $what" : "FAIL $what: $got, expected $want"}]
			}
			proc word {addr} { return [lindex [read_memory $addr 32 1] 0] }
			proc core {name} { return [dict get [get_reg $name] $name] }
		TCL
		cat
		echo shutdown
	} >"$work/script.tcl"
	timeout -k 5 60 openocd -d0 -f "$board/$1" -c "tcl_port disabled; set board $board" -f "$work/script.tcl" >"$work/openocd" 2>&1
	status=$?
	tried="openocd -f $1"
	[ $status = 0 ] || fail "$tried: status $status" "$(tail -n 5 "$work/openocd")"
	fail "$(grep '^FAIL' "$work/openocd")"
}

passed() { # N: so many checks of the script
	want_lines "$work/openocd" "$1" '^pass '
}

begin "the ready line names what is there"
start_board
want_lines "$out" 1 '^\{"ready":true,.*"stlink_port":[0-9]+'
for f in console buspirate power board.elf openocd-stlink.cfg openocd-buspirate.cfg ready; do
	want "$f is missing" test -e "$board/$f"
done
want "ready is not the line" cmp -s "$out" "$board/ready"

begin "the board boots when power comes, and says so on its console"
timeout 30 cat "$board/console" >"$work/console" 2>/dev/null &
cat_pid=$!
power <<-'TXT'
	status
	on
	sleep 1
	status
	off
	sleep 0.1
	truth
	on
	sleep 1
	reset assert
	status
	reset release
	sleep 1
	status
TXT
want_lines "$work/replies" 10 '^ok'
want "status of a board that is off" test "$(reply 1 power)" = off
want "status of a board that is on" test "$(reply 3 power) $(reply 3 core) $(reply 3 cause)" = "on idle power-on"
want "when the power went" test "$(reply 5 dead_ns)" -gt "$(reply 5 off_command_ns)"
want "status in reset" test "$(reply 8 core)" = reset
want "cause of a pin reset" test "$(reply 10 cause)" = pin
want_lines "$work/console" 2 '^boot: cause power-on'
want_lines "$work/console" 1 '^boot: cause pin'
want_lines "$work/console" 3 '^app: healthy'

begin "wrong commands to the power socket"
power <<-'TXT'
	bogus
	off-at soon
	reset sideways
	status 1
TXT
want_lines "$work/replies" 4 '^error '

begin "a second board in the same folder is refused"
try board serve --dir "$board"
want_refused 'another board is served there'
want "it removed the first one's files" test -e "$board/power"

begin "a signal ends it, and nothing stays behind"
stop_board
want "status $serve_status" test "$serve_status" = 0
want "the folder stays" test ! -e "$board"
wait $cat_pid 2>/dev/null

begin "relay delay, jitter and decay are as told"
start_board --relay-delay 5ms --relay-jitter 2ms --decay 10ms --on
{
	echo 'sleep 0.3'
	for ((i = 0; i < 10; i++)); do printf 'off\nsleep 0.05\ntruth\non\nsleep 0.05\n'; done
} | power
stop_board
fail "$(grep off_command_ns "$work/replies" | sed 's/.*"off_command_ns":\([0-9]*\),"off_relay_ns":\([0-9]*\),.*"dead_ns":\([0-9]*\).*/\1 \2 \3/' |
	awk '{ d = $2 - $1; f = $3 - $2; n++
		if (d < 5e6 || d > 7e6) print "delay " d " ns"
		if (f < 4e6 || f > 6e6) print "from relay to death " f " ns, expected 4.85 ms" }
		END { if (n != 10) print n " losses, expected 10" }')"

begin "a relay that only resets, and one that is stuck"
start_board --on --reset-only
printf 'sleep 0.5\noff\nsleep 0.05\nstatus\non\nsleep 0.5\nstatus\ntruth\n' | power
stop_board
want "held in reset" test "$(reply 2 core)" = reset
want_lines "$work/replies" 1 '"cause":"pin"'
want_lines "$work/replies" 1 '"losses":0'
start_board --on --stuck-on
printf 'sleep 0.5\noff\nsleep 0.1\nstatus\n' | power
stop_board
want "it went off" test "$(reply 2 core)" = idle

# An echo request ("hi"), framed; what comes back within ten seconds, until the answer's frame is whole.
echo_over() { # ADDRESS: a file, or PORT of TCP on loopback
	perl -MIO::Socket::INET -e '
		my $c;
		if ($ARGV[0] =~ /^[0-9]+$/) { $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die "no TCP port: $!\n" }
		else { open $c, "+<", $ARGV[0] or die "$ARGV[0]: $!\n" }
		syswrite $c, "\x06\x09ABACAAAGAAAHAKFhZGJoac4P\n" or die;
		local $SIG{ALRM} = sub { die "no answer\n" };
		alarm 10;
		my $got = "";
		while ($got !~ /^\x06\x09.*\n/m) { sysread $c, $got, 1024, length $got or die "it ended\n" }
		print $got;' "$1" >"$work/smp" 2>&1
}

for port in pty tcp; do
	begin "SMP has a port of its own: $port"
	start_board --smp $port
	timeout 30 cat "$board/console" >"$work/console" 2>/dev/null &
	cat_pid=$!
	power <<<$'on\nsleep 1'
	address=$board/smp
	[ $port = tcp ] && address=$(json_value smp_port <"$out")
	echo_over "$address"
	power <<<$'sleep 0.3'
	stop_board
	wait $cat_pid 2>/dev/null
	want_lines "$work/smp" 1 '^'$'\x06\x09'
	want_lines "$work/smp" 0 'boot|app'
	want_lines "$work/console" 1 '^app: healthy'
	want_lines "$work/console" 0 $'\x06'
done

begin "--stdin: it ends with its standard input"
timeout -k 5 20 "$program" board serve --dir "$board" --stdin < <(sleep 0.3) >"$out" 2>"$err"
want "status" test $? = 0
want "no ready line" test -s "$out"
want "the folder stays" test ! -e "$board"

begin "misuse"
for a in 'board' 'board frobnicate' 'board serve extra' 'board serve --stlink 0' 'board serve --relay-delay 5' 'board serve --product none' \
	'board serve --smp bluetooth' 'board serve --smp tcp:0'; do
	# shellcheck disable=SC2086
	try $a
	want_refused
done

if ! command -v openocd >/dev/null; then
	skip "OpenOCD" "openocd is not installed"
	finish
fi

begin "ST-LINK: attach, halt, memory, resume"
start_board --on
sleep 0.5
openocd_script openocd-stlink.cfg <<'TCL'
init
poll off
is "it runs" [until running] running
halt
is "it halts" [until halted] halted
set now [field [power status] board_ns]
after 50
is "halted, time stands" [field [power status] board_ns] $now
is "magic of the image in slot A" [format %08x [word 0x4000]] 96f3b83d
mww 0x20000100 0x12345678
is "RAM" [format %x [word 0x20000100]] 12345678
is "bytes of it" [read_memory 0x20000101 8 2] "0x56 0x34"
is "nothing there" [catch {word 0x30000000}] 1
is "still attached" [format %x [word 0x20000100]] 12345678
is "flash is read-only" [expr {[catch {mww 0x4000 0}] || [format %x [word 0x4000]] ne "0"}] 1
resume
is "it runs again" [until running] running
reset halt
is "caught at reset" [format %x [core pc]] 1f000000
is "cause" [field [power status] cause] pin
is "a reset keeps RAM" [format %x [word 0x20000100]] 12345678
resume
TCL
passed 13

begin "ST-LINK: 20 power cycles with one OpenOCD"
openocd_script openocd-stlink.cfg <<'TCL'
init
poll off
set bad 0
for {set i 0} {$i < 20} {incr i} {
	mww 0x20000100 0xc0ffee
	power off
	while {[field [power status] power] ne "off"} { after 1 }
	power on
	if {[until running] ne "running" || [word 0x20000100] == 0xc0ffee} { incr bad }
	if {[word 0x40000400] != 0} { incr bad }
}
is "cycles that failed" $bad 0
is "losses" [field [power truth] losses] 20
TCL
passed 2
stop_board

begin "ST-LINK: caught at power-on; breakpoints and a watch on what the firmware calls; a cut while it is halted"
start_board
# The first boot writes boot state and counter: state-a and state-b, then counter-a.
openocd_script openocd-stlink.cfg <<'TCL'
power "reset assert"
power on
init
poll off
is "held in reset" [until reset] reset
mww 0xe000edf0 0xa05f0001
mww 0xe000edfc 0x01000001
power "reset release"
is "caught" [until halted] halted
is "where" [format %x [core pc]] 1f000000
is "nothing has happened" [field [power status] ops] 0
is "cause" [field [power status] cause] power-on
bp 0x1f000120 2 hw
resume
is "at dut_flash_erase" [until halted] halted
is "where" [format %x [core pc]] 1f000120
is "of state-a" [format %x [core r0]] 16000
is "before its effect" [field [power status] ops] 0
resume
is "running within the erase" [until running] running
is "its time passes" [field [power status] core] running
is "at the next one" [until halted] halted
is "of state-b" [format %x [core r0]] 16400
rbp all
wp 0x16800 0x400 w
resume
is "at the write to counter-a" [until halted] halted
is "what is written" [format %x [core r3]] 16800
set ops [field [power status] ops]
power off
while {[field [power status] power] ne "off"} { after 1 }
set t [power truth]
is "cut while halted" [field $t halted] true
is "no operation more" [field $t ops] $ops
TCL
passed 17
stop_board

begin "a cut within an erase tears it"
start_board
openocd_script openocd-stlink.cfg <<'TCL'
power "reset assert"
power on
init
poll off
until reset
mww 0xe000edf0 0xa05f0001
mww 0xe000edfc 0x01000001
power "reset release"
until halted
bp 0x1f000120 2 hw
resume
is "at dut_flash_erase" [until halted] halted
resume
after 20
power off
while {[field [power status] power] ne "off"} { after 1 }
set t [power truth]
is "operation" [field $t op] 1
is "kind" [field $t kind] erase
is "position" [field $t position] torn
is "share" [expr {[field $t percent] >= 20 && [field $t percent] < 100}] 1
TCL
passed 5
stop_board

begin "Bus Pirate: attach, halt, memory, 3 power cycles"
start_board --on
sleep 0.5
openocd_script openocd-buspirate.cfg <<'TCL'
init
poll off
halt
is "it halts" [until halted] halted
is "magic of the image in slot A" [format %08x [word 0x4000]] 96f3b83d
mww 0x20000100 0x12345678
is "RAM" [format %x [word 0x20000100]] 12345678
is "nothing there" [catch {word 0x30000000}] 1
is "still attached" [format %x [word 0x20000100]] 12345678
is "no reset so far" [field [power status] boots] 1
reset halt
is "caught at reset" [format %x [core pc]] 1f000000
resume
set bad 0
for {set i 0} {$i < 3} {incr i} {
	mww 0x20000100 0xc0ffee
	power off
	while {[field [power status] power] ne "off"} { after 1 }
	power on
	if {[until running] ne "running" || [word 0x20000100] == 0xc0ffee} { incr bad }
}
is "cycles that failed" $bad 0
TCL
passed 8
stop_board
finish
