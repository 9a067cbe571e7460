"""Fixtures of the Statement Execution API's tests: the server under test and raw HTTP to it.

  scripts/test statements                          everything, with the environments it needs
  pytest tests/statements/wire --server hearth     a server of its own (the default)
  pytest tests/statements/sdk --server http://127.0.0.1:8998
Each folder is one client; `scripts/test` says which environment of `scripts/venv` it wants.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import servers  # noqa: E402
from harness.statements import WAREHOUSE, Statements  # noqa: E402

CACHES = Path(os.environ.get("HEARTH_CLIENT_CACHES", HERE.parents[1] / ".venv"))


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth or http://HOST:PORT")
    parser.addoption("--mutations", type=int, default=300, help="mutated requests of the fuzz test")
    parser.addoption("--seed", type=int, default=7, help="seed of the fuzz test")


def pytest_report_header(config):
    return f"server {config.getoption('--server')}"


@pytest.fixture(scope="session")
def server(request):
    with servers.start(request.config.getoption("--server")) as started:
        yield started
        alive = started.alive()
    assert alive, "the server died during the tests"


@pytest.fixture(scope="session")
def url(server):
    return server.http_url


@pytest.fixture(scope="session")
def http_path():
    return f"/sql/1.0/warehouses/{WAREHOUSE}"


@pytest.fixture(scope="session")
def rest(server):
    """Raw HTTP with a token, as the user `local`."""
    client = Statements(server.http, token="any")
    yield client
    client.close()


@pytest.fixture
def schema(rest, request):
    """The name of an empty schema of this test's own."""
    name = f"t_{abs(hash(request.node.nodeid)) % 10**9}_{os.getpid()}"
    rest.rows(f"create schema {name}")
    yield name
    rest.rows(f"drop schema if exists {name} cascade")


@pytest.fixture(scope="session")
def own_hearth(request):
    """Starts further Hearth servers, for tests that kill or configure one."""
    if request.config.getoption("--server") != "hearth":
        pytest.skip("needs servers of its own")
    started = []

    def start(**options):
        started.append(servers.start_hearth(**options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def run_tool(url):
    """Runs a program of another language against the server and asserts that it ends well."""

    def run(command, folder, seconds=600, **environment):
        env = {**os.environ, "HEARTH_URL": url, "HEARTH_WAREHOUSE": WAREHOUSE, **environment}
        done = subprocess.run(command, cwd=folder, env=env, timeout=seconds, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout[-12000:]}", pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope="session")
def tool():
    """A program on the PATH; without it the test is skipped on a developer's machine, never in CI."""

    def find(name):
        path = shutil.which(name)
        if path is None:
            assert not os.environ.get("CI"), f"{name} is missing: .ci/run installs it"
            pytest.skip(f"needs {name} on the PATH")
        return path

    return find


@pytest.fixture(scope="session")
def caches():
    """Where package caches go: below .venv/ of the checkout."""
    return CACHES


@pytest.fixture(scope="session")
def snippet(server):
    """A block of docs/how-to/sql-clients.md, with the address of this server: `snippet("python", "WorkspaceClient")`."""
    text = (HERE.parents[1] / "docs" / "how-to" / "sql-clients.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    host, port = server.http.split(":")

    def find(language, word):
        [found] = [code for name, code in blocks if name == language and word in code]
        return found.replace("127.0.0.1:8998", server.http).replace('"port": 8998', f'"port": {port}')

    return find
