#!/usr/bin/env python
"""TPC-H scale 10 under a small memory pool: each query finishes, or fails with the limit's name.

Whatever else happens to a query (another error, no end within --timeout, a server that died) is named in
the results and makes this program fail; the queries after it run on a new server. The files take 4 GB,
see `HEARTH_CACHE`; spill files go to the temporary folder, up to --spill-limit.
"""

import argparse
import concurrent.futures
import os
import sys
import threading
import time

import measure
from harness.connect import ask_sql, connect, error_text
from tpc import queries

# What a query over the limit must say.
LIMITS = {"HEARTH_MEMORY_LIMIT": "engine.memory", "HEARTH_SPILL_LIMIT": "engine.spill_limit"}
INTERRUPT_SECONDS = 30
FINISHED, LIMITED = "finished", "limit"


class Watch:
    """The largest resident memory and spill folder of a server, and what it writes, while a query runs."""

    def __init__(self, server):
        self.pid, self.folder = server.pid, os.path.join(server.data_dir, "spill")
        self.peak = self.spilled = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.ended.wait(0.05):
            try:
                self.peak = max(self.peak, measure.rss_mib(self.pid))
                self.spilled = max(self.spilled, measure.folder_mib(self.folder))
            except (OSError, StopIteration):
                return

    def __enter__(self):
        # The kernel's own high-water mark misses nothing between two looks.
        self.exact = measure.reset_peak(self.pid)
        self.before = measure.written_mib(self.pid)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def found(self):
        try:
            if self.exact:
                self.peak = max(self.peak, measure.peak_rss_mib(self.pid))
            written = measure.written_mib(self.pid) - self.before
        except (OSError, StopIteration):
            written = None
        return {"peak MiB": self.peak, "spill MiB": self.spilled, "written MiB": written}


class Peer:
    """A server with the tables in a session, replaced by a new one when it is lost."""

    def __init__(self, folder, env):
        self.folder, self.env, self.server = folder, env, None

    def ready(self):
        if self.server is None:
            self.server = measure.start_peer("hearth", env=self.env)
            self.session = connect(self.server, timezone=None)
            for table in queries.TABLES["tpch"]:
                self.session.read.parquet(str(self.folder / f"{table}.parquet")).createOrReplaceTempView(table)
        return self.server

    def lose(self):
        """Ends a server that answers no more. Its session is not closed: a client without a server retries for minutes."""
        if self.server.alive():
            self.server.kill()
        self.server.stop()
        self.server = None

    def stop(self):
        if self.server is not None:
            self.session.client.close()
            self.server.stop()


def run(peer, text, seconds, pool):
    """(outcome, what is to be said about it) of one query."""
    asked = pool.submit(lambda: ask_sql(peer.session, text).table.num_rows)
    try:
        return FINISHED, f"{asked.result(seconds)} rows"
    except concurrent.futures.TimeoutError:
        return interrupt(peer, asked, seconds, pool)
    except Exception as error:
        if not answers(peer):
            return "server died", peer.server.log_tail(3).strip()
        condition = getattr(error, "getCondition", lambda: None)()
        limit = (error.getMessageParameters() or {}).get("limit") if condition else None
        named = limit is not None and LIMITS.get(condition) == limit
        return (f"{LIMITED} {limit}" if named else "error"), error_text(error)


def interrupt(peer, asked, seconds, pool):
    """A query past its time must at least end when it is interrupted."""
    pool.submit(peer.session.interruptAll)
    try:
        asked.result(INTERRUPT_SECONDS)
    except concurrent.futures.TimeoutError:
        peer.server.kill()
        return "hang", f"no end after {seconds:g} s, nor {INTERRUPT_SECONDS} s after the interrupt"
    except Exception:
        pass
    return "too slow", f"interrupted after {seconds:g} s"


def answers(peer):
    """Whether the process lives on; an ending one gets the moment it takes."""
    time.sleep(0.5)
    return peer.server.alive()


def measure_all(peer, texts, seconds):
    rows = []
    with concurrent.futures.ThreadPoolExecutor(2 * len(texts)) as pool:
        for name, text in texts.items():
            with Watch(peer.ready()) as watch:
                began = time.perf_counter()
                outcome, said = run(peer, text, seconds, pool)
                rows.append({"query": name, "outcome": outcome, "seconds": time.perf_counter() - began, **watch.found(), "answer": said})
            print(rows[-1], file=sys.stderr, flush=True)
            if not peer.server.alive():
                peer.lose()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=10)
    parser.add_argument("--pool", default="4g", help="engine.memory of the server")
    parser.add_argument("--spill-limit", default="16g", help="engine.spill_limit of the server")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one query")
    parser.add_argument("--queries", default="", help="only these, such as q1,q18")
    options = parser.parse_args()
    texts = {name: text.strip().rstrip(";") for name, text in queries.load("tpch").items()}
    chosen = options.queries.split(",") if options.queries else list(texts)
    env = {"HEARTH_ENGINE_MEMORY": options.pool, "HEARTH_ENGINE_SPILL_LIMIT": options.spill_limit}
    peer = Peer(measure.tpch_files(options.scale), env)
    try:
        rows = measure_all(peer, {name: texts[name] for name in chosen}, options.timeout)
    finally:
        peer.stop()
    bad = report(rows, options)
    if bad:
        raise SystemExit(f"neither finished nor a named limit: {', '.join(bad)}")


def report(rows, options):
    """Records the run; returns the queries that ended as none may."""
    finished = [row["query"] for row in rows if row["outcome"] == FINISHED]
    limited = [row["query"] for row in rows if row["outcome"].startswith(LIMITED)]
    spilled = [row["query"] for row in rows if row["outcome"] == FINISHED and row["spill MiB"]]
    bad = [row["query"] for row in rows if row["query"] not in finished + limited]
    total = sum(row["seconds"] for row in rows if row["outcome"] == FINISHED)
    notes = [f"{len(finished)} of {len(rows)} finished, in {total:.0f} s together; by spilling: {', '.join(spilled) or 'none'}",
             f"failed with the limit's name: {', '.join(limited) or 'none'}; ended otherwise: {', '.join(bad) or 'none'}",
             "peak: resident memory of the one server that all queries ask in turn, what it keeps from those before included",
             "spill: the most that the spill folder held at one time; written: what the server wrote to disk in all",
             *(f"{row['query']}: {row['answer']}" for row in rows if row["outcome"] != FINISHED)]
    name = f"tpch{options.scale:g}" + ("" if options.pool == "4g" else f"-{options.pool}") + ("-some" if options.queries else "")
    columns = [column for column in rows[0] if column != "answer"]
    measure.record(name, f"TPC-H scale {options.scale:g} under a pool of {options.pool}", rows, notes, columns)
    return bad


if __name__ == "__main__":
    main()
