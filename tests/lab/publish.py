# SPDX-License-Identifier: GPL-2.0-or-later
"""A recording becomes a capture and the JSON beside it."""

import json
import os
import platform
import shutil
from dataclasses import replace

import tracker
from segments import sequence_delta, write_pcapng

LINE_WIDTH = 110


class Mismatch(Exception):
    """The capture does not show what the case is about."""


def require(condition, message):
    if not condition:
        raise Mismatch(message)


def finding(identifier, segment, why, **fields):
    """An entry of `expect` or `chat`; keyword names get dots: rst__position."""
    entry = {"id": identifier, "frame": getattr(segment, "frame", segment)}
    if fields:
        entry["fields"] = {name.replace("__", "."): value for name, value in fields.items()}
    entry["why"] = why
    return entry


def render(value, indent=0):
    """JSON for readers: what fits on a line stays on a line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(flat) + indent <= LINE_WIDTH or not value:
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        rows = ["%s%s: %s" % (inner, json.dumps(key), render(item, indent + 1))
                for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    rows = [inner + render(item, indent + 1) for item in value]
    return "[\n" + ",\n".join(rows) + "\n" + " " * indent + "]"


def merged(recording, points):
    """The captures of several points as one, in order of time: (point, frame
    there, the segment with its frame in the whole). Where the recording says
    so, only in order of batches, one point after the other in each."""
    both = sorted(((segment.time_ns // recording.batch_ns, number, segment.time_ns, segment)
                   for number, point in enumerate(points) for segment in recording.seen[point]),
                  key=lambda entry: entry[:3])
    return [(points[number], segment.frame, replace(segment, frame=frame))
            for frame, (_, number, _, segment) in enumerate(both, 1)]


def publish(recording, directory, name, story, origin, point, expect, chat=(), remarks=(),
            absent=(), taken_back=(), preferences=(), about=None, known=(), write=None):
    """Write capture and JSON of one point, or of several in one file.

    `absent` are findings that must not be raised, `preferences` settings that
    differ from the default, as tshark -o wants them. `about` is a segment of
    the client's in the flow of interest, where there are several flows.
    `known` is what else is true of the recording, beside the kernel's account.
    `write` writes the file in another form: write(path without suffix, whole)."""
    points = [point] if isinstance(point, str) else list(point)
    whole = merged(recording, points)
    numbers = {(at, frame): segment.frame for at, frame, segment in whole}
    capture = [segment for at, _, segment in whole if at == points[0]]
    start_ns = whole[0][2].time_ns
    first = about or next(s for s in capture if s.has("S") and not s.has("A"))

    def seconds(absolute_s):
        return round(absolute_s - start_ns / 1e9, 4)

    def frame_of(where, segment):
        """The published frame that is the same packet as one seen at a host."""
        if where in points:
            return numbers[where, segment.frame]
        same = [s for s in recording.seen[where] if s.same_packet(segment)].index(segment)
        twins = [s.frame for s in capture if s.same_packet(segment)]
        return twins[same] if same < len(twins) else None

    truth = {
        "trace": recording.trace.problem or
                 "tracefs: skb:kfree_skb, net:netif_receive_skb, sock:inet_sock_set_state",
        "kernel_drops": [{"frame": frame_of(where, segment), "at": where, "reason": reason}
                         for where, segment, reason in recording.drops],
        "tcp_states": [{"time_s": seconds(when), "host": host, "from": old, "to": new}
                       for when, host, old, new in recording.states],
        "applications": [{"time_s": seconds(when), "host": who, "call": what, "result": error or "ok"}
                         for when, who, what, error in recording.applications],
        "sockets": [{"time_s": seconds(when), "host": host, "ss": line}
                    for when, host, line in recording.sockets],
        "counters": recording.counters,
    }
    if recording.answers:
        truth["answers"] = [{"time_s": seconds(when), "host": host, "command": words, "lines": lines}
                            for when, host, words, lines in recording.answers]
    truth.update(known)
    if remarks:
        truth["remarks"] = list(remarks)
    document = {
        "name": name,
        "story": story,
        "origin": " ".join(origin.split()),
        "kernel": platform.release().split("-")[0],
        "captured_at": " and ".join(points),
        "flow": {"client": first.src, "client_port": first.sport,
                 "server": first.dst, "server_port": first.dport},
        "expect": sorted(expect, key=lambda entry: (entry["frame"] or 10**9, entry["id"])),
        "chat": sorted(chat, key=lambda entry: (entry["frame"] or 10**9, entry["id"])),
        "quiet": not any(entry["id"] in WARNINGS for entry in expect),
        "truth": truth,
    }
    if taken_back:
        document["taken_back"] = list(taken_back)
    if absent:
        document["absent"] = sorted(absent)
    if preferences:
        document["preferences"] = list(preferences)
    if len(points) == 1 and one_life(capture) and not any(s.has("R") for s in capture):
        verdicts, _ = tracker.compare([s for s in capture if checksum_counts(s, capture)])
        require(not any(new == tracker.INVALID for _, new in verdicts.values()),
                "today's tracker would call a segment invalid")
    for entry in expect:
        require(entry["id"] in WARNINGS | NOTES, "%s is no warning or note" % entry["id"])
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, name)
    if write:
        write(path, whole)
    elif len(points) == 1:
        shutil.copyfile(recording.paths[point], path + ".pcap")
    else:
        write_pcapng(path + ".pcapng", points,
                     [(points.index(at), segment) for at, _, segment in whole])
    with open(path + ".json", "w") as stream:
        stream.write(render(document) + "\n")
    return document


WARNINGS = {
    "first_syn_always_lost", "synack_not_received", "syn_flood",
    "first_request_reset", "rst_foreign", "rst_loop", "timestamps_missing", "request_after_close",
    "rst_ignored", "close_wait_stuck", "fin_missing", "fin_unacked", "checksum_over_padding",
    "checksum_bad", "short_frame_loss", "tfo_retransmit_storm", "acked_retransmit_storm",
    "peer_silent", "vantage_loss", "syn_unanswered", "connect_unanswered", "tsval_backwards", "accept_queue_overflow",
    "port_exhaustion", "idle_drop", "keepalive_dead_peer", "zero_window_stall",
    "mtu_blackhole", "window_scale_ignored", "sack_shifted", "tuple_changed"}
NOTES = {
    "syn_delayed", "ecn_refused", "syn_cookie", "port_scan",
    "rst_seq_mismatch", "challenge_ack", "data_after_close", "acked_data_retransmitted",
    "conntrack_invalid", "syn_refused_by_reset", "connection_refused", "time_wait_reuse", "stale_segment",
    "paws_reject", "recovery_stall", "delayed_ack_stall", "icmp_error", "connection_failed"}


def one_life(capture):
    """Does the capture hold a single connection?"""
    return len({(s.src, s.sport, s.dst, s.dport, s.seq) for s in capture
                if s.has("S") and not s.has("A")}) == 1


def setup(point):
    """The part of `origin` that all cases share."""
    return """Two network namespaces, each with the TCP stack of Linux %s, joined by a user-space
        relay over AF_PACKET sockets that delays every frame by 10 ms each way. Segmentation and
        checksum offload are off. Captured with tcpdump %s. """ % (
            platform.release().split("-")[0],
            "on the wire, between two relays" if point == "middle"
            else "on the %s's interface" % point if isinstance(point, str)
            else POINTS[tuple(point)])


POINTS = {
    ("interface index 2", "interface index 4"): "on both interfaces of the wire",
    ("middle", "client"): "at two points: on the wire, between two relays, and on the client's interface",
    ("middle", "server"): "at two points: on the wire, between two relays, and on the server's interface",
    ("client", "middle"): "at two points: on the client's interface, and on the wire, between two relays",
    ("client", "server"): "at two points: on the client's interface and on the server's",
    ("client", "middle", "server"): """at three points: on the client's interface, on the wire between
        two relays, and on the server's interface""",
}


