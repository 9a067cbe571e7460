"""Sessions: what creating one takes and refuses, what it tells, and how it ends."""

import json
import re
import uuid

import pytest
from harness.livy import SESSION_FIELDS, SESSION_STATES, has_shape, wait_for

DEFAULTS = {"name": None, "owner": None, "proxyUser": None, "ttl": None, "idleTimeout": None, "driverMemory": None, "driverCores": 0,
            "executorMemory": None, "executorCores": 0, "conf": {}, "archives": [], "files": [], "heartbeatTimeoutInSecond": 0, "jars": [],
            "numExecutors": 0, "pyFiles": [], "queue": None}


@pytest.fixture
def made(livy):
    """Sessions to delete after the test."""
    ids = []
    yield ids
    for session in ids:
        livy.remove(session)


def test_created(livy, made):
    reply = livy.create("sql")
    assert reply.status == 201
    session = reply.json
    made.append(session["id"])
    assert reply.headers["location"] == f"/sessions/{session['id']}"
    assert reply.headers["content-type"].lower().startswith("application/json")
    assert has_shape(session, SESSION_FIELDS)
    assert list(session) == list(SESSION_FIELDS)
    assert set(session["appInfo"]) == {"driverLogUrl", "sparkUiUrl", "executorLogUrls"}
    assert session["state"] in ("starting", "idle") and session["kind"] == "sql"
    assert {name: session[name] for name in DEFAULTS} == DEFAULTS
    found = livy.wait_session(session["id"])
    assert has_shape(found, SESSION_FIELDS) and list(found) == list(SESSION_FIELDS)


@pytest.mark.parametrize("kind,canonical", [("sql", "sql"), ("pyspark", "pyspark"), ("python", "pyspark"), ("shared", "shared"), (None, "shared")])
def test_kinds(livy, made, kind, canonical):
    reply = livy.create(kind)
    assert reply.status == 201, reply
    made.append(reply.json["id"])
    assert reply.json["kind"] == canonical
    livy.wait_session(reply.json["id"])


@pytest.mark.parametrize("kind", ["x", "", "pyspark3", "PySpark", "scala3"])
def test_bad_kind(livy, kind):
    reply = livy.create(kind)
    assert reply.status == 400 and isinstance(reply.json, str) and f"Invalid kind: {kind}" in reply.json, reply


@pytest.mark.parametrize("body", ["null", "[]", "5", '"x"', "{", '{"kind":}', '{"kind": "sql"', '{"kind": 5}', '{"kind": ["sql"]}', '{"kind": {}}', "{'kind': 'sql'}",
                                  '{"kind": "sql", "jars": "x"}', '{"kind": "sql", "jars": {}}', '{"kind": "sql", "conf": []}', '{"kind": "sql", "conf": "x"}',
                                  '{"kind": "sql", "numExecutors": "x"}', '{"kind": "sql", "driverCores": [1]}', '{"kind": "sql", "conf": {"a": {}}}',
                                  '{"kind": "sql", "conf": {"a": []}}', '{"kind": "sql", "name": {}}', '{"kind": "sql", "heartbeatTimeoutInSecond": "x"}', "\x00", "nul"])
def test_body_of_the_wrong_form(livy, body):
    reply = livy.post("/sessions", body)
    assert reply.status in (400, 500 if body == "null" else 400), reply
    assert isinstance(reply.json, str), reply


def test_no_body(livy):
    reply = livy.post("/sessions", "")
    assert reply.status == 400 and "No content to map due to end-of-input" in reply.json, reply


@pytest.mark.parametrize("field", ["x", "Kind", "className", "file", "tags", "livyInfo", "code", "proxyuser"])
def test_unknown_field(livy, field):
    reply = livy.create("sql", **{field: "v"})
    assert reply.status == 400 and isinstance(reply.json, str), reply
    assert f'Unrecognized field "{field}"' in reply.json and "not marked as ignorable" in reply.json


