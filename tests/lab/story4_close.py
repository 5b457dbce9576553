# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, connections that never end: forgotten by a tracker, kept alive, with
a peer that is gone, or with a side that never closes."""

import socket
import threading
import time

from lives import (PORT, REQUEST, RESPONSE, SETTLE_S, Wire, attempt, close, close_all, connect, flow_of,
                   life, publish, say, seconds_between, take, unanswered_again)
from netlab import CLIENT_ADDRESS, SERVER_ADDRESS, TO_SERVER, Lab, abort
from publish import finding, require
from segments import sequence_delta

CLIENT_PORT = 40001
IDLE_S = 40  # longer than the preference idle_seconds
TRACKER_S = 20  # and than this tracker's timer
GIVE_UP = 5  # tcp_retries2: ETIMEDOUT after some 13 s instead of 15 minutes

# A stateful filter on one host, as strict as the firewalls that forget.
TRACKER = """
table ip lab {
 chain input { type filter hook input priority filter;
  ct state invalid counter %s
 }
}"""


def tracked(namespace, verdict, loose, forgets_after_s):
    namespace.nft(TRACKER % verdict)
    namespace.sysctl("net.netfilter.nf_conntrack_tcp_loose", int(loose))
    namespace.sysctl("net.netfilter.nf_conntrack_tcp_timeout_established", forgets_after_s)


# ---- a silence, and what comes after ----

def idle(tracker_at=None, verdict="drop", loose=False, server_first=False, keepalive_s=None,
         patience_s=16.0, idle_s=IDLE_S, forgets_after_s=TRACKER_S):
    """An exchange, a long silence, and another try."""
    with Lab() as lab:
        for host in (lab.client, lab.server):
            host.sysctl("net.ipv4.tcp_retries2", GIVE_UP)
        place = {"server": lab.server, "client": lab.client}.get(tracker_at)
        if place:
            tracked(place, verdict, loose, forgets_after_s)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect(lab, listener, CLIENT_PORT)
            if keepalive_s:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive_s)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, keepalive_s)
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
            time.sleep(SETTLE_S)
            if place:
                recording.ask(tracker_at, "conntrack", "-L", "-p", "tcp", only="ESTABLISHED")
            time.sleep(idle_s)
            if place:
                recording.ask(tracker_at, "conntrack", "-L", "-p", "tcp", only="tcp")
            recording.snapshot("client")
            recording.snapshot("server")
            talk(recording, client, server, server_first, patience_s)
            recording.snapshot("client")
            recording.snapshot("server")
            if place:
                recording.ask(tracker_at, "nft", "list", "table", "ip", "lab", only="counter")
            listener.close()
            time.sleep(SETTLE_S)
        close_all(client, server)
    return recording


def talk(recording, client, server, server_first, patience_s):
    """One more exchange; whoever speaks waits for the answer."""
    names = ("server", "client") if server_first else ("client", "server")
    speaker, hearer = (server, client) if server_first else (client, server)
    attempt(recording, names[0], "send after a silence", speaker.sendall, REQUEST)
    hearer.settimeout(1.0)
    if attempt(recording, names[1], "receive", take, hearer, len(REQUEST)) is not None:
        hearer.sendall(RESPONSE)
        take(speaker, len(RESPONSE))
        recording.note(names[0], "answer received")
        close(client, server)
    else:
        speaker.settimeout(patience_s)
        attempt(recording, names[0], "receive", take, speaker, 1)


def after_silence(capture, shortest_s=30, longest_s=60):
    """(last segment before the silence, first after it)."""
    gap, number = max((seconds_between(a, b), n) for n, (a, b) in enumerate(zip(capture, capture[1:])))
    require(shortest_s < gap < longest_s, "the longest silence is %.1f s" % gap)
    return capture[number], capture[number + 1]


FORGETFUL = """A connection is idle for %d s. A tracker in the %s's namespace (real connection tracking,
its timeout for established flows cut to %d s, no pickup of unknown flows) has forgotten it by then and
%s what arrives. """
TRIES = """tcp_retries2 is cut to %d, so that the sender gives up soon. """ % GIVE_UP


def expect_idle_drop(capture, sender):
    before, data = after_silence(capture)
    require(data.src == sender and data.length, "no data ends the silence")
    again = unanswered_again(capture, data)
    require(len(again) >= 5 and again[-1] is capture[-1], "%d retransmissions" % len(again))
    gap = seconds_between(before, data)
    return finding("idle_drop", again[2], "third unanswered retransmission of frame %d, which came after"
                   " %.1f s of silence" % (data.frame, gap))


def idle_forgotten(directory):
    recording = idle("server")
    entry = expect_idle_drop(recording.seen["client"], CLIENT_ADDRESS)
    require(recording.answers[1][3] == [] and len(recording.answers[0][3]) == 1, "tracker: %s" %
            recording.answers)
    require(recording.applications[-1][3] == "ETIMEDOUT", "the client was told otherwise")
    publish(recording, directory, "idle-forgotten", FORGETFUL % (IDLE_S, "server", TRACKER_S, "drops") +
            TRIES + """The client's next segment is retransmitted until ETIMEDOUT; the server never knows.""",
            "client", [entry], absent=["peer_silent"])