def checksum_counts(segment, capture):
    """Is this segment good, or at least from a host that leaves the sum to its card?"""
    return segment.checksum_good() or not any(
        other.checksum_good() for other in capture if other.src == segment.src)


# ---- reading a capture by the rules of the findings ----

def round_trip_ns(capture):
    """From the SYN to its answer, as the capture shows it."""
    syn = next(s for s in capture if s.has("S") and not s.has("A"))
    answer = next(s for s in capture if s.has("SA"))
    return answer.time_ns - syn.time_ns


def acked_retransmissions(capture, sender):
    """(segment, frame of the ACK, its age in ns) for payload sent again after
    all of it was acknowledged, one round trip and 10 ms ago at least. A
    damaged segment acknowledges nothing."""
    patience = max(round_trip_ns(capture), 10_000_000)
    acks, found, highest = [], [], None
    for segment in capture:
        if segment.src != sender:
            if segment.has("A") and segment.checksum_good():
                acks.append(segment)
            continue
        if segment.length:
            if highest is not None and sequence_delta(segment.end_seq, highest) <= 0:
                cover = next((a for a in acks
                              if sequence_delta(a.ack, segment.end_seq) >= 0), None)
                age = segment.time_ns - cover.time_ns if cover else 0
                require(not 0.75 < age / patience < 1.25,
                        "frame %d is neither clearly late nor clearly in time" % segment.frame)
                if age >= patience:
                    found.append((segment, cover.frame, age))
            if highest is None or sequence_delta(segment.end_seq, highest) > 0:
                highest = segment.end_seq
    return found


def retransmitted(capture, sender):
    """Payload or FIN from a sender that repeats what it sent before."""
    found, highest = [], None
    for segment in capture:
        if segment.src != sender or segment.seq == segment.end_seq:
            continue
        if highest is not None and sequence_delta(segment.end_seq, highest) <= 0:
            found.append(segment)
        else:
            highest = segment.end_seq
    return found
