# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4, connections that are reset: requests that are refused, RSTs that the
host they name has not sent, and RSTs and ACKs that answer each other."""

import time

from lives import (PORT, REQUEST, RESPONSE, SETTLE_S, Wire, attempt, close, close_all, connect, publish, say,
                   seconds_between)
from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_SERVER, Lab
from publish import finding, require
from segments import make, without_options

CLIENT_PORT = 40001

# A filter on the server's host that refuses what is longer than a bare ACK, once it is there.
REFUSES = """
table ip lab {
 chain input { type filter hook input priority filter;
  tcp dport 80 meta length > 60 counter reject with tcp reset
 }
}"""


def first_reset(capture):
    return next(s for s in capture if s.has("R"))


def first_payload(capture, sender):
    return next(s for s in capture if s.src == sender and s.length)


# ---- the first request ----

def expect_refusal(capture):
    request, reset = first_payload(capture, CLIENT_ADDRESS), first_reset(capture)
    require(reset.src == SERVER_ADDRESS and not any(s.length for s in capture if s.src == SERVER_ADDRESS),
            "the server answered")
    return reset, finding("first_request_reset", reset, "%.3f s after the request in frame %d, of which nothing was"
                          " answered" % (seconds_between(request, reset), request.frame),
                          request__bytes=request.length)


def request_unread(directory):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        time.sleep(SETTLE_S)
        client.sendall(REQUEST)
        time.sleep(2 * ONE_WAY_S)
        server.close()
        recording.note("server", "close, with the request unread")
        time.sleep(SETTLE_S)
        attempt(recording, "client", "receive", client.recv, 1)
        listener.close()
    client.close()
    reset, entry = expect_refusal(recording.seen["client"])
    require(reset.has("RA"), "no RST,ACK")
    publish(recording, directory, "request-unread", """The server's application accepts and closes without reading
        the request: its kernel acknowledges the request and sends a RST.""", "client", [entry])


def request_filtered(directory):
    with Lab() as lab:
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect(lab, listener, CLIENT_PORT)
            lab.server.nft(REFUSES)
            time.sleep(SETTLE_S)
            client.sendall(REQUEST)
            time.sleep(SETTLE_S)
            attempt(recording, "client", "receive", client.recv, 1)
            recording.snapshot("server")
            listener.close()
    close_all(client, server)
    reset, entry = expect_refusal(recording.seen["client"])
    require(not reset.has("A") and any(line.startswith("ESTAB") for _, _, line in recording.sockets),
            "not the filter's RST")
    publish(recording, directory, "request-filtered", """A filter on the server's host lets the handshake pass and
        rejects the request (nft, reject with tcp reset). The application never sees it, its socket stays
        open.""", "client", [entry])


def request_answered_unread(directory):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        client.sendall(REQUEST * 3)
        time.sleep(SETTLE_S)
        server.recv(len(REQUEST))
        server.sendall(RESPONSE)
        server.close()
        recording.note("server", "answers, and closes with the rest unread")
        time.sleep(SETTLE_S)
        listener.close()
    client.close()
    reset = first_reset(recording.seen["client"])
    require(first_payload(recording.seen["client"], SERVER_ADDRESS).frame < reset.frame, "no answer")
    publish(recording, directory, "request-answered-unread", """The server answers as soon as it knows enough and
        closes with the rest of the request unread: RST after a complete answer. Control.""", "client", [],
            absent=["first_request_reset"])


# ---- a request that the server's close crosses ----

def request_crosses_close(directory):
    with Lab() as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(2.0)
        server.close()
        client.sendall(REQUEST)
        recording.note("server", "close, for being idle, while the client sends its next request")
        time.sleep(SETTLE_S)
        attempt(recording, "client", "receive", client.recv, 1)
        listener.close()
    client.close()
    capture = recording.seen["client"]
    reset = first_reset(capture)
    fin = next(s for s in capture if s.has("F") and s.src == SERVER_ADDRESS)
    request = [s for s in capture if s.src == CLIENT_ADDRESS and s.length][1]
    require(request.frame < fin.frame < reset.frame and fin.ack == request.seq, "they do not cross")
    require(all(s.ack != fin.end_seq for s in capture[:reset.frame] if s.src == CLIENT_ADDRESS),
            "the FIN was acknowledged")
    publish(recording, directory, "request-crosses-close", """The server closes a connection that was idle for 2 s at
        the moment at which the client sends its next request: both are under way at the same time.""", "client", [
            finding("request_after_close", reset, "the request in frame %d and the FIN in frame %d, which does not"
                    " acknowledge it, have crossed" % (request.frame, fin.frame), request__race="crossed")])


# ---- RSTs of others ----

def filter_resets(directory):
    """The filter's RST names the server, whose socket knows nothing of it."""
    with Lab() as lab:
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect(lab, listener, CLIENT_PORT)
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
            time.sleep(SETTLE_S)
            lab.server.nft(REFUSES)
            client.sendall(REQUEST)
            time.sleep(0.5)
            attempt(recording, "server", "send", server.sendall, RESPONSE)
            time.sleep(SETTLE_S)
            listener.close()
    close_all(client, server)
    capture = recording.seen["client"]
    reset = first_reset(capture)
    goes_on = next(s for s in capture if s.src == SERVER_ADDRESS and s.frame > reset.frame and s.length)
    publish(recording, directory, "rst-by-filter", """A filter on the server's host rejects the client's second request
        (nft, reject with tcp reset), in the server's name; its socket stays open, and half a second later the
        application sends more.""", "client", [
            finding("rst_foreign", goes_on, "the server, which the RST in frame %d names, sends new payload %.3f s after"
                    " it" % (reset.frame, seconds_between(reset, goes_on)), rst__signs="goes_on")])


