"""Grouping, pivots, missing values, statistics and samples: DataFrame, GroupedData, na and stat."""

import pyspark.sql.functions as F
from harness.cases import Cases
from harness.programs import caught, printed


def setup(s):
    s.createDataFrame(
        [("a", "x", 1, 1.5), ("a", "y", 2, None), ("b", "x", 3, 2.5), ("b", "x", None, 4.5), (None, "y", 5, 0.5)], "g string, h string, i int, d double"
    ).createOrReplaceTempView("q")
    s.createDataFrame(
        [("Ann", 10, 80.5, True), ("Bob", None, float("nan"), None), (None, 30, None, False), (None, None, None, None)], "name string, age int, height double, ok boolean"
    ).createOrReplaceTempView("h")


cases = Cases("summaries", setup, since=(4, 2))
add = cases.add


def q(s):
    return s.table("q")


def h(s):
    return s.table("h")


@add
def group_forms(s):
    d = q(s)
    return [d.groupBy("g").count(), d.groupby(d.g, "h").count(), d.groupBy(["g", "h"]).agg(F.sum("i")), d.groupBy().count(), d.groupBy(1).agg(F.sum("i").alias("t")), d.groupBy(F.upper("g")).count()]


@add
def group_shortcuts(s):
    d = q(s).groupBy("h")
    return [d.sum(), d.avg(), d.mean("i"), d.max("i", "d"), d.min(), d.count(), q(s).groupBy().sum("i", "d"), d.sum("i")]


@add
def group_shortcut_errors(s):
    return [caught(lambda: q(s).groupBy("h").sum("g").collect()), caught(lambda: q(s).groupBy("h").sum("nope").collect()), caught(lambda: q(s).groupBy("nope").count().collect())]


@add
def agg_forms(s):
    d = q(s)
    return [d.agg({"i": "max"}), d.groupBy("h").agg({"*": "count", "i": "sum"}), d.agg(F.max("i"), F.min("d")), d.groupBy("h").agg({"d": "avg"}), d.agg(F.sum("i") / F.count("*"))]


@add
def agg_errors(s):
    d = q(s)
    return [caught(lambda: d.groupBy("h").agg()), caught(lambda: d.groupBy("h").agg("i")), caught(lambda: d.groupBy("h").agg({"i": "nope"}).collect()), caught(lambda: d.groupBy("h").agg(F.col("i")).collect()),
            caught(lambda: d.agg(F.sum(F.sum("i"))).collect()), caught(lambda: d.groupBy("h").agg({"i": 1}))]


@add
def agg_of_group_column_and_more(s):
    return q(s).groupBy("h").agg(F.upper("h"), (F.sum("i") + 1).alias("x"), F.count_distinct("g"), F.collect_set("h"), F.first("h"), F.any_value("h"))


@add
def retain_group_columns_off(s):
    s.conf.set("spark.sql.retainGroupColumns", "false")
    try:
        return [q(s).groupBy("h").agg(F.sum("i").alias("t")).columns, q(s).groupBy("h").count().columns]
    finally:
        s.conf.unset("spark.sql.retainGroupColumns")


@add
def rollup_forms(s):
    return [q(s).rollup("g", "h").count(), q(s).rollup(q(s).h).agg(F.sum("i"), F.grouping("h"), F.grouping_id()), q(s).rollup(["g"]).count()]


@add
def cube_forms(s):
    return [q(s).cube("g", "h").count(), q(s).cube("h").agg(F.grouping("h").alias("gr"), F.max("i"))]


@add
def grouping_sets_forms(s):
    return [q(s).groupingSets([["g", "h"], ["h"], []], "g", "h").agg(F.sum("i")), q(s).groupingSets([("g",), ("h",)], "g", "h").agg(F.grouping_id())]


@add
def grouping_outside(s):
    return [caught(lambda: q(s).groupBy("h").agg(F.grouping("h")).collect()), caught(lambda: q(s).rollup("h").agg(F.grouping("g")).collect()), caught(lambda: q(s).select(F.grouping_id()).collect())]


@add
def pivot_forms(s):
    d = q(s).groupBy("h")
    return [d.pivot("g").sum("i"), d.pivot("g", ["a", "b"]).agg(F.sum("i"), F.max("d").alias("m")), d.pivot("g", ["b", "zz"]).count(), q(s).groupBy().pivot("h").sum("i"), d.pivot(F.upper("g"), ["A"]).sum("i"),
            d.pivot("g", ["a"]).sum("i", "d")]


