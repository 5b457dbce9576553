# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, connections that cannot be opened: full queues, filters that drop
some SYNs and not others, and the server that compared clocks behind NAT."""

import socket
import time

from lives import (PORT, REQUEST, RESPONSE, SETTLE_S, Wire, attempt, close, close_all, flow_of, is_syn,
                   life, publish, say, seconds_between, start_connect, syns_of, take, try_connect,
                   unanswered_again)
from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_CLIENT, TO_SERVER, Lab, pass_on
from publish import finding, require
from segments import make, readdressed, sequence_delta

FIRST, SECOND, THIRD, FOURTH = 40001, 40002, 40003, 40004
HANDSHAKE_S = 6 * ONE_WAY_S


# ---- the accept queue ----

def crowd(backlog, accept_after_s, sysctls=(), end_s=0.5):
    """Two clients connect, then two more at the same moment; the last one also
    asks something. Nobody accepts for a while.

    A backlog of 2 has room for three. The SYNs of the last two arrive before
    their final ACKs, so both are answered; the fourth ACK finds the queue full.
    (More than two at once would be answered with cookies.)"""
    with Lab() as lab:
        for key, value in sysctls:
            lab.server.sysctl("net.ipv4." + key, value)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT, backlog=backlog)
            clients = []
            for port in (FIRST, SECOND, THIRD, FOURTH):
                clients.append(start_connect(lab, port))
                if port != THIRD:
                    time.sleep(HANDSHAKE_S)
            start = time.monotonic()
            recording.snapshot("server", listeners=True)
            recording.snapshot("client")
            time.sleep(0.3)
            attempt(recording, "client", "fourth client: send", clients[-1].send, REQUEST)
            time.sleep(max(0.0, start + accept_after_s - time.monotonic()))
            recording.snapshot("server", listeners=True)
            servers = serve_crowd(recording, listener, clients[-1])
            close_all(*servers)
            time.sleep(HANDSHAKE_S)
            close_all(*clients)
            time.sleep(end_s)
            listener.close()
    capture = recording.seen["server"]
    fourth = flow_of(capture, FOURTH)
    final = next(s for s in fourth if s.src == CLIENT_ADDRESS and s.is_bare_ack)
    answers = [s for s in fourth if s.has("SA")]
    return recording, fourth, final, answers


def serve_crowd(recording, listener, asking):
    """Accept who is there, answer the one that asks."""
    servers = []
    listener.settimeout(4)
    while len(servers) < 4:
        server = attempt(recording, "server", "accept", listener.accept)
        if server is None:
            break
        servers.append(server[0])
    for server in servers:
        if server.getpeername()[1] == FOURTH:
            server.settimeout(5)
            take(server, len(REQUEST))
            server.sendall(RESPONSE)
            asking.settimeout(2)
            take(asking, len(RESPONSE))
            recording.note("client", "fourth client: answer received")
    return servers


QUEUE = """Two clients connect, then two more at the same moment, to a listener with %s. """
SMALL_QUEUE = QUEUE % """a backlog of 2, whose accept queue holds three; nobody accepts yet"""


def overflows(recording):
    return recording.counters["server"].get("TcpExtListenOverflows", 0)


def overflow_silent(directory):
    recording, fourth, final, answers = crowd(2, 1.9)
    require(len(answers) == 2 and answers[1].seq == answers[0].seq, "%d SYN-ACKs" % len(answers))
    data = next(s for s in fourth if s.src == CLIENT_ADDRESS and s.length)
    require(final.frame < data.frame < answers[1].frame, "no data before the second SYN-ACK")
    require(overflows(recording) >= 2, "the queue did not overflow")
    require(recording.applications[-1][2].endswith("answer received"), "no answer at last")
    publish(recording, directory, "accept-queue-overflow", SMALL_QUEUE + """The fourth's final ACK is
        dropped without a word, and so is its request; the client believes it is connected. The SYN-ACK
        comes again after a second, is answered again, and dropped again. Then the application accepts,
        and the next retransmission of the request completes the handshake.""", "server", [
            finding("accept_queue_overflow", answers[1], "the SYN-ACK again, %.2f s after a valid final ACK"
                    " (frame %d) and %.2f s after a request (frame %d)" % (
                        seconds_between(final, answers[1]), final.frame,
                        seconds_between(data, answers[1]), data.frame))],
            absent=["peer_silent"], about=fourth[0],
            remarks=["the client's answer to the second SYN-ACK is a challenge ACK by its kernel's counter"
                     " TCPSYNChallenge; whether challenge_ack is raised there is left open"])


def overflow_long(directory):
    recording, fourth, final, answers = crowd(2, 3.4)
    require(len(answers) == 3, "%d SYN-ACKs" % len(answers))
    publish(recording, directory, "accept-queue-overflow-long", SMALL_QUEUE + """As
        accept-queue-overflow, but the application accepts only after 3.4 s: SYN-ACK again after one and
        three seconds.""", "server", [
            finding("accept_queue_overflow", answers[1], "the SYN-ACK again, %.2f s after a valid final"
                    " ACK (frame %d)" % (seconds_between(final, answers[1]), final.frame))],
            remarks=["the request's fifth retransmission is the one that is answered; whether"
                     " peer_silent may stand there is left open: the server sent SYN-ACKs in between"],
            about=fourth[0])


def overflow_abort(directory):
    recording, fourth, final, answers = crowd(
        2, 0.8, [("tcp_abort_on_overflow", 1)])
    reset = next(s for s in fourth if s.has("R"))
    require(reset.src == SERVER_ADDRESS and reset.seq == final.ack and len(answers) == 1, "not that RST")
    require(overflows(recording) == 1, "overflows: %d" % overflows(recording))
    publish(recording, directory, "accept-queue-abort", SMALL_QUEUE + """The server has
        tcp_abort_on_overflow set: the fourth's final ACK draws a RST.""", "server", [
            finding("syn_refused_by_reset", reset, "answers the handshake's final ACK (frame %d), with that"
                    " ACK's number and no ACK flag" % final.frame)], about=fourth[0])


