#!/usr/bin/env python
"""Looks for functions that do not answer as Spark does: calls that nobody thought of.

Takes Spark's own examples (`DESCRIBE FUNCTION EXTENDED`), puts a value of another type in the place of
one argument after the other, leaves one out, adds one, asks a Spark and a Hearth, and prints where type,
value or error condition differ.

  probe.py --spark sc://HOST:PORT                    every function, 12 calls each
  probe.py --spark sc://HOST:PORT --only regexp      functions whose names have this in them
  probe.py --spark sc://HOST:PORT --per 40 --set spark.sql.ansi.enabled=false
  probe.py --spark sc://HOST:PORT --write FILE.tsv   the calls that agree, as cases of a golden file

The same seed gives the same calls. A file that was written is recorded with run.py like any other.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden import goldens  # noqa: E402
from harness import servers  # noqa: E402
from harness.connect import ask_sql, connect, error_text  # noqa: E402

# One or two of every type: what is ordinary, and what is at an edge.
VALUES = [
    "NULL", "1", "-1", "0", "7L", "1.5", "-2.25D", "double('NaN')", "1.5F", "300S", "'abc'", "''", "'1'",
    "'2024-02-29'", "'2024-02-29 12:30:45.5'", "date'2024-02-29'", "timestamp'2024-02-29 12:30:45'",
    "timestamp_ntz'2024-02-29 12:30:45'", "time'12:30:45'", "interval '1' month", "interval '1 2' day to hour",
    "true", "x'616263'", "array(1, 2, null)", "array('a', 'b')", "map('a', 1)", "named_struct('a', 1, 'b', 'x')",
    "cast(null as int)", "cast(null as string)", "2147483647", "-9223372036854775807L", "1e10", "array()",
]

# Their answers are chance, or the place where they run.
UNSTABLE = re.compile(
    r"rand|uuid|shuffle|current_|now|curdate|localtimestamp|unix_timestamp$|input_file|monotonically|spark_partition|"
    r"version|user|java_method|reflect|python_worker|kll_sketch_agg|session_window|^window"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spark", required=True, help="sc://HOST:PORT of a real Spark")
    parser.add_argument("--hearth", default="hearth", help="hearth, or HOST:PORT of one that runs")
    parser.add_argument("--only", default="", help="a pattern that the function's name has")
    parser.add_argument("--skip", default="^$", help="a pattern that the function's name has not")
    parser.add_argument("--per", type=int, default=12, help="calls of each function")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the sessions")
    parser.add_argument("--write", help="write the calls that agree to this file")
    options = parser.parse_args()
    settings = dict(setting.split("=", 1) for setting in options.set)
    with servers.start(options.hearth) as hearth:
        spark = connect(options.spark, **settings)
        calls = []
        for name in functions(spark, options):
            calls += probes(name, examples(spark, name), options.per, random.Random(f"{options.seed}{name}"))
        pairs = [(connect(options.spark, **settings), connect(hearth, **settings)) for _ in range(options.threads)]
        agreed = compare(calls, pairs, options.threads)
    if options.write:
        Path(options.write).write_text("".join(f"{call}\n" for call in agreed))
    print(f"{len(calls)} calls, {len(calls) - len(agreed)} differ")


def functions(spark, options):
    names = [row[0] for row in spark.sql("show system functions").collect()]
    chosen = [name for name in names if re.search(options.only, name) and re.fullmatch(r"\w+", name)]
    return [name for name in chosen if not UNSTABLE.search(name) and not re.search(options.skip, name)]


def examples(spark, name):
    """The texts behind SELECT of the examples that call the function first."""
    text = "\n".join(row[0] for row in spark.sql(f"describe function extended {name}").collect())
    found = re.findall(r"^ *> SELECT (.*);$", text, re.M)
    return [one for one in found if re.match(rf"{name}\s*\(", one, re.I)]


def split_call(text):
    """Name, arguments, and what stands behind the call."""
    start = text.index("(")
    depth, quote, arguments, current = 0, None, [], ""
    for place in range(start, len(text)):
        letter = text[place]
        if quote:
            quote = None if letter == quote and text[place - 1] != "\\" else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([":
            depth += 1
            if depth == 1:
                continue
        elif letter in ")]":
            depth -= 1
            if depth == 0:
                if current.strip():
                    arguments.append(current.strip())
                return text[:start], arguments, text[place + 1 :]
        elif letter == "," and depth == 1:
            arguments.append(current.strip())
            current = ""
            continue
        current += letter
    return None


def probes(name, texts, count, chance):
    """So many calls made of the examples, no two the same."""
    made = []
    for text in texts[:3]:
        call = split_call(text)
        if call is None or " FROM " in "".join(call[1]) and "(" not in "".join(call[1]):
            continue
        _, arguments, rest = call
        for place in range(len(arguments)):
            for value in VALUES:
                changed = arguments[:place] + [value] + arguments[place + 1 :]
                made.append(f"{name}({', '.join(changed)}){rest}")
        made.append(f"{name}({', '.join(arguments[:-1])}){rest}")
        made.append(f"{name}({', '.join([*arguments, '1'])}){rest}")
    if not texts:
        made += [f"{name}({value})" for value in VALUES]
    made = list(dict.fromkeys(made))
    chance.shuffle(made)
    return made[:count]


def answer(session, call):
    try:
        result = ask_sql(session, f"select {call}")
        return goldens.table_answer(result.columns(), result.rows())
    except Exception as error:  # noqa: BLE001
        return goldens.table_error(error_text(error))


def compare(calls, pairs, threads):
    """Prints what differs as it is found, and gives the calls that agree, in their order."""

    def work(lane):
        spark, hearth = pairs[lane]
        agreed = []
        for call in calls[lane::threads]:
            want, got = answer(spark, call), answer(hearth, call)
            if goldens.difference(want, got):
                lines = [call, f"  spark : {' '.join(want)[:300]}", f"  hearth: {' '.join(got)[:300]}"]
                print("\n".join(lines), flush=True)
            else:
                agreed.append(call)
        return agreed

    with ThreadPoolExecutor(threads) as pool:
        agreed = {call for lane in pool.map(work, range(threads)) for call in lane}
    return [call for call in calls if call in agreed]


if __name__ == "__main__":
    main()
