# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 1: Fast Open, a tracker that loses the window scale, and the storm."""

import socket
import threading
import time

import tracker
from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_CLIENT, Lab, abort
from publish import acked_retransmissions, finding, publish, require, retransmitted, setup
from segments import sequence_delta

SMTP, HTTP = 25, 80
MESSAGE_BYTES = 200_000  # more than is under way when the ACKs stop counting
STORM_COUNT = 3  # the preference storm_count
MSG_FASTOPEN = 0x20000000


# ---- the mail dialogue ----

class MailServer(threading.Thread):
    """Speaks first, then answers; as much SMTP as the story needs."""

    def __init__(self, listener):
        super().__init__(daemon=True)
        self.listener = listener
        self.received = 0

    def run(self):
        peer, _ = self.listener.accept()
        peer.settimeout(30)
        with peer:
            try:
                peer.sendall(b"220 mx.example.net ESMTP ready\r\n")
                for answer in (b"250 mx.example.net\r\n", b"250 OK\r\n", b"250 OK\r\n",
                               b"354 go ahead\r\n"):
                    if not peer.recv(4096):
                        return
                    peer.sendall(answer)
                tail = b""
                while not tail.endswith(b"\r\n.\r\n"):
                    data = peer.recv(65536)
                    if not data:
                        return
                    self.received += len(data)
                    tail = (tail + data)[-5:]
                peer.sendall(b"250 OK queued\r\n")
                peer.recv(4096)
                peer.sendall(b"221 bye\r\n")
            except OSError:
                pass


def fastopen_connect(sock, port, data=b""):
    """Ask for Fast Open; without data, as a mailer does that waits for the banner.

    The number of bytes TCP took: none where there is no cookie yet."""
    try:
        return sock.sendto(data, MSG_FASTOPEN, (SERVER_ADDRESS, port))
    except BlockingIOError:
        return 0  # SYN under way


