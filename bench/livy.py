#!/usr/bin/env python
"""Livy's API: how soon sessions and statements are there, what sessions cost, what they leave behind, beside Apache Livy itself.

Interpreters run as in the tests: HEARTH_INTERPRETER_PYTHON or `.venv/livy-python`, and `--spark-home` or `.venv/spark` for Scala.
Apache Livy is one that runs (`--livy http://HOST:PORT`), or is started by tests/livy/original/start with `--original CACHE
--repl-jars DIR`; without either its rows are left out. Kinds whose parts are not on the machine say so and are left out.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import measure
from harness import servers
from harness.livy import ENDED, FINISHED, Livy, interpreter_arguments, interpreter_processes, wait_for

# Name of the start, its kind, settings of the server, goal in seconds.
STARTS = [
    ("sql", "sql", {"interpreter.pool": 0}, 0.020),
    ("pyspark, warm pool", "pyspark", {"interpreter.pool": 1}, 0.300),
    ("pyspark, cold", "pyspark", {"interpreter.pool": 0}, 3.0),
    ("spark", "spark", {"interpreter.pool": 0}, 12.0),
    ("sparkr", "sparkr", {"interpreter.pool": 0}, None),
]
SMALL = {"sql": "select 1", "pyspark": "1+1", "spark": "1+1", "sparkr": "1+1"}
QUERIES = {"sql": "select count(*) from range(1000)", "pyspark": "spark.range(1000).count()", "spark": "spark.range(1000).count()"}
STATEMENT_GOAL = {("pyspark", "1+1"): 0.015, ("sql", "select 1"): 0.015}
IDLE_GOAL_MIB = 100
# So many times as many sql sessions show what one costs beyond what the allocator holds already.
FURTHER = 4
# How often a client looks whether a session, or a statement, is where it should be.
SESSION_POLL, STATEMENT_POLL = 0.002, 0.001
# Every so many cycles the session also runs something, and leaves a program behind where it can.
BUSY_EVERY = 10
LEAVES = {"sql": "select 1", "pyspark": "import subprocess\nprint(subprocess.Popen(['sleep', '3000'], start_new_session=True).pid)"}


def milliseconds(seconds):
    """For a table: thousands in full."""
    value = None if seconds is None else seconds * 1000
    return round(value) if value is not None and value >= 100 else value


def p50(values):
    return measure.percentile(values, 0.5)


def until(livy, path, states, every, seconds=300):
    """Looks until what is there has one of these states."""
    deadline = time.monotonic() + seconds
    while True:
        reply = livy.get(path)
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply}")
        found = reply.json
        if found["state"] in states:
            return found
        if found["state"] in FINISHED or time.monotonic() > deadline:
            raise RuntimeError(f"{path} is {found['state']}, not {states}: {found.get('log')}")
        time.sleep(every)


def create(livy, kind):
    """The id of a session that is idle, and the seconds until it was."""
    began = time.perf_counter()
    reply = livy.create(kind)
    if reply.status != 201:
        raise RuntimeError(f"{kind}: {reply}")
    session = reply.json["id"]
    if reply.json["state"] != "idle":
        until(livy, f"/sessions/{session}", {"idle"}, SESSION_POLL)
    return session, time.perf_counter() - began


def run(livy, session, code):
    """Seconds of one statement: until the answer to POST, until `completed`, from `started` to `completed`, until a GET sees the end."""
    began, clock = time.perf_counter(), time.time()
    reply = livy.post_statement(session, code)
    posted = time.perf_counter() - began
    if reply.status != 201:
        raise RuntimeError(f"{code}: {reply}")
    path = f"/sessions/{session}/statements/{reply.json['id']}"
    # Apache Livy says `available` a little before there is an output.
    while not (done := until(livy, path, ENDED, STATEMENT_POLL))["output"]:
        time.sleep(STATEMENT_POLL)
    seen = time.perf_counter() - began
    if done["output"]["status"] != "ok":
        raise RuntimeError(f"{code}: {done['output']}")
    return {"posted": posted, "completed": done["completed"] / 1000 - clock, "ran": (done["completed"] - done["started"]) / 1000, "seen": seen}


def remove(livy, session):
    reply = livy.remove(session)
    if reply.status != 200:
        raise RuntimeError(f"session {session} is not deleted: {reply}")


@contextlib.contextmanager
def hearth(settings=None, data_dir=None):
    arguments = interpreter_arguments()
    for key, value in (settings or {}).items():
        arguments += ["--set", f"{key}={value}"]
    with servers.start("hearth", arguments=arguments, data_dir=data_dir) as server:
        livy = Livy(server.http, seconds=300)
        yield server, livy
        for session in livy.get("/sessions?size=1000000").json["sessions"]:
            livy.remove(session["id"])


def is_there(livy, kind):
    """Whether the machine has what sessions of this kind need."""
    reply = livy.create(kind)
    if reply.status != 201:
        print(f"{kind} is left out: {reply}")
        return False
    until(livy, f"/sessions/{reply.json['id']}", {"idle"}, 0.1)
    remove(livy, reply.json["id"])
    return True


def quiet(server, marker, count, seconds=120):
    """Waits until `count` interpreters are there and neither they nor the server work: warm ones are warm then."""
    def is_quiet():
        pids = interpreter_processes(marker)
        if len(set(pids.values())) != count:
            return False
        try:
            before = sum(map(measure.cpu_nanoseconds, [server.pid, *pids]))
            time.sleep(0.3)
            return sum(map(measure.cpu_nanoseconds, [server.pid, *pids])) - before < 6_000_000
        except OSError:
            return False

    return wait_for(is_quiet, seconds, f"{count} interpreters that are warm")


# Sessions: create to idle, create to the first answer.


def starts(options, other):
    rows, names = [], options.kinds.split(",")
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        for name, kind, settings, goal in STARTS:
            if kind in names:
                with hearth(settings, data_dir=folder) as (server, livy):
                    times = hearth_starts(server, livy, kind, settings["interpreter.pool"], options)
                if times:
                    rows.append(start_row("hearth", name, times, goal))
    if other:
        for kind in ("sql", "pyspark", "spark"):
            if kind in names:
                rows.append(start_row("Apache Livy", kind, [one_start(other, kind) for _ in range(options.livy_rounds)], None))
    for row in rows:
        peer = next((one for one in rows if one["system"] != "hearth" and one["session"] == row["session"].split(",")[0]), None)
        row["hearth/Livy, idle"] = row["to idle p50 ms"] / peer["to idle p50 ms"] if peer and row is not peer else None
        row["hearth/Livy, answer"] = row["to first answer p50 ms"] / peer["to first answer p50 ms"] if peer and row is not peer else None
    return rows


def start_row(system, name, times, goal):
    idle, answers = [one for one, _ in times], [one for _, one in times]
    return {"system": system, "session": name, "rounds": len(times), "to idle p50 ms": milliseconds(p50(idle)), "first ms": milliseconds(idle[0]),
            "max ms": milliseconds(max(idle)), "goal ms": milliseconds(goal), "reached": None if goal is None else "yes" if p50(idle) < goal else "NO",
            "to first answer p50 ms": milliseconds(p50(answers))}


def one_start(livy, kind):
    began = time.perf_counter()
    session, idle = create(livy, kind)
    run(livy, session, SMALL[kind])
    answer = time.perf_counter() - began
    remove(livy, session)
    return idle, answer


def hearth_starts(server, livy, kind, pool, options):
    marker = server.data_dir
    if kind == "spark":
        if not is_there(livy, kind):
            return []
        cache = Path(server.data_dir) / "interpreters" / "cache"
        wait_for(lambda: list(cache.glob("scala-*/classes.jsa")) or list(cache.glob("scala-*/no-archive")), 600, "the archive of classes")
    elif pool and not is_there(livy, kind):
        return []
    elif kind == "sparkr" and livy.create(kind).status != 201:
        print(f"{kind} is left out: {livy.create(kind)}")
        return []
    rounds = {"sql": options.rounds * 20, "spark": options.scala_rounds, "sparkr": options.scala_rounds}.get(kind, options.rounds)
    times = []
    for _ in range(rounds):
        if kind != "sql":
            remove_all(livy)
            quiet(server, marker, pool)
        times.append(one_start(livy, kind))
    return times


def remove_all(livy):
    for session in livy.get("/sessions?size=1000000").json["sessions"]:
        remove(livy, session["id"])


# Statements.


def statements(options, other):
    rows, names = [], [name for name in options.kinds.split(",") if name in QUERIES]
    with hearth() as (_, livy):
        rows += [row for kind in names for row in statement_rows("hearth", livy, kind, options.statements)]
    if other:
        rows += [row for kind in names for row in statement_rows("Apache Livy", other, kind, options.statements)]
    for row in rows:
        key = ("session", "code")
        peer = next((one for one in rows if one["system"] != "hearth" and all(one[part] == row[part] for part in key)), None)
        row["hearth/Livy, seen"] = row["to seen p50 ms"] / peer["to seen p50 ms"] if peer and row is not peer else None
    return rows


def statement_rows(system, livy, kind, count):
    session, _ = create(livy, kind)
    for code in (SMALL[kind], QUERIES[kind]):
        for _ in range(10):
            run(livy, session, code)
        times = [run(livy, session, code) for _ in range(count)]
        goal = STATEMENT_GOAL.get((kind, code)) if system == "hearth" else None
        completed = [one["completed"] for one in times]
        yield {"system": system, "session": kind, "code": code, "count": count, "to completed p50 ms": milliseconds(p50(completed)),
               "to completed p99 ms": milliseconds(measure.percentile(completed, 0.99)), "goal ms": milliseconds(goal),
               "reached": None if goal is None else "yes" if p50(completed) < goal else "NO",
               "started to completed p50 ms": milliseconds(p50([one["ran"] for one in times])),
               "POST answered p50 ms": milliseconds(p50([one["posted"] for one in times])),
               "to seen p50 ms": milliseconds(p50([one["seen"] for one in times]))}
    remove(livy, session)


# What sessions cost that do nothing.


def idle(options):
    rows = []
    with hearth({"interpreter.pool": 0}) as (server, livy):
        for _ in range(20):
            session, _ = create(livy, "sql")
            run(livy, session, QUERIES["sql"])
            remove(livy, session)
        before = memory(server)
        there = 0
        for count in (options.idle, FURTHER * options.idle):
            sessions = [create(livy, "sql")[0] for _ in range(count - there)]
            rows.append(sql_cost(server, f"{count} sql, {'new' if not there else 'some new'}", before))
            for session in sessions:
                run(livy, session, QUERIES["sql"])
            rows.append(sql_cost(server, f"{count} sql, after a query each", before))
            there = count
        remove_all(livy)
        for kind in ("pyspark", "spark", "sparkr"):
            if kind in options.kinds.split(",") and is_there(livy, kind):
                rows += own_cost(server, livy, kind, options.own)
    return rows


def memory(server):
    """Resident memory of the server, all of it and what is its own: pages of files come and go as the machine likes."""
    measure.settled(server.pid)
    return {"RSS": measure.rss_mib(server.pid), "own": measure.status_mib(server.pid, "RssAnon")}


def growth(server, before):
    now = memory(server)
    return {"server RSS before MiB": before["RSS"], "RSS growth MiB": now["RSS"] - before["RSS"], "anonymous growth MiB": now["own"] - before["own"]}


def sql_cost(server, name, before):
    row = {"sessions": name, **growth(server, before)}
    return row | {"goal MiB": IDLE_GOAL_MIB, "reached": "yes" if row["RSS growth MiB"] < IDLE_GOAL_MIB else "NO"}


def own_cost(server, livy, kind, count):
    """Memory of the interpreters of `count` sessions at once, per session: new, and after a query."""
    quiet(server, server.data_dir, 0)
    before = memory(server)
    sessions = [create(livy, kind)[0] for _ in range(count)]
    for state in ("new", "after a query"):
        if state != "new" and kind in QUERIES:
            for session in sessions:
                run(livy, session, QUERIES[kind])
        elif state != "new":
            continue
        quiet(server, server.data_dir, count)
        pids = interpreter_processes(server.data_dir)
        yield {"sessions": f"{count} {kind}, {state}", **growth(server, before),
               "processes per session": len(pids) / count, "PSS MiB per session": sum(rollup_mib(pid, "Pss") for pid in pids) / count,
               "private MiB per session": sum(rollup_mib(pid, "Private_Clean", "Private_Dirty") for pid in pids) / count,
               "RSS MiB per session": sum(measure.rss_mib(pid) for pid in pids) / count}
    for session in sessions:
        remove(livy, session)


def rollup_mib(pid, *keys):
    """Memory of a process by the kernel's sums over its mappings; `Pss` splits shared pages among those who share them."""
    with open(f"/proc/{pid}/smaps_rollup") as handle:
        lines = [line.split() for line in handle]
    return sum(int(words[1]) for words in lines if words[0].rstrip(":") in keys) / 1024


