# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, what is wrong with the way: a link whose MTU is smaller, with ICMP
and without; a filter that rejects; a NAT that loses its entry."""

import socket
import struct
import time

from lives import PORT, REQUEST, RESPONSE, SETTLE_S, connect, publish, say, start_connect
from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_CLIENT, TO_SERVER, Lab
from publish import finding, require
from segments import ETHERNET, internet_sum, readdressed, sequence_delta, with_header_checksum

FIRST, NAT_PORT = 40001, 1024
NARROW_MTU = 1400
BODY = b"x" * 3000  # two full segments and a short one


# ---- a link that is too narrow ----

def error_for(segment, kind, code, rest):
    """The ICMP error of a router (RFC 792) for a segment of the client."""
    quoted = segment.raw[ETHERNET:ETHERNET + segment.ip_header + 8]
    message = bytearray(struct.pack("!BBHI", kind, code, 0, rest) + quoted)
    struct.pack_into("!H", message, 2, ~internet_sum(bytes(message)) & 0xFFFF)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0) + bytes(
        map(int, "203.0.113.1".split("."))) + segment.raw[ETHERNET + 12:ETHERNET + 16]
    frame = segment.raw[6:12] + segment.raw[:6] + b"\x08\x00" + header + bytes(message)
    return with_header_checksum(frame)


def narrow(lab_of, tells):
    """A rule: what is longer than the link takes is dropped; the router says so, or not."""
    def rule(direction, segment):
        if direction == TO_SERVER and segment.ip_len > NARROW_MTU:
            if tells:
                lab_of[0].relay.inject(TO_CLIENT, error_for(segment, 3, 4, NARROW_MTU), ONE_WAY_S)
            return []
        return [(ONE_WAY_S, segment.raw)]
    return rule


def upload(tells, probing, patience_s):
    """A small request that is answered, then one that needs full segments."""
    lab_of = [None]
    with Lab(narrow(lab_of, tells)) as lab:
        lab_of[0] = lab
        lab.client.sysctl("net.ipv4.tcp_mtu_probing", probing)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect(lab, listener, FIRST)
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
            client.sendall(BODY)
            time.sleep(patience_s)
            recording.snapshot("client")
            client.close()
            server.close()
            time.sleep(SETTLE_S)
            listener.close()
    return recording, recording.seen["client"]


def stuck_segment(capture):
    """The first long segment, its repeats, and the ACK that tells of the short one behind it."""
    first = next(s for s in capture if s.src == CLIENT_ADDRESS and s.ip_len > NARROW_MTU)
    repeats = [s for s in capture if s.src == CLIENT_ADDRESS and s.seq == first.seq and s.frame > first.frame]
    selective = next(s for s in capture if s.src == SERVER_ADDRESS and s.options.get("sack"))
    return first, repeats, selective


def blackhole(directory):
    recording, capture = upload(tells=False, probing=0, patience_s=4.0)
    first, repeats, selective = stuck_segment(capture)
    full = [s for s in repeats if s.ip_len > NARROW_MTU]
    require(len(full) >= 3 and selective.frame < full[1].frame, "not stuck")
    left, right = selective.options["sack"][0]
    short = sequence_delta(right, left)
    publish(recording, directory, "mtu-blackhole", """The way to the server takes datagrams of %d bytes, and
        drops longer ones without a word. The request and its answer pass; of an upload of %d bytes only the
        short segment at its end arrives (SACK), the full ones are sent again and again.""" % (NARROW_MTU, len(BODY)),
            "client", [
                finding("mtu_blackhole", full[1], "third transmission of frame %d (%d bytes); %d bytes behind it are"
                        " acknowledged in frame %d" % (first.frame, first.ip_len, short, selective.frame),
                        mtu__lost_from=first.ip_len, mtu__passed_up_to=first.ip_len - first.length + short)],
            absent=["peer_silent"], known={"mtu": NARROW_MTU})


def blackhole_probing(directory):
    recording, capture = upload(tells=False, probing=1, patience_s=8.0)
    first, repeats, selective = stuck_segment(capture)
    full = [s for s in repeats if s.ip_len > NARROW_MTU]
    shorter = next(s for s in repeats if s.ip_len <= NARROW_MTU)
    answer = next(s for s in capture if s.src == SERVER_ADDRESS and s.frame > shorter.frame
                  and sequence_delta(s.ack, first.seq) > 0)
    require(len(full) >= 2 and selective.frame < full[1].frame, "not stuck")
    publish(recording, directory, "mtu-blackhole-probing", """As mtu-blackhole; the client has
        net.ipv4.tcp_mtu_probing=1: after three time-outs it cuts the same bytes into shorter segments, and
        these arrive.""", "client", [
            finding("mtu_blackhole", full[1], "third transmission of frame %d; the same bytes in shorter segments"
                    " (frame %d) are acknowledged in frame %d" % (first.frame, shorter.frame, answer.frame),
                    mtu__lost_from=first.ip_len)],
            absent=["peer_silent"], known={"mtu": NARROW_MTU})


def discovery(directory):
    recording, capture = upload(tells=True, probing=0, patience_s=1.0)
    sent = [s for s in capture if s.src == CLIENT_ADDRESS and s.length]
    require(any(s.ip_len == NARROW_MTU for s in sent), "the MTU is not kept to")
    told = recording.icmp["client"]
    require(1 <= len(told) <= 2, "%d ICMP errors" % len(told))
    publish(recording, directory, "mtu-told", """As mtu-blackhole, but the router says "fragmentation needed", and the
        MTU: the client's kernel learns it and sends shorter segments at once. Control.""", "client", [
            finding("icmp_error", frame, "the router's answer to a segment of 1500 bytes", icmp__mtu=NARROW_MTU,
                    icmp__kind="fragmentation_needed", icmp__from="203.0.113.1") for frame in told],
            absent=["mtu_blackhole", "vantage_loss"], known={"mtu": NARROW_MTU})


