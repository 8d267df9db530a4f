#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From a console line to an action, by brickproof, labgrid and pexpect, in turns in one run: peers.py BRICKPROOF

A child writes a line to a pty and notes when, as in harness/cmd/speed_latency.c; the action is a write to an eventfd. labgrid
waits with its serial driver's expect() and acts through a driver of its own process, its quickest way. The target is
a tenth of labgrid's median. The exit status is 1 when it is missed as the system is; with the priority and CPU latency that the
rig asks for, but never requires, it is a figure beside it.
"""
import logging
import mmap
import os
import struct
import subprocess
import sys
import time
import tty

import attr
import pexpect.fdpexpect
from labgrid import Target
from labgrid.driver import Driver, SerialDriver
from labgrid.factory import target_factory
from labgrid.protocol import DigitalOutputProtocol
from labgrid.resource import RawSerialPort
from labgrid.step import step

TURNS = 3
ROUNDS = 150
LINE = b"boot: run b trial 1/3\n"
MARK = " trial 1/3\n"
TARGET = 0.1


class Speaker:
    """The child that writes lines, a byte in `go` for each."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.said = mmap.mmap(-1, 8)
        wanted, self.go = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(wanted)
            return
        os.close(self.go)
        i = 0
        while os.read(wanted, 1):
            time.sleep(0.0005 + i * 37 % 1500 * 1e-6)
            i += 1
            self.said[:8] = struct.pack("q", time.clock_gettime_ns(time.CLOCK_MONOTONIC))
            os.write(self.master, LINE)
        os._exit(0)

    def want(self):
        os.write(self.go, b".")

    def since(self):
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) - struct.unpack("q", self.said[:8])[0]

    def close(self):
        os.close(self.go)
        os.waitpid(self.pid, 0)


@target_factory.reg_driver
@attr.s(eq=False)
class Switch(Driver, DigitalOutputProtocol):
    """An output that costs nothing."""

    bindings = {}
    fd = attr.ib(default=-1)

    @Driver.check_active
    @step()
    def get(self):
        return True

    @Driver.check_active
    @step(args=["status"])
    def set(self, status):
        os.write(self.fd, struct.pack("Q", 1))


def labgrid(speaker, fd):
    target = Target("peer")
    RawSerialPort(target, name=None, port=speaker.path, speed=115200)
    console, switch = SerialDriver(target, name=None), Switch(target, name=None, fd=fd)
    target.activate(console)
    target.activate(switch)
    samples = []
    for _ in range(ROUNDS):
        speaker.want()
        console.expect(MARK, timeout=5)
        switch.set(False)
        samples.append(speaker.since())
    target.deactivate(console)
    return samples


def pexpect_alone(speaker, fd):
    console = pexpect.fdpexpect.fdspawn(os.dup(speaker.slave), timeout=5)
    samples = []
    for _ in range(ROUNDS):
        speaker.want()
        console.expect(MARK)
        os.write(fd, struct.pack("Q", 1))
        samples.append(speaker.since())
    console.close()
    return samples


def brickproof(program):
    """p50 and p99 in ns, twice: as the system is, and with the priority and CPU latency that the rig asks for."""
    out = subprocess.run([program, "speed", "--latency"], check=True, capture_output=True, text=True, timeout=120).stdout
    marks = [[int(ns) for ns in text.split()[1:]] for text in out.splitlines() if text.startswith("#mark ")]
    if len(marks) != 2:
        raise SystemExit("peers.py: speed --latency does not print two marks")
    return marks[0] + marks[1]


def percentile(samples, percent):
    return sorted(samples)[(len(samples) * percent + 99) // 100 - 1]


def main():
    logging.disable(logging.CRITICAL)
    fd = os.eventfd(0) if hasattr(os, "eventfd") else os.open("/dev/null", os.O_WRONLY)
    ours, peers = [], {"labgrid": [], "pexpect": []}
    for _ in range(TURNS):
        ours.append(brickproof(sys.argv[1]))
        for name, measure in (("labgrid", labgrid), ("pexpect", pexpect_alone)):
            speaker = Speaker()
            peers[name] += measure(speaker, fd)
            speaker.close()
    mine = [percentile([turn[k] for turn in ours], 50) for k in range(4)]
    print(f"{'from a console line to the action':44} {'p50':>9} {'p99':>9}")
    print(f"{'brickproof':44} {mine[0] / 1e3:9.1f} {mine[1] / 1e3:9.1f} us  (median of {TURNS} turns)")
    print(f"{'  with what it asks for, where granted':44} {mine[2] / 1e3:9.1f} {mine[3] / 1e3:9.1f} us")
    for name, samples in peers.items():
        p = [percentile(samples, 50), percentile(samples, 99)]
        print(f"{name:44} {p[0] / 1e3:9.1f} {p[1] / 1e3:9.1f} us  ({len(samples)})")
        print(f"{'  brickproof takes of that':44} {mine[0] / p[0]:9.3f} {mine[1] / p[1]:9.3f}")
    theirs = percentile(peers["labgrid"], 50)
    for how, p50 in (("as the system is", mine[0]), ("with what it asks for", mine[2])):
        print(f"{'target: of labgrid, ' + how:44} {TARGET:9.3f} {'met' if p50 / theirs <= TARGET else 'missed':>9}  ({p50 / theirs:.3f})")
    return 0 if mine[0] / theirs <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
