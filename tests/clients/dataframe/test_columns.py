"""Methods of Column, what their results are called, and what is said about their misuse."""

import datetime
from decimal import Decimal

import pyspark.sql.functions as F
from harness.cases import Cases
from harness.programs import caught, printed
from pyspark.sql import Row
from pyspark.sql.types import DecimalType, IntegerType, StringType
from pyspark.sql.window import Window


def setup(s):
    s.createDataFrame(
        [(1, "apple", 1.5, True, datetime.date(2024, 1, 31)), (2, "Banana", None, False, None), (None, None, -2.5, None, datetime.date(2020, 2, 29))],
        "i int, s string, d double, b boolean, t date",
    ).createOrReplaceTempView("c")
    s.createDataFrame(
        [((1, "x", (5, "deep")), [3, 1, 2], {"a": 1, "b": 2}), (None, None, None)],
        "st struct<a:int,b:string,n:struct<p:int,q:string>>, arr array<int>, m map<string,int>",
    ).createOrReplaceTempView("k")


cases = Cases("columns", setup, since=(4, 2))
add = cases.add


def c(s):
    return s.table("c")


def k(s):
    return s.table("k")


@add
def arithmetic(s):
    i, d = F.col("i"), F.col("d")
    return c(s).select(i + 1, 1 + i, i - 1, 10 - i, i * 2, i / 2, 2 / d, i % 2, 7 % i, -i, i**2, 2**i, i + d, i + 1.5, i + Decimal("1.10"))


@add
def comparisons(s):
    i, t = F.col("i"), F.col("s")
    return c(s).select(i == 1, i != 1, i > 1, i >= 1, i < 2, i <= 1, t == "apple", i.eqNullSafe(None), i.eqNullSafe(1), t > "a")


@add
def logic(s):
    b = F.col("b")
    return c(s).select(b & True, b | F.lit(False), ~b, (b == True) & (F.col("i") > 0), True & b, False | b)


@add
def bitwise(s):
    i = F.col("i")
    return c(s).select(i.bitwiseAND(3), i.bitwiseOR(8), i.bitwiseXOR(1), F.bitwise_not(i), F.shiftleft(i, 2), F.shiftright(i, 1), F.shiftrightunsigned(i, 1))


@add
def null_tests(s):
    return c(s).select(F.col("i").isNull(), F.col("i").isNotNull(), F.col("d").isNaN(), F.isnull("s"), F.isnan("d"))


@add
def text_tests(s):
    t = F.col("s")
    return c(s).select(t.contains("an"), t.startswith("a"), t.endswith("e"), t.like("%a%"), t.ilike("B%"), t.rlike("^[A-Z]"), t.startswith(F.lit("B")))


@add
def substrings(s):
    t = F.col("s")
    return c(s).select(t.substr(1, 3), t.substr(F.lit(2), F.lit(2)), t[1:2], t.substr(-2, 2))


@add
def substring_mixed_types(s):
    return caught(lambda: F.col("s").substr(1, F.lit(2)))


@add
def memberships(s):
    i = F.col("i")
    return c(s).select(i.isin(1, 2), i.isin([1, 3]), i.isin({2}), F.col("s").isin("apple", None), i.isin(), i.isin([]), ~i.isin(1))


@add
def ranges(s):
    return c(s).select(F.col("i").between(1, 2), F.col("t").between("2020-01-01", "2021-01-01"), F.col("d").between(F.lit(0), F.col("i")))


@add
def casts(s):
    i = F.col("i")
    return c(s).select(i.cast("string"), i.cast(StringType()), i.astype("double"), i.cast("decimal(5,1)"), i.cast(DecimalType(10, 2)), F.col("s").try_cast("int"),
                       F.col("t").cast("timestamp"), F.col("b").cast("int"), F.col("d").cast("bigint"), i.try_cast(StringType()))


@add
def cast_errors(s):
    return [caught(lambda: c(s).select(F.col("s").cast("int")).collect()), caught(lambda: c(s).select(F.col("t").cast("int")).collect()),
            caught(lambda: F.col("s").cast(1)), caught(lambda: c(s).select(F.col("s").cast("nope")).collect()), caught(lambda: c(s).select(F.col("b").cast("array<int>")).collect())]


