"""Methods of DataFrame in all their argument forms: choosing columns and rows, joining, combining, looking."""

import datetime
from decimal import Decimal

import pyspark.sql.functions as F
from harness.cases import Cases
from harness.programs import caught, printed
from pyspark.sql import Row
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType
from pyspark.sql.window import Window


def setup(s):
    s.createDataFrame(
        [(1, "a", 1.5, None), (2, "b", None, "x"), (3, None, 3.5, "y"), (3, "c", 4.5, "y")], "id int, s string, v double, w string"
    ).createOrReplaceTempView("f")
    s.createDataFrame([(1, "one"), (3, "three"), (4, "four")], "id int, word string").createOrReplaceTempView("g")
    s.createDataFrame(
        [(1, (1, "in", (2, 3)), [1, 2, 3], {"k": 1}), (2, None, [], {}), (3, (5, None, None), None, None)],
        "id int, st struct<a:int,b:string,c:struct<d:int,e:int>>, arr array<int>, m map<string,int>",
    ).createOrReplaceTempView("n")


cases = Cases("frames", setup, since=(4, 2))
add = cases.add


def f(s):
    return s.table("f")


def g(s):
    return s.table("g")


def n(s):
    return s.table("n")


# Choosing columns.


@add
def select_nothing(s):
    return f(s).select()


@add
def select_list(s):
    return f(s).select(["id", F.col("s")])


@add
def select_star_and_more(s):
    return f(s).select("*", (F.col("id") + 1).alias("next"))


@add
def select_index_of_frame(s):
    d = f(s)
    return d.select(d[0], d["s"], d.v, d[-1])


@add
def select_by_slice_of_columns(s):
    d = f(s)
    return d.select(d[["id", "s"]]["id"])


@add
def frame_index_condition(s):
    d = f(s)
    return d[d.id > 1]


@add
def index_out_of_range(s):
    return caught(lambda: f(s)[10])


@add
def index_of_wrong_type(s):
    return caught(lambda: f(s)[1.5])


@add
def attribute_missing(s):
    return caught(lambda: f(s).nope)


@add
def index_missing(s):
    return caught(lambda: f(s)["nope"])


@add
def index_missing_used(s):
    return caught(lambda: f(s).select(F.col("nope")).collect())


@add
def select_alias_dotted(s):
    return f(s).select(F.col("id").alias("a.b")).select("`a.b`")


@add
def select_dotted_unquoted(s):
    return caught(lambda: f(s).select(F.col("id").alias("a.b")).select("a.b").collect())


@add
def select_expr_many(s):
    return f(s).selectExpr("id * 2 as twice", "upper(s)", "v is null", "struct(id, s) st")


@add
def select_expr_list(s):
    return f(s).selectExpr(["id", "s || '!' as t"])


@add
def select_expr_syntax_error(s):
    return caught(lambda: f(s).selectExpr("id +").collect())


@add
def select_generator(s):
    return n(s).select("id", F.explode("arr"))


@add
def select_generator_with_alias(s):
    return n(s).select(F.posexplode_outer("arr").alias("p", "x"), "id")


@add
def select_map_generator(s):
    return n(s).select(F.explode("m").alias("key", "val"))


@add
def select_two_generators(s):
    return caught(lambda: n(s).select(F.explode("arr"), F.explode("arr")).collect())


@add
def select_inline(s):
    return s.range(1).select(F.inline(F.array(F.struct(F.lit(1).alias("a"), F.lit("x").alias("b")))))


@add
def select_stack(s):
    return s.range(1).select(F.stack(F.lit(2), F.lit(1), F.lit("a"), F.lit(2), F.lit("b")).alias("k", "v"))


@add
def select_json_tuple(s):
    return s.range(1).select(F.json_tuple(F.lit('{"a":1,"b":"x"}'), "a", "b").alias("a", "b"))


@add
def select_struct_star(s):
    return n(s).select("st.*")


