# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 5, a hop between two capture points that loses some kind of segment, or none."""

import random
import socket
import time

from lives import PORT, REQUEST, RESPONSE, SETTLE_S, close, close_all, connect, say, take, unanswered_again
from netlab import (CLIENT_ADDRESS, CLIENT_MAC, ONE_WAY_S, SERVER_ADDRESS, SERVER_MAC, TO_CLIENT, TO_SERVER, Lab,
                    abort)
from points import ROUTER_MAC, Hop, Points, ending_with, router
from publish import acked_retransmissions, finding, require, retransmitted
from segments import padded, routed, without_options
from story3 import short_frame_chat
from story5_end import (BODY, BYSTANDER, CLIENT_PORT, ENDS, FIN_LOST, ROUTER, bystander, fin_findings, fin_lost,
                        fins_of_server, of_incident, one_hop)

# ---- nothing ----

def transfer(lab, recording, sizes=(4000, 6000), port=CLIENT_PORT):
    """Both sides send so many bytes, and close."""
    listener = lab.server_socket(PORT)
    client, server = connect(lab, listener, port)
    say(client, server, bytes(sizes[0]))
    say(server, client, bytes(sizes[1]))
    time.sleep(SETTLE_S)
    close(client, server)
    recording.note("client", "everything sent and received")
    listener.close()


def healthy(directory):
    hop = Hop(router())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        transfer(lab, recording)
    points = one_hop(hop)(recording)
    for point in ENDS:
        require(not any(retransmitted(points.at(point), a) for a in (CLIENT_ADDRESS, SERVER_ADDRESS)),
                "something was retransmitted")
    points.publish(directory, "two-points-healthy", ROUTER + """Some kilobytes each way, nothing lost.
        Control.""")


# ---- size ----

LARGEST = 1400


def mtu(directory):
    hop = Hop(router(lambda direction, segment: segment.ip_len > LARGEST))
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        client.sendall(bytes(4 * 1448))
        recording.note("client", "upload begun")
        time.sleep(4.0)
        recording.snapshot("client")
        recording.snapshot("server")
        abort(client)
        recording.note("client", "gives up, abort")
        time.sleep(SETTLE_S)
        bystander(lab, listener)
        close_all(server, listener)
    points = one_hop(hop)(recording)
    client, server = points.at("client"), points.at("server")
    upload = next(s for s in client if s.ip_len > LARGEST)
    again = unanswered_again(client, upload)
    require(len(again) >= 5, "only %d retransmissions" % len(again))
    reset = next(s for s in server if s.has("R"))
    challenge = next(s for s in server if s.frame > reset.frame)
    exact = next(s for s in server if s.frame > challenge.frame and s.has("R"))
    require(challenge.is_bare_ack and challenge.ack == exact.seq != reset.seq, "no challenge ACK")
    points.publish(directory, "two-points-mtu", ROUTER + """It silently drops datagrams of more than %d
        bytes; no ICMP error tells the sender, whose MTU is 1500. Handshake and a small exchange pass, the
        upload never does; after 4 s the client aborts. """ % LARGEST + BYSTANDER, points.losses("size") + [
            finding("peer_silent", again[4], "fifth unanswered retransmission at the client's point"),
            finding("rst_seq_mismatch", reset, "beyond the bytes that never came, at the server's point",
                    rst__resolved_in=exact.frame),
            finding("challenge_ack", challenge, "answers the RST of frame %d" % reset.frame)],
            absent=["short_frame_loss"])



# ---- by chance ----

CHANCE = random.Random(5)
SIZES = [CHANCE.choice((40, 130, 320, 600, 900)) for _ in range(14)]
UNLUCKY = (2, 5, 9, 11)  # writes of the client whose segment is lost on its first try


def first_time(segment, seen):
    """Is this segment new? Retransmissions have the same number."""
    new = segment.seq not in seen
    seen.add(segment.seq)
    return new


def some_data():
    """Loses some segments of the client's, on their first try."""
    seen = set()

    def lose(direction, segment):
        if direction != TO_SERVER or not segment.length or not of_incident(segment):
            return False
        return first_time(segment, seen) and len(seen) - 1 in UNLUCKY
    return lose