def overflow_cookies(directory):
    recording, fourth, final, answers = crowd(
        2, 5.2, [("tcp_syncookies", 2)])
    require(len(answers) == 1, "the SYN-ACK is sent again")
    data = next(s for s in fourth if s.src == CLIENT_ADDRESS and s.length)
    again = unanswered_again(fourth, data)
    require(len(again) >= 5, "only %d retransmissions" % len(again))
    require(recording.counters["server"].get("TcpExtSyncookiesSent") == 4, "no cookies")
    publish(recording, directory, "accept-queue-cookies", SMALL_QUEUE + """The server answers every SYN with
        a cookie (tcp_syncookies=2) and keeps nothing: the fourth's final ACK and its request are dropped
        without a word, and no SYN-ACK comes again. Only the retransmissions show it, until the
        application accepts.""", "server", [
            finding("peer_silent", again[4], "fifth retransmission of frame %d at the server, which had sent"
                    " only its SYN-ACK" % data.frame)], absent=["accept_queue_overflow"], about=fourth[0],
            remarks=["the server answers within ten seconds; the path to it is 0.05 ms long, and loses nothing"])


def queue_roomy(directory):
    recording, fourth, _, answers = crowd(8, 1.9)
    require(len(answers) == 1 and not overflows(recording), "the queue overflowed")
    publish(recording, directory, "accept-queue-roomy", QUEUE % "a backlog of 8" + """The application
        accepts after 1.9 s, but the kernel has answered all it got in the meantime. Control.""",
            "server", [], about=fourth[0])


def listener_closed(directory):
    """The server stops listening in the middle of a handshake."""
    slow_s = 0.1
    with Lab(Wire(slow_s)) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        life(lab, listener, FIRST)
        time.sleep(SETTLE_S)
        client = start_connect(lab, SECOND)
        time.sleep(2 * slow_s)  # SYN answered, final ACK not yet there
        listener.close()
        recording.note("server", "listener closed")
        time.sleep(3 * slow_s)
        client.settimeout(1)
        attempt(recording, "client", "send", client.send, REQUEST)
    client.close()
    capture = recording.seen["server"]
    flow = flow_of(capture, SECOND)
    require([s.flags for s in flow] == ["S", "SA", "A", "R"] and flow[3].seq == flow[2].ack,
            "not that RST")
    require(not overflows(recording), "the queue overflowed")
    publish(recording, directory, "listener-closed", """The server stops listening between its SYN-ACK and the
        client's final ACK, as in a restart: that ACK draws a RST.""", "server", [
            finding("syn_refused_by_reset", flow[3], "answers the handshake's final ACK (frame %d)"
                    % flow[2].frame)], delay_s=slow_s, about=flow[0])