# Many sessions made and deleted: nothing may stay.


def cycles(options):
    rows = [row for kind, count, clients in [("sql", options.sql_cycles, 1), ("pyspark", options.python_cycles, 2)] if count
            for row in cycle_rows(kind, count, clients)]
    return rows


def cycle_rows(kind, count, clients):
    pool = 0 if kind == "sql" else clients
    with hearth({"interpreter.pool": pool}) as (server, livy):
        folder = server.data_dir
        cycle(livy, kind, True)
        for _ in range(50 if kind == "sql" else 2):
            cycle(livy, kind, False)
        before = left(server, livy, folder, pool)
        began = time.perf_counter()
        times = cycled(server, kind, count, clients)
        seconds = time.perf_counter() - began
        after = left(server, livy, folder, pool)
    gone = dict.fromkeys(after) | {"processes": len(interpreter_processes(folder))}
    facts = {"session": kind, "cycles": count, "cycles per second": count / seconds, "cycle p50 ms": milliseconds(p50(times))}
    same = all(after[key] <= before[key] for key in ("processes", "folders", "files", "sessions")) and after["descriptors"] <= before["descriptors"] + 1
    return [facts | {"when": "before"} | before, facts | {"when": "after", "nothing stays": "yes" if same else "NO"} | after,
            facts | {"when": "server stopped", "nothing stays": "yes" if not gone["processes"] else "NO"} | gone]


