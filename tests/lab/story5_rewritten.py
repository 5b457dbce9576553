# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 5, a hop between two capture points that rewrites what passes."""

import random
import time

from lives import PORT, REQUEST, RESPONSE, SETTLE_S, start_connect, take
from netlab import CLIENT_ADDRESS, CLIENT_MAC, ONE_WAY_S, SERVER_ADDRESS, SERVER_MAC, TO_SERVER, Lab
from points import ROUTER_MAC, Hop, Points, ending_with
from publish import finding, require, retransmitted
from segments import VXLAN_PORT, cut, parse, readdressed, rewritten, routed, scrubbed, sequence_delta, write_capture
from story3 import SWITCH, WIRE, broken_switch, ethernet, no_timestamps, short_frame_chat, straight
from story5_end import CLIENT_PORT, FIN_LOST, PATIENCE_S, fin_findings, fin_lost, fins_of_server, one_hop
from story5_lost import transfer

NAT_ADDRESS, NAT_PORTS = "203.0.113.7", 21000  # added to the client's port


# ---- addresses and ports ----

def nat(lose=lambda direction, segment: False):
    """A rule: source NAT on a router. `lose` sees what the client's side would."""
    def rule(direction, segment):
        if direction == TO_SERVER:
            changed = readdressed(segment.raw, segment.sport + NAT_PORTS, NAT_ADDRESS)
            inside = segment
        else:
            changed = readdressed(segment.raw, segment.dport - NAT_PORTS, CLIENT_ADDRESS, destination=True)
            inside = parse(changed)
        return [] if lose(direction, inside) else [(ONE_WAY_S, routed(changed, ROUTER_MAC))]
    return rule


def reach_nat(lab):
    """The server knows the way to the NAT's address."""
    lab.server.run("ip", "route", "add", NAT_ADDRESS + "/32", "dev", "server0")
    lab.server.run("ip", "neigh", "add", NAT_ADDRESS, "lladdr", CLIENT_MAC, "dev", "server0", "nud", "permanent")


NAT = """Between the points lies a router with source NAT: near the server the client is %s, its ports are
higher by %d. """ % (NAT_ADDRESS, NAT_PORTS)
REWRITES = {"nat": {"client": CLIENT_ADDRESS, "appears_as": NAT_ADDRESS, "port_added": NAT_PORTS}}


def nat_healthy(directory):
    hop = Hop(nat())
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        reach_nat(lab)
        transfer(lab, recording)
    points = one_hop(hop)(recording)
    points.publish(directory, "two-points-nat", NAT + """Some kilobytes each way, nothing lost. Control.""",
                   truth=REWRITES)


def nat_fin_dropped(directory):
    hop = Hop(nat(fins_of_server))
    points = one_hop(hop)(fin_lost(hop, prepare=reach_nat))
    points.publish(directory, "two-points-nat-fin-dropped", NAT + FIN_LOST,
                   points.losses("fin") + fin_findings(points, same_numbers=False), truth=REWRITES,
                   absent=["short_frame_loss"])


# ---- sequence numbers ----

SHIFTS = (0x3A0F11C7, 0xC4D20A35)  # added to what the client numbers, to what the server numbers


def shifting(lose=lambda direction, segment: False):
    """A rule: a firewall that gives both sides other sequence numbers, and
    leaves the edges in SACK options as they are."""
    def rule(direction, segment):
        if lose(direction, segment):
            return []
        own, other = SHIFTS if direction == TO_SERVER else reversed(SHIFTS)
        return [(ONE_WAY_S / 2, routed(rewritten(segment, seq=own, ack=-other), ROUTER_MAC))]
    return rule


def behind(lose=lambda direction, segment: False):
    """The wire between the second point and the server."""
    return lambda direction, segment: [] if lose(direction, segment) else [(ONE_WAY_S / 2, segment.raw)]


SHIFT = """Between the points lies a firewall that adds a constant to the sequence numbers of each direction
(and takes it off the acknowledgment numbers of the other), but leaves the edges in SACK options as they are. """
SHIFTED = {"seq_shift": dict(zip(("client", "server"), SHIFTS))}


def once(number):
    """Loses the client's so-many-th segment with payload."""
    seen = set()

    def lose(direction, segment):
        if direction != TO_SERVER or not segment.length or segment.seq in seen:
            return False
        seen.add(segment.seq)
        return len(seen) == number
    return lose


