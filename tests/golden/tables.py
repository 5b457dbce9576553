# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables: -z tcptriage,cases and tcptriage,connections, and what Wireshark's Statistics menu fills, as sharkd serves it.

They count what the JSON report counts. One sharkd opens several captures one after the other, as a user does.
"""

import collections
import json
import re

CAPTURES = ("close-wait-pileup", "fin-lost-two-points", "syn-filtered", "storm-without-tfo", "accept-queue-overflow",
            "connect-given-up", "rst-off-by-one-ignored")
WAITING = {"no_answer": {"server"}, "handshake_failed": {"client", "server"}, "silent": {"client", "server"},
           "stuck": {"client", "server"}}
# Who has to act next, by how the laboratory made it: a server that does not answer or close, a client that is cut off.
OWED = {"close-wait-pileup": ("stuck", "server"), "window-closed-at-the-end": ("stuck", "server"),
        "connect-given-up": ("no_answer", "server"), "syn-ack-dropped": ("handshake_failed", "client"),
        "peer-silent": ("silent", "server"), "idle-forgotten-server-first": ("silent", "client")}
KEY = re.compile(r"^\d{10}//?")  # what Wireshark's window sorts by, and does not show


def table(golden, capture, *options):
    """Rows of -z tcptriage,connections by heading."""
    lines = golden.tools.tshark("-q", "-r", capture, "-z", ",".join(("tcptriage,connections",) + options)).splitlines()
    headings = re.split(r"\s{2,}", lines[1].strip()) if len(lines) > 1 else []
    rows = [dict(zip(headings, re.split(r"\s{2,}", line.strip()))) for line in lines[2:]]
    assert int(lines[0].split()[0]) == len(rows), lines
    return rows


def gravest(document):
    """{stream: number of the gravest case that it is part of}"""
    of_stream = {}
    for one in document["findings"]:
        stream = one["flow"]["stream"]
        of_stream[stream] = min(one["case"], of_stream.get(stream, one["case"]))
    return of_stream


def check_connections(golden, capture):
    document, rows = golden.document(capture, []), table(golden, capture)
    outcomes = collections.Counter(row["Outcome"] for row in rows)
    assert outcomes == collections.Counter(document["capture"]["outcomes"]), outcomes
    of_stream = gravest(document)
    for row in rows:
        assert (row["Owes"] in WAITING.get(row["Outcome"], {"-"})), row
        assert row["Case"] == "-" or int(row["Case"]) >= of_stream[int(row["Stream"])], row
    named = {int(row["Stream"]): int(row["Case"]) for row in reversed(rows) if row["Case"] != "-"}
    assert set(named) == set(of_stream), (named, of_stream)
    order = [(row["Outcome"] in WAITING or row["Outcome"] == "refused", float(row["Seconds lost"].replace("-", "0")))
             for row in rows]
    assert order == sorted(order, reverse=True), order


def check_owed(golden, capture, outcome, owes):
    rows = [row for row in table(golden, capture) if row["Outcome"] == outcome]
    assert rows and all(row["Owes"] == owes for row in rows), rows


def check_states(golden, capture):
    """The states are those that the connection's last frame shows."""
    fields = ("tcp.stream", "tcptriage.client.state", "tcptriage.server.state")
    text = golden.tools.tshark("-r", capture, "-2", "-T", "fields", *(word for name in fields for word in ("-e", name)))
    last = {stream: states for stream, *states in (line.split("\t") for line in text.splitlines() if line.strip())}
    shown = {row["Stream"]: [row["Client is"], row["Server is"]] for row in table(golden, capture)}
    assert shown == last, (shown, last)


def count_tree(text):
    """(findings, {case: findings}) of -z tcptriage,cases."""
    lines = text.splitlines()
    unwrapped, cases, case = "\n".join(lines), {}, None
    for line in lines[1:]:
        title = re.match(r" {0,2}(\d+)\. ", line)
        kind = re.match(r" {5}(cause|consequence): \S+ \[(\d+)\]$", line)
        if title:
            case = int(title.group(1))
        elif kind:
            cases[case] = cases.get(case, 0) + int(kind.group(2))
    assert int(lines[0].split(" in ")[1].split()[0]) == len(cases), unwrapped
    return int(lines[0].split()[0]), cases


def check_cases(golden, capture):
    document = golden.document(capture, [])
    by_case = collections.Counter(one["case"] for one in document["findings"])
    for form in ("cases", "tree"):
        found = count_tree(golden.tools.tshark("-q", "-r", capture, "-z", "tcptriage,%s,min=chat" % form))
        assert found == (len(document["findings"]), dict(by_case)), (form, found, by_case)


def check_filtered(golden, capture):
    """Rows and branches are those of the frames that the filter passes, in tshark as in the JSON report."""
    whole = golden.document(capture, [])
    frame = whole["findings"][-1]["frame"]
    passes = "frame.number == %d" % frame
    rows = table(golden, capture, passes)
    assert len(rows) == 1 and rows[0]["Outcome"] == whole["findings"][-1]["flow"]["outcome"], rows
    wanted = [one for one in whole["findings"] if one["frame"] == frame]
    count, _ = count_tree(golden.tools.tshark("-q", "-r", capture, "-z", "tcptriage,cases,min=chat," + passes))
    assert count == len(wanted), (count, wanted)
    assert table(golden, capture, "udp") == []


