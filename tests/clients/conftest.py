"""Fixtures of the client tests: the server under test, a fresh session, golden results.

  pytest tests/clients --server hearth          (the default)
  pytest tests/clients --server spark           the tests themselves are proven against real Spark
  pytest tests/clients --server 127.0.0.1:15002
  pytest tests/clients --server 127.0.0.1:15002 --thin    Hearth behind a client that hands on no error details
Tests marked `hearth_only` are about promises Spark does not make; `versions(low)` needs a client.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import pytest

os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # PySpark 3.5 looks at it when first imported
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyspark  # noqa: E402
from golden import goldens  # noqa: E402
from harness import servers  # noqa: E402
from harness.connect import connect  # noqa: E402
from harness.wire import Wire  # noqa: E402

CLIENT = tuple(int(part) for part in pyspark.__version__.split(".")[:2])
# They import types that older clients do not have.
collect_ignore = [] if CLIENT >= (4, 2) else ["dataframe/test_geospatial.py", "dataframe/test_types.py"]


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth, spark or HOST:PORT")
    parser.addoption("--thin", action="store_true", help="the address is Hearth's behind the published thin client of REST")
    parser.addoption("--record", action="store_true", help="write golden results of DataFrame cases")
    parser.addoption("--mutations", type=int, default=200, help="mutated requests per RPC")
    parser.addoption("--concurrent", type=int, default=50, help="concurrent clients")


def pytest_configure(config):
    config.addinivalue_line("markers", "hearth_only: a promise that real Spark does not make")
    config.addinivalue_line("markers", "versions(low): the first client version that has the API")


def pytest_report_header(config):
    return f"pyspark client {pyspark.__version__}, server {config.getoption('--server')}"


def pytest_collection_modifyitems(config, items):
    spark = config.getoption("--server") == "spark"
    for item in items:
        if spark and item.get_closest_marker("hearth_only"):
            item.add_marker(pytest.mark.skip(reason="about Hearth"))
        if "wire" in item.path.parts and CLIENT < (4, 0):
            item.add_marker(pytest.mark.skip(reason="the stubs of this client lack half of the protocol"))
        marker = item.get_closest_marker("versions")
        if marker and CLIENT < marker.args[0]:
            item.add_marker(pytest.mark.skip(reason=f"needs a client of {marker.args[0]}"))


@pytest.fixture(scope="module", autouse=True)
def collected_in_main_thread():
    """Forgotten sessions are collected here only.

    `SparkSession.__del__` waits for the threads that release results; a collection that happens to
    run in one of these threads waits for itself (clients 3.5 and 4.0).
    """
    gc.disable()
    yield
    gc.collect()


@pytest.fixture(scope="session")
def server(request):
    with servers.start(request.config.getoption("--server")) as started:
        yield started
        alive = started.alive()
    assert alive, "the server died during the tests"


@pytest.fixture
def spark(server):
    session = connect(server)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def shared_spark(server):
    """One session for a module of cases that leave nothing behind."""
    session = connect(server)
    yield session
    session.stop()


@pytest.fixture
def wire(server):
    with Wire(server) as raw:
        yield raw


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
def golden_store(request):
    option = request.config.getoption
    store = GoldenStore(option("--record"), option("--thin") or option("--server") == "hearth", option("--thin"))
    yield store
    store.write()


class GoldenStore:
    """The golden files of DataFrame cases, read once and written at the end when recording."""

    def __init__(self, record, hearth, thin):
        self.record = record
        self.thin = thin
        self.files = {}
        self.known = goldens.load_deviations() if hearth else {}

    def file(self, name):
        if name not in self.files:
            path = goldens.HERE / "dataframe" / f"{name}.golden"
            head = ["Recorded from Apache Spark by scripts/golden; the cases are programs in tests/clients.", ""]
            self.files[name] = goldens.load(path) if path.exists() else goldens.GoldenFile(path, head, {}, [], [])
        return self.files[name]

    def check(self, name, title, columns, rows, ordered):
        self.check_lines(name, title, goldens.block_answer(columns, rows, ordered), ordered)

    def check_lines(self, name, title, lines, ordered=True):
        golden = self.file(name)
        case = next((case for case in golden.cases if case.title == title), None)
        if self.record:
            if case is None:
                case = goldens.Case(title, "")
                golden.cases.append(case)
            case.answer, case.ordered = lines, ordered
            return
        assert case is not None, f"{name}: nothing recorded for {title}"
        expected = case.answer
        if self.thin:
            expected, lines = without_places(expected), without_places(lines)
        difference = goldens.difference(expected, lines)
        if (golden.name, title) in self.known:
            # What differs in the place only is equal without it.
            assert difference or self.thin, "equal to Spark, although listed in tests/golden/deviations.tsv"
        else:
            assert difference is None, difference

    def write(self):
        if self.record:
            for golden in self.files.values():
                golden.cases.sort(key=lambda case: case.title)
                goldens.save(golden)


def without_places(lines):
    """Lines whose errors tell no query contexts: these come by FetchErrorDetails alone. Rows of a table stay as they are."""
    return [line if "\t" in line or not line.startswith("[") else json.dumps(placeless(json.loads(line)), ensure_ascii=False)
            for line in lines]


def placeless(value):
    if not isinstance(value, list):
        return value
    if value and all(isinstance(part, list) and part and part[0] in ("DataFrame", "SQL") for part in value):
        return []
    return [placeless(part) for part in value]