def sequence_shift(directory):
    hop = Hop(shifting())
    with Lab(behind(once(3)), hop) as lab, lab.record(trace=False) as recording:
        transfer(lab, recording, (8500, 1500))
    points = Points(recording, ("client", "middle"), [(hop, "client", "middle")])
    blocks = [s for s in points.at("client") if s.src == SERVER_ADDRESS and "sack" in s.options]
    require(blocks, "no SACK block")
    require(any(abs(sequence_delta(left, s.ack)) > 1 << 24 for s in blocks for left, _ in s.options["sack"]),
            "the SACK blocks fit")
    points.publish(directory, "two-points-seq-shift", SHIFT + """Behind the second point one segment of the
        client is lost, so that the server sends SACK blocks; near the client their edges lie far from the
        connection's numbers, and the client does not heed them. Nothing is lost between the points.""",
                   [finding("sack_shifted", blocks[2], "third ACK of the server whose SACK edges lie beside the client's"
                            " numbers by what the firewall adds", sack__shift=SHIFTS[0])], truth=SHIFTED)


def sequence_shift_fin_dropped(directory):
    hop = Hop(shifting(fins_of_server))
    recording = fin_lost(hop, Lab(behind(), hop))
    points = Points(recording, ("client", "middle"), [(hop, "client", "middle")])
    points.publish(directory, "two-points-seq-shift-fin-dropped", SHIFT + FIN_LOST,
                   points.losses("fin") + fin_findings(points, same_numbers=False), truth=SHIFTED,
                   absent=["short_frame_loss"])



# ---- both, and several connections at once ----

PARALLEL = range(CLIENT_PORT, CLIENT_PORT + 4)


class Firewall:
    """A rule: NAT and other sequence numbers, of its own for each connection."""

    def __init__(self, lose=lambda direction, segment: False):
        self.lose, self.numbers = lose, random.Random(5)
        self.ports, self.shifts = {}, {}

    def _flow(self, port):
        if port not in self.ports:
            self.ports[port] = 61999 - 7 * len(self.ports)
            self.shifts[port] = self.numbers.getrandbits(32), self.numbers.getrandbits(32)
        return self.ports[port], self.shifts[port]

    def __call__(self, direction, segment):
        if direction == TO_SERVER:
            outside, (own, other) = self._flow(segment.sport)
            raw = readdressed(rewritten(segment, seq=own, ack=-other), outside, NAT_ADDRESS)
            inside = segment
        else:
            port = next(port for port, outside in self.ports.items() if outside == segment.dport)
            other, own = self.shifts[port]
            raw = readdressed(rewritten(segment, seq=own, ack=-other), port, CLIENT_ADDRESS, destination=True)
            inside = parse(raw)
        return [] if self.lose(direction, inside) else [(ONE_WAY_S, routed(raw, ROUTER_MAC))]


FIREWALL = """Between the points lies a firewall with source NAT (%s) that also gives each connection other ports and
other sequence numbers, by constants of its own for each direction. Four connections are opened at the same moment and
carry the same bytes. """ % NAT_ADDRESS


def side_by_side(rule, patience_s):
    """Four connections in step; the server closes, then the client."""
    hop = Hop(rule)
    with Lab(hop) as lab, lab.record(trace=False) as recording:
        reach_nat(lab)
        listener = lab.server_socket(PORT)
        clients = [start_connect(lab, port) for port in PARALLEL]
        servers = [listener.accept()[0] for _ in PARALLEL]
        time.sleep(SETTLE_S)
        for data, speakers, hearers in ((REQUEST, clients, servers), (RESPONSE, servers, clients)):
            for sock in (*speakers, *hearers):
                sock.settimeout(5)
            for speaker in speakers:
                speaker.sendall(data)
            for hearer in hearers:
                take(hearer, len(data))
        time.sleep(SETTLE_S)
        for server in servers:
            server.close()
        time.sleep(patience_s)
        for client in clients:
            client.close()
        time.sleep(SETTLE_S)
        listener.close()
    recording.note("client", "four answers received")
    return one_hop(hop)(recording), {
        "nat": {"client": CLIENT_ADDRESS, "appears_as": NAT_ADDRESS,
                "ports": {str(port): outside for port, outside in rule.ports.items()}},
        "seq_shift": {str(port): dict(zip(("client", "server"), (own, other)))
                      for port, (own, other) in rule.shifts.items()}}


def parallel(directory):
    points, truth = side_by_side(Firewall(), SETTLE_S)
    points.publish(directory, "two-points-nat-seq-shift", FIREWALL + "Nothing is lost. Control.", truth=truth)


