# SPDX-License-Identifier: GPL-2.0-or-later
"""The same packets in other clothes: tunnels, VLAN tags, "any" captures, ICMP errors between them, other options of
tshark. The findings stay the same, on the same frames."""

import itertools
import os
import struct

import bad
import findings

ETHERNET_BYTES = 14
LINK_COOKED, LINK_RAW = 113, 101
NUMBERS = itertools.count()


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(protocol, payload, number=0):
    """An outer IPv4 packet between the tunnel's ends."""
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number & 0xffff, 0, 64, protocol, 0,
                         bytes([203, 0, 113, 1]), bytes([203, 0, 113, 2]))
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def inner(frame):
    """The IP datagram without Ethernet's padding."""
    return frame[ETHERNET_BYTES:ETHERNET_BYTES + struct.unpack_from(">H", frame, ETHERNET_BYTES + 2)[0]]


def ethernet(datagram):
    return bytes.fromhex("020000000002020000000001") + b"\x08\0" + datagram


def vxlan(frame):
    udp = struct.pack(">HHHHII", 49152, 4789, 16 + len(frame), 0, 0x08000000, 42 << 8) + frame
    return ethernet(ipv4(17, udp))


def sll(frame):
    """Linux cooked capture, version 1: outgoing or not, by the MAC address's last byte."""
    outgoing = 4 if frame[11] & 1 else 0
    return struct.pack(">HHH8s", outgoing, 1, 6, frame[6:12]) + b"\x08\0" + inner(frame)


# name -> (frame -> frame, link type, padding survives)
CLOTHES = {
    "vlan": (lambda frame: frame[:12] + b"\x81\0\0\x07" + frame[12:], None, True),
    "double-vlan": (lambda frame: frame[:12] + b"\x88\xa8\0\x05\x81\0\0\x07" + frame[12:], None, False),
    "vxlan": (vxlan, None, True),
    "ip-in-ip": (lambda frame: ethernet(ipv4(4, inner(frame))), None, False),
    "gre": (lambda frame: ethernet(ipv4(47, b"\0\0\x08\0" + inner(frame))), None, False),
    "raw-ip": (inner, LINK_RAW, False),
    "cooked": (sll, LINK_COOKED, False),
}


def dressed(record, frame):
    return record[:8] + struct.pack("<II", len(frame), len(frame)) + frame


def frames_of(tools, capture):
    """Tests run side by side: each reads a file of its own."""
    name = "%s.plain-%d" % (os.path.basename(capture), next(NUMBERS))
    return bad.read_pcap(bad.edit(tools, "editcap", name, capture, bad.OUT))


def without_padding(pairs):
    return {pair for pair in pairs if pair[1] not in ("short_frame_checksum", "short_frame_loss")}


def found_in(tools, names, known, capture, *options):
    return findings.pairs(findings.read_frames(tools, names, known, capture, "-2", *options))


def check_clothes(golden, capture, name):
    change, link, padding = CLOTHES[name]
    header, records = frames_of(golden.tools, capture)
    if link:
        header = header[:20] + struct.pack("<I", link)
    path = bad.write_pcap(golden.tools, "%s.%s" % (os.path.basename(capture), name), header,
                          [dressed(record, change(record[bad.RECORD_HEADER:])) for record in records])
    wanted = findings.pairs(golden.frames(capture, "-2"))
    frames = findings.read_frames(golden.tools, golden.names, golden.known, path, "-2")
    shown = findings.pairs(frames)
    if not padding:
        wanted, shown = without_padding(wanted), without_padding(shown)
    assert wanted, "nothing to compare"
    assert shown == wanted, "only there: %s, only without: %s" % (sorted(shown - wanted), sorted(wanted - shown))
    streams = list(findings.stream_problems(frames, golden.document(path, [])))
    assert not streams, "\n".join(streams)


