#!/usr/bin/env python
"""Asks a real Spark and a Hearth random expressions, queries or DataFrame programs, and prints where they differ.

  fuzz.py expressions --spark sc://HOST:PORT --count 2000
  fuzz.py queries --spark sc://HOST:PORT --hearth HOST:PORT --seed 7
  fuzz.py frames --spark sc://HOST:PORT --set spark.sql.ansi.enabled=false

The same seed gives the same programs. Not part of any test run: a finding is mended and recorded as a golden.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [str(HERE.parent)] + [place for place in sys.path if Path(place or ".").resolve() != HERE]

from golden.fuzzing import compare, values  # noqa: E402
from harness import servers  # noqa: E402
from harness.connect import ask_sql  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subject", choices=["expressions", "queries", "frames"])
    parser.add_argument("--spark", required=True, help="sc://HOST:PORT of a real Spark")
    parser.add_argument("--hearth", default="hearth", help="hearth, or HOST:PORT of one that runs")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the names of the functions to call")
    parser.add_argument("--wrong", type=float, default=0.06, help="the share of arguments of another type")
    parser.add_argument("--batch", type=int, default=8, help="expressions in one SELECT, while they do not fail")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the sessions")
    options = parser.parse_args()
    settings = dict(setting.split("=", 1) for setting in options.set)
    with servers.start(options.hearth) as hearth:
        pair = compare.Pair(options.spark, hearth.url, settings)
        subject = {"expressions": expressions, "queries": queries, "frames": frames}[options.subject]
        found = subject(pair, options, random.Random(options.seed))
    print(f"{options.count} asked, {found} differ")


def report(title, text, want, got):
    kind = compare.kind_of(want, got)
    lines = [f"[{kind}] {title}: {text}"]
    if want[0].startswith("error ") or got[0].startswith("error "):
        lines += [f"  spark : {' | '.join(want)[:900]}", f"  hearth: {' | '.join(got)[:900]}"]
    else:
        pairs = [(a, b) for a, b in zip(want, got) if not compare.goldens.line_equal(a, b, True)]
        for left, right in pairs[:3] or [(" | ".join(want), " | ".join(got))]:
            lines += [f"  spark : {left[:500]}", f"  hearth: {right[:500]}"]
    print("\n".join(lines), flush=True)


def expressions(pair, options, chance):
    from golden.fuzzing.expressions import Expressions

    pair.prepare([values.table_sql()])
    made = Expressions(chance, options.only, options.wrong)
    found = 0
    for _ in range(0, options.count, options.batch):
        found += batch(pair, [made.draw() for _ in range(options.batch)])
    return found


def batch(pair, drawn):
    """Asks several expressions in one SELECT, and one by one if that fails."""
    text = "select " + ", ".join(expression for _, expression in drawn) + " from f order by id"
    want, got = pair.both(lambda session: ask_sql(session, text))
    if isinstance(want, Exception) or isinstance(got, Exception):
        if len(drawn) == 1:
            try:
                want, got = compare.text_of(want), compare.text_of(got)
            except Exception:  # noqa: BLE001
                return 0
            if compare.same(want, got):
                return 0
            report(drawn[0][0], drawn[0][1], want, got)
            return 1
        half = len(drawn) // 2
        return batch(pair, drawn[:half]) + batch(pair, drawn[half:])
    try:
        want, got = columns(want), columns(got)
    except Exception:  # noqa: BLE001 - the client cannot read months and some variants
        half = len(drawn) // 2
        return batch(pair, drawn[:half]) + batch(pair, drawn[half:]) if half else 0
    found = 0
    for (name, expression), left, right in zip(drawn, want, got):
        if not compare.same(left, right):
            report(name, expression, left, right)
            found += 1
    return found


def columns(answer):
    """One text answer per column."""
    rows = answer.rows()
    return [[f"{name} {kind}", *(row[place] for row in rows)] for place, (name, kind) in enumerate(answer.columns())]


def queries(pair, options, chance):
    from golden.fuzzing.queries import Queries, tables

    pair.prepare(tables())
    made, found = Queries(chance), 0
    for _ in range(options.count):
        text, ordered = made.draw()
        want, got = pair.both(lambda session, text=text: ask_sql(session, text))
        want, got = compare.text_of(want, ordered), compare.text_of(got, ordered)
        if not compare.same(want, got):
            report("query", text, want, got)
            found += 1
    return found


def frames(pair, options, chance):
    from golden.fuzzing.frames import Frames, prepare, run

    prepare(pair)
    made, found = Frames(chance), 0
    for _ in range(options.count):
        program = made.draw()
        want, got = pair.both(lambda session, program=program: run(session, program))
        want = [compare.failure(want)] if isinstance(want, Exception) else want
        got = [compare.failure(got)] if isinstance(got, Exception) else got
        if want != got:
            report("frame", program, want, got)
            found += 1
    return found


if __name__ == "__main__":
    main()