def lost_by_chance(*rules, prepare=lambda lab: None, connected=connect):
    """A dialogue of different sizes; some segments are lost and sent again."""
    with Lab(*rules) as lab, lab.record(trace=False) as recording:
        prepare(lab)
        listener = lab.server_socket(PORT)
        client, server = connected(lab, listener, CLIENT_PORT)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size in SIZES:
            client.sendall(bytes(size))
            time.sleep(0.004)
        take(server, sum(SIZES))
        say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        close(client, server)
        recording.note("client", "everything sent and received")
        listener.close()
    return recording


BY_CHANCE = ROUTER + """It loses some of the client's segments with payload, which have nothing in common; all are sent
again and arrive. """


def loss_chance(directory):
    hop = Hop(router(some_data()))
    points = one_hop(hop)(lost_by_chance(hop))
    points.publish(directory, "two-points-loss-chance", BY_CHANCE, points.losses(None),
                   absent=["short_frame_loss"])


# ---- one direction ----

def server_unheard(directory):
    hop = Hop(router(lambda direction, segment: direction == TO_CLIENT and of_incident(segment)))
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client = lab.client_socket(CLIENT_PORT, 3.5)
        try:
            client.connect((SERVER_ADDRESS, PORT))
        except OSError as error:
            recording.note("client", "connect, patience 3.5 s", error)
        recording.snapshot("client")
        client.close()
        bystander(lab, listener)
        listener.close()
    points = one_hop(hop)(recording)
    points.publish(directory, "two-points-one-way", ROUTER + """It loses everything that the server sends on this
        connection, from the start: SYN-ACKs are seen near the server only. """ + BYSTANDER,
                   points.losses("all"), absent=["short_frame_loss", "accept_queue_overflow"])


def server_falls_silent(directory):
    state = {"cut": False}
    hop = Hop(router(lambda direction, segment: state["cut"] and direction == TO_CLIENT
                     and of_incident(segment)))
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        for _ in range(2):
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        state["cut"] = True
        say(client, server, REQUEST)
        server.sendall(RESPONSE)
        client.settimeout(2.0)
        try:
            client.recv(1)
        except OSError as error:
            recording.note("client", "recv", error)
        recording.snapshot("client")
        recording.snapshot("server")
        bystander(lab, listener)
        listener.close()
    close_all(client, server)
    points = one_hop(hop)(recording)
    again = acked_retransmissions(
        [s for s in points.at("server") if of_incident(s)], CLIENT_ADDRESS)
    require(len(again) >= 3, "only %d requests sent again" % len(again))
    points.publish(directory, "two-points-one-way-later", ROUTER + """It loses everything that the server sends
        on this connection, but only from the third request on. """ + BYSTANDER, points.losses(None) + [
            finding("acked_data_retransmitted", segment, "near the server: all of it was acknowledged in frame"
                    " %d, an ACK that is lost behind this point" % ack) for segment, ack, _ in again] + [
            finding("acked_retransmit_storm", again[2][0], "third such segment")],
            absent=["short_frame_loss"])


# ---- order ----

LATE_S = 0.030


def reordered(directory):
    late = []

    def rule(direction, segment):
        late.append(segment)
        delay = 0.020 + (LATE_S if segment.length and len(late) % 3 == 0 else 0)
        return [(delay, routed(segment.raw, ROUTER_MAC))]

    hop = Hop(rule)
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        transfer(lab, recording, (4500, 5000))
    points = one_hop(hop)(recording)
    numbers = [points.numbers[p.far[0]].frame for p in points.passages if p.direction == TO_SERVER]
    require(numbers != sorted(numbers), "nothing was overtaken")
    points.publish(directory, "two-points-reordered", ROUTER + """It delays every frame by 20 ms, and one in three
        of those with payload by %d ms more, so that others overtake it. Nothing is lost. Control."""
                   % (LATE_S * 1000))



# ---- checksums ----

DAMAGED = (10, 14, 18, 22)  # answers of the server, in order