def queue_full_syn(directory):
    """Two wait to be accepted; the third's SYN is not answered at all."""
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT, backlog=1)
        clients = [start_connect(lab, port) for port in (FIRST, SECOND)]
        time.sleep(1.0)
        recording.snapshot("server", listeners=True)
        clients.append(start_connect(lab, THIRD))
        time.sleep(2.5)
        recording.snapshot("server", listeners=True)
        servers = []
        for _ in range(3):
            servers.append(attempt(recording, "server", "accept", listener.accept)[0])
        close_all(*servers)
        time.sleep(SETTLE_S)
        close_all(*clients)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["server"]
    syns = syns_of(capture, THIRD)
    require(len(syns) == 4 and flow_of(capture, THIRD)[4].has("SA"), "%d SYNs" % len(syns))
    require(overflows(recording) == 3, "overflows: %d" % overflows(recording))
    publish(recording, directory, "accept-queue-full-syn", """A listener with a backlog of 1; two clients
        are connected and wait to be accepted. The third client's SYN is dropped three times (counter
        ListenOverflows); then the application accepts, and the fourth is answered.""", "server", [
            finding("syn_unanswered", syns[2], "third SYN; port %d of the same address was answered %.1f s"
                    " before the first" % (SECOND, seconds_between(
                        next(s for s in flow_of(capture, SECOND) if s.has("SA")), syns[0])))],
            absent=["tsval_backwards"], about=syns[0])


DEFER_S = 5


def deferred(name, ask_after_s, origin, directory, again):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, DEFER_S)
        client = lab.client_socket(FIRST)
        client.connect((SERVER_ADDRESS, PORT))
        time.sleep(SETTLE_S)
        recording.snapshot("server")
        time.sleep(ask_after_s)
        client.sendall(REQUEST)
        server, _ = listener.accept()
        server.settimeout(5)
        take(server, len(REQUEST))
        say(server, client, RESPONSE)
        close(client, server)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["server"]
    answers = [s for s in capture if s.has("SA")]
    require((len(answers) > 1) == again, "%d SYN-ACKs" % len(answers))
    require(not overflows(recording), "the queue overflowed")
    publish(recording, directory, name, """A listener with TCP_DEFER_ACCEPT (%d s) ignores the bare final
        ACK on purpose. """ % DEFER_S + origin + " Control.", "server", [], absent=["accept_queue_overflow"])


def defer_accept(directory):
    deferred("defer-accept", 0.3, "The client asks soon and is served.", directory, False)


def defer_accept_silent(directory):
    deferred("defer-accept-silent", 9.0, """The client has nothing to say for nine seconds: the
        SYN-ACK comes again, its answer completes the handshake.""", directory, True)


# ---- SYNs that are dropped, and others that are not ----

FILTER = """
table ip lab {
 chain behind_capture { type filter hook prerouting priority raw;
  tcp dport %d tcp sport %d tcp flags & (syn|ack) == syn counter drop
 }
}"""


def syn_filtered(directory):
    with Lab() as lab:
        lab.server.nft(FILTER % (PORT, THIRD))
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, FIRST)
            time.sleep(0.5)
            stuck = start_connect(lab, THIRD)
            time.sleep(1.4)
            life(lab, listener, SECOND)
            time.sleep(2.2)
            recording.snapshot("client")
            recording.note("client", "connect from port %d given up" % THIRD)
            stuck.close()
            life(lab, listener, 40004)
            recording.ask("server", "nft", "list", "table", "ip", "lab", only="counter")
            time.sleep(SETTLE_S)
            listener.close()
    capture = recording.seen["server"]
    syns = syns_of(capture, THIRD)
    require(len(syns) == len(flow_of(capture, THIRD)) == 4, "%d SYNs" % len(syns))
    require("packets 4 " in recording.answers[-1][3][0], "the filter: %s" % recording.answers[-1][3])
    publish(recording, directory, "syn-filtered", """A filter behind the capture point drops the SYNs of one
        client port, %d (its counter: 4 packets). Other connections of the same client to the same port
        are answered before, between and after.""" % THIRD, "server", [
            finding("syn_unanswered", syns[2], "third SYN without an answer; ports %d and %d were answered"
                    " before and between" % (FIRST, SECOND))],
            absent=["tsval_backwards", "accept_queue_overflow"], about=syns[0],
            remarks=["today's clients: timestamps of different connections prove nothing",
                     "the capture rules out a full accept queue: no SYN-ACK is sent again, and"
                     " connections are accepted between the tries"])