def parallel_fin_dropped(directory):
    points, truth = side_by_side(Firewall(fins_of_server), PATIENCE_S)
    points.publish(directory, "two-points-nat-seq-shift-fin-dropped", FIREWALL + """Of one of them it drops every FIN of
        the server. The client closes all four after %.1f s.""" % PATIENCE_S, points.losses("fin") + fin_findings(
            points, same_numbers=False), truth=truth, absent=["short_frame_loss"])


# ---- a tunnel ----

UNDERLAY = ("203.0.113.1", "203.0.113.2")
VXLAN_BYTES = 50


class TunnelLab(Lab):
    """A wire whose middle is a VXLAN tunnel of the kernel's:

    client0 --- near [relay] vx-near =under-near=under-far= vx-far [relay] far --- server0"""

    def _build(self):
        self.client, self.wire, self.cloud, self.server = map(
            self._namespace, ("client", "wire", "cloud", "server"))
        self._cable(self.client, "client0", self.wire, "near")
        self._cable(self.wire, "under-near", self.cloud, "under-far")
        self._cable(self.cloud, "far", self.server, "server0")
        self._host(self.client, "client0", CLIENT_ADDRESS, CLIENT_MAC, SERVER_ADDRESS, SERVER_MAC)
        self._host(self.server, "server0", SERVER_ADDRESS, SERVER_MAC, CLIENT_ADDRESS, CLIENT_MAC)
        self._end(self.wire, "near", UNDERLAY)
        self._end(self.cloud, "far", UNDERLAY[::-1])
        self._relay("near", "vx-near", self.client_rule)
        self._relay("vx-far", "far", self.rule, self.cloud)

    @staticmethod
    def _end(namespace, side, addresses):
        local, remote = addresses
        device = "under-" + side
        namespace.run("ip", "link", "set", device, "mtu", str(1500 + VXLAN_BYTES))
        namespace.run("ip", "address", "add", "%s/24" % local, "dev", device)
        namespace.run("ip", "link", "add", "vx-" + side, "mtu", "1500", "type", "vxlan", "id", "42",
                      "local", local, "remote", remote, "dstport", str(VXLAN_PORT), "dev", device)
        namespace.run("ip", "link", "set", "vx-" + side, "up")

    @property
    def middle(self):
        return self.wire, "under-near", "udp port %d" % VXLAN_PORT


TUNNEL = """Both relays are joined by a VXLAN tunnel of the kernel's: the point in the middle sees every frame
inside VXLAN, the client's point sees it plain. """


def in_tunnel(recording, hop, keep=None):
    points = Points(recording, ("middle", "client"), [(hop, "client", "middle")], keep=keep)
    require(all(s.outer for s in points.at("middle")), "a plain frame in the tunnel")
    return points


def vxlan_healthy(directory):
    hop = Hop(straight)
    with TunnelLab(straight, hop) as lab, lab.record(trace=False) as recording:
        transfer(lab, recording)
    in_tunnel(recording, hop).publish(directory, "two-points-vxlan", TUNNEL + """Some kilobytes each way, nothing
        lost. Control.""")


def padded_lost_at_exit():
    hop = Hop(broken_switch)
    recording = fin_lost(hop, TunnelLab(ethernet, hop), no_timestamps, linger_s=0.5, after=False)
    return in_tunnel(recording, hop, ending_with(recording, "client"))


SHORT = TUNNEL + WIRE + SWITCH + """The server uses no timestamps, so its bare ACKs and its FIN are short. """
SHORT_LOST = finding("short_frame_loss", None, """all padded frames are missing at the client, none of the others; the
    frame is left open""".replace("\n   ", ""))


def vxlan_padded_dropped(directory):
    points = padded_lost_at_exit()
    points.publish(directory, "two-points-vxlan-padded-dropped", SHORT,
                   points.losses("padded") + fin_findings(points) + [SHORT_LOST], short_frame_chat(points.lost))


def depth_padded_dropped(directory):
    """The same in a file that knows no interfaces: the tunnel alone tells the points apart."""
    points = padded_lost_at_exit()
    losses = points.losses("padded")
    for loss in losses:
        for field in ("vantage.from", "vantage.to"):
            del loss["fields"][field]  # there are no names
    points.publish(directory, "two-points-depth-padded-dropped", SHORT + """The file is a plain pcap, which knows no
        interfaces: only the tunnel tells the points apart.""", losses + fin_findings(points) + [SHORT_LOST],
                   short_frame_chat(points.lost),
                   write=lambda path, whole: write_capture(path + ".pcap", [s for _, _, s in whole]))


