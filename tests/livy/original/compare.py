#!/usr/bin/env python3
"""Sends the recorded requests to Hearth and says where it answers otherwise than the original did.

  compare.py [--out DIR] [SCENARIO ...]      each scenario against a fresh server; HEARTH_BIN names the binary

`tests/livy/wire/test_recorded.py` does the same, `test_scala.py` the scenario that needs a JVM. Both answers are brought to one form first (`Form`), which leaves out what changes from run to run and what newer releases
of Livy have and 0.7.1 has not. Differences that are wanted stand in `../recorded/deviations.tsv`, each with what Hearth answers and
why. A row that no difference needs is a mistake as well.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORDED = HERE.parent / "recorded"
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import catalogue  # noqa: E402
from harness import servers  # noqa: E402
from harness.livy import interpreter_arguments  # noqa: E402
from record import Recorder  # noqa: E402

NEEDS_JVM = {"scala"}
# Scala in scenarios that need no JVM here: the same in Python.
SLOW = "sc.parallelize(1 to 2, 2).map { x => Thread.sleep(60000); x }.count()"
STAND_INS = {SLOW: "import time\ntime.sleep(60)"}
USERS = ("alice", "bob", "root", "viewer", "modifier", "stranger")
SETTINGS = {
    # More sessions start in these scenarios than a server takes in earnest.
    "stub": ["livy.max_sessions=10000", "livy.max_starting=10000"],
    "plain": [],
    "csrf": ["livy.csrf_header=true", "livy.max_starting=1"],
    "users": ["auth.require_token=true", "livy.impersonation=true", "livy.superusers=root", "livy.access_control=true",
              "livy.allowed_users=alice,bob", "livy.view_users=viewer", "livy.modify_users=modifier"],
}
# What the answers of 0.7.1 do not have yet.
NEWER_FIELDS = {"ttl", "idleTimeout", "driverMemory", "driverCores", "executorMemory", "executorCores", "conf", "archives", "files",
                "heartbeatTimeoutInSecond", "jars", "numExecutors", "pyFiles", "queue"}


ABSENT = object()
# How the reasons begin of differences that some machines have and others have not.
MAY_BE = "may be: "


class Player(Recorder):
    """Sends what was recorded; `?user.name=` of the original's pseudo authentication becomes a token."""

    def __init__(self, base, files, tokens, has_jvm):
        super().__init__(base, files)
        self.tokens, self.has_jvm = tokens, has_jvm

    def send(self, step):
        body = step.get("json")
        if not self.has_jvm and step["path"].rstrip("/").endswith("/statements") and isinstance(body, dict) and body.get("kind") in ("spark", "scala"):
            step = {**step, "json": {**body, "kind": "pyspark", **({"code": STAND_INS[body["code"]]} if body.get("code") in STAND_INS else {})}}
        user = re.search(r"user\.name=(\w+)", step["path"])
        if self.tokens and user:
            headers = {**step.get("headers", {}), "Authorization": f"Bearer {self.tokens[user[1]]}"}
            path = re.sub(r"[?&]?user\.name=\w+&?", "?", step["path"]).rstrip("?")
            step = {**step, "headers": headers, "path": path}
        return super().send(step)


@dataclass
class Report:
    scenario: str
    equal: int = 0
    listed: int = 0
    unlisted: list = field(default_factory=list)
    unused: list = field(default_factory=list)

    def mistakes(self) -> list:
        """What is neither equal nor listed, and rows of the list that nothing needs."""
        wrong = [f"{self.scenario}: {name}\n   original {theirs}\n   hearth   {ours}" for name, theirs, ours in self.unlisted]
        return wrong + [f"{self.scenario}: no difference needs the row {row}" for row in self.unused]


def play(scenario: str, scratch: Path) -> list:
    """What a fresh server answers."""
    configuration, steps = catalogue.SCENARIOS[scenario]
    files, data = scratch / "files", scratch / "data"
    files.mkdir(parents=True)
    for name, content in catalogue.FILES.items():
        (files / name).write_text(content)
    # Nothing of it is to be found again: interpreters end with the server.
    settings = [*SETTINGS[configuration], f"livy.local_folders={files}", "livy.recovery=false"]
    given = [word for word in interpreter_arguments() if word != "--set" and (scenario in NEEDS_JVM or not word.startswith("interpreter.spark_home="))]
    arguments = [word for setting in (*given, *settings) for word in ("--set", setting)]
    tokens = {user: token(data, user) for user in USERS} if configuration == "users" else {}
    with servers.start_hearth(data_dir=str(data), arguments=arguments) as server:
        player = Player(server.http_url, files, tokens, scenario in NEEDS_JVM)
        exchanges = []
        for step in steps:
            try:
                exchange = player.run(step)
            except (OSError, ValueError) as error:
                exchange = {"name": step["name"], "answer": {"broken": type(error).__name__}}
            except SystemExit as error:
                exchange = {"name": step["name"], "answer": {"broken": str(error)}}
            if exchange:
                exchanges.append(exchange)
        assert server.alive(), server.log_tail()
    return exchanges