@add
def conditionals(s):
    i = F.col("i")
    return c(s).select(F.when(i > 1, "big").otherwise("small"), F.when(i == 1, 1).when(i == 2, 2.5), F.when(i.isNull(), F.col("s")).otherwise(F.lit("x")).alias("w"))


@add
def conditional_misuse(s):
    return [caught(lambda: F.when("x", 1)), caught(lambda: F.col("i").when(F.lit(True), 1)), caught(lambda: F.when(F.lit(True), 1).otherwise(2).otherwise(3)),
            caught(lambda: c(s).select(F.when(F.col("i"), 1)).collect())]


@add
def names_of_expressions(s):
    i = F.col("i")
    return str([c(s).select(x).columns for x in (
        i.cast("long"), i.isin(1, 2), i.between(1, 3), F.col("s").substr(1, 2), F.when(i > 1, 1).otherwise(0), -i, ~(i > 1), F.lit(1), F.lit("x"), F.lit(None), F.lit(1.5),
        F.lit(datetime.date(2020, 1, 1)), F.lit(datetime.timedelta(hours=1)), F.lit([1, 2]), F.lit(b"x"), F.lit(True), F.array("i", "d"), F.struct("i", F.lit(1).alias("q")),
        F.create_map(F.lit("a"), i), F.count("*"), F.count(F.lit(1)), F.countDistinct("i", "s"), F.sum_distinct("i"), F.expr("i + 1"), F.concat("s", F.lit("-")),
        F.coalesce("i", F.lit(0)), F.round("d", 1), F.date_add("t", 1), F.row_number().over(Window.orderBy("i")),
        F.sum("i").over(Window.partitionBy("s").orderBy("i").rowsBetween(-1, 0)), F.transform(F.array("i"), lambda x: x + 1), (i + 1) * 2, i**2,
        F.exists(F.array("i"), lambda x: x > 1), F.expr("count(*) filter (where i > 1)"))])


@add
def names_of_nested_access(s):
    return str(k(s).select("st.a", "st.n.p", F.col("st").getField("b"), F.col("st")["a"], F.col("arr")[0], F.col("arr").getItem(1), F.col("m")["a"], F.col("m").getItem("b"),
                           F.col("st.n")["q"], F.col("m.a"), F.get("arr", 0), F.element_at("m", "a")).columns)


@add
def nested_access(s):
    return k(s).select(F.col("st").getField("a"), F.col("st")["n"]["q"], F.col("st.n.p"), F.col("m")["zz"], F.col("m").getItem("a"), F.col("st").a)


@add
def array_index_out_of_range(s):
    return [caught(lambda: k(s).select(F.col("arr")[5]).collect()), caught(lambda: k(s).select(F.element_at("arr", 0)).collect())]


@add
def nested_access_errors(s):
    return [caught(lambda: k(s).select(F.col("st")["zz"]).collect()), caught(lambda: c(s).select(F.col("i")["x"]).collect()), caught(lambda: c(s).select("i.x").collect()),
            caught(lambda: k(s).select(F.col("arr")["x"]).collect()), caught(lambda: F.col("arr")[{}])]


@add
def with_field_forms(s):
    st = F.col("st")
    return k(s).select(st.withField("a", F.lit(9)).alias("r"), st.withField("z", F.lit("new")), st.withField("n.p", F.lit(0)).alias("deep"), st.withField("n.z", st["a"]).alias("more"))


@add
def drop_fields_forms(s):
    st = F.col("st")
    return k(s).select(st.dropFields("a").alias("x"), st.dropFields("a", "b").alias("y"), st.dropFields("n.p").alias("z"), st.dropFields("nope").alias("w"))


@add
def field_update_errors(s):
    return [caught(lambda: k(s).select(F.col("st").dropFields("a", "b", "n")).collect()), caught(lambda: c(s).select(F.col("i").withField("a", F.lit(1))).collect()),
            caught(lambda: F.col("st").withField("a", 1)), caught(lambda: F.col("st").withField(1, F.lit(1)))]


@add
def alias_forms(s):
    return [c(s).select(F.col("i").alias("x"), F.col("i").name("y")), caught(lambda: F.col("i").alias()), caught(lambda: F.col("i").alias("a", "b", metadata={})),
            caught(lambda: c(s).select(F.col("i").alias("a", "b")).collect())]


