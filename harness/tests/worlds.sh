# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What is compared between worlds: tokens, and what the virtual board comes to there. cli_worlds.sh (served boards) and
# kernel.sh (a bench in a virtual machine) both take it from here, so that they run the very same cases.
#
# Sourced; wants $program, and a folder $work.

# FIRMWARE:SCENARIO, or FIRMWARE:SCENARIO:SEEN: the invariants, an extended regular expression, one of which a bench finds
# broken where the virtual board looks into the running core and finds the first one there. Each has a torn erase that a bench
# can prove: not one of a page that is blank already.
# shellcheck disable=SC2034 # for the scripts
worlds='reference:power-cut-install mutant-confirmed-before-written:power-cut-confirm mutant-state-kept-once:power-cut-install
	mutant-pending-before-last-page:power-cut-download mutant-resume-without-hash:power-cut-install
	mutant-running-slot-overwritten:power-cut-download:updatable|boots-allowed-image|recovers-in-time'

# Tokens of erases, or of operations, at a position: first those that fail. A torn erase whose variants differ from each
# other is left out, as a bench aims by time and the subset of bits is the part's to choose. A position may also be a cut at
# a line or a time, as tokens write it.
tokens() { # JOURNAL POSITION
	perl -MJSON::PP -e '
		my ($journal, $position) = @ARGV;
		my (@pass, @fail, %all);
		open my $f, "<", $journal or die;
		while (<$f>) {
			my $c = decode_json($_);
			next unless $c->{t} eq "case";
			push @pass, [0, "$c->{token} $c->{verdict} $c->{invariant}"] if $position =~ /:/ && $c->{token} =~ /:\Q$position\E:-:/;
			next unless $c->{token} =~ m{:flash:(\d+)/(\w+)};
			my ($n, $at, $what) = ($1, $2, "$c->{verdict} $c->{invariant}");
			$all{$n}{$what} = 1 if $at eq "torn" && $c->{kind} eq "erase";
			next unless $at eq $position && ($at ne "torn" || ($c->{kind} eq "erase" && $c->{token} =~ /=50%/));
			push @{$c->{verdict} eq "fail" ? \@fail : \@pass}, [$n, "$c->{token} $c->{verdict} $c->{invariant}"];
		}
		for (@fail, @pass) {
			print "$_->[1]\n" if $position ne "torn" || keys %{$all{$_->[0]}} == 1;
		}' "$1" "$2"
}

# A bench is asked that has no board: a point that no bench can be brought to is refused before one is looked for.
within_reach() { # FIRMWARE TOKEN
	"$program" replay --firmware "$1" --bench "$work/nobody.yaml" "$2" >/dev/null 2>"$work/nobody.err" </dev/null
	! grep -q 'cannot be cut there' "$work/nobody.err"
}

# Lines "FIRMWARE POSITION TOKEN VERDICT INVARIANT": of each position one, of torn erases some, as a busy host misses one.
worlds_plan() { # FIRMWARE SCENARIO POSITION...
	local firmware=$1 scenario=$2 position wanted token rest
	shift 2
	cat >"$work/nobody.yaml" <<-YAML
		bench: nobody
		boards:
		  - name: nobody
		    product: small
		    power: {driver: socket, path: $work/nobody}
		    console: {driver: serial, path: $work/nobody}
		    debug: {driver: openocd, interface: nobody.cfg, core: vb.cpu, flash: nrf, page: 1 KiB}
		    elf: $work/nobody
		    calibration: {dead: 1.5 ms, jitter: 1 ms}
	YAML
	"$program" run --quiet --product small --firmware "$firmware" --control none --reports "$work/worlds" "$scenario" >/dev/null
	for position in "$@"; do
		wanted=1
		[ "$position" != torn ] || wanted=4
		while read -r token rest && [ $wanted -gt 0 ]; do
			within_reach "$firmware" "$token" || continue
			echo "$firmware $position $token $rest"
			wanted=$((wanted - 1))
		done < <(tokens "$work/worlds/latest/journal.jsonl" "$position")
	done
}
