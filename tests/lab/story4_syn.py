# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, handshakes that a device spoils: first SYNs and SYN-ACKs that are
dropped, ECN that is refused, cookies, a scan and a flood."""

import time

from lives import (PORT, SETTLE_S, Wire, close_all, flow_of, is_syn, life, publish, start_connect, syns_of,
                   try_connect)
from netlab import CLIENT_ADDRESS, TO_CLIENT, TO_SERVER, Lab, pass_on
from publish import finding, require
from segments import make, readdressed

PORTS = (40001, 40002, 40003, 40004)


def syn_acks_of(capture, port):
    return [s for s in flow_of(capture, port) if s.has("SA")]


# ---- SYNs and SYN-ACKs that are dropped ----

def first_syn_dropped(directory):
    known = set()

    def drop_first(direction, segment):
        if direction == TO_SERVER and is_syn(segment) and segment.sport not in known:
            known.add(segment.sport)
            return []
        return pass_on(direction, segment)

    with Lab(drop_first) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        for port in PORTS:
            life(lab, listener, port)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["client"]
    answers = [syn_acks_of(capture, port)[0] for port in PORTS]
    require(all(len(syns_of(capture, port)) == 2 for port in PORTS), "not two SYNs each")
    publish(recording, directory, "first-syn-dropped", """A device drops the first SYN of each connection, and
        passes its retry.""", "client", [
            *(finding("syn_delayed", answer, "the SYN-ACK that answers the second try", syn__tries=2)
              for answer in answers),
            finding("first_syn_always_lost", answers[2], "the third connection in a row",
                    syn__delayed_connections=3, syn__connections=3)], about=syns_of(capture, PORTS[0])[0])


def syn_ack_dropped(directory):
    def drop_answers(direction, segment):
        if direction == TO_CLIENT and segment.has("SA") and segment.dport == PORTS[1]:
            return []
        return pass_on(direction, segment)

    with Lab(drop_answers) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        life(lab, listener, PORTS[0])
        require(try_connect(lab, recording, PORTS[1], 3.6) is None, "connected")
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["server"]
    syns = syns_of(capture, PORTS[1])
    require(len(syns) >= 3, "%d SYNs" % len(syns))
    publish(recording, directory, "syn-ack-dropped", """A device on the way back drops the SYN-ACKs of one
        connection; another one of the same client was served before.""", "server", [
            finding("synack_not_received", syns[2], "the second repeat of a SYN that was answered")],
            about=syns[0], absent=["accept_queue_overflow", "connect_unanswered", "syn_unanswered"])


# ---- ECN ----

REFUSE_ECN = """
table ip lab {
 chain behind_capture { type filter hook input priority 0;
  tcp dport %d tcp flags & (syn | ecn | cwr) == (syn | ecn | cwr) counter reject with tcp reset
 }
}""" % PORT


def asking_for_ecn(lab, recording, listener, first):
    """Two connects that ask for ECN, then one that does not."""
    lab.client.sysctl("net.ipv4.tcp_ecn", 1)
    for port in PORTS[:2]:
        first(lab, recording, listener, port)
        time.sleep(0.3)
    lab.client.sysctl("net.ipv4.tcp_ecn", 0)
    life(lab, listener, PORTS[2])


def ecn_refused(directory):
    def is_refused(lab, recording, _listener, port):
        require(try_connect(lab, recording, port, 2) is None, "connected")

    with Lab() as lab:
        lab.server.nft(REFUSE_ECN)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            asking_for_ecn(lab, recording, listener, is_refused)
            time.sleep(SETTLE_S)
            listener.close()
    capture = recording.seen["client"]
    resets = [s for s in capture if s.has("R")]
    require(len(resets) == 2, "not two refusals")
    asked = syns_of(capture, PORTS[1])[0]
    publish(recording, directory, "ecn-refused", """A filter resets SYNs that ask for ECN; the same client
        without it is served.""", "client", [
            *(finding("connection_refused", reset, "the RST that answers the SYN", syn__tries=1)
              for reset in resets),
            finding("ecn_refused", syn_acks_of(capture, PORTS[2])[0],
                    "the answer to the SYN without ECN, after two with it were reset",
                    ecn__refused_in=asked.frame)], about=asked)


def ecn_taken(directory):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        asking_for_ecn(lab, recording, listener, lambda _lab, _recording, _listener, port:
                       life(_lab, _listener, port))
        time.sleep(SETTLE_S)
        listener.close()
    publish(recording, directory, "ecn-taken", """A client asks for ECN and is served, then one that does not
        ask. Control.""", "client", [], absent=["ecn_refused"])


# ---- cookies ----

def cookies(directory, name, timestamps):
    with Lab() as lab:
        lab.client.sysctl("net.ipv4.tcp_timestamps", timestamps)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            life(lab, listener, PORTS[0])
            lab.server.sysctl("net.ipv4.tcp_syncookies", 2)
            for port in PORTS[1:]:
                life(lab, listener, port)
            time.sleep(SETTLE_S)
            listener.close()
    sent = recording.counters["server"].get("TcpExtSyncookiesSent", 0)
    require(sent == 3, "%d cookies" % sent)
    capture = recording.seen["server"]
    if timestamps:
        publish(recording, directory, name, """The server answers with SYN cookies (tcp_syncookies=2) from the
            second connection on; its clients have timestamps, which keep the options. Control.""", "server", [],
                absent=["syn_cookie"])
        return
    publish(recording, directory, name, """The server answers with SYN cookies (tcp_syncookies=2) from the
        second connection on; its clients have no timestamps.""", "server", [
            finding("syn_cookie", syn_acks_of(capture, PORTS[1])[0],
                    "the first SYN-ACK without window scale and SACK, once per port")],
            about=syns_of(capture, PORTS[1])[0])


def syn_cookies(directory):
    cookies(directory, "syn-cookies", 0)


def syn_cookies_timestamps(directory):
    cookies(directory, "syn-cookies-timestamps", 1)


# ---- a scan and a flood ----

SCANNED = range(1000, 1060)
SYNS = 560
SYN_EACH_S = 0.004


def scan_of_sixty(directory):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        life(lab, listener, PORTS[0])
        for port in SCANNED:
            close_all(start_connect(lab, 43000 + port, port))
            time.sleep(0.03)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["server"]
    syns = [s for s in capture if is_syn(s) and s.dport != PORT]
    resets = [s for s in capture if s.has("R") and s.sport != PORT]
    require(len(syns) == len(resets) == len(SCANNED), "%d SYNs, %d RSTs" % (len(syns), len(resets)))
    line = syns[48]  # the service of the life before is one, too
    publish(recording, directory, "port-scan-of-sixty", """One address tries sixty closed ports, 30 ms apart.""",
            "server", [
                *(finding("connection_refused", reset, "the RST that answers a SYN before the scan is one")
                  for reset, syn in zip(resets, syns) if syn.frame < line.frame),
                finding("port_scan", line, "the fiftieth port; the values are those of the end", scan__targets=len(SCANNED) + 1,
                        scan__open=0)])


def flood_dropped(directory):
    wire = Wire()
    with Lab(wire) as lab:
        lab.server.sysctl("net.ipv4.tcp_syncookies", 0)
        lab.server.sysctl("net.ipv4.tcp_synack_retries", 0)
        lab.server.run("ip", "route", "add", "203.0.113.0/24", "via", CLIENT_ADDRESS, "dev", "server0", "onlink")
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT, backlog=16)
            life(lab, listener, PORTS[0])
            syn = make(next(s for _, s in wire.seen), "S", 0x12345678, window=1024)
            for number in range(SYNS):
                lab.relay.inject(TO_SERVER, readdressed(syn, 1024 + number, "203.0.113.%d" % (number % 250 + 1)),
                                 number * SYN_EACH_S)
            time.sleep(SYNS * SYN_EACH_S + 1)
            listener.close()
    capture = recording.seen["server"]
    arrived = [s for s in capture if is_syn(s)]
    require(len(arrived) >= 550, "%d SYNs" % len(arrived))
    publish(recording, directory, "syn-flood-dropped", """%d forged SYNs of 250 addresses arrive within %.1f s at a
        listener without SYN cookies and with a backlog of 16: nearly all are dropped.""" % (SYNS, SYNS * SYN_EACH_S),
            "server", [finding("syn_flood", flood_line(arrived), "the five hundredth SYN, while one has completed", flood__completed=1)])


def flood_line(arrived):
    """The first SYN at which the rule holds: 500 SYNs, a quarter of them older than half a second, and one completed."""
    for number, syn in enumerate(arrived, 1):
        ripe = sum(1 for s in arrived[:number] if syn.time_ns - s.time_ns >= 500_000_000)
        if number >= 500 and ripe >= 125:
            return syn
    return arrived[-1]


CASES = {
    "first-syn-dropped": first_syn_dropped,
    "syn-ack-dropped": syn_ack_dropped,
    "ecn-refused": ecn_refused,
    "ecn-taken": ecn_taken,
    "syn-cookies": syn_cookies,
    "syn-cookies-timestamps": syn_cookies_timestamps,
    "port-scan-of-sixty": scan_of_sixty,
    "syn-flood-dropped": flood_dropped,
}
