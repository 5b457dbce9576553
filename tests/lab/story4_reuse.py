# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, one address after another: TIME_WAIT, tuples used again, stale
segments, and source ports that run out."""

import errno
import time

from lives import (PORT, REQUEST, RESPONSE, SETTLE_S, TIME_WAIT_S, Wire, close, connect, is_syn,
                   life, lives_of, publish, refusal, reuse, say, seconds_between,
                   try_connect)
from netlab import CLIENT_ADDRESS, SERVER_ADDRESS, TO_CLIENT, TO_SERVER, Lab, abort
from publish import finding, require
from segments import sequence_delta

CLIENT_PORT = 40001


def timestamps_off(lab):
    lab.client.sysctl("net.ipv4.tcp_timestamps", 0)
    lab.server.sysctl("net.ipv4.tcp_timestamps", 0)


# ---- a tuple used again ----

def twice(timestamps, between=lambda wire: None, gap_s=1.0, old=life):
    """Two lives of one tuple; `between` prepares the wire for the second."""
    wire = Wire()
    with Lab(wire) as lab:
        if not timestamps:
            timestamps_off(lab)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            old(lab, listener, CLIENT_PORT)
            recording.snapshot("server")
            time.sleep(gap_s)
            recording.snapshot("server")
            between(wire)
            life(lab, listener, CLIENT_PORT)
            time.sleep(SETTLE_S)
            listener.close()
    capture = recording.seen["server"]
    old_life, new_life = lives_of(capture, CLIENT_PORT)
    return recording, old_life, new_life


def below(wire):
    """The next SYN's sequence number lies 5000 below the one the old life ended with."""
    ours = [s for direction, s in wire.seen if direction == TO_SERVER]
    end = ours[-1].end_seq

    class FromSyn(dict):
        def get(self, port, default=0):
            if port not in self:
                syn = next(s for d, s in reversed(wire.seen) if d == TO_SERVER)
                self[port] = sequence_delta((end - 5000) & 0xFFFFFFFF, syn.seq)
            return self[port]

    wire.sequence = FromSyn()


SHIFTED = """The relay plays a device that gives connections other sequence numbers: """
CLOCKED = """The relay plays a device with a clock of its own in the timestamps: """
LIVES = """One client port is used twice; the server closes the first connection and keeps it in
TIME_WAIT, the second begins %.1f s after its last segment. """


def publish_reuse(name, directory, recording, old, new, wanted, origin, remarks=()):
    entry, answer, outcome = reuse(old, new)
    require(outcome == wanted, "outcome is " + outcome)
    expect = [entry]
    hits = recording.counters["server"]
    require(any(line.startswith("TIME-WAIT") for _, _, line in recording.sockets), "no TIME-WAIT")
    if outcome == "refused_old_ack":
        challenged, _, delay = refusal(new, new, answer)
        expect.append(challenged)
        require(delay < 0.5, "the second try took %.3f s" % delay)
        by_time = "ts" in new[0].options
        require(bool(hits.get("TcpExtPAWSTimewait")) == by_time, "PAWSTimewait: %s" % hits)
        origin += """ The kernel answers with an ACK that carries the old numbers (counter PAWSTimewait:
            %s); the client resets it exactly, which ends TIME_WAIT, and sends its SYN again: SYN-ACK
            %.0f ms after the first SYN.""" % ("1" if by_time else "none", delay * 1000)
    publish(recording, directory, name, LIVES % seconds_between(old[-1], new[0]) + origin, "server",
            expect, remarks=remarks, about=new[0])


def reuse_isn(directory):
    recording, old, new = twice(timestamps=False)
    publish_reuse("tuple-reuse-isn", directory, recording, old, new, "accepted_by_isn", """No
        timestamps; the client's new initial sequence number is higher, so the kernel accepts it.
        Its own new number is the old SND.NXT plus 65537.""")


def reuse_timestamp(directory):
    recording, old, new = twice(timestamps=True, between=below)
    publish_reuse("tuple-reuse-timestamp", directory, recording, old, new, "accepted_by_timestamp",
                  SHIFTED + """the second SYN's lies 5000 below the end of the first life. Its timestamp
                  is newer, and that is why the kernel accepts it.""")


