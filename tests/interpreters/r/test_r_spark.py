"""The SparkR verbs over a real Connect session, and the code that clients of Livy send to R sessions."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def r(bound_r):
    bound_r.run("options(digits = 7)")
    bound_r.run("df <- sql(\"select * from values (1, 'x'), (2, null) as t(a, b)\")")
    bound_r.run("people <- createDataFrame(data.frame(name = c('Ann', 'Bob', 'Cyd', 'Dan'), team = c('x', 'y', 'x', 'y'),"
                " age = c(30L, 41L, 25L, NA), pay = c(10.5, 20, 30, 40)))")
    return bound_r


def rows(r, code):
    """What an R data.frame holds, as JSON."""
    return json.loads(r.text(f"cat(jsonlite::toJSON(as.data.frame({{\n{code}\n}}), digits = NA, na = 'null', null = 'null'))"))


def test_names_that_are_bound(r):
    for name in ("spark", "sc", "sqlContext"):
        assert r.text(name) == "SparkSession"
    assert r.text("sparkR.session()") == ""
    assert r.text("sparkR.version()").startswith('[1] "4.')
    assert r.text("library(SparkR)\nrequire(SparkR)") == ""
    assert r.text("SparkR::count(SparkR:::sql('select 1'))") == "[1] 1"
    assert r.text("is.function(SparkR::collect); packageVersion('SparkR') >= '4.0'") == "[1] TRUE\n[1] TRUE"


def test_operators_print_nothing_of_their_own(fresh_r, spark_server):
    r = fresh_r()
    r.bind(spark_server.url)
    assert r.text("df <- sql('select 1 as a, date\\'2020-01-01\\' as d')\n"
                  "x <- filter(df, df$a == df$a & !(df$a > 2) | -df$a < 1 & df$d > as.Date('2019-01-01') & TRUE)") == ""
    assert r.text("count(x)") == "[1] 1"


def test_a_frame_prints_its_schema(r):
    assert r.text("df") == "SparkDataFrame[a:int, b:string]"
    assert r.text("print(df)") == "SparkDataFrame[a:int, b:string]"
    assert r.text("df$a") == "Column a"
    assert r.text("groupBy(df, 'a')") == "GroupedData"
    assert r.text("schema(df)") == ('StructType\n|-name = "a", type = "IntegerType", nullable = FALSE\n'
                                    '|-name = "b", type = "StringType", nullable = TRUE')
    assert r.text("printSchema(df)") == ("root\n |-- a: integer (nullable = false)\n"
                                         " |-- b: string (nullable = true)")
    assert r.text("showDF(df)") == "+---+----+\n|  a|   b|\n+---+----+\n|  1|   x|\n|  2|NULL|\n+---+----+"
    assert r.text("str(people)").startswith("'SparkDataFrame': 4 variables:\n $ name: chr \"Ann\"")


def test_size_and_names(r):
    assert r.text("names(df); columns(df); colnames(df)") == '[1] "a" "b"\n[1] "a" "b"\n[1] "a" "b"'
    assert r.text("nrow(df); ncol(df); dim(df); count(df); length(df)") == "[1] 2\n[1] 2\n[1] 2 2\n[1] 2\n[1] 2"
    assert r.text("e <- df; names(e) <- c('p', 'q'); e") == "SparkDataFrame[p:int, q:string]"
    assert r.text("e <- df; colnames(e)[1] <- 'p'; e") == "SparkDataFrame[p:int, b:string]"
    assert r.text("coltypes(people)") == '[1] "character" "character" "integer"   "numeric"'


def test_types_that_come_to_r(r):
    r.run("all <- collect(sql(\"select cast(1 as tinyint) a, 2L b, 1.5D c, cast(2.50 as decimal(10,2)) d, true e,"
          " date'2020-02-03' f, timestamp'2020-02-03 04:05:06' g, timestamp_ntz'2020-01-01 00:00:00' h, null i,"
          " array(1, 2) j, map('k', 1) k, named_struct('p', 1, 'q', 'r') l, X'0102' m, 'ü' n\"))")
    assert r.text("cat(sapply(all, function(one) class(one)[1]))") == (
        "integer numeric numeric numeric logical Date POSIXct POSIXct logical list list list list character")
    assert r.text("format(all$g, '%Y-%m-%d %H:%M:%S %Z'); format(all$h); all$f") == (
        '[1] "2020-02-03 04:05:06 EST"\n[1] "2020-01-01"\n[1] "2020-02-03"')
    assert r.text("all$j[[1]][[2]]; all$k[[1]]$k; all$l[[1]]$q; all$m[[1]]; all$d; all$n") == (
        '[1] 2\n[1] 1\n[1] "r"\n[1] 01 02\n[1] 2.5\n[1] "ü"')


def test_nulls_come_as_na(r):
    r.run("gone <- collect(sql(\"select cast(null as int) a, cast(null as bigint) b, cast(null as double) c,"
          " cast(null as string) d, cast(null as boolean) e, cast(null as date) f, cast(null as timestamp) g,"
          " cast(null as decimal(5,1)) h\"))")
    assert r.text("all(is.na(gone)); nrow(gone)") == "[1] TRUE\n[1] 1"
    assert r.text("collect(sql(\"select double('NaN') a, double('Infinity') b, 9007199254740993L c\"))$a") == "[1] NaN"
    assert r.text("nrow(collect(sql('select 1 a, date\\'2020-01-01\\' b where false')))") == "[1] 0"


def test_r_data_goes_to_spark_and_back(r):
    code = """there <- data.frame(i = c(1L, NA), x = c(1.5, NA), s = c("a\\"\\n", NA), l = c(TRUE, NA),
      d = as.Date(c("1960-01-01", NA)), t = as.POSIXct(c("2021-07-01 10:00:00", NA), tz = "UTC"), f = factor(c("u", NA)))
    back <- collect(createDataFrame(there))
    there$f <- as.character(there$f)
    attr(there$t, "tzone") <- attr(back$t, "tzone")
    all.equal(there, back)"""
    assert r.text(code) == "[1] TRUE"
    assert r.text("createDataFrame(there)") == (
        "SparkDataFrame[i:int, x:double, s:string, l:boolean, d:date, t:timestamp, f:string]")
    assert r.text("attr(back$t, 'tzone')") == '[1] "America/New_York"'


def test_create_a_frame(r):
    assert r.text("createDataFrame(list(list(1L, 'a'), list(2L, 'b')), c('x', 'y'))") == "SparkDataFrame[x:int, y:string]"
    assert r.text("as.DataFrame(list(1, 2))") == "SparkDataFrame[_1:double]"
    assert r.text("createDataFrame(sqlContext, data.frame(a = 1))") == "SparkDataFrame[a:double]"
    assert r.text("createDataFrame(data.frame(a = 1:2), structType(structField('q', 'double')))") == (
        "SparkDataFrame[q:double]")
    assert r.text("createDataFrame(data.frame(a = 1:2), 'q string')") == "SparkDataFrame[q:string]"
    assert r.text("suppressWarnings(createDataFrame(data.frame(a.b = 1)))") == "SparkDataFrame[a_b:double]"
    assert r.text("createDataFrame(data.frame(a.b = 1))").endswith("Use a_b instead of a.b as column name")
    assert rows(r, "l <- data.frame(id = 1:2); l$v <- list(c(1, 2), 3); select(createDataFrame(l), 'v')") == [
        {"v": [[1], [2]]}, {"v": [[3]]}]


VERBS = [
    ("head(people, 1)", [{"name": "Ann", "team": "x", "age": 30, "pay": 10.5}]),
    ("take(select(people, 'name'), 2)", [{"name": "Ann"}, {"name": "Bob"}]),
    ("first(select(people, people$name))", [{"name": "Ann"}]),
    ("select(people, c('name', 'age'))[people$age > 30, ]", [{"name": "Bob", "age": 41}]),
    ("select(people, alias(people$age + 1L, 'next'))[1, ]", None),
    ("filter(select(people, 'name', 'pay'), 'pay >= 30')", [{"name": "Cyd", "pay": 30}, {"name": "Dan", "pay": 40}]),
    ("select(filter(people, people$pay > 15 & people$team == 'x'), 'name')", [{"name": "Cyd"}]),
    ("select(where(people, isNull(people$age) | people$name %in% c('Ann', 'Cyd')), 'name')",
     [{"name": "Ann"}, {"name": "Cyd"}, {"name": "Dan"}]),
    ("people[people$pay == 20, c('name', 'pay')]", [{"name": "Bob", "pay": 20}]),
    ("subset(people, people$pay == 20, select = c('name', 'pay'))", [{"name": "Bob", "pay": 20}]),
    ("selectExpr(people, 'upper(name) as up', 'pay * 2 as two')[1:2]", None),
    ("limit(withColumn(select(people, 'pay'), 'half', people$pay / 2), 1)", [{"pay": 10.5, "half": 5.25}]),
    ("p <- select(people, 'pay'); p$k <- 'v'; p$pay <- NULL; limit(p, 1)", [{"k": "v"}]),
    ("limit(withColumnRenamed(select(people, 'pay'), 'pay', 'money'), 1)", [{"money": 10.5}]),
    ("limit(rename(select(people, 'pay'), money = people$pay), 1)", [{"money": 10.5}]),
    ("limit(mutate(select(people, 'pay'), more = people$pay + 1), 1)", [{"pay": 10.5, "more": 11.5}]),
    ("limit(drop(people, c('age', 'team', 'pay')), 1)", [{"name": "Ann"}]),
    ("arrange(distinct(select(people, 'team')), 'team')", [{"team": "x"}, {"team": "y"}]),
    ("arrange(unique(select(people, 'team')), 'team', decreasing = TRUE)", [{"team": "y"}, {"team": "x"}]),
    ("select(arrange(people, desc(people$pay)), 'name')",
     [{"name": "Dan"}, {"name": "Cyd"}, {"name": "Bob"}, {"name": "Ann"}]),
    ("arrange(summarize(groupBy(people, people$team), n = n(people$name), top = max(people$pay), m = avg(people$age)), 'team')",
     [{"team": "x", "n": 2, "top": 30, "m": 27.5}, {"team": "y", "n": 2, "top": 40, "m": 41}]),
    ("arrange(count(group_by(people, 'team')), 'team')", [{"team": "x", "count": 2}, {"team": "y", "count": 2}]),
    ("arrange(agg(groupBy(people, 'team'), pay = 'sum'), 'team')",
     [{"team": "x", "sum(pay)": 40.5}, {"team": "y", "sum(pay)": 60}]),
    ("agg(people, total = sum(people$pay), teams = countDistinct(people$team))", [{"total": 100.5, "teams": 2}]),
    ("arrange(sum(groupBy(people, 'team'), 'pay'), 'team')", [{"team": "x", "sum(pay)": 40.5}, {"team": "y", "sum(pay)": 60}]),
    ("sum(pivot(groupBy(filter(people, 'pay > 25'), 'name'), 'team', 'x'), 'pay')[1:2]", None),
    ("t <- createDataFrame(data.frame(team = c('x', 'z'), boss = c('X', 'Z')));"
     " select(arrange(join(people, t, people$team == t$team), 'name'), 'name', 'boss')",
     [{"name": "Ann", "boss": "X"}, {"name": "Cyd", "boss": "X"}]),
    ("arrange(select(join(people, t, people$team == t$team, 'left_outer'), 'name', 'boss'), 'name')",
     [{"name": "Ann", "boss": "X"}, {"name": "Bob", "boss": None}, {"name": "Cyd", "boss": "X"}, {"name": "Dan", "boss": None}]),
    ("select(merge(people, t), 'name', 'team_x', 'boss')",
     [{"name": "Ann", "team_x": "x", "boss": "X"}, {"name": "Cyd", "team_x": "x", "boss": "X"}]),
    ("p <- select(limit(people, 1), 'name'); union(p, p)", [{"name": "Ann"}, {"name": "Ann"}]),
    ("rbind(p, p, p)", [{"name": "Ann"}] * 3),
    ("intersect(select(people, 'name'), p)", [{"name": "Ann"}]),
    ("arrange(except(select(people, 'name'), p), 'name')", [{"name": "Bob"}, {"name": "Cyd"}, {"name": "Dan"}]),
    ("count(dropDuplicates(people, 'team')); p", [{"name": "Ann"}]),
    ("select(describe(people, 'pay'), 'summary', 'pay')[1:2]", None),
    ("select(dropna(people), 'name')", [{"name": "Ann"}, {"name": "Bob"}, {"name": "Cyd"}]),
    ("select(fillna(people, list(age = 99)), 'age')[4, ]", None),
    ("select(people, when(people$pay > 25, 'much'), otherwise(when(people$pay > 25, 'much'), 'little'))", None),
    ("select(limit(people, 1), alias(ifelse(people$pay > 25, 'much', 'little'), 'i'), alias(cast(people$pay, 'string'), 'c'),"
     " alias(substr(people$name, 1, 2), 's'), alias(concat_ws('-', people$name, people$team), 'w'),"
     " alias(upper(people$name), 'u'), alias(lit(5), 'l'), alias(between(people$pay, c(1, 11)), 'b'),"
     " alias(like(people$name, 'A%'), 'k'), alias(round(people$pay / 3, 2), 'r'), alias(startsWith(people$name, 'A'), 'a'))",
     [{"i": "little", "c": "10.5", "s": "An", "w": "Ann-x", "u": "ANN", "l": 5, "b": True, "k": True, "r": 3.5, "a": True}]),
    ("select(people, 'name', alias(over(row_number(), orderBy(windowPartitionBy('team'), desc(people$pay))), 'at'))[1:2]", None),
    ("d <- createDataFrame(data.frame(d = as.Date('2020-01-01') + 0:1)); filter(d, d$d > as.Date('2020-01-01'))",
     [{"d": "2020-01-02"}]),
    ("select(limit(d, 1), alias(year(d$d), 'y'), alias(date_add(d$d, 1), 'n'), alias(date_format(d$d, 'yyyy'), 'f'))",
     [{"y": 2020, "n": "2020-01-02", "f": "2020"}]),
    ("createOrReplaceTempView(people, 'people_view'); sql('select count(*) as c from people_view')", [{"c": 4}]),
    ("select(filter(tableToDF('people_view'), \"name = 'Ann'\"), 'pay')", [{"pay": 10.5}]),
]


@pytest.mark.parametrize(("code", "expected"), VERBS, ids=[code for code, _ in VERBS])
def test_verbs(r, code, expected):
    if expected is None:
        assert r.run(f"invisible(collect({{{code}}}))")["status"] == "ok"
    else:
        assert rows(r, code) == expected


def test_functions_of_r_still_work_on_what_is_not_sparks(r):
    code = """sd(c(1, 2)); filter(1:3, rep(1, 3))[2]; var(1:3); sum(1:3); union(1, 2); ifelse(TRUE, 1, 2); intersect(1:3, 2:3)
    "a" %in% "a"; cov(1:3, 3:1); nrow(mtcars); colnames(mtcars)[1]; sample(3, 3, replace = FALSE) > 0; drop(matrix(1, 1, 1))
    Sys.Date() > as.Date("2020-01-01"); rank(c(3, 1)); startsWith("ab", "a"); substr("abc", 1, 2); nchar("abc"); !TRUE"""
    assert r.text(code).split("\n") == [
        "[1] 0.7071068", "[1] 6", "[1] 1", "[1] 6", "[1] 1 2", "[1] 1", "[1] 2 3", "[1] TRUE", "[1] -1", "[1] 32", '[1] "mpg"',
        "[1] TRUE TRUE TRUE", "[1] 1", "[1] TRUE", "[1] 2 1", "[1] TRUE", '[1] "ab"', "[1] 3", "[1] FALSE"]


def test_files_and_tables(r):
    r.run("folder <- file.path(tempdir(), 'out'); small <- select(people, 'name', 'pay')")
    for kind in ("parquet", "json"):
        code = f"write.{kind}(small, file.path(folder, '{kind}')); arrange(read.{kind}(file.path(folder, '{kind}')), 'name')"
        assert len(rows(r, code)) == 4
    assert rows(r, "write.df(small, file.path(folder, 'csv'), 'csv', header = TRUE);"
                   " arrange(read.df(file.path(folder, 'csv'), 'csv', header = TRUE, inferSchema = TRUE), 'name')")[0] == {
        "name": "Ann", "pay": 10.5}
    r.run("saveAsTable(small, 'r_people', mode = 'overwrite')")
    assert rows(r, "filter(tableToDF('r_people'), \"name = 'Ann'\")") == [{"name": "Ann", "pay": 10.5}]
    assert r.text("'r_people' %in% tableNames()") == "[1] TRUE"
    r.text("cacheTable('r_people'); uncacheTable('r_people')")
    r.run("sql('drop table r_people')")
    assert "mode should be one of" in r.error("write.json(small, file.path(folder, 'x'), mode = 'wrong')")


def test_errors_name_the_verb_and_sparks_condition(r):
    missing = r.error("sql('select * from no_such_table')")
    assert missing.startswith("[1] \"Error in sql(\\\"select * from no_such_table\\\"): analysis error - [TABLE_OR_VIEW_NOT_FOUND]")
    assert "JVM stacktrace" not in missing
    assert "parse error - [PARSE_SYNTAX_ERROR]" in r.error("sql('selec')")
    assert "Error in select(df, " in r.error("select(df, 'nope')")
    assert "UNRESOLVED_COLUMN" in r.error("select(df, 'nope')")
    assert r.text("tryCatch(sql('selec'), error = function(e) 'caught')") == '[1] "caught"'


def test_what_is_absent_says_so(r):
    for call in ("dapply(df, identity, schema(df))", "gapply(df, 'a', identity)", "spark.lapply(1:3, identity)",
                 "spark.kmeans(df, ~ a)", "read.stream('rate')"):
        name = call.split("(")[0]
        assert f"Error in {name}(" in r.error(call)
        assert f"{name} of SparkR is not available here" in r.error(call)


# ---- what clients send, as seen on the wire -----------------------------------------------------------

LONG_NAME = "yQeKOYBsFgLWWGWZJu3y"


@pytest.mark.parametrize("frame", [
    'take(sql("select * from df_view"),2500)',
    'collect(sql("select * from df_view"))',
    'collect(sample(sql("select * from df_view"), FALSE, 1.0))',
    'take(sql(sqlContext, "select * from df_view"),2500)',
    "take(df,2500)",
])
@pytest.mark.parametrize("operator", ["::", ":::"])
def test_sparkmagic_sql_and_output_variables(r, frame, operator):
    r.run("createOrReplaceTempView(df, 'df_view')")
    text = r.text(f"for ({LONG_NAME} in (jsonlite{operator}toJSON({frame}))) {{cat({LONG_NAME})}}")
    assert json.loads(text) == [{"a": 1, "b": "x"}, {"a": 2}]


def test_sparkmagic_sends_a_frame(r):
    output = r.run("""
        fileConn<-file("temporary_pandas_df_sparkmagics.txt")
        writeLines('[{"a":1,"b":"x"},{"a":2,"b":null}]', fileConn)
        close(fileConn)
        sent <- read.json("temporary_pandas_df_sparkmagics.txt")
        sent.persist()
        file.remove("temporary_pandas_df_sparkmagics.txt")""")
    assert output["status"] == "ok", output
    assert rows(r, "sent") == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def test_sparkmagic_sends_a_text(r):
    assert r.text('assign("a_text","say \\"hi\\" \\\\ there")') == ""
    assert r.text("cat(a_text)") == 'say "hi" \\ there'


def test_pylivy_upload_and_download(r):
    records = json.dumps(json.dumps([{"n": 1, "t": "ä"}, {"n": 2, "t": None}]))
    output = r.run(f"""
livy_client_temp_filename <- tempfile(fileext=".json")
livy_client_temp_file <- file(livy_client_temp_filename)
writeLines({records}, livy_client_temp_file)
close(livy_client_temp_file)
uploaded <- read.json(livy_client_temp_filename)
persist(uploaded, "MEMORY_AND_DISK")
count(uploaded)  # Force loading the data
file.remove(livy_client_temp_filename)
""")
    assert output["status"] == "ok", output
    lines = r.text("\ncat(unlist(collect(toJSON(uploaded))), sep = '\\n')\n").split("\n")
    assert [json.loads(line) for line in lines] == [{"n": 1, "t": "ä"}, {"n": 2}]
