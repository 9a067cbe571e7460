"""The interpreter for Scala, driven over its socket against a server.

  pytest tests/interpreters/scala [--server hearth|spark|HOST:PORT]

Needs Java 17 and Spark's jars: HEARTH_SPARK_HOME names a folder with `jars/`, such as the `pyspark` package of
a whole wheel. One interpreter serves all tests that do not end it; each test gets fresh names, not a fresh REPL.
"""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from harness import servers  # noqa: E402
from scala_driver import Interpreter, trained  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth, spark or HOST:PORT")


@pytest.fixture(scope="session")
def server(request):
    with servers.start(request.config.getoption("--server")) as running:
        yield running


@pytest.fixture(scope="session")
def archive(server):
    return trained()


@pytest.fixture(scope="module")
def scala(server, archive, tmp_path_factory):
    """An interpreter that is bound to the server."""
    interpreter = Interpreter(tmp_path_factory.mktemp("scala"), archive=archive).connect()
    interpreter.bind(server.url)
    yield interpreter
    interpreter.end()


@pytest.fixture
def fresh(server, archive, tmp_path):
    """Starts interpreters of a test's own."""
    started = []

    def start(bound=True, **options):
        folder = tmp_path / str(len(started))
        interpreter = Interpreter(folder, archive=archive, **options)
        started.append(interpreter)
        interpreter.connect()
        if bound:
            interpreter.bind(server.url)
        return interpreter

    yield start
    for interpreter in started:
        interpreter.end()