@add
def select_nested_path(s):
    return n(s).select("st.c.d", "m.k", F.col("arr")[0], F.col("st").getField("b"))


@add
def select_lateral_alias(s):
    return f(s).select((F.col("id") + 1).alias("x1"), (F.col("x1") * 2).alias("x2"))


@add
def with_column_replaces_case_insensitively(s):
    return f(s).withColumn("ID", F.col("id") * 10)


@add
def with_columns_several(s):
    return f(s).withColumns({"t": F.col("id") * 2, "s": F.upper("s")})


@add
def with_columns_same_twice(s):
    return caught(lambda: f(s).withColumns({"t": F.lit(1), "T": F.lit(2)}).collect())


@add
def with_column_not_a_column(s):
    return caught(lambda: f(s).withColumn("x", 1))


@add
def with_column_renamed_missing(s):
    return f(s).withColumnRenamed("nope", "x")


@add
def with_columns_renamed_chain(s):
    return f(s).withColumnsRenamed({"id": "s2", "s": "id2"})


@add
def with_columns_renamed_collision(s):
    return f(s).withColumnsRenamed({"id": "s"})


@add
def with_metadata_schema(s):
    d = f(s).withMetadata("id", {"note": "key", "l": [1, 2]})
    return [d.schema["id"].metadata, d.select("id").schema["id"].metadata, d.select(F.col("id").alias("k")).schema["k"].metadata]


@add
def alias_metadata_schema(s):
    d = f(s).select(F.col("id").alias("k", metadata={"m": "x"}))
    return [d.schema.json(), d.select((F.col("k") + 1).alias("z")).schema.json()]


@add
def col_regex_simple(s):
    return f(s).select(f(s).colRegex("`(id|s)`"))


@add
def col_regex_lookaround(s):
    d = f(s)
    return d.select(d.colRegex("`(id)?+.+`"))


@add
def col_regex_unquoted(s):
    d = f(s)
    return d.select(d.colRegex("id"))


@add
def drop_names_and_columns(s):
    d = f(s)
    return [d.drop("id", "nope"), d.drop(d.s), d.drop(F.col("v")), d.drop("id", d.v), d.drop()]


@add
def drop_column_of_other_frame(s):
    a, b = f(s), g(s)
    return a.join(b, a.id == b.id).drop(b.id).orderBy("id", "s")


@add
def drop_ambiguous_name(s):
    a, b = f(s), g(s)
    return a.join(b, a.id == b.id).drop("id").orderBy("word", "s")


@add
def drop_ambiguous_column(s):
    a, b = f(s), g(s)
    return caught(lambda: a.join(b, a.id == b.id).drop(F.col("id")).collect())


@add
def drop_everything(s):
    return g(s).drop("id", "word")


@add
def to_df_wrong_count(s):
    return caught(lambda: f(s).toDF("a", "b").collect())


@add
def to_df_not_names(s):
    return caught(lambda: f(s).toDF(1, 2))


@add
def to_schema_reorders(s):
    schema = StructType([StructField("s", StringType()), StructField("id", LongType())])
    return f(s).to(schema)


@add
def to_schema_adds_missing(s):
    schema = StructType([StructField("id", LongType()), StructField("more", StringType())])
    return f(s).to(schema)


@add
def to_schema_missing_not_null(s):
    return caught(lambda: f(s).to(StructType([StructField("more", StringType(), False)])).collect())


@add
def to_schema_null_to_not_null(s):
    return caught(lambda: f(s).to(StructType([StructField("s", StringType(), False)])).collect())


@add
def to_schema_wrong_type(s):
    return caught(lambda: f(s).to(StructType([StructField("s", IntegerType())])).collect())


@add
def to_schema_nested(s):
    schema = StructType([StructField("st", StructType([StructField("b", StringType()), StructField("a", LongType())]))])
    return n(s).to(schema)


# Choosing rows.


