"""Fixtures of the R interpreter's tests: a server, an interpreter bound to it, a fresh interpreter.

  pytest tests/interpreters/r                     against Hearth (HEARTH_BIN, or the newest build)
  HEARTH_TEST_SERVER=spark pytest …               against a real Spark, which must pass too
R, r-cran-reticulate and r-cran-jsonlite must be installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import servers  # noqa: E402
from r_driver import RInterpreter  # noqa: E402


def pytest_collection_modifyitems(items):
    if shutil.which("R") is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="there is no R"))


@pytest.fixture(scope="session")
def spark_server():
    with servers.start(os.environ.get("HEARTH_TEST_SERVER", "hearth")) as started:
        yield started


@pytest.fixture(scope="session")
def bound_r(spark_server):
    """One interpreter for all cases that leave nothing behind; its time zone is not that of the machine."""
    r = RInterpreter()
    r.bind(spark_server.url, **{"spark.sql.session.timeZone": "America/New_York"})
    yield r
    r.close()


@pytest.fixture(scope="session")
def plain_r():
    """One interpreter without Spark."""
    r = RInterpreter()
    yield r
    r.close()


@pytest.fixture
def fresh_r():
    started = []

    def start(**options):
        started.append(RInterpreter(**options))
        return started[-1]

    yield start
    for one in started:
        one.close()