def deliver(recording, sock, before_message, patience_s, message_bytes=MESSAGE_BYTES):
    """Send one mail with an attachment; give up like a mailer with a timer."""
    reader = sock.makefile("rb")
    reader.readline()
    for line in (b"EHLO mail.example.org\r\n", b"MAIL FROM:<a@example.org>\r\n",
                 b"RCPT TO:<b@example.net>\r\n", b"DATA\r\n"):
        sock.sendall(line)
        reader.readline()
    recording.note("client", "SMTP dialogue up to DATA")
    before_message()
    line = b"QXR0YWNobWVudC4" * 5 + b"\r\n"
    message = line * (message_bytes // len(line)) + b".\r\n"
    sock.settimeout(patience_s)
    try:
        sock.sendall(message)
        recording.note("client", "message of %d bytes handed to TCP" % len(message))
        reader.readline()
        recording.note("client", "server took the message")
        sock.sendall(b"QUIT\r\n")
        reader.readline()
        return True
    except socket.timeout as error:
        recording.note("client", "wait for the answer to the message", error)
        return False


def obtain_cookie(lab, port, listener, client_port):
    """A first contact outside the recording leaves a cookie with the client."""
    sock = lab.client_socket(client_port)
    fastopen_connect(sock, port)
    peer, _ = listener.accept()
    time.sleep(4 * ONE_WAY_S)
    abort(sock)
    peer.close()
    time.sleep(4 * ONE_WAY_S)


def hold_answer_for_banner():
    """The relay's rule that lets SYN-ACK and banner arrive in one batch."""
    held = []

    def rule(direction, segment):
        if direction == TO_CLIENT and segment.has("SA"):
            held.append(segment.raw)
            return []
        if held and direction == TO_CLIENT:
            frames = [held.pop(), segment.raw]
            return [(ONE_WAY_S, raw) for raw in frames]
        return [(ONE_WAY_S, segment.raw)]

    return rule


# The old tracker took the banner for a SYN without a window scale: it read the
# server's windows unscaled from then on. Today's tracker is brought to the same
# view by showing it a SYN-ACK with scale 0; the host gets the true one back.
# Since 6.1 the tracker also forgives data beyond the window by as much as the
# largest window it saw. The old one did not, but knew the SYN-ACK's 65160. Half
# of that, counted twice, ends at the same segment. In Linux's SYN-ACK with
# timestamps the scale option is bytes 37 to 39; nft leaves the checksum alone
# there, and it fits again once both are restored.
TRACKER_WINDOW = 65160 // 2
OLD_TRACKER = """
table ip lab {
 chain before_tracker { type filter hook prerouting priority raw;
  tcp sport 25 tcp flags & (syn|ack) == (syn|ack) \
   @th,296,16 0x0303 @th,304,16 set 0x0300 tcp window set %(window)d
 }
 chain behind_tracker { type filter hook prerouting priority mangle;
  tcp sport 25 tcp flags & (syn|ack) == (syn|ack) \
   @th,296,16 0x0303 @th,304,16 set 0x03%(scale)02x tcp window set 65160
 }
 chain input { type filter hook input priority filter;
  ct state invalid counter drop
 }
}
"""


def mail_flow(fastopen, break_with=None, patience_s=9):
    """One mail over the lab, recorded at the client."""
    rule = hold_answer_for_banner() if fastopen else None
    active = {"rule": None}

    def wire(direction, segment):
        if active["rule"]:
            return active["rule"](direction, segment)
        return [(ONE_WAY_S, segment.raw)]

    with Lab(wire, together=fastopen) as lab:
        listener = lab.server_socket(SMTP, fastopen=fastopen)
        if fastopen:
            obtain_cookie(lab, SMTP, listener, 40000)
        active["rule"] = rule
        before_message = break_with(lab) if break_with else lambda: None
        with lab.record() as recording:
            server = MailServer(listener)
            server.start()
            sock = lab.client_socket(40001)
            if fastopen:
                fastopen_connect(sock, SMTP)
            else:
                sock.connect((SERVER_ADDRESS, SMTP))
            delivered = deliver(recording, sock, before_message, patience_s)
            recording.snapshot("client")
            recording.snapshot("server")
            if delivered:
                sock.close()
                server.join(2)
                time.sleep(6 * ONE_WAY_S)
        recording.note("server", "message bytes the application has read: %d" % server.received)
        sock.close()
        listener.close()
    return recording, delivered


def storm_expectations(recording, headline):
    """Findings of the storm, by the capture's own ACKs."""
    capture = recording.seen["client"]
    again = acked_retransmissions(capture, CLIENT_ADDRESS)
    require(len(again) >= 5, "only %d retransmissions of acknowledged data" % len(again))
    expect = [finding("acked_data_retransmitted", segment,
                      "the ACK in frame %d covered it %.3f s before" % (acked_in, ago / 1e9),
                      storm__acked_in=acked_in)
              for segment, acked_in, ago in again]
    expect.append(finding(headline, again[STORM_COUNT - 1][0],
                          "third retransmission of data the capture shows acknowledged",
                          storm__first=again[0][0].frame))
    return expect, again


def early_data_chat(capture, outcome):
    """The handshake's chat entries; also asserts that the banner came early."""
    syn_ack = next(s for s in capture if s.has("SA"))
    banner = next(s for s in capture if s.src == SERVER_ADDRESS and s.length)
    third = next(s for s in capture if s.src == CLIENT_ADDRESS and not s.has("S"))
    require(banner.frame < third.frame, "the banner came behind the third ACK")
    verdicts, reset = tracker.compare(capture)
    require(reset == banner.frame, "the old tracker keeps its scale")
    require(not any(new == tracker.INVALID for _, new in verdicts.values()),
            "the current tracker calls a segment invalid")
    chat = [
        finding("tfo_handshake", syn_ack,
                "the SYN carried a cookie and no data; the server speaks before the third ACK",
                tfo__outcome=outcome),
        finding("tfo_early_data", banner, "server payload before the client's first ACK"),
        finding("conntrack_scale_reset", banner, "payload with TCP options while the tracker"
                " is in SYN_RECV"),
    ]
    for address, side in ((CLIENT_ADDRESS, "client"), (SERVER_ADDRESS, "server")):
        first = next((s for s in capture if s.src == address
                      and verdicts[s.frame][0] == tracker.INVALID), None)
        require(first, "the models agree on everything the %s sends" % side)
        chat.append(finding("conntrack_divergence", first,
                            "first segment of the %s that only the old tracker calls invalid"
                            % side))
    return chat, verdicts


def tfo_storm(directory):
    def break_tracker(lab):
        lab.client.sysctl("net.netfilter.nf_conntrack_checksum", 0)
        lab.client.nft(OLD_TRACKER % {"window": TRACKER_WINDOW, "scale": server_scale(lab)})
        return lambda: None

    recording, delivered = mail_flow(fastopen=True, break_with=break_tracker)
    require(not delivered, "the mail got through")
    capture = recording.seen["client"]
    chat, verdicts = early_data_chat(capture, "cookie_accepted")
    expect, again = storm_expectations(recording, "tfo_retransmit_storm")
    dropped = [segment for where, segment, reason in recording.drops
               if where == "client" and reason == "NETFILTER_DROP"]
    first_invalid = next(s for s in capture if s.src == SERVER_ADDRESS
                         and verdicts[s.frame][0] == tracker.INVALID)
    require(dropped and dropped[0].frame == first_invalid.frame,
            "first dropped ACK is frame %s, the old tracker's is %s"
            % (dropped and dropped[0].frame, first_invalid.frame))
    expect[-1]["fields"]["storm.ignored_ack"] = first_invalid.frame
    publish(recording, directory, "tfo-storm", 1, setup("client") + """
        The client holds a Fast Open cookie from an earlier contact, sends it without data, and the
        server speaks first; relay and client's interface (GRO, NAPI thread) deliver SYN-ACK and
        banner in one batch, so that the banner is captured before the third ACK. In the client's
        namespace nft shows the connection tracker a SYN-ACK with window scale 0 and window %d and
        restores both behind it, which is the view a tracker before 5.18 has after such a banner;
        conntrack checksums are off and the input chain drops ct state invalid. The tracker drops
        the server's ACKs from the first one on that a tracker before 5.18 would call invalid,
        behind the capture point. The retransmissions are the real stack's. The capture ends when
        the mailer's timer (9 s here) runs out.""" % TRACKER_WINDOW,
        "client", expect, chat)
    return recording


def server_scale(lab):
    """The window scale the server will offer: log2 of its largest buffer over 65535."""
    space = int(lab.server.run("sysctl", "-n", "net.ipv4.tcp_rmem").split()[2])
    space = max(space, int(open("/proc/sys/net/core/rmem_max").read()))
    return max(0, min(14, space.bit_length() - 16))


def tfo_healthy(directory):
    recording, delivered = mail_flow(fastopen=True)
    require(delivered, "the mail did not get through")
    capture = recording.seen["client"]
    chat, _ = early_data_chat(capture, "cookie_accepted")
    require_calm(capture)
    publish(recording, directory, "tfo-healthy", 1, setup("client") + """
        The flow of tfo-storm with nothing in its way: cookie without data, banner captured before
        the third ACK, the same upload. A tracker before 5.18 would lose the window scale here too,
        but there is none.""", "client", [], chat)


def require_calm(capture):
    """Nothing acknowledged is sent again, nobody is reset."""
    for address in (CLIENT_ADDRESS, SERVER_ADDRESS):
        require(not acked_retransmissions(capture, address), "acknowledged data sent again")
    require(not any(s.has("R") for s in capture), "a RST")


def storm_without_tfo(directory):
    def drop_from_now_on(lab):
        lab.client.nft("""
        table ip lab {
         chain behind_capture { type filter hook input priority filter; }
        }""")
        # The dialogue's last ACKs pass; those of the message soon do not.
        wait = 6 * ONE_WAY_S

        def drop():
            threading.Timer(wait, lab.client.nft, [
                "add rule ip lab behind_capture tcp sport 25 counter drop"]).start()
        return drop

    recording, delivered = mail_flow(fastopen=False, break_with=drop_from_now_on)
    require(not delivered, "the mail got through")
    capture = recording.seen["client"]
    _, reset = tracker.compare(capture)
    require(reset is None, "the old tracker loses its scale")
    expect, _ = storm_expectations(recording, "acked_retransmit_storm")
    dropped = [segment for where, segment, reason in recording.drops
               if where == "client" and reason == "NETFILTER_DROP"]
    require(not any(s.length for s in dropped), "payload was dropped, too")
    expect[-1]["fields"]["storm.ignored_ack"] = dropped[0].frame
    publish(recording, directory, "storm-without-tfo", 1, setup("client") + """
        An ordinary handshake, the same mail. While the message is under way, an nft rule begins to
        drop everything from the server on the client's input, behind the capture point: its ACKs
        are in the capture and never reach TCP.""", "client", expect)


def loss_recovery(directory):
    """Losses on the wire, seen by the sender: one in the middle of the window,
    and the tail of the message with its first repetitions."""
    lost = {"data": 0, "tail": 0}

    def wire(direction, segment):
        if direction == TO_CLIENT or not segment.length:
            return [(ONE_WAY_S, segment.raw)]
        if segment.length > 1000:
            lost["data"] += 1
            if lost["data"] in (12, 13):
                return []
        if segment.payload.endswith(b"\r\n.\r\n") and lost["tail"] < 3:
            lost["tail"] += 1
            return []
        return [(ONE_WAY_S, segment.raw)]

    with Lab(wire) as lab:
        listener = lab.server_socket(SMTP)
        with lab.record() as recording:
            server = MailServer(listener)
            server.start()
            sock = lab.client_socket(40001)
            sock.connect((SERVER_ADDRESS, SMTP))
            delivered = deliver(recording, sock, lambda: None, 9, message_bytes=60_000)
            sock.close()
            server.join(2)
            time.sleep(6 * ONE_WAY_S)
        listener.close()
    require(delivered, "the mail did not get through")
    capture = recording.seen["client"]
    require_calm(capture)
    fast = recording.counters["client"].get("TcpExtTCPFastRetrans", 0)
    timeouts = recording.counters["client"].get("TcpExtTCPTimeouts", 0)
    require(fast and timeouts, "fast retransmissions: %d, timeouts: %d" % (fast, timeouts))
    again = [s.frame for s in retransmitted(capture, CLIENT_ADDRESS)]
    publish(recording, directory, "loss-recovery", 1, setup("client") + """
        An ordinary mail over a wire that loses two segments in the middle of the message (repaired
        by fast retransmission) and three copies of its last one (repaired by tail loss probe and
        timeout). Retransmissions are frames %s; none was acknowledged before."""
            % ", ".join(map(str, again)), "client", [])


# ---- the Fast Open handshakes ----

QUESTION = b"GET / HTTP/1.0\r\nHost: www.example.net\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes"


def handshake(directory, name, outcome, why, origin, server_fastopen=True, cookie=True,
              before_connect=None):
    """One question over Fast Open, answered, closed by the server."""
    with Lab() as lab:
        listener = lab.server_socket(HTTP, fastopen=server_fastopen)
        if cookie:
            obtain_cookie(lab, HTTP, listener, 40000)
        if before_connect:
            before_connect(lab, listener)
        with lab.record() as recording:
            sock = lab.client_socket(40001)
            taken = fastopen_connect(sock, HTTP, QUESTION)
            peer, _ = listener.accept()
            peer.settimeout(5)
            if not taken:
                sock.sendall(QUESTION)
            require(peer.recv(4096) == QUESTION, "the question came in pieces")
            peer.sendall(ANSWER)
            received = sock.recv(4096)
            recording.note("client", "answer of %d bytes" % len(received))
            time.sleep(4 * ONE_WAY_S)
            peer.close()
            time.sleep(4 * ONE_WAY_S)
            sock.close()
            time.sleep(6 * ONE_WAY_S)
        listener.close()
    capture = recording.seen["client"]
    syn, syn_ack = capture[0], next(s for s in capture if s.has("SA"))
    require(tfo_outcome(syn, syn_ack) == outcome, "the outcome is " + tfo_outcome(syn, syn_ack))
    require_calm(capture)
    publish(recording, directory, name, 1, setup("client") + origin, "client", [],
            [finding("tfo_handshake", syn_ack, why, tfo__outcome=outcome)])


def tfo_outcome(syn, syn_ack):
    """The outcome by options and ACK arithmetic."""
    asked, given = syn.options.get("fastopen"), syn_ack.options.get("fastopen")
    taken = sequence_delta(syn_ack.ack, syn.seq) - 1
    if asked is None:
        return "none"
    if not asked:
        return "cookie_granted" if given else "option_ignored"
    if not syn.length:
        return "cookie_sent"
    if taken == 0:
        return "cookie_refused" if given else "syn_data_refused"
    return "syn_data_accepted" if taken == syn.length else "syn_data_partly_accepted"


def tfo_cookie_request(directory):
    handshake(directory, "tfo-cookie-request", "cookie_granted",
              "empty Fast Open option answered with a cookie", """
        First contact: the client asks for a cookie and gets one; its data waits for the
        handshake.""", cookie=False)


def tfo_data_accepted(directory):
    handshake(directory, "tfo-data-accepted", "syn_data_accepted",
              "the SYN-ACK acknowledges the SYN's data", """
        The client holds a cookie from an earlier contact; its SYN carries cookie and request, and
        the server takes both.""")


def tfo_data_refused(directory):
    def new_key(lab, _listener):
        lab.server.sysctl("net.ipv4.tcp_fastopen_key", "00112233-44556677-8899aabb-ccddeeff")

    handshake(directory, "tfo-data-refused", "cookie_refused",
              "the SYN-ACK acknowledges the SYN only and brings a new cookie", """
        The client holds a cookie, but the server's key has changed since: it refuses cookie and
        data and sends a new cookie; the client sends its data again at once.""",
              before_connect=new_key)


def tfo_data_refused_silently(directory):
    def switch_off(lab, _listener):
        lab.server.sysctl("net.ipv4.tcp_fastopen", 0)

    handshake(directory, "tfo-data-refused-no-cookie", "syn_data_refused",
              "the SYN-ACK acknowledges the SYN only and has no Fast Open option", """
        The client holds a cookie, but Fast Open has been switched off on the server since: it
        ignores cookie and data; the client sends its data again at once.""",
              before_connect=switch_off)


def tfo_option_ignored(directory):
    handshake(directory, "tfo-option-ignored", "option_ignored",
              "empty Fast Open option, none in the SYN-ACK", """
        First contact with a server that does not do Fast Open.""",
              server_fastopen=False, cookie=False)


CASES = {
    "tfo-storm": tfo_storm,
    "tfo-healthy": tfo_healthy,
    "tfo-cookie-request": tfo_cookie_request,
    "tfo-data-accepted": tfo_data_accepted,
    "tfo-data-refused": tfo_data_refused,
    "tfo-data-refused-no-cookie": tfo_data_refused_silently,
    "tfo-option-ignored": tfo_option_ignored,
    "storm-without-tfo": storm_without_tfo,
    "loss-recovery": loss_recovery,
}
