# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 2: resets that fit, resets that do not, and closes that never come."""

import socket
import time

from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_SERVER, Lab, abort
from publish import finding, publish, require, round_trip_ns, setup
from segments import make, sequence_delta, with_flags

PORT, CLIENT_PORT = 80, 40001
REQUEST = b"GET /object HTTP/1.1\r\nHost: www.example.net\r\n\r\n"
STALL_S = 15.0  # longer than the preference close_wait_seconds
QUIET_S = 3.0  # what a capture must run on for silence to mean something
SETTLE_S = 0.2  # delayed ACKs are out, nothing is under way


class Firewall:
    """A wire that can turn an abort into FIN and an off-by-one RST, and forget.

    The RST keeps the sequence number of the abort: the FIN counted for nothing."""

    FIN_TO_RST_S = 0.15  # the receiver has acknowledged the FIN by then

    def __init__(self):
        self.last = {}
        self.forgotten = False

    def __call__(self, direction, segment):
        self.last[direction] = segment
        if self.forgotten:
            return []
        if direction == TO_SERVER and segment.has("R"):
            self.forgotten = True
            return [(ONE_WAY_S, with_flags(segment, "FA")),
                    (ONE_WAY_S + self.FIN_TO_RST_S, segment.raw)]
        return [(ONE_WAY_S, segment.raw)]


class Pair:
    """A client and a server socket that talk to each other."""

    def __init__(self, lab):
        self.listener = lab.server_socket(PORT)
        self.client = lab.client_socket(CLIENT_PORT)
        self.client.connect((SERVER_ADDRESS, PORT))
        self.server, _ = self.listener.accept()
        self.server.settimeout(10)

    def say(self, speaker, hearer, data):
        speaker.sendall(data)
        while data:
            data = data[len(hearer.recv(len(data))):]

    def close(self):
        for sock in (self.client, self.server, self.listener):
            sock.close()


def attempt(recording, who, what, function):
    """Let an application do something and note what it was told."""
    try:
        function()
        recording.note(who, what)
    except OSError as error:
        recording.note(who, what, error)


def the_reset(capture):
    return next(s for s in capture if s.has("R"))


def last_ack(capture, sender, until):
    return next(s for s in reversed(capture[:until.frame - 1]) if s.src == sender and s.has("A"))


def mismatch(capture, reset, position, verdict):
    """The rst_seq_mismatch of a RST towards the server, everything acknowledged."""
    expected = last_ack(capture, SERVER_ADDRESS, reset).ack
    delta = sequence_delta(reset.seq, expected)
    return delta, finding(
        "rst_seq_mismatch", reset, "SEQ is %+d from the server's acknowledgment, which covers"
        " everything the client sent" % delta,
        rst__position=position, rst__seq_delta=delta, rst__verdict=verdict)


def survivor(capture, reset):
    """The server's first segment that shows it ignored the RST."""
    patience = max(round_trip_ns(capture), 20_000_000) + 5_000_000
    return next(s for s in capture if s.src == SERVER_ADDRESS and s.frame > reset.frame
                and s.seq != s.end_seq and s.time_ns - reset.time_ns > patience)


# ---- resets ----

def rst_exact(directory):
    with Lab() as lab, lab.record() as recording:
        pair = Pair(lab)
        pair.say(pair.client, pair.server, REQUEST)
        pair.say(pair.server, pair.client, b"x" * 500)
        time.sleep(SETTLE_S)
        abort(pair.client)
        time.sleep(SETTLE_S)
        attempt(recording, "server", "send after the RST", lambda: pair.server.send(b"x"))
        time.sleep(QUIET_S)
        pair.close()
    capture = recording.seen["server"]
    reset = the_reset(capture)
    require(reset.seq == last_ack(capture, SERVER_ADDRESS, reset).ack, "the RST is not exact")
    require(reset is capture[-1], "something follows the RST")
    publish(recording, directory, "rst-exact", 2, setup("server") + """
        The client's application aborts (SO_LINGER 0) an idle connection: its RST carries exactly
        the sequence number the server expects, and ends it.""", "server", [])