@add
def reprs_of_columns(s):
    i = F.col("i")
    return [str(x) for x in (i, i + 1, i == "x", i.alias("q"), i.cast("int"), F.lit("x"), F.lit(1), F.lit(None), F.when(i > 1, 2).otherwise(3), F.sum("i"), i.isin(1, 2), ~i, -i,
                             i.between(1, 2), F.col("a.b"), F.col("*"), F.expr("i + 1"), F.array("i"), i.substr(1, 2), i[0], i.a, i.asc(),
                             F.row_number().over(Window.partitionBy("i").orderBy("s")), i.try_cast("int"), i & i, i.eqNullSafe(1), i.getItem(1), i.like("x"), i.outer())]


@add
def boolean_misuse(s):
    i = F.col("i")
    return [caught(lambda: bool(i)), caught(lambda: i > 1 and i < 3), caught(lambda: list(i)), caught(lambda: 1 in i), caught(lambda: i(1)), caught(lambda: i[1:3:2]), caught(lambda: F.col(1))]


@add
def type_mismatches(s):
    return [caught(lambda: c(s).select(x).collect()) for x in (
        F.col("i") + F.col("b"), F.col("s") & F.col("b"), ~F.col("i"), -F.col("s"), F.col("i") + F.array("i"), F.col("t") + F.lit(1.5), F.col("i") == F.array("i"),
        F.col("b") > F.lit(1), F.sum("b"), F.upper(F.array("i")), F.size("i"), F.explode("i"), F.abs("b"), F.concat("arr"), F.col("i").isin("x"), F.when(F.col("b"), F.col("i")).otherwise(F.col("t")))]


@add
def runtime_errors(s):
    return [caught(lambda: c(s).select(x).collect()) for x in (
        F.lit(1) / F.lit(0), F.col("i") / 0, F.col("i") % 0, F.lit(2147483647) + 1, F.col("i").cast("int") * 2147483647, F.col("s").cast("date"), F.lit("x").cast("double"),
        F.lit(300).cast("tinyint"), F.lit(1e20).cast("int"), F.lit(Decimal("123.45")).cast("decimal(3,1)"), F.make_date(F.lit(2020), F.lit(13), F.lit(1)), F.raise_error(F.lit("boom")),
        F.assert_true(F.col("i") > 5), F.to_date(F.lit("2020-99-01")), F.to_timestamp(F.lit("x"), "yyyy"), F.element_at(F.array(F.lit(1)), 3), F.lit("a").cast("boolean"),
        F.date_format(F.lit("2020-01-01"), "bbb"), F.try_add(F.lit(2147483647), F.lit(1)), F.abs(F.lit(-2147483648)), F.pmod(F.lit(1), F.lit(0)), F.sequence(F.lit(1), F.lit(5), F.lit(-1)))]


@add
def unresolved_names(s):
    return [caught(lambda: c(s).select(x).collect()) for x in (F.col("nope"), F.col("c.nope"), F.col("x.i"), F.col("ii"), F.expr("nope + 1"), F.col("i.nope"), F.sum("nope"), F.col("`i i`"))]


@add
def unresolved_functions(s):
    return [caught(lambda: c(s).select(F.call_function("nope", "i")).collect()), caught(lambda: c(s).select(F.expr("nope(i)")).collect()),
            caught(lambda: c(s).select(F.call_function("upper")).collect()), caught(lambda: c(s).select(F.call_function("a.b.c", "i")).collect()),
            caught(lambda: c(s).select(F.expr("upper(i, 1, 2)")).collect())]


@add
def windows_frames(s):
    d = s.createDataFrame([("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", None)], "g string, v int")
    w = Window.partitionBy("g").orderBy("v")
    return d.select("g", "v", F.row_number().over(w).alias("rn"), F.rank().over(w), F.dense_rank().over(w), F.percent_rank().over(w), F.cume_dist().over(w), F.ntile(2).over(w),
                    F.lag("v").over(w), F.lag("v", 1, 0).over(w), F.lead("v", 2).over(w), F.first("v").over(w), F.last("v", True).over(w.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)),
                    F.sum("v").over(w.rowsBetween(-1, Window.currentRow)), F.avg("v").over(w.rangeBetween(-1, 1)), F.nth_value("v", 2).over(w), F.count("*").over(Window.partitionBy("g")))