def test_request_is_echoed(livy, made, tmp_path):
    for name in ("a.py", "b.txt"):
        (tmp_path / name).write_text("x = 1\n")
    given = {"driverMemory": "1G", "driverCores": 2, "executorMemory": "512m", "executorCores": 1, "numExecutors": 3, "queue": "default", "ttl": "2h",
             "idleTimeout": "30m", "heartbeatTimeoutInSecond": 600, "conf": {"spark.sql.shuffle.partitions": "4"},
             "pyFiles": [str(tmp_path / "a.py")], "files": [str(tmp_path / "b.txt")], "jars": [], "archives": [], "name": f"echo-{uuid.uuid4()}"}
    reply = livy.create("sql", **given)
    assert reply.status == 201, reply
    made.append(reply.json["id"])
    assert {name: reply.json[name] for name in given if name not in ("pyFiles", "files")} == {
        name: value for name, value in given.items() if name not in ("pyFiles", "files")}
    assert [path.rpartition("/")[2] for path in reply.json["pyFiles"] + reply.json["files"]] == ["a.py", "b.txt"]


def test_scalars_are_taken_as_text_and_digits_as_numbers(livy, made):
    reply = livy.create("sql", driverCores="2", numExecutors="3", conf={"a.b": 5, "a.c": True, "a.d": 1.5, "a.e": "x"})
    assert reply.status == 201, reply
    made.append(reply.json["id"])
    assert (reply.json["driverCores"], reply.json["numExecutors"]) == (2, 3)
    assert reply.json["conf"] == {"a.b": "5", "a.c": "true", "a.d": "1.5", "a.e": "x"}


def test_nulls_are_as_absent(livy, made):
    reply = livy.post("/sessions", {"kind": "sql", "name": None, "proxyUser": None, "driverMemory": None, "queue": None, "ttl": None, "driverCores": None})
    assert reply.status == 201, reply
    made.append(reply.json["id"])
    assert {name: reply.json[name] for name in DEFAULTS} == DEFAULTS


def test_names(livy, made):
    name = f"named-{uuid.uuid4()}"
    session = livy.create("sql", name=name).json
    made.append(session["id"])
    assert session["name"] == name
    assert livy.get(f"/sessions/{name}").json["id"] == session["id"]
    assert livy.get(f"/sessions/{name}/state").json["id"] == session["id"]
    livy.wait_session(session["id"])
    assert livy.rows(name, "select 1") == [[1]]
    again = livy.create("sql", name=name)
    assert again.status == 400 and again.json == {"msg": f"Rejected, Reason: Duplicate session name: Some({name}) for session {session['id']}"}, again
    assert livy.delete(f"/sessions/{name}").json == {"msg": "deleted"}
    assert livy.get(f"/sessions/{name}").status == 404
    reply = livy.create("sql", name=name)
    assert reply.status == 201, "a name is free again after the session is gone"
    made.append(reply.json["id"])


@pytest.mark.parametrize("fields,message", [
    ({"name": "123"}, "Invalid session name: 123"),
    ({"ttl": "abc"}, "Invalid time string: abc"),
    ({"idleTimeout": "abc"}, "Invalid time string: abc"),
    ({"ttl": "1q"}, 'Invalid suffix: "q"'),
    ({"idleTimeout": "1.5h"}, "Invalid time string: 1.5h"),
    ({"ttl": "-1"}, "Invalid value: -1"),
    ({"conf": {"spark.master": "local"}}, "Blacklisted configuration values in session config: spark.master"),
    ({"pyFiles": ["x.py"]}, "requirement failed: Path 'x.py' is not absolute."),
    ({"jars": ["lib/x.jar"]}, "requirement failed: Path 'lib/x.jar' is not absolute."),
    ({"files": ["x"]}, "requirement failed: Path 'x' is not absolute."),
    ({"archives": ["x.zip"]}, "requirement failed: Path 'x.zip' is not absolute."),
])
def test_refused(livy, fields, message):
    reply = livy.create("sql", **fields)
    assert reply.status == 400 and reply.json == {"msg": f"Rejected, Reason: {message}"}, reply