def check_icmp(golden, capture):
    """An ICMP error behind each packet quotes it: the quoted header is no segment of the flow, and only the errors say
    something of their own."""
    header, records = frames_of(golden.tools, capture)
    mixed = []
    for record in records:
        quoted = inner(record[bad.RECORD_HEADER:])[:28]
        error = bytes([3, 1, 0, 0, 0, 0, 0, 0]) + quoted
        error = error[:2] + struct.pack(">H", checksum(error)) + error[4:]
        mixed += [record, dressed(record, ethernet(ipv4(1, error)))]
    path = bad.write_pcap(golden.tools, os.path.basename(capture) + ".icmp", header, mixed)
    wanted = {(2 * number - 1, ident) for number, ident in findings.pairs(golden.frames(capture, "-2"))}
    shown = found_in(golden.tools, golden.names, golden.known, path)
    told = {number for number, ident in shown if ident == "icmp_error"}
    shown = {pair for pair in shown if pair[1] != "icmp_error"}
    assert told and all(number % 2 == 0 for number in told), sorted(told)
    assert shown == wanted, "only there: %s, only without: %s" % (sorted(shown - wanted), sorted(wanted - shown))
    columns = golden.tools.tshark("-r", path, "-2", "-o", 'gui.column.format:"No.","%m","Expert","%a"').splitlines()
    blank = [line for line in columns if int(line.split()[0]) in told and len(line.split()) < 2]
    assert not blank, "the Expert column is blank: %s" % blank
    listened = golden.tools.tshark("-q", "-r", path, "-z", 'tcptriage,json,min=chat,tcptriage.finding == "icmp_error"')
    assert '"icmp_error"' in listened, "frames with errors are not handed to those who listen"


def check_decode_as(golden, capture):
    """`-d ip.proto==6,tcp` takes the plugin's place in Wireshark's table away; it comes back."""
    shown = found_in(golden.tools, golden.names, golden.known, capture, "-d", "ip.proto==6,tcp")
    assert shown == findings.pairs(golden.frames(capture, "-2"))


def check_disabled(golden, capture):
    """Switched off, the plugin shows nothing at all; TCP is dissected as ever, or not at all where that is switched off."""
    text = golden.tools.tshark("-r", capture, "-V", "--disable-protocol", "tcptriage")
    assert text == golden.tools.run("tshark", "-r", capture, "-V", home="stock").out
    assert "Transmission Control Protocol" in text
    for protocol in ("tcptriage", "tcp"):
        report = golden.tools.tshark("-q", "-r", capture, "--disable-protocol", protocol, "-z", "tcptriage")
        assert "(%s) is disabled." % protocol in report.splitlines()[0], report
    without_tcp = ["-r", capture, "-V", "--disable-protocol", "tcp"]
    text = golden.tools.tshark(*without_tcp)
    assert text == golden.tools.run("tshark", *without_tcp, home="stock").out
    assert "Transmission Control Protocol" not in text


def check_read_filter(golden, capture):
    """With `-2 -R` frame numbers repeat between the passes: what is shown of the frames kept is still theirs."""
    columns = ["frame.time_epoch", "ip.id", "tcp.seq_raw", "tcp.flags", "tcptriage.client.state", "tcptriage.server.state",
               "tcptriage.conntrack.state", "tcptriage.conntrack.reason", "tcptriage.receiver.verdict", "tcptriage.finding"]
    fields = [word for column in columns for word in ("-e", column)]
    kept = golden.tools.tshark("-r", capture, "-2", "-R", "tcp.flags.ack == 1", "-T", "fields", *fields)
    wanted = golden.tools.tshark("-r", capture, "-2", "-Y", "tcp.flags.ack == 1", "-T", "fields", *fields)
    assert "\t" in wanted and kept == wanted


def tests(golden, captures):
    by_name = {os.path.basename(capture).split(".")[0]: capture for capture in captures}
    for name in ("rst-off-by-one-ignored", "fin-lost-server", "storm-without-tfo"):
        capture = by_name.get(name)
        if not capture:
            continue
        for clothes in CLOTHES:
            yield "/golden/wrapped/%s/%s" % (name, clothes), check_clothes, golden, capture, clothes
        yield "/golden/wrapped/%s/icmp-errors" % name, check_icmp, golden, capture
        yield "/golden/wrapped/%s/decode-as" % name, check_decode_as, golden, capture
        yield "/golden/wrapped/%s/disabled" % name, check_disabled, golden, capture
        yield "/golden/wrapped/%s/read-filter" % name, check_read_filter, golden, capture
