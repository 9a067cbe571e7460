"""Relations of the DataFrame API: joins, set operations, grouping, ordering, columns, reshaping."""

import contextlib
import datetime
import io
from decimal import Decimal

import pyspark.sql.functions as F
from harness.cases import Cases
from pyspark.sql import Row
from pyspark.sql.window import Window


def setup(s):
    s.createDataFrame(
        [
            (1, "Ann", 10, Decimal("5000.00"), datetime.date(2020, 1, 15), None),
            (2, "Bob", 10, Decimal("4000.00"), datetime.date(2021, 3, 1), 1),
            (3, "Cid", 20, Decimal("4000.00"), datetime.date(2019, 7, 20), 1),
            (4, "Dee", 20, Decimal("3500.50"), datetime.date(2022, 11, 5), 3),
            (5, "Eve", None, Decimal("2500.00"), datetime.date(2023, 2, 28), 3),
            (6, "Fay", 30, None, None, 2),
        ],
        "id int, name string, dept int, salary decimal(10,2), hired date, boss int",
    ).createOrReplaceTempView("emp")
    s.createDataFrame(
        [(10, "Sales", "NY"), (20, "Ops", "SF"), (40, "Legal", None)], "dept int, title string, city string"
    ).createOrReplaceTempView("dept")
    s.createDataFrame(
        [("2023", "Q1", "A", 10), ("2023", "Q2", "A", 20), ("2023", "Q1", "B", 5), ("2024", "Q1", "A", 7),
         ("2024", "Q2", "B", None), ("2024", "Q2", "A", 1)], "y string, q string, p string, amt int"
    ).createOrReplaceTempView("sales")
    s.createDataFrame(
        [(1, 1.5, "a"), (2, None, None), (None, float("nan"), "c"), (4, -1.0, "a")], "k int, v double, s string"
    ).createOrReplaceTempView("holes")


cases = Cases("relations", setup)
add = cases.add


def emp(s):
    return s.table("emp")


def dept(s):
    return s.table("dept")


# Joins.


@add
def join_by_name(s):
    return emp(s).join(dept(s), "dept")


@add
def join_by_names_left(s):
    return emp(s).join(dept(s), ["dept"], "left")


@add
def join_by_condition(s):
    e, d = emp(s), dept(s)
    return e.join(d, e.dept == d.dept, "inner").select(e.name, d.title, d.dept)


@add
def join_by_conditions_list(s):
    e, d = emp(s), dept(s)
    return e.join(d, [e.dept == d.dept, d.city == "NY"], "left_outer").select(e["id"], d["city"])


@add
def join_full_outer(s):
    return emp(s).select("dept", "name").join(dept(s), "dept", "full")


@add
def join_right(s):
    return emp(s).select("dept", "name").join(dept(s), "dept", "right")


@add
def join_semi(s):
    return emp(s).join(dept(s), "dept", "left_semi")


@add
def join_anti(s):
    return emp(s).join(dept(s), "dept", "left_anti")


@add
def join_cross(s):
    return emp(s).select("id").crossJoin(dept(s).select("dept"))


@add
def join_without_condition(s):
    return emp(s).select("id").join(dept(s).select("title"))


@add
def self_join_by_alias(s):
    e = emp(s)
    return e.alias("a").join(e.alias("b"), F.col("a.boss") == F.col("b.id")).select("a.name", F.col("b.name").alias("boss"))


@add
def self_join_by_frames(s):
    a = emp(s).select("id", "boss")
    b = a.withColumnRenamed("id", "bid").select("bid")
    return a.join(b, a.boss == b.bid)


@add
def join_same_frame_twice_keeps_plan_ids(s):
    e = emp(s)
    d1, d2 = dept(s), dept(s)
    return e.join(d1, e.dept == d1.dept).join(d2, e.dept == d2.dept).select(d1.title, d2.title, e.id)


@add
def join_ambiguous_column(s):
    e, d = emp(s), dept(s)
    return e.join(d, e.dept == d.dept).select("dept")


@add
def join_null_safe(s):
    h = s.table("holes")
    return h.alias("a").join(h.alias("b"), F.col("a.k").eqNullSafe(F.col("b.k"))).select("a.k", "b.s")


@add
def join_with_broadcast_hint(s):
    return emp(s).join(F.broadcast(dept(s)), "dept").select("id", "title")


