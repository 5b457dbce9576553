# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 5, a hop between two capture points that loses what ends a connection."""

import time

from lives import PORT, REQUEST, RESPONSE, SETTLE_S, connect, life, say
from netlab import CLIENT_ADDRESS, SERVER_ADDRESS, TO_CLIENT, Lab, abort
from points import Hop, Points, router
from publish import finding, require

CLIENT_PORT, OTHER_PORT = 40001, 40002
BODY = b"the answer to the request, complete and on time\n" * 20
PATIENCE_S = 3.2  # the client's timer; longer than the preference stall_seconds
FIN_APART_S = 0.15  # between response and close, so that the FIN goes alone
ENDS = ("client", "server")
ROUTER = """Between the points lies a router (other MAC addresses, time to live one less). """
BYSTANDER = """Another connection of the same hosts passes afterwards without loss. """


def of_incident(segment):
    return CLIENT_PORT in (segment.sport, segment.dport)


def one_hop(hop, points=ENDS, **how):
    """The points that a recording with one hop has."""
    return lambda recording: Points(recording, points, [(hop, "client", "server")], **how)


def bystander(lab, listener):
    life(lab, listener, OTHER_PORT)


# ---- FIN ----

def fins_of_server(direction, segment):
    return direction == TO_CLIENT and segment.has("F") and of_incident(segment)


def fin_lost(hop, lab=None, prepare=lambda lab: None, connected=connect, linger_s=SETTLE_S,
             after=True):
    """A response that is complete, and an end of the connection that never comes."""
    with lab or Lab(hop) as lab, lab.record(trace=False) as recording:
        prepare(lab)
        listener = lab.server_socket(PORT)
        client, server = connected(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, BODY)
        time.sleep(FIN_APART_S)
        server.close()
        recording.note("server", "response sent, close")
        client.settimeout(PATIENCE_S)
        try:
            client.recv(1)
            recording.note("client", "end of the connection")
        except OSError as error:
            recording.note("client", "recv", error)
        recording.snapshot("client")
        recording.snapshot("server")
        client.close()
        recording.note("client", "close")
        time.sleep(linger_s)
        if after:
            bystander(lab, listener)
        listener.close()
    return recording


def fin_findings(points, far="client", same_numbers=True):
    """The FIN's retransmissions at the nearer point, the silence at the farther
    one. Where the points show different numbers the frame is left open: the
    client's FIN, or the server's next segment, which has consumed a number."""
    fins = [s for s in points.lost if s.has("F")]
    require(len(fins) >= 4, "only %d FINs" % len(fins))
    own_fin = next(s for s in points.at(far) if s.sport == CLIENT_PORT and s.has("F"))
    return [
        finding("fin_unacked", fins[2], "second retransmission of the server's FIN, none is acknowledged"),
        finding("fin_missing", own_fin if same_numbers else None, "the FIN is seen near the server and not near"
                " the client; the client ends the silence", fin__missing_from="server")]


FIN_LOST = """It loses every FIN of the server on this connection. Timestamps are on, nothing is
padded. The response is complete; the client waits for its end until its own timer of %.1f s runs out. """ % (
    PATIENCE_S) + BYSTANDER


def fin_dropped(directory):
    hop = Hop(router(fins_of_server))
    points = one_hop(hop)(fin_lost(hop))
    points.publish(directory, "two-points-fin-dropped", ROUTER + FIN_LOST,
                   points.losses("fin") + fin_findings(points), absent=["short_frame_loss"])


def both_fins_dropped(directory):
    hop = Hop(router(lambda direction, segment: segment.has("F") and of_incident(segment)))
    points = one_hop(hop)(fin_lost(hop, linger_s=1.2))
    ours = [s for s in points.lost if s.has("F") and s.src == CLIENT_ADDRESS]
    theirs = [s for s in points.lost if s.has("F") and s.src == SERVER_ADDRESS]
    points.publish(directory, "two-points-both-fins-dropped", ROUTER + """It loses every FIN of both sides. Timestamps
        are on, nothing is padded. Neither side ever learns that the other one has closed. """ + BYSTANDER,
                   points.losses("fin", "fin") + [
            finding("fin_unacked", fins[2], "second retransmission of this side's FIN, none is acknowledged")
            for fins in (ours, theirs)] + [
            finding("fin_missing", ours[0], "the FIN is seen near the server and not near the client; the client"
                    " ends the silence", fin__missing_from="server")], absent=["short_frame_loss"])


# ---- RST ----

def reset_dropped(directory):
    """A server that has given up and says so, to a client that never hears it."""
    hop = Hop(router(lambda direction, segment: segment.has("R") and of_incident(segment)))
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        abort(server)
        recording.note("server", "abort")
        time.sleep(SETTLE_S)
        client.sendall(REQUEST)
        client.settimeout(1.5)
        try:
            client.recv(1)
        except OSError as error:
            recording.note("client", "recv", error)
        recording.snapshot("client")
        bystander(lab, listener)
        listener.close()
    client.close()
    points = one_hop(hop)(recording)
    require(any("ts" in s.options for s in points.lost), "no RST of a socket")
    server = [s for s in points.at("server") if of_incident(s)]
    tries = [s for s in server if s.src == CLIENT_ADDRESS and s.length][1:]
    require(len(tries) >= 3, "only %d tries" % len(tries))
    drawn = next(s for s in server if s.has("R") and s.frame > tries[0].frame)
    points.publish(directory, "two-points-rst-dropped", ROUTER + """It drops every RST of this connection. The server
        aborts it; the client does not hear that, and each of its tries draws another RST. """ + BYSTANDER,
                   points.losses("rst") + [
                       finding("rst_ignored", tries[2], "second repeat after the exact RST of frame %d"
                               % drawn.frame, rst__position="exact")],
                   absent=["short_frame_loss"], taken_back=["rst_ignored"])


CASES = {
    "two-points-fin-dropped": fin_dropped,
    "two-points-rst-dropped": reset_dropped,
    "two-points-both-fins-dropped": both_fins_dropped,
}
