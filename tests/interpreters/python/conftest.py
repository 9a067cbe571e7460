"""Fixtures: interpreters of the pytest's own Python, alone and bound to a Hearth server.

  .venv/client-4.2/bin/python -m pytest tests/interpreters/python [--server hearth|spark|HOST:PORT]
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from driver import Interpreter  # noqa: E402
from harness import servers  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth, spark or HOST:PORT")


@pytest.fixture
def start():
    """Starts interpreters, for tests that end them or need several."""
    started = []

    def one(**options):
        started.append(Interpreter(**options))
        return started[-1]

    yield one
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def _shared():
    one = Interpreter()
    one.run("1")  # its imports are done then, and times mean something
    yield one
    one.close()


@pytest.fixture
def python(_shared):
    """An interpreter that all tests use one after the other; it must outlive each of them."""
    yield _shared
    assert _shared.process.poll() is None, "the interpreter died"
    assert _shared.text("1 + 1") == "2"


@pytest.fixture(scope="session")
def server(request):
    with servers.start(request.config.getoption("--server")) as started:
        yield started


def remote(server, **parameters):
    """A connection string with a session of its own."""
    given = {"user_id": "test", "session_id": str(uuid.uuid4()), **parameters}
    return f"sc://{server.grpc}/;" + ";".join(f"{key}={value}" for key, value in given.items())


@pytest.fixture(scope="session")
def remote_of():
    return remote


@pytest.fixture(scope="session")
def _bound(server):
    one = Interpreter()
    one.bind(remote(server))
    yield one
    one.close()


@pytest.fixture
def spark(_bound):
    """An interpreter bound to the server, shared like `python`."""
    yield _bound
    assert _bound.process.poll() is None, "the interpreter died"
