"""What random DataFrame programs (tests/golden/fuzz.py) found, one line each."""

from harness.lines import LineCases


def setup(s):
    s.createDataFrame([(1, 10), (2, 20)], "x int, y int").createOrReplaceTempView("nums")
    s.sql("select * from values (1.5D), (double('NaN')), (-0.0D), (1e10D), (null) as t(v)").createOrReplaceTempView("nans")


TEXT = r"""
s.table("nums").na.replace({1.5: None})
s.table("nums").na.replace(1.5, 7)
s.table("nums").na.replace({1.0: 7.7})
s.createDataFrame([(300, 1)], "x int, y tinyint").na.replace({1: 300})
s.createDataFrame([(300, 1)], "x int, y tinyint").na.replace({300: 1})
s.createDataFrame([(1, 10.5), (2, 20.0)], "x int, y float").na.replace({2: 7.7, 20: 3})
s.table("nans").approxQuantile("v", [0.0, 0.25, 0.5, 0.75, 1.0], 0.0)
s.table("nans").na.drop().approxQuantile("v", [0.5], 0.1)
s.sql("select 1 id, 2 id").unionByName(s.range(2))
s.range(2).unionByName(s.sql("select 1 id, 2 ID"))
s.sql("select 1 id, 2 x, 3 X").unionByName(s.range(2), allowMissingColumns=True)
s.table("nums").filter("x > 5").rollup("x").mean()
s.table("nums").filter("x > 5").cube("x", "y").count()
s.table("nums").filter("x > 5").groupBy().count()
s.table("nans").filter("v = 0").exceptAll(s.sql("select 1.0D"))
s.table("nums").select(F.sort_array(F.collect_set("x"))[0])
"""

cases = LineCases("random-lines", setup, TEXT)
test_lines = cases.test()
