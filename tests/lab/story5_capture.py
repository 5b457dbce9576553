# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 5, capture points that are not perfect: clocks that are wrong, captures
that lose frames, begin late or end early; three points; two files."""

import json
import os
import time

from lives import PORT, REQUEST, RESPONSE, SETTLE_S, close, close_all, connect, say
from netlab import CLIENT_ADDRESS, SERVER_ADDRESS, TO_CLIENT, TO_SERVER, Lab
from points import Hop, Points, router
from publish import finding, require
from segments import make, sequence_delta, write_capture, write_cooked
from story5_end import (CLIENT_PORT, ENDS, FIN_LOST, ROUTER, bystander, fin_findings, fin_lost, fins_of_server,
                        one_hop)
from story5_lost import BY_CHANCE, lost_by_chance, some_data
from story5_rewritten import behind

SECOND_NS = 10**9


# ---- clocks ----

def clock(seconds):
    return {"server": seconds * SECOND_NS}


WRONG = """The clock of the server's point is %s fast; the file is in order of time, as mergecap makes it. """


def clock_second(directory):
    hop = Hop(router(fins_of_server))
    points = one_hop(hop, clocks=clock(1))(fin_lost(hop))
    points.publish(directory, "two-points-clock-second", WRONG % "1 s" + ROUTER + FIN_LOST,
                   points.losses("fin") + fin_findings(points), absent=["short_frame_loss"])


def clock_hour(directory):
    hop = Hop(router(some_data()))
    points = one_hop(hop, clocks=clock(3600))(lost_by_chance(hop))
    points.publish(directory, "two-points-clock-hour", WRONG % "3,600 s" + BY_CHANCE, points.losses(None),
                   absent=["short_frame_loss"])


FILES_OFF_S = 3000


def tell_origin(folder, capture, point):
    with open(os.path.join(folder, capture[:-5] + ".json"), "w") as out:
        json.dump({"name": capture[:-5], "story": 5, "origin": "What joined.pcapng holds of the point %s, as tcpdump wrote it"
                   "; see joined.json for how it was made and what must be found." % point, "captured_at": point}, out,
                  indent=1)
        out.write("\n")


def two_files(directory):
    """One incident in two plain files, in a folder beside the others'."""
    hop = Hop(router(fins_of_server))
    points = one_hop(hop, clocks=clock(FILES_OFF_S))(fin_lost(hop))
    # the client's silence stands before the FIN in the file: its frame is left open
    expect = points.losses("fin") + fin_findings(points, same_numbers=False)
    folder = os.path.join(directory, "..", "two-files")
    os.makedirs(folder, exist_ok=True)
    files = {"client": "near-client.pcap", "server": "near-server.pcap"}
    for point, name in files.items():
        write_capture(os.path.join(folder, name), points.recording.seen[point])
        tell_origin(folder, name, point)
    points.publish(folder, "joined", """The two files of this folder, near-client.pcap and near-server.pcap,
        joined by time; the interfaces' names are the points'. """ + WRONG % "3,000 s" + ROUTER + FIN_LOST, expect,
        absent=["close_wait_stuck", "short_frame_loss"])


# ---- captures that are not whole ----

def dialogue(lab, recording, rounds=8, apart_s=0.06):
    """Question and answer, for half a second."""
    listener = lab.server_socket(PORT)
    client, server = connect(lab, listener, CLIENT_PORT)
    for _ in range(rounds):
        say(client, server, REQUEST)
        say(server, client, RESPONSE)
        time.sleep(apart_s)
    close(client, server)
    recording.note("client", "everything sent and received")
    listener.close()


def recorded_dialogue():
    hop = Hop(router())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        dialogue(lab, recording)
    return recording, hop


def capture_loss(directory):
    recording, hop = recorded_dialogue()
    data = [s for s in recording.seen["server"] if s.length]
    missed = [s for s in data if s.src == CLIENT_ADDRESS][2:7:2] + [s for s in data if s.src == SERVER_ADDRESS][4:6]
    for segment in missed:
        require(any(s.src != segment.src and sequence_delta(s.ack, segment.end_seq) >= 0
                    for s in recording.seen["server"] if s.time_ns > segment.time_ns), "no ACK tells that it passed")
    points = one_hop(hop, keep=lambda point, s: point != "server" or s not in missed)(recording)
    require(len(points.whole) == sum(map(len, recording.seen.values())), "frames are missing elsewhere")
    points.publish(directory, "two-points-capture-loss", ROUTER + """The network loses nothing. The capture near the
        server lacks %d segments with payload: three of the client, two of the server (taken out afterwards); their
        acknowledgments are there. Control.""" % len(missed))


def missing_seconds(name, directory, origin, kept):
    """The point near the server records only a part of the time."""
    recording, hop = recorded_dialogue()
    whole = recording.seen["server"]
    begin, end = whole[0].time_ns, whole[-1].time_ns

    def keep(point, segment):
        return point != "server" or kept((segment.time_ns - begin) / (end - begin))

    points = one_hop(hop, keep=keep)(recording)
    some = len(points.at("server"))
    require(10 < some < len(points.at("client")) - 10, "%d frames are left" % some)
    points.publish(directory, name, ROUTER + "The network loses nothing. The capture near the server " + origin
                   + " (frames taken out afterwards). Control.")


def starts_late(directory):
    missing_seconds("two-points-starts-late", directory, "begins when half of the connection is over",
                    lambda part: part > 0.5)


