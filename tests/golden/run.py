#!/usr/bin/env python
"""Runs the function and query goldens against a server.

  run.py --server hearth            compare; fails on a difference that deviations.tsv does not list,
                                    and on a listed one that passes
  run.py --server spark             the same against real Spark (scripts/golden --check)
  run.py --server spark --record    write Spark's answers into the files (scripts/golden)
  run.py --server hearth --update-deviations   rewrite the list, keeping the reasons that stand in it
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden import goldens  # noqa: E402
from harness import servers  # noqa: E402
from harness.connect import ask_sql, connect, error_text  # noqa: E402

DEVIATIONS_HEAD = [
    "# Cases where Hearth is known to differ from Apache Spark: file, case, reason.",
    "# A case listed here must differ; one that passes is taken out (run.py --update-deviations).",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="hearth", help="hearth, spark or HOST:PORT")
    parser.add_argument("--record", action="store_true", help="write the server's answers into the files")
    parser.add_argument("--strict", action="store_true", help="compare nullability and error parameters too")
    parser.add_argument("--update-deviations", action="store_true")
    parser.add_argument("--only", default="", help="part of a file's name")
    parser.add_argument("--case", default="", help="part of a case's title")
    parser.add_argument("--show", type=int, default=40, help="how many differences to print")
    options = parser.parse_args()
    with servers.start(options.server) as server:
        return run(server, options)


def run(server, options):
    known = {} if options.server == "spark" else goldens.load_deviations()
    outcome = {}
    for path in goldens.all_files(options.only):
        golden = goldens.load(path)
        outcome.update(run_file(server, golden, options))
        if options.record:
            goldens.save(golden)
        if not server.alive():
            print(f"the server died in {golden.name}\n{server.log_tail()}")
            return 2
    if options.record:
        print(f"recorded {len(outcome)} cases")
        return 0
    if options.update_deviations:
        save_deviations(outcome, known, bool(options.only or options.case))
        return 0
    return report(outcome, known, options.show)


def run_file(server, golden, options):
    """{(file, case): None or the difference}"""
    session = connect(server, **golden.settings)
    outcome = {}
    try:
        for text in golden.setup:
            session.sql(text)
    except Exception as error:
        print(f"setup of {golden.name}: {error_text(error)}")
    for case in golden.cases:
        if not case.title or options.case not in case.title:
            continue
        got = answer(session, golden, case)
        if options.record:
            case.answer = got
        outcome[golden.name, case.title] = goldens.difference(case.answer, got, options.strict)
    session.stop()
    return outcome


def answer(session, golden, case):
    table = golden.path.suffix == ".tsv"
    if not case.answer:
        case.ordered = goldens.has_order(case.sql)
    try:
        found = ask_sql(session, case.sql)
        if table:
            return goldens.table_answer(found.columns(), found.rows())
        return goldens.block_answer(found.columns(), found.rows(), case.ordered)
    except Exception as error:
        text = error_text(error)
        return goldens.table_error(text) if table else [f"error {text}"]


def save_deviations(outcome, known, partial):
    rows = {key: known.get(key) or f"differs: {text}" for key, text in outcome.items() if text}
    kept = {key: reason for key, reason in known.items() if key not in outcome}
    rows.update({key: reason for key, reason in kept.items() if partial or key[0].startswith("dataframe/")})
    lines = ["\t".join([*key, " ".join(reason.split())]) for key, reason in sorted(rows.items())]
    goldens.DEVIATIONS.write_text("\n".join(DEVIATIONS_HEAD + lines) + "\n")
    print(f"{len(lines)} deviations listed, {sum(1 for text in outcome.values() if not text)} cases pass")


def report(outcome, known, show):
    failed = {key: text for key, text in outcome.items() if text and key not in known}
    fixed = [key for key, text in outcome.items() if not text and key in known]
    for (name, title), text in list(failed.items())[:show]:
        print(f"DIFFERS {name}: {title}\n        {text}")
    for name, title in fixed[:show]:
        print(f"PASSES although listed in deviations.tsv  {name}: {title}")
    passed = sum(1 for text in outcome.values() if not text)
    listed = sum(1 for key, text in outcome.items() if text and key in known)
    print(f"golden: {passed} of {len(outcome)} equal to Spark, {listed} known deviations, "
          f"{len(failed)} unexpected, {len(fixed)} listed but passing")
    return 1 if failed or fixed else 0


if __name__ == "__main__":
    sys.exit(main())
