# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 3: the FIN that never came, short frames, padding and checksums."""

import socket
import time

from netlab import CLIENT_ADDRESS, ONE_WAY_S, SERVER_ADDRESS, TO_CLIENT, TO_SERVER, Lab
from publish import (acked_retransmissions, finding, merged, publish, require, retransmitted,
                     setup)
from segments import padded, with_checksum

PORT, CLIENT_PORT = 80, 40001
REQUEST = b"GET /answer HTTP/1.1\r\nHost: service.example.net\r\nConnection: close\r\n\r\n"
BODY = b"the answer to the request, complete and on time\n" * 20
RESPONSE = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" + BODY)
PATIENCE_S = 6.0  # the client's timer; longer than the preference stall_seconds
FIN_APART_S = 0.15  # between response and close, so that the FIN goes alone


# ---- rules of the wire ----

def ethernet(direction, segment):
    """Pads what comes from the server, as its network card does."""
    raw = padded(segment.raw) if direction == TO_CLIENT else segment.raw
    return [(ONE_WAY_S / 2, raw)]


def ethernet_both_ways(_direction, segment):
    return [(ONE_WAY_S / 2, padded(segment.raw))]


def straight(_direction, segment):
    return [(ONE_WAY_S / 2, segment.raw)]


def broken_switch(direction, segment):
    """Loses what was padded on its way to the client: its tracker's checksum
    ran over the padding."""
    if direction == TO_CLIENT and segment.pad:
        return []
    return [(ONE_WAY_S / 2, segment.raw)]


WIRE = """The relay nearer to the server pads its frames to 60 bytes, as Ethernet does; """
SWITCH = """the relay nearer to the client plays the broken virtual switch and drops every padded
frame on its way to the client. """


# ---- the exchange ----

def no_timestamps(lab):
    lab.server.sysctl("net.ipv4.tcp_timestamps", 0)


def exchange(lab, recording, fin_on_data=False, half_close=False, patience_s=PATIENCE_S,
             linger_s=2.5):
    """A request, a response that ends with the connection, a client that waits for that end."""
    listener = lab.server_socket(PORT)
    client = lab.client_socket(CLIENT_PORT)
    client.connect((SERVER_ADDRESS, PORT))
    server, _ = listener.accept()
    server.settimeout(5)
    client.sendall(REQUEST)
    if half_close:
        client.shutdown(socket.SHUT_WR)
    pending = len(REQUEST)
    while pending:
        pending -= len(server.recv(pending))
    if fin_on_data:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    server.sendall(RESPONSE)
    answered = time.monotonic() + ONE_WAY_S
    if not fin_on_data:
        time.sleep(FIN_APART_S)
    server.close()
    recording.note("server", "response sent, close")
    received = 0
    client.settimeout(patience_s - (time.monotonic() - answered))
    try:
        while True:
            data = client.recv(65536)
            if not data:
                recording.note("client", "end of the connection after %d bytes" % received)
                break
            received += len(data)
    except OSError as error:
        recording.note("client", "recv, after %d bytes" % received, error)
    recording.snapshot("client")
    recording.snapshot("server")
    client.close()
    recording.note("client", "close")
    time.sleep(linger_s)
    listener.close()
    return received


def fin_of(capture, address):
    return [s for s in capture if s.src == address and s.has("F")]


def incident(patience_s=PATIENCE_S):
    """The story: response complete, FIN lost behind the middle."""
    with Lab(ethernet, broken_switch) as lab:
        no_timestamps(lab)
        with lab.record() as recording:
            received = exchange(lab, recording, patience_s=patience_s)
    require(received == len(RESPONSE), "the response is not complete")
    require(not fin_of(recording.seen["client"], SERVER_ADDRESS), "a FIN got through")
    return recording