def stops_early(directory):
    missing_seconds("two-points-stops-early", directory, "ends when half of the connection is over",
                    lambda part: part < 0.5)


# ---- a segment that is born between the points ----

def born_between(directory):
    hop = Hop(router())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        listener = lab.server_socket(PORT)
        client, server = connect(lab, listener, CLIENT_PORT)
        for _ in range(2):
            say(client, server, REQUEST)
            say(server, client, RESPONSE)
        time.sleep(SETTLE_S)
        for direction in (TO_CLIENT, TO_SERVER):
            last = [segment for way, segment, _ in hop.account if way == direction][-1]
            lab.relay.inject(direction, make(last, "RA", last.end_seq, last.ack))
        time.sleep(SETTLE_S)
        for name, sock in (("client", client), ("server", server)):
            try:
                sock.recv(1)
            except OSError as error:
                recording.note(name, "recv", error)
        bystander(lab, listener)
        close_all(client, server, listener)
    points = one_hop(hop)(recording)
    resets = [(point, s.src) for point in ENDS for s in points.at(point) if s.has("R")]
    require(resets == [("client", SERVER_ADDRESS), ("server", CLIENT_ADDRESS)], "RSTs: %s" % resets)
    require([note[3] for note in recording.applications] == ["ECONNRESET"] * 2, "not reset")
    why = "the point nearer to the named host lacks it, and has one that names the other"
    expect = [finding("rst_foreign", s, why, rst__signs="point") for point in ENDS for s in points.at(point) if s.has("R")]
    points.publish(directory, "two-points-born-between", ROUTER + """It ends a connection by a RST to each side: each
        of these is seen at one point only, travelling away from the other point. Nothing is lost. Another connection
        passes afterwards.""", sorted(expect, key=lambda entry: entry["frame"]))


# ---- three points ----

def three_points(directory):
    first, second = Hop(behind()), Hop(behind(some_data()))
    recording = lost_by_chance(second, first)
    points = Points(recording, ("client", "middle", "server"),
                    [(first, "client", "middle"), (second, "middle", "server")])
    points.publish(directory, "three-points", """Between the second and the third point some segments of the client
        with payload are lost, which have nothing in common; all are sent again and arrive. Between the first and the
        second nothing is lost.""", points.losses(None), absent=["short_frame_loss"])



# ---- other forms of the same ----

INDEX_NEAR_CLIENT = "interface index 2"
INDEXES = {INDEX_NEAR_CLIENT: 2, "interface index 4": 4}


def cooked(directory):
    """What a capture on "any" device shows: interface indexes, no names."""
    hop = Hop(router(fins_of_server))
    recording = fin_lost(hop)
    recording.seen.update(zip(INDEXES, (recording.seen["client"], recording.seen["server"])))
    points = Points(recording, tuple(INDEXES), [(hop, *INDEXES)])
    points.publish(directory, "two-points-any", ROUTER + """The file has the form of a capture on the router's "any"
        device (LINKTYPE_LINUX_SLL2): the points are interface indexes, 2 on the client's side and 4 on the server's. """
                   + FIN_LOST, points.losses("fin") + fin_findings(points, INDEX_NEAR_CLIENT),
                   absent=["short_frame_loss"],
                   write=lambda path, whole: write_cooked(path + ".pcap", [(INDEXES[at], s) for at, _, s in whole]))


def duplicates(directory):
    hop = Hop(router())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        dialogue(lab, recording)
    points = one_hop(hop, twice="client")(recording)
    points.publish(directory, "two-points-duplicates", ROUTER + """The network loses nothing. The capture near the client
        is that of a mirror port which shows every frame twice, 30 us apart (copies put in afterwards). Control.""",
                   absent=["acked_data_retransmitted", "fin_unacked"])



# ---- order of the file ----

BATCH_S = 0.025
UNORDERED = """The file is not in order of time: frames of a point are written in batches of %d ms, as a program does that
captures on several interfaces, so that a copy may stand before its original. """ % (BATCH_S * 1000)


def steps_back(points):
    require(any(a.time_ns > b.time_ns for (_, _, a), (_, _, b) in zip(points.whole, points.whole[1:])),
            "the file is in order")
    require(any(points.numbers[p.far[0]].frame < points.numbers[p.near].frame for p in points.passages if p.far),
            "no copy stands before its original")


def unordered(directory):
    hop = Hop(router())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        dialogue(lab, recording)
    points = one_hop(hop, batch_ns=int(BATCH_S * SECOND_NS))(recording)
    steps_back(points)
    points.publish(directory, "two-points-unordered", UNORDERED + ROUTER + "Nothing is lost. Control.")


def unordered_fin_dropped(directory):
    hop = Hop(router(fins_of_server))
    points = one_hop(hop, batch_ns=int(BATCH_S * SECOND_NS))(fin_lost(hop))
    steps_back(points)
    points.publish(directory, "two-points-unordered-fin-dropped", UNORDERED + ROUTER + FIN_LOST,
                   points.losses("fin") + fin_findings(points), absent=["short_frame_loss"])


CASES = {
    "two-points-clock-second": clock_second,
    "two-points-clock-hour": clock_hour,
    "two-points-capture-loss": capture_loss,
    "two-points-starts-late": starts_late,
    "two-points-stops-early": stops_early,
    "two-points-born-between": born_between,
    "three-points": three_points,
    "two-points-any": cooked,
    "two-points-duplicates": duplicates,
    "two-points-unordered": unordered,
    "two-points-unordered-fin-dropped": unordered_fin_dropped,
    "two-files": two_files,
}
