"""Edges of DataFrames, one line each: conditions, nested types by name."""

from harness.placed import PlacedLines


def setup(s):
    s.createDataFrame([(1, "a", 10.0), (2, "b", None), (3, None, 30.0)], "id int, k string, v double").createOrReplaceTempView("f")
    s.createDataFrame([(1, (1, "q"), [(1, 2), (3, 4)], {"a": (1, "z")})], "id int, st struct<a:int,b:string>, arr array<struct<x:int,y:int>>, m map<string,struct<c:int,d:string>>").createOrReplaceTempView("n")


TEXT = r"""
s.sql("select named_struct('a', 1, 'b', 'x') st").unionByName(s.sql("select named_struct('b', 'y', 'a', 2) st")).orderBy("st.a")
s.sql("select named_struct('a', 1, 'b', 'x') st").unionByName(s.sql("select named_struct('b', 'y', 'a', 2, 'c', 3) st"))
s.sql("select named_struct('a', 1, 'b', 'x') st").unionByName(s.sql("select named_struct('b', 'y') st"))
s.sql("select named_struct('a', 1, 'b', 'x') st").unionByName(s.sql("select named_struct('A', 3, 'B', 'y') st")).orderBy("st.a")
s.sql("select named_struct('a', 1) st").unionByName(s.sql("select named_struct('a', 1.5) st")).orderBy("st.a")
s.sql("select array(named_struct('a', 1, 'b', 'x')) st").unionByName(s.sql("select array(named_struct('b', 'y', 'a', 2)) st")).orderBy("st")
s.sql("select array(array(named_struct('a', 1, 'b', 'x'))) st").unionByName(s.sql("select array(array(named_struct('b', 'y', 'a', 2, 'c', 1))) st"), True).orderBy("st")
s.sql("select named_struct('z', array(named_struct('a', 1))) st").unionByName(s.sql("select named_struct('z', array(named_struct('c', 1))) st"), True).orderBy("st")
s.sql("select map(1, named_struct('a', 1, 'b', 'x')) st").unionByName(s.sql("select map(1, named_struct('b', 'y', 'a', 2)) st"))
s.sql("select cast(null as array<struct<a:int>>) st").unionByName(s.sql("select array(named_struct('b', 1), null) st"), True).orderBy("st")
s.sql("select array(named_struct('a', 1, 'b', 'x')) st").unionByName(s.sql("select array(named_struct('b', 'y', 'a', 2, 'c', 3)) st"))
s.table("n").select("m").to(T.StructType([T.StructField("m", T.MapType(T.StringType(), T.StructType([T.StructField("d", T.StringType()), T.StructField("c", T.LongType()), T.StructField("e", T.DateType())])))]))
s.table("n").select("arr").to(T.StructType([T.StructField("arr", T.ArrayType(T.StructType([T.StructField("y", T.StringType()), T.StructField("x", T.DoubleType())])))]))
s.table("n").select("arr").to(T.StructType([T.StructField("arr", T.ArrayType(T.StructType([T.StructField("x", T.DateType())])))]))
s.table("n").select("arr").to(T.StructType([T.StructField("arr", T.ArrayType(T.StructType([T.StructField("x", T.IntegerType(), False)])))]))
s.table("n").select("arr").to(T.StructType([T.StructField("arr", T.ArrayType(T.StructType([T.StructField("x", T.IntegerType())]), False))]))
s.table("n").select("m").to(T.StructType([T.StructField("m", T.MapType(T.StringType(), T.StructType([T.StructField("c", T.IntegerType())]), False))]))
s.table("n").select("m").to(T.StructType([T.StructField("m", T.MapType(T.IntegerType(), T.StructType([T.StructField("c", T.IntegerType())])))]))
s.createDataFrame([({1: datetime.timedelta(1, 5)},)], "a map<int,interval day to hour>")
s.createDataFrame([(1, ([datetime.timedelta(1, 5)],))], "a int, b struct<x:array<interval minute>>")
s.createDataFrame([(datetime.timedelta(1, 5),)], "a interval day to second").schema
s.table("f").filter(F.lit(None))
s.table("f").filter("null")
s.table("f").filter(F.lit(None).cast("boolean"))
s.table("f").filter(F.explode(F.array("id")) == 1)
s.table("f").alias("a").join(s.table("f").alias("b"), F.sum("a.id") > 1)
s.table("f").alias("a").join(s.table("f").alias("b"), F.row_number().over(Window.orderBy("a.id")) > 1, "left")
s.table("f").alias("a").join(s.table("f").alias("b"), F.sum("a.id").over(Window.partitionBy("b.k")) > 1)
s.table("f").join(s.table("n"), F.explode(F.array(F.lit(1))) > 1)
s.table("f").join(s.table("n"), F.explode(F.array(F.lit(1))) > 1, "full")
s.table("f").join(s.table("n"), F.lit(None))
s.table("f").agg(F.expr("count(*) filter (where null)"))
s.table("n").select(F.col("arr").substr(1, 2))
s.table("n").select(F.substring("m", 1, 2))
s.table("n").select(F.left("arr", F.lit(1)))
s.table("f").select(F.col("id") & F.col("k"))
s.table("f").select(F.lit(1.5) | F.col("k"))
s.table("f").select(F.lit(None) & F.col("k"))
s.table("f").select(F.lit(Decimal("1.5")) & F.col("k"))
s.table("f").select(F.lag("id", 1, 0).over(Window.orderBy("id").rowsBetween(-2, -1)))
s.table("f").select(F.lead("id").over(Window.orderBy("id").rangeBetween(Window.unboundedPreceding, 0)))
s.catalog.recoverPartitions("nope")
s.sql("create table t (a int) using parquet"); s.sql("alter table t recover partitions")
s.sql("create table t (a int) using parquet"); s.sql("msck repair table t")
s.sql("alter table f recover partitions")
s.sql("use HEARTH_W"); s.sql("show current namespace")
s.sql("use HEARTH_W"); s.sql("create table t (a int) using parquet"); (s.table("t").count(), s.catalog.listTables("hearth_w", "t"), s.catalog.currentDatabase())
s.range(1).mergeInto("nope", F.lit(True)).merge()
"""

cases = PlacedLines("edge-lines", "hearth_w", setup, TEXT)
test_lines = cases.test()
