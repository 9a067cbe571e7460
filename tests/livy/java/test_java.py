"""Livy's own client for Java (src/main/java): a session, files, and a clear word about jobs that need a JVM.

The newest release of it that Maven Central has is 0.7.1, and that one refuses answers with fields which it does not know: those
that servers send since 0.8. So a relay stands between, which drops them; the client and the server are as they are.
"""

import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from harness.rest import Rest

HERE = Path(__file__).resolve().parent
KNOWN = {"id", "name", "appId", "owner", "proxyUser", "state", "kind", "appInfo", "log"}


@pytest.fixture(scope="module")
def relay(server):
    """The address of a relay to the server that drops what release 0.7 did not have."""

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "content-length")}
            rest = Rest(server.http)
            reply = rest.request(self.command, self.path, body, headers)
            rest.close()
            content = reply.body
            if re.fullmatch(r"/sessions/(\d+(/connect)?)?", self.path) and reply.status in (200, 201) and "state" in reply.json:
                content = json.dumps({name: value for name, value in reply.json.items() if name in KNOWN}).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.headers.get("content-type", "application/json"))
            self.send_header("Content-Length", str(len(content)))
            if "location" in reply.headers:
                self.send_header("Location", reply.headers["location"])
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(scope="module")
def java(run_tool, caches, relay):
    """Compiles once; runs the program and returns what it prints."""
    target = caches / "livy-java"
    target.mkdir(parents=True, exist_ok=True)
    run_tool([shutil.which("mvn"), "-B", "-q", f"-Dmaven.repo.local={caches / 'maven'}", f"-Dhearth.target={target}", "compile",
              "dependency:build-classpath", f"-Dmdep.outputFile={target / 'classpath'}"], HERE)
    classpath = f"{target / 'classes'}:{(target / 'classpath').read_text().strip()}"

    def run(*arguments):
        opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.util", "java.nio")]
        return run_tool([shutil.which("java"), *opened, "hearth.Main", *arguments], target, CLASSPATH=classpath, HEARTH_URL=relay)

    return run


def test_client(java, livy, opened):
    before = {session["id"] for session in livy.get("/sessions?size=1000").json["sessions"]}
    existing = opened("pyspark")
    output = java(str(existing))
    assert re.findall(r"^ok (\w+)$", output, re.MULTILINE) == ["session", "upload", "add", "job", "connect", "stop"], output
    [refused] = re.findall(r"^refused (.+)$", output, re.MULTILINE)
    assert len(refused) > 20, output
    assert livy.text(existing, "1") == "1", "a client that lets go leaves the session"
    after = {session["id"] for session in livy.get("/sessions?size=1000").json["sessions"]}
    assert after == before | {existing}, "a client that stops deletes its session"