@pytest.mark.parametrize("time", ["9000000", "9000000000us", "9000000MS", "9000s", "100m", "200min", "1H", "7d"])
def test_time_strings(livy, made, time):
    reply = livy.create("sql", ttl=time, idleTimeout=time)
    assert reply.status == 201, reply
    made.append(reply.json["id"])
    assert (reply.json["ttl"], reply.json["idleTimeout"]) == (time, time)


def test_ids_rise_and_are_not_used_again(livy):
    first = livy.begin("sql")
    livy.remove(first)
    second = livy.begin("sql")
    assert second == first + 1
    assert livy.create("sql", ttl="abc").status == 400
    third = livy.begin("sql")
    assert third > second
    for session in (second, third):
        livy.remove(session)


def test_list(livy, made):
    made += [livy.begin("sql") for _ in range(5)]
    reply = livy.get("/sessions?size=1000")
    assert reply.status == 200 and list(reply.json) == ["from", "total", "sessions"]
    listed = [session["id"] for session in reply.json["sessions"]]
    assert listed == sorted(listed) and set(made) <= set(listed)
    assert reply.json["total"] == len(listed) and reply.json["from"] == 0
    assert all(has_shape(session, SESSION_FIELDS) and session["state"] in SESSION_STATES for session in reply.json["sessions"])
    place = listed.index(made[0])
    for query, part in [(f"from={place}&size=2", slice(place, place + 2)), (f"from={place}", slice(place, place + 100)), ("size=1", slice(0, 1)),
                        ("from=100000", slice(0, 0)), ("size=0", slice(0, 0))]:
        page = livy.get(f"/sessions?{query}").json
        assert [session["id"] for session in page["sessions"]] == listed[part], query
        assert page["total"] == len(listed)
    assert livy.get(f"/sessions?from={place}&size=2").json["from"] == place


@pytest.mark.parametrize("query", ["from=x", "size=x", "from=1.5", "from=&size=x"])
def test_list_with_words_for_numbers(livy, query):
    reply = livy.get(f"/sessions?{query}")
    word = query.rpartition("=")[2]
    assert reply.status == 400 and reply.json in ({"msg": f'For input string: "{word}"'}, {"msg": 'For input string: ""'}), reply


def test_state(livy, sql):
    assert livy.get(f"/sessions/{sql}/state").json == {"id": sql, "state": "idle"}


def test_connect(livy, sql):
    reply = livy.post(f"/sessions/{sql}/connect")
    assert reply.status == 200 and has_shape(reply.json, SESSION_FIELDS) and reply.json["id"] == sql
    assert livy.post(f"/sessions/{sql}/connect", {}).status == 200


def test_log(livy, python):
    livy.text(python, "import sys\nfor i in range(30):\n    print('line', i, file=sys.__stderr__, flush=True)\n")
    wait_for(lambda: any("line 29" in line for line in livy.log_lines(python)), 10, "the log")
    whole = livy.get(f"/sessions/{python}/log?size=-1").json
    assert list(whole) == ["id", "from", "total", "log"] and whole["id"] == python and whole["total"] == len(whole["log"])
    lines, total = whole["log"], whole["total"]
    assert "stdout: " in lines and "\nstderr: " in lines and lines.index("stdout: ") < lines.index("\nstderr: ")
    for query, begin, end in [("from=0&size=3", 0, 3), ("from=2&size=2", 2, 4), ("size=5", total - 5, total), ("from=-1&size=4", total - 4, total),
                              (f"from={total}&size=5", total, total), ("from=0&size=0", 0, 0)]:
        page = livy.get(f"/sessions/{python}/log?{query}").json
        assert (page["from"], page["total"], page["log"]) == (begin, total, lines[begin:end]), query
    assert livy.get(f"/sessions/{python}/log").json["log"] == lines[-100:]
    assert livy.session(python)["log"] == lines[-10:]
    assert livy.get(f"/sessions/{python}/log?size=x").status == 400


@pytest.mark.parametrize("method,path", [("GET", ""), ("GET", "/state"), ("GET", "/log"), ("DELETE", ""), ("POST", "/stop"), ("POST", "/interrupt"), ("POST", "/connect"),
                                         ("GET", "/statements"), ("POST", "/statements"), ("GET", "/statements/0"), ("POST", "/statements/0/cancel"),
                                         ("POST", "/completion"), ("POST", "/submit-job"), ("POST", "/run-job"), ("GET", "/jobs/1"), ("POST", "/jobs/1/cancel"),
                                         ("POST", "/add-jar"), ("POST", "/add-file"), ("POST", "/add-pyfile")])