def idle_forgotten_server_first(directory):
    recording = idle("client", server_first=True)
    entry = expect_idle_drop(recording.seen["server"], SERVER_ADDRESS)
    require(recording.applications[-1][3] == "ETIMEDOUT", "the server was told otherwise")
    publish(recording, directory, "idle-forgotten-server-first", FORGETFUL % (
        IDLE_S, "client", TRACKER_S, "drops") + TRIES + """The server is the one that speaks then, and
        retransmits until ETIMEDOUT; the client never knows.""", "server", [entry], absent=["peer_silent"])


SHORT_S, SHORT_TRACKER_S = 20, 8


def forgotten_early(directory):
    recording = idle("server", idle_s=SHORT_S, forgets_after_s=SHORT_TRACKER_S)
    capture = recording.seen["client"]
    before, data = after_silence(capture, 15, 29)
    again = unanswered_again(capture, data)
    require(len(again) >= 5, "%d retransmissions" % len(again))
    require(recording.applications[-1][3] == "ETIMEDOUT", "the client was told otherwise")
    publish(recording, directory, "forgotten-early", FORGETFUL % (
        SHORT_S, "server", SHORT_TRACKER_S, "drops") + TRIES + """The silence is shorter than the preference
        idle_seconds.""", "client", [
            finding("peer_silent", again[4], "fifth unanswered retransmission of frame %d, after only %.1f s"
                    " of silence" % (data.frame, seconds_between(before, data)))], absent=["idle_drop"])


def met_closed(capture, reset, data):
    fin = next(s for s in capture if s.has("F") and s.src == SERVER_ADDRESS)
    return finding("request_after_close", reset, "frame %d is a request after a pause, %.3f s after the server's FIN"
                   % (data.frame, seconds_between(fin, data)), request__race="late")


def idle_closed(directory):
    """The server's own idle timer, which the client does not look at."""
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(IDLE_S)
        server.close()
        recording.note("server", "close, for being idle")
        time.sleep(3.0)
        attempt(recording, "client", "send", client.send, REQUEST)
        time.sleep(SETTLE_S)
        attempt(recording, "client", "send again", client.send, REQUEST)
        listener.close()
    client.close()
    capture = recording.seen["client"]
    after_silence(capture)
    reset = capture[-1]
    data = capture[reset.frame - 2]
    require(reset.has("R") and data.length and reset.seq == data.ack, "not that RST")
    publish(recording, directory, "idle-closed-by-server", """A connection is idle for %d s; the server closes
        it in good order. The client's application does not notice, and its next request, 3 s later, draws
        a RST. Nothing was forgotten on the way. Control.""" % IDLE_S, "client", [
            finding("data_after_close", reset, "the payload of frame %d reached a side that had closed"
                    % data.frame),
            met_closed(capture, reset, data)], absent=["idle_drop", "close_wait_stuck"])