def reuse_both(directory):
    recording, old, new = twice(timestamps=True)
    publish_reuse("tuple-reuse-both", directory, recording, old, new, "accepted_by_timestamp",
                  """What two Linux hosts do by themselves: timestamp newer and initial sequence number
                  higher.""", remarks=["either rule accepts this SYN; the kernel does not say which,"
                                       " so the outcome is left open between accepted_by_timestamp"
                                       " and accepted_by_isn"])


def reuse_refused(directory):
    recording, old, new = twice(timestamps=False, between=below)
    publish_reuse("tuple-reuse-refused", directory, recording, old, new, "refused_old_ack", SHIFTED +
                  """the second SYN's lies 5000 below the end of the first life. No timestamps.""")


def reuse_refused_timestamp(directory):
    def behind(wire):
        wire.clock[CLIENT_PORT] = -600_000

    recording, old, new = twice(timestamps=True, between=behind)
    publish_reuse("tuple-reuse-refused-timestamp", directory, recording, old, new, "refused_old_ack",
                  CLOCKED + """the second SYN's timestamp is ten minutes behind, although its sequence
                  number is higher.""")


def reuse_late(directory):
    recording, old, new = twice(timestamps=False, gap_s=TIME_WAIT_S + 2, between=below)
    require(new[1].has("SA"), "not accepted at once")
    require(not any("TIME-WAIT" in line for _, _, line in recording.sockets[1:]), "still in TIME-WAIT")
    publish(recording, directory, "tuple-reuse-late", LIVES % seconds_between(old[-1], new[0]) + """By
        then the kernel has forgotten it: accepted at once, although the number is lower. Control.""",
            "server", [], absent=["time_wait_reuse"], about=new[0])


def aborted(lab, listener, port):
    """A life that its client ends with an exact RST."""
    client, server = connect(lab, listener, port)
    say(client, server, REQUEST)
    say(server, client, RESPONSE)
    time.sleep(SETTLE_S)
    abort(client)
    time.sleep(SETTLE_S)
    server.close()


def reuse_after_reset(directory):
    recording, old, new = twice(timestamps=False, between=below, old=aborted)
    require(old[-1].has("R") and new[1].has("SA"), "not accepted at once")
    require(not recording.sockets, "a socket is left")
    publish(recording, directory, "tuple-reuse-after-reset", """One client port is used twice. The first
        connection ends with an exact RST, so nothing waits: the second is accepted at once, although
        its number is lower. Control.""", "server", [], absent=["time_wait_reuse"], about=new[0])


def reuse_unanswered(directory):
    """The refusal does not reach the client."""
    wire = Wire()
    with Lab(wire) as lab:
        timestamps_off(lab)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, CLIENT_PORT)
            time.sleep(1.0)
            below(wire)
            wire.drop = lambda direction, segment: direction == TO_CLIENT and segment.is_bare_ack
            require(try_connect(lab, recording, CLIENT_PORT, 2.6) is None, "connected")
            recording.snapshot("server")
            listener.close()
    for point in ("server", "client"):
        old, new = lives_of(recording.seen[point], CLIENT_PORT)
        syns = [s for s in new if is_syn(s)]
        require(len(syns) == 3, "%d SYNs" % len(syns))
        expect, name, where = [], "tuple-reuse-refusal-seen", ""
        if point == "client":
            require(new == syns, "something answers")
            name = "tuple-reuse-unanswered"
            expect = [
                finding("time_wait_reuse", None, "the three SYNs on a tuple that the server still keeps stay"
                        " unanswered; the frame is left open", time_wait__outcome="unanswered"),
                finding("syn_unanswered", syns[2], "third SYN without an answer; the tuple's first life was"
                        " answered")]
            where = "This is the client's side: three SYNs and silence."
        else:
            require(not any(s.has("R") for s in new), "the client resets")
            answers = [new[new.index(syn) + 1] for syn in syns]
            require(all(s.is_bare_ack and s.ack == answers[0].ack for s in answers), "not three refusals")
            expect = [reuse(old, new)[0]]
            expect += [finding("challenge_ack", answer, "answers the SYN of frame %d with the old numbers"
                               % syn.frame) for syn, answer in zip(syns, answers)]
            where = "This is the server's side: each SYN draws the ACK."
        publish(recording, directory, name, LIVES % seconds_between(old[-1], new[0]) + SHIFTED + """the
            second SYN's lies 5000 below the end of the first life. No timestamps. The server refuses with
            an ACK that carries the old numbers, and the relay, as stateful filters do, drops that: the
            client never learns of it, never resets, and gives up. """ + where, point, expect, about=new[0],
                absent=["syn_unanswered"] if point == "server" else ())