# Set operations.


@add
def union_all(s):
    return emp(s).select("dept").union(dept(s).select("dept"))


@add
def union_widens(s):
    return s.range(2).union(s.createDataFrame([(2.5,)], "x double"))


@add
def union_by_name(s):
    return emp(s).select("id", "name").unionByName(dept(s).select(F.col("title").alias("name"), F.col("dept").alias("id")))


@add
def union_by_name_missing_columns(s):
    return emp(s).select("id", "name").unionByName(dept(s).select("title", F.col("dept").alias("id")), allowMissingColumns=True)


@add
def union_by_name_missing_is_an_error(s):
    return emp(s).select("id", "name").unionByName(dept(s).select("title"))


@add
def intersect(s):
    return emp(s).select("dept").intersect(dept(s).select("dept"))


@add
def intersect_all(s):
    return emp(s).select("dept").intersectAll(emp(s).select("dept").limit(10))


@add
def except_all(s):
    return emp(s).select("dept").exceptAll(dept(s).select("dept"))


@add
def subtract(s):
    return emp(s).select("dept").subtract(dept(s).select("dept"))


@add
def union_of_different_widths_is_an_error(s):
    return emp(s).union(dept(s))


# Ordering, limits, distinct.


@add(ordered=True)
def sort_by_columns(s):
    return emp(s).sort(F.col("dept").desc_nulls_first(), F.asc("id")).select("dept", "id")


@add(ordered=True)
def sort_by_names_and_flags(s):
    return emp(s).orderBy(["dept", "id"], ascending=[False, True]).select("id")


@add(ordered=True)
def sort_with_nulls_last(s):
    return emp(s).orderBy(F.asc_nulls_last("salary"), "id").select("id", "salary")


@add
def sort_within_partitions(s):
    return emp(s).repartition(2, "dept").sortWithinPartitions("id").select("id")


@add(ordered=True)
def limit_after_sort(s):
    return emp(s).orderBy("id").limit(2)


@add(ordered=True)
def offset_after_sort(s):
    return emp(s).orderBy("id").offset(4).select("id")


@add
def tail_rows(s):
    return str(s.range(10).orderBy("id").tail(3))


@add
def head_take_first(s):
    f = s.range(5).orderBy("id")
    return str([f.head(), f.head(2), f.take(1), f.first(), s.range(0).first(), f.isEmpty(), s.range(0).isEmpty()])


@add
def distinct(s):
    return emp(s).select("dept").distinct()


@add
def drop_duplicates_all(s):
    return emp(s).select("dept").dropDuplicates()


@add
def drop_duplicates_by_key(s):
    return emp(s).dropDuplicates(["dept"]).select("dept")


@add
def count_is_a_number(s):
    return str([emp(s).count(), emp(s).where("dept is null").count()])


# Grouping.


@add
def group_by_count(s):
    return emp(s).groupBy("dept").count()


@add
def group_by_agg(s):
    return emp(s).groupBy("dept").agg(F.sum("salary"), F.avg("salary").alias("a"), F.max("hired"), F.count_distinct("boss"))


@add
def group_by_agg_dict(s):
    return emp(s).groupBy("dept").agg({"salary": "max"})


@add
def group_by_expression(s):
    return emp(s).groupBy(F.year("hired").alias("y")).agg(F.count("*").alias("n"))


@add
def grouped_shortcuts(s):
    g = s.table("sales").groupBy("y")
    return [g.sum("amt"), g.avg("amt"), g.min("amt"), g.max("amt"), g.mean("amt")]


@add
def global_agg(s):
    return emp(s).agg(F.min("name"), F.max("id"), F.sum("salary"))


@add
def rollup(s):
    return s.table("sales").rollup("y", "q").agg(F.sum("amt").alias("t"), F.grouping_id().alias("g"))


@add
def cube(s):
    return s.table("sales").cube("y", "p").agg(F.sum("amt"), F.grouping("y"))


@add(since=(4, 0))
def grouping_sets(s):
    f = s.table("sales")
    return f.groupingSets([("y",), ("q",), ()], "y", "q").agg(F.sum("amt").alias("t"))


@add
def pivot_with_values(s):
    return s.table("sales").groupBy("y").pivot("q", ["Q1", "Q2"]).sum("amt")