def syn_lost_once(directory):
    state = {"lost": 0}

    def lose_one(direction, segment):
        if direction == TO_SERVER and is_syn(segment) and segment.sport == THIRD and not state["lost"]:
            state["lost"] += 1
            return []
        return pass_on(direction, segment)

    with Lab(lose_one) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        life(lab, listener, FIRST)
        life(lab, listener, THIRD)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["client"]
    require(len(syns_of(capture, THIRD)) == 2, "not two SYNs")
    publish(recording, directory, "syn-lost-once", """One SYN is lost, the second try is answered.
        Control.""", "client", [finding("syn_delayed", flow_of(capture, THIRD)[2], "the SYN-ACK that answers the"
                                        " second try", syn__tries=2)], about=syns_of(capture, THIRD)[0])


def refusals(resets):
    return [finding("connection_refused", reset, "the RST that answers the SYN of a port on which nobody listens",
                    syn__tries=1) for reset in resets]


def port_closed(directory):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        life(lab, listener, FIRST)
        for port in (SECOND, THIRD):
            require(try_connect(lab, recording, port, 5, 81) is None, "not refused")
        life(lab, listener, 40004)
        time.sleep(SETTLE_S)
        listener.close()
    resets = [s for s in recording.seen["client"] if s.has("R")]
    require(len(resets) == 2 and all(s.has("RA") for s in resets), "not two refusals")
    publish(recording, directory, "port-closed", """Nobody listens on one of two ports: its SYNs draw a RST
        at once. Control.""", "client", refusals(resets))


def health_check(directory):
    """Half-open checks: the checking host's kernel knows nothing of them and resets."""
    with Lab(Wire()) as lab:
        wire = lab.rule
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, FIRST)
            like = next(s for d, s in wire.seen if d == TO_SERVER)
            for number in range(5):
                probe = make(like, "S", 1_000_000 * (number + 1), window=64240)
                probe = readdressed(probe, 41000 + number)
                lab.relay.inject(TO_SERVER, probe)
                time.sleep(0.5)
            life(lab, listener, SECOND)
            time.sleep(SETTLE_S)
            listener.close()
    capture = recording.seen["server"]
    for number in range(5):
        flags = [s.flags for s in flow_of(capture, 41000 + number)]
        require(flags == ["S", "SA", "R"], "a check looks like %s" % flags)
    publish(recording, directory, "health-check", """A load balancer checks the port every half second
        with a SYN (made by the relay); the SYN-ACK meets a host that knows nothing and answers with a
        RST. Ordinary connections before and after. Control.""", "server", [],
            absent=["syn_refused_by_reset"])


# ---- floods and scans ----

FLOOD = 60


def flood(lab, like):
    """SYNs from forged addresses; their SYN-ACKs go nowhere."""
    syn = make(like, "S", 0x12345678, window=1024)
    for number in range(FLOOD):
        lab.relay.inject(TO_SERVER, readdressed(syn, 1024 + 7 * number, "203.0.113.%d" % (number + 1)),
                         number * 0.002)


def flooded(syncookies, then):
    """A connection, a flood, and another try of the same client."""
    wire = Wire()
    with Lab(wire) as lab:
        lab.server.sysctl("net.ipv4.tcp_syncookies", syncookies)
        lab.server.run("ip", "route", "add", "203.0.113.0/24", "via", CLIENT_ADDRESS, "dev", "server0",
                       "onlink")
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT, backlog=16)
            life(lab, listener, FIRST)
            flood(lab, next(s for _, s in wire.seen))
            time.sleep(0.5)
            recording.ask("server", "ss", "-tanH", "state", "syn-recv", only="203.0.113.1:")
            then(lab, recording, listener)
            time.sleep(1.0)
            listener.close()
    return recording


FLOODED = """%d forged SYNs, each from an address of its own, arrive within %.2f s at a listener with a
backlog of 16. """ % (FLOOD, FLOOD * 0.002)