def publish_lost_at_client(recording, name, directory):
    capture = recording.seen["client"]
    response = [s for s in capture if s.src == SERVER_ADDRESS and s.length][-1]
    own_fin = fin_of(capture, CLIENT_ADDRESS)[0]
    before = capture[own_fin.frame - 2]
    silence = (own_fin.time_ns - before.time_ns) / 1e9
    require(not any(s.is_short for s in capture if s.src == SERVER_ADDRESS), "a short frame passed")
    publish(recording, directory, name, 3, setup("client") + WIRE + SWITCH + """The server uses no
        timestamps, so its bare ACKs and its FIN are short. The response announces Connection:
        close and is complete in frame %d; the client waits for the end of the connection until
        its own timer runs out.""" % response.frame, "client", [
            finding("fin_missing", own_fin, "the server said Connection: close, no FIN of it is in"
                    " the capture; the client ends %.1f s of silence" % silence,
                    fin__missing_from="server", fin__silence=round(silence, 3)),
            finding("short_frame_loss", None, "the server's FIN and bare ACKs never show, all of"
                    " them would be padded; its longer frames arrive. The frame is left open: the"
                    " one that settles it, or the flow's last"),
        ])


def publish_lost_at_server(recording, name, directory):
    capture = recording.seen["middle"]
    fins = fin_of(capture, SERVER_ADDRESS)
    require(len(fins) >= 4, "only %d copies of the FIN" % len(fins))
    for fin in fins:
        require(fin.pad == 6 and len(fin.raw) == 60, "a FIN is not padded")
        require(fin.checksum_good() and not fin.checksum_good(with_padding=True), "odd checksum")
    require(not any(s.src == CLIENT_ADDRESS and s.ack == fins[0].end_seq for s in capture),
            "the FIN is acknowledged")
    publish(recording, directory, name, 3, setup("middle") + WIRE + SWITCH + """The server uses no
        timestamps, so its bare ACKs and its FIN are short. The capture point lies between the two,
        like the tunnel interface of the story's compute host: the FIN is here, padded, and never
        acknowledged; the longer frames were.""", "middle", [
            finding("fin_unacked", fins[2], "second retransmission of the server's FIN, none is"
                    " acknowledged")],
            short_frame_chat(capture),
            remarks=["short_frame_loss may stand beside it: only padded frames stay unanswered",
                     "not peer_silent: a bare FIN is no data"])


def fin_lost(directory):
    """Both ends' views of one incident."""
    recording = incident()
    publish_lost_at_server(recording, "fin-lost-server", directory)
    publish_lost_at_client(recording, "fin-lost-client", directory)
    publish_lost_between(recording, "fin-lost-two-points", directory)


def publish_lost_between(recording, name, directory):
    points = ("middle", "client")
    whole = merged(recording, points)
    middle = [s for at, _, s in whole if at == "middle"]
    client = [s for at, _, s in whole if at == "client"]
    lost = [s for s in middle if s.src == SERVER_ADDRESS
            and not any(s.same_packet(other) for other in client)]
    ours = [s for s in middle if s.src == SERVER_ADDRESS]
    require(lost == [s for s in ours if s.pad], "not all padded frames are lost, or others are")
    known = [s for s in lost if s.time_ns < client[-1].time_ns]  # the client's capture goes on
    counts = {"loss__padded_missing": len(known), "loss__padded_total": len(known),
              "loss__other_missing": 0, "loss__other_total": len(ours) - len(lost)}
    own_fin = fin_of(client, CLIENT_ADDRESS)[0]
    publish(recording, directory, name, 3, setup(points) + WIRE + SWITCH + """The incident of
        fin-lost-server and fin-lost-client, both points in one file: all %d padded frames of the
        server are lost between them, none of its %d others; the last of them after everything that the client's
        capture holds, so that nobody can tell.""" % (len(lost), len(ours) - len(lost)),
            points, [
        finding("vantage_loss", lost[0], "first of %d segments seen in the middle and not at the"
                " client, which goes on capturing" % len(known), vantage__from="middle", vantage__to="client", **counts),
        finding("short_frame_loss", None, "all padded frames are missing at the client, none of the"
                " others; the frame is left open"),
        finding("fin_unacked", fin_of(middle, SERVER_ADDRESS)[2], "second retransmission of the"
                " server's FIN in the middle, none is acknowledged"),
        finding("fin_missing", own_fin, "the FIN is in the middle and not at the client; the client"
                " ends the silence", fin__missing_from="server")],
            short_frame_chat(middle))