def test_unknown_session(livy, method, path):
    body = {"/statements": {"code": "1"}, "/completion": {"code": "x", "kind": "sql", "cursor": 1}, "/submit-job": {"job": "eA==", "jobType": "pyspark"},
            "/run-job": {"job": "eA==", "jobType": "pyspark"}, "/add-jar": {"uri": "file:/x"}, "/add-file": {"uri": "file:/x"},
            "/add-pyfile": {"uri": "file:/x"}}.get(path, {}) if method == "POST" else None
    for session in ("987654", "no-such-name"):
        reply = livy.request(method, f"/sessions/{session}{path}", body)
        assert reply.status == 404 and reply.json == {"msg": f"Session '{session}' not found."}, reply


@pytest.mark.parametrize("session", ["99999999999", "9" * 40])
def test_id_over_the_range(livy, session):
    assert livy.get(f"/sessions/{session}").status == 400
    assert livy.delete(f"/sessions/{session}").status == 400


def test_delete(livy, opened):
    session = opened("sql")
    reply = livy.remove(session)
    assert reply.status == 200 and reply.json == {"msg": "deleted"}
    assert livy.get(f"/sessions/{session}").status == 404
    again = livy.remove(session)
    assert again.status == 404 and again.json["msg"] in (f"Session '{session}' not found.", f"Session {session} already stopped."), again
    assert session not in [one["id"] for one in livy.get("/sessions?size=100000").json["sessions"]]


def test_stop(livy, opened):
    session = opened("sql")
    livy.rows(session, "select 1")
    reply = livy.post(f"/sessions/{session}/stop")
    assert reply.status == 204 and reply.body == b"", reply
    wait_for(lambda: livy.session(session)["state"] == "dead", 20, "the stop")
    reply = livy.get(f"/sessions/{session}/statements")
    assert reply.status == 400 and reply.json == {"msg": "requirement failed: Session isn't active."}, reply
    assert livy.get(f"/sessions/{session}/statements/0").status in (400, 404)
    reply = livy.post_statement(session, "select 1")
    assert reply.status == 500 and reply.json == "java.lang.IllegalStateException: Session is in state dead", reply
    assert livy.post(f"/sessions/{session}/stop").status in (204, 404)
    assert livy.remove(session).status == 200


def test_interrupt(livy, opened):
    session = opened("pyspark")
    number = livy.submit(session, "while True: pass")
    livy.wait(session, number, {"running"})
    reply = livy.post(f"/sessions/{session}/interrupt")
    assert reply.status == 200 and reply.json == {"msg": "interrupted"}, reply

    def ended():
        if livy.session(session)["state"] in ("dead", "killed"):
            return True
        found = livy.get(f"/sessions/{session}/statements/{number}")
        return found.status != 200 or found.json["state"] in ("cancelled", "available")

    wait_for(ended, 30, "the end of the work")


def test_delete_of_a_starting_session(livy):
    session = livy.begin("pyspark")
    assert livy.remove(session).status == 200
    assert livy.get(f"/sessions/{session}").status == 404


def test_many_at_once(livy):
    ids = [livy.begin("sql") for _ in range(50)]
    assert ids == list(range(ids[0], ids[0] + 50))
    for session in ids:
        livy.wait_session(session)
    numbers = [(session, livy.submit(session, f"select {session}")) for session in ids]
    for session, number in numbers:
        assert livy.wait(session, number)["output"]["data"]["application/json"]["data"] == [[session]]
    for session in ids:
        assert livy.remove(session).status == 200


def test_application_id_is_told(livy, python):
    session = livy.session(python)
    assert session["appId"] is None or re.fullmatch(r"[\w.-]+", session["appId"])
    assert json.loads(livy.text(python, "import json\nprint(json.dumps(spark.range(3).count()))")) == 3