def idle_reset(directory):
    recording = idle("server", "reject with tcp reset")
    capture = recording.seen["client"]
    before, data = after_silence(capture)
    reset = capture[data.frame]
    require(reset.has("R") and reset.src == SERVER_ADDRESS and reset is capture[-1], "no RST")
    require(reset.seq == data.ack, "the RST is not exact")
    require(any(line.startswith("ESTAB") for _, host, line in recording.sockets[-2:] if host == "server"),
            "the server's socket is gone")
    publish(recording, directory, "idle-reset", FORGETFUL % (
        IDLE_S, "server", TRACKER_S, "answers with a RST") + """The server stays ESTABLISHED.""", "client", [
            finding("idle_drop", reset, "answers frame %d, which came after %.1f s of silence" % (
                data.frame, seconds_between(before, data)))])


def healthy_idle(name, directory, origin, longest=True, **how):
    recording = idle(**how)
    require(recording.applications[-1][2] == "answer received", "no answer: %s" % recording.applications)
    capture = recording.seen["client"]
    if longest:
        after_silence(capture)
    if how.get("tracker_at"):
        expired = recording.answers[1][3] == []
        require(expired == bool(how.get("loose")), "tracker: %s" % recording.answers[1][3])
    publish(recording, directory, name, origin + " Control.", "client", [])


def idle_keepalive(directory):
    healthy_idle("idle-keepalive", directory, """A connection is idle for %d s over a tracker that forgets
        after %d s (in the server's namespace, no pickup of unknown flows). The client's keep-alive, every
        10 s, saves it.""" % (IDLE_S, TRACKER_S), longest=False, tracker_at="server", keepalive_s=10)


def idle_loose(directory):
    healthy_idle("idle-loose-pickup", directory, FORGETFUL % (
        IDLE_S, "server", TRACKER_S, "would drop") + """Only here it may pick up unknown flows
        (nf_conntrack_tcp_loose=1), and so it does.""", tracker_at="server", loose=True)


def idle_ordinary(directory):
    healthy_idle("idle-answered", directory, """A connection is idle for %d s, then goes on.""" % IDLE_S)


# ---- keep-alive ----

KEEP_IDLE_S, KEEP_EVERY_S, KEEP_COUNT = 6, 2, 4


def is_probe(segment, flow):
    """One below what the other side expects, and empty."""
    return (segment.is_bare_ack and any(
        s.src != segment.src and s.ack == (segment.seq + 1) & 0xFFFFFFFF for s in flow[:segment.frame - 1])
        and any(s.src == segment.src and s.end_seq == (segment.seq + 1) & 0xFFFFFFFF and s.length
                for s in flow[:segment.frame - 1]))


def kept_alive(drop, wait_s, then=None):
    """A client that probes an idle connection; `drop` tells what the wire loses
    once it is idle."""
    wire = Wire()
    with Lab(wire) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        for option, value in ((socket.TCP_KEEPIDLE, KEEP_IDLE_S), (socket.TCP_KEEPINTVL, KEEP_EVERY_S),
                              (socket.TCP_KEEPCNT, KEEP_COUNT)):
            client.setsockopt(socket.IPPROTO_TCP, option, value)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        wire.drop = drop
        client.settimeout(wait_s)
        attempt(recording, "client", "receive", take, client, 1)
        recording.snapshot("client")
        recording.snapshot("server")
        if then:
            then(client, server)
        listener.close()
    close_all(client, server)
    capture = recording.seen["client"]
    return recording, capture, [s for s in capture if s.src == CLIENT_ADDRESS and is_probe(s, capture)]


