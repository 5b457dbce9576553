# SPDX-License-Identifier: GPL-2.0-or-later
"""Several capture points and what lies between them: which segments went in
and did not come out, by the account of the relay that decided it."""

from dataclasses import dataclass, replace

import publish as publisher
from lives import PORT
from netlab import ONE_WAY_S, TO_CLIENT, TO_SERVER
from publish import finding, merged, require
from segments import parse, routed

ROUTER_MAC = "00:00:5e:00:53:fe"
IDLE_NS = 30 * 10**9  # the preference idle_seconds
FEW = 3  # so many must be missing before they can have something in common
SECOND_COPY, MIRROR_NS = 1 << 20, 30_000  # frame number of a second copy at the same point, and how late it is


class Hop:
    """What lies between two capture points: a rule of the relay, and the
    account of what it did with each frame."""

    def __init__(self, rule):
        self.rule, self.account = rule, []

    def __call__(self, direction, segment):
        passed = self.rule(direction, segment)
        self.account.append((direction, segment, [parse(raw) for _, raw in passed]))
        return passed


def router(lose=lambda direction, segment: False, delay_s=ONE_WAY_S):
    """A rule: a router, which loses what it is told to."""
    def rule(direction, segment):
        if lose(direction, segment):
            return []
        return [(delay_s, routed(segment.raw, ROUTER_MAC))]
    return rule


def direction_of(segment):
    return TO_SERVER if segment.dport == PORT else TO_CLIENT


@dataclass
class Passage:
    """One segment at the point nearer to its sender, and its copies at the
    farther one; each as (point, frame of that point's capture)."""

    direction: str
    segment: object
    near: tuple
    far: list
    lost: bool


def passages(recording, hop, client_side, server_side):
    """What became of each segment that was seen on one side of a hop."""
    found = []
    for direction, near, far in ((TO_SERVER, client_side, server_side), (TO_CLIENT, server_side, client_side)):
        account = [entry[1:] for entry in hop.account if entry[0] == direction]
        sent = [s for s in recording.seen[near] if direction_of(s) == direction]
        # the relay may have gone on for a while when the captures ended
        require(len(sent) <= len(account) and all(s.raw == a.raw for s, (a, _) in zip(sent, account)),
                "the hop saw other frames %s than the capture" % direction)
        arrivals = {}
        for segment in recording.seen[far]:
            if direction_of(segment) == direction:
                arrivals.setdefault(segment.raw, []).append(segment.frame)
        for segment, (_, passed) in zip(sent, account):
            for copy in passed:
                require(arrivals.get(copy.raw), "a frame that was passed on %s was not captured" % direction)
            found.append(Passage(
                direction, segment, (near, segment.frame),
                [(far, arrivals[copy.raw].pop(0)) for copy in passed],
                not passed or sum(copy.length for copy in passed) < segment.length))
    return found


def separating(group):
    """What all missing segments of a direction have and none of the others."""
    everything = [passage.segment for passage in group]
    missing = [passage.segment for passage in group if passage.lost]
    if len(missing) < FEW:
        return []
    if len(missing) == len(everything):
        return ["all"]
    passed = [passage.segment for passage in group if not passage.lost]
    kinds = {kind for segment in everything for kind in segment.options}
    pause = next((n for n, (a, b) in enumerate(zip(everything, everything[1:]), 1)
                  if b.time_ns - a.time_ns >= IDLE_NS), None)
    tests = {
        "padded": [s for s in everything if s.pad > 0],
        "fin": [s for s in everything if s.has("F")],
        "rst": [s for s in everything if s.has("R")],
        "no_timestamps": [s for s in everything if "ts" not in s.options],
        "checksum": [s for s in everything if not s.checksum_good()],
        "size": missing if min(s.ip_len for s in missing) > max(s.ip_len for s in passed) else [],
        "after_idle": everything[pause:] if pause else [],
    }
    found = [name for name, having in tests.items() if having == missing]
    if any([s for s in everything if kind in s.options] == missing for kind in kinds):
        found.append("option")
    return found


def ending_with(recording, point, after_s=0.06):
    """What to keep of a recording that ends soon after a point's last frame."""
    end = recording.seen[point][-1].time_ns + int(after_s * 1e9)
    return lambda _, segment: segment.time_ns < end