@add
def window_misuse(s):
    d = c(s)
    return [caught(lambda: d.select(F.row_number()).collect()), caught(lambda: d.select(F.row_number().over(Window.partitionBy("i"))).collect()), caught(lambda: F.col("i").over("x")),
            caught(lambda: d.select(F.upper("s").over(Window.orderBy("i"))).collect()), caught(lambda: d.select(F.sum("i").over(Window.orderBy("i", "s").rangeBetween(-1, 1))).collect()),
            caught(lambda: d.groupBy("s").agg(F.row_number().over(Window.orderBy("i"))).collect()), caught(lambda: d.select(F.sum("i").over(Window.rowsBetween(3, 1))).collect())]


@add
def window_reprs(s):
    return [str(type(Window.partitionBy("a")).__name__), caught(lambda: Window.rowsBetween("a", 1))]


@add
def higher_order(s):
    return k(s).select(F.transform("arr", lambda x: x * 2), F.transform("arr", lambda x, i: x + i), F.filter("arr", lambda x: x > 1), F.exists("arr", lambda x: x > 2),
                       F.forall("arr", lambda x: x > 0), F.aggregate("arr", F.lit(0), lambda a, x: a + x), F.zip_with("arr", "arr", lambda x, y: x * y),
                       F.transform_keys("m", lambda a, b: F.upper(a)), F.transform_values("m", lambda a, b: b + 1), F.map_filter("m", lambda a, b: b > 1),
                       F.map_zip_with("m", "m", lambda a, x, y: x + y), F.array_sort("arr", lambda x, y: y - x), F.reduce("arr", F.lit(0), lambda a, x: a + x, lambda a: a * 10))


@add
def higher_order_struct_state(s):
    merge = lambda a, x: F.struct((a.count + 1).alias("count"), (a.sum + x).alias("sum"))
    return s.range(1).select(F.aggregate(F.array(F.lit(20.0), F.lit(4.0)), F.struct(F.lit(0).alias("count"), F.lit(0.0).alias("sum")), merge, lambda a: a.sum / a.count))


@add
def higher_order_misuse(s):
    return [caught(lambda: F.transform("arr", lambda: 1)), caught(lambda: F.transform("arr", lambda x: 1)), caught(lambda: F.transform("arr", lambda a, b, c: a)),
            caught(lambda: F.filter("arr", lambda *a: a)), caught(lambda: k(s).select(F.filter("arr", lambda x: x + 1)).collect())]


@add
def stars_in_functions(s):
    return c(s).select(F.count("*"), F.count(F.expr("*")), F.count("i"), F.countDistinct("*"))


@add
def stars_in_hashes(s):
    return c(s).select(F.hash("*"), F.xxhash64("*"), F.struct("*"), F.array(F.struct("*")))


@add
def literals(s):
    import numpy as np
    return s.range(1).select(F.lit(1), F.lit(2**40), F.lit(1.5), F.lit("x"), F.lit(None), F.lit(True), F.lit(b"\x01"), F.lit(Decimal("1.20")), F.lit(datetime.date(2020, 1, 2)),
                             F.lit(datetime.datetime(2020, 1, 2, 3, 4, 5)), F.lit(datetime.timedelta(days=1, seconds=2)), F.lit([1, 2]), F.lit(["a"]), F.lit([[1], [2]]),
                             F.lit(np.int8(1)), F.lit(np.int16(1)), F.lit(np.int32(1)), F.lit(np.int64(1)), F.lit(np.float32(0.5)), F.lit(np.float64(0.5)), F.lit(np.array([1, 2])), F.lit(np.bool_(True)))


@add
def literal_misuse(s):
    return [caught(lambda: F.lit(2**70)), caught(lambda: F.lit({"a": 1})), caught(lambda: F.lit(object())), caught(lambda: s.range(1).select(F.lit([])).collect()), caught(lambda: F.lit([F.col("a")]))]


@add
def conditional_functions(s):
    return c(s).select(F.coalesce("i", F.lit(-1)), F.nvl("s", F.lit("none")), F.nvl2("i", F.lit("y"), F.lit("n")), F.ifnull("d", F.lit(0.0)), F.nullif("i", F.lit(1)), F.nanvl("d", F.lit(9.0)),
                       F.greatest("i", "d"), F.least("i", F.lit(1)), F.nullifzero("i"), F.zeroifnull("i"), F.equal_null("i", F.lit(1)))