@add
def filter_string_and_column(s):
    return [f(s).filter("id > 1 and w = 'y'"), f(s).where(F.col("v").isNull()), f(s).filter(F.lit(False))]


@add
def filter_not_boolean_string(s):
    return caught(lambda: f(s).filter("id").collect())


@add
def filter_wrong_type(s):
    return caught(lambda: f(s).filter(1))


@add
def filter_aggregate(s):
    return caught(lambda: f(s).filter(F.max("id") > 1).collect())


@add
def filter_window(s):
    return caught(lambda: f(s).filter(F.row_number().over(Window.orderBy("id")) > 1).collect())


@add
def distinct_rows(s):
    return f(s).select("id", "w").distinct().orderBy("id")


@add
def drop_duplicates_forms(s):
    d = f(s).select("id", "w")
    return [d.dropDuplicates(), d.dropDuplicates(["id"]), d.drop_duplicates(["w"]).select("w"), d.dropDuplicates(["id", "w"])]


@add
def drop_duplicates_missing(s):
    return caught(lambda: f(s).dropDuplicates(["nope"]).collect())


@add
def drop_duplicates_string(s):
    return caught(lambda: f(s).dropDuplicates("id").collect())


@add
def limit_zero(s):
    return f(s).limit(0)


@add
def limit_negative(s):
    return caught(lambda: f(s).limit(-1).collect())


@add
def offset_negative(s):
    return caught(lambda: f(s).offset(-1).collect())


@add
def limit_and_offset(s):
    return s.range(10).orderBy("id").offset(3).limit(4)


@add
def head_forms(s):
    d = s.range(5).orderBy("id")
    return str([d.head(), d.head(1), d.head(2), d.take(2), d.first(), d.tail(2), d.limit(0).head(), d.limit(0).head(1), d.limit(0).first(),
                d.limit(0).take(1), d.limit(0).tail(1), d.tail(0)])


@add
def is_empty_forms(s):
    return str([s.range(0).isEmpty(), s.range(1).isEmpty(), s.range(3).select().isEmpty(), f(s).filter("id > 9").isEmpty()])


@add
def sort_forms(s):
    d = f(s)
    return str([[r.id for r in x.collect()] for x in (
        d.sort("id", F.desc("v")), d.orderBy(d.id.desc()), d.sort(["id", "v"], ascending=[False, True]), d.orderBy(["id"], ascending=0),
        d.orderBy("id", ascending=False), d.sort(2), d.sort(-2), d.orderBy(F.expr("v + 1").desc_nulls_first()))])


@add
def sort_without_columns(s):
    return caught(lambda: f(s).sort())


@add
def sort_index_zero(s):
    return caught(lambda: f(s).sort(0))


@add
def sort_missing(s):
    return caught(lambda: f(s).sort("nope").collect())


@add
def sort_dropped_column(s):
    return f(s).select("s").orderBy("id", "v")


@add
def sort_null_order(s):
    d = f(s)
    return str([[r.w for r in d.orderBy(c, "id", "s").collect()] for c in (
        F.col("w").asc(), F.col("w").desc(), F.col("w").asc_nulls_last(), F.col("w").desc_nulls_first(), F.asc_nulls_first("w"),
        F.desc_nulls_last("w"))])


@add
def sort_map(s):
    return caught(lambda: n(s).orderBy("m").collect())


@add
def sample_argument_errors(s):
    d = s.range(10)
    return [caught(lambda: d.sample()), caught(lambda: d.sample(-0.5).collect()), caught(lambda: d.sample("a")), caught(lambda: d.sample(False, 2.0).collect())]


@add
def sample_all_and_none(s):
    d = s.range(10)
    return str([d.sample(1.0).count(), d.sample(0.0).count(), d.sample(False, 1.0, 7).count(), d.sample(fraction=1.0, seed=3).count()])


@add
def random_split_errors(s):
    return [caught(lambda: s.range(3).randomSplit([-1.0, 1.0]))]


