"""R code (kind sparkr): console text, plots, errors, and the common verbs of SparkR. Needs R with reticulate and jsonlite."""

import base64

import pytest


@pytest.fixture
def r(idle_session):
    return idle_session("sparkr")


@pytest.mark.parametrize("code,text", [
    ("1 + 2", "[1] 3"), ("print('x')", '[1] "x"'), ("cat(3)", "3"), ("x <- 1", ""), ("c(1, 2)", "[1] 1 2"), ("'a'\n2", '[1] "a"\n[1] 2'), ("# comment", ""), ("invisible(5)", ""),
    ("f <- function(n) n + 1\nf(2)", "[1] 3"), ("for (i in 1:2) print(i)", "[1] 1\n[1] 2"), ("TRUE", "[1] TRUE"),
])
def test_golden(livy, r, code, text):
    assert livy.text(r, code).rstrip("\n") == text


def test_alias(livy, opened):
    assert livy.session(opened("r"))["kind"] == "sparkr"


def test_state_is_kept(livy, r):
    livy.text(r, "kept <- 40")
    assert livy.text(r, "kept + 2") == "[1] 42"


def test_errors(livy, r):
    output = livy.failure(r, "not_there")
    assert output["ename"] == "Error" and "object 'not_there' not found" in output["evalue"] and output["traceback"] == [], output
    assert "own text" in livy.failure(r, "stop('own text')")["evalue"]
    assert livy.failure(r, "x <- (")["ename"] == "Error"
    assert livy.text(r, "1") == "[1] 1"


def test_plot(livy, r):
    data = livy.data(r, "plot(1:10)")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_sql_and_frames(livy, r):
    assert livy.text(r, "count(sql('select * from range(5)'))") == "[1] 5"
    assert "7" in livy.text(r, "collect(sql('select 7 as seven'))")
    assert "first" in livy.text(r, "df <- createDataFrame(data.frame(n = c(1, 2), s = c('first', 'second')))\nhead(df)")
    assert livy.text(r, "nrow(collect(filter(df, df$n > 1)))") == "[1] 1"
    assert "n" in livy.text(r, "printSchema(df)")
    assert livy.text(r, "nrow(collect(select(df, 'n')))") == "[1] 2"
    assert livy.text(r, "nrow(collect(summarize(groupBy(df, 's'), total = sum(df$n))))") == "[1] 2"


@pytest.mark.parametrize("code,text", [
    ('cat(unlist(collect(toJSON(sql("select 1 as a")))), sep="\\n")', '{"a":1}'),
    ('for (.row in jsonlite:::toJSON(take(sql("select 1 as a"), 2500))) {cat(.row)}', '[{"a":1}]'),
])
def test_what_generated_code_uses(livy, r, code, text):
    assert livy.text(r, code).strip() == text


def test_read_json(livy, r):
    code = "fileConn <- file('t.json')\nwriteLines('[{\"a\": 1}, {\"a\": 2}]', fileConn)\nclose(fileConn)\ncount(read.json('t.json'))"
    assert livy.text(r, code) == "[1] 2"


def test_views_are_shared_with_sql(livy, r):
    livy.text(r, "createOrReplaceTempView(sql('select 3 as three'), 'from_r')")
    assert livy.rows(r, "select three from from_r", "sql") == [[3]]


@pytest.mark.parametrize("code", ["while (TRUE) {}", "Sys.sleep(600)"])
def test_cancel(livy, r, code):
    livy.text(r, "stays <- 5")
    number = livy.submit(r, code)
    livy.wait(r, number, {"running"})
    livy.cancel(r, number)
    assert livy.wait(r, number, seconds=30)["state"] == "cancelled"
    livy.wait_session(r, seconds=30)
    assert livy.text(r, "stays") == "[1] 5"


def test_shared_session(livy, opened):
    session = opened("shared")
    assert livy.text(session, "1 + 2", "sparkr", seconds=90) == "[1] 3"
    livy.text(session, "createOrReplaceTempView(sql('select 2 as two'), 'of_r')", "sparkr")
    assert livy.text(session, "spark.table('of_r').collect()", "pyspark", seconds=90) == "[Row(two=2)]"
