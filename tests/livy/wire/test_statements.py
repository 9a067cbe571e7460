"""Statements: their states and order, paging, cancel, retention, and what is refused."""

import time

import pytest
from harness.livy import ENDED, SLOW_SQL, STATEMENT_FIELDS, has_shape, wait_for


def test_posted(livy, python):
    reply = livy.post_statement(python, "1 + 1")
    statement = reply.json
    assert reply.status == 201 and reply.headers["location"] == f"/sessions/{python}/statements/{statement['id']}", reply
    assert has_shape(statement, STATEMENT_FIELDS) and list(statement) == list(STATEMENT_FIELDS)
    assert statement["code"] == "1 + 1" and statement["state"] in ("waiting", "running", "available")
    assert statement["state"] == "available" or (statement["output"] is None and statement["completed"] == 0)
    before = time.time() * 1000
    done = livy.wait(python, statement["id"])
    assert has_shape(done, STATEMENT_FIELDS) and list(done) == list(STATEMENT_FIELDS)
    assert done["output"] == {"status": "ok", "execution_count": statement["id"], "data": {"text/plain": "2"}}
    assert done["progress"] == 1.0 and before - 60000 < done["started"] <= done["completed"] <= time.time() * 1000 + 1


def test_first_statement_is_zero(livy, opened):
    for kind, code in (("sql", "select 1"), ("pyspark", "1")):
        session = opened(kind)
        assert livy.get(f"/sessions/{session}/statements").json == {"total_statements": 0, "statements": []}
        done = livy.wait(session, livy.submit(session, code))
        assert (done["id"], done["output"]["execution_count"]) == (0, 0)


def test_order_and_states(livy, opened):
    session = opened("pyspark")
    numbers = [livy.submit(session, f"import time; time.sleep(0.1); order = globals().get('order', []) + [{n}]; order") for n in range(10)]
    assert numbers == list(range(10))
    assert livy.session(session)["state"] == "busy"
    seen = [livy.statement(session, number)["state"] for number in numbers]
    assert seen[-1] == "waiting" and livy.statement(session, 9)["output"] is None
    last = livy.wait(session, 9)
    assert last["output"]["data"]["text/plain"] == str(list(range(10)))
    statements = livy.get(f"/sessions/{session}/statements").json["statements"]
    times = [(one["started"], one["completed"]) for one in statements]
    assert all(a[1] <= b[0] + 1 for a, b in zip(times, times[1:])), times
    livy.wait_session(session)


def test_list(livy, opened):
    session = opened("sql")
    for number in range(5):
        livy.rows(session, f"select {number}")
    whole = livy.get(f"/sessions/{session}/statements").json
    assert list(whole) == ["total_statements", "statements"] and whole["total_statements"] == 5
    assert [one["id"] for one in whole["statements"]] == [0, 1, 2, 3, 4]
    assert all(has_shape(one, STATEMENT_FIELDS) for one in whole["statements"])
    for query, ids in [("from=1&size=2", [1, 2]), ("from=3", [3, 4]), ("size=2", [0, 1]), ("order=desc", [4, 3, 2, 1, 0]), ("order=DESC&from=1&size=2", [3, 2]),
                       ("order=%20desc%20&size=1", [4]), ("order=asc", [0, 1, 2, 3, 4]), ("order=x", [0, 1, 2, 3, 4]), ("from=9", []), ("size=0", [])]:
        page = livy.get(f"/sessions/{session}/statements?{query}").json
        assert ([one["id"] for one in page["statements"]], page["total_statements"]) == (ids, 5), query
    reply = livy.get(f"/sessions/{session}/statements?from=x")
    assert reply.status == 400 and reply.json == {"msg": 'For input string: "x"'}, reply


@pytest.mark.parametrize("number", ["99999", "-1"])
def test_unknown_statement(livy, sql, number):
    reply = livy.get(f"/sessions/{sql}/statements/{number}")
    assert reply.status in ((404,) if number != "-1" else (404, 400)), reply
    if reply.status == 404 and number != "-1":
        assert reply.json == "Statement not found", reply


@pytest.mark.parametrize("number", ["x", "1.5", "99999999999"])
def test_statement_that_is_no_number(livy, sql, number):
    assert livy.get(f"/sessions/{sql}/statements/{number}").status == 400