def syn_flood(directory):
    recording = flooded(1, lambda lab, recording, listener: (life(lab, listener, SECOND), time.sleep(2.0)))
    capture = recording.seen["server"]
    cookies = recording.counters["server"].get("TcpExtTCPReqQFullDoCookies", 0)
    again = recording.counters["server"].get("TcpExtTCPSynRetrans", 0)
    require(cookies and again, "%d cookies, %d SYN-ACKs again" % (cookies, again))
    require(len(syns_of(capture, SECOND)) == 1, "the client's SYN was sent again")
    publish(recording, directory, "syn-flood", FLOODED + """The server sends %d cookies and %d SYN-ACKs
        again; a client is served all the same. Control.""" % (cookies, again), "server", [],
            absent=["accept_queue_overflow", "syn_unanswered"])


def syn_queue_full(directory):
    def stuck(lab, recording, _listener):
        require(try_connect(lab, recording, SECOND, 2.6) is None, "connected")

    recording = flooded(0, stuck)
    capture = recording.seen["server"]
    syns = syns_of(capture, SECOND)
    require(len(syns) == len(flow_of(capture, SECOND)) == 3, "%d SYNs" % len(syns))
    drops = recording.counters["server"].get("TcpExtTCPReqQFullDrop", 0)
    require(drops >= 3 and not overflows(recording), "TCPReqQFullDrop: %d" % drops)
    publish(recording, directory, "syn-queue-full", FLOODED + """SYN cookies are off: the queue of half-open
        connections is full, and a client that was served before gets no answer (counter TCPReqQFullDrop:
        %d).""" % drops, "server", [
            finding("syn_unanswered", syns[2], "third SYN without an answer; port %d of the same address was"
                    " answered before" % FIRST)],
            absent=["accept_queue_overflow", "tsval_backwards"], about=syns[0],
            remarks=["half-open connections of many addresses and no final ACK that is ignored: the SYN"
                     " queue, not the accept queue"])


SCAN_FILTER = """
table ip lab {
 chain behind_capture { type filter hook prerouting priority raw;
  tcp dport 1020-1039 counter drop
 }
}"""


def port_scan(directory):
    with Lab() as lab:
        lab.server.nft(SCAN_FILTER)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, FIRST)
            scans = [start_connect(lab, 43000 + port, port) for port in range(1000, 1040)]
            time.sleep(2.6)
            close_all(*scans)
            life(lab, listener, SECOND)
            time.sleep(SETTLE_S)
            listener.close()
    capture = recording.seen["server"]
    resets = [s for s in capture if s.has("R")]
    require(len(resets) == 20, "not twenty refusals")
    publish(recording, directory, "port-scan", """One address tries forty ports: half are closed and draw
        RSTs, half are filtered and stay silent for three tries. Its ordinary connections before and after are
        served. Control.""", "server", refusals(resets), absent=["syn_refused_by_reset", "syn_unanswered"])


# ---- one address, two clocks, and a server that compares them ----

AHEAD, BEHIND = 3_600_000, 1_200_000  # milliseconds since each host's start
PATIENCE_S = 3.8


class Office(Wire):
    """A NAT in front of two old hosts: each has one clock for all its connections."""

    def __init__(self):
        super().__init__(ONE_WAY_S / 2)
        self.start = time.monotonic()
        self.hosts = {}  # port -> clock at the start

    def __call__(self, direction, segment):
        port = segment.sport if direction == TO_SERVER else segment.dport
        if port not in self.clock and direction == TO_SERVER and "ts" in segment.options:
            now = self.hosts[port] + int((time.monotonic() - self.start) * 1000)
            self.clock[port] = sequence_delta(now, segment.options["ts"][0])
        return super().__call__(direction, segment)


class RecyclingServer:
    """The wire in front of a server with tcp_tw_recycle: drops SYNs whose
    timestamp lies behind the last one of a connection that the server closed."""

    MEMORY_S = 60

    def __init__(self, switched_on):
        self.switched_on = switched_on
        self.closing, self.last = set(), None
        self.dropped = []

    def __call__(self, direction, segment):
        port = segment.sport if direction == TO_SERVER else segment.dport
        now = time.monotonic()
        if direction == TO_CLIENT and segment.has("F"):
            self.closing.add(port)
        elif direction == TO_SERVER and "ts" in segment.options:
            stamp = segment.options["ts"][0]
            if is_syn(segment):
                self.closing.discard(port)
                if (self.switched_on and self.last and now - self.last[1] < self.MEMORY_S
                        and sequence_delta(self.last[0], stamp) > 1):
                    self.dropped.append(segment)
                    return []
            elif port in self.closing and segment.has("F"):
                if not self.last or sequence_delta(stamp, self.last[0]) >= 0:
                    self.last = (stamp, now)
        return [(ONE_WAY_S / 2, segment.raw)]


