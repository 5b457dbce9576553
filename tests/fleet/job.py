# SPDX-License-Identifier: GPL-2.0-or-later
"""The example for Kubernetes: against the schemas of the API, which a package of npm has, and its command, run here."""

import copy
import json
import os
import re
import shutil
import subprocess

import tap


MODELS = "kubernetes-models@4.5.1"  # Kubernetes' own OpenAPI schemas, as validators
INSTALL_S = 120
VALIDATE = """
import { Job } from "kubernetes-models/batch/v1";
let text = "";
for await (const part of process.stdin) text += part;
console.log(JSON.stringify(JSON.parse(text).map((document) => {
    try { new Job(document).validate(); return ""; } catch (problem) { return String(problem); }
})));
"""


def validator(fleet):
    """A program that prints what is wrong with each of a list of Jobs."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise tap.Skip(tool + " is missing: it has Kubernetes' schemas from the npm registry")
    folder = os.path.join(fleet.build, "kubernetes-models")
    done = folder + "/node_modules/.package-lock.json"
    if not os.path.exists(done):
        os.makedirs(folder, exist_ok=True)
        try:
            said = subprocess.run(["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", MODELS],
                                  capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            raise tap.Skip("npm took longer than %d s for %s: no network?" % (INSTALL_S, MODELS))
        if said.returncode != 0:
            raise tap.Skip("npm cannot install %s: %s" % (MODELS, (said.stderr.strip().splitlines() or ["no word"])[-1]))
    program = os.path.join(folder, "validate.mjs")
    with open(program, "w") as file:
        file.write(VALIDATE)
    return program


def changed(document, change):
    other = copy.deepcopy(document)
    change(other["spec"], other["spec"]["template"]["spec"])
    return other


WRONG = {  # what Kubernetes refuses
    "a text as a number": lambda job, pod: job.update(completions="64"),
    "another way to complete": lambda job, pod: job.update(completionMode="Numbered"),
    "no pod": lambda job, pod: job.pop("template"),
    "a container without a name": lambda job, pod: pod["containers"][0].pop("name"),
    "a command that is no list": lambda job, pod: pod["containers"][0].update(command="/bin/sh"),
    "a mount without a path": lambda job, pod: pod["containers"][0]["volumeMounts"][0].pop("mountPath"),
    "a claim without a name": lambda job, pod: pod["volumes"][0]["persistentVolumeClaim"].pop("claimName"),
    "an amount that is none": lambda job, pod: pod["containers"][0]["resources"]["limits"].update(memory=["4Gi"]),
}


def read_job(fleet):
    try:
        import yaml
    except ImportError as missing:
        raise tap.Skip("%s (package python3-yaml)" % missing)
    with open(os.path.join(fleet.source, "plugin/fleet/examples/job.yaml"), encoding="utf-8") as file:
        text = file.read()
    return text, yaml.safe_load(text)


def check_kubernetes_schema(fleet, suite):
    """Kubernetes' own schemas take it, and refuse what is wrong with it here."""
    document, program = read_job(fleet)[1], validator(fleet)
    jobs = [document] + [changed(document, change) for change in WRONG.values()]
    done = subprocess.run(["node", program], input=json.dumps(jobs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    problems = json.loads(done.stdout)
    assert not problems[0], problems[0]
    taken = [name for name, problem in zip(WRONG, problems[1:]) if not problem]
    assert len(problems) == len(jobs) and not taken, taken


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
    """Its members are all there are (Kubernetes warns of others and goes on), and its command reads every capture once."""
    text, document = read_job(fleet)
    try:
        import jsonschema
    except ImportError as missing:
        raise tap.Skip("%s (package python3-jsonschema)" % missing)
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