def test_retention(livy, opened):
    session = opened("sql")
    for number in range(105):
        livy.rows(session, f"select {number}")
    # What is too much goes right after a statement has ended.
    listed = wait_for(lambda: (found := livy.get(f"/sessions/{session}/statements").json)["total_statements"] <= 100 and found, 10, "the limit")
    assert listed["total_statements"] == 100 and [one["id"] for one in listed["statements"]] == list(range(5, 105))
    reply = livy.get(f"/sessions/{session}/statements/4")
    assert reply.status == 404 and reply.json == "Statement not found", reply
    assert livy.statement(session, 5)["output"]["data"]["application/json"]["data"] == [[5]]
    assert livy.submit(session, "select 1") == 105


@pytest.mark.parametrize("body", ["{}", "[]", "5", "", "{", '{"kind": "sql"}', '{"code": {}}', '{"code": ["1"]}', '{"code": "1", "x": 1}', '{"code": "1", "kind": "y"}',
                                  '{"code": "1", "kind": 7}'])
def test_body_of_the_wrong_form(livy, sql, body):
    reply = livy.post(f"/sessions/{sql}/statements", body)
    known = {'{"code": "1", "x": 1}': 'Unrecognized field "x"', '{"code": "1", "kind": "y"}': "Invalid kind: y", "": "No content to map due to end-of-input"}
    # Livy fails inside at a body without code.
    without_code = body in ("{}", '{"kind": "sql"}')
    assert reply.status in ((400, 500) if without_code else (400,)), reply
    assert known.get(body, "") in str(reply.json), reply


def test_statement_has_its_own_kind(livy, python, sql):
    assert livy.text(python, "1 + 1", "pyspark") == "2"
    assert livy.rows(python, "select 2", "sql") == [[2]]
    assert livy.rows(sql, "select 3", "sql") == [[3]]


def test_shared_session_needs_a_kind(livy, shared):
    reply = livy.post_statement(shared, "1")
    assert reply.status == 500 and "Code type should be specified if session kind is shared" in reply.json, reply
    assert livy.text(shared, "1", "python") == "1"


def test_carriage_returns_become_line_feeds(livy, python):
    done = livy.wait(python, livy.submit(python, "a = 'x'\r\nif a:\r\n    print(a)\rprint(repr('''1\r\n2'''))"))
    assert done["output"]["data"] == {"text/plain": "x\n'1\\n2'"}, done


def test_text_is_kept_as_it_is(livy, python):
    for text in ("äöü €🔥", "\\n\"'", "a\tb", "<b>&amp;", "\u2028\u0001"):
        assert livy.text(python, f"print({text!r})\n1") == f"{text}\n1"
    assert livy.wait(python, livy.submit(python, "'é🔥'"))["code"] == "'é🔥'"


def test_cancel_of_a_waiting_statement(livy, python):
    first = livy.submit(python, "import time\nfor _ in range(600): time.sleep(0.05)")
    second = livy.submit(python, "never_set = 1")
    third = livy.submit(python, "'never_set' in globals()")
    livy.cancel(python, second)
    assert livy.wait(python, second)["state"] == "cancelled"
    livy.cancel(python, first)
    assert livy.wait(python, first)["state"] == "cancelled"
    done = livy.wait(python, third)
    assert done["output"]["data"]["text/plain"] == "False"
    assert livy.statement(python, second)["output"] is None and livy.statement(python, second)["progress"] == 1.0


def test_cancel_of_what_has_ended_or_never_was(livy, sql):
    number = livy.submit(sql, "select 1")
    done = livy.wait(sql, number)
    livy.cancel(sql, number)
    assert livy.statement(sql, number) == done
    livy.cancel(sql, 98765)


@pytest.mark.parametrize("code", ["while True: pass", "import time\ntime.sleep(600)", "while True:\n    try:\n        x = [i for i in range(1000)]\n    except ValueError:\n        pass",
                                  f"spark.sql('''{SLOW_SQL}''').collect()", "import subprocess\nsubprocess.run(['sleep', '600'])",
                                  "import threading\nthreading.Event().wait()"])
