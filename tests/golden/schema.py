# SPDX-License-Identifier: GPL-2.0-or-later
"""Every JSON report keeps to plugin/report/schema.json, by python3-jsonschema."""

import json
import os
import subprocess
import sys

CHECK = """
import json, sys
import jsonschema
validator = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
for number, line in enumerate(sys.stdin):
    for problem in validator.iter_errors(json.loads(line)):
        print(number, list(problem.absolute_path), problem.message[:300])
"""


def interpreter():
    """The one that Debian's package belongs to, whatever comes first in PATH."""
    return "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


def validate(source, documents):
    text = "\n".join(" ".join(document.split("\n")) for document in documents)
    result = subprocess.run([interpreter(), "-c", CHECK, os.path.join(source, "plugin/report/schema.json")], input=text,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def check_all(golden, reported):
    documents = [golden.once(("json", capture, *options), golden.tools.tshark, "-q", "-r", capture, *options, "-z",
                             "tcptriage,json") for _, capture, options in reported]
    problems = validate(golden.source, documents)
    assert not problems, problems[:4000]


def check_that_it_finds(golden, reported):
    """A document that lacks something, or says something else, is refused."""
    _, capture, options = reported[0]
    document = golden.tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,json")
    assert validate(golden.source, [document.replace("tcptriage-report-1", "tcptriage-report-0")])
    assert validate(golden.source, [document.replace('"outcomes"', '"outcome"')])


def check_padding(golden, reported):
    """What is about padding says how much of it there is, although that is a field of the frame."""
    documents = [golden.once(("json", capture, *options), golden.tools.tshark, "-q", "-r", capture, *options, "-z",
                             "tcptriage,json") for _, capture, options in reported]
    found = [finding for document in documents for finding in json.loads(document)["findings"]
             if finding["id"] in ("short_frame_checksum", "checksum_over_padding")]
    assert found
    assert all(finding["fields"].get("pad_len", 0) > 0 for finding in found), found[0]


def tests(golden, reported):
    yield "/golden/schema/all", check_all, golden, reported
    yield "/golden/schema/refuses", check_that_it_finds, golden, reported
    yield "/golden/schema/padding", check_padding, golden, reported
