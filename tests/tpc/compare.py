#!/usr/bin/env python
"""TPC-H and TPC-DS through stock PySpark: Hearth's results against real Spark's.

  compare.py --server hearth                the recorded answers of a small scale; no Java needed
  compare.py --server hearth --live         the same queries on real Spark in the same run, any --scale
  compare.py --record                       write Spark's answers over Hearth's sample data

Both servers read the same Parquet files: the tables of Hearth's `samples` catalog, written once
through Hearth into a folder (or those of --data FOLDER with FOLDER/tpch/lineitem.parquet and so on).
Rows are compared as a multiset, numbers of type double with a relative error of 1e-9, and row by row
in the columns of the ORDER BY; README.md here says what a query leaves open. Exit status 1 on a
difference that tests/golden/deviations.tsv does not list.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden import goldens  # noqa: E402
from harness import servers  # noqa: E402
from harness.connect import ask_sql, connect, error_text  # noqa: E402
from tpc import order, queries  # noqa: E402

goldens.RELATIVE = 1e-9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="hearth", help="hearth, spark or HOST:PORT")
    parser.add_argument("--live", action="store_true", help="compare with real Spark in the same run")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--data", default="", help="a folder of Parquet files, instead of the samples")
    parser.add_argument("--scale", type=float, default=0.01, help="scale factor of the samples")
    parser.add_argument("--suite", choices=["tpch", "tpcds", "both"], default="both")
    parser.add_argument("--query", default="", help="only this query, e.g. q14a")
    parser.add_argument("--slow", type=int, default=0, metavar="N", help="print the N slowest queries")
    options = parser.parse_args()
    suites = ["tpch", "tpcds"] if options.suite == "both" else [options.suite]
    with tempfile.TemporaryDirectory(prefix="hearth-tpc-") as scratch:
        data = Path(options.data) if options.data else Path(scratch)
        return run(options, suites, data)


def run(options, suites, data):
    failed = 0
    if options.record:
        if not options.data:
            with servers.start_hearth(env=sample_scale(options.scale)) as server:
                export(server, suites, data)
        with servers.start_spark() as server:
            for suite in suites:
                record(suite, answers(server, suite, data, options.query), options)
        return 0
    extra = {"env": sample_scale(options.scale)} if options.server == "hearth" else {}
    expected = None
    with servers.start(options.server, **extra) as server:
        if options.live and not options.data:
            export(server, suites, data)
        use_files = bool(options.data or options.live)
        found = {suite: answers(server, suite, data if use_files else None, options.query) for suite in suites}
    for suite in suites:
        if options.live:
            with servers.start_spark() as spark:
                expected = answers(spark, suite, data, options.query)
        else:
            expected = recorded(suite)
        failed += compare(suite, expected, found[suite], options)
    return 1 if failed else 0


def sample_scale(scale):
    """How the scale factor of the sample catalogs is set for a server."""
    return {"HEARTH_SAMPLES_TPCH_SCALE": str(scale), "HEARTH_SAMPLES_TPCDS_SCALE": str(scale)}


def export(server, suites, folder):
    """Writes the sample tables as Parquet, through the server."""
    session = connect(server)
    for suite in suites:
        for table in queries.TABLES[suite]:
            session.table(f"samples.{suite}.{table}").write.mode("overwrite").parquet(str(folder / suite / f"{table}.parquet"))
    session.stop()


def answers(server, suite, folder, only=""):
    """{query: (lines, ordered, seconds)}"""
    session = connect(server)
    if folder is None:
        session.sql(f"use samples.{suite}")
    else:
        for table in queries.TABLES[suite]:
            session.read.parquet(str(folder / suite / f"{table}.parquet")).createOrReplaceTempView(table)
    found = {}
    for name, text in queries.load(suite).items():
        if only and only != name:
            continue
        began = time.monotonic()
        ordered = goldens.has_order(text)
        try:
            answer = ask_sql(session, text.rstrip(";"))
            lines = goldens.block_answer(answer.columns(), answer.rows(), ordered=True)
        except Exception as error:
            lines = [f"error {error_text(error)}"]
        found[name] = lines, ordered, time.monotonic() - began
        if not server.alive():
            raise SystemExit(f"the server died in {suite} {name}\n{server.log_tail()}")
    session.stop()
    return found


def golden_path(suite):
    return goldens.HERE / "tpc" / f"{suite}.golden"


def record(suite, found, options):
    head = [f"Recorded from Apache Spark over Hearth's sample data at scale factor {options.scale} (tests/tpc/compare.py --record).", ""]
    path = golden_path(suite)
    path.parent.mkdir(exist_ok=True)
    cases = [goldens.Case(name, "", lines, ordered) for name, (lines, ordered, _) in found.items()]
    for case in cases:
        if case.answer[0].startswith("error "):
            print(f"{suite} {case.title}: {case.answer[0][:200]}")
    goldens.save_blocks(goldens.GoldenFile(path, head, {}, [], cases))
    print(f"recorded {len(cases)} answers of {suite}")


def recorded(suite):
    path = golden_path(suite)
    if not path.exists():
        print(f"{suite}: nothing recorded")
        return {}
    return {case.title: (case.answer, case.ordered, 0.0) for case in goldens.load_blocks(path).cases}


def compare(suite, expected, found, options):
    known = goldens.load_deviations() if options.server == "hearth" else {}
    texts = queries.load(suite)
    unexpected, listed, passing, ties = [], 0, [], []
    for name, (lines, _, _) in found.items():
        want = expected.get(name, ([], False, 0))[0]
        difference, tie = answer_difference(texts[name], want, lines)
        in_list = (f"tpc/{suite}.golden", name) in known
        if difference and not in_list:
            unexpected.append((name, difference))
        elif difference:
            listed += 1
        elif in_list:
            passing.append(name)
        elif tie:
            ties.append(name)
    for name, difference in unexpected:
        print(f"DIFFERS {suite} {name}: {difference[:600]}")
    for name in passing:
        print(f"PASSES although listed in deviations.tsv  {suite} {name}")
    total = sum(seconds for _, _, seconds in found.values())
    equal = len(found) - len(unexpected) - listed
    print(f"{suite}: {equal} of {len(found)} equal to Spark, {listed} known deviations, {len(unexpected)} unexpected, "
          f"{len(passing)} listed but passing, {total:.1f} s" + (f"; other rows at the limit: {' '.join(ties)}" if ties else ""))
    print_slow(suite, expected, found, options.slow)
    return len(unexpected) + len(passing)


def answer_difference(text, want, got):
    """(what differs or None, whether the LIMIT keeps other rows of the last tie)"""
    difference = goldens.difference(as_set(want), as_set(got))
    if not want or not got or want[0].startswith("error ") or got[0].startswith("error "):
        return difference, False
    columns, complete = order.key_columns(text, want[0])
    if difference is None:
        return order.difference(want, got, columns if complete else None), False
    if not complete or len(want) != len(got) or len(want) - 1 != order.limit(text):
        return difference, False
    sure = order.difference(want, got, columns) or goldens.difference(
        as_set(order.before_last_tie(want, columns)), as_set(order.before_last_tie(got, columns)))
    return (difference, False) if sure else (None, True)


def print_slow(suite, expected, found, count):
    slowest = sorted(found.items(), key=lambda item: -item[1][2])[:count]
    for name, (lines, _, seconds) in slowest:
        other = expected.get(name, ([], False, 0.0))[2]
        print(f"  {suite} {name}: {seconds:.2f} s" + (f", Spark {other:.2f} s" if other else ""))


def as_set(lines):
    return lines[:1] + sorted(lines[1:], key=sort_key) if lines else lines


def sort_key(line):
    """Rows in an order that small differences of doubles do not change."""
    return [cell if not is_float(cell) else f"{float(cell):.6g}" for cell in line.split("\t")]


def is_float(cell):
    return "." in cell and cell.lstrip("-")[:1].isdigit()


if __name__ == "__main__":
    sys.exit(main())