@add
def pivot_without_values(s):
    return s.table("sales").groupBy("y").pivot("q").sum("amt")


@add
def pivot_with_several_aggregates(s):
    return s.table("sales").groupBy("y").pivot("q", ["Q1"]).agg(F.sum("amt").alias("s"), F.count("amt").alias("c"))


@add
def filter_on_aggregate(s):
    return emp(s).groupBy("dept").count().where(F.col("count") > 1)


@add
def aggregate_not_grouped_is_an_error(s):
    return emp(s).groupBy("dept").agg(F.col("name"))


# Columns.


@add
def select_expressions(s):
    return emp(s).select(F.col("id") + 1, "name", (F.col("salary") * 2).alias("twice"), F.lit("x"), F.expr("id * 10"))


@add
def select_expr(s):
    return emp(s).selectExpr("id", "upper(name) as n", "id % 2 = 0 even", "*")


@add
def select_star_and_prefix(s):
    return emp(s).alias("e").select("e.*").limit(0)


@add
def select_by_attribute_and_index(s):
    f = emp(s)
    return f.select(f.id, f["name"], f[2])


@add
def select_by_regex(s):
    return emp(s).select(emp(s).colRegex("`(id|na.*)`"))


@add
def select_struct_fields(s):
    f = s.createDataFrame([Row(a=Row(b=1, c="x"))])
    return f.select("a.b", F.col("a.c"), f.a.b, F.col("a").getField("c"), "a.*")


@add
def where_variants(s):
    f = emp(s)
    return [f.where("id > 4").select("id"), f.filter((f.id > 1) & ~(f.dept == 20)).select("id"), f.where(f.dept.isNull() | f.boss.isin(1, 2)).select("id")]


@add
def with_column(s):
    return emp(s).withColumn("next", F.col("id") + 1).withColumn("name", F.upper("name")).select("id", "next", "name")


@add
def with_columns(s):
    return s.range(2).withColumns({"a": F.col("id") * 2, "b": F.lit(None).cast("string")})


@add
def with_column_renamed(s):
    return emp(s).withColumnRenamed("name", "who").withColumnRenamed("nope", "x").select("who")


@add
def with_columns_renamed(s):
    return dept(s).withColumnsRenamed({"title": "t", "city": "c"})


@add
def drop_columns(s):
    return [emp(s).drop("salary", "hired", "boss", "nope"), emp(s).drop(F.col("name"), F.col("salary"), F.col("hired"))]


@add
def to_df_renames_all(s):
    return dept(s).toDF("a", "b", "c")


@add
def with_metadata_keeps_data(s):
    return s.range(1).withMetadata("id", {"k": 1})


@add
def alias_and_qualified_column(s):
    return emp(s).alias("q").select("q.id").where("q.id = 1")


@add
def transform_function(s):
    return s.range(2).transform(lambda f: f.withColumn("x", f.id * 3))


@add
def case_when(s):
    return emp(s).select("id", F.when(F.col("dept") == 10, "ten").when(F.col("dept") == 20, "twenty").otherwise("other").alias("w"))


@add
def column_operators(s):
    c = F.col("id")
    return s.range(3).select(c + 1, c - 1, c * 2, c / 2, c % 2, -c, c == 1, c != 1, c < 1, c >= 1, ~(c > 1), (c > 0) & (c < 2), c.between(0, 1), c.isin([0, 2]), c.cast("string"), 2 + c, 2 - c, 2 / (c + 1), c ** 2)


@add
def column_string_operators(s):
    n = F.col("name")
    return emp(s).select(n.like("A%"), n.ilike("a%"), n.rlike("^.[a-o]"), n.startswith("B"), n.endswith("e"), n.contains("i"), n.substr(1, 2).alias("sub"))


@add
def column_bit_operators(s):
    c = F.col("id")
    return s.range(3).select(c.bitwiseAND(1), c.bitwiseOR(4), c.bitwiseXOR(3), F.bitwise_not(c), F.shiftleft(c, 2))


@add
def column_nested_updates(s):
    f = s.createDataFrame([Row(a=Row(b=1, c="x"))])
    return f.select(f.a.withField("d", F.lit(5)).alias("a")).select("a", F.col("a").dropFields("b").alias("e"))


@add
def unknown_column(s):
    return emp(s).select("nope")


@add
def unknown_table(s):
    return s.table("no_such_table")


