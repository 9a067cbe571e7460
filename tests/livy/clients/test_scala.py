"""pylivy and sparkmagic with Scala (kind spark). Needs Java and the Spark of `.venv/spark`."""

import pandas
import pytest
from pylivy_steps import SessionKind, round_trip
from sparkmagic_steps import controller_with_session, notebook, query, run, sent, stored

pytestmark = pytest.mark.usefixtures("sparkmagic_home")


@pytest.fixture(scope="module")
def controller(sparkmagic_home, url):
    with controller_with_session(url, "scala") as made:
        yield made


def test_pylivy(url):
    round_trip(url, SessionKind.SPARK, "val filtered = frame.filter(\"value > 1\")")


def test_run(controller):
    assert "Int = 2" in run(controller, "1 + 1")


def test_sql(controller):
    assert query(controller, "select id, concat('ü', id) as s from range(3) order by id").to_dict("records") == [{"id": n, "s": f"ü{n}"} for n in range(3)]
    assert len(query(controller, "select * from range(100)", samplemethod="sample", samplefraction=0.5, maxrows=-1)) < 100


def test_store_and_send(controller):
    run(controller, "val df = spark.range(5)")
    assert sorted(stored(controller, "df")["id"]) == [0, 1, 2, 3, 4]
    sent(controller, "text", "some text", "remoteText")
    assert "some text" in run(controller, "println(remoteText)")
    sent(controller, "frame", pandas.DataFrame({"n": [1, 2], "s": ["x", "y"]}), "remoteFrame")
    assert stored(controller, "remoteFrame").sort_values("n")["s"].tolist() == ["x", "y"]


def test_notebook():
    cells = notebook("spark", "println(spark.range(4).count())", "%%sql -o found\nselect id from range(3) order by id", "%%local\nprint('local', list(found['id']))", "%%info",
                     "%%cleanup -f")
    assert "4" in cells[0][0] and "local [0, 1, 2]" in cells[2][0], cells
