"""Random SQL queries over three small tables with NULLs: by a grammar, so that most of them mean something.

Every query is either ordered by all of its columns or compared as a bag; LIMIT stands only behind a total order.
Floating point sums are left out, since their last digits depend on the order of rows.
"""

from __future__ import annotations

# name -> columns by kind (i: integer, s: string, d: decimal, t: date, b: boolean).
TABLES = {
    "qa": {"a": "i", "b": "i", "s": "s", "d": "d", "t": "t", "f": "b"},
    "qb": {"a": "i", "c": "i", "s": "s", "u": "t"},
    "qc": {"k": "i", "b": "i", "w": "s"},
}
DDL = {"i": "int", "s": "string", "d": "decimal(8,2)", "t": "date", "b": "boolean"}
ROWS = {
    "qa": ["1, 10, 'x', 1.50, date'2020-01-01', true", "1, null, 'y', 2.25, null, false", "2, 20, null, null, date'2021-06-30', null",
           "null, 30, 'x', -1.00, date'2020-01-01', true", "3, 10, 'z', 0.00, date'1999-12-31', false", "3, 10, 'z', 0.00, date'1999-12-31', false",
           "4, null, '', 100.10, null, null", "null, null, null, null, null, null", "-5, 7, 'X', 3.00, date'2024-02-29', true"],
    "qb": ["1, 100, 'x', date'2020-01-01'", "2, null, 'y', null", "2, 20, 'x', date'2021-06-30'", "null, 5, null, date'2020-01-01'", "7, 10, 'q', null",
           "3, 30, 'z', date'1999-12-31'"],
    "qc": ["1, 10, 'x'", "2, 20, 'w'", "null, null, null", "3, 10, 'x'", "3, 7, ''"],
}


def tables():
    statements = []
    for name, columns in TABLES.items():
        cells = [[f"cast({cell.strip()} as {DDL[kind]})" for cell, kind in zip(row.split(", "), columns.values())] for row in ROWS[name]]
        rows = ", ".join("(" + ", ".join(row) + ")" for row in cells)
        statements.append(f"create or replace temporary view {name} as select * from values {rows} as t({', '.join(columns)})")
    return statements