@add
def random_split_sums(s):
    parts = s.range(100).randomSplit([1.0, 2.0], 24)
    return str([len(parts), sum(p.count() for p in parts), parts[0].intersect(parts[1]).count()])


# Joining.


@add
def join_forms(s):
    a, b = f(s), g(s)
    kinds = ["inner", "cross", "outer", "full", "fullouter", "full_outer", "left", "leftouter", "left_outer", "right", "rightouter", "right_outer",
             "semi", "leftsemi", "left_semi", "anti", "leftanti", "left_anti"]
    return str([(k, sorted(map(str, a.join(b, "id", k).collect()))) for k in kinds if k != "cross"])


@add
def join_wrong_kind(s):
    return caught(lambda: f(s).join(g(s), "id", "sideways").collect())


@add
def join_key_missing_left(s):
    return caught(lambda: f(s).join(g(s), "word").collect())


@add
def join_key_missing_right(s):
    return caught(lambda: f(s).join(g(s), "s").collect())


@add
def join_condition_not_boolean(s):
    return caught(lambda: f(s).join(g(s), F.lit(1)).collect())


@add
def join_on_column_list(s):
    a, b = f(s), g(s).withColumnRenamed("id", "k")
    return a.join(b, [a.id == b.k, b.word != "one"])


@add
def join_ambiguous_names(s):
    a, b = f(s), g(s)
    return caught(lambda: a.join(b, a.id == b.id).select("id").collect())


@add
def join_same_frame(s):
    a = f(s)
    return a.join(a, "id").orderBy("id", *[]).select("id")


@add
def join_same_frame_condition(s):
    a = g(s)
    return caught(lambda: a.join(a, a.id == a.id).collect())


@add
def join_same_frame_ambiguous_select(s):
    a = g(s)
    return caught(lambda: a.join(a, "id").select(a.word).collect())


@add
def join_derived_frames(s):
    a = g(s)
    b = a.filter(a.id > 1)
    return a.join(b, a.id == b.id).select(a.word, b.word)


@add
def join_derived_frames_ambiguous(s):
    a = g(s)
    b = a.withColumn("more", F.lit(1))
    return caught(lambda: a.join(b, a.id == b.id).select(a.id, b.more).collect())


@add
def join_by_aliases(s):
    a, b = g(s).alias("a"), g(s).alias("b")
    return a.join(b, F.col("a.id") < F.col("b.id")).select("a.id", "b.word", F.col("a.*"))


@add
def join_then_filter_by_frame(s):
    a, b = f(s), g(s)
    return a.join(b, a.id == b.id, "left").filter(b.id.isNull()).select(a.id, b.word)


@add
def join_then_group_by_frame(s):
    a, b = f(s), g(s)
    return a.join(b, a.id == b.id).groupBy(b.id).agg(F.count(a.id).alias("c"), F.max(a.s))


@add
def join_column_of_foreign_frame(s):
    a, b = f(s), g(s)
    return caught(lambda: a.select(b.word).collect())


@add
def cross_join_frames(s):
    return g(s).crossJoin(s.range(2).withColumnRenamed("id", "n"))


@add
def join_null_safe_column(s):
    a, b = f(s), f(s).withColumnRenamed("w", "w2").select("w2")
    return a.join(b, a.w.eqNullSafe(b.w2)).select("id", "w", "w2")


@add
def join_hints(s):
    a, b = f(s), g(s)
    return [a.join(b.hint("broadcast"), "id"), a.hint("merge").join(b, "id"), a.join(b.hint("shuffle_hash"), "id"), a.hint("nope", 1, "x").join(b, "id")]


@add
def hint_argument_errors(s):
    return [caught(lambda: f(s).hint(1)), caught(lambda: f(s).hint("x", {"a": 1}))]


@add
def lateral_join_explode(s):
    a = n(s)
    return a.lateralJoin(s.tvf.explode(F.col("arr").outer())).select("id", "col")


