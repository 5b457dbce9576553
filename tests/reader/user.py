# SPDX-License-Identifier: GPL-2.0-or-later
"""The command as somebody at a terminal uses it: progress, completion, manual page, every format, what --cut explains."""

import json
import os
import re
import shutil
import struct
import subprocess
import zlib

import bad
import tap
from terminal import on_terminal

FORMATS = ("pcap", "nsecpcap", "modpcap", "nokiapcap", "rh6_1pcap", "suse6_3pcap", "pcapng", "5views", "commview-ncf",
           "k12text", "lanalyzer", "netmon1", "netmon2", "nettl", "ngsniffer", "ngwsniffer_1_1",
           "ngwsniffer_2_0", "snoop", "visual")
PACKERS = {"gzip": "gz", "zstd": "zst", "lz4": "lz4"}


def completed(reader, script, line):
    """What bash shows, its line included, when somebody presses the key of completion twice."""
    folder = reader.tools.path("completion")
    os.makedirs(os.path.join(folder, "some captures"), exist_ok=True)
    open(os.path.join(folder, "first.pcap"), "w").close()
    path = "%s:%s" % (os.path.dirname(reader.both.command), os.environ["PATH"])
    typed = [(b"READY", b". '%s'; echo GO''NE\r" % script.encode()), (b"GONE\r\nREADY ", b"%s\t\t\x15exit\r" % line.encode())]
    told = on_terminal(["bash", "--norc", "--noprofile", "-i"], typed, cwd=folder, PATH=path, PS1="READY ", INPUTRC="/dev/null",
                       HISTFILE="/dev/null")
    return told[told.index("GONE\r\n"):]


def check_completion(reader, name, lines):
    script = os.path.join(reader.source, "plugin/package/%s.bash" % name)
    for line, wanted in lines.items():
        told = completed(reader, script, line)
        assert all(word in told for word in wanted), (line, told)


def options_of(reader, name):
    """Long options, as --help has them."""
    out = subprocess.run([os.path.join(os.path.dirname(reader.both.command), name), "--help"], capture_output=True, text=True).stdout
    found = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", out, re.M))
    assert len(found) > 8, out
    return found


def check_all_completed(reader, name):
    told = completed(reader, os.path.join(reader.source, "plugin/package/%s.bash" % name), name + " --")
    missing = {option for option in options_of(reader, name) if option not in told}
    assert not missing, (missing, told)


def check_manual(reader, name):
    """It is set without a complaint, and tells of each option that there is, and of no other."""
    if not shutil.which("groff"):
        raise tap.Skip("groff is missing")
    path = os.path.join(reader.source, "plugin/package/%s.1" % name)
    done = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-ww", path], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"-\n +", "-", done.stdout)))
    wanted = options_of(reader, name) | {"--help", "--version"}
    told.discard("--sshloginfile")  # GNU parallel's
    assert told == wanted, "more: %s, less: %s" % (told - wanted, wanted - told)
    for status in "0123":
        assert re.search(r"^ +%s +\w" % status, done.stdout, re.M), status


def check_progress(reader):
    """On a terminal it says how far it is, and takes that away; nowhere else, and not where nobody wants it."""
    big = reader.tools.path("progress.pcap")
    subprocess.run(["mergecap", "-a", "-F", "pcap", "-w", big] + [reader.capture("tfo-storm.pcap")] * 60, check=True)
    for more, wanted in (([], True), (["-q"], False)):
        told = on_terminal([reader.both.command, *more, big])
        shares = re.findall(r"\r *(\d+) %", told)
        assert bool(shares) == wanted, told[:500]
        assert shares == sorted(shares, key=int) and (not shares or int(shares[-1]) <= 100), shares
        shown = told.rsplit("%", 1)[-1] if shares else told
        assert not wanted or shown.startswith("\r     \r"), shown[:40]
    assert not reader.run(big)[2], "nobody is there to look"


def check_format(reader, name):
    """As Wireshark reads it: what the plugin says, and the same connections fail."""
    path = reader.tools.path("format." + name)
    done = subprocess.run(["editcap", "-F", name, reader.capture(), path], capture_output=True, text=True)
    if done.returncode != 0:
        raise tap.Skip("this editcap does not write it: " + done.stderr.strip().splitlines()[-1])
    os.chmod(path, 0o644)
    read = reader.tools.run("tshark", "-r", path, home="stock")
    if read.status != 0 or "Malformed" in read.out:
        raise tap.Skip("tshark does not read what editcap wrote")
    found = reader.both.difference(path)
    assert not found, "\n".join(found)
    document = json.loads(reader.run("--json", path)[1])
    assert "rst_ignored" in {one["id"] for one in document["findings"]}, "not read"