def two_clocks(switched_on):
    office, server = Office(), RecyclingServer(switched_on)
    ports = {BEHIND: iter(range(41001, 41010)), AHEAD: iter(range(42001, 42010))}

    def port_of(host):
        port = next(ports[host])
        office.hosts[port] = host
        return port

    with Lab(server, office) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        for host in (BEHIND, BEHIND, AHEAD, AHEAD, AHEAD):
            life(lab, listener, port_of(host))
            time.sleep(0.3)
        stuck_port = port_of(BEHIND)
        if switched_on:
            stuck = start_connect(lab, stuck_port)
            time.sleep(1.4)
            life(lab, listener, port_of(AHEAD))
            time.sleep(2.2)
            recording.note("client", "connect from port %d given up" % stuck_port)
            stuck.close()
        else:
            life(lab, listener, stuck_port)
        life(lab, listener, port_of(AHEAD))
        time.sleep(SETTLE_S)
        listener.close()
    return recording, server, stuck_port


CLOCKS = """Two old hosts behind one address: the relay next to the client plays their NAT and gives each
host one clock for all its connections, one %d s ahead of the other. The server closes first. """ % (
    (AHEAD - BEHIND) // 1000)


def tsval_backwards(directory):
    recording, server, port = two_clocks(switched_on=True)
    capture = recording.seen["middle"]
    syns = syns_of(capture, port)
    require(len(syns) == 4 == len(server.dropped) and all(s.sport == port for s in server.dropped),
            "%d SYNs, %d dropped" % (len(syns), len(server.dropped)))
    latest = next(s for s in reversed(capture[:syns[2].frame - 1]) if s.src == CLIENT_ADDRESS
                  and s.sport != port and "ts" in s.options)
    delta = sequence_delta(syns[2].options["ts"][0], latest.options["ts"][0])
    require(delta < -2_000_000, "the clock is %d behind" % delta)
    publish(recording, directory, "nat-two-clocks-recycle", CLOCKS + """The relay next to the server plays a
        server with tcp_tw_recycle (Linux before 4.12): it remembers the last timestamp of connections
        the server closed, and drops without a word SYNs behind it, for 60 s. It dropped %d SYNs here, all
        of them from the host whose clock is behind.""" % len(server.dropped), "middle", [
            finding("syn_unanswered", syns[2], "third SYN without an answer; others of this address were"
                    " answered before and between"),
            finding("tsval_backwards", syns[2], "TSval %+d from that of frame %d, same address; the earlier"
                    " connections fit two clocks, the server closed them" % (delta, latest.frame),
                    tsval__clocks=2)], about=syns[0])


def two_clocks_healthy(directory):
    recording, server, port = two_clocks(switched_on=False)
    capture = recording.seen["middle"]
    require(len(syns_of(capture, port)) == 1 and not server.dropped, "a SYN was sent again")
    publish(recording, directory, "nat-two-clocks-healthy", CLOCKS + """The server does not care and
        answers all. Control.""", "middle", [], about=syns_of(capture, port)[0])


CASES = {
    "accept-queue-overflow": overflow_silent,
    "accept-queue-overflow-long": overflow_long,
    "accept-queue-abort": overflow_abort,
    "accept-queue-cookies": overflow_cookies,
    "listener-closed": listener_closed,
    "accept-queue-full-syn": queue_full_syn,
    "accept-queue-roomy": queue_roomy,
    "defer-accept": defer_accept,
    "defer-accept-silent": defer_accept_silent,
    "syn-filtered": syn_filtered,
    "syn-lost-once": syn_lost_once,
    "port-closed": port_closed,
    "health-check": health_check,
    "syn-flood": syn_flood,
    "syn-queue-full": syn_queue_full,
    "port-scan": port_scan,
    "nat-two-clocks-recycle": tsval_backwards,
    "nat-two-clocks-healthy": two_clocks_healthy,
}
