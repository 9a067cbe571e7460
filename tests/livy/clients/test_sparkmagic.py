"""sparkmagic, unmodified, with Python: its client layer and its kernel."""

import base64
import threading
import time

import pandas
import pytest
from sparkmagic_steps import controller_with_session, notebook, query, run, sent, stored

pytestmark = pytest.mark.usefixtures("sparkmagic_home")


@pytest.fixture(scope="module")
def controller(sparkmagic_home, url):
    with controller_with_session(url, "python") as made:
        yield made


def test_run(controller):
    assert run(controller, "1 + 1") == "2"
    assert run(controller, "x = 5") == ""
    assert run(controller, "print('ü')\nx") == "ü\n5"


def test_error(controller):
    from sparkmagic.livyclientlib.command import Command

    success, text, _ = controller.run_command(Command("print('a')\n1 / 0"))
    assert not success and "ZeroDivisionError" in text and "division by zero" in text


def test_sql(controller):
    found = query(controller, "select id, concat('ü', id) as s from range(3) order by id")
    assert found.to_dict("records") == [{"id": n, "s": f"ü{n}"} for n in range(3)]
    assert len(query(controller, "select * from range(100)", maxrows=7)) == 7
    assert len(query(controller, "select * from range(100)", samplemethod="sample", samplefraction=0.5, maxrows=-1)) < 100
    assert len(query(controller, "select * from range(0)")) == 0


def test_sql_that_fails(controller):
    from sparkmagic.livyclientlib.exceptions import BadUserDataException

    with pytest.raises(BadUserDataException, match="TABLE_OR_VIEW_NOT_FOUND"):
        query(controller, "select * from no_such_table")


def test_store(controller):
    run(controller, "df = spark.range(5)")
    assert list(stored(controller, "df")["id"]) == [0, 1, 2, 3, 4]
    assert len(stored(controller, "df", maxrows=2)) == 2
    assert len(stored(controller, "df", samplemethod="sample", samplefraction=0.0)) == 0


def test_send(controller):
    sent(controller, "text", "some 'text' ü", "remote_text")
    assert run(controller, "remote_text") == repr("some 'text' ü")
    frame = pandas.DataFrame({"n": [1, 2], "s": ["x", "ü"]})
    sent(controller, "frame", frame, "remote_frame")
    assert run(controller, "sorted((row.n, row.s) for row in remote_frame.collect())") == "[(1, 'x'), (2, 'ü')]"
    assert stored(controller, "remote_frame").sort_values("n")["s"].tolist() == ["x", "ü"]


def test_plot(controller):
    from IPython.display import Image
    from sparkmagic.livyclientlib.command import Command

    run(controller, "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nlines = plt.plot([1, 2])")
    success, image, mimetype = controller.run_command(Command("%matplot plt"))
    assert success and isinstance(image, Image) and image.data.startswith(b"\x89PNG")


def test_logs_and_sessions(controller):
    assert "stdout" in controller.get_logs()
    sessions = controller.get_all_sessions_endpoint(controller.endpoint)
    assert controller.get_session_id_for_client("tested") in [session.id for session in sessions]
    assert any("pyspark" in text for text in controller.get_all_sessions_endpoint_info(controller.endpoint))
    assert isinstance(controller.get_app_id(), (str, type(None)))


def test_interrupt(controller, livy):
    """What the kernel does at Ctrl-C: cancel the statement, wait until the session is idle."""
    session = controller.get_session_by_name_or_default("tested")
    answer = session.http_client.post_statement(session.id, {"code": "import time\ntime.sleep(600)"})
    livy.wait(session.id, answer["id"], {"running"})
    session.http_client.cancel_statement(session.id, answer["id"])
    session.wait_for_idle(15)
    assert session.http_client.get_statement(session.id, answer["id"])["state"] == "cancelled"
    assert run(controller, "1") == "1"


def test_notebook():
    cells = notebook(
        "pyspark",
        "%%configure -f\n{\"conf\": {\"spark.sql.session.timeZone\": \"Asia/Tokyo\"}, \"driverCores\": 1}",
        "print(spark.range(4).count())",
        "spark.conf.get('spark.sql.session.timeZone')",
        "spark.range(3).createOrReplaceTempView('of_cell')",
        "%%sql -o found\nselect id + 1 as n from of_cell order by id",
        "%%local\nprint('local', list(found['n']))",
        "%%local\nimport pandas\nmine = pandas.DataFrame({'a': [1, 2]})",
        "%%send_to_spark -i mine -t df -n theirs",
        "theirs.count()",
        "%%spark -o frame\nframe = spark.range(2)",
        "%%local\nprint('rows', len(frame))",
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nlines = plt.plot([1, 2])",
        "%matplot plt",
        "%%info",
        "%%logs",
        "%%pretty\nspark.range(2).show()",
        "%%delete -f -s 987654",
        "%%cleanup -f",
    )
    texts = [text for text, _ in cells]
    assert "4" in texts[1] and "Asia/Tokyo" in texts[2], texts
    assert "local [1, 2, 3]" in texts[5], texts
    assert "2" in texts[8] and "rows 2" in texts[10], texts
    assert base64.b64decode(cells[12][1]["image/png"]).startswith(b"\x89PNG"), cells[12]
    assert "pyspark" in str(cells[13]) and "stdout" in texts[14], (cells[13], texts[14])


def test_notebook_with_an_error():
    cells = notebook("pyspark", "1 / 0", "'still here'", allow_errors=True)
    assert "ZeroDivisionError" in str(cells[0]) and "still here" in str(cells[1]), cells


def test_interrupt_of_a_notebook(livy):
    """Ctrl-C in a kernel: the code on the server stops, the session goes on."""
    import nbclient
    import nbformat
    from jupyter_client import KernelManager

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in ("kept = 1", "import time\ntime.sleep(600)", "kept + 1")])
    manager = KernelManager(kernel_name="pyspark")
    client = nbclient.NotebookClient(book, km=manager, timeout=240, allow_errors=True)
    known = {one["id"] for one in livy.get("/sessions?size=1000").json["sessions"]}

    def interrupt():
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            for one in livy.get("/sessions?size=1000").json["sessions"]:
                reply = livy.get(f"/sessions/{one['id']}/statements")
                if one["id"] not in known and reply.status == 200 and any(
                        "time.sleep(600)" in found["code"] and found["state"] == "running" for found in reply.json["statements"]):
                    manager.interrupt_kernel()
                    return
            time.sleep(0.1)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    began = time.monotonic()
    client.execute()
    watcher.join()
    assert time.monotonic() - began < 200
    assert "2" in str(book.cells[2].outputs), book.cells
