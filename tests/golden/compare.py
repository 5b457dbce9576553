# SPDX-License-Identifier: GPL-2.0-or-later
"""plugin/compare.sh: two files of one incident become one, with names and times that fit."""

import json
import os
import shutil
import struct
import threading

import bad

MAIN = "captures/two-files"


def report_script(tools):
    """What compare.sh asks for reports: nothing is built or installed for that here. Tests run side by side: whoever runs
    it finds a whole one."""
    path = tools.path("report.sh")
    own = "%s.%d" % (path, threading.get_ident())
    with open(own, "w") as text:
        text.write('form=\n[ "$1" != --json=min=warn ] || { form=,json,min=warn; shift; }\n'
                   '[ "$1" != --html ] || { form=,html,$2; shift 2; }\n'
                   'exec tshark -n -r "$1" -q -z tcptriage$form\n')
    os.chmod(own, 0o644)
    os.replace(own, path)
    return path


def open_folder(tools, name):
    folder = tools.path(name)
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    return folder


def run_compare(tools, source, *arguments, folder=None):
    command = ["env"] + (["-C", folder] if folder else [])
    return tools.run(*command, "TCPT_REPORT=" + report_script(tools), "sh", os.path.join(source, "plugin/compare.sh"),
                     *arguments)


def join(tools, source, near, far, name):
    joined = os.path.join(open_folder(tools, name), "joined.pcapng")
    done = run_compare(tools, source, near, far, joined)
    assert done.status == 0, "compare.sh: status %d\n%s%s" % (done.status, done.out, done.err)
    assert all(line.startswith("tcptriage: ") for line in done.err.splitlines()), done.err
    return joined, done


def block(kind, body):
    """A block of pcapng."""
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def padded(data):
    return data + bytes(-len(data) % 4)


def interface(name):
    """An Ethernet interface that counts nanoseconds, with a name or without."""
    options = struct.pack("<HHB3x", 9, 1, 9)
    if name is not None:
        options += struct.pack("<HH", 2, len(name)) + padded(name)
    return block(1, struct.pack("<HHI", 1, 0, 0) + options + bytes(4))


def host_names(said, packets):
    """A block that calls each host of the packets (Ethernet, IPv4) so."""
    addresses = {data[at:at + 4] for _, _, data in packets for at in (26, 30)}
    records = b"".join(struct.pack("<HH", 1, 5 + len(said)) + padded(address + said + b"\0") for address in sorted(addresses))
    return block(4, records + bytes(4))