@add
def lateral_join_left(s):
    a = g(s).alias("a")
    b = f(s).alias("b").where(F.col("a.id").outer() == F.col("b.id")).select("b.s", "b.v")
    return a.lateralJoin(b, how="left").select("id", "word", "s", "v")


@add
def lateral_join_condition(s):
    a = g(s).alias("a")
    b = s.range(2).select((F.col("a.id").outer() + F.col("id")).alias("x"))
    return a.lateralJoin(b, F.col("x") > 3)


@add
def lateral_join_top_per_key(s):
    a = g(s).alias("a")
    b = f(s).alias("b").where(F.col("b.id") == F.col("a.id").outer()).orderBy(F.col("b.v").desc()).limit(1).select("v")
    return a.lateralJoin(b, how="left")


@add
def lateral_join_wrong_kind(s):
    return caught(lambda: g(s).lateralJoin(s.range(1), how="right").collect())


@add
def as_of_join_forms(s):
    left = s.createDataFrame([(1, 5, "a"), (2, 10, "b")], "k int, t int, s string")
    right = s.createDataFrame([(1, 3, 30), (1, 6, 60), (2, 11, 110)], "k int, t int, v int")
    j = lambda **k: left._joinAsOf(right, "t", "t", **k)
    return [j(), j(on="k"), j(direction="forward"), j(direction="nearest"), j(tolerance=F.lit(1)), j(allowExactMatches=False), j(how="left", on="k")]


# Combining.


@add
def union_frames(s):
    return g(s).union(g(s).limit(1)).unionAll(g(s))


@add
def union_width(s):
    return caught(lambda: g(s).union(f(s)).collect())


@add
def union_incompatible(s):
    return caught(lambda: s.sql("select array(1) a").union(s.sql("select 1")).collect())


@add
def union_by_name_reorders(s):
    return g(s).unionByName(g(s).select("word", "id"))


@add
def union_by_name_missing(s):
    return g(s).unionByName(s.range(2), allowMissingColumns=True)


@add
def union_by_name_nested_missing(s):
    a = s.sql("select struct(1 a, 2 b) st")
    b = s.sql("select struct(3 b, 4 c) st")
    return a.unionByName(b, allowMissingColumns=True)


@add
def union_by_name_duplicate(s):
    a = s.sql("select 1 a, 2 a")
    return caught(lambda: a.unionByName(a).collect())


@add
def union_by_name_not_there(s):
    return caught(lambda: g(s).unionByName(s.range(1).select("id", F.lit(1).alias("x"))).collect())


@add
def set_operations(s):
    a = s.createDataFrame([(1,), (1,), (2,), (3,)], "x int")
    b = s.createDataFrame([(1,), (3,), (3,)], "x int")
    return [a.intersect(b), a.intersectAll(b), a.exceptAll(b), a.subtract(b), a.union(b).distinct()]


@add
def set_operation_width(s):
    return [caught(lambda: g(s).intersect(f(s)).collect()), caught(lambda: g(s).exceptAll(f(s)).collect())]


@add
def set_operation_maps(s):
    return caught(lambda: n(s).select("m").intersect(n(s).select("m")).collect())


@add
def distinct_maps(s):
    return caught(lambda: n(s).select("m").distinct().collect())


# Looking.


@add
def show_forms(s):
    d = s.createDataFrame([(1, "a" * 30, None), (22, "é", 1.5)], "id int, long_name string, v double")
    return printed(lambda: [d.show(), d.show(1), d.show(truncate=False), d.show(2, 5), d.show(vertical=True), d.show(1, 3, True), d.show(0), d.limit(0).show()])


@add
def show_argument_errors(s):
    return [caught(lambda: f(s).show("a")), caught(lambda: f(s).show(truncate="x")), caught(lambda: f(s).show(vertical=1)), caught(lambda: f(s).show(True))]