class Points:
    """A recording at several points, as one file; `hops` are (hop, point on
    the client's side, point on the server's side). `clocks` are errors of a
    point's clock in ns, `keep` tells what of a point's capture is kept, 
    `twice` is a point that captures everything twice, and `batch_ns` how long
    a point's frames are held back before they are written."""

    def __init__(self, recording, points, hops, clocks=None, keep=None, twice=None, batch_ns=1):
        recording.batch_ns = batch_ns
        self.recording, self.points, self.clocks = recording, points, clocks or {}
        self.passages = [passage for hop in hops for passage in passages(recording, *hop)]
        for point in points:
            recording.seen[point] = [
                replace(s, time_ns=s.time_ns + self.clocks.get(point, 0)) for s in recording.seen[point]
                if keep is None or keep(point, s)]
        if twice:
            recording.seen[twice] = sorted(recording.seen[twice] + [
                replace(s, frame=s.frame + SECOND_COPY, time_ns=s.time_ns + MIRROR_NS)
                for s in recording.seen[twice]], key=lambda s: s.time_ns)
        self.whole = merged(recording, points)
        self.numbers = {(at, frame): segment for at, frame, segment in self.whole}
        self.passages = [passage for passage in self.passages if passage.near in self.numbers]

    def at(self, point):
        """What was seen at a point, with the numbers of the file."""
        return [segment for at, _, segment in self.whole if at == point]

    @property
    def lost(self):
        """Segments lost between points, at the nearer one."""
        return [self.numbers[p.near] for p in self.passages if p.lost]

    def losses(self, *properties):
        """The vantage_loss of each flow and direction that has one. They have
        the `properties` in common, in order; None is nothing at all."""
        groups, wanted, found = {}, list(properties), []
        for passage in self.passages:
            flow = (passage.near[0], passage.segment.src, passage.segment.sport, passage.segment.dst,
                    passage.segment.dport)
            groups.setdefault(flow, []).append(passage)
        for (near, *_), group in groups.items():
            missing = [passage for passage in group if passage.lost]
            if missing:
                require(wanted, "more is lost than it should")
                found.append(self._loss(near, group, missing, wanted.pop(0)))
        require(not wanted, "less is lost than it should")
        return found

    def _loss(self, near, group, missing, prop):
        far = next(p.far[0][0] for p in self.passages if p.near[0] == near and p.far
                   and p.direction == group[0].direction)
        end = max(s.time_ns for s in self.at(far)) - self.clocks.get(far, 0)
        require(missing[-1].segment.time_ns + 50_000_000 < end, "the farther point ends too early")
        names = separating(group)
        require(names == ([prop] if prop else []), "the missing have in common: %s" % names)
        padded = [p.lost for p in group if p.segment.pad > 0]
        other = [p.lost for p in group if p.segment.pad <= 0]
        fields = {"loss__property": prop} if prop else {}
        first = self.numbers[missing[0].near]
        return finding("vantage_loss", first, "first of %d segments (of %d) of %s seen at the point %s and not"
                       " at the point %s" % (len(missing), len(group), first.src, near, far),
                       vantage__from=near, vantage__to=far,
                       loss__padded_missing=sum(padded), loss__padded_total=len(padded),
                       loss__other_missing=sum(other), loss__other_total=len(other), **fields)

    def known(self, **more):
        """What the relay did, in frames of the file."""
        truth = {"dropped": sorted(s.frame for s in self.lost), "copies": self._copies()}
        if self.clocks:
            truth["clock_offset_ns"] = self.clocks
        truth.update(more)
        return truth

    def _copies(self):
        """Frames that show the same segment, the point nearest to its sender first."""
        groups = []
        for passage in self.passages:
            shown = [self.numbers[one].frame for (point, frame) in (passage.near, *passage.far)
                     for one in ((point, frame), (point, frame + SECOND_COPY)) if one in self.numbers]
            before = next((group for group in groups if shown and group[-1] == shown[0]), None)
            after = next((group for group in groups if shown and group[0] == shown[-1]), None)
            if before:
                before += shown[1:]
            elif after:
                after[:0] = shown[:-1]
            else:
                groups.append(shown)
        return sorted(group for group in groups if len(group) > 1)

    def publish(self, directory, name, origin, expect=(), chat=(), truth=None, **more):
        absent = set(more.pop("absent", ()))
        if not any(entry["id"] == "vantage_loss" for entry in expect):
            require(not self.lost, "something is lost")
            absent |= {"vantage_loss", "short_frame_loss"}
        return publisher.publish(
            self.recording, directory, name, 5, publisher.setup(self.points) + origin, self.points, expect,
            chat, known=self.known(**(truth or {})), absent=absent, **more)
