"""Fixtures of the tests of the Livy API: the server under test, raw HTTP to it, and sessions that tests share.

  scripts/test livy                                everything, with the environments it needs
  pytest tests/livy/wire --server hearth           a server of its own (the default)
  pytest tests/livy/clients --server http://127.0.0.1:8998
Scala and R stand in files of their own (`test_scala.py`, `test_sparkr.py`). Interpreters run with
HEARTH_INTERPRETER_PYTHON, else with `.venv/livy-python`, and with the Spark of `.venv/spark`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import servers  # noqa: E402
from harness.livy import START_SECONDS, Livy, end_interpreters, interpreter_arguments  # noqa: E402

CACHES = Path(os.environ.get("HEARTH_CLIENT_CACHES", HERE.parents[1] / ".venv"))


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth or http://HOST:PORT")
    parser.addoption("--mutations", type=int, default=300, help="mutated requests of the fuzz test")
    parser.addoption("--cycles", type=int, default=30, help="sessions that are made and deleted in the test of leftovers")
    parser.addoption("--seed", type=int, default=7, help="seed of the fuzz test")


def pytest_report_header(config):
    return f"server {config.getoption('--server')}"


@pytest.fixture(scope="session")
def server(request):
    kind = request.config.getoption("--server")
    with servers.start(kind, **({"arguments": interpreter_arguments()} if kind == "hearth" else {})) as started:
        yield started
        alive = started.alive()
    if started.data_dir:
        end_interpreters(started.data_dir)
    assert alive, "the server died during the tests"


@pytest.fixture(scope="session")
def url(server):
    return server.http_url


@pytest.fixture(scope="session")
def livy(server):
    client = Livy(server.http)
    yield client
    client.close()


@pytest.fixture(scope="session")
def idle_session(livy):
    """`idle_session("pyspark")`: the id of a session that tests share; a new one when the last was lost."""
    known = {}

    def get(kind):
        session = known.get(kind)
        if session is not None:
            reply = livy.get(f"/sessions/{session}")
            if reply.status == 200 and reply.json["state"] in ("idle", "busy"):
                livy.wait_session(session, seconds=30)
                return session
        known[kind] = livy.open(kind)
        return known[kind]

    yield get
    for session in known.values():
        livy.remove(session)


@pytest.fixture
def sql(idle_session):
    return idle_session("sql")


@pytest.fixture
def python(idle_session):
    return idle_session("pyspark")


@pytest.fixture
def shared(idle_session):
    return idle_session("shared")


@pytest.fixture
def opened(livy):
    """Opens sessions that end with the test: `opened("sql", name="x")`."""
    made = []

    def open_one(kind=None, seconds=START_SECONDS, **fields):
        made.append(livy.begin(kind, **fields))
        livy.wait_session(made[-1], seconds=seconds)
        return made[-1]

    yield open_one
    for session in made:
        livy.remove(session)


@pytest.fixture(scope="module")
def own_hearth(request):
    """Starts further Hearth servers, for tests that kill or configure one: `own_hearth("livy.max_sessions=3", data_dir=…)`."""
    assert request.config.getoption("--server") == "hearth", "this test starts servers of its own"
    started = []

    def start(*settings, **options):
        arguments = interpreter_arguments() + [word for setting in settings for word in ("--set", setting)]
        server = servers.start_hearth(arguments=arguments, **options)
        started.append(server)
        return server, Livy(server.http)

    yield start
    for one in started:
        one.stop()
        end_interpreters(one.data_dir)


@pytest.fixture(scope="module")
def token_for():
    """Makes a token of a user in a data folder."""

    def make(folder, user):
        done = subprocess.run([servers.hearth_binary(), "token", "create", "--data-dir", str(folder), "--user", user],
                              stdout=subprocess.PIPE, check=True, text=True)
        return done.stdout.split()[-1]

    return make


@pytest.fixture(scope="session")
def run_tool(url):
    """Runs a program against the server and asserts that it ends well; its output."""

    def run(command, folder, seconds=600, **environment):
        env = {**os.environ, "HEARTH_URL": url, **environment}
        done = subprocess.run(command, cwd=folder, env=env, timeout=seconds, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout[-12000:]}", pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope="session")
def caches():
    """Where package caches go: below .venv/ of the checkout."""
    return CACHES