@add
def show_nested_values(s):
    return printed(lambda: n(s).show(truncate=False))


@add
def show_special_values(s):
    d = s.sql("select double('nan') a, float('inf') b, cast(1e20 as double) c, 1.0e-5d d, date'0001-01-01' e, timestamp'2020-01-01 00:00:00.1' f, "
              "interval 1 day g, interval 1 month h, x'0aff' i, true j, null k, decimal('1.50') l, timestamp_ntz'2020-01-01 10:00:00' m")
    return printed(lambda: d.show(truncate=False))


@add
def print_schema_levels(s):
    d = s.sql("select struct(1 a, array(struct(2 b)) c, map('k', array(1)) m) st, 1 x")
    return printed(lambda: [d.printSchema(), d.printSchema(1), d.printSchema(2), d.printSchema(3)])


@add
def reprs(s):
    d = n(s)
    return [repr(d), str(d.schema), repr(d.dtypes), repr(d.columns), repr(d["id"]), repr(s.range(0))]


@add
def eager_repr(s):
    s.conf.set("spark.sql.repl.eagerEval.enabled", "true")
    try:
        d = f(s)
        return [repr(d), d._repr_html_()]
    finally:
        s.conf.unset("spark.sql.repl.eagerEval.enabled")


@add
def eager_repr_limits(s):
    for key, value in (("enabled", "true"), ("maxNumRows", "1"), ("truncate", "3")):
        s.conf.set(f"spark.sql.repl.eagerEval.{key}", value)
    try:
        d = s.createDataFrame([("abcdef", 1), ("b", 2)], "long_name string, i int")
        return [repr(d), d._repr_html_()]
    finally:
        for key in ("enabled", "maxNumRows", "truncate"):
            s.conf.unset(f"spark.sql.repl.eagerEval.{key}")


@add
def html_off(s):
    return str(f(s)._repr_html_())


@add
def collected_rows(s):
    return str(n(s).collect())


@add
def to_json_rows(s):
    return f(s).toJSON()


@add
def to_local_iterator_rows(s):
    return str([list(s.range(3).toLocalIterator()), list(s.range(3).toLocalIterator(prefetchPartitions=True))])


@add
def pandas_frame(s):
    d = f(s).toPandas()
    return [str(d.dtypes.to_dict()), str(d)]


@add
def pandas_types(s):
    d = s.sql("select 1 i, 2L l, 1.5f f, 2.5d d, 'x' s, true b, date'2020-01-02' dt, timestamp'2020-01-01 10:00:00' ts, timestamp_ntz'2020-01-01 10:00:00' tn, "
              "decimal('1.5') de, array(1,2) a, map('k', 1) m, struct(1 x) st, x'01' bi, cast(1 as tinyint) ti, cast(null as int) ni, interval 1 day iv, null nu").toPandas()
    return [str(d.dtypes.to_dict()), str(d.iloc[0].to_dict())]


@add
def pandas_empty(s):
    d = f(s).filter("id > 99").toPandas()
    return [str(d.dtypes.to_dict()), str(d.shape)]


@add
def pandas_duplicate_names(s):
    return str(s.sql("select 1 a, 2 a").toPandas().values.tolist())


@add
def arrow_table(s):
    return str(n(s).toArrow().schema)


@add
def schema_and_types(s):
    d = n(s)
    return [d.schema.json(), str(d.dtypes), d.schema.simpleString()]


@add
def input_files_none(s):
    return str(s.range(1).inputFiles())


@add
def input_files_some(s, path):
    s.range(4).repartition(1).write.parquet(path + "/t")
    return [len(s.read.parquet(path + "/t").inputFiles()), s.read.parquet(path + "/t").inputFiles()[0].startswith("file:///")]


