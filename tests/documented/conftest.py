"""Fixtures of the documented examples: the server under test and what Spark is recorded to pass.

  pytest tests/documented --server hearth            (the default)
  pytest tests/documented --server sc://HOST:PORT    any server; `spark` starts a real one
  pytest tests/documented --server spark --record    writes spark-4.2.txt
  pytest tests/documented --update-deviations        takes out the deviations that pass
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import servers  # noqa: E402

HERE = Path(__file__).resolve().parent
RECORD = HERE / "spark-4.2.txt"
DEVIATIONS = HERE / "deviations.tsv"


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth, spark or sc://HOST:PORT")
    parser.addoption("--update-deviations", action="store_true", help="take out the deviations that pass")
    parser.addoption("--record", action="store_true", help="write the list of examples that this server passes")


class Known:
    """What real Spark passes, and what Hearth is known not to pass of it."""

    def __init__(self, against, record, update):
        self.record = record
        self.update = update
        self.gone = set()
        self.passed = []
        self.spark = set() if record else set(RECORD.read_text().split())
        self.deviations = {}
        if against == "hearth" and DEVIATIONS.exists():
            lines = [line for line in DEVIATIONS.read_text().splitlines() if line and not line.startswith("#")]
            self.deviations = dict(line.split("\t", 1) for line in lines)

    def judge(self, name, failure):
        """Fails, skips or passes the test `name` whose examples ended in `failure` (None: as documented)."""
        if self.record:
            if failure is None:
                self.passed.append(name)
            return
        if name in self.deviations:
            stable = not self.deviations[name].startswith("unstable")
            if failure is None and stable and self.update:
                self.gone.add(name)
                return
            assert failure is not None or not stable, "as documented, although listed in tests/documented/deviations.tsv"
            pytest.skip(f"known: {self.deviations[name]}")
        assert failure is None, failure

    def write(self):
        if self.record:
            RECORD.write_text("\n".join(sorted(self.passed)) + "\n")
        if self.gone:
            lines = DEVIATIONS.read_text().splitlines(keepends=True)
            DEVIATIONS.write_text("".join(line for line in lines if line.split("\t")[0] not in self.gone))


@pytest.fixture(scope="session")
def server(request):
    with servers.start(request.config.getoption("--server")) as started:
        yield started
        alive = started.alive()
    assert alive, "the server died during the tests"


@pytest.fixture(scope="session")
def known(request):
    option = request.config.getoption
    found = Known(option("--server"), option("--record"), option("--update-deviations"))
    yield found
    found.write()