@add
def pivot_errors(s):
    d = q(s).groupBy("h")
    return [caught(lambda: d.pivot("nope").sum("i").collect()), caught(lambda: d.pivot("g").pivot("h")), caught(lambda: q(s).rollup("h").pivot("g")), caught(lambda: d.pivot("g", [F.col("h")]).sum("i").collect()),
            caught(lambda: d.pivot("i", ["x"]).sum("i").collect())]


@add
def na_drop_forms(s):
    d = h(s)
    return [d.na.drop(), d.dropna("all"), d.dropna(thresh=2), d.na.drop(subset=["name"]), d.dropna(how="any", subset="age"), d.dropna(subset=("name", "height")), d.na.drop("any", 1, ["age", "height"])]


@add
def na_drop_errors(s):
    return [caught(lambda: h(s).dropna("some")), caught(lambda: h(s).dropna(subset=["nope"]).collect()), caught(lambda: h(s).dropna(subset=10))]


@add
def na_fill_forms(s):
    d = h(s)
    return [d.na.fill(0), d.fillna(7.9), d.fillna("?"), d.fillna(True), d.fillna({"age": 1, "name": "none"}), d.fillna(5, subset=["age", "height"]), d.fillna("x", "name"), d.na.fill({"height": 1}), d.fillna(1, ["name"])]


@add
def na_fill_errors(s):
    return [caught(lambda: h(s).fillna(None)), caught(lambda: h(s).fillna({"nope": 1}).collect()), caught(lambda: h(s).fillna(1, ["nope"]).collect()), caught(lambda: h(s).fillna([1])), caught(lambda: h(s).fillna({"age": None}))]


@add
def na_replace_forms(s):
    d = h(s)
    return [d.na.replace(10, 20), d.replace("Ann", "Amy"), d.replace([10, 30], [11, 31]), d.replace(["Ann", "Bob"], None), d.replace({10: 100, 30: None}), d.replace({"Ann": "A"}, subset=["name"]), d.replace(True, False),
            d.replace([10, 30], 0, "age"), d.replace(80.5, 1.25), d.replace(float("nan"), 1.0)]


@add
def na_replace_errors(s):
    d = h(s)
    return [caught(lambda: d.replace("a")), caught(lambda: d.replace([1, 2], [1])), caught(lambda: d.replace({1: "a"})), caught(lambda: d.replace("a", 1)), caught(lambda: d.replace(1, 2, "nope").collect()), caught(lambda: d.replace(F.col("x"), 1))]


@add
def describe_forms(s):
    return [q(s).describe(), q(s).describe("i"), q(s).describe(["g", "d"]), q(s).filter("i > 99").describe(), h(s).describe(), s.range(0).select().describe()]


@add
def describe_missing(s):
    return caught(lambda: q(s).describe("nope").collect())


@add
def summary_forms(s):
    return [q(s).summary(), q(s).summary("count", "min", "25%", "75%", "max"), q(s).summary("count_distinct", "approx_count_distinct"), q(s).select("i").summary("10%", "mean"), q(s).select("i").summary(["max"])]


@add
def summary_wrong(s):
    return [caught(lambda: q(s).summary("nope").collect()), caught(lambda: q(s).summary("110%").collect()), caught(lambda: q(s).summary("a%").collect())]


@add
def quantiles(s):
    d = s.range(1, 101).select("id", (F.col("id") * 2).alias("t"))
    return str([d.approxQuantile("id", [0.0, 0.25, 0.5, 1.0], 0.0), d.stat.approxQuantile(["id", "t"], [0.5], 0.1), d.approxQuantile(("id",), (0.1,), 0), q(s).approxQuantile("d", [0.5], 0.0),
                d.filter("id > 200").approxQuantile("id", [0.5], 0.0)])


@add
def quantile_errors(s):
    d = q(s)
    return [caught(lambda: d.approxQuantile(1, [0.5], 0.1)), caught(lambda: d.approxQuantile("i", 0.5, 0.1)), caught(lambda: d.approxQuantile("i", [1.5], 0.1)), caught(lambda: d.approxQuantile("i", [0.5], -1.0)),
            caught(lambda: d.approxQuantile("g", [0.5], 0.1)), caught(lambda: d.approxQuantile("nope", [0.5], 0.1))]


@add
def correlations(s):
    d = s.createDataFrame([(1, 12, 0.5), (10, 1, 0.25), (19, 8, 9.0)], "a int, b int, c double")
    return str([d.corr("a", "b"), d.stat.corr("a", "c", "pearson"), d.cov("a", "b"), d.stat.cov("a", "c"), d.limit(1).corr("a", "b"), d.limit(1).cov("a", "b"), d.limit(0).cov("a", "b")])


