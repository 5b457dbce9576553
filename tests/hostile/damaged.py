#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""python3 tests/hostile/damaged.py BUILD [--seeds N] [--list]

Captures of the repository that lack packets, by a fixed seed: single ones, a burst, one direction for a while, the head, the
tail, and of two capture points one a burst. What the whole capture does not warn of did not happen: each warning that only
the damaged one has, of a connection and a kind, is false, or says of a real one that it is another. No more of them than
stand in MOST, with the reason.
"""

import argparse
import collections
import glob
import json
import os
import random
import subprocess
import sys
import tempfile

import mutations

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FRAMES_LEAST = 8
FRAMES_MOST = 2000  # a flood tells nothing about holes, and takes long

MOST = {  # of a kind: how many, and why they are there
    "acked_retransmit_storm": (1, "a tfo_retransmit_storm whose handshake is gone with the head: another name for it"),
    "close_wait_stuck, low confidence": (1, "the FIN and all behind it are gone, and nothing comes later that would show it"),
    "fin_missing, low confidence": (1, "the same"),
    "first_syn_always_lost": (2, "true, and told of another connection: there is one fewer"),
    "keepalive_dead_peer": (1, "two probes were lost in truth; with a third it is a dead peer"),
    "peer_silent": (1, "the one answer, a RST off by one, is gone"),
    "rst_ignored": (1, "what the server sent before the RST is gone: what it sends behind it looks new"),
    "short_frame_loss": (1, "RSTs are dropped there in truth; the few others are gone"),
    "syn_flood": (1, "true, and told of another connection"),
    "vantage_loss": (6, "the edges of a hole: ACKs that nothing at that point covers, repeats of what a device shifts"),
    "vantage_loss, low confidence": (2, "the same, where that capture is known to lack packets"),
}


def single(dice, frames):
    return {at for at in range(len(frames)) if dice.random() < 0.1}


def in_a_row(dice, places, most):
    count = min(most, max(1, len(places) // 3))
    begin = dice.randrange(len(places) - count + 1)
    return set(places[begin:begin + count])


def burst(dice, frames):
    return in_a_row(dice, range(len(frames)), 20)


def direction(dice, frames):
    """Of a third of the capture all that comes from one Ethernet address."""
    source = dice.choice(frames).data[6:12]
    return {at for at in in_a_row(dice, range(len(frames)), len(frames)) if frames[at].data[6:12] == source}


def head(dice, frames):
    return set(range(dice.randrange(1, len(frames) // 2)))


def tail(dice, frames):
    return set(range(len(frames) - dice.randrange(1, len(frames) // 2), len(frames)))


def point(dice, frames):
    points = sorted({frame.interface for frame in frames})
    if len(points) < 2:
        return set()
    damaged = dice.choice(points)
    return in_a_row(dice, [at for at, frame in enumerate(frames) if frame.interface == damaged], 20)


DAMAGES = (single, burst, direction, head, tail, point)


def warnings(command, path):
    """By kind and connection."""
    run = subprocess.run([command, "--json", "--fail-on", "never", path], stdout=subprocess.PIPE, check=True, timeout=60)
    found = {}
    for finding in json.loads(run.stdout)["findings"]:
        flow = finding["flow"] or {}
        if finding["severity"] == "warn":
            key = tuple(flow.get(name) for name in ("client", "client_port", "server", "server_port"))
            found[(finding["id"], *key)] = finding
    return found


def damaged_warnings(command, path, seeds, folder):
    """Those that the whole capture does not have: (damage, seed, finding)."""
    frames = mutations.Capture(path).frames
    if not FRAMES_LEAST <= len(frames) <= FRAMES_MOST:
        return
    whole = warnings(command, path)
    out = os.path.join(folder, "damaged")
    for damage in DAMAGES:
        for seed in range(seeds):
            lost = damage(random.Random("%s %s %d" % (os.path.basename(path), damage.__name__, seed)), frames)
            if not lost:
                continue
            capture = mutations.Capture(path)
            capture.frames = [frame for at, frame in enumerate(frames) if at not in lost]
            with open(out, "wb") as file:
                file.write(capture.bytes())
            for key, finding in warnings(command, out).items():
                if key not in whole:
                    yield damage.__name__, seed, finding


def kind_of(finding):
    return finding["id"] + (", low confidence" if finding["confidence"] == "low" else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seeds", type=int, default=1, help="damages of each sort and capture; the figures are for 1")
    parser.add_argument("--list", action="store_true", help="tell each warning")
    args = parser.parse_args()
    command = os.path.join(args.build, "bin", "tcptriage")
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(glob.glob(os.path.join(ROOT, "captures", "*", "*.pcap*"))):
            for damage, seed, finding in damaged_warnings(command, path, args.seeds, folder):
                counts[kind_of(finding)] += 1
                if args.list:
                    print("# %s, %s %d: %s: %s" % (os.path.basename(path), damage, seed, kind_of(finding), finding["summary"]))
    kinds = sorted(set(counts) | set(MOST))
    failed = 0
    for number, kind in enumerate(kinds, 1):
        most = MOST.get(kind, (0, ""))[0] * args.seeds
        failed += counts[kind] > most
        print("%s %d /damaged/%s: %d, at most %d" % ("not ok" if counts[kind] > most else "ok", number,
                                                     kind.replace(", ", "-").replace(" ", "-"), counts[kind], most))
    print("1..%d" % len(kinds))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
