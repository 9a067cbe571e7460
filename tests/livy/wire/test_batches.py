"""Batches: Python and SQL files as applications, their arguments, logs, ends, and what is refused."""

import uuid

import pytest
from harness.livy import BATCH_FIELDS, BATCHES, SESSION_STATES, has_shape, running, wait_for


@pytest.fixture
def file(tmp_path):
    def write(text, name="app.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


SPARK = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.appName('app').getOrCreate()\n"


def test_created(livy, file):
    reply = livy.post(BATCHES, {"file": file("print('hi')")})
    assert reply.status == 201, reply
    batch = reply.json
    assert reply.headers["location"] == f"/batches/{batch['id']}"
    assert has_shape(batch, BATCH_FIELDS) and set(batch["appInfo"]) == {"driverLogUrl", "sparkUiUrl", "executorLogUrls"}
    assert batch["state"] in ("starting", "running", "success") and (batch["name"], batch["owner"], batch["proxyUser"]) == (None, None, None)
    done = livy.wait_batch(batch["id"])
    assert done["state"] == "success" and has_shape(done, BATCH_FIELDS)
    assert livy.get(f"/batches/{batch['id']}/state").json == {"id": batch["id"], "state": "success"}


def test_python_with_spark_and_arguments(livy, file):
    path = file("import sys\n" + SPARK + "print('args', sys.argv[1:])\nprint('count', spark.range(int(sys.argv[1])).count())\nprint(__name__)\n")
    state, lines = livy.run_batch(path, args=["5", "two words", "é"], conf={"spark.sql.ansi.enabled": "true"})
    assert state == "success", lines
    assert "args ['5', 'two words', 'é']" in lines and "count 5" in lines and "__main__" in lines


def test_what_it_wrote_is_there_afterwards(livy, sql, file):
    livy.rows(sql, "drop table if exists from_batch")
    state, lines = livy.run_batch(file(SPARK + "spark.range(3).write.saveAsTable('from_batch')\nspark.stop()\n"))
    assert state == "success", lines
    assert livy.rows(sql, "select count(*) from from_batch") == [[3]]
    livy.rows(sql, "drop table from_batch")


def test_exit_codes(livy, file):
    for text, expected in (("import sys; sys.exit(0)", "success"), ("import sys; sys.exit(3)", "dead"), ("raise ValueError('bad app')", "dead"),
                           ("import os; os._exit(0)", "success"), ("import os; os._exit(9)", "dead"), ("import os, signal; os.kill(os.getpid(), 9)", "dead"), ("'", "dead")):
        state, lines = livy.run_batch(file(text))
        assert state == expected or (state, expected) == ("killed", "dead"), (text, lines)


def test_traceback_is_in_the_log(livy, file):
    state, lines = livy.run_batch(file("print('before', flush=True)\ndef f():\n    raise ValueError('bad app')\nf()\n"))
    assert state == "dead" and "before" in lines and any("ValueError: bad app" in line for line in lines), lines


def test_modules_and_files(livy, file, tmp_path):
    (tmp_path / "helper_mod.py").write_text("value = 11\n")
    (tmp_path / "data.txt").write_text("some data")
    state, lines = livy.run_batch(file("import helper_mod\nprint('helper', helper_mod.value)\nprint('data', open('data.txt').read())\n"),
                                  pyFiles=[str(tmp_path / "helper_mod.py")], files=[str(tmp_path / "data.txt")])
    assert state == "success" and "helper 11" in lines and "data some data" in lines, lines


def test_sql_file(livy, sql, file):
    livy.rows(sql, "drop table if exists sql_batch")
    state, lines = livy.run_batch(file("-- makes a table\ncreate table sql_batch (a int);\ninsert into sql_batch values (1), (2);\nselect a as seen from sql_batch order by a;\n", "app.sql"))
    assert state == "success", lines
    assert livy.rows(sql, "select count(*) from sql_batch") == [[2]]
    assert any("1" in line for line in lines), lines
    livy.rows(sql, "drop table sql_batch")


def test_sql_file_that_fails(livy, file):
    state, lines = livy.run_batch(file("select 1;\nselect * from no_such_table;\nselect 2;\n", "bad.sql"))
    assert state == "dead" and any("TABLE_OR_VIEW_NOT_FOUND" in line for line in lines), lines


def test_log(livy, file):
    batch = livy.batch(file("import sys\nfor i in range(300): print('line', i)\nprint('to stderr', file=sys.stderr)\n"))
    livy.wait_batch(batch)
    whole = livy.get(f"/batches/{batch}/log?size=-1").json
    assert set(whole) == {"id", "from", "total", "log"} and whole["total"] == len(whole["log"])
    assert "line 299" in whole["log"] and "to stderr" in whole["log"] and "line 0" not in whole["log"]
    page = livy.get(f"/batches/{batch}/log?from=1&size=2").json
    assert (page["from"], page["log"]) == (1, whole["log"][1:3])
    assert livy.get(f"/batches/{batch}").json["log"] == whole["log"][-10:]
    assert livy.get(f"/batches/{batch}/log?size=5").json["log"] == whole["log"][-5:]
    # Airflow pages until what it asked for is beyond the end.
    assert livy.get(f"/batches/{batch}/log?from={whole['total']}&size=100").json["log"] == []


def test_log_while_it_runs(livy, file):
    batch = livy.batch(file("import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.1)\n"))
    wait_for(lambda: "begun" in livy.log_lines(batch, BATCHES), 30, "the log")
    assert livy.get(f"/batches/{batch}/state").json["state"] == "running"
    assert livy.delete(f"/batches/{batch}").json == {"msg": "deleted"}
    assert livy.get(f"/batches/{batch}").status == 404


def test_delete_kills(livy, file, tmp_path):
    note = tmp_path / "pid"
    batch = livy.batch(file(f"import os, subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\nopen({str(note)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
                            f"os.rename({str(note)!r} + '.new', {str(note)!r})\nwhile True: time.sleep(0.1)\n"))
    wait_for(note.exists, 30, "the start")
    pids = [int(word) for word in note.read_text().split()]
    assert all(running(pid) for pid in pids)
    assert livy.delete(f"/batches/{batch}").status == 200
    wait_for(lambda: not any(running(pid) for pid in pids), 10, "the end of its processes")


def test_list_and_ids(livy, file):
    path = file("pass")
    ids = [livy.batch(path) for _ in range(3)]
    assert ids == list(range(ids[0], ids[0] + 3))
    reply = livy.get(f"{BATCHES}?size=10000").json
    assert list(reply) == ["from", "total", "sessions"] and reply["total"] == len(reply["sessions"])
    listed = [batch["id"] for batch in reply["sessions"]]
    assert listed == sorted(listed) and set(ids) <= set(listed)
    assert all(has_shape(batch, BATCH_FIELDS) and batch["state"] in SESSION_STATES for batch in reply["sessions"])
    place = listed.index(ids[1])
    assert [batch["id"] for batch in livy.get(f"{BATCHES}?from={place}&size=1").json["sessions"]] == [ids[1]]
    assert livy.get(f"{BATCHES}?from=x").status == 400
    for batch in ids:
        livy.wait_batch(batch)


def test_ids_are_apart_from_sessions(own_hearth, file):
    _, livy = own_hearth()
    path = file("pass")
    assert [livy.batch(path), livy.begin("sql"), livy.batch(path), livy.begin("sql")] == [0, 0, 1, 1]


def test_names(livy, file):
    name = f"batch-{uuid.uuid4()}"
    batch = livy.batch(file("pass"), name=name)
    assert livy.get(f"/batches/{batch}").json["name"] == name and livy.get(f"/batches/{name}").json["id"] == batch
    reply = livy.post(BATCHES, {"file": file("pass"), "name": name})
    assert reply.status == 400 and reply.json == {"msg": f"Rejected, Reason: Duplicate session name: Some({name}) for session {batch}"}, reply
    livy.wait_batch(batch)
    session = livy.create("sql", name=name)
    assert session.status == 201, "names of sessions and batches are apart"
    livy.remove(session.json["id"])


@pytest.mark.parametrize("body,message", [
    ({}, "requirement failed: File is required."), ({"file": None}, "requirement failed: File is required."), ({"file": "app.py"}, "requirement failed: Path 'app.py' is not absolute."),
    ({"file": "/x/app.py", "pyFiles": ["m.py"]}, "requirement failed: Path 'm.py' is not absolute."),
    ({"file": "/x/app.py", "conf": {"spark.master": "x"}}, "Blacklisted configuration values in session config: spark.master"),
    ({"file": "/x/app.py", "name": "7"}, "Invalid session name: 7")])
def test_refused(livy, body, message):
    reply = livy.post(BATCHES, body)
    assert reply.status == 400 and reply.json == {"msg": f"Rejected, Reason: {message}"}, reply


@pytest.mark.parametrize("field", ["kind", "ttl", "heartbeatTimeoutInSecond", "x", "idleTimeout"])
def test_unknown_field(livy, file, field):
    reply = livy.post(BATCHES, {"file": file("pass"), field: "1"})
    assert reply.status == 400 and f'Unrecognized field "{field}"' in reply.json, reply


@pytest.mark.parametrize("body", ["", "{", "[]", '{"file": {}}', '{"file": "/x.py", "args": "x"}', '{"file": "/x.py", "args": [[1]]}'])
def test_body_of_the_wrong_form(livy, body):
    reply = livy.post(BATCHES, body)
    assert reply.status == 400 and isinstance(reply.json, str), reply


def test_numbers_as_text(livy, file):
    """Airflow sends numbers as they were written in a template."""
    state, lines = livy.run_batch(file("import sys; print(sys.argv[1:])"), driverCores="1", numExecutors="2", driverMemory="1g", args=["1"], className=None, queue="q")
    assert state == "success" and "['1']" in lines, lines


def test_missing_file(livy):
    reply = livy.post(BATCHES, {"file": "/no/such/app.py"})
    if reply.status == 201:
        assert livy.wait_batch(reply.json["id"])["state"] == "dead"
        assert any("/no/such/app.py" in line for line in livy.log_lines(reply.json["id"], BATCHES))
    else:
        assert reply.status == 400 and "/no/such/app.py" in reply.json["msg"], reply


@pytest.mark.parametrize("name", ["app.jar", "app.R", "app"])
def test_applications_that_cannot_run_are_refused_clearly(own_hearth, file, name):
    _, livy = own_hearth("interpreter.spark_home=")
    path = file("x", name)
    reply = livy.post(BATCHES, {"file": path, "className": "a.B"})
    if reply.status == 201:
        assert livy.wait_batch(reply.json["id"])["state"] == "dead"
        assert any(len(line) > 10 for line in livy.log_lines(reply.json["id"], BATCHES))
    else:
        assert reply.status == 400 and len(reply.json["msg"]) > 20, reply


@pytest.mark.parametrize("method,path", [("GET", ""), ("GET", "/state"), ("GET", "/log"), ("DELETE", "")])
def test_unknown_batch(livy, method, path):
    reply = livy.request(method, f"/batches/987654{path}")
    assert reply.status == 404 and reply.json == {"msg": "Session '987654' not found."}, reply


def test_side_by_side(livy, file):
    path = file(SPARK + "print(spark.range(10).count())\n")
    ids = [livy.batch(path) for _ in range(4)]
    assert [livy.wait_batch(batch)["state"] for batch in ids] == ["success"] * 4