@add
def correlation_errors(s):
    d = q(s)
    return [caught(lambda: d.corr("i", "d", "spearman")), caught(lambda: d.corr(1, "d")), caught(lambda: d.corr("g", "d")), caught(lambda: d.cov("g", "d")), caught(lambda: d.cov("nope", "d"))]


@add
def crosstabs(s):
    return [q(s).crosstab("g", "h"), q(s).stat.crosstab("h", "i"), caught(lambda: q(s).crosstab("g", "nope").collect()), caught(lambda: q(s).crosstab(1, "g"))]


@add
def frequent(s):
    return [q(s).freqItems(["h"], 0.4), caught(lambda: q(s).freqItems("h")), caught(lambda: q(s).freqItems(["h"], 0.0).collect()), caught(lambda: q(s).freqItems(["nope"]).collect())]


@add
def sample_by_forms(s):
    d = s.range(0, 100).select((F.col("id") % 3).alias("key"))
    return [d.sampleBy("key", {0: 1.0, 1: 0.0}).groupBy("key").count(), d.stat.sampleBy(F.col("key"), {2: 1.0}, 3).count(), caught(lambda: d.sampleBy("key", {0: 2.0}, 1).collect()), caught(lambda: d.sampleBy("key", {0: "a"})),
            caught(lambda: d.sampleBy(1, {0: 1.0})), caught(lambda: d.sampleBy("key", [1]))]


@add
def aggregates_of_many_kinds(s):
    d = q(s)
    return d.groupBy("h").agg(F.sum("i"), F.avg("d"), F.count("i"), F.min("g"), F.max_by("g", "i"), F.min_by("g", "i"), F.stddev("i"), F.stddev_pop("i"), F.variance("i"), F.var_pop("d"), F.skewness("i"), F.median("i"),
                              F.percentile("i", 0.5), F.percentile_approx("i", 0.5), F.bool_and(F.col("i") > 0), F.every(F.col("i") > 1), F.some(F.col("i") > 1), F.count_if(F.col("i") > 1), F.bit_and("i"), F.bit_or("i"), F.bit_xor("i"),
                              F.approx_count_distinct("i"), F.last("i", True), F.corr("i", "d"), F.covar_pop("i", "d"), F.regr_slope("i", "d"), F.sum_distinct("i"), F.collect_list("i"), F.mode("i"), F.product("i"), F.try_sum("i"), F.try_avg("i"))


@add
def names_of_aggregates(s):
    d = q(s)
    return str(d.agg(F.sum("i"), F.avg("d"), F.mean("i"), F.countDistinct("i", "g"), F.approx_count_distinct("i", 0.1), F.first("i", True), F.last("i"), F.stddev("i"), F.stddev_samp("i"), F.variance("i"), F.product("i"),
                     F.percentile_approx("i", [0.5], 100), F.collect_set("g"), F.mode("i"), F.mode("i", True), F.grouping_id() if False else F.max("i"), F.sum_distinct("i"), F.bool_or("i" == "x") if False else F.min("i"), F.listagg("g", F.lit(",")), F.string_agg("g"), F.listagg_distinct("g"),
                     F.count("*"), F.count(F.lit(1)), F.count_if(F.col("i") > 1), F.any_value("i"), F.histogram_numeric("i", F.lit(2)), F.max_by("i", "d"), F.median("i"), F.kurtosis("i")).columns)


@add
def having_like_filters(s):
    d = q(s).groupBy("h").agg(F.sum("i").alias("t"))
    return [d.filter("t > 5"), d.where(F.col("t").isNotNull()).select("h"), q(s).groupBy("h").count().filter("count > 2")]


@add
def distinct_counts(s):
    return str([q(s).count(), q(s).distinct().count(), q(s).select("h").distinct().count(), q(s).groupBy("g").count().count(), q(s).filter("false").count(), q(s).filter("false").agg(F.sum("i"), F.count("*")).collect()])


@add
def group_by_all_null_and_nan(s):
    d = s.createDataFrame([(float("nan"), 1), (float("nan"), 2), (0.0, 3), (-0.0, 4), (None, 5)], "k double, v int")
    return [d.groupBy("k").sum("v"), d.select("k").distinct(), d.join(d.withColumnRenamed("v", "w"), "k").select("v", "w")]


@add
def group_by_nested(s):
    d = s.sql("select * from values (struct(1, array(2)), 1), (struct(1, array(2)), 2), (null, 3) t(k, v)")
    return [d.groupBy("k").agg(F.sum("v")), caught(lambda: s.sql("select map(1, 2) m").groupBy("m").count().collect())]


test_summaries = cases.test()