def token(data: Path, user: str) -> str:
    done = subprocess.run([servers.hearth_binary(), "token", "create", "--data-dir", data, "--user", user], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()[-1]


# --- one form for both ------------------------------------------------------------------------------------------------------


class Form:
    """Answers without what is of no interest. Without a driver behind the original (`stub`), states are of none."""

    def __init__(self, has_driver: bool):
        self.has_driver = has_driver
        self.newest = {}
        self.saved = {}

    def of(self, exchange: dict) -> dict:
        answer = exchange["answer"]
        if "broken" in answer:
            return {"broken": True}
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        kind = headers.get("content-type", "").lower().replace(" ", "")
        form = {"status": answer["status"], "type": kind if "body" in answer or "text" in answer else ""}
        for name in ("location", "allow", "www-authenticate"):
            if name in headers:
                form[name] = headers[name]
        path = exchange["request"]["path"].split("?")[0]
        if "body" in answer:
            # Digits count: 1.50 is not 1.5.
            body = json.loads(answer["raw"] if "raw" in answer else json.dumps(answer["body"]), parse_float="{}#".format)
            if "save" in exchange and form["status"] < 300:
                self.saved[exchange["save"]] = body["id"]
            if isinstance(body, dict):
                body = self.numbered(path, form, dict(body))
            form["body"] = self.body(body)
            if isinstance(body, str) and "{files}" in json.dumps(exchange["request"]):
                form["body"] = re.sub(r"column: \d+", "column: <behind the folder>", form["body"])
        elif "text" in answer:
            form["body"] = text_of_page(answer["text"]) if "html" in kind else answer["text"]
        return form

    def numbered(self, path, form, body):
        """Ids become words, once they are known to be right: how many were made before is of no interest."""
        if form["status"] == 201 and re.fullmatch(r"/(\w+|sessions/[^/]+/(statements|(submit|run)-job))/?", path):
            number = body["id"]
            body["id"] = "<next>" if number > self.newest.get(path, -1) else number
            self.newest[path] = number
            form["location"] = re.sub(rf"/{number}$", "/<id>", form.get("location", ""))
            if "code" in body:
                # What it is by now is a matter of luck.
                body = {name: value if name in ("id", "code") else "<>" for name, value in body.items()}
            elif path.startswith("/batches"):
                body["state"] = "starting" if body["state"] == "running" else body["state"]
        for name in ("sessions", "statements"):
            if name in body:
                ids = [one["id"] for one in body[name]]
                in_order = ids == sorted(set(ids), reverse=ids[:1] > ids[-1:])
                body[name] = [self.named({**one}) if in_order else one for one in body[name]]
        if "total_statements" in body:
            body["total_statements"] = "<total>" if body["total_statements"] >= len(body["statements"]) else body["total_statements"]
        saved = [self.saved[name] for name in re.findall(r"\{(\w+)\}", path) if name in self.saved]
        if "id" in body and (saved or form["status"] == 200) and body["id"] in (saved or [body["id"]]):
            body = self.named(body)
        if "msg" in body and saved:
            body["msg"] = body["msg"].replace(f"'{saved[-1]}'", "'<id>'")
        return body

    def named(self, one):
        if (one.get("output") or {}).get("execution_count") == one["id"]:
            one["output"] = {**one["output"], "execution_count": "<id>"}
        return {**one, "id": "<id>"}

    def body(self, value, key=None):
        if isinstance(value, dict):
            value = dict(value)
            if "appInfo" in value:
                value = {k: v for k, v in value.items() if k not in NEWER_FIELDS}
                value["appId"], value["appInfo"] = "<application>", "<application>"
            if not self.has_driver and "state" in value and "code" not in value:
                value["state"] = "<state>"
            if value.get("traceback"):
                value["traceback"] = "<lines>"
            if "log" in value and "total" in value:
                value["total"], value["from"] = "<lines>", "<lines>"
            return {k: self.body(v, k) for k, v in value.items()}
        if isinstance(value, list):
            if key == "log":
                # With a driver, what the original logs is Spark's talk; without, nothing.
                return [line for line in value if line.startswith("batch says") == self.has_driver and line != "<line>"]
            return [self.body(one) for one in value]
        if isinstance(value, str):
            if key == "text/plain":
                # How the interpreters of Scala 2.12 and 2.13 name things.
                value = re.sub(r"\bres\d+: ", "res<n>: ", re.sub(r"(?m)^va[lr] (?=\w+: )", "", value))
                value = re.sub(r"(?m)^(defined )?(class|object) (?=\w+$)", r"\2 ", value)
            if key == "code":
                value = STAND_INS.get(value, value)
            if key == "evalue":
                # The condition of Spark's errors; the words of its messages are not ours.
                value = re.sub(r"^\s*(\[[A-Z_.0-9]+\]).*", r"\1", value, flags=re.S)
                value = re.sub(r"^<console>:\d+", "<console>", value)
            value = re.sub(r" for session \d+$", " for session <id>", value.removeprefix("Rejected, Reason: "))
            value = value.replace("org.apache.livy.rsc.rpc.RpcException: ", "").removesuffix("\n<java frames>\n")
            return re.sub(r"\(\d+ known properties: .*?\]\)", "(<known properties>)", value)
        return value


def text_of_page(text: str) -> str:
    title = re.search(r"<title>(.*?)</title>", text, re.S)
    return f"<page {title[1].strip()}>" if title else "<page>"


# --- comparison -------------------------------------------------------------------------------------------------------------


def differences(one, other, path="") -> list:
    """(path, value of the one, value of the other) of all that is not equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *(name for name in other if name not in one)]
        return [found for name in names for found in differences(one.get(name, ABSENT), other.get(name, ABSENT), f"{path}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [found for at in range(len(one)) for found in differences(one[at], other[at], f"{path}[{at}]")]
    return [] if type(one) is type(other) and one == other else [(path.removeprefix(".").removeprefix("body."), one, other)]


def told(found: list, side: int) -> str:
    """What one side of the differences says, in one line."""
    return " ".join(f"{one[0]}={json.dumps(one[side], ensure_ascii=False) if one[side] is not ABSENT else 'absent'}" for one in found)


def deviations(scenario: str) -> list:
    rows = []
    for line in (RECORDED / "deviations.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            where, name, ours, reason = line.split("\t")
            if re.fullmatch(where, scenario):
                rows.append((name, ours, reason))
    return rows


def compare(scenario: str, answered: list) -> Report:
    recorded = json.loads((RECORDED / f"{scenario}.json").read_text())["exchanges"]
    assert [one["name"] for one in recorded] == [one["name"] for one in answered], "the catalogue is not what was recorded"
    report, rows = Report(scenario), deviations(scenario)
    has_driver = catalogue.SCENARIOS[scenario][0] == "plain"
    used, theirs_form, ours_form = set(), Form(has_driver), Form(has_driver)
    for original, own in zip(recorded, answered, strict=True):
        theirs, ours = theirs_form.of(original), ours_form.of({**original, "answer": own["answer"]})
        found = differences(theirs, ours)
        if not found:
            report.equal += 1
            continue
        line = told(found, 2)
        row = next((at for at, (name, pattern, _) in enumerate(rows) if re.fullmatch(name, own["name"], re.S) and re.search(pattern, line)), None)
        if row is None:
            report.unlisted.append((own["name"], told(found, 1), line))
        else:
            used.add(row)
            report.listed += 1
    report.unused = [row for at, row in enumerate(rows) if at not in used and not row[2].startswith(MAY_BE)]
    return report


def check(scenario: str, out: Path | None = None) -> Report:
    scratch = Path(tempfile.mkdtemp(prefix="livy-compare-"))
    try:
        answered = play(scenario, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{scenario}.json").write_text(json.dumps(answered, indent=1, ensure_ascii=False) + "\n")
    return compare(scenario, answered)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, help="where to keep what Hearth answered")
    parser.add_argument("--answered", type=Path, help="compare what was kept there")
    parser.add_argument("scenario", nargs="*")
    args = parser.parse_args()
    worse = False
    for name in args.scenario or [name for name in catalogue.SCENARIOS if name not in NEEDS_JVM]:
        report = compare(name, json.loads((args.answered / f"{name}.json").read_text())) if args.answered else check(name, args.out)
        for mistake in report.mistakes():
            print(mistake)
        print(f"{name}: {report.equal} equal, {report.listed} listed, {len(report.unlisted)} not listed", flush=True)
        worse |= bool(report.mistakes())
    sys.exit(worse)


if __name__ == "__main__":
    main()