def reuse_client_first(directory):
    """The other side's TIME_WAIT: an outgoing connection with tcp_tw_reuse."""
    with Lab() as lab:
        lab.client.sysctl("net.ipv4.ip_local_port_range", "%d %d" % (CLIENT_PORT, CLIENT_PORT))
        lab.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, 0, server_first=False)
            recording.snapshot("client")
            time.sleep(2.0)
            life(lab, listener, 0, server_first=False)
            time.sleep(SETTLE_S)
            listener.close()
    old, new = lives_of(recording.seen["client"], CLIENT_PORT)
    last = next(s for s in old if s.has("F") and s.src == CLIENT_ADDRESS)
    require(sequence_delta(new[0].seq, last.end_seq) == 65537, "the ISN does not tell")
    require(recording.counters["client"].get("TcpExtTWRecycled") == 1, "TWRecycled is not 1")
    publish(recording, directory, "tuple-reuse-client-first", """A client with a single ephemeral port closes
        first and keeps TIME_WAIT itself. With tcp_tw_reuse=1 its next connect takes the same port after
        %.1f s (counter TWRecycled); its initial sequence number is the old SND.NXT plus 65537. The server
        has forgotten the first connection.""" % seconds_between(old[-1], new[0]), "client", [
            finding("time_wait_reuse", new[1], "SYN of frame %d on a tuple whose client closed first; by"
                    " which rule it was accepted is left open, the server keeps nothing"
                    % new[0].frame)],
            about=new[0])


# ---- the same through NAT ----

OFFICE = ("10.0.0.11", "10.0.0.12", "10.0.0.13")
SNAT = """
table ip office {
 chain out { type nat hook postrouting priority srcnat;
  ip saddr 10.0.0.0/24 meta l4proto tcp snat to %s:40000-40003
 }
}"""


def snat_few_ports(directory):
    with Lab() as lab:
        for address in OFFICE:
            lab.client.run("ip", "address", "add", address + "/32", "dev", "lo")
        lab.client.nft(SNAT % CLIENT_ADDRESS)
        for state in ("time_wait", "close", "last_ack"):
            lab.client.sysctl("net.netfilter.nf_conntrack_tcp_timeout_" + state, 1)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            for number in range(14):
                address = OFFICE[number % len(OFFICE)]
                client = lab.client_socket(0, address=address)
                client.connect((SERVER_ADDRESS, PORT))
                server, _ = listener.accept()
                say(client, server, REQUEST)
                say(server, client, RESPONSE)
                close(server, client)
                recording.note(address, "connection %d" % (number + 1))
                time.sleep(0.4)
            recording.ask("client", "conntrack", "-L", "-p", "tcp")
            recording.snapshot("server")
            listener.close()
    capture = recording.seen["server"]
    expect, delays, moved = [], [], 0
    for port in sorted({s.sport for s in capture if is_syn(s)}):
        lives = lives_of(capture, port)
        for old, new in zip(lives, lives[1:]):
            if any(s.has("R") for s in old):
                continue  # the exact RST has ended TIME_WAIT
            entry, answer, outcome = reuse(old, new)
            expect.append(entry)
            if outcome == "refused_old_ack":
                challenged, again, delay = refusal(capture, new, answer)
                expect.append(challenged)
                delays.append(delay)
                moved += again.sport != port
    refused = len(delays)
    require(refused and len(expect) > 2 * refused, "%d refused of %d" % (refused, len(expect)))
    require(recording.counters["server"].get("TcpExtPAWSTimewait") == refused, "PAWSTimewait differs")
    publish(recording, directory, "snat-few-ports", """Three hosts of an office behind one address and
        four source ports (real connection tracking and SNAT in the client's namespace, its timeouts for
        closed flows cut to 1 s), all of them today's Linux with timestamps, whose offset differs from
        connection to connection. The server closes first. A port of the NAT comes back while the server
        still keeps its last connection in TIME_WAIT: where the new timestamp lies behind, the SYN is
        refused, %d times here. The RST makes the NAT forget the flow, too: %d times the next try comes
        from another port, with the same sequence number. From first SYN to SYN-ACK it takes %.0f to
        %.0f ms.""" % (refused, moved, min(delays) * 1000, max(delays) * 1000), "server", expect,
            absent=["tsval_backwards", "syn_unanswered"],
            remarks=["a try that is refused at once goes again within some 30 ms, a second refusal in a"
                     " row costs the full second of the SYN's timer"])


