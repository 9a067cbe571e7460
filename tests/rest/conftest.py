"""Fixtures of the tests of Spark Connect over REST: the server under test, raw HTTP to it, tokens.

  scripts/test rest                                everything, with the environments it needs
  pytest tests/rest/wire --server hearth           a server of its own (the default)
  pytest tests/rest/wire --server http://127.0.0.1:8998 --grpc 127.0.0.1:15002
`wire/` runs in the environment `client-4.2`; `clients/` in `rest` and in `client-4.2`.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

# The published REST client goes through a proxy even to 127.0.0.1.
for name in ("HTTPS_PROXY", "https_proxy"):
    os.environ.pop(name, None)
# The environment `rest` has no PySpark but the one that the thin client brings.
for folder in glob.glob(str(Path(sys.prefix, "lib/python*/site-packages/snowflake/snowpark_connect/includes/python"))):
    sys.path.append(folder)

from harness import servers  # noqa: E402
from harness.connect_rest import ConnectRest  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth or http://HOST:PORT")
    parser.addoption("--grpc", help="HOST:PORT where a server given as http:// speaks gRPC")
    parser.addoption("--mutations", type=int, default=400, help="mutated requests of the fuzz test")
    parser.addoption("--seed", type=int, default=7, help="seed of the fuzz test")


def pytest_report_header(config):
    import pyspark

    return f"pyspark {pyspark.__version__}, server {config.getoption('--server')}"


@pytest.fixture(scope="session")
def server(request):
    with servers.start(request.config.getoption("--server")) as started:
        started.grpc = started.grpc or request.config.getoption("--grpc")
        yield started
        alive = started.alive()
    assert alive, "the server died during the tests"


@pytest.fixture
def rest(server):
    """Raw HTTP with a session of its own."""
    with ConnectRest(server) as client:
        yield client


@pytest.fixture(scope="session")
def own_hearth(request):
    """Starts further Hearth servers, for tests that configure or end one: `own_hearth("rest.wait=1s", data_dir=…)`."""
    assert request.config.getoption("--server") == "hearth", "this test starts servers of its own"
    started = []

    def start(*settings, arguments=(), **options):
        words = [word for setting in settings for word in ("--set", setting)]
        started.append(servers.start_hearth(arguments=[*words, *arguments], **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def token_for():
    """Makes a token of a user in a data folder."""

    def make(folder, user):
        done = subprocess.run([servers.hearth_binary(), "token", "create", "--data-dir", str(folder), "--user", user],
                              stdout=subprocess.PIPE, check=True, text=True)
        return done.stdout.split()[-1]

    return make


@pytest.fixture(scope="session")
def users(own_hearth, token_for, tmp_path_factory):
    """(server, Alice's token, Bob's token) of a server that asks for tokens and answers with 202 soon."""
    folder = tmp_path_factory.mktemp("auth")
    tokens = [token_for(folder, user) for user in ("alice", "bob")]
    server = own_hearth("auth.require_token=true", "rest.wait=1s", data_dir=str(folder))
    return server, *tokens