def challenge_loop(directory):
    """Each challenge ACK is answered by the same RST again."""
    wire, rounds = Wire(), 6
    with Lab(wire) as lab:
        lab.server.sysctl("net.ipv4.tcp_invalid_ratelimit", 0)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect(lab, listener, CLIENT_PORT)
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
            time.sleep(SETTLE_S)
            like = [s for direction, s in wire.seen if direction == TO_SERVER][-1]
            for _ in range(rounds):
                lab.relay.inject(TO_SERVER, make(like, "R", like.end_seq + 100))
                time.sleep(3 * ONE_WAY_S)
            time.sleep(0.3)
            close(client, server)
            listener.close()
    capture = recording.seen["server"]
    resets = [s for s in capture if s.has("R")]
    answers = [capture[s.frame] for s in resets]
    require(len(resets) == rounds and all(s.src == SERVER_ADDRESS and s.is_bare_ack for s in answers), "no loop")
    mismatches = [finding("rst_seq_mismatch", s, "100 above what the server expects, round %d" % (n + 1),
                          rst__position="in_window") for n, s in enumerate(resets[:3])]
    challenges = [finding("challenge_ack", s, "bare ACK %.1f ms after the RST"
                          % (seconds_between(resets[n], s) * 1e3)) for n, s in enumerate(answers[:3])]
    fin = next(s for s in capture if s.has("F") and s.src == SERVER_ADDRESS)
    publish(recording, directory, "rst-loop", """The relay forges a RST towards the server, 100 above the number that
        it expects, and the same again for each challenge ACK of the server's kernel (whose limit of such answers is
        switched off), %d times. Then both close in good order.""" % rounds, "server", mismatches + challenges + [
            finding("rst_loop", resets[3], "round 4 of %d" % rounds, loop__rounds=rounds, loop__ack_is="rcv_nxt"),
            finding("rst_ignored", fin, "the server is there for its close, %.3f s after the first RST"
                    % seconds_between(resets[0], fin))])


# ---- timestamps ----

class Stripping(Wire):
    """Takes the options off all that the client sends after its SYN."""

    def __call__(self, direction, segment):
        if direction != TO_SERVER or segment.has("S"):
            return super().__call__(direction, segment)
        return [(ONE_WAY_S, without_options(segment))]


def timestamps_stripped(directory):
    with Lab(Stripping()) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        close(client, server)
        listener.close()
    publish(recording, directory, "timestamps-stripped", """A device takes the timestamps that both SYNs agreed on off
        all segments of the client. Linux accepts them. Control.""", "server", [], absent=["timestamps_missing"])


CASES = {
    "request-unread": request_unread,
    "request-filtered": request_filtered,
    "request-answered-unread": request_answered_unread,
    "request-crosses-close": request_crosses_close,
    "rst-by-filter": filter_resets,
    "rst-loop": challenge_loop,
    "timestamps-stripped": timestamps_stripped,
}