# ---- the past comes back ----

def stale(timestamps):
    """A data segment of the first life arrives again in the second."""
    wire = Wire()
    with Lab(wire) as lab:
        if not timestamps:
            timestamps_off(lab)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, CLIENT_PORT)
            old = next(s for d, s in wire.seen if d == TO_SERVER and s.length)
            time.sleep(1.0)
            client, server = connect(lab, listener, CLIENT_PORT)
            say(client, server, b"PUT /status HTTP/1.1\r\n")
            time.sleep(SETTLE_S)
            lab.relay.inject(TO_SERVER, old.raw)
            time.sleep(SETTLE_S)
            say(client, server, b"Host: www.example.net\r\nContent-Length: 0\r\n\r\n")
            say(server, client, RESPONSE)
            close(server, client)
            time.sleep(SETTLE_S)
            listener.close()
    capture = recording.seen["server"]
    old_life, new_life = lives_of(capture, CLIENT_PORT)
    late = next(s for s in new_life if s.same_packet(old))
    answer = capture[late.frame]
    require(answer.src == SERVER_ADDRESS and answer.is_bare_ack
            and seconds_between(late, answer) < 0.005, "the segment draws no ACK")
    first = next(s for s in old_life if s.same_packet(old))
    expect = [reuse(old_life, new_life)[0],
              finding("stale_segment", late, "frame %d of the tuple's previous life, again" % first.frame)]
    return recording, late, answer, expect, new_life


STALE = """A packet of the first life, a copy of its request, is late and arrives in the second. """


def stale_segment(directory):
    recording, late, _, expect, new = stale(timestamps=False)
    require("TcpExtTCPChallengeACK" not in recording.counters["server"], "a challenge ACK")
    publish(recording, directory, "stale-segment", LIVES % 1.1 + STALE + """No timestamps: its sequence
        number is left of the new window, the kernel drops it and acknowledges what it has.""", "server",
            expect, absent=["acked_data_retransmitted", "challenge_ack"], about=new[0],
            remarks=["the answer is a duplicate ACK by the kernel's counters, no challenge ACK"])


def stale_segment_paws(directory):
    recording, late, answer, expect, new = stale(timestamps=True)
    last = next(s for s in reversed(new) if s.frame < late.frame and s.src == CLIENT_ADDRESS)
    delta = sequence_delta(late.options["ts"][0], last.options["ts"][0])
    require(recording.counters["server"].get("TcpExtPAWSEstab") == 1, "PAWSEstab is not 1")
    require("TcpExtTCPChallengeACK" not in recording.counters["server"], "a challenge ACK")
    expect.append(finding("paws_reject", answer, "answers the late segment, whose TSval is %+d from the"
                          " last one accepted" % delta, tsval__delta=delta))
    publish(recording, directory, "stale-segment-paws", LIVES % 1.1 + STALE + """Its timestamp is older
        than the last one: the kernel drops it (counter PAWSEstab) and acknowledges what it has.""",
            "server", expect, absent=["acked_data_retransmitted", "challenge_ack"], about=new[0],
            remarks=["the answer is a duplicate ACK by the kernel's counters, no challenge ACK"])


# ---- ports that run out ----

RANGE = 50
PERCENT = 80
QUICK_S = 0.002


def spend_ports(lab, recording, count, server_first):
    """Connections from ports the kernel chooses, at once one after the other."""
    listener = lab.server_socket(PORT, backlog=64)
    for number in range(1, count + 1):
        client = lab.client_socket(0)
        try:
            client.connect((SERVER_ADDRESS, PORT))
        except OSError as error:
            recording.note("client", "connect, number %d" % number, error)
            client.close()
            break
        server, _ = listener.accept()
        client.sendall(b"ping\n")
        server.recv(10)
        if server_first:
            close(server, client, 0.03)
        else:
            close(client, server, 0.03)
    recording.snapshot("client")
    time.sleep(SETTLE_S)
    listener.close()
    return number


