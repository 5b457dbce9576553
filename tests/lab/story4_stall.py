# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, connections that stand still: a reader that does not read, writes
that wait for a delayed ACK, loss that only a time-out repairs."""

import socket
import threading
import time

from lives import (PORT, REQUEST, RESPONSE, SETTLE_S, Wire, attempt, close, connect, publish, say,
                   seconds_between, take)
from netlab import CLIENT_ADDRESS, SERVER_ADDRESS, TO_SERVER, Lab
from publish import finding, require
from segments import sequence_delta

CLIENT_PORT = 40001
WINDOW_STALL_S = 10  # the preference window_stall_seconds
STALL_S = 2  # and stall_seconds


# ---- a window that stays closed ----

RECEIVE_BUFFER = 8192
UPLOAD = 40_000


def reader_stops(pause_s, then):
    """A client uploads more than fits; the server's application reads nothing for a while."""
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        client.settimeout(60)
        writer = threading.Thread(target=attempt, daemon=True, args=(
            recording, "client", "send %d bytes" % UPLOAD, client.sendall, b"0123456789abcdef" * (UPLOAD // 16)))
        writer.start()
        time.sleep(pause_s)
        recording.snapshot("server")
        then(recording, client, server, writer)
        listener.close()
        time.sleep(SETTLE_S)
    for sock in (client, server):
        sock.close()
    return recording


def reads_on(recording, client, server, writer):
    """The application wakes up, and all ends well."""
    recording.note("server", "reads on")
    take(server, UPLOAD)
    writer.join(10)
    say(server, client, RESPONSE)
    close(client, server)


def is_killed(recording, _client, server, writer):
    """The process ends with bytes unread: the kernel sends a RST."""
    server.close()
    recording.note("server", "killed")
    writer.join(5)


def goes_on(_recording, _client, _server, _writer):
    """Nothing changes before the capture ends."""


def closed_window(capture):
    """(segment that closes the server's window, probes, what ends it or None)."""
    shut = next(s for s in capture if s.src == SERVER_ADDRESS and not s.has("S") and s.window == 0)
    later = [s for s in capture if s.frame > shut.frame]
    end = next((s for s in later if s.has("R") or (s.src == SERVER_ADDRESS and s.window)), None)
    probes = [s for s in later if s.src == CLIENT_ADDRESS and (end is None or s.frame < end.frame)]
    require(len(probes) >= 3, "%d probes of the closed window" % len(probes))
    return shut, probes, end


def window_case(name, directory, pause_s, then, outcome, origin):
    recording = reader_stops(pause_s, then)
    capture = recording.seen["client"]
    shut, probes, end = closed_window(capture)
    stall_s = seconds_between(shut, end or capture[-1])
    expect = []
    if outcome:
        require(stall_s > WINDOW_STALL_S, "closed for %.1f s only" % stall_s)
        require((outcome == "reset") == bool(end and end.has("R")), "not ended by that")
        expect = [finding("zero_window_stall", end or capture[-1], "the server's window is 0 from frame %d on, for"
                          " %.1f s, and %d probes are answered so" % (shut.frame, stall_s, len(probes)),
                          window__closed_by="server", window__outcome=outcome, window__probes=len(probes))]
    else:
        require(1 < stall_s < WINDOW_STALL_S - 1, "closed for %.1f s" % stall_s)
    publish(recording, directory, name, """A client uploads %d bytes to a server with a small receive buffer, whose
            application does not read. """ % UPLOAD + origin, "client", expect,
            absent=["peer_silent", "keepalive_dead_peer", "idle_drop"] + ([] if expect else ["zero_window_stall"]))


def window_closed_then_read(directory):
    window_case("window-closed-then-read", directory, 15, reads_on, "reopened", """After 15 s it reads on, and all
        ends well.""")


def window_closed_then_killed(directory):
    window_case("window-closed-then-killed", directory, 13, is_killed, "reset", """After 13 s its process is killed:
        with bytes unread its kernel sends a RST.""")


def window_closed_at_the_end(directory):
    window_case("window-closed-at-the-end", directory, 15, goes_on, "open_end", """The capture ends after 15 s,
        before anything changes.""")


def window_closed_for_seconds(directory):
    window_case("window-closed-for-seconds", directory, 4, reads_on, None, """After 4 s it reads on, as players do.
        Control.""")


# ---- write, write, read ----

NEAR_S = 0.0005
EXCHANGES = 14
HEAD, BODY = b"PUT /item HTTP/1.1\r\nContent-Length: 24\r\n\r\n", b"0123456789abcdefghijklmn"
LATE_S = 0.035  # an ACK that comes later than this was delayed
AT_ONCE_S = 0.001
NAGLE_BY = 5  # times in a connection


def two_writes(no_delay):
    with Lab(Wire(NEAR_S)) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(no_delay))
        for _ in range(EXCHANGES):
            client.sendall(HEAD)
            client.sendall(BODY)
            take(server, len(HEAD) + len(BODY))
            say(server, client, RESPONSE)
        recording.note("client", "%d exchanges" % EXCHANGES)
        close(client, server)
        listener.close()
        time.sleep(SETTLE_S)
    return recording


def held_back(capture):
    """Payload that left at once after a bare ACK, which had come late."""
    found = []
    for first, ack, second in zip(capture, capture[1:], capture[2:]):
        if (first.src == second.src == CLIENT_ADDRESS and first.length and second.length and
                ack.src == SERVER_ADDRESS and not ack.length and ack.ack == first.end_seq and
                seconds_between(first, ack) >= LATE_S and seconds_between(ack, second) <= AT_ONCE_S):
            found.append((second, seconds_between(first, ack)))
    return found


def delayed_ack(directory):
    recording = two_writes(no_delay=False)
    held = held_back(recording.seen["client"])
    require(len(held) > NAGLE_BY, "held back %d times" % len(held))
    publish(recording, directory, "delayed-ack", """A client writes head and body of a request apart, %d times, and
            waits for the answer each time. Nagle holds the body until the head is acknowledged, and the server's
            kernel delays that.""" % EXCHANGES, "client", [
                finding("delayed_ack_stall", held[NAGLE_BY - 1][0], "the fifth of %d segments that leave right behind"
                        " an ACK that came %.0f ms late and more" % (
                            len(held), 1000 * min(late for _, late in held)), stall__count=len(held))],
            delay_s=NEAR_S)


def delayed_ack_no_delay(directory):
    recording = two_writes(no_delay=True)
    require(not held_back(recording.seen["client"]), "held back all the same")
    publish(recording, directory, "delayed-ack-no-delay", """The same with TCP_NODELAY: the body leaves right behind
            the head. Control.""", "client", [], absent=["delayed_ack_stall"], delay_s=NEAR_S)


# ---- time-outs ----

OUTAGE_S = 2.5


def tail_lost(directory):
    """The last segments of a request are lost, and their repeats for a while."""
    wire = Wire()
    cut = []
    wire.drop = lambda direction, segment: bool(
        direction == TO_SERVER and cut and time.monotonic() < cut[0])
    with Lab(wire) as lab:
        lab.client.sysctl("net.ipv4.tcp_early_retrans", 0)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect(lab, listener, CLIENT_PORT)
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
            time.sleep(SETTLE_S)
            cut.append(time.monotonic() + OUTAGE_S)
            client.sendall(b"0123456789abcdef" * 100)
            take(server, 1600)
            say(server, client, RESPONSE)
            recording.note("client", "answer received")
            close(client, server)
            listener.close()
            time.sleep(SETTLE_S)
    capture = recording.seen["client"]
    data = [s for s in capture if s.src == CLIENT_ADDRESS and s.length]
    second = [s for s in data if sequence_delta(s.seq, data[0].end_seq) >= 0]
    sent = [n for n, s in enumerate(second) if not any(t.seq == s.seq for t in second[:n])]
    last_new, again = second[sent[-1]], second[sent[-1] + 1:]
    answer = next(s for s in capture if s.src == SERVER_ADDRESS and s.frame > last_new.frame)
    tries = [s for s in again if s.frame < answer.frame]
    stall_s = seconds_between(last_new, tries[-1])
    require(stall_s > STALL_S and len(tries) >= 3, "%d tries, %.1f s" % (len(tries), stall_s))
    require(seconds_between(tries[-1], answer) < 0.2, "not what was answered")
    require(len(tries) < 5, "told by peer_silent for a while")
    publish(recording, directory, "tail-lost", """The last two segments that a client has to send are lost, and so is
            whatever it sends for %.1f s: only its timer tells it so, and that doubles. Tail loss probes are off
            (tcp_early_retrans 0).""" % OUTAGE_S, "client", [
                finding("recovery_stall", tries[-1], "the retransmission that got through, %.1f s after frame %d, the"
                        " last new one" % (stall_s, last_new.frame), stall__timeouts=len(tries))],
            absent=["peer_silent", "idle_drop"])


CASES = {
    "window-closed-then-read": window_closed_then_read,
    "window-closed-then-killed": window_closed_then_killed,
    "window-closed-at-the-end": window_closed_at_the_end,
    "window-closed-for-seconds": window_closed_for_seconds,
    "delayed-ack": delayed_ack,
    "delayed-ack-no-delay": delayed_ack_no_delay,
    "tail-lost": tail_lost,
}