def damaging():
    """The wire between the server and the second point: flips a bit in some segments."""
    seen = set()

    def rule(direction, segment):
        raw = segment.raw
        if direction == TO_CLIENT and segment.length and of_incident(segment):
            if first_time(segment, seen) and len(seen) - 1 in DAMAGED:
                raw = raw[:-5] + bytes([raw[-5] ^ 0x04]) + raw[-4:]
        return [(ONE_WAY_S / 2, raw)]
    return rule


def isolated_damage(capture, sender):
    """Wrong checksums by the rule of the finding: behind at least two good ones of the sender. Damage that was sent
    again undamaged, as all of this, does not count against it."""
    mine = [segment for segment in capture if segment.src == sender]
    return [segment for at, segment in enumerate(mine)
            if not segment.checksum_good() and sum(other.checksum_good() for other in mine[:at]) >= 2]


def checksum(directory):
    """A hop that verifies checksums, behind a wire that damages."""
    hop = Hop(lambda direction, segment: [(ONE_WAY_S / 2, segment.raw)] if segment.checksum_good() else [])
    with Lab(damaging(), hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        recording.note("client", "connected")
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        say(client, server, REQUEST)
        for _ in range(DAMAGED[-1] + 6):
            server.sendall(RESPONSE)
            time.sleep(0.004)
        take(client, (DAMAGED[-1] + 6) * len(RESPONSE))
        time.sleep(SETTLE_S)
        close(server, client)
        listener.close()
    points = Points(recording, ("middle", "client"), [(hop, "client", "middle")])
    middle = points.at("middle")
    require(len(points.lost) == len(DAMAGED), "%d damaged" % len(points.lost))
    points.publish(directory, "two-points-checksum", """The wire near the server flips a bit in %d segments of the
        server. Behind the point in the middle a hop verifies checksums and drops what is wrong; the server sends it
        again, undamaged. """ % len(DAMAGED), points.losses("checksum") + [
            finding("checksum_bad", segment, "a wrong checksum, those before it were good or sent again undamaged")
            for segment in isolated_damage(middle, SERVER_ADDRESS)], absent=["short_frame_loss"])


# ---- IPv6 ----

CLIENT6, SERVER6 = "2001:db8:1::10", "2001:db8:2::20"


def with_ipv6(lab):
    for host, device, own, peer, mac in ((lab.client, "client0", CLIENT6, SERVER6, SERVER_MAC),
                                         (lab.server, "server0", SERVER6, CLIENT6, CLIENT_MAC)):
        host.sysctl("net.ipv6.conf.%s.disable_ipv6" % device, 0)
        host.run("ip", "-6", "address", "add", own + "/128", "dev", device, "nodad")
        host.run("ip", "-6", "route", "add", peer + "/128", "dev", device)
        host.run("ip", "-6", "neigh", "add", peer, "lladdr", mac, "dev", device, "nud", "permanent")


def connect6(lab, _listener, port):
    """A connection over IPv6: the client's socket and the server's."""
    sockets = []
    for host in (lab.server, lab.client):
        with host.entered():
            sockets.append(socket.socket(socket.AF_INET6))
        sockets[-1].settimeout(10)
    listener, client = sockets
    listener.bind((SERVER6, PORT))
    listener.listen(1)
    client.bind((CLIENT6, port))
    client.connect((SERVER6, PORT))
    server, _ = listener.accept()
    listener.close()
    server.settimeout(10)
    return client, server


def ipv6_healthy(directory):
    hop = Hop(router())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        with_ipv6(lab)
        client, server = connect6(lab, None, CLIENT_PORT)
        say(client, server, bytes(4000))
        say(server, client, bytes(6000))
        time.sleep(SETTLE_S)
        close(client, server)
    points = one_hop(hop)(recording)
    points.publish(directory, "two-points-ipv6", ROUTER + """IPv6; some kilobytes each way, nothing lost.
        Control.""")


def ipv6_identical(directory):
    """Without timestamps and without IP ID a segment sent again is the same to the last bit."""
    def prepare(lab):
        with_ipv6(lab)
        lab.client.sysctl("net.ipv4.tcp_timestamps", 0)

    hop = Hop(router(some_data()))
    points = one_hop(hop)(lost_by_chance(hop, prepare=prepare, connected=connect6))
    client = points.at("client")
    require(all(any(s.frame > lost.frame and s.raw == lost.raw for s in client) for lost in points.lost[:1]),
            "nothing was repeated to the bit")
    points.publish(directory, "two-points-ipv6-identical", BY_CHANCE + """The connection is over IPv6 and has no
        timestamps: what is sent again may be the same to the last bit as what was lost.""", points.losses(None),
                   absent=["short_frame_loss"])


def ipv6_fin_dropped(directory):
    hop = Hop(router(fins_of_server))
    points = one_hop(hop)(fin_lost(hop, prepare=with_ipv6, connected=connect6))
    points.publish(directory, "two-points-ipv6-fin-dropped", ROUTER + """The connection is over IPv6, the other one
        over IPv4. """ + FIN_LOST, points.losses("fin") + fin_findings(points), absent=["short_frame_loss"])


# ---- padding ----

def padded_dropped(directory):
    """Towards the server: handshake ACK, ACKs and FIN of the client."""
    hop = Hop(lambda direction, segment: [] if direction == TO_SERVER and segment.pad
              else [(ONE_WAY_S / 2, segment.raw)])
    with Lab(hop, lambda direction, segment: [
            (ONE_WAY_S / 2, padded(segment.raw) if direction == TO_SERVER else segment.raw)]) as lab:
        lab.client.sysctl("net.ipv4.tcp_timestamps", 0)
        with lab.record(trace=False) as recording:
            listener = lab.server_socket(PORT)
            client, server = connect_at_once(lab, listener)
            take(server, len(REQUEST))
            server.sendall(BODY)
            take(client, len(BODY))
            time.sleep(0.5)
            client.close()
            recording.note("client", "answer received, close")
            time.sleep(2.5)
            server.sendall(b"are you there?")
            time.sleep(1.0)
            listener.close()
        close_all(server)
    points = Points(recording, ("middle", "server"), [(hop, "middle", "server")],
                    keep=ending_with(recording, "server", 0.002))
    lost = points.lost
    fins, resets = [s for s in lost if s.has("F")], [s for s in lost if s.has("R")]
    require(len(fins) >= 3 and resets and any(s.is_bare_ack for s in lost), "lost: %s" % lost)
    middle = points.at("middle")
    again = acked_retransmissions(middle, SERVER_ADDRESS)
    late = next(s for s in points.at("server") if s.src == SERVER_ADDRESS and s.length == len(b"are you there?"))
    points.publish(directory, "two-points-padded-dropped", """The relay nearer to the client pads its frames to 60
        bytes, as Ethernet does; the one nearer to the server plays a broken virtual switch and drops every padded
        frame of the client. The client uses no timestamps, so its bare ACKs and its FIN are short; ACKs with a DSACK
        block are not. The client closes after the answer; what the server says later draws RSTs, short ones too.""",
                   points.losses("padded") + [
            finding("fin_unacked", fins[2], "second retransmission of the client's FIN, none is acknowledged"),
            finding("data_after_close", resets[0], "the server's payload reached a client that had closed"),
            finding("fin_missing", late, "the client's FIN is seen in the middle and not at the server, whose data ends"
                    " the silence", fin__missing_from="client")] + [
            finding("acked_data_retransmitted", segment, "in the middle: all of it was acknowledged in frame %d,"
                    " an ACK that is lost behind this point" % ack) for segment, ack, _ in again] + [
            finding("short_frame_loss", None, "all padded frames are missing at the server, none of the others;"
                    " the frame is left open")], short_frame_chat(lost))


def connect_at_once(lab, listener):
    """A client that asks as soon as it is connected, for the server cannot know it is before."""
    client = lab.client_socket(CLIENT_PORT)
    client.connect((SERVER_ADDRESS, PORT))
    client.sendall(REQUEST)
    server, _ = listener.accept()
    server.settimeout(10)
    return client, server


# ---- silence ----

SILENCE_S, FORGETS_S = 32, 31


def after_idle(directory):
    """Nothing of the connection passes any more once it was silent for a while."""
    last = {"heard": None}

    def forgotten(_direction, segment):
        if not of_incident(segment):
            return False
        now = time.monotonic()
        if last["heard"] and now - last["heard"] > FORGETS_S:
            return True
        last["heard"] = now
        return False

    hop = Hop(router(forgotten))
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(SILENCE_S)
        client.sendall(REQUEST)
        client.settimeout(3.0)
        try:
            client.recv(1)
        except OSError as error:
            recording.note("client", "recv", error)
        recording.snapshot("client")
        recording.snapshot("server")
        bystander(lab, listener)
        listener.close()
    close_all(client, server)
    points = one_hop(hop)(recording)
    lost = points.lost
    require(len(lost) >= 4 and lost[0].length, "%d segments lost" % len(lost))
    points.publish(directory, "two-points-after-idle", ROUTER + """It forgets a connection that is silent for %d s,
        and drops what comes afterwards. """ % FORGETS_S + BYSTANDER, points.losses("after_idle") + [
            finding("idle_drop", lost[3], "third unanswered retransmission, after %d s of silence" % SILENCE_S)],
            absent=["short_frame_loss", "peer_silent"])


# ---- an option ----

def sack_dropped(directory):
    """A hop that drops segments with SACK blocks, and a loss behind it that makes some."""
    seen = set()

    def lose_one(direction, segment):
        if direction != TO_SERVER or not segment.length:
            return False
        return first_time(segment, seen) and len(seen) == 3

    hop = Hop(router(lambda direction, segment: direction == TO_CLIENT and "sack" in segment.options,
                     ONE_WAY_S / 2))
    with Lab(lambda direction, segment: [] if lose_one(direction, segment) else [(ONE_WAY_S / 2, segment.raw)],
             hop) as lab, lab.record(trace=False) as recording:
        transfer(lab, recording, (8500, 1000))
    points = Points(recording, ("client", "middle"), [(hop, "client", "middle")])
    points.publish(directory, "two-points-sack-dropped", ROUTER + """It drops what carries SACK blocks. Behind the
        second point one segment of the client is lost, so that the server sends such.""", points.losses("option"),
                   absent=["short_frame_loss"])


# ---- timestamps ----

BARE = (3, 6, 9, 12)  # answers of the server that leave without timestamps


def forgetting_timestamps():
    """The wire between the server and the second point: takes the timestamps off some segments."""
    seen = set()

    def rule(direction, segment):
        raw = segment.raw
        if direction == TO_CLIENT and segment.length and first_time(segment, seen) and len(seen) - 1 in BARE:
            raw = without_options(segment)
        return [(ONE_WAY_S / 2, raw)]
    return rule


def no_timestamps_dropped(directory):
    """A hop that takes RFC 7323 at its word."""
    hop = Hop(lambda direction, segment: [(ONE_WAY_S / 2, segment.raw)] if "ts" in segment.options else [])
    with Lab(forgetting_timestamps(), hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        say(client, server, REQUEST)
        for size in SIZES:
            server.sendall(bytes(size))
            time.sleep(0.004)
        take(client, sum(SIZES))
        time.sleep(SETTLE_S)
        close(server, client)
        recording.note("client", "everything received")
        listener.close()
    points = Points(recording, ("middle", "client"), [(hop, "client", "middle")])
    points.publish(directory, "two-points-no-timestamps-dropped", """The wire near the server takes the timestamps off
        some of its segments. Behind the point in the middle a hop drops what has none, since this connection
        negotiated them (RFC 7323, section 3.2); the server sends it again, with timestamps. """,
                   points.losses("no_timestamps"), absent=["short_frame_loss"])


CASES = {
    "two-points-healthy": healthy,
    "two-points-mtu": mtu,
    "two-points-loss-chance": loss_chance,
    "two-points-one-way": server_unheard,
    "two-points-one-way-later": server_falls_silent,
    "two-points-reordered": reordered,
    "two-points-checksum": checksum,
    "two-points-ipv6": ipv6_healthy,
    "two-points-sack-dropped": sack_dropped,
    "two-points-no-timestamps-dropped": no_timestamps_dropped,
    "two-points-ipv6-identical": ipv6_identical,
    "two-points-ipv6-fin-dropped": ipv6_fin_dropped,
    "two-points-padded-dropped": padded_dropped,
    "two-points-after-idle": after_idle,
}
