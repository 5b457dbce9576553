# SPDX-License-Identifier: GPL-2.0-or-later
"""plugin/compare.sh: two files of one incident become one, with names and times that fit."""

import os
import shutil

MAIN = "captures/two-files"


def report_script(tools):
    """What compare.sh prints a report with: nothing is built or installed for that here."""
    path = tools.path("report.sh")
    with open(path, "w") as text:
        text.write('exec tshark -n -r "$1" -q -z tcptriage\n')
    os.chmod(path, 0o644)
    return path


def join(tools, source, near, far, name):
    folder = tools.path(name)
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    joined = os.path.join(folder, "joined.pcapng")
    done = tools.run("env", "TCPT_REPORT=" + report_script(tools), "sh", os.path.join(source, "plugin/compare.sh"),
                     near, far, joined)
    assert done.status == 0, "compare.sh: status %d\n%s%s" % (done.status, done.out, done.err)
    return joined, done


def check_incident(tools, source):
    near, far = (tools.adopt(os.path.join(source, MAIN, name + ".pcap")) for name in ("near-client", "near-server"))
    joined, done = join(tools, source, near, far, "two-files")
    assert "is 3000.0" in done.err, "the clocks are not told: " + done.err
    assert "vantage_loss" in done.out and "all 5 FINs" in done.out, done.out
    lines = tools.tshark("-2", "-r", joined, "-Y", "tcptriage.missing_at", "-T", "fields",
                         "-e", "frame.interface_name", "-e", "tcptriage.vantage.from", "-e", "tcptriage.missing_at")
    assert lines.splitlines()[0] == "near-server\tnear-server\tnear-client", lines
    assert len(lines.splitlines()) == 5, lines
    span = tools.tshark("-r", joined, "-T", "fields", "-e", "frame.time_relative").split()
    assert float(span[-1]) < 60, "the times are not set right: %s" % span[-1]


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


def check_refusal(tools, source):
    """One sentence and status 1."""
    for arguments in ([], ["/nowhere/a.pcap", "/nowhere/b.pcap"]):
        done = tools.run("sh", os.path.join(source, "plugin/compare.sh"), *arguments)
        assert done.status == 1 and len(done.err.strip().splitlines()) == 1, (done.status, done.err)


def check_nothing_lost(tools, source):
    """A third capture given by mistake is not overwritten."""
    near, far = (tools.adopt(os.path.join(source, MAIN, name + ".pcap"), name + "-kept.pcap")
                 for name in ("near-client", "near-server"))
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
    yield "/golden/compare/incident", check_incident, tools, copy
    yield "/golden/compare/same-names", check_same_names, tools, copy
    yield "/golden/compare/several-interfaces", check_several_interfaces, tools, copy
    yield "/golden/compare/refusal", check_refusal, tools, copy
    yield "/golden/compare/nothing-lost", check_nothing_lost, tools, copy
    yield "/golden/compare/file-names", check_file_names, tools, copy