def fin_lost_60s(directory):
    """The client's view with the sixty seconds of the original."""
    publish_lost_at_client(incident(60.0), "fin-lost-client-60s", directory)


# ---- controls ----

def healthy(point, rules, timestamps=False, offload=False, **how):
    """An exchange that ends as it should; nothing must be retransmitted."""
    with Lab(*rules, client_offload=offload) as lab:
        if not timestamps:
            no_timestamps(lab)
        with lab.record() as recording:
            exchange(lab, recording, linger_s=0.3, **how)
    capture = recording.seen[point]
    require(len(fin_of(capture, CLIENT_ADDRESS)) == 1 == len(fin_of(capture, SERVER_ADDRESS)),
            "a FIN is missing or repeated")
    require(not any(retransmitted(capture, a) for a in (CLIENT_ADDRESS, SERVER_ADDRESS)),
            "something was retransmitted")
    return recording, capture


def short_frame_chat(capture):
    """The chat entries of padded frames, by the rule of the finding: one per direction, of the first FIN or else of the
    first other one."""
    told = {}
    for segment in capture:
        if not segment.pad or not (segment.is_bare_ack or set(segment.flags) & set("SFR")):
            continue
        first = told.setdefault(segment.src, segment)
        if "F" in segment.flags and "F" not in first.flags:
            told[segment.src] = segment
    return [finding("short_frame_checksum", segment, "padded frame, checksum right over the datagram only",
                    pad_len=segment.pad) for segment in sorted(told.values(), key=lambda segment: segment.frame)]


def fin_on_data(directory):
    recording, capture = healthy("client", (ethernet, broken_switch), fin_on_data=True,
                                 half_close=True)
    fin = fin_of(capture, SERVER_ADDRESS)[0]
    require(fin.length, "the FIN goes alone")
    publish(recording, directory, "fin-on-data", 3, setup("client") + WIRE + SWITCH + """The client
        shuts down its sending side after the request; the server's FIN rides on its last data and
        acknowledges that, so nothing the server sends is short, and the broken switch has nothing
        to lose.""", "client", [])


def timestamps_on(directory):
    recording, capture = healthy("client", (ethernet, broken_switch), timestamps=True)
    require(not any(s.is_short for s in capture), "a short frame")
    publish(recording, directory, "timestamps-on", 3, setup("client") + WIRE + SWITCH + """The
        server uses timestamps: the shortest frame is 66 bytes, nothing is padded, nothing lost.""",
            "client", [])


def padded_nothing_lost(directory):
    recording, capture = healthy("middle", (ethernet_both_ways, ethernet_both_ways))
    short = [s for s in capture if s.is_short]
    ours = [s for s in short if s.pad]
    require(len(ours) >= 4 and all(s.checksum_good() for s in ours), "too few padded frames")
    publish(recording, directory, "padded-nothing-lost", 3, setup("middle") + """Both relays pad
        short frames, no timestamps, nothing is dropped.""", "middle", [], short_frame_chat(capture))


def checksum_offload(directory):
    def network_card(direction, segment):
        # completes what the host left to it
        raw = with_checksum(segment.raw) if direction == TO_SERVER else segment.raw
        return [(ONE_WAY_S, raw)]

    recording, capture = healthy("client", (network_card,), timestamps=True, offload=True)
    ours = [s for s in capture if s.src == CLIENT_ADDRESS]
    wrong = [s for s in ours if not s.checksum_good()]
    require(len(wrong) == len(ours) >= 3, "the client's checksums are right")
    require(all(s.checksum_good() for s in capture if s.src == SERVER_ADDRESS), "the server's are not")
    publish(recording, directory, "checksum-offload", 3, setup("client") + """The client's interface
        keeps its transmit checksum offload: its frames are captured with the sum of the pseudo
        header only, and the relay completes them, as a network card does.""", "client", [],
            [finding("checksum_unverifiable", wrong[2], "third wrong checksum of the client, none"
                     " was right: offload")])