KEEP = """The client probes an idle connection after %d s, then every %d s, %d times (TCP_KEEPIDLE,
TCP_KEEPINTVL, TCP_KEEPCNT). """ % (KEEP_IDLE_S, KEEP_EVERY_S, KEEP_COUNT)


def keepalive_dead(directory):
    recording, capture, probes = kept_alive(lambda *_: True, 20)
    require(len(probes) == KEEP_COUNT, "%d probes" % len(probes))
    require(capture[-1].has("RA") and capture[-1].src == CLIENT_ADDRESS, "no RST at the end")
    require(recording.applications[-1][3] == "ETIMEDOUT", "not ETIMEDOUT")
    publish(recording, directory, "keepalive-dead", KEEP + """The server's host is gone: nothing passes any
        more. After %d unanswered probes the client resets, the application gets ETIMEDOUT.""" % KEEP_COUNT,
            "client", [finding("keepalive_dead_peer", probes[2], "third unanswered probe, the first is"
                               " frame %d" % probes[0].frame)], absent=["idle_drop", "peer_silent"])


def keepalive_answered(directory):
    recording, capture, probes = kept_alive(
        lambda *_: False, 4 * KEEP_IDLE_S + 1, lambda client, server: (
            say(client, server, REQUEST), say(server, client, RESPONSE), close(client, server)))
    require(len(probes) >= 3, "%d probes" % len(probes))
    publish(recording, directory, "keepalive-answered", KEEP + """Each probe is answered; the connection
        goes on. Control.""", "client", [])


def keepalive_some_lost(directory):
    lost = []

    def two_of_three(direction, segment):
        # each third try gets through
        if direction == TO_SERVER and segment.is_bare_ack:
            lost.append(segment)
            return len(lost) % 3 != 0
        return False

    recording, capture, probes = kept_alive(
        two_of_three, 2 * KEEP_IDLE_S + 4 * KEEP_EVERY_S + 3, lambda client, server: close(client, server))
    require(len(probes) >= 6, "%d probes" % len(probes))
    publish(recording, directory, "keepalive-some-lost", KEEP + """Two probes of three are lost, the third
        is answered, more than once: the peer lives. Control.""", "client", [],
            taken_back=["keepalive_dead_peer"])


# ---- a host that is gone in the middle ----