def cycled(server, kind, count, clients):
    # Its connections are one to a thread, and end with the threads.
    livy = Livy(server.http, seconds=300)

    def one(number):
        began = time.perf_counter()
        cycle(livy, kind, number % BUSY_EVERY == 0)
        return time.perf_counter() - began

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(count)))


def cycle(livy, kind, is_busy):
    session, _ = create(livy, kind)
    if is_busy:
        run(livy, session, LEAVES[kind])
    remove(livy, session)


def left(server, livy, folder, pool):
    """What there is of a server's sessions when nothing works; `pool` warm interpreters belong there."""
    quiet(server, folder, pool)
    memories = memory(server)
    interpreters = Path(folder) / "interpreters"
    apart = {"programs", "cache"}
    files = [path for path in Path(folder).rglob("*") if path.is_file() and "interpreters" not in path.relative_to(folder).parts]
    return {"processes": len(interpreter_processes(folder)), "folders": len([name for name in os.listdir(interpreters) if name not in apart]),
            "files": len(files), "descriptors": sum(opened(server.pid).values()), "sessions": livy.get("/sessions").json["total"],
            "server RSS MiB": memories["RSS"], "server anonymous MiB": memories["own"]}


def opened(pid):
    """The open descriptors of a process by what they are."""
    links = collections.Counter()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            links[re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{name}"))] += 1
    return links


# Apache Livy itself.


@contextlib.contextmanager
def original(options):
    """A client of Apache Livy, or `None`."""
    if options.livy:
        yield Livy(options.livy, seconds=300)
        return
    if not options.original:
        print("no Apache Livy is given: its rows are left out")
        yield None
        return
    port = servers.free_port()
    command = [measure.ROOT / "tests" / "livy" / "original" / "start", options.original, str(port), "plain"]
    # Set by the clients that measure: with it the Python of Livy's sessions takes itself for a client too, and ends.
    env = {name: value for name, value in os.environ.items() if name != "SPARK_CONNECT_MODE_ENABLED"}
    env |= {"LIVY_REPL_JARS": options.repl_jars} if options.repl_jars else {}
    with tempfile.NamedTemporaryFile(prefix="livy-original-", suffix=".log") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
        try:
            wait_for(lambda: process.poll() is not None or servers._listens(port), 900, "Apache Livy")
            livy = Livy(f"127.0.0.1:{port}", seconds=300)
            wait_for(lambda: livy.get("/version").status == 200, 60, "Apache Livy")
            yield livy
            remove_all(livy)
        finally:
            process.terminate()
            process.wait(60)


def version(livy):
    return livy.get("/version").json.get("version") if livy else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="starts of pyspark, and twenty times as many of sql")
    parser.add_argument("--scala-rounds", type=int, default=5, help="starts of spark and sparkr")
    parser.add_argument("--statements", type=int, default=200)
    parser.add_argument("--idle", type=int, default=200)
    parser.add_argument("--own", type=int, default=3, help="sessions at once whose own memory is looked at")
    parser.add_argument("--sql-cycles", type=int, default=1000)
    parser.add_argument("--python-cycles", type=int, default=100)
    parser.add_argument("--kinds", default="sql,pyspark,spark,sparkr")
    parser.add_argument("--spark-home", help="a whole Spark for Scala")
    parser.add_argument("--livy", help="an Apache Livy that runs")
    parser.add_argument("--original", help="the folder in which tests/livy/original/start keeps what it needs")
    parser.add_argument("--repl-jars", help="the driver for it")
    parser.add_argument("--livy-rounds", type=int, default=3)
    parser.add_argument("--only", default="start,statements,idle,cycles")
    options = parser.parse_args()
    if options.spark_home:
        os.environ["HEARTH_INTERPRETER_SPARK_HOME"] = options.spark_home
    parts = options.only.split(",")
    if {"start", "statements"} & set(parts):
        with original(options) as other:
            peer = (f"Apache Livy {version(other)} on Spark 3.5, after Hearth; its driver may be a rebuilt one (tests/livy/original/README.md)"
                    if other else "no Apache Livy was given")
            if "start" in parts:
                save("livy-start", "Livy sessions: create to idle", starts(options, other), [
                    f"one kept-alive connection, the session read every {SESSION_POLL * 1000:.0f} ms; before each start the machine's part in it is "
                    "done (the last session gone, the pool warm again)",
                    "`first answer`: from POST of the session to the end of its first small statement: Livy starts its interpreters with the "
                    "first statement",
                    "cold: `interpreter.pool=0`, the first one also looks at the Python once; spark: the archive of classes is there", peer])
            if "statements" in parts:
                save("livy-statements", "Livy statements", statements(options, other), [
                    "`to completed`: from just before POST is sent (the client's clock) to the statement's own `completed` (the server's clock, "
                    "whole milliseconds, the same machine): half a millisecond short on average", "`started to completed`: both from the statement",
                    f"`to seen`: until a GET shows the end, one every {STATEMENT_POLL * 1000:.0f} ms: what a client cannot avoid is in it, and the "
                    "GETs share two cores with the work", peer])
    if "idle" in parts:
        save("livy-idle", "Idle Livy sessions", idle(options), [
            "server: its process alone, anonymous memory is what is its own, the rest are pages of the binary; interpreters: sums over all processes of a session",
            "PSS splits pages among the processes that share them, so it depends on how many sessions there are"])
    if "cycles" in parts:
        save("livy-cycles", "Livy sessions made and deleted", cycles(options), [
            f"every {BUSY_EVERY}th session ran a statement; a pyspark session leaves a program behind in a session of its own",
            "pyspark: two clients, two warm interpreters, which are there before and after", "processes: those with the interpreter's mark and this "
            "server's folder in their environment; folders: below interpreters/; files: all others below the data folder; an open keep-alive "
            "connection more or less is one descriptor"])


def save(name, title, rows, notes):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    load = f"load at the end {os.getloadavg()[0]:.2f} (over a minute)"
    measure.record(name, title, rows, [*notes, load], columns)


if __name__ == "__main__":
    main()
