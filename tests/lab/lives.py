# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections one after the other and side by side: the actors of story 4, a
wire that gives flows other numbers, and the reading of many lives."""

import time

import publish as publisher
from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_SERVER
from publish import finding, require
from segments import rewritten, sequence_delta

PORT = 80
REQUEST = b"GET /status HTTP/1.1\r\nHost: www.example.net\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n"
SETTLE_S = 0.2  # delayed ACKs are out, nothing is under way
TIME_WAIT_S = 60.0


# ---- the wire ----

class Wire:
    """Shifts the client's sequence numbers or clock, by client port, and can be cut."""

    def __init__(self, delay_s=ONE_WAY_S):
        self.delay_s = delay_s
        self.sequence, self.clock = {}, {}
        self.drop = lambda direction, segment: False
        self.seen = []

    def __call__(self, direction, segment):
        self.seen.append((direction, segment))
        if self.drop(direction, segment):
            return []
        port = segment.sport if direction == TO_SERVER else segment.dport
        sequence, clock = self.sequence.get(port, 0), self.clock.get(port, 0)
        raw = segment.raw
        if sequence or clock:
            raw = (rewritten(segment, seq=sequence, tsval=clock) if direction == TO_SERVER
                   else rewritten(segment, ack=-sequence, tsecr=-clock))
        return [(self.delay_s, raw)]


# ---- the actors ----

def take(sock, count):
    """Receive exactly so many bytes."""
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError("end after %d bytes" % len(data))
        data += piece
    return data


def say(speaker, hearer, data):
    speaker.sendall(data)
    take(hearer, len(data))


def connect(lab, listener, port, timeout_s=10):
    """A connection: the client's socket and the server's."""
    client = lab.client_socket(port, timeout_s)
    client.connect((SERVER_ADDRESS, listener.getsockname()[1]))
    server, _ = listener.accept()
    server.settimeout(10)
    return client, server


def close(first, second, apart_s=4 * ONE_WAY_S):
    """Both sides close, one after the other has heard of it."""
    first.close()
    second.recv(1)
    time.sleep(apart_s)
    second.close()
    time.sleep(apart_s)


def life(lab, listener, port, server_first=True, request=REQUEST, response=RESPONSE):
    """One short connection from a client port, closed in good order."""
    client, server = connect(lab, listener, port)
    say(client, server, request)
    say(server, client, response)
    if server_first:
        close(server, client)
    else:
        close(client, server)


def start_connect(lab, port, server_port=PORT):
    """A connect that is under way."""
    sock = lab.client_socket(port)
    sock.setblocking(False)
    try:
        sock.connect((SERVER_ADDRESS, server_port))
    except BlockingIOError:
        pass
    return sock


def attempt(recording, who, what, function, *arguments):
    """Let an application do something and note what it was told; its result, or None."""
    try:
        result = function(*arguments)
        recording.note(who, what)
        return result
    except OSError as error:
        recording.note(who, what, error)
        return None


def try_connect(lab, recording, port, patience_s, server_port=PORT):
    """An application that gives up after a while: its socket, or None."""
    sock = lab.client_socket(port, patience_s)
    try:
        sock.connect((SERVER_ADDRESS, server_port))
        return sock
    except OSError as error:
        recording.note("client", "connect from port %d, patience %.1f s" % (port, patience_s), error)
        sock.close()
        return None


def close_all(*sockets):
    for sock in sockets:
        sock.close()


# ---- reading a capture ----

def is_syn(segment):
    return segment.has("S") and not segment.has("A")


def flow_of(capture, port):
    """The segments of one client port."""
    return [s for s in capture if port in (s.sport, s.dport)]


def syns_of(capture, port):
    return [s for s in flow_of(capture, port) if is_syn(s)]


def from_client(capture):
    return [s for s in capture if s.src == CLIENT_ADDRESS]


def from_server(capture):
    return [s for s in capture if s.src == SERVER_ADDRESS]


def seconds_between(earlier, later):
    return (later.time_ns - earlier.time_ns) / 1e9