def talk(damage, rounds=8, timestamps=True):
    """A dialogue of short answers over a wire that damages some frames towards the client."""
    with Lab(damage) as lab:
        if not timestamps:
            no_timestamps(lab)
        with lab.record() as recording:
            listener = lab.server_socket(PORT)
            client = lab.client_socket(CLIENT_PORT)
            client.connect((SERVER_ADDRESS, PORT))
            server, _ = listener.accept()
            server.settimeout(5)
            for number in range(rounds):
                client.sendall(b"question %d\r\n" % number)
                server.recv(100)
                if not timestamps:
                    time.sleep(0.1)  # the delayed ACK goes alone
                server.sendall(b"answer %d, which is that all is well\r\n" % number)
                client.recv(100)
            time.sleep(FIN_APART_S)
            server.close()
            client.recv(100)
            client.close()
            time.sleep(0.5)
            listener.close()
    return recording


def kernel_dropped(recording, reason):
    return [segment.frame for where, segment, why in recording.drops
            if where == "client" and why == reason]


def checksum_bad(directory):
    state = {"answers": 0}

    def flip(direction, segment):
        raw = segment.raw
        if direction == TO_CLIENT and segment.length:
            state["answers"] += 1
            if state["answers"] == 6:
                raw = raw[:-5] + bytes([raw[-5] ^ 0x04]) + raw[-4:]
        return [(ONE_WAY_S, raw)]

    recording = talk(flip)
    capture = recording.seen["client"]
    bad = [s for s in capture if not s.checksum_good()]
    require(len(bad) == 1 and kernel_dropped(recording, "TCP_CSUM") == [bad[0].frame],
            "not exactly one damaged frame")
    require(not acked_retransmissions(capture, SERVER_ADDRESS)
            and not acked_retransmissions(capture, CLIENT_ADDRESS), "something else went wrong")
    publish(recording, directory, "checksum-bad", 3, setup("client") + """The relay flips one bit in
        the payload of one frame from the server. The client's kernel drops it (TCP_CSUM), the
        server sends it again. That frame also held the only acknowledgment of the client's last
        question, so the client sends that again too: a damaged segment acknowledges nothing.""",
            "client", [
            finding("checksum_bad", bad[0], "one wrong checksum among good ones of this sender")])


def checksum_over_padding(directory):
    broken = {"ack": None, "fin": None}

    def driver(direction, segment):
        raw = segment.raw
        if direction == TO_CLIENT:
            raw = padded(raw)
            kind = "fin" if segment.has("F") else "ack" if segment.is_bare_ack else None
            state["seen"] += kind == "ack"
            if kind and broken[kind] is None and (kind == "fin" or state["seen"] == 5):
                broken[kind] = segment.seq
                raw = with_checksum(raw, with_padding=True)
        return [(ONE_WAY_S, raw)]

    state = {"seen": 0}
    recording = talk(driver, timestamps=False)
    capture = recording.seen["client"]
    bad = [s for s in capture if not s.checksum_good()]
    require(len(bad) == 2 and all(s.checksum_good(with_padding=True) for s in bad), "not two frames")
    require(kernel_dropped(recording, "TCP_CSUM") == [s.frame for s in bad], "the kernel took one")
    require(len(fin_of(capture, SERVER_ADDRESS)) == 2, "FIN not sent twice")
    good = [s for s in capture if s not in bad]
    publish(recording, directory, "checksum-over-padding", 3, setup("client") + """The relay plays the
        driver of the server's network card: it pads short frames, and for one bare ACK and the
        first copy of the FIN it counts the padding into the checksum. The client's kernel drops
        both (TCP_CSUM).""", "client", [
            finding("checksum_over_padding", s, "checksum right only with the padding, and with a"
                    " length that counts it", pad_len=s.pad) for s in bad],
            short_frame_chat(good))


CASES = {
    "fin-lost-client": fin_lost,
    "fin-lost-server": fin_lost,
    "fin-lost-two-points": fin_lost,
    "fin-lost-client-60s": fin_lost_60s,
    "fin-on-data": fin_on_data,
    "timestamps-on": timestamps_on,
    "padded-nothing-lost": padded_nothing_lost,
    "checksum-offload": checksum_offload,
    "checksum-bad": checksum_bad,
    "checksum-over-padding": checksum_over_padding,
}
