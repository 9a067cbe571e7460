"""Fixtures of the clients' tests: the published thin client as a process, sessions over it and over gRPC."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from harness.connect import connect

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = Path(os.environ.get("HEARTH_CLIENT_CACHES", HERE.parents[2] / ".venv"))
CLIENT = tuple(int(part) for part in pyspark.__version__.split(".")[:2])


def pytest_configure(config):
    config.addinivalue_line("markers", "versions(low): the first client version that has the API")


def pytest_collection_modifyitems(items):
    for item in items:
        marker = item.get_closest_marker("versions")
        if marker and CLIENT < marker.args[0]:
            item.add_marker(pytest.mark.skip(reason=f"needs a client of {marker.args[0]}"))


@pytest.fixture(scope="module", autouse=True)
def collected_in_main_thread():
    """`SparkSession.__del__` of the client 3.5 waits for threads, and one of them may be what collects."""
    gc.disable()
    yield
    gc.collect()


class Bridge:
    """The thin client's process; `open` gives the address of one with nothing in its cache."""

    def __init__(self, server, token="any"):
        python = ENVIRONMENTS / "rest/bin/python"
        assert python.exists(), "scripts/venv rest"
        self.process = subprocess.Popen([python, HERE / "bridge.py", server.http, token], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def open(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        port = self.process.stdout.readline()
        assert port.strip(), f"the thin client ended: {self.process.wait()}"
        return f"sc://127.0.0.1:{int(port)}"

    def close(self):
        self.process.stdin.close()
        # Its server's threads keep it alive.
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="session")
def bridge(server):
    opened = Bridge(server)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def bridge_to():
    """A thin client for another server: `bridge_to(server, token)`."""
    opened = []

    def start(server, token="any"):
        opened.append(Bridge(server, token))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def over_rest(bridge):
    """A PySpark session whose calls reach the server as REST."""
    session = connect(bridge.open())
    yield session
    ended(session)


@pytest.fixture
def over_grpc(server):
    session = connect(server)
    yield session
    ended(session)


def ended(session):
    """The thin client cannot release a session, which PySpark 4 says aloud."""
    sys.stderr.flush()
    session.client.close()


@pytest.fixture(scope="session")
def client_version():
    return CLIENT
