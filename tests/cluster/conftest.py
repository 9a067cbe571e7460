"""Fixtures of the stories on a real Apache Spark: the Spark, Hearth before it, and programs that must do the same on both.

  pytest tests/cluster --server hearth      through Hearth, compared with the same Spark asked directly (the default)
  pytest tests/cluster --server spark       the Spark alone: what it cannot do, no engine behind Hearth can
  pytest tests/cluster --long               also what takes minutes: large results, slow clients, a cluster of two workers
Run with `.venv/client-4.2` (`test_older_client.py` with `.venv/client-3.5`); needs `.venv/spark` and Java 17. Interpreters
run with `.venv/livy-python`.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import pyspark  # noqa: E402
from harness import servers  # noqa: E402
from harness.connect import ask, connect  # noqa: E402
from harness.livy import Livy, end_interpreters, interpreter_arguments  # noqa: E402
from harness.spark import anonymous, engine_config, start_connect  # noqa: E402
from harness.statements import Statements  # noqa: E402
from pyspark.errors import PySparkException  # noqa: E402
from tpc import compare  # noqa: E402

CLIENT = tuple(int(part) for part in pyspark.__version__.split(".")[:2])
SCALE = 0.01


def pytest_addoption(parser):
    parser.addoption("--server", default="hearth", help="hearth or spark")
    parser.addoption("--long", action="store_true", help="also what takes minutes")


def pytest_configure(config):
    config.addinivalue_line("markers", "hearth_only: about doors or promises that Spark does not have")
    config.addinivalue_line("markers", "long: takes minutes")


def pytest_report_header(config):
    return f"pyspark client {pyspark.__version__}, server {config.getoption('--server')}"


def pytest_collection_modifyitems(config, items):
    for item in items:
        if config.getoption("--server") == "spark" and item.get_closest_marker("hearth_only"):
            item.add_marker(pytest.mark.skip(reason="about Hearth"))
        if not config.getoption("--long") and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: --long"))
        if CLIENT < (4, 0) and item.path.name != "test_older_client.py":
            item.add_marker(pytest.mark.skip(reason="for the client of 4.2"))


@pytest.fixture(scope="module", autouse=True)
def collected_in_main_thread():
    """`SparkSession.__del__` waits for threads; a collection inside of one of them waits for itself (client 3.5)."""
    gc.disable()
    yield
    gc.collect()


@pytest.fixture(scope="session")
def real():
    """The Apache Spark of this run."""
    with start_connect() as spark:
        yield spark
        alive = spark.alive()
    assert alive, "the Spark died during the tests"


@pytest.fixture(scope="session")
def hearth(real, request):
    """Hearth with that Spark as its default engine."""
    if request.config.getoption("--server") == "spark":
        pytest.skip("about Hearth")
    with servers.start_hearth(config=engine_config(real.grpc), arguments=interpreter_arguments()) as server:
        yield server
        alive, tail = server.alive(), server.log_tail()
    end_interpreters(server.data_dir)
    assert alive, f"the server died during the tests\n{tail}"


@pytest.fixture(scope="session")
def server(real, request):
    """What is tested: Hearth, or the Spark alone."""
    return real if request.config.getoption("--server") == "spark" else request.getfixturevalue("hearth")


def activate(session):
    """PySpark asks its active session for DDL texts of types and for MLlib: from now on this one."""
    kind = type(session)
    kind._default_session = kind._active_session.session = session
    return session


@pytest.fixture
def spark(server):
    session = activate(connect(server))
    yield session
    session.stop()


@pytest.fixture(scope="module")
def pair(server, real):
    """Two sessions: what is tested, and the Spark asked directly."""
    sessions = connect(server), connect(real)
    yield sessions
    for session in sessions:
        session.stop()


@pytest.fixture
def same(pair):
    """`same(program)` runs a program on both and asserts one outcome: values, rows and schemas, errors with all they say."""

    def run(program, *arguments, scrub=anonymous):
        found, expected = (outcome(program, session, arguments, scrub) for session in pair)
        assert found == expected
        return found

    return run


def outcome(program, session, arguments, scrub):
    activate(session)
    try:
        return plain(program(session, *arguments), scrub)
    except PySparkException as error:
        return described(error, scrub)


def plain(value, scrub):
    """A result that can be compared: frames as columns and rows."""
    if hasattr(value, "_plan"):
        answer = ask(value)
        return answer.columns(), answer.rows()
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, (list, tuple)):
        return [plain(one, scrub) for one in value]
    if isinstance(value, dict):
        return {key: plain(one, scrub) for key, one in value.items()}
    return value


def described(error, scrub=anonymous):
    """All that an error says."""
    return {
        "type": type(error).__name__, "condition": error.getCondition(), "sql_state": error.getSqlState(),
        "parameters": {key: scrub(value) for key, value in (error.getMessageParameters() or {}).items()},
        "message": scrub(error.getMessage()),
        "contexts": [context_of(one) for one in error.getQueryContext()],
        "breaking": getattr(error, "getBreakingChangeInfo", lambda: None)(),
    }


def context_of(context):
    kind = str(context.contextType()).split(".")[-1]
    if kind == "SQL":
        return kind, context.fragment(), context.startIndex(), context.stopIndex(), context.objectType(), context.objectName()
    return kind, context.fragment(), context.callSite().replace(str(HERE), "")


def until(condition, seconds=30, what="it"):
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture(name="activate")
def activate_fixture():
    return activate


@pytest.fixture(name="described")
def described_fixture():
    return described


@pytest.fixture
def quiet(real):
    """Nothing runs on the Spark before and after the test: what was stopped has stopped."""
    until(lambda: not real.running_jobs(), what="jobs of an earlier test")
    yield
    until(lambda: not real.running_jobs(), what=f"jobs that go on: {real.running_jobs()}")


@pytest.fixture(scope="session")
def statements(hearth):
    client = Statements(hearth.http)
    yield client
    client.close()


@pytest.fixture(scope="session")
def livy(hearth):
    client = Livy(hearth.http)
    yield client
    client.close()


@pytest.fixture(scope="module")
def own_hearth(request):
    """Starts further Hearth servers: `own_hearth(address, extra="max_running = 1")`."""
    if request.config.getoption("--server") == "spark":
        pytest.skip("about Hearth")
    started = []

    def start(address, arguments=(), **settings):
        server = servers.start_hearth(config=engine_config(address, **settings), arguments=[*interpreter_arguments(), *arguments])
        started.append(server)
        return server

    yield start
    for one in started:
        one.stop()
        end_interpreters(one.data_dir)


@pytest.fixture(scope="session")
def tpch_files():
    """TPC-H's tables as Parquet files: the samples of an embedded Hearth."""
    with tempfile.TemporaryDirectory(prefix="hearth-tpch-") as folder:
        with servers.start_hearth(env=compare.sample_scale(SCALE)) as server:
            compare.export(server, ["tpch"], Path(folder))
        yield Path(folder)


@pytest.fixture(scope="session")
def tpch(real, tpch_files):
    """The name of a schema of the Spark with TPC-H's tables."""
    return make_tpch(real, tpch_files)


def make_tpch(spark, folder):
    from tpc import queries

    session = connect(spark)
    session.sql("create database if not exists tpch").collect()
    for table in queries.TABLES["tpch"]:
        session.sql(f"create table if not exists tpch.{table} using parquet location '{folder}/tpch/{table}.parquet'").collect()
    session.stop()
    return "tpch"


@pytest.fixture(name="make_tpch")
def make_tpch_fixture():
    return make_tpch
