"""pylivy, unmodified: sessions of Python and SQL, its low client, batches."""

import time

import pandas
import pytest
import requests
from harness.livy import wait_for
from livy import LivyBatch
from livy.client import LivyClient
from livy.models import SessionState, SparkRuntimeError, StatementState
from pylivy_steps import SessionKind, round_trip, session_of


def test_run(url, capsys):
    with session_of(url, SessionKind.PYSPARK) as session:
        assert session.run("1 + 1").text == "2"
        session.echo = True
        session.run("print('hello')")
        assert "hello" in capsys.readouterr().out
        session.echo = False
        with pytest.raises(SparkRuntimeError, match="ZeroDivisionError"):
            session.run("1 / 0")
        session.check = False
        assert session.run("1 / 0").ename == "ZeroDivisionError"
        assert session.run("d = [1]\n%json d").json == [1]


def test_upload_and_download(url):
    round_trip(url, SessionKind.PYSPARK, "filtered = frame.filter('value > 1')")


def test_spark_frames(url):
    with session_of(url, SessionKind.PYSPARK, spark_conf={"spark.sql.session.timeZone": "Asia/Tokyo"}, name=f"pylivy-{time.time()}") as session:
        session.run("df = spark.sql(\"select 1 as a, 'x' as b, date'2020-01-02' as d, array(1, 2) as r\")")
        found = session.download("df")
        assert found.to_dict("records") == [{"a": 1, "b": "x", "d": "2020-01-02", "r": [1, 2]}]
        with pytest.warns(DeprecationWarning):
            assert len(session.read("df")) == 1
        assert session.run("spark.conf.get('spark.sql.session.timeZone')").text == "'Asia/Tokyo'"


def test_sql(url):
    with session_of(url, SessionKind.SQL) as session:
        session.run("create temporary view t as select * from values (1, 'a'), (2, null) as t(n, s)")
        found = session.download_sql("select * from t order by n")
        pandas.testing.assert_frame_equal(found, pandas.DataFrame({"n": [1, 2], "s": ["a", None]}))
        with pytest.warns(DeprecationWarning):
            assert list(session.read_sql("select n from t where n > 1")["n"]) == [2]
        with pytest.raises(SparkRuntimeError):
            session.run("select nothing")


def test_client(url):
    client = LivyClient(url)
    assert not client.legacy_server()
    session = client.create_session(SessionKind.SHARED, name=f"client-{time.time()}")
    assert session.kind == SessionKind.SHARED
    assert session.session_id in [one.session_id for one in client.list_sessions()]
    wait_for(lambda: client.get_session(session.session_id).state == SessionState.IDLE, 60)
    statement = client.create_statement(session.session_id, "select 5", SessionKind.SQL)
    done = wait_for(lambda: (found := client.get_statement(session.session_id, statement.statement_id)).state == StatementState.AVAILABLE and found, 30)
    assert done.output.json["data"] == [[5]] and done.progress == 1.0
    assert [one.statement_id for one in client.list_statements(session.session_id)] == [0]
    client.delete_session(session.session_id)
    assert client.get_session(session.session_id) is None
    assert client.get_batch(987654) is None
    client.close()


def test_session_that_uses_files(url, tmp_path):
    (tmp_path / "pylivy_mod.py").write_text("value = 3\n")
    with session_of(url, SessionKind.PYSPARK, py_files=[str(tmp_path / "pylivy_mod.py")]) as session:
        assert session.run("import pylivy_mod\npylivy_mod.value").text == "3"


def test_batch(url, tmp_path):
    app = tmp_path / "app.py"
    app.write_text("import sys\nprint('argument', sys.argv[1])\n")
    batch = LivyBatch.create(url, file=str(app), args=["x"], name=f"batch-{time.time()}")
    assert batch.wait() == SessionState.SUCCESS
    assert "argument x" in batch.log() and len(batch.log(from_=0, size=1)) == 1
    assert batch.batch_id in [one.batch_id for one in LivyClient(url).list_batches()]
    batch.kill()
    app.write_text("raise SystemExit(2)\n")
    failed = LivyBatch.create(url, file=str(app))
    assert failed.wait() in (SessionState.DEAD, SessionState.KILLED)
    failed.kill()
    assert LivyClient(url).get_batch(failed.batch_id) is None


def test_user_and_token(own_hearth, token_for, tmp_path):
    """Basic authentication, where the password is a token."""
    token = token_for(tmp_path / "data", "alice")
    server, _ = own_hearth("auth.require_token=true", data_dir=str(tmp_path / "data"))
    with session_of(server.http_url, SessionKind.PYSPARK, auth=("alice", token)) as session:
        assert session.run("spark.sql('select current_user()').collect()[0][0]").text == "'alice'"
    with pytest.raises(requests.HTTPError, match="401|403"):
        LivyClient(server.http_url, auth=("alice", "wrong")).list_sessions()
