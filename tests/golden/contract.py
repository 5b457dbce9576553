# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that users rely on: tests/contract.tsv against what tshark registers."""

import functools
import os
import subprocess


def read_contract(source):
    """[(id, severity, [fields])]"""
    rows = []
    with open(os.path.join(source, "tests/contract.tsv")) as lines:
        for line in lines:
            if not line.startswith("#") and line.strip():
                ident, severity, *fields = line.rstrip("\n").split("\t")
                rows.append((ident, severity, fields[0].split(" ") if fields and fields[0] else []))
    return rows


@functools.lru_cache(maxsize=None)
def registered(tools):
    """Field name without prefix -> type."""
    rows = [line.split("\t") for line in tools.tshark("-G", "fields").splitlines() if line.startswith("F\t")]
    return {row[2][len("tcptriage."):]: row[3] for row in rows if row[2].startswith("tcptriage.")}


def expert_ids(tools):
    """Findings that this plugin knows."""
    return {name for name, kind in registered(tools).items() if kind == "FT_NONE"}


# Every frame's and every finding's fields, with their types.
ALWAYS = {"finding": "FT_STRING", "summary": "FT_STRING", "severity": "FT_STRING", "confidence": "FT_STRING",
          "explanation": "FT_STRING", "remedy": "FT_STRING", "command": "FT_STRING", "reference": "FT_STRING",
          "related_frame": "FT_FRAMENUM", "evidence_for": "FT_FRAMENUM", "client.state": "FT_STRING",
          "server.state": "FT_STRING", "pad_len": None}


def check_always(tools):
    fields = registered(tools)
    wrong = ["%s is %s" % (name, fields.get(name)) for name, kind in ALWAYS.items()
             if name not in fields or (kind and fields[name] != kind)]
    assert not wrong, "\n".join(wrong)


def check_finding(tools, ident, fields):
    there = registered(tools)
    assert there.get(ident) == "FT_NONE", "no expert info tcptriage." + ident
    missing = [name for name in fields if name not in there]
    assert not missing, "fields missing: " + " ".join(missing)


def check_all_in_contract(known, rows):
    extra = known - {row[0] for row in rows}
    assert not extra, "not in tests/contract.tsv: " + " ".join(sorted(extra))


def check_protocols(tools):
    """One protocol for users, and one in name only that hangs below TCP."""
    rows = [line.split("\t") for line in tools.tshark("-G", "protocols").splitlines()]
    names = {row[2]: row[0] for row in rows}
    assert names.get("tcptriage") == "TCP Triage", "protocol tcptriage is called %s" % names.get("tcptriage")


def check_preferences(tools):
    """The preferences that users rely on are there, others are not invented."""
    text = tools.tshark("-G", "currentprefs")
    named = {line.split(":")[0].lstrip("#").split(".", 1)[1] for line in text.splitlines()
             if line.lstrip("#").startswith("tcptriage.")}
    allowed = {"receiver_stack", "stall_seconds", "close_wait_seconds", "idle_seconds", "storm_count",
               "time_wait_seconds", "ephemeral_ports", "port_pressure_percent", "capture_points", "tracker_models",
               "window_stall_seconds", "match_seconds"}  # the last is what capture points need besides
    assert {"receiver_stack", "stall_seconds", "close_wait_seconds", "storm_count"} <= named, sorted(named)
    assert named <= allowed, "not in the contract: %s" % sorted(named - allowed)


def check_symbols(plugin):
    """Nothing is visible but what Wireshark asks a plugin for."""
    text = subprocess.run(["nm", "-D", "--defined-only", plugin], capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1] for line in text.splitlines()}
    assert "plugin_register" in names, text
    assert all(name.startswith("plugin_") for name in names), "visible: %s" % sorted(names)


def tests(tools, source, known, plugin):
    rows = read_contract(source)
    yield "/golden/contract/symbols", check_symbols, plugin
    yield "/golden/contract/common-fields", check_always, tools
    yield "/golden/contract/no-others", check_all_in_contract, known, rows
    yield "/golden/contract/protocol", check_protocols, tools
    yield "/golden/contract/preferences", check_preferences, tools
    for ident, _, fields in rows:
        yield "/golden/contract/" + ident, check_finding, tools, ident, fields