def upload(lab, recording, wire, bytes_count, cut, heal=None, give_up=6):
    """A client that sends; the wire is cut after `cut` bytes, and perhaps healed."""
    lab.client.sysctl("net.ipv4.tcp_retries2", give_up)
    listener = lab.server_socket(PORT)
    client, server = connect(lab, listener, CLIENT_PORT)
    state = {"bytes": 0, "since": None}

    def drop(direction, segment):
        if direction == TO_SERVER:
            state["bytes"] += segment.length
        if state["bytes"] > cut and state["since"] is None:
            state["since"] = time.monotonic()
        if state["since"] is None:
            return False
        return heal is None or time.monotonic() - state["since"] < heal

    wire.drop = drop

    def reader():
        left = bytes_count
        try:
            while left:
                data = server.recv(65536)
                if not data:
                    break
                left -= len(data)
        except OSError:
            pass

    thread = threading.Thread(target=reader, daemon=True)
    server.settimeout(40)
    thread.start()
    attempt(recording, "client", "send %d bytes" % bytes_count, client.sendall, b"0123456789abcdef" *
            (bytes_count // 16))
    return listener, client, server, thread


def peer_silent(directory):
    wire = Wire()
    with Lab(wire) as lab, lab.record(trace=False) as recording:
        listener, client, server, _ = upload(lab, recording, wire, 48_000, 20_000)
        client.settimeout(60)
        recording.snapshot("client")
        attempt(recording, "client", "receive", take, client, 1)
        recording.snapshot("client")
        recording.snapshot("server")
        listener.close()
        server.shutdown(socket.SHUT_RDWR)
    close_all(client, server)
    capture = recording.seen["client"]
    heard = [s for s in capture if s.src == SERVER_ADDRESS][-1]
    rest = [s for s in capture if s.frame > heard.frame]
    highest = max((s.end_seq for s in capture[:heard.frame] if s.src == CLIENT_ADDRESS),
                  key=lambda end: sequence_delta(end, heard.ack))
    again = []
    for segment in rest:
        if segment.length and sequence_delta(segment.end_seq, highest) <= 0:
            again.append(segment)
        elif segment.length:
            highest = segment.end_seq
    require(len(again) >= 6, "%d retransmissions" % len(again))
    require(recording.applications[-1][3] == "ETIMEDOUT", "not ETIMEDOUT")
    publish(recording, directory, "peer-silent", """A client uploads; in the middle the server's host is gone:
        nothing passes any more in either direction. tcp_retries2 is cut to 6, so that the client gives up
        soon (ETIMEDOUT).""", "client", [
            finding("peer_silent", again[4], "fifth retransmission since the server's last word, frame %d"
                    % heard.frame)], absent=["idle_drop"])


def outage_healed(directory):
    wire = Wire()
    with Lab(wire) as lab, lab.record(trace=False) as recording:
        listener, client, server, thread = upload(lab, recording, wire, 48_000, 20_000, heal=1.2,
                                                  give_up=15)
        thread.join(20)
        say(server, client, RESPONSE)
        recording.note("client", "answer received")
        close(client, server)
        listener.close()
        time.sleep(SETTLE_S)
    capture = recording.seen["client"]
    publish(recording, directory, "outage-healed", """A client uploads; in the middle nothing passes for
        1.2 s, then the wire works again and the upload ends well. Control.""", "client", [])


# ---- closes that never come, and writes that come too late ----

PILE = 6
STUCK_S = 14.0  # longer than the preference close_wait_seconds
FIN_TIMEOUT_S = 5  # the client's orphans: gone before the server moves


def close_wait_pileup(directory):
    """The server's application never looks: some connections are written to at
    last, some closed, the others just stay."""
    with Lab() as lab:
        lab.client.sysctl("net.ipv4.tcp_fin_timeout", FIN_TIMEOUT_S)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT, backlog=16)
            pairs = []
            for number in range(PILE):
                client, server = connect(lab, listener, CLIENT_PORT + number)
                say(client, server, REQUEST)
                say(server, client, RESPONSE)
                time.sleep(SETTLE_S)
                client.close()
                pairs.append(server)
                time.sleep(SETTLE_S)
            recording.snapshot("server")
            time.sleep(STUCK_S)
            recording.snapshot("server")
            recording.snapshot("client")
            for server in pairs[:2]:
                attempt(recording, "server", "late write", server.send, RESPONSE)
                time.sleep(SETTLE_S)
                attempt(recording, "server", "write again", server.send, RESPONSE)
            for server in pairs[2:4]:
                attempt(recording, "server", "late close", server.close)
                time.sleep(SETTLE_S)
            recording.snapshot("server")
            time.sleep(1.0)
            life(lab, listener, CLIENT_PORT + PILE)
            listener.close()
        close_all(*pairs)
    capture = recording.seen["server"]
    expect = []
    for number in range(PILE):
        flow = flow_of(capture, CLIENT_PORT + number)
        fin = next(s for s in flow if s.has("F") and s.src == CLIENT_ADDRESS)
        acked = next(s for s in flow if s.src == SERVER_ADDRESS and s.ack == fin.end_seq)
        late = next((s for s in flow if s.frame > acked.frame and s.src == SERVER_ADDRESS), None)
        where = late or flow[-1]
        until = "%s in frame %d" % ("data" if late and late.length else "FIN", where.frame) if late else \
            "nothing follows to the end"
        expect.append(finding("close_wait_stuck", where, "the client's FIN (frame %d) was acknowledged in"
                              " frame %d; %s" % (fin.frame, acked.frame, until), close__owed_by="server"))
        if late and late.length:
            reset = next(s for s in flow if s.has("R"))
            require(reset.seq == late.ack, "the RST does not answer the late write")
            expect.append(finding("data_after_close", reset, "the payload of frame %d reached a side that had"
                                  " closed" % late.frame))
        require(late is not None or number >= 4, "flow %d is silent" % number)
    waiting = [line for _, host, line in recording.sockets if host == "server" and "CLOSE-WAIT" in line]
    require(len(waiting) == 2 * PILE + 2, "%d lines of CLOSE-WAIT" % len(waiting))
    publish(recording, directory, "close-wait-pileup", """%d clients close; the server's application does not
        look. After %.0f s it writes to two of the connections and closes two others, all four meet hosts
        whose orphaned sockets are long gone (tcp_fin_timeout %d s) and draw RSTs; two stay in CLOSE_WAIT
        to the end. A healthy connection comes last.""" % (PILE, STUCK_S, FIN_TIMEOUT_S), "server", expect)


def orphan_write(directory):
    """The server closes for good while the client still uploads."""
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        server.close()
        recording.note("server", "close")
        time.sleep(SETTLE_S)
        recording.snapshot("server")
        attempt(recording, "client", "write to a server that has closed", client.send, REQUEST)
        time.sleep(SETTLE_S)
        attempt(recording, "client", "write again", client.send, REQUEST)
        attempt(recording, "client", "and again", client.send, REQUEST)
        time.sleep(1.0)
        listener.close()
    client.close()
    capture = recording.seen["client"]
    reset = next(s for s in capture if s.has("R"))
    data = capture[reset.frame - 2]
    require(data.src == CLIENT_ADDRESS and data.length and reset.seq == data.ack, "not that RST")
    require(any("FIN-WAIT-2" in line for _, _, line in recording.sockets), "no orphan")
    require(recording.applications[-1][3] == "EPIPE", "no EPIPE")
    publish(recording, directory, "orphan-write", """The server's application has closed for good, its socket
        is an orphan in FIN_WAIT_2; the client, which may still send by the protocol, sends another
        request and gets a RST.""", "client", [
            finding("data_after_close", reset, "the payload of frame %d reached a side that had closed"
                    % data.frame),
            met_closed(capture, reset, data)])


def reset_close(directory):
    """How browsers and pools end connections."""
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        for number in range(3):
            client, server = connect(lab, listener, CLIENT_PORT + number)
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
            time.sleep(SETTLE_S)
            abort(client)
            time.sleep(SETTLE_S)
            server.close()
        idle_pool = [connect(lab, listener, CLIENT_PORT + 10 + number) for number in range(3)]
        for client, server in idle_pool:
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
        time.sleep(2.0)
        listener.close()
    for pair in idle_pool:
        close_all(*pair)
    publish(recording, directory, "reset-closes-and-pool", """Three connections that their client ends with a
        RST, and a pool of three that is idle at the capture's end. Control.""", "client", [])


CASES = {
    "idle-forgotten": idle_forgotten,
    "idle-forgotten-server-first": idle_forgotten_server_first,
    "forgotten-early": forgotten_early,
    "idle-reset": idle_reset,
    "idle-closed-by-server": idle_closed,
    "idle-keepalive": idle_keepalive,
    "idle-loose-pickup": idle_loose,
    "idle-answered": idle_ordinary,
    "keepalive-dead": keepalive_dead,
    "keepalive-answered": keepalive_answered,
    "keepalive-some-lost": keepalive_some_lost,
    "peer-silent": peer_silent,
    "outage-healed": outage_healed,
    "close-wait-pileup": close_wait_pileup,
    "orphan-write": orphan_write,
    "reset-closes-and-pool": reset_close,
}