def check_read_filter(golden, capture):
    """What a read filter keeps is what the tables are about, under the numbers that it gives."""
    whole = golden.document(capture, [])
    port = whole["findings"][0]["flow"]["client_port"]
    options = ["-2", "-R", "tcp.port == %d" % port]
    kept = golden.document(capture, options)
    assert kept["findings"] and kept["findings"][0]["frame"] < whole["findings"][0]["frame"], kept["findings"]
    text = golden.tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,cases,min=chat")
    assert count_tree(text)[0] == len(kept["findings"]), text
    assert all("frame %6d, " % one["frame"] in text or "frame %d, " % one["frame"] in text for one in kept["findings"]), text
    rows = golden.tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,connections").splitlines()[2:]
    assert rows and all(":%d " % port in row for row in rows), rows


def ask(golden, captures, taps):
    """{(capture, tap): answers}: each tap asked for twice."""
    requests, asked = [], {}
    for capture in captures:
        requests.append({"method": "load", "params": {"file": capture}})
        for tap in taps + taps:
            requests.append({"method": "tap", "params": {"tap0": tap}})
            asked[len(requests)] = capture, tap
    text = "".join(json.dumps(dict(request, jsonrpc="2.0", id=number)) + "\n"
                   for number, request in enumerate(requests, 1))
    result = golden.tools.run("sharkd", "-", text=text)
    assert result.status == 0, "sharkd: exit status %d\n%s" % (result.status, result.err)
    found = collections.defaultdict(list)
    for answer in map(json.loads, filter(None, result.out.splitlines())):
        if answer["id"] in asked:
            found[asked[answer["id"]]].append(answer["result"]["taps"][0])
    return found


def branches(nodes):
    """{name: node}, without the key."""
    return {KEY.sub("", node["name"]): node for node in nodes}


def window_problems(document, tree, rows):
    """What is wrong with the windows of a capture."""
    top = branches(tree["stats"])
    outcomes = document["capture"]["outcomes"]
    by_case = collections.Counter(one["case"] for one in document["findings"])
    cases = {int(name.split(".")[0]): node["count"] for name, node in branches(top["Cases"].get("sub", [])).items()}
    if top["Connections"]["count"] != sum(outcomes.values()):
        yield "%d connections, not %s" % (top["Connections"]["count"], outcomes)
    words = {"open": "open at the end", "partial": "seen in part"}
    if {name: node["count"] for name, node in branches(top["Connections"]["sub"]).items()} != \
            {words.get(name, name.replace("_", " ")): count for name, count in outcomes.items()}:
        yield "connections %s, not %s" % (top["Connections"]["sub"], outcomes)
    if top["Cases"]["count"] != len(document["findings"]) or cases != dict(by_case):
        yield "cases %s, not %s" % (cases, by_case)
    headings = [field["c"] for field in rows["fields"]]
    shown = [dict(zip(headings, row)) for row in rows["tables"][0]["i"]]
    if collections.Counter(row["Outcome"] for row in shown) != collections.Counter(outcomes):
        yield "rows %s, not %s" % (shown, outcomes)
    if sorted(row["No."] for row in shown) != list(range(1, len(shown) + 1)):
        yield "rows are numbered %s" % [row["No."] for row in shown]


def check_windows(golden, captures):
    taps = ["stat:tcptriage", "nstat:tcptriage,connections"]
    found, wrong = ask(golden, captures, taps), []
    for capture in captures:
        trees, rows = (found[capture, tap] for tap in taps)
        assert len(trees) == len(rows) == 2 and trees[0] == trees[1] and rows[0] == rows[1], capture
        wrong += ["%s: %s" % (capture, one)
                  for one in window_problems(golden.document(capture, []), trees[0], rows[0])]
    assert not wrong, "\n".join(wrong)


def check_names(golden, capture):
    """No name of an option takes another one's."""
    shown = {form: golden.tools.tshark("-q", "-r", capture, "-z", "tcptriage" + form)
             for form in ("", ",text", ",json", ",cases", ",tree", ",connections")}
    assert shown[""] == shown[",text"] and shown[",cases"] == shown[",tree"]
    assert len(set(shown.values())) == 4, shown
    for wrong in ("tcptriage,connectionsx", "tcptriage,treetop", "tcptriage,casesx"):
        result = golden.tools.run("tshark", "-q", "-r", capture, "-z", wrong)
        assert result.status != 0 and "tcptriage: " in result.err, result


def window_tests(golden, mode, captures):
    """These run with sanitizers, too: what is filled outlives the capture."""
    yield "/%s/tables/windows" % mode, check_windows, golden, [captures[name] for name in CAPTURES]


def tests(golden, captures):
    """`captures` by the laboratory's names."""
    for name in CAPTURES:
        front = "/golden/tables/%s/" % name
        yield front + "connections", check_connections, golden, captures[name]
        yield front + "cases", check_cases, golden, captures[name]
    for name, (outcome, owes) in OWED.items():
        yield "/golden/tables/owed/" + name, check_owed, golden, captures[name], outcome, owes
    yield "/golden/tables/states", check_states, golden, captures["close-wait-pileup"]
    yield "/golden/tables/filtered", check_filtered, golden, captures["close-wait-pileup"]
    yield "/golden/tables/read-filter", check_read_filter, golden, captures["close-wait-pileup"]
    yield "/golden/tables/names", check_names, golden, captures["syn-filtered"]
