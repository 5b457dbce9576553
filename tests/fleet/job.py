# SPDX-License-Identifier: GPL-2.0-or-later
"""The example for Kubernetes, against what the API (batch/v1) says of the members that it uses, and its command, run here."""

import os
import re
import subprocess

import tap


def thing(required, **members):
    return {"type": "object", "required": required, "properties": members, "additionalProperties": False}


TEXT, COUNT, QUANTITY = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}, {
    "type": "string", "pattern": r"^[0-9.]+([KMGT]i?|m)?$"}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
AMOUNTS = thing([], cpu=QUANTITY, memory=QUANTITY)


def several(one):
    return {"type": "array", "items": one, "minItems": 1}


CONTAINER = thing(["name", "image"], name=NAME, image=TEXT, command=several(TEXT), args=several(TEXT),
                  resources=thing([], requests=AMOUNTS, limits=AMOUNTS),
                  volumeMounts=several(thing(["name", "mountPath"], name=NAME, mountPath=TEXT)))
POD = thing(["containers", "restartPolicy"], restartPolicy={"enum": ["OnFailure", "Never"]}, containers=several(CONTAINER),
            volumes=several(thing(["name"], name=NAME, persistentVolumeClaim=thing(["claimName"], claimName=NAME))))
JOB = thing(["apiVersion", "kind", "metadata", "spec"], apiVersion={"const": "batch/v1"}, kind={"const": "Job"},
            metadata=thing(["name"], name=NAME),
            spec=thing(["template", "completions"], completionMode={"enum": ["Indexed", "NonIndexed"]}, completions=COUNT,
                       parallelism=COUNT, backoffLimit=COUNT, template=thing(["spec"], spec=POD)))


def check_kubernetes(fleet, suite):
    try:
        import jsonschema
        import yaml
    except ImportError as missing:
        raise tap.Skip("%s (packages python3-jsonschema, python3-yaml)" % missing)
    with open(os.path.join(fleet.source, "plugin/fleet/examples/job.yaml"), encoding="utf-8") as file:
        text = file.read()
    document = yaml.safe_load(text)
    jsonschema.validate(document, JOB)
    pod = document["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    out = fleet.folder("kubernetes")
    for name in ("results", "pages", "work", "batches"):
        os.mkdir(os.path.join(out, name))
    helpers = os.path.join(fleet.prefix, "libexec", "tcptriage")
    plan = re.search(r"tcptriage-plan (--out .*?) \|", text).group(1).replace("/data/triage", out).replace(
        "/data/captures", fleet.lab)
    batches = subprocess.run([helpers + "/tcptriage-plan", *plan.split()], capture_output=True, text=True, check=True).stdout.split()
    for index in range(len(batches)):
        command = container["args"][0].replace("/usr/libexec/tcptriage", helpers).replace("/data/triage", out)
        subprocess.run([*container["command"], command], env={**os.environ, "JOB_COMPLETION_INDEX": str(index)}, check=True)
    done = subprocess.run([helpers + "/tcptriage-collect", out, "Kubernetes"], capture_output=True, text=True)
    count = len(fleet.captures())
    assert done.returncode == suite.FOUND and suite.ask(out, "SELECT count(*) FROM captures WHERE state = 'read'") == [(count,)], done
