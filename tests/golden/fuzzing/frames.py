"""Random DataFrame programs: a chain of steps over small frames, and one way to look at the result.

A program is a Python expression over `a`, `b`, `c` (frames), `F`, `T`, `W` and `s` (the session); `run` evaluates it and
gives lines of text. The frames have all common types with NULLs and edges.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math

KINDS = {
    "a": {"id": "i", "k": "s", "v": "f", "d": "d", "t": "t", "m": "T", "arr": "A", "st": "R", "b": "b"},
    "b": {"id": "i", "k": "s", "w": "i", "n": "f"},
    "c": {"x": "i", "y": "i", "z": "s"},
}
SQL = {
    "a": "select * from values (1, 'x', 1.5D, 1.10BD, date'2020-01-01', timestamp'2020-01-01 12:00:00', array(1, 2), named_struct('p', 1, 'q', 'u'), true),"
         " (2, 'y', double('NaN'), -2.50BD, null, timestamp'1999-12-31 23:59:59.5', array(), null, false), (2, null, null, null, date'2024-02-29', null, null,"
         " named_struct('p', null, 'q', 'é'), null), (null, 'x', -0.0D, 0.00BD, date'1969-12-31', timestamp'1969-12-31 00:00:00', array(null, 3), named_struct('p', 5, 'q', ''), true),"
         " (5, 'a long text that is cut', 1e10D, 100.00BD, date'2020-01-01', timestamp'2020-01-01 12:00:00', array(7), named_struct('p', 7, 'q', 'w'), false)"
         " as t(id, k, v, d, t, m, arr, st, b)",
    "b": "select * from values (1, 'x', 10, 0.5D), (2, 'z', null, 2D), (2, 'y', 20, null), (null, 'x', 30, double('NaN')), (9, null, 40, 1D) as t(id, k, w, n)",
    "c": "select * from values (1, 10, 'p'), (2, 20, 'q'), (3, null, null), (3, 30, 'p') as t(x, y, z)",
}


def prepare(pair):
    from harness.connect import ask_sql

    for name, text in SQL.items():
        pair.both(lambda session, name=name, text=text: ask_sql(session, f"create or replace temporary view fuzz_{name} as {text}"))


def run(session, program):
    import pyspark.sql.connect.functions as F
    from pyspark.sql import types as T
    from pyspark.sql.connect.window import Window as W

    frames = {name: session.table(f"fuzz_{name}") for name in SQL}
    names = {"s": session, "F": F, "T": T, "W": W, "text": text, "ordered": ordered, "datetime": datetime, "Decimal": decimal.Decimal, **frames}
    return text(eval(program, names)).splitlines() or [""]  # noqa: S307


def ordered(frame):
    """The frame in a total order, whatever its columns are called."""
    return frame.orderBy(*range(1, len(frame.columns) + 1)) if frame.columns else frame


def text(value):
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else repr(float(f"{value:.10g}"))
    if isinstance(value, str):
        return value
    if type(value).__name__ == "DataFrame" and hasattr(value, "dtypes") and hasattr(value, "to_string"):
        return f"{[(str(name), str(kind)) for name, kind in value.dtypes.items()]}\n{value.to_string()}"
    if type(value).__name__ == "Table":
        return f"{value.schema}\n" + "\n".join(text(row) for row in value.to_pylist())
    if hasattr(value, "asDict"):
        return "Row(" + ", ".join(f"{name}={text(one)}" for name, one in zip(value.__fields__, value)) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(key)}: {text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",\n ".join(text(one) for one in value) + "]"
    if hasattr(value, "jsonValue"):
        return json.dumps(value.jsonValue())
    return repr(value)


class Frames:
    def __init__(self, chance):
        self.chance = chance

    def pick(self, *choices):
        return self.chance.choice(choices)

    def draw(self):
        name = self.pick("a", "a", "b", "c")
        text, columns = name, dict(KINDS[name])
        for _ in range(self.pick(1, 2, 2, 3, 4)):
            step = self.chance.choice(STEPS)
            text, columns = step(self, text, columns)
        return self.look(text, columns)

    def col(self, columns, *kinds):
        found = [name for name, kind in columns.items() if not kinds or kind in kinds]
        return self.chance.choice(found or list(columns) or ["nope"])

    def some(self, columns, most=3):
        names = list(columns)
        return self.chance.sample(names, min(len(names), self.chance.randrange(1, most + 1))) or ["nope"]

    def value(self, kind):
        return {"i": self.pick("1", "2", "0"), "s": self.pick("'x'", "'y'", "''"), "f": "1.5", "d": "Decimal('1.10')", "t": "datetime.date(2020, 1, 1)",
                "b": "True"}.get(kind, "None")

    def expression(self, columns):
        """An expression and its kind."""
        name = self.col(columns)
        kind = columns.get(name, "i")
        c = f"F.col('{name}')"
        forms = {
            "i": [(f"{c} + 1", "i"), (f"{c} * 2.5", "f"), (f"{c} % 2", "i"), (f"F.when({c} > 1, 'big').otherwise('small')", "s"), (f"{c}.cast('string')", "s"), (f"{c}.isNull()", "b"),
                  (f"F.coalesce({c}, F.lit(0))", "i"), (f"{c}.between(1, 2)", "b"), (f"{c}.isin(1, 5)", "b"), (f"-{c}", "i"), (f"F.sequence(F.lit(1), {c})", "A"), (f"{c} / 2", "f"), (f"F.lit(7) - {c}", "i"),
                  (f"{c}.eqNullSafe(None)", "b"), (f"{c}.bitwiseAND(1)", "i"), (f"F.greatest({c}, F.lit(2))", "i"), (f"F.make_date({c}, F.lit(1), F.lit(2))", "t"), (f"F.expr('{name} div 2')", "i")],
            "s": [(f"F.upper({c})", "s"), (f"F.length({c})", "i"), (f"{c}.substr(1, 2)", "s"), (f"{c}.like('%x%')", "b"), (f"F.concat({c}, F.lit('-'), {c})", "s"), (f"F.split({c}, ' ')", "A"), (f"{c}.startswith('x')", "b"),
                  (f"F.lpad({c}, 5, '*')", "s"), (f"{c}.try_cast('int')", "i"), (f"F.regexp_replace({c}, 'x', 'y')", "s"), (f"F.md5({c})", "s"), (f"F.concat_ws(',', {c}, F.lit('q'))", "s"), (f"F.initcap({c})", "s"), (f"F.struct({c})", "R")],
            "f": [(f"F.round({c}, 1)", "f"), (f"F.isnan({c})", "b"), (f"{c} / 2", "f"), (f"{c}.cast('decimal(20,2)')", "d") if False else (f"F.nanvl({c}, F.lit(0.0))", "f"), (f"{c} > 1", "b"), (f"F.abs({c})", "f"), (f"{c}.cast('string')", "s"), (f"F.sqrt({c})", "f")],
            "d": [(f"{c} * 2", "d"), (f"{c} + F.lit(1)", "d"), (f"{c}.cast('int')", "i"), (f"F.round({c}, 1)", "d"), (f"{c} / 3", "d"), (f"{c}.cast('double')", "f"), (f"{c} > 1", "b"), (f"{c} - {c}", "d")],
            "t": [(f"F.year({c})", "i"), (f"F.date_add({c}, 1)", "t"), (f"F.date_format({c}, 'yyyy/MM')", "s"), (f"F.datediff({c}, F.lit('2020-01-01'))", "i"), (f"F.trunc({c}, 'month')", "t"), (f"{c}.cast('timestamp')", "T"), (f"F.last_day({c})", "t"), (f"F.months_between({c}, F.lit('2020-01-01'))", "f")],
            "T": [(f"F.hour({c})", "i"), (f"F.date_trunc('day', {c})", "T"), (f"F.to_date({c})", "t"), (f"{c} + F.expr('interval 1 day')", "T"), (f"F.unix_timestamp({c})", "i"), (f"{c}.cast('long')", "i"), (f"{c}.cast('string')", "s")],
            "A": [(f"F.size({c})", "i"), (f"F.array_contains({c}, 2)", "b"), (f"{c}[0]", "i") if False else (f"F.get({c}, 0)", "i"), (f"F.sort_array({c})", "A"), (f"F.transform({c}, lambda x: x)", "A"), (f"F.filter({c}, lambda x: x.isNotNull())", "A"), (f"F.array_join({c}.cast('array<string>'), ',')", "s"),
                  (f"F.to_json({c})", "s"), (f"F.array_distinct({c})", "A"), (f"F.concat({c}, {c})", "A")],
            "R": [(f"{c}.getField('p')" if name == "st" else f"F.to_json({c})", "s"), (f"F.to_json({c})", "s"), (f"{c}.isNull()", "b"), (f"{c}.withField('z', F.lit(1))", "R"), (f"F.array({c})", "A")],
            "b": [(f"~{c}", "b"), (f"{c} & F.lit(True)", "b"), (f"{c} | F.lit(None)", "b"), (f"{c}.cast('int')", "i"), (f"F.when({c}, 1)", "i")],
        }
        return self.chance.choice(forms.get(kind, [(f"{c}.isNotNull()", "b")]))

    def predicate(self, columns):
        name = self.col(columns)
        kind = columns.get(name, "i")
        c = f"F.col('{name}')"
        return self.pick(f"{c}.isNull()", f"{c}.isNotNull()", f"{c} == {self.value(kind)}" if kind in "isfdtb" else f"{c}.isNotNull()", f"~({c}.isNull())",
                         f"{c}.eqNullSafe({self.value(kind)})" if kind in "isfdtb" else f"{c}.isNull()")

    def aggregates(self, columns):
        made, kinds = [], {}
        for place in range(self.pick(1, 2, 3)):
            n, anyone = self.col(columns, "i", "f", "d"), self.col(columns, "i", "s", "t", "d")
            form, kind = self.pick((f"F.sum('{n}')", "i"), (f"F.count('{anyone}')", "i"), ("F.count('*')", "i"), (f"F.max('{anyone}')", "i"), (f"F.min('{anyone}')", "i"), (f"F.avg('{n}')", "f"),
                                   (f"F.countDistinct('{anyone}')", "i"), (f"F.sort_array(F.collect_set('{anyone}'))", "A"), (f"F.sum_distinct(F.col('{n}'))", "i"), (f"F.max_by('{anyone}', '{n}')", "i"),
                                   (f"F.stddev('{n}')", "f"), (f"F.median('{n}')", "f"), (f"F.bool_or(F.col('{anyone}').isNull())", "b"), (f"F.sort_array(F.collect_list('{anyone}'))", "A"), (f"F.mode('{n}', True)", "i"),
                                   (f"F.percentile_approx('{n}', 0.5)", "f"), (f"F.var_pop('{n}')", "f"), (f"F.count_if(F.col('{anyone}').isNull())", "i"))
            if self.pick(True, False):
                made.append(f"{form}.alias('g{place}')")
                kinds[f"g{place}"] = kind
            else:
                made.append(form)
        return ", ".join(made), kinds

    def look(self, text, columns):
        sorted_text = f"ordered({text})"
        return self.pick(f"{sorted_text}.collect()", f"{sorted_text}.collect()", f"{sorted_text}._show_string({self.pick(20, 2, 0)}, {self.pick(True, False, 3, 6)}, {self.pick(False, False, True)})", f"({text}).schema", f"({text})._schema.treeString() if False else ({text}).schema.treeString()",
                         f"{sorted_text}.toPandas()", f"{sorted_text}.toArrow()", f"({text}).count()", f"({text}).isEmpty()", f"{sorted_text}.first()", f"{sorted_text}.head(2)", f"{sorted_text}.take(3)", f"{sorted_text}.tail(2)", f"({text}).dtypes",
                         f"list({sorted_text}.toLocalIterator())", f"{sorted_text}.limit({self.pick(0, 1, 3)}).collect()", f"{sorted_text}.offset(2).collect()", f"({text}).columns")


def select(g, text, columns):
    made, kinds = [], {}
    for place in range(g.pick(1, 2, 3)):
        if g.pick(True, False):
            name = g.col(columns)
            made.append(f"'{name}'")
            kinds[name] = columns.get(name, "i")
        else:
            form, kind = g.expression(columns)
            if g.pick(True, True, False):
                made.append(f"({form}).alias('e{place}')")
                kinds[f"e{place}"] = kind
            else:
                made.append(form)
    return f"{text}.select({', '.join(made)})", kinds or {"nope": "i"}


def where(g, text, columns):
    return f"{text}.{g.pick('filter', 'where')}({g.predicate(columns)})", columns


def with_column(g, text, columns):
    form, kind = g.expression(columns)
    name = g.pick("new", g.col(columns))
    if g.pick(True, False):
        return f"{text}.withColumn('{name}', {form})", {**columns, name: kind}
    other, other_kind = g.expression(columns)
    return f"{text}.withColumns({{'{name}': {form}, 'more': {other}}})", {**columns, name: kind, "more": other_kind}


def grouped(g, text, columns):
    keys = g.some({name: kind for name, kind in columns.items() if kind not in "AR"}, 2)
    made, kinds = g.aggregates(columns)
    listed = ", ".join(f"'{key}'" for key in keys)
    how = g.pick("groupBy", "groupBy", "groupBy", "rollup", "cube")
    if g.pick(True, False, False):
        short = g.pick("count()", f"sum({repr(g.col(columns, 'i', 'f', 'd'))})", f"max({repr(g.col(columns, 'i', 'f', 'd'))})", "avg()", "mean()", "min()", f"agg({{'{g.col(columns, 'i', 'd')}': '{g.pick('sum', 'max', 'count', 'avg')}'}})")
        return f"{text}.{how}({listed}).{short}", {key: columns.get(key, "i") for key in keys}
    return f"{text}.{how}({listed}).agg({made})", {**{key: columns.get(key, "i") for key in keys}, **kinds}


def aggregated(g, text, columns):
    made, kinds = g.aggregates(columns)
    return f"{text}.agg({made})", kinds or {"nope": "i"}


def pivoted(g, text, columns):
    key, by = g.col(columns, "i", "t"), g.col(columns, "s", "b", "i")
    values = g.pick("", "", ", ['x', 'y']" if columns.get(by) == "s" else "")
    return f"{text}.groupBy('{key}').pivot('{by}'{values}).{g.pick('count()', 'agg(F.count(F.lit(1)), F.max(F.lit(2)).alias(chr(109)))', 'agg(F.count(F.lit(1)).alias(chr(110)))')}", {key: columns.get(key, "i")}


def joined(g, text, columns):
    other = g.pick("a", "b", "c")
    how = g.pick("inner", "left", "right", "outer", "semi", "anti", "left_outer", "full", "leftanti", "cross")
    shared = [name for name in columns if name in KINDS[other]]
    if shared and g.pick(True, True, False):
        on = g.pick(f"'{shared[0]}'", f"[{', '.join(repr(name) for name in shared[:2])}]")
        kinds = columns if how in ("semi", "anti", "leftanti") else {**columns, **KINDS[other]}
        return f"{text}.join({other}, {on}, '{how}')", kinds
    left, right = g.col(columns, "i"), g.col(KINDS[other], "i")
    renamed = f"{other}.toDF({', '.join(repr('r_' + name) for name in KINDS[other])})"
    kinds = columns if how in ("semi", "anti", "leftanti") else {**columns, **{"r_" + name: kind for name, kind in KINDS[other].items()}}
    if how == "cross":
        return f"{text}.crossJoin({renamed})", kinds
    return f"{text}.join({renamed}, F.col('{left}') {g.pick('==', '==', '<', '>=')} F.col('r_{right}'), '{how}')", kinds


def unioned(g, text, columns):
    other = g.pick("a", "b", "c")
    if g.pick(True, False):
        return f"{text}.unionByName({other}, allowMissingColumns={g.pick('True', 'True', 'False')})", {**columns, **KINDS[other]}
    return g.pick(f"{text}.union({text})", f"{text}.unionAll({other})", f"{text}.intersect({text})", f"{text}.exceptAll({text}.limit(0))", f"{text}.subtract({text}.filter('1 = 0'))", f"{text}.intersectAll({text})"), columns


def windowed(g, text, columns):
    key = g.col(columns, "s", "i", "b")
    order = ", ".join(f"F.col('{name}').{g.pick('asc()', 'desc()', 'asc_nulls_last()', 'desc_nulls_first()')}" for name, kind in columns.items())
    number = g.col(columns, "i")
    function = g.pick("F.row_number()", "F.rank()", f"F.sum('{number}')", f"F.lag('{number}')", f"F.lead('{number}', 1, 0)", "F.ntile(2)", f"F.first('{number}', True)", f"F.count('{number}')", f"F.max('{number}')", "F.percent_rank()", f"F.nth_value('{number}', 2)", "F.cume_dist()", "F.dense_rank()", f"F.avg('{number}')")
    window = f"W.partitionBy('{key}').orderBy({order})"
    if function[2:5] in ("sum", "cou", "max", "avg", "fir"):
        window += g.pick("", ".rowsBetween(-1, 1)", ".rowsBetween(W.unboundedPreceding, W.unboundedFollowing)", ".rowsBetween(W.currentRow, 2)", ".rangeBetween(W.unboundedPreceding, 0)")
    return f"{text}.withColumn('win', {function}.over({window}))", {**columns, "win": "i"}


def tidy(g, text, columns):
    name, other = g.col(columns), g.col(columns)
    number = g.col(columns, "i", "f")
    plain = {one: kind for one, kind in columns.items() if kind not in "AR"}
    return g.pick((f"{text}.drop('{name}')", {one: kind for one, kind in columns.items() if one != name} or {"nope": "i"}), (f"{text}.distinct()", columns), (f"{text}.withColumnRenamed('{name}', 'ren')", {"ren" if one == name else one: kind for one, kind in columns.items()}),
                  (f"{text}.toDF({', '.join(repr('n' + str(place)) for place in range(len(columns)))})", {f"n{place}": kind for place, kind in enumerate(columns.values())}), (f"{text}.na.drop({g.pick('', repr('all'), 'thresh=2', f'subset=[{name!r}]')})", columns),
                  (f"{text}.na.fill({g.pick('0', repr('?'), '1.5', 'True', f'{{{name!r}: 7}}', f'{{{number!r}: 2.9}}')})", columns), (f"{text}.fillna({g.pick('0', '9.9')}, subset=['{number}'])", columns), (f"{text}.na.replace({g.pick('[1, 2], [10, 20]', '{2: 3}', repr('x') + ', ' + repr('XX'), '{1.5: None}')})", columns),
                  (f"{text}.dropna(how='any')", columns), (f"{text}.alias('q').select('q.*')", columns), (f"{text}.select('*', F.lit(1).alias('one'))", {**columns, "one": "i"}), (f"{text}.selectExpr('*', 'count(*) over () as cnt')", {**columns, "cnt": "i"}),
                  (f"{text}.repartition(2)", columns), (f"{text}.coalesce(1)", columns), (f"{text}.hint('broadcast')", columns), (f"{text}.cache()", columns), (f"{text}.withMetadata('{name}', {{'k': 'v'}})", columns), (f"{text}.colRegex('`.*`') if False else {text}", columns),
                  (f"{text}.to({text}.schema)", columns), (f"{text}.select(F.col('*'))", columns), (f"{text}.dropDuplicates()", columns), (f"ordered({text}.select({', '.join(repr(one) for one in plain)})).limit(3)", plain or columns), (f"{text}.sample(1.0)", columns))


def reshaped(g, text, columns):
    number, other, name = g.col(columns, "i"), g.col(columns, "i"), g.col(columns, "s")
    array = g.col(columns, "A")
    return g.pick((f"{text}.unpivot(['{name}'], ['{number}', '{other}'], 'var', 'val')", {name: "s", "var": "s", "val": "i"}), (f"{text}.melt(['{name}'], None, 'var', 'val')", {name: "s", "var": "s", "val": "i"}),
                  (f"{text}.select('{name}', F.explode{g.pick('', '_outer')}('{array}').alias('ex'))", {name: "s", "ex": "i"}), (f"{text}.select('{name}', F.posexplode('{array}'))", {name: "s", "pos": "i", "col": "i"}), (f"{text}.groupBy().count()", {"count": "i"}),
                  (f"{text}.select('{number}', '{other}').limit(0).transpose()", {"key": "s"}), (f"ordered({text}.select(F.col('{name}').alias('kk'), F.col('{number}').alias('vv'))).transpose()", {"key": "s"}), (f"{text}.groupingSets([['{name}'], []], '{name}').count()", {name: "s", "count": "i"}))


def summed(g, text, columns):
    number, other = g.col(columns, "i", "f"), g.col(columns, "i", "f")
    name = g.col(columns, "s", "i")
    kinds = {"summary": "s"}
    return g.pick((f"{text}.describe()", kinds), (f"{text}.summary('count', 'min', 'max', '50%', 'mean')", kinds), (f"{text}.summary()", kinds), (f"{text}.describe('{number}', '{name}')", kinds), (f"{text}.stat.crosstab('{name}', '{number}')", {f"{name}_{number}": "s"}),
                  (f"{text}.stat.freqItems(['{number}']).select(F.sort_array('{number}_freqItems').alias('fr'))", {"fr": "A"}))


def linked(g, text, columns):
    number, key = g.col(columns, "i"), g.col(columns, "s")
    other = g.pick("b", "c")
    column = "id" if other == "b" else "x"
    link = f"F.col('{column}') == F.col('{number}').outer()"
    return g.pick((f"{text}.where({other}.where({link}).exists())", columns), (f"{text}.where(~{other}.where({link}).exists())", columns), (f"{text}.select('{number}', {other}.where({link}).select(F.count('*')).scalar().alias('cn'))", {number: "i", "cn": "i"}),
                  (f"{text}.lateralJoin({other}.where({link}).select(F.col('{column}').alias('lj')){g.pick('', ', how=' + repr('left'))})", {**columns, "lj": "i"}), (f"{text}.where(F.col('{number}').isin({other}.select('{column}')))", columns),
                  (f"{text}.select('{number}', F.col('{number}') > {other}.select(F.max('{column}')).scalar())", {number: "i"}))


STEPS = [select, select, where, with_column, grouped, grouped, aggregated, pivoted, joined, joined, unioned, windowed, tidy, tidy, tidy, reshaped, summed, linked]