class Queries:
    def __init__(self, chance):
        self.chance = chance
        self.count = 0

    def pick(self, *choices):
        return self.chance.choice(choices)

    def often(self, share):
        return self.chance.random() < share

    def name(self, letter="q"):
        self.count += 1
        return f"{letter}{self.count}"

    def draw(self):
        """A query and whether its rows come in an order."""
        self.count = 0
        text, kinds = self.query(2)
        if self.often(0.1):
            return self.pivoted(), False
        if self.often(0.35):
            order = ", ".join(f"{place}{self.pick('', ' desc', ' asc nulls last', ' desc nulls first')}" for place in range(1, len(kinds) + 1))
            text = f"select * from ({text}) order by {order}"
            text += self.pick("", "", f" limit {self.chance.randrange(6)}", f" limit 3 offset {self.chance.randrange(4)}", " offset 2")
            return text, True
        return text, False

    def query(self, depth, outer=()):
        """Text and the kinds of its columns."""
        shape = self.chance.random()
        if depth and shape < 0.14:
            return self.set_operation(depth - 1, outer)
        if depth and shape < 0.22:
            return self.with_cte(depth - 1, outer)
        if shape < 0.55:
            return self.aggregate(depth, outer)
        if shape < 0.7:
            return self.windowed(depth, outer)
        return self.select(depth, outer)

    def set_operation(self, depth, outer):
        kinds = [self.pick("i", "s", "i") for _ in range(self.pick(1, 2))]
        sides = [self.typed(kinds, depth, outer) for _ in range(self.pick(2, 2, 3))]
        text = sides[0]
        for side in sides[1:]:
            text += " " + self.pick("union all", "union", "intersect", "intersect all", "except", "except all", "minus") + " " + side
        return text, kinds

    def typed(self, kinds, depth, outer):
        """A query with columns of these kinds."""
        source, columns = self.source(depth, outer)
        picked = [self.scalar(kind, columns, depth and self.often(0.3)) for kind in kinds]
        text = f"select {self.pick('', '', 'distinct ')}{', '.join(f'{one} as x{place}' for place, one in enumerate(picked))} from {source}"
        return "(" + text + self.where(columns, depth, outer) + ")"

    def with_cte(self, depth, outer):
        name = self.name("cte")
        inner, kinds = self.query(depth)
        names = [f"c{place}" for place in range(len(kinds))]
        columns = [(f"{name}.{one}", kind) for one, kind in zip(names, kinds)]
        shape = self.pick(0, 0, 1)
        if shape:
            other = self.name("o")
            text = f"select {name}.{names[0]}, count(*) n from {name} {self.pick('join', 'left join', 'full join')} {name} {other} on {name}.{names[0]} = {other}.{names[0]} group by 1"
            return f"with {name}({', '.join(names)}) as ({inner}) {text}", [kinds[0], "i"]
        picked = self.chance.sample(columns, min(len(columns), 2))
        text = f"select {', '.join(one for one, _ in picked)} from {name}{self.where(columns, depth, outer)}"
        return f"with {name}({', '.join(names)}) as ({inner}) {text}", [kind for _, kind in picked]

    def source(self, depth, outer=()):
        """FROM's text and the columns that it gives, as (name, kind)."""
        text, columns = self.relation(depth, outer)
        for _ in range(self.pick(0, 0, 1, 1, 2)):
            text, columns = self.joined(text, columns, depth, outer)
        if self.often(0.06):
            name = self.name("lv")
            text += f" lateral view {self.pick('', 'outer ')}explode(array({self.of('i', columns)}, 1, null)) {name} as e"
            columns = [*columns, (f"{name}.e", "i")]
        return text, columns

    def relation(self, depth, outer):
        alias = self.name("t")
        if depth and self.often(0.15):
            inner, kinds = self.query(depth - 1)
            names = [f"c{place}" for place in range(len(kinds))]
            return f"({inner}) {alias}({', '.join(names)})", [(f"{alias}.{name}", kind) for name, kind in zip(names, kinds)]
        table = self.pick(*TABLES)
        return f"{table} {alias}", [(f"{alias}.{name}", kind) for name, kind in TABLES[table].items()]

    def joined(self, text, columns, depth, outer):
        if self.often(0.12):
            alias = self.name("l")
            table = self.pick(*TABLES)
            inner = [(name, kind) for name, kind in TABLES[table].items()]
            link = f"{table}.{self.of('i', inner)} {self.pick('=', '<', '>=')} {self.of('i', columns)}"
            kind = self.pick(", lateral", " join lateral", " left join lateral")
            body = self.pick(f"select count(*) n, max({self.of('i', inner)}) m from {table} where {link}",
                             f"select {self.of('i', inner)} n, {self.of('i', columns)} m from {table} where {link}")
            condition = " on true" if kind == " left join lateral" else ""
            return f"{text}{kind} ({body}) {alias}{condition}", [*columns, (f"{alias}.n", "i"), (f"{alias}.m", "i")]
        other, added = self.relation(depth, outer)
        kind = self.pick("join", "left join", "right join", "full join", "left semi join", "left anti join", "cross join", "inner join")
        both = [*columns, *added]
        if kind == "cross join":
            return f"{text} cross join {other}", both
        left, right = self.of("i", columns), self.of("i", added)
        condition = self.pick(f"{left} = {right}", f"{left} = {right}", f"{left} <=> {right}", f"{left} = {right} and {self.predicate(both, 0)}",
                              f"{left} > {right}", f"{left} = {right} or {self.predicate(both, 0)}", self.predicate(both, 0))
        return f"{text} {kind} {other} on {condition}", columns if "semi" in kind or "anti" in kind else both

    def of(self, kind, columns):
        """A column of this kind, or a literal if there is none."""
        found = [name for name, other in columns if other == kind]
        return self.chance.choice(found) if found else {"i": "2", "s": "'x'", "d": "1.5", "t": "date'2020-01-01'", "b": "(1 = 1)"}[kind]

    def scalar(self, kind, columns, nested=False):
        """An expression of this kind."""
        column = self.of(kind, columns)
        if nested and kind == "i":
            return self.subquery(columns)
        forms = {
            "i": [column, column, column, f"coalesce({column}, 0)", f"{column} + 1", f"{column} * 2", f"case when {self.predicate(columns, 0)} then {column} else 0 end",
                  f"length({self.of('s', columns)})", f"nullif({column}, 10)", f"-{column}", f"{column} % 3", f"year({self.of('t', columns)})"],
            "s": [column, column, f"upper({column})", f"coalesce({column}, 'n')", f"concat({column}, '-')", f"cast({self.of('i', columns)} as string)", f"if({self.predicate(columns, 0)}, {column}, 'e')"],
            "d": [column, f"{column} * 2", f"round({column}, 1)"],
            "t": [column, f"date_add({column}, 1)"],
            "b": [column, self.predicate(columns, 0)],
        }
        return self.chance.choice(forms[kind])

    def subquery(self, columns):
        table = self.pick(*TABLES)
        inner = [(f"{table}.{name}", kind) for name, kind in TABLES[table].items()]
        function = self.pick("max", "min", "count", "sum")
        value = f"{function}({self.of('i', inner)})"
        link = f"{self.of('i', inner)} {self.pick('=', '=', '=', '<')} {self.of('i', columns)}"
        return self.pick(f"(select {value} from {table} where {link})", f"(select {value} from {table})", f"(select coalesce({value}, 0) from {table} where {link})",
                         f"(select {value} from {table} where {link} and {self.predicate(inner, 0)})", f"(select {value} + 1 from {table} where {link} having count(*) > 0)")

    def predicate(self, columns, depth):
        kind = self.pick("i", "i", "s", "d", "t", "b")
        one = self.of(kind, columns)
        literal = {"i": self.pick("1", "2", "10", "0", "null"), "s": self.pick("'x'", "'y'", "''"), "d": "1.5", "t": "date'2020-01-01'", "b": "true"}[kind]
        forms = [f"{one} = {literal}", f"{one} > {literal}", f"{one} <> {literal}", f"{one} is null", f"{one} is not null", f"{one} <=> {literal}",
                 f"{one} in ({literal}, {self.of(kind, columns)})", f"{one} between {literal} and {self.of(kind, columns)}", f"not ({one} < {literal})",
                 f"({one} = {literal} or {self.of('i', columns)} is null)", f"{one} not in ({literal})"]
        if depth:
            table = self.pick(*TABLES)
            inner = [(f"{table}.{name}", kind) for name, kind in TABLES[table].items()]
            number = self.of("i", columns)
            link = f"{self.of('i', inner)} {self.pick('=', '=', '<>', '>')} {number}"
            more = self.pick("", f" and {self.predicate(inner, 0)}")
            forms = [f"exists (select 1 from {table} where {link}{more})", f"not exists (select 1 from {table} where {link}{more})",
                     f"{number} in (select {self.of('i', inner)} from {table})", f"{number} not in (select {self.of('i', inner)} from {table} where {self.predicate(inner, 0)})",
                     f"{number} in (select {self.of('i', inner)} from {table} where {self.of('s', inner)} = {self.of('s', columns)})", f"{number} > {self.subquery(columns)}",
                     f"{number} not in (select {self.of('i', inner)} from {table} where {self.of('s', inner)} = {self.of('s', columns)})",
                     f"({number}, {self.of('s', columns)}) in (select {self.of('i', inner)}, {self.of('s', inner)} from {table})",
                     f"exists (select 1 from {table} where {link}) or {self.predicate(columns, 0)}",
                     f"{number} = (select max({self.of('i', inner)}) from {table})"]
        return self.chance.choice(forms)

    def where(self, columns, depth, outer):
        if self.often(0.45):
            return ""
        text = f" where {self.predicate(columns, depth and self.often(0.6))}"
        if self.often(0.3):
            text += f" {self.pick('and', 'and', 'or')} {self.predicate(columns, depth and self.often(0.4))}"
        return text

    def select(self, depth, outer):
        source, columns = self.source(depth, outer)
        kinds = [self.pick("i", "i", "s", "d", "t", "b") for _ in range(self.pick(1, 2, 3))]
        picked = [self.scalar(kind, columns, depth and self.often(0.2)) for kind in kinds]
        named = [f"{one} as {self.name('x')}" for one in picked]
        return f"select {self.pick('', '', '', 'distinct ')}{', '.join(named)} from {source}{self.where(columns, depth, outer)}", kinds

    def aggregate_of(self, columns):
        number, text = self.scalar("i", columns), self.of("s", columns)
        more = f" filter (where {self.predicate(columns, 0)})" if self.often(0.2) else ""
        value, kind = self.pick(("count(*)", "i"), (f"count({number})", "i"), (f"count(distinct {number})", "i"), (f"sum({number})", "i"), (f"min({text})", "s"),
                                (f"max({number})", "i"), (f"sum(distinct {number})", "i"), (f"count(distinct {number}, {text})", "i"), (f"max({self.of('d', columns)})", "d"),
                                (f"sum({self.of('d', columns)})", "d"), (f"bool_or({self.predicate(columns, 0)})", "b"), (f"get(sort_array(collect_set({number})), 0)", "i"),
                                (f"count_if({self.predicate(columns, 0)})", "i"), (f"max_by({number}, struct({number}, {text}))", "i"), (f"get(sort_array(collect_list({text})), 1)", "s"))
        if more and value.endswith(")") and "sort_array" not in value:
            value += more
        return value, kind

    def aggregate(self, depth, outer):
        source, columns = self.source(depth, outer)
        keys = [self.pick("i", "s", "t", "b") for _ in range(self.pick(0, 1, 1, 2))]
        grouped = list(dict.fromkeys(self.scalar(kind, columns) for kind in keys))
        grouped = [one for one in grouped if not one.isdigit() and "'" != one[0]]
        keys = [kind for kind, one in zip(keys, grouped)] if len(grouped) == len(keys) else ["i"] * len(grouped)
        values = [self.aggregate_of(columns) for _ in range(self.pick(1, 2))]
        having = f" having {self.pick('count(*) > 1', values[0][0] + ' is not null', f'max({self.of(chr(105), columns)}) > 1')}" if self.often(0.25) else ""
        where = self.where(columns, depth, outer)
        listed = [f"{one} as {self.name('x')}" for one in [*grouped, *(value for value, _ in values)]]
        by = ""
        if grouped:
            text = ", ".join(grouped)
            by = self.pick(f" group by {text}", f" group by {text}", f" group by {', '.join(str(place + 1) for place in range(len(grouped)))}", " group by all",
                           f" group by rollup({text})", f" group by cube({text})", f" group by grouping sets (({text}), ())", f" group by {text} with rollup")
        return f"select {', '.join(listed)} from {source}{where}{by}{having}", [*keys, *(kind for _, kind in values)]

    def windowed(self, depth, outer):
        source, columns = self.source(depth, outer)
        number, key = self.of("i", columns), self.of(self.pick("i", "s"), columns)
        total = ", ".join(f"{name}{self.pick('', ' desc')}" for name, _ in columns)
        function, kind, ordered = self.pick(("row_number()", "i", True), ("rank()", "i", True), ("dense_rank()", "i", True), (f"sum({number})", "i", False),
                                            (f"count({number})", "i", False), (f"lag({number})", "i", True), (f"lead({number}, 1, 0)", "i", True), (f"max({number})", "i", False),
                                            (f"first_value({number})", "i", True), (f"last_value({number}, true)", "i", True), ("ntile(2)", "i", True), (f"nth_value({number}, 2)", "i", True),
                                            ("count(*)", "i", False), ("percent_rank()", "d", True), ("cume_dist()", "d", True), (f"min({self.of('s', columns)})", "s", False))
        aggregate = function.split("(")[0] in ("sum", "count", "max", "min", "first_value", "last_value", "nth_value")
        order = f" order by {total}" if ordered or self.often(0.6) else ""
        frame = ""
        if aggregate and order:
            frame = self.pick("", "", " rows between 1 preceding and current row", " rows between unbounded preceding and unbounded following", " rows between current row and 2 following",
                              " rows between 3 preceding and 1 preceding", " range between unbounded preceding and current row", " rows 1 preceding")
        if aggregate and not ordered and self.often(0.2):
            order, frame = f" order by {self.of('i', columns)}", self.pick("", " range between 1 preceding and 5 following", " range between current row and unbounded following", " range 10 preceding")
        window = f"{function} over ({self.pick('', f'partition by {key}')}{order}{frame})"
        where = self.where(columns, depth, outer)
        if self.often(0.15) and kind == "i":
            return f"select {key} k, {number} n from {source}{where} qualify {window} > 1", ["s" if key.endswith((".s", ".w")) else "i", "i"]
        return f"select {key} k, {number} n, {window} w from {source}{where}", ["s" if key.endswith((".s", ".w")) else "i", "i", kind]

    def pivoted(self):
        if self.often(0.5):
            function = self.pick("sum(b)", "count(*)", "max(b) m", "sum(b) x, count(b) y", "min(d)")
            values = self.pick("'x', 'y'", "'x' as p, 'q' as r", "'z', ''", "'x', null")
            return f"select * from (select a, b, d, s from qa) pivot ({function} for s in ({values}))"
        text = self.pick("select * from (select a, b from qa) unpivot {n}(v for k in (a, b))", "select * from qb unpivot {n}(v for k in (a as `x`, c))",
                         "select * from qc unpivot {n}((v, y) for k in ((k, b) as o, (b, k)))")
        return text.format(n=self.pick("", "include nulls ", "exclude nulls "))