def write_pcapng(tools, name, interfaces, captures, said=None):
    """A pcapng file with these interfaces (names as bytes, or None), the packets of each of the captures on one. What is
    said is each packet's comment, and each host's name."""
    packets = []
    for number, capture in enumerate(captures):
        for record in bad.read_pcap(capture)[1]:
            seconds, part = struct.unpack_from("<II", record)
            packets.append((seconds * 10**9 + part, number, record[bad.RECORD_HEADER:]))
    path = tools.path(name)
    with open(path, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.writelines(map(interface, interfaces))
        if said is not None:
            file.write(host_names(said, packets))
        comment = struct.pack("<HH", 1, len(said)) + padded(said) + bytes(4) if said is not None else b""
        for time, number, data in sorted(packets):
            file.write(block(6, struct.pack("<IIIII", number, time >> 32, time & 0xffffffff, len(data), len(data))
                             + padded(data) + comment))
    os.chmod(path, 0o644)
    return path


def two_files(tools, source, suffix=""):
    return [tools.adopt(os.path.join(source, MAIN, name + ".pcap"), name + suffix + ".pcap")
            for name in ("near-client", "near-server")]


def lost_fins(tools, capture):
    """(capture point that saw it, one that lacks it) of each frame that was lost between two points."""
    lines = tools.tshark("-2", "-r", capture, "-Y", "tcptriage.missing_at", "-T", "fields",
                         "-e", "tcptriage.vantage", "-e", "tcptriage.missing_at")
    return [tuple(line.split("\t")) for line in lines.splitlines()]


def span_s(tools, capture):
    times = [float(time) for time in tools.tshark("-r", capture, "-T", "fields", "-e", "frame.time_epoch").split()]
    return max(times) - min(times)


def check_incident(tools, source):
    near, far = two_files(tools, source)
    joined, done = join(tools, source, near, far, "two-files")
    assert "is 3000.0" in done.err and "ahead" in done.err, "the clocks are not told: " + done.err
    assert "vantage_loss" in done.out and "all 5 FINs" in " ".join(done.out.split()), done.out
    assert lost_fins(tools, joined) == [("near-server", "near-client")] * 5
    assert span_s(tools, joined) < 60, "the times are not set right"


def check_first_ahead(tools, source):
    """The first capture's clock is the one that is ahead: the second one's times move all the same, forward."""
    near, far = two_files(tools, source, "-turned")
    joined, done = join(tools, source, far, near, "first-ahead")
    assert "is 3000.0" in done.err and "behind" in done.err, "the clocks are not told: " + done.err
    assert lost_fins(tools, joined) == [("near-server-turned", "near-client-turned")] * 5
    assert span_s(tools, joined) < 60, "the times are not set right"


def check_names_with_prose(tools, source):
    """What a name says of clocks is nobody's word."""
    captures = two_files(tools, source, "-prose")
    said = b"eth0\nThe clock of x is 777777.5 s ahead of that of y\npath\t0\t1\t9\t1\t0\t1\t0\t7\n"
    paths = [write_pcapng(tools, "prose-%d.pcapng" % number, [said + b"%d" % number], [capture])
             for number, capture in enumerate(captures)]
    joined, done = join(tools, source, *paths, "prose")
    assert "is 3000.0" in done.err and "7777" not in done.err, done.err
    assert span_s(tools, joined) < 60 and len(lost_fins(tools, joined)) == 5


def check_without_names(tools, source):
    """Two points in one file without names, of clocks an hour apart: the second shows when the first has said all."""
    capture = write_pcapng(tools, "nameless.pcapng", [None, None], two_files(tools, source, "-nameless"))
    assert lost_fins(tools, capture) == [("interface 1", "interface 0")] * 5
    alone = write_pcapng(tools, "nameless-alone.pcapng", [None], two_files(tools, source, "-alone")[:1])
    assert not tools.tshark("-r", alone, "-Y", "tcptriage.vantage"), "one interface is no capture point"


def check_several_without_names(tools, source):
    """Interfaces without names get some, each its own."""
    here, there = (write_pcapng(tools, "several-%s.pcapng" % name, [None, None], [capture, capture])
                   for name, capture in zip(("here", "there"), two_files(tools, source, "-several")))
    joined, _ = join(tools, source, here, there, "several-without-names")
    names = set(tools.tshark("-r", joined, "-T", "fields", "-e", "frame.interface_name").splitlines())
    assert names == {"several-%s, interface %d" % (where, number) for where in ("here", "there") for number in (0, 1)}, names


def check_points(tools, source):
    """What the report says of points to programs."""
    joined = tools.adopt(os.path.join(source, MAIN, "joined.pcapng"), "points.pcapng")
    capture = json.loads(tools.tshark("-q", "-r", joined, "-z", "tcptriage,json,min=warn"))["capture"]
    points = capture["capture_points"]
    assert capture["points"] == [point["name"] for point in points] == ["client", "server"]
    assert [[point[key] for key in ("interface", "depth", "segments")] for point in points] == [[0, 1, 19], [1, 1, 24]], points
    path, = capture["paths"]
    assert [path[key] for key in ("points", "connections", "translated", "renumbered")] == [[0, 1], 2, 0, 0], path
    assert [[path[way][key] for key in ("segments", "missing")] for way in ("there", "back")] == [[10, 0], [14, 5]], path
    assert all(0 <= path[way]["delay_seconds"] < 0.1 for way in ("there", "back")), path
    assert abs(path["clock_offset_seconds"] - 3000) < 0.001, path


def check_same_names(tools, source):
    """Two interfaces of one name are told apart by their files' names; the first keeps its own."""
    folder = tools.path("alone")
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    whole = tools.adopt(os.path.join(source, "captures/lab/two-points-healthy.pcapng"), "whole.pcapng")
    alone = [os.path.join(folder, name) for name in ("left-one.pcapng", "right-one.pcapng")]
    for path in alone:
        tools.tshark("-r", whole, "-Y", "frame.interface_id == 0", "-w", path + ".two")
        done = tools.run("editcap", "-F", "pcapng", path + ".two", path)
        assert done.status == 0, done.err
    joined, _ = join(tools, source, *alone, "same-names")
    names = set(tools.tshark("-r", joined, "-T", "fields", "-e", "frame.interface_name").split())
    assert names == {"left-one", "right-one"}, names


def check_several_interfaces(tools, source):
    """Captures of several interfaces each, named alike, keep them all."""
    whole = os.path.join(source, "captures/lab/two-points-healthy.pcapng")
    joined, _ = join(tools, source, tools.adopt(whole, "here.pcapng"), tools.adopt(whole, "there.pcapng"), "several")
    ids = set(tools.tshark("-r", joined, "-T", "fields", "-e", "frame.interface_id").split())
    assert ids == {"0", "1", "2", "3"}, ids


# An Ethernet frame with an IPv4 packet of UDP, port 53 to 53, without payload; and the first bytes of a PNG.
UDP = bytes(12) + bytes.fromhex("0800 4500001c00000000401100000a0000010a000002 0035003500080000")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(32)


def record(frame):
    """A frame in a classic capture."""
    return struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame


# what is wrong -> (a word of the sentence, arguments by the names that are made below)
REFUSED = {
    "nothing": ("needed", []),
    "one": ("needed", ["good"]),
    "missing": ("there is no file", ["good", "missing"]),
    "odd-name": ("there is no file \"?[31mred\"", ["good", "\x1b[31mred"]),
    "dangling": ("a link to a file that does not exist", ["good", "dangling"]),
    "folder": ("is a folder", ["folder", "good"]),
    "device": ("no ordinary file", ["good", "/dev/null"]),
    "unreadable": ("may not be read", ["good", "unreadable"]),
    "empty": ("is empty", ["empty", "good"]),
    "text": ("is not a capture file", ["text", "good"]),
    "no-packets": ("has no packets", ["good", "no-packets"]),
    "no-tcp": ("there is no TCP in \"no-tcp\" (encapsulation: Ethernet)", ["good", "no-tcp"]),
    "picture": ("there is no TCP in \"picture\" (encapsulation: MIME)", ["picture", "good"]),
    "option": ("there is no option \"--jion\"", ["--jion", "good", "good"]),
    "page-there": ("there is a file \"text\" already", ["--html", "text", "good", "good"]),
    "page-nowhere": ("cannot be written", ["good", "good", "--html", "/nowhere/page.html"]),
    "page-nameless": ("needs the name", ["good", "good", "--html"]),
    "target-link": ("already", ["good", "good", "dangling"]),
    "target-there": ("already", ["good", "good", "text"]),
    "target-elsewhere": ("cannot be written", ["good", "good", "/nowhere/joined.pcapng"]),
}


def make_bad_files(tools, source):
    """Folder with a file of each name in REFUSED."""
    folder = open_folder(tools, "refused")
    os.mkdir(os.path.join(folder, "folder"))
    os.symlink("nowhere", os.path.join(folder, "dangling"))
    shutil.copy(os.path.join(source, MAIN, "near-client.pcap"), os.path.join(folder, "good"))
    with open(os.path.join(folder, "good"), "rb") as good:
        header = good.read(bad.PCAP_HEADER)
    for name, content, mode in (("unreadable", header, 0o600), ("empty", b"", 0o644), ("no-packets", header, 0o644),
                                ("no-tcp", header + record(UDP), 0o644), ("picture", PICTURE, 0o644),
                                ("text", b"Dear all,\nthe server is slow.\n", 0o644)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
        os.chmod(os.path.join(folder, name), mode)
    os.chmod(os.path.join(folder, "good"), 0o644)
    return folder


def check_refusal(tools, source, folder, name):
    """One sentence and status 1, and nothing is left behind."""
    word, arguments = REFUSED[name]
    if name == "unreadable" and os.geteuid() != 0:
        os.chmod(os.path.join(folder, "unreadable"), 0)
    before = sorted(os.listdir(folder))
    done = run_compare(tools, source, *arguments, folder=folder)
    assert done.status == 1 and len(done.err.strip().splitlines()) == 1 and not done.out, (done.status, done.out, done.err)
    assert done.err.startswith("tcptriage: ") and word in done.err, done.err
    assert sorted(os.listdir(folder)) == before


def check_quickstart_refusal(tools, source, folder, name):
    """quickstart.sh refuses the same files before it builds anything."""
    word, arguments = REFUSED[name]
    done = tools.run("env", "-C", folder, "sh", os.path.join(source, "plugin/quickstart.sh"),
                     *[argument for argument in arguments if argument != "good"])
    assert done.status == 1 and len(done.err.strip().splitlines()) == 1 and not done.out, (done.status, done.out, done.err)
    assert done.err.startswith("tcptriage: ") and word in done.err, done.err


def check_help(tools, source):
    for script in ("compare.sh", "quickstart.sh"):
        for option in ("--help", "-h"):
            done = tools.run("sh", os.path.join(source, "plugin", script), option)
            assert done.status == 0 and done.out.startswith("sh plugin/" + script) and not done.err, (done.out, done.err)


def check_page(tools, source):
    """A page in the place of the report."""
    folder = open_folder(tools, "page")
    near, far = two_files(tools, source, "-page")
    done = run_compare(tools, source, near, far, "--html", "page.html", folder=folder)
    assert done.status == 0 and not done.out, done
    with open(os.path.join(folder, "page.html")) as page:
        assert "vantage_loss" in page.read()
    assert len(os.listdir(folder)) == 2, os.listdir(folder)


def check_default_name(tools, source):
    """The joined file's own name is refused too where there is a file already."""
    folder = open_folder(tools, "default-name")
    near, far = two_files(tools, source, "-default")
    joined = os.path.join(folder, "near-client-default+near-server-default.pcapng")
    assert run_compare(tools, source, near, far, folder=folder).status == 0 and os.path.getsize(joined) > 1000
    with open(joined, "wb") as file:
        file.write(b"mine")
    os.chmod(joined, 0o666)
    done = run_compare(tools, source, near, far, folder=folder)
    assert done.status == 1 and "already" in done.err, (done.status, done.err)
    with open(joined, "rb") as file:
        assert file.read() == b"mine", "a file was overwritten"


def check_nothing_lost(tools, source):
    """A third capture given by mistake is not overwritten."""
    near, far = two_files(tools, source, "-kept")
    third = tools.adopt(os.path.join(source, MAIN, "near-server.pcap"), "third.pcap")
    with open(third, "rb") as file:
        before = file.read()
    done = tools.run("sh", os.path.join(source, "plugin/compare.sh"), near, far, third)
    assert done.status == 1 and len(done.err.strip().splitlines()) == 1, (done.status, done.err)
    with open(third, "rb") as file:
        assert file.read() == before, "a capture was overwritten"


def check_file_names(tools, source):
    """Files of one name are told apart by their folders; one that was cut short is said to be."""
    folder = tools.path("by-folder")
    paths = []
    for host, name in (("client", "near-client"), ("server", "near-server")):
        os.makedirs(os.path.join(folder, host))
        paths.append(os.path.join(folder, host, "eth0.pcap"))
        shutil.copy(os.path.join(source, MAIN, name + ".pcap"), paths[-1])
        os.truncate(paths[-1], os.path.getsize(paths[-1]) - 1)
        os.chmod(os.path.join(folder, host), 0o755)
        os.chmod(paths[-1], 0o644)
    os.chmod(folder, 0o755)
    joined, done = join(tools, source, *paths, "folders")
    names = set(tools.tshark("-r", joined, "-T", "fields", "-e", "frame.interface_name").split())
    assert names == {"client/eth0", "server/eth0"}, names
    assert done.err.count("cut short") == 2, done.err


def tests(tools, source):
    copy = tools.path("source")
    if os.path.exists(copy):
        return
    shutil.copytree(os.path.join(source, "plugin"), os.path.join(copy, "plugin"))
    shutil.copytree(os.path.join(source, MAIN), os.path.join(copy, MAIN))
    os.makedirs(os.path.join(copy, "captures/lab"))
    shutil.copy(os.path.join(source, "captures/lab/two-points-healthy.pcapng"), os.path.join(copy, "captures/lab"))
    for place, _, files in os.walk(copy):
        os.chmod(place, 0o755)
        for name in files:
            os.chmod(os.path.join(place, name), 0o644)
    for name, check in (("incident", check_incident), ("first-ahead", check_first_ahead),
                        ("names-with-prose", check_names_with_prose), ("without-names", check_without_names),
                        ("several-without-names", check_several_without_names), ("points", check_points),
                        ("same-names", check_same_names), ("several-interfaces", check_several_interfaces),
                        ("help", check_help), ("page", check_page), ("default-name", check_default_name)):
        yield "/golden/compare/" + name, check, tools, copy
    folder = make_bad_files(tools, source)
    for name in REFUSED:
        yield "/golden/compare/refusal/" + name, check_refusal, tools, copy, folder, name
    for name in ("missing", "odd-name", "dangling", "folder", "device", "unreadable", "empty", "text"):
        yield "/golden/quickstart/refusal/" + name, check_quickstart_refusal, tools, copy, folder, name
    yield "/golden/compare/nothing-lost", check_nothing_lost, tools, copy
    yield "/golden/compare/file-names", check_file_names, tools, copy
