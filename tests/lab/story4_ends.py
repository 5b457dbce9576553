# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, what else a connection may come to: a server that takes its time,
a client that gives up early, a device that answers the handshake."""

import time

from lives import PORT, REQUEST, RESPONSE, SETTLE_S, close, connect, publish, say, start_connect
from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_CLIENT, Lab
from publish import finding, require
from segments import ETHERNET, with_header_checksum

FIRST, DEAD_PORT = 40001, 81
THINKING_S = 3.0
PROXY_TTL = 250
TTL_AT = ETHERNET + 8


# ---- a server that takes its time ----

def conversation(asked):
    """The server's payload comes late: as the answer to a request, or unasked behind one."""
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, FIRST)
        say(client, server, REQUEST)
        if not asked:
            say(server, client, RESPONSE)
        time.sleep(THINKING_S)
        say(server, client, RESPONSE)
        close(client, server)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["client"]
    late = [s for s in capture if s.src == SERVER_ADDRESS and s.length][-1]
    return recording, capture, late


def slow(directory):
    recording, capture, late = conversation(asked=True)
    request = next(s for s in capture if s.src == CLIENT_ADDRESS and s.length)
    taken_s = (late.time_ns - request.time_ns) / 1e9
    require(taken_s > THINKING_S, "the response came at once")
    publish(recording, directory, "slow-response", """The server reads a request at once, which its kernel
        acknowledges, and responds three seconds later. Control: no warning, no note.""", "client", [], chat=[
            finding("slow_response", late, "first byte of the response to frame %d, %.1f s later" % (
                request.frame, taken_s))], absent=["connection_failed", "idle_drop", "peer_silent"])


def unasked(directory):
    recording, _, _ = conversation(asked=False)
    publish(recording, directory, "push-unasked", """The server responds at once, and sends more three seconds
        later, which nobody has asked for. Control.""", "client", [], absent=["slow_response", "connection_failed"])


# ---- a client that gives up early ----

def given_up(directory):
    def rule(_direction, segment):
        return [] if segment.dport == DEAD_PORT else [(ONE_WAY_S, segment.raw)]

    with Lab(rule) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        tried = start_connect(lab, FIRST, DEAD_PORT)
        time.sleep(1.5)
        tried.close()
        time.sleep(1.5)
        client, server = connect(lab, listener, FIRST + 1)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        close(client, server)
        time.sleep(SETTLE_S)
        listener.close()
    capture = recording.seen["client"]
    syns = [s for s in capture if s.dport == DEAD_PORT]
    require(len(syns) == 2 and all(s.has("S") for s in syns), "not two tries")
    publish(recording, directory, "connect-given-up", """A filter on the way drops what goes to one port. The client
        gives up after 1.5 s, with its second try: too few to say more than that it failed. Another port is
        answered.""", "client", [
            finding("connection_failed", syns[1], "the last of two SYNs without an answer, and %.1f s follow" % (
                (capture[-1].time_ns - syns[1].time_ns) / 1e9))], absent=["connect_unanswered", "syn_unanswered"])


# ---- a device that answers the handshake ----

def handshake(proxied):
    def rule(direction, segment):
        raw = segment.raw
        if proxied and direction == TO_CLIENT and segment.has("S"):
            raw = bytearray(raw)
            raw[TTL_AT] = PROXY_TTL
            raw = with_header_checksum(bytes(raw))
        return [(ONE_WAY_S, raw)]

    with Lab(rule) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, FIRST)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        close(client, server)
        time.sleep(SETTLE_S)
        listener.close()
    return recording, recording.seen["client"]


def proxied(directory):
    recording, capture = handshake(proxied=True)
    answer = next(s for s in capture if s.src == SERVER_ADDRESS and s.has("S"))
    payload = next(s for s in capture if s.src == SERVER_ADDRESS and s.length)
    ttl = payload.raw[TTL_AT]
    require(answer.raw[TTL_AT] == PROXY_TTL != ttl, "one TTL")
    publish(recording, directory, "proxied-handshake", """The relay gives the SYN-ACK the TTL that a device on the way
        would have sent it with, had it answered in the server's place.""", "client", [], chat=[
            finding("proxied_handshake", payload, "the server's first payload; the SYN-ACK (frame %d) had TTL %d" % (
                answer.frame, PROXY_TTL), rst__usual_ttl=ttl)], absent=["rst_foreign", "connection_failed"])


CASES = {
    "slow-response": slow,
    "push-unasked": unasked,
    "connect-given-up": given_up,
    "proxied-handshake": proxied,
}
