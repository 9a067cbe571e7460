"""pylivy and sparkmagic with R (kind sparkr). Needs R with reticulate and jsonlite."""

import pandas
import pytest
from pylivy_steps import SessionKind, round_trip
from sparkmagic_steps import controller_with_session, notebook, query, run, sent, stored

pytestmark = pytest.mark.usefixtures("sparkmagic_home")


@pytest.fixture(scope="module")
def controller(sparkmagic_home, url):
    with controller_with_session(url, "r") as made:
        yield made


def test_pylivy(url):
    round_trip(url, SessionKind.SPARKR, "filtered <- filter(frame, frame$value > 1)")


def test_run(controller):
    assert run(controller, "1 + 1").strip() == "[1] 2"


def test_sql(controller):
    assert query(controller, "select id, concat('ü', id) as s from range(3) order by id").to_dict("records") == [{"id": n, "s": f"ü{n}"} for n in range(3)]
    assert len(query(controller, "select * from range(100)", samplemethod="sample", samplefraction=0.5, maxrows=-1)) < 100


def test_store_and_send(controller):
    run(controller, "df <- sql('select id from range(5)')")
    assert sorted(stored(controller, "df")["id"]) == [0, 1, 2, 3, 4]
    sent(controller, "text", "some text", "remote_text")
    assert "some text" in run(controller, "print(remote_text)")
    sent(controller, "frame", pandas.DataFrame({"n": [1, 2], "s": ["x", "y"]}), "remote_frame")
    assert stored(controller, "remote_frame").sort_values("n")["s"].tolist() == ["x", "y"]


def test_notebook():
    cells = notebook("sparkr", "print(count(sql('select * from range(4)')))", "%%sql -o found\nselect id from range(3) order by id",
                     "%%local\nprint('local', list(found['id']))", "plot(1:3)", "%%cleanup -f")
    assert "4" in cells[0][0] and "local [0, 1, 2]" in cells[2][0], cells
    assert "image/png" in cells[3][1], cells[3]
