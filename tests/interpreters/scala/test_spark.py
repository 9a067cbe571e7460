"""`spark`, and the code that notebooks and clients of Livy generate for Scala."""

import json


def lines(scala, code):
    return [json.loads(line) for line in scala.text(code).splitlines()]


def test_names_are_bound(scala):
    assert scala.text("print(spark.version.take(1).toInt >= 4)") == "true"
    assert scala.text("print(sqlContext.sparkSession eq spark, sc eq spark.sparkContext)") == "(true,true)"
    assert scala.text('print(sql("select 1").count, Seq(1, 2).toDF("n").agg(max($"n")).first.getInt(0))') == "(1,2)"
    assert scala.text('sql("select 1 as a")').endswith(": org.apache.spark.sql.DataFrame = [a: int]\n")
    assert scala.text("print(org.apache.spark.sql.SparkSession.builder.getOrCreate() eq spark)") == "true"


def test_show_and_collect(scala):
    assert scala.text('spark.sql("select 1 as a").show()') == "+---+\n|  a|\n+---+\n|  1|\n+---+\n"
    assert scala.text("spark.range(3).collect().foreach(print)") == "012"


def test_sparkmagic_sql(scala):
    assert lines(scala, 'spark.sql("""select 1 as a, "b" as c""").toJSON.take(2500).foreach(println)') == [{"a": 1, "c": "b"}]
    assert lines(scala, 'spark.sql("""select 1 as a""").toJSON.collect.foreach(println)') == [{"a": 1}]
    assert scala.text('spark.range(9).toJSON.sample(false, 0.0).take(5).foreach(println)') == ""


def test_sparkmagic_send_to_spark(scala):
    code = '''
        val rdd_json_array = spark.sparkContext.makeRDD("""[{"n":1,"s":"x"},{"n":2,"s":"y"}]""" :: Nil)
        val sent = spark.read.json(rdd_json_array)'''
    assert "val sent: org.apache.spark.sql.DataFrame = [n: bigint, s: string]\n" in scala.text(code)
    assert lines(scala, "sent.toJSON.take(2500).foreach(println)") == [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}]


def test_pylivy_upload_and_download(scala):
    text = json.dumps(json.dumps([{"a": 1, "b": "é\""}]))
    scala.text(f"\nval uploaded = spark.read.json(spark.sparkContext.parallelize(List({text})))\n")
    assert lines(scala, "uploaded.toJSON.collect.foreach(println)") == [{"a": 1, "b": 'é"'}]


def test_local_collections(scala):
    assert scala.text("print(sc.parallelize(1 to 4).map(_ * 2).filter(_ > 2).reduce(_ + _))") == "18"
    pairs = 'sc.parallelize(Seq("a" -> 1, "b" -> 2, "a" -> 3)).reduceByKey(_ + _)'
    assert scala.text(f'print({pairs}.toDF("k", "v").orderBy("k").collect().mkString)') == "[a,4][b,2]"


def test_dataset_magics(scala):
    scala.run("val frame = spark.sql(\"select 1 as a, 'x' as b, 1.5BD as d, date'2024-01-02' as t, null as n, array(1) as l\")")
    output = scala.run("%table frame")["data"]["application/vnd.livy.table.v1+json"]
    assert [header["type"] for header in output["headers"]] == [
        "BIGINT_TYPE", "STRING_TYPE", "DECIMAL_TYPE", "DATE_TYPE", "NULL_TYPE", "ARRAY_TYPE",
    ]
    assert output["data"] == [[1, "x", 1.5, "2024-01-02", None, [1]]]
    assert scala.run("%json frame")["data"]["application/json"][0]["b"] == "x"


def test_query_errors(scala):
    output = scala.run('spark.sql("select * from nowhere").show()')
    assert output["ename"] == "Error"
    assert output["evalue"].startswith("org.apache.spark.sql.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND]")
    output = scala.run('spark.sql("selec 1")')
    assert "ParseException: [PARSE_SYNTAX_ERROR]" in output["evalue"]


def test_closures_run_on_spark_and_elsewhere_fail_with_the_words_of_the_server(fresh, server):
    scala = fresh(bound=False)
    scala.bind(server.url, conf={"hearth.interpreter.upload_classes": "true"} if server.kind == "spark" else {})
    cells = {
        "val add = 1L\nspark.range(3).map(_ + add).collect().foreach(print)": "val add: Long = 1\n123",
        "case class One(n: Long)\nspark.range(2).map(n => One(n)).filter(_.n > 0).collect().foreach(print)": "class One\nOne(1)",
        'spark.range(2).select(udf((n: Long) => n + 1).apply($"id")).collect().foreach(print)': "[1][2]",
    }
    for code, text in cells.items():
        if server.kind == "spark":
            assert scala.text(code) == text
        else:
            output = scala.run(code)
            assert output["status"] == "error"
            assert "[UNSUPPORTED_FEATURE]" in output["evalue"], output
    assert scala.text("print(spark.range(3).count)") == "3"


def test_settings_and_name(fresh, server):
    scala = fresh(bound=False)
    scala.bind(server.url, name="mine", conf={"spark.sql.session.timeZone": "UTC", "spark.master": "nowhere"})
    assert scala.text('print(spark.conf.get("spark.sql.session.timeZone"), sc.appName)') == "(UTC,mine)"