def with_small_range(count, server_first):
    with Lab(Wire(QUICK_S)) as lab:
        lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 %d" % (40000 + RANGE - 1))
        lab.client.sysctl("net.ipv4.tcp_tw_reuse", 0)
        with lab.record(trace=False) as recording:
            number = spend_ports(lab, recording, count, server_first)
    waiting = [line for _, _, line in recording.sockets if line.startswith("TIME-WAIT")]
    recording.sockets = [(when, host, "%d sockets in TIME-WAIT, such as: %s" % (len(waiting), line))
                         for when, host, line in recording.sockets if line in waiting][:1]
    return recording, number, len(waiting)


SMALL = """The client's range of ephemeral ports has been cut to %d (sysctl ip_local_port_range), so the
preference ephemeral_ports must be %d. """ % (RANGE, RANGE)
PREFERENCES = ("tcptriage.ephemeral_ports:%d" % RANGE,)


def port_exhaustion(directory):
    recording, number, waiting = with_small_range(RANGE + 5, server_first=False)
    capture = recording.seen["client"]
    syns = [s for s in capture if is_syn(s)]
    require(len({s.sport for s in syns}) == len(syns) == RANGE == waiting and number == RANGE + 1,
            "%d SYNs, %d waiting, ended at %d" % (len(syns), waiting, number))
    require(recording.applications[-1][3] == errno.errorcode[errno.EADDRNOTAVAIL], "no EADDRNOTAVAIL")
    line = RANGE * PERCENT // 100
    publish(recording, directory, "port-exhaustion", SMALL + """The client opens and closes one short
        connection after the other and keeps each in TIME_WAIT. Attempt %d fails with EADDRNOTAVAIL;
        nothing of that is on the wire.""" % number, "client", [
            finding("port_exhaustion", syns[line - 1], "port number %d of %d is open or in TIME_WAIT with"
                    " this SYN" % (line, RANGE), ports__in_use=line, ports__range=RANGE)],
            preferences=PREFERENCES, delay_s=QUICK_S)


def port_pressure_below(directory):
    recording, _, waiting = with_small_range(RANGE * PERCENT // 100 - 2, server_first=False)
    publish(recording, directory, "ports-below-pressure", SMALL + """The client opens and closes %d
        connections, two fewer than the line of %d %%. Control.""" % (waiting, PERCENT), "client", [],
            preferences=PREFERENCES, delay_s=QUICK_S)


def ports_server_first(directory):
    recording, _, waiting = with_small_range(RANGE * 2, server_first=True)
    capture = recording.seen["client"]
    require(not waiting, "the client keeps %d in TIME-WAIT" % waiting)
    expect = []
    for port in sorted({s.sport for s in capture if is_syn(s)}):
        lives = lives_of(capture, port)
        expect += [reuse(old, new)[0] for old, new in zip(lives, lives[1:])]
    publish(recording, directory, "ports-server-closes-first", SMALL + """The server closes first, so
        TIME_WAIT is on its side and the client's ports are free at once: %d connections, no shortage.
        Control.""" % (RANGE * 2), "client", expect, absent=["port_exhaustion"],
            preferences=PREFERENCES, delay_s=QUICK_S)


CASES = {
    "tuple-reuse-isn": reuse_isn,
    "tuple-reuse-timestamp": reuse_timestamp,
    "tuple-reuse-both": reuse_both,
    "tuple-reuse-refused": reuse_refused,
    "tuple-reuse-refused-timestamp": reuse_refused_timestamp,
    "tuple-reuse-unanswered": reuse_unanswered,
    "tuple-reuse-refusal-seen": reuse_unanswered,
    "tuple-reuse-client-first": reuse_client_first,
    "tuple-reuse-late": reuse_late,
    "tuple-reuse-after-reset": reuse_after_reset,
    "snat-few-ports": snat_few_ports,
    "stale-segment": stale_segment,
    "stale-segment-paws": stale_segment_paws,
    "port-exhaustion": port_exhaustion,
    "ports-below-pressure": port_pressure_below,
    "ports-server-closes-first": ports_server_first,
}