def check_endace(reader):
    """Records of an Endace card: Ethernet with its check sequence, with an extension header, and bare IP."""
    path = reader.tools.path("endace.erf")
    with open(path, "wb") as file:
        for number, record in enumerate(bad.read_pcap(reader.capture("tfo-storm.pcap"))[1]):
            seconds, nanos = struct.unpack_from("<II", record)
            frame = record[bad.RECORD_HEADER:]
            frame += struct.pack("<I", zlib.crc32(frame))
            kind, data = ((2, b"\0\0" + frame), (0x82, bytes(8) + b"\0\0" + frame), (22, frame[14:-4]))[number % 3]
            file.write(struct.pack("<QBBHHH", seconds << 32 | (nanos << 32) // 1000000000, kind, 4, 0, 0, 0)[:10] +
                       struct.pack(">HHH", 16 + len(data), 0, len(frame) if kind != 22 else len(data)) + data)
    os.chmod(path, 0o644)
    found = reader.both.difference(path)
    assert not found, "\n".join(found)
    assert {one["id"] for one in reader.report(path)["findings"]} >= {"tfo_retransmit_storm"}


def check_packed(reader, program, ending):
    if not shutil.which(program):
        raise tap.Skip(program + " is missing")
    path = reader.tools.path("user-packed.pcap." + ending)
    with open(reader.capture(), "rb") as file, open(path, "wb") as packed:
        subprocess.run([program, "-c"], stdin=file, stdout=packed, check=True, stderr=subprocess.DEVNULL)
    assert reader.report(path)["findings"] == reader.report(reader.capture())["findings"]


def check_comments(reader):
    """Stock tshark shows on each deciding frame which case it decides, what was found, and in a few words; on no other one."""
    path, commented, cut = reader.capture(), reader.tools.path("commented.pcapng"), reader.tools.path("commented-cut.pcapng")
    frame = reader.report(path)["findings"][0]["frame"]
    subprocess.run(["editcap", "-F", "pcapng", "-a", "%d:seen before" % frame, path, commented], check=True)
    document = reader.report("--min", "note", "--cut", cut, commented)
    os.chmod(cut, 0o644)
    shown = {}
    for line in reader.tools.tshark("-r", cut, "-Y", "frame.comment", "-T", "fields", "-E", "aggregator=|", "-e", "frame.number",
                                    "-e", "frame.comment", home="stock").splitlines():
        number, comment = line.split("\t", 1)
        shown[int(re.search(r"frame (\d+) of commented.pcapng", comment).group(1))] = comment
        assert number.isdigit(), line
    wanted = {}
    for one in document["findings"]:
        if one["severity"] in ("warn", "note"):
            wanted.setdefault(one["frame"], []).append("case %d, %s: %s (%s)" % (one["case"], one["role"], one["brief"], one["id"]))
    assert wanted and set(shown) == set(wanted), (shown, wanted)
    for number, texts in wanted.items():
        assert all(text in shown[number] for text in texts), (shown[number], texts)
    assert "seen before" in shown[frame], shown[frame]


def frames_in(reader, path, *asked):
    os.chmod(path, 0o644)
    return reader.tools.tshark("-r", path, *asked, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", home="stock").splitlines()


def check_whole(reader):
    """Of connections with a case all is copied: other capture points and ICMP errors; others of other hosts stay behind."""
    both, cut = reader.tools.adopt(os.path.join(reader.lab, "..", "two-files", "joined.pcapng")), reader.tools.path("joined-cut.pcapng")
    reader.report("--cut", cut, both)
    assert frames_in(reader, cut) == frames_in(reader, both), "both points"
    icmp, cut = reader.tools.adopt(reader.capture("mtu-told.pcap"), "icmp.pcap"), reader.tools.path("icmp-cut.pcapng")
    document = reader.report("--cut", cut, icmp)
    assert "icmp_error" in {one["id"] for one in document["findings"]}
    assert frames_in(reader, icmp, "-Y", "icmp") and frames_in(reader, icmp, "-Y", "icmp") == frames_in(reader, cut, "-Y", "icmp")


def check_small(reader):
    """Connections without a case stay behind: a large capture becomes a small one."""
    mixed, cut = reader.tools.path("mixed.pcapng"), reader.tools.path("mixed-cut.pcapng")
    healthy = bad.edit(reader.tools, "editcap", "mixed-healthy.pcap", "-t", "86400", reader.capture("port-exhaustion.pcap"), bad.OUT)
    subprocess.run(["mergecap", "-a", "-F", "pcapng", "-w", mixed, reader.capture(), healthy], check=True)
    reader.report("--cut", cut, mixed)
    before, after = len(frames_in(reader, mixed)), len(frames_in(reader, cut))
    assert before > 400 and after < 30, (before, after)


def check_given_back(reader, mix):
    """What a large capture is read without, its connections that are over, changes nothing of the report: --cut keeps all."""
    path, cut = reader.tools.path("large-%s.pcap" % mix), reader.tools.path("large-%s-cut.pcapng" % mix)
    with open(path, "wb") as file:
        subprocess.run([os.path.join(reader.build, "bench-traffic"), mix, "400000"], check=True, stdout=file)
    assert reader.report("--min", "note", path) == reader.report("--min", "note", "--cut", cut, path)
    os.remove(path), os.remove(cut)


def tests_of(reader):
    yield from (("/reader/user/format/" + name, check_format, reader, name) for name in FORMATS)
    yield from (("/reader/user/packed/" + name, check_packed, reader, name, ending) for name, ending in PACKERS.items())
    yield "/reader/user/completion", check_completion, reader, "tcptriage", {
        "tcptriage --fai": ["--fail-on"], "tcptriage --fail-on ": ["note", "warn", "never"], "tcptriage --min c": ["chat"],
        "tcptriage fi": ["first.pcap"], "tcptriage so": ["some\\ captures/"]}
    yield "/reader/user/completion-fleet", check_completion, reader, "tcptriage-fleet", {
        "tcptriage-fleet --dis": ["--dissect"], "tcptriage-fleet --out so": ["some\\ captures/"], "tcptriage-fleet fi": ["first.pcap"]}
    for name in ("tcptriage", "tcptriage-fleet"):
        yield "/reader/user/completion-options-" + name, check_all_completed, reader, name
        yield "/reader/user/manual-" + name, check_manual, reader, name
    yield from (("/reader/user/given-back/" + mix, check_given_back, reader, mix) for mix in ("short", "reset"))
    yield from (("/reader/user/" + name, check, reader) for name, check in (
        ("progress", check_progress), ("comments", check_comments), ("whole", check_whole), ("endace", check_endace), ("small", check_small)))
