"""One session, several languages: what one makes, the others see."""


def test_view_from_python_is_seen_by_sql(livy, shared):
    assert livy.text(shared, "spark.range(3).createOrReplaceTempView('from_python')", "pyspark") == ""
    assert livy.rows(shared, "select sum(id) from from_python", "sql") == [[3]]


def test_view_from_sql_is_seen_by_python(livy, shared):
    livy.rows(shared, "create or replace temporary view from_sql as select 5 as five", "sql")
    assert livy.text(shared, "spark.table('from_sql').collect()", "pyspark") == "[Row(five=5)]"


def test_settings_are_shared(livy, shared):
    livy.text(shared, "spark.conf.set('spark.sql.session.timeZone', 'Asia/Tokyo')", "pyspark")
    assert livy.rows(shared, "select current_timezone()", "sql") == [["Asia/Tokyo"]]
    livy.rows(shared, "set spark.sql.session.timeZone = UTC", "sql")
    assert livy.text(shared, "spark.conf.get('spark.sql.session.timeZone')", "pyspark") == "'UTC'"


def test_python_session_runs_sql_too(livy, python):
    livy.text(python, "spark.sql('select 9 as nine').createOrReplaceTempView('nines')")
    assert livy.rows(python, "select * from nines", "sql") == [[9]]


def test_sql_session_runs_python_too(livy, opened):
    session = opened("sql")
    livy.rows(session, "create temporary view one as select 1 as a")
    assert livy.text(session, "spark.table('one').collect()", "pyspark", seconds=90) == "[Row(a=1)]"


def test_statements_share_one_order(livy, shared):
    first = livy.submit(shared, "import time\ntime.sleep(0.5)\nspark.range(1).createOrReplaceTempView('late')", "pyspark")
    second = livy.submit(shared, "select count(*) from late", "sql")
    assert second == first + 1
    done = livy.wait(shared, second)
    assert done["output"]["data"]["application/json"]["data"] == [[1]], done
    assert livy.statement(shared, first)["completed"] <= done["started"] + 1


def test_failure_in_one_language_leaves_the_others(livy, shared):
    livy.text(shared, "kept = 7", "pyspark")
    livy.failure(shared, "select no_such", "sql")
    livy.failure(shared, "no_such", "pyspark")
    assert livy.text(shared, "kept", "pyspark") == "7"


def test_two_sessions_share_nothing(livy, shared, opened):
    other = opened("shared")
    livy.text(shared, "only_here = 1\nspark.range(1).createOrReplaceTempView('only_here')", "pyspark")
    livy.failure(other, "select * from only_here", "sql")
    assert livy.failure(other, "only_here", "pyspark", seconds=90)["ename"] == "NameError"