# ---- options and IP ID ----

CLAMPED = 1300


def scrubbing(lose=lambda direction, segment: False):
    """A rule: a firewall that normalises packets."""
    numbers = random.Random(5)

    def rule(direction, segment):
        if lose(direction, segment):
            return []
        return [(ONE_WAY_S / 2, scrubbed(routed(segment.raw, ROUTER_MAC), CLAMPED, numbers.getrandbits(16)))]
    return rule


SCRUB = """Between the points lies a firewall that clamps the MSS of SYNs to %d, gives every packet a random IP ID and
takes DF off. """ % CLAMPED


def scrub(directory):
    hop = Hop(scrubbing())
    with Lab(behind(once(3)), hop) as lab, lab.record(trace=False) as recording:
        transfer(lab, recording, (6000, 3000))
    points = Points(recording, ("client", "middle"), [(hop, "client", "middle")])
    require(retransmitted(points.at("client"), CLIENT_ADDRESS), "nothing was lost behind")
    points.publish(directory, "two-points-scrubbed", SCRUB + """Behind the second point one segment of the client is
        lost and sent again. Nothing is lost between the points. Control.""")


def scrub_fin_dropped(directory):
    hop = Hop(scrubbing(fins_of_server))
    recording = fin_lost(hop, Lab(behind(), hop))
    points = Points(recording, ("client", "middle"), [(hop, "client", "middle")])
    points.publish(directory, "two-points-scrubbed-fin-dropped", SCRUB + FIN_LOST,
                   points.losses("fin") + fin_findings(points), absent=["short_frame_loss"])


# ---- offload ----

MSS = 1448


def card(lose=lambda direction, segment: False):
    """A rule: the client's network card, which cuts what is too long for one frame and completes checksums."""
    def rule(direction, segment):
        if direction != TO_SERVER:
            return [(ONE_WAY_S, segment.raw)]
        return [(ONE_WAY_S, raw) for raw in cut(segment, MSS) if not lose(direction, parse(raw))]
    return rule


def offloading(lab):
    lab.client.run("ethtool", "-K", "client0", "tx", "on", "sg", "on", "tso", "on", "gso", "on")
    for namespace, device in ((lab.client, "client0"), (lab.wire, "near")):
        namespace.run("ip", "link", "set", device, "gso_max_segs", "64")


OFFLOAD = """Segmentation and checksum offload of the client's interface are on: its point sees two frames'
worth of data as one segment, without a checksum. The relay plays the network card, which cuts such segments to
frames and completes the checksums: so the server's point sees them. """


def offloaded(name, directory, origin, expected, lose=lambda direction, segment: False):
    hop = Hop(card(lose))
    with Lab(hop) as lab:
        offloading(lab)
        with lab.record(trace=False) as recording:
            transfer(lab, recording, (11000, 500))
    points = one_hop(hop)(recording)
    ours = [s for s in points.at("client") if s.src == CLIENT_ADDRESS]
    require(max(s.length for s in ours) >= 2 * MSS, "nothing was joined")
    wrong = [s for s in ours if not s.checksum_good()]
    require(len(wrong) == len(ours), "a checksum of the client's is right")
    points.publish(directory, name, OFFLOAD + origin, expected(points), [
        finding("checksum_unverifiable", wrong[2], "third wrong checksum of the client, none was right: offload")])


def offload_healthy(directory):
    offloaded("two-points-offload", directory, "Nothing is lost. Control.", lambda points: [])


def offload_dropped(directory):
    offloaded("two-points-offload-dropped", directory, """One of the cut frames is lost, and sent again.""",
              lambda points: points.losses(None), once(4))


CASES = {
    "two-points-nat": nat_healthy,
    "two-points-nat-fin-dropped": nat_fin_dropped,
    "two-points-seq-shift": sequence_shift,
    "two-points-seq-shift-fin-dropped": sequence_shift_fin_dropped,
    "two-points-nat-seq-shift": parallel,
    "two-points-nat-seq-shift-fin-dropped": parallel_fin_dropped,
    "two-points-vxlan": vxlan_healthy,
    "two-points-vxlan-padded-dropped": vxlan_padded_dropped,
    "two-points-depth-padded-dropped": depth_padded_dropped,
    "two-points-scrubbed": scrub,
    "two-points-scrubbed-fin-dropped": scrub_fin_dropped,
    "two-points-offload": offload_healthy,
    "two-points-offload-dropped": offload_dropped,
}
