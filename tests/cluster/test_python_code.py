"""Python code that runs inside of the Spark: UDFs of all kinds, and the files that clients bring along."""

from __future__ import annotations

import os
import zipfile

import pandas as pd
import pytest
from harness.connect import connect
from pyspark.sql import functions as F
from pyspark.sql.functions import pandas_udf, udf, udtf


def test_scalar_udfs(same):
    def program(s):
        @udf("string")
        def shout(text, times):
            return text.upper() * times

        s.udf.register("registered", lambda value: value + 1, "bigint")
        frame = s.createDataFrame([("a", 1), ("b", 2), (None, 0)], "t string, n int").na.drop()
        return [frame.select(shout("t", "n")), s.sql("select registered(id) r from range(3)"),
                frame.select(udf(lambda n: n * 1.5, "double", useArrow=True)("n").alias("a"))]

    same(program)


def test_pandas_udfs(same):
    def program(s):
        @pandas_udf("double")
        def half(values: pd.Series) -> pd.Series:
            return values / 2

        @pandas_udf("double")
        def mean(values: pd.Series) -> float:
            return values.mean()

        frame = s.range(10).withColumn("k", F.col("id") % 2)
        return [frame.select(half("id")), frame.groupBy("k").agg(mean("id").alias("m")).orderBy("k")]

    same(program)


def test_groups_and_partitions_in_pandas(same):
    def program(s):
        frame = s.range(20).selectExpr("id % 3 k", "cast(id as double) v")
        centred = frame.groupBy("k").applyInPandas(lambda g: g.assign(v=g.v - g.v.mean()), "k long, v double")
        together = frame.groupBy("k").cogroup(frame.groupBy("k")).applyInPandas(
            lambda a, b: pd.DataFrame({"k": [a.k.iloc[0]], "n": [len(a) + len(b)]}), "k long, n long")
        evens = frame.mapInPandas(lambda parts: (p[p.v % 2 == 0] for p in parts), "k long, v double")
        arrow = frame.mapInArrow(lambda parts: parts, "k long, v double")
        return [centred.orderBy("k", "v"), together.orderBy("k"), evens.orderBy("v"), arrow.orderBy("v")]

    same(program)


def test_table_functions(same):
    def program(s):
        @udtf(returnType="n int, square int")
        class Squares:
            def eval(self, end: int):
                for n in range(end):
                    yield n, n * n

        s.udtf.register("squares", Squares)
        return [Squares(F.lit(3)), s.sql("select * from squares(2)")]

    same(program)


def test_modules_that_a_udf_imports(server, activate, tmp_path):
    """`addArtifacts(pyfile=True)`: a module, a package in an archive; two sessions bring different ones of the same name."""
    answers = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "brought.py").write_text(f"def tell(value):\n    return f'{number}:' + str(value)\n")
        with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
            archive.writestr("zipped/__init__.py", f"NUMBER = {number}\n")
        session = activate(connect(server))
        session.addArtifacts(str(folder / "brought.py"), str(folder / "zipped.zip"), pyfile=True)

        @udf("string")
        def use(value):
            import brought
            import zipped

            return brought.tell(value) + f":{zipped.NUMBER}"

        answers.append([row[0] for row in session.range(2).select(use("id")).collect()])
        session.stop()
    assert answers == [["1:0:1", "1:1:1"], ["2:0:2", "2:1:2"]]


def test_files_and_archives(spark, tmp_path):
    (tmp_path / "note.txt").write_text("from the client")
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        archive.writestr("inside.txt", "from the archive")
    spark.addArtifacts(str(tmp_path / "note.txt"), file=True)
    spark.addArtifacts(f"{tmp_path / 'bundle.zip'}#unpacked", archive=True)

    @udf("string")
    def read(_):
        from pyspark.core.files import SparkFiles

        folder = SparkFiles.getRootDirectory()
        return open(os.path.join(folder, "note.txt")).read() + "|" + open(os.path.join(folder, "unpacked", "inside.txt")).read()

    assert spark.range(1).select(read("id")).collect()[0][0] == "from the client|from the archive"


def test_large_artifacts_in_chunks(spark, tmp_path):
    """Ten megabytes: hundreds of messages of one call."""
    content = os.urandom(10_000_000)
    (tmp_path / "large.bin").write_bytes(content)
    spark.addArtifacts(str(tmp_path / "large.bin"), file=True)

    @udf("string")
    def digest(_):
        import hashlib

        from pyspark.core.files import SparkFiles

        return hashlib.sha256(open(SparkFiles.get("large.bin"), "rb").read()).hexdigest()

    import hashlib

    assert spark.range(1).select(digest("id")).collect()[0][0] == hashlib.sha256(content).hexdigest()


def test_artifacts_that_exist_already(spark, tmp_path):
    (tmp_path / "twice.py").write_text("VALUE = 1\n")
    spark.addArtifacts(str(tmp_path / "twice.py"), pyfile=True)
    (tmp_path / "twice.py").write_text("VALUE = 2\n")
    with pytest.raises(Exception, match="ARTIFACT_ALREADY_EXISTS|already exists"):
        spark.addArtifacts(str(tmp_path / "twice.py"), pyfile=True)


def test_copy_from_local_to_the_spark(spark, tmp_path):
    (tmp_path / "here.txt").write_text("copied")
    target = tmp_path / "there" / "copy.txt"
    target.parent.mkdir()
    spark.conf.set("spark.sql.artifact.copyFromLocalToFs.allowDestLocal", "true")
    try:
        spark.copyFromLocalToFs(str(tmp_path / "here.txt"), str(target))
    except Exception as error:
        assert "spark.sql.artifact.copyFromLocalToFs.allowDestLocal" in str(error) or "local file system" in str(error), error
    else:
        assert target.read_text() == "copied"