@add
def same_semantics_forms(s):
    a, b = s.range(10), s.range(10)
    up = lambda d, n, name: d.withColumn(name, d.id + n)
    return [a.sameSemantics(b), up(a, 1, "x").sameSemantics(up(b, 1, "x")), up(a, 1, "x").sameSemantics(up(b, 2, "x")), up(a, 1, "x").sameSemantics(up(b, 1, "y")),
            a.semanticHash() == b.semanticHash(), a.semanticHash() == s.range(11).semanticHash(), a.withColumn("x", a.id * 2).sameSemantics(b.withColumn("x", b.id + 2))]


@add
def same_semantics_wrong_argument(s):
    return caught(lambda: s.range(1).sameSemantics(1))


@add
def explain_headings(s):
    d = f(s).filter("id > 1")
    texts = [printed(lambda: d.explain()), printed(lambda: d.explain(True)), printed(lambda: d.explain("formatted")), printed(lambda: d.explain(mode="cost")),
             printed(lambda: d.explain(extended=False)), printed(lambda: d.explain("codegen"))]
    return [[line for line in text.splitlines() if line.startswith("==")] for text in texts]


@add
def explain_errors(s):
    return [caught(lambda: f(s).explain(True, "cost")), caught(lambda: f(s).explain("nope")), caught(lambda: f(s).explain(1))]


@add
def is_local_and_streaming(s):
    return [s.createDataFrame([(1,)], "a int").isLocal(), s.range(1).isLocal(), f(s).isStreaming]


@add
def storage_levels(s):
    d = s.range(7)
    out = [str(d.storageLevel), d.is_cached, str(d.cache().storageLevel), d.is_cached, str(d.unpersist().storageLevel), d.is_cached]
    from pyspark import StorageLevel
    e = s.range(8)
    out += [str(e.persist(StorageLevel.DISK_ONLY).storageLevel), str(s.range(8).storageLevel), str(s.range(9).storageLevel), str(e.unpersist(True).storageLevel)]
    return out


@add
def checkpoints(s):
    d = f(s).filter("id > 1")
    kept, lazy = d.localCheckpoint(), d.localCheckpoint(eager=False)
    return [str(kept.orderBy("id", "s").collect()), lazy.select("id").distinct().count(), printed(lambda: kept.printSchema()), kept.schema == d.schema]


@add
def repartition_forms(s):
    d = s.range(10)
    return str([x.count() for x in (d.repartition(3), d.repartition("id"), d.repartition(3, "id"), d.repartition(2, d.id % 2), d.coalesce(1),
                                    d.repartitionByRange(2, "id"), d.repartitionByRange(d.id.desc()))])


@add
def repartition_errors(s):
    d = s.range(10)
    return [caught(lambda: d.repartition(0).collect()), caught(lambda: d.repartition()), caught(lambda: d.repartitionByRange(3)),
            caught(lambda: d.repartition("nope").collect()), caught(lambda: d.coalesce(0).collect()), caught(lambda: d.repartition(1.5))]


@add
def partition_ids(s):
    pid = F.spark_partition_id().alias("p")
    count = lambda d: d.select(pid).distinct().count()
    return [s.range(10, numPartitions=5).select("id", pid), s.range(10).repartition(1).select("id", pid), s.range(0, 20, 1, 4).coalesce(2).select(pid).distinct(),
            count(s.range(100).repartition(7)), s.range(0, 10, 1, 3).select("id", F.monotonically_increasing_id().alias("m"))]


@add
def sort_within_partitions_one(s):
    return str(s.range(5).coalesce(1).sortWithinPartitions(F.desc("id")).collect())


@add
def transform_chain(s):
    return [g(s).transform(lambda d, k: d.filter(d.id == k), 3), caught(lambda: g(s).transform(lambda d: 1))]