def test_cancel_stops_python(livy, python, code):
    assert livy.text(python, "kept = 41") == ""
    number = livy.submit(python, code)
    livy.wait(python, number, {"running"})
    # Long enough for the code to be inside of what it waits for.
    wait_for(lambda: livy.statement(python, number)["started"] and time.time() * 1000 - livy.statement(python, number)["started"] > 500, 10)
    began = time.monotonic()
    livy.cancel(python, number)
    assert livy.wait(python, number, seconds=20)["state"] == "cancelled"
    assert time.monotonic() - began < 10
    livy.wait_session(python, seconds=10)
    assert livy.text(python, "kept + 1") == "42", "the variables are still there"


def test_cancel_stops_sql(livy, sql):
    number = livy.submit(sql, SLOW_SQL)
    livy.wait(sql, number, {"running"})
    began = time.monotonic()
    livy.cancel(sql, number)
    assert livy.wait(sql, number, seconds=20)["state"] == "cancelled"
    assert time.monotonic() - began < 5
    livy.wait_session(sql, seconds=10)
    assert livy.rows(sql, "select 1") == [[1]]


def test_cancel_stops_sql_of_a_python_session(livy, python):
    number = livy.submit(python, SLOW_SQL, "sql")
    livy.wait(python, number, {"running"})
    livy.cancel(python, number)
    assert livy.wait(python, number, seconds=20)["state"] == "cancelled"
    assert livy.text(python, "1") == "1"


def test_cancel_of_one_session_leaves_others(livy, python, opened):
    other, third = opened("pyspark"), opened("sql")
    mine = livy.submit(python, "import time\ntime.sleep(600)")
    theirs = livy.submit(other, "import time\nfor _ in range(20): time.sleep(0.05)\n'done'")
    long = livy.submit(third, SLOW_SQL)
    for session, number in ((python, mine), (other, theirs), (third, long)):
        livy.wait(session, number, {"running"} | ENDED)
    livy.cancel(python, mine)
    livy.wait(python, mine)
    assert livy.wait(other, theirs)["output"]["data"]["text/plain"] == "'done'"
    assert livy.statement(third, long)["state"] == "running"
    livy.cancel(third, long)
    livy.wait(third, long)


def test_sessions_run_side_by_side(livy, opened):
    ids = [opened("pyspark") for _ in range(3)]
    numbers = [livy.submit(session, "import time\ntime.sleep(1)") for session in ids]
    done = [livy.wait(session, number) for session, number in zip(ids, numbers)]
    assert max(one["started"] for one in done) < min(one["completed"] for one in done), "they overlap"


def test_busy_session(livy, python):
    number = livy.submit(python, "import time\ntime.sleep(1)")
    assert livy.session(python)["state"] == "busy"
    assert livy.get(f"/sessions/{python}/state").json["state"] == "busy"
    livy.wait(python, number)
    assert livy.wait_session(python)["state"] == "idle"


def test_starting_session_refuses_statements_or_has_started(livy):
    session = livy.begin("pyspark")
    reply = livy.post_statement(session, "1")
    if reply.status == 500:
        assert reply.json == "java.lang.IllegalStateException: Session is in state starting", reply
        livy.wait_session(session)
    else:
        assert reply.status == 201 and livy.wait(session, reply.json["id"])["output"]["data"] == {"text/plain": "1"}
    livy.remove(session)


def test_progress_moves_from_zero_to_one(livy, sql):
    number = livy.submit(sql, SLOW_SQL)
    running = livy.wait(sql, number, {"running"})
    assert 0.0 <= running["progress"] < 1.0 and running["output"] is None
    livy.cancel(sql, number)
    assert livy.wait(sql, number)["progress"] == 1.0


def test_errors_leave_the_session_idle(livy, python, sql):
    assert livy.failure(python, "1 / 0")["ename"] == "ZeroDivisionError"
    assert livy.wait_session(python)["state"] == "idle"
    livy.failure(sql, "select * from no_such_table")
    assert livy.wait_session(sql)["state"] == "idle"


def test_large_code_and_output(livy, python):
    code = "x = '" + "y" * 1_000_000 + "'\nlen(x)"
    assert livy.text(python, code) == "1000000"
    text = livy.text(python, "print('z' * 500_000)")
    assert text == "z" * 500_000