@add
def deterministic_random(s):
    return s.range(0, 3, 1, 1).select(F.rand(42), F.randn(42), F.randstr(F.lit(5), F.lit(3)), F.uniform(F.lit(1), F.lit(10), F.lit(7)))


@add
def columns_of_frames(s):
    d = c(s)
    return d.select(d.i, d["s"], d.d + 1, -d["i"], d.b & d["b"]).filter(d.i.isNotNull()).orderBy(d.i.desc())


@add
def column_not_iterable(s):
    return [caught(lambda: F.upper(F.col("s"), 1)), caught(lambda: F.array(1)), caught(lambda: F.struct(1)), caught(lambda: F.round("d", "x")), caught(lambda: F.concat(1, 2))]


@add
def function_argument_types(s):
    return c(s).select(F.round("d", 0), F.round(F.col("d"), F.lit(1)), F.date_add("t", F.col("i")), F.add_months("t", 1), F.lpad("s", 8, "*"), F.repeat("s", F.lit(2)), F.instr("s", "a"),
                       F.locate("a", "s", 2), F.split("s", "a", 2), F.substring("s", 2, 3), F.trunc("t", "year"), F.date_format("t", "yyyy/MM"), F.format_string("%s-%d", "s", "i"), F.translate("s", "a", "A"),
                       F.regexp_extract("s", "(a)(p+)", 2), F.slice(F.array("i", "i"), 1, 1), F.overlay("s", F.lit("##"), 2), F.levenshtein("s", F.lit("apply")), F.conv(F.lit("ff"), 16, 10),
                       F.months_between("t", F.lit("2020-01-01").cast("date")), F.next_day("t", "Mon"), F.sha2("s", 256), F.format_number("d", 2), F.substring_index("s", "a", 1), F.mode("i").over(Window.partitionBy()))


@add
def errors_without_a_place(s):
    return [caught(lambda: c(s).select(x).collect()) for x in (
        F.to_date("s"), F.sqrt("s"), F.date_add("t", F.col("s")), F.pmod("i", F.lit(0)), F.element_at(F.array("i"), 7), F.sum(F.lit(9223372036854775807)), F.elt(F.lit(5), F.lit("a")),
        F.round(F.lit(2147483647), -1), F.make_ym_interval(F.lit(2147483647), F.lit(2147483647)), F.make_interval(F.lit(2147483647), F.lit(2147483647)), F.abs(F.lit(-2147483648)),
        F.when(F.col("b"), F.col("s")).otherwise(F.lit(1)), F.concat(F.col("i") / 0, F.lit("x")), F.expr("interval '1' day") / F.lit(0))]


@add
def index_errors(s):
    return [caught(lambda: k(s).select(x).collect()) for x in (
        F.col("st")[0], F.col("st")["zz"], F.col("st.zz"), F.col("arr")["x"], F.col("arr.x"), F.col("m")[F.array(F.lit(1))], F.col("arr")[F.lit(True)], F.upper(F.col("arr")["x"]))]


@add
def map_keys_of_other_types(s):
    return k(s).select(F.col("m")[0], F.col("m")[1.5], F.create_map(F.lit(1), F.lit("x"))["1"], F.create_map(F.lit(1), F.lit("x"))[F.lit(1).cast("bigint")])


@add
def misplaced_calls(s):
    d = c(s)
    return [caught(x) for x in (
        lambda: d.select(F.sum(F.row_number().over(Window.orderBy("i")))).collect(), lambda: d.where(F.row_number().over(Window.orderBy("i")) == 1).collect(),
        lambda: d.select(F.rand(F.col("i"))).collect(), lambda: d.select(F.json_tuple("i", "a")).collect(), lambda: d.unpivot("i", ["s", "d"], "n", "v").collect(),
        lambda: d.groupBy(F.window("t", "x")).count().collect(), lambda: d.groupBy(F.window("t", "1 day", "2 days")).count().collect(), lambda: d.groupBy(F.window("t", "1 month")).count().collect(),
        lambda: d.groupBy("s").agg(F.col("i")).collect(), lambda: d.select(F.explode(F.array("i")) + 1).collect())]


test_columns = cases.test()
