"""The client of Spark 3.5 on a Spark 4.2, through Hearth: run with `.venv/client-3.5`, and any later one."""

from __future__ import annotations

import pytest
from harness.connect import ask, connect
from pyspark.sql import functions as F


@pytest.fixture(scope="module")
def sessions(server, real):
    opened = connect(server), connect(real)
    yield opened
    for session in opened:
        session.client.close()


def both(sessions, program):
    found, expected = (program(session) for session in sessions)
    assert found == expected
    return found


def rows(frame):
    answer = ask(frame)
    return answer.columns(), answer.rows()


def test_sql_and_frames(sessions):
    both(sessions, lambda s: rows(s.sql("select id, concat('n', id) n, array(id) a, date'2024-01-02' d, 1.5BD x from range(4)")))
    both(sessions, lambda s: rows(s.range(20).groupBy((F.col("id") % 3).alias("k")).agg(F.sum("id")).orderBy("k")))
    both(sessions, lambda s: s.createDataFrame([(1, "a"), (2, None)], "i int, s string").collect())
    both(sessions, lambda s: s.range(5).toPandas().to_dict("list"))
    both(sessions, lambda s: s.range(5).select("id").schema.json())


def test_catalog_views_configuration(sessions):
    def program(s):
        s.range(3).createOrReplaceTempView("older")
        s.conf.set("own.key", "1")
        return [s.catalog.currentDatabase(), [t.name for t in s.catalog.listTables() if t.isTemporary], s.conf.get("own.key"), s.table("older").count(), s.version]

    both(sessions, program)


def test_errors(sessions):
    def program(s, text):
        try:
            s.sql(text).collect()
        except Exception as error:
            return type(error).__name__, str(error)

    for text in ("select * from nowhere", "selec 1", "select cast('x' as int)"):
        assert both(sessions, lambda s: program(s, text))


def test_writes(sessions, tmp_path):
    def program(s):
        place = str(tmp_path / s._session_id)
        s.range(10).write.parquet(place)
        return s.read.parquet(place).count()

    assert both(sessions, program) == 10


def test_user_defined_functions(sessions):
    """What a 3.5 client's pickles may do on a 4.2 worker is for that Spark to say: the same, here and there."""
    def program(s):
        try:
            return [row[0] for row in s.range(3).select(F.udf(lambda value: value + 1, "bigint")("id")).collect()]
        except Exception as error:
            return type(error).__name__

    both(sessions, program)


def test_interrupt_of_nothing(sessions):
    assert both(sessions, lambda s: s.interruptAll()) == []
