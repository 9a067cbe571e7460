"""Hearth before a Spark whose work is done by a cluster: a standalone master and two workers on this machine."""

from __future__ import annotations

import pytest
from golden import goldens
from harness.connect import ask_sql, connect
from harness.spark import Standalone, start_connect
from pyspark.sql.functions import udf
from tpc import compare, queries

pytestmark = [pytest.mark.long]


@pytest.fixture(scope="module")
def cluster():
    conf = {"spark.executor.memory": "900m", "spark.cores.max": "2", "spark.executor.cores": "1"}
    with Standalone(workers=2) as nodes, start_connect(master=nodes.master, memory="1g", conf=conf) as spark:
        yield spark


@pytest.fixture(scope="module")
def front(cluster, request):
    return cluster if request.config.getoption("--server") == "spark" else request.getfixturevalue("own_hearth")(cluster.grpc)


def test_tpch(cluster, front, make_tpch, tpch_files):
    session = connect(front)
    session.sql(f"use {make_tpch(cluster, tpch_files)}")
    before, goldens.RELATIVE = goldens.RELATIVE, 1e-9
    recorded, differing = compare.recorded("tpch"), {}
    for name, text in queries.load("tpch").items():
        answer = ask_sql(session, text.rstrip(";"))
        found = goldens.block_answer(answer.columns(), answer.rows(), ordered=True)
        differing[name] = compare.answer_difference(text, recorded[name][0], found)[0]
    goldens.RELATIVE = before
    session.stop()
    assert len(differing) == 22 and not any(differing.values()), differing
    workers = cluster.executors()
    assert len(workers) == 2 and all(one["totalTasks"] > 0 for one in workers), workers


def test_files_reach_the_workers(front, activate, tmp_path):
    """A module that a client brings is there in every worker's Python."""
    (tmp_path / "far.py").write_text("def name():\n    import os\n    return f'far {os.getpid()}'\n")
    session = activate(connect(front))
    session.addArtifacts(str(tmp_path / "far.py"), pyfile=True)

    @udf("string")
    def where(_):
        import far

        return far.name()

    names = {row[0] for row in session.range(0, 8, 1, 4).select(where("id")).collect()}
    assert names and all(name.startswith("far ") for name in names)
    session.stop()
