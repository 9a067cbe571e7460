#!/usr/bin/env python3
"""Sends the requests of catalogue.py to a Livy server and writes what it answers.

  record.py --cache DIR [--repl-jars DIR] [SCENARIO ...]     starts the original server itself, once for each scenario
  record.py --base http://HOST:PORT --out DIR SCENARIO ...   a server that runs already (it must be a fresh one:
                                                             the recorded ids count from 0)

One file per scenario: {"scenario", "server", "exchanges": [{name, request, [until], [save], answer}]}. Requests keep their
placeholders ({files}, {sql}, ...), so that the file alone is enough to send them again; in answers whatever changes from run to
run is replaced by a word in angle brackets.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import catalogue  # noqa: E402

DROPPED_HEADERS = {"date", "server", "content-length", "connection"}
JAVA_FRAME = re.compile(r"^\s*(at )?[\w.$<>/@-]+\(([\w$]+\.(scala|java)(:\d+)?|Unknown Source|Native Method|<\w+>(:\d+)?)\)\s*$")
LONG_TABLE = 20


class Recorder:
    def __init__(self, base: str, files: Path):
        url = urlsplit(base)
        self.host, self.port, self.prefix = url.hostname, url.port, url.path.rstrip("/")
        self.files = files
        self.saved: dict[str, str] = {}

    def fill(self, text: str) -> str:
        text = text.replace("{files}", str(self.files))
        for name, value in self.saved.items():
            text = text.replace("{%s}" % name, value)
        return text

    def path(self, step: dict) -> str:
        path = self.fill(step["path"])
        if "{" in path:
            raise SystemExit(f"{step['name']}: nothing was saved for {path}")
        return self.prefix + path

    def payload(self, step: dict) -> tuple[bytes | None, dict]:
        headers = {}
        body = None
        if "json" in step:
            body = self.fill(json.dumps(step["json"], ensure_ascii=False)).encode()
            headers["Content-Type"] = "application/json"
        elif "text" in step:
            body = self.fill(step["text"]).encode()
            headers["Content-Type"] = "application/json"
        elif "hex" in step:
            body = bytes.fromhex(step["hex"])
            headers["Content-Type"] = "application/json"
        elif "parts" in step:
            edge = uuid.uuid4().hex
            body = b"".join(
                f'--{edge}\r\nContent-Disposition: form-data; name="{p["name"]}"; filename="{p["filename"]}"\r\n\r\n{p["content"]}\r\n'.encode()
                for p in step["parts"]
            ) + f"--{edge}--\r\n".encode()
            headers["Content-Type"] = f"multipart/form-data; boundary={edge}"
        headers.update(step.get("headers", {}))
        return body, {k: v for k, v in headers.items() if v is not None}

    def send(self, step: dict):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=step.get("timeout", 120))
        body, headers = self.payload(step)
        try:
            connection.request(step["method"], self.path(step), body=body, headers=headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, answer.reason, answer.getheaders(), data
        finally:
            connection.close()

    def run(self, step: dict) -> dict:
        if "sleep" in step:
            time.sleep(step["sleep"])
            return None
        deadline = time.monotonic() + step.get("within", 90)
        while True:
            status, reason, headers, data = self.send(step)
            try:
                state = json.loads(data)["state"]
            except (ValueError, KeyError, TypeError):
                state = None
            wanted = step.get("until")
            if not wanted or state in wanted or status >= 400 or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        if "save" in step and status < 300:
            self.saved[step["save"]] = str(json.loads(data)["id"])
        recorded = {"name": step["name"], "request": {k: step[k] for k in ("method", "path", "headers", "json", "text", "hex", "parts") if k in step}}
        recorded.update({k: step[k] for k in ("until", "save") if k in step})
        recorded["answer"] = self.answer(step, status, reason, headers, data)
        return recorded

    def answer(self, step, status, reason, headers, data) -> dict:
        answer = {"status": status}
        if reason != http.client.responses.get(status):
            answer["reason"] = self.scrub(reason)
        answer["headers"] = {k: self.scrub_header(k, v) for k, v in headers if k.lower() not in DROPPED_HEADERS}
        text = data.decode("utf-8", "replace")
        kind = next((v for k, v in answer["headers"].items() if k.lower() == "content-type"), "")
        if not text:
            return answer
        try:
            body = json.loads(text) if "json" in kind else None
        except ValueError:
            body = None
        if body is None or step.get("cut"):
            answer["text"] = self.scrub(text if len(text) < 3000 else text[:300] + "<cut>")
        else:
            if inexact(text):
                # The digits as they were sent; a parsed number no longer tells 1.50 from 1.5.
                answer["raw"] = self.scrub(text)
            answer["body"] = self.normal(body, posted=step["method"] == "POST" and step["path"].endswith("/statements"))
        return answer

    def scrub_header(self, name, value):
        if name.lower() == "set-cookie":
            return re.sub(r'(&e=\d+&s=[^"]*|Expires=[^;]*)', "<volatile>", value)
        if name.lower() in ("last-modified", "expires", "etag"):
            return "<volatile>"
        return self.scrub(value)

    def scrub(self, text: str) -> str:
        text = text.replace(str(self.files), "{files}").replace(f"127.0.0.1:{self.port}", "{server}")
        text = re.sub(r"(\n\s*(at \S+\([^\n]*\)|\.\.\. \d+ more))+", "\n<java frames>", text)
        text = re.sub(r"(/tmp|/var)(/[\w.@{}-]+)*/(home-[\w-]+/work)", "<cwd>", text)
        text = re.sub(r'File "/[^"]+"', 'File "<path>"', text)
        text = re.sub(r"/tmp(/[\w.@-]+)+", "<path>", text)
        text = re.sub(r"\b(Http\w+@|Thread\[|@)[0-9a-f]{5,8}\b", r"\1<id>", text)
        text = re.sub(r"\b0x[0-9a-f]{8,}", "0x<address>", text)
        text = re.sub(r'"(started|completed)":\d{10,}', r'"\1":"<time>"', text)
        text = re.sub(r"local-\d{10,}", "local-<time>", text)
        text = re.sub(r"Job aborted due to stage failure: (.|\n)*", "Job aborted due to stage failure: <rest>", text) if len(text) > 1500 else text
        return text

    def lines(self, lines: list) -> list:
        out = []
        for line in lines:
            line = line if line.strip() in ("stdout:", "stderr:", "YARN Diagnostics:") or line.startswith("batch says") else "<line>"
            if not (out and out[-1] == line == "<line>"):
                out.append(line)
        return out

    def trace(self, lines: list) -> list:
        out = []
        for line in lines:
            line = self.scrub(line) if isinstance(line, str) else line
            if isinstance(line, str) and JAVA_FRAME.match(line):
                line = "<java frame>"
            if isinstance(line, str) and re.match(r"\s*\.\.\. \d+ (elided|more)", line):
                line = re.sub(r"\d+", "<n>", line)
            if not (out and out[-1] == line == "<java frame>"):
                out.append(line)
        return out

    def normal(self, value, key=None, posted=False):
        if isinstance(value, dict):
            return {k: self.normal(v, k, posted) for k, v in value.items()}
        if isinstance(value, list):
            if key == "log":
                return self.lines(value)
            if key == "traceback":
                return self.trace(value)
            if key == "data" and len(value) > LONG_TABLE:
                return value[:2] + [f"<{len(value)} rows in all>"]
            return [self.normal(v, None, posted) for v in value]
        if key in ("started", "completed") and isinstance(value, int) and value > 0:
            return "<time>"
        if posted and key == "state" and value in ("waiting", "running"):
            return "<waiting or running>"
        if isinstance(value, str):
            return self.scrub(value)
        return value


def inexact(text: str) -> bool:
    found = []
    json.loads(text, parse_float=lambda lexeme: found.append(repr(float(lexeme)) != lexeme))
    return any(found)


def wait_for(port: int, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/version")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not come up")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def record(name: str, base: str, files: Path, out: Path):
    server, steps = catalogue.SCENARIOS[name]
    files.mkdir(parents=True, exist_ok=True)
    for file, content in catalogue.FILES.items():
        (files / file).write_text(content)
    recorder = Recorder(base, files)
    exchanges = []
    for step in steps:
        try:
            exchange = recorder.run(step)
        except (OSError, http.client.HTTPException) as error:
            request = {k: step[k] for k in ("method", "path", "json") if k in step}
            exchange = {"name": step["name"], "request": request, "answer": {"broken": type(error).__name__}}
        if exchange:
            exchanges.append(exchange)
    out.mkdir(parents=True, exist_ok=True)
    document = {"scenario": name, "server": server, "exchanges": exchanges}
    (out / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {len(exchanges)} exchanges", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache")
    parser.add_argument("--repl-jars")
    parser.add_argument("--base")
    parser.add_argument("--files")
    parser.add_argument("--out", default=str(HERE.parent / "recorded"))
    parser.add_argument("scenario", nargs="*")
    args = parser.parse_args()
    names = args.scenario or list(catalogue.SCENARIOS)
    if args.base:
        for name in names:
            record(name, args.base, Path(args.files or "files").resolve(), Path(args.out))
        return
    cache = Path(args.cache).resolve()
    cache.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    if args.repl_jars:
        environment["LIVY_REPL_JARS"] = args.repl_jars
    for name in names:
        port = free_port()
        with open(cache / f"{name}.log", "w") as log:
            process = subprocess.Popen([HERE / "start", cache, str(port), catalogue.SCENARIOS[name][0]], stdout=log, stderr=log, env=environment, start_new_session=True)
            try:
                wait_for(port, process)
                record(name, f"http://127.0.0.1:{port}", cache / "files", Path(args.out))
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


if __name__ == "__main__":
    main()