# ---- a filter that rejects ----

REJECT = """
table ip lab {
 chain behind_capture { type filter hook input priority 0;
  tcp dport 81 counter reject
 }
}"""


def rejected(directory):
    with Lab() as lab:
        lab.server.nft(REJECT)
        with lab.record(trace=False) as recording:
            client = start_connect(lab, FIRST, 81)
            time.sleep(0.5)
            error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            recording.note("client", "connect", OSError(error, "") if error else None)
            client.close()
    capture = recording.seen["client"]
    told = recording.icmp["client"]
    require(len(capture) == 1 and len(told) == 1, "not one SYN and one answer")
    publish(recording, directory, "port-rejected", """The server's filter rejects a port in the usual way of nft and
        iptables: with ICMP "port unreachable", not with a RST. The client's kernel gives up at once.""", "client", [
            finding("icmp_error", told[0], "the server's answer to the SYN of frame 1", icmp__kind="port_unreachable",
                    icmp__from=SERVER_ADDRESS)])


# ---- a NAT that loses its entry ----

class Forgetful:
    """Gives the client's segments another port from some moment on; what comes back to that port goes nowhere."""

    def __init__(self):
        self.lost = False

    def __call__(self, direction, segment):
        if direction == TO_CLIENT:
            return [] if segment.dport == NAT_PORT else [(ONE_WAY_S, segment.raw)]
        raw = readdressed(segment.raw, NAT_PORT) if self.lost else segment.raw
        return [(ONE_WAY_S, raw)]


def entry_lost(directory):
    rule = Forgetful()
    with Lab(rule) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, FIRST)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        rule.lost = True
        client.sendall(REQUEST)
        time.sleep(3)
        recording.snapshot("server")
        client.close()
        server.close()
        listener.close()
    capture = recording.seen["server"]
    stray = next(s for s in capture if s.sport == NAT_PORT)
    reset = next(s for s in capture if s.has("R") and s.dport == NAT_PORT)
    last = [s for s in capture if s.frame < stray.frame][-1]
    require(reset.seq == stray.ack and reset.frame == stray.frame + 1, "not that RST")
    publish(recording, directory, "nat-entry-lost", """A NAT between client and server loses its entry while the
        connection is idle, and makes another one: the client's next request comes to the server from port %d instead
        of %d, and draws a RST, which the NAT does not pass on.""" % (NAT_PORT, FIRST), "server", [
            finding("tuple_changed", reset, "the RST that answers frame %d, whose numbers follow frame %d" % (
                stray.frame, last.frame), tuple__of_frame=last.frame, tuple__was="%s:%d" % (CLIENT_ADDRESS, FIRST),
                tuple__is="%s:%d" % (CLIENT_ADDRESS, NAT_PORT)),
            finding("rst_ignored", None, "the NAT keeps the RSTs to itself: the client goes on")],
            absent=["peer_silent", "idle_drop"], taken_back=["rst_ignored"])


CASES = {
    "mtu-blackhole": blackhole,
    "mtu-blackhole-probing": blackhole_probing,
    "mtu-told": discovery,
    "port-rejected": rejected,
    "nat-entry-lost": entry_lost,
}