def off_by_one(ignored):
    firewall = Firewall()
    with Lab(firewall) as lab:
        if ignored:
            # The receiver of the story follows plain RFC 5961; this one would not.
            lab.server.nft("""
            table ip lab {
             chain behind_capture { type filter hook prerouting priority raw;
              tcp flags & rst == rst counter drop
             }
            }""")
        with lab.record() as recording:
            pair = Pair(lab)
            pair.say(pair.client, pair.server, REQUEST)
            time.sleep(SETTLE_S)
            abort(pair.client)
            recording.note("client", "abort (SO_LINGER 0)")
            time.sleep(ONE_WAY_S * 3 + 0.08)
            recording.snapshot("server")
            begin = time.monotonic()
            time.sleep(0.5)
            attempt(recording, "server", "send the late response",
                    lambda: pair.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlate\r\n"))
            recording.snapshot("server")
            if ignored:
                time.sleep(STALL_S + 1 - (time.monotonic() - begin))
                recording.snapshot("server")
                # A FIN would queue behind the response, which no window frees.
                recording.note("server", "give up: close with SO_LINGER 0")
                abort(pair.server)
                time.sleep(0.3)
            else:
                time.sleep(QUIET_S)
    pair.close()
    capture = recording.seen["server"]
    reset = the_reset(capture)
    delta, expected = mismatch(capture, reset, "off_by_one_after_fin", "reset")
    require(delta == -1, "the RST is off by %d" % delta)
    return recording, capture, reset, expected


FIREWALL = """The client's application aborts after its request; the relay, playing the office
firewall, turns the abort's RST into a FIN with the same numbers, sends a RST with that same sequence
number %d ms later (one below what the server expects once the FIN has counted), and forgets the
connection: nothing passes any more in either direction. """ % (Firewall.FIN_TO_RST_S * 1000)


def rst_off_by_one_accepted(directory):
    recording, capture, reset, expected = off_by_one(ignored=False)
    require(reset is capture[-1], "the server speaks after the RST")
    publish(recording, directory, "rst-off-by-one-close-wait-accepted", 2,
            setup("server") + FIREWALL + """The server is a live Linux in CLOSE_WAIT: it takes this
            RST for good, the application's next send fails, nothing more is on the wire.""",
            "server", [expected])


def rst_off_by_one_ignored(directory):
    recording, capture, reset, expected = off_by_one(ignored=True)
    speaks = survivor(capture, reset)
    tail = [s for s in capture if s.src == SERVER_ADDRESS and s.frame > speaks.frame]
    again = [s for s in tail if s.seq == speaks.seq and s.length == speaks.length]
    fin_acked = last_ack(capture, SERVER_ADDRESS, reset)
    close = tail[-1]
    require(len(again) >= 5, "only %d retransmissions" % len(again))
    require(close.has("F") or close.has("R"), "the server never closes")
    late = next(s for s in tail if s.has("F") or s.has("R"))
    publish(recording, directory, "rst-off-by-one-ignored", 2,
            setup("server") + FIREWALL + """The server's Linux would accept this RST; to show a
            receiver that follows plain RFC 5961, an nft rule in the server's namespace drops the
            RST behind the capture point. Everything else is the real stack: it stays in
            CLOSE_WAIT, retransmits its late response, and its application gives up with a RST
            %.0f s after the FIN.""" % (STALL_S + 1), "server", [
                expected,
                finding("rst_ignored", speaks, "the server sends payload %.3f s after the RST"
                        % ((speaks.time_ns - reset.time_ns) / 1e9)),
                finding("close_wait_stuck", late,
                        "the client's FIN was acknowledged in frame %d, the server's last new data"
                        " is frame %d, its close comes %.1f s after the one and %.1f s after the"
                        " other" % (fin_acked.frame, speaks.frame,
                                    (late.time_ns - fin_acked.time_ns) / 1e9,
                                    (late.time_ns - speaks.time_ns) / 1e9),
                        close__owed_by="server"),
            ], absent=["peer_silent"], remarks=["close_wait_stuck counts from the last new data; were each retransmission"
                        " counted as data, no gap would reach ten seconds"])


def stray_reset(directory, name, offset, position, verdict, origin):
    """A RST from nowhere between two exchanges of a healthy connection."""
    wire = Firewall()  # for its memory; nobody aborts here
    with Lab(wire) as lab, lab.record() as recording:
        pair = Pair(lab)
        pair.say(pair.client, pair.server, REQUEST)
        pair.say(pair.server, pair.client, b"x" * 300)
        time.sleep(SETTLE_S)
        like = wire.last[TO_SERVER]
        lab.relay.inject(TO_SERVER, make(like, "R", like.end_seq + offset))
        time.sleep(0.5)
        recording.snapshot("server")
        pair.say(pair.server, pair.client, b"y" * 300)
        pair.say(pair.client, pair.server, REQUEST)
        pair.say(pair.server, pair.client, b"z" * 300)
        pair.client.close()
        pair.server.close()
        time.sleep(SETTLE_S)
        pair.close()
    capture = recording.seen["server"]
    reset = the_reset(capture)
    delta, expected = mismatch(capture, reset, position, verdict)
    require(delta == offset, "the RST is off by %d" % delta)
    speaks = survivor(capture, reset)
    answer = capture[reset.frame]
    expect = [expected, finding("rst_ignored", speaks, "the server sends payload %.3f s after the"
                                " RST" % ((speaks.time_ns - reset.time_ns) / 1e9))]
    goes_on = next(s for s in capture if s.src == CLIENT_ADDRESS and s.frame > reset.frame and s.length)
    expect.append(finding("rst_foreign", goes_on, "the client, which the RST names, sends new payload"
                          " %.3f s after it" % ((goes_on.time_ns - reset.time_ns) / 1e9), rst__signs="goes_on"))
    if verdict == "challenge_ack":
        require(answer.src == SERVER_ADDRESS and answer.is_bare_ack
                and answer.time_ns - reset.time_ns < 5_000_000, "no challenge ACK")
        expect.append(finding("challenge_ack", answer, "bare ACK %.1f ms after the RST, nothing"
                              " else to acknowledge" % ((answer.time_ns - reset.time_ns) / 1e6)))
    else:
        require(answer is speaks, "something answers the RST")
        expect.append(finding("conntrack_invalid", reset, "SEQ is below what the server has"
                              " acknowledged: invalid rst"))
    publish(recording, directory, name, 2, setup("server") + origin, "server", expect)


def rst_in_window_challenged(directory):
    stray_reset(directory, "rst-in-window-challenged", 100, "in_window", "challenge_ack", """
        The relay forges a RST towards the server, 100 above the sequence number it expects, inside
        its window. The kernel answers with a challenge ACK and the connection goes on.""")


def rst_stale_ignored(directory):
    stray_reset(directory, "rst-stale-ignored", -30, "stale", "ignored", """
        The relay forges a RST towards the server, 30 below the sequence number it expects, left of
        its window. The kernel drops it silently and the connection goes on.""")


# ---- closes ----

def close_wait_stuck(directory):
    with Lab() as lab, lab.record() as recording:
        pair = Pair(lab)
        pair.say(pair.client, pair.server, REQUEST)
        pair.say(pair.server, pair.client, b"x" * 500)
        time.sleep(SETTLE_S)
        pair.client.shutdown(socket.SHUT_WR)
        recording.note("client", "shutdown(SHUT_WR)")
        time.sleep(SETTLE_S)
        recording.snapshot("server")
        time.sleep(STALL_S - SETTLE_S)
        recording.snapshot("server")
        attempt(recording, "server", "close", pair.server.close)
        time.sleep(SETTLE_S)
        pair.close()
    capture = recording.seen["server"]
    fin = next(s for s in capture if s.has("F") and s.src == CLIENT_ADDRESS)
    acked = next(s for s in capture if s.src == SERVER_ADDRESS and s.ack == fin.end_seq)
    late = next(s for s in capture if s.has("F") and s.src == SERVER_ADDRESS)
    publish(recording, directory, "close-wait-stuck", 2, setup("server") + """
        The client shuts down its sending side; the server's application does not notice and closes
        %.0f s later.""" % STALL_S, "server", [
            finding("close_wait_stuck", late, "the client's FIN (frame %d) was acknowledged in"
                    " frame %d, the server's FIN comes %.1f s later" % (
                        fin.frame, acked.frame, (late.time_ns - acked.time_ns) / 1e9),
                    close__owed_by="server")])


def half_close_legal(directory):
    with Lab() as lab, lab.record() as recording:
        pair = Pair(lab)
        pair.say(pair.client, pair.server, REQUEST)
        time.sleep(SETTLE_S)
        pair.client.shutdown(socket.SHUT_WR)
        recording.note("client", "shutdown(SHUT_WR)")
        for _ in range(4):
            time.sleep(3)
            pair.say(pair.server, pair.client, b"x" * 200)
        recording.snapshot("server")
        time.sleep(SETTLE_S)
        pair.server.close()
        time.sleep(SETTLE_S)
        pair.close()
    publish(recording, directory, "half-close-legal", 2, setup("server") + """
        The client shuts down its sending side after the request; the server goes on sending a
        piece every 3 s, for 12 s, then closes. Legal and healthy.""", "server", [])


def data_after_close(directory):
    with Lab() as lab, lab.record() as recording:
        pair = Pair(lab)
        pair.say(pair.client, pair.server, REQUEST)
        pair.say(pair.server, pair.client, b"x" * 500)
        time.sleep(SETTLE_S)
        pair.client.close()
        recording.note("client", "close")
        time.sleep(SETTLE_S)
        recording.snapshot("server")
        attempt(recording, "server", "send to a closed client", lambda: pair.server.send(b"y" * 100))
        time.sleep(SETTLE_S)
        attempt(recording, "server", "send again", lambda: pair.server.send(b"y" * 100))
        time.sleep(QUIET_S)
        pair.close()
    capture = recording.seen["client"]
    reset = the_reset(capture)
    data = capture[reset.frame - 2]
    require(data.src == SERVER_ADDRESS and data.length and reset.seq == data.ack, "not that RST")
    publish(recording, directory, "data-after-close", 2, setup("client") + """
        The client's application closes for good; the server's sends more. The client's kernel has
        nobody to give it to and answers with a RST whose SEQ is that segment's ACK.""", "client",
            [finding("data_after_close", reset, "the payload of frame %d reached a side that had"
                     " closed" % data.frame)])


CASES = {
    "rst-off-by-one-ignored": rst_off_by_one_ignored,
    "rst-off-by-one-close-wait-accepted": rst_off_by_one_accepted,
    "rst-exact": rst_exact,
    "rst-in-window-challenged": rst_in_window_challenged,
    "rst-stale-ignored": rst_stale_ignored,
    "close-wait-stuck": close_wait_stuck,
    "half-close-legal": half_close_legal,
    "data-after-close": data_after_close,
}