def lives_of(capture, port):
    """The segments of one client port, parted where a SYN brings a new ISN."""
    lives = []
    for segment in flow_of(capture, port):
        if is_syn(segment) and not (lives and lives[-1][0].seq == segment.seq):
            lives.append([])
        lives[-1].append(segment)
    return lives


def unanswered_again(flow, first):
    """Copies of a segment's payload, and the bytes behind it sent with it,
    until the other side says anything: each is one more unanswered try."""
    again, highest = [], first.end_seq
    for segment in flow:
        if segment.frame <= first.frame:
            continue
        if segment.src != first.src:
            break
        if segment.length and sequence_delta(segment.end_seq, highest) <= 0:
            again.append(segment)
        elif segment.length:
            highest = segment.end_seq
    return again


def reuse(old, new):
    """The time_wait_reuse of a life on its predecessor's tuple, by the rules
    of TIME_WAIT: (finding, segment that shows the outcome)."""
    fins = [s for s in old if s.has("F")]
    require({s.src for s in fins} == {CLIENT_ADDRESS, SERVER_ADDRESS}, "the old life is not closed")
    require(fins[0].src == SERVER_ADDRESS, "the server did not close first")
    require(not any(s.has("R") for s in old), "the old life was reset")
    syn, answer = new[0], next(s for s in new if s.src == SERVER_ADDRESS)
    gap = seconds_between(old[-1], syn)
    require(gap < TIME_WAIT_S, "TIME_WAIT is over")
    received = next(s for s in reversed(old) if s.src == SERVER_ADDRESS).ack
    isn_delta = sequence_delta(syn.seq, received)
    last = next((s.options["ts"][0] for s in reversed(old) if s.src == CLIENT_ADDRESS
                 and "ts" in s.options), None)
    ts_delta = None
    if last is not None and "ts" in syn.options:
        ts_delta = sequence_delta(syn.options["ts"][0], last)
    if answer.has("SA"):
        outcome = "accepted_by_isn" if ts_delta is None or ts_delta == 0 else "accepted_by_timestamp"
        require(ts_delta > 0 if ts_delta else isn_delta > 0, "accepted against the rules")
        signature = sequence_delta(answer.seq, next(s for s in fins if s.src == SERVER_ADDRESS).end_seq)
        require(signature == 65537, "the SYN-ACK's number is old SND.NXT %+d" % signature)
    else:
        require(answer.is_bare_ack and answer.ack == received, "the answer is no old ACK")
        require(ts_delta < 0 if ts_delta is not None else isn_delta <= 0, "refused against the rules")
        outcome = "refused_old_ack"
    why = "SYN of frame %d comes %.3f s after the tuple's last segment; ISN %+d from the number expected" % (
        syn.frame, gap, isn_delta)
    if ts_delta is not None:
        why += ", TSval %+d from the last one" % ts_delta
    both = outcome == "accepted_by_timestamp" and isn_delta > 0
    fields = {} if both else {"time_wait__outcome": outcome}
    return finding("time_wait_reuse", answer, why, **fields), answer, outcome


def refusal(capture, new, answer):
    """What follows a refused SYN: the ACK is a challenge ACK, its RST exact,
    and the SYN comes again, perhaps from another port of a NAT. Returns the
    finding, the next SYN and the seconds from the first SYN to its SYN-ACK."""
    reset = next(s for s in new if s.frame > answer.frame)
    require(reset.has("R") and reset.seq == answer.ack, "no exact RST answers the ACK")
    again = next(s for s in capture if s.frame > reset.frame and is_syn(s) and s.seq == new[0].seq)
    works = next(s for s in capture if s.has("SA") and s.ack == again.end_seq)
    entry = finding("challenge_ack", answer, "answers the SYN of frame %d with the old numbers, and draws"
                    " the RST of frame %d" % (new[0].frame, reset.frame))
    return entry, again, seconds_between(new[0], works)


def publish(recording, directory, name, origin, point, expect, delay_s=ONE_WAY_S, **more):
    setup = publisher.setup(point).replace("by 10 ms", "by %.0f ms" % (delay_s * 1000))
    return publisher.publish(recording, directory, name, 4, setup + origin, point, expect, **more)