@add
def temp_views(s):
    g(s).createTempView("tv1")
    out = [caught(lambda: g(s).createTempView("tv1")), s.table("tv1").count(), s.catalog.dropTempView("tv1"), s.catalog.dropTempView("tv1")]
    g(s).createOrReplaceGlobalTempView("gv1")
    out += [s.table("global_temp.gv1").count(), caught(lambda: g(s).createGlobalTempView("gv1")), s.catalog.dropGlobalTempView("gv1")]
    out += [caught(lambda: g(s).createTempView("a.b")), caught(lambda: s.table("tv1").collect())]
    return out


@add
def observe_forms(s):
    from pyspark.sql import Observation
    one, two = Observation("first_one"), Observation()
    d = s.range(10).observe(one, F.count(F.lit(1)).alias("rows"), F.max("id").alias("top")).filter("id > 4").observe(two, F.sum("id").alias("total"))
    rows = d.count()
    return [rows, one.get, two.get]


@add
def observe_errors(s):
    from pyspark.sql import Observation
    used = Observation("again")
    s.range(1).observe(used, F.count("id").alias("c")).collect()
    return [caught(lambda: s.range(1).observe(used, F.count("id").alias("c"))), caught(lambda: s.range(1).observe("x")),
            caught(lambda: s.range(1).observe("x", 1)), caught(lambda: s.range(1).observe("x", F.col("id")).collect()), caught(lambda: Observation(1)),
            caught(lambda: Observation("")), caught(lambda: Observation("unused").get)]


@add
def observe_by_name(s):
    d = s.range(5).observe("named", F.min("id").alias("low"), F.avg("id").alias("mid"))
    d.collect()
    return str(d.executionInfo is not None) if hasattr(d, "executionInfo") else "no info"


@add
def observe_empty_and_types(s):
    from pyspark.sql import Observation
    o = Observation("types")
    d = s.range(0).observe(o, F.count("id").alias("c"), F.max("id").alias("m"), F.collect_list("id").alias("l"), F.struct(F.sum("id").alias("s"), F.lit("x").alias("t")).alias("st"))
    d.collect()
    return str(o.get)


@add
def exists_and_scalar(s):
    a, b = f(s).alias("a"), g(s).alias("b")
    return [a.where(b.where(F.col("b.id") == F.col("a.id").outer()).exists()).select("id"),
            a.select("id", b.where(F.col("b.id") == F.col("a.id").outer()).select(F.max("word")).scalar().alias("w")),
            a.where(F.col("id") > b.select(F.min("id")).scalar()), a.where(~b.where(F.col("b.id") == F.col("a.id").outer()).exists()).select("id")]


@add
def scalar_errors(s):
    return [caught(lambda: s.range(1).select(g(s).scalar()).collect()), caught(lambda: s.range(1).select(g(s).select("id").scalar()).collect())]


@add
def column_in_frame(s):
    return [f(s).where(F.col("id").isin(g(s).select("id"))), f(s).where(F.struct("id", "s").isin(f(s).select("id", "s").limit(1)))]


@add
def zip_with_index_frame(s):
    return [s.range(3, 6).coalesce(1).zipWithIndex(), s.range(2).coalesce(1).zipWithIndex("row_number")]


@add
def melt_and_unpivot(s):
    d = s.createDataFrame([(1, 11, 1.1), (2, 12, 1.2)], "id int, a int, b double")
    return [d.unpivot("id", ["a", "b"], "var", "val"), d.melt(["id"], None, "var", "val"), d.unpivot([], ["a"], "v", "x"), caught(lambda: d.unpivot("id", [], "v", "x").collect())]


@add
def unpivot_no_common_type(s):
    d = s.sql("select 1 id, 2 a, array(1) b")
    return caught(lambda: d.unpivot("id", ["a", "b"], "v", "x").collect())


@add
def transpose_forms(s):
    d = s.createDataFrame([("A", 1, 2), ("B", 3, 4)], "k string, x int, y int")
    return [d.transpose(), d.transpose("k"), d.select("k", "x").transpose("k"), caught(lambda: s.sql("select 'a' k, 1 x, array(1) y").transpose().collect())]


test_frames = cases.test()