@add
def filter_not_boolean(s):
    return emp(s).where("id")


@add
def literals_of_all_kinds(s):
    return s.range(1).select(
        F.lit(1), F.lit(2**40), F.lit(1.5), F.lit("s"), F.lit(True), F.lit(None), F.lit(b"\x01"), F.lit(Decimal("1.20")),
        F.lit(datetime.date(2024, 1, 2)), F.lit(datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)),
        F.lit(datetime.timedelta(days=1, seconds=2)), F.lit([1, 2]), F.array(F.lit(1)), F.create_map(F.lit("a"), F.lit(1)),
        F.struct(F.lit(1).alias("x")))


# Windows.


@add
def window_ranking(s):
    w = Window.partitionBy("dept").orderBy(F.desc("salary"), "id")
    return emp(s).select("id", F.row_number().over(w).alias("rn"), F.rank().over(w).alias("r"), F.dense_rank().over(w).alias("d"))


@add
def window_frames(s):
    rows = Window.orderBy("id").rowsBetween(-1, 1)
    running = Window.orderBy("id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    span = Window.orderBy("id").rangeBetween(-2, 0)
    return emp(s).select("id", F.sum("id").over(rows).alias("a"), F.sum("id").over(running).alias("b"), F.count("id").over(span).alias("c"))


@add
def window_lag_lead(s):
    w = Window.orderBy("id")
    return emp(s).select("id", F.lag("name").over(w).alias("l"), F.lead("name", 2, "-").over(w).alias("n"), F.ntile(3).over(w).alias("t"))


@add
def window_over_everything(s):
    return emp(s).select("id", F.count("*").over(Window.partitionBy()).alias("n"), F.first("name").over(Window.partitionBy("dept").orderBy("id")).alias("f"))


# Reshaping.


@add
def unpivot(s):
    f = s.createDataFrame([(1, 11, 1.1), (2, 12, 1.2)], "id int, a int, b double")
    return [f.unpivot("id", ["a", "b"], "var", "val"), f.melt(["id"], None, "var", "val"), f.select("id", "a").unpivot("id", "a", "v", "x")]


@add
def explode_variants(s):
    f = s.createDataFrame([(1, [1, 2], {"x": 10}), (2, [], {}), (3, None, None)], "id int, xs array<int>, m map<string,int>")
    return [f.select("id", F.explode("xs")), f.select("id", F.explode_outer("xs").alias("x")), f.select("id", F.posexplode("xs")), f.select("id", F.explode_outer("m"))]


@add
def stack_of_columns(s):
    return s.range(1).select(F.expr("stack(2, 'a', 1, 'b', 2) as (n, v)"))


@add(since=(4, 0))
def transpose(s):
    return s.createDataFrame([("a", 1, 2), ("b", 3, 4)], "k string, x int, y int").transpose()


@add
def repartition_keeps_rows(s):
    f = s.range(100)
    return [f.repartition(3).agg(F.sum("id")), f.repartition("id").agg(F.count("id")), f.coalesce(1).agg(F.max("id")), f.repartitionByRange(4, "id").agg(F.min("id"))]


@add
def sample_is_bounded(s):
    f = s.range(1000)
    return str([0 < f.sample(0.5, 7).count() < 1000, f.sample(0.0).count(), f.sample(1.0).count(), f.sample(True, 0.5, 3).count() > 0])


@add
def random_split_covers_all(s):
    parts = s.range(200).randomSplit([0.5, 0.5], 11)
    return str([len(parts), sum(p.count() for p in parts)])


@add
def range_variants(s):
    return [s.range(3), s.range(2, 5), s.range(10, 0, -4), s.range(0, 10, 3, 2), s.range(0)]


@add
def to_schema(s):
    from pyspark.sql.types import LongType, StringType, StructField, StructType
    return s.createDataFrame([("a", 1)], "s string, n int").to(StructType([StructField("n", LongType()), StructField("s", StringType())]))


@add
def sql_with_arguments(s):
    return [s.sql("select :x + 1 as a, :y as b", args={"x": 41, "y": "q"}), s.sql("select ? as a", args=[7])]


@add(since=(4, 0))
def sql_with_frames(s):
    return s.sql("select * from {t} where id = {n}", t=emp(s), n=1)


# Missing values and statistics.


@add
def na_drop(s):
    f = s.table("holes")
    return [f.na.drop(), f.dropna("all"), f.dropna(thresh=2), f.dropna(subset=["s"])]


@add
def na_fill(s):
    f = s.table("holes")
    return [f.na.fill(0), f.fillna("?"), f.fillna({"k": 9, "s": "none"}), f.fillna(1.25, subset=["v"]), f.fillna(True)]


@add
def na_replace(s):
    f = s.table("holes")
    return [f.na.replace("a", "z"), f.replace(1, 100), f.replace({"a": "b", "c": None}, subset=["s"]), f.replace([1, 4], [10, 40], "k")]


@add(ordered=True)
def describe(s):
    return s.table("sales").describe("amt", "p")


@add(ordered=True)
def summary(s):
    return s.table("sales").summary("count", "min", "50%", "max", "mean", "stddev")


@add
def statistics(s):
    f = s.createDataFrame([(1.0, 2.0), (2.0, 3.5), (3.0, 5.5), (4.0, 7.0)], "a double, b double")
    return str([round(f.stat.corr("a", "b"), 9), round(f.stat.cov("a", "b"), 9), f.approxQuantile("a", [0.0, 0.5, 1.0], 0.0), f.stat.approxQuantile(["a", "b"], [0.5], 0.0)])


@add
def crosstab(s):
    return s.table("sales").select("y", "q").crosstab("y", "q")


@add
def frequent_items(s):
    return s.createDataFrame([(1, "a"), (1, "b"), (1, "a")], "x int, s string").freqItems(["x"], 0.6)


@add
def sample_by(s):
    return s.table("sales").sampleBy("y", {"2023": 1.0, "2024": 0.0}, 1)


# Show, explain, schema.


def shown(frame, *arguments):
    return frame._show_string(*arguments)


@add
def show_default(s):
    return shown(emp(s).orderBy("id"), 20, True, False)


@add
def show_truncated_and_vertical(s):
    f = s.createDataFrame([(1, "a very long text that is longer than twenty"), (None, "é日本")], "n int, t string")
    return [shown(f, 20, True, False), shown(f, 20, False, False), shown(f, 1, 8, False), shown(f, 2, True, True), shown(f.limit(0), 20, True, False)]


@add
def show_types(s):
    f = s.sql("select 1.0D d, 1e10D e, cast(1.5 as float) f, 1.50 g, true b, null n, array(1, null) a, map('k', 1) m, struct(1 as x, 'y' as z) s, x'414243' x, date'2024-01-02' dt, timestamp'2024-01-02 03:04:05.6' ts, interval 1 day 2 hours iv, double('nan') nn, '' es, timestamp_ntz'2024-01-02 00:00:00' nz")
    return [shown(f, 20, False, False), shown(f, 20, False, True)]


@add
def print_schema(s):
    f = s.sql("select 1 a, array(named_struct('b', 1, 'c', map('k', 1.5))) d, cast(null as string) e")
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        f.printSchema()
    return text.getvalue()


@add
def schema_json(s):
    return emp(s).schema.json()


@add
def columns_and_dtypes(s):
    return [str(emp(s).columns), str(emp(s).dtypes)]


@add
def select_from_chained_frames(s):
    f = s.range(10).where("id > 2").withColumn("m", F.col("id") % 3).groupBy("m").agg(F.sum("id").alias("t")).where("t > 8").orderBy("m")
    return f


@add(since=(4, 0))
def subquery_scalar_and_exists(s):
    e, d = emp(s), dept(s)
    return [e.where(F.col("salary") == e.select(F.max("salary")).scalar()).select("name"),
            d.alias("d").where(emp(s).where(F.col("dept") == F.col("d.dept").outer()).exists()).select("title")]


@add(since=(4, 1))
def subquery_in(s):
    return emp(s).where(F.col("dept").isin(dept(s).select("dept"))).select("name")


@add(since=(4, 0))
def lateral_join(s):
    return dept(s).alias("d").lateralJoin(emp(s).where(F.col("dept") == F.col("d.dept").outer()).select("name")).select("title", "name")


@add(since=(4, 0))
def table_functions(s):
    return [s.tvf.range(3), s.tvf.explode(F.array(F.lit(1), F.lit(2))), s.tvf.stack(F.lit(2), F.lit("a"), F.lit("b"))]


test_relations = cases.test()
