#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Asks the reference firmware's bootloader to try the image that stands in slot $BRICKPROOF_SLOT: the boot state that its
# update agent would have written (firmware-under-test/README.md, "Flash"), both copies.
#
#	request_trial.pl STATE_A STATE_B            for link driver debug: prints what to write
#	request_trial.pl STATE_A STATE_B SOCKET SLOT_A SLOT_B  for link driver exec: writes $BRICKPROOF_IMAGE, too, by a served
#	                                            board's power socket, as a ROM loader's tool would
use strict;
use warnings;
use Compress::Zlib;
use IO::Socket::UNIX;

my ($state_a, $state_b, $socket, @slot_at) = @ARGV;
my $slot = $ENV{BRICKPROOF_SLOT} eq 'b' ? 1 : 0;

# Newer than any that the firmware has counted up to: it wins.
my $record = pack('a4VCCCCCC', 'BPST', time, 1 - $slot, $slot, 3, 1, 0, 3);
$record .= pack('x2VCCvV', 0, 0, 0, 0, 0) . pack('H64', $ENV{BRICKPROOF_SHA256});
$record .= "\0" x (92 - length $record);
$record .= pack('V', crc32($record));

unless ($socket) {
	printf "# slot %s\n%s %s\n%s %s\n", $ENV{BRICKPROOF_SLOT}, $state_a, unpack('H*', $record), $state_b, unpack('H*', $record);
	exit 0;
}

my $s = IO::Socket::UNIX->new(Peer => $socket) or die "no socket: $!\n";
$s->autoflush(1);
sub ask { print $s "$_[0]\n"; my $r = <$s>; die "$_[0]: $r" unless $r =~ /^ok/ }
my $file = "$ENV{BRICKPROOF_DIR}/record";
open my $f, '>', $file or die "$file: $!\n";
print $f $record;
close $f;
print "writing $ENV{BRICKPROOF_ARTIFACT} $ENV{BRICKPROOF_VERSION}\n";
ask('reset assert');
ask("load $slot_at[$slot] $ENV{BRICKPROOF_IMAGE}");
ask("load $state_a $file");
ask("load $state_b $file");
unlink $file;
ask('reset release');
